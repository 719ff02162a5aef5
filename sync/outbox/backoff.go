package outbox

import (
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"
)

// backoff is exponential with full jitter: many kiosks that lost the same
// centre do not come back to it at once.
type backoff struct {
	base, most time.Duration
	failures   int
}

// next is how long to wait after another failure, not less than after.
func (b *backoff) next(after time.Duration) time.Duration {
	d := b.most
	if b.failures < 30 {
		d = min(b.most, b.base<<b.failures)
	}
	b.failures++
	d = rand.N(max(d, 1)) + b.base/10
	if after > 0 {
		// All were told the same moment: spread behind it.
		return min(after, maxRetryAfter) + min(d, after/4+b.base)
	}
	return d
}

func (b *backoff) reset() { b.failures = 0 }

// maxRetryAfter bounds what a centre, or a proxy before it, may ask for.
const maxRetryAfter = time.Hour

// bell is a signal that is heard once however often it was rung.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Interfaces is this machine's addresses, as one text: it changes when a
// network comes or goes.
func Interfaces() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	list := make([]string, 0, len(addrs))
	for _, a := range addrs {
		list = append(list, a.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
