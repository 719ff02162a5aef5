package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"agentid/app/domain"
)

var cameraDeeds = map[string]deed{
	"cameras.test":   {by: helpers, about: domain.TargetCamera, do: testPicture},
	"cameras.set":    {by: admins, about: domain.TargetCamera, form: cameraForm, do: setCamera},
	"cameras.add":    {by: admins, about: domain.TargetCamera, form: addCameraForm, do: addCamera},
	"cameras.remove": {by: admins, about: domain.TargetCamera, sure: removeCameraSure, do: removeCamera},
}

// showCameras shows how the cameras are, and one of them.
func showCameras(ctx context.Context, c call) (leaf, error) {
	if c.ports.Cameras == nil {
		return leaf{}, errNotHere
	}
	list, err := c.ports.Cameras.Cameras(ctx)
	if err != nil {
		return leaf{}, err
	}
	if c.at.row != "" {
		for _, k := range list {
			if k.ID == c.at.row {
				return leaf{detail: cameraDetail(k), plots: ratePlots(k)}, nil
			}
		}
		return leaf{}, domain.ErrNotFound
	}
	l := leaf{}
	for _, k := range list {
		l.plots = append(l.plots, ratePlots(k)...)
	}
	l.table = &Table{
		Columns: []Column{column("camera", 5), column("state", 2), right(column("fps", 1.5)), column("size", 2), minor(column("last_error", 4))},
		Empty:   words("empty.cameras"),
		Do:      []AdminButton{{ID: "cameras.add", Label: words("do.camera_add"), Icon: "plus"}},
	}
	l.next = paged(c, l.table, list, func(k CameraInfo) Row {
		return Row{ID: k.ID, Cells: []Cell{
			cellText(k.Address), cameraState(k.Health), {Kind: CellNumber, Number: k.Health.FPS, Digits: 1}, cellText(sizeText(k)), cellText(k.Health.LastError),
		}}
	})
	return l, nil
}

func sizeText(k CameraInfo) string {
	if k.Health.Size.X == 0 {
		return ""
	}
	return fmt.Sprintf("%d × %d", k.Health.Size.X, k.Health.Size.Y)
}

func cameraState(h domain.CameraHealth) Cell {
	c := cellKey("camera." + string(h.State))
	switch {
	case h.State == domain.CameraLive && h.Age > CameraStale:
		return toned(cellKey("camera.stalled"), ToneStop)
	case h.State == domain.CameraLive:
		c.Tone = ToneOK
	case h.State == domain.CameraLost:
		c.Tone = ToneStop
	default:
		c.Tone = ToneWarn
	}
	return c
}

// ratePlots are the frames a second of the last minutes.
func ratePlots(k CameraInfo) []Plot {
	if len(k.Rate) < 2 {
		return nil
	}
	p := Plot{Kind: PlotLine, Title: words("plot.rate", "Camera", k.Address), Unit: words("unit.fps"), Series: []Series{{Label: words("col.fps"), Values: k.Rate, Tone: ToneInfo}}}
	for i := range k.Rate {
		ago := time.Duration(len(k.Rate)-1-i) * k.RateStep
		label := ""
		if ago%time.Minute == 0 {
			label = "-" + strconv.Itoa(int(ago/time.Minute)) + " min"
		}
		p.Labels = append(p.Labels, label)
	}
	return []Plot{p}
}

func cameraDetail(k CameraInfo) *Detail {
	h := k.Health
	d := &Detail{ID: k.ID, Title: plain(k.Address), Fields: []DetailField{
		field("state", cameraState(h)), field("fps", Cell{Kind: CellNumber, Number: h.FPS, Digits: 1}), field("size", cellText(sizeText(k))),
		field("frames", cellCount(int(h.Frames))), field("bad_frames", failedCell(int(h.BadFrames))), field("reconnects", cellCount(int(h.Reconnects))),
	}}
	if h.LastError != "" {
		d.Fields = append(d.Fields, field("last_error", toned(cellText(h.LastError), ToneWarn)))
	}
	d.Do = []AdminButton{{ID: "cameras.test", Label: words("do.test_picture"), Icon: "camera", Main: true}}
	if len(k.Sizes) > 0 {
		d.Fields = append(d.Fields, field("frame_size", cellText(k.Settings.FrameSize)), field("led", ledCell(k.Settings.LED)))
		d.Do = append(d.Do, AdminButton{ID: "cameras.set", Label: words("do.camera_set"), Icon: "edit"})
	}
	if k.Removable {
		d.Do = append(d.Do, AdminButton{ID: "cameras.remove", Label: words("do.camera_remove"), Icon: "trash", Grave: true})
	}
	return d
}

func ledCell(level int) Cell {
	if level < 0 {
		return cellKey("led.unset")
	}
	return cellCount(level)
}

