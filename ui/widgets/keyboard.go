package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/ui/theme"
)

const (
	// holdTime is how long backspace is held before it repeats, and repeatTime
	// how long between two characters then.
	holdTime   = 500 * time.Millisecond
	repeatTime = 90 * time.Millisecond
	// pressTime is how long a key looks pressed at least.
	pressTime = 120 * time.Millisecond
	// bounceTime is how soon after a key the same key cannot be meant again: a
	// hand that shakes touches twice.
	bounceTime = 45 * time.Millisecond
)

// keyGap lies between two keys. A touch in it goes to the nearer key.
const keyGap = 8

// KeyWords are the words on the keys that have one.
type KeyWords struct{ Space, Next, Done, Hide string }

// Keyboard is the on-screen keyboard. What is typed appears when the finger
// comes down, so that a finger that then slides loses nothing; keys that leave
// the field act when it goes up. It types into nothing itself: it calls back.
type Keyboard struct {
	widget.BaseWidget
	OnType      func(string)
	OnBackspace func()
	OnEnter     func()
	OnHide      func()
	OnPressed   func() // a finger is on a key; may be nil

	style theme.Style
	later Later
	now   func() time.Time
	words KeyWords
	lang  string

	keys    Keys
	letters bool // the top row has accents
	layer   int  // the top row of KeysAny
	last    bool // enter ends the form
	shift   shiftState
	offered bool // the capital comes by itself
	def     keyboardDef

	down     int // the key under the finger, -1 where none
	lit      int // the key that looks pressed, -1 where none
	wentDown time.Time
	lastKey  int
	repeat   Pending
	fade     Pending
	cells    []cell // where the keys are
	cellsIn  fyne.Size
	drawn    *keyboardRenderer
}

// cell is a key and its place.
type cell struct {
	def  keyDef
	at   fyne.Position
	size fyne.Size
}

var (
	_ desktop.Mouseable = (*Keyboard)(nil)
	_ desktop.Hoverable = (*Keyboard)(nil)
)

// NewKeyboard makes a keyboard in a language ("es", "en"). later repeats
// backspace; now is the clock that it goes by.
func NewKeyboard(st theme.Style, lang string, words KeyWords, later Later, now func() time.Time) *Keyboard {
	k := &Keyboard{style: st, lang: lang, words: words, later: later, now: now, down: -1, lit: -1, lastKey: -1}
	k.def = keyboardFor(k.keys, lang, false)
	k.ExtendBaseWidget(k)
	return k
}

// SetKeys chooses what the keyboard is for, and whether its enter key ends the
// form or goes on to the next field.
func (k *Keyboard) SetKeys(kind Keys, last bool) {
	k.keys, k.last = kind, last
	k.letters, k.layer = kind == KeysName, 0
	k.shift, k.offered = shiftOff, false
	k.release()
	k.rebuild()
}

// Keys is what it is for now.
func (k *Keyboard) Keys() Keys { return k.keys }

// Follow tells what stands before the caret, so that a name begins with a
// capital.
func (k *Keyboard) Follow(before string) {
	if !k.keys.capitals() || k.shift == shiftLock {
		return
	}
	want := shiftOff
	if startsWord(before) {
		want = shiftOnce
	}
	if want != k.shift || k.offered != (want == shiftOnce) {
		k.shift, k.offered = want, want == shiftOnce
		k.Refresh()
	}
}

// HeightFor is how high it is where there is room for most.
func (k *Keyboard) HeightFor(most float32) float32 {
	n := float32(len(k.def.rows))
	return n*k.keyHeight(most) + (n-1)*keyGap
}

// keyHeight is the height of one key: as high as there is room, but no higher
// than is of use, and never under leastKey.
func (k *Keyboard) keyHeight(room float32) float32 {
	n := float32(len(k.def.rows))
	h := float32(int((room - (n-1)*keyGap) / n))
	most := k.style.Button
	if k.def.narrow {
		most *= 1.25 // few keys: let them be large
	}
	return max(k.leastKey(), min(h, most))
}

// leastKey is 64, but on the smallest screens, where five rows of that would
// leave no room for what is written.
func (k *Keyboard) leastKey() float32 {
	if k.style.Shape == theme.Compact {
		return 56
	}
	return 64
}

// padWidth is how wide a numeric pad of that many columns is: its keys are a
// good deal wider than a finger, and near enough to one another for one hand.
func padWidth(st theme.Style, cols int) float32 {
	return float32(cols)*(1.75*st.Button+keyGap) - keyGap
}

// rebuild makes the keys anew.
func (k *Keyboard) rebuild() {
	k.def = keyboardFor(k.keys, k.lang, k.letters)
	if k.keys == KeysAny {
		row, _ := anyRow(k.lang, k.layer)
		k.def.rows[0] = plainKeys(row)
	}
	k.cellsIn = fyne.Size{}
	k.Refresh()
}

