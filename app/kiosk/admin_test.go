package kiosk

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// rightsWanted is who may do what, written a second time: a change of rights is
// to be made twice. a: administrators, s: staff, r: auditors.
var rightsWanted = map[string]string{
	"see:today": "sar", "see:people": "sar", "see:events": "sar", "see:review": "sar", "see:cases": "sar", "see:faq": "sar",
	"see:cameras": "sar", "see:sync": "sar", "see:recognition": "ar", "see:staff": "ar", "see:audit": "ar", "see:system": "ar",

	"today.evacuation": "sar",
	"people.not_them":  "sa", "people.unlock": "sa", "people.new_badge": "sa", "badges.revoke": "sa", "badges.print": "sa",
	"people.forget": "a", "people.erase": "a", "people.export": "a",
	"people.merge_with": "a", "people.merge_cancel": "a", "people.merge_swap": "a", "people.merge": "a",
	"events.confirm": "sa", "events.correct": "sa", "events.picture": "sar", "events.export": "ar",
	"cases.take": "sa", "cases.close": "sa",
	"faq.add": "a", "faq.edit": "a", "faq.remove": "a", "faq.undo": "a", "faq.try": "sar",
	"cameras.test": "sa", "cameras.set": "a", "cameras.add": "a", "cameras.remove": "a", "cameras.find": "a", "cameras.use": "a",
	"sync.retry": "a", "sync.offline": "a",
	"recognition.calibrate": "ar", "recognition.apply": "a", "recognition.apply_verify": "a",
	"staff.add": "a", "staff.pin": "a", "staff.role": "a", "staff.unlock": "a", "staff.close": "a", "staff.export": "ar",
	"staff.badge": "a", "staff.badge_print": "a", "staff.badge_save": "a", "staff.badge_revoke": "a",
	"audit.verify": "ar", "audit.export": "ar",
	"system.set": "a", "system.exit": "a", "system.restart": "a",
}

func TestRightsMatrix(t *testing.T) {
	var rights []string
	for p := range leaves {
		rights = append(rights, seeing(p))
	}
	rights = append(rights, slices.Collect(maps.Keys(deeds))...)
	for _, r := range rights {
		if _, ok := rightsWanted[r]; !ok {
			t.Errorf("%s: no right is written down for it", r)
		}
	}
	if len(rights) != len(rightsWanted) {
		t.Errorf("%d rights, %d written down", len(rights), len(rightsWanted))
	}
	logins := map[string]string{"s": "1001", "r": "2002", "a": "9009"}
	for right, letters := range rightsWanted {
		for letter, login := range logins {
			t.Run(right+"/"+login, func(t *testing.T) {
				b := newBranch(t)
				b.somebody(true)
				o, s, ctx := b.office(login)
				before := len(b.trail.list)
				var a Action = AdminDo{ID: right, Row: "p1"}
				if page, ok := strings.CutPrefix(right, "see:"); ok {
					if page == string(PageToday) {
						s.at.page = PagePeople
					}
					a = AdminGo{Page: AdminPage(page)}
				}
				s, err := o.handle(ctx, s, a)
				if err != nil {
					t.Fatal(err)
				}
				refused := s.view.Notice.Key == "said.not_allowed"
				if may := strings.Contains(letters, letter); may == refused {
					t.Fatalf("refused %v, want %v: %+v", refused, !may, s.view.Notice)
				}
				said := b.trail.of(domain.AuditNotAllowed)
				if !refused {
					if len(said) != 0 {
						t.Fatalf("allowed, and audited as refused: %+v", said)
					}
					return
				}
				if len(said) != 1 || said[0].Detail["right"] != right || said[0].Actor == domain.ActorSystem {
					t.Fatalf("audit of the refusal: %+v", said)
				}
				if n := len(b.trail.list); n != before+1 || len(b.events.list) != 0 || b.drawer.name != "" || s.form != nil || s.sure != nil {
					t.Fatalf("refused, and yet something was done: %d entries, events %v, %q", n-before, b.events.list, b.drawer.name)
				}
				if b.reg.profiles["p1"].SecondFactor || b.reg.profiles["p1"].Person.ID == "" {
					t.Fatal("refused, and yet the person was changed")
				}
			})
		}
	}
}

