package widgets

import (
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/ui/theme"
)

var start = time.Date(2026, 3, 4, 10, 30, 0, 0, time.UTC)

func style(w, h float32) theme.Style {
	return theme.Style{Palette: theme.Light(), Metrics: theme.MetricsFor(fyne.NewSize(w, h))}
}

func newLive(t *testing.T) (*LiveView, *domaintest.Clock) {
	t.Helper()
	test.NewTempApp(t)
	clock := domaintest.NewClock(start)
	v := NewLiveView(style(1280, 800), clock.Now)
	test.NewTempWindow(t, v)
	v.Resize(fyne.NewSize(800, 600))
	return v, clock
}

func face(track uint64, x float64, s domain.FaceState, label string) domain.SceneFace {
	return domain.SceneFace{Track: track, State: s, Label: label, Box: domain.Rect{X: x, Y: 0.4, W: 0.2, H: 0.25}}
}

func scene(f ...domain.SceneFace) domain.Scene {
	return domain.Scene{Size: image.Pt(640, 480), Faces: f}
}

func (v *LiveView) visibleRings() (out []*ring) {
	for _, r := range v.rings {
		if r.line.Visible() {
			out = append(out, r)
		}
	}
	return out
}

func TestPictureIsCopiedOnceAndReused(t *testing.T) {
	v, _ := newLive(t)
	img := numbered(64, 48)
	if !v.ShowPicture(img) || !v.HasPicture() {
		t.Fatal("the picture is not shown")
	}
	first := v.picture.Image
	if got := first.(*image.RGBA).RGBAAt(0, 0); got != img.RGBAAt(63, 0) {
		t.Errorf("top left is %v: not mirrored", got)
	}
	if first == image.Image(img) {
		t.Error("the camera's own buffer is on the screen")
	}
	if !v.ShowPicture(img) || v.picture.Image != first {
		t.Error("the upload buffer is not used again")
	}
	v.Resize(fyne.Size{})
	if v.ShowPicture(img) {
		t.Error("a view of no size shows a picture")
	}
	if v.ShowPicture(nil) {
		t.Error("nil is a picture")
	}
}

func TestBlankForgets(t *testing.T) {
	v, clock := newLive(t)
	v.ShowPicture(numbered(64, 48))
	v.ShowScene(scene(face(1, 0.4, domain.FaceKnown, "Lucía")))
	clock.Advance(time.Second)
	v.ShowPicture(numbered(64, 48))
	if len(v.visibleRings()) != 1 {
		t.Fatal("no ring")
	}
	v.SetBlank(true)
	if v.HasPicture() || v.picture.Visible() || v.picture.Image != nil || len(v.visibleRings()) != 0 || !v.icon.Visible() {
		t.Error("the last picture still stands there")
	}
	if v.ShowPicture(numbered(64, 48)) {
		t.Error("a picture while there is none")
	}
	v.ShowScene(scene(face(1, 0.4, domain.FaceKnown, "Lucía")))
	if len(v.visibleRings()) != 0 {
		t.Error("a ring on no picture")
	}
	v.SetBlank(false)
	if !v.ShowPicture(numbered(64, 48)) || v.icon.Visible() {
		t.Error("the picture does not come back")
	}
}

func TestRingMovesSmoothlyAndFadesOut(t *testing.T) {
	v, clock := newLive(t)
	img := numbered(640, 480)
	v.ShowPicture(img)
	v.ShowScene(scene(face(1, 0.2, domain.FaceSeen, "")))
	clock.Advance(moveTime)
	v.ShowPicture(img)
	at := func() float32 { r := v.visibleRings()[0]; return r.line.Position().X + r.line.Size().Width/2 }
	left := at()

	v.ShowScene(scene(face(1, 0.6, domain.FaceSeen, ""))) // mirrored: to the left
	var seen []float32
	for range 5 {
		clock.Advance(moveTime / 5)
		v.ShowPicture(img)
		seen = append(seen, at())
	}
	if want := float32((1 - 0.7) * 800); abs(seen[4]-want) > 1 {
		t.Errorf("the ring is at %v, want %v", seen[4], want)
	}
	before, step := left, float32(1e9)
	for i, x := range seen {
		if before-x <= 0 || before-x > step {
			t.Errorf("step %d goes from %v to %v after a step of %v: not eased out", i, before, x, step)
		}
		before, step = x, before-x
	}

	v.ShowScene(scene())
	clock.Advance(moveTime / 2)
	v.ShowPicture(img)
	r := v.visibleRings()
	if len(r) != 1 || r[0].shown <= 0 || r[0].shown >= 1 {
		t.Fatalf("half way out: %v", r)
	}
	clock.Advance(moveTime)
	v.ShowPicture(img)
	if n := len(v.visibleRings()); n != 0 {
		t.Errorf("%d rings after the face left", n)
	}
}

