package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
)

// GoDecoder decodes with the standard library: for builds without a C
// compiler, and for what libjpeg-turbo does not convert. The zero value is
// ready and safe for concurrent use.
type GoDecoder struct{}

var _ Decoder = GoDecoder{}

// Decode implements Decoder. A picture without its end marker is accepted, as
// cameras leave it out; one whose pixels are not all there is not.
func (GoDecoder) Decode(b []byte, dst *image.RGBA) (*image.RGBA, error) {
	info, err := CheckJPEG(b)
	if err != nil {
		return nil, err
	}
	// The added end marker is never read where the picture has its own.
	src, err := jpeg.Decode(io.MultiReader(bytes.NewReader(b), bytes.NewReader([]byte{0xFF, markerEOI})))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	if src.Bounds() != image.Rect(0, 0, info.Width, info.Height) {
		return nil, fmt.Errorf("%w: decoded to another size than its header says", ErrPicture)
	}
	dst = FitRGBA(dst, info.Width, info.Height)
	draw.Draw(dst, dst.Rect, src, image.Point{}, draw.Src)
	return dst, nil
}

// FitRGBA returns dst where it is a whole picture of that size, a new one
// otherwise. For decoders.
func FitRGBA(dst *image.RGBA, w, h int) *image.RGBA {
	if dst != nil && dst.Rect == image.Rect(0, 0, w, h) && dst.Stride == 4*w && len(dst.Pix) == 4*w*h {
		return dst
	}
	return image.NewRGBA(image.Rect(0, 0, w, h))
}

// CheckRGBA refuses with ErrPicture what code in C must not be given: no
// pixels, too many, or fewer than the image says it has.
func CheckRGBA(img *image.RGBA) error {
	if img == nil || img.Rect.Empty() {
		return fmt.Errorf("%w: no pixels", ErrPicture)
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return fmt.Errorf("%w: %dx%d is too large", ErrPicture, w, h)
	}
	if img.Stride < 4*w || len(img.Pix) < (h-1)*img.Stride+4*w {
		return fmt.Errorf("%w: fewer pixels than it says", ErrPicture)
	}
	return nil
}
