package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Events of ids within this of now have a partition of their month; those of
// others share one.
const (
	monthsBack  = 26
	monthsAhead = 2
)

// The lock of who makes or drops partitions.
const lockPartitions = 0x61676964_70617274

func monthBytes(u *uuid.UUID, ms int64) {
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
}

// idMonth is the month of a UUIDv7, as months since the year 0; false for ids
// of other versions.
func idMonth(u uuid.UUID) (int64, bool) {
	if u[6]>>4 != 7 {
		return 0, false
	}
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(u[i])
	}
	return monthOf(time.UnixMilli(ms)), true
}

func monthOf(t time.Time) int64 {
	t = t.UTC()
	return int64(t.Year())*12 + int64(t.Month()) - 1
}

func monthStart(m int64) time.Time {
	return time.Date(int(m/12), time.Month(m%12)+1, 1, 0, 0, 0, 0, time.UTC)
}

// firstID is the lowest id of a month.
func firstID(m int64) uuid.UUID {
	var u uuid.UUID
	monthBytes(&u, monthStart(m).UnixMilli())
	return u
}

func partitionName(m int64) string {
	t := monthStart(m)
	return fmt.Sprintf("events_%04d_%02d", t.Year(), t.Month())
}

// needMonths makes the partitions that ids belong to, where they are not there.
func (db *DB) needMonths(ctx context.Context, ids []uuid.UUID) error {
	now := monthOf(db.now())
	var months []int64
	for _, u := range ids {
		if m, ok := idMonth(u); ok && m >= now-monthsBack && m <= now+monthsAhead {
			months = append(months, m)
		}
	}
	return db.haveMonths(ctx, months)
}

// comingMonths makes the partitions of this month and those that come, so that no
// batch waits for them when a month begins.
func (db *DB) comingMonths(ctx context.Context) error {
	now := monthOf(db.now())
	var months []int64
	for m := now; m <= now+monthsAhead; m++ {
		months = append(months, m)
	}
	return db.haveMonths(ctx, months)
}

func (db *DB) haveMonths(ctx context.Context, months []int64) error {
	var missing []int64
	db.mu.Lock()
	for _, m := range months {
		if !db.months[m] && !slices.Contains(missing, m) {
			missing = append(missing, m)
		}
	}
	db.mu.Unlock()
	for _, m := range missing {
		if err := db.makeMonth(ctx, m); err != nil {
			return wrap("make partition", err)
		}
		db.mu.Lock()
		db.months[m] = true
		db.mu.Unlock()
	}
	return nil
}

