package cast

import (
	"image"
	"math"
	"sync"
	"time"
)

// Sides of a picture that Draw draws; others are left black.
const (
	minSide = 16
	maxSide = 4096
)

// scene is the lobby at one size of picture.
type scene struct {
	back []uint8  // RGBA
	fall []uint16 // the lens' fall-off, 256 is none
}

// Draw draws the scene at t at dst's size, over all of dst.
func (s *Script) Draw(dst *image.RGBA, t time.Duration) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w < minSide || h < minSide || w > maxSide || h > maxSide {
		clear(dst.Pix)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := s.scene(w, h)
	// The picture is drawn as if it began at (0,0), wherever dst lies.
	m := &image.RGBA{Pix: dst.Pix, Stride: dst.Stride, Rect: image.Rect(0, 0, w, h)}
	for y := range h {
		copy(m.Pix[y*m.Stride:y*m.Stride+4*w], sc.back[y*4*w:])
	}
	for _, p := range s.present(t, w, h) {
		f := s.figure(p.Index, tier(p.Pose.Scale*float64(h)/faceHigh))
		f.draw(m, p.Pose)
		for _, pr := range s.props[p.Index] {
			pr.draw(m, p.Pose)
		}
	}
	if s.blur != nil {
		soften(m, s.blur(t))
	}
	light := 1.0
	if s.light != nil {
		light = s.light(t)
	}
	sc.expose(m, light, uint64(t/time.Millisecond))
	s.prepare(t, h)
}

// figure is one of the people as textures; s.mu is held.
func (s *Script) figure(who int, ppu float32) *figure {
	k := figureKey{who, ppu}
	if f := s.figures[k]; f != nil {
		return f
	}
	f := newFigure(s.people[who], ppu)
	s.figures[k] = f
	return f
}

// prepare models whoever comes next beside the drawing, so that their entrance
// does not hold up the stream; s.mu is held.
func (s *Script) prepare(t time.Duration, h int) {
	if len(s.visits) == 0 {
		return
	}
	n := max(0, int((t-s.empty)/s.stay()+1))
	for place, who := range s.visits[n%len(s.visits)] {
		m := manner(n, place, len(s.visits[n%len(s.visits)]))
		k := figureKey{who, tier(m.scale * 1.012 * float64(h) / faceHigh)}
		if s.figures[k] != nil || s.making[k] {
			continue
		}
		s.making[k] = true
		p := s.people[who]
		go func() {
			f := newFigure(p, k.ppu)
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.making, k)
			if s.figures[k] == nil {
				s.figures[k] = f
			}
		}()
	}
}

// scene is the lobby at a size; the last few sizes are kept. s.mu is held.
func (s *Script) scene(w, h int) *scene {
	k := image.Pt(w, h)
	if sc := s.scenes[k]; sc != nil {
		return sc
	}
	if len(s.scenes) >= 4 {
		clear(s.scenes)
	}
	sc := &scene{back: lobbyPicture(w, h), fall: make([]uint16, w*h)}
	for y := range h {
		for x := range w {
			d := sq((float32(x)/float32(w))*2-1)*0.9 + sq((float32(y)/float32(h))*2-1)*0.7
			sc.fall[y*w+x] = uint16(256 * (1 - 0.17*d*d/(0.6+d)))
		}
	}
	s.scenes[k] = sc
	return sc
}

// expose applies light, the lens and the sensor's grain.
func (sc *scene) expose(m *image.RGBA, light float64, moment uint64) {
	if !(light >= 0) {
		light = 1
	}
	k := uint32(min(light, 8) * 256)
	grain := grains()
	r := &rng{s: mix(moment)}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := range h {
		row := m.Pix[y*m.Stride : y*m.Stride+4*w]
		fall := sc.fall[y*w : y*w+w]
		g := grain[r.next()%grainRow:]
		g = g[:w]
		for x, f := range fall {
			k, n := uint32(f)*k>>8, int32(g[x])
			o := row[4*x : 4*x+4 : 4*x+4]
			o[0] = grade(uint32(o[0])*k>>8, n)
			o[1] = grade(uint32(o[1])*k>>8, n)
			o[2] = grade(uint32(o[2])*k>>8, n+n>>2)
		}
	}
}

// grade adds grain to a value and keeps it a byte.
func grade(v uint32, n int32) uint8 {
	return uint8(min(max(int32(v)+n, 0), 255))
}

const grainRow = 1 << 15

// grains is a strip of the sensor's noise, of about 1.6 grey levels.
var grains = sync.OnceValue(func() []int8 {
	g := make([]int8, grainRow+maxSide)
	r := &rng{s: 4711}
	for i := range g {
		g[i] = int8(math.Round((r.unit() + r.unit() + r.unit() - 1.5) * 3.2))
	}
	return g
})

// soften blurs by a radius in fractions of the picture's height.
func soften(m *image.RGBA, radius float64) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if !(radius > 0) {
		return
	}
	n := int(math.Round(min(radius, 0.2) * float64(h)))
	if n < 1 {
		return
	}
	a, b := make([]float32, w*h), make([]float32, w*h)
	for c := range 3 {
		for i := range a {
			a[i] = float32(m.Pix[(i/w)*m.Stride+4*(i%w)+c])
		}
		boxBlur(b, a, w, h, 1, w, n)
		boxBlur(a, b, h, w, w, 1, n)
		boxBlur(b, a, w, h, 1, w, n)
		boxBlur(a, b, h, w, w, 1, n)
		for i, v := range a {
			m.Pix[(i/w)*m.Stride+4*(i%w)+c] = uint8(v + 0.5)
		}
	}
}
