package cast

import (
	"bytes"
	"image"
	"math"
	"reflect"
	"testing"
)

func TestCastIsNamedAndDifferent(t *testing.T) {
	seen := map[string]bool{}
	looks := map[Look]bool{}
	for _, p := range Cast() {
		if p.Name == "" || seen[p.Name] || looks[p.Look] {
			t.Errorf("%q is not one of a kind", p.Name)
		}
		seen[p.Name], looks[p.Look] = true, true
		checkLook(t, p)
	}
	if len(seen) < 6 {
		t.Errorf("a cast of %d", len(seen))
	}
	Cast()[0].Name = "x"
	if Cast()[0].Name == "x" {
		t.Error("the cast can be changed from outside")
	}
}

// checkLook holds the relations that the drawing relies on.
func checkLook(t *testing.T, p Person) {
	t.Helper()
	k := p.Look
	v := reflect.ValueOf(k)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Float32 && (math.IsNaN(f.Float()) || math.Abs(f.Float()) > 4) {
			t.Errorf("%s %d: %s is %v", p.Name, p.Seed, v.Type().Field(i).Name, f.Float())
		}
	}
	for what, ok := range map[string]bool{
		"eyes overlap":             k.EyeX-k.EyeW > 0.05,
		"eyes leave the face":      k.EyeX+k.EyeW < k.halfWidth(k.EyeY),
		"mouth leaves the face":    k.MouthW*1.16 < k.halfWidth(k.MouthY),
		"mouth meets the nose":     k.MouthY-k.LipUp > k.NoseY+0.03,
		"lips pass the chin":       k.MouthY+k.LipLow < k.Chin-0.08,
		"brows meet the eyes":      k.BrowY < k.EyeY-k.EyeOpen,
		"unknown style":            k.Style < styles && k.Beard < beards && k.Glasses < glasses && k.Wear < wears,
		"hairline over the brows":  k.Hairline < k.BrowY,
		"iris larger than the eye": k.IrisR < k.EyeW,
	} {
		if !ok {
			t.Errorf("%s %d: %s", p.Name, p.Seed, what)
		}
	}
}

func FuzzNewPerson(f *testing.F) {
	for _, s := range []uint64{0, 1, 42, math.MaxUint64} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		p := NewPerson("n", seed)
		if p != NewPerson("n", seed) {
			t.Error("the same seed is another person")
		}
		if p.Look == NewPerson("n", seed+1).Look {
			t.Error("the next seed is the same person")
		}
		checkLook(t, p)
	})
}

func TestPortraitIsRepeatable(t *testing.T) {
	p := NewPerson("n", 5)
	a, b := p.Portrait(120, 140, Pose{}), p.Portrait(120, 140, Pose{})
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("two portraits of one person differ")
	}
	if bytes.Equal(a.Pix, NewPerson("n", 6).Portrait(120, 140, Pose{}).Pix) {
		t.Error("two persons look the same")
	}
	if m := p.Portrait(-3, 1<<30, Pose{}); m.Rect.Dx() != 1 || m.Rect.Dy() != 4096 {
		t.Errorf("an impossible size became %v", m.Rect)
	}
}

// An expression changes its own part of the head and nothing else, and going
// back to none restores it.
func TestExpressionsStayInPlace(t *testing.T) {
	f := newFigure(Cast()[0], 64)
	plain := bytes.Clone(bytesOf(f))
	for name, c := range map[string]struct {
		blink, smile float64
		in           image.Rectangle
	}{
		"blink": {1, 0, f.head[0].pixels(f.eyeBox())},
		"smile": {0, 1, f.head[0].pixels(f.mouthBox())},
	} {
		f.show(c.blink, c.smile, 0)
		changed := 0
		for i := range f.plain {
			if f.head[0].px[i] == f.plain[i] {
				continue
			}
			changed++
			if at := image.Pt(i%f.head[0].w, i/f.head[0].w); !at.In(c.in) {
				t.Fatalf("%s changes %v, outside %v", name, at, c.in)
			}
		}
		if changed < 50 {
			t.Errorf("%s changes %d pixels", name, changed)
		}
		f.show(0, 0, 0)
		if !bytes.Equal(bytesOf(f), plain) {
			t.Errorf("after the %s the head is not what it was", name)
		}
	}
}

func bytesOf(f *figure) []byte {
	var b []byte
	for _, t := range f.head {
		for _, v := range t.px {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
	}
	return b
}

// Turning the head moves the nose further than the ears.
func TestTurningHasParallax(t *testing.T) {
	f := newFigure(Cast()[0], 64)
	k := f.p.Look
	straight := Pose{X: 0.5, Y: 0.5, Scale: 0.5}.stand(640, 480)
	turned := Pose{X: 0.5, Y: 0.5, Scale: 0.5, Yaw: 0.2}.stand(640, 480)
	shift := func(u, v float32) float32 {
		z := f.depth.height(u, v)
		x0, _ := straight.forward(u, v, z)
		x1, y1 := turned.forward(u, v, z)
		// The way back must find the same point.
		if bu, bv := turned.headAt(&f.depth, x1, y1); abs(bu-u) > 0.03 || abs(bv-v) > 0.03 {
			t.Errorf("%.2f,%.2f comes back as %.2f,%.2f", u, v, bu, bv)
		}
		return x1 - x0
	}
	if nose, temple := shift(0, k.NoseY-0.05), shift(k.Width-0.12, k.EyeY); nose < temple+3 {
		t.Errorf("the nose moves %.1f pixels, the temple %.1f", nose, temple)
	}
}

func FuzzPose(f *testing.F) {
	fig := newFigure(Cast()[1], 64)
	dst := image.NewRGBA(image.Rect(0, 0, 64, 48))
	f.Add(0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.5, 0.5)
	f.Add(math.NaN(), math.Inf(1), math.Inf(-1), 9.0, -9.0, 1e300, 2.0, -1.0)
	f.Add(-4.0, 4.0, 3.0, 0.5, -0.5, 1.2, 1.0, 1.0)
	f.Fuzz(func(t *testing.T, x, y, scale, yaw, pitch, roll, blink, smile float64) {
		clear(dst.Pix)
		fig.draw(dst, Pose{x, y, scale, yaw, pitch, roll, blink, smile})
		for i := 0; i < len(dst.Pix); i += 4 {
			if dst.Pix[i+3] != 0 && dst.Pix[i+3] != 255 {
				t.Fatalf("a pixel has cover %d", dst.Pix[i+3])
			}
		}
	})
}
