package domain

import "time"

// Clock is the time a component lives by. Production uses SystemClock, tests
// use domaintest.Clock, so that no test ever sleeps.
type Clock interface {
	// Now is the current wall-clock time.
	Now() time.Time
	// NewTimer fires once after d.
	NewTimer(d time.Duration) Timer
}

// Timer is a one-shot timer of a Clock.
type Timer interface {
	// C delivers the time at which the timer fired, once.
	C() <-chan time.Time
	// Stop reports whether it kept the timer from firing.
	Stop() bool
}

// SystemClock is the machine's own clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// NewTimer implements Clock.
func (SystemClock) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

type systemTimer struct{ t *time.Timer }

func (s systemTimer) C() <-chan time.Time { return s.t.C }
func (s systemTimer) Stop() bool          { return s.t.Stop() }
