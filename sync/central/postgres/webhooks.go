package postgres

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// secretPrefix is how Standard Webhooks write a secret.
const secretPrefix = "whsec_"

// Webhook is an address outside that hears of events.
type Webhook struct {
	ID        string     `json:"id"`
	Site      string     `json:"site"`
	URL       string     `json:"url"`
	Kinds     []string   `json:"kinds"`
	CreatedAt time.Time  `json:"created_at"`
	ClosedAt  *time.Time `json:"closed_at"`
	ClosedWhy string     `json:"closed_why"`
	Pending   int64      `json:"pending"`
	Dead      int64      `json:"dead"`
}

// AddWebhook makes a webhook, and the secret that its messages are signed with,
// which is told once.
func (db *DB) AddWebhook(ctx context.Context, site, url string, kinds []string) (w Webhook, secret string, err error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	now := db.now()
	w = Webhook{ID: newID(now).String(), Site: site, URL: url, Kinds: kinds, CreatedAt: now}
	err = db.keyedTx(ctx, func(tx pgx.Tx) error {
		wrapped, err := db.master.seal(ctx, tx, raw, "webhook "+w.ID)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "INSERT INTO webhooks (id, site, url, kinds, wrapped, created_at) SELECT $1, id, $3, $4, $5, $6 FROM sites WHERE id = $2",
			w.ID, site, url, kinds, wrapped, now)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("site: %w", domain.ErrNotFound)
		}
		return err
	})
	return w, secretPrefix + base64.StdEncoding.EncodeToString(raw), wrap("add webhook", err)
}

// Webhooks lists all webhooks.
func (db *DB) Webhooks(ctx context.Context) ([]Webhook, error) {
	rows, err := db.pool.Query(ctx, `SELECT id::text, site, url, kinds, created_at, closed_at, closed_why,
		(SELECT count(*) FROM deliveries d WHERE d.webhook = w.id AND d.state = 'pending'), (SELECT count(*) FROM deliveries d WHERE d.webhook = w.id AND d.state = 'dead')
		FROM webhooks w ORDER BY created_at, id`)
	if err != nil {
		return nil, wrap("list webhooks", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Webhook])
	return list, wrap("list webhooks", err)
}

// CloseWebhook ends a webhook; what waits for it is given up.
func (db *DB) CloseWebhook(ctx context.Context, id, why string) error {
	return wrap("close webhook", db.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE webhooks SET closed_at = coalesce(closed_at, $2), closed_why = $3 WHERE id = $1", id, db.now(), why)
		if err == nil && tag.RowsAffected() == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE deliveries SET state = 'dead', last_error = 'the webhook was closed' WHERE webhook = $1 AND state = 'pending'", id)
		return err
	}))
}

// Revive has the dead messages of a webhook tried again; it tells how many.
func (db *DB) Revive(ctx context.Context, id string) (int64, error) {
	tag, err := db.pool.Exec(ctx, `UPDATE deliveries d SET state = 'pending', attempts = 0, next_at = $2 FROM webhooks w
		WHERE d.webhook = $1 AND w.id = d.webhook AND w.closed_at IS NULL AND d.state = 'dead'`, id, db.now())
	return tag.RowsAffected(), wrap("revive messages", err)
}

