package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func remote(n int) *domain.RemotePerson {
	e := storetest.Enrolment(n)
	return &domain.RemotePerson{Person: e.Person, Document: e.Document, Contact: e.Contact, Templates: e.Templates}
}

// pages gives an apply function that goes on from page to page.
func pages(t *testing.T, s *Store) func(changes ...domain.CentreChange) domain.Applied {
	n := 0
	return func(changes ...domain.CentreChange) domain.Applied {
		t.Helper()
		from, err := s.SyncCursor(t.Context())
		must(t, err)
		n++
		done, err := s.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: strings.Repeat("c", n), Changes: changes})
		must(t, err)
		return done
	}
}

func TestApplyPeople(t *testing.T) {
	s, clock := newTest(t)
	apply := pages(t, s)
	r := remote(1)
	r.SecondFactor = true
	badge := storetest.Badge(1, 0)
	// The badge comes before its holder: it waits for them.
	if done := apply(domain.CentreChange{Badge: &badge}); done.Badges != 1 || len(done.Skipped) != 0 {
		t.Errorf("%+v", done)
	}
	if _, err := s.Badge(t.Context(), badge.ID); err == nil {
		t.Error("badge of nobody")
	}
	for range 2 { // twice is as good as once
		if done := apply(domain.CentreChange{Person: r}); done.People != 1 || len(done.Skipped) != 0 {
			t.Errorf("%+v", done)
		}
	}
	p, err := s.Profile(t.Context(), r.Person.ID)
	must(t, err)
	if p.Person.Name != r.Person.Name || p.Document != r.Document || p.Contact != r.Contact || !p.HasFace || !p.SecondFactor || len(p.Badges) != 1 {
		t.Errorf("profile %+v", p)
	}
	if id, err := s.ByDocument(t.Context(), r.Document); id != r.Person.ID || err != nil {
		t.Errorf("by document %s, %v", id, err)
	}
	ts, err := s.Templates(t.Context(), storetest.Encoder)
	if must(t, err); len(ts) != 2 || !slices.Equal(ts[0].Vector, r.Templates[0].Vector) {
		t.Errorf("%d templates", len(ts))
	}
	// The centre knows it all: nothing is told back.
	if w := waiting(t, s); w != (domain.Waiting{}) {
		t.Errorf("waiting %+v", w)
	}

	// Changed there: name, one template less, one more. Changed here meanwhile:
	// the name, which stays and is told.
	must(t, s.RenamePerson(t.Context(), r.Person.ID, "Lucía"))
	next := remote(1)
	next.Person.Name, next.Person.Version, next.Contact = "Otra", 9, "other@example.org"
	next.Templates = []domain.Template{storetest.Template(1, 1), storetest.Template(1, 2)}
	apply(domain.CentreChange{Person: next})
	p, err = s.Profile(t.Context(), r.Person.ID)
	if must(t, err); p.Person.Name != "Lucía" || p.Contact != "other@example.org" || p.Person.Version < 9 {
		t.Errorf("merged %+v", p)
	}
	ts, err = s.Templates(t.Context(), storetest.Encoder)
	if must(t, err); len(ts) != 2 || ts[0].ID != storetest.Template(1, 1).ID || ts[1].ID != storetest.Template(1, 2).ID {
		t.Errorf("templates %+v", ts)
	}
	list := due(t, s, domain.LanePeople)
	if len(list) != 1 || len(list[0].Person.Changed) != 1 || list[0].Person.Person.Name != "Lucía" || len(list[0].Person.Templates)+len(list[0].Person.Dropped) != 0 {
		t.Errorf("to tell: %+v", list)
	}

	// A revocation is not undone, whichever end it came from.
	must(t, s.RevokeBadge(t.Context(), badge.ID, domain.ReasonBadgeRevoked, clock.Now()))
	apply(domain.CentreChange{Badge: &badge})
	if b, err := s.Badge(t.Context(), badge.ID); err != nil || b.RevokedAt.IsZero() {
		t.Errorf("badge %+v, %v", b, err)
	}
	// A face taken back here does not come back.
	must(t, s.Enrol(t.Context(), storetest.Enrolment(2)))
	must(t, s.Withdraw(t.Context(), storetest.Person(2).ID, domain.PurposeFace, clock.Now()))
	apply(domain.CentreChange{Person: remote(2)})
	if p, err := s.Profile(t.Context(), storetest.Person(2).ID); err != nil || p.HasFace {
		t.Errorf("profile %+v, %v", p, err)
	}
	// A document that somebody else has here stays theirs.
	twin := remote(3)
	twin.Document = r.Document
	if done := apply(domain.CentreChange{Person: twin}); done.People != 1 || len(done.Skipped) != 1 {
		t.Errorf("%+v", done)
	}
	if id, err := s.ByDocument(t.Context(), r.Document); id != r.Person.ID || err != nil {
		t.Errorf("by document %s, %v", id, err)
	}
	// No more of this site: gone without a trace, and may come back.
	if done := apply(domain.CentreChange{GonePerson: r.Person.ID}); done.Gone != 1 {
		t.Errorf("%+v", done)
	}
	_, err = s.Person(t.Context(), r.Person.ID)
	wantErr(t, err, domain.ErrNotFound)
	if done := apply(domain.CentreChange{Person: r}); done.People != 1 {
		t.Errorf("%+v", done)
	}
	h, err := s.Check(t.Context())
	if must(t, err); len(h.Problems) != 0 {
		t.Errorf("problems %q", h.Problems)
	}
}

