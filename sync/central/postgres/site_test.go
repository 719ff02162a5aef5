package postgres

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// badgeKeyOf is a key of a kiosk that has seen its nth, as its v-th state.
func badgeKeyOf(t testing.TB, k Kiosk, n byte, v int64, change func(*protocol.BadgeKey)) protocol.Item {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	b := &protocol.BadgeKey{ID: domain.BadgeKeyIDOf(public), DeviceID: k.Device, PublicKey: public, Version: v,
		Proof: ed25519.Sign(key, domain.BadgeKeyProof(k.Device, public))}
	if change != nil {
		change(b)
	}
	return item(t, protocol.KindBadgeKey, protocol.DerivedID(protocol.KindBadgeKey, string(b.ID), v), b)
}

func keyID(n byte) string {
	return string(domain.BadgeKeyIDOf(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)).Public().(ed25519.PublicKey)))
}

// told is the newest change of a kind and ref that a kiosk hears, from the beginning.
func told(t testing.TB, db *DB, k Kiosk, kind protocol.ChangeKind, ref string) (protocol.Change, any) {
	t.Helper()
	page, err := db.Changes(context.Background(), k, "", protocol.MaxChanges)
	must(t, err)
	i := slices.IndexFunc(page.Changes, func(c protocol.Change) bool { return c.Kind == kind && c.Ref == ref })
	if i < 0 {
		return protocol.Change{}, nil
	}
	v, err := protocol.DecodeChange(page.Changes[i])
	must(t, err)
	return page.Changes[i], v
}

func trustedKey(t testing.TB, db *DB, k Kiosk, n byte) *protocol.TrustedKey {
	t.Helper()
	_, v := told(t, db, k, protocol.ChangeBadgeKey, keyID(n))
	key, _ := v.(*protocol.TrustedKey)
	return key
}

func retired(at time.Time) func(*protocol.BadgeKey) {
	return func(b *protocol.BadgeKey) { b.RetiredAt, b.Proof = at, nil }
}

// A kiosk's badge keys reach its site, and no other.
func TestBadgeKeys(t *testing.T) {
	db, clock := newDB(t)
	a, b, far := enrol(t, db, "norte"), enrol(t, db, "norte"), enrol(t, db, "sur")
	first := badgeKeyOf(t, a, 1, 1, nil)
	if got := said(send(t, db, a, first)) + said(send(t, db, a, first)); got != " stored duplicate" {
		t.Error(got)
	}
	if k := trustedKey(t, db, b, 1); k == nil || k.DeviceID != a.Device || len(k.PublicKey) != 32 || !k.RetiredAt.IsZero() || !k.RevokedAt.IsZero() {
		t.Errorf("%+v", k)
	}
	if k := trustedKey(t, db, far, 1); k != nil {
		t.Errorf("another site hears of %+v", k)
	}
	// Rotated: the old one is retired, the new one signs. An older state that comes
	// late changes nothing.
	at := clock.Now()
	late := badgeKeyOf(t, a, 1, 2, nil)
	if got := said(send(t, db, a, badgeKeyOf(t, a, 1, 3, retired(at)), badgeKeyOf(t, a, 2, 3, nil), late)); got != " stored stored stored" {
		t.Error(got)
	}
	if k := trustedKey(t, db, b, 1); k == nil || !k.RetiredAt.Equal(at) {
		t.Errorf("retired: %+v", k)
	}
	// Its kiosk trusts it no more: gone.
	send(t, db, a, badgeKeyOf(t, a, 1, 4, func(b *protocol.BadgeKey) { b.RetiredAt, b.DroppedAt, b.Proof = at, at, nil }))
	if c, _ := told(t, db, b, protocol.ChangeBadgeKey, keyID(1)); !c.Gone {
		t.Errorf("dropped: %+v", c)
	}
	if k := trustedKey(t, db, b, 2); k == nil {
		t.Error("the new key went, too")
	}
	for name, bad := range map[string]protocol.Item{
		"of another kiosk": badgeKeyOf(t, b, 3, 1, nil),
		"without proof":    {Kind: protocol.KindBadgeKey, ID: uuid.NewString(), Body: bytes.Replace(badgeKeyOf(t, a, 3, 1, nil).Body, []byte(`"proof"`), []byte(`"prove"`), 1)},
	} {
		if got := send(t, db, a, bad); got[0].Status != protocol.StatusRejected {
			t.Errorf("%s: %s", name, said(got))
		}
	}
}

