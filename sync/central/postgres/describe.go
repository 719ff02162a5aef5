package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Describe says in a line what the database is, for staff.
func (db *DB) Describe(ctx context.Context) (string, error) {
	var server, super string
	var schema, kiosks, alarms int64
	err := db.pool.QueryRow(ctx, `SELECT current_setting('server_version'), (SELECT max(version_id) FROM goose_db_version),
		(SELECT count(*) FROM kiosks WHERE revoked_at IS NULL), (SELECT count(*) FROM alarms),
		(SELECT CASE WHEN rolsuper THEN '; its role is a superuser, which it need not be' ELSE '' END FROM pg_roles WHERE rolname = current_user)`).
		Scan(&server, &schema, &kiosks, &alarms, &super)
	if err != nil {
		return "", wrap("describe", err)
	}
	return fmt.Sprintf("PostgreSQL %s, schema %d, %d kiosks, %d alarms%s", server, schema, kiosks, alarms, super), nil
}

// Register adds the figures of the pool to a registry.
func (db *DB) Register(to prometheus.Registerer) {
	gauge := func(name, help string, f func() float64) {
		to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "agentid_central_db_" + name, Help: help}, f))
	}
	gauge("connections", "Connections to the database.", func() float64 { return float64(db.pool.Stat().TotalConns()) })
	gauge("connections_used", "Connections in use.", func() float64 { return float64(db.pool.Stat().AcquiredConns()) })
	if db.replica != nil {
		gauge("replica_behind_seconds", "How far the replica is behind; NaN where it does not answer.", func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			s, err := db.Replica(ctx)
			if err != nil {
				return math.NaN()
			}
			return s.Behind.Seconds()
		})
	}
	gauge("connections_waited", "How often a connection had to be waited for.", func() float64 { return float64(db.pool.Stat().EmptyAcquireCount()) })
}
