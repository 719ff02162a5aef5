package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/app/telemetry"
	"agentid/assets"
	"agentid/ui"
	"agentid/ui/widgets"
	"agentid/vision"
)

// galleryPoll is how often a kiosk looks whether somebody was enrolled or erased,
// by itself or by another process.
const galleryPoll = 2 * time.Second

// program is one running kiosk. Run works on the main goroutine until ctx ends
// or the window is closed; then everything it started has ended.
type program struct {
	c       *cli
	store   *store.Store
	metrics *telemetry.Metrics
	machine *kiosk.Machine
	rec     *kiosk.Recorder
	screen  screen
	camera  atomic.Pointer[camera]
	eye     *eye
	link    *link     // nil: this kiosk works alone
	reports *reporter // nil as well, then
	faq     *faqBook
	desk    *badgeDesk
	due     *due // of what the centre decided
	cards   cardMaker
	reg     registry // with the gallery and the cards

	live    chan struct{} // the camera came back
	changed chan struct{} // somebody was enrolled or erased here
	again   chan struct{} // camera or recognition were configured
	near    lan           // where cameras are looked for
	found   foundCameras
	started time.Time
	stop    atomic.Pointer[context.CancelFunc] // of Run

	cfgMu    sync.Mutex
	cfg      config.Config     // as it is now; what is in cli runs
	centre   map[string]string // what the centre sets of it
	editMu   sync.Mutex        // one change of the configuration at a time
	consents *consentTexts

	engine  atomic.Pointer[engine] // nil while there is none
	inUse   atomic.Pointer[thresholds]
	rates   rates
	glimpse glimpse
	ready   atomic.Bool // the engine is open and the pipeline runs
	health  atomic.Pointer[domain.CameraHealth]
	engErr  atomic.Pointer[error]
	pipe    atomic.Pointer[vision.Pipeline]
	// gallery is what the pipeline recognises by; nil before there is one.
	gallery  atomic.Pointer[vision.Gallery]
	liveness atomic.Pointer[string] // what the proof of life stands on, for /healthz
	waiting  atomic.Pointer[domain.Waiting]
	// assistant answers visitors; nil before there is one.
	assistant atomic.Pointer[assistant]
}

// screen is the kiosk's window.
type screen interface {
	kiosk.Screen
	// Run shows it, on the calling goroutine, until ctx ends or it is closed.
	Run(ctx context.Context)
	Stats() ui.Stats
	Controls(ctx context.Context) ([]widgets.Control, error)
}

// newProgram opens what a kiosk cannot do without: its store, words and window.
func newProgram(ctx context.Context, c *cli) (*program, error) {
	texts, err := assets.LoadTexts()
	if err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	cam, err := openCamera(ctx, c.cameraChoice(), c.clock, c.log)
	if err != nil {
		return nil, err
	}
	st, err := c.openStore(ctx)
	if err != nil {
		return nil, errors.Join(err, cam.Close())
	}
	p := &program{c: c, store: st, metrics: telemetry.NewMetrics(), live: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		again: make(chan struct{}, 1), due: newDue(), started: c.clock.Now(), cfg: c.cfg, near: nearby}
	p.camera.Store(cam)
	p.startConfig(ctx)
	p.eye = newEye(eyeOptions{Templates: st, Clock: c.clock, Camera: p.health.Load, Snapshots: c.cfg.Snapshots.Enabled, Log: c.log})
	p.rec = kiosk.NewRecorder(kiosk.RecorderOptions{
		Events: st, Clock: c.clock, Log: c.log, Snapshots: c.cfg.Snapshots.Enabled,
		OnRecorded: func(e domain.Event) {
			p.metrics.EventRecorded()
			p.link.wake()
			if e.Reason == domain.ReasonRecognised || e.Reason == domain.ReasonUnknown { // their time is the frame's
				p.metrics.FrameToEvent(c.clock.Now().Sub(e.At))
			}
		},
		OnPending: p.pending,
	})
	site := siteOf(c.cfg)
	flows, err := p.flows(ctx, site, texts)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	commands := &lateCommands{}
	p.screen = p.c.window(ui.Options{
		Windowed: c.cfg.UI.Windowed, Width: c.cfg.UI.Width, Height: c.cfg.UI.Height, Dark: c.cfg.UI.Dark,
		Commands: commands, Texts: texts, Clock: c.clock,
	})
	p.machine = kiosk.NewMachine(kiosk.Options{
		Clock: c.clock, Screen: p.screen, Recorder: p.rec, Log: c.log,
		Site: site,
		Lang: domain.Lang(c.cfg.Lang), Demo: c.cfg.Demo, Deny: p.deny, Flows: flows,
	})
	commands.Commands = p.machine
	p.faq = newFAQBook(c, st, p.serveAnswers)
	p.machine.SetAdmin(p.adminPorts())
	p.link = p.openLink()
	p.reports = p.openReports()
	p.openDocuments(ctx)
	return p, nil
}

