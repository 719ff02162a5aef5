package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/chat"
	"agentid/app/chat/faq"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/assets"
)

// ask asks the kiosk's assistant, as a visitor would.
func (k *adminKiosk) ask(l domain.Lang, question string) kiosk.AskTurn {
	k.t.Helper()
	turn, err := k.assistant.Load().Begin(l, kiosk.Asker{}).Ask(k.t.Context(), l, question)
	if err != nil {
		k.t.Fatal(err)
	}
	return turn
}

// answered is what the assistant answers with; "" where it does not.
func (k *adminKiosk) answered(l domain.Lang, question string) string {
	k.t.Helper()
	turn := k.ask(l, question)
	if turn.Answer == nil {
		return ""
	}
	return turn.Spoken()
}

// faqForm opens a form of the FAQ page, and fills it in.
func (k *adminKiosk) faqForm(deed, row string, change map[string]string) map[string]string {
	k.t.Helper()
	k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
	v := k.do(kiosk.AdminDo{ID: deed, Row: row})
	if v.Form == nil {
		k.t.Fatalf("%s %s: no form: %+v", deed, row, v.Notice)
	}
	values := map[string]string{}
	for _, f := range v.Form.Fields {
		values[f.ID] = f.Value
	}
	for name, value := range change {
		values[name] = value
	}
	return values
}

// problems are the fields of the open form that have one.
func problems(v *kiosk.Admin) map[string]string {
	out := map[string]string{}
	if v.Form != nil {
		for _, f := range v.Form.Fields {
			if p := f.Problem.Key + f.Problem.Plain; p != "" {
				out[f.ID] = p
			}
		}
	}
	return out
}

