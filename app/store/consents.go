package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"agentid/app/domain"
)

// MaxConsents is the most consents a person may have given.
const MaxConsents = 256

// maxLang bounds the name of a language.
const maxLang = 16

// checkConsent accepts a new consent that says all that a receipt shows, of
// purposes that are asked for here.
func checkConsent(c domain.Consent) error {
	if err := checkConsentForm(c); err != nil {
		return err
	}
	for _, p := range slices.Concat(c.Granted, c.Refused) {
		if p != domain.PurposeData && p != domain.PurposeFace {
			return fmt.Errorf("%w: unknown purpose of consent", ErrInvalid)
		}
	}
	return nil
}

func checkConsentForm(c domain.Consent) error {
	if err := checkUUID("consent id", c.ID); err != nil {
		return err
	}
	if err := checkLabels(c.Version, c.Method, c.DeviceID); err != nil {
		return err
	}
	switch {
	case c.Version == "" || c.Method == "" || c.DeviceID == "" || c.At.IsZero():
		return fmt.Errorf("%w: consent without version, method, device or time", ErrInvalid)
	case c.At.Year() < 1 || c.At.Year() > 9999:
		return fmt.Errorf("%w: year %d", ErrInvalid, c.At.Year())
	case !isHash(c.TextSHA256):
		return fmt.Errorf("%w: hash of the consent's text is no SHA-256", ErrInvalid)
	case c.Lang == "" || len(c.Lang) > maxLang:
		return fmt.Errorf("%w: language of the consent", ErrInvalid)
	case len(c.Withdrawn) > 0 || !c.WithdrawnAt.IsZero():
		return fmt.Errorf("%w: new consent is withdrawn", ErrInvalid)
	}
	var asked []domain.Purpose
	for _, p := range slices.Concat(c.Granted, c.Refused) {
		if p == "" || slices.Contains(asked, p) {
			return fmt.Errorf("%w: a purpose is asked twice, or is none", ErrInvalid)
		}
		if err := checkLabels(string(p)); err != nil {
			return err
		}
		asked = append(asked, p)
	}
	return nil
}

func insertConsent(ctx context.Context, tx *sql.Tx, c domain.Consent) error {
	list := []statement{{
		"INSERT INTO consents (id, person, version, text_sha256, lang, method, device, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		[]any{c.ID, c.Person, c.Version, c.TextSHA256, c.Lang, c.Method, c.DeviceID, micros(c.At)},
	}}
	for i, p := range slices.Concat(c.Granted, c.Refused) {
		list = append(list, statement{
			"INSERT INTO consent_purposes (consent, position, purpose, granted) VALUES (?, ?, ?, ?)",
			[]any{c.ID, i, p, i < len(c.Granted)},
		})
	}
	return execAll(ctx, tx, list)
}

// AddConsent stores a later consent of somebody registered: to a new text, or
// to their face after all. What stands is not refused by it but taken back, by
// Withdraw. Errors: ErrInvalid, ErrExists, domain.ErrNotFound.
func (s *Store) AddConsent(ctx context.Context, c domain.Consent) error {
	defer s.useKeys()()
	return wrap("add consent", s.addConsent(ctx, c))
}

func (s *Store) addConsent(ctx context.Context, c domain.Consent) error {
	if err := checkConsent(c); err != nil {
		return err
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkAlive(ctx, tx, c.Person); err != nil {
			return err
		}
		before, err := consentsOf(ctx, tx, c.Person)
		if err != nil {
			return err
		}
		if len(before) >= MaxConsents {
			return fmt.Errorf("%w: at most %d consents", ErrInvalid, MaxConsents)
		}
		for _, old := range before {
			if slices.ContainsFunc(c.Refused, old.Allows) {
				return fmt.Errorf("%w: consent refuses what stands", ErrInvalid)
			}
		}
		if err := insertConsent(ctx, tx, c); err != nil {
			return err
		}
		err = s.note(ctx, tx, domain.Event{
			Kind: domain.EventRegistration, Reason: domain.ReasonConsentGiven, Person: c.Person, At: c.At,
		})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditConsentGiven, domain.TargetPerson, string(c.Person))
	})
}

// consentsOf lists a person's consents, oldest first.
func consentsOf(ctx context.Context, q queryer, id domain.PersonID) ([]domain.Consent, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.version, c.text_sha256, c.lang, c.method, c.device, c.at,
		coalesce(p.purpose, ''), coalesce(p.granted, 0), p.withdrawn_at
		FROM consents c LEFT JOIN consent_purposes p ON p.consent = c.id
		WHERE c.person = ? ORDER BY c.at, c.id, p.position`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Consent
	for rows.Next() {
		c := domain.Consent{Person: id}
		var p domain.Purpose
		var at int64
		var granted bool
		var withdrawn sql.NullInt64
		err := rows.Scan(&c.ID, &c.Version, &c.TextSHA256, &c.Lang, &c.Method, &c.DeviceID, &at, &p, &granted, &withdrawn)
		if err != nil {
			return nil, err
		}
		if n := len(list); n == 0 || list[n-1].ID != c.ID {
			c.At = fromMicros(at)
			list = append(list, c)
		}
		last := &list[len(list)-1]
		switch {
		case p == "":
		case granted:
			last.Granted = append(last.Granted, p)
		default:
			last.Refused = append(last.Refused, p)
		}
		if withdrawn.Valid {
			last.Withdrawn = append(last.Withdrawn, domain.Withdrawal{Purpose: p, At: fromMicros(withdrawn.Int64)})
		}
	}
	for i := range list {
		list[i].WithdrawnAt = wholeWithdrawal(list[i])
	}
	return list, rows.Err()
}

// wholeWithdrawal is when the last purpose was taken back, zero while one stands.
func wholeWithdrawal(c domain.Consent) (last time.Time) {
	if len(c.Withdrawn) < len(c.Granted) {
		return time.Time{}
	}
	for _, w := range c.Withdrawn {
		if w.At.After(last) {
			last = w.At
		}
	}
	return last
}

// mayKeepFace is domain.ErrNoConsent for a person who was asked about their
// face and whose consent to it does not stand. Nobody asked those who were
// enrolled by staff.
func mayKeepFace(ctx context.Context, q queryer, id domain.PersonID) error {
	var asked, stands bool
	err := q.QueryRowContext(ctx, `SELECT count(*) > 0,
		coalesce(max(p.purpose = ? AND p.granted AND p.withdrawn_at IS NULL), 0)
		FROM consents c LEFT JOIN consent_purposes p ON p.consent = c.id WHERE c.person = ?`,
		domain.PurposeFace, id).Scan(&asked, &stands)
	if err == nil && asked && !stands {
		err = fmt.Errorf("%w: %s", domain.ErrNoConsent, domain.PurposeFace)
	}
	return err
}

// Withdraw implements domain.Registry, for those whom nobody asked as well;
// again changes nothing. at is now where it is zero. With ErrLogKept it is
// done, but for old pages that hold a template. A gallery in memory is to be
// loaded anew.
func (s *Store) Withdraw(ctx context.Context, id domain.PersonID, p domain.Purpose, at time.Time) error {
	defer s.useKeys()()
	return wrap("withdraw consent", s.withdraw(ctx, id, p, at))
}

func (s *Store) withdraw(ctx context.Context, id domain.PersonID, p domain.Purpose, at time.Time) error {
	at, err := s.moment(at)
	switch {
	case err != nil:
		return err
	case p == domain.PurposeData:
		return domain.ErrMustErase
	case p != domain.PurposeFace:
		return fmt.Errorf("%w: unknown purpose of consent", ErrInvalid)
	}
	var pictures []string
	err = s.sealing(ctx, func(tx *sql.Tx) error {
		if err := checkAlive(ctx, tx, id); err != nil {
			return err
		}
		withdrawn, err := changed(ctx, tx, `UPDATE consent_purposes SET withdrawn_at = ?
			WHERE purpose = ? AND granted AND withdrawn_at IS NULL AND consent IN (SELECT id FROM consents WHERE person = ?)`,
			micros(at), p, id)
		if err != nil {
			return err
		}
		templates, err := changed(ctx, tx, "DELETE FROM templates WHERE person = ?", id)
		if err != nil {
			return err
		}
		if pictures, err = s.dropPicturesOf(ctx, tx, id); err != nil {
			return err
		}
		if withdrawn+templates+len(pictures) == 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE people SET version = version + 1 WHERE id = ?", id); err != nil {
			return err
		}
		err = s.note(ctx, tx, domain.Event{
			Kind: domain.EventErasure, Reason: domain.ReasonConsentWithdraw, Person: id, At: at,
		})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditConsentTaken, domain.TargetPerson, string(id), "purpose", string(p))
	})
	if err != nil {
		return err
	}
	// A crash here leaves files without a row, which Sweep removes.
	if _, err := s.removeFiles(ctx, pictures); err != nil {
		return err
	}
	return s.truncateLog(ctx)
}

// changed runs a statement and tells how many rows it changed.
func changed(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
