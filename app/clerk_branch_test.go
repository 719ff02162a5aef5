package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/store"
	"agentid/assets"
	"agentid/vision/espcam/device"
)

// TestBranchByTouch is a day of those who run a branch, with nothing but
// touches: the first run, accounts, a correction and what it asks of a visitor
// from then on, a refused message sent again, roles, a lock, the audit.
func TestBranchByTouch(t *testing.T) {
	h, stage, cam, display := branch(t)
	v := visit(h, stage, display)
	v.prefix = "branch"
	const admin, adminPIN, clerk, clerkPIN = "clara", "493817", "ana", "271845"

	// The first run makes an administrator, who makes an account for a clerk.
	v.firstRun("Clara Paz", admin, adminPIN)
	v.step("today")
	v.page("staff")
	v.row("Clara Paz")
	v.deed("do.staff_add")
	v.fill("col.name", "Ana Ruiz")
	v.fill("col.login", clerk)
	v.fill("field.pin", clerkPIN)
	v.fill("field.pin_again", clerkPIN)
	v.step("account")
	v.deed("do.staff_add")
	v.row("Ana Ruiz")
	v.step("staff")
	v.signOut()

	// A visitor registers and validates.
	stage.Enter(0)
	badge, _ := v.register(applicant{"Lucía Vega", "30123456", "lucia@correo.com", "493817", true})
	v.validated(badge)
	v.finish()

	// The clerk sees no page that is not theirs, and says that it was not her.
	v.signIn(clerk, clerkPIN)
	for _, p := range []string{"recognition", "staff", "audit", "system"} {
		if v.has(v.say("admin.ui.page." + p)) {
			t.Errorf("staff is offered the page %s", p)
		}
	}
	v.page("events")
	if v.has(v.say("admin.do.export")) {
		t.Error("staff is offered an export")
	}
	v.open(v.say("admin.reason." + string(domain.ReasonValidatedFace)))
	v.step("event")
	v.deed("do.correct")
	v.reads(v.say("admin.said.corrected"))
	v.step("corrected")
	v.page("people")
	v.open("Lucía Vega")
	v.step("profile")
	v.signOut()

	// From then on badge and face are not enough.
	v.validate(badge)
	for {
		s := v.await("a PIN asked beside the face", 60*time.Second, func(s screenState) bool {
			v.perform(s)
			return s.State == "validate" && (s.Step == "pin" || s.Step == "result")
		})
		if s.Step == "pin" {
			break
		}
		if s.Outcome != "other_way" { // on a busy machine few frames are read
			t.Fatalf("validated without a second factor: %s", s.Outcome)
		}
		v.tap("result.retry")
		v.at("validate", "scan")
		v.show(badge)
		v.await("the code read", 30*time.Second, func(s screenState) bool { return s.Step != "scan" })
		v.putDown()
	}
	v.step("second-factor")
	v.pin("493817")
	v.result("ok")
	v.finish()

	// What the centre refused is told again.
	st := h.openStore()
	refused(t, st)
	st.Close()
	v.signIn(admin, adminPIN)
	v.page("sync")
	v.step("dead-letter")
	v.open("rejected: the badge is of another branch")
	v.deed("do.retry")
	v.reads(v.say("admin.said.retried"))
	v.reads(v.say("admin.empty.dead"))
	v.step("retried")
	anotherCamera(t, v, cam)
	anotherAnswer(t, v)

	// Five wrong PINs keep the clerk out, over a restart as well.
	v.seal("sign_in")
	v.write(clerk)
	v.touch(display, v.find("key", "enter"))
	for range domain.MaxAttempts {
		v.write("000111")
		v.touch(display, v.find("key", "enter"))
		v.settled()
	}
	v.step("locked")
	v.stop()
	v = visit(h, stage, display)
	v.prefix = "again"
	v.seal("sign_in")
	v.credentials(clerk, clerkPIN)
	v.settled()
	if s := v.screen(); s.Step != "sign_in" {
		t.Fatalf("let in while locked: %+v", s)
	}
	v.step("still-locked")
	v.tap("register.back")

	// The audit holds all of it, and says that nobody touched it.
	v.await("the kiosk open again", 90*time.Second, func(screenState) bool { return !kioskLocked(h) })
	v.signIn(admin, adminPIN)
	v.page("audit")
	v.deed("do.audit_verify")
	sound, _, _ := strings.Cut(v.texts.SayWith("es", "admin.said.audit_sound", assets.Values{"Count": "§"}), "§")
	v.reads(strings.TrimSpace(sound))
	v.step("audit")
	v.signOut()
	v.stop()

	h.must("audit", "verify")
	out := h.must("audit", "list", "--json")
	for _, a := range []domain.AuditAction{
		domain.AuditSignedIn, domain.AuditStaffAdded, domain.AuditCorrected, domain.AuditRequeued, domain.AuditSignInFailed, domain.AuditViewed,
	} {
		if !strings.Contains(out, `"`+string(a)+`"`) {
			t.Errorf("the audit does not tell of %s", a)
		}
	}
	if strings.Contains(out, "Lucía") || strings.Contains(out, "30123456") {
		t.Error("the audit names somebody")
	}
}

