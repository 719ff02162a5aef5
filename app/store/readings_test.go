package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// waits lists the items of a kind that wait, in order.
func waits(t *testing.T, s *Store, kind domain.NoticeKind) []string {
	t.Helper()
	list, err := texts(t.Context(), s.r, "SELECT item FROM notices WHERE kind = ? AND state = 'pending' ORDER BY id", kind)
	must(t, err)
	return list
}

// A year offline leaves a day of health readings, one in five minutes, and the
// first heads of the audit with the last.
func TestReadingsThatWaitAreFew(t *testing.T) {
	s, clock := newTest(t)
	for i := range 2000 { // a week, with changes between
		must(t, s.Tell(t.Context(), domain.NoticeHealth, storetest.ID(i), "", []byte("{}")))
		clock.Advance(time.Minute + 48*time.Second)
	}
	left := waits(t, s, domain.NoticeHealth)
	if len(left) != maxHealth || left[maxHealth-1] != storetest.ID(1999) {
		t.Fatalf("%d wait, the last %s", len(left), left[len(left)-1])
	}
	var slots int
	must(t, s.r.QueryRow("SELECT count(DISTINCT created_at / ?) FROM notices", healthSlot.Microseconds()).Scan(&slots))
	if slots != maxHealth {
		t.Errorf("of %d five minutes", slots)
	}
	for i := range 2 * maxHeads {
		must(t, s.Tell(t.Context(), domain.NoticeAuditHead, storetest.ID(i), "", []byte("{}")))
	}
	heads := waits(t, s, domain.NoticeAuditHead)
	if len(heads) != maxHeads || heads[0] != storetest.ID(0) || heads[maxHeads-2] != storetest.ID(maxHeads-2) || heads[maxHeads-1] != storetest.ID(2*maxHeads-1) {
		t.Errorf("heads %q", heads)
	}
	// Nobody waits for them, and staff are not told that something does.
	if w := waiting(t, s); w != (domain.Waiting{}) {
		t.Errorf("waiting %+v", w)
	}
}

// Readings come after all else of their lane; of heads, one at a time.
func TestReadingsComeLast(t *testing.T) {
	s, clock := newTest(t)
	tell := func(kind domain.NoticeKind, n int) {
		t.Helper()
		must(t, s.Tell(t.Context(), kind, storetest.ID(n), "", []byte("{}")))
	}
	tell(domain.NoticeHealth, 1)
	tell(domain.NoticeAuditHead, 2)
	tell(domain.NoticeAuditHead, 3)
	tell("made", 4)
	want := []string{"made " + storetest.ID(4), "health " + storetest.ID(1), "audit_head " + storetest.ID(2)}
	list := due(t, s, domain.LaneRest)
	if !slices.Equal(abouts(list), want) {
		t.Fatalf("due %q, want %q", abouts(list), want)
	}
	if few, err := s.DueNotices(t.Context(), domain.LaneRest, 1); err != nil || !slices.Equal(abouts(few), want[:1]) {
		t.Errorf("the first: %q, %v", abouts(few), err)
	}
	// The next head waits for the one before, and for its time.
	must(t, s.PostponeNotice(t.Context(), list[2].Key, "busy", clock.Now().Add(time.Hour)))
	settleAll(t, s, list[:2], true)
	if list := due(t, s, domain.LaneRest); len(list) != 0 {
		t.Fatalf("overtaken by %q", abouts(list))
	}
	clock.Advance(2 * time.Hour)
	settleAll(t, s, due(t, s, domain.LaneRest), true)
	if list := due(t, s, domain.LaneRest); !slices.Equal(abouts(list), []string{"audit_head " + storetest.ID(3)}) {
		t.Fatalf("then %q", abouts(list))
	}
	// What was told is forgotten, and may be told again.
	if is, err := s.Waits(t.Context(), domain.NoticeAuditHead, storetest.ID(2)); err != nil || is {
		t.Errorf("still waits: %v, %v", is, err)
	}
	tell(domain.NoticeAuditHead, 2)
	if is, err := s.Waits(t.Context(), domain.NoticeAuditHead, storetest.ID(2)); err != nil || !is {
		t.Errorf("not told again: %v, %v", is, err)
	}
	// What was refused: of a head staff see it, of a reading there is nothing to see.
	tell(domain.NoticeHealth, 5)
	settleAll(t, s, due(t, s, domain.LaneRest), false)
	dead, err := s.DeadNotices(t.Context(), 0)
	if must(t, err); len(dead) != 1 || dead[0].Key.Kind != domain.NoticeAuditHead {
		t.Errorf("dead %+v", dead)
	}
}

func TestReadingsAreFoundByAnIndex(t *testing.T) {
	s, _ := newTest(t)
	plan, err := s.r.Query("EXPLAIN QUERY PLAN SELECT id FROM notices WHERE kind IN (" + telemetry + ") AND " + nextHead + " AND state = 'pending'")
	must(t, err)
	defer plan.Close()
	var said strings.Builder
	for plan.Next() {
		var a, b, c int
		var text string
		must(t, plan.Scan(&a, &b, &c, &text))
		fmt.Fprintln(&said, text)
	}
	must(t, plan.Err())
	if strings.Count(said.String(), "notices_pending (kind=?)") != 2 {
		t.Error(said.String())
	}
}

func TestAuditHead(t *testing.T) {
	empty, _ := newTest(t)
	if h, err := empty.AuditHead(t.Context()); err != nil || h != (domain.AuditHead{Sound: true}) {
		t.Errorf("of no entry: %+v, %v", h, err)
	}
	head := func(s *Store) domain.AuditHead {
		t.Helper()
		h, err := s.AuditHead(t.Context())
		must(t, err)
		return h
	}
	s := audited(t, 3)
	r, err := s.VerifyAudit(t.Context())
	must(t, err)
	if h := head(s); h.Seq != 3 || h.Hash != r.Hash || !h.Sound || !h.At.Equal(storetest.Start.Add(2*time.Second)) {
		t.Errorf("%+v, want %+v", h, r)
	}
	// Cut off at its end: the head is what is left, and not sound.
	mustExec(t, s, openAudit+"DELETE FROM audit WHERE seq = 3")
	if h := head(s); h.Seq != 2 || h.Sound {
		t.Errorf("cut off: %+v", h)
	}
	// Whatever is appended later, it stays so.
	_, err = s.AppendAudit(t.Context(), domain.AuditEntry{Actor: "x", Action: domain.AuditExported, Target: domain.AuditTarget{Kind: "event"}})
	must(t, err)
	if h := head(s); h.Seq != 4 || h.Sound {
		t.Errorf("added to: %+v", h)
	}
	mustExec(t, s, "UPDATE audit_head SET mac = zeroblob(32), broken = 0")
	if h := head(s); h.Sound {
		t.Errorf("forged: %+v", h)
	}
}
