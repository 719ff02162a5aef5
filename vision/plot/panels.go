package plot

import (
	"image"
	"math"
	"sort"
	"strconv"
)

const bars = 80

// histogram draws the share of each kind's scores in equal steps.
func (c *canvas) histogram(p image.Rectangle, ax scale, s Scores) {
	gen, imp := shares(s.Genuine, ax), shares(s.Impostor, ax)
	top := 0.0
	for i := range bars {
		top = max(top, gen[i], imp[i])
	}
	step := niceStep(max(top, 0.1) / 5)
	top = math.Ceil(top*1.04/step) * step
	if top == 0 {
		top = step
	}
	y := func(v float64) int { return p.Max.Y - 1 - int(math.Round(v/top*float64(p.Dy()-1))) }
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for v := 0.0; v <= top+step/2; v += step {
		c.hline(p, y(v), rule)
		c.textRight(p.Min.X-c.px(10), y(v)+c.px(5), strconv.FormatFloat(v, 'f', digits, 64), c.regular(15), muted)
	}
	for i := range bars {
		x0, x1 := p.Min.X+i*p.Dx()/bars, p.Min.X+(i+1)*p.Dx()/bars
		c.blend(image.Rect(x0, y(imp[i]), x1, p.Max.Y), impostor, 0.55)
		c.blend(image.Rect(x0, y(gen[i]), x1, p.Max.Y), genuine, 0.55)
		for _, k := range []struct {
			at, before float64
			genuine    bool
		}{{imp[i], prev(imp, i), false}, {gen[i], prev(gen, i), true}} {
			col := impostor
			if k.genuine {
				col = genuine
			}
			if k.at > 0 {
				c.fill(image.Rect(x0, y(k.at), x1, y(k.at)+c.px(2)), col)
			}
			if k.at != k.before { // the step from the bar before
				lo, hi := min(y(k.at), y(k.before)), max(y(k.at), y(k.before))
				c.fill(image.Rect(x0, lo, x0+c.px(2), hi+c.px(2)).Intersect(p), col)
			}
		}
	}
}

func prev(v []float64, i int) float64 {
	if i == 0 {
		return 0
	}
	return v[i-1]
}

// shares is the percentage of sorted values in each bar.
func shares(v []float64, ax scale) []float64 {
	out := make([]float64, bars)
	for _, d := range v {
		i := int(math.Floor((d - ax.lo) / (ax.hi - ax.lo) * bars))
		if i >= 0 && i < bars || d == ax.hi {
			out[min(i, bars-1)] += 100 / float64(len(v))
		}
	}
	return out
}

// rates draws, on a logarithmic axis, the part of impostors at or under each
// distance and of genuine over it. What is nought is below the axis.
func (c *canvas) rates(p image.Rectangle, ax scale, s Scores) {
	least := 1.0 // percent: the decade of the finest step that there is
	for n := min(len(s.Genuine), 1_000_000); n > 100; n /= 10 {
		least /= 10
	}
	for least > 100/float64(len(s.Impostor)) && least > 0.001 {
		least /= 10
	}
	decades := math.Log10(100 / least)
	y := func(percent float64) int {
		return p.Max.Y - 1 - int(math.Round(math.Log10(percent/least)/decades*float64(p.Dy()-1)))
	}
	for v := least; v < 150; v *= 10 {
		c.hline(p, y(v), rule)
		c.textRight(p.Min.X-c.px(10), y(v)+c.px(5), strconv.FormatFloat(v, 'g', 3, 64), c.regular(15), muted)
	}
	upTo := func(v []float64, d float64) float64 {
		return 100 * float64(sort.Search(len(v), func(i int) bool { return v[i] > d })) / float64(len(v))
	}
	for _, k := range []struct {
		rate func(d float64) float64
		g    bool
	}{
		{func(d float64) float64 { return upTo(s.Impostor, d) }, false},
		{func(d float64) float64 { return 100 - upTo(s.Genuine, d) }, true},
	} {
		col := impostor
		if k.g {
			col = genuine
		}
		last := math.MinInt
		for x := p.Min.X; x < p.Max.X; x++ {
			d := ax.at(x, p)
			if k.g && s.SeenTo > 0 && d > s.SeenTo {
				break // not known there
			}
			r := k.rate(d)
			if r < least*(1-1e-9) {
				if last != math.MinInt { // it falls out of the picture
					c.fill(image.Rect(x, last, x+c.px(3), p.Max.Y), col)
				}
				last = math.MinInt
				continue
			}
			now := y(r)
			from := now
			switch {
			case last != math.MinInt:
				from = last
			case x > p.Min.X: // it comes up from below
				from = p.Max.Y - c.px(3)
			}
			c.fill(image.Rect(x, min(from, now), x+c.px(3), max(from, now)+c.px(3)).Intersect(p), col)
			last = now
		}
	}
}

