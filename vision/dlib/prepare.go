package dlib

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The names under which go-face opens its files.
const (
	landmarksName = "shape_predictor_5_face_landmarks.dat"
	netName       = "dlib_face_recognition_resnet_model_v1.dat"
	mmodName      = "mmod_human_face_detector.dat"
)

// Parts are the files that go-face opens, wherever they lie.
type Parts struct {
	Net       string // the encoder
	Landmarks string // five or 68 points
	MMOD      string // a CNN detector, opened at start and never run
}

// ErrModel says that a model folder or file cannot be used.
var ErrModel = errors.New("unusable dlib model")

// Prepare lays the parts out as go-face wants them, as links in a folder below
// cacheDir, and returns that folder. The folder is named after the parts, their
// sizes and their times, and appears whole or not at all: processes may prepare
// at the same time, and other parts, or a part that changed, make another folder.
func Prepare(cacheDir string, p Parts) (string, error) {
	links := map[string]string{netName: p.Net, landmarksName: p.Landmarks, mmodName: p.MMOD}
	id := sha256.New()
	for _, name := range []string{netName, landmarksName, mmodName} {
		path, err := filepath.Abs(links[name])
		if err != nil {
			return "", fmt.Errorf("prepare models: %w", err)
		}
		st, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("prepare models: %w", err)
		}
		if !st.Mode().IsRegular() || st.Size() == 0 {
			return "", fmt.Errorf("prepare models: %w: %s", ErrModel, path)
		}
		links[name] = path
		fmt.Fprintf(id, "%s\x00%s\x00%d\x00%d\x00", name, path, st.Size(), st.ModTime().UnixNano())
	}
	dir := filepath.Join(cacheDir, fmt.Sprintf("%x", id.Sum(nil)[:8]))
	if linked(dir, links) {
		return dir, nil
	}
	if err := layOut(cacheDir, dir, links); err != nil {
		return "", fmt.Errorf("prepare models: %w", err)
	}
	return dir, nil
}

// linked says that the folder holds the links.
func linked(dir string, links map[string]string) bool {
	for name, want := range links {
		if got, err := os.Readlink(filepath.Join(dir, name)); err != nil || got != want {
			return false
		}
	}
	return true
}

// layOut makes the folder beside its place and moves it there.
func layOut(cacheDir, dir string, links map[string]string) error {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cacheDir, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for name, path := range links {
		if err := os.Symlink(path, filepath.Join(tmp, name)); err != nil {
			return err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	err = os.Rename(tmp, dir)
	if err == nil || linked(dir, links) { // another process was quicker
		return nil
	}
	// Something else is in its place: a folder that somebody damaged.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil && !linked(dir, links) {
		return err
	}
	return nil
}
