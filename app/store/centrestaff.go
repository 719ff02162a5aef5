package store

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"agentid/app/domain"
)

// SyncStaff implements domain.CentreStaff. All that the centre wants is given
// each time; an account of its that is not among it is closed.
func (s *Store) SyncStaff(ctx context.Context, want []domain.CentreAccount) (domain.StaffSynced, error) {
	defer s.useKeys()()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b domain.CentreAccount) int { return cmp.Compare(a.ID, b.ID) })
	var done domain.StaffSynced
	err := s.sealing(ctx, func(tx *sql.Tx) error {
		done = domain.StaffSynced{Refused: map[domain.StaffID]string{}}
		had, err := hasAdmin(ctx, tx)
		if err != nil {
			return err
		}
		wanted := map[domain.StaffID]bool{}
		for _, a := range want {
			wanted[a.ID] = true
			if err := s.syncOne(ctx, tx, a, &done); err != nil {
				return fmt.Errorf("account %s: %w", a.ID, err)
			}
		}
		ids, err := texts(ctx, tx, "SELECT id FROM centre_staff WHERE open ORDER BY id")
		if err != nil {
			return err
		}
		for _, id := range ids {
			if wanted[domain.StaffID(id)] {
				continue
			}
			if err := s.syncOne(ctx, tx, domain.CentreAccount{ID: domain.StaffID(id), Closed: true}, &done); err != nil {
				return fmt.Errorf("account %s: %w", id, err)
			}
		}
		has, err := hasAdmin(ctx, tx)
		done.NoAdmin = had && !has
		return err
	})
	return done, wrap("staff of the centre", err)
}

// centreRow is what is known of an account with the id of one of the centre's.
type centreRow struct {
	there, ours   bool // there is such an account; and it is the kiosk's own
	closed        bool
	open          bool // as the centre last wanted it
	code, used    []byte
	until         sql.NullInt64
	wrapped, pins []byte
}

func (s *Store) centreRow(ctx context.Context, tx *sql.Tx, id domain.StaffID) (r centreRow, err error) {
	var open sql.NullBool
	err = tx.QueryRowContext(ctx, `SELECT s.closed_at IS NOT NULL, s.wrapped_key, s.secret, c.open, c.code, c.used, c.until
		FROM staff s LEFT JOIN centre_staff c ON c.id = s.id WHERE s.id = ?`, id).
		Scan(&r.closed, &r.wrapped, &r.pins, &open, &r.code, &r.used, &r.until)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	r.there, r.ours, r.open = true, !open.Valid, open.Bool
	return r, err
}

// syncOne makes one account what the centre wants of it.
func (s *Store) syncOne(ctx context.Context, tx *sql.Tx, a domain.CentreAccount, done *domain.StaffSynced) error {
	r, err := s.centreRow(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	refuse := func(why string) error {
		done.Refused[a.ID] = why
		return nil
	}
	switch {
	case r.ours:
		return refuse("an account of this kiosk has that id")
	case a.Closed && (!r.there || !r.open):
		return nil
	case r.there && r.open && r.closed: // closed here: open stays, as the mark of it
		return nil
	case a.Closed:
		return s.centreCloses(ctx, tx, a.ID, done)
	}
	m := domain.Staff{ID: a.ID, Role: a.Role}
	if m.Login, err = domain.CleanLogin(a.Login); err != nil {
		return refuse(err.Error())
	}
	if m.Name, err = domain.CleanName(a.Name); err != nil {
		return refuse(err.Error())
	}
	if !m.Role.Valid() || checkUUID("staff id", string(m.ID)) != nil {
		return refuse("no role, or no id")
	}
	var taken bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM staff WHERE login = ? AND id <> ?)", m.Login, m.ID).Scan(&taken); err != nil {
		return err
	}
	if taken { // whoever has it here keeps it
		return refuse("another account of this kiosk has that login")
	}
	if !r.there {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM staff").Scan(&n); err != nil {
			return err
		}
		if n >= MaxStaff {
			return refuse(fmt.Sprintf("there are %d accounts", n))
		}
		err = s.centreAdds(ctx, tx, m, done)
	} else {
		err = s.centreChanges(ctx, tx, m, r, done)
	}
	if err != nil {
		return err
	}
	return s.centreCode(ctx, tx, a, r)
}

