package mjpeg

import (
	"bytes"
	"fmt"
	"strings"
)

// maxBoundary is generous: RFC 2046 allows 70 characters.
const maxBoundary = 200

// boundaryOf reads the boundary out of a Content-Type, as sloppily as cameras
// write it: quoted or not, with leading dashes or not, with characters that
// mime.ParseMediaType refuses. It comes without leading dashes; empty means
// that none was announced.
func boundaryOf(contentType string) (string, error) {
	kind, params, _ := strings.Cut(contentType, ";")
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(kind)), "multipart/") {
		return "", fmt.Errorf("%w: content type %q", ErrNotStream, clip(contentType, 60))
	}
	for p := range strings.SplitSeq(params, ";") {
		name, value, ok := strings.Cut(p, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "boundary") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		if len(value) > maxBoundary {
			return "", fmt.Errorf("%w: boundary of %d bytes", ErrNotStream, len(value))
		}
		return strings.TrimLeft(value, "-"), nil
	}
	return "", nil
}

// delimiter recognises the lines between parts. It starts with what the
// Content-Type announced, and believes the stream where the two disagree.
type delimiter struct {
	core []byte // without leading dashes; empty: not known yet
	seen bool   // core did separate parts
}

// ends tells whether a line, without its line end, ends with the delimiter:
// junk may stand before it.
func (d *delimiter) ends(line []byte) bool {
	if len(d.core) == 0 {
		core := bytes.TrimLeft(line, "-")
		if !bytes.HasPrefix(line, []byte("--")) || len(core) == 0 || len(core) > maxBoundary {
			return false
		}
		d.core = bytes.Clone(core)
	}
	rest, ok := bytes.CutSuffix(line, d.core)
	if !ok || len(rest) > 0 && !bytes.HasSuffix(rest, []byte("--")) {
		return false
	}
	d.seen = true
	return true
}

// learn takes a line that stood where a delimiter should be.
func (d *delimiter) learn(line []byte) {
	if core := bytes.TrimLeft(line, "-"); !d.seen && len(core) > 0 && len(core) <= maxBoundary {
		d.core, d.seen = bytes.Clone(core), true
	}
}

// maxDashes is how many dashes before the boundary belong to it.
const maxDashes = 8

// find gives the index at which a delimiter line, or the header of a part
// without one, begins in b at from or later; -1 where there is none.
func (d *delimiter) find(b []byte, from int) int {
	best := -1
	for at := from; len(d.core) > 0 && at < len(b); {
		i := bytes.Index(b[at:], d.core)
		if i < 0 {
			break
		}
		i += at
		if end := i + len(d.core); end < len(b) && (b[end] == '\r' || b[end] == '\n') {
			for n := 0; n < maxDashes && i > from && b[i-1] == '-'; n++ {
				i--
			}
			best = i
			break
		}
		at = i + 1
	}
	for _, h := range headerStarts {
		for at := from; at < len(b); {
			i := bytes.Index(b[at:], h)
			if i < 0 || best >= 0 && at+i >= best {
				break
			}
			at += i + 1 // just after the line end
			if startsHeader(b[at:]) {
				best = at
				break
			}
		}
	}
	return best
}

// headerStarts are the ways in which the first header line of a part begins
// behind a line end; startsHeader looks closer.
var headerStarts = [][]byte{[]byte("\nContent-"), []byte("\ncontent-")}

// startsHeader tells whether b begins like the header of a part.
func startsHeader(b []byte) bool {
	return hasPrefixFold(b, "content-type:") || hasPrefixFold(b, "content-length:")
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// clip shortens what the camera said, for an error text.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
