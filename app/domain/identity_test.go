package domain

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
		strings.Repeat("a", 250) + "@x.org": "", "call me": "", "\xff@x.org": "",
		strings.Repeat("a", 246) + "Ⱥ@x.org": "", // 254 bytes, but one more in lower case
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

func TestLockAfter(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		-1: 0, 0: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 7: 2 * time.Minute, 11: 32 * time.Minute,
		16: 30 * 2048 * time.Second, 17: 24 * time.Hour, 1000: 24 * time.Hour, 1 << 40: 24 * time.Hour,
	} {
		if got := LockAfter(failures); got != want {
			t.Errorf("%d failures: %v, want %v", failures, got, want)
		}
	}
}

func TestConsentAllows(t *testing.T) {
	c := Consent{Granted: []Purpose{PurposeData, PurposeFace}}
	if !c.Allows(PurposeData) || !c.Allows(PurposeFace) || c.Allows("advertising") {
		t.Error("what was granted does not hold, or what was not does")
	}
	c.Withdrawn = []Withdrawal{{PurposeFace, time.Unix(1, 0)}}
	if !c.Allows(PurposeData) || c.Allows(PurposeFace) {
		t.Error("the face was taken back, the data was not")
	}
	if c := (Consent{Refused: []Purpose{PurposeFace}}); c.Allows(PurposeFace) {
		t.Error("what was refused holds")
	}
}

// FuzzClean: whatever is typed, what is accepted is clean already, and short.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"12.345.678-9", " ab 12345 ", "Ana@Example.org", "+54 (11) 4444-5555", "İ@x.y", "\"a b\"@x.y", "a@[1.2.3.4]", "\xff@x.y", "493817", "Lucía  Vega",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, clean := range map[string]struct {
			fn  func(string) (string, error)
			err error
			max int // runes
		}{
			"document": {CleanDocument, ErrDocument, MaxDocumentRunes},
			"contact":  {CleanContact, ErrContact, MaxContactRunes},
			"name":     {CleanName, ErrName, MaxNameRunes},
		} {
			got, err := clean.fn(s)
			if err != nil {
				if got != "" || !errors.Is(err, clean.err) {
					t.Errorf("%s %q: %q and %v", name, s, got, err)
				}
				continue
			}
			if again, err := clean.fn(got); again != got || err != nil {
				t.Errorf("%s %q is clean as %q, and again as %q, %v", name, s, got, again, err)
			}
			if n := utf8.RuneCountInString(got); n == 0 || n > clean.max || !utf8.ValidString(got) {
				t.Errorf("%s %q: %d characters", name, s, n)
			}
		}
		if CheckPIN(s) == nil && (len(s) != PINDigits || strings.Trim(s, "0123456789") != "") {
			t.Errorf("pin %q", s)
		}
	})
}
