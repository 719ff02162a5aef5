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

	"agentid/ui/theme"
)

func specs() []FieldSpec {
	return []FieldSpec{
		{Name: "name", Label: "Nombre", Example: "Como en su documento", Keys: KeysName, Max: 80},
		{Name: "document", Label: "Documento", Keys: KeysDocument, Max: 20},
		{Name: "contact", Label: "Contacto", Keys: KeysEmail, Max: 254},
		{Name: "pin", Label: "PIN", Keys: KeysDigits, Max: 6, Masked: true},
	}
}

func newForm(t *testing.T, st theme.Style, size fyne.Size, specs []FieldSpec) (*Form, *alarms) {
	t.Helper()
	test.NewTempApp(t)
	a := &alarms{now: start}
	f := NewForm(st, "es", words, specs, a.later, a.clock, nil)
	w := test.NewTempWindow(t, f)
	w.SetPadded(false)
	w.Resize(size)
	f.Resize(size)
	return f, a
}

// touchKey touches the key that reads text now.
func touchKey(t *testing.T, f *Form, a *alarms, text string) {
	t.Helper()
	d := desk{alarms: a, k: f.keyboard}
	d.tap(d.at(t, text))
}

func TestTheKeyboardFollowsTheField(t *testing.T) {
	f, a := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	var typing []bool
	f.OnTyping = func(on bool) { typing = append(typing, on) }
	submitted := 0
	f.OnSubmit = func() { submitted++ }
	if f.keyboard.Visible() {
		t.Error("the keyboard is there before a field is touched")
	}
	f.Fields()[0].MouseDown(event(fyne.NewPos(10, 30)))
	for i, c := range []struct {
		keys  Keys
		enter string
		type1 string
	}{{KeysName, words.Next, "Í"}, {KeysDocument, words.Next, "X"}, {KeysEmail, words.Next, "i"}, {KeysDigits, words.Done, "7"}} {
		if f.keyboard.Keys() != c.keys || !f.keyboard.Visible() || !f.Fields()[i].Active() {
			t.Fatalf("field %d: keyboard %d, visible %v, active %v", i, f.keyboard.Keys(), f.keyboard.Visible(), f.Fields()[i].Active())
		}
		if _, got := f.keyboard.face(keyDef{keyEnter, "", 1}); got != c.enter {
			t.Errorf("field %d: enter reads %q, want %q", i, got, c.enter)
		}
		touchKey(t, f, a, c.type1)
		f.keyboard.OnEnter()
	}
	for i, want := range []string{"Í", "X", "i", "7"} {
		if got := f.Fields()[i].Text(); got != want {
			t.Errorf("field %d: %q, want %q", i, got, want)
		}
	}
	f.keyboard.OnHide()
	if f.keyboard.Visible() || f.Typing() || submitted != 1 {
		t.Errorf("hidden: visible %v, typing %v; %d submitted", f.keyboard.Visible(), f.Typing(), submitted)
	}
	if fmt.Sprint(typing) != "[true false]" {
		t.Errorf("told of typing: %v", typing)
	}
}

// TestTheActiveFieldIsNeverUnderTheKeyboard on any screen, whatever the field.
func TestTheActiveFieldIsNeverUnderTheKeyboard(t *testing.T) {
	for _, s := range []struct{ w, h, formW, formH float32 }{
		{1280, 800, 1216, 588}, {1366, 768, 1302, 556}, {1080, 1920, 1000, 1650}, {720, 1280, 656, 1000}, {800, 480, 768, 392}, {1024, 600, 992, 512},
	} {
		for n := 1; n <= 6; n++ {
			var list []FieldSpec
			for i := range n {
				one := specs()[i%4]
				one.Name = fmt.Sprint(i)
				list = append(list, one)
			}
			f, _ := newForm(t, style(s.w, s.h), fyne.NewSize(s.formW, s.formH), list)
			for i := range n {
				f.Activate(i)
				for _, problem := range []string{"", "Faltan números. Revíselo, por favor."} {
					f.Fields()[i].SetProblem(problem)
					field, keys := f.Fields()[i], f.keyboard
					bottom := field.Position().Y + field.Size().Height
					if !field.Visible() || field.Position().Y < 0 || bottom > keys.Position().Y || field.Size().Height < field.BoxHeight() {
						t.Errorf("%vx%v, field %d of %d: visible %v, %v to %v, the keyboard from %v",
							s.w, s.h, i, n, field.Visible(), field.Position().Y, bottom, keys.Position().Y)
					}
					if end := keys.Position().Y + keys.Size().Height; end > s.formH+0.1 {
						t.Errorf("%vx%v, field %d of %d: the keyboard ends at %v of %v", s.w, s.h, i, n, end, s.formH)
					}
				}
			}
		}
	}
}

