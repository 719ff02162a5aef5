package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/sync/outbox"
	"agentid/ui"
)

// notes is a holdStore in memory.
type notes struct {
	mu   sync.Mutex
	kept map[string]string
	bad  error
}

func (n *notes) Setting(_ context.Context, key string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.kept[key]
	if !ok && n.bad == nil {
		return "", domain.ErrNotFound
	}
	return v, n.bad
}

func (n *notes) SetSetting(_ context.Context, key, value string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bad == nil {
		n.kept[key] = value
	}
	return n.bad
}

func TestHold(t *testing.T) {
	s := &notes{kept: map[string]string{}}
	var h hold
	must(t, h.load(t.Context(), s))
	run, done, ok := h.pass(t.Context())
	if !ok || h.held() {
		t.Fatal("held from the start")
	}
	// It is switched on: what works hears of it, and the switch waits for its end.
	switched := make(chan error, 1)
	go func() { switched <- h.set(t.Context(), s, true) }()
	<-run.Done()
	select {
	case err := <-switched:
		t.Fatalf("switched while something was under way: %v", err)
	default:
	}
	done()
	must(t, <-switched)
	var again hold
	must(t, again.load(t.Context(), s))
	if !again.held() || !h.held() {
		t.Fatal("not held, or not after a restart")
	}
	// Nothing passes until it is let go, and what waits passes at once.
	passed := make(chan bool, 1)
	go func() {
		_, done, ok := h.pass(t.Context())
		if ok {
			done()
		}
		passed <- ok
	}()
	must(t, h.set(t.Context(), s, true)) // once more is as good
	select {
	case <-passed:
		t.Fatal("something passed")
	default:
	}
	must(t, h.set(t.Context(), s, false))
	if !<-passed {
		t.Fatal("it did not pass")
	}
	// The end of the program is no passage.
	must(t, h.set(t.Context(), s, true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, ok := h.pass(ctx); ok {
		t.Error("passed at the end")
	}
	// What cannot be written is not switched; what cannot be read is held.
	s.bad = errors.New("disk")
	if err := h.set(t.Context(), s, false); err == nil || !h.held() {
		t.Errorf("let go, and not on disk: %v", err)
	}
	var unread hold
	if err := unread.load(t.Context(), s); err == nil || !unread.held() {
		t.Errorf("what was not read: %v", err)
	}
}

// A switch that could not wait for the end of what was under way leaves nothing
// behind that what begins afterwards could stumble over.
func TestHoldThatDidNotWait(t *testing.T) {
	s := &notes{kept: map[string]string{}}
	var h hold
	for range 20_000 {
		_, done, _ := h.pass(t.Context())
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.set(ended, s, true); !errors.Is(err, context.Canceled) || !h.held() {
			t.Fatalf("did not wait: %v", err)
		}
		must(t, h.set(t.Context(), s, false))
		done()
		_, done, _ = h.pass(t.Context())
		done()
	}
	must(t, h.set(t.Context(), s, true))
}

// branchKiosk is a kiosk without a camera that belongs to a centre, and that may
// be stopped and started again.
type branchKiosk struct {
	*program
	dir  string
	wire *wire
}

func (k *branchKiosk) start(t *testing.T, centre *e2eCentre) (stop func()) {
	t.Helper()
	c := newCLI(io.Discard, t.Output())
	c.window = func(ui.Options) screen { return noScreen{} }
	c.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	c.cfg.DataDir = filepath.Join(k.dir, "data")
	c.cfg.MasterKeyFile, c.cfg.Badge.KeyFile = filepath.Join(k.dir, "keys", "master.key"), filepath.Join(k.dir, "keys", "badge.key")
	c.cfg.Camera.URL, c.cfg.Telemetry.Addr = config.NoCamera, ""
	c.cfg.Centre = config.Centre{URL: "https://" + k.wire.l.Addr().String(), CAFile: centre.caFile, KeyFile: filepath.Join(k.dir, "keys", "centre.key")}
	must(t, os.MkdirAll(filepath.Join(k.dir, "keys"), 0o700))
	p, err := newProgram(t.Context(), c)
	must(t, err)
	k.program = p
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// happen records some events, as the kiosk would.
func (k *branchKiosk) happen(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := k.store.Record(t.Context(), domain.Event{ID: domain.EventID(newID()), Kind: domain.EventRecognition, Reason: domain.ReasonUnknown, At: time.Now()}, nil)
		must(t, err)
	}
	k.link.wake()
}

// While staff holds the sync, nothing leaves the kiosk, over a restart too. Let
// go, all that happened meanwhile, and what was cut off half-way, is told once.
func TestTheSyncIsHeldBack(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", sharedCache(t))
	centre := newE2ECentre(t)
	k := &branchKiosk{dir: t.TempDir(), wire: newWire(t, centre.srv.Listener.Addr().String())}
	stop := k.start(t, centre)
	code, _, err := centre.db.NewCode(t.Context(), e2eSite, "A", "test")
	must(t, err)
	_, err = k.c.enrol(t.Context(), k.store.DeviceID(), code, "A")
	must(t, err)
	state := func(s outbox.State) func() bool {
		return func() bool { st, _ := k.link.now(); return st.State == s }
	}
	eventually(t, "online", state(outbox.StateOnline))
	device := k.store.DeviceID()

	// Switched off in the middle of a drain.
	k.happen(t, 3000)
	eventually(t, "something is told", func() bool { return len(centre.events(device)) > 0 })
	desk := syncDesk{k.program}
	must(t, desk.SetOffline(t.Context(), true))
	k.wire.mu.Lock()
	calls := k.wire.calls
	k.wire.mu.Unlock()
	told := len(centre.events(device))
	t.Logf("held with %d of 3000 told", told)
	quiet := func() {
		t.Helper()
		k.wire.mu.Lock()
		defer k.wire.mu.Unlock()
		if k.wire.calls != calls {
			t.Fatalf("%d connections while held", k.wire.calls-calls)
		}
	}
	k.happen(t, 5)
	eventually(t, "shown offline, with what waits", func() bool {
		v := k.machine.View().Status
		return v.Held && v.Network == kiosk.NetworkOffline && v.Pending >= 3005-told
	})
	s, err := desk.Sync(t.Context())
	if err != nil || !s.Switch || !s.Offline || s.State != string(stateHeld) || s.LastSuccess.IsZero() {
		t.Fatalf("the page shows %+v, %v", s, err)
	}
	stop()

	stop = k.start(t, centre)
	desk = syncDesk{k.program}
	eventually(t, "still held", state(stateHeld))
	k.happen(t, 5)
	eventually(t, "shown offline, with what waits", func() bool {
		v := k.machine.View().Status
		return v.Held && v.Network == kiosk.NetworkOffline && v.Pending >= 3010-told
	})
	quiet()
	if n := len(centre.events(device)); n != told {
		t.Fatalf("%d events told while held", n-told)
	}

	must(t, desk.SetOffline(t.Context(), false))
	eventually(t, "all is told", func() bool { return len(centre.events(device)) >= 3010 })
	eventually(t, "online", func() bool {
		v := k.machine.View().Status
		return !v.Held && v.Network == kiosk.NetworkOnline && v.Pending == 0
	})
	if n := centre.count("SELECT count(DISTINCT id) FROM events WHERE device = $1", device); n != len(centre.events(device)) || n < 3010 {
		t.Errorf("%d events, %d of them different", len(centre.events(device)), n)
	}
	if w, err := k.store.WaitingNotices(t.Context()); err != nil || w.Dead != 0 {
		t.Errorf("%+v, %v", w, err)
	}
	stop()
}
