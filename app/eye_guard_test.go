package main

import (
	"context"
	"errors"
	"image"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/vision"
	"agentid/vision/qr"
)

// dark is a pipeline that shows nothing.
type dark struct{ stopped chan struct{} }

func (d dark) Watch(vision.Watcher, ...vision.WatchOption) func() {
	return sync.OnceFunc(func() { close(d.stopped) })
}

// plainEncoder is never asked to encode.
type plainEncoder struct{ vision.Encoder }

func (plainEncoder) Ref() domain.EncoderRef { return domain.EncoderRef{Name: "plain", Version: "1"} }
func (plainEncoder) Metric() vision.Metric  { return vision.Euclidean }
func (plainEncoder) Threshold() float64     { return 0.6 }

type noTemplates struct{}

func (noTemplates) PersonTemplates(context.Context, domain.PersonID, domain.EncoderRef) ([]domain.Template, error) {
	return nil, nil
}

// TestEyeEnds: whatever ends a capture, it says how, and lets the camera go.
func TestEyeEnds(t *testing.T) {
	lost := &domain.CameraHealth{State: domain.CameraLost}
	stale := &domain.CameraHealth{State: domain.CameraLive, Age: 2 * kiosk.CameraStale}
	live := &domain.CameraHealth{State: domain.CameraLive}
	for name, tt := range map[string]struct {
		camera *domain.CameraHealth // while it captures
		end    func(clock *domaintest.Clock, e *eye, cancel func())
		want   domain.Reason
		err    error
	}{
		"time is up": {live, func(c *domaintest.Clock, _ *eye, _ func()) { pass(c, captureLimit) }, domain.ReasonTimedOut, nil},
		"cancelled":  {live, func(_ *domaintest.Clock, _ *eye, cancel func()) { cancel() }, domain.ReasonCancelled, nil},
		"lost":       {lost, func(c *domaintest.Clock, _ *eye, _ func()) { pass(c, lostPatience) }, "", kiosk.ErrNoEye},
		"stale":      {stale, func(c *domaintest.Clock, _ *eye, _ func()) { pass(c, lostPatience) }, "", kiosk.ErrNoEye},
		"not known":  {nil, func(c *domaintest.Clock, _ *eye, _ func()) { pass(c, lostPatience) }, "", kiosk.ErrNoEye},
		"closed":     {live, func(_ *domaintest.Clock, e *eye, _ func()) { e.close() }, "", kiosk.ErrNoEye},
	} {
		t.Run(name, func(t *testing.T) {
			clock := domaintest.NewClock(time.Unix(1e9, 0))
			var mu sync.Mutex
			camera := live
			e := newEye(eyeOptions{Templates: noTemplates{}, Clock: clock, Camera: func() *domain.CameraHealth {
				mu.Lock()
				defer mu.Unlock()
				return camera
			}})
			d := dark{make(chan struct{})}
			e.open(sight{pipe: d, session: vision.SessionOptions{Encoder: plainEncoder{}}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			type answer struct {
				c   kiosk.Captured
				err error
			}
			over := make(chan answer, 1)
			go func() {
				c, err := e.Capture(ctx, nil)
				over <- answer{c, err}
			}()
			clock.AwaitTimers(1) // it is watched
			mu.Lock()
			camera = tt.camera
			mu.Unlock()
			go tt.end(clock, e, cancel)
			got := <-over
			if got.c.Reason != tt.want || !errors.Is(got.err, tt.err) {
				t.Errorf("%q, %v; want %q, %v", got.c.Reason, got.err, tt.want, tt.err)
			}
			<-d.stopped
		})
	}
}

// pass lets time pass in the steps in which the eye looks at it, and a little
// more.
func pass(c *domaintest.Clock, d time.Duration) {
	for t := time.Duration(0); t < d; t += watchEvery {
		c.AwaitTimers(1)
		c.Advance(watchEvery)
	}
}

func TestNoEye(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(1e9, 0))
	camera := &domain.CameraHealth{State: domain.CameraLive}
	e := newEye(eyeOptions{Templates: noTemplates{}, Clock: clock, Camera: func() *domain.CameraHealth { return camera }})
	all := func(what string, want error) {
		t.Helper()
		if _, err := e.Capture(t.Context(), nil); !errors.Is(err, kiosk.ErrNoEye) {
			t.Errorf("%s: capture: %v", what, err)
		}
		if _, err := e.Verify(t.Context(), "p", nil); !errors.Is(err, want) {
			t.Errorf("%s: verify: %v", what, err)
		}
	}
	all("before there is a pipeline", kiosk.ErrNoEye)
	if err := e.Scan(t.Context(), nil); !errors.Is(err, kiosk.ErrNoEye) {
		t.Errorf("scan without a pipeline: %v", err)
	}
	e.open(sight{pipe: dark{make(chan struct{})}})
	all("without an encoder", kiosk.ErrNoEye)
	camera = &domain.CameraHealth{State: domain.CameraLost}
	all("with the camera lost", kiosk.ErrNoEye)
	e.close()
	all("closed", kiosk.ErrNoEye)
	e.close() // again is fine

	camera = &domain.CameraHealth{State: domain.CameraLive}
	e.open(sight{pipe: dark{make(chan struct{})}, session: vision.SessionOptions{Encoder: plainEncoder{}}})
	defer e.close()
	if _, err := e.Verify(t.Context(), "p", nil); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("nobody's templates: %v", err)
	}
}