// TestStaffEditAnAnswer has an administrator change what the kiosk answers:
// the next question hears it, and so does the first one after a restart.
func TestStaffEditAnAnswer(t *testing.T) {
	k := newAdminKiosk(t)
	k.openAssistant(t.Context())
	const asked = "¿a qué hora abren?"
	before := k.answered(domain.Spanish, asked)
	if before == "" {
		t.Fatal("not answered before")
	}
	under := k.assistant.Load().Begin(domain.Spanish, kiosk.Asker{})
	k.enter("clara")

	// A trial of what is written, before anything is stored.
	values := k.faqForm("faq.edit", "sucursal_horario", map[string]string{
		"answer": "Abrimos de 8 a 13.\n\nLos sábados no.", "try": "abren los sabados?",
	})
	v := k.do(kiosk.AdminTry{Form: "faq.edit", Values: values})
	if v.Form == nil || v.Form.Result == nil || len(v.Form.Result.Rows) == 0 || !v.Form.Result.Rows[0].Mark {
		t.Fatalf("trial: %+v", v.Form)
	}
	if got := k.answered(domain.Spanish, asked); got != before {
		t.Fatalf("a trial changed the answer: %q", got)
	}
	if v = k.do(kiosk.AdminSubmit{Form: "faq.edit", Values: values}); v.Notice.Key != "said.faq_saved" || v.Form != nil {
		t.Fatalf("%+v, %v", v.Notice, problems(v))
	}
	want := "Abrimos de 8 a 13. Los sábados no."
	if got := k.answered(domain.Spanish, asked); !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
		t.Fatalf("heard %q", got)
	}
	// A conversation under way goes on, and hears it too.
	turn, err := under.Ask(t.Context(), domain.Spanish, asked)
	if err != nil || turn.Answer == nil || len(turn.Answer.Blocks) != 2 {
		t.Fatalf("%+v, %v", turn, err)
	}
	// English is as it was.
	if got := k.answered(domain.English, "what time do you open?"); got == "" || strings.Contains(got, "8 a 13") {
		t.Errorf("in English: %q", got)
	}
	list, err := k.store.Audit(t.Context(), domain.AuditFilter{Action: domain.AuditFAQChanged}, 0, 10)
	if err != nil || len(list) != 1 || list[0].Target.ID != "sucursal_horario" || list[0].Detail["how"] != "saved" {
		t.Errorf("audit %+v, %v", list, err)
	}

	// A topic of the branch's own, with its ways to ask one a line.
	values = k.faqForm("faq.add", "", map[string]string{
		"title": "¿Dónde dejo el monopatín?", "questions": "lugar para monopatines\n\n  estacionar el monopatín  \n", "answer": "En el patio hay lugar para monopatines.",
		"category": "sucursal",
	})
	if v = k.do(kiosk.AdminSubmit{Form: "faq.add", Values: values}); v.Notice.Key != "said.faq_saved_lent" {
		t.Fatalf("%+v, %v", v.Notice, problems(v))
	}
	if got := k.answered(domain.Spanish, "dónde estaciono mi monopatín?"); !strings.Contains(got, "En el patio") {
		t.Errorf("heard %q", got)
	}
	// Until it is translated English has the Spanish text, and staff are told so.
	k.machine.SetLanguage(domain.English)
	const own = "branch_donde_dejo_el_monopatin"
	v = k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
	v = k.do(kiosk.AdminFilter{ID: "faq", Value: "changed"})
	if len(v.Table.Rows) != 1 || v.Table.Rows[0].ID != own || v.Table.Rows[0].Cells[2].Words.Key != "faq_origin.borrowed" {
		t.Fatalf("in English: %+v", v.Table.Rows)
	}
	values = k.faqForm("faq.edit", own, map[string]string{
		"title": "Where can I leave my scooter?", "questions": "scooter parking", "answer": "There are scooter racks in the yard.",
	})
	if v = k.do(kiosk.AdminSubmit{Form: "faq.edit", Values: values}); v.Notice.Key != "said.faq_saved" {
		t.Fatalf("%+v, %v", v.Notice, problems(v))
	}
	if got := k.answered(domain.English, "is there scooter parking?"); !strings.Contains(got, "racks") {
		t.Errorf("heard %q", got)
	}

	// After a restart all of it answers still.
	p := &program{c: k.c, store: k.store}
	p.faq = newFAQBook(p.c, p.store, p.serveAnswers)
	f, err := p.faq.open(t.Context())
	if err != nil || !f.whole {
		t.Fatal(err)
	}
	for q, id := range map[string]string{asked: "sucursal_horario", "dónde estaciono mi monopatín?": own, "is there scooter parking?": own} {
		if r := f.engine.Ask(chat.Context{}, q); r.ID != id {
			t.Errorf("after a restart %q: %+v", q, r)
		}
	}
	if e, _ := f.engine.Entry("sucursal_horario", domain.Spanish); len(e.Answer) != 2 || e.Answer[0].Text != "Abrimos de 8 a 13." {
		t.Errorf("after a restart: %+v", e.Answer)
	}

	// And taken back, it is as it was.
	k.machine.SetLanguage(domain.Spanish)
	k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
	k.do(kiosk.AdminOpenRow{ID: "sucursal_horario"})
	k.do(kiosk.AdminDo{ID: "faq.undo", Row: "sucursal_horario"})
	if v = k.do(kiosk.AdminConfirm{Yes: true}); v.Notice.Key != "said.faq_undone" || v.Detail == nil {
		t.Fatalf("%+v", v.Notice)
	}
	if got := k.answered(domain.Spanish, asked); got != before {
		t.Errorf("heard %q, before %q", got, before)
	}
	k.do(kiosk.AdminOpenRow{ID: own})
	k.do(kiosk.AdminDo{ID: "faq.remove", Row: own})
	if v = k.do(kiosk.AdminConfirm{Yes: true}); v.Notice.Key != "said.faq_removed" || v.Detail != nil {
		t.Fatalf("%+v", v.Notice)
	}
	for _, l := range faqLangs {
		if turn := k.ask(l, "is there scooter parking? monopatín"); turn.Answer != nil && turn.Answer.Topic == own {
			t.Errorf("%s: it answers still", l)
		}
	}
	if edits, err := k.store.FAQEdits(t.Context()); err != nil || len(edits) != 0 {
		t.Errorf("left: %+v, %v", edits, err)
	}
}

