package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// PIN is what Enrolment sets.
const PIN = "493817"

// Enrolment makes a registration for tests, of person n with two templates.
func Enrolment(n int) domain.Enrolment {
	p := Person(n)
	return domain.Enrolment{
		Person: p, Document: fmt.Sprintf("DNI%07d", n), Contact: fmt.Sprintf("visitor.%d@example.org", n),
		Consent: domain.Consent{
			ID: ID(2_000_000 + n), Person: p.ID, Version: "2026-03", TextSHA256: strings.Repeat("0a", 32),
			Lang: domain.Spanish, Granted: []domain.Purpose{domain.PurposeFace, domain.PurposeData},
			Method: "kiosk_touch", DeviceID: ID(42), At: p.CreatedAt,
		},
		Templates: []domain.Template{Template(n, 0), Template(n, 1)},
		PIN:       PIN,
		Badge:     Badge(n, 0),
	}
}

// Badge makes the k-th badge of person n.
func Badge(n, k int) domain.Badge {
	from := Start.Add(time.Duration(k) * time.Hour)
	return domain.Badge{
		ID: domain.BadgeID(ID(3_000_000 + 1000*n + k)), Person: Person(n).ID,
		NotBefore: from, Expires: from.AddDate(1, 0, 0), Templates: 1,
	}
}

// wrongPIN is well-formed and not PIN.
const wrongPIN = "493816"

// happened tells the kinds and reasons of all events, oldest first, checks that
// each has its number, and that as many outbox rows wait as are expected more.
func happened(t *testing.T, f *fixture, more int) (list []string) {
	t.Helper()
	es, err := f.Recent(t.Context(), 0, 1000)
	must(t, err)
	slices.Reverse(es)
	for i, e := range es {
		if e.Seq != uint64(i)+1 {
			t.Errorf("event %d has seq %d", i, e.Seq)
		}
		list = append(list, string(e.Kind)+" "+string(e.Reason)+" "+string(e.Person))
	}
	if n, _, err := f.Pending(t.Context()); err != nil || n != len(es)+more {
		t.Errorf("%d pending for %d events, %v", n, len(es), err)
	}
	return list
}

