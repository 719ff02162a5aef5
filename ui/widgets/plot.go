package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// PlotSeries is one run of values; what is no number is a gap.
type PlotSeries struct {
	Label  string
	Values []float64
	Tone   Tone
}

// PlotSpec is what a Plot shows.
type PlotSpec struct {
	Title, Unit string
	Lines       bool // lines in place of bars
	Labels      []string
	Series      []PlotSeries
	Image       *image.RGBA // drawn already, in place of all that
	Empty       string      // said where there is no value
}

// Bounds of a plot: what is more is left out, or drawn together.
const (
	maxSeries = 4
	maxPoints = 2000
)

// Plot is a diagram with axes, drawn in the size that it gets. Values are not
// below zero; those that are, stand at zero.
type Plot struct {
	*Flow
	style theme.Style
	spec  PlotSpec
	num   func(v float64, digits int) string
	drawn fyne.Size
}

// NewPlot makes one; number writes a value in the reader's language.
func NewPlot(st theme.Style, spec PlotSpec, number func(v float64, digits int) string) *Plot {
	spec.Series = spec.Series[:min(len(spec.Series), maxSeries)]
	p := &Plot{style: st, spec: spec, num: number}
	p.Flow = NewFlow(p.draw, nil)
	return p
}

// values is how many places the x axis has.
func (p *Plot) values() int {
	n := 0
	for _, s := range p.spec.Series {
		n = max(n, len(s.Values))
	}
	return min(n, maxPoints)
}

// top is the largest value; ok tells that there is any.
func (p *Plot) top() (top float64, ok bool) {
	for _, s := range p.spec.Series {
		for _, v := range s.Values[:min(len(s.Values), maxPoints)] {
			if number(v) {
				top, ok = max(top, v), true
			}
		}
	}
	return top, ok
}

func number(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// steps gives the distance of the lines of the y axis, in round numbers, for at
// most n of them, and how many digits they need.
func steps(top float64, n int) (step float64, digits int) {
	if top <= 0 || !number(top) {
		return 1, 0
	}
	rough := top / float64(max(n, 1))
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * power; step >= rough {
			break
		}
	}
	if step < 1 {
		digits = min(6, int(math.Ceil(-math.Log10(step)-1e-9)))
	}
	return step, digits
}

// colour of a series: its tone's, or one of its own.
func (p *Plot) colour(i int) color.NRGBA {
	st, s := p.style, p.spec.Series[i]
	if s.Tone != ToneQuiet {
		_, ink := s.Tone.look(st)
		return ink
	}
	return [maxSeries]color.NRGBA{st.Brand, st.Accent, st.Muted, st.Ink}[i]
}

// scale is how the values stand in the plot's field.
type scale struct {
	rect
	top  float64
	n    int
	slot float32
}

func (s scale) y(v float64) float32 {
	return s.rect.y + s.h*(1-float32(min(max(v, 0)/s.top, 1)))
}

func (s scale) mid(i int) float32 { return s.x + (float32(i)+0.5)*s.slot }

func (p *Plot) draw(s fyne.Size) {
	if s == p.drawn {
		return
	}
	p.drawn = s
	p.box.Objects = nil
	st := p.style
	ground := NewCard(st)
	p.put(ground, rect{0, 0, s.Width, s.Height})
	in := rect{st.Gap, st.Gap / 2, s.Width - 2*st.Gap, s.Height - st.Gap}
	in = p.heading(in)
	if in.h < 2*lineHeight(st.Small) || in.w < 4*st.Target/2 {
		return
	}
	if p.spec.Image != nil {
		img := canvas.NewImageFromImage(p.spec.Image)
		img.FillMode = canvas.ImageFillContain
		p.put(img, in)
		return
	}
	top, ok := p.top()
	if !ok {
		t := NewText(p.spec.Empty, st.Body, st.Muted, false)
		h := t.HeightFor(in.w)
		p.put(t, rect{in.x, in.y + (in.h-h)/2, in.w, h})
		return
	}
	field := p.axes(in, top)
	if field.w < p.style.Target {
		return // numbers alone have no room for more
	}
	if p.spec.Lines {
		p.lines(field)
	} else {
		p.bars(field)
	}
	if p.labelLines(in.w) > 1 {
		p.names(field)
	} else {
		p.xLabels(field)
	}
}

