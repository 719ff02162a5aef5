package lexicon

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold gives text in the first form in which words are compared: small
// letters, accents gone, ñ kept. Bytes that are no text become spaces.
func Fold(s string) string {
	s = norm.NFKC.String(strings.ToValidUTF8(s, " "))
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch r = unicode.ToLower(r); {
		case r < 0x80, r == 'ñ':
			b.WriteRune(r)
		default:
			if f, ok := folded[r]; ok {
				b.WriteString(f)
			} else if unicode.Is(unicode.Mn, r) {
				// an accent by itself
			} else {
				b.WriteRune(plain(r))
			}
		}
	}
	return b.String()
}

// FoldAll is Fold with ñ folded too: the second form.
func FoldAll(s string) string { return strings.ReplaceAll(Fold(s), "ñ", "n") }

// folded holds the letters that people type here; plain does the rest.
var folded = map[rune]string{
	'á': "a", 'à': "a", 'â': "a", 'ä': "a", 'ã': "a", 'å': "a", 'ª': "a",
	'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'í': "i", 'ì': "i", 'î': "i", 'ï': "i",
	'ó': "o", 'ò': "o", 'ô': "o", 'ö': "o", 'õ': "o", 'º': "o", 'ú': "u", 'ù': "u", 'û': "u", 'ü': "u",
	'ç': "c", 'ß': "ss", 'œ': "oe", 'æ': "ae", '’': "'", '‘': "'", '´': "'",
}

// plain is a letter without its accents.
func plain(r rune) rune {
	for _, d := range norm.NFKD.String(string(r)) {
		return unicode.ToLower(d)
	}
	return r
}

// split parts folded text into words: letters and digits together. An
// apostrophe inside a word goes: "don't" is "dont".
func split(folded string) []string {
	var words []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			words = append(words, b.String())
			b.Reset()
		}
	}
	run, last := 0, rune(0)
	for _, r := range folded {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if r == last && unicode.IsLetter(r) {
				run++
			} else {
				run, last = 1, r
			}
			if run < 3 && b.Len() < maxWord { // "holaaaa"
				b.WriteRune(r)
			}
		case r == '\'' && b.Len() > 0:
		default:
			flush()
			run, last = 0, 0
		}
	}
	flush()
	return words
}

// maxWord bounds a word in bytes: what is longer is no word.
const maxWord = 40

// number tells whether a word has a digit and so names an amount, a time, a
// card or an account; which one it is says nothing about the topic.
func number(w string) bool { return strings.IndexFunc(w, unicode.IsDigit) >= 0 }
