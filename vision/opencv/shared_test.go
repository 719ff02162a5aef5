package opencv

import (
	"os"
	"path/filepath"
	"testing"

	"agentid/app/domain"
	"agentid/vision"
)

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

// mobileFaceNet is what the manifest says of ../shared/models/mobilefacenet_128.onnx.
func mobileFaceNet() vision.EncoderSpec {
	return vision.EncoderSpec{
		Ref:       domain.EncoderRef{Name: "mobilefacenet", Version: "128"},
		Metric:    vision.CosineDistance,
		Threshold: 0.6, Dim: 128, Side: 112,
		Mean: [3]float32{0.485, 0.456, 0.406}, Std: [3]float32{0.229, 0.224, 0.225},
	}
}

func openYuNet(t testing.TB) *YuNet {
	t.Helper()
	y, err := NewYuNet(shared(t, "models/yunet_n_320.onnx"), YuNetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return y
}

func openEncoder(t testing.TB, lm Landmarker) *ONNXEncoder {
	t.Helper()
	e, err := NewONNXEncoder(shared(t, "models/mobilefacenet_128.onnx"), mobileFaceNet(), lm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func openHaar(t testing.TB) *Haar {
	t.Helper()
	h, err := NewHaar("", HaarOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}
