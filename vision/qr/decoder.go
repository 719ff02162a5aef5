package qr

import (
	"fmt"
	"image"
	"slices"
	"time"

	"agentid/app/domain"
	"agentid/vision"
)

const (
	// MaxPayload is the longest payload that is handed on, in bytes.
	MaxPayload = 512
	// MaxCodes is how many codes of one frame are read.
	MaxCodes = 4
	// DefaultBudget is the time for a frame, after which no further way of
	// looking is begun.
	DefaultBudget = 60 * time.Millisecond
)

// Result is a code that was read.
type Result struct {
	// Payload is what it says: valid UTF-8 of at most MaxPayload bytes. Nothing
	// in it may be trusted.
	Payload string
	// Region holds the code, in pixels of the picture and within it.
	Region image.Rectangle
	// Corners are those of the code itself, in pixels of the picture: top left,
	// top right, bottom right, bottom left as the code is meant to be held.
	Corners [4]vision.Point
	// Module is the width of one of its squares, in pixels of the picture.
	Module float64
}

// Decoder reads codes. The zero value is ready. It keeps its buffers: it is not
// safe for concurrent use.
type Decoder struct {
	// Budget is DefaultBudget if zero.
	Budget time.Duration
	// Clock is the system's if nil.
	Clock domain.Clock

	gray  plane // the picture
	work  plane // the part that is being looked at
	first int   // the way that the next frame begins with
}

// Decode reads the codes of a picture that begins at (0,0). No code is no
// error. Errors: vision.ErrPicture.
func (d *Decoder) Decode(img *image.RGBA) ([]Result, error) {
	if err := check(img); err != nil {
		return nil, err
	}
	budget, clock := d.Budget, d.Clock
	if budget <= 0 {
		budget = DefaultBudget
	}
	if clock == nil {
		clock = domain.SystemClock{}
	}
	end := clock.Now().Add(budget)
	d.gray.luma(img)

	var out []Result
	for n := range len(ways) {
		if n > 0 && !clock.Now().Before(end) {
			d.first = (d.first + n) % len(ways)
			return out, nil
		}
		way := (d.first + n) % len(ways)
		for range MaxCodes {
			r, ok := ways[way](d)
			if !ok {
				break
			}
			r.Region = r.Region.Intersect(img.Rect)
			d.gray.erase(r.Region) // and look for another one
			if r.Payload != "" {
				out = append(out, r)
			}
			if !clock.Now().Before(end) {
				break
			}
		}
		if len(out) > 0 {
			d.first = way // a code stays where it is
			return out, nil
		}
	}
	d.first = 0
	return nil, nil
}

// check refuses what would be read outside its pixels.
func check(img *image.RGBA) error {
	if img == nil {
		return fmt.Errorf("%w: none", vision.ErrPicture)
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	switch {
	case img.Rect.Min != image.Point{} || w < 1 || h < 1 || w > vision.MaxSide || h > vision.MaxSide || w*h > vision.MaxPixels:
		return fmt.Errorf("%w: %v", vision.ErrPicture, img.Rect)
	case img.Stride < 4*w || len(img.Pix) < img.Stride*(h-1)+4*w:
		return fmt.Errorf("%w: fewer pixels than its size says", vision.ErrPicture)
	}
	return nil
}

// ways are the ways to look at a frame, the likeliest first.
var ways = [...]func(*Decoder) (Result, bool){
	(*Decoder).whole,
	(*Decoder).middle,
	(*Decoder).negative,
}

const (
	wholePixels = 640 * 480 * 5 / 4 // about the most that is looked at in one go
	zoomPixels  = 640 * 640
)

// whole looks at the whole picture, reduced where it is large, and then closer
// at what looked like corners of a code in it.
func (d *Decoder) whole() (Result, bool) {
	d.work.reduce(&d.gray, wholePixels)
	r, seen, ok := read(&d.work, false)
	if ok {
		return r, true
	}
	for _, at := range suspects(seen, d.gray.w, d.gray.h) {
		d.work.zoom(&d.gray, at, zoomPixels)
		if r, _, ok := read(&d.work, false); ok {
			return r, true
		}
	}
	return Result{}, false
}

// middle enlarges the middle of the picture, where badges are held: modules
// of little more than a pixel are read so.
func (d *Decoder) middle() (Result, bool) {
	w, h := d.gray.w, d.gray.h
	side := min(w, h) * 3 / 4
	at := image.Rect((w-side)/2, (h-side)/2+h/12, (w+side)/2, (h+side)/2+h/12).Intersect(image.Rect(0, 0, w, h))
	d.work.zoom(&d.gray, at, zoomPixels)
	r, _, ok := read(&d.work, false)
	return r, ok
}

// negative is for a telephone that shows codes light on dark.
func (d *Decoder) negative() (Result, bool) {
	d.work.reduce(&d.gray, wholePixels)
	r, seen, ok := read(&d.work, true)
	if ok {
		return r, true
	}
	for _, at := range suspects(seen, d.gray.w, d.gray.h) {
		d.work.zoom(&d.gray, at, zoomPixels)
		if r, _, ok := read(&d.work, true); ok {
			return r, true
		}
	}
	return Result{}, false
}

// suspects gives the places at which a code seems to be that was not read, the
// likeliest first, at most two.
func suspects(seen []finder, w, h int) []image.Rectangle {
	frame := image.Rect(0, 0, w, h)
	best := corners(seen)
	if len(best) == 0 {
		return nil
	}
	box := image.Rectangle{}
	for _, f := range best {
		// A finder's centre is 3.5 modules from the edge; as much again around it.
		m := max(f.module, 1) * 9
		b := image.Rect(int(f.x-m), int(f.y-m), int(f.x+m), int(f.y+m))
		if box = box.Union(b); len(best) < 3 {
			// The rest of the code may be on any side.
			m *= 5
			box = box.Union(image.Rect(int(f.x-m), int(f.y-m), int(f.x+m), int(f.y+m)))
		}
	}
	if box = box.Intersect(frame); box.Dx() < 16 || box.Dy() < 16 {
		return nil
	}
	return []image.Rectangle{box}
}

// corners picks the finders that may be of one code: of the size of the one
// seen best, or those that are of about its size.
func corners(seen []finder) []finder {
	if len(seen) == 0 {
		return nil
	}
	best := slices.MaxFunc(seen, func(a, b finder) int { return a.alike(seen) - b.alike(seen) })
	return slices.DeleteFunc(slices.Clone(seen), func(f finder) bool { return !f.like(best) })
}
