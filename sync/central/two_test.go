package main

import (
	"errors"
	"sync"
	"testing"
	"time"

	"agentid/sync/central/pgtest"
	"agentid/sync/protocol"
)

// TestTwoInstances puts two processes before one database, as behind a balancer:
// whichever a request comes to, it is one centre. Limits alone are each one's own.
func TestTwoInstances(t *testing.T) {
	w := newWorld(t, pgtest.Database(t, "blank", nothing), nil, func(env map[string]string) { env["ADDRESS_RATE"] = "3" })
	one, two := w.serve("127.0.0.1:0"), w.serve("127.0.0.1:0")
	code := w.code()
	k := joinCentre(t, one.url(), code)
	// at is the kiosk, by way of one instance or the other.
	at := func(p *process) *kiosk { c := *k; c.base = p.url(); return &c }

	// What one has taken the other knows, in whatever order and at once.
	var items []protocol.Item
	for i := range 200 {
		items = append(items, k.event(t, i+1, ""))
	}
	var mu sync.Mutex
	stored := 0
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			as, err := at([]*process{one, two}[i%2]).send(items...)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range as {
				if !a.Status.Done() {
					t.Errorf("%+v", a)
				}
				if a.Status == protocol.StatusStored {
					stored++
				}
			}
		})
	}
	all.Wait()
	if n := events(t, w); stored != len(items) || n != len(items) {
		t.Errorf("%d events of %d, %d times stored", n, len(items), stored)
	}

	// A change that one commits answers who waits at the other, both ways.
	for i, way := range [][2]*process{{one, two}, {two, one}} {
		start, err := at(way[1]).changes("", 0)
		must(t, err)
		type heard struct {
			page protocol.Page
			err  error
		}
		answered := make(chan heard, 1)
		go func() {
			p, err := at(way[1]).changes(start.Cursor, 50)
			answered <- heard{p, err}
		}()
		consent, who := registration(t, k)
		person, err := protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(who.ID), 1), who)
		must(t, err)
		at(way[0]).mustSend(t, consent, person)
		began := time.Now()
		h := <-answered
		if h.err != nil || len(h.page.Changes) == 0 || time.Since(began) > 10*time.Second {
			t.Errorf("way %d: %+v, %v, after %v", i, h.page, h.err, time.Since(began))
		}
	}

	// A code is good once, and what is revoked at one is revoked at the other.
	other := newKiosk(t, two.url())
	var p *protocol.Problem
	if err := other.enrol(code); !errors.As(err, &p) || p.Code != protocol.CodeCode {
		t.Errorf("the code again, at the other: %v", err)
	}
	w.cli("kiosk", "revoke", k.id)
	for _, c := range []*kiosk{at(one), at(two)} {
		if _, err := c.send(items[0]); !errors.As(err, &p) || p.Code != protocol.CodeRevoked {
			t.Errorf("revoked: %v", err)
		}
	}

	// Limits are each instance's own: with n behind a balancer, up to n times.
	limited := func(c *kiosk) (n int) {
		for range 60 {
			if err := c.enrol(protocol.NewCode()); errors.As(err, &p) && p.Code == protocol.CodeRateLimited {
				n++
			}
		}
		return n
	}
	if n := limited(newKiosk(t, one.url())); n == 0 {
		t.Error("guessing codes is not slowed down")
	}
	if err := newKiosk(t, two.url()).enrol(protocol.NewCode()); !errors.As(err, &p) || p.Code != protocol.CodeCode {
		t.Errorf("at the other: %v", err)
	}
}
