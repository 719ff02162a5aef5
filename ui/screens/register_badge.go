package screens

import (
	"slices"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// BadgeActions is what comes of RegisterBadge.
type BadgeActions struct {
	Show          func(kiosk.CodeKind)
	Print, Finish func()
}

// RegisterBadge shows the badge to be kept, and the receipt of the consent.
type RegisterBadge struct {
	wizardPage
	env    Env
	frame  *frame
	card   *widgets.QRCard
	title  *widgets.Text
	next   *widgets.Text
	valid  *widgets.Text
	status *widgets.Text
	print  *widgets.Button
	other  map[kiosk.CodeKind]*widgets.Button // shows that code
	shown  kiosk.BadgeShown
}

// NewRegisterBadge makes the page.
func NewRegisterBadge(e Env, v kiosk.BadgeShown, on BadgeActions) *RegisterBadge {
	st := e.Style
	show := func(k kiosk.CodeKind) func() {
		return func() {
			if on.Show != nil {
				on.Show(k)
			}
		}
	}
	r := &RegisterBadge{
		env: e, frame: newFrame(e, StepBadge), card: widgets.NewQRCard(st, nil, ""),
		title:  widgets.NewText("", st.Title, st.Ink, true),
		next:   widgets.NewText("", st.Body, st.Ink, false),
		valid:  widgets.NewText("", st.Label, st.Muted, false),
		status: widgets.NewText("", st.Label, st.Ink, true),
		print:  e.button(widgets.Secondary, assets.IconPrinter, "badge.print", doing(on.Print)),
		other: map[kiosk.CodeKind]*widgets.Button{
			kiosk.CodeReceipt: e.button(widgets.Secondary, assets.IconReceipt, "badge.show_receipt", show(kiosk.CodeReceipt)),
			kiosk.CodeBadge:   e.button(widgets.Secondary, assets.IconQR, "badge.show_badge", show(kiosk.CodeBadge)),
		},
	}
	finish := e.button(widgets.Primary, assets.IconCheck, "badge.finish", doing(on.Finish))
	r.frame.on(finish)
	objs := []fyne.CanvasObject{finish, r.print, r.other[kiosk.CodeReceipt], r.other[kiosk.CodeBadge]}
	objs = append(objs, r.frame.rail.Object(), r.card.Object(), r.title, r.next, r.valid, r.status)
	r.Flow = widgets.NewFlow(r.put, nil, objs...)
	r.show(v)
	return r
}

// Card is the card with the code.
func (r *RegisterBadge) Card() *widgets.QRCard { return r.card }

// Show brings the values on the screen.
func (r *RegisterBadge) Show(v kiosk.BadgeShown) {
	if v != r.shown {
		r.show(v)
	}
}

func (r *RegisterBadge) show(v kiosk.BadgeShown) {
	r.shown = v
	e := r.env
	code, other, hasOther := v.Badge, kiosk.CodeReceipt, v.Receipt != nil
	title, next, caption, valid := e.say("badge.title_nameless"), e.badgeNext(v), e.say("badge.caption"), ""
	if v.Given != "" {
		title = e.sayTo(v.Given, "badge.title")
	}
	if !v.Expires.IsZero() {
		valid = e.sayWith("badge.valid", assets.Values{"Date": assets.Date(string(e.Lang), v.Expires)})
	}
	if v.Showing == kiosk.CodeReceipt && v.Receipt != nil {
		code, other, hasOther = v.Receipt, kiosk.CodeBadge, true
		title, next, caption, valid = e.say("badge.receipt_title"), e.say("badge.receipt_next"), e.say("badge.receipt_caption"), ""
	}
	if e.Style.Shape == theme.Compact {
		caption = "" // the code needs the room
	}
	var modules [][]bool
	if code != nil {
		modules = code.Modules
	}
	r.title.SetContent(title)
	r.next.SetContent(next)
	r.valid.SetContent(valid)
	status := map[kiosk.Printing]string{
		kiosk.PrintBusy: "badge.printing", kiosk.PrintDone: "badge.printed", kiosk.PrintFailed: "badge.print_failed",
	}[v.Printing]
	if status != "" {
		status = e.say(status)
	}
	r.status.SetContent(status)

	r.frame.left = nil
	if v.Printing != kiosk.PrintNone && v.Printing != kiosk.PrintBusy {
		r.frame.left = append(r.frame.left, r.print)
	}
	if hasOther {
		r.frame.left = append(r.frame.left, r.other[other])
	}
	for _, b := range []*widgets.Button{r.print, r.other[kiosk.CodeReceipt], r.other[kiosk.CodeBadge]} {
		setShown(b, slices.Contains(r.frame.left, b))
	}
	r.card.SetModules(modules, caption)
	r.Again()
}

// badgeNext says how to keep the badge, and what goes with it.
func (e Env) badgeNext(v kiosk.BadgeShown) string {
	key := "badge.next"
	if v.Printing == kiosk.PrintNone {
		key = "badge.next_photo"
	}
	words := e.say(key)
	if !v.WithFace {
		words += " " + e.say("badge.with_pin")
	}
	return words
}

func (r *RegisterBadge) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	st, gap := r.env.Style, r.frame.gap()
	var in area // of the words
	switch st.Shape {
	case theme.Tall:
		in = r.frame.put(s)
		side := min(in.w, in.h*0.6)
		widgets.Put(r.card.Object(), in.x+(in.w-side)/2, in.y, side, side)
		in.y, in.h = in.y+side+st.Pad, in.h-side-st.Pad
	case theme.Compact:
		// All the height for the code: a phone has to read it. The rail would
		// say no more than the title.
		r.frame.rail.Object().Hide()
		side := min(s.Height, s.Width/2)
		widgets.Put(r.card.Object(), 0, 0, side, s.Height)
		in = area{side + st.Pad, 0, s.Width - side - st.Pad, s.Height}
		in.h -= r.frame.putFoot(in) + gap
	default:
		in = r.frame.put(s)
		side := min(in.h, in.w/2)
		widgets.Put(r.card.Object(), in.x, in.y, side, in.h)
		in.x, in.w = in.x+side+st.Pad, in.w-side-st.Pad
	}
	x, y, w, h := in.x, in.y, in.w, in.h
	words := r.fitting(w, h, gap)
	for _, t := range []*widgets.Text{r.title, r.next, r.valid, r.status} {
		setShown(t, slices.Contains(words, t))
	}
	if st.Shape != theme.Tall {
		y += max(0, (h-heightOf(words, w, gap))/2)
	}
	for _, t := range words {
		th := t.HeightFor(w)
		widgets.Put(t, x, y, w, th)
		y += th + gap
	}
}

// fitting are the words that there is room for: what the printer does is news,
// the date stands in the code too.
func (r *RegisterBadge) fitting(w, h, gap float32) (out []*widgets.Text) {
	for _, t := range []*widgets.Text{r.title, r.next, r.valid, r.status} {
		if t.Content() != "" {
			out = append(out, t)
		}
	}
	for _, t := range []*widgets.Text{r.valid, r.next} {
		if heightOf(out, w, gap) <= h {
			break
		}
		if i := slices.Index(out, t); i >= 0 && len(out) > 2 {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// heightOf is how high texts stand under one another.
func heightOf(words []*widgets.Text, w, gap float32) float32 {
	all := -gap
	for _, t := range words {
		all += t.HeightFor(w) + gap
	}
	return all
}
