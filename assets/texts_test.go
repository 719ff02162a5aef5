package assets

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// keys lists the message keys of a translation file and which places ({{.X}})
// each text has.
func keys(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := translations.ReadFile("i18n/" + lang + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for k, v := range m {
			switch v := v.(type) {
			case map[string]any:
				if other, ok := v["other"].(string); ok {
					out[prefix+k] = other
					continue
				}
				walk(prefix+k+".", v)
			case string:
				out[prefix+k] = v
			default:
				t.Errorf("%s%s in %s is neither a text nor a table", prefix, k, lang)
			}
		}
	}
	walk("", tree)
	return out
}

func places(s string) (out string) {
	for {
		_, rest, ok := strings.Cut(s, "{{")
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}}")
		if !ok {
			return out + "?"
		}
		out, s = out+name, after
	}
}

func TestEveryKeyInEveryLanguage(t *testing.T) {
	texts, err := LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, lang := range Langs() {
		for k, text := range keys(t, lang) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s is empty in %s", k, lang)
			}
			if before, ok := all[k]; ok && places(before) != places(text) {
				t.Errorf("%s has other places in %s: %q, %q", k, lang, before, text)
			}
			all[k] = text
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d keys found: the walk is broken", len(all))
	}
	for _, lang := range Langs() {
		in := keys(t, lang)
		for k := range all {
			if _, ok := in[k]; !ok {
				t.Errorf("%s is missing in %s", k, lang)
			}
			if !counted(k) && !texts.Has(lang, k) {
				t.Errorf("Has(%s, %s) = false", lang, k)
			}
		}
	}
}

// counted tells a text that comes in plural forms.
func counted(key string) bool {
	return slices.Contains([]string{"status.pending", "status.saved", "pin.left", "pin.locked", "still.left",
		"withdraw.erased_templates", "withdraw.erased_badges", "withdraw.erased_consents", "withdraw.erased_snapshots", "withdraw.erased_outbox"}, key)
}

// The voice: usted, no exclamation but for success, no blame.
func TestSpanishVoice(t *testing.T) {
	for k, s := range keys(t, "es") {
		low := " " + strings.ToLower(s) + " "
		for _, bad := range []string{"!", " tu ", " tus ", " te ", " acércate", " error", " denegad", " inválid"} {
			if strings.Contains(low, bad) && !(bad == "!" && k == "capture.done") {
				t.Errorf("%s = %q has %q", k, s, bad)
			}
		}
	}
}

func TestSay(t *testing.T) {
	texts, err := LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"spanish", texts.Say("es", "header.help"), "Ayuda"},
		{"english", texts.Say("en", "header.help"), "Help"},
		{"unknown language speaks the default", texts.Say("fr", "header.help"), "Ayuda"},
		{"unknown key shows itself", texts.Say("es", "no.such.key"), "no.such.key"},
		{"name", texts.SayWith("es", "greeting.hello", Values{"Name": "Lucía"}), "Hola, Lucía"},
		{"a name is data, not a template", texts.SayWith("en", "greeting.hello", Values{"Name": "{{.Name}}<b>"}), "Hello, {{.Name}}<b>"},
		{"zero", texts.Count("es", "status.pending", 0), "0 pendientes"},
		{"one", texts.Count("es", "status.pending", 1), "1 pendiente"},
		{"many", texts.Count("es", "status.pending", 12), "12 pendientes"},
		{"large", texts.Count("es", "status.pending", 12345), "12\u202f345 pendientes"},
		{"million", texts.Count("es", "status.pending", 1000000), "1\u202f000\u202f000 de pendientes"},
		{"large in English", texts.Count("en", "status.saved", 1234), "1,234 saved"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
	if texts.Has("fr", "header.help") || texts.Has("es", "no.such.key") {
		t.Error("Has says yes to what is not there")
	}
}

func TestNumberAndTime(t *testing.T) {
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{
		{"es", 0, "0"}, {"es", -7, "-7"}, {"es", 1234, "1234"}, {"es", 12345, "12\u202f345"},
		{"es", -1234567, "-1\u202f234\u202f567"}, {"en", 999, "999"}, {"en", 1000, "1,000"},
		{"en", -1234567, "-1,234,567"}, {"xx", 123456, "123\u202f456"},
	} {
		if got := Number(c.lang, c.n); got != c.want {
			t.Errorf("Number(%s, %d) = %q, want %q", c.lang, c.n, got, c.want)
		}
	}
	at := time.Date(2026, 3, 4, 14, 5, 0, 0, time.UTC)
	if got := ClockTime("es", at); got != "14:05" {
		t.Errorf("es: %q", got)
	}
	if got := Date("es", at); got != "4 de marzo de 2026" {
		t.Errorf("es: %q", got)
	}
	if got := Date("en", at); got != "March 4, 2026" {
		t.Errorf("en: %q", got)
	}
	if got := ClockTime("en", at); got != "2:05 PM" {
		t.Errorf("en: %q", got)
	}
}
