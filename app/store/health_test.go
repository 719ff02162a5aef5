package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestCheck(t *testing.T) {
	s, _ := newTest(t)
	must(t, s.AddPerson(t.Context(), storetest.Person(1), nil))
	for range 3 {
		_, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture"))
		must(t, err)
	}
	rows, err := s.NextBatch(t.Context(), 1)
	must(t, err)
	must(t, s.MarkDead(t.Context(), rows[0].ID, errors.New("refused")))
	h, err := s.Check(t.Context())
	must(t, err)
	if h.FreeBytes == 0 || h.DatabaseBytes == 0 || h.LogBytes == 0 || h.SQLite != s.SQLiteVersion() || h.DeviceID != s.DeviceID() {
		t.Errorf("health %+v", h)
	}
	h.FreeBytes, h.DatabaseBytes, h.LogBytes, h.SQLite, h.DeviceID = 0, 0, 0, "", ""
	if ms, _ := migrations(); h.Schema != len(ms) || h.Problems != nil || h.People != 1 || h.Events != 3 || h.Snapshots != 1 || h.Pending != 2 || h.Dead != 1 {
		t.Errorf("health %+v", h)
	}
	u, err := s.Usage(t.Context())
	must(t, err)
	if u.SQLite != s.SQLiteVersion() || u.DatabaseBytes == 0 || u.Snapshots != 1 || u.SnapshotBytes != int64(len("picture")) {
		t.Errorf("usage %+v", u)
	}
}

// A page of zeros in the midst of the file is found, by the doctor and, if
// asked for, at start.
func TestDamageIsFound(t *testing.T) {
	s, clock := newTest(t)
	for n := range 200 {
		must(t, s.AddPerson(t.Context(), storetest.Person(n), nil))
	}
	var root int64
	must(t, s.r.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'people'").Scan(&root))
	must(t, s.Close())
	f, err := os.OpenFile(s.databasePath(), os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 4096), (root-1)*4096)
	must(t, err)
	must(t, f.Close())

	o := testOptions(t, s.dir, clock)
	o.QuickCheck = true
	if broken, err := Open(t.Context(), o); err == nil {
		broken.Close()
		t.Error("opened a damaged database")
	} else {
		wantErr(t, err, ErrCorrupt)
	}
}

func TestBackup(t *testing.T) {
	s, clock := newTest(t)
	must(t, s.AddPerson(t.Context(), storetest.Person(1), []domain.Template{storetest.Template(1, 0)}))
	e, err := s.Record(t.Context(), storetest.Recognition(""), nil)
	must(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, databaseName)
	must(t, s.Backup(t.Context(), path))
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %#o, want 0600", info.Mode().Perm())
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("left beside the backup: %v", entries)
	}
	wantErr(t, s.Backup(t.Context(), path), ErrExists) // never over another
	if err := s.Backup(t.Context(), filepath.Join(dir, "none", "x")); err == nil {
		t.Error("a backup into no folder")
	}

	// It opens as the database that it is a copy of.
	b := openTest(t, dir, clock)
	if p, err := b.Person(t.Context(), storetest.Person(1).ID); p != storetest.Person(1) || err != nil {
		t.Errorf("person %+v, %v", p, err)
	}
	if es, err := b.Recent(t.Context(), 0, 5); err != nil || len(es) != 1 || es[0] != e {
		t.Errorf("events %+v, %v", es, err)
	}
	if b.DeviceID() != s.DeviceID() {
		t.Error("another device")
	}
}

func TestSettingRefuses(t *testing.T) {
	s, _ := newTest(t)
	for _, kv := range [][2]string{
		{"", "x"}, {strings.Repeat("k", MaxSettingKey+1), "x"}, {"\xff", "x"},
		{"k", strings.Repeat("v", MaxSettingValue+1)}, {"k", "\xff"},
	} {
		wantErr(t, s.SetSetting(t.Context(), kv[0], kv[1]), ErrInvalid)
	}
	_, err := s.Setting(t.Context(), "k")
	wantErr(t, err, domain.ErrNotFound)
}
