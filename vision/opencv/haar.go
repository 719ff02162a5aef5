package opencv

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"gocv.io/x/gocv"

	"agentid/vision"
)

// HaarOptions tune the Haar detector; the zero value is good.
type HaarOptions struct {
	Side       int     // the picture is reduced to this longer side; 320 when 0
	Step       float64 // from one scale to the next; 1.1 when 0
	Neighbours int     // windows that must agree; 3 when 0
	MinFace    int     // pixels of the picture, the smallest face to look for; 40 when 0
}

// Haar is the Viola-Jones detector: what is always there, as Debian's
// opencv-data brings its cascades. It gives no landmarks; Score is the number
// of windows that agreed. A mutex makes it safe for concurrent use.
type Haar struct {
	opts HaarOptions

	mu      sync.Mutex
	cascade *gocv.CascadeClassifier // nil when closed
	shrinker
	grey gocv.Mat
}

var _ vision.Detector = (*Haar)(nil)

// maxHaarFaces bounds what one picture may give.
const maxHaarFaces = 64

// haarCascade was chosen by measure, see docs/ACCURACY.md.
const haarCascade = "haarcascade_frontalface_alt2.xml"

// haarFolders is where distributions put the cascades.
func haarFolders() []string {
	return []string{"/usr/share/opencv4/haarcascades", "/usr/share/opencv/haarcascades", "/usr/local/share/opencv4/haarcascades"}
}

// ErrNoCascade says that no cascade is installed (Debian: opencv-data).
var ErrNoCascade = errors.New("no Haar cascade found")

// FindHaar is the path of the system's cascade for faces.
func FindHaar() (string, error) {
	for _, dir := range haarFolders() {
		p := filepath.Join(dir, haarCascade)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", ErrNoCascade
}

// NewHaar opens a cascade of features of Haar's kind; an empty path means the
// system's. It is checked before OpenCV sees it, and refused with ErrCascade.
func NewHaar(path string, opts HaarOptions) (*Haar, error) {
	if path == "" {
		var err error
		if path, err = FindHaar(); err != nil {
			return nil, err
		}
	}
	opts.Side = cmp.Or(opts.Side, 320)
	opts.Step = cmp.Or(opts.Step, 1.1)
	opts.Neighbours = cmp.Or(opts.Neighbours, 3)
	opts.MinFace = cmp.Or(opts.MinFace, 40)
	if opts.Side < 40 || !(opts.Step > 1.01 && opts.Step <= 2) || opts.Neighbours < 0 || opts.MinFace < 0 {
		return nil, fmt.Errorf("haar: impossible options %+v", opts)
	}
	c, err := loadCascade(path)
	if err != nil {
		return nil, err
	}
	return &Haar{opts: opts, cascade: c, shrinker: newShrinker(), grey: gocv.NewMat()}, nil
}

// Name implements vision.Detector.
func (h *Haar) Name() string { return "haar" }

// Close implements vision.Detector.
func (h *Haar) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cascade == nil {
		return nil
	}
	err := errors.Join(h.cascade.Close(), h.grey.Close())
	h.shrinker.close()
	h.cascade = nil
	return err
}

// Detect implements vision.Detector: the largest first.
func (h *Haar) Detect(img *image.RGBA) ([]vision.Face, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cascade == nil {
		return nil, fmt.Errorf("detect: %w", errClosed)
	}
	fw, fh, scale := fit(img.Rect.Dx(), img.Rect.Dy(), h.opts.Side)
	if err := h.shrink(img, img.Rect, fw, fh); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	gocv.CvtColor(h.small, &h.grey, gocv.ColorRGBAToGray)
	gocv.EqualizeHist(h.grey, &h.grey)
	least := int(float64(h.opts.MinFace) * scale)
	windows := h.cascade.DetectMultiScaleWithParams(h.grey, h.opts.Step, 0, 0, image.Pt(least, least), image.Point{})
	hits := group(windows, h.opts.Neighbours)
	faces := make([]vision.Face, 0, len(hits))
	for _, f := range hits {
		px := func(v int) int { return int(float64(v) / scale) }
		box := image.Rect(px(f.box.Min.X), px(f.box.Min.Y), px(f.box.Max.X), px(f.box.Max.Y)).Add(img.Rect.Min).Intersect(img.Rect)
		if !box.Empty() {
			faces = append(faces, vision.Face{Box: box, Score: float64(f.votes)})
		}
	}
	slices.SortStableFunc(faces, func(a, b vision.Face) int { return cmp.Compare(b.Box.Dx(), a.Box.Dx()) })
	return faces[:min(len(faces), maxHaarFaces)], nil
}
