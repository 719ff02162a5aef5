package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"agentid/app/domain"
)

// PlanMerge implements domain.Merger.
func (s *Store) PlanMerge(ctx context.Context, keep, gone domain.PersonID) (domain.MergePlan, error) {
	defer s.useKeys()()
	tx, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // both as of one moment
	if err != nil {
		return domain.MergePlan{}, wrap("plan merge", err)
	}
	defer tx.Rollback()
	p, err := s.planMerge(ctx, tx, keep, gone)
	if err != nil {
		return domain.MergePlan{}, wrap("plan merge", s.orRotated(ctx, err))
	}
	return p, nil
}

func (s *Store) planMerge(ctx context.Context, q queryer, keep, gone domain.PersonID) (p domain.MergePlan, err error) {
	if keep == gone {
		return p, domain.ErrMergeSelf
	}
	if p.Keep, err = s.mergeSide(ctx, q, keep); err != nil {
		return p, err
	}
	if p.Gone, err = s.mergeSide(ctx, q, gone); err != nil {
		return p, err
	}
	if p.Stamp, err = mergeStamp(ctx, q, keep, gone); err != nil {
		return p, err
	}
	p.Document = p.Keep.Document == "" && p.Gone.Document != ""
	p.Contact = p.Keep.Contact == "" && p.Gone.Contact != ""
	p.NoData = !stands(p.Keep.Consents, domain.PurposeData) && (stands(p.Gone.Consents, domain.PurposeData) || p.Document || p.Contact)
	p.FaceTaken = faceTaken(p.Keep.Consents, p.Gone.Consents)
	switch {
	case p.Gone.Templates == 0:
	case stands(p.Keep.Consents, domain.PurposeFace):
		p.Templates = min(p.Gone.Templates, max(0, MaxTemplates-p.Keep.Templates))
	default:
		p.NoConsent = true
	}
	now := s.now()
	for _, b := range p.Gone.Badges {
		if b.RevokedAt.IsZero() && now.Before(b.Expires) {
			p.Badges++
		}
	}
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM cases WHERE person = ?", gone).Scan(&p.Cases); err != nil {
		return p, err
	}
	p.Second = p.Gone.SecondFactor && !p.Keep.SecondFactor
	both, err := stricter(ctx, q, keep, gone)
	p.Lock = both.lock(now)
	return p, err
}

// stands tells that a consent to a purpose was given and stands. Unlike for
// mayKeepFace, that nobody asked is none: what is another's is not added to
// somebody who never agreed to any of it.
func stands(list []domain.Consent, to domain.Purpose) bool {
	return slices.ContainsFunc(list, func(c domain.Consent) bool { return c.Allows(to) })
}

// faceTaken tells that the face was taken back under one record after it was last
// given under another, where that stands.
func faceTaken(keep, gone []domain.Consent) bool {
	if !stands(keep, domain.PurposeFace) || stands(gone, domain.PurposeFace) {
		return false
	}
	var given, taken time.Time
	for _, c := range keep {
		if c.Allows(domain.PurposeFace) && c.At.After(given) {
			given = c.At
		}
	}
	for _, c := range gone {
		for _, w := range c.Withdrawn {
			if w.Purpose == domain.PurposeFace && w.At.After(taken) {
				taken = w.At
			}
		}
	}
	return taken.After(given)
}

func (s *Store) mergeSide(ctx context.Context, q queryer, id domain.PersonID) (m domain.MergeSide, err error) {
	if m.Profile, err = s.profileOf(ctx, q, id); err != nil {
		return m, err
	}
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM templates WHERE person = ?", id).Scan(&m.Templates); err != nil {
		return m, err
	}
	a, err := readAttempt(ctx, q, domain.SubjectPerson(id))
	m.Lock = a.lock(s.now())
	return m, err
}

// mergeStamp names the state of two people: whatever a plan says of them hangs
// on what is in it.
func mergeStamp(ctx context.Context, q queryer, people ...domain.PersonID) (string, error) {
	h := sha256.New()
	for _, id := range people {
		parts, err := texts(ctx, q, `SELECT id || ' ' || version FROM people WHERE id = ?1
			UNION ALL SELECT * FROM (SELECT id FROM templates WHERE person = ?1 ORDER BY id)
			UNION ALL SELECT * FROM (SELECT c.id || ' ' || p.purpose || ' ' || p.granted || ' ' || coalesce(p.withdrawn_at, '')
				FROM consents c JOIN consent_purposes p ON p.consent = c.id WHERE c.person = ?1 ORDER BY c.id, p.position)
			UNION ALL SELECT * FROM (SELECT id || ' ' || revoked FROM badges WHERE person = ?1 ORDER BY id)
			UNION ALL SELECT 'profile' FROM profiles WHERE person = ?1
			UNION ALL SELECT 'pin' FROM pins WHERE person = ?1
			UNION ALL SELECT 'second factor' FROM second_factor WHERE person = ?1`, id)
		if err != nil {
			return "", err
		}
		for _, part := range parts {
			fmt.Fprintf(h, "%d %s\n", len(part), part)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// stricter is the count of two people's attempts that closes them longer.
func stricter(ctx context.Context, q queryer, a, b domain.PersonID) (attempt, error) {
	x, err := readAttempt(ctx, q, domain.SubjectPerson(a))
	if err != nil {
		return x, err
	}
	y, err := readAttempt(ctx, q, domain.SubjectPerson(b))
	x.failures = max(x.failures, y.failures)
	if y.at.After(x.at) {
		x.at = y.at
	}
	if y.until.After(x.until) {
		x.until = y.until
	}
	return x, err
}

// MergePeople implements domain.Merger. What passes over, the end of the other's
// badges, the destruction of their key with the order to erase, the outbox rows
// and the audit are one transaction; a crash after it leaves an erasure to be
// finished, as EraseIdentity does, and before it nothing. The errors of
// EraseIdentity count here as well.
func (s *Store) MergePeople(ctx context.Context, keep, gone domain.PersonID, stamp string) (domain.ErasureReceipt, error) {
	defer s.useKeys()()
	r, err := s.mergePeople(ctx, keep, gone, stamp)
	return r, wrap("merge people", err)
}

func (s *Store) mergePeople(ctx context.Context, keep, gone domain.PersonID, stamp string) (r domain.ErasureReceipt, err error) {
	if keep == gone {
		return r, domain.ErrMergeSelf
	}
	err = s.sealing(ctx, func(tx *sql.Tx) error {
		switch into, err := mergedInto(ctx, tx, gone); {
		case err == nil && into == keep:
			return nil // asked again: the rest may be to be finished
		case err != nil && !errors.Is(err, domain.ErrNotFound):
			return err
		}
		p, err := s.planMerge(ctx, tx, keep, gone)
		if err != nil {
			return err
		}
		if p.Stamp != stamp {
			return domain.ErrMergeChanged
		}
		if p.NoData {
			return domain.ErrMergeConsent
		}
		return s.join(ctx, tx, p, s.now())
	})
	if err != nil {
		return r, err
	}
	if r, err = s.finishErasure(ctx, gone); err != nil {
		return r, fmt.Errorf("merged, the erasure is to be finished: %w", err)
	}
	return r, s.truncateLog(ctx)
}

// join does what a plan says.
func (s *Store) join(ctx context.Context, tx *sql.Tx, p domain.MergePlan, at time.Time) error {
	keep, gone := p.Keep.Person.ID, p.Gone.Person.ID
	err := s.audit(ctx, tx, domain.AuditMerged, domain.TargetPerson, string(keep), "other", string(gone),
		"templates", strconv.Itoa(p.Templates), "badges", strconv.Itoa(p.Badges), "document", strconv.FormatBool(p.Document))
	if err != nil {
		return err
	}
	ev := domain.Event{Kind: domain.EventRegistration, Reason: domain.ReasonMerged, Person: keep, At: at}
	if a := domain.ActorOf(ctx); a.Role != "" {
		ev.Staff = domain.StaffID(a.ID)
	}
	if err := s.note(ctx, tx, ev); err != nil {
		return err
	}
	for _, b := range p.Gone.Badges {
		if b.RevokedAt.IsZero() {
			if err := s.endBadge(ctx, tx, b, domain.ReasonMerged, at); err != nil {
				return err
			}
		}
	}
	if err := s.passOver(ctx, tx, p); err != nil {
		return err
	}
	if p.Second {
		_, err := tx.ExecContext(ctx, "INSERT INTO second_factor (person, at) VALUES (?, ?)", keep, micros(at))
		if err != nil {
			return err
		}
		if err := s.audit(ctx, tx, domain.AuditSecondFactor, domain.TargetPerson, string(keep)); err != nil {
			return err
		}
	}
	both, err := stricter(ctx, tx, keep, gone)
	if err == nil && both.failures > 0 {
		err = both.write(ctx, tx, domain.SubjectPerson(keep))
	}
	if err != nil {
		return err
	}
	err = execAll(ctx, tx, []statement{
		// What the centre heard of these cases it deletes with the other: it is told anew.
		{`DELETE FROM notices WHERE kind = ? AND ref IN (SELECT id FROM cases WHERE person = ?)`, []any{domain.NoticeCase, gone}},
		{`INSERT INTO notices (kind, ref, person, created_at, version)
			SELECT ?, id, ?, ?, version + 1 FROM cases WHERE person = ?`, []any{domain.NoticeCase, keep, micros(at), gone}},
		{"UPDATE cases SET person = ?, version = version + 1 WHERE person = ?", []any{keep, gone}},
		{"UPDATE merges SET keep = ? WHERE keep = ?", []any{keep, gone}},
		{"INSERT INTO merges (gone, keep, at) VALUES (?, ?, ?)", []any{gone, keep, micros(at)}},
		// Where the other was seen at another kiosk goes with their key.
		{`INSERT INTO centre_seen AS had (person, until) SELECT ?, until FROM centre_seen WHERE person = ?
			ON CONFLICT (person) DO UPDATE SET until = max(had.until, excluded.until)`, []any{keep, gone}},
	})
	if err != nil {
		return err
	}
	if err := s.destroyKey(ctx, tx, gone, domain.ReasonMerged, at); err != nil {
		return err
	}
	return s.eraseRows(ctx, tx, gone)
}

// passOver moves what the record that stays takes from the other, opened with
// the one's key and sealed with the other's, bound to its new place.
func (s *Store) passOver(ctx context.Context, tx *sql.Tx, p domain.MergePlan) error {
	keep, gone := p.Keep.Person.ID, p.Gone.Person.ID
	var wrapped []byte
	err := tx.QueryRowContext(ctx, "UPDATE people SET version = version + 1 WHERE id = ? RETURNING wrapped_key", keep).Scan(&wrapped)
	if err != nil {
		return err
	}
	data, err := s.personBox(string(keep), wrapped)
	if err != nil {
		return err
	}
	if p.Document || p.Contact {
		if err := s.passFields(ctx, tx, data, p); err != nil {
			return err
		}
	}
	if p.Templates == 0 {
		return nil
	}
	ts, err := s.allTemplates(ctx, tx, gone)
	if err != nil {
		return err
	}
	slices.SortStableFunc(ts, func(a, b domain.Template) int { return cmp.Compare(b.Quality, a.Quality) })
	ts = ts[:min(len(ts), p.Templates)]
	for i := range ts {
		ts[i].ID, ts[i].PersonID = "", keep
	}
	rows, err := s.sealTemplates(data, keep, ts)
	if err != nil {
		return err
	}
	return insertTemplates(ctx, tx, rows)
}

// passFields fills in document and contact where there were none.
func (s *Store) passFields(ctx context.Context, tx *sql.Tx, data box, p domain.MergePlan) error {
	keep, gone := string(p.Keep.Person.ID), string(p.Gone.Person.ID)
	document, contact := p.Keep.Document, p.Keep.Contact
	if p.Document {
		document = p.Gone.Document
		// One document is one person's, at any moment.
		if _, err := tx.ExecContext(ctx, "DELETE FROM profiles WHERE person = ?", gone); err != nil {
			return err
		}
	}
	if p.Contact {
		contact = p.Gone.Contact
	}
	if document == "" {
		return nil // a contact alone has no place
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO profiles (person, document, document_hash, contact) VALUES (?, ?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET document = excluded.document, document_hash = excluded.document_hash, contact = excluded.contact`,
		keep, data.seal([]byte(document), documentPlace(keep)), s.keys.documentHash(document), data.seal([]byte(contact), contactPlace(keep)))
	return err
}

// allTemplates opens somebody's templates of every encoder.
func (s *Store) allTemplates(ctx context.Context, q queryer, id domain.PersonID) ([]domain.Template, error) {
	ids, err := texts(ctx, q, "SELECT id FROM templates WHERE person = ?", id)
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]bool, len(ids))
	for _, t := range ids {
		wanted[t] = true
	}
	return s.templatesOf(ctx, q, id, wanted)
}

// MergedWith implements domain.Merger.
func (s *Store) MergedWith(ctx context.Context, keep domain.PersonID) ([]domain.PersonID, error) {
	ids, err := texts(ctx, s.r, "SELECT gone FROM merges WHERE keep = ? ORDER BY at, gone", keep)
	if err != nil {
		return nil, wrap("merged with", err)
	}
	var out []domain.PersonID
	for _, id := range ids {
		out = append(out, domain.PersonID(id))
	}
	return out, nil
}

// MergedInto implements domain.Merger.
func (s *Store) MergedInto(ctx context.Context, gone domain.PersonID) (domain.PersonID, error) {
	id, err := mergedInto(ctx, s.r, gone)
	return id, wrap("merged into", err)
}

func mergedInto(ctx context.Context, q queryer, gone domain.PersonID) (id domain.PersonID, err error) {
	err = q.QueryRowContext(ctx, "SELECT keep FROM merges WHERE gone = ?", gone).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = domain.ErrNotFound
	}
	return id, err
}
