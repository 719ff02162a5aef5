package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// All at once: enrolments, checks, look-ups, erasures, withdrawals, retention,
// and the key is rotated under them.
func TestIdentitiesConcurrent(t *testing.T) {
	const people, rotations = 12, 4
	s, _ := newTest(t)
	ctx := t.Context()
	key := GenerateMasterKey()
	var workers, keys sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		workers.Go(func() {
			for n := w; n < people; n += 3 {
				if err := live(s, n); err != nil {
					t.Errorf("person %d: %v", n, err)
				}
			}
		})
	}
	keys.Go(func() {
		for range rotations {
			key = GenerateMasterKey()
			if err := s.RotateMasterKey(ctx, key); err != nil && !errors.Is(err, ErrLogKept) {
				t.Errorf("rotation: %v", err)
			}
		}
	})
	keys.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := s.Templates(ctx, storetest.Encoder); err != nil {
				t.Errorf("templates: %v", err)
			}
			if _, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: time.Hour, Snapshots: time.Hour}); err != nil {
				t.Errorf("retain: %v", err)
			}
		}
	})
	workers.Wait()
	close(done)
	keys.Wait()
	must(t, s.Close())

	s, err := openKey(t, s.dir, key)
	must(t, err)
	for n := range people {
		id := storetest.Person(n).ID
		p, err := s.Profile(ctx, id)
		switch n % 3 {
		case 0:
			if err != nil || !p.HasFace || s.CheckPIN(ctx, id, storetest.PIN) != nil {
				t.Errorf("person %d: %+v, %v", n, p, err)
			}
		case 1:
			if err != nil || p.HasFace {
				t.Errorf("person %d, whose face was withdrawn: %+v, %v", n, p, err)
			}
		default:
			wantErr(t, err, domain.ErrNotFound)
		}
	}
	if h, err := s.Check(ctx); err != nil || h.People != people*2/3 || len(h.Problems) != 0 {
		t.Errorf("health %+v, %v", h, err)
	}
}

// live enrols person n, checks them, and ends as n says.
func live(s *Store, n int) error {
	ctx, e := context.Background(), storetest.Enrolment(n)
	if err := s.Enrol(ctx, e); err != nil {
		return err
	}
	if id, err := s.ByDocument(ctx, e.Document); err != nil || id != e.Person.ID {
		return errors.Join(err, errors.New("document leads to "+string(id)))
	}
	if err := s.CheckPIN(ctx, e.Person.ID, storetest.PIN); err != nil {
		return err
	}
	if _, err := s.Profile(ctx, e.Person.ID); err != nil {
		return err
	}
	var err error
	switch n % 3 {
	case 1:
		err = s.Withdraw(ctx, e.Person.ID, domain.PurposeFace, time.Time{})
	case 2:
		_, err = s.EraseIdentity(ctx, e.Person.ID, domain.ReasonErasedByPerson, time.Time{})
	}
	if errors.Is(err, ErrLogKept) { // somebody reads: the next one empties it
		err = nil
	}
	return err
}
