package screens

import (
	"strings"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// newStaff makes the page for a member of staff within a visitor's flow. back
// tells that the visitor may go back from it; of gives the check of a later
// view.
func newStaff(e Env, back bool, c *kiosk.StaffCheck, of func(kiosk.View) *kiosk.StaffCheck) Body {
	if c == nil {
		c = &kiosk.StaffCheck{Step: kiosk.StaffCalled}
	}
	switch c.Step {
	case kiosk.StaffSignIn:
		p := NewStaffSignIn(e, c.PIN, SignInActions{
			Submit: func(login, pin string) { e.Commands.Do(kiosk.StaffPIN{Login: login, PIN: pin}) },
			Back:   e.do(kiosk.StepBack{}),
		})
		p.update = func(v kiosk.View) {
			if c := of(v); c != nil {
				p.Show(c.PIN)
			}
		}
		return p
	case kiosk.StaffDecide:
		return newStaffDecide(e, *c)
	}
	f, next := &frame{env: e}, "staff.called_desk"
	if back {
		f.back(e.do(kiosk.StepBack{}), nil)
	}
	finish := e.button(widgets.Secondary, "", "result.finish", e.do(kiosk.Finish{}))
	if !c.CanApprove { // nobody can do anything about it here
		f.on(finish)
	} else {
		next = "staff.called_next"
		f.left = append(f.left, finish)
		f.on(e.button(widgets.Secondary, assets.IconLock, "staff.here", e.do(kiosk.StaffHere{})))
	}
	return newMessage(e, f, assets.IconPerson, e.Style.Brand, messageWords{title: e.say("staff.called"), text: e.say(next)})
}

// SignInActions is what comes of StaffSignIn.
type SignInActions struct {
	Submit func(login, pin string)
	Back   func()
	Code   func() // somebody has a code instead of a PIN; nil where nobody can
}

// StaffSignIn asks a member of staff for login and PIN.
type StaffSignIn struct {
	wizardPage
	env   Env
	frame *frame
	title *widgets.Text
	form  *widgets.Form
	on    SignInActions
	shown kiosk.PINEntry
	sent  bool
	tick  widgets.Pending
}

const (
	fieldLogin = "login"
	fieldPIN   = "pin"
	// maxLogin is the domain's.
	maxLogin = 12
)

// NewStaffSignIn makes the page.
func NewStaffSignIn(e Env, v kiosk.PINEntry, on SignInActions) *StaffSignIn {
	r := &StaffSignIn{env: e, on: on, frame: (&frame{env: e}).back(on.Back, nil), title: e.title("staff.sign_in")}
	keys := e.keyWords()
	keys.Done = e.say("staff.enter")
	r.form = widgets.NewForm(e.Style, string(e.Lang), keys, []widgets.FieldSpec{
		{Name: fieldLogin, Label: e.say("staff.login"), Example: e.say("staff.login_example"), Keys: widgets.KeysLogin, Max: maxLogin},
		{Name: fieldPIN, Label: e.say("staff.pin"), Keys: widgets.KeysDigits, Max: domain.PINDigits, Masked: true},
	}, e.Later, e.Now, e.Commands.Touch)
	r.form.OnSubmit = r.submit
	r.form.OnTyping = func(bool) {
		r.Again()
		if e.Again != nil {
			e.Again()
		}
	}
	r.frame.on(e.button(widgets.Primary, "", "staff.enter", r.submit))
	if on.Code != nil {
		r.frame.left = append(r.frame.left, e.button(widgets.Secondary, "", "staff.code", on.Code))
	}
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.title, r.form)...)
	r.close = func() {
		r.tick.Cancel()
		r.form.Stop()
		r.form.Field(fieldPIN).SetText("")
	}
	r.form.SetTyping(true)
	r.Show(v)
	return r
}

// Form is the form itself.
func (r *StaffSignIn) Form() *widgets.Form { return r.form }

// Spread implements Spreader.
func (r *StaffSignIn) Spread() bool {
	return r.form.Typing() && r.env.Style.Shape == theme.Compact
}

// Focus implements Focuser.
func (r *StaffSignIn) Focus() {
	if r.form.Typing() {
		r.form.Focus()
	}
}

// Draft implements Drafter. The PIN is not kept.
func (r *StaffSignIn) Draft() any { return r.form.Value(fieldLogin) }

// Restore implements Drafter.
func (r *StaffSignIn) Restore(draft any) {
	if login, ok := draft.(string); ok {
		r.form.Field(fieldLogin).SetText(login)
	}
}

// Show says what became of the try before, beside the PIN.
func (r *StaffSignIn) Show(v kiosk.PINEntry) {
	if v == r.shown && !r.sent {
		return
	}
	r.shown, r.sent = v, false
	r.tell()
}

func (r *StaffSignIn) tell() {
	v, pin := r.shown, r.form.Field(fieldPIN)
	r.tick.Cancel()
	words, again := r.env.waitWords(v.Until)
	switch {
	case v.Busy:
		words = r.env.say("pin.checking")
	case words != "":
		r.tick.Set(r.env.Later(again, r.tell))
	case v.Wrong && v.Until.IsZero():
		words = r.env.say("staff.wrong")
	}
	pin.SetProblem(words)
}

func (r *StaffSignIn) submit() {
	if words, _ := r.env.waitWords(r.shown.Until); r.shown.Busy || words != "" {
		return
	}
	login, pin := strings.ToLower(r.form.Value(fieldLogin)), r.form.Field(fieldPIN)
	if login == "" {
		r.form.Field(fieldLogin).SetProblem(r.env.say("staff.login_empty"))
	}
	if len(pin.Text()) != domain.PINDigits {
		pin.SetProblem(r.env.say("pin.short"))
	}
	if r.form.ShowProblems() {
		return
	}
	digits := pin.Text()
	pin.SetText("")
	r.sent = true
	if r.on.Submit != nil {
		r.on.Submit(login, digits)
	}
}

func (r *StaffSignIn) put(s fyne.Size) {
	typing := r.form.Typing()
	for _, b := range r.frame.buttons() {
		setShown(b, !typing || r.env.Style.Shape != theme.Compact)
	}
	setShown(r.title, !r.Spread())
	if r.Spread() {
		widgets.Put(r.form, 0, 0, s.Width, s.Height)
		return
	}
	in := r.frame.put(s)
	h := r.title.HeightFor(in.w)
	widgets.Put(r.form, in.x, in.y+h+r.frame.gap(), in.w, in.h-h-r.frame.gap())
	widgets.Put(r.title, in.x, in.y+r.form.Top(), in.w, h)
}
