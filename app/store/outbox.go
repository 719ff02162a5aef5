package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"agentid/app/domain"
)

// OutboxKind is what an outbox row is about.
type OutboxKind string

// The kinds of outbox row.
const (
	OutboxEvent   OutboxKind = "event"   // Ref is the event's id
	OutboxErasure OutboxKind = "erasure" // Ref is the erased person's id
)

// OutboxState is how far an outbox row has come.
type OutboxState string

// The states of an outbox row.
const (
	OutboxPending OutboxState = "pending"
	OutboxSent    OutboxState = "sent"
	OutboxDead    OutboxState = "dead" // refused for good; for staff to see
)

// MaxOutboxError bounds what is kept of an error, in bytes.
const MaxOutboxError = 500

// OutboxRow is one thing to tell the centre.
type OutboxRow struct {
	ID        int64 // grows; rows are drained in its order
	Kind      OutboxKind
	Ref       string
	CreatedAt time.Time
	Attempts  int
	NextAt    time.Time // not before
	State     OutboxState
	LastError string
}

const outboxColumns = "id, kind, ref, created_at, attempts, next_at, state, last_error"

// Pending implements domain.Events.
func (s *Store) Pending(ctx context.Context) (n int, oldest time.Time, err error) {
	var first sql.NullInt64
	err = s.r.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM outbox WHERE state = 'pending'),
		(SELECT created_at FROM outbox WHERE state = 'pending' ORDER BY id LIMIT 1)`).Scan(&n, &first)
	if first.Valid {
		oldest = fromMicros(first.Int64)
	}
	return n, oldest, wrap("pending", err)
}

// NextBatch lists up to n (at most MaxLimit) pending rows that are due, oldest
// first. It does not reserve them: there is one drain for a store.
func (s *Store) NextBatch(ctx context.Context, n int) ([]OutboxRow, error) {
	rows, err := s.outboxRows(ctx, "WHERE state = 'pending' AND next_at <= ? ORDER BY id LIMIT ?",
		micros(s.clock.Now()), max(0, min(n, MaxLimit)))
	return rows, wrap("next batch", err)
}

// DeadLetters lists up to limit (see Filter) dead rows, newest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]OutboxRow, error) {
	rows, err := s.outboxRows(ctx, "WHERE state = 'dead' ORDER BY id DESC LIMIT ?", bounded(limit))
	return rows, wrap("dead letters", err)
}

func (s *Store) outboxRows(ctx context.Context, where string, args ...any) ([]OutboxRow, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT "+outboxColumns+" FROM outbox "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []OutboxRow
	for rows.Next() {
		var r OutboxRow
		var created, next int64
		err := rows.Scan(&r.ID, &r.Kind, &r.Ref, &created, &r.Attempts, &next, &r.State, &r.LastError)
		if err != nil {
			return nil, err
		}
		r.CreatedAt, r.NextAt = fromMicros(created), fromMicros(next)
		out = append(out, r)
	}
	return out, rows.Err()
}

// MarkSent tells that the centre has these rows; all or none are marked. A row
// that was sent before is fine, for an answer may come twice.
func (s *Store) MarkSent(ctx context.Context, ids []int64) error {
	return wrap("mark sent", transact(ctx, s.w, func(tx *sql.Tx) error {
		for _, id := range ids {
			err := markOne(ctx, tx,
				"UPDATE outbox SET state = 'sent', last_error = '' WHERE id = ? AND state <> 'dead'", id)
			if err != nil {
				return fmt.Errorf("row %d: %w", id, err)
			}
		}
		return nil
	}))
}

// MarkRetry tells that an attempt failed with cause and the next is due at t.
func (s *Store) MarkRetry(ctx context.Context, id int64, cause error, t time.Time) error {
	return s.mark(ctx, "mark retry", id,
		"UPDATE outbox SET attempts = attempts + 1, last_error = ?, next_at = ? WHERE id = ? AND state = 'pending'",
		causeText(cause), micros(t), id)
}

// MarkDead tells that the centre refuses a row for good.
func (s *Store) MarkDead(ctx context.Context, id int64, cause error) error {
	return s.mark(ctx, "mark dead", id,
		"UPDATE outbox SET attempts = attempts + 1, last_error = ?, state = 'dead' WHERE id = ? AND state = 'pending'",
		causeText(cause), id)
}

// Requeue has a dead row tried again, now: staff's decision, and audited.
func (s *Store) Requeue(ctx context.Context, id int64) error {
	defer s.useKeys()()
	return wrap(fmt.Sprintf("requeue: row %d", id), s.sealing(ctx, func(tx *sql.Tx) error {
		err := markOne(ctx, tx, "UPDATE outbox SET state = 'pending', next_at = ? WHERE id = ? AND state = 'dead'",
			micros(s.clock.Now()), id)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, domain.AuditRequeued, domain.TargetOutbox, strconv.FormatInt(id, 10))
	}))
}

// mark changes one row; domain.ErrNotFound where it is not in the state for it.
func (s *Store) mark(ctx context.Context, doing string, id int64, query string, args ...any) error {
	return wrap(fmt.Sprintf("%s: row %d", doing, id), transact(ctx, s.w, func(tx *sql.Tx) error {
		return markOne(ctx, tx, query, args...)
	}))
}

func markOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = domain.ErrNotFound
	}
	return err
}

// PruneSent forgets the rows that were made before t and have been sent. It
// returns how many.
func (s *Store) PruneSent(ctx context.Context, t time.Time) (int, error) {
	var n int64
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE state = 'sent' AND created_at < ?", micros(t))
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return int(n), wrap("prune sent", err)
}

// causeText is what is kept of an error.
func causeText(err error) string {
	if err == nil {
		err = errors.New("no cause given")
	}
	return clip(strings.ToValidUTF8(err.Error(), "\uFFFD"), MaxOutboxError)
}
