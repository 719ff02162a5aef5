package opencv

/*
#include <stdlib.h>
#include "guard.h"
*/
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"unsafe"

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

	mu sync.Mutex
	c  *C.agentid_haar // nil when closed
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

// NewHaar opens a cascade; an empty path means the system's.
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
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open cascade: %w", err)
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var msg errBuf
	c := C.agentid_haar_open(name, msg.ptr())
	if c == nil {
		return nil, fmt.Errorf("load %s: %w", path, msg.err())
	}
	return &Haar{opts: opts, c: c}, nil
}

// Name implements vision.Detector.
func (h *Haar) Name() string { return "haar" }

// Close implements vision.Detector.
func (h *Haar) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.c != nil {
		C.agentid_haar_close(h.c)
		h.c = nil
	}
	return nil
}

// Detect implements vision.Detector: the largest first.
func (h *Haar) Detect(img *image.RGBA) ([]vision.Face, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.c == nil {
		return nil, fmt.Errorf("detect: %w", errClosed)
	}
	fw, fh, scale := fit(img.Rect.Dx(), img.Rect.Dy(), h.opts.Side)
	var boxes [5 * maxHaarFaces]C.int
	var msg errBuf
	n := C.agentid_haar_find(h.c, picture(img, img.Rect), C.int(fw), C.int(fh), C.double(h.opts.Step), C.int(h.opts.Neighbours),
		C.int(float64(h.opts.MinFace)*scale), &boxes[0], maxHaarFaces, msg.ptr())
	if n < 0 {
		return nil, fmt.Errorf("detect: %w", msg.err())
	}
	faces := make([]vision.Face, 0, n)
	for i := range int(n) {
		b := boxes[5*i : 5*i+5]
		px := func(v C.int) int { return int(float64(v) / scale) }
		box := image.Rect(px(b[0]), px(b[1]), px(b[0]+b[2]), px(b[1]+b[3])).Add(img.Rect.Min).Intersect(img.Rect)
		if !box.Empty() {
			faces = append(faces, vision.Face{Box: box, Score: float64(b[4])})
		}
	}
	slices.SortStableFunc(faces, func(a, b vision.Face) int { return cmp.Compare(b.Box.Dx(), a.Box.Dx()) })
	return faces, nil
}
