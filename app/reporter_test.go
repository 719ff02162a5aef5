package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// reportRig is a reporter over a real store, by a clock that stands still.
type reportRig struct {
	*reporter
	t     *testing.T
	clock *domaintest.Clock
	store *store.Store
	is    atomic.Pointer[condition]
	link  outbox.State
	woken int
}

func newReportRig(t *testing.T) *reportRig {
	t.Helper()
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: clock})
	must(t, err)
	t.Cleanup(func() { st.Close() })
	g := &reportRig{t: t, clock: clock, store: st, link: outbox.StateOnline}
	g.is.Store(&condition{camera: "live", engine: "dlib (demo)"})
	g.reporter = &reporter{
		store: st, clock: clock, log: slog.New(slog.DiscardHandler), hold: &hold{}, changed: make(chan struct{}, 1),
		state: func() outbox.State { return g.link }, wake: func() { g.woken++ },
		condition: func(context.Context) condition { return *g.is.Load() },
		reading: func(_ context.Context, c condition) protocol.Health {
			return protocol.Health{At: clock.Now(), Version: "test", Camera: c.camera, Engine: c.engine, Degraded: c.degraded}
		},
	}
	return g
}

// deed is something that the audit keeps.
func (g *reportRig) deed() {
	g.t.Helper()
	_, err := g.store.AppendAudit(g.t.Context(), domain.AuditEntry{Actor: "test", Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "event"}})
	must(g.t, err)
}

// tells looks after d, and gives what waits to be told then: it is told.
func (g *reportRig) tells(d time.Duration) (heads []protocol.AuditHead, healths []protocol.Health) {
	g.t.Helper()
	g.clock.Advance(d)
	g.look(g.t.Context())
	return g.drained()
}

// drained is what waits, held to what the centre takes; it is told with that.
func (g *reportRig) drained() (heads []protocol.AuditHead, healths []protocol.Health) {
	g.t.Helper()
	for {
		list, err := g.store.DueNotices(g.t.Context(), domain.LaneRest, 100)
		must(g.t, err)
		if len(list) == 0 {
			return heads, healths
		}
		var ends []domain.Settlement
		for _, n := range list {
			body, err := protocol.CheckedBody(protocol.Item{Kind: protocol.Kind(n.Key.Kind), ID: n.Item, Body: json.RawMessage(n.Body)})
			must(g.t, err)
			switch b := body.(type) {
			case *protocol.AuditHead:
				heads = append(heads, *b)
			case *protocol.Health:
				healths = append(healths, *b)
			}
			ends = append(ends, domain.Settlement{Key: n.Key, Done: true})
		}
		must(g.t, g.store.SettleNotices(g.t.Context(), ends))
	}
}

func TestHealthIsToldAsItChanges(t *testing.T) {
	g := newReportRig(t)
	for _, step := range []struct {
		name  string
		after time.Duration
		is    condition
		want  string // the camera that is told of; "" for no reading
	}{
		{"at the start", 0, condition{camera: "live"}, "live"},
		{"nothing new", time.Minute, condition{camera: "live"}, ""},
		{"lost", 10 * time.Second, condition{camera: "lost", degraded: []string{"camera"}}, "lost"},
		{"back, too soon", 10 * time.Second, condition{camera: "live"}, ""},
		{"still back", 50 * time.Second, condition{camera: "live"}, "live"},
		{"almost due", healthEvery - time.Second, condition{camera: "live"}, ""},
		{"due", time.Second, condition{camera: "live"}, "live"},
		{"disk low", time.Minute, condition{camera: "live", degraded: []string{"disk"}}, "live"},
		{"disk and engine", time.Minute, condition{camera: "live", degraded: []string{"disk", "engine"}}, "live"},
		{"clock set back", -24 * time.Hour, condition{camera: "live", degraded: []string{"disk", "engine"}}, "live"},
	} {
		g.is.Store(&step.is)
		_, hs := g.tells(step.after)
		switch {
		case step.want == "" && len(hs) == 0:
		case len(hs) != 1 || hs[0].Camera != step.want || strings.Join(hs[0].Degraded, " ") != strings.Join(step.is.degraded, " "):
			t.Errorf("%s: told %+v, want %q", step.name, hs, step.want)
		}
	}
}

