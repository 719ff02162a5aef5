package opencv

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"

	"agentid/vision"
)

// MiniFASNetModel is one net of a MiniFASNet ensemble.
type MiniFASNetModel struct {
	Path string
	Crop float64 // sides of the face's box that it sees
}

// MiniFASNet is passive liveness by small nets that each see the face with more
// or less around it (Minivision's Silent-Face-Anti-Spoofing). It is safe for
// concurrent use; calls take turns.
type MiniFASNet struct {
	mu   sync.Mutex
	nets []fasNet // nil when closed
}

type fasNet struct {
	*net
	crop float64
}

var _ vision.PassiveLiveness = (*MiniFASNet)(nil)

const (
	fasSide    = 80
	fasClasses = 3
	fasLive    = 1 // the class of live faces
	maxFASNets = 8
	minFASFace = 24 // pixels: below, there is nothing to judge
)

var errFAS = errors.New("not a MiniFASNet of 80x80 and three classes")

// NewMiniFASNet opens the nets; their mean is the score.
func NewMiniFASNet(ms ...MiniFASNetModel) (*MiniFASNet, error) {
	if len(ms) == 0 || len(ms) > maxFASNets {
		return nil, fmt.Errorf("minifasnet: %d nets", len(ms))
	}
	m := &MiniFASNet{}
	for _, s := range ms {
		if !(s.Crop >= 1 && s.Crop <= 16) {
			m.Close()
			return nil, fmt.Errorf("minifasnet %s: crop of %v", s.Path, s.Crop)
		}
		n, err := openNet(s.Path, fasSide)
		if err != nil {
			m.Close()
			return nil, err
		}
		m.nets = append(m.nets, fasNet{n, s.Crop})
		if len(n.out) != fasClasses {
			m.Close()
			return nil, fmt.Errorf("load %s: %w", s.Path, errFAS)
		}
	}
	return m, nil
}

// Name implements vision.PassiveLiveness.
func (m *MiniFASNet) Name() string { return "minifasnet" }

// Close implements vision.PassiveLiveness.
func (m *MiniFASNet) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.nets {
		n.close()
	}
	m.nets = nil
	return nil
}

// Score implements vision.PassiveLiveness: the mean probability of the live
// class. Faces of which too little is seen are refused with vision.ErrNoFace.
func (m *MiniFASNet) Score(img *image.RGBA, f vision.Face) (float64, error) {
	ps, err := m.scores(img, f)
	if err != nil {
		return 0, fmt.Errorf("liveness: %w", err)
	}
	var s float64
	for _, p := range ps {
		s += p / float64(len(ps))
	}
	return s, nil
}

// scores is what each net says.
func (m *MiniFASNet) scores(img *image.RGBA, f vision.Face) ([]float64, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, err
	}
	if in := f.Box.Intersect(img.Rect); min(in.Dx(), in.Dy()) < minFASFace {
		return nil, fmt.Errorf("under %d pixels: %w", minFASFace, vision.ErrNoFace)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nets == nil {
		return nil, errClosed
	}
	ps := make([]float64, len(m.nets))
	for i, n := range m.nets {
		stretch(img, cropAround(img.Rect, f.Box, n.crop), fasSide, n.input())
		if err := n.run(); err != nil {
			return nil, err
		}
		p, err := liveClass(n.out)
		if err != nil {
			return nil, err
		}
		ps[i] = p
	}
	return ps, nil
}

// liveClass reads a softmax of three.
func liveClass(out []float32) (float64, error) {
	var sum float64
	for _, v := range out {
		if !(v >= -1e-3 && v <= 1+1e-3) {
			return 0, errFAS
		}
		sum += float64(v)
	}
	if math.Abs(sum-1) > 1e-2 {
		return 0, errFAS
	}
	return probability(out[fasLive]), nil
}

// cropAround is the box, scaled about its middle by k, or as far as the picture
// reaches, and shifted inside of it: as the nets were trained.
func cropAround(picture, box image.Rectangle, k float64) image.Rectangle {
	w, h := float64(max(1, box.Dx())), float64(max(1, box.Dy()))
	pw, ph := float64(picture.Dx()), float64(picture.Dy())
	k = min(k, (pw-1)/w, (ph-1)/h)
	cx, cy := float64(box.Min.X+box.Max.X)/2-float64(picture.Min.X), float64(box.Min.Y+box.Max.Y)/2-float64(picture.Min.Y)
	x, y := place(cx, w*k, pw), place(cy, h*k, ph)
	r := image.Rect(int(x), int(y), int(x+w*k)+1, int(y+h*k)+1)
	return r.Add(picture.Min).Intersect(picture)
}

// place is where a length about a middle begins so that it lies in 0..whole.
func place(middle, length, whole float64) float64 {
	return max(0, min(middle-length/2, whole-1-length))
}

// stretch draws a part of the picture over a whole input of B, G and R planes
// in 0..255, bilinear without averaging, as OpenCV's default resize does: the
// nets know pictures by how it looks, screens and prints by its moiré.
func stretch(img *image.RGBA, r image.Rectangle, side int, out []float32) {
	n := side * side
	kx, ky := float64(r.Dx())/float64(side), float64(r.Dy())/float64(side)
	x0, x1, wx := taps(side, kx, r.Dx())
	y0, y1, wy := taps(side, ky, r.Dy())
	for y := range side {
		top := img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y0[y]):]
		bottom := img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y1[y]):]
		for x := range side {
			a, b := 4*x0[x], 4*x1[x]
			for c := range 3 {
				t := float32(top[a+c])*(1-wx[x]) + float32(top[b+c])*wx[x]
				u := float32(bottom[a+c])*(1-wx[x]) + float32(bottom[b+c])*wx[x]
				out[(2-c)*n+y*side+x] = t*(1-wy[y]) + u*wy[y]
			}
		}
	}
}

// taps are, for each place of the result, the two of the source around it and
// the weight of the second.
func taps(side int, k float64, size int) (lo, hi []int, w []float32) {
	lo, hi, w = make([]int, side), make([]int, side), make([]float32, side)
	for i := range side {
		at := max(0, min((float64(i)+0.5)*k-0.5, float64(size-1)))
		lo[i] = int(at)
		hi[i] = min(lo[i]+1, size-1)
		w[i] = float32(at - float64(lo[i]))
	}
	return lo, hi, w
}
