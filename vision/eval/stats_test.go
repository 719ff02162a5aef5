package eval

import (
	"math"
	"slices"
	"testing"

	"agentid/vision"
)

func pairs(same bool, ds ...float64) []Pair {
	var out []Pair
	for i, d := range ds {
		p := Pair{Distance: d, A: i, B: i}
		if !same {
			p.B = i + 1
		}
		out = append(out, p)
	}
	return out
}

// tenAndTen is small enough to work out by hand:
//
//	genuine   .1 .2 .3 .3 .4 .5 .6  .7  .8  .9
//	impostor     .35       .55 .65 .75 .85 .95 1 1.1 1.2 1.3
func tenAndTen() Pairs {
	return Pairs{
		Genuine:  pairs(true, .1, .2, .3, .3, .4, .5, .6, .7, .8, .9),
		Impostor: pairs(false, .35, .55, .65, .75, .85, .95, 1, 1.1, 1.2, 1.3),
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-9) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCurveAt(t *testing.T) {
	c := NewCurve(tenAndTen())
	for _, tc := range []struct{ t, fmr, fnmr float64 }{
		{0, 0, 1}, {0.1, 0, 0.9}, {0.3, 0, 0.6}, {0.35, 0.1, 0.6}, {0.5, 0.1, 0.4}, {0.7, 0.3, 0.2}, {0.9, 0.5, 0}, {2, 1, 0},
	} {
		p := c.At(tc.t)
		near(t, "FMR", p.FMR, tc.fmr)
		near(t, "FNMR", p.FNMR, tc.fnmr)
		near(t, "accuracy", p.Accuracy, 1-(tc.fmr+tc.fnmr)/2)
	}
}

func TestCurveBest(t *testing.T) {
	// At .5, .6, .7, .8, .9: accuracy .75 each (1-(.1+.4)/2, 1-(.2+.3)/2, ...).
	p := NewCurve(tenAndTen()).Best()
	near(t, "accuracy", p.Accuracy, 0.75)
	near(t, "threshold half-way from .5 to .55", p.Threshold, 0.525)

	apart := NewCurve(Pairs{pairs(true, .1, .2), pairs(false, .6, .7)}).Best()
	near(t, "accuracy when apart", apart.Accuracy, 1)
	near(t, "threshold when apart", apart.Threshold, 0.4)

	// Upside down: better to refuse all.
	worst := NewCurve(Pairs{pairs(true, .9), pairs(false, .1)}).Best()
	near(t, "accuracy upside down", worst.Accuracy, 0.5)
	if worst.Threshold >= .1 {
		t.Errorf("threshold upside down: %v", worst.Threshold)
	}
}

func TestCurveEER(t *testing.T) {
	// At .6 FMR .2, FNMR .3; at .65 FMR .3, FNMR .3: equal.
	p := NewCurve(tenAndTen()).EER()
	near(t, "rate", 1-p.Accuracy, 0.3)
	near(t, "threshold", p.Threshold, 0.65)

	near(t, "rate when apart", 1-NewCurve(Pairs{pairs(true, .1, .2), pairs(false, .6, .7)}).EER().Accuracy, 0)
	near(t, "rate upside down", 1-NewCurve(Pairs{pairs(true, .8, .9), pairs(false, .1, .2)}).EER().Accuracy, 1)
	one := NewCurve(Pairs{pairs(true, .5), pairs(false, .5)}).EER()
	near(t, "rate when the same", 1-one.Accuracy, 0.5)
}

func TestCurveAtFMR(t *testing.T) {
	c := NewCurve(tenAndTen())
	for _, tc := range []struct{ want, fmr, fnmr float64 }{
		{0.01, 0, 0.6}, // not one of ten may match: below .35
		{0.1, 0.1, 0.4},
		{0.19, 0.1, 0.4},
		{0.2, 0.2, 0.3},
		{1, 1, 0},
	} {
		p := c.AtFMR(tc.want)
		near(t, "FMR", p.FMR, tc.fmr)
		near(t, "FNMR", p.FNMR, tc.fnmr)
	}
	// Ties are taken or left together.
	tied := NewCurve(Pairs{pairs(true, .5, .7), pairs(false, .6, .6, .8, .9)})
	p := tied.AtFMR(0.25)
	near(t, "FMR of a tie", p.FMR, 0)
	near(t, "FNMR of a tie", p.FNMR, 0.5)
}

func TestROC(t *testing.T) {
	roc := NewCurve(tenAndTen()).ROC()
	if first := roc[0]; first.FMR != 1 || first.FNMR != 0 {
		t.Errorf("begins at %+v", first)
	}
	for i := 1; i < len(roc); i++ {
		if roc[i].FMR > roc[i-1].FMR || roc[i].FNMR < roc[i-1].FNMR || roc[i].Threshold >= roc[i-1].Threshold {
			t.Errorf("goes from %+v to %+v", roc[i-1], roc[i])
		}
	}
	if last := roc[len(roc)-1]; last.FMR != 0 {
		t.Errorf("ends at %+v", last)
	}
}

func TestNoCurve(t *testing.T) {
	if NewCurve(Pairs{Genuine: pairs(true, 1)}) != nil || NewCurve(Pairs{Impostor: pairs(false, 1)}) != nil {
		t.Error("a curve of nothing")
	}
}

func TestWeights(t *testing.T) {
	// A person drawn twice counts as two of them; one not drawn, not at all.
	p := Pairs{Genuine: []Pair{{.1, 0, 0}, {.9, 1, 1}}, Impostor: []Pair{{.5, 0, 1}, {.6, 0, 2}}}
	times := []float64{2, 1, 0}
	c := newCurve(p, func(p Pair) float64 {
		if p.A == p.B {
			return times[p.A]
		}
		return times[p.A] * times[p.B]
	})
	near(t, "FNMR", c.At(.2).FNMR, 1./3)
	near(t, "FMR", c.At(.55).FMR, 1)
	near(t, "impostors", c.imp.total(), 2)
}

func samples(people ...int) []Sample {
	var out []Sample
	for i, p := range people {
		out = append(out, Sample{p, []float32{float32(i), 0}})
	}
	return out
}

func TestMakePairs(t *testing.T) {
	all := MakePairs(samples(0, 0, 0, 1, 1, 2), vision.Euclidean, 1000, 1)
	if len(all.Genuine) != 4 || len(all.Impostor) != 11 {
		t.Errorf("%d genuine, %d impostor; want 4, 11", len(all.Genuine), len(all.Impostor))
	}
	for name, ps := range map[string][]Pair{"genuine": all.Genuine, "impostor": all.Impostor} {
		if !slices.IsSortedFunc(ps, func(a, b Pair) int { return int(math.Copysign(1, a.Distance-b.Distance)) }) {
			t.Errorf("%s: not sorted: %v", name, ps)
		}
	}
	if d := all.Genuine[3]; d.Distance != 2 || d.A != 0 || d.B != 0 {
		t.Errorf("farthest genuine: %+v", d)
	}
	for _, p := range all.Impostor {
		if p.A == p.B {
			t.Errorf("impostor of one person: %+v", p)
		}
	}

	many := make([]int, 100)
	for i := range many {
		many[i] = i / 2
	}
	some := MakePairs(samples(many...), vision.Euclidean, 200, 1)
	if len(some.Genuine) != 50 || len(some.Impostor) != 200 {
		t.Errorf("%d genuine, %d impostor; want 50, 200", len(some.Genuine), len(some.Impostor))
	}
	if again := MakePairs(samples(many...), vision.Euclidean, 200, 1); !slices.Equal(some.Impostor, again.Impostor) {
		t.Error("the same seed, another draw")
	}
	if other := MakePairs(samples(many...), vision.Euclidean, 200, 2); slices.Equal(some.Impostor, other.Impostor) {
		t.Error("another seed, the same draw")
	}

	b := some.Balance(1)
	if len(b.Impostor) != 50 || len(b.Genuine) != 50 {
		t.Errorf("balanced: %d, %d", len(b.Genuine), len(b.Impostor))
	}
	if !slices.IsSortedFunc(b.Impostor, func(a, b Pair) int { return int(a.Distance - b.Distance) }) {
		t.Error("balanced: not sorted")
	}
}

func TestBootstrap(t *testing.T) {
	// 40 people, two in ten of whom are never matched: FNMR .2, and the spread of
	// a binomial of 40, .063 a standard deviation.
	var p Pairs
	for i := range 40 {
		d := .1
		if i%5 == 0 {
			d = .9
		}
		p.Genuine = append(p.Genuine, Pair{d, i, i})
		p.Impostor = append(p.Impostor, Pair{1, i, (i + 1) % 40})
	}
	slices.SortFunc(p.Genuine, func(a, b Pair) int { return int(math.Copysign(1, a.Distance-b.Distance)) })
	var v []float64
	bootstrap(p, 40, 2000, 1, func(c *Curve) { v = append(v, c.At(.5).FNMR) })
	iv := interval95(v)
	if len(v) != 2000 || math.Abs(iv[0]-(.2-1.96*.063)) > .03 || math.Abs(iv[1]-(.2+1.96*.063)) > .03 {
		t.Errorf("%d resamples, 95%% in %v", len(v), iv)
	}
	if iv := interval95(nil); iv != (Interval{}) {
		t.Errorf("of nothing: %v", iv)
	}
}

func TestCrossValidated(t *testing.T) {
	var p Pairs
	for i := range 40 {
		p.Genuine = append(p.Genuine, Pair{.2, i, i})
		for j := range i {
			p.Impostor = append(p.Impostor, Pair{.8, i, j})
		}
	}
	if v, ok := crossValidated(p, 40, 1); !ok || v != 1 {
		t.Errorf("apart: %v, %v", v, ok)
	}
	for i := range p.Impostor {
		p.Impostor[i].Distance = .2
	}
	if v, ok := crossValidated(p, 40, 1); !ok || v != .5 {
		t.Errorf("the same: %v, %v", v, ok)
	}
	if _, ok := crossValidated(p, 19, 1); ok {
		t.Error("19 people")
	}
}

func TestBestOverDraws(t *testing.T) {
	// One genuine pair at .5, impostors at .1 and .9: a draw of one is either all
	// wrong (.5 at best) or all right (1).
	p := Pairs{pairs(true, .5), pairs(false, .1, .9)}
	d := bestOverDraws(p, 1)
	if d.Draws != 100 || d.Within != (Interval{.5, 1}) || math.Abs(d.Mean-.75) > .15 {
		t.Errorf("got %+v", d)
	}
}
