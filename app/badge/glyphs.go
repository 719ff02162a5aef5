package badge

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// box stands for a character that the font lacks.
const box = '□'

// glyphs is the card's font, to ask what it holds. The bold one holds the same.
var glyphs = sync.OnceValue(func() *sfnt.Font {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil // not of a font that is compiled in; a test holds it
	}
	return f
})

// printable gives a text in characters that the font has: composed, else
// without the accent, else a box. No person's name may keep a badge from being
// printed.
func printable(s string) string {
	f := glyphs()
	if f == nil {
		return s
	}
	var buf sfnt.Buffer
	has := func(r rune) bool {
		i, err := f.GlyphIndex(&buf, r)
		return err == nil && i != 0
	}
	var out strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch {
		case has(r):
			out.WriteRune(r)
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
			// A mark that composes with nothing, or one that is not seen.
		default:
			base := []rune(norm.NFD.String(string(r)))[0]
			if !has(base) {
				base = box
			}
			out.WriteRune(base)
		}
	}
	return out.String()
}
