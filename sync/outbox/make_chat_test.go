package outbox

import (
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

const chatID = "01950000-0000-7000-8000-0000000000aa"

// What is told of a conversation passes the protocol's own checks, for every
// outcome and state that there is.
func TestConversationsBecomeItems(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for outcome, want := range map[domain.ExchangeOutcome]string{
		domain.ExchangeAnswered: "answered", domain.ExchangeChosen: "chosen", domain.ExchangeSuggested: "suggested",
		domain.ExchangeLost: "unanswered", domain.ExchangeHandedOff: "handed_off", domain.ExchangeTalk: "talk",
	} {
		for feedback, helped := range map[domain.Feedback]string{domain.NoFeedback: "", domain.Liked: "true", domain.Disliked: "false"} {
			it, err := exchangeItem(domain.Exchange{
				ID: chatID, At: at, Lang: domain.Spanish, Question: strings.Repeat("ñ", 400), Topic: "horario", Confidence: 0.5,
				Outcome: outcome, Feedback: feedback,
			})
			if err != nil {
				t.Fatalf("%s: %v", outcome, err)
			}
			body, err := protocol.DecodeBody(it.Kind, it.Body)
			if err != nil {
				t.Fatalf("%s: %v", outcome, err)
			}
			x := body.(*protocol.Exchange)
			got := ""
			if x.Helpful != nil {
				got = map[bool]string{true: "true", false: "false"}[*x.Helpful]
			}
			if it.ID != chatID || x.Outcome != want || got != helped || x.Entry != "horario" || x.Subject() != "" {
				t.Errorf("%s, %q: %+v as %s", outcome, feedback, x, it.ID)
			}
		}
	}
	c := domain.Case{
		ID: chatID, Version: 1, At: at, Lang: domain.English, Identity: domain.IdentityValidated, Person: chatID, State: domain.CaseOpen,
		Transcript: []domain.CaseLine{{Text: "answered", Topic: "horario"}, {Visitor: true, Text: strings.Repeat("ñ", protocol.MaxText)}, {Text: "I call somebody"}},
	}
	first, err := caseItem(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := caseItem(c)
	if err != nil || again.ID != first.ID || string(again.Body) != string(first.Body) {
		t.Errorf("the same state is another item: %v", err)
	}
	body, err := protocol.DecodeBody(first.Kind, first.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := body.(*protocol.Case)
	if got.Topic != "horario" || got.Person != chatID || got.State != "open" || !strings.HasPrefix(got.Question, "ñ") || strings.Contains(string(first.Body), "I call") {
		t.Errorf("told %+v", got)
	}
	c.Version, c.State = 2, domain.CaseClosed
	if next, err := caseItem(c); err != nil || next.ID == first.ID {
		t.Errorf("another state is the same item: %v", err)
	}
}
