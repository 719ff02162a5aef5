package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// chatStore is where conversations are kept.
type chatStore interface {
	AddExchange(ctx context.Context, e domain.Exchange) error
	RateExchange(ctx context.Context, id string, f domain.Feedback) error
	AddCase(ctx context.Context, c domain.Case) error
}

// assistant answers the kiosk's visitors by the engine.
type assistant struct {
	served atomic.Pointer[served]
	store  chatStore
	clock  domain.Clock
	kiosk  string // its device id
	values map[domain.Lang]faq.Values
	// answers are those of the centre; nil where none are told.
	answers caseAnswers
}

// served is what visitors are answered with from one change of the answers to
// the next.
type served struct {
	engine *chat.Engine
	groups map[domain.Lang]*kiosk.AskGroups
}

var _ kiosk.Assistant = (*assistant)(nil)

func newAssistant(e *chat.Engine, st chatStore, clock domain.Clock, device string, values map[domain.Lang]faq.Values) *assistant {
	a := &assistant{store: st, clock: clock, kiosk: device, values: values}
	a.serve(e)
	return a
}

// serve has the next question answered by an engine, in conversations that are
// under way as well.
func (a *assistant) serve(e *chat.Engine) {
	s := &served{engine: e, groups: map[domain.Lang]*kiosk.AskGroups{}}
	for _, l := range faqLangs {
		s.groups[l] = group(e, l)
	}
	a.served.Store(s)
}

func (a *assistant) engine() *chat.Engine { return a.served.Load().engine }

// openAssistant reads the questions and answers, which takes a second or some,
// and has the kiosk answer from then on. A kiosk without them does all else.
func (p *program) openAssistant(ctx context.Context) {
	f, err := p.faq.open(ctx)
	if err != nil {
		p.c.log.Error("questions and answers", slog.String("error", err.Error()))
	}
	if f == nil {
		return
	}
	var speaker kiosk.Speaker
	if v := newVoice(p.c.cfg.Voice.Command, p.c.log); v != nil { // not a nil in an interface
		speaker = v
	}
	site := p.machine.View().Site
	values := faqValues(p.c.cfg, config.Site(site))
	a := newAssistant(f.engine, p.store, p.c.clock, p.store.DeviceID(), values)
	a.answers = p.store
	p.assistant.Store(a)
	a.serve(p.faq.now.Load().engine) // what changed since
	p.machine.SetAssistant(a, speaker)
}

// serveAnswers has visitors answered by an engine from now on.
func (p *program) serveAnswers(e *chat.Engine) {
	if a := p.assistant.Load(); a != nil {
		a.serve(e)
	}
}

// faqPublished takes in the questions and answers that the centre published.
func (p *program) faqPublished() { p.faq.published() }

// group sorts the topics by category. The topic by which one asks for a person
// has a button of its own.
func group(engine *chat.Engine, l domain.Lang) *kiosk.AskGroups {
	by := map[string][]kiosk.AskChip{}
	for _, id := range engine.Topics() {
		if e, ok := engine.Entry(id, l); ok && id != chat.TopicHuman {
			by[e.Category] = append(by[e.Category], kiosk.AskChip{ID: id, Title: e.Title})
		}
	}
	g := &kiosk.AskGroups{}
	for _, c := range faq.Categories() {
		if len(by[c]) > 0 {
			g.List = append(g.List, kiosk.AskGroup{ID: c, Topics: by[c]})
		}
	}
	return g
}

// Groups implements kiosk.Assistant.
func (a *assistant) Groups(l domain.Lang) *kiosk.AskGroups { return a.served.Load().groups[l] }

// Begin implements kiosk.Assistant.
func (a *assistant) Begin(l domain.Lang, who kiosk.Asker) kiosk.Conversation {
	c := &conversation{a: a}
	id := chat.Identity{State: string(domain.IdentityAnonymous), Person: who.Person}
	switch {
	case who.Person != "" && who.Validated:
		id.State = string(domain.IdentityValidated)
	case who.Person != "":
		id.State = string(domain.IdentityRecognised)
	}
	// It fails only without an engine or a clock.
	c.session, c.err = chat.NewSession(chat.SessionOptions{
		Engine: a.engine(), Clock: a.clock, Journal: c, NewID: newID, Lang: l, Kiosk: a.kiosk, Identity: id,
	})
	if a.answers != nil && who.Person != "" && who.Validated {
		return answeredConversation{c, a.answers, who.Person}
	}
	return c
}

// conversation is one visitor's. It is the journal of its session, so that it
// knows what could not be kept.
type conversation struct {
	a   *assistant
	err error

	mu      sync.Mutex // of all that follows
	session *chat.Session
	unsaved *chat.Case // that somebody was to be called by
	ref     string     // of the case that was stored last
}

var (
	_ kiosk.Conversation = (*conversation)(nil)
	_ chat.Journal       = (*conversation)(nil)
)

// Ask implements kiosk.Conversation.
func (c *conversation) Ask(ctx context.Context, l domain.Lang, question string) (kiosk.AskTurn, error) {
	return c.turn(l, func(s *chat.Session) (chat.Turn, error) { return s.Ask(ctx, question) })
}

// Choose implements kiosk.Conversation.
func (c *conversation) Choose(ctx context.Context, l domain.Lang, topic string) (kiosk.AskTurn, error) {
	return c.turn(l, func(s *chat.Session) (chat.Turn, error) { return s.Choose(ctx, topic) })
}

// Rate implements kiosk.Conversation.
func (c *conversation) Rate(ctx context.Context, l domain.Lang, liked bool) (kiosk.AskTurn, error) {
	return c.turn(l, func(s *chat.Session) (chat.Turn, error) { return s.Feedback(ctx, liked) })
}

