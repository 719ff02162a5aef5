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
	seedEvents(b, s, events)
	for name, f := range historyPages(events) {
		f.Limit = 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				es, err := s.EventsQuery(b.Context(), f)
				if err != nil || len(es) != f.Limit {
					b.Fatalf("%d events, %v", len(es), err)
				}
			}
		})
	}
	b.Run("tally-of-a-day", func(b *testing.B) {
		for b.Loop() {
			if list, err := s.Tally(b.Context(), seedDay(300), seedDay(301), time.Hour); err != nil || len(list) < 48 {
				b.Fatal(len(list), err)
			}
		}
	})
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

// BenchmarkPeople is a kiosk that knows 100,000 people, by names as common as
// Spanish ones are.
func BenchmarkPeople(b *testing.B) {
	const people = 100_000
	s, _ := newTest(b)
	seedPeople(b, s, people, spanishName)
	must(b, s.truncateLog(b.Context()))
	for _, bb := range []struct {
		name string
		q    domain.PeopleQuery
		some bool
	}{
		{"first-page", domain.PeopleQuery{}, true},
		{"deep-page", domain.PeopleQuery{Before: storetest.Person(people / 2).ID}, true},
		{"common-name", domain.PeopleQuery{Text: "garcia"}, true},
		{"three-letters", domain.PeopleQuery{Text: "mar"}, true},
		{"two-words", domain.PeopleQuery{Text: "sanchez luc"}, true},
		{"three-words", domain.PeopleQuery{Text: "oscar ruiz diaz"}, true},
		{"deep-in-common", domain.PeopleQuery{Text: "garcia", Before: storetest.Person(1000).ID}, true},
		{"nobody", domain.PeopleQuery{Text: "zwingli"}, false},
		{"nobody-likely", domain.PeopleQuery{Text: "garciaz"}, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			bb.q.Limit = 50
			for b.Loop() {
				page, err := s.FindPeople(b.Context(), bb.q)
				if err != nil || (len(page.People) > 0) != bb.some {
					b.Fatal(len(page.People), err)
				}
			}
		})
	}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if n, err := s.CountPeople(b.Context()); n != people || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	if size, err := fileSize(s.databasePath()); err == nil {
		b.Logf("database of %d MB", size>>20)
	}
}
