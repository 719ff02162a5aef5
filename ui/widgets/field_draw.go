package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

const caretWidth = 3

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	st := f.style
	r := &fieldRenderer{
		f:     f,
		box:   canvas.NewRectangle(st.Surface),
		label: canvas.NewText(f.spec.Label, st.Muted),
		words: canvas.NewText("", st.Ink),
		hint:  canvas.NewText(f.spec.Example, st.Muted),
		caret: canvas.NewRectangle(st.Brand),
		sign:  NewIcon(problemIcon, st.Stop, st.Icon),
	}
	r.box.CornerRadius = st.Corner * 0.75
	r.label.TextSize = st.Small
	r.words.TextSize, r.hint.TextSize = st.Body, st.Body
	r.clip = container.NewClip(container.NewWithoutLayout(r.hint, r.words, r.caret))
	r.sync()
	return r
}

type fieldRenderer struct {
	f           *Field
	box         *canvas.Rectangle
	label       *canvas.Text
	words, hint *canvas.Text
	caret       *canvas.Rectangle
	clip        *container.Clip
	sign        *canvas.Image
}

func (r *fieldRenderer) sync() {
	f, st := r.f, r.f.style
	width, height := f.boxWidth(), f.BoxHeight()
	var edge color.NRGBA
	switch {
	case f.Problem() != "":
		edge, r.box.StrokeWidth = st.Stop, 3
	case f.active:
		edge, r.box.StrokeWidth = st.Brand, 3
	default:
		edge, r.box.StrokeWidth = st.Muted, 1
	}
	r.box.StrokeColor = edge
	Put(r.box, 0, 0, width, height)

	labelH, textH := lineHeight(st.Small), lineHeight(st.Body)
	top := (height - labelH - textH) / 2
	r.label.Color = st.Muted
	if f.active {
		r.label.Color = st.Brand
	}
	r.label.Text = f.spec.Label
	if f.place != "" {
		r.label.Text += " · " + f.place
	}
	Put(r.label, f.inset(), top, r.label.MinSize().Width, labelH)

	room := f.textRoom()
	Put(r.clip, f.inset(), top+labelH, room+caretWidth, textH)
	shift := f.scroll()
	r.words.Text = f.shown()
	fits := func(s string) bool { return fyne.MeasureText(s, st.Body, fyne.TextStyle{}).Width <= room }
	if !f.active && !fits(r.words.Text) {
		r.words.Text = cut(r.words.Text, fits)
	}
	Put(r.words, -shift, 0, r.words.MinSize().Width, textH)
	r.hint.Hidden = len(f.line.runes) > 0
	r.hint.TextSize = st.Body
	for r.hint.TextSize > 16 && r.hint.MinSize().Width > room-2*caretWidth {
		r.hint.TextSize--
	}
	x := float32(0)
	if f.active {
		x = 2 * caretWidth
	}
	Put(r.hint, x, (textH-r.hint.MinSize().Height)/2, r.hint.MinSize().Width, r.hint.MinSize().Height)
	r.caret.Hidden = !f.active
	Put(r.caret, f.widthOf(f.line.caret)-shift, 2, caretWidth, textH-4)

	r.syncProblem(width, height)
}

func (r *fieldRenderer) syncProblem(width, height float32) {
	f, st := r.f, r.f.style
	r.sign.Hidden = f.Problem() == ""
	f.problem.Hidden = r.sign.Hidden
	if r.sign.Hidden {
		return
	}
	side := st.Icon
	if f.beside() {
		f.problem.MaxLines = 3
		x := width + st.Gap/2
		room := f.Size().Width - x - side - 8
		h := min(f.problem.HeightFor(room), height)
		Put(r.sign, x, (height-side)/2, side, side)
		Put(f.problem, x+side+8, (height-h)/2, room, h)
		return
	}
	f.problem.MaxLines = 1
	room := f.Size().Width - side - 8
	h := f.problem.HeightFor(room)
	at := height + (f.problemHeight()-h)/2
	Put(r.sign, 0, height+(f.problemHeight()-side)/2, side, side)
	Put(f.problem, side+8, at, room, h)
}

func (r *fieldRenderer) Layout(fyne.Size)   { r.sync() }
func (r *fieldRenderer) MinSize() fyne.Size { return fyne.NewSize(r.f.style.Target, r.f.BoxHeight()) }

func (r *fieldRenderer) Refresh() {
	r.sync()
	for _, o := range []fyne.CanvasObject{r.box, r.label, r.words, r.hint, r.caret} {
		o.Refresh()
	}
	r.f.problem.Refresh()
	canvas.Refresh(r.f)
}

func (r *fieldRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.label, r.clip, r.sign, r.f.problem}
}

func (r *fieldRenderer) Destroy() {}
