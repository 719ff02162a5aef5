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

// booth steps a session through synthetic frames 60 ms apart: a face is a box of
// texture with the landmarks of a head turned as the test says.
type booth struct {
	t     *testing.T
	see   func(context.Context, Sighting) (bool, error)
	at    time.Time
	img   *image.RGBA
	enc   *boothEncoder
	pics  []*Picture
	said  []Progress
	views map[int]*image.RGBA // by the turn of the head in thousandths

	obey bool    // the person does what the session asks
	yaw  float64 // where their head is now
}

// boothEncoder encodes whoever the booth says is there.
type boothEncoder struct {
	noEncoder
	of func(n int) ([]float32, error)
	n  int
}

func always(v []float32) *boothEncoder {
	return &boothEncoder{of: func(int) ([]float32, error) { return v, nil }}
}

func (e *boothEncoder) Ref() domain.EncoderRef { return testRef }
func (e *boothEncoder) Threshold() float64     { return 0.6 }

func (e *boothEncoder) Encode(*image.RGBA, []byte, Face) (Encoding, error) {
	e.n++
	v, err := e.of(e.n)
	return Encoding{Vector: v}, err
}

// verdict is a PassiveLiveness that always says the same.
type verdict float64

func (verdict) Name() string                               { return "fake" }
func (verdict) Close() error                               { return nil }
func (v verdict) Score(*image.RGBA, Face) (float64, error) { return float64(v), nil }

var (
	lucia = []float32{1, 0, 0, 0}
	mateo = []float32{0, 1, 0, 0}
	boxed = image.Rect(260, 170, 380, 320) // around head()'s points
)

func newBooth(t *testing.T) *booth {
	return &booth{t: t, at: time.Unix(1000, 0), img: noise(640, 480, 128, 60), enc: always(lucia), obey: true, views: map[int]*image.RGBA{}}
}

// view is the head as it is turned now.
func (b *booth) view() *image.RGBA {
	k := int(math.Round(1000 * b.yaw))
	if b.views[k] == nil {
		b.views[k] = head(b.yaw, 0).paint(nil)
	}
	return b.views[k]
}

func (b *booth) options() SessionOptions {
	return SessionOptions{
		Encoder: b.enc, OnProgress: func(p Progress) { b.said = append(b.said, p) },
		Liveness: LivenessOptions{Mode: LivenessOff, IntN: func(int) int { return 0 }},
	}
}

// person is a face of the given track whose head is turned.
func person(track uint64, yaw float64) SeenFace {
	return SeenFace{Track: track, Fresh: true, Face: Face{Box: boxed, Score: 1, Landmarks: head(yaw, 0).marks()}}
}

// show plays frames until the session is done; faces says who is there.
func (b *booth) show(d time.Duration, faces func() []SeenFace) bool {
	b.t.Helper()
	for end := b.at.Add(d); b.at.Before(end); {
		b.at = b.at.Add(60 * time.Millisecond)
		seen := faces()
		pic := NewPicture(b.view(), []byte("jpeg"), b.at)
		b.pics = append(b.pics, pic)
		done, err := b.see(b.t.Context(), Sighting{Picture: pic, Faces: seen})
		pic.Release()
		if err != nil {
			b.t.Fatal(err)
		}
		if done {
			return true
		}
	}
	return false
}

// visitor is one person who does as they are told, at 40 degrees a second.
func (b *booth) visitor(track uint64) func() []SeenFace {
	return func() []SeenFace {
		goal := 0.0
		if b.obey && len(b.said) > 0 {
			switch b.said[len(b.said)-1].Guide {
			case domain.GuideTurn, domain.GuideTurnLeft:
				goal = 24 * deg
			case domain.GuideTurnRight:
				goal = -24 * deg
			}
		}
		step := 40 * deg * 0.06
		b.yaw += max(-step, min(step, goal-b.yaw))
		return []SeenFace{person(track, b.yaw)}
	}
}

func (b *booth) last() Progress {
	b.t.Helper()
	if len(b.said) == 0 {
		b.t.Fatal("no progress was told")
	}
	return b.said[len(b.said)-1]
}

