package opencv

import (
	"context"
	"strings"
	"testing"

	"agentid/vision/eval"
)

// What we promise of YuNet and MobileFaceNet on ordinary press photos.
func TestAccuracyYuNetMobileFaceNet(t *testing.T) {
	dir := shared(t, "faces/lfw")
	r, err := eval.Run(context.Background(), dir, eval.Engine{Decoder: Decoder{}, Detector: openYuNet(t), Encoder: openEncoder(t, nil)}, eval.Options{Resamples: 100})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	if r.AllBest.Accuracy < 0.985 {
		t.Errorf("balanced accuracy %.4f, want 0.985", r.AllBest.Accuracy)
	}
	if r.Detection.Rate < 0.99 {
		t.Errorf("detection rate %.4f, want 0.99", r.Detection.Rate)
	}
}
