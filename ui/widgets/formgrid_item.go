package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/ui/theme"
)

// maxRadios is how many options stand side by side; more are picked from a
// list.
const maxRadios = 5

// gridItem is one field of a FormGrid: one of field, area and buttons.
type gridItem struct {
	spec  GridSpec
	style theme.Style
	field *Field
	area  *TextArea

	label   *Text
	options []Choice
	buttons []*Button // one an option, or the one that opens the list
	picked  string

	hint, problem *Text
	sign          *canvas.Image

	touched, chosen, pick func()
}

func newGridItem(st theme.Style, s GridSpec, words GridWords) *gridItem {
	it := &gridItem{
		spec: s, style: st, label: NewText(s.Label, st.Small, st.Muted, false),
		hint: NewText(s.Hint, st.Small, st.Muted, false), problem: NewText("", st.Label, st.Stop, true),
		sign: NewIcon(problemIcon, st.Stop, st.Icon),
	}
	it.problem.Least = 16
	spec := FieldSpec{Name: s.Name, Label: s.Label, Max: s.Max}
	switch s.Kind {
	case GridLong:
		it.area = NewTextArea(st, spec)
		it.area.OnTouched = func() { call(it.touched) }
	case GridChoice, GridSwitch:
		it.options = s.Options
		if s.Kind == GridSwitch {
			it.options = []Choice{{GridYes, words.Yes}, {GridNo, words.No}}
		}
		it.choices()
	default:
		spec.Masked = s.Kind == GridPIN
		it.field = NewField(st, spec)
		it.field.OnTouched = func() { call(it.touched) }
	}
	return it
}

// choices makes the buttons of a choice.
func (it *gridItem) choices() {
	if len(it.options) > maxRadios {
		it.buttons = []*Button{NewButton(it.style, Secondary, "down", "", func() { call(it.pick) })}
		return
	}
	for _, o := range it.options {
		it.buttons = append(it.buttons, NewButton(it.style, Secondary, "radio", o.Words, func() {
			it.set(o.Code)
			call(it.chosen)
		}))
	}
}

// pressed has every touch of its buttons told.
func (it *gridItem) pressed(f func()) {
	for _, b := range it.buttons {
		b.OnPressed = f
	}
}

// written tells that it is filled in by writing.
func (it *gridItem) written() bool { return it.field != nil || it.area != nil }

func (it *gridItem) value() string {
	switch {
	case it.field != nil:
		return it.field.Text()
	case it.area != nil:
		return it.area.Text()
	}
	return it.picked
}

func (it *gridItem) set(v string) {
	switch {
	case it.field != nil:
		if v != it.field.Text() {
			it.field.SetText(v)
		}
	case it.area != nil:
		if v != it.area.Text() {
			it.area.SetText(v)
		}
	default:
		it.picked = v
		it.showPicked()
	}
}

func (it *gridItem) showPicked() {
	at := slices.IndexFunc(it.options, func(o Choice) bool { return o.Code == it.picked })
	if len(it.options) > maxRadios {
		words := "—"
		if at >= 0 {
			words = it.options[at].Words
		}
		it.buttons[0].words.SetContent(words)
		it.buttons[0].Refresh()
		return
	}
	for i, b := range it.buttons {
		b.SetSelected(i == at)
		if i == at {
			b.SetIcon("radio-on")
		} else {
			b.SetIcon("radio")
		}
	}
}

func (it *gridItem) edit(change func(*line) bool) bool {
	if it.area != nil {
		if !it.area.edit(change) {
			return false
		}
		it.problem.SetContent("")
		return true
	}
	return it.field != nil && it.field.edit(change)
}

func (it *gridItem) setActive(on bool) {
	if it.area != nil {
		it.area.setActive(on)
	} else if it.field != nil {
		it.field.setActive(on)
	}
}

func (it *gridItem) moveCaret(by int) {
	if it.area != nil {
		it.area.moveCaret(it.area.line.caret + by)
	} else if it.field != nil {
		it.field.moveCaret(it.field.line.caret + by)
	}
}

func (it *gridItem) problemWords() string {
	if it.field != nil {
		return it.field.Problem()
	}
	return it.problem.Content()
}

func (it *gridItem) setProblem(words string) {
	if it.field != nil {
		it.field.SetProblem(words)
		return
	}
	it.problem.SetContent(words)
}

func (it *gridItem) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{it.hint}
	switch {
	case it.field != nil:
		return append(out, it.field)
	case it.area != nil:
		return append(out, it.area, it.sign, it.problem)
	}
	out = append(out, it.label, it.sign, it.problem)
	for _, b := range it.buttons {
		out = append(out, b)
	}
	return out
}

// note is how high the hint or the problem below it is.
func (it *gridItem) note(width float32) float32 {
	var h float32
	if it.spec.Hint != "" {
		h = it.hint.HeightFor(width) + 2
	}
	if it.field != nil && it.problemWords() != "" {
		return max(h, it.field.problemHeight())
	}
	if words := it.problemWords(); words != "" {
		h = max(h, it.problem.HeightFor(width-it.style.Icon-8)+2)
	}
	return h
}

// height is what it needs in a width; tall says how many lines a paragraph has.
func (it *gridItem) height(width float32, lines int) float32 {
	note := it.note(width)
	switch {
	case it.field != nil:
		return it.field.BoxHeight() + note
	case it.area != nil:
		return it.area.HeightFor(lines) + note
	}
	rows := WrapButtons(it.style, it.buttons, width, it.style.Target)
	return it.label.HeightFor(width) + 4 + rows.Height + note
}

// put places it; h is no more than it needs.
func (it *gridItem) put(x, y, w, h float32) {
	note := it.note(w)
	wrong := it.problemWords() != ""
	setShown(it.hint, it.spec.Hint != "" && !wrong)
	Put(it.hint, x, y+h-note+2, w, it.hint.HeightFor(w))
	if it.field != nil {
		it.field.Show()
		if wrong {
			Put(it.field, x, y, w, it.field.BlockHeight())
		} else {
			Put(it.field, x, y, w, it.field.BoxHeight())
		}
		return
	}
	setShown(it.sign, wrong)
	setShown(it.problem, wrong)
	Put(it.sign, x, y+h-note+2, it.style.Icon, it.style.Icon)
	room := w - it.style.Icon - 8
	Put(it.problem, x+it.style.Icon+8, y+h-note+2, room, it.problem.HeightFor(room))
	if it.area != nil {
		it.area.Show()
		Put(it.area, x, y, w, h-note)
		return
	}
	lh := it.label.HeightFor(w)
	it.label.Show()
	Put(it.label, x, y, w, lh)
	rows := WrapButtons(it.style, it.buttons, w, it.style.Target)
	rows.Put(x, y+lh+4)
}

func (it *gridItem) hide() {
	for _, o := range it.objects() {
		o.Hide()
	}
}
