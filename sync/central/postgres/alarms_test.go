package postgres

import (
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// TestAlarmsAreBounded: of one thing there is one alarm, however often it comes
// again; there are so many of a kiosk and no more; and the old go.
func TestAlarmsAreBounded(t *testing.T) {
	db, clock := newDB(t)
	k, other := enrol(t, db, "norte"), enrol(t, db, "norte")
	again := func(n int) protocol.Item {
		return event(t, k, n, func(e *domain.Event) { e.Distance = 0.9 })
	}
	count := func(k Kiosk) int {
		t.Helper()
		return one[int](t, db, "SELECT count(*) FROM alarms WHERE device = $1", k.Device)
	}
	send(t, db, k, event(t, k, 1, nil), event(t, k, 2, nil), event(t, k, 3, nil))
	for range 3 {
		if got := said(send(t, db, k, again(1), again(2))); got != " conflict:same_id conflict:same_id" {
			t.Fatal(got)
		}
	}
	if n := count(k); n != 2 {
		t.Errorf("%d alarms of two ids", n)
	}
	clock.Advance(alarmAgain)
	send(t, db, k, again(1))
	list, err := db.Alarms(t.Context(), 10)
	if must(t, err); len(list) != 2 || !list[0].At.Equal(clock.Now()) || !list[1].At.Equal(start) || list[0].Detail["id"] != idAt(start, 1) {
		t.Errorf("newest first: %+v", list)
	}
	_, err = db.pool.Exec(t.Context(), "INSERT INTO alarms (at, site, device, kind, detail) SELECT $1, 'norte', $2, 'same_id', '{}' FROM generate_series(1, $3)",
		start, k.Device, maxAlarms-2)
	must(t, err)
	if got := said(send(t, db, k, again(3))); got != " conflict:same_id" || count(k) != maxAlarms {
		t.Errorf("%s, %d alarms", got, count(k))
	}
	// Another kiosk's are its own.
	send(t, db, other, event(t, other, 1, nil))
	send(t, db, other, event(t, other, 1, func(e *domain.Event) { e.Distance = 0.9 }))
	if n := count(other); n != 1 {
		t.Errorf("%d alarms of another", n)
	}
	clock.Advance(keepAlarms - alarmAgain + time.Minute)
	_, err = db.Retain(t.Context(), Retention{})
	must(t, err)
	if count(k) != 1 || count(other) != 1 {
		t.Errorf("%d and %d are left, of which one each is not too old", count(k), count(other))
	}
}

// TestAlarmsOfTheErased: an alarm that names somebody goes with them, whichever of
// those whom it names they are.
func TestAlarmsOfTheErased(t *testing.T) {
	db, _ := newDB(t)
	k := enrol(t, db, "norte")
	tagged := func(n int, version int64) protocol.Item {
		return personOf(t, n, version, func(p *protocol.Person) { p.DocumentTag = hashA })
	}
	both := []domain.Purpose{domain.PurposeData, domain.PurposeFace}
	send(t, db, k, consentOf(t, k, 1, both...), consentOf(t, k, 2, both...), consentOf(t, k, 3, both...), tagged(1, 1), tagged(2, 1), tagged(2, 2))
	alarms := func() []Alarm {
		t.Helper()
		list, err := db.Alarms(t.Context(), 10)
		must(t, err)
		return list
	}
	if list := alarms(); len(list) != 1 || list[0].Detail["person"] != string(personID(2)) {
		t.Fatalf("%+v", list)
	}
	// A third with that document is news of the second, at once.
	send(t, db, k, tagged(3, 1), tagged(2, 3))
	for _, a := range alarms() {
		if others, _ := a.Detail["others"].([]any); len(others) != 2 {
			t.Errorf("%+v", a)
		}
	}
	must(t, db.Erase(t.Context(), personID(1), domain.ReasonErasedByStaff, "ana"))
	if list := alarms(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
