package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
)

// gapDays is of how many days the gap board tells.
const gapDays = 90

// faqDesk is the questions and answers as staff look after them.
type faqDesk struct {
	book *faqBook
	asks domain.ChatLog
	gaps *gapBoard
}

var _ kiosk.FAQDesk = faqDesk{}

// gapBoard is the gap board as it was made last: on a busy kiosk it takes a
// while, and staff turn its pages.
type gapBoard struct {
	mu     sync.Mutex
	engine *chat.Engine
	last   string // the newest exchange
	count  int
	list   []chat.Gap
}

// Topics implements kiosk.FAQDesk.
func (d faqDesk) Topics(ctx context.Context, lang domain.Lang) ([]kiosk.TopicInfo, error) {
	f, err := d.book.inForce(ctx)
	if err != nil {
		return nil, err
	}
	return f.layers.topics(lang), nil
}

// inForce is what is in force, whatever was wrong with the files.
func (b *faqBook) inForce(ctx context.Context) (*faqInForce, error) {
	f, err := b.open(ctx)
	if f == nil {
		return nil, err
	}
	return f, nil
}

// Notes implements kiosk.FAQDesk.
func (d faqDesk) Notes(_ context.Context, lang domain.Lang) (out []string, err error) {
	if f := d.book.now.Load(); f != nil {
		for _, r := range f.layers.refused {
			out = append(out, r.brief(lang))
		}
	}
	return out, nil
}

// SaveTopic implements kiosk.FAQDesk.
func (d faqDesk) SaveTopic(ctx context.Context, t kiosk.TopicInfo) (kiosk.TopicSaved, error) {
	var saved kiosk.TopicSaved
	err := d.book.edit(ctx, func(f *faqInForce) (faqLayers, func() error, error) {
		y, sets := f.layers, f.layers.sets()
		old, here := entryOf(t.ID, sets[t.Lang])
		twin, there := entryOf(t.ID, sets[otherLang(t.Lang)])
		switch {
		case t.ID != "" && !here && !there:
			return y, nil, domain.ErrNotFound
		case here && t.Seen != hashOf(old), !here && t.Seen != "":
			return y, nil, domain.ErrEdited
		case !here && len(sets[t.Lang]) >= faq.MaxEntries:
			return y, nil, kiosk.TopicProblems{"title": faq.TooMany().Says(t.Lang)}
		}
		if !here {
			old = twin
		}
		entry, err := entryWritten(t, old, sets[t.Lang])
		if err != nil {
			return y, nil, err
		}
		if t.ID == "" {
			entry.ID = y.newTopic(entry.Title)
		}
		saved = kiosk.TopicSaved{ID: entry.ID, Lent: !there}
		last := y.version(t.Lang, entry.ID)
		base, over := entryOf(entry.ID, y.bases()[t.Lang])
		if over && hashOf(base) == hashOf(entry) { // as it was before the branch changed it
			return y.without(entry.ID, t.Lang), func() error {
				if last == 0 {
					return nil
				}
				return d.book.store.DropFAQEdit(ctx, entry.ID, t.Lang)
			}, nil
		}
		e := faqEdit{domain.FAQEdit{
			Lang: t.Lang, Topic: entry.ID, Version: last, Text: string(faq.Format([]faq.Entry{entry})), At: d.book.c.clock.Now(),
		}, entry}
		if over {
			e.Base = hashOf(base)
		}
		// What is put in force has to know the version that it is kept as.
		next := e
		next.Version++
		return y.with(next), func() error {
			_, err := d.book.store.SaveFAQEdit(ctx, e.FAQEdit)
			return err
		}, nil
	})
	return saved, err
}

// entryWritten is the entry of what staff wrote, checked in itself and against
// the others of its language.
func entryWritten(t kiosk.TopicInfo, old faq.Entry, others []faq.Entry) (faq.Entry, error) {
	d := faq.Draft{
		ID: t.ID, Category: t.Category, Related: old.Related, Title: t.Title, Ways: t.Questions, First: t.First, Answer: t.Answer,
	}
	if d.ID == "" {
		d.ID = newTopicDraft
	}
	e, err := d.Entry()
	var faults faq.Faults
	if err != nil && !errors.As(err, &faults) {
		return e, err
	}
	if faults == nil {
		faults = faq.Faults{}
		claimed := map[string]string{}
		for _, o := range others {
			if o.ID != t.ID {
				for _, q := range o.Questions() {
					claimed[chat.SameQuestion(q)] = o.Title
				}
			}
		}
		for i, q := range e.Questions() {
			title, ok := claimed[chat.SameQuestion(q)]
			field := faq.FieldWays
			if i == 0 {
				field = faq.FieldTitle
			}
			if _, told := faults[field]; ok && !told {
				faults[field] = faq.AsksAlready(q, title)
			}
		}
	}
	if len(faults) == 0 {
		return e, nil
	}
	names := map[faq.Field]string{
		faq.FieldTitle: "title", faq.FieldWays: "questions", faq.FieldAnswer: "answer", faq.FieldFirst: "first", faq.FieldCategory: "category",
	}
	ps := kiosk.TopicProblems{}
	for field, p := range faults {
		ps[names[field]] = sentence(p.Says(t.Lang))
	}
	return e, ps
}

