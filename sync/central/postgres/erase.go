package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// erasure is one order to erase somebody.
type erasure struct {
	person  domain.PersonID
	id      string
	site    string
	why     domain.Reason
	at      time.Time
	askedBy string
	receipt []byte // of the kiosk that erased first, as JSON
}

// Figures say how much of somebody was erased from the database.
type Figures struct {
	Person    int64 `json:"person"`
	Templates int64 `json:"templates"`
	Consents  int64 `json:"consents"`
	Badges    int64 `json:"badges"`
	Cases     int64 `json:"cases"`
	// Unlinked events keep their figures, and say no more whose they are.
	Unlinked int64 `json:"events_unlinked"`
	Objects  int64 `json:"objects"`
}

// erase removes somebody, leaves a tombstone, and tells every site. It is given
// lockErasure alone. Asked again, it finishes what may have come since.
func erase(ctx context.Context, tx pgx.Tx, e erasure) (f Figures, err error) {
	id := string(e.person)
	if f.Objects, err = doom(ctx, tx, id, `o.person = $1 OR (o.device, o.event) IN (
		SELECT device, id FROM events WHERE person = $1
		UNION SELECT v.device, v.id FROM badges b JOIN events v ON v.badge = b.id WHERE b.person = $1)`); err != nil {
		return f, err
	}
	for _, step := range []struct {
		n   *int64
		sql string
	}{
		{&f.Unlinked, "UPDATE events SET person = NULL, erased = true WHERE person = $1"},
		{new(int64), `UPDATE events v SET erased = true FROM badges b WHERE b.person = $1 AND v.badge = b.id`},
		{&f.Templates, "DELETE FROM templates WHERE person = $1"},
		{&f.Consents, "DELETE FROM consents WHERE person = $1"},
		{&f.Badges, "DELETE FROM badges WHERE person = $1"},
		{&f.Person, "DELETE FROM people WHERE id = $1"},
		{new(int64), `DELETE FROM changes WHERE kind = 'case_answer'
			AND ref IN (SELECT body ->> 'id' FROM items WHERE kind = 'case' AND person = $1 AND body IS NOT NULL)`},
		// That the items came stays; what they held, and whose they were, does not.
		{&f.Cases, "UPDATE items SET body = NULL, person = NULL WHERE person = $1 AND body IS NOT NULL"},
		{new(int64), "UPDATE items SET person = NULL WHERE person = $1"},
		{new(int64), "UPDATE deliveries SET person = NULL, body = body #- '{data,person_id}' WHERE person = $1"},
		{new(int64), "DELETE FROM changes WHERE kind IN ('person', 'seen') AND ref = $1::uuid::text"},
		{new(int64), "DELETE FROM alarms WHERE detail ->> 'person' = $1::uuid::text OR detail -> 'others' ? $1::uuid::text"},
	} {
		tag, err := tx.Exec(ctx, step.sql, id)
		if err != nil {
			return f, err
		}
		*step.n = tag.RowsAffected()
	}
	tag, err := tx.Exec(ctx, `INSERT INTO tombstones (person, id, site, why, at, asked_by, receipt, figures) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
		ON CONFLICT (person) DO NOTHING`, id, e.id, e.site, string(e.why), e.at, e.askedBy, jsonOrNull(e.receipt), f)
	if err != nil || tag.RowsAffected() == 0 {
		return f, err
	}
	body, err := json.Marshal(protocol.Erased{Person: e.person, Why: e.why, At: e.at})
	if err != nil {
		return f, err
	}
	return f, tellAll(ctx, tx, protocol.ChangeTombstone, id, e.at, body)
}

func jsonOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return string(b)
}

