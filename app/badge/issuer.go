package badge

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"agentid/app/domain"
)

const keyIDSize = 6

// KeyID names an issuer's key, as domain.BadgeKeyHash does.
type KeyID [keyIDSize]byte

func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// KeyIDOf names a public key.
func KeyIDOf(pub ed25519.PublicKey) KeyID { return domain.BadgeKeyHash(pub) }

// Issuer signs tokens. It prints as its key's id only.
type Issuer struct {
	key ed25519.PrivateKey
	id  KeyID
}

// NewIssuer takes a seed of 32 random bytes.
func NewIssuer(seed []byte) (*Issuer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: seed of %d bytes, want %d", ErrInvalid, len(seed), ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	return &Issuer{key: key, id: KeyIDOf(key.Public().(ed25519.PublicKey))}, nil
}

// ID names the issuer's key.
func (i *Issuer) ID() KeyID { return i.id }

// Public is the half of the key that others verify with.
func (i *Issuer) Public() ed25519.PublicKey { return i.key.Public().(ed25519.PublicKey) }

// Prove shows that this kiosk holds the key: see domain.BadgeKeyProof.
func (i *Issuer) Prove(deviceID string) []byte {
	return ed25519.Sign(i.key, domain.BadgeKeyProof(deviceID, i.Public()))
}

// Format keeps the key out of every log and error, whatever the verb.
func (i *Issuer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "issuer %v", i.id) }

// MarshalText keeps it out of JSON and slog as well.
func (i *Issuer) MarshalText() ([]byte, error) { return fmt.Append(nil, i), nil }

// Badge writes a badge's token. Times are cut to whole seconds. ErrInvalid for
// ids that are no canonical UUIDs and a badge that is never valid.
func (i *Issuer) Badge(b domain.Badge) (string, error) {
	head, err := badgeHead("person", string(b.Person), b.ID, b.NotBefore, b.Expires)
	if err != nil {
		return "", err
	}
	if b.Templates < 0 || b.Templates > math.MaxUint32 {
		return "", fmt.Errorf("%w: template version %d", ErrInvalid, b.Templates)
	}
	return write(KindBadge, i.key, i.id, func(dst []byte) []byte {
		return binary.BigEndian.AppendUint32(append(dst, head...), uint32(b.Templates))
	}), nil
}

// Staff writes the token of a badge of staff, as Badge does a visitor's.
func (i *Issuer) Staff(b domain.StaffBadge) (string, error) {
	head, err := badgeHead("account", string(b.Staff), b.ID, b.NotBefore, b.Expires)
	if err != nil {
		return "", err
	}
	return write(KindStaff, i.key, i.id, func(dst []byte) []byte { return append(dst, head...) }), nil
}

// badgeHead is what the token of any badge begins with: whose it is, which it
// is, and its time.
func badgeHead(what, owner string, badge domain.BadgeID, notBefore, expires time.Time) ([]byte, error) {
	whose, err := id16(what, owner)
	if err != nil {
		return nil, err
	}
	id, err := id16("badge", string(badge))
	if err != nil {
		return nil, err
	}
	from, to, err := span(notBefore, expires)
	if err != nil {
		return nil, err
	}
	head := append(append([]byte(nil), whose[:]...), id[:]...)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(head, from), to), nil
}

// span gives the time of a badge as the token holds it.
func span(notBefore, expires time.Time) (from, to uint32, err error) {
	if from, err = seconds("not before", notBefore); err != nil {
		return 0, 0, err
	}
	if to, err = seconds("expiry", expires); err != nil {
		return 0, 0, err
	}
	if to <= from {
		return 0, 0, fmt.Errorf("%w: expires %s, not valid before %s", ErrInvalid,
			expires.UTC().Format(time.RFC3339), notBefore.UTC().Format(time.RFC3339))
	}
	return from, to, nil
}

// Receipt writes the token of a consent's receipt.
func (i *Issuer) Receipt(c domain.Consent) (string, error) {
	person, err := id16("person", string(c.Person))
	if err != nil {
		return "", err
	}
	id, err := id16("consent", c.ID)
	if err != nil {
		return "", err
	}
	at, err := seconds("time of consent", c.At)
	if err != nil {
		return "", err
	}
	hash := ConsentHash(c)
	return write(KindReceipt, i.key, i.id, func(dst []byte) []byte {
		dst = append(append(dst, person[:]...), id[:]...)
		dst = binary.BigEndian.AppendUint32(dst, at)
		return append(dst, hash[:]...)
	}), nil
}
