package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

const (
	// SecretHold is how long a SecretSpot is held.
	SecretHold = 3 * time.Second
	// SecretTaps within SecretTime do the same, for hands that cannot hold still.
	SecretTaps = 5
	SecretTime = 4 * time.Second
)

// SecretSpot is a place that does something for those who know of it: held for
// a while, or tapped several times. It shows nothing, and a touch that ends
// sooner does nothing.
type SecretSpot struct {
	widget.BaseWidget
	OnFound   func()
	OnPressed func() // a finger is on it; may be nil

	later Later
	now   func() time.Time
	hold  Pending
	held  bool // the touch at hand was long enough: it is no tap
	taps  []time.Time
}

var (
	_ fyne.Tappable     = (*SecretSpot)(nil)
	_ desktop.Mouseable = (*SecretSpot)(nil)
	_ desktop.Hoverable = (*SecretSpot)(nil)
)

// NewSecretSpot makes one that goes by a clock.
func NewSecretSpot(later Later, now func() time.Time, found func()) *SecretSpot {
	s := &SecretSpot{OnFound: found, later: later, now: now}
	s.ExtendBaseWidget(s)
	return s
}

// MouseDown implements desktop.Mouseable.
func (s *SecretSpot) MouseDown(*desktop.MouseEvent) {
	call(s.OnPressed)
	s.held = false
	s.hold.Set(s.later(SecretHold, func() {
		s.held = true
		s.found()
	}))
}

// MouseUp implements desktop.Mouseable.
func (s *SecretSpot) MouseUp(*desktop.MouseEvent) { s.hold.Cancel() }

// Tapped implements fyne.Tappable.
func (s *SecretSpot) Tapped(*fyne.PointEvent) {
	s.hold.Cancel()
	if s.held {
		s.held = false
		return
	}
	now := s.now()
	s.taps = append(s.taps, now)
	if len(s.taps) > SecretTaps {
		s.taps = s.taps[1:]
	}
	if len(s.taps) == SecretTaps && now.Sub(s.taps[0]) <= SecretTime {
		s.found()
	}
}

func (s *SecretSpot) found() {
	s.taps = s.taps[:0]
	call(s.OnFound)
}

// Stop forgets the touch at hand.
func (s *SecretSpot) Stop() {
	s.hold.Cancel()
	s.taps = s.taps[:0]
}

// MouseIn implements desktop.Hoverable. A finger does not hover.
func (s *SecretSpot) MouseIn(*desktop.MouseEvent) {}

// MouseMoved implements desktop.Hoverable.
func (s *SecretSpot) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable: the finger slid off.
func (s *SecretSpot) MouseOut() { s.hold.Cancel() }

// CreateRenderer implements fyne.Widget.
func (s *SecretSpot) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
