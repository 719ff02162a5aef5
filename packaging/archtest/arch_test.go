package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// list runs go list -deps over the module.
func list(t *testing.T) []Package {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "migrated_fynedo",
		"-json=ImportPath,Name,Standard,ForTest,CgoFiles,Imports,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func TestTheHouseIsInOrder(t *testing.T) {
	pkgs := list(t)
	ours := 0
	for _, p := range pkgs {
		if strings.HasPrefix(p.ImportPath, module+"/") {
			ours++
		}
	}
	if ours < 5 {
		t.Fatalf("go list shows %d packages of ours: it did not look in the right place", ours)
	}
	for _, v := range Check(pkgs) {
		t.Error(v)
	}
}

// Files that builds leave out count too: sync/ holds none, whatever their tags.
func TestNoGoFileLiesInSync(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "sync", "*.go"))
	if err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
}

// The product knows no folder beside its own: only the Makefile and tests do.
func TestProductKnowsNoSharedFolder(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for _, s := range []string{"../" + "shared", "work/" + "shared", "AGENTID_" + "SHARED\")"} {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s knows %s", path, s)
			}
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d files, %v", seen, err)
	}
}

func TestCheckSeesEachBreach(t *testing.T) {
	const (
		store = module + "/app/store"
		dom   = module + "/app/domain"
		vis   = module + "/vision"
		gocv  = "gocv.io/x/gocv"
	)
	native := Package{ImportPath: gocv, CgoFiles: []string{"core.go"}}
	for name, tt := range map[string]struct {
		pkgs []Package
		want string // "" where there is no breach
	}{
		"good": {[]Package{{ImportPath: store, Imports: []string{dom, "os"}, Deps: []string{dom, "os"}}}, ""},
		"domain imports ours": {[]Package{{ImportPath: dom, Imports: []string{vis}, Deps: []string{vis}}},
			"app/domain imports vision"},
		"domain imports a library": {[]Package{{ImportPath: dom, Imports: []string{"github.com/google/uuid"}}, {ImportPath: "github.com/google/uuid"}},
			"standard library alone"},
		"domain and the standard library": {[]Package{{ImportPath: dom, Imports: []string{"time"}}, {ImportPath: "time", Standard: true}}, ""},
		"a test double in the product":    {[]Package{{ImportPath: store, Imports: []string{dom + "/domaintest"}}}, "which is for tests"},
		"a test double in another":        {[]Package{{ImportPath: store + "/storetest", Imports: []string{dom + "/domaintest"}}}, ""},
		"store imports vision":            {[]Package{{ImportPath: store, Imports: []string{vis}}}, "app/store imports vision"},
		"ui reaches vision": {[]Package{{ImportPath: module + "/ui/screens", Imports: []string{module + "/app/kiosk"}, Deps: []string{module + "/app/kiosk", vis}}},
			"ui/screens reaches vision, which it must never"},
		"central reaches store": {[]Package{{ImportPath: module + "/sync/central/api", Deps: []string{store}}}, "reaches app/store"},
		"vision reaches sync":   {[]Package{{ImportPath: vis + "/eval", Deps: []string{module + "/sync/client"}}}, "reaches sync/client"},
		"vision within itself":  {[]Package{{ImportPath: vis + "/eval", Imports: []string{vis}, Deps: []string{vis, dom}}}, ""},
		"cgo where it may be":   {[]Package{native, {ImportPath: vis + "/opencv", Imports: []string{gocv}, Deps: []string{gocv}}}, ""},
		"cgo in store":          {[]Package{native, {ImportPath: store, Deps: []string{gocv}}}, "needs cgo"},
		"C of our own":          {[]Package{{ImportPath: module + "/ui", CgoFiles: []string{"x.go"}}}, "ui holds cgo"},
		"cgo of the standard library": {[]Package{{ImportPath: "net", Standard: true, CgoFiles: []string{"cgo.go"}},
			{ImportPath: store, Deps: []string{"net"}}}, ""},
		"gocv outside its place": {[]Package{{ImportPath: module + "/app", Name: "main", Imports: []string{gocv}}}, "only vision/opencv may"},
		"fyne in the kiosk":      {[]Package{{ImportPath: module + "/app/kiosk", Imports: []string{"fyne.io/fyne/v2"}}}, "only ui/... may"},
		"another program":        {[]Package{{ImportPath: vis + "/tool", Name: "main"}}, "vision/tool is a program"},
		"a known program":        {[]Package{{ImportPath: vis + "/espcam", Name: "main"}}, ""},
		"package sync":           {[]Package{{ImportPath: module + "/sync"}}, "sync"},
		"a package nobody knows": {[]Package{{ImportPath: module + "/util"}}, "no rule knows"},
	} {
		got := Check(tt.pkgs)
		if text := strings.Join(got, "\n"); tt.want == "" && len(got) > 0 || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %q, expected %q", name, got, tt.want)
		}
	}
}
