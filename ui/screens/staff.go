package screens

import (
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// newStaff makes the page for a member of staff within a visitor's flow. back
// tells that the visitor may go back from it; of gives the check of a later
// view.
func newStaff(e Env, back bool, c *kiosk.StaffCheck, of func(kiosk.View) *kiosk.StaffCheck) Body {
	if c == nil {
		c = &kiosk.StaffCheck{Step: kiosk.StaffCalled}
	}
	switch c.Step {
	case kiosk.StaffSignIn:
		p := NewStaffSignIn(e, SignIn{c.PIN, c.Badge}, SignInActions{
			Submit: func(login, pin string) { e.Commands.Do(kiosk.StaffPIN{Login: login, PIN: pin}) },
			Back:   e.do(kiosk.StepBack{}), Scanned: e.scanned, TypeLogin: e.do(kiosk.TypeLogin{}),
		})
		p.update = func(v kiosk.View) {
			if c := of(v); c != nil {
				p.Show(SignIn{c.PIN, c.Badge})
			}
		}
		return p
	case kiosk.StaffDecide:
		return newStaffDecide(e, *c)
	}
	f, next := &frame{env: e}, "staff.called_desk"
	if back {
		f.back(e.do(kiosk.StepBack{}), nil)
	}
	finish := e.button(widgets.Secondary, "", "result.finish", e.do(kiosk.Finish{}))
	if !c.CanApprove { // nobody can do anything about it here
		f.on(finish)
	} else {
		next = "staff.called_next"
		f.left = append(f.left, finish)
		f.on(e.button(widgets.Secondary, assets.IconLock, "staff.here", e.do(kiosk.StaffHere{})))
	}
	return newMessage(e, f, assets.IconPerson, e.Style.Brand, messageWords{title: e.say("staff.called"), text: e.say(next)})
}
