package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/assets"
	"agentid/ui/theme"
)

// PINWords are what a PINPad says.
type PINWords struct {
	Title, Hint string
	Short       string // beside the dots, when digits are missing
}

// PINPad asks for a PIN: what for, a dot for each digit, what was wrong, and a
// numeric pad. It takes the digits of a real keyboard too. It never shows a
// digit, and forgets them when it is done.
type PINPad struct {
	widget.BaseWidget
	// OnDone gets the PIN when all its digits are there and enter is touched.
	OnDone func(pin string)
	// Foot is how much of the column of words is left free at its foot, for
	// the screen's own buttons.
	Foot float32

	style   theme.Style
	words   PINWords
	pin     line
	digits  int
	title   *Text
	hint    *Text
	problem *Text
	sign    *canvas.Image
	dots    []*canvas.Circle
	pad     *Keyboard
	veil    *canvas.Rectangle // over the keys while they do nothing
	closed  bool
}

var (
	_ fyne.Focusable    = (*PINPad)(nil)
	_ desktop.Mouseable = (*PINPad)(nil)
)

// NewPINPad makes a pad for a PIN of that many digits. pressed is told of
// every touch and key; it may be nil.
func NewPINPad(st theme.Style, digits int, words PINWords, keys KeyWords, later Later, now func() time.Time, pressed func()) *PINPad {
	p := &PINPad{
		style: st, words: words, digits: digits, pin: line{max: digits},
		title:   NewText(words.Title, st.Title, st.Ink, true),
		hint:    NewText(words.Hint, st.Body, st.Ink, false),
		problem: NewText("", st.Label, st.Stop, true),
		sign:    NewIcon(problemIcon, st.Stop, st.Icon),
		pad:     NewKeyboard(st, "", keys, later, now),
		veil:    canvas.NewRectangle(theme.Fade(st.Paper, 0.7)),
	}
	p.veil.Hide()
	p.problem.MaxLines, p.problem.Least = 3, 16
	p.sign.Hide()
	for range digits {
		p.dots = append(p.dots, canvas.NewCircle(st.Surface))
	}
	p.pad.SetKeys(KeysPIN, true)
	p.pad.OnPressed = func() {
		call(pressed)
		p.Focus()
	}
	p.pad.OnType = func(s string) { p.edit(func(l *line) bool { return l.insert(s) }) }
	p.pad.OnBackspace = func() { p.edit((*line).backspace) }
	p.pad.OnEnter = p.done
	p.ExtendBaseWidget(p)
	p.paintDots()
	return p
}

// Keyboard is the pad's own.
func (p *PINPad) Keyboard() *Keyboard { return p.pad }

// Digits is how many digits are there.
func (p *PINPad) Digits() int { return len(p.pin.runes) }

// Written are the digits that are there, to be kept for a moment while the page
// is made anew; SetWritten puts them back.
func (p *PINPad) Written() string { return p.pin.text() }

// SetWritten is the other half of Written.
func (p *PINPad) SetWritten(pin string) {
	p.edit(func(l *line) bool { return l.insert(pin) })
}

// Problem is what was wrong, "" for nothing.
func (p *PINPad) Problem() string { return p.problem.Content() }

// SetWords changes what it asks for, and clears it.
func (p *PINPad) SetWords(w PINWords) {
	p.words = w
	p.title.SetContent(w.Title)
	p.hint.SetContent(w.Hint)
	p.Clear()
}

// SetProblem says what was wrong, beside the dots, and clears the PIN.
func (p *PINPad) SetProblem(words string) {
	p.setClosed(false)
	p.Clear()
	p.say(words)
}

// Close takes no digits for now, and says why beside the dots.
func (p *PINPad) Close(why string) {
	p.setClosed(true)
	p.Clear()
	p.say(why)
}

// Open takes digits again; those that are there stay.
func (p *PINPad) Open() {
	p.setClosed(false)
	p.say("")
}

// Closed tells whether it takes no digits.
func (p *PINPad) Closed() bool { return p.closed }

func (p *PINPad) setClosed(on bool) {
	p.closed = on
	p.problem.color = p.style.Stop
	icon := problemIcon
	if on { // nobody did anything wrong
		p.problem.color, icon = p.style.Ink, assets.IconLock
	}
	setIcon(p.sign, icon, p.problem.color)
	setShown(p.veil, on)
}

// Clear forgets the digits.
func (p *PINPad) Clear() {
	clear(p.pin.runes)
	p.pin = line{max: p.digits}
	p.say("")
	p.paintDots()
}

func (p *PINPad) say(words string) {
	p.problem.SetContent(words)
	p.sign.Hidden = words == ""
	p.place(p.Size())
	p.Refresh()
}

func (p *PINPad) edit(change func(*line) bool) {
	if p.closed || !change(&p.pin) {
		return
	}
	if p.problem.Content() != "" {
		p.say("")
	}
	p.paintDots()
}

