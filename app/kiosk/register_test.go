package kiosk

import (
	"errors"
	"slices"
	"testing"
	"time"

	"agentid/app/domain"
)

var lucia = PersonData{Name: "  Lucía  Vega ", Document: "30.123.456", Contact: "Lucia@Example.com"}

var goodFace = Captured{
	Reason: domain.ReasonEnrolled, Templates: []domain.Template{{Vector: []float32{1}}, {Vector: []float32{2}}},
	Evidence: Evidence{Liveness: 0.9, LivenessReason: "passive"},
}

// upTo leads a registration with the face to a step.
func (d *desk) upTo(s RegisterStep) {
	d.t.Helper()
	d.Choose(FeatureRegister)
	d.registering(RegisterNotice)
	if s == RegisterNotice {
		return
	}
	d.Do(Next{})
	d.registering(RegisterData)
	if s == RegisterData {
		return
	}
	d.Do(SubmitData{lucia})
	d.registering(RegisterConsent)
	if s == RegisterConsent {
		return
	}
	for _, p := range []domain.Purpose{domain.PurposeData, domain.PurposeFace} {
		d.Do(AnswerConsent{p, Granted})
		d.Do(Next{})
	}
	d.registering(RegisterFace)
	if s == RegisterFace {
		return
	}
	d.eye.captured <- goodFace
	d.registering(RegisterPIN)
	if s == RegisterPIN {
		return
	}
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterBadge)
}

func TestRegistration(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterFace)
	if v := d.await("progress", func(v View) bool { return v.Register.Face.Done > 0 }); v.Register.Face.Guide != domain.GuideHoldStill {
		t.Fatalf("%+v", v.Register.Face)
	}
	d.eye.captured <- goodFace
	d.registering(RegisterPIN)
	d.Do(EnterPIN{"123456"}) // too easy: the page said so already
	d.registering(RegisterPIN)
	d.Do(EnterPIN{"493817"})
	r := d.registering(RegisterBadge)
	if b := r.Badge; b.Given != "Lucía" || b.Badge == nil || b.Receipt == nil || !b.WithFace || b.Showing != CodeBadge {
		t.Fatalf("badge %+v", b)
	}
	e, ok := d.reg.one()
	if !ok {
		t.Fatal("not enrolled once")
	}
	if e.Person.Name != "Lucía Vega" || e.Document != "30123456" || e.Contact != "lucia@example.com" || e.PIN != "493817" || len(e.Templates) != 2 {
		t.Fatalf("%+v", e)
	}
	if c := e.Consent; c.TextSHA256 != "hash-es" || c.Lang != domain.Spanish || c.DeviceID != "kiosk-1" || c.Person != e.Person.ID ||
		!slices.Equal(c.Granted, []domain.Purpose{domain.PurposeData, domain.PurposeFace}) || len(c.Refused) != 0 {
		t.Fatalf("consent %+v", c)
	}
	for _, tp := range e.Templates {
		if tp.ID == "" || tp.PersonID != e.Person.ID {
			t.Fatalf("template %+v", tp)
		}
	}
	d.Do(ShowCode{CodeReceipt})
	d.Do(PrintBadge{})
	d.await("printed", func(v View) bool { return v.Register.Badge.Printing == PrintDone })
	if v := d.View().Register.Badge; v.Showing != CodeReceipt {
		t.Fatalf("%+v", v)
	}
	d.Do(Finish{})
	d.want(StateAttract)
	if v := d.View(); v.Register != nil {
		t.Fatal("something is left on the screen")
	}
}

