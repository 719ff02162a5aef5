package widgets

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
)

// Passage is a part of what is to be read: a paragraph, a step, or what is to be
// done before all else.
type Passage struct {
	Text  string
	Step  int  // its number; 0 for a paragraph
	First bool // before all else: it stands out
}

// Reading is a text on as many pages as its room needs: nobody scrolls at a
// kiosk. A passage stays whole where it can. What is short is written larger, to
// be read from farther away.
type Reading struct {
	*Flow
	style    theme.Style
	passages []Passage
	box      *fyne.Container
	page     int
	pages    [][]piece
	laid     fyne.Size
	size     float32 // of the type
}

// piece is a passage, or a part of one, as it stands on a page.
type piece struct {
	passage Passage
	goes    bool // it goes on from the page before: no number again
	text    *Text
	sign    fyne.CanvasObject // the number or icon before it; may be nil
	height  float32
}

// NewReading makes a reading of passages.
func NewReading(st theme.Style, passages []Passage) *Reading {
	r := &Reading{style: st, passages: passages, box: &fyne.Container{}}
	r.Flow = NewFlow(r.place, nil, r.box)
	return r
}

// Pages is on how many pages it stands in the size it has, and Page which of
// them is shown, from 0.
func (r *Reading) Pages() int { return max(1, len(r.pages)) }

// Page is the page that is shown.
func (r *Reading) Page() int { return r.page }

// Turn shows another page.
func (r *Reading) Turn(to int) {
	r.page = min(max(to, 0), r.Pages()-1)
	r.show()
}

func (r *Reading) place(s fyne.Size) {
	if s != r.laid {
		r.laid = s
		for _, size := range []float32{4. / 3, 7. / 6, 1} {
			r.size = float32(int(r.style.Body * size))
			if r.pages = r.paginate(s); len(r.pages) <= 1 {
				break
			}
		}
		r.page = min(r.page, r.Pages()-1)
	}
	r.show()
}

// gap lies before a passage; steps stand closer together.
func (r *Reading) gap(p Passage) float32 {
	if p.Step > 1 {
		return r.style.Gap / 2
	}
	return r.style.Gap
}

// inset is the room for the number or the icon before a passage.
func (r *Reading) inset(p Passage) float32 {
	switch {
	case p.First:
		return r.size * 1.75
	case p.Step > 0:
		return r.size * 1.5
	}
	return 0
}

func (r *Reading) piece(p Passage, width float32) piece {
	colour, bold := r.style.Ink, false
	if p.First {
		colour, bold = r.style.Stop, true
	}
	t := NewText(p.Text, r.size, colour, bold)
	return piece{passage: p, text: t, height: t.HeightFor(max(1, width-r.inset(p)))}
}

// paginate puts passages on pages; one that is higher than a page is parted.
func (r *Reading) paginate(s fyne.Size) (pages [][]piece) {
	if s.Width <= 0 || s.Height <= 0 {
		return nil
	}
	var page []piece
	left := s.Height
	turn := func() {
		if len(page) > 0 {
			pages, page = append(pages, page), nil
		}
		left = s.Height
	}
	for _, p := range r.passages {
		goes := false
		for p.Text != "" {
			gap := float32(0)
			if len(page) > 0 {
				gap = r.gap(p)
			}
			one := r.piece(p, s.Width)
			one.goes = goes
			if gap+one.height <= left {
				page, left = append(page, one), left-gap-one.height
				break
			}
			if one.height <= s.Height {
				turn()
				continue
			}
			head, tail := r.part(p, s.Width, left-gap)
			if head == "" {
				if len(page) == 0 { // not even a line: better cut than never shown
					page = append(page, one)
					break
				}
				turn()
				continue
			}
			rest := p
			p.Text, rest.Text = head, tail
			one = r.piece(p, s.Width)
			one.goes = goes
			page = append(page, one)
			turn()
			p, goes = rest, true
		}
	}
	turn()
	return pages
}

// part gives as many words of a passage as fit in a height, and the rest.
func (r *Reading) part(p Passage, width, height float32) (head, tail string) {
	words := strings.Fields(p.Text)
	lo, hi := 0, len(words)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		q := p
		q.Text = strings.Join(words[:mid], " ")
		if r.piece(q, width).height <= height {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return strings.Join(words[:lo], " "), strings.Join(words[lo:], " ")
}

// show puts the page at hand on the canvas.
func (r *Reading) show() {
	r.box.Objects = nil
	if r.page < len(r.pages) {
		y := float32(0)
		for i := range r.pages[r.page] {
			one := &r.pages[r.page][i]
			if i > 0 {
				y += r.gap(one.passage)
			}
			r.put(one, y)
			y += one.height
		}
	}
	r.box.Resize(r.laid)
	r.box.Refresh()
}

func (r *Reading) put(one *piece, y float32) {
	p, st := one.passage, r.style
	inset := r.inset(p)
	if one.sign == nil && inset > 0 && !one.goes {
		if p.First {
			one.sign = NewIcon(assets.IconWarn, st.Stop, r.size*1.25)
		} else {
			one.sign = NewText(strconv.Itoa(p.Step)+".", r.size, st.Brand, true)
		}
	}
	if one.sign != nil {
		h := one.text.lineHeight(r.size)
		if p.First {
			side := r.size * 1.25
			Put(one.sign, 0, y+(h-side)/2, side, side)
		} else {
			Put(one.sign, 0, y, inset, h)
		}
		r.box.Objects = append(r.box.Objects, one.sign)
	}
	Put(one.text, inset, y, r.laid.Width-inset, one.height)
	r.box.Objects = append(r.box.Objects, one.text)
}
