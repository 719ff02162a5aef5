package kiosk

import (
	"context"
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
)

// Consent is to the text on the screen, also where its language was changed
// beside the question.
func TestLanguageChosenInHelpAsksConsentAgain(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterConsent)
	d.Do(AnswerConsent{domain.PurposeData, Granted})
	d.Help()
	d.SetLanguage(domain.English)
	d.Back()
	if r := d.registering(RegisterConsent); r.Answer != Unanswered || r.N != 1 {
		t.Fatalf("what was answered to the Spanish text stands: %+v", r)
	}
	for _, p := range []domain.Purpose{domain.PurposeData, domain.PurposeFace} {
		d.Do(AnswerConsent{p, Granted})
		d.Do(Next{})
	}
	d.registering(RegisterFace)
	d.eye.captured <- goodFace
	d.registering(RegisterPIN)
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterBadge)
	if e, _ := d.reg.one(); e.Consent.Lang != domain.English || e.Consent.TextSHA256 != "hash-en" {
		t.Fatalf("%+v", e.Consent)
	}
}

// The face compared without a badge is of who stands before the kiosk, and of nobody
// behind them or gone: else anybody could try their PIN.
func TestWithoutABadgeOnlyWhoStandsThere(t *testing.T) {
	behind := known(2, "p1")
	behind.Box.W, behind.Box.H = 0.16, 0.16
	for name, tc := range map[string]struct {
		before, at []domain.SceneFace
		want       ValidateStep
	}{
		"known behind a stranger":     {nil, []domain.SceneFace{unknown(1), behind}, ValidateStaff},
		"known behind one not read":   {nil, []domain.SceneFace{face(1, domain.FaceReading, "", 0.2), behind}, ValidateStaff},
		"greeted, somebody else came": {[]domain.SceneFace{known(1, "p1")}, []domain.SceneFace{face(2, domain.FaceReading, "", 0.2)}, ValidateStaff},
		"greeted, left":               {[]domain.SceneFace{known(1, "p1")}, nil, ValidateStaff},
		"greeted, in doubt":           {[]domain.SceneFace{known(1, "p1")}, []domain.SceneFace{face(1, domain.FaceReading, "", 0.2)}, ValidateLook},
		"known before somebody":       {nil, []domain.SceneFace{known(2, "p1"), unknown(1)}, ValidateLook},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			d.after(time.Second, tc.before...)
			d.Choose(FeatureValidate)
			d.validating(ValidateScan)
			d.after(TimeoutGone+time.Second, tc.at...)
			d.Do(NoBadge{})
			d.validating(tc.want)
		})
	}
}

// To leave a gesture that was asked is an attempt: who may draw again for
// nothing draws until it is the one they have a film of.
func TestToLeaveAGestureIsAnAttempt(t *testing.T) {
	for name, leave := range map[string]func(d *desk){
		"back":   func(d *desk) { d.Do(StepBack{}) },
		"pin":    func(d *desk) { d.Do(UsePIN{}) },
		"staff":  func(d *desk) { d.Do(CallStaff{}) },
		"help":   func(d *desk) { d.Help() },
		"nobody": func(d *desk) { d.after(TimeoutIdle + 200*time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			d.Choose(FeatureValidate)
			d.show(badgeText)
			d.validating(ValidateLook)
			d.await("progress", func(v View) bool { return v.Validate.Face.Done > 0 })
			d.eye.tell(FaceProgress{Guide: domain.GuideTurnLeft, Done: 0.7})
			d.await("gesture", func(v View) bool { return v.Validate.Face.Guide == domain.GuideTurnLeft })
			d.eye.tell(FaceProgress{Guide: domain.GuideCloser, Done: 0.7}) // it was asked all the same
			d.await("hint", func(v View) bool { return v.Validate.Face.Guide == domain.GuideCloser })
			leave(d)
			if e := d.recorded(domain.ReasonNotLive); e.Person != "p1" || e.Badge != "b1" {
				t.Fatalf("%+v", e)
			}
			for _, s := range []string{domain.SubjectPerson("p1"), domain.SubjectKiosk} {
				if l, _ := d.reg.Locked(t.Context(), s); l.Failures != 1 {
					t.Errorf("%s: %+v", s, l)
				}
			}
		})
	}
	t.Run("before it is asked", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.Choose(FeatureValidate)
		d.show(badgeText)
		d.validating(ValidateLook)
		d.Do(UsePIN{})
		d.validating(ValidatePIN)
		d.jobs.Wait()
		if l, _ := d.reg.Locked(t.Context(), domain.SubjectPerson("p1")); l.Failures != 0 {
			t.Fatalf("%+v", l)
		}
	})
}

