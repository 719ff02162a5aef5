package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"agentid/app/domain"
)

// Validator decides who somebody is, by the ladder: badge and face, badge and
// PIN, staff. Every step is an event; nothing is answered before its event is on
// disk. It knows no screen, and is safe for concurrent use.
type Validator struct {
	flows Flows
	clock domain.Clock
	log   *slog.Logger
}

// NewValidator makes a validator.
func NewValidator(f Flows, clock domain.Clock, log *slog.Logger) *Validator {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Validator{flows: f, clock: clock, log: log}
}

// Claim is who somebody says they are, by a badge or by a face alone.
type Claim struct {
	Person  domain.PersonID
	Badge   domain.BadgeID // "" where the face alone says it
	Profile domain.Profile
	// Face is the comparison that a PIN is still asked beside.
	Face *Verified
}

// canPIN tells that a PIN is a way on: beside a badge, or a face that was
// compared. Beside nothing it would be tried for whoever is greeted.
func (c Claim) canPIN() bool { return c.Profile.HasPIN && (c.Badge != "" || c.Face != nil) }

// Verdict is the answer to a step.
type Verdict struct {
	Outcome Outcome // "" while the ladder goes on
	Reason  domain.Reason
	// NeedPIN asks the PIN beside what was shown.
	NeedPIN bool
	Left    int       // tries left, after a wrong PIN
	Until   time.Time // OutcomeWait

	claim Claim // whose it is, where no more is to be had by themselves
}

// Present reads what was shown. A token that is a receipt is returned for
// withdrawal, with an empty verdict. ErrForeign is no attempt of anybody's.
func (v *Validator) Present(ctx context.Context, text string) (Claim, Token, Verdict, error) {
	if until, err := v.locked(ctx, domain.SubjectKiosk); err != nil || !until.IsZero() {
		return v.closed(ctx, Claim{}, until, err)
	}
	tok, err := v.flows.Badges.Read(text)
	if errors.Is(err, ErrForeign) {
		return Claim{}, Token{}, Verdict{}, err
	}
	c := Claim{Person: tok.Person, Badge: tok.Badge}
	if err != nil {
		return v.refuse(ctx, c, tok, v.flows.Badges.Refusal(err))
	}
	if tok.Receipt {
		return c, tok, Verdict{}, nil
	}
	b, err := v.flows.Registry.Badge(ctx, tok.Badge)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return v.refuse(ctx, c, tok, domain.ReasonBadgeUnknown)
	case err != nil:
		return c, tok, Verdict{}, fmt.Errorf("badge: %w", err)
	case b.Person != tok.Person:
		return v.refuse(ctx, c, tok, domain.ReasonBadgeForged)
	case !b.RevokedAt.IsZero():
		return v.refuse(ctx, c, tok, domain.ReasonBadgeRevoked)
	case tok.late(b.NotBefore): // signed, but no more by one whose signature counts
		return v.refuse(ctx, c, tok, domain.ReasonBadgeUnknown)
	case v.over(b): // whatever who holds a key writes into a token
		return v.refuse(ctx, c, tok, domain.ReasonBadgeExpired)
	}
	if until, err := v.locked(ctx, domain.SubjectPerson(c.Person)); err != nil || !until.IsZero() {
		return v.closed(ctx, c, until, err)
	}
	if c.Profile, err = v.flows.Registry.Profile(ctx, c.Person); err != nil {
		if errors.Is(err, domain.ErrNotFound) {
			return v.refuse(ctx, c, tok, domain.ReasonBadgeUnknown)
		}
		return c, tok, Verdict{}, fmt.Errorf("profile: %w", err)
	}
	return c, tok, Verdict{}, nil
}

// over tells of a badge that it has expired, as it was issued.
func (v *Validator) over(b domain.Badge) bool {
	return !v.clock.Now().Before(b.Expires.Add(domain.BadgeSkew))
}

// Greeted makes a claim of somebody recognised among all, which alone proves
// nothing.
func (v *Validator) Greeted(ctx context.Context, id domain.PersonID) (Claim, Verdict, error) {
	c := Claim{Person: id}
	if until, err := v.lockedFor(ctx, id); err != nil || !until.IsZero() {
		_, _, d, err := v.closed(ctx, c, until, err)
		return c, d, err
	}
	p, err := v.flows.Registry.Profile(ctx, id)
	if err != nil {
		return c, Verdict{}, fmt.Errorf("profile: %w", err)
	}
	c.Profile = p
	return c, Verdict{}, nil
}

