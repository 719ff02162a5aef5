package opencv

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// groupEps is how far windows of one object may lie apart, as a part of their
// sides: OpenCV's own.
const groupEps = 0.2

// hit is an object that several windows of a cascade agree on.
type hit struct {
	box   image.Rectangle
	votes int
}

// group joins the windows that a cascade answered to and drops what at most
// least of them agree on. It is OpenCV's groupRectangles, here because gocv's
// cascade does not give the votes, which are the detector's confidence. The
// order of windows, which OpenCV's threads leave to chance, changes nothing.
// OpenCV groups before it clips windows to the picture, and gocv's are clipped:
// at the edge the mean may be a pixel less.
func group(windows []image.Rectangle, least int) []hit {
	windows = slices.Clone(windows)
	slices.SortFunc(windows, func(a, b image.Rectangle) int {
		return cmp.Or(cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Dx(), b.Dx()), cmp.Compare(a.Dy(), b.Dy()))
	})
	// Union-find; a root stands before what it holds.
	root := make([]int, len(windows))
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for i, a := range windows {
		root[i] = i
		reach := groupEps * float64(a.Dx()+a.Dy()) / 2 // no pair with a lies farther apart
		for j := i - 1; j >= 0 && float64(a.Min.X-windows[j].Min.X) <= reach; j-- {
			if ri, rj := find(i), find(j); ri != rj && similar(a, windows[j]) {
				root[max(ri, rj)] = min(ri, rj)
			}
		}
	}

	type sum struct{ x, y, w, h, n int }
	sums := make([]sum, len(windows))
	for i, r := range windows {
		s := &sums[find(i)]
		s.x, s.y, s.w, s.h, s.n = s.x+r.Min.X, s.y+r.Min.Y, s.w+r.Dx(), s.h+r.Dy(), s.n+1
	}
	var hits []hit
	for _, s := range sums {
		if s.n <= least {
			continue
		}
		k := 1 / float32(s.n)
		mean := func(v int) int { return int(math.RoundToEven(float64(float32(v) * k))) }
		x, y := mean(s.x), mean(s.y)
		hits = append(hits, hit{image.Rect(x, y, x+mean(s.w), y+mean(s.h)), s.n})
	}

	// A small one inside of a larger one that more windows agree on is a part of it.
	kept := make([]hit, 0, len(hits))
	for i, a := range hits {
		part := false
		for j, b := range hits {
			dx, dy := int(math.RoundToEven(groupEps*float64(b.box.Dx()))), int(math.RoundToEven(groupEps*float64(b.box.Dy())))
			around := image.Rect(b.box.Min.X-dx, b.box.Min.Y-dy, b.box.Max.X+dx, b.box.Max.Y+dy)
			if i != j && a.box.In(around) && (b.votes > max(3, a.votes) || a.votes < 3) {
				part = true
				break
			}
		}
		if !part {
			kept = append(kept, a)
		}
	}
	return kept
}

// similar says that two windows may be of one object: no edge farther from the
// other's than a fifth of the smaller sides.
func similar(a, b image.Rectangle) bool {
	d := groupEps * float64(min(a.Dx(), b.Dx())+min(a.Dy(), b.Dy())) / 2
	near := func(p, q int) bool { return math.Abs(float64(p-q)) <= d }
	return near(a.Min.X, b.Min.X) && near(a.Min.Y, b.Min.Y) && near(a.Max.X, b.Max.X) && near(a.Max.Y, b.Max.Y)
}
