package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/s3test"
	"agentid/sync/protocol"
)

// retried tells whether an error is one that a kiosk asks again after.
func retried(err error) bool {
	var p *protocol.Problem
	return errors.As(err, &p) && p.Advice() == protocol.AdviceRetry && p.Status == http.StatusServiceUnavailable
}

// TestObjectStoreCut takes the object store away before the put, cuts the
// connection in the middle of it, loses its answer, and takes the store away
// between the put and the commit. There is never a row without its object, and
// in the end both are there.
func TestObjectStoreCut(t *testing.T) {
	s3 := s3test.New(t)
	line := s3.Proxy(t)
	w := newWorld(t, pgtest.Database(t, "blank", nothing), s3, func(env map[string]string) { env["S3_PUBLIC"] = line.URL })
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	store := w.store()
	body := bytes.Repeat([]byte("\xff\xd8 a picture "), 20_000)
	sum := sha256.Sum256(body)
	seen := k.event(t, 1, "")
	k.mustSend(t, seen)
	r := protocol.TicketRequest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(body)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(seen.ID)}
	var tk protocol.Ticket
	must(t, k.post("/v1/snapshots", r, &tk))
	commit := func() error { return k.post("/v1/snapshots/commit", r, &protocol.CommitAnswer{}) }
	noRow := func(when string) {
		t.Helper()
		if n := wholeObjects(t, w); n != 0 {
			t.Errorf("%s: %d rows", when, n)
		}
	}
	nothingPut := func(when string) {
		t.Helper()
		var no *protocol.Problem
		if err := commit(); !errors.As(err, &no) || no.Code != protocol.CodeNoObject {
			t.Errorf("%s: commit: %v", when, err)
		}
		noRow(when)
	}

	s3.Down()
	if code, err := put(t.Context(), tk, body); err == nil {
		t.Errorf("put into nothing: %d", code)
	}
	if err := commit(); !retried(err) {
		t.Errorf("commit without store: %v", err)
	}
	must(t, s3.Up())
	nothingPut("down before")

	for _, n := range []int64{2_000, 100_000, int64(len(body)) - 1} {
		line.CutUp(n)
		if code, err := put(t.Context(), tk, body); err == nil {
			t.Errorf("cut after %d bytes: %d", n, code)
		}
		nothingPut("cut in the middle")
	}
	line.CutAnswer()
	if code, err := put(t.Context(), tk, body); err == nil {
		t.Errorf("the answer cut: %d", code)
	}
	if line.Cuts() != 4 {
		t.Errorf("cut %d times", line.Cuts())
	}
	if code, err := put(t.Context(), tk, body); err != nil || code != http.StatusPreconditionFailed {
		t.Errorf("put again, its answer lost: %d, %v", code, err)
	}
	s3.Down()
	if err := commit(); !retried(err) {
		t.Errorf("commit, the store gone after the put: %v", err)
	}
	must(t, s3.Up())
	noRow("down after")
	must(t, commit())
	if n := wholeObjects(t, w); n != 1 {
		t.Errorf("%d rows", n)
	}
	if versions, err := store.Erase(t.Context(), blob.BucketDetection, "norte/"+r.SHA256[:2]+"/"+r.SHA256); err != nil || versions != 1 {
		t.Errorf("%d versions, %v", versions, err)
	}
}

// TestStoreAbsentAtStart: the centre starts, and takes events, without its object
// store; when that comes, pictures can be put.
func TestStoreAbsentAtStart(t *testing.T) {
	s3 := s3test.New(t)
	s3.Down()
	w := newWorld(t, pgtest.Database(t, "blank", nothing), s3)
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	seen := k.event(t, 1, "")
	k.mustSend(t, seen)
	must(t, s3.Up())
	stop := make(chan struct{})
	timer := time.AfterFunc(30*time.Second, func() { close(stop) })
	defer timer.Stop()
	var failed atomic.Int64
	for k.picture(domain.EventID(seen.ID), stop, &failed) != nil {
		select {
		case <-stop:
			t.Fatal("no picture can be put")
		case <-time.After(50 * time.Millisecond): // no bucket yet
		}
	}
	if n := wholeObjects(t, w); n != 1 {
		t.Errorf("%d pictures", n)
	}
}

// small mounts a file system of so many bytes, and gives what changes its size.
func small(t *testing.T, size string) (dir string, resize func(size string)) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "small")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		// What wrote there may still be ending.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, func(size string) {
		t.Helper()
		must(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size="+size))
	}
}

// free is how many bytes are free on the disk of a folder.
func free(t *testing.T, dir string) int64 {
	t.Helper()
	var st syscall.Statfs_t
	must(t, syscall.Statfs(dir, &st))
	return int64(st.Bavail) * int64(st.Bsize)
}

// logged is how much a server has written to its log since it was made.
func logged(t *testing.T, server *pgtest.Server) (n int64) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), server.DSN("postgres", "postgres"))
	must(t, err)
	defer c.Close(t.Context())
	must(t, c.QueryRow(t.Context(), "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").Scan(&n))
	return n
}

