package ui

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"agentid/app/domain"
	"agentid/ui/widgets"
)

// placed is a visible object and where it is in the window.
type placed struct {
	obj  fyne.CanvasObject
	x, y float32
	clip bool // inside a part that is cut at its edges on purpose
}

func (p placed) right() float32  { return p.x + p.obj.Size().Width }
func (p placed) bottom() float32 { return p.y + p.obj.Size().Height }

func (p placed) within(o placed) bool {
	const slack = 0.51
	return p.x >= o.x-slack && p.y >= o.y-slack && p.right() <= o.right()+slack && p.bottom() <= o.bottom()+slack
}

func (p placed) overlaps(o placed) bool {
	const slack = 0.51
	return p.x+slack < o.right() && o.x+slack < p.right() && p.y+slack < o.bottom() && o.y+slack < p.bottom()
}

func (p placed) String() string {
	what := fmt.Sprintf("%T", p.obj)
	switch o := p.obj.(type) {
	case *canvas.Text:
		what = fmt.Sprintf("text %q", o.Text)
	case *widgets.Text:
		what = fmt.Sprintf("text %q", o.Content())
	case *widgets.Button:
		what = fmt.Sprintf("button %q", o.Words())
	}
	return fmt.Sprintf("%s at %.0f,%.0f to %.0f,%.0f", what, p.x, p.y, p.right(), p.bottom())
}

// walk lists what is visible, parents before children.
func walk(u *UI) []placed {
	var out []placed
	var visit func(o fyne.CanvasObject, x, y float32, clip bool)
	visit = func(o fyne.CanvasObject, x, y float32, clip bool) {
		if !o.Visible() {
			return
		}
		x, y = x+o.Position().X, y+o.Position().Y
		out = append(out, placed{o, x, y, clip})
		_, live := o.(*widgets.LiveView)
		_, cut := o.(*container.Clip)
		for _, c := range children(o) {
			visit(c, x, y, clip || live || cut)
		}
	}
	visit(u.Window().Content(), 0, 0, false)
	return out
}

func eachScreen(t *testing.T, check func(t *testing.T, u *UI, c *calls, st state, lang domain.Lang)) {
	for _, s := range append(sizes, size{"1920x1080", 1920, 1080}, size{"1024x600", 1024, 600}, size{"720x1280", 720, 1280}) {
		t.Run(s.name, func(t *testing.T) {
			u, c := newUI(t, s, false)
			for _, lang := range languages {
				for _, st := range states() {
					show(u, st, lang)
					t.Run(st.name+"/"+string(lang), func(t *testing.T) { check(t, u, c, st, lang) })
				}
			}
		})
	}
}

// TestLayout looks at every screen in every size and language.
func TestLayout(t *testing.T) {
	eachScreen(t, func(t *testing.T, u *UI, _ *calls, _ state, lang domain.Lang) {
		all := walk(u)
		nothingIsCut(t, u, all)
		targetsAreLarge(t, all)
		helpAndLanguageAreTopRight(t, u, all, lang)
	})
}

// nothingIsCut holds a screen to its window: all of it inside, words whole and
// in their places, no two things over one another.
func nothingIsCut(t *testing.T, u *UI, all []placed) {
	window := placed{obj: u.Window().Content()}
	if got, want := u.Window().Canvas().Size(), window.obj.Size(); got != want {
		t.Fatalf("the content is %v in a window of %v", want, got)
	}
	var words, solid []placed
	for _, p := range all {
		if p.clip {
			continue
		}
		if !p.within(window) && !focusRing(p.obj) {
			t.Errorf("%v is outside the window", p)
		}
		switch o := p.obj.(type) {
		case *canvas.Text:
			if o.Text == "" {
				continue
			}
			words = append(words, p)
			need, has := o.MinSize(), o.Size()
			if need.Width > has.Width+0.51 || need.Height > has.Height+0.51 {
				t.Errorf("%v needs %v", p, need)
			}
			if strings.HasSuffix(o.Text, "…") {
				t.Errorf("%v lost its end", p)
			}
			if o.TextSize < 16 {
				t.Errorf("%v is smaller than small print: %v", p, o.TextSize)
			}
		case *widgets.Button, *widgets.Text, *widgets.LiveView, *widgets.StateBar:
			solid = append(solid, p)
		}
	}
	if len(words) < 5 {
		t.Fatalf("only %d texts found: the walk is broken", len(words))
	}
	for i, a := range words {
		for _, b := range words[i+1:] {
			if a.overlaps(b) {
				t.Errorf("%v is over %v", a, b)
			}
		}
	}
	for i, a := range solid {
		for _, b := range solid[i+1:] {
			if a.overlaps(b) && !a.within(b) && !b.within(a) {
				t.Errorf("%v is over %v", a, b)
			}
		}
	}
}

// focusRing tells the outline of the focused button, which may leave the grid.
func focusRing(o fyne.CanvasObject) bool {
	r, ok := o.(*canvas.Rectangle)
	return ok && r.StrokeWidth == 0 && r.FillColor != nil && alpha(r.FillColor) == 0
}

// targetsAreLarge holds what is touched to 64 by 64, with 16 between. Keys are
// measured by their own test.
func targetsAreLarge(t *testing.T, all []placed) {
	var buttons []placed
	for _, p := range all {
		if b, ok := p.obj.(*widgets.Button); ok {
			buttons = append(buttons, p)
			if b.Size().Width < 64 || b.Size().Height < 64 {
				t.Errorf("%v is smaller than 64 by 64", p)
			}
		}
	}
	if len(buttons) < 3 {
		t.Fatalf("only %d buttons: there are always two languages and help", len(buttons))
	}
	for i, a := range buttons {
		for _, b := range buttons[i+1:] {
			dx := max(b.x-a.right(), a.x-b.right())
			dy := max(b.y-a.bottom(), a.y-b.bottom())
			if max(dx, dy) < 15.5 {
				t.Errorf("%v and %v are %.1f apart", a, b, max(dx, dy))
			}
		}
	}
}

// helpAndLanguageAreTopRight holds their place.
func helpAndLanguageAreTopRight(t *testing.T, u *UI, all []placed, lang domain.Lang) {
	w := u.Window().Canvas().Size().Width
	help := map[domain.Lang]string{domain.Spanish: "Ayuda", domain.English: "Help"}[lang]
	found := map[string]placed{}
	for _, p := range all {
		if b, ok := p.obj.(*widgets.Button); ok && p.y < 64 {
			found[b.Words()] = p
		}
	}
	es, en, h := found["ES"], found["EN"], found[help]
	if es.obj == nil || en.obj == nil || h.obj == nil {
		t.Fatalf("the top has %v", found)
	}
	if !(es.right() < en.x && en.right() < h.x && es.x > w/3) {
		t.Errorf("not at the right: %v, %v, %v", es, en, h)
	}
	if got := es.obj.(*widgets.Button).Selected(); got != (lang == domain.Spanish) {
		t.Errorf("ES is marked: %v, in %s", got, lang)
	}
}
