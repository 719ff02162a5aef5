package badge

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"agentid/vision/espcam/cast"
	"agentid/vision/qr"
)

func cardOf(t testing.TB) Card {
	return Card{
		Token: badgeOf(t, issuer(t, 1), lucia), Organisation: "Banco Norte", Title: "Credencial de visitante",
		Name: "Lucía Fernández Ñáñez", Validity: "Válida hasta el 1 de marzo de 2028",
		Note: "Se valida con su rostro o su PIN. Si la pierde, avise en el mostrador.", Made: day0,
	}
}

// readBy reads the one code in a picture as the kiosk does.
func readBy(t *testing.T, m *image.RGBA) string {
	t.Helper()
	d := qr.Decoder{Budget: time.Hour} // the machine may be busy
	got, err := d.Decode(m)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d codes found, %v", len(got), err)
	}
	return got[0].Payload
}

func TestCodeIsReadByTheKiosk(t *testing.T) {
	i := issuer(t, 1)
	for name, c := range map[string]struct {
		token            string
		version, modules int
	}{
		"badge":   {badgeOf(t, i, lucia), 7, 45},
		"receipt": {receiptOf(t, i, agreed), 8, 49},
	} {
		code, err := NewCode(c.token)
		if err != nil {
			t.Fatal(err)
		}
		if code.Version() != c.version || code.Modules() != c.modules {
			t.Errorf("%s: version %d with %d modules, want %d with %d", name, code.Version(), code.Modules(), c.version, c.modules)
		}
		for _, side := range []int{200, 401, 640} {
			m := code.Image(side)
			if m.Rect != image.Rect(0, 0, side, side) || m.Stride != 4*side || !m.Opaque() {
				t.Fatalf("%s: %v, stride %d, opaque %v", name, m.Rect, m.Stride, m.Opaque())
			}
			if got := readBy(t, m); got != c.token {
				t.Errorf("%s of %d pixels reads %q", name, side, got)
			}
		}
		b, err := code.PNG(400)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		whole := image.NewRGBA(m.Bounds())
		draw.Draw(whole, whole.Rect, m, image.Point{}, draw.Src)
		if got := readBy(t, whole); got != c.token {
			t.Errorf("%s as PNG reads %q", name, got)
		}
	}
}

func TestCodeImageSides(t *testing.T) {
	code, err := NewCode(badgeOf(t, issuer(t, 1), lucia))
	if err != nil {
		t.Fatal(err)
	}
	for side, want := range map[int]int{-5: 53, 0: 53, 53: 53, 500: 500, MaxSide: MaxSide, math.MaxInt: MaxSide} {
		m := code.Image(side)
		if m.Rect.Dx() != want || m.Rect.Dy() != want {
			t.Errorf("side %d gives %v", side, m.Rect)
		}
		// The quiet border is light, the corner of the finder is dark.
		px := want / 53
		off := (want - px*45) / 2
		if m.RGBAAt(off-1, off-1) != (color.RGBA{255, 255, 255, 255}) || m.RGBAAt(off, off) != (color.RGBA{0, 0, 0, 255}) {
			t.Errorf("side %d: the code does not begin at %d", side, off)
		}
	}
	for _, s := range []string{"", "AGID:", "https://example.org", strings.Repeat("A", 3000)} {
		if _, err := NewCode(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", s[:min(len(s), 20)], err)
		}
	}
}

var (
	streams = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	rects   = regexp.MustCompile(`(?m)^([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+) re f`)
	media   = regexp.MustCompile(`/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]`)
	texts   = regexp.MustCompile(`(?m)BT ([\d.]+) ([\d.]+) Td`)
)

// page gives the drawing commands and the size of a PDF's page, in points.
func page(t *testing.T, pdf []byte) (string, float64, float64) {
	t.Helper()
	m := media.FindSubmatch(pdf)
	if m == nil {
		t.Fatal("no page")
	}
	for _, s := range streams.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(s[1]))
		if err != nil {
			continue
		}
		b, err := io.ReadAll(z)
		if err == nil && rects.Match(b) {
			return string(b), number(t, string(m[1])), number(t, string(m[2]))
		}
	}
	t.Fatal("no drawing in the page")
	return "", 0, 0
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// paint fills the rectangles of a page, dark on white, at a scale of pixels a
// point.
func paint(t *testing.T, ops string, w, h, scale float64) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, int(w*scale), int(h*scale)))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	for _, r := range rects.FindAllStringSubmatch(ops, -1) {
		x, y, rw, rh := number(t, r[1]), number(t, r[2]), number(t, r[3]), number(t, r[4])
		px := func(v float64) int { return int(math.Round(v * scale)) }
		draw.Draw(m, image.Rect(px(x), px(h-y), px(x+rw), px(h-y-rh)), image.Black, image.Point{}, draw.Src)
	}
	return m
}

func TestPrintedCardIsReadByTheKiosk(t *testing.T) {
	c := cardOf(t)
	for paper, want := range map[Paper][2]float64{PaperCard: {85.6, 54}, PaperA4: {210, 297}} {
		b, err := c.PDF(paper)
		if err != nil {
			t.Fatal(err)
		}
		ops, w, h := page(t, b)
		const mm = 25.4 / 72
		if math.Abs(w*mm-want[0]) > 0.1 || math.Abs(h*mm-want[1]) > 0.1 {
			t.Errorf("%s: the page has %.1fx%.1f mm, want %v", paper, w*mm, h*mm, want)
		}
		if got := readBy(t, paint(t, ops, w, h, 2)); got != c.Token {
			t.Errorf("%s reads %q", paper, got)
		}
		if n := bytes.Count(b, []byte("/FontFile2")); n != 2 {
			t.Errorf("%s embeds %d fonts, want 2", paper, n)
		}
		if again, err := c.PDF(paper); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: drawn twice, it differs (%v)", paper, err)
		}
	}
}

