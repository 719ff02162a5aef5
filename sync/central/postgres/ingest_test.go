package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

func TestExactlyOnce(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	a, b, c := event(t, k, 1, nil), event(t, k, 2, nil), event(t, k, 3, nil)
	other := event(t, k, 1, func(e *domain.Event) { e.Reason = domain.ReasonUndecided })
	for _, step := range []struct {
		items []protocol.Item
		want  string
	}{
		{[]protocol.Item{a, b}, " stored stored"},
		{[]protocol.Item{b, c, a}, " duplicate stored duplicate"},
		{[]protocol.Item{other, b}, " conflict:same_id duplicate"},
		{[]protocol.Item{c, c, event(t, k, 4, nil), event(t, k, 4, nil)}, " duplicate duplicate stored duplicate"},
		{[]protocol.Item{event(t, k, 5, nil), event(t, k, 5, func(e *domain.Event) { e.Votes = 1 })}, " stored conflict:same_id"},
		// Neither the first, the middle nor the last is there, but another one is.
		{[]protocol.Item{event(t, k, 20, nil)}, " stored"},
		{[]protocol.Item{event(t, k, 24, nil), event(t, k, 20, nil), event(t, k, 22, nil), event(t, k, 15, nil), event(t, k, 23, nil)}, " stored duplicate stored stored stored"},
	} {
		if got := said(send(t, db, k, step.items...)); got != step.want {
			t.Errorf("%s, want %s", got, step.want)
		}
	}
	if n := one[int](t, db, "SELECT count(*) FROM events"); n != 10 {
		t.Errorf("%d events", n)
	}
	if r := one[string](t, db, "SELECT reason FROM events WHERE id = $1", a.ID); r != string(domain.ReasonUnknown) {
		t.Errorf("the first body gave way: %s", r)
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms WHERE kind = 'same_id' AND device = $1", k.Device); n != 2 {
		t.Errorf("%d alarms", n)
	}
	// Another device may use the same id.
	k2 := enrol(t, db, "norte")
	if got := said(send(t, db, k2, event(t, k2, 1, nil))); got != " stored" {
		t.Errorf("another device: %s", got)
	}
}

// TestRepeatedRefused: an item that comes twice in one batch and is refused is
// acknowledged neither time.
func TestRepeatedRefused(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	face, stored := personOf(t, 1, 1, nil), event(t, k, 1, nil)
	as := send(t, db, k, face, stored, face, stored, face)
	if got, want := said(as), " rejected:no_consent stored rejected:no_consent duplicate rejected:no_consent"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if as[2].Detail != as[0].Detail {
		t.Errorf("%q, then %q", as[0].Detail, as[2].Detail)
	}
	// What is there with another body is no more acknowledged.
	other := event(t, k, 1, func(e *domain.Event) { e.Votes = 1 })
	if got := said(send(t, db, k, other, other)); got != " conflict:same_id conflict:same_id" {
		t.Error(got)
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	send(t, db, k, consentOf(t, k, 1, domain.PurposeData, domain.PurposeFace))
	if got := said(send(t, db, k, face, face)); got != " stored duplicate" {
		t.Error(got)
	}
}

// TestSameBatchInParallel: however often a batch comes, in whatever order and at
// once, each event has one row and one "stored".
func TestSameBatchInParallel(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	const n, senders = 200, 6
	var items []protocol.Item
	for i := range n {
		items = append(items, event(t, k, i+1, nil))
		if i%10 == 0 {
			items = append(items, item(t, protocol.KindHealth, uuid.NewString(), &protocol.Health{At: start, Version: "1"}))
		}
	}
	var mu sync.Mutex
	stored := map[string]int{}
	var wg sync.WaitGroup
	for s := range senders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mine := slices.Clone(items)
			if s%2 == 1 {
				slices.Reverse(mine)
			}
			as, err := db.Ingest(context.Background(), k, protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: start, Items: mine})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range as {
				switch a.Status {
				case protocol.StatusStored:
					stored[a.ID]++
				case protocol.StatusDuplicate:
				default:
					t.Errorf("%+v", a)
				}
			}
		}()
	}
	wg.Wait()
	for id, times := range stored {
		if times != 1 {
			t.Errorf("%s was stored %d times", id, times)
		}
	}
	if len(stored) != len(items) || one[int](t, db, "SELECT count(*) FROM events") != n || one[int](t, db, "SELECT count(*) FROM items") != len(items)-n {
		t.Errorf("%d of %d items stored", len(stored), len(items))
	}
}

