package ui

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestScreenshots draws every screen in every size, language and theme into
// the folder named by AGENTID_SHOTS, to be looked at; AGENTID_SHOTS_ONLY is a
// regular expression of the names that are wanted.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("AGENTID_SHOTS")
	if dir == "" {
		t.Skip("skipped: AGENTID_SHOTS names no folder for the pictures")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	only, err := regexp.Compile(os.Getenv("AGENTID_SHOTS_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sizes {
		for _, dark := range []bool{false, true} {
			for _, lang := range languages {
				u, _ := newUI(t, s, dark)
				look := "light"
				if dark {
					look = "dark"
				}
				for _, st := range append(states(), adminViews(lang)...) {
					name := st.name + "_" + s.name + "_" + string(lang) + "_" + look + ".png"
					if !only.MatchString(name) {
						continue
					}
					show(u, st, lang)
					f, err := os.Create(filepath.Join(dir, name))
					if err != nil {
						t.Fatal(err)
					}
					if err := png.Encode(f, u.Window().Canvas().Capture()); err != nil {
						t.Fatal(err)
					}
					if err := f.Close(); err != nil {
						t.Fatal(err)
					}
				}
				u.Close()
			}
		}
	}
}
