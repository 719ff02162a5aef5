package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
)

// Limits of what bodies hold.
const (
	MaxLabel     = 128 // bytes of a kind, a reason, a name of a model
	MaxText      = 2000
	MaxSealed    = 16 << 10
	MaxTemplates = 32
	MaxFields    = 16
	MaxReadings  = 256
)

// Body is what an item holds.
type Body interface {
	// Check holds the body to its limits.
	Check() error
	// Subject is the person it is about, empty for none.
	Subject() domain.PersonID
}

// DecodeBody reads the body of an item of a known kind. ErrUnknownKind where
// this version knows none of that name.
func DecodeBody(kind Kind, src []byte) (Body, error) {
	b := newBody(kind)
	if b == nil {
		return nil, ErrUnknownKind
	}
	if err := DecodeStrict(src, MaxItem, b); err != nil {
		return nil, err
	}
	return b, b.Check()
}

// CheckedBody is DecodeBody for the body of an item that came through
// DecodeBatch, whose form has been checked already.
func CheckedBody(it Item) (Body, error) {
	if it.Kind == KindEvent {
		if e, ok := fastEvent(it.Body); ok {
			return e, e.Check()
		}
	}
	b := newBody(it.Kind)
	if b == nil {
		return nil, ErrUnknownKind
	}
	if err := decodeKnown(it.Body, b); err != nil {
		return nil, err
	}
	return b, b.Check()
}

// ErrUnknownKind says that a kind is not of this version.
var ErrUnknownKind = fmt.Errorf("%w: unknown kind", ErrContent)

func newBody(kind Kind) Body {
	switch kind {
	case KindEvent:
		return new(Event)
	case KindPerson:
		return new(Person)
	case KindBadge:
		return new(Badge)
	case KindBadgeKey:
		return new(BadgeKey)
	case KindConsent:
		return new(Consent)
	case KindTombstone:
		return new(Tombstone)
	case KindExchange:
		return new(Exchange)
	case KindCase:
		return new(Case)
	case KindAuditHead:
		return new(AuditHead)
	case KindSensor:
		return new(Sensor)
	case KindHealth:
		return new(Health)
	}
	return nil
}

// NewItem makes an item of a body, which it checks.
func NewItem(kind Kind, id string, b Body) (Item, error) {
	if err := b.Check(); err != nil {
		return Item{}, fmt.Errorf("%s item: %w", kind, err)
	}
	if !ValidID(id) {
		return Item{}, fmt.Errorf("%s item: %w", kind, contentf("id is no canonical uuid"))
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return Item{}, fmt.Errorf("%s item: %w", kind, err)
	}
	if len(raw) > MaxItem {
		return Item{}, fmt.Errorf("%s item: %w", kind, ErrTooLarge)
	}
	return Item{Kind: kind, ID: id, Body: raw}, nil
}

// Event is a domain.Event as it travels: the JSON is the same.
type Event struct {
	ID        domain.EventID    `json:"id"`
	Seq       uint64            `json:"seq"`
	DeviceID  string            `json:"device_id"`
	Kind      domain.EventKind  `json:"kind"`
	Reason    domain.Reason     `json:"reason"`
	At        time.Time         `json:"at"`
	Person    domain.PersonID   `json:"person_id,omitempty"`
	About     domain.EventID    `json:"about,omitempty"`
	Distance  float64           `json:"distance,omitempty"`
	Second    float64           `json:"second,omitempty"`
	Threshold float64           `json:"threshold,omitempty"`
	Metric    string            `json:"metric,omitempty"`
	Votes     int               `json:"votes,omitempty"`
	Frames    int               `json:"frames,omitempty"`
	Quality   float64           `json:"quality,omitempty"`
	Encoder   domain.EncoderRef `json:"encoder,omitzero"`
	Detector  string            `json:"detector,omitempty"`
	Snapshot  string            `json:"snapshot,omitempty"`
	Badge     domain.BadgeID    `json:"badge_id,omitempty"`
	Liveness  float64           `json:"liveness,omitempty"`
	// LivenessReason is what the verdict of liveness stands on.
	LivenessReason string         `json:"liveness_reason,omitempty"`
	Staff          domain.StaffID `json:"staff_id,omitempty"`
}

