package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
)

// merge merges as a member of staff would: what was planned.
func merge(t *testing.T, f *fixture, keep, gone int) domain.ErasureReceipt {
	t.Helper()
	p, err := f.PlanMerge(t.Context(), Person(keep).ID, Person(gone).ID)
	must(t, err)
	r, err := f.MergePeople(t.Context(), Person(keep).ID, Person(gone).ID, p.Stamp)
	must(t, err)
	return r
}

// vectorsOf lists the first values of a person's templates, which Template makes
// different for each.
func vectorsOf(t *testing.T, f *fixture, id domain.PersonID) (list []float32) {
	t.Helper()
	ts, err := f.Templates(t.Context(), Encoder)
	must(t, err)
	for _, x := range ts {
		if x.PersonID == id {
			list = append(list, x.Vector[0])
		}
	}
	slices.Sort(list)
	return list
}

func twoBecomeOne(t *testing.T, f *fixture) {
	keep, gone := Person(1).ID, Person(2).ID
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	must(t, f.Enrol(t.Context(), Enrolment(3)))
	must(t, f.IssueBadge(t.Context(), Badge(2, 1)))
	must(t, f.RevokeBadge(t.Context(), Badge(2, 0).ID, domain.ReasonBadgeRenewed, Start.Add(time.Hour)))
	must(t, f.NeedSecondFactor(t.Context(), gone))
	must(t, f.AddCase(t.Context(), Case(1, 2)))
	seen, err := f.Record(t.Context(), Recognition(gone), []byte("their picture"))
	must(t, err)
	for range domain.MaxAttempts {
		_, err := f.Fail(t.Context(), domain.SubjectPerson(gone))
		must(t, err)
	}
	_, err = f.Fail(t.Context(), domain.SubjectPerson(keep))
	must(t, err)
	locked, err := f.Locked(t.Context(), domain.SubjectPerson(gone))
	must(t, err)

	p, err := f.PlanMerge(t.Context(), keep, gone)
	must(t, err)
	if p.Document || p.Contact || p.Templates != 2 || p.NoConsent || p.Badges != 1 || p.Cases != 1 || !p.Second || p.Lock != locked || p.Stamp == "" ||
		p.Keep.Person.Name != Person(1).Name || p.Gone.Document != Enrolment(2).Document || p.Gone.Lock != locked || p.Keep.Lock.Failures != 1 {
		t.Errorf("plan %+v", p)
	}
	before, err := f.Profile(t.Context(), keep)
	must(t, err)
	clerk := domain.Staff{ID: Staff(1).ID, Role: domain.RoleAdmin}
	r, err := f.MergePeople(domain.WithActor(t.Context(), domain.StaffActor(clerk)), keep, gone, p.Stamp)
	must(t, err)
	// Waiting are: registered, two badges issued and two ended, recognised.
	want := domain.ErasureReceipt{
		ID: r.ID, At: r.At, Why: domain.ReasonMerged, KeyGone: true, Templates: 2, Badges: 2, Consents: 1, Snapshots: 1, Outbox: 6,
	}
	if r != want || r.ID == "" {
		t.Errorf("receipt %+v, want %+v", r, want)
	}

	for again := range 2 {
		got, err := f.Profile(t.Context(), keep)
		must(t, err)
		if got.Person.Name != before.Person.Name || got.Document != before.Document || got.Contact != before.Contact || got.Person.Version != before.Person.Version+1 ||
			len(got.Consents) != 1 || !slices.Equal(got.Badges, before.Badges) || !got.HasPIN || !got.HasFace || !got.SecondFactor {
			t.Errorf("the one who stays: %+v\nbefore: %+v", got, before)
		}
		if v, want := vectorsOf(t, f, keep), []float32{1, 1.125, 2, 2.125}; !slices.Equal(v, want) {
			t.Errorf("templates %v, want %v", v, want)
		}
		if l, err := f.Locked(t.Context(), domain.SubjectPerson(keep)); l != locked || err != nil {
			t.Errorf("lock %+v, %v, want %+v", l, err, locked)
		}
		_, err = f.Profile(t.Context(), gone)
		wantErr(t, "profile of the other", err, domain.ErrNotFound)
		_, err = f.ByDocument(t.Context(), Enrolment(2).Document)
		wantErr(t, "document of the other", err, domain.ErrNotFound)
		_, err = f.Badge(t.Context(), Badge(2, 1).ID)
		wantErr(t, "badge of the other", err, domain.ErrNotFound)
		if e, err := f.EventByID(t.Context(), seen.ID); e != seen || err != nil {
			t.Errorf("history is rewritten: %+v, %v", e, err)
		}
		if ids, err := f.MergedWith(t.Context(), keep); !slices.Equal(ids, []domain.PersonID{gone}) || err != nil {
			t.Errorf("merged with %v, %v", ids, err)
		}
		if id, err := f.MergedInto(t.Context(), gone); id != keep || err != nil {
			t.Errorf("merged into %v, %v", id, err)
		}
		if c, err := f.Case(t.Context(), Case(1, 2).ID); c.Person != keep || c.Version != 2 || err != nil {
			t.Errorf("case %+v, %v", c, err)
		}
		if again == 0 {
			f.Subject = f.reopen()
		}
		// Asked again, it is the same, and nothing more.
		if got, err := f.MergePeople(t.Context(), keep, gone, p.Stamp); got != want || err != nil {
			t.Errorf("again: %+v, %v", got, err)
		}
	}
	wantErr(t, "a wrong pin", f.CheckPIN(t.Context(), Person(3).ID, wrongPIN), domain.ErrWrongPIN) // nobody else is touched
	if v := vectorsOf(t, f, Person(3).ID); len(v) != 2 {
		t.Errorf("another's templates %v", v)
	}
	list := happened(t, f, 1)
	if tail := list[len(list)-3:]; !slices.Equal(tail, []string{
		event(domain.EventRegistration, domain.ReasonMerged, 1), event(domain.EventBadge, domain.ReasonMerged, 2),
		event(domain.EventErasure, domain.ReasonMerged, 2),
	}) {
		t.Errorf("happened %q", tail)
	}
	var deeds []string
	es, err := f.Audit(t.Context(), domain.AuditFilter{Actor: string(clerk.ID)}, 0, 100)
	must(t, err)
	for _, e := range slices.Backward(es) {
		deeds = append(deeds, fmt.Sprintf("%s %s %s%s", e.Action, e.Target.ID, e.Detail["other"], e.Detail["reason"]))
	}
	if want := []string{
		fmt.Sprintf("merged %s %s", keep, gone), fmt.Sprintf("badge_revoked %s merged", Badge(2, 1).ID),
		fmt.Sprintf("second_factor_required %s ", keep), fmt.Sprintf("person_erased %s merged", gone),
	}; !slices.Equal(deeds, want) {
		t.Errorf("audit %q, want %q", deeds, want)
	}
}

