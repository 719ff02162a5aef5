package mjpeg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/vision"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
)

// recorded is a small picture that the test cameras show: encoding is not what
// these tests are about.
var recorded = func() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 160, 120))
	device.Bars{}.Draw(img, 0)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}()

func still(time.Duration, device.Settings) ([]byte, error) { return bytes.Clone(recorded), nil }

// sized is a camera that takes its frame size seriously and its picture not:
// only the header follows.
func sized(_ time.Duration, s device.Settings) ([]byte, error) {
	b := bytes.Clone(recorded)
	i := bytes.Index(b, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint16(b[i+5:], uint16(s.Size.Y))
	binary.BigEndian.PutUint16(b[i+7:], uint16(s.Size.X))
	return b, nil
}

func startCamera(t testing.TB, o device.Options) *device.Device {
	t.Helper()
	if o.Content == nil {
		o.Content = device.ContentFunc(still)
	}
	if o.FPS == 0 {
		o.FPS = 500
	}
	d, err := device.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// watcher runs a client under supervision and hands its frames over.
type watcher struct {
	client *mjpeg.Client
	frames *vision.Latest[vision.Frame]
	states chan domain.CameraHealth
}

func watch(t testing.TB, o mjpeg.Options) *watcher {
	t.Helper()
	w := &watcher{
		client: mjpeg.New(o),
		frames: vision.NewLatest[vision.Frame](),
		states: make(chan domain.CameraHealth, 1000),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		vision.Supervise(ctx, w.client, vision.SuperviseOptions{
			Backoff: []time.Duration{10 * time.Millisecond},
			OnState: func(h domain.CameraHealth) { w.states <- h },
		}, func(f vision.Frame) { w.frames.Put(f) })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// patience bounds what a test waits for; it never makes one wait.
const patience = 20 * time.Second

// see waits for n frames and checks each.
func (w *watcher) see(t testing.TB, n int) vision.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last vision.Frame
	for range n {
		f, err := w.frames.Take(ctx)
		if err != nil {
			t.Fatalf("no picture: %v; health %+v", err, w.client.Health())
		}
		if f.Seq <= last.Seq {
			t.Fatalf("frame %d after %d", f.Seq, last.Seq)
		}
		if _, err := jpeg.DecodeConfig(bytes.NewReader(f.JPEG)); err != nil {
			t.Fatalf("frame %d: %v", f.Seq, err)
		}
		last = f
	}
	return last
}

// lost waits until the supervisor tells that the camera is lost.
func (w *watcher) lost(t testing.TB) domain.CameraHealth {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case h := <-w.states:
			if h.State == domain.CameraLost {
				return h
			}
		case <-deadline:
			t.Fatalf("never lost: %+v", w.client.Health())
		}
	}
}

// until takes frames until the health is as wanted.
func (w *watcher) until(t testing.TB, what string, ok func(domain.CameraHealth) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !ok(w.client.Health()) {
		if _, err := w.frames.Take(ctx); err != nil {
			t.Fatalf("never %s: %+v", what, w.client.Health())
		}
	}
}

// Every fault: the picture comes back by itself, and what the camera did
// stands in the health.
func TestEveryFault(t *testing.T) {
	type effect struct {
		bad, reconnect, repair bool
		lastError              string
	}
	effects := map[device.Fault]effect{
		device.Stall:          {reconnect: true, lastError: "no picture in time"},
		device.Drop:           {reconnect: true, lastError: "unexpected EOF"},
		device.Slow:           {reconnect: true, lastError: "no picture in time"},
		device.Restart:        {reconnect: true, lastError: ""},
		device.Truncate:       {bad: true, lastError: "ends before its end"},
		device.NoEOI:          {repair: true},
		device.Junk:           {},
		device.Bomb:           {bad: true, lastError: "65535x65535 pixels is too large"},
		device.NotJPEG:        {bad: true, lastError: "malformed"},
		device.NoLength:       {},
		device.LengthShort:    {},
		device.LengthLong:     {},
		device.LengthNegative: {reconnect: true, lastError: `unacceptable part length: "-1"`},
		device.LengthHuge:     {reconnect: true, lastError: "unacceptable part length"},
		device.EndlessHeader:  {reconnect: true, lastError: "part header without end"},
		device.BoundaryAfter:  {},
		device.BoundaryBare:   {},
		device.BoundaryQuoted: {},
		device.BoundaryOther:  {},
	}
	for _, fault := range device.Faults() {
		if fault == device.None {
			continue
		}
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			want, known := effects[fault]
			if !known {
				t.Fatal("this fault is not tested")
			}
			cam := startCamera(t, device.Options{})
			ofStyle := strings.HasPrefix(string(fault), "boundary")
			set := func(kind device.Fault, val int) {
				t.Helper()
				if err := cam.SetFault(kind, val); err != nil {
					t.Fatal(err)
				}
			}
			if ofStyle {
				set(fault, 0) // from the first connection
			}
			o := mjpeg.Options{URL: cam.StreamURL()}
			if fault == device.Stall || fault == device.Slow {
				o.StallAfter = 300 * time.Millisecond
			}
			w := watch(t, o)
			w.see(t, 3)
			before := w.client.Health()
			if !ofStyle {
				val := 2
				if fault == device.Slow || fault == device.Restart {
					val = 1
				}
				set(fault, val)
			}
			if want.bad {
				w.until(t, "bad", func(h domain.CameraHealth) bool { return h.BadFrames >= before.BadFrames+2 })
			}
			if want.repair {
				w.until(t, "repaired", func(domain.CameraHealth) bool { return w.client.Repaired() == 2 })
			}
			if want.reconnect {
				if got := w.lost(t).LastError; !strings.Contains(got, want.lastError) {
					t.Errorf("last error %q, want %q", got, want.lastError)
				}
				if fault == device.Slow {
					set(device.None, 0)
				}
				w.until(t, "reconnected", func(h domain.CameraHealth) bool {
					return h.Reconnects > before.Reconnects && h.State == domain.CameraLive
				})
			}
			seen := w.client.Health().Frames
			w.until(t, "moving", func(h domain.CameraHealth) bool { return h.Frames >= seen+20 })
			if f := w.see(t, 3); !bytes.Equal(f.JPEG, recorded) {
				t.Error("the picture is not the one that the camera took")
			}
			h := w.client.Health()
			if h.State != domain.CameraLive || h.Size != image.Pt(160, 120) {
				t.Errorf("health %+v", h)
			}
			if !want.bad && h.BadFrames != 0 || want.bad && !strings.Contains(h.LastError, want.lastError) {
				t.Errorf("%d bad frames, last error %q", h.BadFrames, h.LastError)
			}
			if !want.reconnect && h.Reconnects != 0 {
				t.Errorf("%d reconnects", h.Reconnects)
			}
		})
	}
}

