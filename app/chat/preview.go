package chat

import (
	"errors"
	"fmt"
	"slices"

	"agentid/app/chat/faq"
	"agentid/app/domain"
)

// Draft is an entry that staff wrote, new or in place of the one with its id,
// in one language or both.
type Draft struct{ ES, EN *faq.Entry }

func (d Draft) id() (string, error) {
	switch {
	case d.ES == nil && d.EN == nil:
		return "", errors.New("draft: no entry")
	case d.ES != nil && d.EN != nil && d.ES.ID != d.EN.ID:
		return "", fmt.Errorf("draft: ids %q and %q differ", d.ES.ID, d.EN.ID)
	case d.ES != nil:
		return d.ES.ID, nil
	}
	return d.EN.ID, nil
}

// Move is a past question that a draft would answer otherwise.
type Move struct {
	Question   string
	Lang       domain.Lang
	From, To   string // topics; empty where none answers
	Confidence float64
	Count      int // how often it was asked
}

// Preview is what a draft would change.
type Preview struct {
	// Takes are questions that nothing answered, or not well, and the draft would.
	Takes []Move
	// Steals are questions that another topic answered well, and the draft
	// would take from it.
	Steals []Move
	// Loses are questions that the topic answers now, and would no more.
	Loses []Move
}

// maxPreview bounds the questions that a preview asks again.
const maxPreview = 5000

// Preview tells which past questions a draft would take, and from whom.
func (e *Engine) Preview(d Draft, past []Exchange) (Preview, error) {
	id, err := d.id()
	if err != nil {
		return Preview{}, err
	}
	next, err := e.with(d)
	if err != nil {
		return Preview{}, fmt.Errorf("draft: %w", err)
	}
	type asked struct {
		Exchange
		count    int
		disliked bool
	}
	at := map[string]int{}
	var qs []asked
	for _, x := range past[max(0, len(past)-maxPreview):] {
		if x.Outcome == OutcomeTalk || x.Outcome == OutcomeChosen {
			continue
		}
		form := SameQuestion(x.Question)
		if i, ok := at[form]; ok {
			qs[i].count++
			qs[i].disliked = qs[i].disliked || x.Feedback == Disliked
			continue
		}
		at[form] = len(qs)
		qs = append(qs, asked{x, 1, x.Feedback == Disliked})
	}
	var p Preview
	for _, q := range qs {
		c := Context{Lang: q.Lang}
		before, after := e.Ask(c, q.Question), next.Ask(c, q.Question)
		from := "" // what answered it then, and well
		if q.Outcome == OutcomeAnswered && !q.disliked {
			from = q.Topic
		}
		m := Move{q.Question, after.Lang, from, after.ID, after.Confidence, q.count}
		switch {
		case after.ID == id && from != id:
			if from == "" {
				p.Takes = append(p.Takes, m)
			} else {
				p.Steals = append(p.Steals, m)
			}
		case before.ID == id && after.ID != id:
			m.From = id
			p.Loses = append(p.Loses, m)
		}
	}
	for _, ms := range [][]Move{p.Takes, p.Steals, p.Loses} {
		slices.SortStableFunc(ms, func(a, b Move) int { return b.Count - a.Count })
	}
	return p, nil
}

// with is an engine with a draft in place.
func (e *Engine) with(d Draft) (*Engine, error) {
	entries := func(l domain.Lang, draft *faq.Entry) []faq.Entry {
		var out []faq.Entry
		put := false
		for _, t := range e.topics {
			old := t.entry[l]
			switch {
			case draft != nil && t.id == draft.ID:
				out, put = append(out, *draft), true
			case old != nil:
				out = append(out, *old)
			}
		}
		if draft != nil && !put {
			out = append(out, *draft)
		}
		return out
	}
	return e.Revise(entries(domain.Spanish, d.ES), entries(domain.English, d.EN))
}
