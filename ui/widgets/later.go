package widgets

import (
	"sync"
	"time"

	"agentid/app/domain"
)

// Later runs do on Fyne's goroutine after d, unless stop is called there
// before.
type Later func(d time.Duration, do func()) (stop func())

// NewLater makes a Later of a clock and of what runs a function on Fyne's
// goroutine.
func NewLater(clock domain.Clock, dispatch func(func())) Later {
	return func(d time.Duration, do func()) func() {
		timer := clock.NewTimer(d)
		done := make(chan struct{})
		var once sync.Once
		stop := func() { once.Do(func() { close(done) }) }
		go func() {
			defer timer.Stop()
			select {
			case <-done:
			case <-timer.C():
				dispatch(func() {
					select {
					case <-done: // stopped while it waited for its turn
					default:
						do()
					}
				})
			}
		}()
		return stop
	}
}

// Pending is at most one thing that is to be done later.
type Pending struct{ stop func() }

// Set takes the stop of what a Later will do, in place of what was to be done.
func (p *Pending) Set(stop func()) {
	p.Cancel()
	p.stop = stop
}

// Cancel lets it be.
func (p *Pending) Cancel() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}
