package widgets

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// NewCard is the ground of a card: a surface with a hairline round it.
func NewCard(st theme.Style) *canvas.Rectangle {
	r := canvas.NewRectangle(st.Surface)
	r.StrokeColor, r.StrokeWidth = st.Line, 1
	r.CornerRadius = st.Radius
	return r
}

// Countdown is a thin line that runs out over the last moments of a card. It
// says beforehand that the card will go; it never hurries by colour or
// blinking.
type Countdown struct {
	*Flow
	groove, rest *canvas.Rectangle
	left         float32 // 0..1
	run          *fyne.Animation
}

// NewCountdown makes one that shows nothing until Run.
func NewCountdown(st theme.Style) *Countdown {
	c := &Countdown{groove: canvas.NewRectangle(st.Line), rest: canvas.NewRectangle(st.Brand)}
	c.groove.CornerRadius, c.rest.CornerRadius = 2, 2
	c.Flow = NewFlow(func(s fyne.Size) {
		c.groove.Resize(s)
		c.rest.Resize(fyne.NewSize(s.Width*c.left, s.Height))
	}, nil, c.groove, c.rest)
	c.box.Hide()
	return c
}

// Run counts down what is left, and shows the last of it: the line is whole
// when last remains. Nothing left, or no end, shows nothing.
func (c *Countdown) Run(left, last time.Duration) {
	c.Stop()
	c.box.Hide()
	if left <= 0 || last <= 0 {
		return
	}
	c.run = fyne.NewAnimation(left, func(p float32) { c.show(float32(left)*(1-p), float32(last)) })
	c.run.Curve = fyne.AnimationLinear
	c.run.Start()
}

func (c *Countdown) show(left, last float32) {
	const steps = 128 // the line need not be painted oftener than it is seen to move
	part := float32(math.Ceil(float64(left/last)*steps)) / steps
	if left > last || (part == c.left && c.box.Visible()) {
		return
	}
	c.left = part
	c.box.Show()
	c.Again()
}

// Left is the part of the line that is left, 0 to 1.
func (c *Countdown) Left() float32 { return c.left }

// Stop halts it where it is.
func (c *Countdown) Stop() {
	if c.run != nil {
		c.run.Stop()
		c.run = nil
	}
}
