package qr

import (
	"image"
	"math"

	"agentid/vision"
)

// plane is a grey picture, and where it lies in the one that it is of.
type plane struct {
	pix    []byte
	w, h   int
	x0, y0 float64 // of its corner, in pixels of the picture
	scale  float64 // pixels of the picture for one of its own
}

func (p *plane) resize(w, h int) {
	if n := w * h; cap(p.pix) < n {
		p.pix = make([]byte, n)
	}
	p.pix, p.w, p.h = p.pix[:w*h], w, h
}

// at gives a point of the plane in pixels of the picture.
func (p *plane) at(x, y float64) vision.Point {
	return vision.Point{X: p.x0 + x*p.scale, Y: p.y0 + y*p.scale}
}

// luma takes over a picture's brightness.
func (p *plane) luma(img *image.RGBA) {
	p.resize(img.Rect.Dx(), img.Rect.Dy())
	p.x0, p.y0, p.scale = 0, 0, 1
	for y := range p.h {
		row, out := img.Pix[y*img.Stride:][:4*p.w], p.pix[y*p.w:][:p.w]
		for x := range out {
			c := row[4*x : 4*x+3 : 4*x+3]
			out[x] = byte((uint32(c[0])*77 + uint32(c[1])*151 + uint32(c[2])*28) >> 8)
		}
	}
}

// erase makes a place grey, so that nothing is found there again.
func (p *plane) erase(r image.Rectangle) {
	r = r.Intersect(image.Rect(0, 0, p.w, p.h))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := p.pix[y*p.w+r.Min.X : y*p.w+r.Max.X]
		for i := range row {
			row[i] = 0x80
		}
	}
}

// reduce makes p of src's mean over whole pixels, so that it has about at most
// so many.
func (p *plane) reduce(src *plane, most int) {
	k := 1
	for (src.w/k)*(src.h/k) > most {
		k++
	}
	p.resize(max(1, src.w/k), max(1, src.h/k))
	p.x0, p.y0, p.scale = 0, 0, float64(k)
	if k == 1 {
		copy(p.pix, src.pix)
		return
	}
	n := uint32(k * k)
	for y := range p.h {
		for x := range p.w {
			var s uint32
			for dy := range k {
				o := (y*k+dy)*src.w + x*k
				for _, v := range src.pix[o : o+k] {
					s += uint32(v)
				}
			}
			p.pix[y*p.w+x] = byte(s / n)
		}
	}
}

// How strongly, and how far around in modules, a soft picture is sharpened;
// and how much the contrast of a faint one is raised.
const (
	sharpenGain  = 3
	sharpenReach = 1.0
	evenGain     = 8
)

// maxZoom is how often a part is enlarged: beyond it nothing is won.
const maxZoom = 3

// zoom makes p of a part of src, enlarged with a cubic filter so that it has
// about at most so many pixels, and with its contrast stretched.
func (p *plane) zoom(src *plane, at image.Rectangle, most int) {
	k := math.Min(maxZoom, math.Sqrt(float64(most)/float64(at.Dx()*at.Dy())))
	k = math.Max(k, 1.0/8)
	w, h := max(1, int(float64(at.Dx())*k)), max(1, int(float64(at.Dy())*k))
	p.resize(w, h)
	p.x0, p.y0, p.scale = float64(at.Min.X), float64(at.Min.Y), 1/k
	lo, hi := src.levels(at)
	gain := 255 / float32(max(hi-lo, 16))

	cols := taps(w, 1/k, at.Min.X, src.w)
	rows := taps(h, 1/k, at.Min.Y, src.h)
	// Rows that were enlarged along x, kept while they are needed along y.
	lines := make([]float32, 4*w)
	var held [4]int
	for i := range held {
		held[i] = -1
	}
	for y, r := range rows {
		for i := range 4 {
			sy := r.at[i]
			slot := sy & 3
			if held[slot] == sy {
				continue
			}
			held[slot] = sy
			line, from := lines[slot*w:][:w], src.pix[sy*src.w:][:src.w]
			for x, c := range cols {
				line[x] = float32(from[c.at[0]])*c.k[0] + float32(from[c.at[1]])*c.k[1] +
					float32(from[c.at[2]])*c.k[2] + float32(from[c.at[3]])*c.k[3]
			}
		}
		out := p.pix[y*w:][:w]
		l0, l1, l2, l3 := lines[(r.at[0]&3)*w:][:w], lines[(r.at[1]&3)*w:][:w], lines[(r.at[2]&3)*w:][:w], lines[(r.at[3]&3)*w:][:w]
		for x := range out {
			v := l0[x]*r.k[0] + l1[x]*r.k[1] + l2[x]*r.k[2] + l3[x]*r.k[3]
			out[x] = byte(min(max((v-float32(lo))*gain, 0), 255))
		}
	}
}

