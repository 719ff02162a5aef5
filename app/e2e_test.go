package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/sync/central/pgtest"
	"agentid/vision/espcam/cast"
	"agentid/vision/espcam/device"
)

// childEnv makes the test binary be the real program, so that the tests drive
// the kiosk as a process, window and all, without building it twice.
const childEnv = "TEST_IS_AGENTID"

// againEnv makes it start again, and then say as what.
const againEnv = "TEST_STARTS_AGAIN"

func TestMain(m *testing.M) {
	switch os.Getenv(againEnv) {
	case "1":
		os.Setenv(againEnv, "2")
		fmt.Println(startAgain())
		os.Exit(1)
	case "2":
		fmt.Print(os.Getpid(), " ", os.Args[1:])
		os.Exit(0)
	}
	if os.Getenv(childEnv) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := run(ctx, os.Args[1:])
		stop()
		os.Exit(code)
	}
	pgtest.Main(m) // which ends a PostgreSQL that a test started
}

// host is a machine of its own for the program: folders, environment, display.
type host struct {
	t   *testing.T
	dir string
	env []string
}

func newHost(t *testing.T, models string) *host {
	t.Helper()
	dir := t.TempDir()
	h := &host{t: t, dir: dir}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AGENTID_") && !strings.HasPrefix(kv, "XDG_") && !strings.HasPrefix(kv, "DISPLAY=") {
			h.env = append(h.env, kv)
		}
	}
	h.env = append(h.env, childEnv+"=1", "AGENTID_LANG=es", "XDG_CACHE_HOME="+sharedCache(t),
		"AGENTID_DATA_DIR="+filepath.Join(dir, "data"), "AGENTID_MASTER_KEY_FILE="+filepath.Join(dir, "keys", "master.key"),
		"AGENTID_BADGE_KEY_FILE="+filepath.Join(dir, "keys", "badge.key"),
		"XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "XDG_DATA_HOME="+filepath.Join(dir, "share"))
	if models != "" {
		h.env = append(h.env, "AGENTID_MODELS="+models)
	}
	return h
}

