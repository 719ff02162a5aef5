package store

import (
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

const anAnswer = `{"text":"Su tarjeta está en la sucursal.","by":"Ana Ruiz","lang":"es","at":"2027-01-04T12:30:00Z"}`

func answerPage(t *testing.T, s *Store, cursor, id string, version int64) domain.Applied {
	t.Helper()
	from, err := s.SyncCursor(t.Context())
	must(t, err)
	done, err := s.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: cursor, Changes: []domain.CentreChange{{Document: &domain.Document{
		Kind: domain.DocumentCaseAnswer, Ref: id, Version: version, ContentType: "application/json", Content: anAnswer, At: storetest.Start,
	}}}})
	must(t, err)
	return done
}

// The answer to a case is shown with it, is kept by nobody else, and goes with
// the case: with the person's erasure too.
func TestCaseAnswer(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	must(t, s.Enrol(ctx, storetest.Enrolment(1)))
	theirs := domain.Case{ID: storetest.ID(71), Lang: domain.Spanish, Identity: domain.IdentityValidated, Person: storetest.Person(1).ID, Reason: domain.CaseAsked}
	nobodys := domain.Case{ID: storetest.ID(72), Lang: domain.Spanish, Identity: domain.IdentityAnonymous, Reason: domain.CaseLost}
	must(t, s.AddCase(ctx, theirs))
	must(t, s.AddCase(ctx, nobodys))

	if done := answerPage(t, s, "1", storetest.ID(99), 1); done.Documents != 0 || done.Skipped != nil {
		t.Errorf("an answer to a case of elsewhere: %+v", done)
	}
	for cursor, id := range map[string]string{"2": theirs.ID, "3": nobodys.ID} {
		if done := answerPage(t, s, cursor, id, 1); done.Documents != 1 {
			t.Errorf("%+v", done)
		}
	}
	answerPage(t, s, "4", theirs.ID, 1) // told again
	c, err := s.Case(ctx, theirs.ID)
	if must(t, err); !c.Answered || c.Answer == nil || c.Answer.By != "Ana Ruiz" || c.Answer.Lang != domain.Spanish || c.Answer.At.IsZero() {
		t.Errorf("%+v %+v", c, c.Answer)
	}
	list, err := s.Cases(ctx, domain.CaseFilter{})
	if must(t, err); len(list) != 2 || !list[0].Answered || !list[1].Answered || list[0].Answer != nil {
		t.Errorf("%+v", list)
	}
	es, err := s.Audit(ctx, domain.AuditFilter{Actor: domain.ActorCentre, Action: domain.AuditCaseChanged}, 0, 10)
	if must(t, err); len(es) != 2 || es[0].Detail["to"] != "answered" {
		t.Errorf("%+v", es)
	}

	count := func() (n int) {
		must(t, s.r.QueryRow("SELECT count(*) FROM centre_documents").Scan(&n))
		return n
	}
	must(t, eraseOne(s, storetest.Person(1).ID))
	if n := count(); n != 1 {
		t.Errorf("%d answers are left of two after the erasure of one", n)
	}
	for name, b := range readAll(t, s.dir) {
		if strings.Contains(b, "está en la sucursal") {
			t.Errorf("%s has the answer in plain text", name)
		}
	}
	clock.Advance(time.Hour)
	_, err = s.dropChats(ctx, clock.Now())
	must(t, err)
	if n := count(); n != 0 {
		t.Errorf("%d answers outlive their cases", n)
	}
}

// Another answer is news, also under the number of the one before, as of a centre
// that was restored: who asked is told again.
func TestCaseAnsweredAnew(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	c := domain.Case{ID: storetest.ID(72), Lang: domain.Spanish, Identity: domain.IdentityAnonymous, Reason: domain.CaseLost}
	must(t, s.AddCase(ctx, c))
	for i, tt := range []struct {
		text string
		news int
	}{{anAnswer, 1}, {anAnswer, 1}, {strings.Replace(anAnswer, "tarjeta", "libreta", 1), 2}} {
		mustExec(t, s, "UPDATE cases SET told_at = 1")
		from, err := s.SyncCursor(ctx)
		must(t, err)
		_, err = s.ApplyPage(ctx, domain.CentrePage{From: from, Cursor: strings.Repeat("c", i+1), Changes: []domain.CentreChange{{Document: &domain.Document{
			Kind: domain.DocumentCaseAnswer, Ref: c.ID, Version: 1, ContentType: "application/json", Content: tt.text, At: storetest.Start,
		}}}})
		must(t, err)
		es, err := s.Audit(ctx, domain.AuditFilter{Actor: domain.ActorCentre, Action: domain.AuditCaseChanged}, 0, 10)
		if must(t, err); len(es) != tt.news {
			t.Errorf("answer %d: %d times in the audit, want %d", i, len(es), tt.news)
		}
		var told bool
		must(t, s.r.QueryRow("SELECT told_at IS NOT NULL FROM cases").Scan(&told))
		if told != (i == 1) {
			t.Errorf("answer %d: told %v", i, told)
		}
	}
}
