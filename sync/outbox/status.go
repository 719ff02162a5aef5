package outbox

import (
	"slices"
	"time"

	"agentid/app/domain"
)

// State is how things stand between this kiosk and its centre.
type State string

// The states.
const (
	// StateNotConfigured: this kiosk belongs to no centre.
	StateNotConfigured State = "not_configured"
	// StateConnecting: not heard of yet, since the start.
	StateConnecting State = "connecting"
	StateOnline     State = "online"
	StateOffline    State = "offline"
	// StateRevoked: the centre wants this kiosk no more. It keeps its data.
	StateRevoked State = "revoked"
	// StateIncompatible: the two ends speak no version in common.
	StateIncompatible State = "incompatible"
	// StateRefused: the centre does not know this kiosk, or forbids it.
	StateRefused State = "refused"
)

// stopped tells whether nothing is sent until somebody changes something.
func (s State) stopped() bool {
	return s == StateRevoked || s == StateIncompatible || s == StateRefused
}

// SkewLimit is from where a clock is said to be off.
const SkewLimit = 60 * time.Second

// maxNotes bounds Status.Notes.
const maxNotes = 20

// Status is how the sync stands, for the state bar and the admin's tab.
type Status struct {
	State       State
	Waiting     domain.Waiting
	LastSuccess time.Time // when the centre last took or gave something; zero for never
	LastError   string    // of the last attempt that failed; "" after one that did not
	// PictureError is why pictures wait; "" while they go.
	PictureError string
	RetryAt      time.Time // when it is tried again, if it waits
	Skew         time.Duration
	SkewKnown    bool
	Sent         uint64 // notices that the centre has taken since the start
	Applied      uint64 // changes of the centre since the start
	// Notes are the last changes of the centre that were not taken, and why.
	Notes []string
}

// ClockOff tells whether this machine's clock is to be set.
func (s Status) ClockOff() bool {
	return s.SkewKnown && (s.Skew > SkewLimit || s.Skew < -SkewLimit)
}

// Status is how things stand now.
func (o *Outbox) Status() Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	st := o.status
	st.Notes = slices.Clone(st.Notes)
	return st
}

// change changes the status, and tells whoever wants to know.
func (o *Outbox) change(f func(*Status)) {
	o.mu.Lock()
	f(&o.status)
	if o.o.Centre != nil {
		o.status.Skew, o.status.SkewKnown = o.o.Centre.Skew()
	}
	st := o.status
	st.Notes = slices.Clone(st.Notes)
	o.mu.Unlock()
	if o.o.OnStatus != nil {
		o.o.OnStatus(st)
	}
}

// heard notes that the centre did what it was asked.
func (o *Outbox) heard() {
	now := o.o.Clock.Now()
	was := o.Status().State
	o.change(func(st *Status) {
		st.State, st.LastSuccess, st.LastError, st.RetryAt = StateOnline, now, "", time.Time{}
	})
	if was != StateOnline {
		o.retry.ring()
	}
}

func (st *Status) note(notes ...string) {
	st.Notes = append(slices.Clone(st.Notes), notes...)
	if n := len(st.Notes) - maxNotes; n > 0 {
		st.Notes = st.Notes[n:]
	}
}
