package widgets

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/assets"
)

func newPad(t *testing.T) (*PINPad, *alarms, *[]string) {
	t.Helper()
	test.NewTempApp(t)
	a := &alarms{now: start}
	done := &[]string{}
	p := NewPINPad(style(1280, 800), 6, PINWords{"Elija un PIN", "De 6 números", "Faltan números"}, words, a.later, a.clock, nil)
	p.OnDone = func(pin string) { *done = append(*done, pin) }
	test.NewTempWindow(t, p)
	p.Resize(fyne.NewSize(1216, 496))
	return p, a, done
}

func (p *PINPad) filled() (n int) {
	for _, d := range p.dots {
		if d.FillColor == p.style.Brand {
			n++
		}
	}
	return n
}

func TestPINPad(t *testing.T) {
	p, a, done := newPad(t)
	d := desk{alarms: a, k: p.pad}
	touch := func(s string) {
		for _, r := range s {
			d.tap(d.at(t, string(r)))
		}
	}
	touch("4938")
	if p.Digits() != 4 || p.filled() != 4 {
		t.Errorf("%d digits, %d dots", p.Digits(), p.filled())
	}
	d.tap(d.of(t, keyEnter))
	if p.Problem() != "Faltan números" || p.Digits() != 4 || len(*done) != 0 {
		t.Errorf("too short: %q, %d digits left, done %v", p.Problem(), p.Digits(), *done)
	}
	d.tap(d.of(t, keyBackspace))
	touch("21799") // the last one is too many
	if p.Problem() != "" || p.filled() != 6 {
		t.Errorf("%q, %d dots", p.Problem(), p.filled())
	}
	d.tap(d.of(t, keyEnter))
	if !slices.Equal(*done, []string{"493217"}) || p.Digits() != 0 || p.filled() != 0 {
		t.Errorf("done %v, %d digits kept", *done, p.Digits())
	}
	for _, r := range "a1 2\x003456" {
		p.TypedRune(r)
	}
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	p.TypedRune('9')
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !slices.Equal((*done)[1:], []string{"123459"}) {
		t.Errorf("typed: %v", (*done)[1:])
	}
	touch("12")
	p.SetProblem("Ese no es el PIN.")
	if p.Digits() != 0 || p.filled() != 0 || p.Problem() == "" || !p.sign.Visible() {
		t.Errorf("after a wrong one: %d digits, %q", p.Digits(), p.Problem())
	}
	touch("12")
	p.SetWords(PINWords{Title: "Otra vez"})
	if p.Digits() != 0 || p.Problem() != "" || p.title.Content() != "Otra vez" {
		t.Errorf("asked again: %d digits, %q, %q", p.Digits(), p.Problem(), p.title.Content())
	}
	touch("12")
	kept := p.pin.runes[:2]
	p.Stop()
	if p.Digits() != 0 || kept[0] != 0 || kept[1] != 0 {
		t.Errorf("the digits %v are kept", kept)
	}
}

// texts are the words that are seen of an object.
func texts(o fyne.CanvasObject) (out []string) {
	if !o.Visible() {
		return nil
	}
	switch o := o.(type) {
	case *Text:
		return []string{o.Content()}
	case *canvas.Text:
		return []string{o.Text}
	case *fyne.Container:
		for _, c := range o.Objects {
			out = append(out, texts(c)...)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			out = append(out, texts(c)...)
		}
	}
	return out
}

func TestStepRailSaysWhereOneIs(t *testing.T) {
	test.NewTempApp(t)
	names := []string{"Idioma y aviso", "Datos", "Consentimiento", "Rostro", "PIN", "Credencial"}
	for _, c := range []struct {
		w, h, width float32
		full        bool
	}{{1280, 800, 1216, true}, {1920, 1080, 1856, true}, {800, 480, 768, false}, {1080, 1920, 1000, false}} {
		r := NewStepRail(style(c.w, c.h), names, 2, "Paso 3 de 6: Consentimiento")
		test.NewTempWindow(t, r.Object())
		r.Object().Resize(fyne.NewSize(c.width, r.Height()))
		seen := strings.Join(texts(r.Object()), "|")
		want := "Idioma y aviso|Datos|3|Consentimiento|4|Rostro|5|PIN|6|Credencial"
		if !c.full {
			want = "Paso 3 de 6: Consentimiento"
		}
		if r.Full() != c.full || seen != want {
			t.Errorf("%vx%v: full %v, %q, want %q", c.w, c.h, r.Full(), seen, want)
		}
		var end float32
		for _, n := range r.names {
			if r.Full() {
				if n.Position().X < end {
					t.Errorf("%vx%v: %q is over what is before it", c.w, c.h, n.Text)
				}
				end = n.Position().X + n.MinSize().Width
			}
		}
		if end > c.width+0.5 {
			t.Errorf("%vx%v: it ends at %v of %v", c.w, c.h, end, c.width)
		}
	}
}

