package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminStrip is the line at the top: where this is and who is in, languages,
// and the way out. A small screen has the way to the pages there.
type adminStrip struct {
	env       Env
	ground    *canvas.Rectangle
	edge      *canvas.Rectangle
	seal      *canvas.Image
	site      *widgets.Text
	who, role *widgets.Text
	lang      *widgets.LanguageSwitch
	menu      *widgets.Button
	leave     *widgets.Button
}

func newAdminStrip(e Env, v kiosk.View, menu func()) *adminStrip {
	st := e.Style
	s := &adminStrip{
		env: e, ground: canvas.NewRectangle(st.Surface), edge: canvas.NewRectangle(st.Line),
		seal: widgets.NewIcon(assets.IconSeal, st.Brand, 1.5*st.Icon),
		site: widgets.NewText(SiteWords(v.Site), st.Label, st.Ink, true),
		who:  widgets.NewText("", st.Label, st.Ink, true),
		role: widgets.NewText("", st.Small, st.Muted, false),
		lang: widgets.NewLanguageSwitch(st, []widgets.Choice{
			{Code: string(domain.Spanish), Words: "ES"}, {Code: string(domain.English), Words: "EN"},
		}, e.Commands.Touch),
	}
	s.site.MaxLines, s.who.MaxLines, s.role.MaxLines = 2, 1, 1
	s.site.Least, s.who.Least, s.role.Least = 16, 16, 16
	s.lang.OnChosen = func(code string) { e.Commands.SetLanguage(domain.Lang(code)) }
	s.lang.SetCurrent(string(e.Lang))
	s.menu = e.button(widgets.Secondary, assets.IconMenu, "admin.ui.menu", menu)
	s.leave = e.button(widgets.Secondary, assets.IconExit, "admin.ui.leave", e.do(kiosk.AdminLeave{}))
	return s
}

func (s *adminStrip) show(a kiosk.Admin, st kiosk.Status) {
	s.who.SetContent(a.Who)
	role, colour := s.env.words(kiosk.Words{Key: "role." + string(a.Role)}), s.env.Style.Muted
	if st.Held { // on every page, until it is let go
		role, colour = role+" · "+s.env.say("status.network_held"), s.env.Style.Warn
		if st.Pending > 0 {
			role += ", " + s.env.Texts.Count(string(s.env.Lang), "status.pending", st.Pending)
		}
	}
	s.role.SetContent(role)
	s.role.SetColour(colour)
	s.menu.SetWords(s.env.pageName(a.Page)) // where one is, and the way elsewhere
}

func (s *adminStrip) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{s.ground, s.edge, s.seal, s.site, s.who, s.role, s.lang.Object(), s.menu, s.leave}
}

func (s *adminStrip) height() float32 { return s.env.Style.Target + 8 }

// put places it over a width.
func (s *adminStrip) put(w float32) {
	st := s.env.Style
	small := st.Shape == theme.Compact
	h, m, gap := s.height(), st.Margin, st.Gap
	setShown(s.menu, small)
	setShown(s.seal, !small)
	setShown(s.site, !small)
	widgets.Put(s.ground, 0, 0, w, h)
	widgets.Put(s.edge, 0, h-1, w, 1)
	x, right := m, w-m
	lw := s.leave.WidthFor()
	widgets.Put(s.leave, right-lw, 4, lw, st.Target)
	right -= lw + gap
	lw = s.lang.Object().MinSize().Width
	widgets.Put(s.lang.Object(), right-lw, 4, lw, st.Target)
	right -= lw + 2*gap
	if small {
		mw := s.menu.WidthFor()
		widgets.Put(s.menu, x, 4, mw, st.Target)
		x += mw + 2*gap
	} else {
		side := 1.5 * st.Icon
		widgets.Put(s.seal, x, (h-side)/2, side, side)
		x += side + gap
	}
	room := right - x
	who := room
	if !small {
		who = min(room*0.55, max(s.who.NaturalWidth(), s.role.NaturalWidth())+1)
		sw := room - who - 2*gap
		sh := s.site.HeightFor(sw)
		widgets.Put(s.site, x, (h-sh)/2, sw, sh)
	}
	wh, rh := s.who.HeightFor(who), s.role.HeightFor(who)
	y := (h - wh - rh) / 2
	wx := right - who
	if small {
		wx = x
	}
	widgets.Put(s.who, wx, y, who, wh)
	widgets.Put(s.role, wx, y+wh, who, rh)
}
