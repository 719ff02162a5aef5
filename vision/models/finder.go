package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Errors of a Finder.
var (
	ErrUnknownModel = errors.New("no such model in the manifest")
	ErrNotInstalled = errors.New("model is not installed")
)

// Where tells which place of the search order a file came from.
type Where string

// The places, in the order in which they are searched.
const (
	WhereFlag        Where = "flag"
	WhereEnvironment Where = "environment"
	WhereUser        Where = "user"
	WhereBuiltin     Where = "builtin"
	WhereSystem      Where = "system" // only for files that a system package brings
)

// Dir is a folder with model files: DIR/MODEL/FILE or DIR/FILE.
type Dir struct {
	Path  string
	Where Where
}

// SearchDirs is the search order: the folder of the flag (or configuration),
// the folders of the environment's list, the user's own. Empty ones are left out.
func SearchDirs(flag, environment, user string) []Dir {
	var out []Dir
	add := func(w Where, paths ...string) {
		for _, p := range paths {
			if p != "" {
				out = append(out, Dir{p, w})
			}
		}
	}
	add(WhereFlag, flag)
	add(WhereEnvironment, filepath.SplitList(environment)...)
	add(WhereUser, user)
	return out
}

// DebianDirs is where Debian's packages put the files that we use.
func DebianDirs() []string {
	return []string{"/usr/share/dlib", "/usr/share/opencv4/haarcascades"}
}

// Finder finds the files of models and verifies them. Safe for concurrent use.
type Finder struct {
	Manifest   Manifest
	Dirs       []Dir    // in the order of search
	Builtin    fs.FS    // flat: FILE; may be nil
	SystemDirs []string // for files of system packages; see DebianDirs

	mu       sync.Mutex
	verified map[fileKey]error
}

// fileKey is a state of a file: once verified, it is so until it changes.
type fileKey struct {
	path  string
	mtime time.Time
	size  int64
	want  string
}

// Found is a model whose files are all there and verified.
type Found struct {
	Model Model
	Files []FoundFile // in the order of the manifest
	// Refused are files that were passed over: they bear the name, but are not
	// the file of the manifest.
	Refused []error
}

// FoundFile is one file of a found model.
type FoundFile struct {
	File  File
	Where Where
	// Path on disk; within Builtin where Where is WhereBuiltin.
	Path string

	builtin fs.FS
}

// File finds one of the files by its name.
func (f Found) File(name string) (FoundFile, bool) {
	for _, x := range f.Files {
		if x.File.Name == name {
			return x, true
		}
	}
	return FoundFile{}, false
}

// Open opens the file.
func (f FoundFile) Open() (io.ReadCloser, error) {
	if f.Where == WhereBuiltin {
		return f.builtin.Open(f.Path)
	}
	return os.Open(f.Path)
}

// OnDisk gives a path that libraries can open. A built-in file is written to
// dir for that, once: a file of the same content is left as it is.
func (f FoundFile) OnDisk(ctx context.Context, dir string) (string, error) {
	if f.Where != WhereBuiltin {
		return f.Path, nil
	}
	to := filepath.Join(dir, f.File.Name)
	if verifyPath(ctx, f.File, to) == nil {
		return to, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("folder of built-in models: %w", err)
	}
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	if err := writeVerified(ctx, f.File, to, r, nil); err != nil {
		return "", fmt.Errorf("unpack %s: %w", f.File.Name, err)
	}
	return to, nil
}

// Find finds a model. Each file may come from another place: it is its hash
// that counts. ErrUnknownModel and ErrNotInstalled say what is missing;
// ErrCorrupt is among the causes where a file bears the name and is another.
func (f *Finder) Find(ctx context.Context, id string) (Found, error) {
	m, ok := f.Manifest.Model(id)
	if !ok {
		return Found{}, fmt.Errorf("%w: %q", ErrUnknownModel, id)
	}
	out := Found{Model: m}
	var missing []string
	for _, file := range m.Files {
		x, refused, err := f.findFile(ctx, m, file)
		out.Refused = append(out.Refused, refused...)
		switch {
		case err == nil:
			out.Files = append(out.Files, x)
		case errors.Is(err, fs.ErrNotExist):
			name := file.Name
			if file.Package != "" {
				name += " (package " + file.Package + ")"
			}
			missing = append(missing, name)
		default:
			return Found{}, err
		}
	}
	if len(missing) > 0 {
		err := fmt.Errorf("%w: %s: missing %s", ErrNotInstalled, id, strings.Join(missing, ", "))
		return Found{}, errors.Join(append([]error{err}, out.Refused...)...)
	}
	return out, nil
}

// findFile looks for one file. Its error is fs.ErrNotExist, or the context's.
func (f *Finder) findFile(ctx context.Context, m Model, file File) (FoundFile, []error, error) {
	var refused []error
	try := func(path string, w Where) (bool, error) {
		err := f.verifyOnce(ctx, file, path)
		switch {
		case err == nil:
			return true, nil
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case !errors.Is(err, fs.ErrNotExist):
			refused = append(refused, fmt.Errorf("%s (%s): %w", path, w, err))
		}
		return false, nil
	}
	for _, d := range f.Dirs {
		for _, path := range []string{filepath.Join(d.Path, m.ID, file.Name), filepath.Join(d.Path, file.Name)} {
			if ok, err := try(path, d.Where); ok || err != nil {
				return FoundFile{File: file, Where: d.Where, Path: path}, refused, err
			}
		}
	}
	if file.Package != "" {
		for _, d := range f.SystemDirs {
			path := filepath.Join(d, file.Name)
			if ok, err := try(path, WhereSystem); ok || err != nil {
				return FoundFile{File: file, Where: WhereSystem, Path: path}, refused, err
			}
		}
	}
	if f.Builtin != nil {
		if info, err := fs.Stat(f.Builtin, file.Name); err == nil {
			// Part of the program: verified by the tests, no less trusted than the code.
			if info.Size() == file.Size {
				return FoundFile{File: file, Where: WhereBuiltin, Path: file.Name, builtin: f.Builtin}, refused, nil
			}
			refused = append(refused, fmt.Errorf("%s (%s): %w: %d bytes, expected %d", file.Name, WhereBuiltin, ErrCorrupt, info.Size(), file.Size))
		}
	}
	return FoundFile{}, refused, fs.ErrNotExist
}

// verifyOnce verifies a file unless it did so before and it has not changed.
func (f *Finder) verifyOnce(ctx context.Context, file File, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	key := fileKey{path, info.ModTime(), info.Size(), file.SHA256 + file.GitBlob}
	f.mu.Lock()
	err, known := f.verified[key]
	f.mu.Unlock()
	if known {
		return err
	}
	err = verifyPath(ctx, file, path)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err // may be another next time
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.verified == nil {
		f.verified = map[fileKey]error{}
	}
	f.verified[key] = err
	return err
}

// verifyPath verifies the file at path. Where the manifest has no hash, the
// file has only to be there, a regular file with something in it.
func verifyPath(ctx context.Context, file File, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: not a regular file", ErrCorrupt)
	case info.Size() == 0:
		return fmt.Errorf("%w: empty", ErrCorrupt)
	case file.Size > 0 && info.Size() != file.Size:
		return fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, info.Size(), file.Size)
	case file.SHA256 == "" && file.GitBlob == "":
		return nil
	}
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	return verify(ctx, file, r)
}
