package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/store/storetest"
)

func remoteConsent(n int, withdrawn ...domain.Purpose) *domain.Consent {
	c := storetest.Enrolment(n).Consent
	for _, p := range withdrawn {
		c.Withdrawn = append(c.Withdrawn, domain.Withdrawal{Purpose: p, At: storetest.Start.Add(time.Hour)})
	}
	return &c
}

// What a person agreed to elsewhere counts here: kept with its text, language and
// purposes, whichever comes first; and it can be taken back here, which is told.
func TestApplyConsents(t *testing.T) {
	s, clock := newTest(t)
	apply := pages(t, s)
	id := storetest.Person(1).ID
	other := remoteConsent(1)
	other.ID, other.Lang, other.Granted, other.Refused = storetest.ID(77), domain.English, []domain.Purpose{domain.PurposeData}, []domain.Purpose{domain.PurposeFace}
	// The consent comes before its giver: it waits for them.
	if done := apply(domain.CentreChange{Consent: remoteConsent(1)}, domain.CentreChange{Person: remote(1)}, domain.CentreChange{Consent: other}); done.Consents != 2 || len(done.Skipped) != 0 {
		t.Errorf("%+v", done)
	}
	for range 2 { // again it changes nothing
		p, err := s.Profile(t.Context(), id)
		must(t, err)
		if len(p.Consents) != 2 || !slices.ContainsFunc(p.Consents, func(c domain.Consent) bool {
			return c.ID == other.ID && c.Lang == domain.English && c.TextSHA256 == other.TextSHA256 && c.Version == other.Version && slices.Equal(c.Refused, other.Refused) && c.At.Equal(other.At)
		}) || !p.HasFace {
			t.Fatalf("%+v", p)
		}
		apply(domain.CentreChange{Consent: remoteConsent(1)}, domain.CentreChange{Consent: other})
	}
	if w := waiting(t, s); w != (domain.Waiting{}) {
		t.Errorf("told back: %+v", w)
	}
	_, err := s.Record(t.Context(), storetest.Recognition(id), []byte("picture"))
	must(t, err)

	// Taken back here: the centre hears of the consent as it stands, and of the face.
	must(t, s.Withdraw(t.Context(), id, domain.PurposeFace, clock.Now()))
	list := due(t, s, domain.LanePeople)
	if len(list) != 2 || list[0].Consent == nil || list[0].Consent.ID != remoteConsent(1).ID || list[0].Consent.Allows(domain.PurposeFace) || list[0].Consent.DeviceID != storetest.ID(42) {
		t.Fatalf("to tell: %q %+v", abouts(list), list)
	}
	settleAll(t, s, list[:1], true)
	// The state of before, which comes late, gives nothing back; nor does a person
	// whom the centre has not heard about yet.
	if done := apply(domain.CentreChange{Consent: remoteConsent(1)}, domain.CentreChange{Person: remote(1)}); len(done.Faceless) != 0 {
		t.Errorf("%+v", done)
	}
	if p, err := s.Profile(t.Context(), id); err != nil || p.HasFace || p.Consents[0].Allows(domain.PurposeFace) {
		t.Errorf("%+v, %v", p, err)
	}
	// Of what the centre answers with, nothing is told again.
	apply(domain.CentreChange{Consent: remoteConsent(1, domain.PurposeFace)})
	if list := due(t, s, domain.LanePeople); len(list) != 1 || list[0].Person == nil {
		t.Errorf("to tell: %q", abouts(list))
	}
	if h, err := s.Check(t.Context()); err != nil || len(h.Problems) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}

