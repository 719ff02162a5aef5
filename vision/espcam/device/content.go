package device

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"time"

	xdraw "golang.org/x/image/draw"
)

// Drawer draws what stands before the camera. dst may have any size and holds
// an older picture; t is the time since the camera was switched on.
type Drawer interface {
	Draw(dst *image.RGBA, t time.Duration)
}

// Content is where a camera's pictures come from. It is asked for one at a
// time; the bytes it returns are nobody else's.
type Content interface {
	Picture(t time.Duration, s Settings) ([]byte, error)
}

// ContentFunc is a function as Content.
type ContentFunc func(t time.Duration, s Settings) ([]byte, error)

// Picture implements Content.
func (f ContentFunc) Picture(t time.Duration, s Settings) ([]byte, error) { return f(t, s) }

// Drawn is a camera that sees what d draws.
func Drawn(d Drawer) Content { return &drawn{d: d} }

type drawn struct {
	d   Drawer
	img *image.RGBA
}

func (c *drawn) Picture(t time.Duration, s Settings) ([]byte, error) {
	if c.img == nil || c.img.Rect.Size() != s.Size {
		c.img = image.NewRGBA(image.Rectangle{Max: s.Size})
	}
	c.d.Draw(c.img, t)
	return develop(c.img, s)
}

// Bars is a test card: colour bars, and a block that moves.
type Bars struct{}

var barColours = [...]color.RGBA{
	{235, 235, 235, 255}, {220, 210, 40, 255}, {40, 200, 210, 255}, {40, 190, 60, 255},
	{200, 50, 190, 255}, {200, 50, 40, 255}, {40, 60, 190, 255}, {20, 20, 24, 255},
}

// Draw implements Drawer.
func (Bars) Draw(dst *image.RGBA, t time.Duration) {
	r := dst.Rect
	for i, c := range barColours {
		bar := image.Rect(r.Min.X+r.Dx()*i/len(barColours), r.Min.Y, r.Min.X+r.Dx()*(i+1)/len(barColours), r.Max.Y)
		draw.Draw(dst, bar, image.NewUniform(c), image.Point{}, draw.Src)
	}
	side := max(r.Dy()/8, 1)
	const lap = 4 * time.Second
	x := r.Min.X + int(int64(r.Dx()-side)*int64(t%lap)/int64(lap))
	block := image.Rect(x, r.Max.Y-2*side, x+side, r.Max.Y-side)
	draw.Draw(dst, block.Intersect(r), image.NewUniform(color.RGBA{20, 33, 61, 255}), image.Point{}, draw.Src)
}

// redevelop makes a recorded picture what the sensor is set to.
func redevelop(recorded []byte, s Settings) ([]byte, error) {
	if s.plain() {
		return bytes.Clone(recorded), nil
	}
	src, err := jpeg.Decode(bytes.NewReader(recorded))
	if err != nil {
		return nil, fmt.Errorf("decode recorded picture: %w", err)
	}
	size := src.Bounds().Size()
	if s.Resized {
		size = s.Size
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	xdraw.ApproxBiLinear.Scale(dst, dst.Rect, src, cover(src.Bounds(), size), draw.Src, nil)
	return develop(dst, s)
}

// cover is the part of r, in its middle, that has the shape of size.
func cover(r image.Rectangle, size image.Point) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*size.Y > h*size.X {
		w = h * size.X / size.Y
	} else {
		h = w * size.Y / size.X
	}
	x, y := r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// develop applies the settings to img, in place, and encodes it.
func develop(img *image.RGBA, s Settings) ([]byte, error) {
	if s.Bars {
		Bars{}.Draw(img, 0)
	}
	if s.Mirror {
		mirror(img)
	}
	if s.Flip {
		flip(img)
	}
	if s.Light != 0 {
		lighten(img, s.Light)
	}
	var b bytes.Buffer
	b.Grow(img.Rect.Dx() * img.Rect.Dy() / 8)
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality(s.Quality)}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// jpegQuality puts the sensor's scale (4 best, 63 worst) on libjpeg's.
func jpegQuality(q int) int { return min(max(97-q*3/2, 5), 95) }

func mirror(img *image.RGBA) {
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride : y*img.Stride+4*img.Rect.Dx()]
		for i, j := 0, len(row)-4; i < j; i, j = i+4, j-4 {
			var p [4]byte
			copy(p[:], row[i:])
			copy(row[i:i+4], row[j:])
			copy(row[j:], p[:])
		}
	}
}

func flip(img *image.RGBA) {
	n := 4 * img.Rect.Dx()
	tmp := make([]byte, n)
	for i, j := 0, img.Rect.Dy()-1; i < j; i, j = i+1, j-1 {
		a, b := img.Pix[i*img.Stride:i*img.Stride+n], img.Pix[j*img.Stride:j*img.Stride+n]
		copy(tmp, a)
		copy(a, b)
		copy(b, tmp)
	}
}

func lighten(img *image.RGBA, by int) {
	var lut [256]byte
	for i := range lut {
		lut[i] = byte(min(max(i+by, 0), 255))
	}
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride : y*img.Stride+4*img.Rect.Dx()]
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2] = lut[row[i]], lut[row[i+1]], lut[row[i+2]]
		}
	}
}
