package eraser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
)

const person = "01939d2c-4e00-7000-8000-000000000001"

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// fake is a database and an object store at once, which do as they are told.
type fake struct {
	blob.Store // what is not needed
	doomed     []postgres.Doomed
	unrecorded []postgres.Tombstone
	open       []postgres.Tombstone
	objects    map[string][]byte
	known      map[domain.PersonID]bool
	fail       error
	did        []string
	idle       chan struct{} // told of each look that found nothing to do
}

func (f *fake) Doomed(context.Context, int) ([]postgres.Doomed, error) {
	return slices.Clone(f.doomed), nil
}

func (f *fake) ObjectGone(_ context.Context, d postgres.Doomed, n int) error {
	f.did = append(f.did, fmt.Sprintf("gone %s %d", d.Key, n))
	f.doomed = slices.DeleteFunc(f.doomed, func(x postgres.Doomed) bool { return x == d })
	return nil
}

func (f *fake) Unrecorded(context.Context, int) ([]postgres.Tombstone, error) {
	return f.unrecorded, nil
}

func (f *fake) Recorded(_ context.Context, id domain.PersonID) error {
	f.did = append(f.did, "recorded "+string(id))
	f.open, f.unrecorded = append(f.open, f.unrecorded...), nil
	return nil
}

func (f *fake) OpenTombstones(context.Context, int) ([]postgres.Tombstone, error) {
	if len(f.doomed) > 0 {
		return nil, nil
	}
	if len(f.open) == 0 && f.idle != nil {
		f.idle <- struct{}{}
	}
	return f.open, nil
}

func (f *fake) SettleTombstone(_ context.Context, id domain.PersonID) error {
	f.did = append(f.did, "settled "+string(id))
	f.open = nil
	return nil
}

func (f *fake) Replay(_ context.Context, t postgres.Tombstone, _ bool) (bool, error) {
	if f.known[t.Person] {
		return false, nil
	}
	f.known[t.Person] = true
	return true, nil
}

func (f *fake) Erase(context.Context, string, string) (int, error) { return 2, f.fail }

func (f *fake) Write(_ context.Context, _, key string, content []byte) error {
	f.objects[key] = content
	return nil
}

func (f *fake) Read(_ context.Context, _, key string) ([]byte, error) { return f.objects[key], nil }

func (f *fake) List(_ context.Context, _, prefix string, with func(string) error) error {
	for k := range f.objects {
		if strings.HasPrefix(k, prefix) {
			if err := with(k); err != nil {
				return err
			}
		}
	}
	return nil
}

func newFake() *fake { return &fake{objects: map[string][]byte{}, known: map[domain.PersonID]bool{}} }

func (f *fake) eraser() (*Eraser, *domaintest.Clock) {
	c := domaintest.NewClock(start)
	return New(f, f, c, slog.New(slog.DiscardHandler)), c
}

func TestOnce(t *testing.T) {
	f := newFake()
	f.doomed = []postgres.Doomed{{Bucket: "b", Key: "x"}, {Bucket: "b", Key: "y"}}
	stone := postgres.Tombstone{Person: person, ID: person, Site: "norte", Why: "erased_by_person", At: start, AskedBy: "ana"}
	f.unrecorded = []postgres.Tombstone{stone}
	f.fail = blob.ErrUnavailable
	e, _ := f.eraser()
	if err := e.Once(t.Context()); !errors.Is(err, blob.ErrUnavailable) || !slices.Equal(f.did, []string{"recorded " + person}) {
		t.Errorf("store down: %v, %v", err, f.did)
	}
	f.fail, f.did = nil, nil
	if err := e.Once(t.Context()); err != nil || !slices.Equal(f.did, []string{"gone x 2", "gone y 2", "settled " + person}) {
		t.Errorf("%v, %v", err, f.did)
	}
	var got postgres.Tombstone
	if err := json.Unmarshal(f.objects["erasures/"+person+".json"], &got); err != nil || got != stone {
		t.Errorf("%+v, %v", got, err)
	}
	// A restored database does not know them; then it does.
	for _, want := range []int{1, 0} {
		if n, err := e.Replay(t.Context()); n != want || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
}

func TestReplayMinds(t *testing.T) {
	f := newFake()
	e, _ := f.eraser()
	f.objects["erasures/readme.txt"] = []byte("x") // somebody else's
	if n, err := e.Replay(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, damaged := range []string{"", "{}", `{"person_id":"` + strings.Replace(person, "1", "2", 1) + `"}`, "x"} {
		f.objects["erasures/"+person+".json"] = []byte(damaged)
		if _, err := e.Replay(t.Context()); err == nil || !strings.Contains(err.Error(), person) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}

// TestRun: it goes on by itself after an error, and at once when it is woken.
func TestRun(t *testing.T) {
	f := newFake()
	f.idle = make(chan struct{})
	e, clock := f.eraser()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	<-f.idle
	e.Wake()
	<-f.idle
	for waiting := true; waiting; {
		clock.Advance(every)
		select {
		case <-f.idle:
			waiting = false
		case <-time.After(time.Millisecond): // it has not made its timer yet
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
