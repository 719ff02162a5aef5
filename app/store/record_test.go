package store

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestRecordRefuses(t *testing.T) {
	s, _ := newTest(t)
	kept, err := s.Record(t.Context(), storetest.Recognition(""), []byte("kept"))
	must(t, err)
	long := strings.Repeat("x", maxLabel+1)
	for name, tt := range map[string]struct {
		spoil   func(*domain.Event)
		picture []byte
		want    error
	}{
		"odd id":           {func(e *domain.Event) { e.ID = "1" }, nil, ErrInvalid},
		"id in capitals":   {func(e *domain.Event) { e.ID = domain.EventID(strings.ToUpper(storetest.ID(0xabc))) }, nil, ErrInvalid},
		"odd person":       {func(e *domain.Event) { e.Person = "Ana Pérez" }, nil, ErrInvalid},
		"odd about":        {func(e *domain.Event) { e.About = "that one" }, nil, ErrInvalid},
		"long kind":        {func(e *domain.Event) { e.Kind = domain.EventKind(long) }, nil, ErrInvalid},
		"long detector":    {func(e *domain.Event) { e.Detector = long }, nil, ErrInvalid},
		"no text":          {func(e *domain.Event) { e.Metric = "\xff" }, nil, ErrInvalid},
		"NaN quality":      {func(e *domain.Event) { e.Quality = math.NaN() }, nil, ErrInvalid},
		"negative votes":   {func(e *domain.Event) { e.Votes = -1 }, nil, ErrInvalid},
		"too many frames":  {func(e *domain.Event) { e.Frames = math.MaxInt32 + 1 }, nil, ErrInvalid},
		"year 10000":       {func(e *domain.Event) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, nil, ErrInvalid},
		"huge picture":     {func(*domain.Event) {}, make([]byte, MaxSnapshot+1), ErrInvalid},
		"other picture":    {func(e *domain.Event) { e.Snapshot = kept.Snapshot }, []byte("other"), ErrInvalid},
		"unknown picture":  {func(e *domain.Event) { e.Snapshot = hashOf([]byte("unknown")) }, nil, ErrInvalid},
		"path for picture": {func(e *domain.Event) { e.Snapshot = "../../../etc/passwd" }, nil, ErrInvalid},
		"id of another":    {func(e *domain.Event) { e.ID = kept.ID }, []byte("orphan"), ErrExists},
	} {
		e := storetest.Recognition("")
		tt.spoil(&e)
		got, err := s.Record(t.Context(), e, tt.picture)
		if wantErr(t, err, tt.want); got != (domain.Event{}) {
			t.Errorf("%s: got %+v beside the error", name, got)
		}
	}
	again := storetest.Recognition("")
	again.Snapshot = kept.Snapshot
	e, err := s.Record(t.Context(), again, nil)
	if must(t, err); e.Seq != 2 || e.Snapshot != kept.Snapshot {
		t.Errorf("naming a kept picture: %+v", e)
	}
}

func TestRecordFillsIn(t *testing.T) {
	s, clock := newTest(t)
	zone := time.FixedZone("", -5*3600)
	e := storetest.Recognition("")
	e.At = time.Date(2026, 1, 2, 3, 4, 5, 678901234, zone)
	got, err := s.Record(t.Context(), e, nil)
	must(t, err)
	if want := time.Date(2026, 1, 2, 8, 4, 5, 678901000, time.UTC); got.At != want {
		t.Errorf("at %v, want %v", got.At, want)
	}
	id, err := uuid.Parse(string(got.ID))
	must(t, err)
	sec, nsec := id.Time().UnixTime()
	if id.Version() != 7 || id.Variant() != uuid.RFC4122 || !time.Unix(sec, nsec).Equal(clock.Now().Truncate(time.Millisecond)) {
		t.Errorf("id %s is version %d of %v", id, id.Version(), time.Unix(sec, nsec).UTC())
	}
	if got.DeviceID != s.DeviceID() {
		t.Errorf("device %s, want %s", got.DeviceID, s.DeviceID())
	}
}

