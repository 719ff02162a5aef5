package kiosk

import (
	"context"
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
)

// letIn leads somebody to the choice, by their code and PIN.
func (d *desk) letInBy(text string) {
	d.t.Helper()
	d.Help()
	d.Do(OwnData{})
	d.withdrawing(WithdrawScan)
	d.eye.texts <- text
	d.withdrawing(WithdrawPIN)
	d.Do(EnterPIN{"493817"})
	d.withdrawing(WithdrawChoose)
}

func TestErasure(t *testing.T) {
	for name, text := range map[string]string{"badge": badgeText, "receipt": receiptText, "expired badge": "AGID:expired:b1:p1"} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			d.letInBy(text)
			if w := d.View().Withdraw; w.Given != "Lucía" || !w.HasFace {
				t.Fatalf("%+v", w)
			}
			d.Do(ConfirmWithdraw{}) // nothing was chosen
			d.Do(ChooseWithdraw{WithdrawAll})
			d.withdrawing(WithdrawConfirm)
			d.Do(StepBack{})
			d.withdrawing(WithdrawChoose)
			d.Do(ChooseWithdraw{WithdrawAll})
			d.Do(ConfirmWithdraw{})
			w := d.withdrawing(WithdrawDone)
			if w.Receipt == nil || !w.Receipt.KeyGone || w.Receipt.Why != domain.ReasonErasedByPerson || w.Given != "" {
				t.Fatalf("%+v", w)
			}
			if _, ok := d.reg.profiles["p1"]; ok {
				t.Fatal("still there")
			}
			if d.reg.erasedBy.ID != domain.ActorVisitor {
				t.Fatalf("erased in the name of %+v", d.reg.erasedBy)
			}
		})
	}
}

func TestForgettingTheFaceAlone(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.letInBy(badgeText)
	d.Do(ChooseWithdraw{WithdrawFace})
	d.Do(ConfirmWithdraw{})
	if w := d.withdrawing(WithdrawDone); w.Receipt != nil || w.Choice != WithdrawFace {
		t.Fatalf("%+v", w)
	}
	if p := d.reg.profiles["p1"]; p.HasFace || !p.HasPIN {
		t.Fatalf("%+v", p)
	}
}

// A receipt that is shown where a badge is asked for leads to one's own data.
func TestAReceiptShownForValidation(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Choose(FeatureValidate)
	d.show(receiptText)
	d.withdrawing(WithdrawPIN)
}

func TestNoWayIn(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		do   func(d *desk)
	}{
		"revoked":       {badgeText, func(d *desk) { d.reg.RevokeBadge(context.Background(), "b1", domain.ReasonBadgeRevoked, d.clock.Now()) }},
		"forged":        {"AGID:forged:b1:p1", nil},
		"erased":        {badgeText, func(d *desk) { delete(d.reg.profiles, "p1") }},
		"other receipt": {"AGID:receipt:c9:p1", nil},
		"taken back": {receiptText, func(d *desk) {
			p := d.reg.profiles["p1"]
			p.Consents[0].WithdrawnAt = d.clock.Now()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.somebody(true)
			if c.do != nil {
				c.do(d)
			}
			d.Do(OwnData{})
			d.withdrawing(WithdrawScan)
			d.Do(Scanned{c.text})
			d.withdrawing(WithdrawRefused)
			d.Do(Retry{})
			d.withdrawing(WithdrawScan)
		})
	}
}

func TestOwnDataIsLockedAfterFiveWrongPINs(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.Do(OwnData{})
	d.withdrawing(WithdrawScan)
	d.Do(Scanned{badgeText})
	for i := range domain.MaxAttempts {
		d.withdrawing(WithdrawPIN)
		d.Do(EnterPIN{"000000"})
		if i < domain.MaxAttempts-1 {
			d.await("refusal", func(v View) bool { return v.Withdraw.PIN.Left == domain.MaxAttempts-1-i })
		}
	}
	if w := d.withdrawing(WithdrawRefused); w.Until.IsZero() {
		t.Fatalf("%+v", w)
	}
}

func TestStaffLetsInWhoForgotThePIN(t *testing.T) {
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
	d.Do(StaffVerdict{true})
	d.withdrawing(WithdrawChoose)
	d.Do(ChooseWithdraw{WithdrawAll})
	d.Do(ConfirmWithdraw{})
	if w := d.withdrawing(WithdrawDone); w.Receipt.Why != domain.ReasonErasedByStaff {
		t.Fatalf("%+v", w.Receipt)
	}
	if d.reg.erasedBy.ID != "s1" || d.reg.erasedBy.Role != domain.RoleStaff {
		t.Fatalf("erased in the name of %+v", d.reg.erasedBy)
	}
}

func TestAnErasureThatFailsIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.letInBy(badgeText)
	d.reg.fail["EraseIdentity"] = errors.New("disk full")
	d.Do(ChooseWithdraw{WithdrawAll})
	d.Do(ConfirmWithdraw{})
	d.withdrawing(WithdrawFailed)
	d.Do(Retry{})
	d.withdrawing(WithdrawDone)
}

func TestOwnDataIsHiddenFromTheNextInLine(t *testing.T) {
	d := newDesk(t)
	d.somebody(true)
	d.letInBy(badgeText)
	d.after(touchGrace, known(1, "p1"))
	d.after(TimeoutGone + 200*time.Millisecond)
	if v := d.View(); v.State == StateWithdraw {
		t.Fatalf("still on the screen: %+v", v.Withdraw)
	}
}
