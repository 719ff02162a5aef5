package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// BadgeSkew is how far clocks of two kiosks may differ: a badge holds this much
// before and after its time.
const BadgeSkew = 2 * time.Minute

// BadgeKeyID names a key that badges are verified with, as every badge names
// its own: the start of a hash of the public key, in hex.
type BadgeKeyID string

const badgeKeyIDBytes = 6

// BadgeKeyHash is what a badge holds of the key that signed it: 48 bits, of
// which two of 10,000 keys share one once in six million.
func BadgeKeyHash(public []byte) (id [badgeKeyIDBytes]byte) {
	h := sha256.New()
	io.WriteString(h, "agentid issuer\x00")
	h.Write(public)
	copy(id[:], h.Sum(nil))
	return id
}

// BadgeKeyIDOf names a public key.
func BadgeKeyIDOf(public []byte) BadgeKeyID {
	id := BadgeKeyHash(public)
	return BadgeKeyID(hex.EncodeToString(id[:]))
}

// BadgeKey is an Ed25519 key that badges of a kiosk are verified with.
type BadgeKey struct {
	ID       BadgeKeyID
	Public   []byte
	DeviceID string // of the kiosk whose it is
	// Version counts what its kiosk has said of it, from 1.
	Version int64
	// Proof is the key's own signature of BadgeKeyProof, of one that still signs.
	Proof []byte
	// RetiredAt: it signs no more. What it signed holds.
	RetiredAt time.Time
	// DroppedAt: its kiosk does not trust it any more.
	DroppedAt time.Time
	// RevokedAt: its kiosk was revoked then. What was issued before holds.
	RevokedAt time.Time
}

// BadgeKeyProof is what a key signs to show that a kiosk holds it: nobody can
// give out another kiosk's key as their own.
func BadgeKeyProof(deviceID string, public []byte) []byte {
	return fmt.Appendf(nil, "agentid badge key 1\n%s\n%x", deviceID, public)
}