// noPIN is the record of a PIN that there is not: nothing matches it, at the
// cost of one that might.
func (s *Store) noPIN() pinRecord {
	r := pinRecord{cost: s.pins.cost}
	rand.Read(r.salt[:])
	rand.Read(r.sum[:])
	return r
}

func (s *Store) centreAdds(ctx context.Context, tx *sql.Tx, m domain.Staff, done *domain.StaffSynced) error {
	key := newKey()
	data, err := newBox(key)
	if err != nil {
		return err
	}
	m.CreatedAt = s.now()
	row := sealedStaff{
		Staff: m, wrapped: s.keys.master.seal(key, staffKeyPlace(m.ID)),
		name: data.seal([]byte(m.Name), staffPlace("name", m)), secret: data.seal(s.noPIN().encode(), staffPlace("secret", m)),
	}
	if err := row.insert(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO centre_staff (id, open) VALUES (?, 1)", m.ID); err != nil {
		return err
	}
	done.Changed = true
	return s.audit(ctx, tx, domain.AuditStaffAdded, domain.TargetStaff, string(m.ID), "role", string(m.Role))
}

// centreChanges takes over login, name and role, and opens what the centre had
// closed: without a PIN, for that went when it was closed.
func (s *Store) centreChanges(ctx context.Context, tx *sql.Tx, m domain.Staff, r centreRow, done *domain.StaffSynced) error {
	was, err := s.staffMember(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	if !r.closed && was.Login == m.Login && was.Name == m.Name && was.Role == m.Role {
		return nil
	}
	done.Changed = true
	data, err := s.staffBox(m.ID, r.wrapped)
	if err != nil {
		return err
	}
	secret := s.noPIN().encode()
	if !r.closed {
		if secret, err = data.open(r.pins, staffPlace("secret", was)); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE staff SET login = ?, name = ?, role = ?, secret = ?, closed_at = NULL WHERE id = ?",
		m.Login, data.seal([]byte(m.Name), staffPlace("name", m)), m.Role, data.seal(secret, staffPlace("secret", m)), m.ID)
	if err != nil {
		return err
	}
	if r.closed {
		if _, err := tx.ExecContext(ctx, "UPDATE centre_staff SET open = 1, ready = 0 WHERE id = ?", m.ID); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, domain.AuditStaffReopened, domain.TargetStaff, string(m.ID), "role", string(m.Role)); err != nil {
			return err
		}
	}
	if was.Role != m.Role {
		return s.audit(ctx, tx, domain.AuditStaffRole, domain.TargetStaff, string(m.ID), "from", string(was.Role), "to", string(m.Role))
	}
	return nil
}

func (s *Store) centreCloses(ctx context.Context, tx *sql.Tx, id domain.StaffID, done *domain.StaffSynced) error {
	err := execAll(ctx, tx, []statement{
		{"UPDATE centre_staff SET open = 0, ready = 0, code = NULL, until = NULL WHERE id = ?", []any{id}},
		{"UPDATE staff SET closed_at = ?, secret = NULL WHERE id = ?", []any{micros(s.now()), id}},
		{"DELETE FROM attempts WHERE subject = ?", []any{domain.SubjectStaff(id)}},
	})
	if err != nil {
		return err
	}
	done.Changed = true
	// Opened again, it is no badge from before that lets them in.
	if err := s.endStaffBadges(ctx, tx, id, domain.ReasonAccountClosed, s.now()); err != nil {
		return err
	}
	return s.audit(ctx, tx, domain.AuditStaffClosed, domain.TargetStaff, string(id))
}

