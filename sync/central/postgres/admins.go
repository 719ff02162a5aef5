package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"agentid/app/domain"
)

// Role is what an administrator may do.
type Role string

// The roles.
const (
	RoleAdmin   Role = "admin"
	RoleAuditor Role = "auditor" // read all, change nothing
)

// Admin is who may use the administrators' part of the API.
type Admin struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// tokenPrefix lets scanners of leaked secrets know what they found.
const tokenPrefix = "agentid_admin_"

// CreateAdmin makes an administrator and the token that they sign in with, of
// which only the hash is kept.
func (db *DB) CreateAdmin(ctx context.Context, name string, role Role) (Admin, string, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(token))
	now := db.now()
	a := Admin{ID: newID(now).String(), Name: name, Role: role}
	tag, err := db.pool.Exec(ctx, "INSERT INTO admins (id, name, role, token_hash, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
		a.ID, a.Name, string(a.Role), sum[:], now)
	if err == nil && tag.RowsAffected() == 0 {
		err = fmt.Errorf("administrator %q exists", name)
	}
	if err != nil {
		return Admin{}, "", wrap("create administrator", err)
	}
	return a, token, nil
}

// Admin finds who signs in with a token; domain.ErrNotFound for nobody. It is
// found by the token's hash: how long that takes tells nothing of a token.
func (db *DB) Admin(ctx context.Context, token string) (a Admin, err error) {
	sum := sha256.Sum256([]byte(token))
	err = db.pool.QueryRow(ctx, "SELECT id::text, name, role FROM admins WHERE token_hash = $1 AND closed_at IS NULL", sum[:]).Scan(&a.ID, &a.Name, &a.Role)
	return a, wrap("find administrator", err)
}

// CloseAdmin ends an administrator's account.
func (db *DB) CloseAdmin(ctx context.Context, name string) error {
	tag, err := db.pool.Exec(ctx, "UPDATE admins SET closed_at = $2 WHERE name = $1 AND closed_at IS NULL", name, db.now())
	if err == nil && tag.RowsAffected() == 0 {
		err = domain.ErrNotFound
	}
	return wrap("close administrator", err)
}

// Count is how many events of a kind there were.
type Count struct {
	Day    time.Time `json:"day"`
	Site   string    `json:"site"`
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"`
	N      int64     `json:"n"`
}

// Summary counts the events of the days from t on, from the replica where there
// is one. Ids of a day's events lie near that day: their partitions alone are read.
func (db *DB) Summary(ctx context.Context, from time.Time) ([]Count, error) {
	var low [16]byte
	u := newID(from.Add(-31 * 24 * time.Hour))
	copy(low[:6], u[:6])
	list, err := report[Count](ctx, db, `SELECT date_trunc('day', at), site, kind, reason, count(*) FROM events
		WHERE id >= $1 AND at >= $2 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT 10000`, low, from)
	return list, wrap("summary", err)
}
