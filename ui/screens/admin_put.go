package screens

import (
	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// compose puts on the canvas what there is now, and in its place.
func (d *adminDesk) compose() {
	var out []fyne.CanvasObject
	add := func(objs ...fyne.CanvasObject) {
		for _, o := range objs {
			o.Show()
			out = append(out, o)
		}
	}
	add(d.rail)
	add(d.strip.objects()...)
	for _, b := range d.navs {
		add(b)
	}
	switch {
	case d.confirm != nil:
		add(d.confirm.page.Object())
	case d.choose != nil:
		add(d.choose.objects()...)
	case d.form != nil:
		d.addNotice(add)
		add(d.form.objects()...)
	case d.detail != nil && d.over():
		d.addNotice(add)
		add(d.detail.objects()...)
	default:
		add(d.title)
		d.addNotice(add)
		d.addPage(add)
	}
	d.SetObjects(out...)
	if d.onCanvas() {
		d.Focus()
	}
}

func (d *adminDesk) onCanvas() bool {
	return fyne.CurrentApp().Driver().CanvasForObject(d.Object()) != nil
}

func (d *adminDesk) addNotice(add func(...fyne.CanvasObject)) {
	if d.notice != nil {
		add(d.pill)
		add(d.notice.Objects()...)
	}
	if d.admin.Busy {
		add(d.work.Object())
	}
}

func (d *adminDesk) addPage(add func(...fyne.CanvasObject)) {
	for _, m := range d.metrics {
		add(m.Object())
	}
	for _, p := range d.plots {
		add(p.Object())
	}
	for _, b := range d.do {
		add(b)
	}
	if d.switches() {
		add(d.toggle)
	}
	if d.list != nil {
		d.list.extra = nil
		add(d.list.objects()...)
	}
	if d.detail != nil {
		add(d.detail.objects()...)
	}
}

// over tells that a detail takes the place of the list: there is no room beside
// it.
func (d *adminDesk) over() bool { return d.env.Style.Shape != theme.Wide || d.list == nil }

// switches tells that a small screen has list and plots in one place.
func (d *adminDesk) switches() bool {
	return d.env.Style.Shape == theme.Compact && d.list != nil && len(d.plots) > 0
}

// typing tells whether a keyboard is on the screen.
func (d *adminDesk) typing() bool {
	if d.confirm != nil || d.choose != nil {
		return false
	}
	if d.form != nil {
		return d.form.grid.Typing()
	}
	return d.list != nil && d.list.typing()
}

// put places all of it in s.
func (d *adminDesk) put(s fyne.Size) {
	if s.Width <= 0 || s.Height <= 0 || d.strip == nil {
		return
	}
	a := d.putAround(s)
	switch {
	case d.confirm != nil:
		widgets.Put(d.confirm.page.Object(), a.x, a.y, a.w, a.h)
	case d.choose != nil:
		d.choose.put(a)
	case d.form != nil:
		d.form.put(d.putNoticeAbove(a))
	case d.detail != nil && d.over():
		d.detail.put(d.putNoticeAbove(a))
	default:
		d.putPage(a)
	}
}

// putAround places strip and pages, and gives what is left for the page at
// hand. While somebody types on a small screen, that is all of it.
func (d *adminDesk) putAround(s fyne.Size) area {
	st := d.env.Style
	bare := d.typing() && st.Shape == theme.Compact
	for _, o := range d.strip.objects() {
		setShown(o, !bare)
	}
	setShown(d.rail, st.Shape == theme.Wide)
	for _, b := range d.navs {
		setShown(b, st.Shape != theme.Compact)
	}
	m := st.Margin
	if bare {
		return area{m, m, s.Width - 2*m, s.Height - 2*m}
	}
	top := d.strip.height()
	d.strip.put(s.Width)
	in := area{m, top + m, s.Width - 2*m, s.Height - top - 2*m}
	switch st.Shape {
	case theme.Wide:
		return d.putRail(area{0, top, s.Width, s.Height - top})
	case theme.Tall:
		h := d.putTabs(in)
		return area{in.x, in.y + h, in.w, in.h - h}
	}
	in.y, in.h = top+m/2, s.Height-top-m
	return in
}

// putRail places the pages in a column at the left of a.
func (d *adminDesk) putRail(a area) area {
	st := d.env.Style
	w := 4.5 * st.Target
	n := float32(max(len(d.navs), 1))
	gap := float32(4)
	h := min(st.Target+4, (a.h-2*st.Gap)/n-gap)
	widgets.Put(d.rail, a.x, a.y, w, a.h)
	for i, b := range d.navs {
		widgets.Put(b, a.x+8, a.y+st.Gap+float32(i)*(h+gap), w-16, h)
	}
	m := st.Margin
	return area{a.x + w + m, a.y + m, a.w - w - 2*m, a.h - 2*m}
}

// putTabs places the pages in rows above and gives how high they stand.
func (d *adminDesk) putTabs(a area) float32 {
	st, n := d.env.Style, len(d.navs)
	if n == 0 {
		return 0
	}
	const gap = 8
	cols := min(n, max(3, int((a.w+gap)/(3.3*st.Target+gap))))
	rows := (n + cols - 1) / cols
	cols = (n + rows - 1) / rows // evenly
	w := (a.w - float32(cols-1)*gap) / float32(cols)
	for i, b := range d.navs {
		widgets.Put(b, a.x+float32(i%cols)*(w+gap), a.y+float32(i/cols)*(st.Target+gap), w, st.Target)
	}
	return float32(rows)*(st.Target+gap) + st.Gap
}

// noticeHeight is how high the notice stands in a width, 0 without one.
func (d *adminDesk) noticeHeight(w float32) float32 {
	if d.notice == nil {
		return 0
	}
	return max(d.notice.HeightFor(w-d.noticeInset())+12, d.env.Style.Target-8)
}

func (d *adminDesk) noticeInset() float32 {
	in := 2 * d.env.Style.Gap
	if d.admin.Busy {
		in += d.env.Style.Icon + 8
	}
	return in
}

func (d *adminDesk) putNotice(a area) {
	st := d.env.Style
	widgets.Put(d.pill, a.x, a.y, a.w, a.h)
	x, w := a.x+st.Gap, a.w-d.noticeInset()
	if d.admin.Busy {
		widgets.Put(d.work.Object(), x, a.y+(a.h-st.Icon)/2, st.Icon, st.Icon)
		x += st.Icon + 8
	}
	d.notice.Put(x, a.y+(a.h-d.notice.HeightFor(w))/2, w)
}

// putNoticeAbove gives the notice a line of its own, and what is left below.
func (d *adminDesk) putNoticeAbove(a area) area {
	h := d.noticeHeight(a.w)
	if h == 0 {
		return a
	}
	if d.typing() && d.env.Style.Shape == theme.Compact {
		for _, o := range append(d.notice.Objects(), fyne.CanvasObject(d.pill), d.work.Object()) {
			o.Hide()
		}
		return a
	}
	d.putNotice(area{a.x, a.y, a.w, h})
	return area{a.x, a.y + h + d.env.Style.Gap, a.w, a.h - h - d.env.Style.Gap}
}

// putHead places the name of the page, the notice and the list's own buttons.
func (d *adminDesk) putHead(a area) area {
	st, gap := d.env.Style, d.env.Style.Gap
	tw := min(d.title.NaturalWidth()+1, a.w*0.5)
	th := d.title.HeightFor(tw)
	room := a.w - tw - 2*gap
	rows := widgets.WrapButtons(st, d.do, room, st.Target)
	h := max(st.Target, rows.Height)
	widgets.Put(d.title, a.x, a.y+(h-th)/2, tw, th)
	rows.Put(a.x+a.w-rows.Width(), a.y+(h-rows.Height)/2)
	free := room - rows.Width() - gap
	if len(d.do) == 0 {
		free = room
	}
	below := area{a.x, a.y + h + gap, a.w, a.h - h - gap}
	if d.notice == nil {
		return below
	}
	if need := d.notice.NaturalWidth() + d.noticeInset() + 2; free >= min(need, 360*max(st.Scale, 1)) && d.noticeHeight(free) <= h {
		w := min(free, need)
		nh := d.noticeHeight(w)
		d.putNotice(area{a.x + tw + gap*2, a.y + (h-nh)/2, w, nh})
		return below
	}
	return d.putNoticeAbove(below)
}

// putFigures places the figures side by side and gives what is left below.
func (d *adminDesk) putFigures(a area) area {
	st, n := d.env.Style, len(d.metrics)
	if n == 0 {
		return a
	}
	gap := min(st.Gap, 12)
	least := 3.1 * st.Target
	if st.Shape == theme.Compact {
		least = 2.5 * st.Target
	}
	cols := max(1, min(n, int((a.w+gap)/(least+gap))))
	rows := (n + cols - 1) / cols
	cols = (n + rows - 1) / rows // evenly
	w, h := (a.w-float32(cols-1)*gap)/float32(cols), widgets.MetricHeight(st)
	for i, m := range d.metrics {
		widgets.Put(m.Object(), a.x+float32(i%cols)*(w+gap), a.y+float32(i/cols)*(h+gap), w, h)
	}
	all := float32(rows)*(h+gap) - gap + st.Gap
	return area{a.x, a.y + all, a.w, a.h - all}
}

// putPage places the parts of a page.
func (d *adminDesk) putPage(a area) {
	st := d.env.Style
	typing := d.typing()
	for _, o := range []fyne.CanvasObject{d.title, d.toggle} {
		setShown(o, !typing && (o != d.title || st.Shape != theme.Compact))
	}
	for _, b := range d.do {
		setShown(b, !typing)
	}
	for _, m := range d.metrics {
		setShown(m.Object(), !typing)
	}
	if typing {
		d.showPlots(false)
		d.hideNotice()
		if d.detail != nil {
			for _, o := range d.detail.objects() {
				o.Hide()
			}
		}
		d.list.extra = nil
		d.list.put(a)
		return
	}
	if d.list != nil {
		d.list.extra = nil
	}
	if st.Shape == theme.Compact {
		d.putSmall(a)
		return
	}
	a = d.putFigures(d.putHead(a))
	d.putBody(a)
}

func (d *adminDesk) hideNotice() {
	d.pill.Hide()
	d.work.Object().Hide()
	if d.notice != nil {
		for _, o := range d.notice.Objects() {
			o.Hide()
		}
	}
}

func (d *adminDesk) showPlots(on bool) {
	for _, p := range d.plots {
		setShown(p.Object(), on)
	}
}

// putSmall has the list's buttons beside the filters, and list and plots in one
// place.
func (d *adminDesk) putSmall(a area) {
	a = d.putFigures(d.putNoticeAbove(a))
	st := d.env.Style
	extra := d.do
	if d.switches() {
		key, icon := "plots", assets.IconChart
		if d.diagram {
			key, icon = "rows", assets.IconList
		}
		d.toggle.SetWords(d.env.ui(key))
		d.toggle.SetIcon(icon)
		extra = append(extra[:len(extra):len(extra)], d.toggle)
	}
	if d.list == nil || d.switches() && d.diagram {
		if d.list != nil {
			for _, o := range d.list.objects() {
				o.Hide()
			}
			for _, b := range d.do {
				b.Hide()
			}
			w := d.toggle.WidthFor()
			widgets.Put(d.toggle, a.x+a.w-w, a.y+a.h-st.Target, w, st.Target)
			a.h -= st.Target + st.Gap
		}
		d.showPlots(true)
		d.putPlots(a)
		return
	}
	d.showPlots(false)
	for _, o := range d.list.objects() {
		o.Show()
	}
	d.list.extra = extra
	d.list.put(a)
}

// putBody places list, plots and detail where there is room for them.
func (d *adminDesk) putBody(a area) {
	st := d.env.Style
	d.showPlots(d.detail == nil)
	switch {
	case d.list == nil:
		d.putPlots(a)
	case d.detail != nil:
		w := min(max(a.w*0.42, 8*st.Target), 12*st.Target)
		d.detail.put(area{a.x + a.w - w, a.y, w, a.h})
		d.list.put(area{a.x, a.y, a.w - w - st.Gap*1.5, a.h})
	case len(d.plots) == 0:
		d.list.put(a)
	case st.Shape == theme.Tall:
		h := min(a.h*0.42, float32((len(d.plots)+1)/2)*7*st.Target)
		d.putPlots(area{a.x, a.y, a.w, h})
		d.list.put(area{a.x, a.y + h + st.Gap, a.w, a.h - h - st.Gap})
	default:
		w := float32(int(a.w * 0.4))
		d.putPlots(area{a.x + a.w - w, a.y, w, a.h})
		d.list.put(area{a.x, a.y, a.w - w - st.Gap*1.5, a.h})
	}
}

// putPlots places the plots in a, in one column or two.
func (d *adminDesk) putPlots(a area) {
	n, gap := len(d.plots), d.env.Style.Gap
	if n == 0 {
		return
	}
	cols := 1
	if n > 1 && a.w > a.h {
		cols = 2
	}
	if n > 1 && d.env.Style.Shape == theme.Tall {
		cols = 2
	}
	rows := (n + cols - 1) / cols
	h := (a.h - float32(rows-1)*gap) / float32(rows)
	for i, p := range d.plots {
		w := (a.w - float32(cols-1)*gap) / float32(cols)
		x := a.x + float32(i%cols)*(w+gap)
		if i == n-1 && i%cols == 0 {
			w = a.w // alone in its row
		}
		widgets.Put(p.Object(), x, a.y+float32(i/cols)*(h+gap), w, h)
	}
}
