package lexicon

import (
	"slices"
	"strings"

	"agentid/app/domain"
)

// Kind is what a word is good for.
type Kind uint8

// The kinds of word, from the least telling.
const (
	Stop    Kind = iota // says nothing: "de", "the"
	Light               // says little: "quiero", "please"
	Number              // has digits
	Common              // of everyday life, in no answer: "abuela", "bicycle"
	Plain               // may name a topic
	Unknown             // in no list and in no answer
	Foreign             // belongs to another matter: "receta", "football"
)

// Lexicon is what is known of words before any question is read. It does not
// change and may be shared.
type Lexicon struct {
	langs map[domain.Lang]*language
	names []string // of concepts
	light []bool
	id    map[string]int

	outside map[domain.Lang][]string
	asked   map[string][]string // by topic
}

// Asked lists how people come to a topic, in any language.
func (x *Lexicon) Asked(topic string) []string { return slices.Clone(x.asked[topic]) }

// Outside lists questions that no answer is for.
func (x *Lexicon) Outside(l domain.Lang) []string { return slices.Clone(x.outside[l]) }

// language is the words of one language, folded wholly.
type language struct {
	kind    map[string]Kind     // of a word
	short   map[string][]string // what an abbreviation stands for
	root    map[string]string   // another stem for a stem
	exact   map[string][]int    // concepts of a word, before those of its stem
	listed  map[string][]int    // concepts of a word as it is listed
	stems   map[string][]int    // concepts of a stem
	phrases map[string][]phrase // by first stem, longest first
	words   map[string]struct{} // all that occur, as targets of repair
}

// phrase is words that mean something together.
type phrase struct {
	stems   []string
	concept int
}

func newLanguage() *language {
	return &language{
		kind: map[string]Kind{}, short: map[string][]string{}, root: map[string]string{},
		exact: map[string][]int{}, listed: map[string][]int{}, stems: map[string][]int{}, phrases: map[string][]phrase{}, words: map[string]struct{}{},
	}
}

// Languages lists what the lexicon knows, Spanish first.
func (x *Lexicon) Languages() []domain.Lang { return []domain.Lang{domain.Spanish, domain.English} }

// Stem is the root of a word, irregular verbs included.
func (x *Lexicon) Stem(word string, l domain.Lang) string {
	s, _ := x.langs[l].stemOf(word, l)
	return s
}

// stemOf also tells whether the stem may stand for a concept: one that is too
// short brings together what has nothing in common, unless it is a root that
// somebody wrote.
func (g *language) stemOf(word string, l domain.Lang) (s string, telling bool) {
	w := strings.ReplaceAll(word, "ñ", "n")
	if r, ok := g.root[w]; ok {
		return r, true
	}
	s = stem(w, l)
	if r, ok := g.root[s]; ok {
		return r, true
	}
	return s, len(s) >= shortest
}

// Concept is the number of a concept by its name, -1 where there is none.
func (x *Lexicon) Concept(name string) int {
	if i, ok := x.id[name]; ok {
		return i
	}
	return -1
}

// concepts of a word: those of the very form, else of the word as it is
// listed or its plural, else of its stem.
func (g *language) concepts(word, stem string) []int {
	if c := g.form(word); c != nil {
		return c
	}
	return g.stems[stem]
}

// form is concepts without the stem.
func (g *language) form(word string) []int {
	if c, ok := g.exact[word]; ok {
		return c
	}
	for _, end := range []string{"", "s", "es"} {
		if w, ok := strings.CutSuffix(word, end); ok && len(w) > 2 {
			if c, ok := g.listed[w]; ok {
				return c
			}
		}
	}
	return nil
}
