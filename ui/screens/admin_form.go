package screens

import (
	"maps"
	"reflect"

	"fyne.io/fyne/v2"

	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

// adminForm is something to fill in, with what its trial gave. What was written
// in it stays until the form itself goes.
type adminForm struct {
	env   Env
	form  kiosk.Form
	again func()
	pick  func(name, label string, options []kiosk.Option, value string)

	title  *widgets.Text
	grid   *widgets.FormGrid
	cancel *widgets.Button
	try    *widgets.Button // nil without a trial
	submit *widgets.Button
	result *adminList // nil without one
	hide   *widgets.Button
	hidden bool // the result gave its place to the form, where there is one place
}

func newAdminForm(e Env, keys theme.Style, f kiosk.Form) *adminForm {
	st := e.Style
	r := &adminForm{env: e, form: f, title: widgets.NewText(e.words(f.Title), st.Title, st.Ink, true)}
	r.title.MaxLines, r.title.Least = 2, 16
	var specs []widgets.GridSpec
	for _, field := range f.Fields {
		specs = append(specs, r.spec(field))
	}
	k := e.keyWords()
	words := widgets.GridWords{
		KeyWords: k, Line: e.ui("line"), Yes: e.ui("yes"), No: e.ui("no"), Before: e.ui("before"), After: e.ui("after"),
	}
	r.grid = widgets.NewFormGrid(st, keys, string(e.Lang), words, specs, e.Later, e.Now, e.Commands.Touch)
	r.grid.OnPick = func(s widgets.GridSpec, value string) {
		for _, field := range r.form.Fields {
			if field.ID == s.Name && r.pick != nil {
				r.pick(field.ID, s.Label, field.Options, value)
			}
		}
	}
	r.grid.OnTyping = func(bool) { call(r.again) }
	for _, field := range f.Fields {
		r.grid.SetValue(field.ID, field.Value)
		r.grid.SetProblem(field.ID, e.words(field.Problem))
	}
	r.cancel = e.button(widgets.Quiet, assets.IconBack, "admin.ui.cancel", e.do(kiosk.StepBack{}))
	words2 := e.words(f.Submit)
	if words2 == "" {
		words2 = e.ui("save")
	}
	r.submit = e.buttonWith(widgets.Primary, assets.IconCheck, words2, r.send)
	if f.Try.Key != "" || f.Try.Plain != "" {
		r.try = e.buttonWith(widgets.Secondary, assets.IconSearch, e.words(f.Try), r.attempt)
	}
	r.hide = e.button(widgets.Secondary, assets.IconBack, "admin.ui.to_form", func() {
		r.hidden = true
		call(r.again)
	})
	r.showResult(f.Result)
	return r
}

// call is f, where there is one.
func call(f func()) {
	if f != nil {
		f()
	}
}

func (r *adminForm) spec(f kiosk.FormField) widgets.GridSpec {
	s := widgets.GridSpec{Name: f.ID, Label: r.env.words(f.Label), Hint: r.env.words(f.Hint), Max: f.Max}
	switch f.Kind {
	case kiosk.FieldLong:
		s.Kind = widgets.GridLong
	case kiosk.FieldNumber:
		s.Kind = widgets.GridNumber
	case kiosk.FieldPIN:
		s.Kind = widgets.GridPIN
	case kiosk.FieldSwitch:
		s.Kind = widgets.GridSwitch
	case kiosk.FieldChoice:
		s.Kind = widgets.GridChoice
		for _, o := range f.Options {
			s.Options = append(s.Options, widgets.Choice{Code: o.Value, Words: r.env.words(o.Label)})
		}
	}
	return s
}

// send hands the form in; secrets do not stay.
func (r *adminForm) send() {
	values := r.grid.Values()
	r.grid.Forget()
	r.env.Commands.Do(kiosk.AdminSubmit{Form: r.form.ID, Values: values})
}

func (r *adminForm) attempt() {
	r.hidden = false
	r.env.Commands.Do(kiosk.AdminTry{Form: r.form.ID, Values: r.grid.Values()})
}

// fits tells whether another form has the same fields, so that what is written
// may stay.
func (r *adminForm) fits(f kiosk.Form) bool {
	if f.ID != r.form.ID || len(f.Fields) != len(r.form.Fields) || !reflect.DeepEqual(f.Title, r.form.Title) ||
		!reflect.DeepEqual(f.Submit, r.form.Submit) || !reflect.DeepEqual(f.Try, r.form.Try) {
		return false
	}
	for i, a := range f.Fields {
		b := r.form.Fields[i]
		if a.ID != b.ID || a.Kind != b.Kind || a.Max != b.Max || !reflect.DeepEqual(a.Options, b.Options) ||
			!reflect.DeepEqual(a.Label, b.Label) || !reflect.DeepEqual(a.Hint, b.Hint) {
			return false
		}
	}
	return true
}

// update takes what the machine says anew: problems, the result of a trial, and
// values that nobody has written over.
func (r *adminForm) update(f kiosk.Form) {
	before := r.form
	r.form = f
	wrong := false
	for i, field := range f.Fields {
		was := before.Fields[i]
		if field.Value != was.Value && r.grid.Value(field.ID) == was.Value {
			r.grid.SetValue(field.ID, field.Value)
		}
		if !reflect.DeepEqual(field.Problem, was.Problem) {
			words := r.env.words(field.Problem)
			r.grid.SetProblem(field.ID, words)
			wrong = wrong || words != ""
		}
	}
	if wrong {
		r.grid.ShowProblem()
	}
	if !reflect.DeepEqual(before.Result, f.Result) {
		r.showResult(f.Result)
	}
}

func (r *adminForm) showResult(t *kiosk.Table) {
	r.result = nil
	if t != nil {
		r.hidden = false
		r.result = newAdminList(r.env, r.env.Style, *t)
		r.result.again = func() { call(r.again) }
	}
}

// formDraft is what is written in a form.
type formDraft struct {
	id     string
	values map[string]string
	active int
	typing bool
}

func (r *adminForm) draft() formDraft {
	d := formDraft{id: r.form.ID, values: r.grid.Values(), active: r.grid.Active(), typing: r.grid.Typing()}
	for _, f := range r.form.Fields {
		if f.Kind == kiosk.FieldPIN {
			delete(d.values, f.ID)
		}
	}
	return d
}

func (r *adminForm) restore(d formDraft) {
	if d.id != r.form.ID {
		return
	}
	for name, v := range maps.All(d.values) {
		r.grid.SetValue(name, v)
	}
	if d.typing {
		r.grid.Activate(d.active)
	}
}

func (r *adminForm) stop() {
	r.grid.Stop()
	r.grid.Forget()
	if r.result != nil {
		r.result.stop()
	}
}

func (r *adminForm) objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{r.title, r.cancel, r.submit, r.hide, r.grid}
	if r.try != nil {
		out = append(out, r.try)
	}
	if r.result != nil {
		out = append(out, r.result.objects()...)
	}
	return out
}

