package widgets

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// fillTime is how long the ring takes to a new value.
const fillTime = 250 * time.Millisecond

// CaptureRing is the picture as a disc in a big ring that fills as the capture
// gets on.
type CaptureRing struct {
	*Flow
	style  theme.Style
	live   *LiveView
	groove *canvas.Circle
	arc    *canvas.Arc
	filled float32 // 0..1, as it is seen
	goal   float32
	run    *fyne.Animation
}

// NewCaptureRing makes one around the picture, which it makes round; Close
// gives it back.
func NewCaptureRing(st theme.Style, live *LiveView) *CaptureRing {
	c := &CaptureRing{
		style: st, live: live,
		groove: canvas.NewCircle(theme.Fade(st.Paper, 0)),
		arc:    canvas.NewArc(0, 0, 0.9, st.Brand),
	}
	c.groove.StrokeColor = st.Line
	live.SetRound(true)
	live.SetPlain(true)
	c.Flow = NewFlow(c.put, nil, c.groove, c.arc, live)
	return c
}

// Progress is where the ring is heading, 0 to 1.
func (c *CaptureRing) Progress() float32 { return c.goal }

// SetProgress fills the ring to p, 0 to 1, within a moment. What is no number
// is nothing.
func (c *CaptureRing) SetProgress(p float64) {
	goal := float32(min(max(p, 0), 1))
	if math.IsNaN(p) {
		goal = 0
	}
	if goal == c.goal {
		return
	}
	c.stop()
	from := c.filled
	c.goal = goal
	c.run = fyne.NewAnimation(fillTime, func(at float32) { c.fill(from + (goal-from)*at) })
	c.run.Curve = fyne.AnimationEaseOut
	c.run.Start()
}

// SetDone colours the full ring as what it is: finished.
func (c *CaptureRing) SetDone() {
	c.SetProgress(1)
	c.arc.FillColor = c.style.OK
	c.arc.Refresh()
}

func (c *CaptureRing) fill(p float32) {
	c.filled = p
	c.arc.EndAngle = 360 * p
	setShown(c.arc, p > 0)
	c.arc.Refresh()
}

func (c *CaptureRing) put(s fyne.Size) {
	side := float32(int(min(s.Width, s.Height)))
	x, y := (s.Width-side)/2, (s.Height-side)/2
	thick := 3 * c.style.Stroke
	c.groove.StrokeWidth = thick
	Put(c.groove, x, y, side, side)
	Put(c.arc, x, y, side, side)
	if side > 0 {
		c.arc.CutoutRatio = 1 - 2*thick/side
	}
	c.fill(c.filled)
	in := thick + c.style.Gap/2
	Put(c.live, x+in, y+in, side-2*in, side-2*in)
}

func (c *CaptureRing) stop() {
	if c.run != nil {
		c.run.Stop()
		c.run = nil
	}
}

// Close stops what moves and gives the picture its own shape back.
func (c *CaptureRing) Close() {
	c.stop()
	c.live.SetRound(false)
	c.live.SetPlain(false)
}
