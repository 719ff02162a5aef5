package opencv

import (
	"cmp"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"gocv.io/x/gocv"
)

func sortBoxes(boxes []image.Rectangle) []image.Rectangle {
	slices.SortFunc(boxes, func(a, b image.Rectangle) int {
		return cmp.Or(cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Max.X, b.Max.X), cmp.Compare(a.Max.Y, b.Max.Y))
	})
	return boxes
}

func boxesOf(hits []hit) []image.Rectangle {
	var out []image.Rectangle
	for _, h := range hits {
		out = append(out, h.box)
	}
	return sortBoxes(out)
}

func TestGroup(t *testing.T) {
	box := func(x, y, side int) image.Rectangle { return image.Rect(x, y, x+side, y+side) }
	many := func(n int, r image.Rectangle) []image.Rectangle { return slices.Repeat([]image.Rectangle{r}, n) }
	for name, tc := range map[string]struct {
		in    []image.Rectangle
		least int
		want  []hit
	}{
		"nothing":             {nil, 3, nil},
		"too few":             {many(3, box(5, 5, 20)), 3, nil},
		"enough":              {many(4, box(5, 5, 20)), 3, []hit{{box(5, 5, 20), 4}}},
		"the mean":            {[]image.Rectangle{box(0, 0, 20), box(4, 0, 20), box(4, 4, 20)}, 1, []hit{{box(3, 1, 20), 3}}},
		"a chain":             {[]image.Rectangle{box(0, 0, 20), box(4, 0, 20), box(8, 0, 20)}, 1, []hit{{box(4, 0, 20), 3}}},
		"two apart":           {append(many(2, box(0, 0, 20)), many(3, box(30, 0, 20))...), 1, []hit{{box(0, 0, 20), 2}, {box(30, 0, 20), 3}}},
		"a part of a larger":  {append(many(2, box(10, 10, 20)), many(5, box(0, 0, 50))...), 1, []hit{{box(0, 0, 50), 5}}},
		"in a weaker, larger": {append(many(5, box(10, 10, 20)), many(3, box(0, 0, 50))...), 1, []hit{{box(0, 0, 50), 3}, {box(10, 10, 20), 5}}},
	} {
		got := group(tc.in, tc.least)
		slices.SortFunc(got, func(a, b hit) int { return cmp.Compare(a.box.Min.X, b.box.Min.X) })
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// Group gives OpenCV's boxes, whatever order windows come in.
func TestGroupAgreesWithOpenCV(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var found int
	for range 300 {
		windows := make([]image.Rectangle, 1+rng.IntN(120))
		for i := range windows {
			x, y, side := rng.IntN(200), rng.IntN(120), 20+rng.IntN(60)
			if i > 0 && rng.IntN(4) > 0 { // most lie near another
				near := windows[rng.IntN(i)]
				x, y, side = near.Min.X+rng.IntN(9)-4, near.Min.Y+rng.IntN(9)-4, max(20, near.Dx()+rng.IntN(9)-4)
			}
			windows[i] = image.Rect(x, y, x+side, y+side)
		}
		least := 1 + rng.IntN(4)
		want := sortBoxes(gocv.GroupRectangles(windows, least, groupEps))
		got := boxesOf(group(windows, least))
		found += len(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%v in groups of over %d: %v, want %v", windows, least, got, want)
		}
		rng.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
		if again := boxesOf(group(windows, least)); !slices.Equal(again, got) {
			t.Fatalf("in another order %v, not %v", again, got)
		}
	}
	if found < 300 {
		t.Errorf("only %d groups to compare", found)
	}
}

// The detector finds the boxes of OpenCV's own call that groups.
func TestHaarAgreesWithOpenCV(t *testing.T) {
	path, err := FindHaar()
	if err != nil {
		t.Skip("skipped: no opencv-data")
	}
	c := gocv.NewCascadeClassifier()
	defer c.Close()
	if !c.Load(path) {
		t.Fatal("not loaded")
	}
	grey := greyFrame(t)
	defer grey.Close()
	windows := c.DetectMultiScaleWithParams(grey, 1.1, 0, 0, image.Point{}, image.Point{})
	for least := 1; least <= 4; least++ {
		want := sortBoxes(c.DetectMultiScaleWithParams(grey, 1.1, least, 0, image.Point{}, image.Point{}))
		if got := boxesOf(group(windows, least)); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%d neighbours: %v, want %v", least, got, want)
		}
	}
}
