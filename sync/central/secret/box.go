package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// ErrOpen says that something was wrapped by another key, elsewhere, or is damaged.
var ErrOpen = errors.New("does not open with this master key")

// Box wraps with the master key.
type Box struct{ aead cipher.AEAD }

// NewBox makes a box of the master key.
func NewBox(master []byte) (*Box, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("master key of %d bytes, want %d", len(master), KeySize)
	}
	block, err := aes.NewCipher(master)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return &Box{aead}, nil
}

// Seal wraps plain for a place: it opens nowhere else.
func (b *Box) Seal(plain []byte, place string) []byte {
	out := make([]byte, b.aead.NonceSize(), b.aead.NonceSize()+len(plain)+b.aead.Overhead())
	rand.Read(out)
	return b.aead.Seal(out, out, plain, []byte("agentid central 1 "+place))
}

// Open gives what Seal wrapped.
func (b *Box) Open(sealed []byte, place string) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrOpen
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte("agentid central 1 "+place))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
