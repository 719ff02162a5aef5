package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
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

// An edit that does not open any more is told and not used; the others answer on,
// over a restart too, and what staff write and the centre publishes is taken.
func TestADamagedEditHoldsUpNothing(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	st, err := store.Open(t.Context(), store.Options{Dir: dir, MasterKey: store.GenerateMasterKey(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := t.Context()
	b, _ := faqBench(t, st, clock)
	desk := faqDesk{b, st, &gapBoard{}}
	topic := func(id string) kiosk.TopicInfo {
		t.Helper()
		list, err := desk.Topics(ctx, domain.Spanish)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == id })
		if i < 0 {
			t.Fatalf("no topic %s", id)
		}
		return list[i]
	}
	save := func(id, answer string) {
		t.Helper()
		x := topic(id)
		x.Answer = answer
		if _, err := desk.SaveTopic(ctx, x); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	save("sucursal_horario", "Abrimos de 8 a 13.")
	save("cuenta_abrir", "Venga con su documento.")
	feria := kiosk.TopicInfo{Lang: domain.Spanish, Category: "sucursal", Title: "¿Cuándo es la feria de artesanos?", Answer: "El domingo."}
	own, err := desk.SaveTopic(ctx, feria)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", filepath.Join(dir, "agentid.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec("UPDATE faq_edits SET content = x'0102' WHERE topic <> 'cuenta_abrir'"); err != nil {
		t.Fatal(err)
	}
	edited := func(want ...string) {
		t.Helper()
		var got []string
		for id := range b.now.Load().layers.edits[domain.Spanish] {
			got = append(got, id)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("edits in force %q, want %q", got, want)
		}
	}
	told := func(lang domain.Lang, want ...string) {
		t.Helper()
		got, _ := desk.Notes(ctx, lang)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	// Found by the next change, and at a start.
	save("cuenta_abrir", "Venga con su documento y una foto.")
	for range 2 {
		edited("cuenta_abrir")
		told(domain.Spanish, `es, tema "`+own.ID+`": no se pudo leer`, `es, tema "sucursal_horario": no se pudo leer`)
		told(domain.English, `es, topic "`+own.ID+`": could not be read`, `es, topic "sucursal_horario": could not be read`)
		b, _ = faqBench(t, st, clock)
		desk.book = b
		if _, err := b.open(ctx); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, st, domain.English, 1, "@topic fair\ncategory: sucursal\n? When is the craft fair?\nOn Sunday.\n")
	b.takePublished(ctx)
	if b.now.Load().layers.base[domain.English].origin != kiosk.OriginCentre {
		t.Error("what the centre published is not taken")
	}
	publish(t, st, domain.English, 0, "")
	b.takePublished(ctx)
	// Written anew, they are whole: what the program came with, and the branch's own.
	save("sucursal_horario", "Abrimos de 9 a 14.")
	edited("cuenta_abrir", "sucursal_horario")
	told(domain.English, `es, topic "`+own.ID+`": could not be read`)
	if again, err := desk.SaveTopic(ctx, feria); err != nil || again.ID != own.ID {
		t.Errorf("%+v, %v", again, err)
	}
	told(domain.English)
	save("cuenta_abrir", "Venga con su documento.")
	edited(own.ID, "cuenta_abrir", "sucursal_horario")
	if list, err := st.FAQEdits(ctx); err != nil || len(list) != 3 || slices.ContainsFunc(list, func(e domain.FAQEdit) bool { return e.Damaged }) {
		t.Errorf("%+v, %v", list, err)
	}
}

// A set that was in use and does not open any more is no reason to refuse the one
// that the centre has; and where that is broken, both are told.
func TestADamagedSetOfTheCentre(t *testing.T) {
	clock := domaintest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	st, err := store.Open(t.Context(), store.Options{Dir: dir, MasterKey: store.GenerateMasterKey(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := t.Context()
	open := func() *faqBook {
		t.Helper()
		b, _ := faqBench(t, st, clock)
		if _, err := b.open(ctx); err != nil {
			t.Fatal(err)
		}
		return b
	}
	fair := "@topic fair\ncategory: sucursal\n? When is the craft fair?\nOn Sunday.\n"
	publish(t, st, domain.English, 1, fair)
	open()
	raw, err := sql.Open("sqlite", filepath.Join(dir, "agentid.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	damage := func() {
		t.Helper()
		if _, err := raw.Exec("UPDATE faq_sets SET content = x'0102'"); err != nil {
			t.Fatal(err)
		}
	}
	damage()
	if b := open(); b.now.Load().layers.base[domain.English].version != 1 || len(b.notes(domain.English)) != 0 {
		t.Errorf("%+v, %q", b.now.Load().layers.base[domain.English].origin, b.notes(domain.English))
	}
	if sets, err := st.FAQSets(ctx); err != nil || len(sets) != 1 || sets[0].Damaged || sets[0].Text != fair {
		t.Errorf("not kept anew: %+v, %v", sets, err)
	}
	publish(t, st, domain.English, 2, "@topic fair\n")
	damage()
	b := open()
	if n := b.notes(domain.English); b.now.Load().layers.base[domain.English].origin != kiosk.OriginBuiltIn || len(n) != 2 || !strings.Contains(n[1], "damaged") {
		t.Errorf("%q", n)
	}
	publish(t, st, domain.English, 0, "")
	b.takePublished(ctx)
	if sets, err := st.FAQSets(ctx); err != nil || len(sets) != 0 || len(b.notes(domain.English)) != 0 {
		t.Errorf("taken back: %+v, %v, %q", sets, err, b.notes(domain.English))
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
