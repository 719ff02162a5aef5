package widgets

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestLine(t *testing.T) {
	type op func(*line)
	put := func(s string) op { return func(l *line) { l.insert(s) } }
	at := func(i int) op { return func(l *line) { l.move(i) } }
	back := func(l *line) { l.backspace() }
	del := func(l *line) { l.del() }
	for _, c := range []struct {
		name  string
		max   int
		upper bool
		ops   []op
		want  string // | is the caret
	}{
		{"typed", 80, false, []op{put("Íñ"), put("igo")}, "Íñigo|"},
		{"in the middle", 80, false, []op{put("Ana"), at(1), put("x")}, "Ax|na"},
		{"backspace", 80, false, []op{put("Ana"), at(2), back}, "A|a"},
		{"backspace at the start", 80, false, []op{put("Ana"), at(0), back}, "|Ana"},
		{"delete", 80, false, []op{put("Ana"), at(1), del}, "A|a"},
		{"delete at the end", 80, false, []op{put("Ana"), del}, "Ana|"},
		{"moved too far", 80, false, []op{put("Ana"), at(9)}, "Ana|"},
		{"moved before the start", 80, false, []op{put("Ana"), at(-9)}, "|Ana"},
		{"full", 3, false, []op{put("Anastasia")}, "Ana|"},
		{"full in the middle", 4, false, []op{put("Ana"), at(1), put("xyz")}, "Ax|na"},
		{"full already", 3, false, []op{put("Ana"), at(1), put("x")}, "A|na"},
		{"an accent joins its letter", 80, false, []op{put("e"), put("\u0301")}, "é|"},
		{"an accent joins its letter where it is full", 1, false, []op{put("e"), put("\u0301")}, "é|"},
		{"no control characters", 80, false, []op{put("a\x00\n\tb\u202e")}, "ab|"},
		{"no broken text", 80, false, []op{put("a\xff\xfeb")}, "ab|"},
		{"capitals", 20, true, []op{put("x1234567ñ")}, "X1234567Ñ|"},
		{"room for none", 0, false, []op{put("a")}, "|"},
	} {
		l := line{max: c.max, upper: c.upper}
		for _, o := range c.ops {
			o(&l)
		}
		if got := l.before() + "|" + strings.TrimPrefix(l.text(), l.before()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	l := line{max: 3}
	if !l.insert("abc") || l.insert("d") || l.insert("\n") || l.insert("") {
		t.Error("insert does not tell whether anything came in")
	}
}

// FuzzLine holds what a field promises, whatever is typed wherever.
func FuzzLine(f *testing.F) {
	f.Add("Íñigo Muñoz", "-Pérez", 3, uint8(20), false)
	f.Add("e", "\u0301\u0301\u0301", 1, uint8(2), true)
	f.Add("\u1100\u1161\u11a8", "\xf0\x28", -4, uint8(0), false)
	f.Fuzz(func(t *testing.T, first, second string, at int, most uint8, upper bool) {
		l := line{max: int(most), upper: upper}
		check := func(what string) {
			s := l.text()
			if !utf8.ValidString(s) || utf8.RuneCountInString(s) > int(most) || l.caret < 0 || l.caret > len(l.runes) {
				t.Fatalf("%s: %q, caret %d, at most %d", what, s, l.caret, most)
			}
			for _, r := range s {
				if !unicode.IsPrint(r) {
					t.Fatalf("%s: %q holds %U", what, s, r)
				}
			}
		}
		l.insert(first)
		check("first")
		if !norm.NFC.IsNormalString(l.text()) {
			t.Fatalf("%q is not composed", l.text())
		}
		l.move(at)
		check("moved")
		l.insert(second)
		check("second")
		n := len(l.runes)
		if l.backspace() && len(l.runes) != n-1 {
			t.Fatalf("backspace left %d of %d", len(l.runes), n)
		}
		check("backspace")
		l.del()
		check("delete")
		l.set(second)
		check("set")
	})
}
