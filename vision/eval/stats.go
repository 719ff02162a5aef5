package eval

import (
	"math"
	"sort"
)

// weighted is distances, sorted, with the weight of each summed up.
type weighted struct {
	d   []float64
	cum []float64 // cum[i] is the weight of d[:i]
}

func newWeighted(pairs []Pair, weight func(Pair) float64) weighted {
	w := weighted{d: make([]float64, 0, len(pairs)), cum: make([]float64, 1, len(pairs)+1)}
	var sum float64
	for _, p := range pairs {
		k := 1.0
		if weight != nil {
			k = weight(p)
		}
		if k > 0 {
			sum += k
			w.d, w.cum = append(w.d, p.Distance), append(w.cum, sum)
		}
	}
	return w
}

func (w weighted) total() float64 { return w.cum[len(w.cum)-1] }

// upTo is the part at or below t.
func (w weighted) upTo(t float64) float64 {
	return w.cum[sort.Search(len(w.d), func(i int) bool { return w.d[i] > t })] / w.total()
}

// before is the largest distance below t; -Inf when there is none.
func (w weighted) before(t float64) float64 {
	if i := sort.SearchFloat64s(w.d, t); i > 0 {
		return w.d[i-1]
	}
	return math.Inf(-1)
}

// after is the smallest distance above t; +Inf when there is none.
func (w weighted) after(t float64) float64 {
	if i := sort.Search(len(w.d), func(i int) bool { return w.d[i] > t }); i < len(w.d) {
		return w.d[i]
	}
	return math.Inf(1)
}

// Curve answers what a threshold does. Two faces are taken for one person when
// their distance is at or below it.
type Curve struct{ gen, imp weighted }

// NewCurve is nil where there are no genuine or no impostor pairs.
func NewCurve(p Pairs) *Curve { return newCurve(p, nil) }

func newCurve(p Pairs, weight func(Pair) float64) *Curve {
	c := &Curve{newWeighted(p.Genuine, weight), newWeighted(p.Impostor, weight)}
	if c.gen.total() == 0 || c.imp.total() == 0 {
		return nil
	}
	return c
}

// Point is what one threshold does.
type Point struct {
	Threshold float64 `json:"threshold"`
	FMR       float64 `json:"fmr"`
	FNMR      float64 `json:"fnmr"`
	// Accuracy is balanced: the mean of genuine accepted and impostors refused.
	Accuracy float64 `json:"accuracy"`
}

// At is the point of a threshold.
func (c *Curve) At(t float64) Point {
	p := Point{Threshold: t, FMR: c.imp.upTo(t), FNMR: 1 - c.gen.upTo(t)}
	p.Accuracy = 1 - (p.FMR+p.FNMR)/2
	return p
}

// Best is the point of the highest accuracy, its threshold half-way to the next
// distance. Of several, the lowest threshold.
func (c *Curve) Best() Point {
	best := c.At(math.Nextafter(min(c.gen.d[0], c.imp.d[0]), math.Inf(-1)))
	for _, d := range c.gen.d { // the best threshold lies at a genuine pair
		if p := c.At(d); p.Accuracy > best.Accuracy+1e-12 {
			best = p
		}
	}
	if next := min(c.gen.after(best.Threshold), c.imp.after(best.Threshold)); !math.IsInf(next, 1) {
		if mid := best.Threshold + (next-best.Threshold)/2; mid < next {
			best.Threshold = mid
		}
	}
	return best
}

// EER is the point at which FMR and FNMR are nearest to each other; the equal
// error rate is their mean there, 1-Accuracy.
func (c *Curve) EER() Point {
	crossed := func(d []float64) float64 {
		i := sort.Search(len(d), func(i int) bool { p := c.At(d[i]); return p.FMR >= p.FNMR })
		if i == len(d) {
			return math.Inf(1)
		}
		return d[i]
	}
	// At the largest distance of all, FMR is 1 and FNMR 0: one of the two is finite.
	t := min(crossed(c.gen.d), crossed(c.imp.d))
	after := c.At(t)
	prev := max(c.gen.before(t), c.imp.before(t))
	if math.IsInf(prev, -1) {
		return after
	}
	if before := c.At(prev); before.FNMR-before.FMR < after.FMR-after.FNMR {
		return before
	}
	return after
}

// AtFMR is the point of the largest threshold whose FMR is at most fmr.
func (c *Curve) AtFMR(fmr float64) Point {
	allowed := fmr * c.imp.total() * (1 + 1e-12) // 0.01 of 100 is 1, whatever floats say
	i := sort.Search(len(c.imp.d), func(i int) bool { return c.imp.cum[i+1] > allowed })
	if i == len(c.imp.d) {
		return c.At(max(c.imp.d[i-1], c.gen.d[len(c.gen.d)-1]))
	}
	return c.At(math.Nextafter(c.imp.d[i], math.Inf(-1)))
}

// ROC is the curve at FMR 1, and down by quarters of a decade to its finest step.
func (c *Curve) ROC() []Point {
	var out []Point
	finest := 1 / c.imp.total()
	for k := 0; ; k++ {
		fmr := math.Pow(10, -float64(k)/4)
		p := c.AtFMR(fmr)
		if len(out) == 0 || p.Threshold != out[len(out)-1].Threshold {
			out = append(out, p)
		}
		if fmr < finest {
			return out
		}
	}
}