// fakeReader reads what the test says.
type fakeReader struct {
	codes   []qr.Result
	suspect bool
}

func (f *fakeReader) Decode(*image.RGBA) ([]qr.Result, error) { return f.codes, nil }
func (f *fakeReader) Suspects() bool                          { return f.suspect }

// TestScanTells: each text once a second, also from one scan to the next; and
// that a code cannot be read, once that is sure.
func TestScanTells(t *testing.T) {
	var got []string
	var told toldCodes
	start := time.Unix(1e9, 0)
	r := &fakeReader{}
	s := newScan(r, domaintest.NewClock(start), &told, func(text string) { got = append(got, text) })
	at := func(ms int, suspect bool, texts ...string) {
		r.suspect, r.codes = suspect, nil
		for _, x := range texts {
			r.codes = append(r.codes, qr.Result{Payload: x})
		}
		s.tell(r.codes, start.Add(time.Duration(ms)*time.Millisecond))
	}
	for _, step := range []struct {
		ms      int
		suspect bool
		texts   []string
		want    []string
	}{
		{0, false, nil, nil},
		{200, false, []string{"A"}, []string{"A"}},
		{400, false, []string{"A", "B"}, []string{"B"}},
		{1100, false, []string{"A", "B"}, nil},
		{1200, false, []string{"A", "B"}, []string{"A"}},
		{1400, true, nil, nil},
		{1600, true, nil, nil},
		{1800, false, nil, nil}, // it was nothing
		{2000, true, nil, nil},
		{2200, true, nil, nil},
		{2400, true, nil, []string{""}},
		{2600, true, nil, nil},
		{3400, true, nil, []string{""}},
	} {
		got = nil
		at(step.ms, step.suspect, step.texts...)
		if len(got) != len(step.want) || len(got) > 0 && got[0] != step.want[0] {
			t.Errorf("at %d ms: %q, want %q", step.ms, got, step.want)
		}
	}
	s = newScan(r, domaintest.NewClock(start), &told, func(text string) { got = append(got, text) })
	got = nil
	if at(1900, false, "A"); got != nil {
		t.Errorf("the next scan tells %q again at once", got)
	}
	if at(2300, false, "A"); len(got) != 1 {
		t.Errorf("the next scan tells %q, want it after a second", got)
	}
}

// TestScanKeepsThePictureFluid: frames that come too soon are passed over, and
// every picture is given back.
func TestScanKeepsThePictureFluid(t *testing.T) {
	start := time.Unix(1e9, 0)
	looked := make(chan struct{}, 64)
	r := countingReader{looked}
	var told toldCodes
	s := newScan(r, domaintest.NewClock(start), &told, func(string) {})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	show := func(ms int) {
		pic := vision.NewPicture(img, nil, start.Add(time.Duration(ms)*time.Millisecond))
		s.Watch(vision.Sighting{Picture: pic})
		pic.Release()
	}
	show(0)
	<-looked
	show(100) // too soon: if it were looked at, the next would not be the second
	show(150)
	<-looked
	show(400)
	<-looked
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	s.close()
	show(900) // nobody takes it any more
	if _, waits := s.frames.TryTake(); waits || len(looked) != 0 {
		t.Errorf("a picture waits after the end, or %d more were looked at", len(looked))
	}
}

type countingReader struct{ looked chan struct{} }

func (c countingReader) Decode(*image.RGBA) ([]qr.Result, error) {
	c.looked <- struct{}{}
	return nil, nil
}
func (countingReader) Suspects() bool { return false }