func TestRejections(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	good := event(t, k, 1, nil)
	raw := func(kind protocol.Kind, id, body string) protocol.Item {
		return protocol.Item{Kind: kind, ID: id, Body: json.RawMessage(body)}
	}
	as := send(t, db, k,
		raw("tomorrow", uuid.NewString(), `{}`),
		raw(protocol.KindEvent, uuid.NewString(), `{"id":"secret name"}`),
		raw(protocol.KindEvent, uuid.NewString(), strings.Replace(string(good.Body), `"seq":1`, `"seq":"1"`, 1)),
		raw(protocol.KindEvent, good.ID, strings.Replace(string(good.Body), `"seq":1`, `"seq":1,"lucia":2`, 1)),
		event(t, Kiosk{Device: uuid.NewString()}, 2, nil),
		raw(protocol.KindEvent, uuid.NewString(), string(good.Body)),
		good,
	)
	if got, want := said(as), " rejected:unknown_kind rejected:invalid_body rejected:invalid_body rejected:invalid_body rejected:other_device rejected:invalid_body stored"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, a := range as {
		if strings.Contains(a.Detail, "secret") || strings.Contains(a.Detail, "lucia") {
			t.Errorf("the answer quotes the body: %s", a.Detail)
		}
	}
}

func TestEveryKindIsKept(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	bodies := map[protocol.Kind]protocol.Body{
		protocol.KindExchange:  &protocol.Exchange{At: start, Lang: "es", Question: "¿Horario?\u2028", Outcome: "answered"},
		protocol.KindCase:      &protocol.Case{ID: uuid.NewString(), Version: 1, OpenedAt: start, Lang: "es", Question: "q", State: "open"},
		protocol.KindAuditHead: &protocol.AuditHead{Chain: "admin", Seq: 3, Hash: hashA, At: start},
		protocol.KindSensor:    &protocol.Sensor{Readings: []protocol.Reading{{At: start, Sensor: "s", Metric: "t", Value: 1.5}}},
		protocol.KindHealth:    &protocol.Health{At: start, Version: "1"},
	}
	for kind, b := range bodies {
		it := item(t, kind, uuid.NewString(), b)
		if got := said(send(t, db, k, it)) + said(send(t, db, k, it)); got != " stored duplicate" {
			t.Errorf("%s: %s", kind, got)
		}
		kept := one[string](t, db, "SELECT body::text FROM items WHERE id = $1", it.ID)
		was, err1 := protocol.BodyHash(it.Body)
		is, err2 := protocol.BodyHash([]byte(kept))
		if err1 != nil || err2 != nil || was != is {
			t.Errorf("%s is kept as %s", kind, kept)
		}
	}
	at := one[time.Time](t, db, "SELECT max(received_at) FROM items")
	if !at.Equal(start) {
		t.Errorf("received at %v", at)
	}
}

func TestEventRow(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	clock.Advance(10 * time.Minute)
	full := event(t, k, 7, func(e *domain.Event) {
		e.Person, e.About, e.Badge, e.Staff = personID(1), domain.EventID(idAt(start, 3)), domain.BadgeID(uuid.NewString()), domain.StaffID(uuid.NewString())
		e.Snapshot, e.Liveness, e.LivenessReason, e.Second, e.Quality = hashA, 0.9, "passive", 0.8, 0.7
	})
	b := protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: start, Items: []protocol.Item{full}}
	as, err := db.Ingest(t.Context(), k, b)
	must(t, err)
	if said(as) != " stored" {
		t.Fatal(said(as))
	}
	var got string
	must(t, db.pool.QueryRow(t.Context(), `SELECT concat_ws(' ', seq, site, kind, reason, at, received_at, skewed, person, erased, about, distance, second, threshold, metric,
		votes, frames, quality, encoder, encoder_version, detector, encode(snapshot, 'hex'), liveness, liveness_reason) FROM events`).Scan(&got))
	want := fmt.Sprintf("7 norte recognition unknown 2026-11-21 10:00:00+00 2026-11-21 10:10:00+00 t %s f %s 0.7 0.8 0.6 euclidean 5 5 0.7 dlib 1 haar %s 0.9 passive",
		personID(1), idAt(start, 3), hashA)
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if ms := one[int64](t, db, "SELECT skew_ms FROM kiosks WHERE device = $1", k.Device); ms != -600_000 {
		t.Errorf("skew of %d ms", ms)
	}
}

