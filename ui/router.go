package ui

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/screens"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// router is the root of the window: header, the body of the state, state bar.
// It swaps the body only when what the body was built from changes. It
// belongs to Fyne's goroutine.
type router struct {
	widget.BaseWidget
	palette    theme.Palette
	texts      *assets.Texts
	commands   kiosk.Commands
	now        func() time.Time
	later      widgets.Later
	make       func(screens.Env, kiosk.View) screens.Body
	hideCursor bool

	style  theme.Style
	view   kiosk.View
	built  *built // what is shown now was built from this; nil before the first
	header *screens.Header
	body   screens.Body
	bar    *widgets.StateBar
	live   *widgets.LiveView
	over   *screens.StillThere // over the body; nil while it is seen
	root   *fyne.Container
	kept   *kept
	swaps  uint64
}

// built is all that a body depends on for good; the rest of a view it takes by
// Update.
type built struct {
	place screens.Place
	lang  domain.Lang
	site  kiosk.Site
}

func builtFrom(v kiosk.View) built {
	return built{place: screens.PlaceOf(v), lang: v.Lang, site: v.Site}
}

// kept is what somebody had begun on a page, for when the page comes again: in
// another language or size, or after the help.
type kept struct {
	place screens.Place
	draft any
}

func newRouter(p theme.Palette, texts *assets.Texts, c kiosk.Commands, clock domain.Clock, dispatch func(func()), hideCursor bool) *router {
	r := &router{
		palette: p, texts: texts, commands: c, now: clock.Now, hideCursor: hideCursor,
		later: widgets.NewLater(clock, dispatch), make: screens.New,
		view: kiosk.View{State: kiosk.StateStarting, Lang: domain.Spanish},
		root: container.NewWithoutLayout(),
	}
	r.ExtendBaseWidget(r)
	return r
}

// Cursor hides the pointer of a kiosk, where a finger is the pointer.
func (r *router) Cursor() desktop.Cursor {
	if r.hideCursor {
		return desktop.HiddenCursor
	}
	return desktop.DefaultCursor
}

// MouseDown implements desktop.Mouseable for all that is no button.
func (r *router) MouseDown(*desktop.MouseEvent) { r.commands.Touch() }

// MouseUp implements desktop.Mouseable.
func (r *router) MouseUp(*desktop.MouseEvent) {}

// Resize implements fyne.CanvasObject: another size may need other sizes of
// everything, or another flow.
func (r *router) Resize(s fyne.Size) {
	r.BaseWidget.Resize(s)
	style := theme.Style{Palette: r.palette, Metrics: theme.MetricsFor(s)}
	if style == r.style && r.built != nil {
		return
	}
	r.style = style
	r.keepDraft()
	r.live = widgets.NewLiveView(style, r.now)
	r.built = nil
	r.ShowView(r.view)
}

// ShowView brings the view on the screen.
func (r *router) ShowView(v kiosk.View) {
	before := r.built
	r.view = v
	if !r.waits() {
		r.kept = nil
	}
	if r.style.Scale == 0 {
		return // no size yet: Resize comes back here
	}
	now := builtFrom(v)
	env := screens.Env{
		Style: r.style, Texts: r.texts, Lang: v.Lang, Commands: r.commands, Live: r.live, Now: r.now,
		Later: r.later, Again: func() { r.place(r.Size()) },
	}
	r.live.SetBlank(v.State == kiosk.StateCameraLost)
	swapped := before == nil || *before != now
	r.built = &now
	if swapped {
		r.swap(env, v, before)
	} else {
		r.body.Update(v)
	}
	r.ask(env, v)
	r.bar.SetItems(screens.StateItems(env, v.Status))
}

func (r *router) swap(env screens.Env, v kiosk.View, before *built) {
	r.swaps++
	if before != nil && r.waits() {
		r.keepDraftOf(before.place)
	}
	if r.over != nil {
		r.over.Close()
		r.over = nil
	}
	if r.body != nil {
		r.body.Close()
		if c := r.canvas(); c != nil {
			c.Unfocus() // what is typed now is not for the page that was closed
		}
	}
	if before == nil {
		r.bar = widgets.NewStateBar(r.style)
	}
	if before == nil || before.lang != v.Lang || before.site != v.Site {
		if r.header != nil {
			r.header.Close()
		}
		r.header = screens.NewHeader(env, v)
	}
	r.body = r.make(env, v)
	r.restoreDraft()
	if !r.body.ShowsLive() {
		r.live.Forget()
	}
	r.root.Objects = []fyne.CanvasObject{r.header.Object(), r.body.Object(), r.bar}
	r.place(r.Size())
	r.root.Refresh()
	r.focus()
}

// keepDraft keeps what is begun on the page at hand.
func (r *router) keepDraft() {
	if r.built != nil {
		r.keepDraftOf(r.built.place)
	}
}

func (r *router) keepDraftOf(p screens.Place) {
	if d, ok := r.body.(screens.Drafter); ok {
		r.kept = &kept{p, d.Draft()}
	}
}

