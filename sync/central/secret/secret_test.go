package secret

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestDir(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "secrets"))
	if _, err := d.Get(t.Context(), Master); !errors.Is(err, ErrAbsent) {
		t.Errorf("before: %v", err)
	}
	var first []byte
	for range 2 {
		if err := d.Create(Master, KeySize); err != nil {
			t.Fatal(err)
		}
		b, err := d.Get(t.Context(), Master)
		if err != nil || len(b) != KeySize || first != nil && !bytes.Equal(b, first) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		first = b
	}
	if left, _ := filepath.Glob(filepath.Join(string(d), ".new*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Chmod(filepath.Join(string(d), Master), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), Master); err == nil {
		t.Error("others may read it, and it is taken")
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", ".hidden"} {
		if _, err := d.Get(t.Context(), name); err == nil || errors.Is(err, ErrAbsent) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestBox(t *testing.T) {
	box := func(b byte) *Box {
		x, err := NewBox(bytes.Repeat([]byte{b}, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	sealed := box(1).Seal([]byte("key"), "here")
	if got, err := box(1).Open(sealed, "here"); string(got) != "key" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"other key":   func() ([]byte, error) { return box(2).Open(sealed, "here") },
		"other place": func() ([]byte, error) { return box(1).Open(sealed, "there") },
		"cut":         func() ([]byte, error) { return box(1).Open(sealed[:5], "here") },
		"changed":     func() ([]byte, error) { s := bytes.Clone(sealed); s[20] ^= 1; return box(1).Open(s, "here") },
	} {
		if got, err := f(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := NewBox([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}
