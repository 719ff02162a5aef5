package vision

import (
	"image"
	"math"
)

// planeView is the middle of a face in grey, as it looked from ahead: eyes, nose
// and mouth, in frontal's frame. It tells a picture from a head by trying to
// explain what is seen later as a plane that shows the same.
type planeView struct {
	at   frontal
	grey [planeW * planeH]float64 // mean 0, variance 1
}

// The part of the face, in eye distances from the eyes' middle, and its samples.
const (
	planeLeft, planeTop  = -0.95, -0.55
	planeWide, planeHigh = 1.9, 2.3
	planeW, planeH       = 40, 48
	planeSteps           = 14
	planeSame            = 0.995 // more alike than any question asks
	planeMinSpread       = 4     // grey levels: less shows nothing
	planeSub             = 2     // samples a side that make one
)

// planar is a homography of frontal's frame into the picture.
type planar [8]float64

func (h *planar) at(u, v float64) (x, y, w float64) {
	w = 1 + h[6]*u + h[7]*v
	return (h[0]*u + h[1]*v + h[2]) / w, (h[3]*u + h[4]*v + h[5]) / w, w
}

func planeUV(i int) (u, v float64) {
	return planeLeft + planeWide*(float64(i%planeW)+0.5)/planeW, planeTop + planeHigh*(float64(i/planeW)+0.5)/planeH
}

// greyAt is the light at a place between pixels; false outside.
func greyAt(img *image.RGBA, x, y float64) (float64, bool) {
	fx, fy := math.Floor(x), math.Floor(y)
	r := img.Rect
	if !(fx >= float64(r.Min.X) && fy >= float64(r.Min.Y) && fx < float64(r.Max.X-1) && fy < float64(r.Max.Y-1)) {
		return 0, false
	}
	i := img.PixOffset(int(fx), int(fy))
	j := i + img.Stride
	g := func(i int) float64 {
		p := img.Pix[i : i+3 : i+3]
		return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
	}
	wx, wy := x-fx, y-fy
	return (g(i)*(1-wx)+g(i+4)*wx)*(1-wy) + (g(j)*(1-wx)+g(j+4)*wx)*wy, true
}

// look samples what the plane shows there; false where it leaves the picture.
func (h *planar) look(img *image.RGBA, out *[planeW * planeH]float64) bool {
	const du, dv = planeWide / planeW, planeHigh / planeH
	for i := range out {
		u, v := planeUV(i)
		var s float64
		for k := range planeSub * planeSub {
			x, y, _ := h.at(u+du*(float64(k%planeSub)+0.5-planeSub/2.)/planeSub, v+dv*(float64(k/planeSub)+0.5-planeSub/2.)/planeSub)
			g, ok := greyAt(img, x, y)
			if !ok {
				return false
			}
			s += g
		}
		out[i] = s / (planeSub * planeSub)
	}
	return true
}

func standardise(v *[planeW * planeH]float64) bool {
	var m, s float64
	for _, x := range v {
		m += x / float64(len(v))
	}
	for _, x := range v {
		s += (x - m) * (x - m) / float64(len(v))
	}
	s = math.Sqrt(s)
	if !(s > planeMinSpread) {
		return false
	}
	for i := range v {
		v[i] = (v[i] - m) / s
	}
	return true
}

// fitPlane is the affine map nearest to where five points are, as a homography.
func fitPlane(f *frontal, five [5]Point) (planar, bool) {
	var a [3][3]float64
	var bx, by [3]float64
	for i, p := range f {
		c := [3]float64{p.X, p.Y, 1}
		for j := range c {
			for k := range c {
				a[j][k] += c[j] * c[k]
			}
			bx[j] += c[j] * five[i].X
			by[j] += c[j] * five[i].Y
		}
	}
	inv, ok := invert3(a)
	if !ok {
		return planar{}, false
	}
	x, y := mul3(inv, bx), mul3(inv, by)
	return planar{x[0], x[1], x[2], y[0], y[1], y[2], 0, 0}, true
}

// newPlaneView remembers a face.
func newPlaneView(img *image.RGBA, f frontal, five [5]Point) (*planeView, bool) {
	h, ok := fitPlane(&f, five)
	p := &planeView{at: f}
	if !ok || !h.look(img, &p.grey) || !standardise(&p.grey) {
		return nil, false
	}
	return p, true
}

// explain finds the plane that, showing the remembered face, comes nearest to
// the picture (Gauss-Newton on the grey levels, Lucas and Kanade 1981, from
// where the landmarks are), and gives how alike it is: 1 is the same, 0 nothing.
func (p *planeView) explain(img *image.RGBA, five [5]Point) (float64, bool) {
	h, ok := fitPlane(&p.at, five)
	if !ok {
		return 0, false
	}
	best, found := -1.0, false
	var now [planeW * planeH]float64
	for range planeSteps {
		if !h.look(img, &now) || !standardise(&now) {
			break
		}
		var like float64
		for i := range now {
			like += now[i] * p.grey[i] / float64(len(now))
		}
		if like > best {
			best, found = like, true
		}
		if best > planeSame {
			break
		}
		step, ok := p.step(&h, &now)
		if !ok {
			break
		}
		var moved float64
		for i := range h {
			h[i] += step[i]
			moved = math.Max(moved, math.Abs(step[i]))
		}
		if moved < 1e-3 {
			break
		}
	}
	return best, found
}

// step is one step of Gauss and Newton.
func (p *planeView) step(h *planar, now *[planeW * planeH]float64) ([8]float64, bool) {
	var a [8][9]float64
	for y := 1; y < planeH-1; y++ {
		for x := 1; x < planeW-1; x++ {
			i := y*planeW + x
			u, v := planeUV(i)
			// The slope of the picture, by way of the slope in the plane.
			gu := (now[i+1] - now[i-1]) * planeW / (2 * planeWide)
			gv := (now[i+planeW] - now[i-planeW]) * planeH / (2 * planeHigh)
			px, py, w := h.at(u, v)
			xu, xv := (h[0]-px*h[6])/w, (h[1]-px*h[7])/w
			yu, yv := (h[3]-py*h[6])/w, (h[4]-py*h[7])/w
			det := xu*yv - xv*yu
			if math.Abs(det) < 1e-9 {
				return [8]float64{}, false
			}
			gx, gy := (gu*yv-gv*yu)/det, (gv*xu-gu*xv)/det
			q := gx*px + gy*py
			j := [8]float64{gx * u / w, gx * v / w, gx / w, gy * u / w, gy * v / w, gy / w, -q * u / w, -q * v / w}
			e := p.grey[i] - now[i]
			for r := range j {
				for c := range j {
					a[r][c] += j[r] * j[c]
				}
				a[r][8] += j[r] * e
			}
		}
	}
	return solve8(&a)
}

// solve8 solves a symmetric system by Gauss's elimination.
func solve8(a *[8][9]float64) (out [8]float64, ok bool) {
	for c := range 8 {
		a[c][c] *= 1 + 1e-6
		at := c
		for r := c + 1; r < 8; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[at][c]) {
				at = r
			}
		}
		a[c], a[at] = a[at], a[c]
		if !(math.Abs(a[c][c]) > 1e-12) {
			return out, false
		}
		for r := range 8 {
			if r == c {
				continue
			}
			k := a[r][c] / a[c][c]
			for i := c; i < 9; i++ {
				a[r][i] -= k * a[c][i]
			}
		}
	}
	for c := range 8 {
		out[c] = a[c][8] / a[c][c]
		if math.IsNaN(out[c]) || math.IsInf(out[c], 0) {
			return out, false
		}
	}
	return out, true
}
