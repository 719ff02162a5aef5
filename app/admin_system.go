package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/telemetry"
	"agentid/vision/dlib"
	"agentid/vision/opencv"
)

// systemDesk looks after the kiosk itself.
type systemDesk struct{ p *program }

var _ kiosk.SystemDesk = systemDesk{}

// System implements kiosk.SystemDesk.
func (d systemDesk) System(ctx context.Context) (kiosk.SystemInfo, error) {
	cfg := d.p.config()
	s := kiosk.SystemInfo{
		Version: versionText(), DeviceID: d.p.store.DeviceID(), Started: d.p.started,
		DataDir: cfg.StateDir(), LogFile: d.p.c.cfg.Log.File, LogMemory: telemetry.RingLines, Address: addresses(),
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
	use, err := d.p.store.Usage(ctx)
	if err != nil {
		return s, err
	}
	s.SQLite, s.DatabaseBytes, s.Snapshots, s.SnapshotBytes = use.SQLite, use.DatabaseBytes, use.Snapshots, use.SnapshotBytes
	d.versions(&s)
	if d.p.link != nil {
		st, _ := d.p.link.now()
		s.Centre, s.CentreState, s.CentreError = cfg.Centre.URL, string(st.State), st.LastError
	}
	if s.LogFile != "" {
		if info, err := os.Stat(s.LogFile); err == nil { // else it was moved away, which is no trouble
			s.LogBytes = info.Size()
		}
	}
	free, err := freeBytes(cfg.StateDir())
	s.FreeBytes = int64(free)
	return s, err
}

// versions are those of what the program is made of, and its models.
func (d systemDesk) versions(s *kiosk.SystemInfo) {
	s.Go, s.OpenCV, s.Dlib = runtime.Version(), opencv.Version(), dlib.Version()
	if e := d.p.engine.Load(); e != nil {
		s.Detector = e.detector.Name()
		if e.encoder != nil {
			s.Encoder = e.encoder.Ref().String()
		}
	}
}

// logbook is where the log of this process can be read.
func (d systemDesk) logbook() telemetry.Logbook {
	if f := d.p.c.cfg.Log.File; f != "" {
		return telemetry.LogFile{Path: f}
	}
	return d.p.c.ring
}

// Log implements kiosk.SystemDesk.
func (d systemDesk) Log(ctx context.Context, q kiosk.LogQuery) (kiosk.LogPage, error) {
	least := slog.LevelDebug
	switch q.Least {
	case kiosk.LogInfo:
		least = slog.LevelInfo
	case kiosk.LogWarn:
		least = slog.LevelWarn
	case kiosk.LogError:
		least = slog.LevelError
	}
	found, err := d.logbook().Lines(ctx, telemetry.LineQuery{Least: least, Before: q.Before, Limit: q.Limit})
	if err != nil {
		return kiosk.LogPage{}, noLine(err)
	}
	page := kiosk.LogPage{Next: found.Next}
	for _, l := range found.Lines {
		page.Lines = append(page.Lines, logLine(l))
	}
	return page, nil
}

// LogLine implements kiosk.SystemDesk.
func (d systemDesk) LogLine(ctx context.Context, id string) (kiosk.LogLine, error) {
	l, err := d.logbook().Line(ctx, id)
	return logLine(l), noLine(err)
}

func noLine(err error) error {
	if errors.Is(err, telemetry.ErrNoLine) {
		return domain.ErrNotFound
	}
	return err
}

func logLine(l telemetry.Line) kiosk.LogLine {
	out := kiosk.LogLine{ID: l.ID, At: l.At, Message: l.Message, Foreign: l.Foreign}
	switch {
	case l.Level < slog.LevelInfo:
		out.Level = kiosk.LogDebug
	case l.Level < slog.LevelWarn:
		out.Level = kiosk.LogInfo
	case l.Level < slog.LevelError:
		out.Level = kiosk.LogWarn
	default:
		out.Level = kiosk.LogError
	}
	for _, a := range l.Attrs {
		out.Attrs = append(out.Attrs, kiosk.LogAttr(a))
	}
	return out
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
	if h == nil || h.State != domain.CameraLive {
		return d.p.cameraDetail()
	}
	return fmt.Sprintf("%d x %d, %.1f/s", h.Size.X, h.Size.Y, h.FPS)
}

// Leave implements kiosk.SystemDesk.
func (d systemDesk) Leave() { d.p.leave() }

// Restart implements kiosk.SystemDesk.
func (d systemDesk) Restart() {
	d.p.c.restart.Store(true)
	d.p.leave()
}
