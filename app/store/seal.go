package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// keySize is that of every key here: AES-256.
const keySize = 32

// formatV1 is the first byte of a sealed blob: then a 96-bit random nonce,
// the ciphertext and a 128-bit tag. It is authenticated too.
const formatV1 = 1

// box seals and opens blobs under one key.
type box struct{ aead cipher.AEAD }

func newBox(key []byte) (box, error) {
	if len(key) != keySize {
		return box{}, fmt.Errorf("key of %d bytes, want %d", len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return box{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return box{}, err
	}
	return box{aead}, nil
}

// newKey makes a random key.
func newKey() []byte {
	k := make([]byte, keySize)
	rand.Read(k) // never fails; the runtime ends the program rather
	return k
}

// place is where a sealed blob belongs: table, column, row and whatever else
// gives it its meaning. A blob opens only in the place it was sealed for.
type place []string

// bytes is the additional data of a place; no two places share one, since
// each part comes with its length.
func (p place) bytes() []byte {
	b := []byte{formatV1}
	for _, s := range p {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

func (b box) seal(plain []byte, at place) []byte {
	out := make([]byte, 1, 1+len(plain)+b.aead.Overhead())
	out[0] = formatV1
	return b.aead.Seal(out, nil, plain, at.bytes())
}

// open gives back what seal was given, or ErrCorrupt.
func (b box) open(blob []byte, at place) ([]byte, error) {
	switch {
	case len(blob) < 1+b.aead.Overhead():
		return nil, fmt.Errorf("%w: sealed blob of %d bytes", ErrCorrupt, len(blob))
	case blob[0] != formatV1:
		return nil, fmt.Errorf("%w: sealed format %d", ErrCorrupt, blob[0])
	}
	plain, err := b.aead.Open(nil, nil, blob[1:], at.bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: seal is broken", ErrCorrupt)
	}
	return plain, nil
}

// The places of everything that is sealed.

func keyCheckPlace(device string) place    { return place{"device", "key_check", device} }
func snapshotKeyPlace(device string) place { return place{"device", "snapshot_key", device} }
func oldPepperPlace(device string) place   { return place{"device", "pin_pepper", device} } // before the audit
func pepperPlace(device string) place      { return place{"device", "pin_pepper", device, "audited"} }
func personKeyPlace(person string) place   { return place{"people", "wrapped_key", person} }
func namePlace(person string) place        { return place{"people", "name", person} }
func documentPlace(person string) place    { return place{"profiles", "document", person} }
func contactPlace(person string) place     { return place{"profiles", "contact", person} }
func pinPlace(person string) place         { return place{"pins", "secret", person} }
func snapshotPlace(hash string) place      { return place{"snapshots", "file", hash} }

func vectorPlace(person, template, encoder, version string) place {
	return place{"templates", "vector", person, template, encoder, version}
}