// Whatever the words, nothing leaves the card, meets the code or overlaps.
func TestTextStaysInItsColumn(t *testing.T) {
	long := strings.Repeat("Etchegaray-Villanueva ", 5)
	for name, f := range map[string]func(*Card){
		"as it is":      func(*Card) {},
		"all long":      func(c *Card) { c.Organisation, c.Title, c.Name, c.Validity, c.Note = long, long, long, long, long },
		"one long word": func(c *Card) { c.Name = strings.Repeat("W", 120); c.Organisation = c.Name },
		"a long name": func(c *Card) {
			c.Name = "María de los Ángeles Guadalupe Etchegaray-Villanueva de Montenegro y Castro"
		},
		"little":          func(c *Card) { c.Organisation, c.Title, c.Note, c.Name = "", "", "", "Ana" },
		"another script":  func(c *Card) { c.Name = "Ольга Ω 李小龍 👩🏽‍🦱" },
		"marks by itself": func(c *Card) { c.Name = "Jose\u0301 Mun\u0303oz" },
	} {
		c := cardOf(t)
		f(&c)
		b, err := c.PDF(PaperCard)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ops, w, h := page(t, b)
		if got := readBy(t, paint(t, ops, w, h, 3)); got != c.Token {
			t.Errorf("%s reads %q", name, got)
		}
		last := h
		for _, m := range texts.FindAllStringSubmatch(ops, -1) {
			x, y := number(t, m[1]), number(t, m[2])
			if x < 14 || x > 16 || y < 8 || y > h-8 {
				t.Errorf("%s: text begins at %.1f,%.1f points of %.0fx%.0f", name, x, y, w, h)
			}
			if last-y < 4.5 {
				t.Errorf("%s: a line %.1f points below the one before", name, last-y)
			}
			last = y
		}
	}
}

func TestLinesFitTheirWidth(t *testing.T) {
	d := newDrawing(PaperCard, day0, "")
	for _, s := range []string{"Ana", cardOf(t).Name, strings.Repeat("W", 120), strings.Repeat("Wilhelmina ", 10)} {
		for _, room := range []float64{3, 8, 20} {
			b := d.set(s, 30, room, styleName)
			if b.height() > max(room, b.size*pointMM*lead) || len(b.lines) == 0 || len(b.lines) > styleName.lines {
				t.Errorf("%q in %v mm takes %.1f mm on %d lines", s, room, b.height(), len(b.lines))
			}
			d.pdf.SetFont("go", "B", b.size)
			for _, l := range b.lines {
				if d.pdf.GetStringWidth(l) > 30 {
					t.Errorf("%q is wider than its column", l)
				}
			}
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"Lucía Ñáñez Größe Łódź": "Lucía Ñáñez Größe Łódź",
		"Jose\u0301":             "José",
		"Ольга":                  "Ольга",
		"Nguyễn":                 "Nguyen",
		"李":                      "□",
		"a\u200db":               "ab",
		"":                       "",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if glyphs() == nil {
		t.Error("the compiled-in font cannot be read")
	}
}

func TestCardRefusals(t *testing.T) {
	for name, f := range map[string]func(*Card){
		"no token":       func(c *Card) { c.Token = "" },
		"another code":   func(c *Card) { c.Token = "https://example.org" },
		"no name":        func(c *Card) { c.Name = "  " },
		"no validity":    func(c *Card) { c.Validity = "" },
		"an endless one": func(c *Card) { c.Note = strings.Repeat("x", maxLineRunes+1) },
		"not UTF-8":      func(c *Card) { c.Organisation = "\xff" },
		"a control":      func(c *Card) { c.Title = "a\x00b" },
	} {
		c := cardOf(t)
		f(&c)
		if _, err := c.PDF(PaperCard); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cardOf(t).PDF("a3"); !errors.Is(err, ErrInvalid) {
		t.Errorf("A3: %v", err)
	}
}

func ExampleCode() {
	i, _ := NewIssuer(bytes.Repeat([]byte{1}, 32))
	token, _ := i.Badge(lucia)
	code, _ := NewCode(token)
	fmt.Println(len(token), "characters,", code.Modules(), "modules")
	// Output: 178 characters, 45 modules
}

// From issue to check, through the camera: somebody of the cast holds their
// badge before the chest, as in the demo.
func TestBadgeHeldUpInTheLobby(t *testing.T) {
	i := issuer(t, 1)
	code, err := NewCode(badgeOf(t, i, lucia))
	if err != nil {
		t.Fatal(err)
	}
	s := cast.NewScript(cast.Cast()[:1], cast.WithProp(0, code.Image(636), cast.BeforeChest))
	frame := image.NewRGBA(image.Rect(0, 0, 640, 480))
	s.Draw(frame, 3*time.Second)
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, frame, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	sent, err := jpeg.Decode(&jpg)
	if err != nil {
		t.Fatal(err)
	}
	draw.Draw(frame, frame.Rect, sent, image.Point{}, draw.Src)
	got, err := keyring(t, day0, i).Badge(readBy(t, frame))
	if err != nil || got.Badge != lucia {
		t.Errorf("%+v, %v", got, err)
	}
}
