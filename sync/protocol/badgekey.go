package protocol

import (
	"crypto/ed25519"
	"time"

	"agentid/app/domain"
)

// MaxBadgeKeys bounds the keys that one kiosk has told of.
const MaxBadgeKeys = 256

// BadgeKey is a key that badges of a kiosk are verified with, as the kiosk tells
// of it. The item's id is DerivedID(KindBadgeKey, id, version).
type BadgeKey struct {
	ID        domain.BadgeKeyID `json:"id"` // domain.BadgeKeyIDOf
	DeviceID  string            `json:"device_id"`
	PublicKey []byte            `json:"public_key"` // Ed25519
	Version   int64             `json:"version"`    // of what the kiosk says of it; grows
	// RetiredAt: it signs no more; what it signed holds. DroppedAt: its kiosk
	// does not trust it any more, nor is anybody to.
	RetiredAt time.Time `json:"retired_at,omitzero"`
	DroppedAt time.Time `json:"dropped_at,omitzero"`
	// Proof is the key's signature of domain.BadgeKeyProof. One that signs no
	// more may be without: its private half is gone.
	Proof []byte `json:"proof,omitempty"`
}

// BadgeKeyItem is the item of a key of this kiosk.
func BadgeKeyItem(k domain.BadgeKey) (Item, error) {
	return NewItem(KindBadgeKey, DerivedID(KindBadgeKey, string(k.ID), k.Version), &BadgeKey{
		ID: k.ID, DeviceID: k.DeviceID, PublicKey: k.Public, Version: k.Version, RetiredAt: k.RetiredAt, DroppedAt: k.DroppedAt, Proof: k.Proof,
	})
}

// Subject implements Body.
func (k *BadgeKey) Subject() domain.PersonID { return "" }

// Signs tells of a key that still signs.
func (k *BadgeKey) Signs() bool { return k.RetiredAt.IsZero() && k.DroppedAt.IsZero() }

// Check implements Body. A proof that is there holds.
func (k *BadgeKey) Check() error {
	if err := checkKey(k.ID, k.PublicKey, k.DeviceID, k.RetiredAt, k.DroppedAt); err != nil {
		return err
	}
	switch {
	case k.Version < 1 || k.Version >= maxExact:
		return contentf("badge key without version")
	case k.Signs() && len(k.Proof) == 0:
		return contentf("badge key that signs without a proof that it is the kiosk's")
	case len(k.Proof) > 0 && !ed25519.Verify(k.PublicKey, domain.BadgeKeyProof(k.DeviceID, k.PublicKey), k.Proof):
		return contentf("proof does not fit the badge key")
	}
	return nil
}

// TrustedKey is the body of a ChangeBadgeKey: a key that badges of a kiosk of the
// site are verified with.
type TrustedKey struct {
	ID        domain.BadgeKeyID `json:"id"`
	DeviceID  string            `json:"device_id"`
	PublicKey []byte            `json:"public_key"`
	RetiredAt time.Time         `json:"retired_at,omitzero"`
	// RevokedAt is when its kiosk was revoked. A badge that it signed holds if the
	// list of badges, not the badge itself, says that it was issued before.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Check holds a key to its form.
func (k *TrustedKey) Check() error {
	return checkKey(k.ID, k.PublicKey, k.DeviceID, k.RetiredAt, k.RevokedAt)
}

func checkKey(id domain.BadgeKeyID, public []byte, device string, moments ...time.Time) error {
	if len(public) != ed25519.PublicKeySize || id != domain.BadgeKeyIDOf(public) || !ValidID(device) {
		return contentf("no Ed25519 key, not of its id, or of no device")
	}
	for _, t := range moments {
		if !t.IsZero() && !validTime(t) {
			return contentf("badge key at no possible time")
		}
	}
	return nil
}
