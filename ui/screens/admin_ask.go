package screens

import (
	"reflect"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminConfirm asks about what cannot be undone, in place of the page, with the
// asked one's own PIN where that is wanted.
type adminConfirm struct {
	confirm kiosk.Confirm
	page    Body
	pin     *pinPage // nil where no PIN is asked
}

func newAdminConfirm(e Env, c kiosk.Confirm) *adminConfirm {
	r := &adminConfirm{confirm: c}
	no := e.button(widgets.Secondary, assets.IconBack, "admin.ui.confirm_no", e.do(kiosk.AdminConfirm{}))
	yes := e.words(c.Yes)
	if yes == "" {
		yes = e.ui("confirm_yes")
	}
	if !c.NeedsPIN {
		f := (&frame{env: e, left: []*widgets.Button{no}}).on(
			e.buttonWith(widgets.Grave, assets.IconCheck, yes, e.do(kiosk.AdminConfirm{Yes: true})))
		r.page = newMessage(e, f, assets.IconWarn, e.Style.Stop, messageWords{title: e.words(c.Title), text: e.words(c.Text)})
		return r
	}
	hint := e.words(c.Text)
	if hint != "" {
		hint += " "
	}
	hint += e.ui("confirm_pin")
	r.pin = newPINPage(e, &frame{env: e, left: []*widgets.Button{no}}, widgets.PINWords{
		Title: e.words(c.Title), Hint: hint, Short: e.say("pin.short"),
	}, func(pin string) {
		r.pin.sent = true
		e.Commands.Do(kiosk.AdminConfirm{Yes: true, PIN: pin})
	})
	r.pin.Show(c.PIN)
	r.page = r.pin
	return r
}

// fits tells whether it asks the same.
func (r *adminConfirm) fits(c kiosk.Confirm) bool {
	a, b := r.confirm, c
	a.PIN, b.PIN = kiosk.PINEntry{}, kiosk.PINEntry{}
	return reflect.DeepEqual(a, b)
}

func (r *adminConfirm) update(c kiosk.Confirm) {
	r.confirm = c
	if r.pin != nil {
		r.pin.Show(c.PIN)
	}
}

func (r *adminConfirm) focus() {
	if r.pin != nil {
		r.pin.Focus()
	}
}

// chooser offers options in place of the page: of a filter, of a field, or the
// pages themselves.
type chooser struct {
	env     Env
	title   *widgets.Text
	options []*widgets.Button
	cancel  *widgets.Button
	before  *widgets.Button
	after   *widgets.Button
	page    int
	again   func()
}

// pickable is one option of a chooser.
type pickable struct {
	icon  assets.Icon
	words string
	on    bool
	do    func()
}

func newChooser(e Env, title string, list []pickable, cancel, again func()) *chooser {
	st := e.Style
	c := &chooser{env: e, title: widgets.NewText(title, st.Title, st.Ink, true), again: again}
	c.title.MaxLines, c.title.Least = 2, 16
	for _, p := range list {
		b := e.buttonWith(widgets.Secondary, p.icon, p.words, p.do)
		b.SetSelected(p.on)
		c.options = append(c.options, b)
	}
	c.cancel = e.button(widgets.Quiet, assets.IconBack, "admin.ui.back", cancel)
	c.before = e.button(widgets.Secondary, assets.IconLeft, "admin.ui.before", func() { c.turn(-1) })
	c.after = e.button(widgets.Secondary, assets.IconRight, "admin.ui.after", func() { c.turn(1) })
	return c
}

func (c *chooser) turn(by int) {
	c.page = max(0, c.page+by)
	c.again()
}

func (c *chooser) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{c.title, c.cancel, c.before, c.after}
	for _, b := range c.options {
		out = append(out, b)
	}
	return out
}

func (c *chooser) put(a area) {
	st := c.env.Style
	cols, gap := 3, st.Gap
	if st.Shape == theme.Tall {
		cols = 2
	}
	th := c.title.HeightFor(a.w)
	widgets.Put(c.title, a.x, a.y, a.w, th)
	a.y, a.h = a.y+th+gap, a.h-th-gap
	y := a.y + a.h - st.Button
	widgets.Put(c.cancel, a.x, y, c.cancel.WidthFor(), st.Button)
	room := a.h - st.Button - gap
	h := min(st.Button, max(st.Target, (room+gap)/4-gap))
	rows := max(1, int((room+gap)/(h+gap)))
	n := rows * cols
	pages := (len(c.options) + n - 1) / n
	c.page = min(c.page, max(0, pages-1))
	setShown(c.before, pages > 1)
	setShown(c.after, pages > 1)
	c.before.SetDisabled(c.page == 0)
	c.after.SetDisabled(c.page >= pages-1)
	bw := max(c.before.WidthFor(), c.after.WidthFor())
	widgets.Put(c.after, a.x+a.w-bw, y, bw, st.Button)
	widgets.Put(c.before, a.x+a.w-2*bw-gap, y, bw, st.Button)
	w := (a.w - float32(cols-1)*gap) / float32(cols)
	for i, b := range c.options {
		at := i - c.page*n
		setShown(b, at >= 0 && at < n)
		if at >= 0 && at < n {
			widgets.Put(b, a.x+float32(at%cols)*(w+gap), a.y+float32(at/cols)*(h+gap), w, h)
		}
	}
}
