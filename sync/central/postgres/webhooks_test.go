package postgres

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

func TestWebhooks(t *testing.T) {
	db, clock := newDB(t)
	k, far := enrol(t, db, "norte"), enrol(t, db, "sur")
	send(t, db, k, event(t, k, 1, nil)) // before anybody listens
	w, secret, err := db.AddWebhook(t.Context(), "norte", "https://example.org/hook", []string{"recognition"})
	must(t, err)
	if !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secret %q", secret)
	}
	if _, _, err := db.AddWebhook(t.Context(), "oeste", "https://example.org/hook", nil); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such site: %v", err)
	}
	// Only what is stored, of that kind, of that site, once.
	mine := about(t, k, 2, 1)
	send(t, db, k, event(t, k, 1, nil), mine, mine, event(t, k, 3, func(e *domain.Event) { e.Kind = domain.EventCamera }))
	send(t, db, k, mine)
	send(t, db, far, event(t, far, 1, nil))
	due, err := db.TakeDeliveries(t.Context(), 10, 4, nil, time.Minute)
	if err != nil || len(due) != 1 || due[0].URL != w.URL || due[0].Attempts != 1 || len(due[0].Secret) != 32 {
		t.Fatalf("%+v, %v", due, err)
	}
	var body struct {
		Type string
		Data map[string]any
	}
	must(t, json.Unmarshal(due[0].Body, &body))
	if body.Type != "event.recognition" || body.Data["event_id"] != mine.ID || body.Data["person_id"] != string(personID(1)) || body.Data["site"] != "norte" {
		t.Errorf("%+v", body)
	}
	// While it is being sent nobody else gets it; whoever dies over it leaves it.
	if again, err := db.TakeDeliveries(t.Context(), 10, 4, nil, time.Minute); err != nil || len(again) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	clock.Advance(time.Minute)
	if due, err = db.TakeDeliveries(t.Context(), 10, 4, nil, time.Minute); err != nil || len(due) != 1 || due[0].Attempts != 2 {
		t.Fatalf("%+v, %v", due, err)
	}
	must(t, db.Undelivered(t.Context(), due[0].ID, "it answered 500\n", clock.Now().Add(time.Hour)))
	clock.Advance(time.Hour)
	// Erased meanwhile, the message says no more of whom it is.
	must(t, db.Erase(t.Context(), personID(1), domain.ReasonErasedByStaff, "ana"))
	if due, err = db.TakeDeliveries(t.Context(), 10, 4, nil, time.Minute); err != nil || len(due) != 1 || strings.Contains(string(due[0].Body), string(personID(1))) {
		t.Fatalf("%+v, %v", due, err)
	}
	must(t, db.Undelivered(t.Context(), due[0].ID, "it answered 500", time.Time{}))
	if list, err := db.Webhooks(t.Context()); err != nil || len(list) != 1 || list[0].Dead != 1 || list[0].Pending != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if n, err := db.Revive(t.Context(), w.ID); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	due, err = db.TakeDeliveries(t.Context(), 10, 4, nil, time.Minute)
	if err != nil || len(due) != 1 || due[0].Attempts != 1 {
		t.Fatalf("%+v, %v", due, err)
	}
	must(t, db.Delivered(t.Context(), due[0].ID))
	clock.Advance(8 * 24 * time.Hour)
	_, err = db.Retain(t.Context(), Retention{})
	must(t, err)
	if n := one[int](t, db, "SELECT count(*) FROM deliveries"); n != 0 {
		t.Errorf("%d messages are kept", n)
	}
	must(t, db.CloseWebhook(t.Context(), w.ID, "no more"))
	send(t, db, k, event(t, k, 9, nil))
	if n := one[int](t, db, "SELECT count(*) FROM deliveries"); n != 0 {
		t.Errorf("%d messages for a closed one", n)
	}
	if err := db.CloseWebhook(t.Context(), uuid.NewString(), "x"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("no such webhook: %v", err)
	}
}

// TestWebhooksShare: however much is due of one webhook, others have their part of
// what is taken, and what is under way counts.
func TestWebhooksShare(t *testing.T) {
	db, clock := newDB(t)
	k := enrol(t, db, "norte")
	first, _, err := db.AddWebhook(t.Context(), "norte", "https://example.org/a", []string{"recognition"})
	must(t, err)
	var items []protocol.Item
	for n := range 20 {
		items = append(items, event(t, k, n+1, nil))
	}
	send(t, db, k, items...)
	clock.Advance(time.Minute)
	second, _, err := db.AddWebhook(t.Context(), "norte", "https://example.org/b", []string{"recognition"})
	must(t, err)
	send(t, db, k, event(t, k, 21, nil), event(t, k, 22, nil), event(t, k, 23, nil))
	for i, step := range []struct {
		n, each       int
		busy          map[string]int
		first, second int
	}{
		{1, 4, nil, 1, 0}, // the oldest
		{10, 4, map[string]int{first.ID: 1}, 3, 3},
		{10, 4, map[string]int{first.ID: 4, second.ID: 3}, 0, 0},
		{10, 4, map[string]int{first.ID: 9}, 0, 0},
		{2, 4, map[string]int{second.ID: 3}, 2, 0},
	} {
		list, err := db.TakeDeliveries(t.Context(), step.n, step.each, step.busy, time.Minute)
		must(t, err)
		got := map[string]int{}
		for _, d := range list {
			got[d.Webhook]++
		}
		if got[first.ID] != step.first || got[second.ID] != step.second {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
