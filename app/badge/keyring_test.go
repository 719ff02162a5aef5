package badge

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
)

// A ring takes the keys of others as far as they are trusted, and no key takes
// another's place.
func TestKeyringWithOthers(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	issuer := func(n byte) *Issuer {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = n
		i, err := NewIssuer(seed)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	own, other, third := issuer(1), issuer(2), issuer(3)
	b := domain.Badge{ID: "01950000-0000-7000-8000-000000000001", Person: "01950000-0000-7000-8000-000000000002",
		NotBefore: clock.Now(), Expires: clock.Now().AddDate(1, 0, 0)}
	text := func(i *Issuer) string {
		s, err := i.Badge(b)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	base, err := NewKeyring(clock, own.Public())
	if err != nil {
		t.Fatal(err)
	}
	revoked := clock.Now().Add(time.Hour)
	ring, passed := base.With(
		domain.BadgeKey{Public: own.Public(), RevokedAt: revoked}, // nobody limits it for itself
		domain.BadgeKey{Public: other.Public(), RevokedAt: revoked},
		domain.BadgeKey{Public: other.Public()},
		domain.BadgeKey{Public: third.Public(), DroppedAt: revoked},
		domain.BadgeKey{Public: []byte("short")},
	)
	if passed != 4 || ring.Len() != 2 || base.Len() != 1 {
		t.Errorf("%d passed over, %d keys, %d before", passed, ring.Len(), base.Len())
	}
	for name, tt := range map[string]struct {
		by     *Issuer
		before time.Time
		err    error
	}{
		"own": {own, time.Time{}, nil}, "other": {other, revoked, nil}, "dropped": {third, time.Time{}, ErrUnknownIssuer},
	} {
		got, err := ring.Badge(text(tt.by))
		if !errors.Is(err, tt.err) || !got.Before.Equal(tt.before) || tt.err == nil && got.Badge.ID != b.ID {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	receipt, err := other.Receipt(domain.Consent{ID: string(b.ID), Person: b.Person, At: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ring.Receipt(receipt); err != nil || !got.Before.Equal(revoked) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := base.Badge(text(other)); !errors.Is(err, ErrUnknownIssuer) {
		t.Errorf("the ring of before has changed: %v", err)
	}
	if KeyIDOf(other.Public()).String() != string(domain.BadgeKeyIDOf(other.Public())) {
		t.Error("two names of one key")
	}
	if !ed25519.Verify(other.Public(), domain.BadgeKeyProof("kiosk", other.Public()), other.Prove("kiosk")) {
		t.Error("the proof does not hold")
	}
}
