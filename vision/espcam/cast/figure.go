package cast

import (
	"encoding/binary"
	"image"
	"math"
)

// texture is a lit layer in pixels: premultiplied RGBA, four bytes in a word.
type texture struct {
	at   box
	ppu  float32
	w, h int
	px   []uint32
}

func newTexture(at box, ppu float32, m *image.RGBA) *texture {
	t := &texture{at: at, ppu: ppu, w: m.Rect.Dx(), h: m.Rect.Dy()}
	t.px = make([]uint32, t.w*t.h)
	for i := range t.px {
		t.px[i] = binary.LittleEndian.Uint32(m.Pix[4*i:])
	}
	return t
}

// halve makes the next smaller texture, for people further away.
func (t *texture) halve() *texture {
	h := &texture{at: t.at, ppu: t.ppu / 2, w: t.w / 2, h: t.h / 2}
	h.px = make([]uint32, h.w*h.h)
	h.halved(t, image.Rect(0, 0, h.w, h.h))
	return h
}

// halved fills r from the twice larger texture t.
func (h *texture) halved(t *texture, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		a, b := t.px[2*y*t.w:], t.px[(2*y+1)*t.w:]
		for x := r.Min.X; x < r.Max.X; x++ {
			p, q, s, u := a[2*x], a[2*x+1], b[2*x], b[2*x+1]
			lo := p&0xff00ff + q&0xff00ff + s&0xff00ff + u&0xff00ff + 0x20002
			hi := p>>8&0xff00ff + q>>8&0xff00ff + s>>8&0xff00ff + u>>8&0xff00ff + 0x20002
			h.px[y*h.w+x] = lo>>2&0xff00ff | hi<<6&0xff00ff00
		}
	}
}

// layer is a texture with its smaller copies.
type layer [3]*texture

func newLayer(r *relief, l light) *layer {
	t := newTexture(r.at, r.ppu, r.shade(l))
	h := t.halve()
	return &layer{t, h, h.halve()}
}

// level is the copy that best fits a scale in pixels per head unit.
func (l *layer) level(scale float32) *texture {
	for _, t := range l[:2] {
		if scale > 0.5*t.ppu {
			return t
		}
	}
	return l[2]
}

// Steps of the cached expressions, and how far a gaze step moves the irises.
const (
	blinkSteps = 5
	smileSteps = 8
	gazeSteps  = 3
	gazeStep   = 0.011
)

// figure is a person in textures, ready to be bent to a pose. Its head carries
// the last expression drawn. Not safe for concurrent use.
type figure struct {
	p                Person
	lit              light
	head, body, back *layer // back is nil for short hair
	plain            []uint32
	depth            depth
	eyes             map[[2]int][]uint32 // by blink and gaze
	mouths           map[int][]uint32    // by smile
	now              [3]int              // blink, gaze, smile of the head
}

func newFigure(p Person, ppu float32) *figure {
	f := &figure{p: p, lit: lobby(), eyes: map[[2]int][]uint32{}, mouths: map[int][]uint32{}}
	k := &f.p.Look
	r := sculpt(&f.p, expr{}, headBox(k), ppu)
	f.head = newLayer(r, f.lit)
	f.plain = append([]uint32(nil), f.head[0].px...)
	f.depth = newDepth(r)
	f.eyes[[2]int{}], f.mouths[0] = f.cut(f.eyeBox()), f.cut(f.mouthBox())
	f.body = newLayer(body(&f.p, bodyBox, ppu), f.lit)
	if b, ok := backBox(k); ok {
		f.back = newLayer(back(&f.p, b, ppu), f.lit)
	}
	return f
}

// snap widens b to whole sixteenths, so that it falls on whole pixels of every
// copy of a texture.
func snap(b, within box) box {
	down := func(v float32) float32 { return float32(math.Floor(float64(v)*16)) / 16 }
	return box{
		max(down(b.x0), within.x0), max(down(b.y0), within.y0),
		min(-down(-b.x1), within.x1), min(-down(-b.y1), within.y1),
	}
}

func (f *figure) eyeBox() box { return snap(eyePatch(&f.p.Look), f.head[0].at) }

func (f *figure) mouthBox() box {
	b := snap(mouthPatch(&f.p.Look), f.head[0].at)
	b.y0 = max(b.y0, f.eyeBox().y1)
	return b
}

