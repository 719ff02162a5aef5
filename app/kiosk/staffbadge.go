package kiosk

import (
	"context"
	"time"

	"agentid/app/domain"
)

// SignInBadge is how the looking for a badge of staff goes, where they sign in:
// it stands in for the login, and the PIN is asked all the same.
type SignInBadge string

// The states.
const (
	BadgeNone       SignInBadge = ""        // this kiosk knows none: the login is typed
	BadgeAwaited    SignInBadge = "awaited" // before the camera, or by a scanner
	BadgeScanner    SignInBadge = "scanner" // no picture comes: by a scanner alone
	BadgeUnreadable SignInBadge = "unreadable"
	BadgeOther      SignInBadge = "other" // a code, but of no staff of this kiosk's
	BadgeRead       SignInBadge = "read"  // the PIN is all that is asked now
)

// StaffToken is a badge of staff whose signature holds. What it says of whom is
// to be asked of the store, with the PIN.
type StaffToken struct {
	Badge domain.BadgeID
	Staff domain.StaffID
}

// staffClaim is who a member of staff says to be: by login, or by the badge that
// was read.
type staffClaim struct {
	login string
	badge *StaffToken
}

// claimed is who signs in with this login typed, or with none typed and a badge
// shown before.
func (m *Machine) claimedStaff(login string) staffClaim {
	if login == "" {
		return staffClaim{badge: m.flow.pass}
	}
	return staffClaim{login: login}
}

// showBadge tells the page at which staff sign in how the looking goes.
func (m *Machine) showBadge(s SignInBadge) {
	if m.view.State == StateAdmin {
		m.admin(func(a *Admin) { a.Badge = s })
		return
	}
	m.check(func(c *StaffCheck) { c.Badge = s })
}

// signingIn tells how the looking goes on the page that is shown; ok is false on
// any other page.
func (m *Machine) signingIn() (s SignInBadge, ok bool) {
	if m.view.State == StateAdmin {
		return m.view.Admin.Badge, m.view.Admin.Step == AdminSignIn && !m.view.Admin.Busy
	}
	if c := m.staffView(); c != nil {
		return c.Badge, c.Step == StaffSignIn && !c.PIN.Busy
	}
	return "", false
}

// awaited is how the looking begins.
func (m *Machine) awaited() SignInBadge {
	switch {
	case m.o.Flows.StaffBadges == nil:
		return BadgeNone
	case m.cameraless():
		return BadgeScanner
	}
	return BadgeAwaited
}

// awaitBadge looks for a badge of staff until one is read or the page is left.
func (m *Machine) awaitBadge() {
	m.flow.pass = nil
	s := m.awaited()
	m.showBadge(s)
	if s == BadgeNone {
		return
	}
	m.read(m.staffShown, func() { m.showBadge(BadgeUnreadable) }, func() { m.showBadge(BadgeScanner) })
}

// goOnLooking looks on after a try that came to nothing, unless the badge that
// was read stands.
func (m *Machine) goOnLooking() {
	if m.flow.pass == nil {
		m.awaitBadge()
	}
}

// typeLogin puts a badge aside that was read.
func (m *Machine) typeLogin(now time.Time) {
	if s, ok := m.signingIn(); ok && s == BadgeRead {
		m.flow.since = now
		m.awaitBadge()
	}
}

// staffShown takes a text that was read where staff sign in. Whether a badge of
// staff still holds is not told before the PIN: the screen says the same of one
// that does and of one that does not.
func (m *Machine) staffShown(text string, now time.Time) {
	s, ok := m.signingIn()
	if !ok || s == BadgeNone || s == BadgeRead || text == "" || len(text) > maxScan {
		return
	}
	tok, err := m.o.Flows.Badges.ReadStaff(text)
	if err != nil {
		if m.o.Flows.Badges.Refusal(err) == domain.ReasonBadgeForged {
			m.staffForged()
		}
		m.showBadge(BadgeOther)
		return
	}
	m.stopJob()
	m.flow.pass, m.flow.since = &tok, now
	m.showBadge(BadgeRead)
}

// staffForged audits that a forged badge was shown, once in a visit: the camera
// reads it every second.
func (m *Machine) staffForged() {
	if m.flow.forged || m.o.Admin == nil {
		return
	}
	m.flow.forged = true
	log := m.o.Admin.Audit
	m.aside(func(ctx context.Context) error {
		_, err := log.AppendAudit(ctx, domain.AuditEntry{
			Action: domain.AuditSignInFailed, Target: domain.AuditTarget{Kind: domain.TargetStaff},
			Detail: map[string]string{"reason": string(domain.ReasonBadgeForged)},
		})
		return err
	})
}
