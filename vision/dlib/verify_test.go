package dlib

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"agentid/vision/eval"
	"agentid/vision/opencv"
)

// The built-in model in a 1:1 check, on thirty people of whom there are several
// press photos. It is demo grade: what is held is that it is no worse than that.
func TestVerificationBuiltin(t *testing.T) {
	set, err := eval.LoadSet(shared(t, "faces/lfw"))
	if err != nil {
		t.Fatal(err)
	}
	e := openBuiltin(t)
	dir, people := t.TempDir(), 0
	for _, p := range set.People {
		if len(p.Files) < 3 || people == 30 {
			continue
		}
		people++
		abs, err := filepath.Abs(filepath.Join(set.Dir, p.Name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(abs, filepath.Join(dir, p.Name)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := eval.Run(context.Background(), dir, eval.Engine{Decoder: opencv.Decoder{}, Detector: e.Detector(), Encoder: e}, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := r.Verification.Nearest
	if n == nil || n.People < 25 || n.Genuine < 90 || n.Impostor < 2500 {
		t.Fatalf("too few claims: %+v", n)
	}
	t.Logf("nearest of %.1f templates: at %.2f FMR %v, FNMR %v; EER %.4f at %.3f", n.Templates, n.Now.Threshold, n.Now.FMR, n.Now.FNMR, n.EER.Rate, n.EER.Threshold)
	if n.Now.FMR.Rate > 0.01 || n.Now.FNMR.Rate > 0.45 || n.EER.Rate > 0.07 {
		t.Errorf("want FMR 1%%, FNMR 45%%, EER 7%% at most")
	}
}
