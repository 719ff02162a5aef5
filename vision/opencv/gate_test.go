package opencv

import (
	"image"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/draw"

	"agentid/vision"
	"agentid/vision/eval"
)

func reduced(img *image.RGBA, k float64) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, int(k*float64(img.Rect.Dx())), int(k*float64(img.Rect.Dy()))))
	draw.BiLinear.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

// What vision.DefaultGate's limits stand on, with -v: ordinary pictures pass it,
// the same pictures out of focus or in the dark do not. The pictures of lfw are
// enlarged: reduced to 0.4 they have about the pixels that their camera saw.
func TestGate(t *testing.T) {
	for set, scale := range map[string]float64{"lfw": 0.4, "idols": 1} {
		files, err := filepath.Glob(filepath.Join(shared(t, "faces/"+set), "*", "*.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		y := openYuNet(t)
		var n, passed, blurred, dark, caughtBlur, caughtDark int
		var sharp, light []float64
		for i, file := range files {
			if set == "lfw" && i%6 != 0 {
				continue
			}
			img := reduced(load(t, file), scale)
			faces, err := y.Detect(img)
			if err != nil {
				t.Fatal(err)
			}
			gate := vision.DefaultGate()
			gate.MaxTurn = 4 // pose is not the question
			if len(faces) == 0 {
				continue
			}
			f := eval.MostCentral(img.Rect, faces)
			q := gate.Measure(img, f)
			if q.Side < gate.MinFace {
				continue
			}
			n++
			sharp, light = append(sharp, q.Sharpness), append(light, q.Light)
			if q.Reason != "" {
				continue
			}
			passed++
			// Out of focus: as if a face of a sixth of the side were enlarged.
			soft := image.NewRGBA(img.Rect)
			small := reduced(img, 1./6)
			draw.CatmullRom.Scale(soft, soft.Rect, small, small.Rect, draw.Src, nil)
			blurred++
			if gate.Measure(soft, f).Reason == "too_blurred" {
				caughtBlur++
			}
			night := image.NewRGBA(img.Rect)
			for k, v := range img.Pix {
				night.Pix[k] = v / 5
			}
			dark++
			if gate.Measure(night, f).Reason == "too_dark" {
				caughtDark++
			}
		}
		slices.Sort(sharp)
		slices.Sort(light)
		if n < 25 {
			t.Fatalf("%s: only %d faces", set, n)
		}
		t.Logf("%s: %d of %d faces pass; sharpness 5%% %.0f, median %.0f; light 5%% %.0f, median %.0f; refused of blurred %d of %d, of dark %d of %d",
			set, passed, n, sharp[n/20], sharp[n/2], light[n/20], light[n/2], caughtBlur, blurred, caughtDark, dark)
		if passed*100 < n*85 {
			t.Errorf("%s: %d of %d faces pass, want 85%%", set, passed, n)
		}
		if caughtBlur*100 < blurred*90 || caughtDark*100 < dark*90 {
			t.Errorf("%s: refused %d of %d blurred and %d of %d dark, want 90%%", set, caughtBlur, blurred, caughtDark, dark)
		}
	}
}
