package protocol

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth bounds how deep JSON may nest, in both directions.
const MaxDepth = 16

// maxMembers bounds the members of one object.
const maxMembers = 4096

// ErrJSON says that something is not the JSON that the protocol takes.
var ErrJSON = errors.New("invalid json")

// Canonical is the RFC 8785 form of one JSON value: no white space, members
// sorted, one spelling for each string and number. Objects with a name twice,
// numbers beyond what a float64 tells apart, strings that are not Unicode and
// values nested deeper than MaxDepth are refused.
func Canonical(src []byte) ([]byte, error) {
	return AppendCanonical(make([]byte, 0, len(src)), src)
}

// AppendCanonical appends the canonical form of src to dst.
func AppendCanonical(dst, src []byte) ([]byte, error) {
	s := scanner{src: src}
	return s.document(dst)
}

// check is Canonical for what is decoded into structs: it also refuses names
// with other characters than a-z, 0-9, '_', '-' and '.', because encoding/json
// takes "ID" for "id".
func check(src []byte) error {
	s := scanner{src: src, plainNames: true, discard: true}
	_, err := s.document(nil)
	return err
}

// scanner reads JSON once. With discard it only checks.
type scanner struct {
	src        []byte
	pos        int
	plainNames bool
	discard    bool
	open       []member // of the objects that are being read, the innermost last
	names      [][]byte // of these
}

func (s *scanner) document(dst []byte) ([]byte, error) {
	dst, err := s.value(dst, 0)
	if err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(s.src) {
		return nil, s.fail("something follows the value")
	}
	return dst, nil
}

func (s *scanner) fail(why string) error { return fmt.Errorf("%w: %s at byte %d", ErrJSON, why, s.pos) }

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte that is no space; 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.src) {
		return 0
	}
	return s.src[s.pos]
}

func (s *scanner) put(dst []byte, b ...byte) []byte {
	if s.discard {
		return dst
	}
	return append(dst, b...)
}

func (s *scanner) value(dst []byte, depth int) ([]byte, error) {
	switch c := s.peek(); {
	case c == '{':
		return s.object(dst, depth+1)
	case c == '[':
		return s.array(dst, depth+1)
	case c == '"':
		raw, err := s.text()
		if err != nil || s.discard {
			return dst, err
		}
		return appendText(dst, raw), nil
	case c == 't':
		return s.word(dst, "true")
	case c == 'f':
		return s.word(dst, "false")
	case c == 'n':
		return s.word(dst, "null")
	case c == '-' || c >= '0' && c <= '9':
		return s.number(dst)
	}
	return nil, s.fail("no value")
}

func (s *scanner) word(dst []byte, w string) ([]byte, error) {
	if len(s.src)-s.pos < len(w) || string(s.src[s.pos:s.pos+len(w)]) != w {
		return nil, s.fail("no value")
	}
	s.pos += len(w)
	if s.discard {
		return dst, nil
	}
	return append(dst, w...), nil
}

func (s *scanner) array(dst []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, s.fail("nested too deep")
	}
	s.pos++
	dst = s.put(dst, '[')
	if s.peek() == ']' {
		s.pos++
		return s.put(dst, ']'), nil
	}
	for {
		var err error
		if dst, err = s.value(dst, depth); err != nil {
			return nil, err
		}
		switch s.peek() {
		case ',':
			s.pos++
			dst = s.put(dst, ',')
		case ']':
			s.pos++
			return s.put(dst, ']'), nil
		default:
			return nil, s.fail("want , or ]")
		}
	}
}

// member is one member of an object: which name it has, and where its canonical
// form lies in the buffer. It holds no pointer, which makes sorting cheap.
type member struct {
	prefix     uint64 // of the name
	name       int    // in scanner.names
	start, end int
}

// prefixOf is the beginning of a name as a number, which orders names as
// compareNames does wherever it differs.
func prefixOf(name []byte) (p uint64) {
	for i := range 8 {
		c := byte(0)
		if i < len(name) {
			c = name[i]
		}
		if c >= utf8.RuneSelf {
			// After every ASCII character; what of such comes first, the rest tells.
			return (p<<8 | 0xff) << (8 * (7 - i))
		}
		p = p<<8 | uint64(c)
	}
	return p
}

func (s *scanner) compare(a, b member) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return compareNames(s.names[a.name], s.names[b.name])
}