// What cannot be is told beside its field, in the reader's language, and changes
// nothing.
func TestStaffAreToldWhatIsWrongWithATopic(t *testing.T) {
	k := newAdminKiosk(t)
	k.openAssistant(t.Context())
	k.enter("clara")
	for name, c := range map[string]struct {
		change map[string]string
		field  string
		want   string
	}{
		"nothing":      {map[string]string{"title": "", "answer": "x"}, "title", "problem.empty"},
		"claimed":      {map[string]string{"questions": "algo mío\nPerdí mi tarjeta o me la robaron."}, "questions", "«Perdí mi tarjeta o me la robaron.» ya se pregunta en «"},
		"claimed name": {map[string]string{"title": "¿Qué hago si perdí la TARJETA?"}, "title", "ya se pregunta en «"},
		"placeholder":  {map[string]string{"answer": "Llame al {telefono}."}, "answer", "{telefono} no se conoce"},
		"steps":        {map[string]string{"answer": "1. Uno.\n3. Tres."}, "answer", "Paso 3 donde toca el 2."},
		"directive":    {map[string]string{"answer": "Sí.\n@topic otro"}, "answer", "Una línea de la respuesta no puede empezar con @."},
		"brace":        {map[string]string{"first": "Llame {ya"}, "first", "suelta"},
	} {
		change := map[string]string{"title": "¿Tienen peluquería canina?", "questions": "peluquero de perros", "answer": "No.", "category": "sucursal"}
		for f, v := range c.change {
			change[f] = v
		}
		v := k.do(kiosk.AdminSubmit{Form: "faq.add", Values: k.faqForm("faq.add", "", change)})
		got := problems(v)
		if len(got) != 1 || !strings.Contains(got[c.field], c.want) {
			t.Errorf("%s: %q, %+v", name, got, v.Notice)
		}
		for _, f := range v.Form.Fields {
			if f.Value != change[f.ID] {
				t.Errorf("%s: %s is %q now", name, f.ID, f.Value)
			}
		}
		if v = k.do(kiosk.AdminTry{Form: "faq.add", Values: func() map[string]string { change["try"] = "peluquería?"; return change }()}); v.Form.Result != nil || len(problems(v)) != 1 {
			t.Errorf("%s: tried all the same: %+v", name, v.Form.Result)
		}
	}
	if edits, err := k.store.FAQEdits(t.Context()); err != nil || len(edits) != 0 {
		t.Errorf("stored: %+v, %v", edits, err)
	}
	// The categories of the form are those of the files.
	k.faqForm("faq.add", "", nil)
	var ids []string
	for _, f := range k.machine.View().Admin.Form.Fields {
		for _, o := range f.Options {
			ids = append(ids, o.Value)
		}
	}
	if !slices.Equal(ids, faq.Categories()) {
		t.Errorf("categories %q, want %q", ids, faq.Categories())
	}
}

func TestNewTopicsHaveIDsOfTheirOwn(t *testing.T) {
	y := faqLayers{base: map[domain.Lang]faqBase{domain.Spanish: {entries: []faq.Entry{{ID: "branch_donde"}}}}, edits: map[domain.Lang]map[string]faqEdit{
		domain.English: {"branch_donde_2": {}},
	}}
	for title, want := range map[string]string{
		"¿Dónde?": "branch_donde_3", "日本?": "branch_topic", "¿Cuántos años?": "branch_cuantos_anos", strings.Repeat("muy largo ", 20): "branch_muy_largo_muy_largo_muy_largo_muy",
	} {
		got := y.newTopic(title)
		if _, err := (faq.Draft{ID: got, Category: "ayuda", Title: "a", Answer: "b"}).Entry(); got != want || err != nil {
			t.Errorf("%q: %q, want %q; %v", title, got, want, err)
		}
	}
}

