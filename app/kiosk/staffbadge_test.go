package kiosk

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

const clerkBadge, adminBadge = "AGID:staff:k1:s1", "AGID:staff:k9:s9"

// carded is a branch whose clerk and administrator have badges.
func carded(t *testing.T) *branch {
	b := newBranch(t)
	for id, of := range map[domain.BadgeID]domain.StaffID{"k1": "s1", "k9": "s9"} {
		from := b.clock.Now().Add(-time.Hour)
		b.book.badges = append(b.book.badges, domain.StaffBadge{ID: id, Staff: of, NotBefore: from, Expires: from.AddDate(1, 0, 0)})
	}
	return b
}

// atSignIn waits until the way in looks for a badge as wanted.
func (b *branch) atSignIn(want SignInBadge) *Admin {
	b.t.Helper()
	return b.await("way in at "+string(want), func(v View) bool {
		return v.State == StateAdmin && v.Admin.Step == AdminSignIn && !v.Admin.Busy && v.Admin.Badge == want
	}).Admin
}

// looking waits until the camera is read by the way in, and by nothing before it.
func (b *branch) looking() {
	b.t.Helper()
	end := time.Now().Add(5 * time.Second)
	for {
		b.eye.mu.Lock()
		n := b.eye.running
		b.eye.mu.Unlock()
		if n == 1 {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("%d read the camera", n)
		}
		runtime.Gosched()
	}
}

func TestABadgeStandsInForTheLogin(t *testing.T) {
	for name, show := range map[string]func(*branch){
		"camera":  func(b *branch) { b.eye.texts <- adminBadge },
		"scanner": func(b *branch) { b.Do(Scanned{adminBadge}) },
	} {
		t.Run(name, func(t *testing.T) {
			b := carded(t)
			b.Do(AdminEnter{})
			b.atSignIn(BadgeAwaited)
			show(b)
			if v := b.atSignIn(BadgeRead); v.Who != "" || v.Step != AdminSignIn {
				t.Fatalf("a badge alone opens the tab, or names somebody: %+v", v)
			}
			if v := b.tap(AdminCredentials{PIN: "111222"}); !v.PIN.Wrong || v.Badge != BadgeRead {
				t.Fatalf("wrong pin: %+v", v)
			}
			b.Do(AdminCredentials{PIN: adminPIN})
			if v := b.in(); v.Who != "Clara Paz" {
				t.Fatalf("signed in as %+v", v)
			}
			b.await("eye idle", func(View) bool { return b.eye.idle() })
		})
	}
}

// What is no badge of staff is said to be none, and asks no PIN: a visitor's
// badge, a receipt, somebody's telephone, a forgery.
func TestOtherCodesAreNoWayIn(t *testing.T) {
	b := carded(t)
	b.somebody(true)
	b.Do(AdminEnter{})
	b.atSignIn(BadgeAwaited)
	b.eye.texts <- ""
	b.atSignIn(BadgeUnreadable)
	for _, text := range []string{badgeText, receiptText, "https://example.org", "AGID:forged:k9:s9", "AGID:forged:k9:s9"} {
		b.eye.texts <- text
		b.atSignIn(BadgeOther)
	}
	b.Do(Scanned{strings.Repeat("A", maxScan+1)})
	// Without a badge read and without a login nobody is signed in.
	if v := b.tap(AdminCredentials{PIN: adminPIN}); !v.PIN.Wrong || v.Step != AdminSignIn {
		t.Fatalf("%+v", v)
	}
	b.looking() // still
	b.eye.texts <- clerkBadge
	b.atSignIn(BadgeRead)
	b.Do(AdminLeave{})
	b.want(StateAttract)
	b.jobs.Wait()
	if l := b.trail.of(domain.AuditSignInFailed); len(l) != 1 || l[0].Detail["reason"] != "badge_forged" || l[0].Actor != domain.ActorVisitor {
		t.Fatalf("a forgery is audited once: %+v", l)
	}
	// Nor is a badge of staff a visitor's.
	b.Choose(FeatureValidate)
	b.validating(ValidateScan)
	b.Do(Scanned{adminBadge})
	if v := b.validating(ValidateResult); v.Outcome != OutcomeNo {
		t.Fatalf("%+v", v)
	}
}

