package widgets

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// line is one line of text that is being written: what it says and where the
// caret is. It holds no more than max characters, in composed form, all of
// them printable.
type line struct {
	runes []rune
	caret int // 0..len(runes)
	max   int
	upper bool // takes capitals only
	lines bool // takes line breaks
}

// insert puts s at the caret. What does not fit, or cannot be shown, is left
// out; it reports whether anything came in.
func (l *line) insert(s string) bool {
	before, after := l.runes[:l.caret], l.runes[l.caret:]
	room := l.max - len(l.runes)
	in := make([]rune, 0, len(s))
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) && !(l.lines && r == '\n') {
			continue
		}
		if l.upper {
			r = unicode.ToUpper(r)
		}
		in = append(in, r)
		if len(in) > 4*(room+1) {
			break // composing makes four into one at the most
		}
	}
	// An accent that comes after its letter joins it.
	joined := []rune(norm.NFC.String(string(before) + string(in)))
	if over := len(joined) - (l.max - len(after)); over > 0 {
		joined = joined[:max(len(joined)-over, 0)]
	}
	next := append(joined, after...)
	if string(next) == string(l.runes) {
		return false
	}
	l.caret = len(joined)
	l.runes = next
	return true
}

// set replaces everything, and puts the caret at the end.
func (l *line) set(s string) {
	l.runes, l.caret = nil, 0
	l.insert(s)
}

// backspace takes out what is before the caret.
func (l *line) backspace() bool {
	if l.caret == 0 {
		return false
	}
	l.runes = append(l.runes[:l.caret-1:l.caret-1], l.runes[l.caret:]...)
	l.caret--
	return true
}

// del takes out what is after the caret.
func (l *line) del() bool {
	if l.caret == len(l.runes) {
		return false
	}
	l.runes = append(l.runes[:l.caret:l.caret], l.runes[l.caret+1:]...)
	return true
}

// move puts the caret there, as far as the text goes.
func (l *line) move(to int) { l.caret = clampInt(to, 0, len(l.runes)) }

func (l *line) text() string   { return string(l.runes) }
func (l *line) before() string { return string(l.runes[:l.caret]) }
