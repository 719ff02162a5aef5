package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
)

// Staff makes the n-th account for tests: an administrator's, an auditor's,
// and from then on those of staff.
func Staff(n int) domain.Staff {
	role := domain.RoleStaff
	switch n {
	case 1:
		role = domain.RoleAdmin
	case 2:
		role = domain.RoleAuditor
	}
	return domain.Staff{
		ID: domain.StaffID(ID(4_000_000 + n)), Login: fmt.Sprintf("staff%d", n), Name: fmt.Sprintf("Núria Gómez %d", n),
		Role: role, CreatedAt: Start.Add(time.Duration(n) * time.Second),
	}
}

func addStaff(t *testing.T, f *fixture, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		must(t, f.AddStaff(t.Context(), Staff(n), PIN))
	}
}

func staffComesBack(t *testing.T, f *fixture) {
	if list, err := f.Staff(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("nobody: %v, %v", list, err)
	}
	addStaff(t, f, 2, 1, 3)
	at := Start.Add(time.Hour)
	for range 2 { // again changes nothing
		must(t, f.CloseStaff(t.Context(), Staff(3).ID, at))
		at = at.Add(time.Hour)
	}
	closed := Staff(3)
	closed.Disabled = Start.Add(time.Hour)
	want := []domain.Staff{Staff(1), Staff(2), closed}
	for range 2 {
		list, err := f.Staff(t.Context())
		if must(t, err); !slices.Equal(list, want) {
			t.Errorf("got  %+v\nwant %+v", list, want)
		}
		for _, m := range want {
			if got, err := f.StaffMember(t.Context(), m.ID); got != m || err != nil {
				t.Errorf("member %+v, %v", got, err)
			}
		}
		_, err = f.StaffMember(t.Context(), Staff(4).ID)
		wantErr(t, "nobody", err, domain.ErrNotFound)
		f.Subject = f.reopen()
	}
}