// A form, a question and its answer ask for the right anew: a role that was
// taken away meanwhile ends the session, whatever is on the screen.
func TestTheSessionIsAskedForAtEveryStep(t *testing.T) {
	for name, change := range map[string]func(*branch){
		"closed":  func(b *branch) { b.book.find("s9").Disabled = b.clock.Now() },
		"demoted": func(b *branch) { b.book.find("s9").Role = domain.RoleStaff },
		"gone":    func(b *branch) { b.book.list = b.book.list[:2] },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBranch(t)
			b.somebody(true)
			b.enter("9009")
			b.tap(AdminGo{PagePeople})
			b.tap(AdminOpenRow{"p1"})
			if v := b.tap(AdminDo{ID: "people.erase", Row: "p1"}); v.Confirm == nil || !v.Confirm.NeedsPIN {
				t.Fatalf("erasure is not asked about: %+v", v)
			}
			b.book.mu.Lock()
			change(b)
			b.book.mu.Unlock()
			b.tap(AdminConfirm{Yes: true, PIN: adminPIN})
			b.want(StateAttract)
			if _, ok := b.reg.profiles["p1"]; !ok {
				t.Fatal("erased by an account that stands no more")
			}
			b.jobs.Wait()
			if out := b.trail.of(domain.AuditSignedOut); len(out) != 1 || out[0].Detail["why"] != "account" {
				t.Fatalf("audit %+v", out)
			}
		})
	}
}

func TestAnAccountThatCannotBeAskedForMayNothing(t *testing.T) {
	b := newBranch(t)
	b.somebody(true)
	b.enter("9009")
	b.book.mu.Lock()
	b.book.down = errBroken
	b.book.mu.Unlock()
	v := b.tap(AdminGo{PagePeople})
	if v.Page != PageToday {
		t.Fatalf("page %s of an account nobody could ask for", v.Page)
	}
}

func TestSignIn(t *testing.T) {
	b := newBranch(t)
	b.Do(AdminEnter{})
	b.await("way in", func(v View) bool { return v.State == StateAdmin && !v.Admin.Busy })
	for n := 1; n < domain.MaxAttempts; n++ {
		if v := b.tap(AdminCredentials{Login: "9009", PIN: "111222"}); !v.PIN.Wrong || v.Step != AdminSignIn || v.Who != "" {
			t.Fatalf("try %d: %+v", n, v)
		}
	}
	if v := b.tap(AdminCredentials{Login: "9009", PIN: "111222"}); v.PIN.Until.IsZero() {
		t.Fatalf("the last try does not lock: %+v", v)
	}
	if v := b.tap(AdminCredentials{Login: "9009", PIN: adminPIN}); v.PIN.Until.IsZero() || v.Step != AdminSignIn {
		t.Fatalf("not locked: %+v", v)
	}
	b.Do(AdminLeave{})
	b.want(StateAttract)
	if b.View().Admin != nil {
		t.Fatal("the tab is left, and still in the view")
	}
}

func TestFirstRun(t *testing.T) {
	b := newBranch(t)
	b.book.list = nil
	b.Do(AdminEnter{})
	b.await("first run", func(v View) bool { return v.State == StateAdmin && v.Admin.Step == AdminSetup && !v.Admin.Busy })
	for _, c := range []struct {
		a   AdminFirst
		key string
	}{
		{AdminFirst{Code: "NO", Name: "Clara Paz", Login: "clara", PIN: "246813"}, "problem.setup_code"},
		{AdminFirst{Code: "CODE", Name: "Clara Paz", Login: "clara", PIN: "123456"}, "problem.weak_pin"},
	} {
		if v := b.tap(c.a); v.Problem.Key != c.key || v.Step != AdminSetup {
			t.Fatalf("%+v: %+v", c.a, v)
		}
	}
	b.Do(AdminFirst{Code: "CODE", Name: "Clara Paz", Login: "clara", PIN: "246813"})
	if v := b.in(); v.Who != "Clara Paz" || v.Role != domain.RoleAdmin || !slices.Equal(v.Pages, pageOrder) {
		t.Fatalf("after the first run: %+v", v)
	}
}

func TestAdminTimeouts(t *testing.T) {
	b := newBranch(t)
	b.Do(AdminEnter{})
	b.await("way in", func(v View) bool { return v.State == StateAdmin && !v.Admin.Busy })
	b.after(TimeoutSignIn + time.Second)
	b.want(StateAttract)

	b.enter("1001")
	b.after(TimeoutAdmin - time.Second)
	if b.View().Asking {
		t.Fatal("asked too early")
	}
	b.after(2 * time.Second)
	if v := b.View(); !v.Asking || !v.Covered || v.Deadline.IsZero() {
		t.Fatalf("not asked, or not covered: %+v", v)
	}
	b.Do(Stay{})
	if v := b.View(); v.Asking || v.State != StateAdmin {
		t.Fatalf("stays: %+v", v)
	}
	b.after(TimeoutAdmin + TimeoutAsk + 2*time.Second)
	b.want(StateAttract)
	b.jobs.Wait()
	if out := b.trail.of(domain.AuditSignedOut); len(out) != 1 || out[0].Detail["why"] != "timed_out" || out[0].Actor != "s1" {
		t.Fatalf("audit %+v", out)
	}

	// Whoever is busy all the time is signed out in the end, too.
	b.enter("1001")
	for at := time.Duration(0); at < TimeoutAdminMost; at += time.Minute {
		if b.View().State != StateAdmin {
			t.Fatalf("left after %s", at)
		}
		b.clock.Advance(time.Minute)
		b.update(b.expire)
		b.Touch()
	}
	b.after(time.Second)
	b.want(StateAttract)
}

// What waits for the store does not keep somebody's data on the screen.
func TestAHangingStoreDoesNotHoldTheTabOpen(t *testing.T) {
	b := newBranch(t)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	b.enter("9009")
	b.ports.System = hung{hold: hold}
	b.Do(AdminGo{PageSystem})
	b.after(TimeoutAdmin + TimeoutAsk + 2*time.Second)
	b.want(StateAttract)
}

func TestTheVisitorsHelpDoesNotLeadOutOfTheTab(t *testing.T) {
	b := newBranch(t)
	b.enter("1001")
	b.Help()
	b.want(StateAdmin)
	b.Choose(FeatureRegister)
	b.want(StateAdmin)
}

func TestWithoutPortsPagesSaySo(t *testing.T) {
	b := newBranch(t)
	b.enter("9009")
	for _, p := range []AdminPage{PageCases, PageFAQ, PageCameras, PageSync, PageRecognition, PageSystem} {
		if v := b.tap(AdminGo{p}); v.Page != p || v.Table == nil || v.Table.Empty.Key != "said.not_here" {
			t.Errorf("%s: %+v", p, v)
		}
	}
	for id := range deeds {
		o, s, ctx := b.office("9009")
		if s, err := o.handle(ctx, s, AdminDo{ID: id, Row: "nobody"}); err != nil && !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s without its port: %v, %+v", id, err, s.view.Notice)
		}
	}
}

func TestCorrectionAsksASecondFactorFromThenOn(t *testing.T) {
	b := newBranch(t)
	b.somebody(true)
	ev, _ := b.events.Record(t.Context(), domain.Event{
		Kind: domain.EventRecognition, Reason: domain.ReasonRecognised, Person: "p1", At: b.clock.Now(), Distance: 0.31, Second: 0.62, Threshold: 0.5,
	}, nil)
	b.enter("1001")
	b.tap(AdminGo{PageEvents})
	v := b.tap(AdminOpenRow{string(ev.ID)})
	if v.Detail == nil || len(v.Detail.Do) != 2 {
		t.Fatalf("detail %+v", v.Detail)
	}
	v = b.tap(AdminDo{ID: "events.correct", Row: string(ev.ID)})
	if v.Notice.Key != "said.corrected" || len(v.Detail.Do) != 0 {
		t.Fatalf("%+v; %+v", v.Notice, v.Detail)
	}
	if !b.reg.profiles["p1"].SecondFactor {
		t.Fatal("no second factor is asked")
	}
	c := b.recorded(domain.ReasonNotMe)
	if c.About != ev.ID || c.Staff != "s1" || c.Person != "p1" || c.Kind != domain.EventCorrection {
		t.Fatalf("event %+v", c)
	}
	if n := len(b.trail.of(domain.AuditCorrected)); n != 2 {
		t.Fatalf("%d entries", n)
	}
	// Once is enough.
	if v = b.tap(AdminDo{ID: "events.correct", Row: string(ev.ID)}); v.Notice.Key != "said.not_here" {
		t.Fatalf("corrected twice: %+v", v.Notice)
	}
	// And the next validation asks for the PIN beside badge and face.
	b.Do(AdminLeave{})
	d, err := b.validator.Face(t.Context(), &Claim{Person: "p1", Badge: "b1", Profile: b.reg.profiles["p1"]}, Verified{Reason: domain.ReasonRecognised})
	if err != nil || !d.NeedPIN {
		t.Fatalf("validation %+v %v", d, err)
	}
}