// waits tells that there is a flow, on the screen or behind the help.
func (r *router) waits() bool {
	return r.view.Register != nil || r.view.Validate != nil || r.view.Withdraw != nil || r.view.Ask != nil || r.view.Admin != nil
}

// restoreDraft goes on from what was begun. Help in between keeps it while the
// flow waits; any other page and it is forgotten, as it may be somebody else's.
func (r *router) restoreDraft() {
	if s := r.view.State; r.kept == nil || s == kiosk.StateHelp || s == kiosk.StateNotice {
		return
	}
	if d, ok := r.body.(screens.Drafter); ok && r.kept.place == r.built.place {
		d.Restore(r.kept.draft)
	}
	r.kept = nil
}

// ask covers the body where the view wants it, or uncovers it.
func (r *router) ask(env screens.Env, v kiosk.View) {
	wanted := v.Asking || v.Covered
	switch {
	case r.over != nil && wanted && r.over.Fits(v):
		r.over.Update(v)
		return
	case r.over != nil:
		r.over.Close()
		r.over = nil
	case !wanted:
		return
	}
	r.root.Objects = r.root.Objects[:3:3]
	if wanted {
		r.over = screens.NewStillThere(env, v, r.body)
		r.root.Objects = append(r.root.Objects, r.over.Object())
		if r.body.ShowsLive() {
			r.live.Forget()
		}
		if c := r.canvas(); c != nil {
			c.Unfocus() // what is typed now is not for what is hidden
		}
	}
	r.place(r.Size())
	r.root.Refresh()
	if !wanted {
		r.focus()
	}
}

func (r *router) canvas() fyne.Canvas { return fyne.CurrentApp().Driver().CanvasForObject(r) }

// focus lets the body take what is typed, unless it is covered.
func (r *router) focus() {
	if f, ok := r.body.(screens.Focuser); ok && r.over == nil {
		f.Focus()
	}
}

// typed gives to the body what nothing had the focus for: a touch takes the
// focus away, and a scanner on the keyboard knows nothing of touches.
func (r *router) typed(give func(fyne.Focusable)) {
	r.commands.Touch()
	r.focus()
	if c := r.canvas(); c != nil && c.Focused() != nil {
		give(c.Focused())
	}
}

// showPicture shows the picture where the screen has one, and tells whether.
func (r *router) showPicture(img *image.RGBA) bool {
	return r.showsLive() && r.live.ShowPicture(img)
}

// showScene marks the faces where the screen shows them.
func (r *router) showScene(s domain.Scene) {
	if r.showsLive() {
		r.live.ShowScene(s)
	}
}

func (r *router) showsLive() bool {
	return r.body != nil && r.body.ShowsLive() && r.over == nil
}

func (r *router) place(s fyne.Size) {
	r.root.Resize(s)
	if r.body == nil {
		return
	}
	st := r.style
	top, bottom := st.Gap, st.Gap
	if st.Shape == theme.Compact {
		top, bottom = st.Gap/2, st.Gap/2
	}
	w := s.Width - 2*st.Margin
	hh := r.header.Height(st)
	widgets.Put(r.header.Object(), st.Margin, top, w, hh)
	widgets.Put(r.bar, st.Margin, s.Height-bottom-st.BarLine, w, st.BarLine)
	if f, ok := r.body.(screens.Filler); ok && f.Fills() {
		r.header.Object().Hide()
		r.bar.Hide()
		r.putBody(0, 0, s.Width, s.Height)
		return
	}
	r.header.Object().Show()
	y := top + hh + top
	h := s.Height - y - 2*bottom - st.BarLine
	wide, _ := r.body.(screens.Spreader)
	if wide != nil && wide.Spread() {
		h = s.Height - y - bottom
		r.bar.Hide()
	} else {
		r.bar.Show()
	}
	r.putBody(st.Margin, y, w, h)
}

// putBody places the body, and what covers it.
func (r *router) putBody(x, y, w, h float32) {
	widgets.Put(r.body.Object(), x, y, w, h)
	if r.over != nil {
		widgets.Put(r.over.Object(), x, y, w, h)
	}
}

// enterAdmin asks for the staff's part of the kiosk.
func (r *router) enterAdmin() {
	r.commands.Touch()
	if r.view.State != kiosk.StateAdmin {
		r.commands.Do(kiosk.AdminEnter{})
	}
}

// CreateRenderer implements fyne.Widget.
func (r *router) CreateRenderer() fyne.WidgetRenderer { return routerRenderer{r} }

type routerRenderer struct{ r *router }

func (w routerRenderer) Layout(s fyne.Size)           { w.r.place(s) }
func (w routerRenderer) MinSize() fyne.Size           { return fyne.NewSize(320, 240) }
func (w routerRenderer) Refresh()                     { w.r.root.Refresh() }
func (w routerRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{w.r.root} }
func (w routerRenderer) Destroy()                     {}
