package opencv

import (
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agentid/vision"
)

func openMiniFASNet(t testing.TB) *MiniFASNet {
	t.Helper()
	m, err := NewMiniFASNet(
		MiniFASNetModel{shared(t, "models/minifasnet_v2_2.7.onnx"), 2.7},
		MiniFASNetModel{shared(t, "models/minifasnet_v1se_4.0.onnx"), 4.0},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// The three samples that came with the nets, in the boxes of both detectors.
func TestMiniFASNetSamples(t *testing.T) {
	m := openMiniFASNet(t)
	files, err := filepath.Glob(filepath.Join(shared(t, "faces/spoof"), "*.jpg"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, d := range []vision.Detector{openYuNet(t), openHaar(t)} {
		for _, file := range files {
			img := load(t, file)
			faces, err := d.Detect(img)
			if err != nil || len(faces) == 0 {
				t.Errorf("%s: %v, %v", file, faces, err)
				continue
			}
			s, err := m.Score(img, faces[0])
			if err != nil {
				t.Fatal(err)
			}
			live := strings.HasPrefix(filepath.Base(file), "live_")
			if live && s < 0.9 || !live && s > 0.45 {
				t.Errorf("%s in the box of %s: %.3f", file, d.Name(), s)
			}
		}
	}
}

func TestMiniFASNetRefuses(t *testing.T) {
	good := shared(t, "models/minifasnet_v2_2.7.onnx")
	garbage := filepath.Join(t.TempDir(), "garbage.onnx")
	if err := os.WriteFile(garbage, []byte("not a net"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, ms := range map[string][]MiniFASNetModel{
		"none":         nil,
		"no file":      {{filepath.Join(t.TempDir(), "none.onnx"), 2.7}},
		"garbage":      {{good, 2.7}, {garbage, 4}},
		"another net":  {{shared(t, "models/mobilefacenet_128.onnx"), 2.7}},
		"crop NaN":     {{good, math.NaN()}},
		"crop inside":  {{good, 0.5}},
		"too many":     make([]MiniFASNetModel, maxFASNets+1),
		"crop too far": {{good, 100}},
	} {
		if m, err := NewMiniFASNet(ms...); err == nil {
			m.Close()
			t.Errorf("%s: opened", name)
		}
	}

	m := openMiniFASNet(t)
	img := scene(200, 200)
	for name, box := range map[string]image.Rectangle{
		"empty": {}, "outside": image.Rect(300, 300, 400, 400), "small": image.Rect(10, 10, 20, 20), "at the edge": image.Rect(-80, 0, 10, 90),
	} {
		if _, err := m.Score(img, vision.Face{Box: box}); !errors.Is(err, vision.ErrNoFace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.Score(&image.RGBA{}, vision.Face{Box: image.Rect(0, 0, 90, 90)}); !errors.Is(err, vision.ErrPicture) {
		t.Errorf("no picture: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Score(img, vision.Face{Box: image.Rect(50, 50, 150, 150)}); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestCropAround(t *testing.T) {
	vga := image.Rect(0, 0, 640, 480)
	for _, tc := range []struct {
		name    string
		picture image.Rectangle
		box     image.Rectangle
		k       float64
		want    image.Rectangle
	}{
		{"in the middle", vga, image.Rect(300, 200, 340, 240), 2, image.Rect(280, 180, 361, 261)},
		{"shifted from the left and top", vga, image.Rect(0, 0, 100, 100), 2, image.Rect(0, 0, 201, 201)},
		{"shifted from the right and bottom", vga, image.Rect(540, 380, 640, 480), 2, image.Rect(439, 279, 640, 480)},
		{"as far as it reaches", vga, image.Rect(220, 140, 420, 340), 4, image.Rect(80, 0, 560, 480)},
		{"bounds that do not start at 0", vga.Add(image.Pt(1000, 500)), image.Rect(1300, 700, 1340, 740), 2, image.Rect(1280, 680, 1361, 761)},
	} {
		got := cropAround(tc.picture, tc.box, tc.k)
		d := func(a, b int) bool { return a-b > 1 || b-a > 1 }
		if d(got.Min.X, tc.want.Min.X) || d(got.Min.Y, tc.want.Min.Y) || d(got.Max.X, tc.want.Max.X) || d(got.Max.Y, tc.want.Max.Y) || !got.In(tc.picture) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	for _, box := range []image.Rectangle{image.Rect(-5000, -5000, 9000, 9000), image.Rect(600, 10, 2000, 2000), {}} {
		if got := cropAround(vga, box, 4); got.Empty() || !got.In(vga) {
			t.Errorf("%v: %v", box, got)
		}
	}
}

func TestStretch(t *testing.T) {
	img := image.NewRGBA(image.Rect(10, 20, 14, 24))
	for y := range 4 {
		for x := range 4 {
			i := img.PixOffset(10+x, 20+y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2] = uint8(10*x), uint8(10*y), 200
		}
	}
	out := make([]float32, 3*8*8)
	at := func(c, x, y int) float32 { return out[c*64+y*8+x] }
	stretch(img, img.Rect, 8, out) // twice as large: B, G, R
	for _, tc := range []struct {
		what      string
		got, want float32
	}{
		{"blue", at(0, 3, 5), 200}, {"green at the top", at(1, 0, 0), 0}, {"green at the bottom", at(1, 0, 7), 30},
		{"green between", at(1, 4, 2), 7.5}, {"red between", at(2, 2, 4), 7.5}, {"red at the right", at(2, 7, 0), 30},
	} {
		if math.Abs(float64(tc.got-tc.want)) > 1e-3 {
			t.Errorf("%s: %v, want %v", tc.what, tc.got, tc.want)
		}
	}
	// A part of the picture, reduced: the middle of each two is between them.
	small := make([]float32, 3*2*2)
	stretch(img, img.Rect, 2, small)
	if got := small[2*4]; got != 5 {
		t.Errorf("red reduced: %v, want 5", got)
	}
}

func TestLiveClass(t *testing.T) {
	if p, err := liveClass([]float32{0.1, 0.7, 0.2}); err != nil || math.Abs(p-0.7) > 1e-6 {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range [][]float32{{1, 2, 3}, {0, 0, 0}, {float32(math.NaN()), 0.5, 0.5}, {-1, 1, 1}} {
		if p, err := liveClass(bad); err == nil {
			t.Errorf("%v: %v", bad, p)
		}
	}
}

func TestMemoryStaysMiniFASNet(t *testing.T) {
	m := openMiniFASNet(t)
	img := scene(320, 240)
	f := vision.Face{Box: image.Rect(100, 60, 220, 200)}
	if d := grows(t, 250, func() {
		if _, err := m.Score(img, f); err != nil {
			t.Fatal(err)
		}
	}); d > 4<<20 {
		t.Errorf("250 scores took %d kB for good", d>>10)
	}
}

func BenchmarkMiniFASNet(b *testing.B) {
	m := openMiniFASNet(b)
	img := scene(640, 480)
	f := vision.Face{Box: image.Rect(200, 100, 400, 340)}
	benchCPU(b, func() {
		if _, err := m.Score(img, f); err != nil {
			b.Fatal(err)
		}
	})
}