// What the record that stays lacks, it takes from the other, under a consent that
// it has itself: to data, and for a face to that.
func mergeFillsIn(t *testing.T, f *fixture) {
	bare := Enrolment(1)
	bare.Contact, bare.PIN, bare.Badge, bare.Templates = "", "", domain.Badge{}, nil
	bare.Consent.Granted, bare.Consent.Refused = []domain.Purpose{domain.PurposeData}, []domain.Purpose{domain.PurposeFace}
	must(t, f.Enrol(t.Context(), bare))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	p, err := f.PlanMerge(t.Context(), Person(1).ID, Person(2).ID)
	must(t, err)
	if p.Document || !p.Contact || p.Templates != 0 || !p.NoConsent || p.NoData || p.FaceTaken {
		t.Errorf("plan %+v", p)
	}
	merge(t, f, 1, 2)
	got, err := f.Profile(t.Context(), Person(1).ID)
	must(t, err)
	if got.Document != bare.Document || got.Contact != Enrolment(2).Contact || got.HasFace || got.HasPIN || len(got.Consents) != 1 {
		t.Errorf("filled in: %+v", got)
	}
	_, err = f.ByDocument(t.Context(), Enrolment(2).Document)
	wantErr(t, "document of the other", err, domain.ErrNotFound)
	if l, err := f.Locked(t.Context(), domain.SubjectPerson(Person(1).ID)); l != (domain.Lock{}) || err != nil {
		t.Errorf("lock %+v, %v", l, err)
	}

	// A consent that was taken back is none.
	must(t, f.Enrol(t.Context(), Enrolment(3)))
	must(t, f.Enrol(t.Context(), Enrolment(4)))
	must(t, f.Withdraw(t.Context(), Person(3).ID, domain.PurposeFace, Start))
	if p, err = f.PlanMerge(t.Context(), Person(3).ID, Person(4).ID); err != nil || p.Templates != 0 || !p.NoConsent {
		t.Errorf("plan %+v, %v", p, err)
	}
	merge(t, f, 3, 4)
	if v := vectorsOf(t, f, Person(3).ID); len(v) != 0 {
		t.Errorf("templates without a consent: %v", v)
	}
}

