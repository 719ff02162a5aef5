package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/vision"
)

// Times of what somebody does before the camera.
const (
	captureLimit = 60 * time.Second
	verifyLimit  = 25 * time.Second
	// lostPatience is how long pictures may be missing before it is said that
	// there is no camera: it reconnects within seconds, or not soon.
	lostPatience = 5 * time.Second
	watchEvery   = 500 * time.Millisecond
)

// errTimeUp ends what took too long.
var errTimeUp = errors.New("time is up")

// eyeTemplates is what the eye reads of a person.
type eyeTemplates interface {
	PersonTemplates(context.Context, domain.PersonID, domain.EncoderRef) ([]domain.Template, error)
}

// eyeOptions wire an eye. Templates, Clock and Camera are required.
type eyeOptions struct {
	Templates eyeTemplates
	Clock     domain.Clock
	// Camera is how the camera is now; nil while that is not known.
	Camera func() *domain.CameraHealth
	// Snapshots keeps the frame of a verification, of whom it is for the caller
	// to say.
	Snapshots bool
	Log       *slog.Logger
}

// watched is the pipeline, as far as the eye needs it.
type watched interface {
	Watch(vision.Watcher, ...vision.WatchOption) (stop func())
}

// sight is what the eye sees with: the pipeline that runs, and its engine.
type sight struct {
	pipe     watched
	decoder  vision.Decoder
	gallery  *vision.Gallery
	session  vision.SessionOptions // its Encoder is nil where there is none
	limits   thresholds
	detector string
}

// eye implements kiosk.Eye over the pipeline that runs at the moment, if one does.
type eye struct {
	o eyeOptions

	mu    sync.Mutex
	sight *sight          // nil: nothing to see with
	life  context.Context // of the sight
	end   context.CancelCauseFunc
	users sync.WaitGroup

	told toldCodes
}

var _ kiosk.Eye = (*eye)(nil)

func newEye(o eyeOptions) *eye {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &eye{o: o}
}

// open lets the eye see.
func (e *eye) open(s sight) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sight = &s
	e.life, e.end = context.WithCancelCause(context.Background())
}

// close ends what is under way, and returns once nobody uses the engine any
// more: it may be freed.
func (e *eye) close() {
	e.mu.Lock()
	if e.sight != nil {
		e.sight = nil
		e.end(kiosk.ErrNoEye)
	}
	e.mu.Unlock()
	e.users.Wait()
}

// look is one use of the eye.
type look struct {
	sight
	ctx  context.Context
	done func()
}

