package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"agentid/app/chat/faq"
)

// many makes n entries of made-up words beside the ones that the kiosk comes
// with, so that questions still find what they look for.
func many(tb testing.TB, n int) *Engine {
	tb.Helper()
	c, err := content()
	if err != nil {
		tb.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	syllables := []string{"ba", "co", "du", "fe", "gi", "lo", "ma", "ne", "pi", "ro", "sa", "te", "vu", "cha", "tra", "ción", "mente", "dad"}
	word := func() string {
		s := ""
		for range 2 + rng.IntN(3) {
			s += syllables[rng.IntN(len(syllables))]
		}
		return s
	}
	words := make([]string, 3000)
	for i := range words {
		words[i] = word()
	}
	common := []string{"cuenta", "tarjeta", "quiero", "cómo", "pagar", "dónde", "mi", "la", "no", "banco"}
	question := func() string {
		s := ""
		for range 4 + rng.IntN(4) {
			if rng.IntN(3) == 0 {
				s += common[rng.IntN(len(common))] + " "
			} else {
				s += words[rng.IntN(len(words))] + " "
			}
		}
		return s
	}
	var sets [2][]faq.Entry
	for l := range sets {
		sets[l] = slices.Clone(c[l])
	}
	for i := len(sets[0]); i < n; i++ {
		for l := range sets {
			e := faq.Entry{ID: fmt.Sprintf("made_up_%d", i), Category: "ayuda", Title: question() + fmt.Sprint(i), Answer: []faq.Block{{Text: question() + question() + question()}}}
			for range 7 {
				e.Phrasings = append(e.Phrasings, question()+word()+word())
			}
			sets[l] = append(sets[l], e)
		}
	}
	e, err := New(sets[0], sets[1], Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// BenchmarkAsk1000 asks the development questions of 1,000 entries, and tells
// the 99th percentile.
func BenchmarkAsk1000(b *testing.B) {
	e := many(b, 1000)
	cases := devCases(b)
	var took []time.Duration
	i := 0
	for b.Loop() {
		c := cases[i%len(cases)]
		i++
		begin := time.Now()
		e.Ask(Context{Previous: c.previous}, c.question)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func BenchmarkNew(b *testing.B) {
	c, err := content()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := New(c[0], c[1], Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGaps makes a board of as many questions as it takes, of which most
// are like no other.
func BenchmarkGaps(b *testing.B) {
	e := engine(b)
	cases := devCases(b)
	var past []Exchange
	for i := range maxGapExchanges {
		c := cases[i%len(cases)]
		past = append(past, Exchange{
			ID: fmt.Sprint(i), At: time.Unix(int64(i), 0), Question: fmt.Sprintf("%s palabra%d", c.question, i/3), Outcome: OutcomeLost,
		})
	}
	for b.Loop() {
		b.ReportMetric(float64(len(e.Gaps(past))), "themes")
	}
}