func TestRegistrationWithoutFace(t *testing.T) {
	for name, refuse := range map[string]func(d *desk){
		"refused": func(d *desk) {
			d.Do(AnswerConsent{domain.PurposeFace, Refused})
			d.Do(Next{})
		},
		"skipped while it was read": func(d *desk) {
			d.Do(AnswerConsent{domain.PurposeFace, Granted})
			d.Do(Next{})
			d.registering(RegisterFace)
			d.Do(SkipFace{})
		},
		"not read": func(d *desk) {
			d.eye.err = ErrNoEye
			d.Do(AnswerConsent{domain.PurposeFace, Granted})
			d.Do(Next{})
			d.await("failure", func(v View) bool { return v.Register.FaceFailed })
			d.Do(SkipFace{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.upTo(RegisterConsent)
			d.Do(Next{}) // not answered
			d.Do(AnswerConsent{domain.PurposeData, Granted})
			d.Do(Next{})
			if r := d.registering(RegisterConsent); r.Question != domain.PurposeFace || r.N != 2 || r.Of != 2 {
				t.Fatalf("%+v", r)
			}
			refuse(d)
			d.registering(RegisterPIN)
			d.Do(EnterPIN{"493817"})
			if b := d.registering(RegisterBadge).Badge; b.WithFace {
				t.Fatalf("%+v", b)
			}
			e, _ := d.reg.one()
			if len(e.Templates) != 0 || !slices.Equal(e.Consent.Refused, []domain.Purpose{domain.PurposeFace}) {
				t.Fatalf("%+v", e.Consent)
			}
		})
	}
}

func TestWithoutACameraTheFaceIsNotAsked(t *testing.T) {
	d := newDesk(t)
	d.Camera(domain.CameraHealth{State: domain.CameraLost})
	d.upTo(RegisterConsent)
	d.Do(AnswerConsent{domain.PurposeData, Granted})
	d.Do(Next{})
	d.registering(RegisterPIN)
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterBadge)
	if e, _ := d.reg.one(); len(e.Consent.Refused) != 0 || len(e.Consent.Granted) != 1 {
		t.Fatalf("%+v", e.Consent)
	}
}

func TestWithoutConsentToDataNothingIsKept(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterConsent)
	d.Do(AnswerConsent{domain.PurposeData, Refused})
	d.Do(Next{})
	if r := d.registering(RegisterDeclined); r.Data != (PersonData{}) {
		t.Fatalf("%+v", r)
	}
	if d.flow.reg.app.data != (PersonData{}) {
		t.Fatal("the data are still held")
	}
	d.Do(Finish{})
	d.want(StateAttract)
}

// Abandoned at each step, by cancelling and by walking away, a registration
// leaves nothing: no row, no event, nothing on the screen, no work.
func TestAbandonedAtEachStep(t *testing.T) {
	for _, step := range []RegisterStep{RegisterNotice, RegisterData, RegisterConsent, RegisterFace, RegisterPIN} {
		for how, leave := range map[string]func(d *desk){
			"cancelled": func(d *desk) {
				d.Do(Cancel{})
				if v := d.View(); v.Asking {
					if !v.Leaving || v.Deadline.IsZero() {
						d.t.Fatalf("asks %+v", v)
					}
					d.Do(Leave{})
				}
			},
			"walked away": func(d *desk) {
				d.after(TimeoutIdle + 100*time.Millisecond)
				if step != RegisterNotice {
					if v := d.View(); !v.Asking || v.Leaving {
						d.t.Fatalf("does not ask before it discards: %+v", v)
					}
					d.after(TimeoutAsk + 100*time.Millisecond)
				}
			},
		} {
			t.Run(string(step)+" "+how, func(t *testing.T) {
				d := newDesk(t)
				d.upTo(step)
				leave(d)
				d.want(StateAttract)
				d.jobs.Wait()
				if v := d.View(); v.Register != nil || v.Asking || d.flow != nil || !d.eye.idle() {
					t.Fatal("something of it is left")
				}
				if _, ok := d.reg.one(); ok || len(d.events.reasons()) != 0 {
					t.Fatalf("stored, or recorded %v", d.events.reasons())
				}
			})
		}
	}
}

