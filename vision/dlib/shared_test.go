package dlib

import (
	"os"
	"path/filepath"
	"testing"

	"agentid/app/domain"
	"agentid/vision"
)

const debianLandmarks = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"

// shared is a path below the folder of real faces and models that lies beside
// the checkout; the test is skipped where it is absent.
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("AGENTID_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: ../shared/%s is absent", name)
	}
	return path
}

func builtinSpec() vision.EncoderSpec {
	return vision.EncoderSpec{
		Ref:    domain.EncoderRef{Name: "agentid_resnet_half", Version: "0"},
		Metric: vision.Euclidean, Threshold: 0.6, Dim: 128, Side: 150, Std: [3]float32{1, 1, 1}, Demo: true,
	}
}

func builtinParts(t testing.TB) Parts {
	t.Helper()
	if _, err := os.Stat(debianLandmarks); err != nil {
		t.Skip("skipped: Debian's libdlib-data is not installed")
	}
	models := filepath.Join("..", "..", "assets", "models")
	return Parts{
		Net:       filepath.Join(models, "agentid_resnet_half_v0.dat"),
		MMOD:      filepath.Join(models, "mmod_empty.dat"),
		Landmarks: debianLandmarks,
	}
}

// openBuiltin opens the built-in model. It takes seconds: once for each test
// that needs it.
func openBuiltin(t testing.TB) *Engine {
	t.Helper()
	dir, err := Prepare(t.TempDir(), builtinParts(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir, builtinSpec())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}
