package client_test

import (
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// A kiosk that is enrolled at another site of its centre reads that from the
// beginning, whatever it had read at the one before: who was erased there is erased
// here before the report says so. What the one before had told it is gone, whom it
// registered itself stays, and its badge key is trusted there.
func TestMovedToAnotherSite(t *testing.T) {
	r := newReal(t)
	ctx := t.Context()
	must(t, r.db.AddSite(ctx, "sur", "Sur"))
	stay, moved := r.kiosk("Centro"), r.kiosk("Puerto")
	there := r.kioskOf("sur", "Playa")

	// In the south: somebody, a key, and an answer, early in its history.
	must(t, there.TellBadgeKeys(ctx, []domain.BadgeKey{there.ownKey(7)}))
	must(t, there.Enrol(ctx, enrolment(3)))
	runThere, stopThere := there.start(nil)
	defer stopThere()
	there.drained(runThere)
	_, err := r.db.Publish(ctx, "sur", protocol.ChangeFAQ, "es", "text/plain", "@topic sur")
	must(t, err)
	// In the north much more: its numbers are ahead of the south's.
	must(t, stay.Enrol(ctx, enrolment(1)))
	runStay, stopStay := stay.start(nil)
	defer stopStay()
	stay.drained(runStay)
	for range 40 {
		_, err := r.db.Publish(ctx, site, protocol.ChangeFAQ, "en", "text/plain", "@topic norte")
		must(t, err)
	}
	must(t, moved.TellBadgeKeys(ctx, []domain.BadgeKey{moved.ownKey(8)}))
	must(t, moved.Enrol(ctx, enrolment(2)))
	run, stop := moved.start(nil)
	knows := func(k *kiosk, n int) bool {
		_, err := k.Person(ctx, storetest.Person(n).ID)
		return err == nil
	}
	published := func(k *kiosk, lang string) bool {
		_, err := k.CentreDocument(ctx, "faq", lang)
		return err == nil
	}
	run.await(func(outbox.Status) bool { return knows(moved, 1) && published(moved, "en") })
	moved.drained(run)
	run.await(func(outbox.Status) bool {
		return r.count("SELECT count(*) FROM badge_keys WHERE site = $1 AND device = $2", site, moved.DeviceID()) == 1
	})
	before, err := moved.SyncCursor(ctx)
	must(t, err)
	stop()

	// Its centre erases somebody; it is moved before it has heard of it.
	must(t, r.db.Erase(ctx, storetest.Person(2).ID, domain.ReasonErasedByStaff, "ana"))
	must(t, r.db.RevokeKiosk(ctx, moved.DeviceID(), "moved"))
	code, _, err := r.db.NewCode(ctx, "sur", "Playa 2", "ana")
	must(t, err)
	_, err = client.Enrol(ctx, moved.o, code, "Playa 2")
	must(t, err)
	applied := func() bool {
		report, err := r.db.ErasureReport(ctx, storetest.Person(2).ID)
		must(t, err)
		for _, k := range report.Kiosks {
			if k.Device == moved.DeviceID() {
				return k.Applied
			}
		}
		t.Fatal("the kiosk is not in the report")
		return false
	}
	// As the release before did: with the cursor of the other site.
	page, err := moved.client().Changes(ctx, before, 100, 0)
	if must(t, err); !page.Reset || len(page.Changes) < 4 || applied() {
		t.Errorf("to read anew %v, %d changes, applied %v", page.Reset, len(page.Changes), applied())
	}

	run, stop = moved.start(nil)
	defer stop()
	run.await(func(outbox.Status) bool { return knows(moved, 3) && published(moved, "es") && applied() })
	if knows(moved, 1) || knows(moved, 2) || published(moved, "en") {
		t.Errorf("of the north it knows somebody else's %v, who was erased %v, its answers %v", knows(moved, 1), knows(moved, 2), published(moved, "en"))
	}
	runThere.await(func(outbox.Status) bool {
		keys, err := there.BadgeKeys(ctx)
		must(t, err)
		for _, k := range keys {
			if k.DeviceID == moved.DeviceID() && k.RevokedAt.IsZero() {
				return true
			}
		}
		return false
	})
	if !knows(stay, 1) {
		t.Error("who stayed lost somebody")
	}
}

// kioskOf is a kiosk of a site.
func (r *real) kioskOf(of, branch string) *kiosk {
	r.t.Helper()
	k := r.unenrolled()
	code, _, err := r.db.NewCode(r.t.Context(), of, branch, "test")
	must(r.t, err)
	_, err = client.Enrol(r.t.Context(), k.o, code, branch)
	must(r.t, err)
	return k
}
