package store

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
)

// documentKeyInfo names the key of the document index, for HKDF.
const documentKeyInfo = "agentid document index v1"

// keyring is the master key and what hangs on it.
type keyring struct {
	master    box
	documents []byte // of the document index, derived from the master key
	audit     []byte // of the audit's head, likewise
	names     []byte // of the index of names, likewise
	// check is the key check as the database has it: sealed anew at each
	// rotation, it also tells whether another process has rotated the key.
	check  []byte
	pepper []byte // of PINs; random, wrapped by the master key
}

func (k MasterKey) keyring() (keyring, error) {
	if !k.set {
		return keyring{}, ErrNoKey
	}
	master, err := newBox(k.key[:])
	if err != nil {
		return keyring{}, err
	}
	r := keyring{master: master}
	for _, d := range []struct {
		key  *[]byte
		info string
	}{{&r.documents, documentKeyInfo}, {&r.audit, auditKeyInfo}, {&r.names, namesKeyInfo}} {
		if *d.key, err = hkdf.Key(sha256.New, k.key[:], nil, d.info, sha256.Size); err != nil {
			return keyring{}, err
		}
	}
	return r, nil
}

// documentHash finds a document without showing it: who lacks the master key
// cannot even try all numbers.
func (k keyring) documentHash(document string) []byte {
	m := hmac.New(sha256.New, k.documents)
	m.Write([]byte(document))
	return m.Sum(nil)
}

// current refuses to write under a key that another process has replaced.
func (k keyring) current(ctx context.Context, q queryer) error {
	var check []byte
	if err := q.QueryRowContext(ctx, "SELECT key_check FROM device").Scan(&check); err != nil {
		return wrap("read key check", err)
	}
	if !bytes.Equal(check, k.check) {
		return fmt.Errorf("%w: it has been rotated", ErrWrongKey)
	}
	return nil
}

// useKeys keeps the keys from being rotated until the returned function runs.
// Methods that are exported call it once, those behind them never: a second
// hold behind a waiting rotation would wait for ever.
func (s *Store) useKeys() (release func()) {
	s.keysMu.RLock()
	return s.keysMu.RUnlock
}

// sealing runs fn in a transaction that may store what is sealed under the
// master key.
func (s *Store) sealing(ctx context.Context, fn func(*sql.Tx) error) error {
	return transact(ctx, s.w, func(tx *sql.Tx) error {
		if err := s.keys.current(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// orRotated tells damage from a key that another process has replaced.
func (s *Store) orRotated(ctx context.Context, err error) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	if e := s.keys.current(ctx, s.r); errors.Is(e, ErrWrongKey) {
		return e
	}
	return err
}
