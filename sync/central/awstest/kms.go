package awstest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
)

// key is a symmetric KMS key.
type key struct {
	aead     cipher.AEAD
	disabled bool
}

func newKey() *key {
	raw := make([]byte, 32)
	rand.Read(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic(err) // 32 bytes are right
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &key{aead: aead}
}

// Disable has a key refused, as one that an administrator has disabled.
func (s *Server) Disable(id string) { s.with(func() { s.keys[id].disabled = true }) }

// strict decodes what is asked; what the service does not know is an error.
func strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refused("SerializationException")
	}
	return nil
}

func (s *Server) usable(id string) (*key, error) {
	k := s.keys[id]
	if k == nil {
		return nil, refused("NotFoundException")
	}
	if k.disabled {
		return nil, refused("DisabledException")
	}
	return k, nil
}

// context is the encryption context in one spelling: maps are written in order.
func context(m map[string]string) []byte {
	b, _ := json.Marshal(m)
	return b
}

func (s *Server) generate(body []byte) (any, error) {
	var in struct {
		KeyId, KeySpec    string
		EncryptionContext map[string]string
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	k, err := s.usable(in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.KeySpec != "AES_256" {
		return nil, refused("ValidationException")
	}
	plain, nonce := make([]byte, 32), make([]byte, 12)
	rand.Read(plain)
	rand.Read(nonce)
	// A blob says which key opens it, as those of KMS do.
	head := append([]byte{byte(len(in.KeyId))}, in.KeyId...)
	return map[string]any{"KeyId": in.KeyId, "CiphertextBlob": k.aead.Seal(append(head, nonce...), nonce, plain, context(in.EncryptionContext))}, nil
}

func (s *Server) decrypt(body []byte) (any, error) {
	var in struct {
		CiphertextBlob             []byte
		KeyId, EncryptionAlgorithm string
		EncryptionContext          map[string]string
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	b := in.CiphertextBlob
	if len(b) == 0 || len(b) < 1+int(b[0])+12 {
		return nil, refused("InvalidCiphertextException")
	}
	of := string(b[1 : 1+b[0]])
	k, err := s.usable(of)
	if err != nil {
		return nil, err
	}
	if in.KeyId != "" && in.KeyId != of {
		return nil, refused("IncorrectKeyException")
	}
	b = b[1+len(of):]
	plain, err := k.aead.Open(nil, b[:12], b[12:], context(in.EncryptionContext))
	if err != nil {
		return nil, refused("InvalidCiphertextException")
	}
	return map[string]any{"KeyId": of, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}