func TestTheAuditsEndIsTold(t *testing.T) {
	g := newReportRig(t)
	head := func(name string, after time.Duration, want uint64) {
		t.Helper()
		heads, _ := g.tells(after)
		switch {
		case want == 0 && len(heads) == 0:
		case len(heads) != 1 || heads[0].Seq != want || heads[0].Chain != protocol.ChainAudit || len(heads[0].Hash) != 64:
			t.Errorf("%s: told %+v, want %d", name, heads, want)
		}
	}
	head("of an empty log", 0, 0)
	g.deed()
	g.deed()
	head("the first", reportLook, 2)
	head("nothing new", time.Hour, 0)
	g.deed()
	head("new after long", reportLook, 3)
	g.deed()
	g.deed()
	head("new, too soon", headEvery-time.Second, 0)
	head("the newest of them", time.Second, 5)
	head("again, a day later", headAgain, 5)
	// A kiosk that starts anew tells it in any case.
	g.headAt, g.head = time.Time{}, domain.AuditHead{}
	head("after a restart", reportLook, 5)
	if h := g.told(); h.Seq != 5 {
		t.Errorf("/sync says %+v", h)
	}
	g.link = stateNotEnrolled
	g.deed()
	head("nobody to tell", time.Hour, 0)
	if w, err := g.store.WaitingNotices(t.Context()); err != nil || w != (domain.Waiting{}) {
		t.Errorf("%+v, %v", w, err)
	}
}

// An audit that was cut off is told as unsound, whatever is in it.
func TestAnUnsoundAuditIsTold(t *testing.T) {
	g := newReportRig(t)
	g.reporter.store = cutOff{g.store}
	if _, hs := g.tells(0); len(hs) != 1 || strings.Join(hs[0].Degraded, " ") != "audit" {
		t.Errorf("%+v", hs)
	}
}

type cutOff struct{ *store.Store }

func (cutOff) AuditHead(context.Context) (domain.AuditHead, error) {
	return domain.AuditHead{}, nil
}

// At the end the last head is told at once, and waited for only where the centre
// is there and takes it.
func TestTheLastHeadIsToldAtTheEnd(t *testing.T) {
	g := newReportRig(t)
	g.deed()
	if heads, _ := g.tells(0); len(heads) != 1 {
		t.Fatalf("%+v", heads)
	}
	g.last(t.Context()) // nothing new
	for _, s := range []outbox.State{outbox.StateOffline, stateNotEnrolled} {
		g.deed()
		g.link = s
		g.last(t.Context())
	}
	g.link = outbox.StateOnline
	must(t, g.hold.set(t.Context(), g.store, true))
	g.last(t.Context())
	if heads, _ := g.drained(); len(heads) != 0 || g.woken != 0 {
		t.Fatalf("told %+v, woken %d times", heads, g.woken)
	}
	must(t, g.hold.set(t.Context(), g.store, false))

	done := make(chan struct{})
	go func() { defer close(done); g.last(t.Context()) }()
	g.clock.AwaitTimers(1)
	if heads, _ := g.drained(); len(heads) != 1 || heads[0].Seq != 3 {
		t.Errorf("told %+v", heads)
	}
	g.clock.Advance(lastLook)
	<-done

	g.deed() // the centre does not take this one
	done = make(chan struct{})
	go func() { defer close(done); g.last(t.Context()) }()
	g.clock.AwaitTimers(1)
	g.clock.Advance(lastPatience)
	<-done
	if g.woken != 2 {
		t.Errorf("woken %d times", g.woken)
	}
}

// While staff holds the sync nothing is made to be told; let go, it is.
func TestNothingIsReportedWhileHeld(t *testing.T) {
	g := newReportRig(t)
	must(t, g.hold.set(t.Context(), g.store, true))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); g.run(ctx) }()
	g.centre(stateHeld)
	if heads, hs := g.drained(); len(heads)+len(hs) != 0 {
		t.Errorf("told %+v %+v", heads, hs)
	}
	must(t, g.hold.set(t.Context(), g.store, false))
	g.clock.AwaitTimers(1) // it has looked
	if _, hs := g.drained(); len(hs) != 1 {
		t.Errorf("told %+v", hs)
	}
	must(t, g.hold.set(t.Context(), g.store, true)) // returns when it has stopped
	g.clock.Advance(time.Hour)
	if _, hs := g.drained(); len(hs) != 0 {
		t.Errorf("told while held %+v", hs)
	}
	cancel()
	<-done
}

