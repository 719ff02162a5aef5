package client_test

import (
	"errors"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/outbox"
)

// Two records that A merges are one in PostgreSQL and at B: the templates of
// both under the consent of the one that stays, the other erased, and nothing
// refused. A badge of the other, at B, is nobody's.
func TestRealCentreHearsOfAMerge(t *testing.T) {
	r := newReal(t)
	a, b := r.kiosk("Centro"), r.kiosk("Sur")
	runA, stopA := a.start(nil)
	defer stopA()
	runB, stopB := b.start(nil)
	defer stopB()
	keep, gone := enrolment(1), enrolment(2)
	must(t, a.Enrol(t.Context(), keep))
	must(t, a.Enrol(t.Context(), gone))
	must(t, a.AddCase(t.Context(), storetest.Case(1, 2)))
	must(t, a.NeedSecondFactor(t.Context(), gone.Person.ID))
	runA.Wake()
	runB.await(func(outbox.Status) bool {
		_, err := b.Badge(t.Context(), gone.Badge.ID)
		return err == nil
	})
	a.drained(runA)
	_, err := r.sql.Exec(t.Context(), "DELETE FROM events") // nobody was seen of late
	must(t, err)

	a.join(keep.Person.ID, gone.Person.ID)
	runA.Wake()
	runB.await(func(outbox.Status) bool {
		_, err := b.Person(t.Context(), gone.Person.ID)
		q, kept := b.Profile(t.Context(), keep.Person.ID)
		ts, _ := b.Templates(t.Context(), storetest.Encoder)
		return err != nil && kept == nil && q.SecondFactor && len(ts) == 4
	})
	ts, err := b.Templates(t.Context(), storetest.Encoder)
	must(t, err)
	for _, x := range ts {
		if x.PersonID != keep.Person.ID {
			t.Errorf("a template of %s at B", x.PersonID)
		}
	}
	if got, err := b.Badge(t.Context(), gone.Badge.ID); err == nil {
		t.Errorf("at B the other's badge is %+v", got)
	}
	a.drained(runA)
	b.drained(runB)
	for what, c := range map[string]struct {
		got, want int
	}{
		"people":                 {r.count("SELECT count(*) FROM people WHERE id = $1", gone.Person.ID), 0},
		"templates of the one":   {r.count("SELECT count(*) FROM templates WHERE person = $1", keep.Person.ID), 4},
		"badges of the other":    {r.count("SELECT count(*) FROM badges WHERE person = $1", gone.Person.ID), 0},
		"consents of the other":  {r.count("SELECT count(*) FROM consents WHERE person = $1", gone.Person.ID), 0},
		"tombstones":             {r.count("SELECT count(*) FROM tombstones WHERE person = $1 AND why = 'merged'", gone.Person.ID), 1},
		"cases of the one":       {r.count("SELECT count(*) FROM items WHERE kind = 'case' AND body IS NOT NULL AND person = $1", keep.Person.ID), 1},
		"cases of the other":     {r.count("SELECT count(*) FROM items WHERE kind = 'case' AND body IS NOT NULL AND person = $1", gone.Person.ID), 0},
		"events that name whose": {r.count("SELECT count(*) FROM events WHERE person = $1", gone.Person.ID), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d rows, want %d", what, c.got, c.want)
		}
	}
	for name, k := range map[string]*kiosk{"A": a, "B": b} {
		if w, err := k.WaitingNotices(t.Context()); err != nil || w.Dead != 0 {
			dead, _ := k.DeadNotices(t.Context(), 0)
			t.Errorf("%s: dead %+v, %v", name, dead, err)
		}
	}
	// At B the one who stays was seen: as whom they came, only A knows.
	if n, err := r.db.Look(t.Context()); err != nil || n != 1 || r.count("SELECT count(*) FROM seen WHERE person = $1", keep.Person.ID) != 1 {
		t.Errorf("the centre tells of the last sights of %d, %v", n, err)
	}
	// B knows both from the centre alone, and their consents with them: there the
	// face passes over as well, and A hears of it.
	other := enrolment(3)
	must(t, a.Enrol(t.Context(), other))
	runA.Wake()
	runB.await(func(outbox.Status) bool {
		ts, _ := b.Templates(t.Context(), storetest.Encoder)
		return len(ts) == 6
	})
	if p := b.join(keep.Person.ID, other.Person.ID); p.NoConsent || p.Templates != 2 {
		t.Errorf("plan at B: %+v", p)
	}
	runB.Wake()
	runA.await(func(outbox.Status) bool {
		_, err := a.Person(t.Context(), other.Person.ID)
		ts, terr := a.PersonTemplates(t.Context(), keep.Person.ID, storetest.Encoder)
		return err != nil && terr == nil && len(ts) == 6
	})
	if into, err := a.MergedInto(t.Context(), other.Person.ID); err == nil {
		t.Errorf("A knows of it as %s: a merge is told as what it leaves", into)
	}
	if e, err := a.Person(t.Context(), keep.Person.ID); err != nil || e.ID == "" || domain.PersonID(e.ID) != keep.Person.ID {
		t.Errorf("the one who stays at A: %+v, %v", e, err)
	}
}

// join merges two records, planned anew as often as the centre tells the kiosk of
// them meanwhile.
func (k *kiosk) join(keep, gone domain.PersonID) domain.MergePlan {
	k.t.Helper()
	for {
		p, err := k.PlanMerge(k.t.Context(), keep, gone)
		must(k.t, err)
		if _, err = k.MergePeople(k.t.Context(), keep, gone, p.Stamp); !errors.Is(err, domain.ErrMergeChanged) {
			must(k.t, err)
			return p
		}
	}
}
