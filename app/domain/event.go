package domain

import (
	"context"
	"errors"
	"time"
)

// EventID is a UUIDv7 in its canonical text form.
type EventID string

// EventKind is what happened.
type EventKind string

// The kinds of event.
const (
	EventRecognition EventKind = "recognition" // the pipeline decided about a face
	EventCorrection  EventKind = "correction"  // a person or staff said a decision was wrong
	EventEnrolment   EventKind = "enrolment"
	EventCamera      EventKind = "camera" // the camera was lost or came back
)

// Reasons of events that are not about a face.
const (
	ReasonNotMe          Reason = "not_me"
	ReasonCameraLost     Reason = "camera_lost"
	ReasonCameraReturned Reason = "camera_returned"
	ReasonEnrolled       Reason = "enrolled"
)

// Event is one thing that happened at this kiosk. Events are append-only.
type Event struct {
	ID       EventID   `json:"id"`
	Seq      uint64    `json:"seq"` // of this device, without gaps; given by the store
	DeviceID string    `json:"device_id"`
	Kind     EventKind `json:"kind"`
	Reason   Reason    `json:"reason"`
	At       time.Time `json:"at"`
	Person   PersonID  `json:"person_id,omitempty"`
	// About is the event that this one corrects, if any.
	About     EventID    `json:"about,omitempty"`
	Distance  float64    `json:"distance,omitempty"`
	Second    float64    `json:"second,omitempty"`
	Threshold float64    `json:"threshold,omitempty"`
	Metric    string     `json:"metric,omitempty"`
	Votes     int        `json:"votes,omitempty"`
	Frames    int        `json:"frames,omitempty"`
	Quality   float64    `json:"quality,omitempty"`
	Encoder   EncoderRef `json:"encoder,omitzero"`
	Detector  string     `json:"detector,omitempty"`
	// Snapshot is the SHA-256 of the picture's bytes in hex, if one was kept.
	Snapshot string `json:"snapshot,omitempty"`
	// Badge is the badge that was shown, if one was.
	Badge BadgeID `json:"badge_id,omitempty"`
	// Liveness is the score of the passive check, 0..1, and LivenessReason what
	// the verdict stands on; empty where none was asked.
	Liveness       float64 `json:"liveness,omitempty"`
	LivenessReason string  `json:"liveness_reason,omitempty"`
	// Staff is who approved or refused, where a member of staff did.
	Staff StaffID `json:"staff_id,omitempty"`
}

// ErrNotFound says that what was asked for is not there.
var ErrNotFound = errors.New("not found")

// ErrRefused says that the store will never take what it was given: trying
// again is of no use.
var ErrRefused = errors.New("refused")

// People keeps persons and their templates.
type People interface {
	// AddPerson stores a new person with at least zero templates, whole or not at all.
	AddPerson(ctx context.Context, p Person, ts []Template) error
	Person(ctx context.Context, id PersonID) (Person, error)
	People(ctx context.Context) ([]Person, error)
	// Templates lists the templates of one encoder; those of others are left out.
	Templates(ctx context.Context, enc EncoderRef) ([]Template, error)
}

// Events keeps what happened.
type Events interface {
	// Record commits the event, its snapshot (may be nil) and its outbox row in
	// one transaction, and returns the event as stored (ID and Seq filled in).
	// When it returns without an error the event is on disk.
	Record(ctx context.Context, e Event, snapshot []byte) (Event, error)
	// Recent lists events, newest first, those with Seq below before (0: all).
	Recent(ctx context.Context, before uint64, limit int) ([]Event, error)
	// Pending is how many outbox rows await sync, and when the oldest was made.
	Pending(ctx context.Context) (n int, oldest time.Time, err error)
}

// Settings keeps small values that outlive a restart.
type Settings interface {
	// Setting returns ErrNotFound where key was never set.
	Setting(ctx context.Context, key string) (string, error)
	SetSetting(ctx context.Context, key, value string) error
}

// Kinds and reasons of identity: registration, badges, validation, erasure.
const (
	EventRegistration EventKind = "registration"
	EventBadge        EventKind = "badge"
	EventValidation   EventKind = "validation"
	EventErasure      EventKind = "erasure"

	ReasonRegistered     Reason = "registered"
	ReasonWithoutFace    Reason = "registered_without_face"
	ReasonBadgeIssued    Reason = "badge_issued"
	ReasonBadgeRevoked   Reason = "badge_revoked"
	ReasonBadgeExpired   Reason = "badge_expired"
	ReasonBadgeNotYet    Reason = "badge_not_yet_valid"
	ReasonBadgeUnknown   Reason = "badge_unknown"
	ReasonBadgeForged    Reason = "badge_forged"
	ReasonBadgeRenewed   Reason = "badge_renewed"
	ReasonValidatedFace  Reason = "validated_qr_face"
	ReasonValidatedPIN   Reason = "validated_qr_pin"
	ReasonValidatedStaff Reason = "validated_staff"
	// The face that was recognised among all, and their PIN: no badge.
	ReasonValidatedFacePIN Reason = "validated_face_pin"
	// Badge, face and PIN: somebody who was once taken for somebody else.
	ReasonValidatedAll      Reason = "validated_qr_face_pin"
	ReasonStaffRefused      Reason = "staff_refused"
	ReasonStaffCalled       Reason = "staff_called"
	ReasonStaffWrongPIN     Reason = "staff_wrong_pin"
	ReasonDuplicateFace     Reason = "duplicate_face"     // of a registration, for staff to look at
	ReasonDuplicateDocument Reason = "duplicate_document" // likewise
	ReasonWrongFace         Reason = "wrong_face"
	ReasonWrongPIN          Reason = "wrong_pin"
	ReasonNotLive           Reason = "not_live"
	ReasonLocked            Reason = "locked"
	ReasonTimedOut          Reason = "timed_out"
	ReasonCancelled         Reason = "cancelled"
	ReasonConsentWithdraw   Reason = "consent_withdrawn"
	ReasonErasedByPerson    Reason = "erased_by_person"
	ReasonErasedByStaff     Reason = "erased_by_staff"
	ReasonErasedUnseen      Reason = "erased_unseen"
)