// Who takes back their face elsewhere loses it here: templates, and the pictures of
// them; whoever consented a second time keeps it.
func TestApplyFaceTakenBack(t *testing.T) {
	s, _ := newTest(t)
	apply := pages(t, s)
	must(t, s.Enrol(t.Context(), storetest.Enrolment(1))) // registered here
	apply(domain.CentreChange{Consent: remoteConsent(2)}, domain.CentreChange{Person: remote(2)})
	again := remoteConsent(3)
	again.ID = storetest.ID(99)
	apply(domain.CentreChange{Consent: remoteConsent(3)}, domain.CentreChange{Person: remote(3)}, domain.CentreChange{Consent: again})
	for n := 1; n <= 3; n++ {
		_, err := s.Record(t.Context(), storetest.Recognition(storetest.Person(n).ID), []byte{'a', byte(n)})
		must(t, err)
	}
	before := len(due(t, s, domain.LanePeople))
	done := apply(domain.CentreChange{Consent: remoteConsent(1, domain.PurposeFace)}, domain.CentreChange{Consent: remoteConsent(2, domain.PurposeFace)},
		domain.CentreChange{Consent: remoteConsent(3, domain.PurposeFace)})
	if want := []domain.PersonID{storetest.Person(1).ID, storetest.Person(2).ID}; !slices.Equal(done.Faceless, want) || len(done.Skipped) != 0 {
		t.Errorf("%+v", done)
	}
	for n, face := range map[int]bool{1: false, 2: false, 3: true} {
		if p, err := s.Profile(t.Context(), storetest.Person(n).ID); err != nil || p.HasFace != face || !p.Consents[0].Allows(domain.PurposeData) {
			t.Errorf("person %d: %+v, %v", n, p, err)
		}
	}
	if n := countPictures(t, s.dir); n != 1 {
		t.Errorf("%d pictures are left, want that of person 3", n)
	}
	if list := due(t, s, domain.LanePeople); len(list) != before {
		t.Errorf("told back: %q", abouts(list))
	}
	r, err := s.VerifyAudit(t.Context())
	if must(t, err); !r.Sound() {
		t.Errorf("audit: %+v", r)
	}
	// What makes no sense is passed over.
	stolen, odd, none := remoteConsent(2), remoteConsent(4), remoteConsent(5)
	stolen.Person = storetest.Person(3).ID
	odd.Withdrawn = []domain.Withdrawal{{Purpose: "research", At: storetest.Start}}
	none.TextSHA256 = "x"
	if done := apply(domain.CentreChange{Consent: stolen}, domain.CentreChange{Consent: odd}, domain.CentreChange{Consent: none}); done.Consents != 0 || len(done.Skipped) != 3 {
		t.Errorf("%+v", done)
	}
	// Erased, whoever waited for their giver goes, too.
	apply(domain.CentreChange{Consent: remoteConsent(6)}, domain.CentreChange{Seen: &domain.RemoteSeen{Person: storetest.Person(6).ID, Until: storetest.Start}},
		domain.CentreChange{Erasure: &domain.RemoteErasure{Person: storetest.Person(6).ID, Why: domain.ReasonErasedByStaff, At: storetest.Start}},
		domain.CentreChange{GoneConsent: remoteConsent(3).ID})
	for _, q := range []string{"SELECT count(*) FROM parked_consents", "SELECT count(*) FROM centre_seen"} {
		var n int
		if err := s.r.QueryRow(q).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", q, n, err)
		}
	}
	if p, err := s.Profile(t.Context(), storetest.Person(3).ID); err != nil || len(p.Consents) != 1 || p.Consents[0].ID != again.ID {
		t.Errorf("%+v, %v", p, err)
	}
}

func badgeKey(n byte) domain.BadgeKey {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	return domain.BadgeKey{ID: domain.BadgeKeyIDOf(public), Public: public, DeviceID: storetest.ID(int(n))}
}

// Keys of the site are kept sealed: who has the file alone adds none.
func TestApplyBadgeKeys(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir, nil)
	apply := pages(t, s)
	a, b := badgeKey(1), badgeKey(2)
	bad := badgeKey(3)
	bad.ID = a.ID
	if done := apply(domain.CentreChange{BadgeKey: &a}, domain.CentreChange{BadgeKey: &b}, domain.CentreChange{BadgeKey: &bad}); done.BadgeKeys != 2 || len(done.Skipped) != 1 {
		t.Errorf("%+v", done)
	}
	a.RevokedAt = storetest.Start
	apply(domain.CentreChange{BadgeKey: &a})
	keys := func() []domain.BadgeKey {
		list, err := s.BadgeKeys(t.Context())
		must(t, err)
		slices.SortFunc(list, func(x, y domain.BadgeKey) int { return strings.Compare(x.DeviceID, y.DeviceID) })
		return list
	}
	if list := keys(); len(list) != 2 || !list[0].RevokedAt.Equal(storetest.Start) || !bytes.Equal(list[0].Public, a.Public) || !list[1].RevokedAt.IsZero() {
		t.Errorf("%+v", list)
	}
	if done := apply(domain.CentreChange{GoneBadgeKey: b.ID}); done.BadgeKeys != 1 || len(keys()) != 1 {
		t.Errorf("%+v, %+v", done, keys())
	}
	// Written into the file, under another id or from the own ones, it is none.
	must(t, s.TellBadgeKeys(t.Context(), []domain.BadgeKey{b}))
	mustExec(t, s, "INSERT INTO badge_keys SELECT '0123456789ab', content FROM badge_keys; INSERT INTO badge_keys SELECT id, content FROM own_badge_keys")
	list, err := s.BadgeKeys(t.Context())
	if wantErr(t, err, ErrCorrupt); len(list) != 1 || list[0].ID != a.ID {
		t.Errorf("%+v", list)
	}
}

