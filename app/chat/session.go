package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"agentid/app/chat/faq"
	"agentid/app/domain"
)

// When a session calls a person by itself.
const (
	maxLost     = 2 // times not understood at all
	maxUnsure   = 3 // turns in a row without an answer
	maxDisliked = 2 // answers that did not help
)

// maxTranscript bounds what a case tells; the beginning goes first.
const maxTranscript = 60

// SessionOptions wire a Session. Engine and Clock are required.
type SessionOptions struct {
	Engine   *Engine
	Clock    domain.Clock
	Journal  Journal       // may be nil
	NewID    func() string // UUIDv7 where nil
	Lang     domain.Lang   // Spanish where empty
	Kiosk    string        // its device id
	Identity Identity
	Values   faq.Values // of placeholders
}

// Session is one visitor's conversation. It is used from one goroutine, and
// thrown away when the visitor leaves: it keeps nothing beyond.
type Session struct {
	o        SessionOptions
	lang     domain.Lang
	previous string // the last question that was understood, unmasked
	topic    string // answered last
	exchange string // id of the last answer, until it is rated
	lost     int
	unsure   int // turns in a row
	disliked int
	offered  []string // suggested already since the last answer
	refused  []string // answers that did not help
	others   []string // what else the last answer's question could have meant
	called   bool
	lines    []Line
}

// TurnKind is what a turn of the kiosk is.
type TurnKind string

// The kinds of turn.
const (
	TurnTalk    TurnKind = "talk"
	TurnAnswer  TurnKind = "answer"
	TurnSuggest TurnKind = "suggest"
	TurnLost    TurnKind = "lost"
	TurnHandoff TurnKind = "handoff"
)

// Chip is a topic to touch.
type Chip struct{ ID, Title string }

// Turn is what the kiosk says next.
type Turn struct {
	Kind   TurnKind
	Lang   domain.Lang
	Text   string      // the words beside, such as a greeting
	Answer *faq.Answer // of a TurnAnswer; its First, where set, is shown first and big
	Urgent bool
	// Useful asks "¿Le sirvió?"; the answer goes to Feedback.
	Useful     string
	Chips      []Chip // suggestions, or related topics after an answer
	Offer      bool   // a person may be offered beside
	Case       *Case  // of the TurnHandoff that calls a person
	ExchangeID string
	Confidence float64
}

// NewSession begins a conversation.
func NewSession(o SessionOptions) (*Session, error) {
	if o.Engine == nil || o.Clock == nil {
		return nil, errors.New("chat session: engine and clock are required")
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Lang == "" {
		o.Lang = domain.Spanish
	}
	if o.Identity.State == "" {
		o.Identity.State = "anonymous"
	}
	return &Session{o: o, lang: o.Lang}, nil
}

// SetEngine has the session answer by another engine from now on. What was said
// stays said, and a topic that is no more is passed over.
func (s *Session) SetEngine(e *Engine) { s.o.Engine = e }

// SetIdentity tells who the visitor turned out to be.
func (s *Session) SetIdentity(id Identity) { s.o.Identity = id }

// Transcript is what was said, masked.
func (s *Session) Transcript() []Line { return slices.Clone(s.lines) }

// Greet is the first turn.
func (s *Session) Greet() Turn {
	return s.say(Turn{Kind: TurnTalk, Text: sayHello.in(s.lang)})
}

// Ask takes a question. The turn is good even where the error says that the
// journal could not keep it.
func (s *Session) Ask(ctx context.Context, question string) (Turn, error) {
	if strings.TrimSpace(strings.ToValidUTF8(question, "")) == "" {
		return s.say(Turn{Kind: TurnTalk, Text: sayEmpty.in(s.lang)}), nil
	}
	r := s.o.Engine.Ask(Context{Lang: s.lang, Previous: s.previous}, question)
	s.lang = r.Lang
	short, _ := cut(question)
	s.hear(short)
	ex := Exchange{
		ID: s.o.NewID(), At: s.o.Clock.Now(), Lang: r.Lang, Question: Mask(short), Topic: r.ID,
		Confidence: r.Confidence, Suggestions: r.Suggestions,
	}
	var t Turn
	switch {
	case r.Talk != NoTalk:
		return s.talk(ctx, r.Talk, ex)
	case r.Handoff:
		ex.Outcome = OutcomeHandoff
		t = s.handoff(CaseAsked)
	case r.ID != "" && !slices.Contains(s.refused, r.ID):
		ex.Outcome = OutcomeAnswered
		s.others = r.Suggestions
		s.previous = short
		t = s.answer(r.ID, ex.ID)
	default:
		ex.Topic = ""
		if r.ID != "" { // it did not help before
			r.Suggestions = slices.DeleteFunc(r.Suggestions, func(id string) bool { return id == r.ID })
		}
		t = s.unsureOf(r, &ex)
	}
	t.Confidence, t.ExchangeID = r.Confidence, ex.ID
	if r.Cut {
		t.Text = sayCut.in(s.lang) + t.Text
	}
	return t, s.keep(ctx, ex, t.Case)
}

// unsureOf answers a question that no topic surely answers.
func (s *Session) unsureOf(r Reply, ex *Exchange) Turn {
	s.exchange = ""
	s.unsure++
	var ids []string
	for _, id := range r.Suggestions {
		if !slices.Contains(s.refused, id) && (id != TopicHuman || len(r.Suggestions) > 1) {
			ids = append(ids, id)
		}
	}
	// What was offered and not taken is not offered again.
	fresh := slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(s.offered, id) })
	if len(ids) == 0 || !fresh {
		s.lost++
		if s.lost >= maxLost || s.unsure >= maxUnsure {
			ex.Outcome = OutcomeHandoff
			return s.handoff(CaseLost)
		}
		ex.Outcome = OutcomeLost
		return s.say(Turn{Kind: TurnLost, Text: sayLost.in(s.lang), Offer: true})
	}
	if s.unsure >= maxUnsure {
		ex.Outcome = OutcomeHandoff
		return s.handoff(CaseLost)
	}
	ex.Outcome = OutcomeSuggested
	s.offered = append(s.offered, ids...)
	say := sayUnsure
	if len(ids) == 1 {
		say = sayOnlyOne
	}
	return s.say(Turn{Kind: TurnSuggest, Text: say.in(s.lang), Chips: s.chips(ids), Offer: true})
}

