package storetest

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// Exchange makes an exchange for tests, n minutes after Start.
func Exchange(n int) domain.Exchange {
	return domain.Exchange{
		ID: ID(2_000_000 + n), At: Start.Add(time.Duration(n) * time.Minute).Truncate(time.Microsecond), Lang: domain.Spanish,
		Question: "perdí mi [tarjeta], ¿qué hago?", Topic: "tarjeta_perdida", Confidence: 0.875,
		Suggestions: []string{"tarjeta_bloqueada"}, Outcome: domain.ExchangeAnswered,
	}
}

// Case makes a case for tests, of person n, or of nobody known where n is 0.
func Case(k, n int) domain.Case {
	c := domain.Case{
		ID: ID(3_000_000 + k), At: Start.Add(time.Duration(k) * time.Minute).Truncate(time.Microsecond), Kiosk: ID(1), Lang: domain.English,
		Identity: domain.IdentityAnonymous, Reason: domain.CaseLost,
		Transcript: []domain.CaseLine{
			{At: Start, Text: "How can I help you?"},
			{At: Start, Visitor: true, Text: "my mother's papers"},
			{At: Start, Text: "Documents", Topic: "documentos"},
			{At: Start, Visitor: true, Text: "no, the other ones"},
		},
	}
	if n > 0 {
		c.Identity, c.Person = domain.IdentityValidated, Person(n).ID
	}
	return c
}

