package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"agentid/app/domain"
)

// maxBadgeKeys bounds the keys of a site that are kept here.
const maxBadgeKeys = 1 << 14

// Which table a key is sealed into: one of the site's is no own one.
const (
	siteKeys = "badge_keys"
	ownKeys  = "own_badge_keys"
)

func (s *Store) sealKey(table string, k domain.BadgeKey) ([]byte, error) {
	plain, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	return s.snapshots.seal(plain, place{table, "content", string(k.ID)}), nil
}

// openKeys opens the keys of a table. One that does not open is none, and an
// error beside the others.
func (s *Store) openKeys(ctx context.Context, q queryer, table string) (list []domain.BadgeKey, bad error, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, content FROM "+table+" ORDER BY id")
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return nil, nil, err
		}
		var k domain.BadgeKey
		plain, err := s.snapshots.open(sealed, place{table, "content", id})
		if err == nil {
			err = json.Unmarshal(plain, &k)
		}
		if err != nil {
			bad = errors.Join(bad, wrap("badge key "+clip(id, maxLabel), err))
			continue
		}
		list = append(list, k)
	}
	return list, bad, rows.Err()
}

// BadgeKeys lists the keys that badges of the site's kiosks are verified with, as
// the centre has told of them. One that somebody else wrote into the database is
// not among them: the others come beside the error, in a list that is nil only
// where it could not be read to its end.
func (s *Store) BadgeKeys(ctx context.Context) ([]domain.BadgeKey, error) {
	list, bad, err := s.openKeys(ctx, s.r, siteKeys)
	switch {
	case err != nil:
		list = nil
	case list == nil:
		list = []domain.BadgeKey{}
	}
	return list, wrap("badge keys of the site", errors.Join(bad, err))
}

// badgeKey keeps a key of a kiosk of the site.
func (a applier) badgeKey(ctx context.Context, k domain.BadgeKey) error {
	if len(k.Public) != ed25519.PublicKeySize || k.ID != domain.BadgeKeyIDOf(k.Public) {
		return fmt.Errorf("%w: no badge key, or not of its id", ErrInvalid)
	}
	if err := checkUUID("device id", k.DeviceID); err != nil {
		return err
	}
	var n int
	if err := a.tx.QueryRowContext(ctx, "SELECT count(*) FROM badge_keys WHERE id <> ?", k.ID).Scan(&n); err != nil {
		return err
	}
	if n >= maxBadgeKeys {
		return errSkip("there are too many badge keys")
	}
	sealed, err := a.sealKey(siteKeys, k)
	if err != nil {
		return err
	}
	a.done.BadgeKeys++
	return execAll(ctx, a.tx, []statement{{
		"INSERT INTO badge_keys (id, content) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content", []any{k.ID, sealed},
	}})
}

func (a applier) goneBadgeKey(ctx context.Context, id domain.BadgeKeyID) error {
	a.done.BadgeKeys++
	return execAll(ctx, a.tx, []statement{{"DELETE FROM badge_keys WHERE id = ?", []any{id}}})
}

// TellBadgeKeys has the centre told of the keys that this kiosk's badges are
// verified with: of new ones, of those that were retired since, and of those that
// it was told of and that are kept no more, which nobody is to trust any more.
// What it knows already is not told again. ErrInvalid.
func (s *Store) TellBadgeKeys(ctx context.Context, keys []domain.BadgeKey) error {
	return wrap("tell badge keys", transact(ctx, s.w, func(tx *sql.Tx) error {
		had, bad, err := s.openKeys(ctx, tx, ownKeys)
		if err != nil {
			return err
		}
		if bad != nil { // told of all the same, as it is now
			if _, err := tx.ExecContext(ctx, "DELETE FROM own_badge_keys"); err != nil {
				return err
			}
			had = nil
		}
		before := make(map[domain.BadgeKeyID]domain.BadgeKey, len(had))
		for _, k := range had {
			before[k.ID] = k
		}
		for _, k := range keys {
			if len(k.Public) != ed25519.PublicKeySize || k.ID != domain.BadgeKeyIDOf(k.Public) {
				return fmt.Errorf("%w: no badge key, or not of its id", ErrInvalid)
			}
			was, known := before[k.ID]
			delete(before, k.ID)
			k.DeviceID = s.device
			if known && was.RetiredAt.Equal(k.RetiredAt) && was.DroppedAt.IsZero() && bytes.Equal(was.Proof, k.Proof) {
				continue
			}
			if err := s.tellKey(ctx, tx, k, was.Version); err != nil {
				return err
			}
		}
		for _, gone := range before {
			if !gone.DroppedAt.IsZero() {
				continue
			}
			gone.DroppedAt = s.clock.Now().UTC().Truncate(time.Second)
			if err := s.tellKey(ctx, tx, gone, gone.Version); err != nil {
				return err
			}
		}
		return nil
	}))
}

// tellKey notices a new state of an own key. Its version is one that the centre
// has not heard, also where what was told before is forgotten here.
func (s *Store) tellKey(ctx context.Context, tx *sql.Tx, k domain.BadgeKey, last int64) error {
	now := micros(s.clock.Now())
	k.Version = max(last+1, now/int64(time.Second/time.Microsecond))
	sealed, err := s.sealKey(ownKeys, k)
	if err != nil {
		return err
	}
	return execAll(ctx, tx, []statement{
		{"INSERT INTO own_badge_keys (id, content) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content", []any{k.ID, sealed}},
		{`INSERT INTO notices (kind, ref, created_at) VALUES (?, ?, ?)
			ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, attempts = 0, next_at = 0, last_error = '', state = 'pending',
				created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END`,
			[]any{domain.NoticeBadgeKey, k.ID, now}},
	})
}

// dueKeys are notices of own keys.
func (s *Store) dueKeys(ctx context.Context, n int) ([]domain.Notice, error) {
	rows, err := s.dueRows(ctx, domain.NoticeBadgeKey, n)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	keys, _, err := s.openKeys(ctx, s.r, ownKeys)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*domain.BadgeKey, len(keys))
	for i := range keys {
		byID[string(keys[i].ID)] = &keys[i]
	}
	var list []domain.Notice
	for _, r := range rows {
		if r.BadgeKey = byID[r.ref]; r.BadgeKey == nil {
			if err := s.damaged(ctx, r.Key); err != nil {
				return nil, err
			}
			continue
		}
		list = append(list, r.Notice)
	}
	return list, nil
}
