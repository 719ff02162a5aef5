package opencv

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"

	"agentid/vision"
)

// YuNetOptions tune the YuNet detector; the zero value is good.
type YuNetOptions struct {
	MinScore float64 // 0.6 when 0
	MaxFaces int     // 32 when 0
}

// YuNet finds faces and their five landmarks with a YuNet net (Wu et al. 2023)
// of fixed input. Unlike most detectors it is safe for concurrent use.
type YuNet struct {
	opts YuNetOptions

	mu  sync.Mutex
	net *manyNet // nil when closed
	in  *planes
	shrinker
}

var (
	_ vision.Detector = (*YuNet)(nil)
	_ Landmarker      = (*YuNet)(nil)
)

const (
	yunetSide = 320
	yunetIoU  = 0.3 // boxes that overlap more are one face
)

var errYuNet = errors.New("not a YuNet of 320x320")

func yunetStrides() [3]int { return [3]int{8, 16, 32} }

// NewYuNet opens a YuNet of 320x320 in ONNX form.
func NewYuNet(path string, opts YuNetOptions) (*YuNet, error) {
	if opts.MinScore <= 0 {
		opts.MinScore = 0.6
	}
	if opts.MaxFaces <= 0 {
		opts.MaxFaces = 32
	}
	var names []string
	var want []int
	for _, s := range yunetStrides() {
		for _, o := range []struct {
			name string
			per  int
		}{{"cls", 1}, {"obj", 1}, {"bbox", 4}, {"kps", 10}} {
			names = append(names, fmt.Sprintf("%s_%d", o.name, s))
			want = append(want, yunetSide/s*(yunetSide/s)*o.per)
		}
	}
	model, err := readFile(path, maxModelBytes)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	n, err := openMany(model, yunetSide, names...)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	if !slices.Equal(n.parts, want) {
		n.close()
		return nil, fmt.Errorf("load %s: %w", path, errYuNet)
	}
	in, err := newPlanes(yunetSide)
	if err != nil {
		n.close()
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	return &YuNet{opts: opts, net: n, in: in, shrinker: newShrinker()}, nil
}

// Name implements vision.Detector.
func (y *YuNet) Name() string { return "yunet" }

// Close implements vision.Detector.
func (y *YuNet) Close() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.net != nil {
		y.net.close()
		y.in.close()
		y.shrinker.close()
		y.net = nil
	}
	return nil
}

// Detect implements vision.Detector: the best first. The picture is reduced so
// that it fits the net, which finds faces of about 10 pixels there, so of 20 in
// a picture of 640x480.
func (y *YuNet) Detect(img *image.RGBA) ([]vision.Face, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	return y.find(img, img.Rect)
}

// Landmarks implements Landmarker: it looks again at the face alone.
func (y *YuNet) Landmarks(img *image.RGBA, box image.Rectangle) ([]vision.Point, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, fmt.Errorf("landmarks: %w", err)
	}
	side := max(box.Dx(), box.Dy())
	r := box.Inset(-side / 2).Intersect(img.Rect)
	if box.Empty() || r.Empty() {
		return nil, fmt.Errorf("landmarks: %w", vision.ErrNoFace)
	}
	faces, err := y.find(img, r)
	if err != nil {
		return nil, err
	}
	best, at := 0.2, -1
	for i, f := range faces {
		if o := iou(rectOf(f.Box), rectOf(box)); o > best {
			best, at = o, i
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("landmarks: %w", vision.ErrNoFace)
	}
	return faces[at].Landmarks, nil
}

func (y *YuNet) find(img *image.RGBA, r image.Rectangle) ([]vision.Face, error) {
	w, h, scale := fit(r.Dx(), r.Dy(), yunetSide)
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.net == nil {
		return nil, fmt.Errorf("detect: %w", errClosed)
	}
	if err := y.shrink(img, r, w, h); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	y.in.put(y.small)
	if err := y.net.run(y.in.floats); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	found := suppress(yunetFaces(y.net.out, y.opts.MinScore), yunetIoU, y.opts.MaxFaces)
	faces := make([]vision.Face, 0, len(found))
	for _, c := range found {
		if f := c.face(1/scale, r); !f.Box.Empty() {
			faces = append(faces, f)
		}
	}
	return faces, nil
}

