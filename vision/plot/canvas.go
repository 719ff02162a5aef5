package plot

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// canvas is a picture and how large things are in it.
type canvas struct {
	m     *image.RGBA
	fonts *fonts
	k     float64 // of the size that everything is measured for
}

// px is a length at this size.
func (c *canvas) px(n int) int { return max(1, int(math.Round(float64(n)*c.k))) }

type fonts struct {
	k             float64
	regular, bold *opentype.Font
	faces         map[faceKey]font.Face
}

type faceKey struct {
	bold bool
	size int
}

// parsed are the fonts, which never change.
var parsed = sync.OnceValues(func() ([2]*opentype.Font, error) {
	r, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return [2]*opentype.Font{}, err
	}
	b, err := opentype.Parse(gobold.TTF)
	return [2]*opentype.Font{r, b}, err
})

// newFonts fails where a face cannot be made, so that nothing later has to.
func newFonts(k float64) (*fonts, error) {
	p, err := parsed()
	if err != nil {
		return nil, err
	}
	f := &fonts{k: k, regular: p[0], bold: p[1], faces: map[faceKey]font.Face{}}
	for _, key := range []faceKey{{false, 14}, {false, 15}, {false, 16}, {true, 16}, {true, 26}} {
		of := f.regular
		if key.bold {
			of = f.bold
		}
		// No text gets too small to read, however small the picture is.
		px := max(11, float64(key.size)*k)
		face, err := opentype.NewFace(of, &opentype.FaceOptions{Size: px, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			return nil, err
		}
		f.faces[key] = face
	}
	return f, nil
}

func (c *canvas) regular(size int) font.Face { return c.fonts.faces[faceKey{false, size}] }
func (c *canvas) bold(size int) font.Face    { return c.fonts.faces[faceKey{true, size}] }

func (c *canvas) width(s string, f font.Face) int { return font.MeasureString(f, s).Ceil() }

// text writes from x on, with its base line at y; what does not fit is cut.
func (c *canvas) text(x, y int, s string, f font.Face, col color.RGBA) {
	room := c.m.Rect.Max.X - x - c.px(6)
	if c.width(s, f) > room {
		r := []rune(s)
		for len(r) > 0 && c.width(string(r)+"…", f) > room {
			r = r[:len(r)-1]
		}
		s = string(r) + "…"
	}
	d := font.Drawer{Dst: c.m, Src: image.NewUniform(col), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

func (c *canvas) textRight(x, y int, s string, f font.Face, col color.RGBA) {
	c.text(x-c.width(s, f), y, s, f, col)
}

func (c *canvas) textMid(x, y int, s string, f font.Face, col color.RGBA) {
	c.text(x-c.width(s, f)/2, y, s, f, col)
}

// swatch writes a line of the legend and gives where it ends.
func (c *canvas) swatch(x, y int, col color.RGBA, name string) int {
	side := c.px(16)
	box := image.Rect(x, y-side+c.px(2), x+side, y+c.px(2))
	c.fill(box, col)
	c.blend(box.Inset(c.px(2)), surface, 0.45)
	f := c.regular(16)
	c.text(x+side+c.px(10), y, name, f, ink)
	return x + side + c.px(10) + c.width(name, f)
}

func (c *canvas) fill(r image.Rectangle, col color.RGBA) {
	draw.Draw(c.m, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// blend lays a colour over what is there.
func (c *canvas) blend(r image.Rectangle, col color.RGBA, alpha float64) {
	a := uint8(math.Round(alpha * 255))
	draw.Draw(c.m, r, image.NewUniform(color.NRGBA{col.R, col.G, col.B, a}), image.Point{}, draw.Over)
}

func (c *canvas) hline(p image.Rectangle, y int, col color.RGBA) {
	c.fill(image.Rect(p.Min.X, y, p.Max.X, y+1), col)
}

// frame draws the axes: left and bottom.
func (c *canvas) frame(p image.Rectangle) {
	c.fill(image.Rect(p.Min.X-1, p.Min.Y, p.Min.X, p.Max.Y+1), muted)
	c.fill(image.Rect(p.Min.X-1, p.Max.Y, p.Max.X, p.Max.Y+1), muted)
}
