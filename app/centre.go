package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/sync/client"
	"agentid/sync/outbox"
)

// linkLook is how often the key file is looked at: who enrols a kiosk, for the
// first time or anew, need not restart it.
const linkLook = 5 * time.Second

// States of a link that an outbox does not know.
const (
	stateNotEnrolled outbox.State = "not_enrolled"
	// stateNoKeys: there are keys, but they must not or cannot be used.
	stateNoKeys outbox.State = "keys_unusable"
)

// errNoCentre says that this kiosk works alone.
var errNoCentre = errors.New("no centre is configured: set centre.url")

// linkStore is what of the store the sync works on.
type linkStore interface {
	outbox.Queue
	holdStore
	DeviceID() string
}

// link is a running kiosk's line to its centre: it opens the keys, runs the
// outbox, and begins anew when the kiosk was enrolled again.
type link struct {
	cli      *cli
	store    linkStore
	apply    outbox.Applier
	onStatus func(outbox.Status) // must not wait
	onJoined func(context.Context, client.Membership)
	hold     hold // staff's switch

	mu     sync.Mutex
	out    *outbox.Outbox // nil while there are no keys to work with
	member client.Membership
	closed error // why there is no outbox
	said   string
	last   outbox.Status // of the outbox that ran last
}

// centreOptions are those of this kiosk's client.
func (c *cli) centreOptions(device string) client.Options {
	return client.Options{
		URL: c.cfg.Centre.URL, CAFile: c.cfg.Centre.CAFile, KeyFile: c.cfg.Centre.KeyFile, DataDir: c.cfg.StateDir(),
		DeviceID: device, Program: programName(), RateKbps: c.cfg.Sync.RateKbps, Clock: c.clock, Log: c.log,
	}
}

// programName is this program and its version, as the centre lists it.
func programName() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = strings.Trim(info.Main.Version, "()")
	}
	return "agentid/" + version
}

// run works until ctx ends, and returns when nothing of it is under way.
func (l *link) run(ctx context.Context) {
	for {
		if l.hold.held() {
			l.status(l.heldStatus())
		}
		free, done, ok := l.hold.pass(ctx)
		if !ok {
			return
		}
		l.round(free)
		done()
	}
}

// round works until ctx ends or the keys are to be opened anew.
func (l *link) round(ctx context.Context) {
	was := l.keyFile()
	centre, err := client.Open(l.cli.centreOptions(l.store.DeviceID()))
	if err != nil {
		l.close(err)
		l.pause(ctx)
		return
	}
	l.serve(ctx, centre, was)
}

// heldStatus is how things stand while staff holds the sync back.
func (l *link) heldStatus() outbox.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := outbox.Status{State: stateHeld, LastSuccess: l.last.LastSuccess, Waiting: l.last.Waiting, Notes: l.last.Notes, Sent: l.last.Sent, Applied: l.last.Applied}
	return st
}

// serve runs the sync until ctx ends or the kiosk belongs elsewhere.
func (l *link) serve(ctx context.Context, centre *client.Client, file os.FileInfo) {
	ctx, cancel := context.WithCancel(ctx)
	out := outbox.New(outbox.Options{
		Queue: l.store, Applier: l.apply, Centre: centre, Clock: l.cli.clock, Log: l.cli.log, OnStatus: l.status,
	})
	member := centre.Membership()
	l.mu.Lock()
	l.out, l.member, l.closed = out, member, nil
	l.mu.Unlock()
	l.status(out.Status())
	if l.onJoined != nil {
		l.onJoined(ctx, member)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = out.Run(ctx) // it ends with ctx alone, without an error
	}()
	for l.pause(ctx) {
		now := l.keyFile()
		if now == nil || file != nil && os.SameFile(file, now) && file.ModTime().Equal(now.ModTime()) {
			continue
		}
		file = now
		next, err := client.Open(l.cli.centreOptions(l.store.DeviceID()))
		if err != nil { // half done, or spoilt: what runs has its keys
			l.cli.log.Warn("keys for the centre not read anew", slog.String("error", err.Error()))
			continue
		}
		if m := next.Membership(); !m.JoinedAt.Equal(member.JoinedAt) || m.SiteID != member.SiteID {
			l.cli.log.Info("enrolled anew")
			break
		}
	}
	cancel()
	<-done
	l.mu.Lock()
	l.out, l.last = nil, out.Status()
	l.mu.Unlock()
}

