package opencv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"gocv.io/x/gocv"

	"agentid/vision"
)

// scene is a smooth colour picture.
func scene(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), uint8(255 * (x + y) / (w + h)), 255})
		}
	}
	return img
}

func encode(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// farthest is the largest difference of a channel of two pictures.
func farthest(t *testing.T, a, b *image.RGBA) int {
	t.Helper()
	if a.Rect != b.Rect {
		t.Fatalf("%v and %v", a.Rect, b.Rect)
	}
	var most int
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		most = max(most, d, -d)
	}
	return most
}

func TestDecoderAgreesWithGo(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 33, 17))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i)
	}
	for name, b := range map[string][]byte{
		"colour": encode(t, scene(640, 480)), "odd size": encode(t, scene(37, 23)), "grey": encode(t, grey),
		"one pixel": encode(t, scene(1, 1)), "one row": encode(t, scene(500, 1)),
		"no end marker": bytes.TrimSuffix(encode(t, scene(64, 64)), []byte{0xFF, 0xD9}),
	} {
		want, err := vision.GoDecoder{}.Decode(b, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Decoder{}.Decode(b, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// Chroma of half the width is enlarged smoothly here, in steps there.
		if d := farthest(t, want, got); d > 24 || got.Pix[3] != 255 {
			t.Errorf("%s: differs by %d, alpha %d", name, d, got.Pix[3])
		}
	}
}

func TestDecoderReuses(t *testing.T) {
	b := encode(t, scene(64, 48))
	img, err := Decoder{}.Decode(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := (Decoder{}).Decode(b, img); err != nil || again != img {
		t.Errorf("not reused, %v", err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := (Decoder{}).Decode(b, img); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations a frame", n)
	}
}

// progressive and CMYK JPEGs, which image/jpeg does not write: ImageMagick made
// them, 8x8 red.
const (
	progressiveFile = "testdata/progressive.jpg"
	cmykFile        = "testdata/cmyk.jpg"
)

func TestDecoderOtherKinds(t *testing.T) {
	for _, file := range []string{progressiveFile, cmykFile} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := Decoder{}.Decode(b, nil)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if c := img.RGBAAt(4, 4); c.R < 200 || c.G > 60 || c.B > 60 {
			t.Errorf("%s: %v, want red", file, c)
		}
	}
}

// hostile is what cameras and attackers send; none is a picture.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	good := encode(t, scene(160, 120))
	sof := bytes.Index(good, []byte{0xFF, 0xC0})
	size := func(w, h uint16) []byte {
		b := bytes.Clone(good)
		binary.BigEndian.PutUint16(b[sof+5:], h)
		binary.BigEndian.PutUint16(b[sof+7:], w)
		return b
	}
	zero := func(from, to int) []byte {
		b := bytes.Clone(good)
		clear(b[from:to])
		return b
	}
	sos := bytes.Index(good, []byte{0xFF, 0xDA})
	return map[string][]byte{
		"empty": nil, "one byte": {0xFF}, "text": []byte("HTTP/1.1 200 OK\r\n\r\n"),
		"PNG":        []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x06\x00\x00\x00"),
		"only start": good[:2], "cut in header": good[:sof+5], "cut before pixels": good[:sos+14], "half": good[:(sos+len(good))/2],
		"65535x65535": size(65535, 65535), "8192x8192": size(8192, 8192), "1x60000": size(1, 60000), "taller than it is": size(160, 4000),
		"no tables": zero(2, sof), "zero codes": zero(sof+25, sof+60),
		"1000 scans": bytes.Repeat(good[sos:sos+14], 1000),
	}
}

func TestDecoderRefuses(t *testing.T) {
	for name, b := range hostile(t) {
		for dname, d := range map[string]vision.Decoder{"libjpeg": Decoder{}, "go": vision.GoDecoder{}} {
			if _, err := d.Decode(b, nil); !errors.Is(err, vision.ErrPicture) {
				t.Errorf("%s, %s: %v", name, dname, err)
			}
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(encode(f, scene(40, 24)))
	for _, b := range hostile(f) {
		f.Add(b)
	}
	for _, file := range []string{progressiveFile, cmykFile} {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := vision.CheckJPEG(b)
		if err == nil && info.Width*info.Height > 1<<18 {
			return // would be slow, not wrong
		}
		img, err := Decoder{}.Decode(b, nil)
		if err != nil {
			if !errors.Is(err, vision.ErrPicture) {
				t.Fatalf("foreign error %v", err)
			}
			return
		}
		if img.Rect != image.Rect(0, 0, info.Width, info.Height) {
			t.Fatalf("%v, header says %+v", img.Rect, info)
		}
	})
}

func benchFrame(b *testing.B) []byte {
	b.Helper()
	file := filepath.Join(shared(b, "faces/idols"), "bona", "bona_0003.jpg") // 640x426
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkDecodeLibjpeg(b *testing.B) { benchDecode(b, Decoder{}) }
func BenchmarkDecodeGo(b *testing.B)      { benchDecode(b, vision.GoDecoder{}) }

func benchDecode(b *testing.B, d vision.Decoder) {
	data := benchFrame(b)
	img, err := d.Decode(data, nil)
	if err != nil {
		b.Fatal(err)
	}
	benchCPU(b, func() {
		if _, err := d.Decode(data, img); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkDecodeIMDecode is what gocv offers: decode to BGR, turn into RGBA,
// copy into Go.
func BenchmarkDecodeIMDecode(b *testing.B) {
	data := benchFrame(b)
	var pix []byte
	benchCPU(b, func() {
		bgr, err := gocv.IMDecode(data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
		if err != nil || bgr.Empty() {
			b.Fatal(err)
		}
		rgba := gocv.NewMat()
		gocv.CvtColor(bgr, &rgba, gocv.ColorBGRToRGBA)
		px, err := rgba.DataPtrUint8()
		if err != nil {
			b.Fatal(err)
		}
		pix = append(pix[:0], px...)
		rgba.Close()
		bgr.Close()
	})
}
