package postgres

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"agentid/sync/protocol"
)

// lockKeys is held by who makes keys.
const lockKeys = 0x61676964_6b657973

// keyLife is how long keys are remembered before they are read anew: a rotation
// is known everywhere after it, and until then the key before is live.
const keyLife = time.Minute

// SigningKey is a key that the centre signs with.
type SigningKey struct {
	ID      string
	Public  ed25519.PublicKey
	Private ed25519.PrivateKey
}

// JWK is the key's public half.
func (k SigningKey) JWK() protocol.JWK {
	return protocol.JWK{Kty: "OKP", Crv: "Ed25519", Alg: "EdDSA", Use: "sig", Kid: k.ID, X: base64.RawURLEncoding.EncodeToString(k.Public)}
}

type keyCache struct {
	mu   sync.Mutex
	at   time.Time
	list []SigningKey
}

// SigningKeys are the live keys, the one that signs first. There is always one.
func (db *DB) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	db.keys.mu.Lock()
	defer db.keys.mu.Unlock()
	now := db.now()
	if len(db.keys.list) > 0 && now.Sub(db.keys.at).Abs() < keyLife {
		return db.keys.list, nil
	}
	var list []SigningKey
	err := db.keyed(ctx, func() (err error) {
		list, err = db.readSigningKeys(ctx)
		if err == nil && len(list) == 0 {
			if err = db.addSigningKey(ctx, true); err == nil {
				list, err = db.readSigningKeys(ctx)
			}
		}
		return err
	})
	if err != nil {
		return nil, wrap("signing keys", err)
	}
	db.keys.at, db.keys.list = now, list
	return list, nil
}

// RotateSigningKey makes a new key, which signs from now on. The one before
// stays live until the next rotation; those before it are forgotten.
func (db *DB) RotateSigningKey(ctx context.Context) error {
	if err := db.keyed(ctx, func() error { return db.addSigningKey(ctx, false) }); err != nil {
		return wrap("rotate signing key", err)
	}
	db.keys.mu.Lock()
	db.keys.list = nil
	db.keys.mu.Unlock()
	return nil
}

func (db *DB) readSigningKeys(ctx context.Context) ([]SigningKey, error) {
	rows, err := db.pool.Query(ctx, "SELECT kid, wrapped FROM signing_keys ORDER BY created_at DESC, kid LIMIT 2")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (k SigningKey, err error) {
		var wrapped []byte
		if err := r.Scan(&k.ID, &wrapped); err != nil {
			return k, err
		}
		seed, err := db.master.open(wrapped, "signing key "+k.ID)
		if err != nil || len(seed) != ed25519.SeedSize {
			return k, fmt.Errorf("signing key %s: %w", k.ID, ErrMasterKey)
		}
		k.Private = ed25519.NewKeyFromSeed(seed)
		k.Public = k.Private.Public().(ed25519.PublicKey)
		return k, nil
	})
}

func (db *DB) addSigningKey(ctx context.Context, onlyFirst bool) error {
	return db.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKeys); err != nil {
			return err
		}
		var n int
		var newest *time.Time
		if err := tx.QueryRow(ctx, "SELECT count(*), max(created_at) FROM signing_keys").Scan(&n, &newest); err != nil {
			return err
		}
		if onlyFirst && n > 0 {
			return nil
		}
		at := db.now()
		if newest != nil && !at.After(*newest) {
			at = newest.Add(time.Microsecond) // a clock that stands still, or was set back
		}
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		kid := newID(at).String()
		wrapped, err := db.master.seal(ctx, tx, private.Seed(), "signing key "+kid)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO signing_keys (kid, public, wrapped, created_at) VALUES ($1, $2, $3, $4)", kid, []byte(public), wrapped, at)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM signing_keys WHERE kid NOT IN (SELECT kid FROM signing_keys ORDER BY created_at DESC, kid LIMIT 2)")
		return err
	})
}

// SiteKeys are the keys of a site, the newest first.
func (db *DB) SiteKeys(ctx context.Context, site string) (list []*protocol.SiteKey, err error) {
	err = db.keyed(ctx, func() (err error) {
		list, err = db.readSiteKeys(ctx, site)
		return err
	})
	return list, wrap("site keys", err)
}

func (db *DB) readSiteKeys(ctx context.Context, site string) ([]*protocol.SiteKey, error) {
	rows, err := db.pool.Query(ctx, "SELECT id::text, wrapped FROM site_keys WHERE site = $1 ORDER BY created_at DESC, id", site)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (*protocol.SiteKey, error) {
		var id string
		var wrapped []byte
		if err := r.Scan(&id, &wrapped); err != nil {
			return nil, err
		}
		raw, err := db.master.open(wrapped, "site key "+site+" "+id)
		if err != nil {
			return nil, fmt.Errorf("site key %s: %w", id, ErrMasterKey)
		}
		return protocol.NewSiteKey(site, id, raw)
	})
}

// SiteName is what a site is called.
func (db *DB) SiteName(ctx context.Context, site string) (name string, err error) {
	err = db.pool.QueryRow(ctx, "SELECT name FROM sites WHERE id = $1", site).Scan(&name)
	return name, wrap("read site", err)
}

// RotateSiteKey gives a site a new key. Kiosks get it with their next token; what
// was sealed before stays readable under the key before.
func (db *DB) RotateSiteKey(ctx context.Context, site string) error {
	return wrap("rotate site key", db.keyedTx(ctx, func(tx pgx.Tx) error { return db.addSiteKey(ctx, tx, site) }))
}

func (db *DB) addSiteKey(ctx context.Context, tx pgx.Tx, site string) error {
	raw := make([]byte, 32)
	rand.Read(raw)
	id := uuid.UUID(newID(db.now())).String()
	wrapped, err := db.master.seal(ctx, tx, raw, "site key "+site+" "+id)
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO site_keys (id, site, wrapped, created_at) VALUES ($1, $2, $3, clock_timestamp())", id, site, wrapped)
	}
	return err
}