// wantReleased checks that no picture is kept.
func (b *booth) wantReleased() {
	b.t.Helper()
	for i, p := range b.pics {
		if n := p.refs.Load(); n != 0 {
			b.t.Fatalf("picture %d of %d has %d references left", i, len(b.pics), n)
		}
	}
}

// guides are the hints in the order in which they were shown.
func (b *booth) guides() (out []domain.Guide) {
	for _, p := range b.said {
		if len(out) == 0 || out[len(out)-1] != p.Guide {
			out = append(out, p.Guide)
		}
	}
	return out
}

func TestFollowerHints(t *testing.T) {
	b := newBooth(t)
	at := func(box image.Rectangle) []SeenFace { return []SeenFace{{Track: 1, Fresh: true, Face: Face{Box: box}}} }
	small, second := boxed, person(2, 0)
	small.Max = small.Min.Add(image.Pt(60, 80))
	aside := person(1, 50*deg)
	far := SeenFace{Track: 3, Fresh: true, Face: Face{Box: image.Rect(20, 100, 70, 160)}}
	for name, tc := range map[string]struct {
		faces []SeenFace
		img   *image.RGBA
		want  domain.Guide
	}{
		"nobody":             {nil, b.img, domain.GuideStart},
		"good":               {[]SeenFace{person(1, 0)}, b.img, domain.GuideNone},
		"somebody far off":   {[]SeenFace{person(1, 0), far}, b.img, domain.GuideNone},
		"small":              {at(small), b.img, domain.GuideCloser},
		"too near":           {at(image.Rect(150, 20, 480, 460)), b.img, domain.GuideFarther},
		"to the side":        {at(boxed.Add(image.Pt(150, 0))), b.img, domain.GuideCentre},
		"low":                {at(boxed.Add(image.Pt(0, 130))), b.img, domain.GuideCentre},
		"over the edge":      {at(image.Rect(-20, 170, 100, 320)), b.img, domain.GuideCentre},
		"two":                {[]SeenFace{person(1, 0), second}, b.img, domain.GuideOnePerson},
		"dark":               {at(boxed), noise(640, 480, 20, 10), domain.GuideLight},
		"blurred":            {at(boxed), noise(640, 480, 128, 2), domain.GuideHoldStill},
		"turned far aside":   {[]SeenFace{aside}, b.img, domain.GuideLookAhead},
		"not found just now": {[]SeenFace{{Track: 1, Face: Face{Box: boxed}}}, b.img, domain.GuideStart},
	} {
		f := follower{gate: DefaultGate()}
		pic := NewPicture(tc.img, nil, b.at)
		if k := f.see(Sighting{Picture: pic, Faces: tc.faces}); k.guide != tc.want || k.fits() != (tc.want == domain.GuideNone) {
			t.Errorf("%s: %q, fits %v; want %q", name, k.guide, k.fits(), tc.want)
		}
	}
}

func TestFollowerResets(t *testing.T) {
	type step struct {
		after time.Duration
		faces []SeenFace
		want  ResetReason
	}
	missed := SeenFace{Track: 1, Face: Face{Box: boxed}}
	for name, steps := range map[string][]step{
		"stays":                  {{0, []SeenFace{person(1, 0)}, ResetNone}, {100, []SeenFace{person(1, 0)}, ResetNone}},
		"missed for a moment":    {{0, []SeenFace{person(1, 0)}, ResetNone}, {300, nil, ResetNone}, {300, []SeenFace{person(1, 0)}, ResetNone}},
		"leaves":                 {{0, []SeenFace{person(1, 0)}, ResetNone}, {800, nil, ResetLeft}, {100, nil, ResetNone}},
		"another in their place": {{0, []SeenFace{person(1, 0)}, ResetNone}, {100, []SeenFace{person(2, 0)}, ResetLeft}},
		"another while missed":   {{0, []SeenFace{person(1, 0)}, ResetNone}, {100, []SeenFace{person(2, 0), missed}, ResetNone}},
		"joined":                 {{0, []SeenFace{person(1, 0)}, ResetNone}, {100, []SeenFace{person(1, 0), person(2, 0)}, ResetCompany}, {100, []SeenFace{person(1, 0), person(2, 0)}, ResetNone}},
		"camera away":            {{0, []SeenFace{person(1, 0)}, ResetNone}, {5000, []SeenFace{person(1, 0)}, ResetLeft}},
	} {
		f := follower{gate: DefaultGate()}
		at, img := time.Unix(1000, 0), noise(640, 480, 128, 60)
		for i, s := range steps {
			at = at.Add(s.after * time.Millisecond)
			if k := f.see(Sighting{Picture: NewPicture(img, nil, at), Faces: s.faces}); k.reset != s.want {
				t.Errorf("%s, step %d: reset %q, want %q", name, i, k.reset, s.want)
			}
		}
	}
}

