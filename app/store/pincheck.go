package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// CheckPIN implements domain.Registry. The failure is counted, durably, before
// the comparison and taken back after it: neither many checks at once nor a
// pulled plug gives a guess for free. Only a person without a PIN, or one who
// is locked, is answered without a comparison. domain.ErrNotFound for one who
// is not here.
func (s *Store) CheckPIN(ctx context.Context, id domain.PersonID, pin string) error {
	defer s.useKeys()()
	return wrap("check pin", s.checkPIN(ctx, id, pin))
}

func (s *Store) checkPIN(ctx context.Context, id domain.PersonID, pin string) error {
	if err := s.pins.enter(ctx); err != nil {
		return err
	}
	defer s.pins.leave()
	try, err := s.reserveAttempt(ctx, id)
	if err != nil {
		return err
	}
	// A PIN of another form is compared as well: it takes as long.
	if !try.record.matches(s.keys.pepper, string(id), clip(pin, maxLabel)) {
		if try.lock.Until.IsZero() {
			return domain.ErrWrongPIN
		}
		return fmt.Errorf("%w: %w", domain.ErrWrongPIN, &domain.LockedError{Until: try.lock.Until})
	}
	var renewed []byte
	if try.record.cost != s.pins.cost {
		renewed = try.data.seal(s.pins.hash(s.keys.pepper, string(id), pin).encode(), pinPlace(string(id)))
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if renewed != nil { // unless another PIN was set meanwhile
			_, err := tx.ExecContext(ctx, "UPDATE pins SET secret = ? WHERE person = ? AND secret = ?", renewed, id, try.secret)
			if err != nil {
				return err
			}
		}
		_, err := clearAttempts(ctx, tx, domain.SubjectPerson(id))
		return err
	})
}

// pinTry is a check that has been counted and may be made.
type pinTry struct {
	data   box
	secret []byte // sealed
	record pinRecord
	lock   domain.Lock // should it fail
}

// reserveAttempt counts a failure in advance, unless the person is locked.
func (s *Store) reserveAttempt(ctx context.Context, id domain.PersonID) (try pinTry, err error) {
	subject := domain.SubjectPerson(id)
	var locked time.Time
	err = s.sealing(ctx, func(tx *sql.Tx) error {
		var wrapped []byte
		err := tx.QueryRowContext(ctx, `SELECT p.wrapped_key, n.secret FROM people p
			LEFT JOIN pins n ON n.person = p.id WHERE p.id = ? AND p.wrapped_key IS NOT NULL`, id).Scan(&wrapped, &try.secret)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return domain.ErrNotFound
		case err != nil:
			return err
		case try.secret == nil:
			return domain.ErrNoPIN
		}
		if try.data, err = s.personBox(string(id), wrapped); err != nil {
			return err
		}
		plain, err := try.data.open(try.secret, pinPlace(string(id)))
		if err != nil {
			return err
		}
		if try.record, err = decodePIN(plain); err != nil {
			return err
		}
		try.lock, locked, err = s.reserve(ctx, tx, subject)
		return err
	})
	if err == nil && !locked.IsZero() {
		err = &domain.LockedError{Until: locked}
	}
	return try, err
}

// SetPIN implements domain.Registry; it is an event. Attempts stay counted:
// who sets a new PIN for somebody locked clears them as well, or does not.
// Errors: domain.ErrPIN, domain.ErrWeakPIN, domain.ErrNotFound.
func (s *Store) SetPIN(ctx context.Context, id domain.PersonID, pin string) error {
	defer s.useKeys()()
	return wrap("set pin", s.setPIN(ctx, id, pin))
}

func (s *Store) setPIN(ctx context.Context, id domain.PersonID, pin string) error {
	if err := checkAlive(ctx, s.r, id); err != nil {
		return err
	}
	r, err := s.hashPIN(ctx, string(id), pin)
	if err != nil {
		return err
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		data, err := s.boxOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := putPIN(ctx, tx, data, id, r); err != nil {
			return err
		}
		err = s.note(ctx, tx, domain.Event{Kind: domain.EventRegistration, Reason: domain.ReasonPINSet, Person: id})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditPINSet, domain.TargetPerson, string(id))
	})
}

// hashPIN checks a new PIN of somebody and hashes it, before any transaction.
func (s *Store) hashPIN(ctx context.Context, of, pin string) (pinRecord, error) {
	if err := domain.CheckPIN(pin); err != nil {
		return pinRecord{}, err
	}
	if err := s.pins.enter(ctx); err != nil {
		return pinRecord{}, err
	}
	defer s.pins.leave()
	return s.pins.hash(s.keys.pepper, of, pin), nil
}

func putPIN(ctx context.Context, tx *sql.Tx, data box, id domain.PersonID, r pinRecord) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO pins (person, secret) VALUES (?, ?)
		ON CONFLICT (person) DO UPDATE SET secret = excluded.secret`,
		id, data.seal(r.encode(), pinPlace(string(id))))
	return err
}

// boxOf is the box of a person who is here.
func (s *Store) boxOf(ctx context.Context, q queryer, id domain.PersonID) (box, error) {
	var wrapped []byte
	err := q.QueryRowContext(ctx, "SELECT wrapped_key FROM people WHERE id = ? AND wrapped_key IS NOT NULL", id).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return box{}, domain.ErrNotFound
	}
	if err != nil {
		return box{}, err
	}
	return s.personBox(string(id), wrapped)
}