// Two who edit the same topic: the second is told, and may mean it.
func TestTwoEditOneTopic(t *testing.T) {
	k := newAdminKiosk(t)
	k.openAssistant(t.Context())
	k.enter("clara")
	values := k.faqForm("faq.edit", "sucursal_horario", map[string]string{"answer": "De 8 a 13."})
	// Another window of the same kiosk: another program on the same store.
	other := faqDesk{newFAQBook(k.c, k.store, func(*chat.Engine) {}), k.store, &gapBoard{}}
	list, err := other.Topics(t.Context(), domain.Spanish)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == "sucursal_horario" })
	theirs := list[i]
	theirs.Answer = "De 9 a 14."
	if _, err := other.SaveTopic(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	v := k.do(kiosk.AdminSubmit{Form: "faq.edit", Values: values})
	if p := problems(v); p["answer"] != "problem.faq_edited" || len(p) != 1 {
		t.Fatalf("%v, %+v", p, v.Notice)
	}
	edits, err := k.store.FAQEdits(t.Context())
	if err != nil || len(edits) != 1 || !strings.Contains(edits[0].Text, "De 9 a 14.") {
		t.Fatalf("%+v, %v", edits, err)
	}
	if v = k.do(kiosk.AdminSubmit{Form: "faq.edit", Values: values}); v.Notice.Key != "said.faq_saved" {
		t.Fatalf("%v, %+v", problems(v), v.Notice)
	}
	if got := k.answered(domain.Spanish, "a qué hora abren"); !strings.Contains(got, "De 8 a 13.") {
		t.Errorf("heard %q", got)
	}
	// A form holds as many ways to ask as a topic may have.
	var ways []string
	for i := range faq.MaxPhrasings {
		ways = append(ways, fmt.Sprintf("manera %d de preguntar por el horario de atención al público de la sucursal", i))
	}
	values = k.faqForm("faq.edit", "sucursal_horario", map[string]string{"questions": strings.Join(ways, "\n")})
	if v = k.do(kiosk.AdminSubmit{Form: "faq.edit", Values: values}); v.Notice.Key != "said.faq_saved" {
		t.Fatalf("%v, %+v", problems(v), v.Notice)
	}
	if edits, err = k.store.FAQEdits(t.Context()); err != nil || !strings.Contains(edits[0].Text, ways[len(ways)-1]) {
		t.Errorf("%v, the last way is lost", err)
	}
}

// faqBench is a book over a real store, without a program.
func faqBench(t testing.TB, st *store.Store, clock domain.Clock) (*faqBook, *sync.Map) {
	t.Helper()
	c := newCLI(t.Output(), t.Output())
	c.clock = clock
	served := &sync.Map{}
	return newFAQBook(c, st, func(e *chat.Engine) { served.Store("engine", e) }), served
}

