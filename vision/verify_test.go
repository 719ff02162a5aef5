package vision

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"
	"time"

	"agentid/app/domain"
)

func newVerify(t *testing.T, b *booth, change func(*VerifyOptions)) *VerifySession {
	t.Helper()
	o := VerifyOptions{SessionOptions: b.options(), Templates: [][]float32{{0, 0, 0, 9}, lucia}}
	if change != nil {
		change(&o)
	}
	v, err := NewVerifySession(o)
	if err != nil {
		t.Fatal(err)
	}
	b.see = v.see
	return v
}

func TestVerifyDecides(t *testing.T) {
	for name, tc := range map[string]struct {
		of    func(n int) ([]float32, error)
		want  domain.Reason
		votes int // for it
		least int // frames compared
		at    float64
	}{
		"the person":       {func(int) ([]float32, error) { return near(lucia), nil }, domain.ReasonRecognised, 3, 3, 0.3},
		"somebody else":    {func(int) ([]float32, error) { return mateo, nil }, domain.ReasonWrongFace, 5, 5, math.Sqrt2},
		"now and then":     {func(n int) ([]float32, error) { return [][]float32{lucia, mateo}[n%2], nil }, domain.ReasonUndecided, 9, 20, 0},
		"a poor frame":     {func(n int) ([]float32, error) { return [][]float32{lucia, mateo, lucia, lucia}[n%4], nil }, domain.ReasonRecognised, 3, 4, 0},
		"not always found": {func(n int) ([]float32, error) { return lucia, map[bool]error{true: ErrNoFace}[n%2 == 0] }, domain.ReasonRecognised, 3, 3, 0},
	} {
		b := newBooth(t)
		b.enc.of = tc.of
		v := newVerify(t, b, nil)
		if !b.show(10*time.Second, b.visitor(1)) {
			t.Errorf("%s: no decision: %+v", name, b.last())
			continue
		}
		r := v.result
		if r.Reason != tc.want || r.Verified != (tc.want == domain.ReasonRecognised) || r.Votes != tc.votes || r.Frames != tc.least {
			t.Errorf("%s: %+v", name, r)
		}
		if math.Abs(r.Distance-tc.at) > 1e-6 || r.Threshold != 0.6 || r.Metric != Euclidean || r.JPEG == nil || r.Quality <= 0 || r.At.IsZero() || r.Box.W <= 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Liveness.Reason != LivenessNotAsked {
			t.Errorf("%s: liveness %+v", name, r.Liveness)
		}
		b.wantReleased()
	}
}

func TestVerifyHasAThresholdOfItsOwn(t *testing.T) {
	b := newBooth(t)
	b.enc.of = func(int) ([]float32, error) { return near(lucia), nil } // 0.3 away
	v := newVerify(t, b, func(o *VerifyOptions) { o.Threshold = 0.29 })
	if !b.show(10*time.Second, b.visitor(1)) || v.result.Reason != domain.ReasonWrongFace || v.result.Threshold != 0.29 {
		t.Fatalf("%+v", v.result)
	}
}

func TestVerifyLiveness(t *testing.T) {
	for name, tc := range map[string]struct {
		mode    LivenessMode
		passive PassiveLiveness
		obey    bool
		want    domain.Reason
		live    LivenessReason
	}{
		"either, content":                     {LivenessEither, verdict(0.9), false, domain.ReasonRecognised, LivePassive},
		"either, in doubt, does the gesture":  {LivenessEither, verdict(0.1), true, domain.ReasonRecognised, LiveGesture},
		"either, in doubt, does nothing":      {LivenessEither, verdict(0.1), false, domain.ReasonNotLive, NotLiveTimeout},
		"either, no models, does the gesture": {LivenessEither, nil, true, domain.ReasonRecognised, LiveGesture},
		"either, no models, does nothing":     {LivenessEither, nil, false, domain.ReasonNotLive, NotLiveTimeout},
		"both, does the gesture":              {LivenessBoth, verdict(0.9), true, domain.ReasonRecognised, LiveBoth},
		"both, in doubt":                      {LivenessBoth, verdict(0.1), true, domain.ReasonNotLive, NotLivePassive},
		"both, does nothing":                  {LivenessBoth, verdict(0.9), false, domain.ReasonNotLive, NotLiveTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooth(t)
			b.obey = tc.obey
			v := newVerify(t, b, func(o *VerifyOptions) { o.Liveness.Mode, o.Liveness.Passive = tc.mode, tc.passive })
			if !b.show(30*time.Second, b.visitor(1)) {
				t.Fatalf("no decision: %+v", b.last())
			}
			r := v.result
			if r.Reason != tc.want || r.Verified != r.Liveness.Live || r.Liveness.Reason != tc.live {
				t.Fatalf("%+v", r)
			}
			if s, ok := tc.passive.(verdict); ok && math.Abs(r.Liveness.Score-float64(s)) > 1e-9 {
				t.Errorf("score %v, want %v", r.Liveness.Score, s)
			}
			b.wantReleased()
		})
	}
}

// While undecided there is no yes: not after a vote, not before the gesture,
// not when the time is up.
func TestVerifyNeverSaysYesWhileUndecided(t *testing.T) {
	b := newBooth(t)
	b.obey = false
	v := newVerify(t, b, func(o *VerifyOptions) { o.Liveness.Mode = LivenessBoth })
	b.show(3*time.Second, b.visitor(1)) // agreed, but no gesture
	if !v.sure || b.last().Gesture == "" {
		t.Fatalf("sure %v, %+v", v.sure, b.last())
	}
	for err, want := range map[error]domain.Reason{context.DeadlineExceeded: domain.ReasonTimedOut, context.Canceled: domain.ReasonCancelled} {
		r, _ := ended(err)
		v.conclude(r, outcome{})
		if v.result.Verified || v.result.Reason != want || v.result.Liveness.Live {
			t.Errorf("%v: %+v", err, v.result)
		}
	}
}

