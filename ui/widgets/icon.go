package widgets

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
)

// NewIcon draws one of our icons in the colour, in a square of side.
func NewIcon(i assets.Icon, c color.NRGBA, side float32) *canvas.Image {
	img := canvas.NewImageFromResource(iconResource(i, c))
	img.FillMode = canvas.ImageFillContain
	img.SetMinSize(fyne.NewSquareSize(side))
	img.Resize(fyne.NewSquareSize(side))
	return img
}

// iconResource is the icon with its currentColor filled in. Fyne caches
// drawings by name, so that the name tells the colour.
func iconResource(i assets.Icon, c color.NRGBA) fyne.Resource {
	svg, err := i.SVG()
	if err != nil {
		// Only a name that is no constant comes here; a blank is better than
		// a kiosk that stops.
		svg = []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"/>`)
	}
	hex := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	return fyne.NewStaticResource(
		string(i)+hex[1:]+".svg",
		bytes.ReplaceAll(svg, []byte("currentColor"), []byte(hex)),
	)
}

// setIcon changes what an icon image shows, if it changed.
func setIcon(img *canvas.Image, i assets.Icon, c color.NRGBA) {
	res := iconResource(i, c)
	if img.Resource != nil && img.Resource.Name() == res.Name() {
		return
	}
	img.Resource = res
	img.Image = nil
	img.Refresh()
}
