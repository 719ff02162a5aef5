package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"agentid/app/domain"
)

// registrar does the parts of a registration that touch the store.
type registrar struct {
	flows Flows
	clock domain.Clock
	log   *slog.Logger
}

// application is what a visitor asked to register with.
type application struct {
	data     PersonData
	lang     domain.Lang // in which consent was given
	consent  ConsentShown
	hash     string // of its text
	granted  []domain.Purpose
	refused  []domain.Purpose
	captured Captured
	// lookalike is somebody that staff said is another person: both need a
	// second factor from then on.
	lookalike domain.PersonID
}

// faceGranted tells whether a template may be kept.
func (a application) faceGranted() bool { return slices.Contains(a.granted, domain.PurposeFace) }

// duplicate finds whom this may be a second registration of, and how it shows.
func (r registrar) duplicate(ctx context.Context, a application) (domain.PersonID, domain.Reason, error) {
	id, err := r.flows.Registry.ByDocument(ctx, a.data.Document)
	switch {
	case err == nil:
		return id, domain.ReasonDuplicateDocument, nil
	case !errors.Is(err, domain.ErrNotFound):
		return "", "", fmt.Errorf("look for the document: %w", err)
	}
	if a.captured.Duplicate != "" && a.captured.Duplicate != a.lookalike {
		return a.captured.Duplicate, domain.ReasonDuplicateFace, nil
	}
	return "", "", nil
}

// note records what staff is to know of a registration.
func (r registrar) note(ctx context.Context, person domain.PersonID, why domain.Reason, staff domain.StaffID, seen Evidence) error {
	ev := domain.Event{Kind: domain.EventRegistration, Reason: why, At: r.clock.Now(), Person: person, Staff: staff}
	seen.Into(&ev)
	if _, err := r.flows.Events.Record(ctx, ev, nil); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// save stores the registration whole, and gives what the visitor takes along.
// domain.ErrDuplicateDocument where another kiosk or window was faster.
func (r registrar) save(ctx context.Context, a application, pin string) (domain.Badge, BadgeShown, error) {
	now := r.clock.Now()
	valid := r.flows.BadgeValidity
	if valid <= 0 {
		valid = 365 * 24 * time.Hour
	}
	person := domain.Person{ID: domain.PersonID(r.flows.NewID()), Name: a.data.Name, CreatedAt: now}
	e := domain.Enrolment{
		Person: person, Document: a.data.Document, Contact: a.data.Contact, PIN: pin,
		Consent: domain.Consent{
			ID: r.flows.NewID(), Person: person.ID, Version: a.consent.Version, TextSHA256: a.hash, Lang: a.lang,
			Granted: a.granted, Refused: a.refused, Method: "kiosk_touch", DeviceID: r.flows.DeviceID, At: now,
		},
		Badge: domain.Badge{
			ID: domain.BadgeID(r.flows.NewID()), Person: person.ID, NotBefore: now.Truncate(time.Second),
			Expires: now.Truncate(time.Second).Add(valid), Templates: 1,
		},
	}
	if a.faceGranted() {
		for _, t := range a.captured.Templates {
			t.ID, t.PersonID, t.CreatedAt = r.flows.NewID(), person.ID, now
			e.Templates = append(e.Templates, t)
		}
	}
	// The codes first: nobody is stored who could not be given a badge.
	badge, err := r.flows.Badges.Badge(e.Badge)
	if err != nil {
		return domain.Badge{}, BadgeShown{}, fmt.Errorf("badge: %w", err)
	}
	receipt, err := r.flows.Badges.Receipt(e.Consent)
	if err != nil {
		return domain.Badge{}, BadgeShown{}, fmt.Errorf("receipt: %w", err)
	}
	// Nor does anybody join one who looks the same before that one is asked for
	// more than a face; erased meanwhile, they are no more.
	if a.lookalike != "" {
		err := r.flows.Registry.NeedSecondFactor(ctx, a.lookalike)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return domain.Badge{}, BadgeShown{}, fmt.Errorf("second factor: %w", err)
		}
	}
	if err := r.flows.Registry.Enrol(ctx, e); err != nil {
		return domain.Badge{}, BadgeShown{}, fmt.Errorf("enrol: %w", err)
	}
	if a.lookalike != "" {
		if err := r.flows.Registry.NeedSecondFactor(ctx, person.ID); err != nil {
			r.log.Error("second factor not asked from now on", slog.String("error", err.Error()))
		}
	}
	shown := BadgeShown{
		Given: person.GivenName(), Expires: e.Badge.Expires, Badge: badge, Receipt: receipt,
		Showing: CodeBadge, WithFace: len(e.Templates) > 0,
	}
	if r.flows.Printer != nil {
		shown.Printing = PrintReady
	}
	return e.Badge, shown, nil
}

// keeper looks after what somebody may do with their own data.
type keeper struct {
	flows Flows
	clock domain.Clock
}

// mayWithdraw tells whether a receipt still stands for a consent.
func mayWithdraw(p domain.Profile, receipt Token) bool {
	for _, c := range p.Consents {
		if c.ID == receipt.Consent {
			return c.WithdrawnAt.IsZero() && !receipt.late(c.At)
		}
	}
	return false
}

// withdraw takes back what was chosen. The receipt is of an erasure alone.
func (k keeper) withdraw(ctx context.Context, id domain.PersonID, c WithdrawChoice, why domain.Reason) (*domain.ErasureReceipt, error) {
	switch c {
	case WithdrawFace:
		if err := k.flows.Registry.Withdraw(ctx, id, domain.PurposeFace, k.clock.Now()); err != nil {
			return nil, fmt.Errorf("withdraw: %w", err)
		}
		return nil, nil
	case WithdrawAll:
		r, err := k.flows.Registry.EraseIdentity(ctx, id, why, k.clock.Now())
		if err != nil {
			return nil, fmt.Errorf("erase: %w", err)
		}
		return &r, nil
	}
	return nil, fmt.Errorf("withdraw %q: not a choice", c)
}
