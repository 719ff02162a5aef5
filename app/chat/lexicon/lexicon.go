package lexicon

import (
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
}

// language is the words of one language, folded wholly.
type language struct {
	kind    map[string]Kind     // of a word
	short   map[string][]string // what an abbreviation stands for
	root    map[string]string   // another stem for a stem
	exact   map[string][]int    // concepts of a word, before those of its stem
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
		exact: map[string][]int{}, stems: map[string][]int{}, phrases: map[string][]phrase{}, words: map[string]struct{}{},
	}
}

// Languages lists what the lexicon knows, Spanish first.
func (x *Lexicon) Languages() []domain.Lang { return []domain.Lang{domain.Spanish, domain.English} }

// Stem is the root of a word, irregular verbs included.
func (x *Lexicon) Stem(word string, l domain.Lang) string {
	g := x.langs[l]
	w := strings.ReplaceAll(word, "ñ", "n")
	if r, ok := g.root[w]; ok {
		return r
	}
	s := stem(w, l)
	if r, ok := g.root[s]; ok {
		return r
	}
	return s
}

// Concept is the number of a concept by its name, -1 where there is none.
func (x *Lexicon) Concept(name string) int {
	if i, ok := x.id[name]; ok {
		return i
	}
	return -1
}

// concepts of a word: those of the very form, else those of its stem.
func (g *language) concepts(word, stem string) []int {
	if c, ok := g.exact[word]; ok {
		return c
	}
	return g.stems[stem]
}

// knows tells whether a word, or its stem, is in a list.
func (g *language) knows(word, stem string) bool {
	_, ok := g.words[word]
	return ok || g.stems[stem] != nil
}
