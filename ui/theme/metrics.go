package theme

import (
	"math"

	"fyne.io/fyne/v2"
)

// Shape is how a screen's contents flow.
type Shape int

// The shapes.
const (
	Wide    Shape = iota // landscape, the reference is 1280x800
	Compact              // a small landscape, 800x480
	Tall                 // portrait, 1080x1920
)

// Metrics are the sizes for one screen, in Fyne units (pixels, as the kiosk
// turns Fyne's own scaling off).
type Metrics struct {
	Shape Shape
	// Scale is 1 at the reference; a larger screen is read from farther away,
	// so that everything grows with it.
	Scale float32

	Greeting, Title, Body, Label, Small float32 // type

	Margin  float32 // from the edge of the screen
	Gap     float32 // between things; never less than 16 between two targets
	Pad     float32 // inside a card or a button
	Target  float32 // the least side of what is touched
	Button  float32 // height of a button
	Radius  float32 // of the picture and the cards
	Corner  float32 // of buttons and pills
	Icon    float32
	Stroke  float32 // of rings and outlines
	BarLine float32 // height of the state bar
}

// The bounds of Metrics.Scale. Below the least, type would no longer be
// readable from where people stand: such a window shows less, not smaller.
const (
	minScale = 1
	maxScale = 4
)

// MetricsFor gives the sizes for a screen of size s.
func MetricsFor(s fyne.Size) Metrics {
	shape := Wide
	refW, refH := float32(1280), float32(800)
	switch {
	case s.Height > s.Width:
		shape, refW, refH = Tall, 800, 1280
	case s.Width < 1024 || s.Height < 640:
		shape = Compact
	}
	scale := float32(minScale)
	if shape != Compact {
		scale = min(s.Width/refW, s.Height/refH)
		scale = float32(math.Floor(float64(scale)*8)) / 8
		scale = min(max(scale, minScale), maxScale)
	}
	grid := func(v float32) float32 { return float32(math.Round(float64(v*scale/8))) * 8 }
	px := func(v float32) float32 { return float32(math.Round(float64(v * scale))) }

	m := Metrics{
		Shape: shape, Scale: scale,
		Greeting: px(56), Title: px(36), Body: px(24), Label: px(20), Small: px(16),
		Margin: grid(32), Gap: grid(16), Pad: grid(24), Target: grid(64), Button: grid(72),
		Radius: grid(24), Corner: grid(16), Icon: grid(24), Stroke: px(4), BarLine: grid(32),
	}
	switch shape {
	case Compact:
		m.Greeting, m.Title, m.Body = 40, 28, 20
		m.Margin, m.Pad, m.Button, m.BarLine = 16, 16, 64, 24
	case Tall:
		m.Button = grid(80)
	}
	return m
}
