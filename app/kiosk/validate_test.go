package kiosk

import (
	"context"
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
)

func (d *desk) show(text string) {
	d.t.Helper()
	d.validating(ValidateScan)
	d.eye.texts <- text
}

var sameFace = Verified{
	Reason:   domain.ReasonRecognised,
	Evidence: Evidence{Distance: 0.3, Threshold: 0.6, Metric: "euclidean", Liveness: 0.8, LivenessReason: "passive"},
	Snapshot: []byte("jpeg"),
}

func otherFace(why domain.Reason) Verified {
	v := sameFace
	v.Reason, v.Snapshot = why, nil
	return v
}

func TestBadgeAndFace(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Choose(FeatureValidate)
	d.show("WIFI:T:WPA;S:cafe;;")
	d.await("hint", func(v View) bool { return v.Validate.Unreadable })
	d.show(badgeText)
	d.validating(ValidateLook)
	d.await("progress", func(v View) bool { return v.Validate.Face.Done > 0 })
	d.eye.verified <- sameFace
	if v := d.validating(ValidateResult); v.Outcome != OutcomeOK || v.Given != "Lucía" {
		t.Fatalf("%+v", v)
	}
	e := d.recorded(domain.ReasonValidatedFace)
	if e.Kind != domain.EventValidation || e.Person != "p1" || e.Badge != "b1" || e.Distance != 0.3 || e.Liveness != 0.8 || e.LivenessReason != "passive" {
		t.Fatalf("%+v", e)
	}
	if d.eye.asked != "p1" {
		t.Fatalf("compared with %s", d.eye.asked)
	}
	d.after(TimeoutResult + 100*time.Millisecond)
	d.want(StateAttract)
	if rs := d.events.reasons(); len(rs) != 1 {
		t.Fatalf("events %v", rs)
	}
}

func TestNobodyIsValidatedWhoIsNotOnDisk(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidateLook)
	d.events.mu.Lock()
	d.events.full = true
	d.events.mu.Unlock()
	d.eye.verified <- sameFace
	if v := d.validating(ValidateResult); v.Outcome != OutcomeError || v.Given != "" {
		t.Fatalf("%+v", v)
	}
}

func TestRefusedBadges(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		do   func(d *desk)
		why  domain.Reason
		who  domain.PersonID
	}{
		"expired":         {"AGID:expired:b1:p1", nil, domain.ReasonBadgeExpired, "p1"},
		"not yet valid":   {"AGID:early:b1:p1", nil, domain.ReasonBadgeNotYet, "p1"},
		"forged":          {"AGID:forged:b1:p1", nil, domain.ReasonBadgeForged, ""},
		"another's badge": {"AGID:badge:b1:p2", nil, domain.ReasonBadgeForged, ""},
		"never issued":    {"AGID:badge:b9:p1", nil, domain.ReasonBadgeUnknown, ""},
		"erased":          {badgeText, func(d *desk) { delete(d.reg.profiles, "p1") }, domain.ReasonBadgeUnknown, ""},
		"revoked": {badgeText, func(d *desk) { d.reg.RevokeBadge(context.Background(), "b1", domain.ReasonBadgeRevoked, d.clock.Now()) },
			domain.ReasonBadgeRevoked, "p1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			if c.do != nil {
				c.do(d)
			}
			d.Choose(FeatureValidate)
			d.show(c.text)
			if v := d.validating(ValidateResult); v.Outcome != OutcomeNo || v.CanPIN || !v.CanRetry {
				t.Fatalf("%+v", v)
			}
			if e := d.recorded(c.why); e.Person != c.who {
				t.Fatalf("%+v", e)
			}
			d.Do(UsePIN{}) // no way round
			d.validating(ValidateResult)
		})
	}
}

