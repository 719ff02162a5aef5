package chat

import (
	"iter"
	"math"
	"math/rand/v2"
)

// linear is a softmax regression from features to topics, learnt from the
// phrasings when an engine is made. A weight exists only where a feature
// occurs in a phrasing of the topic, so that it stays small with many topics.
type linear struct {
	rows   [][]cell // by feature
	wide   []bool   // those that are in so many topics that they tell none
	epochs int      // it learnt for
}

type cell struct {
	topic  int32
	weight float32
	grad2  float32 // sum of squared gradients, while learning
}

// example is a phrasing to learn from.
type example struct {
	topic int
	numbers
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

func learn(examples []example, features, topics int) *linear {
	m := &linear{rows: make([][]cell, features)}
	for _, e := range examples {
		for _, k := range e.ids {
			if m.cell(k, e.topic) == nil {
				m.rows[k] = append(m.rows[k], cell{topic: int32(e.topic)})
			}
		}
	}
	m.close(examples)
	logits := make([]float64, topics)
	var touched []int32
	for n := range shuffled(m.epochs, len(examples)) {
		e := examples[n]
		touched = m.score(e, logits, touched[:0])
		// Topics that no feature touches have logit 0.
		sum := float64(topics - len(touched))
		for _, t := range touched {
			sum += math.Exp(logits[t])
		}
		for _, t := range touched { // from here on what each is wrong by
			logits[t] = math.Exp(logits[t]) / sum
		}
		logits[e.topic]--
		m.correct(e, logits)
		for _, t := range touched {
			logits[t] = 0
		}
	}
	return m
}

// close leaves out what is in too many topics, and sets for how long to learn.
func (m *linear) close(examples []example) {
	if m.wide == nil {
		m.wide = make([]bool, len(m.rows))
	}
	for k := range m.rows {
		if m.wide[k] = m.wide[k] || len(m.rows[k]) > widest; m.wide[k] {
			m.rows[k] = nil
		}
	}
	visits := 1 // of cells, in one epoch
	for _, e := range examples {
		for _, f := range e.ids {
			visits += len(m.rows[f])
		}
	}
	m.epochs = max(2, min(epochs, budget/visits))
}

// shuffled gives the numbers up to n, in one order after another, which are
// always the same.
func shuffled(epochs, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range epochs {
			rng.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
			for _, k := range order {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// correct steps against what each topic is wrong by.
func (m *linear) correct(e example, wrong []float64) {
	for i, f := range e.ids {
		row, w := m.rows[f], e.weights[i]*sharpness
		for j := range row {
			c := &row[j]
			g := wrong[c.topic]*w + decay*float64(c.weight)
			c.grad2 += float32(g * g)
			c.weight -= float32(rate * g / (1e-4 + math.Sqrt(float64(c.grad2))))
		}
	}
}

func (m *linear) cell(f int32, topic int) *cell {
	for i := range m.rows[f] {
		if int(m.rows[f][i].topic) == topic {
			return &m.rows[f][i]
		}
	}
	return nil
}

// score is logits where few topics count: it appends those that it touched.
func (m *linear) score(e example, out []float64, touched []int32) []int32 {
	for i, k := range e.ids {
		for _, c := range m.rows[k] {
			if out[c.topic] == 0 {
				touched = append(touched, c.topic)
				out[c.topic] = 1e-12
			}
			out[c.topic] += e.weights[i] * sharpness * float64(c.weight)
		}
	}
	return touched
}

// logits adds the model's view of every topic to out.
func (m *linear) logits(n numbers, out []float64) {
	for i, k := range n.ids {
		w := n.weights[i] * sharpness
		for _, c := range m.rows[k] {
			out[c.topic] += w * float64(c.weight)
		}
	}
}
