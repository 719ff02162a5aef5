package opencv

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"
	"sync"

	"gocv.io/x/gocv"

	"agentid/app/domain"
	"agentid/vision"
)

// Version is OpenCV's.
func Version() string { return gocv.OpenCVVersion() }

// ErrEnded says that a capture has no more pictures: the stream broke off, the
// webcam was pulled out, the file is over.
var ErrEnded = errors.New("capture ended")

// Capture is a webcam, an RTSP or HTTP stream, or a video file, as a source of
// Raw frames.
type Capture struct {
	from  string
	clock domain.Clock
}

var _ vision.Source = (*Capture)(nil)

// NewCapture takes a device number ("0"), a device file, a URL or the path of a
// video. Nothing is opened before Run.
func NewCapture(from string) (*Capture, error) { return newCapture(from, domain.SystemClock{}) }

func newCapture(from string, clock domain.Clock) (*Capture, error) {
	from = strings.TrimSpace(from)
	if n, err := strconv.Atoi(from); from == "" || err == nil && (n < 0 || n > 255) {
		return nil, fmt.Errorf("capture: no such device %q", from)
	}
	return &Capture{from: from, clock: clock}, nil
}

// opening is held by whoever has OpenCV open or close a capture: two at once, of
// which one was given up and still waits for its network, end the program.
var opening = make(chan struct{}, 1)

// Run implements vision.Source. OpenCV blocks while it connects and while it
// waits for a picture, for up to 30 s where the network is silent, and cannot
// be interrupted: when ctx ends Run returns at once, and what is left of the
// capture closes itself when OpenCV gives it back. The sink is not called after
// Run has returned. Frames of a file come as fast as they are taken.
// A capture waits until the one before has been opened or has failed to.
func (c *Capture) Run(ctx context.Context, sink func(vision.Frame)) error {
	gate := &gatedSink{sink: sink}
	done := make(chan error, 1)
	go func() { done <- c.read(ctx, gate) }()
	select {
	case err := <-done:
		if ctx.Err() != nil {
			return nil
		}
		return err
	case <-ctx.Done():
		gate.shut()
		return nil
	}
}

// read delivers until the capture ends or the gate is shut.
func (c *Capture) read(ctx context.Context, gate *gatedSink) error {
	hush()
	select {
	case opening <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	vc, err := gocv.OpenVideoCapture(c.from)
	<-opening
	if err != nil {
		return errors.New("capture: cannot be opened") // gocv's error holds the URL, which may hold a password
	}
	defer func() {
		opening <- struct{}{}
		defer func() { <-opening }()
		vc.Close()
	}()
	bgr := gocv.NewMat()
	defer bgr.Close()
	for seq := uint64(1); ; seq++ {
		if gate.isShut() {
			return nil
		}
		if !vc.Read(&bgr) || bgr.Empty() {
			return fmt.Errorf("capture: %w", ErrEnded)
		}
		img, err := rgba(&bgr)
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		gate.put(vision.Frame{Seq: seq, At: c.clock.Now(), Raw: img})
	}
}

// rgba copies a picture of OpenCV's into one of Go's. A new one each time, as
// the frame is handed on for good.
func rgba(bgr *gocv.Mat) (*image.RGBA, error) {
	w, h, ch := bgr.Cols(), bgr.Rows(), bgr.Channels()
	if w < 1 || h < 1 || w > vision.MaxSide || h > vision.MaxSide || w*h > vision.MaxPixels {
		return nil, fmt.Errorf("%w: %dx%d", vision.ErrPicture, w, h)
	}
	px, err := bgr.DataPtrUint8()
	if err != nil || bgr.ElemSize() != ch || len(px) < w*h*ch {
		return nil, fmt.Errorf("%w: not 8 bits a sample", vision.ErrPicture)
	}
	step := map[int][3]int{1: {0, 0, 0}, 3: {2, 1, 0}, 4: {2, 1, 0}}
	at, ok := step[ch]
	if !ok {
		return nil, fmt.Errorf("%w: %d channels", vision.ErrPicture, ch)
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, o := 0, 0; o < len(img.Pix); i, o = i+ch, o+4 {
		s, d := px[i:i+ch:i+ch], img.Pix[o:o+4:o+4]
		d[0], d[1], d[2], d[3] = s[at[0]], s[at[1]], s[at[2]], 255
	}
	return img, nil
}

// gatedSink is a sink that can be shut from another goroutine.
type gatedSink struct {
	mu   sync.Mutex
	sink func(vision.Frame) // nil when shut
}

func (g *gatedSink) put(f vision.Frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sink != nil {
		g.sink(f)
	}
}

func (g *gatedSink) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sink = nil
}

func (g *gatedSink) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sink == nil
}
