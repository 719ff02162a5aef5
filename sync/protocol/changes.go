package protocol

import (
	"encoding/json"
	"fmt"
	"time"

	"agentid/app/domain"
)

// Limits of GET /v1/changes.
const (
	MaxChanges = 500
	MaxWait    = 50 * time.Second // of the long-poll
	MaxCursor  = 128
)

// ChangeKind is what a change is about.
type ChangeKind string

// The kinds of change, with what Body holds and what Ref is.
const (
	ChangePerson      ChangeKind = "person"       // Person as the centre has it, whole; its id
	ChangeBadge       ChangeKind = "badge"        // Badge; its id
	ChangeConsent     ChangeKind = "consent"      // Consent as it stands; its id
	ChangeBadgeKey    ChangeKind = "badge_key"    // TrustedKey; its id
	ChangeSeen        ChangeKind = "seen"         // Seen; the person's id
	ChangeTombstone   ChangeKind = "tombstone"    // Erased; the person's id
	ChangeFAQ         ChangeKind = "faq"          // Document; "es", "en"
	ChangeConfig      ChangeKind = "config"       // Document; its name
	ChangeConsentText ChangeKind = "consent_text" // Document; "version/lang"
	ChangeStaff       ChangeKind = "staff"        // Document; the member's id
	ChangeCaseAnswer  ChangeKind = "case_answer"  // Document; the case's id
)

// ChangeKinds lists the kinds of this version. A kiosk passes over kinds that it
// does not know, and so, once it knows more, reads everything anew.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{ChangePerson, ChangeBadge, ChangeConsent, ChangeBadgeKey, ChangeSeen, ChangeTombstone,
		ChangeFAQ, ChangeConfig, ChangeConsentText, ChangeStaff, ChangeCaseAnswer}
}

// Change replaces what was known under its kind and ref.
type Change struct {
	Seq  uint64          `json:"seq"` // of the site; grows
	Kind ChangeKind      `json:"kind"`
	Ref  string          `json:"ref"`
	Gone bool            `json:"gone,omitempty"` // it is no more; Body is empty
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Document is what the centre publishes to kiosks.
type Document struct {
	Version     int64  `json:"version"`
	ContentType string `json:"content_type"` // "text/plain", "application/json"
	SHA256      string `json:"sha256"`       // of Content
	Content     string `json:"content"`
}

// MaxDocument bounds Document.Content, in bytes.
const MaxDocument = 1 << 20

// Erased is the body of a ChangeTombstone.
type Erased struct {
	Person domain.PersonID `json:"person_id"`
	Why    domain.Reason   `json:"why"`
	At     time.Time       `json:"at"`
}

// Seen is the body of a ChangeSeen: the newest day, of UTC, on which somebody was
// recognised or validated anywhere in their site. A day is enough to judge who has
// not come for months, and says no more of their ways than that needs.
type Seen struct {
	Person domain.PersonID `json:"person_id"`
	Day    string          `json:"day"` // "2026-11-28"
}

// Until is the end of the day; an error for what is none.
func (s *Seen) Until() (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s.Day)
	if err != nil || !validTime(day) || !ValidID(string(s.Person)) {
		return time.Time{}, contentf("seen on no day, or nobody")
	}
	return day.AddDate(0, 0, 1), nil
}

// Page is what changed, in order.
type Page struct {
	Cursor  string   `json:"cursor"` // to ask with next
	Reset   bool     `json:"reset,omitempty"`
	More    bool     `json:"more,omitempty"` // ask again at once
	Changes []Change `json:"changes"`
}

// DecodePage reads a page, and holds its changes to be in order.
func DecodePage(src []byte) (Page, error) {
	var p Page
	if err := DecodeStrict(src, MaxPage, &p); err != nil {
		return Page{}, fmt.Errorf("decode page: %w", err)
	}
	if p.Cursor == "" || len(p.Cursor) > MaxCursor || !printable(p.Cursor) || len(p.Changes) > MaxChanges {
		return Page{}, fmt.Errorf("decode page: %w", contentf("no cursor, or too many changes"))
	}
	last := uint64(0)
	for i, c := range p.Changes {
		if c.Seq <= last || c.Kind == "" || c.Ref == "" || c.Gone != (len(c.Body) == 0) || !validTime(c.At) {
			return Page{}, fmt.Errorf("decode page: %w", contentf("change %d is none, or out of order", i))
		}
		if err := labels(string(c.Kind), c.Ref); err != nil {
			return Page{}, fmt.Errorf("decode page: change %d: %w", i, err)
		}
		last = c.Seq
	}
	return p, nil
}

// DecodeChange reads the body of a change: *Person, *Badge, *Consent,
// *TrustedKey, *Seen, *Erased or *Document; nil where it is gone. ErrUnknownKind is to be passed over.
func DecodeChange(c Change) (any, error) {
	if c.Gone {
		return nil, nil
	}
	var v any
	switch c.Kind {
	case ChangePerson:
		v = new(Person)
	case ChangeBadge:
		v = new(Badge)
	case ChangeConsent:
		v = new(Consent)
	case ChangeBadgeKey:
		v = new(TrustedKey)
	case ChangeSeen:
		v = new(Seen)
	case ChangeTombstone:
		v = new(Erased)
	case ChangeFAQ, ChangeConfig, ChangeConsentText, ChangeStaff, ChangeCaseAnswer:
		v = new(Document)
	default:
		return nil, ErrUnknownKind
	}
	if err := DecodeStrict(c.Body, MaxPage, v); err != nil {
		return nil, err
	}
	switch b := v.(type) {
	case Body:
		return v, b.Check()
	case *Erased:
		if !ValidID(string(b.Person)) || string(b.Person) != c.Ref || !validTime(b.At) {
			return nil, contentf("tombstone of nobody")
		}
	case *TrustedKey:
		return v, b.Check()
	case *Seen:
		_, err := b.Until()
		return v, err
	case *Document:
		return v, b.Check()
	}
	return v, nil
}

// Check holds a document to its limits and its hash.
func (d *Document) Check() error {
	if d.Version < 1 || len(d.Content) > MaxDocument || d.SHA256 != hashText(d.Content) {
		return contentf("document without version, too long, or not of its hash")
	}
	return labels(d.ContentType)
}
