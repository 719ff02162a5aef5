package cast

import "math"

// rng is splitmix64: small, and the same on every machine and release.
type rng struct{ s uint64 }

func (r *rng) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	return mix(r.s)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit is uniform in [0,1).
func (r *rng) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// span is uniform in [lo,hi).
func (r *rng) span(lo, hi float64) float64 { return lo + (hi-lo)*r.unit() }

// below is uniform in 0..n-1.
func (r *rng) below(n int) int { return int(r.unit() * float64(n)) }

// chance is true with probability p.
func (r *rng) chance(p float64) bool { return r.unit() < p }

// lattice is a random value in [0,1) for a point of the integer grid.
func lattice(x, y int32, seed uint32) float32 {
	h := uint32(x)*0x8da6b343 ^ uint32(y)*0xd8163841 ^ seed*0xcb1ab31f
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	return float32((h^h>>15)>>8) / (1 << 24)
}

// noise is smooth value noise in [0,1), with features about one unit wide.
func noise(x, y float32, seed uint32) float32 {
	fx, fy := float32(math.Floor(float64(x))), float32(math.Floor(float64(y)))
	ix, iy := int32(fx), int32(fy)
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*(3-2*tx), ty*ty*(3-2*ty)
	a := lattice(ix, iy, seed)
	b := lattice(ix+1, iy, seed)
	c := lattice(ix, iy+1, seed)
	d := lattice(ix+1, iy+1, seed)
	return a + tx*(b-a) + ty*(c-a+tx*(a-b-c+d))
}

// fbm adds three octaves of noise; still in [0,1).
func fbm(x, y float32, seed uint32) float32 {
	return (4*noise(x, y, seed) + 2*noise(2.03*x, 2.03*y, seed+1) + noise(4.1*x, 4.1*y, seed+2)) / 7
}

func clamp01(v float32) float32 { return min(max(v, 0), 1) }

// step rises smoothly from 0 at a to 1 at b (a may be above b: then it falls).
func step(a, b, v float32) float32 {
	t := clamp01((v - a) / (b - a))
	return t * t * (3 - 2*t)
}

func lerp(a, b, t float32) float32 { return a + (b-a)*t }

func sq(v float32) float32 { return v * v }

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

func abs(v float32) float32 { return float32(math.Abs(float64(v))) }

// bulge is v to the power of 2.25, the roundness of heads.
func bulge(v float32) float32 { return v * v * sqrt(sqrt(v)) }

func exp(v float32) float32 { return float32(math.Exp(float64(v))) }

func pow(v, p float32) float32 { return float32(math.Pow(float64(v), float64(p))) }
