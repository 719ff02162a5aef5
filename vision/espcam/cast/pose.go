package cast

import (
	"encoding/binary"
	"image"
	"math"
)

// Pose is where a person is in a picture and how they hold their head.
type Pose struct {
	X, Y  float64 // centre of the face when it looks straight on, fractions of the frame
	Scale float64 // height of the face, hairline to chin, as a fraction of the frame's height
	// Radians. Positive Yaw turns to the right of the picture, positive Pitch
	// nods down, positive Roll leans clockwise.
	Yaw, Pitch, Roll float64
	Blink            float64 // 0 open .. 1 closed
	Smile            float64 // 0 .. 1
}

// The face in head units: what Pose.Scale measures and Presence.Box holds.
const (
	faceTop    = -0.65
	faceBottom = 1.0
	faceHigh   = faceBottom - faceTop
	faceMid    = (faceTop + faceBottom) / 2
	faceHalf   = 0.74
)

// The point that the head turns about, in the neck.
const (
	pivotY = 0.85
	pivotZ = -0.18
)

// Beyond these the relief would fold over itself.
const (
	maxTurn = 0.5
	maxLean = 1.2
)

// bound makes any pose one that can be drawn.
func (p Pose) bound() Pose {
	c := func(v, lo, hi float64) float64 {
		if v != v {
			return 0
		}
		return min(max(v, lo), hi)
	}
	p.X, p.Y = c(p.X, -4, 4), c(p.Y, -4, 4)
	p.Scale = c(p.Scale, 0.01, 3)
	p.Yaw, p.Pitch = c(p.Yaw, -maxTurn, maxTurn), c(p.Pitch, -maxTurn, maxTurn)
	p.Roll = c(p.Roll, -maxLean, maxLean)
	p.Blink, p.Smile = c(p.Blink, 0, 1), c(p.Smile, 0, 1)
	return p
}

// stand is a pose at one size of picture.
type stand struct {
	scale          float32 // pixels per head unit
	ox, oy         float32 // of the head's pivot
	cosY, sinY     float32
	cosP, sinP     float32
	cosR, sinR     float32
	bodyCR, bodySR float32
}

func (p Pose) stand(w, h int) stand {
	s := p.Scale * float64(h) / faceHigh
	trig := func(a float64) (float32, float32) { return float32(math.Cos(a)), float32(math.Sin(a)) }
	var t stand
	t.scale = float32(s)
	t.ox, t.oy = float32(p.X*float64(w)), float32(p.Y*float64(h)+(pivotY-faceMid)*s)
	t.cosY, t.sinY = trig(p.Yaw)
	t.cosP, t.sinP = trig(p.Pitch)
	t.cosR, t.sinR = trig(p.Roll)
	t.bodyCR, t.bodySR = trig(0.15 * p.Roll)
	return t
}

// forward maps a point of the head to the picture.
func (t *stand) forward(u, v, z float32) (x, y float32) {
	v, z = v-pivotY, z-pivotZ
	x, y = u*t.cosY+z*t.sinY, v*t.cosP+z*t.sinP
	x, y = x*t.cosR-y*t.sinR, x*t.sinR+y*t.cosR
	return t.ox + x*t.scale, t.oy + y*t.scale
}

// headAt maps a point of the picture back to the head: the height there is not
// known before the place is, so it is found by stepping.
func (t *stand) headAt(d *depth, x, y float32) (u, v float32) {
	x, y = (x-t.ox)/t.scale, (y-t.oy)/t.scale
	x, y = x*t.cosR+y*t.sinR, y*t.cosR-x*t.sinR
	u, v = x, y+pivotY
	for range 4 {
		z := d.height(u, v) - pivotZ
		nu, nv := (x-z*t.sinY)/t.cosY, (y-z*t.sinP)/t.cosP+pivotY
		u, v = (u+nu)/2, (v+nv)/2
	}
	return u, v
}

// bodyAt maps a point of the picture back to the body.
func (t *stand) bodyAt(x, y float32) (u, v float32) {
	x, y = (x-t.ox)/t.scale, (y-t.oy)/t.scale
	return x*t.bodyCR + y*t.bodySR, y*t.bodyCR - x*t.bodySR + pivotY
}

// face is the box of the face in fractions of the picture.
func (p Pose) face(w, h int) Box {
	t := p.stand(w, h)
	x, y := t.forward(0, faceMid, 0.45)
	hw, hh := float32(faceHalf)*t.scale, float32(faceHigh/2)*t.scale
	fw, fh := float64(w), float64(h)
	return Box{float64(x-hw) / fw, float64(y-hh) / fh, float64(x+hw) / fw, float64(y+hh) / fh}
}

// draw draws the person over dst.
func (f *figure) draw(dst *image.RGBA, p Pose) {
	p = p.bound()
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	t := p.stand(w, h)
	// The eyes stay with the camera while the head turns.
	f.show(p.Blink, p.Smile, -0.16*p.Yaw)
	if f.back != nil {
		t.bend(dst, f.back.level(t.scale), func(x, y float32) (float32, float32) {
			u, v := t.bodyAt(x, y)
			return u + 0.10*t.sinY, v
		})
	}
	t.bend(dst, f.body.level(t.scale), t.bodyAt)
	t.bend(dst, f.head.level(t.scale), func(x, y float32) (float32, float32) { return t.headAt(&f.depth, x, y) })
}

