package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"agentid/app/domain"
)

// The places of what is sealed of a case.
func caseKeyPlace(id string) place        { return place{"cases", "wrapped_key", id} }
func caseTranscriptPlace(id string) place { return place{"cases", "transcript", id} }

// AddCase implements domain.CaseBook. A zero At is now, and Kiosk is this one
// where it is empty. Errors: ErrInvalid, ErrExists, domain.ErrNotFound.
func (s *Store) AddCase(ctx context.Context, c domain.Case) error {
	defer s.useKeys()()
	return wrap("add case", s.addCase(ctx, c))
}

func (s *Store) addCase(ctx context.Context, c domain.Case) error {
	var err error
	if c.At, err = s.moment(c.At); err != nil {
		return err
	}
	if c.Kiosk == "" {
		c.Kiosk = s.device
	}
	if err := checkCase(c); err != nil {
		return err
	}
	if c.Transcript == nil {
		c.Transcript = []domain.CaseLine{}
	}
	plain, err := json.Marshal(c.Transcript)
	if err != nil {
		return err
	}
	key := newKey()
	data, err := newBox(key)
	if err != nil {
		return err
	}
	return s.sealing(ctx, func(tx *sql.Tx) error {
		if c.Person != "" {
			if err := checkAlive(ctx, tx, c.Person); err != nil {
				return err
			}
		}
		return execAll(ctx, tx, []statement{
			{`INSERT INTO cases (id, at, kiosk, lang, identity, person, reason, changed_at, wrapped_key, transcript)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				[]any{c.ID, micros(c.At), c.Kiosk, c.Lang, c.Identity, orNull(string(c.Person)), c.Reason, micros(c.At),
					s.keys.master.seal(key, caseKeyPlace(c.ID)), data.seal(plain, caseTranscriptPlace(c.ID))}},
			{"INSERT INTO notices (kind, ref, person, created_at) VALUES (?, ?, ?, ?)",
				[]any{domain.NoticeCase, c.ID, orNull(string(c.Person)), micros(s.clock.Now())}},
		})
	})
}

func checkCase(c domain.Case) error {
	for _, id := range []struct{ what, id string }{{"case id", c.ID}, {"kiosk id", c.Kiosk}, {"person id", string(c.Person)}} {
		if id.id == "" && id.what == "person id" {
			continue
		}
		if err := checkUUID(id.what, id.id); err != nil {
			return err
		}
	}
	switch c.Identity {
	case domain.IdentityAnonymous, domain.IdentityRecognised, domain.IdentityValidated:
	default:
		return fmt.Errorf("%w: identity %q", ErrInvalid, clip(string(c.Identity), maxLabel))
	}
	if c.Lang == "" || c.Reason == "" || (c.Person == "") != (c.Identity == domain.IdentityAnonymous) {
		return fmt.Errorf("%w: case without language or reason, or whose identity does not agree with its person", ErrInvalid)
	}
	if len(c.Transcript) > domain.MaxCaseLines {
		return fmt.Errorf("%w: %d lines, at most %d", ErrInvalid, len(c.Transcript), domain.MaxCaseLines)
	}
	for _, l := range c.Transcript {
		if err := checkSpoken(l.Text); err != nil {
			return err
		}
		if err := checkLabels(l.Topic); err != nil {
			return err
		}
	}
	return checkLabels(string(c.Lang), string(c.Reason))
}

// Case implements domain.CaseBook.
func (s *Store) Case(ctx context.Context, id string) (domain.Case, error) {
	defer s.useKeys()()
	list, err := s.cases(ctx, s.r, true, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = domain.ErrNotFound
	}
	if err == nil && list[0].Answered {
		list[0].Answer, err = s.caseAnswer(ctx, id)
	}
	if err != nil {
		return domain.Case{}, wrap("case", s.orRotated(ctx, err))
	}
	return list[0], nil
}

// maxAnswers bounds how many answers wait for one person.
const maxAnswers = 10

// AnswersTo lists the open cases of somebody that the centre has answered and
// they have not seen, oldest first: those alone in which they had validated, for
// a face may be taken for another's.
func (s *Store) AnswersTo(ctx context.Context, id domain.PersonID) ([]domain.Case, error) {
	defer s.useKeys()()
	list, err := s.cases(ctx, s.r, true, `WHERE person = ? AND identity = ? AND state <> ? AND told_at IS NULL
		AND EXISTS (SELECT 1 FROM centre_documents d WHERE d.kind = 'case_answer' AND d.ref = cases.id) ORDER BY at, id LIMIT ?`,
		id, domain.IdentityValidated, domain.CaseClosed, maxAnswers)
	for i := range list {
		if err == nil {
			list[i].Answer, err = s.caseAnswer(ctx, list[i].ID)
		}
	}
	return list, wrap("answers", s.orRotated(ctx, err))
}

// AnswerTold notes that who asked was shown the answer. domain.ErrNotFound.
func (s *Store) AnswerTold(ctx context.Context, id string) error {
	defer s.useKeys()()
	return wrap("answer told", s.sealing(ctx, func(tx *sql.Tx) error {
		n, err := changed(ctx, tx, "UPDATE cases SET told_at = coalesce(told_at, ?) WHERE id = ?", micros(s.clock.Now()), id)
		if err == nil && n == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditCaseChanged, domain.TargetCase, id, "to", "told")
	}))
}

// caseAnswer is what the centre answers to a case; nil where it went meanwhile.
func (s *Store) caseAnswer(ctx context.Context, id string) (*domain.CaseAnswer, error) {
	list, err := s.centreDocuments(ctx, "kind = ? AND ref = ?", domain.DocumentCaseAnswer, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var a domain.CaseAnswer
	if err := json.Unmarshal([]byte(list[0].Content), &a); err != nil {
		return nil, fmt.Errorf("%w: answer to case %s", ErrCorrupt, id)
	}
	return &a, nil
}

// Cases implements domain.CaseBook. Limit is as in Filter.
func (s *Store) Cases(ctx context.Context, f domain.CaseFilter) ([]domain.Case, error) {
	var where []string
	var args []any
	if len(f.States) > 0 {
		where = append(where, "state IN (SELECT value FROM json_each(?))")
		states, err := json.Marshal(f.States)
		if err != nil {
			return nil, wrap("cases", err)
		}
		args = append(args, string(states))
	}
	if f.Before != "" {
		where = append(where, "(at, id) < (SELECT at, id FROM cases WHERE id = ?)")
		args = append(args, f.Before)
	}
	query := ""
	if len(where) > 0 {
		query = "WHERE " + strings.Join(where, " AND ")
	}
	list, err := s.cases(ctx, s.r, false, query+" ORDER BY at DESC, id DESC LIMIT ?", append(args, bounded(f.Limit))...)
	return list, wrap("cases", err)
}

// cases lists cases, with their transcripts where whole.
func (s *Store) cases(ctx context.Context, q queryer, whole bool, where string, args ...any) ([]domain.Case, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, version, at, kiosk, lang, identity, coalesce(person, ''), reason, state,
		coalesce(staff, ''), changed_at, wrapped_key, transcript, told_at,
		EXISTS (SELECT 1 FROM centre_documents d WHERE d.kind = 'case_answer' AND d.ref = cases.id) FROM cases `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []domain.Case
	for rows.Next() {
		var c domain.Case
		var at, changed int64
		var told sql.NullInt64
		var wrapped, sealed []byte
		err := rows.Scan(&c.ID, &c.Version, &at, &c.Kiosk, &c.Lang, &c.Identity, &c.Person, &c.Reason, &c.State,
			&c.Staff, &changed, &wrapped, &sealed, &told, &c.Answered)
		if err != nil {
			return nil, err
		}
		c.At, c.ChangedAt = fromMicros(at), fromMicros(changed)
		if told.Valid {
			c.Told = fromMicros(told.Int64)
		}
		if whole {
			if c.Transcript, err = s.transcript(c.ID, wrapped, sealed); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

func (s *Store) transcript(id string, wrapped, sealed []byte) (list []domain.CaseLine, err error) {
	key, err := s.keys.master.open(wrapped, caseKeyPlace(id))
	if err != nil {
		return nil, fmt.Errorf("key of case %s: %w", id, err)
	}
	data, err := newBox(key)
	if err != nil {
		return nil, err
	}
	plain, err := data.open(sealed, caseTranscriptPlace(id))
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", id, err)
	}
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, fmt.Errorf("%w: transcript of case %s", ErrCorrupt, id)
	}
	return list, nil
}

// SetCaseState implements domain.CaseBook. The same state again, by the same
// member, changes nothing.
func (s *Store) SetCaseState(ctx context.Context, id string, to domain.CaseState, by domain.StaffID) error {
	if !slices.Contains([]domain.CaseState{domain.CaseOpen, domain.CaseTaken, domain.CaseClosed}, to) {
		return wrap("set state of case", fmt.Errorf("%w: state %q", ErrInvalid, clip(string(to), maxLabel)))
	}
	if err := checkUUID("staff id", string(by)); err != nil {
		return wrap("set state of case", err)
	}
	defer s.useKeys()()
	return wrap("set state of case", s.sealing(ctx, func(tx *sql.Tx) error {
		var was domain.CaseState
		var staff, person string
		err := tx.QueryRowContext(ctx, "SELECT state, coalesce(staff, ''), coalesce(person, '') FROM cases WHERE id = ?", id).
			Scan(&was, &staff, &person)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return domain.ErrNotFound
		case err != nil:
			return err
		case was == to && staff == string(by):
			return nil
		case was == domain.CaseClosed && to == domain.CaseTaken:
			return domain.ErrCaseClosed
		}
		now := micros(s.clock.Now())
		err = execAll(ctx, tx, []statement{
			{"UPDATE cases SET state = ?, staff = ?, changed_at = ?, version = version + 1 WHERE id = ?", []any{to, by, now, id}},
			{`INSERT INTO notices (kind, ref, person, created_at) VALUES (?, ?, ?, ?)
				ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, attempts = 0, next_at = 0, last_error = '',
				created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END, state = 'pending'`,
				[]any{domain.NoticeCase, id, orNull(person), now}},
		})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditCaseChanged, domain.TargetCase, id, "from", string(was), "to", string(to), "staff", string(by))
	}))
}

// rewrapCases wraps the key of each case anew.
func (s *Store) rewrapCases(ctx context.Context, tx *sql.Tx, next keyring) error {
	for last := ""; ; {
		ids, err := texts(ctx, tx, "SELECT id FROM cases WHERE id > ? ORDER BY id LIMIT ?", last, rotateBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			var wrapped []byte
			if err := tx.QueryRowContext(ctx, "SELECT wrapped_key FROM cases WHERE id = ?", id).Scan(&wrapped); err != nil {
				return err
			}
			key, err := s.keys.master.open(wrapped, caseKeyPlace(id))
			if err != nil {
				return fmt.Errorf("key of case %s: %w", id, err)
			}
			_, err = tx.ExecContext(ctx, "UPDATE cases SET wrapped_key = ? WHERE id = ?", next.master.seal(key, caseKeyPlace(id)), id)
			if err != nil {
				return err
			}
		}
		last = ids[len(ids)-1]
	}
}
