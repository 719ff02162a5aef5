package vision

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
)

// besides is where somebody small stands beside whoever is in the middle.
var besides = image.Rect(480, 120, 540, 180)

// twoFaces finds the person and a bystander, whom it misses now and then.
type twoFaces struct {
	oneFace
	n int
}

func (d *twoFaces) Detect(*image.RGBA) ([]Face, error) {
	d.n++
	faces := []Face{{Box: middle, Score: 1}}
	if d.n%3 != 0 {
		faces = append(faces, Face{Box: besides, Score: 0.3})
	}
	return faces, nil
}

// vectorOf encodes the face in the middle as v.
type vectorOf struct {
	fakeEncoder
	v []float32
}

func (e vectorOf) Encode(_ *image.RGBA, _ []byte, f Face) (Encoding, error) {
	if f.Box != middle {
		return Encoding{}, ErrNoFace
	}
	return Encoding{Vector: e.v}, nil
}

// decideOn runs a pipeline before one who looks like v until its first decision
// of the reason.
func decideOn(t *testing.T, v []float32, mayKeep func(domain.PersonID) bool, reason domain.Reason) domain.Decision {
	t.Helper()
	w := newWire()
	g := NewGallery(testRef, Euclidean, testDim)
	if err := g.Add("lucia", []float32{1, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	p, err := NewPipeline(PipelineOptions{
		Source: w, Decoder: GoDecoder{}, Detector: &twoFaces{}, Encoder: vectorOf{v: v}, Gallery: g,
		Analyser: DefaultAnalyserOptions(fakeEncoder{}), Clock: w.clock, Sink: w, MayKeep: mayKeep,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	defer func() {
		cancel()
		for range 3 { // what its goroutines still say is read
			select {
			case <-w.decisions:
			case <-done:
				return
			}
		}
	}()
	img := noise(640, 480, 128, 60)
	for {
		w.clock.Advance(100 * time.Millisecond)
		select {
		case w.frames <- Frame{At: w.clock.Now(), Raw: img, JPEG: []byte("as the camera sent it")}:
		case d := <-w.decisions:
			if d.Reason == reason {
				return d
			}
			continue
		}
		select {
		case d := <-w.decisions:
			if d.Reason == reason {
				return d
			}
		case <-w.scenes: // one frame at a time: each is analysed
		}
	}
}

func TestDecisionCarriesARedactedPicture(t *testing.T) {
	var asked atomic.Value
	d := decideOn(t, []float32{1, 0, 0, 0}, func(p domain.PersonID) bool { asked.Store(p); return true }, domain.ReasonRecognised)
	if asked.Load() != domain.PersonID("lucia") || d.Person != "lucia" || d.Latency < 0 {
		t.Fatalf("asked of %v; %+v", asked.Load(), d)
	}
	m, err := jpeg.Decode(bytes.NewReader(d.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	// The bystander is hidden, also in the frames in which the detector missed
	// them; the person is not.
	if kept, hidden := contrast(m, middle), contrast(m, besides); kept < 40 || hidden > 15 {
		t.Errorf("contrast %d in the person's face, %d in the bystander's", kept, hidden)
	}
}

// contrast is the range of the green in a part of a picture.
func contrast(m image.Image, r image.Rectangle) int {
	lo, hi := 255, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			_, g, _, _ := m.At(x, y).RGBA()
			lo, hi = min(lo, int(g>>8)), max(hi, int(g>>8))
		}
	}
	return hi - lo
}

func TestNoPictureOfThose(t *testing.T) {
	yes := func(domain.PersonID) bool { return true }
	for name, tc := range map[string]struct {
		vector []float32
		may    func(domain.PersonID) bool
		reason domain.Reason
	}{
		"unknown":             {[]float32{0, 0, 1, 0}, yes, domain.ReasonUnknown},
		"known, no consent":   {[]float32{1, 0, 0, 0}, func(domain.PersonID) bool { return false }, domain.ReasonRecognised},
		"known, not set up":   {[]float32{1, 0, 0, 0}, nil, domain.ReasonRecognised},
		"unknown, not set up": {[]float32{0, 0, 1, 0}, nil, domain.ReasonUnknown},
	} {
		if d := decideOn(t, tc.vector, tc.may, tc.reason); d.JPEG != nil {
			t.Errorf("%s: a picture of %d bytes", name, len(d.JPEG))
		}
	}
}

func TestBoxesHoldWhoWasMissed(t *testing.T) {
	s := newStage(t)
	lucia, other := actor{middle, []float32{1, 0, 0, 0}}, actor{besides, nil}
	s.play(500*time.Millisecond, lucia, other)
	if b := s.a.Boxes(); len(b) != 2 || !slices.Contains(b, middle) || !slices.Contains(b, besides) {
		t.Fatalf("boxes %v", b)
	}
	s.play(200*time.Millisecond, lucia) // the other is missed
	if b := s.a.Boxes(); len(b) != 2 || IoU(b[1], besides) < 0.8 {
		t.Fatalf("of somebody missed: %v", b)
	}
	if seen := s.a.Seen(); len(seen) != 2 {
		t.Fatalf("seen %v", seen)
	}
	s.play(time.Second, lucia)
	if b := s.a.Boxes(); len(b) != 1 {
		t.Fatalf("of somebody gone: %v", b)
	}
	// A flicker of a moment is nobody to talk to, but somebody to hide.
	s.play(100*time.Millisecond, lucia, other)
	if len(s.a.Boxes()) != 2 || len(s.a.Seen()) != 1 {
		t.Fatalf("a flicker: %v, %v", s.a.Boxes(), s.a.Seen())
	}
	s.a.Interrupt()
	if b := s.a.Boxes(); len(b) != 0 {
		t.Fatalf("after an interruption: %v", b)
	}
}

func TestSessionsTellWhoElseIsThere(t *testing.T) {
	small := image.Rect(560, 20, 600, 60)
	b := newBooth(t)
	crowd := func(of func() []SeenFace) func() []SeenFace {
		return func() []SeenFace {
			return append(of(), SeenFace{Track: 9, Fresh: true, Face: Face{Box: small}})
		}
	}
	v := newVerify(t, b, nil)
	if !b.show(10*time.Second, crowd(b.visitor(1))) || !v.result.Verified {
		t.Fatalf("%+v", v.result)
	}
	size := b.img.Rect.Size()
	if o := v.result.Others; len(o) != 1 || pixels(o[0], size) != small {
		t.Errorf("verified beside %v, want %v", o, small)
	}
	b = newBooth(t)
	c := newCapture(t, b, nil)
	if !b.show(15*time.Second, crowd(b.visitor(1))) || !c.result.OK() {
		t.Fatalf("%+v", c.result)
	}
	for _, f := range c.result.Frames {
		if len(f.Others) != 1 || pixels(f.Others[0], size) != small || pixels(f.Box, size) != boxed {
			t.Errorf("captured beside %v", f.Others)
		}
	}
	c.drop()
}

func TestSnapshotOfResults(t *testing.T) {
	img := noise(640, 480, 128, 60)
	size := img.Rect.Size()
	own, other := domain.RectIn(middle, size), domain.RectIn(besides, size)
	raw := encodeJPEG(t, img)
	v := VerifyResult{Verified: true, JPEG: raw, Box: own, Others: []domain.Rect{other}}
	f := CaptureFrame{JPEG: raw, Box: own, Others: []domain.Rect{other}}
	for name, take := range map[string]func(Decoder) ([]byte, error){"verified": v.Snapshot, "captured": f.Snapshot} {
		got, err := take(GoDecoder{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || m.Bounds() != img.Rect {
			t.Fatalf("%s: %v", name, err)
		}
		if kept, hidden := contrast(m, middle), contrast(m, besides); kept < 40 || hidden > 15 {
			t.Errorf("%s: contrast %d in the person's face, %d in the bystander's", name, kept, hidden)
		}
	}
	wrong := v
	wrong.Verified = false // somebody else's face: nobody consented to it
	none := v
	none.JPEG = nil
	for name, r := range map[string]VerifyResult{"not verified": wrong, "no frame": none} {
		if b, err := r.Snapshot(GoDecoder{}); !errors.Is(err, ErrNoPicture) || b != nil {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	broken := v
	broken.JPEG = []byte("not a picture")
	if b, err := broken.Snapshot(GoDecoder{}); !errors.Is(err, ErrPicture) || b != nil {
		t.Errorf("broken: %d bytes, %v", len(b), err)
	}
	crowd := v
	crowd.Others = slices.Repeat([]domain.Rect{other}, 100)
	if b, err := crowd.Snapshot(GoDecoder{}); err == nil || b != nil {
		t.Errorf("more faces than can be hidden: %d bytes, %v", len(b), err)
	}
}