// The screen says the same of a badge that holds, of one that was revoked, has
// expired or is of a closed account, until and after the PIN.
func TestABadgeThatHoldsNoMoreLooksTheSame(t *testing.T) {
	for name, spoil := range map[string]func(*branch){
		"revoked": func(b *branch) { b.book.badges[b.book.badge("k9")].RevokedAt = b.clock.Now() },
		"expired": func(b *branch) { b.book.badges[b.book.badge("k9")].Expires = b.clock.Now() },
		"unknown": func(b *branch) { b.book.badges = nil },
		"another": func(b *branch) { b.book.badges[b.book.badge("k9")].Staff = "s1" },
	} {
		t.Run(name, func(t *testing.T) {
			good, bad := carded(t), carded(t)
			spoil(bad)
			for _, b := range []*branch{good, bad} {
				b.Do(AdminEnter{})
				b.atSignIn(BadgeAwaited)
				b.Do(Scanned{adminBadge})
			}
			for n := 1; n <= domain.MaxAttempts+1; n++ {
				pin := "111222" // of the good one
				want, got := good.tap(AdminCredentials{PIN: pin}), bad.tap(AdminCredentials{PIN: adminPIN})
				if got.PIN != want.PIN || got.Badge != want.Badge || got.Step != want.Step || got.Notice.Key != want.Notice.Key {
					t.Fatalf("try %d tells them apart: %+v, %+v", n, got, want)
				}
			}
		})
	}
}

func TestTheLoginIsTypedAllTheSame(t *testing.T) {
	b := carded(t)
	b.Do(AdminEnter{})
	b.atSignIn(BadgeAwaited)
	if v := b.tap(AdminCredentials{Login: "9009", PIN: "111222"}); !v.PIN.Wrong {
		t.Fatalf("%+v", v)
	}
	b.atSignIn(BadgeAwaited)
	b.looking() // still
	b.eye.texts <- clerkBadge
	b.atSignIn(BadgeRead)
	b.Do(TypeLogin{}) // it was another's
	b.atSignIn(BadgeAwaited)
	if b.flow.pass != nil {
		t.Fatal("a badge that was put aside is kept")
	}
	b.Do(AdminCredentials{Login: "9009", PIN: adminPIN})
	if v := b.in(); v.Who != "Clara Paz" {
		t.Fatalf("%+v", v)
	}
}

func TestSignInWithoutACamera(t *testing.T) {
	b := carded(t)
	b.Do(AdminEnter{})
	b.atSignIn(BadgeAwaited)
	b.Camera(domain.CameraHealth{State: domain.CameraLost})
	b.atSignIn(BadgeScanner)
	b.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 25})
	b.atSignIn(BadgeAwaited)
	b.Do(AdminLeave{})
	b.eye.mu.Lock()
	b.eye.blind = ErrNoEye
	b.eye.mu.Unlock()
	b.Do(AdminEnter{})
	b.atSignIn(BadgeScanner)
	b.Do(Scanned{clerkBadge})
	b.atSignIn(BadgeRead)
	b.Do(AdminCredentials{PIN: adminPIN})
	if v := b.in(); v.Who != "Ana Ruiz" {
		t.Fatalf("%+v", v)
	}
	// And where there are no badges, nothing is looked for.
	b = newBranch(t)
	b.Machine.o.Flows.StaffBadges = nil
	b.Do(AdminEnter{})
	b.atSignIn(BadgeNone)
	b.Do(Scanned{adminBadge})
	b.atSignIn(BadgeNone)
	if !b.eye.idle() {
		t.Fatal("the camera is read for nothing")
	}
}

// Where visitors are approved the same badge is shown, and the same roles may.
func TestABadgeApprovesVisitors(t *testing.T) {
	b := carded(t)
	b.somebody(false)
	b.Choose(FeatureValidate)
	b.validating(ValidateScan)
	b.Do(Scanned{badgeText})
	b.validating(ValidatePIN)
	b.Do(CallStaff{})
	b.validating(ValidateStaff)
	check := func(what string, ok func(StaffCheck) bool) {
		t.Helper()
		b.await(what, func(v View) bool { return v.Validate != nil && v.Validate.Staff != nil && ok(*v.Validate.Staff) })
	}
	b.Do(Scanned{clerkBadge}) // nobody signs in yet
	check("called", func(c StaffCheck) bool { return c.Step == StaffCalled && c.Badge == BadgeNone })
	b.Do(StaffHere{})
	check("awaited", func(c StaffCheck) bool { return c.Badge == BadgeAwaited })
	b.looking()
	b.eye.texts <- badgeText // the visitor's
	check("other", func(c StaffCheck) bool { return c.Badge == BadgeOther })
	b.eye.texts <- clerkBadge
	check("read", func(c StaffCheck) bool { return c.Badge == BadgeRead })
	b.Do(StepBack{})
	check("back", func(c StaffCheck) bool { return c.Step == StaffCalled && c.Badge == BadgeNone })
	b.Do(StaffHere{})
	check("awaited again", func(c StaffCheck) bool { return c.Badge == BadgeAwaited })
	b.Help()
	b.Back()
	check("after the help", func(c StaffCheck) bool { return c.Badge == BadgeAwaited })
	b.looking()
	b.eye.texts <- clerkBadge
	check("read again", func(c StaffCheck) bool { return c.Badge == BadgeRead })
	b.Do(StaffPIN{PIN: adminPIN})
	check("decide", func(c StaffCheck) bool { return c.Step == StaffDecide && c.Name == "Lucía Vega" })
	b.Do(StaffVerdict{true})
	b.validating(ValidateResult)
	if e := b.recorded(domain.ReasonValidatedStaff); e.Staff != "s1" {
		t.Fatalf("%+v", e)
	}
}

