package vision

import (
	"context"
	"errors"
	"image"
	"math"
	"time"

	"agentid/app/domain"
)

// Limits on what a camera may send.
const (
	MaxPartBytes   = 2 << 20 // of one JPEG
	MaxHeaderBytes = 8 << 10 // of one part's header
	MaxPixels      = 4 << 20 // of one picture
	MaxSide        = 8192    // pixels, of one picture
)

// Frame is one picture as the camera sent it. Its bytes are never written to.
type Frame struct {
	Seq  uint64    // counts up from 1 within a source
	At   time.Time // when it had arrived whole
	JPEG []byte    // nil for sources that are not JPEG
	// Raw is the decoded picture of a source that is not JPEG; nil otherwise.
	Raw *image.RGBA
}

// Source delivers frames until the context ends or it fails. It neither
// restarts nor backs off: Supervise does.
type Source interface {
	// Run calls sink for each frame, from one goroutine; sink never blocks.
	// It returns nil only when ctx ended.
	Run(ctx context.Context, sink func(Frame)) error
}

// ErrPicture says that bytes are not an acceptable picture.
var ErrPicture = errors.New("unacceptable picture")

// Decoder decodes a JPEG into dst, which is reused when it has the right size
// (pass nil to allocate). The result's Stride is always 4 times its width and
// its bounds start at (0,0). Pictures over MaxPixels or MaxSide are refused
// before anything is allocated for them, with ErrPicture.
type Decoder interface {
	Decode(jpeg []byte, dst *image.RGBA) (*image.RGBA, error)
}

// Point is a position in pixels.
type Point struct{ X, Y float64 }

// Face is a face found in a picture, in pixels of that picture.
type Face struct {
	Box   image.Rectangle
	Score float64 // the detector's own confidence; its scale depends on it
	// Landmarks are, when there are five: right eye, left eye, nose tip, right
	// and left corner of the mouth, of the person, so in a picture that is not
	// mirrored the right eye is left (the order of YuNet and ArcFace); when
	// there are 68: the iBUG 300-W order of dlib. Nil where the detector has none.
	Landmarks []Point
}

// Detector finds faces. Implementations are not safe for concurrent use
// unless they say so.
type Detector interface {
	Name() string // "haar", "yunet", "hog"
	Detect(img *image.RGBA) ([]Face, error)
	Close() error
}

// Metric is how two templates of one encoder are compared. Both are distances:
// lower is nearer.
type Metric string

// The metrics.
const (
	Euclidean      Metric = "euclidean"       // |a-b|, not squared
	CosineDistance Metric = "cosine_distance" // 1 - cos(a,b), of L2-normalised vectors
)

// Distance between two vectors of the same length.
func (m Metric) Distance(a, b []float32) float64 {
	if m == CosineDistance {
		return 1 - dot(a, b)
	}
	var s float64
	for i := range a {
		d := float64(a[i] - b[i])
		s += d * d
	}
	return math.Sqrt(s)
}

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// Encoding is what an encoder makes of a face.
type Encoding struct {
	Vector    []float32
	Landmarks []Point // the encoder's own, in pixels of the picture; may be nil
}

// ErrNoFace says that the encoder, looking closer, found no face there.
var ErrNoFace = errors.New("no face there")

// Encoder turns a face into a vector to compare. Safe for concurrent use.
type Encoder interface {
	Ref() domain.EncoderRef
	Metric() Metric
	// Threshold is the calibrated distance at or below which two templates are
	// taken for one person.
	Threshold() float64
	// Encode reads the face in the decoded picture. jpeg, where not nil, holds
	// the bytes that picture was decoded from: an encoder that takes JPEG uses
	// them instead of encoding again.
	Encode(img *image.RGBA, jpeg []byte, f Face) (Encoding, error)
	Close() error
}
