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
	close bool  // the corners of a code were seen
}

// Suspects tells that the last picture held what looks like a code, which could
// not be read: too far, too blurred, or in a glare.
func (d *Decoder) Suspects() bool { return d.close }

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
	d.close = false
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
			d.close = false
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
	(*Decoder).full,
	(*Decoder).faint,
	(*Decoder).negative,
}

const (
	wholePixels = 640 * 480 * 5 / 4 // about the most that is looked at in one go
	zoomPixels  = 640 * 640
	faintReach  = 10 // pixels: some modules
)

// whole looks at the whole picture, reduced where it is large.
func (d *Decoder) whole() (Result, bool) {
	d.work.reduce(&d.gray, wholePixels)
	return d.closer(false)
}

// full looks at the whole of a large picture with all its pixels: for a code
// that is small in it.
func (d *Decoder) full() (Result, bool) {
	if d.gray.w*d.gray.h <= wholePixels {
		return Result{}, false
	}
	d.work.reduce(&d.gray, vision.MaxPixels)
	return d.closer(false)
}

// negative is for a telephone that shows codes light on dark.
func (d *Decoder) negative() (Result, bool) {
	d.work.reduce(&d.gray, wholePixels)
	return d.closer(true)
}

// closer reads what is in d.work, and where that is nothing, goes closer to
// what looked like a code.
func (d *Decoder) closer(negative bool) (Result, bool) {
	r, seen, ok := read(&d.work, negative)
	if ok {
		return r, true
	}
	d.suspect(seen)
	at, module := suspect(seen, d.gray.w, d.gray.h)
	if at.Empty() {
		return Result{}, false
	}
	d.work.zoom(&d.gray, at, zoomPixels)
	if r, _, ok = read(&d.work, negative); ok {
		return r, true
	}
	d.work.sharpen(module)
	r, _, ok = read(&d.work, negative)
	return r, ok
}

// faint evens the light out first: for a worn print, and for a dim screen
// before dark clothes.
func (d *Decoder) faint() (Result, bool) {
	d.work.reduce(&d.gray, wholePixels)
	d.work.even(faintReach)
	r, seen, ok := read(&d.work, false)
	if ok {
		return r, true
	}
	d.suspect(seen)
	at, module := suspect(seen, d.gray.w, d.gray.h)
	if at.Empty() {
		at, module = d.chest(), faintReach/4
	}
	d.work.zoom(&d.gray, at, zoomPixels)
	d.work.even(int(4*module/d.work.scale + 0.5))
	r, _, ok = read(&d.work, false)
	return r, ok
}

// chest is the middle of the picture, a little low: where badges are held.
func (d *Decoder) chest() image.Rectangle {
	w, h := d.gray.w, d.gray.h
	side := min(w, h) * 3 / 4
	return image.Rect(0, 0, side, side).Add(image.Pt((w-side)/2, (h-side)*5/6))
}

// middle enlarges the middle: modules of little more than a pixel are read so.
func (d *Decoder) middle() (Result, bool) {
	d.work.zoom(&d.gray, d.chest(), zoomPixels)
	r, seen, ok := read(&d.work, false)
	if ok {
		return r, true
	}
	d.suspect(seen)
	module := 2.0
	if best := corners(seen); len(best) > 0 {
		module = best[0].module
	}
	d.work.sharpen(module)
	r, _, ok = read(&d.work, false)
	return r, ok
}

// suspect takes note where all three corners of a code were seen: one or two
// are in any picture.
func (d *Decoder) suspect(seen []finder) {
	d.close = d.close || len(corners(seen)) >= 3
}

// suspect is where a code seems to be that was not read, and how wide its
// modules seem; empty where there is no sign of one.
func suspect(seen []finder, w, h int) (image.Rectangle, float64) {
	best := corners(seen)
	if len(best) == 0 {
		return image.Rectangle{}, 0
	}
	module := 0.0
	var box image.Rectangle
	for _, f := range best {
		// A finder's centre is 3.5 modules from the code's edge. Where one is
		// missing, the rest of the code may be on any side.
		m := max(f.module, 1) * 9
		if len(best) < 3 {
			m *= 5
		}
		box = box.Union(image.Rect(int(f.x-m), int(f.y-m), int(f.x+m), int(f.y+m)))
		module += f.module / float64(len(best))
	}
	// A code is square: where only one of its sides was seen, the rest lies on
	// either hand.
	if dx, dy := box.Dx(), box.Dy(); 4*dx < 3*dy {
		box.Min.X, box.Max.X = box.Min.X-(dy-dx), box.Max.X+(dy-dx)
	} else if 4*dy < 3*dx {
		box.Min.Y, box.Max.Y = box.Min.Y-(dx-dy), box.Max.Y+(dx-dy)
	}
	if box = box.Intersect(image.Rect(0, 0, w, h)); box.Dx() < 16 || box.Dy() < 16 {
		return image.Rectangle{}, 0
	}
	return box, module
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
