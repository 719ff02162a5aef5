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

// SignIn is what the page shows at which staff sign in.
type SignIn struct {
	PIN   kiosk.PINEntry
	Badge kiosk.SignInBadge // the page stays one of a badge that was read, or not
}

// SignInActions is what comes of StaffSignIn. Submit gets no login where the
// badge was read.
type SignInActions struct {
	Submit          func(login, pin string)
	Back, TypeLogin func()
	Scanned         func(text string)
	Code            func() // somebody has a code instead of a PIN; nil where nobody can
}

// StaffSignIn asks a member of staff for their badge or login, and the PIN. The
// camera that looks for the badge shows no picture: there is a keyboard in its
// place, and words say what it sees.
type StaffSignIn struct {
	wizardPage
	env   Env
	frame *frame
	title *widgets.Text
	hint  *widgets.Text // nil where this kiosk knows no badges
	signs map[kiosk.SignInBadge]fyne.CanvasObject
	form  *widgets.Form
	on    SignInActions
	shown SignIn
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
func NewStaffSignIn(e Env, v SignIn, on SignInActions) *StaffSignIn {
	r := &StaffSignIn{env: e, on: on, shown: v, frame: (&frame{env: e}).back(on.Back, nil), title: e.title("staff.sign_in")}
	keys := e.keyWords()
	keys.Done = e.say("staff.enter")
	login := widgets.FieldSpec{Name: fieldLogin, Label: e.say("staff.login"), Example: e.say("staff.login_example"), Keys: widgets.KeysLogin, Max: maxLogin}
	pin := widgets.FieldSpec{Name: fieldPIN, Label: e.say("staff.pin"), Keys: widgets.KeysDigits, Max: domain.PINDigits, Masked: true}
	fields := []widgets.FieldSpec{login, pin}
	if v.Badge != kiosk.BadgeNone && e.Style.Shape == theme.Compact { // where the keyboard leaves no room for more
		fields[0].Label = e.say("staff.login_short")
	}
	if r.read() {
		fields = fields[1:]
		if e.Style.Shape == theme.Compact {
			fields[0].Label = e.say("staff.pin_short")
		}
		r.frame.on(e.button(widgets.Secondary, assets.IconEdit, "staff.type_login", doing(on.TypeLogin)))
	}
	r.form = widgets.NewForm(e.Style, string(e.Lang), keys, fields, e.Later, e.Now, e.Commands.Touch)
	if v.Badge != kiosk.BadgeNone && on.Scanned != nil {
		r.form.TakeCodes(on.Scanned)
	}
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
	objs := append(r.frame.objects(), r.title, r.form)
	if v.Badge != kiosk.BadgeNone {
		objs = append(objs, r.makeHint()...)
	}
	r.Flow = widgets.NewFlow(r.put, nil, objs...)
	r.close = func() {
		r.tick.Cancel()
		r.form.Stop()
		r.form.Field(fieldPIN).SetText("")
		r.on = SignInActions{} // what is typed next is not theirs
	}
	r.form.SetTyping(true)
	r.tell()
	return r
}

// read tells that a badge was read: the PIN is all that is asked.
func (r *StaffSignIn) read() bool { return r.shown.Badge == kiosk.BadgeRead }

// makeHint makes the line that says what becomes of the badge, and its signs.
func (r *StaffSignIn) makeHint() (objs []fyne.CanvasObject) {
	st := r.env.Style
	r.hint = widgets.NewText("", st.Body, st.Ink, false)
	r.signs = map[kiosk.SignInBadge]fyne.CanvasObject{}
	for s, sign := range map[kiosk.SignInBadge]struct {
		icon assets.Icon
		tone widgets.Tone
	}{
		kiosk.BadgeAwaited: {assets.IconIDCard, widgets.ToneInfo}, kiosk.BadgeScanner: {assets.IconIDCard, widgets.ToneInfo},
		kiosk.BadgeUnreadable: {assets.IconWarn, widgets.ToneWarn}, kiosk.BadgeOther: {assets.IconWarn, widgets.ToneWarn},
		kiosk.BadgeRead: {assets.IconCheck, widgets.ToneOK},
	} {
		c := st.Brand
		switch sign.tone {
		case widgets.ToneWarn:
			c = st.Warn
		case widgets.ToneOK:
			c = st.OK
		}
		r.signs[s] = widgets.NewIcon(sign.icon, c, st.Icon)
		objs = append(objs, r.signs[s])
	}
	return append(objs, r.hint)
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
	if login, ok := draft.(string); ok && !r.read() {
		r.form.Field(fieldLogin).SetText(login)
	}
}

// Show says what became of the try before, beside the PIN, and of the badge.
func (r *StaffSignIn) Show(v SignIn) {
	if v == r.shown && !r.sent {
		return
	}
	r.shown, r.sent = v, false
	r.tell()
}

func (r *StaffSignIn) tell() {
	r.tellBadge()
	v, pin := r.shown.PIN, r.form.Field(fieldPIN)
	r.tick.Cancel()
	words, again := r.env.waitWords(v.Until)
	switch {
	case v.Busy:
		words = r.env.say("pin.checking")
	case words != "":
		r.tick.Set(r.env.Later(again, r.tell))
	case v.Wrong && v.Until.IsZero() && r.read():
		words = r.env.say("staff.badge_wrong")
	case v.Wrong && v.Until.IsZero():
		words = r.env.say("staff.wrong")
	}
	pin.SetProblem(words)
}

// tellBadge says how the looking for a badge goes.
func (r *StaffSignIn) tellBadge() {
	if r.hint == nil {
		return
	}
	words := r.env.say("staff.badge_" + string(r.shown.Badge))
	if words != r.hint.Content() {
		r.hint.SetContent(words)
		r.Again()
	}
	for s, sign := range r.signs {
		setShown(sign, s == r.shown.Badge && !r.Spread())
	}
	if login := r.form.Field(fieldLogin); login != nil && r.env.Style.Shape == theme.Compact {
		switch r.shown.Badge {
		case kiosk.BadgeUnreadable, kiosk.BadgeOther: // the line itself is under the keyboard
			login.SetProblem(r.env.say("staff.badge_" + string(r.shown.Badge) + "_short"))
		}
	}
}

func (r *StaffSignIn) submit() {
	if words, _ := r.env.waitWords(r.shown.PIN.Until); r.shown.PIN.Busy || words != "" {
		return
	}
	login, pin := strings.ToLower(r.form.Value(fieldLogin)), r.form.Field(fieldPIN)
	if field := r.form.Field(fieldLogin); field != nil && login == "" {
		field.SetProblem(r.env.say("staff.login_empty"))
	} else if field != nil {
		field.SetProblem("")
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
	if r.hint != nil {
		setShown(r.hint, !r.Spread())
		for k, sign := range r.signs {
			setShown(sign, k == r.shown.Badge && !r.Spread())
		}
	}
	if r.Spread() {
		widgets.Put(r.form, 0, 0, s.Width, s.Height)
		return
	}
	in, gap := r.frame.put(s), r.frame.gap()
	h := r.title.HeightFor(in.w)
	top := h + gap
	side := r.env.Style.Icon
	if r.hint != nil {
		top += max(side, r.hint.HeightFor(in.w-side-gap)) + gap
	}
	widgets.Put(r.form, in.x, in.y+top, in.w, in.h-top)
	y := in.y + r.form.Top()
	widgets.Put(r.title, in.x, y, in.w, h)
	if r.hint == nil {
		return
	}
	y += h + gap/2
	hh := r.hint.HeightFor(in.w - side - gap)
	widgets.Put(r.hint, in.x+side+gap, y+max(0, (side-hh)/2), in.w-side-gap, hh)
	for _, sign := range r.signs {
		widgets.Put(sign, in.x, y+max(0, (min(hh, 1.4*r.env.Style.Body)-side)/2), side, side)
	}
}
