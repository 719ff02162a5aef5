package cast

import (
	"image"
	"math"
	"sync"
)

// box is a rectangle in head units: the head is 2 high, its eyes at y=0, x and
// y grow to the right and down of the picture.
type box struct{ x0, y0, x1, y1 float32 }

// rgb is a colour in linear light, 0..1.
type rgb struct{ r, g, b float32 }

func (c rgb) scale(k float32) rgb { return rgb{c.r * k, c.g * k, c.b * k} }

func (c rgb) mix(d rgb, t float32) rgb {
	return rgb{lerp(c.r, d.r, t), lerp(c.g, d.g, t), lerp(c.b, d.b, t)}
}

func (c rgb) luma() float32 { return 0.2126*c.r + 0.7152*c.g + 0.0722*c.b }

// hex is 0xRRGGBB in sRGB.
func hex(v uint32) rgb {
	return rgb{linear(v >> 16), linear(v >> 8), linear(v)}
}

func linear(v uint32) float32 {
	return float32(math.Pow((float64(v&0xff)/255+0.055)/1.055, 2.4))
}

// relief is a lit, painted height map: what a layer of a person is made of
// before it becomes pixels.
type relief struct {
	at   box     // of the top left pixel's corner on; x1,y1 follow from w,h
	ppu  float32 // pixels per head unit
	w, h int
	z    []float32 // height, head units
	c    []rgb     // albedo
	a    []float32 // cover, 0..1
	g    []float32 // gloss, 0..1
}

func newRelief(at box, ppu float32) *relief {
	w := int(math.Round(float64((at.x1 - at.x0) * ppu)))
	h := int(math.Round(float64((at.y1 - at.y0) * ppu)))
	return &relief{
		at: at, ppu: ppu, w: w, h: h,
		z: make([]float32, w*h), c: make([]rgb, w*h), a: make([]float32, w*h), g: make([]float32, w*h),
	}
}

// px is one pixel in head units: the width of a clean edge.
func (r *relief) px() float32 { return 1 / r.ppu }

// each calls f for every pixel whose centre lies in b.
func (r *relief) each(b box, f func(i int, x, y float32)) {
	x0 := max(0, int((b.x0-r.at.x0)*r.ppu))
	y0 := max(0, int((b.y0-r.at.y0)*r.ppu))
	x1 := min(r.w, int((b.x1-r.at.x0)*r.ppu)+1)
	y1 := min(r.h, int((b.y1-r.at.y0)*r.ppu)+1)
	for py := y0; py < y1; py++ {
		y := r.at.y0 + (float32(py)+0.5)/r.ppu
		for px := x0; px < x1; px++ {
			f(py*r.w+px, r.at.x0+(float32(px)+0.5)/r.ppu, y)
		}
	}
}

func (r *relief) all() box { return box{r.at.x0, r.at.y0, r.at.x1, r.at.y1} }

// bump adds a Gaussian hill (or, amp below 0, a hollow) to the height.
func (r *relief) bump(cx, cy, sx, sy, amp float32) {
	r.gauss(cx, cy, sx, sy, func(i int, k float32) { r.z[i] += amp * k })
}

// gauss calls f with the Gaussian's value where it matters.
func (r *relief) gauss(cx, cy, sx, sy float32, f func(i int, k float32)) {
	kx, ky := -0.5/(sx*sx), -0.5/(sy*sy)
	r.each(box{cx - 3*sx, cy - 3*sy, cx + 3*sx, cy + 3*sy}, func(i int, x, y float32) {
		f(i, exp(sq(x-cx)*kx+sq(y-cy)*ky))
	})
}

// tint moves the colour towards c in a Gaussian spot.
func (r *relief) tint(cx, cy, sx, sy float32, c rgb, k float32) {
	r.gauss(cx, cy, sx, sy, func(i int, g float32) { r.c[i] = r.c[i].mix(c, k*g) })
}