func TestTheLadder(t *testing.T) {
	t.Run("a wrong face, then the PIN", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.Choose(FeatureValidate)
		d.show(badgeText)
		d.validating(ValidateLook)
		d.eye.verified <- otherFace(domain.ReasonWrongFace)
		if v := d.validating(ValidateResult); v.Outcome != OutcomeNo || !v.CanPIN || v.Given != "" {
			t.Fatalf("%+v", v)
		}
		if e := d.recorded(domain.ReasonWrongFace); e.Distance == 0 || e.Snapshot != "" {
			t.Fatalf("%+v", e)
		}
		d.Do(UsePIN{})
		d.validating(ValidatePIN)
		d.Do(EnterPIN{"000000"})
		if v := d.await("refusal", func(v View) bool { return v.Validate.PIN.Wrong }).Validate; v.PIN.Left != 3 {
			t.Fatalf("%+v", v.PIN)
		}
		d.Do(EnterPIN{"493817"})
		if v := d.validating(ValidateResult); v.Outcome != OutcomeOK || v.Given != "Lucía" {
			t.Fatalf("%+v", v)
		}
		d.recorded(domain.ReasonValidatedPIN)
	})
	for _, why := range []domain.Reason{domain.ReasonNotLive, domain.ReasonUndecided, domain.ReasonTimedOut} {
		t.Run(string(why), func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			d.Choose(FeatureValidate)
			d.show(badgeText)
			d.validating(ValidateLook)
			d.eye.verified <- otherFace(why)
			if v := d.validating(ValidateResult); v.Outcome != OutcomeOther || !v.CanPIN {
				t.Fatalf("%+v", v)
			}
			d.recorded(why)
		})
	}
	t.Run("the PIN instead of the face", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.Choose(FeatureValidate)
		d.show(badgeText)
		d.validating(ValidateLook)
		d.Do(UsePIN{})
		d.validating(ValidatePIN)
		d.Do(EnterPIN{"493817"})
		d.validating(ValidateResult)
		d.recorded(domain.ReasonValidatedPIN)
	})
	for name, blind := range map[string]func(d *desk){
		"no face kept":                func(d *desk) { p := d.reg.profiles["p1"]; p.HasFace = false; d.reg.profiles["p1"] = p },
		"no engine":                   func(d *desk) { d.EngineFailed() },
		"no template of this encoder": func(d *desk) { d.eye.err = domain.ErrNotFound },
	} {
		t.Run("badge and PIN: "+name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			blind(d)
			d.Choose(FeatureValidate)
			d.show(badgeText)
			d.validating(ValidatePIN)
		})
	}
	t.Run("staff", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.Choose(FeatureValidate)
		d.show(badgeText)
		d.validating(ValidateLook)
		d.Do(CallStaff{})
		if v := d.validating(ValidateStaff); v.Staff.Name != "" || !v.Staff.CanApprove {
			t.Fatalf("%+v", v.Staff)
		}
		d.recorded(domain.ReasonStaffCalled)
		d.Do(StaffHere{})
		d.Do(StaffPIN{"1001", "246813"})
		v := d.await("sign in", func(v View) bool { return v.Validate.Staff.Step == StaffDecide })
		if s := v.Validate.Staff; s.Name != "Lucía Vega" || s.DocumentTail != "3456" {
			t.Fatalf("%+v", s)
		}
		d.Do(StaffVerdict{true})
		if v := d.validating(ValidateResult); v.Outcome != OutcomeOK {
			t.Fatalf("%+v", v)
		}
		if e := d.recorded(domain.ReasonValidatedStaff); e.Staff != "s1" || e.Person != "p1" || e.Badge != "b1" {
			t.Fatalf("%+v", e)
		}
	})
	t.Run("whose account was closed meanwhile", func(t *testing.T) {
		for what, since := range map[string]domain.Staff{
			"closed": {ID: "s1", Role: domain.RoleStaff, Disabled: time.Unix(1, 0)}, "demoted": {ID: "s1", Role: domain.RoleAuditor},
		} {
			d := newDesk(t)
			d.somebody(false)
			d.Choose(FeatureValidate)
			d.show(badgeText)
			d.validating(ValidatePIN)
			d.Do(CallStaff{})
			d.validating(ValidateStaff)
			d.Do(StaffHere{})
			d.Do(StaffPIN{"1001", "246813"})
			d.await("sign in", func(v View) bool { return v.Validate.Staff.Step == StaffDecide })
			d.staff.since.Store(&since)
			d.Do(StaffVerdict{true})
			d.Do(StaffVerdict{true}) // once more is no more
			v := d.await(what, func(v View) bool { return v.Validate.Staff != nil && v.Validate.Staff.PIN.Wrong })
			if s := v.Validate.Staff; v.Validate.Step != ValidateStaff || s.Step != StaffSignIn || s.Name != "" || s.DocumentTail != "" || !s.CanApprove {
				t.Errorf("%s: %+v", what, s)
			}
			// Somebody else, or the same one who may again, signs in and decides.
			d.staff.since.Store(nil)
			d.Do(StaffPIN{"1001", "246813"})
			d.await("sign in", func(v View) bool { return v.Validate.Staff.Step == StaffDecide })
			d.Do(StaffVerdict{true})
			if v := d.validating(ValidateResult); v.Outcome != OutcomeOK {
				t.Errorf("%s: %+v", what, v)
			}
		}
	})
	t.Run("nobody known, nobody to approve", func(t *testing.T) {
		d := newDesk(t)
		d.Choose(FeatureValidate)
		d.validating(ValidateScan)
		d.Do(NoBadge{})
		if v := d.validating(ValidateStaff); v.Staff.CanApprove {
			t.Fatalf("%+v", v.Staff)
		}
	})
}

