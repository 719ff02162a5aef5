package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"agentid/app/domain"
)

// consentTimeout bounds the look for a consent; a snapshot is not worth more.
const consentTimeout = 2 * time.Second

// mayKeep tells of whom a picture may be kept with a decision; nil, so that none
// is even made, where snapshots are off.
func (p *program) mayKeep(ctx context.Context) func(domain.PersonID) bool {
	if !p.c.cfg.Snapshots.Enabled {
		return nil
	}
	return func(id domain.PersonID) bool {
		ctx, cancel := context.WithTimeout(ctx, consentTimeout)
		defer cancel()
		ok, err := faceConsent(ctx, p.store, id)
		if err != nil && ctx.Err() == nil {
			p.c.log.Warn("snapshot not kept: consent not read", slog.String("error", err.Error()))
		}
		return ok
	}
}

// profiles is what of a registry tells consents.
type profiles interface {
	Profile(ctx context.Context, id domain.PersonID) (domain.Profile, error)
}

// faceConsent tells whether a person agreed that their face is kept, and has not
// taken it back. Who was enrolled from pictures agreed to nothing here.
func faceConsent(ctx context.Context, r profiles, id domain.PersonID) (bool, error) {
	profile, err := r.Profile(ctx, id)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(profile.Consents, func(c domain.Consent) bool { return c.Allows(domain.PurposeFace) }), nil
}