// rect is a box in floating point: x0, y0, x1, y1.
type rect [4]float64

func rectOf(r image.Rectangle) rect {
	return rect{float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)}
}

// iou is the part of two boxes' union that they share.
func iou(a, b rect) float64 {
	w := min(a[2], b[2]) - max(a[0], b[0])
	h := min(a[3], b[3]) - max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / ((a[2]-a[0])*(a[3]-a[1]) + (b[2]-b[0])*(b[3]-b[1]) - w*h)
}

// candidate is a face in pixels of the net's input.
type candidate struct {
	box   rect
	score float64
	lm    [5]vision.Point
}

// face brings it back into the picture, of which the net saw r.
func (c candidate) face(scale float64, r image.Rectangle) vision.Face {
	f := vision.Face{Score: c.score, Landmarks: make([]vision.Point, len(c.lm))}
	x, y := float64(r.Min.X), float64(r.Min.Y)
	px := func(v float64) int { return int(math.Round(v)) }
	f.Box = image.Rect(px(x+c.box[0]*scale), px(y+c.box[1]*scale), px(x+c.box[2]*scale), px(y+c.box[3]*scale)).Intersect(r)
	for i, p := range c.lm {
		f.Landmarks[i] = vision.Point{X: x + p.X*scale, Y: y + p.Y*scale}
	}
	return f
}

// yunetFaces reads the outputs: for each stride a grid of scores (cls, obj), a
// box (centre, and log of the size) and five points, all in strides from the cell.
func yunetFaces(out []float32, minScore float64) []candidate {
	var found []candidate
	for _, s := range yunetStrides() {
		side := yunetSide / s
		cells := side * side
		cls, obj, bbox, kps := out[:cells], out[cells:2*cells], out[2*cells:6*cells], out[6*cells:16*cells]
		out = out[16*cells:]
		for i := range cells {
			score := math.Sqrt(probability(cls[i]) * probability(obj[i]))
			if !(score >= minScore) {
				continue
			}
			x, y, k := float64(i%side), float64(i/side), float64(s)
			b := bbox[4*i : 4*i+4]
			cx, cy := (x+float64(b[0]))*k, (y+float64(b[1]))*k
			w, h := math.Exp(float64(b[2]))*k, math.Exp(float64(b[3]))*k
			c := candidate{score: score, box: rect{cx - w/2, cy - h/2, cx + w/2, cy + h/2}}
			sane := within(c.box[:]...)
			for p := range c.lm {
				q := kps[10*i+2*p:]
				c.lm[p] = vision.Point{X: (x + float64(q[0])) * k, Y: (y + float64(q[1])) * k}
				sane = sane && within(c.lm[p].X, c.lm[p].Y)
			}
			if sane {
				found = append(found, c)
			}
		}
	}
	return found
}

// probability clamps to 0..1; NaN stays.
func probability(v float32) float64 { return max(0, min(1, float64(v))) }

// within says that numbers are numbers, and not far outside of the input.
func within(vs ...float64) bool {
	for _, v := range vs {
		if !(v > -4*yunetSide && v < 5*yunetSide) {
			return false
		}
	}
	return true
}

// suppress keeps the best of those that overlap, at most n, the best first.
func suppress(found []candidate, maxIoU float64, n int) []candidate {
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	var kept []candidate
	for _, c := range found {
		if len(kept) == n {
			break
		}
		if !slices.ContainsFunc(kept, func(k candidate) bool { return iou(k.box, c.box) > maxIoU }) {
			kept = append(kept, c)
		}
	}
	return kept
}
