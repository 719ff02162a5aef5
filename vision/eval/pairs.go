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

// Somebody is the B of an impostor pair whose other person is not known.
const Somebody = -1

// Pairs are compared samples, nearest first.
type Pairs struct {
	Genuine  []Pair // of one person
	Impostor []Pair // of two people
}

// sampler takes exactly want of left, each with the same chance (Knuth's
// algorithm S).
type sampler struct {
	want, left int
	rng        *rand.Rand
}

func (s *sampler) take() bool {
	yes := s.want == s.left || s.rng.IntN(s.left) < s.want
	if yes {
		s.want--
	}
	s.left--
	return yes
}

// MakePairs compares all samples of one person with each other, and all samples
// of different people; where these are more than maxImpostors, so many of them,
// drawn with the seed.
func MakePairs(samples []Sample, m vision.Metric, maxImpostors int, seed uint64) Pairs {
	impostors := len(samples) * (len(samples) - 1) / 2
	people := map[int]int{}
	for _, s := range samples {
		people[s.Person]++
	}
	for _, n := range people {
		impostors -= n * (n - 1) / 2
	}
	draw := sampler{min(maxImpostors, impostors), impostors, rand.New(rand.NewPCG(seed, 0x9a1f))}
	var p Pairs
	for i, a := range samples {
		for _, b := range samples[:i] {
			switch {
			case a.Person == b.Person:
				p.Genuine = append(p.Genuine, Pair{m.Distance(a.Vector, b.Vector), a.Person, b.Person})
			case draw.take():
				p.Impostor = append(p.Impostor, Pair{m.Distance(a.Vector, b.Vector), a.Person, b.Person})
			}
		}
	}
	p.Sort()
	return p
}

// Sort brings the nearest first, which everything here expects.
func (p Pairs) Sort() {
	byDistance := func(a, b Pair) int { return cmp.Compare(a.Distance, b.Distance) }
	slices.SortStableFunc(p.Genuine, byDistance)
	slices.SortStableFunc(p.Impostor, byDistance)
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
