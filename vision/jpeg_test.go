package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// testJPEG is a colour gradient.
func testJPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(x ^ y), 255})
		}
	}
	return encodeJPEG(t, img)
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSize rewrites the size in the frame header.
func withSize(t testing.TB, b []byte, w, h int) []byte {
	t.Helper()
	b = bytes.Clone(b)
	i := bytes.Index(b, []byte{0xFF, markerSOF0})
	if i < 0 {
		t.Fatal("no frame header")
	}
	binary.BigEndian.PutUint16(b[i+5:], uint16(h))
	binary.BigEndian.PutUint16(b[i+7:], uint16(w))
	return b
}

func TestCheckJPEG(t *testing.T) {
	good := testJPEG(t, 64, 48)
	sof := bytes.Index(good, []byte{0xFF, markerSOF0})
	edit := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	insert := func(at int, v ...byte) []byte {
		return append(append(bytes.Clone(good[:at]), v...), good[at:]...)
	}
	for _, tc := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", good, true},
		{"without an end", good[:len(good)-2], true},
		{"fill bytes before a marker", insert(sof, 0xFF, 0xFF), true},
		{"empty", nil, false},
		{"text", []byte("GET / HTTP/1.1\r\n"), false},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), false},
		{"cut in the header", good[:sof+6], false},
		{"65535x65535", withSize(t, good, 65535, 65535), false},
		{"one side too long", withSize(t, good, MaxSide+1, 1), false},
		{"too many pixels", withSize(t, good, 4096, 4096), false},
		{"no width", withSize(t, good, 0, 48), false},
		{"no height", withSize(t, good, 64, 0), false},
		{"junk between segments", insert(sof, 'x'), false},
		{"a second start", insert(sof, 0xFF, markerSOI), false},
		{"arithmetic coding", edit(sof+1, 0xC9), false},
		{"lossless", edit(sof+1, 0xC3), false},
		{"12 bits", edit(sof+4, 12), false},
		{"two components", edit(sof+9, 2), false},
		{"sampling of 0", edit(sof+11, 0x10), false},
		{"two frame headers", insert(sof, good[sof:sof+19]...), false},
		{"a segment longer than the file", edit(sof+2, 0xFF), false},
		{"1000 scans", append(bytes.Clone(good), bytes.Repeat([]byte{0xFF, markerSOS, 0, 8}, 1000)...), false},
	} {
		info, err := CheckJPEG(tc.b)
		if tc.ok && (err != nil || info.Width != 64 || info.Height != 48 || info.Components != 3 || info.Progressive) {
			t.Errorf("%s: %+v, %v", tc.name, info, err)
		}
		if !tc.ok && !errors.Is(err, ErrPicture) {
			t.Errorf("%s: accepted, %v", tc.name, err)
		}
	}
}

func TestGoDecoder(t *testing.T) {
	good := testJPEG(t, 64, 48)
	img, err := GoDecoder{}.Decode(good, nil)
	if err != nil || img.Rect != image.Rect(0, 0, 64, 48) || img.Stride != 256 {
		t.Fatalf("%v, %v", img, err)
	}
	if c := img.RGBAAt(60, 5); c.R < 200 || c.G > 60 || c.A != 255 {
		t.Errorf("top right is %v, want red", c)
	}
	again, err := GoDecoder{}.Decode(good[:len(good)-2], img)
	if err != nil || again != img {
		t.Errorf("without an end marker: reused %v, %v", again == img, err)
	}
	if other, err := (GoDecoder{}).Decode(testJPEG(t, 32, 32), img); err != nil || other == img {
		t.Errorf("another size: reused %v, %v", other == img, err)
	}
	if sub, err := (GoDecoder{}).Decode(good, image.NewRGBA(image.Rect(0, 0, 100, 100)).SubImage(image.Rect(0, 0, 64, 48)).(*image.RGBA)); err != nil || sub.Stride != 256 {
		t.Errorf("into a part of a picture: stride %d, %v", sub.Stride, err)
	}
	for name, b := range map[string][]byte{"half": good[:len(good)/2], "no pixels": good[:len(good)*2/5], "huge": withSize(t, good, 65535, 65535)} {
		if _, err := (GoDecoder{}).Decode(b, nil); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 1, 1))
	grey.Pix[0] = 77
	if img, err := (GoDecoder{}).Decode(encodeJPEG(t, grey), nil); err != nil || img.RGBAAt(0, 0).R != img.RGBAAt(0, 0).B {
		t.Errorf("one grey pixel: %v, %v", img, err)
	}
}

func FuzzDecodeJPEG(f *testing.F) {
	good := testJPEG(f, 40, 24)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(withSize(f, good, 65535, 65535))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xDA, 0, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := CheckJPEG(b)
		if err != nil {
			if !errors.Is(err, ErrPicture) {
				t.Fatalf("foreign error %v", err)
			}
			return
		}
		if info.Width < 1 || info.Height < 1 || info.Width*info.Height > MaxPixels {
			t.Fatalf("accepted %+v", info)
		}
		if info.Width*info.Height > 1<<18 {
			return // would be slow, not wrong
		}
		if cfg, err := jpeg.DecodeConfig(bytes.NewReader(b)); err == nil && (cfg.Width != info.Width || cfg.Height != info.Height) {
			t.Fatalf("%+v, image/jpeg says %dx%d", info, cfg.Width, cfg.Height)
		}
		img, err := GoDecoder{}.Decode(b, nil)
		if err == nil && img.Rect != image.Rect(0, 0, info.Width, info.Height) {
			t.Fatalf("decoded to %v", img.Rect)
		}
	})
}

func TestCheckRGBA(t *testing.T) {
	whole := image.NewRGBA(image.Rect(0, 0, 10, 8))
	for name, img := range map[string]*image.RGBA{"whole": whole, "part": whole.SubImage(image.Rect(2, 2, 9, 8)).(*image.RGBA)} {
		if err := CheckRGBA(img); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, img := range map[string]*image.RGBA{
		"nil":    nil,
		"empty":  image.NewRGBA(image.Rectangle{}),
		"short":  {Pix: make([]byte, 4*79), Stride: 40, Rect: image.Rect(0, 0, 10, 8)},
		"narrow": {Pix: make([]byte, 4*80), Stride: 36, Rect: image.Rect(0, 0, 10, 8)},
		"long":   {Stride: 4 * (MaxSide + 1), Rect: image.Rect(0, 0, MaxSide+1, 1)},
		"large":  {Stride: 4 * 4096, Rect: image.Rect(0, 0, 4096, 4096)},
	} {
		if err := CheckRGBA(img); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
