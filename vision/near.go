package vision

import (
	"cmp"
	"math"
	"slices"

	"agentid/app/domain"
)

// Neighbour is somebody whose face is near another's.
type Neighbour struct {
	Person   domain.PersonID
	Distance float64 // in the gallery's metric
}

// nearProbes is how many of somebody's templates are compared with everybody
// else's: enough of their poses, and a time that does not grow with them.
const nearProbes = 8

// Near lists whose face is within a distance of somebody's, each by the nearest
// two templates, the nearest first: for staff to look for one who was registered
// twice. None where the person has no template here.
func (g *Gallery) Near(person domain.PersonID, within float64) (list []Neighbour) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	at, ok := g.index[person]
	if !ok {
		return nil
	}
	var probes [][]float32
	own := g.people[at]
	for i := range min(own.n, nearProbes) {
		r := own.start + i*own.n/min(own.n, nearProbes)
		probes = append(probes, g.rows[r*g.dim:(r+1)*g.dim])
	}
	for i := range g.people {
		s := &g.people[i]
		if s.n == 0 || s.person == person {
			continue
		}
		d := math.Inf(1)
		for _, p := range probes {
			d = min(d, g.exact(p, s))
		}
		if d <= within {
			list = append(list, Neighbour{Person: s.person, Distance: d})
		}
	}
	slices.SortFunc(list, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Person, b.Person))
	})
	return list
}
