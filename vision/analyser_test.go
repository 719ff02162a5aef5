package vision

import (
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
)

// stage steps an Analyser through synthetic frames: a face is a box with
// texture, its "template" is whatever the stage says stands there.
type stage struct {
	t         *testing.T
	a         *Analyser
	g         *Gallery
	at        time.Time
	img       *image.RGBA
	scene     domain.Scene
	decisions []domain.Decision
	encodes   int
}

// actor is somebody in front of the stage's camera.
type actor struct {
	box    image.Rectangle
	vector []float32 // nil: the encoder finds no face
}

type fakeEncoder struct{ noEncoder }

func (fakeEncoder) Ref() domain.EncoderRef { return testRef }
func (fakeEncoder) Threshold() float64     { return 0.6 }

const testDim = 4

func newStage(t *testing.T) *stage {
	g := NewGallery(testRef, Euclidean, testDim)
	for id, v := range map[domain.PersonID][]float32{"lucia": {1, 0, 0, 0}, "mateo": {0, 1, 0, 0}} {
		if err := g.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{t: t, g: g, at: time.Unix(1000, 0), img: noise(640, 480, 128, 60)}
	s.a = NewAnalyser(DefaultAnalyserOptions(fakeEncoder{}), g, fakeEncoder{}, "fake")
	return s
}

// noise is a picture with texture of the given mean and amplitude.
func noise(w, h, mean, amp int) *image.RGBA {
	r := rand.New(rand.NewPCG(5, 6))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		v := uint8(mean - amp/2 + r.IntN(amp+1))
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = v, v, v, 255
	}
	return img
}

// play shows the actors for a time at ten frames a second.
func (s *stage) play(d time.Duration, actors ...actor) {
	s.t.Helper()
	for end := s.at.Add(d); s.at.Before(end); {
		s.at = s.at.Add(100 * time.Millisecond)
		pic := NewPicture(s.img, []byte("jpeg"), s.at)
		var faces []Face
		for _, a := range actors {
			faces = append(faces, Face{Box: a.box, Score: 1})
		}
		sc, ds := s.a.Observe(pic, faces)
		s.scene, s.decisions = sc, append(s.decisions, ds...)
		for {
			j, ok := s.a.Next()
			if !ok {
				break
			}
			s.encodes++
			var enc Encoding
			var err error = ErrNoFace
			for _, a := range actors {
				if a.box == j.Face.Box && a.vector != nil {
					enc, err = Encoding{Vector: a.vector}, nil
				}
			}
			sc, ds, lerr := s.a.Learn(j, enc, err)
			if lerr != nil {
				s.t.Fatal(lerr)
			}
			s.scene, s.decisions = sc, append(s.decisions, ds...)
			j.Picture.Release()
		}
	}
}

func (s *stage) events() (rs []domain.Reason) {
	for _, d := range s.decisions {
		if !d.Repeat {
			rs = append(rs, d.Reason)
		}
	}
	return rs
}

func (s *stage) wantEvents(want ...domain.Reason) {
	s.t.Helper()
	if got := s.events(); !slices.Equal(got, want) {
		s.t.Fatalf("events %v, want %v", got, want)
	}
}

var middle = image.Rect(250, 150, 370, 270)

func near(p []float32) []float32 { q := slices.Clone(p); q[3] += 0.3; return q }

func TestOneVisitIsOneEvent(t *testing.T) {
	s := newStage(t)
	lucia := actor{middle, near([]float32{1, 0, 0, 0})}
	s.play(10*time.Second, lucia)
	s.wantEvents(domain.ReasonRecognised)
	d := s.decisions[0]
	if d.Person != "lucia" || d.Distance > 0.31 || d.Distance < 0.29 || d.Votes < 3 || d.Second <= d.Distance || d.JPEG != nil {
		t.Fatalf("decision %+v", d)
	}
	if f := s.scene.Faces[0]; f.State != domain.FaceKnown || f.Person != "lucia" {
		t.Fatalf("scene %+v", s.scene)
	}
	// 10 s at a recheck every 3 s: the votes and about three looks again.
	if s.encodes < 5 || s.encodes > 8 {
		t.Fatalf("%d encodes in ten seconds", s.encodes)
	}
	s.play(5 * time.Second) // steps aside, and returns: the same visit
	s.play(5*time.Second, lucia)
	s.wantEvents(domain.ReasonRecognised)
	s.play(35 * time.Second)
	s.play(5*time.Second, lucia)
	s.wantEvents(domain.ReasonRecognised, domain.ReasonRecognised)
}