// lateCommands breaks the circle of a screen and a machine that need each other.
type lateCommands struct{ kiosk.Commands }

// Run is the kiosk's life.
func (p *program) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	p.stop.Store(&cancel)
	p.sayFirstRun(ctx)
	var wg sync.WaitGroup
	stopRec := p.startRecorder(ctx, &wg)
	srv, err := p.serveTelemetry(ctx)
	if err != nil { // another kiosk on this machine, say: no reason not to serve visitors
		p.c.log.Error("no telemetry", slog.String("error", err.Error()))
		srv = &telemetry.Server{}
	}
	if a := srv.Addr(); a != "" {
		p.c.log.Info("telemetry", slog.String("addr", a))
	}
	wg.Go(func() { p.machine.Run(ctx) })
	endSync := p.startSync(ctx, &wg)
	if p.link != nil {
		wg.Go(func() { p.keepTaking(ctx) })
	}
	wg.Go(func() {
		m := p.c.maintenance(p.store)
		m.onErased = p.galleryChanged
		m.run(ctx)
	})
	wg.Go(func() {
		p.openAssistant(ctx)
		p.faq.run(ctx)
	})
	seeing := make(chan struct{})
	go func() {
		defer close(seeing)
		p.watch(ctx)
	}()
	p.screen.Run(ctx)

	cancel()
	<-seeing
	stopRec() // the last decisions are in its queue by now
	endSync()
	wg.Wait()
	return errors.Join(srv.Close(), p.close())
}

// startRecorder runs the recorder beyond ctx, until stop is called.
func (p *program) startRecorder(ctx context.Context, wg *sync.WaitGroup) (stop func()) {
	rctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	wg.Go(func() { p.rec.Run(rctx) })
	return cancel
}

// startSync runs the sync beyond ctx, until end is called: where the audit ends is
// told last.
func (p *program) startSync(ctx context.Context, wg *sync.WaitGroup) (end func()) {
	if p.link == nil {
		return func() {}
	}
	beyond := context.WithoutCancel(ctx)
	lctx, cancel := context.WithCancel(beyond)
	wg.Go(func() { p.link.run(lctx) })
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		p.reports.run(ctx)
	}()
	return func() {
		<-reported
		p.reports.last(beyond)
		cancel()
	}
}

// leave ends the kiosk, as staff asked for.
func (p *program) leave() {
	if stop := p.stop.Load(); stop != nil {
		(*stop)()
	}
}

func (p *program) close() error { return errors.Join(p.camera.Load().Close(), p.store.Close()) }

// Close gives a camera back.
func (c *camera) Close() error {
	if c.close == nil {
		return nil
	}
	return c.close()
}

// openEye lets the visitor's flows see by the pipeline.
func (p *program) openEye(e *engine, g *vision.Gallery, pipe *vision.Pipeline) {
	s := sight{pipe: pipe, decoder: e.decoder, gallery: g, detector: e.detector.Name()}
	if e.encoder != nil {
		s.session, s.limits = p.c.sessionOptions(e), p.c.thresholds(e)
		p.inUse.Store(&s.limits)
		detail, mend := p.c.livenessGrade(e)
		p.liveness.Store(&detail)
		if mend != "" {
			p.c.log.Warn("proof of life", slog.String("grade", detail), slog.String("mend", mend))
		}
	}
	p.eye.open(s)
}

// failed notes what is wrong with the engine, for the log and for /healthz.
func (p *program) failed(what string, err error) {
	p.engErr.Store(&err)
	p.c.log.Error(what, slog.String("error", err.Error()))
}

// deny passes on that a visitor is not who they were taken for.
func (p *program) deny(track uint64, id domain.PersonID) {
	if pipe := p.pipe.Load(); pipe != nil {
		go pipe.Deny(track, id) // the pipeline may be waiting for the machine
	}
}

