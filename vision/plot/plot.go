// Package plot draws how near a recognition's genuine and impostor scores lie:
// their histograms, the error rates at every threshold, and the thresholds in
// question, for a person to look at.
package plot

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
)

// Scores is a picture to draw. Genuine and Impostor are distances: lower is
// nearer. What is not a finite number is left out.
type Scores struct {
	Title    string
	Subtitle string
	// Unit of the distances, as "cosine distance".
	Unit              string
	Genuine, Impostor []float64
	Lines             []Line
	// SeenTo is the distance beyond which genuine scores cannot have been seen,
	// as nobody is recognised there; 0 where there is none.
	SeenTo float64
	// Note is small print below.
	Note string
}

// Line is a threshold.
type Line struct {
	Name string
	At   float64
	// Proposed draws it whole and strong; else it is the one in use, dashed.
	Proposed bool
}

// ErrPlot says that there is nothing to draw, or no room for it.
var ErrPlot = errors.New("cannot draw the scores")

// Sizes that are drawn, in pixels, and how many lines.
const (
	MinWidth, MinHeight = 640, 480
	MaxWidth, MaxHeight = 4096, 4096
	maxLines            = 8
)

// DefaultSize is good for a screen and for a page.
func DefaultSize() image.Point { return image.Pt(1200, 900) }

// The colours of the product.
var (
	paper    = color.RGBA{0xFA, 0xFA, 0xF7, 0xFF}
	surface  = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	ink      = color.RGBA{0x14, 0x21, 0x3D, 0xFF}
	muted    = color.RGBA{0x5B, 0x64, 0x75, 0xFF}
	rule     = color.RGBA{0xE3, 0xE4, 0xE0, 0xFF}
	genuine  = color.RGBA{0x0B, 0x6E, 0x6E, 0xFF}
	impostor = color.RGBA{0xC2, 0x6A, 0x12, 0xFF}
)

// Draw draws the picture. ErrPlot where there are no scores of one kind, or the
// size is out of bounds.
func (s Scores) Draw(size image.Point) (*image.RGBA, error) {
	if size.X < MinWidth || size.Y < MinHeight || size.X > MaxWidth || size.Y > MaxHeight {
		return nil, fmt.Errorf("%w: %dx%d", ErrPlot, size.X, size.Y)
	}
	s.Genuine, s.Impostor = sorted(s.Genuine), sorted(s.Impostor)
	if len(s.Genuine) == 0 || len(s.Impostor) == 0 {
		return nil, fmt.Errorf("%w: %d genuine and %d impostor scores", ErrPlot, len(s.Genuine), len(s.Impostor))
	}
	if len(s.Lines) > maxLines {
		return nil, fmt.Errorf("%w: %d lines", ErrPlot, len(s.Lines))
	}
	k := min(float64(size.X)/1200, float64(size.Y)/900)
	f, err := newFonts(k)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlot, err)
	}
	c := &canvas{m: image.NewRGBA(image.Rectangle{Max: size}), fonts: f, k: k}
	draw.Draw(c.m, c.m.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	c.scores(s)
	return c.m, nil
}

func sorted(v []float64) []float64 {
	out := slices.DeleteFunc(slices.Clone(v), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	slices.Sort(out)
	return out
}

// scores lays out and draws everything.
func (c *canvas) scores(s Scores) {
	w, h := c.m.Rect.Dx(), c.m.Rect.Dy()
	left, right := c.px(84), w-c.px(36)
	y := c.px(50)
	c.text(left, y, s.Title, c.bold(26), ink)
	y += c.px(28)
	c.text(left, y, s.Subtitle, c.regular(16), muted)
	y += c.px(34)
	x := c.swatch(left, y, genuine, fmt.Sprintf("the same person (%s)", thousands(len(s.Genuine))))
	c.swatch(x+c.px(28), y, impostor, fmt.Sprintf("different people (%s)", thousands(len(s.Impostor))))
	y += c.px(22)

	tags := y // the names of the lines
	y += len(s.Lines) * c.px(22)
	bottom := h - c.px(82)
	if s.Note == "" {
		bottom = h - c.px(56)
	}
	split := y + c.px(26)
	high := (bottom - split - c.px(64)) * 56 / 100
	ax := newScale(s.span())
	upper := image.Rect(left, split, right, split+high)
	lower := image.Rect(left, split+high+c.px(64), right, bottom)

	for _, p := range []image.Rectangle{upper, lower} {
		c.fill(p, surface)
		c.unseen(p, ax, s.SeenTo)
	}
	c.histogram(upper, ax, s)
	c.sayUnseen(upper, ax, s.SeenTo)
	c.rates(lower, ax, s)
	for _, p := range []image.Rectangle{upper, lower} {
		c.ticks(p, ax)
		c.frame(p)
	}
	c.lines(upper, lower, ax, s.Lines, tags)
	c.text(left, upper.Min.Y-c.px(8), "share of each kind's scores, % a bar", c.regular(15), muted)
	c.text(left, lower.Min.Y-c.px(8), "error rate at each threshold, %", c.regular(15), muted)
	c.rateNames(lower, c.px(8))
	c.text(left, lower.Max.Y+c.px(44), s.Unit+": lower is nearer", c.regular(16), ink)
	if s.Note != "" {
		c.text(left, h-c.px(10), s.Note, c.regular(14), muted)
	}
}

// span is the range of distances worth showing: all but the last thousandth on
// either side, and every line.
func (s Scores) span() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range [][]float64{s.Genuine, s.Impostor} {
		n := len(v) - 1
		lo, hi = min(lo, v[n/1000]), max(hi, v[n-n/1000])
	}
	for _, l := range append([]Line{{At: s.SeenTo}}, s.Lines...) {
		if l.At > 0 && !math.IsInf(l.At, 0) {
			lo, hi = min(lo, l.At), max(hi, l.At)
		}
	}
	return lo, hi
}

// thousands writes a count as 12,345.
func thousands(n int) string {
	t := fmt.Sprint(n)
	for i := len(t) - 3; i > 0; i -= 3 {
		t = t[:i] + "," + t[i:]
	}
	return t
}
