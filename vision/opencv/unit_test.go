package opencv

import (
	"image"
	"math"
	"math/cmplx"
	"testing"

	"agentid/vision"
)

func TestAlignTo(t *testing.T) {
	for _, tc := range []struct{ turn, scale, x, y float64 }{{0, 1, 0, 0}, {0, 2.5, 100, 40}, {0.6, 0.3, -20, 7}, {-2.5, 1, 300, 200}} {
		// Landmarks that lie as ArcFace wants them, after a known map.
		a := cmplx.Rect(tc.scale, tc.turn)
		var lm [5]vision.Point
		for i, p := range arcFace() {
			z := a*complex(p.X, p.Y) + complex(tc.x, tc.y)
			lm[i] = vision.Point{X: real(z), Y: imag(z)}
		}
		s, ok := alignTo(112, lm)
		if !ok {
			t.Fatalf("%+v: no map", tc)
		}
		if cmplx.Abs(s.a*a-1) > 1e-9 || cmplx.Abs(s.a*complex(tc.x, tc.y)+s.b) > 1e-6 {
			t.Errorf("%+v: got %v", tc, s)
		}
		if back := s.invert(); cmplx.Abs(back.a-a) > 1e-9 || cmplx.Abs(back.b-complex(tc.x, tc.y)) > 1e-6 {
			t.Errorf("%+v: inverse %v", tc, back)
		}
	}
	// Least squares: noise that cancels changes nothing.
	lm := arcFace()
	lm[0].X, lm[1].X = lm[0].X+1, lm[1].X-1
	if s, ok := alignTo(112, lm); !ok || math.Abs(cmplx.Phase(s.a)) > 1e-3 || math.Abs(cmplx.Abs(s.a)-1) > 0.05 {
		t.Errorf("with noise: %v, %v", s, ok)
	}
	// Twice the side, twice the scale.
	if s, _ := alignTo(224, arcFace()); cmplx.Abs(s.a-2) > 1e-9 {
		t.Errorf("side 224: %v", s)
	}
	for name, v := range map[string]float64{"NaN": math.NaN(), "Inf": math.Inf(1), "huge": 1e200} {
		lm := arcFace()
		lm[3].Y = v
		if s, ok := alignTo(112, lm); ok {
			t.Errorf("%s: %v", name, s)
		}
	}
	if s, ok := alignTo(112, [5]vision.Point{}); ok {
		t.Errorf("one spot: %v", s)
	}
}