func TestVerifyRunEndsWithItsContext(t *testing.T) {
	b := newBooth(t)
	v := newVerify(t, b, nil)
	pic := NewPicture(b.img, nil, b.at)
	v.Watch(Sighting{Picture: pic, Faces: []SeenFace{person(1, 0)}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := v.Run(ctx)
	if err != nil || r.Verified || r.Reason != domain.ReasonCancelled || r.Threshold != 0.6 {
		t.Fatalf("%+v, %v", r, err)
	}
	v.Watch(Sighting{Picture: pic}) // late: nobody takes it any more
	pic.Release()
	if n := pic.refs.Load(); n != 0 {
		t.Fatalf("%d references left", n)
	}

	b = newBooth(t)
	broke := errors.New("the net broke")
	b.enc.of = func(int) ([]float32, error) { return nil, broke }
	v = newVerify(t, b, nil)
	pic = NewPicture(b.img, nil, b.at)
	v.Watch(Sighting{Picture: pic, Faces: []SeenFace{person(1, 0)}})
	if r, err := v.Run(t.Context()); !errors.Is(err, broke) || r.Verified {
		t.Fatalf("%+v, %v", r, err)
	}
	// A template of another encoder is no vote.
	b = newBooth(t)
	b.enc.of = func(int) ([]float32, error) { return []float32{1, 0}, nil }
	v = newVerify(t, b, nil)
	v.Watch(Sighting{Picture: NewPicture(b.img, nil, b.at), Faces: []SeenFace{person(1, 0)}})
	if _, err := v.Run(t.Context()); !errors.Is(err, ErrTemplate) {
		t.Fatalf("%v", err)
	}
}

// Another face for the gesture than for the comparison, under one track: the
// frames while and after the gesture must be the person's too.
func TestVerifyBindsGestureToFace(t *testing.T) {
	for name, swap := range map[string]func(b *booth, v *VerifySession) bool{
		// An impostor's own head as soon as the photo has been believed.
		"from the gesture on": func(b *booth, v *VerifySession) bool { return v.sure },
		// The photo comes back once the gesture is done.
		"for the gesture only": func(b *booth, v *VerifySession) bool { return v.sure && !v.live.decided() },
	} {
		b := newBooth(t)
		v := newVerify(t, b, func(o *VerifyOptions) { o.Liveness.Mode = LivenessBoth })
		b.enc.of = func(int) ([]float32, error) {
			if swap(b, v) {
				return mateo, nil
			}
			return lucia, nil
		}
		b.show(60*time.Second, b.visitor(1))
		if v.result.Verified || v.result.Reason == "" {
			t.Errorf("%s: %+v", name, v.result)
		}
	}
}

func TestVerifyBeginsAgain(t *testing.T) {
	b := newBooth(t)
	v := newVerify(t, b, nil)
	b.show(200*time.Millisecond, b.visitor(1))
	if v.ballot.total == 0 {
		t.Fatal("no vote")
	}
	// Somebody else steps in, with the votes of the first not counted for them.
	b.enc.of = always(mateo).of
	if !b.show(10*time.Second, b.visitor(2)) || v.result.Reason != domain.ReasonWrongFace || v.result.Resets != 1 {
		t.Fatalf("%+v", v.result)
	}

	// Who leaves while a gesture is asked has answered.
	b = newBooth(t)
	b.obey = false
	v = newVerify(t, b, func(o *VerifyOptions) { o.Liveness.Mode = LivenessBoth })
	b.show(2*time.Second, b.visitor(1))
	if b.last().Gesture == "" {
		t.Fatalf("nothing asked: %+v", b.last())
	}
	if !b.show(2*time.Second, func() []SeenFace { return nil }) || v.result.Reason != domain.ReasonNotLive {
		t.Fatalf("%+v", v.result)
	}
}

// A live face that is somebody else's lends its life to nobody: a picture of
// the person put in its place is judged by itself.
func TestVerifyProofOfLifeIsThePersonsOwn(t *testing.T) {
	b := newBooth(t)
	own := 3 // frames of the one who holds the picture
	b.enc.of = func(n int) ([]float32, error) {
		if n <= own {
			return mateo, nil
		}
		return lucia, nil
	}
	seen := 0
	live := scorer(func() float64 { // only the flesh passes
		seen++
		if b.enc.n <= own {
			return 0.95
		}
		return 0.05
	})
	b.obey = false
	v := newVerify(t, b, func(o *VerifyOptions) { o.Liveness.Mode, o.Liveness.Passive = LivenessEither, live })
	if !b.show(30*time.Second, b.visitor(1)) {
		t.Fatalf("no decision: %+v", b.last())
	}
	if r := v.result; r.Verified || r.Reason != domain.ReasonNotLive {
		t.Fatalf("%+v", r)
	}
	if seen == 0 {
		t.Fatal("nothing was scored")
	}
}

type scorer func() float64

func (s scorer) Name() string                             { return "scorer" }
func (s scorer) Score(*image.RGBA, Face) (float64, error) { return s(), nil }
func (s scorer) Close() error                             { return nil }
