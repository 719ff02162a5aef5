package widgets

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

const (
	cellInset = 10 // left and right in a cell
	cellNear  = 6  // between a sign and its words
)

// CreateRenderer implements fyne.Widget.
func (t *Table) CreateRenderer() fyne.WidgetRenderer {
	t.drawn = &tableRenderer{t: t}
	t.drawn.build()
	return t.drawn
}

type tableRenderer struct {
	t       *Table
	grounds []*canvas.Rectangle
	ids     []string
	marks   []bool
	objects []fyne.CanvasObject
}

// build draws everything anew: it is called when rows or size changed.
func (r *tableRenderer) build() {
	t, st := r.t, r.t.style
	r.grounds, r.ids, r.marks, r.objects = nil, nil, nil, nil
	s := t.Size()
	if s.Width <= 0 || len(t.columns) == 0 {
		return
	}
	widths := t.widths(s.Width)
	head := t.headHeight()
	if head > 0 {
		x := float32(0)
		for i, c := range t.columns {
			r.words(c.Label, st.Muted, st.Small, true, c.Right, rect{x, 0, widths[i], head})
			x += widths[i]
		}
		r.line(0, head-2, s.Width, 2)
	}
	for i, row := range t.shown() {
		y := head + float32(i)*t.rowHeight()
		ground := canvas.NewRectangle(color.Transparent)
		ground.CornerRadius = 6
		Put(ground, 0, y+1, s.Width, t.rowHeight()-3)
		r.grounds, r.ids, r.marks = append(r.grounds, ground), append(r.ids, row.ID), append(r.marks, row.Mark)
		r.objects = append(r.objects, ground)
		if row.Mark {
			bar := canvas.NewRectangle(st.Brand)
			bar.CornerRadius = 2
			Put(bar, 0, y+6, 4, t.rowHeight()-12)
			r.objects = append(r.objects, bar)
		}
		x := float32(0)
		for c := range min(len(row.Cells), len(t.columns)) {
			r.cell(row.Cells[c], t.columns[c].Right, rect{x, y, widths[c], t.rowHeight()})
			x += widths[c]
		}
		if t.opens() && row.ID != "" {
			side := t.chevron() - 4
			icon := NewIcon(assets.IconRight, st.Muted, side)
			Put(icon, s.Width-side-4, y+(t.rowHeight()-side)/2, side, side)
			r.objects = append(r.objects, icon)
		}
		r.line(0, y+t.rowHeight()-1, s.Width, 1)
	}
	r.paintGrounds()
}

// opens tells that there are rows to be opened, which a sign at their end says.
func (t *Table) opens() bool {
	return t.OnRow != nil && slices.ContainsFunc(t.rows, func(r TableRow) bool { return r.ID != "" })
}

func (t *Table) chevron() float32 {
	if !t.opens() {
		return 0
	}
	return t.style.Icon
}

func (r *tableRenderer) line(x, y, w, h float32) {
	l := canvas.NewRectangle(r.t.style.Line)
	Put(l, x, y, w, h)
	r.objects = append(r.objects, l)
}

func (r *tableRenderer) cell(c TableCell, right bool, a rect) {
	st := r.t.style
	if c.Picture != nil {
		side := a.h - 6
		img := canvas.NewImageFromImage(c.Picture)
		img.FillMode, img.CornerRadius = canvas.ImageFillContain, 4
		Put(img, a.x+cellInset, a.y+3, min(side*4/3, a.w-2*cellInset), side)
		r.objects = append(r.objects, img)
		return
	}
	icon, ink := c.Tone.look(st)
	if icon == "" || c.Words == "" {
		r.words(c.Words, ink, st.Body, false, right, a)
		return
	}
	side := st.Icon * 0.9
	room := a.w - 2*cellInset - side - cellNear
	text := fitLine(c.Words, st.Body, fyne.TextStyle{Bold: true}, room)
	w := fyne.MeasureText(text, st.Body, fyne.TextStyle{Bold: true}).Width
	x := a.x + cellInset
	if right {
		x = a.x + a.w - cellInset - w - side - cellNear
	}
	sign := NewIcon(icon, ink, side)
	Put(sign, x, a.y+(a.h-side)/2, side, side)
	r.objects = append(r.objects, sign)
	r.words(text, ink, st.Body, true, false, rect{x + side + cellNear - cellInset, a.y, w + 2*cellInset + 2, a.h})
}

