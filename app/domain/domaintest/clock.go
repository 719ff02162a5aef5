// Package domaintest has the test doubles that several packages share.
package domaintest

import (
	"sync"
	"time"

	"agentid/app/domain"
)

// Clock is a domain.Clock that moves only when told to.
type Clock struct {
	mu     sync.Mutex
	cond   *sync.Cond
	now    time.Time
	timers []*timer
}

// NewClock starts a clock at the given time.
func NewClock(start time.Time) *Clock {
	c := &Clock{now: start}
	c.cond = sync.NewCond(&c.mu)
	return c
}

// Now implements domain.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// NewTimer implements domain.Clock.
func (c *Clock) NewTimer(d time.Duration) domain.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{clock: c, at: c.now.Add(d), ch: make(chan time.Time, 1)}
	if d <= 0 {
		t.ch <- c.now
		return t
	}
	c.timers = append(c.timers, t)
	c.cond.Broadcast()
	return t
}

// Advance moves the clock and fires what has become due, in order.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for {
		first := -1
		for i, t := range c.timers {
			if !t.at.After(c.now) && (first < 0 || t.at.Before(c.timers[first].at)) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		t := c.timers[first]
		c.timers = append(c.timers[:first], c.timers[first+1:]...)
		t.ch <- t.at
	}
}

// AwaitTimers blocks until at least n timers are waiting, so that a test
// advances only once the code under test has armed its time-outs.
func (c *Clock) AwaitTimers(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.timers) < n {
		c.cond.Wait()
	}
}

type timer struct {
	clock *Clock
	at    time.Time
	ch    chan time.Time
}

func (t *timer) C() <-chan time.Time { return t.ch }

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	for i, o := range t.clock.timers {
		if o == t {
			t.clock.timers = append(t.clock.timers[:i], t.clock.timers[i+1:]...)
			return true
		}
	}
	return false
}
