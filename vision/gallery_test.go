package vision

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"agentid/app/domain"
)

var testRef = domain.EncoderRef{Name: "test", Version: "1"}

func randomVector(r *rand.Rand, dim int, unit bool) []float32 {
	v := make([]float32, dim)
	var n float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		n += float64(v[i]) * float64(v[i])
	}
	if unit {
		for i := range v {
			v[i] /= float32(math.Sqrt(n))
		}
	}
	return v
}

// bruteForce is the definition of a match, in the slowest and plainest way.
func bruteForce(m Metric, people map[domain.PersonID][][]float32, probe []float32) Match {
	out := Match{Distance: math.Inf(1), Second: math.Inf(1)}
	for id, vs := range people {
		d := math.Inf(1)
		for _, v := range vs {
			d = min(d, m.Distance(v, probe))
		}
		if d < out.Distance {
			out.Second, out.SecondPerson = out.Distance, out.Person
			out.Distance, out.Person = d, id
		} else if d < out.Second {
			out.Second, out.SecondPerson = d, id
		}
	}
	return out
}

func TestGalleryAgreesWithBruteForce(t *testing.T) {
	for _, metric := range []Metric{Euclidean, CosineDistance} {
		for _, dim := range []int{128, 31} { // with and without the vector unit's path
			t.Run(fmt.Sprintf("%s/%d", metric, dim), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(dim)))
				g := NewGallery(testRef, metric, dim)
				people := map[domain.PersonID][][]float32{}
				for step := range 4000 {
					id := domain.PersonID(fmt.Sprint(r.IntN(600)))
					switch r.IntN(5) {
					case 0:
						g.Remove(id)
						delete(people, id)
					default:
						v := randomVector(r, dim, metric == CosineDistance)
						if err := g.Add(id, v); err != nil {
							t.Fatal(err)
						}
						people[id] = append(people[id], v)
					}
					if step%100 != 0 {
						continue
					}
					probe := randomVector(r, dim, metric == CosineDistance)
					got, err := g.Match(probe)
					if err != nil {
						t.Fatal(err)
					}
					want := bruteForce(metric, people, probe)
					if got != want {
						t.Fatalf("step %d: got %+v, want %+v", step, got, want)
					}
					if p, n := g.Len(); p != len(people) || n < p {
						t.Fatalf("len %d people %d templates, want %d people", p, n, len(people))
					}
				}
			})
		}
	}
}

func TestGalleryManyTemplatesGainNothing(t *testing.T) {
	g := NewGallery(testRef, Euclidean, 2)
	far := []float32{3, 0}
	for range 50 {
		if err := g.Add("crowd", far); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Add("one", []float32{1, 0}); err != nil {
		t.Fatal(err)
	}
	m, err := g.Match([]float32{0, 0})
	if err != nil || m.Person != "one" || m.Distance != 1 || m.SecondPerson != "crowd" || m.Second != 3 {
		t.Fatalf("got %+v, %v", m, err)
	}
}

func TestGalleryRefusesWhatDoesNotFit(t *testing.T) {
	g := NewGallery(testRef, Euclidean, 3)
	nan := float32(math.NaN())
	for _, v := range [][]float32{nil, {1, 2}, {1, 2, 3, 4}, {1, nan, 3}, {1, float32(math.Inf(1)), 0}} {
		if err := g.Add("a", []float32{1, 2, 3}, v); !errors.Is(err, ErrTemplate) {
			t.Errorf("Add %v: %v", v, err)
		}
		if _, err := g.Match(v); !errors.Is(err, ErrTemplate) {
			t.Errorf("Match %v: %v", v, err)
		}
	}
	if p, n := g.Len(); p != 0 || n != 0 {
		t.Fatalf("a refused Add left %d people, %d templates", p, n)
	}
	m, err := g.Match([]float32{1, 2, 3})
	if err != nil || m.Person != "" || !math.IsInf(m.Distance, 1) {
		t.Fatalf("empty gallery: %+v, %v", m, err)
	}
}

func TestGalleryForgets(t *testing.T) {
	g := NewGallery(testRef, Euclidean, 4)
	if err := g.Add("a", []float32{7, 7, 7, 7}); err != nil {
		t.Fatal(err)
	}
	g.Remove("a")
	for _, x := range g.rows[:cap(g.rows)] {
		if x == 7 {
			t.Fatal("the numbers of a removed person are still in memory")
		}
	}
	if d, err := g.Verify("a", []float32{7, 7, 7, 7}); err != nil || !math.IsInf(d, 1) {
		t.Fatalf("verify after remove: %v, %v", d, err)
	}
}

func TestDotRowsAgreesWithGeneric(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, dim := range []int{32, 64, 128, 512, 33, 1} {
		q, rows := randomVector(r, dim, false), randomVector(r, dim*7, false)
		got, want := make([]float32, 7), make([]float32, 7)
		dotRows(rows, q, got)
		dotGeneric(rows, q, want)
		for i := range got {
			if math.Abs(float64(got[i]-want[i])) > 1e-4*float64(dim) {
				t.Fatalf("dim %d row %d: %v, want %v", dim, i, got[i], want[i])
			}
		}
	}
}

// BenchmarkGallery matches against the memory bandwidth of the same run: a
// scan cannot be faster than reading its rows once.
func BenchmarkGallery(b *testing.B) {
	const dim = 128
	for _, n := range []int{10_000, 1_000_000} {
		r := rand.New(rand.NewPCG(1, 2))
		g := NewGallery(testRef, CosineDistance, dim)
		g.Grow(n)
		for i := range n {
			if err := g.Add(domain.PersonID(fmt.Sprint(i)), randomVector(r, dim, true)); err != nil {
				b.Fatal(err)
			}
		}
		probe := randomVector(r, dim, true)
		b.Run(fmt.Sprintf("match/people=%d", n), func(b *testing.B) {
			b.SetBytes(int64(n * dim * 4))
			for b.Loop() {
				if _, err := g.Match(probe); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("generic/people=%d", n), func(b *testing.B) {
			b.SetBytes(int64(n * dim * 4))
			out := make([]float32, n)
			for b.Loop() {
				dotGeneric(g.rows, probe, out)
			}
		})
		b.Run(fmt.Sprintf("copy/people=%d", n), func(b *testing.B) {
			b.SetBytes(int64(n * dim * 4))
			dst := make([]float32, 1<<16)
			for b.Loop() {
				for i := 0; i < len(g.rows); i += len(dst) {
					copy(dst, g.rows[i:])
				}
			}
		})
	}
}
