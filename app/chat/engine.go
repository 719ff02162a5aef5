package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"agentid/app/chat/faq"
	"agentid/app/chat/lexicon"
	"agentid/app/domain"
)

// TopicHuman is the topic by which a visitor asks for a person.
const TopicHuman = "humano"

// MaxQuestion is how many runes of a question are read; the rest is cut.
const MaxQuestion = 400

// Options change how an Engine is made. The zero value is good.
type Options struct {
	// Lexicon is lexicon.Default where nil.
	Lexicon *lexicon.Lexicon
	// Sure is the confidence from which a topic is answered, Unsure that from
	// which it is suggested; the calibrated ones where zero.
	Sure, Unsure float64

	// Partial takes entries as they are: a topic may be in one language alone,
	// and answers in it whoever asks. Entries of several hands, each checked by
	// itself, are put together so.
	Partial bool
	// leave tells of a line of the lexicon's questions whether it is not learnt.
	leave func(q string) bool
}

// Engine finds the topic of a question. It does not change once made, and may
// be used from any goroutine; new entries make a new Engine.
type Engine struct {
	vocab   *lexicon.Vocabulary
	topics  []topic
	byID    map[string]int
	index   *index
	grams   *grams
	meaning map[string]int32 // ids of what linear reads
	linear  *linear          // by meaning
	letters *linear          // by runs of letters
	tuning  tuning
	options Options
	read    map[written]reading // what was learnt from, for Revise
	scratch chan *scratch
}

// topic is an entry in the languages there are.
type topic struct {
	id    string
	entry map[domain.Lang]*faq.Entry
}

// Context is what is known when a question is asked.
type Context struct {
	// Lang is the language in use; a question in another is answered in its own.
	Lang domain.Lang
	// Previous is the question before, where there was one; a question that
	// rests on it ("¿y si es para mi hijo?") is read with it.
	Previous string
}

// Reply is what an Engine finds.
type Reply struct {
	ID          string  // empty where it would not answer
	Confidence  float64 // 0..1, that the first topic found is the right one
	Suggestions []string
	Handoff     bool // a person is wanted
	Lang        domain.Lang
	Talk        Talk // a greeting or the like, where it is no question
	Cut         bool // the question was too long and read in part
	FollowUp    bool // it was read with the question before
}

// MaxSuggestions is the most that Reply.Suggestions holds.
const MaxSuggestions = 3

// New makes an engine of the entries of both languages. What is wrong with
// them is returned as faq.Problems.
func New(es, en []faq.Entry, o Options) (*Engine, error) {
	if o.Lexicon == nil {
		x, err := lexicon.Default()
		if err != nil {
			return nil, fmt.Errorf("lexicon: %w", err)
		}
		o.Lexicon = x
	}
	return newEngine(es, en, o, nil)
}

// newEngine makes an engine, by what another has learnt where there is one.
func newEngine(es, en []faq.Entry, o Options, from *Engine) (*Engine, error) {
	sets := []faq.Set{{Lang: domain.Spanish, Name: "es.faq", Entries: es}, {Lang: domain.English, Name: "en.faq", Entries: en}}
	if !o.Partial {
		if err := faq.Check(SameQuestion, sets...); err != nil {
			return nil, err
		}
	}
	if len(es)+len(en) == 0 {
		return nil, errors.New("no entries")
	}
	e := &Engine{vocab: lexicon.NewVocabulary(o.Lexicon), byID: map[string]int{}, options: o, tuning: fitted, read: map[written]reading{}}
	for _, s := range sets {
		for i := range s.Entries {
			e.take(s.Lang, &s.Entries[i])
		}
	}
	for _, l := range e.vocab.Languages() {
		for _, q := range o.Lexicon.Outside(l) {
			if o.leave == nil || !o.leave(q) {
				e.vocab.Know(q, l)
			}
		}
	}
	for _, t := range e.topics {
		for _, q := range o.Lexicon.Asked(t.id) {
			if o.leave == nil || !o.leave(q) {
				l, ok := from.guessed(q)
				if !ok {
					l = e.vocab.Guess(q, "")
				}
				e.vocab.Know(q, l)
			}
		}
	}
	e.make(from)
	return e, nil
}

// SameQuestion is a question in the form in which two are the same.
func SameQuestion(q string) string {
	return strings.Join(strings.FieldsFunc(lexicon.Fold(q), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == 'ñ')
	}), " ")
}

// take adds an entry to its topic, and its words to the vocabulary.
func (e *Engine) take(l domain.Lang, entry *faq.Entry) {
	t, ok := e.byID[entry.ID]
	if !ok {
		t = len(e.topics)
		e.byID[entry.ID] = t
		e.topics = append(e.topics, topic{id: entry.ID, entry: map[domain.Lang]*faq.Entry{}})
	}
	e.topics[t].entry[l] = entry
	for _, q := range entry.Questions() {
		e.vocab.Add(q, l)
	}
	e.vocab.Add(answerText(entry), l)
}

