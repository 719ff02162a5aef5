package eval

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/vision"
)

// fakes: a "picture" is a byte for the number of faces, then the vector's first
// number; decoding takes 1 ms, detecting 2, encoding 4.
type fakes struct{ clock *domaintest.Clock }

func (f fakes) Decode(b []byte, _ *image.RGBA) (*image.RGBA, error) {
	f.clock.Advance(time.Millisecond)
	switch string(b) {
	case "bad":
		return nil, vision.ErrPicture
	case "broken decoder":
		return nil, errors.New("out of memory")
	}
	img := image.NewRGBA(image.Rect(0, 0, 100, 100))
	img.Pix[0], img.Pix[1] = b[0]-'0', b[1]-'0'
	return img, nil
}

func (f fakes) Name() string { return "fake" }

func (f fakes) Detect(img *image.RGBA) ([]vision.Face, error) {
	f.clock.Advance(2 * time.Millisecond)
	faces := make([]vision.Face, img.Pix[0])
	for i := range faces {
		faces[i].Box = image.Rect(10*i, 0, 10*i+10, 10)
	}
	return faces, nil
}

func (f fakes) Ref() domain.EncoderRef { return domain.EncoderRef{Name: "enc", Version: "7"} }
func (f fakes) Metric() vision.Metric  { return vision.Euclidean }
func (f fakes) Threshold() float64     { return 1.5 }
func (f fakes) Close() error           { return nil }

