package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui"
	"agentid/vision"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
)

// plain is a camera before a wall of one colour.
type plain color.RGBA

// Draw implements device.Drawer.
func (p plain) Draw(dst *image.RGBA, _ time.Duration) {
	draw.Draw(dst, dst.Rect, image.NewUniform(color.RGBA(p)), image.Point{}, draw.Src)
}

var (
	red  = plain{200, 30, 30, 255}
	blue = plain{30, 30, 200, 255}
)

// shows tells whether a picture is of that wall.
func (p plain) shows(img *image.RGBA) bool {
	c := img.RGBAAt(img.Rect.Dx()/2, img.Rect.Dy()/2)
	return (c.R > c.B) == (p.R > p.B)
}

// row is cameras at 127.0.0.2, .3, ..., all on the same two ports.
type row struct {
	control, stream uint16
	cams            []*device.Device
}

func newRow(t *testing.T, walls ...plain) *row {
	t.Helper()
	r := &row{}
	for i, w := range walls {
		o := device.Options{
			Content: device.Drawn(w), FPS: 12,
			Stream: fmt.Sprintf("127.0.0.%d:%d", i+2, r.stream), Control: fmt.Sprintf("127.0.0.%d:%d", i+2, r.control),
		}
		cam, err := device.Start(t.Context(), o)
		must(t, err)
		t.Cleanup(func() { cam.Close() })
		r.cams = append(r.cams, cam)
		if i == 0 {
			r.stream = netip.MustParseAddrPort(hostOf(config.Address(cam.StreamURL()))).Port()
			r.control = netip.MustParseAddrPort(hostOf(config.Address(cam.ControlURL()))).Port()
		}
	}
	return r
}

// lan has the kiosk look at this row alone.
func (r *row) lan(from, to int) lan {
	return lan{control: r.control, stream: r.stream, addrs: func() (out []netip.Addr, err error) {
		for n := from; n <= to; n++ {
			out = append(out, netip.AddrFrom4([4]byte{127, 0, 0, byte(n)}))
		}
		return out, nil
	}}
}

// ownHome gives the test folders of its own, and none of the settings of others.
func ownHome(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "AGENTID_") {
			t.Setenv(k, "")
			os.Unsetenv(k)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CACHE_HOME", sharedCache(t))
}

// startKiosk runs a whole kiosk but for its window, as it is configured on disk,
// until stop.
func startKiosk(t *testing.T, near lan) (k *adminKiosk, stop func()) {
	t.Helper()
	c := newCLI(io.Discard, t.Output())
	root := rootCommand(c)
	root.SetArgs([]string{"events", "--limit", "1"})
	must(t, root.ExecuteContext(t.Context()))
	c.window = func(ui.Options) screen { return blankScreen{} }
	p, err := newProgram(t.Context(), c)
	must(t, err)
	p.near = near
	k = &adminKiosk{program: p, t: t, pins: map[string]string{"clara": "493817"}, bad: map[string]bool{}}
	k.texts, err = assets.LoadTexts()
	must(t, err)
	if list, err := p.store.Staff(t.Context()); err == nil && len(list) == 0 {
		who := domain.Staff{ID: domain.StaffID(newID()), Login: "clara", Name: "Clara Paz", Role: domain.RoleAdmin, CreatedAt: time.Now()}
		must(t, p.store.AddStaff(t.Context(), who, k.pins["clara"]))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		must(t, c.Close())
	}
	t.Cleanup(stop)
	eventually(t, "the kiosk has started", func() bool { return p.machine.View().State != kiosk.StateStarting })
	return k, stop
}

func writeConfig(t *testing.T, text string) {
	t.Helper()
	file := config.UserFile(config.Sources{})
	must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, []byte(text), 0o600))
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	end := time.Now().Add(e2ePatience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, e2ePatience)
		}
		<-tick.C
	}
}

