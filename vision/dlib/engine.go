package dlib

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"

	face "github.com/Kagami/go-face"

	"agentid/app/domain"
	"agentid/vision"
)

// errClosed says that an engine is used after its Close.
var errClosed = errors.New("closed")

// Engine is go-face with its three models. It is the encoder; Detector gives
// the detector that shares them. Safe for concurrent use: go-face takes turns
// on HOG and on the net, not on the landmarks between them.
type Engine struct {
	spec vision.EncoderSpec

	mu  sync.RWMutex // held for reading while go-face runs
	rec *face.Recognizer
}

var _ vision.Encoder = (*Engine)(nil)

// Open loads the models of a folder that Prepare laid out; it takes a second or
// two, the 68-point landmarks being 100 MB. The spec says what the encoder's
// manifest says.
func Open(dir string, spec vision.EncoderSpec) (*Engine, error) {
	if spec.Dim != len(face.Descriptor{}) || spec.Metric != vision.Euclidean || !(spec.Threshold > 0) {
		return nil, fmt.Errorf("open %s: %w: want 128 numbers, euclidean, a threshold; the manifest says %d, %s, %v",
			spec.Ref, ErrModel, spec.Dim, spec.Metric, spec.Threshold)
	}
	for _, name := range []string{netName, landmarksName, mmodName} {
		// go-face says of a missing file only that it could not be opened.
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("open %s: %w", spec.Ref, err)
		} else if !st.Mode().IsRegular() {
			return nil, fmt.Errorf("open %s: %w: %s is no file", spec.Ref, ErrModel, name)
		}
	}
	rec, err := face.NewRecognizer(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", spec.Ref, ErrModel, err)
	}
	return &Engine{spec: spec, rec: rec}, nil
}

// Ref implements vision.Encoder.
func (e *Engine) Ref() domain.EncoderRef { return e.spec.Ref }

// Metric implements vision.Encoder: the distance, not go-face's square of it.
func (e *Engine) Metric() vision.Metric { return e.spec.Metric }

// Threshold implements vision.Encoder.
func (e *Engine) Threshold() float64 { return e.spec.Threshold }

// Close frees the models; it waits for calls that are under way. The detector
// is closed with it.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rec != nil {
		e.rec.Close()
		e.rec = nil
	}
	return nil
}

// recognise finds and encodes all faces in a JPEG. The caller has checked it.
func (e *Engine) recognise(jpeg []byte) ([]face.Face, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.rec == nil {
		return nil, errClosed
	}
	faces, err := e.rec.Recognize(jpeg)
	if err != nil {
		return nil, fmt.Errorf("go-face: %w", err)
	}
	return faces, nil
}

// landmarks turns go-face's points into vision's order. dlib's own five are the
// corners of the eyes and the nose, without the mouth: of no use to others.
func landmarks(shape []image.Point, at placing) []vision.Point {
	if len(shape) != 68 {
		return nil
	}
	out := make([]vision.Point, len(shape))
	for i, p := range shape {
		out[i] = at.back(float64(p.X), float64(p.Y))
	}
	return out
}

// hog is the detector of an Engine.
type hog struct{ e *Engine }

// Detector is dlib's HOG detector (faces of 80 pixels and more) with landmarks.
// Closing it does nothing: it lives as long as the engine. Safe for concurrent use.
func (e *Engine) Detector() vision.Detector { return hog{e} }

func (hog) Name() string { return "hog" }
func (hog) Close() error { return nil }

// hogSide is the longer side that pictures are reduced to before detection.
const hogSide = 640

// Detect implements vision.Detector: the largest first, all of Score 1.
func (h hog) Detect(img *image.RGBA) ([]vision.Face, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	if min(img.Rect.Dx(), img.Rect.Dy()) < minSide {
		return nil, nil
	}
	jpeg, at, err := cut(img, img.Rect, min(1, float64(hogSide)/float64(max(img.Rect.Dx(), img.Rect.Dy()))))
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	found, err := h.e.recognise(jpeg)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	faces := make([]vision.Face, 0, len(found))
	for _, f := range found {
		if box := at.box(f.Rectangle).Intersect(img.Rect); !box.Empty() {
			faces = append(faces, vision.Face{Box: box, Score: 1, Landmarks: landmarks(f.Shapes, at)})
		}
	}
	slices.SortStableFunc(faces, func(a, b vision.Face) int { return cmp.Compare(b.Box.Dx(), a.Box.Dx()) })
	return faces, nil
}
