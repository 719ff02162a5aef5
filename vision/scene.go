package vision

import (
	"time"

	"agentid/app/domain"
)

// rival is from what share of the largest face's area a second one makes it
// unclear who is meant.
const rival = 0.6

// scene is what the screen should show now.
func (a *Analyser) scene() domain.Scene {
	sc := domain.Scene{At: a.at, Size: a.size}
	var first *subject
	var firstArea int
	rivals := false
	for _, t := range a.order {
		s := a.subjects[t.ID]
		if s == nil || !t.Confirmed() || s.noFace >= falseFace {
			continue
		}
		box := t.Box()
		switch {
		case first == nil:
			first, firstArea = s, area(box)
		case float64(area(box)) >= rival*float64(firstArea):
			rivals = true
		}
		sc.Faces = append(sc.Faces, domain.SceneFace{
			Track: t.ID, Box: domain.RectIn(box, a.size), State: a.state(s), Person: a.known(s),
		})
	}
	want := domain.GuideNone
	if first != nil {
		want = a.hint(first)
		if rivals && first.result.Reason == "" {
			want = domain.GuideOnePerson
		}
	}
	sc.Guide = a.guide.steady(want, a.at)
	return sc
}

// known is the person while the decision stands.
func (a *Analyser) known(s *subject) domain.PersonID {
	if a.state(s) == domain.FaceKnown {
		return s.result.Person
	}
	return ""
}

func (a *Analyser) state(s *subject) domain.FaceState {
	switch {
	case s.recheck && s.result.Reason != domain.ReasonUndecided, a.overdue(s) && s.result.Reason != domain.ReasonUndecided:
		return domain.FaceReading // in doubt: no name is shown
	case s.result.Reason == domain.ReasonRecognised:
		return domain.FaceKnown
	case s.result.Reason == domain.ReasonUnknown:
		return domain.FaceUnknown
	case s.quality.Reason != "":
		return domain.FaceSeen
	case s.ballot.total > 0 || s.encoding || s.candidate != nil:
		return domain.FaceReading
	}
	return domain.FaceSeen
}

// hint is what would help to read this face.
func (a *Analyser) hint(s *subject) domain.Guide {
	st := a.state(s)
	switch {
	case st == domain.FaceKnown || st == domain.FaceUnknown:
		return domain.GuideNone
	case s.quality.Reason != "":
		return s.quality.Guide
	case st == domain.FaceReading:
		return domain.GuideReading
	}
	return domain.GuideNone
}

// guideHold is how long a hint must hold before it replaces another, so that
// words do not flicker.
const guideHold = 400 * time.Millisecond

// steadyGuide shows a hint only once it has held.
type steadyGuide struct {
	shown, next domain.Guide
	since       time.Time
}

func (g *steadyGuide) steady(want domain.Guide, at time.Time) domain.Guide {
	if want == g.shown {
		g.next = want
		return g.shown
	}
	if want != g.next {
		g.next, g.since = want, at
	}
	if at.Sub(g.since) >= guideHold {
		g.shown = want
	}
	return g.shown
}
