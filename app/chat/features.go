package chat

import (
	"math"

	"agentid/app/chat/lexicon"
)

// feature is a term of a question with its weight.
type feature struct {
	key    string
	weight float64
}

// numbers are features as a model reads them: ids, and their weights.
type numbers struct {
	ids     []int32
	weights []float64
}

// number gives features their ids: those that are not known yet are given the
// next ones, or left out.
func number(fs []feature, ids map[string]int32, grow bool) numbers {
	out := numbers{make([]int32, 0, len(fs)), make([]float64, 0, len(fs))}
	for _, f := range fs {
		k, ok := ids[f.key]
		switch {
		case !ok && !grow:
			continue
		case !ok:
			k = int32(len(ids))
			ids[f.key] = k
		}
		out.ids, out.weights = append(out.ids, k), append(out.weights, f.weight)
	}
	return out
}

// How much parts of a question count.
const (
	lightFactor  = 0.35 // words that say little
	commonFactor = 0.5  // words of everyday life
	pairFactor   = 0.6  // two words side by side
	negateFactor = 0.6
	pastFactor   = 0.5 // the question before, where this one rests on it
)

// aSlot is a slot with what it counts for in this question.
type aSlot struct {
	lexicon.Slot
	factor float64
	past   bool // of the question before
}

// weigh gives each slot its factor; what says nothing is left out.
func weigh(slots []lexicon.Slot, past bool) []aSlot {
	var out []aSlot
	for _, s := range slots {
		a := aSlot{Slot: s, factor: 1, past: past}
		if past {
			a.factor = pastFactor
		}
		switch s.Kind {
		case lexicon.Light:
			a.factor *= lightFactor
		case lexicon.Common:
			a.factor *= commonFactor
		case lexicon.Stop, lexicon.Number:
			if len(s.Terms) == 0 {
				continue
			}
			a.factor *= lightFactor
		}
		out = append(out, a)
	}
	return out
}

// features lists what the linear model reads in a question: each meaning, those
// that are negated, and neighbours; of length 1 together.
func features(slots []aSlot) []feature {
	at := map[string]int{}
	var out []feature
	add := func(key string, w float64) {
		if i, ok := at[key]; ok {
			out[i].weight = max(out[i].weight, w)
			return
		}
		at[key] = len(out)
		out = append(out, feature{key, w})
	}
	last := -1
	for i, s := range slots {
		for _, t := range s.Terms {
			add(t.Key, s.factor*t.Weight)
			if s.Negated {
				add("!"+t.Key, s.factor*t.Weight*negateFactor)
			}
		}
		if len(s.Terms) == 0 {
			continue
		}
		if last >= 0 && slots[last].past == s.past {
			p := slots[last]
			add(mainKey(p)+"+"+mainKey(s), pairFactor*math.Min(p.factor, s.factor))
		}
		last = i
	}
	sum := 0.0
	for _, f := range out {
		sum += f.weight * f.weight
	}
	if sum > 0 {
		n := 1 / math.Sqrt(sum)
		for i := range out {
			out[i].weight *= n
		}
	}
	return out
}

// mainKey is the broadest meaning of a slot: its first concept, else its stem.
func mainKey(s aSlot) string {
	for _, t := range s.Terms {
		if t.Key[0] == '=' {
			return t.Key
		}
	}
	return s.Terms[0].Key
}
