package ui

import (
	"maps"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/screens"
	"agentid/ui/widgets"
)

// longData is as long as people's names and addresses get.
var longData = kiosk.PersonData{
	Name:     "María de los Ángeles Fernández-Villaverde y García de la Concha",
	Document: "Y-1234567-X",
	Contact:  "maria.de.los.angeles.fernandez-villaverde@correo.universidad.example",
}

var (
	badgeCode   = &kiosk.Code{Modules: modules(53)}
	receiptCode = &kiosk.Code{Modules: modules(41)}
	theConsent  = kiosk.ConsentShown{Version: assets.ConsentVersion, Months: 24}
)

func consentText(lang domain.Lang) assets.ConsentText {
	c, err := assets.ConsentFor(theConsent.Version, string(lang), "Banco Norte", theConsent.Months)
	if err != nil {
		panic(err) // the text is embedded
	}
	return c
}

func registering(r kiosk.Register) kiosk.View {
	r.Consent = theConsent
	return kiosk.View{State: kiosk.StateRegister, Register: &r}
}

func validating(v kiosk.Validate) kiosk.View {
	return kiosk.View{State: kiosk.StateValidate, Validate: &v}
}

func withdrawing(w kiosk.Withdraw) kiosk.View {
	return kiosk.View{State: kiosk.StateWithdraw, Withdraw: &w}
}

