package kiosk

import (
	"context"
	"errors"
	"image"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// screen remembers what it was shown.
type screen struct {
	mu    sync.Mutex
	views []View
	scene domain.Scene
	// rested hears of StateAttract; a test that does not listen misses it.
	rested chan struct{}
	moved  chan struct{} // something was shown
}

// news waits until something is shown, or for a moment.
func (s *screen) news() {
	s.mu.Lock()
	if s.moved == nil {
		s.moved = make(chan struct{}, 1)
	}
	c := s.moved
	s.mu.Unlock()
	select {
	case <-c:
	case <-time.After(20 * time.Millisecond):
	}
}

func (s *screen) ShowView(v View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
	select {
	case s.moved <- struct{}{}:
	default:
	}
	if v.State == StateAttract && s.rested != nil {
		select {
		case s.rested <- struct{}{}:
		default:
		}
	}
}
func (s *screen) ShowScene(sc domain.Scene)  { s.mu.Lock(); s.scene = sc; s.mu.Unlock() }
func (s *screen) ShowPicture(domain.Picture) {}
func (s *screen) label(track uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.scene.Faces {
		if f.Track == track {
			return f.Label
		}
	}
	return ""
}

// events is a domain.Events that keeps, or refuses while full is set.
type events struct {
	mu   sync.Mutex
	list []domain.Event
	full bool
	hang bool
	news chan struct{}
}

func (e *events) Record(ctx context.Context, ev domain.Event, _ []byte) (domain.Event, error) {
	if e.hang {
		<-ctx.Done()
		return ev, ctx.Err()
	}
	if ev.Reason == "nonsense" {
		return ev, domain.ErrRefused
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.news <- struct{}{} }()
	if e.full {
		return ev, errors.New("disk full")
	}
	ev.Seq = uint64(len(e.list) + 1)
	ev.ID = domain.EventID(rune('a' + len(e.list)))
	e.list = append(e.list, ev)
	return ev, nil
}
func (e *events) Recent(context.Context, uint64, int) ([]domain.Event, error) { return nil, nil }
func (e *events) Pending(context.Context) (int, time.Time, error)             { return 0, time.Time{}, nil }

func (e *events) reasons() []domain.Reason {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rs []domain.Reason
	for _, ev := range e.list {
		rs = append(rs, ev.Reason)
	}
	return rs
}

// kiosk is a machine at rest with Lucía (p1) and Mateo (p2) enrolled.
type bench struct {
	*Machine
	t      *testing.T
	clock  *domaintest.Clock
	screen *screen
	events *events
	rec    *Recorder
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), screen: &screen{}, events: &events{news: make(chan struct{}, 100)}}
	b.rec = NewRecorder(RecorderOptions{Events: b.events, Clock: b.clock})
	b.Machine = NewMachine(Options{Clock: b.clock, Screen: b.screen, Recorder: b.rec})
	b.SetPeople([]domain.Person{{ID: "p1", Name: "Lucía Vega"}, {ID: "p2", Name: "Mateo"}})
	b.SetEngine("dlib", GradeDemo)
	b.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 25})
	b.want(StateAttract)
	return b
}

// after moves the clock in steps of a tenth of a second, as frames would, and
// lets the time-outs happen.
func (b *bench) after(d time.Duration, faces ...domain.SceneFace) {
	b.t.Helper()
	for ; d > 0; d -= 100 * time.Millisecond {
		b.clock.Advance(100 * time.Millisecond)
		b.Scene(domain.Scene{At: b.clock.Now(), Size: image.Pt(640, 480), Faces: faces})
		b.update(b.expire)
	}
}

func (b *bench) want(s State) {
	b.t.Helper()
	if got := b.View().State; got != s {
		b.t.Fatalf("state %s, want %s", got, s)
	}
}

func face(track uint64, st domain.FaceState, p domain.PersonID, w float64) domain.SceneFace {
	return domain.SceneFace{Track: track, State: st, Person: p, Box: domain.Rect{X: 0.4, Y: 0.3, W: w, H: w}}
}

func known(track uint64, p domain.PersonID) domain.SceneFace {
	return face(track, domain.FaceKnown, p, 0.2)
}
func unknown(track uint64) domain.SceneFace { return face(track, domain.FaceUnknown, "", 0.2) }

