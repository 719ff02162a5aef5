package client_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store"
	"agentid/app/store/storetest"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// kiosk is a kiosk without camera and screen: a real store, the real client and
// outbox.
type kiosk struct {
	*store.Store
	t   testing.TB
	o   client.Options
	obo outbox.Options
}

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i + 1)
	}
	key, err := store.NewMasterKey(raw)
	must(t, err)
	s, err := store.Open(context.Background(), store.Options{Dir: dir, MasterKey: key})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// newKiosk makes a kiosk that is enrolled at c.
func newKiosk(t testing.TB, c *centre) *kiosk {
	t.Helper()
	dir := t.TempDir()
	k := &kiosk{t: t, Store: openStore(t, filepath.Join(dir, "data"))}
	k.o = client.Options{
		URL: c.srv.URL, CAFile: c.caFile, KeyFile: filepath.Join(dir, "keys", "centre.json"), DataDir: filepath.Join(dir, "data"),
		DeviceID: k.DeviceID(), Program: "agentid/test", Timeout: time.Second,
	}
	k.obo = outbox.Options{
		Queue: k.Store, Applier: k.Store, BatchItems: 50, Poll: 5 * time.Millisecond, Wait: 2 * time.Second,
		BackoffBase: 2 * time.Millisecond, BackoffMost: 20 * time.Millisecond, StopEvery: 20 * time.Millisecond,
		Network: func() string { return "" },
	}
	_, err := client.Enrol(t.Context(), k.o, c.code, "Centro 1")
	must(t, err)
	return k
}

func (k *kiosk) client() *client.Client {
	k.t.Helper()
	c, err := client.Open(k.o)
	must(k.t, err)
	return c
}

// patience is how long a test waits for what should take no time.
const patience = 2 * time.Minute

// run runs an outbox until its status is as wanted, and gives that.
func (k *kiosk) run(want func(outbox.Status) bool) outbox.Status {
	k.t.Helper()
	o, stop := k.start(nil)
	defer stop()
	return o.await(want)
}

// running is an outbox that runs.
type running struct {
	*outbox.Outbox
	t       testing.TB
	changed chan struct{}
}

// start runs an outbox until stop, which waits for its end.
func (k *kiosk) start(change func(*outbox.Options)) (*running, func()) {
	k.t.Helper()
	o := k.obo
	r := &running{t: k.t, changed: make(chan struct{}, 1)}
	o.OnStatus = func(outbox.Status) {
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
	o.Centre = k.client()
	if change != nil {
		change(&o)
	}
	r.Outbox = outbox.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() {
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
	}
}

func (r *running) await(want func(outbox.Status) bool) outbox.Status {
	r.t.Helper()
	end := time.After(patience)
	for {
		st := r.Status()
		if want(st) {
			return st
		}
		select {
		case <-r.changed:
		case <-end:
			r.t.Fatalf("still %+v", r.Status())
		}
	}
}

// told is a status with nothing left to tell.
func told(st outbox.Status) bool {
	return st.State == outbox.StateOnline && st.Waiting.Notices+st.Waiting.Pictures == 0 && st.Sent > 0
}

// drained waits until nothing is left to tell, by the store's own word.
func (k *kiosk) drained(r *running) {
	k.t.Helper()
	r.await(func(outbox.Status) bool {
		w, err := k.WaitingNotices(context.Background())
		return err == nil && w.Notices+w.Pictures == 0
	})
}

// record has n events happen, each third with a picture, and gives their ids.
func (k *kiosk) record(n int) (ids []string) {
	k.t.Helper()
	for i := range n {
		var picture []byte
		if i%3 == 0 {
			picture = jpeg(i)
		}
		e, err := k.Record(context.Background(), storetest.Recognition(""), picture)
		must(k.t, err)
		ids = append(ids, string(e.ID))
	}
	return ids
}

// jpeg is something that a sniffer takes for a JPEG.
func jpeg(n int) []byte {
	return []byte("\xff\xd8\xff\xe0" + strings.Repeat(fmt.Sprintf("picture %d ", n), 200))
}

// enrolment is one without a PIN: its hash takes its time.
func enrolment(n int) domain.Enrolment {
	e := storetest.Enrolment(n)
	e.PIN = ""
	return e
}

// check holds the centre to have all of the kiosk's events, once, in order.
func (c *centre) check(k *kiosk) {
	c.t.Helper()
	var want []string
	pictures := 0
	for before := uint64(0); ; {
		es, err := k.Recent(context.Background(), before, store.MaxLimit)
		must(c.t, err)
		for _, e := range es {
			want = append(want, string(e.ID))
			if e.Snapshot != "" {
				pictures++
			}
		}
		if len(es) == 0 {
			break
		}
		before = es[len(es)-1].Seq
	}
	slices.Sort(want)
	if got := c.has(protocol.KindEvent); !slices.Equal(got, want) {
		c.t.Errorf("the centre has %d events, want %d", len(got), len(want))
	}
	c.with(func() {
		for key, it := range c.items {
			if it.effects != 1 {
				c.t.Errorf("%s has %d effects", key, it.effects)
			}
		}
		rows := 0
		for event, n := range c.rows {
			rows += n
			if n != 1 {
				c.t.Errorf("picture of %s has %d rows", event, n)
			}
		}
		if rows != pictures {
			c.t.Errorf("%d rows for %d pictures", rows, pictures)
		}
	})
}