func event(kind domain.EventKind, why domain.Reason, n int) string {
	return string(kind) + " " + string(why) + " " + string(Person(n).ID)
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func enrolmentComesBack(t *testing.T, f *fixture) {
	e := Enrolment(1)
	must(t, f.Enrol(t.Context(), e))
	got, err := f.Profile(t.Context(), e.Person.ID)
	must(t, err)
	want := domain.Profile{
		Person: e.Person, Document: e.Document, Contact: e.Contact,
		Consents: []domain.Consent{e.Consent}, Badges: []domain.Badge{e.Badge}, HasPIN: true, HasFace: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	ts, err := f.Templates(t.Context(), Encoder)
	if must(t, err); !slices.EqualFunc(ts, e.Templates, sameTemplate) {
		t.Errorf("templates %v", ts)
	}
	// Written in another way, it is the same document.
	if id, err := f.ByDocument(t.Context(), " dni-000.0001 "); id != e.Person.ID || err != nil {
		t.Errorf("by document: %q, %v", id, err)
	}
	_, err = f.ByDocument(t.Context(), "DNI0000002")
	wantErr(t, "another document", err, domain.ErrNotFound)
	_, err = f.ByDocument(t.Context(), "no document")
	wantErr(t, "no document", err, domain.ErrDocument)
	_, err = f.Profile(t.Context(), Person(2).ID)
	wantErr(t, "profile of nobody", err, domain.ErrNotFound)
	if got := happened(t, f, 0); !slices.Equal(got, []string{
		event(domain.EventRegistration, domain.ReasonRegistered, 1), event(domain.EventBadge, domain.ReasonBadgeIssued, 1),
	}) {
		t.Errorf("happened: %q", got)
	}
	// One who was only added has a profile as well, an empty one.
	must(t, f.AddPerson(t.Context(), Person(3), nil))
	if got, err := f.Profile(t.Context(), Person(3).ID); err != nil || !reflect.DeepEqual(got, domain.Profile{Person: Person(3)}) {
		t.Errorf("added: %+v, %v", got, err)
	}
}

func enrolmentWithoutFace(t *testing.T, f *fixture) {
	e := Enrolment(1)
	e.Templates, e.Contact = nil, ""
	e.Consent.Granted, e.Consent.Refused = []domain.Purpose{domain.PurposeData}, []domain.Purpose{domain.PurposeFace}
	must(t, f.Enrol(t.Context(), e))
	p, err := f.Profile(t.Context(), e.Person.ID)
	must(t, err)
	if p.HasFace || !p.HasPIN || p.Contact != "" || !reflect.DeepEqual(p.Consents, []domain.Consent{e.Consent}) {
		t.Errorf("profile %+v", p)
	}
	must(t, f.CheckPIN(t.Context(), e.Person.ID, PIN))
	if got := happened(t, f, 0); !slices.Equal(got, []string{
		event(domain.EventRegistration, domain.ReasonWithoutFace, 1), event(domain.EventBadge, domain.ReasonBadgeIssued, 1),
	}) {
		t.Errorf("happened: %q", got)
	}
}

// What is refused leaves nothing: no person, no document, no event.
func enrolmentRefused(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(9)))
	for name, tt := range map[string]struct {
		spoil func(*domain.Enrolment)
		want  error // nil: any
	}{
		"no name":                   {func(e *domain.Enrolment) { e.Person.Name = "" }, domain.ErrName},
		"no document":               {func(e *domain.Enrolment) { e.Document = "" }, domain.ErrDocument},
		"odd contact":               {func(e *domain.Enrolment) { e.Contact = "call me" }, domain.ErrContact},
		"short pin":                 {func(e *domain.Enrolment) { e.PIN = "12345" }, domain.ErrPIN},
		"weak pin":                  {func(e *domain.Enrolment) { e.PIN = "123456" }, domain.ErrWeakPIN},
		"no consent at all":         {func(e *domain.Enrolment) { e.Consent = domain.Consent{} }, nil},
		"data refused":              {func(e *domain.Enrolment) { e.Consent.Granted = e.Consent.Granted[:1] }, domain.ErrNoConsent},
		"face refused":              {func(e *domain.Enrolment) { e.Consent.Granted = e.Consent.Granted[1:] }, domain.ErrNoConsent},
		"unknown purpose":           {func(e *domain.Enrolment) { e.Consent.Refused = []domain.Purpose{"ads"} }, nil},
		"granted and refused":       {func(e *domain.Enrolment) { e.Consent.Refused = []domain.Purpose{domain.PurposeFace} }, nil},
		"consent of another":        {func(e *domain.Enrolment) { e.Consent.Person = Person(2).ID }, nil},
		"consent without text":      {func(e *domain.Enrolment) { e.Consent.TextSHA256 = "" }, nil},
		"consent without time":      {func(e *domain.Enrolment) { e.Consent.At = time.Time{} }, nil},
		"consent already withdrawn": {func(e *domain.Enrolment) { e.Consent.WithdrawnAt = Start }, nil},
		"badge of another":          {func(e *domain.Enrolment) { e.Badge.Person = Person(2).ID }, nil},
		"badge backwards":           {func(e *domain.Enrolment) { e.Badge.Expires = e.Badge.NotBefore }, nil},
		"badge of somebody's id":    {func(e *domain.Enrolment) { e.Badge.ID = Badge(9, 0).ID }, nil},
		"consent of somebody's id":  {func(e *domain.Enrolment) { e.Consent.ID = Enrolment(9).Consent.ID }, nil},
		"template of another":       {func(e *domain.Enrolment) { e.Templates[1].PersonID = Person(2).ID }, nil},
		"no vector":                 {func(e *domain.Enrolment) { e.Templates[1].Vector = nil }, nil},
		"document taken":            {func(e *domain.Enrolment) { e.Document = "dni-0000009" }, domain.ErrDuplicateDocument},
		"same person":               {func(e *domain.Enrolment) { e.Person.ID = Person(9).ID }, nil},
	} {
		e := Enrolment(1)
		tt.spoil(&e)
		err := f.Enrol(t.Context(), e)
		if err == nil {
			t.Errorf("%s: enrolled", name)
		} else if tt.want != nil {
			wantErr(t, name, err, tt.want)
		}
		if _, err := f.Profile(t.Context(), Person(1).ID); !errors.Is(err, domain.ErrNotFound) {
			t.Fatalf("%s: left a profile, %v", name, err)
		}
	}
	if people, err := f.People(t.Context()); err != nil || len(people) != 1 {
		t.Errorf("%d people, %v", len(people), err)
	}
	if ts, err := f.Templates(t.Context(), Encoder); err != nil || len(ts) != 2 {
		t.Errorf("%d templates, %v", len(ts), err)
	}
	if got := happened(t, f, 0); len(got) != 2 {
		t.Errorf("happened: %q", got)
	}
	must(t, f.Enrol(t.Context(), Enrolment(1)))
}

