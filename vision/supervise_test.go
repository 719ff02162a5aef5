package vision

import (
	"bytes"
	"context"
	"errors"
	"image"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// tellingClock tells which timers are asked for.
type tellingClock struct {
	*domaintest.Clock
	asked chan time.Duration
}

func (c tellingClock) NewTimer(d time.Duration) domain.Timer {
	t := c.Clock.NewTimer(d)
	c.asked <- d
	return t
}

// scripted is a source whose runs a test steers.
type scripted chan func(sink func(Frame)) error

func (s scripted) Run(ctx context.Context, sink func(Frame)) error {
	select {
	case run := <-s:
		return run(sink)
	case <-ctx.Done():
		return nil
	}
}

var errUnplugged = errors.New("unplugged")

func fails(func(Frame)) error { return errUnplugged }

// rig runs Supervise over a source.
type rig struct {
	clock  tellingClock
	states chan domain.CameraHealth
	frames chan Frame
}

func supervise(t *testing.T, src Source, o SuperviseOptions) *rig {
	t.Helper()
	r := &rig{
		clock:  tellingClock{domaintest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)), make(chan time.Duration, 1)},
		states: make(chan domain.CameraHealth, 100),
		frames: make(chan Frame, 100),
	}
	o.Clock = r.clock
	o.OnState = func(h domain.CameraHealth) { r.states <- h }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Supervise(ctx, src, o, func(f Frame) { r.frames <- f })
	}()
	t.Cleanup(func() { stop(); <-done })
	return r
}

// wait reads the back-off that was armed and lets it pass.
func (r *rig) wait() time.Duration {
	d := <-r.clock.asked
	r.clock.Advance(d)
	return d
}

// runsFor is a run that gives one frame, then fails after d.
func (r *rig) runsFor(d time.Duration) func(func(Frame)) error {
	return func(sink func(Frame)) error {
		sink(Frame{Seq: 1})
		r.clock.Advance(d)
		return errUnplugged
	}
}

func TestSuperviseBacksOff(t *testing.T) {
	src := make(scripted)
	r := supervise(t, src, SuperviseOptions{Jitter: -1})
	var got []time.Duration
	for range 6 {
		src <- fails
		got = append(got, r.wait())
	}
	src <- r.runsFor(29 * time.Second) // not long enough
	got = append(got, r.wait())
	src <- r.runsFor(30 * time.Second)
	got = append(got, r.wait())
	src <- fails
	got = append(got, r.wait())
	src <- func(func(Frame)) error { r.clock.Advance(time.Hour); return errUnplugged } // hung without a picture
	got = append(got, r.wait())

	s := time.Second
	if want := []time.Duration{1 * s, 5 * s, 10 * s, 60 * s, 60 * s, 60 * s, 60 * s, 1 * s, 5 * s, 10 * s}; !slices.Equal(got, want) {
		t.Errorf("waits %v\nwant  %v", got, want)
	}
}

func TestSuperviseJitter(t *testing.T) {
	src := make(scripted)
	draws := []float64{0, 0.5, 1}
	r := supervise(t, src, SuperviseOptions{
		Backoff: []time.Duration{10 * time.Second},
		Rand:    func() float64 { d := draws[0]; draws = draws[1:]; return d },
	})
	for _, want := range []time.Duration{8 * time.Second, 10 * time.Second, 12 * time.Second} {
		src <- fails
		if got := r.wait(); got != want {
			t.Errorf("waits %v, want %v", got, want)
		}
	}
}

func TestSuperviseTellsTheState(t *testing.T) {
	src := make(scripted)
	r := supervise(t, src, SuperviseOptions{})
	expect := func(want domain.CameraState, reconnects uint64, lastError string) domain.CameraHealth {
		t.Helper()
		h := <-r.states
		if h.State != want || h.Reconnects != reconnects || h.LastError != lastError {
			t.Errorf("heard %+v, want %s after %d reconnects, error %q", h, want, reconnects, lastError)
		}
		return h
	}
	expect(domain.CameraConnecting, 0, "")
	src <- fails
	expect(domain.CameraLost, 0, "unplugged")
	r.wait()
	src <- fails // still lost: nothing is told
	r.wait()
	src <- func(sink func(Frame)) error {
		sink(Frame{Seq: 1, Raw: image.NewRGBA(image.Rect(0, 0, 32, 24))})
		sink(Frame{Seq: 2, Raw: image.NewRGBA(image.Rect(0, 0, 32, 24))})
		r.clock.Advance(3 * time.Second)
		return nil // a source that just ends
	}
	expect(domain.CameraLive, 1, "unplugged")
	h := expect(domain.CameraLost, 1, ErrEnded.Error())
	if h.Frames != 2 || h.Size != image.Pt(32, 24) || h.Age != 3*time.Second {
		t.Errorf("%d frames of %v, the newest %v old", h.Frames, h.Size, h.Age)
	}
	if len(r.frames) != 2 || len(r.states) != 0 {
		t.Errorf("%d frames came, %d more states", len(r.frames), len(r.states))
	}
}

// reporting is a source that knows its condition.
type reporting struct {
	scripted
	health domain.CameraHealth
}

func (s reporting) Health() domain.CameraHealth { return s.health }

func TestSuperviseAsksTheSource(t *testing.T) {
	src := reporting{make(scripted), domain.CameraHealth{State: domain.CameraLive, Frames: 7, BadFrames: 3, FPS: 24}}
	r := supervise(t, src, SuperviseOptions{})
	<-r.states
	src.scripted <- fails
	h := <-r.states
	if h.State != domain.CameraLost || h.LastError != "unplugged" || h.Frames != 7 || h.BadFrames != 3 || h.FPS != 24 {
		t.Errorf("heard %+v", h)
	}
	r.wait()
}

func TestSuperviseEndsWithItsContext(t *testing.T) {
	for name, during := range map[string]scripted{"in a run": nil, "in a wait": make(scripted, 1)} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			clock := tellingClock{domaintest.NewClock(time.Unix(0, 0)), make(chan time.Duration, 1)}
			running := make(chan struct{}, 1)
			src := sourceFunc(func(ctx context.Context, _ func(Frame)) error {
				running <- struct{}{}
				if during != nil {
					return errUnplugged
				}
				<-ctx.Done()
				return ctx.Err()
			})
			done := make(chan struct{})
			var log bytes.Buffer
			go func() {
				defer close(done)
				Supervise(ctx, src, SuperviseOptions{Clock: clock, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(Frame) {})
			}()
			<-running
			if during != nil {
				<-clock.asked
			}
			stop()
			<-done
			if said := strings.Contains(log.String(), "camera failed"); said != (during != nil) {
				t.Errorf("log: %q", log.String())
			}
		})
	}
}

type sourceFunc func(context.Context, func(Frame)) error

func (f sourceFunc) Run(ctx context.Context, sink func(Frame)) error { return f(ctx, sink) }
