//go:build unix

package badge

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const nonBlock = syscall.O_NONBLOCK

// ours refuses a file that anybody but us (or root) put there.
func ours(info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: owned by user %d", ErrKeyExposed, st.Uid)
	}
	return nil
}

// lockDir keeps two rotations apart; the lock ends with the process.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		d.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { d.Close() }, nil
}
