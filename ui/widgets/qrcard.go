package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

const (
	// quiet is the white round a QR code that readers count on, in modules.
	quiet = 4
	// maxModules is the side of the largest QR code there is.
	maxModules = 177
)

// QRCard shows a QR code: each module a whole number of pixels, black on
// white in any theme, with the quiet zone it needs, and a caption below.
type QRCard struct {
	*Flow
	style   theme.Style
	modules [][]bool
	ground  *canvas.Rectangle
	code    *canvas.Image
	caption *Text
	scale   int
}

// NewQRCard makes one of the code's modules, dark ones true, in rows; white
// around them is left out. What is no square of modules shows an empty card.
func NewQRCard(st theme.Style, modules [][]bool, caption string) *QRCard {
	q := &QRCard{
		style: st, modules: trimQuiet(modules), ground: NewCard(st),
		code:    &canvas.Image{FillMode: canvas.ImageFillStretch, ScaleMode: canvas.ImageScalePixels},
		caption: NewText(caption, st.Label, color.NRGBA{R: 0x14, G: 0x21, B: 0x3d, A: 0xff}, false),
	}
	q.ground.FillColor = color.White
	q.caption.Align = fyne.TextAlignCenter
	q.caption.MaxLines, q.caption.Least = 2, 16
	q.Flow = NewFlow(q.put, nil, q.ground, q.code, q.caption)
	return q
}

// SetModules shows another code, with its caption.
func (q *QRCard) SetModules(modules [][]bool, caption string) {
	q.modules = trimQuiet(modules)
	q.caption.SetContent(caption)
	q.Again()
}

// Scale is how many pixels a module has on the screen, 0 where it has no room.
func (q *QRCard) Scale() int { return q.scale }

// trimQuiet cuts the white border off; nil for what is no QR code.
func trimQuiet(m [][]bool) [][]bool {
	n := len(m)
	if n == 0 || n > maxModules+8*quiet {
		return nil
	}
	lo, hi := n, -1
	for y, row := range m {
		if len(row) != n {
			return nil
		}
		for x, dark := range row {
			if dark {
				lo, hi = min(lo, x, y), max(hi, x, y)
			}
		}
	}
	side := hi - lo + 1
	if side < 21 || side > maxModules {
		return nil
	}
	out := make([][]bool, side)
	for y := range out {
		out[y] = m[lo+y][lo : hi+1]
	}
	return out
}

func (q *QRCard) put(s fyne.Size) {
	Put(q.ground, 0, 0, s.Width, s.Height)
	pad := q.style.Gap
	room := s.Width - 2*pad
	ch := -pad // without a caption the quiet zone is margin enough
	if q.caption.Content() != "" {
		ch = q.caption.HeightFor(room)
	}
	Put(q.caption, pad, s.Height-pad-ch, room, max(0, ch))
	side := min(s.Width, s.Height-ch-pad)
	q.scale = 0
	if n := len(q.modules) + 2*quiet; len(q.modules) > 0 {
		q.scale = max(0, int(side)/n)
	}
	if q.scale == 0 {
		q.code.Hide()
		return
	}
	img := drawQR(q.modules, q.scale)
	q.code.Image = img
	w := float32(img.Rect.Dx())
	// Whole pixels, or the painter would blur what has to be sharp.
	Put(q.code, float32(int((s.Width-w)/2)), float32(int((s.Height-ch-pad-w)/2)), w, w)
	q.code.Show()
	q.code.Refresh()
}

// drawQR draws the modules with their quiet zone, scale pixels each.
func drawQR(m [][]bool, scale int) *image.RGBA {
	side := (len(m) + 2*quiet) * scale
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for y, row := range m {
		for x, dark := range row {
			if !dark {
				continue
			}
			for py := range scale {
				at := img.PixOffset((x+quiet)*scale, (y+quiet)*scale+py)
				for i := at; i < at+4*scale; i += 4 {
					img.Pix[i], img.Pix[i+1], img.Pix[i+2] = 0, 0, 0
				}
			}
		}
	}
	return img
}
