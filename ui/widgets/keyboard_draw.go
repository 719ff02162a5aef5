package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/assets"
	"agentid/ui/theme"
)

// keyEdge is how much of the muted colour is in a key's outline: a hairline
// would not tell tired eyes where a key ends.
const keyEdge = 0.55

// keyFace is how one key looks.
type keyFace struct {
	ground *canvas.Rectangle
	words  *canvas.Text
	icon   *canvas.Image // nil for a key of words alone
}

// face is the sign and the words of a key as it is now.
func (k *Keyboard) face(d keyDef) (icon assets.Icon, words string) {
	switch d.kind {
	case keySpace:
		return "", k.words.Space
	case keyBackspace:
		return assets.IconBackspace, ""
	case keyShift:
		switch k.shift {
		case shiftOnce:
			return assets.IconShiftOn, ""
		case shiftLock:
			return assets.IconCaps, ""
		}
		return assets.IconShift, ""
	case keyRow:
		if k.keys == KeysAny {
			_, next := anyRow(k.lang, k.layer+1)
			return "", next
		}
		if k.letters {
			return "", "123"
		}
		return "", "áéí"
	case keyEnter:
		if k.last {
			return "", k.words.Done
		}
		return "", k.words.Next
	case keyHide:
		return assets.IconKeyboardDown, k.words.Hide
	}
	return "", k.shown(d.text)
}

// colours are the fill, the outline and the words of a key.
func (k *Keyboard) colours(d keyDef, pressed bool) (fill, line, words color.NRGBA) {
	p := k.style.Palette
	switch {
	case d.kind == keyEnter && pressed:
		return p.BrandPressed, p.Ink, p.OnBrand
	case d.kind == keyEnter, pressed:
		return p.Brand, p.Brand, p.OnBrand
	case d.kind == keyShift && k.shift != shiftOff:
		return p.Pressed, p.Brand, p.Brand
	case d.kind == keyType, d.kind == keySpace:
		return p.Surface, theme.Fade(p.Muted, keyEdge), p.Ink
	}
	return p.Pressed, theme.Fade(p.Muted, keyEdge), p.Ink
}

// typeSize is the size of a key's words: of a mark, which is small by nature,
// larger than of a letter.
func (k *Keyboard) typeSize(d keyDef) float32 {
	switch {
	case d.kind != keyType || len(d.text) > 1 && d.text[0] == '.':
		return k.style.Label
	case isMark(d):
		return k.style.Body * 1.5
	case k.style.Shape == theme.Compact:
		return 26
	}
	return k.style.Body * 1.25
}

// isMark tells a key for a punctuation mark.
func isMark(d keyDef) bool {
	return d.kind == keyType && strings.Contains("-_.,'+/@", d.text)
}

// CreateRenderer implements fyne.Widget.
func (k *Keyboard) CreateRenderer() fyne.WidgetRenderer {
	k.drawn = &keyboardRenderer{k: k}
	k.drawn.build()
	return k.drawn
}

type keyboardRenderer struct {
	k       *Keyboard
	keys    []keyDef
	faces   []keyFace
	objects []fyne.CanvasObject
}

// build makes the objects of the keys there are.
func (r *keyboardRenderer) build() {
	r.keys, r.faces, r.objects = nil, nil, nil
	for _, row := range r.k.def.rows {
		r.keys = append(r.keys, row...)
	}
	for _, d := range r.keys {
		f := keyFace{ground: canvas.NewRectangle(color.Transparent), words: canvas.NewText("", color.Transparent)}
		f.ground.CornerRadius = r.k.style.Corner * 0.75
		f.words.TextStyle.Bold = d.kind == keyEnter || isMark(d)
		r.objects = append(r.objects, f.ground, f.words)
		if icon, _ := r.k.face(d); icon != "" {
			f.icon = NewIcon(icon, r.k.style.Ink, r.k.style.Icon*1.25)
			r.objects = append(r.objects, f.icon)
		}
		if d.kind == keyNone {
			f.ground.Hide()
			f.words.Hide()
		}
		r.faces = append(r.faces, f)
	}
	for i := range r.faces {
		r.paint(i)
	}
}

// stale tells that the keys are no longer those that were built.
func (r *keyboardRenderer) stale() bool {
	n := 0
	for _, row := range r.k.def.rows {
		for _, d := range row {
			if n >= len(r.keys) || r.keys[n] != d {
				return true
			}
			n++
		}
	}
	return n != len(r.keys)
}

// paint gives a key the colours, the words and the place that it has now.
func (r *keyboardRenderer) paint(i int) {
	k, f := r.k, r.faces[i]
	cells := k.places()
	if i >= len(cells) || cells[i].def.kind == keyNone {
		return
	}
	c := cells[i]
	fill, line, ink := k.colours(c.def, i == k.lit)
	f.ground.FillColor, f.ground.StrokeColor, f.ground.StrokeWidth = fill, line, 1
	if fill == k.style.Pressed && line == k.style.Brand {
		f.ground.StrokeWidth = 3
	}
	icon, words := k.face(c.def)
	f.words.Text, f.words.Color = words, ink
	Put(f.ground, c.at.X, c.at.Y, c.size.Width, c.size.Height)

	side, near := float32(0), float32(0)
	if f.icon != nil {
		side = k.style.Icon * 1.25
		if words != "" {
			side, near = k.style.Icon, 8
		}
		setIcon(f.icon, icon, ink)
	}
	const inset = 6
	room := c.size.Width - side - near - 2*inset
	size := k.typeSize(c.def)
	for size > 16 && fyne.MeasureText(words, size, f.words.TextStyle).Width > room {
		size--
	}
	f.words.TextSize = size
	need := f.words.MinSize()
	x := c.at.X + (c.size.Width-need.Width-side-near)/2
	if f.icon != nil {
		Put(f.icon, x, c.at.Y+(c.size.Height-side)/2, side, side)
	}
	Put(f.words, x+side+near, c.at.Y+(c.size.Height-need.Height)/2, need.Width, need.Height)
}

// paintKeys paints those keys anew, and no more than them.
func (k *Keyboard) paintKeys(keys ...int) {
	if k.drawn == nil || k.drawn.stale() {
		return
	}
	for _, i := range keys {
		if i < 0 || i >= len(k.drawn.faces) {
			continue
		}
		k.drawn.paint(i)
		k.drawn.faces[i].ground.Refresh()
		k.drawn.faces[i].words.Refresh()
	}
}

func (r *keyboardRenderer) Layout(fyne.Size) {
	for i := range r.faces {
		r.paint(i)
	}
}

func (r *keyboardRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

func (r *keyboardRenderer) Refresh() {
	if r.stale() {
		r.build()
	} else {
		r.Layout(r.k.Size())
	}
	canvas.Refresh(r.k)
}

func (r *keyboardRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *keyboardRenderer) Destroy()                     { r.k.Stop() }