func TestConsentIsEqualAndClearWithoutColour(t *testing.T) {
	test.NewTempApp(t)
	w := ConsentWords{"¿Podemos usar su rostro?", "Guardamos una fórmula.", "Está bien. Usará su PIN.", "Acepto", "No acepto"}
	for _, s := range []struct{ w, h, width, height float32 }{{1280, 800, 1216, 420}, {800, 480, 768, 240}, {1080, 1920, 1000, 1200}} {
		q := NewConsentQuestion(style(s.w, s.h), w, Unanswered, nil)
		test.NewTempWindow(t, q.Object())
		q.Object().Resize(fyne.NewSize(s.width, s.height))
		var told []Answer
		q.OnAnswer = func(a Answer) { told = append(told, a) }
		if q.yes.Size() != q.no.Size() || q.yes.Position().Y != q.no.Position().Y || q.yes.kind != q.no.kind {
			t.Errorf("the answers are not equal: %v, %v", q.yes.Size(), q.no.Size())
		}
		if q.yes.icon != assets.IconRadio || q.no.icon != assets.IconRadio || q.note.Content() != "" {
			t.Error("an answer is given before it is asked for")
		}
		q.SetProblem("Elija una.")
		if !slices.Contains(texts(q.Object()), "Elija una.") || !q.sign.Visible() {
			t.Error("it does not say that an answer is wanted")
		}
		test.Tap(q.no)
		if q.yes.icon != assets.IconRadio || q.no.icon != assets.IconRadioOn || !slices.Contains(texts(q.Object()), w.Refused) {
			t.Errorf("No: %s, %s, %v", q.yes.icon, q.no.icon, texts(q.Object()))
		}
		test.Tap(q.yes)
		if q.yes.icon != assets.IconRadioOn || q.no.icon != assets.IconRadio || slices.Contains(texts(q.Object()), w.Refused) {
			t.Errorf("Yes: %s, %s, %v", q.yes.icon, q.no.icon, texts(q.Object()))
		}
		if !slices.Contains(texts(q.Object()), w.Text) {
			t.Error("the explanation does not come back")
		}
		if !slices.Equal(told, []Answer{No, Yes}) || q.Answer() != Yes {
			t.Errorf("told %v, answer %v", told, q.Answer())
		}
	}
}

func TestCaptureRingFills(t *testing.T) {
	v, _ := newLive(t)
	c := NewCaptureRing(style(1280, 800), v)
	test.NewTempWindow(t, c.Object())
	c.Object().Resize(fyne.NewSize(480, 400))
	v.ShowPicture(numbered(64, 48))
	if v.Size().Width != v.Size().Height || v.picture.CornerRadius != v.Size().Width/2 {
		t.Errorf("the picture is %v with corners of %v: no disc", v.Size(), v.picture.CornerRadius)
	}
	v.ShowScene(scene(face(1, 0.4, domain.FaceSeen, "")))
	if v.layer.Visible() {
		t.Error("rings of the picture's own stand in the big one")
	}
	for _, p := range []struct{ in, want float64 }{{0.5, 0.5}, {-3, 0}, {7, 1}, {math.NaN(), 0}, {math.Inf(1), 1}} {
		c.SetProgress(p.in)
		if got := float64(c.Progress()); got != p.want {
			t.Errorf("SetProgress(%v) heads for %v, want %v", p.in, got, p.want)
		}
	}
	c.fill(0.25)
	if c.arc.EndAngle != 90 || !c.arc.Visible() {
		t.Errorf("a quarter is %v degrees", c.arc.EndAngle)
	}
	c.fill(0)
	if c.arc.Visible() {
		t.Error("nothing done shows an arc")
	}
	c.SetDone()
	if c.Progress() != 1 || c.arc.FillColor != c.style.OK {
		t.Error("done is not full and green")
	}
	c.Close()
	if v.picture.CornerRadius != v.style.Radius || !v.layer.Visible() {
		t.Error("the picture keeps the ring's shape")
	}
}

func TestScanFrameTellsByAWordToo(t *testing.T) {
	v, _ := newLive(t)
	s := NewScanFrame(style(800, 480), v, "Código leído")
	test.NewTempWindow(t, s.Object())
	s.Object().Resize(fyne.NewSize(480, 288))
	if slices.Contains(texts(s.Object()), "Código leído") {
		t.Error("a code is read before there is one")
	}
	s.SetFound(true)
	if !slices.Contains(texts(s.Object()), "Código leído") || s.corners[0].FillColor != s.style.RingOK {
		t.Error("a found code is not told by word and colour")
	}
	for i, c := range s.corners {
		if c.Position().X < 0 || c.Position().Y < 0 || c.Position().X+c.Size().Width > 480 || c.Position().Y+c.Size().Height > 288 {
			t.Errorf("corner %d is off the picture", i)
		}
	}
	s.Close()
	if !v.layer.Visible() {
		t.Error("the rings do not come back")
	}
}

