package screens

import (
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// newWithdraw makes the page, of somebody looking after their own data, that a
// view is at.
func newWithdraw(e Env, v kiosk.View) Body {
	if v.Withdraw == nil {
		return newAttract(e, v)
	}
	r := *v.Withdraw
	of := func(v kiosk.View) kiosk.Withdraw { // a view of this same page
		if v.Withdraw == nil {
			return r
		}
		return *v.Withdraw
	}
	back := e.do(kiosk.StepBack{})
	switch r.Step {
	case kiosk.WithdrawScan:
		scan := func(r kiosk.Withdraw) Scan { return Scan{Unreadable: r.Unreadable, NoCamera: r.NoCamera} }
		p := NewWithdrawScan(e, scan(r), ScanActions{
			Back: back, Scanned: e.scanned,
		})
		p.update = func(v kiosk.View) { p.Show(scan(of(v))) }
		return p
	case kiosk.WithdrawPIN:
		p := NewValidatePIN(e, r.PIN, e.tries())
		p.update = func(v kiosk.View) { p.Show(of(v).PIN) }
		return p
	case kiosk.WithdrawStaff:
		return newStaff(e, true, r.Staff, func(v kiosk.View) *kiosk.StaffCheck { return of(v).Staff })
	case kiosk.WithdrawChoose:
		return newWithdrawChoose(e, r.Given, r.HasFace)
	case kiosk.WithdrawConfirm:
		return newWithdrawConfirm(e, r.Choice)
	case kiosk.WithdrawDone:
		if r.Choice != kiosk.WithdrawFace && r.Receipt != nil {
			return newErased(e, *r.Receipt, v.Status.Network != kiosk.NetworkUnset)
		}
		return newMessage(e, e.finishing(), assets.IconCheck, e.Style.OK, messageWords{
			title: e.say("withdraw.face_done"), text: e.say("withdraw.face_done_next"),
		})
	case kiosk.WithdrawRefused:
		title, next := e.say("withdraw.refused"), e.say("withdraw.refused_next")
		if !r.Until.IsZero() {
			title = e.say("result.wait")
			next = e.sayWith("result.wait_next", assets.Values{"Time": assets.ClockTime(string(e.Lang), r.Until)})
		}
		f := e.notLikeThis()
		if !r.Until.IsZero() {
			f = e.finishing()
		}
		return newMessage(e, f, assets.IconWarn, e.Style.Warn, messageWords{title: title, text: next})
	case kiosk.WithdrawWorking:
		return newWorking(e, &frame{env: e}, assets.IconLock, messageWords{title: e.say("withdraw.working"), text: e.say("withdraw.working_next")})
	}
	return newMessage(e, e.notLikeThis(), assets.IconWarn, e.Style.Warn, messageWords{title: e.say("withdraw.failed"), text: e.say("withdraw.failed_next")})
}

// finishing is a frame with the way out.
func (e Env) finishing() *frame {
	return (&frame{env: e}).on(e.button(widgets.Secondary, assets.IconCheck, "result.finish", e.do(kiosk.Finish{})))
}

// notLikeThis is a frame with the way on from what did not work, and out.
func (e Env) notLikeThis() *frame {
	f := &frame{env: e, left: []*widgets.Button{e.button(widgets.Quiet, assets.IconCross, "result.finish", e.do(kiosk.Finish{}))}}
	return f.on(e.button(widgets.Primary, "", "result.retry", e.do(kiosk.Retry{})))
}

// newWithdrawConfirm asks once more before what cannot be undone.
func newWithdrawConfirm(e Env, c kiosk.WithdrawChoice) Body {
	key := "withdraw.confirm_all"
	if c == kiosk.WithdrawFace {
		key = "withdraw.confirm_face"
	}
	f := (&frame{env: e}).on(e.button(widgets.Grave, assets.IconErase, key+"_yes", e.do(kiosk.ConfirmWithdraw{})))
	f.left = []*widgets.Button{e.button(widgets.Secondary, assets.IconBack, "withdraw.confirm_no", e.do(kiosk.StepBack{}))}
	return newMessage(e, f, assets.IconErase, e.Style.Stop, messageWords{title: e.say(key), text: e.say(key + "_next")})
}

// newErased is the receipt of an erasure: what was erased where. central says
// that there is more than this kiosk.
func newErased(e Env, r domain.ErasureReceipt, central bool) Body {
	lang, next := string(e.Lang), "withdraw.erased_alone"
	if central {
		next = "withdraw.erased_next"
	}
	p := newFacts(e, assets.IconCheck, e.say("withdraw.erased"), e.say(next), e.sayWith("withdraw.erased_id", assets.Values{
		"ID": r.ID, "Date": assets.Date(lang, r.At), "Time": assets.ClockTime(lang, r.At),
	}), e.finishing())
	if r.KeyGone {
		p.add(assets.IconLock, e.say("withdraw.erased_key"))
	}
	for _, l := range []struct {
		icon assets.Icon
		key  string
		n    int
	}{
		{assets.IconFace, "templates", r.Templates}, {assets.IconQR, "badges", r.Badges},
		{assets.IconReceipt, "consents", r.Consents}, {assets.IconCamera, "snapshots", r.Snapshots},
		{assets.IconNetwork, "outbox", r.Outbox},
	} {
		if l.n > 0 {
			p.add(l.icon, e.count("withdraw.erased_"+l.key, l.n))
		}
	}
	return p.done()
}
