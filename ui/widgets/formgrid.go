package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/ui/theme"
)

// GridKind is what a field of a FormGrid takes.
type GridKind int

// The kinds.
const (
	GridText GridKind = iota
	GridLong          // several lines
	GridNumber
	GridPIN
	GridChoice
	GridSwitch // GridYes or GridNo
)

// The values of a GridSwitch.
const (
	GridYes = "yes"
	GridNo  = "no"
)

// GridSpec is one field of a FormGrid.
type GridSpec struct {
	Name, Label, Hint string
	Kind              GridKind
	Options           []Choice // GridChoice
	Max               int      // characters; 0 is DefaultMax
}

// DefaultMax is how long a text may be where nobody said.
const DefaultMax = 200

// GridWords are what a FormGrid says by itself.
type GridWords struct {
	KeyWords
	Line, Yes, No, Before, After string
}

// FormGrid is a form of any length: lines and paragraphs to write in, choices
// and switches, in one column or two. What does not fit is on another page of
// it. While somebody types its lower part is the keyboard, and the field that
// is written in is seen.
type FormGrid struct {
	widget.BaseWidget
	OnChanged func(name string)
	OnTyping  func(bool)
	// OnPick is asked for a choice among many; SetValue answers.
	OnPick func(spec GridSpec, value string)

	style    theme.Style
	words    GridWords
	items    []*gridItem
	keyboard *Keyboard
	active   int // of items, -1 where there is nothing to write
	typing   bool
	shifted  bool
	page     int
	pages    int
	at       *Text
	before   *Button
	after    *Button
}

var (
	_ fyne.Focusable  = (*FormGrid)(nil)
	_ fyne.Tabbable   = (*FormGrid)(nil)
	_ desktop.Keyable = (*FormGrid)(nil)
)

// NewFormGrid makes an empty form. keys is the style of its keyboard. pressed
// is told of every touch and key; it may be nil.
func NewFormGrid(st, keys theme.Style, lang string, words GridWords, specs []GridSpec, later Later, now func() time.Time, pressed func()) *FormGrid {
	f := &FormGrid{style: st, words: words, active: -1, keyboard: NewKeyboard(keys, lang, words.KeyWords, later, now)}
	k := f.keyboard
	k.OnPressed = func() {
		call(pressed)
		f.Focus()
	}
	k.OnType = func(s string) { f.edit(func(l *line) bool { return l.insert(s) }) }
	k.OnBackspace = func() { f.edit((*line).backspace) }
	k.OnEnter = f.Next
	k.OnHide = func() { f.SetTyping(false) }
	k.Hide()
	for i, s := range specs {
		if s.Max <= 0 {
			s.Max = DefaultMax
		}
		it := newGridItem(st, s, words)
		it.touched = func() {
			call(pressed)
			f.Activate(i)
		}
		it.chosen = func() {
			if f.OnChanged != nil {
				f.OnChanged(s.Name)
			}
		}
		it.pick = func() {
			if f.OnPick != nil {
				f.OnPick(s, it.value())
			}
		}
		it.pressed(pressed)
		if f.active < 0 && it.written() {
			f.active = i
		}
		f.items = append(f.items, it)
	}
	f.at = NewText("", st.Small, st.Muted, false)
	f.before = NewButton(st, Secondary, "left", words.Before, func() { f.turn(-1) })
	f.after = NewButton(st, Secondary, "right", words.After, func() { f.turn(1) })
	f.before.OnPressed, f.after.OnPressed = pressed, pressed
	f.ExtendBaseWidget(f)
	return f
}

func (f *FormGrid) item(name string) *gridItem {
	for _, it := range f.items {
		if it.spec.Name == name {
			return it
		}
	}
	return nil
}

// Value is what stands in a field, "" where there is none of that name.
func (f *FormGrid) Value(name string) string {
	if it := f.item(name); it != nil {
		return it.value()
	}
	return ""
}