func (k *adminKiosk) live() bool {
	h := k.health.Load()
	return h != nil && h.State == domain.CameraLive && h.FPS > 2
}

// sees holds the camera in use to be that one: its picture, and its frames.
func (k *adminKiosk) sees(wall plain, cam *device.Device) *image.RGBA {
	k.t.Helper()
	eventually(k.t, "pictures come", k.live)
	k.do(kiosk.AdminGo{Page: kiosk.PageCameras})
	v := k.do(kiosk.AdminOpenRow{ID: theCamera})
	if v.Detail == nil || v.Detail.Fields[0].Value.Words.Key != "camera.live" {
		k.t.Fatalf("the camera is not shown live: %+v", v.Detail)
	}
	v = k.do(kiosk.AdminDo{ID: "cameras.test", Row: theCamera})
	if v.Detail == nil || v.Detail.Picture == nil || !wall.shows(v.Detail.Picture) {
		k.t.Fatalf("the test picture is of another camera: %+v", v.Notice)
	}
	if cam.Clients() != 1 {
		k.t.Errorf("%d clients of the camera in use", cam.Clients())
	}
	return v.Detail.Picture
}

// TestCamerasAreChangedWhileTheKioskRuns takes a running kiosk from a camera to
// another one, sets that, takes it away, restarts, and brings the first one back.
func TestCamerasAreChangedWhileTheKioskRuns(t *testing.T) {
	ownHome(t)
	r := newRow(t, red, blue)
	writeConfig(t, fmt.Sprintf("[camera]\nurl = %q\ncontrol_url = %q\n[telemetry]\naddr = \"\"\n", r.cams[0].StreamURL(), r.cams[0].ControlURL()))
	k, stop := startKiosk(t, r.lan(2, 12))
	eventually(t, "engine", k.ready.Load)
	engine := k.engine.Load()
	k.enter("clara")
	k.sees(red, r.cams[0])

	// The other one is found and taken; the one in use is not listed twice.
	k.do(kiosk.AdminGo{Page: kiosk.PageCameras})
	v := k.do(kiosk.AdminDo{ID: "cameras.find"})
	if v.Notice.Key != "said.found" || len(v.Table.Rows) != 2 || v.Table.Rows[1].ID != r.cams[1].StreamURL() {
		t.Fatalf("found: %+v, %+v", v.Notice, v.Table.Rows)
	}
	found := v.Table.Rows[1].ID
	k.do(kiosk.AdminOpenRow{ID: found})
	if v = k.do(kiosk.AdminDo{ID: "cameras.test", Row: found}); v.Detail == nil || v.Detail.Picture == nil || !blue.shows(v.Detail.Picture) {
		t.Fatalf("what it would see: %+v", v.Notice)
	}
	if v = k.do(kiosk.AdminDo{ID: "cameras.use", Row: found}); v.Notice.Key != "said.camera_added" || len(v.Table.Rows) != 1 {
		t.Fatalf("taken: %+v, %+v", v.Notice, v.Table)
	}
	k.sees(blue, r.cams[1])
	eventually(t, "the first camera is let go", func() bool { return r.cams[0].Clients() == 0 })
	if k.engine.Load() != engine {
		t.Error("the engine was opened anew for a camera")
	}

	// Its settings reach it, and its picture changes, without a new connection.
	connections := k.health.Load().Reconnects
	k.do(kiosk.AdminDo{ID: "cameras.set", Row: theCamera})
	if v = k.do(kiosk.AdminSubmit{Form: "cameras.set", Values: map[string]string{"size": "svga", "led": "128"}}); v.Notice.Key != "said.camera_set" {
		t.Fatalf("%+v, %+v", v.Notice, v.Form)
	}
	s, err := mjpeg.NewControl(mjpeg.ControlOptions{URL: r.cams[1].ControlURL()}).Status(t.Context())
	if err != nil || s.LED != 128 {
		t.Errorf("light %d, %v", s.LED, err)
	}
	if size := k.sees(blue, r.cams[1]).Rect.Size(); size != image.Pt(800, 600) {
		t.Errorf("pictures of %v after svga was set", size)
	}
	if n := k.health.Load().Reconnects; n != connections {
		t.Errorf("%d reconnects for a setting", n-connections)
	}
	// A board that restarts has forgotten them, and is told again.
	must(t, r.cams[1].SetFault(device.Restart, 1))
	eventually(t, "the camera is told its settings again", func() bool {
		s, err := mjpeg.NewControl(mjpeg.ControlOptions{URL: r.cams[1].ControlURL()}).Status(t.Context())
		return err == nil && s.LED == 128 && k.live()
	})
	eventually(t, "a plot", func() bool {
		v := k.do(kiosk.AdminGo{Page: kiosk.PageCameras})
		return len(v.Plots) == 1 && len(v.Plots[0].Series[0].Values) >= 2
	})

	// Taken away, the kiosk works on without, and is no demo; after a restart as well.
	k.do(kiosk.AdminOpenRow{ID: theCamera})
	if v = k.do(kiosk.AdminDo{ID: "cameras.remove", Row: theCamera}); v.Confirm == nil {
		t.Fatalf("not asked: %+v", v.Notice)
	}
	if v = k.do(kiosk.AdminConfirm{Yes: true}); v.Notice.Key != "said.camera_removed" {
		t.Fatalf("%+v", v.Notice)
	}
	without := func() {
		t.Helper()
		eventually(t, "no camera", func() bool { return k.machine.View().Status.Camera == domain.CameraNone })
		eventually(t, "engine", k.ready.Load)
		if err := k.cameraCheck(t.Context()); err != nil {
			t.Errorf("a kiosk without a camera is called ill: %v", err)
		}
		k.do(kiosk.AdminLeave{})
		if v := k.machine.View(); v.State != kiosk.StateCameraLost || v.Status.Demo {
			t.Fatalf("without a camera: %+v", v)
		}
		k.machine.Choose(kiosk.FeatureValidate)
		if v := k.machine.View(); v.Validate == nil || !v.Validate.NoCamera {
			t.Fatalf("codes are awaited from no camera: %+v", v.Validate)
		}
		k.machine.Do(kiosk.Cancel{})
		k.enter("clara")
		if v := k.do(kiosk.AdminGo{Page: kiosk.PageCameras}); len(v.Table.Rows) != 0 || v.Table.Empty.Key != "empty.cameras" {
			t.Fatalf("cameras: %+v", v.Table)
		}
	}
	eventually(t, "the second camera is let go", func() bool { return r.cams[1].Clients() == 0 })
	without()
	stop()
	k, stop = startKiosk(t, r.lan(2, 12))
	without()

	// And back, by the address alone; the control port is where a real board's is.
	k.do(kiosk.AdminDo{ID: "cameras.add"})
	if v = k.do(kiosk.AdminSubmit{Form: "cameras.add", Values: map[string]string{"address": strings.TrimPrefix(r.cams[0].StreamURL(), "http://")}}); v.Notice.Key != "said.camera_added" {
		t.Fatalf("%+v, %+v", v.Notice, v.Form)
	}
	k.sees(red, r.cams[0])
	k.do(kiosk.AdminLeave{})
	if v := k.machine.View(); v.State != kiosk.StateAttract {
		t.Errorf("the screen still says %s", v.State)
	}

	// Nothing of that was a camera that failed, but the restart of the board.
	list, err := k.store.Recent(t.Context(), 0, 100)
	must(t, err)
	count := map[domain.Reason]int{}
	for _, e := range list {
		count[e.Reason]++
	}
	if count[domain.ReasonCameraLost] != count[domain.ReasonCameraReturned] || count[domain.ReasonCameraLost] > 2 {
		t.Errorf("events %v", count)
	}
	for action, n := range map[domain.AuditAction]int{domain.AuditCameraChanged: 4, domain.AuditSearched: 1} {
		list, err := k.store.Audit(t.Context(), domain.AuditFilter{Action: action}, 0, 10)
		if err != nil || len(list) != n || list[0].Role != domain.RoleAdmin {
			t.Errorf("%s: %+v, %v", action, list, err)
		}
	}
	stop()
}