// EventItem is the item of an event as the store gives it. A test holds it to
// leave out no field.
func EventItem(e domain.Event) (Item, error) {
	return NewItem(KindEvent, string(e.ID), &Event{
		ID: e.ID, Seq: e.Seq, DeviceID: e.DeviceID, Kind: e.Kind, Reason: e.Reason, At: e.At, Person: e.Person, About: e.About,
		Distance: e.Distance, Second: e.Second, Threshold: e.Threshold, Metric: e.Metric, Votes: e.Votes, Frames: e.Frames,
		Quality: e.Quality, Encoder: e.Encoder, Detector: e.Detector, Snapshot: e.Snapshot, Badge: e.Badge,
		Liveness: e.Liveness, LivenessReason: e.LivenessReason, Staff: e.Staff,
	})
}

// Subject implements Body.
func (e *Event) Subject() domain.PersonID { return e.Person }

// Check implements Body.
func (e *Event) Check() error {
	switch {
	case !ValidID(string(e.ID)) || !ValidID(e.DeviceID):
		return contentf("event or device id is no canonical uuid")
	case !validOrNone(string(e.Person)), !validOrNone(string(e.About)), !validOrNone(string(e.Badge)), !validOrNone(string(e.Staff)):
		return contentf("what it refers to is no canonical uuid")
	case e.Seq == 0 || e.Seq >= maxExact:
		return contentf("no sequence")
	case e.Kind == "" || e.Reason == "":
		return contentf("event without kind or reason")
	case !validTime(e.At):
		return contentf("event at no possible time")
	case e.Votes < 0 || e.Votes > math.MaxInt32 || e.Frames < 0 || e.Frames > math.MaxInt32:
		return contentf("impossible count of votes or frames")
	case e.Snapshot != "" && !ValidHash(e.Snapshot):
		return contentf("snapshot is no sha-256")
	}
	return labels(string(e.Kind), string(e.Reason), e.Metric, e.Encoder.Name, e.Encoder.Version, e.Detector, e.LivenessReason)
}

// Field is one sealed field of a person.
type Field struct {
	At     time.Time `json:"at"` // when it was last changed
	Sealed []byte    `json:"sealed"`
}

// The names of a person's fields.
const (
	FieldName     = "name"
	FieldDocument = "document"
	FieldContact  = "contact"
)

// Template is a sealed face.
type Template struct {
	ID        string            `json:"id"`
	Encoder   domain.EncoderRef `json:"encoder"`
	Quality   float64           `json:"quality"`
	CreatedAt time.Time         `json:"created_at"`
	Sealed    []byte            `json:"sealed"` // the vector, see SiteKey.SealVector
}

// Person is somebody registered, or a change of them: fields and templates
// that are left out stay as they are. The item's id is
// DerivedID(KindPerson, id, version).
type Person struct {
	ID        domain.PersonID  `json:"id"`
	Version   int64            `json:"version"` // of the record at the kiosk; the centre gives its own
	CreatedAt time.Time        `json:"created_at"`
	KeyID     string           `json:"key_id"` // of the newest site key that sealed any of it; see Keyring
	Fields    map[string]Field `json:"fields,omitempty"`
	// DocumentTag finds the same document at another branch without opening
	// it: SiteKey.Tag of the clean document number.
	DocumentTag string     `json:"document_tag,omitempty"`
	Templates   []Template `json:"templates,omitempty"`
	Dropped     []string   `json:"dropped,omitempty"` // ids of templates that are no more
	// SecondFactor is never taken back.
	SecondFactor bool `json:"second_factor,omitempty"`
}

// Subject implements Body.
func (p *Person) Subject() domain.PersonID { return p.ID }

