package screens

import (
	"time"

	"fyne.io/fyne/v2"

	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Scan is what ValidateScan shows.
type Scan struct {
	Found      bool // a code of ours was read
	Unreadable bool // something like a code is there, but cannot be read
}

// ScanActions is what comes of ValidateScan.
type ScanActions struct{ NoBadge, Staff, Back func() }

// ValidateScan asks for the badge: the picture with a frame to hold it in.
type ValidateScan struct {
	wizardPage
	env   Env
	frame *frame
	scan  *widgets.ScanFrame
	title *widgets.Text
	next  *widgets.Text
}

// NewValidateScan makes the page.
func NewValidateScan(e Env, v Scan, on ScanActions) *ValidateScan {
	r := &ValidateScan{
		env: e, frame: (&frame{env: e}).back(on.Back, nil), scan: widgets.NewScanFrame(e.Style, e.Live, e.say("validate.scan_found")),
		title: widgets.NewText(e.say("validate.scan"), e.Style.Greeting, e.Style.Ink, true),
		next:  e.text("validate.scan_next"),
	}
	r.frame.right = []*widgets.Button{
		e.button(widgets.Secondary, assets.IconPerson, "validate.staff", doing(on.Staff)),
		e.button(widgets.Secondary, assets.IconUserOff, "validate.no_badge", doing(on.NoBadge)),
	}
	r.title.MaxLines = 4
	r.live, r.close = true, r.scan.Close
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.scan.Object(), r.title, r.next)...)
	r.Show(v)
	return r
}

// Show brings the values on the screen.
func (r *ValidateScan) Show(v Scan) {
	r.scan.SetFound(v.Found)
	key := "validate.scan_next"
	if v.Unreadable && !v.Found {
		key = "validate.scan_unreadable"
	}
	if words := r.env.say(key); words != r.next.Content() {
		r.next.SetContent(words)
		r.Again()
	}
}

func (r *ValidateScan) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.put(s)
	st := r.env.Style
	if st.Shape == theme.Tall {
		th, nh := r.title.HeightFor(in.w), r.next.HeightFor(in.w)
		h := in.h - th - nh - 2*st.Gap
		widgets.Put(r.scan.Object(), in.x, in.y, in.w, h)
		widgets.Put(r.title, in.x, in.y+h+st.Gap, in.w, th)
		widgets.Put(r.next, in.x, in.y+h+st.Gap+th+st.Gap/2, in.w, nh)
		return
	}
	w := float32(int(in.w * 0.62))
	widgets.Put(r.scan.Object(), in.x, in.y, w, in.h)
	x, room := in.x+w+st.Pad, in.w-w-st.Pad
	th, nh := r.title.HeightFor(room), r.next.HeightFor(room)
	y := in.y + max(0, (in.h-th-st.Gap-nh)/2)
	widgets.Put(r.title, x, y, room, th)
	widgets.Put(r.next, x, y+th+st.Gap, room, nh)
}

// LookActions is what comes of ValidateLook.
type LookActions struct{ UsePIN, Staff, Back func() }

// ValidateLook reads the face, after the badge.
type ValidateLook struct{ *captureView }

// NewValidateLook makes the page.
func NewValidateLook(e Env, v Capture, on LookActions) *ValidateLook {
	f := (&frame{env: e}).back(on.Back, nil)
	f.right = []*widgets.Button{
		e.button(widgets.Secondary, assets.IconPerson, "validate.staff", doing(on.Staff)),
		e.button(widgets.Secondary, assets.IconLock, "validate.use_pin", doing(on.UsePIN)),
	}
	return &ValidateLook{newCaptureView(e, f, v, captureWords{"validate.scan_found", "validate.look", "validate.look_next"})}
}

// PINTry is what ValidatePIN says of the try before.
type PINTry struct {
	Wrong  bool
	Left   int           // tries left after a wrong one; 0 says nothing of it
	Locked time.Duration // wait this long
}

// TryActions is what comes of ValidatePIN.
type TryActions struct {
	Done         func(pin string)
	Forgot, Back func()
}

// ValidatePIN asks for the PIN that goes with a badge.
type ValidatePIN struct{ *pinPage }

// NewValidatePIN makes the page.
func NewValidatePIN(e Env, v PINTry, on TryActions) *ValidatePIN {
	f := (&frame{env: e}).back(on.Back, nil)
	f.right = []*widgets.Button{e.button(widgets.Secondary, assets.IconHelp, "pin.forgot", doing(on.Forgot))}
	r := &ValidatePIN{newPINPage(e, f, e.pinWords("pin.enter"), func(pin string) {
		if on.Done != nil {
			on.Done(pin)
		}
	})}
	r.Show(v)
	return r
}

// Show says what became of the try before, beside the dots.
func (r *ValidatePIN) Show(v PINTry) {
	switch {
	case v.Locked > 0:
		r.pad.SetProblem(r.env.count("pin.locked", int((v.Locked+time.Second-1)/time.Second)))
	case v.Wrong && v.Left > 0:
		r.pad.SetProblem(r.env.count("pin.left", v.Left))
	case v.Wrong:
		r.pad.SetProblem(r.env.say("pin.wrong"))
	default:
		r.pad.Clear()
	}
}