func (f fakes) Encode(img *image.RGBA, jpeg []byte, face vision.Face) (vision.Encoding, error) {
	f.clock.Advance(4 * time.Millisecond)
	if string(jpeg[1:]) == "9" {
		return vision.Encoding{}, vision.ErrNoFace
	}
	if want := 10 * (int(img.Pix[0]) - 1); face.Box.Min.X != want {
		return vision.Encoding{}, errors.New("not the most central face")
	}
	return vision.Encoding{Vector: []float32{float32(img.Pix[1])}}, nil
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func engine() (Engine, Options) {
	f := fakes{domaintest.NewClock(time.Unix(0, 0))}
	return Engine{f, f, f}, Options{Clock: f.clock, Resamples: 50}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"ana/1.jpg": "11", "ana/2.jpg": "12", "ana/3.JPEG": "34", // three faces, the last most central
		"ben/1.jpg": "16", "ben/2.jpg": "05", "ben/3.jpg": "bad", // none, unreadable
		"cid/1.jpg": "18", "cid/2.jpg": "19", // not encoded
		"ana/notes.txt": "x", "top.jpg": "11", "empty/.keep": "",
	})
	e, o := engine()
	var calls int
	o.Progress = func(done, total int) {
		if calls++; done != calls || total != 8 {
			t.Errorf("progress %d of %d at call %d", done, total, calls)
		}
	}
	r, err := Run(context.Background(), dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	if calls != 8 {
		t.Errorf("%d calls of progress", calls)
	}
	if want := (SetResult{dir, 3, 8}); r.Set != want {
		t.Errorf("set %+v, want %+v", r.Set, want)
	}
	if want := (EngineResult{"fake", "enc", "7", vision.Euclidean, 1.5}); r.Engine != want {
		t.Errorf("engine %+v, want %+v", r.Engine, want)
	}
	if want := (DetectionResult{Unreadable: 1, Found: 6, Rate: 0.75, Several: 1, Faces: 8, NotEncoded: 1, Usable: 5}); r.Detection != want {
		t.Errorf("detection %+v, want %+v", r.Detection, want)
	}
	// Ana at 1, 2, 4; Ben at 6; Cid at 8. Genuine 1, 2, 3; impostor 5 4 2, 7 6 4, 2.
	// Of 7 genuine pairs 4 could not be made: Ben's three and Cid's one.
	if want := (PairsResult{Genuine: 3, Impostor: 7, Sampled: 3, Lost: 4}); r.Pairs != want {
		t.Errorf("pairs %+v, want %+v", r.Pairs, want)
	}
	near(t, "FNMR at the manifest's", r.AllAtManifest.FNMR, 2./3)
	near(t, "FMR at the manifest's", r.AllAtManifest.FMR, 0)
	near(t, "EER", r.EER.Rate, (2./7+1./3)/2)
	near(t, "FNMR at FMR 1e-2", r.FNMRAtFMR[0].FNMR, 2./3)
	near(t, "with failures", r.FNMRAtFMR[0].WithFailures, 6./7)
	if r.FNMRAtFMR[0].Reliable || r.CrossValidated != nil {
		t.Errorf("of 7 impostor pairs: %+v, %v", r.FNMRAtFMR[0], r.CrossValidated)
	}
	if want := (TimesResult{Times{1, 1, 1}, Times{2, 2, 2}, Times{4, 4, 4}}); r.Time != want {
		t.Errorf("times %+v, want %+v", r.Time, want)
	}

	// Only Ana has three: each of hers is nearest to 2 (or 1) and 2 away at most;
	// Ben and Cid, at 6 and 8, against the two that are left of 1, 2, 4.
	v := r.Verification
	if v.Single.Now.FNMR.Errors != 2 || v.Single.Now.FMR.Of != 7 || v.Single.Now.Threshold != 1.5 {
		t.Errorf("1:1 with one template: %+v", v.Single.Now)
	}
	if n := v.Nearest; n == nil || n.People != 1 || n.Templates != 2 || n.Lost != 0 || n.Now.FNMR.Errors != 1 || n.Now.FNMR.Of != 3 || n.Now.FMR.Of != 2 || n.Now.FMR.Errors != 0 {
		t.Errorf("1:1 with several: %+v", n)
	}
	if len(r.Scores.Single.Impostor) != 7 || len(r.Scores.Nearest.Genuine) != 3 {
		t.Errorf("scores %+v", r.Scores)
	}

	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"fnmr_at_fmr":[{"wanted":0.01,"threshold":`, `"detection":{"unreadable":1`, `"intervals_95":{"resamples":50`, `"time_ms":{"decode":{"mean":1,`, `"nearest_of_several":{"genuine":3,"impostor":2,"at_threshold":{"threshold":1.5,"fmr":{"errors":0,"of":2`} {
		if !strings.Contains(string(b), key) {
			t.Errorf("no %s in %s", key, b)
		}
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "3 genuine, 7 impostor") || !strings.Contains(text.String(), "1:1, the nearest of 2.0 templates, 1 people") {
		t.Errorf("%v: %s", err, &text)
	}
}

func TestRunTooFew(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"ana/1.jpg": "11", "ben/1.jpg": "16"})
	e, o := engine()
	r, err := Run(context.Background(), dir, e, o)
	if !errors.Is(err, ErrTooFew) || r.Detection.Found != 2 {
		t.Errorf("%+v, %v", r.Detection, err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestRunFails(t *testing.T) {
	e, o := engine()
	if _, err := Run(context.Background(), filepath.Join(t.TempDir(), "none"), e, o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Run(context.Background(), t.TempDir(), e, o); err == nil {
		t.Error("empty folder: no error")
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"ana/1.jpg": "broken decoder"})
	if _, err := Run(context.Background(), dir, e, o); err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("broken decoder: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, dir, e, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTooLargePicture(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"ana/1.jpg": "11"})
	if err := os.Truncate(filepath.Join(dir, "ana", "1.jpg"), maxPictureBytes+1); err != nil {
		t.Fatal(err)
	}
	e, o := engine()
	if r, err := Run(context.Background(), dir, e, o); !errors.Is(err, ErrTooFew) || r.Detection.Unreadable != 1 {
		t.Errorf("%+v, %v", r.Detection, err)
	}
}

func TestSummarise(t *testing.T) {
	var ds []time.Duration
	for i := 100; i >= 1; i-- {
		ds = append(ds, time.Duration(i)*time.Millisecond)
	}
	if got, want := summarise(ds), (Times{50.5, 51, 96}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := summarise(nil); got != (Times{}) {
		t.Errorf("of nothing: %+v", got)
	}
	if ds[0] != 100*time.Millisecond {
		t.Error("sorted in place")
	}
}

func TestMostCentral(t *testing.T) {
	r := image.Rect(0, 0, 100, 100)
	box := func(x, y, s int) vision.Face { return vision.Face{Box: image.Rect(x, y, x+s, y+s)} }
	faces := []vision.Face{box(0, 0, 60), box(45, 45, 10), box(80, 80, 20)}
	if got := MostCentral(r, faces); got.Box != faces[1].Box {
		t.Errorf("got %v", got.Box)
	}
	if got := MostCentral(r, faces[2:]); got.Box != faces[2].Box {
		t.Errorf("got %v", got.Box)
	}
	if math.Abs(float64(MostCentral(image.Rect(-100, -100, 0, 0), faces).Box.Min.X)) > 0 {
		t.Error("bounds that do not start at 0")
	}
}
