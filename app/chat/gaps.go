package chat

import (
	"cmp"
	"math"
	"slices"
	"time"

	"agentid/app/chat/lexicon"
	"agentid/app/domain"
)

// Gap is something that visitors ask and no answer serves.
type Gap struct {
	Label      string      // the question that stands for the others
	Lang       domain.Lang // of the label
	Count      int
	Unanswered int
	Disliked   int
	Topic      string   // the answer that was disliked most; empty where none was
	Examples   []string // newest first
	Newest     time.Time
}

// Bounds of a gap board.
const (
	maxGapExchanges = 5000
	maxExamples     = 10
	gapLikeness     = 0.33
)

// isGap tells whether an exchange shows that an answer lacks.
func isGap(x Exchange) bool {
	if x.Feedback == Disliked {
		return true
	}
	switch x.Outcome {
	case OutcomeLost, OutcomeSuggested:
		return true
	case OutcomeHandoff:
		return x.Topic != TopicHuman // lost, not asked for
	}
	return false
}

// Gaps clusters the questions that were not answered, or whose answer did not
// help, the most frequent first.
func (e *Engine) Gaps(exchanges []Exchange) []Gap {
	var open []Exchange
	for _, x := range exchanges {
		if isGap(x) {
			open = append(open, x)
		}
	}
	slices.SortStableFunc(open, func(a, b Exchange) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
	open = open[:min(len(open), maxGapExchanges)]
	type member struct {
		Exchange
		v map[string]float64
	}
	type cluster struct {
		sum     map[string]float64
		norm    float64
		members []member
	}
	var clusters []*cluster
	for _, x := range open {
		v := e.vector(x.Question, x.Lang)
		var home *cluster
		best := gapLikeness
		for _, c := range clusters {
			if like := dot(v, c.sum) / c.norm; like >= best {
				home, best = c, like
			}
		}
		if home == nil {
			home = &cluster{sum: map[string]float64{}}
			clusters = append(clusters, home)
		}
		home.members = append(home.members, member{x, v})
		for k, w := range v {
			home.sum[k] += w
		}
		home.norm = math.Max(1e-9, math.Sqrt(dot(home.sum, home.sum)))
	}
	var out []Gap
	for _, c := range clusters {
		g := Gap{Count: len(c.members), Newest: c.members[0].At}
		disliked := map[string]int{}
		nearest := -1.0
		seen := map[string]bool{}
		for _, m := range c.members {
			if m.Feedback == Disliked {
				g.Disliked++
				disliked[m.Topic]++
				if n, most := disliked[m.Topic], disliked[g.Topic]; g.Topic == "" || n > most {
					g.Topic = m.Topic
				}
			} else {
				g.Unanswered++
			}
			if like := dot(m.v, c.sum); like > nearest+1e-9 {
				nearest, g.Label, g.Lang = like, m.Question, m.Lang
			}
			if form := SameQuestion(m.Question); !seen[form] && len(g.Examples) < maxExamples {
				seen[form] = true
				g.Examples = append(g.Examples, m.Question)
			}
		}
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b Gap) int {
		return cmp.Or(b.Count-a.Count, b.Newest.Compare(a.Newest), cmp.Compare(a.Label, b.Label))
	})
	return out
}

// vector is what a question is about, of length 1.
func (e *Engine) vector(question string, l domain.Lang) map[string]float64 {
	if l == "" {
		l = e.vocab.Guess(question, "")
	}
	q, _ := cut(question)
	v := map[string]float64{}
	for _, s := range weigh(e.vocab.Analyse(q, l, lexicon.Mending), false) {
		if len(s.Terms) > 0 {
			v[mainKey(s)] = math.Max(v[mainKey(s)], e.index.weight(s))
		}
	}
	if n := math.Sqrt(dot(v, v)); n > 0 {
		for k := range v {
			v[k] /= n
		}
	}
	return v
}

func dot(a, b map[string]float64) float64 {
	if len(b) < len(a) {
		a, b = b, a
	}
	// Summed in a fixed order, so that a board is always the same.
	keys := make([]string, 0, len(a))
	for k := range a {
		if _, ok := b[k]; ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	sum := 0.0
	for _, k := range keys {
		sum += a[k] * b[k]
	}
	return sum
}