// words puts one line in a, cut where it is too long.
func (r *tableRenderer) words(s string, c color.NRGBA, size float32, bold, right bool, a rect) {
	if s == "" {
		return
	}
	style := fyne.TextStyle{Bold: bold}
	text := canvas.NewText(fitLine(s, size, style, a.w-2*cellInset), c)
	text.TextSize, text.TextStyle = size, style
	n := text.MinSize()
	x := a.x + cellInset
	if right {
		x = a.x + a.w - cellInset - n.Width
	}
	Put(text, x, a.y+(a.h-n.Height)/2, n.Width, n.Height)
	r.objects = append(r.objects, text)
}

// fitLine is s, with an ellipsis at its end where it is wider than room.
func fitLine(s string, size float32, style fyne.TextStyle, room float32) string {
	fits := func(s string) bool { return fyne.MeasureText(s, size, style).Width <= room }
	if fits(s) {
		return s
	}
	const most = 200 // characters: no line of a screen holds more
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return cut(s, fits)
}

// paintGrounds gives each row the ground that it has now.
func (r *tableRenderer) paintGrounds() {
	t, st := r.t, r.t.style
	for i, g := range r.grounds {
		fill := theme.Fade(st.Pressed, 0)
		switch {
		case r.ids[i] != "" && r.ids[i] == t.pressed, r.marks[i]:
			fill = st.Pressed
		}
		g.StrokeWidth, g.StrokeColor = 0, color.Transparent
		if t.focused && t.first+i == t.at {
			g.StrokeWidth, g.StrokeColor = 2, st.Ink
		}
		if g.FillColor != fill || t.focused {
			g.FillColor = fill
			g.Refresh()
		}
	}
}

// widths deals the width out: a column gets what it needs where its share is
// more than that, and the others share what is left. What is over goes to all.
func (t *Table) widths(width float32) []float32 {
	n := len(t.columns)
	need, share, out := make([]float32, n), make([]float32, n), make([]float32, n)
	for i, c := range t.columns {
		share[i] = c.Share
		if share[i] <= 0 {
			share[i] = 1
		}
		need[i] = fyne.MeasureText(c.Label, t.style.Small, fyne.TextStyle{Bold: true}).Width
		for _, row := range t.rows {
			if i < len(row.Cells) {
				need[i] = max(need[i], t.cellWidth(row.Cells[i]))
			}
		}
		need[i] += 2*cellInset + 1
	}
	room := width - t.chevron()
	left, open := room, n
	for i, c := range t.columns {
		// Half the width at the most: something must be left for names.
		if c.Whole && left-need[i] >= room/2-room/10*float32(n-open) {
			out[i] = need[i]
			left, open = left-need[i], open-1
		}
	}
	for settled := true; settled && open > 0; {
		settled = false
		var sum float32
		for i := range n {
			if out[i] == 0 {
				sum += share[i]
			}
		}
		for i := range n {
			if out[i] == 0 && need[i] <= left*share[i]/sum {
				out[i], settled = need[i], true
			}
		}
		left, open = room, 0
		for i := range n {
			left -= out[i]
			if out[i] == 0 {
				open++
			}
		}
	}
	var sum float32
	for i := range n {
		if open == 0 || out[i] == 0 {
			sum += share[i]
		}
	}
	for i := range n {
		if open == 0 || out[i] == 0 {
			out[i] += max(0, left) * share[i] / sum
		}
	}
	return out
}

func (t *Table) cellWidth(c TableCell) float32 {
	if c.Picture != nil {
		return (t.rowHeight() - 6) * 4 / 3
	}
	const most = 60 // characters: what is longer is cut anyway
	s := c.Words
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	if icon, _ := c.Tone.look(t.style); icon != "" && s != "" {
		return fyne.MeasureText(s, t.style.Body, fyne.TextStyle{Bold: true}).Width + t.style.Icon*0.9 + cellNear
	}
	return fyne.MeasureText(s, t.style.Body, fyne.TextStyle{}).Width
}

func (r *tableRenderer) Layout(fyne.Size)             { r.build() }
func (r *tableRenderer) MinSize() fyne.Size           { return fyne.NewSize(1, 1) }
func (r *tableRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *tableRenderer) Destroy()                     {}

func (r *tableRenderer) Refresh() {
	r.build()
	canvas.Refresh(r.t)
}
