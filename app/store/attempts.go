package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"agentid/app/domain"
)

// maxFailures is where counting stops: far beyond the longest lock.
const maxFailures = 1 << 20

// attempt is a subject's row; the zero value is one without.
type attempt struct {
	failures int
	at       time.Time // of the last failure counted
	until    time.Time // zero where never closed
}

// lock tells the state at now.
func (a attempt) lock(now time.Time) domain.Lock {
	l := domain.Lock{Failures: a.failures}
	if now.Before(a.until) {
		l.Until = a.until
	}
	return l
}

// next counts one more failure at now.
func (a attempt) next(now time.Time) attempt {
	n := attempt{failures: min(a.failures+1, maxFailures), at: now}
	if d := domain.LockAfter(n.failures); d > 0 {
		n.until = now.Add(d)
	}
	return n
}

// settled mends what a clock that was set back has left: the lock begins anew,
// whole, by the clock as it is. So it never opens early, and one that was
// counted by a clock years ahead does not last for years. ok is false where
// there is nothing to mend.
func (a attempt) settled(now time.Time) (b attempt, ok bool) {
	if a.until.IsZero() || !now.Before(a.at) {
		return a, false
	}
	a.at, a.until = now, now.Add(domain.LockAfter(a.failures))
	return a, true
}

func readAttempt(ctx context.Context, q queryer, subject string) (a attempt, err error) {
	var at int64
	var until sql.NullInt64
	err = q.QueryRowContext(ctx, "SELECT failures, at, until FROM attempts WHERE subject = ?", subject).
		Scan(&a.failures, &at, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return attempt{}, nil
	}
	a.at = fromMicros(at)
	if until.Valid {
		a.until = fromMicros(until.Int64)
	}
	return a, err
}

func (a attempt) write(ctx context.Context, tx *sql.Tx, subject string) error {
	until := sql.NullInt64{Int64: micros(a.until), Valid: !a.until.IsZero()}
	_, err := tx.ExecContext(ctx, `INSERT INTO attempts (subject, failures, at, until) VALUES (?, ?, ?, ?)
		ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, at = excluded.at, until = excluded.until`,
		subject, a.failures, micros(a.at), until)
	return err
}

// now is the clock's time as the store keeps it.
func (s *Store) now() time.Time { return fromMicros(micros(s.clock.Now())) }

// Fail implements domain.Registry. A person who is not here is
// domain.ErrNotFound, so that the table does not grow by invented ones.
func (s *Store) Fail(ctx context.Context, subject string) (domain.Lock, error) {
	var l domain.Lock
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		if err := checkSubject(ctx, tx, subject); err != nil {
			return err
		}
		a, err := readAttempt(ctx, tx, subject)
		if err != nil {
			return err
		}
		a = a.next(s.now())
		l = a.lock(a.at)
		return a.write(ctx, tx, subject)
	})
	if err != nil {
		return domain.Lock{}, wrap("count failed attempt", err)
	}
	return l, nil
}

// Locked implements domain.Registry.
func (s *Store) Locked(ctx context.Context, subject string) (domain.Lock, error) {
	l, err := s.locked(ctx, subject)
	return l, wrap("lock of attempts", err)
}

func (s *Store) locked(ctx context.Context, subject string) (domain.Lock, error) {
	if err := checkSubject(ctx, s.r, subject); err != nil {
		return domain.Lock{}, err
	}
	a, err := readAttempt(ctx, s.r, subject)
	if err != nil {
		return domain.Lock{}, err
	}
	if _, back := a.settled(s.now()); back {
		err = transact(ctx, s.w, func(tx *sql.Tx) error {
			a, err = s.settle(ctx, tx, subject)
			return err
		})
	}
	return a.lock(s.now()), err
}

// settle reads a subject's row and mends it where the clock was set back.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, subject string) (attempt, error) {
	a, err := readAttempt(ctx, tx, subject)
	if err != nil {
		return a, err
	}
	a, back := a.settled(s.now())
	if back {
		err = a.write(ctx, tx, subject)
	}
	return a, err
}

// reserve counts a failure in advance: it gives the lock there is should the
// attempt fail. Where the subject is locked, until locked, nothing is counted.
// The transaction is to be committed either way: the clock may have been mended.
func (s *Store) reserve(ctx context.Context, tx *sql.Tx, subject string) (lock domain.Lock, locked time.Time, err error) {
	a, err := s.settle(ctx, tx, subject)
	if err != nil {
		return lock, locked, err
	}
	now := s.now()
	if locked = a.lock(now).Until; !locked.IsZero() {
		return lock, locked, nil
	}
	a = a.next(now)
	return a.lock(now), locked, a.write(ctx, tx, subject)
}

// Clear implements domain.Registry. By staff, it is audited: the kiosk itself
// clears what a success has settled.
func (s *Store) Clear(ctx context.Context, subject string) error {
	defer s.useKeys()()
	return wrap("clear attempts", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkSubject(ctx, tx, subject); err != nil {
			return err
		}
		n, err := clearAttempts(ctx, tx, subject)
		if err != nil || n == 0 || domain.ActorOf(ctx).Role == "" {
			return err
		}
		kind, id, _ := strings.Cut(subject, ":")
		return s.audit(ctx, tx, domain.AuditAttemptsCleared, kind, id)
	}))
}

func clearAttempts(ctx context.Context, tx *sql.Tx, subject string) (rows int, err error) {
	return changed(ctx, tx, "DELETE FROM attempts WHERE subject = ?", subject)
}

// checkSubject accepts the kiosk, the people that are here, and open accounts
// of staff.
func checkSubject(ctx context.Context, q queryer, subject string) error {
	if subject == domain.SubjectKiosk {
		return nil
	}
	if id, ok := strings.CutPrefix(subject, domain.SubjectPerson("")); ok {
		return checkAlive(ctx, q, domain.PersonID(id))
	}
	if id, ok := strings.CutPrefix(subject, domain.SubjectStaff("")); ok {
		return checkOpen(ctx, q, domain.StaffID(id))
	}
	return fmt.Errorf("%w: subject of attempts", ErrInvalid)
}

// checkAlive is domain.ErrNotFound for one who is not here, or was erased.
func checkAlive(ctx context.Context, q queryer, id domain.PersonID) error {
	var alive bool
	err := q.QueryRowContext(ctx,
		"SELECT EXISTS (SELECT 1 FROM people WHERE id = ? AND wrapped_key IS NOT NULL)", id).Scan(&alive)
	if err == nil && !alive {
		err = domain.ErrNotFound
	}
	return err
}