// What cannot be used as a camera is said beside the address, and the one in use
// goes on.
func TestACameraIsTriedBeforeItIsTaken(t *testing.T) {
	ownHome(t)
	r := newRow(t, red)
	writeConfig(t, fmt.Sprintf("[camera]\nurl = %q\ncontrol_url = %q\n[telemetry]\naddr = \"\"\n", r.cams[0].StreamURL(), r.cams[0].ControlURL()))
	start := func(o device.Options) *device.Device {
		cam, err := device.Start(t.Context(), o)
		must(t, err)
		t.Cleanup(func() { cam.Close() })
		return cam
	}
	held := func(o device.Options) string { // somebody else has it
		cam := start(o)
		ctx, cancel := context.WithCancel(context.Background())
		got, done := make(chan struct{}, 1), make(chan struct{})
		go func() {
			defer close(done)
			_ = mjpeg.New(mjpeg.Options{URL: cam.StreamURL()}).Run(ctx, func(vision.Frame) { poke(got) })
		}()
		<-got
		t.Cleanup(func() { cancel(); <-done })
		return cam.StreamURL()
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	closed.Close()
	page := start(device.Options{}) // its control port serves pages
	locked := start(device.Options{User: "kiosk", Password: "s3cret"})
	broken := start(device.Options{})
	must(t, broken.SetFault(device.NotJPEG, 0))
	k, _ := startKiosk(t, r.lan(2, 3))
	k.enter("clara")
	k.sees(red, r.cams[0])
	for _, c := range []struct{ name, address, want string }{
		{"nothing", "http://" + closed.Addr().String() + "/stream", "problem.camera_silent"},
		{"a name that is none", "http://camera.invalid:81/stream", "problem.camera_silent"},
		{"a page", page.ControlURL() + "/", "problem.camera_not_one"},
		{"an error", page.ControlURL() + "/nothing", "problem.camera_not_one"},
		{"a password", locked.StreamURL(), "problem.camera_password"},
		{"a wrong password", strings.Replace(locked.StreamURL(), "//", "//kiosk:other@", 1), "problem.camera_password"},
		{"busy, and says so", held(device.Options{Second: device.Refuse}), "problem.camera_busy"},
		{"busy, and hangs", held(device.Options{Second: device.Hang}), "problem.camera_busy"},
		{"no pictures", broken.StreamURL(), "problem.camera_not_one"},
		{"our own", r.cams[0].StreamURL() + "?x=1", "problem.camera_ours"},
		{"none", "none:", "problem.camera_not_one"},
		{"the demo", "demo:", "problem.camera_not_one"},
		{"no address", "http://", ""},
		{"no such thing", "gopher://x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k.t = t
			k.do(kiosk.AdminGo{Page: kiosk.PageCameras})
			k.do(kiosk.AdminDo{ID: "cameras.add"})
			v := k.do(kiosk.AdminSubmit{Form: "cameras.add", Values: map[string]string{"address": c.address}})
			if v.Form == nil {
				t.Fatalf("taken: %+v", v.Notice)
			}
			got := v.Form.Fields[0].Problem
			if got.Key != c.want || c.want == "" && got.Plain == "" {
				t.Errorf("said %+v, want %s", got, c.want)
			}
		})
	}
	k.t = t
	k.sees(red, r.cams[0])
	// With the password it is one.
	k.do(kiosk.AdminDo{ID: "cameras.add"})
	v := k.do(kiosk.AdminSubmit{Form: "cameras.add", Values: map[string]string{"address": strings.Replace(locked.StreamURL(), "//", "//kiosk:s3cret@", 1)}})
	if v.Notice.Key != "said.camera_added" || strings.Contains(fmt.Sprint(v.Table), "s3cret") {
		t.Fatalf("%+v, %+v, %+v", v.Notice, v.Form, v.Table)
	}
}

