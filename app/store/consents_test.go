package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// Somebody who took their face back may give it again, under a new text.
func TestAddConsent(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	e := storetest.Enrolment(1)
	must(t, s.Enrol(ctx, e))
	at := storetest.Start.Add(time.Hour)
	face := func(n int) domain.Consent {
		c := e.Consent
		c.ID, c.Version, c.At = storetest.ID(5_000_000+n), "2026-04", at.Add(time.Duration(n)*time.Hour)
		c.Granted, c.Refused = []domain.Purpose{domain.PurposeFace}, nil
		return c
	}
	must(t, s.Withdraw(ctx, e.Person.ID, domain.PurposeFace, at))
	wantErr(t, s.AddTemplates(ctx, e.Person.ID, e.Templates), domain.ErrNoConsent)
	must(t, s.AddConsent(ctx, face(1)))
	must(t, s.AddTemplates(ctx, e.Person.ID, e.Templates))
	wantErr(t, s.AddConsent(ctx, face(1)), ErrExists)
	refuses := face(2)
	refuses.Granted, refuses.Refused = nil, []domain.Purpose{domain.PurposeFace}
	wantErr(t, s.AddConsent(ctx, refuses), ErrInvalid)

	must(t, s.Withdraw(ctx, e.Person.ID, domain.PurposeFace, at.Add(5*time.Hour)))
	must(t, s.AddConsent(ctx, refuses)) // now it contradicts nothing
	p, err := s.Profile(ctx, e.Person.ID)
	must(t, err)
	var got []string
	for _, c := range p.Consents {
		got = append(got, c.ID[30:]+" "+c.WithdrawnAt.UTC().Format("15h"))
	}
	// The first stands for the data; the second was for the face alone.
	zero := time.Time{}.Format("15h")
	want := []string{e.Consent.ID[30:] + " " + zero, face(1).ID[30:] + " 15h", refuses.ID[30:] + " " + zero}
	if !slices.Equal(got, want) || p.HasFace {
		t.Errorf("consents %q, want %q; face %v", got, want, p.HasFace)
	}

	nobody := face(3)
	nobody.Person = storetest.Person(2).ID
	wantErr(t, s.AddConsent(ctx, nobody), domain.ErrNotFound)
	for n := 10; len(p.Consents) < MaxConsents; n++ {
		must(t, s.AddConsent(ctx, face(n)))
		p.Consents = append(p.Consents, face(n))
	}
	wantErr(t, s.AddConsent(ctx, face(1000)), ErrInvalid)
	es, err := s.EventsQuery(ctx, Filter{Reason: domain.ReasonConsentGiven, Limit: MaxLimit})
	if must(t, err); len(es) != MaxConsents-1 || es[len(es)-1].Person != e.Person.ID {
		t.Errorf("%d events", len(es))
	}
}

func TestConsentRefused(t *testing.T) {
	for name, spoil := range map[string]func(*domain.Consent){
		"id":              func(c *domain.Consent) { c.ID = "1" },
		"no version":      func(c *domain.Consent) { c.Version = "" },
		"long version":    func(c *domain.Consent) { c.Version = strings.Repeat("1", maxLabel+1) },
		"no UTF-8":        func(c *domain.Consent) { c.Method = "\xff" },
		"no method":       func(c *domain.Consent) { c.Method = "" },
		"no device":       func(c *domain.Consent) { c.DeviceID = "" },
		"no language":     func(c *domain.Consent) { c.Lang = "" },
		"long language":   func(c *domain.Consent) { c.Lang = domain.Lang(strings.Repeat("e", maxLang+1)) },
		"hash":            func(c *domain.Consent) { c.TextSHA256 = strings.Repeat("0A", 32) },
		"year":            func(c *domain.Consent) { c.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"twice":           func(c *domain.Consent) { c.Granted = append(c.Granted, c.Granted[0]) },
		"withdrawn":       func(c *domain.Consent) { c.Withdrawn = []domain.Withdrawal{{Purpose: domain.PurposeFace, At: c.At}} },
		"unknown purpose": func(c *domain.Consent) { c.Granted = append(c.Granted, "everything") },
	} {
		c := storetest.Enrolment(1).Consent
		must(t, checkConsent(c))
		c.Granted = slices.Clone(c.Granted)
		spoil(&c)
		if err := checkConsent(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestBadgeRefused(t *testing.T) {
	for name, spoil := range map[string]func(*domain.Badge){
		"id":        func(b *domain.Badge) { b.ID = "1" },
		"no start":  func(b *domain.Badge) { b.NotBefore = time.Time{} },
		"no end":    func(b *domain.Badge) { b.Expires = time.Time{} },
		"year":      func(b *domain.Badge) { b.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"backwards": func(b *domain.Badge) { b.NotBefore = b.Expires },
		"version":   func(b *domain.Badge) { b.Templates = -1 },
		"revoked":   func(b *domain.Badge) { b.RevokedAt = b.NotBefore },
		"why":       func(b *domain.Badge) { b.Revoked = domain.ReasonBadgeRevoked },
	} {
		b := storetest.Badge(1, 0)
		must(t, checkBadge(b))
		spoil(&b)
		wantErr(t, checkBadge(b), ErrInvalid)
		if checkBadge(b) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s, _ := newTest(t)
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	for k := 1; k < MaxBadges; k++ {
		must(t, s.IssueBadge(t.Context(), storetest.Badge(1, k)))
	}
	wantErr(t, s.IssueBadge(t.Context(), storetest.Badge(1, MaxBadges)), ErrInvalid)
}
