package widgets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain/domaintest"
	"agentid/ui/theme"
)

// alarms is a Later by hand: advance runs what has become due.
type alarms struct {
	now  time.Time
	list []*alarm
}

type alarm struct {
	at time.Time
	do func()
}

func (a *alarms) later(d time.Duration, do func()) func() {
	one := &alarm{a.now.Add(d), do}
	a.list = append(a.list, one)
	return func() {
		a.list = slices.DeleteFunc(a.list, func(o *alarm) bool { return o == one })
	}
}

func (a *alarms) clock() time.Time { return a.now }

func (a *alarms) advance(d time.Duration) {
	end := a.now.Add(d)
	for {
		var first *alarm
		for _, one := range a.list {
			if !one.at.After(end) && (first == nil || one.at.Before(first.at)) {
				first = one
			}
		}
		if first == nil {
			a.now = end
			return
		}
		a.now = first.at
		a.list = slices.DeleteFunc(a.list, func(o *alarm) bool { return o == first })
		first.do()
	}
}

var words = KeyWords{Space: "espacio", Next: "Siguiente", Done: "Continuar", Hide: "Ocultar"}

// desk is a keyboard that writes into a line.
type desk struct {
	*alarms
	k       *Keyboard
	line    line
	entered int
	hidden  int
}

func newDesk(t *testing.T, st theme.Style, kind Keys, lang string, size fyne.Size) *desk {
	t.Helper()
	test.NewTempApp(t)
	d := &desk{alarms: &alarms{now: start}, line: line{max: 500}}
	d.k = NewKeyboard(st, lang, words, d.later, d.clock)
	d.k.OnType = func(s string) { d.line.insert(s); d.k.Follow(d.line.before()) }
	d.k.OnBackspace = func() { d.line.backspace(); d.k.Follow(d.line.before()) }
	d.k.OnEnter = func() { d.entered++ }
	d.k.OnHide = func() { d.hidden++ }
	test.NewTempWindow(t, d.k)
	d.k.SetKeys(kind, false)
	d.k.Follow("")
	d.k.Resize(size)
	return d
}

// key finds a key by what is written on it now.
func (d *desk) key(t *testing.T, match func(keyDef) bool) fyne.Position {
	t.Helper()
	for _, c := range d.k.places() {
		if match(c.def) {
			return c.at.AddXY(c.size.Width/2, c.size.Height/2)
		}
	}
	t.Fatalf("no such key on the keyboard for %d", d.k.keys)
	return fyne.Position{}
}

func (d *desk) at(t *testing.T, text string) fyne.Position {
	t.Helper()
	return d.key(t, func(k keyDef) bool { return k.kind == keyType && d.k.shown(k.text) == text })
}

func (d *desk) of(t *testing.T, kind keyKind) fyne.Position {
	t.Helper()
	return d.key(t, func(k keyDef) bool { return k.kind == kind })
}

func event(p fyne.Position) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: p}}
}

func (d *desk) tap(p fyne.Position) {
	d.k.MouseDown(event(p))
	d.advance(60 * time.Millisecond)
	d.k.MouseUp(event(p))
	d.advance(60 * time.Millisecond)
}

// write touches the keys that write s, with shift where it takes one.
func (d *desk) write(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		switch {
		case r == ' ':
			d.tap(d.of(t, keySpace))
			continue
		case d.k.def.shifts && capital(string(r)) == string(r) && strings.ToLower(string(r)) != string(r) && d.k.shift == shiftOff,
			d.k.def.shifts && strings.ToLower(string(r)) == string(r) && capital(string(r)) != string(r) && d.k.shift != shiftOff:
			d.tap(d.of(t, keyShift))
		}
		d.tap(d.at(t, string(r)))
	}
}

