package plot

import (
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// normal are n numbers around a mean, the same ones each time.
func normal(n int, mean, sd float64, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = mean + sd*rng.NormFloat64()
	}
	return out
}

func example() Scores {
	return Scores{
		Title: "Greeting by face alone", Subtitle: "mobilefacenet_128@1", Unit: "cosine distance",
		Genuine: normal(400, 0.35, 0.09, 1), Impostor: normal(9000, 0.95, 0.1, 2),
		Lines: []Line{{"in use", 0.59, false}, {"for FMR 0.1%", 0.64, true}},
		Note:  "A note.",
	}
}

// column counts the pixels of a colour in a column.
func column(m *image.RGBA, x int, is func(r, g, b uint8) bool) (n int) {
	for y := range m.Rect.Dy() {
		if p := m.RGBAAt(x, y); is(p.R, p.G, p.B) {
			n++
		}
	}
	return n
}

func inky(r, g, b uint8) bool { return r == ink.R && g == ink.G && b == ink.B }

func TestDraw(t *testing.T) {
	for _, size := range []image.Point{DefaultSize(), {640, 480}, {800, 1200}, {2400, 1300}} {
		s := example()
		m, err := s.Draw(size)
		if err != nil || m.Rect.Size() != size {
			t.Fatalf("%v: %v", size, err)
		}
		// Thresholds are drawn through both panels where they are on the axis.
		k := min(float64(size.X)/1200, float64(size.Y)/900)
		px := func(n float64) int { return max(1, int(math.Round(n*k))) }
		panel := image.Rect(px(84), 0, size.X-px(36), 1)
		s.Genuine, s.Impostor = sorted(s.Genuine), sorted(s.Impostor)
		ax := newScale(s.span())
		for _, l := range s.Lines {
			x := ax.x(l.At, panel)
			if n := column(m, x, inky); n < size.Y/5 {
				t.Errorf("%v: %s: %d pixels of ink in column %d", size, l.Name, n, x)
			}
			if n := column(m, x+px(20), inky); n > size.Y/8 {
				t.Errorf("%v: beside %s: %d pixels of ink", size, l.Name, n)
			}
		}
		// Where genuine scores lie, much is of their colour; elsewhere little is.
		green := func(r, g, b uint8) bool { return int(g) > int(r)+30 && int(b) > int(r)+30 }
		if in, out := column(m, ax.x(0.35, panel), green), column(m, ax.x(1.1, panel), green); in < size.Y/8 || out > size.Y/50 {
			t.Errorf("%v: %d genuine pixels at 0.35, %d at 1.1", size, in, out)
		}
	}
}

// Beyond what could be seen, no rate of the genuine is drawn.
func TestUnseen(t *testing.T) {
	s := example()
	s.SeenTo = 0.5
	s.Genuine = sorted(s.Genuine)
	m, err := s.Draw(DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	panel := image.Rect(84, 0, 1200-36, 1)
	s.Impostor = sorted(s.Impostor)
	ax := newScale(s.span())
	hatch := func(r, g, b uint8) bool { return r == paper.R && g == paper.G && b == paper.B }
	if in, out := column(m, ax.x(0.25, panel), hatch), column(m, ax.x(0.53, panel), hatch); out < in+150 {
		t.Errorf("paper: %d pixels before, %d beyond", in, out)
	}
}

func TestRefused(t *testing.T) {
	for name, f := range map[string]func(*Scores) image.Point{
		"no genuine":  func(s *Scores) image.Point { s.Genuine = nil; return DefaultSize() },
		"no impostor": func(s *Scores) image.Point { s.Impostor = []float64{math.NaN(), math.Inf(1)}; return DefaultSize() },
		"too small":   func(*Scores) image.Point { return image.Pt(639, 480) },
		"too large":   func(*Scores) image.Point { return image.Pt(1000, 1<<30) },
		"too many":    func(s *Scores) image.Point { s.Lines = make([]Line, maxLines+1); return DefaultSize() },
	} {
		s := example()
		if m, err := s.Draw(f(&s)); !errors.Is(err, ErrPlot) || m != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScale(t *testing.T) {
	for _, tc := range []struct {
		lo, hi         float64
		from, to, step float64
		digits, ticks  int
	}{
		{0.13, 1.27, 0, 1.4, 0.2, 1, 8},
		{0.31, 0.66, 0.3, 0.7, 0.05, 2, 9},
		{0.5, 0.5, 0.45, 0.55, 0.01, 2, 11},
		{0, 100, 0, 100, 10, 0, 11},
	} {
		s := newScale(tc.lo, tc.hi)
		if math.Abs(s.lo-tc.from) > 1e-9 || math.Abs(s.hi-tc.to) > 1e-9 || math.Abs(s.step-tc.step) > 1e-9 || s.digits != tc.digits || len(s.ticks()) != tc.ticks {
			t.Errorf("%v to %v: %+v, %d ticks; want %+v", tc.lo, tc.hi, s, len(s.ticks()), tc)
		}
	}
}

func TestShares(t *testing.T) {
	ax := newScale(0, 0.8) // bars of 0.01
	got := shares([]float64{-1, 0, 0.005, 0.011, 0.8, 5}, ax)
	for i, want := range map[int]float64{0: 200. / 6, 1: 100. / 6, 2: 0, bars - 1: 100. / 6} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("bar %d: %v, want %v", i, got[i], want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func FuzzDraw(f *testing.F) {
	f.Add(0.1, 0.2, 0.9, 0.95, 0.5, 0.4, "name")
	f.Add(math.Inf(1), math.NaN(), -1e300, 1e300, 1e-300, -5.0, "\xff…")
	f.Add(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, "")
	f.Fuzz(func(t *testing.T, a, b, c, d, line, seen float64, name string) {
		s := Scores{Title: name, Subtitle: name, Unit: name, Note: name, Genuine: []float64{a, b}, Impostor: []float64{c, d}, Lines: []Line{{name, line, true}}, SeenTo: seen}
		if m, err := s.Draw(image.Pt(640, 480)); err == nil && m.Rect.Size() != image.Pt(640, 480) {
			t.Errorf("size %v", m.Rect)
		}
	})
}
