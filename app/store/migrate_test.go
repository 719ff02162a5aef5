package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store/storetest"
)

// A database that the first release left behind opens with everything in it.
func TestMigrateFromSchema1(t *testing.T) {
	s := openTest(t, fixture(t, "testdata/schema1.sql"), nil)
	if s.DeviceID() != storetest.ID(42) {
		t.Errorf("device %s", s.DeviceID())
	}
	people, err := s.People(t.Context())
	must(t, err)
	if want := []domain.Person{storetest.Person(1), storetest.Person(2)}; !slices.Equal(people, want) {
		t.Errorf("people %+v, want %+v", people, want)
	}
	ts, err := s.Templates(t.Context(), storetest.Encoder)
	must(t, err)
	if len(ts) != 2 {
		t.Fatalf("%d templates, want 2", len(ts))
	}
	for k, got := range ts {
		want := storetest.Template(1, k)
		if got.ID != want.ID || !slices.Equal(got.Vector, want.Vector[:4]) {
			t.Errorf("template %d is %+v", k, got)
		}
	}
	if v, err := s.Setting(t.Context(), "lang"); v != "en" || err != nil {
		t.Errorf("setting %q, %v", v, err)
	}
	// And it can do what is new.
	e, err := s.Record(t.Context(), storetest.Recognition(people[0].ID), []byte("picture"))
	must(t, err)
	if _, err := s.Snapshot(t.Context(), e.Snapshot); err != nil {
		t.Error(err)
	}
	h, err := s.Check(t.Context())
	must(t, err)
	if ms, _ := migrations(); h.Schema != len(ms) || len(h.Problems) != 0 {
		t.Errorf("schema %d of %d, problems %q", h.Schema, len(ms), h.Problems)
	}
}

// A database of the second release opens with its history, and takes identities.
func TestMigrateFromSchema2(t *testing.T) {
	dir := fixture(t, "testdata/schema2.sql")
	s := openTest(t, dir, nil)
	people, err := s.People(t.Context())
	if must(t, err); !slices.Equal(people, []domain.Person{storetest.Person(1), storetest.Person(2)}) {
		t.Errorf("people %+v", people)
	}
	es, err := s.Recent(t.Context(), 0, 10)
	must(t, err)
	if len(es) != 2 || es[0].Person != storetest.Person(3).ID || es[1].ID != domain.EventID(storetest.ID(7)) {
		t.Errorf("events %+v", es)
	}
	if n, _, err := s.Pending(t.Context()); n != 2 || err != nil {
		t.Errorf("%d pending, %v", n, err)
	}
	// One of before has no PIN, and may be given one.
	wantErr(t, s.CheckPIN(t.Context(), people[0].ID, storetest.PIN), domain.ErrNoPIN)
	must(t, s.SetPIN(t.Context(), people[0].ID, storetest.PIN))
	must(t, s.Enrol(t.Context(), storetest.Enrolment(4)))
	// The tombstone of before has no receipt until it is asked for; nobody is told again.
	r, err := s.EraseIdentity(t.Context(), storetest.Person(3).ID, domain.ReasonErasedByStaff, storetest.Start)
	must(t, err)
	if want := (domain.ErasureReceipt{ID: r.ID, At: storetest.Start, Why: domain.ReasonErasedByStaff, KeyGone: true}); r != want {
		t.Errorf("receipt %+v, want %+v", r, want)
	}
	if n, _, err := s.Pending(t.Context()); n != 2+3 || err != nil { // PIN, registration, badge
		t.Errorf("%d pending, %v", n, err)
	}
	// The pepper that the migration made stays.
	must(t, s.Close())
	s = openTest(t, dir, nil)
	must(t, s.CheckPIN(t.Context(), people[0].ID, storetest.PIN))
	must(t, s.CheckPIN(t.Context(), storetest.Person(4).ID, storetest.PIN))
	if h, err := s.Check(t.Context()); err != nil || len(h.Problems) != 0 {
		t.Errorf("problems %q, %v", h.Problems, err)
	}
}

