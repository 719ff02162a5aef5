package mjpeg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// streamOf repeats a part for ever.
type streamOf struct {
	part []byte
	at   int
}

func (s *streamOf) Read(p []byte) (int, error) {
	n := copy(p, s.part[s.at:])
	s.at = (s.at + n) % len(s.part)
	return n, nil
}

// BenchmarkParse compares reading parts out of a stream (and keeping each
// JPEG) with only copying the same bytes through a buffer of the same size.
func BenchmarkParse(b *testing.B) {
	jpg := picture(b, 640, 480, 60, 1)
	for _, length := range []bool{true, false} {
		header := "Content-Type: image/jpeg\r\n"
		if length {
			header += fmt.Sprintf("Content-Length: %d\r\n", len(jpg))
		}
		part := append([]byte("\r\n--frame\r\n"+header+"\r\n"), jpg...)
		b.Run(fmt.Sprintf("length=%v", length), func(b *testing.B) {
			b.SetBytes(int64(len(part)))
			b.ReportAllocs()
			r := newPartReader(&streamOf{part: part}, "frame", 2<<20)
			var fix repairer
			for b.Loop() {
				p, err := r.next()
				if err != nil {
					b.Fatal(err)
				}
				if kept, err := keep(p, &fix); err != nil || len(kept) != len(jpg) {
					b.Fatal(len(kept), err)
				}
			}
		})
	}
	part := append([]byte("\r\n--frame\r\n\r\n"), jpg...)
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(part)))
		src, buf := &streamOf{part: part}, make([]byte, len(part))
		for b.Loop() {
			if _, err := io.ReadFull(src, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSkipNoise is the worst part: megabytes without a picture, in small
// packets. Its time must grow with the bytes, not with their square.
func BenchmarkSkipNoise(b *testing.B) {
	for _, size := range []int{128 << 10, 1 << 20} {
		stream := append([]byte("--frame\r\n\r\n\xFF\xD8"), bytes.Repeat([]byte("noise"), size/5)...)
		b.Run(fmt.Sprint(size>>10, "KB"), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				r := newPartReader(&packets{b: stream}, "frame", 2<<20)
				if _, err := r.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
					b.Fatal(err)
				}
			}
		})
	}
}

// packets gives a stream in the portions of a network.
type packets struct{ b []byte }

func (p *packets) Read(to []byte) (int, error) {
	n := copy(to, p.b[:min(len(p.b), 1460)])
	p.b = p.b[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
