package qr

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"agentid/app/domain"
	"agentid/vision"
)

// code draws a code of px pixels a module with its border, upright.
func code(t testing.TB, text string, px int) *image.RGBA {
	t.Helper()
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		t.Fatal(err)
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	side := (len(bits) + 2*quiet) * px
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	for y, row := range bits {
		for x, on := range row {
			if on {
				draw.Draw(m, image.Rect(0, 0, px, px).Add(image.Pt((x+quiet)*px, (y+quiet)*px)), image.Black, image.Point{}, draw.Src)
			}
		}
	}
	return m
}

// desk is a grey picture with others laid upon it.
func desk(w, h int, on map[image.Point]*image.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(color.Gray{150}), image.Point{}, draw.Src)
	for at, c := range on {
		draw.Draw(m, c.Rect.Add(at), c, image.Point{}, draw.Src)
	}
	return m
}

func TestRegionIsWhereTheCodeIs(t *testing.T) {
	const px, x, y = 4, 150, 90
	c := code(t, "AGENT ID", px)
	side := c.Rect.Dx() - 2*quiet*px
	for name, turns := range map[string]int{"upright": 0, "quarter": 1, "half": 2, "three quarters": 3} {
		m := c
		for range turns {
			m = quarter(m)
		}
		d := Decoder{Budget: time.Hour}
		got, err := d.Decode(desk(640, 480, map[image.Point]*image.RGBA{{X: x, Y: y}: m}))
		if err != nil || len(got) != 1 || got[0].Payload != "AGENT ID" {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		r := got[0]
		l, tp := float64(x+quiet*px), float64(y+quiet*px)
		f := float64(side)
		want := [4]vision.Point{{X: l, Y: tp}, {X: l + f, Y: tp}, {X: l + f, Y: tp + f}, {X: l, Y: tp + f}}
		for i := range want {
			// A quarter clockwise moves what was top left to the top right.
			w := want[(i+turns)%4]
			if math.Hypot(r.Corners[i].X-w.X, r.Corners[i].Y-w.Y) > px {
				t.Errorf("%s: corner %d is at %v, want %v", name, i, r.Corners[i], w)
			}
		}
		if math.Abs(r.Module-px) > 0.2 {
			t.Errorf("%s: %.2f px a module, want %d", name, r.Module, px)
		}
		exact := image.Rect(x+quiet*px, y+quiet*px, x+quiet*px+side, y+quiet*px+side)
		if !exact.In(r.Region.Inset(-px)) || !r.Region.In(exact.Inset(-px)) {
			t.Errorf("%s: region %v, want %v", name, r.Region, exact)
		}
	}
}

// quarter turns a picture clockwise.
func quarter(m *image.RGBA) *image.RGBA {
	n := m.Rect.Dx()
	out := image.NewRGBA(m.Rect)
	for y := range n {
		for x := range n {
			out.SetRGBA(n-1-y, x, m.RGBAAt(x, y))
		}
	}
	return out
}

func TestRegionInTheLobby(t *testing.T) {
	for _, size := range []image.Point{{640, 480}, {1600, 1200}} {
		v := straight(2.5)
		v.size = size
		var d Decoder
		d.Budget = time.Hour
		for _, f := range frames(t, v, 2) {
			got, err := d.Decode(f)
			if err != nil || len(got) != 1 {
				t.Fatalf("%v: %v, %v", size, got, err)
			}
			r := got[0]
			if math.Abs(r.Module-2.5) > 0.25 {
				t.Errorf("%v: %.2f px a module, want 2.5", size, r.Module)
			}
			// The code's middle is grey, just outside it is the white of its border.
			white := darkest(f, r.Region.Inset(-5)) > 200
			if dx := math.Abs(float64(r.Region.Dx()) - 45*2.5); dx > 8 || !white {
				t.Errorf("%v: region %v is %.0f px off in width, or not within the white", size, r.Region, dx)
			}
		}
	}
}

// A code that is there and cannot be read is told from an empty lobby.
func TestSuspects(t *testing.T) {
	torn := code(t, "AGENT ID", 5)
	side := torn.Rect.Dx()
	for y := range side { // its corners stay, and what it says is gone
		for x := range side {
			if in := func(v int) bool { return v > 12*5 && v < side-4*5 }; in(x) && in(y) {
				torn.SetRGBA(x, y, color.RGBA{uint8(40 * ((x / 5) % 5)), 90, uint8(40 * ((y / 5) % 6)), 255})
			}
		}
	}
	d := Decoder{Budget: time.Hour}
	for _, tt := range []struct {
		name string
		m    *image.RGBA
		read int
		want bool
	}{
		{"nothing", desk(640, 480, nil), 0, false},
		{"a torn code", desk(640, 480, map[image.Point]*image.RGBA{{X: 200, Y: 150}: torn}), 0, true},
		{"a whole one", desk(640, 480, map[image.Point]*image.RGBA{{X: 200, Y: 150}: code(t, "AGENT ID", 5)}), 1, false},
		{"nothing again", desk(640, 480, nil), 0, false},
	} {
		got, err := d.Decode(tt.m)
		if err != nil || len(got) != tt.read || d.Suspects() != tt.want {
			t.Errorf("%s: %d read, suspects %v, %v", tt.name, len(got), d.Suspects(), err)
		}
	}
}

// darkest is the least brightness of the corners of a rectangle.
func darkest(m *image.RGBA, r image.Rectangle) uint8 {
	least := uint8(255)
	for _, p := range []image.Point{r.Min, {r.Max.X, r.Min.Y}, r.Max, {r.Min.X, r.Max.Y}} {
		least = min(least, m.RGBAAt(p.X, p.Y).G)
	}
	return least
}

func TestSeveralCodesAreAllRead(t *testing.T) {
	var d Decoder
	d.Budget = time.Hour
	m := desk(800, 600, map[image.Point]*image.RGBA{
		{X: 20, Y: 20}: code(t, "ONE", 4), {X: 400, Y: 60}: code(t, "TWO", 5), {X: 200, Y: 330}: code(t, "THREE", 6),
	})
	got, err := d.Decode(m)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for i, r := range got {
		said = append(said, r.Payload)
		for _, o := range got[:i] {
			if r.Region.Overlaps(o.Region) {
				t.Errorf("%v and %v overlap", r.Region, o.Region)
			}
		}
	}
	all := strings.Join(said, " ")
	if len(got) != 3 || !strings.Contains(all, "ONE") || !strings.Contains(all, "TWO") || !strings.Contains(all, "THREE") {
		t.Errorf("read %q", said)
	}
}

func TestPayloadIsCapped(t *testing.T) {
	for n, want := range map[int]int{MaxPayload: 1, MaxPayload + 1: 0, 1200: 0} {
		var d Decoder
		d.Budget = time.Hour
		got, err := d.Decode(desk(800, 800, map[image.Point]*image.RGBA{{X: 40, Y: 40}: code(t, strings.Repeat("x", n), 5)}))
		if err != nil || len(got) != want {
			t.Errorf("%d bytes: %d results, %v, want %d", n, len(got), err, want)
		}
	}
	// What is too long does not hide what is beside it.
	var d Decoder
	d.Budget = time.Hour
	got, err := d.Decode(desk(1200, 800, map[image.Point]*image.RGBA{
		{X: 10, Y: 10}: code(t, strings.Repeat("x", 600), 5), {X: 900, Y: 300}: code(t, "SHORT", 8),
	}))
	if err != nil || len(got) != 1 || got[0].Payload != "SHORT" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestUnacceptablePictures(t *testing.T) {
	ok := image.NewRGBA(image.Rect(0, 0, 64, 64))
	cut := *ok
	cut.Pix = cut.Pix[:len(cut.Pix)-1]
	narrow := *ok
	narrow.Stride = 4 * 63
	for name, m := range map[string]*image.RGBA{
		"none":                 nil,
		"empty":                image.NewRGBA(image.Rectangle{}),
		"elsewhere":            image.NewRGBA(image.Rect(5, 5, 64, 64)),
		"part of another":      ok.SubImage(image.Rect(1, 1, 30, 30)).(*image.RGBA),
		"pixels missing":       &cut,
		"too narrow a stride":  &narrow,
		"more than it holds":   {Rect: image.Rect(0, 0, 2000, 2000), Stride: 8000},
		"too wide":             {Rect: image.Rect(0, 0, vision.MaxSide+1, 1), Stride: 4 * (vision.MaxSide + 1), Pix: make([]byte, 4*(vision.MaxSide+1))},
		"too many pixels":      {Rect: image.Rect(0, 0, 4096, 4096), Stride: 4 * 4096},
		"an upside down frame": {Rect: image.Rectangle{Max: image.Pt(-4, -4)}, Stride: 16},
	} {
		var d Decoder
		if got, err := d.Decode(m); !errors.Is(err, vision.ErrPicture) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestPicturesWithoutACode(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 640, 480))
	s := uint32(1)
	for i := range noise.Pix {
		s = s*1664525 + 1013904223
		noise.Pix[i] = byte(s >> 24)
	}
	lobby := frames(t, straight(0.5), 1)[0]
	for name, m := range map[string]*image.RGBA{
		"a dot": image.NewRGBA(image.Rect(0, 0, 1, 1)), "a line": image.NewRGBA(image.Rect(0, 0, 640, 1)),
		"a column": image.NewRGBA(image.Rect(0, 0, 1, 480)), "black": image.NewRGBA(image.Rect(0, 0, 640, 480)),
		"noise": noise, "a badge too far away": lobby, "finders alone": finders(400, 300, 14),
	} {
		var d Decoder
		for range len(ways) {
			if got, err := d.Decode(m); err != nil || len(got) != 0 {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
	}
}

// finders is a picture full of what codes have in their corners.
func finders(w, h, every int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	u := float64(every) / 9
	for y := range h {
		for x := range w {
			dx, dy := math.Abs(math.Mod((float64(x)+0.5)/u, 9)-4.5), math.Abs(math.Mod((float64(y)+0.5)/u, 9)-4.5)
			if d := max(dx, dy); d < 1.5 || d > 2.5 && d < 3.5 {
				m.SetRGBA(x, y, color.RGBA{0, 0, 0, 255})
			}
		}
	}
	return m
}

func TestWorkOnAHostilePatternIsBounded(t *testing.T) {
	var p plane
	p.luma(finders(640, 480, 18))
	_, seen, ok := read(&p, false)
	if ok || seen != nil {
		t.Errorf("%d finders were compared with one another, at most %d are wanted", len(seen), maxFinders)
	}
	// A few of them are no reason to give up.
	p.luma(finders(120, 120, 18))
	if _, seen, _ := read(&p, false); len(seen) < 9 || len(seen) > maxFinders {
		t.Errorf("%d finders seen of 36", len(seen))
	}
}

// stepClock moves on by a step whenever it is asked.
type stepClock struct {
	domain.SystemClock
	now  time.Time
	step time.Duration
}

func (c *stepClock) Now() time.Time {
	c.now = c.now.Add(c.step)
	return c.now
}

func TestBudget(t *testing.T) {
	blank := desk(320, 240, nil)
	// A slow machine does one way a frame, and comes round to each of them.
	slow := &Decoder{Clock: &stepClock{step: time.Second}}
	for i := range 2 * len(ways) {
		if slow.first != i%len(ways) {
			t.Fatalf("frame %d begins with way %d", i, slow.first)
		}
		if _, err := slow.Decode(blank); err != nil {
			t.Fatal(err)
		}
	}
	// A fast one does all of them in each frame.
	fast := &Decoder{Clock: &stepClock{step: time.Microsecond}}
	if _, err := fast.Decode(blank); err != nil || fast.first != 0 {
		t.Errorf("begins with way %d next, %v", fast.first, err)
	}
	// A code that only the last way reads is read by the slow one within a
	// round, and in each frame from then on.
	v := straight(2.5)
	v.negative = true
	f := frames(t, v, 1)[0]
	slow.first = 0
	for i := range len(ways) + 2 {
		got, err := slow.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		if want := i >= len(ways)-1; (len(got) == 1) != want {
			t.Errorf("frame %d: read %v, want %v", i, len(got) == 1, want)
		}
	}
}

func TestPictureIsLeftAsItWas(t *testing.T) {
	m := desk(400, 400, map[image.Point]*image.RGBA{{X: 50, Y: 50}: code(t, "STAY", 6)})
	before := append([]byte(nil), m.Pix...)
	d := Decoder{Budget: time.Hour}
	if got, err := d.Decode(m); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if string(before) != string(m.Pix) {
		t.Error("reading changed the picture")
	}
}

func FuzzDecode(f *testing.F) {
	c := code(f, "AGENT ID", 2)
	gray := make([]byte, 0, len(c.Pix)/4)
	for i := 0; i < len(c.Pix); i += 4 {
		gray = append(gray, c.Pix[i])
	}
	f.Add(uint8(c.Rect.Dx()), gray)
	f.Add(uint8(40), []byte(strings.Repeat("\x00\xff\x00\x00\x00\xff\x00", 300)))
	f.Add(uint8(1), []byte{7})
	f.Fuzz(func(t *testing.T, w uint8, b []byte) {
		if w == 0 || len(b) < int(w) || len(b) > 1<<16 {
			return
		}
		h := len(b) / int(w)
		m := image.NewRGBA(image.Rect(0, 0, int(w), h))
		for i := range int(w) * h {
			m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3] = b[i], b[i], b[i], 255
		}
		var d Decoder
		got, err := d.Decode(m)
		if err != nil && h > 0 {
			t.Fatal(err)
		}
		if len(got) > MaxCodes {
			t.Fatalf("%d codes", len(got))
		}
		for _, r := range got {
			if !r.Region.In(m.Rect) || len(r.Payload) > MaxPayload || r.Payload == "" || !(r.Module > 0) {
				t.Fatalf("%+v in %v", r, m.Rect)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	far := straight(0.5)
	for name, m := range map[string]*image.RGBA{
		"badge":   frames(b, straight(2.5), 1)[0],
		"nothing": frames(b, far, 1)[0],
		"hostile": finders(640, 480, 60),
		"uxga":    func() *image.RGBA { v := straight(0.5); v.size = image.Pt(1600, 1200); return frames(b, v, 1)[0] }(),
	} {
		b.Run(name, func(b *testing.B) {
			d := Decoder{Budget: time.Hour}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
