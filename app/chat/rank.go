package chat

import (
	"math"
	"slices"

	"agentid/app/chat/lexicon"
)

// candidate is a topic that may be meant.
type candidate struct {
	topic      int
	signals    [signals]float64
	score      float64
	share      float64 // of the belief among all candidates
	confidence float64 // of the first alone
	evidence   [evidences]float64
}

// What speaks for a topic.
const (
	sigLinear   = iota // the learnt model's log-odds
	sigBM25            // BM25F, as part of the most it could be
	sigPhrasing        // likeness to its nearest phrasing, by meaning
	sigSecond          // and to the second nearest
	sigLetters         // a learnt model's log-odds, by letters
	sigGrams           // likeness to its nearest phrasing, by letters
	sigCover           // part of the question that its questions know
	signals
)

// What speaks for having understood at all.
const (
	evOne      = iota
	evShare    // of the first
	evMargin   // of score, to the second
	evPhrasing // signals of the first
	evGrams
	evCover
	evBM25
	evLinear
	evUnknown // part of the question that nobody knows
	evLetters
	evForeign   // part of the question that is of other matters
	evCommon    // part of the question that is of everyday life
	evWords     // how many words say something
	evTyped     // part of the words that were mended
	evMass      // how much of the question its questions know, in all
	evLong      // whether it is a long story
	evOutLinear // signals of what is outside, over those of the first
	evOutLetters
	evOutPhrasing
	evOutGrams
	evidences
)

// maxCandidates is how many topics are looked at closely.
const maxCandidates = 12

// scratch is the working memory of one question.
type scratch struct {
	logits, bm, cover    []float64 // by topic
	letters              []float64
	slotBM, slotCover    []float64
	ask, slotAsk, letter []float64 // by phrasing
	near, second, gram   []float64 // by topic
}

func (e *Engine) borrow() *scratch {
	select {
	case s := <-e.scratch:
		return s
	default:
	}
	n, p := len(e.topics)+1, len(e.index.phrasings) // and what is outside
	f := func(n int) []float64 { return make([]float64, n) }
	return &scratch{f(n), f(n), f(n), f(n), f(n), f(n), f(p), f(p), f(p), f(n), f(n), f(n)}
}

func (e *Engine) giveBack(s *scratch) {
	for _, v := range [][]float64{s.logits, s.letters, s.bm, s.cover, s.slotBM, s.slotCover, s.ask, s.slotAsk, s.letter, s.near, s.second, s.gram} {
		clear(v)
	}
	select {
	case e.scratch <- s:
	default:
	}
}

// rank finds the topics of a question, the likeliest first, those of the
// question before being read with it.
func (e *Engine) rank(slots, past []lexicon.Slot) []candidate {
	ws := append(weigh(past, true), weigh(slots, false)...)
	if len(ws) == 0 {
		return nil
	}
	s := e.borrow()
	defer e.giveBack(s)
	e.linear.logits(number(features(ws), e.meaning, false), s.logits)
	total, most, norm := e.terms(ws, s)
	if total == 0 {
		return nil
	}
	rs := runs(append(slices.Clone(past), slots...))
	e.grams.match(rs, s.letter)
	e.letters.logits(e.grams.features(rs), s.letters)
	for p := range e.index.phrasings {
		ph := &e.index.phrasings[p]
		like := 0.0
		if ph.norm > 0 {
			like = s.ask[p] / (ph.norm * norm)
		}
		switch {
		case like > s.near[ph.topic]:
			s.near[ph.topic], s.second[ph.topic] = like, s.near[ph.topic]
		case like > s.second[ph.topic]:
			s.second[ph.topic] = like
		}
		s.gram[ph.topic] = max(s.gram[ph.topic], s.letter[p])
	}
	cs := make([]candidate, 0, maxCandidates+1)
	var outside candidate
	for t := range len(e.topics) + 1 {
		c := candidate{topic: t}
		c.signals = [signals]float64{
			sigLinear:   s.logits[t] / 10,
			sigBM25:     s.bm[t] / most,
			sigPhrasing: s.near[t],
			sigSecond:   s.second[t],
			sigLetters:  s.letters[t] / 10,
			sigGrams:    s.gram[t],
			sigCover:    s.cover[t] / total,
		}
		for i, w := range e.tuning.rank {
			c.score += w * c.signals[i]
		}
		if t == len(e.topics) {
			outside = c
			break
		}
		// The best few are kept in order; of equals the first.
		if len(cs) == maxCandidates && c.score <= cs[maxCandidates-1].score {
			continue
		}
		at := len(cs)
		for at > 0 && cs[at-1].score < c.score {
			at--
		}
		cs = slices.Insert(cs, at, c)
		cs = cs[:min(len(cs), maxCandidates)]
	}
	believe(cs)
	cs[0].evidence = e.evidence(cs, outside, ws)
	z := 0.0
	for i, w := range e.tuning.confidence {
		z += w * cs[0].evidence[i]
	}
	cs[0].confidence = 1 / (1 + math.Exp(-z))
	return cs
}

