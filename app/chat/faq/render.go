package faq

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values fills placeholders: "hours" to "lunes a viernes, de 10 a 15". One that
// is empty or absent has the sentence or step that holds it left out.
type Values map[string]string

// maxValue bounds a value: it comes from configuration.
const maxValue = 400

// Answer is an entry as it is shown.
type Answer struct {
	ID     string
	Title  string
	First  string // the urgent step; empty where there is none
	Blocks []Block
}

// Render fills the placeholders of an entry.
func (e Entry) Render(v Values) Answer {
	a := Answer{ID: e.ID, Title: e.Title, First: fill(e.First, v)}
	for _, b := range e.Answer {
		if b.Steps == nil {
			if t := fill(b.Text, v); t != "" {
				a.Blocks = append(a.Blocks, Block{Text: t})
			}
			continue
		}
		var steps []string
		for _, s := range b.Steps {
			if t := fill(s, v); t != "" {
				steps = append(steps, t)
			}
		}
		if steps != nil {
			a.Blocks = append(a.Blocks, Block{Steps: steps})
		}
	}
	return a
}

// Text is the answer as plain text, for a terminal, a transcript or a voice.
func (a Answer) Text() string {
	var b strings.Builder
	line := func(s string) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	if a.First != "" {
		line(a.First)
	}
	for _, bl := range a.Blocks {
		if bl.Steps == nil {
			line(bl.Text)
		}
		for i, s := range bl.Steps {
			line(fmt.Sprintf("%d. %s", i+1, s))
		}
	}
	return b.String()
}

// fill fills a text sentence by sentence, without those that lack a value.
func fill(s string, v Values) string {
	if !strings.Contains(s, "{") {
		return s
	}
	var out []string
	for _, sentence := range sentences(s) {
		if t, ok := fillSentence(sentence, v); ok {
			out = append(out, t)
		}
	}
	return strings.Join(out, " ")
}

func fillSentence(s string, v Values) (string, bool) {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 {
			break
		}
		value := cleanValue(v[s[open+1:open+end]])
		if value == "" {
			return "", false
		}
		b.WriteString(s[:open])
		b.WriteString(value)
		s = s[open+end+1:]
	}
	b.WriteString(s)
	return b.String(), true
}

// cleanValue makes a value one line of text.
func cleanValue(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(s) > maxValue {
		s = strings.ToValidUTF8(s[:maxValue], "")
	}
	return s
}

// sentences parts a text after . ! ? or … where a space and a capital, an
// opening mark or a placeholder follows.
func sentences(s string) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] != ' ' || i == 0 || !strings.ContainsRune(".!?…)»\"", lastRune(s[:i])) {
			continue
		}
		if strings.TrimRight(s[start:i], ".!?…)»\"") == s[start:i] || !ends(s[start:i]) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+1:])
		if unicode.IsUpper(next) || unicode.IsDigit(next) || strings.ContainsRune("¿¡«\"({", next) {
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// ends tells whether a text ends as a sentence does, not with an abbreviation
// such as "Av." or "tel.".
func ends(s string) bool {
	s = strings.TrimRight(s, ")»\"")
	if !strings.HasSuffix(s, ".") {
		return strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "…")
	}
	word := s[strings.LastIndexByte(s, ' ')+1 : len(s)-1]
	switch strings.ToLower(word) {
	case "av", "tel", "sr", "sra", "dr", "dra", "ej", "núm", "no", "mr", "mrs", "ms", "st", "e.g", "i.e", "p. ej":
		return word == "no" // "no." ends a sentence more often than it counts
	}
	return true
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