// A stream that goes on without usable pictures is given up.
func TestBadPicturesEndTheRun(t *testing.T) {
	cam := startCamera(t, device.Options{})
	if err := cam.SetFault(device.Truncate, 0); err != nil {
		t.Fatal(err)
	}
	c := mjpeg.New(mjpeg.Options{URL: cam.StreamURL(), MaxBadRun: 5})
	err := c.Run(t.Context(), func(vision.Frame) { t.Error("a truncated picture was delivered") })
	if !errors.Is(err, mjpeg.ErrBadPictures) || !errors.Is(err, vision.ErrPicture) {
		t.Errorf("ended with %v", err)
	}
	if h := c.Health(); h.BadFrames != 5 || h.State != domain.CameraLost {
		t.Errorf("health %+v", h)
	}
}

// By the injected clock alone: no second passes in this test.
func TestStallByTheClock(t *testing.T) {
	cam := startCamera(t, device.Options{})
	clock := domaintest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c := mjpeg.New(mjpeg.Options{URL: cam.StreamURL(), Clock: clock})
	if err := cam.SetFault(device.Stall, 0); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- c.Run(t.Context(), func(vision.Frame) {}) }()
	clock.AwaitTimers(1)
	clock.Advance(5*time.Second - 1)
	select {
	case err := <-ended:
		t.Fatalf("gave up too early: %v", err)
	default:
	}
	clock.Advance(1)
	if err := <-ended; !errors.Is(err, mjpeg.ErrStalled) {
		t.Errorf("ended with %v", err)
	}
}

