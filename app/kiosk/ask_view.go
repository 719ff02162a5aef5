package kiosk

import (
	"context"

	"agentid/app/domain"
)

// StateAsk is a visitor asking questions.
const StateAsk State = "ask"

// AskStep is a page of a conversation.
type AskStep string

// The pages of a conversation.
const (
	AskTopics  AskStep = "topics"  // what may be asked: the categories, or the topics of one
	AskWriting AskStep = "writing" // the visitor writes
	AskAnswer  AskStep = "answer"
	AskSuggest AskStep = "suggest" // it may be one of these
	AskTalk    AskStep = "talk"    // a greeting, thanks, or what could not be understood
	AskPerson  AskStep = "person"  // a person was called
	AskFailed  AskStep = "failed"  // a person could not be called from here
)

// Rating is what the visitor said of an answer.
type Rating string

// The ratings.
const (
	Unrated  Rating = ""
	Liked    Rating = "liked"
	Disliked Rating = "disliked"
)

// Voice is how answers are spoken.
type Voice string

// The states of the voice.
const (
	VoiceNone     Voice = ""      // this kiosk does not speak
	VoiceReady    Voice = "ready" // a touch has the answer spoken
	VoiceSpeaking Voice = "speaking"
)

// Ask is a conversation as it is shown.
type Ask struct {
	Step AskStep
	Busy bool // the question is on its way
	// Groups are what may be asked, and Open the category that is looked into;
	// "" shows the categories (AskTopics).
	Groups *AskGroups
	Open   string
	// Question is what the visitor asked last, as they wrote it.
	Question string
	// Turn is what the kiosk says: set from the first question on.
	Turn   *AskTurn
	Rating Rating
	Voice  Voice
}

// AskGroups are the topics by category, in the order to show them.
type AskGroups struct{ List []AskGroup }

// AskGroup is a category with its topics.
type AskGroup struct {
	ID     string
	Topics []AskChip
}

// AskChip is a topic to touch.
type AskChip struct{ ID, Title string }

// AskTurn is what the kiosk says to a question, in one language.
type AskTurn struct {
	Step AskStep // AskAnswer, AskSuggest, AskTalk or AskPerson
	Lang domain.Lang
	// Say is said beside: of an answer, at most that a long question was read
	// in part.
	Say    string
	Answer *AskAnswered // of AskAnswer
	Chips  []AskChip    // suggestions; after an answer, what is related
	// MayRate tells that the answer waits for whether it helped.
	MayRate bool
	// Lost tells that nothing was understood.
	Lost bool
	// Private tells that it is for the eyes of who asked: it is not read aloud by
	// itself.
	Private bool
	// Ref is the case that staff finds this under, its last characters, where a
	// person was called with this turn.
	Ref string
}

// AskAnswered is an answer.
type AskAnswered struct {
	Topic string
	Title string // the question that it answers, well put
	// First is what is to be done before all else; "" where nothing is urgent.
	First  string
	Blocks []AskBlock
}

// AskBlock is a paragraph, or steps in their order.
type AskBlock struct {
	Text  string
	Steps []string
}

// Asker is what is known of who asks.
type Asker struct {
	// Person was greeted or has validated; "" is nobody known.
	Person    domain.PersonID
	Validated bool
}

// Assistant answers visitors' questions. Its methods are quick and may be
// called from any goroutine.
type Assistant interface {
	// Groups are the topics in a language.
	Groups(domain.Lang) *AskGroups
	// Begin begins a conversation.
	Begin(domain.Lang, Asker) Conversation
}

// Conversation is one visitor's. Its methods are called one at a time, but for
// In. With an error the turn is good all the same, only something was not kept;
// but with ErrNotCalled nobody was called, and there is no turn.
type Conversation interface {
	Ask(ctx context.Context, lang domain.Lang, question string) (AskTurn, error)
	Choose(ctx context.Context, lang domain.Lang, topic string) (AskTurn, error)
	Rate(ctx context.Context, lang domain.Lang, liked bool) (AskTurn, error)
	CallPerson(ctx context.Context, lang domain.Lang) (AskTurn, error)
	// In is a turn in another language. It may be called at any time, and only
	// computes.
	In(t AskTurn, lang domain.Lang) AskTurn
}

// Answered is a Conversation that may begin with what was answered to somebody
// later. It is asked of those alone who have validated.
type Answered interface {
	// Waiting offers an answer; false where there is none.
	Waiting(ctx context.Context, lang domain.Lang) (AskTurn, bool, error)
}

// Speaker speaks what stands on the screen.
type Speaker interface {
	// Speak returns when all was spoken, or ctx has ended.
	Speak(ctx context.Context, lang domain.Lang, text string) error
}