// A kiosk that works alone tells nobody, and writes nothing down.
func TestAKioskAloneReportsNothing(t *testing.T) {
	k := newAdminKiosk(t)
	if k.reports != nil {
		t.Fatal("there is somebody to tell")
	}
	k.reports.centre(outbox.StateOnline)
	if h := k.reports.told(); h != (domain.AuditHead{}) {
		t.Errorf("told %+v", h)
	}
	k.link = k.openLinkTo("https://127.0.0.1:1")
	c := k.condition(t.Context())
	h := k.reading(t.Context(), c)
	must(t, h.Check())
	if h.Version == "" || h.DiskFree <= 0 || h.DBBytes <= 0 || h.People == 0 || h.Camera == "" {
		t.Errorf("%+v", h)
	}
	b, err := json.Marshal(h)
	must(t, err)
	dir := filepath.Dir(k.c.cfg.StateDir())
	if home := os.Getenv("HOME"); strings.Contains(string(b), home) || strings.Contains(string(b), dir) {
		t.Errorf("a path is told: %s", b)
	}
}

// openLinkTo makes the link that the kiosk would have with a centre.
func (k *adminKiosk) openLinkTo(url string) *link {
	k.c.cfg.Centre.URL = url
	return k.openLink()
}

// The centre knows of the audit's end before the program has ended, and so finds
// that an older copy of the whole database was put in its place.
func TestTheCentreFindsAnOlderDatabase(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", sharedCache(t))
	centre := newE2ECentre(t)
	k := &branchKiosk{dir: t.TempDir(), wire: newWire(t, centre.srv.Listener.Addr().String())}
	stop := k.start(t, centre)
	code, _, err := centre.db.NewCode(t.Context(), e2eSite, "A", "test")
	must(t, err)
	_, err = k.c.enrol(t.Context(), k.store.DeviceID(), code, "A")
	must(t, err)
	device := k.store.DeviceID()
	online := func() {
		t.Helper()
		eventually(t, "online", func() bool { st, _ := k.link.now(); return st.State == outbox.StateOnline })
	}
	deed := func() (e domain.AuditEntry) {
		t.Helper()
		e, err := k.store.AppendAudit(t.Context(), domain.AuditEntry{Actor: "test", Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "event"}})
		must(t, err)
		return e
	}
	known := func(e domain.AuditEntry) bool {
		return centre.count("SELECT count(*) FROM items WHERE device = $1 AND kind = 'audit_head' AND (body ->> 'seq')::bigint = $2 AND body ->> 'hash' = $3",
			device, int64(e.Seq), e.Hash.String()) == 1
	}
	online()
	eventually(t, "how it is", func() bool {
		return centre.count("SELECT count(*) FROM items WHERE device = $1 AND kind = 'health' AND body ->> 'camera' = $2", device, string(domain.CameraNone)) > 0
	})
	first := deed()
	stop()
	if !known(first) {
		t.Fatal("the end of the program did not tell the audit's end")
	}

	must(t, os.CopyFS(filepath.Join(k.dir, "copy"), os.DirFS(filepath.Join(k.dir, "data"))))
	stop = k.start(t, centre)
	online()
	deed()
	last := deed()
	stop()
	if !known(last) {
		t.Fatal("the end of the program did not tell the audit's end")
	}
	if n := centre.count("SELECT count(*) FROM alarms"); n != 0 {
		t.Fatalf("%d alarms of nothing", n)
	}

	must(t, os.RemoveAll(filepath.Join(k.dir, "data")))
	must(t, os.Rename(filepath.Join(k.dir, "copy"), filepath.Join(k.dir, "data")))
	stop = k.start(t, centre)
	online()
	eventually(t, "the older copy is found", func() bool {
		return centre.count(`SELECT count(*) FROM alarms WHERE device = $1 AND kind = 'audit_behind' AND (detail ->> 'seq')::bigint BETWEEN $2 AND $3 - 1
			AND (detail ->> 'known')::bigint = $3`, device, int64(first.Seq), int64(last.Seq)) == 1
	})
	stop()
}
