package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/Kagami/go-face"
	"golang.org/x/sys/unix"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/vision"
	"agentid/vision/espcam/cast"
)

// benchFrames are twelve seconds of the cast at 25 frames a second: somebody
// comes, stays, leaves.
func benchFrames(b *testing.B) [][]byte {
	b.Helper()
	script := cast.NewScript(cast.Cast(), cast.WithOrder(0))
	canvas := image.NewRGBA(image.Rect(0, 0, 640, 480))
	var out [][]byte
	for at := time.Duration(0); at < script.Round(); at += 40 * time.Millisecond {
		script.Draw(canvas, at)
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, canvas, &jpeg.Options{Quality: 80}); err != nil {
			b.Fatal(err)
		}
		out = append(out, buf.Bytes())
	}
	return out
}

// cpuTime is what this process, all its threads, has used.
func cpuTime(b *testing.B) time.Duration {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func benchEngine(b *testing.B, c engineChoice) *engine {
	b.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	c.CacheDir = dir + "/agentid"
	e, err := openEngine(b.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Skipf("skipped: %v", err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

// goFace is go-face by itself, with the built-in net.
func goFace(b *testing.B) *face.Recognizer {
	b.Helper()
	f, err := newFinder("", "", "")
	if err != nil {
		b.Fatal(err)
	}
	o := opener{ctx: b.Context(), f: f, e: &engine{}, c: engineChoice{CacheDir: b.TempDir()}}
	dir, _, err := o.dlibFolder(modelBuiltin)
	if err != nil {
		b.Fatal(err)
	}
	rec, err := face.NewRecognizer(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(rec.Close)
	return rec
}

// BenchmarkLiveFrame is the CPU that a camera frame costs, all threads together:
// in our pipeline (every frame decoded for the screen, detection at its own
// rate, only the best frames encoded), against HOG, landmarks and ResNet on
// every full frame, as the examples of the face_recognition package do it.
func BenchmarkLiveFrame(b *testing.B) {
	frames := benchFrames(b)
	report := func(b *testing.B, before time.Duration) {
		b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/frame")
	}
	b.Run("way=every-frame", func(b *testing.B) {
		rec := goFace(b)
		before := cpuTime(b)
		for i := 0; b.Loop(); i++ {
			if _, err := rec.Recognize(frames[i%len(frames)]); err != nil {
				b.Fatal(err)
			}
		}
		report(b, before)
	})
	for _, way := range []struct {
		name   string
		choice engineChoice
	}{
		{"way=ours-haar-builtin", engineChoice{Detector: "haar", Encoder: "agentid_resnet_half_v0"}},
		{"way=ours-yunet-onnx", engineChoice{Detector: "yunet", Encoder: "onnx", ModelsPath: os.Getenv("AGENTID_MODELS")}},
	} {
		b.Run(way.name, func(b *testing.B) {
			e := benchEngine(b, way.choice)
			g := vision.NewGallery(e.encoder.Ref(), e.encoder.Metric(), e.spec.Dim)
			an := vision.NewAnalyser(vision.DefaultAnalyserOptions(e.encoder), g, e.encoder, e.detector.Name())
			var pool vision.PicturePool
			var pace vision.Pace
			at := time.Unix(0, 0)
			before := cpuTime(b)
			for i := 0; b.Loop(); i++ {
				at = at.Add(40 * time.Millisecond)
				pic, err := pool.Decode(e.decoder, vision.Frame{JPEG: frames[i%len(frames)], At: at})
				if err != nil {
					b.Fatal(err)
				}
				if pace.Due(at) {
					faces, err := e.detector.Detect(pic.RGBA())
					if err != nil {
						b.Fatal(err)
					}
					an.Observe(pic, faces)
					pace.Saw(at, len(faces), an.Settled())
					for {
						j, ok := an.Next()
						if !ok {
							break
						}
						enc, err := e.encoder.Encode(j.Picture.RGBA(), j.Picture.JPEG, j.Face)
						if _, _, err := an.Learn(j, enc, err); err != nil {
							b.Fatal(err)
						}
						j.Picture.Release()
					}
				}
				pic.Release()
			}
			report(b, before)
		})
	}
}

// BenchmarkFrameToEvent is the time from a camera frame's arrival to its event
// on disk: decode, detect, encode, match in a gallery of 10,000 people, and a
// transaction with synchronous=FULL. Votes need three such frames; this is one.
func BenchmarkFrameToEvent(b *testing.B) {
	frames := benchFrames(b)
	stopped := frames[len(frames)/3] // somebody stands there
	for _, way := range []struct {
		name   string
		choice engineChoice
	}{
		{"engine=haar-builtin", engineChoice{Detector: "haar", Encoder: "agentid_resnet_half_v0"}},
		{"engine=yunet-onnx", engineChoice{Detector: "yunet", Encoder: "onnx", ModelsPath: os.Getenv("AGENTID_MODELS")}},
	} {
		b.Run(way.name, func(b *testing.B) {
			e := benchEngine(b, way.choice)
			clock := domaintest.NewClock(time.Unix(1_800_000_000, 0))
			st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: clock})
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			g := vision.NewGallery(e.encoder.Ref(), e.encoder.Metric(), e.spec.Dim)
			for range 10_000 {
				v := make([]float32, e.spec.Dim)
				v[0] = 1
				if err := g.Add(domain.PersonID(newID()), v); err != nil {
					b.Fatal(err)
				}
			}
			recorded := make(chan struct{})
			rec := kiosk.NewRecorder(kiosk.RecorderOptions{Events: st, Clock: clock, OnRecorded: func(domain.Event) { recorded <- struct{}{} }})
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			go rec.Run(ctx)
			var pool vision.PicturePool
			for b.Loop() {
				pic, err := pool.Decode(e.decoder, vision.Frame{JPEG: stopped, At: clock.Now()})
				if err != nil {
					b.Fatal(err)
				}
				found, err := e.detector.Detect(pic.RGBA())
				if err != nil || len(found) == 0 {
					b.Fatalf("%d faces, %v", len(found), err)
				}
				enc, err := e.encoder.Encode(pic.RGBA(), pic.JPEG, found[0])
				if err != nil {
					b.Fatal(err)
				}
				m, err := g.Match(enc.Vector)
				if err != nil {
					b.Fatal(err)
				}
				rec.Decision(domain.Decision{Reason: domain.ReasonUnknown, At: clock.Now(), Distance: m.Distance, Encoder: e.encoder.Ref()})
				<-recorded
				pic.Release()
			}
		})
	}
}
