package store

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// secretsOf lists the bytes by which a person could be found on disk: name and
// vectors as they are, and all that is stored of them, sealed.
func secretsOf(t *testing.T, s *Store, p domain.Person, vectors ...[]float32) map[string]string {
	t.Helper()
	var key, name string
	must(t, s.r.QueryRow("SELECT wrapped_key, name FROM people WHERE id = ?", p.ID).Scan(&key, &name))
	found := map[string]string{"name": p.Name, "given name": p.GivenName(), "sealed key": key, "sealed name": name}
	for i, v := range vectors {
		b, err := encodeVector(v)
		must(t, err)
		found["vector "+string(rune('0'+i))] = string(b)
	}
	sealed, err := texts(t.Context(), s.r, "SELECT vector FROM templates WHERE person = ?", p.ID)
	must(t, err)
	for i, b := range sealed {
		// A large blob may be split over pages: its head is enough.
		found["sealed vector "+string(rune('0'+i))] = b[:64]
	}
	return found
}

// inFiles tells which of the secrets any file has.
func inFiles(files map[string]string, secrets map[string]string) (found []string) {
	for what, secret := range secrets {
		for file, content := range files {
			if strings.Contains(content, secret) {
				found = append(found, what+" in "+file)
			}
		}
	}
	slices.Sort(found)
	return found
}

// eraseOne erases a person as staff would, now.
func eraseOne(s *Store, id domain.PersonID) error {
	_, err := s.EraseIdentity(context.Background(), id, domain.ReasonErasedByStaff, time.Time{})
	return err
}

func TestErase(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	// A crowd, so that the person's rows share pages with others' and move.
	for n := range 40 {
		must(t, s.AddPerson(ctx, storetest.Person(n), []domain.Template{storetest.Template(n, 0), storetest.Template(n, 1)}))
	}
	p := storetest.Person(20)
	must(t, s.RenamePerson(ctx, p.ID, "Somebody Else First"))
	must(t, s.RenamePerson(ctx, p.ID, p.Name))
	must(t, s.AddTemplates(ctx, p.ID, []domain.Template{storetest.Template(20, 2)}))

	theirs, err := s.Record(ctx, storetest.Recognition(p.ID), []byte("their picture"))
	must(t, err)
	others, err := s.Record(ctx, storetest.Recognition(storetest.Person(1).ID), []byte("another's picture"))
	must(t, err)
	batch, err := s.NextBatch(ctx, 1)
	must(t, err)
	must(t, s.MarkRetry(ctx, batch[0].ID, os.ErrDeadlineExceeded, clock.Now()))

	secrets := secretsOf(t, s, p, storetest.Template(20, 0).Vector, storetest.Template(20, 2).Vector)
	var stored map[string]string
	if stored = readAll(t, s.dir); len(inFiles(stored, secrets)) < 5 {
		t.Fatalf("before: only %v; the test looks for the wrong bytes", inFiles(stored, secrets))
	}
	for _, what := range []string{"name", "given name", "vector 0", "vector 1"} {
		if found := inFiles(stored, map[string]string{what: secrets[what]}); found != nil {
			t.Errorf("in plain text on disk: %v", found)
		}
	}
	picture := stored["snapshots/"+theirs.Snapshot[:2]+"/"+theirs.Snapshot+".jpg"]
	if picture == "" || strings.Contains(picture, "their picture") {
		t.Fatalf("picture on disk: %q", picture)
	}
	secrets["picture"] = picture

	must(t, eraseOne(s, p.ID))

	if found := inFiles(readAll(t, s.dir), secrets); found != nil {
		t.Errorf("still on disk: %v", found)
	}
	_, err = s.Person(ctx, p.ID)
	wantErr(t, err, domain.ErrNotFound)
	_, err = s.Snapshot(ctx, theirs.Snapshot)
	wantErr(t, err, domain.ErrNotFound)
	wantErr(t, s.RenamePerson(ctx, p.ID, "Back Again"), domain.ErrNotFound)
	wantErr(t, s.AddTemplates(ctx, p.ID, []domain.Template{storetest.Template(20, 3)}), domain.ErrNotFound)
	wantErr(t, s.AddPerson(ctx, p, nil), ErrExists) // the tombstone keeps the id

	people, err := s.People(ctx)
	must(t, err)
	ts, err := s.Templates(ctx, storetest.Encoder)
	must(t, err)
	if len(people) != 39 || len(ts) != 78 {
		t.Errorf("%d people with %d templates are left, want 39 with 78", len(people), len(ts))
	}
	if b, err := s.Snapshot(ctx, others.Snapshot); string(b) != "another's picture" {
		t.Errorf("another's picture: %q, %v", b, err)
	}
	// What was told of them stays as it was: ids and figures.
	if e, err := s.EventByID(ctx, theirs.ID); e != theirs {
		t.Errorf("event is now %+v, %v", e, err)
	}
	rows, err := s.NextBatch(ctx, 10)
	must(t, err)
	var refs []string
	for _, r := range rows {
		refs = append(refs, string(r.Kind)+" "+r.Ref)
		if r.LastError != "" {
			t.Errorf("outbox still says %q", r.LastError)
		}
	}
	told, err := s.Recent(ctx, 0, 1)
	must(t, err)
	if e := told[0]; e.Kind != domain.EventErasure || e.Reason != domain.ReasonErasedByStaff || e.Person != p.ID {
		t.Errorf("last event is %+v, want the erasure", e)
	}
	want := []string{"event " + string(theirs.ID), "event " + string(others.ID), "event " + string(told[0].ID), "erasure " + string(p.ID)}
	if !slices.Equal(refs, want) {
		t.Errorf("outbox %q, want %q", refs, want)
	}

	// Again, and for nobody.
	must(t, eraseOne(s, p.ID))
	if n, _, err := s.Pending(ctx); n != 4 || err != nil {
		t.Errorf("erasing twice: %d pending, %v", n, err)
	}
	wantErr(t, eraseOne(s, storetest.Person(99).ID), domain.ErrNotFound)
}

