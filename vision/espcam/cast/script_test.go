package cast

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"sync"
	"testing"
	"time"
)

func frame(s *Script, w, h int, t time.Duration) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	s.Draw(m, t)
	return m
}

// A moment's picture depends on nothing but the moment: not on what was drawn
// before, nor on the script that drew it.
func TestDrawIsAFunctionOfTime(t *testing.T) {
	a, b := NewScript(Cast()[:2]), NewScript(Cast()[:2])
	at := []time.Duration{0, 900 * time.Millisecond, 2500 * time.Millisecond, 5 * time.Second, 8 * time.Second}
	var want []*image.RGBA
	for _, d := range at {
		want = append(want, frame(a, 320, 240, d))
	}
	for i := len(at) - 1; i >= 0; i-- {
		if got := frame(b, 320, 240, at[i]); !bytes.Equal(got.Pix, want[i].Pix) {
			t.Errorf("at %v the picture depends on what was drawn before", at[i])
		}
	}
	if bytes.Equal(want[2].Pix, want[3].Pix) {
		t.Error("nothing moves")
	}
}

func TestPresentAgreesWithThePicture(t *testing.T) {
	const w, h = 320, 240
	s, empty := NewScript(Cast()[:3]), NewScript(nil)
	seen := map[Phase]int{}
	for d := time.Duration(0); d < s.Round(); d += 370 * time.Millisecond {
		with, without := frame(s, w, h, d), frame(empty, w, h, d)
		who := s.Present(d)
		if len(who) == 0 {
			if !bytes.Equal(with.Pix, without.Pix) {
				t.Errorf("at %v somebody is drawn who is not present", d)
			}
			continue
		}
		p := who[0]
		seen[p.Phase]++
		// Of the middle of the face nearly all must be the person's.
		b := p.Box
		dx, dy := (b.X1-b.X0)*0.2, (b.Y1-b.Y0)*0.15
		in := image.Rect(int((b.X0+dx)*w), int((b.Y0+dy)*h), int((b.X1-dx)*w), int((b.Y1-dy)*h)).Intersect(with.Rect)
		n, changed := 0, 0
		for y := in.Min.Y; y < in.Max.Y; y++ {
			for x := in.Min.X; x < in.Max.X; x++ {
				n++
				if with.RGBAAt(x, y) != without.RGBAAt(x, y) {
					changed++
				}
			}
		}
		if n > 50 && changed < n*95/100 {
			t.Errorf("at %v (%s) only %d of %d pixels of the face are drawn", d, p.Phase, changed, n)
		}
		if p.Phase == Stopped && (b.X0 < 0 || b.Y0 < 0 || b.X1 > 1 || b.Y1 > 1) {
			t.Errorf("at %v the face of one who stopped leaves the picture: %+v", d, b)
		}
		if got := (b.Y1 - b.Y0) - p.Pose.Scale; got > 1e-6 || got < -1e-6 {
			t.Errorf("at %v the box is %v high for a scale of %v", d, b.Y1-b.Y0, p.Pose.Scale)
		}
	}
	for _, ph := range []Phase{Walking, Stopped, Leaving} {
		if seen[ph] < 2 {
			t.Errorf("phase %s was seen %d times", ph, seen[ph])
		}
	}
}

// Nobody pops in or out: at the ends of a visit the person is out of sight.
func TestVisitsBeginAndEndOutOfSight(t *testing.T) {
	for _, size := range []image.Point{{320, 240}, {480, 270}} {
		s, empty := NewScript(Cast()[:3]), NewScript(nil)
		for i := range 3 {
			start := time.Duration(i) * s.stay()
			for _, d := range []time.Duration{start, start + walkIn + s.dwell + walkOut - time.Millisecond} {
				if len(s.Present(d)) != 1 {
					t.Fatalf("nobody present at %v", d)
				}
				if !bytes.Equal(frame(s, size.X, size.Y, d).Pix, frame(empty, size.X, size.Y, d).Pix) {
					t.Errorf("at %v of %v someone is in sight", d, size)
				}
			}
		}
	}
}

func TestDemoShowsAGreetingAndAnUnknownSoon(t *testing.T) {
	s := NewScript(Cast())
	first, stranger := time.Duration(-1), time.Duration(-1)
	for d := time.Duration(0); d <= 15*time.Second; d += 40 * time.Millisecond {
		for _, p := range s.Present(d) {
			if p.Phase != Stopped {
				continue
			}
			if first < 0 && p.Index == 0 {
				first = d
			}
			if stranger < 0 && p.Index >= 2 {
				stranger = d
			}
		}
	}
	if first < 0 || first > 2*time.Second {
		t.Errorf("the first enrolled person stops at %v", first)
	}
	if stranger < 0 || stranger > 13*time.Second { // 2 s to be recognised as unknown
		t.Errorf("the first stranger stops at %v", stranger)
	}
}

func TestRoundBringsEveryoneAndLeavesGaps(t *testing.T) {
	s := NewScript(Cast(), WithGap(3*time.Second), WithDwell(4*time.Second), WithEmptyStart(5*time.Second))
	came, alone := map[int]int{}, time.Duration(0)
	const step = 100 * time.Millisecond
	for d := time.Duration(0); d < 5*time.Second+s.Round(); d += step {
		ps := s.Present(d)
		if len(ps) == 0 {
			alone += step
		} else if d < 5*time.Second {
			t.Fatalf("somebody came at %v", d)
		}
		for _, p := range ps {
			came[p.Index] |= 1 << p.Stay
			if p.Person != Cast()[p.Index] {
				t.Errorf("at %v index and person differ", d)
			}
		}
	}
	stays := 0
	for i := range Cast() {
		if came[i] == 0 || came[i]&(came[i]-1) != 0 || stays&came[i] != 0 {
			t.Errorf("%s came in visits %b", Cast()[i].Name, came[i])
		}
		stays |= came[i]
	}
	if want := 5*time.Second + 8*3*time.Second; alone < want-time.Second || alone > want+time.Second {
		t.Errorf("the lobby was empty for %v, want about %v", alone, want)
	}
}

