package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"agentid/app/kiosk"
)

// systemDesk looks after the kiosk itself.
type systemDesk struct{ p *program }

var _ kiosk.SystemDesk = systemDesk{}

// System implements kiosk.SystemDesk.
func (d systemDesk) System(ctx context.Context) (kiosk.SystemInfo, error) {
	cfg := d.p.config()
	s := kiosk.SystemInfo{
		Version: versionText(), DeviceID: d.p.store.DeviceID(), Started: d.p.started,
		DataDir: cfg.StateDir(), LogFile: cfg.Log.File, Address: addresses(),
	}
	var err error
	if s.People, err = d.p.store.CountPeople(ctx); err != nil {
		return s, err
	}
	newest, err := d.p.store.Recent(ctx, 0, 1)
	if err != nil {
		return s, err
	}
	if len(newest) > 0 {
		s.Events = int64(newest[0].Seq) // they are numbered without gaps
	}
	info, err := os.Stat(filepath.Join(cfg.StateDir(), databaseFile))
	if err != nil {
		return s, err
	}
	s.DatabaseBytes = info.Size()
	free, err := freeBytes(cfg.StateDir())
	s.FreeBytes = int64(free)
	return s, err
}

// addresses are this machine's, beside the loopback.
func addresses() string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	var out []string
	for _, a := range list {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() {
			out = append(out, ip.IP.String())
		}
	}
	return strings.Join(out, ", ")
}

// Check implements kiosk.SystemDesk: how what runs is, and those findings of the
// doctor that open neither a second engine nor the camera, which serves one.
func (d systemDesk) Check(ctx context.Context) ([]kiosk.CheckInfo, error) {
	c := newCLI(d.p.c.out, d.p.c.errOut)
	c.cfg, c.clock = d.p.config(), d.p.c.clock
	var found []finding
	for _, x := range []struct {
		name  string
		check func(context.Context) error
		fine  string
		mend  string
	}{
		{"camera", d.p.cameraCheck, d.cameraDetail(), "check power and network of the camera"},
		{"engine", d.p.engineCheck, d.p.engineDetail(), "agentid doctor"},
		{"events", d.p.eventsCheck, "", "make room on the disk"},
		{"disk", d.p.diskCheck, "", "make room on the disk"},
	} {
		f := finding{Check: x.name, Verdict: good, Detail: x.fine}
		if err := x.check(ctx); err != nil {
			f.Verdict, f.Detail, f.Mend = fail, err.Error(), x.mend
		}
		found = append(found, f)
	}
	for _, check := range []func(context.Context) []finding{c.checkDisplay, c.checkLibraries, c.checkClock} {
		found = append(found, check(ctx)...)
	}
	var out []kiosk.CheckInfo
	for _, f := range found {
		tone := map[verdict]kiosk.Tone{good: kiosk.ToneOK, warn: kiosk.ToneWarn, fail: kiosk.ToneStop}[f.Verdict]
		out = append(out, kiosk.CheckInfo{Check: f.Check, Detail: f.Detail, Mend: f.Mend, Tone: tone})
	}
	return out, nil
}

// cameraDetail is what comes of the camera.
func (d systemDesk) cameraDetail() string {
	h := d.p.health.Load()
	if h == nil {
		return ""
	}
	return fmt.Sprintf("%d x %d, %.1f/s", h.Size.X, h.Size.Y, h.FPS)
}

// Leave implements kiosk.SystemDesk.
func (d systemDesk) Leave() { d.p.leave() }