func TestKeyboardWritesNamesAndAddresses(t *testing.T) {
	for _, c := range []struct {
		kind Keys
		lang string
		text string
	}{
		{KeysName, "es", "Íñigo Muñoz-Pérez"},
		{KeysName, "es", "Agüero O'Neill de la Cruz"},
		{KeysName, "en", "Íñigo Núñez O'Brien"},
		{KeysText, "es", "Calle 12, piso 3."},
		{KeysDocument, "es", "X-1234567.L /9"},
		{KeysEmail, "es", "inigo.munoz_perez+banco-1@correo.es"},
		{KeysPhone, "es", "+34600-123456"},
		{KeysDigits, "en", "0123456789"},
		{KeysPIN, "es", "493817"},
		{KeysLogin, "es", "mlopez7"},
	} {
		d := newDesk(t, style(1280, 800), c.kind, c.lang, fyne.NewSize(1216, 352))
		d.write(t, c.text)
		if got := d.line.text(); got != c.text {
			t.Errorf("%d in %s: %q, want %q", c.kind, c.lang, got, c.text)
		}
	}
	d := newDesk(t, style(1280, 800), KeysEmail, "es", fyne.NewSize(1216, 352))
	d.write(t, "a@b")
	d.tap(d.at(t, ".com"))
	if got := d.line.text(); got != "a@b.com" {
		t.Errorf("%q", got)
	}
}

func TestNamesBeginWithCapitalsByThemselves(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysName, "es", fyne.NewSize(1216, 352))
	for _, key := range []string{"A", "n", "a"} {
		d.tap(d.at(t, key))
	}
	d.tap(d.of(t, keySpace))
	d.tap(d.of(t, keyShift)) // "de" is no name: the capital is declined
	d.tap(d.at(t, "d"))
	d.tap(d.at(t, "e"))
	d.tap(d.at(t, "-"))
	d.tap(d.at(t, "P"))
	d.tap(d.of(t, keyBackspace))
	d.tap(d.at(t, "P")) // again, as it stands where the first one stood
	if got := d.line.text(); got != "Ana de-P" {
		t.Errorf("%q", got)
	}
}

func TestShift(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysText, "es", fyne.NewSize(1216, 352))
	shift := d.of(t, keyShift)
	d.tap(d.at(t, "a"))
	d.tap(shift)
	d.tap(d.at(t, "B"))
	d.tap(d.at(t, "c")) // one capital only
	d.tap(shift)
	d.tap(shift) // twice: capitals
	d.tap(d.at(t, "D"))
	d.tap(d.at(t, "Ñ"))
	d.tap(shift)
	d.tap(d.at(t, "e"))
	d.tap(shift)
	d.tap(d.at(t, ",")) // takes the capital as any key does
	d.tap(d.at(t, "f"))
	if got := d.line.text(); got != "aBcDÑe,f" {
		t.Errorf("%q", got)
	}
	icons := map[string]bool{}
	for _, s := range []shiftState{shiftOff, shiftOnce, shiftLock} {
		d.k.shift = s
		icon, _ := d.k.face(keyDef{keyShift, "", 1})
		icons[string(icon)] = true
	}
	if len(icons) != 3 {
		t.Errorf("the states of shift have the signs %v: told by colour alone", icons)
	}
}

func TestTopRowTakesTurns(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysName, "es", fyne.NewSize(1216, 352))
	row := d.of(t, keyRow)
	d.tap(row)
	d.tap(d.at(t, "7"))
	d.tap(row)
	d.tap(d.at(t, "é"))
	if got := d.line.text(); got != "7é" {
		t.Errorf("%q", got)
	}
}

func TestBackspaceRepeatsWhileHeld(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysText, "es", fyne.NewSize(1216, 352))
	full := strings.Repeat("x", 40)
	back := d.of(t, keyBackspace)
	for _, c := range []struct {
		held time.Duration
		gone int
	}{
		{50 * time.Millisecond, 1}, {holdTime - time.Millisecond, 1}, {holdTime, 2},
		{holdTime + repeatTime, 3}, {holdTime + 10*repeatTime, 12},
	} {
		d.line.set(full)
		d.k.MouseDown(event(back))
		d.advance(c.held)
		d.k.MouseUp(event(back))
		d.advance(time.Minute)
		if got := len(full) - len(d.line.runes); got != c.gone {
			t.Errorf("held %v: %d taken back, want %d", c.held, got, c.gone)
		}
	}
	for name, leave := range map[string]func(){
		"slides to another key":   func() { d.k.MouseMoved(event(d.at(t, "q"))) },
		"slides off the keyboard": func() { d.k.MouseOut() },
		"the keyboard goes":       func() { d.k.Stop() },
		"another keyboard comes":  func() { d.k.SetKeys(KeysPIN, false) },
	} {
		d.k.SetKeys(KeysText, false)
		d.line.set(full)
		d.k.MouseDown(event(back))
		leave()
		d.advance(time.Minute)
		if got := len(full) - len(d.line.runes); got != 1 {
			t.Errorf("%s: %d taken back, want 1", name, got)
		}
	}
}

