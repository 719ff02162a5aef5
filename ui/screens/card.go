package screens

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// countdownLast is how long before a card goes that its line shows.
const countdownLast = 10 * time.Second

// card is a screen with the picture and a card beside it, or below it on a
// tall screen. The primary action is bottom right (tall: at the bottom), the
// way back bottom left.
type card struct {
	*widgets.Flow
	env       Env
	sign      fyne.CanvasObject // says by a drawing what the words say
	words     []*widgets.Text   // from the top
	others    []*widgets.Button
	back      *widgets.Button
	primary   *widgets.Button
	countdown *widgets.Countdown
	ground    fyne.CanvasObject
	deadline  time.Time
}

type cardParts struct {
	sign          assets.Icon
	colour        color.NRGBA // of the sign
	words         []*widgets.Text
	others        []*widgets.Button
	back, primary *widgets.Button // back may be nil
}

func newCard(e Env, v kiosk.View, p cardParts) *card {
	c := &card{
		env: e, sign: widgets.NewIcon(p.sign, p.colour, 3*e.Style.Icon), words: p.words, others: p.others, back: p.back, primary: p.primary,
		countdown: widgets.NewCountdown(e.Style), ground: widgets.NewCard(e.Style),
	}
	objs := []fyne.CanvasObject{e.Live, c.ground, c.sign}
	if e.Style.Shape != theme.Wide {
		c.sign.Hide() // no room, and the picture is near
	}
	for _, w := range c.words {
		objs = append(objs, w)
	}
	for _, b := range c.others {
		objs = append(objs, b)
	}
	if c.back != nil {
		objs = append(objs, c.back)
	}
	objs = append(objs, c.primary, c.countdown.Object())
	c.Flow = widgets.NewFlow(c.put, nil, objs...)
	c.Update(v)
	return c
}

func (c *card) Update(v kiosk.View) {
	if v.Deadline.Equal(c.deadline) {
		return
	}
	c.deadline = v.Deadline
	if v.Deadline.IsZero() {
		c.countdown.Run(0, 0)
		return
	}
	c.countdown.Run(v.Deadline.Sub(c.env.Now()), countdownLast)
}

func (c *card) ShowsLive() bool { return true }
func (c *card) Close()          { c.countdown.Stop() }

func (c *card) put(s fyne.Size) {
	st := c.env.Style
	switch st.Shape {
	case theme.Tall:
		h := c.heightFor(s.Width)
		widgets.Put(c.env.Live, 0, 0, s.Width, s.Height-h-st.Gap)
		c.putCard(0, s.Height-h, s.Width, h)
	case theme.Compact:
		w := float32(int(s.Width * 0.66))
		widgets.Put(c.env.Live, 0, 0, s.Width-w-st.Gap, s.Height)
		c.putCard(s.Width-w, 0, w, s.Height)
	default:
		w := (s.Width - st.Pad) / 2
		widgets.Put(c.env.Live, 0, 0, w, s.Height)
		c.putCard(s.Width-w, 0, w, s.Height)
	}
}

// columns tells how many of the other actions stand side by side: all, each as
// wide as its words need, or as many as can be equally wide.
func (c *card) columns(width float32) int {
	n := len(c.others)
	if n == 0 {
		return 1
	}
	var widest, sum float32
	for _, b := range c.others {
		widest, sum = max(widest, b.LeastWidth()), sum+b.LeastWidth()
	}
	gaps := float32(n-1) * c.env.Style.Gap
	if sum+gaps <= width {
		return n
	}
	for ; n > 1; n-- {
		if float32(n)*widest+float32(n-1)*c.env.Style.Gap <= width {
			break
		}
	}
	return n
}

