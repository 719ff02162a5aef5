package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// AskAnswer is an answer: the question large on top, the answer in a card with
// whether it helped, and what else may be asked.
type AskAnswer struct {
	wizardPage
	env      Env
	frame    *frame
	voice    askVoice
	question *widgets.Text
	ground   fyne.CanvasObject
	reading  *widgets.Reading
	next     *widgets.Button // to the next page
	first    *widgets.Button // and to the first again
	useful   *widgets.Text
	thanks   *widgets.Text
	yes, no  *widgets.Button
	chips    []*widgets.Button
	rating   kiosk.Rating
	rates    bool
}

func newAskAnswer(e Env, a kiosk.Ask) *AskAnswer {
	st, t := e.Style, a.Turn
	words := a.Question
	if words == "" {
		words = t.Answer.Title
	}
	r := &AskAnswer{
		env: e, frame: (&frame{env: e}).back(e.do(kiosk.StepBack{}), nil), voice: newAskVoice(e, a.Voice),
		question: e.question(words), ground: widgets.NewCard(st), reading: widgets.NewReading(st, passages(*t)),
		useful: widgets.NewText(e.say("ask.useful"), st.Label, st.Ink, true),
		thanks: widgets.NewText(e.say("ask.thanks"), st.Label, st.OK, true),
		yes:    e.button(widgets.Secondary, assets.IconThumbUp, "ask.yes", e.do(kiosk.RateAnswer{Liked: true})),
		no:     e.button(widgets.Secondary, assets.IconThumbDown, "ask.no", e.do(kiosk.RateAnswer{Liked: false})),
		rating: a.Rating, rates: t.MayRate,
	}
	r.next = e.button(widgets.Secondary, assets.IconArrow, "ask.read_on", func() { r.turn(r.reading.Page() + 1) })
	r.first = e.button(widgets.Quiet, assets.IconBack, "ask.read_again", func() { r.turn(0) })
	r.frame.on(
		e.button(widgets.Secondary, assets.IconPerson, "ask.person", e.do(kiosk.TalkToPerson{})),
		e.button(widgets.Primary, assets.IconWrite, "ask.another", e.do(kiosk.WriteQuestion{})))
	objs := append(r.frame.objects(), r.question, r.ground, r.reading.Object(), r.next, r.first, r.useful, r.thanks, r.yes, r.no)
	for _, c := range t.Chips {
		b := e.chip(c)
		r.chips = append(r.chips, b)
		objs = append(objs, b)
	}
	r.Flow = widgets.NewFlow(r.put, nil, append(objs, r.voice.objects()...)...)
	r.update = func(v kiosk.View) {
		if v.Ask == nil {
			return
		}
		changed := r.voice.set(v.Ask.Voice) || v.Ask.Rating != r.rating
		r.rating = v.Ask.Rating
		if changed {
			r.Again()
		}
	}
	return r
}

// passages are a turn as it is read.
func passages(t kiosk.AskTurn) (out []widgets.Passage) {
	add := func(p widgets.Passage) {
		if p.Text != "" {
			out = append(out, p)
		}
	}
	add(widgets.Passage{Text: t.Say})
	add(widgets.Passage{Text: t.Answer.First, First: true})
	for _, b := range t.Answer.Blocks {
		add(widgets.Passage{Text: b.Text})
		for i, s := range b.Steps {
			add(widgets.Passage{Text: s, Step: i + 1})
		}
	}
	return out
}

// Spread implements Spreader: on a small screen the answer has all the room.
func (r *AskAnswer) Spread() bool { return r.env.Style.Shape == theme.Compact }

func (r *AskAnswer) turn(to int) {
	r.reading.Turn(to)
	r.Again()
}

// Pages is on how many pages the answer stands, and Page which is shown.
func (r *AskAnswer) Pages() int { return r.reading.Pages() }

// Page is the page that is shown, from 0.
func (r *AskAnswer) Page() int { return r.reading.Page() }

// Draft implements Drafter: the page that is read.
func (r *AskAnswer) Draft() any { return r.reading.Page() }

// Restore implements Drafter.
func (r *AskAnswer) Restore(draft any) {
	if page, ok := draft.(int); ok {
		r.Again() // it has its pages once it has a size
		r.turn(page)
	}
}

func (r *AskAnswer) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	r.frame.left = append(r.frame.left[:1], r.voice.shown()...)
	in := r.frame.putApart(s)
	gap := r.frame.gap()
	h := r.question.HeightFor(in.w)
	widgets.Put(r.question, in.x, in.y, in.w, h)
	in.y, in.h = in.y+h+gap, in.h-h-gap
	if r.env.Style.Shape == theme.Compact {
		r.putCompact(in)
		return
	}
	n, st := float32(len(r.chips)), r.env.Style
	below := float32(0)
	switch {
	case n == 0:
	case st.Shape == theme.Tall:
		below = n * (st.Button + st.Gap)
		for i, b := range r.chips {
			b.Show()
			widgets.Put(b, in.x, in.y+in.h-below+st.Gap+float32(i)*(st.Button+st.Gap), in.w, st.Button)
		}
	default:
		below = st.Button + st.Gap
		w := (in.w - (n-1)*st.Gap) / n
		for i, b := range r.chips {
			b.Show()
			widgets.Put(b, in.x+float32(i)*(w+st.Gap), in.y+in.h-st.Button, w, st.Button)
		}
	}
	r.putCard(area{in.x, in.y, in.w, in.h - below})
}

