package store

import (
	"context"
	"database/sql"
	"fmt"

	"agentid/app/domain"
)

// Erase makes a person unreadable for good. Their key is destroyed in a
// transaction of its own; from then on nothing of theirs opens, and an Erase
// that is cut short is finished by the next Erase or Open. Then go their
// templates, name, and the pictures of every event about them, and the
// write-ahead log is emptied so that no old page holds any of it. What stays
// is a tombstone, their events (ids and figures), and an outbox row that has
// the centre erase them as well.
//
// Erasing twice is no error; domain.ErrNotFound is one who was never here.
// Backups made earlier still hold the person; on flash memory, so may the
// medium, but only sealed under a key that is gone (pictures: overwritten).
func (s *Store) Erase(ctx context.Context, id domain.PersonID) error {
	return wrap("erase person", s.erase(ctx, id))
}

func (s *Store) erase(ctx context.Context, id domain.PersonID) error {
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx,
			"UPDATE people SET wrapped_key = NULL, version = version + 1 WHERE id = ? AND wrapped_key IS NOT NULL", id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var known bool
		err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?)", id).Scan(&known)
		if err == nil && !known {
			err = domain.ErrNotFound
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.finishErasure(ctx, id); err != nil {
		return fmt.Errorf("key is destroyed, rest to be finished: %w", err)
	}
	return wrap("key is destroyed, log to be emptied", s.truncateLog(ctx))
}

// finishErasure removes what a destroyed key has left unreadable. Each step
// may be repeated; the tombstone is set last.
func (s *Store) finishErasure(ctx context.Context, id domain.PersonID) error {
	now := micros(s.clock.Now())
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		return execAll(ctx, tx, []statement{
			{"DELETE FROM templates WHERE person = ?", []any{id}},
			{"UPDATE people SET name = NULL WHERE id = ?", []any{id}},
			{`UPDATE snapshots SET dropped_at = ? WHERE dropped_at IS NULL
				AND hash IN (SELECT snapshot FROM events WHERE person = ? AND snapshot IS NOT NULL)`, []any{now, id}},
			// What the centre once said about these events may quote anything.
			{`UPDATE outbox SET last_error = '' WHERE last_error <> '' AND kind = 'event'
				AND ref IN (SELECT id FROM events WHERE person = ?)`, []any{id}},
			{`INSERT INTO outbox (kind, ref, created_at, next_at) VALUES ('erasure', ?, ?, ?)
				ON CONFLICT (kind, ref) DO NOTHING`, []any{id, now, now}},
		})
	})
	if err != nil {
		return err
	}
	hashes, err := texts(ctx, s.r, `SELECT hash FROM snapshots WHERE dropped_at IS NOT NULL
		AND hash IN (SELECT snapshot FROM events WHERE person = ? AND snapshot IS NOT NULL)`, id)
	if err != nil {
		return err
	}
	if _, err := s.removeFiles(ctx, hashes); err != nil {
		return err
	}
	return transact(ctx, s.w, func(tx *sql.Tx) error {
		return execAll(ctx, tx, []statement{
			{"UPDATE people SET erased_at = ? WHERE id = ? AND erased_at IS NULL", []any{now, id}},
		})
	})
}

type statement struct {
	sql  string
	args []any
}

func execAll(ctx context.Context, tx *sql.Tx, list []statement) error {
	for _, st := range list {
		if _, err := tx.ExecContext(ctx, st.sql, st.args...); err != nil {
			return err
		}
	}
	return nil
}

// resumeErasures finishes what an earlier run was kept from finishing.
func (s *Store) resumeErasures(ctx context.Context) error {
	ids, err := texts(ctx, s.r, "SELECT id FROM people WHERE wrapped_key IS NULL AND erased_at IS NULL")
	if err != nil || len(ids) == 0 {
		return wrap("find unfinished erasures", err)
	}
	for _, id := range ids {
		if err := s.finishErasure(ctx, domain.PersonID(id)); err != nil {
			return wrap("finish erasure", err)
		}
	}
	return wrap("finish erasure", s.truncateLog(ctx))
}

// truncateLog moves the write-ahead log into the database and empties it. It
// waits, as long as the busy timeout, for readers of old pages to end.
func (s *Store) truncateLog(ctx context.Context) error {
	var busy, frames, moved int
	err := s.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = fmt.Errorf("%w: write-ahead log is in use", ErrBusy)
	}
	return err
}

// texts lists the one text column of a query.
func texts(ctx context.Context, q queryer, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