// keyFile tells the key file's state; nil where there is none to tell.
func (l *link) keyFile() os.FileInfo {
	info, err := os.Stat(l.cli.cfg.Centre.KeyFile)
	if err != nil {
		return nil
	}
	return info
}

// pause waits for the next look at the key file; false at the end.
func (l *link) pause(ctx context.Context) bool {
	t := l.cli.clock.NewTimer(linkLook)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C():
		return true
	}
}

// close notes that there is nothing to work with.
func (l *link) close(err error) {
	l.mu.Lock()
	l.out, l.closed = nil, err
	l.mu.Unlock()
	l.status(outbox.Status{State: closedState(err), LastError: err.Error()})
}

// closedState is how it stands with a kiosk whose client does not open.
func closedState(err error) outbox.State {
	if errors.Is(err, client.ErrNotEnrolled) {
		return stateNotEnrolled
	}
	return stateNoKeys
}

// status passes a status on, and logs what staff should know, once.
func (l *link) status(st outbox.Status) {
	said := string(st.State)
	if st.ClockOff() {
		said += ", clock"
	}
	l.mu.Lock()
	was := l.said
	l.said = said
	l.mu.Unlock()
	if said != was {
		attrs := []any{slog.String("state", string(st.State))}
		level := slog.LevelInfo
		switch st.State {
		case outbox.StateOnline, outbox.StateConnecting:
		default:
			level = slog.LevelWarn
			attrs = append(attrs, slog.String("error", st.LastError), slog.String("mend", centreMend(st.State)))
		}
		if st.ClockOff() {
			level = slog.LevelWarn
			attrs = append(attrs, slog.Duration("clock_off_by", st.Skew))
		}
		l.cli.log.Log(context.Background(), level, "centre", attrs...)
	}
	if l.onStatus != nil {
		l.onStatus(st)
	}
}

// wake tells that something new waits. It may be called on a kiosk that works
// alone.
func (l *link) wake() {
	if l == nil {
		return
	}
	l.mu.Lock()
	out := l.out
	l.mu.Unlock()
	if out != nil {
		out.Wake()
	}
}

// now is how the sync stands.
func (l *link) now() (outbox.Status, client.Membership) {
	if l.hold.held() {
		l.mu.Lock()
		member := l.member
		l.mu.Unlock()
		return l.heldStatus(), member
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.out != nil:
		return l.out.Status(), l.member
	case l.closed != nil:
		return outbox.Status{State: closedState(l.closed), LastError: l.closed.Error()}, client.Membership{}
	}
	return outbox.Status{State: outbox.StateConnecting}, l.member
}

// centreMend is what to do about a state; "" where there is nothing.
func centreMend(s outbox.State) string {
	switch s {
	case outbox.StateNotConfigured, outbox.StateConnecting, outbox.StateOnline:
		return ""
	case stateNotEnrolled:
		return "ask the centre for a code, and run `agentid sync enrol CODE`"
	case stateNoKeys:
		return "see centre.key_file: its keys must be this kiosk's, its owner's alone, and outside the data"
	case stateHeld:
		return "staff holds the sync back: page Sync of the admin tab lets it go on. Nothing is lost"
	case outbox.StateRevoked:
		return "the centre has revoked this kiosk; its data stays here. A new code brings it back: `agentid sync enrol CODE`"
	case outbox.StateIncompatible:
		return "update the kiosk or the centre: they speak no version in common"
	case outbox.StateRefused:
		return "the centre does not know this kiosk: `agentid sync enrol CODE`"
	}
	return "nothing is lost: it goes on by itself when the centre can be reached"
}

// network is the state as the state bar tells it.
func network(s outbox.State) kiosk.Network {
	switch s {
	case outbox.StateNotConfigured:
		return kiosk.NetworkUnset
	case outbox.StateOnline:
		return kiosk.NetworkOnline
	}
	return kiosk.NetworkOffline
}

