package store

import (
	"context"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// TestGalleryMarkMovesWithWhoMayBeRecognised: a running kiosk goes by it.
func TestGalleryMarkMovesWithWhoMayBeRecognised(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Options{Dir: t.TempDir(), MasterKey: GenerateMasterKey()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last := ""
	moved := func(what string, want bool) {
		t.Helper()
		now, err := s.Setting(ctx, SettingGallery)
		if err != nil {
			t.Fatal(err)
		}
		if (now != last) != want {
			t.Errorf("%s: mark %q after %q, want it to move: %v", what, now, last, want)
		}
		last = now
	}
	moved("a new store", true)
	e := storetest.Enrolment(1)
	if err := s.Enrol(ctx, e); err != nil {
		t.Fatal(err)
	}
	moved("enrolment", true)
	if _, err := s.Record(ctx, domain.Event{Kind: domain.EventCamera, Reason: domain.ReasonCameraLost, At: e.Consent.At}, nil); err != nil {
		t.Fatal(err)
	}
	moved("an event", false)
	if err := s.Withdraw(ctx, e.Person.ID, domain.PurposeFace, e.Consent.At); err != nil {
		t.Fatal(err)
	}
	moved("withdrawal of the face", true)
	if _, err := s.EraseIdentity(ctx, e.Person.ID, domain.ReasonErasedByPerson, e.Consent.At); err != nil {
		t.Fatal(err)
	}
	moved("erasure", true)
}
