package dlib

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func fakeParts(t *testing.T) Parts {
	t.Helper()
	dir := t.TempDir()
	return Parts{
		Net:       write(t, filepath.Join(dir, "net"), "net"),
		Landmarks: write(t, filepath.Join(dir, "68"), "landmarks"),
		MMOD:      write(t, filepath.Join(dir, "mmod"), "mmod"),
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPrepare(t *testing.T) {
	cache, p := filepath.Join(t.TempDir(), "deep", "cache"), fakeParts(t)
	dir, err := Prepare(cache, p)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{netName: "net", landmarksName: "landmarks", mmodName: "mmod"} {
		if got := content(t, dir, name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	if again, err := Prepare(cache, p); err != nil || again != dir {
		t.Errorf("again: %s, %v; want %s", again, err, dir)
	}

	// A damaged folder is mended.
	if err := os.Remove(filepath.Join(dir, netName)); err != nil {
		t.Fatal(err)
	}
	if again, err := Prepare(cache, p); err != nil || again != dir || content(t, dir, netName) != "net" {
		t.Errorf("mended: %s, %v", again, err)
	}

	// A new model of the same size at the same place is another folder.
	write(t, p.Net, "NET")
	if err := os.Chtimes(p.Net, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	other, err := Prepare(cache, p)
	if err != nil || other == dir || content(t, other, netName) != "NET" {
		t.Errorf("changed: %s, %v", other, err)
	}

	left, err := filepath.Glob(filepath.Join(cache, ".new-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPrepareAtOnce(t *testing.T) {
	cache, p := t.TempDir(), fakeParts(t)
	var wg sync.WaitGroup
	dirs, errs := make([]string, 16), make([]error, 16)
	for i := range dirs {
		wg.Go(func() { dirs[i], errs[i] = Prepare(cache, p) })
	}
	wg.Wait()
	for i := range dirs {
		if errs[i] != nil || dirs[i] != dirs[0] || content(t, dirs[i], netName) != "net" {
			t.Errorf("%d: %s, %v", i, dirs[i], errs[i])
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	good := fakeParts(t)
	empty := write(t, filepath.Join(t.TempDir(), "empty"), "")
	for name, tc := range map[string]struct {
		p    Parts
		want error
	}{
		"missing":  {Parts{good.Net, good.Landmarks, good.MMOD + "x"}, os.ErrNotExist},
		"empty":    {Parts{empty, good.Landmarks, good.MMOD}, ErrModel},
		"a folder": {Parts{good.Net, t.TempDir(), good.MMOD}, ErrModel},
	} {
		cache := t.TempDir()
		if dir, err := Prepare(cache, tc.p); !errors.Is(err, tc.want) {
			t.Errorf("%s: %q, %v", name, dir, err)
		}
		if made, err := os.ReadDir(cache); err != nil || len(made) != 0 {
			t.Errorf("%s: made %v, %v", name, made, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := builtinSpec()
	dir, err := Prepare(t.TempDir(), fakeParts(t)) // files, but no models
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, good); !errors.Is(err, ErrModel) {
		t.Errorf("garbage: %v", err)
	}
	if _, err := Open(t.TempDir(), good); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("empty folder: %v", err)
	}
	bad := good
	bad.Dim = 512
	if _, err := Open(dir, bad); !errors.Is(err, ErrModel) {
		t.Errorf("512 numbers: %v", err)
	}
}
