package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"agentid/app/domain"
)

// Recorder writes events, one at a time and in order, beside the state machine,
// so that no screen waits for a disk.
type Recorder struct {
	o     RecorderOptions
	queue chan entry
	lost  atomic.Uint64

	// Run's own: what waits for the disk to take it, and the newest event of
	// each person recognised and of the last tracks.
	backlog []entry
	newest  map[domain.PersonID]domain.EventID
	tracks  map[uint64]domain.EventID

	mu      sync.Mutex
	seen    map[domain.PersonID]time.Time // first recognition known of
	waiting time.Time                     // since when the disk refuses; zero while it does not
}

// RecorderOptions wire a Recorder. Events and Clock are required.
type RecorderOptions struct {
	Events domain.Events
	Clock  domain.Clock
	Log    *slog.Logger
	// Snapshots tells to keep the frame of a decision.
	Snapshots bool
	// OnRecorded hears of each event on disk.
	OnRecorded func(domain.Event)
	// OnPending hears how many events await sync.
	OnPending func(n int)
	// DrainTimeout bounds the writes at the end; 5 s when 0.
	DrainTimeout time.Duration
}

type entry struct {
	event    domain.Event
	snapshot []byte
	track    uint64
	notMe    bool // About is to be filled in with the person's latest recognition
	revises  bool // About is to be filled in with the track's latest event
}

// queueLen is far over what a kiosk can decide while a disk hangs for a minute.
const queueLen = 1024

// pendingEvery is how often the outbox is counted when nothing is recorded.
const pendingEvery = 5 * time.Second

// NewRecorder makes a recorder; Run does its work.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 5 * time.Second
	}
	return &Recorder{
		o: o, queue: make(chan entry, queueLen),
		seen: map[domain.PersonID]time.Time{}, newest: map[domain.PersonID]domain.EventID{}, tracks: map[uint64]domain.EventID{},
	}
}

// Known tells of a person recognised before; the earliest time counts.
func (r *Recorder) Known(p domain.PersonID, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.seen[p]; !ok || at.Before(first) {
		r.seen[p] = at
	}
}

// SeenBefore tells whether the person was recognised well before now.
func (r *Recorder) SeenBefore(p domain.PersonID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.seen[p]
	return ok && now.Sub(at) > time.Minute
}

// Stuck is since when the disk refuses what is to be written; zero while it
// does not.
func (r *Recorder) Stuck() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting
}

// Lost counts events that could not be written.
func (r *Recorder) Lost() uint64 { return r.lost.Load() }

// Decision records what the pipeline concluded.
func (r *Recorder) Decision(d domain.Decision) {
	e := entry{track: d.Track, revises: d.Revises, event: domain.Event{
		Kind: domain.EventRecognition, Reason: d.Reason, At: d.At, Person: d.Person,
		Distance: d.Distance, Second: d.Second, Threshold: d.Threshold, Metric: d.Metric,
		Votes: d.Votes, Frames: d.Frames, Quality: d.Quality, Encoder: d.Encoder, Detector: d.Detector,
	}}
	if r.o.Snapshots {
		e.snapshot = d.JPEG
	}
	if d.Reason == domain.ReasonRecognised {
		r.mu.Lock()
		if _, ok := r.seen[d.Person]; !ok {
			r.seen[d.Person] = d.At
		}
		r.mu.Unlock()
	}
	r.put(e)
}

// NotMe records that somebody greeted as p says they are not.
func (r *Recorder) NotMe(p domain.PersonID, at time.Time) {
	r.put(entry{event: domain.Event{Kind: domain.EventCorrection, Reason: domain.ReasonNotMe, At: at, Person: p}, notMe: true})
}

// Camera records that the camera was lost or came back.
func (r *Recorder) Camera(why domain.Reason, at time.Time) {
	r.put(entry{event: domain.Event{Kind: domain.EventCamera, Reason: why, At: at}})
}

func (r *Recorder) put(e entry) {
	select {
	case r.queue <- e:
	default:
		r.lost.Add(1)
		r.o.Log.Error("event lost: the queue is full", slog.String("kind", string(e.event.Kind)))
	}
}

