package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

const day = 24 * time.Hour

// Who shows no sign of life for the policy's time is erased; who does, stays.
func TestRetainPeople(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	record := func(n int, e domain.Event) domain.EventID {
		t.Helper()
		e.Person = storetest.Person(n).ID
		e, err := s.Record(ctx, e, nil)
		must(t, err)
		return e.ID
	}
	signs := map[int]struct {
		stays bool
		give  func(n int)
	}{
		1: {false, func(int) {}},
		2: {true, func(n int) { record(n, storetest.Recognition("")) }},
		3: {true, func(n int) { record(n, domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedPIN}) }},
		4: {false, func(n int) { record(n, domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonWrongPIN}) }},
		5: {false, func(n int) { // it was somebody else
			id := record(n, storetest.Recognition(""))
			record(n, domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, About: id})
		}},
		6: {true, func(n int) { must(t, s.IssueBadge(ctx, storetest.Badge(n, 1))) }},
		7: {false, func(n int) {
			must(t, s.RevokeBadge(ctx, storetest.Badge(n, 0).ID, domain.ReasonBadgeRevoked, time.Time{}))
		}},
		8: {true, func(n int) { must(t, s.SetPIN(ctx, storetest.Person(n).ID, "802751")) }},
		10: {true, func(n int) {
			record(n, domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedFacePIN})
		}},
		11: {true, func(n int) { record(n, domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedAll}) }},
	}
	for n := range signs {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	clock.Advance(100 * day)
	for n, sign := range signs {
		sign.give(n)
	}
	late := storetest.Person(9)
	late.CreatedAt = clock.Now()
	must(t, s.AddPerson(ctx, late, nil))
	clock.Advance(100 * day)

	for _, p := range []RetentionPolicy{{}, {UnseenPeople: 200*day + time.Minute, Snapshots: day}} {
		if r, err := s.Retain(ctx, p); r != (RetentionReport{}) || err != nil {
			t.Fatalf("%+v: %+v, %v", p, r, err)
		}
	}
	r, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: 101 * day})
	if must(t, err); r != (RetentionReport{People: 4}) {
		t.Errorf("report %+v", r)
	}
	people, err := s.People(ctx)
	must(t, err)
	stay := func(n int) bool {
		return slices.ContainsFunc(people, func(p domain.Person) bool { return p.ID == storetest.Person(n).ID })
	}
	for n, sign := range signs {
		if stay(n) != sign.stays {
			t.Errorf("person %d stays: %v", n, stay(n))
		}
	}
	if !stay(9) || len(people) != 7 {
		t.Errorf("people %+v", people)
	}
	es, err := s.EventsQuery(ctx, Filter{Kind: domain.EventErasure})
	must(t, err)
	var gone []string
	for _, e := range es {
		if e.Reason != domain.ReasonErasedUnseen || !e.At.Equal(s.now()) {
			t.Errorf("event %+v", e)
		}
		gone = append(gone, string(e.Person))
	}
	slices.Sort(gone)
	if want := []string{storetest.ID(1), storetest.ID(4), storetest.ID(5), storetest.ID(7)}; !slices.Equal(gone, want) {
		t.Errorf("events of %v, want %v", gone, want)
	}
	// Nobody is left to erase, and nothing more is told.
	if r, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: 101 * day}); r != (RetentionReport{}) || err != nil {
		t.Errorf("again: %+v, %v", r, err)
	}
}

func TestRetainSnapshots(t *testing.T) {
	s, clock := newTest(t)
	var hashes []string
	keep := func(n int) {
		t.Helper()
		for range n {
			e, err := s.Record(t.Context(), storetest.Recognition(""), fmt.Appendf(nil, "picture %d", len(hashes)))
			must(t, err)
			hashes = append(hashes, e.Snapshot)
		}
	}
	keep(sweepBatch + 1)
	old := len(hashes)
	clock.Advance(30 * day)
	keep(2)
	// None was sent: a kiosk without a centre must not keep pictures for ever.
	r, err := s.Retain(t.Context(), RetentionPolicy{Snapshots: 30 * day, UnseenPeople: day})
	if must(t, err); r != (RetentionReport{}) {
		t.Errorf("at the limit: %+v", r)
	}
	clock.Advance(time.Microsecond)
	r, err = s.Retain(t.Context(), RetentionPolicy{Snapshots: 30 * day})
	if must(t, err); r != (RetentionReport{Snapshots: old}) {
		t.Errorf("report %+v", r)
	}
	for i, hash := range hashes {
		if _, err := s.Snapshot(t.Context(), hash); (err == nil) != (i >= old) {
			t.Errorf("picture %d: %v", i, err)
		}
	}
	if n := countPictures(t, s.dir); n != 2 {
		t.Errorf("%d files", n)
	}
	es, err := s.EventsQuery(t.Context(), Filter{Reason: domain.ReasonSnapshotsExpired})
	must(t, err)
	if len(es) != 2 || es[0].Frames+es[1].Frames != old || es[0].Kind != domain.EventErasure {
		t.Errorf("events %+v", es)
	}
	for _, p := range []RetentionPolicy{{UnseenPeople: -1}, {Snapshots: -1}} {
		_, err := s.Retain(t.Context(), p)
		wantErr(t, err, ErrInvalid)
	}
}

// What a run was kept from finishing, the next one finishes.
func TestRetainIsCutShort(t *testing.T) {
	s, clock := newTest(t)
	for n := range 3 {
		must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
	}
	clock.Advance(10 * day)
	mustExec(t, s, "CREATE TEMP TRIGGER fail BEFORE DELETE ON main.pins WHEN OLD.person = '"+storetest.ID(1)+
		"' BEGIN SELECT raise(ABORT, 'power cut'); END")
	r, err := s.Retain(context.Background(), RetentionPolicy{UnseenPeople: day})
	if err == nil || r.People != 2 { // the second's key is destroyed, and no more
		t.Errorf("report %+v, %v", r, err)
	}
	_, err = s.Profile(t.Context(), storetest.Person(1).ID)
	wantErr(t, err, domain.ErrNotFound)
	_, err = s.ByDocument(t.Context(), storetest.Enrolment(1).Document)
	wantErr(t, err, domain.ErrNotFound)
	// Their document is free even now.
	again := storetest.Enrolment(4)
	again.Document = storetest.Enrolment(1).Document
	must(t, s.Enrol(t.Context(), again))
	must(t, s.Close())

	s = openTest(t, s.dir, clock)
	receipt, err := s.EraseIdentity(t.Context(), storetest.Person(1).ID, domain.ReasonErasedByStaff, time.Time{})
	must(t, err)
	if receipt.Why != domain.ReasonErasedUnseen || receipt.Templates != 2 || receipt.Badges != 1 || receipt.Consents != 1 {
		t.Errorf("receipt %+v", receipt)
	}
	if r, err := s.Retain(t.Context(), RetentionPolicy{UnseenPeople: day}); r != (RetentionReport{People: 1}) || err != nil {
		t.Errorf("the third: %+v, %v", r, err)
	}
	if id, err := s.ByDocument(t.Context(), again.Document); id != again.Person.ID || err != nil {
		t.Errorf("document of %q, %v", id, err)
	}
	if b, _ := texts(t.Context(), s.r, "SELECT secret FROM pins"); len(b) != 1 || bytes.Contains([]byte(b[0]), []byte(storetest.PIN)) {
		t.Errorf("%d pins left", len(b))
	}
}
