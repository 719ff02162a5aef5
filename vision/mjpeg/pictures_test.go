package mjpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"testing"
)

// picture encodes a w x h picture; noise makes it large, seed makes it different.
func picture(t testing.TB, w, h int, noise uint8, seed uint64) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			n := uint8(0)
			if noise > 0 {
				n = uint8(r.UintN(uint(noise)))
			}
			img.SetRGBA(x, y, color.RGBA{uint8(x) + n, uint8(y) + n, uint8(seed*40) + n, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegment inserts an application segment or a comment behind the SOI.
func withSegment(jpg []byte, code byte, content []byte) []byte {
	seg := []byte{0xFF, code, 0, 0}
	binary.BigEndian.PutUint16(seg[2:], uint16(len(content)+2))
	return slices.Concat(jpg[:2], seg, content, jpg[2:])
}

// withSize makes a JPEG say that it has another size.
func withSize(t testing.TB, jpg []byte, w, h int) []byte {
	t.Helper()
	b := bytes.Clone(jpg)
	i := bytes.Index(b, []byte{0xFF, 0xC0, 0x00})
	if i < 0 {
		t.Fatal("no frame header")
	}
	binary.BigEndian.PutUint16(b[i+5:], uint16(h))
	binary.BigEndian.PutUint16(b[i+7:], uint16(w))
	return b
}
