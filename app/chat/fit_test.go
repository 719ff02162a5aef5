package chat

import (
	"flag"
	"fmt"
	"go/format"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"agentid/app/chat/lexicon"
)

// go test ./app/chat -run TestFit -fit writes fitted.go anew from the
// development questions.
var fit = flag.Bool("fit", false, "fit the weights on the development questions and write fitted.go")

var crossValidate = flag.Bool("cv", false, "with -fit: also tell what to expect of questions that were not fitted on")

// seen is a development question with what the engine sees in it.
type seen struct {
	evalCase
	alone, with []candidate // with the question before, where it may matter
	useWith     bool
	weight      float64
}

// pick is the list that the engine would go by.
func (s seen) pick() []candidate {
	if s.useWith {
		return s.with
	}
	return s.alone
}

// look ranks a question with given weights, before any decision.
func look(e *Engine, c evalCase) seen {
	s := seen{evalCase: c, weight: 1}
	l := e.Guess(c.question, "")
	slots := e.vocab.Analyse(c.question, l, lexicon.Mending)
	if smallTalk(slots) != NoTalk {
		return s
	}
	s.alone = e.rank(slots, nil)
	if past := e.past(Context{Previous: c.previous}, l, c.question, slots); past != nil {
		s.with = e.rank(slots, past)
		s.useWith = leans(c.question, l, slots) || best(s.with) > best(s.alone)
	}
	return s
}

// fitRank learns the weights of the signals: the belief in the right topic
// among the candidates is made as great as can be.
func fitRank(set []seen, e *Engine, w [signals]float64) [signals]float64 {
	const l2 = 0.002
	var m, v [signals]float64
	start := w
	for step := 1; step <= 300; step++ {
		var grad [signals]float64
		n := 0.0
		for _, s := range set {
			cs := s.pick()
			right := -1
			for i, c := range cs {
				if e.topics[c.topic].id == s.want {
					right = i
				}
			}
			if right < 0 {
				continue
			}
			n += s.weight
			top := math.Inf(-1)
			scores := make([]float64, len(cs))
			for i, c := range cs {
				for k := range w {
					scores[i] += w[k] * c.signals[k]
				}
				top = math.Max(top, scores[i])
			}
			sum := 0.0
			for i := range scores {
				scores[i] = math.Exp(scores[i] - top)
				sum += scores[i]
			}
			for i, c := range cs {
				g := scores[i] / sum
				if i == right {
					g--
				}
				for k := range w {
					grad[k] += s.weight * g * c.signals[k]
				}
			}
		}
		for k := range w {
			g := grad[k]/n + l2*(w[k]-start[k])*0.1
			adam(&w[k], &m[k], &v[k], g, step, 0.1)
			w[k] = math.Max(0, w[k])
		}
	}
	return w
}

func adam(w, m, v *float64, g float64, step int, rate float64) {
	*m = 0.9**m + 0.1*g
	*v = 0.999**v + 0.001*g*g
	mh, vh := *m/(1-math.Pow(0.9, float64(step))), *v/(1-math.Pow(0.999, float64(step)))
	*w -= rate * mh / (math.Sqrt(vh) + 1e-8)
}

// fitConfidence learns when the first candidate is right.
func fitConfidence(set []seen, e *Engine) (w [evidences]float64) {
	const l2 = 0.0005
	var m, v [evidences]float64
	outside, total := 0.0, 0.0
	for _, s := range set {
		if total += s.weight; s.want == outOfScope {
			outside += s.weight
		}
	}
	for step := 1; step <= 1200; step++ {
		var grad [evidences]float64
		n := 0.0
		for _, s := range set {
			cs := s.pick()
			if len(cs) == 0 {
				continue
			}
			y, weight := 0.0, s.weight
			if s.want == outOfScope {
				weight *= total / outside / 3
			} else if e.topics[cs[0].topic].id == s.want {
				y = 1
			}
			z := 0.0
			for k := range w {
				z += w[k] * cs[0].evidence[k]
			}
			g := (1/(1+math.Exp(-z)) - y) * weight
			n += weight
			for k := range w {
				grad[k] += g * cs[0].evidence[k]
			}
		}
		for k := range w {
			g := grad[k]/n + l2*w[k]
			if k == evOne {
				g = grad[k] / n
			}
			adam(&w[k], &m[k], &v[k], g, step, 0.05)
			if k == evUnknown || k == evForeign || k == evCommon { // never speaks for an answer
				w[k] = math.Min(w[k], 0)
			}
		}
	}
	return w
}

// threshold finds the confidence from which answering serves both floors best.
func threshold(set []seen, e *Engine) float64 {
	bestAt, bestScore := 0.5, math.Inf(-1)
	for t := 0.05; t < 0.95; t += 0.01 {
		var asked, right, outside, refused float64
		for _, q := range set {
			cs := q.pick()
			got := ""
			if len(cs) > 0 && cs[0].confidence >= t {
				got = e.topics[cs[0].topic].id
			}
			switch {
			case q.want == outOfScope && got == "":
				refused += q.weight
				fallthrough
			case q.want == outOfScope:
				outside += q.weight
			case got == q.want:
				right += q.weight
				fallthrough
			default:
				asked += q.weight
			}
		}
		one, no := right/asked, refused/outside
		// Both floors matter alike, in the middle of what each can lose.
		if score := math.Min((one-0.92)/0.08, (no-0.90)/0.10) + 0.05*(one+no); score > bestScore {
			bestAt, bestScore = t, score
		}
	}
	return math.Round(bestAt*100) / 100
}

