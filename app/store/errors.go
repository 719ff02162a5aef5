package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"agentid/app/domain"
)

// What can go wrong, for errors.Is. domain.ErrNotFound is used as well.
var (
	// ErrWrongKey: the database was made with another master key.
	ErrWrongKey = errors.New("wrong master key")
	// ErrNoKey: no master key is configured and none may be made.
	ErrNoKey = errors.New("no master key")
	// ErrKeyExposed: the master key's file can be read by others, or lies
	// beside the data it protects.
	ErrKeyExposed = errors.New("master key is exposed")
	// ErrNewerDatabase: a newer program has written this database.
	ErrNewerDatabase = errors.New("database is newer than this program")
	// ErrForeignDatabase: the file is a database of something else.
	ErrForeignDatabase = errors.New("not an agent id database")
	// ErrOtherDevice: the database belongs to another device id.
	ErrOtherDevice = errors.New("database belongs to another device")
	// ErrOldSQLite: this SQLite can lose a committed write.
	ErrOldSQLite = errors.New("sqlite is too old")
	// ErrDiskFull: nothing was written, for want of room.
	ErrDiskFull = errors.New("disk is full")
	// ErrReadOnly: nothing was written, for want of permission.
	ErrReadOnly = errors.New("storage is read-only")
	// ErrBusy: another process held the database for too long.
	ErrBusy = errors.New("database is busy")
	// ErrLogKept: what was asked for is done, but the write-ahead log could not
	// be emptied, and old pages may hold what was removed. The next erasure,
	// or closing the store, empties it.
	ErrLogKept = errors.New("write-ahead log still has old pages")
	// ErrCorrupt: stored bytes are not what was written.
	ErrCorrupt = errors.New("stored data is damaged")
	// ErrExists: there is one with that id already.
	ErrExists = errors.New("already exists")
	// ErrInvalid: the caller asks to store what makes no sense.
	ErrInvalid = fmt.Errorf("invalid: %w", domain.ErrRefused)
)

// wrap says what was being done and, where the cause is one that a caller may
// want to tell apart, which sentinel it is.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		return fmt.Errorf("%s: %w: %w", doing, kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// kindOf maps errors of SQLite and of the system to ours; nil for the rest.
func kindOf(err error) error {
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() {
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
			return ErrExists
		}
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return ErrDiskFull
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
			return ErrReadOnly
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return ErrBusy
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return ErrCorrupt
		}
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return ErrDiskFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return ErrReadOnly
	}
	return nil
}
