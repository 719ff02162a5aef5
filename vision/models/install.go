package models

import (
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"agentid/app/domain"
)

// ErrNoSource says that a file is not offered for download.
var ErrNoSource = errors.New("no public address for this file")

// Stage is what an installation is doing.
type Stage string

// The stages.
const (
	StagePresent  Stage = "present" // it was there already
	StageDownload Stage = "download"
	StageUnpack   Stage = "unpack" // unpack, or copy, and verify
	StageDone     Stage = "done"
)

// Progress of one file. Total is 0 where it is not known.
type Progress struct {
	Model, File string
	Stage       Stage
	Done, Total int64
}

// Installer brings models into a folder. Its zero value but for Dir is ready.
type Installer struct {
	// Dir is where models go: DIR/MODEL/FILE.
	Dir string
	// From takes the files from elsewhere than the manifest says: a folder, a
	// file (of a model with one), or the http(s) address of a folder or file.
	From string
	// Client is by default one with time-outs and the environment's proxy.
	Client *http.Client
	Clock  domain.Clock
	// Progress hears how it goes, from the goroutine of Install. May be nil.
	Progress func(Progress)
	// Attempts at a download that breaks; 5 by default.
	Attempts int
	// Stall is how long nothing may arrive; 30 s by default.
	Stall time.Duration

	// create opens a partial download for writing; tests make it fail.
	create func(name string, appending bool) (io.WriteCloser, error)
}

// Install brings all files of a model and returns their paths. What is there
// and good is left alone; a broken download goes on where it stopped.
func (in Installer) Install(ctx context.Context, m Model) ([]string, error) {
	in = in.withDefaults()
	for _, f := range m.Files {
		if f.Package != "" {
			return nil, fmt.Errorf("%w: %s comes with the system package %s", ErrNoSource, f.Name, f.Package)
		}
	}
	dir := filepath.Join(in.Dir, m.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of models: %w", diskError(err))
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var out []string
	for _, f := range m.Files {
		to := filepath.Join(dir, f.Name)
		if err := in.file(ctx, m, f, to); err != nil {
			return nil, fmt.Errorf("install %s: %w", f.Name, err)
		}
		out = append(out, to)
	}
	return out, nil
}

func (in Installer) withDefaults() Installer {
	if in.Client == nil {
		in.Client = newClient()
	}
	if in.Clock == nil {
		in.Clock = domain.SystemClock{}
	}
	if in.Progress == nil {
		in.Progress = func(Progress) {}
	}
	if in.Attempts <= 0 {
		in.Attempts = 5
	}
	if in.Stall <= 0 {
		in.Stall = 30 * time.Second
	}
	if in.create == nil {
		in.create = createFile
	}
	return in
}

func createFile(name string, appending bool) (io.WriteCloser, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if appending {
		flags = os.O_WRONLY | os.O_APPEND
	}
	return os.OpenFile(name, flags, 0o644)
}

// file brings one file to the path to.
func (in Installer) file(ctx context.Context, m Model, f File, to string) error {
	report := func(s Stage, done, total int64) { in.Progress(Progress{m.ID, f.Name, s, done, total}) }
	if err := verifyPath(ctx, f, to); err == nil {
		report(StagePresent, f.Size, f.Size)
		return nil
	} else if ctx.Err() != nil {
		return err
	}
	var err error
	if in.From != "" && !isWeb(in.From) {
		err = in.fromDisk(ctx, m, f, to, report)
	} else {
		err = in.fromWeb(ctx, m, f, to, report)
	}
	if err == nil {
		report(StageDone, f.Size, f.Size)
	}
	return err
}

// fromDisk copies a file from a folder, or unpacks it, whichever lies there.
func (in Installer) fromDisk(ctx context.Context, m Model, f File, to string, report func(Stage, int64, int64)) error {
	info, err := os.Stat(in.From)
	if err != nil {
		return err
	}
	candidates := []string{in.From}
	if info.IsDir() {
		candidates = nil
		for _, dir := range []string{filepath.Join(in.From, m.ID), in.From} {
			candidates = append(candidates, filepath.Join(dir, f.Name), filepath.Join(dir, f.Name+".bz2"))
		}
	} else if len(m.Files) != 1 {
		return fmt.Errorf("%s has %d files: give the folder that holds them", m.ID, len(m.Files))
	}
	for _, c := range candidates {
		r, err := os.Open(c)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = in.unpack(ctx, f, to, r, strings.HasSuffix(c, ".bz2"), report)
		r.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
		return nil
	}
	return fmt.Errorf("%s: %w in %s", f.Name, os.ErrNotExist, in.From)
}

// fromWeb downloads a file beside its place and unpacks it. A download that
// went on from an older part and turns out wrong is begun anew, once.
func (in Installer) fromWeb(ctx context.Context, m Model, f File, to string, report func(Stage, int64, int64)) error {
	src, err := in.source(m, f)
	if err != nil {
		return err
	}
	packed := strings.HasSuffix(src.Path, ".bz2")
	d := download{
		client: in.Client, clock: in.Clock, attempts: in.Attempts, stall: in.Stall, create: in.create,
		url: src.String(), part: filepath.Join(filepath.Dir(to), "."+f.Name+".part"), limit: f.Size,
		report: func(done, total int64) { report(StageDownload, done, total) },
	}
	if packed {
		// bz2 never grows what it packs by more than this.
		d.limit += f.Size/50 + 64<<10
	} else {
		d.exact = true
	}
	for again := true; ; again = false {
		resumed, err := d.run(ctx)
		if err != nil {
			return err
		}
		err = in.unpackPart(ctx, f, to, d.part, packed, report)
		if err == nil || errors.Is(err, ErrCorrupt) {
			d.discard()
		}
		if !again || !resumed || !errors.Is(err, ErrCorrupt) {
			return err
		}
	}
}

func (in Installer) unpackPart(ctx context.Context, f File, to, part string, packed bool, report func(Stage, int64, int64)) error {
	r, err := os.Open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	return in.unpack(ctx, f, to, r, packed, report)
}

func (in Installer) unpack(ctx context.Context, f File, to string, r io.Reader, packed bool, report func(Stage, int64, int64)) error {
	if packed {
		r = bzip2.NewReader(r)
	}
	err := writeVerified(ctx, f, to, r, func(n int64) { report(StageUnpack, n, f.Size) })
	var broken bzip2.StructuralError
	if errors.As(err, &broken) || packed && errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// source is the address of a file.
func (in Installer) source(m Model, f File) (*url.URL, error) {
	if in.From == "" {
		if f.URL == "" {
			return nil, fmt.Errorf("%w: install it from a folder or address that has it (--from)", ErrNoSource)
		}
		return url.Parse(f.URL)
	}
	u, err := url.Parse(in.From)
	if err != nil || u.Host == "" {
		return nil, errors.New("--from is not an address")
	}
	last := path.Base(u.Path)
	if last == f.Name || last == f.Name+".bz2" {
		return u, nil
	}
	// The address of a folder: the file has the name that the manifest's address gives it.
	name := f.Name
	if f.Compression == Bzip2 {
		name += ".bz2"
	}
	return u.JoinPath(name), nil
}

func isWeb(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}