// sharedCache spares each test from unpacking the same models.
func sharedCache(t *testing.T) string {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("agentid-test-cache-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (h *host) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(h.t.Context(), os.Args[0], args...)
	cmd.Env = h.env
	return cmd
}

// run runs the program to its end and returns what it printed.
func (h *host) run(args ...string) (out string, err error) {
	h.t.Helper()
	cmd := h.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

func (h *host) must(args ...string) string {
	h.t.Helper()
	out, err := h.run(args...)
	if err != nil {
		h.t.Fatalf("agentid %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// portraits writes enrolment pictures of one of the cast.
func (h *host) portraits(p cast.Person) []string {
	h.t.Helper()
	var files []string
	for i, pose := range demoPoses() {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, p.Portrait(640, 480, pose), &jpeg.Options{Quality: 92}); err != nil {
			h.t.Fatal(err)
		}
		f := filepath.Join(h.dir, fmt.Sprintf("%s-%d.jpg", p.Name, i))
		if err := os.WriteFile(f, b.Bytes(), 0o600); err != nil {
			h.t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// events reads what the program recorded, as its own command tells it.
func (h *host) events() []domain.Event {
	h.t.Helper()
	var list []domain.Event
	dec := json.NewDecoder(strings.NewReader(h.must("events", "--json", "--limit", "1000")))
	for {
		var e domain.Event
		if err := dec.Decode(&e); err == io.EOF {
			return list
		} else if err != nil {
			h.t.Fatal(err)
		}
		list = append(list, e)
	}
}

// display starts an X server of the test's own.
func (h *host) display(width, height int) string {
	h.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		h.t.Fatalf("Xvfb (Debian package xvfb): %v", err)
	}
	w.Close()
	h.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		r.Close()
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		h.t.Fatalf("Xvfb gave no display: %v", err)
	}
	d := ":" + strings.TrimSpace(line)
	h.env = append(h.env, "DISPLAY="+d)
	return d
}

// running is a kiosk that runs.
type running struct {
	h    *host
	cmd  *exec.Cmd
	addr string // of its telemetry

	mu  sync.Mutex
	log []string
}

// start runs the kiosk and waits until it serves.
func (h *host) start(args ...string) *running {
	h.t.Helper()
	r := &running{h: h}
	r.cmd = h.command(append([]string{"--windowed", "--diagnostics", "--telemetry-addr", "127.0.0.1:0"}, args...)...)
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(syscall.SIGTERM) }
	r.cmd.WaitDelay = 20 * time.Second
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	addr := make(chan string, 1)
	go r.follow(stderr, addr)
	select {
	case r.addr = <-addr:
	case <-time.After(60 * time.Second):
		h.t.Fatalf("the kiosk did not serve within a minute:\n%s", r.tail())
	}
	h.t.Cleanup(func() {
		if r.cmd.ProcessState == nil { // the test gave up: its context has ended the kiosk
			_ = r.cmd.Wait()
		}
		if h.t.Failed() {
			h.t.Logf("end of the kiosk's log:\n%s", r.tail())
		}
	})
	return r
}

// follow reads the kiosk's log to its end.
func (r *running) follow(stderr io.Reader, addr chan<- string) {
	defer close(addr)
	sc := bufio.NewScanner(stderr)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		r.mu.Lock()
		r.log = append(r.log, sc.Text())
		r.mu.Unlock()
		var line struct{ Msg, Addr string }
		if json.Unmarshal(sc.Bytes(), &line) == nil && line.Msg == "telemetry" && line.Addr != "" {
			select {
			case addr <- line.Addr:
			default:
			}
		}
	}
}

func (r *running) tail() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log[max(0, len(r.log)-30):], "\n")
}

// screenState is what /screen tells.
type screenState struct {
	State, Lang, Given, Notice, Camera, Engine, Grade string
	Step, Outcome, Coach                              string
	Asking, Busy                                      bool
	Pending                                           int
	PicturesShown                                     uint64 `json:"pictures_shown"`
}

func (r *running) screen() screenState {
	r.h.t.Helper()
	var s screenState
	resp, err := http.Get("http://" + r.addr + "/screen")
	if err != nil {
		r.h.t.Fatalf("screen: %v\n%s", err, r.tail())
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		r.h.t.Fatal(err)
	}
	return s
}

// await looks at the screen until it is as wanted.
func (r *running) await(what string, within time.Duration, ok func(screenState) bool) screenState {
	r.h.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(within)
	for {
		s := r.screen()
		if ok(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.h.t.Fatalf("%s: not within %s, the screen is %+v\n%s", what, within, s, r.tail())
		}
	}
}

// stop ends the kiosk as a service manager does, and waits.
func (r *running) stop() {
	r.h.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.h.t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.h.t.Fatalf("the kiosk ended with %v\n%s", err, r.tail())
	}
}

// shot takes a picture of the display into AGENTID_SHOTS, if that is set.
func (r *running) shot(display, name string) {
	dir := os.Getenv("AGENTID_SHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		r.h.t.Fatal(err)
	}
	cmd := exec.Command("import", "-display", display, "-window", "root", filepath.Join(dir, name+".png"))
	if out, err := cmd.CombinedOutput(); err != nil {
		r.h.t.Errorf("screenshot: %v: %s", err, out)
	}
}

// play is a script whose time runs from begin to end; before and after it the
// lobby is empty.
type play struct {
	script *cast.Script
	mu     sync.Mutex
	now    time.Duration
	from   time.Duration
	on     bool
}

// newPlay draws everybody once, so that no first picture takes longer.
func newPlay(s *cast.Script) *play {
	canvas := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for t := time.Duration(0); t < s.Round(); t += time.Second {
		s.Draw(canvas, t)
	}
	return &play{script: s}
}

func (p *play) begin() { p.mu.Lock(); p.on, p.from = true, p.now; p.mu.Unlock() }
func (p *play) end()   { p.mu.Lock(); p.on = false; p.mu.Unlock() }

