package widgets

import (
	"image/color"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/ui/theme"
)

// TextArea is several lines to write in, under their label. It takes what is
// typed from its owner, as a Field does. What does not fit moves with the
// caret: a touch near the upper or lower edge brings more of it.
type TextArea struct {
	widget.BaseWidget
	OnTouched func()

	spec   FieldSpec
	style  theme.Style
	line   line
	active bool
	top    int // first line that is seen

	laid  []span
	laidW float32
	drawn *areaRenderer
}

var _ desktop.Mouseable = (*TextArea)(nil)

// span is a line of the text: where it begins and ends, in characters.
type span struct{ from, to int }

// NewTextArea makes an empty one.
func NewTextArea(st theme.Style, spec FieldSpec) *TextArea {
	a := &TextArea{spec: spec, style: st}
	a.line.max, a.line.lines = max(spec.Max, 0), true
	a.ExtendBaseWidget(a)
	return a
}

// Text is what is written, without the space around it.
func (a *TextArea) Text() string { return strings.TrimSpace(a.line.text()) }

// SetText replaces what is written.
func (a *TextArea) SetText(s string) {
	a.line.set(strings.ReplaceAll(s, "\r\n", "\n"))
	a.line.caret, a.top = len(a.line.runes), 0
	a.changed()
}

// Label is what it asks for.
func (a *TextArea) Label() string { return a.spec.Label }

func (a *TextArea) setActive(on bool) {
	if on == a.active {
		return
	}
	a.active = on
	if !on {
		a.top = 0
	}
	a.changed()
}

func (a *TextArea) edit(change func(*line) bool) bool {
	if !change(&a.line) {
		return false
	}
	a.changed()
	return true
}

func (a *TextArea) moveCaret(to int) {
	a.line.move(to)
	a.changed()
}

// moveLines moves the caret up or down.
func (a *TextArea) moveLines(by int) {
	spans := a.spans()
	i := a.caretLine(spans)
	j := clampInt(i+by, 0, len(spans)-1)
	a.moveCaret(min(spans[j].from+a.line.caret-spans[i].from, spans[j].to))
}

func (a *TextArea) changed() {
	a.laidW = 0
	a.follow()
	a.Refresh()
}

func (a *TextArea) room() float32 { return max(1, a.Size().Width-2*a.style.Gap-caretWidth) }

// visible is how many lines are seen at once.
func (a *TextArea) visible() int {
	return max(1, int((a.Size().Height-a.textTop()-6)/lineHeight(a.style.Body)))
}

func (a *TextArea) textTop() float32 { return lineHeight(a.style.Small) + 8 }

// HeightFor is its height with n lines.
func (a *TextArea) HeightFor(n int) float32 {
	return a.textTop() + float32(n)*lineHeight(a.style.Body) + 8
}

// spans are the lines as they are broken in the width at hand.
func (a *TextArea) spans() []span {
	if w := a.room(); w != a.laidW || a.laid == nil {
		a.laidW = w
		a.laid = breakLines(a.line.runes, w, func(s string) float32 {
			return fyne.MeasureText(s, a.style.Body, fyne.TextStyle{}).Width
		})
	}
	return a.laid
}

// breakLines breaks a text at its line breaks and, where a line is wider than
// width, at spaces, or within a word that is wider by itself. There is always
// at least one line.
func breakLines(runes []rune, width float32, measure func(string) float32) (out []span) {
	from := 0
	for i := 0; i <= len(runes); i++ {
		if i == len(runes) || runes[i] == '\n' {
			out = append(out, breakLine(runes, from, i, width, measure)...)
			from = i + 1
		}
	}
	return out
}

func breakLine(runes []rune, from, to int, width float32, measure func(string) float32) (out []span) {
	for {
		if from >= to || measure(string(runes[from:to])) <= width {
			return append(out, span{from, to})
		}
		lo, hi := from+1, to // the longest head that fits: at least one character
		for lo < hi {
			mid := (lo + hi + 1) / 2
			if measure(string(runes[from:mid])) <= width {
				lo = mid
			} else {
				hi = mid - 1
			}
		}
		cutAt, next := lo, lo
		for i := lo; i > from; i-- {
			if i < to && runes[i] == ' ' {
				cutAt, next = i, i+1
				break
			}
		}
		out = append(out, span{from, cutAt})
		from = next
	}
}

// caretLine is the line that the caret is in.
func (a *TextArea) caretLine(spans []span) int {
	for i := len(spans) - 1; i > 0; i-- {
		if a.line.caret >= spans[i].from {
			return i
		}
	}
	return 0
}

// follow brings the caret into what is seen, with a line more where there is.
func (a *TextArea) follow() {
	if !a.active {
		return
	}
	spans, n := a.spans(), a.visible()
	i, edge := a.caretLine(spans), 1
	if n < 3 {
		edge = 0
	}
	a.top = clampInt(a.top, i+edge-n+1, max(i-edge, 0))
	a.top = clampInt(a.top, 0, max(0, len(spans)-n))
}

