package kiosk

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"agentid/app/domain"
)

// Times of the state machine, from the house's rules of behaviour.
const (
	// TimeoutStarting is how long the engine and the camera may take to open.
	TimeoutStarting = 20 * time.Second
	// TimeoutGone is how long after the face has left a card stays: nothing
	// private is left for the next in line.
	TimeoutGone = 5 * time.Second
	// TimeoutIdle is how long after the last sign of anyone the kiosk rests.
	TimeoutIdle = 20 * time.Second
	// TimeoutCard bounds any card, whoever stands there.
	TimeoutCard = 2 * time.Minute
	// CameraStale is from what age of the newest picture the camera is lost.
	CameraStale = 3 * time.Second
)

// Options wire a Machine. Screen, Recorder and Clock are required.
type Options struct {
	Clock    domain.Clock
	Screen   Screen
	Recorder *Recorder
	Log      *slog.Logger
	Site     Site
	Lang     domain.Lang // the language at rest; Spanish when empty
	Demo     bool
	// Deny tells the pipeline that the face of a track is not that person; may be nil.
	Deny func(track uint64, p domain.PersonID)
	// Flows are registration, validation and withdrawal; nil: this kiosk greets only.
	Flows *Flows
	// Admin is the admin tab; nil, or without Flows.Staff: there is none.
	Admin *AdminPorts
}

// Machine is the kiosk's state machine. Camera, pipeline and visitor tell it
// what happens, from any goroutine; it tells the screen what to show.
//
// Its methods do little and never wait: what takes time is the Recorder's.
type Machine struct {
	o    Options
	wake chan struct{} // a deadline may have changed

	validator *Validator
	base      context.Context // of the flows' work
	stop      context.CancelFunc
	jobs      sync.WaitGroup

	mu        sync.Mutex
	assistant Assistant // nil: this kiosk answers no questions, or not yet
	speaker   Speaker   // nil: it is silent
	view      View
	shown     bool // view was published at least once
	people    map[domain.PersonID]string
	engine    bool // SetEngine was called
	missed    bool // the camera was said to be lost, and has not returned since

	flow  *flow // what the visitor is in the middle of; nil: nothing
	scene domain.Scene
	card  card // what the greeting or unknown card is about
	// dismissed holds tracks that were served, whose visitor closed their card;
	// denied those who said "that is not me".
	dismissed map[uint64]mark
	denied    map[uint64]mark
	proved    mark // who validated last, while they stay
	// provedTrack is the face that did, 0 where none was seen.
	provedTrack uint64
	presence    time.Time // last face near enough to be read
	touched     time.Time // last touch
	told        time.Time // the deadline that the screen was last told
	rows        int       // of a list, that the screen has room for; 0 where it told none
}

// mark is a person under a track, "" for an unknown one, and when the track was
// last in the scene.
type mark struct {
	person domain.PersonID
	seen   time.Time
}

// card is whom a card is about.
type card struct {
	track  uint64
	person domain.PersonID // empty on the unknown card
	seen   time.Time
}

var _ Commands = (*Machine)(nil)

// NewMachine starts in StateStarting; Run keeps its time.
func NewMachine(o Options) *Machine {
	if o.Lang == "" {
		o.Lang = domain.Spanish
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &Machine{
		o: o, wake: make(chan struct{}, 1), people: map[domain.PersonID]string{},
		dismissed: map[uint64]mark{}, denied: map[uint64]mark{},
	}
	m.base, m.stop = context.WithCancel(context.Background())
	if o.Flows != nil {
		m.validator = NewValidator(*o.Flows, o.Clock, o.Log)
	}
	now := o.Clock.Now()
	m.view = View{
		State: StateStarting, Lang: o.Lang, Since: now, Deadline: now.Add(TimeoutStarting), Site: o.Site,
		Status: Status{Camera: domain.CameraConnecting, Network: NetworkUnset, Demo: o.Demo},
	}
	return m
}

// Run enforces the time-outs until ctx ends, and returns when what is being
// stored is stored.
func (m *Machine) Run(ctx context.Context) {
	defer m.jobs.Wait()
	defer m.stop()
	m.update(func(time.Time) {})
	for {
		var due <-chan time.Time
		var timer domain.Timer
		m.mu.Lock()
		if at := m.deadline(); !at.IsZero() {
			timer = m.o.Clock.NewTimer(at.Sub(m.o.Clock.Now()))
			due = timer.C()
		}
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			if timer != nil {
				timer.Stop()
			}
			return
		case <-due:
			m.update(m.expire)
		case <-m.wake:
			if timer != nil {
				timer.Stop()
			}
		}
	}
}

// View is the current view.
func (m *Machine) View() View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.view
}

