package assets

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestConsentSaysEverythingInEveryLanguage(t *testing.T) {
	versions := ConsentVersions()
	if !slices.Contains(versions, ConsentVersion) {
		t.Fatalf("%v lacks the version in use, %s", versions, ConsentVersion)
	}
	for _, v := range versions {
		sections := 0
		for _, lang := range Langs() {
			c, err := Consent(v, lang)
			if err != nil {
				t.Fatal(err)
			}
			if c.Version != v || c.Lang != lang {
				t.Errorf("asked for %s in %s, got %s in %s", v, lang, c.Version, c.Lang)
			}
			if sections != 0 && len(c.Sections) != sections {
				t.Errorf("%s in %s has %d sections, the other language %d", v, lang, len(c.Sections), sections)
			}
			sections = len(c.Sections)
			for i, w := range c.Words() {
				if strings.TrimSpace(w) == "" || strings.TrimSpace(w) != w {
					t.Errorf("%s in %s: paragraph %d is %q", v, lang, i, w)
				}
				if strings.ContainsAny(w, "{}\n") {
					t.Errorf("%s in %s: %q has an unfilled place or a line feed", v, lang, w)
				}
				if lang == "es" && strings.Contains(w, "!") {
					t.Errorf("%q shouts", w)
				}
			}
		}
		if sections < 4 {
			t.Errorf("%s has %d sections, want what, why, how long and the choice", v, sections)
		}
	}
}

// A consent that was given refers to the text by this hash: a version that is
// out is never changed, it gets a successor.
func TestConsentVersionsDoNotChange(t *testing.T) {
	for _, c := range []struct{ version, lang, sum string }{
		{"2026-1", "es", "e5b14800a5e9086f153d47afefdd706e717783583a04569d34c1dd6f13bdd6e2"},
		{"2026-1", "en", "d8724b54dcbe977f77db0cf6131ddfb96314752a0c61058155758bcc21d25fcf"},
	} {
		got, err := Consent(c.version, c.lang)
		if err != nil {
			t.Fatal(err)
		}
		if got.SHA256() != c.sum {
			t.Errorf("%s in %s is now %s", c.version, c.lang, got.SHA256())
		}
	}
}

func TestConsentForAnInstallation(t *testing.T) {
	plain, err := Consent(ConsentVersion, "es")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		organisation string
		months       int
		has          []string
	}{
		{"Banco Norte", 24, []string{"en Banco Norte.", "24 meses"}},
		{"  ", 1, []string{"en esta entidad.", "1 mes sin venir"}},
		{"{period}", 3, []string{"en {period}.", "3 meses"}}, // a name is a name
	} {
		got, err := ConsentFor(ConsentVersion, "es", c.organisation, c.months)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(got.Words(), "\n")
		for _, want := range c.has {
			if !strings.Contains(all, want) {
				t.Errorf("for %q, %d months: no %q in:\n%s", c.organisation, c.months, want, all)
			}
		}
		if got.SHA256() == plain.SHA256() {
			t.Errorf("for %q, %d months: another text, the same hash", c.organisation, c.months)
		}
	}
	same, err := ConsentFor(ConsentVersion, "es", "", defaultMonths)
	if err != nil || same.SHA256() != plain.SHA256() {
		t.Errorf("the defaults are another text: %v", err)
	}
	if _, err := ConsentFor(ConsentVersion, "es", "", 0); err == nil {
		t.Error("kept for no time at all is accepted")
	}
}

func TestNoConsent(t *testing.T) {
	for _, c := range [][2]string{{"", "es"}, {"1999-1", "es"}, {ConsentVersion, "fr"}, {ConsentVersion, ""}, {"..", "es"}, {"../i18n", "es"}} {
		if _, err := Consent(c[0], c[1]); !errors.Is(err, ErrNoConsent) {
			t.Errorf("version %q in %q: %v", c[0], c[1], err)
		}
	}
}
