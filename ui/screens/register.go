package screens

import (
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// newRegister makes the page of a registration that a view is at.
func newRegister(e Env, v kiosk.View) Body {
	if v.Register == nil {
		return newAttract(e, v)
	}
	r := *v.Register
	of := func(v kiosk.View) kiosk.Register { // a view of this same page
		if v.Register == nil {
			return r
		}
		return *v.Register
	}
	back, cancel := e.do(kiosk.StepBack{}), e.do(kiosk.Cancel{})
	switch r.Step {
	case kiosk.RegisterNotice, kiosk.RegisterConsent:
		text, err := consentText(e, v, r.Consent)
		if err != nil {
			return newRegisterFailed(e, false) // nobody consents to a text that cannot be shown
		}
		if r.Step == kiosk.RegisterNotice {
			return NewRegisterNotice(e, Notice{Text: text}, NoticeActions{
				Language: e.Commands.SetLanguage, Continue: e.do(kiosk.Next{}), Back: back,
			})
		}
		p := NewRegisterConsent(e, Question{Text: text, Purpose: r.Question, Answer: r.Answer, N: r.N, Of: r.Of}, ConsentActions{
			Answer:   func(a kiosk.AnswerConsent) { e.Commands.Do(a) },
			Continue: e.do(kiosk.Next{}), Read: e.do(kiosk.ReadNotice{}), Back: back, Cancel: cancel,
		})
		p.update = func(v kiosk.View) { p.Show(of(v).Answer) }
		return p
	case kiosk.RegisterData:
		return NewRegisterData(e, r.Data, DataActions{
			Submit: func(d kiosk.PersonData) { e.Commands.Do(kiosk.SubmitData{PersonData: d}) }, Back: back, Cancel: cancel,
		})
	case kiosk.RegisterFace:
		if r.FaceFailed {
			return newFaceFailed(e, back, cancel)
		}
		p := NewRegisterCapture(e, CaptureOf(r.Face), CaptureActions{Skip: e.do(kiosk.SkipFace{}), Back: back, Cancel: cancel})
		p.update = func(v kiosk.View) { p.Show(CaptureOf(of(v).Face)) }
		return p
	case kiosk.RegisterPIN:
		return NewRegisterPIN(e, PINActions{
			Done: func(pin string) { e.Commands.Do(kiosk.EnterPIN{PIN: pin}) }, Back: back, Cancel: cancel,
		})
	case kiosk.RegisterSaving:
		return newWorking(e, newFrame(e, StepPIN), assets.IconLock, messageWords{title: e.say("register_end.saving"), text: e.say("register_end.saving_next")})
	case kiosk.RegisterBadge:
		return newBadgePage(e, r, of)
	case kiosk.RegisterStaff:
		return newStaff(e, false, r.Staff, func(v kiosk.View) *kiosk.StaffCheck { return of(v).Staff })
	case kiosk.RegisterDeclined:
		return newMessage(e, e.finishing(), assets.IconPerson, e.Style.Brand, messageWords{
			title: e.say("register_end.declined"), text: e.say("register_end.declined_next"),
		})
	}
	return newRegisterFailed(e, true)
}

func newBadgePage(e Env, r kiosk.Register, of func(kiosk.View) kiosk.Register) Body {
	var shown kiosk.BadgeShown
	if r.Badge != nil {
		shown = *r.Badge
	}
	p := NewRegisterBadge(e, shown, BadgeActions{
		Show:  func(k kiosk.CodeKind) { e.Commands.Do(kiosk.ShowCode{Kind: k}) },
		Print: e.do(kiosk.PrintBadge{}), Finish: e.do(kiosk.Finish{}),
	})
	p.update = func(v kiosk.View) {
		if b := of(v).Badge; b != nil {
			p.Show(*b)
		}
	}
	return p
}

// newFaceFailed offers to read the face again, or to go on without it.
func newFaceFailed(e Env, back, cancel func()) Body {
	f := newFrame(e, StepFace).back(back, cancel).on(
		e.button(widgets.Secondary, assets.IconUserOff, "capture.skip", e.do(kiosk.SkipFace{})),
		e.button(widgets.Primary, assets.IconLook, "result.retry", e.do(kiosk.Retry{})),
	)
	return newMessage(e, f, assets.IconLook, e.Style.Brand, messageWords{title: e.say("capture.failed"), text: e.say("capture.failed_next")})
}

// newRegisterFailed says that nothing was stored.
func newRegisterFailed(e Env, again bool) Body {
	f := &frame{env: e, left: []*widgets.Button{e.button(widgets.Quiet, assets.IconCross, "register.cancel", e.do(kiosk.Cancel{}))}}
	next := "register_end.failed_desk"
	if again {
		next = "register_end.failed_next"
		f.on(e.button(widgets.Primary, "", "result.retry", e.do(kiosk.Retry{})))
	}
	return newMessage(e, f, assets.IconWarn, e.Style.Warn, messageWords{title: e.say("register_end.failed"), text: e.say(next)})
}

// consentText is the text of consent to show: the very words whose hash is kept
// with a consent, where they come with the view.
func consentText(e Env, v kiosk.View, c kiosk.ConsentShown) (assets.ConsentText, error) {
	if c.Words != nil {
		return assets.ConsentOf(c.Version, string(e.Lang), *c.Words), nil
	}
	return assets.ConsentFor(c.Version, string(e.Lang), v.Site.Organisation, c.Months)
}
