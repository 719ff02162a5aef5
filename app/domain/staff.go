package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// StaffID identifies a member of staff; a UUIDv7 in its canonical text form.
type StaffID string

// Role is what a member of staff may do.
type Role string

// The roles.
const (
	RoleStaff   Role = "staff"   // help visitors, approve, correct
	RoleAdmin   Role = "admin"   // all of a branch
	RoleAuditor Role = "auditor" // read all, change nothing
)

// Roles lists every role, the one that may least first.
func Roles() []Role { return []Role{RoleAuditor, RoleStaff, RoleAdmin} }

// Valid tells whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Staff is a member of the branch's staff.
type Staff struct {
	ID StaffID
	// Login is what they are known by at the kiosk, as CleanLogin gives it;
	// unique, that of a closed account included. It is no secret.
	Login     string
	Name      string // encrypted at rest
	Role      Role
	CreatedAt time.Time
	Disabled  time.Time // zero while they may sign in
	// Centre: the account is the centre's, which says who has it and as what.
	// NoPIN: they have not set a PIN with their one-time code yet.
	Centre, NoPIN bool
}

// Lengths of a login, in characters.
const (
	MinLogin = 3
	MaxLogin = 12
)

// CleanLogin gives a login in the form in which it is compared: 3 to 12 letters
// or digits, lower case.
func CleanLogin(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if n := len(s); n < MinLogin || n > MaxLogin {
		return "", fmt.Errorf("%w: want %d to %d characters", ErrLogin, MinLogin, MaxLogin)
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return "", fmt.Errorf("%w: only letters without accents, and digits", ErrLogin)
		}
	}
	return s, nil
}

// Errors of staff accounts.
var (
	ErrLogin         = errors.New("invalid login")
	ErrLoginTaken    = errors.New("this login is taken")
	ErrRole          = errors.New("no such role")
	ErrStaffDisabled = errors.New("this account is closed")
	ErrNotAllowed    = errors.New("this role may not do that")
	ErrLastAdmin     = errors.New("the last administrator stays")
	ErrStaffCentre   = errors.New("this account is the centre's")
	ErrStaffWrongPIN = errors.New("wrong login or pin") // which of the two is not told
	// ErrSetupDone: there is an administrator, who makes the other accounts.
	ErrSetupDone = errors.New("there is an administrator already")
	// ErrSetupCode: not the code, or it was used, or its time is over.
	ErrSetupCode = errors.New("wrong or expired set-up code")
)

// SubjectStaff is a member of staff as a subject of attempts.
func SubjectStaff(id StaffID) string { return "staff:" + string(id) }

// StaffBook keeps the accounts of staff. What changes is audited, in the name
// of the ActorOf the context.
type StaffBook interface {
	// AddStaff stores an account; the id is the caller's. ErrLogin,
	// ErrLoginTaken, ErrName, ErrRole, ErrPIN, ErrWeakPIN.
	AddStaff(ctx context.Context, s Staff, pin string) error
	// Staff lists all accounts in the order in which they were made, the
	// closed ones too: the audit names them.
	Staff(ctx context.Context) ([]Staff, error)
	// StaffMember gives one account as it is now: a session asks it whether it
	// still stands. ErrNotFound.
	StaffMember(ctx context.Context, id StaffID) (Staff, error)
	// SignIn costs and answers the same for a login that there is not, or whose
	// account is closed: ErrStaffWrongPIN, or *LockedError once too many failed.
	// A failure counts for the account, and is kept before it is compared.
	SignIn(ctx context.Context, login, pin string) (Staff, error)
	// SetStaffPIN leaves attempts counted. ErrPIN, ErrWeakPIN, ErrNotFound,
	// ErrStaffDisabled.
	SetStaffPIN(ctx context.Context, id StaffID, pin string) error
	// SetStaffRole: ErrRole, ErrNotFound, ErrStaffDisabled; ErrLastAdmin where
	// it would leave none.
	SetStaffRole(ctx context.Context, id StaffID, r Role) error
	// CloseStaff ends an account for good; again changes nothing. ErrNotFound;
	// ErrLastAdmin for the last administrator's.
	CloseStaff(ctx context.Context, id StaffID, at time.Time) error
}

// StaffBadge is the QR badge of a member of staff, as this kiosk knows it. It
// says who wants to sign in and proves nothing: the PIN is asked beside it.
type StaffBadge struct {
	ID        BadgeID
	Staff     StaffID
	NotBefore time.Time
	Expires   time.Time
	RevokedAt time.Time // zero while it holds
	Revoked   Reason    // why
}

// Holds tells whether a badge stands in for its login at a time.
func (b StaffBadge) Holds(at time.Time) bool {
	return b.RevokedAt.IsZero() && !at.Before(b.NotBefore) && at.Before(b.Expires)
}

// ReasonAccountClosed is why the badges of a closed account hold no more.
const ReasonAccountClosed Reason = "account_closed"

// StaffBadges keeps the badges of staff. What changes is audited, in the name
// of the ActorOf the context.
type StaffBadges interface {
	// StaffBadges lists an account's badges, oldest first.
	StaffBadges(ctx context.Context, of StaffID) ([]StaffBadge, error)
	// StaffBadge gives one. ErrNotFound.
	StaffBadge(ctx context.Context, id BadgeID) (StaffBadge, error)
	// IssueStaffBadge stores a badge and ends those of the account that held: a
	// member of staff has one. ErrNotFound, ErrStaffDisabled.
	IssueStaffBadge(ctx context.Context, b StaffBadge) error
	// RevokeStaffBadge ends one; the first revocation stands. ErrNotFound.
	RevokeStaffBadge(ctx context.Context, id BadgeID, why Reason, at time.Time) error
	// SignInBadge is SignIn with a badge in place of the login: the same attempts,
	// the same answers, the same cost. A badge that holds no more, or whose account
	// is closed, answers like a wrong PIN; the audit has the reason.
	SignInBadge(ctx context.Context, id BadgeID, of StaffID, pin string) (Staff, error)
}

// SetupLasts is how long a set-up code may be used.
const SetupLasts = time.Hour

// FirstRun makes the first administrator: there is no default account. Whoever
// can read the kiosk's console is given a code that works once.
type FirstRun interface {
	// NeedsSetup tells whether there is no administrator yet.
	NeedsSetup(ctx context.Context) (bool, error)
	// NewSetupCode makes a code of 128 bits, in base32 with dashes, in place of
	// an earlier one; only its hash is kept. ErrSetupDone.
	NewSetupCode(ctx context.Context) (code string, err error)
	// UseSetupCode stores the first administrator's account and ends the code.
	// Dashes, spaces and case of the code do not matter. ErrSetupCode,
	// ErrSetupDone, and the errors of AddStaff.
	UseSetupCode(ctx context.Context, code string, s Staff, pin string) error
}
