package kiosk

import (
	"context"
	"testing"
	"time"

	"agentid/app/domain"
)

// answering is an assistant for whom an answer waits.
type answering struct {
	*assistant
	asked chan struct{}
}

func (a *answering) Begin(l domain.Lang, who Asker) Conversation {
	a.assistant.Begin(l, who)
	return a
}

func (a *answering) Waiting(_ context.Context, l domain.Lang) (AskTurn, bool, error) {
	a.asked <- struct{}{}
	return AskTurn{Step: AskTalk, Lang: l, Say: "una respuesta", Chips: []AskChip{{"case:1", "ver"}}, Private: true}, true, nil
}

func (a *answering) Choose(context.Context, domain.Lang, string) (AskTurn, error) {
	return AskTurn{Step: AskAnswer, Lang: domain.Spanish, Answer: &AskAnswered{Title: "su consulta", Blocks: []AskBlock{{Text: "privado"}}}, Private: true}, nil
}

// An answer is offered to who has validated, and to nobody else; it is not read
// aloud by itself, and is hidden when they go.
func TestAnAnswerIsOffered(t *testing.T) {
	d := newDesk(t)
	s := &speaker{texts: make(chan string, 10), ended: make(chan error, 10)}
	a := &answering{&assistant{}, make(chan struct{}, 10)}
	d.SetAssistant(a, s)

	d.after(time.Second, known(1, "p1"))
	d.want(StateGreeting)
	d.Choose(FeatureAsk)
	d.asked(AskTopics)
	d.write("saldo") // comes to its end: nothing else is under way
	d.asked(AskAnswer)
	if len(a.asked) != 0 {
		t.Error("an answer was looked for, for who was only greeted")
	}
	<-s.texts
	d.Do(Cancel{})

	d.proved = mark{"p1", d.clock.Now()}
	d.after(time.Second, known(1, "p1"))
	d.Choose(FeatureAsk)
	v := d.asked(AskTalk)
	if v.Turn == nil || v.Turn.Say != "una respuesta" || len(a.asked) != 1 {
		t.Fatalf("%+v", v)
	}
	d.Do(AskTopic{ID: "case:1"})
	if v = d.asked(AskAnswer); v.Turn.Answer.Blocks[0].Text != "privado" || v.Question != "su consulta" || v.Voice != VoiceReady || len(s.texts) != 0 {
		t.Errorf("%+v, spoken %d", v, len(s.texts))
	}
	d.after(12*time.Second, known(1, "p1"))
	d.after(TimeoutGone + time.Second)
	if v := d.View(); !v.Asking || !v.Covered {
		t.Errorf("they went, and it shows %+v", v.Ask)
	}
}
