package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// Coach is the one instruction that would help most right now.
type Coach string

// The instructions.
const (
	CoachStart     Coach = "start" // nobody is before the camera
	CoachCloser    Coach = "closer"
	CoachFarther   Coach = "farther"
	CoachCentre    Coach = "centre"
	CoachLight     Coach = "more_light"
	CoachOnePerson Coach = "one_person"
	CoachLookAhead Coach = "look_ahead"
	CoachHoldStill Coach = "hold_still"
	CoachTurn      Coach = "turn"
	CoachTurnLeft  Coach = "turn_left" // the person's own left, as is right
	CoachTurnRight Coach = "turn_right"
	CoachBlink     Coach = "blink"
	CoachDone      Coach = "done"
)

// CoachOf is the instruction that says the same as a hint of the pipeline.
func CoachOf(g domain.Guide) Coach {
	switch g {
	case domain.GuideReading:
		return CoachHoldStill
	case domain.GuideCloser, domain.GuideFarther, domain.GuideCentre, domain.GuideLight, domain.GuideOnePerson,
		domain.GuideLookAhead, domain.GuideHoldStill, domain.GuideTurn, domain.GuideTurnLeft, domain.GuideTurnRight,
		domain.GuideBlink, domain.GuideDone:
		return Coach(g)
	}
	return CoachStart
}

// coach is the instruction in words, with its icon. One that is not known is
// the first.
func (e Env) coach(c Coach) (assets.Icon, string) {
	icon, ok := map[Coach]assets.Icon{
		CoachStart: assets.IconFace, CoachCloser: assets.IconCloser, CoachFarther: assets.IconPerson,
		CoachCentre: assets.IconCentre, CoachLight: assets.IconLight, CoachOnePerson: assets.IconPeople,
		CoachLookAhead: assets.IconLook, CoachHoldStill: assets.IconStill, CoachTurn: assets.IconTurn,
		CoachTurnLeft: assets.IconTurnLeft, CoachTurnRight: assets.IconTurnRight, CoachBlink: assets.IconEye, CoachDone: assets.IconCheck,
	}[c]
	if !ok {
		icon, c = assets.IconFace, CoachStart
	}
	return icon, e.say("capture." + string(c))
}

// Capture is what RegisterCapture and ValidateLook show.
type Capture struct {
	Coach    Coach
	Progress float64 // 0..1
	Again    bool    // it had to begin again
}

// CaptureOf is what there is to show of a reading.
func CaptureOf(p kiosk.FaceProgress) Capture {
	return Capture{Coach: CoachOf(p.Guide), Progress: p.Done, Again: p.Again > 0}
}

// CaptureActions is what comes of RegisterCapture.
type CaptureActions struct{ Skip, Back, Cancel func() }

// RegisterCapture guides somebody through the capture of their face: the
// picture in a ring that fills, and one instruction.
type RegisterCapture struct{ *captureView }

// NewRegisterCapture makes the page.
func NewRegisterCapture(e Env, v Capture, on CaptureActions) *RegisterCapture {
	f := newFrame(e, StepFace).back(on.Back, on.Cancel)
	f.right = []*widgets.Button{e.button(widgets.Secondary, assets.IconUserOff, "capture.skip", doing(on.Skip))}
	return &RegisterCapture{newCaptureView(e, f, v, captureWords{"capture.title", "capture.start", "capture.next"})}
}

// captureView is a ring around the picture with an instruction beside it.
type captureView struct {
	wizardPage
	env   Env
	frame *frame
	ring  *widgets.CaptureRing
	title *widgets.Text // what this is
	word  *widgets.Text // the instruction
	note  *widgets.Text
	icon  *fyne.Container
	words captureWords
	shown Capture
}

// captureWords are the keys of what a capture says beside its instructions.
type captureWords struct{ title, start, note string }

