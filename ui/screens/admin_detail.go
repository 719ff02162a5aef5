package screens

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminDetail is one row in full: a picture, fields, lists within, and what can
// be done with it. What does not fit is on another page of it; the buttons are
// always there.
type adminDetail struct {
	env    Env
	detail kiosk.Detail
	again  func()

	ground *canvas.Rectangle
	title  *widgets.Text
	shut   *widgets.Button
	blocks []*block
	do     []*widgets.Button
	page   int
	pages  int
	at     *widgets.Text
	before *widgets.Button
	after  *widgets.Button
}

// block is a part of a detail that stays in one piece.
type block struct {
	objs   []fyne.CanvasObject
	height func(width float32) float32
	put    func(a area)
}

func newAdminDetail(e Env, d kiosk.Detail) *adminDetail {
	st := e.Style
	r := &adminDetail{
		env: e, detail: d, ground: widgets.NewCard(st),
		title: widgets.NewText(e.words(d.Title), st.Title*0.85, st.Ink, true),
		do:    e.adminButtons(d.Do, d.ID),
		at:    widgets.NewText("", st.Small, st.Muted, false),
	}
	r.title.MaxLines, r.title.Least = 2, 16
	r.shut = e.button(widgets.Secondary, assets.IconCross, "admin.ui.close", e.do(kiosk.AdminOpenRow{}))
	r.before = e.button(widgets.Secondary, assets.IconLeft, "admin.ui.before", func() { r.turn(-1) })
	r.after = e.button(widgets.Secondary, assets.IconRight, "admin.ui.after", func() { r.turn(1) })
	if d.Picture != nil {
		r.addPicture()
	}
	for _, f := range d.Fields {
		r.addField(f)
	}
	for _, t := range d.Tables {
		r.addTable(t)
	}
	return r
}

func (r *adminDetail) addPicture() {
	st := r.env.Style
	img := canvas.NewImageFromImage(r.detail.Picture)
	img.FillMode, img.CornerRadius = canvas.ImageFillContain, st.Corner
	r.blocks = append(r.blocks, &block{
		objs: []fyne.CanvasObject{img},
		height: func(w float32) float32 {
			most := 4 * st.Target
			if st.Shape == theme.Compact {
				most = 3 * st.Target
			}
			size := r.detail.Picture.Rect.Size()
			return min(most, w*float32(size.Y)/float32(max(size.X, 1)))
		},
		put: func(a area) { widgets.Put(img, a.x, a.y, a.w, a.h) },
	})
}

// addField adds a line: what it is at the left, the value beside it.
func (r *adminDetail) addField(f kiosk.DetailField) {
	st := r.env.Style
	label := widgets.NewText(r.env.words(f.Label), st.Small, st.Muted, false)
	value := widgets.NewMark(st, r.env.told(f.Value, true), tone(f.Value.Tone))
	if f.Value.Kind == kiosk.CellPicture && f.Value.Picture != nil {
		r.addFieldPicture(label, f)
		return
	}
	share := func(w float32) float32 { return float32(int(w * 0.4)) }
	r.blocks = append(r.blocks, &block{
		objs: append([]fyne.CanvasObject{label}, value.Objects()...),
		height: func(w float32) float32 {
			lw := share(w)
			return max(label.HeightFor(lw), value.HeightFor(w-lw-st.Gap)) + 8
		},
		put: func(a area) {
			lw := share(a.w)
			lh := label.HeightFor(lw)
			widgets.Put(label, a.x, a.y+4+(min(a.h-8, 1.4*st.Body)-min(lh, 1.4*st.Body))/2, lw, lh)
			value.Put(a.x+lw+st.Gap, a.y+4, a.w-lw-st.Gap)
		},
	})
}

func (r *adminDetail) addFieldPicture(label *widgets.Text, f kiosk.DetailField) {
	st := r.env.Style
	img := canvas.NewImageFromImage(f.Value.Picture)
	img.FillMode = canvas.ImageFillContain
	r.blocks = append(r.blocks, &block{
		objs:   []fyne.CanvasObject{label, img},
		height: func(w float32) float32 { return label.HeightFor(w) + 3*st.Target + 8 },
		put: func(a area) {
			lh := label.HeightFor(a.w)
			widgets.Put(label, a.x, a.y, a.w, lh)
			widgets.Put(img, a.x, a.y+lh, a.w, a.h-lh-8)
		},
	})
}