func TestWhatStaffWritesOfACamera(t *testing.T) {
	for in, want := range map[string]string{
		"192.168.4.1": "http://192.168.4.1:81/stream", " 192.168.4.1:8081 ": "http://192.168.4.1:8081/stream",
		"cam.local/video": "http://cam.local:81/video", "http://a/b": "http://a/b", "rtsp://a/1": "rtsp://a/1",
		"device:1": "device:1", "demo:": "demo:", "none:": "none:", "": "",
	} {
		if got := cameraAddress(in).Reveal(); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// From the demo to a camera there is a restart, which the page says and offers:
// the people of the demo stay in its own folder.
func TestFromTheDemoToACamera(t *testing.T) {
	k := newAdminKiosk(t)
	t.Setenv("XDG_CACHE_HOME", sharedCache(t))
	r := newRow(t, red)
	k.near = r.lan(2, 4)
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageCameras})
	v := k.do(kiosk.AdminOpenRow{ID: theCamera})
	if v.Detail == nil {
		t.Fatalf("%+v", v)
	}
	for _, b := range v.Detail.Do {
		if b.ID == "cameras.remove" {
			t.Error("the demo can be left without a camera")
		}
	}
	k.do(kiosk.AdminOpenRow{})
	v = k.do(kiosk.AdminDo{ID: "cameras.find"})
	if v.Notice.Key != "said.found" {
		t.Fatalf("%+v", v.Notice)
	}
	found := v.Table.Rows[len(v.Table.Rows)-1].ID
	k.do(kiosk.AdminOpenRow{ID: found})
	v = k.do(kiosk.AdminDo{ID: "cameras.use", Row: found})
	if v.Notice.Key != "said.camera_restart" || v.Table.Rows[0].Cells[1].Words.Key != "camera.at_restart" || v.Table.Do[0].ID != "system.restart" {
		t.Fatalf("%+v, %+v", v.Notice, v.Table)
	}
	if k.camera.Load().none || !k.machine.View().Status.Demo {
		t.Error("the demo was left at once")
	}
	k.do(kiosk.AdminDo{ID: "system.restart"})
	k.do(kiosk.AdminConfirm{Yes: true})
	eventually(t, "told to start again", k.c.restart.Load)

	next, stop := startKiosk(t, r.lan(2, 4))
	if next.machine.View().Status.Demo || next.c.cfg.StateDir() == k.c.cfg.StateDir() {
		t.Fatal("still the demo")
	}
	next.enter("clara")
	next.sees(red, r.cams[0])
	if n, err := next.store.CountPeople(t.Context()); err != nil || n != 0 {
		t.Errorf("%d people of the demo came along, %v", n, err)
	}
	stop()
}

// The same process goes on as the same command.
func TestStartAgain(t *testing.T) {
	cmd := newHost(t, "").command("one", "two words")
	cmd.Env = append(cmd.Env, againEnv+"=1")
	out, err := cmd.Output()
	must(t, err)
	if want := fmt.Sprintf("%d [one two words]", cmd.Process.Pid); string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
}

// The doctor of a kiosk without a camera warns, and does not call it ill.
func TestDoctorWithoutACamera(t *testing.T) {
	c := newCLI(io.Discard, t.Output())
	c.cfg.Camera.URL, c.cfg.Telemetry.Addr = config.NoCamera, ""
	f := c.checkCamera(t.Context())
	if len(f) != 1 || f[0].Verdict != warn || !strings.Contains(f[0].Detail, "scanner") {
		t.Errorf("%+v", f)
	}
}
