package kiosk

import (
	"context"
	"errors"
	"time"

	"agentid/app/domain"
)

// validation is what a validation holds.
type validation struct {
	claim   Claim
	greet   domain.PersonID // who was greeted when it began
	track   uint64          // under which
	ended   bool            // an outcome was recorded
	gesture bool            // one was asked, and not answered yet
}

// open tells that somebody claimed to be somebody, and it came to no end.
func (v *validation) open() bool { return v.claim.Person != "" && !v.ended }

func (m *Machine) startValidate(now time.Time) {
	v := &validation{greet: m.card.person, track: m.card.track}
	if m.view.State != StateGreeting {
		v.greet = ""
	}
	m.begin(StateValidate, &flow{val: v}, now)
	m.view.Validate = &Validate{}
	m.scan(now)
}

// validate shows another value of the validation.
func (m *Machine) validate(change func(*Validate)) {
	v := *m.view.Validate
	change(&v)
	m.view.Validate = &v
}

// cameraless tells that no picture comes.
func (m *Machine) cameraless() bool {
	return m.o.Flows.Eye == nil || m.view.Status.Camera.Dark() || (m.flow != nil && m.flow.blind)
}

// scan waits for a badge.
func (m *Machine) scan(now time.Time) {
	m.page(now)
	m.flow.val.claim, m.flow.val.ended = Claim{}, false
	m.flow.actor = domain.Actor{ID: domain.ActorVisitor}
	m.validate(func(v *Validate) { *v = Validate{Step: ValidateScan, NoCamera: m.cameraless()} })
	m.read(m.present, func() { m.validate(func(v *Validate) { v.Unreadable = true }) },
		func() { m.validate(func(v *Validate) { v.NoCamera = true }) })
}

// read looks for codes in the picture, and hands over what it found or tells
// that something like one cannot be read; blind, that none will be.
func (m *Machine) read(found func(text string, now time.Time), unreadable, blind func()) {
	if m.o.Flows.Eye == nil {
		return
	}
	m.work(func(ctx context.Context, j *job) func(time.Time) {
		err := m.o.Flows.Eye.Scan(ctx, func(text string) {
			m.during(j, func(now time.Time) {
				if text == "" {
					unreadable()
				} else {
					found(text, now)
				}
			})
		})
		if err != nil && ctx.Err() == nil {
			if !errors.Is(err, ErrNoEye) { // which is told where the camera is
				m.failed("no codes read", err)
			}
			return func(time.Time) {
				m.flow.blind = true
				blind()
			}
		}
		return nil
	})
}

func (m *Machine) actValidate(a Action, now time.Time) {
	v := m.view.Validate
	switch a := a.(type) {
	case StepBack, Cancel:
		switch {
		case m.busy():
		case v.Step == ValidateScan, v.Step == ValidateResult:
			m.abandon(domain.ReasonCancelled, now)
		case v.Step == ValidateStaff && v.Staff.Step == StaffSignIn:
			m.notStaff()
		default:
			m.scanAgain(now)
		}
	case Finish:
		if v.Step == ValidateResult || v.Step == ValidateStaff {
			m.abandon(domain.ReasonCancelled, now)
		}
	case Scanned:
		switch v.Step {
		case ValidateScan:
			m.present(a.Text, now)
		case ValidateStaff:
			m.actStaff(a, now)
		}
	case NoBadge:
		if v.Step == ValidateScan {
			m.withoutBadge(now)
		}
	case UsePIN:
		if v.CanPIN && (v.Step == ValidateLook || v.Step == ValidateResult) {
			m.toTry(now)
		}
	case EnterPIN:
		if v.Step == ValidatePIN && !v.PIN.Busy && len(a.PIN) <= 64 {
			m.try(a.PIN)
		}
	case Retry:
		if v.Step == ValidateResult && v.CanRetry {
			m.scanAgain(now)
		}
	case ForgotPIN, CallStaff:
		if v.Step != ValidateWorking && v.Step != ValidateStaff && !v.PIN.Busy {
			m.callStaff(domain.ReasonStaffCalled, now)
		}
	case StaffHere, StaffPIN, TypeLogin, StaffVerdict:
		if v.Step == ValidateStaff {
			m.actStaff(a, now)
		}
	}
}

