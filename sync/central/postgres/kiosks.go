package postgres

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// Errors of enrolment and of tokens.
var (
	// ErrCode: no such code, or it is over, or another kiosk used it. Which of
	// them is not told.
	ErrCode = errors.New("enrolment code is not valid")
	// ErrEnrolled: a kiosk of that id is trusted already, with another key.
	ErrEnrolled = errors.New("a kiosk of that id is enrolled with another key")
	// ErrUsed: an assertion was used before.
	ErrUsed = errors.New("assertion was used before")
)

// Kiosk is one kiosk, as the centre knows it.
type Kiosk struct {
	Device      string     `json:"device_id"`
	Site        string     `json:"site"`
	Branch      string     `json:"branch"`
	Name        string     `json:"name"`
	Program     string     `json:"program"`
	PublicKey   []byte     `json:"-"`
	ExchangeKey []byte     `json:"-"`
	EnrolledAt  time.Time  `json:"enrolled_at"`
	RevokedAt   *time.Time `json:"revoked_at"`
	RevokedWhy  string     `json:"revoked_why"`
	SeenAt      time.Time  `json:"seen_at"` // zero: never
	SkewMS      int64      `json:"skew_ms"`
	CursorSeq   int64      `json:"cursor_seq"`
}

const kioskColumns = `device::text, site, branch, name, program, public_key, exchange_key, enrolled_at, revoked_at, revoked_why,
	coalesce(seen_at, '0001-01-01Z'), skew_ms, cursor_seq`

// Kiosk gives a kiosk, also one that is revoked; domain.ErrNotFound for none.
func (db *DB) Kiosk(ctx context.Context, device string) (Kiosk, error) {
	rows, err := db.pool.Query(ctx, "SELECT "+kioskColumns+" FROM kiosks WHERE device = $1", device)
	if err != nil {
		return Kiosk{}, wrap("read kiosk", err)
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Kiosk])
	return k, wrap("read kiosk", err)
}

// Kiosks lists all kiosks.
func (db *DB) Kiosks(ctx context.Context) ([]Kiosk, error) {
	rows, err := db.pool.Query(ctx, "SELECT "+kioskColumns+" FROM kiosks ORDER BY site, branch, device")
	if err != nil {
		return nil, wrap("list kiosks", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Kiosk])
	return list, wrap("list kiosks", err)
}

// RevokeKiosk ends the trust in a kiosk: it gets no token more, and the ones
// that it has are refused. Of badges that its keys sign only those hold that were
// issued before: its sites are told.
func (db *DB) RevokeKiosk(ctx context.Context, device, why string) error {
	return wrap("revoke kiosk", db.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE kiosks SET revoked_at = coalesce(revoked_at, $2), revoked_why = $3 WHERE device = $1", device, db.now(), why)
		if err == nil && tag.RowsAffected() == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		sites, err := db.revokeKeys(ctx, tx, device, "", "$2::text = ''")
		if err != nil {
			return err
		}
		return ring(ctx, tx, sites)
	}))
}

// AddSite makes a site with its first key, or renames it.
func (db *DB) AddSite(ctx context.Context, id, name string) error {
	return wrap("add site", db.keyedTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO sites (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name", id, name, db.now())
		if err != nil {
			return err
		}
		var keyed bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM site_keys WHERE site = $1)", id).Scan(&keyed); err != nil || keyed {
			return err
		}
		return db.addSiteKey(ctx, tx, id)
	}))
}

// NewCode makes a one-time enrolment code for a branch of a site. Only its hash
// is kept.
func (db *DB) NewCode(ctx context.Context, site, branch, madeBy string) (code string, expires time.Time, err error) {
	code, expires = protocol.NewCode(), db.now().Add(protocol.CodeLife)
	clean, err := protocol.CleanCode(code)
	if err != nil {
		return "", time.Time{}, err
	}
	sum := sha256.Sum256([]byte(clean))
	tag, err := db.pool.Exec(ctx, `INSERT INTO codes (hash, prefix, site, branch, made_by, expires_at)
		SELECT $1, $2, id, $4, $5, $6 FROM sites WHERE id = $3`, sum[:], sum[:8], site, branch, madeBy, expires)
	if err == nil && tag.RowsAffected() == 0 {
		err = fmt.Errorf("site %q: %w", site, domain.ErrNotFound)
	}
	if err != nil {
		return "", time.Time{}, wrap("make code", err)
	}
	return code, expires, nil
}