// An erasure that was cut off once the key was gone ends at the next start.
func TestErasureResumes(t *testing.T) {
	for name, cut := range map[string]func(t *testing.T, s *Store, e domain.Event){
		"after the key": func(t *testing.T, s *Store, e domain.Event) {
			mustExec(t, s, "UPDATE people SET wrapped_key = NULL WHERE id = ?", e.Person)
		},
		"before the files": func(t *testing.T, s *Store, e domain.Event) {
			must(t, transact(t.Context(), s.w, func(tx *sql.Tx) error {
				return s.destroyKey(t.Context(), tx, e.Person, domain.ReasonErasedByStaff, s.now())
			}))
			_, err := s.finishErasure(t.Context(), e.Person)
			must(t, err)
			must(t, s.writeSnapshot(e.Snapshot, []byte("their picture")))
			mustExec(t, s, "UPDATE people SET erased_at = NULL WHERE id = ?", e.Person)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newTest(t)
			p := storetest.Person(1)
			must(t, s.AddPerson(t.Context(), p, []domain.Template{storetest.Template(1, 0)}))
			e, err := s.Record(t.Context(), storetest.Recognition(p.ID), []byte("their picture"))
			must(t, err)
			secrets := secretsOf(t, s, p)
			file := "snapshots/" + e.Snapshot[:2] + "/" + e.Snapshot + ".jpg"
			cut(t, s, e)
			must(t, s.Close())

			s = openTest(t, s.dir, clock)
			if found := inFiles(readAll(t, s.dir), secrets); found != nil {
				t.Errorf("still on disk: %v", found)
			}
			if readAll(t, s.dir)[file] != "" {
				t.Error("the picture is still on disk")
			}
			var done bool
			must(t, s.r.QueryRow("SELECT erased_at IS NOT NULL FROM people WHERE id = ?", p.ID).Scan(&done))
			if !done {
				t.Error("no tombstone")
			}
			if n, _, err := s.Pending(t.Context()); n != 3 || err != nil { // event, its erasure twice
				t.Errorf("%d pending, %v; want 3", n, err)
			}
		})
	}
}

func mustExec(t testing.TB, s *Store, query string, args ...any) {
	t.Helper()
	_, err := s.w.Exec(query, args...)
	must(t, err)
}

// A reader that holds an old page keeps the log from being emptied: Erase
// says so, the person is unreadable all the same, and a second call ends it.
func TestEraseBesideReader(t *testing.T) {
	s, _ := newTest(t)
	p := storetest.Person(1)
	must(t, s.AddPerson(t.Context(), p, nil))
	mustExec(t, s, "PRAGMA busy_timeout = 1")
	reader, err := s.r.BeginTx(t.Context(), nil)
	must(t, err)
	var n int
	must(t, reader.QueryRow("SELECT count(*) FROM people").Scan(&n))

	wantErr(t, eraseOne(s, p.ID), ErrBusy)
	_, err = s.Person(t.Context(), p.ID)
	wantErr(t, err, domain.ErrNotFound)

	must(t, reader.Rollback())
	must(t, eraseOne(s, p.ID))
	if size, err := fileSize(s.databasePath() + "-wal"); size != 0 || err != nil {
		t.Errorf("log has %d bytes, %v", size, err)
	}
}

// An erasure that is cut short between its rows and its files is finished by
// the next start, also of a picture that only a badge leads to.
func TestErasureCutBeforeFiles(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	e := storetest.Enrolment(1)
	must(t, s.Enrol(ctx, e))
	shown, err := s.Record(ctx, domain.Event{
		Kind: domain.EventValidation, Reason: domain.ReasonBadgeExpired, Badge: e.Badge.ID,
	}, []byte("who showed it"))
	must(t, err)
	must(t, transact(ctx, s.w, func(tx *sql.Tx) error {
		return s.destroyKey(ctx, tx, e.Person.ID, domain.ReasonErasedByPerson, s.now())
	}))
	must(t, transact(ctx, s.w, func(tx *sql.Tx) error { return s.eraseRows(ctx, tx, e.Person.ID) }))
	if _, err := os.Stat(s.snapshotPath(shown.Snapshot)); err != nil {
		t.Fatal(err) // the cut comes before it goes
	}
	must(t, s.Close())
	s = openTest(t, s.dir, clock)
	if _, err := os.Stat(s.snapshotPath(shown.Snapshot)); !os.IsNotExist(err) {
		t.Errorf("picture: %v", err)
	}
	r, err := s.EraseIdentity(ctx, e.Person.ID, domain.ReasonErasedByStaff, time.Time{})
	if must(t, err); r.Badges != 1 || r.Snapshots != 1 || r.Why != domain.ReasonErasedByPerson {
		t.Errorf("receipt %+v", r)
	}
}
