package eval

import (
	"math/rand/v2"
	"slices"
)

// Interval holds 95% of the resampled values.
type Interval [2]float64

// bootstrap draws the people anew, with replacement, n times, and calls f with
// each curve. People and not pairs are drawn, as the pairs of one person are
// alike: pairs would give intervals that are too narrow. A genuine pair weighs
// as often as its person was drawn, an impostor pair as often as its two were,
// or its one where the other is Somebody.
func bootstrap(p Pairs, people, n int, seed uint64, f func(*Curve)) {
	rng := rand.New(rand.NewPCG(seed, 0xb007))
	times := make([]float64, people)
	for range n {
		clear(times)
		for range people {
			times[rng.IntN(people)]++
		}
		c := newCurve(p, func(p Pair) float64 {
			if p.A == p.B || p.B == Somebody {
				return times[p.A]
			}
			return times[p.A] * times[p.B]
		})
		if c != nil {
			f(c)
		}
	}
}

// interval95 is the middle 95% of the values; it sorts them.
func interval95(v []float64) Interval {
	if len(v) == 0 {
		return Interval{}
	}
	slices.Sort(v)
	at := func(q float64) float64 { return v[int(q*float64(len(v)-1)+0.5)] }
	return Interval{at(0.025), at(0.975)}
}

// crossValidated is the accuracy when the threshold is chosen on nine tenths of
// the people and tried on the other tenth, in turn: what a threshold found on
// this set is worth on people it has not seen. False where a set is too small.
func crossValidated(p Pairs, people int, seed uint64) (float64, bool) {
	const folds = 10
	if people < 2*folds {
		return 0, false
	}
	fold := make([]int, people)
	for i, k := range rand.New(rand.NewPCG(seed, 0xf01d)).Perm(people) {
		fold[k] = i % folds
	}
	var genuine, accepted, impostor, refused float64
	for f := range folds {
		train := newCurve(p, func(p Pair) float64 {
			if fold[p.A] == f || fold[p.B] == f {
				return 0
			}
			return 1
		})
		if train == nil {
			return 0, false
		}
		t := train.Best().Threshold
		for _, q := range p.Genuine {
			if fold[q.A] == f {
				genuine++
				if q.Distance <= t {
					accepted++
				}
			}
		}
		for _, q := range p.Impostor {
			if fold[q.A] == f && fold[q.B] == f {
				impostor++
				if q.Distance > t {
					refused++
				}
			}
		}
	}
	if genuine == 0 || impostor == 0 {
		return 0, false
	}
	return (accepted/genuine + refused/impostor) / 2, true
}