func TestABadgeOfStaffIsGivenAndEnded(t *testing.T) {
	b := newBranch(t)
	cards := &staffCards{}
	b.ports.StaffCards = cards
	b.enter("9009")
	b.tap(AdminGo{PageStaff})
	v := b.tap(AdminOpenRow{"s1"})
	if n := len(v.Detail.Tables); n != 1 || len(v.Detail.Tables[0].Do) != 1 {
		t.Fatalf("no badge, and yet: %+v", v.Detail.Tables)
	}
	if v = b.tap(AdminDo{ID: "staff.badge", Row: "s1"}); v.Confirm == nil {
		t.Fatalf("%+v", v)
	}
	v = b.tap(AdminConfirm{Yes: true})
	if v.Notice.Key != "said.staff_badge_made" || v.Detail.Picture == nil || len(v.Detail.Do) != 2 || len(b.book.badges) != 1 {
		t.Fatalf("%+v %+v", v.Notice, v.Detail)
	}
	if d := b.book.badges[0].Expires.Sub(b.book.badges[0].NotBefore); d != 365*24*time.Hour {
		t.Fatalf("holds for %s", d)
	}
	if v = b.tap(AdminDo{ID: "staff.badge_print", Row: "s1"}); v.Notice.Key != "said.printed" || b.printer.names[0] != "Ana Ruiz" {
		t.Fatalf("%+v, %v", v.Notice, b.printer.names)
	}
	if v = b.tap(AdminDo{ID: "staff.badge_save", Row: "s1"}); v.Notice.Key != "said.exported" || b.drawer.text != "card of Ana Ruiz" ||
		!strings.HasPrefix(b.drawer.name, "staff-1001-") {
		t.Fatalf("%+v, %q", v.Notice, b.drawer)
	}
	if l := b.trail.of(domain.AuditExported); len(l) != 2 || l[0].Target.ID != "s1" || l[0].Detail["badge"] != string(b.book.badges[0].ID) {
		t.Fatalf("audit %+v", l)
	}
	// Another one ends the first; revoked, there is none.
	b.tap(AdminDo{ID: "staff.badge", Row: "s1"})
	b.tap(AdminConfirm{Yes: true})
	if b.book.badges[0].RevokedAt.IsZero() || len(b.book.badges) != 2 {
		t.Fatalf("%+v", b.book.badges)
	}
	b.tap(AdminDo{ID: "staff.badge_revoke", Row: "s1"})
	if v = b.tap(AdminConfirm{Yes: true}); v.Notice.Key != "said.revoked" || b.book.badges[1].Revoked != domain.ReasonBadgeRevoked {
		t.Fatalf("%+v %+v", v.Notice, b.book.badges)
	}
	for _, id := range []string{"staff.badge_print", "staff.badge_save", "staff.badge_revoke"} {
		if v = b.tap(AdminDo{ID: id, Row: "s1"}); v.Notice.Key != "said.not_found" {
			t.Errorf("%s without a badge: %+v", id, v.Notice)
		}
	}
	// A card that is not on record is not made, and a badge that cannot be read not given.
	b.tap(AdminDo{ID: "staff.badge", Row: "s1"})
	b.badges.fail = errBroken
	if v = b.tap(AdminConfirm{Yes: true}); v.Notice.Key != "said.failed" || len(b.book.badges) != 2 {
		t.Fatalf("%+v %+v", v.Notice, b.book.badges)
	}
}

// staffCards writes cards plainly.
type staffCards struct{}

func (*staffCards) StaffCard(_ domain.StaffBadge, name string, _ domain.Lang) ([]byte, error) {
	return []byte("card of " + name), nil
}