func TestGreetingIsOpenedAndHidden(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, face(1, domain.FaceReading, "", 0.2))
	b.want(StateAttract)
	b.after(time.Second, known(1, "p1"))
	b.want(StateGreeting)
	if v := b.View(); v.Given != "Lucía" || !v.FirstVisit {
		t.Fatalf("view %+v", v)
	}
	if l := b.screen.label(1); l != "Lucía" {
		t.Fatalf("label %q", l)
	}
	b.after(30*time.Second, known(1, "p1")) // stays as long as they do
	b.want(StateGreeting)
	b.after(4900 * time.Millisecond)
	b.want(StateGreeting)
	b.after(300 * time.Millisecond)
	b.want(StateAttract)
	if b.View().Given != "" {
		t.Fatal("a name is left on the resting screen")
	}
}

func TestCardHasALimitWhoeverStaysThere(t *testing.T) {
	b := newBench(t)
	b.after(TimeoutCard+time.Second, known(1, "p1"))
	b.want(StateAttract)
	b.after(10*time.Second, known(1, "p1"))
	b.want(StateAttract) // served: not greeted again under the same track
	b.after(10*time.Second, known(2, "p1"))
	b.want(StateGreeting)
}

func TestDoubtHidesTheName(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, known(1, "p1"))
	b.after(100*time.Millisecond, face(1, domain.FaceReading, "", 0.2))
	if g := b.View().Given; g != "" {
		t.Fatalf("says %q while the face is in doubt", g)
	}
	b.after(time.Second, known(1, "p1"))
	if g := b.View().Given; g != "Lucía" {
		t.Fatalf("says %q after the doubt", g)
	}
	b.after(TimeoutGone+200*time.Millisecond, face(1, domain.FaceReading, "", 0.2))
	b.want(StateAttract)
	b.after(time.Second, known(1, "p2")) // it was somebody else
	b.want(StateGreeting)
	if g := b.View().Given; g != "Mateo" {
		t.Fatalf("greets %q", g)
	}
}

func TestBystandersTouchDoesNotKeepAPrivateCard(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, known(1, "p1"))
	for range 3 {
		b.after(2 * time.Second)
		b.Touch()
	}
	b.want(StateAttract)
}

func TestCountdownIsShownOnceTheFaceIsGone(t *testing.T) {
	b := newBench(t)
	b.after(3*time.Second, known(1, "p1"))
	if d := b.View().Deadline; !d.IsZero() {
		t.Fatalf("counts down to %s while they stand there", d)
	}
	b.after(1500 * time.Millisecond)
	left := b.View().Deadline.Sub(b.clock.Now())
	if left < 3*time.Second || left > 4*time.Second {
		t.Fatalf("%s left after a second and a half of the five", left)
	}
	b.screen.mu.Lock()
	defer b.screen.mu.Unlock()
	if last := b.screen.views[len(b.screen.views)-1]; last.Deadline.IsZero() {
		t.Fatal("the screen was not told")
	}
}

func TestNearestTakesTheCardOnlyWhenClearlyNearer(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, known(1, "p1"))
	b.after(time.Second, face(2, domain.FaceKnown, "p2", 0.22), known(1, "p1"))
	if g := b.View().Given; g != "Lucía" {
		t.Fatalf("greets %q though Lucía is still there", g)
	}
	b.after(time.Second, face(2, domain.FaceKnown, "p2", 0.30), known(1, "p1"))
	if g := b.View().Given; g != "Mateo" {
		t.Fatalf("greets %q though Mateo stepped in front", g)
	}
}

func TestUnknownCardAndContinue(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, unknown(5))
	b.want(StateUnknown)
	b.Continue()
	b.want(StateAttract)
	b.after(15*time.Second, unknown(5))
	b.want(StateAttract) // said no: not asked again
	b.after(time.Second, unknown(6))
	b.want(StateUnknown)
	b.after(time.Second, known(7, "p1"))
	b.want(StateGreeting)
}

func TestNotMeIsRecordedAndBelieved(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { b.rec.Run(ctx); close(done) }()
	b.Decision(domain.Decision{Track: 1, Reason: domain.ReasonRecognised, Person: "p1"})
	b.Decision(domain.Decision{Track: 1, Reason: domain.ReasonRecognised, Person: "p1", Repeat: true})
	b.after(time.Second, known(1, "p1"))
	var denied []domain.PersonID
	b.o.Deny = func(track uint64, p domain.PersonID) { denied = append(denied, p) }
	b.NotMe()
	b.want(StateUnknown)
	if len(denied) != 1 || denied[0] != "p1" {
		t.Fatalf("the pipeline was told %v", denied)
	}
	b.after(3*time.Second, known(1, "p1"))
	b.want(StateUnknown)
	if l := b.screen.label(1); l != "" {
		t.Fatalf("still labelled %q", l)
	}
	cancel()
	<-done
	got := b.events.list
	if len(got) != 2 || got[0].Reason != domain.ReasonRecognised || got[1].Reason != domain.ReasonNotMe || got[1].About != got[0].ID {
		t.Fatalf("events %+v", got)
	}
}