// addTable adds a list within, row by row, so that it may go on on the next
// page, and its buttons.
func (r *adminDetail) addTable(t kiosk.Table) {
	st, e := r.env.Style, r.env
	var columns []widgets.TableColumn
	for i, c := range t.Columns {
		if !c.Minor {
			columns = append(columns, e.column(t, i))
		}
	}
	var rows []widgets.TableRow
	for _, row := range t.Rows {
		out := widgets.TableRow{ID: row.ID, Mark: row.Mark}
		for i, c := range row.Cells {
			if i < len(t.Columns) && !t.Columns[i].Minor {
				out.Cells = append(out.Cells, e.cell(c))
			}
		}
		rows = append(rows, out)
	}
	if len(rows) == 0 {
		words := e.words(t.Empty)
		if words == "" {
			words = e.ui("empty")
		}
		text := widgets.NewText(words, st.Body, st.Muted, false)
		r.blocks = append(r.blocks, &block{
			objs:   []fyne.CanvasObject{text},
			height: func(w float32) float32 { return text.HeightFor(w) + st.Gap },
			put:    func(a area) { widgets.Put(text, a.x, a.y+st.Gap/2, a.w, a.h) },
		})
	}
	// A few rows stay together, under the names of the columns.
	for i := 0; i < len(rows); i += tableChunk {
		part := widgets.NewTable(st)
		chunk := rows[i:min(i+tableChunk, len(rows))]
		part.Tight = !slices.ContainsFunc(rows, func(r widgets.TableRow) bool { return r.ID != "" })
		above := float32(0)
		if i == 0 {
			above = st.Gap
		}
		part.OnPressed = e.Commands.Touch
		part.OnRow = func(id string) { e.Commands.Do(kiosk.AdminOpenRow{ID: id}) }
		part.SetRows(columns, rows, i) // all of them: the columns of the parts stand under one another
		r.blocks = append(r.blocks, &block{
			objs:   []fyne.CanvasObject{part},
			height: func(float32) float32 { return above + part.HeightFor(len(chunk)) },
			put:    func(a area) { widgets.Put(part, a.x, a.y+above, a.w, a.h-above) },
		})
	}
	if buttons := e.adminButtons(t.Do, r.detail.ID); len(buttons) > 0 {
		var objs []fyne.CanvasObject
		for _, b := range buttons {
			objs = append(objs, b)
		}
		r.blocks = append(r.blocks, &block{
			objs:   objs,
			height: func(w float32) float32 { return widgets.WrapButtons(st, buttons, w, st.Target).Height + st.Gap },
			put:    func(a area) { widgets.WrapButtons(st, buttons, a.w, st.Target).Put(a.x, a.y+st.Gap/2) },
		})
	}
}

// tableChunk is how many rows of a list within stay together.
const tableChunk = 4

func (r *adminDetail) turn(by int) {
	r.page = min(max(r.page+by, 0), max(r.pages-1, 0))
	r.again()
}

func (r *adminDetail) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{r.ground, r.title, r.shut, r.at, r.before, r.after}
	for _, b := range r.blocks {
		out = append(out, b.objs...)
	}
	for _, b := range r.do {
		out = append(out, b)
	}
	return out
}

// put places the detail in a.
func (r *adminDetail) put(a area) {
	st := r.env.Style
	widgets.Put(r.ground, a.x, a.y, a.w, a.h)
	pad := st.Pad
	if st.Shape == theme.Compact {
		pad = st.Gap
	}
	in := area{a.x + pad, a.y + pad, a.w - 2*pad, a.h - 2*pad}

	sw := r.shut.WidthFor()
	widgets.Put(r.shut, in.x+in.w-sw, in.y, sw, st.Target)
	room := in.w - sw - st.Gap
	th := r.title.HeightFor(room)
	widgets.Put(r.title, in.x, in.y+max(0, (st.Target-th)/2), room, th)
	top := max(th, st.Target) + st.Gap/2
	in.y, in.h = in.y+top, in.h-top

	if len(r.do) > 0 {
		rows := widgets.WrapButtons(st, r.do, in.w, st.Target)
		rows.Put(in.x, in.y+in.h-rows.Height)
		in.h -= rows.Height + st.Gap
	}
	pages := r.split(in.w, in.h)
	if len(pages) > 1 {
		pages = r.split(in.w, in.h-st.Target-st.Gap)
	}
	r.pages = len(pages)
	r.page = min(r.page, r.pages-1)
	r.putPager(in)
	for _, b := range r.blocks {
		for _, o := range b.objs {
			o.Hide()
		}
	}
	if r.pages > 1 {
		in.h -= st.Target + st.Gap
	}
	y := in.y
	for _, b := range pages[r.page] {
		h := min(b.height(in.w), in.y+in.h-y)
		for _, o := range b.objs {
			o.Show()
		}
		b.put(area{in.x, y, in.w, h})
		y += h
	}
}

func (r *adminDetail) putPager(in area) {
	st := r.env.Style
	on := r.pages > 1
	for _, o := range []fyne.CanvasObject{r.at, r.before, r.after} {
		setShown(o, on)
	}
	if !on {
		return
	}
	r.before.SetDisabled(r.page == 0)
	r.after.SetDisabled(r.page == r.pages-1)
	r.at.SetContent(strconv.Itoa(r.page+1) + " / " + strconv.Itoa(r.pages))
	y := in.y + in.h - st.Target
	bw := max(r.before.WidthFor(), r.after.WidthFor())
	widgets.Put(r.before, in.x, y, bw, st.Target)
	widgets.Put(r.after, in.x+in.w-bw, y, bw, st.Target)
	tw := r.at.NaturalWidth() + 1
	widgets.Put(r.at, in.x+(in.w-tw)/2, y+(st.Target-r.at.HeightFor(tw))/2, tw, r.at.HeightFor(tw))
}

// split deals the blocks into pages of a height.
func (r *adminDetail) split(width, height float32) (pages [][]*block) {
	var page []*block
	var used float32
	for _, b := range r.blocks {
		h := b.height(width)
		if len(page) > 0 && used+h > height {
			pages, page, used = append(pages, page), nil, 0
		}
		page, used = append(page, b), used+h
	}
	return append(pages, page)
}
