package widgets

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// turnTime is one round of a WorkRing: slow, as waiting is no alarm.
const turnTime = 1800 * time.Millisecond

// WorkRing is a ring that fills, round after round, while something of unknown
// length goes on. It stands still until Start.
type WorkRing struct {
	*Flow
	groove *canvas.Circle
	arc    *canvas.Arc
	turn   *fyne.Animation
}

// NewWorkRing makes one.
func NewWorkRing(st theme.Style) *WorkRing {
	w := &WorkRing{
		groove: canvas.NewCircle(theme.Fade(st.Paper, 0)),
		arc:    canvas.NewArc(0, 90, 0.94, st.Brand),
	}
	w.groove.StrokeColor, w.groove.StrokeWidth = st.Line, 2
	w.arc.CornerRadius = st.Stroke
	w.Flow = NewFlow(func(s fyne.Size) {
		side := min(s.Width, s.Height)
		x, y := (s.Width-side)/2, (s.Height-side)/2
		Put(w.groove, x, y, side, side)
		Put(w.arc, x, y, side, side)
	}, nil, w.groove, w.arc)
	w.turn = fyne.NewAnimation(turnTime, func(p float32) {
		// 7.5 degrees a step: to paint a whole window oftener for one ring is
		// waste, most of all while the engine is starting.
		to := max(7.5, float32(math.Ceil(float64(p)*48))*7.5)
		if to == w.arc.EndAngle {
			return
		}
		w.arc.EndAngle = to
		w.arc.Refresh()
	})
	w.turn.Curve = fyne.AnimationEaseInOut
	w.turn.RepeatCount = fyne.AnimationRepeatForever
	return w
}

// Start sets it going.
func (w *WorkRing) Start() { w.turn.Start() }

// Stop halts it.
func (w *WorkRing) Stop() { w.turn.Stop() }
