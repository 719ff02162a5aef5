package protocol

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"agentid/app/domain"
)

// What is sealed under a site key is: one byte, the format (1); 12 bytes, the
// nonce; AES-256-GCM with 16 bytes of tag. Its additional data binds it to the
// person (or case) and to the name of the field, or to the template's id and
// encoder. AES-256-GCM keys for fields and the HMAC key for tags are both
// derived from the site key.
//
// A site key is sealed to a kiosk's X25519 key by HPKE (RFC 9180, base mode,
// HKDF-SHA256, AES-256-GCM), bound to the site, the key's id and the device.

const (
	siteKeySize     = 32
	exchangeKeySize = 32
	sealFormat      = 1
	minSealed       = 1 + 12 + 16
	maxVector       = 4096
)

// ErrSealed says that something does not open: another key, another place, or
// damage.
var ErrSealed = errors.New("does not open")

// SiteKey opens what is sealed of the people of a site.
type SiteKey struct {
	ID   string
	Site string
	raw  []byte
	aead cipher.AEAD
	tag  []byte
}

// NewSiteKey makes a key of its 32 bytes.
func NewSiteKey(site, id string, raw []byte) (*SiteKey, error) {
	if len(raw) != siteKeySize || site == "" || id == "" {
		return nil, contentf("site key of %d bytes, want %d, a site and an id", len(raw), siteKeySize)
	}
	block, err := aes.NewCipher(derive(raw, "agentid site fields 1"))
	if err != nil {
		return nil, fmt.Errorf("site key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("site key: %w", err)
	}
	return &SiteKey{ID: id, Site: site, raw: append([]byte(nil), raw...), aead: aead, tag: derive(raw, "agentid site tags 1")}, nil
}

func derive(key []byte, label string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(label))
	return m.Sum(nil)
}

// String names the key, and never shows it.
func (k *SiteKey) String() string { return "site key " + k.ID }

// GoString does as String.
func (k *SiteKey) GoString() string { return k.String() }

func (k *SiteKey) place(parts ...string) []byte {
	aad := []byte("agentid sealed 1")
	for _, p := range append([]string{k.Site, k.ID}, parts...) {
		aad = binary.BigEndian.AppendUint32(aad, uint32(len(p)))
		aad = append(aad, p...)
	}
	return aad
}

func (k *SiteKey) seal(plain, place []byte) []byte {
	out := make([]byte, 1+k.aead.NonceSize(), minSealed+len(plain))
	out[0] = sealFormat
	rand.Read(out[1:])
	return k.aead.Seal(out, out[1:], plain, place)
}

func (k *SiteKey) open(sealed, place []byte) ([]byte, error) {
	if len(sealed) < minSealed || sealed[0] != sealFormat {
		return nil, ErrSealed
	}
	n := 1 + k.aead.NonceSize()
	plain, err := k.aead.Open(nil, sealed[1:n], sealed[n:], place)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// SealField seals a field of a person (or of a case, by its id).
func (k *SiteKey) SealField(owner, field, value string) []byte {
	return k.seal([]byte(value), k.place("field", owner, field))
}

// OpenField opens what SealField sealed.
func (k *SiteKey) OpenField(owner, field string, sealed []byte) (string, error) {
	plain, err := k.open(sealed, k.place("field", owner, field))
	if err != nil {
		return "", fmt.Errorf("field %s: %w", field, err)
	}
	return string(plain), nil
}

// SealVector seals a template's vector.
func (k *SiteKey) SealVector(t domain.Template) ([]byte, error) {
	if len(t.Vector) == 0 || len(t.Vector) > maxVector {
		return nil, contentf("vector of %d numbers, want 1 to %d", len(t.Vector), maxVector)
	}
	plain := make([]byte, 0, 4*len(t.Vector))
	for _, f := range t.Vector {
		plain = binary.LittleEndian.AppendUint32(plain, math.Float32bits(f))
	}
	return k.seal(plain, k.vectorPlace(t.PersonID, t.ID, t.Encoder)), nil
}

// OpenVector opens the vector of a person's template.
func (k *SiteKey) OpenVector(person domain.PersonID, t Template) ([]float32, error) {
	plain, err := k.open(t.Sealed, k.vectorPlace(person, t.ID, t.Encoder))
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(plain) == 0 || len(plain)%4 != 0 || len(plain) > 4*maxVector {
		return nil, contentf("vector of %d bytes", len(plain))
	}
	v := make([]float32, len(plain)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(plain[4*i:]))
		if f := float64(v[i]); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, contentf("vector is not finite")
		}
	}
	return v, nil
}

