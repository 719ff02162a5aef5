//go:build matprofile

package opencv

import (
	"context"
	"errors"
	"image"
	"testing"

	"gocv.io/x/gocv"

	"agentid/vision"
)

// gocv counts its open Mats under this tag.
func TestMatsClosed(t *testing.T) {
	path := video(t, 20)
	closed(t, "capture", func() {
		c, err := NewCapture(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(context.Background(), func(vision.Frame) {}); !errors.Is(err, ErrEnded) {
			t.Fatal(err)
		}
	})
	if _, err := FindHaar(); err != nil {
		t.Skip("skipped: no opencv-data")
	}
	img := scene(160, 120)
	part := img.SubImage(image.Rect(10, 10, 90, 70)).(*image.RGBA)
	closed(t, "haar", func() {
		h, err := NewHaar("", HaarOptions{})
		if err != nil {
			t.Fatal(err)
		}
		closed(t, "haar, a picture", func() { look(t, h, img, part) })
		h.Close()
		h.Close()
	})
}

func TestMatsClosedNets(t *testing.T) {
	yunet, mobile := shared(t, "models/yunet_n_320.onnx"), shared(t, "models/mobilefacenet_128.onnx")
	img := frame(t)
	part := img.SubImage(image.Rect(10, 10, 90, 70)).(*image.RGBA)
	closed(t, "nets", func() {
		y, err := NewYuNet(yunet, YuNetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewONNXEncoder(mobile, mobileFaceNet(), y)
		if err != nil {
			t.Fatal(err)
		}
		faces, err := y.Detect(img)
		if err != nil || len(faces) == 0 {
			t.Fatalf("%v, %v", faces, err)
		}
		closed(t, "nets, a picture", func() {
			look(t, y, img, part)
			if _, err := e.Encode(img, nil, faces[0]); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Encode(img, nil, vision.Face{Box: faces[0].Box}); err != nil {
				t.Fatal(err)
			}
		})
		for range 2 {
			if err := errors.Join(e.Close(), y.Close()); err != nil {
				t.Error(err)
			}
		}
	})
	wrong := mobileFaceNet()
	wrong.Dim = 64
	closed(t, "refused", func() {
		if _, err := NewYuNet(mobile, YuNetOptions{}); err == nil {
			t.Error("an encoder opened as YuNet")
		}
		if _, err := NewONNXEncoder(mobile, wrong, nil); err == nil {
			t.Error("opened with another length")
		}
	})
}

func look(t *testing.T, d vision.Detector, imgs ...*image.RGBA) {
	t.Helper()
	for _, img := range imgs {
		if _, err := d.Detect(img); err != nil {
			t.Fatal(err)
		}
	}
}

// closed runs f and says which Mats it left open.
func closed(t *testing.T, name string, f func()) {
	t.Helper()
	before := gocv.MatProfile.Count()
	f()
	if n := gocv.MatProfile.Count() - before; n != 0 {
		t.Errorf("%s: %d Mats left open", name, n)
	}
}
