package store

import (
	"os"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// A picture that waited for the disk, or for a decision, while its person was
// erased or took their face back is not kept any more. The event is.
func TestNoPictureOfWhoIsGone(t *testing.T) {
	for name, leave := range map[string]func(*Store, domain.PersonID) error{
		"erased": func(s *Store, id domain.PersonID) error {
			_, err := s.EraseIdentity(t.Context(), id, domain.ReasonErasedByPerson, storetest.Start)
			return err
		},
		"face taken back": func(s *Store, id domain.PersonID) error {
			return s.Withdraw(t.Context(), id, domain.PurposeFace, storetest.Start)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newTest(t)
			e := storetest.Enrolment(1)
			must(t, s.Enrol(t.Context(), e))
			before, err := s.Record(t.Context(), storetest.Recognition(e.Person.ID), []byte("before"))
			must(t, err)
			if before.Snapshot == "" {
				t.Fatal("no picture of who is here")
			}
			must(t, leave(s, e.Person.ID))
			got, err := s.Record(t.Context(), storetest.Recognition(e.Person.ID), []byte("their picture"))
			must(t, err)
			if got.Snapshot != "" || got.Seq == 0 {
				t.Errorf("%+v", got)
			}
			if _, err := os.Stat(s.snapshotPath(hashOf([]byte("their picture")))); !os.IsNotExist(err) {
				t.Errorf("file: %v", err)
			}
			if n := countPictures(t, s.dir); n != 0 {
				t.Errorf("%d pictures on disk", n)
			}
		})
	}
}