func (k *SiteKey) vectorPlace(person domain.PersonID, id string, enc domain.EncoderRef) []byte {
	return k.place("vector", string(person), id, enc.Name, enc.Version)
}

// Tag is a keyed hash by which the centre finds the same value again without
// knowing it.
func (k *SiteKey) Tag(field, value string) string {
	m := hmac.New(sha256.New, k.tag)
	m.Write([]byte(field + "\x00" + value))
	return hex.EncodeToString(m.Sum(nil))
}

// SealedKey is a site key on its way to one kiosk.
type SealedKey struct {
	ID     string `json:"id"`
	Sealed []byte `json:"sealed"` // HPKE: encapsulated key and ciphertext
}

func keyInfo(site, id, device string) []byte {
	return []byte("agentid site key 1\n" + site + "\n" + id + "\n" + device)
}

// SealTo seals the key to a device's X25519 key.
func (k *SiteKey) SealTo(device string, exchangeKey []byte) (SealedKey, error) {
	pub, err := ecdh.X25519().NewPublicKey(exchangeKey)
	if err != nil {
		return SealedKey{}, contentf("no X25519 key")
	}
	to, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return SealedKey{}, fmt.Errorf("seal site key: %w", err)
	}
	sealed, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), keyInfo(k.Site, k.ID, device), k.raw)
	if err != nil {
		return SealedKey{}, fmt.Errorf("seal site key: %w", err)
	}
	return SealedKey{ID: k.ID, Sealed: sealed}, nil
}

// OpenSiteKey opens a site key with the device's X25519 key.
func OpenSiteKey(site, device string, s SealedKey, own *ecdh.PrivateKey) (*SiteKey, error) {
	key, err := hpke.NewDHKEMPrivateKey(own)
	if err != nil {
		return nil, fmt.Errorf("open site key: %w", err)
	}
	if len(s.Sealed) > MaxSealed {
		return nil, fmt.Errorf("open site key: %w", ErrTooLarge)
	}
	raw, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), keyInfo(site, s.ID, device), s.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open site key: %w", ErrSealed)
	}
	return NewSiteKey(site, s.ID, raw)
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// NewDocument makes a document of its content.
func NewDocument(version int64, contentType, content string) Document {
	return Document{Version: version, ContentType: contentType, SHA256: hashText(content), Content: content}
}

// Keyring are the keys of a site, the newest first. A person changed over
// years may be sealed under several of them.
type Keyring []*SiteKey

// OpenField opens with whichever key fits.
func (r Keyring) OpenField(owner, field string, sealed []byte) (string, error) {
	for _, k := range r {
		if v, err := k.OpenField(owner, field, sealed); err == nil {
			return v, nil
		}
	}
	return "", fmt.Errorf("field %s: %w", field, ErrSealed)
}

// OpenVector opens with whichever key fits. ErrContent is of one that opened.
func (r Keyring) OpenVector(person domain.PersonID, t Template) ([]float32, error) {
	for _, k := range r {
		if v, err := k.OpenVector(person, t); !errors.Is(err, ErrSealed) {
			return v, err
		}
	}
	return nil, fmt.Errorf("template: %w", ErrSealed)
}
