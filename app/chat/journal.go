package chat

import (
	"context"
	"time"

	"agentid/app/domain"
)

// Outcome is what came of a question.
type Outcome string

// The outcomes.
const (
	OutcomeAnswered  Outcome = "answered"
	OutcomeChosen    Outcome = "chosen" // a suggestion or a topic was touched
	OutcomeSuggested Outcome = "suggested"
	OutcomeLost      Outcome = "lost"
	OutcomeHandoff   Outcome = "handoff"
	OutcomeTalk      Outcome = "talk"
)

// Feedback is what the visitor said of an answer.
type Feedback string

// The feedbacks.
const (
	NoFeedback Feedback = ""
	Liked      Feedback = "liked"
	Disliked   Feedback = "disliked"
)

// Exchange is one question and what came of it. The question is masked.
type Exchange struct {
	ID          string      `json:"id"`
	At          time.Time   `json:"at"`
	Lang        domain.Lang `json:"lang"`
	Question    string      `json:"question"`
	Topic       string      `json:"topic,omitempty"` // answered with
	Confidence  float64     `json:"confidence"`
	Suggestions []string    `json:"suggestions,omitempty"`
	Outcome     Outcome     `json:"outcome"`
	Feedback    Feedback    `json:"feedback,omitempty"`
}

// CaseReason is why a person is called.
type CaseReason string

// The reasons.
const (
	CaseAsked    CaseReason = "asked" // the visitor wants a person
	CaseLost     CaseReason = "lost"  // not understood, twice
	CaseDisliked CaseReason = "disliked"
)

// Identity is what the kiosk knows of who asks.
type Identity struct {
	State  string          `json:"state"` // "anonymous", "recognised", "validated"
	Person domain.PersonID `json:"person_id,omitempty"`
}

// Line is one thing that was said, masked.
type Line struct {
	At      time.Time `json:"at"`
	Visitor bool      `json:"visitor"` // else the kiosk
	Text    string    `json:"text"`
	Topic   string    `json:"topic,omitempty"`
}

// Case is a visitor handed over to staff.
type Case struct {
	ID         string      `json:"id"`
	At         time.Time   `json:"at"`
	Kiosk      string      `json:"kiosk"`
	Lang       domain.Lang `json:"lang"`
	Identity   Identity    `json:"identity"`
	Reason     CaseReason  `json:"reason"`
	Transcript []Line      `json:"transcript"`
}

// Journal keeps exchanges and cases. What it is given is masked already.
type Journal interface {
	// SaveExchange stores a new exchange.
	SaveExchange(ctx context.Context, e Exchange) error
	// RateExchange sets the feedback of an exchange.
	RateExchange(ctx context.Context, id string, f Feedback) error
	// SaveCase stores a case for staff.
	SaveCase(ctx context.Context, c Case) error
}
