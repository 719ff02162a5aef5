package widgets

import (
	"fyne.io/fyne/v2"
)

// Control is something on the screen that can be touched or read, in the
// screen's coordinates.
type Control struct {
	Kind  string  `json:"kind"`  // button, key, field, row, spot or text
	Words string  `json:"words"` // of a key, what it types now, or what it does
	X     float32 `json:"x"`
	Y     float32 `json:"y"`
	W     float32 `json:"w"`
	H     float32 `json:"h"`
}

// Controls lists what is visible below an object, from back to front: for tests
// that touch the screen as a finger does.
func Controls(root fyne.CanvasObject) []Control {
	var out []Control
	listControls(root, fyne.Position{}, &out)
	return out
}

func listControls(o fyne.CanvasObject, at fyne.Position, out *[]Control) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	add := func(kind, words string, p fyne.Position, s fyne.Size) {
		if words != "" && s.Width > 0 && s.Height > 0 {
			*out = append(*out, Control{kind, words, p.X, p.Y, s.Width, s.Height})
		}
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			listControls(c, at, out)
		}
	case *Button:
		add("button", o.Words(), at, o.Size())
	case *Text:
		add("text", o.Content(), at, o.Size())
	case *Table:
		for i, r := range o.shown() {
			add("row", r.says(), at.AddXY(0, o.headHeight()+float32(i)*o.rowHeight()), fyne.NewSize(o.Size().Width, o.rowHeight()))
		}
	case *FormGrid:
		o.listControls(at, out)
	case *SecretSpot:
		add("spot", "seal", at, o.Size())
	case *Field:
		add("field", o.Label(), at, o.Size())
		listControls(o.problem, at, out)
	case *TextArea:
		add("field", o.Label(), at, o.Size())
	case *Form:
		for _, f := range o.fields {
			listControls(f, at, out)
		}
		listControls(o.keyboard, at, out)
	case *PINPad:
		for _, t := range []*Text{o.title, o.hint, o.problem} {
			listControls(t, at, out)
		}
		listControls(o.pad, at, out)
	case *Keyboard:
		for _, c := range o.places() {
			add("key", o.saysKey(c.def), at.Add(c.at), c.size)
		}
	}
}

// saysKey names a key.
func (k *Keyboard) saysKey(d keyDef) string {
	switch d.kind {
	case keyType:
		return k.shown(d.text)
	case keySpace:
		return " "
	case keyBackspace:
		return "backspace"
	case keyShift:
		return "shift"
	case keyRow:
		return "row"
	case keyEnter:
		return "enter"
	case keyHide:
		return "hide"
	}
	return ""
}
