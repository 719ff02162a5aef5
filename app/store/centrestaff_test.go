package store

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// hashOf is what a code of tests is published as.
func codeHash(code string) func(domain.StaffID) []byte {
	return func(id domain.StaffID) []byte {
		sum := sha256.Sum256([]byte(string(id) + code))
		return sum[:]
	}
}

func centreAccount(n int, role domain.Role, code string) domain.CentreAccount {
	m := storetest.Staff(n)
	a := domain.CentreAccount{ID: m.ID, Login: m.Login, Name: m.Name, Role: role}
	if code != "" {
		a.Code, a.Until = codeHash(code)(m.ID), storetest.Start.Add(24*time.Hour)
	}
	return a
}

func syncStaff(t *testing.T, s *Store, want ...domain.CentreAccount) domain.StaffSynced {
	t.Helper()
	done, err := s.SyncStaff(domain.WithActor(t.Context(), domain.Actor{ID: domain.ActorCentre}), want)
	must(t, err)
	return done
}

func TestCentreStaffSetTheirPIN(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	if done := syncStaff(t, s, centreAccount(1, domain.RoleAdmin, "one")); !done.Changed || done.NoAdmin || len(done.Refused) != 0 {
		t.Fatalf("%+v", done)
	}
	m, err := s.StaffMember(ctx, storetest.Staff(1).ID)
	if must(t, err); !m.Centre || !m.NoPIN || m.Role != domain.RoleAdmin {
		t.Errorf("%+v", m)
	}
	// Without a PIN it opens to nothing, and is no administrator who could.
	if needed, err := s.NeedsSetup(ctx); !needed || err != nil {
		t.Errorf("the kiosk has an administrator: %v", err)
	}
	_, err = s.SignIn(ctx, "staff1", storetest.PIN)
	wantErr(t, err, domain.ErrStaffWrongPIN)
	for name, tt := range map[string]struct {
		login, code, pin string
		want             error
	}{
		"another code":    {"staff1", "two", storetest.PIN, domain.ErrSetupCode},
		"another login":   {"staff2", "one", storetest.PIN, domain.ErrSetupCode},
		"no login":        {"", "one", storetest.PIN, domain.ErrSetupCode},
		"a weak pin":      {"staff1", "one", "111111", domain.ErrWeakPIN},
		"no pin":          {"staff1", "one", "", domain.ErrPIN},
		"no code, no pin": {"staff1", "", "", domain.ErrSetupCode},
	} {
		if _, err := s.UseStaffCode(ctx, tt.login, codeHash(tt.code), tt.pin); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			wantErr(t, err, tt.want)
		}
	}
	_, err = s.UseStaffCode(ctx, "staff1", func(domain.StaffID) []byte { return nil }, storetest.PIN)
	wantErr(t, err, domain.ErrSetupCode)
	if waits, err := s.StaffCodes(ctx); !waits || err != nil {
		t.Errorf("no code waits: %v", err)
	}
	m, err = s.UseStaffCode(ctx, "STAFF1", codeHash("one"), storetest.PIN)
	if must(t, err); m.ID != storetest.Staff(1).ID {
		t.Errorf("%+v", m)
	}
	m, err = s.SignIn(ctx, "staff1", storetest.PIN)
	if must(t, err); m.NoPIN || !m.Centre {
		t.Errorf("%+v", m)
	}
	// Once: neither again, nor when the centre tells the same again.
	for range 2 {
		_, err = s.UseStaffCode(ctx, "staff1", codeHash("one"), "802751")
		wantErr(t, err, domain.ErrSetupCode)
		if done := syncStaff(t, s, centreAccount(1, domain.RoleAdmin, "one")); done.Changed {
			t.Errorf("told twice: %+v", done)
		}
	}
	if needed, _ := s.NeedsSetup(ctx); needed {
		t.Error("there is no administrator")
	}
	// A new code sets another PIN; the one before holds until then, and a code
	// ends with its time.
	syncStaff(t, s, centreAccount(1, domain.RoleAdmin, "two"))
	_, err = s.SignIn(ctx, "staff1", storetest.PIN)
	must(t, err)
	clock.Advance(25 * time.Hour)
	if waits, _ := s.StaffCodes(ctx); waits {
		t.Error("a code that is over waits")
	}
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("two"), "802751")
	wantErr(t, err, domain.ErrSetupCode)
	es, err := s.Audit(ctx, domain.AuditFilter{Target: domain.AuditTarget{Kind: domain.TargetStaff, ID: string(m.ID)}}, 0, 50)
	must(t, err)
	var said []string
	for _, e := range slices.Backward(es) {
		said = append(said, e.Actor[:min(6, len(e.Actor))]+" "+string(e.Action))
	}
	if all := strings.Join(said, ", "); !strings.HasPrefix(all, "centre staff_added") || !strings.Contains(all, string(m.ID)[:6]+" staff_code_used") {
		t.Errorf("the audit says %s", all)
	}
}

