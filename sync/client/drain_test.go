package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// One event that the centre refuses is a dead letter, and holds nothing up;
// staff may try it again.
func TestRefusedEvent(t *testing.T) {
	for name, refuse := range map[string]func(c *centre, id string){
		"by itself": func(c *centre, id string) {
			c.reject = func(it protocol.Item) *protocol.Answer {
				if it.ID == id {
					return &protocol.Answer{Status: protocol.StatusRejected, Reason: protocol.RejectBody, Detail: "scripted"}
				}
				return nil
			}
		},
		"with its batch": func(c *centre, id string) {
			c.refuse = func(items []protocol.Item) *protocol.Problem {
				if slices.ContainsFunc(items, func(it protocol.Item) bool { return it.ID == id }) {
					return protocol.NewProblem(400, protocol.CodeMalformed, "scripted")
				}
				return nil
			}
		},
		"as a conflict": func(c *centre, id string) {
			c.items["event "+id] = &stored{effects: 1}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, false)
			k := newKiosk(t, c)
			ids := k.record(30)
			c.with(func() { refuse(c, ids[0]) })
			st := k.run(func(st outbox.Status) bool { return told(st) && st.Waiting.Dead == 2 })
			if got := len(c.has(protocol.KindEvent)); got < 29 {
				t.Errorf("%d events came through", got)
			}
			dead, err := k.DeadNotices(t.Context(), 0)
			must(t, err)
			// The event, and the picture that hangs on it.
			if len(dead) != 2 || st.Waiting.Dead != 2 {
				t.Fatalf("dead %+v", dead)
			}
			for _, d := range dead {
				if d.Ref != ids[0] || d.Why == "" {
					t.Errorf("dead %+v", d)
				}
			}
			c.with(func() {
				c.reject, c.refuse = nil, nil
				if it := c.items["event "+ids[0]]; it != nil && it.item.ID == "" {
					delete(c.items, "event "+ids[0])
				}
			})
			o, stop := k.start(nil)
			defer stop()
			for _, d := range dead {
				must(t, o.RetryDead(t.Context(), d.Key))
			}
			o.await(func(st outbox.Status) bool { return told(st) && st.Waiting.Dead == 0 })
			c.check(k)
		})
	}
}

// A centre, or a proxy, that refuses everything kills nothing: what it was
// asked is put off.
func TestRefusesEverything(t *testing.T) {
	for _, code := range []protocol.Code{protocol.CodeOther, protocol.CodeMalformed} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, false)
			k := newKiosk(t, c)
			k.record(30)
			asked := 0
			c.refuse = func([]protocol.Item) *protocol.Problem {
				asked++
				return protocol.NewProblem(400, code, "scripted")
			}
			k.run(func(outbox.Status) (enough bool) {
				c.with(func() { enough = asked > 28 })
				return enough
			})
			dead, err := k.DeadNotices(t.Context(), 0)
			must(t, err)
			events := len(slices.DeleteFunc(dead, func(d domain.DeadNotice) bool { return d.Key.Kind != domain.NoticeEvent }))
			if most := map[bool]int{true: 0, false: 3}[code == protocol.CodeOther]; events > most {
				t.Errorf("%d events of 30 are dead, want at most %d", events, most)
			}
		})
	}
}

// A kiosk that is revoked keeps what it has, says so, and goes on when it is
// let in again.
func TestRevokedMidDrain(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	must(t, k.Enrol(t.Context(), enrolment(1)))
	k.record(200)
	c.refuse = func([]protocol.Item) *protocol.Problem {
		c.revoked = len(c.items) >= 50
		return nil
	}
	o, stop := k.start(nil)
	st := o.await(func(st outbox.Status) bool { return st.State == outbox.StateRevoked })
	stop()
	if st.Waiting.Notices == 0 || st.Waiting.Dead != 0 || st.LastError == "" {
		t.Errorf("revoked: %+v", st)
	}
	if _, err := k.Profile(t.Context(), storetest.Person(1).ID); err != nil {
		t.Errorf("its data is gone: %v", err)
	}
	// Enrolled anew, with another key and another code.
	c.with(func() { c.refuse, c.code = nil, protocol.NewCode() })
	_, err := client.Enrol(t.Context(), k.o, c.code, "Centro 1")
	must(t, err)
	k.run(told)
	c.check(k)
}