// A list that was not read to its end is none; one of which nothing opens is empty.
func TestBadgeKeysThatCannotBeRead(t *testing.T) {
	s := openTest(t, t.TempDir(), nil)
	k := badgeKey(1)
	pages(t, s)(domain.CentreChange{BadgeKey: &k})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := s.BadgeKeys(ended); list != nil || err == nil {
		t.Errorf("%v, %v", list, err)
	}
	mustExec(t, s, "UPDATE badge_keys SET content = x'00'")
	list, err := s.BadgeKeys(t.Context())
	if wantErr(t, err, ErrCorrupt); list == nil || len(list) > 0 {
		t.Errorf("%v", list)
	}
}

// Own keys are told once for each state; one that is kept no more is told as that.
// They are counted among nothing that waits, for an old centre takes none.
func TestTellBadgeKeys(t *testing.T) {
	s, clock := newTest(t)
	tell := func(keys ...domain.BadgeKey) []domain.Notice {
		t.Helper()
		must(t, s.TellBadgeKeys(t.Context(), keys))
		list := due(t, s, domain.LaneKeys)
		for _, n := range list {
			if n.BadgeKey.DeviceID != s.DeviceID() || n.BadgeKey.Version < 1 {
				t.Errorf("%+v", n.BadgeKey)
			}
		}
		return list
	}
	a, b := badgeKey(1), badgeKey(2)
	list := tell(a)
	if len(list) != 1 || list[0].BadgeKey.ID != a.ID || waiting(t, s) != (domain.Waiting{}) {
		t.Fatalf("%+v, %+v", list, waiting(t, s))
	}
	first := list[0].BadgeKey.Version
	settleAll(t, s, list, true)
	if list := tell(a); len(list) != 0 {
		t.Errorf("told again: %+v", list)
	}
	clock.Advance(time.Minute)
	a.RetiredAt = clock.Now().Truncate(time.Second)
	list = tell(b, a)
	if len(list) != 2 || list[0].BadgeKey.Version <= first && list[1].BadgeKey.Version <= first {
		t.Errorf("rotated: %+v", list)
	}
	settleAll(t, s, list, true)
	// Its line taken out of the file of retired keys: nobody is to trust it.
	list = tell(b)
	if len(list) != 1 || list[0].BadgeKey.ID != a.ID || list[0].BadgeKey.DroppedAt.IsZero() {
		t.Errorf("dropped: %+v", list)
	}
	settleAll(t, s, list, true)
	if list := tell(b); len(list) != 0 {
		t.Errorf("dropped twice: %+v", list)
	}
	// It is back.
	if list = tell(b, a); len(list) != 1 || list[0].BadgeKey.ID != a.ID || !list[0].BadgeKey.DroppedAt.IsZero() {
		t.Errorf("back: %+v", list)
	}
	settleAll(t, s, list, true)
	// Sent long ago, it is still told to a centre that has lost its past.
	clock.Advance(365 * day)
	_, err := s.PruneNotices(t.Context())
	must(t, err)
	apply := pages(t, s)
	apply()
	from, err := s.SyncCursor(t.Context())
	must(t, err)
	_, err = s.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: "new", Reset: true})
	must(t, err)
	if list := due(t, s, domain.LaneKeys); len(list) != 2 {
		t.Errorf("to a centre that lost its past: %+v", list)
	}
	bad := a
	bad.ID = b.ID
	wantErr(t, s.TellBadgeKeys(t.Context(), []domain.BadgeKey{bad}), ErrInvalid)
}