// putCard puts the answer with whether it helped: beside it, or below it on a
// tall screen.
func (r *AskAnswer) putCard(a area) {
	st := r.env.Style
	widgets.Put(r.ground, a.x, a.y, a.w, a.h)
	in := area{a.x + st.Pad, a.y + st.Pad, a.w - 2*st.Pad, a.h - 2*st.Pad}
	if st.Shape == theme.Tall {
		row := area{in.x, in.y + in.h - st.Button, in.w, st.Button}
		widgets.Put(r.reading.Object(), in.x, in.y, in.w, in.h-st.Button-st.Gap)
		r.putRow(row)
		return
	}
	side := max(3.75*st.Target, r.next.LeastWidth(), r.first.LeastWidth())
	widgets.Put(r.reading.Object(), in.x, in.y, in.w-side-st.Pad, in.h)
	r.putColumn(area{in.x + in.w - side, in.y, side, in.h}, false)
}

// last tells that the last page of the answer is shown.
func (r *AskAnswer) last() bool { return r.reading.Page() == r.reading.Pages()-1 }

// showParts shows what goes with the page at hand: the way on, or whether it
// helped.
func (r *AskAnswer) showParts() {
	last := r.last()
	setShown(r.next, !last)
	setShown(r.first, last && r.reading.Pages() > 1)
	open := last && r.rates && r.rating == kiosk.Unrated
	setShown(r.useful, open)
	setShown(r.yes, open)
	setShown(r.no, open)
	setShown(r.thanks, last && r.rating == kiosk.Liked)
}

// putRow puts them side by side.
func (r *AskAnswer) putRow(a area) {
	r.showParts()
	st := r.env.Style
	x := a.x + a.w
	put := func(b *widgets.Button, w float32) {
		x -= w
		widgets.Put(b, x, a.y, w, st.Button)
		x -= st.Gap
	}
	if !r.last() {
		put(r.next, max(r.next.WidthFor(), 3*st.Target))
		return
	}
	if r.no.Visible() {
		put(r.no, 2*st.Target)
		put(r.yes, 2*st.Target)
	}
	if r.first.Visible() {
		put(r.first, r.first.LeastWidth())
	}
	for _, t := range []*widgets.Text{r.useful, r.thanks} {
		h := t.HeightFor(x - a.x)
		widgets.Put(t, a.x, a.y+(st.Button-h)/2, x-a.x, h)
	}
}

// putColumn puts them under one another, and gives where they end; pair has
// both answers in one row.
func (r *AskAnswer) putColumn(a area, pair bool) float32 {
	r.showParts()
	st := r.env.Style
	if !r.last() {
		widgets.Put(r.next, a.x, a.y+a.h-st.Button, a.w, st.Button)
		return a.y + a.h
	}
	y := a.y
	for _, t := range []*widgets.Text{r.useful, r.thanks} {
		if t.Visible() {
			h := t.HeightFor(a.w)
			widgets.Put(t, a.x, y, a.w, h)
			y += h + st.Gap/2
		}
	}
	if r.yes.Visible() {
		if pair {
			w := (a.w - st.Gap) / 2
			widgets.Put(r.yes, a.x, y, w, st.Button)
			widgets.Put(r.no, a.x+w+st.Gap, y, w, st.Button)
			y += st.Button + st.Gap
		} else {
			widgets.Put(r.yes, a.x, y, a.w, st.Button)
			widgets.Put(r.no, a.x, y+st.Button+st.Gap, a.w, st.Button)
			y += 2 * (st.Button + st.Gap)
		}
	}
	if r.first.Visible() {
		if !pair { // at the foot, where the way on was
			widgets.Put(r.first, a.x, a.y+a.h-st.Button, a.w, st.Button)
			return a.y + a.h
		}
		widgets.Put(r.first, a.x, y, a.w, st.Button)
		y += st.Button + st.Gap
	}
	return y
}

// putCompact puts the answer at the left and all else at its right, as many of
// the chips as there is room for.
func (r *AskAnswer) putCompact(a area) {
	st := r.env.Style
	side := float32(256)
	card := area{a.x, a.y, a.w - side - st.Gap, a.h}
	widgets.Put(r.ground, card.x, card.y, card.w, card.h)
	pad := st.Gap
	widgets.Put(r.reading.Object(), card.x+pad, card.y+pad, card.w-2*pad, card.h-2*pad)
	y := r.putColumn(area{a.x + a.w - side, a.y, side, a.h}, true)
	for _, b := range r.chips {
		fits := y+st.Button <= a.y+a.h+0.5
		setShown(b, fits && r.last())
		if fits {
			widgets.Put(b, a.x+a.w-side, y, side, st.Button)
			y += st.Button + st.Gap
		}
	}
}