func TestOneStrangerIsOneEvent(t *testing.T) {
	s := newStage(t)
	stranger := actor{middle, []float32{0, 0, 1, 0}}
	s.play(6*time.Second, stranger)
	s.play(4 * time.Second)
	s.play(6*time.Second, stranger)
	s.wantEvents(domain.ReasonUnknown)
	s.play(4 * time.Second)
	s.play(6*time.Second, actor{middle, []float32{0, 0, 0, 1}}) // another one
	s.wantEvents(domain.ReasonUnknown, domain.ReasonUnknown)
}

func TestUnknownIsAVote(t *testing.T) {
	s := newStage(t)
	// One frame in two looks like Lucía: never enough.
	a, b := actor{middle, []float32{1, 0, 0, 0}}, actor{middle, []float32{0, 0, 1, 0}}
	for range 20 {
		s.play(100*time.Millisecond, a)
		s.play(100*time.Millisecond, b)
	}
	for _, d := range s.decisions {
		if d.Reason == domain.ReasonRecognised {
			t.Fatalf("recognised on half of the votes: %+v", d)
		}
	}
	s.play(held)
	s.wantEvents(domain.ReasonUndecided)
}

func TestMarginToTheSecondPerson(t *testing.T) {
	s := newStage(t)
	if err := s.g.Add("twin", []float32{1, 0.01, 0, 0}); err != nil {
		t.Fatal(err)
	}
	s.play(5*time.Second, actor{middle, near([]float32{1, 0, 0, 0})})
	for _, d := range s.decisions {
		if d.Person != "" {
			t.Fatalf("named one of two who look the same: %+v", d)
		}
	}
	s.play(held)
	s.wantEvents(domain.ReasonUndecided)
}

func TestAnotherFaceUnderTheSameTrack(t *testing.T) {
	s := newStage(t)
	s.play(5*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	s.play(8*time.Second, actor{middle, []float32{0, 1, 0, 0}})
	s.wantEvents(domain.ReasonRecognised, domain.ReasonRecognised)
	if f := s.scene.Faces[0]; f.Person != "mateo" {
		t.Fatalf("still shows %q", f.Person)
	}
}

func TestGateSaysWhy(t *testing.T) {
	for _, tc := range []struct {
		name   string
		img    *image.RGBA
		actors []actor
		reason domain.Reason
		guide  domain.Guide
	}{
		{"far", noise(640, 480, 128, 60), []actor{{image.Rect(300, 200, 340, 240), []float32{1, 0, 0, 0}}}, domain.ReasonTooSmall, domain.GuideCloser},
		{"dark", noise(640, 480, 20, 10), []actor{{middle, []float32{1, 0, 0, 0}}}, domain.ReasonTooDark, domain.GuideLight},
		{"flat", noise(640, 480, 128, 2), []actor{{middle, []float32{1, 0, 0, 0}}}, domain.ReasonTooBlurred, domain.GuideHoldStill},
		{"not a face", noise(640, 480, 128, 60), []actor{{middle, nil}}, domain.ReasonNoFace, domain.GuideNone},
		{"crowd", noise(640, 480, 128, 60), []actor{
			{middle, []float32{1, 0, 0, 0}}, {middle.Add(image.Pt(65, 0)), []float32{0, 1, 0, 0}},
		}, domain.ReasonSeveralFaces, domain.GuideOnePerson},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			s.img = tc.img
			s.play(4*time.Second, tc.actors...)
			if s.scene.Guide != tc.guide {
				t.Errorf("guide %q, want %q", s.scene.Guide, tc.guide)
			}
			s.wantEvents() // perhaps it is only the beginning of a visit
			s.play(held)
			s.wantEvents(tc.reason)
		})
	}
}

// held is over how long a decision about nobody waits for a better one.
const held = 35 * time.Second

