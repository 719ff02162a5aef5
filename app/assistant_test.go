package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/chat/faq"
	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
)

// book is a chatStore in memory.
type book struct {
	exchanges []domain.Exchange
	cases     []domain.Case
	fail      error // of the next case
}

func (b *book) AddExchange(_ context.Context, e domain.Exchange) error {
	b.exchanges = append(b.exchanges, e)
	return nil
}

func (b *book) RateExchange(_ context.Context, id string, f domain.Feedback) error {
	i := slices.IndexFunc(b.exchanges, func(e domain.Exchange) bool { return e.ID == id })
	if i < 0 {
		return domain.ErrNotFound
	}
	b.exchanges[i].Feedback = f
	return nil
}

func (b *book) AddCase(_ context.Context, c domain.Case) error {
	if err := b.fail; err != nil {
		b.fail = nil
		return err
	}
	b.cases = append(b.cases, c)
	return nil
}

func testAssistant(t *testing.T) (*assistant, *book) {
	t.Helper()
	e, err := builtInEngine()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.FAQ = config.FAQ{Phone: "0800 555 0100", Hours: "lunes a viernes, de 10 a 15 h", HoursEN: "Monday to Friday, 10 to 3"}
	b := &book{}
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	return newAssistant(e, b, clock, newID(), faqValues(c, config.Site{Organisation: "Banco Norte", Branch: "Centro"})), b
}

func TestAssistantAnswers(t *testing.T) {
	a, b := testAssistant(t)
	ctx := t.Context()
	c := a.Begin(domain.Spanish, kiosk.Asker{Person: "p1", Validated: true})
	turn, err := c.Ask(ctx, domain.Spanish, "perdi mi targeta 4509 9535 6623 3704")
	if err != nil || turn.Step != kiosk.AskAnswer || turn.Answer.Topic != "tarjeta_perdida" || turn.Answer.First == "" ||
		!turn.MayRate || len(turn.Chips) == 0 || turn.Lang != domain.Spanish {
		t.Fatalf("%+v, %v", turn, err)
	}
	if e := b.exchanges[0]; strings.Contains(e.Question, "4509") || !strings.Contains(e.Question, "targeta") || e.Outcome != domain.ExchangeAnswered {
		t.Errorf("kept %+v", e)
	}
	// The same in English, with nothing kept anew, and back as it was.
	en := c.In(turn, domain.English)
	if en.Lang != domain.English || en.Answer.Topic != turn.Answer.Topic || en.Answer.Title == turn.Answer.Title || en.Chips[0].ID != turn.Chips[0].ID ||
		en.Chips[0].Title == turn.Chips[0].Title {
		t.Errorf("in English: %+v", en)
	}
	if es := c.In(en, domain.Spanish); es.Answer.Title != turn.Answer.Title || es.Chips[0] != turn.Chips[0] {
		t.Errorf("and back: %+v", es)
	}
	if _, err := c.Rate(ctx, domain.Spanish, true); err != nil || b.exchanges[0].Feedback != domain.Liked {
		t.Errorf("rated %+v, %v", b.exchanges[0], err)
	}
	// A question in another language is answered in its own, with its values.
	turn, err = c.Ask(ctx, domain.Spanish, "what time do you open?")
	if err != nil || turn.Lang != domain.English || turn.Answer == nil || !strings.Contains(turn.Spoken(), "Monday to Friday, 10 to 3") {
		t.Errorf("%+v, %v", turn, err)
	}
	if said := c.In(turn, domain.Spanish).Spoken(); !strings.Contains(said, "lunes a viernes") || strings.Contains(said, "Monday") {
		t.Errorf("in Spanish: %s", said)
	}
	if turn, err = c.Choose(ctx, domain.Spanish, "nothing"); err == nil || turn.Step != kiosk.AskTalk {
		t.Errorf("a topic that there is not: %+v, %v", turn, err)
	}
	turn, err = c.CallPerson(ctx, domain.Spanish)
	if err != nil || turn.Step != kiosk.AskPerson || turn.Say == "" || len(turn.Ref) != 4 {
		t.Fatalf("%+v, %v", turn, err)
	}
	k := b.cases[0]
	if k.Identity != domain.IdentityValidated || k.Person != "p1" || k.Reason != domain.CaseAsked || k.Kiosk != a.kiosk || k.Lang != domain.Spanish ||
		!strings.HasSuffix(strings.ToUpper(k.ID), turn.Ref) || k.Topic() == "" {
		t.Errorf("case %+v", k)
	}
	for _, l := range k.Transcript {
		if strings.Contains(l.Text, "4509") {
			t.Errorf("the case tells a card's number: %q", l.Text)
		}
	}
	// They come already.
	if _, err = c.CallPerson(ctx, domain.Spanish); err != nil || len(b.cases) != 1 {
		t.Errorf("called %d times, %v", len(b.cases), err)
	}
}

