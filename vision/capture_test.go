package vision

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
)

func newCapture(t *testing.T, b *booth, change func(*CaptureOptions)) *CaptureSession {
	t.Helper()
	o := CaptureOptions{SessionOptions: b.options()}
	if change != nil {
		change(&o)
	}
	c, err := NewCaptureSession(o)
	if err != nil {
		t.Fatal(err)
	}
	b.see = c.see
	return c
}

func TestCaptureTakesFiveInDifferentPoses(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, nil)
	if !b.show(15*time.Second, b.visitor(1)) {
		t.Fatalf("not done: %+v", b.last())
	}
	r := c.result
	if !r.OK() || len(r.Frames) != CaptureFrames || r.Duplicate != "" {
		t.Fatalf("result %+v", r)
	}
	var poses [3]int
	for _, f := range r.Frames {
		switch {
		case f.Pose.Yaw > sideYaw:
			poses[leftward]++
		case f.Pose.Yaw < -sideYaw:
			poses[rightward]++
		default:
			poses[ahead]++
		}
		if f.Quality <= 0 || f.JPEG == nil || f.Box.W <= 0 || len(f.Vector) != testDim {
			t.Errorf("frame %+v", f)
		}
	}
	if poses != [3]int{3, 1, 1} {
		t.Errorf("poses %v", poses)
	}
	for i := 1; i < len(b.said); i++ {
		if b.said[i].Done < b.said[i-1].Done {
			t.Errorf("progress fell from %+v to %+v", b.said[i-1], b.said[i])
		}
	}
	if p := b.last(); p.Done != 1 || p.Guide != domain.GuideDone {
		t.Errorf("ends with %+v", p)
	}
	if took := b.at.Sub(time.Unix(1000, 0)); took > 6*time.Second {
		t.Errorf("took %v of somebody who does as told", took)
	}
	if g := b.guides(); !slices.Contains(g, domain.GuideTurn) || !slices.Contains(g, domain.GuideTurnRight) {
		t.Errorf("hints %v", g)
	}
	if b.enc.n != CaptureFrames {
		t.Errorf("%d encodes", b.enc.n)
	}
	c.drop()
	b.wantReleased()
}

// Who cannot turn their head is served.
func TestCaptureHasPatience(t *testing.T) {
	b := newBooth(t)
	b.obey = false
	c := newCapture(t, b, func(o *CaptureOptions) { o.Patience = 3 * time.Second })
	if b.show(3*time.Second, b.visitor(1)) {
		t.Fatal("done before its patience was over")
	}
	if !b.show(4*time.Second, b.visitor(1)) || len(c.result.Frames) != CaptureFrames {
		t.Fatalf("not done: %+v", b.last())
	}
}

func TestCaptureWithoutLandmarks(t *testing.T) {
	b := newBooth(t)
	blind := func() []SeenFace { return []SeenFace{{Track: 1, Fresh: true, Face: Face{Box: boxed}}} }
	c := newCapture(t, b, nil)
	if !b.show(4*time.Second, blind) || !c.result.OK() {
		t.Fatalf("not done: %+v", b.last())
	}
	// A gesture cannot be seen: that is a reason, and no yes.
	b = newBooth(t)
	c = newCapture(t, b, func(o *CaptureOptions) {
		o.Liveness.Mode, o.Liveness.Timeout, o.Attempts = LivenessEither, 2*time.Second, 1
	})
	if !b.show(20*time.Second, blind) || c.result.Reason != domain.ReasonNotLive || c.live.result.Reason != NotLiveNoPoints {
		t.Fatalf("%+v, %+v", c.result, c.live.result)
	}
	c.drop()
	b.wantReleased()
}