func exchangesComeBack(t *testing.T, f *fixture) {
	ctx := t.Context()
	want := []domain.Exchange{Exchange(0), Exchange(1), Exchange(2)}
	want[1].Suggestions, want[1].Topic, want[1].Outcome, want[1].Feedback = nil, "", domain.ExchangeLost, domain.Disliked
	want[2].Lang, want[2].Question, want[2].Confidence = domain.English, "", 1
	for _, e := range []domain.Exchange{want[2], want[0], want[1]} {
		must(t, f.AddExchange(ctx, e))
	}
	must(t, f.RateExchange(ctx, want[0].ID, domain.Liked))
	want[0].Feedback = domain.Liked
	f.Subject = f.reopen()
	got, err := f.Exchanges(ctx, time.Time{}, 10)
	must(t, err)
	for i := range got {
		got[i].At = got[i].At.UTC()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, err := f.Exchanges(ctx, time.Time{}, 2); err != nil || len(got) != 2 || got[0].ID != want[1].ID {
		t.Errorf("the newest two: %+v, %v", got, err)
	}
	if got, err := f.Exchanges(ctx, want[2].At, 10); err != nil || len(got) != 1 || got[0].ID != want[2].ID {
		t.Errorf("since the last: %+v, %v", got, err)
	}
}

func exchangeRefused(t *testing.T, f *fixture) {
	for name, spoil := range map[string]func(*domain.Exchange){
		"no id":         func(e *domain.Exchange) { e.ID = "x" },
		"no language":   func(e *domain.Exchange) { e.Lang = "" },
		"no outcome":    func(e *domain.Exchange) { e.Outcome = "" },
		"long":          func(e *domain.Exchange) { e.Question = strings.Repeat("x", domain.MaxExchangeText+1) },
		"no text":       func(e *domain.Exchange) { e.Question = "\xff" },
		"no number":     func(e *domain.Exchange) { e.Confidence = math.NaN() },
		"over sure":     func(e *domain.Exchange) { e.Confidence = 1.5 },
		"feedback":      func(e *domain.Exchange) { e.Feedback = "loved" },
		"long topic":    func(e *domain.Exchange) { e.Topic = strings.Repeat("x", 1000) },
		"many chips":    func(e *domain.Exchange) { e.Suggestions = make([]string, domain.MaxSuggestions+1) },
		"year too late": func(e *domain.Exchange) { e.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		e := Exchange(0)
		spoil(&e)
		if err := f.AddExchange(t.Context(), e); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	must(t, f.AddExchange(t.Context(), Exchange(0)))
	if err := f.AddExchange(t.Context(), Exchange(0)); err == nil {
		t.Error("the same id twice")
	}
	if err := f.RateExchange(t.Context(), ID(9), domain.Liked); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("rating of nothing: %v", err)
	}
	if err := f.RateExchange(t.Context(), Exchange(0).ID, "loved"); err == nil {
		t.Error("a rating that there is not")
	}
	if got, err := f.Exchanges(t.Context(), time.Time{}, 10); err != nil || len(got) != 1 || got[0].Feedback != "" {
		t.Errorf("there are %+v, %v", got, err)
	}
}

func caseComesBack(t *testing.T, f *fixture) {
	ctx := t.Context()
	must(t, f.Enrol(ctx, Enrolment(1)))
	want := Case(1, 1)
	must(t, f.AddCase(ctx, want))
	empty := Case(2, 0)
	empty.Transcript = nil
	must(t, f.AddCase(ctx, empty))
	f.Subject = f.reopen()
	got, err := f.Case(ctx, want.ID)
	must(t, err)
	if got.Question() != "no, the other ones" || got.Topic() != "documentos" {
		t.Errorf("about %q, %q", got.Question(), got.Topic())
	}
	want.Version, want.State, want.ChangedAt = 1, domain.CaseOpen, want.At
	for i := range got.Transcript {
		got.Transcript[i].At = got.Transcript[i].At.UTC()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	got, err = f.Case(ctx, empty.ID)
	must(t, err)
	if len(got.Transcript) != 0 || got.Identity != domain.IdentityAnonymous || got.Question() != "" || got.Topic() != "" {
		t.Errorf("got %+v", got)
	}
	if _, err = f.Case(ctx, ID(9)); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a case that there is not: %v", err)
	}
}

func caseRefused(t *testing.T, f *fixture) {
	for name, spoil := range map[string]func(*domain.Case){
		"no id":         func(c *domain.Case) { c.ID = "" },
		"no kiosk id":   func(c *domain.Case) { c.Kiosk = "k" },
		"no language":   func(c *domain.Case) { c.Lang = "" },
		"no reason":     func(c *domain.Case) { c.Reason = "" },
		"no identity":   func(c *domain.Case) { c.Identity = "" },
		"nobody known":  func(c *domain.Case) { c.Identity = domain.IdentityRecognised },
		"who is that":   func(c *domain.Case) { c.Person = Person(1).ID },
		"not here":      func(c *domain.Case) { c.Identity, c.Person = domain.IdentityValidated, Person(7).ID },
		"endless":       func(c *domain.Case) { c.Transcript = make([]domain.CaseLine, domain.MaxCaseLines+1) },
		"a long line":   func(c *domain.Case) { c.Transcript[0].Text = strings.Repeat("x", domain.MaxExchangeText+1) },
		"no text":       func(c *domain.Case) { c.Transcript[0].Text = "\xff" },
		"a long topic":  func(c *domain.Case) { c.Transcript[0].Topic = strings.Repeat("x", 1000) },
		"year too late": func(c *domain.Case) { c.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		c := Case(1, 0)
		spoil(&c)
		if err := f.AddCase(t.Context(), c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	must(t, f.AddCase(t.Context(), Case(1, 0)))
	if err := f.AddCase(t.Context(), Case(1, 0)); err == nil {
		t.Error("the same id twice")
	}
}

func casesPage(t *testing.T, f *fixture) {
	ctx := t.Context()
	for k := range 7 {
		c := Case(k, 0)
		c.At = Start.Add(time.Duration(k/2) * time.Minute) // some at the same time
		must(t, f.AddCase(ctx, c))
	}
	must(t, f.SetCaseState(ctx, Case(3, 0).ID, domain.CaseClosed, domain.StaffID(ID(50))))
	list := func(limit int, states ...domain.CaseState) (ids []string) {
		t.Helper()
		for q := (domain.CaseFilter{States: states, Limit: limit}); ; {
			page, err := f.Cases(ctx, q)
			must(t, err)
			for _, c := range page {
				if c.Transcript != nil {
					t.Error("a list that tells what was said")
				}
				ids = append(ids, c.ID)
			}
			if len(page) < limit || len(ids) > 10 {
				return ids
			}
			q.Before = ids[len(ids)-1]
		}
	}
	var all []string
	for k := 6; k >= 0; k-- {
		all = append(all, Case(k, 0).ID)
	}
	for limit := 1; limit < 9; limit++ {
		if got := list(limit); !slices.Equal(got, all) {
			t.Errorf("by %d: %v", limit, got)
		}
	}
	if got := list(3, domain.CaseOpen, domain.CaseTaken); len(got) != 6 || slices.Contains(got, Case(3, 0).ID) {
		t.Errorf("not closed: %v", got)
	}
	if got := list(3, domain.CaseClosed); !slices.Equal(got, []string{Case(3, 0).ID}) {
		t.Errorf("closed: %v", got)
	}
}

func caseIsWorkedOn(t *testing.T, f *fixture) {
	ctx := t.Context()
	id, ana, luis := Case(1, 0).ID, domain.StaffID(ID(50)), domain.StaffID(ID(51))
	must(t, f.AddCase(ctx, Case(1, 0)))
	set := func(to domain.CaseState, by domain.StaffID) error {
		f.clock.Advance(time.Minute)
		return f.SetCaseState(ctx, id, to, by)
	}
	must(t, set(domain.CaseTaken, ana))
	must(t, set(domain.CaseTaken, ana)) // again is no change
	must(t, set(domain.CaseTaken, luis))
	must(t, set(domain.CaseClosed, luis))
	if err := set(domain.CaseTaken, ana); !errors.Is(err, domain.ErrCaseClosed) {
		t.Errorf("taken when it is closed: %v", err)
	}
	must(t, set(domain.CaseOpen, ana))
	c, err := f.Case(ctx, id)
	must(t, err)
	if c.Version != 5 || c.State != domain.CaseOpen || c.Staff != ana || !c.ChangedAt.After(c.At) || len(c.Transcript) != 4 {
		t.Errorf("it is %+v", c)
	}
	entries, err := f.Audit(ctx, domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetCase, ID: id}}, 0, 10)
	must(t, err)
	if len(entries) != 4 || entries[0].Action != domain.AuditCaseChanged || entries[0].Detail["from"] != "closed" || entries[0].Detail["to"] != "open" {
		t.Errorf("audited %+v", entries)
	}
	if err := f.SetCaseState(ctx, ID(9), domain.CaseTaken, ana); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a case that there is not: %v", err)
	}
	if err := f.SetCaseState(ctx, id, "lost", ana); err == nil {
		t.Error("a state that there is not")
	}
	if err := f.SetCaseState(ctx, id, domain.CaseTaken, "ana"); err == nil {
		t.Error("staff that there cannot be")
	}
}

func caseGoesWithItsPerson(t *testing.T, f *fixture) {
	ctx := t.Context()
	must(t, f.Enrol(ctx, Enrolment(1)))
	must(t, f.AddCase(ctx, Case(1, 1)))
	must(t, f.AddCase(ctx, Case(2, 0)))
	_, err := f.EraseIdentity(ctx, Person(1).ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	if _, err := f.Case(ctx, Case(1, 1).ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the case of somebody erased: %v", err)
	}
	if _, err := f.Case(ctx, Case(2, 0).ID); err != nil {
		t.Errorf("another's case: %v", err)
	}
}