func openFAQStore(t testing.TB, clock domain.Clock) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// publish has the centre publish a document, or take it back where it is empty.
func publish(t testing.TB, st *store.Store, l domain.Lang, version int64, text string) {
	t.Helper()
	from, err := st.SyncCursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &domain.Document{Kind: "faq", Ref: string(l), Version: version, ContentType: "text/plain; charset=utf-8", Content: text, At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	c := domain.CentreChange{Document: d}
	if text == "" {
		c = domain.CentreChange{GoneDocument: d}
	}
	if _, err := st.ApplyPage(t.Context(), domain.CentrePage{From: from, Cursor: from + "x", Changes: []domain.CentreChange{c}}); err != nil {
		t.Fatal(err)
	}
}

func TestCentrePublishesAnswers(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	st := openFAQStore(t, clock)
	b, served := faqBench(t, st, clock)
	ctx := t.Context()
	if _, err := b.open(ctx); err != nil {
		t.Fatal(err)
	}
	answer := func(l domain.Lang, q string) string {
		e, _ := served.Load("engine")
		r := e.(*chat.Engine).Ask(chat.Context{Lang: l}, q)
		if r.ID == "" {
			return ""
		}
		x, _ := e.(*chat.Engine).Entry(r.ID, l)
		return x.Render(nil).Text()
	}
	raw, err := assets.FAQ("es")
	if err != nil {
		t.Fatal(err)
	}
	centre := strings.Replace(string(raw), "Puede abrirla en el mostrador.", "La central dice: venga al mostrador.", 1)
	if centre == string(raw) {
		t.Fatal("the built-in text has changed")
	}
	desk := faqDesk{b, st, &gapBoard{}}

	// The branch has changed another topic before.
	list, _ := desk.Topics(ctx, domain.Spanish)
	x := list[slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == "sucursal_horario" })]
	x.Answer = "Abrimos de 8 a 13."
	if _, err := desk.SaveTopic(ctx, x); err != nil {
		t.Fatal(err)
	}
	publish(t, st, domain.Spanish, 1, centre)
	b.takePublished(ctx)
	if got := answer(domain.Spanish, "¿cómo abro una cuenta?"); !strings.Contains(got, "La central dice") {
		t.Errorf("heard %q", got)
	}
	if got := answer(domain.Spanish, "a qué hora abren"); !strings.Contains(got, "de 8 a 13") {
		t.Errorf("the branch's edit does not lie over it: %q", got)
	}
	if got := answer(domain.English, "how do I open an account?"); got == "" || strings.Contains(got, "central") {
		t.Errorf("in English: %q", got)
	}

	// A broken one is refused whole, and told; the one before stays, over a restart too.
	broken := strings.Replace(centre, "La central dice", "La central grita", 1) + "\n@topic roto\ncategory: perros\n? ¿Y esto?\nNada.\n"
	publish(t, st, domain.Spanish, 2, broken)
	b.takePublished(ctx)
	check := func(b *faqBook) {
		t.Helper()
		if got := answer(domain.Spanish, "¿cómo abro una cuenta?"); !strings.Contains(got, "La central dice") {
			t.Errorf("heard %q", got)
		}
		if n := b.notes(domain.Spanish); len(n) != 1 || !strings.Contains(n[0], `categoría "perros"`) || !strings.HasPrefix(n[0], "es.faq:") {
			t.Errorf("notes %q", n)
		}
	}
	check(b)
	b, served = faqBench(t, st, clock)
	if _, err := b.open(ctx); err != nil {
		t.Fatal(err)
	}
	check(b)
	desk.book = b

	// A page of the tab says it; who changed a text is told that a newer one exists.
	list, _ = desk.Topics(ctx, domain.Spanish)
	x = list[slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == "sucursal_horario" })]
	if !x.Edited || x.Overtaken || x.Origin != kiosk.OriginCentre || !x.Fixed {
		t.Errorf("%+v", x)
	}
	hours, _ := entryOf("sucursal_horario", b.now.Load().layers.base[domain.Spanish].entries)
	publish(t, st, domain.Spanish, 3, strings.Replace(centre, hours.Title, hours.Title+" Dígame", 1))
	b.takePublished(ctx)
	list, _ = desk.Topics(ctx, domain.Spanish)
	x = list[slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == "sucursal_horario" })]
	if !x.Overtaken || len(b.notes(domain.Spanish)) != 0 {
		t.Errorf("%+v, %q", x, b.notes(domain.Spanish))
	}

	// A set of a few topics: what the centre left out is not answered in the
	// other language instead, a person can be asked for, the edit stays.
	few := "@topic centro_feria\ncategory: sucursal\n? ¿Cuándo es la feria?\n? feria de artesanos\nEl domingo.\n"
	publish(t, st, domain.Spanish, 4, few)
	b.takePublished(ctx)
	if got := answer(domain.Spanish, "cuando es la feria de artesanos"); !strings.Contains(got, "El domingo") {
		t.Errorf("heard %q", got)
	}
	topics := b.now.Load().engine.Topics()
	slices.Sort(topics)
	if !slices.Equal(topics, []string{"centro_feria", chat.TopicHuman, "sucursal_horario"}) {
		t.Errorf("topics %q", topics)
	}

	// Taken back, the built-in ones are there again, with the edit.
	publish(t, st, domain.Spanish, 0, "")
	b.takePublished(ctx)
	if got := answer(domain.Spanish, "¿cómo abro una cuenta?"); !strings.Contains(got, "Puede abrirla en el mostrador") {
		t.Errorf("heard %q", got)
	}
	if got := answer(domain.Spanish, "a qué hora abren"); !strings.Contains(got, "de 8 a 13") {
		t.Errorf("heard %q", got)
	}
	if sets, err := st.FAQSets(ctx); err != nil || len(sets) != 0 {
		t.Errorf("%+v, %v", sets, err)
	}
}

