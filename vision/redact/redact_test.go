package redact

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

func noise(r image.Rectangle, seed uint64) *image.RGBA {
	m := image.NewRGBA(r)
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.Uint32())
		if i%4 == 3 {
			m.Pix[i] = 0xFF
		}
	}
	return m
}

// changed is which pixels differ.
func changed(a, b *image.RGBA) func(x, y int) bool {
	return func(x, y int) bool { return a.RGBAAt(x, y) != b.RGBAAt(x, y) }
}

func TestRule(t *testing.T) {
	size := image.Rect(0, 0, 200, 160)
	for name, tc := range map[string]struct {
		own    image.Rectangle
		others []image.Rectangle
		kept   []image.Rectangle // nothing in these is changed
		hidden []image.Rectangle // all of these is
	}{
		"nobody else": {image.Rect(20, 20, 80, 80), nil, []image.Rectangle{size}, nil},
		"a bystander apart": {image.Rect(10, 10, 60, 60), []image.Rectangle{image.Rect(120, 40, 160, 80)},
			[]image.Rectangle{image.Rect(0, 0, 107, 160), image.Rect(173, 0, 200, 160), image.Rect(0, 93, 200, 160)},
			[]image.Rectangle{image.Rect(108, 28, 172, 92)}},
		"nearby: only what lies around the box yields": {image.Rect(10, 40, 115, 140), []image.Rectangle{image.Rect(120, 40, 160, 80)},
			[]image.Rectangle{image.Rect(10, 40, 115, 140)}, []image.Rectangle{image.Rect(116, 28, 172, 92), image.Rect(108, 28, 115, 40)}},
		"overlapping: the box does not yield": {image.Rect(60, 40, 140, 140), []image.Rectangle{image.Rect(120, 40, 160, 80)},
			[]image.Rectangle{image.Rect(60, 40, 120, 140), image.Rect(60, 80, 140, 140)}, []image.Rectangle{image.Rect(120, 40, 160, 80)}},
		"the same face twice": {image.Rect(40, 40, 100, 100), []image.Rectangle{image.Rect(40, 40, 100, 100), image.Rect(44, 42, 102, 104)},
			[]image.Rectangle{size}, nil},
		"nobody concerned":    {image.Rectangle{}, []image.Rectangle{image.Rect(50, 50, 90, 90)}, nil, []image.Rectangle{image.Rect(38, 38, 102, 102)}},
		"partly outside":      {image.Rect(100, 60, 180, 140), []image.Rectangle{image.Rect(-30, -30, 30, 30)}, []image.Rectangle{image.Rect(49, 0, 200, 160)}, []image.Rectangle{image.Rect(0, 0, 48, 48)}},
		"outside or empty":    {image.Rect(100, 60, 180, 140), []image.Rectangle{image.Rect(500, 500, 600, 600), {}, image.Rect(5, 5, 5, 9)}, []image.Rectangle{size}, nil},
		"far too large":       {image.Rect(100, 60, 180, 140), []image.Rectangle{image.Rect(-1<<62, -1<<62, 1<<62, 1<<62)}, nil, []image.Rectangle{size}},
		"upside down":         {image.Rect(100, 60, 180, 140), []image.Rectangle{{Min: image.Pt(60, 60), Max: image.Pt(20, 20)}}, nil, []image.Rectangle{image.Rect(20, 20, 60, 60)}},
		"one inside the face": {image.Rect(20, 20, 140, 140), []image.Rectangle{image.Rect(60, 60, 80, 80)}, []image.Rectangle{image.Rect(20, 20, 140, 60)}, []image.Rectangle{image.Rect(60, 60, 80, 80)}},
	} {
		img := noise(size, 3)
		before := noise(size, 3)
		out, err := Picture(img, tc.own, tc.others)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(img.Pix, before.Pix) {
			t.Errorf("%s: the picture itself was written to", name)
		}
		diff := changed(img, out)
		for _, r := range tc.kept {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					if diff(x, y) {
						t.Fatalf("%s: (%d,%d) was changed", name, x, y)
					}
				}
			}
		}
		for _, r := range tc.hidden {
			same := 0
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					if !diff(x, y) {
						same++
					}
				}
			}
			if same*1000 > r.Dx()*r.Dy() { // of noise, a pixel may be its mean by chance
				t.Errorf("%s: %d pixels of %v are as they were", name, same, r)
			}
		}
	}
}

