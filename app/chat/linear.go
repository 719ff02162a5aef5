package chat

import (
	"math"
	"math/rand/v2"
)

// linear is a softmax regression from features to topics, learnt from the
// phrasings when an engine is made. A weight exists only where a feature
// occurs in a phrasing of the topic, so that it stays small with many topics.
type linear struct {
	id     map[string]int32
	rows   [][]cell // by feature
	topics int
}

type cell struct {
	topic  int32
	weight float32
	grad2  float32 // sum of squared gradients, while learning
}

// example is a phrasing to learn from.
type example struct {
	topic    int
	features []feature
}

// Learning: AdaGrad over the phrasings in an order that is always the same.
const (
	epochs    = 20
	rate      = 0.5
	decay     = 3e-3
	sharpness = 4.0 // of features of length 1

	widest = 150        // topics that a feature may be of
	budget = 80_000_000 // steps, so that many entries do not make a kiosk wait
)

func learn(examples []example, topics int) *linear {
	m := &linear{id: map[string]int32{}, topics: topics}
	type indexed struct {
		topic int
		fs    []int32
		ws    []float64
	}
	set := make([]indexed, len(examples))
	visits := 1 // of cells, in one epoch
	for i, e := range examples {
		set[i].topic = e.topic
		for _, f := range e.features {
			k, ok := m.id[f.key]
			if !ok {
				k = int32(len(m.rows))
				m.id[f.key] = k
				m.rows = append(m.rows, nil)
			}
			if m.cell(k, e.topic) == nil {
				m.rows[k] = append(m.rows[k], cell{topic: int32(e.topic)})
			}
			set[i].fs = append(set[i].fs, k)
			set[i].ws = append(set[i].ws, f.weight*sharpness)
		}
	}
	for k := range m.rows {
		if len(m.rows[k]) > widest {
			m.rows[k] = nil // in so many topics that it tells none
		}
	}
	for _, e := range set {
		for _, f := range e.fs {
			visits += len(m.rows[f])
		}
	}
	order := make([]int, len(set))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float64, topics)
	var touched []int32
	for range max(2, min(epochs, budget/visits)) {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, n := range order {
			e := set[n]
			touched = touched[:0]
			for i, f := range e.fs {
				for _, c := range m.rows[f] {
					if logits[c.topic] == 0 {
						touched = append(touched, c.topic)
						logits[c.topic] = 1e-12
					}
					logits[c.topic] += e.ws[i] * float64(c.weight)
				}
			}
			// Topics that no feature touches have logit 0.
			sum := float64(topics - len(touched))
			for _, t := range touched {
				sum += math.Exp(logits[t])
			}
			for _, t := range touched { // from here on what each is wrong by
				logits[t] = math.Exp(logits[t]) / sum
			}
			logits[e.topic]--
			for i, f := range e.fs {
				row := m.rows[f]
				for j := range row {
					c := &row[j]
					g := logits[c.topic]*e.ws[i] + decay*float64(c.weight)
					c.grad2 += float32(g * g)
					c.weight -= float32(rate * g / (1e-4 + math.Sqrt(float64(c.grad2))))
				}
			}
			for _, t := range touched {
				logits[t] = 0
			}
		}
	}
	return m
}

func (m *linear) cell(f int32, topic int) *cell {
	for i := range m.rows[f] {
		if int(m.rows[f][i].topic) == topic {
			return &m.rows[f][i]
		}
	}
	return nil
}

// logits adds the model's view of every topic to out.
func (m *linear) logits(fs []feature, out []float64) {
	for _, f := range fs {
		k, ok := m.id[f.key]
		if !ok {
			continue
		}
		w := f.weight * sharpness
		for _, c := range m.rows[k] {
			out[c.topic] += w * float64(c.weight)
		}
	}
}
