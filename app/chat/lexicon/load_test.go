package lexicon

import (
	"strings"
	"testing"
	"testing/fstest"

	"agentid/app/domain"
)

func load(t testing.TB, text string) (*Lexicon, error) {
	t.Helper()
	return Load(fstest.MapFS{"a.txt": {Data: []byte(text)}})
}

func TestLoad(t *testing.T) {
	x, err := load(t, `# words
@root es
pierd = perd
@stop es
de la
@light es
quiero
@short es
q = que
= money
es plata, caja fuerte
en money
= open light
es "abren", abrir
@outside es
qué tiempo hace
@asked t1
me afanaron
`)
	if err != nil {
		t.Fatal(err)
	}
	if x.Concept("money") < 0 || x.Concept("nothing") != -1 {
		t.Error("concepts")
	}
	if got := x.Outside(domain.Spanish); len(got) != 1 || got[0] != "qué tiempo hace" {
		t.Errorf("outside %q", got)
	}
	if got := x.Asked("t1"); len(got) != 1 || got[0] != "me afanaron" {
		t.Errorf("asked %q", got)
	}
	if a, b := x.Stem("pierde", domain.Spanish), x.Stem("perder", domain.Spanish); a != b {
		t.Errorf("pierde is %q, perder is %q", a, b)
	}
}

func TestLoadFaults(t *testing.T) {
	for text, want := range map[string]string{
		"word":                                "a.txt:1: words before any section",
		"@verbs es\nir":                       "a.txt:1: want: @stop",
		"@stop fr\nle":                        `a.txt:1: unknown language "fr"`,
		"= \nes a":                            "a.txt:1: want: = name",
		"= a\n= a":                            `a.txt:2: concept "a" is there twice`,
		"= a\nfr b":                           `a.txt:2: unknown language "fr"`,
		"= a\nes b,,c":                        `a.txt:2: "": want one to 6 words`,
		"= a\nes b c d e f g h":               "want one to 6 words",
		"@short es\nq que":                    "a.txt:2: want: a = b",
		"@root es\na = b c":                   "a.txt:2: want: a = b",
		"@root es\nx = a\nx = b":              `a.txt:3: "x" has the root "a" already`,
		"@stop es\nde\n@light es\nde":         `a.txt:4: "de" is in another list already`,
		"@stop es\n\xff":                      "not UTF-8",
		"@stop es\n" + long(maxLine+1):        "a.txt:2: line over",
		"@verbs es\n@stop fr\n= a\n= a":       "a.txt:4", // all at once
		"@outside es\n" + lines(maxOutside+1): "more than 2000 questions",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("no files pass")
	}
}

func long(n int) string  { return strings.Repeat("a", n) }
func lines(n int) string { return strings.Repeat("a b\n", n) }

func FuzzLoad(f *testing.F) {
	f.Add("@root es\npierd = perd\n= money\nes plata, \"x\"\n@asked t\nhola")
	f.Add("=\n@\n\xff\n@short en\nu = you are")
	f.Fuzz(func(t *testing.T, text string) {
		x, err := load(t, text)
		if (x == nil) == (err == nil) {
			t.Fatalf("%v, %v", x, err)
		}
		if err == nil {
			NewVocabulary(x).Analyse(text, domain.Spanish, Mending)
		}
	})
}
