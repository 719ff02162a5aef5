package domain

import (
	"errors"
	"time"
)

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds that the store makes of what it keeps. What others have the centre
// told comes with a kind of their own, ready to be sent.
const (
	NoticeErasure NoticeKind = "tombstone"
	NoticeEvent   NoticeKind = "event"
	NoticeConsent NoticeKind = "consent"
	NoticePerson  NoticeKind = "person"
	NoticeBadge   NoticeKind = "badge"
	// A key that this kiosk's badges are verified with, in a lane of its own.
	NoticeBadgeKey NoticeKind = "badge_key"
	NoticePicture  NoticeKind = "picture"
	// Of the conversations with visitors, in the lane of what others made.
	NoticeExchange NoticeKind = "exchange"
	NoticeCase     NoticeKind = "case"
)

// The kinds by which a kiosk tells how it is. They are forgotten once told, and
// nobody waits for them: they come after whatever else there is.
const (
	NoticeAuditHead NoticeKind = "audit_head"
	NoticeHealth    NoticeKind = "health"
	NoticeSensor    NoticeKind = "sensor"
)

// Lane is a group of notices with one priority.
type Lane int

// The lanes, the most urgent first. Within LanePeople consents come first: the
// centre keeps nothing of a person without one.
const (
	LaneErasures Lane = iota
	LaneEvents
	LanePeople // consents, people, badges
	LaneRest   // what others made
	// LaneKeys has the keys of badges: few, and of no centre before them.
	LaneKeys
)

// NoticeKey names a notice, and the state of what it is about: what changes
// after it was read is told by another version.
type NoticeKey struct {
	Kind    NoticeKind
	Row     int64
	Version int64
}

// Notice is one thing that the centre is to be told: one of the pointers is
// set, or else Item and Body, which were made and kept before.
type Notice struct {
	Key      NoticeKey
	Attempts int

	Event   *Event
	Erasure *Erasure
	Consent *Consent
	Person  *PersonNews
	Badge   *Badge
	// BadgeKey is one of this kiosk's own.
	BadgeKey *BadgeKey

	Exchange *Exchange
	Case     *Case // Version is that of the item

	Item string // id of the item
	Body []byte // JSON
}

// Erasure is somebody who has been erased here.
type Erasure struct {
	Person  PersonID
	Receipt ErasureReceipt
}

// PersonField names a field of a person that is told by itself.
type PersonField string

// The fields of a person.
const (
	FieldName     PersonField = "name"
	FieldDocument PersonField = "document"
	FieldContact  PersonField = "contact"
)

// PersonNews is what of a person the centre has not been told yet.
type PersonNews struct {
	Person   Person
	Document string
	Contact  string
	// Changed are the fields to tell, and when each was last changed.
	Changed      map[PersonField]time.Time
	Templates    []Template // new ones
	Dropped      []string   // ids of those that are no more
	SecondFactor bool
	// UpTo is the last change that this holds.
	UpTo int64
}

// MadeNotice is how a notice will be sent, however often: the same id never
// has two bodies.
type MadeNotice struct {
	Key  NoticeKey
	UpTo int64 // PersonNews.UpTo
	Item string
	Body []byte
}

// Settlement ends a notice: the centre has it, or will never take it.
type Settlement struct {
	Key  NoticeKey
	Done bool
	// Why it is not done, for staff; about form, never of what it holds.
	Why string
}

// PictureNotice is a picture that the centre is to be given.
type PictureNotice struct {
	Key      NoticeKey
	Attempts int
	Hash     string // SHA-256 of the bytes, hex
	Event    EventID
	Person   PersonID
	// Orphan says that the centre has refused its event, and so will not take
	// the picture.
	Orphan bool
}

// Waiting is what has still to be told.
type Waiting struct {
	Notices  int // without pictures
	Pictures int
	Dead     int
	Oldest   time.Time // zero where nothing waits
}

// DeadNotice is what the centre refused for good, for staff to see.
type DeadNotice struct {
	Key      NoticeKey
	Ref      string // what it is about, by its id
	Since    time.Time
	Attempts int
	Why      string
}

// RemotePerson is somebody as the centre has them, whole.
type RemotePerson struct {
	Person       Person
	Document     string // clean; "" for none
	Contact      string
	Templates    []Template
	SecondFactor bool
}

// RemoteErasure has somebody erased here as well.
type RemoteErasure struct {
	Person PersonID
	Why    Reason
	At     time.Time
}

// RemoteSeen tells until when somebody counts as seen: the end of the day on
// which any kiosk of the site last recognised or validated them.
type RemoteSeen struct {
	Person PersonID
	Until  time.Time
}

// Document is what the centre publishes to kiosks: the FAQ, a configuration, a
// consent text, an account of staff, the answer to a case.
type Document struct {
	Kind        string // "faq", "config", "consent_text", "staff", "case_answer"
	Ref         string // "es"; the name; "version/lang"; an id
	Version     int64
	ContentType string
	Content     string
	At          time.Time
}

// CentreChange is one thing that the centre decided: one of the pointers is set,
// or one of the Gone.
type CentreChange struct {
	Person   *RemotePerson
	Badge    *Badge
	Erasure  *RemoteErasure
	Document *Document
	Consent  *Consent  // as it stands: what was given and what was taken back
	BadgeKey *BadgeKey // that badges of the site are verified with
	Seen     *RemoteSeen

	GonePerson   PersonID // no more of this site
	GoneBadge    BadgeID
	GoneDocument *Document // its kind and ref
	GoneConsent  string
	GoneBadgeKey BadgeKeyID
}

// CentrePage is what the centre changed since a cursor, in its order.
type CentrePage struct {
	From    string // the cursor that was asked with
	Cursor  string // to ask with next
	Reset   bool   // the centre has lost its past: tell it all again
	Site    string // that the kiosk is of once the page is applied; "" for the one that it was of
	Changes []CentreChange
}

// Applied is what a page changed here.
type Applied struct {
	People, Badges, Erased, Documents, Gone int
	Consents, BadgeKeys, Seen               int
	// Faceless are those whose face went because they took back their consent
	// elsewhere.
	Faceless []PersonID
	// Skipped says what was not taken, and why; it names ids alone.
	Skipped []string
}

// ErrCursor says that a page does not begin where the last one ended.
var ErrCursor = errors.New("page of another cursor")
