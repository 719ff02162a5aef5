package domain

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// PersonID identifies a person; a UUIDv7 in its canonical text form.
type PersonID string

// Lang is a language the kiosk speaks.
type Lang string

// The languages of the kiosk.
const (
	Spanish Lang = "es"
	English Lang = "en"
)

// Person is somebody enrolled at this kiosk or synced to it.
type Person struct {
	ID PersonID
	// Name is what the person is called, as they wrote it. Encrypted at rest.
	Name      string
	CreatedAt time.Time
	// Version grows by one with every change of the record.
	Version int64
}

// GivenName is the first word of the name: what a greeting uses.
func (p Person) GivenName() string {
	if f := strings.Fields(p.Name); len(f) > 0 {
		return f[0]
	}
	return ""
}

// MaxNameRunes bounds a person's name.
const MaxNameRunes = 80

// ErrName says that a name is empty, too long, or not text.
var ErrName = errors.New("invalid name")

// CleanName trims and collapses white space and checks the result.
func CleanName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: not UTF-8", ErrName)
	}
	s = strings.Join(strings.Fields(s), " ")
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0:
		return "", fmt.Errorf("%w: empty", ErrName)
	case n > MaxNameRunes:
		return "", fmt.Errorf("%w: %d characters, at most %d", ErrName, n, MaxNameRunes)
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return "", fmt.Errorf("%w: control character", ErrName)
		}
	}
	return s, nil
}

// EncoderRef names the encoder that made a template. Templates of two
// encoders, or of two versions of one, are never compared.
type EncoderRef struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (e EncoderRef) String() string { return e.Name + "@" + e.Version }

// Template is a face in the form that an encoder compares.
type Template struct {
	ID        string
	PersonID  PersonID
	Encoder   EncoderRef
	Vector    []float32 // encrypted at rest; never logged
	Quality   float64   // 0..1, of the frame it was made from
	CreatedAt time.Time
}
