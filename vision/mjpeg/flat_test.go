package mjpeg_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"runtime"
	"testing"
	"time"

	"agentid/vision"
	"agentid/vision/espcam/device"
	"agentid/vision/mjpeg"
)

// Thousands of frames and many reconnects leave nothing behind.
func TestNothingLeaks(t *testing.T) {
	cam := startCamera(t, device.Options{FPS: -1})
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c := mjpeg.New(mjpeg.Options{URL: cam.StreamURL()})
	run := func(frames int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		if err := c.Run(ctx, func(vision.Frame) {
			if n++; n == frames {
				cancel()
			}
		}); err != nil {
			t.Fatal(err)
		}
		if n < frames {
			t.Fatalf("%d frames of %d", n, frames)
		}
		for deadline := time.Now().Add(patience); cam.Clients() > 0; runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("the camera still has its client")
			}
		}
	}
	run(200)
	before, goroutines := heap(), runtime.NumGoroutine()
	run(4000)
	for range 20 {
		run(5)
	}
	after := heap()
	t.Logf("heap %d KB before, %d KB after %d frames", before>>10, after>>10, c.Health().Frames)
	if after > before+512<<10 {
		t.Errorf("heap grew from %d to %d bytes", before, after)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 64<<10)
			t.Fatalf("%d goroutines before, %d after:\n%s", goroutines, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}
}

// BenchmarkClient is the whole way from a camera's socket to the sink, over
// loopback and within one process: half of the time is the camera's.
func BenchmarkClient(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	device.Bars{}.Draw(img, 0)
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, img, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	cam := startCamera(b, device.Options{FPS: -1, Content: device.ContentFunc(func(time.Duration, device.Settings) ([]byte, error) {
		return jpg.Bytes(), nil
	})})
	c := mjpeg.New(mjpeg.Options{URL: cam.StreamURL()})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.SetBytes(int64(jpg.Len()))
	b.ReportAllocs()
	n := 0
	if err := c.Run(ctx, func(vision.Frame) {
		if n++; n == b.N {
			b.StopTimer()
			cancel()
		}
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
}
