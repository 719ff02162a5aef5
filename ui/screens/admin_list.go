package screens

import (
	"reflect"
	"slices"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminList is a table with what goes with it: search, filters, and the buttons
// that page. It pages within the rows that it was given first, as a small
// screen shows fewer of them, and asks for others at their end.
type adminList struct {
	env   Env
	table kiosk.Table
	again func()               // puts the desk in place
	pick  func(f kiosk.Choice) // opens the options of a filter
	typed func(on bool)        // the keyboard came or went
	holds func(rows int)       // how many rows a page has room for; may be nil
	extra []*widgets.Button    // beside the filters

	form    *widgets.Form // the search; nil without one
	clear   *widgets.Button
	filters []*widgets.Button
	rows    *widgets.Table
	minor   bool // the less important columns are shown
	first   int
	turned  int // where the rows that were asked for lie: before (-1) or after (1)
	empty   *widgets.Text
	sign    fyne.CanvasObject
	span    *widgets.Text
	before  *widgets.Button
	after   *widgets.Button
}

const fieldSearch = "search"

// maxQuery is how much can be searched for, in characters.
const maxQuery = 80

func newAdminList(e Env, keys theme.Style, t kiosk.Table) *adminList {
	st := e.Style
	l := &adminList{
		env: e, rows: widgets.NewTable(st), minor: true,
		empty: widgets.NewText("", st.Body, st.Muted, false),
		sign:  widgets.NewIcon(assets.IconInbox, st.Muted, 2*st.Icon),
		span:  widgets.NewText("", st.Small, st.Muted, false),
	}
	l.span.MaxLines = 1
	l.rows.OnPressed = e.Commands.Touch
	l.rows.OnRow = func(id string) { e.Commands.Do(kiosk.AdminOpenRow{ID: id}) }
	l.before = e.button(widgets.Secondary, assets.IconLeft, "admin.ui.before", func() { l.turn(-1) })
	l.after = e.button(widgets.Secondary, assets.IconRight, "admin.ui.after", func() { l.turn(1) })
	l.clear = e.button(widgets.Secondary, assets.IconCross, "admin.ui.search_clear", func() { l.search("") })
	l.table = t
	if hint := e.words(t.Search); hint != "" {
		l.makeSearch(keys, hint)
	}
	l.makeFilters()
	l.write()
	return l
}

// makeSearch makes the field to search with; the keyboard is the visitors'.
func (l *adminList) makeSearch(keys theme.Style, hint string) {
	e := l.env
	words := e.keyWords()
	words.Done = e.ui("search")
	st := keys
	st.Body, st.Label, st.Small, st.Gap, st.Icon = e.Style.Body*1.15, e.Style.Label, e.Style.Small, e.Style.Gap, e.Style.Icon
	st.Corner = e.Style.Corner
	l.form = widgets.NewForm(st, string(e.Lang), words, []widgets.FieldSpec{
		{Name: fieldSearch, Label: e.ui("search"), Example: hint, Keys: widgets.KeysAny, Max: maxQuery},
	}, e.Later, e.Now, e.Commands.Touch)
	l.form.Field(fieldSearch).SetText(l.table.Query)
	l.form.OnSubmit = func() { l.search(l.form.Value(fieldSearch)) }
	l.form.OnTyping = func(on bool) {
		if l.typed != nil {
			l.typed(on)
		}
	}
}

// search asks for what was written; the keyboard goes.
func (l *adminList) search(query string) {
	if l.form != nil {
		l.form.Field(fieldSearch).SetText(query)
		l.form.SetTyping(false)
	}
	l.turned = 0
	l.env.Commands.Do(kiosk.AdminSearch{Query: query})
}

func (l *adminList) makeFilters() {
	l.filters = nil
	for _, f := range l.table.Filters {
		at := slices.IndexFunc(f.Options, func(o kiosk.Option) bool { return o.Value == f.Value })
		words := l.env.words(f.Label)
		if at >= 0 {
			words += ": " + l.env.words(f.Options[at].Label)
		}
		b := l.env.buttonWith(widgets.Secondary, assets.IconDown, words, func() {
			if l.pick != nil {
				l.pick(f)
			}
		})
		b.SetSelected(at > 0) // the first is the one that leaves nothing out
		l.filters = append(l.filters, b)
	}
}

// fits tells whether another table is of the same list: its search may keep
// what is written.
func (l *adminList) fits(t kiosk.Table) bool {
	return l.table.Search.Key == t.Search.Key && l.table.Search.Plain == t.Search.Plain
}

// update shows other rows of the list; it tells whether the place of things
// changed.
func (l *adminList) update(t kiosk.Table) bool {
	before := l.table
	l.table = t
	moved := !reflect.DeepEqual(before.Filters, t.Filters)
	if moved {
		l.makeFilters()
	}
	if l.form != nil && t.Query != before.Query {
		if f := l.form.Field(fieldSearch); !l.form.Typing() || f.Text() == before.Query {
			f.SetText(t.Query)
		}
	}
	if !sameRows(before.Rows, t.Rows) {
		switch {
		case l.turned < 0:
			l.first = len(t.Rows) // placed as the last of it
			l.turned = 0
		case l.turned > 0, before.From != t.From, before.Query != t.Query, moved:
			l.first, l.turned = 0, 0
		}
	}
	l.write()
	return true
}

func sameRows(a, b []kiosk.Row) bool {
	return slices.EqualFunc(a, b, func(a, b kiosk.Row) bool { return a.ID == b.ID })
}

// write writes the rows anew, as ages and languages have it.
func (l *adminList) write() {
	var columns []widgets.TableColumn
	keep := make([]bool, len(l.table.Columns))
	for i, c := range l.table.Columns {
		if keep[i] = l.minor || !c.Minor; keep[i] {
			columns = append(columns, l.env.column(l.table, i))
		}
	}
	rows := make([]widgets.TableRow, 0, len(l.table.Rows))
	for _, r := range l.table.Rows {
		row := widgets.TableRow{ID: r.ID, Mark: r.Mark}
		for i, c := range r.Cells {
			if i < len(keep) && keep[i] {
				row.Cells = append(row.Cells, l.env.cell(c))
			}
		}
		rows = append(rows, row)
	}
	l.rows.SetRows(columns, rows, l.first)
	empty := l.env.words(l.table.Empty)
	if empty == "" {
		empty = l.env.ui("empty")
	}
	l.empty.SetContent(empty)
}

// column is column i of a table. What is no name nor text, a time or a status,
// is of no use when it is cut.
func (e Env) column(t kiosk.Table, i int) widgets.TableColumn {
	c := t.Columns[i]
	out := widgets.TableColumn{Label: e.words(c.Label), Share: float32(c.Share), Right: c.Right, Whole: c.Whole}
	for _, r := range t.Rows {
		if i < len(r.Cells) && (r.Cells[i].Kind != kiosk.CellWords && r.Cells[i].Kind != "" || r.Cells[i].Tone != kiosk.ToneNone) {
			out.Whole = true
		}
	}
	return out
}

// turn pages, within the rows at hand or to others.
func (l *adminList) turn(by int) {
	fit := l.rows.Fit(l.rows.Size().Height)
	switch next := l.first + by*fit; {
	case by > 0 && next < len(l.table.Rows), by < 0 && l.first > 0:
		l.first = max(0, next)
		l.write()
		l.again()
	case by > 0 && l.table.Next, by < 0 && l.table.Prev:
		l.turned = by
		l.env.Commands.Do(kiosk.AdminTurn{Forward: by > 0})
	}
}

// typing tells whether somebody writes what to search for.
func (l *adminList) typing() bool { return l.form != nil && l.form.Typing() }

func (l *adminList) stop() {
	if l.form != nil {
		l.form.Stop()
	}
}

func (l *adminList) objects() (out []fyne.CanvasObject) {
	out = append(out, l.rows, l.empty, l.sign, l.span, l.before, l.after, l.clear)
	for _, b := range l.tools() {
		out = append(out, b)
	}
	if l.form != nil {
		out = append(out, l.form)
	}
	return out
}

func (l *adminList) tools() []*widgets.Button {
	return append(l.filters[:len(l.filters):len(l.filters)], l.extra...)
}

// put places the list in a.
func (l *adminList) put(a area) {
	st := l.env.Style
	if minor := a.w >= 700*max(st.Scale, 1) && st.Shape != theme.Compact; minor != l.minor {
		l.minor = minor
		l.write()
	}
	for _, b := range l.tools() {
		setShown(b, !l.typing())
	}
	setShown(l.clear, !l.typing() && l.table.Query != "")
	if l.typing() {
		l.putTyping(a)
		return
	}
	a = l.putTools(a)
	if l.holds != nil {
		l.holds(l.rows.Fit(a.h - st.Target - st.Gap))
	}
	a.h -= l.putPager(a)
	l.putRows(a)
}

// putTools places search and filters and gives what is left below.
func (l *adminList) putTools(a area) area {
	st, gap := l.env.Style, l.env.Style.Gap
	buttons := l.tools()
	if l.table.Query != "" && l.form != nil {
		buttons = append([]*widgets.Button{l.clear}, buttons...)
	}
	x, h := a.x, float32(0)
	if l.form != nil {
		h = l.form.Fields()[0].BoxHeight()
		w := min(a.w, 560*max(st.Scale, 1))
		if len(buttons) > 0 {
			w = min(a.w*0.45, 380*max(st.Scale, 1))
		}
		widgets.Put(l.form, a.x, a.y, w, h)
		x += w + gap
	}
	if len(buttons) > 0 {
		room := a.x + a.w - x
		rows := widgets.WrapButtons(st, buttons, room, st.Target)
		rows.Put(x, a.y+max(0, (h-rows.Height)/2))
		h = max(h, rows.Height)
	}
	if h == 0 {
		return a
	}
	return area{a.x, a.y + h + gap, a.w, a.h - h - gap}
}

// putPager places what pages at the foot of a and gives how high it stands.
func (l *adminList) putPager(a area) float32 {
	st, n := l.env.Style, len(l.table.Rows)
	small := l.span.HeightFor(a.w) + 8
	fit := l.rows.Fit(a.h - small)
	if n > fit || l.table.Prev || l.table.Next {
		fit = l.rows.Fit(a.h - st.Target - st.Gap)
	}
	l.first = min(l.first, max(0, n-1))
	l.first -= l.first % fit
	before, after := l.first > 0 || l.table.Prev, l.first+fit < n || l.table.Next
	l.rows.ShowFrom(l.first)
	setShown(l.before, before || after)
	setShown(l.after, before || after)
	l.before.SetDisabled(!before)
	l.after.SetDisabled(!after)
	l.span.SetContent(l.spanWords(fit))
	setShown(l.span, n > 0)
	if !before && !after {
		if n == 0 {
			return 0
		}
		widgets.Put(l.span, a.x, a.y+a.h-small+8, a.w, small-8)
		return small
	}
	bw := max(l.before.WidthFor(), l.after.WidthFor(), 2.5*st.Target)
	y := a.y + a.h - st.Target
	widgets.Put(l.after, a.x+a.w-bw, y, bw, st.Target)
	widgets.Put(l.before, a.x+a.w-2*bw-st.Gap, y, bw, st.Target)
	room := a.w - 2*bw - 2*st.Gap
	widgets.Put(l.span, a.x, y+(st.Target-l.span.HeightFor(room))/2, room, l.span.HeightFor(room))
	return st.Target + st.Gap
}

// spanWords say which rows are shown, of how many.
func (l *adminList) spanWords(fit int) string {
	n := min(fit, len(l.table.Rows)-l.first)
	if n <= 0 {
		return ""
	}
	from := max(l.table.From, 1) + l.first
	lang := string(l.env.Lang)
	v := assets.Values{"From": assets.Number(lang, from), "To": assets.Number(lang, from+n-1)}
	if l.table.Total < 0 {
		return l.env.sayWith("admin.ui.span_open", v)
	}
	v["Total"] = assets.Number(lang, max(l.table.Total, from+n-1))
	return l.env.sayWith("admin.ui.span", v)
}

func (l *adminList) putRows(a area) {
	none := len(l.table.Rows) == 0
	setShown(l.rows, !none)
	setShown(l.empty, none)
	setShown(l.sign, none)
	widgets.Put(l.rows, a.x, a.y, a.w, a.h)
	if !none {
		return
	}
	side := 2 * l.env.Style.Icon
	room := min(a.w, 28*l.env.Style.Body)
	h := l.empty.HeightFor(room)
	w := l.empty.WidthFor(room)
	y := a.y + max(0, (a.h-h-side-8)/2)
	widgets.Put(l.sign, a.x+(a.w-side)/2, y, side, side)
	widgets.Put(l.empty, a.x+(a.w-w)/2, y+side+8, w, h)
}

// putTyping gives the foot to the keyboard, and what is left to the rows.
func (l *adminList) putTyping(a area) {
	for _, o := range []fyne.CanvasObject{l.span, l.before, l.after, l.empty, l.sign} {
		o.Hide()
	}
	widgets.Put(l.form, a.x, a.y, a.w, a.h)
	top := l.form.Top() + l.form.Fields()[0].BoxHeight() + l.env.Style.Gap
	room := a.h - top - l.form.Keyboard().Size().Height - l.env.Style.Gap
	rows := area{a.x, a.y + top, a.w, room}
	if l.form.Top() > 0 { // the field stands near the keys: rows above it
		rows = area{a.x, a.y, a.w, l.form.Top() - l.env.Style.Gap}
	}
	seen := rows.h >= l.rows.HeightFor(2) && len(l.table.Rows) > 0
	setShown(l.rows, seen)
	widgets.Put(l.rows, rows.x, rows.y, rows.w, max(rows.h, 1))
}
