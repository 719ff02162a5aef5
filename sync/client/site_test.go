package client_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// ownKey is a badge key of a kiosk.
func (k *kiosk) ownKey(n byte) domain.BadgeKey {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	return domain.BadgeKey{ID: domain.BadgeKeyIDOf(public), Public: public, DeviceID: k.DeviceID(),
		Proof: ed25519.Sign(key, domain.BadgeKeyProof(k.DeviceID(), public))}
}

// A centre of the first version is told all that it takes, and no badge key, which
// it would refuse for good; brought up to date, it is told without a restart.
func TestOldCentreGetsNoKeys(t *testing.T) {
	c := newCentre(t, false)
	c.speaks = 1
	k := newKiosk(t, c)
	must(t, k.TellBadgeKeys(t.Context(), []domain.BadgeKey{k.ownKey(1)}))
	must(t, k.Enrol(t.Context(), enrolment(1)))
	k.record(20)
	o, stop := k.start(nil)
	defer stop()
	o.await(told)
	c.check(k)
	if got := c.has(protocol.KindBadgeKey); len(got) != 0 || o.Status().Waiting != (domain.Waiting{}) {
		t.Errorf("told an old centre of %v; waiting %+v", got, o.Status().Waiting)
	}
	c.with(func() { c.speaks = protocol.MaxVersion })
	o.Wake()
	o.await(func(outbox.Status) bool { return len(c.has(protocol.KindBadgeKey)) == 1 })
	k.drained(o)
	if dead, err := k.DeadNotices(t.Context(), 0); err != nil || len(dead) != 0 {
		t.Errorf("dead %+v, %v", dead, err)
	}
}

// A centre that was put back to the first version while a batch was on its way takes
// the batch without the key.
func TestCentrePutBack(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	var sent atomic.Int32
	c.seen = func(path string) {
		if path == "/v1/batches" && sent.Add(1) == 1 {
			c.with(func() { c.speaks = 1 }) // after it was asked what it takes
		}
	}
	must(t, k.TellBadgeKeys(t.Context(), []domain.BadgeKey{k.ownKey(1)}))
	k.record(3)
	// The first batch is refused whole in version 2, and is not sent in version 1.
	c.refuse = func(items []protocol.Item) *protocol.Problem {
		if c.speaks == 1 && slices.ContainsFunc(items, func(it protocol.Item) bool { return it.Kind == protocol.KindBadgeKey }) {
			t.Error("a key went to a centre of the first version")
		}
		return nil
	}
	o, stop := k.start(nil)
	defer stop()
	o.await(told)
	c.check(k)
	if dead, err := k.DeadNotices(t.Context(), 0); err != nil || len(dead) != 0 {
		t.Errorf("dead %+v, %v", dead, err)
	}
}

// An upgraded kiosk takes what the release before it passed over, and asks from the
// beginning once, not at each start.
func TestUpgradedKioskReadsAnew(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	e := enrolment(1)
	consent, err := protocol.ConsentItem(e.Consent)
	must(t, err)
	key := k.ownKey(9)
	c.publish(protocol.ChangeConsent, e.Consent.ID, json.RawMessage(consent.Body))
	c.publish(protocol.ChangeBadgeKey, string(key.ID), protocol.TrustedKey{ID: key.ID, DeviceID: storetest.ID(9), PublicKey: key.Public})
	c.publish(protocol.ChangePerson, string(e.Person.ID), c.sealed(t, e))
	c.publish(protocol.ChangeSeen, string(e.Person.ID), protocol.Seen{Person: e.Person.ID, Day: "2026-11-28"})
	// The release before knew people alone, and has come to the end.
	must(t, k.KnowKinds(t.Context(), []string{"person", "badge", "tombstone"}))
	_, err = k.ApplyPage(t.Context(), domain.CentrePage{Cursor: "c.4", Changes: []domain.CentreChange{{Person: &domain.RemotePerson{
		Person: e.Person, Document: e.Document, Contact: e.Contact, Templates: e.Templates}}}})
	must(t, err)
	k.record(1)
	for range 2 {
		k.run(func(st outbox.Status) bool {
			p, err := k.Profile(t.Context(), e.Person.ID)
			keys, kerr := k.BadgeKeys(t.Context())
			cursor, cerr := k.SyncCursor(t.Context())
			return err == nil && kerr == nil && cerr == nil && len(p.Consents) == 1 && len(keys) == 1 && cursor == "c.4"
		})
		p, err := k.Profile(t.Context(), e.Person.ID)
		if must(t, err); !p.HasFace || p.Person.Name != e.Person.Name || !p.Consents[0].Allows(domain.PurposeFace) {
			t.Errorf("%+v", p)
		}
	}
	if got := c.has(protocol.KindConsent); len(got) != 0 {
		t.Errorf("told back %v", got)
	}
}

