package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"slices"

	"agentid/app/domain"
	"agentid/app/telemetry"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// openReports makes what tells the centre of this kiosk; nil where there is none.
func (p *program) openReports() *reporter {
	if p.link == nil {
		return nil
	}
	return &reporter{
		store: p.store, clock: p.c.clock, log: p.c.log, hold: &p.link.hold, wake: p.link.wake,
		state:     func() outbox.State { st, _ := p.link.now(); return st.State },
		condition: p.condition, reading: p.reading, changed: make(chan struct{}, 1),
	}
}

// checks are those of /healthz that are about the kiosk itself.
func (p *program) checks() map[string]telemetry.Check {
	return map[string]telemetry.Check{"camera": p.cameraCheck, "engine": p.engineCheck, "events": p.eventsCheck, "disk": p.diskCheck}
}

// condition is how the kiosk is, as /healthz has it. Only names of checks leave the
// kiosk: an error may have a path or an address in it.
func (p *program) condition(ctx context.Context) condition {
	c := condition{camera: string(domain.CameraConnecting)}
	if h := p.health.Load(); h != nil {
		c.camera = string(h.State)
	}
	if p.camera.Load().none {
		c.camera = string(domain.CameraNone)
	}
	if e := p.engine.Load(); e != nil && e.Name() != "" {
		c.engine = e.Name() + " (" + string(e.Grade()) + ")"
	}
	checks := p.checks()
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if checks[name](ctx) != nil {
			c.degraded = append(c.degraded, name)
		}
	}
	if st, _ := p.link.now(); st.ClockOff() {
		c.degraded = append(c.degraded, "clock")
	}
	return c
}

// reading is the condition with its figures; those that cannot be told are left out.
func (p *program) reading(ctx context.Context, c condition) protocol.Health {
	now := p.c.clock.Now()
	h := protocol.Health{
		At: now.UTC(), Version: programName(), UptimeS: int64(now.Sub(p.started).Seconds()),
		Camera: c.camera, Engine: c.engine, Degraded: c.degraded,
	}
	if cam := p.health.Load(); cam != nil && !math.IsNaN(cam.FPS) {
		h.FPS = math.Round(cam.FPS*10) / 10
	}
	if st, _ := p.link.now(); st.SkewKnown {
		h.SkewMS = st.Skew.Milliseconds()
	}
	w, err1 := p.store.WaitingNotices(ctx)
	h.Pending, h.Dead = int64(w.Notices+w.Pictures), int64(w.Dead)
	if !w.Oldest.IsZero() {
		h.OldestS = int64(max(0, now.Sub(w.Oldest)).Seconds())
	}
	free, err2 := freeBytes(p.c.cfg.StateDir())
	h.DiskFree = int64(min(free, 1<<52))
	use, err3 := p.store.Usage(ctx)
	h.DBBytes = use.DatabaseBytes
	people, err4 := p.store.CountPeople(ctx)
	h.People = int64(people)
	if err := errors.Join(err1, err2, err3, err4); err != nil && ctx.Err() == nil {
		p.c.log.Warn("a reading of this kiosk is not whole", slog.String("error", err.Error()))
	}
	return h
}
