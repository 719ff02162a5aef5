package postgres

import (
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/pgtest"
)

// TestReplica: reports are read from a real standby and nothing is written
// there; while it is away they are read from the database itself, and it is
// asked again later.
func TestReplica(t *testing.T) {
	primary, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	defer primary.Close()
	must(t, primary.Exec(t.Context(), "postgres", "CREATE ROLE central LOGIN", "CREATE DATABASE central OWNER central", "CREATE DATABASE other OWNER central"))
	dsn, other := primary.DSN("central", "central"), primary.DSN("central", "other")
	must(t, Migrate(t.Context(), dsn))
	must(t, Migrate(t.Context(), other))
	standby, err := primary.Replica()
	must(t, err)
	defer standby.Close()
	clock := domaintest.NewClock(start)
	join := func(replica string) *DB {
		db, err := Open(t.Context(), Options{DSN: dsn, Replica: replica, Master: master, Clock: clock})
		must(t, err)
		t.Cleanup(db.Close)
		return db
	}
	db := join(standby.DSN("central", "central"))
	must(t, db.AddSite(t.Context(), "norte", "Banco Norte"))
	k := enrol(t, db, "norte")
	send(t, db, k, event(t, k, 1, nil), event(t, k, 2, nil))
	summed := func() (n int64) {
		t.Helper()
		list, err := db.Summary(t.Context(), start.Add(-time.Hour))
		must(t, err)
		for _, c := range list {
			n += c.N
		}
		return n
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	until("the replica does not follow", func() bool { s, err := db.Replica(t.Context()); return err == nil && s.Bytes == 0 })
	if n := summed(); n != 2 {
		t.Errorf("%d events in the report", n)
	}

	// It is the standby that is read: held back, it does not know of the third.
	must(t, standby.Exec(t.Context(), "postgres", "SELECT pg_wal_replay_pause()"))
	until("it does not pause", func() bool {
		return standby.Exec(t.Context(), "postgres", "SELECT 1 / (pg_get_wal_replay_pause_state() = 'paused')::int") == nil
	})
	send(t, db, k, event(t, k, 3, nil))
	if n := summed(); n != 2 {
		t.Errorf("%d events in the report of a standby that stands still", n)
	}
	if s, err := db.Replica(t.Context()); err != nil || s.Bytes == 0 || s.Behind <= 0 {
		t.Errorf("it is behind: %+v, %v", s, err)
	}
	tail, err := db.Tail(t.Context(), "norte")
	must(t, err)
	send(t, db, k, event(t, k, 4, nil))
	if list, err := tail.Next(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("who watches is told of %d events, %v", len(list), err)
	}
	must(t, standby.Exec(t.Context(), "postgres", "SELECT pg_wal_replay_resume()"))
	until("it does not catch up", func() bool { return summed() == 4 })
	if _, err := db.replica.pool.Exec(t.Context(), "DELETE FROM alarms"); err == nil {
		t.Error("it can be written to")
	}

	// Away, it is not missed.
	standby.Kill()
	send(t, db, k, event(t, k, 5, nil))
	if n := summed(); n != 5 {
		t.Errorf("without replica: %d events", n)
	}
	if _, err := db.Replica(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a replica that is away: %v", err)
	}
	join(standby.DSN("central", "central")) // nor does it keep the centre from starting
	must(t, standby.Up())
	until("it does not follow again", func() bool { s, err := db.Replica(t.Context()); return err == nil && s.Bytes == 0 })
	if !db.replica.resting(clock.Now()) {
		t.Error("it is asked at once again")
	}
	clock.Advance(replicaRest)
	if n := summed(); n != 5 || db.replica.resting(clock.Now()) {
		t.Errorf("back: %d events", n)
	}

	// What is no replica of this database is called so.
	for name, dsn := range map[string]string{"itself": dsn, "another database": standby.DSN("central", "other")} {
		if _, err := join(dsn).Replica(t.Context()); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(t.Context(), Options{DSN: dsn, Replica: "port=x", Master: master, Clock: domain.SystemClock{}}); err == nil {
		t.Error("a dsn that is none is taken")
	}
	itself := join(dsn)
	if _, err := itself.replica.pool.Exec(t.Context(), "DELETE FROM alarms"); err == nil {
		t.Error("what is no replica can be written to by reports")
	}
}
