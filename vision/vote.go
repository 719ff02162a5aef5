package vision

import "agentid/app/domain"

// Rules say when a track is decided.
type Rules struct {
	Threshold float64 // distance at or below which a person matches
	Margin    float64 // by which the second person must be farther
	// Votes that must agree on a person, and on "unknown", which takes more:
	// the first frames of somebody walking in are their worst.
	Votes, UnknownVotes int
	// MaxVotes without agreement make the track undecided.
	MaxVotes int
}

// voteWindow is how many of the newest votes count.
const voteWindow = 9

// agreement is the share of the window's weight that the outcome must hold.
const agreement = 0.65

// vote is what one encoded frame says. A frame whose margin is too small votes
// for nobody, and so against everybody.
type vote struct {
	person    domain.PersonID // "" for unknown
	ambiguous bool
	weight    float64
	match     Match
}

// cast turns a match into a vote.
func (r Rules) cast(m Match, quality float64) vote {
	v := vote{weight: quality, match: m}
	switch {
	case m.Person == "" || m.Distance > r.Threshold:
	case m.Second-m.Distance < r.Margin:
		v.ambiguous = true
	default:
		v.person = m.Person
	}
	return v
}

// ballot collects the votes of one track.
type ballot struct {
	votes []vote // the newest voteWindow
	total int
}

func (b *ballot) add(v vote) {
	b.total++
	if len(b.votes) == voteWindow {
		b.votes = append(b.votes[:0], b.votes[1:]...)
	}
	b.votes = append(b.votes, v)
}

// outcome of a ballot; reason is empty while it is open.
type outcome struct {
	reason domain.Reason
	person domain.PersonID
	best   vote // the nearest vote for the outcome
	votes  int
}

// count applies the rules. A tie between two people decides nothing.
func (b *ballot) count(r Rules) outcome {
	type tally struct {
		n      int
		weight float64
		best   vote
	}
	tallies := map[domain.PersonID]*tally{}
	var all float64
	for _, v := range b.votes {
		all += v.weight
		if v.ambiguous {
			continue
		}
		t := tallies[v.person]
		if t == nil {
			t = &tally{best: v}
			tallies[v.person] = t
		}
		t.n++
		t.weight += v.weight
		if v.match.Distance < t.best.match.Distance {
			t.best = v
		}
	}
	for person, t := range tallies {
		need, reason := r.Votes, domain.ReasonRecognised
		if person == "" {
			need, reason = r.UnknownVotes, domain.ReasonUnknown
		}
		if t.n >= need && t.weight >= agreement*all { // over half: at most one can
			return outcome{reason, person, t.best, t.n}
		}
	}
	if b.total >= r.MaxVotes && len(b.votes) > 0 {
		return outcome{reason: domain.ReasonUndecided, best: b.votes[len(b.votes)-1], votes: len(b.votes)}
	}
	return outcome{}
}