// widths of the other actions in that many columns.
func (c *card) widths(width float32, cols int) []float32 {
	out := make([]float32, len(c.others))
	each := (width - float32(cols-1)*c.env.Style.Gap) / float32(cols)
	even := true
	var sum float32
	for i, b := range c.others {
		out[i] = each
		even = even && b.LeastWidth() <= each
		sum += b.LeastWidth()
	}
	if even || cols < len(c.others) {
		return out
	}
	spare := (each*float32(cols) - sum) / float32(cols)
	for i, b := range c.others {
		out[i] = b.LeastWidth() + spare
	}
	return out
}

// lastRows is how many rows the way back and the primary action take.
func (c *card) lastRows(width float32) int {
	switch {
	case c.back == nil:
		return 1
	case c.env.Style.Shape == theme.Tall,
		c.back.LeastWidth()+c.primary.LeastWidth()+c.env.Style.Gap > width:
		return 2
	}
	return 1
}

func (c *card) heightFor(width float32) float32 {
	st := c.env.Style
	inner := width - 2*st.Pad
	h := 2 * st.Pad
	for _, w := range c.words {
		h += w.HeightFor(inner) + st.Gap
	}
	cols := c.columns(inner)
	rows := (len(c.others)+cols-1)/cols + c.lastRows(inner)
	return h + float32(rows)*(st.Button+st.Gap)
}

func (c *card) putCard(x, y, w, h float32) {
	st := c.env.Style
	widgets.Put(c.ground, x, y, w, h)
	inner, left := w-2*st.Pad, x+st.Pad
	bottom := y + h - st.Pad - st.Button
	if c.lastRows(inner) == 1 {
		pw := inner
		if c.back != nil {
			pw = c.primaryWidth(inner)
			bw := inner - pw - st.Gap
			widgets.Put(c.back, left, bottom, bw, st.Button)
		}
		widgets.Put(c.primary, left+inner-pw, bottom, pw, st.Button)
	} else {
		widgets.Put(c.primary, left, bottom, inner, st.Button)
		bottom -= st.Button + st.Gap
		widgets.Put(c.back, left, bottom, inner, st.Button)
	}

	cols := c.columns(inner)
	rows := (len(c.others) + cols - 1) / cols
	first := bottom - float32(rows)*(st.Button+st.Gap)
	widths, at := c.widths(inner, cols), float32(0)
	for i, b := range c.others {
		if i%cols == 0 {
			at = left
		}
		widgets.Put(b, at, first+float32(i/cols)*(st.Button+st.Gap), widths[i], st.Button)
		at += widths[i] + st.Gap
	}
	c.putWords(left, y+st.Pad, inner, first-y-st.Pad-st.Gap)
	widgets.Put(c.countdown.Object(), left, y+h-st.Pad/2-2, inner, 4)
}

// primaryWidth shares a row with the way back: to the primary action as much
// as it can have while neither breaks its words, if that can be.
func (c *card) primaryWidth(inner float32) float32 {
	room := inner - c.env.Style.Gap
	if back := c.back.WidthFor(); back+c.primary.WidthFor() <= room {
		return min(room-back, room*0.6)
	}
	if c.back.LeastWidth()+c.primary.WidthFor() <= room {
		return c.primary.WidthFor()
	}
	return room - c.back.LeastWidth()
}

// putWords stands the sign and the words in the middle of the room above the
// actions, or from its top where there is little.
func (c *card) putWords(x, y, w, h float32) {
	st := c.env.Style
	side := 3 * st.Icon
	var all float32
	for _, t := range c.words {
		all += t.HeightFor(w) + st.Gap/2
	}
	all -= st.Gap / 2
	if c.sign.Visible() {
		all += side + st.Gap
	}
	if st.Shape == theme.Wide {
		y += max(0, (h-all)/2)
	}
	if c.sign.Visible() {
		// Drawings keep an eighth of their side free: without it they line up.
		widgets.Put(c.sign, x-side/8, y, side, side)
		y += side + st.Gap
	}
	for _, t := range c.words {
		th := t.HeightFor(w)
		widgets.Put(t, x, y, w, th)
		y += th + st.Gap/2
	}
}
