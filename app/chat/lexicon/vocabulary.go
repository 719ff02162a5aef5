package lexicon

import (
	"math/bits"
	"slices"
	"strings"

	"agentid/app/domain"
)

// Vocabulary is a lexicon with the words of the answers that the kiosk has:
// what a word of a question can be, and what it can have been meant to be.
// Add everything before the first question; then it may be shared.
type Vocabulary struct {
	*Lexicon
	words map[domain.Lang]*wordSet
	gram  map[domain.Lang]map[string]int // letter pairs, to guess a language
	grams map[domain.Lang]int
}

// wordSet is the words of a language that a typing mistake can be mended to.
type wordSet struct {
	weight map[string]float64 // how often the word occurs in answers
	first  map[string]string  // wholly folded to as written, ñ kept
	stems  map[string]struct{}
	sound  map[string][]string
	bySize [maxWord + 1][]target
}

// target is a word in the form in which it is searched.
type target struct {
	word    string
	letters uint32 // which letters it has
}

// NewVocabulary starts with the words of the lexicon.
func NewVocabulary(x *Lexicon) *Vocabulary {
	v := &Vocabulary{Lexicon: x, words: map[domain.Lang]*wordSet{}, gram: map[domain.Lang]map[string]int{}, grams: map[domain.Lang]int{}}
	for _, l := range x.Languages() {
		v.words[l] = &wordSet{weight: map[string]float64{}, first: map[string]string{}, stems: map[string]struct{}{}, sound: map[string][]string{}}
		v.gram[l] = map[string]int{}
		g := x.langs[l]
		all := make([]string, 0, len(g.words))
		for w := range g.words {
			all = append(all, w)
		}
		slices.Sort(all)
		for _, w := range all {
			v.add(w, l, 0)
		}
	}
	return v
}

// Add takes the words of a text that the kiosk shows.
func (v *Vocabulary) Add(text string, l domain.Lang) {
	for _, w := range split(Fold(text)) {
		v.add(w, l, 1)
	}
}

// Know takes the words of a text that is learnt from but never shown: they are
// words, of no more weight than those of the lists.
func (v *Vocabulary) Know(text string, l domain.Lang) {
	for _, w := range split(Fold(text)) {
		v.add(w, l, 0)
	}
}

func (v *Vocabulary) add(word string, l domain.Lang, weight float64) {
	set := v.words[l]
	w := strings.ReplaceAll(word, "ñ", "n")
	if number(w) {
		return
	}
	v.count(w, l)
	if _, ok := set.weight[w]; ok {
		set.weight[w] += weight
		return
	}
	set.weight[w], set.first[w] = weight, word
	if s, telling := v.langs[l].stemOf(w, l); telling {
		set.stems[s] = struct{}{}
	}
	if len(w) < 2 || len(w) > maxWord {
		return
	}
	s := sound(w, l)
	set.sound[s] = append(set.sound[s], w)
	if len(w) > 2 {
		set.bySize[len(w)] = append(set.bySize[len(w)], target{w, letters(w)})
	}
}

// heard is the word that is spoken like one that is in no list: "boy" for
// "voy". Empty where there is none, or more than one.
func (v *Vocabulary) heard(w string, l domain.Lang) string {
	if len(w) < 2 || len(w) > maxWord {
		return ""
	}
	if same := v.words[l].sound[sound(w, l)]; len(same) == 1 {
		return same[0]
	}
	return ""
}

// has tells whether a wholly folded word is one of the language.
func (v *Vocabulary) has(w string, l domain.Lang) bool {
	_, ok := v.words[l].weight[w]
	return ok
}

// letters is the set of letters of a word.
func letters(w string) (m uint32) {
	for i := range len(w) {
		if c := w[i]; c >= 'a' && c <= 'z' {
			m |= 1 << (c - 'a')
		}
	}
	return m
}

// repair is a word that another may have been meant to be.
type repair struct {
	word string
	cost float64 // 0 alike, 1 a whole mistake
}

// maxRepairs is how many readings a mistyped word is given.
const maxRepairs = 3

// tolerance is how much mistake a word of a length may hold.
func tolerance(n int) float64 {
	switch {
	case n <= 3:
		return 0
	case n == 4:
		return 1
	case n <= 6:
		return 1.3
	case n <= 8:
		return 1.8
	}
	return 2.3
}

// repairs lists what a wholly folded word that is in no list may have been
// meant to be, nearest first.
func (v *Vocabulary) repairs(w string, l domain.Lang) []repair {
	limit := tolerance(len(w))
	set := v.words[l]
	if limit == 0 || len(w) > maxWord {
		return nil
	}
	var out []repair
	keep := func(r repair) {
		for i := range out {
			if out[i].word == r.word {
				out[i].cost = min(out[i].cost, r.cost)
				return
			}
		}
		out = append(out, r)
	}
	for _, t := range set.sound[sound(w, l)] {
		keep(repair{t, soundCost})
	}
	m, reach := letters(w), int(limit/cheapest)
	reach = min(reach, 3)
	var d distance
	for n := max(3, len(w)-reach); n <= min(maxWord, len(w)+reach); n++ {
		for _, t := range set.bySize[n] {
			if bits.OnesCount32(m^t.letters) > 4 {
				continue
			}
			if cost := d.between(w, t.word, limit); cost <= limit {
				keep(repair{t.word, cost})
			}
		}
	}
	slices.SortFunc(out, func(a, b repair) int {
		ca, cb := a.cost-bonus(set.weight[a.word]), b.cost-bonus(set.weight[b.word])
		switch {
		case ca < cb:
			return -1
		case ca > cb:
			return 1
		}
		return strings.Compare(a.word, b.word)
	})
	// What is much further than the nearest is not meant.
	for i := range out {
		if i == maxRepairs || out[i].cost > out[0].cost+0.6 {
			return out[:i]
		}
	}
	return out
}

// bonus prefers, of two words as near, the one that answers use.
func bonus(weight float64) float64 {
	switch {
	case weight >= 20:
		return 0.25
	case weight >= 3:
		return 0.15
	case weight >= 1:
		return 0.1
	}
	return 0
}
