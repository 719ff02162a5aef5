package kiosk

import (
	"context"
	"errors"
	"time"

	"agentid/app/domain"
)

// ErrNoEye says that no camera or no engine can do what is asked.
var ErrNoEye = errors.New("no camera or no recognition engine")

// ErrForeign says that a text is no code of ours, as of somebody's telephone.
var ErrForeign = errors.New("not a code of ours")

// Eye is the camera, as the flows use it. Its methods work until they are done
// or ctx ends, and may be called from any goroutine; what they call back, they
// call one at a time.
type Eye interface {
	// Scan reads codes from the live picture until ctx ends. found is called
	// with the text of each, and with "" where something like a code could not
	// be read; the same code is told again every second or so.
	Scan(ctx context.Context, found func(text string)) error
	// Capture takes the templates of a registration, best frames of differing
	// pose, with proof of life. ErrNoEye where there is no engine.
	Capture(ctx context.Context, progress func(FaceProgress)) (Captured, error)
	// Verify compares the face before the camera with a person's templates.
	// ErrNoEye where there is no engine; domain.ErrNotFound where the person has
	// no template of the encoder in use.
	Verify(ctx context.Context, person domain.PersonID, progress func(FaceProgress)) (Verified, error)
}

// Captured is how a capture ended.
type Captured struct {
	// Reason is domain.ReasonEnrolled when it succeeded; otherwise ReasonNotLive,
	// ReasonUndecided, ReasonTimedOut or ReasonCancelled.
	Reason    domain.Reason
	Templates []domain.Template // without ID, person and time
	// Duplicate is somebody enrolled who looks the same: for staff alone.
	Duplicate domain.PersonID
	// Evidence are the figures, for the event.
	Evidence Evidence
}

// Verified is how a comparison ended: ReasonRecognised, or ReasonWrongFace,
// ReasonNotLive, ReasonUndecided, ReasonTimedOut, ReasonCancelled.
type Verified struct {
	Reason   domain.Reason
	Evidence Evidence
	// Snapshot is the frame that decided, others in it made unrecognisable; nil
	// unless snapshots are configured.
	Snapshot []byte
}

// Evidence are the figures of a decision about a face.
type Evidence struct {
	Distance, Threshold float64
	Metric              string
	Votes, Frames       int
	Quality             float64
	Encoder             domain.EncoderRef
	Detector            string
	Liveness            float64
	LivenessReason      string
}

// Into fills in an event.
func (e Evidence) Into(ev *domain.Event) {
	ev.Distance, ev.Threshold, ev.Metric = e.Distance, e.Threshold, e.Metric
	ev.Votes, ev.Frames, ev.Quality = e.Votes, e.Frames, e.Quality
	ev.Encoder, ev.Detector = e.Encoder, e.Detector
	ev.Liveness, ev.LivenessReason = e.Liveness, e.LivenessReason
}

// Badges writes and reads what visitors and staff carry.
type Badges interface {
	// Badge and Receipt make the code of a badge and of a consent's receipt.
	Badge(domain.Badge) (*Code, error)
	Receipt(domain.Consent) (*Code, error)
	// Read verifies a text. The error of a badge that is expired or not valid
	// yet comes with its token; Refusal says what the event records. ErrForeign
	// for what is none of ours.
	Read(text string) (Token, error)
	// Staff makes the code of a badge of staff, and ReadStaff verifies one, of this
	// kiosk's own keys alone: no visitor's badge, and none of another kiosk. One
	// that is expired is read too: the store knows, and says so to the audit.
	Staff(domain.StaffBadge) (*Code, error)
	ReadStaff(text string) (StaffToken, error)
	Refusal(err error) domain.Reason
}

// Token is a text of ours whose signature holds.
type Token struct {
	Receipt bool // of a consent; otherwise a badge
	Person  domain.PersonID
	Badge   domain.BadgeID // of a badge
	Consent string         // id, of a receipt
	// Before is zero, or when the kiosk that signed it was revoked: it holds only
	// if what is known here, and not the token, says that it is from before.
	Before time.Time
}

// late tells of something from at that it is too late for a token.
func (t Token) late(at time.Time) bool { return !t.Before.IsZero() && !at.Before(t.Before) }

// Printer prints badges. It is nil where none is configured.
type Printer interface {
	Print(ctx context.Context, b domain.Badge, name string, lang domain.Lang) error
	// PrintStaff prints that of a member of staff.
	PrintStaff(ctx context.Context, b domain.StaffBadge, name string, lang domain.Lang) error
}

// ConsentText tells the version and the hash of the text that is shown in a
// language, in hex.
type ConsentText interface {
	ConsentText(domain.Lang) (ConsentShown, string, error)
}

// Flows are what registration, validation and withdrawal need. All but Staff,
// StaffBadges, Printer and Eye are required.
type Flows struct {
	Registry domain.Registry
	Events   domain.Events
	Eye      Eye
	Badges   Badges
	Printer  Printer
	Consent  ConsentText
	// Staff are who may approve; nil: they are called, and decide elsewhere.
	Staff domain.StaffBook
	// StaffBadges are what staff may show in place of their login; nil: they type it.
	StaffBadges domain.StaffBadges
	NewID       func() string // of UUIDv7
	// BadgeValidity is how long a badge holds; a year when 0.
	BadgeValidity time.Duration
	DeviceID      string
}
