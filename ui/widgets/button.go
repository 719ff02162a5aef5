package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/assets"
	"agentid/ui/theme"
)

// Kind is how much a button asks for attention.
type Kind int

// The kinds. A screen has at most one primary button.
const (
	Secondary Kind = iota
	Primary
	Quiet // outlined words: a way out, not a way on
	Plain // words alone, for what stands in a row of its kind
	Grave // what cannot be undone
	Nav   // a page to go to, in a column of its kind
	Risky // leads to what cannot be undone, and asks before
)

// releaseTime is how long a button takes to let go of its pressed look, so
// that even the shortest tap is seen.
const releaseTime = 180 * time.Millisecond

// Button is a large touch target with an icon and a word. It answers the
// finger on the way down, acts on the way up, and takes Tab, Enter and Space.
type Button struct {
	widget.BaseWidget
	OnTapped  func()
	OnPressed func() // the finger is down; may be nil

	style    theme.Style
	kind     Kind
	icon     assets.Icon
	words    *Text
	selected bool

	pressed, focused bool
	disabled         bool
}

var (
	_ fyne.Tappable     = (*Button)(nil)
	_ fyne.Focusable    = (*Button)(nil)
	_ desktop.Mouseable = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
)

// NewButton makes a button. icon may be empty.
func NewButton(st theme.Style, k Kind, icon assets.Icon, words string, tapped func()) *Button {
	b := &Button{style: st, kind: k, icon: icon, OnTapped: tapped}
	b.words = NewText(words, st.Label, st.Ink, b.bold())
	b.words.MaxLines = 2
	b.words.Least = 16
	b.words.Align = fyne.TextAlignCenter
	if k == Nav {
		b.words.Align = fyne.TextAlignLeading
	}
	b.ExtendBaseWidget(b)
	return b
}

// Words is what is written on it.
func (b *Button) Words() string { return b.words.Content() }

// SetWords changes what is written on it.
func (b *Button) SetWords(words string) { b.words.SetContent(words) }

// SetSelected marks it as the one of a group that holds now.
func (b *Button) SetSelected(on bool) {
	if on == b.selected {
		return
	}
	b.selected = on
	b.Refresh()
}

// SetIcon changes its icon; a button without one gets none.
func (b *Button) SetIcon(i assets.Icon) {
	if b.icon == "" || i == "" || i == b.icon {
		return
	}
	b.icon = i
	b.Refresh()
}

// SetDisabled has it do nothing, and look so.
func (b *Button) SetDisabled(on bool) {
	if on != b.disabled {
		b.disabled = on
		b.Refresh()
	}
}

// Disabled tells whether it does nothing.
func (b *Button) Disabled() bool { return b.disabled }

// Selected tells whether it is marked.
func (b *Button) Selected() bool { return b.selected }

// Pressed tells whether a finger is on it.
func (b *Button) Pressed() bool { return b.pressed }

// WidthFor is the width it needs to say its words on one line.
func (b *Button) WidthFor() float32 {
	return max(b.style.Target, ceil(b.words.NaturalWidth()+b.iconSpace()+2*b.inset()))
}

// LeastWidth is the width it needs to say its words on two lines.
func (b *Button) LeastWidth() float32 {
	return max(b.style.Target, ceil(b.words.TwoLineWidth()+b.iconSpace()+2*b.inset()))
}

// inset is the room between the edge and what is inside.
func (b *Button) inset() float32 {
	if b.kind == Plain || b.style.Shape == theme.Compact {
		return b.style.Gap / 2
	}
	return b.style.Gap
}

func (b *Button) bold() bool {
	return b.kind == Primary || b.kind == Secondary || b.kind == Grave || b.selected
}

func (b *Button) iconSpace() float32 {
	if b.icon == "" {
		return 0
	}
	return b.style.Icon + b.style.Gap/2
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) {
	b.setPressed(false)
	if b.OnTapped != nil && !b.disabled {
		b.OnTapped()
	}
}

// MouseDown implements desktop.Mouseable.
func (b *Button) MouseDown(*desktop.MouseEvent) {
	b.setPressed(!b.disabled)
	if b.OnPressed != nil {
		b.OnPressed()
	}
}

// MouseUp implements desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) { b.setPressed(false) }

// MouseIn implements desktop.Hoverable. A finger does not hover: nothing shows.
func (b *Button) MouseIn(*desktop.MouseEvent) {}

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable: the finger slid off, which undoes.
func (b *Button) MouseOut() { b.setPressed(false) }

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *Button) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if b.OnPressed != nil {
			b.OnPressed()
		}
		b.Tapped(nil)
	}
}

func (b *Button) setPressed(on bool) {
	if on == b.pressed {
		return
	}
	b.pressed = on
	b.Refresh()
}

// RowWidths are the widths of buttons in a row of that width: their words on
// one line where there is room, and as many of them as floor tells, from the
// last, no narrower than is easy to touch. ok tells that the row holds them.
func RowWidths(st theme.Style, buttons []*Button, floor int, width float32) (out []float32, ok bool) {
	room := width - float32(len(buttons)-1)*st.Gap
	out = make([]float32, len(buttons))
	var sum float32
	for i, b := range buttons {
		out[i] = b.WidthFor()
		if i >= len(buttons)-floor {
			out[i] = max(out[i], 3*st.Target)
		}
		sum += out[i]
	}
	if sum <= room {
		return out, true
	}
	sum = 0
	for i, b := range buttons {
		out[i] = b.LeastWidth()
		sum += out[i]
	}
	spare := max(0, room-sum) / float32(len(buttons))
	for i := range out {
		out[i] += spare
	}
	return out, sum <= room
}

