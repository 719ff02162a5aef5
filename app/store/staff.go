package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// MaxStaff is the most accounts there may have been, closed ones included.
const MaxStaff = 1000

const staffColumns = "id, login, wrapped_key, name, role, created_at, closed_at, (SELECT ready FROM centre_staff c WHERE c.id = staff.id)"

// staffPlace binds what is sealed of an account to its login and role: a role
// that was changed in the file, behind the store's back, opens nothing.
func staffPlace(column string, m domain.Staff) place {
	return place{"staff", column, string(m.ID), m.Login, string(m.Role)}
}

func staffKeyPlace(id domain.StaffID) place { return place{"staff", "wrapped_key", string(id)} }

// AddStaff implements domain.StaffBook. A zero CreatedAt is now. Besides the
// contract's errors: ErrInvalid, ErrExists (of the id).
func (s *Store) AddStaff(ctx context.Context, m domain.Staff, pin string) error {
	defer s.useKeys()()
	row, err := s.sealStaff(ctx, m, pin)
	if err != nil {
		return wrap("add staff", err)
	}
	return wrap("add staff", s.sealing(ctx, func(tx *sql.Tx) error {
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditStaffAdded, domain.TargetStaff, string(row.ID), "role", string(row.Role))
	}))
}

// sealedStaff is a new account, checked and sealed.
type sealedStaff struct {
	domain.Staff
	wrapped, name, secret []byte
}

// sealStaff hashes a PIN: never in a transaction.
func (s *Store) sealStaff(ctx context.Context, m domain.Staff, pin string) (r sealedStaff, err error) {
	if err := checkUUID("staff id", string(m.ID)); err != nil {
		return r, err
	}
	if m.Login, err = domain.CleanLogin(m.Login); err != nil {
		return r, err
	}
	if m.Name, err = domain.CleanName(m.Name); err != nil {
		return r, err
	}
	if !m.Role.Valid() {
		return r, domain.ErrRole
	}
	if !m.Disabled.IsZero() {
		return r, fmt.Errorf("%w: new account is closed", ErrInvalid)
	}
	if m.CreatedAt, err = s.moment(m.CreatedAt); err != nil {
		return r, err
	}
	pinned, err := s.hashPIN(ctx, domain.SubjectStaff(m.ID), pin)
	if err != nil {
		return r, err
	}
	key := newKey()
	data, err := newBox(key)
	if err != nil {
		return r, err
	}
	return sealedStaff{
		Staff:   m,
		wrapped: s.keys.master.seal(key, staffKeyPlace(m.ID)),
		name:    data.seal([]byte(m.Name), staffPlace("name", m)),
		secret:  data.seal(pinned.encode(), staffPlace("secret", m)),
	}, nil
}

