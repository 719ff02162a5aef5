package domain

import (
	"context"
	"time"
)

// ConsentWords is what a visitor is told and asked before registering, word for
// word.
type ConsentWords struct {
	Title    string           `json:"title"`
	Sections []ConsentSection `json:"sections"`
	Data     ConsentQuestion  `json:"data"`
	Face     ConsentQuestion  `json:"face"`
	Accept   string           `json:"accept"` // the two answers
	Refuse   string           `json:"refuse"`
}

// ConsentSection is one paragraph under its heading.
type ConsentSection struct {
	Heading string `json:"heading"`
	Text    string `json:"text"`
}

// ConsentQuestion is one thing to agree to or not.
type ConsentQuestion struct {
	Question string `json:"question"`
	Text     string `json:"text"`
	Refused  string `json:"refused"` // what follows from a refusal
}

// CentreAccount is an account of staff as the centre wants it at this kiosk.
type CentreAccount struct {
	ID    StaffID
	Login string
	Name  string
	Role  Role
	// Closed: there is no more such account here, or never was.
	Closed bool
	// Code is the hash of the one-time code with which they set a PIN of their
	// own, good until then; nil for none.
	Code  []byte
	Until time.Time
}

// StaffSynced is what the accounts of the centre changed here.
type StaffSynced struct {
	Changed bool
	// NoAdmin: no administrator who can sign in is left.
	NoAdmin bool
	// Refused says which were not taken, and why.
	Refused map[StaffID]string
}

// CentreStaff keeps the accounts of staff that are the centre's.
type CentreStaff interface {
	// SyncStaff makes them what the centre wants, which is given whole. An account
	// of the kiosk's own with the same login or id stays as it is; so does one of
	// the centre's that was closed here. It is audited in the name of the ActorOf
	// the context.
	SyncStaff(ctx context.Context, want []CentreAccount) (StaffSynced, error)
	// StaffCodes tells whether there is a code that may be used.
	StaffCodes(ctx context.Context) (bool, error)
	// UseStaffCode sets the PIN of who has a code, which ends. hash is what the
	// code would be published as for an account; nil for none. ErrSetupCode,
	// ErrPIN, ErrWeakPIN.
	UseStaffCode(ctx context.Context, login string, hash func(StaffID) []byte, pin string) (Staff, error)
}

// CaseAnswer is what the centre answers to a case, in the language in which it
// was asked.
type CaseAnswer struct {
	Text string    `json:"text"`
	By   string    `json:"by"` // who answers, as the visitor reads it
	Lang Lang      `json:"lang"`
	At   time.Time `json:"at"`
}

// Kinds of Document.
const (
	DocumentFAQ         = "faq"
	DocumentConfig      = "config"
	DocumentConsentText = "consent_text"
	DocumentStaff       = "staff"
	DocumentCaseAnswer  = "case_answer"
)
