package kiosk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/app/store/storetest"
)

// tokens writes badges plainly: what is simulated is what comes after them.
type tokens struct{}

func (tokens) Badge(domain.Badge) (*kiosk.Code, error)      { return nil, nil }
func (tokens) Receipt(domain.Consent) (*kiosk.Code, error)  { return nil, nil }
func (tokens) Staff(domain.StaffBadge) (*kiosk.Code, error) { return nil, nil }
func (tokens) ReadStaff(string) (kiosk.StaffToken, error) {
	return kiosk.StaffToken{}, kiosk.ErrForeign
}
func (tokens) Refusal(error) domain.Reason { return domain.ReasonBadgeForged }
func (tokens) Read(text string) (kiosk.Token, error) {
	id, person, ok := strings.Cut(text, " ")
	if !ok {
		return kiosk.Token{}, kiosk.ErrForeign
	}
	return kiosk.Token{Badge: domain.BadgeID(id), Person: domain.PersonID(person)}, nil
}

// TestManyValidationsAtOnce has more people validate at once than a kiosk has
// screens, as a turnstile of several cameras would: on a real database every
// validation gets its own answer, its events stand in the order in which it
// happened, without a gap, and none waits long.
func TestManyValidationsAtOnce(t *testing.T) {
	const people, rounds = 6, 30
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	v := kiosk.NewValidator(kiosk.Flows{Registry: st, Events: st, Badges: tokens{}}, domain.SystemClock{}, nil)
	var enrolled []domain.Enrolment
	for i := range people {
		e := storetest.Enrolment(i + 1)
		e.Badge.Expires = time.Now().AddDate(1, 0, 0)
		if err := st.Enrol(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		enrolled = append(enrolled, e)
	}
	before := newest(t, st)

	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for i, e := range enrolled {
		wg.Go(func() {
			for n := range rounds {
				start := time.Now()
				if err := once(t.Context(), v, e, n, i == 0 && n%10 == 9); err != nil {
					t.Errorf("person %d, round %d: %v", i, n, err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	wg.Wait()

	// Newest first, without a gap; each person's rounds in their order.
	next := map[domain.PersonID]int{}
	seq, total := before, 0
	for _, ev := range eventsSince(t, st, before) {
		if ev.Seq != seq+1 {
			t.Fatalf("event %d comes after %d", ev.Seq, seq)
		}
		seq = ev.Seq
		if ev.Kind != domain.EventValidation {
			continue
		}
		total++
		if ev.Frames != 0 { // of a face: it carries its round
			if want := next[ev.Person]; ev.Frames != want+1 {
				t.Fatalf("%s: round %d after %d", ev.Person, ev.Frames, want)
			}
		}
		next[ev.Person]++
	}
	if total != people*rounds {
		t.Fatalf("%d validations recorded of %d", total, people*rounds)
	}
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	t.Logf("%d validations, %d at a time: median %s, p99 %s", total, people, p50.Round(time.Millisecond), p99.Round(time.Millisecond))
	if p99 > 5*time.Second { // three of them check a PIN, which is slow on purpose
		t.Errorf("p99 %s", p99)
	}
}

// once validates somebody by badge and face, or by badge and PIN.
func once(ctx context.Context, v *kiosk.Validator, e domain.Enrolment, round int, pin bool) error {
	c, _, d, err := v.Present(ctx, string(e.Badge.ID)+" "+string(e.Person.ID))
	if err != nil || d.Outcome != "" {
		return fmt.Errorf("present: %+v, %w", d, err)
	}
	if c.Profile.Person.Name != e.Person.Name {
		return fmt.Errorf("another's profile")
	}
	if pin {
		d, err = v.PIN(ctx, c, e.PIN)
	} else {
		d, err = v.Face(ctx, &c, kiosk.Verified{Reason: domain.ReasonRecognised, Evidence: kiosk.Evidence{Distance: 0.4, Frames: round + 1}})
	}
	if err != nil || d.Outcome != kiosk.OutcomeOK {
		return fmt.Errorf("verdict: %+v, %w", d, err)
	}
	return nil
}

func newest(t *testing.T, st *store.Store) uint64 {
	list, err := st.Recent(t.Context(), 0, 1)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0].Seq
}

// eventsSince lists events after seq, oldest first.
func eventsSince(t *testing.T, st *store.Store, seq uint64) (out []domain.Event) {
	for before := uint64(0); ; {
		list, err := st.Recent(t.Context(), before, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Seq <= seq {
				slices.Reverse(out)
				return out
			}
			out = append(out, e)
			before = e.Seq
		}
		if len(list) == 0 {
			slices.Reverse(out)
			return out
		}
	}
}
