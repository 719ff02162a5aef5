package mjpeg

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"strconv"

	"agentid/vision"
)

// What ends a stream, as against what spoils one picture.
var (
	ErrNotStream = errors.New("not a camera stream")
	ErrHeader    = errors.New("part header without end")
	ErrLength    = errors.New("unacceptable part length")
	ErrPartSize  = errors.New("part too large")
	ErrJunk      = errors.New("no part found")
)

// What spoils one picture. Each also is a vision.ErrPicture.
var (
	errMalformed = fmt.Errorf("%w: malformed", vision.ErrPicture)
	errCut       = fmt.Errorf("%w: ends before its end", vision.ErrPicture)
	errEmpty     = fmt.Errorf("%w: empty", vision.ErrPicture)
)

// part is what stands between two delimiters.
type part struct {
	// jpeg runs from SOI to EOI and lies in the reader's window: it is valid
	// until the next call. Where noEOI is set the EOI is missing.
	jpeg  []byte
	noEOI bool
	size  image.Point
	bad   error // why there is no jpeg; wraps vision.ErrPicture
}

// partReader cuts a multipart stream into JPEGs.
//
// The picture's own markers say where it ends; a Content-Length is only
// checked, and used where the markers fail. So a picture is handed over as soon
// as its last byte is here, and wrong lengths cost nothing.
type partReader struct {
	br      *bufio.Reader
	delim   delimiter
	maxPart int
}

// newPartReader reads parts of up to maxPart bytes separated by boundary (no
// leading dashes; empty: found out).
func newPartReader(r io.Reader, boundary string, maxPart int) *partReader {
	return &partReader{
		br:      bufio.NewReaderSize(r, maxPart+vision.MaxHeaderBytes),
		delim:   delimiter{core: []byte(boundary)},
		maxPart: maxPart,
	}
}

// maxJunk is how much may stand between two parts: one picture that lost its
// header, and some.
func (r *partReader) maxJunk() int { return r.maxPart + 2*vision.MaxHeaderBytes }

// window is what was read and not consumed.
func (r *partReader) window() []byte {
	w, _ := r.br.Peek(r.br.Buffered())
	return w
}

// grow reads more into the window. It never reads what is not needed, so that
// no picture waits for the next one.
func (r *partReader) grow() error {
	_, err := r.br.Peek(r.br.Buffered() + 1)
	if errors.Is(err, bufio.ErrBufferFull) {
		return ErrPartSize
	}
	return err
}

func (r *partReader) discard(n int) { r.br.Discard(n) } // n is within the window: cannot fail

// next finds the next part. A part that holds no acceptable picture comes with
// bad set, and the stream goes on; an error ends it.
func (r *partReader) next() (part, error) {
	if err := r.seek(); err != nil {
		return part{}, err
	}
	length, err := r.header()
	if err != nil {
		return part{}, err
	}
	return r.body(length)
}

// seek skips to the header of the next part, past its delimiter if it has one.
func (r *partReader) seek() error {
	var (
		prev    []byte // the line before, if it may be a delimiter
		skipped int
		midLine bool
		looked  int // bytes of the window without a line end
	)
	for {
		w := r.window()
		if !midLine && startsHeader(w) {
			// No delimiter, or not the one that was announced.
			r.delim.learn(prev)
			return nil
		}
		nl := indexFrom(w, '\n', looked)
		if nl < 0 {
			if skipped+len(w) > r.maxJunk() {
				return fmt.Errorf("%w in %d bytes", ErrJunk, skipped+len(w))
			}
			looked = len(w)
			if keep := len(r.delim.core) + maxBoundary; len(w) > vision.MaxHeaderBytes {
				skipped += len(w) - keep
				r.discard(len(w) - keep)
				midLine, looked = true, keep
			}
			if err := r.grow(); err != nil {
				return err
			}
			continue
		}
		line := trimEOL(w[:nl])
		r.discard(nl + 1)
		looked = 0
		if skipped += nl + 1; skipped > r.maxJunk() {
			return fmt.Errorf("%w in %d bytes", ErrJunk, skipped)
		}
		if r.delim.ends(line) {
			return nil
		}
		prev = nil
		if !midLine && bytes.HasPrefix(line, []byte("--")) && len(line) <= maxBoundary {
			prev = bytes.Clone(line)
		}
		midLine = false
	}
}

