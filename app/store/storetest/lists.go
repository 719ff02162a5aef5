package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// found gives the numbers of the people whom a search finds, of all pages.
func found(t *testing.T, f *fixture, text string, limit int) (list []string) {
	t.Helper()
	q := domain.PeopleQuery{Text: text, Limit: limit}
	for pages := 0; pages < 1000; pages++ {
		page, err := f.FindPeople(t.Context(), q)
		must(t, err)
		if len(page.People) > limit {
			t.Fatalf("%d people on a page of %d", len(page.People), limit)
		}
		for _, p := range page.People {
			list = append(list, p.Name)
		}
		if page.More == "" {
			return list
		}
		q.Before = page.More
	}
	t.Fatal("it never ends")
	return nil
}

func peopleAreFound(t *testing.T, f *fixture) {
	for n, name := range []string{
		1: "Lucía García Pérez", 2: "GARCIA, lucio", 3: "Ana María Garzón", 4: "Li Bo", 5: "Peña-Ñúñez, Ana", 6: "Анна Каренина", 7: "!!!", 8: "Ana Ana",
	} {
		if n == 0 {
			continue
		}
		e := Enrolment(n)
		e.Person.Name = name
		must(t, f.Enrol(t.Context(), e))
	}
	for text, want := range map[string]string{
		"":                             "Ana Ana|!!!|Анна Каренина|Peña-Ñúñez, Ana|Li Bo|Ana María Garzón|GARCIA, lucio|Lucía García Pérez",
		"garcia":                       "GARCIA, lucio|Lucía García Pérez",
		"  García ":                    "GARCIA, lucio|Lucía García Pérez",
		"gar":                          "Ana María Garzón|GARCIA, lucio|Lucía García Pérez",
		"garc":                         "GARCIA, lucio|Lucía García Pérez",
		"garci luc":                    "GARCIA, lucio|Lucía García Pérez",
		"LUCÍA":                        "Lucía García Pérez",
		"Perez Garcia Luc":             "Lucía García Pérez",
		"garciax":                      "",
		"arcia":                        "",
		"li":                           "Li Bo",
		"l":                            "",
		"bo li":                        "Li Bo",
		"ana":                          "Ana Ana|Peña-Ñúñez, Ana|Ana María Garzón",
		"ana m":                        "Ana María Garzón",
		"ana ana":                      "Ana Ana",
		"ana ana ana":                  "",
		"nunez":                        "Peña-Ñúñez, Ana",
		"ñuñ":                          "Peña-Ñúñez, Ana",
		"pena":                         "Peña-Ñúñez, Ana",
		"анн":                          "Анна Каренина",
		"!!!":                          "",
		"%":                            "",
		"DNI-000.0003":                 "Ana María Garzón",
		"dni0000099":                   "",
		"' OR 1=1 --":                  "",
		"\xff\xfe":                     "",
		strings.Repeat("ana ", 10_000): "",
	} {
		for _, limit := range []int{1, 2, 100} {
			if got := strings.Join(found(t, f, text, limit), "|"); got != want {
				t.Errorf("%.20q by %d: %q, want %q", text, limit, got, want)
			}
		}
	}
	// Who is erased is not found, by neither.
	_, err := f.EraseIdentity(t.Context(), Person(1).ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	f.Subject = f.reopen()
	for text, want := range map[string]string{"garcia": "GARCIA, lucio", Enrolment(1).Document: "", "luci": "GARCIA, lucio"} {
		if got := strings.Join(found(t, f, text, 10), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if n, err := f.CountPeople(t.Context()); n != 7 || err != nil {
		t.Errorf("%d people, %v", n, err)
	}
}

func peoplePages(t *testing.T, f *fixture) {
	const total = 25
	var want []string
	for n := total; n >= 1; n-- {
		want = append(want, Person(n).Name)
	}
	for n := range total { // in whatever order they came
		must(t, f.Enrol(t.Context(), Enrolment((n*7)%total+1)))
	}
	must(t, f.NeedSecondFactor(t.Context(), Person(25).ID))
	must(t, f.RevokeBadge(t.Context(), Badge(24, 0).ID, domain.ReasonBadgeRevoked, Start))
	must(t, f.Withdraw(t.Context(), Person(23).ID, domain.PurposeFace, Start))
	for _, limit := range []int{1, 5, 7, 25, 26} {
		for _, text := range []string{"", "ñandu", "perez nandu"} {
			if got := found(t, f, text, limit); !slices.Equal(got, want) {
				t.Errorf("%q by %d: %q", text, limit, got)
			}
		}
	}
	page, err := f.FindPeople(t.Context(), domain.PeopleQuery{Limit: 3})
	must(t, err)
	p := Person(23)
	p.Version = 2
	if want := []domain.PersonEntry{
		{Person: Person(25), HasFace: true, HasPIN: true, Badges: 1, SecondFactor: true},
		{Person: Person(24), HasFace: true, HasPIN: true},
		{Person: p, HasPIN: true, Badges: 1},
	}; !slices.Equal(page.People, want) || page.More != p.ID {
		t.Errorf("page %+v", page)
	}
	f.clock.Advance(400 * 24 * time.Hour)
	if page, err = f.FindPeople(t.Context(), domain.PeopleQuery{Limit: 1}); err != nil || page.People[0].Badges != 0 {
		t.Errorf("expired: %+v, %v", page, err)
	}
	// Somebody erased while one pages does not stop the next page.
	_, err = f.EraseIdentity(t.Context(), Person(20).ID, domain.ReasonErasedByStaff, time.Time{})
	must(t, err)
	page, err = f.FindPeople(t.Context(), domain.PeopleQuery{Before: Person(20).ID, Limit: 1})
	if must(t, err); len(page.People) != 1 || page.People[0].ID != Person(19).ID {
		t.Errorf("after one who is erased: %+v", page)
	}
}

func eventsAreFiltered(t *testing.T, f *fixture) {
	var all []domain.Event
	for n := range 60 {
		e := domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonValidatedFace, Person: Person(n % 4).ID}
		if n%3 == 0 {
			e.Kind, e.Reason, e.Badge = domain.EventBadge, domain.ReasonBadgeRevoked, Badge(1, n%2).ID
		}
		// Told in an order that is not that of the clock; two at each time.
		e.At = Start.Add(time.Duration(n*7%30) * time.Minute)
		e, err := f.Record(t.Context(), e, nil)
		must(t, err)
		all = append(all, e)
	}
	at := func(m int) time.Time { return Start.Add(time.Duration(m) * time.Minute) }
	for _, filter := range []domain.EventFilter{
		{}, {Kind: domain.EventBadge}, {Reason: domain.ReasonValidatedFace}, {Person: Person(1).ID}, {Badge: Badge(1, 0).ID},
		{Kind: domain.EventBadge, Person: Person(3).ID, Reason: domain.ReasonBadgeRevoked},
		{From: at(10)}, {To: at(10)}, {From: at(5), To: at(20)}, {Kind: domain.EventBadge, From: at(5), To: at(20)},
		{Reason: domain.ReasonValidatedFace, From: at(5)}, {Person: Person(2).ID, To: at(20)},
		{Kind: domain.EventValidation, Reason: domain.ReasonValidatedFace, Person: Person(1).ID, From: at(5), To: at(20)},
		{Badge: Badge(1, 1).ID, From: at(1)}, {From: at(20), To: at(10)}, {Kind: "camera", From: at(0)},
	} {
		var want []domain.Event
		for _, e := range slices.Backward(all) {
			if (filter.Kind == "" || e.Kind == filter.Kind) && (filter.Reason == "" || e.Reason == filter.Reason) &&
				(filter.Person == "" || e.Person == filter.Person) && (filter.Badge == "" || e.Badge == filter.Badge) &&
				(filter.From.IsZero() || !e.At.Before(filter.From)) && (filter.To.IsZero() || e.At.Before(filter.To)) {
				want = append(want, e)
			}
		}
		if !filter.From.IsZero() || !filter.To.IsZero() {
			slices.SortStableFunc(want, func(a, b domain.Event) int { return b.At.Compare(a.At) })
		}
		for _, limit := range []int{1, 4, 100} {
			q := filter
			q.Limit = limit
			var got []domain.Event
			for {
				page, err := f.EventsQuery(t.Context(), q)
				must(t, err)
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				q.BeforeSeq = page[len(page)-1].Seq
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v by %d: %d events, want %d", filter, limit, len(got), len(want))
			}
		}
	}
}

func eventsAreTallied(t *testing.T, f *fixture) {
	record := func(at time.Duration, kind domain.EventKind, why domain.Reason) {
		t.Helper()
		_, err := f.Record(t.Context(), domain.Event{Kind: kind, Reason: why, At: Start.Add(at)}, nil)
		must(t, err)
	}
	record(-time.Microsecond, domain.EventValidation, domain.ReasonWrongFace) // before
	record(0, domain.EventValidation, domain.ReasonWrongFace)
	record(time.Hour-time.Microsecond, domain.EventValidation, domain.ReasonWrongFace)
	record(time.Hour, domain.EventValidation, domain.ReasonWrongFace)
	record(time.Hour, domain.EventValidation, domain.ReasonValidatedFace)
	record(2*time.Hour+time.Minute, domain.EventCamera, domain.ReasonCameraLost)
	record(3*time.Hour, domain.EventCamera, domain.ReasonCameraLost) // after
	got, err := f.Tally(t.Context(), Start, Start.Add(3*time.Hour), time.Hour)
	must(t, err)
	want := []domain.EventTally{
		{From: Start, Kind: domain.EventValidation, Reason: domain.ReasonWrongFace, Count: 2},
		{From: Start.Add(time.Hour), Kind: domain.EventValidation, Reason: domain.ReasonValidatedFace, Count: 1},
		{From: Start.Add(time.Hour), Kind: domain.EventValidation, Reason: domain.ReasonWrongFace, Count: 1},
		{From: Start.Add(2 * time.Hour), Kind: domain.EventCamera, Reason: domain.ReasonCameraLost, Count: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, bad := range []time.Duration{0, -time.Hour, time.Nanosecond, time.Second} {
		if _, err := f.Tally(t.Context(), Start, Start.Add(3*time.Hour), bad); !errors.Is(err, domain.ErrRefused) {
			t.Errorf("by %v: %v", bad, err)
		}
	}
	if _, err := f.Tally(t.Context(), Start, Start.Add(-time.Hour), time.Hour); err == nil {
		t.Error("backwards")
	}
}
