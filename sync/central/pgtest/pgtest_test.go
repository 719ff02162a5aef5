package pgtest

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func count(t *testing.T, dsn string) (n int, super bool) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	err = c.QueryRow(t.Context(), "SELECT count(*), bool_or(u.usesuper) FROM kept, pg_user u WHERE u.usename = current_user").Scan(&n, &super)
	if err != nil {
		t.Fatal(err)
	}
	return n, super
}

func TestDatabase(t *testing.T) {
	prepared := 0
	prepare := func(ctx context.Context, dsn string) error {
		prepared++
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		_, err = c.Exec(ctx, "CREATE TABLE kept AS SELECT 1 AS n")
		return err
	}
	first := Database(t, "kept", prepare)
	c, err := pgx.Connect(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "INSERT INTO kept VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	c.Close(t.Context())
	second := Database(t, "kept", prepare)
	a, super := count(t, first)
	if b, _ := count(t, second); a != 2 || b != 1 || prepared != 1 || super {
		t.Errorf("rows %d and %d after preparing %d times, superuser %v", a, b, prepared, super)
	}
}

func TestServerRecovers(t *testing.T) {
	s, err := Start()
	if errors.Is(err, ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "postgres", "CREATE TABLE kept AS SELECT 1 AS n"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := s.Exec(t.Context(), "postgres", "SELECT 1"); err == nil {
		t.Error("it answers after it was killed")
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if n, _ := count(t, s.DSN("postgres", "postgres")); n != 1 {
		t.Errorf("%d rows after a crash", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cluster is left behind: %v", err)
	}
}
