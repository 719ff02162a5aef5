package mjpeg_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"agentid/app/domain/domaintest"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
	"agentid/vision/mjpeg/framesize"
)

func TestFrameSizeWithEveryNumbering(t *testing.T) {
	for _, n := range framesize.Numberings() {
		t.Run(string(n), func(t *testing.T) {
			cam := startCamera(t, device.Options{Content: device.ContentFunc(sized), Size: "qvga", Numbering: n})
			w := watch(t, mjpeg.Options{URL: cam.StreamURL()})
			w.see(t, 1)
			for how, size := range map[string]func(context.Context) (image.Point, error){
				"by the stream": mjpeg.ClientSize(w.client),
				"by captures":   nil,
			} {
				c := mjpeg.NewControl(mjpeg.ControlOptions{URL: cam.ControlURL(), Size: size})
				for _, name := range []string{"vga", "cif", "svga", "qvga"} {
					want, _ := framesize.ByName(name)
					got, err := c.SetFrameSize(t.Context(), name)
					if err != nil || got != want.Point {
						t.Errorf("%s: %s gave %v, %v", how, name, got, err)
					}
					num, _ := n.Number(name)
					if s, err := c.Status(t.Context()); err != nil || s.FrameSize != num {
						t.Errorf("%s: %s left framesize %d, want %d (%v)", how, name, s.FrameSize, num, err)
					}
				}
			}
		})
	}
}

// What no numbering can set is refused, and the camera is put back.
func TestFrameSizeThatTheCameraLacks(t *testing.T) {
	// Recorded pictures of one size, whatever is set.
	cam := startCamera(t, device.Options{Numbering: framesize.N2019})
	c := mjpeg.NewControl(mjpeg.ControlOptions{URL: cam.ControlURL()})
	before, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.SetFrameSize(t.Context(), "svga")
	if !errors.Is(err, mjpeg.ErrNotApplied) || got != image.Pt(160, 120) {
		t.Errorf("svga gave %v, %v", got, err)
	}
	after, err := c.Status(t.Context())
	if err != nil || after.FrameSize != before.FrameSize {
		t.Errorf("framesize %d before, %d after (%v)", before.FrameSize, after.FrameSize, err)
	}
	if _, err := c.SetFrameSize(t.Context(), "8k"); err == nil {
		t.Error("8k is a frame size")
	}
}

func TestQualityAndLight(t *testing.T) {
	cam := startCamera(t, device.Options{})
	c := mjpeg.NewControl(mjpeg.ControlOptions{URL: cam.ControlURL()})
	for _, q := range []int{mjpeg.MinQuality, 12, mjpeg.MaxQuality} {
		if err := c.SetQuality(t.Context(), q); err != nil {
			t.Errorf("quality %d: %v", q, err)
		}
		if s, err := c.Status(t.Context()); err != nil || s.Quality != q {
			t.Errorf("quality %d: status %d, %v", q, s.Quality, err)
		}
	}
	if err := c.SetLED(t.Context(), 128); err != nil {
		t.Error(err)
	}
	if s, err := c.Status(t.Context()); err != nil || s.LED != 128 || s.All["awb"] != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
	for _, err := range []error{
		c.SetQuality(t.Context(), 3), c.SetQuality(t.Context(), 64),
		c.SetLED(t.Context(), -1), c.SetLED(t.Context(), 256),
	} {
		if err == nil {
			t.Error("a value out of range was taken")
		}
	}
}

// fakeControl answers as told; a firmware of its own.
func fakeControl(t *testing.T, status string, control int) *mjpeg.Control {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/status":
			fmt.Fprint(w, status)
		case "/control":
			w.WriteHeader(control)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(srv.Close)
	return mjpeg.NewControl(mjpeg.ControlOptions{URL: srv.URL})
}

