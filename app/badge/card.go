package badge

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Card is what is printed on a badge, in words that the caller has chosen.
type Card struct {
	Token        string // of the badge; drawn as the QR code
	Organisation string // "Banco Norte"
	Title        string // "Credencial de visitante"
	Name         string // of the person
	Validity     string // "Válida hasta el 1 de marzo de 2028"
	Note         string // "Se valida con su rostro o su PIN."
	// Made is when it was drawn; the same card is the same bytes.
	Made time.Time
}

// Paper is what a card is printed on.
type Paper string

// The papers.
const (
	PaperCard Paper = "card" // a page of 85.6x54 mm, for a card printer
	PaperA4   Paper = "a4"   // the card on A4, with marks to cut along
)

// A card's sides (ISO/IEC 7810 ID-1) and what else is measured on it, in mm.
const (
	cardW, cardH = 85.6, 54.0
	margin       = 4.0
	band         = 2.4 // of colour, at the left edge
	codeSide     = 43.2
	maxLineRunes = 120
)

// PDF draws the card. ErrInvalid for a token that is none, and for text that
// is empty, too long or not UTF-8. Characters that the font lacks lose their
// accent, or become a box.
func (c Card) PDF(on Paper) ([]byte, error) {
	code, err := NewCode(c.Token)
	if err != nil {
		return nil, err
	}
	for _, s := range []*string{&c.Organisation, &c.Title, &c.Name, &c.Validity, &c.Note} {
		if !utf8.ValidString(*s) || utf8.RuneCountInString(*s) > maxLineRunes || strings.ContainsFunc(*s, unicode.IsControl) {
			return nil, fmt.Errorf("%w: a line on the card", ErrInvalid)
		}
		*s = printable(strings.Join(strings.Fields(*s), " "))
	}
	if c.Name == "" || c.Validity == "" {
		return nil, fmt.Errorf("%w: a card without name or validity", ErrInvalid)
	}
	if on != PaperCard && on != PaperA4 {
		return nil, fmt.Errorf("%w: paper %q", ErrInvalid, on)
	}
	d := newDrawing(on, c.Made, c.Title)
	d.card(c, code)
	if on == PaperA4 {
		d.cutMarks()
	}
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	return b.Bytes(), nil
}

// drawing draws one card whose corner is at (x, y) of the page.
type drawing struct {
	pdf  *fpdf.Fpdf
	x, y float64
}

func newDrawing(on Paper, made time.Time, title string) drawing {
	d := drawing{}
	size := fpdf.SizeType{Wd: cardW, Ht: cardH}
	if on == PaperA4 {
		size = fpdf.SizeType{Wd: 210, Ht: 297}
		d.x, d.y = (size.Wd-cardW)/2, 30
	}
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: size})
	pdf.SetCatalogSort(true) // the same card is the same bytes
	pdf.SetCreationDate(made.UTC())
	pdf.SetModificationDate(made.UTC())
	pdf.SetTitle(title, true)
	pdf.SetCreator("Agent ID", true)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	pdf.AddPage()
	d.pdf = pdf
	return d
}

// The colours of the product.
var (
	ink   = [3]int{0x14, 0x21, 0x3D}
	muted = [3]int{0x5B, 0x64, 0x75}
	brand = [3]int{0x0B, 0x6E, 0x6E}
)

func (d drawing) card(c Card, code *Code) {
	p := d.pdf
	p.SetFillColor(brand[0], brand[1], brand[2])
	p.Rect(d.x, d.y, band, cardH, "F")

	// The code keeps its quiet border: four modules to the edge and to the text.
	module := codeSide / float64(code.Modules())
	quiet := Quiet * module
	left, top := d.x+cardW-quiet-codeSide, d.y+(cardH-codeSide)/2
	d.code(code, left, top, module)

	tx := d.x + band + margin - 1
	w := left - quiet - tx
	y := d.y + margin + 0.4
	y = d.write(d.set(c.Organisation, w, cardH, styleOrganisation), tx, y)
	y = d.write(d.set(c.Title, w, cardH, styleTitle), tx, y+0.6)

	// Validity and note stand at the foot; the name has what is left.
	validity, note := d.set(c.Validity, w, cardH, styleValidity), d.set(c.Note, w, cardH, styleNote)
	foot := d.y + cardH - margin - validity.height() - 0.8 - note.height()
	name := d.set(c.Name, w, foot-y-2*1.5, styleName)
	d.write(name, tx, min(y+4.5, foot-1.5-name.height()))
	d.write(note, tx, d.write(validity, tx, foot)+0.8)
}

