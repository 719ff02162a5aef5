package mjpeg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"agentid/vision"
)

// fuzzCap is small, so that the fuzzer reaches it.
const fuzzCap = 4 << 10

// FuzzParts holds what must be true of every stream: it ends, no part is over
// the cap, what is called a picture has sound markers and an acceptable size,
// and how the bytes fall into packets changes nothing.
func FuzzParts(f *testing.F) {
	a := picture(f, 24, 16, 0, 1)
	thumb := withSegment(a, 0xE1, append([]byte("Exif\x00\x00"), a...))
	header := "Content-Type: image/jpeg\r\n"
	sized := fmt.Sprintf("%sContent-Length: %d\r\n\r\n", header, len(a))
	for _, s := range []string{
		"\r\n--b\r\n" + sized + string(a) + "\r\n--b\r\n" + sized + string(a),
		sized + string(a) + "\r\n--b\r\n" + header + "\r\n" + string(thumb) + "\r\n--b\r\n",
		"--b\r\n\r\n" + string(a[:len(a)-2]) + "\r\n--b\r\n" + header + "\r\n" + string(a),
		"--b\r\n" + header + "Content-Length: -1\r\n\r\n" + string(a),
		"--b\r\n" + header + "Content-Length: 20\r\n\r\n" + string(a) + "junk\n--b\r\n" + sized + string(a),
		"--b\r\n" + header + "\r\n" + string(withSize(f, a, 65535, 65535)) + "--b\r\n" + sized + string(a),
		"--other\n" + sized + string(a) + "\n--other\n" + sized + string(a[:200]) + "\n--other\n" + sized + string(a),
		"b\r\n" + sized + string(a) + "b\n" + sized + string(a),
		"--b\r\n" + strings.Repeat("X: y\r\n", 2000),
		strings.Repeat("j", 20000) + "--b\r\n" + sized + string(a),
	} {
		f.Add("b", []byte(s))
		f.Add("", []byte(s))
	}
	f.Fuzz(func(t *testing.T, boundary string, stream []byte) {
		if len(boundary) > maxBoundary || len(stream) > 64<<10 {
			return
		}
		boundary = strings.TrimLeft(boundary, "-") // as boundaryOf gives it
		whole := readAll(bytes.NewReader(stream), boundary, fuzzCap)
		total := 0
		for i, p := range whole.parts {
			total += len(p)
			switch {
			case len(p) > fuzzCap:
				t.Fatalf("part of %d bytes", len(p))
			case whole.bad[i] != nil:
				if !errors.Is(whole.bad[i], vision.ErrPicture) || len(p) > 0 {
					t.Fatalf("bad part of %d bytes: %v", len(p), whole.bad[i])
				}
			case whole.noEOI[i]:
				var k walker
				if k.walk(p) != walkMore || k.scans == 0 {
					t.Fatalf("cut part is unsound at %d of %d", k.pos, len(p))
				}
			default:
				var k walker
				if k.walk(p) != walkEnd || k.pos != len(p) {
					t.Fatalf("picture of %d bytes ends at %d", len(p), k.pos)
				}
				if err := acceptable(k.size); err != nil {
					t.Fatal(err)
				}
			}
		}
		if total > len(stream) {
			t.Fatalf("%d bytes of parts out of %d", total, len(stream))
		}

		drops := readAll(iotest.OneByteReader(bytes.NewReader(stream)), boundary, fuzzCap)
		if !slices.EqualFunc(whole.parts, drops.parts, bytes.Equal) || !slices.Equal(whole.noEOI, drops.noEOI) {
			t.Fatalf("at once %d parts %v then %v, byte by byte %d parts %v then %v",
				len(whole.parts), whole.bad, whole.err, len(drops.parts), drops.bad, drops.err)
		}
		if kind(whole.err) != kind(drops.err) {
			t.Fatalf("at once %v, byte by byte %v", whole.err, drops.err)
		}
	})
}

// kind is the sentinel behind an error.
func kind(err error) error {
	for _, k := range []error{ErrHeader, ErrLength, ErrPartSize, ErrJunk, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, k) {
			return k
		}
	}
	return err
}

func FuzzBoundaryOf(f *testing.F) {
	for _, s := range []string{"multipart/x-mixed-replace;boundary=frame", `multipart/x; boundary="--a;b"`, "text/html", "multipart/;;;boundary"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := boundaryOf(s)
		if len(b) > maxBoundary || strings.HasPrefix(b, "-") || err != nil && b != "" {
			t.Fatalf("%q, %v", b, err)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte(`{"framesize":8,"quality":10,"led_intensity":0,"awb":1}`))
	f.Add([]byte(`{"framesize":8.5,"quality":"x"}`))
	f.Add([]byte(`{"framesize":1e400,"quality":-9223372036854775808}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStatus(b)
		if err == nil && (s.All["framesize"] != s.FrameSize || s.All["quality"] != s.Quality) {
			t.Fatalf("%+v", s)
		}
		if len(b) > maxStatus && err == nil {
			t.Fatalf("took %d bytes", len(b))
		}
	})
}
