package vision

import (
	"slices"
	"time"

	"agentid/app/domain"
)

// denial is a face that was taken for somebody and is not them.
type denial struct {
	person domain.PersonID
	vector []float32
	seen   time.Time
}

// visitor is somebody unknown, kept in memory only for as long as their visit
// lasts, so that one stranger is one event.
type visitor struct {
	vector []float32
	seen   time.Time
	track  uint64
}

// sameTrack is by how much looser than between tracks two looks are compared
// within one: that they are one track already speaks for one person.
const sameTrack = 1.25

// hold keeps a decision about nobody in particular for the cool-down: if
// somebody is decided meanwhile it was the beginning of their visit, and no
// event of its own.
func (a *Analyser) hold(d domain.Decision) {
	for _, h := range a.held {
		if h.Reason == d.Reason {
			return
		}
	}
	a.held = append(a.held, d)
}

// release gives the held decisions whose time has come.
func (a *Analyser) release() (out []domain.Decision) {
	a.held = slices.DeleteFunc(a.held, func(d domain.Decision) bool {
		if a.at.Sub(d.At) < a.opts.Cooldown {
			return false
		}
		if !a.tooSoon(d.Reason) {
			out = append(out, d)
		}
		return true
	})
	return out
}

// Deny takes it that the face of a track is not that person, whatever the
// encoder says: the visitor said so. It holds for the face, under any track,
// until its visit is over.
func (a *Analyser) Deny(track uint64, p domain.PersonID) {
	s := a.subjects[track]
	if s == nil || s.result.Person != p {
		return
	}
	if s.vector != nil {
		a.denials = append(a.denials, denial{p, slices.Clone(s.vector), a.at})
	}
	delete(a.visits, p) // the real one may still come
	s.result.Person, s.result.Reason = "", domain.ReasonUnknown
	s.decided, s.recheck, s.ballot = a.at, false, ballot{}
}

// denied tells whether this face said that it is not that person.
func (a *Analyser) denied(p domain.PersonID, vector []float32) bool {
	for i := range a.denials {
		d := &a.denials[i]
		if d.person == p && a.metric.Distance(d.vector, vector) <= a.opts.Rules.Threshold {
			d.seen = a.at
			return true
		}
	}
	return false
}

// repeat tells whether the outcome belongs to a visit already recorded, and
// notes the visit.
func (a *Analyser) repeat(s *subject, o outcome, vector []float32) bool {
	switch o.reason {
	case domain.ReasonRecognised:
		last, ok := a.visits[o.person]
		a.visits[o.person] = a.at
		return ok && a.at.Sub(last) < a.opts.Cooldown
	case domain.ReasonUnknown:
		for i := range a.visitors {
			v := &a.visitors[i]
			limit := a.opts.Rules.Threshold
			if v.track == s.track.ID {
				limit *= sameTrack
			}
			if a.metric.Distance(v.vector, vector) <= limit {
				v.seen, v.track = a.at, s.track.ID
				return true
			}
		}
		a.visitors = append(a.visitors, visitor{slices.Clone(vector), a.at, s.track.ID})
		return false
	}
	return false
}

// tooSoon bounds events about no one in particular to one a cool-down.
func (a *Analyser) tooSoon(r domain.Reason) bool {
	last, ok := a.refusals[r]
	if ok && a.at.Sub(last) < a.opts.Cooldown {
		return true
	}
	a.refusals[r] = a.at
	return false
}

// keepVisit keeps a visit open while its person is in sight and confirmed.
func (a *Analyser) keepVisit(s *subject) {
	if a.overdue(s) {
		return
	}
	switch s.result.Reason {
	case domain.ReasonRecognised:
		a.visits[s.result.Person] = a.at
	case domain.ReasonUnknown:
		for i := range a.visitors {
			if a.visitors[i].track == s.track.ID {
				a.visitors[i].seen = a.at
			}
		}
	}
}

// prune forgets visits that are over, strangers' vectors above all.
func (a *Analyser) prune() {
	over := func(seen time.Time) bool { return a.at.Sub(seen) >= a.opts.Cooldown }
	a.visitors = slices.DeleteFunc(a.visitors, func(v visitor) bool {
		if over(v.seen) {
			clear(v.vector)
			return true
		}
		return false
	})
	a.denials = slices.DeleteFunc(a.denials, func(d denial) bool {
		if over(d.seen) {
			clear(d.vector)
			return true
		}
		return false
	})
	for id, t := range a.visits {
		if over(t) {
			delete(a.visits, id)
		}
	}
}

// visitingAt tells that somebody decided was here a moment before: a track that
// then begins and stays undecided is the end of their visit.
func (a *Analyser) visitingAt(begin time.Time) bool {
	const moment = 3 * time.Second
	for _, at := range a.visits {
		if begin.Sub(at) < moment {
			return true
		}
	}
	for _, v := range a.visitors {
		if begin.Sub(v.seen) < moment {
			return true
		}
	}
	return false
}
