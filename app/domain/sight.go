package domain

import (
	"image"
	"time"
)

// Rect is a box in fractions of the frame, 0..1 from the top left, as the
// camera sees it (the screen mirrors it).
type Rect struct{ X, Y, W, H float64 }

// RectIn gives r, in pixels of a frame of the given size, as fractions.
func RectIn(r image.Rectangle, size image.Point) Rect {
	if size.X <= 0 || size.Y <= 0 {
		return Rect{}
	}
	w, h := float64(size.X), float64(size.Y)
	return Rect{float64(r.Min.X) / w, float64(r.Min.Y) / h, float64(r.Dx()) / w, float64(r.Dy()) / h}
}

// Picture is one decoded camera frame, shared without copying. Whoever keeps
// it beyond the call that handed it over calls Retain, and Release when done;
// the pixels may be overwritten after the last Release.
type Picture interface {
	RGBA() *image.RGBA
	// At is when the camera's frame arrived.
	At() time.Time
	Retain()
	Release()
}

// FaceState is what the kiosk knows of a face on the screen.
type FaceState string

// The states of a face; each has its own ring on the screen.
const (
	FaceSeen    FaceState = "seen"    // found, not yet good enough to read
	FaceReading FaceState = "reading" // being encoded and voted on
	FaceKnown   FaceState = "known"
	FaceUnknown FaceState = "unknown"
)

// Guide is the one hint that would help most right now.
type Guide string

// The hints, from the quality gate.
const (
	GuideNone      Guide = ""
	GuideCloser    Guide = "closer"
	GuideLight     Guide = "more_light"
	GuideHoldStill Guide = "hold_still"
	GuideOnePerson Guide = "one_person"
	GuideLookAhead Guide = "look_ahead"
	GuideReading   Guide = "reading" // good: being read

	// Of a guided capture, and of a proof of life.
	GuideStart     Guide = "start" // nobody is before the camera
	GuideCentre    Guide = "centre"
	GuideFarther   Guide = "farther"
	GuideTurn      Guide = "turn" // either way
	GuideTurnLeft  Guide = "turn_left"
	GuideTurnRight Guide = "turn_right"
	GuideBlink     Guide = "blink"
	GuideDone      Guide = "done"
)

// SceneFace is one tracked face.
type SceneFace struct {
	Track  uint64
	Box    Rect
	State  FaceState
	Person PersonID // set when State is FaceKnown
	Label  string   // what to write under the ring; filled by the kiosk
}

// Scene is what the camera shows now.
type Scene struct {
	At    time.Time
	Size  image.Point // of the frame, in pixels
	Faces []SceneFace // nearest (largest) first
	Guide Guide
}

// Reason says why a decision was taken.
type Reason string

// The reasons of a decision about a face.
const (
	ReasonRecognised   Reason = "recognised"
	ReasonUnknown      Reason = "unknown"
	ReasonNoFace       Reason = "no_face"
	ReasonTooSmall     Reason = "too_small"
	ReasonTooDark      Reason = "too_dark"
	ReasonTooBlurred   Reason = "too_blurred"
	ReasonSeveralFaces Reason = "several_faces"
	ReasonUndecided    Reason = "undecided"
)

// Decision is what the pipeline concluded about one track.
type Decision struct {
	Track  uint64
	At     time.Time
	Reason Reason
	Person PersonID // set when Reason is ReasonRecognised
	// Distance to the nearest person, and Second to the next one, in the
	// encoder's metric: lower is nearer. NaN-free; Second is 0 when there is
	// no second person.
	Distance, Second, Threshold float64
	Metric                      string
	Votes, Frames               int     // votes for the outcome, of this many frames
	Quality                     float64 // 0..1, of the best frame
	Encoder                     EncoderRef
	Detector                    string
	Box                         Rect
	// Repeat tells that the same visit was decided before: greet again, but it
	// is no new event.
	Repeat bool
	// Revises tells that it replaces what was decided about the same track.
	Revises bool
	// JPEG is the frame that decided, with everybody's face but the person's made
	// unrecognisable: nil unless it may be kept.
	JPEG []byte
	// Latency from the arrival of that frame to this decision.
	Latency time.Duration
}

// CameraState is whether pictures come.
type CameraState string

// The states of a camera.
const (
	CameraConnecting CameraState = "connecting"
	CameraLive       CameraState = "live"
	CameraLost       CameraState = "lost"
	// CameraNone: the kiosk was set up without one.
	CameraNone CameraState = "none"
)

// Dark tells that no picture comes and none is on its way.
func (s CameraState) Dark() bool { return s == CameraLost || s == CameraNone }

// CameraHealth is the camera's condition, as values.
type CameraHealth struct {
	State      CameraState
	FPS        float64       // frames a second over the last few seconds
	Age        time.Duration // of the newest frame
	Size       image.Point   // of the newest frame, in pixels
	Frames     uint64        // good frames since start
	BadFrames  uint64        // refused or undecodable frames since start
	Dropped    uint64        // good frames that a newer one replaced unseen
	Reconnects uint64
	LastError  string // for staff and log; no address with credentials in it
}
