package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/blob"
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
	// everywhere has all sites told and a record made, also of one who is not known
	// here. Of such a one a kiosk's word counts for its own site alone.
	everywhere bool
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

// erase removes somebody, leaves a tombstone, and tells the sites that have not
// been told. It is given lockErasure alone. Asked again, it finishes what may have
// come since.
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
		{new(int64), "DELETE FROM alarms WHERE people @> ARRAY[$1::uuid]"},
	} {
		tag, err := tx.Exec(ctx, step.sql, id)
		if err != nil {
			return f, err
		}
		*step.n = tag.RowsAffected()
	}
	all := e.everywhere || f != Figures{}
	_, err = tx.Exec(ctx, `INSERT INTO tombstones (person, id, site, why, at, asked_by, receipt, figures, record) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)
		ON CONFLICT (person) DO UPDATE SET record = true WHERE excluded.record AND NOT tombstones.record`,
		id, e.id, e.site, string(e.why), e.at, e.askedBy, jsonOrNull(e.receipt), f, all)
	if err != nil {
		return f, err
	}
	return f, tellErased(ctx, tx, e, all)
}

// tellErased tells the site of an erasure, or all, of it, in the order of their ids;
// none twice.
func tellErased(ctx context.Context, tx pgx.Tx, e erasure, all bool) error {
	rows, err := tx.Query(ctx, `SELECT id FROM sites s WHERE ($1 OR s.id = $2)
		AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.site = s.id AND c.kind = $3 AND c.ref = $4) ORDER BY id FOR UPDATE OF s`,
		all, e.site, string(protocol.ChangeTombstone), string(e.person))
	if err != nil {
		return err
	}
	sites, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(sites) == 0 {
		return err
	}
	body, err := json.Marshal(protocol.Erased{Person: e.person, Why: e.why, At: e.at})
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, s := range sites {
		if err := tell(ctx, tx, s, protocol.ChangeTombstone, string(e.person), e.at, false, body); err != nil {
			return err
		}
		told[s] = true
	}
	return ring(ctx, tx, told)
}

func jsonOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return string(b)
}

// latePut is how long after the end of its ticket a put may still end: one that
// began in time may be slow, and the object store has a clock of its own.
const latePut = time.Hour

// afterTicket and afterPut are how long after a ticket's end, and after a picture
// was committed, its ticket may still have something put.
const (
	afterTicket = latePut
	afterPut    = blob.TicketLife + latePut
)

// onDoomed is what becomes of an object that was doomed before.
const onDoomed = ` ON CONFLICT (bucket, key) DO UPDATE SET person = coalesce(excluded.person, doomed.person), versions = NULL,
	generation = doomed.generation + 1, next_at = '-infinity', put_until = greatest(doomed.put_until, excluded.put_until)`