// terms walks the index for every slot: a slot counts once for a topic, by its
// best reading. It returns the weight of all slots, the most that BM25 could
// be, and the length of the question.
func (e *Engine) terms(ws []aSlot, s *scratch) (total, most, norm float64) {
	ix := e.index
	var topics, asked []int32
	for _, w := range ws {
		weight := ix.weight(w)
		norm += weight * weight
		total += weight
		topics, asked = topics[:0], asked[:0]
		top := 0.0
		for _, t := range w.Terms {
			k, ok := ix.id[t.Key]
			if !ok {
				continue
			}
			idf := ix.idf[k] * w.factor * t.Weight
			top = max(top, idf)
			for _, h := range ix.byTopic[k] {
				if s.slotBM[h.topic] == 0 {
					topics = append(topics, h.topic)
				}
				tf := float64(h.tf)
				s.slotBM[h.topic] = max(s.slotBM[h.topic], idf*tf*(bmK+1)/(tf+bmK), 1e-12)
				part := t.Weight
				if !h.asked {
					part *= 0.4
				}
				s.slotCover[h.topic] = max(s.slotCover[h.topic], part)
			}
			for _, h := range ix.byAsked[k] {
				if s.slotAsk[h.phrasing] == 0 {
					asked = append(asked, h.phrasing)
				}
				s.slotAsk[h.phrasing] = max(s.slotAsk[h.phrasing], weight*t.Weight*float64(h.weight), 1e-12)
			}
		}
		if top == 0 {
			top = weight
		}
		most += top * (bmK + 1)
		for _, t := range topics {
			s.bm[t] += s.slotBM[t]
			s.cover[t] += weight * s.slotCover[t]
			s.slotBM[t], s.slotCover[t] = 0, 0
		}
		for _, p := range asked {
			s.ask[p] += s.slotAsk[p]
			s.slotAsk[p] = 0
		}
	}
	return total, most, math.Sqrt(norm)
}

// believe parts belief among candidates.
func believe(cs []candidate) {
	sum := 0.0
	for i := range cs {
		cs[i].share = math.Exp(cs[i].score - cs[0].score)
		sum += cs[i].share
	}
	for i := range cs {
		cs[i].share /= sum
	}
}

// evidence gathers what speaks for the first candidate being right.
func (e *Engine) evidence(cs []candidate, outside candidate, ws []aSlot) (ev [evidences]float64) {
	first := cs[0]
	ev[evOne] = 1
	ev[evShare] = first.share
	if len(cs) > 1 {
		ev[evMargin] = min(1, (first.score-cs[1].score)/5)
	} else {
		ev[evMargin] = 1
	}
	ev[evPhrasing] = first.signals[sigPhrasing]
	ev[evGrams] = first.signals[sigGrams]
	ev[evCover] = first.signals[sigCover]
	ev[evBM25] = first.signals[sigBM25]
	ev[evLetters] = first.signals[sigLetters]
	ev[evLinear] = first.signals[sigLinear]
	all, unknown, foreign, common, mended, words := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
	for _, w := range ws {
		weight := e.index.weight(w)
		all += weight
		switch w.Kind {
		case lexicon.Unknown:
			unknown += weight
		case lexicon.Foreign:
			foreign += weight
		case lexicon.Common:
			common += weight
		case lexicon.Plain:
			words += w.factor
			if w.Mended {
				mended += weight
			}
		}
	}
	if all > 0 {
		ev[evUnknown] = unknown / all
		ev[evForeign] = foreign / all
		ev[evCommon] = common / all
		ev[evTyped] = mended / all
	}
	ev[evWords] = min(1, words/4)
	ev[evLong] = min(1, max(0, words-6)/10)
	ev[evMass] = min(1, first.signals[sigCover]*all/(5*e.index.idfMax))
	ev[evOutLinear] = max(-1, min(1, outside.signals[sigLinear]-first.signals[sigLinear]))
	ev[evOutLetters] = max(-1, min(1, outside.signals[sigLetters]-first.signals[sigLetters]))
	ev[evOutPhrasing] = outside.signals[sigPhrasing] - first.signals[sigPhrasing]
	ev[evOutGrams] = outside.signals[sigGrams] - first.signals[sigGrams]
	return ev
}