func TestRingTellsTheState(t *testing.T) {
	v, clock := newLive(t)
	img := numbered(640, 480)
	st := v.style
	v.ShowPicture(img)
	for _, c := range []struct {
		state domain.FaceState
		label string
		want  any
		arc   bool
	}{
		{domain.FaceSeen, "", st.RingMuted, false},
		{domain.FaceReading, "", st.RingMuted, true},
		{domain.FaceKnown, "Lucía", st.RingOK, false},
		{domain.FaceUnknown, "Visitante", st.Accent, false},
		{domain.FaceState("from the future"), "", st.RingMuted, false},
	} {
		v.ShowScene(scene(face(1, 0.4, c.state, c.label)))
		clock.Advance(moveTime)
		v.ShowPicture(img)
		r := v.visibleRings()[0]
		if r.line.StrokeColor != c.want || r.arc.Visible() != c.arc {
			t.Errorf("%s: line %v, arc %v, want %v, %v", c.state, r.line.StrokeColor, r.arc.Visible(), c.want, c.arc)
		}
		if r.pill.Visible() != (c.label != "") || r.name.Text != c.label {
			t.Errorf("%s: pill %v with %q, want %q", c.state, r.pill.Visible(), r.name.Text, c.label)
		}
	}
}

func TestReadingFills(t *testing.T) {
	v, clock := newLive(t)
	img := numbered(640, 480)
	v.ShowPicture(img)
	v.ShowScene(scene(face(1, 0.4, domain.FaceReading, "")))
	last := float32(0)
	for range 12 {
		clock.Advance(readTime / 10)
		v.ShowScene(scene(face(1, 0.4, domain.FaceReading, "")))
		v.ShowPicture(img)
		end := v.visibleRings()[0].arc.EndAngle
		if end < last {
			t.Fatalf("the arc goes back from %v to %v", last, end)
		}
		last = end
	}
	if last != 360 {
		t.Errorf("the arc ends at %v", last)
	}
}

func TestCrowdIsBounded(t *testing.T) {
	v, clock := newLive(t)
	v.ShowPicture(numbered(640, 480))
	var crowd []domain.SceneFace
	for i := range 200 {
		crowd = append(crowd, face(uint64(i), float64(i%8)/10, domain.FaceSeen, ""))
	}
	v.ShowScene(scene(crowd...))
	clock.Advance(moveTime)
	v.ShowPicture(numbered(640, 480))
	if n := len(v.visibleRings()); n != MaxRings {
		t.Errorf("%d rings, want %d", n, MaxRings)
	}
}

func TestNameStaysOffTheFace(t *testing.T) {
	view, size := fyne.NewSize(800, 500), fyne.NewSize(160, 44)
	for _, c := range []struct {
		name   string
		x, y   float32
		radius float32
		face   area
		want   string
	}{
		{"under", 400, 200, 100, area{330, 130, 140, 140}, "under"},
		{"over, at the foot of the picture", 400, 440, 100, area{330, 340, 140, 200}, "over"},
		{"beside, where it fills the height", 300, 250, 240, area{200, 0, 200, 500}, "right"},
		{"at the left, near the right edge", 690, 250, 240, area{560, 0, 240, 500}, "left"},
		{"nowhere", 400, 250, 400, area{0, 0, 800, 500}, ""},
	} {
		at, ok := placeName(c.x, c.y, c.radius, size, view, c.face)
		if !ok {
			if c.want != "" {
				t.Errorf("%s: no place", c.name)
			}
			continue
		}
		box := area{at.X, at.Y, size.Width, size.Height}
		if box.meets(c.face) || at.X < 0 || at.Y < 0 || at.X+size.Width > view.Width || at.Y+size.Height > view.Height {
			t.Errorf("%s: at %v", c.name, at)
		}
		got := "under"
		switch {
		case at.Y+size.Height <= c.face.Y:
			got = "over"
		case at.X >= c.face.X+c.face.W:
			got = "right"
		case at.X+size.Width <= c.face.X:
			got = "left"
		}
		if got != c.want {
			t.Errorf("%s: %s of the face, want %s", c.name, got, c.want)
		}
	}
	if _, ok := placeName(400, 200, 50, fyne.NewSize(900, 44), view, area{}); ok {
		t.Error("a name wider than the view has a place")
	}
}

func TestLongNameIsCut(t *testing.T) {
	v, clock := newLive(t)
	v.ShowPicture(numbered(640, 480))
	long := ""
	for range 80 {
		long += "W"
	}
	v.ShowScene(scene(face(1, 0.4, domain.FaceKnown, long)))
	clock.Advance(moveTime)
	v.ShowPicture(numbered(640, 480))
	r := v.visibleRings()[0]
	if !r.pill.Visible() || r.pill.Size().Width > 450 || r.name.Text == long {
		t.Errorf("pill %v of %v with %q", r.pill.Visible(), r.pill.Size(), r.name.Text)
	}
}

func TestIconsAreDrawn(t *testing.T) {
	test.NewTempApp(t)
	img := NewIcon("camera", theme.Light().Brand, 24)
	test.NewTempWindow(t, img)
	img.Resize(fyne.NewSquareSize(24))
	if img.Image == nil {
		t.Fatal("nothing is drawn")
	}
	before := img.Resource.Name()
	setIcon(img, "camera", theme.Light().Brand)
	if img.Resource.Name() != before {
		t.Error("the same icon is drawn anew")
	}
	setIcon(img, "camera", theme.Light().Stop)
	if img.Resource.Name() == before {
		t.Error("another colour has the same name: Fyne would show the old one")
	}
	if got := NewIcon("no such icon", theme.Light().Ink, 24); got.Resource == nil {
		t.Error("an unknown icon is no resource at all")
	}
}

func abs(f float32) float32 { return max(f, -f) }
