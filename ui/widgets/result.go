package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// Verdict is what a ResultPanel tells.
type Verdict int

// The verdicts.
const (
	VerdictOK    Verdict = iota
	VerdictOther         // not like this, but there is another way
	VerdictNo
)

// ResultPanel tells how it ended, so that it is understood from three metres:
// a big sign, one sentence, what comes next. It never says why.
type ResultPanel struct {
	*Flow
	style   theme.Style
	ground  *canvas.Rectangle
	disc    *canvas.Circle
	sign    *canvas.Image
	icon    assets.Icon
	title   *Text
	next    *Text
	buttons []*Button
}

// NewResultPanel makes one. buttons stand at its foot, the last one is where
// one goes on.
func NewResultPanel(st theme.Style, v Verdict, title, next string, buttons ...*Button) *ResultPanel {
	fill, icon := st.OKCard, assets.IconCheck
	switch v {
	case VerdictOther:
		fill, icon = st.WarnCard, assets.IconHelp
	case VerdictNo:
		fill, icon = st.StopCard, assets.IconCross
	}
	r := &ResultPanel{
		style: st, ground: canvas.NewRectangle(fill), disc: canvas.NewCircle(st.OnCard), icon: icon, buttons: buttons,
		title: NewText(title, st.Greeting*1.5, st.OnCard, true),
		next:  NewText(next, st.Title, st.OnCard, false),
	}
	r.sign = NewIcon(icon, fill, r.side()*0.7)
	r.ground.CornerRadius = st.Radius
	r.title.MaxLines, r.next.MaxLines = 4, 4
	if st.Shape == theme.Compact {
		r.title.MaxLines, r.next.MaxLines = 2, 2
	}
	objs := []fyne.CanvasObject{r.ground, r.disc, r.sign, r.title, r.next}
	for _, b := range buttons {
		objs = append(objs, b)
	}
	r.Flow = NewFlow(r.put, nil, objs...)
	return r
}

// Ground is the colour of the whole panel.
func (r *ResultPanel) Ground() color.Color { return r.ground.FillColor }

func (r *ResultPanel) side() float32 {
	switch r.style.Shape {
	case theme.Compact:
		return 104
	case theme.Tall:
		return 4 * r.style.Target
	}
	return 3 * r.style.Target
}

func (r *ResultPanel) put(s fyne.Size) {
	st := r.style
	Put(r.ground, 0, 0, s.Width, s.Height)
	pad, side := st.Pad, r.side()
	bottom := s.Height - pad
	if n := float32(len(r.buttons)); n > 0 {
		if st.Shape == theme.Tall {
			for i := len(r.buttons) - 1; i >= 0; i-- {
				Put(r.buttons[i], pad, bottom-st.Button, s.Width-2*pad, st.Button)
				bottom -= st.Button + st.Gap
			}
		} else {
			widths, _ := RowWidths(st, r.buttons, len(r.buttons), s.Width-2*pad)
			x := s.Width - pad
			for i := len(r.buttons) - 1; i >= 0; i-- {
				x -= widths[i]
				Put(r.buttons[i], x, bottom-st.Button, widths[i], st.Button)
				x -= st.Gap
			}
			bottom -= st.Button + st.Gap
		}
	}
	x, room := pad, s.Width-2*pad
	if st.Shape != theme.Tall {
		x += side + 2*st.Gap
		room = s.Width - x - pad
	}
	th, nh := r.title.HeightFor(room), r.next.HeightFor(room)
	all := th + st.Gap + nh
	if st.Shape == theme.Tall {
		all += side + 2*st.Gap
	}
	y := pad + max(0, (bottom-pad-all)/2)
	in := (side - side*0.7) / 2
	if st.Shape == theme.Tall {
		Put(r.disc, x, y, side, side)
		Put(r.sign, x+in, y+in, side-2*in, side-2*in)
		y += side + 2*st.Gap
	} else {
		dy := pad + max(0, (bottom-pad-side)/2)
		Put(r.disc, pad, dy, side, side)
		Put(r.sign, pad+in, dy+in, side-2*in, side-2*in)
	}
	Put(r.title, x, y, room, th)
	Put(r.next, x, y+th+st.Gap, room, nh)
}