// Draw implements device.Drawer.
func (p *play) Draw(dst *image.RGBA, t time.Duration) {
	p.mu.Lock()
	p.now = t
	at := time.Duration(0)
	if p.on {
		at = t - p.from
	}
	p.mu.Unlock()
	p.script.Draw(dst, at)
}

// Where the reference screen of 1280x800 has its language switch.
var touchES, touchEN = image.Pt(1000, 48), image.Pt(1076, 48)

// touch taps the screen as a finger would.
func (r *running) touch(display string, at image.Point) {
	r.h.t.Helper()
	cmd := exec.Command("xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", "1")
	cmd.Env = append(os.Environ(), "DISPLAY="+display)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.h.t.Fatalf("xdotool (Debian package xdotool): %v: %s", err, out)
	}
}

// bothLanguages takes a picture in Spanish, taps EN, takes one in English and
// taps ES: the language changes at run time, on one tap.
func (r *running) bothLanguages(display, name string) {
	r.h.t.Helper()
	for _, l := range []struct {
		lang string
		at   image.Point
	}{{"es", touchES}, {"en", touchEN}, {"es", touchES}} {
		r.touch(display, l.at)
		r.await("language "+l.lang, 10*time.Second, func(s screenState) bool { return s.Lang == l.lang })
		r.settle()
		r.shot(display, name+"-"+l.lang)
	}
}

// settle waits until a few more pictures were drawn, and so all before them.
func (r *running) settle() {
	r.h.t.Helper()
	from := r.screen()
	looks := 0
	r.await("pictures go on", 20*time.Second, func(s screenState) bool {
		looks++
		// Without a camera nothing moves that could be waited for.
		return s.PicturesShown > from.PicturesShown+5 || (s.Camera != "live" && looks > 20)
	})
}

// TestKioskGreetsTheEnrolledAndInvitesTheOthers is the product's main job: a
// camera on the network, the real window, people who come by.
func TestKioskGreetsTheEnrolledAndInvitesTheOthers(t *testing.T) {
	h := newHost(t, "")
	people := cast.Cast()[:3]
	known := people[1]
	play := newPlay(cast.NewScript(people, cast.WithOrder(0, 1, 2), cast.WithDwell(12*time.Second), cast.WithEmptyStart(2*time.Second)))
	cam, err := device.Start(t.Context(), device.Options{Content: device.Drawn(play)})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	h.env = append(h.env, "AGENTID_CAMERA_URL="+cam.StreamURL(), "AGENTID_CAMERA_CONTROL_URL="+cam.ControlURL())
	h.must(append([]string{"faces", "enrol", known.Name}, h.portraits(known)...)...)
	d := h.display(1280, 800)
	k := h.start("--site-organisation", "Banco Norte", "--site-branch", "Sucursal Centro")
	k.await("attract screen with a moving picture", 30*time.Second, func(s screenState) bool {
		return s.State == "attract" && s.PicturesShown > 5
	})
	k.bothLanguages(d, "attract")
	play.begin()
	k.await("unknown card for the first stranger", 40*time.Second, func(s screenState) bool { return s.State == "unknown" })
	k.bothLanguages(d, "unknown")
	k.await("greeting by name", 40*time.Second, func(s screenState) bool { return s.State == "greeting" && s.Given == known.Name })
	k.bothLanguages(d, "greeting")
	k.await("unknown card for the second stranger", 40*time.Second, func(s screenState) bool { return s.State == "unknown" })

	// Everybody came by once: the camera restarts, and comes back by itself.
	play.end()
	if err := cam.SetFault(device.Restart, 6); err != nil {
		t.Fatal(err)
	}
	k.await("camera lost", 20*time.Second, func(s screenState) bool { return s.State == "camera_lost" && s.Camera == "lost" })
	k.bothLanguages(d, "camera-lost")
	k.await("camera back", 40*time.Second, func(s screenState) bool { return s.Camera == "live" })
	k.stop()

	count := map[domain.Reason]int{}
	for i, e := range h.events() {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d has sequence %d", i, e.Seq)
		}
		count[e.Reason]++
		if e.Kind == domain.EventRecognition && e.Reason != domain.ReasonRecognised && e.Person != "" {
			t.Errorf("event %+v names somebody", e)
		}
	}
	if count[domain.ReasonRecognised] != 1 {
		t.Errorf("%d recognised events, want exactly one", count[domain.ReasonRecognised])
	}
	if count[domain.ReasonUnknown] != 2 {
		t.Errorf("%d unknown events, want one for each stranger", count[domain.ReasonUnknown])
	}
	// A busy machine may make the drawn camera stand still once more.
	if n := count[domain.ReasonCameraLost]; n < 1 || n > 3 || count[domain.ReasonCameraReturned] != n {
		t.Errorf("events %v, want the camera lost and returned as often", count)
	}
}

