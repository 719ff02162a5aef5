package store

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// freeBytes is how much an unprivileged program may still write at path.
func freeBytes(path string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// ownerOnly refuses a secret that anybody but us (or root) could read or put
// there.
func ownerOnly(info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("%w: mode %#o, want 0600", ErrKeyExposed, perm)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: owned by user %d", ErrKeyExposed, st.Uid)
	}
	return nil
}
