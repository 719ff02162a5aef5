package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store/storetest"
)

// testKey is a fixed key, so that the sealed blobs of a fixture open.
func testKey(t testing.TB) MasterKey {
	t.Helper()
	raw := make([]byte, keySize)
	for i := range raw {
		raw[i] = byte(i + 1)
	}
	k, err := NewMasterKey(raw)
	must(t, err)
	return k
}

func testOptions(t testing.TB, dir string, clock domain.Clock) Options {
	return Options{Dir: dir, MasterKey: testKey(t), Clock: clock}
}

// openTest opens a store that is closed with the test.
func openTest(t testing.TB, dir string, clock domain.Clock) *Store {
	t.Helper()
	s, err := Open(context.Background(), testOptions(t, dir, clock))
	must(t, err)
	s.pins.cost = cheapPIN
	t.Cleanup(func() { s.Close() })
	return s
}

// cheapPIN is the least that argon2 takes: what a hash costs is measured in
// BenchmarkCheckPIN, not waited for in tests.
var cheapPIN = pinCost{memory: 8, passes: 1, lanes: 1}

// newTest is a new store with a clock that stands at storetest.Start.
func newTest(t testing.TB) (*Store, *domaintest.Clock) {
	t.Helper()
	clock := domaintest.NewClock(storetest.Start)
	return openTest(t, t.TempDir(), clock), clock
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T, clock domain.Clock) (storetest.Subject, func() storetest.Subject) {
		dir := t.TempDir()
		s := openTest(t, dir, clock)
		return s, func() storetest.Subject {
			must(t, s.Close())
			return openTest(t, dir, clock)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	other := GenerateMasterKey()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, dir string, o *Options)
		want  error
	}{
		"another key":    {func(t *testing.T, _ string, o *Options) { o.MasterKey = other }, ErrWrongKey},
		"no key":         {func(t *testing.T, _ string, o *Options) { o.MasterKey = MasterKey{} }, ErrNoKey},
		"no folder":      {func(t *testing.T, _ string, o *Options) { o.Dir = "" }, ErrInvalid},
		"another device": {func(t *testing.T, _ string, o *Options) { o.DeviceID = storetest.ID(5) }, ErrOtherDevice},
		"odd device":     {func(t *testing.T, _ string, o *Options) { o.DeviceID = "kiosk" }, ErrInvalid},
		"newer schema": {func(t *testing.T, dir string, _ *Options) {
			execRaw(t, dir, "PRAGMA user_version = 1000")
		}, ErrNewerDatabase},
		"foreign": {func(t *testing.T, dir string, _ *Options) {
			execRaw(t, dir, "PRAGMA application_id = 7")
		}, ErrForeignDatabase},
		"unmarked": {func(t *testing.T, dir string, _ *Options) {
			execRaw(t, dir, "PRAGMA application_id = 0; PRAGMA user_version = 0")
		}, ErrForeignDatabase},
		"no database": {func(t *testing.T, dir string, _ *Options) {
			must(t, os.WriteFile(filepath.Join(dir, databaseName), []byte(strings.Repeat("not a database ", 100)), 0o600))
		}, ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir, nil)
			must(t, s.Close())
			o := testOptions(t, dir, nil)
			tt.spoil(t, dir, &o)
			before := readAll(t, dir)
			s, err := Open(t.Context(), o)
			if err == nil {
				s.Close()
			}
			wantErr(t, err, tt.want)
			// What is refused is left as it was.
			if after := readAll(t, dir); after[databaseName] != before[databaseName] {
				t.Error("the database was changed")
			}
		})
	}
}

// execRaw changes the database behind the store's back.
func execRaw(t testing.TB, dir, script string) {
	t.Helper()
	db, err := openPool(dsn(filepath.Join(dir, databaseName), false), 1)
	must(t, err)
	defer db.Close()
	_, err = db.Exec(script)
	must(t, err)
}

// readAll gives the bytes of every file below dir by relative path.
func readAll(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(b)
		return err
	}))
	return files
}

func TestOpenNew(t *testing.T) {
	// Characters that mean something in a URI mean nothing in a folder's name.
	dir := filepath.Join(t.TempDir(), "a?b#c%41 ü&d", "data")
	o := testOptions(t, dir, nil)
	o.DeviceID = storetest.ID(42)
	o.QuickCheck = true
	s, err := Open(t.Context(), o)
	must(t, err)
	defer s.Close()
	if s.DeviceID() != o.DeviceID {
		t.Errorf("device %s, want %s", s.DeviceID(), o.DeviceID)
	}
	if !atLeast(s.SQLiteVersion(), minSQLite) {
		t.Errorf("sqlite %s", s.SQLiteVersion())
	}
	for path, want := range map[string]os.FileMode{
		"": 0o700, snapshotFolder: 0o700, databaseName: 0o600, databaseName + "-wal": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %#o, want %#o", path, got, want)
		}
	}
}

// Every connection of both pools has the pragmas, not only the first.
func TestPragmasOfEveryConnection(t *testing.T) {
	s, _ := newTest(t)
	for range readers {
		c, err := s.r.Conn(t.Context())
		must(t, err)
		defer c.Close() // held to the end: the next one is another
		for pragma, want := range map[string]string{
			"synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": "1",
			"secure_delete": "1", "journal_mode": "wal", "trusted_schema": "0",
		} {
			var got string
			must(t, c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("reader: %s is %s, want %s", pragma, got, want)
			}
		}
		if _, err := c.ExecContext(t.Context(), "DELETE FROM settings"); err == nil {
			t.Error("a reader may write")
		}
	}
}

func TestAtLeast(t *testing.T) {
	for _, tt := range []struct {
		version string
		want    bool
	}{
		{"3.51.3", true}, {"3.51.10", true}, {"3.52", true}, {"4.0.0", true}, {"3.53.4", true},
		{"3.51.2", false}, {"3.51", false}, {"3.9.99", false}, {"", false}, {"3.x.9", false},
	} {
		if got := atLeast(tt.version, "3.51.3"); got != tt.want {
			t.Errorf("%q: %v", tt.version, got)
		}
	}
}

// Two processes may open one folder; here two stores do, from nothing.
func TestTwoStoresOneFolder(t *testing.T) {
	dir := t.TempDir()
	type result struct {
		s   *Store
		err error
	}
	ch := make(chan result)
	for range 2 {
		go func() {
			s, err := Open(context.Background(), testOptions(t, dir, nil))
			ch <- result{s, err}
		}()
	}
	a, b := <-ch, <-ch
	must(t, a.err)
	defer a.s.Close()
	must(t, b.err)
	defer b.s.Close()
	if a.s.DeviceID() != b.s.DeviceID() {
		t.Fatalf("two devices: %s and %s", a.s.DeviceID(), b.s.DeviceID())
	}
	for want := uint64(1); want <= 6; want++ {
		s := a.s
		if want%2 == 0 {
			s = b.s
		}
		e, err := s.Record(t.Context(), storetest.Recognition(""), nil)
		must(t, err)
		if e.Seq != want {
			t.Errorf("seq %d, want %d", e.Seq, want)
		}
	}
}
