package client_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// republish has the centre tell what it was told, as the real one does: people
// and badges to the site, and erasures.
func (c *centre) republish() {
	type one struct {
		kind protocol.ChangeKind
		ref  string
		body any
	}
	var list []one
	c.with(func() {
		for _, key := range c.order {
			it := c.items[key].item
			body, err := protocol.DecodeBody(it.Kind, it.Body)
			must(c.t, err)
			switch b := body.(type) {
			case *protocol.Person:
				list = append(list, one{protocol.ChangePerson, string(b.ID), b})
			case *protocol.Badge:
				list = append(list, one{protocol.ChangeBadge, string(b.ID), b})
			case *protocol.Tombstone:
				list = append(list, one{protocol.ChangeTombstone, string(b.Person), protocol.Erased{Person: b.Person, Why: b.Receipt.Why, At: b.Receipt.At}})
			}
		}
	})
	for _, x := range list {
		c.publish(x.kind, x.ref, x.body)
	}
}

// Enrolled at A, known at B; erased at B, gone at A.
func TestTwoKiosks(t *testing.T) {
	c := newCentre(t, true)
	a, b := newKiosk(t, c), newKiosk(t, c)
	runA, stopA := a.start(nil)
	defer stopA()
	var applied atomic.Int64
	runB, stopB := b.start(func(o *outbox.Options) {
		o.OnApplied = func(d domain.Applied) { applied.Add(int64(d.People)) }
	})
	defer stopB()
	e := enrolment(1)
	must(t, a.Enrol(t.Context(), e))
	runA.Wake()
	runA.await(told)
	begin := time.Now()
	c.republish()
	runB.await(func(st outbox.Status) bool { return st.Applied >= 2 })
	if d := time.Since(begin); d > 5*time.Second || applied.Load() != 1 {
		t.Errorf("known at B after %v, %d people", d, applied.Load())
	}
	p, err := b.Profile(t.Context(), e.Person.ID)
	must(t, err)
	if p.Person.Name != e.Person.Name || p.Document != e.Document || len(p.Badges) != 1 || !p.HasFace {
		t.Errorf("at B %+v", p)
	}
	ts, err := b.Templates(t.Context(), storetest.Encoder)
	if must(t, err); len(ts) != 2 || ts[0].Vector[5] != e.Templates[0].Vector[5] {
		t.Errorf("%d templates at B", len(ts))
	}
	_, err = b.EraseIdentity(t.Context(), e.Person.ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	runB.Wake()
	runB.await(func(st outbox.Status) bool { return told(st) && len(c.has(protocol.KindTombstone)) == 1 })
	c.with(func() { c.order = c.order[len(c.order)-3:] })
	c.republish()
	runA.await(func(outbox.Status) bool { return len(c.has(protocol.KindTombstone)) == 2 }) // A's receipt
	if _, err := a.Person(t.Context(), e.Person.ID); err == nil {
		t.Error("still known at A")
	}
}

// What a kiosk does not know or cannot read is passed over, and named; what is
// around it is taken. A page answered twice changes nothing.
func TestFollowOddities(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	good := protocol.NewDocument(1, "text/plain", "good")
	bad := good
	bad.Content = "evil"
	c.publish("tomorrow", "x", map[string]string{"a": "b"})
	c.publish(protocol.ChangeFAQ, "es", bad)
	c.publish(protocol.ChangePerson, storetest.ID(1), map[string]string{"id": "x"})
	c.publish(protocol.ChangeTombstone, storetest.ID(1), nil)
	c.publish("yesterday", "x", nil)
	c.publish(protocol.ChangeFAQ, "en", good)
	c.publish(protocol.ChangeBadge, "no id", nil)
	c.publish(protocol.ChangePerson, storetest.ID(2), protocol.Person{
		ID: domain.PersonID(storetest.ID(2)), Version: 1, CreatedAt: time.Now(), KeyID: "k1",
		Fields: map[string]protocol.Field{"name": {At: time.Now(), Sealed: make([]byte, 40)}},
	})
	c.publish(protocol.ChangePerson, storetest.ID(3), protocol.Person{
		ID: domain.PersonID(storetest.ID(3)), Version: 1, CreatedAt: time.Now(), KeyID: "never",
	})
	config := protocol.NewDocument(1, protocol.ContentJSON, `{"lang":"en"}`)
	c.publish(protocol.ChangeConfig, "site", config)
	c.publish(protocol.ChangeConfig, "site", protocol.NewDocument(2, protocol.ContentJSON, `{"lang":"es","faq.dir":"/etc"}`))
	c.faults("/v1/changes", resetAfter, resetAfter)
	k.record(1)
	st := k.run(func(st outbox.Status) bool {
		d, err := k.CentreDocument(t.Context(), "config", "site")
		return told(st) && err == nil && d.Content == config.Content && len(st.Notes) == 9
	})
	for _, want := range []string{"tomorrow x", "faq es", "person " + storetest.ID(1), "tombstone", "yesterday x", "badge no id", "does not open", "no such site key", "config site"} {
		if !strings.Contains(strings.Join(st.Notes, "\n"), want) {
			t.Errorf("no note of %q: %q", want, st.Notes)
		}
	}
	if d, err := k.CentreDocument(t.Context(), "faq", "en"); err != nil || d.Content != "good" {
		t.Errorf("%+v, %v", d, err)
	}
	if cursor, err := k.SyncCursor(t.Context()); err != nil || cursor != "c.11" {
		t.Errorf("cursor %q, %v", cursor, err)
	}
}

// A centre that was restored from a backup hears again what it has lost.
func TestCentreRestored(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	must(t, k.Enrol(t.Context(), enrolment(1)))
	k.record(30)
	c.publish(protocol.ChangeFAQ, "es", protocol.NewDocument(1, "text/plain", "x"))
	o, stop := k.start(nil)
	defer stop()
	o.await(func(st outbox.Status) bool { return told(st) && st.Applied == 1 })
	c.with(func() {
		// Half of what came last is gone, and the objects with it.
		for _, key := range c.order[len(c.order)/2:] {
			delete(c.items, key)
		}
		clear(c.rows)
		clear(c.objects)
		c.puts = 0
		c.reset = true
	})
	c.publish(protocol.ChangeFAQ, "en", protocol.NewDocument(1, "text/plain", "y"))
	o.await(func(st outbox.Status) bool {
		ok := told(st) && st.Applied >= 3
		c.with(func() { ok = ok && len(c.rows) == 10 })
		return ok
	})
	c.check(k)
	if st := o.Status(); st.Waiting.Dead != 0 {
		dead, _ := k.DeadNotices(t.Context(), 0)
		t.Errorf("dead %+v", dead)
	}
}
