package lexicon

import (
	"strings"

	"agentid/app/domain"
)

// What mistakes cost: a whole letter is 1, those that fingers and ears make
// often are less.
const (
	cheapest  = 0.4 // the least that a letter more or less costs
	swapCost  = 0.6
	nearCost  = 0.7 // the key beside
	alikeCost = 0.4 // sounds alike
	twiceCost = 0.4 // a letter doubled or not
	muteCost  = 0.4 // an h, or the u of que
	soundCost = 0.35
)

// keyboard holds the rows of letters, for which keys are neighbours.
var keyboard = [...]string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}

var nearKey = func() (near [26][26]bool) {
	for r, row := range keyboard {
		for i := range len(row) {
			mark := func(r2, j int) {
				if r2 >= 0 && r2 < len(keyboard) && j >= 0 && j < len(keyboard[r2]) {
					a, b := row[i]-'a', keyboard[r2][j]-'a'
					near[a][b], near[b][a] = true, true
				}
			}
			mark(r, i+1)
			mark(r+1, i-1)
			mark(r+1, i)
		}
	}
	return near
}()

var alike = func() (same [26][26]bool) {
	for _, p := range []string{"bv", "sz", "sc", "cz", "kc", "kq", "cq", "gj", "yi", "xs", "mn", "uw", "ei"} {
		a, b := p[0]-'a', p[1]-'a'
		same[a][b], same[b][a] = true, true
	}
	return same
}()

func small(c byte) bool { return c >= 'a' && c <= 'z' }

// replaceCost is of one letter typed for another.
func replaceCost(a, b byte) float64 {
	switch {
	case a == b:
		return 0
	case !small(a) || !small(b):
		return 1
	case alike[a-'a'][b-'a']:
		return alikeCost
	case nearKey[a-'a'][b-'a']:
		return nearCost
	}
	return 1
}

// extraCost is of a letter c of w at i that the other word lacks.
func extraCost(w string, i int) float64 {
	switch c := w[i]; {
	case i > 0 && w[i-1] == c || i+1 < len(w) && w[i+1] == c:
		return twiceCost
	case c == 'h', c == 'u' && i > 0 && (w[i-1] == 'q' || w[i-1] == 'g'):
		return muteCost
	}
	return 0.9
}

// distance computes how far words are apart; it keeps its rows between calls.
type distance struct{ rows [3][maxWord + 2]float64 }

// between is the Damerau distance with the costs above, or more than limit.
func (d *distance) between(a, b string, limit float64) float64 {
	if len(a) > maxWord || len(b) > maxWord {
		return limit + 1
	}
	two, one, cur := &d.rows[0], &d.rows[1], &d.rows[2]
	one[0] = 0
	for j := range len(b) {
		one[j+1] = one[j] + extraCost(b, j)
	}
	for i := range len(a) {
		cur[0] = one[0] + extraCost(a, i)
		best := cur[0]
		for j := range len(b) {
			c := one[j] + replaceCost(a[i], b[j])
			if i == 0 && a[0] != b[0] {
				c += 0.3 // the first letter is seldom wrong
			}
			c = min(c, one[j+1]+extraCost(a, i), cur[j]+extraCost(b, j))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] && a[i] != b[j] {
				c = min(c, two[j-1]+swapCost)
			}
			cur[j+1] = c
			best = min(best, c)
		}
		if best > limit+swapCost {
			return limit + 1
		}
		two, one, cur = one, cur, two
	}
	return one[len(b)]
}

var (
	soundES = strings.NewReplacer("ch", "C", "h", "", "v", "b", "ll", "y", "ce", "se", "ci", "si", "z", "s", "que", "ke", "qui", "ki",
		"gue", "Ge", "gui", "Gi", "ge", "je", "gi", "ji", "q", "k", "c", "k", "x", "s", "w", "u", "rr", "r", "ss", "s", "nn", "n", "mb", "nb", "mp", "np")
	soundEN = strings.NewReplacer("tt", "t", "ll", "l", "ss", "s", "nn", "n", "mm", "m", "pp", "p", "rr", "r", "cc", "c", "ff", "f", "dd", "d", "bb", "b", "gg", "g",
		"ph", "f", "ck", "k", "ie", "i", "ei", "i", "ee", "i", "ea", "i", "ou", "u", "ent", "ant", "able", "ible")
)

// sound is a word as it is heard.
func sound(w string, l domain.Lang) string {
	if l == domain.English {
		return soundEN.Replace(w)
	}
	return soundES.Replace(w)
}
