package domain

import (
	"errors"
	"strings"
	"testing"
)

func TestCleanLogin(t *testing.T) {
	for in, want := range map[string]string{
		"ana": "ana", " Ana ": "ana", "LUIS7": "luis7", "123": "123", "abcdefghijkl": "abcdefghijkl",
		"": "", "ab": "", "abcdefghijklm": "", "ana ruiz": "", "a-b": "", "peña": "", "ana\x00": "", "KIT": "kit",
		"a\u212a1": "ak1", // the Kelvin sign in lower case is a plain k
	} {
		got, err := CleanLogin(in)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, ErrLogin) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzCleanLogin(f *testing.F) {
	for _, s := range []string{"ana", "ÄÖÜ", " x1 ", "\xff\xfe", strings.Repeat("a", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := CleanLogin(s)
		if err != nil {
			return
		}
		if again, err := CleanLogin(got); again != got || err != nil || len(got) > MaxLogin {
			t.Errorf("%q gives %q, which gives %q, %v", s, got, again, err)
		}
	})
}

func TestRoles(t *testing.T) {
	for _, r := range Roles() {
		if !r.Valid() {
			t.Errorf("%s is none", r)
		}
	}
	for _, r := range []Role{"", "Admin", "root"} {
		if r.Valid() {
			t.Errorf("%q is a role", r)
		}
	}
}
