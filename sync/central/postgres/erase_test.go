package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// about is an event about a person.
func about(t testing.TB, k Kiosk, n, person int) protocol.Item {
	return event(t, k, n, func(e *domain.Event) { e.Reason, e.Person = domain.ReasonRecognised, personID(person) })
}

func picture(event string) protocol.TicketRequest {
	return protocol.TicketRequest{SHA256: hashA, Size: 10, Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(event)}
}

// commit refers to a picture that has just been verified.
func commit(t testing.TB, db *DB, k Kiosk, r protocol.TicketRequest) error {
	t.Helper()
	bucket, key := Place(k, r)
	generation, err := db.Generation(t.Context(), bucket, key)
	must(t, err)
	return db.Commit(t.Context(), k, r, generation)
}

// registered has a person with all that the centre may know of them.
func registered(t testing.TB, db *DB, k Kiosk, n int) {
	t.Helper()
	id := uuid.NewString()
	badge := item(t, protocol.KindBadge, protocol.DerivedID(protocol.KindBadge, id, 1),
		&protocol.Badge{ID: domain.BadgeID(id), Person: personID(n), NotBefore: start, Expires: start.Add(time.Hour)})
	matter := item(t, protocol.KindCase, uuid.NewString(), &protocol.Case{ID: uuid.NewString(), Version: 1, OpenedAt: start, Lang: "es", Person: personID(n), Question: "mi saldo", State: "open"})
	as := send(t, db, k, consentOf(t, k, n, domain.PurposeData, domain.PurposeFace), personOf(t, n, 1, nil), badge, matter,
		about(t, k, 10*n, n), event(t, k, 10*n+1, func(e *domain.Event) { e.Badge = domain.BadgeID(id) }))
	if got := said(as); got != " stored stored stored stored stored stored" {
		t.Fatal(got)
	}
	for _, i := range []int{10 * n, 10*n + 1} {
		r := picture(idAt(start, i))
		r.SHA256 = fmt.Sprintf("%064x", i)
		if stored, err := db.Ticket(t.Context(), k, r, start.Add(time.Hour)); err != nil || stored {
			t.Fatal(stored, err)
		}
		must(t, commit(t, db, k, r))
		if stored, err := db.Ticket(t.Context(), k, r, start.Add(time.Hour)); err != nil || !stored {
			t.Errorf("%v, %v", stored, err)
		}
	}
}

// traces counts what is left that names a person.
func traces(t testing.TB, db *DB, id domain.PersonID) (n int) {
	t.Helper()
	for _, q := range []string{
		"SELECT count(*) FROM people WHERE id = $1", "SELECT count(*) FROM templates WHERE person = $1", "SELECT count(*) FROM consents WHERE person = $1",
		"SELECT count(*) FROM badges WHERE person = $1", "SELECT count(*) FROM events WHERE person = $1", "SELECT count(*) FROM items WHERE person = $1",
		"SELECT count(*) FROM objects WHERE person = $1", "SELECT count(*) FROM changes WHERE kind = 'person' AND ref = $1::uuid::text",
	} {
		n += one[int](t, db, q, string(id))
	}
	return n
}

