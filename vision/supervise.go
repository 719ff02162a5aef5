package vision

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"agentid/app/domain"
)

// SuperviseOptions tune Supervise; the zero value is what a kiosk uses.
type SuperviseOptions struct {
	Clock domain.Clock // default: the machine's
	// Backoff is how long to wait before the first, second, ... new try; the
	// last one repeats. Default 1, 5, 10, 60 s.
	Backoff []time.Duration
	// Jitter spreads each wait by up to this fraction either way, so that the
	// kiosks of a branch do not come back as one. Default 0.2; negative: none.
	Jitter float64
	// Rand gives 0..1 for the jitter. Default math/rand.
	Rand func() float64
	// Steady is how long pictures must have come for the next failure to count
	// as the first one again. Default 30 s.
	Steady time.Duration
	Log    *slog.Logger // default: none
	// OnState hears of each change of State, one call at a time, from the
	// goroutine of Supervise or of the source; it must not block.
	OnState func(domain.CameraHealth)
}

func (o SuperviseOptions) withDefaults() SuperviseOptions {
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if len(o.Backoff) == 0 {
		o.Backoff = []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, time.Minute}
	}
	switch {
	case o.Jitter == 0:
		o.Jitter = 0.2
	case o.Jitter < 0:
		o.Jitter = 0
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Steady == 0 {
		o.Steady = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// HealthReporter is a Source that knows its own condition.
type HealthReporter interface{ Health() domain.CameraHealth }

// ErrEnded says that a source stopped without saying why.
var ErrEnded = errors.New("source ended")

// Supervise runs src until ctx ends: it starts it again whenever it fails,
// after a back-off. It is the only one that does.
//
// The state is connecting until the first outcome, live from the first frame
// of a run, and lost from a failure until pictures come again: it does not
// flicker while tries go on.
func Supervise(ctx context.Context, src Source, o SuperviseOptions, sink func(Frame)) {
	s := &supervisor{o: o.withDefaults(), src: src}
	s.enter(domain.CameraConnecting, nil)
	for try := 0; ; try++ {
		s.firstFrame = time.Time{}
		err := src.Run(ctx, func(f Frame) {
			s.seen(f)
			sink(f)
		})
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = ErrEnded
		}
		if s.ranWell() {
			try = 0
		}
		wait := s.backoff(try)
		s.o.Log.LogAttrs(ctx, slog.LevelWarn, "camera failed",
			slog.String("error", err.Error()), slog.Int("try", try+1), slog.Duration("wait", wait))
		s.enter(domain.CameraLost, err)

		t := s.o.Clock.NewTimer(wait)
		select {
		case <-t.C():
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

type supervisor struct {
	o   SuperviseOptions
	src Source

	firstFrame time.Time // of this run; zero before it

	mu     sync.Mutex // held while OnState runs: its calls come one by one
	health domain.CameraHealth
	newest time.Time
}

// seen notes a frame. The first one of a run makes the camera live.
func (s *supervisor) seen(f Frame) {
	now := s.o.Clock.Now()
	first := s.firstFrame.IsZero()
	if first {
		s.firstFrame = now
	}
	s.mu.Lock()
	s.health.Frames++
	s.newest = now
	if f.Raw != nil {
		s.health.Size = image.Pt(f.Raw.Rect.Dx(), f.Raw.Rect.Dy())
	}
	s.mu.Unlock()
	if first {
		s.enter(domain.CameraLive, nil)
	}
}

// ranWell tells whether the run that just ended had settled.
func (s *supervisor) ranWell() bool {
	return !s.firstFrame.IsZero() && s.o.Clock.Now().Sub(s.firstFrame) >= s.o.Steady
}

func (s *supervisor) backoff(try int) time.Duration {
	d := s.o.Backoff[min(try, len(s.o.Backoff)-1)]
	return time.Duration(float64(d) * (1 + s.o.Jitter*(2*s.o.Rand()-1)))
}

// enter changes the state and tells OnState, unless it is the state already.
func (s *supervisor) enter(state domain.CameraState, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.health.LastError = err.Error()
	}
	if s.health.State == state {
		return
	}
	if state == domain.CameraLive {
		if s.health.State == domain.CameraLost {
			s.health.Reconnects++
		}
		s.o.Log.LogAttrs(context.Background(), slog.LevelInfo, "camera live",
			slog.Uint64("reconnects", s.health.Reconnects))
	}
	s.health.State = state
	if s.o.OnState == nil {
		return
	}
	h := s.health
	if !s.newest.IsZero() {
		h.Age = s.o.Clock.Now().Sub(s.newest)
	}
	if r, ok := s.src.(HealthReporter); ok {
		// The source knows more, except which state that makes to us.
		own := r.Health()
		own.State, own.Reconnects = h.State, h.Reconnects
		if own.LastError == "" {
			own.LastError = h.LastError
		}
		h = own
	}
	s.o.OnState(h)
}
