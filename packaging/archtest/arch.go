// Package archtest holds the house in order: it knows which package may import
// which, which may use cgo, and where programs are, and its test compares that
// with what the go command sees.
package archtest

import (
	"fmt"
	"slices"
	"strings"
)

const module = "agentid"

// Package is what `go list -json` tells of a package.
type Package struct {
	ImportPath string
	Name       string
	Standard   bool
	ForTest    string
	CgoFiles   []string
	Imports    []string
	Deps       []string
}

// rule says what the packages under a path may import of ours. The first rule
// that matches a package counts. "x/..." matches x and all within.
type rule struct {
	of  string
	may []string
}

var rules = []rule{
	{"app/domain/...", []string{"app/domain"}},
	{"app/kiosk/...", []string{"app/domain", "app/kiosk/..."}},
	{"app/chat/...", []string{"app/domain", "app/chat/..."}},
	{"app/store/...", []string{"app/domain/...", "app/store/..."}},
	{"app/badge/...", []string{"app/domain", "app/domain/keyplace", "app/badge/..."}},
	{"app/config", []string{"app/domain", "vision/mjpeg/framesize"}},
	{"app/telemetry", []string{"app/domain"}},
	{"app", []string{"app/...", "vision/...", "ui/...", "assets", "sync/protocol", "sync/outbox/...", "sync/client/..."}},
	{"ui/...", []string{"ui/...", "app/kiosk", "app/domain", "assets"}},
	{"vision/...", []string{"vision/...", "app/domain"}},
	{"sync/protocol", []string{"app/domain"}},
	{"sync/outbox/...", []string{"app/domain", "sync/protocol", "sync/outbox/..."}},
	{"sync/client/...", []string{"app/domain", "app/domain/keyplace", "sync/protocol", "sync/outbox/...", "sync/client/..."}},
	{"sync/central/...", []string{"app/domain", "sync/protocol", "sync/central/...", "assets"}},
	{"assets/...", []string{"app/domain"}},
	{"packaging/...", []string{"packaging/..."}},
}

// never lists what a package must not even reach through others.
var never = []rule{
	{"app/domain", []string{"app/...", "ui/...", "vision/...", "sync/...", "assets"}},
	{"ui/...", []string{"vision/...", "app/store/...", "sync/..."}},
	{"vision/...", []string{"sync/...", "ui/...", "app/store/...", "app/kiosk"}},
	{"sync/central/...", []string{"app/store/...", "ui/...", "vision/..."}},
	{"sync/...", []string{"vision/...", "ui/..."}},
}

// cgo lists who may need a C compiler; the packages of the first list may hold
// C themselves.
var (
	cgoOwn   = []string{"vision/opencv", "vision/dlib"}
	cgoReach = []string{"vision/opencv", "vision/dlib", "ui/...", "app"}
)

// libraries that one place alone wraps.
var libraries = []rule{
	{"fyne.io/fyne/v2/...", []string{"ui/..."}},
	{"gocv.io/x/gocv/...", []string{"vision/opencv"}},
	{"github.com/Kagami/go-face/...", []string{"vision/dlib"}},
	{"modernc.org/sqlite/...", []string{"app/store/..."}},
}

var programs = []string{"app", "sync/central", "vision/espcam"}

// Check compares packages with the rules. pkgs are those of `go list -deps`,
// of the module and of what it depends on.
func Check(pkgs []Package) []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	cgo := map[string]bool{}
	for _, p := range pkgs {
		if !p.Standard && len(p.CgoFiles) > 0 {
			cgo[p.ImportPath] = true
		}
	}
	standard := map[string]bool{"C": true, "unsafe": true}
	for _, p := range pkgs {
		standard[p.ImportPath] = p.Standard || standard[p.ImportPath]
	}
	for _, p := range pkgs {
		path, ours := own(p.ImportPath)
		if !ours || p.ForTest != "" {
			continue
		}
		r := slices.IndexFunc(rules, func(r rule) bool { return match(r.of, path) })
		if r < 0 {
			bad("%s: no rule knows this package: add it to packaging/archtest", path)
			continue
		}
		for _, dep := range p.Imports {
			d, mine := own(dep)
			switch {
			case mine && !matchAny(rules[r].may, d):
				bad("%s imports %s: it may import %s", path, d, strings.Join(rules[r].may, ", "))
			case !mine && path == "app/domain" && !standard[dep]:
				bad("%s imports %s: it may import the standard library alone", path, dep)
			}
			if mine && strings.HasSuffix(d, "test") && !strings.HasSuffix(path, "test") {
				bad("%s imports %s, which is for tests", path, d)
			}
			for _, l := range libraries {
				if match(l.of, dep) && !matchAny(l.may, path) {
					bad("%s imports %s: only %s may", path, dep, strings.Join(l.may, ", "))
				}
			}
		}
		for _, dep := range p.Deps {
			d, mine := own(dep)
			for _, n := range never {
				if mine && match(n.of, path) && matchAny(n.may, d) && d != path && !sameTree(n.of, d) {
					bad("%s reaches %s, which it must never", path, d)
				}
			}
			if cgo[dep] && !matchAny(cgoReach, path) {
				bad("%s reaches %s, which needs cgo: only %s may", path, dep, strings.Join(cgoReach, ", "))
			}
		}
		if len(p.CgoFiles) > 0 && !matchAny(cgoOwn, path) {
			bad("%s holds cgo: only %s may", path, strings.Join(cgoOwn, ", "))
		}
		if p.Name == "main" && !slices.Contains(programs, path) {
			bad("%s is a program: only %s are", path, strings.Join(programs, ", "))
		}
		if path == "sync" {
			bad("sync holds Go files: its name would shadow the standard library's")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// own strips the module from an import path, and tells whether it was there.
func own(path string) (string, bool) {
	path, _, _ = strings.Cut(path, " ") // "x [x.test]"
	return strings.CutPrefix(path, module+"/")
}

// match tells whether a path is the pattern, or within "pattern/...".
func match(pattern, path string) bool {
	tree, ok := strings.CutSuffix(pattern, "/...")
	return path == tree || ok && strings.HasPrefix(path, tree+"/")
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, path) })
}

// sameTree keeps a rule about a tree from forbidding the tree itself.
func sameTree(of, path string) bool { return strings.HasSuffix(of, "/...") && match(of, path) }