func TestErasureWins(t *testing.T) {
	db, clock := newDB(t)
	k, far := enrol(t, db, "norte"), enrol(t, db, "sur")
	registered(t, db, k, 1)
	registered(t, db, k, 2)
	if n := traces(t, db, personID(1)); n < 7 {
		t.Fatalf("%d traces before", n)
	}
	if got := said(send(t, db, k, tombstoneOf(t, 1), tombstoneOf(t, 1))); got != " stored duplicate" {
		t.Fatal(got)
	}
	if n := traces(t, db, personID(1)); n != 0 {
		t.Errorf("%d traces after", n)
	}
	if n := traces(t, db, personID(2)); n < 7 {
		t.Errorf("somebody else has %d traces left", n)
	}
	// Whatever comes later is refused, or kept without saying of whom it is.
	late := send(t, db, k, consentOf(t, k, 1, domain.PurposeData), personOf(t, 1, 5, nil), about(t, k, 500, 1),
		item(t, protocol.KindCase, uuid.NewString(), &protocol.Case{ID: uuid.NewString(), Version: 1, OpenedAt: start, Lang: "es", Person: personID(1), Question: "q", State: "open"}))
	if got := said(late); got != " rejected:erased rejected:erased stored rejected:erased" {
		t.Error(got)
	}
	if n := traces(t, db, personID(1)); n != 0 {
		t.Errorf("%d traces came back", n)
	}
	for _, n := range []int{10, 11, 500} {
		if _, err := db.Ticket(t.Context(), k, picture(idAt(start, n)), start); !errors.Is(err, ErrErased) {
			t.Errorf("a picture of event %d: %v", n, err)
		}
	}
	if err := commit(t, db, k, protocol.TicketRequest{SHA256: hashA, Purpose: protocol.PurposeFacial, Person: personID(1)}); !errors.Is(err, ErrErased) {
		t.Errorf("a picture of them: %v", err)
	}
	// Every site hears of it, and nothing else of them.
	for _, kiosk := range []Kiosk{k, far} {
		page, err := db.Changes(t.Context(), kiosk, "", 100)
		must(t, err)
		var told int
		for _, c := range page.Changes {
			if c.Ref == string(personID(1)) {
				told++
				v, err := protocol.DecodeChange(c)
				must(t, err)
				if e, ok := v.(*protocol.Erased); !ok || e.Why != domain.ReasonErasedByPerson {
					t.Errorf("%+v", c)
				}
			}
		}
		if told != 1 {
			t.Errorf("%s heard %d times", kiosk.Site, told)
		}
	}
	// The object store is told of both pictures, and of no other's.
	doomed, err := db.Doomed(t.Context(), 10)
	must(t, err)
	if len(doomed) != 2 {
		t.Errorf("doomed are %v", doomed)
	}
	if open, err := db.OpenTombstones(t.Context(), 10); err != nil || len(open) != 0 {
		t.Errorf("settled before its pictures: %v, %v", open, err)
	}
	for _, d := range doomed {
		must(t, db.ObjectGone(t.Context(), d, 2))
	}
	// It is on record at once; but until their tickets are over, pictures may come.
	recorded, err := db.Unrecorded(t.Context(), 10)
	if err != nil || len(recorded) != 1 || recorded[0].Person != personID(1) {
		t.Fatalf("%+v, %v", recorded, err)
	}
	must(t, db.Recorded(t.Context(), personID(1)))
	clock.Advance(afterPut - time.Second)
	again, err := db.Doomed(t.Context(), 10)
	must(t, err)
	if open, err := db.OpenTombstones(t.Context(), 10); err != nil || len(again) != 0 || len(open) != 0 {
		t.Errorf("too early: %v, %v, %v", again, open, err)
	}
	clock.Advance(time.Second)
	again, err = db.Doomed(t.Context(), 10)
	if err != nil || len(again) != 2 || !again[0].Last || !again[1].Last {
		t.Errorf("after that: %v, %v", again, err)
	}
	for _, d := range again {
		must(t, db.ObjectGone(t.Context(), d, 0))
	}
	open, err := db.OpenTombstones(t.Context(), 10)
	if err != nil || len(open) != 1 || open[0].Person != personID(1) || open[0].AskedBy != k.Device {
		t.Fatalf("%+v, %v", open, err)
	}
	must(t, db.SettleTombstone(t.Context(), personID(1)))
	r, err := db.ErasureReport(t.Context(), personID(1))
	must(t, err)
	f := r.Database
	if f.Person != 1 || f.Templates != 1 || f.Consents != 1 || f.Badges != 1 || f.Cases != 1 || f.Unlinked != 1 || f.Objects != 2 ||
		r.Objects.Keys != 2 || r.Objects.Versions != 4 || r.Objects.DoneAt == nil || len(r.Kiosks) != 2 || r.Complete || len(r.Receipt) == 0 {
		t.Errorf("%+v", r)
	}
	// Once the kiosks have come so far, it is complete.
	for _, kiosk := range []Kiosk{k, far} {
		page, err := db.Changes(t.Context(), kiosk, "", 100)
		must(t, err)
		page, err = db.Changes(t.Context(), kiosk, page.Cursor, 100)
		if must(t, err); len(page.Changes) != 0 {
			t.Errorf("again: %+v", page)
		}
	}
	if r, err = db.ErasureReport(t.Context(), personID(1)); err != nil || !r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := db.ErasureReport(t.Context(), personID(2)); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("of somebody who is there: %v", err)
	}
}

