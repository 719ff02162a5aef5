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
	var df, seen []int32 // of a run: the texts that have it, and the last one of these
	ids := make([][]int32, len(texts))
	for p, rs := range texts {
		ids[p] = make([]int32, len(rs))
		for i, r := range rs {
			k, ok := g.id[r]
			if !ok {
				k = int32(len(df))
				g.id[r] = k
				df, seen = append(df, 0), append(seen, -1)
			}
			if seen[k] != int32(p) {
				df[k]++
				seen[k] = int32(p)
			}
			ids[p][i] = k
		}
	}
	g.idf = make([]float64, len(df))
	g.hits = make([][]phrasingHit, len(df))
	for k, n := range df {
		g.idf[k] = math.Log(float64(len(texts)+1) / float64(n))
		g.hits[k] = make([]phrasingHit, 0, n)
	}
	count := make([]int, len(df))
	for p, ks := range ids {
		for _, k := range ks {
			count[k]++
		}
		sum := 0.0
		once := ks[:0] // each in the order in which it comes first
		for _, k := range ks {
			if n := count[k]; n > 0 {
				w := g.idf[k] * (1 + math.Log(float64(n)))
				sum += w * w
				g.hits[k] = append(g.hits[k], phrasingHit{int32(p), float32(w)})
				once = append(once, k)
				count[k] = 0
			}
		}
		norm := float32(math.Sqrt(sum))
		for _, k := range once {
			h := &g.hits[k][len(g.hits[k])-1]
			if h.weight /= norm; sum == 0 {
				g.hits[k] = g.hits[k][:len(g.hits[k])-1]
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
func (g *grams) features(rs []string) numbers {
	out := numbers{make([]int32, 0, len(rs)), make([]float64, 0, len(rs))}
	for _, r := range rs {
		if k, ok := g.id[r]; ok {
			out.ids = append(out.ids, k)
		}
	}
	// A run counts once, where it comes first.
	seen := make(map[int32]struct{}, len(out.ids))
	sum, n := 0.0, 0
	for _, k := range out.ids {
		if _, ok := seen[k]; ok {
			continue
		}
		seen[k] = struct{}{}
		out.ids[n] = k
		out.weights = append(out.weights, g.idf[k])
		sum += g.idf[k] * g.idf[k]
		n++
	}
	out.ids = out.ids[:n]
	if sum > 0 {
		scale := 1 / math.Sqrt(sum)
		for i := range out.weights {
			out.weights[i] *= scale
		}
	}
	return out
}