func TestFirmwaresThatPretend(t *testing.T) {
	ctx := t.Context()
	deaf := fakeControl(t, `{"framesize":8,"quality":10,"led_intensity":0}`, http.StatusOK)
	if err := deaf.SetQuality(ctx, 20); !errors.Is(err, mjpeg.ErrNotApplied) {
		t.Errorf("quality that was ignored: %v", err)
	}
	if err := deaf.SetLED(ctx, 20); !errors.Is(err, mjpeg.ErrNotApplied) {
		t.Errorf("light that was ignored: %v", err)
	}
	if _, err := deaf.SetFrameSize(ctx, "svga"); !errors.Is(err, mjpeg.ErrNotApplied) {
		t.Errorf("frame size that was ignored: %v", err)
	}
	dark := fakeControl(t, `{"framesize":8,"quality":10}`, http.StatusOK)
	if s, err := dark.Status(ctx); err != nil || s.LED != -1 {
		t.Errorf("no light: %+v, %v", s, err)
	}
	if err := dark.SetLED(ctx, 20); !errors.Is(err, mjpeg.ErrNotApplied) {
		t.Errorf("light that is not there: %v", err)
	}
	refusing := fakeControl(t, `{"framesize":8,"quality":10}`, http.StatusInternalServerError)
	if err := refusing.SetQuality(ctx, 20); err == nil || !strings.Contains(err.Error(), "status 500") {
		t.Errorf("refused: %v", err)
	}
	for name, status := range map[string]string{
		"no JSON":        "<html>",
		"no framesize":   `{"quality":10}`,
		"text":           `{"framesize":"8","quality":10}`,
		"fraction":       `{"framesize":8.5,"quality":10}`,
		"beyond any int": `{"framesize":1e300,"quality":10}`,
		"too long":       `{"framesize":8,"quality":10,"x":"` + strings.Repeat("x", 20<<10) + `"}`,
		"too deep":       strings.Repeat(`{"a":`, 3000),
	} {
		if s, err := fakeControl(t, status, http.StatusOK).Status(ctx); err == nil {
			t.Errorf("%s: status %+v", name, s)
		}
	}
}

func TestControlTimesOutByItsClock(t *testing.T) {
	asked := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer srv.Close()
	clock := domaintest.NewClock(time.Unix(0, 0))
	c := mjpeg.NewControl(mjpeg.ControlOptions{URL: srv.URL, Clock: clock, Timeout: 3 * time.Second})
	got := make(chan error)
	go func() {
		_, err := c.Status(t.Context())
		got <- err
	}()
	<-asked
	clock.AwaitTimers(1)
	clock.Advance(3 * time.Second)
	if err := <-got; err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("ended with %v", err)
	}
}

func TestControlHidesCredentials(t *testing.T) {
	cam := startCamera(t, device.Options{User: "kiosk", Password: "s3cret"})
	withUser := func(s string) string { return strings.Replace(cam.ControlURL(), "http://", "http://"+s+"@", 1) }
	if _, err := mjpeg.NewControl(mjpeg.ControlOptions{URL: withUser("kiosk:s3cret")}).Status(t.Context()); err != nil {
		t.Error(err)
	}
	for _, u := range []string{withUser("kiosk:s3cret9"), "http://kiosk:s3cret@nowhere.invalid", "gopher://kiosk:s3cret@x"} {
		_, err := mjpeg.NewControl(mjpeg.ControlOptions{URL: u}).Status(t.Context())
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "kiosk") {
			t.Errorf("error %v", err)
		}
	}
}

func TestControlURL(t *testing.T) {
	for stream, want := range map[string]string{
		"http://192.168.1.40:81/stream":        "http://192.168.1.40",
		"http://user:pass@cam.local:81/stream": "http://user:pass@cam.local",
		"http://127.0.0.1:8081/stream?x=1":     "http://127.0.0.1:8081",
		"http://[fe80::1]:81/stream":           "http://[fe80::1]",
	} {
		if got, err := mjpeg.ControlURL(stream); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", stream, got, err, want)
		}
	}
	if _, err := mjpeg.ControlURL("ftp://x"); err == nil {
		t.Error("ftp is taken")
	}
}