// makeMonth makes the partition of a month. events_other, where much may lie, is
// locked against those who store events for moments only: a constraint shuts it to
// the month, it is looked through beside them, and then need not be when the
// partition is attached.
func (db *DB) makeMonth(ctx context.Context, m int64) error {
	name, from, to := partitionName(m), firstID(m), firstID(m+1)
	fence := "not_" + name
	err := db.unlessThere(ctx, name, func(tx pgx.Tx) error {
		var there bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = 'events_other'::regclass AND conname = $1)", fence).Scan(&there)
		if err != nil || there {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("ALTER TABLE events_other ADD CONSTRAINT %s CHECK (id < '%s' OR id >= '%s') NOT VALID", fence, from, to))
		return err
	})
	if err != nil {
		return err
	}
	return db.unlessThere(ctx, name, func(tx pgx.Tx) error {
		for _, q := range []string{
			"CREATE TABLE " + name + " (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)",
			// What came before its month had a partition moves there.
			fmt.Sprintf("WITH moved AS (DELETE FROM events_other WHERE id >= '%s' AND id < '%s' RETURNING *) INSERT INTO %s SELECT * FROM moved", from, to, name),
			"ALTER TABLE events_other VALIDATE CONSTRAINT " + fence,
			// Whoever erased somebody meanwhile did not see what was on its way.
			fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d)", lockErasure),
			"UPDATE " + name + " e SET person = NULL, erased = true FROM tombstones t WHERE e.person = t.person",
			fmt.Sprintf("ALTER TABLE events ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')", name, from, to),
			"ALTER TABLE events_other DROP CONSTRAINT " + fence,
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// unlessThere does f where a partition is not there, nor being made by another.
func (db *DB) unlessThere(ctx context.Context, name string, f func(pgx.Tx) error) error {
	return db.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockPartitions); err != nil {
			return err
		}
		// Asked of the table: to_regclass may answer as it did before the wait.
		var there bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = $1
			AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass))`, name).Scan(&there)
		if err != nil || there {
			return err
		}
		return f(tx)
	})
}

// Retention is how long the centre keeps what; zero keeps for ever.
type Retention struct {
	Events   time.Duration // by the month of their ids
	Readings time.Duration // sensor and health items
}

// Retained is what a run of Retain removed.
type Retained struct {
	Partitions, Events, Items, Objects int64
}

// Retain removes what is older than it may be, what is left of alarms, assertions,
// codes and tickets that are over, and dooms the pictures of events that go. It
// makes room for the months that come.
func (db *DB) Retain(ctx context.Context, r Retention) (out Retained, err error) {
	if err := db.comingMonths(ctx); err != nil {
		return out, err
	}
	now := db.now()
	err = db.tx(ctx, func(tx pgx.Tx) error {
		out = Retained{}
		for _, q := range []string{
			"DELETE FROM assertions WHERE expires_at < $1",
			"DELETE FROM deliveries WHERE state = 'sent' AND at < $1::timestamptz - interval '7 days'",
			fmt.Sprintf("DELETE FROM alarms WHERE at < $1::timestamptz - interval '%d hours'", int(keepAlarms/time.Hour)),
			"DELETE FROM codes WHERE expires_at < $1::timestamptz - interval '1 day'",
			// A ticket that was never committed may have left an object.
			`WITH over AS (DELETE FROM tickets WHERE expires_at < $1::timestamptz - interval '1 hour' RETURNING bucket, key)
			 INSERT INTO doomed (bucket, key) SELECT DISTINCT bucket, key FROM over o
			 WHERE NOT EXISTS (SELECT 1 FROM objects x WHERE x.bucket = o.bucket AND x.key = o.key)
			   AND NOT EXISTS (SELECT 1 FROM tickets t WHERE t.bucket = o.bucket AND t.key = o.key AND t.expires_at >= $1::timestamptz - interval '1 hour')` + onDoomed,
		} {
			if _, err := tx.Exec(ctx, q, now); err != nil {
				return err
			}
		}
		if r.Readings > 0 {
			tag, err := tx.Exec(ctx, "DELETE FROM items WHERE kind IN ('sensor', 'health') AND received_at < $1", now.Add(-r.Readings))
			if err != nil {
				return err
			}
			out.Items = tag.RowsAffected()
		}
		if r.Events > 0 {
			return db.dropMonths(ctx, tx, now.Add(-r.Events), &out)
		}
		return nil
	})
	if err != nil {
		return Retained{}, wrap("retain", err)
	}
	db.mu.Lock()
	clear(db.months)
	db.mu.Unlock()
	return out, nil
}

// dropMonths drops the partitions that end before t, with the pictures of
// their events.
func (db *DB) dropMonths(ctx context.Context, tx pgx.Tx, t time.Time, out *Retained) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockPartitions); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'events'::regclass AND c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY 1`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	last := partitionName(monthOf(t)) // of the month that is still kept
	drop := []string{"events_other"}
	for _, n := range names {
		if n < last {
			drop = append(drop, n)
		}
	}
	for _, n := range drop {
		where := ""
		if n == "events_other" {
			where = fmt.Sprintf(" WHERE e.received_at < '%s'", t.Format(time.RFC3339))
		}
		tag, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM objects o USING `+n+` e `+orTrue(where)+` AND o.event = e.id AND o.device = e.device RETURNING o.bucket, o.key, o.at)
			INSERT INTO doomed (bucket, key, put_until) SELECT bucket, key, max(at) + $1::interval FROM gone GROUP BY bucket, key`+onDoomed, afterPut)
		if err != nil {
			return err
		}
		out.Objects += tag.RowsAffected()
		if where != "" {
			tag, err := tx.Exec(ctx, "DELETE FROM events_other e"+where)
			if err != nil {
				return err
			}
			out.Events += tag.RowsAffected()
			continue
		}
		var n64 int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+n).Scan(&n64); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DROP TABLE "+n); err != nil {
			return err
		}
		out.Events += n64
		out.Partitions++
	}
	// An object that another row still refers to stays.
	_, err = tx.Exec(ctx, "DELETE FROM doomed d USING objects o WHERE d.versions IS NULL AND d.person IS NULL AND o.bucket = d.bucket AND o.key = d.key")
	return err
}

func orTrue(where string) string {
	if where == "" {
		return " WHERE true"
	}
	return where
}