func TestCameraLostAndBack(t *testing.T) {
	b := newBench(t)
	b.after(time.Second, known(1, "p1"))
	b.Camera(domain.CameraHealth{State: domain.CameraLive, Age: CameraStale + time.Second})
	b.want(StateCameraLost)
	b.Choose(FeatureValidate)
	b.want(StateNotice)
	if n := b.View().Notice; n != FeatureValidate {
		t.Fatalf("notice %q", n)
	}
	b.clock.Advance(TimeoutIdle + time.Second)
	b.update(b.expire)
	b.want(StateCameraLost)
	b.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 20})
	b.want(StateAttract)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b.rec.Run(ctx)
	want := []domain.Reason{domain.ReasonCameraLost, domain.ReasonCameraReturned}
	if got := b.events.reasons(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("events %v, want %v", got, want)
	}
}

// Staff takes the camera away, and sets up another one.
func TestAnotherCamera(t *testing.T) {
	b := newBench(t)
	is := func(states ...domain.CameraState) {
		for _, s := range states {
			b.Camera(domain.CameraHealth{State: s, FPS: 20})
		}
	}
	is(domain.CameraLive, domain.CameraConnecting)
	b.want(StateAttract) // the next picture is about to come
	is(domain.CameraLive)
	b.want(StateAttract)
	is(domain.CameraNone)
	b.want(StateCameraLost)
	if s := b.View().Status.Camera; s != domain.CameraNone {
		t.Fatalf("the state bar says %s", s)
	}
	is(domain.CameraConnecting, domain.CameraLive)
	b.want(StateAttract)
	is(domain.CameraLost)
	b.want(StateCameraLost)
	is(domain.CameraConnecting, domain.CameraLost, domain.CameraConnecting, domain.CameraLive) // another one, in its place
	b.want(StateAttract)
	is(domain.CameraLost, domain.CameraNone, domain.CameraConnecting, domain.CameraLive)
	b.want(StateAttract)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b.rec.Run(ctx)
	want := []domain.Reason{domain.ReasonCameraLost, domain.ReasonCameraReturned, domain.ReasonCameraLost}
	if got := b.events.reasons(); !slices.Equal(got, want) {
		t.Fatalf("events %v, want %v", got, want)
	}
}

func TestLanguageReturnsForTheNextVisitor(t *testing.T) {
	b := newBench(t)
	b.SetLanguage(domain.English)
	if l := b.View().Lang; l != domain.English {
		t.Fatalf("language %s", l)
	}
	b.after(19*time.Second, unknownFar())
	if l := b.View().Lang; l != domain.English {
		t.Fatal("the language was taken from somebody who touched a moment ago")
	}
	b.after(2*time.Second, unknownFar()) // a passer-by does not keep it
	if l := b.View().Lang; l != domain.Spanish {
		t.Fatalf("language %s after everybody left", l)
	}
	b.SetLanguage("xx")
	if l := b.View().Lang; l != domain.Spanish {
		t.Fatalf("took language %s", l)
	}
}

func unknownFar() domain.SceneFace { return face(9, domain.FaceSeen, "", 0.05) }

// TestEveryStateEnds drives the real timer loop: no state but rest stays.
func TestEveryStateEnds(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(b *bench)
		in   State
	}{
		{"help", func(b *bench) { b.Help() }, StateHelp},
		{"notice", func(b *bench) { b.Choose(FeatureAsk) }, StateNotice},
		{"unknown", func(b *bench) { b.Scene(domain.Scene{Faces: []domain.SceneFace{unknown(1)}}) }, StateUnknown},
		{"greeting", func(b *bench) { b.Scene(domain.Scene{Faces: []domain.SceneFace{known(1, "p1")}}) }, StateGreeting},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			b.screen.rested = make(chan struct{}, 1)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { b.Run(ctx); close(done) }()
			tc.do(b)
			b.want(tc.in)
			start := b.clock.Now()
			for b.View().State != StateAttract && b.clock.Now().Sub(start) < 2*TimeoutCard {
				b.clock.Advance(time.Second)
				runtime.Gosched()
			}
			select {
			case <-b.screen.rested:
			case <-time.After(10 * time.Second):
				t.Fatalf("still in %s after twice the longest time-out", b.View().State)
			}
			cancel()
			<-done
		})
	}
}

