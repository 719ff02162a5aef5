package domain

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Who acts, where it is nobody of the staff.
const (
	ActorSystem  = "system"  // the kiosk by itself, or a command on its console
	ActorVisitor = "visitor" // whoever stands before it
	ActorCentre  = "centre"  // by a document that it published
)

// Actor is in whose name something is done.
type Actor struct {
	ID   string // a StaffID, ActorSystem or ActorVisitor
	Role Role   // of staff, as it was then; empty for the others
}

// StaffActor is a member of staff as an actor.
func StaffActor(s Staff) Actor { return Actor{ID: string(s.ID), Role: s.Role} }

type actorKey struct{}

// WithActor says in whose name is done what is done under the context.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who acts under a context: ActorSystem where nobody was named.
func ActorOf(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok && a.ID != "" {
		return a
	}
	return Actor{ID: ActorSystem}
}

// AuditAction is what was done.
type AuditAction string

// What the store itself audits, in the transaction of the deed.
const (
	AuditRegistered      AuditAction = "person_registered"
	AuditPersonAdded     AuditAction = "person_added"
	AuditPersonRenamed   AuditAction = "person_renamed"
	AuditTemplatesAdded  AuditAction = "templates_added"
	AuditSecondFactor    AuditAction = "second_factor_required"
	AuditConsentGiven    AuditAction = "consent_given"
	AuditConsentTaken    AuditAction = "consent_withdrawn"
	AuditErased          AuditAction = "person_erased"
	AuditMerged          AuditAction = "merged" // two records of one person
	AuditPINSet          AuditAction = "pin_set"
	AuditAttemptsCleared AuditAction = "attempts_cleared"
	AuditBadgeIssued     AuditAction = "badge_issued"
	AuditBadgeRevoked    AuditAction = "badge_revoked"
	AuditSignedIn        AuditAction = "signed_in"
	AuditSignInFailed    AuditAction = "sign_in_failed"
	AuditStaffAdded      AuditAction = "staff_added"
	AuditStaffPIN        AuditAction = "staff_pin_set"
	AuditStaffRole       AuditAction = "staff_role_set"
	AuditStaffClosed     AuditAction = "staff_closed"
	AuditStaffReopened   AuditAction = "staff_reopened"  // by the centre, which had closed it
	AuditStaffCodeUsed   AuditAction = "staff_code_used" // the centre's, to set a PIN
	AuditStaffBadge      AuditAction = "staff_badge_issued"
	AuditStaffBadgeEnded AuditAction = "staff_badge_revoked"
	AuditSetupCode       AuditAction = "setup_code_made"
	AuditSetupUsed       AuditAction = "setup_code_used"
	AuditKeyRotated      AuditAction = "master_key_rotated"
	AuditRequeued        AuditAction = "dead_letter_requeued"
	AuditDocument        AuditAction = "document_taken"      // of the centre
	AuditDocumentGone    AuditAction = "document_taken_back" // by the centre
)

// What the use cases of the kiosk audit.
const (
	AuditSignedOut     AuditAction = "signed_out"
	AuditNotAllowed    AuditAction = "not_allowed" // a role asked for what is not its
	AuditViewed        AuditAction = "viewed"      // a profile or a picture
	AuditApproved      AuditAction = "approved"    // a visitor, by staff
	AuditRefused       AuditAction = "refused"
	AuditCorrected     AuditAction = "corrected" // "this is not him"
	AuditConfirmed     AuditAction = "confirmed" // "it was them"
	AuditExported      AuditAction = "exported"
	AuditConfigChanged AuditAction = "config_changed"
	AuditCameraChanged AuditAction = "camera_changed"
	AuditSearched      AuditAction = "network_searched" // for cameras
	AuditFAQChanged    AuditAction = "faq_changed"
	AuditOffline       AuditAction = "offline_switched"
	AuditCaseChanged   AuditAction = "case_changed"
	AuditKioskLeft     AuditAction = "kiosk_left"
)

// Kinds of target.
const (
	TargetPerson   = "person"
	TargetBadge    = "badge"
	TargetStaff    = "staff"
	TargetEvent    = "event"
	TargetCase     = "case"
	TargetCamera   = "camera"
	TargetSetting  = "setting"
	TargetFAQ      = "faq"
	TargetOutbox   = "outbox"
	TargetDevice   = "device"
	TargetDocument = "document"
)

// AuditTarget is what something was done to: a kind and an id.
type AuditTarget struct {
	Kind string `json:"kind,omitempty"`
	ID   string `json:"id,omitempty"`
}

// AuditEntry is one thing that somebody did, or that bears on security. It
// says who and what by ids and labels: a name, a document or a text never fits,
// a token or a template is too long. So erasing a person leaves it as it is.
type AuditEntry struct {
	Seq      uint64            `json:"seq"` // of this device, from 1, without gaps
	DeviceID string            `json:"device_id"`
	At       time.Time         `json:"at"` // to the microsecond, UTC
	Actor    string            `json:"actor"`
	Role     Role              `json:"role,omitempty"`
	Action   AuditAction       `json:"action"`
	Target   AuditTarget       `json:"target,omitzero"`
	Detail   map[string]string `json:"detail,omitempty"`
	Prev     AuditHash         `json:"prev"` // of the entry before; zeros for the first
	Hash     AuditHash         `json:"hash"`
}