// TestEraseBesideIngest: an item about somebody who is being erased is erased
// with them, or finds them erased.
func TestEraseBesideIngest(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, consentOf(t, k, 1, domain.PurposeData, domain.PurposeFace))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range 15 {
				items := []protocol.Item{about(t, k, 1000*(i+1)+n, 1), personOf(t, 1, int64(100*i+n+1), nil)}
				_, err := db.Ingest(context.Background(), k, protocol.Batch{ID: uuid.NewString(), DeviceID: k.Device, SentAt: start, Items: items})
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	must(t, db.Erase(t.Context(), personID(1), domain.ReasonErasedByStaff, "ana"))
	wg.Wait()
	if n := traces(t, db, personID(1)); n != 0 {
		t.Errorf("%d traces", n)
	}
	if n := one[int](t, db, "SELECT count(*) FROM events"); n != 120 {
		t.Errorf("%d events", n)
	}
}

func TestReplayAfterRestore(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	registered(t, db, k, 1)
	page, err := db.Changes(t.Context(), k, "", 100)
	must(t, err)
	// The backup that was restored knows nothing of the tombstone, and nobody said
	// that it was one. The cursor is of after it.
	epoch, seq := one[string](t, db, "SELECT epoch FROM meta"), one[int64](t, db, "SELECT feed_seq FROM sites WHERE id = 'norte'")
	page.Cursor = fmt.Sprintf("%s.%s.%d", epoch, cursorSite("norte"), seq+1)
	stone := Tombstone{Person: personID(1), ID: uuid.NewString(), Site: "norte", Why: domain.ReasonErasedByPerson, At: start, AskedBy: k.Device}
	for _, want := range []bool{true, false} {
		if did, err := db.Replay(t.Context(), stone, true); did != want || err != nil {
			t.Errorf("%v, %v", did, err)
		}
	}
	if n := traces(t, db, personID(1)); n != 0 {
		t.Errorf("%d traces", n)
	}
	if n := one[int](t, db, "SELECT count(*) FROM meta WHERE epoch = $1", epoch); n != 0 {
		t.Error("the history goes on")
	}
	now := one[string](t, db, "SELECT epoch FROM meta")
	if did, err := db.Replay(t.Context(), Tombstone{Person: personID(2), ID: uuid.NewString(), Site: "norte", Why: domain.ReasonErasedByPerson, At: start, AskedBy: k.Device}, false); !did || err != nil {
		t.Errorf("%v, %v", did, err)
	}
	if one[string](t, db, "SELECT epoch FROM meta") != now {
		t.Error("it begins twice")
	}
	again, err := db.Changes(t.Context(), k, page.Cursor, 100)
	must(t, err)
	if !again.Reset || len(again.Changes) != 2+2 { // consent and badge are gone, the tombstones are told
		t.Errorf("%+v", again)
	}
}

// TestAnswerBesideErasure: an answer to a case that is published while its person
// is being erased does not outlive them.
func TestAnswerBesideErasure(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	matter := uuid.NewString()
	send(t, db, k, consentOf(t, k, 1, domain.PurposeData), personOf(t, 1, 1, func(p *protocol.Person) { p.Templates = nil }),
		item(t, protocol.KindCase, uuid.NewString(), &protocol.Case{ID: matter, Version: 1, OpenedAt: start, Lang: "es", Person: personID(1), Question: "q", State: "open"}))
	// Both need the site's row, and get it in the order in which they came.
	hold, err := db.pool.Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), "SELECT 1 FROM sites WHERE id = 'norte' FOR UPDATE")
	must(t, err)
	ended := make(chan error, 2)
	wait := func(n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); one[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") < n; {
			if time.Now().After(end) {
				t.Fatalf("%d do not wait", n)
			}
		}
	}
	go func() {
		_, err := db.Publish(context.Background(), "norte", protocol.ChangeCaseAnswer, matter, "application/json", `{"text":"Sí."}`)
		ended <- err
	}()
	wait(1)
	go func() { ended <- db.Erase(context.Background(), personID(1), domain.ReasonErasedByStaff, "ana") }()
	wait(2)
	must(t, hold.Rollback(t.Context()))
	for range 2 {
		must(t, <-ended)
	}
	if n := one[int](t, db, "SELECT count(*) FROM changes WHERE kind = 'case_answer'"); n != 0 {
		t.Error("the answer is still told")
	}
	if _, err := db.Publish(t.Context(), "norte", protocol.ChangeCaseAnswer, matter, "application/json", `{"text":"No."}`); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("after it: %v", err)
	}
}