func (p *Plot) put(o fyne.CanvasObject, a rect) {
	Put(o, a.x, a.y, a.w, a.h)
	p.box.Objects = append(p.box.Objects, o)
}

func (p *Plot) text(s string, size float32, c color.NRGBA, bold bool) *canvas.Text {
	t := canvas.NewText(s, c)
	t.TextSize, t.TextStyle.Bold = size, bold
	return t
}

// heading puts title and unit, and the names of the series where there are
// several, and gives what is left below.
func (p *Plot) heading(in rect) rect {
	st := p.style
	y, x := in.y, in.x
	if p.spec.Title != "" {
		t := p.text(fitLine(p.spec.Title, st.Label, fyne.TextStyle{Bold: true}, in.w), st.Label, st.Ink, true)
		n := t.MinSize()
		p.put(t, rect{x, y, n.Width, n.Height})
		x += n.Width + st.Gap
		y += n.Height + 4
		if p.spec.Unit != "" && x < in.x+in.w {
			room := in.x + in.w - x
			u := p.text(p.spec.Unit, st.Small, st.Muted, false)
			if m := u.MinSize(); m.Width <= room {
				p.put(u, rect{x, y - 4 - m.Height, m.Width, m.Height})
			} else if p.spec.Unit != "" {
				u.Text = fitLine(p.spec.Unit, st.Small, fyne.TextStyle{}, in.w)
				p.put(u, rect{in.x, y, u.MinSize().Width, m.Height})
				y += m.Height
			}
		}
	}
	if len(p.spec.Series) > 1 {
		x = in.x
		h := lineHeight(st.Small)
		for i, s := range p.spec.Series {
			const box = 12
			name := p.text(fitLine(s.Label, st.Small, fyne.TextStyle{}, in.w-box-8), st.Small, st.Ink, false)
			n := name.MinSize()
			if x > in.x && x+box+6+n.Width > in.x+in.w {
				x, y = in.x, y+h
			}
			dot := canvas.NewRectangle(p.colour(i))
			dot.CornerRadius = 3
			p.put(dot, rect{x, y + (h-box)/2, box, box})
			p.put(name, rect{x + box + 6, y + (h-n.Height)/2, n.Width, n.Height})
			x += box + 6 + n.Width + st.Gap
		}
		y += h
	}
	y += 6
	return rect{in.x, y, in.w, in.y + in.h - y}
}

// axes draws the lines of the y axis with their numbers, and gives the field.
func (p *Plot) axes(in rect, top float64) scale {
	st := p.style
	lh := lineHeight(st.Small)
	h := in.h - float32(p.labelLines(in.w))*lh - 6
	step, digits := steps(top, max(2, min(5, int(h/(2*lh)))))
	last := math.Ceil(top/step-1e-9) * step
	if last <= 0 {
		last = step
	}
	var left float32
	count := int(last/step + 0.5)
	for i := range count + 1 {
		left = max(left, fyne.MeasureText(p.num(float64(i)*step, digits), st.Small, fyne.TextStyle{}).Width)
	}
	left = min(left, in.w/3)
	f := scale{rect: rect{in.x + left + 8, in.y + lh, in.w - left - 8, h - lh}, top: last, n: p.values()}
	f.slot = f.w / float32(max(f.n, 1))
	for i := range count + 1 {
		v := float64(i) * step
		y := f.y(v)
		line := canvas.NewRectangle(st.Line)
		if i == 0 {
			line.FillColor = st.Muted
		}
		p.put(line, rect{f.x, y, f.w, 1})
		t := p.text(fitLine(p.num(v, digits), st.Small, fyne.TextStyle{}, left+1), st.Small, st.Muted, false)
		n := t.MinSize()
		p.put(t, rect{in.x + left - n.Width, y - n.Height/2, n.Width, n.Height})
	}
	return f
}

