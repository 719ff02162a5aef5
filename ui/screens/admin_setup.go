package screens

import (
	"errors"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminSetup makes the first administrator: the console's code, name, login,
// and the PIN twice. With a code of the centre it is somebody who sets their
// PIN: the centre knows the name.
type adminSetup struct {
	wizardPage
	env     Env
	named   bool // the name is asked for
	frame   *frame
	title   *widgets.Text
	next    *widgets.Text
	form    *widgets.Form
	problem kiosk.Words
	shown   kiosk.PINEntry
	sent    bool
	tick    widgets.Pending
}

// The fields of adminSetup, beside name, login and pin.
const (
	fieldCode  = "code"
	fieldAgain = "pin_again"
	maxCode    = 40
)

func newAdminSetup(e Env, v kiosk.View) *adminSetup {
	named := v.Admin.Step == kiosk.AdminSetup
	of := map[bool]string{true: "setup", false: "code"}[named]
	r := &adminSetup{
		env: e, named: named, frame: (&frame{env: e}).back(e.do(kiosk.AdminLeave{}), nil),
		title: e.title("admin.ui." + of), next: e.text("admin.ui." + of + "_next"),
	}
	keys := e.keyWords()
	keys.Done = e.ui(of + "_do_short")
	spec := func(name string, k widgets.Keys, most int, masked bool) widgets.FieldSpec {
		return widgets.FieldSpec{Name: name, Label: e.ui("setup_" + name), Keys: k, Max: most, Masked: masked}
	}
	fields := []widgets.FieldSpec{
		spec(fieldCode, widgets.KeysDocument, maxCode, false),
		spec(fieldName, widgets.KeysName, domain.MaxNameRunes, false),
		spec(fieldLogin, widgets.KeysLogin, maxLogin, false),
		spec(fieldPIN, widgets.KeysDigits, domain.PINDigits, true),
		spec(fieldAgain, widgets.KeysDigits, domain.PINDigits, true),
	}
	if !named {
		fields[0].Label = e.ui("code_code")
		fields = slices.Delete(fields, 1, 2)
	}
	r.form = widgets.NewForm(e.Style, string(e.Lang), keys, fields, e.Later, e.Now, e.Commands.Touch)
	r.form.OnSubmit = r.submit
	r.form.OnTyping = func(bool) {
		r.Again()
		call(e.Again)
	}
	r.frame.on(e.button(widgets.Primary, "", "admin.ui."+of+"_do", r.submit))
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.title, r.next, r.form)...)
	r.update = func(v kiosk.View) { r.show(v.Admin) }
	r.close = func() {
		r.tick.Cancel()
		r.form.Stop()
		r.forget()
	}
	r.show(v.Admin)
	return r
}

func (r *adminSetup) forget() {
	r.form.Field(fieldPIN).SetText("")
	r.form.Field(fieldAgain).SetText("")
}

// Spread implements Spreader.
func (r *adminSetup) Spread() bool {
	return r.form.Typing() && r.env.Style.Shape == theme.Compact
}

// Focus implements Focuser.
func (r *adminSetup) Focus() {
	if r.form.Typing() {
		r.form.Focus()
	}
}

// Draft implements Drafter. Code and PIN are not kept.
func (r *adminSetup) Draft() any {
	d := map[string]string{fieldLogin: r.form.Value(fieldLogin)}
	if r.named {
		d[fieldName] = r.form.Value(fieldName)
	}
	return d
}

// Restore implements Drafter.
func (r *adminSetup) Restore(draft any) {
	d, _ := draft.(map[string]string)
	for _, name := range []string{fieldName, fieldLogin} {
		if d[name] != "" && (r.named || name != fieldName) {
			r.form.Field(name).SetText(d[name])
		}
	}
}

// show says what became of the try before, beside the code.
func (r *adminSetup) show(a *kiosk.Admin) {
	if a == nil {
		return
	}
	if a.PIN == r.shown && sameWords(a.Problem, r.problem) && !r.sent {
		return
	}
	r.shown, r.problem, r.sent = a.PIN, a.Problem, false
	r.tell()
}

func sameWords(a, b kiosk.Words) bool { return a.Key == b.Key && a.Plain == b.Plain }

