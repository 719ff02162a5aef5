package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Scan is what a page that asks for a code shows.
type Scan struct {
	Found      bool // a code of ours was read
	Unreadable bool // something like a code is there, but cannot be read
	NoCamera   bool // only a scanner reads codes; the page stays so
}

// ScanActions is what comes of a scan page. One that is nil has no button.
type ScanActions struct {
	NoBadge, Staff, Back func()
	Scanned              func(text string)
}

// scanWords are the keys of what a scan page says; next with a camera.
type scanWords struct{ title, next string }

// ScanPage asks for a code: the picture with a frame to hold it in, or, without
// a camera, where to hold it. It takes what a scanner types, too.
type ScanPage struct {
	wizardPage
	env    Env
	frame  *frame
	words  scanWords
	scan   *widgets.ScanFrame // nil without a camera
	ground *canvas.Rectangle  // in its place
	sign   fyne.CanvasObject
	keys   *widgets.CodeKeys
	title  *widgets.Text
	next   *widgets.Text
	blind  bool
}

// NewValidateScan asks for the badge.
func NewValidateScan(e Env, v Scan, on ScanActions) *ScanPage {
	return newScan(e, v, scanWords{"validate.scan", "validate.scan_next"}, on)
}

// NewWithdrawScan asks for the badge or the receipt of the consent.
func NewWithdrawScan(e Env, v Scan, on ScanActions) *ScanPage {
	return newScan(e, v, scanWords{"withdraw.scan", "withdraw.scan_next"}, on)
}

func newScan(e Env, v Scan, w scanWords, on ScanActions) *ScanPage {
	r := &ScanPage{
		env: e, words: w, blind: v.NoCamera, frame: (&frame{env: e}).back(on.Back, nil),
		title: widgets.NewText(e.say(w.title), e.Style.Greeting, e.Style.Ink, true),
		next:  widgets.NewText("", e.Style.Body, e.Style.Ink, false),
		keys:  widgets.NewCodeKeys(e.Later, e.Now),
	}
	if on.Staff != nil {
		r.frame.on(e.button(widgets.Secondary, assets.IconPerson, "validate.staff", on.Staff))
	}
	if on.NoBadge != nil {
		r.frame.on(e.button(widgets.Secondary, assets.IconUserOff, "validate.no_badge", on.NoBadge))
	}
	r.title.MaxLines = 4
	r.keys.OnCode, r.keys.OnTyped = on.Scanned, e.Commands.Touch
	objs := append(r.frame.objects(), r.keys, r.title, r.next)
	if r.blind {
		r.ground = widgets.NewCard(e.Style)
		r.sign = widgets.NewIcon(assets.IconQR, e.Style.Brand, 2*signSide(e.Style))
		objs = append(objs, r.ground, r.sign)
		r.close = r.keys.Stop
	} else {
		r.live = true
		r.scan = widgets.NewScanFrame(e.Style, e.Live, e.say("validate.scan_found"))
		objs = append(objs, r.scan.Object())
		r.close = func() {
			r.keys.Stop()
			r.scan.Close()
		}
	}
	r.Flow = widgets.NewFlow(r.put, nil, objs...)
	r.Show(v)
	return r
}

// Focus implements Focuser.
func (r *ScanPage) Focus() { r.keys.Focus() }

// Show brings the values on the screen.
func (r *ScanPage) Show(v Scan) {
	if r.scan != nil {
		r.scan.SetFound(v.Found)
	}
	key := r.words.next
	switch {
	case v.Unreadable && !v.Found && r.blind:
		key = "validate.scan_again"
	case v.Unreadable && !v.Found:
		key = "validate.scan_unreadable"
	case v.Found && r.blind:
		key = "validate.scan_found"
	case r.blind:
		key = "validate.scan_no_camera"
	}
	if words := r.env.say(key); words != r.next.Content() {
		r.next.SetContent(words)
		r.Again()
	}
}

func (r *ScanPage) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.put(s)
	st := r.env.Style
	if st.Shape == theme.Tall {
		th, nh := r.title.HeightFor(in.w), r.next.HeightFor(in.w)
		h := in.h - th - nh - 2*st.Gap
		r.putEye(area{in.x, in.y, in.w, h})
		widgets.Put(r.title, in.x, in.y+h+st.Gap, in.w, th)
		widgets.Put(r.next, in.x, in.y+h+st.Gap+th+st.Gap/2, in.w, nh)
		return
	}
	share := float32(0.62)
	if r.blind {
		share = 0.4
	}
	w := float32(int(in.w * share))
	r.putEye(area{in.x, in.y, w, in.h})
	x, room := in.x+w+st.Pad, in.w-w-st.Pad
	th, nh := r.title.HeightFor(room), r.next.HeightFor(room)
	y := in.y + max(0, (in.h-th-st.Gap-nh)/2)
	widgets.Put(r.title, x, y, room, th)
	widgets.Put(r.next, x, y+th+st.Gap, room, nh)
}

// putEye places what reads the code, or the sign in its place.
func (r *ScanPage) putEye(a area) {
	if r.scan != nil {
		widgets.Put(r.scan.Object(), a.x, a.y, a.w, a.h)
		return
	}
	widgets.Put(r.ground, a.x, a.y, a.w, a.h)
	side := 2 * signSide(r.env.Style)
	widgets.Put(r.sign, a.x+(a.w-side)/2, a.y+(a.h-side)/2, side, side)
}

// scanned sends what a scanner read.
func (e Env) scanned(text string) { e.Commands.Do(kiosk.Scanned{Text: text}) }
