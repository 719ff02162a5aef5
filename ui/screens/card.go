package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
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
	words     []*widgets.Text // from the top
	others    []*widgets.Button
	back      *widgets.Button
	primary   *widgets.Button
	countdown *widgets.Countdown
	ground    fyne.CanvasObject
	deadline  time.Time
}

type cardParts struct {
	words         []*widgets.Text
	others        []*widgets.Button
	back, primary *widgets.Button // back may be nil
}

func newCard(e Env, v kiosk.View, p cardParts) *card {
	c := &card{
		env: e, words: p.words, others: p.others, back: p.back, primary: p.primary,
		countdown: widgets.NewCountdown(e.Style), ground: widgets.NewCard(e.Style),
	}
	objs := []fyne.CanvasObject{e.Live, c.ground}
	for _, w := range c.words {
		objs = append(objs, w)
	}
	for _, b := range c.others {
		objs = append(objs, b)
	}
	if c.back != nil {
		objs = append(objs, c.back)
	}
	objs = append(objs, c.primary, c.countdown)
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
		w := float32(int(s.Width * 0.62))
		widgets.Put(c.env.Live, 0, 0, s.Width-w-st.Gap, s.Height)
		c.putCard(s.Width-w, 0, w, s.Height)
	default:
		w := (s.Width - st.Pad) / 2
		widgets.Put(c.env.Live, 0, 0, w, s.Height)
		c.putCard(s.Width-w, 0, w, s.Height)
	}
}

// columns tells how many of the other actions stand side by side.
func (c *card) columns(width float32) int {
	n := len(c.others)
	if n == 0 {
		return 1
	}
	var widest float32
	for _, b := range c.others {
		widest = max(widest, b.WidthFor())
	}
	for ; n > 1; n-- {
		if float32(n)*widest+float32(n-1)*c.env.Style.Gap <= width {
			break
		}
	}
	return n
}

// lastRows is how many rows the way back and the primary action take.
func (c *card) lastRows(width float32) int {
	switch {
	case c.back == nil:
		return 1
	case c.env.Style.Shape == theme.Tall,
		c.back.WidthFor()+c.primary.WidthFor()+c.env.Style.Gap > width:
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
	top := y + st.Pad
	for _, t := range c.words {
		th := t.HeightFor(inner)
		widgets.Put(t, left, top, inner, th)
		top += th + st.Gap/2
	}

	bottom := y + h - st.Pad - st.Button
	if c.lastRows(inner) == 1 {
		pw := inner
		if c.back != nil {
			bw := max(c.back.WidthFor(), inner*0.4)
			pw = max(c.primary.WidthFor(), inner-bw-st.Gap)
			bw = inner - pw - st.Gap
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
	bw := (inner - float32(cols-1)*st.Gap) / float32(cols)
	for i, b := range c.others {
		widgets.Put(b, left+float32(i%cols)*(bw+st.Gap), first+float32(i/cols)*(st.Button+st.Gap), bw, st.Button)
	}
	widgets.Put(c.countdown, left, y+h-st.Pad/2-2, inner, 4)
}