// announce has whoever listens told of the events that this transaction stored.
func (in *batch) announce(ctx context.Context, tx pgx.Tx, list []*taken) error {
	var ids []pgtype.UUID
	for _, t := range list {
		if t.answer.Status == protocol.StatusStored {
			ids = append(ids, uuidOf(t.id))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var heard bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM webhooks WHERE site = $1 AND closed_at IS NULL)", in.kiosk.Site).Scan(&heard)
	if err != nil || !heard {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO deliveries (id, webhook, at, person, next_at, body)
		SELECT gen_random_uuid(), w.id, $1, e.person, $1, jsonb_build_object('type', 'event.' || e.kind, 'timestamp', e.received_at, 'data', jsonb_strip_nulls(jsonb_build_object(
			'event_id', e.id, 'device_id', e.device, 'site', e.site, 'kind', e.kind, 'reason', e.reason, 'at', e.at, 'person_id', e.person, 'about', e.about, 'badge_id', e.badge)))
		FROM events e JOIN webhooks w ON w.site = e.site AND w.closed_at IS NULL AND e.kind = ANY(w.kinds)
		WHERE e.device = $2 AND e.id = ANY($3)`, in.now, orNull(in.kiosk.Device), ids)
	return err
}

// Delivery is a message that is due.
type Delivery struct {
	ID, Webhook, URL string
	Secret           []byte
	Body             []byte
	Attempts         int // with this one
}

// TakeDeliveries takes up to n messages that are due, and of each webhook no more
// than make each of them under way, with those that busy counts already: one that
// answers slowly holds up its own. Nobody else gets them until the lease is over:
// who ends before it has told of them sends them again.
func (db *DB) TakeDeliveries(ctx context.Context, n, each int, busy map[string]int, lease time.Duration) (list []Delivery, err error) {
	err = db.keyed(ctx, func() (err error) {
		list, err = db.takeDeliveries(ctx, n, each, busy, lease)
		return err
	})
	return list, wrap("take messages", err)
}

func (db *DB) takeDeliveries(ctx context.Context, n, each int, busy map[string]int, lease time.Duration) ([]Delivery, error) {
	now := db.now()
	hooks, counts := make([]string, 0, len(busy)), make([]int, 0, len(busy))
	for id, count := range busy {
		hooks, counts = append(hooks, id), append(counts, count)
	}
	rows, err := db.pool.Query(ctx, `WITH due AS (SELECT x.id FROM webhooks w LEFT JOIN unnest($4::uuid[], $5::int[]) b (webhook, n) ON b.webhook = w.id
			CROSS JOIN LATERAL (SELECT d.id, d.next_at FROM deliveries d WHERE d.webhook = w.id AND d.state = 'pending' AND d.next_at <= $1
				ORDER BY d.next_at LIMIT greatest($6 - coalesce(b.n, 0), 0) FOR UPDATE SKIP LOCKED) x
			ORDER BY x.next_at LIMIT $2)
		UPDATE deliveries d SET next_at = $3, attempts = d.attempts + 1 FROM due, webhooks w
		WHERE d.id = due.id AND w.id = d.webhook RETURNING d.id::text, w.id::text, w.url, w.wrapped, d.body::text, d.attempts`,
		now, n, now.Add(lease), hooks, counts, each)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (d Delivery, err error) {
		var wrapped []byte
		var body string
		if err := r.Scan(&d.ID, &d.Webhook, &d.URL, &wrapped, &body, &d.Attempts); err != nil {
			return d, err
		}
		d.Body = []byte(body)
		if d.Secret, err = db.master.open(wrapped, "webhook "+d.Webhook); err != nil {
			return d, fmt.Errorf("webhook %s: %w", d.Webhook, ErrMasterKey)
		}
		return d, nil
	})
}

// Delivered tells that a message has been taken.
func (db *DB) Delivered(ctx context.Context, id string) error {
	_, err := db.pool.Exec(ctx, "UPDATE deliveries SET state = 'sent', last_error = '' WHERE id = $1", id)
	return wrap("message delivered", err)
}

// Undelivered tells that a message has not been taken, and when to try again;
// never, with the zero time.
func (db *DB) Undelivered(ctx context.Context, id, cause string, next time.Time) error {
	cause = strings.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(cause[:min(len(cause), 300)], ""))
	state := "pending"
	if next.IsZero() {
		state, next = "dead", db.now()
	}
	_, err := db.pool.Exec(ctx, "UPDATE deliveries SET state = $2, last_error = $3, next_at = $4 WHERE id = $1 AND state = 'pending'", id, state, cause, next)
	return wrap("message not delivered", err)
}
