package widgets

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// mono measures half the size for every character.
func mono(s string, size float32) float32 { return float32(utf8.RuneCountInString(s)) * size / 2 }

func TestWrapText(t *testing.T) {
	for _, c := range []struct {
		name        string
		text        string
		width, size float32
		least       float32
		lines       int
		want        []string
		wantSize    float32
	}{
		{"one line", "Hola, Lucía", 200, 20, 16, 0, []string{"Hola, Lucía"}, 20},
		{"breaks between words", "Acérquese y mire a la cámara", 150, 20, 16, 0, []string{"Acérquese y", "mire a la", "cámara"}, 20},
		{"white space collapses", "  a \n b\t", 100, 20, 16, 0, []string{"a b"}, 20},
		{"nothing", " ", 100, 20, 16, 0, nil, 20},
		{"no room", "a", 0, 20, 16, 0, nil, 20},
		{"a long word shrinks the type", "Bartolomé", 72, 20, 10, 0, []string{"Bartolomé"}, 16},
		{"then it breaks", "Bartolomé", 40, 20, 16, 0, []string{"Barto", "lomé"}, 16},
		{"too many lines shrink the type", "uno dos tres", 70, 20, 10, 1, []string{"uno dos tres"}, 10},
		{"then the end is cut", "uno dos tres", 60, 20, 18, 1, []string{"uno…"}, 18},
		{"the cut leaves no stray comma", "uno, dos", 50, 20, 20, 1, []string{"uno…"}, 20},
		{"narrower than a letter", "ab", 1, 20, 20, 0, []string{"a", "b"}, 20},
	} {
		got := wrapText(c.text, c.width, c.size, c.least, c.lines, mono)
		if !slices.Equal(got.lines, c.want) || got.size != c.wantSize {
			t.Errorf("%s: %q at %v, want %q at %v", c.name, got.lines, got.size, c.want, c.wantSize)
		}
	}
}

// FuzzWrapText holds the promises for any name: lines that fit, no more of
// them than allowed, and every character where nothing had to be cut.
func FuzzWrapText(f *testing.F) {
	f.Add("Hola, Maximiliano Bartolomé", float32(120), float32(56), uint8(2))
	f.Add("\u202eesrever", float32(33), float32(20), uint8(0))
	f.Add("a\xff\xfe", float32(8), float32(17), uint8(1))
	f.Fuzz(func(t *testing.T, s string, width, size float32, maxLines uint8) {
		if len(s) > 400 || !(width > 0 && width < 4000) || !(size >= 8 && size < 400) {
			t.Skip("skipped: no text, or no size, that a screen has")
		}
		const least = 16
		w := wrapText(s, width, size, least, int(maxLines), mono)
		if maxLines > 0 && len(w.lines) > int(maxLines) {
			t.Fatalf("%d lines of %d", len(w.lines), maxLines)
		}
		if w.size > size || (w.size < least && w.size < size) {
			t.Fatalf("size %v of %v", w.size, size)
		}
		letter := w.size // of a character and an ellipsis: less is never shown
		for _, l := range w.lines {
			if mono(l, w.size) > max(width, letter) {
				t.Fatalf("%q is %v wide of %v", l, mono(l, w.size), width)
			}
		}
		whole := strings.Join(strings.Fields(s), "")
		got := strings.ReplaceAll(strings.Join(w.lines, ""), " ", "")
		if !strings.HasSuffix(got, ellipsis) && got != string([]rune(whole)) && got != whole {
			t.Fatalf("%q became %q", whole, got)
		}
	})
}