// header reads a part's header, up to the picture. It returns the announced
// length, or -1.
func (r *partReader) header() (int, error) {
	length, used, fields, looked := -1, 0, 0, 0
	for {
		w := r.window()
		if len(w) > 0 && w[0] == 0xFF {
			return length, nil // the picture, without an empty line before it
		}
		nl := indexFrom(w, '\n', looked)
		if nl < 0 {
			looked = len(w)
			if used+len(w) > vision.MaxHeaderBytes {
				return 0, fmt.Errorf("%w in %d bytes", ErrHeader, vision.MaxHeaderBytes)
			}
			if err := r.grow(); err != nil {
				return 0, unexpected(err)
			}
			continue
		}
		if used += nl + 1; used > vision.MaxHeaderBytes {
			return 0, fmt.Errorf("%w in %d bytes", ErrHeader, vision.MaxHeaderBytes)
		}
		name, value, isField := bytes.Cut(trimEOL(w[:nl]), []byte(":"))
		if isField && bytes.EqualFold(bytes.TrimSpace(name), []byte("content-length")) {
			n, err := parseLength(string(bytes.TrimSpace(value)), r.maxPart)
			if err != nil {
				return 0, err
			}
			length = n
		}
		empty := len(name) == 0 && !isField
		r.discard(nl + 1)
		looked = 0
		if isField {
			fields++
		}
		if empty && fields > 0 {
			return length, nil
		}
	}
}

// parseLength takes digits only: no sign, no space, nothing over limit.
func parseLength(s string, limit int) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrLength, clip(s, 24))
	}
	if n > uint64(limit) {
		return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrLength, n, limit)
	}
	return int(n), nil
}

// body reads the picture. length is what the header announced, or -1.
func (r *partReader) body(length int) (part, error) {
	if length == 0 {
		return part{bad: errEmpty}, nil
	}
	if err := r.skipBlank(); err != nil {
		return part{}, unexpected(err)
	}
	var k walker
	for {
		w := r.window()
		see := w[:min(len(w), r.maxPart)]
		if length > 0 {
			see = see[:min(len(see), length)] // up to there, first
		}
		switch k.walk(see) {
		case walkEnd:
			r.discard(k.pos)
			return checked(part{jpeg: w[:k.pos], size: k.size}), nil
		case walkBad:
			return r.cut()
		}
		if length > 0 && len(w) >= length+len(r.delim.core)+8 {
			if r.delim.find(w[:length+len(r.delim.core)+8], length) >= 0 {
				return r.cut()
			}
			length = -1 // there is more picture than was announced
			continue
		}
		if length < 0 && len(w) >= r.maxPart {
			return part{}, fmt.Errorf("%w: no end in %d bytes", ErrPartSize, r.maxPart)
		}
		if err := r.grow(); err != nil {
			return part{}, unexpected(err)
		}
	}
}

// skipBlank skips the line ends that some firmwares put before the picture.
func (r *partReader) skipBlank() error {
	for range 64 {
		if r.br.Buffered() == 0 {
			if err := r.grow(); err != nil {
				return err
			}
		}
		switch r.window()[0] {
		case '\r', '\n', ' ', 0:
			r.discard(1)
		default:
			return nil
		}
	}
	return nil
}

// cut ends a part that has no proper end at the next delimiter.
func (r *partReader) cut() (part, error) {
	for looked := 0; ; {
		w := r.window()
		end := r.delim.find(w, looked)
		switch {
		case end > r.maxPart, end < 0 && len(w) >= r.maxPart+2*maxBoundary:
			return part{}, fmt.Errorf("%w: no end in %d bytes", ErrPartSize, r.maxPart)
		case end < 0:
			looked = max(len(w)-2*maxBoundary, 0) // a delimiter may have begun
			if err := r.grow(); err != nil {
				return part{}, unexpected(err)
			}
			continue
		}
		r.discard(end)
		jpeg := bytes.TrimSuffix(bytes.TrimSuffix(w[:end], []byte("\n")), []byte("\r"))
		// What was walked so far may have gone past the delimiter.
		var k walker
		if k.walk(jpeg) != walkMore || !k.inScan {
			return part{bad: errMalformed}, nil
		}
		return checked(part{jpeg: jpeg, noEOI: true, size: k.size}), nil
	}
}

// checked refuses pictures that nobody should decode.
func checked(p part) part {
	if err := acceptable(p.size); err != nil {
		return part{bad: err}
	}
	return p
}

// acceptable holds a picture's size against the caps.
func acceptable(size image.Point) error {
	switch {
	case size.X <= 0 || size.Y <= 0:
		return fmt.Errorf("%w: %dx%d pixels", vision.ErrPicture, size.X, size.Y)
	case size.X > vision.MaxSide, size.Y > vision.MaxSide, size.X*size.Y > vision.MaxPixels:
		return fmt.Errorf("%w: %dx%d pixels is too large", vision.ErrPicture, size.X, size.Y)
	}
	return nil
}

// indexFrom is bytes.IndexByte that does not look at the first from bytes.
func indexFrom(b []byte, c byte, from int) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return -1
}

// trimEOL removes what of a line end stands before its line feed.
func trimEOL(line []byte) []byte { return bytes.TrimRight(line, " \t\r") }

// unexpected is for a stream that ends within a part.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