// multiply darkens or colours by c in a Gaussian spot.
func (r *relief) multiply(cx, cy, sx, sy float32, c rgb, k float32) {
	one := rgb{1, 1, 1}
	r.gauss(cx, cy, sx, sy, func(i int, g float32) {
		m := one.mix(c, k*g)
		r.c[i] = rgb{r.c[i].r * m.r, r.c[i].g * m.g, r.c[i].b * m.b}
	})
}

// crease cuts a groove (or raises a ridge) along a quadratic curve from a over
// the control point b to c; it fades at both ends.
func (r *relief) crease(a, b, c [2]float32, width, amp float32) {
	r.stroke(a, b, c, width, func(i int, k, _ float32) { r.z[i] += amp * k })
}

// stroke calls f along a quadratic curve with a Gaussian profile k, faded at
// the ends, and the place t along it in 0..1.
func (r *relief) stroke(a, b, c [2]float32, width float32, f func(i int, k, t float32)) {
	const n = 14
	var pts [n + 1][2]float32
	bb := box{a[0], a[1], a[0], a[1]}
	for i := range pts {
		t := float32(i) / n
		for j := range 2 {
			pts[i][j] = (1-t)*(1-t)*a[j] + 2*t*(1-t)*b[j] + t*t*c[j]
		}
		bb = box{min(bb.x0, pts[i][0]), min(bb.y0, pts[i][1]), max(bb.x1, pts[i][0]), max(bb.y1, pts[i][1])}
	}
	m := 3 * width
	r.each(box{bb.x0 - m, bb.y0 - m, bb.x1 + m, bb.y1 + m}, func(i int, x, y float32) {
		best, at := float32(math.MaxFloat32), float32(0)
		for s := range n {
			ax, ay := pts[s][0], pts[s][1]
			dx, dy := pts[s+1][0]-ax, pts[s+1][1]-ay
			t := clamp01(((x-ax)*dx + (y-ay)*dy) / (dx*dx + dy*dy + 1e-9))
			if d := sq(x-ax-t*dx) + sq(y-ay-t*dy); d < best {
				best, at = d, (float32(s)+t)/n
			}
		}
		if best < m*m {
			f(i, exp(-0.5*best/(width*width))*step(0, 0.2, at)*step(1, 0.8, at), at)
		}
	})
}

// cover paints colour c with cover k at pixel i.
func (r *relief) cover(i int, c rgb, k float32) {
	if k <= 0 {
		return
	}
	if r.a[i] == 0 {
		r.c[i], r.a[i] = c, k
		return
	}
	a := k + r.a[i]*(1-k)
	r.c[i] = r.c[i].mix(c, k/a)
	r.a[i] = a
}

// blurred is z after three box blurs of the given radius in head units: near
// enough a Gaussian.
func (r *relief) blurred(radius float32) []float32 {
	n := max(1, int(radius*r.ppu))
	a, b := append([]float32(nil), r.z...), make([]float32, len(r.z))
	for range 3 {
		boxBlur(b, a, r.w, r.h, 1, r.w, n)
		boxBlur(a, b, r.h, r.w, r.w, 1, n)
	}
	return a
}

// boxBlur blurs lines of n values that lie step apart, lines that lie line
// apart; edges repeat.
func boxBlur(dst, src []float32, n, lines, step, line, radius int) {
	k := 1 / float32(2*radius+1)
	for l := range lines {
		o := l * line
		var sum float32
		for i := -radius; i <= radius; i++ {
			sum += src[o+min(max(i, 0), n-1)*step]
		}
		for i := range n {
			dst[o+i*step] = sum * k
			sum += src[o+min(i+radius+1, n-1)*step] - src[o+max(i-radius, 0)*step]
		}
	}
}

// light says how a relief is lit. Directions point to the light; z is out of
// the picture.
type light struct {
	key, fill    [3]float32
	keyC, fillC  rgb
	sky, bounce  rgb // from above, and from below
	hollow, glow float32
}

// lobby is a large window up to the left and warm lamps to the right.
func lobby() light {
	return light{
		key: unitVec(-0.42, -0.50, 0.76), keyC: rgb{0.80, 0.77, 0.72},
		fill: unitVec(0.75, -0.10, 0.55), fillC: rgb{0.17, 0.145, 0.12},
		sky: rgb{0.27, 0.28, 0.30}, bounce: rgb{0.12, 0.105, 0.09},
		hollow: 5.2, glow: 0.16,
	}
}

