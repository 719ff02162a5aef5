package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// keyCheckText is what the key check opens to.
const keyCheckText = "agent id master key"

// loadDevice reads who this kiosk is and opens the keys that every person's
// depend on. It returns sql.ErrNoRows for a database without a device yet.
func (s *Store) loadDevice(ctx context.Context, q queryer) error {
	var id string
	var check, wrapped []byte
	err := q.QueryRowContext(ctx, "SELECT id, key_check, snapshot_key FROM device").Scan(&id, &check, &wrapped)
	if err != nil {
		return wrap("read device", err)
	}
	if text, err := s.keys.master.open(check, keyCheckPlace(id)); err != nil || string(text) != keyCheckText {
		return ErrWrongKey
	}
	s.keys.check = check
	key, err := s.keys.master.open(wrapped, snapshotKeyPlace(id))
	if err != nil {
		return wrap("snapshot key", err)
	}
	if s.snapshots, err = newBox(key); err != nil {
		return wrap("snapshot key", err)
	}
	s.device = id
	return nil
}

// openDevice loads the device, or makes it in a new database.
func (s *Store) openDevice(ctx context.Context, want string) error {
	if want != "" {
		if err := checkUUID("device id", want); err != nil {
			return err
		}
	}
	err := transact(ctx, s.w, func(tx *sql.Tx) error {
		err := s.loadDevice(ctx, tx)
		if err == nil {
			return s.loadPepper(ctx, tx)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		id := want
		if id == "" {
			id = uuid.NewString()
		}
		_, err = tx.ExecContext(ctx,
			"INSERT INTO device (one, id, key_check, snapshot_key, created_at) VALUES (1, ?, ?, ?, ?)",
			id,
			s.keys.master.seal([]byte(keyCheckText), keyCheckPlace(id)),
			s.keys.master.seal(newKey(), snapshotKeyPlace(id)),
			micros(s.clock.Now()))
		if err != nil {
			return wrap("make device", err)
		}
		if err := s.loadDevice(ctx, tx); err != nil {
			return err
		}
		return s.loadPepper(ctx, tx)
	})
	if err != nil {
		return err
	}
	if want != "" && want != s.device {
		return fmt.Errorf("%w: it is %s, not %s", ErrOtherDevice, s.device, want)
	}
	return nil
}

// loadPepper reads what PINs are mixed with, or makes it where the database
// comes from before there were any. How it is sealed says that an audit was
// begun: who empties the audit's tables cannot pass it off as a new one.
func (s *Store) loadPepper(ctx context.Context, tx *sql.Tx) error {
	var wrapped []byte
	err := tx.QueryRowContext(ctx, "SELECT pin_pepper FROM device").Scan(&wrapped)
	if err != nil {
		return wrap("read pepper", err)
	}
	if s.keys.pepper, err = s.keys.master.open(wrapped, pepperPlace(s.device)); err == nil {
		return nil
	}
	if wrapped == nil {
		s.keys.pepper = newKey()
	} else if s.keys.pepper, err = s.keys.master.open(wrapped, oldPepperPlace(s.device)); err != nil {
		return wrap("pepper", err)
	}
	_, err = tx.ExecContext(ctx, "UPDATE device SET pin_pepper = ?", s.keys.master.seal(s.keys.pepper, pepperPlace(s.device)))
	if err != nil {
		return wrap("keep pepper", err)
	}
	return s.startAudit(ctx, tx)
}

// newID makes a UUIDv7 of the given time, which need not be the machine's.
func newID(t time.Time) string {
	var u uuid.UUID
	rand.Read(u[:])
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70 // version 7
	u[8] = u[8]&0x3f | 0x80 // variant of RFC 9562
	return u.String()
}

// checkUUID accepts the canonical form only: one id, one spelling.
func checkUUID(what, s string) error {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return fmt.Errorf("%w: %s is no canonical UUID", ErrInvalid, what)
	}
	return nil
}