// scanAgain gives a claim up and begins with another badge.
func (m *Machine) scanAgain(now time.Time) {
	if v := m.flow.val; v.open() {
		claim := v.claim
		m.aside(func(ctx context.Context) error { return m.validator.Note(ctx, claim, domain.ReasonCancelled) })
	}
	m.scan(now)
}

// judge does a step of the validator's and shows its verdict. next goes on where
// the ladder does.
func (m *Machine) judge(do func(ctx context.Context) (Verdict, error), next func(d Verdict, now time.Time)) {
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		d, err := do(ctx)
		if err != nil {
			m.failed("validation step failed", err)
			d = Verdict{Outcome: OutcomeError}
		}
		return func(now time.Time) {
			if d.Outcome == "" {
				next(d, now)
				return
			}
			if d.claim.Person != "" { // whom staff may still let through
				m.flow.val.claim = d.claim
			}
			m.result(d, now)
		}
	})
}

// present takes a text that was read.
func (m *Machine) present(text string, now time.Time) {
	if text == "" || len(text) > maxScan {
		return
	}
	since := m.flow.since
	m.page(now)
	m.validate(func(v *Validate) { v.Found = true })
	var claim Claim
	var tok Token
	foreign := false
	m.judge(func(ctx context.Context) (d Verdict, err error) {
		claim, tok, d, err = m.validator.Present(ctx, text)
		if d.Reason == domain.ReasonLocked || d.Reason == domain.ReasonBadgeExpired {
			d.claim = claim
		}
		if errors.Is(err, ErrForeign) {
			foreign, err = true, nil
		}
		return d, err
	}, func(_ Verdict, now time.Time) {
		switch {
		case foreign:
			m.scan(now)
			m.flow.since = since // a poster on the wall is nobody's sign of life
			m.validate(func(v *Validate) { v.Unreadable = true })
		case tok.Receipt:
			m.startWithdraw(text, now)
		default:
			m.claimed(claim, now)
		}
	})
}

// maxScan bounds what a scanner hands over.
const maxScan = 512

// claimed goes on with the best way that there is.
func (m *Machine) claimed(c Claim, now time.Time) {
	m.flow.val.claim = c
	switch {
	case c.Profile.HasFace && m.canSee():
		m.look(now)
	case c.Profile.HasPIN:
		m.toTry(now)
	default:
		m.callStaff(domain.ReasonStaffCalled, now)
	}
}

// look compares the face.
func (m *Machine) look(now time.Time) {
	m.page(now)
	m.validate(func(v *Validate) {
		c := m.flow.val.claim
		*v = Validate{
			Step: ValidateLook, Face: FaceProgress{Guide: domain.GuideStart}, NoCode: c.Badge == "", CanPIN: c.canPIN(),
		}
	})
	val, claim := m.flow.val, m.flow.val.claim
	m.work(func(ctx context.Context, j *job) func(time.Time) {
		seen, err := m.o.Flows.Eye.Verify(ctx, claim.Person, func(p FaceProgress) {
			m.during(j, func(time.Time) {
				val.gesture = val.gesture || isGesture(p.Guide)
				m.validate(func(v *Validate) { v.Face = p })
			})
		})
		return func(now time.Time) {
			val.gesture = false
			switch {
			case errors.Is(err, ErrNoEye), errors.Is(err, domain.ErrNotFound):
				if claim.canPIN() { // the same ladder, its next step
					m.toTry(now)
				} else {
					m.callStaff(domain.ReasonStaffCalled, now)
				}
				return
			case err != nil:
				m.failed("face not compared", err)
				m.result(Verdict{Outcome: OutcomeError}, now)
				return
			}
			m.working(now)
			m.judge(func(ctx context.Context) (Verdict, error) {
				return m.validator.Face(ctx, &claim, seen)
			}, func(d Verdict, now time.Time) {
				m.flow.val.claim = claim
				m.toTry(now)
			})
		}
	})
}

func isGesture(g domain.Guide) bool {
	return g == domain.GuideBlink || g == domain.GuideTurnLeft || g == domain.GuideTurnRight
}

// leaveGesture counts it that a gesture was asked and left unanswered: who could
// have another drawn for nothing would, until it is one that they have a film of.
func (m *Machine) leaveGesture() {
	v := m.flow.val
	if v == nil || !v.gesture {
		return
	}
	v.gesture = false
	claim := v.claim
	left := Verified{Reason: domain.ReasonNotLive, Evidence: Evidence{LivenessReason: "gesture_left"}}
	m.aside(func(ctx context.Context) error {
		_, err := m.validator.Face(ctx, &claim, left)
		return err
	})
}