// doom marks objects, and tickets, that match a condition of person $1 as to be
// deleted on their account. It counts the objects.
func doom(ctx context.Context, tx pgx.Tx, person, where string) (int64, error) {
	tag, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM objects o WHERE `+where+` RETURNING bucket, key, at)
		INSERT INTO doomed (bucket, key, person, put_until) SELECT bucket, key, $1::uuid, max(at) + $2::interval FROM gone GROUP BY bucket, key`+onDoomed,
		person, afterPut)
	if err != nil {
		return 0, err
	}
	n := tag.RowsAffected()
	for _, step := range []struct {
		sql   string
		after time.Duration
	}{
		{`WITH gone AS (DELETE FROM tickets t WHERE t.person = $1 OR (t.device, t.subject) IN (SELECT device, id FROM events WHERE person = $1)
				RETURNING bucket, key, expires_at)
			INSERT INTO doomed (bucket, key, person, put_until) SELECT bucket, key, $1::uuid, max(expires_at) + $2::interval FROM gone GROUP BY bucket, key` + onDoomed,
			afterTicket},
		// The same picture may show others as well; erasure wins.
		{`WITH gone AS (DELETE FROM objects o USING doomed d WHERE d.person = $1 AND d.versions IS NULL AND o.bucket = d.bucket AND o.key = d.key
				RETURNING o.bucket, o.key, o.at)
			UPDATE doomed d SET put_until = greatest(d.put_until, g.until), generation = generation + 1
			FROM (SELECT bucket, key, max(at) + $2::interval AS until FROM gone GROUP BY bucket, key) g WHERE d.bucket = g.bucket AND d.key = g.key`, afterPut},
		{`UPDATE doomed d SET put_until = greatest(d.put_until, (SELECT max(t.expires_at) + $2::interval FROM tickets t WHERE t.bucket = d.bucket AND t.key = d.key)),
			generation = generation + 1 WHERE d.person = $1 AND d.versions IS NULL`, afterTicket},
	} {
		if _, err := tx.Exec(ctx, step.sql, person, step.after); err != nil {
			return n, err
		}
	}
	return n, nil
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
		_, err = erase(ctx, tx, erasure{person: id, id: newID(now).String(), site: site, why: why, at: now, askedBy: askedBy, everywhere: true})
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
		_, err := erase(ctx, tx, erasure{person: t.Person, id: t.ID, site: t.Site, why: t.Why, at: t.At, askedBy: t.AskedBy, everywhere: true})
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

// Doomed is an object that must go. Last tells that nothing can be put there any
// more: once erased, it is gone.
type Doomed struct {
	Bucket, Key string
	Last        bool
	Generation  int64
}

// Doomed lists up to n objects that must go now: those with tickets that are out
// at once, and again once the tickets are over.
func (db *DB) Doomed(ctx context.Context, n int) ([]Doomed, error) {
	rows, err := db.pool.Query(ctx, `SELECT bucket, key, put_until <= $2, generation FROM doomed WHERE versions IS NULL AND next_at <= $2
		ORDER BY next_at, bucket, key LIMIT $1`, n, db.now())
	if err != nil {
		return nil, wrap("list doomed", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Doomed])
	return list, wrap("list doomed", err)
}

// ObjectGone tells that the object store had no version of an object left. One that
// was doomed again since it was listed is still to go.
func (db *DB) ObjectGone(ctx context.Context, d Doomed, versions int) error {
	_, err := db.pool.Exec(ctx, `UPDATE doomed SET removed = removed + $3,
		versions = CASE WHEN $4 AND generation = $5 THEN removed + $3 ELSE versions END,
		next_at = CASE WHEN NOT $4 AND generation = $5 THEN put_until ELSE next_at END,
		generation = generation + ($4 AND generation = $5)::integer
		WHERE bucket = $1 AND key = $2`, d.Bucket, d.Key, versions, d.Last, d.Generation)
	return wrap("object gone", err)
}

// Unrecorded lists up to n tombstones that the object store has no record of yet.
func (db *DB) Unrecorded(ctx context.Context, n int) ([]Tombstone, error) {
	return db.tombstones(ctx, "record AND recorded_at IS NULL", n)
}

// Recorded tells that the object store has the record of a tombstone.
func (db *DB) Recorded(ctx context.Context, id domain.PersonID) error {
	_, err := db.pool.Exec(ctx, "UPDATE tombstones SET recorded_at = $2 WHERE person = $1", string(id), db.now())
	return wrap("record tombstone", err)
}

// OpenTombstones lists up to n tombstones whose pictures are gone, and that have
// not been settled.
func (db *DB) OpenTombstones(ctx context.Context, n int) ([]Tombstone, error) {
	return db.tombstones(ctx, `objects_at IS NULL AND (recorded_at IS NOT NULL OR NOT record)
		AND NOT EXISTS (SELECT 1 FROM doomed d WHERE d.person = t.person AND d.versions IS NULL)`, n)
}

func (db *DB) tombstones(ctx context.Context, where string, n int) ([]Tombstone, error) {
	rows, err := db.pool.Query(ctx, "SELECT person::text, id::text, site, why, at, asked_by FROM tombstones t WHERE "+where+" ORDER BY at LIMIT $1", n)
	if err != nil {
		return nil, wrap("list tombstones", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Tombstone])
	return list, wrap("list tombstones", err)
}

// SettleTombstone tells that the object store has no picture of somebody left,
// and that none can come any more.
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
			(SELECT count(*) FROM doomed d WHERE d.person = t.person), (SELECT coalesce(sum(removed), 0) FROM doomed d WHERE d.person = t.person)
		FROM tombstones t WHERE person = $1`, string(id)).
		Scan(&r.Person, &r.ID, &r.Site, &r.Why, &r.At, &r.AskedBy, &receipt, &r.Database, &r.Objects.DoneAt, &r.Objects.Keys, &r.Objects.Versions)
	if err != nil {
		return r, wrap("erasure report", err)
	}
	r.Receipt = receipt
	rows, err := db.pool.Query(ctx, `SELECT k.device::text, k.site, k.branch, c.seq IS NULL OR k.cursor_seq >= c.seq, k.cursor_at, k.revoked_at IS NOT NULL
		FROM kiosks k JOIN tombstones t ON t.person = $1::uuid LEFT JOIN changes c ON c.site = k.site AND c.kind = 'tombstone' AND c.ref = $1::uuid::text
		WHERE t.record OR c.seq IS NOT NULL ORDER BY k.device`, string(id))
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
