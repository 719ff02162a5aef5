package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/sync/central/secret"
)

// The proof of the master key is this text, wrapped.
const (
	proofText  = "agentid central"
	proofPlace = "key check"
)

// rereads is how long a master key that turned out to be of no use is not asked
// for again: each time may be a request to a cloud.
const rereads = 10 * time.Second

// masterKey is the one that is in use. Another instance may rotate it: then
// nothing opens here, and the key is read anew.
type masterKey struct {
	keys func(context.Context) ([][]byte, error)
	box  atomic.Pointer[secret.Box]

	mu    sync.Mutex
	asked time.Time // when the keys were read in vain
}

func (m *masterKey) open(wrapped []byte, place string) ([]byte, error) {
	return m.box.Load().Open(wrapped, place)
}

// seal wraps a key within the transaction that writes it. No rotation goes by
// until the commit: the proof's row is held.
func (m *masterKey) seal(ctx context.Context, tx pgx.Tx, plain []byte, place string) ([]byte, error) {
	var proof []byte
	if err := tx.QueryRow(ctx, "SELECT key_check FROM meta FOR SHARE").Scan(&proof); err != nil {
		return nil, err
	}
	box := m.box.Load()
	if !proves(box, proof) {
		return nil, ErrMasterKey
	}
	return box.Seal(plain, place), nil
}

func proves(box *secret.Box, proof []byte) bool {
	got, err := box.Open(proof, proofPlace)
	return err == nil && string(got) == proofText
}

// unlock finds the key that the database's proof opens with, and uses it from
// now on. A new database takes the first.
func (db *DB) unlock(ctx context.Context) error {
	list, err := db.master.keys(ctx)
	if err != nil {
		return err
	}
	var boxes []*secret.Box
	for _, key := range list {
		box, err := secret.NewBox(key)
		if err != nil {
			return err
		}
		boxes = append(boxes, box)
	}
	if len(boxes) == 0 {
		return fmt.Errorf("no master key: %w", secret.ErrAbsent)
	}
	return db.tx(ctx, func(tx pgx.Tx) error {
		var proof []byte
		if err := tx.QueryRow(ctx, "SELECT key_check FROM meta FOR UPDATE").Scan(&proof); err != nil {
			return err
		}
		if proof == nil {
			db.master.box.Store(boxes[0])
			_, err := tx.Exec(ctx, "UPDATE meta SET key_check = $1", boxes[0].Seal([]byte(proofText), proofPlace))
			return err
		}
		if box := db.master.box.Load(); box != nil && proves(box, proof) {
			return nil
		}
		for _, box := range boxes {
			if proves(box, proof) {
				db.master.box.Store(box)
				return nil
			}
		}
		return ErrMasterKey
	})
}

// keyed runs f, and once more with the master key read anew where nothing opened
// with the one at hand.
func (db *DB) keyed(ctx context.Context, f func() error) error {
	before := db.master.box.Load()
	err := f()
	if !errors.Is(err, ErrMasterKey) {
		return err
	}
	m := &db.master
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.box.Load() == before { // nobody has been quicker
		now := db.now()
		if now.Sub(m.asked).Abs() < rereads {
			return err
		}
		m.asked = now
		if e := db.unlock(ctx); e != nil {
			return errors.Join(err, e)
		}
		if m.box.Load() == before {
			return err // it is the right one: what does not open is damaged
		}
		m.asked = time.Time{}
		db.log.Info("master key read anew: it was rotated")
	}
	return f()
}

// keyedTx is tx for what the master key is needed for.
func (db *DB) keyedTx(ctx context.Context, f func(pgx.Tx) error) error {
	return db.keyed(ctx, func() error { return db.tx(ctx, f) })
}

// Rewrap has everything that the master key wraps wrapped by another key, in one
// transaction, and tells how much that was. A database that is wrapped by that
// key already is left as it is. Other instances read their key anew.
func (db *DB) Rewrap(ctx context.Context, next []byte) (n int, err error) {
	to, err := secret.NewBox(next)
	if err != nil {
		return 0, err
	}
	err = db.keyedTx(ctx, func(tx pgx.Tx) error {
		n = 0
		var proof []byte
		// Who seals meanwhile waits for the commit, and finds the key changed.
		if err := tx.QueryRow(ctx, "SELECT key_check FROM meta FOR UPDATE").Scan(&proof); err != nil {
			return err
		}
		if proves(to, proof) {
			return nil
		}
		from := db.master.box.Load()
		if !proves(from, proof) {
			return ErrMasterKey
		}
		for _, t := range []struct{ table, id, place string }{
			{"site_keys", "id", "'site key ' || site || ' ' || id"},
			{"signing_keys", "kid", "'signing key ' || kid"},
			{"webhooks", "id", "'webhook ' || id"},
		} {
			done, err := rewrap(ctx, tx, from, to, t.table, t.id, t.place)
			if err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
			n += done
		}
		_, err := tx.Exec(ctx, "UPDATE meta SET key_check = $1", to.Seal([]byte(proofText), proofPlace))
		return err
	})
	if err == nil {
		db.master.box.Store(to)
	}
	return n, wrap("rewrap keys", err)
}

// rewrap does so with one table.
func rewrap(ctx context.Context, tx pgx.Tx, from, to *secret.Box, table, id, place string) (int, error) {
	rows, err := tx.Query(ctx, "SELECT "+id+"::text, "+place+", wrapped FROM "+table+" FOR UPDATE")
	if err != nil {
		return 0, err
	}
	var batch pgx.Batch
	var ref, where string
	var wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&ref, &where, &wrapped}, func() error {
		plain, err := from.Open(wrapped, where)
		if err != nil {
			return fmt.Errorf("%s: %w", ref, ErrMasterKey)
		}
		batch.Queue("UPDATE "+table+" SET wrapped = $2 WHERE "+id+"::text = $1", ref, to.Seal(plain, where))
		return nil
	})
	if err != nil || batch.Len() == 0 {
		return 0, err
	}
	return batch.Len(), tx.SendBatch(ctx, &batch).Close()
}
