package client

import (
	"context"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"agentid/app/domain"
)

// throttle is a transport with a bandwidth cap on all bodies, both ways.
type throttle struct {
	next  http.RoundTripper
	limit *rate.Limiter // in bytes
	clock domain.Clock
}

// newThrottle caps at kbps thousand bits a second; next itself where it is 0.
func newThrottle(next http.RoundTripper, kbps int, clock domain.Clock) http.RoundTripper {
	if kbps <= 0 {
		return next
	}
	bytes := float64(kbps) * 1000 / 8
	// A quarter of a second at once: smooth, and never less than a packet.
	return &throttle{next, rate.NewLimiter(rate.Limit(bytes), max(1500, int(bytes/4))), clock}
}

// RoundTrip implements http.RoundTripper.
func (t *throttle) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(ctx)
		r.Body = &slowBody{r.Body, t, ctx}
		if get := r.GetBody; get != nil {
			r.GetBody = func() (io.ReadCloser, error) {
				b, err := get()
				if err != nil {
					return nil, err
				}
				return &slowBody{b, t, ctx}, nil
			}
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil && resp.Body != nil {
		resp.Body = &slowBody{resp.Body, t, ctx}
	}
	return resp, err
}

type slowBody struct {
	io.ReadCloser
	t   *throttle
	ctx context.Context
}

// Read waits for what it has read: the next part goes when there is room for
// this one.
func (b *slowBody) Read(p []byte) (int, error) {
	if most := b.t.limit.Burst(); len(p) > most {
		p = p[:most]
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		if werr := b.t.wait(b.ctx, n); werr != nil {
			return n, werr
		}
	}
	return n, err
}

func (t *throttle) wait(ctx context.Context, n int) error {
	now := t.clock.Now()
	d := t.limit.ReserveN(now, n).DelayFrom(now)
	if d <= 0 {
		return nil
	}
	timer := t.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	}
}

// timeFor is how long a request may take that carries so many bytes.
func (c *Client) timeFor(bytes int) time.Duration {
	perSecond := slowest
	if kbps := c.o.RateKbps; kbps > 0 {
		perSecond = min(perSecond, max(1, kbps*1000/8/2))
	}
	return c.o.Timeout + time.Duration(bytes)*time.Second/time.Duration(perSecond)
}

// slowest is the line, in bytes a second, below which a request is given up.
const slowest = 4 << 10
