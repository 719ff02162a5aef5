package store

import "context"

// Usage is how much room the store takes.
type Usage struct {
	SQLite        string
	DatabaseBytes int64 // with the write-ahead log
	Snapshots     int64
	SnapshotBytes int64
}

// Usage counts it. Unlike Check it does not read the whole database.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	u := Usage{SQLite: s.version}
	err := s.r.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(size), 0) FROM snapshots WHERE dropped_at IS NULL").Scan(&u.Snapshots, &u.SnapshotBytes)
	for _, name := range []string{"", "-wal"} {
		if err != nil {
			break
		}
		var n int64
		n, err = fileSize(s.databasePath() + name)
		u.DatabaseBytes += n
	}
	return u, wrap("usage", err)
}