// refuse records why a badge is none. It is nobody's attempt: a signature cannot
// be guessed, and a false code on the wall must not close the kiosk.
func (v *Validator) refuse(ctx context.Context, c Claim, tok Token, why domain.Reason) (Claim, Token, Verdict, error) {
	d := Verdict{Outcome: OutcomeNo, Reason: why}
	ev := domain.Event{Reason: why, Badge: c.Badge}
	if why != domain.ReasonBadgeForged && why != domain.ReasonBadgeUnknown {
		ev.Person = c.Person // what a forger wrote says nothing of anybody
	}
	return c, tok, d, v.record(ctx, ev, nil)
}

func (v *Validator) closed(ctx context.Context, c Claim, until time.Time, err error) (Claim, Token, Verdict, error) {
	if err != nil {
		return c, Token{}, Verdict{}, err
	}
	d := Verdict{Outcome: OutcomeWait, Reason: domain.ReasonLocked, Until: until}
	return c, Token{}, d, v.record(ctx, domain.Event{Reason: domain.ReasonLocked, Person: c.Person, Badge: c.Badge}, nil)
}

// Face judges a comparison with the person of the claim, which it may extend.
func (v *Validator) Face(ctx context.Context, c *Claim, seen Verified) (Verdict, error) {
	ev := domain.Event{Reason: seen.Reason, Person: c.Person, Badge: c.Badge}
	seen.Evidence.Into(&ev)
	d := Verdict{Reason: seen.Reason}
	switch seen.Reason {
	case domain.ReasonRecognised:
		// Attempts may have been closed since the badge was shown.
		if until, err := v.lockedFor(ctx, c.Person); err != nil || !until.IsZero() {
			_, _, d, err := v.closed(ctx, *c, until, err)
			return d, err
		}
		if c.Badge == "" || c.Profile.SecondFactor {
			c.Face = &seen
			d.NeedPIN = true
			return d, nil // the event comes with the PIN
		}
		ev.Reason = domain.ReasonValidatedFace
		return v.accept(ctx, *c, ev, seen.Snapshot)
	case domain.ReasonWrongFace, domain.ReasonNotLive:
		d.Outcome = OutcomeNo
		if seen.Reason == domain.ReasonNotLive {
			d.Outcome = OutcomeOther
		}
		who := *c
		if c.Badge == "" { // they showed nothing: it was the kiosk that took somebody for them
			who = Claim{}
		}
		if err := v.fail(ctx, who, &d); err != nil {
			return Verdict{}, err
		}
	default: // not read: nobody's failure
		d.Outcome = OutcomeOther
	}
	return d, v.record(ctx, ev, nil) // a stranger's face is not kept
}

// PIN judges a PIN beside the badge, or beside the face that was compared;
// domain.ErrNotAllowed beside neither.
func (v *Validator) PIN(ctx context.Context, c Claim, pin string) (Verdict, error) {
	if c.Badge == "" && c.Face == nil {
		return Verdict{}, domain.ErrNotAllowed
	}
	ev := domain.Event{Person: c.Person, Badge: c.Badge}
	if until, err := v.locked(ctx, domain.SubjectKiosk); err != nil || !until.IsZero() {
		_, _, d, err := v.closed(ctx, c, until, err)
		return d, err
	}
	err := v.flows.Registry.CheckPIN(ctx, c.Person, pin)
	var locked *domain.LockedError
	switch {
	case err == nil:
		ev.Reason = domain.ReasonValidatedPIN
		if c.Badge == "" {
			ev.Reason = domain.ReasonValidatedFacePIN
		}
		var picture []byte
		if c.Face != nil {
			c.Face.Evidence.Into(&ev)
			picture = c.Face.Snapshot
			if c.Badge != "" {
				ev.Reason = domain.ReasonValidatedAll
			}
		}
		return v.accept(ctx, c, ev, picture)
	case errors.Is(err, domain.ErrWrongPIN):
		d := Verdict{Reason: domain.ReasonWrongPIN}
		if errors.As(err, &locked) {
			d.Outcome, d.Until = OutcomeWait, locked.Until
		}
		if err := v.failKiosk(ctx, &d); err != nil {
			return Verdict{}, err
		}
		l, err := v.flows.Registry.Locked(ctx, domain.SubjectPerson(c.Person))
		if err != nil {
			return Verdict{}, fmt.Errorf("attempts: %w", err)
		}
		d.Left = max(0, domain.MaxAttempts-l.Failures)
		ev.Reason = domain.ReasonWrongPIN
		return d, v.record(ctx, ev, nil)
	case errors.As(err, &locked):
		_, _, d, err := v.closed(ctx, c, locked.Until, nil)
		return d, err
	}
	return Verdict{}, fmt.Errorf("pin: %w", err)
}

