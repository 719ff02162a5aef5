package store

import (
	"bytes"
	"context"
	"database/sql"
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

// joined merges what was planned just now.
func joined(ctx context.Context, s *Store, keep, gone domain.PersonID) (domain.ErasureReceipt, error) {
	p, err := s.PlanMerge(ctx, keep, gone)
	if err != nil {
		return domain.ErasureReceipt{}, err
	}
	return s.MergePeople(ctx, keep, gone, p.Stamp)
}

// What passes over is sealed anew under the key, the id and the place of the one
// who stays; of the other nothing is left on disk, sealed or not.
func TestMergeSealsAnew(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	for n := range 20 { // a crowd, so that rows share pages and move
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	keep, gone := storetest.Person(4).ID, storetest.Person(9).ID
	_, err := s.Record(ctx, storetest.Recognition(gone), []byte("their picture"))
	must(t, err)
	old, err := texts(ctx, s.r, "SELECT id FROM templates WHERE person = ?", gone)
	must(t, err)
	stored := storedOf(t, s, gone)
	delete(stored, "badge") // its id stays in the audit, and names nobody
	_, err = joined(ctx, s, keep, gone)
	must(t, err)
	if found := inFiles(readAll(t, s.dir), stored); found != nil {
		t.Errorf("still on disk: %v", found)
	}
	now, err := texts(ctx, s.r, "SELECT id FROM templates WHERE person = ?", keep)
	must(t, err)
	if len(now) != 4 || slices.ContainsFunc(now, func(id string) bool { return slices.Contains(old, id) }) {
		t.Errorf("templates %v, of the other %v", now, old)
	}
	all, err := s.allTemplates(ctx, s.r, keep) // opened under their key and place
	if err != nil || len(all) != 4 || !slices.ContainsFunc(all, func(x domain.Template) bool {
		return slices.Equal(x.Vector, storetest.Template(9, 1).Vector) && x.CreatedAt.Equal(storetest.Template(9, 1).CreatedAt.Truncate(time.Microsecond))
	}) {
		t.Errorf("%d templates, %v", len(all), err)
	}
	// A new key of the kiosk finds all of it.
	must(t, s.RotateMasterKey(ctx, GenerateMasterKey()))
	if all, err = s.allTemplates(ctx, s.r, keep); err != nil || len(all) != 4 {
		t.Errorf("after a rotation: %d templates, %v", len(all), err)
	}
	if h, err := s.Check(ctx); err != nil || len(h.Problems) != 0 {
		t.Errorf("health %+v, %v", h, err)
	}
	if r, err := s.VerifyAudit(ctx); err != nil || !r.Sound() {
		t.Errorf("audit %+v, %v", r, err)
	}
}

// The centre hears of the one who stays what is new, that the other is erased,
// and nothing else of the other.
func TestWhatTheCentreHearsOfAMerge(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	keep, gone := storetest.Person(1).ID, storetest.Person(2).ID
	must(t, s.AddCase(ctx, storetest.Case(1, 2)))
	for _, lane := range []domain.Lane{domain.LaneEvents, domain.LanePeople, domain.LaneRest} {
		settleAll(t, s, due(t, s, lane), true)
	}
	if w := waiting(t, s); w.Notices != 0 {
		t.Fatalf("waiting %+v", w)
	}
	must(t, s.NeedSecondFactor(ctx, gone)) // not told yet
	_, err := joined(ctx, s, keep, gone)
	must(t, err)

	if got := abouts(due(t, s, domain.LaneErasures)); !slices.Equal(got, []string{"erasure " + string(gone)}) {
		t.Errorf("erasures %q", got)
	}
	if got := abouts(due(t, s, domain.LaneEvents)); !slices.Equal(got, []string{"event merged", "event merged", "event merged"}) {
		t.Errorf("events %q", got)
	}
	people := due(t, s, domain.LanePeople)
	if got := abouts(people); !slices.Equal(got, []string{"person " + string(keep)}) {
		t.Fatalf("people %q", got)
	}
	news := people[0].Person
	if len(news.Templates) != 2 || len(news.Dropped) != 0 || len(news.Changed) != 0 || !news.SecondFactor {
		t.Errorf("news %+v", news)
	}
	rest := due(t, s, domain.LaneRest)
	if len(rest) != 1 || rest[0].Case == nil || rest[0].Case.Person != keep || rest[0].Case.Version != 2 {
		t.Errorf("the rest %+v", rest)
	}
}

// More templates than anybody may have: the best of the other's come along.
func TestMergeTakesTheBestTemplates(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
		var more []domain.Template
		for k := 2; k < MaxTemplates-n; k++ { // room for one
			x := storetest.Template(n, k)
			x.Quality = 0.5 + float64(k)/1000
			more = append(more, x)
		}
		must(t, s.AddTemplates(ctx, storetest.Person(n).ID, more))
	}
	keep, gone := storetest.Person(1).ID, storetest.Person(2).ID
	_, err := joined(ctx, s, keep, gone)
	must(t, err)
	all, err := s.allTemplates(ctx, s.r, keep)
	must(t, err)
	if len(all) != MaxTemplates || all[len(all)-1].Vector[0] < 2 || all[len(all)-1].Quality != 0.753 {
		t.Errorf("%d templates, the last %+v", len(all), all[len(all)-1].Quality)
	}
}

// A document that could not come down, as the other record had it, passes over
// where the one that stays has a consent to it, and not where it has none.
func TestMergePassesADocument(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	must(t, s.Enrol(ctx, storetest.Enrolment(1)))
	gone, document := storetest.Person(1).ID, storetest.Enrolment(1).Document
	apply := pages(t, s)
	twin := remote(2)
	twin.Document = document
	if done := apply(domain.CentreChange{Person: twin}); len(done.Skipped) != 1 {
		t.Fatalf("%+v", done)
	}
	keep := storetest.Person(2).ID
	p, err := s.PlanMerge(ctx, keep, gone)
	if must(t, err); !p.Document || !p.NoData {
		t.Errorf("plan %+v", p)
	}
	// Nor is it enough that nobody's consent to the other stands.
	mustExec(t, s, "DELETE FROM consents WHERE person = '"+string(gone)+"'")
	p, err = s.PlanMerge(ctx, keep, gone)
	if must(t, err); !p.NoData {
		t.Errorf("plan %+v", p)
	}
	_, err = s.MergePeople(ctx, keep, gone, p.Stamp)
	wantErr(t, err, domain.ErrMergeConsent)
	apply(domain.CentreChange{Consent: remoteConsent(2)})
	_, err = joined(ctx, s, keep, gone)
	must(t, err)
	got, err := s.Profile(ctx, keep)
	if must(t, err); got.Document != document || got.Contact != storetest.Enrolment(1).Contact {
		t.Errorf("%+v", got)
	}
	if id, err := s.ByDocument(ctx, document); id != keep || err != nil {
		t.Errorf("document leads to %q, %v", id, err)
	}
}

// Who came under either record has come.
func TestRetentionGoesByBothHistories(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	clock.Advance(200 * 24 * time.Hour)
	_, err := s.Record(ctx, storetest.Recognition(storetest.Person(2).ID), nil)
	must(t, err)
	_, err = joined(ctx, s, storetest.Person(1).ID, storetest.Person(2).ID)
	must(t, err)
	for _, c := range []struct {
		after  time.Duration
		erased int
	}{{24 * time.Hour, 0}, {99 * 24 * time.Hour, 0}, {2 * 24 * time.Hour, 1}} {
		clock.Advance(c.after)
		if r, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: 101 * 24 * time.Hour}); err != nil || r.People != c.erased {
			t.Errorf("after %s more: %+v, %v", c.after, r, err)
		}
	}
}