// update applies a change and tells the screen if the view is another one.
// The screen is told under the lock, so that it never sees an older view last.
func (m *Machine) update(change func(now time.Time)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, due := m.view, m.deadline()
	now := m.o.Clock.Now()
	change(now)
	next := m.deadline()
	m.view.Deadline = m.countdown(next, now)
	if m.view.State != before.State {
		m.o.Log.Info("state", slog.String("from", string(before.State)), slog.String("to", string(m.view.State)))
	}
	if !m.shown || visible(m.view) != visible(before) || moved(m.told, m.view.Deadline) {
		m.shown, m.told = true, m.view.Deadline
		m.o.Screen.ShowView(m.view)
	}
	// A deadline that only moved away needs no new timer: the old one fires,
	// finds nothing due, and Run arms the next.
	if !next.IsZero() && (due.IsZero() || next.Before(due)) {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// countdown is the deadline as the screen should show it: none while the face
// that keeps the card is there.
func (m *Machine) countdown(due, now time.Time) time.Time {
	if m.follows() && !m.view.Asking {
		return time.Time{}
	}
	if (m.view.State == StateGreeting || m.view.State == StateUnknown) && now.Sub(m.card.seen) < time.Second {
		return time.Time{}
	}
	return due
}

// moved tells that a deadline differs by more than a visitor would notice.
func moved(a, b time.Time) bool {
	return a.IsZero() != b.IsZero() || a.Sub(b).Abs() > time.Second
}

// visible is the view without what moves all the time.
func visible(v View) View {
	v.Deadline = time.Time{}
	v.Status.FPS = float64(int(v.Status.FPS + 0.5))
	return v
}

// enter changes the state.
func (m *Machine) enter(s State, now time.Time) {
	if m.view.State == s {
		return
	}
	m.view.State, m.view.Since = s, now
	if s != StateGreeting {
		m.view.Given, m.view.FirstVisit = "", false
	}
	if s != StateNotice {
		m.view.Notice = ""
	}
}

// rest is where the kiosk goes when nothing else is on.
func (m *Machine) rest(now time.Time) {
	m.card = card{}
	m.endFlow()
	if m.view.Status.Camera.Dark() {
		m.enter(StateCameraLost, now)
		return
	}
	m.enter(StateAttract, now)
}

// lastSign is the last sign of anyone: a face or a touch.
func (m *Machine) lastSign() time.Time {
	if m.touched.After(m.presence) {
		return m.touched
	}
	return m.presence
}

// deadline is when the current state ends by itself; zero when it does not.
func (m *Machine) deadline() time.Time {
	if m.follows() {
		return m.flowDeadline()
	}
	since := m.view.Since
	switch m.view.State {
	case StateStarting:
		return since.Add(TimeoutStarting)
	case StateGreeting:
		// Private: only its own face keeps it, no touch of whoever is there.
		return earliest(latest(since, m.card.seen).Add(TimeoutGone), since.Add(TimeoutCard))
	case StateUnknown:
		d := latest(since, m.card.seen).Add(TimeoutGone)
		if m.touched.After(since) { // somebody is busy with it
			d = latest(d, m.touched.Add(TimeoutIdle))
		}
		return earliest(d, latest(since, m.touched).Add(TimeoutCard))
	case StateHelp, StateNotice:
		d := latest(since, m.lastSign()).Add(TimeoutIdle)
		return earliest(d, latest(since, m.touched).Add(TimeoutCard))
	}
	// At rest only a chosen language runs out, whoever passes by.
	if m.view.Lang != m.o.Lang {
		return latest(since, m.touched).Add(TimeoutIdle)
	}
	return time.Time{}
}

// expire ends the state whose time is up.
func (m *Machine) expire(now time.Time) {
	d := m.deadline()
	if d.IsZero() || d.After(now) {
		return
	}
	if m.follows() {
		m.expireFlow(now)
		return
	}
	switch m.view.State {
	case StateHelp, StateNotice:
		if m.resume(now) {
			m.expireFlow(now) // what was typed is asked about, and not shown to whoever is there
			return
		}
	case StateGreeting, StateUnknown:
		// Who still stands there has been served: no card again for them.
		if now.Sub(m.card.seen) < TimeoutGone {
			m.dismiss(now)
		}
	case StateAttract, StateCameraLost:
		m.view.Lang = m.o.Lang
		return
	}
	if now.Sub(m.lastSign()) >= TimeoutGone {
		m.view.Lang = m.o.Lang // the next visitor is somebody else
	}
	m.rest(now)
}

// dismiss keeps the open card from opening again for the same face.
func (m *Machine) dismiss(now time.Time) {
	m.dismissed[m.card.track] = mark{m.card.person, now}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
