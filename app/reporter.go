package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// When a kiosk tells its centre of itself.
const (
	reportLook  = 10 * time.Second // how often it is looked whether something changed
	healthEvery = 5 * time.Minute
	healthLeast = time.Minute // between a reading and one of a change
	headEvery   = 15 * time.Minute
	// headAgain has a head told that has not changed: a centre that lost its past
	// has it again, and one that has it answers that it knows.
	headAgain = 24 * time.Hour
	// lastPatience bounds how long the end of the program waits for the head of the
	// audit to reach the centre.
	lastPatience = 2 * time.Second
	lastLook     = 20 * time.Millisecond
)

// readingStore is what of the store the reports go through.
type readingStore interface {
	DeviceID() string
	AuditHead(ctx context.Context) (domain.AuditHead, error)
	Tell(ctx context.Context, kind domain.NoticeKind, item string, person domain.PersonID, body []byte) error
	Waits(ctx context.Context, kind domain.NoticeKind, item string) (bool, error)
}

// condition is how the kiosk is, without figures: what changes it is told soon.
type condition struct {
	camera, engine string
	degraded       []string // names of checks
}

func (c condition) same(d condition) bool {
	return c.camera == d.camera && c.engine == d.engine && slices.Equal(c.degraded, d.degraded)
}

// reporter tells the centre of a kiosk where its audit ends and how it is. What it
// tells names nobody. It works while the sync is not held.
type reporter struct {
	store readingStore
	clock domain.Clock
	log   *slog.Logger
	hold  *hold
	state func() outbox.State
	wake  func() // the sync
	// condition is cheap; reading adds the figures.
	condition func(context.Context) condition
	reading   func(context.Context, condition) protocol.Health

	changed chan struct{} // something of the sync did
	// Of the goroutine that runs.
	was      condition
	healthAt time.Time
	headAt   time.Time
	said     string // the last error

	mu    sync.Mutex
	head  domain.AuditHead // that was told last
	known outbox.State
}

// run works until ctx ends.
func (r *reporter) run(ctx context.Context) {
	for {
		free, done, ok := r.hold.pass(ctx)
		if !ok {
			return
		}
		r.round(free)
		done()
	}
}

func (r *reporter) round(ctx context.Context) {
	for ctx.Err() == nil {
		r.look(ctx)
		t := r.clock.NewTimer(reportLook)
		select {
		case <-ctx.Done():
		case <-r.changed:
		case <-t.C():
		}
		t.Stop()
	}
}

// centre hears how the sync stands: a kiosk that has just been enrolled tells of
// itself at once. It may be called on a kiosk that works alone.
func (r *reporter) centre(s outbox.State) {
	if r == nil {
		return
	}
	r.mu.Lock()
	was := r.known
	r.known = s
	r.mu.Unlock()
	if was == s {
		return
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// told is the head that was told last. It may be called on a kiosk that works
// alone.
func (r *reporter) told() domain.AuditHead {
	if r == nil {
		return domain.AuditHead{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head
}

// look tells what is due.
func (r *reporter) look(ctx context.Context) {
	if r.state() == stateNotEnrolled { // nobody has asked yet
		return
	}
	now := r.clock.Now()
	_, head, err := r.tellHead(ctx, now, false)
	err = errors.Join(err, r.tellHealth(ctx, now, err == nil && !head.Sound))
	r.fault(ctx, err)
}

// fault logs an error, once as long as it stays the same.
func (r *reporter) fault(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != "" && said != r.said {
		r.log.Warn("the centre is not told how this kiosk is", slog.String("error", said))
	}
	r.said = said
}

// elapsed tells whether d has passed since, or the clock was set back behind it.
func elapsed(since, now time.Time, d time.Duration) bool {
	return since.IsZero() || now.Before(since) || now.Sub(since) >= d
}

// tellHead tells where the audit ends, if that is due; now, if it has changed. It
// gives the item's id, "" for none.
func (r *reporter) tellHead(ctx context.Context, now time.Time, atOnce bool) (item string, h domain.AuditHead, err error) {
	if h, err = r.store.AuditHead(ctx); err != nil || h.Seq == 0 {
		return "", h, err
	}
	least := headAgain
	if was := r.told(); h.Seq != was.Seq || h.Hash != was.Hash {
		least = headEvery
		if atOnce {
			least = 0
		}
	}
	if !elapsed(r.headAt, now, least) {
		return "", h, nil
	}
	item = protocol.DerivedID(protocol.KindAuditHead, r.store.DeviceID()+"/"+protocol.ChainAudit, int64(h.Seq))
	err = r.tell(ctx, domain.NoticeAuditHead, item, &protocol.AuditHead{Chain: protocol.ChainAudit, Seq: h.Seq, Hash: h.Hash.String(), At: h.At.UTC()})
	if err != nil {
		return "", h, err
	}
	r.headAt = now
	r.mu.Lock()
	r.head = h
	r.mu.Unlock()
	return item, h, nil
}

// tellHealth tells how the kiosk is: every few minutes, and when that changed.
func (r *reporter) tellHealth(ctx context.Context, now time.Time, unsound bool) error {
	c := r.condition(ctx)
	if unsound {
		c.degraded = append([]string{"audit"}, c.degraded...)
	}
	least := healthEvery
	if !c.same(r.was) {
		least = healthLeast
	}
	if ctx.Err() != nil || !elapsed(r.healthAt, now, least) {
		return nil
	}
	h := r.reading(ctx, c)
	if err := r.tell(ctx, domain.NoticeHealth, newID(), &h); err != nil {
		return err
	}
	r.was, r.healthAt = c, now
	return nil
}

// tell has the centre told of a body that it will take.
func (r *reporter) tell(ctx context.Context, kind domain.NoticeKind, item string, b protocol.Body) error {
	if err := b.Check(); err != nil { // a clock that was never set, say
		return fmt.Errorf("%s: %w", kind, err)
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return r.store.Tell(ctx, kind, item, "", body)
}

// last tells, at the end of the program, where the audit ends, and waits a moment
// for the centre to have it: what is put in the place of this database while
// nothing runs is then known as older. run has ended, the sync has not. Where the
// centre does not answer, the next start tells it.
func (r *reporter) last(ctx context.Context) {
	if r.hold.held() || r.state() != outbox.StateOnline {
		return
	}
	now := r.clock.Now()
	item, _, err := r.tellHead(ctx, now, true)
	if err != nil || item == "" {
		r.fault(ctx, err)
		return
	}
	r.wake()
	for r.clock.Now().Sub(now).Abs() < lastPatience {
		if waits, err := r.store.Waits(ctx, domain.NoticeAuditHead, item); err != nil || !waits {
			return
		}
		<-r.clock.NewTimer(lastLook).C()
	}
}
