package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// lockSeen is held by who looks for last sights.
const lockSeen = 0x61676964_7365656e

const (
	// seenOverlap is how far back each look goes: a transaction may commit some
	// time after the moment that it wrote down.
	seenOverlap = 10 * time.Minute
	// seenStride is how much of what was received one transaction looks at.
	seenStride = 24 * time.Hour
	// seenChunk is how many people one transaction tells of: it holds up whoever
	// else tells the site of something.
	seenChunk = 500
)

// Look finds of the events that have arrived since it last did when people were
// last recognised or validated anywhere in their site, by the day, and tells the
// kiosks of those for whom it is a new day. It is not part of taking events in,
// which it does not slow down. Several may ask at once: one does it. It tells of
// how many people it told.
func (db *DB) Look(ctx context.Context) (told int, err error) {
	for more := true; more; {
		if more, err = db.look(ctx); err != nil {
			return 0, wrap("look for last sights", err)
		}
	}
	rows, err := db.pool.Query(ctx, "SELECT id FROM sites ORDER BY id")
	if err != nil {
		return 0, wrap("tell last sights", err)
	}
	sites, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, wrap("tell last sights", err)
	}
	for _, site := range sites {
		for n := seenChunk; n == seenChunk; told += n {
			if n, err = db.tellSeen(ctx, site); err != nil {
				return told, wrap("tell last sights", err)
			}
		}
	}
	return told, nil
}

// look looks at one stretch of what has been received; more says that another is
// left.
func (db *DB) look(ctx context.Context) (more bool, err error) {
	now := db.now()
	err = db.tx(ctx, func(tx pgx.Tx) error {
		more = false
		var mine bool
		if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", lockSeen).Scan(&mine); err != nil || !mine {
			return err
		}
		// Whoever is being erased is gone before this begins, or after it ends.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lockErasure); err != nil {
			return err
		}
		var from *time.Time
		err := tx.QueryRow(ctx, "SELECT coalesce(seen_to, (SELECT min(created_at) FROM sites)) FROM meta").Scan(&from)
		if err != nil || from == nil {
			return err
		}
		to := now
		if stride := from.Add(seenStride); stride.Before(to) {
			to, more = stride, true
		}
		var reasons []string
		for _, r := range domain.SignsOfLife() {
			reasons = append(reasons, string(r))
		}
		// A clock that is off says nothing of the day; what is yet to come is not
		// seen. A recognition that was said to be wrong is none; if that is said
		// only in a later stretch, somebody is kept for longer, never shorter.
		_, err = tx.Exec(ctx, `INSERT INTO seen AS had (person, site, day)
			SELECT p.id, p.site, max(((CASE WHEN e.skewed THEN e.received_at ELSE least(e.at, e.received_at) END) AT TIME ZONE 'UTC')::date)
			FROM events e JOIN people p ON p.id = e.person
			WHERE e.received_at >= $1 AND e.received_at < $2 AND e.reason = ANY($3) AND NOT EXISTS (SELECT 1 FROM events c
				WHERE c.received_at >= $1 AND c.received_at < $2 AND c.about = e.id AND c.device = e.device AND c.kind = $4)
			GROUP BY p.id, p.site
			ON CONFLICT (person) DO UPDATE SET day = excluded.day WHERE excluded.day > had.day`,
			from.Add(-seenOverlap), to, reasons, string(domain.EventCorrection))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE meta SET seen_to = $1", to)
		return err
	})
	return more && err == nil, err
}

// tellSeen tells the kiosks of a site of some whose last day is another than they
// were told.
func (db *DB) tellSeen(ctx context.Context, site string) (n int, err error) {
	err = db.tx(ctx, func(tx pgx.Tx) error {
		n = 0
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock_shared($1)", lockErasure); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `UPDATE seen SET told = day WHERE person IN (SELECT person FROM seen
			WHERE site = $1 AND told IS DISTINCT FROM day ORDER BY person LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING person::text`, site, seenChunk)
		if err != nil {
			return err
		}
		people, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(people) == 0 {
			return err
		}
		if err := tellMany(ctx, tx, site, protocol.ChangeSeen, people, db.now()); err != nil {
			return err
		}
		n = len(people)
		return ring(ctx, tx, map[string]bool{site: true})
	})
	return n, err
}

// readSeen reads the bodies of last sights.
func (db *DB) readSeen(ctx context.Context, people []string, into map[string]any) error {
	if len(people) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, "SELECT person::text, to_char(told, 'YYYY-MM-DD') FROM seen WHERE person = ANY($1::uuid[]) AND told IS NOT NULL", people)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[protocol.Seen])
	for _, s := range list {
		into[string(protocol.ChangeSeen)+string(s.Person)] = s
	}
	return err
}
