package assets

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	faqCategories = strings.Fields("cuentas tarjetas creditos transferencias pagos cajeros efectivo digital seguridad inversiones sucursal kiosco campus ayuda")
	faqPlaces     = strings.Fields("{bank} {branch} {hours} {phone} {address} {website} {atm_limit}")

	place   = regexp.MustCompile(`\{[^}]*\}?|\}`)
	step    = regexp.MustCompile(`^(\d+)\. (.+)$`)
	notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)
)

type faqEntry struct {
	id, category, urgent string
	related, asked       []string // asked[0] is shown
	first                []string // the ! lines
	lines                []string // the answer, empty lines included
}

// faqEntries reads a file by its plain rules, in order. What the lines say is
// for the tests to judge.
func faqEntries(t *testing.T, lang string) []faqEntry {
	t.Helper()
	raw, err := FAQ(lang)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(raw) || strings.ContainsAny(string(raw), "\r\t\ufeff") {
		t.Fatalf("%s.faq is not plain UTF-8 with line feeds", lang)
	}
	var out []faqEntry
	for i, line := range strings.Split(string(raw), "\n") {
		if line != strings.TrimSpace(line) {
			t.Errorf("%s.faq:%d: blanks around %q", lang, i+1, line)
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if id, ok := strings.CutPrefix(line, "@topic "); ok {
			out = append(out, faqEntry{id: id})
			continue
		}
		if len(out) == 0 {
			if line != "" {
				t.Errorf("%s.faq:%d: %q stands before any entry", lang, i+1, line)
			}
			continue
		}
		e := &out[len(out)-1]
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "category:":
			e.category += value
		case "urgent:":
			e.urgent += value
		case "related:":
			e.related = append(e.related, strings.Split(value, ", ")...)
		case "?":
			e.asked = append(e.asked, value)
		case "!":
			e.first = append(e.first, value)
		default:
			e.lines = append(e.lines, line)
		}
	}
	return out
}

func faqIDs(entries []faqEntry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.id)
	}
	return out
}

// plain is a question as the ear hears it: case, accents and marks apart.
func plain(s string) string {
	s = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u").Replace(strings.ToLower(s))
	return strings.TrimSpace(notWord.ReplaceAllString(s, " "))
}

func TestFAQSameTopicsInEveryLanguage(t *testing.T) {
	want := faqIDs(faqEntries(t, DefaultLang))
	if len(want) < 50 {
		t.Fatalf("only %d entries found: the walk is broken", len(want))
	}
	for i, id := range want {
		if slices.Contains(want[:i], id) {
			t.Errorf("%s stands twice", id)
		}
	}
	if got := FAQLanguages(); !slices.Equal(got, Langs()) {
		t.Errorf("questions and answers in %v, the kiosk speaks %v", got, Langs())
	}
	for _, lang := range FAQLanguages() {
		if got := faqIDs(faqEntries(t, lang)); !slices.Equal(got, want) {
			t.Errorf("%s.faq has other entries, or in another order:\n%v\nwant\n%v", lang, got, want)
		}
	}
}

func TestFAQAnswersEveryAgreedTopic(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "shared", "faq", "topics.tsv"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("skipped: ../shared/faq is absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		id, _, _ := strings.Cut(line, "\t")
		want = append(want, id)
	}
	slices.Sort(want)
	for _, lang := range FAQLanguages() {
		got := faqIDs(faqEntries(t, lang))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			for _, id := range slices.Concat(got, want) {
				if slices.Contains(got, id) != slices.Contains(want, id) {
					t.Errorf("%s.faq and the agreed topics differ in %s", lang, id)
				}
			}
			t.Errorf("%s.faq has %d entries, agreed are %d", lang, len(got), len(want))
		}
	}
}

func TestFAQEntriesAreWhole(t *testing.T) {
	for _, lang := range FAQLanguages() {
		entries := faqEntries(t, lang)
		ids := faqIDs(entries)
		for _, e := range entries {
			if !slices.Contains(faqCategories, e.category) {
				t.Errorf("%s %s: no category %q", lang, e.id, e.category)
			}
			if n := len(e.related); n < 2 || n > 3 {
				t.Errorf("%s %s: %d related entries, want 2 or 3", lang, e.id, n)
			}
			for i, r := range e.related {
				if r == e.id || !slices.Contains(ids, r) || slices.Contains(e.related[:i], r) {
					t.Errorf("%s %s: related to %q: itself, twice, or not there", lang, e.id, r)
				}
			}
			if len(e.asked) < 13 {
				t.Errorf("%s %s: %d questions, want the shown one and 12 other phrasings", lang, e.id, len(e.asked))
			}
			if e.urgent != "" && e.urgent != "yes" {
				t.Errorf("%s %s: urgent is %q", lang, e.id, e.urgent)
			}
			if urgent := e.urgent == "yes"; urgent != (len(e.first) == 1) || len(e.first) > 1 {
				t.Errorf("%s %s: urgent %v with %d urgent steps", lang, e.id, urgent, len(e.first))
			}
		}
	}
}

