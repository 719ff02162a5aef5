package widgets

import (
	"image/color"
	"math"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/assets"
	"agentid/ui/theme"
)

// ConfirmWords are what a ConfirmOverlay says.
type ConfirmWords struct{ Title, Next, Stay, Leave string }

// ConfirmOverlay asks whether somebody is still there before what they wrote
// is thrown away, and counts down beside. It covers what is behind it: it may
// be private, and nobody may be there.
type ConfirmOverlay struct {
	*Flow
	OnStay, OnLeave func()

	style       theme.Style
	later       Later
	now         func() time.Time
	end         time.Time
	whole       time.Duration
	tick        Pending
	cover       *blanket
	ground      *canvas.Rectangle
	groove      *canvas.Circle
	arc         *canvas.Arc
	seconds     *canvas.Text
	lock        *canvas.Image
	title, next *Text
	stay, leave *Button
}

// NewConfirmOverlay asks until end; whole is how long that was at first. What
// happens then is for whoever set the time. Without an end it shows a lock in
// place of the count. pressed is told of every touch.
func NewConfirmOverlay(st theme.Style, words ConfirmWords, end time.Time, whole time.Duration, later Later, now func() time.Time, pressed func()) *ConfirmOverlay {
	c := &ConfirmOverlay{
		style: st, later: later, now: now, end: end, whole: whole,
		cover: newBlanket(st.Paper), ground: NewCard(st),
		groove: canvas.NewCircle(theme.Fade(st.Paper, 0)), arc: canvas.NewArc(0, 360, 0.9, st.Brand),
		seconds: canvas.NewText("", st.Ink),
		title:   NewText(words.Title, st.Greeting, st.Ink, true),
		next:    NewText(words.Next, st.Body, st.Ink, false),
	}
	c.groove.StrokeColor, c.groove.StrokeWidth = st.Line, 2*st.Stroke
	c.lock = NewIcon(assets.IconLock, st.Brand, st.Target)
	c.seconds.TextSize, c.seconds.TextStyle.Bold = st.Greeting, true
	c.stay = NewButton(st, Primary, "", words.Stay, func() { call(c.OnStay) })
	c.leave = NewButton(st, Quiet, "", words.Leave, func() { call(c.OnLeave) })
	c.leave.OnPressed = pressed
	c.stay.OnPressed = pressed
	c.Flow = NewFlow(c.put, nil, c.cover, c.ground, c.groove, c.arc, c.seconds, c.lock, c.title, c.next, c.leave, c.stay)
	c.count()
	return c
}

// SetEnd asks until another time.
func (c *ConfirmOverlay) SetEnd(end time.Time) {
	if !end.Equal(c.end) {
		c.end = end
		c.count()
	}
}

// Left is how many seconds are left, rounded up.
func (c *ConfirmOverlay) Left() int {
	return max(0, int(math.Ceil(c.end.Sub(c.now()).Seconds())))
}

// count shows what is left, and again when that changes.
func (c *ConfirmOverlay) count() {
	c.tick.Cancel()
	left := c.Left()
	setShown(c.seconds, !c.end.IsZero())
	setShown(c.lock, c.end.IsZero())
	c.seconds.Text = strconv.Itoa(left)
	part := float32(1)
	if c.whole > 0 {
		part = min(1, float32(time.Duration(left)*time.Second)/float32(c.whole))
	}
	c.arc.EndAngle = 360 * part
	setShown(c.arc, left > 0)
	c.Again()
	c.seconds.Refresh()
	c.arc.Refresh()
	if left > 0 {
		next := c.end.Sub(c.now()) - time.Duration(left-1)*time.Second
		c.tick.Set(c.later(next, c.count))
	}
}

// Close stops the count.
func (c *ConfirmOverlay) Close() { c.tick.Cancel() }

func (c *ConfirmOverlay) put(s fyne.Size) {
	st := c.style
	Put(c.cover, 0, 0, s.Width, s.Height)
	w := min(s.Width, 15*st.Target)
	pad := st.Pad
	room := w - 2*pad
	side := 2 * st.Target
	text, h := room, 2*pad
	if st.Shape != theme.Tall {
		text = room - side - pad
	}
	th, nh := c.title.HeightFor(text), c.next.HeightFor(text)
	words := th + st.Gap/2 + nh
	if st.Shape == theme.Tall {
		h += side + st.Gap + words + st.Gap + 2*st.Button + st.Gap
	} else {
		h += max(side, words) + 2*st.Gap + st.Button
	}
	h = min(h, s.Height)
	x, y := float32(int((s.Width-w)/2)), float32(int((s.Height-h)/2))
	Put(c.ground, x, y, w, h)
	cx, cy := x+pad, y+pad
	half := st.Stroke
	Put(c.groove, cx+half, cy+half, side-2*half, side-2*half)
	Put(c.arc, cx, cy, side, side)
	c.arc.CutoutRatio = 1 - 4*st.Stroke/side
	n := c.seconds.MinSize()
	Put(c.lock, cx+(side-st.Target)/2, cy+(side-st.Target)/2, st.Target, st.Target)
	Put(c.seconds, cx+(side-n.Width)/2, cy+(side-n.Height)/2, n.Width, n.Height)
	bottom := y + h - pad - st.Button
	if st.Shape == theme.Tall {
		ty := cy + side + st.Gap
		Put(c.title, cx, ty, text, th)
		Put(c.next, cx, ty+th+st.Gap/2, text, nh)
		Put(c.stay, cx, bottom, room, st.Button)
		Put(c.leave, cx, bottom-st.Button-st.Gap, room, st.Button)
		return
	}
	tx, ty := cx+side+pad, cy+max(0, (side-words)/2)
	Put(c.title, tx, ty, text, th)
	Put(c.next, tx, ty+th+st.Gap/2, text, nh)
	bw := (room - st.Gap) / 2
	Put(c.leave, cx, bottom, bw, st.Button)
	Put(c.stay, cx+bw+st.Gap, bottom, bw, st.Button)
}

// blanket hides what is behind it, from eyes and from fingers.
type blanket struct {
	widget.BaseWidget
	fill *canvas.Rectangle
}

var (
	_ fyne.Tappable     = (*blanket)(nil)
	_ desktop.Mouseable = (*blanket)(nil)
	_ desktop.Hoverable = (*blanket)(nil)
)

func newBlanket(c color.Color) *blanket {
	b := &blanket{fill: canvas.NewRectangle(c)}
	b.ExtendBaseWidget(b)
	return b
}

func (b *blanket) Tapped(*fyne.PointEvent)        {}
func (b *blanket) MouseDown(*desktop.MouseEvent)  {}
func (b *blanket) MouseUp(*desktop.MouseEvent)    {}
func (b *blanket) MouseIn(*desktop.MouseEvent)    {}
func (b *blanket) MouseMoved(*desktop.MouseEvent) {}
func (b *blanket) MouseOut()                      {}

func (b *blanket) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.fill) }