// Who was merged was found to be somebody who comes, wherever they were seen: no
// night erases them for that one record was not.
func TestRetentionSparesWhoWasMerged(t *testing.T) {
	keep, gone := storetest.Person(1).ID, storetest.Person(2).ID
	policy := RetentionPolicy{UnseenPeople: 365 * day, Heard: 48 * time.Hour}
	left := func(t *testing.T, s *Store, want ...domain.PersonID) {
		t.Helper()
		_, err := s.Retain(t.Context(), policy)
		must(t, err)
		people, err := s.People(t.Context())
		must(t, err)
		var got []domain.PersonID
		for _, p := range people {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("left %q, want %q", got, want)
		}
	}
	t.Run("under no centre", func(t *testing.T) {
		s, clock := newTest(t)
		for n := 1; n <= 2; n++ {
			must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
		}
		clock.Advance(400 * day)
		_, err := joined(t.Context(), s, keep, gone)
		must(t, err)
		left(t, s, keep)
		clock.Advance(366 * day)
		left(t, s)
	})
	// The last sights of both that the centre told of, in days from now.
	for name, c := range map[string]struct{ one, other, want int }{
		"seen as the other": {0, 40, 40}, "as both, the other later": {30, 40, 40}, "as both, the one later": {40, 30, 40}, "as the one": {40, 0, 40},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newTest(t)
			apply := pages(t, s)
			for n := 1; n <= 2; n++ {
				must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
			}
			clock.Advance(400 * day)
			now := clock.Now()
			for id, in := range map[domain.PersonID]int{keep: c.one, gone: c.other} {
				if in > 0 {
					apply(domain.CentreChange{Seen: &domain.RemoteSeen{Person: id, Until: now.Add(time.Duration(in) * day)}})
				}
			}
			_, err := joined(t.Context(), s, keep, gone)
			must(t, err)
			for _, after := range []struct {
				days int
				want []domain.PersonID
			}{{0, []domain.PersonID{keep}}, {365 + c.want - 1, []domain.PersonID{keep}}, {365 + c.want + 1, nil}} {
				clock.Advance(now.Add(time.Duration(after.days) * day).Sub(clock.Now()))
				must(t, s.HeardAll(t.Context()))
				left(t, s, after.want...)
			}
		})
	}
}

