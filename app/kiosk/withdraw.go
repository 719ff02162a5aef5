package kiosk

import (
	"context"
	"errors"
	"time"

	"agentid/app/domain"
)

// withdrawal is somebody's way to their own data.
type withdrawal struct {
	person  domain.PersonID
	profile domain.Profile
	let     bool          // who it is was proven, by PIN or by staff
	why     domain.Reason // of an erasure
}

// startWithdraw begins it, with the code that was read already, if any.
func (m *Machine) startWithdraw(text string, now time.Time) {
	m.begin(StateWithdraw, &flow{wd: &withdrawal{why: domain.ReasonErasedByPerson}}, now)
	m.view.Withdraw = &Withdraw{}
	if text != "" {
		m.withdraw(func(w *Withdraw) { w.Step = WithdrawWorking })
		m.shownForData(text, now)
		return
	}
	m.scanForData(now)
}

// withdraw shows another value of the withdrawal.
func (m *Machine) withdraw(change func(*Withdraw)) {
	w := *m.view.Withdraw
	change(&w)
	m.view.Withdraw = &w
}

func (m *Machine) scanForData(now time.Time) {
	m.page(now)
	*m.flow.wd = withdrawal{why: domain.ReasonErasedByPerson}
	m.flow.actor = domain.Actor{ID: domain.ActorVisitor}
	m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawScan, NoCamera: m.cameraless()} })
	m.read(m.shownForData, func() { m.withdraw(func(w *Withdraw) { w.Unreadable = true }) },
		func() { m.withdraw(func(w *Withdraw) { w.NoCamera = true }) })
}

func (m *Machine) actWithdraw(a Action, now time.Time) {
	w := m.view.Withdraw
	switch a := a.(type) {
	case StepBack, Cancel:
		switch w.Step {
		case WithdrawWorking:
		case WithdrawScan, WithdrawChoose, WithdrawDone, WithdrawRefused, WithdrawFailed:
			m.rest(now)
		case WithdrawConfirm:
			m.withdraw(func(w *Withdraw) { w.Step, w.Choice = WithdrawChoose, "" })
		default:
			if !m.busy() {
				m.scanForData(now)
			}
		}
	case Finish:
		if w.Step != WithdrawWorking {
			m.rest(now)
		}
	case Retry:
		switch w.Step {
		case WithdrawRefused:
			m.scanForData(now)
		case WithdrawFailed:
			if m.flow.wd.let && w.Choice != "" {
				m.takeBack(now)
			} else {
				m.scanForData(now)
			}
		}
	case Scanned:
		switch {
		case w.Step == WithdrawScan && len(a.Text) <= maxScan:
			m.shownForData(a.Text, now)
		case w.Step == WithdrawStaff:
			m.actStaff(a, now)
		}
	case EnterPIN:
		if w.Step == WithdrawPIN && !w.PIN.Busy && len(a.PIN) <= 64 {
			m.proveByPIN(a.PIN)
		}
	case ForgotPIN, CallStaff:
		if w.Step == WithdrawPIN && !w.PIN.Busy {
			m.staffForData(now)
		}
	case StaffHere, StaffPIN, TypeLogin, StaffVerdict:
		if w.Step == WithdrawStaff {
			m.actStaff(a, now)
		}
	case ChooseWithdraw:
		ok := a.Choice == WithdrawAll || (a.Choice == WithdrawFace && w.HasFace)
		if w.Step == WithdrawChoose && ok {
			m.flow.since = now
			m.withdraw(func(w *Withdraw) { w.Step, w.Choice = WithdrawConfirm, a.Choice })
		}
	case ConfirmWithdraw:
		if w.Step == WithdrawConfirm && m.flow.wd.let {
			m.takeBack(now)
		}
	}
}

// shownForData takes a badge or a receipt. A badge that expired says whose it
// is as well as any; one that was revoked may be in other hands.
func (m *Machine) shownForData(text string, now time.Time) {
	if text == "" || len(text) > maxScan {
		return
	}
	since := m.flow.since
	m.page(now)
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		claim, until, err := m.validator.forData(ctx, text)
		return func(now time.Time) {
			m.page(now)
			switch {
			case errors.Is(err, ErrForeign):
				m.scanForData(now)
				m.flow.since = since
				m.withdraw(func(w *Withdraw) { w.Unreadable = true })
			case errors.Is(err, errNoWayIn), !until.IsZero():
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawRefused, Until: until} })
			case err != nil:
				m.failed("own data not found", err)
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawFailed} })
			default:
				wd := m.flow.wd
				wd.person, wd.profile = claim.Person, claim.Profile
				if !claim.Profile.HasPIN {
					m.staffForData(now)
					return
				}
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawPIN} })
			}
		}
	})
}

// errNoWayIn says that a code opens nobody's data.
var errNoWayIn = errors.New("no way in")

// forData finds whose data a code opens.
func (v *Validator) forData(ctx context.Context, text string) (c Claim, until time.Time, err error) {
	if until, err = v.locked(ctx, domain.SubjectKiosk); err != nil || !until.IsZero() {
		return c, until, err
	}
	tok, err := v.flows.Badges.Read(text)
	switch {
	case errors.Is(err, ErrForeign):
		return c, until, err
	case err != nil && v.flows.Badges.Refusal(err) != domain.ReasonBadgeExpired, tok.Person == "":
		return c, until, errNoWayIn
	}
	c.Person, c.Badge = tok.Person, tok.Badge
	if until, err = v.locked(ctx, domain.SubjectPerson(c.Person)); err != nil || !until.IsZero() {
		return c, until, err
	}
	if c.Profile, err = v.flows.Registry.Profile(ctx, c.Person); err != nil {
		if errors.Is(err, domain.ErrNotFound) {
			err = errNoWayIn
		}
		return c, until, err
	}
	if tok.Receipt {
		if !mayWithdraw(c.Profile, tok) {
			return c, until, errNoWayIn
		}
		return c, until, nil
	}
	b, err := v.flows.Registry.Badge(ctx, tok.Badge)
	switch {
	case errors.Is(err, domain.ErrNotFound), err == nil && (b.Person != c.Person || !b.RevokedAt.IsZero() || tok.late(b.NotBefore)):
		return c, until, errNoWayIn
	}
	return c, until, err
}