// flows are the states and steps of registration, validation and withdrawal,
// with values worth looking at.
func flows() []state {
	var list []state
	add := func(name string, v kiosk.View, then func(*UI)) {
		list = append(list, state{name: name, view: v, then: then, blank: then != nil})
	}
	capture := func(g domain.Guide, done float64, again int) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterFace, Face: kiosk.FaceProgress{Guide: g, Done: done, Again: again}})
	}
	ask := func(p domain.Purpose, a kiosk.Answer, n int) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterConsent, Question: p, Answer: a, N: n, Of: 2})
	}
	data := func(d kiosk.PersonData) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterData, Data: d})
	}
	page := func(step kiosk.RegisterStep) kiosk.View { return registering(kiosk.Register{Step: step}) }
	badge := func(b kiosk.BadgeShown) kiosk.View {
		b.Badge, b.Receipt, b.Expires = badgeCode, receiptCode, start.AddDate(1, 0, 0)
		return registering(kiosk.Register{Step: kiosk.RegisterBadge, Badge: &b})
	}
	notice := func(at int) func(*UI) {
		return func(u *UI) { u.router.body.(*screens.RegisterNotice).Restore(at) }
	}
	form := func(do func(*widgets.Form)) func(*UI) {
		return func(u *UI) { do(u.router.body.(interface{ Form() *widgets.Form }).Form()) }
	}
	submit := func(f *widgets.Form) { f.OnSubmit() }
	pin := func(entered ...string) func(*UI) {
		return func(u *UI) {
			for _, p := range entered {
				typeIn(u, p, len(p) == domain.PINDigits)
			}
		}
	}

	add("register-notice", page(kiosk.RegisterNotice), nil)
	add("register-notice-2", page(kiosk.RegisterNotice), notice(1))
	add("register-notice-3", page(kiosk.RegisterNotice), notice(2))
	add("register-data", data(kiosk.PersonData{}), nil)
	add("register-data-contact", data(longData), form(func(f *widgets.Form) { f.Activate(2) }))
	add("register-data-wrong", data(kiosk.PersonData{Name: "Íñigo Muñoz-Pérez", Document: "12", Contact: "inigo@"}), form(submit))
	add("register-data-wrong-contact", data(kiosk.PersonData{Name: "Íñigo Muñoz-Pérez", Document: "12345678Z", Contact: "inigo@"}), form(submit))
	add("register-data-written", data(longData), nil)
	add("register-data-checked", data(kiosk.PersonData{Contact: "12"}), form(func(f *widgets.Form) { f.OnSubmit(); f.SetTyping(false) }))
	add("register-consent-data", ask(domain.PurposeData, kiosk.Unanswered, 1), nil)
	add("register-consent-data-refused", ask(domain.PurposeData, kiosk.Refused, 1), nil)
	add("register-consent-face", ask(domain.PurposeFace, kiosk.Granted, 2), nil)
	add("register-consent-refused", ask(domain.PurposeFace, kiosk.Refused, 2), nil)
	add("register-declined", page(kiosk.RegisterDeclined), nil)
	add("register-capture", capture(domain.GuideStart, 0, 0), nil)
	add("register-capture-one", capture(domain.GuideOnePerson, 0.4, 1), nil)
	add("register-capture-turn", capture(domain.GuideTurnLeft, 0.7, 0), nil)
	add("register-capture-right", capture(domain.GuideTurnRight, 0.7, 1), nil)
	add("register-capture-blink", capture(domain.GuideBlink, 0.8, 0), nil)
	add("register-capture-done", capture(domain.GuideDone, 1, 0), nil)
	add("register-face-failed", registering(kiosk.Register{Step: kiosk.RegisterFace, FaceFailed: true}), nil)
	add("register-pin", page(kiosk.RegisterPIN), pin("12"))
	add("register-pin-weak", page(kiosk.RegisterPIN), pin("123456"))
	add("register-pin-repeat", page(kiosk.RegisterPIN), pin("493817", "4938"))
	add("register-pin-differ", page(kiosk.RegisterPIN), pin("493817", "493818"))
	add("register-saving", page(kiosk.RegisterSaving), nil)
	add("register-failed", page(kiosk.RegisterFailed), nil)
	add("register-badge", badge(kiosk.BadgeShown{Given: "Maximiliano-Bartolomé", WithFace: true, Printing: kiosk.PrintReady}), nil)
	add("register-badge-alone", badge(kiosk.BadgeShown{Given: "Lucía"}), nil)
	add("register-badge-printing", badge(kiosk.BadgeShown{Given: "Lucía", WithFace: true, Printing: kiosk.PrintBusy}), nil)
	add("register-badge-printed", badge(kiosk.BadgeShown{Given: "Lucía", Printing: kiosk.PrintDone}), nil)
	add("register-badge-failed", badge(kiosk.BadgeShown{Printing: kiosk.PrintFailed}), nil)
	add("register-receipt", badge(kiosk.BadgeShown{Given: "Lucía", Showing: kiosk.CodeReceipt, Printing: kiosk.PrintReady}), nil)
	for _, name := range slices.Sorted(maps.Keys(checks())) {
		c := checks()[name]
		list = append(list,
			state{name: "register-staff-" + name, view: registering(kiosk.Register{Step: kiosk.RegisterStaff, Staff: c})},
			state{name: "validate-staff-" + name, view: validating(kiosk.Validate{Step: kiosk.ValidateStaff, Staff: c})})
	}
	add("staff-sign-in-wrong", validating(kiosk.Validate{Step: kiosk.ValidateStaff, Staff: &kiosk.StaffCheck{
		Step: kiosk.StaffSignIn, PIN: kiosk.PINEntry{Wrong: true},
	}}), form(func(f *widgets.Form) { f.Activate(1) }))
	add("staff-sign-in-written", validating(kiosk.Validate{Step: kiosk.ValidateStaff, Staff: &kiosk.StaffCheck{
		Step: kiosk.StaffSignIn, PIN: kiosk.PINEntry{Until: start.Add(30 * time.Second)},
	}}), form(func(f *widgets.Form) { f.SetTyping(false) }))

	scan := func(v kiosk.Validate) kiosk.View { v.Step = kiosk.ValidateScan; return validating(v) }
	add("validate-scan", scan(kiosk.Validate{}), nil)
	add("validate-scan-found", scan(kiosk.Validate{Found: true}), nil)
	add("validate-scan-unreadable", scan(kiosk.Validate{Unreadable: true}), nil)
	add("validate-scan-no-camera", scan(kiosk.Validate{NoCamera: true}), nil)
	add("validate-scan-no-camera-again", scan(kiosk.Validate{NoCamera: true, Unreadable: true}), nil)
	add("validate-look", validating(kiosk.Validate{Step: kiosk.ValidateLook, CanPIN: true, Face: kiosk.FaceProgress{Guide: domain.GuideLookAhead, Done: 0.3}}), nil)
	add("validate-look-turn", validating(kiosk.Validate{Step: kiosk.ValidateLook, CanPIN: true, Face: kiosk.FaceProgress{Guide: domain.GuideTurnRight, Done: 0.6}}), nil)
	add("validate-look-without-code", validating(kiosk.Validate{Step: kiosk.ValidateLook, NoCode: true, Face: kiosk.FaceProgress{Guide: domain.GuideLookAhead, Done: 0.3}}), nil)
	try := func(p kiosk.PINEntry) kiosk.View {
		return validating(kiosk.Validate{Step: kiosk.ValidatePIN, PIN: p})
	}
	add("validate-pin", try(kiosk.PINEntry{}), nil)
	add("validate-pin-busy", try(kiosk.PINEntry{Busy: true}), nil)
	add("validate-pin-wrong", try(kiosk.PINEntry{Wrong: true, Left: 2}), nil)
	add("validate-pin-locked", try(kiosk.PINEntry{Until: start.Add(30 * time.Second)}), nil)
	add("validate-pin-locked-long", try(kiosk.PINEntry{Wrong: true, Until: start.Add(8 * time.Minute)}), nil)
	add("validate-working", validating(kiosk.Validate{Step: kiosk.ValidateWorking}), nil)
	result := func(v kiosk.Validate) kiosk.View { v.Step = kiosk.ValidateResult; return validating(v) }
	add("result-ok", result(kiosk.Validate{Outcome: kiosk.OutcomeOK, Given: "Maximiliano-Bartolomé"}), nil)
	add("result-ok-nameless", result(kiosk.Validate{Outcome: kiosk.OutcomeOK}), nil)
	add("result-no", result(kiosk.Validate{Outcome: kiosk.OutcomeNo}), nil)
	add("result-no-again", result(kiosk.Validate{Outcome: kiosk.OutcomeNo, CanRetry: true, CanPIN: true}), nil)
	add("result-other", result(kiosk.Validate{Outcome: kiosk.OutcomeOther, CanRetry: true, CanPIN: true}), nil)
	add("result-other-retry", result(kiosk.Validate{Outcome: kiosk.OutcomeOther, CanRetry: true}), nil)
	add("result-wait", result(kiosk.Validate{Outcome: kiosk.OutcomeWait, Until: start.Add(time.Minute)}), nil)
	add("result-error", result(kiosk.Validate{Outcome: kiosk.OutcomeError, CanRetry: true}), nil)

	own := func(w kiosk.Withdraw, step kiosk.WithdrawStep) kiosk.View { w.Step = step; return withdrawing(w) }
	add("withdraw-scan", own(kiosk.Withdraw{}, kiosk.WithdrawScan), nil)
	add("withdraw-scan-no-camera", own(kiosk.Withdraw{NoCamera: true}, kiosk.WithdrawScan), nil)
	add("withdraw-pin", own(kiosk.Withdraw{PIN: kiosk.PINEntry{Wrong: true, Left: 1}}, kiosk.WithdrawPIN), nil)
	add("withdraw-staff", own(kiosk.Withdraw{Staff: checks()["decide"]}, kiosk.WithdrawStaff), nil)
	add("withdraw-choose", own(kiosk.Withdraw{Given: "Maximiliano-Bartolomé", HasFace: true}, kiosk.WithdrawChoose), nil)
	add("withdraw-choose-no-face", own(kiosk.Withdraw{}, kiosk.WithdrawChoose), nil)
	add("withdraw-confirm-face", own(kiosk.Withdraw{Choice: kiosk.WithdrawFace}, kiosk.WithdrawConfirm), nil)
	add("withdraw-confirm-all", own(kiosk.Withdraw{Choice: kiosk.WithdrawAll}, kiosk.WithdrawConfirm), nil)
	add("withdraw-working", own(kiosk.Withdraw{}, kiosk.WithdrawWorking), nil)
	add("withdraw-done-face", own(kiosk.Withdraw{Choice: kiosk.WithdrawFace}, kiosk.WithdrawDone), nil)
	add("withdraw-done-all", own(kiosk.Withdraw{Choice: kiosk.WithdrawAll, Receipt: &domain.ErasureReceipt{
		ID: "0199d5a2-7c1e-7b3a-9f40-2f6c1f8e4d21", At: start, KeyGone: true, Templates: 5, Badges: 1, Consents: 2, Snapshots: 3, Outbox: 12,
	}}, kiosk.WithdrawDone), nil)
	add("withdraw-refused", own(kiosk.Withdraw{}, kiosk.WithdrawRefused), nil)
	add("withdraw-refused-locked", own(kiosk.Withdraw{Until: start.Add(time.Minute)}, kiosk.WithdrawRefused), nil)
	add("withdraw-failed", own(kiosk.Withdraw{}, kiosk.WithdrawFailed), nil)

	list = append(list, asks()...)

	covered := func(v kiosk.View, asking bool) kiosk.View {
		v.Covered, v.Asking = true, asking
		if asking {
			v.Deadline = start.Add(10 * time.Second)
		}
		return v
	}
	add("still-there", covered(data(longData), true), nil)
	add("still-there-validating", covered(try(kiosk.PINEntry{}), true), nil)
	leaving := covered(page(kiosk.RegisterPIN), true)
	leaving.Covered, leaving.Leaving = false, true
	add("leaving", leaving, nil)
	helping := page(kiosk.RegisterPIN)
	helping.State = kiosk.StateHelp
	add("help-registering", helping, nil)
	add("covered", covered(badge(kiosk.BadgeShown{Given: "Lucía"}), false), nil)
	return list
}

