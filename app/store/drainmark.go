package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"agentid/app/domain"
)

// KeepNotices stores how notices will be sent, before they are: whoever sends
// them again, after whatever has happened, sends the same. It tells of each
// whether it still stands; one that changed meanwhile is not to be sent.
func (s *Store) KeepNotices(ctx context.Context, made []domain.MadeNotice) ([]bool, error) {
	kept := make([]bool, len(made))
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		for i, m := range made {
			n, err := changed(ctx, tx, `UPDATE notices SET item = ?, body = ?, upto = ?
				WHERE id = ? AND kind = ? AND version = ? AND state = 'pending'`,
				m.Item, m.Body, m.UpTo, m.Key.Row, m.Key.Kind, m.Key.Version)
			if err != nil {
				return err
			}
			kept[i] = n == 1
		}
		return nil
	})
	if err != nil {
		return nil, wrap("keep notices", err)
	}
	return kept, nil
}

// SettleNotices ends notices by the centre's answers, all or none. One that
// has ended already, was erased or has changed meanwhile is left as it is: an
// answer may come twice, or late.
func (s *Store) SettleNotices(ctx context.Context, list []domain.Settlement) error {
	return wrap("settle notices", transact(ctx, s.w, func(tx *sql.Tx) error {
		for _, end := range list {
			if err := settle(ctx, tx, end); err != nil {
				return fmt.Errorf("%s %d: %w", end.Key.Kind, end.Key.Row, err)
			}
		}
		return nil
	}))
}

func settle(ctx context.Context, tx *sql.Tx, end domain.Settlement) error {
	why := ""
	if !end.Done {
		why = causeText(errors.New(end.Why))
	}
	state := map[bool]OutboxState{true: OutboxSent, false: OutboxDead}[end.Done]
	switch end.Key.Kind {
	case domain.NoticeErasure, domain.NoticeEvent:
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET state = ?, attempts = attempts + 1, last_error = ?
			WHERE id = ? AND state = 'pending'`, state, why, end.Key.Row)
		return err
	case domain.NoticePerson:
		if end.Done {
			return settlePerson(ctx, tx, end.Key)
		}
	}
	if forgotten(end) {
		_, err := tx.ExecContext(ctx, "DELETE FROM notices WHERE id = ? AND kind = ?", end.Key.Row, end.Key.Kind)
		return err
	}
	// A body is kept only as long as it may be sent again: a person's for a
	// dead letter, what others made for a centre that loses its past.
	_, err := tx.ExecContext(ctx, `UPDATE notices SET state = ?, attempts = attempts + 1, last_error = ?
		WHERE id = ? AND kind = ? AND version = ? AND state = 'pending'`,
		state, why, end.Key.Row, end.Key.Kind, end.Key.Version)
	return err
}

// settlePerson forgets the changes that have been told. Where more are left
// than one notice holds, they are the person's next.
func settlePerson(ctx context.Context, tx *sql.Tx, key domain.NoticeKey) error {
	var person string
	var upto int64
	err := tx.QueryRowContext(ctx, `SELECT ref, upto FROM notices
		WHERE id = ? AND kind = 'person' AND version = ? AND state = 'pending'`, key.Row, key.Version).Scan(&person, &upto)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return execAll(ctx, tx, []statement{
		{"DELETE FROM person_changes WHERE person = ? AND seq <= ?", []any{person, upto}},
		{`UPDATE notices SET attempts = 0, last_error = '', item = '', body = NULL, upto = 0,
			version = version + EXISTS (SELECT 1 FROM person_changes c WHERE c.person = notices.person),
			state = CASE WHEN EXISTS (SELECT 1 FROM person_changes c WHERE c.person = notices.person)
				THEN 'pending' ELSE 'sent' END WHERE id = ?`, []any{key.Row}},
	})
}

// PostponeNotice tells that one notice could not be told, for a reason that may
// pass, and when to try again. What stands no more is no error.
func (s *Store) PostponeNotice(ctx context.Context, key domain.NoticeKey, why string, until time.Time) error {
	table := "notices"
	if key.Kind == domain.NoticeErasure || key.Kind == domain.NoticeEvent {
		table = "outbox"
	}
	return wrap("postpone notice", transact(ctx, s.w, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE "+table+` SET attempts = attempts + 1, last_error = ?, next_at = ?
			WHERE id = ? AND state = 'pending'`, causeText(errors.New(why)), micros(until), key.Row)
		return err
	}))
}

// RequeueNotice has a dead notice told again, now: staff's decision.
// domain.ErrNotFound where there is none.
func (s *Store) RequeueNotice(ctx context.Context, key domain.NoticeKey) error {
	if key.Kind == domain.NoticeErasure || key.Kind == domain.NoticeEvent {
		return s.Requeue(ctx, key.Row)
	}
	defer s.useKeys()()
	return wrap(fmt.Sprintf("requeue notice %d", key.Row), s.sealing(ctx, func(tx *sql.Tx) error {
		err := markOne(ctx, tx, "UPDATE notices SET state = 'pending', next_at = ? WHERE id = ? AND kind = ? AND state = 'dead'",
			micros(s.clock.Now()), key.Row, key.Kind)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditRequeued, domain.TargetOutbox, strconv.FormatInt(key.Row, 10), "notice", string(key.Kind))
	}))
}

// PruneNotices forgets what was sent long ago: events and pictures (not
// themselves: that they were sent) and what others made. Erasures are never
// forgotten.
func (s *Store) PruneNotices(ctx context.Context) (int, error) {
	before := micros(s.clock.Now().Add(-noticeSince))
	total := 0
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		for _, query := range []string{
			"DELETE FROM outbox WHERE state = 'sent' AND kind = 'event' AND created_at < ?",
			"DELETE FROM notices WHERE state = 'sent' AND kind NOT IN ('consent', 'person', 'badge', 'badge_key') AND created_at < ?",
		} {
			n, err := changed(ctx, tx, query, before)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total, wrap("prune notices", err)
}

// tellAgain has everything that is known told again: to a centre that has lost
// its past, as after a restore. What it has still, it answers as a duplicate.
func (s *Store) tellAgain(ctx context.Context, tx *sql.Tx) error {
	return execAll(ctx, tx, []statement{
		{"UPDATE outbox SET state = 'pending', attempts = 0, next_at = 0 WHERE state = 'sent'", nil},
		{`UPDATE notices SET state = 'pending', attempts = 0, next_at = 0 WHERE state = 'sent' AND kind <> 'person'`, nil},
		{`INSERT INTO person_changes (person, what, ref, at) SELECT id, 'field', 'name', created_at FROM people
			WHERE wrapped_key IS NOT NULL ON CONFLICT DO NOTHING`, nil},
		{`INSERT INTO person_changes (person, what, ref, at) SELECT p.id, 'field', f.field, p.created_at
			FROM people p JOIN profiles r ON r.person = p.id
			CROSS JOIN (SELECT 'document' AS field UNION ALL SELECT 'contact') f
			WHERE p.wrapped_key IS NOT NULL ON CONFLICT DO NOTHING`, nil},
		{`INSERT INTO person_changes (person, what, ref, at) SELECT t.person, 'template', t.id, t.created_at
			FROM templates t JOIN people p ON p.id = t.person WHERE p.wrapped_key IS NOT NULL ON CONFLICT DO NOTHING`, nil},
	})
}