// Nobody has another kiosk's key trusted less by calling it their own; who holds it
// too may say so.
func TestBadgeKeysOfOthers(t *testing.T) {
	db, clock := newDB(t)
	a, thief, copied := enrol(t, db, "norte"), enrol(t, db, "norte"), enrol(t, db, "norte")
	send(t, db, a, badgeKeyOf(t, a, 1, 1, nil))
	// Without a proof: called retired, called dropped, and revoked with it.
	send(t, db, thief, badgeKeyOf(t, thief, 1, 7, retired(clock.Now())))
	send(t, db, thief, badgeKeyOf(t, thief, 1, 8, func(b *protocol.BadgeKey) { b.DroppedAt, b.Proof = clock.Now(), nil }))
	must(t, db.RevokeKiosk(t.Context(), thief.Device, "thief"))
	if k := trustedKey(t, db, a, 1); k == nil || k.DeviceID != a.Device || !k.RetiredAt.IsZero() || !k.RevokedAt.IsZero() {
		t.Errorf("%+v", k)
	}
	// A key of the same id, which can be made, is no other's.
	_, err := db.pool.Exec(t.Context(), "UPDATE badge_keys SET public = '\\x00' || substr(public, 2) WHERE id = $1", keyID(1))
	must(t, err)
	if got := said(send(t, db, copied, badgeKeyOf(t, copied, 1, 1, nil))); got != " rejected:invalid_body" {
		t.Error(got)
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms WHERE kind = 'badge_key_id'"); n != 1 {
		t.Errorf("%d alarms", n)
	}
}

