// Package storetest is what every implementation of the domain's storage
// interfaces must pass: the promises of domain.People, domain.Events,
// domain.Settings, domain.Registry, domain.StaffBook, domain.StaffBadges,
// domain.FirstRun, domain.AuditLog, domain.Directory, domain.History, domain.ChatLog,
// domain.CaseBook and domain.Merger, as tests.
package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// Subject is what is tested.
type Subject interface {
	domain.People
	domain.Events
	domain.Settings
	domain.Registry
	domain.StaffBook
	domain.StaffBadges
	domain.FirstRun
	domain.AuditLog
	domain.Directory
	domain.History
	domain.ChatLog
	domain.CaseBook
	domain.Merger
}

// Maker makes an empty subject that lives by the clock. reopen closes it and
// opens it again, as a restart would.
type Maker func(t *testing.T, clock domain.Clock) (s Subject, reopen func() Subject)

// Start is when the tests begin.
var Start = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)

// Run runs the whole suite.
func Run(t *testing.T, make Maker) {
	for name, test := range map[string]func(*testing.T, *fixture){
		"PersonComesBack":        personComesBack,
		"PeopleInOrder":          peopleInOrder,
		"PersonIsWholeOrNot":     personIsWholeOrNot,
		"TemplatesOfOneEncoder":  templatesOfOneEncoder,
		"EventComesBack":         eventComesBack,
		"EventIsCompleted":       eventIsCompleted,
		"EventRefused":           eventRefused,
		"RecentPages":            recentPages,
		"RecordConcurrently":     recordConcurrently,
		"PendingCounts":          pendingCounts,
		"SettingsComeBack":       settingsComeBack,
		"TwoBecomeOne":           twoBecomeOne,
		"MergeFillsIn":           mergeFillsIn,
		"MergeWithoutConsent":    mergeWithoutConsent,
		"MergeRefused":           mergeRefused,
		"SimilarNames":           similarNames,
		"StaffBadgesComeBack":    staffBadgesComeBack,
		"BadgesSignIn":           badgesSignIn,
		"EverythingSurvivesStop": everythingSurvivesStop,
		"EnrolmentComesBack":     enrolmentComesBack,
		"EnrolmentWithoutFace":   enrolmentWithoutFace,
		"EnrolmentRefused":       enrolmentRefused,
		"DocumentIsTaken":        documentIsTaken,
		"BadgeLives":             badgeLives,
		"PINIsChecked":           pinIsChecked,
		"AttemptsAreLocked":      attemptsAreLocked,
		"LockOutlivesStop":       lockOutlivesStop,
		"LockAndClock":           lockAndClock,
		"SecondFactorIsMarked":   secondFactorIsMarked,
		"FaceIsWithdrawn":        faceIsWithdrawn,
		"IdentityIsErased":       identityIsErased,
		"StaffComesBack":         staffComesBack,
		"StaffRefused":           staffRefused,
		"StaffSignsIn":           staffSignsIn,
		"StrangersAreLocked":     strangersAreLocked,
		"LastAdminStays":         lastAdminStays,
		"FirstAdmin":             firstAdmin,
		"SetupCodeEnds":          setupCodeEnds,
		"AuditComesBack":         auditComesBack,
		"AuditRefused":           auditRefused,
		"AuditPages":             auditPages,
		"PeopleAreFound":         peopleAreFound,
		"PeoplePages":            peoplePages,
		"EventsAreFiltered":      eventsAreFiltered,
		"EventsAreTallied":       eventsAreTallied,
		"ExchangesComeBack":      exchangesComeBack,
		"ExchangeRefused":        exchangeRefused,
		"CaseComesBack":          caseComesBack,
		"CaseRefused":            caseRefused,
		"CasesPage":              casesPage,
		"CaseIsWorkedOn":         caseIsWorkedOn,
		"CaseGoesWithItsPerson":  caseGoesWithItsPerson,
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{clock: domaintest.NewClock(Start)}
			f.Subject, f.reopen = make(t, f.clock)
			test(t, f)
		})
	}
}

type fixture struct {
	Subject
	clock  *domaintest.Clock
	reopen func() Subject
}

