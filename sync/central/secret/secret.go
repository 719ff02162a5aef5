// Package secret keeps the centre's master key, and wraps with it what the
// database holds: the keys of sites and the keys that tokens are signed with.
package secret

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is of the master key, in bytes.
const KeySize = 32

// Master is the name of the master key in a store.
const Master = "master.key"

// ErrAbsent says that a store has no such secret.
var ErrAbsent = errors.New("no such secret")

// Store gives secrets by name: a folder, a cloud's secret manager.
type Store interface {
	Get(ctx context.Context, name string) ([]byte, error)
}

// Dir is a folder of files that only its owner may read, each one secret.
type Dir string

// Get implements Store.
func (d Dir) Get(_ context.Context, name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("secret %s: %w", name, ErrAbsent)
	}
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("secret %s: others may read it: chmod 600 %s", name, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return b, nil
}

// Create makes a secret of random bytes, unless there is one.
func (d Dir) Create(name string, size int) (err error) {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make secret %s: %w", name, err)
	}
	// Written beside its place and linked there: it is never seen half made.
	f, err := os.CreateTemp(string(d), ".new")
	if err != nil {
		return fmt.Errorf("make secret %s: %w", name, err)
	}
	defer os.Remove(f.Name())
	b := make([]byte, size)
	rand.Read(b)
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		if err = os.Link(f.Name(), path); errors.Is(err, os.ErrExist) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("make secret %s: %w", name, err)
	}
	return nil
}

func (d Dir) path(name string) (string, error) {
	if name == "" || strings.HasPrefix(name, ".") || filepath.Base(name) != name {
		return "", fmt.Errorf("secret of an impossible name")
	}
	return filepath.Join(string(d), name), nil
}

// ErrOpen says that something was wrapped by another key, elsewhere, or is damaged.
var ErrOpen = errors.New("does not open with this master key")

// Box wraps with the master key.
type Box struct{ aead cipher.AEAD }

// NewBox makes a box of the master key.
func NewBox(master []byte) (*Box, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("master key of %d bytes, want %d", len(master), KeySize)
	}
	block, err := aes.NewCipher(master)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return &Box{aead}, nil
}

// Seal wraps plain for a place: it opens nowhere else.
func (b *Box) Seal(plain []byte, place string) []byte {
	out := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(plain)+b.aead.Overhead())
	rand.Read(out)
	return b.aead.Seal(out, out, plain, []byte("agentid central 1 "+place))
}

// Open gives what Seal wrapped.
func (b *Box) Open(sealed []byte, place string) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrOpen
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte("agentid central 1 "+place))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