// Erasure always wins, here or there, before or after.
func TestApplyErasure(t *testing.T) {
	s, clock := newTest(t)
	apply := pages(t, s)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	_, err := s.Record(t.Context(), storetest.Recognition(e.Person.ID), []byte("picture"))
	must(t, err)
	erasure := func(n int) domain.CentreChange {
		return domain.CentreChange{Erasure: &domain.RemoteErasure{Person: storetest.Person(n).ID, Why: domain.ReasonErasedByStaff, At: clock.Now()}}
	}
	badge := storetest.Badge(1, 1)
	done := apply(erasure(1), domain.CentreChange{Person: remote(1)}, domain.CentreChange{Badge: &badge}, erasure(2), domain.CentreChange{Person: remote(2)})
	if done.Erased != 2 || done.People != 0 || len(done.Skipped) != 3 {
		t.Errorf("%+v", done)
	}
	for n := 1; n <= 2; n++ {
		_, err := s.Person(t.Context(), storetest.Person(n).ID)
		wantErr(t, err, domain.ErrNotFound)
	}
	if countPictures(t, s.dir) != 0 {
		t.Error("a picture is left")
	}
	if list := due(t, s, domain.LanePeople); len(list) != 0 {
		t.Errorf("still to tell: %q", abouts(list))
	}
	// The centre hears what went here: its report says what was erased where.
	gone := due(t, s, domain.LaneErasures)
	if len(gone) != 1 || gone[0].Erasure.Receipt.Templates != 2 || gone[0].Erasure.Receipt.Why != domain.ReasonErasedByStaff {
		t.Errorf("receipts %+v", gone)
	}
	// Again, and later, it changes nothing.
	events, err := s.Recent(t.Context(), 0, 100)
	must(t, err)
	if done := apply(erasure(1), erasure(2), domain.CentreChange{Person: remote(2)}); done.Erased != 0 || len(done.Skipped) != 1 {
		t.Errorf("%+v", done)
	}
	if after, err := s.Recent(t.Context(), 0, 100); err != nil || len(after) != len(events) {
		t.Errorf("%d events, then %d, %v", len(events), len(after), err)
	}
	if h, err := s.Check(t.Context()); err != nil || len(h.Problems) != 0 {
		t.Errorf("health %+v, %v", h, err)
	}
}

// Whoever is no more of the site goes with the ids that were merged into theirs,
// and holds up nothing: they may come back, and the other may not.
func TestApplyGoneOfOneWhoWasMerged(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	apply := pages(t, s)
	for n := 1; n <= 3; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	keep := storetest.Person(1).ID
	for n := 2; n <= 3; n++ {
		_, err := joined(ctx, s, keep, storetest.Person(n).ID)
		must(t, err)
	}
	if done := apply(domain.CentreChange{GonePerson: keep}, domain.CentreChange{Person: remote(4)}); done.Gone != 1 || done.People != 1 {
		t.Errorf("%+v", done)
	}
	_, err := s.Person(ctx, keep)
	wantErr(t, err, domain.ErrNotFound)
	if ids, err := s.MergedWith(ctx, keep); len(ids) != 0 || err != nil {
		t.Errorf("still joined to %v, %v", ids, err)
	}
	if done := apply(domain.CentreChange{Person: remote(1)}, domain.CentreChange{Person: remote(2)}); done.People != 1 || len(done.Skipped) != 1 {
		t.Errorf("back: %+v", done)
	}
	if list := due(t, s, domain.LaneErasures); len(list) != 2 { // the centre hears of both all the same
		t.Errorf("told of %q", abouts(list))
	}
	if h, err := s.Check(ctx); err != nil || len(h.Problems) != 0 {
		t.Errorf("health %+v, %v", h, err)
	}
}