// checks are the pages for staff.
func checks() map[string]*kiosk.StaffCheck {
	return map[string]*kiosk.StaffCheck{
		"called":  {Step: kiosk.StaffCalled, About: domain.ReasonDuplicateDocument},
		"here":    {Step: kiosk.StaffCalled, About: domain.ReasonStaffCalled, CanApprove: true},
		"sign-in": {Step: kiosk.StaffSignIn},
		"badge":   {Step: kiosk.StaffSignIn, Badge: kiosk.BadgeAwaited},
		"read":    {Step: kiosk.StaffSignIn, Badge: kiosk.BadgeRead},
		"decide": {
			Step: kiosk.StaffDecide, About: domain.ReasonNotLive, Name: longData.Name, DocumentTail: "567X", CanApprove: true,
		},
		"lookalike": {Step: kiosk.StaffDecide, About: domain.ReasonDuplicateFace, Name: longData.Name, DocumentTail: "678Z", CanApprove: true},
		"own-data":  {Step: kiosk.StaffDecide, About: domain.ReasonConsentWithdraw, Name: longData.Name, DocumentTail: "678Z", CanApprove: true},
		"nameless":  {Step: kiosk.StaffDecide, About: domain.ReasonBadgeExpired, CanApprove: true},
		"note":      {Step: kiosk.StaffDecide, About: domain.ReasonDuplicateFace, Name: "Íñigo Muñoz-Pérez", DocumentTail: "678Z"},
	}
}

