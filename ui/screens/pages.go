package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// page is a body without the live picture.
type page struct {
	*widgets.Flow
	close func()
}

func (p *page) Update(kiosk.View) {}
func (p *page) ShowsLive() bool   { return false }
func (p *page) Close() {
	if p.close != nil {
		p.close()
	}
}

// newStarting waits for the camera and the engine.
func newStarting(e Env, _ kiosk.View) Body {
	st := e.Style
	title, next := e.title("starting.title"), e.text("starting.next")
	side := 3 * st.Button
	if st.Shape == theme.Compact {
		side = 2 * st.Button
	}
	in := side * 0.72
	seal := widgets.NewIcon(assets.IconSeal, st.Brand, in)
	work := widgets.NewWorkRing(st)
	flow := widgets.NewFlow(func(s fyne.Size) {
		if st.Shape == theme.Tall {
			th, nh := title.HeightFor(s.Width), next.HeightFor(s.Width)
			y := (s.Height - side - st.Pad - th - st.Gap/2 - nh) / 2
			widgets.Put(work.Object(), 0, y, side, side)
			widgets.Put(seal, (side-in)/2, y+(side-in)/2, in, in)
			y += side + st.Pad
			widgets.Put(title, 0, y, s.Width, th)
			widgets.Put(next, 0, y+th+st.Gap/2, s.Width, nh)
			return
		}
		room := min(s.Width-side-2*st.Pad, max(title.NaturalWidth(), next.NaturalWidth()))
		x := (s.Width - side - 2*st.Pad - room) / 2
		y := (s.Height - side) / 2
		widgets.Put(work.Object(), x, y, side, side)
		widgets.Put(seal, x+(side-in)/2, y+(side-in)/2, in, in)
		x += side + 2*st.Pad
		th, nh := title.HeightFor(room), next.HeightFor(room)
		y = (s.Height - th - st.Gap/2 - nh) / 2
		widgets.Put(title, x, y, room, th)
		widgets.Put(next, x, y+th+st.Gap/2, room, nh)
	}, nil, seal, work.Object(), title, next)
	work.Start()
	return &page{Flow: flow, close: work.Stop}
}

// newHelp says how the kiosk is used, in four steps at a glance.
func newHelp(e Env, v kiosk.View) Body {
	st := e.Style
	title := e.title("help_page.title")
	type step struct {
		ground fyne.CanvasObject
		icon   fyne.CanvasObject
		words  *widgets.Text
	}
	var steps []step
	objs := []fyne.CanvasObject{title}
	for _, s := range []struct {
		icon assets.Icon
		key  string
	}{
		{assets.IconFace, "help_page.step_look"}, {assets.IconQR, "help_page.step_qr"},
		{assets.IconChat, "help_page.step_ask"}, {assets.IconUserOff, "help_page.step_choice"},
	} {
		one := step{widgets.NewCard(st), widgets.NewIcon(s.icon, st.Brand, 2*st.Icon), e.text(s.key)}
		steps = append(steps, one)
		objs = append(objs, one.ground, one.icon, one.words)
	}
	back := e.button(widgets.Secondary, assets.IconBack, "help_page.back", e.Commands.Back)
	staff := e.choose(widgets.Primary, assets.IconPerson, "help_page.staff", kiosk.FeatureStaff)
	data := e.button(widgets.Secondary, assets.IconIDCard, "help_page.own_data", e.do(kiosk.OwnData{}))
	foot := (&frame{env: e, left: []*widgets.Button{back}}).on(data, staff)
	if v.Register != nil { // what is being written is not left for it
		foot.right = foot.right[1:]
	}
	objs = append(objs, foot.objects()...)

	flow := widgets.NewFlow(func(s fyne.Size) {
		th := title.HeightFor(s.Width)
		widgets.Put(title, 0, 0, s.Width, th)
		bottom := s.Height - foot.putFoot(area{0, 0, s.Width, s.Height})
		cols := 2
		if st.Shape == theme.Tall {
			cols = 1
		}
		rows := (len(steps) + cols - 1) / cols
		top := th + st.Gap
		h := (bottom - st.Gap - top - float32(rows-1)*st.Gap) / float32(rows)
		w := (s.Width - float32(cols-1)*st.Gap) / float32(cols)
		icon := 2 * st.Icon
		if st.Shape == theme.Compact {
			icon = 1.5 * st.Icon
		}
		for i, one := range steps {
			x := float32(i%cols) * (w + st.Gap)
			y := top + float32(i/cols)*(h+st.Gap)
			widgets.Put(one.ground, x, y, w, h)
			widgets.Put(one.icon, x+st.Pad, y+(h-icon)/2, icon, icon)
			left := 2*st.Pad + icon
			if st.Shape == theme.Compact {
				left = 1.5*st.Pad + icon
			}
			room := w - left - st.Pad
			wh := one.words.HeightFor(room)
			widgets.Put(one.words, x+left, y+(h-wh)/2, room, wh)
		}
	}, nil, objs...)
	return &page{Flow: flow}
}

// newNotice says honestly that something is not there yet, and what to do.
func newNotice(e Env, v kiosk.View) Body {
	st := e.Style
	icon, key := assets.IconWarn, ""
	switch v.Notice {
	case kiosk.FeatureRegister:
		icon, key = assets.IconUserPlus, "notice.register"
	case kiosk.FeatureValidate:
		icon, key = assets.IconQR, "notice.validate"
	case kiosk.FeatureAsk:
		icon, key = assets.IconChat, "notice.ask"
	case kiosk.FeatureStaff:
		icon, key = assets.IconPerson, "notice.staff"
	}
	what := ""
	if key != "" {
		what = e.say(key)
	}
	ground := widgets.NewCard(st)
	side := 3 * st.Icon
	sign := widgets.NewIcon(icon, st.Brand, side)
	feature := widgets.NewText(what, st.Body, st.Brand, true)
	title, next := e.title("notice.title"), e.text("notice.next")
	back := e.button(widgets.Primary, assets.IconBack, "notice.back", e.Commands.Back)
	flow := widgets.NewFlow(func(s fyne.Size) {
		widgets.Put(ground, 0, 0, s.Width, s.Height)
		x, room := st.Pad, s.Width-2*st.Pad
		if st.Shape != theme.Tall {
			x, room = 2*st.Pad+side, s.Width-3*st.Pad-side
		}
		fh, th, nh := feature.HeightFor(room), title.HeightFor(room), next.HeightFor(room)
		all := fh + st.Gap/2 + th + st.Gap + nh
		y := (s.Height - st.Button - st.Pad - all) / 2
		if st.Shape == theme.Tall {
			y -= (side + st.Pad) / 2
			widgets.Put(sign, x, y, side, side)
			y += side + st.Pad
		} else {
			widgets.Put(sign, st.Pad, y+(all-side)/2, side, side)
		}
		widgets.Put(feature, x, y, room, fh)
		y += fh + st.Gap/2
		widgets.Put(title, x, y, room, th)
		y += th + st.Gap
		widgets.Put(next, x, y, room, nh)

		w := max(back.WidthFor(), 3*st.Target)
		if st.Shape == theme.Tall {
			w = s.Width - 2*st.Pad
		}
		widgets.Put(back, st.Pad, s.Height-st.Pad-st.Button, w, st.Button)
	}, nil, ground, sign, feature, title, next, back)
	return &page{Flow: flow}
}
