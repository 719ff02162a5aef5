package opencv

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"

	"agentid/vision"
)

// resident is the process's memory in bytes.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("skipped: no /proc")
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// grows runs f a hundred times to warm up, then n times, and gives what the
// process grew by.
func grows(t *testing.T, n int, f func()) int {
	t.Helper()
	for range 100 {
		f()
	}
	runtime.GC()
	before := resident(t)
	for range n {
		f()
	}
	runtime.GC()
	return resident(t) - before
}

// Neither pictures nor refusals cost memory for good: a kiosk decodes two
// million frames a day.
func TestMemoryStays(t *testing.T) {
	img := scene(160, 120)
	good := encode(t, img)
	half := good[:len(good)/2]
	buf := scene(160, 120)
	fs := []struct {
		name string
		n    int
		f    func()
	}{{"decode", 2000, func() {
		if _, err := (Decoder{}).Decode(good, buf); err != nil {
			t.Fatal(err)
		}
		if _, err := (Decoder{}).Decode(half, buf); !errors.Is(err, vision.ErrPicture) {
			t.Fatal(err)
		}
	}}}
	if h, err := NewHaar("", HaarOptions{}); err == nil {
		t.Cleanup(func() { h.Close() })
		fs = append(fs, struct {
			name string
			n    int
			f    func()
		}{"haar", 500, func() {
			if _, err := h.Detect(img); err != nil {
				t.Fatal(err)
			}
		}})
	}
	for _, x := range fs {
		if d := grows(t, x.n, x.f); d > 4<<20 {
			t.Errorf("%s: %d calls took %d kB for good", x.name, x.n, d>>10)
		}
	}
}

func TestMemoryStaysNets(t *testing.T) {
	y := openYuNet(t)
	e := openEncoder(t, y)
	img := frame(t)
	faces, err := y.Detect(img)
	if err != nil || len(faces) == 0 {
		t.Fatalf("%v, %v", faces, err)
	}
	const n = 250
	if d := grows(t, n, func() {
		if _, err := y.Detect(img); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Encode(img, nil, faces[0]); err != nil {
			t.Fatal(err)
		}
	}); d > 4<<20 {
		t.Errorf("%d frames took %d kB for good", n, d>>10)
	}
	path := shared(t, "models/yunet_n_320.onnx")
	if d := grows(t, 100, func() {
		n, err := NewYuNet(path, YuNetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
	}); d > 8<<20 {
		t.Errorf("100 nets opened and closed took %d kB for good", d>>10)
	}
}

func TestMemoryStaysCapture(t *testing.T) {
	c, err := NewCapture(video(t, 30))
	if err != nil {
		t.Fatal(err)
	}
	if d := grows(t, 60, func() {
		if err := c.Run(context.Background(), func(vision.Frame) {}); !errors.Is(err, ErrEnded) {
			t.Fatal(err)
		}
	}); d > 16<<20 {
		t.Errorf("1800 frames took %d kB for good", d>>10)
	}
}
