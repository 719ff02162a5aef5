package vision

import (
	"context"
	"errors"
	"image"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// wire is a pipeline of fakes around the real analyser, in which a test gives
// frames and hears what comes out.
type wire struct {
	frames chan Frame // what the camera sends; closing it is a failure
	clock  *domaintest.Clock

	mu        sync.Mutex
	decisions chan domain.Decision
	scenes    chan domain.Scene
	cameras   chan domain.CameraState
	state     domain.CameraState
}

func (w *wire) Run(ctx context.Context, sink func(Frame)) error {
	for {
		select {
		case f, ok := <-w.frames:
			if !ok {
				return errors.New("camera unplugged")
			}
			sink(f)
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *wire) Picture(p domain.Picture)   {}
func (w *wire) Scene(s domain.Scene)       { w.scenes <- s }
func (w *wire) Decision(d domain.Decision) { w.decisions <- d }
func (w *wire) Camera(h domain.CameraHealth) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.State != w.state {
		w.state = h.State
		w.cameras <- h.State
	}
}

func newWire() *wire {
	return &wire{
		frames: make(chan Frame), clock: domaintest.NewClock(time.Unix(1000, 0)),
		decisions: make(chan domain.Decision, 10), scenes: make(chan domain.Scene, 1000), cameras: make(chan domain.CameraState, 10),
	}
}

type oneFace struct{}

func (oneFace) Name() string                       { return "fake" }
func (oneFace) Detect(*image.RGBA) ([]Face, error) { return []Face{{Box: middle, Score: 1}}, nil }
func (oneFace) Close() error                       { return nil }

type oneVector struct{ fakeEncoder }

func (oneVector) Encode(*image.RGBA, []byte, Face) (Encoding, error) {
	return Encoding{Vector: []float32{1, 0, 0, 0}}, nil
}

func TestPipelineFromFrameToDecision(t *testing.T) {
	w := newWire()
	g := NewGallery(testRef, Euclidean, testDim)
	if err := g.Add("lucia", []float32{1, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	p, err := NewPipeline(PipelineOptions{
		Source: w, Decoder: GoDecoder{}, Detector: oneFace{}, Encoder: oneVector{}, Gallery: g,
		Analyser: DefaultAnalyserOptions(fakeEncoder{}), Clock: w.clock, Sink: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()

	img := noise(640, 480, 128, 60)
	send := func() {
		w.clock.Advance(100 * time.Millisecond)
		w.frames <- Frame{At: w.clock.Now(), Raw: img}
	}
	var d domain.Decision
	for got := false; !got; {
		send()
		select {
		case d = <-w.decisions:
			got = true
		case <-w.scenes: // one frame at a time: each is analysed
		}
	}
	if d.Person != "lucia" || d.Reason != domain.ReasonRecognised || d.Latency < 0 {
		t.Fatalf("decision %+v", d)
	}
	if s := <-w.cameras; s != domain.CameraConnecting {
		t.Fatalf("camera %s first", s)
	}
	if s := <-w.cameras; s != domain.CameraLive {
		t.Fatalf("camera %s, want live", s)
	}
	close(w.frames) // unplugged: lost, and nobody is in the scene any more
	if s := <-w.cameras; s != domain.CameraLost {
		t.Fatalf("camera %s, want lost", s)
	}
	for {
		if sc := <-w.scenes; len(sc.Faces) == 0 {
			break
		}
	}
	cancel()
	<-done
}

func TestPipelineRefusesHalfAWiring(t *testing.T) {
	if _, err := NewPipeline(PipelineOptions{}); err == nil {
		t.Fatal("accepted no source")
	}
	w := &wire{}
	if _, err := NewPipeline(PipelineOptions{Source: w, Decoder: GoDecoder{}, Detector: oneFace{}, Clock: domain.SystemClock{}, Sink: w, Encoder: oneVector{}}); err == nil {
		t.Fatal("accepted an encoder without a gallery")
	}
}

func TestPicturePoolReusesAndSurvivesAChangeOfSize(t *testing.T) {
	var pool PicturePool
	d := sizes{}
	a, err := pool.Decode(&d, Frame{JPEG: []byte{8}})
	if err != nil {
		t.Fatal(err)
	}
	first := &a.RGBA().Pix[0]
	a.Retain()
	a.Release()
	b, _ := pool.Decode(&d, Frame{JPEG: []byte{8}})
	if &b.RGBA().Pix[0] == first {
		t.Fatal("reused a picture that somebody keeps")
	}
	a.Release()
	c, _ := pool.Decode(&d, Frame{JPEG: []byte{8}})
	if &c.RGBA().Pix[0] != first {
		t.Fatal("did not reuse a released picture")
	}
	c.Release()
	e, _ := pool.Decode(&d, Frame{JPEG: []byte{16}})
	if e.RGBA().Rect.Dx() != 16 {
		t.Fatal("wrong size after a change")
	}
	if _, err := pool.Decode(&d, Frame{JPEG: nil}); !errors.Is(err, ErrPicture) {
		t.Fatalf("error %v", err)
	}
}

// sizes decodes a byte n to an n by n picture, reusing dst like a Decoder must.
type sizes struct{}

func (*sizes) Decode(b []byte, dst *image.RGBA) (*image.RGBA, error) {
	if len(b) == 0 {
		return nil, ErrPicture
	}
	if r := image.Rect(0, 0, int(b[0]), int(b[0])); dst == nil || dst.Rect != r {
		return image.NewRGBA(r), nil
	}
	return dst, nil
}

// TestCameraThatSendsNothingUsableAges: live, and yet no picture.
func TestCameraThatSendsNothingUsableAges(t *testing.T) {
	clock := domaintest.NewClock(time.Unix(1000, 0))
	c := cameraWatch{clock: clock}
	c.entered(domain.CameraHealth{State: domain.CameraLive})
	c.bad(ErrPicture)
	clock.Advance(10 * time.Second)
	if h := c.health(); h.Age != 10*time.Second || h.BadFrames != 1 || h.LastError == "" {
		t.Fatalf("health %+v", h)
	}
}

// broken is a detector that works twice and then fails.
type broken struct {
	oneFace
	n int
}

func (b *broken) Detect(img *image.RGBA) ([]Face, error) {
	if b.n++; b.n > 2 {
		return nil, errors.New("no")
	}
	return b.oneFace.Detect(img)
}

func TestADetectorThatFailsLeavesNobodyOnTheScreen(t *testing.T) {
	w := newWire()
	p, err := NewPipeline(PipelineOptions{
		Source: w, Decoder: GoDecoder{}, Detector: &broken{}, Clock: w.clock, Sink: w,
		Analyser: AnalyserOptions{Gate: DefaultGate()},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	img := noise(640, 480, 128, 60)
	seen := false
	for {
		w.clock.Advance(200 * time.Millisecond)
		w.frames <- Frame{At: w.clock.Now(), Raw: img}
		select {
		case sc := <-w.scenes:
			if len(sc.Faces) > 0 {
				seen = true
				continue
			}
			if !seen {
				continue
			}
		default:
			continue
		}
		break
	}
	cancel()
	<-done
}
