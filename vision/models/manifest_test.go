package models_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/assets"
	"agentid/vision"
	"agentid/vision/models"
)

func ours(t testing.TB) models.Manifest {
	t.Helper()
	m, err := models.Parse(assets.ModelManifest())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOurManifestNamesEveryModel(t *testing.T) {
	m := ours(t)
	want := map[string]models.Kind{
		"agentid_resnet_half_v0":   models.KindEncoder,
		"dlib_resnet_v1":           models.KindEncoder,
		"mobilefacenet_128":        models.KindEncoder,
		"yunet_n_320":              models.KindDetector,
		"haar_frontalface":         models.KindDetector,
		"mmod_human_face_detector": models.KindDetector,
		"dlib_landmarks_5":         models.KindLandmarks,
		"dlib_landmarks_68":        models.KindLandmarks,
		"minifasnet":               models.KindLiveness,
	}
	if len(m.Models) != len(want) {
		t.Errorf("%d models, expected %d", len(m.Models), len(want))
	}
	for id, kind := range want {
		if x, ok := m.Model(id); !ok || x.Kind != kind {
			t.Errorf("%s: found %v, kind %q, expected %q", id, ok, x.Kind, kind)
		}
	}
	if _, ok := m.Model("nobody"); ok {
		t.Error("found a model that is not there")
	}
}

func TestEncoderSpec(t *testing.T) {
	m := ours(t)
	onnx, _ := m.Model("mobilefacenet_128")
	s := onnx.EncoderSpec()
	if s.Ref.String() != "mobilefacenet_128@1" || s.Metric != vision.CosineDistance || s.Side != 112 || s.Dim != 128 || s.Demo {
		t.Errorf("mobilefacenet: %+v", s)
	}
	if math.Abs(s.Threshold-0.59) > 1e-9 || s.Mean != [3]float32{0.485, 0.456, 0.406} || s.Std != [3]float32{0.229, 0.224, 0.225} {
		t.Errorf("mobilefacenet: %+v", s)
	}
	own, _ := m.Model("agentid_resnet_half_v0")
	s = own.EncoderSpec()
	// dlib normalises within: the identity.
	if s.Metric != vision.Euclidean || s.Threshold != 0.6 || s.Side != 150 || !s.Demo || s.Mean != [3]float32{} || s.Std != [3]float32{1, 1, 1} {
		t.Errorf("built-in: %+v", s)
	}
}

// edit returns our manifest as JSON after a change to one of its models.
func edit(t testing.TB, id string, change func(m map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(assets.ModelManifest(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, x := range doc["models"].([]any) {
		if m := x.(map[string]any); m["id"] == id {
			change(m)
			data, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatalf("no model %s", id)
	return nil
}

func file0(m map[string]any) map[string]any { return m["files"].([]any)[0].(map[string]any) }

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		id     string
		change func(m map[string]any)
		want   string
	}{
		"unknown field":         {"yunet_n_320", func(m map[string]any) { m["colour"] = "blue" }, "unknown field"},
		"unknown file field":    {"yunet_n_320", func(m map[string]any) { file0(m)["mirror"] = "x" }, "unknown field"},
		"id twice":              {"yunet_n_320", func(m map[string]any) { m["id"] = "minifasnet" }, "twice"},
		"id with a path":        {"yunet_n_320", func(m map[string]any) { m["id"] = "../x" }, "model id"},
		"kind":                  {"yunet_n_320", func(m map[string]any) { m["kind"] = "guess" }, "kind"},
		"engine":                {"yunet_n_320", func(m map[string]any) { m["engine"] = "tea" }, "engine"},
		"grade":                 {"yunet_n_320", func(m map[string]any) { m["grade"] = "" }, "grade"},
		"no files":              {"yunet_n_320", func(m map[string]any) { m["files"] = []any{} }, "0 files"},
		"file twice":            {"minifasnet", func(m map[string]any) { f := m["files"].([]any); f[1] = f[0] }, "twice"},
		"slash":                 {"yunet_n_320", func(m map[string]any) { file0(m)["name"] = "a/b" }, "no path"},
		"backslash":             {"yunet_n_320", func(m map[string]any) { file0(m)["name"] = `a\b` }, "no path"},
		"dots":                  {"yunet_n_320", func(m map[string]any) { file0(m)["name"] = ".." }, "no path"},
		"hidden":                {"yunet_n_320", func(m map[string]any) { file0(m)["name"] = ".bashrc" }, "no path"},
		"huge":                  {"yunet_n_320", func(m map[string]any) { file0(m)["size"] = models.MaxFileBytes + 1 }, "size"},
		"negative":              {"yunet_n_320", func(m map[string]any) { file0(m)["size"] = -1 }, "size"},
		"no size":               {"yunet_n_320", func(m map[string]any) { delete(file0(m), "size") }, "size is needed"},
		"no hash":               {"yunet_n_320", func(m map[string]any) { delete(file0(m), "sha256") }, "is needed"},
		"short hash":            {"yunet_n_320", func(m map[string]any) { file0(m)["sha256"] = "abc" }, "64"},
		"not a hash":            {"yunet_n_320", func(m map[string]any) { file0(m)["sha256"] = strings.Repeat("Z", 64) }, "64"},
		"two hashes":            {"dlib_landmarks_5", func(m map[string]any) { file0(m)["sha256"] = strings.Repeat("0", 64) }, "only one"},
		"compression":           {"yunet_n_320", func(m map[string]any) { file0(m)["compression"] = "zip" }, "compression"},
		"no licence":            {"yunet_n_320", func(m map[string]any) { file0(m)["licence"] = "" }, "licence"},
		"plain http":            {"yunet_n_320", func(m map[string]any) { file0(m)["url"] = "http://example.org/x" }, "https"},
		"file address":          {"yunet_n_320", func(m map[string]any) { file0(m)["url"] = "file:///etc/passwd" }, "host"},
		"credentials":           {"yunet_n_320", func(m map[string]any) { file0(m)["url"] = "https://a:b@example.org/x" }, "credentials"},
		"package with address":  {"haar_frontalface", func(m map[string]any) { file0(m)["url"] = "https://example.org/x" }, "no url"},
		"metric of a detector":  {"yunet_n_320", func(m map[string]any) { m["metric"] = "euclidean" }, "of encoders"},
		"unknown metric":        {"mobilefacenet_128", func(m map[string]any) { m["metric"] = "cosine" }, "metric"},
		"no threshold":          {"mobilefacenet_128", func(m map[string]any) { delete(m, "threshold") }, "threshold"},
		"threshold of 2":        {"mobilefacenet_128", func(m map[string]any) { m["threshold"] = 2 }, "threshold"},
		"dim":                   {"mobilefacenet_128", func(m map[string]any) { m["dim"] = 0 }, "dim"},
		"oblong encoder":        {"mobilefacenet_128", func(m map[string]any) { m["input"].(map[string]any)["height"] = 96 }, "square"},
		"bgr encoder":           {"mobilefacenet_128", func(m map[string]any) { m["input"].(map[string]any)["colour"] = "bgr" }, "rgb"},
		"encoder's scale":       {"mobilefacenet_128", func(m map[string]any) { m["normalisation"].(map[string]any)["scale"] = 1 }, "1/255"},
		"std of zero":           {"mobilefacenet_128", func(m map[string]any) { m["normalisation"].(map[string]any)["std"] = []any{0, 1, 1} }, "std"},
		"no input":              {"yunet_n_320", func(m map[string]any) { delete(m, "input") }, "input is missing"},
		"input of nothing":      {"yunet_n_320", func(m map[string]any) { m["input"].(map[string]any)["width"] = 0 }, "0x320"},
		"layout":                {"yunet_n_320", func(m map[string]any) { m["input"].(map[string]any)["layout"] = "nhwc" }, "layout"},
		"pad":                   {"yunet_n_320", func(m map[string]any) { m["input"].(map[string]any)["pad"] = "zero" }, "pad"},
		"crop":                  {"minifasnet", func(m map[string]any) { file0(m)["crop"] = 0.5 }, "crop"},
		"alignment":             {"mobilefacenet_128", func(m map[string]any) { m["alignment"] = "by eye" }, "alignment"},
		"note without an end":   {"yunet_n_320", func(m map[string]any) { m["notes"] = strings.Repeat("x", 3000) }, "notes"},
		"origin without an end": {"yunet_n_320", func(m map[string]any) { file0(m)["origin"] = strings.Repeat("x", 3000) }, "origin"},
		"version":               {"yunet_n_320", func(m map[string]any) { m["version"] = "" }, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := models.Parse(edit(t, tt.id, tt.change))
			if !errors.Is(err, models.ErrManifest) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, expected one about %q", err, tt.want)
			}
		})
	}
}

func TestParseRefusesWhatIsNoManifest(t *testing.T) {
	good := string(assets.ModelManifest())
	for name, data := range map[string]string{
		"empty":       "",
		"not JSON":    "models:",
		"two values":  good + good,
		"tail":        good + "x",
		"schema 2":    strings.Replace(good, `"schema": 1`, `"schema": 2`, 1),
		"no models":   `{"schema":1,"models":[]}`,
		"over length": good + strings.Repeat(" ", models.MaxManifestBytes),
		"array":       "[]",
	} {
		if _, err := models.Parse([]byte(data)); !errors.Is(err, models.ErrManifest) {
			t.Errorf("%s: error %v, expected ErrManifest", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(assets.ModelManifest())
	f.Add([]byte(`{"schema":1,"models":[{"id":"x","files":[{"name":"../x"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := models.Parse(data)
		if err != nil {
			if !errors.Is(err, models.ErrManifest) {
				t.Fatalf("error %v is not ErrManifest", err)
			}
			return
		}
		const dir = "/models"
		for _, x := range m.Models {
			for _, file := range x.Files {
				// Whatever is accepted stays within its folder.
				if p := filepath.Join(dir, x.ID, file.Name); filepath.Dir(filepath.Dir(p)) != dir {
					t.Fatalf("%q leaves its folder", p)
				}
			}
			if x.Kind == models.KindEncoder {
				if s := x.EncoderSpec(); s.Side < 1 || s.Dim < 1 || !(s.Threshold > 0) || s.Std[0] == 0 {
					t.Fatalf("spec %+v", s)
				}
			}
		}
		// What was read can be written and read again.
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := models.Parse(out); err != nil && len(out) <= models.MaxManifestBytes {
			t.Fatalf("again: %v", err)
		}
	})
}

// The built-in files are those of the manifest; no run of the program checks that again.
func TestBuiltinFilesAreThoseOfTheManifest(t *testing.T) {
	dir := t.TempDir()
	finder := &models.Finder{Manifest: ours(t), Builtin: assets.BuiltinModels()}
	found, err := finder.Find(t.Context(), "agentid_resnet_half_v0")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Files {
		if f.Where != models.WhereBuiltin {
			t.Errorf("%s: from %s", f.File.Name, f.Where)
		}
		// OnDisk verifies what it writes.
		path, err := f.OnDisk(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() != f.File.Size {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

func TestSharedModelsAreThoseOfTheManifest(t *testing.T) {
	dir := os.Getenv("AGENTID_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "models")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("skipped: ../shared/models is absent")
	}
	finder := &models.Finder{Manifest: ours(t), Dirs: []models.Dir{{Path: dir, Where: models.WhereEnvironment}}}
	for _, id := range []string{"yunet_n_320", "mobilefacenet_128", "minifasnet", "mmod_human_face_detector"} {
		found, err := finder.Find(t.Context(), id)
		if err != nil {
			t.Error(err)
		} else if len(found.Refused) > 0 {
			t.Errorf("%s: refused %v", id, found.Refused)
		}
	}
}
