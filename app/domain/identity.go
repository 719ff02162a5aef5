package domain

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what a visitor types.
const (
	MaxDocumentRunes = 20
	MaxContactRunes  = 254
	PINDigits        = 6
)

// Errors of what a visitor types; each is shown beside its field.
var (
	ErrDocument = errors.New("invalid document number")
	ErrContact  = errors.New("invalid e-mail or phone")
	ErrPIN      = errors.New("invalid pin")
	ErrWeakPIN  = errors.New("pin too easy to guess")
)

// CleanDocument gives a document number in the form in which it is compared:
// letters and digits, upper case. Separators that people write are left out.
func CleanDocument(s string) (string, error) {
	var b strings.Builder
	for _, r := range strings.ToUpper(strings.TrimSpace(s)) {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case r == '.' || r == '-' || r == ' ' || r == '/':
		default:
			return "", fmt.Errorf("%w: only letters and digits", ErrDocument)
		}
	}
	if n := b.Len(); n < 5 || n > MaxDocumentRunes {
		return "", fmt.Errorf("%w: %d characters, want 5 to %d", ErrDocument, n, MaxDocumentRunes)
	}
	if !strings.ContainsAny(b.String(), "0123456789") {
		return "", fmt.Errorf("%w: no digit", ErrDocument)
	}
	return b.String(), nil
}

// CleanContact gives an e-mail address in lower case, or a phone number as + and
// digits (E.164 where a country code was written, digits alone where not).
func CleanContact(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: not UTF-8", ErrContact)
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > MaxContactRunes {
		return "", fmt.Errorf("%w: too long", ErrContact)
	}
	if strings.Contains(s, "@") {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Name != "" || a.Address != s || !strings.Contains(s[strings.LastIndex(s, "@"):], ".") {
			return "", fmt.Errorf("%w: not an e-mail address", ErrContact)
		}
		return s, nil
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '.' || r == '(' || r == ')':
		default:
			return "", fmt.Errorf("%w: not a phone number", ErrContact)
		}
	}
	if n := len(strings.TrimPrefix(b.String(), "+")); n < 7 || n > 15 {
		return "", fmt.Errorf("%w: %d digits, want 7 to 15", ErrContact, n)
	}
	return b.String(), nil
}

// CheckPIN tells whether a PIN may be chosen: six digits, not all alike, no run
// up or down, no pair or triple repeated.
func CheckPIN(pin string) error {
	if len(pin) != PINDigits {
		return fmt.Errorf("%w: want %d digits", ErrPIN, PINDigits)
	}
	up, down := true, true
	for i, r := range pin {
		if !unicode.IsDigit(r) || r > '9' {
			return fmt.Errorf("%w: digits only", ErrPIN)
		}
		if i > 0 {
			up = up && pin[i] == pin[i-1]+1
			down = down && pin[i]+1 == pin[i-1]
		}
	}
	half := pin[:3] == pin[3:]
	pairs := pin[:2] == pin[2:4] && pin[2:4] == pin[4:]
	if up || down || half || pairs {
		return ErrWeakPIN
	}
	return nil
}

// Purpose is what somebody may consent to. Each is asked for by itself.
type Purpose string

// The purposes.
const (
	PurposeData Purpose = "data" // keep name, document and contact to serve them
	PurposeFace Purpose = "face" // keep a template of their face to recognise them here
)

// Consent is what somebody agreed to, with what they were shown.
type Consent struct {
	ID      string // UUIDv7
	Person  PersonID
	Version string // of the text
	// TextSHA256 is of the text as it was shown, in Lang, in hex.
	TextSHA256 string
	Lang       Lang
	Granted    []Purpose
	Refused    []Purpose
	Method     string // "kiosk_touch"
	DeviceID   string
	At         time.Time
	// Withdrawn are the purposes that were granted and have been taken back,
	// each by itself.
	Withdrawn []Withdrawal
	// WithdrawnAt is when the last purpose granted was taken back: zero while
	// any of them stands.
	WithdrawnAt time.Time
}

// Withdrawal ends one purpose of a consent.
type Withdrawal struct {
	Purpose Purpose
	At      time.Time
}

// Allows tells whether a purpose was granted and still stands.
func (c Consent) Allows(p Purpose) bool {
	return slices.Contains(c.Granted, p) &&
		!slices.ContainsFunc(c.Withdrawn, func(w Withdrawal) bool { return w.Purpose == p })
}

// BadgeID names one badge; the 16 bytes of a UUID in canonical text form.
type BadgeID string

// Badge is a QR badge as this kiosk knows it.
type Badge struct {
	ID        BadgeID
	Person    PersonID
	NotBefore time.Time
	Expires   time.Time
	// Templates is the version of the person's templates when it was issued.
	Templates int64
	RevokedAt time.Time // zero while it holds
	Revoked   Reason    // why
}

// Enrolment is everything that a registration leaves: stored whole or not at all.
type Enrolment struct {
	Person    Person
	Document  string // clean
	Contact   string // clean
	Consent   Consent
	Templates []Template // none without PurposeFace
	PIN       string     // hashed by the store (argon2id), never kept
	Badge     Badge
}