func (s *scanner) object(dst []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, s.fail("nested too deep")
	}
	s.pos++
	outer, named, base, sorted := len(s.open), len(s.names), len(dst), true
	if s.peek() == '}' {
		s.pos++
		return s.put(dst, '{', '}'), nil
	}
	for {
		if s.peek() != '"' {
			return nil, s.fail("want a name")
		}
		name, err := s.text()
		if err != nil {
			return nil, err
		}
		if s.plainNames && !plainName(name) {
			return nil, s.fail("unexpected name")
		}
		if s.peek() != ':' {
			return nil, s.fail("want :")
		}
		s.pos++
		if len(s.open)-outer == maxMembers {
			return nil, s.fail("too many members")
		}
		m := member{prefix: prefixOf(name), name: len(s.names), start: len(dst)}
		s.names = append(s.names, name)
		if !s.discard {
			dst = append(appendText(dst, name), ':')
		}
		if dst, err = s.value(dst, depth); err != nil {
			return nil, err
		}
		m.end = len(dst)
		if n := len(s.open); n > outer && s.compare(s.open[n-1], m) >= 0 {
			sorted = false
		}
		s.open = append(s.open, m)
		switch s.peek() {
		case ',':
			s.pos++
			continue
		case '}':
			s.pos++
		default:
			return nil, s.fail("want , or }")
		}
		break
	}
	members := s.open[outer:]
	s.open = s.open[:outer]
	if !sorted {
		slices.SortFunc(members, s.compare)
		for i := 1; i < len(members); i++ {
			if s.compare(members[i], members[i-1]) == 0 {
				return nil, s.fail("a name twice")
			}
		}
	}
	s.names = s.names[:named]
	if s.discard {
		return dst, nil
	}
	// The members lie behind each other in the order they came; write them in
	// theirs, then move the result over them.
	tail := len(dst)
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, dst[m.start:m.end]...)
	}
	dst = append(dst, '}')
	n := copy(dst[base:], dst[tail:])
	return dst[:base+n], nil
}

// compareNames orders names by UTF-16 code units, as RFC 8785 does.
func compareNames(a, b []byte) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		if a[i] < utf8.RuneSelf && b[i] < utf8.RuneSelf {
			return int(a[i]) - int(b[i])
		}
		return slices.Compare(utf16.Encode([]rune(string(a))), utf16.Encode([]rune(string(b))))
	}
	return len(a) - len(b)
}

func plainName[T string | []byte](s T) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return len(s) > 0
}

// text reads a string and gives what it means, which may lie in src.
func (s *scanner) text() ([]byte, error) {
	start := s.pos + 1
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.src[start:i], nil
		case c < 0x20:
			s.pos = i
			return nil, s.fail("control character in a string")
		case c == '\\' || c >= utf8.RuneSelf:
			return s.unusualText(start)
		}
	}
	s.pos = len(s.src)
	return nil, s.fail("string without an end")
}

// unusualText reads a string with escapes or characters beyond ASCII.
func (s *scanner) unusualText(start int) ([]byte, error) {
	out := make([]byte, 0, 64)
	for i := start; i < len(s.src); {
		s.pos = i
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return out, nil
		case c < 0x20:
			return nil, s.fail("control character in a string")
		case c == '\\':
			r, n := unescape(s.src[i:])
			if n == 0 {
				return nil, s.fail("invalid escape")
			}
			out = utf8.AppendRune(out, r)
			i += n
		default:
			r, n := utf8.DecodeRune(s.src[i:])
			if r == utf8.RuneError && n <= 1 {
				return nil, s.fail("not UTF-8")
			}
			out = append(out, s.src[i:i+n]...)
			i += n
		}
	}
	s.pos = len(s.src)
	return nil, s.fail("string without an end")
}

// unescape reads one escape: what it means, and its length, 0 if it is none.
func unescape(b []byte) (rune, int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, ok := hex4(b)
		if !ok {
			return 0, 0
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if low, ok := hex4(b[6:]); ok {
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return 0, 0
}

// hex4 reads \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

const hexDigits = "0123456789abcdef"

// appendText writes a string with only the escapes that it must have.
func appendText(dst, t []byte) []byte {
	dst = append(dst, '"')
	for i := range len(t) {
		switch c := t[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, '"')
}

// maxExact is the largest integer below which a float64 tells all apart.
const maxExact = 1 << 53

func (s *scanner) number(dst []byte) ([]byte, error) {
	start := s.pos
	digits := func() int {
		n := 0
		for s.pos < len(s.src) && s.src[s.pos] >= '0' && s.src[s.pos] <= '9' {
			s.pos++
			n++
		}
		return n
	}
	at := func(c byte) bool { return s.pos < len(s.src) && s.src[s.pos] == c }
	if at('-') {
		s.pos++
	}
	whole := s.pos
	n := digits()
	if n == 0 || n > 1 && s.src[whole] == '0' {
		return nil, s.fail("invalid number")
	}
	integer := true
	if at('.') {
		integer = false
		s.pos++
		if digits() == 0 {
			return nil, s.fail("invalid number")
		}
	}
	if at('e') || at('E') {
		integer = false
		s.pos++
		if at('+') || at('-') {
			s.pos++
		}
		if digits() == 0 {
			return nil, s.fail("invalid number")
		}
	}
	raw := s.src[start:s.pos]
	if len(raw) > 64 {
		return nil, s.fail("number too long")
	}
	if integer && len(raw) <= 15 && !(raw[0] == '-' && raw[1] == '0') {
		return s.put(dst, raw...), nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) >= maxExact {
		return nil, s.fail("number out of range")
	}
	if s.discard {
		return dst, nil
	}
	if f == 0 {
		return append(dst, '0'), nil
	}
	return appendNumber(dst, f), nil
}

// appendNumber writes a number below maxExact as ECMAScript does.
func appendNumber(dst []byte, f float64) []byte {
	if math.Abs(f) >= 1e-6 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes two digits of exponent at least.
	if n := len(dst); dst[n-2] == '0' && dst[n-3] == '-' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
