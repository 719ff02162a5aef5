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
	root   *fyne.Container
	swaps  uint64
}

// built is all that a body depends on for good; the rest of a view it takes by
// Update.
type built struct {
	state  kiosk.State
	lang   domain.Lang
	given  string
	first  bool
	notice kiosk.Feature
	site   kiosk.Site
}

func builtFrom(v kiosk.View) built {
	b := built{state: v.State, lang: v.Lang, site: v.Site}
	switch v.State {
	case kiosk.StateGreeting:
		b.given, b.first = v.Given, v.FirstVisit
	case kiosk.StateNotice:
		b.notice = v.Notice
	}
	return b
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
	r.live = widgets.NewLiveView(style, r.now)
	r.built = nil
	r.ShowView(r.view)
}

// ShowView brings the view on the screen.
func (r *router) ShowView(v kiosk.View) {
	before := r.built
	r.view = v
	if r.style.Scale == 0 {
		return // no size yet: Resize comes back here
	}
	now := builtFrom(v)
	env := screens.Env{
		Style: r.style, Texts: r.texts, Lang: v.Lang, Commands: r.commands, Live: r.live, Now: r.now,
		Later: r.later, Again: func() { r.place(r.Size()) },
	}
	r.live.SetBlank(v.State == kiosk.StateCameraLost)
	switch {
	case before == nil || *before != now:
		r.swap(env, v, before)
	default:
		r.body.Update(v)
	}
	r.built = &now
	r.bar.SetItems(screens.StateItems(env, v.Status))
}

func (r *router) swap(env screens.Env, v kiosk.View, before *built) {
	r.swaps++
	if r.body != nil {
		r.body.Close()
	}
	if before == nil {
		r.bar = widgets.NewStateBar(r.style)
	}
	if before == nil || before.lang != v.Lang || before.site != v.Site {
		r.header = screens.NewHeader(env, v)
	}
	r.body = r.make(env, v)
	if !r.body.ShowsLive() {
		r.live.Forget()
	}
	r.root.Objects = []fyne.CanvasObject{r.header.Object(), r.body.Object(), r.bar}
	r.place(r.Size())
	r.root.Refresh()
	if f, ok := r.body.(screens.Focuser); ok {
		f.Focus()
	}
}

// showPicture shows the picture where the screen has one, and tells whether.
func (r *router) showPicture(img *image.RGBA) bool {
	return r.body != nil && r.body.ShowsLive() && r.live.ShowPicture(img)
}

// showScene marks the faces where the screen shows them.
func (r *router) showScene(s domain.Scene) {
	if r.body != nil && r.body.ShowsLive() {
		r.live.ShowScene(s)
	}
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
	y := top + hh + top
	h := s.Height - y - 2*bottom - st.BarLine
	wide, _ := r.body.(screens.Spreader)
	if wide != nil && wide.Spread() {
		h = s.Height - y - bottom
		r.bar.Hide()
	} else {
		r.bar.Show()
	}
	widgets.Put(r.body.Object(), st.Margin, y, w, h)
}

// CreateRenderer implements fyne.Widget.
func (r *router) CreateRenderer() fyne.WidgetRenderer { return routerRenderer{r} }

type routerRenderer struct{ r *router }

func (w routerRenderer) Layout(s fyne.Size)           { w.r.place(s) }
func (w routerRenderer) MinSize() fyne.Size           { return fyne.NewSize(320, 240) }
func (w routerRenderer) Refresh()                     { w.r.root.Refresh() }
func (w routerRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{w.r.root} }
func (w routerRenderer) Destroy()                     {}
