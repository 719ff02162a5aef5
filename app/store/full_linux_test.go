package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"agentid/app/store/storetest"
)

// On a real file system that is full, and later is not.
func TestDiskFull(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	t.Run("full", func(t *testing.T) { fillAndHeal(t, mount) }) // closes the store first
}

func fillAndHeal(t *testing.T, mount string) {
	ballast := filepath.Join(mount, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	reserve := filepath.Join(mount, "reserve")
	must(t, os.WriteFile(reserve, make([]byte, 128<<10), 0o600)) // less than a picture
	s := openTest(t, filepath.Join(mount, "data"), nil)
	var recorded uint64
	fill := func(picture func(n int) []byte) {
		t.Helper()
		for failures, n := 0, 0; failures < 5; n++ {
			e, err := s.Record(t.Context(), storetest.Recognition(""), picture(n))
			if err == nil {
				if recorded++; e.Seq != recorded {
					t.Fatalf("seq %d, want %d", e.Seq, recorded)
				}
				continue
			}
			failures++
			wantErr(t, err, ErrDiskFull)
		}
	}
	// First the pictures find no room, then not even the rows do.
	fill(func(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "picture %d ", n), 40000) })
	pictures := recorded
	must(t, os.Remove(reserve))
	fill(func(int) []byte { return nil })
	if pictures < 2 || recorded == pictures {
		t.Errorf("%d events with pictures and %d without: too small to show anything", pictures, recorded-pictures)
	}
	must(t, os.Remove(ballast))

	e, err := s.Record(t.Context(), storetest.Recognition(""), []byte("room again"))
	if must(t, err); e.Seq != recorded+1 {
		t.Errorf("seq %d after %d", e.Seq, recorded)
	}
	h, err := s.Check(t.Context())
	must(t, err)
	if h.Events != int64(e.Seq) || h.Pending != int(e.Seq) || h.Snapshots != int64(pictures)+1 || h.Problems != nil {
		t.Errorf("health %+v, want %d events, %d pictures", h, e.Seq, pictures+1)
	}
}

// On a file system that has become read-only, what is there can be read still.
func TestReadOnlyFolder(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(mount, "data")
	s := openTest(t, dir, nil)
	_, err := s.Record(t.Context(), storetest.Recognition(""), []byte("picture"))
	must(t, err)
	must(t, s.Close())
	must(t, syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	if s, err := Open(t.Context(), testOptions(t, dir, nil)); err == nil {
		s.Close()
		t.Error("opened, though nothing can be recorded")
	} else if !errors.Is(err, ErrReadOnly) {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
}
