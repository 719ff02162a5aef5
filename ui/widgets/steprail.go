package widgets

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// StepRail shows the steps of something longer and where one is: what is done
// has a check, the step at hand is filled and bold. Where the names do not
// fit, it says the step at hand in words, over a bar of all.
type StepRail struct {
	*Flow
	style theme.Style
	names []*canvas.Text
	discs []*canvas.Circle
	marks []fyne.CanvasObject // a number or a check
	links []*canvas.Rectangle
	short *Text
	bars  []*canvas.Rectangle
	full  bool
}

// NewStepRail makes one of the steps' names, at one of them. short says the
// same in a few words: "Step 2 of 6: Your data".
func NewStepRail(st theme.Style, names []string, at int, short string) *StepRail {
	r := &StepRail{style: st, short: NewText(short, st.Label, st.Ink, true)}
	r.short.MaxLines, r.short.Least = 1, 16
	var objs []fyne.CanvasObject
	for i, name := range names {
		words := canvas.NewText(name, st.Muted)
		disc := canvas.NewCircle(st.Surface)
		disc.StrokeWidth, disc.StrokeColor = 2, st.Muted
		number := canvas.NewText(strconv.Itoa(i+1), st.Muted)
		number.TextSize, number.TextStyle.Bold = st.Small, true
		var mark fyne.CanvasObject = number
		bar := canvas.NewRectangle(st.Line)
		bar.CornerRadius = 4
		switch {
		case i < at:
			words.Color = st.Ink
			disc.StrokeColor = st.Brand
			mark = NewIcon(assets.IconCheck, st.Brand, r.markSide())
			bar.FillColor = st.Brand
		case i == at:
			words.Color, words.TextStyle.Bold = st.Ink, true
			disc.FillColor, disc.StrokeColor = st.Brand, st.Brand
			number.Color = st.OnBrand
			bar.FillColor = st.Brand
		}
		if i > 0 {
			link := canvas.NewRectangle(st.Line)
			if i <= at {
				link.FillColor = st.Brand
			}
			r.links = append(r.links, link)
			objs = append(objs, link)
		}
		r.names, r.discs = append(r.names, words), append(r.discs, disc)
		r.marks, r.bars = append(r.marks, mark), append(r.bars, bar)
		objs = append(objs, disc, mark, words, bar)
	}
	objs = append(objs, r.short)
	r.Flow = NewFlow(r.put, nil, objs...)
	return r
}

// Height of the rail.
func (r *StepRail) Height() float32 { return max(r.disc(), lineHeight(r.style.Label)+12) }

// Full tells whether all the names are shown.
func (r *StepRail) Full() bool { return r.full }

func (r *StepRail) disc() float32     { return r.style.Icon * 1.5 }
func (r *StepRail) markSide() float32 { return r.style.Icon }

// leastLink is how short the line between two steps may be.
const leastLink = 12

// width that all needs with type of that size.
func (r *StepRail) width(size float32) (w float32) {
	for _, n := range r.names {
		n.TextSize = size
		w += r.disc() + 8 + n.MinSize().Width
	}
	return w + float32(len(r.links))*(leastLink+2*8)
}

func (r *StepRail) put(s fyne.Size) {
	size := r.style.Label
	for size > r.style.Small && r.width(size) > s.Width {
		size--
	}
	need := r.width(size)
	r.full = need <= s.Width
	for i := range r.names {
		for _, o := range []fyne.CanvasObject{r.names[i], r.discs[i], r.marks[i]} {
			setShown(o, r.full)
		}
		setShown(r.bars[i], !r.full)
	}
	for _, l := range r.links {
		setShown(l, r.full)
	}
	setShown(r.short, !r.full)
	if !r.full {
		r.putShort(s)
		return
	}
	link := float32(leastLink)
	if n := len(r.links); n > 0 {
		link += min((s.Width-need)/float32(n), 2*r.style.Target)
	}
	x, d := float32(0), r.disc()
	for i, name := range r.names {
		if i > 0 {
			Put(r.links[i-1], x+8, s.Height/2-1, link, 2)
			x += link + 2*8
		}
		Put(r.discs[i], x, (s.Height-d)/2, d, d)
		m := r.marks[i].MinSize()
		Put(r.marks[i], x+(d-m.Width)/2, (s.Height-m.Height)/2, m.Width, m.Height)
		x += d + 8
		n := name.MinSize()
		Put(name, x, (s.Height-n.Height)/2, n.Width, n.Height)
		x += n.Width
	}
}

func (r *StepRail) putShort(s fyne.Size) {
	h := r.short.HeightFor(s.Width)
	Put(r.short, 0, 0, s.Width, h)
	n := float32(len(r.bars))
	w := (s.Width - (n-1)*8) / n
	for i, b := range r.bars {
		Put(b, float32(i)*(w+8), s.Height-8, w, 8)
	}
}

func setShown(o fyne.CanvasObject, on bool) {
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