func TestCentreStaffCloses(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	open := func(n int) bool {
		t.Helper()
		m, err := s.StaffMember(ctx, storetest.Staff(n).ID)
		must(t, err)
		return m.Disabled.IsZero()
	}
	one, two := centreAccount(1, domain.RoleAdmin, "a"), centreAccount(2, domain.RoleStaff, "b")
	syncStaff(t, s, one, two)
	for n, code := range map[int]string{1: "a", 2: "b"} {
		_, err := s.UseStaffCode(ctx, storetest.Staff(n).Login, codeHash(code), storetest.PIN)
		must(t, err)
	}
	// Another role, name and login: the PIN stays.
	two.Role, two.Name, two.Login = domain.RoleAuditor, "Núria Gómez Paz", "nuria"
	syncStaff(t, s, one, two)
	m, err := s.SignIn(ctx, "nuria", storetest.PIN)
	if must(t, err); m.Role != domain.RoleAuditor || m.Name != two.Name {
		t.Errorf("%+v", m)
	}
	// Not told of any more, or closed: closed, and the last administrator is said.
	if done := syncStaff(t, s, one); done.NoAdmin || open(2) || !open(1) {
		t.Errorf("%+v", done)
	}
	one.Closed = true
	if done := syncStaff(t, s, one); !done.NoAdmin || open(1) {
		t.Errorf("%+v", done)
	}
	_, err = s.SignIn(ctx, "staff1", storetest.PIN)
	wantErr(t, err, domain.ErrStaffWrongPIN)
	if _, err := s.NewSetupCode(ctx); err != nil {
		t.Errorf("no way back in: %v", err)
	}
	// Opened again: the PIN of before opens nothing, nor the code that was used.
	one.Closed = false
	syncStaff(t, s, one, two)
	_, err = s.SignIn(ctx, "staff1", storetest.PIN)
	wantErr(t, err, domain.ErrStaffWrongPIN)
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("a"), storetest.PIN)
	wantErr(t, err, domain.ErrSetupCode)
	one.Code, one.Until = codeHash("c")(one.ID), storetest.Start.Add(time.Hour)
	syncStaff(t, s, one, two)
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("c"), storetest.PIN)
	must(t, err)
	// Closed here, it stays closed, whatever the centre says. Its role is the centre's.
	wantErr(t, s.SetStaffRole(ctx, one.ID, domain.RoleStaff), domain.ErrStaffCentre)
	must(t, s.CloseStaff(ctx, two.ID, time.Time{}))
	two.Code, two.Until = codeHash("d")(two.ID), storetest.Start.Add(time.Hour)
	syncStaff(t, s, one, two)
	if open(2) {
		t.Error("opened what was closed here")
	}
	_, err = s.UseStaffCode(ctx, "nuria", codeHash("d"), storetest.PIN)
	wantErr(t, err, domain.ErrSetupCode)
	if r, err := s.VerifyAudit(ctx); err != nil || !r.Sound() {
		t.Errorf("%+v, %v", r, err)
	}
}

