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

// outcome is what a reader made of a stream.
type outcome struct {
	parts [][]byte
	noEOI []bool
	bad   []error
	err   error
}

// readAll reads parts until the stream fails.
func readAll(r io.Reader, boundary string, maxPart int) outcome {
	pr := newPartReader(r, boundary, maxPart)
	var o outcome
	for {
		p, err := pr.next()
		if err != nil {
			o.err = err
			return o
		}
		o.bad = append(o.bad, p.bad)
		o.noEOI = append(o.noEOI, p.noEOI)
		o.parts = append(o.parts, bytes.Clone(p.jpeg))
	}
}

const testCap = 64 << 10

func TestPartsOfManyCameras(t *testing.T) {
	a, b, c := picture(t, 64, 48, 30, 1), picture(t, 80, 60, 90, 2), picture(t, 48, 48, 10, 3)
	thumb := withSegment(b, 0xE1, append([]byte("Exif\x00\x00"), c...))
	part := func(header string, jpg []byte) string { return header + "\r\n\r\n" + string(jpg) }
	typed := "Content-Type: image/jpeg"
	sized := func(n int) string { return fmt.Sprintf("%s\r\nContent-Length: %d", typed, n) }

	for _, tc := range []struct {
		name, boundary, stream string
		want                   [][]byte
	}{
		{"CameraWebServer", "123456789000000000000987654321", func() string {
			s := ""
			for _, p := range [][]byte{a, b, c} {
				s += "\r\n--123456789000000000000987654321\r\n" + part(sized(len(p))+"\r\nX-Timestamp: 1.000002", p)
			}
			return s
		}(), [][]byte{a, b, c}},
		{"boundary after, with length", "frame",
			part(sized(len(a)), a) + "\r\n--frame\r\n" + part(sized(len(b)), b) + "\r\n--frame\r\n", [][]byte{a, b}},
		{"boundary after, no length", "frame",
			part(typed, a) + "\r\n--frame\r\n" + part(typed, b) + "\r\n--frame\r\n", [][]byte{a, b}},
		{"no length, thumbnail within", "frame",
			"--frame\r\n" + part(typed, thumb) + "\r\n--frame\r\n" + part(typed, a) + "\r\n", [][]byte{thumb, a}},
		{"line feeds only", "frame",
			"--frame\nContent-Type: image/jpeg\n\n" + string(a) + "\n--frame\nContent-Type: image/jpeg\n\n" + string(b) + "\n", [][]byte{a, b}},
		{"no dashes", "frame",
			"frame\r\n" + part(sized(len(a)), a) + "\r\nframe\r\n" + part(sized(len(b)), b), [][]byte{a, b}},
		{"no boundary announced", "",
			"--whatever\r\n" + part(typed, a) + "\r\n--whatever\r\n" + part(typed, b), [][]byte{a, b}},
		{"another boundary announced", "announced",
			"--used\r\n" + part(typed, a) + "\r\n--used\r\n" + part(typed, b) + "\r\n--used\r\n", [][]byte{a, b}},
		{"no boundary lines at all", "frame", part(sized(len(a)), a) + "\r\n" + part(sized(len(b)), b), [][]byte{a, b}},
		{"no line end after the picture", "frame",
			"--frame\r\n" + part(typed, a) + "--frame\r\n" + part(typed, b), [][]byte{a, b}},
		{"no header", "frame", "--frame\r\n\r\n" + string(a) + "\r\n--frame\r\n\r\n" + string(b), [][]byte{a, b}},
		{"no empty line", "frame", "--frame\r\n" + typed + "\r\n" + string(a) + "\r\n--frame\r\n" + typed + "\r\n" + string(b), [][]byte{a, b}},
		{"empty line before the header", "frame", "--frame\r\n\r\n" + part(typed, a), [][]byte{a}},
		{"two empty lines after the header", "frame", "--frame\r\n" + typed + "\r\n\r\n\r\n" + string(a), [][]byte{a}},
		{"odd case and space", "frame", "--frame  \r\ncontent-LENGTH :  " + fmt.Sprint(len(a)) + " \r\n\r\n" + string(a), [][]byte{a}},
		{"zeros behind the picture", "frame",
			"--frame\r\n" + part(sized(len(a)+512), a) + strings.Repeat("\x00", 512) + "\r\n--frame\r\n" + part(typed, b), [][]byte{a, b}},
		{"length too short", "frame", "--frame\r\n" + part(sized(len(a)/2), a) + "\r\n--frame\r\n" + part(typed, b), [][]byte{a, b}},
		{"length too long", "frame", "--frame\r\n" + part(sized(len(a)+900), a) + "\r\n--frame\r\n" + part(sized(len(b)), b) +
			strings.Repeat("\r\n--frame\r\n"+part(sized(len(c)), c), 2), [][]byte{a, b, c, c}},
		{"junk before, between, behind", "frame",
			"HELLO\r\n\xFF\xD8\r\n--frame\r\n" + part(typed, a) + "junk\n\x00\xFFmore" + "--frame\r\n" + part(typed, b) + "junk", [][]byte{a, b}},
		{"line of junk longer than a header", "frame",
			strings.Repeat("j", 3*vision.MaxHeaderBytes) + "--frame\r\n" + part(typed, a), [][]byte{a}},
		{"closing delimiter, and it goes on", "frame",
			"--frame\r\n" + part(typed, a) + "\r\n--frame--\r\n--frame\r\n" + part(typed, b), [][]byte{a, b}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tc.stream),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tc.stream)),
			} {
				o := readAll(r, tc.boundary, testCap)
				if !errors.Is(o.err, io.EOF) && !errors.Is(o.err, io.ErrUnexpectedEOF) {
					t.Errorf("%s: ended with %v", how, o.err)
				}
				if !slices.EqualFunc(o.parts, tc.want, bytes.Equal) {
					t.Errorf("%s: %d parts (%v), want %d", how, len(o.parts), o.bad, len(tc.want))
				}
				if slices.Contains(o.noEOI, true) {
					t.Errorf("%s: a whole picture is said to lack its end", how)
				}
			}
		})
	}
}

