package vision

import (
	"image"
	"math"
	"testing"
)

func TestPlaneExplainsPicturesAndNotHeads(t *testing.T) {
	ahead := head(0, 0)
	face, ok := upright(ahead.five())
	if !ok {
		t.Fatal("no frontal view")
	}
	view, ok := newPlaneView(ahead.paint(nil), face, ahead.five())
	if !ok {
		t.Fatal("no view")
	}
	flat, _ := upright(sheet(0, 0, 0, 0, 700).five())
	photo, ok := newPlaneView(sheet(0, 0, 0, 0, 700).paint(nil), flat, sheet(0, 0, 0, 0, 700).five())
	if !ok {
		t.Fatal("no view of the photo")
	}
	for name, tc := range map[string]struct {
		of          *planeView
		now         body
		least, most float64
	}{
		"the same":                    {view, ahead, planeSame, 1.001},
		"a head turned by 15 degrees": {view, head(15*deg, 0), -1, headLike},
		"a head turned by 25 degrees": {view, head(-25*deg, 0), -1, headLike},
		"a head that nods":            {view, head(0, 20*deg), -1, headLike},
		"a photo, nearer":             {photo, sheet(0, 0, 0.3, 0, 550), flatLike, 1.001},
		"a photo turned":              {photo, sheet(35*deg, 10*deg, 0, 0, 600), flatLike, 1.001},
		"a photo turned far":          {photo, sheet(-50*deg, 0, 0.1, 0, 600), flatLike, 1.001},
		"a photo tilted":              {photo, sheet(0, 45*deg, 0, 0, 600), flatLike, 1.001},
	} {
		like, ok := tc.of.explain(tc.now.paint(nil), tc.now.five())
		if !ok || like < tc.least || like > tc.most {
			t.Errorf("%s: %.3f, %v; want %.3f to %.3f", name, like, ok, tc.least, tc.most)
		}
	}
}

func TestPlaneRefuses(t *testing.T) {
	ahead := head(0, 0)
	face, _ := upright(ahead.five())
	blank := image.NewRGBA(image.Rect(0, 0, 640, 480))
	if _, ok := newPlaneView(blank, face, ahead.five()); ok {
		t.Error("a picture of nothing has a view")
	}
	if _, ok := newPlaneView(ahead.paint(nil).SubImage(image.Rect(0, 0, 330, 480)).(*image.RGBA), face, ahead.five()); ok {
		t.Error("half a face has a view")
	}
	view, ok := newPlaneView(ahead.paint(nil), face, ahead.five())
	if !ok {
		t.Fatal("no view")
	}
	if like, ok := view.explain(blank, ahead.five()); ok {
		t.Errorf("nothing is explained: %v", like)
	}
	bad := ahead.five()
	for name, v := range map[string]float64{"NaN": math.NaN(), "Inf": math.Inf(1), "far": 1e9} {
		bad[2].X = v
		if like, ok := view.explain(ahead.paint(nil), bad); ok {
			t.Errorf("%s: %v", name, like)
		}
	}
}

func BenchmarkPlaneExplain(b *testing.B) {
	ahead, turned := head(0, 0), head(20*deg, 0)
	face, _ := upright(ahead.five())
	view, ok := newPlaneView(ahead.paint(nil), face, ahead.five())
	if !ok {
		b.Fatal("no view")
	}
	img, five := turned.paint(nil), turned.five()
	for b.Loop() {
		view.explain(img, five)
	}
}
