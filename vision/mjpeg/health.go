package mjpeg

import (
	"context"
	"image"
	"sync"
	"time"

	"agentid/app/domain"
)

// rateWindow is how far back the frame rate looks.
const rateWindow = 3 * time.Second

// health is what a client knows about itself. It is safe for concurrent use.
type health struct {
	clock domain.Clock

	mu       sync.Mutex
	v        domain.CameraHealth // FPS and Age are computed when asked
	runs     uint64
	inRun    bool           // a frame came in this run
	repaired uint64         // frames that got their end back
	newest   time.Time      // of the frames
	times    [256]time.Time // of the last frames, a ring
	next, n  int
	waiters  []*waiter
}

// waiter wants the size of the frame that comes after skip others.
type waiter struct {
	skip int
	size chan image.Point // has room for one
}

// begin notes that a run begins. After a loss the state stays lost until
// pictures come.
func (h *health) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs++; h.runs == 1 {
		h.v.State = domain.CameraConnecting
	}
	h.inRun = false
	h.n = 0
}

// end notes that a run ended; err is nil when nothing was wrong.
func (h *health) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.v.State = domain.CameraLost
	if err != nil {
		h.v.LastError = err.Error()
	}
}

func (h *health) good(at time.Time, size image.Point, repaired bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.inRun {
		h.inRun = true
		if h.v.Frames > 0 {
			h.v.Reconnects++
		}
	}
	h.v.State = domain.CameraLive
	h.v.Frames++
	h.v.Size = size
	if repaired {
		h.repaired++
	}
	h.newest = at
	h.times[h.next] = at
	h.next = (h.next + 1) % len(h.times)
	h.n = min(h.n+1, len(h.times))

	keep := h.waiters[:0]
	for _, w := range h.waiters {
		if w.skip > 0 {
			w.skip--
			keep = append(keep, w)
			continue
		}
		w.size <- size
	}
	clear(h.waiters[len(keep):])
	h.waiters = keep
}

func (h *health) bad(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.v.BadFrames++
	h.v.LastError = err.Error()
}

func (h *health) report() domain.CameraHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.v
	if h.newest.IsZero() {
		return v
	}
	now := h.clock.Now()
	v.Age = now.Sub(h.newest)
	if v.State == domain.CameraLive {
		v.FPS = h.rate(now)
	}
	return v
}

// rate is the frames a second within the window, of this run.
func (h *health) rate(now time.Time) float64 {
	count, oldest := 0, now
	for i := 1; i <= h.n; i++ {
		t := h.times[(h.next-i+len(h.times))%len(h.times)]
		if now.Sub(t) > rateWindow {
			break
		}
		count, oldest = i, t
	}
	if span := now.Sub(oldest); count > 1 && span > 0 {
		return float64(count-1) / span.Seconds()
	}
	return 0
}

// sizeAfter waits for skip frames and gives the size of the next one.
func (h *health) sizeAfter(ctx context.Context, skip int) (image.Point, error) {
	w := &waiter{skip: skip, size: make(chan image.Point, 1)}
	h.mu.Lock()
	h.waiters = append(h.waiters, w)
	h.mu.Unlock()
	select {
	case s := <-w.size:
		return s, nil
	case <-ctx.Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, o := range h.waiters {
		if o == w {
			h.waiters = append(h.waiters[:i], h.waiters[i+1:]...)
			break
		}
	}
	return image.Point{}, ctx.Err()
}
