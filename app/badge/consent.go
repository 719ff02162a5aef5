package badge

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"slices"
	"time"

	"agentid/app/domain"
)

// ConsentHash is what a receipt says of a consent: its text's version and
// hash, language, purposes granted and refused, method, kiosk and time. The
// withdrawal is not in it, so that a receipt stays true.
func ConsentHash(c domain.Consent) [32]byte {
	h := sha256.New()
	part(h, "agentid consent 1")
	part(h, c.ID)
	part(h, string(c.Person))
	part(h, c.Version)
	part(h, c.TextSHA256)
	part(h, string(c.Lang))
	purposes(h, c.Granted)
	purposes(h, c.Refused)
	part(h, c.Method)
	part(h, c.DeviceID)
	part(h, c.At.UTC().Truncate(time.Second).Format(time.RFC3339))
	return [32]byte(h.Sum(nil))
}

// Of tells whether the receipt is that of this consent, in constant time.
func (r Receipt) Of(c domain.Consent) bool {
	want := ConsentHash(c)
	return subtle.ConstantTimeCompare(r.Hash[:], want[:]) == 1
}

// part writes a text with its length before it, so that no two lists of texts
// are the same bytes.
func part(h hash.Hash, s string) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
	h.Write([]byte(s))
}

// purposes writes a set: the order in which they were asked says nothing.
func purposes(h hash.Hash, ps []domain.Purpose) {
	ps = slices.Sorted(slices.Values(ps))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(ps))))
	for _, p := range ps {
		part(h, string(p))
	}
}
