package ui

import (
	"context"
	"os"
	"sync"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
)

// AppID is the program's name to the desktop.
const AppID = "dev.agentid.kiosk"

// Options are what a screen is made of.
type Options struct {
	// App is Fyne's; nil makes one.
	App fyne.App
	// Windowed opens a window of Width by Height (0: 1280x800) that can be
	// closed, for development. Otherwise the screen is full, without a pointer,
	// and only Run's context or Close ends it.
	Windowed      bool
	Width, Height int
	// Dark is for a dim lobby.
	Dark bool
	// Commands is who is told what the visitor did; nil: nobody.
	Commands kiosk.Commands
	Texts    *assets.Texts
	// Dispatch runs a function on Fyne's goroutine, later; nil is fyne.Do.
	Dispatch func(func())
	// Clock tells how long a card has left; nil is the machine's.
	Clock domain.Clock
}

// UI is the kiosk's screen. The methods of kiosk.Screen and Stats may be
// called from any goroutine; Run, only from the main one.
type UI struct {
	app      fyne.App
	window   fyne.Window
	router   *router
	dispatch func(func())
	box      mailbox
	closing  sync.Once
}

var _ kiosk.Screen = (*UI)(nil)

// New makes the window without showing it. It has to be called on the main
// goroutine.
func New(o Options) *UI {
	pinScale()
	if o.App == nil {
		o.App = fyneapp.NewWithID(AppID)
	}
	if o.Commands == nil {
		o.Commands = nobody{}
	}
	if o.Dispatch == nil {
		o.Dispatch = fyne.Do
	}
	if o.Clock == nil {
		o.Clock = domain.SystemClock{}
	}
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 800
	}
	palette := theme.Light()
	if o.Dark {
		palette = theme.Dark()
	}
	o.App.Settings().SetTheme(theme.New(palette))

	u := &UI{app: o.App, dispatch: o.Dispatch}
	u.router = newRouter(palette, o.Texts, o.Commands, o.Clock, o.Dispatch, !o.Windowed)
	u.window = o.App.NewWindow("Agent ID")
	if svg, err := assets.IconSeal.SVG(); err == nil {
		u.window.SetIcon(fyne.NewStaticResource("agentid.svg", svg))
	}
	u.window.SetPadded(false)
	u.window.SetMaster()
	u.window.SetContent(u.router)
	u.window.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) { u.router.typed(func(f fyne.Focusable) { f.TypedKey(e) }) })
	u.window.Canvas().SetOnTypedRune(func(c rune) { u.router.typed(func(f fyne.Focusable) { f.TypedRune(c) }) })
	u.window.Canvas().AddShortcut(
		&desktop.CustomShortcut{KeyName: fyne.KeyA, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift},
		func(fyne.Shortcut) { u.router.enterAdmin() },
	)
	u.window.Resize(fyne.NewSize(float32(o.Width), float32(o.Height)))
	if !o.Windowed {
		u.window.SetFullScreen(true)
		u.window.SetCloseIntercept(func() {}) // no key and no window manager closes a kiosk
	}
	return u
}

// pinScale makes one unit one pixel. Fyne would scale by the size that the
// display claims to have, which touch panels make up; the theme's metrics do
// that by the pixels instead. FYNE_SCALE still multiplies.
func pinScale() {
	const key = "FYNE_DISABLE_DPI_DETECTION"
	if _, set := os.LookupEnv(key); !set {
		// It fails only for a malformed name.
		_ = os.Setenv(key, "true")
	}
}

// Run shows the window and returns when ctx ends, Close is called or, windowed,
// the window is closed.
func (u *UI) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, u.Close)
	defer stop()
	if ctx.Err() != nil {
		u.Close()
		return
	}
	u.window.Show()
	u.app.Run()
	u.Close()
}

// Close takes the screen down. What is shown afterwards is ignored.
func (u *UI) Close() {
	u.closing.Do(func() {
		u.box.shut()
		u.dispatch(u.app.Quit)
	})
}

// Window is the Fyne window, for tests and screenshots.
func (u *UI) Window() fyne.Window { return u.window }

// Stats are the counts since New.
func (u *UI) Stats() Stats {
	u.box.mu.Lock()
	defer u.box.mu.Unlock()
	return u.box.stats
}

// ShowView implements kiosk.Screen.
func (u *UI) ShowView(v kiosk.View) { u.post(u.box.putView(v)) }

// ShowScene implements kiosk.Screen.
func (u *UI) ShowScene(s domain.Scene) { u.post(u.box.putScene(s)) }

// ShowPicture implements kiosk.Screen.
func (u *UI) ShowPicture(p domain.Picture) {
	if p != nil {
		u.post(u.box.putPicture(p))
	}
}

func (u *UI) post(first bool) {
	if first {
		u.dispatch(u.deliver)
	}
}

// deliver shows what waits. It runs on Fyne's goroutine. The picture is
// released before it returns: what is seen of it has been copied.
func (u *UI) deliver() {
	in := u.box.take()
	if in.view != nil {
		u.router.ShowView(*in.view)
	}
	if in.scene != nil {
		u.router.showScene(*in.scene)
	}
	shown := false
	if in.picture != nil {
		shown = u.router.showPicture(in.picture.RGBA())
		in.picture.Release()
	}
	u.box.count(func(s *Stats) {
		s.Swaps = u.router.swaps
		if in.view != nil {
			s.Views++
		}
		if in.scene != nil {
			s.ScenesShown++
		}
		switch {
		case shown:
			s.PicturesShown++
		case in.picture != nil:
			s.PicturesDropped++
		}
	})
}

// nobody is told what the visitor did.
type nobody struct{}

func (nobody) Choose(kiosk.Feature)    {}
func (nobody) Help()                   {}
func (nobody) Back()                   {}
func (nobody) NotMe()                  {}
func (nobody) Continue()               {}
func (nobody) SetLanguage(domain.Lang) {}
func (nobody) Do(kiosk.Action)         {}
func (nobody) Touch()                  {}