// working shows that something is being looked up or recorded.
func (m *Machine) working(now time.Time) {
	m.flow.since = now
	m.validate(func(v *Validate) { v.Step = ValidateWorking })
}

// withoutBadge compares the face of somebody who is known by it, and then asks
// their PIN; staff for everybody else.
func (m *Machine) withoutBadge(now time.Time) {
	who := m.standing(now)
	if who == "" {
		m.callStaff(domain.ReasonStaffCalled, now)
		return
	}
	m.page(now)
	m.working(now)
	var claim Claim
	m.judge(func(ctx context.Context) (d Verdict, err error) {
		claim, d, err = m.validator.Greeted(ctx, who)
		return d, err
	}, func(_ Verdict, now time.Time) {
		m.flow.val.claim = claim
		if claim.Profile.HasPIN && claim.Profile.HasFace && m.canSee() {
			m.look(now)
		} else {
			m.callStaff(domain.ReasonStaffCalled, now)
		}
	})
}

// standing is who stands before the kiosk, as far as their face is known: the
// nearest, or who was greeted while nobody else is: nobody behind them or gone.
func (m *Machine) standing(now time.Time) domain.PersonID {
	v := m.flow.val
	if len(m.scene.Faces) == 0 {
		if now.Sub(m.presence) > TimeoutGone {
			return ""
		}
		return v.greet
	}
	switch f := m.scene.Faces[0]; {
	case f.State == domain.FaceKnown:
		return f.Person
	case f.State != domain.FaceUnknown && f.Track == v.track:
		return v.greet
	}
	return ""
}

// toTry asks for the PIN.
func (m *Machine) toTry(now time.Time) {
	m.page(now)
	m.flow.val.ended = false
	if !m.flow.val.claim.Profile.HasPIN {
		m.callStaff(domain.ReasonStaffCalled, now)
		return
	}
	m.validate(func(v *Validate) { *v = Validate{Step: ValidatePIN} })
}

func (m *Machine) try(pin string) {
	claim := m.flow.val.claim
	m.validate(func(v *Validate) { v.PIN = PINEntry{Busy: true} })
	m.judge(func(ctx context.Context) (Verdict, error) { return m.validator.PIN(ctx, claim, pin) },
		func(d Verdict, now time.Time) {
			m.flow.since = now
			m.validate(func(v *Validate) { v.PIN = PINEntry{Wrong: true, Left: d.Left} })
		})
}

// callStaff asks for a person, and records it.
func (m *Machine) callStaff(about domain.Reason, now time.Time) {
	m.page(now)
	claim := m.flow.val.claim
	m.validate(func(v *Validate) {
		*v = Validate{Step: ValidateStaff, Staff: m.staffCheck(about, claim.Person != "")}
	})
	m.aside(func(ctx context.Context) error { return m.validator.Note(ctx, claim, domain.ReasonStaffCalled) })
}

// approved records what staff decided.
func (m *Machine) approved(who domain.Staff, approve bool, now time.Time) {
	claim := m.flow.val.claim
	m.working(now)
	m.judge(func(ctx context.Context) (Verdict, error) { return m.validator.Staff(ctx, claim, who, approve) },
		func(Verdict, time.Time) {})
}

// result tells how it ended.
func (m *Machine) result(d Verdict, now time.Time) {
	m.page(now)
	val := m.flow.val
	p := val.claim.Profile
	canPIN := val.claim.canPIN()
	val.ended = true
	m.validate(func(v *Validate) {
		*v = Validate{
			Step: ValidateResult, Outcome: d.Outcome, Until: d.Until,
			CanRetry: d.Outcome == OutcomeNo || d.Outcome == OutcomeOther || d.Outcome == OutcomeError,
			CanPIN:   (d.Outcome == OutcomeNo || d.Outcome == OutcomeOther) && canPIN && d.Reason != domain.ReasonStaffRefused,
		}
		if d.Outcome == OutcomeOK {
			v.Given = p.Person.GivenName()
			m.prove(val.claim.Person, now)
		}
	})
}

// resumeValidate takes up again what works for the page.
func (m *Machine) resumeValidate(now time.Time) {
	m.flow.since = now
	switch m.view.Validate.Step {
	case ValidateScan:
		m.scan(now)
	case ValidateLook:
		m.look(now)
	}
}
