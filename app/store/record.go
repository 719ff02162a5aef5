package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"agentid/app/domain"
)

// maxLabel bounds the short texts of an event and of an encoder's name.
const maxLabel = 128

// Record implements domain.Events. ID is made where it is empty; At is now
// where it is zero, and kept to the microsecond; Seq and DeviceID are the
// store's. A snapshot sets Snapshot, unless its person was erased or took their
// face back meanwhile: then it is not kept; without one, Snapshot may name a picture
// that is already kept. Nothing in an event may be about a person but their
// id. Errors: ErrInvalid, ErrExists (an event of that id), ErrDiskFull,
// ErrReadOnly, ErrBusy; with any of them nothing was recorded.
func (s *Store) Record(ctx context.Context, e domain.Event, snapshot []byte) (domain.Event, error) {
	stored, err := s.record(ctx, e, snapshot)
	if err != nil {
		return domain.Event{}, wrap("record event", err)
	}
	return stored, nil
}

func (s *Store) record(ctx context.Context, e domain.Event, picture []byte) (domain.Event, error) {
	e, err := s.complete(e, picture)
	if err != nil {
		return e, err
	}
	if len(picture) > 0 {
		if err := s.stageSnapshot(ctx, e.Snapshot, picture); err != nil {
			return e, wrap("keep snapshot", err)
		}
	}
	staged := e.Snapshot
	err = transact(ctx, s.w, func(tx *sql.Tx) error {
		if len(picture) > 0 {
			keep, err := mayKeepPicture(ctx, tx, e.Person)
			if err == nil && keep {
				err = s.keepSnapshot(ctx, tx, staged, picture)
			}
			if err != nil {
				return wrap("keep snapshot", err)
			}
			if !keep {
				e.Snapshot = ""
			}
		} else if e.Snapshot != "" {
			if kept, err := snapshotKept(ctx, tx, e.Snapshot); err != nil || !kept {
				return orElse(err, fmt.Errorf("%w: no snapshot %s", ErrInvalid, e.Snapshot))
			}
		}
		return s.append(ctx, tx, &e)
	})
	if len(picture) > 0 && (err != nil || e.Snapshot == "") {
		// The staged file goes as well, unless an event has it: a disk that is
		// full must not fill further. Should this fail, Sweep finds the file.
		s.removeFiles(context.WithoutCancel(ctx), []string{staged})
	}
	return e, err
}

// mayKeepPicture is false for a person who was erased or took their face back
// while the picture waited to be written. Of one who is not known here, and of
// nobody, who asks for it has decided.
func mayKeepPicture(ctx context.Context, q queryer, id domain.PersonID) (bool, error) {
	if id == "" {
		return true, nil
	}
	var erased bool
	err := q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people WHERE id = ? AND wrapped_key IS NULL)", id).Scan(&erased)
	if err != nil || erased {
		return false, err
	}
	err = mayKeepFace(ctx, q, id)
	if errors.Is(err, domain.ErrNoConsent) {
		return false, nil
	}
	return err == nil, err
}

// append numbers a complete event and adds it with its outbox row.
func (s *Store) append(ctx context.Context, tx *sql.Tx, e *domain.Event) error {
	err := tx.QueryRowContext(ctx, "UPDATE device SET next_seq = next_seq + 1 RETURNING next_seq - 1").Scan(&e.Seq)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, insertEvent, eventValues(*e)...); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, OutboxEvent, string(e.ID))
}

// enqueue has the centre told of something, in the order of the calls.
func (s *Store) enqueue(ctx context.Context, tx *sql.Tx, kind OutboxKind, ref string) error {
	now := micros(s.clock.Now())
	_, err := tx.ExecContext(ctx,
		"INSERT INTO outbox (kind, ref, created_at, next_at) VALUES (?, ?, ?, ?)", kind, ref, now, now)
	return err
}

// note adds an event of the store's own, in the transaction of what it is about.
func (s *Store) note(ctx context.Context, tx *sql.Tx, e domain.Event) error {
	e, err := s.complete(e, nil)
	if err != nil {
		return err
	}
	return s.append(ctx, tx, &e)
}

// complete checks an event and fills in what the store gives it.
func (s *Store) complete(e domain.Event, picture []byte) (domain.Event, error) {
	var err error
	if e.At, err = s.moment(e.At); err != nil {
		return e, err
	}
	if e.ID == "" {
		e.ID = domain.EventID(newID(s.clock.Now()))
	}
	if err := checkUUID("event id", string(e.ID)); err != nil {
		return e, err
	}
	for _, id := range []struct{ what, id string }{
		{"id of the event it is about", string(e.About)}, {"person id", string(e.Person)},
		{"badge id", string(e.Badge)}, {"staff id", string(e.Staff)},
	} {
		if id.id == "" {
			continue
		}
		if err := checkUUID(id.what, id.id); err != nil {
			return e, err
		}
	}
	if e.Kind == "" || e.Reason == "" {
		return e, fmt.Errorf("%w: event without kind or reason", ErrInvalid)
	}
	err = checkLabels(string(e.Kind), string(e.Reason), e.Metric, e.Encoder.Name, e.Encoder.Version, e.Detector,
		e.LivenessReason)
	if err != nil {
		return e, err
	}
	for _, f := range []float64{e.Distance, e.Second, e.Threshold, e.Quality} {
		if !finite(f) {
			return e, fmt.Errorf("%w: figure is not finite", ErrInvalid)
		}
	}
	if !(e.Liveness >= 0 && e.Liveness <= 1) { // nor is it NaN
		return e, fmt.Errorf("%w: liveness %v", ErrInvalid, e.Liveness)
	}
	if e.Votes < 0 || e.Frames < 0 || e.Votes > math.MaxInt32 || e.Frames > math.MaxInt32 {
		return e, fmt.Errorf("%w: %d votes of %d frames", ErrInvalid, e.Votes, e.Frames)
	}
	if len(picture) > MaxSnapshot {
		return e, fmt.Errorf("%w: snapshot of %d bytes, at most %d", ErrInvalid, len(picture), MaxSnapshot)
	}
	if len(picture) > 0 {
		hash := hashOf(picture)
		if e.Snapshot != "" && e.Snapshot != hash {
			return e, fmt.Errorf("%w: snapshot is not the one the event names", ErrInvalid)
		}
		e.Snapshot = hash
	}
	if e.Snapshot != "" && !isHash(e.Snapshot) {
		return e, fmt.Errorf("%w: snapshot is no SHA-256", ErrInvalid)
	}
	e.DeviceID, e.Seq = s.device, 0
	return e, nil
}

func checkLabels(labels ...string) error {
	for _, l := range labels {
		if len(l) > maxLabel || !utf8.ValidString(l) {
			return fmt.Errorf("%w: label of %d bytes, want text of at most %d", ErrInvalid, len(l), maxLabel)
		}
	}
	return nil
}

// orElse is err, or other where there is none.
func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
