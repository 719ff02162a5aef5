package chat

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What stands for what was masked.
const (
	maskCard     = "[tarjeta]"
	maskAccount  = "[cuenta]"
	maskDocument = "[documento]"
	maskMail     = "[correo]"
	maskPhone    = "[teléfono]"
	maskSecret   = "[clave]"
)

var (
	mailPattern = regexp.MustCompile(`[^\s@<>\[\]()"',;]+@[^\s@<>\[\]()"',;]+`)
	ibanPattern = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ \-]?[a-z0-9]{4}){2,7}(?:[ \-]?\d{1,4})?\b`)
	// Digits with what people write between them.
	digitPattern = regexp.MustCompile(`\+?\(?\d(?:[ .\-/()_*,:]{0,3}\d)+`)
	// A word of letters and digits, as documents are.
	mixedPattern = regexp.MustCompile(`[\p{L}\d][\p{L}\d.\-/]*\d[\p{L}\d.\-/]*`)
	// A secret that was told although nobody asked for it.
	secretPattern = regexp.MustCompile(`(?i)\b(pin|nip|clave|claves|contraseña|contrasena|password|token|código|codigo|code|otp|cvv|cvc)((?:\s+|:|=|,|\.|es|is|era|was|número|numero|number|el|la|mi|my)*\s*)(\d[\d \-.]{1,9}\d)`)
)

// Least digits that are masked whatever they are: a year or a small amount has
// fewer.
const leastMasked = 6

// Mask takes from a text what nobody but its writer should read: numbers of
// cards, accounts and documents, phones, e-mail addresses, PINs. What is kept
// of a question is always masked.
func Mask(s string) string {
	s = plainDigits(s)
	s = mailPattern.ReplaceAllString(s, maskMail)
	s = secretPattern.ReplaceAllString(s, "$1$2"+maskSecret)
	s = ibanPattern.ReplaceAllStringFunc(s, func(m string) string {
		if digits(m) < leastMasked {
			return m
		}
		return maskAccount
	})
	s = mixedPattern.ReplaceAllStringFunc(s, func(m string) string {
		if digits(m) < 5 || strings.IndexFunc(m, unicode.IsLetter) < 0 {
			return m
		}
		return maskDocument
	})
	return digitPattern.ReplaceAllStringFunc(s, maskDigits)
}

// maskDigits tells what a run of digits is by its length and form.
func maskDigits(m string) string {
	n := digits(m)
	switch {
	case n < leastMasked:
		return m
	case n >= 13 && n <= 19:
		return maskCard // by length even where the check digit is mistyped
	case n > 19:
		return maskAccount
	case m[0] == '+' || m[0] == '(' || n >= 10:
		if luhn(m) && n == 12 {
			return maskCard
		}
		return maskPhone
	}
	return maskDocument
}

// plainDigits makes a text valid, takes invisible characters out of it, and
// writes the digits of all scripts as 0 to 9, so that none hides a number.
func plainDigits(s string) string {
	s = strings.ToValidUTF8(s, " ")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' || r < utf8.RuneSelf && r >= ' ':
			b.WriteRune(r)
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(byte('0' + digitValue(r)))
		case unicode.IsSpace(r) || unicode.IsControl(r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// digitValue is what a decimal digit of any script counts: they stand in rows
// of ten.
func digitValue(r rune) int {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); r >= lo && r <= hi {
			return int(r-lo) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); r >= lo && r <= hi {
			return int(r-lo) % 10
		}
	}
	return 0
}

func digits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// luhn tells whether the check digit of a card number holds.
func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum > 0 && sum%10 == 0
}
