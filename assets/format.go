package assets

import (
	"strconv"
	"strings"
	"time"
)

// Number writes n as the language does: English groups by comma from four
// digits on, Spanish by a thin space from five (the academies' rule, which no
// country misreads).
func Number(lang string, n int) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	sep, from := "\u202f", 5
	if lang == "en" {
		sep, from = ",", 4
	}
	if len(digits) < from {
		return sign + digits
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// ClockTime writes the time of day: 14:05 in Spanish, 2:05 PM in English.
func ClockTime(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("3:04 PM")
	}
	return t.Format("15:04")
}

var spanishMonths = [12]string{
	"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
}

// Date writes the day: 4 de marzo de 2027 in Spanish, March 4, 2027 in English.
func Date(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("January 2, 2006")
	}
	return strconv.Itoa(t.Day()) + " de " + spanishMonths[t.Month()-1] + " de " + strconv.Itoa(t.Year())
}