func TestARealKeyboardTypesToo(t *testing.T) {
	f, _ := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	c := fyne.CurrentApp().Driver().CanvasForObject(f)
	var changed []string
	f.OnChanged = func(n string) { changed = append(changed, n) }
	submitted := 0
	f.OnSubmit = func() { submitted++ }
	c.FocusNext()
	if c.Focused() != fyne.Focusable(f) || !f.Fields()[0].Active() {
		t.Fatalf("Tab goes to %v", c.Focused())
	}
	key := func(names ...fyne.KeyName) {
		for _, n := range names {
			f.TypedKey(&fyne.KeyEvent{Name: n})
		}
	}
	for _, r := range "íñigox" {
		f.TypedRune(r)
	}
	key(fyne.KeyBackspace, fyne.KeyHome, fyne.KeyDelete)
	f.TypedRune('Í')
	key(fyne.KeyEnd, fyne.KeyLeft, fyne.KeyLeft, fyne.KeyRight)
	f.TypedRune('-')
	if got := f.Value("name"); got != "Íñig-o" {
		t.Errorf("%q", got)
	}
	if !f.AcceptsTab() {
		t.Error("Tab leaves the form from its first field")
	}
	key(fyne.KeyTab)
	for _, r := range "x12 " {
		f.TypedRune(r)
	}
	f.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	key(fyne.KeyTab)
	if !f.Fields()[0].Active() || f.AcceptsTab() {
		t.Errorf("back-tab: first active %v, held there %v", f.Fields()[0].Active(), f.AcceptsTab())
	}
	f.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	key(fyne.KeyReturn, fyne.KeyReturn, fyne.KeyEnter)
	if !f.Fields()[3].Active() || f.AcceptsTab() {
		t.Error("Enter does not reach the last field, or Tab is held there")
	}
	key(fyne.KeyReturn)
	if f.Value("document") != "X12" || submitted != 1 {
		t.Errorf("%q, %d submitted", f.Value("document"), submitted)
	}
	if len(changed) == 0 || changed[0] != "name" || changed[len(changed)-1] != "document" {
		t.Errorf("changes told: %v", changed)
	}
	key(fyne.KeyEscape)
	if f.Typing() {
		t.Error("Escape leaves the keyboard")
	}
}

// TestAKeyOnTheScreenKeepsTheFocus: the window takes the focus from what is
// not under the finger; the form is.
func TestAKeyOnTheScreenKeepsTheFocus(t *testing.T) {
	f, a := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	c := fyne.CurrentApp().Driver().CanvasForObject(f)
	f.Fields()[1].MouseDown(event(fyne.NewPos(20, 30)))
	if c.Focused() != fyne.Focusable(f) {
		t.Fatal("a touched field has no focus")
	}
	c.Unfocus() // a touch on something else, outside
	if !f.Typing() {
		t.Error("the keyboard goes from under the finger")
	}
	touchKey(t, f, a, "5")
	if c.Focused() != fyne.Focusable(f) || f.Value("document") != "5" {
		t.Errorf("focus on %v, %q", c.Focused(), f.Value("document"))
	}
}

func TestErrorsStandBesideTheirFieldUntilItChanges(t *testing.T) {
	for _, s := range []fyne.Size{{Width: 1216, Height: 588}, {Width: 768, Height: 392}} {
		st := style(1280, 800)
		if s.Width < 800 {
			st = style(800, 480)
		}
		f, a := newForm(t, st, s, specs())
		if f.ShowProblems() {
			t.Error("a new form has errors")
		}
		f.Field("contact").SetProblem("El correo debe ser como nombre@correo.com.")
		if !f.ShowProblems() || !f.Field("contact").Active() {
			t.Error("the field with the error is not shown")
		}
		field := f.Field("contact")
		r := test.WidgetRenderer(field).(*fieldRenderer)
		if !r.sign.Visible() || !field.problem.Visible() {
			t.Error("the error has no sign or no words")
		}
		at, box := field.problem.Position(), r.box.Size()
		if beside := at.X >= box.Width; !beside && at.Y < box.Height {
			t.Errorf("the error at %v is in the box of %v", at, box)
		}
		if end := at.Y + field.problem.Size().Height; end > field.Size().Height+0.1 || at.X+field.problem.Size().Width > field.Size().Width+0.1 {
			t.Errorf("the error at %v of %v leaves the field of %v", at, field.problem.Size(), field.Size())
		}
		touchKey(t, f, a, "x")
		if field.Problem() != "" || r.sign.Visible() {
			t.Error("the error stays while it is being mended")
		}
	}
}

