package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/protocol"
)

func TestPublish(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	for i, content := range []string{"@topic a", "@topic b"} {
		doc, err := db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", content)
		if err != nil || doc.Version != int64(i+1) {
			t.Fatalf("%+v, %v", doc, err)
		}
	}
	if _, err := db.Publish(t.Context(), "nowhere", protocol.ChangeFAQ, "es", "text/plain", "x"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such site: %v", err)
	}
	if _, err := db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", string(make([]byte, protocol.MaxDocument+1))); !errors.Is(err, protocol.ErrContent) {
		t.Errorf("too long: %v", err)
	}
	page, err := db.Changes(t.Context(), k, "", 10)
	must(t, err)
	if len(page.Changes) != 1 || page.Reset || page.More {
		t.Fatalf("%+v", page)
	}
	v, err := protocol.DecodeChange(page.Changes[0])
	must(t, err)
	if d := v.(*protocol.Document); d.Content != "@topic b" || d.Version != 2 {
		t.Errorf("%+v", d)
	}
	// Taken back, or removed with what it was about, and published again: another version.
	must(t, db.Unpublish(t.Context(), "norte", protocol.ChangeFAQ, "es"))
	again, err := db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "@topic c")
	must(t, err)
	_, err = db.pool.Exec(t.Context(), "DELETE FROM changes")
	must(t, err)
	if last, err := db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "@topic d"); err != nil || again.Version <= 2 || last.Version <= again.Version {
		t.Errorf("versions %d, %d, %v", again.Version, last.Version, err)
	}
	if far, err := db.Changes(t.Context(), enrol(t, db, "sur"), "", 10); err != nil || len(far.Changes) != 0 {
		t.Errorf("another site hears of %+v, %v", far, err)
	}
}

