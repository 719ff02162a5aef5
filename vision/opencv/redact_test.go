package opencv

import (
	"image"
	"math"
	"path/filepath"
	"testing"

	"agentid/vision"
	"agentid/vision/redact"
)

// Ten people in one picture, each in turn the one concerned: nobody else can be
// recognised or found any more, and the one concerned still can. The template
// of each is from the picture as it was.
func TestRedactedGroup(t *testing.T) {
	img := load(t, filepath.Join(shared(t, "faces/group"), "pristin.jpg"))
	y, e := openYuNet(t), openEncoder(t, nil)
	faces, err := y.Detect(img)
	if err != nil || len(faces) != 10 {
		t.Fatalf("%d faces, %v", len(faces), err)
	}
	template := func(m *image.RGBA, f vision.Face) []float32 {
		t.Helper()
		enc, err := e.Encode(m, nil, f)
		if err != nil {
			t.Fatal(err)
		}
		return enc.Vector
	}
	var was [][]float32
	var boxes []image.Rectangle
	for _, f := range faces {
		was, boxes = append(was, template(img, f)), append(boxes, f.Box)
	}
	nearest, farthest := math.Inf(1), 0.0
	for own := range faces {
		jpeg, err := redact.JPEG(img, boxes[own], boxes)
		if err != nil {
			t.Fatal(err)
		}
		got, err := vision.GoDecoder{}.Decode(jpeg, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range faces { // at the points where the face was, whatever is found now
			d := e.Metric().Distance(was[i], template(got, f))
			switch {
			case i == own:
				if farthest = max(farthest, d); d > e.Threshold() {
					t.Errorf("person %d is at %.3f from themselves, threshold %.2f", i, d, e.Threshold())
				}
			default:
				if nearest = min(nearest, d); d <= e.Threshold() {
					t.Errorf("bystander %d is at %.3f from themselves, threshold %.2f", i, d, e.Threshold())
				}
			}
		}
		// A blur may still have the shape of a head: then it is nobody's.
		left, err := y.Detect(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			if vision.IoU(f.Box, boxes[own]) > 0.5 {
				continue
			}
			for i := range was {
				if d := e.Metric().Distance(was[i], template(got, f)); d <= e.Threshold() {
					t.Errorf("what is left at %v is at %.3f from person %d", f.Box, d, i)
				}
			}
		}
	}
	// With all hidden, who a blur is most like is chance.
	all, err := redact.Picture(img, image.Rectangle{}, boxes)
	if err != nil {
		t.Fatal(err)
	}
	right, before := 0, 0
	for i, f := range faces {
		v, at := template(all, f), 0
		for j := range was {
			if e.Metric().Distance(was[j], v) < e.Metric().Distance(was[at], v) {
				at = j
			}
		}
		if at == i {
			right++
		}
		for j := range was {
			if e.Metric().Distance(was[j], v) < e.Metric().Distance(was[i], v) {
				before++
			}
		}
	}
	if right > 4 { // of 10 by chance: 0.2%
		t.Errorf("%d of 10 blurs are most like themselves", right)
	}
	t.Logf("bystanders at %.3f and more from themselves, the person at %.3f at most; threshold %.2f", nearest, farthest, e.Threshold())
	t.Logf("all hidden: %d of 10 most like themselves, on average after %.1f others (chance: 1 and 4.5)", right, float64(before)/10)
}
