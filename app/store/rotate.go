package store

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"agentid/app/domain"
)

const (
	// nextKeyExt ends the name of the key that a rotation is about to use.
	nextKeyExt = ".new"
	// rotateBatch bounds how many rows are held in memory at once.
	rotateBatch = 256
)

// RotateMasterKey puts all that hangs on the master key under another one, in
// one transaction: with an error but ErrLogKept the old key is the key still,
// afterwards the new one alone. The new key must be durable somewhere before
// it is called; RotateKeyFile sees to that for a key in a file. Another process
// that has the folder open gets ErrWrongKey from then on. Backups made before
// need the old key.
func (s *Store) RotateMasterKey(ctx context.Context, next MasterKey) error {
	s.keysMu.Lock() // waits until nobody uses the old key
	defer s.keysMu.Unlock()
	return wrap("rotate master key", s.rotate(ctx, next))
}

func (s *Store) rotate(ctx context.Context, key MasterKey) error {
	next, err := key.keyring()
	if err != nil {
		return err
	}
	if s.keys.sameMaster(next) {
		return fmt.Errorf("%w: it is the key in use", ErrInvalid)
	}
	next.pepper = s.keys.pepper
	next.check = next.master.seal([]byte(keyCheckText), keyCheckPlace(s.device))
	err = s.sealing(ctx, func(tx *sql.Tx) error {
		if err := s.rewrapDevice(ctx, tx, next); err != nil {
			return err
		}
		if err := s.rewrapStaff(ctx, tx, next); err != nil {
			return err
		}
		if err := s.rewrapCases(ctx, tx, next); err != nil {
			return err
		}
		if err := s.rewrapPeople(ctx, tx, next); err != nil {
			return err
		}
		return s.rekeyAudit(ctx, tx, next)
	})
	if err != nil {
		return err
	}
	s.keys = next
	return s.truncateLog(ctx) // old pages open with the old key
}

// sameMaster compares by what is derived, in constant time.
func (k keyring) sameMaster(o keyring) bool { return hmac.Equal(k.documents, o.documents) }

func (s *Store) rewrapDevice(ctx context.Context, tx *sql.Tx, next keyring) error {
	var wrapped []byte
	if err := tx.QueryRowContext(ctx, "SELECT snapshot_key FROM device").Scan(&wrapped); err != nil {
		return err
	}
	snapshots, err := s.keys.master.open(wrapped, snapshotKeyPlace(s.device))
	if err != nil {
		return wrap("snapshot key", err)
	}
	_, err = tx.ExecContext(ctx, "UPDATE device SET key_check = ?, snapshot_key = ?, pin_pepper = ?", next.check,
		next.master.seal(snapshots, snapshotKeyPlace(s.device)), next.master.seal(next.pepper, pepperPlace(s.device)))
	return err
}

// rewrapStaff wraps each account's key anew; there are MaxStaff at most.
func (s *Store) rewrapStaff(ctx context.Context, tx *sql.Tx, next keyring) error {
	ids, err := texts(ctx, tx, "SELECT id FROM staff")
	if err != nil {
		return err
	}
	for _, id := range ids {
		var wrapped []byte
		if err := tx.QueryRowContext(ctx, "SELECT wrapped_key FROM staff WHERE id = ?", id).Scan(&wrapped); err != nil {
			return err
		}
		at := staffKeyPlace(domain.StaffID(id))
		key, err := s.keys.master.open(wrapped, at)
		if err != nil {
			return fmt.Errorf("key of account %s: %w", id, err)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE staff SET wrapped_key = ? WHERE id = ?", next.master.seal(key, at), id); err != nil {
			return err
		}
	}
	return nil
}

// rekeyAudit audits the rotation, under the old key still, so that a head that
// was forged is found; then puts the head under the next one.
func (s *Store) rekeyAudit(ctx context.Context, tx *sql.Tx, next keyring) error {
	if err := s.audit(ctx, tx, domain.AuditKeyRotated, domain.TargetDevice, s.device); err != nil {
		return err
	}
	head, good, err := s.readHead(ctx, tx)
	if err == nil && !good {
		err = fmt.Errorf("%w: head of the audit", ErrCorrupt) // it was written just now
	}
	if err != nil {
		return err
	}
	return s.writeHead(ctx, tx, next, head)
}

// rewrapPeople wraps each person's key anew and re-keys what they are found by.
func (s *Store) rewrapPeople(ctx context.Context, tx *sql.Tx, next keyring) error {
	// Of people whose erasure is to be finished, nothing can be re-keyed.
	err := execAll(ctx, tx, []statement{
		{"DELETE FROM profiles WHERE person IN (SELECT id FROM people WHERE wrapped_key IS NULL)", nil},
		{"DELETE FROM name_index WHERE person IN (SELECT id FROM people WHERE wrapped_key IS NULL)", nil},
	})
	for last := ""; err == nil; {
		var batch []keyedPerson
		if batch, err = keyedPeople(ctx, tx, last); err != nil || len(batch) == 0 {
			break
		}
		for _, p := range batch {
			if err := s.rewrap(ctx, tx, next, p); err != nil {
				return err
			}
		}
		last = batch[len(batch)-1].id
	}
	return err
}