// TestDemoShowsAGreetingAndAnUnknownWithinSeconds is the first look at the
// product: no configuration at all.
func TestDemoShowsAGreetingAndAnUnknownWithinSeconds(t *testing.T) {
	for name, models := range demoEngines(t) {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, models)
			h.display(1280, 800)
			start := time.Now()
			k := h.start()
			k.await("first picture", 40*time.Second, func(s screenState) bool { return s.PicturesShown > 0 })
			first := time.Now()
			s := k.await("greeting", 30*time.Second, func(s screenState) bool { return s.State == "greeting" })
			if s.Given != cast.Cast()[0].Name {
				t.Errorf("greets %q, want the first of the cast", s.Given)
			}
			k.await("unknown", 30*time.Second, func(s screenState) bool { return s.State == "unknown" })
			if took := time.Since(first); took > 20*time.Second {
				t.Errorf("greeting and unknown took %s from the first picture, want 15 s and what a busy machine adds", took.Round(time.Second))
			}
			t.Logf("%s after start: greeting and unknown (engine %s, %s)", time.Since(start).Round(100*time.Millisecond), s.Engine, s.Grade)
			k.stop()
		})
	}
}

// demoEngines are the engines that make run may come to use, by where its
// models are.
func demoEngines(t *testing.T) map[string]string {
	m := map[string]string{"builtin": ""}
	if dir := sharedModels(t); dir != "" {
		m["shared"] = dir
	} else {
		t.Log("skipped: the demo with ../shared/models, which is absent")
	}
	return m
}

func sharedModels(t *testing.T) string {
	t.Helper()
	base := os.Getenv("AGENTID_SHARED")
	if base == "" {
		base = "../../shared"
	}
	dir, err := filepath.Abs(filepath.Join(base, "models"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

func TestWhatGoesWrongIsSaidClearly(t *testing.T) {
	h := newHost(t, "")
	notJPEG := filepath.Join(h.dir, "note.jpg")
	if err := os.WriteFile(notJPEG, []byte("not a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"faces", "enrol", "Ana", filepath.Join(h.dir, "absent.jpg")}, "no such file"},
		{[]string{"faces", "enrol", "Ana", notJPEG}, "picture 1"},
		{[]string{"faces", "enrol", "  ", notJPEG}, "invalid name"},
		{[]string{"faces", "verify", notJPEG, notJPEG}, "unacceptable picture"},
		{[]string{"faces", "eval", h.dir}, "no person/*.jpg"},
		{[]string{"models", "install", "nonsense"}, "no such model"},
		{[]string{"events", "--limit", "0"}, "at least 1"},
		{[]string{"--camera-url", "gopher://x"}, "camera.url"},
		{[]string{"--no-such-flag"}, "no-such-flag"},
		{nil, "no display"},
	} {
		out, err := h.run(tc.args...)
		if err == nil {
			t.Errorf("agentid %v: succeeded with %q", tc.args, out)
		} else if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("agentid %v: %v, want a word of %q", tc.args, err, tc.want)
		}
	}
}
