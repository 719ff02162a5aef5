package widgets

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"

	"agentid/ui/theme"
)

// place lays the form out in s: the keyboard at the foot while somebody types,
// the fields above it.
func (f *Form) place(s fyne.Size) {
	if len(f.fields) == 0 || s.Width <= 0 || s.Height <= 0 {
		return
	}
	room := s.Height
	if f.typing {
		h := f.keyboard.HeightFor(s.Height - f.leastFields() - f.keyboardGap())
		Put(f.keyboard, 0, s.Height-h, s.Width, h)
		f.keyboard.Show()
		room = s.Height - h - f.keyboardGap()
	} else {
		f.keyboard.Hide()
	}
	top := float32(0)
	if f.typing && f.style.Shape == theme.Tall {
		// What is written stands near the keys, or eyes would travel.
		n := float32(len(f.fields))
		top = max(0, room-n*f.fields[0].BlockHeight()-(n-1)*fieldGap)
	}
	f.top = top
	f.placeFields(s.Width, top, room-top)
}

// keyboardGap keeps the keyboard off what is written.
func (f *Form) keyboardGap() float32 {
	if f.style.Shape == theme.Compact {
		return 8
	}
	return f.style.Gap
}

// leastFields is the height that the keyboard must leave: all fields with
// their errors where they fit, or the active one.
func (f *Form) leastFields() float32 {
	if f.style.Shape == theme.Compact {
		return f.fields[0].BoxHeight()
	}
	rows := len(f.fields)
	if f.style.Shape == theme.Wide {
		rows = (rows + 1) / 2
	}
	return float32(rows)*f.fields[0].BlockHeight() + float32(rows-1)*fieldGap
}

// fieldGap is what lies between the error of one field and the next field.
const fieldGap = 8

// placeFields puts as many fields as fit into width by height, from top, in
// one column or two; the active one is always there.
func (f *Form) placeFields(width, top, height float32) {
	n, block := len(f.fields), f.fields[0].BlockHeight()
	fit := max(1, int((height+fieldGap)/(block+fieldGap))) // rows
	cols := 1
	if n > fit && (f.style.Shape == theme.Wide || f.style.Shape == theme.Compact && !f.typing) {
		cols = 2
	}
	rows := f.rows(cols)
	first := 0
	if len(rows) > fit {
		at := 0
		for i, row := range rows {
			for _, j := range row {
				if j == f.active {
					at = i
				}
			}
		}
		first = min(max(0, at-fit+1), len(rows)-fit)
	}
	shown := make([]bool, n)
	for i := first; i < min(first+fit, len(rows)); i++ {
		y := float32(i-first) * (block + fieldGap)
		w := (width - float32(len(rows[i])-1)*f.style.Gap) / float32(len(rows[i]))
		for c, j := range rows[i] {
			shown[j] = true
			Put(f.fields[j], float32(c)*(w+f.style.Gap), top+y, w, min(block, height))
		}
	}
	for i, field := range f.fields {
		setShown(field, shown[i])
		place := ""
		if slices.Contains(shown, false) {
			place = strconv.Itoa(i+1) + "/" + strconv.Itoa(n)
		}
		field.setPlace(place)
	}
}

// rows deals the fields into rows of cols; where one would be left over, the
// first field has a row to itself.
func (f *Form) rows(cols int) (out [][]int) {
	for i := 0; i < len(f.fields); {
		n := cols
		if i == 0 && len(f.fields)%cols != 0 {
			n = 1
		}
		row := []int{}
		for range n {
			row = append(row, i)
			i++
		}
		out = append(out, row)
	}
	return out
}