// CallPerson implements kiosk.Conversation. A case that could not be stored is
// tried again.
func (c *conversation) CallPerson(ctx context.Context, l domain.Lang) (kiosk.AskTurn, error) {
	return c.turn(l, func(s *chat.Session) (chat.Turn, error) {
		t, err := s.CallPerson(ctx)
		if t.Case == nil && c.unsaved != nil {
			err = errors.Join(err, c.SaveCase(ctx, *c.unsaved))
		}
		return t, err
	})
}

func (c *conversation) turn(l domain.Lang, do func(*chat.Session) (chat.Turn, error)) (kiosk.AskTurn, error) {
	if c.err != nil {
		return kiosk.AskTurn{}, fmt.Errorf("%w: %w", kiosk.ErrNotCalled, c.err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.SetLang(l)
	c.session.SetEngine(c.a.engine())
	t, err := do(c.session)
	switch {
	case t.Kind == "": // there is no such topic
		return kiosk.AskTurn{Step: kiosk.AskTalk, Lang: l, Lost: true}, err
	case t.Kind == chat.TurnHandoff && c.unsaved != nil:
		return kiosk.AskTurn{}, errors.Join(kiosk.ErrNotCalled, err)
	}
	return c.shown(t), err
}

var askSteps = map[chat.TurnKind]kiosk.AskStep{
	chat.TurnAnswer: kiosk.AskAnswer, chat.TurnSuggest: kiosk.AskSuggest, chat.TurnTalk: kiosk.AskTalk,
	chat.TurnLost: kiosk.AskTalk, chat.TurnHandoff: kiosk.AskPerson,
}

// shown is a turn as the kiosk shows it.
func (c *conversation) shown(t chat.Turn) kiosk.AskTurn {
	v := kiosk.AskTurn{
		Step: askSteps[t.Kind], Lang: t.Lang, Say: strings.TrimSpace(t.Text), MayRate: t.Useful != "", Lost: t.Kind == chat.TurnLost,
	}
	for _, chip := range t.Chips {
		v.Chips = append(v.Chips, kiosk.AskChip(chip))
	}
	if t.Answer != nil {
		v.Answer = c.answer(t.Answer.ID, t.Lang)
	}
	if t.Kind == chat.TurnHandoff {
		v.Ref = c.ref
	}
	return v
}

// answer is what a topic answers in a language, with its placeholders filled;
// nil where there is none.
func (c *conversation) answer(topic string, l domain.Lang) *kiosk.AskAnswered {
	e, ok := c.a.engine().Entry(topic, l)
	if !ok {
		return nil
	}
	r := e.Render(c.a.values[l])
	out := &kiosk.AskAnswered{Topic: r.ID, Title: r.Title, First: r.First}
	for _, b := range r.Blocks {
		out.Blocks = append(out.Blocks, kiosk.AskBlock{Text: b.Text, Steps: b.Steps})
	}
	return out
}

// In implements kiosk.Conversation.
func (c *conversation) In(t kiosk.AskTurn, l domain.Lang) kiosk.AskTurn {
	t.Lang, t.Say = l, strings.TrimSpace(chat.Say(t.Say, l))
	if t.Answer != nil {
		if a := c.answer(t.Answer.Topic, l); a != nil {
			t.Answer = a
		}
	}
	t.Chips = slices.Clone(t.Chips)
	for i, chip := range t.Chips {
		if e, ok := c.a.engine().Entry(chip.ID, l); ok {
			t.Chips[i].Title = e.Title
		}
	}
	return t
}

// SaveExchange implements chat.Journal.
func (c *conversation) SaveExchange(ctx context.Context, e chat.Exchange) error {
	return c.a.store.AddExchange(ctx, domain.Exchange{
		ID: e.ID, At: e.At, Lang: e.Lang, Question: e.Question, Topic: e.Topic, Confidence: e.Confidence,
		Suggestions: e.Suggestions, Outcome: domain.ExchangeOutcome(e.Outcome), Feedback: domain.Feedback(e.Feedback),
	})
}

// chatExchange is an exchange as the engine knows it.
func chatExchange(e domain.Exchange) chat.Exchange {
	return chat.Exchange{
		ID: e.ID, At: e.At, Lang: e.Lang, Question: e.Question, Topic: e.Topic, Confidence: e.Confidence,
		Suggestions: e.Suggestions, Outcome: chat.Outcome(e.Outcome), Feedback: chat.Feedback(e.Feedback),
	}
}

// RateExchange implements chat.Journal.
func (c *conversation) RateExchange(ctx context.Context, id string, f chat.Feedback) error {
	return c.a.store.RateExchange(ctx, id, domain.Feedback(f))
}

// SaveCase implements chat.Journal. Somebody who has been erased meanwhile is
// nobody known.
func (c *conversation) SaveCase(ctx context.Context, k chat.Case) error {
	d := domain.Case{
		ID: k.ID, At: k.At, Kiosk: k.Kiosk, Lang: k.Lang, Identity: domain.CaseIdentity(k.Identity.State), Person: k.Identity.Person,
		Reason: domain.CaseReason(k.Reason),
	}
	for _, l := range k.Transcript {
		d.Transcript = append(d.Transcript, domain.CaseLine(l))
	}
	err := c.a.store.AddCase(ctx, d)
	if errors.Is(err, domain.ErrNotFound) {
		d.Identity, d.Person = domain.IdentityAnonymous, ""
		err = c.a.store.AddCase(ctx, d)
	}
	if err != nil {
		c.unsaved = &k
		return err
	}
	c.unsaved, c.ref = nil, caseRef(k.ID)
	return nil
}

// caseRef is how people call a case: the last of its id, which is random.
func caseRef(id string) string {
	return strings.ToUpper(id[max(0, len(id)-4):])
}