// blind is a detector that finds nobody: the picture is shown all the same.
type blind struct{}

func (blind) Name() string                              { return "none" }
func (blind) Detect(*image.RGBA) ([]vision.Face, error) { return nil, nil }
func (blind) Close() error                              { return nil }

// loadRetries is how often people are read at start before the kiosk goes on
// without recognition; a busy database is worth a few tries.
const loadRetries = 5

// loadPeople loads the gallery, nil where there is no encoder or no luck.
func (p *program) loadPeople(ctx context.Context, e *engine) *vision.Gallery {
	for try := 1; e.encoder != nil; try++ {
		g, err := p.people(ctx, e, true)
		if err == nil {
			return g
		}
		if ctx.Err() != nil {
			return nil
		}
		if try == loadRetries {
			p.failed("people not loaded", err)
			return nil
		}
		p.c.log.Warn("people not loaded yet", slog.String("error", err.Error()))
		t := p.c.clock.NewTimer(time.Duration(try) * time.Second)
		select {
		case <-t.C():
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
	return nil
}

// people loads who is enrolled into a gallery and tells the machine their names.
func (p *program) people(ctx context.Context, e *engine, first bool) (*vision.Gallery, error) {
	if p.c.cfg.Demo && first {
		if err := enrolDemo(ctx, e, p.store, p.c.clock); err != nil {
			return nil, err
		}
	}
	g, err := e.loadGallery(ctx, p.store, p.c.log)
	if err != nil {
		return nil, err
	}
	list, err := p.store.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("load people: %w", err)
	}
	for _, person := range list {
		if !first {
			break // who came by since then, the recorder knows
		}
		at, ok, err := p.store.LastRecognition(ctx, person.ID)
		if err != nil {
			return nil, fmt.Errorf("load visits: %w", err)
		}
		if ok {
			p.rec.Known(person.ID, at)
		}
	}
	p.machine.SetPeople(list)
	n, t := g.Len()
	p.c.log.Info("gallery", slog.Int("people", n), slog.Int("templates", t), slog.String("encoder", e.encoder.Ref().String()))
	return g, nil
}

// watchGallery takes in who was enrolled or erased since the mark last: here at
// once, by another process soon. It gives the mark up to which all is taken in.
func (p *program) watchGallery(ctx context.Context, e *engine, g *vision.Gallery, pipe *vision.Pipeline, last string) (mark string) {
	for {
		t := p.c.clock.NewTimer(galleryPoll)
		select {
		case <-ctx.Done():
			t.Stop()
			return last
		case <-t.C():
		case <-p.changed:
			t.Stop()
		}
		now, err := p.store.Setting(ctx, store.SettingGallery)
		if err == nil && now == last {
			continue
		}
		var fresh *vision.Gallery
		if err == nil {
			fresh, err = p.people(ctx, e, false)
		}
		if err != nil {
			if ctx.Err() == nil {
				p.c.log.Error("gallery not read anew", slog.String("error", err.Error()))
			}
			continue
		}
		last = now
		for _, gone := range g.Replace(fresh) {
			pipe.Forget(gone)
		}
	}
}

// Picture implements vision.Sink.
func (p *program) Picture(pic domain.Picture) {
	p.glimpse.give(pic)
	p.machine.Picture(pic)
}

// Scene implements vision.Sink.
func (p *program) Scene(s domain.Scene) {
	p.metrics.Scene(s)
	p.machine.Scene(s)
}

// Decision implements vision.Sink.
func (p *program) Decision(d domain.Decision) {
	p.metrics.Decision(d)
	p.machine.Decision(d)
}

// Camera implements vision.Sink.
func (p *program) Camera(h domain.CameraHealth) {
	if p.camera.Load().none { // nothing connects, and nothing is amiss
		h = domain.CameraHealth{State: domain.CameraNone}
	}
	was := p.health.Swap(&h)
	p.rates.add(h.FPS, p.c.clock.Now())
	if h.State == domain.CameraLive && (was == nil || was.State != domain.CameraLive) {
		select {
		case p.live <- struct{}{}:
		default:
		}
	}
	p.metrics.Camera(h)
	p.machine.Camera(h)
	s := p.screen.Stats()
	p.metrics.Pictures(s.PicturesShown, s.PicturesDropped)
}