// Gone first and erased later, as one who was long offline hears it: the
// pictures go as well, and the centre gets a receipt.
func TestApplyGoneThenErased(t *testing.T) {
	s, clock := newTest(t)
	apply := pages(t, s)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	for _, ev := range []domain.Event{
		storetest.Recognition(e.Person.ID),
		{Kind: domain.EventValidation, Reason: domain.ReasonWrongFace, Badge: e.Badge.ID}, // who it was is not known
	} {
		_, err := s.Record(t.Context(), ev, []byte("picture "+string(ev.Kind)))
		must(t, err)
	}
	if n := countPictures(t, s.dir); n != 2 {
		t.Fatalf("%d pictures", n)
	}
	apply(domain.CentreChange{GonePerson: e.Person.ID})
	if n := countPictures(t, s.dir); n != 0 {
		t.Errorf("%d pictures of one who is gone", n)
	}
	erasure := domain.CentreChange{Erasure: &domain.RemoteErasure{Person: e.Person.ID, Why: domain.ReasonErasedByStaff, At: clock.Now()}}
	if done := apply(erasure, domain.CentreChange{Person: remote(1)}); done.Erased != 1 || done.People != 0 {
		t.Errorf("%+v", done)
	}
	if gone := due(t, s, domain.LaneErasures); len(gone) != 1 || gone[0].Erasure.Person != e.Person.ID {
		t.Errorf("receipts %+v", gone)
	}
	// A picture from after they were gone goes with the tombstone.
	must(t, s.Enrol(t.Context(), storetest.Enrolment(2)))
	apply(domain.CentreChange{GonePerson: storetest.Person(2).ID})
	_, err := s.Record(t.Context(), storetest.Recognition(storetest.Person(2).ID), []byte("late"))
	must(t, err)
	erasure.Erasure.Person = storetest.Person(2).ID
	apply(erasure)
	if n := countPictures(t, s.dir); n != 0 {
		t.Errorf("%d pictures of one who was erased", n)
	}
	if h, err := s.Check(t.Context()); err != nil || len(h.Problems) != 0 {
		t.Errorf("health %+v, %v", h, err)
	}
}

// A page is applied whole, from where the last one ended, or not at all; what
// makes no sense in it is passed over and named.
func TestApplyWhole(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	_, err := s.ApplyPage(ctx, domain.CentrePage{From: "elsewhere", Cursor: "x", Changes: []domain.CentreChange{{Person: remote(1)}}})
	wantErr(t, err, domain.ErrCursor)
	nameless, oddBadge := remote(2), storetest.Badge(1, 0)
	nameless.Person.Name = " "
	oddBadge.Expires = oddBadge.NotBefore
	doubled := remote(3)
	doubled.Templates = []domain.Template{storetest.Template(3, 0), storetest.Template(1, 0)}
	stolen := remote(4)
	stolen.Templates[0].ID = storetest.Template(1, 0).ID
	done, err := s.ApplyPage(ctx, domain.CentrePage{Cursor: "1", Changes: []domain.CentreChange{
		{Person: remote(1)}, {Person: nameless}, {Badge: &oddBadge}, {}, {Person: doubled}, {Person: stolen},
		{Document: &domain.Document{Kind: "faq", Ref: "es", Version: 3, ContentType: "text/plain", Content: "@topic"}},
		{Document: &domain.Document{Kind: "faq", Version: 3}},
	}})
	must(t, err)
	if done.People != 1 || done.Documents != 1 || len(done.Skipped) != 6 {
		t.Errorf("%+v", done)
	}
	if people, err := s.People(ctx); err != nil || len(people) != 1 {
		t.Errorf("%d people, %v", len(people), err)
	}
	d, err := s.CentreDocument(ctx, "faq", "es")
	if must(t, err); d.Content != "@topic" || d.Version != 3 {
		t.Errorf("document %+v", d)
	}
	for name, b := range readAll(t, s.dir) {
		if strings.Contains(string(b), "@topic") {
			t.Errorf("%s shows a document of the centre", name)
		}
	}
	// For want of room nothing of a page is taken, nor its cursor.
	mustExec(t, s, "ALTER TABLE centre_documents RENAME TO away")
	if _, err := s.ApplyPage(ctx, domain.CentrePage{From: "1", Cursor: "2", Changes: []domain.CentreChange{{Person: remote(5)}, {Document: &d}}}); err == nil {
		t.Error("applied without a table")
	}
	mustExec(t, s, "ALTER TABLE away RENAME TO centre_documents")
	if c, err := s.SyncCursor(ctx); c != "1" || err != nil {
		t.Errorf("cursor %q, %v", c, err)
	}
	if people, err := s.People(ctx); err != nil || len(people) != 1 {
		t.Errorf("%d people, %v", len(people), err)
	}
	// And the store notices changes again.
	must(t, s.Enrol(ctx, storetest.Enrolment(6)))
	if list := due(t, s, domain.LanePeople); len(list) != 3 {
		t.Errorf("to tell: %q", abouts(list))
	}
	done, err = s.ApplyPage(ctx, domain.CentrePage{From: "1", Cursor: "2", Changes: []domain.CentreChange{{GoneDocument: &d}}})
	must(t, err)
	_, err = s.CentreDocument(ctx, "faq", "es")
	wantErr(t, err, domain.ErrNotFound)
	if list, err := s.CentreDocuments(ctx, "faq"); err != nil || len(list) != 0 || done.Gone != 1 {
		t.Errorf("%+v, %v, %+v", list, err, done)
	}
}

