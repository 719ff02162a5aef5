package badge

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"agentid/app/domain/domaintest"
)

func keyFile(t *testing.T) KeyFile {
	t.Helper()
	dir := t.TempDir()
	return KeyFile{File: filepath.Join(dir, "keys", "issuer.key"), DataDir: filepath.Join(dir, "data"), Create: true}
}

func open(t *testing.T, f KeyFile) Keys {
	t.Helper()
	k, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyIsMadeOnceForItsOwnerAlone(t *testing.T) {
	f := keyFile(t)
	first := open(t, f)
	f.Create = false
	if again := open(t, f); again.Issuer.ID() != first.Issuer.ID() || len(again.Retired) != 0 {
		t.Errorf("made %v, read %v", first.Issuer, again.Issuer)
	}
	info, err := os.Stat(f.File)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	files, _ := os.ReadDir(filepath.Dir(f.File))
	if len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	other := keyFile(t)
	if k := open(t, other); k.Issuer.ID() == first.Issuer.ID() {
		t.Error("two kiosks made the same key")
	}
}

func TestManyOpenersAgreeOnOneKey(t *testing.T) {
	f := keyFile(t)
	ids := make([]KeyID, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if k, err := f.Open(); err == nil {
				ids[i] = k.Issuer.ID()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == (KeyID{}) {
			t.Fatalf("%v", ids)
		}
	}
}

func TestOldBadgesStayValidAfterRotation(t *testing.T) {
	f, clock := keyFile(t), domaintest.NewClock(day0)
	var tokens []string
	k := open(t, f)
	for range 3 {
		tokens = append(tokens, badgeOf(t, k.Issuer, lucia))
		old := k.Issuer
		var err error
		if k, err = f.Rotate(clock); err != nil {
			t.Fatal(err)
		}
		if k.Issuer.ID() == old.ID() {
			t.Fatal("the key is the same after its rotation")
		}
		if b, err := os.ReadFile(f.File); err != nil || strings.Contains(string(b), base64.StdEncoding.EncodeToString(old.key.Seed())) {
			t.Fatalf("the old seed is still there (%v)", err)
		}
	}
	k = open(t, f)
	if len(k.Retired) != 3 || !k.Retired[0].At.Equal(day0) {
		t.Fatalf("%+v", k.Retired)
	}
	ring, err := NewKeyring(clock, k.Public()...)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range append(tokens, badgeOf(t, k.Issuer, lucia)) {
		if _, err := ring.Badge(s); err != nil {
			t.Errorf("badge of key %d: %v", i, err)
		}
	}

	// Somebody distrusts the first key by deleting its line.
	path := f.File + retiredSuffix
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	if err := os.WriteFile(path, []byte(strings.Join(append(lines[:1], lines[2:]...), "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if ring, err = NewKeyring(clock, open(t, f).Public()...); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Badge(tokens[0]); !errors.Is(err, ErrUnknownIssuer) {
		t.Errorf("a badge of a distrusted key: %v", err)
	}
	if _, err := ring.Badge(tokens[1]); err != nil {
		t.Errorf("a badge of a key still trusted: %v", err)
	}
}

func TestRotationsAtOnceLoseNoKey(t *testing.T) {
	f, clock := keyFile(t), domaintest.NewClock(day0)
	open(t, f)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := f.Rotate(clock); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if k := open(t, f); len(k.Retired) != 6 {
		t.Errorf("%d keys are known after 6 rotations", len(k.Retired))
	}
}

// A crash between the two steps of a rotation leaves the key in use on the list.
func TestRotationCutInTwo(t *testing.T) {
	f := keyFile(t)
	k := open(t, f)
	if err := f.retire(k, day0); err != nil {
		t.Fatal(err)
	}
	k = open(t, f)
	ring, err := NewKeyring(domaintest.NewClock(day0), k.Public()...)
	if err != nil || ring.Len() != 1 {
		t.Fatalf("%v", err)
	}
	if _, err := ring.Badge(badgeOf(t, k.Issuer, lucia)); err != nil {
		t.Error(err)
	}
}

func TestKeyFileRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, f *KeyFile)
		want error
	}{
		{"no file named", func(t *testing.T, f *KeyFile) { f.File = "" }, ErrNoKey},
		{"absent, and not to be made", func(t *testing.T, f *KeyFile) { f.File += "2"; f.Create = false }, ErrNoKey},
		{"in the data folder", func(t *testing.T, f *KeyFile) { f.File = filepath.Join(f.DataDir, "k") }, ErrKeyExposed},
		{"in the data folder by a link", func(t *testing.T, f *KeyFile) {
			link := filepath.Join(t.TempDir(), "elsewhere")
			if err := errors.Join(os.MkdirAll(f.DataDir, 0o700), os.Symlink(f.DataDir, link)); err != nil {
				t.Fatal(err)
			}
			f.File = filepath.Join(link, "sub", "k")
		}, ErrKeyExposed},
		{"readable by the group", func(t *testing.T, f *KeyFile) { os.Chmod(f.File, 0o640) }, ErrKeyExposed},
		{"retired keys that others may write", func(t *testing.T, f *KeyFile) {
			put(t, f.File+retiredSuffix, retiredHeader+"\n")
			os.Chmod(f.File+retiredSuffix, 0o666)
		}, ErrKeyExposed},
		{"empty", func(t *testing.T, f *KeyFile) { put(t, f.File, "") }, ErrInvalid},
		{"another file", func(t *testing.T, f *KeyFile) { put(t, f.File, "root:x:0:0\n") }, ErrInvalid},
		{"a short seed", func(t *testing.T, f *KeyFile) { put(t, f.File, keyHeader+"\nAAAA\n") }, ErrInvalid},
		{"two seeds", func(t *testing.T, f *KeyFile) {
			s := base64.StdEncoding.EncodeToString(seed(1))
			put(t, f.File, keyHeader+"\n"+s+"\n"+s)
		}, ErrInvalid},
		{"endless", func(t *testing.T, f *KeyFile) { put(t, f.File, strings.Repeat(" ", maxKeyFile+1)) }, ErrInvalid},
		{"a folder", func(t *testing.T, f *KeyFile) { f.File = filepath.Dir(f.File) }, ErrInvalid},
		{"a pipe", func(t *testing.T, f *KeyFile) {
			f.File += ".pipe"
			if err := syscall.Mkfifo(f.File, 0o600); err != nil {
				t.Fatal(err)
			}
		}, ErrInvalid},
		{"a bad list of retired keys", func(t *testing.T, f *KeyFile) { put(t, f.File+retiredSuffix, retiredHeader+"\nx y\n") }, ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := keyFile(t)
			open(t, f)
			c.do(t, &f)
			if k, err := f.Open(); !errors.Is(err, c.want) {
				t.Errorf("%v, %v, want %v", k.Issuer, err, c.want)
			}
			if _, err := f.Rotate(domaintest.NewClock(day0)); err == nil {
				t.Error("rotated")
			}
		})
	}
}

func put(t *testing.T, path, s string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzRetired(f *testing.F) {
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	f.Add([]byte(retiredHeader + "\n" + key + " 2027-03-01T09:30:00Z # a remark\n\n"))
	f.Add([]byte(retiredHeader))
	f.Add([]byte(retiredHeader + "\n" + key + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rs, err := parseRetired(b)
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
		for _, r := range rs {
			if len(r.Public) != 32 {
				t.Fatalf("a key of %d bytes", len(r.Public))
			}
		}
		if lines := bytes.Count(b, []byte("\n")) + 1; len(rs) > lines {
			t.Fatalf("%d keys from %d lines", len(rs), lines)
		}
	})
}
