package widgets

import (
	"fyne.io/fyne/v2"

	"agentid/ui/theme"
)

// ButtonGrid is many buttons in columns, on as many pages as its room needs:
// the last place of a page that is not the only one leads to the next.
type ButtonGrid struct {
	*Flow
	style   theme.Style
	buttons []*Button
	more    *Button
	columns int
	page    int
	perPage int
}

// NewButtonGrid makes a grid of that many columns. more leads on; what it does
// when it is touched is the grid's.
func NewButtonGrid(st theme.Style, columns int, more *Button, buttons ...*Button) *ButtonGrid {
	g := &ButtonGrid{style: st, buttons: buttons, more: more, columns: max(1, columns)}
	more.OnTapped = func() { g.Turn(g.page + 1) }
	objs := []fyne.CanvasObject{more}
	for _, b := range buttons {
		objs = append(objs, b)
	}
	g.Flow = NewFlow(g.place, nil, objs...)
	return g
}

// Page is the page that is shown, from 0.
func (g *ButtonGrid) Page() int { return g.page }

// Turn shows another page; after the last comes the first.
func (g *ButtonGrid) Turn(to int) {
	g.page = to
	g.Again()
}

// rowsIn is how many rows a height holds, of buttons that are easy to touch.
func (g *ButtonGrid) rowsIn(height float32) int {
	return max(1, int((height+g.style.Gap)/(g.style.Target+g.style.Gap)))
}

func (g *ButtonGrid) place(s fyne.Size) {
	if s.Width <= 0 || s.Height <= 0 {
		return
	}
	gap := g.style.Gap
	most := g.columns * g.rowsIn(s.Height)
	g.perPage = len(g.buttons)
	if g.perPage > most {
		g.perPage = max(1, most-1)
	}
	pages := max(1, (len(g.buttons)+g.perPage-1)/g.perPage)
	g.page = ((g.page % pages) + pages) % pages
	first := g.page * g.perPage
	last := min(len(g.buttons), first+g.perPage)
	rows := (min(len(g.buttons), g.perPage) + g.columns - 1) / g.columns
	if pages > 1 {
		rows = g.rowsIn(s.Height)
	}
	w := (s.Width - float32(g.columns-1)*gap) / float32(g.columns)
	h := min((s.Height-float32(rows-1)*gap)/float32(rows), 1.25*g.style.Button)
	put := func(b *Button, i int) {
		b.Show()
		Put(b, float32(i%g.columns)*(w+gap), float32(i/g.columns)*(h+gap), w, h)
	}
	for i, b := range g.buttons {
		if i < first || i >= last {
			b.Hide()
			continue
		}
		put(b, i-first)
	}
	g.more.Hide()
	if pages > 1 {
		put(g.more, most-1) // in its place on every page
	}
}
