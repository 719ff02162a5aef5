package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

func identityIsErased(t *testing.T, f *fixture) {
	must(t, f.Enrol(t.Context(), Enrolment(1)))
	must(t, f.Enrol(t.Context(), Enrolment(2)))
	must(t, f.IssueBadge(t.Context(), Badge(1, 1)))
	must(t, f.NeedSecondFactor(t.Context(), Person(1).ID))
	_, err := f.Fail(t.Context(), domain.SubjectPerson(Person(1).ID))
	must(t, err)
	_, err = f.Record(t.Context(), Recognition(Person(1).ID), []byte("their picture"))
	must(t, err)
	// Refused before anybody looked whose badge it was.
	refused := domain.Event{Kind: domain.EventValidation, Reason: domain.ReasonBadgeExpired, Badge: Badge(1, 1).ID}
	refused, err = f.Record(t.Context(), refused, []byte("who showed it"))
	must(t, err)
	at := Start.Add(time.Hour)
	got, err := f.EraseIdentity(t.Context(), Person(1).ID, domain.ReasonErasedByPerson, at)
	must(t, err)
	want := domain.ErasureReceipt{
		ID: got.ID, At: at, Why: domain.ReasonErasedByPerson, KeyGone: true,
		// Waiting are: registered, two badges, recognised.
		Templates: 2, Badges: 2, Consents: 1, Snapshots: 2, Outbox: 4,
	}
	if got != want || got.ID == "" || strings.Contains(got.ID, string(Person(1).ID)) {
		t.Errorf("receipt %+v, want %+v", got, want)
	}
	id := Person(1).ID
	_, err = f.Profile(t.Context(), id)
	wantErr(t, "profile", err, domain.ErrNotFound)
	_, err = f.Person(t.Context(), id)
	wantErr(t, "person", err, domain.ErrNotFound)
	_, err = f.ByDocument(t.Context(), Enrolment(1).Document)
	wantErr(t, "document", err, domain.ErrNotFound)
	_, err = f.Badge(t.Context(), Badge(1, 0).ID)
	wantErr(t, "badge", err, domain.ErrNotFound)
	_, err = f.Locked(t.Context(), domain.SubjectPerson(id))
	wantErr(t, "lock", err, domain.ErrNotFound)
	wantErr(t, "pin", f.CheckPIN(t.Context(), id, PIN), domain.ErrNotFound)
	wantErr(t, "new pin", f.SetPIN(t.Context(), id, PIN), domain.ErrNotFound)
	wantErr(t, "new badge", f.IssueBadge(t.Context(), Badge(1, 2)), domain.ErrNotFound)
	wantErr(t, "mark", f.NeedSecondFactor(t.Context(), id), domain.ErrNotFound)
	wantErr(t, "withdrawal", f.Withdraw(t.Context(), id, domain.PurposeFace, at), domain.ErrNotFound)
	if list := happened(t, f, 1); list[len(list)-1] != event(domain.EventErasure, domain.ReasonErasedByPerson, 1) {
		t.Errorf("happened: %q", list)
	}
	// What happened is not told otherwise: the badge's id names nobody now.
	if es, err := f.Recent(t.Context(), refused.Seq+1, 1); err != nil || !slices.Equal(es, []domain.Event{refused}) {
		t.Errorf("event of the badge: %+v, %v", es, err)
	}
	// Nobody else is touched.
	if p, err := f.Profile(t.Context(), Person(2).ID); err != nil || !p.HasFace || !p.HasPIN || len(p.Badges) != 1 {
		t.Errorf("another: %+v, %v", p, err)
	}
	// Asked again, even after a restart: the same receipt, and nothing more is told.
	s := f.reopen()
	again, err := s.EraseIdentity(t.Context(), id, domain.ReasonErasedByStaff, at.Add(time.Hour))
	if must(t, err); again != want {
		t.Errorf("again: %+v, want %+v", again, want)
	}
	f.Subject = s
	happened(t, f, 1)
	_, err = s.EraseIdentity(t.Context(), Person(7).ID, domain.ReasonErasedByStaff, at)
	wantErr(t, "nobody", err, domain.ErrNotFound)
	if _, err := s.EraseIdentity(t.Context(), Person(2).ID, "", at); err == nil {
		t.Error("erased without a reason")
	}
}
