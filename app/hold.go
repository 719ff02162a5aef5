package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"agentid/app/domain"
	"agentid/sync/outbox"
)

// settingHeld keeps, over restarts, that staff holds the sync back.
const settingHeld = "sync.held"

// stateHeld: staff holds the sync back, and nothing leaves the kiosk.
const stateHeld outbox.State = "held"

// holdStore keeps whether the sync is held.
type holdStore interface {
	Setting(ctx context.Context, key string) (string, error)
	SetSetting(ctx context.Context, key, value string) error
}

// hold is the switch by which staff holds the sync back: while it is on, nothing
// leaves the kiosk and nothing is asked of the centre. The zero value is off.
type hold struct {
	one  sync.Mutex // one change at a time
	mu   sync.Mutex
	on   bool
	out  chan struct{} // closed when it is switched on; nil while it is
	in   chan struct{} // closed when it is let go; nil while it is not held
	busy int           // how much is under way
	idle chan struct{} // closed when nothing is; nil while nobody waits for it
}

// load reads how it was left. Where that cannot be told it is on: staff sees it,
// and lets it go.
func (h *hold) load(ctx context.Context, s holdStore) error {
	v, err := s.Setting(ctx, settingHeld)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err == nil && v == "" {
		return nil
	}
	h.flip(true)
	if err != nil {
		return fmt.Errorf("switch of the sync: %w", err)
	}
	return nil
}

// heldIn tells how a kiosk that does not run was left.
func heldIn(ctx context.Context, s holdStore) bool {
	var h hold
	_ = h.load(ctx, s) // what cannot be told counts as held
	return h.held()
}

// set switches it. It is on disk first; once it is on, set returns when nothing
// is under way any more, or with the end of ctx.
func (h *hold) set(ctx context.Context, s holdStore, on bool) error {
	h.one.Lock()
	defer h.one.Unlock()
	v := ""
	if on {
		v = "staff"
	}
	if err := s.SetSetting(ctx, settingHeld, v); err != nil {
		return err
	}
	h.flip(on)
	if !on {
		return nil
	}
	select {
	case <-h.still():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hold) flip(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.on == on {
		return
	}
	h.on = on
	if on {
		if h.out != nil {
			close(h.out)
		}
		h.out, h.in = nil, make(chan struct{})
		return
	}
	close(h.in)
	h.in = nil
}

// still is closed when nothing is under way.
func (h *hold) still() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.idle == nil {
		h.idle = make(chan struct{})
	}
	idle := h.idle
	h.ring()
	return idle
}

// ended tells that something is under way no more.
func (h *hold) ended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy--
	h.ring()
}

// ring tells who waits that nothing is under way, where that is so. Under h.mu.
func (h *hold) ring() {
	if h.busy == 0 && h.idle != nil {
		close(h.idle)
		h.idle = nil
	}
}

// held tells whether it is on.
func (h *hold) held() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.on
}

// pass waits until it is off, and gives a context that ends when it is switched
// on: what works under it is done by the time it calls done. false at the end of
// ctx.
func (h *hold) pass(ctx context.Context) (run context.Context, done func(), ok bool) {
	for ctx.Err() == nil {
		h.mu.Lock()
		if !h.on {
			if h.out == nil {
				h.out = make(chan struct{})
			}
			out := h.out
			h.busy++
			h.mu.Unlock()
			run, cancel := context.WithCancel(ctx)
			go func() {
				select {
				case <-out:
					cancel()
				case <-run.Done():
				}
			}()
			return run, func() { cancel(); h.ended() }, true
		}
		in := h.in
		h.mu.Unlock()
		select {
		case <-in:
		case <-ctx.Done():
		}
	}
	return nil, nil, false
}