// crashMerges enrols people and merges every two of them, until it is killed.
func crashMerges(s *Store) error {
	ctx := context.Background()
	for n := 1000 * os.Getpid(); ; n += 2 {
		for i := n; i < n+2; i++ {
			if err := s.Enrol(ctx, storetest.Enrolment(i)); err != nil {
				return err
			}
		}
		if _, err := s.Record(ctx, storetest.Recognition(storetest.Person(n+1).ID), fmt.Appendf(nil, "picture of %d", n)); err != nil {
			return err
		}
		os.Stdout.WriteString(fmt.Sprintln("merging", n))
		if _, err := joined(ctx, s, storetest.Person(n).ID, storetest.Person(n+1).ID); err != nil {
			return err
		}
		os.Stdout.WriteString(fmt.Sprintln("merged", n))
	}
}

// Whatever the moment of a kill, two records are two, or one that has all that
// passed over and another that is gone whole.
func TestKilledWithMerges(t *testing.T) {
	rounds := 16
	if testing.Short() {
		rounds = 4
	}
	rng := rand.New(rand.NewPCG(7, 8))
	var dir string
	cut, merged, last := 0, 0, map[string]string{}
	for round := range rounds {
		if round%4 == 0 {
			dir, last = t.TempDir(), map[string]string{}
		}
		lines, err := runAndKill("merges", dir, 1+rng.IntN(12), rng.IntN(6000))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, line := range lines {
			what, n, _ := strings.Cut(line, " ")
			last[n] = what
		}
		raw, err := openPool(dsn(dir+"/"+databaseName, false), 1)
		must(t, err)
		var unfinished int
		must(t, raw.QueryRow("SELECT count(*) FROM people WHERE wrapped_key IS NULL AND erased_at IS NULL").Scan(&unfinished))
		must(t, raw.Close())
		cut += unfinished
		merged += verifyMerges(t, dir, last)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if merged == 0 {
		t.Error("it is killed before anybody was merged: this shows nothing")
	}
	t.Logf("%d merged in %d rounds, %d cut after the key", merged, rounds, cut)
}

func verifyMerges(t *testing.T, dir string, said map[string]string) (merged int) {
	t.Helper()
	key, err := crashKey(dir)
	must(t, err)
	s, err := Open(t.Context(), Options{Dir: dir, MasterKey: key, QuickCheck: true})
	must(t, err)
	defer s.Close()
	for num, what := range said {
		n, err := strconv.Atoi(num)
		must(t, err)
		keep, gone := storetest.Person(n).ID, storetest.Person(n+1).ID
		into, err := s.MergedInto(t.Context(), gone)
		if err == nil {
			merged++
		}
		if (err == nil) != (into == keep) || what == "merged" && err != nil {
			t.Errorf("%s %d: merged into %q, %v", what, n, into, err)
			continue
		}
		one, err := s.allTemplates(t.Context(), s.r, keep)
		must(t, err)
		_, goneErr := s.Profile(t.Context(), gone)
		left := map[string]int{}
		for _, table := range []string{"templates", "badges", "consents", "pins", "profiles", "name_index"} {
			var rows int
			must(t, s.r.QueryRow("SELECT count(*) FROM "+table+" WHERE person = ?", gone).Scan(&rows))
			left[table] = rows
		}
		var told, pictures int
		must(t, s.r.QueryRow("SELECT count(*) FROM outbox WHERE kind = 'erasure' AND ref = ?", gone).Scan(&told))
		must(t, s.r.QueryRow("SELECT count(*) FROM snapshots WHERE dropped_at IS NULL AND hash = ?", hashOf(fmt.Appendf(nil, "picture of %d", n))).Scan(&pictures))
		if into != "" {
			if len(one) != 4 || goneErr == nil || told != 1 || pictures != 0 {
				t.Errorf("%d merged: %d templates, the other %v, told %d times, %d pictures", n, len(one), goneErr, told, pictures)
			}
			for table, rows := range left {
				if rows != 0 {
					t.Errorf("%d merged: %d rows in %s", n, rows, table)
				}
			}
			var events bytes.Buffer
			events.WriteString(eventsOf(t, s, gone))
			if !strings.HasSuffix(events.String(), "e") || strings.Count(events.String(), "e") != 1 {
				t.Errorf("events of %d: %s", n+1, &events)
			}
		} else if len(one) != 2 || goneErr != nil || told != 0 || left["templates"] != 2 || left["badges"] != 1 {
			t.Errorf("%d not merged: %d templates, the other %v, told %d times, left %v", n, len(one), goneErr, told, left)
		}
	}
	if r, err := s.VerifyAudit(t.Context()); err != nil || !r.Sound() {
		t.Errorf("audit %+v, %v", r, err)
	}
	return merged
}

// Names are alike by their words, in any order, and a slip of the finger.
func TestAlike(t *testing.T) {
	for pair, want := range map[[2]string]float64{
		{"Ana Sosa", "Sosa, Ana"}:                1,
		{"Ana Sosa", "Ana Soza"}:                 0.95,
		{"Lucía Fernández", "Lucia Fernandes"}:   0.95,
		{"Lucía Fernández", "Lucía Fernnádez"}:   0.95,
		{"Lucía Fernández", "Lucía Fernandezz"}:  0.95,
		{"Lucía Fernández", "Lucía Fernandezxx"}: 0,
		{"Lucía Fernández", "Lucía Gómez"}:       0,
		{"María", "María"}:                       1,
		{"María", "María Gómez"}:                 0,
		{"Li Bo", "Bo Li"}:                       1,
		{"Li Bo", "Lo Bi"}:                       0,
		{"", ""}:                                 0,
	} {
		a, b := words(pair[0]), words(pair[1])
		for range 2 {
			if got := alike(a, b); got < want-1e-9 || got > want+1e-9 {
				t.Errorf("%q and %q: %v, want %v", a, b, got, want)
			}
			a, b = b, a
		}
	}
}

// FuzzAlike: whatever two names are, how alike they are is a part of one, and a
// name is like itself.
func FuzzAlike(f *testing.F) {
	f.Add("Ana Sosa", "Ana Soza")
	f.Add("María del Carmen", "Maria Carmen")
	f.Add("\xff", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := alike(words(a), words(b)), alike(words(b), words(a))
		if !(x >= 0 && x <= 1) || !(y >= 0 && y <= 1) {
			t.Fatalf("%q, %q: %v, %v", a, b, x, y)
		}
		if n := len(words(a)); n > 0 && alike(words(a), words(a)) != 1 {
			t.Fatalf("%q is not like itself", a)
		}
	})
}

