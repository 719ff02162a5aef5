package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Seen is an event as a panel shows it.
type Seen struct {
	ID         string    `json:"event_id"`
	Device     string    `json:"device_id"`
	Site       string    `json:"site"`
	Branch     string    `json:"branch"`
	Kind       string    `json:"kind"`
	Reason     string    `json:"reason"`
	At         time.Time `json:"at"`
	ReceivedAt time.Time `json:"received_at"`
	Person     *string   `json:"person_id"`
}

// overlap is how far back a tail looks each time: a transaction may commit some
// time after the moment that it wrote down.
const overlap = 10 * time.Second

// tailMost bounds what a tail gives at once; the newest are kept.
const tailMost = 200

// Tail follows the events that arrive.
type Tail struct {
	db   *DB
	site string
	from time.Time
	seen map[string]time.Time // by device and id: those of the overlap
}

// Tail begins to follow the events of a site, or of all with "".
func (db *DB) Tail(ctx context.Context, site string) (*Tail, error) {
	t := &Tail{db: db, site: site, from: db.now().Add(-overlap), seen: map[string]time.Time{}}
	_, err := t.Next(ctx) // what is there already is not told
	return t, err
}

// Next gives what has arrived since, in the order of arrival.
func (t *Tail) Next(ctx context.Context) ([]Seen, error) {
	now := t.db.now()
	// From the database itself: what a replica gets late would be left out.
	rows, err := t.db.pool.Query(ctx, `SELECT * FROM (
			SELECT e.id::text, e.device::text, e.site, coalesce(k.branch, ''), e.kind, e.reason, e.at, e.received_at, e.person::text
			FROM events e LEFT JOIN kiosks k ON k.device = e.device
			WHERE e.received_at >= $1 AND ($2 = '' OR e.site = $2) ORDER BY e.received_at DESC, e.seq DESC LIMIT $3) x ORDER BY received_at, id`,
		t.from, t.site, 10*tailMost)
	if err != nil {
		return nil, wrap("follow events", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Seen])
	if err != nil {
		return nil, wrap("follow events", err)
	}
	var out []Seen
	for _, e := range list {
		name := e.Device + e.ID
		if _, told := t.seen[name]; !told {
			t.seen[name] = e.ReceivedAt
			out = append(out, e)
		}
	}
	t.from = now.Add(-overlap)
	for name, at := range t.seen {
		if at.Before(t.from) {
			delete(t.seen, name)
		}
	}
	return out[max(0, len(out)-tailMost):], nil
}
