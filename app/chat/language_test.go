package chat

import (
	"os"
	"regexp"
	"testing"

	"agentid/app/domain"
)

// Every text is said in both languages, and none is forgotten.
func TestSay(t *testing.T) {
	src, err := os.ReadFile("texts.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\tsay\w+ += text\{`).FindAll(src, -1)); n != len(said)+1 { // and sayCut
		t.Errorf("%d texts in texts.go, %d are translated", n, len(said)+1)
	}
	for _, s := range said {
		for _, cut := range []text{{}, sayCut} {
			for _, l := range []domain.Lang{domain.Spanish, domain.English} {
				for _, from := range []string{cut.es + s.es, cut.en + s.en} {
					if got, want := Say(from, l), cut.in(l)+s.in(l); got != want {
						t.Errorf("%q in %s: %q, want %q", from, l, got, want)
					}
				}
			}
		}
	}
	for _, s := range []string{"", "algo más", sayCut.es} {
		if got := Say(s, domain.Spanish); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestSetLang(t *testing.T) {
	s, _ := session(t, engine(t))
	s.SetLang(domain.English)
	if turn := s.Greet(); turn.Lang != domain.English || turn.Text != sayHello.en {
		t.Errorf("greets with %+v", turn)
	}
}