// talk answers what is no question.
func (s *Session) talk(ctx context.Context, k Talk, ex Exchange) (Turn, error) {
	if s.exchange != "" && (k == TalkYes || k == TalkNo) {
		return s.Feedback(ctx, k == TalkYes)
	}
	say := map[Talk]text{TalkHello: sayHello, TalkThanks: sayThanks, TalkBye: sayBye, TalkCan: sayCan, TalkYes: sayFine, TalkNo: sayFine}[k]
	ex.Outcome = OutcomeTalk
	t := s.say(Turn{Kind: TurnTalk, Text: say.in(s.lang)})
	t.ExchangeID = ex.ID
	return t, s.keep(ctx, ex, nil)
}

// Choose answers a topic that was touched.
func (s *Session) Choose(ctx context.Context, id string) (Turn, error) {
	entry, ok := s.o.Engine.Entry(id, s.lang)
	if !ok {
		return Turn{}, fmt.Errorf("topic %q: %w", id, domain.ErrNotFound)
	}
	s.hear(entry.Title)
	ex := Exchange{
		ID: s.o.NewID(), At: s.o.Clock.Now(), Lang: s.lang, Question: entry.Title, Topic: id, Confidence: 1, Outcome: OutcomeChosen,
	}
	s.previous, s.others = entry.Title, nil
	var t Turn
	if id == TopicHuman {
		ex.Outcome = OutcomeHandoff
		t = s.handoff(CaseAsked)
	} else {
		t = s.answer(id, ex.ID)
	}
	t.Confidence, t.ExchangeID = 1, ex.ID
	return t, s.keep(ctx, ex, t.Case)
}

// Feedback takes whether the last answer helped.
func (s *Session) Feedback(ctx context.Context, liked bool) (Turn, error) {
	id := s.exchange
	if id == "" {
		return s.say(Turn{Kind: TurnTalk, Text: sayFine.in(s.lang)}), nil
	}
	s.exchange = ""
	f := Liked
	if !liked {
		f = Disliked
	}
	var err error
	if s.o.Journal != nil {
		if err = s.o.Journal.RateExchange(ctx, id, f); err != nil {
			err = fmt.Errorf("keep feedback: %w", err)
		}
	}
	if liked {
		return s.say(Turn{Kind: TurnTalk, Text: sayGlad.in(s.lang), Chips: s.related(s.topic)}), err
	}
	s.disliked++
	s.refused = append(s.refused, s.topic)
	var ids []string
	for _, o := range append(slices.Clone(s.others), s.relatedIDs(s.topic)...) {
		if len(ids) == MaxSuggestions || slices.Contains(ids, o) {
			continue
		}
		if !slices.Contains(s.refused, o) && o != TopicHuman {
			ids = append(ids, o)
		}
	}
	if len(ids) == 0 || s.disliked >= maxDisliked {
		t := s.handoff(CaseDisliked)
		return t, errors.Join(err, s.keepCase(ctx, t.Case))
	}
	s.offered = append(s.offered, ids...)
	return s.say(Turn{Kind: TurnSuggest, Text: saySorry.in(s.lang), Chips: s.chips(ids), Offer: true}), err
}