// keyedPerson is what of a person hangs on the master key.
type keyedPerson struct {
	id                      string
	wrapped, name, document []byte // document is nil for one without
}

// keyedPeople gives the next batch after an id: a transaction cannot change
// rows while it reads them.
func keyedPeople(ctx context.Context, tx *sql.Tx, after string) ([]keyedPerson, error) {
	rows, err := tx.QueryContext(ctx, `SELECT p.id, p.wrapped_key, p.name, f.document FROM people p
		LEFT JOIN profiles f ON f.person = p.id
		WHERE p.wrapped_key IS NOT NULL AND p.id > ? ORDER BY p.id LIMIT ?`, after, rotateBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []keyedPerson
	for rows.Next() {
		var p keyedPerson
		if err := rows.Scan(&p.id, &p.wrapped, &p.name, &p.document); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func (s *Store) rewrap(ctx context.Context, tx *sql.Tx, next keyring, p keyedPerson) error {
	key, err := s.keys.master.open(p.wrapped, personKeyPlace(p.id))
	if err != nil {
		return fmt.Errorf("key of %s: %w", p.id, err)
	}
	list := []statement{{"UPDATE people SET wrapped_key = ? WHERE id = ?",
		[]any{next.master.seal(key, personKeyPlace(p.id)), p.id}}}
	data, err := newBox(key)
	if err != nil {
		return err
	}
	name, err := data.open(p.name, namePlace(p.id))
	if err != nil {
		return fmt.Errorf("name of %s: %w", p.id, err)
	}
	if err := replaceNameIndex(ctx, tx, p.id, next.nameBuckets(string(name))); err != nil {
		return err
	}
	if p.document != nil {
		document, err := data.open(p.document, documentPlace(p.id))
		if err != nil {
			return fmt.Errorf("document of %s: %w", p.id, err)
		}
		list = append(list, statement{"UPDATE profiles SET document_hash = ? WHERE person = ?",
			[]any{next.documentHash(string(document)), p.id}})
	}
	return execAll(ctx, tx, list)
}

// RotateKeyFile rotates to a new random key and leaves it in file, which must
// hold the key in use. The new key is durable beside it, as file.new, before
// the database knows it: wherever this is cut short, LoadMasterKey and Open
// find the key that opens the database, and Open puts it in its place.
func (s *Store) RotateKeyFile(ctx context.Context, file string) error {
	return wrap("rotate key file", s.rotateKeyFile(ctx, file))
}

func (s *Store) rotateKeyFile(ctx context.Context, file string) error {
	if err := outside(file, s.dir); err != nil {
		return err
	}
	old, err := readKey(file, "file "+file, ownerOnly)
	if err != nil {
		return err
	}
	keys, err := old.keyring()
	if err != nil {
		return err
	}
	release := s.useKeys()
	same := s.keys.sameMaster(keys)
	release()
	if !same {
		return fmt.Errorf("%w: %s does not hold the key in use", ErrWrongKey, file)
	}
	// One that an interrupted rotation has left was never used, or this store
	// would have been opened with it.
	if err := createKey(file + nextKeyExt); err != nil {
		return err
	}
	next, err := readKey(file+nextKeyExt, "file "+file, ownerOnly)
	if err != nil {
		return err
	}
	if err := s.RotateMasterKey(ctx, next); err != nil && !errors.Is(err, ErrLogKept) {
		return err
	} else if e := promoteKey(file); e != nil {
		return fmt.Errorf("the key in use is in %s%s: %w", file, nextKeyExt, e)
	} else {
		return err
	}
}

// promoteKey puts the next key in the place of the key.
func promoteKey(file string) error {
	if err := os.Rename(file+nextKeyExt, file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// withNext looks for the key that an interrupted rotation has left.
func withNext(k MasterKey, file string) (MasterKey, error) {
	next, err := readKey(file+nextKeyExt, "file "+file, ownerOnly)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, nil
	case err != nil:
		return MasterKey{}, err
	}
	k.file, k.next = file, &next
	return k, nil
}

// resumeRotation opens the device with the next key, where the rotation to it
// was committed, and puts it in its place.
func (s *Store) resumeRotation(ctx context.Context, k MasterKey) error {
	if k.next == nil {
		return ErrWrongKey
	}
	keys, err := k.next.keyring()
	if err != nil {
		return err
	}
	old := s.keys
	s.keys = keys
	if err := s.loadDevice(ctx, s.r); err != nil {
		s.keys = old
		return err
	}
	return wrap("put the rotated key in its place", promoteKey(k.file))
}
