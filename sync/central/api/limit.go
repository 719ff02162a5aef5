package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimited is how many are remembered at once; those that have not asked for
// a generation are forgotten, which gives them no more than a full burst.
const maxLimited = 20_000

// limiter bounds how often each of many may ask.
type limiter struct {
	every rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
}

func newLimiter(perSecond float64, seconds int) *limiter {
	return &limiter{every: rate.Limit(perSecond), burst: max(1, int(perSecond*float64(seconds))), now: map[string]*rate.Limiter{}}
}

// take asks for one; it returns how long to wait where it is not given.
func (l *limiter) take(who string, at time.Time) time.Duration { return l.ask(who, at, true) }

// look is take, but takes nothing.
func (l *limiter) look(who string, at time.Time) time.Duration { return l.ask(who, at, false) }

func (l *limiter) ask(who string, at time.Time, take bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.now[who]
	if one == nil {
		if one = l.old[who]; one == nil {
			one = rate.NewLimiter(l.every, l.burst)
		}
		if len(l.now) >= maxLimited {
			l.old, l.now = l.now, map[string]*rate.Limiter{}
		}
		l.now[who] = one
	}
	r := one.ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 || !take {
		r.CancelAt(at)
	}
	return wait
}

// atOnce bounds how many requests each of many may have under way at once.
type atOnce struct {
	most int

	mu  sync.Mutex
	now map[string]int
}

func newAtOnce(most int) *atOnce { return &atOnce{most: most, now: map[string]int{}} }

// enter tells whether one more may be; then leave is to follow.
func (a *atOnce) enter(who string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now[who] >= a.most {
		return false
	}
	a.now[who]++
	return true
}

func (a *atOnce) leave(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now[who]--; a.now[who] == 0 {
		delete(a.now, who)
	}
}
