package opencv

import (
	"fmt"
	"image"
	"runtime"

	"gocv.io/x/gocv"
)

// fit is the size of w x h reduced so that its longer side is at most side, and
// the factor. Nothing is enlarged.
func fit(w, h, side int) (fw, fh int, scale float64) {
	if max(w, h) <= side {
		return w, h, 1
	}
	scale = float64(side) / float64(max(w, h))
	return max(1, int(float64(w)*scale)), max(1, int(float64(h)*scale)), scale
}

// shrinker reduces parts of pictures to RGBA Mats. It keeps what it needs, so
// that a frame costs no pixels' worth of memory.
type shrinker struct {
	small gocv.Mat // of the last call
	rows  []byte   // of a part, without what lies beside it
}

func newShrinker() shrinker { return shrinker{small: gocv.NewMat()} }

func (s *shrinker) close() { s.small.Close() }

// shrink brings r of the picture, which lies inside of it and is not empty, to w
// x h, by averaging where that loses pixels.
func (s *shrinker) shrink(img *image.RGBA, r image.Rectangle, w, h int) error {
	pix := s.pixels(img, r)
	// The Mat keeps the address from one call of C to the next.
	var pin runtime.Pinner
	pin.Pin(&pix[0])
	defer pin.Unpin()
	whole, err := gocv.NewMatFromBytes(r.Dy(), r.Dx(), gocv.MatTypeCV8UC4, pix)
	if err != nil {
		return fmt.Errorf("opencv: %w", err)
	}
	defer whole.Close()
	how := gocv.InterpolationLinear
	if w < r.Dx() || h < r.Dy() {
		how = gocv.InterpolationArea
	}
	gocv.Resize(whole, &s.small, image.Pt(w, h), 0, 0, how)
	return nil
}

// pixels are the part's, row after row: the picture's own where nothing lies
// between them.
func (s *shrinker) pixels(img *image.RGBA, r image.Rectangle) []byte {
	row, n := 4*r.Dx(), 4*r.Dx()*r.Dy()
	from := img.PixOffset(r.Min.X, r.Min.Y)
	if row == img.Stride {
		return img.Pix[from : from+n]
	}
	if cap(s.rows) < n {
		s.rows = make([]byte, n)
	}
	s.rows = s.rows[:n]
	for y := range r.Dy() {
		copy(s.rows[y*row:(y+1)*row], img.Pix[from+y*img.Stride:])
	}
	return s.rows
}

// planes is the input of a net, 1 x 3 x side x side floats, and its three
// planes. Everything lies in the one block of memory of the first Mat.
type planes struct {
	side   int
	mat    gocv.Mat
	floats []float32 // all of it

	// For put:
	plane [3]gocv.Mat
	size  image.Point // of corner
	part  [3]gocv.Mat // the upper left corner of each plane
	grey  gocv.Mat    // one channel
}

func newPlanes(side int) (*planes, error) {
	p := &planes{side: side, mat: gocv.NewMatWithSizes([]int{1, 3, side, side}, gocv.MatTypeCV32F), grey: gocv.NewMat()}
	for c := range p.plane {
		p.plane[c] = gocv.GetBlobChannel(p.mat, 0, c)
		p.part[c] = gocv.NewMat()
	}
	var err error
	if p.floats, err = p.mat.DataPtrFloat32(); err != nil {
		p.close()
		return nil, fmt.Errorf("opencv: %w", err)
	}
	clear(p.floats)
	return p, nil
}

// put fills the planes with the channels of an RGBA Mat of at most side x side
// as B, G, R of 0..255, at the top left, black beside it.
func (p *planes) put(rgba gocv.Mat) {
	if size := image.Pt(rgba.Cols(), rgba.Rows()); size != p.size {
		clear(p.floats)
		for c := range p.part {
			p.part[c].Close()
			p.part[c] = p.plane[c].Region(image.Rectangle{Max: size})
		}
		p.size = size
	}
	for c := range p.part {
		gocv.ExtractChannel(rgba, &p.grey, 2-c)
		p.grey.ConvertTo(&p.part[c], gocv.MatTypeCV32F)
	}
}

func (p *planes) close() {
	for c := range p.plane {
		p.part[c].Close()
		p.plane[c].Close()
	}
	p.grey.Close()
	p.mat.Close()
	p.floats = nil
}
