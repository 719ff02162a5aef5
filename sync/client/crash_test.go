package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/app/store/storetest"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// crashDir, when set, makes the test binary a kiosk that is to be killed, of
// the centre at crashURL.
const (
	crashDir = "AGENTID_CLIENT_CRASH_DIR"
	crashURL = "AGENTID_CLIENT_CRASH_URL"
)

func crashOptions(dir, url, device string) client.Options {
	return client.Options{
		URL: url, KeyFile: filepath.Join(dir, "centre.json"), DataDir: filepath.Join(dir, "data"), DeviceID: device, Timeout: 5 * time.Second,
	}
}

// crashChild lives as a kiosk does until it is killed: things happen, are told,
// and what the centre decides is applied. Each event is acknowledged on
// standard output once it is recorded.
func crashChild(dir, url string) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i + 1)
	}
	key, err := store.NewMasterKey(raw)
	if err != nil {
		return fail(err)
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: filepath.Join(dir, "data"), MasterKey: key})
	if err != nil {
		return fail(err)
	}
	c, err := client.Open(crashOptions(dir, url, s.DeviceID()))
	if err != nil {
		return fail(err)
	}
	o := outbox.New(outbox.Options{
		Queue: s, Applier: s, Centre: c, BatchItems: 7, Poll: time.Millisecond, Wait: time.Second,
		BackoffBase: time.Millisecond, BackoffMost: 5 * time.Millisecond,
	})
	go o.Run(ctx)
	people := 0
	for i := 0; ; i++ {
		var picture []byte
		if i%4 == 0 {
			picture = jpeg(int(time.Now().UnixNano() % 1000))
		}
		e, err := s.Record(ctx, storetest.Recognition(""), picture)
		if err != nil {
			return fail(err)
		}
		os.Stdout.WriteString("event " + string(e.ID) + "\n")
		if i%10 == 5 {
			known, err := s.People(ctx)
			if err != nil {
				return fail(err)
			}
			people = len(known)
			en := enrolment(int(time.Now().UnixNano()/1000) % 900_000)
			if err := s.Enrol(ctx, en); err != nil && !errors.Is(err, store.ErrExists) && !errors.Is(err, domain.ErrDuplicateDocument) {
				return fail(err)
			} else if err == nil {
				os.Stdout.WriteString("consent " + en.Consent.ID + "\n")
			}
			if people > 3 {
				if err := s.RenamePerson(ctx, known[0].ID, fmt.Sprintf("Lucía %d", i)); err != nil && !errors.Is(err, domain.ErrNotFound) {
					return fail(err)
				}
			}
		}
		o.Wake()
	}
}

// Killed at any point, a kiosk loses nothing that it acknowledged, and nothing
// has two effects at the centre: no conflict, no dead letter, no row without
// its object.
func TestKilled(t *testing.T) {
	seeds := 50
	if testing.Short() {
		seeds = 10
	}
	kill(t, seeds)
}

// The same a thousand times, in make soak.
func TestSoakKilled(t *testing.T) {
	if os.Getenv("AGENTID_SOAK") == "" {
		t.Skip("skipped: AGENTID_SOAK is not set")
	}
	kill(t, 1000)
}

func kill(t *testing.T, seeds int) {
	const rounds = 10 // kills of one kiosk
	for first := 0; first < seeds; first += rounds {
		t.Run(fmt.Sprintf("seeds from %d", first), func(t *testing.T) {
			t.Parallel()
			killOneKiosk(t, first, min(rounds, seeds-first))
		})
	}
}

