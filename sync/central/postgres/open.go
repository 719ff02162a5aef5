// Package postgres keeps what kiosks tell the centre and what the centre tells
// kiosks, in PostgreSQL 15 or later. SQL is written by hand, beside the code
// that runs it.
//
// Several instances share one database; none keeps anything of its own but
// caches. Who writes changes for a site locks its row until the commit, so that
// a reader who has seen a sequence number has seen all below it. Who erases
// somebody excludes, for the length of a transaction, whoever takes items in.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"agentid/app/domain"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Errors of the database, beside domain.ErrNotFound.
var (
	// ErrSchema: the database is of another release than this program.
	ErrSchema = errors.New("database schema is not this program's: run central migrate")
	// ErrMasterKey: the master key is not the one that the database was made with.
	ErrMasterKey = errors.New("master key is not this database's")
	// ErrUnavailable: the database does not answer; later it may.
	ErrUnavailable = errors.New("database unavailable")
)

// Options say which database, and how to use it.
type Options struct {
	DSN     string
	Replica string // for reports; the database itself where empty, or where it does not answer
	Conns   int32  // at most; 16 where zero
	Master  []byte
	// Keys, where there is one, is asked instead of Master: at the start, and when
	// what the database holds is wrapped by another key, because it was rotated.
	// It gives the master key and the one that is to follow it, if there is one.
	Keys  func(context.Context) ([][]byte, error)
	Clock domain.Clock
	Log   *slog.Logger
}

// DB is the centre's database.
type DB struct {
	pool    *pgxpool.Pool
	replica *replica // nil for none
	dsn     string
	master  masterKey
	clock   domain.Clock
	log     *slog.Logger
	bell    bell

	mu     sync.Mutex
	months map[int64]bool // partitions that are there
	keys   keyCache
}

// Open connects to a database that Migrate has brought up to date.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Keys == nil {
		o.Keys = func(context.Context) ([][]byte, error) { return [][]byte{o.Master}, nil }
	}
	if o.Conns == 0 {
		o.Conns = 16
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{dsn: o.DSN, clock: o.Clock, log: o.Log, months: map[int64]bool{}, bell: newBell()}
	db.master.keys = o.Keys
	var err error
	if db.pool, err = connect(ctx, o.DSN, o.Conns, stage); err != nil {
		return nil, err
	}
	if o.Replica != "" {
		if db.replica, err = openReplica(ctx, o.Replica, max(2, o.Conns/4)); err != nil {
			db.pool.Close()
			return nil, fmt.Errorf("replica: %w", err)
		}
	}
	if err := db.check(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Close ends all connections.
func (db *DB) Close() {
	if db.replica != nil {
		db.replica.pool.Close()
	}
	db.pool.Close()
}

func connect(ctx context.Context, dsn string, conns int32, prepare func(context.Context, *pgx.Conn) error) (*pgxpool.Pool, error) {
	cfg, err := poolConfig(dsn, conns)
	if err != nil {
		return nil, err
	}
	cfg.AfterConnect = prepare
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return pool, nil
}

// poolConfig is what all connections have in common.
func poolConfig(dsn string, conns int32) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The text of a DSN may hold a password.
		return nil, errors.New("the dsn is not one")
	}
	cfg.MaxConns = conns
	cfg.PingTimeout = 5 * time.Second
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	for name, v := range map[string]string{
		"application_name": "agentid-central", "timezone": "UTC", "statement_timeout": "30s", "lock_timeout": "10s",
		"idle_in_transaction_session_timeout": "60s",
	} {
		cfg.ConnConfig.RuntimeParams[name] = v
	}
	return cfg, nil
}

// check compares the schema and the master key with what they should be.
func (db *DB) check(ctx context.Context) error {
	have, want, err := Schema(ctx, db.dsn)
	if err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("%w: it is at %d, this program wants %d", ErrSchema, have, want)
	}
	return db.unlock(ctx)
}

// Ready tells whether the database answers.
func (db *DB) Ready(ctx context.Context) error {
	return wrap("ready", db.pool.Ping(ctx))
}

// Migrate brings a database up to this program's schema. Several may ask at
// once: one does it.
func Migrate(ctx context.Context, dsn string) error {
	err := provide(dsn, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
	return wrap("migrate", err)
}

// Schema tells which schema a database has, and which this program wants.
func Schema(ctx context.Context, dsn string) (have, want int64, err error) {
	err = provide(dsn, func(p *goose.Provider) error {
		for _, s := range p.ListSources() {
			want = max(want, s.Version)
		}
		var err error
		have, err = p.GetDBVersion(ctx)
		return err
	})
	return have, want, wrap("read schema", err)
}

func provide(dsn string, with func(*goose.Provider) error) error {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("the dsn is not one")
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	return goosed(db, with)
}

func goosed(db *sql.DB, with func(*goose.Provider) error) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	return with(p)
}

// retries is how often a transaction is begun anew that others were in the way of.
const retries = 4

// tx runs f in a transaction, anew where it collided with another. f has no
// effect but on the database.
func (db *DB) tx(ctx context.Context, f func(pgx.Tx) error) error {
	var err error
	for range retries {
		err = pgx.BeginFunc(ctx, db.pool, f)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "40001" && pg.Code != "40P01" {
			return err
		}
	}
	return err
}

// now is the clock's time, as the database keeps it.
func (db *DB) now() time.Time { return db.clock.Now().UTC().Truncate(time.Microsecond) }

// newID makes a UUIDv7 of the given time.
func newID(t time.Time) uuid.UUID {
	var u uuid.UUID
	rand.Read(u[:])
	monthBytes(&u, t.UnixMilli())
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// wrap adds what was being done, and tells apart what may pass.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.ErrNotFound
	}
	if passing(err) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// passing tells whether an error is of the moment: no connection, a server that
// starts or stops, too many clients, a timeout, a full disk.
func passing(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "40", "53", "57", "58":
			return true
		}
		return pg.Code == "55P03" // lock not available
	}
	var refused *pgconn.ConnectError
	return errors.As(err, &refused) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) ||
		errors.Is(err, fs.ErrClosed) || isNetwork(err)
}
