package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"agentid/app/domain"
)

const (
	databaseName = "agentid.db"
	// minSQLite: before it, a checkpoint that overlaps a commit can lose it.
	minSQLite = "3.51.3"

	busyTimeout = 5 * time.Second
	readers     = 4
)

var (
	_ domain.People   = (*Store)(nil)
	_ domain.Events   = (*Store)(nil)
	_ domain.Settings = (*Store)(nil)
	_ domain.Registry = (*Store)(nil)

	_ domain.StaffBook = (*Store)(nil)
	_ domain.FirstRun  = (*Store)(nil)
	_ domain.AuditLog  = (*Store)(nil)
	_ domain.Directory = (*Store)(nil)
	_ domain.History   = (*Store)(nil)
	_ domain.ChatLog   = (*Store)(nil)
	_ domain.CaseBook  = (*Store)(nil)
)

// Options say where and how to open a store.
type Options struct {
	// Dir is the data folder; it is made, for its owner alone, if absent.
	Dir string
	// MasterKey opens what is sealed; see LoadMasterKey.
	MasterKey MasterKey
	// Clock is domain.SystemClock if nil.
	Clock domain.Clock
	// DeviceID is what a new database takes as its own; "" makes a random one.
	// An existing database must agree with it.
	DeviceID string
	// QuickCheck reads the whole database for damage before it is used.
	QuickCheck bool
}

// Store is an open data folder. Its methods may be called from any goroutine.
type Store struct {
	dir       string
	clock     domain.Clock
	version   string // of SQLite
	device    string
	snapshots box

	keysMu sync.RWMutex // see useKeys
	keys   keyring
	pins   pinHasher

	w *sql.DB // one connection: writers queue here, not at SQLite's lock
	r *sql.DB
}

// Open opens the store in o.Dir, makes it if there is none, and brings it up
// to date. Errors: ErrWrongKey, ErrNoKey, ErrNewerDatabase,
// ErrForeignDatabase, ErrOtherDevice, ErrCorrupt, ErrDiskFull, ErrReadOnly.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, wrap("open store", err)
	}
	return s, nil
}

func open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Dir == "" {
		return nil, fmt.Errorf("%w: no data folder", ErrInvalid)
	}
	s := &Store{clock: o.Clock, pins: newPINHasher()}
	if s.clock == nil {
		s.clock = domain.SystemClock{}
	}
	if s.keys, err = o.MasterKey.keyring(); err != nil {
		return nil, err
	}
	if s.dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	ms, err := migrations()
	if err != nil {
		return nil, err
	}
	if err := s.prepareFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()

	// The readers' connections change nothing: not even a file that turns out
	// not to be ours.
	if s.r, err = openPool(dsn(s.databasePath(), true), readers); err != nil {
		return nil, err
	}
	if err := s.r.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&s.version); err != nil {
		return nil, err
	}
	if !atLeast(s.version, minSQLite) {
		return nil, fmt.Errorf("%w: %s, want %s", ErrOldSQLite, s.version, minSQLite)
	}
	have, err := schemaVersion(ctx, s.r, len(ms))
	if err != nil {
		return nil, err
	}
	if have > 0 {
		// The right key first, then changes.
		err := s.loadDevice(ctx, s.r)
		if errors.Is(err, ErrWrongKey) {
			err = s.resumeRotation(ctx, o.MasterKey)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	if s.w, err = openPool(dsn(s.databasePath(), false), 1); err != nil {
		return nil, err
	}
	if err := checkPragmas(ctx, s.w); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.w, ms); err != nil {
		return nil, err
	}
	if err := s.openDevice(ctx, o.DeviceID); err != nil {
		return nil, err
	}
	if err := syncDir(s.dir); err != nil {
		return nil, err
	}
	if o.QuickCheck {
		if err := quickCheck(ctx, s.r); err != nil {
			return nil, err
		}
	}
	if err := s.resumeErasures(ctx); err != nil {
		return nil, err
	}
	if err := s.indexNames(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// prepareFolder makes the folders, and the database file so that nobody else
// can read it: SQLite gives its companions the same mode.
func (s *Store) prepareFolder() error {
	if err := makeDir(filepath.Join(s.dir, snapshotFolder)); err != nil {
		return err
	}
	f, err := os.OpenFile(s.databasePath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Close ends the store. What was recorded stays recorded, closed or not.
func (s *Store) Close() error {
	var errs []error
	// The readers go first, so that the writer, as the last one, can fold the
	// write-ahead log into the database.
	for _, db := range []*sql.DB{s.r, s.w} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return wrap("close store", errors.Join(errs...))
}

// DeviceID is this kiosk's id; it was made with the database.
func (s *Store) DeviceID() string { return s.device }

// SQLiteVersion is that of the SQLite in this program.
func (s *Store) SQLiteVersion() string { return s.version }

func (s *Store) databasePath() string { return filepath.Join(s.dir, databaseName) }

// dsn has every pragma, so that each connection of a pool has them.
func dsn(path string, reader bool) string {
	q := url.Values{
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
		"_dqs":          {"0"}, // "x" is a column, never by mistake a text
		"_pragma":       {"secure_delete(1)", "cache_size(-8192)", "temp_store(2)", "trusted_schema(0)", "journal_size_limit(8388608)"},
	}
	if reader {
		q.Set("_query_only", "1")
	} else {
		q.Set("_journal_mode", "WAL")
		q.Set("_txlock", "immediate")
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	return u.String()
}

func openPool(dsn string, n int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// checkPragmas makes sure of what durability and erasure rest on: SQLite
// answers a journal mode that the file system cannot give with another one
// and no error.
func checkPragmas(ctx context.Context, w *sql.DB) error {
	for _, p := range []struct{ name, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"secure_delete", "1"},
	} {
		var got string
		if err := w.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return wrap("pragma "+p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("pragma %s is %s, want %s", p.name, got, p.want)
		}
	}
	return nil
}

// atLeast compares dotted version numbers.
func atLeast(version, min string) bool {
	parse := func(s string) (ns []int) {
		for _, f := range strings.Split(s, ".") {
			n, err := strconv.Atoi(f)
			if err != nil {
				return nil // older than anything
			}
			ns = append(ns, n)
		}
		return ns
	}
	return slices.Compare(parse(version), parse(min)) >= 0
}

// transact runs fn in one transaction that holds the write lock from its
// start, and commits it if fn returns nil.
func transact(ctx context.Context, w *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func micros(t time.Time) int64     { return t.UnixMicro() }
func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// moment is t as the store keeps it, or now where t is zero.
func (s *Store) moment(t time.Time) (time.Time, error) {
	if t.IsZero() {
		t = s.clock.Now()
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return t, fmt.Errorf("%w: year %d", ErrInvalid, y)
	}
	return fromMicros(micros(t)), nil
}
