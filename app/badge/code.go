package badge

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	qrcode "github.com/skip2/go-qrcode"
)

// Quiet is the light border that a code needs around it, in modules.
const Quiet = 4

// MaxSide bounds the pictures of a code, in pixels.
const MaxSide = 4096

// Code is a token as a QR code: level M. A badge is version 7, 45 modules
// wide; its level Q would be version 9, 53 modules. On the same card level M's
// modules are 15% larger, and before a camera that is worth more than the
// redundancy (docs/BADGES.md has the figures).
type Code struct {
	modules [][]bool // dark ones, without the quiet border
	version int
}

// NewCode draws a token that Issuer made.
func NewCode(token string) (*Code, error) {
	if KindOf(token) == KindNone {
		return nil, fmt.Errorf("%w: no token to draw", ErrInvalid)
	}
	q, err := qrcode.New(token, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw code: %w", err)
	}
	q.DisableBorder = true
	return &Code{modules: q.Bitmap(), version: q.VersionNumber}, nil
}

// Version of the QR code, 1 to 40.
func (c *Code) Version() int { return c.version }

// Modules is the width of the code in modules, without its quiet border.
func (c *Code) Modules() int { return len(c.modules) }

// Dark tells whether a module is dark; outside the code it is not.
func (c *Code) Dark(x, y int) bool {
	return y >= 0 && y < len(c.modules) && x >= 0 && x < len(c.modules) && c.modules[y][x]
}

// Image is the code with its quiet border in a square of side pixels, or the
// least that holds it, at most MaxSide. Modules are whole pixels, so that a
// screen shows them sharp; what is left over is added to the border. The
// picture begins at (0,0) and is opaque, as a screen wants it.
func (c *Code) Image(side int) *image.RGBA {
	n := c.Modules() + 2*Quiet
	side = min(max(side, n), MaxSide)
	px := side / n
	off := (side - px*c.Modules()) / 2
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = 0xFF
	}
	for y := range c.Modules() {
		for x := range c.Modules() {
			if !c.Dark(x, y) {
				continue
			}
			for dy := range px {
				row := m.Pix[m.PixOffset(off+x*px, off+y*px+dy):][:4*px]
				for i := range px {
					row[4*i], row[4*i+1], row[4*i+2] = 0, 0, 0
				}
			}
		}
	}
	return m
}

// PNG is Image as a file in two colours.
func (c *Code) PNG(side int) ([]byte, error) {
	src := c.Image(side)
	m := image.NewPaletted(src.Rect, color.Palette{color.White, color.Black})
	for i := range m.Pix {
		if src.Pix[4*i] == 0 {
			m.Pix[i] = 1
		}
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, m); err != nil {
		return nil, fmt.Errorf("encode code: %w", err)
	}
	return b.Bytes(), nil
}
