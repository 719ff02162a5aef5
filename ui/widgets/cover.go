package widgets

import (
	"encoding/binary"
	"image"
	"math"

	"agentid/app/domain"
)

// cover is how a picture fills a view: scaled until nothing of the view is
// left empty, cut where it is over, and mirrored.
type cover struct {
	src   image.Point     // size of the picture, in its pixels
	crop  image.Rectangle // the part that shows, in the picture's pixels
	scale float64         // view units to one pixel
}

// spot is a place in the picture, in fractions of it.
type spot struct{ X, Y float64 }

// home is what the picture is centred on when nobody is there: people's faces
// are above the middle.
var home = spot{0.5, 0.45}

// newCover fits a picture of size src into a view of w by h, centred on focus
// as far as the picture reaches.
func newCover(src image.Point, w, h float64, focus spot) (cover, bool) {
	if src.X <= 0 || src.Y <= 0 || w < 1 || h < 1 {
		return cover{}, false
	}
	scale := max(w/float64(src.X), h/float64(src.Y))
	cw := min(src.X, max(1, int(math.Round(w/scale))))
	ch := min(src.Y, max(1, int(math.Round(h/scale))))
	x := clampInt(int(math.Round(focus.X*float64(src.X)))-cw/2, 0, src.X-cw)
	y := clampInt(int(math.Round(focus.Y*float64(src.Y)))-ch/2, 0, src.Y-ch)
	return cover{src: src, crop: image.Rect(x, y, x+cw, y+ch), scale: scale}, true
}

// place gives where a spot of the picture is in the view, mirrored.
func (c cover) place(p spot) (x, y float64) {
	return (float64(c.crop.Max.X) - p.X*float64(c.src.X)) * c.scale,
		(p.Y*float64(c.src.Y) - float64(c.crop.Min.Y)) * c.scale
}

// headroom is how much of a face's own size must show beside it.
const headroom = 0.35

// follow moves focus by the least that brings the whole of a face, with room
// for its ring, into what a view of w by h shows. A face that is already there
// moves nothing: the picture must not swim.
func follow(focus spot, face domain.Rect, src image.Point, w, h float64) spot {
	c, ok := newCover(src, w, h, focus)
	if !ok {
		return focus
	}
	axis := func(at, size, lo, hi float64) float64 { // all in fractions
		from, to := at-headroom*size, at+size*(1+headroom)
		half := (hi - lo) / 2
		switch {
		case to-from >= hi-lo: // larger than what shows: its middle
			return (from + to) / 2
		case from < lo:
			return max(from+half, half)
		case to > hi:
			return min(to-half, 1-half)
		}
		return (lo + hi) / 2
	}
	fw, fh := float64(src.X), float64(src.Y)
	return spot{
		X: axis(face.X, face.W, float64(c.crop.Min.X)/fw, float64(c.crop.Max.X)/fw),
		Y: axis(face.Y, face.H, float64(c.crop.Min.Y)/fh, float64(c.crop.Max.Y)/fh),
	}
}

// mirrorInto copies the crop of src, mirrored, into dst, which is reused when
// it has the right size. A step over 1 takes every step-th pixel: a picture
// much finer than the screen costs no more to upload than the screen shows.
func mirrorInto(dst, src *image.RGBA, crop image.Rectangle, step int) *image.RGBA {
	crop = crop.Add(src.Rect.Min).Intersect(src.Rect)
	step = max(step, 1)
	w, h := crop.Dx()/step, crop.Dy()/step
	if w == 0 || h == 0 {
		return nil
	}
	if dst == nil || dst.Rect.Dx() != w || dst.Rect.Dy() != h {
		dst = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	for y := range h {
		from := src.Pix[src.PixOffset(crop.Min.X, crop.Min.Y+y*step):]
		to := dst.Pix[y*dst.Stride : y*dst.Stride+w*4]
		for i, j := 0, (w-1)*step*4; i < len(to); i, j = i+4, j-step*4 {
			binary.NativeEndian.PutUint32(to[i:i+4], binary.NativeEndian.Uint32(from[j:j+4]))
		}
	}
	return dst
}

func clampInt(v, lo, hi int) int { return max(lo, min(v, hi)) }