// sharpen takes away from each pixel what its neighbours, a module around, have
// blurred into it. module is in pixels of the picture.
func (p *plane) sharpen(module float64) {
	r := min(max(int(module/p.scale*sharpenReach+0.5), 1), 16)
	soft := p.soft(r)
	for i, v := range p.pix {
		d := int(v) - int(soft[i])
		p.pix[i] = byte(min(max(int(v)+d*sharpenGain, 0), 255))
	}
}

// even makes each pixel grey by how much it differs from the mean r around it.
func (p *plane) even(r int) {
	soft := p.soft(min(max(r, 2), 64))
	for i, v := range p.pix {
		p.pix[i] = byte(min(max(0x80+(int(v)-int(soft[i]))*evenGain, 0), 255))
	}
}

// soft is the mean about each pixel, 2r+1 wide.
func (p *plane) soft(r int) []byte {
	along, out := make([]byte, len(p.pix)), make([]byte, len(p.pix))
	mean(along, p.pix, p.h, p.w, p.w, 1, r)
	mean(out, along, p.w, p.h, 1, p.w, r)
	return out
}

// mean averages lines of n pixels that are step apart; a line begins each next.
func mean(dst, src []byte, lines, n, next, step, r int) {
	for l := range lines {
		at := func(i int) int { return l*next + min(max(i, 0), n-1)*step }
		sum := 0
		for i := -r; i <= r; i++ {
			sum += int(src[at(i)])
		}
		for i := range n {
			dst[l*next+i*step] = byte(sum / (2*r + 1))
			sum += int(src[at(i+r+1)]) - int(src[at(i-r)])
		}
	}
}

// tap is the four pixels that one of an enlarged picture is made of.
type tap struct {
	at [4]int
	k  [4]float32
}

// taps are the weights of Catmull and Rom's spline, which sharpens a little.
func taps(n int, step float64, from, size int) []tap {
	out := make([]tap, n)
	for i := range out {
		s := float64(from) + (float64(i)+0.5)*step - 0.5
		base := math.Floor(s)
		f := float32(s - base)
		f2, f3 := f*f, f*f*f
		out[i].k = [4]float32{(-f + 2*f2 - f3) / 2, (2 - 5*f2 + 3*f3) / 2, (f + 4*f2 - 3*f3) / 2, (f3 - f2) / 2}
		for j := range 4 {
			out[i].at[j] = min(max(int(base)+j-1, 0), size-1)
		}
	}
	return out
}

// levels are the brightness below and above which 2% of a place lie.
func (p *plane) levels(at image.Rectangle) (lo, hi int) {
	var hist [256]int
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for _, v := range p.pix[y*p.w+at.Min.X : y*p.w+at.Max.X] {
			hist[v]++
		}
	}
	cut := at.Dx() * at.Dy() / 50
	for n := 0; lo < 255; lo++ {
		if n += hist[lo]; n > cut {
			break
		}
	}
	hi = 255
	for n := 0; hi > 0; hi-- {
		if n += hist[hi]; n > cut {
			break
		}
	}
	return lo, hi
}