// Profile is what is known of a person beside their name.
type Profile struct {
	Person   Person
	Document string
	Contact  string
	Consents []Consent
	Badges   []Badge
	HasPIN   bool
	HasFace  bool
	// SecondFactor says that a face was once taken for somebody else's: this
	// person always needs a second factor.
	SecondFactor bool
}

// Lock says that attempts are closed until a time.
type Lock struct {
	Failures int
	Until    time.Time // zero when open
}

// LockedError is returned while attempts are closed.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "locked until " + e.Until.Format(time.RFC3339) }

// Errors of the registry.
var (
	ErrDuplicateDocument = errors.New("this document is registered already")
	ErrWrongPIN          = errors.New("wrong pin")
	ErrNoPIN             = errors.New("no pin was set")
	// ErrNoConsent: nothing is kept for a purpose that was not granted.
	ErrNoConsent = errors.New("no consent for this purpose")
	// ErrMustErase: whoever takes back PurposeData is to be erased, and given
	// the receipt of it.
	ErrMustErase = errors.New("withdrawing this consent means erasure")
)

// Attempt limits: MaxAttempts failures, then LockFirst, doubling with each
// further failure up to LockMost; kept over a restart.
const (
	MaxAttempts = 5
	LockFirst   = 30 * time.Second
	LockMost    = 24 * time.Hour
)

// LockAfter is how long attempts are closed after so many failures in a row.
func LockAfter(failures int) time.Duration {
	if failures < MaxAttempts {
		return 0
	}
	d := LockFirst
	for n := failures - MaxAttempts; n > 0 && d < LockMost; n-- {
		d *= 2
	}
	return min(d, LockMost)
}

// SubjectKiosk is the kiosk as a subject of attempts.
const SubjectKiosk = "kiosk"

// SubjectPerson is a person as a subject of attempts.
func SubjectPerson(id PersonID) string { return "person:" + string(id) }

// Reasons of what the registry itself does.
const (
	ReasonPINSet           Reason = "pin_set"
	ReasonConsentGiven     Reason = "consent_given" // again, or to more
	ReasonSnapshotsExpired Reason = "snapshots_expired"
)

// Registry keeps identities: who is registered, with which badge, PIN and consent.
type Registry interface {
	// Enrol stores a registration with its events and outbox rows in one
	// transaction. ErrDuplicateDocument where the document is taken;
	// ErrNoConsent without PurposeData, or with templates but no PurposeFace.
	Enrol(ctx context.Context, e Enrolment) error
	Profile(ctx context.Context, id PersonID) (Profile, error)
	// ByDocument finds a person by the keyed hash of a clean document number.
	ByDocument(ctx context.Context, document string) (PersonID, error)

	Badge(ctx context.Context, id BadgeID) (Badge, error)
	// IssueBadge stores a new badge; RevokeBadge ends one. Both are events.
	IssueBadge(ctx context.Context, b Badge) error
	RevokeBadge(ctx context.Context, id BadgeID, why Reason, at time.Time) error

	// CheckPIN compares in constant time. ErrWrongPIN, ErrNoPIN, or *LockedError;
	// a failure counts for the person, a success clears their count. The failure
	// that closes attempts is both ErrWrongPIN and a *LockedError; one that is
	// only a *LockedError was not compared at all.
	CheckPIN(ctx context.Context, id PersonID, pin string) error
	SetPIN(ctx context.Context, id PersonID, pin string) error
	// Fail counts a failed attempt of a subject (SubjectPerson, SubjectKiosk)
	// and returns its lock; Locked tells it; Clear forgets it.
	Fail(ctx context.Context, subject string) (Lock, error)
	Locked(ctx context.Context, subject string) (Lock, error)
	Clear(ctx context.Context, subject string) error

	// NeedSecondFactor marks a person as once confused with another.
	NeedSecondFactor(ctx context.Context, id PersonID) error
	// Withdraw ends a consent to PurposeFace: their templates and the pictures of
	// them are erased, the person stays. ErrMustErase for PurposeData.
	Withdraw(ctx context.Context, id PersonID, p Purpose, at time.Time) error
	// EraseIdentity destroys the person's key first, then all that is theirs, and
	// leaves a tombstone and its outbox row. It reports what was erased; asked
	// again, it gives the same receipt.
	EraseIdentity(ctx context.Context, id PersonID, why Reason, at time.Time) (ErasureReceipt, error)
}

// ErasureReceipt lists what was erased, without saying whose it was.
type ErasureReceipt struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Why       Reason    `json:"why"`
	KeyGone   bool      `json:"key_destroyed"`
	Templates int       `json:"templates"`
	Badges    int       `json:"badges"`
	Consents  int       `json:"consents"`
	Snapshots int       `json:"snapshots"`
	// Outbox is how many messages to the centre were waiting that can now say
	// no more of the person than an id and figures.
	Outbox int `json:"outbox"`
}
