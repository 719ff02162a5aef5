package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"

	"agentid/app/domain"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// Options say which centre, and as whom.
type Options struct {
	// URL of the centre: https, or http to this machine.
	URL string
	// CAFile has the authorities that may vouch for the centre, in PEM; "" for
	// the system's.
	CAFile string
	// KeyFile holds the kiosk's keys: outside DataDir, its owner's alone.
	KeyFile string
	DataDir string
	// DeviceID is the store's: keys of another device are refused.
	DeviceID string
	Program  string // and its version, for the centre's list
	// RateKbps caps what is sent and received, in thousands of bits a second;
	// 0 for no cap.
	RateKbps int
	// Timeout of a request that carries nothing; 30 s.
	Timeout time.Duration
	Clock   domain.Clock // domain.SystemClock
	Log     *slog.Logger // nowhere
}

func (o *Options) defaults() (err error) {
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	o.URL, err = baseAddress(o.URL)
	return err
}

// Client is a kiosk's line to its centre. Its methods may be called from any
// goroutine.
type Client struct {
	o       Options
	id      *identity
	http    *resty.Client // to the centre
	objects *resty.Client // to the object store, without any credentials
	version atomic.Int64
	skew    atomic.Pointer[time.Duration]

	mu      sync.Mutex // of what follows
	token   string
	until   time.Time
	keys    []*protocol.SiteKey // the newest first
	missing map[string]time.Time
}

var _ outbox.Centre = (*Client)(nil)

// Open makes the client of an enrolled kiosk. It asks nothing of the network.
// Errors: ErrNotEnrolled, ErrKeyExposed, ErrKeyFile, ErrOtherDevice,
// ErrAddress, ErrCA.
func Open(o Options) (*Client, error) {
	if err := o.defaults(); err != nil {
		return nil, fmt.Errorf("open centre: %w", err)
	}
	id, err := readIdentity(o.KeyFile, o.DataDir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && id.Membership == nil {
		err = ErrNotEnrolled
	}
	if err == nil && id.DeviceID != o.DeviceID {
		err = fmt.Errorf("%w: %s", ErrOtherDevice, id.DeviceID)
	}
	if err != nil {
		return nil, fmt.Errorf("open centre: %w", err)
	}
	c, err := newClient(o, id)
	if err != nil {
		return nil, fmt.Errorf("open centre: %w", err)
	}
	// What a site key does not open is told when it is asked for.
	c.keys, _ = openKeys(id, id.Membership.SiteKeys)
	return c, nil
}

func newClient(o Options, id *identity) (*Client, error) {
	roots, err := authorities(o.CAFile, false)
	if err != nil {
		return nil, err
	}
	// Pictures go to an object store that may be somebody else's.
	more, err := authorities(o.CAFile, true)
	if err != nil {
		return nil, err
	}
	line := newThrottle(newTransport(roots), o.RateKbps, o.Clock)
	c := &Client{o: o, id: id, http: newResty(line), missing: map[string]time.Time{}}
	objects := http.RoundTripper(newTransport(more))
	if t, ok := line.(*throttle); ok {
		objects = &throttle{objects, t.limit, t.clock} // one cap for both
	}
	c.objects = newResty(objects)
	c.version.Store(protocol.MaxVersion)
	return c, nil
}

// DeviceID implements outbox.Centre.
func (c *Client) DeviceID() string { return c.id.DeviceID }

// Membership is where the kiosk belongs.
func (c *Client) Membership() Membership {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.id.Membership
}

// Site implements outbox.Centre: a site's id says which within its centre alone.
func (c *Client) Site() string {
	m := c.Membership()
	return m.Audience + " " + m.SiteID
}

// Skew implements outbox.Centre.
func (c *Client) Skew() (time.Duration, bool) {
	if s := c.skew.Load(); s != nil {
		return *s, true
	}
	return 0, false
}

// centreNow is the centre's time, as far as it is known.
func (c *Client) centreNow() time.Time {
	skew, _ := c.Skew()
	return c.o.Clock.Now().Add(-skew)
}

// call is one request to the centre.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string
	gzip         bool // body is
	open         bool // needs no token
	limit        int  // of the answer's body
	least        int  // the version that what it carries needs
	wait         time.Duration
}