func killOneKiosk(t *testing.T, first, rounds int) {
	c := newCentre(t, false)
	dir := t.TempDir()
	s := openStore(t, filepath.Join(dir, "data"))
	o := crashOptions(dir, c.srv.URL, s.DeviceID())
	_, err := client.Enrol(t.Context(), o, c.code, "Centro 1")
	must(t, err)
	must(t, s.Close())

	var acked []string
	for seed := first; seed < first+rounds; seed++ {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		// Sometimes the centre is not well either.
		c.faults("/v1/batches", []fault{none, status500, resetAfter, resetBefore}[rng.IntN(4)])
		c.faults("/v1/snapshots/commit", []fault{none, resetAfter}[rng.IntN(2)])
		c.publish(protocol.ChangeFAQ, fmt.Sprint("es", seed%3), protocol.NewDocument(int64(seed+1), "text/plain", fmt.Sprint("text ", seed)))
		lines, err := liveAndDie(c, dir, 1+rng.IntN(25), rng.IntN(3000))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		acked = append(acked, lines...)
	}

	// The last one lives until all is told.
	k := &kiosk{t: t, Store: openStore(t, filepath.Join(dir, "data")), o: o}
	k.obo = outbox.Options{
		Queue: k.Store, Applier: k.Store, BatchItems: 50, Poll: time.Millisecond, Wait: time.Second,
		BackoffBase: time.Millisecond, BackoffMost: 10 * time.Millisecond, Network: func() string { return "" },
	}
	_, err = k.Record(t.Context(), storetest.Recognition(""), nil)
	must(t, err)
	run, stop := k.start(nil)
	defer stop()
	st := run.await(func(st outbox.Status) bool {
		cursor, err := k.SyncCursor(t.Context())
		return told(st) && err == nil && cursor == fmt.Sprint("c.", rounds)
	})
	if st.Waiting.Dead != 0 {
		dead, _ := k.DeadNotices(t.Context(), 0)
		t.Errorf("dead %+v", dead)
	}
	c.check(k)
	for _, line := range acked {
		kind, id, _ := strings.Cut(line, " ")
		if kind == "consent" {
			id = protocol.DerivedID(protocol.KindConsent, id, 1)
		}
		if c.items[kind+" "+id] == nil {
			t.Errorf("acknowledged %s is lost", line)
		}
	}
	people, err := k.People(t.Context())
	must(t, err)
	c.with(func() {
		for event := range c.rows {
			e, err := k.EventByID(context.Background(), domain.EventID(event))
			if err != nil || c.objects[e.Snapshot] == nil {
				t.Errorf("row of %s without its object: %v", event, err)
			}
		}
	})
	c.opensAll(people)
	if len(acked) < rounds {
		t.Errorf("only %d acknowledged in %d rounds: killed too early to show much", len(acked), rounds)
	}
	t.Logf("%d acknowledged, %d people, %d items at the centre", len(acked), len(people), len(c.items))
}

// opensAll holds the centre to know the newest name of everybody.
func (c *centre) opensAll(people []domain.Person) {
	c.t.Helper()
	names := map[domain.PersonID]string{}
	newest := map[domain.PersonID]int64{}
	c.with(func() {
		for _, it := range c.items {
			body, err := protocol.DecodeBody(it.item.Kind, it.item.Body)
			p, ok := body.(*protocol.Person)
			if err != nil || !ok || p.Version < newest[p.ID] {
				continue
			}
			if f, ok := p.Fields[protocol.FieldName]; ok {
				name, err := c.site.OpenField(string(p.ID), protocol.FieldName, f.Sealed)
				if err != nil {
					c.t.Error(err)
				}
				names[p.ID], newest[p.ID] = name, p.Version
			}
		}
	})
	for _, p := range people {
		if names[p.ID] != p.Name {
			c.t.Errorf("%s is %q here and %q at the centre", p.ID, p.Name, names[p.ID])
		}
	}
}

// liveAndDie starts a kiosk, kills it some turns after the centre's n-th
// request, and gives what it acknowledged.
func liveAndDie(c *centre, dir string, n, turns int) ([]string, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashURL+"="+c.srv.URL)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var once sync.Once
	var seen int
	kill := func() {
		for range turns {
			runtime.Gosched()
		}
		cmd.Process.Kill() // SIGKILL
	}
	c.with(func() {
		c.seen = func(string) {
			c.mu.Lock()
			seen++
			now := seen >= n
			c.mu.Unlock()
			if now {
				once.Do(func() { go kill() })
			}
		}
	})
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	late := !timer.Stop()
	c.with(func() { c.seen = nil })
	var exit *exec.ExitError
	if late || !errors.As(err, &exit) || exit.ExitCode() != -1 {
		return nil, fmt.Errorf("kiosk was not killed in time, or ended: %v: %s", err, stderr.String())
	}
	lines := strings.Split(stdout.String(), "\n")
	return lines[:len(lines)-1], nil // the last is not whole, or empty
}
