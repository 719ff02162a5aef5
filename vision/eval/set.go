package eval

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Caps on what a folder may hold.
const (
	maxPictures     = 100_000
	maxPictureBytes = 16 << 20
)

// Set is the pictures of people: one folder for each person.
type Set struct {
	Dir    string
	People []Person
}

// Person is one person's pictures.
type Person struct {
	Name  string
	Files []string // paths
}

// Pictures is how many there are.
func (s Set) Pictures() int {
	var n int
	for _, p := range s.People {
		n += len(p.Files)
	}
	return n
}

// ErrTooFew says that a set gives no pairs to measure on.
var ErrTooFew = errors.New("needs two people or more, and two usable pictures of one of them")

// LoadSet lists dir/person/*.jpg (and .jpeg), in the order of their names.
func LoadSet(dir string) (Set, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Set{}, fmt.Errorf("list people: %w", err)
	}
	s := Set{Dir: dir}
	var total int
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if st, err := os.Stat(path); err != nil || !st.IsDir() { // follows links
			continue
		}
		files, err := os.ReadDir(path)
		if err != nil {
			return Set{}, fmt.Errorf("list pictures: %w", err)
		}
		p := Person{Name: e.Name()}
		for _, f := range files {
			if ext := strings.ToLower(filepath.Ext(f.Name())); !f.IsDir() && (ext == ".jpg" || ext == ".jpeg") {
				p.Files = append(p.Files, filepath.Join(path, f.Name()))
			}
		}
		if total += len(p.Files); total > maxPictures {
			return Set{}, fmt.Errorf("list pictures: more than %d", maxPictures)
		}
		if len(p.Files) > 0 {
			s.People = append(s.People, p)
		}
	}
	if total == 0 {
		return Set{}, fmt.Errorf("list people: no person/*.jpg in %s", dir)
	}
	return s, nil
}

func readPicture(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPictureBytes+1))
	if err == nil && len(b) > maxPictureBytes {
		err = fmt.Errorf("over %d MB", maxPictureBytes>>20)
	}
	return b, err
}