func TestSomebodyStillThereGoesOn(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterConsent)
	d.after(TimeoutIdle + 100*time.Millisecond)
	if v := d.View(); !v.Asking || v.Covered {
		t.Fatalf("%+v", v)
	}
	d.Do(Next{}) // behind the question: ignored
	d.Do(Stay{})
	if v := d.View(); v.Asking || v.Register.Step != RegisterConsent || v.Register.Data.Name != "Lucía Vega" {
		t.Fatalf("%+v", v)
	}
	for range 10 { // typing keeps it, without a face
		d.after(5 * time.Second)
		d.Touch()
	}
	if d.View().Asking {
		t.Fatal("asks one who types")
	}
	d.after(TimeoutCard+time.Second, unknown(1)) // who stands there and does nothing is asked, too
	if !d.View().Asking {
		t.Fatal("waits for ever")
	}
}

func TestAPrivatePageIsCoveredWhenItsPersonLeaves(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterData)
	d.after(touchGrace+time.Second, unknown(1))
	d.after(TimeoutGone - time.Second)
	if d.View().Asking {
		t.Fatal("covered too early")
	}
	d.after(2 * time.Second)
	if v := d.View(); !v.Asking || !v.Covered {
		t.Fatalf("what was typed is left to be read: %+v", v)
	}
}

func TestADuplicateIsForStaff(t *testing.T) {
	t.Run("document", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.upTo(RegisterFace)
		d.eye.captured <- goodFace
		r := d.registering(RegisterStaff)
		if r.Staff.About != domain.ReasonDuplicateDocument || r.Staff.Name != "" || r.Staff.CanApprove {
			t.Fatalf("%+v", r.Staff)
		}
		if e := d.recorded(domain.ReasonDuplicateDocument); e.Person != "p1" || e.Kind != domain.EventRegistration {
			t.Fatalf("%+v", e)
		}
		d.Do(StaffHere{})
		d.Do(Finish{})
		d.want(StateAttract)
	})
	face := goodFace
	face.Duplicate = "p1"
	t.Run("face, another person", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		p := d.reg.profiles["p1"]
		p.Document = "99999999"
		d.reg.profiles["p1"] = p
		d.upTo(RegisterFace)
		d.eye.captured <- face
		if r := d.registering(RegisterStaff); r.Staff.About != domain.ReasonDuplicateFace || r.Staff.Step != StaffCalled || r.Staff.Name != "" {
			t.Fatalf("%+v", r.Staff)
		}
		d.Do(StaffVerdict{true}) // nobody signed in
		d.Do(StaffHere{})
		d.Do(StepBack{})
		if s := d.registering(RegisterStaff).Staff; s.Step != StaffCalled {
			t.Fatalf("%+v", s)
		}
		d.Do(StaffHere{})
		d.Do(StaffPIN{"1001", "000000"})
		d.await("refusal", func(v View) bool { return v.Register.Staff.PIN.Wrong })
		d.Do(StaffPIN{"2002", "246813"}) // an auditor approves nothing
		d.await("refusal", func(v View) bool { return v.Register.Staff.PIN.Wrong && !v.Register.Staff.PIN.Busy })
		d.Do(StaffPIN{"1001", "246813"})
		v := d.await("sign in", func(v View) bool { return v.Register.Staff.Step == StaffDecide })
		if s := v.Register.Staff; s.Name != "Lucía Vega" || s.DocumentTail != "9999" {
			t.Fatalf("%+v", s)
		}
		d.Do(StaffVerdict{true})
		d.registering(RegisterPIN)
		d.Do(EnterPIN{"493817"})
		d.registering(RegisterBadge)
		e, _ := d.reg.one()
		for _, id := range []domain.PersonID{"p1", e.Person.ID} {
			if !d.reg.profiles[id].SecondFactor {
				t.Fatalf("%s looks like another, and needs no second factor", id)
			}
		}
	})
	t.Run("face, the same person", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		p := d.reg.profiles["p1"]
		p.Document = "99999999"
		d.reg.profiles["p1"] = p
		d.upTo(RegisterFace)
		d.eye.captured <- face
		d.registering(RegisterStaff)
		d.Do(StaffHere{})
		d.Do(StaffPIN{"1001", "246813"})
		d.await("sign in", func(v View) bool { return v.Register.Staff.Step == StaffDecide })
		d.Do(StaffVerdict{false})
		d.await("rest", func(v View) bool { return v.State == StateAttract })
		if e := d.recorded(domain.ReasonStaffRefused); e.Staff != "s1" {
			t.Fatalf("%+v", e)
		}
		if _, ok := d.reg.one(); ok {
			t.Fatal("stored")
		}
	})
}

