package main

import (
	"context"
	"log/slog"
	"time"

	"agentid/sync/central/postgres"
)

// sightsEvery is how often the centre looks when people were last seen. Kiosks judge
// by months: a quarter of an hour is soon enough.
const sightsEvery = 15 * time.Minute

// sights has kiosks told when people were last seen, until ctx ends.
func sights(ctx context.Context, db *postgres.DB, log *slog.Logger) error {
	for {
		n, err := db.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			log.Warn("last sights are looked for later", "error", err)
		case n > 0:
			log.Info("last sights", "people", n)
		}
		t := time.NewTimer(sightsEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// consentsEvery is how often the centre looks for consents that kiosks were not told
// of, after the start.
const consentsEvery = time.Hour

// consents has kiosks told of consents that an instance of another release took in
// while the centre was brought up to date, until ctx ends.
func consents(ctx context.Context, db *postgres.DB, log *slog.Logger) error {
	for {
		n, err := db.TellConsents(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			log.Warn("consents are told later", "error", err)
		case n > 0:
			log.Info("consents that were not told of", "consents", n)
		}
		t := time.NewTimer(consentsEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
