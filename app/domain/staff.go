package domain

import (
	"context"
	"errors"
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

// Staff is a member of the branch's staff.
type Staff struct {
	ID StaffID
	// Login is what they are known by at the kiosk: 3 to 12 digits or letters,
	// lower case; unique.
	Login     string
	Name      string // encrypted at rest
	Role      Role
	CreatedAt time.Time
	Disabled  time.Time // zero while they may sign in
}

// Errors of staff accounts.
var (
	ErrLogin         = errors.New("invalid login")
	ErrLoginTaken    = errors.New("this login is taken")
	ErrStaffDisabled = errors.New("this account is closed")
	ErrNotAllowed    = errors.New("this role may not do that")
	ErrLastAdmin     = errors.New("the last administrator stays")
	ErrStaffWrongPIN = errors.New("wrong login or pin") // which of the two is not told
)

// SubjectStaff is a member of staff as a subject of attempts.
func SubjectStaff(id StaffID) string { return "staff:" + string(id) }

// StaffBook keeps the accounts of staff.
type StaffBook interface {
	// AddStaff stores an account. ErrLogin, ErrLoginTaken, ErrPIN, ErrWeakPIN.
	AddStaff(ctx context.Context, s Staff, pin string) error
	Staff(ctx context.Context) ([]Staff, error)
	// SignIn compares in constant time, also for a login that there is not.
	// ErrStaffWrongPIN or *LockedError; a failure counts for the account.
	SignIn(ctx context.Context, login, pin string) (Staff, error)
	SetStaffPIN(ctx context.Context, id StaffID, pin string) error
	// CloseStaff ends an account; ErrLastAdmin for the last administrator's.
	CloseStaff(ctx context.Context, id StaffID, at time.Time) error
}
