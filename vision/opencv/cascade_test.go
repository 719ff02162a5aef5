package opencv

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gocv.io/x/gocv"
)

// small is a cascade of 8x8 with one stage of two trees, as OpenCV writes it.
const small = `<?xml version="1.0"?>
<!-- a comment -->
<opencv_storage>
<cascade type_id="opencv-cascade-classifier"><stageType>BOOST</stageType>
  <featureType>HAAR</featureType>
  <height>8</height>
  <width>8</width>
  <stageParams><maxWeakCount>2</maxWeakCount></stageParams>
  <featureParams><maxCatCount>0</maxCatCount></featureParams>
  <stageNum>1</stageNum>
  <stages>
    <_>
      <maxWeakCount>2</maxWeakCount>
      <stageThreshold>3.5069230198860168e-01</stageThreshold>
      <weakClassifiers>
        <_>
          <internalNodes>
            0 1 0 4.3272329494357109e-03 -1 -2 1 1.3076160103082657e-02</internalNodes>
          <leafValues>
            3.8381900638341904e-02 8.9652568101882935e-01
            2.6293140649795532e-01</leafValues></_>
        <_>
          <internalNodes>
            0 -1 1 -5.2434601821005344e-04</internalNodes>
          <leafValues>
            1.0216630250215530e-01 1.2384019792079926e-01</leafValues></_></weakClassifiers></_></stages>
  <features>
    <_>
      <rects>
        <_>
          0 0 8 4 -1.</_>
        <_>
          0 2 8 2 2.</_></rects>
      <tilted>0</tilted></_>
    <_>
      <rects>
        <_>
          4 0 4 2 -1.</_>
        <_>
          4 0 2 2 2.</_></rects>
      <tilted>1</tilted></_></features></cascade>
</opencv_storage>
`