// A spoilt part costs itself and nothing else.
func TestSpoiltParts(t *testing.T) {
	a, b := picture(t, 64, 48, 30, 1), picture(t, 80, 60, 90, 2)
	noise := bytes.Repeat([]byte("\x00\x17noise\xFF\x00"), 300)
	for _, tc := range []struct {
		name   string
		body   []byte
		length int  // announced; -1: none
		cut    bool // comes back without its end
	}{
		{"truncated, no length", a[:len(a)/2], -1, true},
		{"truncated, its own length", a[:len(a)/2], len(a) / 2, true},
		{"truncated, the full length", a[:len(a)/2], len(a), true},
		{"truncated in the header", a[:100], 100, false},
		{"no end, no length", a[:len(a)-2], -1, true},
		{"no end, its own length", a[:len(a)-2], len(a) - 2, true},
		{"no end, the full length", a[:len(a)-2], len(a), true},
		{"noise, no length", noise, -1, false},
		{"noise, its length", noise, len(noise), false},
		{"text", []byte("<html>no camera</html>"), 22, false},
		{"empty", nil, 0, false},
		{"65535x65535", withSize(t, a, 65535, 65535), len(a), false},
		{"no width", withSize(t, a, 0, 48), len(a), false},
		{"a side too long", withSize(t, a, 8193, 8), len(a), false},
		{"too many pixels", withSize(t, a, 4096, 1025), len(a), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := "Content-Type: image/jpeg\r\n"
			if tc.length >= 0 {
				header += fmt.Sprintf("Content-Length: %d\r\n", tc.length)
			}
			good := "--frame\r\nContent-Type: image/jpeg\r\n\r\n" + string(b) + "\r\n"
			stream := good + "--frame\r\n" + header + "\r\n" + string(tc.body) + "\r\n" + good + good
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(stream),
				"byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
			} {
				o := readAll(r, "frame", testCap)
				if len(o.parts) != 4 {
					t.Fatalf("%s: %d parts, want 4 (%v, %v)", how, len(o.parts), o.bad, o.err)
				}
				for _, i := range []int{0, 2, 3} {
					if !bytes.Equal(o.parts[i], b) {
						t.Errorf("%s: good part %d is damaged: %v", how, i, o.bad[i])
					}
				}
				switch {
				case tc.cut && (!o.noEOI[1] || !bytes.Equal(o.parts[1], tc.body)):
					t.Errorf("%s: %d bytes, noEOI %v, bad %v; want the %d bytes before the delimiter",
						how, len(o.parts[1]), o.noEOI[1], o.bad[1], len(tc.body))
				case !tc.cut && !errors.Is(o.bad[1], vision.ErrPicture):
					t.Errorf("%s: error %v is no vision.ErrPicture", how, o.bad[1])
				}
			}
		})
	}
}

