// Package eraser carries erasures into the object store: it deletes every
// version of what must go, keeps there a record of who was erased, and after a
// restore of the database erases them again by that record. Any number of
// instances may run it at once: each step may be repeated.
package eraser

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// The records lie in a bucket of pictures, under names that no picture has.
const (
	bucket = blob.BucketFacial
	prefix = "erasures/"
)

// How often it looks by itself: for what another instance began and did not
// end, and after an error.
const (
	every      = 30 * time.Second
	afterError = 5 * time.Second
	atOnce     = 200
)

// DB is what it needs of the database.
type DB interface {
	Doomed(ctx context.Context, n int) ([]postgres.Doomed, error)
	ObjectGone(ctx context.Context, d postgres.Doomed, versions int) error
	Unrecorded(ctx context.Context, n int) ([]postgres.Tombstone, error)
	Recorded(ctx context.Context, id domain.PersonID) error
	OpenTombstones(ctx context.Context, n int) ([]postgres.Tombstone, error)
	SettleTombstone(ctx context.Context, id domain.PersonID) error
	Replay(ctx context.Context, t postgres.Tombstone, anew bool) (bool, error)
}

// Eraser carries erasures out.
type Eraser struct {
	db    DB
	blob  blob.Store
	clock domain.Clock
	log   *slog.Logger
	wake  chan struct{}
}

// New makes an eraser.
func New(db DB, b blob.Store, clock domain.Clock, log *slog.Logger) *Eraser {
	return &Eraser{db: db, blob: b, clock: clock, log: log, wake: make(chan struct{}, 1)}
}

// Wake tells that there may be something to do.
func (e *Eraser) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (e *Eraser) Run(ctx context.Context) error {
	replayed := false
	for {
		wait := every
		err := func() error {
			if !replayed {
				n, err := e.Replay(ctx)
				if err != nil {
					return err
				}
				if replayed = true; n > 0 {
					e.log.Warn("people whom a restored database had again were erased again", "people", n)
				}
			}
			return e.Once(ctx)
		}()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			e.log.Warn("erasing goes on later", "error", err)
			wait = afterError
		}
		t := e.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-e.wake:
		case <-t.C():
		}
		t.Stop()
	}
}

// Once does all that there is to do now. An erasure is on record before its
// pictures go: a backup that is restored meanwhile does not undo it.
func (e *Eraser) Once(ctx context.Context) error {
	err := each(ctx, e.db.Unrecorded, func(t postgres.Tombstone) error {
		record, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if err := e.blob.Write(ctx, bucket, prefix+string(t.Person)+".json", record); err != nil {
			return err
		}
		return e.db.Recorded(ctx, t.Person)
	})
	if err != nil {
		return err
	}
	err = each(ctx, e.db.Doomed, func(d postgres.Doomed) error {
		n, err := e.blob.Erase(ctx, d.Bucket, d.Key)
		if err != nil {
			return err
		}
		return e.db.ObjectGone(ctx, d, n)
	})
	if err != nil {
		return err
	}
	return each(ctx, e.db.OpenTombstones, func(t postgres.Tombstone) error {
		if err := e.db.SettleTombstone(ctx, t.Person); err != nil {
			return err
		}
		e.log.Info("somebody was erased", "erasure", t.ID)
		return nil
	})
}

// each does something with each of a list that is given some at a time, and that
// it leaves by being done.
func each[T any](ctx context.Context, some func(context.Context, int) ([]T, error), do func(T) error) error {
	for {
		list, err := some(ctx, atOnce)
		if err != nil {
			return err
		}
		for _, v := range list {
			if err := do(v); err != nil {
				return err
			}
		}
		if len(list) < atOnce {
			return nil
		}
	}
}

// Replay erases again whoever is on record, and the database does not know to be
// erased. It tells how many there were. One is proof that a backup was restored:
// with the first, kiosks are to read everything anew.
func (e *Eraser) Replay(ctx context.Context) (n int, err error) {
	err = e.blob.List(ctx, bucket, prefix, func(key string) error {
		id := strings.TrimSuffix(strings.TrimPrefix(key, prefix), ".json")
		if !protocol.ValidID(id) {
			e.log.Warn("no record of an erasure", "key", key)
			return nil
		}
		raw, err := e.blob.Read(ctx, bucket, key)
		if err != nil {
			return err
		}
		var t postgres.Tombstone
		if err := protocol.DecodeStrict(raw, protocol.MaxSmall, &t); err != nil || string(t.Person) != id || !protocol.ValidID(t.ID) {
			// Whatever it says of when and why, it says of whom.
			return fmt.Errorf("record %s is damaged: mend it, for it has somebody erased", key)
		}
		did, err := e.db.Replay(ctx, t, n == 0)
		if did {
			n++
		}
		return err
	})
	return n, err
}
