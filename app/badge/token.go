package badge

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Kind is what a token is.
type Kind uint8

// The kinds of token.
const (
	KindNone    Kind = 0
	KindBadge   Kind = 1
	KindReceipt Kind = 2
	KindStaff   Kind = 3 // a badge of the branch's staff
)

const (
	prefix        = "AGID:"
	formatVersion = 1

	headSize    = 1 + keyIDSize
	badgeSize   = headSize + 16 + 16 + 4 + 4 + 4 // person, badge, not before, expiry, templates
	receiptSize = headSize + 16 + 16 + 4 + 32    // person, consent, time, hash
	staffSize   = headSize + 16 + 16 + 4 + 4     // account, badge, not before, expiry
)

// MaxToken is the longest token in characters. Longer text is refused unread.
var MaxToken = len(prefix) + len45(receiptSize+ed25519.SignatureSize)

// size of what is signed, 0 for kinds that do not exist.
func (k Kind) size() int {
	switch k {
	case KindBadge:
		return badgeSize
	case KindReceipt:
		return receiptSize
	case KindStaff:
		return staffSize
	}
	return 0
}

// KindOf tells what a text claims to be, KindNone where it is no token of a
// kind and version that this program knows. Nothing is verified.
func KindOf(text string) Kind {
	raw, err := parse(text)
	if err != nil {
		return KindNone
	}
	return raw.kind
}

// raw is a token whose form is right and whose signature nobody has looked at.
type raw struct {
	kind   Kind
	issuer KeyID
	fields []byte // after the head
	signed []byte // what the signature is of
	sig    []byte
}

func parse(text string) (raw, error) {
	rest, ours := strings.CutPrefix(text, prefix)
	if !ours || len(text) > MaxToken {
		return raw{}, ErrMalformed
	}
	b, err := decode45(rest)
	if err != nil || len(b) < headSize {
		return raw{}, ErrMalformed
	}
	if v := b[0] & 0x0F; v != formatVersion {
		return raw{}, fmt.Errorf("%w %d", ErrVersion, v)
	}
	kind := Kind(b[0] >> 4)
	n := kind.size()
	if n == 0 {
		return raw{}, fmt.Errorf("%w: kind %d", ErrVersion, kind)
	}
	if len(b) != n+ed25519.SignatureSize {
		return raw{}, fmt.Errorf("%w: %d bytes, want %d", ErrMalformed, len(b), n+ed25519.SignatureSize)
	}
	return raw{
		kind: kind, issuer: KeyID(b[1:headSize]),
		fields: b[headSize:n], signed: b[:n], sig: b[n:],
	}, nil
}

// The purposes keep a signature on a token from being one on anything else that
// the same key might sign. What staff sign in with has one of its own: were the
// kind ever misread, a visitor's token would still be signed as something else.
const (
	purpose      = "agentid token\x00"
	purposeStaff = "agentid staff token\x00"
)

func message(k Kind, signed []byte) []byte {
	if k == KindStaff {
		return append([]byte(purposeStaff), signed...)
	}
	return append([]byte(purpose), signed...)
}

// write builds a token: fields appends what is between head and signature.
func write(k Kind, key ed25519.PrivateKey, id KeyID, fields func([]byte) []byte) string {
	b := make([]byte, 0, k.size()+ed25519.SignatureSize)
	b = append(b, byte(k)<<4|formatVersion)
	b = fields(append(b, id[:]...))
	b = append(b, ed25519.Sign(key, message(k, b))...)
	return string(append45([]byte(prefix), b))
}

// id16 gives the bytes of a UUID in its canonical text form, and of nothing else.
func id16(what, s string) ([16]byte, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s || u == uuid.Nil {
		return [16]byte{}, fmt.Errorf("%w: %s is no canonical UUID", ErrInvalid, what)
	}
	return u, nil
}

// text16 reads such an id; "" for that of nobody.
func text16(b []byte) string {
	u := uuid.UUID(b)
	if u == uuid.Nil {
		return ""
	}
	return u.String()
}

// seconds gives a time as the token holds it: whole seconds, until 2106.
func seconds(what string, t time.Time) (uint32, error) {
	s := t.Unix()
	if s <= 0 || s > math.MaxUint32 {
		return 0, fmt.Errorf("%w: %s %s", ErrInvalid, what, t.UTC().Format(time.RFC3339))
	}
	return uint32(s), nil
}

func timeOf(b []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
}
