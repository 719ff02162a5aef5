package badge

import (
	"bytes"
	"strings"
	"testing"
)

// The examples of RFC 9285.
var rfc9285 = []struct{ plain, encoded string }{
	{"", ""},
	{"AB", "BB8"},
	{"Hello!!", "%69 VD92EX0"},
	{"base-45", "UJCLQE7W581"},
	{"ietf!", "QED8WEX0"},
}

func TestBase45OfTheRFC(t *testing.T) {
	for _, c := range rfc9285 {
		if got := string(append45(nil, []byte(c.plain))); got != c.encoded {
			t.Errorf("%q encodes to %q, want %q", c.plain, got, c.encoded)
		}
		if got, err := decode45(c.encoded); err != nil || string(got) != c.plain {
			t.Errorf("%q decodes to %q, %v, want %q", c.encoded, got, err, c.plain)
		}
		if len45(len(c.plain)) != len(c.encoded) {
			t.Errorf("%d bytes are said to become %d characters, want %d", len(c.plain), len45(len(c.plain)), len(c.encoded))
		}
	}
}

func TestBase45Refuses(t *testing.T) {
	for name, s := range map[string]string{
		"a lone character":       "A",
		"a rest of one":          "BB8A",
		"65536, too much for 2":  "GGX",
		"the most of 3":          ":::",
		"256, too much for 1":    "V5",
		"the most of 2":          "::",
		"lower case":             "bb8",
		"outside the alphabet":   "BB!",
		"a letter with accent":   "BÁ",
		"a zero byte":            "BB\x00",
		"the end of line":        "BB8\n12",
		"65536 in a later group": "BB8GGX",
	} {
		if b, err := decode45(s); err == nil {
			t.Errorf("%s: %q decodes to %x", name, s, b)
		}
	}
	if b, err := decode45("FGW"); err != nil || !bytes.Equal(b, []byte{0xFF, 0xFF}) {
		t.Errorf("the greatest group of three: %x, %v", b, err)
	}
	if b, err := decode45("U5"); err != nil || !bytes.Equal(b, []byte{0xFF}) {
		t.Errorf("the greatest group of two: %x, %v", b, err)
	}
}

func FuzzBase45(f *testing.F) {
	for _, c := range rfc9285 {
		f.Add(c.encoded)
	}
	f.Add("GGW")
	f.Add(strings.Repeat(":", 300))
	f.Fuzz(func(t *testing.T, s string) {
		b, err := decode45(s)
		if err != nil {
			return
		}
		if again := string(append45(nil, b)); again != s {
			t.Fatalf("%q and %q are the same %x", s, again, b)
		}
	})
}
