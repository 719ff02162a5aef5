package mjpeg

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"testing"

	"agentid/vision"
)

// TestManyScansAreRefusedBeforeTheyAreDecoded: a picture without its end marker
// is decoded to see whether that is all it lacks, and each scan of a progressive
// one costs a pass over all its pixels.
func TestManyScansAreRefusedBeforeTheyAreDecoded(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	cut := whole[:len(whole)-2]
	var r repairer
	if _, err := r.mend(cut); err != nil {
		t.Fatalf("a picture that lacks only its end: %v", err)
	}
	scan := bytes.Index(cut, []byte{0xFF, 0xDA})
	bomb := append([]byte(nil), cut...)
	for range 2000 {
		bomb = append(bomb, cut[scan:]...)
	}
	if _, err := vision.CheckJPEG(append(bomb, 0xFF, mEOI)); !errors.Is(err, vision.ErrPicture) {
		t.Fatalf("the check lets 2000 scans pass: %v", err)
	}
	r = repairer{}
	if _, err := r.mend(bomb); !errors.Is(err, errCut) {
		t.Fatalf("mended: %v", err)
	}
}