// rateNames writes which curve is which, at the right of the panel's heading.
func (c *canvas) rateNames(p image.Rectangle, up int) {
	y := p.Min.Y - up
	x := p.Max.X
	for _, k := range []struct {
		name string
		g    bool
	}{{"FNMR: the same person, refused", true}, {"FMR: somebody else, accepted", false}} {
		col := impostor
		if k.g {
			col = genuine
		}
		f := c.regular(15)
		w := c.width(k.name, f)
		c.text(x-w, y, k.name, f, ink)
		c.fill(image.Rect(x-w-c.px(28), y-c.px(6), x-w-c.px(8), y-c.px(3)), col)
		x -= w + c.px(52)
	}
}

// ticks writes the distances under a panel.
func (c *canvas) ticks(p image.Rectangle, ax scale) {
	for _, v := range ax.ticks() {
		x := ax.x(v, p)
		c.fill(image.Rect(x, p.Max.Y, x+1, p.Max.Y+c.px(6)), muted)
		c.textMid(x, p.Max.Y+c.px(22), ax.label(v), c.regular(15), muted)
	}
}

// sayUnseen tells what the shade means, at the right of a panel's heading.
func (c *canvas) sayUnseen(p image.Rectangle, ax scale, from float64) {
	if from <= 0 || from >= ax.hi {
		return
	}
	const words = "not known: here the same person was refused"
	f := c.regular(15)
	w := c.width(words, f)
	y := p.Min.Y - c.px(8)
	c.text(p.Max.X-w, y, words, f, muted)
	sign := image.Rect(p.Max.X-w-c.px(28), y-c.px(12), p.Max.X-w-c.px(8), y+c.px(2))
	c.fill(sign, muted)
	c.hatch(sign.Inset(1))
}

// hatch fills a part of the picture with slanted lines.
func (c *canvas) hatch(r image.Rectangle) {
	c.fill(r, paper)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if (x-y+c.m.Rect.Dy())%c.px(6) == 0 {
				c.m.SetRGBA(x, y, rule)
			}
		}
	}
}

// unseen shades where no genuine score can be known.
func (c *canvas) unseen(p image.Rectangle, ax scale, from float64) {
	if from <= 0 || from >= ax.hi {
		return
	}
	c.hatch(image.Rect(ax.x(from, p), p.Min.Y, p.Max.X, p.Max.Y))
}

// lines draws the thresholds through both panels, then the name of each above
// in a row of its own.
func (c *canvas) lines(upper, lower image.Rectangle, ax scale, ls []Line, tags int) {
	for i, l := range ls {
		if !(l.At >= ax.lo && l.At <= ax.hi) {
			continue
		}
		x := ax.x(l.At, upper)
		row := tags + i*c.px(22) + c.px(16)
		wide := c.px(2)
		if l.Proposed {
			wide = c.px(3)
		}
		for _, part := range []image.Rectangle{image.Rect(0, row+c.px(6), 0, upper.Max.Y), image.Rect(0, lower.Min.Y, 0, lower.Max.Y)} {
			for y := part.Min.Y; y < part.Max.Y; y++ {
				if l.Proposed || y/c.px(7)%2 == 0 {
					c.fill(image.Rect(x-wide/2, y, x-wide/2+wide, y+1), ink)
				}
			}
		}
	}
	for i, l := range ls {
		if !(l.At >= ax.lo && l.At <= ax.hi) {
			continue
		}
		x, row := ax.x(l.At, upper), tags+i*c.px(22)+c.px(16)
		name := l.Name + ": " + strconv.FormatFloat(l.At, 'f', 3, 64)
		f := c.regular(16)
		if l.Proposed {
			f = c.bold(16)
		}
		half := c.width(name, f) / 2
		mid := min(max(x, upper.Min.X+half), upper.Max.X-half)
		c.fill(image.Rect(mid-half-c.px(4), row-c.px(16), mid+half+c.px(4), row+c.px(5)), paper)
		c.textMid(mid, row, name, f, ink)
	}
}
