package device

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"agentid/vision"
)

// maxFolder bounds how many pictures of a folder are played.
const maxFolder = 100_000

// Folder plays the JPEGs of a folder in the order of their names, fps a
// second, round and round. They are read when their turn comes.
func Folder(dir string, fps float64) (Content, error) {
	if !(fps > 0) {
		return nil, fmt.Errorf("folder %s: %v pictures a second", dir, fps)
	}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("folder: %w", err)
	}
	f := &folder{fps: fps}
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".jpg", ".jpeg":
			if !e.IsDir() && len(f.files) < maxFolder {
				f.files = append(f.files, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(f.files) == 0 {
		return nil, fmt.Errorf("folder %s has no JPEGs", dir)
	}
	return f, nil
}

type folder struct {
	files []string
	fps   float64
}

func (f *folder) Picture(t time.Duration, s Settings) ([]byte, error) {
	b, err := readPicture(f.files[turn(t, f.fps, len(f.files))])
	if err != nil {
		return nil, err
	}
	return redevelop(b, s)
}

// turn is which of n pictures is due at t.
func turn(t time.Duration, fps float64, n int) int {
	return int(int64(max(t, 0).Seconds()*fps) % int64(n))
}

func readPicture(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, vision.MaxPartBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read picture: %w", err)
	case len(b) > vision.MaxPartBytes:
		return nil, fmt.Errorf("picture %s is larger than %d bytes", name, vision.MaxPartBytes)
	case len(b) < 4:
		return nil, errors.New("picture " + name + " is empty")
	}
	return b, nil
}