func TestOrderAndCompany(t *testing.T) {
	s := NewScript(Cast(), WithOrder(4, -1, 99, 1), WithCompany(0, 2))
	var got [][]int
	for i := range 4 {
		var who []int
		for _, p := range s.Present(time.Duration(i)*s.stay() + 4*time.Second) {
			who = append(who, p.Index)
		}
		got = append(got, who)
	}
	if len(got[0]) != 1 || got[0][0] != 4 || got[1][0] != 1 || len(got[2]) != 2 || got[3][0] != 4 {
		t.Fatalf("order is %v", got)
	}
	both := s.Present(2*s.stay() + 4*time.Second)
	a, b := both[0].Box, both[1].Box
	if a.X0 < b.X1 && b.X0 < a.X1 {
		t.Errorf("two in company hide each other: %v %v", a, b)
	}
}

func TestDrawTakesOddSizesAndSubImages(t *testing.T) {
	s := NewScript(Cast()[:1])
	for _, size := range []image.Point{{0, 0}, {1, 1}, {15, 400}, {16, 16}, {33, 17}, {97, 301}, {16, 4096}, {4096, 16}, {319, 241}, {640, 360}} {
		m := frame(s, size.X, size.Y, 3*time.Second)
		for i := 3; i < len(m.Pix) && size.X >= minSide && size.Y >= minSide; i += 4 {
			if m.Pix[i] != 255 {
				t.Fatalf("%v: a pixel is not opaque", size)
			}
		}
	}
	// Into a part of a larger picture: the rest stays as it was, and the part
	// is as drawn alone.
	big := image.NewRGBA(image.Rect(-10, -10, 250, 200))
	part := image.Rect(20, 15, 180, 135)
	s.Draw(big.SubImage(part).(*image.RGBA), 3*time.Second)
	alone := frame(s, 160, 120, 3*time.Second)
	for y := big.Rect.Min.Y; y < big.Rect.Max.Y; y++ {
		for x := big.Rect.Min.X; x < big.Rect.Max.X; x++ {
			want := color.RGBA{}
			if (image.Point{X: x, Y: y}).In(part) {
				want = alone.RGBAAt(x-part.Min.X, y-part.Min.Y)
			}
			if big.RGBAAt(x, y) != want {
				t.Fatalf("pixel %d,%d is %v, want %v", x, y, big.RGBAAt(x, y), want)
			}
		}
	}
}

func mean(m *image.RGBA) float64 {
	sum := 0
	for i := 0; i < len(m.Pix); i += 4 {
		sum += int(m.Pix[i]) + int(m.Pix[i+1]) + int(m.Pix[i+2])
	}
	return float64(sum) / float64(len(m.Pix)/4*3)
}

// detail is the mean step between neighbours.
func detail(m *image.RGBA) float64 {
	sum := 0
	for i := 4; i < len(m.Pix); i += 4 {
		d := int(m.Pix[i]) - int(m.Pix[i-4])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(m.Pix)/4)
}

func TestLightAndBlur(t *testing.T) {
	people := Cast()[:1]
	day := frame(NewScript(people), 320, 240, 3*time.Second)
	dark := frame(NewScript(people, WithLight(func(time.Duration) float64 { return 0.25 })), 320, 240, 3*time.Second)
	if r := mean(dark) / mean(day); r < 0.2 || r > 0.3 {
		t.Errorf("a quarter of the light makes %.2f of the brightness", r)
	}
	soft := frame(NewScript(people, WithBlur(func(time.Duration) float64 { return 0.02 })), 320, 240, 3*time.Second)
	if r := detail(soft) / detail(day); r > 0.75 {
		t.Errorf("a blurred picture keeps %.2f of the detail", r)
	}
}

func TestPropIsHeldUp(t *testing.T) {
	red := image.NewUniform(color.RGBA{220, 0, 0, 255})
	m := image.NewRGBA(image.Rect(0, 0, 60, 40))
	draw.Draw(m, m.Rect, red, image.Point{}, draw.Src)
	held := Place{X: 0.1, Y: 0.7, Width: 0.6}
	s := NewScript(Cast()[:2], WithProp(0, m, held), WithProp(7, m, held), WithProp(1, nil, held))
	d := 3 * time.Second
	f, p := frame(s, 320, 240, d), s.Present(d)[0].Pose
	x, y := int(p.X*320+held.X*p.Scale*240), int(p.Y*240+held.Y*p.Scale*240)
	if c := f.RGBAAt(x, y); c.R < 150 || c.G > 40 {
		t.Errorf("where the card is held the picture is %v", c)
	}
	if c := frame(s, 320, 240, d+s.stay()).RGBAAt(x, y); c.R > 150 && c.G < 40 {
		t.Error("the other person holds the card too")
	}
}

func TestDrawFromSeveralGoroutines(t *testing.T) {
	s := NewScript(Cast()[:2])
	want := frame(NewScript(Cast()[:2]), 160, 120, 3*time.Second)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 3 {
				frame(s, 160, 120, time.Duration(i+j)*time.Second)
				if got := frame(s, 160, 120, 3*time.Second); !bytes.Equal(got.Pix, want.Pix) {
					t.Error("a picture drawn beside others differs")
				}
			}
		}()
	}
	wg.Wait()
}
