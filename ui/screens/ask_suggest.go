package screens

import (
	"strings"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// askSuggest says something short, over topics that may be meant: suggestions, a
// greeting, or that nothing was understood.
type askSuggest struct {
	wizardPage
	frame    *frame
	voice    askVoice
	question *widgets.Text // nil where nothing was asked
	ground   fyne.CanvasObject
	sign     fyne.CanvasObject
	say      *widgets.Text
	chips    []*widgets.Button
}

func newAskSuggest(e Env, a kiosk.Ask) *askSuggest {
	st, t := e.Style, a.Turn
	words, icon, on := t.Say, assets.IconChat, "ask.another"
	if words == "" {
		words = e.say("ask.none")
	}
	if t.Lost || t.Step == kiosk.AskSuggest {
		icon, on = assets.IconHelp, "ask.otherwise"
	}
	r := &askSuggest{
		frame: (&frame{env: e}).back(e.do(kiosk.StepBack{}), nil), voice: newAskVoice(e, a.Voice),
		ground: widgets.NewCard(st), sign: widgets.NewIcon(icon, st.Brand, 2*st.Icon),
		say: widgets.NewText(words, st.Title, st.Ink, true),
	}
	if len(t.Chips) == 0 && st.Shape == theme.Compact {
		r.say = widgets.NewText(words, st.Body, st.Ink, true)
	}
	r.frame.on(
		e.button(widgets.Secondary, assets.IconPerson, "ask.person", e.do(kiosk.TalkToPerson{})),
		e.button(widgets.Primary, assets.IconWrite, on, e.do(kiosk.WriteQuestion{})))
	objs := append(r.frame.objects(), r.ground, r.sign, r.say)
	if a.Question != "" {
		r.question = e.question(a.Question)
		objs = append(objs, r.question)
	}
	for _, c := range t.Chips {
		b := e.chip(c)
		r.chips = append(r.chips, b)
		objs = append(objs, b)
	}
	r.Flow = widgets.NewFlow(r.put, nil, append(objs, r.voice.objects()...)...)
	r.update = func(v kiosk.View) {
		if v.Ask != nil && r.voice.set(v.Ask.Voice) {
			r.Again()
		}
	}
	return r
}

// question is what the visitor asked, large.
func (e Env) question(words string) *widgets.Text {
	t := widgets.NewText(shorten(words, maxShown), e.Style.Title, e.Style.Brand, true)
	t.MaxLines, t.Least = 2, 16
	return t
}

// maxShown is how much of a long question stands over its answer, in characters.
const maxShown = 90

// shorten leaves whole words of what is too long.
func shorten(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= most {
		return string(r)
	}
	head := string(r[:most])
	if i := strings.LastIndexByte(head, ' '); i > most/2 {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,.;:") + "..."
}

// putApart places the frame in s and gives what is left, far enough from its
// buttons for buttons.
func (f *frame) putApart(s fyne.Size) area {
	in := f.put(s)
	in.h -= max(0, f.env.Style.Gap-f.gap())
	return in
}

// Spread implements Spreader: on a small screen the topics have all the room.
func (r *askSuggest) Spread() bool {
	return r.frame.env.Style.Shape == theme.Compact && len(r.chips) > 0
}

func (r *askSuggest) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	r.frame.left = append(r.frame.left[:1], r.voice.shown()...)
	in := r.frame.putApart(s)
	st, gap := r.frame.env.Style, r.frame.gap()
	if r.question != nil {
		h := r.question.HeightFor(in.w)
		widgets.Put(r.question, in.x, in.y, in.w, h)
		in.y, in.h = in.y+h+gap, in.h-h-gap
	}
	widgets.Put(r.ground, in.x, in.y, in.w, in.h)
	pad, side := st.Pad, 2*st.Icon
	x, y, room := in.x+pad, in.y+pad, in.w-2*pad
	h := max(side, r.say.HeightFor(room-side-gap))
	n := float32(len(r.chips))
	all := h
	if n > 0 {
		all += gap + n*(st.Button+st.Gap) - st.Gap
	}
	if n == 0 {
		y = in.y + max(pad, (in.h-all)/2)
	}
	sh := r.say.HeightFor(room - side - gap)
	widgets.Put(r.sign, x, y+(h-side)/2, side, side)
	widgets.Put(r.say, x+side+gap, y+(h-sh)/2, room-side-gap, sh)
	y += h + gap
	// As few columns as there is room for: one line each reads best.
	left, columns, each := in.y+in.h-pad-y, 1, st.Button
	for ; columns < len(r.chips); columns++ {
		rows := float32((len(r.chips) + columns - 1) / columns)
		if each = min(st.Button, (left+st.Gap)/rows-st.Gap); each >= st.Target {
			break
		}
		each = st.Button
	}
	w := (room - float32(columns-1)*st.Gap) / float32(columns)
	for i, b := range r.chips {
		widgets.Put(b, x+float32(i%columns)*(w+st.Gap), y+float32(i/columns)*(each+st.Gap), w, each)
	}
}

// askVoice is the button by which what stands here is spoken, or no more.
type askVoice struct {
	listen, quiet *widgets.Button // nil where the kiosk is silent
	state         kiosk.Voice
}

func newAskVoice(e Env, v kiosk.Voice) askVoice {
	if v == kiosk.VoiceNone {
		return askVoice{}
	}
	a := askVoice{
		listen: e.button(widgets.Quiet, assets.IconSpeak, "ask.listen", e.do(kiosk.SpeakAnswer{})),
		quiet:  e.button(widgets.Quiet, assets.IconSilence, "ask.quiet", e.do(kiosk.StopSpeaking{})),
	}
	a.set(v)
	return a
}

// set shows the button for a state of the voice, and tells whether that is
// another one.
func (a *askVoice) set(v kiosk.Voice) bool {
	if a.listen == nil || v == a.state {
		return false
	}
	a.state = v
	setShown(a.listen, v != kiosk.VoiceSpeaking)
	setShown(a.quiet, v == kiosk.VoiceSpeaking)
	return true
}

func (a *askVoice) shown() []*widgets.Button {
	switch {
	case a.listen == nil:
		return nil
	case a.state == kiosk.VoiceSpeaking:
		return []*widgets.Button{a.quiet}
	}
	return []*widgets.Button{a.listen}
}

func (a *askVoice) objects() []fyne.CanvasObject {
	if a.listen == nil {
		return nil
	}
	return []fyne.CanvasObject{a.listen, a.quiet}
}