// do makes a call, and once more where the token was over or another version
// is wanted. An answer of 400 and more is an *outbox.Refusal.
func (c *Client) do(ctx context.Context, k call) ([]byte, error) {
	renewed, spoken := false, false
	for {
		token := ""
		if !k.open {
			var err error
			if token, err = c.access(ctx); err != nil {
				return nil, err
			}
		}
		if c.speaks() < k.least { // as the purchase of the token may have told
			return nil, fmt.Errorf("%s: %w", k.path, outbox.ErrOlderCentre)
		}
		body, header, err := c.once(ctx, k, token)
		if err == nil {
			c.learn(header)
			return body, nil
		}
		var r *outbox.Refusal
		if !errors.As(err, &r) {
			return nil, err
		}
		switch {
		case r.Problem.Advice() == protocol.AdviceRenew && !k.open && !renewed:
			renewed = true
			c.drop(token)
		case r.Problem.Code == protocol.CodeVersion && !spoken:
			spoken = true
			low, high, oerr := protocol.Offered(header)
			if oerr != nil {
				return nil, err
			}
			v, verr := protocol.Choose(low, high)
			if verr != nil {
				return nil, fmt.Errorf("%s: %w", k.path, verr)
			}
			if int64(v) == c.version.Swap(int64(v)) {
				return nil, err
			}
		default:
			return nil, err
		}
	}
}

// speaks is the version that the centre is spoken to in.
func (c *Client) speaks() int { return int(c.version.Load()) }

// learn takes up a newer version once the centre has it: it was brought up to
// date, and the kiosk need not be restarted for that.
func (c *Client) learn(header http.Header) {
	low, high, err := protocol.Offered(header)
	if err != nil {
		return
	}
	if v, err := protocol.Choose(low, high); err == nil && v > c.speaks() {
		c.version.Store(int64(v))
	}
}

// Takes implements outbox.Centre.
func (c *Client) Takes(ctx context.Context, kind protocol.Kind) (bool, error) {
	if _, err := c.access(ctx); err != nil { // with the first token the version is settled
		return false, err
	}
	return protocol.SinceVersion(kind) <= c.speaks(), nil
}

// once makes one request.
func (c *Client) once(ctx context.Context, k call, token string) ([]byte, http.Header, error) {
	fail := func(err error) ([]byte, http.Header, error) {
		return nil, nil, fmt.Errorf("%s %s: %w", k.method, k.path, noQuery(err))
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeFor(len(k.body))+k.wait)
	defer cancel()
	version := c.speaks()
	r := c.http.R().SetContext(ctx).SetDoNotParseResponse(true).
		SetHeader(protocol.HeaderVersion, strconv.Itoa(version)).
		SetHeader("Accept", "application/json, "+protocol.ContentProblem)
	if c.o.Program != "" {
		r.SetHeader("User-Agent", c.o.Program)
	}
	if k.body != nil {
		r.SetHeader("Content-Type", k.contentType).SetBody(k.body)
	}
	if k.gzip {
		r.SetHeader("Content-Encoding", "gzip")
	}
	if token != "" {
		r.SetHeader("Authorization", "Bearer "+token)
	}
	address := c.o.URL + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	resp, err := r.Execute(k.method, address)
	if err != nil {
		return fail(err)
	}
	defer resp.RawBody().Close()
	header := resp.Header()
	c.noteDate(header)
	limit := k.limit
	if resp.StatusCode() >= 300 {
		limit = protocol.MaxSmall
	}
	body, err := readAll(resp.RawBody(), limit)
	if resp.StatusCode() >= 300 {
		return nil, header, c.refusal(resp.StatusCode(), header, body)
	}
	if err != nil {
		return fail(err)
	}
	if v, err := protocol.ParseVersion(header); err != nil || v != version {
		return fail(fmt.Errorf("no answer of a centre: %w", errForeign))
	}
	return body, header, nil
}

// errForeign: something answered that is no centre, or speaks another version
// than it was asked in.
var errForeign = errors.New("answer does not name the version that was asked for")

// noQuery leaves out of an error the address that it quotes.
func noQuery(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// readAll reads up to limit bytes; more is protocol.ErrTooLarge.
func readAll(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > limit {
		return nil, fmt.Errorf("answer of more than %d bytes", limit)
	}
	return b, nil
}

// refusal reads an answer that is none of what was asked for.
func (c *Client) refusal(status int, h http.Header, body []byte) *outbox.Refusal {
	return &outbox.Refusal{Problem: protocol.DecodeProblem(status, body), RetryAfter: retryAfter(h, c.o.Clock.Now())}
}

// retryAfter reads Retry-After, in seconds or as a date, by the centre's clock.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := h.Get("Retry-After")
	if s == "" || len(s) > 64 {
		return 0
	}
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return max(0, at.Sub(now))
}

// noteDate notes how far this machine's clock is from the centre's. A Date has
// whole seconds: half of one is its middle.
func (c *Client) noteDate(h http.Header) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	skew := c.o.Clock.Now().Sub(at.Add(time.Second / 2))
	c.skew.Store(&skew)
}