func TestHostileStreamsEnd(t *testing.T) {
	a := picture(t, 64, 48, 30, 1)
	start := "--frame\r\nContent-Type: image/jpeg\r\n"
	endlessScan := slices.Concat(a[:len(a)-2], bytes.Repeat([]byte{0xFF, 0}, testCap))
	for _, tc := range []struct {
		name, stream string
		want         error
	}{
		{"negative length", start + "Content-Length: -1\r\n\r\n" + string(a), ErrLength},
		{"signed length", start + "Content-Length: +100\r\n\r\n" + string(a), ErrLength},
		{"length beyond the cap", start + fmt.Sprintf("Content-Length: %d\r\n\r\n", testCap+1), ErrLength},
		{"length beyond 64 bits", start + "Content-Length: 99999999999999999999999\r\n\r\n", ErrLength},
		{"length in words", start + "Content-Length: many\r\n\r\n", ErrLength},
		{"header without lines", start + strings.Repeat("x", 2*vision.MaxHeaderBytes), ErrHeader},
		{"header of many lines", start + strings.Repeat("X-A: b\r\n", 2*vision.MaxHeaderBytes), ErrHeader},
		{"boundaries without parts", strings.Repeat("--frame\r\n", 2*testCap), ErrHeader},
		{"empty lines for ever", start[:9] + strings.Repeat("\r\n", vision.MaxHeaderBytes), ErrHeader},
		{"junk with lines", strings.Repeat("junk\n", testCap), ErrJunk},
		{"junk without lines", strings.Repeat("junk", testCap), ErrJunk},
		{"picture without end", start + "\r\n" + string(endlessScan), ErrPartSize},
		{"noise without end", start + "\r\nnoise" + strings.Repeat("\x01", 2*testCap), ErrPartSize},
		{"nothing", "", io.EOF},
		{"ends in the header", start, io.ErrUnexpectedEOF},
		{"ends in the picture", start + "\r\n" + string(a[:99]), io.ErrUnexpectedEOF},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tc.stream),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tc.stream)),
			} {
				if o := readAll(r, "frame", testCap); !errors.Is(o.err, tc.want) {
					t.Errorf("%s: ended with %v, want %v (%d parts)", how, o.err, tc.want, len(o.parts))
				}
			}
		})
	}
}

// A picture is handed over with its last byte, not with the next picture.
func TestPictureDoesNotWaitForTheNext(t *testing.T) {
	a := picture(t, 64, 48, 30, 1)
	for _, header := range []string{"", fmt.Sprintf("Content-Length: %d\r\n", len(a))} {
		whole := "\r\n--frame\r\nContent-Type: image/jpeg\r\n" + header + "\r\n" + string(a)
		tooFar := iotest.ErrReader(errors.New("read on"))
		pr := newPartReader(io.MultiReader(strings.NewReader(whole), tooFar), "frame", testCap)
		p, err := pr.next()
		if err != nil || !bytes.Equal(p.jpeg, a) {
			t.Errorf("header %q: %d bytes, %v", header, len(p.jpeg), err)
		}
	}
}

func TestRepair(t *testing.T) {
	a := picture(t, 64, 48, 30, 1)
	var r repairer
	whole, err := r.mend(a[:len(a)-2])
	if err != nil || !bytes.Equal(whole, a) {
		t.Errorf("a picture that lacks its end only: %v", err)
	}
	if _, err := r.mend(a[:len(a)/2]); !errors.Is(err, vision.ErrPicture) {
		t.Errorf("half a picture was mended: %v", err)
	}

	// A camera that never sends the end is trusted after a while, and checked
	// again now and then.
	for range trustAfter {
		if _, err := r.mend(a[:len(a)-2]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.mend(a[:len(a)/2]); err == nil {
		t.Error("the check after the run of good ones did not happen")
	}
	if _, err := r.mend(a[:len(a)/2]); err == nil {
		t.Error("trusted again at once")
	}
}

func TestBoundaryOf(t *testing.T) {
	for _, c := range []struct{ contentType, want string }{
		{"multipart/x-mixed-replace;boundary=123456789000000000000987654321", "123456789000000000000987654321"},
		{`multipart/x-mixed-replace; boundary="frame"`, "frame"},
		{"Multipart/Mixed; charset=utf-8; BOUNDARY = --frame ", "frame"},
		{`multipart/x-mixed-replace; boundary="--my boundary:1"`, "my boundary:1"},
		{"multipart/x-mixed-replace", ""},
		{"multipart/x-mixed-replace; boundary=", ""},
	} {
		if got, err := boundaryOf(c.contentType); err != nil || got != c.want {
			t.Errorf("%q: %q, %v; want %q", c.contentType, got, err, c.want)
		}
	}
	for _, ct := range []string{"", "text/html", "image/jpeg", "multipart/x; boundary=" + strings.Repeat("b", maxBoundary+1)} {
		if _, err := boundaryOf(ct); !errors.Is(err, ErrNotStream) {
			t.Errorf("%q: %v", ct, err)
		}
	}
}
