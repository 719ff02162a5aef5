package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// choice is one of the things to choose from, with what follows of it.
type choice struct {
	ground      fyne.CanvasObject
	sign        fyne.CanvasObject
	title, text *widgets.Text
	button      *widgets.Button
}

// withdrawChoose asks what is to be taken back.
type withdrawChoose struct {
	wizardPage
	frame   *frame
	title   *widgets.Text
	choices []choice
}

func newWithdrawChoose(e Env, given string, hasFace bool) Body {
	st := e.Style
	title := e.say("withdraw.choose_nameless")
	if given != "" {
		title = e.sayTo(given, "withdraw.choose")
	}
	r := &withdrawChoose{
		frame: &frame{env: e, left: []*widgets.Button{e.button(widgets.Secondary, assets.IconBack, "withdraw.leave", e.do(kiosk.Cancel{}))}},
		title: widgets.NewText(title, st.Title, st.Ink, true),
	}
	objs := append(r.frame.objects(), r.title)
	add := func(i assets.Icon, key string, c kiosk.WithdrawChoice) {
		one := choice{
			widgets.NewCard(st), widgets.NewIcon(i, st.Brand, 2*st.Icon),
			widgets.NewText(e.say(key), st.Title, st.Ink, true), widgets.NewText(e.say(key+"_next"), factSize(st), st.Ink, false),
			e.button(widgets.Secondary, i, key+"_do", e.do(kiosk.ChooseWithdraw{Choice: c})),
		}
		r.choices = append(r.choices, one)
		objs = append(objs, one.ground, one.sign, one.title, one.text, one.button)
	}
	if hasFace {
		add(assets.IconUserOff, "withdraw.face", kiosk.WithdrawFace)
	}
	add(assets.IconErase, "withdraw.all", kiosk.WithdrawAll)
	r.Flow = widgets.NewFlow(r.put, nil, objs...)
	return r
}

func (r *withdrawChoose) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.put(s)
	st, gap := r.frame.env.Style, r.frame.gap()
	th := r.title.HeightFor(in.w)
	widgets.Put(r.title, in.x, in.y, in.w, th)
	y, h := in.y+th+gap, in.h-th-gap
	n := float32(len(r.choices))
	w, dx, dy := (in.w-(n-1)*st.Gap)/n, float32(0), float32(0)
	if dx = w + st.Gap; st.Shape == theme.Tall {
		w, dx = in.w, 0
		h = (h - (n-1)*st.Gap) / n
		dy = h + st.Gap
	}
	for i, c := range r.choices {
		r.putChoice(c, area{in.x + float32(i)*dx, y + float32(i)*dy, w, h})
	}
}

func (r *withdrawChoose) putChoice(c choice, a area) {
	st, gap := r.frame.env.Style, r.frame.gap()
	pad := st.Pad
	widgets.Put(c.ground, a.x, a.y, a.w, a.h)
	x, room := a.x+pad, a.w-2*pad
	widgets.Put(c.button, x, a.y+a.h-pad-st.Button, room, st.Button)
	side := 2 * st.Icon
	beside := st.Shape == theme.Compact
	tw := room
	if beside {
		tw -= side + gap
	}
	th, nh := c.title.HeightFor(tw), c.text.HeightFor(room)
	head := th
	if beside {
		head = max(th, side)
	} else {
		head += side + gap
	}
	free := a.h - 2*pad - st.Button - gap
	y := a.y + pad + max(0, (free-head-gap-nh)/2)
	if beside {
		widgets.Put(c.sign, x, y+(head-side)/2, side, side)
		widgets.Put(c.title, x+side+gap, y+(head-th)/2, tw, th)
	} else {
		widgets.Put(c.sign, x, y, side, side)
		widgets.Put(c.title, x, y+side+gap, tw, th)
	}
	widgets.Put(c.text, x, y+head+gap, room, nh)
}
