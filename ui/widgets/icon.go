package widgets

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
)

// NewIcon draws one of our icons in the colour, in a square of side.
func NewIcon(i assets.Icon, c color.NRGBA, side float32) *canvas.Image {
	img := canvas.NewImageFromResource(iconResource(i, c, side))
	img.FillMode = canvas.ImageFillContain
	img.SetMinSize(fyne.NewSquareSize(side))
	img.Resize(fyne.NewSquareSize(side))
	return img
}

// iconResource is the icon with its currentColor filled in and, as Fyne scales
// a drawing but not the width of its strokes, with strokes for side. Fyne
// caches drawings by name, so that the name tells both.
func iconResource(i assets.Icon, c color.NRGBA, side float32) fyne.Resource {
	svg, err := i.SVG()
	if err != nil {
		// Only a name that is no constant comes here; a blank is better than
		// a kiosk that stops.
		svg = []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"/>`)
	}
	hex := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	stroke := fmt.Sprintf("%.1f", max(1.5, math.Pow(float64(side)/24, 0.9)*2))
	svg = bytes.ReplaceAll(svg, []byte("currentColor"), []byte(hex))
	svg = bytes.ReplaceAll(svg, []byte(`stroke-width="2"`), []byte(`stroke-width="`+stroke+`"`))
	return fyne.NewStaticResource(string(i)+hex[1:]+"-"+stroke+".svg", svg)
}

// setIcon changes what an icon image shows, if it changed.
func setIcon(img *canvas.Image, i assets.Icon, c color.NRGBA) {
	res := iconResource(i, c, img.MinSize().Width)
	if img.Resource != nil && img.Resource.Name() == res.Name() {
		return
	}
	img.Resource = res
	img.Image = nil
	img.Refresh()
}