// What is urgent in one language is in the other, and leads to the same.
func TestFAQLanguagesAgree(t *testing.T) {
	want := faqEntries(t, DefaultLang)
	for _, lang := range FAQLanguages() {
		got := faqEntries(t, lang)
		for i := range min(len(got), len(want)) {
			g, w := got[i], want[i]
			if g.category != w.category || g.urgent != w.urgent || !slices.Equal(g.related, w.related) {
				t.Errorf("%s %s: %q %q %v, in %s %q %q %v", lang, g.id, g.category, g.urgent, g.related,
					DefaultLang, w.category, w.urgent, w.related)
			}
		}
	}
}

func TestFAQNoQuestionTwice(t *testing.T) {
	for _, lang := range FAQLanguages() {
		where := make(map[string]string)
		for _, e := range faqEntries(t, lang) {
			for _, q := range e.asked {
				p := plain(q)
				if p == "" {
					t.Errorf("%s %s: the question %q says nothing", lang, e.id, q)
				}
				if other, ok := where[p]; ok {
					t.Errorf("%s: %q stands under %s and %s", lang, q, other, e.id)
				}
				where[p] = e.id
			}
		}
	}
}

// An answer is read standing, from two metres: short, and steps that count.
func TestFAQAnswersReadAtADistance(t *testing.T) {
	for _, lang := range FAQLanguages() {
		for _, e := range faqEntries(t, lang) {
			text := strings.TrimSpace(strings.Join(append(slices.Clone(e.first), e.lines...), "\n"))
			if n := len(strings.Fields(text)); n < 25 || n > 90 {
				t.Errorf("%s %s: the answer has %d words, want 25 to 90", lang, e.id, n)
			}
			if len(e.asked) > 0 && utf8.RuneCountInString(e.asked[0]) > 60 {
				t.Errorf("%s %s: %q is too long for a title", lang, e.id, e.asked[0])
			}
			if strings.Contains(text, "!") {
				t.Errorf("%s %s shouts", lang, e.id)
			}
			next := 1
			for _, line := range e.lines {
				m := step.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				if m[1] != string(rune('0'+next)) {
					t.Errorf("%s %s: %q is step %d", lang, e.id, line, next)
				}
				next++
			}
			if next == 2 || next > 7 {
				t.Errorf("%s %s: %d steps, want none, or 2 to 6", lang, e.id, next-1)
			}
		}
	}
}

// The line of a place without a value is not shown: no step, no urgent step and
// no whole answer may hang on one.
func TestFAQStandsWithoutItsPlaces(t *testing.T) {
	seen := make(map[string]bool)
	for _, lang := range FAQLanguages() {
		for _, e := range faqEntries(t, lang) {
			rest := 0
			for _, line := range e.lines {
				found := place.FindAllString(line, -1)
				for _, p := range found {
					if !slices.Contains(faqPlaces, p) {
						t.Errorf("%s %s: no place is called %q", lang, e.id, p)
					}
					seen[p] = true
				}
				if len(found) > 0 && (step.MatchString(line) || strings.Count(line, ". ") > 0) {
					t.Errorf("%s %s: %q is a step, or more than the sentence of its place", lang, e.id, line)
				}
				if len(found) == 0 {
					rest += len(strings.Fields(line))
				}
			}
			if rest < 20 {
				t.Errorf("%s %s: %d words are left without its places", lang, e.id, rest)
			}
			for _, line := range append(slices.Clone(e.first), e.asked...) {
				if strings.ContainsAny(line, "{}") {
					t.Errorf("%s %s: %q hangs on a place", lang, e.id, line)
				}
			}
		}
	}
	for _, p := range []string{"{hours}", "{phone}", "{address}", "{branch}", "{atm_limit}"} {
		if !seen[p] {
			t.Errorf("no answer says %s", p)
		}
	}
}

func TestFAQSpanishVoice(t *testing.T) {
	for _, e := range faqEntries(t, "es") {
		text := " " + plain(strings.Join(append(slices.Clone(e.first), e.lines...), " ")) + " "
		for _, bad := range []string{" tu ", " tus ", " te ", " vos ", " tienes ", " puedes ", " debes ", " error ", " invalido ", " su culpa "} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the answer says%q", e.id, bad)
			}
		}
	}
}

func TestNoFAQ(t *testing.T) {
	for _, lang := range []string{"", "fr", "ES", "../i18n/es", "es.faq", "."} {
		if _, err := FAQ(lang); !errors.Is(err, ErrNoFAQ) {
			t.Errorf("in %q: %v", lang, err)
		}
	}
}