// proveByPIN lets the person in by their PIN.
func (m *Machine) proveByPIN(pin string) {
	wd := m.flow.wd
	person := wd.person
	m.withdraw(func(w *Withdraw) { w.PIN = PINEntry{Busy: true} })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		d, err := m.validator.own(ctx, person, pin)
		return func(now time.Time) {
			m.flow.since = now
			switch {
			case err != nil:
				m.failed("pin not checked", err)
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawFailed} })
			case d.Outcome == OutcomeWait:
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawRefused, Until: d.Until} })
			case d.Outcome != OutcomeOK:
				m.withdraw(func(w *Withdraw) { w.PIN = PINEntry{Wrong: true, Left: d.Left} })
			default:
				m.letIn(now)
			}
		}
	})
}

// own checks a PIN for somebody's own data: it validates nobody.
func (v *Validator) own(ctx context.Context, id domain.PersonID, pin string) (Verdict, error) {
	err := v.flows.Registry.CheckPIN(ctx, id, pin)
	var locked *domain.LockedError
	switch {
	case err == nil:
		return Verdict{Outcome: OutcomeOK}, v.flows.Registry.Clear(ctx, domain.SubjectKiosk)
	case errors.Is(err, domain.ErrWrongPIN):
		d := Verdict{Reason: domain.ReasonWrongPIN}
		if errors.As(err, &locked) {
			d.Outcome, d.Until = OutcomeWait, locked.Until
		}
		if err := v.failKiosk(ctx, &d); err != nil {
			return Verdict{}, err
		}
		l, err := v.flows.Registry.Locked(ctx, domain.SubjectPerson(id))
		if err != nil {
			return Verdict{}, err
		}
		d.Left = max(0, domain.MaxAttempts-l.Failures)
		return d, v.record(ctx, domain.Event{Reason: d.Reason, Person: id}, nil)
	case errors.As(err, &locked):
		return Verdict{Outcome: OutcomeWait, Until: locked.Until}, nil
	}
	return Verdict{}, err
}

// staffForData asks for staff to say who it is.
func (m *Machine) staffForData(now time.Time) {
	m.page(now)
	person := m.flow.wd.person
	m.withdraw(func(w *Withdraw) {
		*w = Withdraw{Step: WithdrawStaff, Staff: m.staffCheck(domain.ReasonConsentWithdraw, person != "")}
	})
	m.aside(func(ctx context.Context) error {
		return m.validator.Note(ctx, Claim{Person: person}, domain.ReasonStaffCalled)
	})
}

// mayChoose lets the person in because staff knows them.
func (m *Machine) mayChoose(who domain.Staff, approve bool, now time.Time) {
	wd := m.flow.wd
	ev := domain.Event{Reason: domain.ReasonStaffRefused, Person: wd.person, Staff: who.ID}
	if !approve {
		m.aside(func(ctx context.Context) error { return m.validator.record(ctx, ev, nil) })
		m.rest(now)
		return
	}
	ev.Reason = domain.ReasonValidatedStaff
	m.page(now)
	m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawWorking} })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		err := m.validator.record(ctx, ev, nil) // before anything is shown
		return func(now time.Time) {
			if err != nil {
				m.failed("approval not recorded", err)
				m.page(now)
				m.withdraw(func(w *Withdraw) { *w = Withdraw{Step: WithdrawFailed} })
				return
			}
			wd.why = domain.ReasonErasedByStaff
			m.letIn(now)
		}
	})
}

func (m *Machine) letIn(now time.Time) {
	m.page(now)
	wd := m.flow.wd
	wd.let = true
	m.withdraw(func(w *Withdraw) {
		*w = Withdraw{Step: WithdrawChoose, Given: wd.profile.Person.GivenName(), HasFace: wd.profile.HasFace}
	})
}

// takeBack does what was confirmed. It is not torn by anything.
func (m *Machine) takeBack(now time.Time) {
	m.page(now)
	wd, choice := *m.flow.wd, m.view.Withdraw.Choice
	m.withdraw(func(w *Withdraw) { w.Step = WithdrawWorking })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		receipt, err := keeper{*m.o.Flows, m.o.Clock}.withdraw(ctx, wd.person, choice, wd.why)
		return func(now time.Time) {
			m.page(now)
			if err != nil {
				m.failed("consent not withdrawn", err)
				m.withdraw(func(w *Withdraw) { w.Step = WithdrawFailed })
				return
			}
			if choice == WithdrawAll && m.proved.person == wd.person {
				m.proved = mark{}
			}
			m.withdraw(func(w *Withdraw) {
				*w = Withdraw{Step: WithdrawDone, Choice: choice, Receipt: receipt}
			})
		}
	})
}

// resumeWithdraw takes up again what works for the page.
func (m *Machine) resumeWithdraw(now time.Time) {
	m.flow.since = now
	if m.view.Withdraw.Step == WithdrawScan {
		m.scanForData(now)
	}
}
