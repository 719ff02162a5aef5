package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"agentid/app/config"
	"agentid/app/store"
	"agentid/app/telemetry"
	"agentid/vision/dlib"
	"agentid/vision/opencv"
)

// verdict of one check of the doctor.
type verdict string

const (
	good verdict = "ok"
	warn verdict = "warn" // works, but somebody should know
	fail verdict = "fail" // the kiosk does not work like this
)

// finding is one line of the doctor.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Mend    string  `json:"mend,omitempty"` // what to do about it
}

// errUnwell makes the doctor's exit status 1; its findings are printed already.
var errUnwell = errors.New("the kiosk would not work: see the lines marked fail")

func doctorCommand(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check display, camera, models, libraries, storage and clock",
		Long:  "Check what the kiosk needs. Exit status 0 when it would work (perhaps with warnings), 1 when not.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var fs []finding
			for _, check := range c.checks() {
				fs = append(fs, check(ctx)...)
			}
			bad := false
			for _, f := range fs {
				bad = bad || f.Verdict == fail
				if !asJSON {
					fmt.Fprintf(c.out, "%-4s  %-10s %s\n", f.Verdict, f.Check, f.Detail)
					if f.Mend != "" {
						fmt.Fprintf(c.out, "%17s → %s\n", "", f.Mend)
					}
				}
			}
			if asJSON {
				if err := writeJSON(c.out, fs); err != nil {
					return err
				}
			}
			if bad {
				return errUnwell
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// checks are what the doctor looks at.
func (c *cli) checks() []func(context.Context) []finding {
	return []func(context.Context) []finding{
		c.checkDisplay, c.checkLibraries, c.checkEngine, c.checkCamera, c.checkStore, c.checkBadges, c.checkCentre, c.checkClock,
		c.checkAnswers,
	}
}

func (c *cli) checkDisplay(ctx context.Context) []finding {
	f := finding{Check: "display"}
	d := os.Getenv("DISPLAY")
	if d == "" {
		f.Verdict, f.Detail = fail, "DISPLAY is not set"
		f.Mend = "start from an X11 session; without a display `make run` uses Xvfb"
		return []finding{f}
	}
	host, number, _ := strings.Cut(d, ":")
	number, _, _ = strings.Cut(number, ".")
	network, addr := "unix", "/tmp/.X11-unix/X"+number
	if n, err := strconv.Atoi(number); err == nil && host != "" && host != "unix" {
		network, addr = "tcp", net.JoinHostPort(host, strconv.Itoa(6000+n))
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		f.Verdict, f.Detail, f.Mend = fail, fmt.Sprintf("%s does not answer", d), "is the X server running?"
		return []finding{f}
	}
	conn.Close()
	f.Verdict, f.Detail = good, d
	if os.Getenv("XDG_SESSION_TYPE") == "wayland" {
		f.Verdict, f.Detail, f.Mend = warn, d+" (Wayland session)", "touch needs an X11 session"
	}
	return []finding{f}
}

func (c *cli) checkLibraries(context.Context) []finding {
	return []finding{
		{Check: "opencv", Verdict: good, Detail: opencv.Version()},
		{Check: "dlib", Verdict: good, Detail: dlib.Version()},
	}
}

func (c *cli) checkEngine(ctx context.Context) []finding {
	e, err := openEngine(ctx, c.engineChoice(), slog.New(slog.DiscardHandler))
	if e == nil {
		return []finding{{Check: "detector", Verdict: fail, Detail: err.Error(), Mend: "apt-get install opencv-data, or see `agentid models list`"}}
	}
	defer e.Close()
	fs := []finding{{Check: "detector", Verdict: good, Detail: e.detector.Name()}}
	if e.encoder == nil {
		return append(fs, finding{Check: "encoder", Verdict: fail, Detail: err.Error(), Mend: "see `agentid models list`"})
	}
	enc := finding{Check: "encoder", Verdict: good, Detail: fmt.Sprintf("%s, threshold %.3f %s", e.encoder.Ref(), e.encoder.Threshold(), e.encoder.Metric())}
	if e.spec.Demo {
		enc.Verdict = warn
		enc.Detail += ", demo grade"
	}
	if len(e.notes) > 0 {
		enc.Verdict, enc.Mend = warn, strings.Join(e.notes, "; ")
	}
	live := finding{Check: "liveness", Verdict: good}
	if live.Detail, live.Mend = c.livenessGrade(e); live.Mend != "" {
		live.Verdict = warn
	}
	return append(fs, enc, live)
}

// cameraPatience is how long the doctor waits for a picture.
const cameraPatience = 10 * time.Second

func (c *cli) checkCamera(ctx context.Context) []finding {
	f := finding{Check: "camera", Mend: "check camera.url, power and network of the camera"}
	if c.cfg.Camera.URL.Kind() == config.CameraNone {
		f.Verdict, f.Detail, f.Mend = warn, "none is set up: the kiosk serves by QR scanner, PIN and staff", "set camera.url, or add one in the admin tab"
		return []finding{f}
	}
	// An ESP32-CAM serves one client: a kiosk that runs here is asked instead.
	if h, ok := c.runningKiosk(ctx); ok {
		f.Verdict, f.Detail, f.Mend = good, "the running kiosk has it", ""
		if e := h.Checks["camera"].Error; e != "" {
			f.Verdict, f.Detail, f.Mend = fail, "the running kiosk says: "+e, "check power and network of the camera"
		}
		return []finding{f}
	}
	cam, err := openCamera(ctx, c.cameraChoice(), c.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Verdict, f.Detail = fail, err.Error()
		return []finding{f}
	}
	defer cam.Close()
	img, err := firstPicture(ctx, cam.source, cameraPatience)
	if err != nil {
		f.Verdict, f.Detail = fail, err.Error()
		return []finding{f}
	}
	size := img.Rect.Size()
	f.Verdict, f.Detail, f.Mend = good, fmt.Sprintf("%dx%d pictures", size.X, size.Y), ""
	return []finding{f}
}

// databaseFile is the store's database in the data folder.
const databaseFile = "agentid.db"

// runningKiosk asks the kiosk on this machine, if one runs, how it is.
func (c *cli) runningKiosk(ctx context.Context) (h telemetry.Health, ok bool) {
	if c.cfg.Telemetry.Addr == "" {
		return h, false
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.cfg.Telemetry.Addr+"/healthz", nil)
	if err != nil {
		return h, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return h, false
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&h)
	return h, err == nil && h.Checks != nil
}

const (
	diskWarn = 1 << 30
	diskFail = 100 << 20
)

// checkStore looks at the store of this kiosk, or, before its first start, at a
// trial one: it makes nothing in the data folder.
func (c *cli) checkStore(ctx context.Context) []finding {
	var fs []finding
	h, made, err := c.storeHealth(ctx)
	switch {
	case err != nil:
		return []finding{{Check: "store", Verdict: fail, Detail: err.Error(), Mend: "see docs/OPERATIONS.md, storage"}}
	case len(h.Problems) > 0:
		fs = append(fs, finding{Check: "store", Verdict: fail, Detail: strings.Join(h.Problems, "; "), Mend: "restore the newest backup"})
	case !made:
		fs = append(fs, finding{Check: "store", Verdict: good, Detail: "none yet, made at the first start: " + c.cfg.StateDir()})
	default:
		fs = append(fs, finding{Check: "store", Verdict: good, Detail: fmt.Sprintf(
			"%d people, %d events, %d pending, %d dead letters, schema %d", h.People, h.Events, h.Pending, h.Dead, h.Schema)})
	}
	fs = append(fs, finding{Check: "sqlite", Verdict: good, Detail: h.SQLite})
	free, err := freeBytes(c.cfg.StateDir())
	disk := finding{Check: "disk", Verdict: good, Detail: fmt.Sprintf("%d MB free", free>>20)}
	switch {
	case err != nil:
		disk.Verdict, disk.Detail = fail, err.Error()
	case free < diskFail:
		disk.Verdict, disk.Mend = fail, "make room: events can hardly be recorded"
	case free < diskWarn:
		disk.Verdict, disk.Mend = warn, "make room"
	}
	return append(fs, disk)
}

func (c *cli) storeHealth(ctx context.Context) (h store.Health, made bool, err error) {
	if _, err := os.Stat(filepath.Join(c.cfg.StateDir(), databaseFile)); err == nil {
		st, err := c.openStore(ctx)
		if err != nil {
			return h, true, err
		}
		h, err = st.Check(ctx)
		return h, true, errors.Join(err, st.Close())
	}
	dir, err := os.MkdirTemp("", "agentid-doctor-")
	if err != nil {
		return h, false, err
	}
	defer os.RemoveAll(dir)
	st, err := store.Open(ctx, store.Options{Dir: dir, MasterKey: store.GenerateMasterKey(), Clock: c.clock})
	if err != nil {
		return h, false, err
	}
	h, err = st.Check(ctx)
	return h, false, errors.Join(err, st.Close())
}

// freeBytes is the room on the disk of a folder, or of the nearest one above it.
func freeBytes(dir string) (uint64, error) {
	for {
		var s unix.Statfs_t
		err := unix.Statfs(dir, &s)
		if err == nil {
			return s.Bavail * uint64(s.Bsize), nil
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, unix.ENOENT) || up == dir {
			return 0, fmt.Errorf("free space of %s: %w", dir, err)
		}
		dir = up
	}
}

// earliest is before this program was written: a clock before it is not set.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *cli) checkClock(context.Context) []finding {
	now := c.clock.Now()
	f := finding{Check: "clock", Verdict: good, Detail: now.Format(time.RFC3339)}
	switch {
	case now.Before(earliest):
		f.Verdict, f.Mend = fail, "set the clock: events would bear a wrong time"
	case !clockSynced():
		f.Verdict, f.Mend = warn, "not synchronised: install and start systemd-timesyncd or chrony"
		f.Detail += ", not synchronised"
	}
	return []finding{f}
}