// places are the keys where they are in the widget's size.
func (k *Keyboard) places() []cell {
	s := k.Size()
	if s == k.cellsIn && k.cells != nil {
		return k.cells
	}
	k.cellsIn, k.cells = s, nil
	n := len(k.def.rows)
	width, left := s.Width, float32(0)
	if k.def.narrow {
		width = min(width, padWidth(k.style, len(k.def.rows[0])))
		left = float32(int((s.Width - width) / 2))
	}
	height := (s.Height - float32(n-1)*keyGap) / float32(n)
	for i, row := range k.def.rows {
		var units float32
		for _, d := range row {
			units += d.width
		}
		unit := (width + keyGap) / units // of a key with the gap after it
		x := left
		for _, d := range row {
			k.cells = append(k.cells, cell{
				def: d, at: fyne.NewPos(x, float32(i)*(height+keyGap)),
				size: fyne.NewSize(unit*d.width-keyGap, height),
			})
			x += unit * d.width
		}
	}
	return k.cells
}

// at is the key nearest to a touch, -1 where it is off the keys.
func (k *Keyboard) at(p fyne.Position) int {
	for i, c := range k.places() {
		const half = keyGap / 2
		if c.def.kind != keyNone && p.X >= c.at.X-half && p.X < c.at.X+c.size.Width+half &&
			p.Y >= c.at.Y-half && p.Y < c.at.Y+c.size.Height+half {
			return i
		}
	}
	return -1
}

// MouseDown implements desktop.Mouseable.
func (k *Keyboard) MouseDown(e *desktop.MouseEvent) {
	i := k.at(e.Position)
	if i < 0 {
		return
	}
	now := k.now()
	if d := now.Sub(k.wentDown); i == k.lastKey && d >= 0 && d < bounceTime {
		return
	}
	k.wentDown, k.lastKey = now, i
	if k.OnPressed != nil {
		k.OnPressed()
	}
	k.light(i)
	k.down = i
	switch d := k.cells[i].def; d.kind {
	case keyType:
		k.typed(d.text)
	case keySpace:
		k.typed(" ")
	case keyBackspace:
		k.takeBack()
		k.repeat.Set(k.later(holdTime, k.again))
	case keyShift:
		k.shift, k.offered = k.shift.touched(k.offered), false
		k.Refresh()
	}
}

// again takes back one more while backspace is held.
func (k *Keyboard) again() {
	k.takeBack()
	k.repeat.Set(k.later(repeatTime, k.again))
}

// MouseUp implements desktop.Mouseable.
func (k *Keyboard) MouseUp(e *desktop.MouseEvent) {
	i := k.down
	k.release()
	if i < 0 || i >= len(k.cells) || i != k.at(e.Position) {
		return
	}
	switch k.cells[i].def.kind {
	case keyRow:
		k.letters, k.layer = !k.letters, (k.layer+1)%anyLayers
		k.rebuild()
	case keyEnter:
		call(k.OnEnter)
	case keyHide:
		call(k.OnHide)
	}
}

// MouseIn implements desktop.Hoverable. A finger does not hover.
func (k *Keyboard) MouseIn(*desktop.MouseEvent) {}

// MouseMoved implements desktop.Hoverable: a finger that leaves backspace stops it.
func (k *Keyboard) MouseMoved(e *desktop.MouseEvent) {
	if k.down >= 0 && k.at(e.Position) != k.down {
		k.release()
	}
}

// MouseOut implements desktop.Hoverable: the finger left the keyboard.
func (k *Keyboard) MouseOut() { k.release() }

// Stop ends what goes on by itself.
func (k *Keyboard) Stop() {
	k.repeat.Cancel()
	k.fade.Cancel()
	k.down, k.lit = -1, -1
}

func (k *Keyboard) release() {
	k.repeat.Cancel()
	k.down = -1
	if k.lit < 0 {
		return
	}
	if left := pressTime - k.now().Sub(k.wentDown); left > 0 {
		k.fade.Set(k.later(left, func() { k.light(-1) }))
		return
	}
	k.light(-1)
}

// light makes a key look pressed, and the one before no more.
func (k *Keyboard) light(i int) {
	k.fade.Cancel()
	if i == k.lit {
		return
	}
	before := k.lit
	k.lit = i
	k.paintKeys(before, i)
}

// Pressed tells whether a key looks pressed.
func (k *Keyboard) Pressed() bool { return k.lit >= 0 }

// typed passes on what a key types, as shift has it.
func (k *Keyboard) typed(s string) {
	s = k.shown(s)
	if k.shift == shiftOnce {
		k.shift, k.offered = shiftOff, false
		defer k.Refresh()
	}
	if k.OnType != nil {
		k.OnType(s)
	}
}

// shown is a key's text as it would be typed now.
func (k *Keyboard) shown(s string) string {
	if k.def.upper || k.shift != shiftOff {
		return capital(s)
	}
	return s
}

func (k *Keyboard) takeBack() { call(k.OnBackspace) }

func call(f func()) {
	if f != nil {
		f()
	}
}
