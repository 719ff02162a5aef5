package vision

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"slices"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/vision/redact"
)

// Sink hears what the pipeline sees and decides. Its methods are called from
// the pipeline's goroutines, one call of a kind at a time, and must not block.
type Sink interface {
	// Picture shows a decoded frame; the sink calls Retain to keep it.
	Picture(domain.Picture)
	Scene(domain.Scene)
	Decision(domain.Decision)
	// Camera comes with each change of state, and every second.
	Camera(domain.CameraHealth)
}

// Meter hears how long things took. Any method may be called from any goroutine.
type Meter interface {
	Decoded(time.Duration)
	Detected(d time.Duration, faces int)
	Encoded(d time.Duration, err error)
	// Dropped tells the frames replaced unseen before a stage, since start.
	Dropped(stage string, total uint64)
}

// PipelineOptions wire a Pipeline. Everything is required but Encoder (without
// which faces are found but not recognised), Meter and Log.
type PipelineOptions struct {
	Source   Source
	Decoder  Decoder
	Detector Detector
	Encoder  Encoder
	Gallery  *Gallery
	Analyser AnalyserOptions
	Clock    domain.Clock
	Sink     Sink
	Meter    Meter
	Log      *slog.Logger
	Backoff  SuperviseOptions // Clock, Log and OnState are the pipeline's own
	Pace     Pace
	// MayKeep tells whether a picture of a person may be kept. Decisions that
	// recognise those of whom it says yes carry the frame, with everybody else's
	// face made unrecognisable; nil: none does, and nothing is encoded. It is
	// called from the encoding goroutine and may take milliseconds.
	MayKeep func(domain.PersonID) bool
}

// Pipeline runs camera, decoding, analysis and encoding side by side. Between
// any two of them is a queue of one in which the newest wins.
type Pipeline struct {
	o      PipelineOptions
	frames *Latest[Frame]
	pics   *Latest[*Picture]
	pool   PicturePool
	jobs   chan struct{} // a job may be there

	mu   sync.Mutex // guards an, pace and watches, and orders what the sink hears of scenes and decisions
	an   *Analyser
	pace Pace
	// watches is replaced, never changed: who took it may go on reading it.
	watches []*watch

	camera  cameraWatch
	telling sync.Mutex // one Sink.Camera at a time
}

// NewPipeline checks the options.
func NewPipeline(o PipelineOptions) (*Pipeline, error) {
	switch {
	case o.Source == nil, o.Decoder == nil, o.Detector == nil, o.Sink == nil, o.Clock == nil:
		return nil, errors.New("pipeline: source, decoder, detector, sink and clock are required")
	case o.Encoder != nil && o.Gallery == nil:
		return nil, errors.New("pipeline: an encoder needs a gallery")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	p := &Pipeline{o: o, pace: o.Pace, frames: NewLatest[Frame](), pics: NewLatest[*Picture](), jobs: make(chan struct{}, 1)}
	enc, g := o.Encoder, o.Gallery
	if enc == nil {
		enc, g = noEncoder{}, NewGallery(domain.EncoderRef{}, Euclidean, 1)
	}
	p.an = NewAnalyser(o.Analyser, g, enc, o.Detector.Name())
	p.camera = cameraWatch{clock: o.Clock, source: o.Source}
	return p, nil
}

// Run works until ctx ends; then everything it started has ended.
func (p *Pipeline) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() {
		so := p.o.Backoff
		so.Clock, so.Log, so.OnState = p.o.Clock, p.o.Log, p.onCamera
		Supervise(ctx, p.o.Source, so, func(f Frame) { p.frames.Put(f) })
	})
	wg.Go(func() { p.decode(ctx) })
	wg.Go(func() { p.analyse(ctx) })
	wg.Go(func() { p.report(ctx) })
	if p.o.Encoder != nil {
		wg.Go(func() { p.encode(ctx) })
	}
	wg.Wait()
	if pic, ok := p.pics.TryTake(); ok {
		pic.Release()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.an.Flush() { // gives back the pictures it keeps, too
		p.o.Sink.Decision(d)
	}
}

// Forget drops a person who was erased from the tracks of the moment; the
// caller removes them from the gallery first.
func (p *Pipeline) Forget(id domain.PersonID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.an.Forget(id)
}

// Deny takes it that the face of a track is not that person: see Analyser.Deny.
func (p *Pipeline) Deny(track uint64, id domain.PersonID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.an.Deny(track, id)
}

func (p *Pipeline) onCamera(h domain.CameraHealth) {
	p.camera.entered(h)
	if h.State == domain.CameraLost {
		p.mu.Lock()
		sc, ds := p.an.Interrupt()
		p.tell(sc, ds)
		p.mu.Unlock()
	}
	p.tellCamera()
}

func (p *Pipeline) tellCamera() {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.o.Sink.Camera(p.health())
}

func (p *Pipeline) health() domain.CameraHealth {
	h := p.camera.health()
	h.Dropped = p.frames.Drops()
	return h
}

// report tells the camera's health every second, so that its age and rate are
// seen to change while no frame comes.
func (p *Pipeline) report(ctx context.Context) {
	for {
		t := p.o.Clock.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C():
		}
		p.tellCamera()
		p.o.Meter.Dropped("decode", p.frames.Drops())
		p.o.Meter.Dropped("detect", p.pics.Drops())
	}
}