// centreCode keeps the code that an account may be opened with; not one that
// was used.
func (s *Store) centreCode(ctx context.Context, tx *sql.Tx, a domain.CentreAccount, r centreRow) error {
	var code []byte
	var until sql.NullInt64
	if len(a.Code) == sha256.Size {
		if mac := s.staffCode(a.ID, a.Code); !hmac.Equal(mac, r.used) {
			code, until = mac, sql.NullInt64{Int64: micros(a.Until), Valid: true}
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE centre_staff SET code = ?, until = ? WHERE id = ?", code, until, a.ID)
	return err
}

// staffCode is a code's hash as it is kept, keyed: who can write to the file
// alone cannot plant a code.
func (s *Store) staffCode(id domain.StaffID, hash []byte) []byte {
	m := hmac.New(sha256.New, s.keys.pepper)
	m.Write(place{"staff code", string(id), string(hash)}.bytes())
	return m.Sum(nil)
}

// StaffCodes implements domain.CentreStaff.
func (s *Store) StaffCodes(ctx context.Context) (bool, error) {
	var any bool
	err := s.r.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM centre_staff c JOIN staff s ON s.id = c.id
		WHERE c.code IS NOT NULL AND c.until > ? AND s.closed_at IS NULL)`, micros(s.clock.Now())).Scan(&any)
	return any, wrap("codes of staff", err)
}

// UseStaffCode implements domain.CentreStaff. Whatever is wrong with the code is
// told alike: a login that there is not, one that was used, its time.
func (s *Store) UseStaffCode(ctx context.Context, login string, hash func(domain.StaffID) []byte, pin string) (domain.Staff, error) {
	defer s.useKeys()()
	m, err := s.useStaffCode(ctx, login, hash, pin)
	return m, wrap("use code of staff", err)
}

func (s *Store) useStaffCode(ctx context.Context, login string, hash func(domain.StaffID) []byte, pin string) (m domain.Staff, err error) {
	login, err = domain.CleanLogin(login)
	if err != nil {
		return m, domain.ErrSetupCode
	}
	id, err := s.checkStaffCode(ctx, s.r, login, hash)
	if err != nil {
		return m, err
	}
	record, err := s.hashPIN(ctx, domain.SubjectStaff(id), pin)
	if err != nil {
		return m, err
	}
	err = s.changeStaff(ctx, id, func(tx *sql.Tx, was domain.Staff, data box) error {
		if again, err := s.checkStaffCode(ctx, tx, login, hash); err != nil || again != id {
			return orElse(err, domain.ErrSetupCode)
		}
		m = was
		err := execAll(ctx, tx, []statement{
			{"UPDATE staff SET secret = ? WHERE id = ?", []any{data.seal(record.encode(), staffPlace("secret", was)), id}},
			{"UPDATE centre_staff SET ready = 1, used = code, code = NULL, until = NULL WHERE id = ?", []any{id}},
		})
		if err != nil {
			return err
		}
		if _, err := clearAttempts(ctx, tx, domain.SubjectStaff(id)); err != nil {
			return err
		}
		return s.auditEntry(ctx, tx, domain.AuditEntry{
			Actor: string(id), Role: was.Role, Action: domain.AuditStaffCodeUsed,
			Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(id)},
		})
	})
	if errors.Is(err, domain.ErrStaffDisabled) || errors.Is(err, domain.ErrNotFound) {
		err = domain.ErrSetupCode // closed meanwhile
	}
	return m, err
}

// checkStaffCode compares a code in constant time.
func (s *Store) checkStaffCode(ctx context.Context, q queryer, login string, hash func(domain.StaffID) []byte) (id domain.StaffID, err error) {
	var code []byte
	var until int64
	err = q.QueryRowContext(ctx, `SELECT s.id, c.code, c.until FROM staff s JOIN centre_staff c ON c.id = s.id
		WHERE s.login = ? AND s.closed_at IS NULL AND c.code IS NOT NULL`, login).Scan(&id, &code, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return "", domain.ErrSetupCode
	}
	if err != nil {
		return "", err
	}
	h := hash(id)
	if h == nil || !hmac.Equal(s.staffCode(id, h), code) || !s.clock.Now().Before(time.UnixMicro(until)) {
		return "", domain.ErrSetupCode
	}
	return id, nil
}