func TestAMaskedFieldShowsNoDigit(t *testing.T) {
	f, _ := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	f.Activate(3)
	for _, r := range "49381799" {
		f.TypedRune(r)
	}
	r := test.WidgetRenderer(f.Field("pin")).(*fieldRenderer)
	if r.words.Text != "●●●●●●" || f.Value("pin") != "493817" {
		t.Errorf("shows %q for %q", r.words.Text, f.Value("pin"))
	}
}

func TestTheCaretGoesWhereTheFingerIs(t *testing.T) {
	f, _ := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	field := f.Field("name")
	for _, text := range []string{"Íñigo Muñoz-Pérez", strings.Repeat("María de los Ángeles ", 3)} {
		field.SetText(text)
		f.Activate(0)
		for i := range []rune(text) {
			field.moveCaret(i)
			x := field.inset() + field.widthOf(i) - field.scroll()
			if x < field.inset()-0.1 || x > field.boxWidth()-field.inset()+0.1 {
				t.Errorf("%q: the caret before character %d is at %v, out of sight", text, i, x)
			}
			if got := field.caretAt(x + 1); got != i && len(text) < 40 {
				t.Errorf("%q: a touch before character %d puts the caret before %d", text, i, got)
			}
		}
	}
	field.SetText("Ana")
	field.MouseDown(event(fyne.NewPos(field.Size().Width-5, 30)))
	if field.line.caret != 3 {
		t.Errorf("a touch behind the text puts the caret at %d", field.line.caret)
	}
	field.MouseDown(event(fyne.NewPos(1, 30)))
	f.TypedRune('M')
	if f.Value("name") != "MAna" {
		t.Errorf("%q", f.Value("name"))
	}
}

func TestALongTextIsCutOnlyAtRest(t *testing.T) {
	f, _ := newForm(t, style(800, 480), fyne.NewSize(768, 392), specs())
	long := strings.Repeat("maria.de.los.angeles.", 6) + "@correo.example"
	field := f.Field("contact")
	field.SetText(long)
	f.SetTyping(true)
	f.SetTyping(false)
	r := test.WidgetRenderer(field).(*fieldRenderer)
	if !strings.HasPrefix(r.words.Text, "maria.de") || !strings.HasSuffix(r.words.Text, ellipsis) {
		t.Errorf("at rest it shows %q", r.words.Text)
	}
	f.Activate(2)
	if r.words.Text != long {
		t.Errorf("being written it shows %q", r.words.Text)
	}
	if f.Value("contact") != long {
		t.Errorf("%q", f.Value("contact"))
	}
}

func TestAFormOfNothingDoesNothing(t *testing.T) {
	f, _ := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), nil)
	f.SetTyping(true)
	f.Activate(0)
	f.TypedRune('a')
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	f.Next()
	if f.Typing() || f.Value("name") != "" || f.ShowProblems() {
		t.Error("a form without fields types")
	}
}

// What a scanner types is told whole, and the field is as it was; what a hand
// types is written, and Enter goes on.
func TestAFormTakesCodes(t *testing.T) {
	const code = "AGID:Q96BBP*D1YALS7JO"
	f, a := newForm(t, style(1280, 800), fyne.NewSize(1216, 528), specs())
	var codes []string
	f.TakeCodes(func(s string) { codes = append(codes, s) })
	f.Activate(0)
	typed := func(s string, gap time.Duration) {
		for _, r := range s {
			f.TypedRune(r)
			a.now = a.now.Add(gap)
		}
	}
	enter := func() { f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) }
	typed("Lucía", 300*time.Millisecond)
	typed(code, 4*time.Millisecond)
	enter()
	if f.Value("name") != "Lucía" || f.Active() != 0 || !slices.Equal(codes, []string{code}) {
		t.Fatalf("%q, field %d, told %q", f.Value("name"), f.Active(), codes)
	}
	a.now = a.now.Add(time.Second)
	typed(" Vega de los Santos Montero", 300*time.Millisecond) // as long as a code, by hand
	enter()
	if f.Value("name") != "Lucía Vega de los Santos Montero" || f.Active() != 1 || len(codes) != 1 {
		t.Fatalf("%q, field %d, told %q", f.Value("name"), f.Active(), codes)
	}
	// In a masked field, too, and one that is forgotten tells nothing.
	f.Activate(3)
	typed("49", 300*time.Millisecond)
	typed(code, 4*time.Millisecond)
	f.Stop()
	enter()
	if len(codes) != 1 {
		t.Fatalf("stopped, and yet told %q", codes)
	}
}