func staffRefused(t *testing.T, f *fixture) {
	addStaff(t, f, 1)
	for name, tt := range map[string]struct {
		spoil func(m *domain.Staff, pin *string)
		want  error
	}{
		"short login": {func(m *domain.Staff, _ *string) { m.Login = "x" }, domain.ErrLogin},
		"odd login":   {func(m *domain.Staff, _ *string) { m.Login = "a b c" }, domain.ErrLogin},
		"login taken": {func(m *domain.Staff, _ *string) { m.Login = " STAFF1 " }, domain.ErrLoginTaken},
		"no name":     {func(m *domain.Staff, _ *string) { m.Name = " " }, domain.ErrName},
		"no role":     {func(m *domain.Staff, _ *string) { m.Role = "" }, domain.ErrRole},
		"odd role":    {func(m *domain.Staff, _ *string) { m.Role = "root" }, domain.ErrRole},
		"short pin":   {func(_ *domain.Staff, pin *string) { *pin = "12345" }, domain.ErrPIN},
		"weak pin":    {func(_ *domain.Staff, pin *string) { *pin = "121212" }, domain.ErrWeakPIN},
		"no id":       {func(m *domain.Staff, _ *string) { m.ID = "" }, domain.ErrRefused},
		"same id":     {func(m *domain.Staff, _ *string) { m.ID = Staff(1).ID }, nil},
		"closed":      {func(m *domain.Staff, _ *string) { m.Disabled = Start }, domain.ErrRefused},
	} {
		m, pin := Staff(3), PIN
		tt.spoil(&m, &pin)
		if err := f.AddStaff(t.Context(), m, pin); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if list, err := f.Staff(t.Context()); len(list) != 1 || err != nil {
		t.Errorf("staff %+v, %v", list, err)
	}
	addStaff(t, f, 3)
	wantErr(t, "nobody's pin", f.SetStaffPIN(t.Context(), Staff(9).ID, PIN), domain.ErrNotFound)
	wantErr(t, "weak pin", f.SetStaffPIN(t.Context(), Staff(3).ID, "111111"), domain.ErrWeakPIN)
	wantErr(t, "nobody's role", f.SetStaffRole(t.Context(), Staff(9).ID, domain.RoleStaff), domain.ErrNotFound)
	wantErr(t, "odd role", f.SetStaffRole(t.Context(), Staff(3).ID, "root"), domain.ErrRole)
	wantErr(t, "nobody's account", f.CloseStaff(t.Context(), Staff(9).ID, Start), domain.ErrNotFound)
	must(t, f.CloseStaff(t.Context(), Staff(3).ID, Start))
	wantErr(t, "closed: pin", f.SetStaffPIN(t.Context(), Staff(3).ID, PIN), domain.ErrStaffDisabled)
	wantErr(t, "closed: role", f.SetStaffRole(t.Context(), Staff(3).ID, domain.RoleAdmin), domain.ErrStaffDisabled)
	again := Staff(4)
	again.Login = Staff(3).Login // the audit knows another by it
	wantErr(t, "login of a closed account", f.AddStaff(t.Context(), again, PIN), domain.ErrLoginTaken)
}

func staffSignsIn(t *testing.T, f *fixture) {
	addStaff(t, f, 1, 3)
	if m, err := f.SignIn(t.Context(), " Staff3 ", PIN); m != Staff(3) || err != nil {
		t.Errorf("signed in as %+v, %v", m, err)
	}
	for range domain.MaxAttempts - 1 {
		m, err := f.SignIn(t.Context(), "staff3", wrongPIN)
		if wantErr(t, "wrong", err, domain.ErrStaffWrongPIN); m != (domain.Staff{}) {
			t.Errorf("told of %+v", m)
		}
	}
	_, err := f.SignIn(t.Context(), "staff3", PIN) // a success clears the count
	must(t, err)
	must(t, f.SetStaffPIN(t.Context(), Staff(3).ID, "802751"))
	_, err = f.SignIn(t.Context(), "staff3", PIN)
	wantErr(t, "the old pin", err, domain.ErrStaffWrongPIN)
	must(t, f.SetStaffRole(t.Context(), Staff(3).ID, domain.RoleAuditor))
	promoted := Staff(3)
	promoted.Role = domain.RoleAuditor
	if m, err := f.SignIn(t.Context(), "staff3", "802751"); m != promoted || err != nil {
		t.Errorf("signed in as %+v, %v", m, err)
	}

	for range domain.MaxAttempts {
		_, err = f.SignIn(t.Context(), "staff3", wrongPIN)
		wantErr(t, "wrong", err, domain.ErrStaffWrongPIN)
	}
	if l := new(domain.LockedError); !errors.As(err, &l) || !l.Until.Equal(f.clock.Now().Add(domain.LockFirst)) {
		t.Errorf("after %d: %v", domain.MaxAttempts, err)
	}
	f.Subject = f.reopen()
	_, err = f.SignIn(t.Context(), "staff3", "802751")
	if !errors.As(err, new(*domain.LockedError)) || errors.Is(err, domain.ErrStaffWrongPIN) {
		t.Errorf("locked, after a restart: %v", err)
	}
	if l, err := f.Locked(t.Context(), domain.SubjectStaff(Staff(3).ID)); l.Failures != domain.MaxAttempts || err != nil {
		t.Errorf("lock %+v, %v", l, err)
	}
	if _, err := f.SignIn(t.Context(), "staff1", PIN); err != nil { // nobody else is
		t.Error(err)
	}
	must(t, f.Clear(t.Context(), domain.SubjectStaff(Staff(3).ID)))
	_, err = f.SignIn(t.Context(), "staff3", "802751")
	must(t, err)

	must(t, f.CloseStaff(t.Context(), Staff(3).ID, Start))
	_, err = f.SignIn(t.Context(), "staff3", "802751")
	wantErr(t, "closed", err, domain.ErrStaffWrongPIN)
	_, err = f.Locked(t.Context(), domain.SubjectStaff(Staff(3).ID))
	wantErr(t, "attempts of a closed account", err, domain.ErrStaffDisabled)

	// Many at once get no more guesses than one after the other.
	var wrong, closed atomic.Int64
	var wg sync.WaitGroup
	for range 4 * domain.MaxAttempts {
		wg.Go(func() {
			switch _, err := f.SignIn(t.Context(), "staff1", wrongPIN); {
			case errors.Is(err, domain.ErrStaffWrongPIN):
				wrong.Add(1)
			case errors.As(err, new(*domain.LockedError)):
				closed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != domain.MaxAttempts || closed.Load() != 3*domain.MaxAttempts {
		t.Errorf("%d guesses and %d refusals at once", wrong.Load(), closed.Load())
	}
}

// A login that there is not answers as one that there is: who tries them
// learns nothing.
func strangersAreLocked(t *testing.T, f *fixture) {
	addStaff(t, f, 1)
	for _, login := range []string{"staff1", "nobody", "x", "", "not a login at all", strings.Repeat("z", 10_000)} {
		for n := 1; n <= domain.MaxAttempts+1; n++ {
			_, err := f.SignIn(t.Context(), login, wrongPIN)
			wrong, locked := errors.Is(err, domain.ErrStaffWrongPIN), errors.As(err, new(*domain.LockedError))
			if wrong != (n <= domain.MaxAttempts) || locked != (n >= domain.MaxAttempts) {
				t.Errorf("%.10q, attempt %d: %v", login, n, err)
			}
		}
	}
}

func lastAdminStays(t *testing.T, f *fixture) {
	addStaff(t, f, 1, 2, 3)
	wantErr(t, "closing", f.CloseStaff(t.Context(), Staff(1).ID, Start), domain.ErrLastAdmin)
	wantErr(t, "lowering", f.SetStaffRole(t.Context(), Staff(1).ID, domain.RoleStaff), domain.ErrLastAdmin)
	must(t, f.SetStaffRole(t.Context(), Staff(1).ID, domain.RoleAdmin)) // as it is
	if m, err := f.SignIn(t.Context(), "staff1", PIN); m != Staff(1) || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	must(t, f.SetStaffRole(t.Context(), Staff(3).ID, domain.RoleAdmin))
	// Of two who close each other at once, one stays.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, n := range []int{1, 3} {
		wg.Go(func() { errs[i] = f.CloseStaff(t.Context(), Staff(n).ID, Start) })
	}
	wg.Wait()
	if errors.Is(errs[0], domain.ErrLastAdmin) == errors.Is(errs[1], domain.ErrLastAdmin) {
		t.Errorf("closed: %v and %v", errs[0], errs[1])
	}
	if needs, err := f.NeedsSetup(t.Context()); needs || err != nil {
		t.Errorf("needs set-up: %v, %v", needs, err)
	}
}

func firstAdmin(t *testing.T, f *fixture) {
	if needs, err := f.NeedsSetup(t.Context()); !needs || err != nil {
		t.Errorf("needs set-up: %v, %v", needs, err)
	}
	wantErr(t, "no code yet", f.UseSetupCode(t.Context(), "", Staff(1), PIN), domain.ErrSetupCode)
	first, err := f.NewSetupCode(t.Context())
	must(t, err)
	code, err := f.NewSetupCode(t.Context())
	if must(t, err); code == first || len(strings.ReplaceAll(code, "-", "")) != 26 {
		t.Errorf("codes %q and %q", first, code)
	}
	f.Subject = f.reopen()
	for _, wrong := range []string{"", "-", first, code[:len(code)-1], code + "A", strings.Repeat("A", 10_000), "\xff"} {
		wantErr(t, "wrong code", f.UseSetupCode(t.Context(), wrong, Staff(1), PIN), domain.ErrSetupCode)
	}
	// What is refused does not use the code up.
	wantErr(t, "weak", f.UseSetupCode(t.Context(), code, Staff(1), "000000"), domain.ErrWeakPIN)
	wantErr(t, "no admin", f.UseSetupCode(t.Context(), code, Staff(2), PIN), domain.ErrRole)
	typed := strings.ToLower(strings.NewReplacer("-", " ", "O", "0", "I", "1", "B", "8").Replace(code))
	m := Staff(1)
	m.Role = ""
	must(t, f.UseSetupCode(t.Context(), typed, m, PIN))
	if m, err := f.SignIn(t.Context(), "staff1", PIN); m != Staff(1) || err != nil {
		t.Errorf("signed in as %+v, %v", m, err)
	}
	wantErr(t, "used", f.UseSetupCode(t.Context(), code, m, PIN), domain.ErrSetupDone)
	_, err = f.NewSetupCode(t.Context())
	wantErr(t, "another code", err, domain.ErrSetupDone)
}

func setupCodeEnds(t *testing.T, f *fixture) {
	for name, after := range map[string]time.Duration{"expired": domain.SetupLasts, "set back": -time.Second} {
		code, err := f.NewSetupCode(t.Context())
		must(t, err)
		f.clock.Advance(after)
		wantErr(t, name, f.UseSetupCode(t.Context(), code, Staff(1), PIN), domain.ErrSetupCode)
	}
	code, err := f.NewSetupCode(t.Context())
	must(t, err)
	f.clock.Advance(domain.SetupLasts - time.Microsecond)
	// Used twice at once, it makes one account.
	var wg sync.WaitGroup
	var made atomic.Int64
	for n := 1; n <= 4; n++ {
		m := Staff(n)
		m.Role = domain.RoleAdmin
		wg.Go(func() {
			if err := f.UseSetupCode(t.Context(), code, m, PIN); err == nil {
				made.Add(1)
			} else if !errors.Is(err, domain.ErrSetupDone) && !errors.Is(err, domain.ErrSetupCode) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := f.Staff(t.Context()); len(list) != 1 || made.Load() != 1 || err != nil {
		t.Errorf("%d made, %+v, %v", made.Load(), list, err)
	}
}