// bars draws the series side by side in each place; where there is room, a
// single series' bars tell their values.
func (p *Plot) bars(f scale) {
	st := p.style
	k := len(p.spec.Series)
	gap := min(f.slot*0.25, st.Gap)
	w := (f.slot - gap) / float32(k)
	if w < 1 {
		gap, w = 0, f.slot/float32(k)
	}
	for i, s := range p.spec.Series {
		for j, v := range s.Values[:min(len(s.Values), maxPoints)] {
			if !number(v) || v <= 0 {
				continue
			}
			y := f.y(v)
			bar := canvas.NewRectangle(p.colour(i))
			bar.CornerRadius = min(3, w/4)
			x := f.x + float32(j)*f.slot + gap/2 + float32(i)*w
			p.put(bar, rect{x, y, max(w-1, 1), max(f.rect.y+f.h-y, 1)})
			if k > 1 {
				continue
			}
			digits := 0
			if v != math.Trunc(v) {
				digits = 1
			}
			t := p.text(p.num(v, digits), st.Small, st.Ink, false)
			if n := t.MinSize(); n.Width <= f.slot-2 && y-n.Height >= f.rect.y-n.Height-1 {
				p.put(t, rect{x + (w-n.Width)/2, y - n.Height, n.Width, n.Height})
			}
		}
	}
}

// lines draws each series as a line; where the values are finer than what is
// seen, several are drawn together, by their mean.
func (p *Plot) lines(f scale) {
	for i, s := range p.spec.Series {
		values := s.Values[:min(len(s.Values), maxPoints)]
		each := 1
		for f.slot*float32(each) < 3 && each < len(values) {
			each++
		}
		var from *fyne.Position
		for j := 0; j < len(values); j += each {
			v := mean(values[j:min(j+each, len(values))])
			if !number(v) {
				from = nil
				continue
			}
			to := fyne.NewPos(f.mid(j)+float32(each-1)*f.slot/2, f.y(v))
			if from != nil {
				line := canvas.NewLine(p.colour(i))
				line.StrokeWidth = 2.5
				line.Position1, line.Position2 = *from, to
				p.box.Objects = append(p.box.Objects, line)
			} else if j+each >= len(values) || !number(values[j+each]) { // alone
				dot := canvas.NewCircle(p.colour(i))
				p.put(dot, rect{to.X - 3, to.Y - 3, 6, 6})
			}
			from = &to
		}
	}
}

// mean of what is a number, or none.
func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if number(v) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// maxKinds is how many bars are kinds of something, each with its name below,
// rather than places on a scale.
const maxKinds = 8

// labelLines is how many lines the labels of the x axis have: two where they are
// names that would not stand beside one another.
func (p *Plot) labelLines(width float32) int {
	n := p.values()
	if p.spec.Lines || n > maxKinds || n == 0 {
		return 1
	}
	slot := (width - p.style.Target) / float32(n)
	for _, l := range p.spec.Labels {
		if fyne.MeasureText(l, p.style.Small, fyne.TextStyle{}).Width+6 > slot {
			return 2
		}
	}
	return 1
}

// names puts every label below its bar, on two lines where it needs them.
func (p *Plot) names(f scale) {
	for i, l := range p.spec.Labels[:min(len(p.spec.Labels), f.n)] {
		t := NewText(l, p.style.Small, p.style.Muted, false)
		t.Align, t.MaxLines, t.Least = fyne.TextAlignCenter, 2, p.style.Small
		w := f.slot - 6
		p.put(t, rect{f.x + float32(i)*f.slot + 3, f.rect.y + f.h + 4, w, t.HeightFor(w)})
	}
}

// xLabels puts as many of the labels as stand clear of one another.
func (p *Plot) xLabels(f scale) {
	st := p.style
	var widest float32
	labels := p.spec.Labels[:min(len(p.spec.Labels), f.n)]
	for _, l := range labels {
		widest = max(widest, fyne.MeasureText(l, st.Small, fyne.TextStyle{}).Width)
	}
	each := 1
	for f.slot*float32(each) < widest+10 && each < len(labels) {
		each++
	}
	clear := f.x - 8 // what is left of here is taken
	for i := 0; i < len(labels); i += each {
		t := p.text(fitLine(labels[i], st.Small, fyne.TextStyle{}, f.w), st.Small, st.Muted, false)
		n := t.MinSize()
		x := min(max(f.mid(i)-n.Width/2, f.x-8), f.x+f.w-n.Width)
		if x < clear {
			continue
		}
		clear = x + n.Width + 8
		p.put(t, rect{x, f.rect.y + f.h + 4, n.Width, n.Height})
	}
}
