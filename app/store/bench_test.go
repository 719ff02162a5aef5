package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// Each operation is one event on disk, synchronous=FULL: this measures mostly
// how fast the disk syncs. TMPDIR chooses the disk.
func BenchmarkRecord(b *testing.B) {
	picture := func(n int64) []byte {
		p := make([]byte, 40<<10) // a frame of an ESP32-CAM
		copy(p, fmt.Sprint(n))
		return p
	}
	for _, bb := range []struct {
		name    string
		workers int
		picture func(int64) []byte
	}{
		{"one", 1, nil}, {"eight", 8, nil}, {"one-picture", 1, picture}, {"eight-picture", 8, picture},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s, _ := newTest(b)
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range bb.workers {
				wg.Go(func() {
					for {
						i := n.Add(1)
						if i > int64(b.N) {
							return
						}
						var p []byte
						if bb.picture != nil {
							p = bb.picture(i)
						}
						if _, err := s.Record(b.Context(), storetest.Recognition(""), p); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkHistory queries a history of a million events: a busy branch, years.
func BenchmarkHistory(b *testing.B) {
	const events = 1_000_000
	s, _ := newTest(b)
	// One event a minute; one in 50 about each of 500 people, all sent but 100.
	for _, script := range []string{`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		INSERT INTO events (` + eventColumns + `)
		SELECT i, format('01950000-0000-7000-8000-%012x', i), iif(i % 97, 'recognition', 'camera'),
			CASE WHEN i % 97 = 0 THEN 'camera_lost' WHEN i % 3 THEN 'recognised' ELSE 'unknown' END,
			1700000000000000 + i * 60000000, iif(i % 3, format('01950000-0000-7000-8000-%012x', i * 7919 % 500), NULL), NULL,
			0.21, 0.48, 0.36, 'squared_euclidean', 4, 5, 0.9, 'dlib', '1', 'hog', NULL FROM n`, `
		INSERT INTO outbox (kind, ref, created_at, next_at, state)
		SELECT 'event', id, at, at, iif(seq <= 999900, 'sent', 'pending') FROM events`,
		"UPDATE device SET next_seq = 1000001",
	} {
		if _, err := s.w.Exec(script); err != nil {
			b.Fatal(err)
		}
	}
	must(b, s.truncateLog(b.Context()))
	day := func(n int) time.Time { return fromMicros(1700000000000000).AddDate(0, 0, n) }
	for _, bb := range []struct {
		name string
		f    Filter
		want int
	}{
		{"first-page", Filter{Limit: 50}, 50},
		{"deep-page", Filter{BeforeSeq: events / 2, Limit: 50}, 50},
		{"rare-kind", Filter{Kind: domain.EventCamera, BeforeSeq: events / 2, Limit: 50}, 50},
		{"reason", Filter{Reason: domain.ReasonUnknown, Limit: 50}, 50},
		{"person", Filter{Person: domain.PersonID(storetest.ID(77)), Limit: 50}, 50},
		{"recent-day", Filter{From: day(690), To: day(691), Limit: 50}, 50},
		{"oldest-day", Filter{From: day(0), To: day(1), Limit: 50}, 50},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				es, err := s.EventsQuery(b.Context(), bb.f)
				if err != nil || len(es) != bb.want {
					b.Fatalf("%d events, %v", len(es), err)
				}
			}
		})
	}
	b.Run("all-pages", func(b *testing.B) {
		for b.Loop() {
			var before uint64
			n := 0
			for {
				es, err := s.Recent(b.Context(), before, MaxLimit)
				if err != nil {
					b.Fatal(err)
				}
				if len(es) == 0 {
					break
				}
				n += len(es)
				before = es[len(es)-1].Seq
			}
			if n != events {
				b.Fatalf("%d events", n)
			}
		}
		b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("last-recognition", func(b *testing.B) {
		for b.Loop() {
			if _, ok, err := s.LastRecognition(b.Context(), domain.PersonID(storetest.ID(77))); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("pending", func(b *testing.B) {
		for b.Loop() {
			if n, _, err := s.Pending(b.Context()); n != 100 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("record", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Record(b.Context(), storetest.Recognition(""), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTemplates is what the gallery waits for at start: 10,000 templates
// of 128 components, of 2,500 people.
func BenchmarkTemplates(b *testing.B) {
	s, _ := newTest(b)
	for n := range 2500 {
		var ts []domain.Template
		for k := range 4 {
			ts = append(ts, storetest.Template(n, k))
		}
		must(b, s.AddPerson(b.Context(), storetest.Person(n), ts))
	}
	for b.Loop() {
		ts, err := s.Templates(b.Context(), storetest.Encoder)
		if err != nil || len(ts) != 10_000 {
			b.Fatal(len(ts), err)
		}
	}
}

// BenchmarkEnrol is a whole registration on disk: five templates, consent,
// badge, PIN. "cheap-pin" leaves out what the hash of the PIN costs on purpose.
func BenchmarkEnrol(b *testing.B) {
	for _, bb := range []struct {
		name string
		cost pinCost
	}{{"as-it-is", defaultPINCost()}, {"cheap-pin", cheapPIN}} {
		b.Run(bb.name, func(b *testing.B) {
			s, _ := newTest(b)
			s.pins.cost = bb.cost
			n := 0
			for b.Loop() {
				e := storetest.Enrolment(n)
				e.Templates = nil
				for k := range 5 {
					e.Templates = append(e.Templates, storetest.Template(n, k))
				}
				must(b, s.Enrol(b.Context(), e))
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "enrolments/s")
		})
	}
}

// BenchmarkCheckPIN is what a visitor waits for after the last digit.
func BenchmarkCheckPIN(b *testing.B) {
	s, _ := newTest(b)
	s.pins.cost = defaultPINCost()
	must(b, s.Enrol(b.Context(), storetest.Enrolment(1)))
	for b.Loop() {
		must(b, s.CheckPIN(b.Context(), storetest.Person(1).ID, storetest.PIN))
	}
}

// BenchmarkIdentities is a kiosk that knows 10,000 people: look-ups, an
// erasure, the search for who was not seen, and a rotation of the key.
func BenchmarkIdentities(b *testing.B) {
	const people = 10_000
	s, clock := newTest(b)
	mustExec(b, s, "PRAGMA synchronous = OFF") // while it is filled
	for n := range people {
		must(b, s.Enrol(b.Context(), storetest.Enrolment(n)))
	}
	mustExec(b, s, "PRAGMA synchronous = FULL")
	b.Run("by-document", func(b *testing.B) {
		for b.Loop() {
			if id, err := s.ByDocument(b.Context(), "DNI0007777"); id != storetest.Person(7777).ID {
				b.Fatal(id, err)
			}
		}
	})
	b.Run("profile", func(b *testing.B) {
		for b.Loop() {
			if p, err := s.Profile(b.Context(), storetest.Person(7777).ID); err != nil || len(p.Badges) != 1 {
				b.Fatal(p, err)
			}
		}
	})
	b.Run("erase", func(b *testing.B) {
		n := people
		for b.Loop() {
			b.StopTimer()
			must(b, s.Enrol(b.Context(), storetest.Enrolment(n)))
			b.StartTimer()
			must(b, eraseOne(s, storetest.Person(n).ID))
			n++
		}
	})
	b.Run("retain-nobody", func(b *testing.B) {
		clock.Advance(time.Hour)
		for b.Loop() {
			if r, err := s.Retain(b.Context(), RetentionPolicy{UnseenPeople: 24 * time.Hour}); r.People != 0 || err != nil {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("rotate", func(b *testing.B) {
		for b.Loop() {
			must(b, s.RotateMasterKey(b.Context(), GenerateMasterKey()))
		}
	})
}