func TestErasureTakesTheOwnPIN(t *testing.T) {
	b := newBranch(t)
	b.somebody(true)
	b.enter("9009")
	b.tap(AdminGo{PagePeople})
	b.tap(AdminOpenRow{"p1"})
	if seen := b.trail.of(domain.AuditViewed); len(seen) != 1 || seen[0].Target.ID != "p1" {
		t.Fatalf("the look is not audited: %+v", seen)
	}
	b.tap(AdminDo{ID: "people.erase", Row: "p1"})
	if v := b.tap(AdminConfirm{Yes: true, PIN: "999111"}); v.Confirm == nil || !v.Confirm.PIN.Wrong {
		t.Fatalf("wrong pin: %+v", v.Confirm)
	}
	if v := b.tap(AdminConfirm{}); v.Confirm != nil {
		t.Fatal("a no leaves the question")
	}
	if v := b.tap(AdminConfirm{Yes: true, PIN: adminPIN}); v != nil && v.Notice.Key != "" { // nobody asks any more
		t.Fatalf("%+v", v)
	}
	if _, ok := b.reg.profiles["p1"]; !ok {
		t.Fatal("erased without being asked")
	}
	b.tap(AdminDo{ID: "people.erase", Row: "p1"})
	v := b.tap(AdminConfirm{Yes: true, PIN: adminPIN})
	if v.Notice.Key != "said.erased" || v.Detail == nil || v.Detail.Title.Key != "report.erased" {
		t.Fatalf("%+v", v)
	}
	if _, ok := b.reg.profiles["p1"]; ok || b.reg.erasedBy.ID != "s9" {
		t.Fatalf("erased by %+v", b.reg.erasedBy)
	}
}

func TestAddStaff(t *testing.T) {
	b := newBranch(t)
	b.enter("9009")
	b.tap(AdminGo{PageStaff})
	v := b.tap(AdminDo{ID: "staff.add"})
	if v.Form == nil || v.Form.ID != "staff.add" {
		t.Fatalf("no form: %+v", v)
	}
	fill := func(login, pin, again string) map[string]string {
		return map[string]string{"name": "Diego Sosa", "login": login, "role": "staff", "pin": pin, "again": again, "unasked": "x"}
	}
	for _, c := range []struct{ login, pin, again, field, key string }{
		{"diego", "493817", "493818", "again", "problem.again"},
		{"diego", "123456", "123456", "pin", "problem.weak_pin"},
		{"1001", "493817", "493817", "login", "problem.login_taken"},
	} {
		v = b.tap(AdminSubmit{Form: "staff.add", Values: fill(c.login, c.pin, c.again)})
		i := slices.IndexFunc(v.Form.Fields, func(f FormField) bool { return f.ID == c.field })
		if v.Form.Fields[i].Problem.Key != c.key {
			t.Fatalf("%+v: %+v", c, v.Form)
		}
		for _, f := range v.Form.Fields {
			if f.Kind == FieldPIN && f.Value != "" || f.ID == "name" && f.Value != "Diego Sosa" {
				t.Fatalf("field %+v", f)
			}
		}
	}
	v = b.tap(AdminSubmit{Form: "staff.add", Values: fill("diego", "493817", "493817")})
	if v.Form != nil || v.Notice.Key != "said.staff_added" || len(v.Table.Rows) != 4 {
		t.Fatalf("%+v", v)
	}
	// A form that is not open takes nothing.
	b.tap(AdminGo{PageStaff})
	b.Do(AdminSubmit{Form: "staff.add", Values: fill("eva", "493817", "493817")})
	b.in()
	if len(b.book.list) != 4 {
		t.Fatal("added without a form")
	}
}

func TestCancelLeadsBackOneStep(t *testing.T) {
	b := newBranch(t)
	b.enter("9009")
	b.tap(AdminGo{PageStaff})
	b.tap(AdminOpenRow{"s1"})
	b.tap(AdminDo{ID: "staff.pin", Row: "s1"})
	if v := b.tap(StepBack{}); v.Form != nil || v.Detail == nil {
		t.Fatalf("from the form to the detail: %+v", v)
	}
	if v := b.tap(StepBack{}); v.Detail != nil || v.Table == nil || len(v.Table.Rows) == 0 {
		t.Fatalf("from the detail to the list: %+v", v)
	}
}

func TestListsPage(t *testing.T) {
	b := newBranch(t)
	for i := range 21 {
		id := domain.PersonID(fmt.Sprintf("q%02d", i))
		b.reg.profiles[id] = domain.Profile{Person: domain.Person{ID: id, Name: fmt.Sprintf("Persona %02d", i)}}
	}
	b.enter("2002")
	b.tap(AdminGo{PagePeople})
	b.tap(AdminFit{Rows: 10})
	var seen []string
	pages := 0
	for {
		v := b.View().Admin
		pages++
		for _, r := range v.Table.Rows {
			seen = append(seen, r.ID)
		}
		if v.Table.From != len(seen)-len(v.Table.Rows)+1 || v.Table.To != len(seen) || v.Table.Prev != (pages > 1) {
			t.Fatalf("page %d: %d to %d, prev %v", pages, v.Table.From, v.Table.To, v.Table.Prev)
		}
		if !v.Table.Next {
			break
		}
		b.tap(AdminTurn{Forward: true})
	}
	if pages != 3 || len(seen) != 21 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Fatalf("%d pages: %v", pages, seen)
	}
	v := b.tap(AdminTurn{})
	if v.Table.From != 11 || v.Table.Rows[0].ID != seen[10] {
		t.Fatalf("back: %+v", v.Table)
	}
	v = b.tap(AdminSearch{"Persona 07"})
	if len(v.Table.Rows) != 1 || v.Table.Prev || v.Table.Query != "Persona 07" {
		t.Fatalf("search: %+v", v.Table)
	}
}

