// Package redact makes the faces of bystanders in a picture unrecognisable
// before it is written anywhere.
//
// The rule: of every other face found, the box and 30% of its sides around it
// are replaced by at most 4x4 mean colours, blended into each other. What lies
// within the box of the person concerned is left alone, except where the box
// itself (not what lies around it) of a bystander overlaps it: there the
// bystander's privacy goes first. A box that covers nearly what the person's
// does is the same face found twice and no bystander.
//
// Only faces that were found can be hidden: whoever calls gives every box that
// a detector took for a face, doubtful ones as well.
package redact

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
)

// Limits.
const (
	MaxFaces  = 64
	MaxPixels = 4 << 20
	Quality   = 85 // of the JPEG
)

const (
	around  = 0.30 // of a box's sides, hidden on each side of it
	cells   = 4    // across the longer side of what is hidden
	minCell = 8    // pixels: smaller faces get fewer cells
	twice   = 0.6  // overlap (IoU) from which two boxes are of one face
)

// ErrPicture says that a picture cannot be redacted: it must not be written.
var ErrPicture = errors.New("picture cannot be redacted")

// JPEG is a new JPEG of the picture in which all faces but own are
// unrecognisable. It holds no bytes of the JPEG that img came from, nor its
// metadata. An empty own spares nobody. On an error there is no picture to
// keep.
func JPEG(img *image.RGBA, own image.Rectangle, others []image.Rectangle) ([]byte, error) {
	hidden, err := Picture(img, own, others)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, hidden, &jpeg.Options{Quality: Quality}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	return b.Bytes(), nil
}

// Picture is a copy of the picture in which all faces but own are
// unrecognisable; img is not written to.
func Picture(img *image.RGBA, own image.Rectangle, others []image.Rectangle) (*image.RGBA, error) {
	switch {
	case img == nil, img.Rect.Empty():
		return nil, fmt.Errorf("%w: it is empty", ErrPicture)
	case img.Rect.Dx() > MaxPixels || img.Rect.Dy() > MaxPixels/img.Rect.Dx():
		return nil, fmt.Errorf("%w: %dx%d is too large", ErrPicture, img.Rect.Dx(), img.Rect.Dy())
	case len(others) > MaxFaces:
		return nil, fmt.Errorf("%w: %d faces, at most %d", ErrPicture, len(others), MaxFaces)
	}
	out := image.NewRGBA(img.Rect)
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		at := img.PixOffset(img.Rect.Min.X, y)
		copy(out.Pix[out.PixOffset(img.Rect.Min.X, y):], img.Pix[at:at+4*img.Rect.Dx()])
	}
	// What is far outside hides nothing, and its numbers may not be trusted.
	reach := img.Rect.Inset(-max(img.Rect.Dx(), img.Rect.Dy()))
	own = own.Intersect(reach)
	within := make([]image.Rectangle, 0, len(others))
	for _, box := range others {
		within = append(within, box.Canon().Intersect(reach))
	}
	for _, box := range Bystanders(own, within) {
		hide(out, img, own, box)
	}
	return out, nil
}

// Bystanders are those of the boxes that are not the person's own face, each
// once.
func Bystanders(own image.Rectangle, boxes []image.Rectangle) []image.Rectangle {
	var out []image.Rectangle
	for _, b := range boxes {
		b = b.Canon()
		if !b.Empty() && overlap(own, b) < twice && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// overlap is the intersection of two boxes over their union.
func overlap(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) float64 { return float64(r.Dx()) * float64(r.Dy()) }
	both := area(a.Intersect(b))
	if both == 0 {
		return 0
	}
	return both / (area(a) + area(b) - both)
}

// hide replaces one face in out by what its pixels in img are on average.
func hide(out, img *image.RGBA, own, box image.Rectangle) {
	more := image.Pt(margin(box.Dx()), margin(box.Dy()))
	grown := image.Rectangle{box.Min.Sub(more), box.Max.Add(more)}.Intersect(img.Rect)
	if grown.Empty() {
		return
	}
	m := average(img, grown)
	for y := grown.Min.Y; y < grown.Max.Y; y++ {
		for x := grown.Min.X; x < grown.Max.X; x++ {
			if p := image.Pt(x, y); p.In(own) && !p.In(box) {
				continue
			}
			i := out.PixOffset(x, y)
			m.at(x, y, out.Pix[i:i+3:i+3])
			out.Pix[i+3] = 0xFF
		}
	}
}

func margin(side int) int { return int(around*float64(side) + 0.999) }

// mosaic is the mean colours of the cells over a part of a picture.
type mosaic struct {
	of         image.Rectangle
	cell       int
	cols, rows int
	mean       [cells * cells][3]int32
}

func average(img *image.RGBA, r image.Rectangle) *mosaic {
	long := max(r.Dx(), r.Dy())
	m := &mosaic{of: r, cell: max(minCell, (long+cells-1)/cells)}
	m.cols, m.rows = (r.Dx()+m.cell-1)/m.cell, (r.Dy()+m.cell-1)/m.cell
	for row := range m.rows {
		for col := range m.cols {
			lo := r.Min.Add(image.Pt(col*m.cell, row*m.cell))
			c := image.Rectangle{lo, lo.Add(image.Pt(m.cell, m.cell))}.Intersect(r)
			var sum [3]int64
			for y := c.Min.Y; y < c.Max.Y; y++ {
				i := img.PixOffset(c.Min.X, y)
				for range c.Dx() {
					sum[0] += int64(img.Pix[i])
					sum[1] += int64(img.Pix[i+1])
					sum[2] += int64(img.Pix[i+2])
					i += 4
				}
			}
			n := int64(c.Dx() * c.Dy())
			for k := range sum {
				m.mean[row*m.cols+col][k] = int32(sum[k] / n)
			}
		}
	}
	return m
}

// at blends the four nearest cells' colours, which blurs the mosaic and tells
// nothing that the cells do not.
func (m *mosaic) at(x, y int, rgb []uint8) {
	c0, c1, fx := m.between(x-m.of.Min.X, m.cols)
	r0, r1, fy := m.between(y-m.of.Min.Y, m.rows)
	a, b := &m.mean[r0*m.cols+c0], &m.mean[r0*m.cols+c1]
	c, d := &m.mean[r1*m.cols+c0], &m.mean[r1*m.cols+c1]
	one := int32(2 * m.cell)
	for k := range rgb {
		top := int64(a[k]*(one-fx) + b[k]*fx)
		low := int64(c[k]*(one-fx) + d[k]*fx)
		rgb[k] = uint8((top*int64(one-fy) + low*int64(fy)) / (int64(one) * int64(one)))
	}
}

// between gives the two cells whose middles a pixel lies between, and how far
// it is from the first to the second, in half pixels of a cell's width.
func (m *mosaic) between(v, n int) (lo, hi int, f int32) {
	at := 2*v + 1 - m.cell // in half pixels from the middle of the first cell
	if at <= 0 {
		return 0, 0, 0
	}
	lo = at / (2 * m.cell)
	if lo >= n-1 {
		return n - 1, n - 1, 0
	}
	return lo, lo + 1, int32(at % (2 * m.cell))
}