// Check implements Body.
func (p *Person) Check() error {
	switch {
	case !ValidID(string(p.ID)):
		return contentf("person id is no canonical uuid")
	case p.Version < 1 || p.Version >= maxExact:
		return contentf("no version")
	case !validTime(p.CreatedAt):
		return contentf("person made at no possible time")
	case p.KeyID == "":
		return contentf("no key named")
	case len(p.Fields) > MaxFields || len(p.Templates) > MaxTemplates || len(p.Dropped) > MaxTemplates:
		return contentf("too many fields or templates")
	case p.DocumentTag != "" && !ValidHash(p.DocumentTag):
		return contentf("document tag is no hmac-sha256")
	}
	for name, f := range p.Fields {
		if !slices.Contains([]string{FieldName, FieldDocument, FieldContact}, name) {
			return contentf("unknown field")
		}
		if !validTime(f.At) || len(f.Sealed) < minSealed || len(f.Sealed) > MaxSealed {
			return contentf("field %s: impossible time or size", name)
		}
	}
	for _, t := range p.Templates {
		if !ValidID(t.ID) || t.Encoder.Name == "" || t.Encoder.Version == "" || !validTime(t.CreatedAt) ||
			len(t.Sealed) < minSealed || len(t.Sealed) > MaxSealed || t.Quality < 0 || t.Quality > 1 {
			return contentf("invalid template")
		}
		if err := labels(t.Encoder.Name, t.Encoder.Version); err != nil {
			return err
		}
	}
	for _, id := range p.Dropped {
		if !ValidID(id) {
			return contentf("dropped template is no canonical uuid")
		}
	}
	return labels(p.KeyID)
}

// Badge is a badge, or the end of one. The item's id is
// DerivedID(KindBadge, id, 1), of a revocation DerivedID(KindBadge, id, 2).
type Badge struct {
	ID        domain.BadgeID  `json:"id"`
	Person    domain.PersonID `json:"person_id"`
	NotBefore time.Time       `json:"not_before"`
	Expires   time.Time       `json:"expires"`
	Templates int64           `json:"templates"`
	RevokedAt time.Time       `json:"revoked_at,omitzero"`
	Revoked   domain.Reason   `json:"revoked,omitempty"`
}

// Subject implements Body.
func (b *Badge) Subject() domain.PersonID { return b.Person }

// Check implements Body.
func (b *Badge) Check() error {
	switch {
	case !ValidID(string(b.ID)) || !ValidID(string(b.Person)):
		return contentf("badge or person id is no canonical uuid")
	case !validTime(b.NotBefore) || !validTime(b.Expires) || !b.NotBefore.Before(b.Expires):
		return contentf("badge valid at no possible time")
	case b.Templates < 0 || b.Templates >= maxExact:
		return contentf("impossible version of templates")
	case b.RevokedAt.IsZero() != (b.Revoked == ""):
		return contentf("revocation without time or reason")
	case !b.RevokedAt.IsZero() && !validTime(b.RevokedAt):
		return contentf("revoked at no possible time")
	}
	return labels(string(b.Revoked))
}

// Withdrawal ends one purpose of a consent.
type Withdrawal struct {
	Purpose domain.Purpose `json:"purpose"`
	At      time.Time      `json:"at"`
}

// Consent is what somebody agreed to. The item's id is
// DerivedID(KindConsent, id, 1 + the number of withdrawals).
type Consent struct {
	ID         string           `json:"id"`
	Person     domain.PersonID  `json:"person_id"`
	Version    string           `json:"version"`
	TextSHA256 string           `json:"text_sha256"`
	Lang       domain.Lang      `json:"lang"`
	Granted    []domain.Purpose `json:"granted"`
	Refused    []domain.Purpose `json:"refused,omitempty"`
	Method     string           `json:"method"`
	DeviceID   string           `json:"device_id"`
	At         time.Time        `json:"at"`
	Withdrawn  []Withdrawal     `json:"withdrawn,omitempty"`
}

// ConsentItem is the item of a consent as it stands.
func ConsentItem(c domain.Consent) (Item, error) {
	w := Consent{ID: c.ID, Person: c.Person, Version: c.Version, TextSHA256: c.TextSHA256, Lang: c.Lang,
		Granted: c.Granted, Refused: c.Refused, Method: c.Method, DeviceID: c.DeviceID, At: c.At}
	for _, x := range c.Withdrawn {
		w.Withdrawn = append(w.Withdrawn, Withdrawal(x))
	}
	return NewItem(KindConsent, DerivedID(KindConsent, c.ID, 1+int64(len(c.Withdrawn))), &w)
}

