package screens

import (
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// newValidate makes the page of a validation that a view is at.
func newValidate(e Env, v kiosk.View) Body {
	if v.Validate == nil {
		return newAttract(e, v)
	}
	r := *v.Validate
	of := func(v kiosk.View) kiosk.Validate { // a view of this same page
		if v.Validate == nil {
			return r
		}
		return *v.Validate
	}
	switch r.Step {
	case kiosk.ValidateScan:
		scan := func(r kiosk.Validate) Scan { return Scan{r.Found, r.Unreadable, r.NoCamera} }
		p := NewValidateScan(e, scan(r), ScanActions{
			NoBadge: e.do(kiosk.NoBadge{}), Staff: e.do(kiosk.CallStaff{}), Back: e.do(kiosk.StepBack{}), Scanned: e.scanned,
		})
		p.update = func(v kiosk.View) { p.Show(scan(of(v))) }
		return p
	case kiosk.ValidateLook:
		on := LookActions{Staff: e.do(kiosk.CallStaff{}), Back: e.do(kiosk.StepBack{})}
		if r.CanPIN {
			on.UsePIN = e.do(kiosk.UsePIN{})
		}
		p := NewValidateLook(e, CaptureOf(r.Face), r.NoCode, on)
		p.update = func(v kiosk.View) { p.Show(CaptureOf(of(v).Face)) }
		return p
	case kiosk.ValidatePIN:
		p := NewValidatePIN(e, r.PIN, e.tries())
		p.update = func(v kiosk.View) { p.Show(of(v).PIN) }
		return p
	case kiosk.ValidateStaff:
		return newStaff(e, true, r.Staff, func(v kiosk.View) *kiosk.StaffCheck { return of(v).Staff })
	case kiosk.ValidateResult:
		return NewValidateResult(e, r, ResultActions{
			Finish: e.do(kiosk.Finish{}), Retry: e.do(kiosk.Retry{}), UsePIN: e.do(kiosk.UsePIN{}), Staff: e.do(kiosk.CallStaff{}),
		})
	}
	return newWorking(e, &frame{env: e}, assets.IconSeal, messageWords{title: e.say("validate.working"), text: e.say("validate.working_next")})
}

// tries are the actions of a page that asks for a PIN.
func (e Env) tries() TryActions {
	return TryActions{
		Done:   func(pin string) { e.Commands.Do(kiosk.EnterPIN{PIN: pin}) },
		Forgot: e.do(kiosk.ForgotPIN{}), Back: e.do(kiosk.StepBack{}),
	}
}

// LookActions is what comes of ValidateLook. UsePIN is nil where it is no way on.
type LookActions struct{ UsePIN, Staff, Back func() }

// ValidateLook reads the face, after the badge or in its place.
type ValidateLook struct{ *captureView }

// NewValidateLook makes the page.
func NewValidateLook(e Env, v Capture, noCode bool, on LookActions) *ValidateLook {
	f := (&frame{env: e}).back(on.Back, nil)
	f.right = []*widgets.Button{
		e.button(widgets.Secondary, assets.IconPerson, "validate.staff", doing(on.Staff)),
	}
	if on.UsePIN != nil {
		f.right = append(f.right, e.button(widgets.Secondary, assets.IconLock, "validate.use_pin", on.UsePIN))
	}
	title := "validate.scan_found"
	if noCode {
		title = "validate.without_code"
	}
	return &ValidateLook{newCaptureView(e, f, v, captureWords{title, "validate.look", "validate.look_next"})}
}

// TryActions is what comes of ValidatePIN.
type TryActions struct {
	Done         func(pin string)
	Forgot, Back func()
}

// ValidatePIN asks for the PIN that goes with a badge.
type ValidatePIN struct{ *pinPage }

// NewValidatePIN makes the page.
func NewValidatePIN(e Env, v kiosk.PINEntry, on TryActions) *ValidatePIN {
	f := (&frame{env: e}).back(on.Back, nil)
	f.on(e.button(widgets.Secondary, assets.IconHelp, "pin.forgot", doing(on.Forgot)))
	r := &ValidatePIN{}
	r.pinPage = newPINPage(e, f, e.pinWords("pin.enter"), func(pin string) {
		r.sent = true
		if on.Done != nil {
			on.Done(pin)
		}
	})
	r.Show(v)
	return r
}
