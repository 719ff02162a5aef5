package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"agentid/app/domain"
)

// MaxBadges is the most badges a person may have had: twenty years of a new
// one each month.
const MaxBadges = 256

func checkBadge(b domain.Badge) error {
	if err := checkUUID("badge id", string(b.ID)); err != nil {
		return err
	}
	for _, t := range []time.Time{b.NotBefore, b.Expires} {
		if y := t.Year(); t.IsZero() || y < 1 || y > 9999 {
			return fmt.Errorf("%w: badge without its times", ErrInvalid)
		}
	}
	switch {
	case micros(b.NotBefore) >= micros(b.Expires):
		return fmt.Errorf("%w: badge ends before it begins", ErrInvalid)
	case b.Templates < 0:
		return fmt.Errorf("%w: template version %d", ErrInvalid, b.Templates)
	case !b.RevokedAt.IsZero() || b.Revoked != "":
		return fmt.Errorf("%w: new badge is revoked", ErrInvalid)
	}
	return nil
}

// IssueBadge implements domain.Registry. Errors: ErrInvalid, ErrExists,
// domain.ErrNotFound where the person is not here.
func (s *Store) IssueBadge(ctx context.Context, b domain.Badge) error {
	if err := checkBadge(b); err != nil {
		return wrap("issue badge", err)
	}
	defer s.useKeys()()
	return wrap("issue badge", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkAlive(ctx, tx, b.Person); err != nil {
			return err
		}
		if err := s.issue(ctx, tx, b); err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditBadgeIssued, domain.TargetBadge, string(b.ID), "person", string(b.Person))
	}))
}

func (s *Store) issue(ctx context.Context, tx *sql.Tx, b domain.Badge) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO badges (id, person, not_before, expires, templates) VALUES (?, ?, ?, ?, ?)",
		b.ID, b.Person, micros(b.NotBefore), micros(b.Expires), b.Templates)
	if err != nil {
		return err
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM badges WHERE person = ?", b.Person).Scan(&n); err != nil {
		return err
	}
	if n > MaxBadges {
		return fmt.Errorf("%w: %d badges, at most %d", ErrInvalid, n, MaxBadges)
	}
	return s.note(ctx, tx, domain.Event{Kind: domain.EventBadge, Reason: domain.ReasonBadgeIssued, Person: b.Person})
}

// RevokeBadge implements domain.Registry. The first revocation stands: another
// changes nothing, and is no error. at is now where it is zero.
func (s *Store) RevokeBadge(ctx context.Context, id domain.BadgeID, why domain.Reason, at time.Time) error {
	defer s.useKeys()()
	return wrap("revoke badge", s.revokeBadge(ctx, id, why, at))
}

func (s *Store) revokeBadge(ctx context.Context, id domain.BadgeID, why domain.Reason, at time.Time) error {
	at, err := s.moment(at)
	if err != nil {
		return err
	}
	if why == "" {
		return fmt.Errorf("%w: revocation without a reason", ErrInvalid)
	}
	if err := checkLabels(string(why)); err != nil {
		return err
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		list, err := badges(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return domain.ErrNotFound
		}
		if !list[0].RevokedAt.IsZero() {
			return nil
		}
		return s.endBadge(ctx, tx, list[0], why, at)
	})
}

// endBadge revokes a badge that was not.
func (s *Store) endBadge(ctx context.Context, tx *sql.Tx, b domain.Badge, why domain.Reason, at time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE badges SET revoked_at = ?, revoked = ? WHERE id = ?", micros(at), why, b.ID)
	if err != nil {
		return err
	}
	if err := s.note(ctx, tx, domain.Event{Kind: domain.EventBadge, Reason: why, Person: b.Person, At: at}); err != nil {
		return err
	}
	return s.audit(ctx, tx, domain.AuditBadgeRevoked, domain.TargetBadge, string(b.ID),
		"person", string(b.Person), "reason", labelOf(why))
}

// Badge implements domain.Registry. That of somebody erased is not found.
func (s *Store) Badge(ctx context.Context, id domain.BadgeID) (domain.Badge, error) {
	list, err := badges(ctx, s.r, "id = ?", id)
	if err == nil && len(list) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.Badge{}, wrap("badge "+clip(string(id), 36), err)
	}
	return list[0], nil
}

// badges lists, oldest first, those of people who are here.
func badges(ctx context.Context, q queryer, where string, args ...any) ([]domain.Badge, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, person, not_before, expires, templates, revoked_at, revoked FROM badges
		WHERE `+where+` AND EXISTS (SELECT 1 FROM people p WHERE p.id = person AND p.wrapped_key IS NOT NULL)
		ORDER BY not_before, id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Badge
	for rows.Next() {
		var b domain.Badge
		var from, to int64
		var revoked sql.NullInt64
		if err := rows.Scan(&b.ID, &b.Person, &from, &to, &b.Templates, &revoked, &b.Revoked); err != nil {
			return nil, err
		}
		b.NotBefore, b.Expires = fromMicros(from), fromMicros(to)
		if revoked.Valid {
			b.RevokedAt = fromMicros(revoked.Int64)
		}
		list = append(list, b)
	}
	return list, rows.Err()
}
