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
	"agentid/app/kiosk"
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
	k.do(kiosk.AdminGo{Page: kiosk.PageFAQ})
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