// Whatever fails, an event is recorded whole or not at all, and the next one
// takes the number that this one did not.
func TestRecordFailsWhole(t *testing.T) {
	picture := []byte("a picture")
	folder := func(s *Store) string { return filepath.Dir(s.snapshotPath(hashOf(picture))) }
	for name, tt := range map[string]struct {
		harm, heal func(t *testing.T, s *Store)
		want       error
		stray      int // files left for Sweep: where nothing may be written, nothing is removed
	}{
		"disk full": {
			func(t *testing.T, s *Store) {
				var pages int
				must(t, s.w.QueryRow("PRAGMA page_count").Scan(&pages))
				mustExec(t, s, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
				for { // fill what is left of the pages
					if _, err := s.Record(t.Context(), storetest.Recognition(""), nil); err != nil {
						wantErr(t, err, ErrDiskFull)
						return
					}
				}
			},
			func(t *testing.T, s *Store) { mustExec(t, s, "PRAGMA max_page_count = 1000000") },
			ErrDiskFull, 0,
		},
		"read-only": {
			func(t *testing.T, s *Store) { mustExec(t, s, "PRAGMA query_only = 1") },
			func(t *testing.T, s *Store) { mustExec(t, s, "PRAGMA query_only = 0") },
			ErrReadOnly, 1,
		},
		"no place for the picture": {
			func(t *testing.T, s *Store) { must(t, os.WriteFile(folder(s), nil, 0o600)) },
			func(t *testing.T, s *Store) { must(t, os.Remove(folder(s))) },
			nil, 0,
		},
		"fails after the event's row": {
			func(t *testing.T, s *Store) { mustExec(t, s, "ALTER TABLE outbox RENAME TO away") },
			func(t *testing.T, s *Store) { mustExec(t, s, "ALTER TABLE away RENAME TO outbox") },
			nil, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newTest(t)
			_, err := s.Record(t.Context(), storetest.Recognition(""), nil)
			must(t, err)
			tt.harm(t, s)
			before, err := s.Recent(t.Context(), 0, 1)
			must(t, err)
			for range 2 {
				got, err := s.Record(t.Context(), storetest.Recognition(""), picture)
				if err == nil {
					t.Fatalf("recorded %+v", got)
				}
				if tt.want != nil {
					wantErr(t, err, tt.want)
				}
			}
			tt.heal(t, s)
			after, err := s.Recent(t.Context(), 0, 1)
			if must(t, err); after[0] != before[0] {
				t.Errorf("left behind %+v", after[0])
			}
			_, err = s.Snapshot(t.Context(), hashOf(picture))
			wantErr(t, err, domain.ErrNotFound)
			if n := countPictures(t, s.dir); n != tt.stray {
				t.Errorf("%d pictures of no event, want %d", n, tt.stray)
			}
			e, err := s.Record(t.Context(), storetest.Recognition(""), picture)
			if must(t, err); e.Seq != before[0].Seq+1 {
				t.Errorf("seq %d after %d", e.Seq, before[0].Seq)
			}
			if n, _, err := s.Pending(t.Context()); uint64(n) != e.Seq || err != nil {
				t.Errorf("%d pending of %d, %v", n, e.Seq, err)
			}
		})
	}
}

func TestRecordCancelled(t *testing.T) {
	s, _ := newTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Record(ctx, storetest.Recognition(""), []byte("picture"))
	wantErr(t, err, context.Canceled)
	if es, err := s.Recent(t.Context(), 0, 1); len(es) != 0 || err != nil {
		t.Errorf("recorded all the same: %v, %v", es, err)
	}
}

// All at once: events, people, erasures, drops, backups and readers.
func TestConcurrent(t *testing.T) {
	s, clock := newTest(t)
	out := t.TempDir()
	var wg sync.WaitGroup
	worker := func(n int, fn func(i int) error) {
		wg.Go(func() {
			for i := range n {
				if err := fn(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range 4 {
		worker(20, func(i int) error {
			_, err := s.Record(t.Context(), storetest.Recognition(storetest.Person(i%5).ID), fmt.Appendf(nil, "picture %d", (i+w)%7))
			return err
		})
	}
	worker(10, func(i int) error {
		if err := s.AddPerson(t.Context(), storetest.Person(i), []domain.Template{storetest.Template(i, 0)}); err != nil {
			return err
		}
		if i%2 == 0 {
			return eraseOne(s, storetest.Person(i).ID)
		}
		return nil
	})
	worker(10, func(i int) error {
		rows, err := s.NextBatch(t.Context(), 3)
		for _, r := range rows {
			if err == nil {
				err = s.MarkSent(t.Context(), []int64{r.ID})
			}
		}
		if err == nil {
			_, err = s.DropSnapshots(t.Context(), clock.Now().Add(time.Second))
		}
		return err
	})
	worker(3, func(i int) error { return s.Backup(t.Context(), filepath.Join(out, fmt.Sprint(i))) })
	worker(5, func(int) error { _, err := s.Sweep(t.Context()); return err })
	worker(30, func(int) error {
		if _, err := s.Templates(t.Context(), storetest.Encoder); err != nil {
			return err
		}
		_, err := s.People(t.Context())
		return err
	})
	wg.Wait()
	h, err := s.Check(t.Context())
	must(t, err)
	if h.Events != 80+5 || h.People != 5 || len(h.Problems) != 0 {
		t.Errorf("ended with %+v", h)
	}
	kept, err := texts(t.Context(), s.r, "SELECT hash FROM snapshots WHERE dropped_at IS NULL")
	must(t, err)
	for _, hash := range kept {
		if _, err := s.Snapshot(t.Context(), hash); err != nil {
			t.Error(err)
		}
	}
}
