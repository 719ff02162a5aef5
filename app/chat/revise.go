package chat

import (
	"math"
	"slices"

	"agentid/app/chat/faq"
	"agentid/app/chat/lexicon"
	"agentid/app/domain"
)

// maxRevised is how many topics Revise learns anew beside what is known; of
// more, a new engine is as fast and better.
const maxRevised = 12

// Revise makes an engine of other entries, by what this one has learnt: what
// was read is not read again, and only topics that are asked otherwise are
// learnt, beside all others as they are. It takes a quarter of the time of New,
// or less where only answers differ, and finds nearly what New would find of the
// same entries, which should follow it.
// Entries are taken as with Options.Partial.
func (e *Engine) Revise(es, en []faq.Entry) (*Engine, error) {
	o := e.options
	o.Partial = true
	from := e
	if e.differs(es, en) > maxRevised {
		from = nil
	}
	n, err := newEngine(es, en, o, from)
	if err != nil {
		return nil, err
	}
	n.tuning = e.tuning
	return n, nil
}

// written is a question as it stands somewhere; the language is empty where
// nobody told it.
type written struct {
	text string
	lang domain.Lang
}

// reading is what a question says.
type reading struct {
	lang  domain.Lang
	slots []lexicon.Slot
}

// reading reads a question, unless it was read for another engine.
func (e *Engine) reading(q string, l domain.Lang, from *Engine) reading {
	w := written{q, l}
	if r, ok := e.read[w]; ok {
		return r
	}
	r, ok := reading{}, false
	if from != nil {
		r, ok = from.read[w]
	}
	if !ok {
		if r.lang = l; l == "" {
			r.lang = e.vocab.Guess(q, "")
		}
		r.slots = e.vocab.Analyse(q, r.lang, lexicon.AsWritten)
	}
	e.read[w] = r
	return r
}

// guessed is the language that a question was taken to be in.
func (e *Engine) guessed(q string) (domain.Lang, bool) {
	if e == nil {
		return "", false
	}
	r, ok := e.read[written{q, ""}]
	return r.lang, ok
}

// asked is how a topic is asked, in the languages there are.
func asked(entry map[domain.Lang]*faq.Entry) (out [2][]string) {
	for i, l := range []domain.Lang{domain.Spanish, domain.English} {
		if x := entry[l]; x != nil {
			out[i] = x.Questions()
		}
	}
	return out
}

func sameAsked(a, b [2][]string) bool { return slices.Equal(a[0], b[0]) && slices.Equal(a[1], b[1]) }

// differs counts the topics that are asked otherwise in these entries.
func (e *Engine) differs(es, en []faq.Entry) (n int) {
	now := map[string][2][]string{}
	for i, set := range [][]faq.Entry{es, en} {
		for _, x := range set {
			q := now[x.ID]
			q[i] = x.Questions()
			now[x.ID] = q
		}
	}
	for id, q := range now {
		if t, ok := e.byID[id]; !ok || !sameAsked(asked(e.topics[t].entry), q) {
			n++
		}
	}
	for id := range e.byID {
		if _, ok := now[id]; !ok {
			n++
		}
	}
	return n
}

// since tells which topic of another engine each of this one is, -1 for one that
// is not there or is asked otherwise; the last is what is outside.
func (e *Engine) since(from *Engine) []int {
	out := make([]int, len(e.topics)+1)
	for t, x := range e.topics {
		old, ok := from.byID[x.id]
		if !ok || !sameAsked(asked(x.entry), asked(from.topics[old].entry)) {
			old = -1
		}
		out[t] = old
	}
	out[len(e.topics)] = len(from.topics)
	return out
}

// askedAs tells that the topics are those of another engine, asked alike.
func (e *Engine) askedAs(from *Engine) bool {
	for t, old := range e.since(from) {
		if old != t {
			return false
		}
	}
	return true
}

// newIDs tells which old id each new one had, -1 for none.
func newIDs(now, old map[string]int32) []int32 {
	out := make([]int32, len(now))
	for key, k := range now {
		was, ok := old[key]
		if !ok {
			was = -1
		}
		out[k] = was
	}
	return out
}

// relearn is a model with topics as they were in another, and the others learnt
// beside them. features tells which feature each was, and since which topic.
func relearn(from *linear, examples []example, features []int32, since []int, topics int) *linear {
	now := make([]int32, 0, topics) // the new number of an old topic, -1 for none
	fresh := make([]bool, topics)
	var learnt []int // those that are fresh
	for t, old := range since {
		if old < 0 {
			fresh[t], learnt = true, append(learnt, t)
			continue
		}
		for len(now) <= old {
			now = append(now, -1)
		}
		now[old] = int32(t)
	}
	m := &linear{rows: make([][]cell, len(features)), wide: make([]bool, len(features))}
	for k, old := range features {
		if old < 0 {
			continue
		}
		m.wide[k] = from.wide[old]
		row := make([]cell, 0, len(from.rows[old])+1)
		for _, c := range from.rows[old] {
			if int(c.topic) < len(now) && now[c.topic] >= 0 {
				c.topic = now[c.topic]
				row = append(row, c)
			}
		}
		m.rows[k] = row
	}
	if len(learnt) == 0 {
		m.epochs = from.epochs
		return m
	}
	// The others stay as they are: all that counts of them is their sum.
	rest := make([]float64, len(examples))
	logits := make([]float64, topics)
	others := float64(len(since) - len(learnt))
	var touched []int32
	for n, e := range examples {
		touched = m.score(e, logits, touched[:0])
		rest[n] = others - float64(len(touched)) // those that nothing touches have 0
		for _, t := range touched {
			rest[n] += math.Exp(logits[t])
			logits[t] = 0
		}
	}
	part := &linear{rows: make([][]cell, len(features))}
	for _, e := range examples {
		if !fresh[e.topic] {
			continue
		}
		for _, k := range e.ids {
			if !m.wide[k] && part.cell(k, e.topic) == nil {
				part.rows[k] = append(part.rows[k], cell{topic: int32(e.topic)})
			}
		}
	}
	for n := range shuffled(from.epochs, len(examples)) {
		e := examples[n]
		part.logits(e.numbers, logits)
		sum := rest[n]
		for _, t := range learnt {
			sum += math.Exp(logits[t])
		}
		for _, t := range learnt {
			logits[t] = math.Exp(logits[t]) / sum
		}
		if fresh[e.topic] {
			logits[e.topic]--
		}
		part.correct(e, logits)
		for _, t := range learnt {
			logits[t] = 0
		}
	}
	for k, row := range part.rows {
		m.rows[k] = append(m.rows[k], row...)
	}
	m.epochs = from.epochs
	return m
}