// doom marks objects, and tickets, that match a condition of person $1 as to be
// deleted on their account. It counts the objects.
func doom(ctx context.Context, tx pgx.Tx, person, where string) (int64, error) {
	tag, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM objects o WHERE `+where+` RETURNING bucket, key)
		INSERT INTO doomed (bucket, key, person) SELECT DISTINCT bucket, key, $1::uuid FROM gone
		ON CONFLICT (bucket, key) DO UPDATE SET person = excluded.person, versions = NULL`, person)
	if err != nil {
		return 0, err
	}
	n := tag.RowsAffected()
	// The same picture may show others as well; erasure wins.
	_, err = tx.Exec(ctx, "DELETE FROM objects o USING doomed d WHERE d.person = $1 AND d.versions IS NULL AND o.bucket = d.bucket AND o.key = d.key", person)
	if err != nil {
		return n, err
	}
	_, err = tx.Exec(ctx, `WITH gone AS (DELETE FROM tickets t WHERE t.person = $1 OR (t.device, t.subject) IN (SELECT device, id FROM events WHERE person = $1)
			RETURNING bucket, key)
		INSERT INTO doomed (bucket, key, person) SELECT DISTINCT bucket, key, $1::uuid FROM gone
		ON CONFLICT (bucket, key) DO UPDATE SET person = excluded.person, versions = NULL`, person)
	return n, err
}

// Erase erases somebody by order of an administrator, wherever they are. One
// who was never here is erased too: nothing about them will be taken.
func (db *DB) Erase(ctx context.Context, id domain.PersonID, why domain.Reason, askedBy string) error {
	now := db.now()
	return wrap("erase", db.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockErasure); err != nil {
			return err
		}
		var site string
		err := tx.QueryRow(ctx, `SELECT site FROM people WHERE id = $1 UNION ALL SELECT site FROM consents WHERE person = $1 LIMIT 1`, string(id)).Scan(&site)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		_, err = erase(ctx, tx, erasure{person: id, id: newID(now).String(), site: site, why: why, at: now, askedBy: askedBy})
		return err
	}))
}

// Replay erases again somebody whose tombstone a restored backup does not have,
// and begins, where it is wanted, a new history of changes with them: by a cursor
// of after the backup a kiosk would pass over the tombstone. It tells whether there
// was anything to do.
func (db *DB) Replay(ctx context.Context, t Tombstone, anew bool) (bool, error) {
	var there bool
	err := db.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockErasure); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM tombstones WHERE person = $1)", string(t.Person)).Scan(&there); err != nil || there {
			return err
		}
		if anew {
			if _, err := tx.Exec(ctx, newEpoch); err != nil {
				return err
			}
		}
		_, err := erase(ctx, tx, erasure{person: t.Person, id: t.ID, site: t.Site, why: t.Why, at: t.At, askedBy: t.AskedBy})
		return err
	})
	return err == nil && !there, wrap("replay erasure", err)
}

// Tombstone is what is left of somebody.
type Tombstone struct {
	Person  domain.PersonID `json:"person_id"`
	ID      string          `json:"id"`
	Site    string          `json:"site,omitempty"`
	Why     domain.Reason   `json:"why"`
	At      time.Time       `json:"at"`
	AskedBy string          `json:"asked_by"`
}

// Doomed is an object that must go.
type Doomed struct{ Bucket, Key string }

// Doomed lists up to n objects that must go.
func (db *DB) Doomed(ctx context.Context, n int) ([]Doomed, error) {
	rows, err := db.pool.Query(ctx, "SELECT bucket, key FROM doomed WHERE versions IS NULL ORDER BY bucket, key LIMIT $1", n)
	if err != nil {
		return nil, wrap("list doomed", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Doomed])
	return list, wrap("list doomed", err)
}

// ObjectGone tells that no version of an object is left.
func (db *DB) ObjectGone(ctx context.Context, d Doomed, versions int) error {
	_, err := db.pool.Exec(ctx, "UPDATE doomed SET versions = coalesce(versions, 0) + $3 WHERE bucket = $1 AND key = $2", d.Bucket, d.Key, versions)
	return wrap("object gone", err)
}

// OpenTombstones lists up to n tombstones that have not been settled with the
// object store.
func (db *DB) OpenTombstones(ctx context.Context, n int) ([]Tombstone, error) {
	rows, err := db.pool.Query(ctx, `SELECT person::text, id::text, site, why, at, asked_by FROM tombstones t
		WHERE objects_at IS NULL AND NOT EXISTS (SELECT 1 FROM doomed d WHERE d.person = t.person AND d.versions IS NULL)
		ORDER BY at LIMIT $1`, n)
	if err != nil {
		return nil, wrap("list tombstones", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Tombstone])
	return list, wrap("list tombstones", err)
}

// SettleTombstone tells that the object store has no picture of somebody left,
// and has the tombstone itself.
func (db *DB) SettleTombstone(ctx context.Context, id domain.PersonID) error {
	_, err := db.pool.Exec(ctx, "UPDATE tombstones SET objects_at = $2 WHERE person = $1", string(id), db.now())
	return wrap("settle tombstone", err)
}

// Report says what of somebody was erased, where and when.
type Report struct {
	Tombstone
	Receipt  json.RawMessage `json:"kiosk_receipt,omitempty"`
	Database Figures         `json:"database"`
	Objects  struct {
		Keys     int64      `json:"keys"`
		Versions int64      `json:"versions"`
		DoneAt   *time.Time `json:"done_at"` // null: not yet
	} `json:"object_store"`
	Kiosks []KioskErasure `json:"kiosks"`
	// Complete tells that nothing of it is outstanding.
	Complete bool      `json:"complete"`
	AsOf     time.Time `json:"as_of"`
}

// KioskErasure is whether a kiosk has heard of an erasure.
type KioskErasure struct {
	Device  string     `json:"device_id"`
	Site    string     `json:"site"`
	Branch  string     `json:"branch"`
	Applied bool       `json:"applied"`
	At      *time.Time `json:"at,omitempty"` // when it was last known to have come so far
	Revoked bool       `json:"revoked,omitempty"`
}

// ErasureReport gives the report about somebody as it stands now.
func (db *DB) ErasureReport(ctx context.Context, id domain.PersonID) (r Report, err error) {
	r.AsOf = db.now()
	var receipt []byte
	err = db.pool.QueryRow(ctx, `SELECT person::text, id::text, site, why, at, asked_by, receipt, figures, objects_at,
			(SELECT count(*) FROM doomed d WHERE d.person = t.person), (SELECT coalesce(sum(versions), 0) FROM doomed d WHERE d.person = t.person)
		FROM tombstones t WHERE person = $1`, string(id)).
		Scan(&r.Person, &r.ID, &r.Site, &r.Why, &r.At, &r.AskedBy, &receipt, &r.Database, &r.Objects.DoneAt, &r.Objects.Keys, &r.Objects.Versions)
	if err != nil {
		return r, wrap("erasure report", err)
	}
	r.Receipt = receipt
	rows, err := db.pool.Query(ctx, `SELECT k.device::text, k.site, k.branch, c.seq IS NULL OR k.cursor_seq >= c.seq, k.cursor_at, k.revoked_at IS NOT NULL
		FROM kiosks k LEFT JOIN changes c ON c.site = k.site AND c.kind = 'tombstone' AND c.ref = $1 ORDER BY k.device`, string(id))
	if err != nil {
		return r, wrap("erasure report", err)
	}
	if r.Kiosks, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KioskErasure]); err != nil {
		return r, wrap("erasure report", err)
	}
	r.Complete = r.Objects.DoneAt != nil
	for _, k := range r.Kiosks {
		r.Complete = r.Complete && k.Applied
	}
	return r, nil
}