// sentence is a text with a capital and a full stop.
func sentence(s string) string {
	for i, r := range s {
		s = strings.ToUpper(string(r)) + s[i+len(string(r)):]
		break
	}
	return strings.TrimSuffix(s, ".") + "."
}

// newTopicPrefix begins the ids of the branch's own topics, so that none is ever
// that of a topic of the centre or of the program.
const newTopicPrefix = "branch_"

// newTopicDraft is the id of one that has none yet.
const newTopicDraft = "branch"

// newTopic makes an id of a title.
func (y faqLayers) newTopic(title string) string {
	const most = 40
	words := strings.Fields(strings.ReplaceAll(chat.SameQuestion(title), "ñ", "n"))
	if len(words) == 0 { // of another script
		words = []string{"topic"}
	}
	id := newTopicPrefix + strings.Join(words, "_")
	id = strings.TrimRight(id[:min(len(id), most)], "_")
	taken := func(id string) bool {
		for _, l := range faqLangs {
			if _, ok := y.edits[l][id]; ok {
				return true
			}
			if _, ok := entryOf(id, y.base[l].entries); ok {
				return true
			}
		}
		return false
	}
	for n, next := 2, id; ; n++ {
		if !taken(next) {
			return next
		}
		next = fmt.Sprintf("%s_%d", id, n)
	}
}

// RemoveTopic implements kiosk.FAQDesk.
func (d faqDesk) RemoveTopic(ctx context.Context, lang domain.Lang, id string) error {
	return d.book.edit(ctx, func(f *faqInForce) (faqLayers, func() error, error) {
		y := f.layers
		langs := faqLangs[:]
		for _, l := range faqLangs {
			if _, ok := entryOf(id, y.bases()[l]); ok {
				langs = []domain.Lang{lang} // what is under the edit stays
			}
		}
		had := false
		for _, l := range langs {
			had = had || y.version(l, id) != 0
		}
		if !had {
			return y, nil, domain.ErrNotFound
		}
		return y.without(id, langs...), func() error { return d.book.store.DropFAQEdit(ctx, id, langs...) }, nil
	})
}

// TryQuestion implements kiosk.FAQDesk.
func (d faqDesk) TryQuestion(ctx context.Context, lang domain.Lang, question string, draft *kiosk.TopicInfo) ([]kiosk.TopicMatch, error) {
	f, err := d.book.inForce(ctx)
	if err != nil {
		return nil, err
	}
	e := f.engine
	if draft != nil {
		sets := f.layers.sets()
		old, ok := entryOf(draft.ID, sets[lang])
		if !ok {
			old, _ = entryOf(draft.ID, sets[otherLang(lang)])
		}
		entry, err := entryWritten(*draft, old, sets[lang])
		if err != nil {
			return nil, err
		}
		if e, err = d.book.draftEngine(f, lang, entry); err != nil {
			return nil, err
		}
	}
	reply, found := e.Find(chat.Context{Lang: lang}, question)
	var out []kiosk.TopicMatch
	for _, m := range found {
		answered := m.ID == reply.ID
		if !answered && !slices.Contains(reply.Suggestions, m.ID) {
			continue
		}
		entry, _ := e.Entry(m.ID, reply.Lang)
		out = append(out, kiosk.TopicMatch{Topic: m.ID, Title: entry.Title, Score: m.Score, Answer: answered})
	}
	return out, nil
}

// Gaps implements kiosk.FAQDesk.
func (d faqDesk) Gaps(ctx context.Context, lang domain.Lang) ([]kiosk.GapInfo, error) {
	f, err := d.book.inForce(ctx)
	if err != nil {
		return nil, err
	}
	past, err := d.asks.Exchanges(ctx, d.book.c.clock.Now().AddDate(0, 0, -gapDays), store.MaxExchanges)
	if err != nil {
		return nil, err
	}
	var out []kiosk.GapInfo
	for _, g := range d.gaps.of(f.engine, past) {
		if g.Lang != lang {
			continue
		}
		sum := sha256.Sum256([]byte(g.Label))
		info := kiosk.GapInfo{ID: "gap-" + hex.EncodeToString(sum[:8]), Text: g.Label, Count: g.Count, Last: g.Newest, Examples: g.Examples}
		if e, ok := f.engine.Entry(g.Topic, lang); ok {
			info.Disliked = e.Title
		}
		out = append(out, info)
	}
	return out, nil
}

// of is the board of what was asked.
func (b *gapBoard) of(e *chat.Engine, past []domain.Exchange) []chat.Gap {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := ""
	disliked := 0 // which may come to an exchange later
	for _, x := range past {
		last = x.ID
		if x.Feedback == domain.Disliked {
			disliked++
		}
	}
	if count := len(past) + disliked; b.engine != e || b.last != last || b.count != count {
		list := make([]chat.Exchange, len(past))
		for i, x := range past {
			list[i] = chatExchange(x)
		}
		b.engine, b.last, b.count, b.list = e, last, count, openGaps(e, list)
	}
	return b.list
}

// openGaps is the board without what has an answer by now.
func openGaps(e *chat.Engine, past []chat.Exchange) []chat.Gap {
	return slices.DeleteFunc(e.Gaps(past), func(g chat.Gap) bool {
		return g.Disliked == 0 && !slices.ContainsFunc(g.Examples, func(q string) bool {
			return e.Ask(chat.Context{Lang: g.Lang}, q).ID == ""
		})
	})
}