func TestMonths(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	at := func(n int, when time.Time) protocol.Item {
		return event(t, k, n, func(e *domain.Event) { e.ID, e.At = domain.EventID(idAt(when, n)), when })
	}
	ahead := start.AddDate(0, 5, 0)
	as := send(t, db, k, at(1, start), at(2, start.AddDate(0, -1, 0)), at(3, ahead), at(4, start.AddDate(-10, 0, 0)),
		event(t, k, 5, func(e *domain.Event) { e.ID = "01939d2c-4e00-4000-8000-000000000001" }))
	if said(as) != strings.Repeat(" stored", 5) {
		t.Fatal(said(as))
	}
	where := func(n int) string {
		return one[string](t, db, "SELECT tableoid::regclass::text FROM events WHERE seq = $1", n)
	}
	for n, want := range map[int]string{1: "events_2026_11", 2: "events_2026_10", 3: "events_other", 4: "events_other", 5: "events_other"} {
		if got := where(n); got != want {
			t.Errorf("event %d lies in %s, want %s", n, got, want)
		}
	}
	// When its month comes, an event moves there, and is still told from a repetition.
	clock.Advance(5 * 31 * 24 * time.Hour)
	if got := said(send(t, db, k, at(3, ahead), at(6, ahead))); got != " duplicate stored" {
		t.Error(got)
	}
	if where(3) != "events_2027_04" || where(6) != "events_2027_04" {
		t.Errorf("events lie in %s and %s", where(3), where(6))
	}
	// Retention drops whole months, and what has no month by its arrival.
	r, err := db.Retain(t.Context(), Retention{Events: 100 * 24 * time.Hour})
	must(t, err)
	if r.Partitions != 2 || r.Events != 4 || one[int](t, db, "SELECT count(*) FROM events") != 2 {
		t.Errorf("%+v", r)
	}
	if got := said(send(t, db, k, at(7, start))); got != " stored" {
		t.Errorf("a late event: %s", got)
	}
}

