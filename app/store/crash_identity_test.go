package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// crashIdentities enrols people, two at a time, and erases every other one,
// until it is killed. It says when it begins to erase, and when something is
// done.
func crashIdentities(s *Store) error {
	ctx := context.Background()
	var first int
	if err := s.r.QueryRow("SELECT count(*) FROM people").Scan(&first); err != nil {
		return err
	}
	fail := make(chan error, 2)
	for w := range 2 {
		go func() {
			// The other's numbers are odd where these are even: none is used twice.
			for n := 2*first + w + 1000*os.Getpid(); ; n += 2 {
				if err := crashLife(ctx, s, n); err != nil {
					fail <- fmt.Errorf("person %d: %w", n, err)
					return
				}
			}
		}()
	}
	return <-fail
}

func crashLife(ctx context.Context, s *Store, n int) error {
	say := func(what string) { os.Stdout.WriteString(fmt.Sprintln(what, n)) }
	e := storetest.Enrolment(n)
	if err := s.Enrol(ctx, e); err != nil {
		return err
	}
	say("enrolled")
	if _, err := s.Record(ctx, storetest.Recognition(e.Person.ID), fmt.Appendf(nil, "picture of %d", n)); err != nil {
		return err
	}
	if n/2%2 == 0 {
		return nil
	}
	say("erasing")
	if _, err := s.EraseIdentity(ctx, e.Person.ID, domain.ReasonErasedByPerson, time.Time{}); err != nil {
		return err
	}
	say("erased")
	return nil
}