// A face among all greets; one that is compared, live, and a PIN beside it
// validate.
func TestWithoutABadge(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.after(time.Second, known(1, "p1"))
	d.want(StateGreeting)
	d.Choose(FeatureValidate)
	d.validating(ValidateScan)
	d.Do(NoBadge{})
	if v := d.validating(ValidateLook); !v.NoCode || v.CanPIN {
		t.Fatalf("%+v", v)
	}
	d.Do(UsePIN{}) // alone it proves nothing: nobody showed whose it is
	d.validating(ValidateLook)
	d.eye.verified <- sameFace
	d.validating(ValidatePIN)
	d.Do(EnterPIN{"493817"})
	d.validating(ValidateResult)
	if e := d.recorded(domain.ReasonValidatedFacePIN); e.Badge != "" || e.Person != "p1" || e.Distance != 0.3 || e.Liveness != 0.8 {
		t.Fatalf("%+v", e)
	}
}

// A photograph of somebody is greeted as they are: without their badge it leads
// to no PIN of theirs, and locks nobody but the kiosk.
func TestAPhotographLeadsToNoPIN(t *testing.T) {
	for why, want := range map[domain.Reason]Outcome{
		domain.ReasonNotLive: OutcomeOther, domain.ReasonWrongFace: OutcomeNo, domain.ReasonUndecided: OutcomeOther,
	} {
		d := newDesk(t)
		d.somebody(true)
		d.after(time.Second, known(1, "p1"))
		d.Choose(FeatureValidate)
		d.validating(ValidateScan)
		d.Do(NoBadge{})
		d.validating(ValidateLook)
		d.eye.verified <- otherFace(why)
		if v := d.validating(ValidateResult); v.Outcome != want || v.CanPIN {
			t.Errorf("%s: %+v", why, v)
		}
		d.Do(UsePIN{})
		d.validating(ValidateResult)
		if l, _ := d.reg.Locked(t.Context(), domain.SubjectPerson("p1")); l.Failures != 0 {
			t.Errorf("%s: %+v", why, l)
		}
		if l, _ := d.reg.Locked(t.Context(), domain.SubjectKiosk); l.Failures == 0 && why != domain.ReasonUndecided {
			t.Errorf("%s: not counted", why)
		}
	}
	t.Run("nothing to see with", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		d.after(time.Second, known(1, "p1"))
		d.eye.err = ErrNoEye
		d.Choose(FeatureValidate)
		d.validating(ValidateScan)
		d.Do(NoBadge{})
		d.validating(ValidateStaff)
	})
	t.Run("asked by itself", func(t *testing.T) {
		d := newDesk(t)
		d.somebody(true)
		c, _, err := d.validator.Greeted(t.Context(), "p1")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := d.validator.PIN(t.Context(), c, "493817"); !errors.Is(err, domain.ErrNotAllowed) || v.Outcome == OutcomeOK {
			t.Fatalf("%+v, %v", v, err)
		}
	})
}

// Who was once taken for somebody else always needs the second factor.
func TestOnceConfusedNeedsAll(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.after(time.Second, known(1, "p1"))
	d.NotMe()
	d.jobs.Wait()
	d.Back()
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidateLook)
	d.eye.verified <- sameFace
	d.validating(ValidatePIN)
	d.Do(EnterPIN{"493817"})
	d.validating(ValidateResult)
	if e := d.recorded(domain.ReasonValidatedAll); e.Distance != 0.3 {
		t.Fatalf("%+v", e)
	}
}