// AuditHash is a SHA-256; in text, hex.
type AuditHash [sha256.Size]byte

// MarshalText implements encoding.TextMarshaler.
func (h AuditHash) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *AuditHash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("%w: hash of %d characters", ErrAudit, len(b))
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return fmt.Errorf("%w: hash is not hex", ErrAudit)
	}
	return nil
}

func (h AuditHash) String() string { return fmt.Sprintf("%x", h[:]) }

// Limits of an entry, in bytes and in labels.
const (
	MaxAuditLabel  = 64
	MaxAuditDetail = 16
)

// ErrAudit says that an entry is not made of labels.
var ErrAudit = errors.New("invalid audit entry")

// Check tells whether an entry may be appended.
func (e AuditEntry) Check() error {
	if e.Actor == "" || e.Action == "" {
		return fmt.Errorf("%w: no actor or no action", ErrAudit)
	}
	if len(e.Detail) > MaxAuditDetail {
		return fmt.Errorf("%w: %d details, at most %d", ErrAudit, len(e.Detail), MaxAuditDetail)
	}
	labels := []string{e.Actor, string(e.Role), string(e.Action), e.Target.Kind, e.Target.ID}
	for k, v := range e.Detail {
		if k == "" {
			return fmt.Errorf("%w: detail without a key", ErrAudit)
		}
		labels = append(labels, k, v)
	}
	for _, l := range labels {
		if !IsAuditLabel(l) {
			return fmt.Errorf("%w: want at most %d letters, digits and ._:/+-=,#%%*", ErrAudit, MaxAuditLabel)
		}
	}
	return nil
}

// IsAuditLabel tells whether a text may stand in an audit entry: short, and
// without spaces, accents or @.
func IsAuditLabel(s string) bool {
	if len(s) > MaxAuditLabel {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.' || c == '_' || c == ':' || c == '/' || c == '+' || c == '-' || c == '=' || c == ',' || c == '#' || c == '%' || c == '*':
		default:
			return false
		}
	}
	return true
}

// auditVersion begins what is hashed.
const auditVersion = "agentid audit v1"

// Sum is the hash of an entry: SHA-256 over the version, and each field with
// its length before it. Two entries that differ in anything but Hash differ
// in it.
func (e AuditEntry) Sum() AuditHash {
	b := make([]byte, 0, 512)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(auditVersion)
	text(e.DeviceID)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	text(e.Actor)
	text(string(e.Role))
	text(string(e.Action))
	text(e.Target.Kind)
	text(e.Target.ID)
	b = binary.AppendUvarint(b, uint64(len(e.Detail)))
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		text(k)
		text(e.Detail[k])
	}
	return sha256.Sum256(append(b, e.Prev[:]...))
}

// AuditFilter chooses entries; a zero field does not restrict.
type AuditFilter struct {
	Actor    string
	Action   AuditAction
	Target   AuditTarget // by kind, or by kind and id
	From, To time.Time   // At in [From, To)
}

// AuditFault is what is wrong with an audit.
type AuditFault string

// The faults that VerifyAudit finds.
const (
	FaultEdited   AuditFault = "edited"      // the entry does not have its hash
	FaultUnlinked AuditFault = "unlinked"    // it does not follow the one before it
	FaultMissing  AuditFault = "missing"     // entries up to it are not there
	FaultTail     AuditFault = "tail"        // the last entry is not the one on record: cut off, added, or all hashed anew
	FaultHead     AuditFault = "head"        // the record of the last entry is forged or gone
	FaultEarlier  AuditFault = "broken_once" // a fault was found when this entry was appended
)

// AuditProblem is a fault at an entry.
type AuditProblem struct {
	Seq   uint64     `json:"seq"`
	Fault AuditFault `json:"fault"`
}

// AuditReport is what VerifyAudit found.
type AuditReport struct {
	Entries int64          `json:"entries"`
	Seq     uint64         `json:"seq"`  // of the last entry there should be
	Hash    AuditHash      `json:"hash"` // its
	Faults  int64          `json:"faults"`
	First   []AuditProblem `json:"problems,omitempty"` // the first MaxAuditProblems
}

// MaxAuditProblems bounds a report.
const MaxAuditProblems = 100

// Sound tells that nothing was edited, removed, added or reordered.
func (r AuditReport) Sound() bool { return r.Faults == 0 }

// AuditHead is the last entry that an audit has. Who knows it elsewhere finds that
// the whole of an audit was put back to an earlier one.
type AuditHead struct {
	Seq  uint64 // 0 where there is no entry
	Hash AuditHash
	At   time.Time
	// Sound tells that the log ends where its record says, and that no fault was
	// found before. That it has none, only a report tells.
	Sound bool
}

// AuditLog keeps who did what; append-only.
type AuditLog interface {
	// AppendAudit adds an entry and returns it as stored. Actor and Role are
	// those of the context where Actor is empty; At is now where it is zero;
	// Seq, DeviceID, Prev and Hash are the log's. ErrAudit.
	AppendAudit(ctx context.Context, e AuditEntry) (AuditEntry, error)
	// Audit lists entries, newest first, those with Seq below before (0: all).
	Audit(ctx context.Context, f AuditFilter, before uint64, limit int) ([]AuditEntry, error)
	// VerifyAudit reads the whole log. What it finds is in the report, an error
	// is that it could not read.
	VerifyAudit(ctx context.Context) (AuditReport, error)
}
