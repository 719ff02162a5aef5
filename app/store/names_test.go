package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                        nil,
		"Lucía  GARCÍA-Peña":      {"lucia", "garcia", "pena"},
		"O'Neill, Séan":           {"o", "neill", "sean"},
		"Ⅻ ﬁn":                    {"xii", "fin"},
		"Straße 7b":               {"strasse", "7b"},
		"İpek Ångström":           {"ipek", "angstrom"},
		"a\xffb":                  {"a", "b"},
		"Ελένη Παπαδοπούλου":      {"ελενη", "παπαδοπουλου"},
		strings.Repeat("ab ", 40): slices.Repeat([]string{"ab"}, maxNameWords),
		strings.Repeat("é", 100):  {strings.Repeat("e", maxWordRunes)},
	} {
		if got := words(text); !slices.Equal(got, want) {
			t.Errorf("%.20q: %q, want %q", text, got, want)
		}
	}
}

// Whatever beginning of whichever words of a name is sought, its bucket is one
// of the name's, and the name matches.
func FuzzSearchFindsName(f *testing.F) {
	for _, s := range []string{"Lucía García Pérez", "Li Bo", "Ana", "Ñ", "a-b-c", "\xff"} {
		f.Add(s, uint8(0), uint8(4))
	}
	k, err := testKey(f).keyring()
	must(f, err)
	f.Fuzz(func(t *testing.T, name string, which, n uint8) {
		have := words(name)
		if len(have) == 0 {
			return
		}
		w := have[int(which)%len(have)]
		part := firstRunes(w, max(int(n), wordPrefixes[0]))
		if utf8.RuneCountInString(w) < wordPrefixes[0] {
			part = w // short ones are found whole
		}
		sought := words(part)
		buckets := k.nameBuckets(name)
		for _, b := range k.searchBuckets(sought) {
			if !slices.Contains(buckets, b) {
				t.Errorf("%q of %q is in bucket %d, not in %v", part, name, b, buckets)
			}
		}
		if !matchesWords(name, sought) {
			t.Errorf("%q does not match %q", part, name)
		}
	})
}

// Under another key the same names are in other buckets; and a bucket holds
// more than one word, so that a rare name does not stand alone.
func TestBucketsAreBlind(t *testing.T) {
	a, err := testKey(t).keyring()
	must(t, err)
	b, err := GenerateMasterKey().keyring()
	must(t, err)
	same, seen := 0, make(map[int]bool)
	const n = 200_000
	for i := range n {
		w := fmt.Sprintf("%05x", i)
		if seen[a.bucket(w)] = true; a.bucket(w) == b.bucket(w) {
			same++
		}
	}
	if same > 30 || len(seen) > 1<<16 || len(seen) < 60_000 { // chance: 3, and 62,400 of 65,536
		t.Errorf("%d of %d the same, %d buckets", same, n, len(seen))
	}
}

// A database of before is indexed when it is opened, once; another key indexes
// it anew; and who renames is found under the new name alone.
func TestNameIndexIsKept(t *testing.T) {
	dir := fixture(t, "testdata/schema4.sql")
	s := openTest(t, dir, nil)
	search := func(text string) (n int) {
		t.Helper()
		page, err := s.FindPeople(t.Context(), domain.PeopleQuery{Text: text})
		must(t, err)
		return len(page.People)
	}
	if n := search("perez"); n != 2 {
		t.Errorf("%d found after the migration", n)
	}
	rows := func() (list []string) {
		list, err := texts(t.Context(), s.r, "SELECT bucket || ' ' || person FROM name_index ORDER BY 1")
		must(t, err)
		return list
	}
	before := rows()
	must(t, s.RotateMasterKey(t.Context(), GenerateMasterKey()))
	if after := rows(); len(after) != len(before) || slices.Equal(after, before) {
		t.Errorf("index %v under another key, was %v", after, before)
	}
	if n := search("perez"); n != 2 {
		t.Errorf("%d found under another key", n)
	}
	must(t, s.RenamePerson(t.Context(), storetest.Person(1).ID, "Otto Müller"))
	if a, b := search("perez"), search("mueller")+search("muller"); a != 1 || b != 1 {
		t.Errorf("%d and %d found after a change of name", a, b)
	}
	must(t, eraseOne(s, storetest.Person(1).ID))
	must(t, eraseOne(s, storetest.Person(2).ID))
	if left := rows(); left != nil {
		t.Errorf("left: %v", left)
	}
}

// An index that was tampered with finds wrong people for nobody: what is found
// is opened and compared.
func TestForgedNameIndex(t *testing.T) {
	s, _ := newTest(t)
	for n := 1; n <= 3; n++ {
		e := storetest.Enrolment(n)
		e.Person.Name = []string{"", "Ana Ruiz", "Luis Paz", "Eva Gil"}[n]
		must(t, s.Enrol(t.Context(), e))
	}
	mustExec(t, s, "INSERT OR IGNORE INTO name_index SELECT n.bucket, p.id FROM name_index n, people p")
	page, err := s.FindPeople(t.Context(), domain.PeopleQuery{Text: "luis"})
	if must(t, err); len(page.People) != 1 || page.People[0].ID != storetest.Person(2).ID {
		t.Errorf("found %+v", page)
	}
}

// A search that would have to open very many names answers with what it has.
func TestSearchIsBounded(t *testing.T) {
	s, _ := newTest(t)
	const n = maxSearched + 500
	seedPeople(t, s, n, func(i int) string { // all in one bucket; the oldest alone matches
		if i == 0 {
			return "Garciela"
		}
		return "Garcixyz"
	})
	q := domain.PeopleQuery{Text: "garciel"}
	page, err := s.FindPeople(t.Context(), q)
	if must(t, err); len(page.People) != 0 || page.More == "" {
		t.Fatalf("%d found, more %q", len(page.People), page.More)
	}
	q.Before = page.More
	page, err = s.FindPeople(t.Context(), q)
	if must(t, err); len(page.People) != 1 || page.More != "" {
		t.Errorf("%d found, more %q", len(page.People), page.More)
	}
}