// TestMonthsAhead: partitions are there before their months, and to make one takes
// no look through all the others' events while they are shut out.
func TestMonthsAhead(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	_, err := db.Retain(t.Context(), Retention{})
	must(t, err)
	made := func() string {
		return one[string](t, db, "SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'events'::regclass")
	}
	if got := made(); got != "events_2026_11 events_2026_12 events_2027_01 events_other" {
		t.Error(got)
	}
	// Told early of two people, of whom one is erased; what erasing missed, because
	// the event was being moved, is made good.
	ahead := start.AddDate(0, 3, 0)
	early := func(n int) protocol.Item {
		return event(t, k, n, func(e *domain.Event) { e.ID, e.Person = domain.EventID(idAt(ahead, n)), personID(n) })
	}
	if got := said(send(t, db, k, early(1), early(2))); got != " stored stored" {
		t.Fatal(got)
	}
	send(t, db, k, tombstoneOf(t, 1))
	_, err = db.pool.Exec(t.Context(), "UPDATE events_other SET person = $1, erased = false WHERE seq = 1", string(personID(1)))
	must(t, err)

	cfg := db.pool.Config()
	var mu sync.Mutex
	var notices []string
	cfg.ConnConfig.RuntimeParams["client_min_messages"] = "debug1"
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, n.Message)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	must(t, err)
	db.pool.Close()
	db.pool = pool
	clock.Advance(31 * 24 * time.Hour)
	_, err = db.Retain(t.Context(), Retention{})
	must(t, err)
	if got := made(); !strings.Contains(got, "events_2027_02") {
		t.Error(got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.ContainsFunc(notices, func(s string) bool {
		return strings.Contains(s, `default partition "events_other" is implied by existing constraints`)
	}) {
		t.Errorf("events_other was looked through while it was locked: %q", notices)
	}
	got := one[string](t, db, "SELECT string_agg(concat_ws(' ', tableoid::regclass, seq, person, erased), ', ' ORDER BY seq) FROM events")
	if want := "events_2027_02 1 t, events_2027_02 2 " + string(personID(2)) + " f"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := one[int](t, db, "SELECT count(*) FROM pg_constraint WHERE conrelid = 'events_other'::regclass AND contype = 'c'"); n != 0 {
		t.Errorf("%d constraints are left", n)
	}
	if !one[bool](t, db, "SELECT to_regclass('events_other_id') IS NOT NULL") {
		t.Error("to find what moves everything is read")
	}
}

func TestPeople(t *testing.T) {
	db, _ := newDB(t)
	a, b, far := enrol(t, db, "norte"), enrol(t, db, "norte"), enrol(t, db, "sur")
	first := personOf(t, 1, 1, func(p *protocol.Person) { p.DocumentTag = hashA })
	if got := said(send(t, db, a, first)); got != " rejected:no_consent" {
		t.Errorf("before consent: %s", got)
	}
	if got := said(send(t, db, a, consentOf(t, a, 1, domain.PurposeData, domain.PurposeFace), first)); got != " stored stored" {
		t.Fatalf("with consent: %s", got)
	}
	if got := said(send(t, db, a, consentOf(t, a, 2, domain.PurposeData), personOf(t, 2, 1, nil))); got != " stored rejected:no_consent" {
		t.Errorf("a face without consent: %s", got)
	}
	if got := said(send(t, db, far, personOf(t, 1, 2, nil))); got != " rejected:other_site" {
		t.Errorf("from another site: %s", got)
	}
	// Branch b changes the contact, and knows no template; name and face stay.
	change := personOf(t, 1, 2, func(p *protocol.Person) {
		p.Fields = map[string]protocol.Field{protocol.FieldContact: {At: start, Sealed: make([]byte, 50)}}
		p.Templates, p.SecondFactor = nil, true
	})
	if got := said(send(t, db, b, change)); got != " stored" {
		t.Fatal(got)
	}
	page, err := db.Changes(t.Context(), b, "", 10)
	must(t, err)
	last := page.Changes[len(page.Changes)-1]
	v, err := protocol.DecodeChange(last)
	must(t, err)
	p := v.(*protocol.Person)
	// The consents of two, and the person, once.
	if len(page.Changes) != 2+1 || p.ID != personID(1) || p.Version != 2 || len(p.Fields) != 2 || len(p.Templates) != 1 || !p.SecondFactor || p.DocumentTag != hashA {
		t.Errorf("%+v in %+v", p, page)
	}
	// The same document at another branch: both stay, staff are told.
	twin := personOf(t, 3, 1, func(p *protocol.Person) { p.DocumentTag, p.Templates = hashA, nil })
	if got := said(send(t, db, b, consentOf(t, b, 3, domain.PurposeData), twin)); got != " stored stored" {
		t.Error(got)
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms WHERE kind = 'same_document'"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	// A template of somebody else's is not taken over.
	theirs := v.(*protocol.Person).Templates
	thief := personOf(t, 3, 2, func(p *protocol.Person) { p.Templates = theirs })
	if got := said(send(t, db, b, consentFace(t, b, 3), thief)); got != " stored rejected:invalid_body" {
		t.Error(got)
	}
	// Taking back the consent to the face takes the templates, for good.
	c := consentOf(t, a, 1, domain.PurposeData, domain.PurposeFace)
	body, err := protocol.DecodeBody(c.Kind, c.Body)
	must(t, err)
	w := body.(*protocol.Consent)
	w.Withdrawn = []protocol.Withdrawal{{Purpose: domain.PurposeFace, At: start}}
	if got := said(send(t, db, a, item(t, protocol.KindConsent, protocol.DerivedID(protocol.KindConsent, w.ID, 2), w))); got != " stored" {
		t.Fatal(got)
	}
	if n := one[int](t, db, "SELECT count(*) FROM templates WHERE person = $1", string(personID(1))); n != 0 {
		t.Errorf("%d templates after the consent was taken back", n)
	}
	if got := said(send(t, db, a, personOf(t, 1, 3, nil))); got != " rejected:no_consent" {
		t.Errorf("the face again: %s", got)
	}
}

func consentFace(t *testing.T, k Kiosk, n int) protocol.Item {
	it, err := protocol.ConsentItem(domain.Consent{ID: idAt(start.Add(-4*time.Hour), n), Person: personID(n), Version: "1", TextSHA256: hashA, Lang: "es",
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: k.Device, At: start})
	must(t, err)
	return it
}

func TestBadges(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	id := uuid.NewString()
	b := &protocol.Badge{ID: domain.BadgeID(id), Person: personID(1), NotBefore: start, Expires: start.Add(time.Hour), Templates: 1}
	issued := item(t, protocol.KindBadge, protocol.DerivedID(protocol.KindBadge, id, 1), b)
	r := *b
	r.RevokedAt, r.Revoked = start.Add(time.Minute), "lost"
	revoked := item(t, protocol.KindBadge, protocol.DerivedID(protocol.KindBadge, id, 2), &r)
	// Out of order: revoked it stays.
	if got := said(send(t, db, k, revoked, issued)); got != " stored stored" {
		t.Fatal(got)
	}
	page, err := db.Changes(t.Context(), k, "", 10)
	must(t, err)
	v, err := protocol.DecodeChange(page.Changes[0])
	must(t, err)
	if got := *v.(*protocol.Badge); len(page.Changes) != 1 || got != r {
		t.Errorf("%+v of %+v", got, page)
	}
}

// TestMonthsMadeTogether: many who need one month at once have it made once.
func TestMonthsMadeTogether(t *testing.T) {
	db, _ := newDB(t)
	for m := monthOf(start); m < monthOf(start)+5; m++ {
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := db.makeMonth(context.Background(), m); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if n := one[int](t, db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"); n != 6 {
		t.Errorf("%d partitions", n)
	}
}
