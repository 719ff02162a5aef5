package dlib

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	face "github.com/Kagami/go-face"
	"golang.org/x/image/draw"

	"agentid/vision"
)

// How a face is given to go-face. The figures were chosen by measure, see
// docs/ACCURACY.md: HOG's cost grows with the pixels it must search, and it
// finds no face under 80.
const (
	minFace   = 48   // pixels in the picture; smaller faces are refused
	quality   = 97   // of the JPEG
	minSide   = 32   // pixels of a picture worth searching
	minShared = 0.15 // IoU from which what HOG found is the face that was meant
)

// cutOut says how much of the picture around a face go-face is given.
type cutOut struct {
	around float64 // sides of the box
	side   float64 // pixels that the box gets
}

// cutOuts are tried in turn. HOG's scales are steps of 6:5, so that a face missed
// at one size is often found at another.
func cutOuts() [2]cutOut { return [2]cutOut{{2.2, 130}, {3, 170}} }

// Encode implements vision.Encoder. The original JPEG is not used: the face
// cut out of the picture costs a fraction of what HOG takes for a whole frame,
// and the vector is nearly the same.
func (e *Engine) Encode(img *image.RGBA, _ []byte, f vision.Face) (vision.Encoding, error) {
	if err := vision.CheckRGBA(img); err != nil {
		return vision.Encoding{}, fmt.Errorf("encode: %w", err)
	}
	box := f.Box.Intersect(img.Rect)
	if min(box.Dx(), box.Dy()) < minFace {
		return vision.Encoding{}, fmt.Errorf("encode: under %d pixels: %w", minFace, vision.ErrNoFace)
	}
	for _, c := range cutOuts() {
		enc, ok, err := e.try(img, box, c)
		if err != nil {
			return vision.Encoding{}, fmt.Errorf("encode: %w", err)
		}
		if ok {
			return enc, nil
		}
	}
	return vision.Encoding{}, fmt.Errorf("encode: %w", vision.ErrNoFace)
}

// try encodes the face in one cut-out; false where go-face finds none there.
func (e *Engine) try(img *image.RGBA, box image.Rectangle, c cutOut) (vision.Encoding, bool, error) {
	long := float64(max(box.Dx(), box.Dy()))
	half := int(long * c.around / 2)
	mid := image.Pt((box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	r := image.Rectangle{Min: mid.Sub(image.Pt(half, half)), Max: mid.Add(image.Pt(half, half))}.Intersect(img.Rect)
	jpeg, at, err := cut(img, r, c.side/long)
	if err != nil {
		return vision.Encoding{}, false, err
	}
	found, err := e.recognise(jpeg)
	if err != nil {
		return vision.Encoding{}, false, err
	}
	i := nearest(found, at, box)
	if i < 0 {
		return vision.Encoding{}, false, nil
	}
	vec := found[i].Descriptor
	return vision.Encoding{Vector: vec[:], Landmarks: landmarks(found[i].Shapes, at)}, true, nil
}

// nearest is the face that shares most with the box; -1 when none does.
func nearest(found []face.Face, at placing, box image.Rectangle) int {
	best, index := minShared, -1
	for i, f := range found {
		r := at.box(f.Rectangle)
		in := r.Intersect(box)
		shared := float64(in.Dx() * in.Dy())
		if iou := shared / (float64(r.Dx()*r.Dy()+box.Dx()*box.Dy()) - shared); iou > best {
			best, index = iou, i
		}
	}
	return index
}

// placing says where a cut-out comes from.
type placing struct {
	min    image.Point // of the part, in the picture
	sx, sy float64     // pixels of the picture in one of the cut-out
}

func (p placing) back(x, y float64) vision.Point {
	return vision.Point{X: float64(p.min.X) + x*p.sx, Y: float64(p.min.Y) + y*p.sy}
}

// box brings back a box of dlib's, whose far edges are pixels inside of it.
func (p placing) box(r image.Rectangle) image.Rectangle {
	a, b := p.back(float64(r.Min.X), float64(r.Min.Y)), p.back(float64(r.Max.X+1), float64(r.Max.Y+1))
	px := func(v float64) int { return int(math.Round(v)) }
	return image.Rect(px(a.X), px(a.Y), px(b.X), px(b.Y))
}

// cut makes a JPEG of a part of the picture, scaled.
func cut(img *image.RGBA, r image.Rectangle, scale float64) ([]byte, placing, error) {
	w := max(1, int(math.Round(float64(r.Dx())*scale)))
	h := max(1, int(math.Round(float64(r.Dy())*scale)))
	part := img.SubImage(r).(*image.RGBA)
	if w != r.Dx() || h != r.Dy() {
		small := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.BiLinear.Scale(small, small.Rect, img, r, draw.Src, nil)
		part = small
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, part, &jpeg.Options{Quality: quality}); err != nil {
		return nil, placing{}, fmt.Errorf("write jpeg: %w", err)
	}
	return b.Bytes(), placing{r.Min, float64(r.Dx()) / float64(w), float64(r.Dy()) / float64(h)}, nil
}