// Encoder is the one that templates made here name.
var Encoder = domain.EncoderRef{Name: "test", Version: "1"}

// ID makes a UUIDv7-shaped id that differs for each n.
func ID(n int) string { return fmt.Sprintf("01950000-0000-7000-8000-%012x", n) }

// Person makes a person for tests.
func Person(n int) domain.Person {
	return domain.Person{
		ID: domain.PersonID(ID(n)), Name: fmt.Sprintf("Ñandú Pérez %d", n),
		CreatedAt: Start.Add(time.Duration(n) * time.Second), Version: 1,
	}
}

// Template makes a template for tests, of person n.
func Template(n, k int) domain.Template {
	v := make([]float32, 128)
	for i := range v {
		v[i] = float32(n) + float32(k)/8 + float32(i)/1024
	}
	return domain.Template{
		ID: ID(1_000_000 + 1000*n + k), PersonID: domain.PersonID(ID(n)), Encoder: Encoder,
		Vector: v, Quality: 0.75, CreatedAt: Start,
	}
}

// Recognition makes an event for tests.
func Recognition(person domain.PersonID) domain.Event {
	return domain.Event{
		Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: person,
		Distance: 0.21, Second: 0.48, Threshold: 0.36, Metric: "squared_euclidean",
		Votes: 4, Frames: 5, Quality: 0.9, Encoder: Encoder, Detector: "hog",
	}
}

func personComesBack(t *testing.T, f *fixture) {
	want := Person(1)
	must(t, f.AddPerson(t.Context(), want, nil))
	got, err := f.Person(t.Context(), want.ID)
	must(t, err)
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := f.Person(t.Context(), Person(2).ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("unknown person: got %v, want ErrNotFound", err)
	}
	if err := f.AddPerson(t.Context(), want, nil); err == nil {
		t.Error("the same person was added twice")
	}
	for _, name := range []string{"", "  ", "a\x00b"} {
		p := Person(3)
		p.Name = name
		if err := f.AddPerson(t.Context(), p, nil); !errors.Is(err, domain.ErrName) {
			t.Errorf("name %q: got %v, want ErrName", name, err)
		}
	}
}

