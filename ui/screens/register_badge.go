package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Printing is how far the printer is.
type Printing int

// The states of printing.
const (
	NoPrinter Printing = iota // none is configured
	PrinterReady
	PrinterBusy
	PrinterDone
	PrinterFailed
)

// BadgeView is what RegisterBadge shows.
type BadgeView struct {
	Given    string   // the given name; "" greets nobody
	Modules  [][]bool // of the QR code, dark ones true
	Expires  time.Time
	Printing Printing
}

// BadgeActions is what comes of RegisterBadge.
type BadgeActions struct{ Print, Finish func() }

// RegisterBadge shows the badge to be kept.
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
}

// NewRegisterBadge makes the page.
func NewRegisterBadge(e Env, v BadgeView, on BadgeActions) *RegisterBadge {
	st := e.Style
	title := e.say("badge.title_nameless")
	if v.Given != "" {
		title = e.sayTo(v.Given, "badge.title")
	}
	caption := e.say("badge.caption")
	if st.Shape == theme.Compact {
		caption = "" // the code needs the room
	}
	r := &RegisterBadge{
		env: e, frame: newFrame(e, StepBadge), card: widgets.NewQRCard(st, v.Modules, caption),
		title:  widgets.NewText(title, st.Title, st.Ink, true),
		next:   e.text("badge.next"),
		valid:  widgets.NewText("", st.Label, st.Muted, false),
		status: widgets.NewText("", st.Label, st.Ink, true),
		print:  e.button(widgets.Secondary, assets.IconPrinter, "badge.print", doing(on.Print)),
	}
	if !v.Expires.IsZero() {
		r.valid.SetContent(e.sayWith("badge.valid", assets.Values{"Date": assets.Date(string(e.Lang), v.Expires)}))
	}
	r.frame.left = []*widgets.Button{r.print}
	r.frame.right = []*widgets.Button{e.button(widgets.Primary, assets.IconCheck, "badge.finish", doing(on.Finish))}
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.card.Object(), r.title, r.next, r.valid, r.status)...)
	r.Show(v.Printing)
	return r
}

// Card is the card with the code.
func (r *RegisterBadge) Card() *widgets.QRCard { return r.card }

// Show tells how far the printer is.
func (r *RegisterBadge) Show(p Printing) {
	words := map[Printing]string{PrinterBusy: "badge.printing", PrinterDone: "badge.printed", PrinterFailed: "badge.print_failed"}[p]
	if words != "" {
		words = r.env.say(words)
	}
	r.status.SetContent(words)
	setShown(r.print, p == PrinterReady || p == PrinterDone || p == PrinterFailed)
	r.Again()
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
		// All the height for the code: a phone has to read it.
		side := min(s.Height, s.Width/2)
		widgets.Put(r.card.Object(), 0, 0, side, s.Height)
		in = r.frame.putRailAt(area{side + st.Pad, 0, s.Width - side - st.Pad, s.Height})
		in.h -= r.frame.putFoot(in) + gap
	default:
		in = r.frame.put(s)
		side := min(in.h, in.w/2)
		widgets.Put(r.card.Object(), in.x, in.y, side, in.h)
		in.x, in.w = in.x+side+st.Pad, in.w-side-st.Pad
	}
	x, y, w, h := in.x, in.y, in.w, in.h
	words := []*widgets.Text{r.title, r.next, r.valid, r.status}
	all := -gap
	for _, t := range words {
		if t.Content() != "" {
			all += t.HeightFor(w) + gap
		}
	}
	if st.Shape != theme.Tall {
		y += max(0, (h-all)/2)
	}
	for _, t := range words {
		setShown(t, t.Content() != "")
		if t.Content() == "" {
			continue
		}
		th := t.HeightFor(w)
		widgets.Put(t, x, y, w, th)
		y += th + gap
	}
}
