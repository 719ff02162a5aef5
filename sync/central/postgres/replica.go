package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// replicaRest is how long a replica that did not answer is not asked.
const replicaRest = 30 * time.Second

// replica is a hot standby that reports are read from. It is connected to when
// it is first asked: the centre starts, and serves, without it.
type replica struct {
	pool *pgxpool.Pool

	mu   sync.Mutex
	rest time.Time // not asked before
}

func openReplica(ctx context.Context, dsn string, conns int32) (*replica, error) {
	cfg, err := poolConfig(dsn, conns)
	if err != nil {
		return nil, err
	}
	// Whatever it turns out to be, nothing is written there.
	cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &replica{pool: pool}, nil
}

func (r *replica) resting(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.rest)
}

func (r *replica) failed(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = now.Add(replicaRest)
}

// report reads rows for people: from the replica, as old as that may be, and from
// the database itself where there is none or it does not answer. A report that
// takes too long there is not begun anew here.
func report[T any](ctx context.Context, db *DB, query string, args ...any) ([]T, error) {
	from := func(pool *pgxpool.Pool) ([]T, error) {
		rows, err := pool.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	}
	if r := db.replica; r != nil && !r.resting(db.now()) {
		list, err := from(r.pool)
		if err == nil || ctx.Err() != nil || !passing(err) || tooLong(err) {
			return list, err
		}
		r.failed(db.now())
		db.log.Warn("the replica does not answer: reports are read from the database itself", "error", err)
	}
	return from(db.pool)
}

// tooLong tells whether a statement was ended for the time that it took.
func tooLong(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

// ReplicaState is how a replica is.
type ReplicaState struct {
	Behind time.Duration // zero where it has all
	Bytes  int64         // of the log that it does not have yet
}

// Replica tells how the replica is; nil where none is set. An error says that it
// does not answer, or is none of this database.
func (db *DB) Replica(ctx context.Context) (*ReplicaState, error) {
	if db.replica == nil {
		return nil, nil
	}
	var epoch, theirs, lsn string
	if err := db.pool.QueryRow(ctx, "SELECT epoch, pg_current_wal_lsn()::text FROM meta").Scan(&epoch, &lsn); err != nil {
		return nil, wrap("replica", err)
	}
	var standby bool
	var s ReplicaState
	var seconds float64
	err := db.replica.pool.QueryRow(ctx, `SELECT epoch, pg_is_in_recovery(),
		CASE WHEN pg_is_in_recovery() THEN greatest(0, pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()))::bigint ELSE 0 END,
		coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 FROM meta`, lsn).
		Scan(&theirs, &standby, &s.Bytes, &seconds)
	switch {
	case err != nil:
		return nil, wrap("replica", err)
	case !standby:
		return nil, errors.New("replica: it is none, or has been promoted: it does not follow")
	case theirs != epoch:
		return nil, errors.New("replica: it is another database's")
	}
	if s.Bytes > 0 {
		s.Behind = time.Duration(seconds * float64(time.Second))
	}
	return &s, nil
}