func peopleInOrder(t *testing.T, f *fixture) {
	if people, err := f.People(t.Context()); err != nil || len(people) != 0 {
		t.Fatalf("empty store: %v, %v", people, err)
	}
	var want []domain.Person
	for n := range 5 {
		want = append(want, Person(n))
	}
	for _, n := range []int{3, 0, 4, 1, 2} {
		must(t, f.AddPerson(t.Context(), want[n], nil))
	}
	got, err := f.People(t.Context())
	must(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func personIsWholeOrNot(t *testing.T, f *fixture) {
	bad := Template(1, 1)
	bad.Vector[7] = float32(math.NaN())
	if err := f.AddPerson(t.Context(), Person(1), []domain.Template{Template(1, 0), bad}); err == nil {
		t.Fatal("a vector with NaN was stored")
	}
	twice := []domain.Template{Template(1, 0), Template(1, 0)}
	if err := f.AddPerson(t.Context(), Person(1), twice); err == nil {
		t.Fatal("two templates of one id were stored")
	}
	if _, err := f.Person(t.Context(), Person(1).ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("person without all their templates: got %v, want ErrNotFound", err)
	}
	ts, err := f.Templates(t.Context(), Encoder)
	must(t, err)
	if len(ts) != 0 {
		t.Errorf("%d templates of nobody", len(ts))
	}
}

func templatesOfOneEncoder(t *testing.T, f *fixture) {
	newer := Template(1, 1)
	newer.Encoder.Version = "2"
	other := Template(1, 2)
	other.Encoder.Name = "other"
	must(t, f.AddPerson(t.Context(), Person(1), []domain.Template{Template(1, 0), newer, other}))
	must(t, f.AddPerson(t.Context(), Person(2), []domain.Template{Template(2, 0)}))
	for _, tt := range []struct {
		enc  domain.EncoderRef
		want []domain.Template
	}{
		{Encoder, []domain.Template{Template(1, 0), Template(2, 0)}},
		{newer.Encoder, []domain.Template{newer}},
		{other.Encoder, []domain.Template{other}},
		{domain.EncoderRef{Name: "test"}, nil},
	} {
		got, err := f.Templates(t.Context(), tt.enc)
		must(t, err)
		if !slices.EqualFunc(got, tt.want, sameTemplate) {
			t.Errorf("%v: got %v, want %v", tt.enc, got, tt.want)
		}
	}
}

func sameTemplate(a, b domain.Template) bool {
	return a.ID == b.ID && a.PersonID == b.PersonID && a.Encoder == b.Encoder &&
		a.Quality == b.Quality && a.CreatedAt.Equal(b.CreatedAt) && slices.Equal(a.Vector, b.Vector)
}

func eventComesBack(t *testing.T, f *fixture) {
	picture := []byte("a picture")
	sum := sha256.Sum256(picture)
	e := Recognition(Person(1).ID)
	e.ID, e.At, e.About = domain.EventID(ID(7)), Start.Add(-time.Minute), domain.EventID(ID(6))
	e.Badge, e.Liveness, e.LivenessReason, e.Staff = Badge(1, 0).ID, 0.875, "passive", domain.StaffID(ID(5))
	want := e
	want.Snapshot = hex.EncodeToString(sum[:])
	got, err := f.Record(t.Context(), e, picture)
	must(t, err)
	want.Seq, want.DeviceID = 1, got.DeviceID
	if got != want || got.DeviceID == "" {
		t.Errorf("recorded %+v, want %+v", got, want)
	}
	list, err := f.Recent(t.Context(), 0, 10)
	must(t, err)
	if !slices.Equal(list, []domain.Event{want}) {
		t.Errorf("recent %+v, want %+v", list, want)
	}
}

func eventIsCompleted(t *testing.T, f *fixture) {
	e, err := f.Record(t.Context(), domain.Event{
		Kind: domain.EventCamera, Reason: domain.ReasonCameraLost, Seq: 99, DeviceID: "someone else",
	}, nil)
	must(t, err)
	if e.ID == "" || e.Seq != 1 || !e.At.Equal(Start) || e.DeviceID == "someone else" || e.Snapshot != "" {
		t.Errorf("completed to %+v", e)
	}
}

func eventRefused(t *testing.T, f *fixture) {
	first, err := f.Record(t.Context(), Recognition(""), nil)
	must(t, err)
	for name, spoil := range map[string]func(*domain.Event){
		"no kind":   func(e *domain.Event) { e.Kind = "" },
		"no reason": func(e *domain.Event) { e.Reason = "" },
		"NaN":       func(e *domain.Event) { e.Distance = math.NaN() },
		"infinite":  func(e *domain.Event) { e.Second = math.Inf(1) },
		"same id":   func(e *domain.Event) { e.ID = first.ID },
		"no badge":  func(e *domain.Event) { e.Badge = "B-17" },
		"no staff":  func(e *domain.Event) { e.Staff = "Ana" },
		"not live":  func(e *domain.Event) { e.Liveness = -0.1 },
		"too live":  func(e *domain.Event) { e.Liveness = 1.001 },
		"live NaN":  func(e *domain.Event) { e.Liveness = math.NaN() },
		"long word": func(e *domain.Event) { e.LivenessReason = strings.Repeat("x", 129) },
		"no text":   func(e *domain.Event) { e.LivenessReason = "\xff" },
	} {
		e := Recognition("")
		spoil(&e)
		if got, err := f.Record(t.Context(), e, nil); err == nil {
			t.Errorf("%s: recorded as %+v", name, got)
		}
	}
	// What was refused leaves no gap.
	next, err := f.Record(t.Context(), Recognition(""), nil)
	must(t, err)
	if next.Seq != first.Seq+1 {
		t.Errorf("seq %d after %d", next.Seq, first.Seq)
	}
	if n, _, err := f.Pending(t.Context()); err != nil || n != 2 {
		t.Errorf("%d pending, %v; want 2", n, err)
	}
}

func recentPages(t *testing.T, f *fixture) {
	const total = 23
	for range total {
		_, err := f.Record(t.Context(), Recognition(""), nil)
		must(t, err)
		f.clock.Advance(time.Second)
	}
	want := uint64(total)
	var before uint64
	for pages := 0; ; pages++ {
		page, err := f.Recent(t.Context(), before, 5)
		must(t, err)
		if len(page) == 0 {
			if want != 0 || pages != 5 {
				t.Errorf("%d pages, ended with %d events to come", pages, want)
			}
			return
		}
		for _, e := range page {
			if e.Seq != want {
				t.Fatalf("seq %d, want %d", e.Seq, want)
			}
			want--
		}
		before = page[len(page)-1].Seq
	}
}

func recordConcurrently(t *testing.T, f *fixture) {
	const workers, each = 8, 12
	var mu sync.Mutex
	seen := make(map[uint64]domain.EventID)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				// Two workers share a picture.
				e, err := f.Record(t.Context(), Recognition(""), fmt.Appendf(nil, "picture %d %d", w/2, i))
				if err != nil {
					t.Errorf("record: %v", err)
					return
				}
				if _, err := f.Recent(t.Context(), 0, 3); err != nil {
					t.Errorf("recent: %v", err)
				}
				mu.Lock()
				seen[e.Seq] = e.ID
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for seq := uint64(1); seq <= workers*each; seq++ {
		if seen[seq] == "" {
			t.Errorf("no event of seq %d", seq)
		}
	}
	if n, _, err := f.Pending(t.Context()); err != nil || n != workers*each {
		t.Errorf("%d pending, %v; want %d", n, err, workers*each)
	}
}

func pendingCounts(t *testing.T, f *fixture) {
	if n, oldest, err := f.Pending(t.Context()); n != 0 || !oldest.IsZero() || err != nil {
		t.Errorf("empty: %d, %v, %v", n, oldest, err)
	}
	for range 3 {
		// The time it was made is the store's, not that of what happened.
		e := Recognition("")
		e.At = Start.Add(-time.Hour)
		_, err := f.Record(t.Context(), e, nil)
		must(t, err)
		f.clock.Advance(time.Minute)
	}
	if n, oldest, err := f.Pending(t.Context()); n != 3 || !oldest.Equal(Start) || err != nil {
		t.Errorf("got %d, %v, %v; want 3, %v", n, oldest, err, Start)
	}
}

func settingsComeBack(t *testing.T, f *fixture) {
	if _, err := f.Setting(t.Context(), "lang"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("unset: got %v, want ErrNotFound", err)
	}
	for _, want := range []string{"es", "en", ""} {
		must(t, f.SetSetting(t.Context(), "lang", want))
		if got, err := f.Setting(t.Context(), "lang"); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func everythingSurvivesStop(t *testing.T, f *fixture) {
	must(t, f.AddPerson(t.Context(), Person(1), []domain.Template{Template(1, 0)}))
	must(t, f.SetSetting(t.Context(), "lang", "en"))
	e, err := f.Record(t.Context(), Recognition(Person(1).ID), nil)
	must(t, err)

	s := f.reopen()
	if p, err := s.Person(t.Context(), Person(1).ID); p != Person(1) || err != nil {
		t.Errorf("person: %+v, %v", p, err)
	}
	ts, err := s.Templates(t.Context(), Encoder)
	if must(t, err); !slices.EqualFunc(ts, []domain.Template{Template(1, 0)}, sameTemplate) {
		t.Errorf("templates: %v", ts)
	}
	if v, err := s.Setting(t.Context(), "lang"); v != "en" || err != nil {
		t.Errorf("setting: %q, %v", v, err)
	}
	es, err := s.Recent(t.Context(), 0, 10)
	if must(t, err); !slices.Equal(es, []domain.Event{e}) {
		t.Errorf("events: %+v, want %+v", es, e)
	}
	next, err := s.Record(t.Context(), Recognition(""), nil)
	if must(t, err); next.Seq != e.Seq+1 || next.DeviceID != e.DeviceID {
		t.Errorf("after a restart: %+v follows %+v", next, e)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
