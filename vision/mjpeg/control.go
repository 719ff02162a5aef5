package mjpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/vision"
	"agentid/vision/mjpeg/framesize"
)

// ErrNotApplied says that a camera took a setting and did not act on it.
var ErrNotApplied = errors.New("camera did not apply the setting")

// The ranges of the settings.
const (
	MinQuality = 4
	MaxQuality = 63
	MaxLED     = 255
)

// staleFrames is how many pictures of the old size may still come: an ESP32
// keeps up to two frame buffers, and one is on its way.
const staleFrames = 3

// ControlOptions say where a camera is controlled. Only URL is needed.
type ControlOptions struct {
	URL   string       // http://user:password@host, no path
	Clock domain.Clock // default: the machine's
	// Timeout of one request, and of the wait for a picture. Default 5 s.
	Timeout time.Duration
	// Size tells the size of a picture that comes after the call. With a Client
	// that streams from this camera give ClientSize(client); the default fetches
	// pictures from /capture.
	Size func(ctx context.Context) (image.Point, error)
}

// ClientSize reads the picture size off a running stream.
func ClientSize(c *Client) func(context.Context) (image.Point, error) {
	return func(ctx context.Context) (image.Point, error) { return c.SizeAfter(ctx, staleFrames) }
}

// Control sets a camera up over its control port. Each setting is verified:
// what the camera answers is compared with what it then does. It is safe for
// concurrent use; settings go out one after the other.
type Control struct {
	o    ControlOptions
	addr address
	bad  error
	http *http.Client

	mu    sync.Mutex
	known framesize.Numbering // the one that worked last; empty: none yet
}

// NewControl prepares a control; nothing is sent. CheckURL tells whether the
// URL is usable.
func NewControl(o ControlOptions) *Control {
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	c := &Control{o: o, http: newHTTP()}
	c.addr, c.bad = parseAddress(o.URL)
	c.o.URL = ""
	if c.o.Size == nil {
		c.o.Size = c.captured
	}
	return c
}

// Status asks for the camera's settings.
func (c *Control) Status(ctx context.Context) (Status, error) {
	b, err := c.get(ctx, "/status", nil, maxStatus)
	if err != nil {
		return Status{}, fmt.Errorf("camera status: %w", err)
	}
	return parseStatus(b)
}

// SetQuality sets the JPEG quality, 4 (best) to 63.
func (c *Control) SetQuality(ctx context.Context, q int) error {
	if q < MinQuality || q > MaxQuality {
		return fmt.Errorf("quality %d is not within %d to %d", q, MinQuality, MaxQuality)
	}
	return c.setVerified(ctx, "quality", q)
}

// SetLED sets the light, 0 (off) to 255.
func (c *Control) SetLED(ctx context.Context, level int) error {
	if level < 0 || level > MaxLED {
		return fmt.Errorf("light %d is not within 0 to %d", level, MaxLED)
	}
	return c.setVerified(ctx, "led_intensity", level)
}

func (c *Control) setVerified(ctx context.Context, name string, val int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.set(ctx, name, val); err != nil {
		return err
	}
	s, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if got, ok := s.All[name]; !ok || got != val {
		return fmt.Errorf("%w: %s %d", ErrNotApplied, name, val)
	}
	return nil
}

