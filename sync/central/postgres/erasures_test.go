package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// TestTombstoneOfNobody: what a kiosk says of somebody who is not known here its own
// site hears, and no other; an administrator's word is heard everywhere, and made a
// record of, also after it.
func TestTombstoneOfNobody(t *testing.T) {
	db, _ := newDB(t)
	k, far := enrol(t, db, "norte"), enrol(t, db, "sur")
	heard := func(k Kiosk) bool {
		t.Helper()
		c, _ := told(t, db, k, protocol.ChangeTombstone, string(personID(1)))
		return c.Seq > 0
	}
	records := func() int {
		t.Helper()
		list, err := db.Unrecorded(t.Context(), 10)
		must(t, err)
		return len(list)
	}
	if got := said(send(t, db, k, tombstoneOf(t, 1))); got != " stored" {
		t.Fatal(got)
	}
	if !heard(k) || heard(far) || records() != 0 {
		t.Errorf("own site heard %v, another %v, %d records", heard(k), heard(far), records())
	}
	// They are erased all the same, and settled.
	if got := said(send(t, db, k, consentOf(t, k, 1, domain.PurposeData))); got != " rejected:erased" {
		t.Error(got)
	}
	if open, err := db.OpenTombstones(t.Context(), 10); err != nil || len(open) != 1 {
		t.Errorf("%+v, %v", open, err)
	}
	if r, err := db.ErasureReport(t.Context(), personID(1)); err != nil || len(r.Kiosks) != 1 || r.Kiosks[0].Device != k.Device || r.Kiosks[0].Applied {
		t.Errorf("%+v, %v", r.Kiosks, err)
	}
	before := one[int64](t, db, "SELECT feed_seq FROM sites WHERE id = 'norte'")
	for range 2 {
		must(t, db.Erase(t.Context(), personID(1), domain.ReasonErasedByStaff, "ana"))
	}
	if !heard(far) || records() != 1 {
		t.Errorf("the other site heard %v, %d records", heard(far), records())
	}
	if after := one[int64](t, db, "SELECT feed_seq FROM sites WHERE id = 'norte'"); after != before {
		t.Errorf("norte was told again")
	}
}

// TestErasuresDoNotHoldUp: only a tombstone that erases somebody waits until nobody
// else takes anything in.
func TestErasuresDoNotHoldUp(t *testing.T) {
	db, _ := newDB(t)
	k, far := enrol(t, db, "norte"), enrol(t, db, "sur")
	send(t, db, far, consentOf(t, far, 2, domain.PurposeData), personOf(t, 2, 1, func(p *protocol.Person) { p.Templates = nil }))
	stone := tombstoneOf(t, 1)
	send(t, db, k, stone)
	c, err := db.pool.Acquire(t.Context())
	must(t, err)
	defer c.Release()
	_, err = c.Exec(t.Context(), "SELECT pg_advisory_lock_shared($1)", lockErasure)
	must(t, err)
	if got := said(send(t, db, k, stone, tombstoneOf(t, 2), event(t, k, 1, nil))); got != " duplicate rejected:other_site stored" {
		t.Error(got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = db.Ingest(ctx, k, protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: start, Items: []protocol.Item{tombstoneOf(t, 3)}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("erased beside others: %v", err)
	}
	_, err = c.Exec(t.Context(), "SELECT pg_advisory_unlock_shared($1)", lockErasure)
	must(t, err)
}

// TestTooManyErasures: beyond so many of a kiosk in an hour nothing of a batch with
// more is taken, for a while; everything else is, from it and from others.
func TestTooManyErasures(t *testing.T) {
	db, clock := newDB(t)
	k, other := enrol(t, db, "norte"), enrol(t, db, "norte")
	_, err := db.pool.Exec(t.Context(), `INSERT INTO items (device, kind, id, site, received_at, body_hash)
		SELECT $1, 'tombstone', gen_random_uuid(), 'norte', $2::timestamptz + n * interval '1 second', '\x01' FROM generate_series(1, $3) n`,
		k.Device, start.Add(-time.Hour), maxErasures-1)
	must(t, err)
	if got := said(send(t, db, k, tombstoneOf(t, 1))); got != " stored" {
		t.Fatal(got)
	}
	for range 2 {
		_, err = db.Ingest(t.Context(), k, protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: start,
			Items: []protocol.Item{tombstoneOf(t, 2), tombstoneOf(t, 3), event(t, k, 1, nil)}})
		var many *TooManyErasures
		if !errors.As(err, &many) || many.Wait != 2*time.Second {
			t.Fatalf("%+v, %v", many, err)
		}
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms WHERE kind = 'many_erasures' AND device = $1", k.Device); n != 1 {
		t.Errorf("%d alarms", n)
	}
	if got := said(send(t, db, k, tombstoneOf(t, 1), event(t, k, 1, nil))) + said(send(t, db, other, tombstoneOf(t, 4))); got != " duplicate stored stored" {
		t.Error(got)
	}
	clock.Advance(2 * time.Second)
	if got := said(send(t, db, k, tombstoneOf(t, 2), tombstoneOf(t, 3))); got != " stored stored" {
		t.Error(got)
	}
}
