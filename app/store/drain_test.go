package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func due(t *testing.T, s *Store, lane domain.Lane) []domain.Notice {
	t.Helper()
	list, err := s.DueNotices(t.Context(), lane, 100)
	must(t, err)
	return list
}

// about names what a notice is about.
func about(n domain.Notice) string {
	switch {
	case n.Event != nil:
		return "event " + string(n.Event.Reason)
	case n.Erasure != nil:
		return "erasure " + string(n.Erasure.Person)
	case n.Consent != nil:
		return "consent " + n.Consent.ID
	case n.Person != nil:
		return "person " + string(n.Person.Person.ID)
	case n.Badge != nil:
		return "badge " + string(n.Badge.ID)
	}
	return string(n.Key.Kind) + " " + n.Item
}

func abouts(list []domain.Notice) (out []string) {
	for _, n := range list {
		out = append(out, about(n))
	}
	return out
}

func settleAll(t *testing.T, s *Store, list []domain.Notice, done bool) {
	t.Helper()
	var ends []domain.Settlement
	for _, n := range list {
		if n.Person != nil { // kept before it is sent
			_, err := s.KeepNotices(t.Context(), []domain.MadeNotice{{Key: n.Key, UpTo: n.Person.UpTo, Item: storetest.ID(8), Body: []byte("{}")}})
			must(t, err)
		}
		ends = append(ends, domain.Settlement{Key: n.Key, Done: done, Why: "refused"})
	}
	must(t, s.SettleNotices(t.Context(), ends))
}

func waiting(t *testing.T, s *Store) domain.Waiting {
	t.Helper()
	w, err := s.WaitingNotices(t.Context())
	must(t, err)
	return w
}

func TestDrainLanes(t *testing.T) {
	s, clock := newTest(t)
	a, b := storetest.Enrolment(1), storetest.Enrolment(2)
	must(t, s.Enrol(t.Context(), a))
	must(t, s.Enrol(t.Context(), b))
	e, err := s.Record(t.Context(), storetest.Recognition(a.Person.ID), []byte("picture"))
	must(t, err)

	events := due(t, s, domain.LaneEvents)
	if n := len(events); n != 5 || events[4].Event.ID != e.ID || events[4].Event.Snapshot != e.Snapshot {
		t.Errorf("%d events: %q", n, abouts(events))
	}
	people := due(t, s, domain.LanePeople)
	want := []string{
		"consent " + a.Consent.ID, "consent " + b.Consent.ID, "person " + string(a.Person.ID), "person " + string(b.Person.ID),
		"badge " + string(a.Badge.ID), "badge " + string(b.Badge.ID),
	}
	if !slices.Equal(abouts(people), want) {
		t.Errorf("people %q, want %q", abouts(people), want)
	}
	if few, err := s.DueNotices(t.Context(), domain.LanePeople, 3); err != nil || !slices.Equal(abouts(few), want[:3]) {
		t.Errorf("3 of people: %q, %v", abouts(few), err)
	}
	if w := waiting(t, s); w.Notices != 11 || w.Pictures != 1 || w.Dead != 0 || !w.Oldest.Equal(storetest.Start) {
		t.Errorf("waiting %+v", w)
	}
	// The picture follows its event.
	if p, err := s.DuePictures(t.Context(), 10); err != nil || len(p) != 0 {
		t.Errorf("pictures %+v, %v", p, err)
	}
	settleAll(t, s, events, true)
	settleAll(t, s, events, true) // answered twice
	pictures, err := s.DuePictures(t.Context(), 10)
	must(t, err)
	if len(pictures) != 1 || pictures[0].Hash != e.Snapshot || pictures[0].Event != e.ID || pictures[0].Person != a.Person.ID || pictures[0].Orphan {
		t.Fatalf("pictures %+v", pictures)
	}
	must(t, s.SettleNotices(t.Context(), []domain.Settlement{{Key: pictures[0].Key, Done: true}}))
	settleAll(t, s, people, true)
	if w := waiting(t, s); w != (domain.Waiting{}) {
		t.Errorf("waiting %+v when all is told", w)
	}

	// What changes is told again, in another state.
	must(t, s.RevokeBadge(t.Context(), a.Badge.ID, domain.ReasonBadgeRevoked, clock.Now()))
	must(t, s.Withdraw(t.Context(), b.Person.ID, domain.PurposeFace, clock.Now()))
	again := due(t, s, domain.LanePeople)
	want = []string{"consent " + b.Consent.ID, "person " + string(b.Person.ID), "badge " + string(a.Badge.ID)}
	if !slices.Equal(abouts(again), want) {
		t.Fatalf("people %q, want %q", abouts(again), want)
	}
	if c := again[0].Consent; len(c.Withdrawn) != 1 {
		t.Errorf("consent %+v", c)
	}
	if p := again[1].Person; len(p.Changed)+len(p.Templates) != 0 || len(p.Dropped) != 2 {
		t.Errorf("news of the person %+v", p)
	}

	// Erased, nothing of them is told but that.
	_, err = s.EraseIdentity(t.Context(), b.Person.ID, domain.ReasonErasedByPerson, clock.Now())
	must(t, err)
	if got := abouts(due(t, s, domain.LanePeople)); !slices.Equal(got, want[2:]) {
		t.Errorf("people %q after the erasure", got)
	}
	gone := due(t, s, domain.LaneErasures)
	if len(gone) != 1 || gone[0].Erasure.Person != b.Person.ID || gone[0].Erasure.Receipt.Consents != 1 {
		t.Errorf("erasures %+v", gone)
	}
}