func (r sealedStaff) insert(ctx context.Context, tx *sql.Tx) error {
	var n int
	var taken bool
	err := tx.QueryRowContext(ctx, "SELECT count(*), coalesce(max(login = ?), 0) FROM staff", r.Login).Scan(&n, &taken)
	switch {
	case err != nil:
		return err
	case taken:
		return domain.ErrLoginTaken
	case n >= MaxStaff:
		return fmt.Errorf("%w: at most %d accounts", ErrInvalid, MaxStaff)
	}
	_, err = tx.ExecContext(ctx,
		"INSERT INTO staff (id, login, wrapped_key, name, secret, role, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Login, r.wrapped, r.name, r.secret, r.Role, micros(r.CreatedAt))
	return err
}

// Staff implements domain.StaffBook.
func (s *Store) Staff(ctx context.Context) ([]domain.Staff, error) {
	defer s.useKeys()()
	list, err := s.staff(ctx, s.r, "ORDER BY created_at, id")
	return list, wrap("staff", s.orRotated(ctx, err))
}

// StaffMember implements domain.StaffBook.
func (s *Store) StaffMember(ctx context.Context, id domain.StaffID) (domain.Staff, error) {
	defer s.useKeys()()
	m, err := s.staffMember(ctx, s.r, id)
	return m, wrap("member of staff", s.orRotated(ctx, err))
}

func (s *Store) staffMember(ctx context.Context, q queryer, id domain.StaffID) (domain.Staff, error) {
	list, err := s.staff(ctx, q, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.Staff{}, err
	}
	return list[0], nil
}

func (s *Store) staff(ctx context.Context, q queryer, where string, args ...any) ([]domain.Staff, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+staffColumns+" FROM staff "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Staff
	for rows.Next() {
		var m domain.Staff
		var wrapped, name []byte
		var created int64
		var closed sql.NullInt64
		var ready sql.NullBool
		if err := rows.Scan(&m.ID, &m.Login, &wrapped, &name, &m.Role, &created, &closed, &ready); err != nil {
			return nil, err
		}
		data, err := s.staffBox(m.ID, wrapped)
		if err != nil {
			return nil, err
		}
		plain, err := data.open(name, staffPlace("name", m))
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", m.ID, err)
		}
		m.Name, m.CreatedAt = string(plain), fromMicros(created)
		m.Centre, m.NoPIN = ready.Valid, ready.Valid && !ready.Bool && !closed.Valid
		if closed.Valid {
			m.Disabled = fromMicros(closed.Int64)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

func (s *Store) staffBox(id domain.StaffID, wrapped []byte) (box, error) {
	key, err := s.keys.master.open(wrapped, staffKeyPlace(id))
	if err != nil {
		return box{}, fmt.Errorf("key of account %s: %w", id, err)
	}
	return newBox(key)
}

// SetStaffPIN implements domain.StaffBook.
func (s *Store) SetStaffPIN(ctx context.Context, id domain.StaffID, pin string) error {
	defer s.useKeys()()
	return wrap("set pin of staff", s.setStaffPIN(ctx, id, pin))
}

func (s *Store) setStaffPIN(ctx context.Context, id domain.StaffID, pin string) error {
	if err := checkOpen(ctx, s.r, id); err != nil {
		return err
	}
	r, err := s.hashPIN(ctx, domain.SubjectStaff(id), pin)
	if err != nil {
		return err
	}
	return s.changeStaff(ctx, id, func(tx *sql.Tx, m domain.Staff, data box) error {
		_, err := tx.ExecContext(ctx, "UPDATE staff SET secret = ? WHERE id = ?",
			data.seal(r.encode(), staffPlace("secret", m)), id)
		if err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE centre_staff SET ready = 1 WHERE id = ?", id)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditStaffPIN, domain.TargetStaff, string(id))
	})
}

// SetStaffRole implements domain.StaffBook.
func (s *Store) SetStaffRole(ctx context.Context, id domain.StaffID, role domain.Role) error {
	if !role.Valid() {
		return wrap("set role of staff", domain.ErrRole)
	}
	defer s.useKeys()()
	return wrap("set role of staff", s.changeStaff(ctx, id, func(tx *sql.Tx, m domain.Staff, data box) error {
		if m.Role == role {
			return nil
		}
		if m.Centre {
			return domain.ErrStaffCentre
		}
		var sealed []byte
		if err := tx.QueryRowContext(ctx, "SELECT secret FROM staff WHERE id = ?", id).Scan(&sealed); err != nil {
			return err
		}
		secret, err := data.open(sealed, staffPlace("secret", m))
		if err != nil {
			return err
		}
		was := m.Role
		m.Role = role
		_, err = tx.ExecContext(ctx, "UPDATE staff SET role = ?, name = ?, secret = ? WHERE id = ?", role,
			data.seal([]byte(m.Name), staffPlace("name", m)), data.seal(secret, staffPlace("secret", m)), id)
		if err == nil && was == domain.RoleAdmin {
			err = adminStays(ctx, tx)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditStaffRole, domain.TargetStaff, string(id), "from", string(was), "to", string(role))
	}))
}

// CloseStaff implements domain.StaffBook. The PIN and the count of attempts go
// with it, and its badges end. at is now where it is zero.
func (s *Store) CloseStaff(ctx context.Context, id domain.StaffID, at time.Time) error {
	at, err := s.moment(at)
	if err != nil {
		return wrap("close account", err)
	}
	defer s.useKeys()()
	err = s.changeStaff(ctx, id, func(tx *sql.Tx, m domain.Staff, _ box) error {
		err := execAll(ctx, tx, []statement{
			{"UPDATE staff SET closed_at = ?, secret = NULL WHERE id = ?", []any{micros(at), id}},
			{"DELETE FROM attempts WHERE subject = ?", []any{domain.SubjectStaff(id)}},
		})
		if err == nil && m.Role == domain.RoleAdmin {
			err = adminStays(ctx, tx)
		}
		if err == nil {
			err = s.endStaffBadges(ctx, tx, id, domain.ReasonAccountClosed, at)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditStaffClosed, domain.TargetStaff, string(id))
	})
	if errors.Is(err, domain.ErrStaffDisabled) {
		return nil
	}
	return wrap("close account", err)
}

// changeStaff runs fn with an account that is open, and its box.
func (s *Store) changeStaff(ctx context.Context, id domain.StaffID, fn func(*sql.Tx, domain.Staff, box) error) error {
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkOpen(ctx, tx, id); err != nil {
			return err
		}
		m, err := s.staffMember(ctx, tx, id)
		if err != nil {
			return err
		}
		var wrapped []byte
		if err := tx.QueryRowContext(ctx, "SELECT wrapped_key FROM staff WHERE id = ?", id).Scan(&wrapped); err != nil {
			return err
		}
		data, err := s.staffBox(id, wrapped)
		if err != nil {
			return err
		}
		return fn(tx, m, data)
	})
}

// checkOpen is domain.ErrNotFound or ErrStaffDisabled for an account that
// nobody can sign in to.
func checkOpen(ctx context.Context, q queryer, id domain.StaffID) error {
	var open bool
	err := q.QueryRowContext(ctx, "SELECT closed_at IS NULL FROM staff WHERE id = ?", id).Scan(&open)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return domain.ErrNotFound
	case err == nil && !open:
		return domain.ErrStaffDisabled
	}
	return err
}

func hasAdmin(ctx context.Context, q queryer) (has bool, err error) {
	// One of the centre's without a PIN cannot sign in: that is no way in.
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM staff WHERE role = ? AND closed_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM centre_staff c WHERE c.id = staff.id AND NOT c.ready))`,
		domain.RoleAdmin).Scan(&has)
	return has, err
}

// adminStays is domain.ErrLastAdmin for a change that leaves no administrator.
func adminStays(ctx context.Context, tx *sql.Tx) error {
	has, err := hasAdmin(ctx, tx)
	if err == nil && !has {
		err = domain.ErrLastAdmin
	}
	return err
}
