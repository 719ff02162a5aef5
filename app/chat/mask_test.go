package chat

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"mi tarjeta 4111 1111 1111 1111 no anda":          "mi tarjeta [tarjeta] no anda",
		"4111-1111-1111-1111":                             "[tarjeta]",
		"la 378282246310005.":                             "la [tarjeta].",
		"4111111111111112 mal tipeada":                    "[tarjeta] mal tipeada",
		"４１１１ １１１１ １１１１ １１１１":                             "[tarjeta]",
		"41\u200b11 1111 1111 1111":                       "[tarjeta]",
		"cbu 2850590940090418135201":                      "cbu [cuenta]",
		"IBAN es91 2100 0418 4502 0005 1332":              "IBAN [cuenta]",
		"dni 12.345.678":                                  "dni [documento]",
		"RUT 12.345.678-K":                                "RUT [documento]",
		"NIE X1234567L":                                   "NIE [documento]",
		"CURP GOMC900514HDFRRL09":                         "CURP [documento]",
		"escribame a Ana.Gomez@example.org por favor":     "escribame a [correo] por favor",
		"llame al +54 (11) 4444-5555":                     "llame al [teléfono]",
		"mi celular es 1144445555":                        "mi celular es [teléfono]",
		"mi pin es 1234":                                  "mi pin es [clave]",
		"olvidé la clave: 98 76 no anda":                  "olvidé la clave: [clave] no anda",
		"saqué 2000 pesos en 2024 y faltan 15":            "saqué 2000 pesos en 2024 y faltan 15",
		"a las 10:30 hay 3 personas":                      "a las 10:30 hay 3 personas",
		"¿Cómo abro una cuenta?":                          "¿Cómo abro una cuenta?",
		"":                                                "",
		"a\xffb":                                          "a b",
		"transferí 150.000 a 0110599520000001234567 ayer": "transferí [documento] a [cuenta] ayer",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

var longNumber = regexp.MustCompile(`\d{6}`)

// FuzzMask: no number of six digits stays, nor an address, and what is masked
// stays as it is.
func FuzzMask(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "es91 2100 0418 4502 0005 1332", "a@b.co", "x1234567l", "pin 12 34", "+1(2)3-4/5_6", "１２３４５６७८", "\xff\x00", "1.2.3.4.5.6"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := Mask(s)
		if !utf8.ValidString(m) {
			t.Errorf("%q: not text", m)
		}
		if longNumber.MatchString(m) {
			t.Errorf("%q: %q keeps a number", s, m)
		}
		if mailPattern.MatchString(m) && strings.Contains(m, "@") {
			t.Errorf("%q: %q keeps an address", s, m)
		}
		if again := Mask(m); again != m {
			t.Errorf("%q: masked as %q, and again as %q", s, m, again)
		}
	})
}
