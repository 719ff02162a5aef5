// Package keyplace tells whether a key lies among the data that it protects,
// where whoever copies the one copies the other. Every key file of the kiosk is
// held to it.
package keyplace

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Within tells whether a file lies, or would lie, in a folder, by whatever links
// they are named. Neither has to exist.
func Within(file, dir string) (bool, error) {
	f, err := realPath(file)
	if err != nil {
		return false, fmt.Errorf("place of the key: %w", err)
	}
	d, err := realPath(dir)
	if err != nil {
		return false, fmt.Errorf("place of the data: %w", err)
	}
	rel, err := filepath.Rel(d, f)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)), nil
}

// realPath follows the links of as much of a path as exists.
func realPath(p string) (string, error) {
	p, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	for rest := ""; ; p = filepath.Dir(p) {
		switch real, err := filepath.EvalSymlinks(p); {
		case err == nil:
			return filepath.Join(real, rest), nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(p) == p:
			return "", err
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}
