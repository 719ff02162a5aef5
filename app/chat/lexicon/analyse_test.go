package lexicon

import (
	"strings"
	"testing"

	"agentid/app/domain"
)

func vocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	x, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	v := NewVocabulary(x)
	v.Add("Perdí mi tarjeta. ¿Cómo hago una transferencia? La contraseña del año.", domain.Spanish)
	v.Add("I lost my card. How do I make a transfer?", domain.English)
	return v
}

func TestFold(t *testing.T) {
	for in, want := range map[string][2]string{
		"¿Cómo ESTÁ, Señor?": {"¿como esta, señor?", "¿como esta, senor?"}, "AÑO año ano": {"año año ano", "ano ano ano"}, "cafe\u0301 n\u0303": {"cafe ñ", "cafe n"},
		"a\xffb": {"a b", "a b"}, "Straße ﬁn": {"strasse fin", "strasse fin"}, "don’t": {"don't", "don't"},
	} {
		if a, b := Fold(in), FoldAll(in); a != want[0] || b != want[1] {
			t.Errorf("%q: %q and %q, want %q", in, a, b, want)
		}
	}
}

// A mistyped word means what was meant.
func TestAnalyseMends(t *testing.T) {
	v := vocabulary(t)
	for q, concept := range map[string]string{
		"tarjta": "card", "tarjeat": "card", "targeta": "card", "trajeta": "card", "tarjetita": "card", "plastico": "card",
		"transferensia": "transfer", "tranferencia": "transfer", "contrasena": "password", "contraceña": "password",
		"cajreo": "atm", "kajero": "atm", "presstamo": "loan", "guita": "money", "uviqe mi plata": "money",
		"mitarjeta": "card", "me afanaron la cartera": "stolen", "wasap": "message", "cheke": "cheque",
		"no me llegó": "notarrived", "no llega": "notarrived", "estado de mi cuenta": "statement", "dnd queda": "where",
		"quiero pagar con la card": "card",
	} {
		found := false
		for _, s := range v.Analyse(q, domain.Spanish, Mending) {
			found = found || s.Has(concept)
		}
		if !found {
			t.Errorf("%q does not mean %s: %+v", q, concept, v.Analyse(q, domain.Spanish, Mending))
		}
	}
	for q, concept := range map[string]string{"i lsot my card": "lost", "widthdraw": "withdraw", "acct": "account", "stolen": "stolen", "i cant remember my pin": "forgot"} {
		found := false
		for _, s := range v.Analyse(q, domain.English, Mending) {
			found = found || s.Has(concept)
		}
		if !found {
			t.Errorf("%q does not mean %s: %+v", q, concept, v.Analyse(q, domain.English, Mending))
		}
	}
}

func TestAnalyseKinds(t *testing.T) {
	v := vocabulary(t)
	for word, want := range map[string]Kind{
		"la": Stop, "quiero": Light, "1234": Number, "tarjeta": Plain, "zxqwvk": Unknown, "receta": Foreign, "bicicleta": Plain, "martillo": Common,
	} {
		ss := v.Analyse(word, domain.Spanish, Mending)
		if len(ss) != 1 || ss[0].Kind != want {
			t.Errorf("%q: %+v, want kind %d", word, ss, want)
		}
	}
	// What staff wrote is not mended, and a negation holds for what follows.
	if ss := v.Analyse("tarjta", domain.Spanish, AsWritten); ss[0].Mended || ss[0].Text != "tarjta" {
		t.Errorf("%+v", ss)
	}
	if ss := v.Analyse("no quiero martillo", domain.Spanish, Mending); !ss[len(ss)-1].Negated {
		t.Errorf("%+v", ss)
	}
}

func TestGuess(t *testing.T) {
	v := vocabulary(t)
	for q, want := range map[string]domain.Lang{
		"perdi mi tarjeta": domain.Spanish, "i lost my card": domain.English, "¿PIN?": domain.Spanish, "where is the atm": domain.English,
		"kiero saver mi saldo": domain.Spanish, "how mutch is my balanse": domain.English, "": domain.Spanish,
	} {
		if got := v.Guess(q, ""); got != want {
			t.Errorf("%q is %s", q, got)
		}
	}
	if v.Guess("token", domain.English) != domain.English || v.Guess("token", domain.Spanish) != domain.Spanish {
		t.Error("the language in use does not decide where nothing else does")
	}
}

func TestDistance(t *testing.T) {
	var d distance
	for _, c := range []struct {
		a, b string
		most float64
	}{
		{"tarjeta", "tarjeta", 0}, {"tarjeta", "tarjera", 0.7}, {"tarjeta", "tarejta", 0.6}, {"vanco", "banco", 0.7}, {"hora", "ora", 0.8}, {"banco", "banco", 0},
	} {
		if got := d.between(c.a, c.b, 3); got > c.most+1e-9 {
			t.Errorf("%s and %s: %v, want at most %v", c.a, c.b, got, c.most)
		}
	}
	if got := d.between("perro", "tarjeta", 1.5); got <= 1.5 {
		t.Errorf("perro and tarjeta are near: %v", got)
	}
	if got := d.between(strings.Repeat("a", maxWord+5), "a", 2); got <= 2 {
		t.Errorf("a word over the cap is near: %v", got)
	}
}

// FuzzAnalyse: any text gives slots whose readings are sound.
func FuzzAnalyse(f *testing.F) {
	for _, s := range []string{"perdí mi tarjeta", "¿¿??", "\xff\xfe", "ñandú", strings.Repeat("a", 3000), "don't", "١٢٣", "q xq d", "e\u0301\u0301", "no no no no llega"} {
		f.Add(s)
	}
	v := vocabulary(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range v.Languages() {
			v.Guess(s, l)
			for _, slot := range v.Analyse(s, l, Mending) {
				for _, term := range slot.Terms {
					if term.Key == "" || term.Weight <= 0 || term.Weight > 1 {
						t.Errorf("%q: %+v", s, slot)
					}
				}
			}
		}
	})
}
