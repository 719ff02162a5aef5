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
	under   Body
	overlay *widgets.ConfirmOverlay
	asks    asks
}

// asks is what is asked.
type asks struct{ still, leaving bool }

func asksOf(v kiosk.View) asks { return asks{v.Asking, v.Asking && v.Leaving} }

// NewStillThere hides a body and asks. The body stays as it is, is shown again
// by Close, and is closed by its owner.
func NewStillThere(e Env, v kiosk.View, under Body) *StillThere {
	words := widgets.ConfirmWords{Title: "still.title", Next: "still.covered", Stay: "still.stay", Leave: "still.leave"}
	var end time.Time
	var whole time.Duration
	if v.Asking {
		end, whole = v.Deadline, v.Deadline.Sub(e.Now())
		switch {
		case v.Leaving:
			words.Title, words.Next, words.Stay = "still.leaving", "still.leaving_next", "still.go_on"
		case v.State == kiosk.StateRegister:
			words.Next = "still.next"
		default:
			words.Next = "still.next_close"
		}
	}
	for _, w := range []*string{&words.Title, &words.Next, &words.Stay, &words.Leave} {
		*w = e.say(*w)
	}
	s := &StillThere{under: under, asks: asksOf(v)}
	s.overlay = widgets.NewConfirmOverlay(e.Style, words, end, whole, e.Later, e.Now, e.Commands.Touch)
	s.overlay.OnStay, s.overlay.OnLeave = e.do(kiosk.Stay{}), e.do(kiosk.Leave{})
	under.Object().Hide()
	s.Flow = widgets.NewFlow(func(size fyne.Size) {
		widgets.Put(s.overlay.Object(), 0, 0, size.Width, size.Height)
	}, nil, s.overlay.Object())
	return s
}

// Fits tells whether it asks what the view wants asked.
func (s *StillThere) Fits(v kiosk.View) bool { return asksOf(v) == s.asks }

// Update shows until when it asks.
func (s *StillThere) Update(v kiosk.View) {
	if s.asks.still {
		s.overlay.SetEnd(v.Deadline)
	}
}

// Close ends the question and shows the body again.
func (s *StillThere) Close() {
	s.overlay.Close()
	s.under.Object().Show()
}
