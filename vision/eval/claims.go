package eval

import (
	"math"
	"math/rand/v2"

	"agentid/vision"
)

// What a 1:1 check compares with: a capture leaves EnrolTemplates of a person,
// and below minTemplates "several" says nothing.
const (
	EnrolTemplates = 5
	minTemplates   = 2
)

// Claims are the comparisons of a 1:1 check as the kiosk makes it, and what
// they were made with.
type Claims struct {
	Pairs
	People    int     // with templates enough to be claimed to be
	Templates float64 // compared with, on average
	Lost      int     // genuine probes that gave no face
}

// MakeClaims lets every sample claim to be every person of whom enough other
// samples are there: the distance is that to the nearest of their templates,
// EnrolTemplates at most. A person's own sample is left out of the templates it
// is compared with; an impostor's claim leaves one out as well, in turn, so that
// both are compared with as many. In a pair, A is who is claimed and B the probe.
// Of more than maxImpostors impostor claims so many are drawn, with the seed.
func MakeClaims(samples []Sample, m vision.Metric, maxImpostors int, seed uint64) Claims {
	of := map[int][]int{} // samples of a person, by index
	var people []int      // in the order of their first sample
	for i, s := range samples {
		if of[s.Person] == nil {
			people = append(people, s.Person)
		}
		of[s.Person] = append(of[s.Person], i)
	}
	var c Claims
	impostors := 0
	for _, p := range people {
		if n := len(of[p]); n > minTemplates {
			c.People++
			impostors += len(samples) - n
		}
	}
	draw := sampler{min(maxImpostors, impostors), impostors, rand.New(rand.NewPCG(seed, 0xc1a1))}
	var compared, made int
	for _, p := range people {
		own := of[p]
		if len(own) <= minTemplates {
			continue
		}
		nearest := func(probe Sample, without int) float64 {
			d := math.Inf(1)
			k := min(len(own)-1, EnrolTemplates)
			for t := 1; t <= k; t++ {
				d = min(d, m.Distance(samples[own[(without+t)%len(own)]].Vector, probe.Vector))
			}
			compared, made = compared+k, made+1
			return d
		}
		for i, s := range own {
			c.Genuine = append(c.Genuine, Pair{nearest(samples[s], i), p, p})
		}
		turn := 0
		for _, s := range samples {
			if s.Person != p && draw.take() {
				c.Impostor = append(c.Impostor, Pair{nearest(s, turn%len(own)), p, s.Person})
				turn++
			}
		}
	}
	if made > 0 {
		c.Templates = float64(compared) / float64(made)
	}
	c.Sort()
	return c
}

// lost counts the pictures that would have been genuine claims.
func (c Claims) lost(samples []Sample, set Set) (n int) {
	usable := map[int]int{}
	for _, s := range samples {
		usable[s.Person]++
	}
	for i, p := range set.People {
		if usable[i] > minTemplates {
			n += len(p.Files) - usable[i]
		}
	}
	return n
}