// A code of somebody else's on a wall keeps no page open.
func TestAForeignCodeIsNoSignOfLife(t *testing.T) {
	for name, open := range map[string]func(d *desk){
		"validation": func(d *desk) { d.Choose(FeatureValidate) },
		"own data":   func(d *desk) { d.Do(OwnData{}) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			open(d)
			for range 25 {
				select {
				case d.eye.texts <- "https://example.com/poster":
				case <-time.After(200 * time.Millisecond): // nothing scans any more
				}
				d.after(time.Second)
			}
			d.want(StateAttract)
		})
	}
}

// What was typed does not come back to the screen when nobody is there for it.
func TestHelpThatRunsOutShowsNothingPrivate(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterData)
	d.after(time.Second, unknown(1))
	d.Help()
	d.after(TimeoutIdle + 200*time.Millisecond)
	if v := d.View(); v.State != StateRegister || !v.Asking || !v.Covered {
		t.Fatalf("%s, asking %v, covered %v", v.State, v.Asking, v.Covered)
	}
	d.after(TimeoutAsk + 200*time.Millisecond)
	d.want(StateAttract)

	d.somebody(true)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidateLook)
	d.Do(UsePIN{})
	d.validating(ValidatePIN)
	d.Help()
	d.after(TimeoutIdle + 200*time.Millisecond)
	d.want(StateAttract)
	d.recorded(domain.ReasonTimedOut)
}

// Help is not opened over a sign-in under way: its answer would find no page.
func TestHelpWaitsForTheSignIn(t *testing.T) {
	d := newDesk(t)
	d.upTo(RegisterFace)
	twin := goodFace
	twin.Duplicate = "p2"
	d.eye.captured <- twin
	d.registering(RegisterStaff)
	d.Do(StaffHere{})
	d.Do(StaffPIN{"1001", "246813"})
	d.Help()
	d.await("sign in", func(v View) bool { return v.Register != nil && !v.Register.Staff.PIN.Busy })
	if v := d.View(); v.State == StateHelp {
		d.Back()
	}
	if r := d.registering(RegisterStaff); r.Staff.PIN.Busy {
		t.Fatalf("%+v", r.Staff)
	}
}

// What staff approved was one face: another capture is asked about again.
func TestAnotherFaceIsApprovedAgain(t *testing.T) {
	d := newDesk(t)
	d.reg.profiles["p2"] = domain.Profile{Person: domain.Person{ID: "p2", Name: "Mateo"}, Document: "20999888"}
	d.upTo(RegisterFace)
	twin := goodFace
	twin.Duplicate = "p2"
	d.eye.captured <- twin
	d.registering(RegisterStaff)
	d.Do(StaffHere{})
	d.Do(StaffPIN{"1001", "246813"})
	d.await("sign in", func(v View) bool { return v.Register.Staff.Step == StaffDecide })
	d.Do(StaffVerdict{true})
	d.registering(RegisterPIN)
	d.Do(StepBack{})
	d.registering(RegisterFace)
	d.eye.captured <- twin
	d.registering(RegisterStaff)
}

// A book of staff that cannot be read is no attempt of anybody's.
func TestABookThatCannotBeReadIsNoAttempt(t *testing.T) {
	d := newDesk(t)
	v := NewValidator(*d.o.Flows, d.clock, nil)
	v.flows.Staff = brokenBook{}
	if _, until, err := v.signIn(t.Context(), staffClaim{login: "1001"}, "246813", ""); !errors.Is(err, errBroken) || !until.IsZero() {
		t.Fatalf("%v, %v", until, err)
	}
	if l, _ := d.reg.Locked(t.Context(), domain.SubjectKiosk); l.Failures != 0 {
		t.Fatalf("%+v", l)
	}
	if r := d.events.reasons(); len(r) != 0 {
		t.Fatalf("%v", r)
	}
}

var errBroken = errors.New("disk is gone")

type brokenBook struct{ domain.StaffBook }