// Merge adds to what is known of a consent what another state of it says was
// taken back, and tells whether that was news. Taken back wins, in whatever order
// states arrive; all else stays as it was first told, and of two times of one
// withdrawal the one that was known. It is the rule of both ends.
func (c *Consent) Merge(other *Consent) (news bool) {
	for _, w := range other.Withdrawn {
		if c.Allows(w.Purpose) {
			c.Withdrawn = append(c.Withdrawn, w)
			news = true
		}
	}
	return news
}

// Allows tells whether a purpose was granted and still stands.
func (c *Consent) Allows(p domain.Purpose) bool {
	return slices.Contains(c.Granted, p) &&
		!slices.ContainsFunc(c.Withdrawn, func(w Withdrawal) bool { return w.Purpose == p })
}

// Subject implements Body.
func (c *Consent) Subject() domain.PersonID { return c.Person }

// Check implements Body.
func (c *Consent) Check() error {
	switch {
	case !ValidID(c.ID) || !ValidID(string(c.Person)) || !ValidID(c.DeviceID):
		return contentf("consent, person or device id is no canonical uuid")
	case !ValidHash(c.TextSHA256):
		return contentf("text is named by no sha-256")
	case c.Version == "" || c.Lang == "" || c.Method == "":
		return contentf("consent without version, language or method")
	case !validTime(c.At):
		return contentf("consent at no possible time")
	case len(c.Granted)+len(c.Refused) == 0 || len(c.Granted) > MaxFields || len(c.Refused) > MaxFields || len(c.Withdrawn) > len(c.Granted):
		return contentf("impossible number of purposes")
	}
	texts := []string{c.Version, string(c.Lang), c.Method}
	for _, p := range slices.Concat(c.Granted, c.Refused) {
		if p == "" {
			return contentf("empty purpose")
		}
		texts = append(texts, string(p))
	}
	for _, w := range c.Withdrawn {
		if !slices.Contains(c.Granted, w.Purpose) || !validTime(w.At) {
			return contentf("withdrawal of what was not granted, or at no possible time")
		}
	}
	return labels(texts...)
}

// Tombstone says that somebody has been erased at a kiosk, and has the centre
// erase them everywhere.
type Tombstone struct {
	Person  domain.PersonID       `json:"person_id"`
	Receipt domain.ErasureReceipt `json:"receipt"`
}

// TombstoneItem is the item of an erasure.
func TombstoneItem(person domain.PersonID, r domain.ErasureReceipt) (Item, error) {
	return NewItem(KindTombstone, r.ID, &Tombstone{Person: person, Receipt: r})
}

// Subject implements Body.
func (t *Tombstone) Subject() domain.PersonID { return t.Person }

// Check implements Body.
func (t *Tombstone) Check() error {
	r := t.Receipt
	switch {
	case !ValidID(string(t.Person)) || !ValidID(r.ID):
		return contentf("person or receipt id is no canonical uuid")
	case r.Why == "" || !validTime(r.At):
		return contentf("erasure without a reason, or at no possible time")
	}
	for _, n := range []int{r.Templates, r.Badges, r.Consents, r.Snapshots, r.Outbox} {
		if n < 0 || n > math.MaxInt32 {
			return contentf("impossible figure in a receipt")
		}
	}
	return labels(string(r.Why))
}

// labels holds short texts to MaxLabel bytes of printable UTF-8.
func labels(ls ...string) error {
	for _, l := range ls {
		if len(l) > MaxLabel || !printable(l) {
			return contentf("label of %d bytes, want text of at most %d", len(l), MaxLabel)
		}
	}
	return nil
}

// text holds a longer text to n bytes.
func text(s string, n int) error {
	if len(s) > n || !printable(s) {
		return contentf("text of %d bytes, want at most %d without control characters", len(s), n)
	}
	return nil
}

// printable tells whether s is UTF-8 without control characters but the new
// line. PostgreSQL keeps no NUL.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < 0x20 && r != '\n' || r == 0x7f {
			return false
		}
	}
	return true
}
