package dlib

import (
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"agentid/vision"
)

func load(t testing.TB, path string) (*image.RGBA, []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := vision.GoDecoder{}.Decode(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return img, b
}

// largest detects and gives the largest face.
func largest(t testing.TB, e *Engine, img *image.RGBA) vision.Face {
	t.Helper()
	faces, err := e.Detector().Detect(img)
	if err != nil || len(faces) == 0 {
		t.Fatalf("found %v, %v", faces, err)
	}
	return faces[0]
}

func TestDetectAndEncode(t *testing.T) {
	dir := shared(t, "faces/lfw")
	e := openBuiltin(t)
	img, jpeg := load(t, filepath.Join(dir, "Cameron_Diaz", "Cameron_Diaz_0001.jpg"))
	f := largest(t, e, img)
	if len(f.Landmarks) != 68 {
		t.Fatalf("%d landmarks", len(f.Landmarks))
	}
	five, _ := vision.FiveLandmarks(f.Landmarks)
	if !(five[0].X < five[2].X && five[2].X < five[1].X && five[0].Y < five[2].Y && five[2].Y < five[3].Y) {
		t.Errorf("eyes, nose and mouth lie at %v", five)
	}
	for _, p := range five {
		if !(image.Point{X: int(p.X), Y: int(p.Y)}).In(f.Box) {
			t.Errorf("%v is outside of %v", p, f.Box)
		}
	}
	enc, err := e.Encode(img, jpeg, f)
	if err != nil || len(enc.Vector) != 128 {
		t.Fatalf("%d numbers, %v", len(enc.Vector), err)
	}

	encode := func(name string) []float32 {
		t.Helper()
		img, _ := load(t, filepath.Join(dir, name))
		enc, err := e.Encode(img, nil, largest(t, e, img))
		if err != nil {
			t.Fatal(err)
		}
		return enc.Vector
	}
	same := e.Metric().Distance(enc.Vector, encode("Cameron_Diaz/Cameron_Diaz_0004.jpg"))
	other := e.Metric().Distance(enc.Vector, encode("Charles_Moose/Charles_Moose_0001.jpg"))
	if same > other-0.2 { // the built-in model is demo grade: 0.64 and 1.05
		t.Errorf("the same person at %.3f, another at %.3f", same, other)
	}
}

// The vector of the cut-out face is the vector that the whole frame gives, as
// nearly as HOG and the landmarks repeat themselves.
func TestCutOutAgreesWithWholeFrame(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "faces/idols"), "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	e := openBuiltin(t)
	var ds []float64
	for _, file := range files {
		img, _ := load(t, file)
		jpeg, at, err := cut(img, img.Rect, 1)
		if err != nil {
			t.Fatal(err)
		}
		found, err := e.recognise(jpeg)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			enc, err := e.Encode(img, nil, vision.Face{Box: at.box(f.Rectangle)})
			if errors.Is(err, vision.ErrNoFace) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			ds = append(ds, vision.Euclidean.Distance(enc.Vector, f.Descriptor[:]))
		}
	}
	if len(ds) < 25 {
		t.Fatalf("only %d faces", len(ds))
	}
	slices.Sort(ds)
	median, p90 := ds[len(ds)/2], ds[len(ds)*9/10]
	t.Logf("%d faces: median %.3f, 90%% below %.3f, largest %.3f", len(ds), median, p90, ds[len(ds)-1])
	if median > 0.08 || p90 > 0.15 {
		t.Errorf("median %.3f, want 0.08; 90%% below %.3f, want 0.15", median, p90)
	}
}

// A face of 54 pixels, which HOG cannot see, is enlarged.
func TestEncodeSmallFace(t *testing.T) {
	img := vga(t)
	e := openBuiltin(t)
	f := largest(t, e, img)
	whole, err := e.Encode(img, nil, f)
	if err != nil {
		t.Fatal(err)
	}
	small, at, err := cut(img, img.Rect, 54/float64(f.Box.Dx()))
	if err != nil {
		t.Fatal(err)
	}
	tiny, err := vision.GoDecoder{}.Decode(small, nil)
	if err != nil {
		t.Fatal(err)
	}
	if faces, err := e.Detector().Detect(tiny); err != nil || len(faces) != 0 {
		t.Fatalf("HOG sees %v by itself, %v", faces, err)
	}
	px := func(v int, s float64) int { return int(float64(v) / s) }
	box := image.Rect(px(f.Box.Min.X, at.sx), px(f.Box.Min.Y, at.sy), px(f.Box.Max.X, at.sx), px(f.Box.Max.Y, at.sy))
	enc, err := e.Encode(tiny, nil, vision.Face{Box: box})
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Metric().Distance(enc.Vector, whole.Vector); d > 0.35 {
		t.Errorf("at a distance of %.3f from the large one", d)
	}
	if nose := enc.Landmarks[30]; !(image.Point{X: int(nose.X), Y: int(nose.Y)}).In(box) {
		t.Errorf("nose at %v, outside of %v", nose, box)
	}
}

// What may reach the engine from outside is an error or no face, never a crash.
func TestHostilePictures(t *testing.T) {
	e := openBuiltin(t)
	noise := image.NewRGBA(image.Rect(0, 0, 200, 150))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.Uint32())
	}
	part := noise.SubImage(image.Rect(50, 40, 190, 140)).(*image.RGBA)
	for name, tc := range map[string]struct {
		img *image.RGBA
		bad bool // an error
	}{
		"nil":        {nil, true},
		"empty":      {image.NewRGBA(image.Rectangle{}), true},
		"lies":       {&image.RGBA{Pix: make([]byte, 8), Stride: 4000, Rect: image.Rect(0, 0, 1000, 1000)}, true},
		"1x1":        {image.NewRGBA(image.Rect(0, 0, 1, 1)), false},
		"one row":    {image.NewRGBA(image.Rect(0, 0, 8000, 1)), false},
		"one column": {image.NewRGBA(image.Rect(0, 0, 33, 8000)), false},
		"noise":      {noise, false},
		"a part":     {part, false},
	} {
		faces, err := e.Detector().Detect(tc.img)
		if tc.bad != errors.Is(err, vision.ErrPicture) || len(faces) > 0 {
			t.Errorf("%s: detected %v, %v", name, faces, err)
		}
		for _, box := range []image.Rectangle{{}, image.Rect(0, 0, 1, 1), image.Rect(-500, -500, 9000, 9000), image.Rect(60, 50, 130, 120), image.Rect(1<<40, 0, 1<<41, 1<<40)} {
			_, err := e.Encode(tc.img, []byte("not a JPEG"), vision.Face{Box: box})
			if want := vision.ErrNoFace; tc.bad && !errors.Is(err, vision.ErrPicture) || !tc.bad && !errors.Is(err, want) {
				t.Errorf("%s, %v: encoded, %v", name, box, err)
			}
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	e := openBuiltin(t)
	img := image.NewRGBA(image.Rect(0, 0, 100, 100))
	var wg sync.WaitGroup
	for range 4 { // closing waits for what is under way
		wg.Go(func() {
			for {
				if _, err := e.Detector().Detect(img); err != nil {
					if !errors.Is(err, errClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if _, err := e.Encode(img, nil, vision.Face{Box: img.Rect}); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func TestVersion(t *testing.T) {
	if v := Version(); v < "19" || len(v) < 5 {
		t.Errorf("got %q", v)
	}
}
