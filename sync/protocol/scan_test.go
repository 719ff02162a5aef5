package protocol

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1 , "a" : [ true , null ] } `:                     `{"a":[true,null],"b":1}`,
		`{"c":{"z":1,"y":{"b":2,"a":3}},"a":0}`:                     `{"a":0,"c":{"y":{"a":3,"b":2},"z":1}}`,
		`"\u00e9\/\u001f\n\ud83d\ude00"`:                            "\"é/\\u001f\\n😀\"",
		`[1.0,-0,0.0,1e2,1E-7,2.5e-10,1.5e-300,333333333.33333329]`: `[1,0,0,100,1e-7,2.5e-10,1.5e-300,333333333.3333333]`,
		`[9007199254740991,123456789012345]`:                        `[9007199254740991,123456789012345]`,
		// The order of RFC 8785, 3.2.3: UTF-16 code units, not code points.
		`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`: "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}",
		`{}`: `{}`, `[]`: `[]`, `""`: `""`,
	} {
		got, err := Canonical([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
	}
}

// TestPrefix: the beginning of a name as a number orders names as RFC 8785 does,
// wherever it tells two apart.
func TestPrefix(t *testing.T) {
	names := []string{"", "\x00", "a", "a\x00", "a\x00b", "ab", "abcdefgh", "abcdefghi", "abcdefgé", "abcdefgéz", "abcdefghé", "é", "éa", "\x7f", "\u0080", "\ufb33", "\U0001f600", "a\ufb33", "a\U0001f600", "z", "zzzzzzzzz"}
	sign := func(n int) int { return cmp.Compare(n, 0) }
	for _, a := range names {
		for _, b := range names {
			s := scanner{names: [][]byte{[]byte(a), []byte(b)}}
			got := s.compare(member{prefix: prefixOf([]byte(a)), name: 0}, member{prefix: prefixOf([]byte(b)), name: 1})
			if want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))); sign(got) != want {
				t.Errorf("%q and %q: %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "two values": "1 2", "a name twice": `{"a":1,"b":2,"a":3}`, "a name twice, escaped": `{"a":1,"\u0061":2}`,
		"half a surrogate": `"\ud800"`, "surrogates reversed": `"\ude00\ud83d"`, "not UTF-8": "\"\xff\"", "control character": "\"a\nb\"",
		"leading zero": "01", "plus": "+1", "bare point": "1.", "bare exponent": "1e", "infinite": "1e999", "beyond exact": "9007199254740993", "beyond exact, otherwise written": "1e20", "far beyond": "-1e21",
		"NaN": "NaN", "trailing comma": "[1,]", "open": `{"a":`, "word cut": "tru", "comment": "1//", "wrong quotes": "'a'", "no colon": `{"a" 1}`,
		"too deep": strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), "endless number": strings.Repeat("1", 65),
	} {
		if got, err := Canonical([]byte(in)); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := Canonical([]byte(strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth))); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

func TestDecodeStrict(t *testing.T) {
	type small struct {
		ID string `json:"id"`
		N  int    `json:"n"`
	}
	for name, in := range map[string]string{
		"unknown": `{"id":"a","x":1}`, "other case": `{"ID":"a"}`, "twice": `{"id":"a","id":"b"}`, "twice by case": `{"id":"a","Id":"b"}`,
		"folded": `{"\u212a":1}`, "trailing": `{"id":"a"}{}`, "type": `{"n":"1"}`, "fraction": `{"n":1.5}`,
	} {
		if err := DecodeStrict([]byte(in), 100, new(small)); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := DecodeStrict([]byte(`{"id":"a"}`), 9, new(small)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	var got small
	if err := DecodeStrict([]byte(` {"n":3,"id":"a"} `), 100, &got); err != nil || got != (small{"a", 3}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBodyHash(t *testing.T) {
	a, err := BodyHash([]byte(`{"a":1,"b":"\u0061"}`))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := BodyHash([]byte("{ \"b\":\"a\",\n\"a\":1.0 }")); err != nil || a != b {
		t.Errorf("the same body hashes to %x and %x (%v)", a, b, err)
	}
	if c, err := BodyHash([]byte(`{"a":1,"b":"b"}`)); err != nil || a == c {
		t.Errorf("another body hashes to the same (%v)", err)
	}
}

// FuzzCanonical: what is taken means the same as before, and is its own
// canonical form.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[1e5,-0,"\u00e9",{}]}`, `{"a":1,"a":2}`, `[[[[]]]]`, `"\ud83d\ude00"`, `1e400`, `{"":0}`, "\"\u2028\"", `-0.0e-0`, `1e20`, `1.25e-9`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := Canonical(src)
		if strictErr := check(src); err != nil && strictErr == nil {
			t.Fatalf("%q: strict takes what canonical refuses: %v", src, err)
		}
		if err != nil {
			return
		}
		var before, after any
		if err := json.Unmarshal(src, &before); err != nil {
			t.Fatalf("%q was taken, but is no JSON: %v", src, err)
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q means something else as %q (%v)", src, got, err)
		}
		again, err := Canonical(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q is canonical as %q, and again as %q (%v)", src, got, again, err)
		}
	})
}
