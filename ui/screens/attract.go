package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// attract is the screen at rest: the picture, one line of guidance, three ways
// on.
type attract struct {
	*widgets.Flow
	env     Env
	guide   *widgets.Text
	icon    *fyne.Container
	buttons []*widgets.Button
	shown   string
}

func newAttract(e Env, v kiosk.View) *attract {
	a := &attract{
		env: e,
		buttons: []*widgets.Button{
			e.choose(widgets.Secondary, assets.IconUserPlus, "attract.register", kiosk.FeatureRegister),
			e.choose(widgets.Secondary, assets.IconQR, "attract.validate", kiosk.FeatureValidate),
			e.choose(widgets.Secondary, assets.IconChat, "attract.ask", kiosk.FeatureAsk),
		},
		guide: widgets.NewText("", e.Style.Title, e.Style.Ink, true),
		icon:  &fyne.Container{},
	}
	a.guide.MaxLines = 3
	objs := []fyne.CanvasObject{e.Live, a.icon, a.guide}
	for _, b := range a.buttons {
		objs = append(objs, b)
	}
	a.Flow = widgets.NewFlow(a.put, nil, objs...)
	a.Update(v)
	return a
}

func (a *attract) Update(v kiosk.View) {
	icon, words := a.env.guide(v.Guide)
	if words == a.shown {
		return
	}
	a.shown = words
	side := a.env.Style.Title
	a.icon.Objects = []fyne.CanvasObject{widgets.NewIcon(icon, a.env.Style.Brand, side)}
	a.guide.SetContent(words)
	a.Again()
	a.icon.Refresh()
}

func (a *attract) ShowsLive() bool { return true }
func (a *attract) Close()          {}

func (a *attract) put(s fyne.Size) {
	st, live := a.env.Style, a.env.Live
	side := st.Title
	if st.Shape == theme.Compact {
		// Beside the picture: what is below it would leave it a slit.
		n := float32(len(a.buttons))
		w := float32(264)
		x := s.Width - w
		widgets.Put(live, 0, 0, x-st.Gap, s.Height)
		top := s.Height - n*st.Button - (n-1)*st.Gap
		for i, b := range a.buttons {
			widgets.Put(b, x, top+float32(i)*(st.Button+st.Gap), w, st.Button)
		}
		room := w - side - st.Gap/2
		h := a.guide.HeightFor(room)
		widgets.Put(a.guide, x+w-room, 0, room, h)
		a.putIcon(x, (h-side)/2, side)
		return
	}

	var below float32 // the height under the guide
	if st.Shape == theme.Tall {
		n := float32(len(a.buttons))
		below = n*st.Button + (n-1)*st.Gap
		for i, b := range a.buttons {
			widgets.Put(b, 0, s.Height-below+float32(i)*(st.Button+st.Gap), s.Width, st.Button)
		}
	} else {
		below = st.Button
		w := (s.Width - 2*st.Gap) / 3
		for i, b := range a.buttons {
			widgets.Put(b, float32(i)*(w+st.Gap), s.Height-below, w, st.Button)
		}
	}
	room := s.Width - side - st.Gap
	h := max(side, a.guide.HeightFor(room))
	y := s.Height - below - st.Gap - h
	a.putIcon(0, y+(h-side)/2, side)
	widgets.Put(a.guide, side+st.Gap, y, room, h)
	widgets.Put(live, 0, 0, s.Width, y-st.Gap)
}

func (a *attract) putIcon(x, y, side float32) {
	widgets.Put(a.icon, x, y, side, side)
	for _, o := range a.icon.Objects {
		widgets.Put(o, 0, 0, side, side)
	}
}