// Values are what stands in all fields, by name.
func (f *FormGrid) Values() map[string]string {
	out := make(map[string]string, len(f.items))
	for _, it := range f.items {
		out[it.spec.Name] = it.value()
	}
	return out
}

// SetValue replaces what stands in a field.
func (f *FormGrid) SetValue(name, value string) {
	if it := f.item(name); it != nil {
		it.set(value)
		f.again()
	}
}

// SetProblem says beside a field what is wrong with it, or nothing.
func (f *FormGrid) SetProblem(name, words string) {
	if it := f.item(name); it != nil && it.problemWords() != words {
		it.setProblem(words)
		f.again()
	}
}

// ShowProblem turns to the first field that has a problem, and tells whether
// there is one.
func (f *FormGrid) ShowProblem() bool {
	for i, it := range f.items {
		if it.problemWords() == "" {
			continue
		}
		if it.written() && f.typing {
			f.Activate(i)
			return true
		}
		if f.typing {
			f.SetTyping(false)
		}
		for n, page := range f.split(f.Size().Width, f.room()) {
			for _, row := range page {
				for _, j := range row {
					if j == i {
						f.page = n
					}
				}
			}
		}
		f.again()
		return true
	}
	return false
}

// Forget clears the fields that hold a secret.
func (f *FormGrid) Forget() {
	for _, it := range f.items {
		if it.spec.Kind == GridPIN {
			it.set("")
		}
	}
}

// Keyboard is the form's own.
func (f *FormGrid) Keyboard() *Keyboard { return f.keyboard }

// Typing tells whether the keyboard is there.
func (f *FormGrid) Typing() bool { return f.typing }

// Active is the field that is written in, or was last; -1 for none.
func (f *FormGrid) Active() int { return f.active }

// SetTyping brings the keyboard or takes it away.
func (f *FormGrid) SetTyping(on bool) {
	if on == f.typing || f.active < 0 {
		return
	}
	f.typing = on
	f.items[f.active].setActive(on)
	if on {
		f.show()
	} else {
		f.keyboard.Stop()
		f.page = f.pageOf(f.active)
	}
	f.again()
	if f.OnTyping != nil {
		f.OnTyping(on)
	}
}

// Activate goes to field i, if something can be written there.
func (f *FormGrid) Activate(i int) {
	if i < 0 || i >= len(f.items) || !f.items[i].written() {
		return
	}
	was := f.typing
	if f.active != i {
		f.items[f.active].setActive(false)
	}
	moved := f.active != i || !was
	f.active, f.typing = i, true
	if moved {
		f.items[i].setActive(true)
		f.show()
		f.again()
	}
	f.Focus()
	if !was && f.OnTyping != nil {
		f.OnTyping(true)
	}
}

// show brings the keys for the active field.
func (f *FormGrid) show() {
	it, k := f.items[f.active], f.keyboard
	k.words = f.words.KeyWords
	last := f.following(1) < 0
	kind := KeysAny
	switch it.spec.Kind {
	case GridNumber:
		kind = KeysNumber
	case GridPIN:
		kind = KeysDigits
	case GridLong:
		k.words.Next, last = f.words.Line, false
	}
	k.SetKeys(kind, last)
}

// following is the next field to write in, or the one before; -1 for none.
func (f *FormGrid) following(by int) int {
	for i := f.active + by; i >= 0 && i < len(f.items); i += by {
		if f.items[i].written() {
			return i
		}
	}
	return -1
}

// Next begins a line in a field of several, goes to the next field from any
// other, and takes the keyboard away from the last.
func (f *FormGrid) Next() {
	if f.active >= 0 && f.items[f.active].spec.Kind == GridLong {
		f.edit(func(l *line) bool { return l.insert("\n") })
		return
	}
	if i := f.following(1); i >= 0 {
		f.Activate(i)
		return
	}
	f.SetTyping(false)
}

func (f *FormGrid) edit(change func(*line) bool) {
	if f.active < 0 || !f.typing {
		return
	}
	it := f.items[f.active]
	had := it.problemWords() != ""
	if !it.edit(change) {
		return
	}
	if had {
		f.again()
	}
	if f.OnChanged != nil {
		f.OnChanged(it.spec.Name)
	}
}

