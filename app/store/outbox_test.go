package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestOutbox(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	var events []domain.Event
	for range 6 {
		e, err := s.Record(ctx, storetest.Recognition(""), nil)
		must(t, err)
		events = append(events, e)
		clock.Advance(time.Second)
	}
	ids := func(rows []OutboxRow, err error) (ids []int64) {
		t.Helper()
		must(t, err)
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
	rows, err := s.NextBatch(ctx, 4)
	must(t, err)
	if len(rows) != 4 {
		t.Fatalf("%d rows, want 4", len(rows))
	}
	for i, r := range rows {
		want := OutboxRow{
			ID: r.ID, Kind: OutboxEvent, Ref: string(events[i].ID), State: OutboxPending,
			CreatedAt: events[i].At, NextAt: events[i].At,
		}
		if r != want {
			t.Errorf("row %d: %+v, want %+v", i, r, want)
		}
	}
	if got := ids(s.NextBatch(ctx, -1)); got != nil {
		t.Errorf("a batch of -1 has %v", got)
	}
	all := ids(s.NextBatch(ctx, 100))

	// Sent, twice: an answer may come again.
	must(t, s.MarkSent(ctx, all[:2]))
	must(t, s.MarkSent(ctx, all[:2]))
	must(t, s.MarkSent(ctx, nil))
	// Failed: behind the others until it is due.
	due := clock.Now().Add(time.Minute)
	must(t, s.MarkRetry(ctx, all[2], errors.New("refused "+strings.Repeat("ñ", MaxOutboxError)), due))
	// Refused for good: out of the way.
	must(t, s.MarkDead(ctx, all[3], errors.New("conflict")))
	if got := ids(s.NextBatch(ctx, 100)); !slices.Equal(got, all[4:]) {
		t.Errorf("next are %v, want %v", got, all[4:])
	}
	if n, oldest, err := s.Pending(ctx); n != 3 || !oldest.Equal(events[2].At) || err != nil {
		t.Errorf("%d pending since %v, %v; want 3 since %v", n, oldest, err, events[2].At)
	}
	dead, err := s.DeadLetters(ctx, 0)
	must(t, err)
	if len(dead) != 1 || dead[0].ID != all[3] || dead[0].LastError != "conflict" || dead[0].Attempts != 1 || dead[0].State != OutboxDead {
		t.Errorf("dead letters %+v", dead)
	}

	// What is not in the state for it is not found, and nothing changes.
	wantErr(t, s.MarkRetry(ctx, all[0], nil, due), domain.ErrNotFound)
	wantErr(t, s.MarkDead(ctx, all[0], nil), domain.ErrNotFound)
	wantErr(t, s.MarkDead(ctx, all[3], nil), domain.ErrNotFound)
	wantErr(t, s.Requeue(ctx, all[4]), domain.ErrNotFound)
	wantErr(t, s.MarkSent(ctx, []int64{all[4], all[3]}), domain.ErrNotFound)
	wantErr(t, s.MarkSent(ctx, []int64{all[4], 999}), domain.ErrNotFound)
	if n, _, err := s.Pending(ctx); n != 3 || err != nil {
		t.Errorf("%d pending, %v; want 3", n, err)
	}

	must(t, s.Requeue(ctx, all[3]))
	clock.Advance(time.Minute)
	rows, err = s.NextBatch(ctx, 100)
	if got := ids(rows, err); !slices.Equal(got, all[2:]) {
		t.Errorf("next are %v, want %v", got, all[2:])
	}
	r := rows[0]
	if r.Attempts != 1 || len(r.LastError) > MaxOutboxError || !utf8.ValidString(r.LastError) ||
		!strings.HasPrefix(r.LastError, "refused ññ") {
		t.Errorf("tried again with %d attempts and error %q", r.Attempts, r.LastError)
	}

	if n, err := s.PruneSent(ctx, events[1].At); n != 1 || err != nil {
		t.Errorf("pruned %d, %v; want the first", n, err)
	}
	if n, err := s.PruneSent(ctx, clock.Now()); n != 1 || err != nil {
		t.Errorf("pruned %d, %v; want the second", n, err)
	}
	if es, err := s.Recent(ctx, 0, 100); len(es) != 6 || err != nil {
		t.Errorf("%d events are left, %v; want 6", len(es), err)
	}
}
