package domain

import (
	"context"
	"errors"
	"time"
)

// ExchangeOutcome is what came of a visitor's question.
type ExchangeOutcome string

// The outcomes.
const (
	ExchangeAnswered  ExchangeOutcome = "answered"
	ExchangeChosen    ExchangeOutcome = "chosen" // a topic on the screen was touched
	ExchangeSuggested ExchangeOutcome = "suggested"
	ExchangeLost      ExchangeOutcome = "lost"
	ExchangeHandedOff ExchangeOutcome = "handoff"
	ExchangeTalk      ExchangeOutcome = "talk" // a greeting and the like
)

// Feedback is what a visitor said of an answer.
type Feedback string

// The feedbacks.
const (
	NoFeedback Feedback = ""
	Liked      Feedback = "liked"
	Disliked   Feedback = "disliked"
)

// Exchange is one question and what came of it. It names nobody, and its text
// is masked: it holds no number of a card, an account or a document.
type Exchange struct {
	ID          string
	At          time.Time
	Lang        Lang
	Question    string
	Topic       string  // answered with; empty where none was
	Confidence  float64 // 0..1
	Suggestions []string
	Outcome     ExchangeOutcome
	Feedback    Feedback
}

// CaseState is how far a case has come.
type CaseState string

// The states.
const (
	CaseOpen   CaseState = "open"
	CaseTaken  CaseState = "taken" // somebody of the staff looks after it
	CaseClosed CaseState = "closed"
)

// CaseReason is why a visitor was handed over.
type CaseReason string

// The reasons.
const (
	CaseAsked    CaseReason = "asked"    // for a person
	CaseLost     CaseReason = "lost"     // not understood
	CaseDisliked CaseReason = "disliked" // the answers did not help
)

// CaseIdentity is what the kiosk knew of a visitor.
type CaseIdentity string

// The identities.
const (
	IdentityAnonymous  CaseIdentity = "anonymous"
	IdentityRecognised CaseIdentity = "recognised" // greeted by their face
	IdentityValidated  CaseIdentity = "validated"  // proved who they are
)

// Case is a visitor handed over to staff.
type Case struct {
	ID       string
	Version  int64 // grows with every change, from 1
	At       time.Time
	Kiosk    string // its device id
	Lang     Lang
	Identity CaseIdentity
	Person   PersonID // empty for IdentityAnonymous
	Reason   CaseReason
	// Transcript is what was said, masked; sealed at rest.
	Transcript []CaseLine
	State      CaseState
	Staff      StaffID // who took or closed it
	ChangedAt  time.Time
	// Answered tells that the centre has answered, with Answer where the case is
	// given whole.
	Answered bool
	Answer   *CaseAnswer
	Told     time.Time // when the kiosk showed the answer to who asked; zero before
}

// Question is what the visitor asked last, and Topic what was answered last.
func (c Case) Question() string {
	for i := len(c.Transcript) - 1; i >= 0; i-- {
		if l := c.Transcript[i]; l.Visitor {
			return l.Text
		}
	}
	return ""
}

// Topic is what was answered last; empty where nothing was.
func (c Case) Topic() string {
	for i := len(c.Transcript) - 1; i >= 0; i-- {
		if l := c.Transcript[i]; l.Topic != "" {
			return l.Topic
		}
	}
	return ""
}

// CaseLine is one thing that was said.
type CaseLine struct {
	At      time.Time `json:"at"`
	Visitor bool      `json:"visitor"` // else the kiosk
	Text    string    `json:"text"`
	Topic   string    `json:"topic,omitempty"`
}

// Limits of what is kept of a conversation.
const (
	MaxExchangeText = 2000 // bytes
	MaxSuggestions  = 5
	MaxCaseLines    = 100
)

// ErrCaseClosed says that a case has come to its end.
var ErrCaseClosed = errors.New("this case is closed")

// ChatLog keeps what visitors asked; the centre is told.
type ChatLog interface {
	// AddExchange stores an exchange; the id is the caller's.
	AddExchange(ctx context.Context, e Exchange) error
	// RateExchange sets what the visitor said of it. ErrNotFound.
	RateExchange(ctx context.Context, id string, f Feedback) error
	// Exchanges lists the newest, oldest first, at most limit of them, since a
	// time.
	Exchanges(ctx context.Context, since time.Time, limit int) ([]Exchange, error)
}

// CaseFilter chooses cases; a zero field does not restrict.
type CaseFilter struct {
	States []CaseState
	Before string // cases listed after this one
	Limit  int
}

// CaseBook keeps the cases of staff; the centre is told of each, and of each
// change, without the transcript.
type CaseBook interface {
	// AddCase stores a new case, open. The id is the caller's; ErrNotFound for a
	// person who is not here.
	AddCase(ctx context.Context, c Case) error
	// Case gives one. ErrNotFound.
	Case(ctx context.Context, id string) (Case, error)
	// Cases lists cases, newest first, without their transcripts.
	Cases(ctx context.Context, f CaseFilter) ([]Case, error)
	// SetCaseState takes, closes or opens again a case, in the name of a member
	// of staff; it is audited. ErrNotFound; ErrCaseClosed for one that is closed
	// and not opened first.
	SetCaseState(ctx context.Context, id string, to CaseState, by StaffID) error
}