// colours are the fill, the outline and the words of its state.
func (b *Button) colours(pressed bool) (fill, line, words color.NRGBA) {
	p := b.style.Palette
	none := theme.Fade(p.Surface, 0)
	switch {
	case b.disabled:
		return none, p.Line, p.Muted
	case b.kind == Primary && pressed:
		return p.BrandPressed, p.BrandPressed, p.OnBrand
	case b.kind == Primary:
		return p.Brand, p.Brand, p.OnBrand
	case b.kind == Grave && pressed:
		return p.StopCard, p.Ink, p.OnCard
	case b.kind == Grave:
		return p.StopCard, p.StopCard, p.OnCard
	case b.kind == Quiet && pressed:
		return p.Pressed, p.Brand, p.Brand
	case b.kind == Quiet:
		return p.Surface, p.Line, p.Brand
	case b.kind == Nav && (pressed || b.selected):
		return p.Pressed, p.Pressed, p.Brand
	case b.kind == Nav:
		return none, none, p.Ink
	case b.kind == Plain && pressed:
		return p.Pressed, p.Pressed, p.Brand
	case b.kind == Plain:
		return none, none, p.Brand
	case b.kind == Risky && pressed:
		return p.Pressed, p.Stop, p.Stop
	case b.kind == Risky:
		return p.Surface, p.Line, p.Stop
	case pressed, b.selected:
		return p.Pressed, p.Brand, p.Ink
	}
	return p.Surface, p.Line, p.Ink
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		b:      b,
		ring:   canvas.NewRectangle(color.Transparent),
		ground: canvas.NewRectangle(color.Transparent),
	}
	r.ring.CornerRadius = b.style.Corner + 4
	r.ground.CornerRadius = b.style.Corner
	r.objects = []fyne.CanvasObject{r.ring, r.ground}
	if b.icon != "" {
		r.icon = NewIcon(b.icon, b.style.Brand, b.style.Icon)
		r.objects = append(r.objects, r.icon)
	}
	r.objects = append(r.objects, b.words)
	r.paint()
	return r
}

type buttonRenderer struct {
	b            *Button
	ring, ground *canvas.Rectangle
	icon         *canvas.Image
	objects      []fyne.CanvasObject

	wasPressed bool
	release    *fyne.Animation
}

func (r *buttonRenderer) paint() {
	st, b := r.b.style, r.b
	fill, line, words := b.colours(b.pressed)

	r.ring.StrokeWidth = 0
	r.ring.StrokeColor = theme.Fade(st.Brand, 0)
	if b.focused {
		r.ring.StrokeWidth, r.ring.StrokeColor = 3, st.Ink
	}
	r.ground.StrokeWidth = 2
	if b.selected && b.kind == Secondary {
		r.ground.StrokeWidth = 4
	}
	r.ground.StrokeColor = line
	b.words.color = words
	b.words.style.Bold = b.bold()
	b.words.laidW = 0
	if r.icon != nil {
		c := words
		if b.kind == Secondary && !b.disabled {
			c = st.Brand
		}
		setIcon(r.icon, b.icon, c)
	}

	if r.release != nil {
		r.release.Stop()
		r.release = nil
	}
	if r.wasPressed && !b.pressed {
		from, _, _ := b.colours(true)
		r.release = canvas.NewColorRGBAAnimation(from, fill, releaseTime, func(c color.Color) {
			r.ground.FillColor = c
			r.ground.Refresh()
		})
		r.release.Curve = fyne.AnimationEaseOut
		r.release.Start()
	} else {
		r.ground.FillColor = fill
	}
	r.wasPressed = b.pressed
}

func (r *buttonRenderer) Layout(s fyne.Size) {
	b := r.b
	r.ground.Resize(s)
	r.ring.Move(fyne.NewPos(-5, -5))
	r.ring.Resize(s.AddWidthHeight(10, 10))

	room := max(0, s.Width-2*b.inset()-b.iconSpace())
	w := min(room, b.words.WidthFor(room))
	h := b.words.HeightFor(room)
	x := (s.Width - w - b.iconSpace()) / 2
	if b.kind == Nav {
		x, w = b.inset(), room
	}
	if r.icon != nil {
		r.icon.Resize(fyne.NewSquareSize(b.style.Icon))
		r.icon.Move(fyne.NewPos(x, (s.Height-b.style.Icon)/2))
		x += b.iconSpace()
	}
	// It keeps the width it was measured for, so that it breaks the same way.
	b.words.Resize(fyne.NewSize(room, h))
	b.words.Move(fyne.NewPos(x-(room-w)/2, (s.Height-h)/2))
}

func (r *buttonRenderer) MinSize() fyne.Size {
	return fyne.NewSquareSize(r.b.style.Target)
}

func (r *buttonRenderer) Refresh() {
	r.paint()
	r.Layout(r.b.Size())
	r.b.words.Refresh()
	canvas.Refresh(r.b)
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *buttonRenderer) Destroy() {
	if r.release != nil {
		r.release.Stop()
	}
}