// Nor by being the first to call it theirs: who proves to hold it has it as their
// own, and of a key that nobody can prove any more that counts which trusts it most.
func TestBadgeKeysThiefFirst(t *testing.T) {
	db, clock := newDB(t)
	a, thief := enrol(t, db, "norte"), enrol(t, db, "norte")
	dropped := func(b *protocol.BadgeKey) { b.DroppedAt, b.Proof = clock.Now(), nil }
	old, at := clock.Now().AddDate(-1, 0, 0), clock.Now()
	// 1 signs, 2 and 3 are retired; of 4 another key is said to have the id.
	send(t, db, thief, badgeKeyOf(t, thief, 1, 1, retired(old)), badgeKeyOf(t, thief, 2, 1, dropped), badgeKeyOf(t, thief, 3, 1, retired(at.AddDate(1, 0, 0))),
		badgeKeyOf(t, thief, 4, 1, retired(old)))
	_, err := db.pool.Exec(t.Context(), "UPDATE badge_keys SET public = '\\x00' || substr(public, 2) WHERE id = $1", keyID(4))
	must(t, err)
	must(t, db.RevokeKiosk(t.Context(), thief.Device, "thief"))
	clock.Advance(time.Hour)
	got := said(send(t, db, a, badgeKeyOf(t, a, 1, 1, nil), badgeKeyOf(t, a, 2, 1, retired(at)), badgeKeyOf(t, a, 3, 1, retired(at)), badgeKeyOf(t, a, 4, 1, nil)))
	if got != " stored stored stored stored" {
		t.Fatal(got)
	}
	// What was on its way when the thief was revoked, and what is said of a key that
	// is another's by now.
	send(t, db, thief, badgeKeyOf(t, thief, 1, 2, dropped), badgeKeyOf(t, thief, 3, 2, dropped))
	for n := byte(1); n <= 4; n++ {
		k := trustedKey(t, db, a, n)
		if k == nil || k.DeviceID != a.Device || !k.RevokedAt.IsZero() || k.RetiredAt.IsZero() != (n == 1 || n == 4) || n == 2 && !k.RetiredAt.Equal(at) {
			t.Errorf("key %d: %+v", n, k)
		}
	}
	// Its own word still counts: gone, though the thief has said of it that it is there.
	send(t, db, a, badgeKeyOf(t, a, 1, 2, dropped))
	if k := trustedKey(t, db, a, 1); k != nil {
		t.Errorf("dropped by its kiosk: %+v", k)
	}
	if n := one[int](t, db, "SELECT count(*) FROM alarms"); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

// A revoked kiosk's keys say when; it stays so for whoever holds a copy, until that
// kiosk is enrolled anew.
func TestRevokedBadgeKeys(t *testing.T) {
	db, clock := newDB(t)
	a, b := enrol(t, db, "norte"), enrol(t, db, "norte")
	send(t, db, a, badgeKeyOf(t, a, 1, 1, nil), badgeKeyOf(t, a, 2, 1, retired(clock.Now())))
	page, err := db.Changes(t.Context(), b, "", 10)
	must(t, err)
	clock.Advance(time.Hour)
	at := clock.Now()
	must(t, db.RevokeKiosk(t.Context(), a.Device, "stolen"))
	if next, err := db.Changes(t.Context(), b, page.Cursor, 10); err != nil || len(next.Changes) != 2 {
		t.Errorf("nobody hears of it: %+v, %v", next, err)
	}
	for n := byte(1); n <= 2; n++ {
		if k := trustedKey(t, db, b, n); k == nil || !k.RevokedAt.Equal(at) {
			t.Errorf("key %d: %+v", n, k)
		}
	}
	// Again, later, it is the first that counts. Told of in what was under way, too.
	clock.Advance(time.Hour)
	must(t, db.RevokeKiosk(t.Context(), a.Device, "stolen"))
	send(t, db, a, badgeKeyOf(t, a, 3, 1, nil))
	for n := byte(1); n <= 3; n += 2 {
		if k := trustedKey(t, db, b, n); k == nil || !k.RevokedAt.Equal(at) {
			t.Errorf("key %d: %+v, want %s", n, k, at)
		}
	}
	// Another machine with its keys, as from a backup.
	spare := enrol(t, db, "norte")
	send(t, db, spare, badgeKeyOf(t, spare, 1, 1, nil))
	if k := trustedKey(t, db, b, 1); k == nil || k.DeviceID != spare.Device || !k.RevokedAt.Equal(at) {
		t.Errorf("in other hands: %+v", k)
	}
	// An administrator's code brings the kiosk back, and its keys with it.
	code, _, err := db.NewCode(t.Context(), "norte", "centro", "ana")
	must(t, err)
	r, _ := request(t, code, a.Device)
	_, err = db.Enrol(t.Context(), r)
	must(t, err)
	for n := byte(1); n <= 3; n++ {
		if k := trustedKey(t, db, b, n); k == nil || !k.RevokedAt.IsZero() {
			t.Errorf("back, key %d: %+v", n, k)
		}
	}
	// In another site now, it signs for this one no more.
	if code, _, err = db.NewCode(t.Context(), "sur", "centro", "ana"); err != nil {
		t.Fatal(err)
	}
	must(t, db.RevokeKiosk(t.Context(), a.Device, "moves"))
	r, _ = request(t, code, a.Device)
	_, err = db.Enrol(t.Context(), r)
	must(t, err)
	if k := trustedKey(t, db, b, 2); k == nil || k.RevokedAt.IsZero() {
		t.Errorf("moved: %+v", k)
	}
}

// Revoked while a batch with its keys is under way: no key is left unlimited.
func TestRevokeBesideBadgeKeys(t *testing.T) {
	db, _ := newDB(t)
	for range 8 {
		a := enrol(t, db, "norte")
		var wg sync.WaitGroup
		wg.Go(func() { send(t, db, a, badgeKeyOf(t, a, a.Device[0], 1, nil)) })
		wg.Go(func() {
			if err := db.RevokeKiosk(context.Background(), a.Device, "now"); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if n := one[int](t, db, "SELECT count(*) FROM badge_keys WHERE device = $1 AND revoked_at IS NULL", a.Device); n != 0 {
			t.Fatal("a key of a revoked kiosk is trusted")
		}
	}
}

// Consents come down as they stand: once for each thing that is new, merged.
func TestConsentsComeDown(t *testing.T) {
	db, clock := newDB(t)
	a, b, third, far := enrol(t, db, "norte"), enrol(t, db, "norte"), enrol(t, db, "norte"), enrol(t, db, "sur")
	given := domain.Consent{ID: idAt(start, 1), Person: personID(1), Version: "2026-1", TextSHA256: hashA, Lang: domain.English,
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: a.Device, At: start}
	state := func(withdrawn ...domain.Withdrawal) protocol.Item {
		c := given
		c.Withdrawn = withdrawn
		it, err := protocol.ConsentItem(c)
		must(t, err)
		return it
	}
	if got := said(send(t, db, a, state(), personOf(t, 1, 1, nil))); got != " stored stored" {
		t.Fatal(got)
	}
	first, v := told(t, db, b, protocol.ChangeConsent, given.ID)
	if c, ok := v.(*protocol.Consent); !ok || c.Lang != domain.English || c.TextSHA256 != hashA || c.DeviceID != a.Device || len(c.Withdrawn) != 0 {
		t.Fatalf("%+v", v)
	}
	if c, _ := told(t, db, far, protocol.ChangeConsent, given.ID); c.Seq != 0 {
		t.Errorf("another site hears of %+v", c)
	}
	// The same from another kiosk is no news.
	send(t, db, b, state())
	if c, _ := told(t, db, b, protocol.ChangeConsent, given.ID); c.Seq != first.Seq {
		t.Errorf("told again as %d", c.Seq)
	}
	// Taken back at B: known at A, with the templates gone behind it; the state of
	// before, which comes late, changes nothing.
	face := domain.Withdrawal{Purpose: domain.PurposeFace, At: clock.Now()}
	send(t, db, b, state(face))
	send(t, db, a, state(domain.Withdrawal{Purpose: domain.PurposeFace, At: clock.Now().Add(time.Hour)}))
	c, v := told(t, db, a, protocol.ChangeConsent, given.ID)
	if got := v.(*protocol.Consent); got.Allows(domain.PurposeFace) || len(got.Withdrawn) != 1 || !got.Withdrawn[0].At.Equal(face.At) {
		t.Errorf("%+v", got)
	}
	p, v := told(t, db, a, protocol.ChangePerson, string(given.Person))
	if len(v.(*protocol.Person).Templates) != 0 || p.Seq < c.Seq {
		t.Errorf("%+v", v)
	}
	// The other purpose, by a kiosk that has not heard of the first: both.
	send(t, db, third, state(domain.Withdrawal{Purpose: domain.PurposeData, At: clock.Now()}))
	if _, v := told(t, db, a, protocol.ChangeConsent, given.ID); len(v.(*protocol.Consent).Withdrawn) != 2 {
		t.Errorf("%+v", v)
	}
	// Erased, nothing of it is left to hear.
	send(t, db, a, tombstoneOf(t, 1))
	if c, _ := told(t, db, b, protocol.ChangeConsent, given.ID); !c.Gone {
		t.Errorf("%+v", c)
	}
}

// seenDay is the day that a kiosk hears of somebody, and in which change.
func seenDay(t testing.TB, db *DB, k Kiosk, n int) (string, uint64) {
	t.Helper()
	c, v := told(t, db, k, protocol.ChangeSeen, string(personID(n)))
	if s, ok := v.(*protocol.Seen); ok {
		return s.Day, c.Seq
	}
	return "", c.Seq
}

// When somebody was last seen is told by the day, once for each.
func TestLastSeen(t *testing.T) {
	db, clock := newDB(t)
	a, b := enrol(t, db, "norte"), enrol(t, db, "norte")
	for n := 1; n <= 4; n++ {
		send(t, db, a, consentOf(t, a, n, domain.PurposeData, domain.PurposeFace), personOf(t, n, 1, nil))
	}
	seq := 0
	meet := func(k Kiosk, n int, change func(*domain.Event)) protocol.Item {
		seq++
		return event(t, k, seq, func(e *domain.Event) {
			e.Person, e.Reason, e.At = personID(n), domain.ReasonRecognised, clock.Now()
			if change != nil {
				change(e)
			}
		})
	}
	wrong := meet(a, 3, nil)
	send(t, db, a,
		meet(a, 1, nil), meet(a, 1, nil),
		meet(a, 2, func(e *domain.Event) { e.Reason = domain.ReasonWrongPIN }), // had their badge, says nothing
		wrong, meet(a, 3, func(e *domain.Event) {
			e.Kind, e.Reason, e.About = domain.EventCorrection, domain.ReasonNotMe, domain.EventID(wrong.ID)
		}),
		meet(a, 4, func(e *domain.Event) { e.At = start.AddDate(0, 0, -3) }), // told late, by one that was offline
		meet(a, 9, nil), // of nobody here
	)
	look := func(want int) {
		t.Helper()
		if n, err := db.Look(t.Context()); err != nil || n != want {
			t.Errorf("told of %d, %v, want %d", n, err, want)
		}
	}
	clock.Advance(time.Minute)
	look(2)
	day, at := seenDay(t, db, b, 1)
	if day != "2026-11-21" {
		t.Errorf("seen on %q", day)
	}
	for n, want := range map[int]string{2: "", 3: "", 4: "2026-11-18", 9: ""} {
		if day, _ := seenDay(t, db, b, n); day != want {
			t.Errorf("person %d seen on %q, want %q", n, day, want)
		}
	}
	// Again the same day, at the other kiosk: nothing to tell. Nor of an earlier day.
	send(t, db, b, meet(b, 1, nil), meet(b, 1, func(e *domain.Event) { e.At = start.AddDate(0, -1, 0) }))
	clock.Advance(time.Minute)
	look(0)
	// The next day, by a clock that is a year ahead: the centre's day.
	clock.Advance(24 * time.Hour)
	now := clock.Now()
	batch := protocol.Batch{ID: uuid.NewString(), DeviceID: b.Device, SentAt: now.AddDate(1, 0, 0), Items: []protocol.Item{
		meet(b, 1, func(e *domain.Event) { e.At = now.AddDate(1, 0, 0) })}}
	if _, err := db.Ingest(t.Context(), b, batch); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	look(1)
	if day, next := seenDay(t, db, a, 1); day != "2026-11-22" || next <= at {
		t.Errorf("seen on %q, change %d after %d", day, next, at)
	}
	// Erased: it is not known any more, nor told.
	send(t, db, a, tombstoneOf(t, 1))
	if day, seq := seenDay(t, db, b, 1); day != "" || seq != 0 || one[int](t, db, "SELECT count(*) FROM seen WHERE person = $1", string(personID(1))) != 0 {
		t.Errorf("still %q, change %d", day, seq)
	}
	send(t, db, b, meet(b, 1, nil))
	clock.Advance(time.Minute)
	look(0)
}

// Many people at once are told of in turns, and what arrived long ago is found by a
// centre that had not looked yet.
func TestLastSeenOfMany(t *testing.T) {
	db, clock := newDB(t)
	a := enrol(t, db, "norte")
	const n = 2*seenChunk + 7
	_, err := db.pool.Exec(t.Context(), `INSERT INTO people (id, site, version, created_at, updated_at, device, key_id, fields, second_factor)
		SELECT format('019aa5c1-aa80-7000-8000-%s', lpad(to_hex(i), 12, '0'))::uuid, 'norte', 1, $1, $1, $2, 'k', '{}', false FROM generate_series(1, $3) i`, start, a.Device, n)
	must(t, err)
	for from := 1; from <= n; from += protocol.MaxItems {
		var items []protocol.Item
		for i := from; i < min(from+protocol.MaxItems, n+1); i++ {
			items = append(items, event(t, a, i, func(e *domain.Event) {
				e.Person, e.Reason = domain.PersonID(uuid.MustParse("019aa5c1-aa80-7000-8000-000000000000").String()[:24]+hex12(i)), domain.ReasonValidatedFace
			}))
		}
		send(t, db, a, items...)
	}
	clock.Advance(40 * 24 * time.Hour)
	got, err := db.Look(t.Context())
	if err != nil || got != n {
		t.Fatalf("told of %d, %v", got, err)
	}
	seen, cursor := 0, ""
	for more := true; more; {
		page, err := db.Changes(t.Context(), a, cursor, protocol.MaxChanges)
		must(t, err)
		for _, c := range page.Changes {
			if _, err := protocol.DecodeChange(c); err != nil || c.Kind != protocol.ChangeSeen {
				t.Fatalf("%+v, %v", c, err)
			}
			seen++
		}
		cursor, more = page.Cursor, page.More
	}
	if seen != n {
		t.Errorf("%d of %d are heard", seen, n)
	}
}

// hex12 is a number as the end of a UUID.
func hex12(n int) string {
	const digits = "0123456789abcdef"
	b := bytes.Repeat([]byte{'0'}, 12)
	for i := 11; n > 0; i, n = i-1, n/16 {
		b[i] = digits[n%16]
	}
	return string(b)
}
