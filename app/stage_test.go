package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/vision"
	"agentid/vision/espcam/cast"
)

// stage is a real pipeline, engine, store and eye before a drawn camera. Time is
// the frames': the camera draws the next one when the last was looked at.
type stage struct {
	t     *testing.T
	cli   *cli
	clock *domaintest.Clock
	store *store.Store
	e     *engine
	g     *vision.Gallery
	eye   *eye

	health    atomic.Pointer[domain.CameraHealth]
	seen      chan vision.Sighting // the pipeline analysed a frame
	delivered chan struct{}        // a session was given it
	looked    chan struct{}        // and looked at it
	begun     chan struct{}        // somebody uses the eye
	parked    chan struct{}        // the film stands still

	mu    sync.Mutex
	asked domain.Guide
	play  performer     // nil: nobody uses the eye, and the film stands still
	over  chan struct{} // closed when they are done
	shown int           // frames
}

// performer is what stands before the camera: it sees what the kiosk asks.
type performer func(at time.Duration, asked domain.Guide) *image.RGBA

const stageStep = time.Second / 12

func newStage(t *testing.T, models string, change func(*config.Config)) *stage {
	t.Helper()
	st := &stage{
		t: t, clock: domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)),
		seen: make(chan vision.Sighting, 1), delivered: make(chan struct{}, 1), looked: make(chan struct{}, 1), begun: make(chan struct{}, 1), parked: make(chan struct{}, 1),
	}
	st.cli = newCLI(t.Output(), t.Output())
	st.cli.clock = st.clock
	st.cli.cfg.DataDir = t.TempDir()
	st.cli.cfg.Badge.KeyFile = filepath.Join(t.TempDir(), "badge.key")
	st.cli.cfg.ModelsPath, st.cli.cfg.Demo = models, true
	if change != nil {
		change(&st.cli.cfg)
	}
	var err error
	st.store, err = store.Open(t.Context(), store.Options{Dir: st.cli.cfg.StateDir(), MasterKey: store.GenerateMasterKey(), Clock: st.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.store.Close() })
	choice := st.cli.engineChoice()
	choice.CacheDir = sharedCache(t)
	if st.e, err = openEngine(t.Context(), choice, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.e.Close() })
	if st.g, err = st.e.loadGallery(t.Context(), st.store, st.cli.log); err != nil {
		t.Fatal(err)
	}
	st.eye = newEye(eyeOptions{
		Templates: st.store, Clock: st.clock, Camera: st.health.Load, Snapshots: true, Log: st.cli.log,
	})
	st.health.Store(&domain.CameraHealth{State: domain.CameraLive})
	st.open()
	return st
}

// open runs the pipeline and opens the eye on it.
func (st *stage) open() {
	pipe, err := vision.NewPipeline(vision.PipelineOptions{
		Source: st, Decoder: st.e.decoder, Detector: st.e.detector, Encoder: st.e.encoder, Gallery: st.g,
		Clock: st.clock, Sink: st, Analyser: st.cli.analyserOptions(st.e), Pace: vision.Pace{Reading: 1, Settled: 1, Idle: 1},
	})
	if err != nil {
		st.t.Fatal(err)
	}
	pipe.Watch(st)
	session := st.cli.sessionOptions(st.e)
	session.Landmarker = lookedAt{st, session.Landmarker}
	session.Liveness.Gestures = []vision.Gesture{vision.GestureTurnLeft, vision.GestureTurnRight} // the cast's blinks are hard to see
	st.eye.open(sight{pipe: overheard{st, pipe}, decoder: st.e.decoder, gallery: st.g, session: session, limits: st.cli.thresholds(st.e), detector: st.e.detector.Name()})
	ctx, cancel := context.WithCancel(st.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { pipe.Run(ctx) })
	st.t.Cleanup(func() { cancel(); st.eye.close(); wg.Wait() })
}

// lookedAt tells the stage that a session looks at a frame.
type lookedAt struct {
	st *stage
	lm vision.Landmarker
}

// Landmarks implements vision.Landmarker.
func (l lookedAt) Landmarks(img *image.RGBA, box image.Rectangle) ([]vision.Point, error) {
	defer poke(l.st.looked)
	if l.lm == nil {
		return nil, vision.ErrNoFace // the detector's stand
	}
	return l.lm.Landmarks(img, box)
}

