package chat

import (
	"math"

	"agentid/app/domain"
)

// index finds topics and phrasings by term.
type index struct {
	topics    int
	id        map[string]int32
	idf       []float64
	byTopic   [][]topicHit    // by term
	byAsked   [][]phrasingHit // by term
	phrasings []phrasing
	idfMax    float64
}

type topicHit struct {
	topic int32
	tf    float32 // BM25F: weighted by field and by length
	asked bool    // in its title or phrasings, not only in its answer
}

type phrasingHit struct {
	phrasing int32
	weight   float32
}

type phrasing struct {
	topic int
	lang  domain.Lang
	slots []aSlot
	norm  float64
}

// BM25F: how much the fields count, and when more of a word says no more.
const (
	titleField    = 2.0
	phrasingField = 1.0
	answerField   = 0.25
	bmK           = 2.5
	bmB           = 0.4
)

// indexer gathers what index is made from.
type indexer struct {
	ix  *index
	tf  []map[int]*topicHit // by term
	len []float64           // by topic
}

func newIndexer(topics int) *indexer {
	return &indexer{ix: &index{topics: topics, id: map[string]int32{}}, len: make([]float64, topics)}
}

func (b *indexer) term(key string) int32 {
	k, ok := b.ix.id[key]
	if !ok {
		k = int32(len(b.tf))
		b.ix.id[key] = k
		b.tf = append(b.tf, map[int]*topicHit{})
	}
	return k
}

// field adds the slots of a field of a topic.
func (b *indexer) field(topic int, slots []aSlot, weight float64) {
	for _, s := range slots {
		b.len[topic] += weight
		for _, t := range s.Terms {
			m := b.tf[b.term(t.Key)]
			h := m[topic]
			if h == nil {
				h = &topicHit{topic: int32(topic)}
				m[topic] = h
			}
			h.tf += float32(weight * t.Weight)
			h.asked = h.asked || weight > answerField
		}
	}
}

// asked adds a phrasing.
func (b *indexer) asked(topic int, lang domain.Lang, slots []aSlot) {
	b.ix.phrasings = append(b.ix.phrasings, phrasing{topic: topic, lang: lang, slots: slots})
}

// build closes the gathering.
func (b *indexer) build() *index {
	ix := b.ix
	mean := 0.0
	for _, n := range b.len {
		mean += n / float64(max(1, ix.topics))
	}
	ix.idf = make([]float64, len(b.tf))
	ix.byTopic = make([][]topicHit, len(b.tf))
	ix.byAsked = make([][]phrasingHit, len(b.tf))
	for k, m := range b.tf {
		df := 0.0
		for t := range ix.topics {
			h := m[t]
			if h == nil {
				continue
			}
			if h.asked {
				df++
			} else {
				df += 0.3
			}
			h.tf /= float32(1 - bmB + bmB*b.len[t]/mean)
			ix.byTopic[k] = append(ix.byTopic[k], *h)
		}
		ix.idf[k] = math.Log(1 + (float64(ix.topics)-df+0.5)/(df+0.5))
	}
	ix.idfMax = math.Log(1 + (float64(ix.topics)-0.5)/1.5)
	for p := range ix.phrasings {
		ph := &ix.phrasings[p]
		sum := 0.0
		best := map[int32]float64{}
		for _, s := range ph.slots {
			w := ix.weight(s)
			sum += w * w
			for _, t := range s.Terms {
				k := ix.id[t.Key]
				best[k] = max(best[k], w*t.Weight)
			}
		}
		ph.norm = math.Sqrt(sum)
		for _, s := range ph.slots { // in order, so that an index is always the same
			for _, t := range s.Terms {
				if k := ix.id[t.Key]; best[k] > 0 {
					ix.byAsked[k] = append(ix.byAsked[k], phrasingHit{int32(p), float32(best[k])})
					delete(best, k)
				}
			}
		}
		ph.slots = nil
	}
	return ix
}

// weight is how telling a slot is: the rarity of its broadest reading, the
// most where no topic knows it.
func (ix *index) weight(s aSlot) float64 {
	idf := ix.idfMax
	if i, ok := ix.id[firstKey(s)]; ok {
		idf = ix.idf[i]
	}
	return s.factor * idf
}

// firstKey is the reading that a slot is weighed by.
func firstKey(s aSlot) string {
	if len(s.Terms) == 0 {
		return ""
	}
	return mainKey(s)
}