// answerText is the answer as words to search.
func answerText(e *faq.Entry) string {
	var b strings.Builder
	b.WriteString(e.First)
	for _, bl := range e.Answer {
		b.WriteString("\n" + bl.Text + "\n" + strings.Join(bl.Steps, "\n"))
	}
	s := b.String()
	for _, p := range faq.Placeholders() {
		s = strings.ReplaceAll(s, "{"+p+"}", " ")
	}
	return s
}

// maxAnswerSlots bounds how much of an answer is indexed.
const maxAnswerSlots = 120

// make builds the indexes once the vocabulary is whole, with what another
// engine has read and learnt where there is one.
func (e *Engine) make(from *Engine) {
	b := newIndexer(len(e.topics))
	outside := len(e.topics)
	var meant [][]feature
	var topics []int
	var texts [][]string
	asBefore := from != nil && e.askedAs(from)
	learnt := func(topic int, q string, l domain.Lang, shown bool) []aSlot {
		r := e.reading(q, l, from)
		ws := weigh(r.slots, false)
		if len(ws) > 0 || shown {
			b.asked(topic, r.lang, ws)
		}
		if !asBefore && (len(ws) > 0 || shown) {
			topics, meant, texts = append(topics, topic), append(meant, features(ws)), append(texts, runs(r.slots))
		}
		return ws
	}
	left := func(q string) bool { return e.options.leave != nil && e.options.leave(q) }
	for t := range e.topics {
		for _, l := range e.vocab.Languages() {
			entry := e.topics[t].entry[l]
			if entry == nil {
				continue
			}
			for i, q := range entry.Questions() {
				field := phrasingField
				if i == 0 {
					field = titleField
				}
				b.field(t, learnt(t, q, l, true), field)
			}
			b.field(t, weigh(e.answerSlots(entry, l), false), answerField)
		}
	}
	// What is asked beside our matters is learnt as one more topic, the last.
	for _, l := range e.vocab.Languages() {
		for _, q := range e.options.Lexicon.Outside(l) {
			if !left(q) {
				learnt(outside, q, l, false)
			}
		}
	}
	for t := range e.topics {
		for _, q := range e.options.Lexicon.Asked(e.topics[t].id) {
			if !left(q) {
				learnt(t, q, "", false)
			}
		}
	}
	e.index = b.build()
	if asBefore {
		e.grams, e.meaning, e.linear, e.letters = from.grams, from.meaning, from.linear, from.letters
	} else {
		e.learn(topics, meant, texts, from)
	}
	e.scratch = make(chan *scratch, 4)
}

// learn makes what is learnt of the questions: by their meanings, and beside
// that by their letters.
func (e *Engine) learn(topics []int, meant [][]feature, texts [][]string, from *Engine) {
	classes := len(e.topics) + 1
	var beside sync.WaitGroup
	beside.Go(func() {
		ids := map[string]int32{}
		examples := make([]example, len(topics))
		for i, fs := range meant {
			examples[i] = example{topics[i], number(fs, ids, true)}
		}
		e.meaning = ids
		if from != nil {
			e.linear = relearn(from.linear, examples, newIDs(ids, from.meaning), e.since(from), classes)
		} else {
			e.linear = learn(examples, len(ids), classes)
		}
	})
	e.grams = newGrams(texts)
	examples := make([]example, len(topics))
	for i, rs := range texts {
		examples[i] = example{topics[i], e.grams.features(rs)}
	}
	if from != nil {
		e.letters = relearn(from.letters, examples, newIDs(e.grams.id, from.grams.id), e.since(from), classes)
	} else {
		e.letters = learn(examples, len(e.grams.id), classes)
	}
	beside.Wait()
}

// answerSlots reads an answer, line by line, up to a bound.
func (e *Engine) answerSlots(entry *faq.Entry, l domain.Lang) []lexicon.Slot {
	var out []lexicon.Slot
	for _, line := range strings.Split(answerText(entry), "\n") {
		out = append(out, e.vocab.Analyse(line, l, lexicon.AsWritten)...)
		if len(out) >= maxAnswerSlots {
			return out[:maxAnswerSlots]
		}
	}
	return out
}

// Entry is the entry of a topic in a language, or in the other where the
// language has none.
func (e *Engine) Entry(id string, l domain.Lang) (faq.Entry, bool) {
	t, ok := e.byID[id]
	if !ok {
		return faq.Entry{}, false
	}
	if entry := e.topics[t].entry[l]; entry != nil {
		return *entry, true
	}
	for _, o := range e.vocab.Languages() {
		if entry := e.topics[t].entry[o]; entry != nil {
			return *entry, true
		}
	}
	return faq.Entry{}, false
}

