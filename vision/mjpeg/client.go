package mjpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"time"

	"agentid/app/domain"
	"agentid/vision"
)

// ErrStalled says that no whole picture came for too long: nothing at all, or
// drops of one.
var ErrStalled = errors.New("no picture in time")

// ErrBadPictures says that a stream goes on but only with unusable pictures.
var ErrBadPictures = errors.New("too many bad pictures in a row")

// Options say where a camera is. Only URL is needed.
type Options struct {
	// URL of the stream, http://user:password@host:81/stream. Credentials are
	// sent as basic authentication and appear in no error.
	URL   string
	Clock domain.Clock // default: the machine's
	// StallAfter is how long the next whole picture may take, good or bad,
	// counted from the connection's start or the last one. Default 5 s.
	StallAfter time.Duration
	// MaxBadRun is how many bad pictures in a row end the run. Default 50.
	MaxBadRun int
}

// Client reads one camera's stream. It is a vision.Source and a
// vision.HealthReporter.
type Client struct {
	o      Options
	addr   address
	bad    error // the URL is unusable
	http   *http.Client
	health health
	seq    uint64 // of the last frame; only Run touches it
}

var (
	_ vision.Source         = (*Client)(nil)
	_ vision.HealthReporter = (*Client)(nil)
)

// New prepares a client; nothing is sent before Run. An unusable URL is what
// Run then fails with; CheckURL tells before.
func New(o Options) *Client {
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.StallAfter <= 0 {
		o.StallAfter = 5 * time.Second
	}
	if o.MaxBadRun <= 0 {
		o.MaxBadRun = 50
	}
	c := &Client{o: o, http: newHTTP(), health: health{clock: o.Clock}}
	c.addr, c.bad = parseAddress(o.URL)
	c.o.URL = "" // addr has it, the password apart
	return c
}

// Health is the client's condition now. Its state is connecting until the
// first outcome, live while pictures come, lost from a failure until pictures
// come again. Dropped stays 0: every good frame is handed to the sink.
func (c *Client) Health() domain.CameraHealth { return c.health.report() }

// Repaired counts the good frames that came without an end-of-image marker
// and got one.
func (c *Client) Repaired() uint64 {
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	return c.health.repaired
}

// SizeAfter lets skip frames pass and gives the size of the one that follows:
// what a Control asks to see whether a new frame size took effect.
func (c *Client) SizeAfter(ctx context.Context, skip int) (image.Point, error) {
	return c.health.sizeAfter(ctx, skip)
}

// Run implements vision.Source: it connects once and delivers until the
// stream ends. The sink is called directly, from this goroutine: while it
// works nothing is read, and at most one frame exists. One Run at a time.
func (c *Client) Run(ctx context.Context, sink func(vision.Frame)) error {
	c.health.begin()
	err := c.stream(ctx, sink)
	if ctx.Err() != nil {
		c.health.end(nil)
		return nil
	}
	c.health.end(err)
	return err
}

func (c *Client) stream(parent context.Context, sink func(vision.Frame)) error {
	if c.bad != nil {
		return c.bad
	}
	ctx, cancel := context.WithCancelCause(parent)
	dog := newWatchdog(c.o.Clock, c.o.StallAfter)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		dog.watch(ctx, func() { cancel(ErrStalled) })
	}()
	defer func() {
		cancel(nil)
		<-watched
		c.http.CloseIdleConnections()
	}()

	err := c.read(ctx, dog, sink)
	if cause := context.Cause(ctx); errors.Is(cause, ErrStalled) {
		return fmt.Errorf("camera stream: %w: %v", ErrStalled, c.o.StallAfter)
	}
	return fmt.Errorf("camera stream: %w", plain(err))
}

// read does one request. It returns an error always: a stream has no end.
func (c *Client) read(ctx context.Context, dog *watchdog, sink func(vision.Frame)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.addr.url.String(), nil)
	if err != nil {
		return err
	}
	c.addr.authorise(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusal(resp.StatusCode)
	}
	boundary, err := boundaryOf(resp.Header.Get("Content-Type"))
	if err != nil {
		return err
	}

	parts := newPartReader(resp.Body, boundary, vision.MaxPartBytes)
	var fix repairer
	for badRun := 0; ; {
		p, err := parts.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		dog.feed()
		jpeg, err := keep(p, &fix)
		if err != nil {
			c.health.bad(err)
			if badRun++; badRun >= c.o.MaxBadRun {
				return fmt.Errorf("%w: the last: %w", ErrBadPictures, err)
			}
			continue
		}
		badRun = 0
		now := c.o.Clock.Now()
		c.seq++
		c.health.good(now, p.size, p.noEOI)
		sink(vision.Frame{Seq: c.seq, At: now, JPEG: jpeg})
		if err := ctx.Err(); err != nil {
			return err
		}
		dog.feed() // the sink's time is not taken off the next picture's
	}
}

// keep copies a good picture out of the reader's window.
func keep(p part, fix *repairer) ([]byte, error) {
	switch {
	case p.bad != nil:
		return nil, p.bad
	case p.noEOI:
		return fix.mend(p.jpeg)
	}
	return bytes.Clone(p.jpeg), nil
}
