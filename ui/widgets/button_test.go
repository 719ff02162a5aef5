package widgets

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"agentid/assets"
	"agentid/ui/theme"
)

func newButton(t *testing.T, k Kind, do func()) *Button {
	t.Helper()
	test.NewTempApp(t)
	b := NewButton(style(1280, 800), k, assets.IconQR, "Validar con QR", do)
	test.NewTempWindow(t, b)
	b.Resize(fyne.NewSize(300, 72))
	return b
}

func ground(b *Button) *canvas.Rectangle { return test.WidgetRenderer(b).(*buttonRenderer).ground }

func TestButtonAnswersTheFingerOnItsWayDown(t *testing.T) {
	for _, k := range []Kind{Primary, Secondary, Quiet, Plain} {
		taps, presses := 0, 0
		b := newButton(t, k, func() { taps++ })
		b.OnPressed = func() { presses++ }
		rest := ground(b).FillColor

		b.MouseDown(nil)
		if !b.Pressed() || ground(b).FillColor == rest || presses != 1 || taps != 0 {
			t.Errorf("kind %d, down: pressed %v, presses %d, taps %d, fill %v", k, b.Pressed(), presses, taps, ground(b).FillColor)
		}
		b.MouseUp(nil)
		b.Tapped(nil)
		if b.Pressed() || taps != 1 {
			t.Errorf("kind %d, up: pressed %v, taps %d", k, b.Pressed(), taps)
		}
		b.MouseDown(nil)
		b.MouseOut()
		if b.Pressed() || taps != 1 {
			t.Errorf("kind %d, slid off: pressed %v, taps %d", k, b.Pressed(), taps)
		}
	}
	b := newButton(t, Primary, nil)
	b.Tapped(nil) // nobody listens: nothing happens
}

func TestButtonTakesTheKeyboard(t *testing.T) {
	taps := 0
	b := newButton(t, Secondary, func() { taps++ })
	ring := test.WidgetRenderer(b).(*buttonRenderer).ring
	b.FocusGained()
	if ring.StrokeWidth == 0 {
		t.Error("the focus is not seen")
	}
	for _, k := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape, fyne.KeyA} {
		b.TypedKey(&fyne.KeyEvent{Name: k})
	}
	b.TypedRune(' ')
	if taps != 3 {
		t.Errorf("%d taps by Space, Return, Enter, want 3", taps)
	}
	b.FocusLost()
	if ring.StrokeWidth != 0 {
		t.Error("the focus stays")
	}
}

func TestStateBarGivesWayFromItsEnd(t *testing.T) {
	test.NewTempApp(t)
	bar := NewStateBar(style(800, 480))
	test.NewTempWindow(t, bar)
	items := []StateItem{{assets.IconCamera, "Cámara lista", ToneOK}, {assets.IconOffline, "Sin conexión, 12 pendientes", ToneWarn}}
	bar.SetItems(items)
	shown := func() (n int) {
		for _, o := range test.WidgetRenderer(bar).Objects() {
			if text, ok := o.(*canvas.Text); ok && text.Visible() {
				n++
				if text.Position().X+text.MinSize().Width > bar.Size().Width {
					t.Errorf("%q is cut", text.Text)
				}
			}
		}
		return n
	}
	for width, want := range map[float32]int{768: 2, 200: 1, 40: 0} {
		bar.Resize(fyne.NewSize(width, 24))
		if got := shown(); got != want {
			t.Errorf("%d items in %v, want %d", got, width, want)
		}
	}
	var many []StateItem
	for range 50 {
		many = append(many, items[0])
	}
	bar.SetItems(many)
	if n := len(bar.Items()); n != maxStates {
		t.Errorf("%d items, want %d", n, maxStates)
	}
}

func TestCountdownShowsTheLastMoments(t *testing.T) {
	test.NewTempApp(t)
	c := NewCountdown(theme.Style{Palette: theme.Light()})
	test.NewTempWindow(t, c.Object())
	c.Object().Resize(fyne.NewSize(200, 4))
	for _, s := range []struct {
		left    time.Duration
		visible bool
		part    float32
	}{{30 * time.Second, false, 0}, {10 * time.Second, true, 1}, {5 * time.Second, true, 0.5}, {0, true, 0}} {
		c.box.Hide()
		c.left = 0
		c.show(float32(s.left), float32(10*time.Second))
		if c.box.Visible() != s.visible || c.Left() != s.part || c.rest.Size().Width != 200*s.part {
			t.Errorf("%v left: visible %v, %v of it, %v wide", s.left, c.box.Visible(), c.Left(), c.rest.Size().Width)
		}
	}
	c.Run(0, 10*time.Second)
	if c.box.Visible() || c.run != nil {
		t.Error("a card without an end counts down")
	}
}

func TestLanguageSwitchMarksOne(t *testing.T) {
	test.NewTempApp(t)
	s := NewLanguageSwitch(style(1280, 800), []Choice{{"es", "ES"}, {"en", "EN"}}, nil)
	test.NewTempWindow(t, s.Object())
	s.Object().Resize(s.Object().MinSize())
	chosen := ""
	s.OnChosen = func(c string) { chosen = c }
	s.SetCurrent("es")
	esBar := s.bar.Position()
	test.Tap(s.buttons[1])
	if chosen != "en" || !s.buttons[0].Selected() {
		t.Errorf("chose %q; the mark moved by itself: %v", chosen, !s.buttons[0].Selected())
	}
	s.SetCurrent("en")
	if s.buttons[0].Selected() || !s.buttons[1].Selected() || s.bar.Position() == esBar {
		t.Error("the mark does not move")
	}
}