// sealed is somebody as the centre tells of them.
func (c *centre) sealed(t *testing.T, e domain.Enrolment) protocol.Person {
	t.Helper()
	id := string(e.Person.ID)
	p := protocol.Person{ID: e.Person.ID, Version: 1, CreatedAt: e.Person.CreatedAt, KeyID: c.site.ID, Fields: map[string]protocol.Field{}}
	for name, value := range map[string]string{protocol.FieldName: e.Person.Name, protocol.FieldDocument: e.Document, protocol.FieldContact: e.Contact} {
		p.Fields[name] = protocol.Field{At: e.Person.CreatedAt, Sealed: c.site.SealField(id, name, value)}
	}
	for _, x := range e.Templates {
		sealed, err := c.site.SealVector(x)
		must(t, err)
		p.Templates = append(p.Templates, protocol.Template{ID: x.ID, Encoder: x.Encoder, Quality: x.Quality, CreatedAt: x.CreatedAt, Sealed: sealed})
	}
	return p
}

// The real centre between two kiosks: A's badge key and consent come down at B; the
// face is taken back at B, and gone at A; last seen at A, known at B; A revoked, its
// key says so at B.
func TestRealCentreBetweenBranches(t *testing.T) {
	r := newReal(t)
	a, b := r.kiosk("Centro"), r.kiosk("Sur")
	must(t, a.TellBadgeKeys(t.Context(), []domain.BadgeKey{a.ownKey(1)}))
	must(t, b.TellBadgeKeys(t.Context(), []domain.BadgeKey{b.ownKey(2)}))
	runA, stopA := a.start(nil)
	defer stopA()
	runB, stopB := b.start(nil)
	defer stopB()
	e := enrolment(1)
	must(t, a.Enrol(t.Context(), e))
	_, err := a.Record(t.Context(), storetest.Recognition(e.Person.ID), nil)
	must(t, err)
	runA.Wake()
	keyAt := func(k *kiosk, device string) (domain.BadgeKey, bool) {
		list, err := k.BadgeKeys(t.Context())
		must(t, err)
		i := slices.IndexFunc(list, func(key domain.BadgeKey) bool { return key.DeviceID == device })
		if i < 0 {
			return domain.BadgeKey{}, false
		}
		return list[i], true
	}
	runB.await(func(outbox.Status) bool {
		p, err := b.Profile(t.Context(), e.Person.ID)
		key, ok := keyAt(b, a.DeviceID())
		return err == nil && ok && bytes.Equal(key.Public, a.ownKey(1).Public) && p.HasFace && len(p.Consents) == 1 && p.Consents[0].Allows(domain.PurposeFace)
	})
	a.drained(runA)
	if n, err := r.db.Look(t.Context()); err != nil || n != 1 {
		t.Errorf("last sights of %d, %v", n, err)
	}

	must(t, b.Withdraw(t.Context(), e.Person.ID, domain.PurposeFace, time.Time{}))
	runB.Wake()
	runA.await(func(outbox.Status) bool {
		p, err := a.Profile(t.Context(), e.Person.ID)
		return err == nil && !p.HasFace && !p.Consents[0].Allows(domain.PurposeFace) && p.Consents[0].Allows(domain.PurposeData)
	})
	b.drained(runB)
	a.drained(runA)
	// Told once each way: A's consent as it was given, B's as it was taken back.
	if n := r.count("SELECT count(*) FROM items WHERE kind = 'consent'"); n != 2 {
		t.Errorf("%d items of consents", n)
	}
	if n := r.count("SELECT count(*) FROM templates"); n != 0 {
		t.Errorf("%d templates", n)
	}

	must(t, r.db.RevokeKiosk(t.Context(), a.DeviceID(), "stolen"))
	runB.await(func(outbox.Status) bool {
		key, ok := keyAt(b, a.DeviceID())
		return ok && !key.RevokedAt.IsZero()
	})
	if key, ok := keyAt(b, b.DeviceID()); !ok || !key.RevokedAt.IsZero() {
		t.Errorf("B's own key: %+v", key)
	}
	for name, k := range map[string]*kiosk{"A": a, "B": b} {
		if dead, err := k.DeadNotices(t.Context(), 0); err != nil || len(dead) != 0 {
			t.Errorf("%s: dead %+v, %v", name, dead, err)
		}
	}
}
