package plot

import (
	"image"
	"math"
	"strconv"
)

// scale maps distances to columns.
type scale struct {
	lo, hi, step float64
	digits       int // behind the point, to write step
}

// newScale rounds a range outwards to a step that reads well.
func newScale(lo, hi float64) scale {
	if !(hi > lo) {
		lo, hi = lo-0.05, lo+0.05
	}
	s := scale{step: niceStep((hi - lo) / 10)}
	s.lo, s.hi = math.Floor(lo/s.step+1e-9)*s.step, math.Ceil(hi/s.step-1e-9)*s.step
	s.digits = max(0, int(math.Ceil(-math.Log10(s.step)-1e-9)))
	return s
}

// niceStep is the smallest of 1, 2, 5 and 10 times a power of ten that is not
// below x.
func niceStep(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= x*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

func (s scale) x(v float64, in image.Rectangle) int {
	return in.Min.X + int(math.Round((v-s.lo)/(s.hi-s.lo)*float64(in.Dx()-1)))
}

// at is the distance of a column.
func (s scale) at(x int, in image.Rectangle) float64 {
	return s.lo + float64(x-in.Min.X)/float64(in.Dx()-1)*(s.hi-s.lo)
}

func (s scale) label(v float64) string { return strconv.FormatFloat(v, 'f', s.digits, 64) }

// ticks are the values to write.
func (s scale) ticks() []float64 {
	var out []float64
	for i := 0; ; i++ {
		v := s.lo + float64(i)*s.step
		if v > s.hi+s.step/2 {
			return out
		}
		out = append(out, v)
	}
}
