package widgets

import (
	"strconv"

	"agentid/ui/theme"

	"fyne.io/fyne/v2"
)

const (
	gridGap   = 10 // between fields
	areaLines = 6  // of a paragraph where there is room
)

// room is the height for the fields when nobody types.
func (f *FormGrid) room() float32 { return f.Size().Height }

func (f *FormGrid) columns(width float32) int {
	if f.style.Shape != theme.Tall && width >= 640*max(f.style.Scale, 1) {
		return 2
	}
	return 1
}

// rows deals the fields into rows: what is one line high may stand beside
// another of its kind.
func (f *FormGrid) rows(width float32) (out [][]int) {
	cols := f.columns(width)
	for i := 0; i < len(f.items); {
		row := []int{i}
		i++
		if cols == 2 && f.items[row[0]].field != nil && i < len(f.items) && f.items[i].field != nil {
			row = append(row, i)
			i++
		}
		out = append(out, row)
	}
	return out
}

func (f *FormGrid) rowHeight(row []int, width, most float32) (h float32) {
	w := f.fieldWidth(row, width)
	for _, i := range row {
		h = max(h, f.items[i].height(w, areaLines))
	}
	return min(h, most)
}

func (f *FormGrid) fieldWidth(row []int, width float32) float32 {
	w := (width - float32(len(row)-1)*f.style.Gap) / float32(len(row))
	if len(row) == 1 && f.items[row[0]].field != nil && f.columns(width) == 2 {
		w = (width - f.style.Gap) / 2 // one line alone is as wide as the others
	}
	return w
}

// split deals the rows into pages of a height.
func (f *FormGrid) split(width, height float32) (pages [][][]int) {
	rows := f.rows(width)
	deal := func(height float32) (pages [][][]int) {
		var page [][]int
		var used float32
		for _, row := range rows {
			h := f.rowHeight(row, width, height)
			if len(page) > 0 && used+gridGap+h > height {
				pages, page, used = append(pages, page), nil, 0
			}
			if len(page) > 0 {
				used += gridGap
			}
			page, used = append(page, row), used+h
		}
		return append(pages, page)
	}
	pages = deal(height)
	if len(pages) > 1 && !f.typing {
		pages = deal(height - f.pagerHeight())
	}
	return pages
}

func (f *FormGrid) pagerHeight() float32 { return f.style.Target + f.style.Gap }

// pageOf is the page that field i is on when nobody types.
func (f *FormGrid) pageOf(i int) int {
	return pageWith(f.split(f.Size().Width, f.room()), i)
}

func pageWith(pages [][][]int, i int) int {
	for n, page := range pages {
		for _, row := range page {
			for _, j := range row {
				if i == j {
					return n
				}
			}
		}
	}
	return 0
}

// place lays the form out in s.
func (f *FormGrid) place(s fyne.Size) {
	if s.Width <= 0 || s.Height <= 0 {
		return
	}
	room := s.Height
	if f.typing {
		gap := f.style.Gap
		least := f.items[f.active].height(s.Width, 3)
		if f.style.Shape == theme.Compact {
			least = f.items[f.active].height(s.Width, 2)
		}
		h := f.keyboard.HeightFor(s.Height - least - gap)
		Put(f.keyboard, 0, s.Height-h, s.Width, h)
		f.keyboard.Show()
		room = s.Height - h - gap
	} else {
		f.keyboard.Hide()
	}
	pages := f.split(s.Width, room)
	f.pages = len(pages)
	at := clampInt(f.page, 0, len(pages)-1)
	if f.typing {
		at = pageWith(pages, f.active)
	} else {
		f.page = at
	}
	pager := f.pages > 1 && !f.typing
	f.placePager(s, pager)
	if pager {
		room -= f.pagerHeight()
	}
	for _, it := range f.items {
		it.hide()
	}
	y := float32(0)
	for _, row := range pages[at] {
		h := f.rowHeight(row, s.Width, room)
		w := f.fieldWidth(row, s.Width)
		for c, i := range row {
			f.items[i].put(float32(c)*(w+f.style.Gap), y, w, min(h, f.items[i].height(w, areaLines)))
			for _, o := range f.items[i].objects() {
				if b, ok := o.(*Button); ok {
					b.Show()
				}
			}
		}
		y += h + gridGap
	}
}

func (f *FormGrid) placePager(s fyne.Size, on bool) {
	setShown(f.at, on)
	setShown(f.before, on && f.page > 0)
	setShown(f.after, on && f.page < f.pages-1)
	if !on {
		return
	}
	f.at.SetContent(strconv.Itoa(f.page+1) + " / " + strconv.Itoa(f.pages))
	th, y := f.style.Target, s.Height-f.style.Target
	bw := max(f.before.WidthFor(), f.after.WidthFor())
	tw := f.at.NaturalWidth() + 1
	Put(f.before, 0, y, bw, th)
	Put(f.at, bw+f.style.Gap, y+(th-f.at.HeightFor(tw))/2, tw, f.at.HeightFor(tw))
	Put(f.after, bw+2*f.style.Gap+tw, y, bw, th)
}
