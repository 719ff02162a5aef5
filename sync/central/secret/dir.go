package secret

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Dir is a folder whose files only their owner may read: master.key,
// master.next while it is rotated, master.before afterwards.
type Dir string

func (d Dir) file() file {
	base := filepath.Join(string(d), "master")
	return file{base + ".key", base + ".next", base + ".before", true}
}

// Master implements Store.
func (d Dir) Master(context.Context) ([]byte, error) { return d.key(d.file().current) }

// Next implements Store.
func (d Dir) Next(context.Context) ([]byte, error) { return d.key(d.file().next) }

// Create implements Store.
func (d Dir) Create(context.Context) error { return d.file().make(d.file().current, random()) }

// Prepare implements Store.
func (d Dir) Prepare(context.Context) error { return d.file().make(d.file().next, random()) }

// Promote implements Store.
func (d Dir) Promote(context.Context) error { return d.file().promote() }

// String implements Store.
func (d Dir) String() string { return string(d) }

func (d Dir) key(path string) ([]byte, error) {
	b, err := d.file().read(path)
	if err != nil {
		return nil, err
	}
	return sized(b, path)
}

func random() []byte {
	b := make([]byte, KeySize)
	rand.Read(b)
	return b
}

// maxFile bounds what is read; a blob of KMS has 6 KB at most.
const maxFile = 8 << 10

// file is a secret on disk, and what is to follow it and was before it.
type file struct {
	current, next, before string
	private               bool // others may not read it
}

func (f file) read(path string) ([]byte, error) {
	in, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrAbsent, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("secret %s is no file", path)
	}
	if f.private && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read the secret: chmod 600 %s", path)
	}
	b, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	return b, nil
}

// make writes a secret beside its place and links it there: it is never seen
// half made, and one that is there stays.
func (f file) make(path string, content []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("make secret: %w", err)
		}
	}()
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(dir, ".new")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = out.Write(content)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Link(out.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return f.sync()
}

// promote puts the next secret in the place of the one that is there, which is
// kept. At no moment there is none.
func (f file) promote() error {
	if _, err := f.read(f.next); err != nil {
		return err
	}
	err := os.Remove(f.before)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.Link(f.current, f.before)
	}
	if err == nil {
		err = os.Rename(f.next, f.current)
	}
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		return fmt.Errorf("promote secret: %w", err)
	}
	return nil
}

// sync makes what was linked and renamed outlast a loss of power.
func (f file) sync() error {
	d, err := os.Open(filepath.Dir(f.current))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