// Whatever the moment of a kill, a person is here whole or not at all; and one
// whose key is gone is gone whole once the store is open again.
func TestKilledWithIdentities(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var dir string
	var said map[string]string // the last word about each person
	total, cut := 0, 0
	for round := range rounds {
		if round%5 == 0 {
			dir, said = t.TempDir(), make(map[string]string)
		}
		// Some are killed as an erasure begins: those are the moments to try.
		lines, err := runAndKill("identities", dir, 1+rng.IntN(30), rng.IntN(4000))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, line := range lines {
			what, n, _ := strings.Cut(line, " ")
			said[n] = what
		}
		total += len(lines)
		cut += verifyIdentities(t, dir, said)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if total < 5*rounds {
		t.Errorf("only %d lines in %d rounds: it is killed too early to show much", total, rounds)
	}
	t.Logf("%d lines in %d rounds, %d erasures cut after the key", total, rounds, cut)
}

// crashRotations rotates the key in its file again and again, beside enrolments.
func crashRotations(s *Store) error {
	fail := make(chan error, 2)
	go func() {
		for n := 1000 * os.Getpid(); ; n++ {
			e := storetest.Enrolment(n)
			if err := s.Enrol(context.Background(), e); err != nil {
				fail <- err
				return
			}
			os.Stdout.WriteString(fmt.Sprintln("enrolled", n))
		}
	}()
	go func() {
		for {
			if err := s.RotateKeyFile(context.Background(), crashKeyFile(s.dir)); err != nil {
				fail <- err
				return
			}
		}
	}()
	return <-fail
}

// Whatever the moment of a kill, the key file opens the database, and all that
// hangs on the key is under it.
func TestKilledWithRotations(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	rng := rand.New(rand.NewPCG(5, 6))
	var dir string
	var said map[string]string
	var keys [][keySize]byte
	for round := range rounds {
		if round%4 == 0 {
			dir, said = t.TempDir(), make(map[string]string)
		}
		lines, err := runAndKill("rotations", dir, 1+rng.IntN(10), rng.IntN(20_000))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, line := range lines {
			what, n, _ := strings.Cut(line, " ")
			said[n] = what
		}
		verifyIdentities(t, dir, said)
		key, err := crashKey(dir)
		must(t, err)
		if keys = append(keys, key.key); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	slices.SortFunc(keys, func(a, b [keySize]byte) int { return bytes.Compare(a[:], b[:]) })
	if n := len(slices.Compact(keys)); n < rounds/2 {
		t.Errorf("%d keys in %d rounds: it is killed before it rotates", n, rounds)
	}
}

// verifyIdentities opens a folder as a kill has left it, and gives how many
// erasures were to be finished.
func verifyIdentities(t *testing.T, dir string, said map[string]string) (cut int) {
	t.Helper()
	raw, err := openPool(dsn(dir+"/"+databaseName, false), 1)
	must(t, err)
	must(t, raw.QueryRow("SELECT count(*) FROM people WHERE wrapped_key IS NULL AND erased_at IS NULL").Scan(&cut))
	must(t, raw.Close())

	key, err := crashKey(dir)
	must(t, err)
	s, err := Open(t.Context(), Options{Dir: dir, MasterKey: key, QuickCheck: true})
	must(t, err)
	defer s.Close()
	alive, err := texts(t.Context(), s.r, "SELECT id FROM people WHERE wrapped_key IS NOT NULL")
	must(t, err)
	gone, err := texts(t.Context(), s.r, "SELECT id FROM people WHERE wrapped_key IS NULL")
	must(t, err)
	for _, id := range alive {
		verifyWhole(t, s, domain.PersonID(id))
	}
	for _, id := range gone {
		verifyGone(t, s, domain.PersonID(id))
	}
	for n, what := range said {
		i, err := strconv.Atoi(n)
		must(t, err)
		id := storetest.ID(i)
		isAlive, isGone := slices.Contains(alive, id), slices.Contains(gone, id)
		if what == "enrolled" && !isAlive || what == "erased" && !isGone || !isAlive && !isGone {
			t.Errorf("%s %s, but alive %v, gone %v", n, what, isAlive, isGone)
		}
	}
	// No row of anything is without its person, and no event without its message.
	for _, table := range []string{"profiles", "pins", "consents", "badges", "templates", "name_index"} {
		var lost int
		must(t, s.r.QueryRow("SELECT count(*) FROM "+table+" WHERE person NOT IN (SELECT id FROM people WHERE wrapped_key IS NOT NULL)").Scan(&lost))
		if lost > 0 {
			t.Errorf("%d rows of nobody in %s", lost, table)
		}
	}
	var events, last, unqueued int
	must(t, s.r.QueryRow(`SELECT count(*), coalesce(max(seq), 0), (SELECT count(*) FROM events WHERE NOT EXISTS (
		SELECT 1 FROM outbox WHERE kind = 'event' AND ref = events.id)) FROM events`).Scan(&events, &last, &unqueued))
	if events != last || unqueued != 0 {
		t.Errorf("%d events up to %d, %d not in the outbox", events, last, unqueued)
	}
	// Whatever was done is audited, once, and the chain holds.
	if r, err := s.VerifyAudit(t.Context()); err != nil || !r.Sound() {
		t.Errorf("audit %+v, %v", r, err)
	}
	var registered, erased int
	must(t, s.r.QueryRow(`SELECT count(*) FILTER (WHERE action = 'person_registered'), count(*) FILTER (WHERE action = 'person_erased')
		FROM audit`).Scan(&registered, &erased))
	if registered != len(alive)+len(gone) || erased != len(gone) {
		t.Errorf("%d registered, %d erased in the audit; %d alive, %d gone", registered, erased, len(alive), len(gone))
	}
	return cut
}

func verifyWhole(t *testing.T, s *Store, id domain.PersonID) {
	t.Helper()
	p, err := s.Profile(t.Context(), id)
	must(t, err)
	if p.Document == "" || p.Contact == "" || len(p.Consents) != 1 || len(p.Badges) != 1 || !p.HasPIN || !p.HasFace {
		t.Errorf("half a person: %+v", p)
	}
	var indexed int
	must(t, s.r.QueryRow("SELECT count(*) FROM name_index WHERE person = ?", id).Scan(&indexed))
	if want := len(s.keys.nameBuckets(p.Person.Name)); indexed != want {
		t.Errorf("%s is in %d buckets of %d", id, indexed, want)
	}
	if of, err := s.ByDocument(t.Context(), p.Document); of != id || err != nil {
		t.Errorf("document of %s leads to %q, %v", id, of, err)
	}
	s.pins.cost = cheapPIN
	if err := s.CheckPIN(t.Context(), id, storetest.PIN); err != nil {
		t.Errorf("pin of %s: %v", id, err)
	}
	if kinds := eventsOf(t, s, id); kinds[:2] != "rb" || strings.Contains(kinds, "e") {
		t.Errorf("events of %s: %s", id, kinds)
	}
}

func verifyGone(t *testing.T, s *Store, id domain.PersonID) {
	t.Helper()
	if kinds := eventsOf(t, s, id); kinds[:2] != "rb" || strings.Count(kinds, "e") != 1 || kinds[len(kinds)-1] != 'e' {
		t.Errorf("events of %s: %s", id, kinds)
	}
	var told int
	must(t, s.r.QueryRow("SELECT count(*) FROM outbox WHERE kind = 'erasure' AND ref = ?", id).Scan(&told))
	if told != 1 {
		t.Errorf("the centre is told %d times of %s", told, id)
	}
	r, err := s.EraseIdentity(t.Context(), id, domain.ReasonErasedByStaff, time.Time{})
	must(t, err)
	if r.Why != domain.ReasonErasedByPerson || r.Templates != 2 || r.Badges != 1 || r.Consents != 1 || r.Snapshots != 1 || r.Outbox != 3 {
		t.Errorf("receipt of %s: %+v", id, r)
	}
	// Their picture, by its hash, has no file any more.
	n, err := strconv.ParseInt(string(id)[24:], 16, 64)
	must(t, err)
	if _, err := os.Stat(s.snapshotPath(hashOf(fmt.Appendf(nil, "picture of %d", n)))); !os.IsNotExist(err) {
		t.Errorf("picture of %s: %v", id, err)
	}
}

// eventsOf gives the first letters of the kinds of a person's events; that of
// a recognition is s, for seen.
func eventsOf(t *testing.T, s *Store, id domain.PersonID) string {
	t.Helper()
	es, err := s.EventsQuery(t.Context(), Filter{Person: id})
	must(t, err)
	var b bytes.Buffer
	for _, e := range slices.Backward(es) {
		c := e.Kind[0]
		if e.Kind == domain.EventRecognition {
			c = 's'
		}
		b.WriteByte(c)
	}
	if b.Len() < 2 {
		t.Fatalf("events of %s: %q", id, &b)
	}
	return b.String()
}
