package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Health is the store's condition, for the doctor.
type Health struct {
	SQLite   string `json:"sqlite"`
	Schema   int    `json:"schema"`
	DeviceID string `json:"device_id"`
	// Problems are what quick_check and the look for lost pictures found; none
	// in a sound store.
	Problems      []string `json:"problems,omitempty"`
	FreeBytes     uint64   `json:"free_bytes"` // on the disk of the folder
	DatabaseBytes int64    `json:"database_bytes"`
	LogBytes      int64    `json:"log_bytes"` // the write-ahead log
	People        int      `json:"people"`
	Events        int64    `json:"events"`
	Snapshots     int64    `json:"snapshots"`
	Pending       int      `json:"pending"`
	Dead          int      `json:"dead"`
}

const (
	// maxProblems bounds a report about a badly damaged store.
	maxProblems = 20
	// checkedSnapshots is how many pictures, the newest, Check looks for.
	checkedSnapshots = 1000
)

// Check reads the whole database for damage and looks for the files of the
// newest pictures. Damage is reported in Problems, not as an error.
func (s *Store) Check(ctx context.Context) (Health, error) {
	h := Health{SQLite: s.version, DeviceID: s.device}
	err := s.check(ctx, &h)
	return h, wrap("check store", err)
}

func (s *Store) check(ctx context.Context, h *Health) (err error) {
	if err := quickCheck(ctx, s.r); errors.Is(err, ErrCorrupt) {
		h.Problems = append(h.Problems, strings.Split(err.Error(), "\n")...)
	} else if err != nil {
		return err
	}
	err = s.r.QueryRowContext(ctx, `SELECT
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM people WHERE wrapped_key IS NOT NULL),
		(SELECT count(*) FROM events),
		(SELECT count(*) FROM snapshots WHERE dropped_at IS NULL),
		(SELECT count(*) FROM outbox WHERE state = 'pending'),
		(SELECT count(*) FROM outbox WHERE state = 'dead')`).
		Scan(&h.Schema, &h.People, &h.Events, &h.Snapshots, &h.Pending, &h.Dead)
	if err != nil {
		return err
	}
	hashes, err := texts(ctx, s.r,
		"SELECT hash FROM snapshots WHERE dropped_at IS NULL ORDER BY created_at DESC LIMIT ?", checkedSnapshots)
	if err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := os.Stat(s.snapshotPath(hash)); errors.Is(err, fs.ErrNotExist) && len(h.Problems) < maxProblems {
			h.Problems = append(h.Problems, "snapshot "+hash+" has no file")
		}
	}
	if h.FreeBytes, err = freeBytes(s.dir); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if h.DatabaseBytes, err = fileSize(s.databasePath()); err != nil {
		return err
	}
	h.LogBytes, err = fileSize(s.databasePath() + "-wal")
	return err
}

// quickCheck returns ErrCorrupt, with what SQLite found, for a damaged database.
func quickCheck(ctx context.Context, q queryer) error {
	found, err := texts(ctx, q, fmt.Sprintf("PRAGMA quick_check(%d)", maxProblems))
	if err != nil {
		return wrap("quick check", err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("quick check: %w: %s", ErrCorrupt, strings.Join(found, "\n"))
	}
	return nil
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Backup writes a copy of the database to path, which must not exist, while
// the store is in use. Pictures are not in it, nor is the master key, without
// which it cannot be opened.
func (s *Store) Backup(ctx context.Context, path string) error {
	return wrap("backup", s.backup(ctx, path))
}

func (s *Store) backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	tmp, err := writeTemp(dir, nil) // SQLite takes an empty file, and keeps its mode
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	// A connection of its own: neither the readers' query_only nor the
	// writers' queue is in the way.
	db, err := sql.Open("sqlite", dsn(s.databasePath(), false))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", tmp); err != nil {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := os.Link(tmp, path); err != nil { // unlike a rename, never over a file
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: %s", ErrExists, path)
		}
		return err
	}
	return syncDir(dir)
}
