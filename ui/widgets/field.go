package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/assets"
	"agentid/ui/theme"
)

// FieldSpec is what a field asks for.
type FieldSpec struct {
	Name    string // how the form's owner calls it
	Label   string
	Example string // shown while it is empty
	Keys    Keys   // the keyboard that goes with it
	Max     int    // characters
	Masked  bool   // dots in place of what is written
}

// Field is one line to write in, under its label. An error stands beside it: a
// sign and words. It takes what is typed from its Form, and the touch that
// places the caret from the finger.
type Field struct {
	widget.BaseWidget
	OnTouched func()

	spec    FieldSpec
	style   theme.Style
	line    line
	active  bool
	place   string // which of how many, where the others are not seen
	problem *Text
}

var _ desktop.Mouseable = (*Field)(nil)

// NewField makes an empty field.
func NewField(st theme.Style, spec FieldSpec) *Field {
	f := &Field{spec: spec, style: st, problem: NewText("", st.Label, st.Stop, true)}
	f.line.max = max(spec.Max, 0)
	f.line.upper = spec.Keys == KeysDocument
	f.problem.Least = 16
	f.ExtendBaseWidget(f)
	return f
}

// Text is what is written, without the space around it.
func (f *Field) Text() string { return strings.TrimSpace(f.line.text()) }

// SetText replaces what is written.
func (f *Field) SetText(s string) {
	f.line.set(s)
	f.Refresh()
}

// Problem is the error beside the field, "" for none.
func (f *Field) Problem() string { return f.problem.Content() }

// SetProblem shows an error beside the field, or none.
func (f *Field) SetProblem(words string) {
	if words == f.problem.Content() {
		return
	}
	f.problem.SetContent(words)
	f.Refresh()
}

// Label is what the field asks for.
func (f *Field) Label() string { return f.spec.Label }

// Active tells whether what is typed comes here.
func (f *Field) Active() bool { return f.active }

func (f *Field) setActive(on bool) {
	if on != f.active {
		f.active = on
		f.Refresh()
	}
}

func (f *Field) setPlace(s string) {
	if s != f.place {
		f.place = s
		f.Refresh()
	}
}

// edit changes the line and shows it; it reports whether anything changed.
func (f *Field) edit(change func(*line) bool) bool {
	if !change(&f.line) {
		return false
	}
	f.problem.SetContent("")
	f.Refresh()
	return true
}

func (f *Field) moveCaret(to int) {
	f.line.move(to)
	f.Refresh()
}

// MouseDown implements desktop.Mouseable: the caret goes where the finger is.
func (f *Field) MouseDown(e *desktop.MouseEvent) {
	if f.OnTouched != nil {
		f.OnTouched()
	}
	f.moveCaret(f.caretAt(e.Position.X))
}

// MouseUp implements desktop.Mouseable.
func (f *Field) MouseUp(*desktop.MouseEvent) {}

// shown is what is written as it is seen.
func (f *Field) shown() string {
	if f.spec.Masked {
		return strings.Repeat("●", len(f.line.runes))
	}
	return f.line.text()
}

// widthOf is how wide the first n characters are.
func (f *Field) widthOf(n int) float32 {
	if n <= 0 {
		return 0
	}
	r := []rune(f.shown())
	return fyne.MeasureText(string(r[:min(n, len(r))]), f.style.Body, fyne.TextStyle{}).Width
}

// scroll is how far the text is moved to the left, so that the caret is seen.
func (f *Field) scroll() float32 {
	room := f.textRoom()
	all, caret := f.widthOf(len(f.line.runes)), f.widthOf(f.line.caret)
	if all <= room || !f.active {
		return 0
	}
	// The caret stands at three quarters, so that what follows is seen too.
	return min(max(0, caret-room*0.75), all-room)
}

// caretAt is the place between two characters nearest to x.
func (f *Field) caretAt(x float32) int {
	x += f.scroll() - f.inset()
	lo, hi := 0, len(f.line.runes)
	for lo < hi {
		mid := (lo + hi) / 2
		if (f.widthOf(mid)+f.widthOf(mid+1))/2 < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (f *Field) inset() float32    { return f.style.Gap }
func (f *Field) textRoom() float32 { return max(0, f.boxWidth()-2*f.inset()-caretWidth) }

// BoxHeight is the height of the box alone, BlockHeight that with room for an
// error below it.
func (f *Field) BoxHeight() float32 {
	return max(f.style.Button, lineHeight(f.style.Small)+lineHeight(f.style.Body)+8)
}

// BlockHeight is BoxHeight with room for an error below.
func (f *Field) BlockHeight() float32 { return f.BoxHeight() + f.problemHeight() }

func (f *Field) problemHeight() float32 { return lineHeight(f.style.Label) + 4 }

// besideShare is the part of the width that the box keeps where the error
// stands to its right.
const besideShare = 0.56

// beside tells that the error stands to the right: there is no room below.
func (f *Field) beside() bool {
	return f.Size().Height < f.BlockHeight() && f.Problem() != ""
}

func (f *Field) boxWidth() float32 {
	if f.beside() {
		return float32(int(f.Size().Width * besideShare))
	}
	return f.Size().Width
}

func lineHeight(size float32) float32 {
	return ceil(fyne.MeasureText("Áy", size, fyne.TextStyle{}).Height)
}

// problemIcon goes with the words of every error.
const problemIcon = assets.IconWarn