// typeIn types on a real keyboard, into what has the focus.
func typeIn(u *UI, text string, enter bool) {
	c := u.Window().Canvas()
	for _, r := range text {
		if f := c.Focused(); f != nil {
			f.TypedRune(r)
		} else {
			c.OnTypedRune()(r)
		}
	}
	if !enter {
		return
	}
	if f, e := c.Focused(), (&fyne.KeyEvent{Name: fyne.KeyReturn}); f != nil {
		f.TypedKey(e)
	} else {
		c.OnTypedKey()(e)
	}
}

// modules draws what looks like a QR code of that side: three finders, and
// noise between them. Nothing is written in it.
func modules(side int) [][]bool {
	m := make([][]bool, side)
	seed := uint32(7)
	for y := range m {
		m[y] = make([]bool, side)
		for x := range m[y] {
			seed = seed*1664525 + 1013904223
			m[y][x] = seed>>31 == 1
		}
	}
	for _, at := range [][2]int{{0, 0}, {side - 7, 0}, {0, side - 7}} {
		for y := -1; y < 8; y++ {
			for x := -1; x < 8; x++ {
				px, py := at[0]+x, at[1]+y
				if px < 0 || py < 0 || px >= side || py >= side {
					continue
				}
				ring := max(max(x-3, 3-x), max(y-3, 3-y))
				m[py][px] = ring == 3 || ring <= 1
			}
		}
	}
	return m
}
