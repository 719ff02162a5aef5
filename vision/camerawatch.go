package vision

import (
	"fmt"
	"image"
	"sync"
	"time"

	"agentid/app/domain"
)

// cameraWatch joins what the supervisor, the source and the decoder know of
// the camera into one health.
type cameraWatch struct {
	clock  domain.Clock
	source Source

	mu     sync.Mutex
	state  domain.CameraHealth // as the supervisor last said
	frames uint64
	broken uint64 // frames that did not decode
	newest time.Time
	live   time.Time // when the camera last became live
	size   image.Point
	recent []time.Time // arrivals in the rate's window
	err    string
}

// rateWindow is over what time the frame rate is taken.
const rateWindow = 3 * time.Second

func (c *cameraWatch) entered(h domain.CameraHealth) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.State == domain.CameraLive && c.state.State != domain.CameraLive {
		c.live = c.clock.Now()
	}
	c.state = h
}

func (c *cameraWatch) good(p *Picture) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames++
	c.newest = p.At()
	c.size = p.RGBA().Rect.Size()
	c.recent = append(c.trim(p.At()), p.At())
}

func (c *cameraWatch) bad(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken++
	c.err = fmt.Sprintf("decode: %v", err)
}

func (c *cameraWatch) trim(now time.Time) []time.Time {
	i := 0
	for i < len(c.recent) && now.Sub(c.recent[i]) > rateWindow {
		i++
	}
	return append(c.recent[:0], c.recent[i:]...)
}

func (c *cameraWatch) health() domain.CameraHealth {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.state
	if r, ok := c.source.(HealthReporter); ok {
		own := r.Health()
		own.State, own.Reconnects = h.State, h.Reconnects
		if own.LastError == "" {
			own.LastError = h.LastError
		}
		h = own
	}
	if h.State == "" {
		h.State = domain.CameraConnecting
	}
	c.recent = c.trim(now)
	h.Frames, h.Size = c.frames, c.size
	h.BadFrames += c.broken
	h.FPS = float64(len(c.recent)) / rateWindow.Seconds()
	h.Age = 0
	// A camera that is live and sends nothing that decodes ages from then on.
	if since := c.newest; !since.IsZero() || !c.live.IsZero() {
		if since.Before(c.live) {
			since = c.live
		}
		h.Age = now.Sub(since)
	}
	if c.err != "" && h.LastError == "" {
		h.LastError = c.err
	}
	return h
}