func TestKeysAnswerTheFinger(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysText, "es", fyne.NewSize(1216, 352))
	q := d.at(t, "q")
	if i := d.k.at(q); d.k.drawn.faces[i].ground.FillColor != d.k.style.Surface {
		t.Fatal("a key at rest does not look so")
	}
	d.k.MouseDown(event(q))
	i := d.k.at(q)
	if d.line.text() != "q" || !d.k.Pressed() || d.k.drawn.faces[i].ground.FillColor != d.k.style.Brand {
		t.Errorf("the finger is down: %q, pressed %v, %v", d.line.text(), d.k.Pressed(), d.k.drawn.faces[i].ground.FillColor)
	}
	d.k.MouseUp(event(q)) // at once: it still has to be seen
	if d.advance(pressTime / 2); !d.k.Pressed() {
		t.Error("a short touch is not seen")
	}
	if d.advance(pressTime); d.k.Pressed() || d.k.drawn.faces[i].ground.FillColor != d.k.style.Surface {
		t.Error("the key stays pressed")
	}
	d.k.MouseDown(event(q))
	d.advance(time.Second)
	d.k.MouseUp(event(q))
	if d.k.Pressed() || d.line.text() != "qq" {
		t.Errorf("after a long touch: pressed %v, %q", d.k.Pressed(), d.line.text())
	}
}

func TestAShakingHandTypesOnce(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysText, "es", fyne.NewSize(1216, 352))
	touch := func(key string, after time.Duration) {
		d.advance(after)
		d.k.MouseDown(event(d.at(t, key)))
		d.k.MouseUp(event(d.at(t, key)))
	}
	touch("l", time.Second)
	touch("l", bounceTime/2) // bounced
	touch("l", bounceTime*2) // meant
	touch("o", bounceTime/2) // another key is always meant
	if got := d.line.text(); got != "llo" {
		t.Errorf("%q, want \"llo\"", got)
	}
}

func TestEnterAndHideActWhenTheFingerGoesUp(t *testing.T) {
	d := newDesk(t, style(1280, 800), KeysText, "es", fyne.NewSize(1216, 352))
	enter, hide := d.of(t, keyEnter), d.of(t, keyHide)
	d.k.MouseDown(event(enter))
	if d.entered != 0 {
		t.Error("enter acts before the finger goes up")
	}
	d.k.MouseUp(event(enter))
	d.k.MouseDown(event(enter))
	d.k.MouseMoved(event(hide)) // changed their mind
	d.k.MouseUp(event(hide))
	d.tap(hide)
	if d.entered != 1 || d.hidden != 1 || d.line.text() != "" {
		t.Errorf("entered %d, hidden %d, %q", d.entered, d.hidden, d.line.text())
	}
}

// TestKeysAreLarge holds every key of every keyboard to 64 by 64 with 8
// between, on the smallest screen to 48 by 56, and what is written on it to its
// inside.
func TestKeysAreLarge(t *testing.T) {
	for _, s := range []struct {
		w, h, leastW, leastH float32
	}{{1280, 800, 64, 64}, {1366, 768, 64, 64}, {1920, 1080, 64, 64}, {1080, 1920, 64, 64}, {720, 1280, 56, 64}, {800, 480, 48, 56}, {1024, 600, 64, 56}} {
		st := style(s.w, s.h)
		for kind := KeysText; kind <= KeysLogin; kind++ {
			for _, lang := range []string{"es", "en"} {
				name := fmt.Sprintf("%vx%v kind %d in %s", s.w, s.h, kind, lang)
				d := newDesk(t, st, kind, lang, fyne.NewSize(s.w-2*st.Margin, 1))
				d.k.Resize(fyne.NewSize(s.w-2*st.Margin, d.k.HeightFor(s.h/2)))
				cells := d.k.places()
				for i, c := range cells {
					if c.def.kind == keyNone {
						continue
					}
					if c.size.Width < s.leastW || c.size.Height < s.leastH {
						t.Errorf("%s: key %q is %v", name, c.def.text, c.size)
					}
					if c.at.X < -0.1 || c.at.X+c.size.Width > d.k.Size().Width+0.1 || c.at.Y+c.size.Height > d.k.Size().Height+0.1 {
						t.Errorf("%s: key %q is outside", name, c.def.text)
					}
					for _, o := range cells[i+1:] {
						dx := max(o.at.X-c.at.X-c.size.Width, c.at.X-o.at.X-o.size.Width)
						dy := max(o.at.Y-c.at.Y-c.size.Height, c.at.Y-o.at.Y-o.size.Height)
						if max(dx, dy) < keyGap-0.1 {
							t.Errorf("%s: %q and %q are %v apart", name, c.def.text, o.def.text, max(dx, dy))
						}
					}
					face := d.k.drawn.faces[i]
					if w := face.words; w.MinSize().Width > c.size.Width-2 || w.Position().X < c.at.X || w.TextSize < 16 && w.Text != "" {
						t.Errorf("%s: %q at %v does not fit its key of %v", name, w.Text, w.TextSize, c.size)
					}
					if face.words.Text == "" && face.icon == nil {
						t.Errorf("%s: key %d says nothing", name, i)
					}
				}
			}
		}
	}
}

