package models_test

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"agentid/vision/models"
)

const content = "the weights of a net"

func sha(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func blob(s string) string {
	h := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(s), s))
	return hex.EncodeToString(h[:])
}

// small is a manifest of small models.
func small() models.Manifest {
	return models.Manifest{Schema: 1, Models: []models.Model{
		{ID: "net", Files: []models.File{{Name: "net.dat", Size: int64(len(content)), SHA256: sha(content)}}},
		{ID: "blob", Files: []models.File{{Name: "blob.dat", Size: int64(len(content)), GitBlob: blob(content)}}},
		{ID: "pair", Files: []models.File{
			{Name: "net.dat", Size: int64(len(content)), SHA256: sha(content)},
			{Name: "cascade.xml", Package: "opencv-data"},
		}},
	}}
}

func write(t testing.TB, data string, path ...string) string {
	t.Helper()
	p := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFindKeepsTheSearchOrder(t *testing.T) {
	flag, env1, env2, user := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	env := env1 + string(os.PathListSeparator) + env2
	finder := &models.Finder{
		Manifest: small(),
		Dirs:     models.SearchDirs(flag, env, user),
		Builtin:  fstest.MapFS{"net.dat": {Data: []byte(content)}},
	}
	find := func() models.FoundFile {
		t.Helper()
		found, err := finder.Find(t.Context(), "net")
		if err != nil {
			t.Fatal(err)
		}
		f, ok := found.File("net.dat")
		if !ok {
			t.Fatal("the file is not among the files")
		}
		return f
	}
	// From the last place to the first: each new one goes before.
	if f := find(); f.Where != models.WhereBuiltin {
		t.Errorf("nothing installed: from %s", f.Where)
	}
	for _, step := range []struct {
		path  string
		where models.Where
	}{
		{filepath.Join(user, "net", "net.dat"), models.WhereUser},
		{filepath.Join(env2, "net.dat"), models.WhereEnvironment},
		{filepath.Join(env1, "net", "net.dat"), models.WhereEnvironment},
		{filepath.Join(flag, "net.dat"), models.WhereFlag},
	} {
		write(t, content, step.path)
		if f := find(); f.Path != step.path || f.Where != step.where {
			t.Errorf("found %s (%s), expected %s (%s)", f.Path, f.Where, step.path, step.where)
		}
	}
}

func TestSearchDirsLeavesOutWhatIsEmpty(t *testing.T) {
	if d := models.SearchDirs("", "", ""); len(d) != 0 {
		t.Errorf("%v", d)
	}
	if d := models.SearchDirs("", "/a::/b", "/u"); len(d) != 3 || d[2].Where != models.WhereUser {
		t.Errorf("%v", d)
	}
}

func TestFindPassesOverAFalseFile(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	bad := write(t, strings.ToUpper(content), first, "net.dat") // of the right size
	good := write(t, content, second, "net.dat")
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(first, second, "")}
	found, err := finder.Find(t.Context(), "net")
	if err != nil {
		t.Fatal(err)
	}
	if found.Files[0].Path != good {
		t.Errorf("found %s", found.Files[0].Path)
	}
	if len(found.Refused) != 1 || !errors.Is(found.Refused[0], models.ErrCorrupt) || !strings.Contains(found.Refused[0].Error(), bad) {
		t.Errorf("refused %v", found.Refused)
	}
	if err := os.Remove(good); err != nil {
		t.Fatal(err)
	}
	_, err = finder.Find(t.Context(), "net")
	if !errors.Is(err, models.ErrNotInstalled) || !errors.Is(err, models.ErrCorrupt) {
		t.Errorf("only a false file: %v", err)
	}
}

func TestFindRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"empty":     "",
		"short":     content[1:],
		"long":      content + "!",
		"other":     strings.Repeat("x", len(content)),
		"directory": "DIR",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range []string{"net.dat", "blob.dat"} {
				if data == "DIR" {
					if err := os.Mkdir(filepath.Join(dir, file), 0o755); err != nil {
						t.Fatal(err)
					}
					continue
				}
				write(t, data, dir, file)
			}
			finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
			for _, id := range []string{"net", "blob"} {
				if _, err := finder.Find(t.Context(), id); !errors.Is(err, models.ErrNotInstalled) || !errors.Is(err, models.ErrCorrupt) {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
}

func TestFindVerifiesAGitBlob(t *testing.T) {
	dir := t.TempDir()
	write(t, content, dir, "blob.dat")
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
	if _, err := finder.Find(t.Context(), "blob"); err != nil {
		t.Error(err)
	}
}

func TestFindSeesThatAVerifiedFileChanged(t *testing.T) {
	dir := t.TempDir()
	path := write(t, content, dir, "net.dat")
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
	if _, err := finder.Find(t.Context(), "net"); err != nil {
		t.Fatal(err)
	}
	write(t, strings.ToUpper(content), path)
	if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := finder.Find(t.Context(), "net"); !errors.Is(err, models.ErrCorrupt) {
		t.Errorf("after the change: %v", err)
	}
}

// A file that was verified is not read again: seen by reading what may not be read.
func TestFindVerifiesOnce(t *testing.T) {
	dir := t.TempDir()
	path := write(t, content, dir, "net.dat")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
	if _, err := finder.Find(t.Context(), "net"); err != nil {
		t.Fatal(err)
	}
	// The same size and time: only who reads it again sees the change.
	write(t, strings.ToUpper(content), path)
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, err := finder.Find(t.Context(), "net"); err != nil {
		t.Errorf("it was read again: %v", err)
	}
}

func TestFindTellsWhatIsMissing(t *testing.T) {
	finder := &models.Finder{Manifest: small(), SystemDirs: []string{t.TempDir()}}
	_, err := finder.Find(t.Context(), "pair")
	if !errors.Is(err, models.ErrNotInstalled) || !strings.Contains(err.Error(), "net.dat") || !strings.Contains(err.Error(), "package opencv-data") {
		t.Errorf("%v", err)
	}
	if _, err := finder.Find(t.Context(), "nobody"); !errors.Is(err, models.ErrUnknownModel) {
		t.Errorf("unknown: %v", err)
	}
}

func TestFindTakesSystemFilesFromThePackagesFolderOnly(t *testing.T) {
	system, dir := t.TempDir(), t.TempDir()
	write(t, "<xml/>", system, "cascade.xml")
	write(t, content, system, "net.dat") // not of a package: not looked for there
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", ""), SystemDirs: []string{system}}
	if _, err := finder.Find(t.Context(), "pair"); !errors.Is(err, models.ErrNotInstalled) {
		t.Errorf("took a file from the system's folder: %v", err)
	}
	write(t, content, dir, "net.dat")
	found, err := finder.Find(t.Context(), "pair")
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := found.File("cascade.xml"); f.Where != models.WhereSystem {
		t.Errorf("%+v", f)
	}
}

func TestFindStopsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	write(t, content, dir, "net.dat")
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := finder.Find(ctx, "net"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// That is no verdict about the file.
	if _, err := finder.Find(t.Context(), "net"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestFindIsSafeForConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	write(t, content, dir, "net.dat")
	finder := &models.Finder{Manifest: small(), Dirs: models.SearchDirs(dir, "", "")}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := finder.Find(t.Context(), "net"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOnDiskMendsAFalseFile(t *testing.T) {
	finder := &models.Finder{Manifest: small(), Builtin: fstest.MapFS{"net.dat": {Data: []byte(content)}}}
	found, err := finder.Find(t.Context(), "net")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, "cut off", dir, "net.dat")
	path, err := found.Files[0].OnDisk(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != content {
		t.Errorf("%q, %v", data, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	write(t, content, dir, "net.dat")
	m := small()
	m.Models[1].Files[0].URL = "https://example.org/blob.dat"
	got, err := models.List(t.Context(), &models.Finder{Manifest: m, Dirs: models.SearchDirs("", "", dir)})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Found == nil || got[0].Installable || got[1].Found != nil || !got[1].Installable || !errors.Is(got[1].Err, models.ErrNotInstalled) {
		t.Errorf("%+v", got)
	}
}
