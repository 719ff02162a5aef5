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

// prop is a picture in a hand.
type prop struct {
	tex   *texture
	place Place
	skin  rgb
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
		s.props[person] = append(s.props[person], prop{card(m), at, hex(s.people[person].Look.Skin)})
	}
}

// card copies a picture onto a card with a white border; its texture is one
// head unit wide.
func card(m image.Image) *texture {
	b := m.Bounds()
	w := min(b.Dx(), maxProp)
	h := min(max(1, b.Dy()*w/b.Dx()), maxProp)
	edge := max(2, w/24)
	dst := image.NewRGBA(image.Rect(0, 0, w+2*edge, h+2*edge))
	corner := float64(2 * edge)
	fw, fh := float64(dst.Rect.Dx()), float64(dst.Rect.Dy())
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			dx := max(0, corner-float64(x)-0.5, float64(x)+0.5-fw+corner)
			dy := max(0, corner-float64(y)-0.5, float64(y)+0.5-fh+corner)
			a := uint8(255 * min(max(corner-math.Hypot(dx, dy)+0.5, 0), 1))
			o := dst.PixOffset(x, y)
			dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2], dst.Pix[o+3] = a, a, a, a
		}
	}
	for y := range h {
		for x := range w {
			r, g, bl, _ := m.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h).RGBA()
			o := dst.PixOffset(edge+x, edge+y)
			dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2] = uint8(r>>8), uint8(g>>8), uint8(bl>>8)
		}
	}
	ppu := float32(dst.Rect.Dx())
	half := float32(dst.Rect.Dy()) / ppu / 2
	return newTexture(box{-0.5, -half, 0.5, half}, ppu, dst)
}

// draw draws the card before the person, with the thumb that holds it.
func (pr *prop) draw(dst *image.RGBA, _ *figure, p Pose) {
	p = p.bound()
	h := float64(dst.Rect.Dy())
	face := p.Scale * h
	x := p.X*float64(dst.Rect.Dx()) + pr.place.X*face
	y := p.Y*h + pr.place.Y*face
	t := Pose{Roll: pr.place.Tilt}.stand(1, 1)
	t.scale = float32(pr.place.Width * face)
	t.ox, t.oy = float32(x), float32(y)
	t.bodyCR, t.bodySR = t.cosR, t.sinR
	flat := func(x, y float32) (float32, float32) {
		x, y = (x-t.ox)/t.scale, (y-t.oy)/t.scale
		return x*t.cosR + y*t.sinR, y*t.cosR - x*t.sinR
	}
	tex := pr.tex
	for float32(tex.ppu) > 2*t.scale && tex.w > 8 && tex.h > 8 {
		tex = tex.halve()
	}
	// reach measures from the head's pivot; the card's middle is its own.
	at := *tex
	at.at.y0, at.at.y1 = at.at.y0+pivotY, at.at.y1+pivotY
	t.bend(dst, &at, func(x, y float32) (float32, float32) {
		u, v := flat(x, y)
		return u, v + pivotY
	})
	th := pr.thumb()
	t.bend(dst, th, func(x, y float32) (float32, float32) {
		u, v := flat(x, y)
		k := float32(0.42 / pr.place.Width) // a thumb is as large as its owner's
		return u / k, (v-tex.at.y1)/k + pivotY
	})
}

// thumb lies over the lower edge of the card.
func (pr *prop) thumb() *texture {
	r := newRelief(box{-0.25, pivotY - 0.3125, 0.25, pivotY + 0.1875}, 128)
	r.each(r.all(), func(i int, x, y float32) {
		v := y - pivotY
		half := float32(0.092) + 0.02*step(0, 0.2, v)
		d := half - abs(x)
		if v < -0.17 {
			d = half - sqrt(x*x+sq(v+0.17))
		}
		in := step(-r.px(), r.px(), d)
		if in <= 0 {
			return
		}
		r.z[i] = 0.9 * sqrt(max(0, sq(half)-sq(half-max(d, 0))))
		c := pr.skin
		nail := step(1.08, 0.95, sqrt(sq(x/0.058)+sq((v+0.165)/0.07)))
		c = c.mix(rgb{min(1, c.r*1.15+0.08), c.g*0.95 + 0.08, c.b*0.92 + 0.08}, 0.7*nail)
		r.z[i] += 0.006 * nail
		r.cover(i, c, in)
		r.g[i] = 0.1 + 0.5*nail
	})
	return newTexture(r.at, r.ppu, r.shade(lobby()))
}