// writeTimeout bounds one write: far more than a healthy disk takes.
const writeTimeout = 20 * time.Second

// Run writes until ctx ends, then writes what is queued and returns. What the
// disk refuses is kept, in order, and tried again every pendingEvery.
func (r *Recorder) Run(ctx context.Context) {
	r.pending(ctx)
	t := r.o.Clock.NewTimer(pendingEvery)
	defer func() { t.Stop() }()
	for {
		if ctx.Err() != nil { // before more is taken: the end has its own bound
			r.drain(ctx)
			return
		}
		select {
		case e := <-r.queue:
			r.enqueue(e)
			// While the disk refuses, only the timer tries again.
			if len(r.backlog) == 1 {
				r.flush(ctx, writeTimeout)
			}
			r.pending(ctx)
		case <-t.C():
			r.flush(ctx, writeTimeout)
			r.pending(ctx)
			t = r.o.Clock.NewTimer(pendingEvery)
		case <-ctx.Done():
			r.drain(ctx)
			return
		}
	}
}

// drain is the end: what was decided before it is not lost with it.
func (r *Recorder) drain(ctx context.Context) {
	for more := true; more; {
		select {
		case e := <-r.queue:
			r.enqueue(e)
		default:
			more = false
		}
	}
	r.flush(ctx, r.o.DrainTimeout)
	if n := len(r.backlog); n > 0 {
		r.lost.Add(uint64(n))
		r.o.Log.Error("events lost at the end", slog.Int("events", n))
	}
}

func (r *Recorder) enqueue(e entry) {
	if len(r.backlog) >= queueLen {
		r.lost.Add(1)
		r.o.Log.Error("event lost: the disk has refused for too long", slog.String("kind", string(e.event.Kind)))
		return
	}
	r.backlog = append(r.backlog, e)
}

// flush writes the backlog, within a time, up to the first refusal. What no
// repetition would mend is dropped: a picture that cannot be kept, then an event
// that makes no sense to the store.
func (r *Recorder) flush(ctx context.Context, within time.Duration) {
	// The end of the program does not tear a write that has begun.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	for len(r.backlog) > 0 {
		e := &r.backlog[0]
		switch {
		case e.event.About != "":
		case e.notMe:
			e.event.About = r.newest[e.event.Person]
		case e.revises:
			e.event.About = r.tracks[e.track]
		}
		stored, err := r.o.Events.Record(ctx, e.event, e.snapshot)
		if err != nil && e.snapshot != nil && ctx.Err() == nil {
			e.snapshot = nil // the event matters more than its picture
			stored, err = r.o.Events.Record(ctx, e.event, nil)
		}
		if errors.Is(err, domain.ErrRefused) {
			r.lost.Add(1)
			r.o.Log.Error("event refused", slog.String("kind", string(e.event.Kind)), slog.String("error", err.Error()))
			r.backlog = r.backlog[1:]
			continue
		}
		if err != nil {
			r.o.Log.Error("event not recorded yet", slog.String("kind", string(e.event.Kind)),
				slog.Int("waiting", len(r.backlog)), slog.String("error", err.Error()))
			r.stuck(true)
			return
		}
		r.note(*e, stored)
		r.backlog = r.backlog[1:]
	}
	r.stuck(false)
}

// note remembers what later events may be about.
func (r *Recorder) note(e entry, stored domain.Event) {
	if stored.Kind == domain.EventRecognition {
		if stored.Reason == domain.ReasonRecognised {
			r.newest[stored.Person] = stored.ID
		}
		if len(r.tracks) > 256 { // tracks are never used again
			clear(r.tracks)
		}
		r.tracks[e.track] = stored.ID
	}
	if r.o.OnRecorded != nil {
		r.o.OnRecorded(stored)
	}
}

func (r *Recorder) stuck(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !yes:
		r.waiting = time.Time{}
	case r.waiting.IsZero():
		r.waiting = r.o.Clock.Now()
	}
}

func (r *Recorder) pending(ctx context.Context) {
	if r.o.OnPending == nil {
		return
	}
	n, _, err := r.o.Events.Pending(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("outbox not counted", slog.String("error", err.Error()))
		}
		return
	}
	r.o.OnPending(n)
}
