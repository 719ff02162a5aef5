package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/app/telemetry"
	"agentid/ui"
	"agentid/vision"
)

// cli is what every command shares.
type cli struct {
	sources     config.Sources // of the configuration
	cfg         config.Config
	log         *slog.Logger
	clock       domain.Clock
	in          io.Reader
	out, errOut io.Writer
	closers     []func() error

	runFor      time.Duration   // of the kiosk; 0: until it is stopped
	diagnostics bool            // serve what the screen shows, for tests
	level       slog.LevelVar   // of the log, which /log/level changes
	ring        *telemetry.Ring // the last lines of the log, for the admin tab
	restart     atomic.Bool     // staff had the kiosk end in order to start again

	window func(ui.Options) screen // opens the kiosk's window
}

func newCLI(out, errOut io.Writer) *cli {
	return &cli{in: os.Stdin, out: out, errOut: errOut, clock: domain.SystemClock{}, log: slog.New(slog.DiscardHandler), cfg: config.Default(), ring: telemetry.NewRing(),
		window: func(o ui.Options) screen { return ui.New(o) }}
}

// Close gives back what the commands opened.
func (c *cli) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	return errors.Join(errs...)
}

// rootCommand is the command line. Without a subcommand the kiosk runs.
func rootCommand(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "agentid",
		Short: "The identity kiosk: live camera, recognition on the device, works offline",
		Long: "The identity kiosk. Without a configuration it is the demo: drawn people before a simulated camera,\n" +
			"two of them enrolled. Set camera.url (or --camera-url) to use a camera.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.kiosk(cmd.Context()) },
	}
	// The flags' texts are in the language that the environment asks for.
	c.cfg.AddFlags(root.PersistentFlags())
	root.Flags().DurationVar(&c.runFor, "run-for", 0, "end the kiosk after this time (0: never)")
	root.Flags().BoolVar(&c.diagnostics, "diagnostics", false, "serve /screen, what the screen shows, beside the metrics (for tests: it tells names)")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.load(cmd) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(doctorCommand(c), facesCommand(c), eventsCommand(c), modelsCommand(c), calibrateCommand(c), askCommand(c), faqCommand(c),
		peopleCommand(c), badgesCommand(c), staffCommand(c), auditCommand(c), demoSeedCommand(c), keysCommand(c), syncCommand(c))
	return root
}

// load reads the configuration and opens the log. The kiosk logs JSON; the
// commands tell on standard error only what goes wrong.
func (c *cli) load(cmd *cobra.Command) error {
	c.sources = config.Sources{Flags: cmd.Root().PersistentFlags()}
	cfg, err := config.Load(c.sources)
	if err != nil {
		return usageError{err}
	}
	c.cfg = cfg
	level, w := cfg.Log.Level, c.errOut
	if cmd != cmd.Root() {
		level = max(level, slog.LevelError)
	}
	if cfg.Log.File != "" {
		f, err := os.OpenFile(cfg.Log.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return usageError{fmt.Errorf("log file: %w", err)}
		}
		c.closers = append(c.closers, f.Close)
		w = f
	}
	c.level.Set(level)
	c.log = telemetry.NewLogger(io.MultiWriter(c.ring, w), &c.level)
	for _, warning := range cfg.Warnings {
		c.log.Warn("configuration", slog.String("warning", warning))
	}
	return nil
}

// kiosk runs the kiosk on the calling goroutine, which must be the main one.
func (c *cli) kiosk(ctx context.Context) error {
	if c.runFor > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.runFor)
		defer cancel()
	}
	if os.Getenv("DISPLAY") == "" {
		return usageError{errors.New("no display: DISPLAY is not set. Start from an X11 session, or use `make run`, which brings its own")}
	}
	c.log.Info("start", slog.Any("config", c.cfg))
	// Fyne speaks through the standard logger: one log, one form.
	log.SetFlags(0)
	log.SetOutput(foreignLog{c.log})
	p, err := newProgram(ctx, c)
	if err != nil {
		return err
	}
	err = p.Run(ctx)
	c.log.Info("end")
	return err
}

// openStore opens this kiosk's store; its master key is made at the first start.
func (c *cli) openStore(ctx context.Context) (*store.Store, error) {
	dir := c.cfg.StateDir()
	key, err := store.LoadMasterKey(store.KeyOptions{File: c.cfg.MasterKeyFile, DataDir: dir, Create: true})
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	st, err := store.Open(ctx, store.Options{Dir: dir, MasterKey: key, Clock: c.clock})
	if err != nil {
		return nil, fmt.Errorf("store in %s: %w", dir, err)
	}
	return st, nil
}

func (c *cli) engineChoice() engineChoice {
	r := c.cfg.Recognition
	return engineChoice{
		Detector: r.Detector, Encoder: r.Encoder, Threshold: r.Threshold,
		ModelsDir: c.cfg.ModelsDir, ModelsPath: c.cfg.ModelsPath, UserDir: c.cfg.UserModelsDir(),
		CacheDir: cacheDir(c.cfg.DataDir), MinFace: r.MinFacePx,
		Passive: c.livenessMode() != vision.LivenessOff,
	}
}

// cacheDir is for what can be made again: built-in models, unpacked.
func cacheDir(dataDir string) string {
	if d, err := os.UserCacheDir(); err == nil {
		return filepath.Join(d, "agentid")
	}
	return filepath.Join(dataDir, "cache")
}

func (c *cli) cameraChoice() cameraChoice {
	k := c.cfg.Camera
	return cameraChoice{URL: k.URL, Control: k.ControlURL, cameraSettings: settingsOf(k)}
}

// settingsOf is how the configuration has a camera set up.
func settingsOf(k config.Camera) cameraSettings {
	return cameraSettings{FrameSize: k.FrameSize, Quality: k.Quality, LED: k.LED}
}

// analyserOptions are the defaults for the engine, and what is configured.
func (c *cli) analyserOptions(e *engine) vision.AnalyserOptions {
	o := vision.AnalyserOptions{Gate: vision.DefaultGate()}
	if e.encoder != nil {
		o = vision.DefaultAnalyserOptions(e.encoder)
	}
	if c.cfg.Demo {
		o = demoRules(o, e)
	}
	r := c.cfg.Recognition
	if r.MinFacePx > 0 {
		o.Gate.MinFace = r.MinFacePx
	}
	if r.Margin > 0 {
		o.Rules.Margin = r.Margin
	}
	if r.Votes > 0 {
		o.Rules.Votes = r.Votes
		o.Rules.UnknownVotes = max(o.Rules.UnknownVotes, r.Votes)
	}
	if r.Recheck > 0 {
		o.Recheck = r.Recheck
	}
	if r.Cooldown > 0 {
		o.Cooldown = r.Cooldown
	}
	return o
}

// foreignLog takes the lines of libraries into our log.
type foreignLog struct{ log *slog.Logger }

func (f foreignLog) Write(p []byte) (int, error) {
	f.log.Debug("library", slog.String("text", strings.TrimSpace(string(p))))
	return len(p), nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeJSONLine(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

// isTerminal tells whether a person sees what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}