// Whom any kiosk of the site has seen is not unseen; and nobody is judged by a kiosk
// that has not heard the centre of late.
func TestRetainByTheSitesLastSights(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	apply := pages(t, s)
	for n := 1; n <= 3; n++ {
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	seen := func(n int, at time.Time) {
		t.Helper()
		if done := apply(domain.CentreChange{Seen: &domain.RemoteSeen{Person: storetest.Person(n).ID, Until: at}}); done.Seen != 1 || len(done.Skipped) != 0 {
			t.Errorf("%+v", done)
		}
	}
	clock.Advance(400 * day)
	seen(1, clock.Now().Add(-20*day))
	seen(1, clock.Now().Add(-380*day)) // as a centre that was restored may say
	seen(2, clock.Now().Add(-380*day))
	policy := RetentionPolicy{UnseenPeople: 365 * day, Heard: 48 * time.Hour}
	retain := func(want RetentionReport) {
		t.Helper()
		if r, err := s.Retain(ctx, policy); err != nil || r != want {
			t.Errorf("%+v, %v, want %+v", r, err, want)
		}
	}
	// Switched on after a year in a cupboard: it has yet to hear of anybody.
	retain(RetentionReport{Unheard: true})
	must(t, s.HeardAll(ctx))
	clock.Advance(47 * time.Hour)
	retain(RetentionReport{People: 2})
	if people, err := s.People(ctx); err != nil || len(people) != 1 || people[0].ID != storetest.Person(1).ID {
		t.Errorf("left: %+v, %v", people, err)
	}
	clock.Advance(360 * day)
	retain(RetentionReport{Unheard: true})
	must(t, s.HeardAll(ctx))
	must(t, s.HeardAll(ctx))
	// Begun anew, as after an upgrade, it is under a centre all the same.
	must(t, s.KnowKinds(ctx, []string{"person", "tomorrow"}))
	if c, err := s.SyncCursor(ctx); err != nil || c != "" {
		t.Errorf("cursor %q, %v", c, err)
	}
	_, err := s.ApplyPage(ctx, domain.CentrePage{Cursor: "1", Changes: []domain.CentreChange{{Person: remote(7)}}})
	must(t, err)
	must(t, s.KnowKinds(ctx, []string{"person", "tomorrow", "after"}))
	clock.Advance(400 * day)
	must(t, s.HeardAll(ctx))
	retain(RetentionReport{People: 1}) // person 1, and not who came from the centre
}

// A kiosk of schema 11 reads everything anew, once: what it had it keeps, what it
// passed over it takes, and nothing is told that the centre said.
func TestUpgradeReadsAnew(t *testing.T) {
	dir := fixture(t, "testdata/schema11.sql")
	s := openTest(t, dir, domaintest.NewClock(storetest.Start.Add(time.Hour)))
	ctx := t.Context()
	if c, err := s.SyncCursor(ctx); err != nil || c != "e.7" {
		t.Fatalf("cursor %q, %v", c, err)
	}
	// Under a centre already: who came from it is nobody's to erase.
	r, err := s.Retain(ctx, RetentionPolicy{UnseenPeople: time.Minute})
	if must(t, err); r.People != 2 {
		t.Errorf("%+v", r)
	}
	s.Close()
	s = openTest(t, fixture(t, "testdata/schema11.sql"), domaintest.NewClock(storetest.Start))
	before := waiting(t, s)
	kinds := []string{"person", "badge", "consent", "badge_key", "seen"}
	must(t, s.KnowKinds(ctx, kinds))
	if c, err := s.SyncCursor(ctx); err != nil || c != "" {
		t.Fatalf("cursor %q, %v", c, err)
	}
	must(t, s.TellBadgeKeys(ctx, []domain.BadgeKey{badgeKey(1)}))
	badge, key := storetest.Badge(5, 0), badgeKey(9)
	done, err := s.ApplyPage(ctx, domain.CentrePage{Cursor: "e.9", Changes: []domain.CentreChange{
		{Consent: remoteConsent(5)}, {Person: remote(5)}, {Badge: &badge}, {BadgeKey: &key}, {Consent: remoteConsent(1)},
		{Seen: &domain.RemoteSeen{Person: storetest.Person(5).ID, Until: storetest.Start}},
		{Consent: remoteConsent(2)}, // taken back here meanwhile
		{Consent: remoteConsent(3)}, // erased here
	}})
	if must(t, err); done.People != 1 || done.Consents != 3 || done.BadgeKeys != 1 || done.Seen != 1 || len(done.Skipped) != 1 {
		t.Errorf("%+v", done)
	}
	p, err := s.Profile(ctx, storetest.Person(5).ID)
	if must(t, err); len(p.Consents) != 1 || !p.Consents[0].Allows(domain.PurposeFace) || len(p.Badges) != 1 || !p.HasFace || p.Document != remote(5).Document {
		t.Errorf("%+v", p)
	}
	if p, err := s.Profile(ctx, storetest.Person(2).ID); err != nil || p.HasFace || p.Consents[0].Allows(domain.PurposeFace) {
		t.Errorf("%+v, %v", p, err)
	}
	if w := waiting(t, s); w != before {
		t.Errorf("waiting %+v, was %+v", w, before)
	}
	if list := due(t, s, domain.LaneKeys); len(list) != 1 {
		t.Errorf("keys to tell: %+v", list)
	}
	// Once: the same kinds, or fewer, begin nothing anew; what was fewer for a while does.
	for _, tt := range []struct {
		kinds []string
		want  string
	}{{kinds, "e.9"}, {kinds[:4], "e.9"}, {kinds, ""}} {
		must(t, s.KnowKinds(ctx, tt.kinds))
		if c, err := s.SyncCursor(ctx); err != nil || c != tt.want {
			t.Errorf("%v: cursor %q, %v", tt.kinds, c, err)
		}
	}
	if h, err := s.Check(ctx); err != nil || len(h.Problems) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}
