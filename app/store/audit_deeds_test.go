package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// What the store does is audited in the same transaction, in the name of who
// does it.
func TestStoreAudits(t *testing.T) {
	s, clock := newTest(t)
	ctx := domain.WithActor(t.Context(), domain.StaffActor(storetest.Staff(1)))
	visitor := domain.WithActor(t.Context(), domain.Actor{ID: domain.ActorVisitor})
	p, person := storetest.Person(1).ID, "person "+storetest.ID(1)
	badge := "badge " + string(storetest.Badge(1, 1).ID)
	staff := func(n int) string { return "staff " + string(storetest.Staff(n).ID) }
	code := ""
	for _, tt := range []struct {
		do   func() error
		want string // action, target, actor and details
	}{
		{func() (err error) { code, err = s.NewSetupCode(t.Context()); return err }, "setup_code_made device " + s.DeviceID() + " system"},
		{func() error { return s.UseSetupCode(t.Context(), code, storetest.Staff(1), storetest.PIN) },
			"setup_code_used " + staff(1) + " " + string(storetest.Staff(1).ID)},
		{func() error { return s.AddStaff(ctx, storetest.Staff(3), storetest.PIN) }, "staff_added " + staff(3) + " " + string(storetest.Staff(1).ID) + " role=staff"},
		{func() error { return s.SetStaffPIN(ctx, storetest.Staff(3).ID, "802751") }, "staff_pin_set " + staff(3)},
		{func() error { return s.SetStaffRole(ctx, storetest.Staff(3).ID, domain.RoleAuditor) }, "staff_role_set " + staff(3) + " " + string(storetest.Staff(1).ID) + " from=staff to=auditor"},
		{func() error { _, err := s.SignIn(t.Context(), "staff3", "802751"); return err }, "signed_in " + staff(3) + " " + string(storetest.Staff(3).ID)},
		{func() error { s.SignIn(t.Context(), "staff3", "000000"); return nil }, "sign_in_failed " + staff(3) + " visitor failures=1 locked=false"},
		{func() error { s.SignIn(t.Context(), "nobody", "000000"); return nil }, "sign_in_failed staff  visitor failures=1 locked=false"},
		{func() error { return s.Clear(ctx, domain.SubjectStaff(storetest.Staff(3).ID)) }, "attempts_cleared " + staff(3)},
		{func() error { return s.CloseStaff(ctx, storetest.Staff(3).ID, time.Time{}) }, "staff_closed " + staff(3)},
		{func() error { return s.Enrol(visitor, storetest.Enrolment(1)) }, "person_registered " + person + " visitor"},
		{func() error { return s.SetPIN(ctx, p, "802751") }, "pin_set " + person},
		{func() error { return s.IssueBadge(ctx, storetest.Badge(1, 1)) }, "badge_issued " + badge + " " + string(storetest.Staff(1).ID) + " person=" + string(p)},
		{func() error {
			return s.RevokeBadge(ctx, storetest.Badge(1, 1).ID, domain.ReasonBadgeRenewed, time.Time{})
		},
			"badge_revoked " + badge + " " + string(storetest.Staff(1).ID) + " person=" + string(p) + " reason=badge_renewed"},
		{func() error { return s.RenamePerson(ctx, p, "Another Name") }, "person_renamed " + person},
		{func() error { return s.AddTemplates(ctx, p, []domain.Template{storetest.Template(1, 2)}) }, "templates_added " + person},
		{func() error { return s.NeedSecondFactor(ctx, p) }, "second_factor_required " + person},
		{func() error { return s.NeedSecondFactor(ctx, p) }, ""}, // again changes nothing
		{func() error { return s.Withdraw(visitor, p, domain.PurposeFace, time.Time{}) }, "consent_withdrawn " + person + " visitor purpose=face"},
		{func() error {
			c := storetest.Enrolment(1).Consent
			c.ID = storetest.ID(99)
			return s.AddConsent(visitor, c)
		}, "consent_given " + person + " visitor"},
		{func() error { _, err := s.EraseIdentity(visitor, p, "because I\nwant to", time.Time{}); return err }, "person_erased " + person + " visitor reason=other"},
		{func() error { _, err := s.EraseIdentity(ctx, p, "again", time.Time{}); return err }, ""},
		{func() error { return s.AddPerson(ctx, storetest.Person(2), nil) }, "person_added person " + storetest.ID(2)},
		{func() error {
			clock.Advance(48 * time.Hour)
			_, err := s.Retain(t.Context(), RetentionPolicy{UnseenPeople: time.Hour})
			return err
		}, "person_erased person " + storetest.ID(2) + " system reason=erased_unseen"},
		{func() error { return s.RotateMasterKey(t.Context(), GenerateMasterKey()) }, "master_key_rotated device " + s.DeviceID() + " system"},
		{func() error {
			rows, err := s.NextBatch(ctx, 1)
			must(t, err)
			must(t, s.MarkDead(ctx, rows[0].ID, nil))
			return s.Requeue(ctx, rows[0].ID)
		}, "dead_letter_requeued outbox 1"},
	} {
		before := lastEntry(t, s)
		must(t, tt.do())
		e := lastEntry(t, s)
		got := fmt.Sprintf("%s %s %s %s", e.Action, e.Target.Kind, e.Target.ID, e.Actor)
		for _, k := range []string{"failures", "from", "locked", "person", "purpose", "reason", "role", "to"} {
			if v, ok := e.Detail[k]; ok {
				got += " " + k + "=" + v
				delete(e.Detail, k)
			}
		}
		switch {
		case tt.want == "" && e.Seq != before.Seq:
			t.Errorf("audited: %s", got)
		case tt.want != "" && (e.Seq != before.Seq+1 || !strings.HasPrefix(got, tt.want) || len(e.Detail) > 0):
			t.Errorf("audited %d after %d: %q %v, want %q", e.Seq, before.Seq, got, e.Detail, tt.want)
		}
	}
	// The chain holds, though two of those it speaks of are erased, and over a restart.
	if got := auditFaults(t, s); got != nil {
		t.Errorf("found %q", got)
	}
	// Those of the kiosk itself are not audited: no flood at a success.
	_, err := s.Fail(t.Context(), domain.SubjectKiosk)
	must(t, err)
	before := lastEntry(t, s).Seq
	must(t, s.Clear(t.Context(), domain.SubjectKiosk))
	if after := lastEntry(t, s).Seq; after != before {
		t.Errorf("%d entries more", after-before)
	}
}
