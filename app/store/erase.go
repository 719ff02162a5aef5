package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"agentid/app/domain"
)

// EraseIdentity implements domain.Registry: it makes a person unreadable for
// good. Their key is destroyed in a transaction of its own, with the order to
// erase; from then on nothing of theirs opens, and an erasure that is cut short
// is finished by the next one or the next Open. Then go their templates, name,
// document, contact, PIN, consents, badges, cases, attempts and the pictures of every
// event about them or their badges, and the write-ahead log is emptied so that
// no old page holds any of it. What stays is a tombstone with the receipt, their
// events (ids, of badges too, and figures; what was told to the centre must not
// differ from what is here), and an outbox row that has the centre erase them
// as well.
//
// at is now where it is zero. domain.ErrNotFound is one who was never here.
// With another error after which the person is not found, the key is
// destroyed and the rest is to be finished; with ErrLogKept, that is done too,
// and the receipt is given. Backups made earlier still hold the person; on
// flash memory, so may the medium, but only sealed under a key that is gone
// (pictures: overwritten).
func (s *Store) EraseIdentity(ctx context.Context, id domain.PersonID, why domain.Reason, at time.Time) (domain.ErasureReceipt, error) {
	defer s.useKeys()()
	r, err := s.eraseIdentity(ctx, id, why, at)
	return r, wrap("erase person", err)
}

func (s *Store) eraseIdentity(ctx context.Context, id domain.PersonID, why domain.Reason, at time.Time) (r domain.ErasureReceipt, err error) {
	if at, err = s.moment(at); err != nil {
		return r, err
	}
	if why == "" {
		return r, fmt.Errorf("%w: erasure without a reason", ErrInvalid)
	}
	if err := checkLabels(string(why)); err != nil {
		return r, err
	}
	err = s.sealing(ctx, func(tx *sql.Tx) error { return s.destroyKey(ctx, tx, id, why, at) })
	if err != nil {
		return r, err
	}
	if r, err = s.finishErasure(ctx, id); err != nil {
		return r, fmt.Errorf("key is destroyed, rest to be finished: %w", err)
	}
	return r, s.truncateLog(ctx)
}

// destroyKey makes a person unreadable once its transaction is committed, which
// does no more than to audit it and to start a receipt, unless there is one.
func (s *Store) destroyKey(ctx context.Context, tx *sql.Tx, id domain.PersonID, why domain.Reason, at time.Time) error {
	n, err := changed(ctx, tx,
		"UPDATE people SET wrapped_key = NULL, version = version + 1 WHERE id = ? AND wrapped_key IS NOT NULL", id)
	if err != nil {
		return err
	}
	if n == 0 {
		var known bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?)", id).Scan(&known)
		if err != nil || !known {
			return orElse(err, domain.ErrNotFound)
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO erasures (person, id, why, at) VALUES (?, ?, ?, ?) ON CONFLICT (person) DO NOTHING",
		id, newID(at), why, micros(at))
	if err != nil || n == 0 {
		return err
	}
	return s.audit(ctx, tx, domain.AuditErased, domain.TargetPerson, string(id), "reason", labelOf(why))
}

// finishErasure removes what a destroyed key has left unreadable. Each step
// may be repeated; the tombstone is set last.
func (s *Store) finishErasure(ctx context.Context, id domain.PersonID) (r domain.ErasureReceipt, err error) {
	now := micros(s.clock.Now())
	if err := transact(ctx, s.w, func(tx *sql.Tx) error { return s.eraseRows(ctx, tx, id) }); err != nil {
		return r, err
	}
	hashes, err := texts(ctx, s.r, "SELECT hash FROM snapshots WHERE dropped_at IS NOT NULL AND hash IN ("+picturesOf+")", id)
	if err != nil {
		return r, err
	}
	if _, err := s.removeFiles(ctx, hashes); err != nil {
		return r, err
	}
	err = transact(ctx, s.w, func(tx *sql.Tx) error {
		// The badges go last: until the files are gone, they lead to them.
		n, err := changed(ctx, tx, "DELETE FROM badges WHERE person = ?", id)
		if err != nil {
			return err
		}
		err = execAll(ctx, tx, []statement{
			{"UPDATE erasures SET badges = badges + ? WHERE person = ?", []any{n, id}},
			{"UPDATE people SET erased_at = ? WHERE id = ? AND erased_at IS NULL", []any{now, id}},
		})
		if err == nil {
			r, err = receiptOf(ctx, tx, id)
		}
		return err
	})
	return r, err
}

