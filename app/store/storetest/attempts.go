package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agentid/app/domain"
)

func pinIsChecked(t *testing.T, f *fixture) {
	id := Person(1).ID
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.AddPerson(t.Context(), Person(2), nil))
	must(t, f.CheckPIN(t.Context(), id, PIN))
	wantErr(t, "no pin", f.CheckPIN(t.Context(), Person(2).ID, PIN), domain.ErrNoPIN)
	wantErr(t, "nobody", f.CheckPIN(t.Context(), Person(3).ID, PIN), domain.ErrNotFound)
	for _, pin := range []string{wrongPIN, "", PIN + "0", PIN + "\x00"} {
		wantErr(t, pin, f.CheckPIN(t.Context(), id, pin), domain.ErrWrongPIN)
	}
	// A success clears the count: four more failures do not lock.
	must(t, f.CheckPIN(t.Context(), id, PIN))
	for range domain.MaxAttempts - 1 {
		wantErr(t, "wrong", f.CheckPIN(t.Context(), id, wrongPIN), domain.ErrWrongPIN)
	}
	must(t, f.CheckPIN(t.Context(), id, PIN))

	wantErr(t, "weak", f.SetPIN(t.Context(), id, "000000"), domain.ErrWeakPIN)
	wantErr(t, "short", f.SetPIN(t.Context(), id, "1"), domain.ErrPIN)
	wantErr(t, "nobody's", f.SetPIN(t.Context(), Person(3).ID, PIN), domain.ErrNotFound)
	must(t, f.SetPIN(t.Context(), id, "802751"))
	must(t, f.SetPIN(t.Context(), Person(2).ID, PIN))
	wantErr(t, "the old one", f.CheckPIN(t.Context(), id, PIN), domain.ErrWrongPIN)
	must(t, f.CheckPIN(t.Context(), id, "802751"))
	must(t, f.CheckPIN(t.Context(), Person(2).ID, PIN))
	if got := happened(t, f, 0); len(got) != 4 || got[2] != event(domain.EventRegistration, domain.ReasonPINSet, 1) {
		t.Errorf("happened: %q", got)
	}
}

