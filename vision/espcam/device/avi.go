package device

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"agentid/vision"
)

// Limits on a video file.
const (
	maxAVIFrames = 2_000_000 // 22 hours at 25 fps
	maxAVIDepth  = 4         // RIFF, movi, rec, and one to spare
)

var errAVI = errors.New("not an AVI of JPEGs")

// avi is the index of a Motion JPEG AVI file: where each picture is.
type avi struct {
	r      io.ReaderAt
	frames []span
	fps    float64

	period  time.Duration
	streams int // headers seen
	video   int // number of the video stream; -1: not seen
}

// span is where a chunk's content lies.
type span struct {
	at  int64
	len uint32
}

// openAVI walks the file once. A file that ends too early, as a recording that
// was cut off does, is taken as far as it goes.
func openAVI(r io.ReaderAt, size int64) (*avi, error) {
	a := &avi{r: r, video: -1}
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "AVI " {
		return nil, errAVI
	}
	if err := a.walk(0, size, 0); err != nil {
		return nil, err
	}
	switch {
	case a.video < 0:
		return nil, fmt.Errorf("%w: no video stream", errAVI)
	case len(a.frames) == 0:
		return nil, fmt.Errorf("%w: no pictures", errAVI)
	case a.period < time.Millisecond || a.period > time.Minute:
		a.period = 40 * time.Millisecond
	}
	a.fps = float64(time.Second) / float64(a.period)
	return a, nil
}

// walk reads the chunks from at to end.
func (a *avi) walk(at, end int64, depth int) error {
	if depth > maxAVIDepth {
		return fmt.Errorf("%w: nested too deep", errAVI)
	}
	for at+8 <= end {
		var h [12]byte
		n, err := a.r.ReadAt(h[:min(12, end-at)], at)
		if n < 8 {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read video: %w", err)
		}
		id, length := string(h[:4]), binary.LittleEndian.Uint32(h[4:])
		body := at + 8
		stop := min(body+int64(length), end)
		switch {
		case (id == "RIFF" || id == "LIST") && n == 12:
			if err := a.walk(body+4, stop, depth+1); err != nil {
				return err
			}
		case id == "avih":
			if b, ok := a.read(body, stop, 4); ok {
				a.period = time.Duration(binary.LittleEndian.Uint32(b)) * time.Microsecond
			}
		case id == "strh":
			if b, ok := a.read(body, stop, 8); ok && string(b[:4]) == "vids" && a.video < 0 {
				a.video = a.streams
			}
			a.streams++
		case id == "strf" && a.video == a.streams-1 && a.streams > 0:
			if b, ok := a.read(body, stop, 20); ok && string(b[16:]) != "MJPG" {
				return fmt.Errorf("%w: its pictures are %q", errAVI, b[16:])
			}
		case a.isPicture(id) && body+int64(length) <= end:
			if len(a.frames) == maxAVIFrames {
				return nil
			}
			if length > 0 { // an empty chunk repeats the picture before it
				a.frames = append(a.frames, span{body, length})
			} else if k := len(a.frames); k > 0 {
				a.frames = append(a.frames, a.frames[k-1])
			}
		}
		at = stop + stop&1 // chunks stand at even places
	}
	return nil
}

// isPicture tells whether id is that of a picture of the video stream: "00dc".
func (a *avi) isPicture(id string) bool {
	return a.video >= 0 && a.video < 100 && (id[2:] == "dc" || id[2:] == "db") &&
		id[0] == byte('0'+a.video/10) && id[1] == byte('0'+a.video%10)
}

func (a *avi) read(at, stop int64, n int) ([]byte, bool) {
	if stop-at < int64(n) {
		return nil, false
	}
	b := make([]byte, n)
	_, err := a.r.ReadAt(b, at)
	return b, err == nil
}

// picture reads the i-th picture as a JPEG that stands alone.
func (a *avi) picture(i int) ([]byte, error) {
	s := a.frames[i]
	if s.len > vision.MaxPartBytes {
		return nil, fmt.Errorf("video picture %d has %d bytes", i, s.len)
	}
	b := make([]byte, s.len)
	if _, err := a.r.ReadAt(b, s.at); err != nil {
		return nil, fmt.Errorf("read video picture %d: %w", i, err)
	}
	if len(b) < 4 || b[0] != 0xFF || b[1] != 0xD8 {
		return nil, fmt.Errorf("video picture %d is not a JPEG", i)
	}
	return withTables(b)
}
