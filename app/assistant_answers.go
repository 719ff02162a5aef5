package main

import (
	"context"
	"strings"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// caseAnswers are what the centre answered to people who had asked for somebody.
type caseAnswers interface {
	// AnswersTo lists the cases of somebody who had validated when they asked,
	// and who has not been told the answer; oldest first.
	AnswersTo(ctx context.Context, id domain.PersonID) ([]domain.Case, error)
	AnswerTold(ctx context.Context, id string) error
}

// answeredConversation is one with somebody who has validated: it offers them
// what the centre answered to them, and to nobody else.
type answeredConversation struct {
	*conversation
	answers caseAnswers
	who     domain.PersonID
}

var _ kiosk.Answered = answeredConversation{}

// answerChip begins the id of the chip that shows an answer.
const answerChip = "case:"

// offered are the words of the offer.
var offered = map[domain.Lang]struct{ say, show, title string }{
	domain.Spanish: {"Tenemos una respuesta a su consulta.", "Ver la respuesta", "Su consulta"},
	domain.English: {"We have an answer to your question.", "See the answer", "Your question"},
}

// Waiting implements kiosk.Answered. What was asked and answered is shown once
// they touch it.
func (c answeredConversation) Waiting(ctx context.Context, l domain.Lang) (kiosk.AskTurn, bool, error) {
	list, err := c.answers.AnswersTo(ctx, c.who)
	if err != nil || len(list) == 0 {
		return kiosk.AskTurn{}, false, err
	}
	w := offered[l]
	return kiosk.AskTurn{
		Step: kiosk.AskTalk, Lang: l, Say: w.say, Chips: []kiosk.AskChip{{ID: answerChip + list[0].ID, Title: w.show}}, Private: true,
	}, true, nil
}

// Choose implements kiosk.Conversation.
func (c answeredConversation) Choose(ctx context.Context, l domain.Lang, topic string) (kiosk.AskTurn, error) {
	id, ok := strings.CutPrefix(topic, answerChip)
	if !ok {
		return c.conversation.Choose(ctx, l, topic)
	}
	list, err := c.answers.AnswersTo(ctx, c.who)
	if err != nil {
		return kiosk.AskTurn{Step: kiosk.AskTalk, Lang: l, Lost: true}, err
	}
	for _, k := range list {
		if k.ID != id || k.Answer == nil {
			continue
		}
		title := k.Question()
		if title == "" {
			title = offered[l].title
		}
		return kiosk.AskTurn{Step: kiosk.AskAnswer, Lang: l, Private: true, Answer: &kiosk.AskAnswered{
			Title: title, Blocks: []kiosk.AskBlock{{Text: k.Answer.Text}, {Text: "— " + k.Answer.By}},
		}}, c.answers.AnswerTold(ctx, id)
	}
	return kiosk.AskTurn{Step: kiosk.AskTalk, Lang: l, Lost: true}, nil // it went meanwhile
}

// In implements kiosk.Conversation. An answer stays in the language in which it
// was given.
func (c answeredConversation) In(t kiosk.AskTurn, l domain.Lang) kiosk.AskTurn {
	t = c.conversation.In(t, l)
	if !t.Private || t.Answer != nil {
		return t
	}
	t.Say = offered[l].say
	for i := range t.Chips { // they are a copy
		t.Chips[i].Title = offered[l].show
	}
	return t
}