// CallPerson hands over because the visitor touched the button for it.
func (s *Session) CallPerson(ctx context.Context) (Turn, error) {
	t := s.handoff(CaseAsked)
	return t, s.keepCase(ctx, t.Case)
}

// answer shows a topic.
func (s *Session) answer(id, exchange string) Turn {
	entry, ok := s.o.Engine.Entry(id, s.lang)
	if !ok { // the engine answers only with what it holds
		return s.say(Turn{Kind: TurnLost, Text: sayLost.in(s.lang), Offer: true})
	}
	s.unsure, s.lost, s.offered = 0, 0, nil
	s.topic, s.exchange = id, exchange
	a := entry.Render(s.o.Values)
	t := Turn{
		Kind: TurnAnswer, Answer: &a, Urgent: entry.Urgent, Useful: sayUseful.in(s.lang), Chips: s.related(id), Offer: true,
	}
	s.note(Line{At: s.o.Clock.Now(), Text: a.Title, Topic: id})
	t.Lang = s.lang
	return t
}

// related lists what people ask after a topic.
func (s *Session) related(id string) []Chip {
	ids := s.relatedIDs(id)
	return s.chips(ids[:min(len(ids), MaxSuggestions)])
}

// relatedIDs leaves out what did not help.
func (s *Session) relatedIDs(id string) []string {
	entry, _ := s.o.Engine.Entry(id, s.lang)
	return slices.DeleteFunc(slices.Clone(entry.Related), func(id string) bool { return slices.Contains(s.refused, id) })
}

func (s *Session) chips(ids []string) []Chip {
	var out []Chip
	for _, id := range ids {
		if e, ok := s.o.Engine.Entry(id, s.lang); ok {
			out = append(out, Chip{id, e.Title})
		}
	}
	return out
}

// handoff calls a person, once: who was called already is not called again.
func (s *Session) handoff(why CaseReason) Turn {
	s.exchange, s.unsure, s.lost = "", 0, 0
	if s.called {
		return s.say(Turn{Kind: TurnHandoff, Text: sayCalled.in(s.lang)})
	}
	s.called = true
	t := s.say(Turn{Kind: TurnHandoff, Text: sayHandoff.in(s.lang)})
	t.Case = &Case{
		ID: s.o.NewID(), At: s.o.Clock.Now(), Kiosk: s.o.Kiosk, Lang: s.lang, Identity: s.o.Identity, Reason: why, Transcript: s.Transcript(),
	}
	return t
}

func (s *Session) say(t Turn) Turn {
	t.Lang = s.lang
	s.note(Line{At: s.o.Clock.Now(), Text: t.Text})
	return t
}

func (s *Session) hear(question string) {
	s.note(Line{At: s.o.Clock.Now(), Visitor: true, Text: Mask(question)})
}

func (s *Session) note(l Line) {
	if len(s.lines) == maxTranscript {
		s.lines = slices.Delete(s.lines, 0, 1)
	}
	s.lines = append(s.lines, l)
}

func (s *Session) keep(ctx context.Context, ex Exchange, c *Case) error {
	if s.o.Journal == nil {
		return nil
	}
	var err error
	if err = s.o.Journal.SaveExchange(ctx, ex); err != nil {
		err = fmt.Errorf("keep exchange: %w", err)
	}
	return errors.Join(err, s.keepCase(ctx, c))
}

func (s *Session) keepCase(ctx context.Context, c *Case) error {
	if s.o.Journal == nil || c == nil {
		return nil
	}
	if err := s.o.Journal.SaveCase(ctx, *c); err != nil {
		return fmt.Errorf("keep case: %w", err)
	}
	return nil
}
