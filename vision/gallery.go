package vision

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"agentid/app/domain"
)

// Gallery holds the templates of one encoder and answers who is nearest to a
// probe. It scores people, not samples: somebody with many templates gains
// nothing by their number. Safe for concurrent use.
type Gallery struct {
	ref    domain.EncoderRef
	metric Metric
	dim    int

	mu     sync.RWMutex
	rows   []float32 // templates, one after another, dim floats each
	norms  []float32 // squared length of each row
	people []segment // in the order of their rows
	index  map[domain.PersonID]int
	dead   int // rows of people removed since the last compaction
}

// segment is the contiguous rows of one person; n is 0 once removed.
type segment struct {
	person   domain.PersonID
	start, n int
}

// Match is the answer to a probe. Where there is nobody (or nobody else),
// Person (or SecondPerson) is empty and its distance is +Inf.
type Match struct {
	Person, SecondPerson domain.PersonID
	Distance, Second     float64 // in the gallery's metric
}

// ErrTemplate says that a vector does not fit the gallery.
var ErrTemplate = errors.New("template does not fit the encoder")

// NewGallery makes an empty gallery for an encoder whose vectors have dim values.
func NewGallery(ref domain.EncoderRef, metric Metric, dim int) *Gallery {
	return &Gallery{ref: ref, metric: metric, dim: dim, index: map[domain.PersonID]int{}}
}

// Len is how many people and templates there are.
func (g *Gallery) Len() (people, templates int) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.index), len(g.norms) - g.dead
}

// Grow makes room for n more templates.
func (g *Gallery) Grow(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rows = slices.Grow(g.rows, n*g.dim)
	g.norms = slices.Grow(g.norms, n)
}

// Add gives a person more templates; all of them fit, or none is added.
func (g *Gallery) Add(person domain.PersonID, vectors ...[]float32) error {
	for _, v := range vectors {
		if err := g.check(v); err != nil {
			return err
		}
	}
	if len(vectors) == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	seg := segment{person: person, start: len(g.norms)}
	if i, ok := g.index[person]; ok {
		old := g.people[i]
		if old.start+old.n == len(g.norms) { // already last: append in place
			seg = old
			g.people = g.people[:i]
		} else {
			g.rows = append(g.rows, g.rows[old.start*g.dim:(old.start+old.n)*g.dim]...)
			g.norms = append(g.norms, g.norms[old.start:old.start+old.n]...)
			seg.n = old.n
			g.drop(i)
		}
	}
	for _, v := range vectors {
		var n float32
		for _, x := range v {
			n += x * x
		}
		g.rows = append(g.rows, v...)
		g.norms = append(g.norms, n)
	}
	seg.n += len(vectors)
	g.index[person] = len(g.people)
	g.people = append(g.people, seg)
	g.compact()
	return nil
}

func (g *Gallery) check(v []float32) error {
	if len(v) != g.dim {
		return fmt.Errorf("%w: %d values, want %d", ErrTemplate, len(v), g.dim)
	}
	for _, x := range v {
		if x != x || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%w: not a finite number", ErrTemplate)
		}
	}
	return nil
}

// Remove forgets a person; their numbers are overwritten at once.
func (g *Gallery) Remove(person domain.PersonID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, ok := g.index[person]; ok {
		g.drop(i)
		delete(g.index, person)
		g.compact()
	}
}

// drop empties a segment. Rows of NaN would poison a scan, zeros would be near
// the origin: Match skips them by n == 0.
func (g *Gallery) drop(i int) {
	s := &g.people[i]
	clear(g.rows[s.start*g.dim : (s.start+s.n)*g.dim])
	g.dead += s.n
	s.n = 0
}

// compact closes the gaps once a quarter is gaps.
func (g *Gallery) compact() {
	if g.dead < 64 || g.dead*4 < len(g.norms) {
		return
	}
	row, kept := 0, g.people[:0]
	for _, s := range g.people {
		if s.n == 0 {
			continue
		}
		copy(g.rows[row*g.dim:], g.rows[s.start*g.dim:(s.start+s.n)*g.dim])
		copy(g.norms[row:], g.norms[s.start:s.start+s.n])
		s.start = row
		row += s.n
		g.index[s.person] = len(kept)
		kept = append(kept, s)
	}
	clear(g.rows[row*g.dim:])
	g.people, g.rows, g.norms, g.dead = kept, g.rows[:row*g.dim], g.norms[:row], 0
}