func (brokenBook) SignIn(context.Context, string, string) (domain.Staff, error) {
	return domain.Staff{}, errBroken
}

// Nobody is let to another's data before it is on disk who let them.
func TestStaffLetsNobodyInUnrecorded(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Do(OwnData{})
	d.withdrawing(WithdrawScan)
	d.Do(Scanned{badgeText})
	d.withdrawing(WithdrawPIN)
	d.Do(ForgotPIN{})
	d.withdrawing(WithdrawStaff)
	d.Do(StaffHere{})
	d.Do(StaffPIN{"1001", "246813"})
	d.await("sign in", func(v View) bool { return v.Withdraw.Staff.Step == StaffDecide })
	d.jobs.Wait()
	full := func(yes bool) {
		d.events.mu.Lock()
		defer d.events.mu.Unlock()
		d.events.full = yes
	}
	full(true)
	d.Do(StaffVerdict{true})
	d.withdrawing(WithdrawFailed)
	full(false)
	d.Do(Retry{})
	d.withdrawing(WithdrawScan) // nothing was decided
}

// Nobody joins somebody who looks the same before that one is asked for more
// than a face.
func TestALookalikeIsMarkedBeforeAnotherJoins(t *testing.T) {
	d := newDesk(t)
	d.reg.profiles["p2"] = domain.Profile{Person: domain.Person{ID: "p2", Name: "Mateo"}, Document: "20999888"}
	d.upTo(RegisterFace)
	twin := goodFace
	twin.Duplicate = "p2"
	d.eye.captured <- twin
	d.registering(RegisterStaff)
	d.Do(StaffHere{})
	d.Do(StaffPIN{"1001", "246813"})
	d.await("sign in", func(v View) bool { return v.Register.Staff.Step == StaffDecide })
	d.Do(StaffVerdict{true})
	d.registering(RegisterPIN)
	d.reg.fail["NeedSecondFactor"] = errBroken
	d.Do(EnterPIN{"493817"})
	d.registering(RegisterFailed)
	if _, ok := d.reg.one(); ok {
		t.Fatal("registered")
	}
	d.Do(Retry{})
	d.registering(RegisterBadge)
	for id, p := range d.reg.profiles {
		if !p.SecondFactor {
			t.Errorf("%s is not marked", id)
		}
	}
}

// A page that cannot read codes says so, and does not wait for one in vain.
func TestAScanThatEndsIsSaid(t *testing.T) {
	for name, open := range map[string]func(d *desk){
		"validation": func(d *desk) { d.Choose(FeatureValidate) },
		"own data":   func(d *desk) { d.Do(OwnData{}) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.eye.blind = ErrNoEye
			open(d)
			blind := func(v View) bool {
				return v.Validate != nil && v.Validate.NoCamera || v.Withdraw != nil && v.Withdraw.NoCamera
			}
			d.await("word of it", blind)
			d.Camera(domain.CameraHealth{State: domain.CameraLost})
			d.Camera(domain.CameraHealth{State: domain.CameraLive})
			if !blind(d.View()) {
				t.Error("forgotten")
			}
		})
	}
}

// Who validated takes the proof of it along: the next in line has none, however
// soon they come and however unknown they are.
func TestTheNextInLineInheritsNoProof(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	proved := func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.asker(d.clock.Now()).Validated
	}
	validate := func() {
		d.after(time.Second, unknown(1)) // not yet known by their face
		d.Choose(FeatureValidate)
		d.show(badgeText)
		d.validating(ValidateLook)
		d.eye.verified <- sameFace
		d.validating(ValidateResult)
		d.after(time.Second, unknown(1))
		d.Do(Finish{})
	}
	validate()
	if d.after(2*provedFor, unknown(1)); !proved() {
		t.Error("forgotten, though they stay")
	}
	if d.after(300*time.Millisecond, unknown(2)); proved() {
		t.Error("passed on to a stranger")
	}
	validate()
	d.after(time.Second)
	if d.after(300*time.Millisecond, face(3, domain.FaceReading, "", 0.2)); proved() {
		t.Error("passed on to one not read yet")
	}
	validate()
	d.letInBy(badgeText)
	d.Do(ChooseWithdraw{WithdrawAll})
	d.Do(ConfirmWithdraw{})
	d.withdrawing(WithdrawDone)
	d.Do(Finish{})
	if proved() {
		t.Error("of one who was erased")
	}
}
