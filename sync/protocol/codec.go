package protocol

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Limits of what travels, in bytes.
const (
	MaxBatchGzip  = 4 << 20  // of a batch as it is sent
	MaxBatchPlain = 16 << 20 // of a batch after gunzip
	MaxItem       = 256 << 10
	MaxPage       = 16 << 20
	MaxSmall      = 64 << 10 // of every other request and answer
)

// ErrTooLarge says that something is beyond its limit.
var ErrTooLarge = errors.New("too large")

// ErrContent says that something is well formed, but not what it should be.
var ErrContent = errors.New("invalid content")

func contentf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrContent, fmt.Sprintf(format, args...))
}

// DecodeStrict decodes one JSON value of at most limit bytes into v: no
// unknown members, none twice, no member that differs in case, nothing behind
// it, no deeper than MaxDepth.
func DecodeStrict(src []byte, limit int, v any) error {
	if len(src) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(src), limit)
	}
	if err := check(src); err != nil {
		return err
	}
	return decodeKnown(src, v)
}

// decodeKnown decodes what has been checked.
func decodeKnown(src []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return nil
}

// BodyHash is the SHA-256 of a body's canonical form: what tells a repetition
// from another body under the same id.
func BodyHash(body []byte) ([sha256.Size]byte, error) {
	w := workshop.Get().(*bench)
	defer workshop.Put(w)
	w.scanner = scanner{src: body, open: w.scanner.open[:0], names: w.scanner.names[:0]}
	out, err := w.scanner.document(w.buf[:0])
	w.scanner.src = nil
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	w.buf = out
	return sha256.Sum256(out), nil
}

// bench is what hashing needs and may use again.
type bench struct {
	scanner scanner
	buf     []byte
}

var workshop = sync.Pool{New: func() any { return new(bench) }}

// Gzip compresses what is sent.
func Gzip(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return out.Bytes(), nil
}

// ErrGzip says that something is no gzip stream, or a broken one.
var ErrGzip = errors.New("invalid gzip")

// Gunzip reads one gzip stream whose content is at most limit bytes. A stream
// that would give more is refused once it has given limit, whatever its size.
func Gunzip(r io.Reader, limit int) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, gzipError(err)
	}
	defer z.Close()
	// Into a buffer that has grown before: to grow one each time costs twice.
	buf := unpacked.Get().(*bytes.Buffer)
	defer unpacked.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(io.LimitReader(z, int64(limit)+1)); err != nil {
		return nil, gzipError(err)
	}
	if buf.Len() > limit {
		return nil, fmt.Errorf("%w: more than %d bytes after gunzip", ErrTooLarge, limit)
	}
	return bytes.Clone(buf.Bytes()), nil
}

var unpacked = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// gzipError keeps the cause, which may be the reader's own.
func gzipError(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrGzip, err)
}