// overheard tells the stage that a session was given a frame.
type overheard struct {
	st   *stage
	pipe *vision.Pipeline
}

func (o overheard) Watch(w vision.Watcher, opts ...vision.WatchOption) (stop func()) {
	return o.pipe.Watch(watcher(func(s vision.Sighting) {
		w.Watch(s)
		if _, codes := w.(*scan); !codes { // which looks at what it has time for
			poke(o.st.delivered)
		}
	}), opts...)
}

type watcher func(vision.Sighting)

func (w watcher) Watch(s vision.Sighting) { w(s) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Watch implements vision.Watcher.
func (st *stage) Watch(s vision.Sighting) { st.seen <- s }

// Run implements vision.Source.
func (st *stage) Run(ctx context.Context, sink func(vision.Frame)) error {
	start := st.clock.Now()
	jpegs := map[*image.RGBA][]byte{}
	for n := 0; ; n++ {
		st.mu.Lock()
		play, asked, over := st.play, st.asked, st.over
		st.shown = n
		st.mu.Unlock()
		if play == nil {
			poke(st.parked)
			select {
			case <-st.begun:
			case <-ctx.Done():
				return nil
			}
			n--
			continue
		}
		at := time.Duration(n) * stageStep
		img := play(at, asked)
		if jpegs[img] == nil {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 82}); err != nil {
				return err
			}
			jpegs[img] = b.Bytes()
		}
		for _, c := range []chan struct{}{st.delivered, st.looked} {
			select {
			case <-c:
			default:
			}
		}
		st.clock.Advance(stageStep)
		sink(vision.Frame{Seq: uint64(n + 1), At: start.Add(at), JPEG: jpegs[img]})
		select {
		case s := <-st.seen:
			if len(s.Faces) == 1 && s.Faces[0].Fresh {
				if await(ctx, st.delivered, over, 100*time.Millisecond) {
					await(ctx, st.looked, over, 2*time.Second)
				}
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// await waits for a word, not for ever: a frame that comes as a session begins
// or ends may be nobody's.
func await(ctx context.Context, word, over chan struct{}, most time.Duration) (came bool) {
	select {
	case <-word:
		return true
	case <-over:
	case <-ctx.Done():
	case <-time.After(most):
	}
	return false
}

// during lets somebody play while f uses the eye.
func (st *stage) during(p performer, f func(ctx context.Context, tell func(kiosk.FaceProgress))) {
	st.t.Helper()
	st.mu.Lock()
	st.play, st.asked, st.over = p, "", make(chan struct{})
	over := st.over
	st.mu.Unlock()
	poke(st.begun)
	go func() {
		defer close(over)
		f(st.t.Context(), func(k kiosk.FaceProgress) {
			st.mu.Lock()
			st.asked = k.Guide
			st.mu.Unlock()
		})
	}()
	select {
	case <-over:
	case <-time.After(2 * time.Minute):
		st.t.Fatal("the eye did not end within two minutes")
	}
	st.mu.Lock()
	st.play = nil
	select { // that of the beginning
	case <-st.parked:
	default:
	}
	st.mu.Unlock()
	<-st.parked // no frame of this play comes after it
}

// Picture, Scene, Decision and Camera implement vision.Sink.
func (st *stage) Picture(domain.Picture)     {}
func (st *stage) Scene(domain.Scene)         {}
func (st *stage) Decision(domain.Decision)   {}
func (st *stage) Camera(domain.CameraHealth) {}

// obliging is a drawn person who turns as asked, each pose drawn once.
func obliging(p cast.Person) performer {
	const step, speed = 0.05, 0.6
	var now float64
	var last time.Duration
	drawn := map[int]*image.RGBA{}
	return func(at time.Duration, asked domain.Guide) *image.RGBA {
		goal := map[domain.Guide]float64{domain.GuideTurn: 0.35, domain.GuideTurnLeft: 0.35, domain.GuideTurnRight: -0.35}[asked]
		most := speed * (at - last).Seconds()
		now, last = now+max(-most, min(most, goal-now)), at
		k := int(math.Round(now / step))
		if drawn[k] == nil {
			drawn[k] = p.Portrait(640, 480, cast.Pose{X: 0.5, Y: 0.45, Scale: 0.45, Yaw: float64(k) * step})
		}
		return drawn[k]
	}
}