// TestDatabaseFull fills the disk of the database. A batch that does not fit is
// refused whole, to be sent again; what was acknowledged stays; with room again
// everything is taken, once.
func TestDatabaseFull(t *testing.T) {
	disk, resize := small(t, "24m")
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	defer server.Close()
	place := filepath.Join(disk, "space")
	must(t, os.Mkdir(place, 0o700))
	must(t, server.Own(place))
	must(t, server.Exec(t.Context(), "postgres", "CREATE ROLE central LOGIN", "CREATE TABLESPACE small LOCATION '"+place+"'", "CREATE DATABASE central OWNER central TABLESPACE small"))
	w := newWorld(t, server.DSN("central", "central"), nil)
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	// All but 3 MB of it is somebody else's.
	must(t, os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, max(0, free(t, disk)-3<<20)), 0o600))
	batch := func(from int) (items []protocol.Item) {
		for i := range 500 {
			items = append(items, k.event(t, from+i, ""))
		}
		return items
	}
	acked := 0
	var items []protocol.Item
	for {
		if acked > 100_000 {
			t.Fatal("the disk does not fill")
		}
		items = batch(acked + 1)
		as, err := k.send(items...)
		if err != nil {
			if !retried(err) {
				t.Errorf("full: %v", err)
			}
			break
		}
		for _, a := range as {
			if a.Status != protocol.StatusStored {
				t.Fatalf("%+v", a)
			}
		}
		acked += len(as)
	}
	if acked == 0 {
		t.Fatal("it was full from the start")
	}
	// Nor are kiosks sent away for it, and the program goes on answering.
	if err := k.ask("GET", "/readyz", "", nil, &struct {
		OK                          bool
		Database, Objects, Versions any
	}{}); err != nil {
		t.Errorf("readyz: %v", err)
	}
	for range 3 {
		if _, err := k.send(items...); !retried(err) {
			t.Errorf("still full: %v", err)
		}
	}
	if n := events(t, w); n != acked {
		t.Errorf("%d events, %d were acknowledged", n, acked)
	}
	if !strings.Contains(server.Log(), "No space left on device") {
		t.Errorf("it was not the disk: %s", server.Log())
	}
	resize("96m")
	as, err := k.send(items...)
	must(t, err)
	for _, a := range as {
		if a.Status != protocol.StatusStored {
			t.Fatalf("%+v", a)
		}
	}
	if as, err = k.send(items...); err != nil || as[0].Status != protocol.StatusDuplicate {
		t.Errorf("again: %v", err)
	}
	if n := events(t, w); n != acked+len(items) {
		t.Errorf("%d events of %d", n, acked+len(items))
	}
}

// TestDatabaseLogFull fills the disk that PostgreSQL's own log is on: the server
// gives up, and cannot recover before there is room. Nothing acknowledged is lost.
func TestDatabaseLogFull(t *testing.T) {
	disk, resize := small(t, "40m")
	server, err := pgtest.StartWithLog(disk)
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	defer server.Close()
	must(t, server.Exec(t.Context(), "postgres", "CREATE ROLE central LOGIN", "CREATE DATABASE central OWNER central"))
	w := newWorld(t, server.DSN("central", "central"), nil)
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	// Another database writes until the last segment that there is room for is
	// nearly full.
	const segment = 16 << 20
	must(t, server.Exec(t.Context(), "postgres", "CREATE TABLE ballast AS SELECT 0 AS n, '' AS text"))
	for used := int64(0); free(t, disk) >= segment || used < segment-3<<20; used = logged(t, server) % segment {
		must(t, server.Exec(t.Context(), "postgres", "INSERT INTO ballast SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 1000) n"))
	}
	acked := 0
	var items []protocol.Item
	for full := false; !full; {
		if acked > 200_000 {
			t.Fatal("the log does not fill")
		}
		items = nil
		for i := range 1000 {
			items = append(items, k.event(t, acked+i+1, ""))
		}
		as, err := k.send(items...)
		if err == nil {
			acked += len(as)
		}
		full = err != nil
		if full && !retried(err) {
			t.Errorf("full: %v", err)
		}
	}
	if said := server.Log(); !strings.Contains(said, "PANIC") || !strings.Contains(said, "No space left on device") {
		t.Errorf("it was not the log's disk: %s", said)
	}
	resize("400m")
	server.Down() // whether it still runs or has given up
	must(t, server.Up())
	if n := events(t, w); n != acked {
		t.Errorf("%d events, %d were acknowledged", n, acked)
	}
	stop := make(chan struct{})
	timer := time.AfterFunc(30*time.Second, func() { close(stop) })
	defer timer.Stop()
	var failed atomic.Int64
	must(t, drain(k, items, stop, &failed))
	if n := events(t, w); n != acked+len(items) {
		t.Errorf("%d events of %d", n, acked+len(items))
	}
}

// TestObjectStoreFull: a picture that does not fit is put again when there is
// room, and events go on meanwhile.
func TestObjectStoreFull(t *testing.T) {
	disk, resize := small(t, "1m")
	s3, err := s3test.Start(disk)
	if errors.Is(err, s3test.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	t.Cleanup(s3.Down)
	w := newWorld(t, pgtest.Database(t, "blank", nothing), s3)
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	seen := k.event(t, 1, "")
	k.mustSend(t, seen)
	body := bytes.Repeat([]byte("\xff\xd8"), 1<<20)
	sum := sha256.Sum256(body)
	r := protocol.TicketRequest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(body)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(seen.ID)}
	var tk protocol.Ticket
	must(t, k.post("/v1/snapshots", r, &tk))
	if code, err := put(t.Context(), tk, body); err == nil && code < 500 {
		t.Fatalf("put without room: %d", code)
	}
	var no *protocol.Problem
	if err := k.post("/v1/snapshots/commit", r, &protocol.CommitAnswer{}); !errors.As(err, &no) || no.Code != protocol.CodeNoObject {
		t.Errorf("commit: %v", err)
	}
	k.mustSend(t, k.event(t, 2, ""))
	resize("32m")
	must(t, k.keep(r, body))
	if n := wholeObjects(t, w); n != 1 {
		t.Errorf("%d pictures", n)
	}
}
