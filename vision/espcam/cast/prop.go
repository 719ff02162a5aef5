package cast

import (
	"image"
	"math"
)

// Place is where a person holds something: in face heights (hairline to chin)
// from the middle of the face, so it moves with them.
type Place struct {
	X, Y  float64 // of its centre
	Width float64
	Tilt  float64 // radians, clockwise
}

// Held before the chest, and before the face: what a badge and a photograph of
// somebody else want.
var (
	BeforeChest = Place{X: 0.18, Y: 0.86, Width: 0.55, Tilt: -0.05}
	BeforeFace  = Place{X: 0, Y: 0.02, Width: 1.15, Tilt: 0.03}
)

// prop is a picture that somebody holds up.
type prop struct {
	card  *layer
	place Place
}

// The longest side that a prop keeps of its picture.
const maxProp = 1024

// WithProp lets a person hold up a picture (a badge, a printed face, a screen)
// whenever they are there. The picture is copied.
func WithProp(person int, m image.Image, at Place) Option {
	return func(s *Script) {
		if person < 0 || person >= len(s.people) || m == nil || m.Bounds().Empty() {
			return
		}
		at.Width = min(max(at.Width, 0.05), 4)
		s.props[person] = append(s.props[person], prop{card(m), at})
	}
}

// card copies a picture onto a card with a white border, one unit wide.
func card(m image.Image) *layer {
	const clear = 8 // pixels around, so that its edges are smooth when tilted
	b := m.Bounds()
	w := min(b.Dx(), maxProp)
	h := min(max(1, b.Dy()*w/b.Dx()), maxProp)
	edge := max(2, w/24)
	cw, ch := w+2*edge, h+2*edge
	dst := image.NewRGBA(image.Rect(0, 0, cw+2*clear, ch+2*clear))
	corner := float64(2 * edge)
	for y := range ch {
		for x := range cw {
			dx := max(0, corner-float64(x)-0.5, float64(x)+0.5-float64(cw)+corner)
			dy := max(0, corner-float64(y)-0.5, float64(y)+0.5-float64(ch)+corner)
			a := uint8(255 * min(max(corner-math.Hypot(dx, dy)+0.5, 0), 1))
			o := dst.PixOffset(clear+x, clear+y)
			dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2], dst.Pix[o+3] = a, a, a, a
		}
	}
	for y := range h {
		for x := range w {
			r, g, bl, _ := m.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h).RGBA()
			o := dst.PixOffset(clear+edge+x, clear+edge+y)
			dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2] = uint8(r>>8), uint8(g>>8), uint8(bl>>8)
		}
	}
	ppu := float32(cw)
	hw, hh := float32(dst.Rect.Dx())/ppu/2, float32(dst.Rect.Dy())/ppu/2
	t := newTexture(box{-hw, -hh, hw, hh}, ppu, dst)
	half := t.halve()
	return &layer{t, half, half.halve()}
}

// draw draws the card before the person who holds it.
func (pr *prop) draw(dst *image.RGBA, p Pose) {
	p = p.bound()
	face := p.Scale * float64(dst.Rect.Dy())
	x := p.X*float64(dst.Rect.Dx()) + pr.place.X*face
	y := p.Y*float64(dst.Rect.Dy()) + pr.place.Y*face
	hold(dst, pr.card, x, y, pr.place.Width*face, pr.place.Tilt)
}

// hold draws a flat layer about a point of the picture.
func hold(dst *image.RGBA, l *layer, x, y, scale, tilt float64) {
	t := stand{scale: float32(scale), ox: float32(x), oy: float32(y), cosY: 1, cosP: 1}
	t.cosR, t.sinR = float32(math.Cos(tilt)), float32(math.Sin(tilt))
	t.bodyCR, t.bodySR = t.cosR, t.sinR
	// A stand turns about the neck: here that is the layer's own origin.
	tex := *l.level(t.scale)
	tex.at.y0, tex.at.y1 = tex.at.y0+pivotY, tex.at.y1+pivotY
	t.bend(dst, &tex, t.bodyAt)
}
