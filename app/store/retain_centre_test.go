package store

import (
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// Who came from the centre may be seen every day elsewhere: that this kiosk does
// not see them is no reason to have them erased everywhere.
func TestRetainSparesWhoIsSeenElsewhere(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	pages(t, s)(domain.CentreChange{Person: remote(1)})
	must(t, s.Enrol(ctx, storetest.Enrolment(2)))
	must(t, s.AddPerson(ctx, storetest.Person(3), nil))
	clock.Advance(400 * day)
	r, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: 365 * day})
	if must(t, err); r.People != 2 {
		t.Errorf("%+v", r)
	}
	people, err := s.People(ctx)
	if must(t, err); len(people) != 1 || people[0].ID != storetest.Person(1).ID {
		t.Errorf("left: %+v", people)
	}
	for _, n := range due(t, s, domain.LaneErasures) {
		if n.Erasure != nil && n.Erasure.Person == storetest.Person(1).ID {
			t.Error("the centre is told to erase them")
		}
	}
}
