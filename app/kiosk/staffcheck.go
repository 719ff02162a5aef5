package kiosk

import (
	"context"
	"errors"
	"time"

	"agentid/app/domain"
)

// staffCheck asks for a member of staff, who is only called where none can
// sign in here.
func (m *Machine) staffCheck(about domain.Reason, canApprove bool) *StaffCheck {
	return &StaffCheck{Step: StaffCalled, About: about, CanApprove: canApprove && m.o.Flows.Staff != nil}
}

// staffView is the check on the screen, whichever flow it is in.
func (m *Machine) staffView() *StaffCheck {
	switch m.view.State {
	case StateRegister:
		return m.view.Register.Staff
	case StateValidate:
		return m.view.Validate.Staff
	case StateWithdraw:
		return m.view.Withdraw.Staff
	}
	return nil
}

// check shows another value of the check.
func (m *Machine) check(change func(*StaffCheck)) {
	s := m.staffView()
	if s == nil {
		return
	}
	c := *s
	change(&c)
	switch m.view.State {
	case StateRegister:
		m.register(func(r *Register) { r.Staff = &c })
	case StateValidate:
		m.validate(func(v *Validate) { v.Staff = &c })
	case StateWithdraw:
		m.withdraw(func(w *Withdraw) { w.Staff = &c })
	}
}

func (m *Machine) actStaff(a Action, now time.Time) {
	s := m.staffView()
	if s == nil || m.o.Flows.Staff == nil {
		return
	}
	switch a := a.(type) {
	case StaffHere:
		if s.Step == StaffCalled && s.CanApprove {
			m.flow.since = now
			m.check(func(c *StaffCheck) { c.Step = StaffSignIn })
			m.awaitBadge()
		}
	case Scanned:
		m.staffShown(a.Text, now)
	case TypeLogin:
		m.typeLogin(now)
	case StaffPIN:
		if s.Step == StaffSignIn && !s.PIN.Busy {
			m.signIn(a)
		}
	case StaffVerdict:
		if s.Step == StaffDecide && m.flow.staff != nil {
			m.verdict(a.Approve)
		}
	}
}

// notStaff goes back from the sign-in to where staff were called.
func (m *Machine) notStaff() {
	m.stopJob()
	m.flow.pass = nil
	m.check(func(c *StaffCheck) { c.Step, c.PIN, c.Badge = StaffCalled, PINEntry{}, BadgeNone })
}

// signIn checks login or badge, and PIN, and shows whom it is about.
func (m *Machine) signIn(a StaffPIN) {
	claim := m.claimedStaff(a.Login)
	m.check(func(c *StaffCheck) { c.PIN = PINEntry{Busy: true} })
	about := m.staffSubject()
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		who, until, err := m.validator.signIn(ctx, claim, a.PIN, about)
		var p domain.Profile
		if err == nil && until.IsZero() && about != "" {
			p, err = m.o.Flows.Registry.Profile(ctx, about)
		}
		if err != nil {
			m.failed("staff not signed in", err)
		}
		return func(now time.Time) {
			m.flow.since = now
			m.check(func(c *StaffCheck) {
				c.PIN = PINEntry{Wrong: err != nil, Until: until}
				if err == nil && until.IsZero() {
					m.flow.staff = &who
					m.flow.pass = nil
					c.Step, c.Name, c.DocumentTail = StaffDecide, p.Person.Name, tail(p.Document)
				}
			})
			if m.flow.staff == nil {
				m.goOnLooking()
			}
		}
	})
}

// signIn tells who a member of staff is that may approve; until is when
// attempts open again where they are closed.
func (v *Validator) signIn(ctx context.Context, claim staffClaim, pin string, about domain.PersonID) (who domain.Staff, until time.Time, err error) {
	who, until, err = v.staffSignIn(ctx, claim, pin, about)
	if err == nil && until.IsZero() && !mayApprove(who.Role) {
		err = domain.ErrNotAllowed
	}
	return who, until, err
}

// staffSignIn tells who a member of staff is, of whatever role. Logins have
// attempts of their own, also those that there are not: a kiosk that is closed
// to visitors is not closed to those who could open it.
func (v *Validator) staffSignIn(ctx context.Context, claim staffClaim, pin string, about domain.PersonID) (who domain.Staff, until time.Time, err error) {
	if b := claim.badge; b != nil {
		who, err = v.flows.StaffBadges.SignInBadge(ctx, b.Badge, b.Staff, pin)
	} else {
		who, err = v.flows.Staff.SignIn(ctx, claim.login, pin)
	}
	var locked *domain.LockedError
	switch {
	case err == nil:
		return who, until, nil
	case errors.As(err, &locked):
		until = locked.Until
	case !errors.Is(err, domain.ErrStaffWrongPIN): // it was not compared: nobody's failure
		return who, until, err
	}
	if rerr := v.Note(ctx, Claim{Person: about}, domain.ReasonStaffWrongPIN); rerr != nil {
		return who, until, rerr
	}
	if !until.IsZero() {
		return who, until, nil
	}
	return who, until, err
}

// tail is enough of a document's number to compare, and too little to copy.
func tail(document string) string {
	return document[max(0, len(document)-4):]
}

// staffSubject is whom staff decides about; "" nobody known.
func (m *Machine) staffSubject() domain.PersonID {
	switch f := m.flow; {
	case f.reg != nil:
		return f.reg.duplicate
	case f.val != nil:
		return f.val.claim.Person
	case f.wd != nil:
		return f.wd.person
	}
	return ""
}

// verdict does what staff decided, if they still may: the account may have been
// closed since they signed in. Whoever may not is asked to sign in again.
func (m *Machine) verdict(approve bool) {
	who := *m.flow.staff
	m.flow.staff = nil
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		err := stillMay(ctx, m.o.Flows.Staff, who)
		if err != nil {
			m.failed("verdict of staff not taken", err)
		}
		return func(now time.Time) {
			if err == nil {
				m.decided(who, approve, now)
				return
			}
			m.flow.since = now
			m.check(func(c *StaffCheck) {
				*c = StaffCheck{Step: StaffSignIn, About: c.About, CanApprove: c.CanApprove, PIN: PINEntry{Wrong: true}}
			})
			m.awaitBadge()
		}
	})
}

func (m *Machine) decided(who domain.Staff, approve bool, now time.Time) {
	f := m.flow
	// What follows is done in their name: for one's own data, all of it.
	f.actor = domain.StaffActor(who)
	switch {
	case f.reg != nil:
		m.lookalike(who, approve, now)
	case f.val != nil:
		m.approved(who, approve, now)
	case f.wd != nil:
		m.mayChoose(who, approve, now)
	}
}

// lookalike goes on with a registration that looked like a second one of
// somebody, or ends it.
func (m *Machine) lookalike(who domain.Staff, approve bool, now time.Time) {
	reg, seen := m.flow.reg, m.flow.reg.app.captured.Evidence
	other, why := reg.duplicate, domain.ReasonStaffRefused
	if approve {
		why = domain.ReasonDuplicateFace
	}
	m.aside(func(ctx context.Context) error { return m.registrar().note(ctx, other, why, who.ID, seen) })
	if !approve {
		m.rest(now)
		return
	}
	reg.app.lookalike = other
	m.flow.actor = domain.Actor{ID: domain.ActorVisitor} // the visitor goes on
	m.toPIN(now)
}
