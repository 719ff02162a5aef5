package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMasterKeyNeverPrinted(t *testing.T) {
	k := testKey(t)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("opened", "key", k, "options", Options{MasterKey: k})
	js, err := json.Marshal(map[string]any{"key": k})
	must(t, err)
	raw := k.key[:]
	for name, out := range map[string]string{
		"%v": fmt.Sprintf("%v", k), "%+v": fmt.Sprintf("%+v", Options{MasterKey: k}), "%#v": fmt.Sprintf("%#v", k),
		"%x": fmt.Sprintf("%x", k), "%s": fmt.Sprintf("%s", k), "%d": fmt.Sprintf("%d", k),
		"slog": log.String(), "json": string(js),
	} {
		for _, form := range []string{
			string(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("%X", raw), base64.StdEncoding.EncodeToString(raw),
			strings.Trim(fmt.Sprint(raw), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(raw), "[]"), " ", ","),
		} {
			if strings.Contains(out, form) {
				t.Errorf("%s shows the key", name)
			}
		}
		if !strings.Contains(out, "master key (memory)") {
			t.Errorf("%s gives %q, which says nothing", name, out)
		}
	}
}

func TestLoadMasterKey(t *testing.T) {
	text := func(b byte) string {
		return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, keySize))
	}
	put := func(t *testing.T, path, content string, mode os.FileMode) string {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(content), mode))
		must(t, os.Chmod(path, mode)) // whatever the umask
		return path
	}
	type env map[string]string
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, dir string, o *KeyOptions, e env)
		want    byte // of which the key consists
		err     error
	}{
		"file": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(dir, "key"), text(1)+"\n", 0o600)
		}, want: 1},
		"raw file": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(dir, "key"), strings.Repeat("k", keySize), 0o400)
		}, want: 'k'},
		"environment": {prepare: func(_ *testing.T, _ string, _ *KeyOptions, e env) {
			e[KeyEnv] = text(2)
		}, want: 2},
		"environment without padding": {prepare: func(_ *testing.T, _ string, _ *KeyOptions, e env) {
			e[KeyEnv] = strings.TrimRight(text(2), "=")
		}, want: 2},
		"environment before file": {prepare: func(t *testing.T, dir string, o *KeyOptions, e env) {
			o.File = put(t, filepath.Join(dir, "key"), text(1), 0o600)
			e[KeyEnv] = text(2)
		}, want: 2},
		"credential before all": {prepare: func(t *testing.T, dir string, o *KeyOptions, e env) {
			o.File = put(t, filepath.Join(dir, "key"), text(1), 0o600)
			e[KeyEnv] = text(2)
			e[credentialsEnv] = filepath.Join(dir, "credentials")
			put(t, filepath.Join(dir, "credentials", KeyCredential), text(3), 0o440)
		}, want: 3},
		"credentials of other things": {prepare: func(t *testing.T, dir string, _ *KeyOptions, e env) {
			e[KeyEnv] = text(2)
			e[credentialsEnv] = dir
		}, want: 2},
		"bad credential is not skipped": {prepare: func(t *testing.T, dir string, _ *KeyOptions, e env) {
			e[KeyEnv] = text(2)
			e[credentialsEnv] = dir
			put(t, filepath.Join(dir, KeyCredential), "short", 0o400)
		}, err: ErrInvalid},
		"nothing": {prepare: func(*testing.T, string, *KeyOptions, env) {}, err: ErrNoKey},
		"absent": {prepare: func(_ *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = filepath.Join(dir, "key")
		}, err: ErrNoKey},
		"absent beside a database": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File, o.Create = filepath.Join(dir, "key"), true
			put(t, filepath.Join(o.DataDir, databaseName), "", 0o600)
		}, err: ErrNoKey},
		"group may read": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(dir, "key"), text(1), 0o640)
		}, err: ErrKeyExposed},
		"world may read": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(dir, "key"), text(1), 0o604)
		}, err: ErrKeyExposed},
		"in the data folder": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(o.DataDir, "sub", "key"), text(1), 0o600)
		}, err: ErrKeyExposed},
		"in the data folder by a link": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			put(t, filepath.Join(o.DataDir, "key"), text(1), 0o600)
			must(t, os.Symlink(o.DataDir, filepath.Join(dir, "link")))
			o.File = filepath.Join(dir, "link", "key")
		}, err: ErrKeyExposed},
		"made in the data folder": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File, o.Create = filepath.Join(o.DataDir, "..", "data", "new", "key"), true
		}, err: ErrKeyExposed},
		"a folder": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = dir
		}, err: ErrInvalid},
		"not base64": {prepare: func(_ *testing.T, _ string, _ *KeyOptions, e env) {
			e[KeyEnv] = "not base64!"
		}, err: ErrInvalid},
		"too short": {prepare: func(_ *testing.T, _ string, _ *KeyOptions, e env) {
			e[KeyEnv] = base64.StdEncoding.EncodeToString([]byte("short"))
		}, err: ErrInvalid},
		"zeros": {prepare: func(_ *testing.T, _ string, _ *KeyOptions, e env) {
			e[KeyEnv] = text(0)
		}, err: ErrInvalid},
		"endless": {prepare: func(t *testing.T, dir string, o *KeyOptions, _ env) {
			o.File = put(t, filepath.Join(dir, "key"), strings.Repeat("A", maxKeyFile+1), 0o600)
		}, err: ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			dir, e := t.TempDir(), env{}
			o := KeyOptions{DataDir: filepath.Join(dir, "data"), Getenv: func(k string) string { return e[k] }}
			tt.prepare(t, dir, &o, e)
			k, err := LoadMasterKey(o)
			if tt.err != nil {
				wantErr(t, err, tt.err)
				return
			}
			must(t, err)
			if k.key != [keySize]byte(bytes.Repeat([]byte{tt.want}, keySize)) {
				t.Errorf("loaded the wrong key, from %s", k.Source())
			}
		})
	}
}

// However many processes make the key at once, they all have the same one.
func TestCreateMasterKeyOnce(t *testing.T) {
	dir := t.TempDir()
	o := KeyOptions{
		File: filepath.Join(dir, "etc", "master.key"), DataDir: filepath.Join(dir, "data"), Create: true,
		Getenv: func(string) string { return "" },
	}
	keys := make([]MasterKey, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			k, err := LoadMasterKey(o)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	for _, k := range keys {
		if !k.set || k.key != keys[0].key {
			t.Fatal("different keys were handed out")
		}
	}
	info, err := os.Stat(o.File)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %#o, want 0600", info.Mode().Perm())
	}
	entries, err := os.ReadDir(filepath.Dir(o.File))
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("left beside the key: %v", entries)
	}
	o.Create = false
	if again, err := LoadMasterKey(o); err != nil || again.key != keys[0].key {
		t.Errorf("loaded another key, or none: %v", err)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(base64.StdEncoding.EncodeToString(newKey())))
	f.Add(newKey())
	f.Add([]byte("==="))
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, err := parseKey(b)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
			return
		}
		if len(raw) != keySize {
			t.Errorf("key of %d bytes", len(raw))
		}
	})
}