// bend draws a texture where at, which maps the picture to head units, says.
// The map is evaluated on a grid and interpolated between.
func (t *stand) bend(dst *image.RGBA, tex *texture, at func(x, y float32) (u, v float32)) {
	const cell = 8
	r := t.reach(tex).Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	cols := (r.Dx()+cell-1)/cell + 1
	type uv struct{ u, v float32 } // in texels, 16.16 below
	rowAt := func(buf []uv, y int) {
		for i := range buf {
			u, v := at(float32(r.Min.X+i*cell)+0.5, float32(y)+0.5)
			buf[i] = uv{(u-tex.at.x0)*tex.ppu - 0.5, (v-tex.at.y0)*tex.ppu - 0.5}
		}
	}
	top, bot := make([]uv, cols), make([]uv, cols)
	rowAt(bot, r.Min.Y)
	for y0 := r.Min.Y; y0 < r.Max.Y; y0 += cell {
		top, bot = bot, top
		rowAt(bot, y0+cell)
		for y := y0; y < min(y0+cell, r.Max.Y); y++ {
			k := float32(y-y0) / cell
			for i := range cols - 1 {
				x := r.Min.X + i*cell
				n := min(cell, r.Max.X-x)
				u0, v0 := lerp(top[i].u, bot[i].u, k), lerp(top[i].v, bot[i].v, k)
				u1, v1 := lerp(top[i+1].u, bot[i+1].u, k), lerp(top[i+1].v, bot[i+1].v, k)
				o := dst.PixOffset(x, y)
				tex.span(dst.Pix[o:o+4*n], u0, v0, (u1-u0)/cell, (v1-v0)/cell)
			}
		}
	}
}

// span draws a run of pixels over dst, from texel (u,v) on.
func (t *texture) span(dst []uint8, u, v, du, dv float32) {
	fu, fv := int(u*65536), int(v*65536)
	iu, iv := int(du*65536), int(dv*65536)
	for o := 0; o+4 <= len(dst); o, fu, fv = o+4, fu+iu, fv+iv {
		x, y := fu>>16, fv>>16
		if uint(x) >= uint(t.w-1) || uint(y) >= uint(t.h-1) {
			continue
		}
		row := t.px[y*t.w+x:]
		a, b := row[0], row[1]
		row = row[t.w:]
		c, d := row[0], row[1]
		if (a|b|c|d)>>24 == 0 {
			continue
		}
		kx, ky := uint32(fu>>8&0xff), uint32(fv>>8&0xff)
		s := blend(blend(a, b, kx), blend(c, d, kx), ky)
		if al := s >> 24; al < 255 {
			under := binary.LittleEndian.Uint32(dst[o:])
			k := 256 - al - al>>7
			lo := (under & 0xff00ff * k) >> 8 & 0xff00ff
			hi := (under >> 8 & 0xff00ff * k) & 0xff00ff00
			s += lo | hi
		}
		binary.LittleEndian.PutUint32(dst[o:], s|0xff000000)
	}
}

// reach is the part of the picture that a texture may touch.
func (t *stand) reach(tex *texture) image.Rectangle {
	b := tex.at
	slack := 0.75*(abs(t.sinY)+abs(t.sinP)) + 0.05
	var x0, y0, x1, y1 float32 = math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32, -math.MaxFloat32
	for _, u := range []float32{b.x0 - slack, b.x1 + slack} {
		for _, v := range []float32{b.y0 - slack, b.y1 + slack} {
			for _, a := range [][2]float32{{t.cosR, t.sinR}, {t.bodyCR, t.bodySR}} {
				x, y := u*a[0]-(v-pivotY)*a[1], u*a[1]+(v-pivotY)*a[0]
				x0, x1 = min(x0, x), max(x1, x)
				y0, y1 = min(y0, y), max(y1, y)
			}
		}
	}
	const far = 1 << 20
	c := func(v float32) int { return int(min(max(v, -far), far)) }
	return image.Rect(c(t.ox+x0*t.scale)-1, c(t.oy+y0*t.scale)-1, c(t.ox+x1*t.scale)+2, c(t.oy+y1*t.scale)+2)
}

// Portrait draws one person before a plain ground, at most 4096 pixels a side.
// A zero pose is a centred face that fills a little over half of the height.
func (p Person) Portrait(w, h int, pose Pose) *image.RGBA {
	w, h = min(max(w, 1), 4096), min(max(h, 1), 4096)
	if pose == (Pose{}) {
		pose = Pose{X: 0.5, Y: 0.52, Scale: 0.52}
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	ground(dst)
	newFigure(p, tier(pose.bound().Scale*float64(h)/faceHigh)).draw(dst, pose)
	return dst
}

// tier is the resolution to model a person at for a scale in pixels.
func tier(scale float64) float32 {
	switch {
	case scale > 170:
		return 256
	case scale > 85:
		return 128
	}
	return 64
}

// ground is a photographer's paper: light in the middle.
func ground(dst *image.RGBA) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	in, out := hex(0xD5DBDA), hex(0x98A5A7)
	for y := range h {
		for x := range w {
			d := sq((float32(x)/float32(w)-0.5)*1.2) + sq((float32(y)/float32(h) - 0.42))
			c := in.mix(out, clamp01(d*1.9))
			o := dst.PixOffset(x, y)
			dst.Pix[o], dst.Pix[o+1], dst.Pix[o+2], dst.Pix[o+3] = encode(c.r), encode(c.g), encode(c.b), 255
		}
	}
}
