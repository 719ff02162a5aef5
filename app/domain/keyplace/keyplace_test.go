package keyplace

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWithin(t *testing.T) {
	top := t.TempDir()
	data, keys := filepath.Join(top, "data"), filepath.Join(top, "keys")
	for _, d := range []string{data, keys} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(top, "link")
	if err := os.Symlink(data, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, dir string
		want      bool
	}{
		{filepath.Join(data, "k"), data, true},
		{filepath.Join(data, "not", "there", "k"), data, true},
		{filepath.Join(link, "k"), data, true},
		{filepath.Join(data, "k"), link, true},
		{filepath.Join(keys, "..", "data", "k"), data, true},
		{data, data, true},
		{filepath.Join(keys, "k"), data, false},
		{data + "2", data, false},
		{filepath.Join(data, "..k"), data, true},
		{filepath.Join(top, "k"), filepath.Join(top, "absent"), false},
	} {
		if got, err := Within(c.file, c.dir); err != nil || got != c.want {
			t.Errorf("%s in %s: %v, %v", c.file, c.dir, got, err)
		}
	}
}