func TestPersonNews(t *testing.T) {
	s, clock := newTest(t)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	person := func() domain.Notice {
		t.Helper()
		for _, n := range due(t, s, domain.LanePeople) {
			if n.Key.Kind == domain.NoticePerson {
				return n
			}
		}
		t.Fatal("nobody to tell of")
		return domain.Notice{}
	}
	n := person()
	p := n.Person
	if p == nil || p.Person.Name != e.Person.Name || p.Document != e.Document || p.Contact != e.Contact || len(p.Templates) != 2 || p.SecondFactor {
		t.Fatalf("news %+v", p)
	}
	for _, f := range []domain.PersonField{domain.FieldName, domain.FieldDocument, domain.FieldContact} {
		if !p.Changed[f].Equal(e.Person.CreatedAt) {
			t.Errorf("%s changed %v", f, p.Changed[f])
		}
	}
	keep := func(n domain.Notice, body string) bool {
		t.Helper()
		kept, err := s.KeepNotices(t.Context(), []domain.MadeNotice{{Key: n.Key, UpTo: n.Person.UpTo, Item: storetest.ID(9), Body: []byte(body)}})
		must(t, err)
		return kept[0]
	}
	if !keep(n, `{"first":1}`) {
		t.Fatal("not kept")
	}
	// Sent again, it is the same.
	if n := person(); n.Item != storetest.ID(9) || string(n.Body) != `{"first":1}` || n.Person != nil {
		t.Errorf("kept as %+v", n)
	}
	// Changed after it was sent: the answer is for a state that is no more.
	must(t, s.RenamePerson(t.Context(), e.Person.ID, "Lucía"))
	settleAll(t, s, []domain.Notice{n}, true)
	late := person()
	if late.Key.Version <= n.Key.Version || late.Person == nil || late.Person.Person.Name != "Lucía" {
		t.Fatalf("news %+v", late)
	}
	if keep(n, `{}`) {
		t.Error("kept a state that is no more")
	}
	if !keep(late, `{"second":1}`) {
		t.Error("not kept")
	}
	settleAll(t, s, []domain.Notice{late}, true)
	must(t, s.NeedSecondFactor(t.Context(), e.Person.ID))
	third := person()
	if p := third.Person; len(p.Changed)+len(p.Templates)+len(p.Dropped) != 0 || !p.SecondFactor {
		t.Errorf("only the second factor is new: %+v", p)
	}
	keep(third, `{}`)
	settleAll(t, s, []domain.Notice{third}, true)

	// More templates than one notice holds follow in the next.
	var many []domain.Template
	for k := 2; k < 2+maxNewsTemplates+5; k++ {
		many = append(many, storetest.Template(1, k))
	}
	must(t, s.AddTemplates(t.Context(), e.Person.ID, many))
	told := 0
	for _, want := range []int{maxNewsTemplates, 5} {
		n := person()
		if len(n.Person.Templates) != want {
			t.Errorf("%d templates, want %d", len(n.Person.Templates), want)
		}
		told += len(n.Person.Templates)
		keep(n, `{}`)
		settleAll(t, s, []domain.Notice{n}, true)
	}
	for _, n := range due(t, s, domain.LanePeople) {
		if n.Key.Kind == domain.NoticePerson {
			t.Errorf("after %d templates, still %+v", told, n)
		}
	}
	clock.Advance(time.Second)
}

