package eval

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"agentid/vision"
)

// Sample is one encoded face.
type Sample struct {
	Person int // index of the person in the set
	Vector []float32
}

// Pair is the distance between two samples, and whose they are.
type Pair struct {
	Distance float64
	A, B     int
}

// Pairs are compared samples, nearest first.
type Pairs struct {
	Genuine  []Pair // of one person
	Impostor []Pair // of two people
}

// MakePairs compares all samples of one person with each other, and all samples
// of different people; where these are more than maxImpostors, so many of them,
// drawn with the seed.
func MakePairs(samples []Sample, m vision.Metric, maxImpostors int, seed uint64) Pairs {
	total := len(samples) * (len(samples) - 1) / 2
	rng := rand.New(rand.NewPCG(seed, 0x9a1f))
	left := 0 // impostor pairs not yet seen
	people := map[int]int{}
	for _, s := range samples {
		people[s.Person]++
	}
	left = total
	for _, n := range people {
		left -= n * (n - 1) / 2
	}
	want := min(maxImpostors, left)
	var p Pairs
	for i, a := range samples {
		for _, b := range samples[:i] {
			if a.Person == b.Person {
				p.Genuine = append(p.Genuine, Pair{m.Distance(a.Vector, b.Vector), a.Person, b.Person})
				continue
			}
			// Each of those left is taken with the chance that fills the sample
			// exactly (Knuth's algorithm S).
			if want == left || rng.IntN(left) < want {
				p.Impostor = append(p.Impostor, Pair{m.Distance(a.Vector, b.Vector), a.Person, b.Person})
				want--
			}
			left--
		}
	}
	byDistance := func(a, b Pair) int { return cmp.Compare(a.Distance, b.Distance) }
	slices.SortStableFunc(p.Genuine, byDistance)
	slices.SortStableFunc(p.Impostor, byDistance)
	return p
}

// Balance gives the pairs with only as many impostor pairs as genuine ones,
// drawn with the seed, still nearest first.
func (p Pairs) Balance(seed uint64) Pairs {
	n := min(len(p.Genuine), len(p.Impostor))
	rng := rand.New(rand.NewPCG(seed, 0x51c3))
	picked := rng.Perm(len(p.Impostor))[:n]
	slices.Sort(picked)
	out := Pairs{Genuine: p.Genuine, Impostor: make([]Pair, n)}
	for i, k := range picked {
		out.Impostor[i] = p.Impostor[k]
	}
	return out
}