// What is left of a face is at most 16 colours: two faces that agree on them
// give the same pixels, whatever they differ by.
func TestOnlyCellsAreLeft(t *testing.T) {
	box := image.Rect(100, 100, 190, 190) // 27 more on each side: cells of 36
	flat := image.NewRGBA(image.Rect(0, 0, 320, 320))
	for i := range flat.Pix {
		flat.Pix[i] = 128
	}
	fine := image.NewRGBA(flat.Rect)
	copy(fine.Pix, flat.Pix)
	for y := range 320 { // a fine chequer of the same mean
		for x := range 320 {
			v := uint8(128 - 60 + 120*((x+y)%2))
			fine.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	a, err := Picture(flat, image.Rectangle{}, []image.Rectangle{box})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Picture(fine, image.Rectangle{}, []image.Rectangle{box})
	if err != nil {
		t.Fatal(err)
	}
	for y := 73; y < 217; y++ {
		for x := 73; x < 217; x++ {
			if p, q := a.RGBAAt(x, y), b.RGBAAt(x, y); p.R != q.R || p.G != q.G || p.B != q.B {
				t.Fatalf("(%d,%d): %v and %v", x, y, p, q)
			}
		}
	}
	for _, side := range []int{1, 5, 40, 77, 300, 1999} {
		if m := average(noise(image.Rect(0, 0, 2000, 2000), 1), image.Rect(0, 0, side, side/2+1)); m.cols > cells || m.rows > cells || m.cell < minCell {
			t.Errorf("a side of %d gives %dx%d cells of %d", side, m.cols, m.rows, m.cell)
		}
	}
}

func TestJPEG(t *testing.T) {
	img := noise(image.Rect(0, 0, 320, 240), 2)
	b, err := JPEG(img, image.Rect(10, 10, 90, 90), []image.Rectangle{image.Rect(200, 60, 260, 120)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil || got.Bounds() != img.Rect {
		t.Fatalf("%v, %v", got, err)
	}
	// Noise within the bystander is flattened, elsewhere it is not.
	if hidden, kept := spread(got, image.Rect(210, 70, 250, 110)), spread(got, image.Rect(20, 20, 80, 80)); hidden > 20 || kept < 100 {
		t.Errorf("spread of %d where hidden, %d where kept", hidden, kept)
	}
}

// spread is the range of the red in a part of a picture.
func spread(m image.Image, r image.Rectangle) int {
	lo, hi := 255, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v, _, _, _ := m.At(x, y).RGBA()
			lo, hi = min(lo, int(v>>8)), max(hi, int(v>>8))
		}
	}
	return hi - lo
}

func TestRefused(t *testing.T) {
	img := noise(image.Rect(0, 0, 64, 64), 1)
	for name, f := range map[string]func() ([]byte, error){
		"none":  func() ([]byte, error) { return JPEG(nil, image.Rectangle{}, nil) },
		"empty": func() ([]byte, error) { return JPEG(&image.RGBA{}, image.Rectangle{}, nil) },
		"too large": func() ([]byte, error) {
			return JPEG(&image.RGBA{Rect: image.Rect(0, 0, 4096, 1025)}, image.Rectangle{}, nil)
		},
		"too many": func() ([]byte, error) { return JPEG(img, image.Rectangle{}, make([]image.Rectangle, MaxFaces+1)) },
	} {
		if b, err := f(); !errors.Is(err, ErrPicture) || b != nil {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}

// Whatever the boxes are: no panic, nothing of the picture is left in a box that
// is not the person's, and nothing is changed where no box is near.
func FuzzPicture(f *testing.F) {
	f.Add(10, 10, 40, 40, 30, 20, 70, 60, -5, 9)
	f.Add(-1<<40, -1<<40, 1<<40, 1<<40, 0, 0, 1<<62, 1<<62, 0, 0)
	f.Add(0, 0, 0, 0, -1<<63, -1<<63, 1<<63-1, 1<<63-1, 0, 0)
	f.Fuzz(func(t *testing.T, ax, ay, bx, by, cx, cy, dx, dy, ox, oy int) {
		img := noise(image.Rect(0, 0, 60, 50).Add(image.Pt(ox%1000, oy%1000)), 1)
		own, other := image.Rect(ax, ay, bx, by), image.Rectangle{Min: image.Pt(cx, cy), Max: image.Pt(dx, dy)}
		out, err := Picture(img, own, []image.Rectangle{other})
		if err != nil || out.Rect != img.Rect {
			t.Fatal(err)
		}
		box := other.Canon().Intersect(img.Rect)
		diff := changed(img, out)
		same, elsewhere := 0, 0
		for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
			for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
				switch in := image.Pt(x, y).In(box); {
				case in && !diff(x, y):
					same++
				case !in && diff(x, y):
					elsewhere++
				}
			}
		}
		if all := box.Dx() * box.Dy(); own.Intersect(other.Canon()).Empty() && same > 2+all/100 {
			t.Fatalf("%d of %d pixels of %v are as they were", same, all, other)
		}
		if other.Canon().Empty() && elsewhere > 0 {
			t.Fatalf("an empty box changed %d pixels", elsewhere)
		}
	})
}

func BenchmarkJPEG(b *testing.B) {
	for _, size := range []image.Point{{640, 480}, {1600, 1200}} {
		b.Run(fmt.Sprintf("%dx%d", size.X, size.Y), func(b *testing.B) {
			img := image.NewRGBA(image.Rectangle{Max: size})
			for i := range img.Pix { // a gradient: as much as a camera's picture takes to encode
				img.Pix[i] = uint8(i/4%size.X*255/size.X + i%7)
			}
			w := size.Y / 4
			others := []image.Rectangle{image.Rect(10, 10, 10+w, 10+w), image.Rect(size.X-w, size.Y/3, size.X, size.Y/3+w)}
			for b.Loop() {
				if _, err := JPEG(img, image.Rect(size.X/3, size.Y/4, size.X*2/3, size.Y*3/4), others); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