func TestStartingWaitsForEngineAndCameraButNotForEver(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	m := NewMachine(Options{Clock: clock, Screen: &screen{}, Recorder: NewRecorder(RecorderOptions{Events: &events{}, Clock: clock})})
	m.Camera(domain.CameraHealth{State: domain.CameraLive})
	m.Choose(FeatureAsk)
	if s := m.View().State; s != StateStarting {
		t.Fatalf("state %s before the engine is ready", s)
	}
	clock.Advance(TimeoutStarting)
	m.update(m.expire)
	if s := m.View().State; s != StateAttract {
		t.Fatalf("state %s after the time-out", s)
	}
}

func TestRecorderKeepsWhatTheDiskRefuses(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	ev := &events{full: true, news: make(chan struct{}, 100)}
	rec := NewRecorder(RecorderOptions{Events: ev, Clock: clock})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { rec.Run(ctx); close(done) }()
	rec.Decision(domain.Decision{Reason: domain.ReasonRecognised, Person: "p1"})
	<-ev.news // refused
	rec.Decision(domain.Decision{Reason: domain.ReasonUnknown})
	ev.mu.Lock()
	ev.full = false
	ev.mu.Unlock()
	for range 2 {
		for got := false; !got; {
			clock.AwaitTimers(1)
			clock.Advance(pendingEvery)
			select {
			case <-ev.news:
				got = true
			default:
			}
		}
	}
	cancel()
	<-done
	got := ev.reasons()
	if len(got) != 2 || got[0] != domain.ReasonRecognised || got[1] != domain.ReasonUnknown || rec.Lost() != 0 {
		t.Fatalf("events %v, lost %d", got, rec.Lost())
	}
}

func TestNewEventsDoNotStarveTheRetry(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	ev := &events{full: true, news: make(chan struct{}, 1000)}
	rec := NewRecorder(RecorderOptions{Events: ev, Clock: clock})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { rec.Run(ctx); close(done) }()
	rec.Camera(domain.ReasonCameraLost, clock.Now())
	<-ev.news // refused
	ev.mu.Lock()
	ev.full = false
	ev.mu.Unlock()
	for range 10 { // an event every four seconds, the timer at five
		rec.Camera(domain.ReasonCameraReturned, clock.Now())
		clock.AwaitTimers(1)
		clock.Advance(4 * time.Second)
	}
	for len(ev.reasons()) < 11 {
		clock.Advance(pendingEvery)
		select {
		case <-ev.news:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d of 11 events written", len(ev.reasons()))
		}
	}
	cancel()
	<-done
	if rec.Lost() != 0 {
		t.Fatalf("%d lost", rec.Lost())
	}
}

func TestWhatIsRefusedForGoodBlocksNothing(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	ev := &events{news: make(chan struct{}, 100)}
	rec := NewRecorder(RecorderOptions{Events: ev, Clock: clock})
	rec.Camera("nonsense", clock.Now())
	rec.Camera(domain.ReasonCameraLost, clock.Now())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rec.Run(ctx)
	if got := ev.reasons(); len(got) != 1 || rec.Lost() != 1 {
		t.Fatalf("events %v, lost %d", got, rec.Lost())
	}
}

func TestADiskThatHangsDoesNotKeepTheProgram(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	rec := NewRecorder(RecorderOptions{Events: &events{hang: true}, Clock: clock, DrainTimeout: 10 * time.Millisecond})
	rec.Camera(domain.ReasonCameraLost, clock.Now())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rec.Run(ctx) // the test's own time-out is the judge
	if rec.Lost() != 1 {
		t.Fatalf("lost %d, want the one that could not be written", rec.Lost())
	}
}

func TestARevisedDecisionIsAboutTheFirst(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(0, 0))
	ev := &events{news: make(chan struct{}, 100)}
	rec := NewRecorder(RecorderOptions{Events: ev, Clock: clock})
	rec.Decision(domain.Decision{Track: 4, Reason: domain.ReasonUnknown})
	rec.Decision(domain.Decision{Track: 4, Reason: domain.ReasonRecognised, Person: "p1", Revises: true})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rec.Run(ctx)
	if len(ev.list) != 2 || ev.list[1].About != ev.list[0].ID {
		t.Fatalf("events %+v", ev.list)
	}
}