// show puts an expression on the head.
func (f *figure) show(blink, smile, gaze float64) {
	b := quantise(blink, blinkSteps)
	m := quantise(smile, smileSteps)
	g := int(math.Round(min(max(gaze/gazeStep, -gazeSteps), gazeSteps)))
	if b != f.now[0] || g != f.now[1] {
		px, ok := f.eyes[[2]int{b, g}]
		if !ok {
			px = f.patch(f.eyeBox(), expr{blink: float32(b) / blinkSteps, gaze: float32(g) * gazeStep})
			f.eyes[[2]int{b, g}] = px
		}
		f.paste(f.eyeBox(), px)
	}
	if m != f.now[2] {
		px, ok := f.mouths[m]
		if !ok {
			px = f.patch(f.mouthBox(), expr{smile: float32(m) / smileSteps})
			f.mouths[m] = px
		}
		f.paste(f.mouthBox(), px)
	}
	f.now = [3]int{b, g, m}
}

func quantise(v float64, steps int) int {
	if !(v > 0) { // also for NaN
		return 0
	}
	return int(math.Round(min(v, 1) * float64(steps)))
}

// pixels is where b lies in a texture.
func (t *texture) pixels(b box) image.Rectangle {
	at := func(v, o float32) int { return int(math.Round(float64((v - o) * t.ppu))) }
	return image.Rect(at(b.x0, t.at.x0), at(b.y0, t.at.y0), at(b.x1, t.at.x0), at(b.y1, t.at.y0))
}

// cut copies the part b of the head as it was first modelled.
func (f *figure) cut(b box) []uint32 {
	t := f.head[0]
	r := t.pixels(b)
	px := make([]uint32, 0, r.Dx()*r.Dy())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		px = append(px, f.plain[y*t.w+r.Min.X:y*t.w+r.Max.X]...)
	}
	return px
}

// patch models the part b of the head with another expression. It is modelled
// with a margin, for the light, and melts into the plain head at its edges.
func (f *figure) patch(b box, e expr) []uint32 {
	t := f.head[0]
	const m = 0.1875
	wide := snap(box{b.x0 - m, b.y0 - m, b.x1 + m, b.y1 + m}, t.at)
	lit := newTexture(wide, t.ppu, sculpt(&f.p, e, wide, t.ppu).shade(f.lit))
	r, o := t.pixels(b), t.pixels(wide).Min
	px := make([]uint32, 0, r.Dx()*r.Dy())
	melt := int(t.ppu / 10)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			edge := min(x-r.Min.X, r.Max.X-1-x, y-r.Min.Y, r.Max.Y-1-y)
			k := uint32(min(256, 256*edge/melt))
			px = append(px, blend(f.plain[y*t.w+x], lit.px[(y-o.Y)*lit.w+x-o.X], k))
		}
	}
	return px
}

func (f *figure) paste(b box, px []uint32) {
	t := f.head[0]
	r := t.pixels(b)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(t.px[y*t.w+r.Min.X:y*t.w+r.Max.X], px[(y-r.Min.Y)*r.Dx():])
	}
	for i := 1; i < len(f.head); i++ {
		f.head[i].halved(f.head[i-1], f.head[i].pixels(b))
	}
}

// blend is a + (b-a)*k/256 of four bytes at once.
func blend(a, b, k uint32) uint32 {
	lo := (a&0xff00ff*(256-k) + b&0xff00ff*k) >> 8 & 0xff00ff
	hi := (a>>8&0xff00ff*(256-k) + b>>8&0xff00ff*k) & 0xff00ff00
	return lo | hi
}

// depth is the smoothed height of the head on a coarse grid: it moves the near
// parts of a face further when the head turns.
type depth struct {
	at   box
	w, h int
	z    []float32
}

const depthCell = 16 // cells in a head unit

func newDepth(r *relief) depth {
	z := r.blurred(0.035)
	d := depth{at: r.at, w: int((r.at.x1 - r.at.x0) * depthCell), h: int((r.at.y1 - r.at.y0) * depthCell)}
	d.z = make([]float32, d.w*d.h)
	for y := range d.h {
		for x := range d.w {
			px := int((float32(x) + 0.5) / depthCell * r.ppu)
			py := int((float32(y) + 0.5) / depthCell * r.ppu)
			d.z[y*d.w+x] = z[min(py, r.h-1)*r.w+min(px, r.w-1)]
		}
	}
	return d
}

// height at a point of the head, by bilinear interpolation.
func (d *depth) height(x, y float32) float32 {
	fx := min(max((x-d.at.x0)*depthCell-0.5, 0), float32(d.w-1)-1e-3)
	fy := min(max((y-d.at.y0)*depthCell-0.5, 0), float32(d.h-1)-1e-3)
	ix, iy := int(fx), int(fy)
	i := iy*d.w + ix
	tx, ty := fx-float32(ix), fy-float32(iy)
	return lerp(lerp(d.z[i], d.z[i+1], tx), lerp(d.z[i+d.w], d.z[i+d.w+1], tx), ty)
}