// half is an engine that has learnt half of the lexicon's questions, with the
// other half as questions that it never saw.
type half struct {
	e     *Engine
	cases []evalCase
}

// unseenWeight is what such a question weighs, against one of the development
// half: there are more of them, and they have no mistakes in them.
const unseenWeight = 0.12

func halves(t testing.TB) []half {
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	var out []half
	for k := range 2 {
		leave := func(q string) bool {
			h := fnv.New32a()
			h.Write([]byte(q))
			return int(h.Sum32()>>3)%2 == k
		}
		e, err := New(c[0], c[1], Options{leave: leave})
		if err != nil {
			t.Fatal(err)
		}
		h := half{e: e}
		x := e.options.Lexicon
		for _, l := range x.Languages() {
			for _, q := range x.Outside(l) {
				if leave(q) {
					h.cases = append(h.cases, evalCase{question: q, want: outOfScope})
				}
			}
		}
		for _, topic := range e.Topics() {
			for _, q := range x.Asked(topic) {
				if leave(q) {
					h.cases = append(h.cases, evalCase{question: q, want: topic})
				}
			}
		}
		out = append(out, h)
	}
	return out
}

// fitAll fits everything on some development questions, and on questions that
// half an engine never saw.
func fitAll(hs []half, cases []evalCase) tuning {
	tu := fitted
	tu.rank = [signals]float64{sigLinear: 8, sigBM25: 4, sigPhrasing: 6, sigSecond: 2, sigLetters: 4, sigGrams: 4, sigCover: 4}
	tu.sure, tu.unsure = 0.5, 0.02
	var set []seen
	again := func() {
		set = set[:0]
		for _, h := range hs {
			h.e.tuning = tu
			for _, c := range cases {
				s := look(h.e, c)
				s.weight = 1 / float64(len(hs))
				set = append(set, s)
			}
			for _, c := range h.cases {
				s := look(h.e, c)
				s.weight = unseenWeight
				set = append(set, s)
			}
		}
	}
	for range 2 {
		again()
		tu.rank = fitRank(set, hs[0].e, tu.rank)
		again()
		tu.confidence = fitConfidence(set, hs[0].e)
	}
	again()
	tu.sure = threshold(set, hs[0].e)
	return tu
}

func devCases(t testing.TB) []evalCase {
	f, err := os.Open("testdata/eval/dev.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases, err := readEval(f)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestFit(t *testing.T) {
	if !*fit {
		t.Skip("skipped: run with -fit to write fitted.go")
	}
	cases := devCases(t)
	rng := rand.New(rand.NewPCG(3, 4))
	rng.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(c[0], c[1], Options{}) // its own: the weights change
	if err != nil {
		t.Fatal(err)
	}
	hs := halves(t)
	// What to expect of questions that were not fitted on.
	const folds = 4
	var total Score
	for k := 0; *crossValidate && k < folds; k++ {
		var train, test []evalCase
		for i, c := range cases {
			if i%folds == k {
				test = append(test, c)
			} else {
				train = append(train, c)
			}
		}
		e.tuning = fitAll(hs, train)
		total = total.plus(e.evaluate(test).Score)
	}
	if one, three, no := total.Rates(); *crossValidate {
		t.Logf("cross-validated on %d folds: top-1 %.3f, top-3 %.3f, refused %.3f", folds, one, three, no)
	}

	tu := fitAll(hs, cases)
	var b strings.Builder
	b.WriteString("package chat\n\n// Written by: go test ./app/chat -run TestFit -fit\n\nvar fitted = tuning{\n\trank: [signals]float64{\n")
	for i, n := range []string{"sigLinear", "sigBM25", "sigPhrasing", "sigSecond", "sigLetters", "sigGrams", "sigCover"} {
		fmt.Fprintf(&b, "\t\t%s: %.3f,\n", n, tu.rank[i])
	}
	b.WriteString("\t},\n\tconfidence: [evidences]float64{\n")
	for i, n := range []string{"evOne", "evShare", "evMargin", "evPhrasing", "evGrams", "evCover", "evBM25", "evLinear", "evUnknown", "evLetters", "evForeign", "evCommon", "evWords", "evTyped", "evMass", "evLong", "evOutLinear", "evOutLetters", "evOutPhrasing", "evOutGrams"} {
		fmt.Fprintf(&b, "\t\t%s: %.3f,\n", n, tu.confidence[i])
	}
	fmt.Fprintf(&b, "\t},\n\tsure:   %.2f,\n\tunsure: %.2f,\n}\n", tu.sure, tu.unsure)
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("fitted.go", src, 0o644); err != nil {
		t.Fatal(err)
	}
}