func TestAnExportThatIsNotOnRecordIsNotMade(t *testing.T) {
	b := newBranch(t)
	b.somebody(true)
	o, s, ctx := b.office("9009")
	b.trail.full = errBroken
	s, err := o.handle(ctx, s, AdminDo{ID: "people.export"})
	if !errors.Is(err, errBroken) || b.drawer.name != "" || s.view.Tone != ToneStop {
		t.Fatalf("%v, %q", err, b.drawer.name)
	}
	b.trail.full = nil
	if s, err = o.handle(ctx, s, AdminDo{ID: "people.export"}); err != nil || s.view.Notice.Key != "said.exported" {
		t.Fatalf("%v %+v", err, s.view.Notice)
	}
	if !strings.HasPrefix(b.drawer.name, "people-") || !strings.Contains(b.drawer.text, `"Lucía Vega"`) {
		t.Fatalf("%q: %q", b.drawer.name, b.drawer.text)
	}
	if len(b.trail.of(domain.AuditExported)) != 1 {
		t.Fatal("not audited once")
	}
}

func TestWhoIsInside(t *testing.T) {
	b := newBranch(t)
	b.somebody(true)
	b.reg.profiles["p2"] = domain.Profile{Person: domain.Person{ID: "p2", Name: "Mateo Sol"}}
	b.reg.profiles["p3"] = domain.Profile{Person: domain.Person{ID: "p3", Name: "Eva Luna"}}
	now := b.clock.Now()
	put := func(kind domain.EventKind, why domain.Reason, who domain.PersonID, ago time.Duration) domain.Event {
		e, err := b.events.Record(t.Context(), domain.Event{Kind: kind, Reason: why, Person: who, At: now.Add(-ago)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	put(domain.EventRecognition, domain.ReasonRecognised, "p2", 3*time.Hour)
	put(domain.EventRecognition, domain.ReasonRecognised, "p1", 90*time.Minute)
	put(domain.EventValidation, domain.ReasonValidatedFace, "p1", 80*time.Minute)
	put(domain.EventValidation, domain.ReasonWrongFace, "p2", 70*time.Minute) // somebody else, with their badge
	wrong := put(domain.EventRecognition, domain.ReasonRecognised, "p3", time.Hour)
	e := domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, Person: "p3", About: wrong.ID, At: now}
	if _, err := b.events.Record(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	v := b.enter("1001")
	if len(v.Table.Rows) != 1 || v.Table.Rows[0].Cells[0].Words.Plain != "Lucía Vega" || !v.Table.Rows[0].Cells[1].Time.Equal(now.Add(-80*time.Minute)) {
		t.Fatalf("inside: %+v", v.Table.Rows)
	}
	if v = b.tap(AdminFilter{ID: "within", Value: "4"}); len(v.Table.Rows) != 2 {
		t.Fatalf("within four hours: %+v", v.Table.Rows)
	}
	if v = b.tap(AdminFilter{ID: "within", Value: "9999"}); len(v.Table.Rows) != 2 {
		t.Fatalf("a value that is not offered: %+v", v.Table.Rows)
	}
	v = b.tap(AdminDo{ID: "today.evacuation"})
	if v.Notice.Key != "said.exported" || !strings.Contains(b.drawer.text, "Mateo Sol") || strings.Contains(b.drawer.text, "Eva Luna") {
		t.Fatalf("%+v %q", v.Notice, b.drawer.text)
	}
	// From the list to the profile, and nothing of it in the visitor's view.
	if v = b.tap(AdminOpenRow{"people:p1"}); v.Page != PagePeople || v.Detail == nil || v.Detail.Title.Plain != "Lucía Vega" {
		t.Fatalf("%+v", v)
	}
	b.Do(AdminLeave{})
	if v := b.View(); v.Admin != nil || v.Given != "" {
		t.Fatalf("left: %+v", v)
	}
}
