package widgets

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// Flow is a container whose contents are put in place by a function. Its
// least size is the caller's to say, as nothing on the kiosk may push a screen
// beyond its window.
//
// What embeds a Flow is not what the canvas knows: give it the Object.
type Flow struct {
	box   *fyne.Container
	place func(fyne.Size)
	least func() fyne.Size
}

// NewFlow makes a container of objs; place is called whenever the size
// changes, least may be nil.
func NewFlow(place func(fyne.Size), least func() fyne.Size, objs ...fyne.CanvasObject) *Flow {
	f := &Flow{place: place, least: least}
	f.box = container.New(flowLayout{f}, objs...)
	return f
}

// Object is what goes on the canvas.
func (f *Flow) Object() fyne.CanvasObject { return f.box }

// SetObjects exchanges the contents.
func (f *Flow) SetObjects(objs ...fyne.CanvasObject) {
	f.box.Objects = objs
	f.Again()
	f.box.Refresh()
}

// Again puts the contents in place once more, after one of them changed.
func (f *Flow) Again() { f.place(f.box.Size()) }

type flowLayout struct{ f *Flow }

func (l flowLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) { l.f.place(s) }

func (l flowLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	if l.f.least == nil {
		return fyne.NewSize(1, 1)
	}
	return l.f.least()
}

// Put moves and resizes o in one go. Its edges stand on whole pixels: between
// them they would blur. Words keep the width that they were measured for.
func Put(o fyne.CanvasObject, x, y, w, h float32) {
	left, top := round(x), round(y)
	o.Move(fyne.NewPos(left, top))
	switch o.(type) {
	case *Text, *canvas.Text:
	default:
		w, h = round(x+w)-left, round(y+h)-top
	}
	o.Resize(fyne.NewSize(max(0, w), max(0, h)))
}

// rect is where something is.
type rect struct{ x, y, w, h float32 }

func round(v float32) float32 { return float32(math.Round(float64(v))) }

func ceil(v float32) float32 { return float32(math.Ceil(float64(v))) }
