package eval

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"agentid/vision"
)

// on are samples on a line: of which person, and where.
func on(at ...[2]float32) []Sample {
	var out []Sample
	for _, a := range at {
		out = append(out, Sample{int(a[0]), []float32{a[1]}})
	}
	return out
}

func distances(ps []Pair) []float64 {
	var out []float64
	for _, p := range ps {
		out = append(out, p.Distance)
	}
	return out
}

func TestMakeClaims(t *testing.T) {
	// Person 0 at 0, 1, 4; person 1 at 10, 12: too few to be claimed to be.
	c := MakeClaims(on([2]float32{0, 0}, [2]float32{0, 1}, [2]float32{0, 4}, [2]float32{1, 10}, [2]float32{1, 12}), vision.Euclidean, 100, 1)
	// Genuine: 0 is 1 from its nearest, 1 as well, 4 is 3 away. The first impostor
	// leaves out sample 0 (of 1 and 4, 10 is 6 away), the next sample 1 (12: 8).
	if want := []float64{1, 1, 3}; !slices.Equal(distances(c.Genuine), want) {
		t.Errorf("genuine %v, want %v", c.Genuine, want)
	}
	if want := []Pair{{6, 0, 1}, {8, 0, 1}}; !slices.Equal(c.Impostor, want) {
		t.Errorf("impostor %v, want %v", c.Impostor, want)
	}
	if c.People != 1 || c.Templates != 2 {
		t.Errorf("%d people, %v templates", c.People, c.Templates)
	}
}

func TestMakeClaimsComparesWithFive(t *testing.T) {
	// Eight samples of one person: only the five after the probe are templates, so
	// that of 7 (0 to 4 are its five) is not 6 but 4.
	var at [][2]float32
	for i := range 8 {
		at = append(at, [2]float32{0, float32(i)})
	}
	c := MakeClaims(on(append(at, [2]float32{1, 100}, [2]float32{2, 200})...), vision.Euclidean, 1, 1)
	if want := []float64{1, 1, 1, 1, 1, 1, 1, 3}; !slices.Equal(distances(c.Genuine), want) {
		t.Errorf("genuine %v, want %v", distances(c.Genuine), want)
	}
	if len(c.Impostor) != 1 || c.Templates != EnrolTemplates {
		t.Errorf("%d impostors drawn of at most 1; %v templates", len(c.Impostor), c.Templates)
	}
}

func TestClaimsOfNobody(t *testing.T) {
	for name, s := range map[string][]Sample{"nothing": nil, "two each": on([2]float32{0, 0}, [2]float32{0, 1}, [2]float32{1, 5}, [2]float32{1, 6})} {
		c := MakeClaims(s, vision.Euclidean, 10, 1)
		if len(c.Genuine)+len(c.Impostor)+c.People != 0 || c.Templates != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestClaimsLost(t *testing.T) {
	s := on([2]float32{0, 0}, [2]float32{0, 1}, [2]float32{0, 2}, [2]float32{1, 3})
	set := Set{People: []Person{{Files: make([]string, 5)}, {Files: make([]string, 4)}}}
	if n := MakeClaims(s, vision.Euclidean, 10, 1).lost(s, set); n != 2 {
		t.Errorf("%d lost, want the 2 of person 0: nobody can claim to be person 1", n)
	}
}

func TestWilson(t *testing.T) {
	// Reference values: Newcombe 1998, table I, method 3.
	for _, tc := range []struct {
		errors, of int
		want       Interval
	}{
		{81, 263, Interval{0.2553, 0.3662}}, {15, 148, Interval{0.0624, 0.1605}},
		{0, 20, Interval{0, 0.1611}}, {1, 29, Interval{0.0061, 0.1718}}, {29, 29, Interval{0.8830, 1}}, {0, 0, Interval{0, 1}},
	} {
		got := Wilson(tc.errors, tc.of)
		if math.Abs(got[0]-tc.want[0]) > 5e-5 || math.Abs(got[1]-tc.want[1]) > 5e-5 {
			t.Errorf("%d of %d: %v, want %v", tc.errors, tc.of, got, tc.want)
		}
	}
}

func TestJudge(t *testing.T) {
	r, err := Judge(tenAndTen(), RateOptions{Threshold: 0.5, FMRs: []float64{0.2, 0.01}, People: 11, Resamples: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Genuine != 10 || r.Impostor != 10 || r.Now.FMR.Errors != 1 || r.Now.FNMR.Errors != 4 || r.Now.Threshold != 0.5 || r.Now.Wanted != 0 {
		t.Errorf("%+v", r.Now)
	}
	near(t, "EER", r.EER.Rate, 0.3)
	for i, want := range []struct{ fmr, fnmr int }{{2, 3}, {0, 6}} {
		if o := r.AtFMR[i]; o.FMR.Errors != want.fmr || o.FNMR.Errors != want.fnmr || o.Reliable || o.Within == nil || o.Within[0] > o.Threshold || o.Within[1] < o.Threshold {
			t.Errorf("%+v, want %+v", o, want)
		}
	}
	for what, iv := range map[string]*Interval{"FMR": r.Now.FMR.ByPerson, "FNMR": r.Now.FNMR.ByPerson, "EER": r.EERWithin} {
		if iv == nil || !(iv[0] < iv[1]) {
			t.Errorf("%s: %v", what, iv)
		}
	}
	if _, err := Judge(Pairs{Genuine: pairs(true, 1)}, RateOptions{}); !errors.Is(err, ErrTooFew) {
		t.Errorf("no impostors: %v", err)
	}
	few, err := Judge(tenAndTen(), RateOptions{Threshold: 0.5})
	if err != nil || few.Now.FMR.ByPerson != nil || few.EERWithin != nil {
		t.Errorf("without resamples: %+v, %v", few, err)
	}
}

// Somebody unknown weighs as the person who was there.
func TestBootstrapOfSomebody(t *testing.T) {
	p := Pairs{Genuine: []Pair{{.1, 0, 0}, {.1, 1, 1}}, Impostor: []Pair{{.2, 0, Somebody}, {.9, 1, Somebody}}}
	seen := map[float64]bool{}
	bootstrap(p, 2, 100, 1, func(c *Curve) { seen[c.At(.5).FMR] = true })
	if len(seen) != 3 || !seen[0] || !seen[.5] || !seen[1] {
		t.Errorf("rates %v, want 0, 0.5 and 1", seen)
	}
}

func TestScoresCSV(t *testing.T) {
	s := Scores{
		Single: Pairs{[]Pair{{.25, 0, 0}}, []Pair{{.5, 1, 0}}}, Nearest: Pairs{Impostor: []Pair{{1, 0, Somebody}}},
		people: []string{"ana, the first", "ben"},
	}
	var b strings.Builder
	if err := s.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "check,kind,distance,claimed,probe\n" +
		"one_template,genuine,0.250000,\"ana, the first\",\"ana, the first\"\n" +
		"one_template,impostor,0.500000,ben,\"ana, the first\"\n" +
		"nearest_of_several,impostor,1.000000,\"ana, the first\",\n"
	if b.String() != want {
		t.Errorf("%s", &b)
	}
	if err := s.WriteCSV(failing{}); err == nil {
		t.Error("a write that fails is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }
