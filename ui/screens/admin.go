package screens

import (
	"reflect"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminDesk is the admin tab for somebody who signed in. It draws the parts
// that a page is made of and knows none of the pages. A part is made anew only
// when what it shows changed, so that no update takes away what is written, or
// a button from under a finger.
type adminDesk struct {
	*widgets.Flow
	env   Env // in the staff's style
	keys  theme.Style
	admin kiosk.Admin
	last  *kiosk.Admin // that admin was read from

	strip   *adminStrip
	navs    []*widgets.Button
	rail    *canvas.Rectangle
	title   *widgets.Text
	notice  *widgets.Mark
	pill    *canvas.Rectangle
	work    *widgets.WorkRing
	do      []*widgets.Button // of the whole list
	metrics []*widgets.Metric
	plots   []*widgets.Plot
	list    *adminList
	detail  *adminDetail
	form    *adminForm
	confirm *adminConfirm
	choose  *chooser

	fit     int  // rows of a page, as it was told last
	diagram bool // a small screen shows the plots in place of the list
	toggle  *widgets.Button
	tick    widgets.Pending
}

// agesEvery is how often what tells an age is written anew.
const agesEvery = 30 * time.Second

func newAdminDesk(e Env, v kiosk.View) *adminDesk {
	d := &adminDesk{env: e, keys: e.Style}
	d.env.Style = e.Style.Dense()
	st := d.env.Style
	d.strip = newAdminStrip(d.env, v, d.openMenu)
	d.rail = canvas.NewRectangle(st.Surface)
	d.title = widgets.NewText("", st.Title, st.Ink, true)
	d.title.MaxLines, d.title.Least = 1, 16
	d.pill = canvas.NewRectangle(st.Surface)
	d.pill.CornerRadius, d.pill.StrokeWidth, d.pill.StrokeColor = st.Corner, 1, st.Line
	d.work = widgets.NewWorkRing(st)
	d.toggle = d.env.button(widgets.Secondary, assets.IconChart, "admin.ui.plots", d.turnOver)
	d.Flow = widgets.NewFlow(d.put, nil)
	d.show(v, true)
	d.age()
	return d
}

// age writes what tells an age anew, now and then.
func (d *adminDesk) age() {
	d.tick.Set(d.env.Later(agesEvery, func() {
		if d.list != nil {
			d.list.write()
		}
		if hasAge(d.admin) {
			d.makeMetrics()
			d.compose()
		}
		d.age()
	}))
}

func hasAge(a kiosk.Admin) bool {
	return slices.ContainsFunc(a.Figures, func(f kiosk.Figure) bool { return f.Value.Kind == kiosk.CellAge })
}

// Update implements Body.
func (d *adminDesk) Update(v kiosk.View) { d.show(v, false) }

// ShowsLive implements Body.
func (d *adminDesk) ShowsLive() bool { return false }

// Fills implements Filler.
func (d *adminDesk) Fills() bool { return true }

// Close implements Body.
func (d *adminDesk) Close() {
	d.tick.Cancel()
	d.work.Stop()
	if d.list != nil {
		d.list.stop()
	}
	if d.form != nil {
		d.form.stop()
	}
	if d.confirm != nil {
		d.confirm.page.Close()
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(d.Object()); c != nil {
		c.Unfocus() // keys are for what comes next
	}
}

// Focus implements Focuser.
func (d *adminDesk) Focus() {
	switch {
	case d.confirm != nil:
		d.confirm.focus()
	case d.choose != nil:
	case d.form != nil && d.form.grid.Typing():
		d.form.grid.Focus()
	case d.form == nil && d.list != nil && d.list.typing():
		d.list.form.Focus()
	}
}

// show takes what changed.
func (d *adminDesk) show(v kiosk.View, first bool) {
	if v.Admin == nil || v.Admin == d.last && !first {
		return
	}
	before, a := d.admin, *v.Admin
	d.last, d.admin = v.Admin, a
	moved := first || before.Page != a.Page
	if moved {
		d.closeParts()
		d.title.SetContent(d.env.pageName(a.Page))
	}
	if first || !slices.Equal(before.Pages, a.Pages) {
		d.makeNav()
	}
	for i, p := range a.Pages {
		d.navs[i].SetSelected(p == a.Page)
	}
	d.strip.show(a, v.Status)
	d.showNotice(before, first)
	if moved || !reflect.DeepEqual(before.Figures, a.Figures) {
		d.makeMetrics()
	}
	if moved || !reflect.DeepEqual(before.Plots, a.Plots) {
		d.makePlots()
	}
	d.showTable(before, moved)
	d.showDetail(before, moved)
	d.showForm()
	d.showConfirm()
	d.compose()
}

// closeParts lets go of what belongs to one page.
func (d *adminDesk) closeParts() {
	if d.list != nil {
		d.list.stop()
	}
	if d.form != nil {
		d.form.stop()
	}
	d.list, d.detail, d.form, d.choose, d.diagram = nil, nil, nil, nil, false
}

func (d *adminDesk) makeNav() {
	d.navs = nil
	kind := widgets.Nav
	if d.env.Style.Shape == theme.Tall {
		kind = widgets.Secondary
	}
	for _, p := range d.admin.Pages {
		d.navs = append(d.navs, d.env.buttonWith(kind, d.env.pageIcon(p), d.env.pageName(p), d.goTo(p)))
	}
}

func (d *adminDesk) goTo(p kiosk.AdminPage) func() {
	return func() {
		d.closeChooser()
		d.env.Commands.Do(kiosk.AdminGo{Page: p})
	}
}

func (d *adminDesk) showNotice(before kiosk.Admin, first bool) {
	a := d.admin
	if !first && a.Busy == before.Busy && a.Tone == before.Tone && reflect.DeepEqual(a.Notice, before.Notice) {
		return
	}
	d.notice = nil
	words, t := d.env.words(a.Notice), tone(a.Tone)
	if words == "" && a.Busy {
		words = d.env.ui("busy")
	}
	if words != "" {
		d.notice = widgets.NewMark(d.env.Style, words, t)
		d.notice.Words().MaxLines = 2
	}
	if a.Busy {
		d.work.Start()
	} else {
		d.work.Stop()
	}
	setShown(d.work.Object(), a.Busy)
}

func (d *adminDesk) makeMetrics() {
	d.metrics = nil
	for _, f := range d.admin.Figures {
		d.metrics = append(d.metrics, widgets.NewMetric(d.env.Style, d.env.words(f.Label), d.env.told(f.Value, false), tone(f.Value.Tone)))
	}
}

func (d *adminDesk) makePlots() {
	d.plots = nil
	for _, p := range d.admin.Plots {
		spec := widgets.PlotSpec{
			Title: d.env.words(p.Title), Unit: d.env.words(p.Unit), Lines: p.Kind == kiosk.PlotLine,
			Labels: p.Labels, Empty: d.env.ui("no_values"),
		}
		if p.Kind == kiosk.PlotImage {
			spec.Image = p.Image
		}
		for _, s := range p.Series {
			spec.Series = append(spec.Series, widgets.PlotSeries{Label: d.env.words(s.Label), Values: s.Values, Tone: tone(s.Tone)})
		}
		d.plots = append(d.plots, widgets.NewPlot(d.env.Style, spec, d.env.number))
	}
}

func (d *adminDesk) showTable(before kiosk.Admin, moved bool) {
	t := d.admin.Table
	if t == nil {
		if d.list != nil {
			d.list.stop()
		}
		d.list, d.do = nil, nil
		return
	}
	stop := d.admin.Stop
	switch {
	case stop.Key != "" && (moved || !reflect.DeepEqual(before.Stop, stop)): // nothing else can be done meanwhile
		d.do = []*widgets.Button{d.env.buttonWith(widgets.Secondary, assets.IconCross, d.env.words(stop), d.env.do(kiosk.StepBack{}))}
	case stop.Key == "" && (moved || before.Stop.Key != "" || before.Table == nil || !reflect.DeepEqual(before.Table.Do, t.Do)):
		d.do = d.env.adminButtons(t.Do, "")
	}
	if d.list != nil && d.list.fits(*t) {
		if before.Table != t {
			d.list.update(*t)
		}
		return
	}
	if d.list != nil {
		d.list.stop()
	}
	d.list = newAdminList(d.env, d.keys, *t)
	d.list.again = d.Again
	d.list.typed = func(bool) { d.Again() }
	d.list.pick = d.pickFilter
	d.list.holds = d.tellFit
}

// tellFit tells how many rows a page of the list can show, while nothing passing
// stands in their place: pages then come in that size.
func (d *adminDesk) tellFit(rows int) {
	if d.notice == nil && d.detail == nil && rows != d.fit {
		d.fit = rows
		d.env.Commands.Do(kiosk.AdminFit{Rows: rows})
	}
}

func (d *adminDesk) showDetail(before kiosk.Admin, moved bool) {
	t := d.admin.Detail
	switch {
	case t == nil:
		d.detail = nil
	case d.detail == nil || moved || before.Detail == nil || !reflect.DeepEqual(*before.Detail, *t):
		page := 0
		if d.detail != nil && d.detail.detail.ID == t.ID {
			page = d.detail.page
		}
		d.detail = newAdminDetail(d.env, *t)
		d.detail.page, d.detail.again = page, d.Again
	}
}

func (d *adminDesk) showForm() {
	f := d.admin.Form
	if f == nil || d.form != nil && !d.form.fits(*f) {
		if d.form != nil {
			d.form.stop()
		}
		d.form = nil
	}
	switch {
	case f == nil:
	case d.form != nil:
		d.form.update(*f)
	default:
		d.form = newAdminForm(d.env, d.keys, *f)
		d.form.again = d.compose
		d.form.pick = d.pickOption
	}
}

func (d *adminDesk) showConfirm() {
	c := d.admin.Confirm
	if d.confirm != nil && (c == nil || !d.confirm.fits(*c)) {
		d.confirm.page.Close()
		d.confirm = nil
	}
	switch {
	case c == nil:
	case d.confirm != nil:
		d.confirm.update(*c)
	default:
		d.confirm = newAdminConfirm(d.env, *c)
		d.closeChooser()
		if d.list != nil && d.list.typing() {
			d.list.form.SetTyping(false)
		}
	}
}

// turnOver shows the plots in place of the list, or the other way.
func (d *adminDesk) turnOver() {
	d.diagram = !d.diagram
	d.Again()
}

func (d *adminDesk) openMenu() {
	var list []pickable
	for _, p := range d.admin.Pages {
		list = append(list, pickable{d.env.pageIcon(p), d.env.pageName(p), p == d.admin.Page, d.goTo(p)})
	}
	d.open(d.env.ui("menu"), list)
}

func (d *adminDesk) pickFilter(f kiosk.Choice) {
	var list []pickable
	for _, o := range f.Options {
		list = append(list, pickable{"", d.env.words(o.Label), o.Value == f.Value, func() {
			d.closeChooser()
			d.env.Commands.Do(kiosk.AdminFilter{ID: f.ID, Value: o.Value})
		}})
	}
	d.open(d.env.words(f.Label), list)
}

func (d *adminDesk) pickOption(name, label string, options []kiosk.Option, value string) {
	var list []pickable
	for _, o := range options {
		list = append(list, pickable{"", d.env.words(o.Label), o.Value == value, func() {
			if d.form != nil {
				d.form.grid.SetValue(name, o.Value)
			}
			d.closeChooser()
		}})
	}
	d.open(label, list)
}

func (d *adminDesk) open(title string, list []pickable) {
	d.choose = newChooser(d.env, title, list, d.closeChooser, d.Again)
	d.compose()
}

func (d *adminDesk) closeChooser() {
	if d.choose != nil {
		d.choose = nil
		d.compose()
	}
}

// deskDraft is what somebody has begun on a page.
type deskDraft struct {
	page    kiosk.AdminPage
	search  *string
	typing  bool
	form    *formDraft
	first   int
	diagram bool
}

// Draft implements Drafter.
func (d *adminDesk) Draft() any {
	out := deskDraft{page: d.admin.Page, diagram: d.diagram}
	if d.list != nil {
		out.first = d.list.first
		if d.list.form != nil {
			s := d.list.form.Value(fieldSearch)
			out.search, out.typing = &s, d.list.typing()
		}
	}
	if d.form != nil {
		f := d.form.draft()
		out.form = &f
	}
	return out
}

// Restore implements Drafter.
func (d *adminDesk) Restore(draft any) {
	in, ok := draft.(deskDraft)
	if !ok || in.page != d.admin.Page {
		return
	}
	d.diagram = in.diagram
	if d.list != nil {
		d.list.first = in.first
		if d.list.form != nil && in.search != nil {
			d.list.form.Field(fieldSearch).SetText(*in.search)
			d.list.form.SetTyping(in.typing)
		}
	}
	if d.form != nil && in.form != nil {
		d.form.restore(*in.form)
	}
	d.compose()
}
