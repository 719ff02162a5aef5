package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/widgets"
)

// Question is what RegisterConsent asks: one purpose, by itself.
type Question struct {
	Text    assets.ConsentText
	Purpose domain.Purpose
	Answer  kiosk.Answer // as it was given before
	N, Of   int          // which question of how many
}

// ConsentActions is what comes of RegisterConsent.
type ConsentActions struct {
	Answer             func(kiosk.AnswerConsent) // a touch on either
	Continue           func()                    // with an answer
	Read, Back, Cancel func()
}

// RegisterConsent asks one question of consent.
type RegisterConsent struct {
	wizardPage
	env      Env
	frame    *frame
	at       *widgets.Text
	question *widgets.ConsentQuestion
	v        Question
	on       ConsentActions
}

// NewRegisterConsent makes the page.
func NewRegisterConsent(e Env, v Question, on ConsentActions) *RegisterConsent {
	q := v.Text.Data
	if v.Purpose == domain.PurposeFace {
		q = v.Text.Face
	}
	lang := string(e.Lang)
	r := &RegisterConsent{
		env: e, v: v, on: on, frame: newFrame(e, StepConsent).back(on.Back, on.Cancel),
		at: widgets.NewText(e.sayWith("register_consent.question", assets.Values{
			"N": assets.Number(lang, v.N), "Total": assets.Number(lang, v.Of),
		}), e.Style.Label, e.Style.Muted, true),
		question: widgets.NewConsentQuestion(e.Style, widgets.ConsentWords{
			Question: q.Question, Text: q.Text, Refused: q.Refused, Accept: v.Text.Accept, Refuse: v.Text.Refuse,
		}, marks[v.Answer], e.Commands.Touch),
	}
	r.question.OnAnswer = func(a widgets.Answer) {
		answer := kiosk.Refused
		if a == widgets.Yes {
			answer = kiosk.Granted
		}
		if on.Answer != nil {
			on.Answer(kiosk.AnswerConsent{Purpose: v.Purpose, Answer: answer})
		}
	}
	r.frame.right = []*widgets.Button{e.button(widgets.Primary, "", "register.continue", r.proceed)}
	if on.Read != nil {
		read := e.button(widgets.Quiet, assets.IconBook, "register_consent.read", on.Read)
		r.frame.right = append([]*widgets.Button{read}, r.frame.right...)
	}
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.at, r.question.Object())...)
	return r
}

// Answer is what is answered now.
func (r *RegisterConsent) Answer() widgets.Answer { return r.question.Answer() }

func (r *RegisterConsent) proceed() {
	if r.question.Answer() == widgets.Unanswered {
		r.question.SetProblem(r.env.say("register_consent.choose"))
		return
	}
	doing(r.on.Continue)()
}

// Show marks the answer as it is known now: it is the machine's, and may be
// asked for again.
func (r *RegisterConsent) Show(a kiosk.Answer) {
	if marked := marks[a]; marked != r.question.Answer() {
		r.question.SetAnswer(marked)
	}
}

// marks are the answers as the question shows them.
var marks = map[kiosk.Answer]widgets.Answer{kiosk.Granted: widgets.Yes, kiosk.Refused: widgets.No}

func (r *RegisterConsent) put(s fyne.Size) {
	in := r.frame.put(s)
	h := r.at.HeightFor(in.w)
	if in.h < 4*r.env.Style.Button {
		r.at.Hide() // the screen is small, and the question says what it asks
		h = -r.frame.gap()
	}
	widgets.Put(r.at, in.x, in.y, in.w, max(0, h))
	h += r.frame.gap()
	widgets.Put(r.question.Object(), in.x, in.y+h, in.w, in.h-h)
}