// begin looks for at most limit, and ends with kiosk.ErrNoEye as its cause when
// the camera is gone. Without a limit it waits for the camera as well.
func (e *eye) begin(ctx context.Context, limit time.Duration) (look, error) {
	if err := ctx.Err(); err != nil {
		return look{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sight == nil {
		return look{}, kiosk.ErrNoEye
	}
	if h := e.o.Camera(); limit > 0 && h != nil && h.State.Dark() {
		return look{}, fmt.Errorf("%w: the camera is %s", kiosk.ErrNoEye, h.State)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	e.users.Add(1)
	forget := context.AfterFunc(e.life, func() { cancel(kiosk.ErrNoEye) })
	guarded := make(chan struct{})
	go func() {
		defer close(guarded)
		if limit > 0 {
			e.guard(ctx, cancel, limit)
		}
	}()
	return look{sight: *e.sight, ctx: ctx, done: func() {
		forget()
		cancel(nil)
		<-guarded
		e.users.Done()
	}}, nil
}

// guard ends a look whose time is up, or that has nothing to look at.
func (e *eye) guard(ctx context.Context, cancel context.CancelCauseFunc, limit time.Duration) {
	start := e.o.Clock.Now()
	good := start
	for {
		t := e.o.Clock.NewTimer(watchEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C():
		}
		now := e.o.Clock.Now()
		if h := e.o.Camera(); limit > 0 && h != nil && h.State == domain.CameraLive && h.Age <= kiosk.CameraStale {
			good = now
		}
		switch {
		case now.Sub(good) >= lostPatience:
			cancel(fmt.Errorf("%w: no picture comes", kiosk.ErrNoEye))
		case now.Sub(start) >= limit:
			cancel(errTimeUp)
		}
	}
}

// ended is how a look ended that its session calls cancelled: by the visitor,
// by its time, or for want of an eye, which is an error.
func (l look) ended(r domain.Reason) (domain.Reason, error) {
	if r != domain.ReasonCancelled {
		return r, nil
	}
	switch cause := context.Cause(l.ctx); {
	case errors.Is(cause, kiosk.ErrNoEye):
		return "", cause
	case errors.Is(cause, errTimeUp), errors.Is(cause, context.DeadlineExceeded):
		return domain.ReasonTimedOut, nil
	}
	return r, nil
}

// Capture implements kiosk.Eye.
func (e *eye) Capture(ctx context.Context, progress func(kiosk.FaceProgress)) (kiosk.Captured, error) {
	l, err := e.begin(ctx, captureLimit)
	if err != nil {
		return kiosk.Captured{}, err
	}
	defer l.done()
	if l.session.Encoder == nil {
		return kiosk.Captured{}, kiosk.ErrNoEye
	}
	o := vision.CaptureOptions{
		SessionOptions: l.session, Gallery: l.gallery, MaxSpread: l.limits.Spread, DuplicateAt: l.limits.Duplicate,
	}
	o.OnProgress = faceProgress(progress)
	s, err := vision.NewCaptureSession(o)
	if err != nil {
		return kiosk.Captured{}, err
	}
	stop := l.pipe.Watch(s, vision.PauseRecognition())
	r, err := s.Run(l.ctx)
	stop()
	if err != nil {
		return kiosk.Captured{}, err
	}
	c := kiosk.Captured{Duplicate: r.Duplicate, Evidence: l.evidence(r.Liveness)}
	if c.Reason, err = l.ended(r.Reason); err != nil {
		return kiosk.Captured{}, err
	}
	c.Evidence.Distance, c.Evidence.Threshold = round(r.Spread), l.limits.Spread
	if r.Duplicate != "" { // what staff is asked about
		c.Evidence.Distance, c.Evidence.Threshold = round(r.DuplicateDistance), l.limits.Duplicate
	}
	c.Evidence.Frames, c.Evidence.Votes = len(r.Frames), len(r.Frames)
	for _, f := range r.Frames {
		c.Evidence.Quality = max(c.Evidence.Quality, round(f.Quality))
		c.Templates = append(c.Templates, domain.Template{
			Encoder: l.session.Encoder.Ref(), Vector: f.Vector, Quality: round(f.Quality),
		})
	}
	return c, nil
}

// Verify implements kiosk.Eye.
func (e *eye) Verify(ctx context.Context, person domain.PersonID, progress func(kiosk.FaceProgress)) (kiosk.Verified, error) {
	l, err := e.begin(ctx, verifyLimit)
	if err != nil {
		return kiosk.Verified{}, err
	}
	defer l.done()
	if l.session.Encoder == nil {
		return kiosk.Verified{}, kiosk.ErrNoEye
	}
	o := vision.VerifyOptions{SessionOptions: l.session, Threshold: l.limits.Verify}
	ts, err := e.o.Templates.PersonTemplates(l.ctx, person, l.session.Encoder.Ref())
	if err != nil {
		return kiosk.Verified{}, fmt.Errorf("verify: %w", err)
	}
	if len(ts) == 0 {
		return kiosk.Verified{}, fmt.Errorf("%w: no template of %s", domain.ErrNotFound, l.session.Encoder.Ref())
	}
	for _, t := range ts {
		o.Templates = append(o.Templates, t.Vector)
	}
	o.OnProgress = faceProgress(progress)
	s, err := vision.NewVerifySession(o)
	if err != nil {
		return kiosk.Verified{}, err
	}
	stop := l.pipe.Watch(s, vision.PauseRecognition())
	r, err := s.Run(l.ctx)
	stop()
	if err != nil {
		return kiosk.Verified{}, err
	}
	v := kiosk.Verified{Evidence: l.evidence(r.Liveness)}
	if v.Reason, err = l.ended(r.Reason); err != nil {
		return kiosk.Verified{}, err
	}
	v.Evidence.Distance, v.Evidence.Threshold = round(r.Distance), r.Threshold
	v.Evidence.Votes, v.Evidence.Frames, v.Evidence.Quality = r.Votes, r.Frames, round(r.Quality)
	if e.o.Snapshots && r.Verified {
		// The result matters more than its picture; one in which others could be
		// known is none.
		if v.Snapshot, err = r.Snapshot(l.decoder); err != nil {
			e.o.Log.Warn("picture not kept", slog.String("error", err.Error()))
		}
	}
	return v, nil
}

func (l look) evidence(r vision.LivenessResult) kiosk.Evidence {
	enc := l.session.Encoder
	return kiosk.Evidence{
		Metric: string(enc.Metric()), Encoder: enc.Ref(), Detector: l.detector,
		Liveness: round(r.Score), LivenessReason: string(r.Reason),
	}
}

func faceProgress(tell func(kiosk.FaceProgress)) func(vision.Progress) {
	if tell == nil {
		return nil
	}
	return func(p vision.Progress) {
		tell(kiosk.FaceProgress{Guide: p.Guide, Done: p.Done, Again: p.Resets})
	}
}

// round keeps of a figure what it is good for.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }
