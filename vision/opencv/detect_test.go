package opencv

import (
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"agentid/vision"
)

func load(t testing.TB, path string) *image.RGBA {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := Decoder{}.Decode(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// frame is what a camera might send: a face of about 180 pixels in 640x480.
func frame(t testing.TB) *image.RGBA {
	t.Helper()
	return load(t, filepath.Join(shared(t, "faces/idols"), "bona", "bona_0003.jpg"))
}

func TestYuNetGroup(t *testing.T) {
	img := load(t, filepath.Join(shared(t, "faces/group"), "pristin.jpg"))
	faces, err := openYuNet(t).Detect(img)
	if err != nil {
		t.Fatal(err)
	}
	if len(faces) != 10 { // counted by eye
		t.Errorf("found %d of 10", len(faces))
	}
	for i, f := range faces {
		lm := f.Landmarks
		if len(lm) != 5 || !f.Box.In(img.Rect) || i > 0 && f.Score > faces[i-1].Score {
			t.Fatalf("face %d: %+v", i, f)
		}
		if !(lm[0].X < lm[1].X && lm[0].Y < lm[3].Y && lm[1].Y < lm[4].Y && lm[3].X < lm[4].X) {
			t.Errorf("face %d: right eye, left eye, nose, mouth at %v", i, lm)
		}
	}
}

// The letterbox is undone: a face is where it is, whatever the shape of the
// picture around it.
func TestYuNetPlaces(t *testing.T) {
	face := frame(t)
	y := openYuNet(t)
	alone, err := y.Detect(face)
	if err != nil || len(alone) == 0 {
		t.Fatalf("%v, %v", alone, err)
	}
	near := 0.08 * float64(alone[0].Box.Dx())
	apart := func(a, b vision.Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }
	for _, tc := range []struct{ size, at image.Point }{
		{image.Pt(640, 640), image.Pt(0, 0)}, {image.Pt(800, 600), image.Pt(150, 160)}, {image.Pt(700, 900), image.Pt(60, 470)}, {image.Pt(1200, 430), image.Pt(550, 4)},
	} {
		img := image.NewRGBA(image.Rectangle{Max: tc.size})
		for y := range face.Rect.Dy() {
			copy(img.Pix[img.PixOffset(tc.at.X, tc.at.Y+y):], face.Pix[face.PixOffset(0, y):][:4*face.Rect.Dx()])
		}
		got, err := y.Detect(img)
		if err != nil || len(got) == 0 {
			t.Errorf("%v: %v, %v", tc, got, err)
			continue
		}
		if o := iou(rectOf(got[0].Box), rectOf(alone[0].Box.Add(tc.at))); o < 0.8 {
			t.Errorf("%v: at %v, want %v", tc, got[0].Box, alone[0].Box.Add(tc.at))
		}
		again, err := y.Landmarks(img, got[0].Box)
		if err != nil {
			t.Errorf("%v: %v", tc, err)
			continue
		}
		for i, p := range alone[0].Landmarks {
			want := vision.Point{X: p.X + float64(tc.at.X), Y: p.Y + float64(tc.at.Y)}
			if d1, d2 := apart(want, got[0].Landmarks[i]), apart(want, again[i]); d1 > near || d2 > near {
				t.Errorf("%v: landmark %d is %.1f off, and %.1f when looked at again", tc, i, d1, d2)
			}
		}
	}
	if _, err := y.Landmarks(face, image.Rect(0, 0, 20, 20)); !errors.Is(err, vision.ErrNoFace) {
		t.Errorf("landmarks of a corner: %v", err)
	}
	if _, err := y.Landmarks(face, image.Rect(900, 900, 990, 990)); !errors.Is(err, vision.ErrNoFace) {
		t.Errorf("landmarks outside: %v", err)
	}
}

// Haar finds nearly all that YuNet is sure of, and next to nothing else. How the
// cascades that Debian brings compare is in docs/ACCURACY.md.
func TestHaarAgainstYuNet(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "faces/lfw"), "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	y, h := openYuNet(t), openHaar(t)
	var missed, wrong, total int
	for i := 0; i < len(files); i += 6 {
		img := load(t, files[i])
		want, err1 := y.Detect(img)
		got, err2 := h.Detect(img)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		shared := func(a, b vision.Face) bool { return iou(rectOf(a.Box), rectOf(b.Box)) > 0.25 }
		for _, f := range want {
			if f.Score > 0.8 {
				total++
				if !slices.ContainsFunc(got, func(g vision.Face) bool { return shared(f, g) }) {
					missed++
				}
			}
		}
		for _, g := range got {
			if !slices.ContainsFunc(want, func(f vision.Face) bool { return shared(f, g) }) {
				wrong++
			}
		}
	}
	t.Logf("%d faces: %d missed, %d false", total, missed, wrong)
	if total < 90 || missed*10 > total || wrong*50 > total {
		t.Errorf("of %d faces %d missed, %d false; want at most a tenth and a fiftieth", total, missed, wrong)
	}
}

func detectors(t testing.TB) []vision.Detector {
	return []vision.Detector{openHaar(t), openYuNet(t)}
}

// What may reach a detector or the encoder from outside is an error or no face,
// never a crash.
func TestHostilePictures(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 300, 200))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.Uint32())
	}
	y := openYuNet(t)
	enc := openEncoder(t, y)
	nan := vision.Point{X: math.NaN(), Y: 1}
	far := vision.Point{X: 1e300, Y: -1e300}
	same := vision.Point{X: 10, Y: 10}
	for name, tc := range map[string]struct {
		img *image.RGBA
		bad bool
	}{
		"nil":        {nil, true},
		"empty":      {image.NewRGBA(image.Rectangle{}), true},
		"lies":       {&image.RGBA{Pix: make([]byte, 8), Stride: 4000, Rect: image.Rect(0, 0, 1000, 1000)}, true},
		"too large":  {&image.RGBA{Stride: 4 * 8000, Rect: image.Rect(0, 0, 8000, 8000)}, true},
		"1x1":        {image.NewRGBA(image.Rect(0, 0, 1, 1)), false},
		"one row":    {image.NewRGBA(image.Rect(0, 0, 8000, 1)), false},
		"one column": {image.NewRGBA(image.Rect(0, 0, 1, 8000)), false},
		"noise":      {noise, false},
		"a part":     {noise.SubImage(image.Rect(50, 40, 290, 190)).(*image.RGBA), false},
	} {
		for _, d := range detectors(t) {
			faces, err := d.Detect(tc.img)
			if tc.bad != errors.Is(err, vision.ErrPicture) || !tc.bad && err != nil || len(faces) > 0 {
				t.Errorf("%s, %s: %v, %v", name, d.Name(), faces, err)
			}
		}
		for i, f := range []vision.Face{
			{}, {Box: image.Rect(-500, -500, 9000, 9000)}, {Box: image.Rect(60, 50, 130, 120)},
			{Landmarks: []vision.Point{nan, nan, nan, nan, nan}}, {Landmarks: []vision.Point{far, same, far, same, far}},
			{Landmarks: []vision.Point{same, same, same, same, same}}, {Landmarks: make([]vision.Point, 3)},
			{Landmarks: []vision.Point{{X: 9000, Y: 9000}, {X: 9100, Y: 9000}, {X: 9050, Y: 9050}, {X: 9000, Y: 9100}, {X: 9100, Y: 9100}}},
		} {
			_, err := enc.Encode(tc.img, []byte("not a JPEG"), f)
			if tc.bad && !errors.Is(err, vision.ErrPicture) || !tc.bad && !errors.Is(err, vision.ErrNoFace) {
				t.Errorf("%s, face %d: %v", name, i, err)
			}
		}
	}
}