// Staff records what a member of staff decided. Without an approval there is
// none that the kiosk could give.
func (v *Validator) Staff(ctx context.Context, c Claim, s domain.Staff, approve bool) (Verdict, error) {
	ev := domain.Event{Reason: domain.ReasonStaffRefused, Person: c.Person, Badge: c.Badge, Staff: s.ID}
	if !approve {
		return Verdict{Outcome: OutcomeNo, Reason: ev.Reason}, v.record(ctx, ev, nil)
	}
	if !mayApprove(s.Role) || c.Person == "" {
		return Verdict{}, domain.ErrNotAllowed
	}
	ev.Reason = domain.ReasonValidatedStaff
	return v.accept(ctx, c, ev, nil)
}

func mayApprove(r domain.Role) bool { return r == domain.RoleStaff || r == domain.RoleAdmin }

// Note records a step that decides nothing: staff was called, the visitor left.
func (v *Validator) Note(ctx context.Context, c Claim, why domain.Reason) error {
	return v.record(ctx, domain.Event{Reason: why, Person: c.Person, Badge: c.Badge}, nil)
}

// accept opens attempts again and records the success; only then it is one.
func (v *Validator) accept(ctx context.Context, c Claim, ev domain.Event, picture []byte) (Verdict, error) {
	if !allows(c.Profile, domain.PurposeFace) {
		picture = nil
	}
	if err := v.record(ctx, ev, picture); err != nil {
		return Verdict{}, err
	}
	// The success stands, whatever becomes of the counts.
	for _, subject := range []string{domain.SubjectPerson(c.Person), domain.SubjectKiosk} {
		if err := v.flows.Registry.Clear(ctx, subject); err != nil {
			v.log.Error("attempts not cleared", slog.String("error", err.Error()))
		}
	}
	return Verdict{Outcome: OutcomeOK, Reason: ev.Reason}, nil
}

// allows tells whether somebody's newest consent holds for a purpose.
func allows(p domain.Profile, purpose domain.Purpose) bool {
	var newest domain.Consent
	for _, c := range p.Consents {
		if !c.At.Before(newest.At) {
			newest = c
		}
	}
	return newest.Allows(purpose)
}

// fail counts a failure for the person of the claim, if any, and the kiosk.
func (v *Validator) fail(ctx context.Context, c Claim, d *Verdict) error {
	if c.Person != "" {
		l, err := v.flows.Registry.Fail(ctx, domain.SubjectPerson(c.Person))
		if err != nil {
			return fmt.Errorf("attempts: %w", err)
		}
		d.shut(l)
	}
	return v.failKiosk(ctx, d)
}

func (v *Validator) failKiosk(ctx context.Context, d *Verdict) error {
	l, err := v.flows.Registry.Fail(ctx, domain.SubjectKiosk)
	if err != nil {
		return fmt.Errorf("attempts: %w", err)
	}
	d.shut(l)
	return nil
}

// shut takes a lock into the verdict; the longest counts.
func (d *Verdict) shut(l domain.Lock) {
	if !l.Until.IsZero() {
		d.Outcome = OutcomeWait
		d.Until = latest(d.Until, l.Until)
	}
}

func (v *Validator) locked(ctx context.Context, subject string) (time.Time, error) {
	l, err := v.flows.Registry.Locked(ctx, subject)
	if err != nil {
		return time.Time{}, fmt.Errorf("attempts: %w", err)
	}
	return l.Until, nil
}

// lockedFor is until when attempts are closed of a person or of the kiosk.
func (v *Validator) lockedFor(ctx context.Context, id domain.PersonID) (until time.Time, err error) {
	for _, subject := range []string{domain.SubjectKiosk, domain.SubjectPerson(id)} {
		t, err := v.locked(ctx, subject)
		if err != nil {
			return until, err
		}
		until = latest(until, t)
	}
	return until, nil
}

func (v *Validator) record(ctx context.Context, ev domain.Event, picture []byte) error {
	ev.Kind, ev.At = domain.EventValidation, v.clock.Now()
	_, err := v.flows.Events.Record(ctx, ev, picture)
	if err != nil && picture != nil && ctx.Err() == nil { // the event matters more than its picture
		_, err = v.flows.Events.Record(ctx, ev, nil)
	}
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