func TestCaptureBeginsAgain(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, nil)
	b.show(900*time.Millisecond, b.visitor(1))
	if b.last().Done == 0 {
		t.Fatal("nothing was taken")
	}
	b.show(1200*time.Millisecond, func() []SeenFace { return nil })
	if p := b.last(); p.Done != 0 || p.Reset != ResetLeft || p.Resets != 1 || p.Guide != domain.GuideStart {
		t.Fatalf("after leaving: %+v", p)
	}
	b.show(900*time.Millisecond, b.visitor(2))
	b.show(time.Second, func() []SeenFace { return append(b.visitor(2)(), person(3, 0)) })
	if p := b.last(); p.Done != 0 || p.Reset != ResetCompany || p.Resets != 2 || p.Guide != domain.GuideOnePerson {
		t.Fatalf("after a second person came: %+v", p)
	}
	if !b.show(15*time.Second, b.visitor(2)) || !c.result.OK() {
		t.Fatalf("not done: %+v", b.last())
	}
	first := c.result.Frames[0].At
	if first.Before(b.at.Add(-8 * time.Second)) {
		t.Error("a frame from before the reset was kept")
	}
}

func TestCaptureFramesMustAgree(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, nil)
	b.enc.of = func(n int) ([]float32, error) { return [][]float32{lucia, mateo}[n%2], nil }
	if done := b.show(60*time.Second, b.visitor(1)); !done || c.result.Reason != domain.ReasonUndecided || len(c.result.Frames) != 0 || b.last().Resets != 2 {
		t.Fatalf("done %v: %+v, %+v", done, c.result, b.last())
	}
	c.drop()
	b.wantReleased()
}

func TestCaptureFindsADuplicate(t *testing.T) {
	b := newBooth(t)
	g := NewGallery(testRef, Euclidean, testDim)
	if err := g.Add("lucia", near(lucia)); err != nil {
		t.Fatal(err)
	}
	if err := g.Add("mateo", mateo); err != nil {
		t.Fatal(err)
	}
	c := newCapture(t, b, func(o *CaptureOptions) { o.Gallery = g })
	b.show(15*time.Second, b.visitor(1))
	if r := c.result; !r.OK() || r.Duplicate != "lucia" || r.DuplicateDistance < 0.29 || r.DuplicateDistance > 0.31 {
		t.Fatalf("result %+v", r)
	}
	// At a distance of its own.
	b = newBooth(t)
	c = newCapture(t, b, func(o *CaptureOptions) { o.Gallery, o.DuplicateAt = g, 0.2 })
	b.show(15*time.Second, b.visitor(1))
	if r := c.result; !r.OK() || r.Duplicate != "" || r.DuplicateDistance != 0 {
		t.Fatalf("result %+v", r)
	}
}

func TestCaptureTakesAgainWhatTheEncoderDoesNotFind(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, nil)
	b.enc.of = func(n int) ([]float32, error) {
		if n <= 2 {
			return nil, ErrNoFace
		}
		return lucia, nil
	}
	if done := b.show(15*time.Second, b.visitor(1)); !done || !c.result.OK() || b.enc.n != CaptureFrames+2 {
		t.Fatalf("done %v, %d encodes: %+v", done, b.enc.n, c.result)
	}
	c.drop()
	b.wantReleased()
}

func TestCaptureLiveness(t *testing.T) {
	for name, tc := range map[string]struct {
		mode    LivenessMode
		passive PassiveLiveness
		obey    bool
		want    LivenessReason
		ok      bool
	}{
		"off":                                  {LivenessOff, verdict(0), true, LivenessNotAsked, true},
		"either, content":                      {LivenessEither, verdict(0.9), false, LivePassive, true},
		"either, in doubt, does the gesture":   {LivenessEither, verdict(0.2), true, LiveGesture, true},
		"either, in doubt, does nothing":       {LivenessEither, verdict(0.2), false, NotLiveTimeout, false},
		"either, no models, does the gesture":  {LivenessEither, nil, true, LiveGesture, true},
		"either, no models, does nothing":      {LivenessEither, nil, false, NotLiveTimeout, false},
		"both, content, does the gesture":      {LivenessBoth, verdict(0.9), true, LiveBoth, true},
		"both, content, does nothing":          {LivenessBoth, verdict(0.9), false, NotLiveTimeout, false},
		"both, in doubt":                       {LivenessBoth, verdict(0.2), true, NotLivePassive, false},
		"both, no models: the gesture decides": {LivenessBoth, nil, true, LiveGesture, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooth(t)
			b.obey = tc.obey
			c := newCapture(t, b, func(o *CaptureOptions) {
				o.Liveness.Mode, o.Liveness.Passive = tc.mode, tc.passive
				o.Patience = 2 * time.Second
			})
			if !b.show(60*time.Second, b.visitor(1)) {
				t.Fatalf("not done: %+v", b.last())
			}
			if c.result.OK() != tc.ok || c.live.result.Reason != tc.want || c.live.result.Live != tc.ok {
				t.Fatalf("%+v, %+v", c.result.Reason, c.live.result)
			}
			if !tc.ok && (c.result.Reason != domain.ReasonNotLive || b.last().Resets != 2) {
				t.Errorf("%+v after %d resets", c.result.Reason, b.last().Resets)
			}
			c.drop()
			b.wantReleased()
		})
	}
}