func TestTicketsExpire(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, event(t, k, 1, nil), event(t, k, 2, nil))
	if _, err := db.Ticket(t.Context(), k, picture(idAt(start, 9)), start); !errors.Is(err, ErrNoEvent) {
		t.Errorf("before its event: %v", err)
	}
	kept, lost := picture(idAt(start, 1)), picture(idAt(start, 2))
	lost.SHA256 = fmt.Sprintf("%064x", 2)
	for _, r := range []protocol.TicketRequest{kept, lost} {
		if _, err := db.Ticket(t.Context(), k, r, start.Add(15*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, commit(t, db, k, kept))
	clock.Advance(2 * time.Hour)
	_, err := db.Retain(t.Context(), Retention{})
	must(t, err)
	doomed, err := db.Doomed(t.Context(), 10)
	_, key := Place(k, lost)
	if err != nil || len(doomed) != 1 || doomed[0].Key != key {
		t.Errorf("%v, %v", doomed, err)
	}
	// While it is being deleted, nothing refers to it.
	if err := commit(t, db, k, lost); !errors.Is(err, ErrDoomed) {
		t.Errorf("commit: %v", err)
	}
}

// TestDoomedBesideCommit: an object that goes between its verification and the commit
// is not referred to; and one that is doomed again while it is being deleted goes.
func TestDoomedBesideCommit(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, event(t, k, 1, nil), event(t, k, 2, nil))
	r := picture(idAt(start, 1))
	bucket, key := Place(k, r)
	ticket := func() {
		t.Helper()
		_, err := db.Ticket(t.Context(), k, r, start.Add(time.Hour))
		must(t, err)
	}
	generation := func() int64 {
		t.Helper()
		n, err := db.Generation(t.Context(), bucket, key)
		must(t, err)
		return n
	}
	listed := func() Doomed {
		t.Helper()
		list, err := db.Doomed(t.Context(), 10)
		must(t, err)
		if len(list) != 1 || list[0].Key != key {
			t.Fatalf("doomed are %+v", list)
		}
		return list[0]
	}
	refused := func(when string, generation int64) {
		t.Helper()
		if err := db.Commit(t.Context(), k, r, generation); !errors.Is(err, ErrDoomed) {
			t.Errorf("%s: %v", when, err)
		}
	}
	ticket()
	seen := generation() // and the object, by Stat
	must(t, db.DoomTicket(t.Context(), k, r))
	must(t, db.ObjectGone(t.Context(), listed(), 1))
	refused("doomed and gone since", seen)

	must(t, db.DoomTicket(t.Context(), k, r))
	seen = generation()
	must(t, db.ObjectGone(t.Context(), listed(), 1))
	refused("gone since", seen)

	must(t, db.DoomTicket(t.Context(), k, r))
	first := listed() // its versions are being deleted
	must(t, db.DoomTicket(t.Context(), k, r))
	must(t, db.ObjectGone(t.Context(), first, 1))
	second := listed()
	must(t, db.ObjectGone(t.Context(), second, 1))
	if list, err := db.Doomed(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if n := one[int](t, db, "SELECT removed FROM doomed"); n != 4 {
		t.Errorf("%d versions", n)
	}
	// Put anew, it is referred to, once.
	ticket()
	seen = generation()
	for range 2 {
		must(t, db.Commit(t.Context(), k, r, seen))
	}
	if n := one[int](t, db, "SELECT count(*) FROM objects"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestSweepBesideCommit: a ticket that is swept while its picture is committed leaves
// no row without an object.
func TestSweepBesideCommit(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	send(t, db, k, event(t, k, 1, nil))
	r := picture(idAt(start, 1))
	bucket, key := Place(k, r)
	_, err := db.Ticket(t.Context(), k, r, start)
	must(t, err)
	clock.Advance(2 * time.Hour)
	// Somebody sweeps, and has not committed.
	tx, err := db.pool.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), "DELETE FROM tickets")
	must(t, err)
	_, err = tx.Exec(t.Context(), "INSERT INTO doomed (bucket, key) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM objects)", bucket, key)
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- db.Commit(context.Background(), k, r, 0) }()
	for one[int](t, db, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0 {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
	}
	must(t, tx.Commit(t.Context()))
	if err := <-done; !errors.Is(err, ErrDoomed) {
		t.Error(err)
	}
}
