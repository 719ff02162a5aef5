package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNoSpace says that the disk is full.
var ErrNoSpace = errors.New("no space left on the disk")

// writeVerified writes r to the path to, whole and verified or not at all: it
// goes to a temporary file beside it, is compared with the manifest, synced
// and renamed. report, where not nil, hears how many bytes are written.
func writeVerified(ctx context.Context, f File, to string, r io.Reader, report func(n int64)) (err error) {
	dir := filepath.Dir(to)
	tmp, err := os.CreateTemp(dir, "."+f.Name+".*.tmp")
	if err != nil {
		return diskError(err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if err := writeTo(ctx, f, tmp, r, report); err != nil {
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		return fmt.Errorf("permissions: %w", err)
	}
	if err := tmp.Sync(); err != nil {
		return diskError(err)
	}
	if err := tmp.Close(); err != nil {
		return diskError(err)
	}
	return rename(tmp.Name(), to)
}

// writeTo copies r to w, no more than the file has, and verifies it.
func writeTo(ctx context.Context, f File, w io.Writer, r io.Reader, report func(n int64)) error {
	s := newSum(f)
	limit := f.Size
	if limit == 0 {
		limit = MaxFileBytes
	}
	src := &countReader{r: io.LimitReader(contextReader{ctx, r}, limit+1), report: report}
	if _, err := io.Copy(io.MultiWriter(w, s), src); err != nil {
		return diskError(err)
	}
	if s.n > limit {
		return fmt.Errorf("%w: more than %d bytes", ErrCorrupt, limit)
	}
	return s.check()
}

// rename puts a finished file in its place, so that it is there after a power cut too.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return diskError(err)
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", diskError(err))
	}
	return nil
}

// diskError names the one disk error that a person can mend.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}

// countReader reports how much was read.
type countReader struct {
	r      io.Reader
	n      int64
	report func(n int64)
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.report != nil && n > 0 {
		c.report(c.n)
	}
	return n, err
}
