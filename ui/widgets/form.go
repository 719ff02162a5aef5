package widgets

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/ui/theme"
)

// Form is a few fields and the keyboard that goes with the one that is being
// written in. While somebody types it gives its lower part to the keyboard and
// shows as many fields as fit above, the active one always among them. It is
// what has the focus: keys of a real keyboard come here too.
type Form struct {
	widget.BaseWidget
	OnChanged func(name string) // somebody wrote in the field
	OnSubmit  func()            // enter in the last field
	OnTyping  func(bool)        // the keyboard came or went

	style    theme.Style
	fields   []*Field
	keyboard *Keyboard
	active   int
	typing   bool
	shifted  bool    // shift of a real keyboard is down
	top      float32 // where the fields begin

	later  Later
	now    func() time.Time
	codes  *CodeKeys // nil: a scanner's keys are keys like others
	undone undo
}

// undo is what stood in a field before a scanner began to type into it.
type undo struct {
	field int
	text  string
}

var (
	_ fyne.Focusable  = (*Form)(nil)
	_ fyne.Tabbable   = (*Form)(nil)
	_ desktop.Keyable = (*Form)(nil)
)

// NewForm makes a form of the fields, in a language. pressed is told of every
// touch and key; it may be nil.
func NewForm(st theme.Style, lang string, words KeyWords, specs []FieldSpec, later Later, now func() time.Time, pressed func()) *Form {
	f := &Form{style: st, keyboard: NewKeyboard(st, lang, words, later, now), later: later, now: now}
	k := f.keyboard
	k.OnPressed = func() {
		call(pressed)
		f.Focus()
	}
	k.OnType = func(s string) { f.edit(func(l *line) bool { return l.insert(s) }) }
	k.OnBackspace = func() { f.edit((*line).backspace) }
	k.OnEnter = f.Next
	k.OnHide = func() { f.SetTyping(false) }
	for i, s := range specs {
		field := NewField(st, s)
		field.OnTouched = func() {
			call(pressed)
			f.Activate(i)
		}
		f.fields = append(f.fields, field)
	}
	f.keyboard.Hide()
	f.ExtendBaseWidget(f)
	return f
}

// Fields are the fields, in order.
func (f *Form) Fields() []*Field { return slices.Clone(f.fields) }

// Field is the field of that name, nil where there is none.
func (f *Form) Field(name string) *Field {
	for _, field := range f.fields {
		if field.spec.Name == name {
			return field
		}
	}
	return nil
}

// Value is what is written in a field, "" where there is none of that name.
func (f *Form) Value(name string) string {
	if field := f.Field(name); field != nil {
		return field.Text()
	}
	return ""
}

// Active is which field is being written in, or was last.
func (f *Form) Active() int { return f.active }

// Top is where the fields begin; what is above is free.
func (f *Form) Top() float32 { return f.top }

// Keyboard is the form's own.
func (f *Form) Keyboard() *Keyboard { return f.keyboard }

// Typing tells whether the keyboard is there.
func (f *Form) Typing() bool { return f.typing }

// SetTyping brings the keyboard or takes it away.
func (f *Form) SetTyping(on bool) {
	if on == f.typing || len(f.fields) == 0 {
		return
	}
	f.typing = on
	if on {
		f.show(f.active)
	} else {
		f.fields[f.active].setActive(false)
		f.keyboard.Stop()
	}
	f.again()
	if f.OnTyping != nil {
		f.OnTyping(on)
	}
}

// Activate goes to field i and brings its keyboard.
func (f *Form) Activate(i int) {
	if i < 0 || i >= len(f.fields) {
		return
	}
	was := f.typing
	if was && i == f.active {
		f.Focus()
		f.keyboard.Follow(f.fields[i].line.before())
		return
	}
	f.fields[f.active].setActive(false)
	f.active = i
	f.typing = true
	f.show(i)
	f.again()
	f.Focus()
	if !was && f.OnTyping != nil {
		f.OnTyping(true)
	}
}

// ShowProblems goes to the first field that has an error, and tells whether
// there is one.
func (f *Form) ShowProblems() bool {
	for i, field := range f.fields {
		if field.Problem() != "" {
			f.Activate(i)
			return true
		}
	}
	return false
}

// show makes field i the active one, with the keyboard for it.
func (f *Form) show(i int) {
	field := f.fields[i]
	field.setActive(true)
	f.keyboard.SetKeys(field.spec.Keys, i == len(f.fields)-1)
	f.keyboard.Follow(field.line.before())
}

// Next goes to the next field, or submits from the last.
func (f *Form) Next() {
	if f.active < len(f.fields)-1 {
		f.Activate(f.active + 1)
		return
	}
	call(f.OnSubmit)
}