// Somebody's photo before the camera, and one's own head for the gesture: the
// frames that liveness stands on are among those that must agree.
func TestCaptureOfAPhotoWithOnesOwnGesture(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, func(o *CaptureOptions) { o.Liveness.Mode, o.Patience = LivenessEither, time.Second })
	photo := sheet(0, 0, 0, 0, 800)
	if b.show(1500*time.Millisecond, func() []SeenFace {
		f := person(1, 0)
		f.Face.Landmarks = photo.marks()
		return []SeenFace{f}
	}) {
		t.Fatal("done without a gesture")
	}
	kept := len(c.kept)
	for i := range c.kept { // what the encoder makes of the photo
		c.kept[i].enc = mateo
	}
	if kept < frontal3 {
		t.Fatalf("%d frames of the photo", kept)
	}
	b.show(60*time.Second, b.visitor(1))
	if c.told.Resets == 0 || c.told.Reset != ResetDisagree {
		t.Fatalf("the change was not seen: %+v", c.told)
	}
	for _, f := range c.result.Frames {
		if slices.Equal(f.Vector, mateo) {
			t.Fatal("a frame of the photo was enrolled")
		}
	}
}

// Run is fed by another goroutine, and ends with its context.
func TestCaptureRun(t *testing.T) {
	run := func(ctx context.Context, b *booth, c *CaptureSession) (CaptureResult, error) {
		stop := make(chan struct{})
		fed := make(chan struct{})
		go func() {
			defer close(fed)
			at := b.at
			for {
				select {
				case <-stop:
					return
				default:
				}
				if len(c.slot.slot) > 0 { // one frame at a time, or it would seem to skip seconds
					runtime.Gosched()
					continue
				}
				at = at.Add(60 * time.Millisecond)
				pic := NewPicture(b.img, nil, at)
				b.pics = append(b.pics, pic)
				c.Watch(Sighting{Picture: pic, Faces: []SeenFace{person(1, 0)}})
				pic.Release()
			}
		}()
		r, err := c.Run(ctx)
		close(stop)
		<-fed
		b.wantReleased()
		return r, err
	}
	b := newBooth(t)
	c := newCapture(t, b, func(o *CaptureOptions) { o.Patience = time.Millisecond })
	if r, err := run(t.Context(), b, c); err != nil || !r.OK() || r.Liveness.Reason != LivenessNotAsked || r.Guide != domain.GuideDone {
		t.Fatalf("%+v, %v", r, err)
	}

	b = newBooth(t)
	c = newCapture(t, b, func(o *CaptureOptions) { o.Patience = time.Millisecond })
	broke := errors.New("the net broke")
	b.enc.of = func(int) ([]float32, error) { return nil, broke }
	if r, err := run(t.Context(), b, c); !errors.Is(err, broke) || r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}

	for want, end := range map[domain.Reason]func() (context.Context, context.CancelFunc){
		domain.ReasonTimedOut: func() (context.Context, context.CancelFunc) {
			return context.WithDeadline(t.Context(), time.Unix(0, 0))
		},
		domain.ReasonCancelled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx, cancel
		},
	} {
		b = newBooth(t)
		c = newCapture(t, b, nil)
		ctx, cancel := end()
		r, err := run(ctx, b, c)
		cancel()
		if err != nil || r.Reason != want || r.OK() || r.Frames != nil {
			t.Errorf("%+v, %v; want %s", r, err, want)
		}
	}
}
