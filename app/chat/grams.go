package chat

import (
	"math"
	"strings"

	"agentid/app/chat/lexicon"
)

// grams finds phrasings by runs of letters: near words stay near however they
// were mistyped or inflected.
type grams struct {
	id   map[string]int32
	idf  []float64
	hits [][]phrasingHit
}

// gramSizes are the lengths of the runs.
var gramSizes = [...]int{3, 4}

// maxGrams bounds the work for one question.
const maxGrams = 400

// runs lists the runs of letters of a text, words parted by a space, without
// those that are only function words.
func runs(slots []lexicon.Slot) []string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, s := range slots {
		if s.Kind == lexicon.Number || s.Kind == lexicon.Stop && len(s.Terms) == 0 {
			continue
		}
		b.WriteString(s.Text)
		b.WriteByte(' ')
	}
	text := b.String()
	var out []string
	for _, n := range gramSizes {
		for i := 0; i+n <= len(text) && len(out) < maxGrams; i++ {
			out = append(out, text[i:i+n])
		}
	}
	return out
}

func newGrams(texts [][]string) *grams {
	g := &grams{id: map[string]int32{}}
	df := []int{}
	counts := make([]map[int32]int, len(texts))
	for p, rs := range texts {
		counts[p] = map[int32]int{}
		for _, r := range rs {
			k, ok := g.id[r]
			if !ok {
				k = int32(len(df))
				g.id[r] = k
				df = append(df, 0)
			}
			if counts[p][k] == 0 {
				df[k]++
			}
			counts[p][k]++
		}
	}
	g.idf = make([]float64, len(df))
	for k, n := range df {
		g.idf[k] = math.Log(float64(len(texts)+1) / float64(n))
	}
	g.hits = make([][]phrasingHit, len(df))
	for p, rs := range texts {
		sum := 0.0
		for k, n := range counts[p] {
			w := g.idf[k] * (1 + math.Log(float64(n)))
			sum += w * w
		}
		if sum == 0 {
			continue
		}
		norm := math.Sqrt(sum)
		for _, r := range rs {
			k := g.id[r]
			if n := counts[p][k]; n > 0 {
				w := g.idf[k] * (1 + math.Log(float64(n)))
				g.hits[k] = append(g.hits[k], phrasingHit{int32(p), float32(w / norm)})
				counts[p][k] = 0
			}
		}
	}
	return g
}

// match adds the likeness of a text to every phrasing, 0..1.
func (g *grams) match(rs []string, out []float64) {
	count := map[int32]int{}
	var order []int32
	unseen := 0
	for _, r := range rs {
		k, ok := g.id[r]
		if !ok {
			unseen++
			continue
		}
		if count[k] == 0 {
			order = append(order, k)
		}
		count[k]++
	}
	top := math.Log(float64(len(out) + 1))
	sum := float64(unseen) * top * top
	for _, k := range order {
		w := g.idf[k] * (1 + math.Log(float64(count[k])))
		sum += w * w
	}
	if sum == 0 {
		return
	}
	norm := 1 / math.Sqrt(sum)
	for _, k := range order {
		w := g.idf[k] * (1 + math.Log(float64(count[k]))) * norm
		for _, h := range g.hits[k] {
			out[h.phrasing] += w * float64(h.weight)
		}
	}
}

// features lists the runs of a text for the linear model, of length 1 together.
func (g *grams) features(rs []string) []feature {
	count := map[int32]int{}
	var out []feature
	sum := 0.0
	for _, r := range rs {
		k, ok := g.id[r]
		if !ok {
			continue
		}
		if count[k]++; count[k] > 1 {
			continue
		}
		out = append(out, feature{r, g.idf[k]})
		sum += g.idf[k] * g.idf[k]
	}
	if sum > 0 {
		n := 1 / math.Sqrt(sum)
		for i := range out {
			out[i].weight *= n
		}
	}
	return out
}