func TestAFailureToStoreIsSaidAndTriedAgain(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterPIN)
	d.reg.fail["Enrol"] = errors.New("disk full")
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterFailed)
	if _, ok := d.reg.one(); ok {
		t.Fatal("stored")
	}
	d.Do(Retry{})
	d.registering(RegisterBadge)
	if _, ok := d.reg.one(); !ok {
		t.Fatal("not stored once")
	}
}

func TestNobodyIsStoredWhoCannotBeGivenABadge(t *testing.T) {
	d := newDesk(t)
	d.badges.fail = errors.New("no issuer key")
	d.upTo(RegisterPIN)
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterFailed)
	if _, ok := d.reg.one(); ok {
		t.Fatal("stored")
	}
}

// What is being stored is not torn by a touch, nor by time.
func TestSavingIsNotLeft(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterPIN)
	d.reg.hold = make(chan struct{})
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterSaving)
	for _, a := range []Action{Cancel{}, StepBack{}, Finish{}, Next{}} {
		d.Do(a)
	}
	d.Help()
	d.after(3 * TimeoutCard)
	d.registering(RegisterSaving)
	close(d.reg.hold)
	d.registering(RegisterBadge)
}

func TestAnotherLanguageAsksConsentAgain(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterConsent)
	d.Do(AnswerConsent{domain.PurposeData, Granted})
	d.Do(Next{})
	d.SetLanguage(domain.English)
	if r := d.registering(RegisterConsent); r.N != 1 || r.Answer != Unanswered || r.Data.Name == "" {
		t.Fatalf("%+v", r)
	}
	for _, p := range []domain.Purpose{domain.PurposeData, domain.PurposeFace} {
		d.Do(AnswerConsent{p, Granted})
		d.Do(Next{})
	}
	d.registering(RegisterFace)
	d.SetLanguage(domain.Spanish) // later, it is only how the screen speaks
	d.eye.captured <- goodFace
	d.registering(RegisterPIN)
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterBadge)
	if e, _ := d.reg.one(); e.Consent.Lang != domain.English || e.Consent.TextSHA256 != "hash-en" {
		t.Fatalf("%+v", e.Consent)
	}
}

func TestBackLeadsThroughThePages(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterPIN)
	d.Do(StepBack{})
	d.registering(RegisterFace)
	d.Do(StepBack{})
	if r := d.registering(RegisterConsent); r.Question != domain.PurposeFace || r.Answer != Granted {
		t.Fatalf("%+v", r)
	}
	d.Do(ReadNotice{})
	d.registering(RegisterNotice)
	d.Do(Next{})
	if r := d.registering(RegisterData); r.Data.Document != "30123456" {
		t.Fatalf("%+v", r)
	}
	d.Do(StepBack{})
	d.Do(StepBack{})
	d.want(StateAttract)
}

func TestHelpLeadsBackToTheFlow(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterFace)
	d.Help()
	d.want(StateHelp)
	d.Choose(FeatureStaff)
	d.want(StateNotice)
	d.Back()
	d.registering(RegisterFace)
	d.eye.captured <- goodFace // it is being read again
	d.registering(RegisterPIN)
	d.Help()
	d.after(TimeoutIdle + 200*time.Millisecond)
	d.registering(RegisterPIN) // asked about before it is lost
	if !d.View().Asking {
		t.Fatal("does not ask")
	}
	d.Do(Stay{})
	if v := d.View(); v.Asking || v.State != StateRegister {
		t.Fatalf("%s, asking %v", v.State, v.Asking)
	}
}
