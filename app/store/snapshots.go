package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"agentid/app/domain"
)

const (
	snapshotFolder = "snapshots"
	snapshotExt    = ".jpg"

	// MaxSnapshot is the most bytes a picture may have.
	MaxSnapshot = 4 << 20
	// sealedExtra bounds what sealing adds to a picture.
	sealedExtra = 64
	// strayAge is how old a half-written file is before it is nobody's.
	strayAge = time.Hour
	// sweepBatch bounds how long a sweep holds the write lock.
	sweepBatch = 64
)

// Snapshot gives back the picture whose SHA-256, in hex, is hash.
// domain.ErrNotFound where it was never kept or has been dropped; ErrCorrupt
// where its file is not what was written.
func (s *Store) Snapshot(ctx context.Context, hash string) ([]byte, error) {
	b, err := s.snapshot(ctx, hash)
	return b, wrap("snapshot "+clip(hash, sha256.Size*2), err)
}

func (s *Store) snapshot(ctx context.Context, hash string) ([]byte, error) {
	if !isHash(hash) {
		return nil, domain.ErrNotFound
	}
	live, err := snapshotKept(ctx, s.r, hash)
	if err != nil {
		return nil, err
	}
	if !live {
		return nil, domain.ErrNotFound
	}
	b, err := s.readSnapshot(hash)
	if err != nil {
		// Lost, or dropped since we asked?
		if live, e := snapshotKept(ctx, s.r, hash); e == nil && !live {
			return nil, domain.ErrNotFound
		}
	}
	return b, err
}

func (s *Store) readSnapshot(hash string) ([]byte, error) {
	f, err := os.Open(s.snapshotPath(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sealed, err := io.ReadAll(io.LimitReader(f, MaxSnapshot+sealedExtra+1))
	if err != nil {
		return nil, err
	}
	plain, err := s.snapshots.open(sealed, snapshotPlace(hash))
	if err != nil {
		return nil, err
	}
	if hashOf(plain) != hash {
		return nil, fmt.Errorf("%w: picture has another hash", ErrCorrupt)
	}
	return plain, nil
}

// stageSnapshot makes the picture's file durable, before any transaction. The
// file may turn out to belong to no event; Sweep finds such files.
func (s *Store) stageSnapshot(ctx context.Context, hash string, picture []byte) error {
	live, err := snapshotKept(ctx, s.r, hash)
	if err != nil || live {
		return err
	}
	return s.writeSnapshot(hash, picture)
}

// keepSnapshot makes the row of a staged picture. It holds the write lock,
// under which alone files are removed: a file seen now is there at commit.
func (s *Store) keepSnapshot(ctx context.Context, tx *sql.Tx, hash string, picture []byte) error {
	if _, err := os.Stat(s.snapshotPath(hash)); errors.Is(err, fs.ErrNotExist) {
		if err := s.writeSnapshot(hash, picture); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO snapshots (hash, size, created_at) VALUES (?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET dropped_at = NULL`,
		hash, len(picture), micros(s.clock.Now()))
	return err
}

func (s *Store) writeSnapshot(hash string, picture []byte) error {
	path := s.snapshotPath(hash)
	if err := makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	return writeDurable(path, s.snapshots.seal(picture, snapshotPlace(hash)))
}

// DropSnapshots removes the pictures kept before t, except of events that the
// centre has yet to hear of. The events stay. It returns how many went.
func (s *Store) DropSnapshots(ctx context.Context, t time.Time) (int, error) {
	n, err := s.dropBefore(ctx, t, false)
	return n, wrap("drop snapshots", err)
}

// dropBefore drops pictures in batches. A retention period spares none: it
// drops the pictures that the centre has not seen as well, and each batch is
// an event.
func (s *Store) dropBefore(ctx context.Context, t time.Time, retention bool) (int, error) {
	total := 0
	for {
		n, err := s.dropBatch(ctx, t, retention)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}

func (s *Store) dropBatch(ctx context.Context, t time.Time, retention bool) (int, error) {
	var hashes []string
	err := transact(ctx, s.w, func(tx *sql.Tx) (err error) {
		hashes, err = texts(ctx, tx, `UPDATE snapshots SET dropped_at = ? WHERE hash IN (
			SELECT hash FROM snapshots s
			WHERE dropped_at IS NULL AND created_at < ? AND (? OR NOT EXISTS (
				SELECT 1 FROM events e JOIN outbox o ON o.kind = 'event' AND o.ref = e.id
				WHERE e.snapshot = s.hash AND o.state = 'pending'))
			LIMIT ?) RETURNING hash`, micros(s.clock.Now()), micros(t), retention, sweepBatch)
		if err != nil || !retention || len(hashes) == 0 {
			return err
		}
		return s.note(ctx, tx, domain.Event{
			Kind: domain.EventErasure, Reason: domain.ReasonSnapshotsExpired, Frames: len(hashes),
		})
	})
	if err != nil {
		return 0, err
	}
	// A crash here leaves files without a row, which Sweep removes: never the
	// other way round.
	_, err = s.removeFiles(ctx, hashes)
	return len(hashes), err
}

// Sweep removes files that belong to nothing: pictures whose event was never
// committed, and what a crash left half written. It returns how many.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	orphans, strays, err := s.findLost(ctx)
	if err != nil {
		return 0, wrap("sweep snapshots", err)
	}
	n := 0
	for _, path := range strays {
		if err := shred(path); err != nil {
			return n, wrap("sweep snapshots", err)
		}
		n++
	}
	removed, err := s.removeFiles(ctx, orphans)
	return n + removed, wrap("sweep snapshots", err)
}

// findLost walks the folder for pictures without a row and for old temporary
// files. What it does not know it leaves alone.
func (s *Store) findLost(ctx context.Context) (orphans, strays []string, err error) {
	root := filepath.Join(s.dir, snapshotFolder)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was renamed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		hash := strings.TrimSuffix(d.Name(), snapshotExt)
		switch {
		case strings.HasPrefix(d.Name(), tempPrefix):
			info, err := d.Info()
			if err == nil && s.clock.Now().Sub(info.ModTime()) >= strayAge {
				strays = append(strays, path)
			}
		case isHash(hash) && path == s.snapshotPath(hash):
			live, err := snapshotKept(ctx, s.r, hash)
			if err != nil {
				return err
			}
			if !live {
				orphans = append(orphans, hash)
			}
		}
		return nil
	})
	return orphans, strays, err
}

// removeFiles removes the files of pictures that are not kept, under the write
// lock, for an event may have come to own one meanwhile. It is the one place
// where files of pictures are removed.
func (s *Store) removeFiles(ctx context.Context, hashes []string) (removed int, err error) {
	for batch := range slices.Chunk(hashes, sweepBatch) {
		err := transact(ctx, s.w, func(tx *sql.Tx) error {
			for _, h := range batch {
				live, err := snapshotKept(ctx, tx, h)
				if err != nil {
					return err
				}
				if live {
					continue
				}
				if err := shred(s.snapshotPath(h)); err != nil {
					return err
				}
				removed++
			}
			return nil
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// snapshotKept tells whether a picture is kept, and so has its file.
func snapshotKept(ctx context.Context, q queryer, hash string) (live bool, err error) {
	err = q.QueryRowContext(ctx,
		"SELECT EXISTS (SELECT 1 FROM snapshots WHERE hash = ? AND dropped_at IS NULL)", hash).Scan(&live)
	return live, err
}

func (s *Store) snapshotPath(hash string) string {
	return filepath.Join(s.dir, snapshotFolder, hash[:2], hash+snapshotExt)
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// isHash guards every path that is made from a hash.
func isHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