// Topics lists the ids, in the order of the entries.
func (e *Engine) Topics() []string {
	ids := make([]string, len(e.topics))
	for i, t := range e.topics {
		ids[i] = t.id
	}
	return ids
}

// Guess tells the language of a question.
func (e *Engine) Guess(question string, inUse domain.Lang) domain.Lang {
	q, _ := cut(question)
	return e.vocab.Guess(q, inUse)
}

// Ask finds the topic of a question.
func (e *Engine) Ask(c Context, question string) Reply {
	r, _ := e.ask(c, question)
	return r
}

// Match is how well a topic answers a question.
type Match struct {
	ID    string
	Score float64 // 0..1; of the first its confidence
}

// Find is Ask, and the topics that were looked at, the best first.
func (e *Engine) Find(c Context, question string) (Reply, []Match) {
	r, found := e.ask(c, question)
	var out []Match
	for i, f := range found {
		score := r.Confidence
		if i > 0 {
			score = min(score, f.share)
		}
		out = append(out, Match{e.topics[f.topic].id, score})
	}
	return r, out
}

// ask also tells what was seen, for those that tune and measure.
func (e *Engine) ask(c Context, question string) (Reply, []candidate) {
	question, short := cut(question)
	r := Reply{Lang: e.vocab.Guess(question, c.Lang), Cut: short}
	slots := e.vocab.Analyse(question, r.Lang, lexicon.Mending)
	if r.Talk = smallTalk(slots); r.Talk != NoTalk {
		return r, nil
	}
	found := e.rank(slots, nil)
	if past := e.past(c, r.Lang, question, slots); past != nil {
		with := e.rank(slots, past)
		if leans(question, r.Lang, slots) || best(with) > best(found) && best(found) < e.sure() {
			found, r.FollowUp = with, true
		}
	}
	if len(found) == 0 {
		return r, nil
	}
	r.Confidence = found[0].confidence
	rest := found
	if r.Confidence >= e.sure() {
		r.ID, rest = e.topics[found[0].topic].id, found[1:]
		r.Handoff = r.ID == TopicHuman
	} else if r.Confidence < e.unsure() {
		return r, found
	}
	for _, f := range rest {
		if len(r.Suggestions) == MaxSuggestions || f.share < minShare {
			break
		}
		r.Suggestions = append(r.Suggestions, e.topics[f.topic].id)
	}
	return r, found
}

// minShare is the least part of the belief that a suggestion may have.
const minShare = 0.002

func (e *Engine) sure() float64 {
	if e.options.Sure > 0 {
		return e.options.Sure
	}
	return e.tuning.sure
}

func (e *Engine) unsure() float64 {
	if e.options.Unsure > 0 {
		return e.options.Unsure
	}
	return e.tuning.unsure
}

func best(cs []candidate) float64 {
	if len(cs) == 0 {
		return 0
	}
	return cs[0].confidence
}

// cut keeps the beginning of a long question, up to a word, and tells so.
func cut(q string) (string, bool) {
	if utf8.RuneCountInString(q) <= MaxQuestion {
		return q, false
	}
	n := 0
	for i := range q {
		if n++; n > MaxQuestion {
			q = q[:i]
			break
		}
	}
	if i := strings.LastIndexAny(q, " \n\t"); i > len(q)/2 {
		q = q[:i]
	}
	return q, true
}

// past reads the question before, where this one may rest on it.
func (e *Engine) past(c Context, l domain.Lang, question string, slots []lexicon.Slot) []lexicon.Slot {
	if strings.TrimSpace(c.Previous) == "" {
		return nil
	}
	plain := 0
	for _, s := range slots {
		if s.Kind >= lexicon.Plain {
			plain++
		}
		if s.Kind == lexicon.Foreign {
			return nil // about something else
		}
	}
	if !leans(question, l, slots) && plain > 3 {
		return nil
	}
	prev, _ := cut(c.Previous)
	return e.vocab.Analyse(prev, e.vocab.Guess(prev, l), lexicon.Mending)
}

// leaning holds how a question begins that rests on the one before.
var leaning = map[domain.Lang][]string{
	domain.Spanish: {"y", "e", "pero", "entonces", "tambien", "o", "ok y", "bueno y", "ah y", "pero y", "eso", "lo mismo", "igual", "aparte"},
	domain.English: {"and", "what about", "how about", "but", "also", "or", "then", "so", "ok and", "does that", "is that", "what if", "and what", "same"},
}

// leans tells whether a question rests on the one before by how it begins.
func leans(question string, l domain.Lang, slots []lexicon.Slot) bool {
	q := SameQuestion(question)
	plain := 0
	for _, s := range slots {
		if s.Kind >= lexicon.Plain {
			plain++
		}
	}
	if plain > 4 {
		return false
	}
	return slices.ContainsFunc(leaning[l], func(p string) bool { return strings.HasPrefix(q+" ", p+" ") })
}