func newCaptureView(e Env, f *frame, v Capture, w captureWords) *captureView {
	st := e.Style
	c := &captureView{
		env: e, frame: f, words: w, ring: widgets.NewCaptureRing(st, e.Live),
		title: widgets.NewText(e.say(w.title), st.Label, st.Muted, true),
		word:  widgets.NewText("", st.Greeting, st.Ink, true),
		note:  widgets.NewText(e.say(w.note), st.Label, st.Muted, false),
		icon:  &fyne.Container{},
	}
	c.word.MaxLines = 4
	c.live, c.close = true, c.ring.Close
	c.Flow = widgets.NewFlow(c.put, nil, append(f.objects(), c.ring.Object(), c.title, c.icon, c.word, c.note)...)
	c.Show(v)
	return c
}

// Show brings the values on the screen.
func (c *captureView) Show(v Capture) {
	if v.Coach == CoachDone {
		c.ring.SetDone()
	} else {
		c.ring.SetProgress(v.Progress)
	}
	before := c.shown
	c.shown = v
	if v.Coach == before.Coach && v.Again == before.Again {
		return
	}
	note := c.words.note
	if v.Again {
		note = "capture.again"
	}
	c.note.SetContent(c.env.say(note))
	icon, words := c.env.coach(v.Coach)
	if icon == assets.IconFace {
		words = c.env.say(c.words.start)
	}
	colour := c.env.Style.Brand
	if v.Coach == CoachDone {
		colour = c.env.Style.OK
	}
	for _, b := range c.frame.right {
		setShown(b, v.Coach != CoachDone) // there is no other way to go any more
	}
	c.icon.Objects = []fyne.CanvasObject{widgets.NewIcon(icon, colour, c.iconSide())}
	c.word.SetContent(words)
	c.Again()
	c.icon.Refresh()
}

func (c *captureView) iconSide() float32 {
	if c.env.Style.Shape == theme.Compact {
		return 2 * c.env.Style.Icon
	}
	return 3 * c.env.Style.Icon
}

func (c *captureView) put(s fyne.Size) {
	in := c.frame.put(s)
	st := c.env.Style
	x, y, w := in.x, in.y, in.w
	h := in.h
	if st.Shape == theme.Tall {
		side := min(in.w, in.h*0.62)
		widgets.Put(c.ring.Object(), in.x+(in.w-side)/2, in.y, side, side)
		y, h = in.y+side+st.Gap, in.h-side-st.Gap
	} else {
		side := min(in.h, in.w/2)
		widgets.Put(c.ring.Object(), in.x, in.y+(in.h-side)/2, side, side)
		x += side + st.Pad
		w -= side + st.Pad
	}
	icon := c.iconSide()
	th, wh, nh := c.title.HeightFor(w), c.word.HeightFor(w), c.note.HeightFor(w)
	gap := c.frame.gap()
	all := th + gap + icon + gap + wh + gap + nh
	beside := all > h // the sign goes beside the instruction
	if beside {
		wh = max(icon, c.word.HeightFor(w-icon-gap))
		all = th + gap + wh + gap + nh
	}
	setShown(c.note, all <= h && c.shown.Coach != CoachDone)
	if all > h {
		all -= nh + gap
	}
	y += max(0, (h-all)/2)
	widgets.Put(c.title, x, y, w, th)
	y += th + gap
	if beside {
		c.putIcon(x, y+(wh-icon)/2, icon)
		own := c.word.HeightFor(w - icon - gap)
		widgets.Put(c.word, x+icon+gap, y+(wh-own)/2, w-icon-gap, own)
	} else {
		c.putIcon(x-icon/8, y, icon)
		y += icon + gap
		widgets.Put(c.word, x, y, w, wh)
	}
	y += wh + gap
	widgets.Put(c.note, x, y, w, nh)
}

func (c *captureView) putIcon(x, y, side float32) {
	widgets.Put(c.icon, x, y, side, side)
	for _, o := range c.icon.Objects {
		widgets.Put(o, 0, 0, side, side)
	}
}
