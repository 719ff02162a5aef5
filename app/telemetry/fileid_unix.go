//go:build unix

package telemetry

import (
	"io/fs"
	"strconv"
	"syscall"
)

// fileID names a file whatever it is called meanwhile.
func fileID(info fs.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(st.Ino), 16)
	}
	return "0"
}