// TestNoTouchIsLost: wherever the keyboard is touched within its rows, the
// nearest key takes it.
func TestNoTouchIsLost(t *testing.T) {
	for kind := KeysText; kind <= KeysEmail; kind++ {
		d := newDesk(t, style(800, 480), kind, "es", fyne.NewSize(768, 312))
		for x := float32(1); x < 768; x += 3 {
			for y := float32(1); y < 312; y += 3 {
				if d.k.at(fyne.NewPos(x, y)) < 0 {
					t.Fatalf("kind %d: a touch at %v,%v is lost", kind, x, y)
				}
			}
		}
		for _, p := range []fyne.Position{{X: -20, Y: 10}, {X: 10, Y: 400}} {
			if d.k.at(p) >= 0 {
				t.Errorf("a touch at %v off the keyboard counts", p)
			}
		}
	}
}

func TestKeyboardsHaveEvenRowsAndOneOfEach(t *testing.T) {
	for kind := KeysText; kind <= KeysLogin; kind++ {
		for _, lang := range []string{"es", "en"} {
			for _, letters := range []bool{false, true} {
				def := keyboardFor(kind, lang, letters)
				seen := map[string]bool{}
				count := map[keyKind]int{}
				var first float32
				for i, row := range def.rows {
					var units float32
					for _, k := range row {
						units += k.width
						if k.kind == keyType && seen[k.text] {
							t.Errorf("kind %d in %s has two %q", kind, lang, k.text)
						}
						seen[k.text] = true
						count[k.kind]++
					}
					if i == 0 {
						first = units
					}
					if units != first {
						t.Errorf("kind %d in %s: row %d is %v wide, the first %v", kind, lang, i, units, first)
					}
				}
				hide := 1
				if kind == KeysPIN {
					hide = 0
				}
				if count[keyBackspace] != 1 || count[keyEnter] != 1 || count[keyHide] != hide {
					t.Errorf("kind %d in %s has %v", kind, lang, count)
				}
			}
		}
	}
}

// BenchmarkKey is what a touch costs us, from the finger to the field's new
// text, without the painting.
func BenchmarkKey(b *testing.B) {
	test.NewTempApp(b)
	a := &alarms{now: start}
	f := NewForm(style(1280, 800), "es", words, specs(), a.later, a.clock, nil)
	w := test.NewTempWindow(b, f)
	w.SetPadded(false)
	f.Resize(fyne.NewSize(1216, 588))
	f.Activate(0)
	d := desk{alarms: a, k: f.keyboard}
	for b.Loop() {
		for _, p := range []fyne.Position{fyne.NewPos(300, 100), fyne.NewPos(500, 180)} {
			d.tap(p)
		}
		f.keyboard.OnBackspace()
		f.keyboard.OnBackspace()
	}
}

func TestLaterRunsOnceAndNotWhenStopped(t *testing.T) {
	clock := domaintest.NewClock(start)
	jobs := make(chan func(), 4)
	later := NewLater(clock, func(f func()) { jobs <- f })
	ran := make(chan string, 4)
	later(time.Second, func() { ran <- "kept" })
	stop := later(2*time.Second, func() { ran <- "stopped late" })
	clock.AwaitTimers(2)
	clock.Advance(time.Second)
	(<-jobs)()
	if got := <-ran; got != "kept" {
		t.Errorf("%q ran", got)
	}
	clock.Advance(time.Second)
	job := <-jobs
	stop() // it waits for its turn already
	stop()
	job()
	select {
	case got := <-ran:
		t.Errorf("%q ran", got)
	default:
	}
}
