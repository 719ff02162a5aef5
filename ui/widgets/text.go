package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Text is words that wrap in the width they get, left aligned unless told
// otherwise. Unlike Fyne's own, it tells its height for a width beforehand,
// so that a screen without scrolling can be laid out.
type Text struct {
	widget.BaseWidget
	Align fyne.TextAlign
	// MaxLines bounds the height; 0 is no bound. What is over ends in "…".
	MaxLines int
	// Least is how small the type may become for one long word; 0 means as
	// small as 60% of the size.
	Least float32

	content string
	size    float32
	color   color.NRGBA
	style   fyne.TextStyle

	laid  wrapped // for laidW
	laidW float32
}

// NewText makes a text of the given size and colour.
func NewText(content string, size float32, c color.NRGBA, bold bool) *Text {
	t := &Text{content: content, size: size, color: c, style: fyne.TextStyle{Bold: bold}}
	t.ExtendBaseWidget(t)
	return t
}

// Content is what it says.
func (t *Text) Content() string { return t.content }

// SetContent changes what it says.
func (t *Text) SetContent(s string) {
	if s == t.content {
		return
	}
	t.content, t.laidW = s, 0
	t.Refresh()
}

// SetColour changes the colour of what it says.
func (t *Text) SetColour(c color.NRGBA) {
	if c == t.color {
		return
	}
	t.color = c
	t.Refresh()
}

// HeightFor is how high it is in the given width.
func (t *Text) HeightFor(width float32) float32 {
	w := t.fit(width)
	return ceil(float32(len(w.lines)) * t.lineHeight(w.size)) // what stands below it stands on whole pixels
}

// WidthFor is how wide its longest line is in the given width.
func (t *Text) WidthFor(width float32) float32 { return t.fit(width).width }

// NaturalWidth is how wide it is on one line.
func (t *Text) NaturalWidth() float32 { return t.measure(t.content, t.size) }

// TwoLineWidth is how wide it is on two lines, at their best.
func (t *Text) TwoLineWidth() float32 {
	words := strings.Fields(t.content)
	best := t.NaturalWidth()
	for i := 1; i < len(words); i++ {
		best = min(best, max(
			t.measure(strings.Join(words[:i], " "), t.size),
			t.measure(strings.Join(words[i:], " "), t.size),
		))
	}
	return best
}

func (t *Text) measure(s string, size float32) float32 {
	// One unit over: the painter rounds each text's place to whole pixels.
	return fyne.MeasureText(s, size, t.style).Width + 1
}

func (t *Text) lineHeight(size float32) float32 {
	return fyne.MeasureText("Áy", size, t.style).Height
}

func (t *Text) fit(width float32) wrapped {
	if t.laidW == width && width > 0 {
		return t.laid
	}
	least := t.Least
	if least == 0 {
		least = max(16, t.size*0.6)
	}
	t.laid = wrapText(t.content, width, t.size, least, t.MaxLines, t.measure)
	t.laidW = width
	return t.laid
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{t: t}
	r.sync()
	return r
}

type textRenderer struct {
	t       *Text
	objects []fyne.CanvasObject
}

func (r *textRenderer) sync() {
	w := r.t.fit(r.t.Size().Width)
	for len(r.objects) < len(w.lines) {
		r.objects = append(r.objects, canvas.NewText("", color.Transparent))
	}
	clear(r.objects[len(w.lines):])
	r.objects = r.objects[:len(w.lines)]
	h := r.t.lineHeight(w.size)
	for i, o := range r.objects {
		line := o.(*canvas.Text)
		line.Text, line.TextSize, line.TextStyle = w.lines[i], w.size, r.t.style
		line.Color, line.Alignment = r.t.color, r.t.Align
		line.Move(fyne.NewPos(0, float32(i)*h))
		line.Resize(fyne.NewSize(r.t.Size().Width, h))
		line.Refresh()
	}
}

func (r *textRenderer) Layout(fyne.Size) { r.sync() }

func (r *textRenderer) MinSize() fyne.Size {
	if r.t.Size().Width <= 0 {
		return fyne.NewSize(1, r.t.lineHeight(r.t.size))
	}
	return fyne.NewSize(1, r.t.HeightFor(r.t.Size().Width))
}

func (r *textRenderer) Refresh() {
	r.sync()
	canvas.Refresh(r.t)
}

func (r *textRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *textRenderer) Destroy()                     {}