// code draws the dark modules, a run of them in a row as one rectangle, so
// that no hair line shows between them.
func (d drawing) code(code *Code, left, top, module float64) {
	d.pdf.SetFillColor(0, 0, 0)
	for y := range code.Modules() {
		for x := 0; x < code.Modules(); x++ {
			n := 0
			for code.Dark(x+n, y) {
				n++
			}
			if n == 0 {
				continue
			}
			h := module
			if y+1 < code.Modules() {
				h += 0.01 // touches the next row
			}
			d.pdf.Rect(left+float64(x)*module, top+float64(y)*module, float64(n)*module, h, "F")
			x += n
		}
	}
}

// style is how a text is set: from size down to least points, on at most so
// many lines.
type style struct {
	weight      string
	size, least float64
	lines       int
	colour      [3]int
}

var (
	styleOrganisation = style{"B", 9, 6, 3, brand}
	styleTitle        = style{"", 6.5, 5, 2, muted}
	styleName         = style{"B", 12, 6, 4, ink}
	styleValidity     = style{"B", 6.5, 5, 2, ink}
	styleNote         = style{"", 5.8, 4.8, 3, muted}
)

// block is a text broken into lines.
type block struct {
	lines []string
	size  float64 // points
	style style
}

const (
	lead    = 1.18   // line height, of the font's size
	pointMM = 0.3528 // a point in millimetres
)

func (b block) height() float64 { return float64(len(b.lines)) * b.size * pointMM * lead }

// set breaks a text at the largest size at which it fits the width, the height
// and the style's lines; what does not fit even at the least is cut with an
// ellipsis.
func (d drawing) set(s string, w, h float64, st style) block {
	b := block{size: st.size, style: st}
	if s == "" {
		return b
	}
	for ; ; b.size -= 0.5 {
		d.pdf.SetFont("go", st.weight, b.size)
		lines, whole := d.wrap(s, w)
		b.lines = lines
		if whole && len(lines) <= st.lines && b.height() <= h {
			return b
		}
		if b.size-0.5 < st.least {
			break
		}
	}
	most := max(1, min(st.lines, int(h/(b.size*pointMM*lead))))
	if len(b.lines) <= most {
		return b
	}
	b.lines = b.lines[:most]
	last := []rune(b.lines[most-1])
	for len(last) > 0 && d.pdf.GetStringWidth(string(last)+"…") > w {
		last = last[:len(last)-1]
	}
	b.lines[most-1] = strings.TrimSpace(string(last)) + "…"
	return b
}

// wrap breaks between words, and within one only where it is wider than a
// line: then whole is false.
func (d drawing) wrap(s string, w float64) (ls []string, whole bool) {
	whole = true
	line := ""
	for _, word := range strings.Fields(s) {
		if t := strings.TrimSpace(line + " " + word); d.pdf.GetStringWidth(t) <= w {
			line = t
			continue
		}
		if line != "" {
			ls, line = append(ls, line), ""
		}
		for _, r := range word {
			if line != "" && d.pdf.GetStringWidth(line+string(r)) > w {
				ls, line, whole = append(ls, line), "", false
			}
			line += string(r)
		}
	}
	return append(ls, line), whole
}

// write draws a text in a column and returns where it ends.
func (d drawing) write(b block, x, y float64) float64 {
	d.pdf.SetFont("go", b.style.weight, b.size)
	d.pdf.SetTextColor(b.style.colour[0], b.style.colour[1], b.style.colour[2])
	for _, l := range b.lines {
		d.pdf.Text(x, y+b.size*pointMM*0.92, l)
		y += b.size * pointMM * lead
	}
	return y
}

// cutMarks draws a thin line at each corner, outside the card.
func (d drawing) cutMarks() {
	const away, long = 1.0, 5.0
	d.pdf.SetDrawColor(muted[0], muted[1], muted[2])
	d.pdf.SetLineWidth(0.15)
	for _, cx := range []float64{0, cardW} {
		for _, cy := range []float64{0, cardH} {
			sx, sy := 1.0, 1.0
			if cx == 0 {
				sx = -1
			}
			if cy == 0 {
				sy = -1
			}
			x, y := d.x+cx, d.y+cy
			d.pdf.Line(x+sx*away, y, x+sx*(away+long), y)
			d.pdf.Line(x, y+sy*away, x, y+sy*(away+long))
		}
	}
}