// Whoever is not understood twice gets a person, and is nobody known.
func TestAssistantHandsOver(t *testing.T) {
	a, b := testAssistant(t)
	c := a.Begin(domain.Spanish, kiosk.Asker{})
	var turn kiosk.AskTurn
	for i, q := range []string{"quién ganó el partido", "¿bailás tango?", "una receta de locro", "cuánto mide la luna"} {
		var err error
		if turn, err = c.Ask(t.Context(), domain.Spanish, q); err != nil {
			t.Fatal(err)
		}
		if turn.Step == kiosk.AskAnswer {
			t.Errorf("%q is answered with %s", q, turn.Answer.Topic)
		}
		if turn.Step == kiosk.AskPerson {
			if i == 0 {
				t.Error("a person after one question")
			}
			break
		}
	}
	if turn.Step != kiosk.AskPerson || len(b.cases) != 1 || b.cases[0].Identity != domain.IdentityAnonymous || b.cases[0].Reason != domain.CaseLost {
		t.Errorf("ends at %+v with %+v", turn, b.cases)
	}
}

// Nobody is told that somebody comes before it is on disk; the next try stores
// the same case.
func TestAssistantTellsThatNobodyComes(t *testing.T) {
	a, b := testAssistant(t)
	c := a.Begin(domain.Spanish, kiosk.Asker{Person: "p1"})
	b.fail = errors.New("disk full")
	if turn, err := c.CallPerson(t.Context(), domain.Spanish); !errors.Is(err, kiosk.ErrNotCalled) || turn.Step != "" {
		t.Errorf("%+v, %v", turn, err)
	}
	b.fail = errors.New("disk full")
	if _, err := c.CallPerson(t.Context(), domain.Spanish); !errors.Is(err, kiosk.ErrNotCalled) {
		t.Errorf("again: %v", err)
	}
	turn, err := c.CallPerson(t.Context(), domain.Spanish)
	if err != nil || turn.Step != kiosk.AskPerson || len(b.cases) != 1 || turn.Ref == "" || b.cases[0].Identity != domain.IdentityRecognised {
		t.Errorf("at last: %+v, %v, %+v", turn, err, b.cases)
	}
	// Somebody who has been erased meanwhile is nobody known.
	c = a.Begin(domain.Spanish, kiosk.Asker{Person: "p1", Validated: true})
	b.fail = domain.ErrNotFound
	if _, err := c.CallPerson(t.Context(), domain.Spanish); err != nil || b.cases[1].Person != "" || b.cases[1].Identity != domain.IdentityAnonymous {
		t.Errorf("%+v, %v", b.cases[1], err)
	}
}

func TestAssistantGroups(t *testing.T) {
	a, _ := testAssistant(t)
	texts, n := map[string]bool{}, 0
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		for _, g := range a.Groups(l).List {
			if !slices.Contains(faq.Categories(), g.ID) || len(g.Topics) == 0 {
				t.Errorf("category %s has %d topics", g.ID, len(g.Topics))
			}
			for _, c := range g.Topics {
				n++
				if c.Title == "" || texts[c.Title] {
					t.Errorf("%s is %q", c.ID, c.Title)
				}
				texts[c.Title] = true
			}
		}
	}
	if want := 2 * (len(a.engine().Topics()) - 1); n != want { // but for a person
		t.Errorf("%d topics, want %d", n, want)
	}
}

