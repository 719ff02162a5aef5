package kiosk

import (
	"time"

	"agentid/app/domain"
)

// The states in which a visitor does something longer. Each has its own part of
// the View, never changed once shown: a change is another value.
const (
	StateRegister State = "register"
	StateValidate State = "validate"
	StateWithdraw State = "withdraw" // own data: consent taken back, or all erased
)

// RegisterStep is a page of a registration.
type RegisterStep string

// The pages of a registration, in order. The others end one.
const (
	RegisterNotice  RegisterStep = "notice"
	RegisterData    RegisterStep = "data"
	RegisterConsent RegisterStep = "consent" // the question is Register.Question
	RegisterFace    RegisterStep = "face"
	RegisterPIN     RegisterStep = "pin"
	RegisterSaving  RegisterStep = "saving"
	RegisterBadge   RegisterStep = "badge"

	RegisterDeclined RegisterStep = "declined" // no consent to data: nothing is kept
	RegisterStaff    RegisterStep = "staff"    // a member of staff is to look at it
	RegisterFailed   RegisterStep = "failed"   // not stored: another try is of use
)

// Answer is what was answered to a question of consent.
type Answer string

// The answers.
const (
	Unanswered Answer = ""
	Granted    Answer = "granted"
	Refused    Answer = "refused"
)

// Register is a registration in progress.
type Register struct {
	Step RegisterStep
	// Consent is the text to show: its version and how long people are kept.
	Consent ConsentShown
	// Data are what was written, clean.
	Data PersonData
	// Question is which consent is asked, N of Of, with its Answer so far.
	Question domain.Purpose
	Answer   Answer
	N, Of    int
	// Face is how the capture goes; FaceFailed that it did not succeed and may
	// be tried again or passed over.
	Face       FaceProgress
	FaceFailed bool
	Badge      *BadgeShown // RegisterBadge
	Staff      *StaffCheck // RegisterStaff
}

// ConsentShown says which text of consent is shown, and what stands in it.
type ConsentShown struct {
	Version string
	Months  int // people who do not come are kept so long
	// Words are all of it, filled, as they stand on the screen; nil for the words
	// of the program's own text of that version.
	Words *domain.ConsentWords
}

// PersonData is what a visitor writes about themselves.
type PersonData struct{ Name, Document, Contact string }

// FaceProgress is how the reading of a face goes.
type FaceProgress struct {
	Guide domain.Guide
	Done  float64 // 0..1
	// Again counts how often it began again, as when somebody else stepped in.
	Again int
}

// Printing is how the printing of a badge goes.
type Printing string

// The states of printing.
const (
	PrintNone   Printing = ""      // no printer is configured
	PrintReady  Printing = "ready" // a button prints it
	PrintBusy   Printing = "busy"
	PrintDone   Printing = "done"
	PrintFailed Printing = "failed"
)

// Code is a QR code as modules, dark ones true. It is compared by identity.
type Code struct{ Modules [][]bool }

// BadgeShown is the badge that a registration ends with.
type BadgeShown struct {
	Given    string
	Expires  time.Time
	Badge    *Code
	Receipt  *Code // of the consent: opens withdrawal at any kiosk
	Showing  CodeKind
	WithFace bool
	Printing Printing
}

// CodeKind is which of the codes is on the screen.
type CodeKind string

// The codes.
const (
	CodeBadge   CodeKind = "badge"
	CodeReceipt CodeKind = "receipt"
)

// ValidateStep is a page of a validation.
type ValidateStep string

// The pages of a validation.
const (
	ValidateScan    ValidateStep = "scan"
	ValidateLook    ValidateStep = "look"
	ValidatePIN     ValidateStep = "pin"
	ValidateWorking ValidateStep = "working"
	ValidateStaff   ValidateStep = "staff"
	ValidateResult  ValidateStep = "result"
)

// Validate is a validation in progress.
type Validate struct {
	Step ValidateStep
	// Found tells that a code of ours was read, Unreadable that something like
	// one is there (ValidateScan).
	Found, Unreadable bool
	// NoCamera tells that codes come from a scanner on the keyboard alone.
	NoCamera bool
	Face     FaceProgress // ValidateLook
	// NoCode tells that no code was shown: a greeting says who it would be
	// (ValidateLook).
	NoCode  bool
	PIN     PINEntry    // ValidatePIN
	Staff   *StaffCheck // ValidateStaff
	Outcome Outcome     // ValidateResult
	// Given is who is thanked (OutcomeOK); Until is when one may try again
	// (OutcomeWait).
	Given string
	Until time.Time
	// CanRetry and CanPIN are the ways on from a result that is not OK, CanPIN
	// from ValidateLook as well.
	CanRetry, CanPIN bool
}

// Outcome is how a validation ended, as far as the visitor is told: why is for
// the staff.
type Outcome string

// The outcomes.
const (
	OutcomeOK    Outcome = "ok"
	OutcomeNo    Outcome = "no"
	OutcomeOther Outcome = "other_way" // the face was not read: there are other ways
	OutcomeWait  Outcome = "wait"      // too many attempts
	OutcomeError Outcome = "error"     // the kiosk could not record it: it did not happen
)

// PINEntry is what the pad for a PIN says.
type PINEntry struct {
	Busy  bool
	Wrong bool
	Left  int       // tries left after a wrong one; 0 says nothing of it
	Until time.Time // closed until then; zero while open
}

// StaffStep is a page for a member of staff within a visitor's flow.
type StaffStep string

// The pages for staff.
const (
	StaffCalled StaffStep = "called"  // asked to come; a button lets them sign in
	StaffSignIn StaffStep = "sign_in" // login or badge, and PIN
	StaffDecide StaffStep = "decide"  // signed in: who it is about, yes or no
)

// StaffCheck asks a member of staff to decide. What identifies the visitor is
// in it only once staff has signed in.
type StaffCheck struct {
	Step  StaffStep
	About domain.Reason // why staff is needed
	PIN   PINEntry
	Badge SignInBadge // StaffSignIn
	// Name, and the last characters of the document, to compare with the paper.
	Name, DocumentTail string
	// CanApprove is false where staff can only take note.
	CanApprove bool
}

// WithdrawStep is a page of taking back consent.
type WithdrawStep string

// The pages.
const (
	WithdrawScan    WithdrawStep = "scan" // badge or receipt
	WithdrawPIN     WithdrawStep = "pin"
	WithdrawStaff   WithdrawStep = "staff"
	WithdrawChoose  WithdrawStep = "choose"
	WithdrawConfirm WithdrawStep = "confirm"
	WithdrawWorking WithdrawStep = "working"
	WithdrawDone    WithdrawStep = "done"
	WithdrawRefused WithdrawStep = "refused" // the code is no way in
	WithdrawFailed  WithdrawStep = "failed"
)

// WithdrawChoice is what is taken back.
type WithdrawChoice string

// The choices.
const (
	WithdrawFace WithdrawChoice = "face" // the face alone: badge and PIN stay
	WithdrawAll  WithdrawChoice = "all"  // everything is erased
)

// Withdraw is somebody looking after their own data.
type Withdraw struct {
	Step       WithdrawStep
	Unreadable bool
	NoCamera   bool
	PIN        PINEntry
	Staff      *StaffCheck
	Given      string
	HasFace    bool // there is a face to forget
	Choice     WithdrawChoice
	// Receipt says what was erased (WithdrawDone with WithdrawAll).
	Receipt *domain.ErasureReceipt
	// Until is when attempts open again (WithdrawRefused by a lock).
	Until time.Time
}
