package opencv

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"

	"agentid/app/domain"
	"agentid/vision"
)

// Landmarker finds the five landmarks of a face whose box is known. It is safe
// for concurrent use.
type Landmarker interface {
	// Landmarks returns five points as vision.Face orders them, or
	// vision.ErrNoFace.
	Landmarks(img *image.RGBA, box image.Rectangle) ([]vision.Point, error)
}

// ONNXEncoder encodes faces with a net in ONNX form, such as MobileFaceNet: the
// face aligned as ArcFace does, RGB normalised by the spec, the vector
// L2-normalised. It is safe for concurrent use; calls take turns, as OpenCV
// spreads each over the cores.
type ONNXEncoder struct {
	spec vision.EncoderSpec
	lm   Landmarker // may be nil

	mu  sync.Mutex
	net *net // nil when closed
}

var _ vision.Encoder = (*ONNXEncoder)(nil)

// errVector says that a net gave no usable vector.
var errVector = errors.New("the net gave no usable vector")

// NewONNXEncoder opens an encoder. lm finds the landmarks where the detector
// gave none (Haar); nil means that such faces are refused with vision.ErrNoFace.
// The encoder does not close it.
func NewONNXEncoder(path string, spec vision.EncoderSpec, lm Landmarker) (*ONNXEncoder, error) {
	if err := checkSpec(spec); err != nil {
		return nil, fmt.Errorf("encoder %s: %w", spec.Ref, err)
	}
	n, err := openNet(path, spec.Side)
	if err != nil {
		return nil, err
	}
	if len(n.out) != spec.Dim {
		n.close()
		return nil, fmt.Errorf("load %s: gives %d numbers, its manifest says %d", path, len(n.out), spec.Dim)
	}
	return &ONNXEncoder{spec: spec, lm: lm, net: n}, nil
}

func checkSpec(s vision.EncoderSpec) error {
	switch {
	case s.Metric != vision.CosineDistance && s.Metric != vision.Euclidean:
		return fmt.Errorf("unknown metric %q", s.Metric)
	case s.Side < 16 || s.Side > 1024:
		return fmt.Errorf("input of %d pixels", s.Side)
	case s.Dim < 1 || s.Dim > 1<<16:
		return fmt.Errorf("vector of %d numbers", s.Dim)
	case !(s.Threshold > 0):
		return fmt.Errorf("threshold %v", s.Threshold)
	case !(s.Std[0] > 0 && s.Std[1] > 0 && s.Std[2] > 0):
		return fmt.Errorf("std %v", s.Std)
	}
	return nil
}

// Ref implements vision.Encoder.
func (e *ONNXEncoder) Ref() domain.EncoderRef { return e.spec.Ref }

// Metric implements vision.Encoder.
func (e *ONNXEncoder) Metric() vision.Metric { return e.spec.Metric }

// Threshold implements vision.Encoder.
func (e *ONNXEncoder) Threshold() float64 { return e.spec.Threshold }

// Close implements vision.Encoder.
func (e *ONNXEncoder) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.net != nil {
		e.net.close()
		e.net = nil
	}
	return nil
}

// Encode implements vision.Encoder. The JPEG is not used.
func (e *ONNXEncoder) Encode(img *image.RGBA, _ []byte, f vision.Face) (vision.Encoding, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return vision.Encoding{}, fmt.Errorf("encode: %w", err)
	}
	five, ok := vision.FiveLandmarks(f.Landmarks)
	if !ok {
		if e.lm == nil {
			return vision.Encoding{}, fmt.Errorf("encode without landmarks: %w", vision.ErrNoFace)
		}
		lm, err := e.lm.Landmarks(img, f.Box)
		if err != nil {
			return vision.Encoding{}, fmt.Errorf("encode: %w", err)
		}
		if five, ok = vision.FiveLandmarks(lm); !ok {
			return vision.Encoding{}, fmt.Errorf("encode: %w", vision.ErrNoFace)
		}
	}
	s, ok := alignTo(e.spec.Side, five)
	if !ok {
		return vision.Encoding{}, fmt.Errorf("encode: landmarks too close together: %w", vision.ErrNoFace)
	}
	if !inside(img.Rect, five) {
		return vision.Encoding{}, fmt.Errorf("encode: outside of the picture: %w", vision.ErrNoFace)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	if e.net == nil {
		return vision.Encoding{}, fmt.Errorf("encode: %w", errClosed)
	}
	warp(img, s, e.spec.Side, e.spec.Mean, e.spec.Std, e.net.input())
	if err := e.net.run(); err != nil {
		return vision.Encoding{}, fmt.Errorf("encode: %w", err)
	}
	vec, err := normalised(e.net.out)
	if err != nil {
		return vision.Encoding{}, fmt.Errorf("encode: %w", err)
	}
	return vision.Encoding{Vector: vec, Landmarks: five[:]}, nil
}

// inside says that the middle of the face is in the picture.
func inside(r image.Rectangle, five [5]vision.Point) bool {
	var x, y float64
	for _, p := range five {
		x += p.X / 5
		y += p.Y / 5
	}
	return x >= float64(r.Min.X) && y >= float64(r.Min.Y) && x < float64(r.Max.X) && y < float64(r.Max.Y)
}

// normalised copies v at length 1.
func normalised(v []float32) ([]float32, error) {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	if !(s > 1e-12) || math.IsInf(s, 0) {
		return nil, errVector
	}
	k := float32(1 / math.Sqrt(s))
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = k * x
	}
	return out, nil
}
