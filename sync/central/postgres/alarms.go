package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What bounds alarms: how many of a kind one kiosk may raise, until they are too
// old, and how often one that is raised over and over is brought up to date.
const (
	maxAlarms  = 1000
	keepAlarms = 90 * 24 * time.Hour
	alarmAgain = time.Hour
)

// Alarm is something that somebody should look at.
type Alarm struct {
	ID     int64          `json:"id"`
	At     time.Time      `json:"at"`
	Site   string         `json:"site"`
	Device *string        `json:"device_id"`
	Kind   string         `json:"kind"`
	Detail map[string]any `json:"detail"`
}

// Alarms lists the newest alarms.
func (db *DB) Alarms(ctx context.Context, limit int) ([]Alarm, error) {
	list, err := report[Alarm](ctx, db, "SELECT id, at, site, device::text, kind, detail FROM alarms ORDER BY at DESC, id DESC LIMIT $1", limit)
	return list, wrap("list alarms", err)
}

func (in *batch) alarm(ctx context.Context, tx pgx.Tx, kind string, detail map[string]any, people ...string) error {
	return raise(ctx, tx, in.kiosk, in.now, kind, detail, people...)
}

// raise raises an alarm about a kiosk, or brings the one up to date that there is of
// the first of the people whom it names, or else of the same detail.
func raise(ctx context.Context, q interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}, k Kiosk, at time.Time, kind string, detail map[string]any, people ...string) error {
	body, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, `INSERT INTO alarms AS a (at, site, device, kind, detail, people, item)
		SELECT $1, $2, $3::uuid, $4, $5::jsonb, $6::uuid[], coalesce(($6::uuid[])[1]::text, $5::jsonb::text)
		WHERE (SELECT count(*) FROM (SELECT FROM alarms WHERE device = $3::uuid AND kind = $4 LIMIT $7) x) < $7
		ON CONFLICT (device, kind, item) DO UPDATE SET at = excluded.at, detail = excluded.detail, people = excluded.people
		WHERE a.at <= $8 OR a.people <> excluded.people`, at, k.Site, k.Device, kind, string(body), some(people), maxAlarms, at.Add(-alarmAgain))
	return err
}
