package mjpeg

import (
	"context"
	"sync/atomic"
	"time"

	"agentid/app/domain"
)

// watchdog ends a context when nothing was fed to it for a while. One timer
// runs at a time, however often it is fed.
type watchdog struct {
	clock domain.Clock
	limit time.Duration
	start time.Time
	fed   atomic.Int64 // since start
}

func newWatchdog(clock domain.Clock, limit time.Duration) *watchdog {
	return &watchdog{clock: clock, limit: limit, start: clock.Now()}
}

func (w *watchdog) feed() { w.fed.Store(int64(w.clock.Now().Sub(w.start))) }

// watch calls bite once, when the limit is over, or returns when ctx ends.
func (w *watchdog) watch(ctx context.Context, bite func()) {
	for {
		idle := w.clock.Now().Sub(w.start) - time.Duration(w.fed.Load())
		if idle >= w.limit {
			bite()
			return
		}
		t := w.clock.NewTimer(w.limit - idle)
		select {
		case <-t.C():
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}