// Answers of one's own are taken whole or not at all, and the lines to mend are
// told.
func TestAnswersOfOnesOwn(t *testing.T) {
	c := newCLI(t.Output(), t.Output())
	c.cfg.FAQ.Dir = t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(c.cfg.FAQ.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(words ...string) {
		t.Helper()
		sets, err := readFAQ(c.cfg.FAQ.Dir)
		if err == nil {
			_, err = newEngine(sets)
		}
		if err == nil {
			t.Fatal("taken")
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v\nlacks %q", err, w)
			}
		}
	}
	refused("es.faq")
	const entry = "@topic horario\ncategory: sucursal\n? %s\n\n%s\n\n@topic humano\ncategory: ayuda\n? %s\n\n%s\n"
	write("es.faq", "@topic horario\ncategory: nada\n? ¿Horario?\n\nDe {hora} a 15.\n")
	refused("es.faq:2", "es.faq:5", "{hora}")
	own := func(a, b, c, d string) string { return fmt.Sprintf(entry, a, b, c, d) }
	write("es.faq", own("¿A qué hora abren?", "A las 10.", "quiero hablar con una persona", "Aviso a alguien."))
	refused("en.faq") // the built-in English has other topics
	write("en.faq", own("When do you open?", "At 10.", "I want to talk to a person", "I call somebody."))
	a, err := c.openAnswers()
	if err != nil || a.from != c.cfg.FAQ.Dir || len(a.engine.Topics()) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	fs := c.checkAnswers(t.Context())
	if len(fs) != 1 || fs[0].Verdict != good || !strings.Contains(fs[0].Detail, "2 topics, from "+c.cfg.FAQ.Dir) {
		t.Errorf("doctor says %+v", fs)
	}
	write("en.faq", "\xff")
	c.cfg.Voice.Command = "/nowhere/espeak-ng"
	fs = c.checkAnswers(t.Context())
	if len(fs) != 2 || fs[0].Verdict != warn || !strings.Contains(fs[0].Detail, "en.faq:1") || !strings.Contains(fs[0].Detail, "built in") || fs[1].Verdict != warn {
		t.Errorf("doctor says %+v", fs)
	}
}

// A program that speaks is given the text as it is, never as a command or an
// option, and falls silent at once when it is to.
func TestVoice(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "said")
	script := "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done >> " + log + "\n" +
		"case \"$*\" in *--stdin*) cat >> " + log + ";; esac\ncase \"$*\" in *endless*) exec sleep 60;; esac\n"
	for _, name := range []string{"espeak-ng", "spd-say"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	said := func() string {
		raw, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		os.Remove(log)
		return string(raw)
	}
	const text = "-h; $(rm -rf /) `id`\nsegunda línea"
	for name, want := range map[string]string{
		"espeak-ng": "<-v><es><--stdin>" + text,
		"spd-say":   "<-w><-l><es><--><-h; $(rm -rf /) `id` segunda línea>",
	} {
		v := newVoice(filepath.Join(dir, name), slog.New(slog.DiscardHandler))
		if err := v.Speak(t.Context(), domain.Spanish, text); err != nil {
			t.Fatal(err)
		}
		if got := said(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	v := newVoice(filepath.Join(dir, "spd-say"), slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- v.Speak(ctx, domain.English, "endless") }()
	for { // until it speaks
		if raw, err := os.ReadFile(log); err == nil && strings.Contains(string(raw), "endless") {
			break
		}
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
	if got := said(); !strings.HasSuffix(got, "<-C>") {
		t.Errorf("speech-dispatcher was not told to stop: %q", got)
	}
	if v := newVoice("", nil); v != nil {
		t.Error("a voice that nobody asked for")
	}
	if v := newVoice("/nowhere/spd-say", slog.New(slog.DiscardHandler)); v != nil {
		t.Error("a voice that is not there")
	}
}