// People go sealed: the same body however often it is sent, and what was told
// of them can be opened with the site's key alone.
func TestPeopleSealed(t *testing.T) {
	c := newCentre(t, true)
	k := newKiosk(t, c)
	e := enrolment(1)
	must(t, k.Enrol(t.Context(), e))
	c.faults("/v1/batches", resetAfter, timeoutAfter, resetAfter)
	st := k.run(told)
	if st.Waiting.Dead != 0 {
		t.Errorf("dead: %+v", st)
	}
	people := c.has(protocol.KindPerson)
	if len(people) != 1 || len(c.has(protocol.KindConsent)) != 1 || len(c.has(protocol.KindBadge)) != 1 {
		t.Fatalf("people %q, consents %q", people, c.has(protocol.KindConsent))
	}
	order := slices.DeleteFunc(slices.Clone(c.order), func(k string) bool { return strings.HasPrefix(k, "event") })
	if !strings.HasPrefix(order[0], "consent") || !strings.HasPrefix(order[1], "person") {
		t.Errorf("in the order %q", order)
	}
	it := c.items["person "+people[0]].item
	for _, secret := range []string{e.Person.Name, e.Document, e.Contact, "Pérez"} {
		if strings.Contains(string(it.Body), secret) {
			t.Errorf("the body shows %q", secret)
		}
	}
	body, err := protocol.DecodeBody(it.Kind, it.Body)
	must(t, err)
	p := body.(*protocol.Person)
	for field, want := range map[string]string{protocol.FieldName: e.Person.Name, protocol.FieldDocument: e.Document, protocol.FieldContact: e.Contact} {
		if got, err := c.site.OpenField(string(p.ID), field, p.Fields[field].Sealed); got != want || err != nil {
			t.Errorf("%s is %q, %v", field, got, err)
		}
	}
	if v, err := c.site.OpenVector(p.ID, p.Templates[0]); err != nil || !slices.Equal(v, e.Templates[0].Vector) || len(p.Templates) != 2 {
		t.Errorf("vector: %v", err)
	}
	if p.DocumentTag != c.site.Tag(protocol.FieldDocument, e.Document) {
		t.Error("the document's tag is another")
	}
}

// Erasures go before a backlog of events, and people are not starved by it.
func TestPriority(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(400)
	must(t, k.Enrol(t.Context(), enrolment(1)))
	must(t, k.Enrol(t.Context(), enrolment(2)))
	_, err := k.EraseIdentity(t.Context(), storetest.Person(2).ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	k.run(told)
	place := func(prefix string) int {
		return slices.IndexFunc(c.order, func(k string) bool { return strings.HasPrefix(k, prefix) })
	}
	if place("tombstone") != 0 {
		t.Errorf("the erasure came as number %d", place("tombstone"))
	}
	if n := place("person"); n < 0 || n > 50 {
		t.Errorf("the person came as number %d, behind more than a batch", n)
	}
	if c.biggest > 50 {
		t.Errorf("a batch of %d items", c.biggest)
	}
	c.check(k)
}

// The object store down: events go on, pictures follow when it is back, and no
// row comes before its object.
func TestObjectStoreDown(t *testing.T) {
	c := newCentre(t, false)
	c.s3 = status500
	k := newKiosk(t, c)
	k.record(30)
	o, stop := k.start(nil)
	defer stop()
	st := o.await(func(st outbox.Status) bool { return st.PictureError != "" && st.Waiting.Notices == 0 && st.Sent == 30 })
	if st.State != outbox.StateOnline || st.Waiting.Pictures != 10 || len(c.rows) != 0 {
		t.Errorf("%+v, %d rows", st, len(c.rows))
	}
	if strings.Contains(st.PictureError, "secret") {
		t.Errorf("the error shows the ticket's address: %s", st.PictureError)
	}
	c.with(func() { c.s3 = none })
	st = o.await(func(st outbox.Status) bool { return told(st) && st.PictureError == "" })
	c.check(k)
	if c.puts != 10 {
		t.Errorf("%d puts, want 10", c.puts)
	}
}

// A clock that is a day off, either way, is seen and does not keep a kiosk out.
func TestClockOff(t *testing.T) {
	for _, ahead := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			c := newCentre(t, false)
			c.ahead = ahead
			k := newKiosk(t, c)
			k.record(5)
			st := k.run(told)
			if !st.ClockOff() || (st.Skew+ahead).Abs() > 5*time.Second {
				t.Errorf("skew %v, want %v", st.Skew, -ahead)
			}
			c.check(k)
		})
	}
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(5)
	if st := k.run(told); st.ClockOff() || !st.SkewKnown {
		t.Errorf("skew %v", st.Skew)
	}
}

