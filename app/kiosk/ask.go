package kiosk

import (
	"context"
	"errors"
	"strings"
	"time"

	"agentid/app/domain"
)

// ErrNotCalled says that a person was to be called, and the case could not be
// stored: nobody knows of it.
var ErrNotCalled = errors.New("no person was called")

const (
	// TimeoutRead is how long an answer stays for somebody whom the camera does
	// not see: too near, too low, or no camera at all.
	TimeoutRead = 45 * time.Second
	// provedFor is how long after the last sign of them somebody who validated
	// is still taken to be who they are.
	provedFor = TimeoutIdle
	// maxQuestion bounds what is taken for a question, in bytes; the engine
	// reads less.
	maxQuestion = 16 << 10
)

// conversation is what asking holds.
type conversation struct {
	with    Conversation
	begun   bool               // something was asked
	silence context.CancelFunc // ends the voice; nil while it is silent
	spoken  *AskTurn           // what the voice reads
}

// asks tells that the kiosk answers questions.
func (m *Machine) asks() bool { return m.assistant != nil }

// SetAssistant tells who answers questions, and who speaks the answers, if
// somebody does.
func (m *Machine) SetAssistant(a Assistant, s Speaker) {
	m.update(func(time.Time) { m.assistant, m.speaker = a, s })
}

// startAsk begins a conversation with whoever stands there.
func (m *Machine) startAsk(now time.Time) {
	who := m.asker(now)
	m.begin(StateAsk, &flow{ask: &conversation{with: m.assistant.Begin(m.view.Lang, who)}}, now)
	m.view.Ask = &Ask{Step: AskTopics, Groups: m.assistant.Groups(m.view.Lang), Voice: m.voice()}
	if with, ok := m.flow.ask.with.(Answered); ok && who.Validated {
		m.offerAnswer(with)
	}
}

// offerAnswer offers what was answered to who has validated, unless they go on
// by themselves meanwhile. From then on the page is theirs alone.
func (m *Machine) offerAnswer(with Answered) {
	lang := m.view.Lang
	m.work(func(ctx context.Context, _ *job) func(time.Time) {
		turn, ok, err := with.Waiting(ctx, lang)
		if err != nil {
			m.failed("answers not known", err)
		}
		return func(now time.Time) {
			if v := m.view.Ask; !ok || v.Step != AskTopics || v.Open != "" || v.Turn != nil {
				return
			}
			m.flow.since, m.flow.ask.begun = now, true
			m.asking(func(a *Ask) { a.Step, a.Turn = turn.Step, &turn })
			m.askTold()
		}
	})
}

// asker is who stands there, as far as is known: somebody greeted, or who has
// just validated.
func (m *Machine) asker(now time.Time) Asker {
	if m.proved.person != "" && now.Sub(m.proved.seen) < provedFor {
		return Asker{Person: m.proved.person, Validated: true}
	}
	if m.view.State == StateGreeting {
		return Asker{Person: m.card.person}
	}
	return Asker{}
}

// prove notes who has validated, and the face that did.
func (m *Machine) prove(who domain.PersonID, now time.Time) {
	m.proved, m.provedTrack = mark{who, now}, 0
	if f, ok := m.nearest(); ok {
		m.provedTrack = f.Track
	}
}

// watchProved keeps in mind who has validated while they stay: the same face,
// or one known as theirs. Whoever else comes has proved nothing, known or not.
func (m *Machine) watchProved(now time.Time) {
	f, ok := m.nearest()
	switch {
	case !ok || m.proved.person == "":
		return
	case f.Person == m.proved.person:
		m.provedTrack = f.Track
	case f.Person != "" || f.Track != m.provedTrack:
		m.proved = mark{}
		return
	}
	m.proved.seen = now
}

// nearest is the face of who stands before the kiosk, if anybody does.
func (m *Machine) nearest() (domain.SceneFace, bool) {
	for _, f := range m.scene.Faces {
		if f.Box.H >= near {
			return f, true
		}
	}
	return domain.SceneFace{}, false
}