// openLink makes the link of a kiosk that has a centre; nil for one that has not.
func (p *program) openLink() *link {
	if p.c.cfg.Centre.URL == "" {
		return nil
	}
	l := &link{cli: p.c, store: p.store, apply: takeover{p.store, p}, onStatus: p.centreStatus, onJoined: p.joined}
	if err := l.hold.load(context.Background(), p.store); err != nil {
		p.c.log.Error("the sync is held", slog.String("error", err.Error()))
	}
	return l
}

// centreStatus shows how the sync stands.
func (p *program) centreStatus(st outbox.Status) {
	p.machine.SetNetwork(network(st.State))
	p.machine.SetHeld(st.State == stateHeld)
	p.reports.centre(st.State)
	if st.State == stateHeld {
		return // what waits is counted by the recorder
	}
	if was := p.waiting.Swap(&st.Waiting); was == nil || *was != st.Waiting {
		p.setPending(st.Waiting.Notices)
	}
}

// countTimeout bounds the count of what waits.
const countTimeout = 5 * time.Second

// pending shows how much waits for the centre; events is how many of it are
// events, which on a kiosk that works alone is all that is told.
func (p *program) pending(events int) {
	if p.link == nil {
		p.setPending(events)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	w, err := p.store.WaitingNotices(ctx)
	if err != nil {
		p.c.log.Error("outbox not counted", slog.String("error", err.Error()))
		return
	}
	p.setPending(w.Notices)
}

func (p *program) setPending(n int) {
	p.metrics.Pending(n)
	p.machine.SetPending(n)
}

// takeover has the running kiosk act at once on what the centre decided: who was
// erased is forgotten before the centre hears that it is done.
type takeover struct {
	*store.Store
	p *program
}

// ApplyPage implements outbox.Applier.
func (t takeover) ApplyPage(ctx context.Context, page domain.CentrePage) (domain.Applied, error) {
	page, refused, err := t.p.reviewDocuments(ctx, page)
	if err != nil {
		return domain.Applied{}, err
	}
	done, err := t.Store.ApplyPage(ctx, page)
	if errors.Is(err, domain.ErrCursor) {
		return done, err
	}
	// What is committed is acted on also where the sync ends just now: staff holds
	// it back, or the kiosk was enrolled anew.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), actTimeout)
	defer stop()
	if done.BadgeKeys > 0 || err != nil { // part of it may be done
		t.p.due.add(dueBadgeKeys)
	}
	refused = append(refused, t.p.takeDocuments(ctx, page)...)
	done.Skipped = append(done.Skipped, refused...)
	if errors.Is(err, store.ErrLogKept) { // all is done; the next erasure empties them
		t.p.c.log.Warn("old pages are kept until the next erasure", slog.String("error", err.Error()))
		err = nil
	}
	if err != nil {
		t.p.galleryChanged()
		return done, err
	}
	for _, c := range page.Changes {
		switch {
		case c.Erasure != nil:
			t.p.gone(c.Erasure.Person)
		case c.GonePerson != "":
			t.p.gone(c.GonePerson)
		}
	}
	for _, id := range done.Faceless {
		t.p.gone(id)
	}
	if done.People > 0 {
		t.p.galleryChanged()
	}
	if done.Documents+done.Gone > 0 {
		t.p.faqPublished()
	}
	if done.Erased+done.Gone+done.Badges > 0 {
		t.p.sweepCards(ctx)
	}
	return done, nil
}

// takeBadgeKeys has badges read by the keys that the centre trusts.
func (p *program) takeBadgeKeys(ctx context.Context) (notes []string, err error) {
	if err := p.desk.reload(ctx, p.store); err != nil { // those that were read hold
		return nil, err
	}
	site, err := p.store.BadgeKeys(ctx)
	if err == nil && p.desk.limited(site) {
		p.c.log.Warn("badges issued here hold at no other kiosk: the key is that of a kiosk that was revoked",
			slog.String("mend", "stop the kiosk, run `agentid keys rotate --only-badge`, start it"))
	}
	return nil, err
}

// sweepCards removes the cards of badges that hold no more.
func (p *program) sweepCards(ctx context.Context) {
	f, ok := p.c.cardFolder()
	if !ok {
		return
	}
	if _, err := sweepCards(ctx, f, p.store, p.c.clock.Now()); err != nil { // the daily sweep tries again
		p.c.log.Error("cards not removed", slog.String("error", fmt.Sprint(err)))
	}
}