// Files that are no models are errors: an exception of OpenCV's that came
// through would end this process.
func TestHostileModels(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	rng := rand.New(rand.NewPCG(3, 4))
	junk := make([]byte, 5000)
	for i := range junk {
		junk[i] = byte(rng.Uint32())
	}
	files := map[string]string{
		"missing": filepath.Join(dir, "none"), "empty": write("empty", nil), "a folder": dir,
		"junk": write("junk", junk), "zeros": write("zeros", make([]byte, 5000)), "text": write("text", []byte("hello")),
		"xml":     write("xml.xml", []byte("<?xml version=\"1.0\"?><opencv_storage><a>1</a></opencv_storage>")),
		"cut xml": write("cut.xml", []byte("<?xml version=\"1.0\"?><opencv_storage><cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST")),
	}
	for name, path := range files {
		if y, err := NewYuNet(path, YuNetOptions{}); err == nil {
			t.Errorf("%s: opened as YuNet %v", name, y)
		}
		if e, err := NewONNXEncoder(path, mobileFaceNet(), nil); err == nil {
			t.Errorf("%s: opened as encoder %v", name, e)
		}
		if h, err := NewHaar(path, HaarOptions{}); err == nil {
			t.Errorf("%s: opened as cascade %v", name, h)
		}
	}

	yunet, mobile := shared(t, "models/yunet_n_320.onnx"), shared(t, "models/mobilefacenet_128.onnx")
	if _, err := NewYuNet(mobile, YuNetOptions{}); err == nil {
		t.Error("an encoder opened as YuNet")
	}
	if _, err := NewONNXEncoder(yunet, mobileFaceNet(), nil); err == nil {
		t.Error("YuNet opened as an encoder")
	}
	for _, side := range []int{0, 16, 113, 2000} {
		s := mobileFaceNet()
		s.Side = side
		if _, err := NewONNXEncoder(mobile, s, nil); err == nil {
			t.Errorf("an encoder of side %d opened", side)
		}
	}
	whole, err := os.ReadFile(yunet)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // cut short, and bytes changed
		b := append([]byte(nil), whole[:len(whole)*(i+1)/40]...)
		if i%2 == 1 {
			for range 20 {
				b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
			}
		}
		y, err := NewYuNet(write(fmt.Sprintf("cut%d.onnx", i), b), YuNetOptions{})
		if err == nil && i < 30 {
			t.Errorf("%d bytes of %d opened", len(b), len(whole))
		}
		if err == nil {
			if _, err := y.Detect(scene(64, 64)); err != nil {
				t.Logf("detect with a damaged net: %v", err)
			}
			y.Close()
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []HaarOptions{{Side: -1}, {Step: 1}, {Step: math.NaN()}, {Step: math.Inf(1)}, {Neighbours: -1}, {MinFace: -5}} {
		if _, err := NewHaar("", o); err == nil {
			t.Errorf("%+v accepted", o)
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	y := openYuNet(t)
	img := frame(t)
	faces, err := y.Detect(img)
	if err != nil || len(faces) == 0 {
		t.Fatalf("%v, %v", faces, err)
	}
	e := openEncoder(t, nil)
	h := openHaar(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				_, err1 := y.Detect(img)
				_, err2 := e.Encode(img, nil, faces[0])
				_, err3 := h.Detect(img)
				for _, err := range []error{err1, err2, err3} {
					if err != nil && !errors.Is(err, errClosed) {
						t.Error(err)
						return
					}
				}
				if err1 != nil && err2 != nil && err3 != nil {
					return
				}
			}
		})
	}
	for range 2 {
		for _, c := range []interface{ Close() error }{y, e, h} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	wg.Wait()
}

func BenchmarkHaar(b *testing.B)  { benchDetect(b, openHaar(b)) }
func BenchmarkYuNet(b *testing.B) { benchDetect(b, openYuNet(b)) }

func benchDetect(b *testing.B, d vision.Detector) {
	img := frame(b)
	benchCPU(b, func() {
		if faces, err := d.Detect(img); err != nil || len(faces) == 0 {
			b.Fatalf("%v, %v", faces, err)
		}
	})
}

func BenchmarkMobileFaceNet(b *testing.B) {
	img := frame(b)
	faces, err := openYuNet(b).Detect(img)
	if err != nil || len(faces) == 0 {
		b.Fatalf("%v, %v", faces, err)
	}
	e := openEncoder(b, nil)
	benchCPU(b, func() {
		if _, err := e.Encode(img, nil, faces[0]); err != nil {
			b.Fatal(err)
		}
	})
}