// code is a square with a dark border, which is enough to be measured.
func code(side, border int) [][]bool {
	m := make([][]bool, side+2*border)
	for y := range m {
		m[y] = make([]bool, len(m))
		for x := range m[y] {
			cx, cy := x-border, y-border
			in := cx >= 0 && cy >= 0 && cx < side && cy < side
			m[y][x] = in && (cx == 0 || cy == 0 || cx == side-1 || cy == side-1 || (cx*7+cy*3)%5 == 0)
		}
	}
	return m
}

func TestQRIsCrisp(t *testing.T) {
	test.NewTempApp(t)
	for _, c := range []struct {
		w, h         float32
		side, border int
		scale        int
	}{{496, 496, 33, 4, 11}, {496, 496, 33, 0, 11}, {360, 360, 53, 4, 5}, {301, 333, 177, 4, 1}, {100, 100, 177, 4, 0}} {
		q := NewQRCard(style(1280, 800), code(c.side, c.border), "Su código")
		test.NewTempWindow(t, q.Object())
		q.Object().Resize(fyne.NewSize(c.w, c.h))
		if q.Scale() != c.scale {
			t.Errorf("%d modules in %vx%v: scale %d, want %d", c.side, c.w, c.h, q.Scale(), c.scale)
			continue
		}
		if c.scale == 0 {
			if q.code.Visible() {
				t.Error("a code without room is shown")
			}
			continue
		}
		img := q.code.Image.(*image.RGBA)
		want := (c.side + 2*quiet) * c.scale
		if img.Rect.Dx() != want || q.code.Size() != fyne.NewSquareSize(float32(want)) {
			t.Errorf("%d modules: a picture of %v shown at %v", c.side, img.Rect, q.code.Size())
		}
		if p := q.code.Position(); p.X != float32(int(p.X)) || p.Y != float32(int(p.Y)) {
			t.Errorf("it stands at %v, between pixels", p)
		}
		m := code(c.side, 0)
		for y := range want {
			for x := range want {
				mx, my := x/c.scale-quiet, y/c.scale-quiet
				dark := mx >= 0 && my >= 0 && mx < c.side && my < c.side && m[my][mx]
				if got := img.RGBAAt(x, y); (got == color.RGBA{A: 255}) != dark || (got == color.RGBA{255, 255, 255, 255}) == dark {
					t.Fatalf("%d modules: pixel %d,%d is %v, dark %v", c.side, x, y, got, dark)
				}
			}
		}
	}
	ragged := code(33, 4)
	ragged[3] = ragged[3][:5]
	for name, m := range map[string][][]bool{
		"nothing": nil, "ragged": ragged, "white": make([][]bool, 33), "tiny": code(5, 0), "huge": code(300, 0), "too large to look at": make([][]bool, 20000),
	} {
		q := NewQRCard(style(1280, 800), m, "")
		q.Object().Resize(fyne.NewSize(400, 400))
		if q.Scale() != 0 || q.code.Visible() {
			t.Errorf("%s is shown as a code", name)
		}
	}
}

func TestResultIsUnderstoodWithoutColour(t *testing.T) {
	test.NewTempApp(t)
	seen := map[assets.Icon]bool{}
	grounds := map[color.Color]bool{}
	for _, v := range []Verdict{VerdictOK, VerdictOther, VerdictNo} {
		r := NewResultPanel(style(1280, 800), v, "Identidad validada", "Puede continuar.")
		seen[r.icon] = true
		grounds[r.Ground()] = true
		if r.title.size < 80 {
			t.Errorf("the sentence is %v high: not read from three metres", r.title.size)
		}
	}
	if len(seen) != 3 || len(grounds) != 3 {
		t.Errorf("three verdicts have the signs %v", seen)
	}
}

func TestConfirmCountsDown(t *testing.T) {
	test.NewTempApp(t)
	a := &alarms{now: start}
	c := NewConfirmOverlay(style(1280, 800), ConfirmWords{"¿Sigue ahí?", "Borraremos lo escrito.", "Sí, sigo aquí", "Salir"},
		start.Add(10*time.Second), 10*time.Second, a.later, a.clock, nil)
	test.NewTempWindow(t, c.Object())
	c.Object().Resize(fyne.NewSize(1216, 640))
	did := ""
	c.OnStay, c.OnLeave = func() { did += "stay " }, func() { did += "leave " }
	for i := 10; i > 0; i-- {
		if c.seconds.Text != assets.Number("es", i) || math.Abs(float64(c.arc.EndAngle)-36*float64(i)) > 0.1 {
			t.Errorf("%d s left: %q, %v degrees", i, c.seconds.Text, c.arc.EndAngle)
		}
		a.advance(time.Second)
	}
	if c.seconds.Text != "0" || c.arc.Visible() || len(a.list) != 0 {
		t.Errorf("at the end: %q, %d alarms", c.seconds.Text, len(a.list))
	}
	test.Tap(c.stay)
	test.Tap(c.leave)
	if did != "stay leave " {
		t.Errorf("%q", did)
	}
	d := NewConfirmOverlay(style(800, 480), ConfirmWords{}, start.Add(time.Minute), time.Minute, a.later, a.clock, nil)
	d.Close()
	if len(a.list) != 0 {
		t.Error("it counts on when it is gone")
	}
}
