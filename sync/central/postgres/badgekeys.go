package postgres

import (
	"bytes"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/sync/protocol"
)

// keyClaim is what is known of a key from one kiosk.
type keyClaim struct {
	Device  string
	Public  []byte
	Version int64
	Proven  bool
}

// badgeKey keeps what a kiosk says of a key that its badges are verified with.
// Each kiosk's word is kept apart, and readKeys tells which counts: a key is that
// kiosk's which last proved to hold it. What another says of it without a proof is
// heard and has no effect, before the proof or after: nobody has another's key
// trusted less. Of each id the first key counts, for a second can be made; but one
// that is only said to be there gives way to one that is proven.
func (in *batch) badgeKey(ctx context.Context, tx pgx.Tx, k *protocol.BadgeKey) (*refusal, error) {
	// Not while the kiosk is being revoked: its key is revoked with it, or tells
	// that here it was already.
	var revoked *time.Time
	if err := tx.QueryRow(ctx, "SELECT revoked_at FROM kiosks WHERE device = $1 FOR SHARE", in.kiosk.Device).Scan(&revoked); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, "SELECT device::text, public, version, proved_at IS NOT NULL FROM badge_keys WHERE site = $1 AND id = $2", in.kiosk.Site, string(k.ID))
	if err != nil {
		return nil, err
	}
	claims, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keyClaim])
	if err != nil {
		return nil, err
	}
	proof, taken, mine := len(k.Proof) > 0, false, keyClaim{}
	for _, c := range claims {
		switch other := !bytes.Equal(c.Public, k.PublicKey); {
		case other && proof && !c.Proven:
			_, err := tx.Exec(ctx, "DELETE FROM badge_keys WHERE site = $1 AND id = $2 AND device = $3", in.kiosk.Site, string(k.ID), c.Device)
			if err != nil {
				return nil, err
			}
		case other:
			if err := in.alarm(ctx, tx, "badge_key_id", map[string]any{"key": k.ID, "of": c.Device}); err != nil {
				return nil, err
			}
			return &refusal{protocol.RejectBody, "another key of the site has this id"}, nil
		case c.Device == in.kiosk.Device:
			mine = c
		case c.Proven:
			taken = true
		}
	}
	proves := proof && (k.Signs() || !taken)
	if k.Version <= mine.Version || taken && !proves && !mine.Proven {
		return nil, nil
	}
	if mine.Device == "" {
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM badge_keys WHERE device = $1", in.kiosk.Device).Scan(&n); err != nil {
			return nil, err
		}
		if n >= protocol.MaxBadgeKeys {
			return &refusal{protocol.RejectBody, "the kiosk has told of too many keys"}, nil
		}
	}
	var proved any
	if proves {
		proved = in.now
	}
	_, err = tx.Exec(ctx, `INSERT INTO badge_keys AS b (site, id, public, device, proved_at, version, told_at, retired_at, dropped_at, revoked_at, revoked_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $10::timestamptz IS NULL THEN NULL ELSE $4::uuid END)
		ON CONFLICT (site, id, device) DO UPDATE SET proved_at = coalesce(excluded.proved_at, b.proved_at), version = excluded.version,
			told_at = excluded.told_at, retired_at = excluded.retired_at, dropped_at = excluded.dropped_at WHERE b.version < excluded.version`,
		in.kiosk.Site, string(k.ID), k.PublicKey, in.kiosk.Device, proved, k.Version, in.now, timeOrNull(k.RetiredAt), timeOrNull(k.DroppedAt), revoked)
	if err != nil {
		return nil, err
	}
	return nil, in.tell(ctx, tx, protocol.ChangeBadgeKey, string(k.ID), nil)
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// revokeKeys has the badge keys that match a condition of device $1 and site $2
// sign nothing more that holds; what was issued before stays good. It gives the
// sites that are to be rung.
//
// Where that kiosk had proved to hold it, the limit stays with the key, whoever
// proves to hold it later, until the kiosk on whose account it is there is enrolled
// anew: a copy of a stolen kiosk's key is as good as the thief's.
func (db *DB) revokeKeys(ctx context.Context, tx pgx.Tx, device, site, where string) (map[string]bool, error) {
	return db.limitKeys(ctx, tx, "UPDATE badge_keys SET revoked_at = $3, revoked_of = $1::uuid WHERE device = $1::uuid AND revoked_at IS NULL AND "+where, device, site)
}

// restoreKeys takes back what revokeKeys did on account of a device, in a site.
func (db *DB) restoreKeys(ctx context.Context, tx pgx.Tx, device, site string) (map[string]bool, error) {
	return db.limitKeys(ctx, tx, `UPDATE badge_keys SET revoked_at = NULL, revoked_of = NULL
		WHERE revoked_of = $1::uuid AND site = $2 AND $3::timestamptz IS NOT NULL`, device, site)
}

func (db *DB) limitKeys(ctx context.Context, tx pgx.Tx, query, device, site string) (map[string]bool, error) {
	now := db.now()
	rows, err := tx.Query(ctx, query+" RETURNING site, id", device, site, now)
	if err != nil {
		return nil, err
	}
	type key struct{ Site, ID string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[key])
	if err != nil {
		return nil, err
	}
	sites := map[string]bool{}
	for _, k := range list {
		if err := tell(ctx, tx, k.Site, protocol.ChangeBadgeKey, k.ID, now, false, nil); err != nil {
			return nil, err
		}
		sites[k.Site] = true
	}
	return sites, nil
}

// readKeys reads the bodies of badge keys of a site: of each key the word of the
// kiosk that last proved to hold it; of one that nobody has proved, of what is said
// that which has it trusted most. One that was dropped has none.
func (db *DB) readKeys(ctx context.Context, site string, ids []string, into map[string]any) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.pool.Query(ctx, `SELECT id, device::text, public, retired_at, revoked_at FROM (
		SELECT DISTINCT ON (id) id, device, public, retired_at, dropped_at,
			CASE WHEN proved_at IS NULL THEN revoked_at ELSE min(revoked_at) FILTER (WHERE proved_at IS NOT NULL) OVER (PARTITION BY id) END AS revoked_at
		FROM badge_keys b WHERE site = $1 AND id = ANY($2)
		ORDER BY id, proved_at DESC NULLS LAST, dropped_at IS NOT NULL, b.revoked_at IS NOT NULL, retired_at DESC NULLS FIRST, told_at, device) k
		WHERE dropped_at IS NULL`, site, ids)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		k := &protocol.TrustedKey{}
		var retired, revoked *time.Time
		err := r.Scan(&k.ID, &k.DeviceID, &k.PublicKey, &retired, &revoked)
		if retired != nil {
			k.RetiredAt = *retired
		}
		if revoked != nil {
			k.RevokedAt = *revoked
		}
		into[string(protocol.ChangeBadgeKey)+string(k.ID)] = k
		return struct{}{}, err
	})
	return err
}
