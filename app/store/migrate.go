package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// applicationID marks a database as ours: "AGID" in ASCII.
const applicationID = 0x41474944

type migration struct {
	number int
	name   string
	script string
}

// migrations lists the embedded migrations: NNNN_name.sql, from 1, no gap.
func migrations() ([]migration, error) {
	paths, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var ms []migration
	for i, p := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(p, "migrations/"), ".sql")
		num, _, ok := strings.Cut(name, "_")
		n, err := strconv.Atoi(num)
		if !ok || err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q is not number %d", name, i+1)
		}
		b, err := migrationFiles.ReadFile(p)
		if err != nil {
			return nil, err
		}
		ms = append(ms, migration{n, name, string(b)})
	}
	return ms, nil
}

// queryer is what *sql.DB and *sql.Tx share for reading.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion is the number of the last migration applied, 0 for an empty
// file. It refuses a database that is not ours or newer than latest.
func schemaVersion(ctx context.Context, q queryer, latest int) (int, error) {
	var app, version, objects int
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &objects)
	switch {
	case err != nil:
		return 0, wrap("read schema version", err)
	case app == 0 && version == 0 && objects == 0:
		return 0, nil
	case app != applicationID:
		return 0, fmt.Errorf("%w: application id %#x", ErrForeignDatabase, uint32(app))
	case version > latest:
		return 0, fmt.Errorf("%w: schema %d, this program knows %d", ErrNewerDatabase, version, latest)
	}
	return version, nil
}

// migrate applies what is missing, each migration in its own transaction. Two
// processes may do this at once: the second finds it done.
func migrate(ctx context.Context, w *sql.DB, ms []migration) error {
	for _, m := range ms {
		err := transact(ctx, w, func(tx *sql.Tx) error {
			have, err := schemaVersion(ctx, tx, len(ms))
			if err != nil || have >= m.number {
				return err
			}
			if _, err := tx.ExecContext(ctx, m.script); err != nil {
				return err
			}
			// Pragmas take no parameters; these are our own integers.
			_, err = tx.ExecContext(ctx, fmt.Sprintf(
				"PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, m.number))
			return err
		})
		if err != nil {
			return wrap("migration "+m.name, err)
		}
	}
	return nil
}
