package dlib

import (
	"image"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"agentid/vision"
)

// vga is a frame of 640x480 with one face of about 180 pixels.
func vga(tb testing.TB) *image.RGBA {
	tb.Helper()
	src, _ := load(tb, filepath.Join(shared(tb, "faces/lfw"), "Cameron_Diaz", "Cameron_Diaz_0001.jpg"))
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range img.Pix { // a wall, not quite even
		img.Pix[i] = uint8(150 + i/4%640/16)
	}
	draw.BiLinear.Scale(img, image.Rect(200, 120, 440, 360), src, src.Rect, draw.Src, nil)
	return img
}

// BenchmarkWholeFrame is the way of the face_recognition examples: HOG,
// landmarks and the net on every full frame, from its JPEG.
func BenchmarkWholeFrame(b *testing.B) {
	e := openBuiltin(b)
	jpeg, _, err := cut(vga(b), image.Rect(0, 0, 640, 480), 1)
	if err != nil {
		b.Fatal(err)
	}
	benchCPU(b, func() {
		if faces, err := e.recognise(jpeg); err != nil || len(faces) != 1 {
			b.Fatalf("%d faces, %v", len(faces), err)
		}
	})
}

// BenchmarkEncode is one face of that frame, once its box is known.
func BenchmarkEncode(b *testing.B) {
	e := openBuiltin(b)
	img := vga(b)
	faces, err := e.Detector().Detect(img)
	if err != nil || len(faces) != 1 {
		b.Fatalf("%v, %v", faces, err)
	}
	benchCPU(b, func() {
		if _, err := e.Encode(img, nil, vision.Face{Box: faces[0].Box}); err != nil {
			b.Fatal(err)
		}
	})
}
