package lexicon

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/spanish"

	"agentid/app/domain"
)

// stem is the root of a folded word. Folding costs the Spanish stemmer the
// endings that it tells by their accent (llegó, perdí), so what it leaves of
// them is cut here, alike for a word with and without its accent.
func stem(w string, l domain.Lang) string {
	if len(w) < 4 {
		return w
	}
	env := snowballstem.NewEnv(w)
	if l == domain.English {
		english.Stem(env)
		return env.Current()
	}
	spanish.Stem(env)
	s := env.Current()
	for _, end := range endings {
		if len(s)-len(end) >= shortest && strings.HasSuffix(s, end) {
			return s[:len(s)-len(end)]
		}
	}
	return s
}

// shortest is the least that a stem keeps: what is shorter brings together
// words that have nothing in common.
const shortest = 4

var endings = []string{"acion", "icion", "cion", "sion", "ion", "ir", "er", "ar", "en", "an", "io", "i", "e", "o", "a"}
