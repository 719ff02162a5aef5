package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// Options say what an Outbox works with. Queue is needed; the rest has
// defaults.
type Options struct {
	Queue Queue
	// Applier takes what comes down; nil for a kiosk that only tells.
	Applier Applier
	// Centre is nil for a kiosk that belongs to none: what waits is counted.
	Centre Centre
	Clock  domain.Clock // domain.SystemClock
	Log    *slog.Logger // nowhere
	// OnStatus hears each change of the status, OnApplied what each page
	// changed. They are called from the Outbox's goroutines, and must not wait.
	OnStatus  func(Status)
	OnApplied func(domain.Applied)
	// Network is a text that changes with the machine's networks; Interfaces.
	Network func() string

	BatchItems  int           // at most, of a batch; 500
	BatchBytes  int           // about, of a batch, before gzip; 1 MiB
	Poll        time.Duration // how often an idle drain looks; 2 s
	Wait        time.Duration // of the long-poll; 45 s
	BackoffBase time.Duration // 1 s
	BackoffMost time.Duration // 5 min
	StopEvery   time.Duration // how often one that was told to stop asks again; 15 min
}

func (o *Options) defaults() {
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Network == nil {
		o.Network = Interfaces
	}
	for _, d := range []struct {
		to *time.Duration
		of time.Duration
	}{
		{&o.Poll, 2 * time.Second}, {&o.Wait, 45 * time.Second}, {&o.BackoffBase, time.Second},
		{&o.BackoffMost, 5 * time.Minute}, {&o.StopEvery, 15 * time.Minute},
	} {
		if *d.to <= 0 {
			*d.to = d.of
		}
	}
	o.Wait = min(o.Wait, protocol.MaxWait)
	if o.BatchItems <= 0 {
		o.BatchItems = 500
	}
	o.BatchItems = min(o.BatchItems, protocol.MaxItems)
	if o.BatchBytes <= 0 {
		o.BatchBytes = 1 << 20
	}
	o.BatchBytes = min(o.BatchBytes, protocol.MaxBatchPlain/2)
}

// Outbox runs the sync of one kiosk. Make one with New; Run it once.
type Outbox struct {
	o    Options
	wake bell // something new waits
	// retry ends the drain's wait after a failure, down that of the changes.
	retry, down bell

	mu     sync.Mutex
	status Status

	// Of the drain's goroutine alone.
	limit    int       // items of the next batch
	turn     int       // which lane a small batch takes
	lone     int       // items refused alone since the last success
	counted  time.Time // when Waiting was counted
	pruned   time.Time
	pictures pictureState
	erasures time.Time // until when the centre takes none

	known bool // of the follower's goroutine alone: KnowKinds was called
}

// New makes an Outbox.
func New(o Options) *Outbox {
	o.defaults()
	state := StateConnecting
	if o.Centre == nil {
		state = StateNotConfigured
	}
	return &Outbox{
		o: o, wake: newBell(), retry: newBell(), down: newBell(), limit: o.BatchItems,
		status:   Status{State: state},
		pictures: pictureState{backoff: backoff{base: o.BackoffBase, most: o.BackoffMost}},
	}
}

// Run works until ctx ends. It returns nil then; there is nothing else that
// ends it.
func (o *Outbox) Run(ctx context.Context) error {
	if o.o.Centre != nil && o.o.Applier != nil && !o.moveIn(ctx) {
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() { o.drain(ctx) })
	if o.o.Centre != nil && o.o.Applier != nil {
		wg.Go(func() { o.follow(ctx) })
	}
	wg.Wait()
	return nil
}

// Wake tells that something new waits to be told. It does not shorten the wait
// after a failure.
func (o *Outbox) Wake() { o.wake.ring() }

// Retry ends whatever the Outbox waits for: staff wants it now, or the network
// is known to be back.
func (o *Outbox) Retry() {
	o.retry.ring()
	o.down.ring()
	o.wake.ring()
}

// DeadLetters lists up to limit of what the centre refused for good.
func (o *Outbox) DeadLetters(ctx context.Context, limit int) ([]domain.DeadNotice, error) {
	return o.o.Queue.DeadNotices(ctx, limit)
}

// RetryDead has a dead letter told again.
func (o *Outbox) RetryDead(ctx context.Context, key domain.NoticeKey) error {
	if err := o.o.Queue.RequeueNotice(ctx, key); err != nil {
		return err
	}
	o.wake.ring()
	return nil
}

// networkEvery is how often the network is looked at during a wait.
const networkEvery = 3 * time.Second

// pause waits after a failure: for d, until now is rung, or until the network
// has changed. It tells whether the network has.
func (o *Outbox) pause(ctx context.Context, d time.Duration, now bell) (changed bool) {
	end := o.o.Clock.Now().Add(d)
	network := o.o.Network()
	for {
		left := end.Sub(o.o.Clock.Now())
		if left <= 0 {
			return false
		}
		t := o.o.Clock.NewTimer(min(left, networkEvery))
		select {
		case <-ctx.Done():
			t.Stop()
			return false
		case <-now:
			t.Stop()
			return false
		case <-t.C():
		}
		if n := o.o.Network(); n != network {
			return true
		}
	}
}

// verdict is what a failure means for the whole.
type verdict struct {
	state State
	after time.Duration // Retry-After
}

// judge tells what a failure means. Trouble of our own disk says nothing about
// the centre.
func judge(err error) verdict {
	if errors.Is(err, protocol.ErrVersion) {
		return verdict{state: StateIncompatible}
	}
	var r *Refusal
	if !errors.As(err, &r) {
		return verdict{state: StateOffline}
	}
	v := verdict{state: StateOffline, after: r.RetryAfter}
	if r.Problem.Advice() == protocol.AdviceStop {
		switch r.Problem.Code {
		case protocol.CodeRevoked:
			v.state = StateRevoked
		case protocol.CodeVersion:
			v.state = StateIncompatible
		default:
			v.state = StateRefused
		}
	}
	return v
}

// StateOf is how things stand with a centre that a request failed with.
func StateOf(err error) State { return judge(err).state }

// localError is trouble of this machine, not of the centre.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

func local(err error) error {
	if err == nil {
		return nil
	}
	return localError{err}
}

// failed notes a failure, and gives how long to wait.
func (o *Outbox) failed(err error, doing string, b *backoff) time.Duration {
	v := judge(err)
	var wait time.Duration
	if v.state.stopped() {
		wait = o.o.StopEvery/2 + (&backoff{base: o.o.StopEvery, most: o.o.StopEvery}).next(0)
	} else {
		wait = b.next(v.after)
	}
	var mine localError
	o.change(func(st *Status) {
		st.LastError, st.RetryAt = clip(err.Error(), 300), o.o.Clock.Now().Add(wait)
		// One that was told to stop is not merely offline when the line fails.
		if !errors.As(err, &mine) && (v.state.stopped() || !st.State.stopped()) {
			st.State = v.state
		}
	})
	o.o.Log.Warn("sync failed", slog.String("doing", doing), slog.String("error", err.Error()), slog.Duration("wait", wait))
	return wait
}
