package store

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// The cost in production is what RFC 9106 and OWASP ask for, at least.
func TestPINCost(t *testing.T) {
	s, err := Open(t.Context(), testOptions(t, t.TempDir(), nil))
	must(t, err)
	defer s.Close()
	if c := s.pins.cost; c.memory < 64<<10 || c.passes < 3 || c.lanes < 1 {
		t.Errorf("cost %+v", c)
	}
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	must(t, s.CheckPIN(t.Context(), storetest.Person(1).ID, storetest.PIN))
	if r := pinOf(t, s, storetest.Person(1).ID); r.cost != s.pins.cost {
		t.Errorf("hashed at %+v", r.cost)
	}
}

// pinOf opens the record of a person's PIN.
func pinOf(t *testing.T, s *Store, id domain.PersonID) pinRecord {
	t.Helper()
	var secret []byte
	must(t, s.r.QueryRow("SELECT secret FROM pins WHERE person = ?", id).Scan(&secret))
	data, err := s.boxOf(t.Context(), s.r, id)
	must(t, err)
	plain, err := data.open(secret, pinPlace(string(id)))
	must(t, err)
	r, err := decodePIN(plain)
	must(t, err)
	return r
}

// Two people with one PIN share neither salt nor hash; nor is a hash worth
// anything without the pepper, or for somebody else.
func TestPINHash(t *testing.T) {
	h := pinHasher{cost: cheapPIN}
	a, b := h.hash([]byte("pepper"), "ana", "493817"), h.hash([]byte("pepper"), "ana", "493817")
	if a.salt == b.salt || a.sum == b.sum {
		t.Error("the salt is not random")
	}
	if !a.matches([]byte("pepper"), "ana", "493817") {
		t.Error("the right one does not match")
	}
	other := a
	other.cost.passes = 2
	for name, ok := range map[string]bool{
		"pin": a.matches([]byte("pepper"), "ana", "493818"), "no pin": a.matches([]byte("pepper"), "ana", ""),
		"pepper": a.matches([]byte("salt"), "ana", "493817"), "person": a.matches([]byte("pepper"), "ben", "493817"),
		"border": a.matches([]byte("pepper"), "ana4", "93817"), "cost": other.matches([]byte("pepper"), "ana", "493817"),
	} {
		if ok {
			t.Errorf("another %s matches", name)
		}
	}
}

// A PIN that was hashed at another cost is hashed anew once it was right.
func TestPINIsRenewed(t *testing.T) {
	s, _ := newTest(t)
	id := storetest.Person(1).ID
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	s.pins.cost.passes++
	wantErr(t, s.CheckPIN(t.Context(), id, "802751"), domain.ErrWrongPIN)
	if r := pinOf(t, s, id); r.cost != cheapPIN {
		t.Errorf("a wrong one is renewed to %+v", r.cost)
	}
	for range 2 {
		must(t, s.CheckPIN(t.Context(), id, storetest.PIN))
		if r := pinOf(t, s, id); r.cost != s.pins.cost {
			t.Errorf("hashed at %+v, want %+v", r.cost, s.pins.cost)
		}
	}
}

// However many are checked, no more are hashed at once than there are slots,
// and who waits can give up, without an attempt being counted.
func TestPINSlots(t *testing.T) {
	s, _ := newTest(t)
	id := storetest.Person(1).ID
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	if cap(s.pins.slots) != pinSlots || pinSlots < 1 {
		t.Fatalf("%d slots", cap(s.pins.slots))
	}
	for range pinSlots {
		must(t, s.pins.enter(t.Context()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { wantErr(t, s.CheckPIN(ctx, id, storetest.PIN), context.Canceled) })
	}
	wg.Go(func() { wantErr(t, s.SetPIN(ctx, id, storetest.PIN), context.Canceled) })
	cancel()
	wg.Wait()
	for range pinSlots {
		s.pins.leave()
	}
	if l, err := s.Locked(t.Context(), domain.SubjectPerson(id)); l.Failures != 0 || err != nil {
		t.Errorf("counted %+v, %v", l, err)
	}
	must(t, s.CheckPIN(t.Context(), id, storetest.PIN))
	if len(s.pins.slots) != 0 {
		t.Errorf("%d slots are not given back", len(s.pins.slots))
	}
}

// The plug is pulled while a PIN is compared: the attempt has been counted.
func TestAttemptCountsBeforeComparison(t *testing.T) {
	s, clock := newTest(t)
	id := storetest.Person(1).ID
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	for range domain.MaxAttempts {
		_, err := s.reserveAttempt(t.Context(), id) // and no further
		must(t, err)
	}
	must(t, s.Close())
	s = openTest(t, s.dir, clock)
	if err := s.CheckPIN(t.Context(), id, storetest.PIN); !errors.As(err, new(*domain.LockedError)) {
		t.Errorf("got %v, want a lock", err)
	}
}

// FuzzDecodePIN: what decodes encodes to the same bytes, and costs no more
// than the caps.
func FuzzDecodePIN(f *testing.F) {
	f.Add(pinHasher{cost: cheapPIN}.hash([]byte("pepper"), "ana", "493817").encode())
	f.Add(pinRecord{cost: defaultPINCost()}.encode())
	f.Add(pinRecord{cost: pinCost{memory: 1 << 31, passes: 1, lanes: 1}}.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodePIN(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || r != (pinRecord{}) {
				t.Errorf("got %+v and %v, want nothing and ErrCorrupt", r, err)
			}
			return
		}
		if r.cost.memory > maxPINMemory || r.cost.passes > maxPINPasses || r.cost.passes == 0 || r.cost.lanes == 0 {
			t.Errorf("cost %+v", r.cost)
		}
		if again := r.encode(); !bytes.Equal(again, b) {
			t.Errorf("%x decodes, and encodes to %x", b, again)
		}
	})
}