func TestDeadNotices(t *testing.T) {
	s, clock := newTest(t)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	ev, err := s.Record(t.Context(), storetest.Recognition(e.Person.ID), []byte("picture"))
	must(t, err)
	events, people := due(t, s, domain.LaneEvents), due(t, s, domain.LanePeople)
	settleAll(t, s, append(events, people...), false)
	pictures, err := s.DuePictures(t.Context(), 10)
	if must(t, err); len(pictures) != 1 || !pictures[0].Orphan {
		t.Errorf("picture of a refused event: %+v", pictures)
	}
	dead, err := s.DeadNotices(t.Context(), 0)
	must(t, err)
	if len(dead) != len(events)+len(people) || waiting(t, s).Dead != len(dead) {
		t.Fatalf("%d dead, want %d", len(dead), len(events)+len(people))
	}
	for _, d := range dead {
		if d.Why != "refused" || d.Attempts != 1 || d.Ref == "" {
			t.Errorf("dead %+v", d)
		}
		must(t, s.RequeueNotice(t.Context(), d.Key))
		wantErr(t, s.RequeueNotice(t.Context(), d.Key), domain.ErrNotFound)
	}
	if got := abouts(append(due(t, s, domain.LaneEvents), due(t, s, domain.LanePeople)...)); len(got) != len(dead) {
		t.Errorf("requeued %q", got)
	}
	// Postponed, it is not due until then, and then it counts.
	key := due(t, s, domain.LaneEvents)[0].Key
	must(t, s.PostponeNotice(t.Context(), key, "later", clock.Now().Add(time.Hour)))
	if list := due(t, s, domain.LaneEvents); len(list) != len(events)-1 {
		t.Errorf("%d due", len(list))
	}
	clock.Advance(time.Hour)
	if list := due(t, s, domain.LaneEvents); len(list) != len(events) || list[0].Attempts != 2 {
		t.Errorf("%d due, first %+v", len(list), list[0])
	}
	// What was sent long ago is forgotten; the event is not.
	settleAll(t, s, due(t, s, domain.LaneEvents), true)
	clock.Advance(noticeSince + time.Hour)
	if n, err := s.PruneNotices(t.Context()); err != nil || n != len(events) {
		t.Errorf("pruned %d, %v", n, err)
	}
	if _, err := s.EventByID(t.Context(), ev.ID); err != nil {
		t.Error(err)
	}
	if p, err := s.DuePictures(t.Context(), 10); err != nil || len(p) != 1 || p[0].Orphan {
		t.Errorf("picture of an event told long ago: %+v, %v", p, err)
	}
}

// Of whoever was not asked, nothing is told until they consent.
func TestUnaskedStayHere(t *testing.T) {
	s, _ := newTest(t)
	p := storetest.Person(1)
	must(t, s.AddPerson(t.Context(), p, []domain.Template{storetest.Template(1, 0)}))
	if w := waiting(t, s); w != (domain.Waiting{}) {
		t.Errorf("waiting %+v", w)
	}
	if list := due(t, s, domain.LanePeople); len(list) != 0 {
		t.Errorf("to tell: %q", abouts(list))
	}
	must(t, s.AddConsent(t.Context(), storetest.Enrolment(1).Consent))
	want := []string{"consent " + storetest.Enrolment(1).Consent.ID, "person " + string(p.ID)}
	if got := abouts(due(t, s, domain.LanePeople)); !slices.Equal(got, want) || waiting(t, s).Notices != 3 {
		t.Errorf("to tell: %q, want %q; waiting %+v", got, want, waiting(t, s))
	}
}

// What the disk has spoilt is a dead letter, and holds up nobody else.
func TestDamagedNotice(t *testing.T) {
	s, _ := newTest(t)
	for n := 1; n <= 3; n++ {
		e := storetest.Enrolment(n)
		e.Badge = domain.Badge{}
		must(t, s.Enrol(t.Context(), e))
	}
	settleAll(t, s, due(t, s, domain.LaneEvents), true)
	var consents []domain.Notice
	for _, n := range due(t, s, domain.LanePeople) {
		if n.Consent != nil {
			consents = append(consents, n)
		}
	}
	settleAll(t, s, consents, true)
	_, err := s.Record(t.Context(), storetest.Recognition(""), nil)
	must(t, err)
	mustExec(t, s, "UPDATE templates SET vector = zeroblob(60) WHERE person = ?", storetest.Person(2).ID)
	mustExec(t, s, "INSERT INTO outbox (kind, ref, created_at, next_at) VALUES ('event', 'nothing', 1, 1)")
	want := []string{"person " + string(storetest.Person(1).ID), "person " + string(storetest.Person(3).ID)}
	if got := abouts(due(t, s, domain.LanePeople)); !slices.Equal(got, want) {
		t.Errorf("people %q, want %q", got, want)
	}
	if list := due(t, s, domain.LaneEvents); len(list) != 1 {
		t.Errorf("events %q", abouts(list))
	}
	dead, err := s.DeadNotices(t.Context(), 0)
	if must(t, err); len(dead) != 2 || !strings.Contains(dead[0].Why, "damaged") {
		t.Errorf("dead %+v", dead)
	}
}