// TakeCodes has what a code scanner types told, whole, and not written into the
// field that is being written in.
func (f *Form) TakeCodes(found func(text string)) {
	f.codes = NewCodeKeys(f.later, f.now)
	f.codes.OnCode = func(text string) {
		f.fields[f.undone.field].SetText(f.undone.text)
		f.undone = undo{}
		found(text)
	}
}

// Stop ends what goes on by itself.
func (f *Form) Stop() {
	f.keyboard.Stop()
	if f.codes != nil {
		f.codes.Stop()
		f.undone = undo{}
	}
}

func (f *Form) edit(change func(*line) bool) {
	if len(f.fields) == 0 {
		return
	}
	field := f.fields[f.active]
	if !field.edit(change) {
		return
	}
	f.keyboard.Follow(field.line.before())
	if f.OnChanged != nil {
		f.OnChanged(field.spec.Name)
	}
}

// Focus makes a real keyboard type here.
func (f *Form) Focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(f); c != nil {
		c.Focus(f)
	}
}

// FocusGained implements fyne.Focusable.
func (f *Form) FocusGained() {
	if !f.typing {
		f.Activate(f.active)
	}
}

// FocusLost implements fyne.Focusable. The keyboard stays: what stands on the
// screen must not move away under a finger.
func (f *Form) FocusLost() { f.shifted = false }

// TypedRune implements fyne.Focusable.
func (f *Form) TypedRune(r rune) {
	call(f.keyboard.OnPressed)
	if f.codes != nil && len(f.fields) > 0 {
		f.codes.TypedRune(r)
		if f.codes.begins() {
			f.undone = undo{f.active, f.fields[f.active].line.text()}
		}
	}
	f.edit(func(l *line) bool { return l.insert(string(r)) })
}

// TypedKey implements fyne.Focusable.
func (f *Form) TypedKey(e *fyne.KeyEvent) {
	if len(f.fields) == 0 {
		return
	}
	call(f.keyboard.OnPressed)
	field := f.fields[f.active]
	move := func(to int) {
		field.moveCaret(to)
		f.keyboard.Follow(field.line.before())
	}
	switch e.Name {
	case fyne.KeyBackspace:
		f.edit((*line).backspace)
	case fyne.KeyDelete:
		f.edit((*line).del)
	case fyne.KeyLeft:
		move(field.line.caret - 1)
	case fyne.KeyRight:
		move(field.line.caret + 1)
	case fyne.KeyHome:
		move(0)
	case fyne.KeyEnd:
		move(len(field.line.runes))
	case fyne.KeyReturn, fyne.KeyEnter:
		if f.codes != nil && f.codes.whole() {
			f.codes.TypedKey(e)
			return
		}
		f.Next()
	case fyne.KeyEscape:
		f.SetTyping(false)
	case fyne.KeyTab:
		if f.shifted {
			f.Activate(f.active - 1)
		} else {
			f.Activate(f.active + 1)
		}
	}
}

// AcceptsTab implements fyne.Tabbable: Tab stays within the form until its
// last field, and back until its first.
func (f *Form) AcceptsTab() bool {
	if f.shifted {
		return f.active > 0
	}
	return f.active < len(f.fields)-1
}

// KeyDown implements desktop.Keyable.
func (f *Form) KeyDown(e *fyne.KeyEvent) { f.shift(e, true) }

// KeyUp implements desktop.Keyable.
func (f *Form) KeyUp(e *fyne.KeyEvent) { f.shift(e, false) }

func (f *Form) shift(e *fyne.KeyEvent, down bool) {
	if e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight {
		f.shifted = down
	}
}

// Resize implements fyne.CanvasObject.
func (f *Form) Resize(s fyne.Size) {
	f.BaseWidget.Resize(s)
	f.place(s)
}

// again puts everything in place once more.
func (f *Form) again() {
	f.place(f.Size())
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *Form) CreateRenderer() fyne.WidgetRenderer { return &formRenderer{f} }

type formRenderer struct{ f *Form }

func (r *formRenderer) Layout(s fyne.Size) { r.f.place(s) }
func (r *formRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *formRenderer) Refresh()           { canvas.Refresh(r.f) }
func (r *formRenderer) Destroy()           { r.f.Stop() }

func (r *formRenderer) Objects() []fyne.CanvasObject {
	out := make([]fyne.CanvasObject, 0, len(r.f.fields)+1)
	for _, field := range r.f.fields {
		out = append(out, field)
	}
	return append(out, r.f.keyboard)
}
