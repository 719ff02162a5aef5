package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/telemetry"
)

// serveControls tells what can be touched. Only with --diagnostics.
func (p *program) serveControls(w http.ResponseWriter, r *http.Request) {
	list, err := p.screen.Controls(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list)
}

// minFree is the room on the disk below which the kiosk calls itself unwell.
const minFree = diskFail

// stuckFor is how long the disk may refuse events before the kiosk is unwell.
const stuckFor = 30 * time.Second

// serveTelemetry serves metrics and health on a loopback address, if configured.
func (p *program) serveTelemetry(ctx context.Context) (*telemetry.Server, error) {
	o := telemetry.ServerOptions{
		Addr: p.c.cfg.Telemetry.Addr, Metrics: p.metrics, Log: p.c.log,
		Checks: p.checks(),
	}
	o.Details = map[string]func() string{"engine": p.engineDetail, "camera": p.cameraDetail}
	o.Extra = map[string]http.Handler{"/log/level": telemetry.LevelHandler(&p.c.level)}
	if p.link != nil { // to be without the centre is no illness: everything else works
		o.Checks["centre"] = func(context.Context) error { return nil }
		o.Details["centre"] = func() string { return p.syncReport().sentence() }
		o.Extra[syncPath] = http.HandlerFunc(p.serveSync)
	}
	if p.c.diagnostics {
		o.Extra["/screen"] = http.HandlerFunc(p.serveScreen)
		o.Extra["/controls"] = http.HandlerFunc(p.serveControls)
	}
	return telemetry.Serve(ctx, o)
}

func (p *program) cameraCheck(context.Context) error {
	h := p.health.Load()
	switch {
	case p.camera.Load().none: // as it was set up to be: no illness
		return nil
	case h == nil:
		return errors.New("not connected yet")
	case h.State != domain.CameraLive:
		return fmt.Errorf("%s: %s", h.State, h.LastError)
	case h.Age > kiosk.CameraStale:
		return fmt.Errorf("newest picture is %s old", h.Age.Round(100_000_000))
	}
	return nil
}

// cameraDetail says that there is none, where there is none.
func (p *program) cameraDetail() string {
	if p.camera.Load().none {
		return "none is set up"
	}
	return ""
}

func (p *program) engineCheck(context.Context) error {
	if err := p.engErr.Load(); err != nil {
		return *err
	}
	if !p.ready.Load() {
		return errors.New("being opened")
	}
	return nil
}

// engineDetail tells what the proof of life stands on.
func (p *program) engineDetail() string {
	if grade := p.liveness.Load(); grade != nil {
		return "liveness: " + *grade
	}
	return ""
}

func (p *program) eventsCheck(ctx context.Context) error {
	if n := p.rec.Lost(); n > 0 {
		return fmt.Errorf("%d events could not be recorded", n)
	}
	if since := p.rec.Stuck(); !since.IsZero() && p.c.clock.Now().Sub(since) > stuckFor {
		return fmt.Errorf("nothing could be recorded since %s", since.UTC().Format(time.RFC3339))
	}
	_, _, err := p.store.Pending(ctx)
	return err
}

func (p *program) diskCheck(context.Context) error {
	free, err := freeBytes(p.c.cfg.StateDir())
	if err == nil && free < minFree {
		err = fmt.Errorf("%d MB free", free>>20)
	}
	return err
}

// serveScreen tells what the screen shows. Only with --diagnostics.
func (p *program) serveScreen(w http.ResponseWriter, _ *http.Request) {
	v := p.machine.View()
	w.Header().Set("Content-Type", "application/json")
	step, coach := "", domain.GuideNone
	switch {
	case v.Register != nil:
		step, coach = string(v.Register.Step), v.Register.Face.Guide
	case v.Validate != nil:
		step, coach = string(v.Validate.Step), v.Validate.Face.Guide
	case v.Withdraw != nil:
		step = string(v.Withdraw.Step)
	case v.Ask != nil:
		step = string(v.Ask.Step)
	case v.Admin != nil && v.Admin.Step == kiosk.AdminOpen:
		step = string(v.Admin.Page)
	case v.Admin != nil:
		step = string(v.Admin.Step)
	}
	outcome, busy := kiosk.Outcome(""), false
	switch {
	case v.Validate != nil:
		outcome, busy = v.Validate.Outcome, v.Validate.PIN.Busy
	case v.Admin != nil:
		busy = v.Admin.Busy
	}
	// A client that goes away while reading is its own affair.
	_ = json.NewEncoder(w).Encode(map[string]any{
		"state": v.State, "lang": v.Lang, "given": v.Given, "guide": v.Guide, "notice": v.Notice,
		"step": step, "coach": coach, "outcome": outcome, "asking": v.Asking, "busy": busy,
		"camera": v.Status.Camera, "engine": v.Status.Engine, "grade": v.Status.Grade, "pending": v.Status.Pending,
		"pictures_shown": p.screen.Stats().PicturesShown,
	})
}