// camera is the one that a deed is about.
func (c call) camera(ctx context.Context) (CameraInfo, error) {
	if c.ports.Cameras == nil {
		return CameraInfo{}, errNotHere
	}
	list, err := c.ports.Cameras.Cameras(ctx)
	if err != nil {
		return CameraInfo{}, err
	}
	i := slices.IndexFunc(list, func(k CameraInfo) bool { return k.ID == c.row })
	if i < 0 {
		return CameraInfo{}, domain.ErrNotFound
	}
	return list[i], nil
}

// testPicture shows what the camera sees. It is a picture of whoever stands
// there, so that it was asked for is on record.
func testPicture(ctx context.Context, c call) (outcome, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := c.note(ctx, domain.AuditViewed, domain.TargetCamera, k.ID); err != nil {
		return outcome{}, err
	}
	picture, err := c.ports.Cameras.TestPicture(ctx, k.ID)
	if errors.Is(err, ErrNoEye) {
		return outcome{said: words("said.no_picture"), tone: ToneWarn}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	d := cameraDetail(k)
	d.Picture = picture
	return outcome{detail: d, said: words("said.test_picture")}, nil
}

func cameraForm(ctx context.Context, c call) (*Form, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return nil, err
	}
	if len(k.Sizes) == 0 {
		return nil, errNotHere
	}
	size := FormField{ID: "size", Label: words("col.frame_size"), Hint: words("hint.frame_size"), Kind: FieldChoice, Value: k.Settings.FrameSize}
	for _, s := range k.Sizes {
		size.Options = append(size.Options, Option{Value: s, Label: plain(s)})
	}
	return &Form{Title: words("form.camera_set"), Submit: words("do.save"), Fields: []FormField{
		size, {ID: "led", Label: words("col.led"), Hint: words("hint.led"), Kind: FieldNumber, Value: strconv.Itoa(k.Settings.LED), Max: 4},
	}}, nil
}

func setCamera(ctx context.Context, c call) (outcome, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return outcome{}, err
	}
	led, err := strconv.Atoi(c.values["led"])
	if err != nil || led < -1 || led > 255 {
		return outcome{}, fieldErrors{"led": words("problem.led")}
	}
	if !slices.Contains(k.Sizes, c.values["size"]) {
		return outcome{}, fieldErrors{"size": words("problem.frame_size")}
	}
	var wrong *SettingError
	err = c.ports.Cameras.SetCamera(ctx, k.ID, CameraSettings{FrameSize: c.values["size"], LED: led})
	if errors.As(err, &wrong) {
		return outcome{}, fieldErrors{"size": plain(wrong.Text)}
	}
	if err != nil {
		return outcome{}, err
	}
	return said("said.camera_set"), c.note(ctx, domain.AuditCameraChanged, domain.TargetCamera, k.ID, "size", c.values["size"], "led", strconv.Itoa(led))
}

func addCameraForm(_ context.Context, c call) (*Form, error) {
	if c.ports.Cameras == nil {
		return nil, errNotHere
	}
	return &Form{Title: words("form.camera_add"), Submit: words("do.camera_add"), Fields: []FormField{
		{ID: "address", Label: words("col.address"), Hint: words("hint.address"), Kind: FieldText, Max: 200},
	}}, nil
}

// addCamera takes a camera by its address, which is not on record: there may be
// a password in it.
func addCamera(ctx context.Context, c call) (outcome, error) {
	if c.ports.Cameras == nil {
		return outcome{}, errNotHere
	}
	if c.values["address"] == "" {
		return outcome{}, fieldErrors{"address": words("problem.address")}
	}
	restart, err := c.ports.Cameras.Connect(ctx, c.values["address"])
	var wrong *SettingError
	if errors.As(err, &wrong) {
		return outcome{}, fieldErrors{"address": plain(wrong.Text)}
	}
	return c.cameraChanged(ctx, restart, err, "added")
}

func (c call) cameraChanged(ctx context.Context, restart bool, err error, how string) (outcome, error) {
	if err != nil {
		return outcome{}, err
	}
	if err := c.note(ctx, domain.AuditCameraChanged, domain.TargetCamera, c.row, "how", how); err != nil {
		return outcome{}, err
	}
	out := said("said.camera_" + how)
	if restart {
		out.said, out.tone = words("said.set_restart"), ToneWarn
	}
	out.leave = true
	return out, nil
}

func removeCameraSure(ctx context.Context, c call) (*Confirm, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.camera_remove", "Camera", k.Address), Text: words("sure.camera_remove_text"), Yes: words("do.camera_remove")}, nil
}

func removeCamera(ctx context.Context, c call) (outcome, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return outcome{}, err
	}
	restart, err := c.ports.Cameras.Remove(ctx, k.ID)
	return c.cameraChanged(ctx, restart, err, "removed")
}