func TestTell(t *testing.T) {
	s, _ := newTest(t)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	tell := func(kind domain.NoticeKind, n int, person domain.PersonID) error {
		return s.Tell(t.Context(), kind, storetest.ID(n), person, fmt.Appendf(nil, `{"n":%d}`, n))
	}
	must(t, tell("audit_head", 1, e.Person.ID))
	must(t, tell("health", 2, ""))
	must(t, tell("health", 2, ""))
	wantErr(t, tell(domain.NoticeEvent, 3, ""), ErrInvalid)
	wantErr(t, tell("", 3, ""), ErrInvalid)
	wantErr(t, tell(domain.NoticeCase, 3, ""), ErrInvalid)
	wantErr(t, tell("audit_head", 3, domain.PersonID(storetest.ID(77))), domain.ErrNotFound)
	wantErr(t, s.Tell(t.Context(), "audit_head", "x", "", []byte("{}")), ErrInvalid)
	wantErr(t, s.Tell(t.Context(), "audit_head", storetest.ID(3), "", []byte("{")), ErrInvalid)
	wantErr(t, s.Tell(t.Context(), "audit_head", storetest.ID(3), "", []byte(`"`+strings.Repeat("x", maxMadeBody)+`"`)), ErrInvalid)
	list := due(t, s, domain.LaneRest)
	if len(list) != 2 || list[0].Item != storetest.ID(1) || string(list[1].Body) != `{"n":2}` {
		t.Fatalf("due %+v", list)
	}
	_, err := s.EraseIdentity(t.Context(), e.Person.ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	if list := due(t, s, domain.LaneRest); len(list) != 1 || list[0].Key.Kind != "health" {
		t.Errorf("due after the erasure %+v", list)
	}
	// Beyond the cap a reading makes room, and anything else is refused.
	mustExec(t, s, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO notices (kind, ref, created_at) SELECT 'sensor', 'x' || i, 1 FROM n UNION ALL SELECT 'made', 'x' || i, 1 FROM n`, maxMade))
	must(t, tell("sensor", 4, ""))
	wantErr(t, tell("made", 5, ""), ErrFull)
}

// The statements of a drain find their rows by an index, whatever the history.
func TestDrainPlans(t *testing.T) {
	s, _ := newTest(t)
	for query, want := range map[string]string{
		"SELECT * FROM outbox WHERE kind = 'event' AND state = 'pending' AND next_at <= 1 ORDER BY id LIMIT 5":   "USING INDEX outbox_kind (kind=?)",
		"SELECT * FROM notices WHERE kind = 'person' AND state = 'pending' AND next_at <= 1 ORDER BY id LIMIT 5": "USING INDEX notices_pending (kind=?)",
		"DELETE FROM notices WHERE person = 'x'": "USING INDEX notices_person (person=?)",
	} {
		rows, err := s.r.Query("EXPLAIN QUERY PLAN " + query)
		must(t, err)
		var plan strings.Builder
		for rows.Next() {
			var a, b, c int
			var text string
			must(t, rows.Scan(&a, &b, &c, &text))
			plan.WriteString(text + "\n")
		}
		must(t, rows.Err())
		if !strings.Contains(plan.String(), want) || strings.Contains(plan.String(), "TEMP B-TREE") {
			t.Errorf("%s:\n%s", query, plan.String())
		}
	}
}

// Nobody who is registered while the drain looks is told ahead of their consent.
func TestConsentGoesAhead(t *testing.T) {
	s, _ := newTest(t)
	const people = 80
	done := make(chan error, 1)
	go func() {
		for n := range people {
			e := storetest.Enrolment(n)
			e.PIN = ""
			if err := s.Enrol(context.Background(), e); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for ended := false; !ended; {
		select {
		case err := <-done:
			must(t, err)
			ended = true
		default:
		}
		list, err := s.DueNotices(t.Context(), domain.LanePeople, maxDrain)
		must(t, err)
		consented := map[domain.PersonID]bool{}
		for _, n := range list {
			switch {
			case n.Consent != nil:
				consented[n.Consent.Person] = true
			case n.Person != nil && !consented[n.Person.Person.ID]:
				t.Fatalf("person %s is told ahead of their consent", n.Person.Person.ID)
			}
		}
		if ended && len(consented) != people {
			t.Errorf("%d consents", len(consented))
		}
	}
}
