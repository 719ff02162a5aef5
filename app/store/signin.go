package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"agentid/app/domain"
)

// strangerBuckets is how many subjects all logins that there are not share:
// enough that an invented login closes by itself, like an account's, and few
// enough that inventing them does not fill the disk.
const strangerBuckets = 1 << 12

// SignIn implements domain.StaffBook. As with CheckPIN, the failure is counted,
// durably, before the comparison. A login that there is not goes the same way:
// counted, hashed, compared, and closed when it fails too often.
func (s *Store) SignIn(ctx context.Context, login, pin string) (domain.Staff, error) {
	defer s.useKeys()()
	m, err := s.signIn(ctx, pin, func(q queryer) (signInTry, error) { return s.findSignIn(ctx, q, login) })
	if err != nil {
		return domain.Staff{}, wrap("sign in", err)
	}
	return m, nil
}

// signIn compares a PIN with that of whom find finds.
func (s *Store) signIn(ctx context.Context, pin string, find func(queryer) (signInTry, error)) (domain.Staff, error) {
	if err := s.pins.enter(ctx); err != nil {
		return domain.Staff{}, err
	}
	defer s.pins.leave()
	try, err := s.reserveSignIn(ctx, find)
	if err != nil {
		return domain.Staff{}, err
	}
	pin = clip(pin, maxLabel)
	if !try.record.matches(s.keys.pepper, try.subject, pin) || try.member.ID == "" {
		if err := s.auditFailed(ctx, try); err != nil {
			return domain.Staff{}, fmt.Errorf("%w: %w", domain.ErrStaffWrongPIN, err)
		}
		if try.lock.Until.IsZero() {
			return domain.Staff{}, domain.ErrStaffWrongPIN
		}
		return domain.Staff{}, fmt.Errorf("%w: %w", domain.ErrStaffWrongPIN, &domain.LockedError{Until: try.lock.Until})
	}
	var renewed []byte
	if try.record.cost != s.pins.cost {
		renewed = try.data.seal(s.pins.hash(s.keys.pepper, try.subject, pin).encode(), staffPlace("secret", try.member))
	}
	err = s.sealing(ctx, func(tx *sql.Tx) error {
		// Closed while it was compared, it is closed.
		if err := checkOpen(ctx, tx, try.member.ID); errors.Is(err, domain.ErrStaffDisabled) {
			return domain.ErrStaffWrongPIN
		} else if err != nil {
			return err
		}
		if renewed != nil { // unless the PIN or the role was changed meanwhile
			_, err := tx.ExecContext(ctx, "UPDATE staff SET secret = ? WHERE id = ? AND secret = ?",
				renewed, try.member.ID, try.secret)
			if err != nil {
				return err
			}
		}
		if try.member, err = s.staffMember(ctx, tx, try.member.ID); err != nil {
			return err
		}
		if _, err := clearAttempts(ctx, tx, try.subject); err != nil {
			return err
		}
		return s.auditEntry(ctx, tx, domain.AuditEntry{
			Actor: string(try.member.ID), Role: try.member.Role, Action: domain.AuditSignedIn,
			Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(try.member.ID)},
		}, try.details()...)
	})
	return try.member, err
}

// auditFailed says for which account, if any, and how often in a row; not what
// was typed: it may be a PIN in the wrong field.
func (s *Store) auditFailed(ctx context.Context, try signInTry) error {
	return s.sealing(ctx, func(tx *sql.Tx) error {
		return s.auditEntry(ctx, tx, domain.AuditEntry{
			Actor: domain.ActorVisitor, Action: domain.AuditSignInFailed,
			Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(try.about)},
		}, append(try.details(), "failures", strconv.Itoa(try.lock.Failures), "locked", strconv.FormatBool(!try.lock.Until.IsZero()))...)
	})
}

// signInTry is a sign-in that has been counted and may be compared.
type signInTry struct {
	subject string
	member  domain.Staff // without an ID where there is none of that login
	data    box
	secret  []byte // sealed
	record  pinRecord
	lock    domain.Lock // should it fail

	about domain.StaffID // whose account it is about, also where it cannot be signed in to
	badge domain.BadgeID // that was shown in place of the login
	why   domain.Reason  // it is no way in, whatever the PIN
}

// details are what the audit says of how it was tried.
func (t signInTry) details() (list []string) {
	if t.badge != "" {
		list = append(list, "badge", string(t.badge))
	}
	if t.why != "" {
		list = append(list, "reason", labelOf(t.why))
	}
	return list
}

// reserveSignIn counts a failure in advance, unless the subject is locked.
func (s *Store) reserveSignIn(ctx context.Context, find func(queryer) (signInTry, error)) (try signInTry, err error) {
	var locked time.Time
	err = s.sealing(ctx, func(tx *sql.Tx) (err error) {
		if try, err = find(tx); err != nil {
			return err
		}
		try.lock, locked, err = s.reserve(ctx, tx, try.subject)
		return err
	})
	if err == nil && !locked.IsZero() {
		err = &domain.LockedError{Until: locked}
	}
	return try, err
}

// findSignIn finds what a PIN is compared with: for a login of nobody, with
// what no PIN matches, at the same cost.
func (s *Store) findSignIn(ctx context.Context, q queryer, login string) (try signInTry, err error) {
	clean, err := domain.CleanLogin(login)
	var id domain.StaffID
	var wrapped []byte
	if err == nil {
		err = q.QueryRowContext(ctx, "SELECT id, wrapped_key, secret FROM staff WHERE login = ? AND closed_at IS NULL", clean).
			Scan(&id, &wrapped, &try.secret)
	}
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, domain.ErrLogin) {
		return s.strange(login), nil
	}
	if err != nil {
		return try, err
	}
	try.subject, try.about = domain.SubjectStaff(id), id
	if try.member, err = s.staffMember(ctx, q, id); err != nil {
		return try, err
	}
	if try.data, err = s.staffBox(id, wrapped); err != nil {
		return try, err
	}
	plain, err := try.data.open(try.secret, staffPlace("secret", try.member))
	if err != nil {
		return try, fmt.Errorf("account %s: %w", id, err)
	}
	try.record, err = decodePIN(plain)
	return try, err
}

// strange is a try that nothing matches, at the cost of one that might.
func (s *Store) strange(login string) signInTry {
	try := signInTry{subject: s.stranger(login), record: pinRecord{cost: s.pins.cost}}
	rand.Read(try.record.salt[:])
	return try
}

// stranger is what a login that there is not counts for. Keyed, so that nobody
// chooses whose bucket they fill.
func (s *Store) stranger(login string) string {
	m := hmac.New(sha256.New, s.keys.pepper)
	m.Write(place{"stranger", clip(login, maxLabel)}.bytes())
	return fmt.Sprintf("stranger:%03x", binary.BigEndian.Uint16(m.Sum(nil))%strangerBuckets)
}
