package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestSnapshotKeptOnce(t *testing.T) {
	s, _ := newTest(t)
	picture := bytes.Repeat([]byte("\xff\xd8 picture "), 100)
	var hash string
	for range 3 {
		e, err := s.Record(t.Context(), storetest.Recognition(""), picture)
		must(t, err)
		hash = e.Snapshot
	}
	if n := countPictures(t, s.dir); n != 1 {
		t.Errorf("%d files for one picture", n)
	}
	got, err := s.Snapshot(t.Context(), hash)
	if must(t, err); !bytes.Equal(got, picture) {
		t.Error("another picture came back")
	}
	file, err := os.ReadFile(s.snapshotPath(hash))
	must(t, err)
	if bytes.Contains(file, []byte("picture")) {
		t.Error("the picture is in plain text on disk")
	}
	for _, h := range []string{"", "../" + hash[3:], strings.ToUpper(hash), hash[1:], hashOf(nil)} {
		_, err := s.Snapshot(t.Context(), h)
		wantErr(t, err, domain.ErrNotFound)
	}
}

func TestSnapshotDamaged(t *testing.T) {
	s, _ := newTest(t)
	a, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture a"))
	must(t, err)
	b, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture b"))
	must(t, err)
	good, err := os.ReadFile(s.snapshotPath(a.Snapshot))
	must(t, err)
	other, err := os.ReadFile(s.snapshotPath(b.Snapshot))
	must(t, err)
	for name, content := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "another's": other,
		"huge": make([]byte, MaxSnapshot+2*sealedExtra), "plain": []byte("picture a"),
	} {
		must(t, os.WriteFile(s.snapshotPath(a.Snapshot), content, 0o600))
		if b, err := s.Snapshot(t.Context(), a.Snapshot); b != nil {
			t.Errorf("%s: gave %d bytes, %v", name, len(b), err)
		} else {
			wantErr(t, err, ErrCorrupt)
		}
	}
	must(t, os.Remove(s.snapshotPath(a.Snapshot)))
	_, err = s.Snapshot(t.Context(), a.Snapshot)
	wantErr(t, err, ErrCorrupt)
	h, err := s.Check(t.Context())
	must(t, err)
	if len(h.Problems) != 1 || !strings.Contains(h.Problems[0], a.Snapshot) {
		t.Errorf("problems %q, want the lost picture", h.Problems)
	}
	// The same picture coming again heals it.
	_, err = s.Record(t.Context(), storetest.Recognition(""), []byte("picture a"))
	must(t, err)
	_, err = s.Snapshot(t.Context(), a.Snapshot)
	must(t, err)
}

func TestDropSnapshots(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	var es []domain.Event
	for _, p := range []string{"old, sent", "old, pending", "old, sent and pending", "new, sent"} {
		if p == "new, sent" {
			clock.Advance(24 * time.Hour)
		}
		e, err := s.Record(ctx, storetest.Recognition(""), []byte(p))
		must(t, err)
		es = append(es, e)
	}
	again := storetest.Recognition("")
	again.Snapshot = es[2].Snapshot
	_, err := s.Record(ctx, again, nil)
	must(t, err)
	rows, err := s.NextBatch(ctx, 10)
	must(t, err)
	must(t, s.MarkSent(ctx, []int64{rows[0].ID, rows[2].ID, rows[3].ID}))

	n, err := s.DropSnapshots(ctx, clock.Now().Add(-time.Hour))
	if must(t, err); n != 1 {
		t.Errorf("dropped %d, want 1", n)
	}
	for i, e := range es {
		_, err := s.Snapshot(ctx, e.Snapshot)
		if i == 0 {
			wantErr(t, err, domain.ErrNotFound)
		} else {
			must(t, err)
		}
	}
	if n := countPictures(t, s.dir); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
	// A dropped picture may come again.
	_, err = s.Record(ctx, storetest.Recognition(""), []byte("old, sent"))
	must(t, err)
	_, err = s.Snapshot(ctx, es[0].Snapshot)
	must(t, err)
}

func TestDropManySnapshots(t *testing.T) {
	s, clock := newTest(t)
	const many = 2*sweepBatch + 3
	for n := range many {
		hash := hashOf([]byte{byte(n), byte(n >> 8)})
		mustExec(t, s, "INSERT INTO snapshots (hash, size, created_at) VALUES (?, 2, 0)", hash)
		path := s.snapshotPath(hash)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte{1}, 0o600))
	}
	n, err := s.DropSnapshots(t.Context(), clock.Now())
	if must(t, err); n != many || countPictures(t, s.dir) != 0 {
		t.Errorf("dropped %d of %d, %d files are left", n, many, countPictures(t, s.dir))
	}
}

func TestSweep(t *testing.T) {
	s, clock := newTest(t)
	e, err := s.Record(t.Context(), storetest.Recognition(""), []byte("kept"))
	must(t, err)
	must(t, s.stageSnapshot(t.Context(), hashOf([]byte("orphan")), []byte("orphan")))
	dir := filepath.Dir(s.snapshotPath(e.Snapshot))
	put := func(name string, age time.Duration) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte("x"), 0o600))
		at := clock.Now().Add(-age)
		must(t, os.Chtimes(path, at, at))
		return path
	}
	stray, writing, foreign := put(".tmp-1", 2*time.Hour), put(".tmp-2", time.Minute), put("notes.txt", 2*time.Hour)

	n, err := s.Sweep(t.Context())
	if must(t, err); n != 2 {
		t.Errorf("removed %d, want the orphan and the stray", n)
	}
	for path, want := range map[string]bool{
		s.snapshotPath(e.Snapshot):               true,
		s.snapshotPath(hashOf([]byte("orphan"))): false,
		stray:                                    false, writing: true, foreign: true,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
	_, err = s.Snapshot(t.Context(), e.Snapshot)
	must(t, err)
}