// MouseDown implements desktop.Mouseable: the caret goes where the finger is.
func (a *TextArea) MouseDown(e *desktop.MouseEvent) {
	call(a.OnTouched)
	spans := a.spans()
	i := clampInt(a.top+int((e.Position.Y-a.textTop())/lineHeight(a.style.Body)), 0, len(spans)-1)
	s, x := spans[i], e.Position.X-a.style.Gap
	at := s.from
	for at < s.to && fyne.MeasureText(string(a.line.runes[s.from:at+1]), a.style.Body, fyne.TextStyle{}).Width <= x+4 {
		at++
	}
	a.moveCaret(at)
}

// MouseUp implements desktop.Mouseable.
func (a *TextArea) MouseUp(*desktop.MouseEvent) {}

// Resize implements fyne.CanvasObject.
func (a *TextArea) Resize(s fyne.Size) {
	if s != a.Size() {
		a.BaseWidget.Resize(s)
		a.changed()
	}
}

// CreateRenderer implements fyne.Widget.
func (a *TextArea) CreateRenderer() fyne.WidgetRenderer {
	r := &areaRenderer{
		a: a, box: canvas.NewRectangle(a.style.Surface), label: canvas.NewText(a.spec.Label, a.style.Muted),
		more: canvas.NewText("", a.style.Muted), caret: canvas.NewRectangle(a.style.Brand),
	}
	r.box.CornerRadius = a.style.Corner * 0.75
	r.label.TextSize, r.more.TextSize = a.style.Small, a.style.Small
	a.drawn = r
	r.sync()
	return r
}

type areaRenderer struct {
	a     *TextArea
	box   *canvas.Rectangle
	label *canvas.Text
	more  *canvas.Text // which lines of how many
	caret *canvas.Rectangle
	lines []fyne.CanvasObject
}

func (r *areaRenderer) sync() {
	a, st, s := r.a, r.a.style, r.a.Size()
	r.box.StrokeColor, r.box.StrokeWidth, r.label.Color = st.Muted, 1, st.Muted
	if a.active {
		r.box.StrokeColor, r.box.StrokeWidth, r.label.Color = st.Brand, 3, st.Brand
	}
	Put(r.box, 0, 0, s.Width, s.Height)
	Put(r.label, st.Gap, 4, r.label.MinSize().Width, lineHeight(st.Small))
	r.lines = nil
	spans, n, h := a.spans(), a.visible(), lineHeight(st.Body)
	words := string(a.line.runes)
	ink := st.Ink
	shown := spans[min(a.top, len(spans)-1):]
	shown = shown[:min(n, len(shown))]
	if words == "" && a.spec.Example != "" {
		hint := []rune(a.spec.Example)
		shown, ink = breakLines(hint, a.room(), func(s string) float32 {
			return fyne.MeasureText(s, st.Body, fyne.TextStyle{}).Width
		}), st.Muted
		shown = shown[:min(n, len(shown))]
		r.draw(hint, shown, ink, h)
	} else {
		r.draw(a.line.runes, shown, ink, h)
	}
	r.more.Text = ""
	if len(spans) > n {
		r.more.Text = strconv.Itoa(a.top+1) + "–" + strconv.Itoa(min(a.top+n, len(spans))) + " / " + strconv.Itoa(len(spans))
	}
	w := r.more.MinSize().Width
	Put(r.more, s.Width-st.Gap-w, 4, w, lineHeight(st.Small))
	i := a.caretLine(spans)
	r.caret.Hidden = !a.active || i < a.top || i >= a.top+n
	x := fyne.MeasureText(string(a.line.runes[spans[i].from:min(max(a.line.caret, spans[i].from), spans[i].to)]), st.Body, fyne.TextStyle{}).Width
	Put(r.caret, st.Gap+min(x, a.room()), a.textTop()+float32(i-a.top)*h+2, caretWidth, h-4)
}

func (r *areaRenderer) draw(runes []rune, spans []span, ink color.NRGBA, h float32) {
	st := r.a.style
	for i, s := range spans {
		t := canvas.NewText(string(runes[s.from:s.to]), ink)
		t.TextSize = st.Body
		Put(t, st.Gap, r.a.textTop()+float32(i)*h, t.MinSize().Width, h)
		r.lines = append(r.lines, t)
	}
}

func (r *areaRenderer) Layout(fyne.Size)   { r.sync() }
func (r *areaRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *areaRenderer) Destroy()           {}

func (r *areaRenderer) Refresh() {
	r.sync()
	r.box.Refresh()
	canvas.Refresh(r.a)
}

func (r *areaRenderer) Objects() []fyne.CanvasObject {
	return append([]fyne.CanvasObject{r.box, r.label, r.more, r.caret}, r.lines...)
}