func documentIsTaken(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	again := Enrolment(2)
	again.Document = Enrolment(1).Document
	wantErr(t, "taken", f.Enrol(t.Context(), again), domain.ErrDuplicateDocument)
	// Once its owner is erased, it is free.
	_, err := f.EraseIdentity(t.Context(), Person(1).ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	must(t, f.Enrol(t.Context(), again))
	if id, err := f.ByDocument(t.Context(), again.Document); id != again.Person.ID || err != nil {
		t.Errorf("by document: %q, %v", id, err)
	}
}

func badgeLives(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	first, second := Badge(1, 0), Badge(1, 1)
	if got, err := f.Badge(t.Context(), first.ID); got != first || err != nil {
		t.Errorf("badge %+v, %v", got, err)
	}
	_, err := f.Badge(t.Context(), second.ID)
	wantErr(t, "not yet issued", err, domain.ErrNotFound)
	wantErr(t, "not yet issued", f.RevokeBadge(t.Context(), second.ID, domain.ReasonBadgeRevoked, Start), domain.ErrNotFound)
	wantErr(t, "badge of nobody", f.IssueBadge(t.Context(), Badge(2, 0)), domain.ErrNotFound)
	must(t, f.IssueBadge(t.Context(), second))
	if err := f.IssueBadge(t.Context(), second); err == nil {
		t.Error("the same badge was issued twice")
	}
	if err := f.RevokeBadge(t.Context(), first.ID, "", Start); err == nil {
		t.Error("revoked without a reason")
	}
	first.RevokedAt, first.Revoked = Start.Add(time.Hour), domain.ReasonBadgeRenewed
	must(t, f.RevokeBadge(t.Context(), first.ID, first.Revoked, first.RevokedAt))
	must(t, f.RevokeBadge(t.Context(), first.ID, domain.ReasonBadgeRevoked, Start.Add(2*time.Hour)))
	p, err := f.Profile(t.Context(), Person(1).ID)
	if must(t, err); !slices.Equal(p.Badges, []domain.Badge{first, second}) {
		t.Errorf("badges %+v", p.Badges)
	}
	if got := happened(t, f, 0)[1:]; !slices.Equal(got, []string{
		event(domain.EventBadge, domain.ReasonBadgeIssued, 1), event(domain.EventBadge, domain.ReasonBadgeIssued, 1),
		event(domain.EventBadge, domain.ReasonBadgeRenewed, 1),
	}) {
		t.Errorf("happened: %q", got)
	}
}

func secondFactorIsMarked(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	must(t, f.NeedSecondFactor(t.Context(), Person(1).ID))
	must(t, f.NeedSecondFactor(t.Context(), Person(1).ID))
	wantErr(t, "nobody", f.NeedSecondFactor(t.Context(), Person(3).ID), domain.ErrNotFound)
	s := f.reopen()
	for n, want := range map[int]bool{1: true, 2: false} {
		if p, err := s.Profile(t.Context(), Person(n).ID); p.SecondFactor != want || err != nil {
			t.Errorf("person %d: %v, %v", n, p.SecondFactor, err)
		}
	}
}

func faceIsWithdrawn(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	must(t, f.AddPerson(t.Context(), Person(3), []domain.Template{Template(3, 0)}))
	at := Start.Add(time.Hour)
	for range 2 { // again changes nothing
		must(t, f.Withdraw(t.Context(), Person(1).ID, domain.PurposeFace, at))
		at = at.Add(time.Hour)
	}
	p, err := f.Profile(t.Context(), Person(1).ID)
	must(t, err)
	want := Enrolment(1).Consent
	want.Withdrawn = []domain.Withdrawal{{Purpose: domain.PurposeFace, At: Start.Add(time.Hour)}}
	if p.HasFace || !p.HasPIN || p.Person.Name != Person(1).Name || p.Person.Version != 2 ||
		!reflect.DeepEqual(p.Consents, []domain.Consent{want}) {
		t.Errorf("profile %+v", p)
	}
	must(t, f.CheckPIN(t.Context(), Person(1).ID, PIN))
	// One whom nobody asked may object as well.
	must(t, f.Withdraw(t.Context(), Person(3).ID, domain.PurposeFace, Start))
	ts, err := f.Templates(t.Context(), Encoder)
	if must(t, err); !slices.EqualFunc(ts, Enrolment(2).Templates, sameTemplate) {
		t.Errorf("templates %v", ts)
	}
	wantErr(t, "data", f.Withdraw(t.Context(), Person(1).ID, domain.PurposeData, at), domain.ErrMustErase)
	wantErr(t, "nobody", f.Withdraw(t.Context(), Person(4).ID, domain.PurposeFace, at), domain.ErrNotFound)
	if err := f.Withdraw(t.Context(), Person(2).ID, "ads", at); err == nil {
		t.Error("an unknown purpose was withdrawn")
	}
	if got := happened(t, f, 0)[4:]; !slices.Equal(got, []string{
		event(domain.EventErasure, domain.ReasonConsentWithdraw, 1), event(domain.EventErasure, domain.ReasonConsentWithdraw, 3),
	}) {
		t.Errorf("happened: %q", got)
	}
}
