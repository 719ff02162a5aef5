package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// openKey opens a store with a key.
func openKey(t *testing.T, dir string, k MasterKey) (*Store, error) {
	t.Helper()
	o := testOptions(t, dir, nil)
	o.MasterKey = k
	s, err := Open(t.Context(), o)
	if err == nil {
		s.pins.cost = cheapPIN
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// checkWhole makes sure that everything of people 1 to n opens and is found.
func checkWhole(t *testing.T, s *Store, n int, snapshot string) {
	t.Helper()
	for i := 1; i <= n; i++ {
		e := storetest.Enrolment(i)
		p, err := s.Profile(t.Context(), e.Person.ID)
		if must(t, err); p.Person != e.Person || p.Document != e.Document || p.Contact != e.Contact {
			t.Errorf("profile %+v", p)
		}
		if id, err := s.ByDocument(t.Context(), e.Document); id != e.Person.ID || err != nil {
			t.Errorf("%s is of %q, %v", e.Document, id, err)
		}
		must(t, s.CheckPIN(t.Context(), e.Person.ID, storetest.PIN))
	}
	if ts, err := s.Templates(t.Context(), storetest.Encoder); len(ts) != 2*n || err != nil {
		t.Errorf("%d templates of %d people, %v", len(ts), n, err)
	}
	if b, err := s.Snapshot(t.Context(), snapshot); string(b) != "picture" {
		t.Errorf("picture %q, %v", b, err)
	}
}

// checkStaff makes sure that the accounts are as they were and the first one
// can sign in.
func checkStaff(t *testing.T, s *Store, want []domain.Staff) {
	t.Helper()
	if list, err := s.Staff(t.Context()); !slices.Equal(list, want) || err != nil {
		t.Errorf("staff %+v, %v, want %+v", list, err, want)
	}
	if m, err := s.SignIn(t.Context(), want[0].Login, storetest.PIN); m != want[0] || err != nil {
		t.Errorf("signed in as %+v, %v", m, err)
	}
}

func TestRotateMasterKey(t *testing.T) {
	const people = rotateBatch + 3
	s, _ := newTest(t)
	for n := 1; n <= people; n++ {
		must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
	}
	must(t, s.AddPerson(t.Context(), storetest.Person(1000), nil)) // without a document
	must(t, eraseOne(s, storetest.Person(people).ID))
	must(t, s.AddStaff(t.Context(), storetest.Staff(1), storetest.PIN))
	must(t, s.AddStaff(t.Context(), storetest.Staff(2), storetest.PIN))
	must(t, s.CloseStaff(t.Context(), storetest.Staff(2).ID, storetest.Start))
	staff, err := s.Staff(t.Context())
	must(t, err)
	e, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture"))
	must(t, err)
	other, err := openKey(t, s.dir, testKey(t)) // a second process
	must(t, err)
	old := storedOf(t, s, storetest.Person(1).ID)
	hung := map[string]string{"sealed key": old["sealed key"], "document hash": old["document hash"]}

	wantErr(t, s.RotateMasterKey(t.Context(), MasterKey{}), ErrNoKey)
	wantErr(t, s.RotateMasterKey(t.Context(), testKey(t)), ErrInvalid)
	next := GenerateMasterKey()
	must(t, s.RotateMasterKey(t.Context(), next))
	checkWhole(t, s, people-1, e.Snapshot)
	if found := inFiles(readAll(t, s.dir), hung); found != nil {
		t.Errorf("under the old key, still on disk: %v", found)
	}

	checkStaff(t, s, staff)

	// The other process neither reads nor writes under the old key, and says why.
	_, err = other.People(t.Context())
	wantErr(t, err, ErrWrongKey)
	_, err = other.Profile(t.Context(), storetest.Person(1).ID)
	wantErr(t, err, ErrWrongKey)
	_, err = other.Templates(t.Context(), storetest.Encoder)
	wantErr(t, err, ErrWrongKey)
	_, err = other.ByDocument(t.Context(), storetest.Enrolment(1).Document)
	wantErr(t, err, ErrWrongKey)
	wantErr(t, other.Enrol(t.Context(), storetest.Enrolment(2000)), ErrWrongKey)
	wantErr(t, other.AddPerson(t.Context(), storetest.Person(2000), nil), ErrWrongKey)
	wantErr(t, other.CheckPIN(t.Context(), storetest.Person(1).ID, storetest.PIN), ErrWrongKey)
	_, err = other.Staff(t.Context())
	wantErr(t, err, ErrWrongKey)
	_, err = other.SignIn(t.Context(), "staff1", storetest.PIN)
	wantErr(t, err, ErrWrongKey)
	wantErr(t, other.AddStaff(t.Context(), storetest.Staff(3), storetest.PIN), ErrWrongKey)
	wantErr(t, other.RotateMasterKey(t.Context(), GenerateMasterKey()), ErrWrongKey)

	must(t, s.Close())
	_, err = openKey(t, s.dir, testKey(t))
	wantErr(t, err, ErrWrongKey)
	s, err = openKey(t, s.dir, next)
	must(t, err)
	checkWhole(t, s, people-1, e.Snapshot)
	checkStaff(t, s, staff)
	wantErr(t, s.Enrol(t.Context(), func() domain.Enrolment {
		again := storetest.Enrolment(3000)
		again.Document = storetest.Enrolment(1).Document
		return again
	}()), domain.ErrDuplicateDocument)
}

// A rotation that fails on the way leaves the old key as it was.
func TestRotationIsWholeOrNot(t *testing.T) {
	s, _ := newTest(t)
	for n := 1; n <= 3; n++ {
		must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
	}
	e, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture"))
	must(t, err)
	mustExec(t, s, `CREATE TEMP TRIGGER fail BEFORE UPDATE OF document_hash ON main.profiles
		WHEN OLD.person = '`+storetest.ID(3)+`' BEGIN SELECT raise(ABORT, 'power cut'); END`)
	next := GenerateMasterKey()
	if err := s.RotateMasterKey(t.Context(), next); err == nil {
		t.Fatal("rotated")
	}
	checkWhole(t, s, 3, e.Snapshot)
	must(t, s.Close())
	_, err = openKey(t, s.dir, next)
	wantErr(t, err, ErrWrongKey)
	s, err = openKey(t, s.dir, testKey(t))
	must(t, err)
	checkWhole(t, s, 3, e.Snapshot)
}

// With a key in a file, wherever a rotation is cut short, the next start finds
// the key that opens the database.
func TestRotateKeyFile(t *testing.T) {
	for name, cut := range map[string]func(t *testing.T, s *Store, file string){
		"not at all": func(t *testing.T, s *Store, file string) { must(t, s.RotateKeyFile(t.Context(), file)) },
		"twice": func(t *testing.T, s *Store, file string) {
			must(t, s.RotateKeyFile(t.Context(), file))
			must(t, s.RotateKeyFile(t.Context(), file))
		},
		"before the commit": func(t *testing.T, s *Store, file string) { must(t, createKey(file+nextKeyExt)) },
		"before the rename": func(t *testing.T, s *Store, file string) {
			must(t, createKey(file+nextKeyExt))
			next, err := readKey(file+nextKeyExt, "", ownerOnly)
			must(t, err)
			must(t, s.RotateMasterKey(t.Context(), next))
		},
		"before the commit, and again": func(t *testing.T, s *Store, file string) {
			must(t, createKey(file+nextKeyExt))
			must(t, s.RotateKeyFile(t.Context(), file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := t.TempDir(), filepath.Join(t.TempDir(), "master.key")
			keys := KeyOptions{File: file, DataDir: dir, Create: true, Getenv: func(string) string { return "" }}
			first, err := LoadMasterKey(keys)
			must(t, err)
			s, err := openKey(t, dir, first)
			must(t, err)
			must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
			e, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture"))
			must(t, err)
			cut(t, s, file)
			checkWhole(t, s, 1, e.Snapshot)
			must(t, s.Close())

			k, err := LoadMasterKey(keys)
			must(t, err)
			s, err = openKey(t, dir, k)
			must(t, err)
			checkWhole(t, s, 1, e.Snapshot)
			// What lies in the file now is the key, by itself.
			alone, err := readKey(file, "", ownerOnly)
			must(t, err)
			must(t, s.Close())
			if _, err = openKey(t, dir, alone); name != "before the commit" {
				must(t, err)
				if alone.key == first.key {
					t.Error("the key has not changed")
				}
				if _, err := os.Stat(file + nextKeyExt); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("next key: %v", err)
				}
				_, err := openKey(t, dir, first)
				wantErr(t, err, ErrWrongKey)
			} else if must(t, err); alone.key != first.key {
				t.Error("the key has changed")
			}
		})
	}
}

func TestRotateKeyFileRefuses(t *testing.T) {
	s, _ := newTest(t)
	file := filepath.Join(t.TempDir(), "key")
	must(t, createKey(file))
	wantErr(t, s.RotateKeyFile(t.Context(), file), ErrWrongKey) // another key
	wantErr(t, s.RotateKeyFile(t.Context(), filepath.Join(s.dir, "key")), ErrKeyExposed)
	if err := s.RotateKeyFile(t.Context(), file+"-absent"); err == nil {
		t.Error("rotated a key that is not there")
	}
	names, err := filepath.Glob(file + "*")
	if must(t, err); !slices.Equal(names, []string{file}) {
		t.Errorf("left %v", names)
	}
	// A next key that does not open the database either helps nobody.
	must(t, createKey(file+nextKeyExt))
	k, err := LoadMasterKey(KeyOptions{File: file, DataDir: s.dir, Getenv: func(string) string { return "" }})
	must(t, err)
	_, err = openKey(t, s.dir, k)
	wantErr(t, err, ErrWrongKey)
	if _, err := os.Stat(file + nextKeyExt); err != nil {
		t.Error(err)
	}
}
