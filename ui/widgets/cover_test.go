package widgets

import (
	"image"
	"image/color"
	"math"
	"testing"

	"agentid/app/domain"
)

func TestCoverFillsTheView(t *testing.T) {
	for _, c := range []struct {
		name string
		src  image.Point
		w, h float64
		at   spot
		crop image.Rectangle
	}{
		{"same shape", image.Pt(640, 480), 1280, 960, home, image.Rect(0, 0, 640, 480)},
		{"wide view cuts above and below", image.Pt(640, 480), 1280, 480, spot{0.5, 0.5}, image.Rect(0, 120, 640, 360)},
		{"tall view cuts the sides", image.Pt(640, 480), 480, 960, spot{0.5, 0.5}, image.Rect(200, 0, 440, 480)},
		{"focus above moves it up", image.Pt(640, 480), 1280, 480, spot{0.5, 0.3}, image.Rect(0, 24, 640, 264)},
		{"no farther than the picture", image.Pt(640, 480), 1280, 480, spot{0.5, -9}, image.Rect(0, 0, 640, 240)},
		{"nor at the other end", image.Pt(640, 480), 1280, 480, spot{0.5, 9}, image.Rect(0, 240, 640, 480)},
	} {
		got, ok := newCover(c.src, c.w, c.h, c.at)
		if !ok || got.crop != c.crop {
			t.Errorf("%s: %v %v, want %v", c.name, got.crop, ok, c.crop)
		}
	}
	for _, bad := range []struct {
		src  image.Point
		w, h float64
	}{{image.Pt(0, 480), 10, 10}, {image.Pt(640, -1), 10, 10}, {image.Pt(640, 480), 0, 10}, {image.Pt(640, 480), 10, 0.5}} {
		if _, ok := newCover(bad.src, bad.w, bad.h, home); ok {
			t.Errorf("a cover of %v in %vx%v", bad.src, bad.w, bad.h)
		}
	}
}

func TestPlaceIsMirrored(t *testing.T) {
	c, _ := newCover(image.Pt(640, 480), 1280, 480, spot{0.5, 0.5})
	for _, p := range []struct {
		at   spot
		x, y float64
	}{{spot{0.5, 0.5}, 640, 240}, {spot{0, 0.25}, 1280, 0}, {spot{1, 0.75}, 0, 480}, {spot{0.25, 0.5}, 960, 240}} {
		if x, y := c.place(p.at); math.Abs(x-p.x) > 1e-9 || math.Abs(y-p.y) > 1e-9 {
			t.Errorf("%v is at %v, %v, want %v, %v", p.at, x, y, p.x, p.y)
		}
	}
}

func TestFollow(t *testing.T) {
	src, w, h := image.Pt(640, 480), 1216.0, 486.0
	still := domain.Rect{X: 0.4, Y: 0.35, W: 0.2, H: 0.2}
	if got := follow(home, still, src, w, h); math.Abs(got.Y-home.Y) > 0.005 || math.Abs(got.X-home.X) > 0.005 {
		t.Errorf("the picture swims: %v for a face in sight", got)
	}
	for _, face := range []domain.Rect{
		{X: 0.4, Y: 0.05, W: 0.15, H: 0.2}, {X: 0.4, Y: 0.75, W: 0.15, H: 0.2}, {X: 0.1, Y: 0.5, W: 0.2, H: 0.25},
	} {
		at := follow(home, face, src, w, h)
		c, _ := newCover(src, w, h, at)
		top, bottom := face.Y*480, (face.Y+face.H)*480
		if top < float64(c.crop.Min.Y)-1 || bottom > float64(c.crop.Max.Y)+1 {
			t.Errorf("face %v shows %v only", face, c.crop)
		}
		if again := follow(at, face, src, w, h); math.Abs(again.Y-at.Y) > 0.01 || math.Abs(again.X-at.X) > 0.01 {
			t.Errorf("%v does not rest: %v then %v", face, at, again)
		}
	}
	large := domain.Rect{X: 0.1, Y: 0.1, W: 0.8, H: 0.8}
	if got := follow(home, large, src, w, h); math.Abs(got.Y-0.5) > 1e-9 {
		t.Errorf("a face larger than the view is centred at %v", got)
	}
	if got := follow(home, large, image.Point{}, w, h); got != home {
		t.Errorf("no picture moved the focus to %v", got)
	}
}

// numbered is a picture whose every pixel tells where it is.
func numbered(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), 7, 255})
		}
	}
	return img
}

func TestMirrorInto(t *testing.T) {
	whole := numbered(20, 10)
	part := whole.SubImage(image.Rect(4, 2, 20, 10)).(*image.RGBA) // another stride and origin
	for _, c := range []struct {
		name  string
		src   *image.RGBA
		crop  image.Rectangle
		step  int
		w, h  int
		first color.RGBA // top left of the result
		last  color.RGBA // bottom right
	}{
		{"whole", whole, image.Rect(0, 0, 20, 10), 1, 20, 10, color.RGBA{19, 0, 7, 255}, color.RGBA{0, 9, 7, 255}},
		{"a part", whole, image.Rect(5, 3, 15, 8), 1, 10, 5, color.RGBA{14, 3, 7, 255}, color.RGBA{5, 7, 7, 255}},
		{"of a sub-image", part, image.Rect(1, 1, 6, 4), 1, 5, 3, color.RGBA{9, 3, 7, 255}, color.RGBA{5, 5, 7, 255}},
		{"every other pixel", whole, image.Rect(0, 0, 20, 10), 2, 10, 5, color.RGBA{18, 0, 7, 255}, color.RGBA{0, 8, 7, 255}},
		{"beyond the picture", whole, image.Rect(10, 5, 90, 90), 1, 10, 5, color.RGBA{19, 5, 7, 255}, color.RGBA{10, 9, 7, 255}},
	} {
		got := mirrorInto(nil, c.src, c.crop, c.step)
		if got == nil || got.Rect != image.Rect(0, 0, c.w, c.h) || got.Stride != 4*c.w {
			t.Errorf("%s: %v", c.name, got)
			continue
		}
		if a, b := got.RGBAAt(0, 0), got.RGBAAt(c.w-1, c.h-1); a != c.first || b != c.last {
			t.Errorf("%s: corners %v and %v, want %v and %v", c.name, a, b, c.first, c.last)
		}
	}
	if got := mirrorInto(nil, whole, image.Rect(30, 30, 40, 40), 1); got != nil {
		t.Errorf("a picture of nothing: %v", got.Rect)
	}

	buf := mirrorInto(nil, whole, whole.Rect, 1)
	if again := mirrorInto(buf, whole, whole.Rect, 1); again != buf {
		t.Error("the buffer is not used again")
	}
	if n := testing.AllocsPerRun(20, func() { mirrorInto(buf, whole, whole.Rect, 1) }); n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
	if twice := mirrorInto(nil, buf, buf.Rect, 1); string(twice.Pix) != string(whole.Pix) {
		t.Error("twice mirrored is not the picture")
	}
}

func BenchmarkMirror(b *testing.B) {
	for _, s := range []struct {
		name string
		w, h int
	}{{"VGA", 640, 480}, {"UXGA", 1600, 1200}} {
		b.Run(s.name, func(b *testing.B) {
			src := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
			dst := mirrorInto(nil, src, src.Rect, 1)
			b.SetBytes(int64(len(src.Pix)))
			for b.Loop() {
				mirrorInto(dst, src, src.Rect, 1)
			}
		})
	}
}
