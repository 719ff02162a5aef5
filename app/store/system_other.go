//go:build !linux

package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// freeBytes is known on Linux only, which is what a kiosk runs.
func freeBytes(string) (uint64, error) {
	return 0, fmt.Errorf("free disk space: %w", errors.ErrUnsupported)
}

// ownerOnly refuses a secret that others could read.
func ownerOnly(info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("%w: mode %#o, want 0600", ErrKeyExposed, perm)
	}
	return nil
}
