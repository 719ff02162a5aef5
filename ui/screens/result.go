package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// ResultActions is what comes of ValidateResult.
type ResultActions struct{ Finish, Retry, UsePIN, Staff func() }

// ValidateResult tells how it ended, over the whole page. It never says why:
// that is for the staff.
type ValidateResult struct {
	wizardPage
	panel *widgets.ResultPanel
}

// NewValidateResult makes the page. An outcome that it does not know is no.
func NewValidateResult(e Env, v kiosk.Validate, on ResultActions) *ValidateResult {
	verdict, key, next := e.verdict(v)
	buttons := []*widgets.Button{e.button(widgets.Secondary, "", "result.finish", doing(on.Finish))}
	if v.Outcome != kiosk.OutcomeOK {
		staff := e.button(widgets.Secondary, assets.IconPerson, "validate.staff", doing(on.Staff))
		buttons = append([]*widgets.Button{staff}, buttons...)
		if v.CanRetry {
			buttons = append(buttons, e.button(widgets.Secondary, assets.IconLook, "result.retry", doing(on.Retry)))
		}
		if v.CanPIN {
			buttons = append(buttons, e.button(widgets.Secondary, assets.IconLock, "validate.use_pin", doing(on.UsePIN)))
		}
	}
	r := &ValidateResult{panel: widgets.NewResultPanel(e.Style, verdict, e.say(key), next, buttons...)}
	r.Flow = widgets.NewFlow(func(s fyne.Size) {
		widgets.Put(r.panel.Object(), 0, 0, s.Width, s.Height)
	}, nil, r.panel.Object())
	return r
}

// verdict is how it ended: the key of what it says, and what comes next.
func (e Env) verdict(v kiosk.Validate) (_ widgets.Verdict, key, next string) {
	switch v.Outcome {
	case kiosk.OutcomeOK:
		if v.Given == "" {
			return widgets.VerdictOK, "result.ok", e.say("result.ok_next_nameless")
		}
		return widgets.VerdictOK, "result.ok", e.sayTo(v.Given, "result.ok_next")
	case kiosk.OutcomeOther:
		next := "result.other_way_desk"
		switch {
		case v.CanPIN:
			next = "result.other_way_next"
		case v.CanRetry:
			next = "result.other_way_retry"
		}
		return widgets.VerdictOther, "result.other_way", e.say(next)
	case kiosk.OutcomeWait:
		if v.Until.IsZero() {
			return widgets.VerdictOther, "result.wait", e.say("result.no_next")
		}
		return widgets.VerdictOther, "result.wait", e.sayWith("result.wait_next", assets.Values{
			"Time": assets.ClockTime(string(e.Lang), v.Until),
		})
	case kiosk.OutcomeError:
		if v.CanRetry {
			return widgets.VerdictOther, "result.error", e.say("result.error_retry")
		}
		return widgets.VerdictOther, "result.error", e.say("result.error_next")
	}
	return widgets.VerdictNo, "result.no", e.say("result.no_next")
}
