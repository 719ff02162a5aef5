package store

import (
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// The centre is told of a question once, whole: with the visitor's word for it,
// or when there will be none.
func TestExchangesAreTold(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	for n := range 3 {
		must(t, s.AddExchange(ctx, storetest.Exchange(n)))
	}
	if list := due(t, s, domain.LaneRest); len(list) != 0 {
		t.Fatalf("told while the visitor reads: %+v", list)
	}
	must(t, s.RateExchange(ctx, storetest.Exchange(1).ID, domain.Liked))
	list := due(t, s, domain.LaneRest)
	if len(list) != 1 || list[0].Key.Kind != domain.NoticeExchange || list[0].Exchange.ID != storetest.Exchange(1).ID ||
		list[0].Exchange.Feedback != domain.Liked || list[0].Item != "" {
		t.Fatalf("due %+v", list)
	}
	settleAll(t, s, list, true)
	clock.Advance(exchangeWait)
	if list = due(t, s, domain.LaneRest); len(list) != 2 || list[0].Exchange.ID != storetest.Exchange(0).ID {
		t.Fatalf("due later %+v", list)
	}
	// What was told before is not told again, whatever comes.
	must(t, s.RateExchange(ctx, storetest.Exchange(1).ID, domain.Disliked))
	if list = due(t, s, domain.LaneRest); len(list) != 2 {
		t.Errorf("told twice: %+v", list)
	}
	settleAll(t, s, list, true)
	clock.Advance(noticeSince + time.Hour)
	if n, err := s.PruneNotices(ctx); err != nil || n != 3 {
		t.Errorf("pruned %d, %v", n, err)
	}
}

// Each state of a case is told, and goes with the person it is about.
func TestCasesAreTold(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	must(t, s.Enrol(ctx, storetest.Enrolment(1)))
	must(t, s.AddCase(ctx, storetest.Case(1, 1)))
	must(t, s.AddCase(ctx, storetest.Case(2, 0)))
	list := due(t, s, domain.LaneRest)
	if len(list) != 2 || list[0].Case.Version != 1 || list[0].Case.Question() != "no, the other ones" || list[1].Case.Person != "" {
		t.Fatalf("due %+v", list)
	}
	// It changes while it is told: the change is told as well.
	must(t, s.SetCaseState(ctx, storetest.Case(2, 0).ID, domain.CaseTaken, domain.StaffID(storetest.ID(50))))
	settleAll(t, s, list, true)
	if list = due(t, s, domain.LaneRest); len(list) != 1 || list[0].Case.Version != 2 || list[0].Case.State != domain.CaseTaken {
		t.Fatalf("due after the change %+v", list)
	}
	settleAll(t, s, list, true)
	must(t, s.SetCaseState(ctx, storetest.Case(1, 1).ID, domain.CaseClosed, domain.StaffID(storetest.ID(50))))
	must(t, eraseOne(s, storetest.Person(1).ID))
	if list = due(t, s, domain.LaneRest); len(list) != 0 {
		t.Errorf("told of somebody erased: %+v", list)
	}
	// After its notice was forgotten, a change is told all the same.
	mustExec(t, s, "DELETE FROM notices")
	must(t, s.SetCaseState(ctx, storetest.Case(2, 0).ID, domain.CaseClosed, domain.StaffID(storetest.ID(50))))
	if list = due(t, s, domain.LaneRest); len(list) != 1 || list[0].Case.Version != 3 {
		t.Errorf("due at last %+v", list)
	}
}

func TestRetainChats(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	must(t, s.AddExchange(ctx, storetest.Exchange(0)))
	must(t, s.AddCase(ctx, storetest.Case(0, 0)))
	clock.Advance(100 * day)
	young, fresh := storetest.Exchange(1), storetest.Case(1, 0)
	young.At, fresh.At = clock.Now(), clock.Now()
	must(t, s.AddExchange(ctx, young))
	must(t, s.AddCase(ctx, fresh))
	if r, err := s.Retain(ctx, RetentionPolicy{}); err != nil || r.Chats != 0 {
		t.Errorf("kept for ever: %+v, %v", r, err)
	}
	r, err := s.Retain(ctx, RetentionPolicy{Chats: 50 * day})
	if err != nil || r.Chats != 2 {
		t.Errorf("erased %+v, %v", r, err)
	}
	list, err := s.Exchanges(ctx, time.Time{}, 10)
	must(t, err)
	cases, err := s.Cases(ctx, domain.CaseFilter{})
	must(t, err)
	if len(list) != 1 || list[0].ID != young.ID || len(cases) != 1 || cases[0].ID != fresh.ID {
		t.Errorf("left: %+v, %+v", list, cases)
	}
	if w, err := s.WaitingNotices(ctx); err != nil || w.Notices != 2 {
		t.Errorf("what is gone waits to be told: %+v, %v", w, err)
	}
	if _, err := s.Retain(ctx, RetentionPolicy{Chats: -1}); err == nil {
		t.Error("a negative time")
	}
}

// What was said in a case is on no disk in plain text; once its person is
// erased it is there no more in any form. Another key opens it, an edit not.
func TestCasesAreSealed(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	must(t, s.Enrol(ctx, storetest.Enrolment(1)))
	for k := range 20 {
		must(t, s.AddCase(ctx, storetest.Case(k, 1)))
	}
	must(t, s.AddCase(ctx, storetest.Case(30, 0)))
	sealed, err := texts(ctx, s.r, "SELECT substr(transcript, 1, 64) FROM cases WHERE person IS NOT NULL")
	must(t, err)
	said := map[string]string{"said": "my mother's papers"}
	for i, b := range sealed {
		said["sealed "+string(rune('a'+i))] = b
	}
	for _, found := range inFiles(readAll(t, s.dir), said) {
		if strings.HasPrefix(found, "said ") {
			t.Errorf("in plain text: %s", found)
		}
	}
	must(t, eraseOne(s, storetest.Person(1).ID))
	if found := inFiles(readAll(t, s.dir), said); found != nil {
		t.Errorf("after the erasure: %v", found)
	}
	must(t, s.RotateMasterKey(ctx, GenerateMasterKey()))
	c, err := s.Case(ctx, storetest.Case(30, 0).ID)
	if err != nil || len(c.Transcript) != 4 {
		t.Errorf("under another key: %+v, %v", c, err)
	}
	mustExec(t, s, "UPDATE cases SET transcript = (SELECT wrapped_key FROM cases)")
	if _, err := s.Case(ctx, c.ID); err == nil {
		t.Error("an edited case opens")
	}
}