func attemptsAreLocked(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	id := Person(1).ID
	for n := 1; n < domain.MaxAttempts; n++ {
		err := f.CheckPIN(t.Context(), id, wrongPIN)
		wantErr(t, "wrong", err, domain.ErrWrongPIN)
		if l := new(domain.LockedError); errors.As(err, &l) {
			t.Errorf("locked after %d", n)
		}
	}
	for n, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		err := f.CheckPIN(t.Context(), id, wrongPIN)
		l := new(domain.LockedError)
		if !errors.Is(err, domain.ErrWrongPIN) || !errors.As(err, &l) || !l.Until.Equal(f.clock.Now().Add(want)) {
			t.Fatalf("failure %d: %v, want a lock of %v", n, err, want)
		}
		// While it is closed not even the right one is compared, nor counted.
		f.clock.Advance(want - time.Microsecond)
		for range 3 {
			err = f.CheckPIN(t.Context(), id, PIN)
			if !errors.As(err, &l) || errors.Is(err, domain.ErrWrongPIN) {
				t.Fatalf("closed: %v", err)
			}
		}
		got, err := f.Locked(t.Context(), domain.SubjectPerson(id))
		if want := (domain.Lock{Failures: domain.MaxAttempts + n, Until: l.Until}); got != want || err != nil {
			t.Errorf("lock %+v, %v, want %+v", got, err, want)
		}
		f.clock.Advance(time.Microsecond)
	}
	// Open again, and nobody else was ever closed.
	if l, err := f.Locked(t.Context(), domain.SubjectPerson(id)); !l.Until.IsZero() || l.Failures != 7 || err != nil {
		t.Errorf("lock %+v, %v", l, err)
	}
	must(t, f.CheckPIN(t.Context(), id, PIN))
	must(t, f.CheckPIN(t.Context(), Person(2).ID, PIN))
	if l, err := f.Locked(t.Context(), domain.SubjectPerson(id)); l != (domain.Lock{}) || err != nil {
		t.Errorf("after a success: %+v, %v", l, err)
	}
	for _, subject := range []string{"", "staff", "person:", "person:" + ID(77), "kiosk ", "person:' OR 1=1"} {
		if _, err := f.Fail(t.Context(), subject); err == nil {
			t.Errorf("counted for %q", subject)
		}
		if _, err := f.Locked(t.Context(), subject); err == nil {
			t.Errorf("told of %q", subject)
		}
		if err := f.Clear(t.Context(), subject); err == nil {
			t.Errorf("cleared %q", subject)
		}
	}

	// Many at once get no more guesses than one after the other.
	var wrong, closed atomic.Int64
	var wg sync.WaitGroup
	for range 4 * domain.MaxAttempts {
		wg.Go(func() {
			switch err := f.CheckPIN(t.Context(), id, wrongPIN); {
			case errors.Is(err, domain.ErrWrongPIN):
				wrong.Add(1)
			case errors.As(err, new(*domain.LockedError)):
				closed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != domain.MaxAttempts || closed.Load() != 3*domain.MaxAttempts {
		t.Errorf("%d guesses and %d refusals at once", wrong.Load(), closed.Load())
	}
}

func lockOutlivesStop(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	person := domain.SubjectPerson(Person(1).ID)
	for _, subject := range []string{domain.SubjectKiosk, person} {
		for n := 1; n <= 20; n++ {
			l, err := f.Fail(t.Context(), subject)
			must(t, err)
			want := domain.Lock{Failures: n}
			if d := domain.LockAfter(n); d > 0 {
				want.Until = f.clock.Now().Add(d)
			}
			if l != want {
				t.Fatalf("%s: %+v, want %+v", subject, l, want)
			}
		}
	}
	s := f.reopen()
	want := domain.Lock{Failures: 20, Until: Start.Add(domain.LockMost)}
	for _, subject := range []string{domain.SubjectKiosk, person} {
		if l, err := s.Locked(t.Context(), subject); l != want || err != nil {
			t.Errorf("%s: %+v, %v, want %+v", subject, l, err, want)
		}
	}
	if err := s.CheckPIN(t.Context(), Person(1).ID, PIN); !errors.As(err, new(*domain.LockedError)) {
		t.Errorf("after a restart: %v", err)
	}
	must(t, s.Clear(t.Context(), person))
	must(t, s.CheckPIN(t.Context(), Person(1).ID, PIN))
	if l, err := s.Locked(t.Context(), domain.SubjectKiosk); l != want || err != nil {
		t.Errorf("the kiosk: %+v, %v", l, err)
	}
}

// However the clock moves, a lock lasts its time at least, and once the clock
// is right, no longer than that.
func lockAndClock(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	id := Person(1).ID
	for range domain.MaxAttempts + 1 { // one minute
		_, err := f.Fail(t.Context(), domain.SubjectPerson(id))
		must(t, err)
	}
	locked := func(want bool) {
		t.Helper()
		if err := f.CheckPIN(t.Context(), id, PIN); errors.As(err, new(*domain.LockedError)) != want {
			t.Errorf("at %v: %v, want locked %v", f.clock.Now(), err, want)
		}
		if l, err := f.Locked(t.Context(), domain.SubjectPerson(id)); l.Until.IsZero() == want || err != nil {
			t.Errorf("at %v: %+v, %v, want locked %v", f.clock.Now(), l, err, want)
		}
	}
	f.clock.Advance(59 * time.Second)
	locked(true)
	// An hour back: what had passed is unknown, so the minute starts anew.
	f.clock.Advance(-time.Hour)
	locked(true)
	f.clock.Advance(59 * time.Second)
	locked(true)
	f.clock.Advance(-10 * time.Second) // not before the new start: nothing changes
	locked(true)
	f.clock.Advance(11 * time.Second)
	locked(false)

	// A failure that was counted years ahead does not lock for years.
	f.clock.Advance(10 * 365 * 24 * time.Hour)
	for range domain.MaxAttempts {
		_, err := f.Fail(t.Context(), domain.SubjectPerson(id))
		must(t, err)
	}
	f.clock.Advance(-10 * 365 * 24 * time.Hour)
	f.Subject = f.reopen() // the power was cut, and the clock is right again
	locked(true)
	f.clock.Advance(30*time.Second - time.Microsecond)
	locked(true)
	f.clock.Advance(time.Microsecond)
	locked(false)
}
