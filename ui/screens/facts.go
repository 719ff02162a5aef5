package screens

import (
	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// facts is a page with a few lines, each under its own sign: what became of
// things.
type facts struct {
	wizardPage
	frame       *frame
	ground      fyne.CanvasObject
	sign        fyne.CanvasObject
	title, next *widgets.Text
	small       *widgets.Text
	lines       []fact
}

type fact struct {
	sign  fyne.CanvasObject
	words *widgets.Text
}

func newFacts(e Env, i assets.Icon, title, next, small string, f *frame) *facts {
	st := e.Style
	return &facts{
		frame: f, ground: widgets.NewCard(st), sign: widgets.NewIcon(i, st.OK, 2*st.Icon),
		title: widgets.NewText(title, st.Title, st.Ink, true), next: widgets.NewText(next, factSize(st), st.Ink, false),
		small: widgets.NewText(small, st.Small, st.Muted, false),
	}
}

func (p *facts) add(i assets.Icon, words string) {
	st := p.frame.env.Style
	p.lines = append(p.lines, fact{widgets.NewIcon(i, st.Brand, st.Icon), widgets.NewText(words, factSize(st), st.Ink, false)})
}

// factSize is the type of a line: small where the screen is.
func factSize(st theme.Style) float32 {
	if st.Shape == theme.Compact {
		return st.Label
	}
	return st.Body
}

func (p *facts) done() *facts {
	objs := append(p.frame.objects(), p.ground, p.sign, p.title, p.next, p.small)
	for _, l := range p.lines {
		objs = append(objs, l.sign, l.words)
	}
	p.Flow = widgets.NewFlow(p.put, nil, objs...)
	return p
}

func (p *facts) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := p.frame.put(s)
	st, gap := p.frame.env.Style, p.frame.gap()
	widgets.Put(p.ground, in.x, in.y, in.w, in.h)
	pad := st.Pad
	x, room := in.x+pad, in.w-2*pad
	side := 2 * st.Icon
	text := room - side - gap
	th, nh, sh := p.title.HeightFor(text), p.next.HeightFor(room), p.small.HeightFor(room)
	cols := 2
	if st.Shape == theme.Tall {
		cols = 1
	}
	w := (room - float32(cols-1)*pad) / float32(cols)
	words := w - st.Icon - gap
	var row float32
	for _, l := range p.lines {
		row = max(row, l.words.HeightFor(words), st.Icon)
	}
	rows := (len(p.lines) + cols - 1) / cols
	head := max(th, side)
	all := head + gap + nh + gap + float32(rows)*(row+gap) + sh
	y := in.y + max(st.Gap/2, (in.h-all)/2)
	widgets.Put(p.sign, x, y+(head-side)/2, side, side)
	widgets.Put(p.title, x+side+gap, y+(head-th)/2, text, th)
	y += head + gap
	for i, l := range p.lines {
		lx, ly := x+float32(i/rows)*(w+pad), y+float32(i%rows)*(row+gap)
		h := l.words.HeightFor(words)
		widgets.Put(l.sign, lx, ly+(row-st.Icon)/2, st.Icon, st.Icon)
		widgets.Put(l.words, lx+st.Icon+gap, ly+(row-h)/2, words, h)
	}
	y += float32(rows) * (row + gap)
	widgets.Put(p.next, x, y, room, nh)
	y += nh + gap
	widgets.Put(p.small, x, y, room, sh)
}
