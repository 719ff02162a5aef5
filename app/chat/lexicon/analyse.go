package lexicon

import (
	"slices"
	"strings"

	"agentid/app/domain"
)

// Term is one reading of a slot: a stem or a concept, as the key of an index.
type Term struct {
	Key    string  // "es:tarjet", or "=card"
	Weight float64 // how sure the reading is, 0..1
}

// Slot is a word, or words that mean something together, with its readings.
type Slot struct {
	Text    string // folded, mended
	Kind    Kind
	Terms   []Term // strongest first; none for a Stop or Number
	Negated bool   // "no llega"
	Mended  bool
}

// Has tells whether a slot can mean a concept.
func (s Slot) Has(concept string) bool {
	return slices.ContainsFunc(s.Terms, func(t Term) bool { return t.Key == "="+concept })
}

// How sure readings are.
const (
	conceptWeight = 0.9  // a synonym is a little less than the word itself
	partWeight    = 0.45 // a word of a phrase, by itself
	otherLanguage = 0.8
	maxSlots      = 60
)

// token is a word on its way to a slot.
type token struct {
	word   string // wholly folded
	stem   string
	lang   domain.Lang
	kind   Kind
	others []repair // further readings of a mistyped word
	cost   float64  // of the mending
	neg    bool     // "no", "not"
}

// Mode says how forgiving the analysis is.
type Mode uint8

// The modes.
const (
	AsWritten Mode = iota // what staff wrote: no word is mended
	Mending               // what a visitor typed
)

// Analyse reads a text.
func (v *Vocabulary) Analyse(text string, l domain.Lang, m Mode) []Slot {
	var ts []token
	for _, w := range split(FoldAll(text)) {
		if len(ts) >= maxSlots {
			break
		}
		if full, ok := v.langs[l].short[w]; ok && m == Mending {
			for _, f := range full {
				ts = append(ts, v.known(f, l))
			}
			continue
		}
		ts = append(ts, v.token(w, l, m)...)
	}
	return v.slots(ts, l)
}

// known is the token of a word that needs no mending.
func (v *Vocabulary) known(w string, l domain.Lang) token {
	g := v.langs[l]
	t := token{word: w, stem: v.Stem(w, l), lang: l, kind: Plain}
	if k, ok := g.kind[w]; ok {
		t.kind = k
	}
	if (t.kind == Foreign || t.kind == Common) && v.words[l].weight[w] > 0 {
		t.kind = Plain // the answers use it
	}
	t.neg = w == "no" || w == "not" || w == "nunca" || w == "never" || w == "tampoco" || l == domain.English && (strings.HasSuffix(w, "nt") && g.kind[w] == Stop)
	return t
}

// token reads a word: as it is, in the other language, mended, or in two.
func (v *Vocabulary) token(w string, l domain.Lang, m Mode) []token {
	if number(w) {
		return []token{{word: w, stem: w, lang: l, kind: Number}}
	}
	if m == AsWritten || v.isWord(w, l) {
		return []token{v.known(w, l)}
	}
	other := domain.English
	if l == other {
		other = domain.Spanish
	}
	if s, ok := strings.CutSuffix(shrunk(w), "#"); ok && l == domain.Spanish && v.isWord(s, l) {
		return []token{v.known(s, l)}
	}
	if heard := v.heard(w, l); heard != "" {
		t := v.known(heard, l)
		t.cost = soundCost
		return []token{t}
	}
	if len(w) > 3 && v.isWord(w, other) {
		return []token{v.known(w, other)}
	}
	rs := v.repairs(w, l)
	if len(rs) == 0 || rs[0].cost > 1.2 {
		if a, b, ok := v.inTwo(w, l); ok {
			return []token{v.known(a, l), v.known(b, l)}
		}
	}
	if len(rs) > 0 {
		t := v.known(rs[0].word, l)
		t.others, t.cost = rs[1:], rs[0].cost
		return []token{t}
	}
	if len(w) > 4 {
		if rs := v.repairs(w, other); len(rs) > 0 && rs[0].cost < 0.8 {
			t := v.known(rs[0].word, other)
			t.cost = rs[0].cost
			return []token{t}
		}
	}
	t := v.known(w, l)
	if t.kind = Unknown; len(w) < 3 {
		t.kind = Light
	}
	return []token{t}
}

// isWord tells whether a word, or its stem, is known in a language.
func (v *Vocabulary) isWord(w string, l domain.Lang) bool {
	if v.has(w, l) {
		return true
	}
	s, telling := v.langs[l].stemOf(w, l)
	_, ok := v.words[l].stems[s]
	return ok && telling
}

// shrunk takes the diminutive from a Spanish word, and marks with # that there
// was one: "cuentita" is "cuenta#".
func shrunk(w string) string {
	for _, end := range []string{"it", "cit", "ecit"} {
		for _, last := range []string{"a", "o", "as", "os"} {
			if s, ok := strings.CutSuffix(w, end+last); ok && len(s) >= 3 {
				return s + last + "#"
			}
		}
	}
	return w
}