// Who was closed here and leaves at the centre as well, closed or not told of any
// more, is not opened by coming back: nor by a code that was there before.
func TestCentreStaffClosedHereComesBack(t *testing.T) {
	for name, leave := range map[string]func(*domain.CentreAccount) []domain.CentreAccount{
		"closed": func(a *domain.CentreAccount) []domain.CentreAccount {
			a.Closed = true
			return []domain.CentreAccount{*a}
		},
		"not told of": func(*domain.CentreAccount) []domain.CentreAccount { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newTest(t)
			ctx := t.Context()
			one := centreAccount(1, domain.RoleStaff, "a")
			syncStaff(t, s, one)
			must(t, s.CloseStaff(ctx, one.ID, time.Time{}))
			gone := one
			for range 2 {
				if done := syncStaff(t, s, leave(&gone)...); done.Changed || len(done.Refused) != 0 {
					t.Errorf("left: %+v", done)
				}
			}
			one.Code, one.Until = codeHash("b")(one.ID), storetest.Start.Add(time.Hour)
			if done := syncStaff(t, s, one); done.Changed || len(done.Refused) != 0 {
				t.Errorf("back: %+v", done)
			}
			if m, err := s.StaffMember(ctx, one.ID); err != nil || m.Disabled.IsZero() {
				t.Errorf("opened what was closed here: %+v, %v", m, err)
			}
			for _, code := range []string{"a", "b"} {
				_, err := s.UseStaffCode(ctx, one.Login, codeHash(code), storetest.PIN)
				wantErr(t, err, domain.ErrSetupCode)
			}
			if es, err := s.Audit(ctx, domain.AuditFilter{Action: domain.AuditStaffReopened}, 0, 9); err != nil || len(es) != 0 {
				t.Errorf("audit %+v, %v", es, err)
			}
		})
	}
}

// The kiosk's own accounts are nobody else's.
func TestCentreStaffTakesNoAccount(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	must(t, s.AddStaff(ctx, storetest.Staff(1), storetest.PIN))
	must(t, s.AddStaff(ctx, storetest.Staff(2), storetest.PIN))
	must(t, s.CloseStaff(ctx, storetest.Staff(2).ID, time.Time{}))
	login := centreAccount(3, domain.RoleAdmin, "a")
	login.Login = "staff1"
	closed := centreAccount(4, domain.RoleAdmin, "a")
	closed.Login = "staff2"
	id := centreAccount(1, domain.RoleAuditor, "a")
	id.Login = "other"
	gone := centreAccount(2, domain.RoleAdmin, "a")
	gone.Closed = true
	done := syncStaff(t, s, login, closed, id, gone)
	if len(done.Refused) != 4 || done.Changed || done.NoAdmin {
		t.Errorf("%+v", done)
	}
	list, err := s.Staff(ctx)
	if must(t, err); len(list) != 2 || list[0] != storetest.Staff(1) {
		t.Errorf("%+v", list)
	}
	_, err = s.SignIn(ctx, "staff1", storetest.PIN)
	must(t, err)
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("a"), "802751")
	wantErr(t, err, domain.ErrSetupCode)
	// Nor does the centre's account become the kiosk's by a PIN that staff set.
	must(t, s.SetStaffPIN(ctx, storetest.Staff(1).ID, "802751"))
	_, err = s.SignIn(ctx, "staff1", "802751")
	must(t, err)
}

// A code that was planted in the file, or moved to another account, opens nothing.
func TestCentreStaffForgedCode(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	syncStaff(t, s, centreAccount(1, domain.RoleAdmin, "a"), centreAccount(3, domain.RoleStaff, "b"))
	_, err := s.w.Exec("UPDATE centre_staff SET code = ? WHERE id = ?", codeHash("x")(storetest.Staff(1).ID), storetest.Staff(1).ID)
	must(t, err)
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("x"), storetest.PIN)
	wantErr(t, err, domain.ErrSetupCode)
	_, err = s.w.Exec("UPDATE centre_staff SET code = (SELECT code FROM centre_staff WHERE id = ?) WHERE id = ?", storetest.Staff(3).ID, storetest.Staff(1).ID)
	must(t, err)
	_, err = s.UseStaffCode(ctx, "staff1", codeHash("b"), storetest.PIN)
	wantErr(t, err, domain.ErrSetupCode)
	_, err = s.UseStaffCode(context.WithoutCancel(ctx), "staff3", codeHash("b"), storetest.PIN)
	must(t, err)
}
