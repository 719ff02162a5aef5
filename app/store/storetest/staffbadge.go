package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
)

// StaffBadge makes the k-th badge of the n-th account.
func StaffBadge(n, k int) domain.StaffBadge {
	from := Start.Add(time.Duration(k) * time.Hour)
	return domain.StaffBadge{
		ID: domain.BadgeID(ID(5_000_000 + 1000*n + k)), Staff: Staff(n).ID, NotBefore: from, Expires: from.AddDate(1, 0, 0),
	}
}

// failedFor gives the reasons with which sign-ins failed, newest first.
func failedFor(t *testing.T, f *fixture) (list []string) {
	t.Helper()
	es, err := f.Audit(t.Context(), domain.AuditFilter{Action: domain.AuditSignInFailed}, 0, 100)
	must(t, err)
	for _, e := range es {
		list = append(list, e.Detail["reason"]+" of "+e.Target.ID)
	}
	return list
}

func staffBadgesComeBack(t *testing.T, f *fixture) {
	addStaff(t, f, 1, 3)
	if list, err := f.StaffBadges(t.Context(), Staff(3).ID); len(list) != 0 || err != nil {
		t.Errorf("none: %v, %v", list, err)
	}
	first, second := StaffBadge(3, 0), StaffBadge(3, 1)
	must(t, f.IssueStaffBadge(t.Context(), first))
	must(t, f.IssueStaffBadge(t.Context(), StaffBadge(1, 0)))
	f.clock.Advance(time.Hour)
	must(t, f.IssueStaffBadge(t.Context(), second)) // the first ends with it
	first.RevokedAt, first.Revoked = f.clock.Now().Truncate(time.Microsecond), domain.ReasonBadgeRenewed
	f.Subject = f.reopen()
	list, err := f.StaffBadges(t.Context(), Staff(3).ID)
	if must(t, err); !slices.Equal(list, []domain.StaffBadge{first, second}) {
		t.Errorf("got  %+v\nwant %+v", list, []domain.StaffBadge{first, second})
	}
	if b, err := f.StaffBadge(t.Context(), second.ID); b != second || err != nil || !b.Holds(f.clock.Now()) {
		t.Errorf("%+v, %v", b, err)
	}
	at := f.clock.Now().Add(time.Minute)
	for range 2 { // the first revocation stands
		must(t, f.RevokeStaffBadge(t.Context(), second.ID, domain.ReasonBadgeRevoked, at))
		at = at.Add(time.Hour)
	}
	if b, err := f.StaffBadge(t.Context(), second.ID); err != nil || !b.RevokedAt.Equal(f.clock.Now().Add(time.Minute).Truncate(time.Microsecond)) || b.Holds(at) {
		t.Errorf("revoked: %+v, %v", b, err)
	}

	for name, tt := range map[string]struct {
		spoil func(*domain.StaffBadge)
		want  error
	}{
		"nobody's":       {func(b *domain.StaffBadge) { b.Staff = Staff(9).ID }, domain.ErrNotFound},
		"no account":     {func(b *domain.StaffBadge) { b.Staff = "" }, domain.ErrRefused},
		"no id":          {func(b *domain.StaffBadge) { b.ID = "" }, domain.ErrRefused},
		"no time":        {func(b *domain.StaffBadge) { b.Expires = b.NotBefore }, domain.ErrRefused},
		"revoked at its": {func(b *domain.StaffBadge) { b.RevokedAt, b.Revoked = Start, domain.ReasonBadgeRevoked }, domain.ErrRefused},
		"there already":  {func(b *domain.StaffBadge) { b.ID = first.ID }, nil},
	} {
		b := StaffBadge(1, 7)
		tt.spoil(&b)
		if err := f.IssueStaffBadge(t.Context(), b); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if b, err := f.StaffBadge(t.Context(), StaffBadge(1, 0).ID); err != nil || !b.RevokedAt.IsZero() { // what is refused ends nothing
		t.Errorf("%+v, %v", b, err)
	}
	wantErr(t, "none to revoke", f.RevokeStaffBadge(t.Context(), StaffBadge(1, 9).ID, domain.ReasonBadgeRevoked, Start), domain.ErrNotFound)
	wantErr(t, "no reason", f.RevokeStaffBadge(t.Context(), first.ID, "", Start), domain.ErrRefused)

	// An account that is closed has none, and is given none.
	must(t, f.IssueStaffBadge(t.Context(), StaffBadge(3, 2)))
	must(t, f.CloseStaff(t.Context(), Staff(3).ID, f.clock.Now()))
	if b, err := f.StaffBadge(t.Context(), StaffBadge(3, 2).ID); err != nil || b.Revoked != domain.ReasonAccountClosed {
		t.Errorf("of a closed account: %+v, %v", b, err)
	}
	wantErr(t, "closed", f.IssueStaffBadge(t.Context(), StaffBadge(3, 3)), domain.ErrStaffDisabled)

	var deeds []string
	es, err := f.Audit(t.Context(), domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(Staff(3).ID)}}, 0, 100)
	must(t, err)
	for _, e := range slices.Backward(es) {
		if e.Detail["badge"] != "" {
			deeds = append(deeds, string(e.Action)+" "+e.Detail["reason"])
		}
	}
	if want := []string{
		"staff_badge_issued ", "staff_badge_revoked badge_renewed", "staff_badge_issued ", "staff_badge_revoked badge_revoked",
		"staff_badge_issued ", "staff_badge_revoked account_closed",
	}; !slices.Equal(deeds, want) {
		t.Errorf("audit %q, want %q", deeds, want)
	}
}

