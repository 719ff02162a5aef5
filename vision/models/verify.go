package models

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's blob ids are SHA-1; they name a file, with its size
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// ErrCorrupt says that a file is not the one of the manifest.
var ErrCorrupt = errors.New("not the file of the manifest")

// sum is the hash that the manifest asks of a file.
type sum struct {
	f File
	h hash.Hash // nil where the manifest has none
	n int64
}

func newSum(f File) *sum {
	s := &sum{f: f}
	switch {
	case f.SHA256 != "":
		s.h = sha256.New()
	case f.GitBlob != "":
		s.h = sha1.New()
		fmt.Fprintf(s.h, "blob %d\x00", f.Size)
	}
	return s
}

func (s *sum) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	if s.h != nil {
		s.h.Write(p)
	}
	return len(p), nil
}

// check compares what was written with the manifest.
func (s *sum) check() error {
	if s.f.Size > 0 && s.n != s.f.Size {
		return fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, s.n, s.f.Size)
	}
	if s.h == nil {
		return nil
	}
	want := s.f.SHA256 + s.f.GitBlob // one of them is empty
	if got := hex.EncodeToString(s.h.Sum(nil)); got != want {
		return fmt.Errorf("%w: hash %s, expected %s", ErrCorrupt, got, want)
	}
	return nil
}

// verify reads r to its end and compares it with the manifest. It reads at most
// one byte more than the file has.
func verify(ctx context.Context, f File, r io.Reader) error {
	s := newSum(f)
	limit := f.Size
	if limit == 0 {
		limit = MaxFileBytes
	}
	if _, err := io.Copy(s, io.LimitReader(contextReader{ctx, r}, limit+1)); err != nil {
		return err
	}
	if s.n > limit {
		return fmt.Errorf("%w: more than %d bytes", ErrCorrupt, limit)
	}
	return s.check()
}

// contextReader fails once its context has ended.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