// A merge that is cut short after its transaction is finished when the store is
// next opened, and asked again says what it did.
func TestMergeIsFinishedLater(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	keep, gone := storetest.Person(1).ID, storetest.Person(2).ID
	e, err := s.Record(ctx, storetest.Recognition(gone), []byte("their picture"))
	must(t, err)
	p, err := s.PlanMerge(ctx, keep, gone)
	must(t, err)
	release := s.useKeys()
	must(t, s.sealing(ctx, func(tx *sql.Tx) error { return s.join(ctx, tx, p, s.now()) }))
	release()
	if list := due(t, s, domain.LaneErasures); len(list) != 0 { // its receipt is not whole
		t.Errorf("told of %q", abouts(list))
	}
	must(t, s.Close())
	s = openTest(t, s.dir, clock)
	if list := due(t, s, domain.LaneErasures); len(list) != 1 || list[0].Erasure.Receipt.Badges != 1 {
		t.Errorf("opened again, told of %q", abouts(list))
	}
	if _, err := os.Stat(s.snapshotPath(e.Snapshot)); !os.IsNotExist(err) {
		t.Errorf("the picture: %v", err)
	}
	r, err := s.MergePeople(ctx, keep, gone, p.Stamp)
	if err != nil || r.Why != domain.ReasonMerged || r.Templates != 2 || r.Badges != 1 || r.Consents != 1 || r.Snapshots != 1 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	if all, err := s.allTemplates(ctx, s.r, keep); len(all) != 4 || err != nil {
		t.Errorf("%d templates, %v", len(all), err)
	}
}
