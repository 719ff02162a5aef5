package opencv

import (
	"image"
	"testing"
)

// A part of a picture, and a picture that is itself a part, are what they would
// be when cut out first.
func TestShrinkParts(t *testing.T) {
	whole := scene(90, 70)
	r := image.Rect(11, 7, 61, 57)
	cut := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		copy(cut.Pix[y*cut.Stride:(y+1)*cut.Stride], whole.Pix[whole.PixOffset(r.Min.X, r.Min.Y+y):])
	}
	sub := whole.SubImage(r).(*image.RGBA)
	bands := whole.SubImage(image.Rect(0, 20, 90, 60)).(*image.RGBA)
	s := newShrinker()
	defer s.close()
	for _, size := range []image.Point{{25, 25}, {50, 50}, {7, 40}, {60, 70}, {25, 25}} {
		shrunk := func(img *image.RGBA, r image.Rectangle) string {
			t.Helper()
			if err := s.shrink(img, r, size.X, size.Y); err != nil {
				t.Fatal(err)
			}
			if s.small.Cols() != size.X || s.small.Rows() != size.Y {
				t.Fatalf("%dx%d, want %v", s.small.Cols(), s.small.Rows(), size)
			}
			return string(s.small.ToBytes())
		}
		want := shrunk(cut, cut.Rect)
		if shrunk(whole, r) != want || shrunk(sub, sub.Rect) != want {
			t.Errorf("%v: a part differs from what is cut out", size)
		}
		if shrunk(whole, whole.Rect) == want {
			t.Errorf("%v: the whole is like its part", size)
		}
		if shrunk(bands, bands.Rect) != shrunk(whole, bands.Rect) {
			t.Errorf("%v: rows from the middle differ", size)
		}
	}
}

// The input of a net is B, G, R from the top left, and black beside a picture,
// also after a larger one.
func TestPlanesPut(t *testing.T) {
	p, err := newPlanes(8)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	s := newShrinker()
	defer s.close()
	for _, size := range []image.Point{{8, 8}, {8, 3}, {2, 8}, {5, 5}, {8, 8}} {
		img := scene(size.X, size.Y)
		if err := s.shrink(img, img.Rect, size.X, size.Y); err != nil {
			t.Fatal(err)
		}
		p.put(s.small)
		for c := range 3 {
			for y := range 8 {
				for x := range 8 {
					var want float32
					if x < size.X && y < size.Y {
						want = float32(img.Pix[img.PixOffset(x, y)+2-c])
					}
					if got := p.floats[c*64+y*8+x]; got != want {
						t.Fatalf("%v: channel %d at %d,%d is %v, want %v", size, c, x, y, got, want)
					}
				}
			}
		}
	}
}

func TestRunRefusesAnotherInput(t *testing.T) {
	y := openYuNet(t)
	if err := y.net.run(make([]float32, 12)); err == nil {
		t.Error("12 numbers accepted")
	}
}
