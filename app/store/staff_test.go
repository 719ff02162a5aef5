package store

import (
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// What is compared costs the same whether there is such a login or not, and
// leaves as much behind; an account keeps its own cost until it next signs in.
func TestSignInCostsTheSame(t *testing.T) {
	s, _ := newTest(t)
	must(t, s.AddStaff(t.Context(), storetest.Staff(1), storetest.PIN))
	must(t, s.AddStaff(t.Context(), storetest.Staff(2), storetest.PIN))
	must(t, s.CloseStaff(t.Context(), storetest.Staff(2).ID, storetest.Start))
	counted := func() (n int) {
		must(t, s.r.QueryRow("SELECT coalesce(sum(failures), 0) FROM attempts").Scan(&n))
		return n
	}
	for i, login := range []string{"staff1", "staff2", "nobody", "no login", strings.Repeat("x", 1<<20)} {
		try, err := s.reserveSignIn(t.Context(), func(q queryer) (signInTry, error) { return s.findSignIn(t.Context(), q, login) })
		must(t, err)
		if try.record.cost != s.pins.cost || counted() != i+1 || (try.member.ID != "") != (i == 0) {
			t.Errorf("%.10q: cost %+v, %d counted, %+v", login, try.record.cost, counted(), try.member)
		}
		if i > 0 && try.record.matches(s.keys.pepper, try.subject, storetest.PIN) {
			t.Errorf("%.10q: a pin matches nobody's", login)
		}
	}
	old := s.pins.cost
	s.pins.cost.passes++
	for _, want := range []pinCost{old, s.pins.cost} {
		try, err := s.findSignIn(t.Context(), s.r, "staff1")
		if must(t, err); try.record.cost != want {
			t.Errorf("cost %+v, want %+v", try.record.cost, want)
		}
		_, err = s.SignIn(t.Context(), "staff1", storetest.PIN)
		must(t, err)
	}
}

// Logins that nobody has are counted in a bounded number of rows.
func TestStrangersAreBounded(t *testing.T) {
	s, _ := newTest(t)
	seen := make(map[string]bool)
	for n := range 40_000 {
		seen[s.stranger(strings.Repeat("a", n%50)+string(rune('a'+n%26))+storetest.ID(n))] = true
	}
	if len(seen) > strangerBuckets || len(seen) < strangerBuckets*9/10 {
		t.Errorf("%d buckets", len(seen))
	}
}

// A role that was changed behind the store's back opens nothing.
func TestForgedStaff(t *testing.T) {
	for name, forge := range map[string]string{
		"role":   "UPDATE staff SET role = 'admin' WHERE login = 'staff3'",
		"login":  "UPDATE staff SET login = 'staff9' WHERE login = 'staff3'",
		"secret": "UPDATE staff SET secret = (SELECT secret FROM staff WHERE login = 'staff1') WHERE login = 'staff3'",
		"key": `UPDATE staff SET wrapped_key = (SELECT wrapped_key FROM staff WHERE login = 'staff1'),
			secret = (SELECT secret FROM staff WHERE login = 'staff1'), name = (SELECT name FROM staff WHERE login = 'staff1')
			WHERE login = 'staff3'`,
	} {
		s, _ := newTest(t)
		must(t, s.AddStaff(t.Context(), storetest.Staff(1), storetest.PIN))
		must(t, s.AddStaff(t.Context(), storetest.Staff(3), storetest.PIN))
		mustExec(t, s, forge)
		login := "staff3"
		if name == "login" {
			login = "staff9"
		}
		if _, err := s.SignIn(t.Context(), login, storetest.PIN); err == nil {
			t.Errorf("%s: signed in", name)
		} else {
			wantErr(t, err, ErrCorrupt)
		}
		if name != "secret" {
			_, err := s.StaffMember(t.Context(), storetest.Staff(3).ID)
			wantErr(t, err, ErrCorrupt)
		}
	}
	// Nor does a code that the file's owner planted.
	s, _ := newTest(t)
	mustExec(t, s, `INSERT INTO setup_code (one, hash, at, until) VALUES (1, zeroblob(32), 0, 9000000000000000)`)
	wantErr(t, s.UseSetupCode(t.Context(), "", storetest.Staff(1), storetest.PIN), domain.ErrSetupCode)
}