func (f *FormGrid) turn(by int) {
	f.page = clampInt(f.page+by, 0, max(0, f.pages-1))
	f.again()
}

// Focus makes a real keyboard type here.
func (f *FormGrid) Focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(f); c != nil {
		c.Focus(f)
	}
}

// Stop ends what goes on by itself.
func (f *FormGrid) Stop() { f.keyboard.Stop() }

// FocusGained implements fyne.Focusable.
func (f *FormGrid) FocusGained() {
	if !f.typing {
		f.Activate(f.active)
	}
}

// FocusLost implements fyne.Focusable. The keyboard stays where it is.
func (f *FormGrid) FocusLost() { f.shifted = false }

// TypedRune implements fyne.Focusable.
func (f *FormGrid) TypedRune(r rune) {
	call(f.keyboard.OnPressed)
	f.edit(func(l *line) bool { return l.insert(string(r)) })
}

// TypedKey implements fyne.Focusable.
func (f *FormGrid) TypedKey(e *fyne.KeyEvent) {
	if f.active < 0 {
		return
	}
	call(f.keyboard.OnPressed)
	it := f.items[f.active]
	switch e.Name {
	case fyne.KeyBackspace:
		f.edit((*line).backspace)
	case fyne.KeyDelete:
		f.edit((*line).del)
	case fyne.KeyLeft:
		it.moveCaret(-1)
	case fyne.KeyRight:
		it.moveCaret(1)
	case fyne.KeyUp, fyne.KeyDown:
		if it.area != nil {
			it.area.moveLines(map[fyne.KeyName]int{fyne.KeyUp: -1, fyne.KeyDown: 1}[e.Name])
		}
	case fyne.KeyHome:
		it.moveCaret(-DefaultMax * DefaultMax)
	case fyne.KeyEnd:
		it.moveCaret(DefaultMax * DefaultMax)
	case fyne.KeyReturn, fyne.KeyEnter:
		f.Next()
	case fyne.KeyEscape:
		f.SetTyping(false)
	case fyne.KeyTab:
		by := 1
		if f.shifted {
			by = -1
		}
		f.Activate(f.following(by))
	}
}

// AcceptsTab implements fyne.Tabbable.
func (f *FormGrid) AcceptsTab() bool {
	if f.shifted {
		return f.following(-1) >= 0
	}
	return f.following(1) >= 0
}

// KeyDown implements desktop.Keyable.
func (f *FormGrid) KeyDown(e *fyne.KeyEvent) { f.shift(e, true) }

// KeyUp implements desktop.Keyable.
func (f *FormGrid) KeyUp(e *fyne.KeyEvent) { f.shift(e, false) }

func (f *FormGrid) shift(e *fyne.KeyEvent, down bool) {
	if e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight {
		f.shifted = down
	}
}

// Resize implements fyne.CanvasObject.
func (f *FormGrid) Resize(s fyne.Size) {
	f.BaseWidget.Resize(s)
	f.place(s)
}

func (f *FormGrid) again() {
	f.place(f.Size())
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *FormGrid) CreateRenderer() fyne.WidgetRenderer { return &gridRenderer{f} }

type gridRenderer struct{ f *FormGrid }

func (r *gridRenderer) Layout(s fyne.Size) { r.f.place(s) }
func (r *gridRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *gridRenderer) Refresh()           { canvas.Refresh(r.f) }
func (r *gridRenderer) Destroy()           { r.f.Stop() }

func (r *gridRenderer) Objects() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, it := range r.f.items {
		out = append(out, it.objects()...)
	}
	return append(out, r.f.at, r.f.before, r.f.after, r.f.keyboard)
}

func (f *FormGrid) listControls(at fyne.Position, out *[]Control) {
	for _, o := range (&gridRenderer{f}).Objects() {
		listControls(o, at, out)
	}
}
