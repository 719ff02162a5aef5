package config

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/domain"
)

// Config is all that can be configured, valid.
type Config struct {
	// DataDir holds the database and what else the kiosk keeps.
	DataDir string
	// MasterKeyFile wraps every person's key; it is never within DataDir.
	MasterKeyFile string
	Lang          domain.Lang
	Site          Site
	Camera        Camera
	// ModelsDir is searched for models first; "" where none was given.
	ModelsDir string
	// ModelsPath is the list of folders in AGENTID_MODELS, searched next.
	ModelsPath  string
	Recognition Recognition
	Liveness    Liveness
	Badge       Badge
	Retention   Retention
	Snapshots   Snapshots
	FAQ         FAQ
	Voice       Voice
	Centre      Centre
	Sync        Sync
	UI          UI
	Telemetry   Telemetry
	Log         Log
	Export      Export
	// Demo is the drawn cast before the camera. It is so when asked for, and
	// where no camera is configured.
	Demo bool

	// File is the configuration file that was read; "" where there was none.
	File string
	// Warnings tell of what is odd but does no harm, in the user's language.
	Warnings []string
}

// Site is where the kiosk stands.
type Site struct{ Organisation, Branch string }

// Camera is the camera and how it is set.
type Camera struct {
	URL Address
	// ControlURL is the control port; "" is where such a camera usually has it.
	ControlURL Address
	FrameSize  string // "" leaves it as it is
	Quality    int    // JPEG, 4 (best) to 63; 0 leaves it as it is
	LED        int    // 0 to 255; -1 leaves it as it is
}

// Recognition is what decides who somebody is.
type Recognition struct {
	Detector  string  // auto, haar, yunet, hog
	Encoder   string  // auto, dlib, onnx, or a model id
	Threshold float64 // in the encoder's metric; 0 takes the manifest's
	Margin    float64 // to the second-best person, in the encoder's metric
	Votes     int     // frames that must agree
	MinFacePx int     // shorter side of a face
	Recheck   time.Duration
	Cooldown  time.Duration
	// VerifyThreshold is the largest distance of a badge's face (1:1), and
	// MaxSpread that between two pictures of a registration; in the encoder's
	// metric. 0 takes the encoder's threshold.
	VerifyThreshold, MaxSpread float64
}

// Liveness is the proof of life that is asked.
type Liveness struct {
	Mode     string        // off, either, both
	MinScore float64       // of the passive check, from which a face is live
	Timeout  time.Duration // of a gesture
	Gestures string        // all, turn, blink
}

// Badge is what visitors carry.
type Badge struct {
	// KeyFile signs badges; it is never within DataDir.
	KeyFile string
	// TrustedKeysFile lists public keys of other kiosks; "" for none.
	TrustedKeysFile string
	ValidDays       int
	Printer         string // a destination of CUPS; "" for none
	Media           string // as CUPS calls it; "" is the printer's own
	Paper           string // card, a4
	PDFDir          string // where cards are kept without a printer; "" for none
}

// Retention is how long what is kept.
type Retention struct {
	Months       int // people who do not come
	SnapshotDays int
}

// Snapshots are pictures kept with events.
type Snapshots struct{ Enabled bool }

// FAQ is what the kiosk answers with. The texts fill the placeholders of
// answers; the sentence that needs an empty one is left out.
type FAQ struct {
	Dir                  string // of es.faq and en.faq of one's own; "" for none
	Bank, Branch         string // "" is the site's
	Hours, HoursEN       string // EN: "" is the other
	Phone                string
	Address              string
	Website              string
	ATMLimit, ATMLimitEN string
}

// Voice reads answers aloud.
type Voice struct {
	Command string // "" is silent
}

// Centre is the backend that this kiosk tells of what happens.
type Centre struct {
	URL    string // "": this kiosk works alone
	CAFile string // "" for the system's authorities
	// KeyFile holds the kiosk's keys; it is never within DataDir.
	KeyFile string
}

// Sync is how the kiosk speaks to its centre.
type Sync struct {
	RateKbps int // thousands of bits a second, both ways; 0 is no cap
}

// UI is the screen.
type UI struct {
	Windowed      bool
	Width, Height int // of the window
	Dark          bool
}

// Telemetry is the address of metrics and health; "" turns it off.
type Telemetry struct{ Addr string }

// Export is where lists are exported to; "" is a folder within the data.
type Export struct{ Dir string }

// Log is where the log goes, and how much of it.
type Log struct {
	Level slog.Level
	File  string // "" is standard error
}

// Default is the configuration of a kiosk that nobody configured. Paths are
// empty: they depend on the user, and Load fills them.
func Default() Config {
	return Config{
		Lang:   domain.Spanish,
		Site:   Site{Organisation: "Agent ID"},
		Camera: Camera{FrameSize: "vga", LED: -1},
		Recognition: Recognition{
			Detector: "auto", Encoder: "auto", Margin: 0.03, Votes: 3, MinFacePx: 72,
			Recheck: 3 * time.Second, Cooldown: 30 * time.Second,
		},
		Liveness:  Liveness{Mode: "either", MinScore: 0.5, Timeout: 10 * time.Second, Gestures: "all"},
		Badge:     Badge{ValidDays: 365, Paper: "a4"},
		Retention: Retention{Months: 12, SnapshotDays: 30},
		UI:        UI{Width: 1280, Height: 800},
		Telemetry: Telemetry{Addr: "127.0.0.1:9464"},
		Log:       Log{Level: slog.LevelInfo},
	}
}

// StateDir is where this run keeps its database: the demo has a folder of its
// own, so that drawn people never mix with real ones.
func (c Config) StateDir() string {
	if c.Demo {
		return filepath.Join(c.DataDir, "demo")
	}
	return c.DataDir
}

// UserModelsDir is where `agentid models install` puts models.
func (c Config) UserModelsDir() string { return filepath.Join(c.DataDir, "models") }

// String shows the configuration as TOML, without secrets.
func (c Config) String() string {
	var b strings.Builder
	table := ""
	for _, s := range settings() {
		head, name, ok := strings.Cut(s.key, ".")
		if !ok {
			head, name = "", s.key
		}
		if head != table {
			fmt.Fprintf(&b, "\n[%s]\n", head)
			table = head
		}
		v := s.value(&c)
		if v.kind() == kindText || v.kind() == kindDuration {
			fmt.Fprintf(&b, "%s = %q\n", name, v.get())
		} else {
			fmt.Fprintf(&b, "%s = %s\n", name, v.get())
		}
	}
	return b.String()
}

// GoString keeps %#v from showing what String hides.
func (c Config) GoString() string { return c.String() }

// LogValue logs the configuration without secrets.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, s := range settings() {
		attrs = append(attrs, slog.String(s.key, s.value(&c).get()))
	}
	return slog.GroupValue(attrs...)
}
