package ui

import (
	"fmt"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

const shownCamera = "http://192.168.4.1:81/stream"

// cameraDesk is the page of cameras with rows.
func (b branch) cameraDesk(rows ...kiosk.Row) kiosk.Admin {
	a := b.base(kiosk.PageCameras)
	a.Table = &kiosk.Table{
		Columns: []kiosk.Column{colKey("camera", 5), colKey("state", 2), right(colKey("fps", 1.5)), colKey("size", 2), minor(colKey("last_error", 4))},
		Rows:    rows, From: min(1, len(rows)), To: len(rows), Total: len(rows), Empty: key("empty.cameras"),
		Do: []kiosk.AdminButton{doKey("cameras.find", "camera_find", "search"), doKey("cameras.add", "camera_add", "plus")},
	}
	return a
}

func liveCamera() kiosk.Row {
	return kiosk.Row{ID: "1", Cells: []kiosk.Cell{text("192.168.4.1"), said("camera.live", kiosk.ToneOK), num(11.7, 1), text("800 × 600"), text("")}}
}

func foundCamera(last int, busy bool) kiosk.Row {
	state := said("camera.found", kiosk.ToneInfo)
	if busy {
		state = said("camera.busy", kiosk.ToneWarn)
	}
	address := fmt.Sprintf("http://192.168.4.%d:81/stream", last)
	return kiosk.Row{ID: address, Cells: []kiosk.Cell{text(fmt.Sprintf("192.168.4.%d", last)), state, text(""), text(""), text("")}}
}

func (b branch) camerasFound() kiosk.Admin {
	a := b.cameraDesk(liveCamera(), foundCamera(23, false), foundCamera(57, true))
	a.Plots = []kiosk.Plot{{Kind: kiosk.PlotLine, Title: key("plot.rate", "Camera", "192.168.4.1"), Unit: key("unit.fps"), Labels: make([]string, 12),
		Series: []kiosk.Series{{Label: key("col.fps"), Values: []float64{11, 12, 12, 11.5, 3, 0, 9, 12, 12, 11.8, 12, 11.7}, Tone: kiosk.ToneInfo}}}}
	a.Notice, a.Tone = key("said.found", "Count", "2"), kiosk.ToneOK
	return a
}

func (b branch) camerasFinding() kiosk.Admin {
	a := b.cameraDesk(liveCamera())
	a.Busy, a.Notice, a.Tone, a.Stop = true, key("busy.find", "Done", "112", "Total", "254"), kiosk.ToneInfo, key("do.stop")
	return a
}

func (b branch) cameraFound() kiosk.Admin {
	a := b.camerasFound()
	a.Notice, a.Table.Rows[1].Mark = kiosk.Words{}, true
	a.Detail = &kiosk.Detail{ID: a.Table.Rows[1].ID, Title: plainWords(a.Table.Rows[1].ID), Fields: []kiosk.DetailField{fieldKey("state", a.Table.Rows[1].Cells[1])},
		Do: []kiosk.AdminButton{primary(doKey("cameras.use", "camera_use", "check")), doKey("cameras.test", "test_picture", "camera")}}
	return a
}

func (b branch) cameraTested() kiosk.Admin {
	a := b.cameraDesk(liveCamera())
	a.Detail = &kiosk.Detail{ID: "1", Title: plainWords(shownCamera), Picture: theLobby(), Fields: []kiosk.DetailField{
		fieldKey("state", said("camera.live", kiosk.ToneOK)), fieldKey("fps", num(11.7, 1)), fieldKey("size", text("800 × 600")), fieldKey("frames", num(48213, 0)),
		fieldKey("bad_frames", num(3, 0)), fieldKey("reconnects", num(1, 0)), fieldKey("frame_size", text("svga")), fieldKey("led", num(128, 0)),
	}, Do: []kiosk.AdminButton{primary(doKey("cameras.test", "test_picture", "camera")), doKey("cameras.set", "camera_set", "edit"), grave(doKey("cameras.remove", "camera_remove", "trash"))}}
	a.Notice, a.Tone = key("said.test_picture"), kiosk.ToneOK
	return a
}

func (b branch) cameraForm(trouble string) kiosk.Admin {
	a := b.cameraDesk(liveCamera())
	a.Form = &kiosk.Form{ID: "cameras.add", Title: key("form.camera_add"), Submit: key("do.camera_add"), Fields: []kiosk.FormField{
		{ID: "address", Label: key("col.address"), Hint: key("hint.address"), Kind: kiosk.FieldText, Max: 200, Value: "192.168.4.77", Problem: key("problem.camera_" + trouble)},
	}}
	a.Notice, a.Tone = key("trouble."+trouble), kiosk.ToneWarn
	return a
}

func (b branch) cameraRemoved() kiosk.Admin {
	a := b.cameraDesk(liveCamera())
	a.Confirm = &kiosk.Confirm{Do: "cameras.remove", Title: key("sure.camera_remove", "Camera", "192.168.4.1"), Text: key("sure.camera_remove_text"), Yes: key("do.camera_remove")}
	return a
}

func (b branch) demoLeft() kiosk.Admin {
	a := b.cameraDesk(kiosk.Row{ID: "1", Cells: []kiosk.Cell{text("192.168.4.1"), said("camera.at_restart", kiosk.ToneWarn), text(""), text(""), text("")}})
	a.Table.Do = append([]kiosk.AdminButton{primary(doKey("system.restart", "restart", "retry"))}, a.Table.Do...)
	a.Notice, a.Tone = key("said.camera_restart"), kiosk.ToneWarn
	return a
}

func (b branch) syncHeld() kiosk.Admin {
	a := b.base(kiosk.PageSync)
	for _, f := range []struct {
		key string
		c   kiosk.Cell
	}{
		{"sync", said("sync_state.held", kiosk.ToneWarn)}, {"pending", num(12, 0)}, {"pictures", num(2, 0)}, {"oldest", ago(47)}, {"last_success", ago(49)}, {"dead", num(0, 0)},
	} {
		a.Figures = append(a.Figures, kiosk.Figure{Label: key("figure." + f.key), Value: f.c})
	}
	a.Table = &kiosk.Table{
		Columns: []kiosk.Column{colKey("dead", 3), colKey("target", 3), colKey("since", 3), right(minor(colKey("attempts", 2))), colKey("why", 6)},
		Empty:   key("empty.dead"), Do: []kiosk.AdminButton{doKey("sync.offline", "online", "retry")},
	}
	a.Notice, a.Tone = key("said.offline"), kiosk.ToneWarn
	return a
}

// systemDesk is the page of the system at one of its views.
func (b branch) systemDesk(view string) kiosk.Admin {
	a := b.base(kiosk.PageSystem)
	views := kiosk.Choice{ID: "view", Label: key("filter.view"), Value: view}
	for _, v := range []string{"checks", "log", "settings", "about"} {
		views.Options = append(views.Options, kiosk.Option{Value: v, Label: key("filter_view." + v)})
	}
	a.Table = &kiosk.Table{Filters: []kiosk.Choice{views}, Total: -1}
	return a
}

func (b branch) log() kiosk.Admin {
	a := b.systemDesk("log")
	a.Figures = []kiosk.Figure{{Label: key("figure.log"), Value: said("log.memory", "", "Count", "1000")}, {Label: key("figure.started"), Value: ago(4213)}}
	levels := kiosk.Choice{ID: "level", Label: key("filter.level"), Options: []kiosk.Option{
		{Value: "", Label: key("filter_level.all")}, {Value: "warn", Label: key("filter_level.warn")}, {Value: "error", Label: key("filter_level.error")},
	}}
	t := a.Table
	t.Filters = append(t.Filters, levels)
	t.Columns = []kiosk.Column{colKey("at", 3), colKey("level", 2), colKey("message", 5), minor(colKey("detail", 6))}
	for i, l := range []struct {
		level          string
		tone           kiosk.Tone
		message, attrs string
	}{
		{"info", "", "camera live", "reconnects=1"}, {"warn", kiosk.ToneWarn, "camera failed", "error=camera stream: no picture in time: 5s try=1 wait=1.07s"},
		{"info", "", "state", "from=greeting to=attract"}, {"info", "", "state", "from=attract to=greeting"}, {"error", kiosk.ToneStop, "event not recorded", "error=database or disk is full"},
		{"info", "", "gallery", "people=12 templates=36 encoder=builtin/1"}, {"info", "", "centre", "state=online"}, {"debug", "", "library", "text=GLFW 3.3"},
	} {
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint(1200 - i), Cells: []kiosk.Cell{at(3 * i), said("level."+l.level, l.tone), text(l.message), text(l.attrs)}})
	}
	t.Rows = append(t.Rows, kiosk.Row{ID: "1100", Cells: []kiosk.Cell{text(""), text(""), said("log.foreign", ""), text("")}})
	t.From, t.To, t.Next = 1, len(t.Rows), true
	return a
}