// eraseRows removes a person's rows, counts them in the receipt, and has the
// centre told, once.
func (s *Store) eraseRows(ctx context.Context, tx *sql.Tx, id domain.PersonID) error {
	var told bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = ? AND ref = ?)", OutboxErasure, id).Scan(&told)
	if err != nil {
		return err
	}
	var waiting int
	if !told {
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE state = 'pending' AND kind = ?
			AND ref IN (SELECT id FROM events WHERE person = ?)`, OutboxEvent, id).Scan(&waiting)
		if err != nil {
			return err
		}
	}
	var n [2]int
	for i, table := range []string{"templates", "consents"} {
		if n[i], err = changed(ctx, tx, "DELETE FROM "+table+" WHERE person = ?", id); err != nil {
			return err
		}
	}
	pictures, err := s.dropPicturesOf(ctx, tx, id)
	if err != nil {
		return err
	}
	err = execAll(ctx, tx, []statement{
		{"DELETE FROM name_index WHERE person = ?", []any{id}},
		{"DELETE FROM profiles WHERE person = ?", []any{id}},
		{"DELETE FROM pins WHERE person = ?", []any{id}},
		{"DELETE FROM second_factor WHERE person = ?", []any{id}},
		{"DELETE FROM attempts WHERE subject = ?", []any{domain.SubjectPerson(id)}},
		{"DELETE FROM cases WHERE person = ?", []any{id}},
		{"DELETE FROM merges WHERE keep = ?", []any{id}}, // ids that lead to nobody any more
		{"UPDATE people SET name = NULL WHERE id = ?", []any{id}},
		// What the centre once said about these events may quote anything.
		{`UPDATE outbox SET last_error = '' WHERE last_error <> '' AND kind = 'event'
			AND ref IN (SELECT id FROM events WHERE person = ?)`, []any{id}},
		{`UPDATE erasures SET templates = templates + ?, consents = consents + ?,
			snapshots = snapshots + ?, outbox = outbox + ? WHERE person = ?`,
			[]any{n[0], n[1], len(pictures), waiting, id}},
	})
	if err != nil || told {
		return err
	}
	r, err := receiptOf(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := s.note(ctx, tx, domain.Event{Kind: domain.EventErasure, Reason: r.Why, Person: id, At: r.At}); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, OutboxErasure, string(id))
}

func receiptOf(ctx context.Context, q queryer, id domain.PersonID) (domain.ErasureReceipt, error) {
	r := domain.ErasureReceipt{KeyGone: true}
	var at int64
	err := q.QueryRowContext(ctx, `SELECT id, why, at, templates, badges, consents, snapshots, outbox
		FROM erasures WHERE person = ?`, id).
		Scan(&r.ID, &r.Why, &at, &r.Templates, &r.Badges, &r.Consents, &r.Snapshots, &r.Outbox)
	r.At = fromMicros(at)
	return r, err
}

// picturesOf lists the pictures of the events about a person, its parameter, or
// about a badge of theirs: one that was refused before its holder was known.
const picturesOf = `SELECT snapshot FROM events WHERE person = ?1 AND snapshot IS NOT NULL
	UNION SELECT e.snapshot FROM badges b JOIN events e ON e.badge = b.id
	WHERE b.person = ?1 AND e.snapshot IS NOT NULL`

// dropPicturesOf marks a person's pictures as dropped. Their files are removed
// after the commit.
func (s *Store) dropPicturesOf(ctx context.Context, tx *sql.Tx, id domain.PersonID) ([]string, error) {
	return texts(ctx, tx, "UPDATE snapshots SET dropped_at = ?2 WHERE dropped_at IS NULL AND hash IN ("+picturesOf+
		") RETURNING hash", id, micros(s.clock.Now()))
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
		// A release that wrote no orders did this for staff alone.
		err := transact(ctx, s.w, func(tx *sql.Tx) error {
			return s.destroyKey(ctx, tx, domain.PersonID(id), domain.ReasonErasedByStaff, s.now())
		})
		if err == nil {
			_, err = s.finishErasure(ctx, domain.PersonID(id))
		}
		if err != nil {
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
		err = ErrBusy
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLogKept, err)
	}
	return nil
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