func (p *Pipeline) decode(ctx context.Context) {
	for {
		f, err := p.frames.Take(ctx)
		if err != nil {
			return
		}
		start := p.o.Clock.Now()
		pic, err := p.pool.Decode(p.o.Decoder, f)
		if err != nil {
			p.camera.bad(err)
			p.o.Log.LogAttrs(ctx, slog.LevelDebug, "frame not decoded", slog.String("error", err.Error()))
			continue
		}
		p.o.Meter.Decoded(p.o.Clock.Now().Sub(start))
		p.camera.good(pic)
		p.o.Sink.Picture(pic)
		if p.due(pic.At()) {
			if old, ok := p.pics.Put(pic); ok {
				old.Release()
			}
		} else {
			pic.Release()
		}
	}
}

func (p *Pipeline) due(at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.Due(at)
}

// detectorFails is after how many failures in a row what was seen is stale.
const detectorFails = 3

func (p *Pipeline) analyse(ctx context.Context) {
	failed := 0
	for {
		pic, err := p.pics.Take(ctx)
		if err != nil {
			return
		}
		start := p.o.Clock.Now()
		faces, err := p.o.Detector.Detect(pic.RGBA())
		if err != nil {
			pic.Release()
			if failed++; failed == detectorFails { // once for a run of failures
				p.o.Log.LogAttrs(ctx, slog.LevelError, "detection fails", slog.String("error", err.Error()))
				p.mu.Lock()
				p.tell(p.an.Interrupt())
				p.mu.Unlock()
			}
			continue
		}
		failed = 0
		p.o.Meter.Detected(p.o.Clock.Now().Sub(start), len(faces))
		p.mu.Lock()
		sc, ds := p.an.Observe(pic, faces)
		ws := p.watches
		p.pace.Saw(pic.At(), len(faces), p.an.Settled() && len(ws) == 0)
		p.tell(sc, ds)
		var seen Sighting
		if len(ws) > 0 {
			seen = Sighting{Picture: pic, Faces: p.an.Seen(), Boxes: p.an.Boxes()}
		}
		p.mu.Unlock()
		show(ws, seen)
		pic.Release()
		select {
		case p.jobs <- struct{}{}:
		default:
		}
	}
}

func (p *Pipeline) encode(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.jobs:
		}
		for ctx.Err() == nil {
			p.mu.Lock()
			j, ok := p.an.Next()
			p.mu.Unlock()
			if !ok {
				break
			}
			start := p.o.Clock.Now()
			enc, err := p.o.Encoder.Encode(j.Picture.RGBA(), j.Picture.JPEG, j.Face)
			failure := err
			if errors.Is(err, ErrNoFace) { // an answer, not a failure
				failure = nil
			}
			p.o.Meter.Encoded(p.o.Clock.Now().Sub(start), failure)
			if failure != nil {
				p.o.Log.LogAttrs(ctx, slog.LevelWarn, "encoding failed", slog.String("error", err.Error()))
			}
			lerr := p.learn(j, enc, err)
			j.Picture.Release()
			if lerr != nil {
				p.o.Log.LogAttrs(ctx, slog.LevelError, "template not comparable", slog.String("error", lerr.Error()))
			}
		}
	}
}

// learn takes what the encoder made of a job, and tells what follows from it.
func (p *Pipeline) learn(j Job, enc Encoding, encErr error) error {
	p.mu.Lock()
	sc, ds, err := p.an.Learn(j, enc, encErr)
	if p.o.MayKeep == nil || !slices.ContainsFunc(ds, pictured) {
		p.tell(sc, ds)
		p.mu.Unlock()
		return err
	}
	// The screen does not wait for the picture, nor does the analysis: only the
	// record of the decision does.
	p.stamp(ds)
	p.o.Sink.Scene(sc)
	p.mu.Unlock()
	for i := range ds {
		p.picture(j, &ds[i])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range ds {
		p.o.Sink.Decision(d)
	}
	return err
}

// pictured tells whether a decision is one that a picture may be kept of:
// somebody known, at the beginning of their visit.
func pictured(d domain.Decision) bool {
	return d.Reason == domain.ReasonRecognised && d.Person != "" && !d.Repeat
}

// picture gives a decision its redacted frame, where that may be kept.
func (p *Pipeline) picture(j Job, d *domain.Decision) {
	if !pictured(*d) || !p.o.MayKeep(d.Person) {
		return
	}
	jpeg, err := redact.JPEG(j.Picture.RGBA(), j.Face.Box, j.Boxes)
	if err != nil { // the decision matters more than its picture
		p.o.Log.LogAttrs(context.Background(), slog.LevelWarn, "snapshot not kept", slog.String("error", err.Error()))
		return
	}
	d.JPEG = jpeg
}

// stamp tells how long decisions took.
func (p *Pipeline) stamp(ds []domain.Decision) {
	for i := range ds {
		ds[i].Latency = p.o.Clock.Now().Sub(ds[i].At)
	}
}

// tell passes on under p.mu, so that no scene overtakes a later one.
func (p *Pipeline) tell(sc domain.Scene, ds []domain.Decision) {
	p.stamp(ds)
	for _, d := range ds {
		p.o.Sink.Decision(d)
	}
	p.o.Sink.Scene(sc)
}

type noMeter struct{}

func (noMeter) Decoded(time.Duration)        {}
func (noMeter) Detected(time.Duration, int)  {}
func (noMeter) Encoded(time.Duration, error) {}
func (noMeter) Dropped(string, uint64)       {}

// noEncoder stands where there is none; it is never asked to encode.
type noEncoder struct{}

func (noEncoder) Ref() domain.EncoderRef { return domain.EncoderRef{} }
func (noEncoder) Metric() Metric         { return Euclidean }
func (noEncoder) Threshold() float64     { return 0 }
func (noEncoder) Close() error           { return nil }

func (noEncoder) Encode(*image.RGBA, []byte, Face) (Encoding, error) {
	return Encoding{}, fmt.Errorf("%w: no encoder", ErrNoFace)
}