// What the centre publishes answers at the running kiosk without a restart, and
// what is wrong with it is on the FAQ page and among the sync's notes.
func TestPublishedAnswersReachTheRunningKiosk(t *testing.T) {
	k := newAdminKiosk(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { k.openAssistant(ctx); k.program.faq.run(ctx) })
	defer func() { cancel(); running.Wait() }()
	for k.assistant.Load() == nil {
		<-time.After(10 * time.Millisecond)
	}
	apply := func(version int64, text string) {
		t.Helper()
		from, err := k.store.SyncCursor(ctx)
		if err != nil {
			t.Fatal(err)
		}
		d := &domain.Document{Kind: "faq", Ref: "es", Version: version, ContentType: "text/plain", Content: text, At: k.c.clock.Now()}
		page := domain.CentrePage{From: from, Cursor: from + "x", Changes: []domain.CentreChange{{Document: d}}}
		if _, err := (takeover{k.store, k.program}).ApplyPage(ctx, page); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := assets.FAQ("es")
	if err != nil {
		t.Fatal(err)
	}
	apply(1, strings.Replace(string(raw), "Puede abrirla en el mostrador.", "La central dice: venga.", 1))
	for !strings.Contains(k.answered(domain.Spanish, "¿cómo abro una cuenta?"), "La central dice: venga.") {
		<-time.After(10 * time.Millisecond)
	}
	apply(2, "@topic x\ncategory: perros\n? ¿Qué?\nNada.\n")
	for len(k.program.faq.notes(domain.Spanish)) == 0 {
		<-time.After(10 * time.Millisecond)
	}
	if got := k.answered(domain.Spanish, "¿cómo abro una cuenta?"); !strings.Contains(got, "La central dice: venga.") {
		t.Errorf("heard %q", got)
	}
	k.enter("clara")
	v := k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
	if len(v.Figures) != 1 || !strings.Contains(v.Figures[0].Value.Words.Plain, "es: un error, en la línea 2") {
		t.Errorf("figures %+v", v.Figures)
	}
	if s, err := (syncDesk{k.program}).Sync(ctx); err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], `category "perros"`) {
		t.Errorf("%+v, %v", s.Notes, err)
	}
}

// Saves while everything is being learnt, many at once, and the centre
// publishing between them: nothing is lost, and what is in force in the end is
// what a restart has.
func TestEditsWhileLearning(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	st := openFAQStore(t, clock)
	b, _ := faqBench(t, st, clock)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := b.open(ctx); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { b.run(ctx) })
	desk := faqDesk{b, st, &gapBoard{}}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			_, err := desk.SaveTopic(ctx, kiosk.TopicInfo{
				Lang: domain.Spanish, Category: "sucursal", Title: fmt.Sprintf("¿Dónde está la oficina número %d de la torre?", i), Answer: fmt.Sprintf("En el piso %d.", i),
			})
			if err != nil {
				t.Errorf("topic %d: %v", i, err)
			}
		})
		wg.Go(b.learn)
	}
	publish(t, st, domain.English, 1, "@topic fair\ncategory: sucursal\n? When is the craft fair?\nOn Sunday.\n")
	b.published()
	wg.Wait()
	for b.now.Load().layers.base[domain.English].origin != kiosk.OriginCentre {
		<-time.After(10 * time.Millisecond)
	}
	// Its settling time over, all of it is learnt together.
	for !b.now.Load().whole {
		clock.Advance(faqSettles)
		<-time.After(10 * time.Millisecond)
	}
	cancel()
	running.Wait()
	got := b.now.Load()
	if n := len(got.layers.edits[domain.Spanish]); n != 4 {
		t.Errorf("%d edits", n)
	}
	again, _ := faqBench(t, st, clock)
	want, err := again.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"dónde está la oficina número 3 de la torre", "when is the craft fair", "quiero hablar con una persona", "perdí mi tarjeta"} {
		x, y := got.engine.Ask(chat.Context{}, q), want.engine.Ask(chat.Context{}, q)
		if x.ID != y.ID || x.Confidence != y.Confidence {
			t.Errorf("%q: %+v, after a restart %+v", q, x, y)
		}
	}
	if r := got.engine.Ask(chat.Context{}, "when is the craft fair"); r.ID != "fair" {
		t.Errorf("%+v", r)
	}
}