func TestHealthByTheClock(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	cam := startCamera(t, device.Options{Clock: clock, FPS: 25})
	c := mjpeg.New(mjpeg.Options{URL: cam.StreamURL(), Clock: clock})
	if h := c.Health(); h != (domain.CameraHealth{}) {
		t.Errorf("before the first run: %+v", h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	frames, ended := make(chan vision.Frame), make(chan error)
	go func() { ended <- c.Run(ctx, func(f vision.Frame) { frames <- f }) }()
	<-frames
	if h := c.Health(); h.State != domain.CameraLive || h.Frames != 1 || h.FPS != 0 {
		t.Errorf("after one frame: %+v", h)
	}
	for range 100 {
		clock.AwaitTimers(2) // the camera's pace and the client's watchdog
		clock.Advance(40 * time.Millisecond)
		<-frames
	}
	h := c.Health()
	if h.FPS < 24.9 || h.FPS > 25.1 || h.Age != 0 || h.Size != image.Pt(160, 120) || h.Frames != 101 {
		t.Errorf("after 4 s at 25 fps: %+v", h)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the end of its context is no error: %v", err)
	}
	clock.Advance(time.Minute)
	if h := c.Health(); h.State != domain.CameraLost || h.FPS != 0 || h.Age != time.Minute || h.LastError != "" {
		t.Errorf("after the end: %+v", h)
	}
}

func TestOneClientAtATime(t *testing.T) {
	cam := startCamera(t, device.Options{})
	w := watch(t, mjpeg.Options{URL: cam.StreamURL()})
	w.see(t, 2)
	second := mjpeg.New(mjpeg.Options{URL: cam.StreamURL()})
	if err := second.Run(t.Context(), func(vision.Frame) {}); err == nil || !strings.Contains(err.Error(), "busy") {
		t.Errorf("the second client ended with %v", err)
	}
	w.see(t, 2) // the first one does not mind

	hanging := startCamera(t, device.Options{Second: device.Hang})
	first := watch(t, mjpeg.Options{URL: hanging.StreamURL()})
	first.see(t, 2)
	second = mjpeg.New(mjpeg.Options{URL: hanging.StreamURL(), StallAfter: 50 * time.Millisecond})
	if err := second.Run(t.Context(), func(vision.Frame) {}); !errors.Is(err, mjpeg.ErrStalled) {
		t.Errorf("the hanging client ended with %v", err)
	}
	first.see(t, 2)
}

func TestCredentialsStayPrivate(t *testing.T) {
	cam := startCamera(t, device.Options{User: "kiosk", Password: "s3cret"})
	with := func(user, password string) string {
		u, err := url.Parse(cam.StreamURL() + "?token=t0ken")
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(user, password)
		return u.String()
	}
	w := watch(t, mjpeg.Options{URL: with("kiosk", "s3cret")})
	w.see(t, 2)

	gone := startCamera(t, device.Options{})
	gone.Close()
	for name, raw := range map[string]string{
		"wrong password": with("kiosk", "s3cret2"),
		"nobody there":   strings.Replace(gone.StreamURL(), "http://", "http://kiosk:s3cret@", 1) + "?token=t0ken",
		"unknown host":   "http://kiosk:s3cret@nowhere.invalid/stream?token=t0ken",
		"no URL":         "http://kiosk:s3cret@host:port/%zz?token=t0ken",
		"no host":        "http://kiosk:s3cret@/stream",
		"another scheme": "rtsp://kiosk:s3cret@host/t0ken",
	} {
		c := mjpeg.New(mjpeg.Options{URL: raw})
		err := c.Run(t.Context(), func(vision.Frame) {})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, text := range []string{err.Error(), c.Health().LastError} {
			if text == "" || strings.Contains(text, "s3cret") || strings.Contains(text, "kiosk") || strings.Contains(text, "t0ken") {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}

func TestServersThatAreNoCamera(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect to another host was followed")
	}))
	defer elsewhere.Close()
	cam := startCamera(t, device.Options{})
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"page":   {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, "not a camera stream"},
		"still":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "image/jpeg") }, "not a camera stream"},
		"broken": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"other host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		}, "another host"},
		"in circles":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, "too many redirects"},
		"long header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", 64<<10)) }, "header"},
		"no parts": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "multipart/x-mixed-replace;boundary=b")
		}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.h)
			defer srv.Close()
			err := mjpeg.New(mjpeg.Options{URL: srv.URL}).Run(t.Context(), func(vision.Frame) { t.Error("a frame") })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ended with %v, want %q", err, c.want)
			}
		})
	}

	// The camera's own other port is fine.
	srv := httptest.NewServer(http.RedirectHandler(cam.StreamURL(), http.StatusFound))
	defer srv.Close()
	watch(t, mjpeg.Options{URL: srv.URL}).see(t, 2)
}
