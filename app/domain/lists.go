package domain

import (
	"context"
	"time"
)

// How many rows a list gives: without a wish, and at most.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// EventFilter chooses events; a zero field does not restrict.
//
// Without a time they come by Seq, newest first, as the kiosk saw them; with
// From or To by At, then Seq, newest first. Either way BeforeSeq is the Seq of
// the last event of the page before.
type EventFilter struct {
	Kind      EventKind
	Reason    Reason
	Person    PersonID
	Badge     BadgeID
	From, To  time.Time // At in [From, To)
	BeforeSeq uint64
	Limit     int // DefaultPage if 0 or less, MaxPage at most
}

// EventTally is how often something happened in a stretch of time.
type EventTally struct {
	From   time.Time // of the stretch
	Kind   EventKind
	Reason Reason
	Count  int
}

// History lists what happened, a page at a time, whatever there is of it.
type History interface {
	EventsQuery(ctx context.Context, f EventFilter) ([]Event, error)
	EventByID(ctx context.Context, id EventID) (Event, error)
	// Tally counts the events with At in [from, to), stretch by stretch of
	// step from from on, by kind and reason. At most MaxTally stretches.
	Tally(ctx context.Context, from, to time.Time, step time.Duration) ([]EventTally, error)
}

// MaxTally is the most stretches that a Tally counts by.
const MaxTally = 1000

// PeopleQuery asks for a page of people, the last made first (by their ids,
// which are UUIDv7).
type PeopleQuery struct {
	// Text is what staff know: the beginnings of words of the name, in any
	// order, accents and case aside; or a whole document number. Empty: all.
	// One or two letters alone find only names with just that word.
	Text string
	// Before is the ID of the last one of the page before.
	Before PersonID
	Limit  int // as for events
}

// PersonEntry is a person in a list.
type PersonEntry struct {
	Person
	HasFace      bool
	HasPIN       bool
	Badges       int // that hold now
	SecondFactor bool
}

// PeoplePage is a page of people.
type PeoplePage struct {
	People []PersonEntry
	// More is what to ask Before with for the next page: empty after the last.
	// A page may be short, or empty, and yet have a next one: a search looks at
	// so many names only before it answers.
	More PersonID
}

// Directory finds people among very many.
type Directory interface {
	FindPeople(ctx context.Context, q PeopleQuery) (PeoplePage, error)
	CountPeople(ctx context.Context) (int, error)
}
