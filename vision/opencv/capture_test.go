package opencv

import (
	"context"
	"errors"
	stdnet "net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"agentid/app/domain/domaintest"
	"agentid/vision"
)

// video writes a clip of n frames, 160x120, each brighter than the last.
func video(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.avi")
	w, err := gocv.VideoWriterFile(path, "MJPG", 25, 160, 120, true)
	if err != nil || !w.IsOpened() {
		t.Skipf("skipped: this OpenCV writes no MJPG, %v", err)
	}
	m := gocv.NewMatWithSize(120, 160, gocv.MatTypeCV8UC3)
	defer m.Close()
	for i := range n {
		m.SetTo(gocv.NewScalar(0, 0, float64(20*i), 0)) // BGR: red
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCaptureFile(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	c, err := newCapture(video(t, 10), clock)
	if err != nil {
		t.Fatal(err)
	}
	var got []vision.Frame
	err = c.Run(context.Background(), func(f vision.Frame) { got = append(got, f) })
	if !errors.Is(err, ErrEnded) {
		t.Errorf("ended with %v", err)
	}
	if len(got) != 10 {
		t.Fatalf("%d frames", len(got))
	}
	for i, f := range got {
		px := f.Raw.RGBAAt(80, 60)
		if f.Seq != uint64(i+1) || !f.At.Equal(clock.Now()) || f.JPEG != nil || f.Raw.Rect.Dx() != 160 || f.Raw.Stride != 640 {
			t.Errorf("frame %d: %d at %v, %v", i, f.Seq, f.At, f.Raw.Rect)
		}
		if d := int(px.R) - 20*i; d > 8 || d < -8 || px.G > 12 || px.B > 12 || px.A != 255 {
			t.Errorf("frame %d is %v, want red of %d", i, px, 20*i)
		}
	}
}

func TestCaptureStops(t *testing.T) {
	c, err := NewCapture(video(t, 200))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var n int
	returned := false
	if err := c.Run(ctx, func(vision.Frame) {
		if returned {
			t.Error("a frame after Run returned")
		}
		if n++; n == 3 {
			cancel()
		}
	}); err != nil {
		t.Errorf("ended with %v", err)
	}
	returned = true
	if n < 3 {
		t.Errorf("%d frames", n)
	}
}

// A camera that takes the connection and says nothing keeps OpenCV waiting; Run
// returns all the same.
func TestCaptureStopsWhileConnecting(t *testing.T) {
	l, err := stdnet.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := make(chan stdnet.Conn, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(taken)
				return
			}
			taken <- conn
		}
	}()
	c, err := NewCapture("rtsp://someone:secret@" + l.Addr().String() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, func(vision.Frame) { t.Error("a frame from nowhere") }) }()
	select {
	case conn := <-taken:
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
		conn.Close() // so that OpenCV gives up
	case err := <-done:
		t.Skipf("skipped: this OpenCV does not speak RTSP: %v", err)
	}
}

func TestCaptureRefuses(t *testing.T) {
	for _, from := range []string{"", "  ", "-1", "999"} {
		if c, err := NewCapture(from); err == nil {
			t.Errorf("%q: %v", from, c)
		}
	}
	for _, from := range []string{"/dev/null", filepath.Join(t.TempDir(), "none.avi"), "http://user:secret@127.0.0.1:1/stream"} {
		c, err := NewCapture(from)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Run(context.Background(), func(vision.Frame) { t.Error("a frame from nowhere") })
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", from, err)
		}
	}
}
