package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/ui/widgets"
)

// StillThere stands over a body that somebody may have left: it hides all of
// it, asks whether they are still there, and, where it is so, until when.
type StillThere struct {
	*widgets.Flow
	env     Env
	under   Body
	overlay *widgets.ConfirmOverlay
	counts  bool
}

// NewStillThere hides a body and asks. The body stays as it is, is shown again
// by Close, and is closed by its owner.
func NewStillThere(e Env, v kiosk.View, under Body) *StillThere {
	next, end, whole := "still.covered", time.Time{}, time.Duration(0)
	if v.Asking {
		next = "still.next"
		if v.State != kiosk.StateRegister {
			next = "still.next_close"
		}
		end, whole = v.Deadline, v.Deadline.Sub(e.Now())
	}
	s := &StillThere{env: e, under: under, counts: v.Asking, overlay: widgets.NewConfirmOverlay(e.Style, widgets.ConfirmWords{
		Title: e.say("still.title"), Next: e.say(next), Stay: e.say("still.stay"), Leave: e.say("still.leave"),
	}, end, whole, e.Later, e.Now, e.Commands.Touch)}
	s.overlay.OnStay, s.overlay.OnLeave = e.do(kiosk.Stay{}), e.do(kiosk.Leave{})
	under.Object().Hide()
	s.Flow = widgets.NewFlow(func(size fyne.Size) {
		widgets.Put(s.overlay.Object(), 0, 0, size.Width, size.Height)
	}, nil, s.overlay.Object())
	return s
}

// Fits tells whether it asks what the view wants asked.
func (s *StillThere) Fits(v kiosk.View) bool { return v.Asking == s.counts }

// Update shows until when it asks.
func (s *StillThere) Update(v kiosk.View) {
	if s.counts {
		s.overlay.SetEnd(v.Deadline)
	}
}

// Close ends the question and shows the body again.
func (s *StillThere) Close() {
	s.overlay.Close()
	s.under.Object().Show()
}