// A centre that was restored is told again what it may have lost.
func TestApplyReset(t *testing.T) {
	s, clock := newTest(t)
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
	must(t, s.Enrol(t.Context(), storetest.Enrolment(2)))
	_, err := s.EraseIdentity(t.Context(), storetest.Person(2).ID, domain.ReasonErasedByPerson, clock.Now())
	must(t, err)
	apply := pages(t, s)
	apply()
	before := waiting(t, s)
	var versions []int64
	for _, lane := range []domain.Lane{domain.LaneErasures, domain.LaneEvents, domain.LanePeople} {
		list := due(t, s, lane)
		for _, n := range list {
			if n.Person != nil {
				versions = append(versions, n.Key.Version)
				_, err := s.KeepNotices(t.Context(), []domain.MadeNotice{{Key: n.Key, UpTo: n.Person.UpTo, Item: storetest.ID(1), Body: []byte("{}")}})
				must(t, err)
			}
		}
		settleAll(t, s, list, true)
	}
	if w := waiting(t, s); w.Notices != 0 {
		t.Fatalf("waiting %+v", w)
	}
	from, err := s.SyncCursor(t.Context())
	must(t, err)
	_, err = s.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: "new", Reset: true})
	must(t, err)
	if w := waiting(t, s); w != before {
		t.Errorf("waiting %+v, want %+v", w, before)
	}
	for _, n := range due(t, s, domain.LanePeople) {
		if n.Person != nil && (len(n.Person.Changed) != 3 || len(n.Person.Templates) != 2 || slices.Contains(versions, n.Key.Version)) {
			t.Errorf("told again: %+v of version %d, was %v", n.Person, n.Key.Version, versions)
		}
	}
}

// A page that ends between its commit and the end of an erasure is finished by
// the next start.
func TestApplyCutShort(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, nil)
	e := storetest.Enrolment(1)
	must(t, s.Enrol(t.Context(), e))
	mustExec(t, s, "ALTER TABLE name_index RENAME TO away") // the rest of the erasure fails
	_, err := s.ApplyPage(t.Context(), domain.CentrePage{Cursor: "1", Changes: []domain.CentreChange{
		{Erasure: &domain.RemoteErasure{Person: e.Person.ID, Why: domain.ReasonErasedByStaff, At: time.Now()}},
	}})
	if err == nil {
		t.Fatal("erased without a table")
	}
	_, perr := s.Person(t.Context(), e.Person.ID)
	wantErr(t, perr, domain.ErrNotFound)
	mustExec(t, s, "ALTER TABLE away RENAME TO name_index")
	if list := due(t, s, domain.LaneErasures); len(list) != 0 {
		t.Errorf("told of an erasure that has not ended: %+v", list)
	}
	must(t, s.Close())
	s = openTest(t, dir, nil)
	if c, err := s.SyncCursor(t.Context()); c != "1" || err != nil {
		t.Errorf("cursor %q, %v", c, err)
	}
	if list := due(t, s, domain.LaneErasures); len(list) != 1 || list[0].Erasure.Receipt.Templates != 2 {
		t.Errorf("receipts %+v", list)
	}
}
