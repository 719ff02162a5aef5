package screens

import (
	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

const (
	fieldQuestion = "question"
	// maxQuestion is more than the keyboard is patient for, in characters.
	maxQuestion = 300
)

// AskWriting takes a question in the visitor's own words.
type AskWriting struct {
	wizardPage
	env   Env
	frame *frame
	title *widgets.Text
	form  *widgets.Form
}

func newAskWriting(e Env) *AskWriting {
	r := &AskWriting{env: e, frame: (&frame{env: e}).back(e.do(kiosk.StepBack{}), nil), title: e.title("ask.write_title")}
	keys := e.keyWords()
	keys.Done = e.say("ask.send")
	r.form = widgets.NewForm(e.Style, string(e.Lang), keys, []widgets.FieldSpec{{
		Name: fieldQuestion, Label: e.say("ask.write_label"), Example: e.say("ask.write_example"), Keys: widgets.KeysText, Max: maxQuestion,
	}}, e.Later, e.Now, e.Commands.Touch)
	r.form.OnSubmit = r.submit
	r.form.OnTyping = func(bool) {
		r.Again()
		if e.Again != nil {
			e.Again()
		}
	}
	r.frame.on(e.button(widgets.Primary, assets.IconChat, "ask.send", r.submit))
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.title, r.form)...)
	r.close = r.form.Stop
	r.form.SetTyping(true) // nothing else is to be done here
	return r
}

// Form is the form itself.
func (r *AskWriting) Form() *widgets.Form { return r.form }

// Spread implements Spreader.
func (r *AskWriting) Spread() bool { return r.form.Typing() && r.env.Style.Shape == theme.Compact }

// Focus implements Focuser.
func (r *AskWriting) Focus() {
	if r.form.Typing() {
		r.form.Focus()
	}
}

// Draft implements Drafter.
func (r *AskWriting) Draft() any { return r.form.Value(fieldQuestion) }

// Restore implements Drafter.
func (r *AskWriting) Restore(draft any) {
	if q, ok := draft.(string); ok {
		r.form.Field(fieldQuestion).SetText(q)
	}
}

func (r *AskWriting) submit() {
	q := r.form.Value(fieldQuestion)
	if q == "" {
		r.form.Field(fieldQuestion).SetProblem(r.env.say("ask.write_empty"))
		r.form.ShowProblems()
		return
	}
	r.env.Commands.Do(kiosk.AskQuestion{Text: q})
}

func (r *AskWriting) put(s fyne.Size) {
	if s.Width <= 0 {
		return
	}
	typing := r.form.Typing()
	for _, b := range r.frame.buttons() {
		setShown(b, !typing || r.env.Style.Shape != theme.Compact)
	}
	setShown(r.title, !r.Spread())
	if r.Spread() {
		widgets.Put(r.form, 0, 0, s.Width, s.Height)
		return
	}
	in := r.frame.put(s)
	h := r.title.HeightFor(in.w)
	widgets.Put(r.form, in.x, in.y+h+r.frame.gap(), in.w, in.h-h-r.frame.gap())
	widgets.Put(r.title, in.x, in.y+r.form.Top(), in.w, h)
}
