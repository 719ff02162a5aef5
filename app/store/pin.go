package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// defaultPINCost is the second recommended option of RFC 9106, section 4 (64
// MiB, 3 passes, 4 lanes, 128-bit salt, 256-bit hash), above each of OWASP's
// minimal configurations. Each record says its own cost, so that it may change.
//
// A PIN has 20 bits: no hash alone keeps it from who can try a million. So it
// is mixed with a pepper first and its hash is sealed under the person's key,
// and both open with the master key only. argon2id is what stands once that is
// stolen as well.
func defaultPINCost() pinCost { return pinCost{memory: 64 << 10, passes: 3, lanes: 4} }

// pinSlots is how many PINs are hashed at once: it bounds the memory, however
// many are checked.
const pinSlots = 2

const (
	pinFormatV1 = 1
	pinSaltSize = 16
	pinSumSize  = 32
	pinSize     = 1 + 4 + 4 + 1 + pinSaltSize + pinSumSize

	// Caps on the cost that a record may ask for.
	maxPINMemory = 1 << 20 // KiB
	maxPINPasses = 64
)

// pinCost is what a hash costs: KiB, passes over them, and lanes.
type pinCost struct {
	memory, passes uint32
	lanes          uint8
}

// pinRecord is a hashed PIN.
type pinRecord struct {
	cost pinCost
	salt [pinSaltSize]byte
	sum  [pinSumSize]byte
}

func (r pinRecord) encode() []byte {
	b := make([]byte, 0, pinSize)
	b = append(b, pinFormatV1)
	b = binary.LittleEndian.AppendUint32(b, r.cost.memory)
	b = binary.LittleEndian.AppendUint32(b, r.cost.passes)
	b = append(b, r.cost.lanes)
	b = append(b, r.salt[:]...)
	return append(b, r.sum[:]...)
}

// decodePIN reads what encode wrote, and no cost beyond the caps.
func decodePIN(b []byte) (r pinRecord, err error) {
	if len(b) != pinSize || b[0] != pinFormatV1 {
		return pinRecord{}, fmt.Errorf("%w: pin of %d bytes", ErrCorrupt, len(b))
	}
	c := pinCost{memory: binary.LittleEndian.Uint32(b[1:]), passes: binary.LittleEndian.Uint32(b[5:]), lanes: b[9]}
	// argon2 takes 8 KiB a lane at least.
	if c.lanes == 0 || c.memory < 8*uint32(c.lanes) || c.memory > maxPINMemory || c.passes == 0 || c.passes > maxPINPasses {
		return pinRecord{}, fmt.Errorf("%w: pin of cost %+v", ErrCorrupt, c)
	}
	r.cost = c
	copy(r.salt[:], b[10:])
	copy(r.sum[:], b[10+pinSaltSize:])
	return r, nil
}

// pinHasher hashes PINs, a few at a time.
type pinHasher struct {
	cost  pinCost
	slots chan struct{}
}

func newPINHasher() pinHasher {
	return pinHasher{cost: defaultPINCost(), slots: make(chan struct{}, pinSlots)}
}

// enter waits for a slot; leave gives it back.
func (h pinHasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h pinHasher) leave() { <-h.slots }

// hash makes the record of a new PIN. The caller is in a slot, as for matches.
func (h pinHasher) hash(pepper []byte, of, pin string) pinRecord {
	r := pinRecord{cost: h.cost}
	rand.Read(r.salt[:])
	r.sum = r.mix(pepper, of, pin)
	return r
}

// matches compares in constant time.
func (r pinRecord) matches(pepper []byte, of, pin string) bool {
	sum := r.mix(pepper, of, pin)
	return subtle.ConstantTimeCompare(sum[:], r.sum[:]) == 1
}

// mix binds a PIN to whose it is: two of one PIN have nothing in common.
func (r pinRecord) mix(pepper []byte, of, pin string) [pinSumSize]byte {
	m := hmac.New(sha256.New, pepper)
	m.Write(place{"pin", of, pin}.bytes())
	return [pinSumSize]byte(argon2.IDKey(m.Sum(nil), r.salt[:], r.cost.passes, r.cost.memory, r.cost.lanes, pinSumSize))
}