func (b branch) logLine() kiosk.Admin {
	a := b.log()
	a.Figures, a.Table = nil, nil
	a.Detail = &kiosk.Detail{ID: "1199", Title: plainWords("camera failed"), Fields: []kiosk.DetailField{
		fieldKey("level", said("level.warn", kiosk.ToneWarn)), fieldKey("at", at(3)), {Label: plainWords("error"), Value: text("camera stream: no picture in time: 5s")},
		{Label: plainWords("try"), Value: text("1")}, {Label: plainWords("wait"), Value: text("1.07s")},
	}}
	return a
}

func (b branch) about() kiosk.Admin {
	a := b.systemDesk("about")
	a.Figures = []kiosk.Figure{{Label: key("figure.version"), Value: text("v1.4.0")}, {Label: key("figure.started"), Value: ago(4213)}}
	a.Table.Columns = []kiosk.Column{colKey("what", 3), colKey("value", 9)}
	for _, x := range []struct {
		key string
		c   kiosk.Cell
	}{
		{"version", text("v1.4.0")}, {"device", text("7f64fdcc-4c75-4b0b-92f6-d40ca8034c5d")}, {"go", text("go1.26.1")}, {"opencv", text("4.6.0")}, {"dlib", text("19.24.0")},
		{"sqlite", text("3.53.4")}, {"detector", text("yunet")}, {"encoder", text("mobilefacenet/1")}, {"data", text("/home/kiosk/.local/share/agentid")},
		{"database", kiosk.Cell{Kind: kiosk.CellBytes, Number: 41e6}}, {"snapshots", kiosk.Cell{Kind: kiosk.CellBytes, Number: 380e6}},
		{"network", text("192.168.4.20")}, {"centre", text("https://central.example.org")}, {"centre_state", said("sync_state.online", "")},
	} {
		a.Table.Rows = append(a.Table.Rows, kiosk.Row{Cells: []kiosk.Cell{said("about."+x.key, ""), x.c}})
	}
	a.Table.From, a.Table.To, a.Table.Total = 1, len(a.Table.Rows), len(a.Table.Rows)
	a.Table.Do = []kiosk.AdminButton{doKey("system.restart", "restart", "retry"), grave(doKey("system.exit", "exit", "cross"))}
	return a
}

// deskViews are the pages of cameras, sync and system in what staff do there.
func deskViews(lang domain.Lang) (out []state) {
	b := branch{lang}
	for _, v := range []struct {
		name string
		a    kiosk.Admin
	}{
		{"cameras-none", b.cameraDesk()}, {"cameras-finding", b.camerasFinding()}, {"cameras-found", b.camerasFound()}, {"camera-found", b.cameraFound()},
		{"camera-tested", b.cameraTested()}, {"camera-silent", b.cameraForm("silent")}, {"camera-password", b.cameraForm("password")}, {"camera-remove", b.cameraRemoved()},
		{"camera-restart", b.demoLeft()}, {"sync-held", b.syncHeld()}, {"log", b.log()}, {"log-line", b.logLine()}, {"about", b.about()},
	} {
		out = append(out, state{"admin-" + v.name, kiosk.View{State: kiosk.StateAdmin, Admin: &v.a, Lang: lang, Since: start.Add(-time.Minute),
			Site:   kiosk.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"},
			Status: kiosk.Status{Network: kiosk.NetworkOffline, Held: v.name == "sync-held", Pending: 12}}, nil, true, nil})
	}
	return out
}