// TestNoChangeIsMissed: a reader that follows while many write sees every
// change, in order.
func TestNoChangeIsMissed(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	const writers, each = 6, 20
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				_, err := db.Publish(context.Background(), "norte", protocol.ChangeConfig, fmt.Sprintf("c%d-%d", w, i), "text/plain", "x")
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	go func() { wg.Wait(); close(done) }()
	seen, cursor, last := map[string]bool{}, "", uint64(0)
	for ended := false; ; {
		page, err := db.Changes(t.Context(), k, cursor, 7)
		must(t, err)
		for _, c := range page.Changes {
			if c.Seq <= last {
				t.Fatalf("change %d after %d", c.Seq, last)
			}
			last, seen[c.Ref] = c.Seq, true
		}
		cursor = page.Cursor
		if len(page.Changes) == 0 {
			if ended {
				break
			}
			select {
			case <-done:
				ended = true
			default:
			}
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d of %d changes seen", len(seen), writers*each)
	}
}

// TestTwoInstancesOneDatabase: what one takes in wakes who waits at the other.
func TestTwoInstancesOneDatabase(t *testing.T) {
	dsn := newDSN(t)
	a, b := open(t, dsn, domain.SystemClock{}), open(t, dsn, domain.SystemClock{})
	must(t, a.AddSite(t.Context(), "norte", "Norte"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Listen(ctx) }()
	k := enrol(t, a, "norte")
	woken := b.Changed("norte")
	first := true
	for deadline := time.After(20 * time.Second); ; {
		if first { // it may not be listening yet: then its beginning wakes
			_, err := a.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "x")
			must(t, err)
			first = false
		}
		select {
		case <-woken:
		case <-deadline:
			t.Fatal("it was not woken")
		}
		page, err := b.Changes(t.Context(), k, "", 10)
		must(t, err)
		if len(page.Changes) == 1 {
			break
		}
		woken = b.Changed("norte")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// Both sign with, and know, the same keys.
	ka, err := a.SigningKeys(t.Context())
	must(t, err)
	kb, err := b.SigningKeys(t.Context())
	must(t, err)
	if len(ka) != 1 || ka[0].ID != kb[0].ID {
		t.Errorf("%v and %v", ka, kb)
	}
}

func TestCursors(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	_, err := db.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "x")
	must(t, err)
	page, err := db.Changes(t.Context(), k, "", 10)
	must(t, err)
	sur := enrol(t, db, "sur")
	_, err = db.Publish(t.Context(), "sur", protocol.ChangeFAQ, "es", "text/plain", "x")
	must(t, err)
	other, err := db.Changes(t.Context(), sur, "", 10)
	must(t, err)
	// Of another site, or without saying of which, as the release before wrote them.
	old := one[string](t, db, "SELECT epoch FROM meta") + ".1"
	for cursor, reset := range map[string]bool{"": false, page.Cursor: false, other.Cursor: true, old: true, "x": true, page.Cursor + "9": true, "other.1": true, page.Cursor + "x": true} {
		p, err := db.Changes(t.Context(), k, cursor, 10)
		if err != nil || p.Reset != reset {
			t.Errorf("%q: %+v, %v", cursor, p, err)
		}
	}
	if k, err = db.Kiosk(t.Context(), k.Device); err != nil || k.CursorSeq != 1 {
		t.Errorf("%+v, %v", k, err)
	}
	// Where there is but one site, it is of that.
	alone := open(t, newDSN(t), domaintest.NewClock(start))
	must(t, alone.AddSite(t.Context(), "norte", "Norte"))
	k = enrol(t, alone, "norte")
	_, err = alone.Publish(t.Context(), "norte", protocol.ChangeFAQ, "es", "text/plain", "x")
	must(t, err)
	old = one[string](t, alone, "SELECT epoch FROM meta") + ".1"
	if p, err := alone.Changes(t.Context(), k, old, 10); err != nil || p.Reset || len(p.Changes) != 0 || p.Cursor == old {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestEnrolment(t *testing.T) {
	clock := domaintest.NewClock(start)
	db := open(t, newDSN(t), clock)
	must(t, db.AddSite(t.Context(), "norte", "Norte"))
	if _, _, err := db.NewCode(t.Context(), "nowhere", "x", "ana"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such site: %v", err)
	}
	code, _, err := db.NewCode(t.Context(), "norte", "centro", "ana")
	must(t, err)
	device := idAt(start, 1)
	r, mine := request(t, code, device)
	for range 2 { // the second time, the answer was lost
		k, err := db.Enrol(t.Context(), r)
		if err != nil || k.Device != device || k.Site != "norte" || k.Branch != "centro" {
			t.Fatalf("%+v, %v", k, err)
		}
	}
	again, _ := request(t, code, device)
	stolen, _ := request(t, code, idAt(start, 2))
	wrong, _ := request(t, protocol.NewCode(), device)
	for name, bad := range map[string]protocol.EnrolRequest{"the same device, another key": again, "another device": stolen, "another code": wrong} {
		if _, err := db.Enrol(t.Context(), bad); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	late, _, err := db.NewCode(t.Context(), "norte", "centro", "ana")
	must(t, err)
	clock.Advance(protocol.CodeLife)
	expired, _ := request(t, late, idAt(start, 3))
	if _, err := db.Enrol(t.Context(), expired); !errors.Is(err, ErrCode) {
		t.Errorf("over: %v", err)
	}
	if n := one[int](t, db, "SELECT count(*) FROM codes WHERE position($1 in encode(hash, 'escape')) > 0", code); n != 0 {
		t.Error("the code itself is kept")
	}
	// A good code is no way into the place of a kiosk that is trusted; once it is
	// revoked, it is the way back.
	fresh, _, err := db.NewCode(t.Context(), "norte", "centro", "ana")
	must(t, err)
	usurper, _ := request(t, fresh, device)
	if _, err := db.Enrol(t.Context(), usurper); !errors.Is(err, ErrEnrolled) {
		t.Errorf("in a trusted kiosk's place: %v", err)
	}
	// The kiosk, and nobody else, opens the site's keys, also the one before.
	must(t, db.RotateSiteKey(t.Context(), "norte"))
	keys, err := db.SiteKeys(t.Context(), "norte")
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, sk := range keys {
		sealed, err := sk.SealTo(device, r.ExchangeKey)
		must(t, err)
		got, err := protocol.OpenSiteKey("norte", device, sealed, mine.exchange)
		if err != nil || got.Tag("a", "b") != sk.Tag("a", "b") {
			t.Errorf("%v, %v", got, err)
		}
	}
	must(t, db.RevokeKiosk(t.Context(), device, "stolen"))
	if k, err := db.Kiosk(t.Context(), device); err != nil || k.RevokedAt == nil || k.RevokedWhy != "stolen" {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err := db.Enrol(t.Context(), usurper); err != nil || k.RevokedAt != nil {
		t.Errorf("back: %+v, %v", k, err)
	}
	if err := db.RevokeKiosk(t.Context(), idAt(start, 99), "x"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such kiosk: %v", err)
	}
}

func TestSigningKeys(t *testing.T) {
	db, clock := newDB(t)
	var live [][]string
	for range 3 {
		list, err := db.SigningKeys(t.Context())
		must(t, err)
		var ids []string
		for _, k := range list {
			ids = append(ids, k.ID)
		}
		live = append(live, ids)
		must(t, db.RotateSigningKey(t.Context()))
	}
	if len(live[0]) != 1 || len(live[1]) != 2 || len(live[2]) != 2 || live[1][1] != live[0][0] || live[2][1] != live[1][0] || live[2][0] == live[1][0] {
		t.Errorf("live were %v", live)
	}
	// Another instance hears of a rotation within keyLife.
	other := open(t, db.dsn, clock)
	before, err := other.SigningKeys(t.Context())
	must(t, err)
	must(t, db.RotateSigningKey(t.Context()))
	if still, err := other.SigningKeys(t.Context()); err != nil || still[0].ID != before[0].ID {
		t.Errorf("%v, %v", still, err)
	}
	clock.Advance(keyLife)
	if now, err := other.SigningKeys(t.Context()); err != nil || now[0].ID == before[0].ID || now[1].ID != before[0].ID {
		t.Errorf("%v, %v", now, err)
	}
}

func TestAssertionsOnce(t *testing.T) {
	db, clock := newDB(t)
	a, b := idAt(start, 1), idAt(start, 2)
	must(t, db.UseAssertion(t.Context(), a, "x", start.Add(time.Minute)))
	must(t, db.UseAssertion(t.Context(), b, "x", start.Add(time.Minute)))
	if err := db.UseAssertion(t.Context(), a, "x", start.Add(time.Minute)); !errors.Is(err, ErrUsed) {
		t.Errorf("again: %v", err)
	}
	clock.Advance(2 * time.Minute)
	_, err := db.Retain(t.Context(), Retention{})
	must(t, err)
	if n := one[int](t, db, "SELECT count(*) FROM assertions"); n != 0 {
		t.Errorf("%d are kept beyond their time", n)
	}
}

func TestAdmins(t *testing.T) {
	db, _ := newDB(t)
	a, token, err := db.CreateAdmin(t.Context(), "ana", RoleAdmin)
	must(t, err)
	if got, err := db.Admin(t.Context(), token); got != a || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := db.Admin(t.Context(), token+"x"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("another token: %v", err)
	}
	if _, _, err := db.CreateAdmin(t.Context(), "ana", RoleAuditor); err == nil {
		t.Error("two of one name")
	}
	must(t, db.CloseAdmin(t.Context(), "ana"))
	if _, err := db.Admin(t.Context(), token); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("closed: %v", err)
	}
}

func TestSummary(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, event(t, k, 1, nil), event(t, k, 2, nil), event(t, k, 3, func(e *domain.Event) { e.At = start.AddDate(0, 0, -3) }))
	got, err := db.Summary(t.Context(), start.AddDate(0, 0, -1))
	if err != nil || len(got) != 1 || got[0].N != 2 || got[0].Site != "norte" || got[0].Kind != string(domain.EventRecognition) {
		t.Errorf("%+v, %v", got, err)
	}
}
