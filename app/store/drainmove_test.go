package store

import (
	"errors"
	"slices"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// A kiosk that goes to another site takes along whom it registered itself, and
// nothing that the one before told it.
func TestLeaving(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	if _, leaves, err := s.Leaving(ctx, "centre norte"); leaves || err != nil {
		t.Fatalf("the first site is joined: %v, %v", leaves, err)
	}
	apply := pages(t, s)
	own, other := storetest.Person(1).ID, storetest.Person(2).ID
	must(t, s.Enrol(ctx, storetest.Enrolment(1)))
	must(t, s.TellBadgeKeys(ctx, []domain.BadgeKey{badgeKey(1)}))
	key, parked := badgeKey(9), storetest.Badge(7, 0)
	apply(domain.CentreChange{Person: remote(1)}, domain.CentreChange{Person: remote(2)}, domain.CentreChange{Person: remote(3)}, domain.CentreChange{BadgeKey: &key},
		domain.CentreChange{Badge: &parked}, domain.CentreChange{Consent: remoteConsent(8)},
		domain.CentreChange{Document: &domain.Document{Kind: "faq", Ref: "es", Version: 1, Content: "x", At: storetest.Start}},
		domain.CentreChange{Seen: &domain.RemoteSeen{Person: own, Until: storetest.Start}})
	// Two whom the centre told of were one: it goes, and that it was two.
	_, err := joined(ctx, s, other, storetest.Person(3).ID)
	must(t, err)
	_, err = s.Record(ctx, storetest.Recognition(other), []byte("picture"))
	must(t, err)
	for _, lane := range []domain.Lane{domain.LaneErasures, domain.LaneEvents, domain.LanePeople, domain.LaneKeys} {
		settleAll(t, s, due(t, s, lane), true)
	}
	must(t, s.HeardAll(ctx))
	if _, leaves, err := s.Leaving(ctx, "centre norte"); leaves || err != nil {
		t.Fatalf("it is there already: %v, %v", leaves, err)
	}

	page, leaves, err := s.Leaving(ctx, "centre sur")
	if err != nil || !leaves {
		t.Fatalf("%v, %v", leaves, err)
	}
	done, err := s.ApplyPage(ctx, page)
	if err != nil || len(done.Skipped) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, leaves, err := s.Leaving(ctx, "centre sur"); leaves || err != nil {
		t.Errorf("twice: %v, %v", leaves, err)
	}
	if c, err := s.SyncCursor(ctx); c != "" || err != nil {
		t.Errorf("cursor %q, %v", c, err)
	}
	people, err := s.People(ctx)
	if must(t, err); len(people) != 1 || people[0].ID != own {
		t.Errorf("people %+v", people)
	}
	if p, err := s.Profile(ctx, own); err != nil || !p.HasFace || len(p.Consents) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if n := countPictures(t, s.dir); n != 0 {
		t.Errorf("%d pictures of others are left", n)
	}
	keys, err := s.BadgeKeys(ctx)
	docs, derr := s.CentreDocuments(ctx, "faq")
	if err := errors.Join(err, derr); err != nil || len(keys)+len(docs) != 0 {
		t.Errorf("%d keys, %d documents, %v", len(keys), len(docs), err)
	}
	for _, table := range []string{"parked_badges", "parked_consents", "merges"} {
		var n int
		if err := s.r.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", table, n, err)
		}
	}
	// Told anew: the own ones, and the own key in a state that no centre has heard.
	if got := abouts(due(t, s, domain.LanePeople)); !slices.Equal(got, []string{"consent " + remoteConsent(1).ID, "person " + string(own), "badge " + string(storetest.Badge(1, 0).ID)}) {
		t.Errorf("people to tell: %q", got)
	}
	list := due(t, s, domain.LaneKeys)
	if len(list) != 1 || list[0].BadgeKey.ID != badgeKey(1).ID || list[0].Key.Version < 2 {
		t.Errorf("keys to tell: %+v", list)
	}
	if r, err := s.VerifyAudit(ctx); err != nil || !r.Sound() {
		t.Errorf("audit: %+v, %v", r, err)
	}
	if h, err := s.Check(ctx); err != nil || len(h.Problems) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}

// A crowd leaves page by page; cut short in between, it goes on.
func TestLeavingCrowd(t *testing.T) {
	s, _ := newTest(t)
	_, _, err := s.Leaving(t.Context(), "a")
	must(t, err)
	apply := pages(t, s)
	changes := make([]domain.CentreChange, maxLeaving+1)
	for i := range changes {
		r := remote(i)
		r.Templates = nil
		changes[i].Person = r
	}
	apply(changes...)
	for i, want := range []int{1, 0} {
		page, leaves, err := s.Leaving(t.Context(), "b")
		if err != nil || !leaves || page.Reset != (want == 0) {
			t.Fatalf("page %d: %+v, %v", i, page.Reset, err)
		}
		_, err = s.ApplyPage(t.Context(), page)
		must(t, err)
		if people, err := s.People(t.Context()); err != nil || len(people) != want {
			t.Errorf("page %d: %d are left, %v", i, len(people), err)
		}
	}
	if _, leaves, err := s.Leaving(t.Context(), "b"); leaves || err != nil {
		t.Errorf("%v, %v", leaves, err)
	}
}
