package lexicon

import (
	"math"
	"strings"

	"agentid/app/domain"
)

// count takes the letter pairs and threes of a word.
func (v *Vocabulary) count(w string, l domain.Lang) {
	padded := "^" + w + "$"
	for i := 0; i+3 <= len(padded); i++ {
		v.gram[l][padded[i:i+3]]++
		v.grams[l]++
	}
}

// looks is how much more a word looks like the first language than like the
// second, in nats a three of letters, bounded.
func (v *Vocabulary) looks(w string, a, b domain.Lang) float64 {
	padded := "^" + w + "$"
	sum, n := 0.0, 0
	for i := 0; i+3 <= len(padded); i++ {
		g := padded[i : i+3]
		pa := (float64(v.gram[a][g]) + 0.5) / (float64(v.grams[a]) + 5000)
		pb := (float64(v.gram[b][g]) + 0.5) / (float64(v.grams[b]) + 5000)
		sum += math.Log(pa / pb)
		n++
	}
	if n == 0 {
		return 0
	}
	return max(-1, min(1, sum/float64(n)))
}

// What speaks for a language.
const (
	listWord  = 2.0 // a word of its lists that the other has not
	shownWord = 1.5 // a word of its answers
	mark      = 3.0 // ñ, ¿, an accent
	lookWord  = 0.8 // the look of a word that neither knows
	habit     = 0.7 // the language in use
)

// Guess tells the language of a question; the one in use where nothing
// speaks for another.
func (v *Vocabulary) Guess(text string, inUse domain.Lang) domain.Lang {
	score := 0.0 // above 0 it is Spanish
	if strings.ContainsAny(text, "ñÑ¿¡áéíóúÁÉÍÓÚ") {
		score += mark
	}
	switch inUse {
	case domain.English:
		score -= habit
	default:
		score += habit
	}
	es, en := v.langs[domain.Spanish], v.langs[domain.English]
	for _, w := range split(FoldAll(text)) {
		if number(w) {
			continue
		}
		score += listWord * (listed(es, w) - listed(en, w))
		inES, inEN := v.has(w, domain.Spanish), v.has(w, domain.English)
		switch {
		case inES && !inEN:
			score += shownWord
		case inEN && !inES:
			score -= shownWord
		case !inES && !inEN && len(w) > 2:
			score += lookWord * v.looks(w, domain.Spanish, domain.English)
		}
	}
	if score < 0 {
		return domain.English
	}
	return domain.Spanish
}

// listed is 1 for a function word of a language.
func listed(g *language, w string) float64 {
	if k, ok := g.kind[w]; ok && k <= Light {
		return 1
	}
	if _, ok := g.short[w]; ok {
		return 0.5
	}
	return 0
}
