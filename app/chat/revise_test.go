package chat

import (
	"fmt"
	"slices"
	"testing"

	"agentid/app/chat/faq"
	"agentid/app/domain"
)

// agree tells how often two engines say the same of the development questions,
// and how often each is right.
func agree(tb testing.TB, a, b *Engine) (same, rightA, rightB float64) {
	tb.Helper()
	cases := devCases(tb)
	n := 0.0
	for _, c := range cases {
		x, y := a.Ask(Context{Previous: c.previous}, c.question), b.Ask(Context{Previous: c.previous}, c.question)
		want := c.want
		if want == outOfScope {
			want = ""
		}
		n++
		if x.ID == y.ID {
			same++
		}
		if x.ID == want {
			rightA++
		}
		if y.ID == want {
			rightB++
		}
	}
	return same / n, rightA / n, rightB / n
}

// An engine revised to have a topic that it had not answers nearly as one that
// learnt all of them together.
func TestReviseLearnsATopicBesideTheOthers(t *testing.T) {
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	whole := engine(t)
	without := func(id string) [2][]faq.Entry {
		var out [2][]faq.Entry
		for l := range c {
			for _, e := range c[l] {
				if e.ID != id {
					out[l] = append(out[l], e)
				}
			}
		}
		return out
	}
	for _, id := range []string{"tarjeta_perdida", "sucursal_horario"} {
		less := without(id)
		base, err := New(less[0], less[1], Options{Partial: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := base.Revise(c[0], c[1])
		if err != nil {
			t.Fatal(err)
		}
		same, right, wantRight := agree(t, got, whole)
		t.Logf("%s: %.1f%% alike, %.1f%% right, %.1f%% when learnt together", id, 100*same, 100*right, 100*wantRight)
		if same < 0.96 || right < wantRight-0.01 {
			t.Errorf("%s: %.1f%% alike, %.1f%% right, %.1f%% when learnt together", id, 100*same, 100*right, 100*wantRight)
		}
		entry, _ := got.Entry(id, domain.Spanish)
		for _, q := range entry.Questions() {
			if r := got.Ask(Context{Lang: domain.Spanish}, q); r.ID != id {
				t.Errorf("%s: %q finds %q", id, q, r.ID)
			}
		}
	}
}

// What does not change is found as before; what does is found at once.
func TestReviseAnEdit(t *testing.T) {
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	was := engine(t)
	es := slices.Clone(c[0])
	es = append(es, faq.Entry{
		ID: "branch_bicis", Category: "sucursal", Title: "¿Dónde dejo la bicicleta?", Phrasings: []string{"hay bicicletero", "estacionar la bici"},
		Answer: []faq.Block{{Text: "En el patio hay un bicicletero."}},
	})
	i := slices.IndexFunc(es, func(e faq.Entry) bool { return e.ID == "sucursal_horario" })
	es[i].Answer = []faq.Block{{Text: "Abrimos de 8 a 13, también los sábados."}}
	now, err := was.Revise(es, c[1])
	if err != nil {
		t.Fatal(err)
	}
	for q, id := range map[string]string{
		"¿dónde dejo la bici?": "branch_bicis", "tienen bicicletero": "branch_bicis", "perdi mi tarjeta": "tarjeta_perdida", "a que hora abren": "sucursal_horario",
		"quien gano el mundial": "",
	} {
		if r := now.Ask(Context{Lang: domain.Spanish}, q); r.ID != id {
			t.Errorf("%q: %+v, want %q", q, r, id)
		}
	}
	if e, _ := now.Entry("sucursal_horario", domain.Spanish); len(e.Answer) != 1 || e.Answer[0].Text != "Abrimos de 8 a 13, también los sábados." {
		t.Errorf("%+v", e.Answer)
	}
	// In the language that has it not it is told in the one that has.
	if e, ok := now.Entry("branch_bicis", domain.English); !ok || e.Title != "¿Dónde dejo la bicicleta?" {
		t.Errorf("%+v, %v", e, ok)
	}
	if same, right, before := agree(t, now, was); same < 0.985 || right < before-0.005 {
		t.Errorf("%.1f%% alike, %.1f%% right, %.1f%% before", 100*same, 100*right, 100*before)
	}
	// And taken away again, it is as if it had never been.
	back, err := now.Revise(c[0], c[1])
	if err != nil {
		t.Fatal(err)
	}
	if same, _, _ := agree(t, back, was); same < 0.985 {
		t.Errorf("taken away: %.1f%% alike", 100*same)
	}
	if _, ok := back.Entry("branch_bicis", domain.Spanish); ok {
		t.Error("it is there still")
	}
}

// Of more changes than can be learnt beside the rest, all is learnt.
func TestReviseOfEverything(t *testing.T) {
	var es []faq.Entry
	for i := range 20 {
		es = append(es, faq.Entry{
			ID: fmt.Sprint("t", i), Category: "ayuda", Title: fmt.Sprintf("¿Qué es el número %c%c?", 'a'+i, 'b'+i), Answer: []faq.Block{{Text: "Eso."}},
		})
	}
	e, err := engine(t).Revise(es, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Topics(); len(got) != 20 || got[0] != "t0" {
		t.Errorf("topics %q", got)
	}
	if _, err := e.Revise(nil, nil); err == nil {
		t.Error("an engine of nothing")
	}
}

func benchmarkRevise(b *testing.B, e *Engine, change func(*faq.Entry)) {
	var sets [2][]faq.Entry
	for i, l := range []domain.Lang{domain.Spanish, domain.English} {
		for _, id := range e.Topics() {
			x, _ := e.Entry(id, l)
			sets[i] = append(sets[i], x)
		}
	}
	change(&sets[0][3])
	for b.Loop() {
		if _, err := e.Revise(sets[0], sets[1]); err != nil {
			b.Fatal(err)
		}
	}
}

func oneAnswer(x *faq.Entry) { x.Answer = []faq.Block{{Text: "Otra respuesta, de la sucursal."}} }
func oneWay(x *faq.Entry) {
	x.Phrasings = append(slices.Clone(x.Phrasings), "otra manera de preguntarlo")
}

func BenchmarkReviseAnswer(b *testing.B)    { benchmarkRevise(b, engine(b), oneAnswer) }
func BenchmarkReviseWay(b *testing.B)       { benchmarkRevise(b, engine(b), oneWay) }
func BenchmarkReviseWayOf1000(b *testing.B) { benchmarkRevise(b, many(b, 1000), oneWay) }
