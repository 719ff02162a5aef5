package vision

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"agentid/app/domain"
)

// SessionOptions are what a capture and a verification have in common.
type SessionOptions struct {
	Encoder Encoder
	// Gate is what a frame must satisfy; DefaultGate when zero.
	Gate Gate
	// Landmarker finds the landmarks of every face looked at, in place of the
	// detector's; nil takes those. The session does not close it.
	Landmarker Landmarker
	Liveness   LivenessOptions
	// OnProgress hears of every change, from Run's goroutine. It must not block.
	OnProgress func(Progress)
}

// ErrSession says that a session's options are incomplete or make no sense.
var ErrSession = errors.New("invalid session options")

func (o SessionOptions) filled() (SessionOptions, error) {
	if o.Encoder == nil {
		return o, fmt.Errorf("%w: no encoder", ErrSession)
	}
	if o.Gate == (Gate{}) {
		o.Gate = DefaultGate()
	}
	var err error
	if o.Liveness, err = o.Liveness.filled(); err != nil {
		return o, fmt.Errorf("%w: %w", ErrSession, err)
	}
	if o.OnProgress == nil {
		o.OnProgress = func(Progress) {}
	}
	return o, nil
}

// Progress is how far a session has come, for the screen.
type Progress struct {
	// Guide is the one thing that would help most: to be shown as it is.
	Guide domain.Guide
	Done  float64 // 0..1; falls back when the session begins again
	// Reset is why it last began again, and Resets how often it has.
	Reset  ResetReason
	Resets int
	// Gesture is what the person is to do now, "" for nothing.
	Gesture  Gesture
	Liveness LivenessResult
}

// inbox is the end of a Watch: the newest sighting, with its picture kept.
type inbox struct {
	slot *Latest[Sighting]

	mu     sync.Mutex
	closed bool
}

func newInbox() inbox { return inbox{slot: NewLatest[Sighting]()} }

// Watch implements Watcher.
func (b *inbox) Watch(s Sighting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	s.Picture.Retain()
	if old, ok := b.slot.Put(s); ok {
		old.Picture.Release()
	}
}

// drain calls see with each sighting until it is done or ctx ends; afterwards
// nothing is taken any more.
func (b *inbox) drain(ctx context.Context, see func(context.Context, Sighting) (done bool, err error)) error {
	defer b.close()
	for {
		s, err := b.slot.Take(ctx)
		if err != nil {
			return err
		}
		done, err := see(ctx, s)
		s.Picture.Release()
		if done || err != nil {
			return err
		}
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if s, ok := b.slot.TryTake(); ok {
		s.Picture.Release()
	}
}

// ended is the reason that belongs to the end of a context.
func ended(err error) (domain.Reason, bool) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return domain.ReasonTimedOut, true
	case errors.Is(err, context.Canceled):
		return domain.ReasonCancelled, true
	}
	return "", false
}

// passive scores a frame where liveness wants one.
func (l *liveness) passive(k look) error {
	if !l.wantsScore() {
		return nil
	}
	s, err := l.o.Passive.Score(k.picture.RGBA(), k.face)
	switch {
	case errors.Is(err, ErrNoFace):
		return nil
	case err != nil:
		return err
	case !(s >= 0 && s <= 1):
		return fmt.Errorf("%w: %s gave %v", ErrLiveness, l.o.Passive.Name(), s)
	}
	l.score(s)
	return nil
}

// watch lets liveness see what the person does.
func (l *liveness) watch(k look) { l.gesture(k.at, k.picture.RGBA(), k.face.Landmarks, !k.shows()) }

// guide is how to tell the person what liveness wants of them now.
func (l *liveness) guide() domain.Guide {
	switch l.asked() {
	case GestureBlink:
		return domain.GuideBlink
	case GestureTurnLeft:
		return domain.GuideTurnLeft
	case GestureTurnRight:
		return domain.GuideTurnRight
	}
	return domain.GuideLookAhead
}

// elapsed tells that d has passed since a time that is known.
func elapsed(since, at time.Time, d time.Duration) bool {
	return !since.IsZero() && at.Sub(since) >= d
}