// A centre of another generation is not spoken to, and nothing dies of it.
func TestVersions(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(5)
	c.faults("/v1/token", badVersion, badVersion)
	o, stop := k.start(nil)
	defer stop()
	o.await(func(st outbox.Status) bool { return st.State == outbox.StateIncompatible })
	o.await(told)
	c.check(k)
}

// fullQueue is a store whose disk is full for a while.
type fullQueue struct {
	outbox.Queue
	settles, keeps int // how many of each fail
}

var errFull = errors.New("disk is full")

func (q *fullQueue) SettleNotices(ctx context.Context, list []domain.Settlement) error {
	if q.settles--; q.settles >= 0 {
		return errFull
	}
	return q.Queue.SettleNotices(ctx, list)
}

func (q *fullQueue) KeepNotices(ctx context.Context, made []domain.MadeNotice) ([]bool, error) {
	if q.keeps--; q.keeps >= 0 {
		return nil, errFull
	}
	return q.Queue.KeepNotices(ctx, made)
}

// With the disk full nothing can be marked: it is sent again, and has one
// effect. The centre is not called offline for it.
func TestDiskFull(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	must(t, k.Enrol(t.Context(), enrolment(1)))
	k.record(60)
	o, stop := k.start(func(o *outbox.Options) { o.Queue = &fullQueue{k.Store, 4, 3} })
	defer stop()
	st := o.await(func(st outbox.Status) bool { return strings.Contains(st.LastError, errFull.Error()) })
	if st.State == outbox.StateOffline {
		t.Errorf("offline for want of room: %+v", st)
	}
	o.await(told)
	c.check(k)
}

// A change of the network ends the wait after a failure at once.
func TestNetworkReturns(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(5)
	c.faults("/v1/batches", status503)
	c.faults("/v1/changes", status503)
	o, stop := k.start(func(o *outbox.Options) {
		o.BackoffBase, o.BackoffMost = time.Hour, time.Hour
		n := 0
		o.Network = func() string { n++; return strings.Repeat("x", n) }
		o.Applier = nil
	})
	defer stop()
	o.await(func(st outbox.Status) bool { return st.State == outbox.StateOffline && !st.RetryAt.IsZero() })
	o.await(told)
}

// Told to be left alone, the kiosk leaves the centre alone, though new events
// come in; but staff may ask at once.
func TestRetryAfterIsKept(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(5)
	c.refuse = func([]protocol.Item) *protocol.Problem { return protocol.NewProblem(503, protocol.CodeUnavailable, "") }
	o, stop := k.start(func(o *outbox.Options) { o.BackoffBase, o.BackoffMost, o.Applier = time.Hour, time.Hour, nil })
	defer stop()
	o.await(func(st outbox.Status) bool { return !st.RetryAt.IsZero() })
	for range 20 {
		k.record(1)
		o.Wake()
	}
	if n := c.asked("/v1/batches"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	c.with(func() { c.refuse = nil })
	o.Retry()
	o.await(told)
}

func (c *centre) asked(path string) (n int) {
	c.with(func() { n = c.counts[path] })
	return n
}

// Not enrolled, what waits is counted, and that is all.
func TestNotConfigured(t *testing.T) {
	c := newCentre(t, false)
	k := newKiosk(t, c)
	k.record(5)
	o, stop := k.start(func(o *outbox.Options) { o.Centre = nil })
	defer stop()
	if st := o.await(func(st outbox.Status) bool { return st.Waiting.Notices == 5 }); st.State != outbox.StateNotConfigured {
		t.Errorf("%+v", st)
	}
	if n := c.asked("/v1/batches"); n != 0 {
		t.Errorf("asked %d times", n)
	}
}