func (p *PINPad) done() {
	if p.closed {
		return
	}
	if len(p.pin.runes) < p.digits {
		p.say(p.words.Short)
		return
	}
	pin := p.pin.text()
	p.Clear()
	if p.OnDone != nil {
		p.OnDone(pin)
	}
}

// paintDots fills one dot for each digit that is there.
func (p *PINPad) paintDots() {
	for i, d := range p.dots {
		d.StrokeWidth, d.StrokeColor = 2, p.style.Muted
		d.FillColor = p.style.Surface
		if i < len(p.pin.runes) {
			d.FillColor, d.StrokeColor = p.style.Brand, p.style.Brand
		}
		d.Refresh()
	}
}

// Focus makes a real keyboard type here.
func (p *PINPad) Focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(p); c != nil {
		c.Focus(p)
	}
}

// Stop ends what goes on by itself and forgets the digits.
func (p *PINPad) Stop() {
	p.pad.Stop()
	clear(p.pin.runes)
	p.pin = line{max: p.digits}
}

// FocusGained implements fyne.Focusable.
func (p *PINPad) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (p *PINPad) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (p *PINPad) TypedRune(r rune) {
	call(p.pad.OnPressed)
	if r >= '0' && r <= '9' {
		p.edit(func(l *line) bool { return l.insert(string(r)) })
	}
}

// TypedKey implements fyne.Focusable.
func (p *PINPad) TypedKey(e *fyne.KeyEvent) {
	call(p.pad.OnPressed)
	switch e.Name {
	case fyne.KeyBackspace:
		p.edit((*line).backspace)
	case fyne.KeyReturn, fyne.KeyEnter:
		p.done()
	}
}

// MouseDown implements desktop.Mouseable: a touch beside the pad is for it too.
func (p *PINPad) MouseDown(*desktop.MouseEvent) { call(p.pad.OnPressed) }

// MouseUp implements desktop.Mouseable.
func (p *PINPad) MouseUp(*desktop.MouseEvent) {}

// Column is the width of the column of words in a pad of that width.
func (p *PINPad) Column(width float32) float32 {
	if p.style.Shape == theme.Tall {
		return width
	}
	return width - p.padWidth() - 2*p.style.Gap
}

func (p *PINPad) padWidth() float32 { return padWidth(p.style, 3) }

func (p *PINPad) place(s fyne.Size) {
	if s.Width <= 0 || s.Height <= 0 {
		return
	}
	st := p.style
	if st.Shape == theme.Tall {
		// The keys low, where hands are, and the words near them.
		h := p.pad.HeightFor(s.Height / 2)
		words := p.placeWords(s.Width, 0)
		y := max(0, (s.Height-h-words-2*st.Pad)/2)
		p.placeWords(s.Width, y)
		Put(p.pad, 0, y+words+2*st.Pad, s.Width, h)
		Put(p.veil, 0, y+words+2*st.Pad, s.Width, h)
		return
	}
	column := p.Column(s.Width)
	words := p.placeWords(column, 0)
	if room := s.Height - p.Foot; st.Shape == theme.Wide && words < room {
		p.placeWords(column, float32(int((room-words)/2)))
	}
	w := p.padWidth()
	h := p.pad.HeightFor(s.Height)
	Put(p.pad, s.Width-w, max(0, (s.Height-h)/2), w, h)
	Put(p.veil, s.Width-w, max(0, (s.Height-h)/2), w, h)
}

// placeWords puts the words, the dots and what was wrong in a column from y,
// and gives how high they are.
func (p *PINPad) placeWords(width, y float32) float32 {
	st, top := p.style, y
	put := func(t *Text, x, gap float32) {
		h := t.HeightFor(width - x)
		Put(t, x, y, width-x, h)
		y += h + gap
	}
	near := st.Gap / 2
	put(p.title, 0, near)
	put(p.hint, 0, st.Gap)
	side := st.Icon * 1.5
	for i, d := range p.dots {
		Put(d, float32(i)*(side+st.Gap), y, side, side)
	}
	y += side + near
	h := p.problem.HeightFor(width - st.Icon - 8)
	Put(p.sign, 0, y+max(0, (h-st.Icon)/2), st.Icon, st.Icon)
	put(p.problem, st.Icon+8, 0)
	if h == 0 {
		y += lineHeight(st.Label) // nothing moves when something is said
	}
	return y - top
}

// CreateRenderer implements fyne.Widget.
func (p *PINPad) CreateRenderer() fyne.WidgetRenderer { return &pinRenderer{p} }

type pinRenderer struct{ p *PINPad }

func (r *pinRenderer) Layout(s fyne.Size) { r.p.place(s) }
func (r *pinRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *pinRenderer) Refresh()           { canvas.Refresh(r.p) }
func (r *pinRenderer) Destroy()           { r.p.Stop() }

func (r *pinRenderer) Objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{r.p.title, r.p.hint}
	for _, d := range r.p.dots {
		out = append(out, d)
	}
	return append(out, r.p.sign, r.p.problem, r.p.pad, r.p.veil)
}
