package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// checkStaffBadge accepts a new badge.
func checkStaffBadge(b domain.StaffBadge) error {
	if err := checkUUID("account id", string(b.Staff)); err != nil {
		return err
	}
	return checkBadge(domain.Badge{ID: b.ID, NotBefore: b.NotBefore, Expires: b.Expires, RevokedAt: b.RevokedAt, Revoked: b.Revoked})
}

// StaffBadges implements domain.StaffBadges.
func (s *Store) StaffBadges(ctx context.Context, of domain.StaffID) ([]domain.StaffBadge, error) {
	list, err := staffBadges(ctx, s.r, "staff = ?", of)
	return list, wrap("badges of staff", err)
}

// StaffBadge implements domain.StaffBadges.
func (s *Store) StaffBadge(ctx context.Context, id domain.BadgeID) (domain.StaffBadge, error) {
	b, err := staffBadge(ctx, s.r, id)
	return b, wrap("badge of staff", err)
}

func staffBadge(ctx context.Context, q queryer, id domain.BadgeID) (domain.StaffBadge, error) {
	list, err := staffBadges(ctx, q, "id = ?", id)
	if err == nil && len(list) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.StaffBadge{}, err
	}
	return list[0], nil
}

func staffBadges(ctx context.Context, q queryer, where string, args ...any) ([]domain.StaffBadge, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, staff, not_before, expires, revoked_at, revoked FROM staff_badges WHERE "+
		where+" ORDER BY not_before, id", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.StaffBadge
	for rows.Next() {
		var b domain.StaffBadge
		var from, to int64
		var revoked sql.NullInt64
		if err := rows.Scan(&b.ID, &b.Staff, &from, &to, &revoked, &b.Revoked); err != nil {
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

// IssueStaffBadge implements domain.StaffBadges. Besides the contract's errors:
// ErrInvalid, ErrExists.
func (s *Store) IssueStaffBadge(ctx context.Context, b domain.StaffBadge) error {
	if err := checkStaffBadge(b); err != nil {
		return wrap("issue badge of staff", err)
	}
	defer s.useKeys()()
	return wrap("issue badge of staff", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkOpen(ctx, tx, b.Staff); err != nil {
			return err
		}
		if err := s.endStaffBadges(ctx, tx, b.Staff, domain.ReasonBadgeRenewed, s.now()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO staff_badges (id, staff, not_before, expires) VALUES (?, ?, ?, ?)",
			b.ID, b.Staff, micros(b.NotBefore), micros(b.Expires))
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM staff_badges WHERE staff = ?", b.Staff).Scan(&n); err != nil {
			return err
		}
		if n > MaxBadges {
			return fmt.Errorf("%w: %d badges, at most %d", ErrInvalid, n, MaxBadges)
		}
		return s.audit(ctx, tx, domain.AuditStaffBadge, domain.TargetStaff, string(b.Staff), "badge", string(b.ID))
	}))
}

// endStaffBadges ends the badges of an account that were not ended yet.
func (s *Store) endStaffBadges(ctx context.Context, tx *sql.Tx, of domain.StaffID, why domain.Reason, at time.Time) error {
	ids, err := texts(ctx, tx, "UPDATE staff_badges SET revoked_at = ?, revoked = ? WHERE staff = ? AND revoked_at IS NULL RETURNING id",
		micros(at), why, of)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.audit(ctx, tx, domain.AuditStaffBadgeEnded, domain.TargetStaff, string(of), "badge", id, "reason", labelOf(why))
		if err != nil {
			return err
		}
	}
	return nil
}

// RevokeStaffBadge implements domain.StaffBadges. at is now where it is zero.
func (s *Store) RevokeStaffBadge(ctx context.Context, id domain.BadgeID, why domain.Reason, at time.Time) error {
	at, err := s.moment(at)
	if err == nil && why == "" {
		err = fmt.Errorf("%w: revocation without a reason", ErrInvalid)
	}
	if err == nil {
		err = checkLabels(string(why))
	}
	if err != nil {
		return wrap("revoke badge of staff", err)
	}
	defer s.useKeys()()
	return wrap("revoke badge of staff", s.sealing(ctx, func(tx *sql.Tx) error {
		b, err := staffBadge(ctx, tx, id)
		if err != nil || !b.RevokedAt.IsZero() {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE staff_badges SET revoked_at = ?, revoked = ? WHERE id = ?", micros(at), why, id)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditStaffBadgeEnded, domain.TargetStaff, string(b.Staff), "badge", string(id), "reason", labelOf(why))
	}))
}

// SignInBadge implements domain.StaffBadges. It goes the way of SignIn: counted,
// hashed, compared. A badge that is none, or no more, counts for itself and not
// for its account: who found an old card locks nobody out with it.
func (s *Store) SignInBadge(ctx context.Context, id domain.BadgeID, of domain.StaffID, pin string) (domain.Staff, error) {
	defer s.useKeys()()
	m, err := s.signIn(ctx, pin, func(q queryer) (signInTry, error) { return s.findByBadge(ctx, q, id, of) })
	if err != nil {
		return domain.Staff{}, wrap("sign in with a badge", err)
	}
	return m, nil
}

func (s *Store) findByBadge(ctx context.Context, q queryer, id domain.BadgeID, of domain.StaffID) (try signInTry, err error) {
	b, err := staffBadge(ctx, q, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && b.Staff != of {
		try = s.strange(badgeLogin(id))
		try.why = domain.ReasonBadgeUnknown
		return try, nil
	}
	if err != nil {
		return try, err
	}
	m, err := s.staffMember(ctx, q, b.Staff)
	if err != nil {
		return try, err
	}
	now, why := s.now(), domain.Reason("")
	switch {
	case !m.Disabled.IsZero():
		why = domain.ReasonAccountClosed
	case !b.RevokedAt.IsZero():
		why = domain.ReasonBadgeRevoked
	case now.Before(b.NotBefore):
		why = domain.ReasonBadgeNotYet
	case !now.Before(b.Expires):
		why = domain.ReasonBadgeExpired
	}
	if why != "" {
		try = s.strange(badgeLogin(id))
		try.about, try.why = m.ID, why
	} else if try, err = s.findSignIn(ctx, q, m.Login); err != nil {
		return try, err
	}
	try.badge = id
	return try, nil
}

// badgeLogin is what a badge counts as that is none, or no more: no login has a
// colon.
func badgeLogin(id domain.BadgeID) string { return "badge:" + string(id) }
