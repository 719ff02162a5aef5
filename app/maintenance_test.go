package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store"
	"agentid/vision"
)

// TestMaintenanceErasesByACredibleClock: a real store, with somebody who never
// came back.
func TestMaintenanceErasesByACredibleClock(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	c := newCLI(t.Output(), t.Output())
	c.clock = clock
	c.cfg.Retention.Months = 6
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	id := domain.PersonID(newID())
	if err := st.AddPerson(t.Context(), domain.Person{ID: id, Name: "Ana", CreatedAt: clock.Now()}, nil); err != nil {
		t.Fatal(err)
	}
	erased, synced := 0, false
	m := c.maintenance(st)
	m.newer, m.synced, m.onErased = clock.Now(), func() bool { return synced }, func() { erased++ }
	there := func() bool {
		_, err := st.Person(t.Context(), id)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	camera := func() {
		if _, err := st.Record(t.Context(), domain.Event{Kind: domain.EventCamera, Reason: domain.ReasonCameraLost}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name    string
		advance time.Duration
		event   bool
		synced  bool
		err     error
		there   bool
	}{
		{"before the program", -time.Hour, false, false, errClock, true},
		{"at first", time.Hour, false, false, nil, true},
		{"within its time", 170 * 24 * time.Hour, true, false, nil, true},
		{"set back", -24 * time.Hour, false, true, errClock, true},
		{"after a jump that nobody vouches for", 60 * 24 * time.Hour, false, false, errClock, true},
		{"after one that the system vouches for", 0, false, true, nil, false},
		{"again", 24 * time.Hour, false, false, nil, false},
	} {
		clock.Advance(step.advance)
		if step.event {
			camera()
		}
		synced = step.synced
		if err := m.once(t.Context()); !errors.Is(err, step.err) {
			t.Errorf("%s: %v, want %v", step.name, err, step.err)
		}
		if there() != step.there {
			t.Errorf("%s: is there %v", step.name, there())
		}
	}
	if erased != 1 {
		t.Errorf("told %d times of an erasure", erased)
	}
	events, err := st.EventsQuery(t.Context(), store.Filter{Reason: domain.ReasonErasedUnseen})
	if err != nil || len(events) != 1 || events[0].Person != id {
		t.Errorf("on record: %+v, %v", events, err)
	}
}

// TestMaintenanceRunsDaily, and soon again after what went wrong.
func TestMaintenanceRunsDaily(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	c := newCLI(t.Output(), t.Output())
	c.clock = clock
	st := &countingStore{runs: make(chan time.Time, 8), clock: clock, fail: true}
	m := c.maintenance(st)
	m.newer = clock.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.run(ctx) }()
	first := <-st.runs
	for _, want := range []time.Duration{maintenanceRetry, maintenanceRetry + maintenanceEvery} {
		clock.AwaitTimers(1)
		st.fail = false
		clock.Advance(first.Add(want).Sub(clock.Now()))
		if at := <-st.runs; at.Sub(first) != want {
			t.Errorf("ran after %s, want %s", at.Sub(first), want)
		}
	}
	cancel()
	<-done
}

// countingStore tells when it was tidied.
type countingStore struct {
	tidier
	runs  chan time.Time
	clock domain.Clock
	fail  bool
}

func (s *countingStore) Recent(context.Context, uint64, int) ([]domain.Event, error) { return nil, nil }
func (s *countingStore) Sweep(context.Context) (int, error)                          { return 0, nil }

func (s *countingStore) Retain(context.Context, store.RetentionPolicy) (store.RetentionReport, error) {
	s.runs <- s.clock.Now()
	if s.fail {
		return store.RetentionReport{}, store.ErrBusy
	}
	return store.RetentionReport{}, nil
}

// fakeRegistry answers as the test says.
type fakeRegistry struct {
	domain.Registry
	profile domain.Profile
	err     error
}

func (f fakeRegistry) Enrol(context.Context, domain.Enrolment) error { return f.err }

func (f fakeRegistry) Withdraw(context.Context, domain.PersonID, domain.Purpose, time.Time) error {
	return f.err
}

func (f fakeRegistry) Profile(context.Context, domain.PersonID) (domain.Profile, error) {
	if f.profile.Person.ID == "" {
		return domain.Profile{}, domain.ErrNotFound
	}
	return f.profile, nil
}

func (f fakeRegistry) EraseIdentity(context.Context, domain.PersonID, domain.Reason, time.Time) (domain.ErasureReceipt, error) {
	return domain.ErasureReceipt{ID: "r"}, f.err
}

// TestRegistryTellsTheGallery: of who comes and goes, once it is done, and of
// nothing that was not.
func TestRegistryTellsTheGallery(t *testing.T) {
	broken := errors.New("no disk")
	for name, tt := range map[string]struct {
		err  error
		done bool
	}{
		"done":                {nil, true},
		"done, but old pages": {store.ErrLogKept, true},
		"not done":            {broken, false},
	} {
		dir := t.TempDir()
		id := domain.BadgeID(newID())
		card := filepath.Join(dir, "badge-"+string(id)+".pdf")
		if err := os.WriteFile(card, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		gone := 0
		r := registry{
			Registry: fakeRegistry{err: tt.err, profile: domain.Profile{Person: domain.Person{ID: "p"}, Badges: []domain.Badge{{ID: id}}}},
			gone:     func(domain.PersonID) { gone++ }, joined: func() {}, cards: &badge.Folder{Dir: dir}, log: slog.New(slog.DiscardHandler),
		}
		werr := r.Withdraw(t.Context(), "p", domain.PurposeFace, time.Time{})
		receipt, eerr := r.EraseIdentity(t.Context(), "p", domain.ReasonErasedByPerson, time.Time{})
		if (werr == nil) != tt.done || (eerr == nil) != tt.done || receipt.ID != "r" {
			t.Errorf("%s: %v, %v", name, werr, eerr)
		}
		_, err := os.Stat(card)
		if want := map[bool]int{true: 2}[tt.done]; gone != want || errors.Is(err, os.ErrNotExist) != tt.done {
			t.Errorf("%s: told %d times, card: %v", name, gone, err)
		}
	}
	joined := 0
	r := registry{Registry: fakeRegistry{}, joined: func() { joined++ }, cards: &badge.Folder{Dir: t.TempDir()}, log: slog.New(slog.DiscardHandler)}
	if err := r.Enrol(t.Context(), domain.Enrolment{}); err != nil || joined != 1 {
		t.Errorf("enrolled: told %d times, %v", joined, err)
	}
	r.Registry = fakeRegistry{err: broken}
	if err := r.Enrol(t.Context(), domain.Enrolment{}); !errors.Is(err, broken) || joined != 1 {
		t.Errorf("not enrolled: told %d times, %v", joined, err)
	}
}

// TestGoneIsForgottenAtOnce: nobody waits for the poll.
func TestGoneIsForgottenAtOnce(t *testing.T) {
	p := &program{changed: make(chan struct{}, 1)}
	p.gone("nobody yet") // before there is a gallery
	<-p.changed
	g := vision.NewGallery(domain.EncoderRef{Name: "plain", Version: "1"}, vision.Euclidean, 2)
	for id, v := range map[domain.PersonID][]float32{"a": {1, 0}, "b": {0, 1}} {
		if err := g.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	p.gallery.Store(g)
	p.gone("a")
	if m, err := g.Match([]float32{1, 0}); err != nil || m.Person != "b" || m.SecondPerson != "" {
		t.Errorf("%+v, %v", m, err)
	}
	p.galleryChanged() // the first word still waits: none is lost, none blocks
	select {
	case <-p.changed:
	default:
		t.Error("the gallery is not read anew")
	}
}
