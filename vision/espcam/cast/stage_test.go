package cast

import (
	"bytes"
	"image"
	"image/color"
	"testing"
	"time"
)

func TestStageDoesAsTold(t *testing.T) {
	s := NewStage(Cast()[:2])
	canvas := image.NewRGBA(image.Rect(0, 0, 320, 240))
	at := time.Duration(0)
	draw := func() []byte {
		at += 100 * time.Millisecond
		s.Draw(canvas, at)
		return bytes.Clone(canvas.Pix)
	}
	// differs is how much of the picture is another one.
	differs := func(a, b []byte) float64 {
		n := 0
		for i := 0; i < len(a); i += 4 {
			if d := int(a[i]) - int(b[i]); d > 24 || d < -24 {
				n++
			}
		}
		return float64(4*n) / float64(len(a))
	}
	empty := draw()
	s.Enter(0)
	first := draw()
	if d := differs(empty, first); d < 0.1 {
		t.Errorf("somebody entered, and %.3f of the picture changed", d)
	}
	s.Turn(0.45)
	for range 3 {
		draw()
	}
	if s.yaw <= 0 || s.yaw >= 0.45 {
		t.Errorf("yaw %.2f 0.4 s after being asked", s.yaw)
	}
	for range 15 {
		draw()
	}
	turned := draw()
	if s.yaw != 0.45 || differs(first, turned) < 0.02 {
		t.Errorf("yaw %.2f, %.3f of the picture changed", s.yaw, differs(first, turned))
	}
	card := image.NewUniform(color.RGBA{255, 0, 0, 255})
	m := image.NewRGBA(image.Rect(0, 0, 50, 50))
	for y := range 50 {
		for x := range 50 {
			m.Set(x, y, card.C)
		}
	}
	s.Hold(m, BeforeChest)
	held := draw()
	if d := differs(turned, held); d < 0.01 {
		t.Errorf("a card is held up, and %.3f of the picture changed", d)
	}
	s.Hold(nil, BeforeChest)
	if d := differs(turned, draw()); d > 0.02 {
		t.Errorf("the card is down, and %.3f of the picture is another one", d)
	}
	s.Enter(1)
	if d := differs(turned, draw()); d < 0.05 {
		t.Errorf("somebody else entered, and %.3f of the picture changed", d)
	}
	s.Leave()
	if d := differs(empty, draw()); d > 0.01 {
		t.Errorf("the lobby is empty, and %.3f of the picture differs", d)
	}
}
