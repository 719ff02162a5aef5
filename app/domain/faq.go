package domain

import (
	"context"
	"errors"
	"time"
)

// MaxFAQText bounds the text of an edited topic, in bytes, and MaxFAQEdits how
// many there are.
const (
	MaxFAQText  = 256 << 10
	MaxFAQEdits = 4000
)

// ErrEdited says that somebody else has changed something meanwhile.
var ErrEdited = errors.New("changed meanwhile")

// FAQEdit is a topic as the branch wrote it, in one language.
type FAQEdit struct {
	Lang  Lang
	Topic string
	// Version counts the edits of the topic; of one to be saved it is the one
	// that was seen, 0 for none.
	Version int64
	Text    string // the topic as a file of questions and answers has it
	Base    string // hash of what it took the place of; "" for nothing
	At      time.Time
	// Damaged: what was kept does not open any more, and there is no Text. The
	// next edit takes its place.
	Damaged bool
}

// FAQSet is all topics of a language as the centre published them.
type FAQSet struct {
	Lang    Lang
	Version int64
	Text    string
	At      time.Time
	Damaged bool // as of FAQEdit
}

// FAQBook keeps what the branch and the centre made of the questions and answers.
type FAQBook interface {
	// FAQEdits lists the edits by time; the damaged ones, too.
	FAQEdits(ctx context.Context) ([]FAQEdit, error)
	// SaveFAQEdit keeps an edit and returns it as kept: ErrEdited where its
	// Version is not the last.
	SaveFAQEdit(ctx context.Context, e FAQEdit) (FAQEdit, error)
	// DropFAQEdit takes an edit back, in the languages named, or all where none
	// is: ErrNotFound.
	DropFAQEdit(ctx context.Context, topic string, langs ...Lang) error

	// FAQSets lists the sets in use, the damaged ones, too; KeepFAQSet puts one in use, and DropFAQSet
	// none.
	FAQSets(ctx context.Context) ([]FAQSet, error)
	KeepFAQSet(ctx context.Context, set FAQSet) error
	DropFAQSet(ctx context.Context, l Lang) error
}
