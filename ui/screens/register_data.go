package screens

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// DataActions is what comes of RegisterData.
type DataActions struct {
	Submit       func(kiosk.PersonData) // checked: clean, in the domain's forms
	Back, Cancel func()
}

// RegisterData asks for name, document and contact. It checks them by the
// domain's rules and says what to mend beside each field.
type RegisterData struct {
	wizardPage
	env   Env
	frame *frame
	title *widgets.Text
	form  *widgets.Form
	on    DataActions
}

const (
	fieldName     = "name"
	fieldDocument = "document"
	fieldContact  = "contact"
)

// NewRegisterData makes the page with what was written before.
func NewRegisterData(e Env, v kiosk.PersonData, on DataActions) *RegisterData {
	r := &RegisterData{env: e, on: on, frame: newFrame(e, StepData).back(on.Back, on.Cancel), title: e.title("register_data.title")}
	spec := func(name string, k widgets.Keys, most int) widgets.FieldSpec {
		return widgets.FieldSpec{
			Name: name, Keys: k, Max: most,
			Label: e.say("register_data." + name), Example: e.say("register_data." + name + "_example"),
		}
	}
	// What is written in a document number beside its letters and digits is
	// left out later.
	keys := e.keyWords()
	keys.Done = e.say("register.continue") // that is what it does here
	r.form = widgets.NewForm(e.Style, string(e.Lang), keys, []widgets.FieldSpec{
		spec(fieldName, widgets.KeysName, domain.MaxNameRunes),
		spec(fieldDocument, widgets.KeysDocument, 2*domain.MaxDocumentRunes),
		spec(fieldContact, widgets.KeysEmail, domain.MaxContactRunes),
	}, e.Later, e.Now, e.Commands.Touch)
	r.form.Field(fieldName).SetText(v.Name)
	r.form.Field(fieldDocument).SetText(v.Document)
	r.form.Field(fieldContact).SetText(v.Contact)
	r.form.OnSubmit = r.submit
	r.form.OnTyping = func(bool) {
		r.Again()
		if e.Again != nil {
			e.Again()
		}
	}
	r.frame.right = []*widgets.Button{e.button(widgets.Primary, "", "register.continue", r.submit)}
	r.Flow = widgets.NewFlow(r.put, nil, append(r.frame.objects(), r.title, r.form)...)
	r.close = r.form.Stop
	if v == (kiosk.PersonData{}) {
		r.form.SetTyping(true) // nothing else is to be done here
	}
	return r
}

// Written is what stands in the fields now.
func (r *RegisterData) Written() kiosk.PersonData {
	return kiosk.PersonData{
		Name: r.form.Value(fieldName), Document: r.form.Value(fieldDocument), Contact: r.form.Value(fieldContact),
	}
}

// Form is the form itself.
func (r *RegisterData) Form() *widgets.Form { return r.form }

// Spread implements Spreader.
func (r *RegisterData) Spread() bool {
	return r.form.Typing() && r.env.Style.Shape == theme.Compact
}

// Focus implements Focuser.
func (r *RegisterData) Focus() {
	if r.form.Typing() {
		r.form.Focus()
	}
}

// dataDraft is what is written and not sent yet.
type dataDraft struct {
	data   kiosk.PersonData
	wrong  []string // fields that an error stands beside
	active int
	typing bool
}

// Draft implements Drafter.
func (r *RegisterData) Draft() any {
	d := dataDraft{data: r.Written(), active: r.form.Active(), typing: r.form.Typing()}
	for _, name := range []string{fieldName, fieldDocument, fieldContact} {
		if r.form.Field(name).Problem() != "" {
			d.wrong = append(d.wrong, name)
		}
	}
	return d
}

// Restore implements Drafter.
func (r *RegisterData) Restore(draft any) {
	d, ok := draft.(dataDraft)
	if !ok {
		return
	}
	r.form.Field(fieldName).SetText(d.data.Name)
	r.form.Field(fieldDocument).SetText(d.data.Document)
	r.form.Field(fieldContact).SetText(d.data.Contact)
	_, problems := checkData(d.data)
	for _, name := range d.wrong {
		if key := problems[name]; key != "" {
			r.form.Field(name).SetProblem(r.env.say(key)) // in the language at hand
		}
	}
	r.form.Activate(d.active)
	r.form.SetTyping(d.typing)
}

func (r *RegisterData) submit() {
	clean, problems := checkData(r.Written())
	for name, key := range problems {
		r.form.Field(name).SetProblem(r.env.say(key))
	}
	if r.form.ShowProblems() {
		return
	}
	if r.on.Submit != nil {
		r.on.Submit(clean)
	}
}

// checkData gives the data in the domain's forms, and for each field that is
// not right the key of what to say.
func checkData(d kiosk.PersonData) (kiosk.PersonData, map[string]string) {
	problems := make(map[string]string)
	note := func(field, key string) { problems[field] = "field." + key }

	name, err := domain.CleanName(d.Name)
	switch {
	case strings.TrimSpace(d.Name) == "":
		note(fieldName, "name_empty")
	case err != nil || !looksLikeName(name):
		note(fieldName, "name_bad")
	}
	document, err := domain.CleanDocument(d.Document)
	switch {
	case strings.TrimSpace(d.Document) == "":
		note(fieldDocument, "document_empty")
	case err != nil && strings.Trim(strings.ToUpper(d.Document), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-/ ") != "":
		note(fieldDocument, "document_bad")
	case err != nil:
		note(fieldDocument, "document_short")
	}
	contact, err := domain.CleanContact(d.Contact)
	switch {
	case strings.TrimSpace(d.Contact) == "":
		note(fieldContact, "contact_empty")
	case err != nil && strings.Trim(d.Contact, "0123456789+-.() ") != "":
		note(fieldContact, "contact_email")
	case err != nil:
		note(fieldContact, "contact_phone")
	}
	return kiosk.PersonData{Name: name, Document: document, Contact: contact}, problems
}

// looksLikeName tells that there is a letter in it, and no digit.
func looksLikeName(s string) bool {
	return !strings.ContainsAny(s, "0123456789@") && strings.ContainsFunc(s, unicode.IsLetter)
}

func (r *RegisterData) put(s fyne.Size) {
	typing := r.form.Typing()
	for _, b := range r.frame.buttons() {
		setShown(b, !typing)
	}
	if r.Spread() {
		r.frame.rail.Object().Hide()
		r.title.Hide()
		widgets.Put(r.form, 0, 0, s.Width, s.Height)
		return
	}
	if typing {
		r.putForm(r.frame.putRail(s), r.env.Style.Shape == theme.Tall)
		return
	}
	r.putForm(r.frame.put(s), r.env.Style.Shape != theme.Compact)
}

// putForm puts the form in a, with the title above it where there is room; the
// rail has said the same.
func (r *RegisterData) putForm(a area, titled bool) {
	setShown(r.title, titled)
	if !titled {
		widgets.Put(r.form, a.x, a.y, a.w, a.h)
		return
	}
	h, gap := r.title.HeightFor(a.w), r.frame.gap()
	widgets.Put(r.form, a.x, a.y+h+gap, a.w, a.h-h-gap)
	widgets.Put(r.title, a.x, a.y+r.form.Top(), a.w, h)
}

func setShown(o fyne.CanvasObject, on bool) {
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
