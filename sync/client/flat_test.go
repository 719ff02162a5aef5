package client_test

import (
	"database/sql"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// offline puts n events into a closed store's database, as a long time offline
// would, without waiting for a disk n times.
func offline(t *testing.T, dir string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "agentid.db"))
	must(t, err)
	defer db.Close()
	for _, q := range []string{
		`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)
		INSERT INTO events (seq, id, kind, reason, at, distance, second, threshold, metric, votes, frames, quality, encoder, encoder_version, detector)
		SELECT i, printf('01950000-0000-7000-8000-%012x', i), 'recognition', 'recognised', 1773000000000000 + i * 1000000,
			0.21 + i * 1e-9, 0.48, 0.36, 'squared_euclidean', 4, 5, 0.9, 'dlib', 'resnet-1', 'hog' FROM c`,
		`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)
		INSERT INTO outbox (kind, ref, created_at, next_at) SELECT 'event', printf('01950000-0000-7000-8000-%012x', i), 1, 1 FROM c`,
		"UPDATE device SET next_seq = ? + 1",
	} {
		_, err := db.Exec(q, n)
		must(t, err)
	}
}

// A hundred thousand events made offline go up, each once, in bounded memory:
// what the heap holds at the end is what it held at the beginning. The figure
// has the store, the client and the scripted server in it.
func TestFlatMemory(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	c := newCentre(t, false)
	k := newKiosk(t, c)
	must(t, k.Close())
	offline(t, k.o.DataDir, n)
	k.Store = openStore(t, k.o.DataDir)
	k.obo.Queue, k.obo.Applier, k.obo.BatchItems, k.obo.Poll = k.Store, nil, 500, time.Second

	var heap []uint64
	got, batches, every := 0, 0, max(1, n/500/25)
	seen := make([]bool, n+1)
	c.discard = func(items []protocol.Item) {
		for _, it := range items {
			seq, err := strconv.ParseUint(it.ID[24:], 16, 32)
			if err != nil || seen[seq] {
				t.Errorf("event %s came again: %v", it.ID, err)
				return
			}
			seen[seq] = true
			got++
		}
		if batches++; batches%every == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap = append(heap, m.HeapAlloc)
		}
	}
	begin := time.Now()
	k.run(func(st outbox.Status) bool { return st.Sent == uint64(n) && st.Waiting.Notices == 0 })
	took := time.Since(begin)
	if got != n || len(heap) < 10 {
		t.Fatalf("%d events came, want %d; %d samples", got, n, len(heap))
	}
	var early, late uint64
	for i, h := range heap {
		if i < len(heap)/3 {
			early = max(early, h)
		} else {
			late = max(late, h)
		}
	}
	t.Logf("%d events in %v (%.0f/s), %d batches, %.1f bytes of gzip an event; heap at most %.1f MiB in the first third, %.1f MiB after",
		n, took.Round(time.Millisecond), float64(n)/took.Seconds(), batches, float64(c.bodies)/float64(n), float64(early)/(1<<20), float64(late)/(1<<20))
	if late > early+early/4+1<<20 {
		t.Errorf("the heap grows from %d KiB to %d KiB", early>>10, late>>10)
	}
}