func TestWhatComesBeforeADecisionIsTheSameVisit(t *testing.T) {
	s := newStage(t)
	lucia := []float32{1, 0, 0, 0}
	s.play(4*time.Second, actor{image.Rect(300, 200, 340, 240), lucia}) // far away
	s.play(1 * time.Second)
	s.play(4*time.Second, actor{middle, lucia})
	s.play(1 * time.Second)
	s.play(4*time.Second, actor{image.Rect(300, 200, 340, 240), lucia}) // and leaves
	s.play(2 * held)
	s.wantEvents(domain.ReasonRecognised)
}

func TestADecisionThatIsMendedSaysSo(t *testing.T) {
	s := newStage(t)
	s.play(time.Second, actor{middle, []float32{0, 0, 1, 0}}) // bad first frames
	s.play(8*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	s.wantEvents(domain.ReasonUnknown, domain.ReasonRecognised)
	if s.decisions[0].Revises || !s.decisions[1].Revises {
		t.Fatalf("decisions %+v", s.decisions)
	}
}

func TestFlushTellsWhatIsHeld(t *testing.T) {
	s := newStage(t)
	s.play(4*time.Second, actor{image.Rect(300, 200, 340, 240), nil})
	if ds := s.a.Flush(); len(ds) != 1 || ds[0].Reason != domain.ReasonTooSmall {
		t.Fatalf("at the end: %+v", ds)
	}
	if ds := s.a.Flush(); len(ds) != 0 {
		t.Fatalf("told twice: %+v", ds)
	}
}

func TestTwoStrangersUnderOneTrackAreTwo(t *testing.T) {
	s := newStage(t)
	s.play(5*time.Second, actor{middle, []float32{0, 0, 1, 0}})
	s.play(8*time.Second, actor{middle, []float32{0, 0, 0, 1}}) // stepped up within a moment
	s.wantEvents(domain.ReasonUnknown, domain.ReasonUnknown)
}

func TestDenied(t *testing.T) {
	s := newStage(t)
	wrong := actor{middle, near([]float32{1, 0, 0, 0})}
	s.play(3*time.Second, wrong)
	s.a.Deny(s.scene.Faces[0].Track, "lucia")
	s.play(5*time.Second, wrong)
	s.play(2 * time.Second) // another track
	s.play(5*time.Second, wrong)
	if f := s.scene.Faces[0]; f.State != domain.FaceUnknown {
		t.Fatalf("denied, and still %+v", f)
	}
	s.play(2 * time.Second)
	s.play(5*time.Second, actor{middle, []float32{1, -0.55, 0, 0}}) // the real one, in another light
	if got := s.events(); got[0] != domain.ReasonRecognised || got[len(got)-1] != domain.ReasonRecognised || s.decisions[len(s.decisions)-1].Repeat {
		t.Fatalf("the real one has no event of her own: %v", got)
	}
	s.play(held)
	if n := len(s.a.denials) + len(s.a.visitors) + len(s.a.visits); n != 0 {
		t.Fatalf("%d vectors or visits are kept in an empty lobby", n)
	}
}

func TestANameThatCannotBeConfirmedIsHidden(t *testing.T) {
	s := newStage(t)
	s.play(3*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	s.img = noise(640, 480, 20, 10) // too dark to look again
	s.play(3*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	if f := s.scene.Faces[0]; f.State != domain.FaceKnown {
		t.Fatalf("hidden too soon: %+v", f)
	}
	s.play(6*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	if f := s.scene.Faces[0]; f.State != domain.FaceReading || f.Person != "" {
		t.Fatalf("a name that could not be confirmed for ten seconds still stands: %+v", f)
	}
}

func TestAnEncoderThatFailsSaysNothingOfTheFace(t *testing.T) {
	s := newStage(t)
	for range 5 {
		s.at = s.at.Add(100 * time.Millisecond)
		s.a.Observe(NewPicture(s.img, nil, s.at), []Face{{Box: middle}})
		if j, ok := s.a.Next(); ok {
			sc, _, err := s.a.Learn(j, Encoding{}, errors.New("closed"))
			if err != nil || (len(sc.Faces) == 0 && s.a.order[0].Confirmed()) {
				t.Fatalf("the face vanished: %+v, %v", sc, err)
			}
		}
	}
}

func TestTurnedHeadsDoNotVote(t *testing.T) {
	s := newStage(t)
	s.at = s.at.Add(time.Second)
	var j Job
	for ok := false; !ok; {
		s.at = s.at.Add(100 * time.Millisecond)
		s.a.Observe(NewPicture(s.img, nil, s.at), []Face{{Box: middle}})
		j, ok = s.a.Next()
	}
	// Both eyes and the mouth far to one side of the nose: a profile.
	turned := []Point{{290, 190}, {310, 190}, {345, 215}, {292, 240}, {308, 240}}
	if p, ok := EstimatePose(turned); !ok || math.Abs(p.Yaw) < s.a.opts.Gate.MaxTurn {
		t.Fatalf("the landmarks are not turned: %+v", p)
	}
	if _, _, err := s.a.Learn(j, Encoding{Vector: []float32{1, 0, 0, 0}, Landmarks: turned}, nil); err != nil {
		t.Fatal(err)
	}
	if n := s.a.subjects[j.Track].ballot.total; n != 0 {
		t.Fatalf("%d votes of a turned head", n)
	}
}

func TestTwoPeopleApartAreBothRecognised(t *testing.T) {
	s := newStage(t)
	s.play(4*time.Second,
		actor{image.Rect(100, 150, 220, 270), []float32{1, 0, 0, 0}},
		actor{image.Rect(400, 150, 520, 270), []float32{0, 1, 0, 0}})
	s.wantEvents(domain.ReasonRecognised, domain.ReasonRecognised)
}

func TestForgetAndInterrupt(t *testing.T) {
	s := newStage(t)
	s.play(3*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	s.g.Remove("lucia")
	s.a.Forget("lucia")
	s.play(2*time.Second, actor{middle, []float32{1, 0, 0, 0}})
	if f := s.scene.Faces[0]; f.Person != "" {
		t.Fatalf("shows %q after erasure", f.Person)
	}
	sc, _ := s.a.Interrupt()
	if len(sc.Faces) != 0 {
		t.Fatal("faces are left after the camera was lost")
	}
}

func TestPicturesAreGivenBack(t *testing.T) {
	s := newStage(t)
	var pics []*Picture
	for range 30 {
		s.at = s.at.Add(100 * time.Millisecond)
		pic := NewPicture(s.img, nil, s.at)
		pics = append(pics, pic)
		s.a.Observe(pic, []Face{{Box: middle}})
		pic.Release()
		if len(pics)%7 == 0 {
			if j, ok := s.a.Next(); ok {
				if _, _, err := s.a.Learn(j, Encoding{Vector: []float32{1, 0, 0, 0}}, nil); err != nil {
					t.Fatal(err)
				}
				j.Picture.Release()
			}
		}
	}
	s.a.Interrupt()
	for i, p := range pics {
		if n := p.refs.Load(); n != 0 {
			t.Fatalf("picture %d has %d references left", i, n)
		}
	}
}

func TestTrackerFollowsThroughMissesAndCrossings(t *testing.T) {
	var tr Tracker
	at := time.Unix(0, 0)
	var ids []uint64
	for i := range 40 {
		at = at.Add(60 * time.Millisecond)
		var faces []Face
		if i%4 != 3 { // the detector misses one frame in four
			faces = []Face{{Box: image.Rect(0, 0, 100, 100).Add(image.Pt(20+i*10, 100))}}
		}
		alive, _ := tr.Update(at, faces)
		if len(alive) != 1 {
			t.Fatalf("frame %d: %d tracks", i, len(alive))
		}
		ids = append(ids, alive[0].ID)
	}
	if len(slices.Compact(ids)) != 1 {
		t.Fatalf("one walker got several tracks: %v", ids)
	}
	// Standing still: the filter settles on the box.
	for range 60 {
		at = at.Add(60 * time.Millisecond)
		tr.Update(at, []Face{{Box: image.Rect(400, 100, 500, 200)}})
	}
	alive, _ := tr.Update(at.Add(60*time.Millisecond), []Face{{Box: image.Rect(400, 100, 500, 200)}})
	if iou := IoU(alive[0].Box(), image.Rect(400, 100, 500, 200)); iou < 0.97 {
		t.Fatalf("box %v after a minute at rest", alive[0].Box())
	}
	alive, ended := tr.Update(at.Add(2*time.Second), nil)
	if len(alive) != 0 || len(ended) != 1 {
		t.Fatalf("alive %d, ended %d after two seconds of nobody", len(alive), len(ended))
	}
}
