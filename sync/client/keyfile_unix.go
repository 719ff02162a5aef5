//go:build unix

package client

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const nonBlock = syscall.O_NONBLOCK

// ownerOnly refuses a file that anybody but us (or root) owns or may read.
func ownerOnly(info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: owned by user %d", ErrKeyExposed, st.Uid)
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		return fmt.Errorf("%w: mode %#o, want 0600", ErrKeyExposed, m)
	}
	return nil
}