// SetFrameSize sets a size by its name ("vga") and returns the size of the
// pictures that then came. No firmware says how it numbers its sizes, so it
// sets, and trusts the decoded width: where that is another one the next
// numbering is tried, and if none fits the camera is put back as it was.
func (c *Control) SetFrameSize(ctx context.Context, name string) (image.Point, error) {
	want, ok := framesize.ByName(name)
	if !ok {
		return image.Point{}, fmt.Errorf("frame size %q is not known", clip(name, 16))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before, err := c.Status(ctx)
	if err != nil {
		return image.Point{}, err
	}
	var got image.Point
	why := fmt.Errorf("%w: framesize %s", ErrNotApplied, want.Name)
	tried := make(map[int]bool)
	for _, n := range c.numberings() {
		val, ok := n.Number(want.Name)
		if !ok || tried[val] {
			continue
		}
		tried[val] = true
		if got, err = c.trySize(ctx, val); err != nil {
			if ctx.Err() != nil {
				return image.Point{}, err
			}
			why = fmt.Errorf("framesize %s: %w", want.Name, err)
			continue
		}
		if sameSize(got, want.Point) {
			c.known = n
			return got, nil
		}
		why = fmt.Errorf("%w: framesize %s, pictures are %dx%d", ErrNotApplied, want.Name, got.X, got.Y)
	}
	if err := c.set(ctx, "framesize", before.FrameSize); err != nil {
		why = errors.Join(why, fmt.Errorf("putting the old size back: %w", err))
	}
	return got, why
}

// numberings lists the numberings, that which worked before first.
func (c *Control) numberings() []framesize.Numbering {
	all := framesize.Numberings()
	if c.known == "" {
		return all
	}
	return append([]framesize.Numbering{c.known}, all...) // the second mention is skipped as tried
}

// trySize sets one number and tells how large the pictures then are.
func (c *Control) trySize(ctx context.Context, val int) (image.Point, error) {
	if err := c.set(ctx, "framesize", val); err != nil {
		return image.Point{}, err
	}
	s, err := c.Status(ctx)
	if err != nil {
		return image.Point{}, err
	}
	if s.FrameSize != val {
		return image.Point{}, fmt.Errorf("%w: framesize %d stayed %d", ErrNotApplied, val, s.FrameSize)
	}
	ctx, cancel := c.limit(ctx)
	defer cancel(nil)
	size, err := c.o.Size(ctx)
	if err != nil {
		return image.Point{}, fmt.Errorf("no picture to see the frame size by: %w", err)
	}
	return size, nil
}

// sameSize allows for sensors that round the height to whole blocks.
func sameSize(got, want image.Point) bool {
	d := got.Y - want.Y
	return got.X == want.X && d >= -16 && d <= 16
}

// captured is the default of ControlOptions.Size: the last of a few captures,
// since the first ones may lie in the frame buffers yet.
func (c *Control) captured(ctx context.Context) (image.Point, error) {
	var size image.Point
	for range staleFrames {
		b, err := c.get(ctx, "/capture", nil, vision.MaxPartBytes)
		if err != nil {
			return image.Point{}, err
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return image.Point{}, fmt.Errorf("%w: capture", vision.ErrPicture)
		}
		size = image.Pt(cfg.Width, cfg.Height)
		if err := acceptable(size); err != nil {
			return image.Point{}, err
		}
	}
	return size, nil
}

func (c *Control) set(ctx context.Context, name string, val int) error {
	q := url.Values{"var": {name}, "val": {strconv.Itoa(val)}}
	if _, err := c.get(ctx, "/control", q, maxStatus); err != nil {
		return fmt.Errorf("camera control %s=%d: %w", name, val, err)
	}
	return nil
}

// get fetches one answer of at most limit bytes, within the time-out.
func (c *Control) get(ctx context.Context, path string, query url.Values, limit int64) ([]byte, error) {
	if c.bad != nil {
		return nil, c.bad
	}
	ctx, cancel := c.limit(ctx)
	defer cancel(nil)
	u := *c.addr.url
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawPath = ""
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, plain(err)
	}
	c.addr.authorise(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("answer of more than %d bytes", limit)
	}
	return b, nil
}

var errTimeout = errors.New("camera does not answer in time")

// limit gives ctx the time-out, by the control's own clock.
func (c *Control) limit(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	dog := newWatchdog(c.o.Clock, c.o.Timeout)
	go dog.watch(ctx, func() { cancel(errTimeout) })
	return ctx, cancel
}

func (c *Control) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errTimeout) {
		return errTimeout
	}
	return plain(err)
}