func unitVec(x, y, z float32) [3]float32 {
	n := sqrt(x*x + y*y + z*z)
	return [3]float32{x / n, y / n, z / n}
}

// shade lights the relief into premultiplied sRGB pixels.
func (r *relief) shade(l light) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, r.w, r.h))
	wide, near := r.blurred(0.075), r.blurred(0.022)
	half := unitVec(l.key[0], l.key[1], l.key[2]+1)
	var wg sync.WaitGroup
	const bands = 4
	for b := range bands {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r.shadeRows(dst, l, wide, near, half, r.h*b/bands, r.h*(b+1)/bands)
		}()
	}
	wg.Wait()
	return dst
}

func (r *relief) shadeRows(dst *image.RGBA, l light, wide, near []float32, half [3]float32, y0, y1 int) {
	for py := y0; py < y1; py++ {
		for px := range r.w {
			i := py*r.w + px
			if r.a[i] <= 0 {
				continue
			}
			xa, xb := max(px-1, 0), min(px+1, r.w-1)
			ya, yb := max(py-1, 0), min(py+1, r.h-1)
			dx := (r.z[py*r.w+xb] - r.z[py*r.w+xa]) * r.ppu / float32(xb-xa)
			dy := (r.z[yb*r.w+px] - r.z[ya*r.w+px]) * r.ppu / float32(yb-ya)
			n := unitVec(-dx, -dy, 1)
			// A wrapped cosine keeps the turn into shadow soft, as skin does.
			kd := max(0, (n[0]*l.key[0]+n[1]*l.key[1]+n[2]*l.key[2]+l.glow)/(1+l.glow))
			fd := max(0, n[0]*l.fill[0]+n[1]*l.fill[1]+n[2]*l.fill[2])
			up := 0.5 - 0.5*n[1]
			hollow := clamp01(1 - l.hollow*max(0, wide[i]-r.z[i]) - 1.3*l.hollow*max(0, near[i]-r.z[i]))
			hollow = 0.35 + 0.65*hollow
			ks := max(0, n[0]*half[0]+n[1]*half[1]+n[2]*half[2])
			k2 := ks * ks
			k4 := k2 * k2
			k14 := k4 * k4 * k4 * k2
			spec := r.g[i] * (0.20*k14 + 0.35*k14*k14*k14*k14*k14)
			c := r.c[i]
			lr := (l.keyC.r*kd+l.fillC.r*fd)*(0.55+0.45*hollow) + lerp(l.bounce.r, l.sky.r, up)*hollow
			lg := (l.keyC.g*kd+l.fillC.g*fd)*(0.52+0.48*hollow) + lerp(l.bounce.g, l.sky.g, up)*hollow
			lb := (l.keyC.b*kd+l.fillC.b*fd)*(0.50+0.50*hollow) + lerp(l.bounce.b, l.sky.b, up)*hollow
			a := clamp01(r.a[i])
			o := dst.PixOffset(px, py)
			dst.Pix[o] = uint8(float32(encode(c.r*lr+spec))*a + 0.5)
			dst.Pix[o+1] = uint8(float32(encode(c.g*lg+spec))*a + 0.5)
			dst.Pix[o+2] = uint8(float32(encode(c.b*lb+spec))*a + 0.5)
			dst.Pix[o+3] = uint8(255*a + 0.5)
		}
	}
}

// encode turns linear light into sRGB with a soft shoulder, so that highlights
// do not clip.
func encode(v float32) uint8 {
	if v > 0.7 {
		v = 0.7 + 0.3*(1-exp(-(v-0.7)/0.3))
	}
	return srgb()[uint16(clamp01(v)*4095)]
}

var srgb = sync.OnceValue(func() *[4096]uint8 {
	var t [4096]uint8
	for i := range t {
		v := float64(i) / 4095
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(v*255 + 0.5)
	}
	return &t
})