// A database of the fourth release opens with its identities, and its events
// without the evidence that there was none of.
func TestMigrateFromSchema4(t *testing.T) {
	s := openTest(t, fixture(t, "testdata/schema4.sql"), domaintest.NewClock(storetest.Start))
	for n := 1; n <= 2; n++ {
		want := storetest.Enrolment(n)
		p, err := s.Profile(t.Context(), want.Person.ID)
		must(t, err)
		if p.Person != want.Person || p.Document != want.Document || p.Contact != want.Contact ||
			len(p.Badges) != 1 || len(p.Consents) != 1 || p.SecondFactor != (n == 2) {
			t.Errorf("profile %+v", p)
		}
		must(t, s.CheckPIN(t.Context(), p.Person.ID, storetest.PIN))
	}
	es, err := s.Recent(t.Context(), 0, 10)
	must(t, err)
	want := storetest.Recognition(storetest.Person(1).ID)
	want.ID, want.Seq, want.DeviceID, want.At = domain.EventID(storetest.ID(7)), 7, s.DeviceID(), storetest.Start
	if len(es) != 9 || es[2] != want {
		t.Errorf("events %+v", es)
	}
	e := storetest.Recognition(storetest.Person(1).ID)
	e.Badge, e.Liveness, e.LivenessReason = storetest.Badge(1, 0).ID, 1, "passive"
	if e, err = s.Record(t.Context(), e, []byte("picture")); err != nil || e.Seq != 10 {
		t.Errorf("event %+v, %v", e, err)
	}
	must(t, eraseOne(s, storetest.Person(1).ID))
	if h, err := s.Check(t.Context()); err != nil || len(h.Problems) != 0 || h.People != 1 {
		t.Errorf("%+v, %v", h, err)
	}
}

// fixture makes a folder with the database of a script.
func fixture(t *testing.T, path string) (dir string) {
	t.Helper()
	script, err := os.ReadFile(path)
	must(t, err)
	dir = t.TempDir()
	execRaw(t, dir, string(script))
	return dir
}

// The path by which a database came to its schema leaves no trace in it. It
// also finds a released migration that somebody has edited.
func TestSchemaWhateverThePath(t *testing.T) {
	schema := func(dir string) []string {
		s := openTest(t, dir, nil)
		list, err := texts(t.Context(), s.r, "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY type, name")
		must(t, err)
		return list
	}
	fresh := schema(t.TempDir())
	for _, old := range []string{"testdata/schema1.sql", "testdata/schema2.sql", "testdata/schema4.sql", "testdata/schema11.sql"} {
		if got := schema(fixture(t, old)); !slices.Equal(got, fresh) {
			t.Errorf("%s migrated:\n%s\nfresh:\n%s", old, strings.Join(got, "\n"), strings.Join(fresh, "\n"))
		}
	}
	if len(fresh) < 8 {
		t.Errorf("only %d objects in the schema", len(fresh))
	}
}

// A migration that fails half-way leaves the schema before it.
func TestMigrationIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	db, err := openPool(dsn(filepath.Join(dir, databaseName), false), 1)
	must(t, err)
	defer db.Close()
	ms := []migration{
		{1, "good", "CREATE TABLE a (x)"},
		{2, "bad", "CREATE TABLE b (x); INSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1)"},
	}
	if err := migrate(t.Context(), db, ms); err == nil || !strings.Contains(err.Error(), "migration bad") {
		t.Fatalf("got %v, want it to name the migration", err)
	}
	version, err := schemaVersion(t.Context(), db, 2)
	must(t, err)
	tables, err := texts(t.Context(), db, "SELECT name FROM sqlite_schema")
	must(t, err)
	if version != 1 || !slices.Equal(tables, []string{"a"}) {
		t.Errorf("schema %d with %v, want 1 with a", version, tables)
	}
	ms[1].script = "CREATE TABLE b (x)"
	must(t, migrate(t.Context(), db, ms))
	must(t, migrate(t.Context(), db, ms)) // again: nothing to do
	if err := migrate(t.Context(), db, ms[:1]); !errors.Is(err, ErrNewerDatabase) {
		t.Errorf("older program: got %v, want ErrNewerDatabase", err)
	}
}
