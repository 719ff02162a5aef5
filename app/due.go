package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/app/store"
)

const (
	// actTimeout bounds how long a running kiosk takes over what is committed.
	actTimeout = 20 * time.Second
	// dueEvery is how often what could not be taken over is tried again.
	dueEvery = time.Minute
)

// dueBadgeKeys is what is due beside kinds of documents.
const dueBadgeKeys = "badge_keys"

// due is what a running kiosk has yet to go by of what the centre decided: it is
// committed, and comes down no more.
type due struct {
	one  sync.Mutex // one takes over at a time: none goes by what was read before another's
	mu   sync.Mutex
	what map[string]bool
	wake chan struct{} // of one: do not wait for the next look
}

func newDue() *due { return &due{what: map[string]bool{}, wake: make(chan struct{}, 1)} }

func (d *due) add(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.what[what] = true
}

// take tells whether something is due; from then on it is not.
func (d *due) take(what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.what[what]
	delete(d.what, what)
	return was
}

func (d *due) any() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.what) > 0
}

// takeDue has the running kiosk go by all that is due, and tells what of it could
// not be taken. What the store fails at stays due; what is damaged in it is as
// damaged the next time. news are the accounts whose refusal is told.
func (p *program) takeDue(ctx context.Context, news func(domain.StaffID) bool) (notes []string) {
	p.due.one.Lock()
	defer p.due.one.Unlock()
	ctx = domain.WithActor(ctx, domain.Actor{ID: domain.ActorCentre})
	for _, t := range []struct {
		what string
		do   func(context.Context) ([]string, error)
	}{
		{domain.DocumentConfig, p.takeConfig},
		{domain.DocumentConsentText, p.takeTexts},
		{domain.DocumentStaff, func(ctx context.Context) ([]string, error) { return p.takeStaff(ctx, news) }},
		{dueBadgeKeys, p.takeBadgeKeys},
	} {
		if !p.due.take(t.what) {
			continue
		}
		said, err := t.do(ctx)
		if err != nil {
			said = append(said, failedTo(t.what, err)...)
		}
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			p.due.add(t.what)
		}
		notes = append(notes, said...)
	}
	return notes
}

// keepTaking tries what is due again, until ctx ends: the next start goes by all.
func (p *program) keepTaking(ctx context.Context) {
	for {
		t := p.c.clock.NewTimer(dueEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-p.due.wake:
			t.Stop()
		case <-t.C():
		}
		if !p.due.any() {
			continue
		}
		act, stop := context.WithTimeout(ctx, actTimeout)
		notes := p.takeDue(act, allStaff)
		stop()
		if ctx.Err() == nil {
			p.say(notes)
		}
	}
}

// allStaff has every account that is refused told.
func allStaff(domain.StaffID) bool { return true }