// A face that trembles about a limit is told one thing, not two in turn.
func TestHintsHaveHysteresis(t *testing.T) {
	b := newBooth(t)
	c := newCapture(t, b, nil)
	i := 0
	b.show(6*time.Second, func() []SeenFace {
		i++
		side := DefaultGate().MinFace - 3 + 6*((i/9)%2) // half a second each
		return []SeenFace{{Track: 1, Fresh: true, Face: Face{Box: image.Rect(320-side/2, 240-side/2, 320+side/2, 240+side/2)}}}
	})
	if g := b.guides(); len(g) > 2 {
		t.Errorf("hints %v", g)
	}
	c.drop()
}

func TestSessionRefusesBadOptions(t *testing.T) {
	enc := always(lucia)
	for name, o := range map[string]SessionOptions{
		"no encoder": {},
		"mode":       {Encoder: enc, Liveness: LivenessOptions{Mode: "maybe"}},
		"score":      {Encoder: enc, Liveness: LivenessOptions{MinScore: 2}},
		"score NaN":  {Encoder: enc, Liveness: LivenessOptions{MinScore: math.NaN()}},
		"frames":     {Encoder: enc, Liveness: LivenessOptions{PassiveFrames: -1}},
		"gesture":    {Encoder: enc, Liveness: LivenessOptions{Gestures: []Gesture{"dance"}}},
		"timeout":    {Encoder: enc, Liveness: LivenessOptions{Timeout: time.Millisecond}},
	} {
		if _, err := NewCaptureSession(CaptureOptions{SessionOptions: o}); !errors.Is(err, ErrSession) {
			t.Errorf("capture, %s: %v", name, err)
		}
		if _, err := NewVerifySession(VerifyOptions{SessionOptions: o, Templates: [][]float32{lucia}}); !errors.Is(err, ErrSession) {
			t.Errorf("verify, %s: %v", name, err)
		}
	}
	good := SessionOptions{Encoder: enc}
	for name, o := range map[string]CaptureOptions{
		"spread":   {SessionOptions: good, MaxSpread: -1},
		"patience": {SessionOptions: good, Patience: -1},
		"attempts": {SessionOptions: good, Attempts: -1},
	} {
		if _, err := NewCaptureSession(o); !errors.Is(err, ErrSession) {
			t.Errorf("capture, %s: %v", name, err)
		}
	}
	for name, o := range map[string]VerifyOptions{
		"no template":   {SessionOptions: good},
		"of two sizes":  {SessionOptions: good, Templates: [][]float32{lucia, {1}}},
		"NaN":           {SessionOptions: good, Templates: [][]float32{{float32(math.NaN())}}},
		"threshold":     {SessionOptions: good, Templates: [][]float32{lucia}, Threshold: math.Inf(1)},
		"no votes":      {SessionOptions: good, Templates: [][]float32{lucia}, Votes: -1},
		"votes too few": {SessionOptions: good, Templates: [][]float32{lucia}, Votes: 3, MaxVotes: 2},
	} {
		if _, err := NewVerifySession(o); !errors.Is(err, ErrSession) {
			t.Errorf("verify, %s: %v", name, err)
		}
	}
}
