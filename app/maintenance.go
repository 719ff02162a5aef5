package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"agentid/app/domain"
	"agentid/app/store"
)

// When the kiosk tidies up.
const (
	maintenanceEvery = 24 * time.Hour
	maintenanceRetry = 10 * time.Minute // while the clock cannot be believed, or after a failure
	// quietKiosk is how long after the newest event a clock that nobody vouches
	// for is believed: after more, it may be the clock that jumped.
	quietKiosk = 45 * 24 * time.Hour
	// heardCentre is how long ago the centre may have been heard for people to be
	// judged unseen: it knows who was seen elsewhere.
	heardCentre = 48 * time.Hour
)

// errClock says that the clock cannot be believed, and nothing is erased by it.
var errClock = errors.New("the clock is not to be believed")

// tidier is the part of the store that maintenance works on.
type tidier interface {
	badgeFinder
	Recent(ctx context.Context, before uint64, limit int) ([]domain.Event, error)
	Retain(ctx context.Context, p store.RetentionPolicy) (store.RetentionReport, error)
	Sweep(ctx context.Context) (int, error)
}

// maintenance erases what is older than may be kept, at the start and daily.
type maintenance struct {
	store    tidier
	cli      *cli
	newer    time.Time   // than this program
	synced   func() bool // the system vouches for the clock
	onErased func()      // somebody is gone; may be nil
}

func (c *cli) maintenance(st tidier) maintenance {
	return maintenance{store: st, cli: c, newer: builtAt(), synced: clockSynced}
}

// run works until ctx ends.
func (m maintenance) run(ctx context.Context) {
	for {
		wait := maintenanceEvery
		if err := m.once(ctx); err != nil {
			wait = maintenanceRetry
			if ctx.Err() == nil {
				m.cli.log.Warn("maintenance postponed", slog.String("error", err.Error()))
			}
		}
		t := m.cli.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C():
		}
	}
}

// once erases and sweeps; what it erased is on record as events, too.
func (m maintenance) once(ctx context.Context) error {
	if err := m.checkClock(ctx); err != nil {
		return err
	}
	now := m.cli.clock.Now()
	keep := m.cli.cfg.Retention
	months := now.Sub(now.AddDate(0, -keep.Months, 0))
	policy := store.RetentionPolicy{
		UnseenPeople: months, Chats: months,
		Snapshots: time.Duration(keep.SnapshotDays) * 24 * time.Hour,
	}
	if m.cli.cfg.Centre.URL != "" {
		policy.Heard = heardCentre
	}
	r, err := m.store.Retain(ctx, policy)
	if r.People > 0 && m.onErased != nil {
		m.onErased()
	}
	if err != nil && !errors.Is(err, store.ErrLogKept) {
		return fmt.Errorf("retention: %w", err)
	}
	if r.Unheard {
		m.cli.log.Warn("nobody is erased as unseen: the centre was not heard of late, and others may have seen them")
	}
	files, err := m.store.Sweep(ctx)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	cards := 0
	if f, ok := m.cli.cardFolder(); ok {
		if cards, err = sweepCards(ctx, f, m.store, now); err != nil {
			return err
		}
	}
	m.cli.log.Info("maintenance", slog.Int("people_erased", r.People), slog.Int("pictures_erased", r.Snapshots), slog.Int("chats_erased", r.Chats),
		slog.Int("files_swept", files), slog.Int("cards_removed", cards))
	return nil
}

// checkClock refuses to erase by a clock that was never set, set back, or that
// jumped ahead on a kiosk that nobody keeps in time.
func (m maintenance) checkClock(ctx context.Context) error {
	now := m.cli.clock.Now()
	if now.Before(m.newer) {
		return fmt.Errorf("%w: %s is before this program was made", errClock, now.UTC().Format(time.RFC3339))
	}
	newest, err := m.store.Recent(ctx, 0, 1)
	if err != nil {
		return fmt.Errorf("newest event: %w", err)
	}
	if len(newest) == 0 {
		return nil
	}
	switch at := newest[0].At; {
	case now.Before(at):
		return fmt.Errorf("%w: %s is before the newest event", errClock, now.UTC().Format(time.RFC3339))
	case now.Sub(at) > quietKiosk && !m.synced():
		return fmt.Errorf("%w: nothing happened for %d days, and it is not synchronised", errClock, int(now.Sub(at).Hours()/24))
	}
	return nil
}

// builtAt is when this program's sources were committed, as far as the build
// knows, or else a time before which it cannot be.
func builtAt() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil && at.After(earliest) {
				return at
			}
		}
	}
	return earliest
}

// clockSynced tells whether the kernel holds the clock for synchronised.
func clockSynced() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR
}
