package screens

import (
	"errors"
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// PINActions is what comes of RegisterPIN.
type PINActions struct {
	Done         func(pin string) // chosen and repeated
	Back, Cancel func()
}

// RegisterPIN has a PIN chosen and repeated. One that is easy to guess is not
// taken, by the domain's rules.
type RegisterPIN struct {
	*pinPage
	first string // chosen, to be repeated; "" before
	on    PINActions
}

// NewRegisterPIN makes the page.
func NewRegisterPIN(e Env, on PINActions) *RegisterPIN {
	r := &RegisterPIN{on: on}
	f := newFrame(e, StepPIN).back(r.goBack, on.Cancel)
	r.pinPage = newPINPage(e, f, e.pinWords("pin.choose"), r.entered)
	r.close = func() {
		r.first = ""
		r.stop()
	}
	return r
}

// pinDraft is a PIN half chosen.
type pinDraft struct{ first, written string }

// Draft implements Drafter.
func (r *RegisterPIN) Draft() any { return pinDraft{r.first, r.pad.Written()} }

// Restore implements Drafter.
func (r *RegisterPIN) Restore(draft any) {
	d, ok := draft.(pinDraft)
	if !ok {
		return
	}
	if r.first = d.first; r.first != "" {
		r.pad.SetWords(r.env.pinWords("pin.repeat"))
	}
	r.pad.SetWritten(d.written)
}

// Repeating tells whether the PIN is being repeated.
func (r *RegisterPIN) Repeating() bool { return r.first != "" }

func (r *RegisterPIN) entered(pin string) {
	e := r.env
	switch {
	case r.first == "":
		switch err := domain.CheckPIN(pin); {
		case errors.Is(err, domain.ErrWeakPIN):
			r.pad.SetProblem(e.say("pin.weak"))
		case err != nil:
			r.pad.SetProblem(e.say("pin.short"))
		default:
			r.first = pin
			r.pad.SetWords(e.pinWords("pin.repeat"))
		}
	case pin != r.first:
		r.first = ""
		r.pad.SetWords(e.pinWords("pin.choose"))
		r.pad.SetProblem(e.say("pin.differ"))
	default:
		r.first = ""
		if r.on.Done != nil {
			r.on.Done(pin)
		}
	}
}

func (r *RegisterPIN) goBack() {
	if r.first != "" {
		r.first = ""
		r.pad.SetWords(r.env.pinWords("pin.choose"))
		return
	}
	doing(r.on.Back)()
}

func (e Env) pinWords(key string) widgets.PINWords {
	return widgets.PINWords{Title: e.say(key), Hint: e.say(key + "_next"), Short: e.say("pin.short")}
}

// pinPage is a PIN pad in a frame: the frame's buttons stand under the words,
// beside the keys.
type pinPage struct {
	wizardPage
	env   Env
	frame *frame
	pad   *widgets.PINPad
	shown kiosk.PINEntry
	sent  bool // a PIN, which nothing was said of yet
	tick  widgets.Pending
}

func newPINPage(e Env, f *frame, words widgets.PINWords, done func(string)) *pinPage {
	keys := e.keyWords()
	p := &pinPage{env: e, frame: f}
	p.pad = widgets.NewPINPad(e.Style, domain.PINDigits, words, keys, e.Later, e.Now, e.Commands.Touch)
	p.pad.OnDone = done
	p.close = p.stop
	p.Flow = widgets.NewFlow(p.put, nil, append([]fyne.CanvasObject{p.pad}, f.objects()...)...)
	return p
}

func (p *pinPage) stop() {
	p.tick.Cancel()
	p.pad.Stop()
}

// Show says what became of the try before, beside the dots. Said again, it
// leaves what is being typed.
func (p *pinPage) Show(v kiosk.PINEntry) {
	if v == p.shown && !p.sent {
		return
	}
	p.shown, p.sent = v, false
	p.tell()
}

func (p *pinPage) tell() {
	v := p.shown
	p.tick.Cancel()
	words, again := p.env.waitWords(v.Until)
	switch {
	case v.Busy:
		p.pad.Close(p.env.say("pin.checking"))
	case words != "":
		p.pad.Close(words)
		p.tick.Set(p.env.Later(again, p.tell))
	case !v.Until.IsZero():
		p.pad.Open()
	case v.Wrong:
		p.pad.SetProblem(p.env.wrongPIN(v))
	default:
		p.pad.Open()
	}
}

// wrongPIN says that it was not the PIN.
func (e Env) wrongPIN(v kiosk.PINEntry) string {
	if v.Left > 0 {
		return e.count("pin.left", v.Left)
	}
	return e.say("pin.wrong")
}

// countFrom is from when on a wait is told in seconds.
const countFrom = 90 * time.Second

// waitWords says to wait until a time, and after how long it would say
// something else; "" when there is nothing to wait for.
func (e Env) waitWords(until time.Time) (string, time.Duration) {
	left := until.Sub(e.Now())
	switch {
	case until.IsZero() || left <= 0:
		return "", 0
	case left > countFrom:
		return e.sayWith("pin.locked_until", assets.Values{"Time": assets.ClockTime(string(e.Lang), until)}), left - countFrom
	}
	whole := (left + time.Second - 1).Truncate(time.Second)
	return e.count("pin.locked", int(whole/time.Second)), left - (whole - time.Second)
}

// Pad is the pad itself.
func (p *pinPage) Pad() *widgets.PINPad { return p.pad }

// Focus implements Focuser.
func (p *pinPage) Focus() { p.pad.Focus() }

func (p *pinPage) put(s fyne.Size) {
	in := p.frame.putRail(s)
	if p.env.Style.Shape == theme.Tall {
		h := p.frame.putFoot(in)
		widgets.Put(p.pad, in.x, in.y, in.w, in.h-h-p.frame.gap())
		return
	}
	p.pad.Foot = p.env.Style.Button + p.frame.gap()
	widgets.Put(p.pad, in.x, in.y, in.w, in.h)
	p.frame.putFoot(area{in.x, in.y, p.pad.Column(in.w), in.h})
}