// Nothing goes to a record that nobody agreed to, nor is an agreement lost with
// the other: that is the one to keep.
func mergeWithoutConsent(t *testing.T, f *fixture) {
	must(t, f.AddPerson(t.Context(), Person(1), nil)) // by staff: nobody was asked
	must(t, f.AddPerson(t.Context(), Person(2), nil))
	must(t, f.Enrol(t.Context(), Enrolment(3)))
	one, three := Person(1).ID, Person(3).ID
	p, err := f.PlanMerge(t.Context(), one, three)
	must(t, err)
	if !p.NoData {
		t.Errorf("plan %+v", p)
	}
	_, err = f.MergePeople(t.Context(), one, three, p.Stamp)
	wantErr(t, "without a consent", err, domain.ErrMergeConsent)
	if got, err := f.Profile(t.Context(), one); err != nil || got.Document != "" || got.Contact != "" {
		t.Errorf("refused, and yet: %+v, %v", got, err)
	}
	if got, err := f.Profile(t.Context(), three); err != nil || got.Document != Enrolment(3).Document || len(got.Consents) != 1 {
		t.Errorf("refused, and yet: %+v, %v", got, err)
	}
	// Nobody agreed to either of two, and nothing passes over.
	if p, err = f.PlanMerge(t.Context(), Person(2).ID, one); err != nil || p.NoData {
		t.Errorf("plan of two whom nobody asked: %+v, %v", p, err)
	}
	merge(t, f, 2, 1)
	merge(t, f, 3, 2)
	if got, err := f.Profile(t.Context(), three); err != nil || got.Document != Enrolment(3).Document {
		t.Errorf("the other way round: %+v, %v", got, err)
	}

	// A face that was taken back under the other after it was given here is told;
	// one that was given here since is not.
	must(t, f.Enrol(t.Context(), Enrolment(4)))
	must(t, f.Withdraw(t.Context(), Person(4).ID, domain.PurposeFace, Start.AddDate(0, 1, 0)))
	if p, err = f.PlanMerge(t.Context(), three, Person(4).ID); err != nil || !p.FaceTaken || p.NoData || p.Templates != 0 {
		t.Errorf("plan %+v, %v", p, err)
	}
	late := Enrolment(5)
	late.Consent.At = Start.AddDate(0, 2, 0)
	must(t, f.Enrol(t.Context(), late))
	for name, pair := range map[string][2]int{"given since": {5, 4}, "taken back on the one that stays": {4, 3}, "on neither": {3, 5}} {
		if p, err := f.PlanMerge(t.Context(), Person(pair[0]).ID, Person(pair[1]).ID); err != nil || p.FaceTaken {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func mergeRefused(t *testing.T, f *fixture) {
	for n := 1; n <= 4; n++ {
		must(t, f.Enrol(t.Context(), Enrolment(n)))
	}
	one, two, three := Person(1).ID, Person(2).ID, Person(3).ID
	_, err := f.PlanMerge(t.Context(), one, one)
	wantErr(t, "plan with oneself", err, domain.ErrMergeSelf)
	_, err = f.MergePeople(t.Context(), one, one, "")
	wantErr(t, "with oneself", err, domain.ErrMergeSelf)
	_, err = f.EraseIdentity(t.Context(), three, domain.ReasonErasedByPerson, Start)
	must(t, err)
	for _, pair := range [][2]domain.PersonID{{one, three}, {three, one}, {one, Person(9).ID}, {Person(9).ID, one}, {one, ""}} {
		_, err := f.PlanMerge(t.Context(), pair[0], pair[1])
		wantErr(t, "plan with nobody", err, domain.ErrNotFound)
		_, err = f.MergePeople(t.Context(), pair[0], pair[1], "")
		wantErr(t, "with nobody", err, domain.ErrNotFound)
	}

	// Whatever the plan said of either, another state is not merged by it.
	entries := func() int {
		es, err := f.Audit(t.Context(), domain.AuditFilter{Action: domain.AuditMerged}, 0, 100)
		must(t, err)
		return len(es)
	}
	for name, change := range map[string]func() error{
		"badge":    func() error { return f.IssueBadge(t.Context(), Badge(1, 1)) },
		"revoked":  func() error { return f.RevokeBadge(t.Context(), Badge(2, 0).ID, domain.ReasonBadgeRevoked, Start) },
		"marked":   func() error { return f.NeedSecondFactor(t.Context(), two) },
		"withdrew": func() error { return f.Withdraw(t.Context(), two, domain.PurposeFace, Start) },
	} {
		p, err := f.PlanMerge(t.Context(), one, two)
		must(t, err)
		must(t, change())
		_, err = f.MergePeople(t.Context(), one, two, p.Stamp)
		wantErr(t, name, err, domain.ErrMergeChanged)
		other, err := f.PlanMerge(t.Context(), two, one) // nor is it that of the other way round
		must(t, err)
		_, err = f.MergePeople(t.Context(), one, two, other.Stamp)
		wantErr(t, name+", the other way round", err, domain.ErrMergeChanged)
	}
	if _, err := f.Profile(t.Context(), two); err != nil || entries() != 0 {
		t.Errorf("refused, and yet: %v, %d entries", err, entries())
	}

	// Merged, nobody is merged with them; the history follows to where they went.
	four := Person(4).ID
	merge(t, f, 1, 2)
	_, err = f.MergePeople(t.Context(), four, two, "")
	wantErr(t, "with one who was merged", err, domain.ErrNotFound)
	merge(t, f, 4, 1)
	if ids, err := f.MergedWith(t.Context(), four); !slices.Equal(ids, []domain.PersonID{two, one}) && !slices.Equal(ids, []domain.PersonID{one, two}) || err != nil {
		t.Errorf("merged with %v, %v", ids, err)
	}
	_, err = f.EraseIdentity(t.Context(), four, domain.ReasonErasedByPerson, Start)
	must(t, err)
	if ids, err := f.MergedWith(t.Context(), four); len(ids) != 0 || err != nil {
		t.Errorf("erased, and still joined to %v, %v", ids, err)
	}
	_, err = f.MergedInto(t.Context(), one)
	wantErr(t, "where they went", err, domain.ErrNotFound)
}

func similarNames(t *testing.T, f *fixture) {
	names := []string{
		"María Fernández Ruiz", "Maria Fernandez Ruiz", "Fernández Ruiz, María", "María Fernándes Ruiz", "Maria Fernandez", "María Gómez",
		"Pedro Ruiz", "Óscar Lima", "María del Carmen Fernández de la Ruiz y Ortega",
	}
	for n, name := range names {
		p := Person(n + 1)
		p.Name = name
		must(t, f.AddPerson(t.Context(), p, nil))
	}
	list, err := f.SimilarNames(t.Context(), Person(1).ID, 10)
	must(t, err)
	var got []string
	for i, p := range list {
		got = append(got, p.Name)
		if i > 0 && p.Alike > list[i-1].Alike || p.Alike <= 0 || p.Alike > 1 || math.IsNaN(p.Alike) {
			t.Errorf("%+v after %+v", p, list[max(i-1, 0)])
		}
	}
	if want := []string{names[2], names[1], names[3], names[4], names[8]}; !slices.Equal(got, want) {
		t.Errorf("similar %q, want %q", got, want)
	}
	if list, err = f.SimilarNames(t.Context(), Person(1).ID, 2); len(list) != 2 || err != nil {
		t.Errorf("two of them: %v, %v", list, err)
	}
	if list, err = f.SimilarNames(t.Context(), Person(8).ID, 10); len(list) != 0 || err != nil {
		t.Errorf("like nobody: %v, %v", list, err)
	}
	if _, err = f.SimilarNames(t.Context(), Person(99).ID, 10); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}