// anotherCamera adds a camera, sees by it, and removes it; then the first one is
// the kiosk's again. An administrator is in, and stays.
func anotherCamera(t *testing.T, v *visitor, first *device.Device) {
	t.Helper()
	_, second := emptyLobby(t)
	add := func(cam *device.Device) {
		v.deed("do.camera_add")
		v.fill("col.address", cam.StreamURL())
		v.step("camera-address")
		v.deed("do.camera_add")
		v.await("a picture of "+cam.StreamURL(), 30*time.Second, func(s screenState) bool { return s.Camera == "live" && cam.Clients() > 0 })
	}
	v.page("cameras")
	add(second)
	if n := first.Clients(); n > 0 {
		t.Errorf("%d look at the first camera still", n)
	}
	v.step("camera-added")
	v.open(strings.TrimPrefix(second.StreamURL(), "http://"))
	v.deed("do.test_picture")
	v.reads(v.say("admin.said.test_picture"))
	v.step("test-picture")
	v.deed("do.camera_remove")
	v.deed("do.camera_remove") // it is asked
	v.reads(v.say("admin.said.camera_removed"))
	v.step("camera-removed")
	v.await("no camera looked at", 20*time.Second, func(s screenState) bool { return second.Clients() == 0 && s.Camera != "live" })
	add(first)
}

// anotherAnswer changes an answer; the next visitor who asks reads it. An
// administrator is in, and is out afterwards.
func anotherAnswer(t *testing.T, v *visitor) {
	t.Helper()
	const topic, word = "sucursal_horario", "mandarina"
	sets, err := builtInFAQ()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(sets[domain.Spanish], func(e faq.Entry) bool { return e.ID == topic })
	title := sets[domain.Spanish][at].Title
	v.page("faq")
	v.touch(v.display, v.find("field", v.say("admin.ui.search")))
	v.write("feriados")
	v.touch(v.display, v.find("key", "enter"))
	v.settled()
	v.step("faq-found")
	v.open(title)
	v.step("faq-topic")
	v.deed("do.faq_edit")
	v.fill("col.answer", " "+word+" ")
	v.step("faq-edit")
	v.deed("do.save")
	v.reads(v.say("admin.said.faq_saved"))
	v.step("faq-saved")
	v.signOut()

	v.toRest()
	v.until("ask", "attract.ask", "greeting.ask", "unknown.ask")
	if s := v.ask("horario del banco", "ask.write"); s.Step != "answer" {
		t.Fatalf("answered by %s", s.Step)
	}
	for !v.holds(word) { // an answer may stand on several pages
		v.tap("ask.read_on")
	}
	v.step("new-answer")
	v.await("the visitors' screen", 30*time.Second, func(s screenState) bool {
		if p, ok := v.seen("button", v.say("register.back")); ok && s.State == "ask" {
			v.touch(v.display, p)
		}
		return s.State != "ask"
	})
}

// refused has the centre refuse for good what waits to be told first.
func refused(t *testing.T, st *store.Store) {
	t.Helper()
	rows, err := st.NextBatch(t.Context(), 1)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows wait, %v", len(rows), err)
	}
	if err := st.MarkDead(t.Context(), rows[0].ID, errors.New("rejected: the badge is of another branch")); err != nil {
		t.Fatal(err)
	}
}
