package screens

import (
	"strings"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Header is the top of every screen: where this is, the languages and help.
type Header struct {
	*widgets.Flow
	lang *widgets.LanguageSwitch
	help *widgets.Button
	site *widgets.Text
	way  *widgets.SecretSpot // the staff's way in, over the seal
}

// NewHeader makes the header in the view's language.
func NewHeader(e Env, v kiosk.View) *Header {
	st := e.Style
	h := &Header{
		help: e.button(widgets.Secondary, assets.IconHelp, "header.help", e.Commands.Help),
		site: widgets.NewText(SiteWords(v.Site), st.Label, st.Ink, true),
		lang: widgets.NewLanguageSwitch(st, []widgets.Choice{
			{Code: string(domain.Spanish), Words: "ES"}, {Code: string(domain.English), Words: "EN"},
		}, e.Commands.Touch),
	}
	h.site.MaxLines, h.site.Least = 2, 16
	h.lang.OnChosen = func(code string) { e.Commands.SetLanguage(domain.Lang(code)) }
	h.lang.SetCurrent(string(e.Lang))
	seal := widgets.NewIcon(assets.IconSeal, st.Brand, 2*st.Icon)
	h.way = widgets.NewSecretSpot(e.Later, e.Now, e.do(kiosk.AdminEnter{}))
	h.way.OnPressed = e.Commands.Touch
	h.Flow = widgets.NewFlow(func(s fyne.Size) {
		side := 2 * st.Icon
		widgets.Put(seal, 0, (s.Height-side)/2, side, side)
		widgets.Put(h.way, 0, 0, max(side, st.Target), s.Height)
		hw := h.help.WidthFor()
		widgets.Put(h.help, s.Width-hw, 0, hw, s.Height)
		lw := h.lang.Object().MinSize().Width
		widgets.Put(h.lang.Object(), s.Width-hw-st.Gap-lw, 0, lw, s.Height)
		room := s.Width - hw - lw - side - 3*st.Gap
		th := h.site.HeightFor(room)
		widgets.Put(h.site, side+st.Gap, (s.Height-th)/2, room, th)
	}, nil, seal, h.site, h.lang.Object(), h.help, h.way)
	return h
}

// Close stops what waits.
func (h *Header) Close() { h.way.Stop() }

// SiteWords is how the place is called: "Banco Norte · Sucursal Centro".
func SiteWords(s kiosk.Site) string {
	var parts []string
	for _, p := range []string{s.Organisation, s.Branch} {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return "Agent ID"
	}
	return strings.Join(parts, " · ")
}

// Height of the header.
func (h *Header) Height(st theme.Style) float32 { return st.Target }

// StateItems are the kiosk's own condition for the state bar: camera, engine,
// network with what is pending.
func StateItems(e Env, s kiosk.Status) []widgets.StateItem {
	item := func(i assets.Icon, key string, t widgets.Tone) widgets.StateItem {
		return widgets.StateItem{Icon: i, Words: e.say(key), Tone: t}
	}
	var out []widgets.StateItem
	switch s.Camera {
	case domain.CameraLive:
		out = append(out, item(assets.IconCamera, "status.camera_live", widgets.ToneOK))
	case domain.CameraLost:
		out = append(out, item(assets.IconCameraOff, "status.camera_lost", widgets.ToneWarn))
	case domain.CameraNone:
		out = append(out, item(assets.IconCameraOff, "status.camera_none", widgets.ToneQuiet))
	default:
		out = append(out, item(assets.IconCamera, "status.camera_connecting", widgets.ToneQuiet))
	}
	switch {
	case s.Grade == kiosk.GradeFailed:
		out = append(out, item(assets.IconUserOff, "status.engine_failed", widgets.ToneWarn))
	case s.Engine == "" || s.Grade == kiosk.GradeNone:
		out = append(out, item(assets.IconFace, "status.engine_loading", widgets.ToneQuiet))
	case s.Grade == kiosk.GradeProduction:
		out = append(out, item(assets.IconFace, "status.engine_ready", widgets.ToneOK))
	default: // what is not known to be calibrated is called a demonstration
		out = append(out, item(assets.IconWarn, "status.engine_demo", widgets.ToneWarn))
	}
	lang, pending := string(e.Lang), max(0, s.Pending)
	switch s.Network {
	case kiosk.NetworkOnline:
		n := item(assets.IconNetwork, "status.network_online", widgets.ToneOK)
		if pending > 0 {
			n.Words += ", " + e.Texts.Count(lang, "status.pending", pending)
		}
		out = append(out, n)
	case kiosk.NetworkOffline:
		n := item(assets.IconOffline, "status.network_offline", widgets.ToneWarn)
		if pending > 0 {
			n.Words += ", " + e.Texts.Count(lang, "status.pending", pending)
		}
		out = append(out, n)
	default:
		n := item(assets.IconScreen, "status.network_not_configured", widgets.ToneQuiet)
		if pending > 0 {
			n.Words += ", " + e.Texts.Count(lang, "status.saved", pending)
		}
		out = append(out, n)
	}
	if s.Demo && s.Grade == kiosk.GradeProduction {
		out = append(out, item(assets.IconWarn, "status.demo", widgets.ToneWarn))
	}
	return out
}
