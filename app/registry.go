package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/store"
)

// registry is the store's, and what else hangs on who is registered: the
// gallery in memory, and cards that were kept as files.
type registry struct {
	domain.Registry
	// gone and joined tell the gallery of somebody to forget or to take in, at
	// once; may be nil.
	gone   func(domain.PersonID)
	joined func()
	cards  *badge.Folder // nil where none are kept
	log    *slog.Logger
}

// Enrol implements domain.Registry.
func (r registry) Enrol(ctx context.Context, e domain.Enrolment) error {
	if err := r.Registry.Enrol(ctx, e); err != nil {
		return err
	}
	if r.joined != nil {
		r.joined()
	}
	return nil
}

// Withdraw implements domain.Registry.
func (r registry) Withdraw(ctx context.Context, id domain.PersonID, p domain.Purpose, at time.Time) error {
	err := r.done(r.Registry.Withdraw(ctx, id, p, at))
	if err == nil {
		r.forget(id)
	}
	return err
}

// EraseIdentity implements domain.Registry. With the person go their cards.
func (r registry) EraseIdentity(ctx context.Context, id domain.PersonID, why domain.Reason, at time.Time) (domain.ErasureReceipt, error) {
	var badges []domain.Badge
	if r.cards != nil {
		p, err := r.Profile(ctx, id)
		if err != nil && !errors.Is(err, domain.ErrNotFound) { // erased already: asked again
			return domain.ErasureReceipt{}, err
		}
		badges = p.Badges
	}
	receipt, err := r.Registry.EraseIdentity(ctx, id, why, at)
	if err = r.done(err); err != nil {
		return receipt, err
	}
	r.forget(id)
	r.removeCards(badges)
	return receipt, nil
}

// done takes what is done for done: that old pages are still there is for the
// log, and the next erasure empties them.
func (r registry) done(err error) error {
	if errors.Is(err, store.ErrLogKept) {
		r.log.Warn("old pages are kept until the next erasure", slog.String("error", err.Error()))
		return nil
	}
	return err
}

func (r registry) forget(id domain.PersonID) {
	if r.gone != nil {
		r.gone(id)
	}
}

// registry is the store's, without a gallery: for commands.
func (c *cli) registry(st domain.Registry) registry {
	r := registry{Registry: st, log: c.log}
	if f, ok := c.cardFolder(); ok {
		r.cards = &f
	}
	return r
}