func TestWarp(t *testing.T) {
	img := image.NewRGBA(image.Rect(10, 20, 14, 24)) // bounds that do not start at 0
	for y := range 4 {
		for x := range 4 {
			i := img.PixOffset(10+x, 20+y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = uint8(10*x), uint8(10*y), 200, 255
		}
	}
	one := [3]float32{1. / 255, 1. / 255, 1. / 255} // so that values come out as 0..255
	near := func(what string, got, want float32) {
		t.Helper()
		if math.Abs(float64(got-want)) > 1e-3 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	out := make([]float32, 3*4*4)
	warp(img, similarity{1, -10 - 20i}, 4, [3]float32{}, one, out) // to the origin
	near("R at 3,1", out[0*16+1*4+3], 30)
	near("G at 3,1", out[1*16+1*4+3], 10)
	near("B at 3,1", out[2*16+1*4+3], 200)

	warp(img, similarity{2, -20 - 40i}, 4, [3]float32{}, one, out) // twice as large
	near("R half-way", out[0*16+0*4+1], 5)
	near("R at 2", out[0*16+0*4+2], 10)

	warp(img, similarity{1, -14 - 20i}, 4, [3]float32{}, one, out) // beside it
	near("outside", out[2*16+0*4+0], 0)

	warp(img, similarity{1, -10 - 20i}, 4, [3]float32{0.5, 0.5, 0.5}, [3]float32{0.25, 0.5, 0.25}, out)
	near("normalised", out[2*16], (200./255-0.5)/0.25)

	// Reduced eight times, a chequered picture is grey: it does not alias.
	board := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range board.Pix {
		board.Pix[i] = uint8(255 * ((i/4%64 + i/256) % 2))
	}
	grey := make([]float32, 3*8*8)
	warp(board, similarity{0.125, 0}, 8, [3]float32{}, one, grey)
	near("grey", grey[8*4+4], 127.5)
}

func TestNormalised(t *testing.T) {
	v, err := normalised([]float32{3, 0, -4})
	if err != nil || v[0] != 0.6 || v[2] != -0.8 {
		t.Errorf("%v, %v", v, err)
	}
	for _, bad := range [][]float32{{0, 0}, {float32(math.NaN()), 1}, {float32(math.Inf(1)), 1}} {
		if v, err := normalised(bad); err == nil {
			t.Errorf("%v: %v", bad, v)
		}
	}
}

// yunetOutput is the outputs of a net that sees nothing but what set adds.
func yunetOutput() []float32 {
	var n int
	for _, s := range yunetStrides() {
		n += yunetSide / s * (yunetSide / s) * 16
	}
	return make([]float32, n)
}

func TestYuNetFaces(t *testing.T) {
	out := yunetOutput()
	// Stride 16: a grid of 20x20, after the 40x40 of stride 8. The cell 3, 2.
	const base, cells, cell = 40 * 40 * 16, 20 * 20, 2*20 + 3
	out[base+cell], out[base+cells+cell] = 0.9, 0.4
	b := out[base+2*cells+4*cell:]
	b[0], b[1], b[2], b[3] = 0.5, -0.25, float32(math.Log(2)), float32(math.Log(4))
	k := out[base+6*cells+10*cell:]
	k[0], k[1], k[9] = 1, 2, -1
	got := yunetFaces(out, 0.5)
	if len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	c := got[0]
	if math.Abs(c.score-0.6) > 1e-6 {
		t.Errorf("score %v, want 0.6", c.score)
	}
	want := rect{3.5*16 - 16, 1.75*16 - 32, 3.5*16 + 16, 1.75*16 + 32}
	for i := range want {
		if math.Abs(c.box[i]-want[i]) > 1e-4 {
			t.Errorf("box %v, want %v", c.box, want)
		}
	}
	if c.lm[0] != (vision.Point{X: 64, Y: 64}) || c.lm[4] != (vision.Point{X: 48, Y: 16}) {
		t.Errorf("landmarks %v", c.lm)
	}
	if got := yunetFaces(out, 0.61); len(got) != 0 {
		t.Errorf("below the score: %v", got)
	}
	// Numbers that are none are no face.
	for _, i := range []int{base + cell, base + 2*cells + 4*cell, base + 2*cells + 4*cell + 2, base + 6*cells + 10*cell} {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), -1e30} {
			if v > 0 && i == base+cell {
				continue // infinitely sure is sure
			}
			bad := append([]float32(nil), out...)
			bad[i] = v
			if i == base+2*cells+4*cell+2 && v < 0 {
				continue // no width: a box that is empty in the picture, dropped there
			}
			if got := yunetFaces(bad, 0.5); len(got) != 0 {
				t.Errorf("%v at %d: %v", v, i, got)
			}
		}
	}
}

func TestSuppress(t *testing.T) {
	box := func(x, score float64) candidate { return candidate{box: rect{x, 0, x + 10, 10}, score: score} }
	scores := func(cs []candidate) (out []float64) {
		for _, c := range cs {
			out = append(out, c.score)
		}
		return out
	}
	for name, tc := range map[string]struct {
		in   []candidate
		n    int
		want []float64
	}{
		"none":                  {nil, 5, nil},
		"apart, best first":     {[]candidate{box(0, .7), box(50, .9)}, 5, []float64{.9, .7}},
		"one twice":             {[]candidate{box(0, .7), box(1, .9), box(2, .8)}, 5, []float64{.9}},
		"touching by a quarter": {[]candidate{box(0, .9), box(6, .8)}, 5, []float64{.9, .8}}, // IoU 0.25
		"chain":                 {[]candidate{box(0, .9), box(4, .8), box(8, .7)}, 5, []float64{.9, .7}},
		"at most two":           {[]candidate{box(0, .7), box(50, .9), box(90, .8)}, 2, []float64{.9, .8}},
	} {
		got := scores(suppress(tc.in, 0.3, tc.n))
		if len(got) != len(tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%s: %v, want %v", name, got, tc.want)
			}
		}
	}
}

func TestFit(t *testing.T) {
	for _, tc := range []struct {
		w, h, fw, fh int
		scale        float64
	}{{640, 480, 320, 240, 0.5}, {100, 50, 100, 50, 1}, {480, 640, 240, 320, 0.5}, {8000, 1, 320, 1, 0.04}} {
		if fw, fh, s := fit(tc.w, tc.h, 320); fw != tc.fw || fh != tc.fh || s != tc.scale {
			t.Errorf("%+v: %d, %d, %v", tc, fw, fh, s)
		}
	}
}

func TestSetThreads(t *testing.T) {
	before := SetThreads(0)
	defer SetThreads(before)
	if n := SetThreads(1); n != 1 {
		t.Errorf("asked for 1, got %d", n)
	}
}

func TestVersion(t *testing.T) {
	if v := Version(); len(v) < 5 || v[0] != '4' {
		t.Errorf("got %q", v)
	}
}
