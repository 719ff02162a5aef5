package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"agentid/app/domain"
)

var cameraDeeds = map[string]deed{
	"cameras.test":   {by: helpers, about: domain.TargetCamera, do: testPicture},
	"cameras.set":    {by: admins, about: domain.TargetCamera, form: cameraForm, do: setCamera},
	"cameras.add":    {by: admins, about: domain.TargetCamera, form: addCameraForm, do: addCamera},
	"cameras.find":   {by: admins, about: domain.TargetCamera, do: findCameras},
	"cameras.use":    {by: admins, about: domain.TargetCamera, do: useCamera},
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
	restart := false
	for _, k := range list {
		l.plots = append(l.plots, ratePlots(k)...)
		restart = restart || k.AtRestart
	}
	l.table = &Table{
		Columns: []Column{column("camera", 5), column("state", 2), right(column("fps", 1.5)), column("size", 2), minor(column("last_error", 4))},
		Empty:   words("empty.cameras"),
		Do: []AdminButton{
			{ID: "cameras.find", Label: words("do.camera_find"), Icon: "search"}, {ID: "cameras.add", Label: words("do.camera_add"), Icon: "plus"},
		},
	}
	if restart {
		l.table.Do = append([]AdminButton{{ID: "system.restart", Label: words("do.restart"), Icon: "retry", Main: true}}, l.table.Do...)
	}
	l.next = paged(c, l.table, list, func(k CameraInfo) Row {
		return Row{ID: k.ID, Cells: []Cell{
			cellText(cameraLabel(k.Address)), cameraState(k), rateCell(k), cellText(sizeText(k)), cellText(k.Health.LastError),
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

// rateCell is empty where no pictures are expected.
func rateCell(k CameraInfo) Cell {
	if k.Found || k.AtRestart {
		return cellText("")
	}
	return Cell{Kind: CellNumber, Number: k.Health.FPS, Digits: 1}
}

func cameraState(k CameraInfo) Cell {
	h := k.Health
	c := cellKey("camera." + string(h.State))
	switch {
	case k.Found && k.Busy:
		return toned(cellKey("camera.busy"), ToneWarn)
	case k.Found:
		return toned(cellKey("camera.found"), ToneInfo)
	case k.AtRestart:
		return toned(cellKey("camera.at_restart"), ToneWarn)
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
	if len(k.Rate) < 2 || k.AtRestart {
		return nil
	}
	p := Plot{Kind: PlotLine, Title: words("plot.rate", "Camera", cameraLabel(k.Address)), Unit: words("unit.fps"), Series: []Series{{Label: words("col.fps"), Values: k.Rate, Tone: ToneInfo}}}
	for i := range k.Rate {
		ago := time.Duration(len(k.Rate)-1-i) * k.RateStep
		label := ""
		if ago%time.Minute == 0 {
			label = strconv.Itoa(-int(ago/time.Minute)) + " min"
		}
		p.Labels = append(p.Labels, label)
	}
	return []Plot{p}
}

func cameraDetail(k CameraInfo) *Detail {
	h := k.Health
	d := &Detail{ID: k.ID, Title: plain(k.Address), Fields: []DetailField{field("state", cameraState(k))}}
	switch {
	case k.Found:
		d.Do = []AdminButton{
			{ID: "cameras.use", Label: words("do.camera_use"), Icon: "check", Main: true}, {ID: "cameras.test", Label: words("do.test_picture"), Icon: "camera"},
		}
		return d
	case k.AtRestart:
		d.Do = []AdminButton{{ID: "system.restart", Label: words("do.restart"), Icon: "retry", Main: true}}
		return d
	case k.Demo:
		d.Fields = append(d.Fields, field("people", toned(cellKey("camera.demo"), ToneInfo)))
	}
	d.Fields = append(d.Fields, field("fps", rateCell(k)), field("size", cellText(sizeText(k))),
		field("frames", cellCount(int(h.Frames))), field("bad_frames", failedCell(int(h.BadFrames))), field("reconnects", cellCount(int(h.Reconnects))))
	if h.LastError != "" {
		d.Fields = append(d.Fields, field("last_error", toned(cellText(h.LastError), ToneWarn)))
	}
	d.Do = []AdminButton{{ID: "cameras.test", Label: words("do.test_picture"), Icon: "camera", Main: true}}
	if len(k.Sizes) > 0 {
		d.Fields = append(d.Fields, field("frame_size", sizeCell(k.Settings.FrameSize)), field("led", ledCell(k.Settings.LED)))
		d.Do = append(d.Do, AdminButton{ID: "cameras.set", Label: words("do.camera_set"), Icon: "edit"})
	}
	if k.Removable {
		d.Do = append(d.Do, AdminButton{ID: "cameras.remove", Label: words("do.camera_remove"), Icon: "trash", Grave: true})
	}
	return d
}

// sizeCell is the size that a camera is asked for.
func sizeCell(size string) Cell {
	if size == "" {
		return cellKey("led.unset")
	}
	return cellText(size)
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
	var trouble *CameraError
	switch {
	case errors.As(err, &trouble):
		return outcome{said: words("trouble." + string(trouble.Why)), tone: ToneWarn}, nil
	case errors.Is(err, ErrNoEye):
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
	if k.Settings.FrameSize == "" { // it is left as it is until one is chosen
		k.Sizes = append([]string{""}, k.Sizes...)
	}
	size := FormField{ID: "size", Label: words("col.frame_size"), Hint: words("hint.frame_size"), Kind: FieldChoice, Value: k.Settings.FrameSize}
	for _, s := range k.Sizes {
		size.Options = append(size.Options, Option{Value: s, Label: sizeCell(s).Words})
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
	if !slices.Contains(k.Sizes, c.values["size"]) && c.values["size"] != k.Settings.FrameSize {
		return outcome{}, fieldErrors{"size": words("problem.frame_size")}
	}
	var wrong *SettingError
	err = c.ports.Cameras.SetCamera(ctx, k.ID, CameraSettings{FrameSize: c.values["size"], LED: led})
	if errors.As(err, &wrong) {
		return outcome{}, fieldErrors{"size": plain(wrong.Text)}
	}
	out := said("said.camera_set")
	var trouble *CameraError
	switch {
	case errors.As(err, &trouble): // it is kept, and tried again as the camera comes back
		c.failed("camera not set", err)
		out = outcome{said: words("said.camera_not_set"), tone: ToneWarn}
	case errors.Is(err, ErrNoEye):
		out = outcome{said: words("said.camera_set_later"), tone: ToneWarn}
	case err != nil:
		return outcome{}, err
	}
	return out, c.note(ctx, domain.AuditCameraChanged, domain.TargetCamera, k.ID, "size", c.values["size"], "led", strconv.Itoa(led))
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
	var trouble *CameraError
	switch {
	case errors.As(err, &wrong):
		return outcome{}, fieldErrors{"address": plain(wrong.Text)}
	case errors.As(err, &trouble):
		c.failed("camera not taken", err)
		return outcome{}, hinted{fieldErrors{"address": words("problem.camera_" + string(trouble.Why))}, words("trouble." + string(trouble.Why))}
	}
	return c.cameraChanged(ctx, restart, err, "added")
}

// cameraLabel is enough of an address to tell a camera from others: of an
// ESP32-CAM where it is.
func cameraLabel(address string) string {
	return strings.TrimSuffix(strings.TrimPrefix(address, "http://"), ":81/stream")
}

// useCamera takes a camera that was found.
func useCamera(ctx context.Context, c call) (outcome, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return outcome{}, err
	}
	if !k.Found {
		return outcome{}, errNotHere
	}
	restart, err := c.ports.Cameras.Connect(ctx, k.ID)
	var trouble *CameraError
	if errors.As(err, &trouble) {
		return outcome{said: words("trouble." + string(trouble.Why)), tone: ToneWarn}, nil
	}
	return c.cameraChanged(ctx, restart, err, "added")
}

// findCameras looks for cameras on the kiosk's own networks. It is on record
// before anything is sent, and it can be stopped.
func findCameras(ctx context.Context, c call) (outcome, error) {
	if c.ports.Cameras == nil {
		return outcome{}, errNotHere
	}
	if err := c.note(ctx, domain.AuditSearched, domain.TargetCamera, ""); err != nil {
		return outcome{}, err
	}
	ctx, stop := c.stoppable(ctx)
	defer stop()
	searched, found, err := c.ports.Cameras.Find(ctx, func(done, total int) {
		if done%findStep == 0 || done == total {
			c.tell(words("busy.find", "Done", strconv.Itoa(done), "Total", strconv.Itoa(total)))
		}
	})
	switch {
	case errors.Is(err, context.Canceled):
		return outcome{said: words("said.find_stopped"), tone: ToneWarn}, nil
	case err != nil:
		return outcome{}, err
	case searched == 0:
		return outcome{said: words("said.find_no_network"), tone: ToneWarn}, nil
	case found == 0:
		return outcome{said: words("said.find_none", "Count", strconv.Itoa(searched)), tone: ToneWarn}, nil
	}
	return said("said.found", "Count", strconv.Itoa(found)), nil
}

// findStep is after how many addresses the screen is told how far a search is.
const findStep = 8

func (c call) cameraChanged(ctx context.Context, restart bool, err error, how string) (outcome, error) {
	if err != nil {
		return outcome{}, err
	}
	if err := c.note(ctx, domain.AuditCameraChanged, domain.TargetCamera, c.row, "how", how); err != nil {
		return outcome{}, err
	}
	out := said("said.camera_" + how)
	if restart {
		out.said, out.tone = words("said.camera_restart"), ToneWarn
	}
	out.leave = true
	return out, nil
}

func removeCameraSure(ctx context.Context, c call) (*Confirm, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return nil, err
	}
	return &Confirm{Title: words("sure.camera_remove", "Camera", cameraLabel(k.Address)), Text: words("sure.camera_remove_text"), Yes: words("do.camera_remove")}, nil
}

func removeCamera(ctx context.Context, c call) (outcome, error) {
	k, err := c.camera(ctx)
	if err != nil {
		return outcome{}, err
	}
	restart, err := c.ports.Cameras.Remove(ctx, k.ID)
	return c.cameraChanged(ctx, restart, err, "removed")
}