func (r *adminSetup) tell() {
	r.tick.Cancel()
	words, again := r.env.waitWords(r.shown.Until)
	switch {
	case r.shown.Busy:
		words = r.env.say("pin.checking")
	case words != "":
		r.tick.Set(r.env.Later(again, r.tell))
	default:
		if words = r.env.words(r.problem); words == "" && r.shown.Wrong {
			words = r.env.ui("setup_wrong")
		}
	}
	r.form.Field(fieldCode).SetProblem(words)
	if words != "" && !r.shown.Busy && r.form.Typing() {
		r.form.Activate(0)
	}
}

func (r *adminSetup) submit() {
	if words, _ := r.env.waitWords(r.shown.Until); r.shown.Busy || words != "" {
		return
	}
	e := r.env
	a := kiosk.AdminFirst{
		Code: r.form.Value(fieldCode), Login: strings.ToLower(r.form.Value(fieldLogin)),
		PIN: r.form.Value(fieldPIN),
	}
	note := func(name, words string) { r.form.Field(name).SetProblem(words) }
	if a.Code == "" {
		note(fieldCode, e.ui("setup_code_empty"))
	}
	if r.named {
		typed := r.form.Value(fieldName)
		name, err := domain.CleanName(typed)
		switch a.Name = name; {
		case strings.TrimSpace(typed) == "":
			note(fieldName, e.say("field.name_empty"))
		case err != nil || !looksLikeName(name):
			note(fieldName, e.say("field.name_bad"))
		}
	}
	if _, err := domain.CleanLogin(a.Login); err != nil {
		note(fieldLogin, e.ui("setup_login_bad"))
	}
	switch err := domain.CheckPIN(a.PIN); {
	case errors.Is(err, domain.ErrWeakPIN):
		note(fieldPIN, e.say("pin.weak"))
	case err != nil:
		note(fieldPIN, e.say("pin.short"))
	case a.PIN != r.form.Value(fieldAgain):
		note(fieldAgain, e.say("pin.differ"))
	}
	if r.form.ShowProblems() {
		return
	}
	r.forget()
	r.sent = true
	e.Commands.Do(a)
}

func (r *adminSetup) put(s fyne.Size) {
	typing := r.form.Typing()
	for _, b := range r.frame.buttons() {
		setShown(b, !typing || r.env.Style.Shape == theme.Tall)
	}
	setShown(r.title, !r.Spread())
	setShown(r.next, !typing)
	if r.Spread() {
		widgets.Put(r.form, 0, 0, s.Width, s.Height)
		return
	}
	in := area{0, 0, s.Width, s.Height}
	if !typing || r.env.Style.Shape == theme.Tall {
		in = r.frame.put(s)
	}
	gap := r.frame.gap()
	top := r.title.HeightFor(in.w) + gap
	if !typing {
		h := r.next.HeightFor(in.w)
		widgets.Put(r.next, in.x, in.y+top, in.w, h)
		top += h + gap
	}
	widgets.Put(r.form, in.x, in.y+top, in.w, in.h-top)
	y := in.y
	if typing {
		y += r.form.Top()
	}
	widgets.Put(r.title, in.x, y, in.w, r.title.HeightFor(in.w))
}

// newAdmin makes the page of the staff's part that a view is at.
func newAdmin(e Env, v kiosk.View) Body {
	if v.Admin == nil {
		return newAttract(e, v)
	}
	switch v.Admin.Step {
	case kiosk.AdminSetup, kiosk.AdminCode:
		return newAdminSetup(e, v)
	case kiosk.AdminOpen:
		return newAdminDesk(e, v)
	}
	on := SignInActions{
		Submit: func(login, pin string) { e.Commands.Do(kiosk.AdminCredentials{Login: login, PIN: pin}) },
		Back:   e.do(kiosk.AdminLeave{}), Scanned: e.scanned, TypeLogin: e.do(kiosk.TypeLogin{}),
	}
	if v.Admin.Codes {
		on.Code = e.do(kiosk.AdminHasCode{})
	}
	p := NewStaffSignIn(e, SignIn{v.Admin.PIN, v.Admin.Badge}, on)
	p.update = func(v kiosk.View) {
		if v.Admin == nil {
			return
		}
		p.Show(SignIn{v.Admin.PIN, v.Admin.Badge})
		if words := e.words(v.Admin.Notice); words != "" && v.Admin.PIN == (kiosk.PINEntry{}) {
			p.form.Field(fieldPIN).SetProblem(words)
		}
	}
	return p
}
