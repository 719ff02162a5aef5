package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/widgets"
)

// Outcome is how it ended, as far as it is said aloud.
type Outcome string

// The outcomes. None of them says why: that is for the staff.
const (
	OutcomeOK         Outcome = "ok"
	OutcomeNo         Outcome = "no"
	OutcomeOther      Outcome = "other_way" // the face was not read; there is a PIN
	OutcomeWait       Outcome = "wait"      // too many tries
	OutcomeRegistered Outcome = "registered"
)

// Result is what ValidateResult shows.
type Result struct {
	Outcome Outcome
	Given   string    // who is thanked; "" nobody
	Until   time.Time // when one may try again (OutcomeWait), in the kiosk's zone
}

// ResultActions is what comes of ValidateResult.
type ResultActions struct{ Finish, Retry, UsePIN, Staff func() }

// ValidateResult tells how it ended, over the whole page.
type ValidateResult struct {
	wizardPage
	panel *widgets.ResultPanel
}

// NewValidateResult makes the page. An outcome that it does not know is no.
func NewValidateResult(e Env, v Result, on ResultActions) *ValidateResult {
	finish := func(k widgets.Kind) *widgets.Button {
		return e.button(k, "", "result.finish", doing(on.Finish))
	}
	staff := func() *widgets.Button {
		return e.button(widgets.Secondary, assets.IconPerson, "validate.staff", doing(on.Staff))
	}
	verdict, key := widgets.VerdictNo, "result."+string(OutcomeNo)
	next := e.say("result.no_next")
	buttons := []*widgets.Button{staff(), finish(widgets.Secondary)}
	switch v.Outcome {
	case OutcomeOK:
		verdict, key = widgets.VerdictOK, "result.ok"
		next = e.say("result.ok_next_nameless")
		if v.Given != "" {
			next = e.sayTo(v.Given, "result.ok_next")
		}
		buttons = []*widgets.Button{finish(widgets.Secondary)}
	case OutcomeRegistered:
		verdict, key, next = widgets.VerdictOK, "result.registered", e.say("result.registered_next")
		buttons = []*widgets.Button{finish(widgets.Secondary)}
	case OutcomeOther:
		verdict, key, next = widgets.VerdictOther, "result.other_way", e.say("result.other_way_next")
		buttons = []*widgets.Button{staff(),
			e.button(widgets.Secondary, assets.IconLook, "result.retry", doing(on.Retry)),
			e.button(widgets.Secondary, assets.IconLock, "validate.use_pin", doing(on.UsePIN)),
		}
	case OutcomeWait:
		verdict, key = widgets.VerdictOther, "result.wait"
		next = e.sayWith("result.wait_next", assets.Values{"Time": assets.ClockTime(string(e.Lang), v.Until)})
	}
	r := &ValidateResult{panel: widgets.NewResultPanel(e.Style, verdict, e.say(key), next, buttons...)}
	r.Flow = widgets.NewFlow(func(s fyne.Size) {
		widgets.Put(r.panel.Object(), 0, 0, s.Width, s.Height)
	}, nil, r.panel.Object())
	return r
}

// StillActions is what comes of StillThere.
type StillActions struct{ Stay, Leave func() }

// StillThere asks, over a page, whether somebody is still there.
type StillThere struct {
	wizardPage
	overlay *widgets.ConfirmOverlay
}

// NewStillThere hides a page and asks until end; whole is how long that was at
// first. The page under it stays as it is, is shown again by Close, and is
// closed by its owner.
func NewStillThere(e Env, under Body, end time.Time, whole time.Duration, on StillActions) *StillThere {
	r := &StillThere{overlay: widgets.NewConfirmOverlay(e.Style, widgets.ConfirmWords{
		Title: e.say("still.title"), Next: e.say("still.next"), Stay: e.say("still.stay"), Leave: e.say("still.leave"),
	}, end, whole, e.Later, e.Now, e.Commands.Touch)}
	r.overlay.OnStay, r.overlay.OnLeave = on.Stay, on.Leave
	under.Object().Hide() // it may be private
	r.close = func() {
		r.overlay.Close()
		under.Object().Show()
	}
	r.Flow = widgets.NewFlow(func(s fyne.Size) {
		widgets.Put(under.Object(), 0, 0, s.Width, s.Height)
		widgets.Put(r.overlay.Object(), 0, 0, s.Width, s.Height)
	}, nil, under.Object(), r.overlay.Object())
	return r
}
