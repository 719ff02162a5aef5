package mjpeg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/domain"
)

// Bounds of a search.
const (
	// MaxScanNets is how many networks of this machine are searched, and
	// MaxScanHosts how many addresses of each.
	MaxScanNets  = 2
	MaxScanHosts = 254
	scanAtOnce   = 32
	scanTimeout  = time.Second
)

// ErrNotNear says that an address is not of the house: nothing is sent to it.
var ErrNotNear = errors.New("address is neither private nor link-local nor loopback")

// ScanOptions say where cameras are looked for. Addrs is needed.
type ScanOptions struct {
	// Addrs, at most MaxScanNets times MaxScanHosts, all of them near.
	Addrs []netip.Addr
	// ControlPort and StreamPort are those of an ESP32-CAM: 80 and 81.
	ControlPort, StreamPort uint16
	AtOnce                  int           // 32
	Timeout                 time.Duration // of one request; 1 s
	Clock                   domain.Clock  // the machine's
	// OnProgress hears how many addresses were asked, one call at a time.
	OnProgress func(done, total int)
}

// Found is a camera that answered.
type Found struct {
	Addr   netip.Addr
	Stream string // address of its stream
	Status Status
	Busy   bool // somebody has its stream
}

// Scan asks each address whether it is an ESP32-CAM: its settings on the
// control port, its stream on the other. It gives up at once when ctx ends, and
// tells what it had found until then beside the error.
func Scan(ctx context.Context, o ScanOptions) ([]Found, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var found []Found
	done := 0
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(o.AtOnce, len(o.Addrs)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(o.Addrs) {
					return
				}
				f, ok := o.ask(ctx, o.Addrs[i])
				mu.Lock()
				if ok {
					found = append(found, f)
				}
				if done++; o.OnProgress != nil && ctx.Err() == nil {
					o.OnProgress(done, len(o.Addrs))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(found, func(a, b Found) int { return a.Addr.Compare(b.Addr) })
	return found, ctx.Err()
}

func (o *ScanOptions) check() error {
	if len(o.Addrs) > MaxScanNets*MaxScanHosts {
		return fmt.Errorf("search of %d addresses, at most %d", len(o.Addrs), MaxScanNets*MaxScanHosts)
	}
	for _, a := range o.Addrs {
		if !near(a) {
			return fmt.Errorf("search for cameras: %w: %s", ErrNotNear, a)
		}
	}
	if o.ControlPort == 0 {
		o.ControlPort = 80
	}
	if o.StreamPort == 0 {
		o.StreamPort = 81
	}
	if o.AtOnce <= 0 {
		o.AtOnce = scanAtOnce
	}
	if o.Timeout <= 0 {
		o.Timeout = scanTimeout
	}
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	return nil
}

// near tells that an address is of the house.
func near(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback()
}

// ask tells whether there is a camera at a.
func (o *ScanOptions) ask(ctx context.Context, a netip.Addr) (Found, bool) {
	c := NewControl(ControlOptions{URL: o.url(a, o.ControlPort), Clock: o.Clock, Timeout: o.Timeout})
	s, err := c.Status(ctx)
	if err != nil || !s.camera() {
		return Found{}, false
	}
	f := Found{Addr: a, Stream: o.url(a, o.StreamPort) + "/stream", Status: s}
	var ok bool
	ok, f.Busy = o.streams(ctx, f.Stream)
	return f, ok
}

func (o *ScanOptions) url(a netip.Addr, port uint16) string {
	return "http://" + netip.AddrPortFrom(a, port).String()
}

// cameraKeys are settings that a camera's firmware tells beside frame size and
// quality; other things that answer on /status have none of them.
var cameraKeys = []string{"brightness", "contrast", "saturation", "awb", "aec", "agc", "hmirror", "vflip"}

// camera tells that a status is that of an ESP32-CAM.
func (s Status) camera() bool {
	n := 0
	for _, k := range cameraKeys {
		if _, ok := s.All[k]; ok {
			n++
		}
	}
	return n >= 3
}

// streams tells whether a stream is there, and whether somebody has it already:
// the board then refuses, or does not answer at all. It reads no picture.
func (o *ScanOptions) streams(ctx context.Context, stream string) (ok, busy bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go newWatchdog(o.Clock, o.Timeout).watch(ctx, cancel)
	var reached atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, stream, nil)
	if err != nil {
		return false, false
	}
	resp, err := newHTTP().Do(req)
	if err != nil {
		return reached.Load(), reached.Load()
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		_, err := boundaryOf(resp.Header.Get("Content-Type"))
		return err == nil, false
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return true, true
	}
	return false, false
}

// Neighbours are the other addresses of this machine's own networks: for each
// of the first MaxScanNets private or link-local IPv4 networks that are up, at
// most the 254 of the /24 around this machine.
func Neighbours() ([]netip.Addr, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("networks of this machine: %w", err)
	}
	var own []netip.Prefix
	for _, i := range list {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagBroadcast == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				own = append(own, p)
			}
		}
	}
	return neighbours(own), nil
}

// neighbours are the addresses beside own ones.
func neighbours(own []netip.Prefix) (out []netip.Addr) {
	var nets []netip.Prefix
	for _, p := range own {
		a := p.Addr().Unmap()
		if !a.Is4() || !near(a) || a.IsLoopback() || p.Bits() > 30 {
			continue
		}
		n, err := a.Prefix(max(p.Bits(), 24))
		if err != nil || slices.Contains(nets, n) || len(nets) == MaxScanNets {
			continue
		}
		nets = append(nets, n)
		first := len(out)
		for x := n.Addr().Next(); n.Contains(x.Next()); x = x.Next() { // neither the network's nor the broadcast address
			out = append(out, x)
		}
		out = slices.DeleteFunc(out, func(x netip.Addr) bool {
			return slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Addr().Unmap() == x })
		})
		if len(out)-first > MaxScanHosts {
			out = out[:first+MaxScanHosts]
		}
	}
	return out
}