// voice is the voice at rest.
func (m *Machine) voice() Voice {
	if m.speaker == nil {
		return VoiceNone
	}
	return VoiceReady
}

// asking shows another value of the conversation.
func (m *Machine) asking(change func(*Ask)) {
	a := *m.view.Ask
	change(&a)
	m.view.Ask = &a
}

func (m *Machine) actAsk(a Action, now time.Time) {
	v := m.view.Ask
	if v.Busy { // the answer is a moment away; what is touched was not meant for it
		return
	}
	switch a := a.(type) {
	case StepBack:
		m.askBack(now)
	case Cancel, Finish:
		m.abandon(domain.ReasonCancelled, now)
	case WriteQuestion:
		m.toPage(AskWriting, "", now)
	case AskCategory:
		if v.Step == AskTopics {
			m.toPage(AskTopics, a.ID, now)
		}
	case AskQuestion:
		if text := strings.TrimSpace(a.Text); v.Step == AskWriting && text != "" && len(text) <= maxQuestion {
			m.converse(text, now, func(ctx context.Context, c Conversation, l domain.Lang) (AskTurn, error) {
				return c.Ask(ctx, l, text)
			})
		}
	case AskTopic:
		if title, ok := v.offers(a.ID); ok {
			m.converse(title, now, func(ctx context.Context, c Conversation, l domain.Lang) (AskTurn, error) {
				return c.Choose(ctx, l, a.ID)
			})
		}
	case RateAnswer:
		if v.Step == AskAnswer && v.Rating == Unrated && v.Turn.MayRate {
			m.rate(a.Liked, now)
		}
	case TalkToPerson:
		if v.Step != AskPerson {
			m.talkToPerson(now)
		}
	case SpeakAnswer:
		m.speak()
	case StopSpeaking:
		m.hush()
	}
}

// offers finds a topic that the page shows.
func (a *Ask) offers(id string) (title string, ok bool) {
	var chips []AskChip
	switch {
	case a.Step == AskTopics:
		for _, g := range a.Groups.List {
			if g.ID == a.Open {
				chips = g.Topics
			}
		}
	case a.Turn != nil:
		chips = a.Turn.Chips
	}
	for _, c := range chips {
		if c.ID == id {
			return c.Title, true
		}
	}
	return "", false
}

// askBack goes up: from a topic to its category, from anything else to the
// categories, and from there out.
func (m *Machine) askBack(now time.Time) {
	if v := m.view.Ask; v.Step == AskTopics && v.Open == "" {
		m.abandon(domain.ReasonCancelled, now)
		return
	}
	m.toPage(AskTopics, "", now)
}

// toPage shows a page that asks.
func (m *Machine) toPage(s AskStep, open string, now time.Time) {
	m.page(now)
	m.hush()
	m.asking(func(a *Ask) { a.Step, a.Open = s, open })
}

// converse has a question answered. It is not torn by leaving: what was asked
// is kept, and a person who was called comes.
func (m *Machine) converse(question string, now time.Time, do func(context.Context, Conversation, domain.Lang) (AskTurn, error)) {
	m.page(now)
	m.hush()
	c, asked := m.flow.ask, m.view.Lang
	c.begun = true
	m.asking(func(a *Ask) { a.Busy = true })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		turn, err := do(ctx, c.with, asked)
		if err != nil {
			m.failed("question not kept", err)
		}
		return func(now time.Time) {
			m.flow.since = now
			if errors.Is(err, ErrNotCalled) {
				m.asking(func(a *Ask) { a.Busy, a.Step = false, AskFailed })
				m.askTold()
				return
			}
			// The kiosk goes on in the language of the question, unless the visitor
			// has chosen one meanwhile.
			if m.view.Lang == asked {
				m.view.Lang = turn.Lang
			}
			m.asking(func(a *Ask) {
				a.Busy, a.Step, a.Open, a.Turn, a.Rating = false, turn.Step, "", &turn, Unrated
				if question != "" {
					a.Question = question
				}
				if turn.Private && turn.Answer != nil { // what was touched only offered it
					a.Question = turn.Answer.Title
				}
			})
			m.askTold()
			if !turn.Private {
				m.speak()
			}
		}
	})
}