// inTwo parts words that were typed as one.
func (v *Vocabulary) inTwo(w string, l domain.Lang) (a, b string, ok bool) {
	best := 0
	for i := 2; i <= len(w)-3; i++ {
		x, y := w[:i], w[i:]
		if !v.has(x, l) || !v.has(y, l) || len(x) == 2 && v.langs[l].kind[x] != Stop {
			continue
		}
		if score := max(len(x), len(y)); score > best && len(w) >= 6 {
			best, a, b, ok = score, x, y, true
		}
	}
	return a, b, ok
}

// slots joins words to phrases and gives each its readings.
func (v *Vocabulary) slots(ts []token, l domain.Lang) []Slot {
	var out []Slot
	negated := 0 // for how many more words a "no" holds
	for i := 0; i < len(ts); {
		t := ts[i]
		n, concepts := v.phrase(ts[i:])
		if n > 0 {
			s := Slot{Kind: Plain, Negated: negated > 0}
			var words []string
			for _, p := range ts[i : i+n] {
				words = append(words, p.word)
				s.Mended = s.Mended || p.cost > 0
			}
			s.Text = strings.Join(words, " ")
			for _, c := range concepts {
				s.Terms = append(s.Terms, v.conceptTerm(c, conceptWeight))
			}
			for _, p := range ts[i : i+n] {
				if p.kind == Plain {
					s.Terms = addTerm(s.Terms, Term{stemKey(p), partWeight})
				}
			}
			if v.allLight(concepts) {
				s.Kind = Light
			}
			out = append(out, s)
			i += n
			negated--
			continue
		}
		i++
		out = append(out, v.slot(t, negated > 0))
		switch {
		case t.neg:
			negated = 2
		case t.kind > Stop:
			negated--
		}
	}
	return out
}

// slot is the slot of one word.
func (v *Vocabulary) slot(t token, negated bool) Slot {
	s := Slot{Text: t.word, Kind: t.kind, Negated: negated, Mended: t.cost > 0}
	if t.kind == Number {
		return s
	}
	g := v.langs[t.lang]
	sure := 1 - 0.25*t.cost
	if t.cost == 0 && t.kind != Stop {
		sure = 1
	}
	cs := g.concepts(t.word, t.stem)
	if t.kind == Stop {
		// A function word has a meaning only where it is listed: "donde".
		if cs = g.form(t.word); cs == nil {
			return s
		}
	}
	add := func(t token, cs []int, sure float64) {
		s.Terms = addTerm(s.Terms, Term{stemKey(t), sure})
		for _, c := range cs {
			w := conceptWeight * sure
			if len(cs) > 1 {
				w *= 0.85 // it can mean either
			}
			s.Terms = addTerm(s.Terms, v.conceptTerm(c, w))
		}
	}
	add(t, cs, sure)
	for _, r := range t.others {
		o := v.known(r.word, t.lang)
		if o.kind == Stop {
			continue
		}
		add(o, g.concepts(o.word, o.stem), (1-0.25*r.cost)*0.8)
	}
	switch {
	case len(cs) > 0 && v.allLight(cs):
		s.Kind = Light
	case len(cs) > 0:
		s.Kind = Plain
	}
	return s
}

func (v *Vocabulary) allLight(cs []int) bool {
	for _, c := range cs {
		if !v.light[c] {
			return false
		}
	}
	return true
}

func (v *Vocabulary) conceptTerm(c int, weight float64) Term {
	return Term{"=" + v.names[c], weight}
}

func stemKey(t token) string { return string(t.lang) + ":" + t.stem }

func addTerm(ts []Term, t Term) []Term {
	for i := range ts {
		if ts[i].Key == t.Key {
			ts[i].Weight = max(ts[i].Weight, t.Weight)
			return ts
		}
	}
	return append(ts, t)
}

// phrase finds the longest phrase at the beginning of the words, and all that
// it means. Function words in between do not matter: "no [me] llegó".
func (v *Vocabulary) phrase(ts []token) (n int, concepts []int) {
	first := ts[0]
	if first.kind == Number {
		return 0, nil
	}
	size := 0
	for _, p := range v.langs[first.lang].phrases[first.stem] {
		if len(p.stems) < size {
			break
		}
		if m := matches(ts, p.stems); m > 0 {
			if size = len(p.stems); m > n {
				n = m
			}
			if !slices.Contains(concepts, p.concept) {
				concepts = append(concepts, p.concept)
			}
		}
	}
	return n, concepts
}

// matches is how many words a phrase takes at the beginning of ts, 0 for none.
func matches(ts []token, stems []string) int {
	j := 0
	for k, stem := range stems {
		for skipped := 0; ; skipped++ {
			if j >= len(ts) || skipped > 2 {
				return 0
			}
			if ts[j].stem == stem {
				break
			}
			if k == 0 || ts[j].kind != Stop || ts[j].neg {
				return 0
			}
			j++
		}
		j++
	}
	return j
}
