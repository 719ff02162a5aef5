package screens

import (
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// Place is all that a body is built from for good, beside the language and the
// site. While it stays the same, Update shows what changes.
type Place struct {
	State kiosk.State
	step  string // within a flow
	staff kiosk.StaffStep

	given  string
	first  bool
	notice kiosk.Feature

	consent          kiosk.ConsentShown
	question         domain.Purpose
	n, of            int
	failed, noCamera bool
	noCode           bool
	badge            *kiosk.Code
	outcome          kiosk.Outcome
	retry, pin       bool
	until            time.Time
	about            domain.Reason
	name, tail       string
	approve, hasFace bool
	badges, hasBadge bool
	choice           kiosk.WithdrawChoice
	receipt          string
	open, asked      string
	turn             *kiosk.AskTurn
}

// PlaceOf is where a view is.
func PlaceOf(v kiosk.View) Place {
	p := Place{State: v.State}
	switch {
	case v.State == kiosk.StateGreeting:
		p.given, p.first = v.Given, v.FirstVisit
	case v.State == kiosk.StateCameraLost:
		p.noCamera = v.Status.Camera == domain.CameraNone
	case v.State == kiosk.StateNotice:
		p.notice = v.Notice
	case v.State == kiosk.StateRegister && v.Register != nil:
		p.register(*v.Register)
	case v.State == kiosk.StateValidate && v.Validate != nil:
		p.validate(*v.Validate)
	case v.State == kiosk.StateWithdraw && v.Withdraw != nil:
		p.withdraw(*v.Withdraw)
	case v.State == kiosk.StateAsk && v.Ask != nil:
		p.ask(*v.Ask)
	case v.State == kiosk.StateAdmin && v.Admin != nil:
		p.step = string(v.Admin.Step)
		if v.Admin.Codes {
			p.step += "+code" // there is a button more
		}
		p.signIn(v.Admin.Badge)
	}
	return p
}

func (p *Place) register(r kiosk.Register) {
	p.step = string(r.Step)
	switch r.Step {
	case kiosk.RegisterNotice:
		p.consent = r.Consent
	case kiosk.RegisterConsent:
		p.consent, p.question, p.n, p.of = r.Consent, r.Question, r.N, r.Of
	case kiosk.RegisterFace:
		p.failed = r.FaceFailed
	case kiosk.RegisterBadge:
		if r.Badge != nil {
			p.badge, p.given, p.hasFace = r.Badge.Badge, r.Badge.Given, r.Badge.WithFace
		}
	case kiosk.RegisterStaff:
		p.check(r.Staff)
	}
}

func (p *Place) validate(r kiosk.Validate) {
	p.step = string(r.Step)
	switch r.Step {
	case kiosk.ValidateScan:
		p.noCamera = r.NoCamera
	case kiosk.ValidateLook:
		p.noCode, p.pin = r.NoCode, r.CanPIN
	case kiosk.ValidateStaff:
		p.check(r.Staff)
	case kiosk.ValidateResult:
		p.outcome, p.given, p.until, p.retry, p.pin = r.Outcome, r.Given, r.Until, r.CanRetry, r.CanPIN
	}
}

func (p *Place) withdraw(r kiosk.Withdraw) {
	p.step = string(r.Step)
	switch r.Step {
	case kiosk.WithdrawScan:
		p.noCamera = r.NoCamera
	case kiosk.WithdrawStaff:
		p.check(r.Staff)
	case kiosk.WithdrawChoose:
		p.given, p.hasFace = r.Given, r.HasFace
	case kiosk.WithdrawConfirm:
		p.choice = r.Choice
	case kiosk.WithdrawDone:
		p.choice = r.Choice
		if r.Receipt != nil {
			p.receipt = r.Receipt.ID
		}
	case kiosk.WithdrawRefused:
		p.until = r.Until
	}
}

func (p *Place) ask(a kiosk.Ask) {
	p.step = string(a.Step)
	switch a.Step {
	case kiosk.AskTopics:
		p.open = a.Open
	case kiosk.AskWriting:
	default:
		p.turn, p.asked = a.Turn, a.Question
	}
}

// signIn tells the pages apart at which staff type a login, may show a badge
// instead, or have shown it.
func (p *Place) signIn(b kiosk.SignInBadge) {
	p.badges, p.hasBadge = b != kiosk.BadgeNone, b == kiosk.BadgeRead
}

func (p *Place) check(c *kiosk.StaffCheck) {
	if c == nil {
		return
	}
	p.staff = c.Step
	p.signIn(c.Badge)
	if c.Step == kiosk.StaffDecide {
		p.about, p.name, p.tail, p.approve = c.About, c.Name, c.DocumentTail, c.CanApprove
	}
}