// parallelRows is from how many rows a scan is worth a second goroutine.
const parallelRows = 32 << 10

// Match finds the nearest and second-nearest person to the probe, each by the
// nearest of their templates.
func (g *Gallery) Match(probe []float32) (Match, error) {
	if err := g.check(probe); err != nil {
		return Match{}, err
	}
	g.mu.RLock()
	defer g.mu.RUnlock()

	workers := min(runtime.GOMAXPROCS(0), 1+len(g.norms)/parallelRows)
	parts := make([]nearest, workers)
	if workers == 1 {
		parts[0] = g.scan(probe, g.people)
	} else {
		var wg sync.WaitGroup
		per := (len(g.people) + workers - 1) / workers
		for w := range workers {
			lo, hi := min(w*per, len(g.people)), min((w+1)*per, len(g.people))
			wg.Go(func() { parts[w] = g.scan(probe, g.people[lo:hi]) })
		}
		wg.Wait()
	}
	best := none
	for _, p := range parts {
		best.offer(p.person, p.d)
		best.offer(p.person2, p.d2)
	}
	m := Match{Distance: math.Inf(1), Second: math.Inf(1)}
	if best.person != nil {
		m.Person, m.Distance = best.person.person, g.exact(probe, best.person)
	}
	if best.person2 != nil {
		m.SecondPerson, m.Second = best.person2.person, g.exact(probe, best.person2)
	}
	return m, nil
}

// nearest keeps the two nearest people of a scan; d is a quantity that orders
// as the metric does.
type nearest struct {
	person, person2 *segment
	d, d2           float32
}

var none = nearest{d: float32(math.Inf(1)), d2: float32(math.Inf(1))}

func (n *nearest) offer(p *segment, d float32) {
	switch {
	case p == nil:
	case d < n.d:
		n.person2, n.d2 = n.person, n.d
		n.person, n.d = p, d
	case d < n.d2:
		n.person2, n.d2 = p, d
	}
}

// blockRows is scored at a time: their dot products stay in the first cache.
const blockRows = 1024

// scan walks rows in memory order. For the Euclidean metric it orders by
// |r|^2 - 2 r.p, which needs one dot product a row.
func (g *Gallery) scan(probe []float32, people []segment) nearest {
	best := none
	var dots [blockRows]float32
	lo, hi := 0, 0 // rows whose dots are in the block
	for i := range people {
		s := &people[i]
		if s.n == 0 {
			continue
		}
		d := float32(math.Inf(1))
		for r := s.start; r < s.start+s.n; r++ {
			if r < lo || r >= hi {
				lo, hi = r, min(r+blockRows, len(g.norms))
				dotRows(g.rows[lo*g.dim:hi*g.dim], probe, dots[:hi-lo])
			}
			v := -dots[r-lo]
			if g.metric == Euclidean {
				v = g.norms[r] + 2*v
			}
			d = min(d, v)
		}
		best.offer(s, d)
	}
	return best
}

// exact is a person's distance without the cancellation of the scan's form.
func (g *Gallery) exact(probe []float32, s *segment) float64 {
	d := math.Inf(1)
	for r := s.start; r < s.start+s.n; r++ {
		d = min(d, g.metric.Distance(g.rows[r*g.dim:(r+1)*g.dim], probe))
	}
	return d
}

// Verify is 1:1: the probe's distance to one person, +Inf where they have no template.
func (g *Gallery) Verify(person domain.PersonID, probe []float32) (float64, error) {
	if err := g.check(probe); err != nil {
		return 0, err
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	i, ok := g.index[person]
	if !ok {
		return math.Inf(1), nil
	}
	return g.exact(probe, &g.people[i]), nil
}

// Replace takes over what fresh holds and returns who is no longer there. fresh
// must not be used afterwards.
func (g *Gallery) Replace(fresh *Gallery) (gone []domain.PersonID) {
	fresh.mu.Lock()
	defer fresh.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.index {
		if _, ok := fresh.index[p]; !ok {
			gone = append(gone, p)
		}
	}
	clear(g.rows)
	g.rows, g.norms, g.people, g.index, g.dead = fresh.rows, fresh.norms, fresh.people, fresh.index, fresh.dead
	fresh.rows, fresh.norms, fresh.people, fresh.index, fresh.dead = nil, nil, nil, map[domain.PersonID]int{}, 0
	return gone
}
