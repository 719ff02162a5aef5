package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// aboutKeys are the keys of why staff is needed, in their words.
var aboutKeys = map[domain.Reason]string{
	domain.ReasonDuplicateDocument: "staff_about.duplicate_document",
	domain.ReasonDuplicateFace:     "staff_about.duplicate_face",
	domain.ReasonWrongFace:         "staff_about.wrong_face",
	domain.ReasonUndecided:         "staff_about.undecided",
	domain.ReasonTimedOut:          "staff_about.undecided",
	domain.ReasonNotLive:           "staff_about.not_live",
	domain.ReasonWrongPIN:          "staff_about.wrong_pin",
	domain.ReasonLocked:            "staff_about.locked",
	domain.ReasonBadgeRevoked:      "staff_about.badge_revoked",
	domain.ReasonBadgeExpired:      "staff_about.badge_expired",
	domain.ReasonBadgeNotYet:       "staff_about.badge_not_yet",
	domain.ReasonBadgeUnknown:      "staff_about.badge_unknown",
	domain.ReasonBadgeForged:       "staff_about.badge_forged",
	domain.ReasonConsentWithdraw:   "staff_about.own_data",
}

// about says why staff is needed.
func (e Env) about(r domain.Reason) string {
	key, ok := aboutKeys[r]
	if !ok {
		key = "staff_about.asked"
	}
	return e.say(key)
}

// staffDecide shows a member of staff whom it is about, and asks.
type staffDecide struct {
	wizardPage
	frame  *frame
	ground *canvas.Rectangle
	rows   []staffRow
	title  *widgets.Text
	ask    *widgets.Text
}

type staffRow struct{ label, value *widgets.Text }

func newStaffDecide(e Env, c kiosk.StaffCheck) *staffDecide {
	st := e.Style
	r := &staffDecide{frame: &frame{env: e}, ground: widgets.NewCard(st), title: e.title("staff.decide")}
	row := func(key, value string, bold bool) {
		if value != "" {
			r.rows = append(r.rows, staffRow{
				widgets.NewText(e.say(key), st.Label, st.Muted, false), widgets.NewText(value, st.Body, st.Ink, bold),
			})
		}
	}
	row("staff.about", e.about(c.About), false)
	row("staff.name", c.Name, true)
	if c.DocumentTail != "" {
		row("staff.document", "… "+c.DocumentTail, true)
	}
	verdict := func(ok bool) func() { return e.do(kiosk.StaffVerdict{Approve: ok}) }
	ask := "staff.ask"
	switch {
	case !c.CanApprove:
		ask = "staff.note_only"
	case c.About == domain.ReasonDuplicateFace:
		ask = "staff.ask_duplicate" // the data are the other one's
	case c.About == domain.ReasonConsentWithdraw:
		ask = "staff.ask_own_data"
	case c.Name == "" && c.DocumentTail == "":
		ask = "staff.ask_nameless"
	}
	if c.CanApprove {
		r.frame.left = []*widgets.Button{e.button(widgets.Secondary, assets.IconCross, "staff.refuse", verdict(false))}
		r.frame.on(e.button(widgets.Primary, assets.IconCheck, "staff.approve", verdict(true)))
	} else {
		r.frame.on(e.button(widgets.Primary, "", "staff.noted", verdict(false)))
	}
	r.ask = e.text(ask)
	objs := append(r.frame.objects(), r.ground, r.title, r.ask)
	for _, row := range r.rows {
		objs = append(objs, row.label, row.value)
	}
	r.Flow = widgets.NewFlow(r.put, nil, objs...)
	return r
}

func (r *staffDecide) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.put(s)
	st, gap := r.frame.env.Style, r.frame.gap()
	widgets.Put(r.ground, in.x, in.y, in.w, in.h)
	pad := st.Pad
	x, room := in.x+pad, in.w-2*pad
	var label float32
	for _, row := range r.rows {
		label = max(label, row.label.NaturalWidth())
	}
	label += st.Pad
	th, ah := r.title.HeightFor(room), r.ask.HeightFor(room)
	all := th + gap + ah
	for _, row := range r.rows {
		all += row.value.HeightFor(room-label) + gap
	}
	y := in.y + max(pad, (in.h-all)/2)
	widgets.Put(r.title, x, y, room, th)
	y += th + gap
	for _, row := range r.rows {
		h := row.value.HeightFor(room - label)
		lh := row.label.HeightFor(label)
		widgets.Put(row.label, x, y+(min(h, 1.4*st.Body)-lh)/2, label, lh)
		widgets.Put(row.value, x+label, y, room-label, h)
		y += h + gap
	}
	widgets.Put(r.ask, x, y, room, ah)
}