func TestFiveWrongPINsLock(t *testing.T) {
	d := newDesk(t)
	d.somebody(false)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	for i := range domain.MaxAttempts {
		d.validating(ValidatePIN)
		d.Do(EnterPIN{"000000"})
		if i < domain.MaxAttempts-1 {
			d.await("refusal", func(v View) bool { return v.Validate.PIN.Left == domain.MaxAttempts-1-i })
		}
	}
	v := d.validating(ValidateResult)
	if v.Outcome != OutcomeWait || !v.Until.Equal(d.clock.Now().Add(domain.LockFirst)) || v.CanPIN || v.CanRetry {
		t.Fatalf("%+v", v)
	}
	d.Do(Finish{})
	d.Choose(FeatureValidate)
	d.show(badgeText) // the right PIN is not even asked for
	if v := d.validating(ValidateResult); v.Outcome != OutcomeWait {
		t.Fatalf("%+v", v)
	}
	d.recorded(domain.ReasonLocked)
	d.Do(Finish{})
	d.after(domain.LockFirst)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidatePIN)
	d.Do(EnterPIN{"493817"})
	if v := d.validating(ValidateResult); v.Outcome != OutcomeOK {
		t.Fatalf("%+v", v)
	}
}

// A false code cannot be guessed, so showing them is no attempt: a poster with
// one must not close the kiosk to everybody.
func TestForgedCodesCloseNothing(t *testing.T) {
	d := newDesk(t)
	d.somebody(false)
	d.Choose(FeatureValidate)
	for range 2 * domain.MaxAttempts {
		d.show("AGID:forged:b1:p1")
		if v := d.validating(ValidateResult); v.Outcome != OutcomeNo {
			t.Fatalf("%+v", v)
		}
		d.Do(Retry{})
	}
	d.recorded(domain.ReasonBadgeForged)
	d.show(badgeText)
	d.validating(ValidatePIN)
}

// Staff may let through who is locked out, or whose badge has expired, and sign
// in while the kiosk itself is closed.
func TestStaffLetsThroughWhoIsLocked(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		do   func(d *desk)
		want Outcome
	}{
		"locked person": {badgeText, func(d *desk) {
			for range domain.MaxAttempts {
				d.reg.Fail(context.Background(), domain.SubjectPerson("p1"))
			}
		}, OutcomeWait},
		"expired badge": {"AGID:expired:b1:p1", func(*desk) {}, OutcomeNo},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			c.do(d)
			d.Choose(FeatureValidate)
			d.show(c.text)
			if v := d.validating(ValidateResult); v.Outcome != c.want || v.CanPIN {
				t.Fatalf("%+v", v)
			}
			d.Do(CallStaff{})
			d.validating(ValidateStaff)
			for range domain.MaxAttempts {
				d.reg.Fail(context.Background(), domain.SubjectKiosk)
			}
			d.Do(StaffHere{})
			d.Do(StaffPIN{"1001", "246813"})
			v := d.await("sign in", func(v View) bool { return v.Validate.Staff.Step == StaffDecide })
			if v.Validate.Staff.Name != "Lucía Vega" {
				t.Fatalf("%+v", v.Validate.Staff)
			}
			d.Do(StaffVerdict{true})
			if v := d.validating(ValidateResult); v.Outcome != OutcomeOK {
				t.Fatalf("%+v", v)
			}
			d.recorded(domain.ReasonValidatedStaff)
		})
	}
}

func TestLeavingAClaimIsRecorded(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidateLook)
	d.after(TimeoutIdle + 100*time.Millisecond)
	d.want(StateAttract)
	d.recorded(domain.ReasonTimedOut)
	d.jobs.Wait()
	if !d.eye.idle() {
		t.Fatal("the camera is still being read")
	}
}

func TestACodeScannerServesWithoutTheCamera(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Camera(domain.CameraHealth{State: domain.CameraLost})
	d.want(StateCameraLost)
	d.Choose(FeatureValidate)
	if v := d.validating(ValidateScan); !v.NoCamera {
		t.Fatalf("%+v", v)
	}
	d.Do(Scanned{badgeText})
	d.validating(ValidatePIN)
	d.Do(EnterPIN{"493817"})
	d.validating(ValidateResult)
	d.recorded(domain.ReasonValidatedPIN)
	d.Do(Finish{})
	d.want(StateCameraLost)
}

func TestAStoreThatFailsValidatesNobody(t *testing.T) {
	d := newDesk(t)
	d.somebody(false)
	d.Choose(FeatureValidate)
	d.show(badgeText)
	d.validating(ValidatePIN)
	d.reg.fail["CheckPIN"] = errors.New("database is locked")
	d.Do(EnterPIN{"493817"})
	if v := d.validating(ValidateResult); v.Outcome != OutcomeError {
		t.Fatalf("%+v", v)
	}
}