// rewritten is the cascade as OpenCV gets to see it.
func rewritten(t testing.TB, c *cascade) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCascadeKeepsEveryNumber(t *testing.T) {
	c, err := parseCascade([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	tree := c.Body.Stages[0].Trees[0]
	if want := (numbers{0, 1, 0, 4.3272329494357109e-03, -1, -2, 1, 1.3076160103082657e-02}); !reflect.DeepEqual(tree.Nodes, want) {
		t.Errorf("nodes %v, want %v", tree.Nodes, want)
	}
	if want := (feature{Rects: []numbers{{4, 0, 4, 2, -1}, {4, 0, 2, 2, 2}}, Tilted: 1}); !reflect.DeepEqual(c.Body.Features[1], want) {
		t.Errorf("feature %v, want %v", c.Body.Features[1], want)
	}
	again, err := parseCascade(rewritten(t, c))
	if err != nil || !reflect.DeepEqual(c, again) {
		t.Errorf("written and read again: %+v, %v, want %+v", again, err, c)
	}
}

// Every Haar cascade that is installed is accepted, but for those in the form of
// OpenCV 1, which its faces do not have; and the checked one finds
// what the file itself finds when OpenCV reads it.
func TestCascadesOfTheSystem(t *testing.T) {
	path, err := FindHaar()
	if err != nil {
		t.Skip("skipped: no opencv-data")
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		old := bytes.Contains(b, []byte("opencv-haar-classifier"))
		c, err := loadCascade(file)
		if old != errors.Is(err, ErrCascade) || !old && err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if err == nil {
			c.Close()
		}
	}

	checked, err := loadCascade(path)
	if err != nil {
		t.Fatal(err)
	}
	defer checked.Close()
	direct := gocv.NewCascadeClassifier()
	defer direct.Close()
	if !direct.Load(path) {
		t.Fatalf("OpenCV does not load %s", path)
	}
	grey := greyFrame(t)
	defer grey.Close()
	// One neighbour and a fine step, for many windows; groups come in any order.
	boxes := func(c *gocv.CascadeClassifier) map[image.Rectangle]int {
		out := map[image.Rectangle]int{}
		for _, r := range c.DetectMultiScaleWithParams(grey, 1.03, 0, 0, image.Point{}, image.Point{}) {
			out[r]++
		}
		return out
	}
	want, got := boxes(&direct), boxes(checked)
	if len(want) < 20 || !reflect.DeepEqual(want, got) {
		t.Errorf("%d windows, %d in the file as it is", len(got), len(want))
	}
}

// greyFrame is frame as a cascade sees it.
func greyFrame(t testing.TB) gocv.Mat {
	t.Helper()
	img := frame(t)
	s := newShrinker()
	defer s.close()
	if err := s.shrink(img, img.Rect, img.Rect.Dx()/2, img.Rect.Dy()/2); err != nil {
		t.Fatal(err)
	}
	grey := gocv.NewMat()
	gocv.CvtColor(s.small, &grey, gocv.ColorRGBAToGray)
	return grey
}

// Each of these OpenCV would read beyond its memory for, walk in a circle, or
// end the process.
func TestCascadeRefuses(t *testing.T) {
	change := func(from, to string) string {
		t.Helper()
		if !strings.Contains(small, from) {
			t.Fatalf("no %q", from)
		}
		return strings.Replace(small, from, to, 1)
	}
	for name, file := range map[string]string{
		"text":               "hello",
		"cut":                small[:len(small)-40],
		"another kind":       change("opencv-cascade-classifier", "opencv-haar-classifier"),
		"LBP":                change("HAAR", "LBP"),
		"not boosted":        change("BOOST", "CART"),
		"categories":         change("<maxCatCount>0", "<maxCatCount>256"),
		"no window":          change("<width>8", "<width>0"),
		"huge window":        change("<width>8", "<width>100000"),
		"window overflows":   change("<width>8", "<width>99999999999999999999"),
		"no stages":          strings.NewReplacer("<stages>", "<steps>", "</stages>", "</steps>").Replace(small),
		"no features":        strings.NewReplacer("<features>", "<f>", "</features>", "</f>").Replace(small),
		"threshold NaN":      change("3.5069230198860168e-01", "NaN"),
		"threshold infinite": change("3.5069230198860168e-01", "1e300"),
		"leaf infinite":      change("8.9652568101882935e-01", "Inf"),
		"no such feature":    change("-2 1 1.3", "-2 2 1.3"),
		"feature below 0":    change("-2 1 1.3", "-2 -1 1.3"),
		"half a feature":     change("-2 1 1.3", "-2 0.5 1.3"),
		"circle":             change("-1 -2 1 1.3", "1 -2 1 1.3"),
		"no such node":       change("0 1 0 4.3", "0 2 0 4.3"),
		"no such leaf":       change("-1 -2 1 1.3", "-1 -3 1 1.3"),
		"half a node":        change("-1 -2 1 1.3076160103082657e-02", "-1 -2 1"),
		"leaf missing":       change("2.6293140649795532e-01", ""),
		"too wide":           change("0 0 8 4", "1 0 8 4"),
		"too high":           change("0 0 8 4", "0 5 8 4"),
		"before the window":  change("0 0 8 4", "-1 0 8 4"),
		"far and back":       change("0 0 8 4", "900000000 0 -899999999 4"),
		"turned too far":     change("4 0 4 2", "1 0 4 2"),
		"turned too low":     change("4 0 4 2", "4 3 4 2"),
		"empty rectangle":    change("0 0 8 4", "0 0 0 4"),
		"four numbers":       change("0 0 8 4 -1.", "0 0 8 4"),
		"four rectangles":    change("0 0 8 4 -1.</_>", "0 0 8 4 -1.</_><_>0 0 1 1 1</_><_>0 0 1 1 1</_>"),
		"tilted 2":           change("<tilted>1", "<tilted>2"),
		"deep":               strings.Repeat("<a>", 100000),
	} {
		if _, err := parseCascade([]byte(file)); !errors.Is(err, ErrCascade) {
			t.Errorf("%s: %v", name, err)
		}
	}
	big := filepath.Join(t.TempDir(), "big.xml")
	if err := os.WriteFile(big, append([]byte(small), make([]byte, maxCascadeBytes)...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NewHaar(big, HaarOptions{}); err == nil || !strings.Contains(err.Error(), "over 8 MB") {
		t.Errorf("too large a file: %v", err)
	}
}

// What the check lets through OpenCV opens and runs; if it did not, the process
// that fuzzes would end.
func FuzzCascade(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.ReplaceAll(small, "8.9652568101882935e-01", "1e-320")))
	f.Add([]byte(strings.ReplaceAll(small, "3.5069230198860168e-01", "-5")))
	f.Add([]byte("<opencv_storage><cascade type_id=\"opencv-cascade-classifier\"/></opencv_storage>"))
	img := scene(40, 30)
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := parseCascade(file)
		if err != nil {
			if !errors.Is(err, ErrCascade) {
				t.Fatalf("foreign error %v", err)
			}
			return
		}
		if again, err := parseCascade(rewritten(t, c)); err != nil || len(again.Body.Stages) != len(c.Body.Stages) {
			t.Fatalf("does not read what it wrote: %v", err)
		}
		cc, err := c.open()
		if err != nil {
			t.Fatal(err)
		}
		h := &Haar{opts: HaarOptions{Side: 40, Step: 1.5, Neighbours: 1, MinFace: 8}, cascade: cc, shrinker: newShrinker(), grey: gocv.NewMat()}
		defer h.Close()
		if _, err := h.Detect(img); err != nil {
			t.Fatal(err)
		}
	})
}

// OpenCV leaves no file behind.
func TestCascadeLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	h := openHaar(t)
	if faces, err := h.Detect(scene(80, 60)); err != nil || len(faces) != 0 {
		t.Errorf("%v, %v", faces, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	if _, err := NewHaar("", HaarOptions{}); err == nil {
		t.Error("opened without a folder to write to")
	}
}
