package vision

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"agentid/app/domain"
	"agentid/vision/redact"
)

// ErrNoPicture says that there is no frame to make a snapshot of.
var ErrNoPicture = errors.New("no picture")

// Snapshot is the frame that Distance belongs to, as it may be kept: a new JPEG
// in which everybody's face but the person's is unrecognisable. Only a result
// that is Verified has one, as nobody else consented to anything; ErrNoPicture
// of others.
func (r VerifyResult) Snapshot(d Decoder) ([]byte, error) {
	if !r.Verified {
		return nil, ErrNoPicture
	}
	return snapshot(d, r.JPEG, r.Box, r.Others)
}

// Snapshot is the frame as it may be kept: a new JPEG in which everybody's face
// but the person's is unrecognisable.
func (f CaptureFrame) Snapshot(d Decoder) ([]byte, error) {
	return snapshot(d, f.JPEG, f.Box, f.Others)
}

func snapshot(d Decoder, jpeg []byte, own domain.Rect, others []domain.Rect) ([]byte, error) {
	if len(jpeg) == 0 {
		return nil, ErrNoPicture
	}
	img, err := d.Decode(jpeg, nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	var boxes []image.Rectangle
	for _, o := range others {
		boxes = append(boxes, pixels(o, img.Rect.Size()))
	}
	b, err := redact.JPEG(img, pixels(own, img.Rect.Size()), boxes)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return b, nil
}

// pixels is a box in pixels of a frame of the given size.
func pixels(r domain.Rect, size image.Point) image.Rectangle {
	at := func(v float64, of int) int { return int(math.Round(v * float64(of))) }
	return image.Rect(at(r.X, size.X), at(r.Y, size.Y), at(r.X+r.W, size.X), at(r.Y+r.H, size.Y))
}

// others are the faces of a sighting that are not the one in own, as fractions.
func (s Sighting) others(own image.Rectangle) []domain.Rect {
	boxes := slices.Clone(s.Boxes)
	for _, f := range s.Faces {
		boxes = append(boxes, f.Face.Box)
	}
	var out []domain.Rect
	for _, b := range redact.Bystanders(own, boxes) {
		out = append(out, domain.RectIn(b, s.Picture.RGBA().Rect.Size()))
	}
	return out
}
