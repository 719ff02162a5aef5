package main

import (
	"context"
	"log/slog"
	"sync"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/vision"
	"agentid/vision/opencv"
)

// watch sees until ctx ends, and begins anew with what was configured meanwhile.
func (p *program) watch(ctx context.Context) {
	for ctx.Err() == nil {
		p.see(ctx)
	}
}

// see opens the engine, which takes seconds, and runs the pipeline until the
// engine is to be another one. A kiosk whose engine fails still shows the camera
// and serves by other ways.
func (p *program) see(ctx context.Context) {
	// Read before the gallery is: who is enrolled meanwhile is taken in later.
	changed, _ := p.store.Setting(ctx, store.SettingGallery)
	p.engErr.Store(nil)
	e, err := openEngine(ctx, p.c.engineChoice(), p.c.log)
	if err != nil {
		p.failed("recognition engine not complete", err)
	}
	if e == nil {
		e = &engine{decoder: opencv.Decoder{}, detector: blind{}}
	}
	defer func() {
		if err := e.Close(); err != nil {
			p.c.log.Error("engine not closed", slog.String("error", err.Error()))
		}
	}()
	g := p.loadPeople(ctx, e)
	if g == nil {
		e.encoder = nil
	}
	p.gallery.Store(g)
	p.engine.Store(e)
	defer func() {
		p.gallery.Store(nil)
		p.engine.Store(nil)
		p.ready.Store(false)
	}()
	for ctx.Err() == nil {
		var anew bool
		if changed, anew = p.look(ctx, e, g, changed); anew {
			return
		}
	}
}

// look runs the pipeline with the camera of the moment, until ctx ends or
// another camera or engine is wanted: anew tells that it is the engine. changed
// is the gallery's mark, before and after.
func (p *program) look(ctx context.Context, e *engine, g *vision.Gallery, changed string) (mark string, anew bool) {
	cam := p.camera.Load()
	run, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { changed = p.runPipeline(run, cam, e, g, changed) })
	wg.Go(func() { cam.keepSetUp(run, p.live, p.c.log) })
	turn := turnNothing
	for ctx.Err() == nil && turn == turnNothing {
		select {
		case <-ctx.Done():
		case <-p.again:
			turn = p.turn()
		}
	}
	stop()
	wg.Wait()
	switch {
	case ctx.Err() != nil:
	case turn == turnCamera:
		anew = p.reconfigure(ctx)
	case turn == turnEngine:
		p.reconfigure(ctx)
		anew = true
	}
	return changed, anew
}

// runPipeline runs one pipeline until ctx ends.
func (p *program) runPipeline(ctx context.Context, cam *camera, e *engine, g *vision.Gallery, changed string) (mark string) {
	pipe, err := vision.NewPipeline(vision.PipelineOptions{
		Source: cam.source, Decoder: e.decoder, Detector: e.detector, Encoder: e.encoder, Gallery: g,
		Clock: p.c.clock, Sink: p, Meter: p.metrics, Log: p.c.log, Analyser: p.c.analyserOptions(e),
		MayKeep: p.mayKeep(ctx),
	})
	if err != nil {
		p.failed("pipeline not started", err)
		p.machine.EngineFailed()
		return changed
	}
	p.pipe.Store(pipe)
	defer p.pipe.Store(nil)
	p.openEye(e, g, pipe)
	defer p.eye.close() // before the engine
	if e.encoder == nil {
		p.machine.EngineFailed()
	} else {
		p.machine.SetEngine(e.Name(), e.Grade())
		p.ready.Store(true)
	}
	var wg sync.WaitGroup
	if g != nil {
		wg.Go(func() { changed = p.watchGallery(ctx, e, g, pipe, changed) })
	}
	pipe.Run(ctx)
	wg.Wait()
	return changed
}

// turn is what of a running kiosk a change of the configuration asks for.
type turn int

const (
	turnNothing turn = iota
	turnCamera       // another camera
	turnEngine       // the engine, and perhaps the camera
)

// turn tells what was configured since. What a camera can be told while it
// streams is told at once.
func (p *program) turn() turn {
	next, was := p.config(), p.c.cfg
	switch {
	case otherEngine(next, was):
		return turnEngine
	case otherCamera(next.Camera, was.Camera):
		return turnCamera
	}
	p.c.cfg.Camera = next.Camera
	cam, want := p.camera.Load(), settingsOf(next.Camera)
	if now := cam.want.Load(); now != nil && *now != want {
		cam.want.Store(&want)
		p.setUpAgain()
	}
	return turnNothing
}

func otherEngine(a, b config.Config) bool {
	return a.Recognition != b.Recognition || a.Liveness != b.Liveness
}

func otherCamera(a, b config.Camera) bool { return a.URL != b.URL || a.ControlURL != b.ControlURL }

// setUpAgain has the camera told its settings.
func (p *program) setUpAgain() {
	select {
	case p.live <- struct{}{}:
	default: // it is about to be
	}
}

// reconfigure takes what was configured of camera and recognition. Nothing
// sees meanwhile: nobody reads these settings at the same time. engine tells that
// the engine is to be another one by them: that may have been configured only now.
func (p *program) reconfigure(ctx context.Context) (engine bool) {
	next := p.config()
	was := p.c.cfg.Camera
	engine = otherEngine(next, p.c.cfg)
	p.c.cfg.Recognition, p.c.cfg.Liveness, p.c.cfg.Camera = next.Recognition, next.Liveness, next.Camera
	if next.Camera == was {
		return engine
	}
	cam, err := openCamera(ctx, p.c.cameraChoice(), p.c.clock, p.c.log)
	if err != nil {
		p.c.log.Error("camera not changed", slog.String("error", err.Error()))
		return engine
	}
	// What was known is of the other one; its last picture is no picture.
	p.rates.clear()
	p.health.Store(&domain.CameraHealth{State: domain.CameraConnecting})
	if err := p.camera.Swap(cam).Close(); err != nil {
		p.c.log.Error("camera not closed", slog.String("error", err.Error()))
	}
	p.Camera(domain.CameraHealth{State: domain.CameraConnecting})
	return engine
}

// lookAgain has the pipeline begin anew with what was configured.
func (p *program) lookAgain() {
	select {
	case p.again <- struct{}{}:
	default: // it is about to
	}
}
