package widgets

import (
	"image"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/ui/theme"
)

// TableColumn is a column of a Table: its share of the width.
type TableColumn struct {
	Label string
	Share float32
	Right bool // numbers stand at the right
	// Whole says that its cells are of no use when they are cut: the others give
	// way first.
	Whole bool
}

// TableCell is one value, written already. Picture takes the place of words.
type TableCell struct {
	Words   string
	Tone    Tone
	Picture *image.RGBA
}

// TableRow is a row; one without an ID cannot be opened.
type TableRow struct {
	ID    string
	Cells []TableCell
	Mark  bool
}

// Table shows rows under their columns, as many as fit from one of them on.
// Each row is a touch target; with the focus, the arrows move over the rows and
// Enter opens. It has neither search nor paging: those are its owner's.
type Table struct {
	widget.BaseWidget
	OnRow     func(id string)
	OnPressed func() // a finger is on it; may be nil
	// Tight says that the rows are only read: they stand closer together.
	Tight bool

	style   theme.Style
	columns []TableColumn
	rows    []TableRow
	first   int

	pressed string // ID under the finger
	focused bool
	at      int // row that the keyboard is at
	drawn   *tableRenderer
}

var (
	_ fyne.Tappable     = (*Table)(nil)
	_ fyne.Focusable    = (*Table)(nil)
	_ desktop.Mouseable = (*Table)(nil)
	_ desktop.Hoverable = (*Table)(nil)
)

// NewTable makes an empty table.
func NewTable(st theme.Style) *Table {
	t := &Table{style: st}
	t.ExtendBaseWidget(t)
	return t
}

// SetRows shows other rows, under other columns, from the first row on.
func (t *Table) SetRows(columns []TableColumn, rows []TableRow, first int) {
	if first == t.first && slices.Equal(columns, t.columns) && slices.EqualFunc(rows, t.rows, sameRow) {
		return
	}
	t.columns, t.rows, t.first = columns, rows, clampInt(first, 0, max(0, len(rows)-1))
	t.at = clampInt(t.at, t.first, max(t.first, len(rows)-1))
	t.Refresh()
}

func sameRow(a, b TableRow) bool {
	return a.ID == b.ID && a.Mark == b.Mark && slices.Equal(a.Cells, b.Cells)
}

// ShowFrom shows the rows from another one on.
func (t *Table) ShowFrom(first int) {
	if first = clampInt(first, 0, max(0, len(t.rows)-1)); first != t.first {
		t.first, t.at = first, first
		t.Refresh()
	}
}

// First is the row at the top.
func (t *Table) First() int { return t.first }

// Fit is how many rows fit in a height.
func (t *Table) Fit(height float32) int {
	return max(1, int((height-t.headHeight())/t.rowHeight()))
}

// HeightFor is how high it is with n rows.
func (t *Table) HeightFor(n int) float32 { return t.headHeight() + float32(n)*t.rowHeight() }

func (t *Table) rowHeight() float32 {
	if t.Tight {
		return lineHeight(t.style.Body) + 10
	}
	return t.style.Target
}

func (t *Table) headHeight() float32 {
	if !slices.ContainsFunc(t.columns, func(c TableColumn) bool { return c.Label != "" }) {
		return 0
	}
	return lineHeight(t.style.Small) + 10
}

// shown are the rows that are seen.
func (t *Table) shown() []TableRow {
	n := min(len(t.rows)-t.first, t.Fit(t.Size().Height))
	if n <= 0 {
		return nil
	}
	return t.rows[t.first : t.first+n]
}

// rowAt is the row at a height, nil where there is none.
func (t *Table) rowAt(y float32) *TableRow {
	rows := t.shown()
	i := int((y - t.headHeight()) / t.rowHeight())
	if y < t.headHeight() || i >= len(rows) {
		return nil
	}
	return &rows[i]
}

// MouseDown implements desktop.Mouseable. It remembers which row it was: others
// may come in above it before the finger goes up.
func (t *Table) MouseDown(e *desktop.MouseEvent) {
	call(t.OnPressed)
	if r := t.rowAt(e.Position.Y); r != nil && t.OnRow != nil {
		t.press(r.ID)
	}
}

// MouseUp implements desktop.Mouseable.
func (t *Table) MouseUp(*desktop.MouseEvent) {}

// MouseIn implements desktop.Hoverable. A finger does not hover.
func (t *Table) MouseIn(*desktop.MouseEvent) {}

// MouseMoved implements desktop.Hoverable: a finger that slides to another row
// means none.
func (t *Table) MouseMoved(e *desktop.MouseEvent) {
	if r := t.rowAt(e.Position.Y); r == nil || r.ID != t.pressed {
		t.press("")
	}
}

// MouseOut implements desktop.Hoverable.
func (t *Table) MouseOut() { t.press("") }

// Tapped implements fyne.Tappable.
func (t *Table) Tapped(e *fyne.PointEvent) {
	id := t.pressed
	if id == "" { // touched without a press, as tests do
		if r := t.rowAt(e.Position.Y); r != nil {
			id = r.ID
		}
	}
	t.press("")
	t.open(id)
}

func (t *Table) open(id string) {
	if id != "" && t.OnRow != nil {
		t.OnRow(id)
	}
}

func (t *Table) press(id string) {
	if id == t.pressed {
		return
	}
	t.pressed = id
	if t.drawn != nil {
		t.drawn.paintGrounds()
	}
}

// FocusGained implements fyne.Focusable.
func (t *Table) FocusGained() {
	t.focused, t.at = true, t.first
	if t.drawn != nil {
		t.drawn.paintGrounds()
	}
}

// FocusLost implements fyne.Focusable.
func (t *Table) FocusLost() {
	t.focused = false
	if t.drawn != nil {
		t.drawn.paintGrounds()
	}
}

// TypedRune implements fyne.Focusable.
func (t *Table) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (t *Table) TypedKey(e *fyne.KeyEvent) {
	call(t.OnPressed)
	rows := t.shown()
	if len(rows) == 0 {
		return
	}
	last := t.first + len(rows) - 1
	switch e.Name {
	case fyne.KeyUp:
		t.at = max(t.at-1, t.first)
	case fyne.KeyDown:
		t.at = min(t.at+1, last)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		t.open(t.rows[clampInt(t.at, t.first, last)].ID)
	}
	if t.drawn != nil {
		t.drawn.paintGrounds()
	}
}

// says is a row in words, for those who cannot see its columns.
func (r TableRow) says() string {
	var out []string
	for _, c := range r.Cells {
		if c.Words != "" {
			out = append(out, c.Words)
		}
	}
	return strings.Join(out, " · ")
}
