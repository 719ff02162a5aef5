package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// newAsk makes the page of a conversation that a view is at.
func newAsk(e Env, v kiosk.View) Body {
	if v.Ask == nil {
		return newAttract(e, v)
	}
	a := *v.Ask
	switch a.Step {
	case kiosk.AskTopics:
		return newAskTopics(e, a)
	case kiosk.AskWriting:
		return newAskWriting(e)
	case kiosk.AskFailed:
		f := (&frame{env: e}).back(e.do(kiosk.StepBack{}), nil).on(
			e.button(widgets.Primary, assets.IconPerson, "ask.retry", e.do(kiosk.TalkToPerson{})))
		return newMessage(e, f, assets.IconWarn, e.Style.Warn, messageWords{title: e.say("ask.failed"), text: e.say("ask.failed_next")})
	case kiosk.AskPerson:
		return newAskPerson(e, a)
	}
	if a.Turn == nil {
		return newAskTopics(e, a)
	}
	if a.Step == kiosk.AskAnswer && a.Turn.Answer != nil {
		return newAskAnswer(e, a)
	}
	return newAskSuggest(e, a)
}

// newAskPerson says what happens next.
func newAskPerson(e Env, a kiosk.Ask) Body {
	f := &frame{env: e, left: []*widgets.Button{e.button(widgets.Secondary, assets.IconChat, "ask.go_on", e.do(kiosk.StepBack{}))}}
	f.on(e.button(widgets.Primary, "", "ask.finish", e.do(kiosk.Finish{})))
	w := messageWords{title: e.say("ask.called")}
	if a.Turn != nil {
		w.text = a.Turn.Say
		if a.Turn.Ref != "" {
			w.small = e.sayWith("ask.reference", assets.Values{"Ref": a.Turn.Ref})
		}
	}
	return newMessage(e, f, assets.IconPerson, e.Style.Brand, w)
}

// askTopics offers what may be asked: the categories, or the topics of one.
type askTopics struct {
	wizardPage
	frame *frame
	title *widgets.Text
	grid  *widgets.ButtonGrid
}

func newAskTopics(e Env, a kiosk.Ask) *askTopics {
	r := &askTopics{frame: (&frame{env: e}).back(e.do(kiosk.StepBack{}), nil)}
	r.frame.on(
		e.button(widgets.Secondary, assets.IconPerson, "ask.person", e.do(kiosk.TalkToPerson{})),
		e.button(widgets.Primary, assets.IconWrite, "ask.write", e.do(kiosk.WriteQuestion{})))
	var groups []kiosk.AskGroup
	if a.Groups != nil {
		groups = a.Groups.List
	}
	title, columns := e.say("ask.title"), map[theme.Shape]int{theme.Wide: 3, theme.Compact: 4, theme.Tall: 2}
	var buttons []*widgets.Button
	for _, g := range groups {
		if a.Open == "" {
			b := e.button(widgets.Secondary, "", "ask_category."+g.ID, e.do(kiosk.AskCategory{ID: g.ID}))
			buttons = append(buttons, b)
			continue
		}
		if g.ID != a.Open {
			continue
		}
		title, columns = e.say("ask_category."+g.ID), map[theme.Shape]int{theme.Wide: 2, theme.Compact: 2, theme.Tall: 1}
		for _, c := range g.Topics {
			buttons = append(buttons, e.chip(c))
		}
	}
	r.title = widgets.NewText(title, e.Style.Title, e.Style.Ink, true)
	more := e.button(widgets.Quiet, assets.IconArrow, "ask.more", nil)
	r.grid = widgets.NewButtonGrid(e.Style, columns[e.Style.Shape], more, buttons...)
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.title, r.grid.Object())...)
	return r
}

// chip is a topic to touch.
func (e Env) chip(c kiosk.AskChip) *widgets.Button {
	return e.buttonWith(widgets.Secondary, "", c.Title, e.do(kiosk.AskTopic{ID: c.ID}))
}

func (r *askTopics) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	in := r.frame.putApart(s)
	h, gap := r.title.HeightFor(in.w), r.frame.gap()
	widgets.Put(r.title, in.x, in.y, in.w, h)
	widgets.Put(r.grid.Object(), in.x, in.y+h+gap, in.w, in.h-h-gap)
}

// Draft implements Drafter: which page of the topics.
func (r *askTopics) Draft() any { return r.grid.Page() }

// Restore implements Drafter.
func (r *askTopics) Restore(draft any) {
	if page, ok := draft.(int); ok {
		r.grid.Turn(page)
	}
}
