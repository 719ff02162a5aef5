package badge

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"agentid/app/domain"
)

// Skew is how far clocks of two kiosks may differ.
const Skew = domain.BadgeSkew

// MaxKeys bounds a keyring.
const MaxKeys = 1 << 16

// Token is a badge as its issuer signed it. RevokedAt and Revoked are not in
// the token: the store knows them.
type Token struct {
	Issuer KeyID
	Badge  domain.Badge
	// Before is when the issuer's kiosk was revoked, zero for one that was not: a
	// badge holds only if it is known to have been issued before. What the token
	// says of that proves nothing, for who has the key writes what they like.
	Before time.Time
}

// Receipt is the receipt of a consent as its issuer signed it.
type Receipt struct {
	Issuer  KeyID
	Person  domain.PersonID
	Consent string
	At      time.Time
	// Hash is ConsentHash of the consent.
	Hash [32]byte
	// Before is as of a Token: only a consent known to be from before counts.
	Before time.Time
}

// StaffToken is a badge of staff as its issuer signed it. Whether it was revoked,
// and whether the account stands, the store knows.
type StaffToken struct {
	Issuer KeyID
	Badge  domain.StaffBadge
}

// Keyring verifies tokens of the issuers that it trusts. It never changes:
// whoever learns of another key makes a new one. Safe for concurrent use.
type Keyring struct {
	clock domain.Clock
	keys  map[KeyID]trusted
}

// trusted is a key with how far it is.
type trusted struct {
	public ed25519.PublicKey
	before time.Time // zero: without a limit
}

// NewKeyring trusts the given keys; the same key may be there twice.
func NewKeyring(clock domain.Clock, keys ...ed25519.PublicKey) (*Keyring, error) {
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%w: %d keys, at most %d", ErrInvalid, len(keys), MaxKeys)
	}
	k := &Keyring{clock: clock, keys: make(map[KeyID]trusted, len(keys))}
	for _, pub := range keys {
		if len(pub) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: public key of %d bytes, want %d", ErrInvalid, len(pub), ed25519.PublicKeySize)
		}
		id := KeyIDOf(pub)
		if other, ok := k.keys[id]; ok && !other.public.Equal(pub) {
			return nil, fmt.Errorf("%w: two keys have the id %v", ErrInvalid, id)
		}
		k.keys[id] = trusted{public: slices.Clone(pub)}
	}
	return k, nil
}

// With is a keyring that trusts the keys of other kiosks, too, each as far as it
// says. A key whose id one has here is passed over: whoever makes a second key of
// an id, which can be done, puts no other out of use and takes no limit away.
// passed counts those, and what is no key.
func (k *Keyring) With(keys ...domain.BadgeKey) (ring *Keyring, passed int) {
	ring = &Keyring{clock: k.clock, keys: maps.Clone(k.keys)}
	for _, other := range keys {
		id := KeyIDOf(other.Public)
		_, taken := ring.keys[id]
		if taken || len(other.Public) != ed25519.PublicKeySize || len(ring.keys) >= MaxKeys || !other.DroppedAt.IsZero() {
			passed++
			continue
		}
		ring.keys[id] = trusted{slices.Clone(other.Public), other.RevokedAt}
	}
	return ring, passed
}

// Len is how many keys are trusted.
func (k *Keyring) Len() int { return len(k.keys) }

// Badge verifies a badge's token. With ErrNotYetValid and ErrExpired the token
// is returned beside the error, as its signature holds; with ErrMalformed,
// ErrVersion, ErrKind, ErrUnknownIssuer and ErrForged it is empty.
func (k *Keyring) Badge(text string) (Token, error) {
	r, err := k.verify(text, KindBadge)
	if err != nil {
		return Token{}, err
	}
	f := r.fields
	t := Token{Issuer: r.issuer, Before: k.keys[r.issuer].before, Badge: domain.Badge{
		Person:    domain.PersonID(text16(f[:16])),
		ID:        domain.BadgeID(text16(f[16:32])),
		NotBefore: timeOf(f[32:36]),
		Expires:   timeOf(f[36:40]),
		Templates: int64(binary.BigEndian.Uint32(f[40:44])),
	}}
	b := t.Badge
	if b.Person == "" || b.ID == "" || !b.NotBefore.Before(b.Expires) {
		return Token{}, fmt.Errorf("%w: signed, but of no badge", ErrMalformed)
	}
	return t, k.timely(b.NotBefore, b.Expires)
}

// Staff verifies the token of a badge of staff; the errors are those of Badge.
func (k *Keyring) Staff(text string) (StaffToken, error) {
	r, err := k.verify(text, KindStaff)
	if err != nil {
		return StaffToken{}, err
	}
	f := r.fields
	t := StaffToken{Issuer: r.issuer, Badge: domain.StaffBadge{
		Staff:     domain.StaffID(text16(f[:16])),
		ID:        domain.BadgeID(text16(f[16:32])),
		NotBefore: timeOf(f[32:36]),
		Expires:   timeOf(f[36:40]),
	}}
	b := t.Badge
	if b.Staff == "" || b.ID == "" || !b.NotBefore.Before(b.Expires) {
		return StaffToken{}, fmt.Errorf("%w: signed, but of no badge", ErrMalformed)
	}
	return t, k.timely(b.NotBefore, b.Expires)
}

// timely tells whether now is within a badge's time.
func (k *Keyring) timely(from, to time.Time) error {
	switch now := k.clock.Now(); {
	case now.Before(from.Add(-Skew)):
		return fmt.Errorf("%w: from %s", ErrNotYetValid, from.Format(time.RFC3339))
	case !now.Before(to.Add(Skew)):
		return fmt.Errorf("%w: on %s", ErrExpired, to.Format(time.RFC3339))
	}
	return nil
}

// Receipt verifies the token of a consent's receipt. A receipt never expires:
// a consent can be withdrawn for as long as it stands.
func (k *Keyring) Receipt(text string) (Receipt, error) {
	r, err := k.verify(text, KindReceipt)
	if err != nil {
		return Receipt{}, err
	}
	f := r.fields
	c := Receipt{
		Issuer:  r.issuer,
		Person:  domain.PersonID(text16(f[:16])),
		Consent: text16(f[16:32]),
		At:      timeOf(f[32:36]),
		Hash:    [32]byte(f[36:68]),
		Before:  k.keys[r.issuer].before,
	}
	if c.Person == "" || c.Consent == "" {
		return Receipt{}, fmt.Errorf("%w: signed, but of no consent", ErrMalformed)
	}
	return c, nil
}

func (k *Keyring) verify(text string, want Kind) (raw, error) {
	r, err := parse(text)
	if err != nil {
		return raw{}, err
	}
	if r.kind != want {
		return raw{}, ErrKind
	}
	key, ok := k.keys[r.issuer]
	if !ok {
		return raw{}, fmt.Errorf("%w %v", ErrUnknownIssuer, r.issuer)
	}
	// Verify takes one form of a signature only (S below the group's order, R
	// compared as bytes), so that no second token says the same.
	if !ed25519.Verify(key.public, message(r.kind, r.signed), r.sig) {
		return raw{}, fmt.Errorf("%w of issuer %v", ErrForged, r.issuer)
	}
	return r, nil
}
