package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/vision"
)

// An administrator gives somebody a badge, who signs in with it and a PIN, until
// it is revoked; over the real keys and the real store.
func TestStaffBadgeOverTheRealStore(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	var ana domain.Staff
	list, err := k.store.Staff(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Login == "ana" {
			ana = s
		}
	}
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageStaff})
	k.do(kiosk.AdminOpenRow{ID: string(ana.ID)})
	k.do(kiosk.AdminDo{ID: "staff.badge", Row: string(ana.ID)})
	v := k.do(kiosk.AdminConfirm{Yes: true})
	if v.Notice.Key != "said.staff_badge_made" || v.Detail.Picture == nil {
		t.Fatalf("%+v", v.Notice)
	}
	v = k.do(kiosk.AdminDo{ID: "staff.badge_save", Row: string(ana.ID)})
	info, err := os.Stat(v.Notice.Values["File"])
	if v.Notice.Key != "said.exported" || err != nil || info.Mode().Perm() != 0o600 || !strings.HasSuffix(info.Name(), ".pdf") {
		t.Fatalf("card: %+v, %v, %v", v.Notice, info, err)
	}
	k.do(kiosk.AdminLeave{})

	badges, err := k.store.StaffBadges(ctx, ana.ID)
	if err != nil || len(badges) != 1 {
		t.Fatalf("%+v, %v", badges, err)
	}
	token, err := k.cards.desk.staffToken(badges[0])
	if err != nil {
		t.Fatal(err)
	}
	enter := func(pin string) *kiosk.Admin {
		t.Helper()
		k.do(kiosk.AdminEnter{})
		if v := k.do(kiosk.Scanned{Text: token}); v.Badge != kiosk.BadgeRead {
			t.Fatalf("not read: %+v", v)
		}
		return k.do(kiosk.AdminCredentials{PIN: pin})
	}
	if v = enter(k.pins["clara"]); v.Step != kiosk.AdminSignIn || !v.PIN.Wrong {
		t.Fatalf("another's pin: %+v", v)
	}
	k.do(kiosk.AdminLeave{})
	if v = enter(k.pins["ana"]); v.Step != kiosk.AdminOpen || v.Who != ana.Name {
		t.Fatalf("%+v", v)
	}
	k.do(kiosk.AdminLeave{})

	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageStaff})
	k.do(kiosk.AdminOpenRow{ID: string(ana.ID)})
	k.do(kiosk.AdminDo{ID: "staff.badge_revoke", Row: string(ana.ID)})
	if v = k.do(kiosk.AdminConfirm{Yes: true}); v.Notice.Key != "said.revoked" {
		t.Fatalf("%+v", v.Notice)
	}
	k.do(kiosk.AdminLeave{})
	if v = enter(k.pins["ana"]); v.Step != kiosk.AdminSignIn || !v.PIN.Wrong {
		t.Fatalf("revoked: %+v", v)
	}
	es, err := k.store.Audit(ctx, domain.AuditFilter{Action: domain.AuditSignInFailed}, 0, 1)
	if err != nil || len(es) != 1 || es[0].Detail["reason"] != string(domain.ReasonBadgeRevoked) || es[0].Target.ID != string(ana.ID) {
		t.Fatalf("audit %+v, %v", es, err)
	}
	k.do(kiosk.AdminLeave{})
	k.enter("ana") // the login lets in all the same
}

// Two records are merged over the real store; the gallery that recognises forgets
// the one at once, and is told to take in what the other was given.
func TestMergeOverTheRealStore(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	k.program.c.cfg.Badge.PDFDir = t.TempDir()
	page, err := k.store.FindPeople(ctx, domain.PeopleQuery{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var people []domain.Profile
	for _, e := range page.People {
		p, err := k.store.Profile(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		stands := false
		for _, c := range p.Consents {
			stands = stands || c.Allows(domain.PurposeFace)
		}
		if stands && len(people) < 2 {
			people = append(people, p)
		}
	}
	if len(people) < 2 {
		t.Fatal("the seed has no two people with a consent to their face")
	}
	keep, gone := people[0].Person, people[1].Person
	g := vision.NewGallery(domain.EncoderRef{Name: "test", Version: "1"}, vision.Euclidean, 2)
	for id, v := range map[domain.PersonID][]float32{keep.ID: {0, 0}, gone.ID: {0, 0.3}, domain.PersonID(newID()): {9, 9}} {
		if err := g.Add(id, v); err != nil {
			t.Fatal(err)
		}
	}
	k.gallery.Store(g)
	k.inUse.Store(&thresholds{Duplicate: 0.28}) // and the margin
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PagePeople})
	k.do(kiosk.AdminOpenRow{ID: string(keep.ID)})
	v := k.do(kiosk.AdminDo{ID: "people.merge_with", Row: string(keep.ID)})
	if len(v.Table.Rows) == 0 || v.Table.Rows[0].ID != string(keep.ID)+"+"+string(gone.ID) || !strings.HasPrefix(v.Table.Rows[0].Cells[2].Words.Key, "alike.") {
		t.Fatalf("proposed %+v", v.Table.Rows)
	}
	if v = k.do(kiosk.AdminSearch{Query: people[1].Document}); len(v.Table.Rows) != 1 {
		t.Fatalf("searched by document: %+v", v.Table.Rows)
	}
	v = k.do(kiosk.AdminOpenRow{ID: v.Table.Rows[0].ID})
	if v.Detail == nil || len(v.Detail.Tables) != 1 {
		t.Fatalf("%+v %+v", v.Notice, v.Detail)
	}
	plan, err := k.store.PlanMerge(ctx, keep.ID, gone.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v = k.do(kiosk.AdminDo{ID: "people.merge", Row: v.Detail.ID}); v.Confirm == nil || !v.Confirm.NeedsPIN {
		t.Fatalf("%+v", v)
	}
	select {
	case <-k.changed:
	default:
	}
	if v = k.do(kiosk.AdminConfirm{Yes: true, PIN: k.pins["clara"]}); v.Notice.Key != "said.merged" || v.Detail == nil || v.Detail.ID != string(keep.ID) {
		t.Fatalf("%+v %+v", v.Notice, v.Detail)
	}
	if d, err := g.Verify(gone.ID, []float32{0, 0.3}); err != nil || !math.IsInf(d, 1) {
		t.Errorf("the gallery still knows the other: %v, %v", d, err)
	}
	select {
	case <-k.changed:
	default:
		t.Error("the gallery is not told to be read anew")
	}
	if now, err := k.store.PlanMerge(ctx, keep.ID, gone.ID); err == nil {
		t.Errorf("the other is still there: %+v", now)
	}
	p, err := k.store.Profile(ctx, keep.ID)
	if err != nil || !p.HasFace && plan.Templates > 0 || p.Person.Name != keep.Name {
		t.Errorf("%+v, %v", p, err)
	}
	if r, err := k.store.VerifyAudit(ctx); err != nil || !r.Sound() {
		t.Errorf("audit %+v, %v", r, err)
	}
}