func badgesSignIn(t *testing.T, f *fixture) {
	addStaff(t, f, 1, 3)
	b := StaffBadge(3, 0)
	must(t, f.IssueStaffBadge(t.Context(), b))
	if m, err := f.SignInBadge(t.Context(), b.ID, b.Staff, PIN); m != Staff(3) || err != nil {
		t.Errorf("signed in as %+v, %v", m, err)
	}
	es, err := f.Audit(t.Context(), domain.AuditFilter{Action: domain.AuditSignedIn}, 0, 1)
	if must(t, err); len(es) != 1 || es[0].Detail["badge"] != string(b.ID) || es[0].Actor != string(Staff(3).ID) {
		t.Errorf("audit %+v", es)
	}

	// The count is that of the login, whichever way it is filled.
	for n := range domain.MaxAttempts {
		if n%2 == 0 {
			_, err = f.SignInBadge(t.Context(), b.ID, b.Staff, wrongPIN)
		} else {
			_, err = f.SignIn(t.Context(), "staff3", wrongPIN)
		}
		wantErr(t, "wrong", err, domain.ErrStaffWrongPIN)
	}
	if !errors.As(err, new(*domain.LockedError)) {
		t.Errorf("the last one does not lock: %v", err)
	}
	f.Subject = f.reopen()
	for name, try := range map[string]func() error{
		"badge": func() error { _, err := f.SignInBadge(t.Context(), b.ID, b.Staff, PIN); return err },
		"login": func() error { _, err := f.SignIn(t.Context(), "staff3", PIN); return err },
	} {
		if err := try(); !errors.As(err, new(*domain.LockedError)) || errors.Is(err, domain.ErrStaffWrongPIN) {
			t.Errorf("%s, locked: %v", name, err)
		}
	}
	must(t, f.Clear(t.Context(), domain.SubjectStaff(Staff(3).ID)))

	// What holds no more answers like a wrong PIN, and locks nobody but itself.
	refused := func(name string, id domain.BadgeID, of domain.StaffID, why domain.Reason, about domain.StaffID) {
		t.Helper()
		m, err := f.SignInBadge(t.Context(), id, of, PIN)
		if wantErr(t, name, err, domain.ErrStaffWrongPIN); m != (domain.Staff{}) {
			t.Errorf("%s: told of %+v", name, m)
		}
		if got := failedFor(t, f)[0]; got != string(why)+" of "+string(about) {
			t.Errorf("%s: audited as %q", name, got)
		}
	}
	refused("unknown", StaffBadge(3, 8).ID, b.Staff, domain.ReasonBadgeUnknown, "")
	refused("another's", b.ID, Staff(1).ID, domain.ReasonBadgeUnknown, "")
	renewed := StaffBadge(3, 1)
	must(t, f.IssueStaffBadge(t.Context(), renewed))
	refused("replaced", b.ID, b.Staff, domain.ReasonBadgeRevoked, b.Staff)
	refused("early", renewed.ID, b.Staff, domain.ReasonBadgeNotYet, b.Staff)
	f.clock.Advance(renewed.Expires.Sub(f.clock.Now()))
	refused("late", renewed.ID, b.Staff, domain.ReasonBadgeExpired, b.Staff)
	f.clock.Advance(renewed.NotBefore.Sub(f.clock.Now()))
	for n := 3; n <= domain.MaxAttempts+1; n++ { // it was tried twice above
		_, err := f.SignInBadge(t.Context(), b.ID, b.Staff, PIN)
		wrong, locked := errors.Is(err, domain.ErrStaffWrongPIN), errors.As(err, new(*domain.LockedError))
		if wrong != (n <= domain.MaxAttempts) || locked != (n >= domain.MaxAttempts) {
			t.Errorf("replaced, attempt %d: %v", n, err)
		}
	}
	if m, err := f.SignInBadge(t.Context(), renewed.ID, b.Staff, PIN); m != Staff(3) || err != nil {
		t.Errorf("the one that holds: %+v, %v", m, err)
	}
	must(t, f.CloseStaff(t.Context(), Staff(3).ID, f.clock.Now()))
	refused("closed", renewed.ID, b.Staff, domain.ReasonAccountClosed, b.Staff)
}