// rate takes whether the answer helped: one that did stays on the screen, one
// that did not makes room for what may.
func (m *Machine) rate(liked bool, now time.Time) {
	c, lang := m.flow.ask, m.view.Lang
	m.flow.since = now
	if !liked {
		m.converse("", now, func(ctx context.Context, c Conversation, l domain.Lang) (AskTurn, error) {
			return c.Rate(ctx, l, false)
		})
		return
	}
	m.asking(func(a *Ask) { a.Busy, a.Rating = true, Liked })
	m.commit(func(ctx context.Context, _ *job) func(time.Time) {
		if _, err := c.with.Rate(ctx, lang, true); err != nil {
			m.failed("rating not kept", err)
		}
		return func(now time.Time) {
			m.flow.since = now
			m.asking(func(a *Ask) { a.Busy = false })
			m.askTold()
		}
	})
}

// talkToPerson hands over to staff.
func (m *Machine) talkToPerson(now time.Time) {
	m.converse("", now, func(ctx context.Context, c Conversation, l domain.Lang) (AskTurn, error) {
		return c.CallPerson(ctx, l)
	})
}

// askTold says what is said in the language at hand.
func (m *Machine) askTold() {
	if t := m.view.Ask.Turn; t != nil && t.Lang != m.view.Lang {
		m.hush()
	}
	m.asking(func(a *Ask) {
		a.Groups = m.assistant.Groups(m.view.Lang)
		if a.Turn != nil && a.Turn.Lang != m.view.Lang {
			t := m.flow.ask.with.In(*a.Turn, m.view.Lang)
			a.Turn = &t
		}
	})
}

// speak has what the kiosk says spoken, once more where it is being spoken.
func (m *Machine) speak() {
	a := m.view.Ask
	if m.speaker == nil || a.Turn == nil || a.Step != a.Turn.Step {
		return
	}
	m.hush()
	text := a.Turn.Spoken()
	if text == "" {
		return
	}
	c, turn := m.flow.ask, a.Turn
	ctx, cancel := context.WithCancel(m.base)
	speaker := m.speaker
	c.silence, c.spoken = cancel, turn
	m.asking(func(a *Ask) { a.Voice = VoiceSpeaking })
	m.jobs.Add(1)
	go func() {
		defer m.jobs.Done()
		err := speaker.Speak(ctx, turn.Lang, text)
		over := ctx.Err() != nil
		cancel()
		if over {
			return
		}
		if err != nil {
			m.failed("answer not spoken", err)
		}
		m.update(func(time.Time) {
			if m.flow != nil && m.flow.ask == c && c.spoken == turn {
				c.silence, c.spoken = nil, nil
				m.asking(func(a *Ask) { a.Voice = VoiceReady })
			}
		})
	}()
}

// hush ends the voice.
func (m *Machine) hush() {
	if m.flow == nil || m.flow.ask == nil || m.flow.ask.silence == nil {
		return
	}
	c := m.flow.ask
	c.silence()
	c.silence, c.spoken = nil, nil
	m.asking(func(a *Ask) { a.Voice = VoiceReady })
}

// Spoken is a turn as it is read aloud.
func (t AskTurn) Spoken() string {
	var parts []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	add(t.Say)
	if t.Answer != nil {
		add(t.Answer.First)
		for _, b := range t.Answer.Blocks {
			add(b.Text)
			for _, s := range b.Steps {
				add(s)
			}
		}
	}
	if t.Step == AskSuggest {
		for _, c := range t.Chips {
			add(c.Title)
		}
	}
	return strings.Join(parts, "\n")
}
