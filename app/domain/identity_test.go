package domain

import (
	"errors"
	"strings"
	"testing"
)

func TestCleanDocument(t *testing.T) {
	for in, want := range map[string]string{
		"12.345.678-9": "123456789", " ab 12345 ": "AB12345", "x1234567l": "X1234567L",
		"": "", "1234": "", "ABCDEF": "", "12345ñ": "", "12345\x00": "", strings.Repeat("9", 21): "",
	} {
		got, err := CleanDocument(in)
		if got != want || (want == "") != errors.Is(err, ErrDocument) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestCleanContact(t *testing.T) {
	for in, want := range map[string]string{
		"Ana@Example.org": "ana@example.org", "+54 (11) 4444-5555": "+541144445555", "600 123 456": "600123456",
		"": "", "ana@": "", "ana@localhost": "", "Ana <ana@example.org>": "", "12+34567": "", "123456": "",
		strings.Repeat("a", 250) + "@x.org": "", "call me": "",
	} {
		got, err := CleanContact(in)
		if got != want || (want == "") != errors.Is(err, ErrContact) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestCheckPIN(t *testing.T) {
	for pin, want := range map[string]error{
		"493817": nil, "112358": nil, "000000": ErrWeakPIN, "123456": ErrWeakPIN, "987654": ErrWeakPIN,
		"123123": ErrWeakPIN, "474747": ErrWeakPIN, "12345": ErrPIN, "1234567": ErrPIN, "12345a": ErrPIN, "١٢٣": ErrPIN,
	} {
		if err := CheckPIN(pin); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", pin, err, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"  Lucía   Vega ": "Lucía Vega", "": "", " ": "", "a\x00b": "", "\xff": "", strings.Repeat("ñ", 81): "",
	} {
		got, err := CleanName(in)
		if got != want || (want == "") != errors.Is(err, ErrName) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}