// Enrol joins a kiosk by its code. The request has been checked. A code that
// was used by the same kiosk with the same key gives the same again: the answer
// may have been lost. ErrCode otherwise; ErrEnrolled.
func (db *DB) Enrol(ctx context.Context, r protocol.EnrolRequest) (Kiosk, error) {
	sum := sha256.Sum256([]byte(r.Code))
	now := db.now()
	err := db.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT hash, site, branch, expires_at, coalesce(used_by::text, ''), used_key FROM codes WHERE prefix = $1 FOR UPDATE", sum[:8])
		if err != nil {
			return err
		}
		type codeRow struct {
			Hash         []byte
			Site, Branch string
			Expires      time.Time
			UsedBy       string
			UsedKey      []byte
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[codeRow])
		if err != nil {
			return err
		}
		var c *codeRow
		for i := range list {
			if subtle.ConstantTimeCompare(list[i].Hash, sum[:]) == 1 {
				c = &list[i]
			}
		}
		if c == nil || !now.Before(c.Expires) {
			return ErrCode
		}
		if c.UsedBy != "" {
			if c.UsedBy == r.DeviceID && subtle.ConstantTimeCompare(c.UsedKey, r.PublicKey) == 1 {
				return nil
			}
			return ErrCode
		}
		if _, err := tx.Exec(ctx, "UPDATE codes SET used_by = $2, used_key = $3 WHERE hash = $1", c.Hash, r.DeviceID, r.PublicKey); err != nil {
			return err
		}
		// Who has a code may not take the place of a kiosk that is trusted.
		var taken bool
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM kiosks WHERE device = $1 AND revoked_at IS NULL AND public_key <> $2)", r.DeviceID, r.PublicKey).Scan(&taken)
		if err != nil || taken {
			if err == nil {
				err = ErrEnrolled
			}
			return err
		}
		// A code is an administrator's word: it brings back one who was revoked.
		_, err = tx.Exec(ctx, `INSERT INTO kiosks AS k (device, site, branch, name, program, public_key, exchange_key, enrolled_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (device) DO UPDATE SET site = excluded.site, branch = excluded.branch, name = excluded.name, program = excluded.program,
				public_key = excluded.public_key, exchange_key = excluded.exchange_key, enrolled_at = excluded.enrolled_at,
				revoked_at = NULL, revoked_why = '', cursor_seq = CASE WHEN k.site = excluded.site THEN k.cursor_seq ELSE 0 END`,
			r.DeviceID, c.Site, c.Branch, r.Name, r.Program, r.PublicKey, r.ExchangeKey, now)
		if err != nil {
			return err
		}
		// So are its badge keys here; where it was before, it is no more.
		told, err := db.restoreKeys(ctx, tx, r.DeviceID, c.Site)
		if err != nil {
			return err
		}
		left, err := db.revokeKeys(ctx, tx, r.DeviceID, c.Site, "site <> $2")
		if err != nil {
			return err
		}
		maps.Copy(told, left)
		return ring(ctx, tx, told)
	})
	if err != nil {
		return Kiosk{}, wrap("enrol", err)
	}
	return db.Kiosk(ctx, r.DeviceID)
}

// UseAssertion notes that an assertion has been used; ErrUsed where it had been.
func (db *DB) UseAssertion(ctx context.Context, device, jti string, expires time.Time) error {
	tag, err := db.pool.Exec(ctx, "INSERT INTO assertions (device, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", device, jti, expires)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrUsed
	}
	return wrap("use assertion", err)
}