// Texts up to the caps of the form, in a book of a thousand topics.
func TestEditAmongAThousandTopics(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	st := openFAQStore(t, clock)
	var text strings.Builder
	raw, _ := assets.FAQ("es")
	text.Write(raw)
	for i := range 940 {
		fmt.Fprintf(&text, "\n@topic x%d\ncategory: ayuda\n? ¿Qué hace el artículo %d del reglamento %d?\n? artículo %d %d\nDice lo que dice el %d.\n", i, i, i*7, i, i*7, i)
	}
	publish(t, st, domain.Spanish, 1, text.String())
	b, _ := faqBench(t, st, clock)
	if f, err := b.open(t.Context()); err != nil || len(f.engine.Topics()) < 1000 {
		t.Fatalf("%v; %q", err, b.notes(domain.English))
	}
	desk := faqDesk{b, st, &gapBoard{}}
	topic := kiosk.TopicInfo{Lang: domain.Spanish, Category: "sucursal", Title: "¿" + strings.Repeat("Ñandú ", 33) + "?", First: strings.Repeat("Ya mismo. ", 49)}
	for i := range faq.MaxPhrasings - 1 {
		topic.Questions = append(topic.Questions, fmt.Sprintf("otra manera %d de preguntar por el ñandú que vive en la plaza, %s", i, strings.Repeat("a", 40)))
	}
	topic.Answer = strings.TrimSpace(strings.Repeat(strings.Repeat("Palabra ", 60)+"\n\n", 16))
	begin := time.Now()
	saved, err := desk.SaveTopic(t.Context(), topic)
	if err != nil {
		t.Fatalf("%#v", err)
	}
	t.Logf("saved among %d topics in %s", len(b.now.Load().engine.Topics()), time.Since(begin).Round(time.Millisecond))
	if r := b.now.Load().engine.Ask(chat.Context{Lang: domain.Spanish}, "por el ñandú que vive en la plaza"); r.ID != saved.ID {
		t.Errorf("%+v, want %s", r, saved.ID)
	}
	list, err := desk.Topics(t.Context(), domain.Spanish)
	i := slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == saved.ID })
	if err != nil || i < 0 || list[i].Answer != strings.ReplaceAll(topic.Answer, " \n", "\n") || len(list[i].Questions) != len(topic.Questions) {
		t.Errorf("%v, %d, %d of %d ways", err, i, len(list[max(i, 0)].Questions), len(topic.Questions))
	}
}

// The board groups what was asked and not answered, masked as it was kept, and
// an answer begins with its words.
func TestGapBoardInTheTab(t *testing.T) {
	k := newAdminKiosk(t)
	k.openAssistant(t.Context())
	now := k.c.clock.Now()
	for i, q := range []string{"¿puedo pagar con criptomonedas [número]?", "aceptan criptomonedas", "criptomonedas?", "hay peluquería"} {
		if err := k.store.AddExchange(t.Context(), domain.Exchange{
			ID: newID(), At: now.Add(time.Duration(i-10) * time.Minute), Lang: domain.Spanish, Question: q, Outcome: domain.ExchangeLost,
		}); err != nil {
			t.Fatal(err)
		}
	}
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
	v := k.do(kiosk.AdminFilter{ID: "faq", Value: "gaps"})
	i := slices.IndexFunc(v.Table.Rows, func(r kiosk.Row) bool { return strings.Contains(r.Cells[0].Words.Plain, "cripto") })
	if i < 0 || v.Table.Rows[i].Cells[1].Number != 3 {
		t.Fatalf("%+v", v.Table.Rows)
	}
	id := v.Table.Rows[i].ID
	if v = k.do(kiosk.AdminOpenRow{ID: id}); v.Detail == nil || len(v.Detail.Tables[0].Rows) != 3 {
		t.Fatalf("%+v", v.Detail)
	}
	v = k.do(kiosk.AdminDo{ID: "faq.add", Row: id})
	if v.Form == nil || !strings.Contains(v.Form.Fields[0].Value, "cripto") || strings.Count(v.Form.Fields[3].Value, "\n") != 1 {
		t.Fatalf("%+v", v.Form)
	}
	values := map[string]string{}
	for _, f := range v.Form.Fields {
		values[f.ID] = f.Value
	}
	values["title"], values["answer"] = "¿Puedo pagar con criptomonedas?", "No, todavía no."
	if v = k.do(kiosk.AdminSubmit{Form: "faq.add", Values: values}); v.Notice.Key != "said.faq_saved_lent" || v.Detail != nil {
		t.Fatalf("%+v, %v", v.Notice, problems(v))
	}
	// It is no gap any more.
	for _, r := range v.Table.Rows {
		if strings.Contains(r.Cells[0].Words.Plain, "cripto") {
			t.Errorf("it is on the board still: %+v", r)
		}
	}
	if got := k.answered(domain.Spanish, "puedo pagar con criptomonedas?"); !strings.Contains(got, "todavía no") {
		t.Errorf("heard %q", got)
	}
}