// put places the form in a: the result of a trial beside it where that is wide,
// below it where that is tall, or in its place.
func (r *adminForm) put(a area) {
	st := r.env.Style
	typing := r.grid.Typing()
	instead := r.result != nil && st.Shape == theme.Compact && !r.hidden && !typing
	beside := r.result != nil && st.Shape != theme.Compact && !typing
	for _, o := range r.objects() {
		o.Show()
	}
	setShown(r.hide, instead)
	setShown(r.title, !typing || st.Shape != theme.Compact)
	for _, b := range r.feet() {
		setShown(b, !typing && !instead)
	}
	setShown(r.grid, !instead)
	if r.result != nil && !beside && !instead {
		for _, o := range r.result.objects() {
			o.Hide()
		}
	}
	if !typing || st.Shape != theme.Compact {
		th := r.title.HeightFor(a.w)
		widgets.Put(r.title, a.x, a.y, a.w, th)
		a.y, a.h = a.y+th+st.Gap, a.h-th-st.Gap
	}
	if instead {
		w := r.hide.WidthFor()
		widgets.Put(r.hide, a.x, a.y+a.h-st.Target, w, st.Target)
		r.result.put(area{a.x, a.y, a.w, a.h - st.Target - st.Gap})
		return
	}
	if beside {
		var rest area
		if st.Shape == theme.Tall {
			h := float32(int(a.h * 0.4))
			rest = area{a.x, a.y + a.h - h, a.w, h}
			a.h -= h + st.Gap
		} else {
			w := float32(int(a.w * 0.42))
			rest = area{a.x + a.w - w, a.y, w, a.h}
			a.w -= w + 2*st.Gap
		}
		r.result.put(rest)
	}
	if !typing {
		a.h -= r.putFeet(a) + st.Gap
	}
	widgets.Put(r.grid, a.x, a.y, a.w, a.h)
}

// feet are the buttons, the main one last.
func (r *adminForm) feet() []*widgets.Button {
	if r.try == nil {
		return []*widgets.Button{r.cancel, r.submit}
	}
	return []*widgets.Button{r.cancel, r.try, r.submit}
}

// putFeet places the buttons at the foot of a and gives how high they stand.
func (r *adminForm) putFeet(a area) float32 {
	st := r.env.Style
	all := r.feet()
	widths, _ := widgets.RowWidths(st, all, 1, a.w)
	y := a.y + a.h - st.Button
	widgets.Put(all[0], a.x, y, widths[0], st.Button)
	x := a.x + a.w
	for i := len(all) - 1; i > 0; i-- {
		x -= widths[i]
		widgets.Put(all[i], x, y, widths[i], st.Button)
		x -= st.Gap
	}
	return st.Button
}
