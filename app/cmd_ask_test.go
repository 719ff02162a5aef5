package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/chat"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// Every line has its answer, whatever is in it, in the form that was agreed.
func TestAskJSON(t *testing.T) {
	k := newConsole(t)
	lines := []string{
		"perdí mi tarjeta", "", "\xff\xfe\x00", strings.Repeat("saldo ", 2000), strings.Repeat("x", 3*maxAskLine), "quiero hablar con una persona\r",
		"where can I change money?", `{"id":"x"}`, "la tarjeta",
	}
	out, err := k.run(strings.Join(lines, "\n"), "ask", "--json")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(got) != len(lines) {
		t.Fatalf("%d answers to %d lines:\n%s", len(got), len(lines), out)
	}
	var list []told
	for i, g := range got {
		var keys map[string]any
		var a told
		if err := errors.Join(json.Unmarshal([]byte(g), &keys), json.Unmarshal([]byte(g), &a)); err != nil {
			t.Fatalf("line %d: %v: %s", i, err, g)
		}
		for _, key := range []string{"id", "confidence", "suggestions", "handoff", "lang"} {
			if _, ok := keys[key]; !ok {
				t.Errorf("line %d lacks %s: %s", i, key, g)
			}
		}
		if len(keys) != 5 || a.Suggestions == nil || a.Confidence < 0 || a.Confidence > 1 || a.Lang != "es" && a.Lang != "en" {
			t.Errorf("line %d: %s", i, g)
		}
		list = append(list, a)
	}
	if list[0].ID != "tarjeta_perdida" || list[0].Handoff || list[0].Lang != "es" {
		t.Errorf("%+v", list[0])
	}
	for _, i := range []int{1, 2} {
		if list[i].ID != "" || list[i].Handoff {
			t.Errorf("%.20q is answered: %+v", lines[i], list[i])
		}
	}
	if list[3].ID != "cuenta_saldo" {
		t.Errorf("a long question: %+v", list[3])
	}
	if list[5].ID != "humano" || !list[5].Handoff {
		t.Errorf("who asks for a person: %+v", list[5])
	}
	if list[6].Lang != "en" {
		t.Errorf("in English: %+v", list[6])
	}
}

// Who asks line by line is answered line by line.
func TestAskAnswersAtOnce(t *testing.T) {
	e, err := builtInEngine()
	if err != nil {
		t.Fatal(err)
	}
	in, ask := io.Pipe()
	answered, out := io.Pipe()
	c := newCLI(out, t.Output())
	done := make(chan error, 1)
	go func() { done <- c.askLines(&answers{engine: e}, in, true) }()
	r := bufio.NewReader(answered)
	for _, q := range []string{"horario", "saldo"} {
		if _, err := io.WriteString(ask, q+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"id":"`) {
			t.Fatalf("%q: %q, %v", q, line, err)
		}
	}
	ask.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAskForPeopleAndEval(t *testing.T) {
	k := newConsole(t)
	out, err := k.run("perdi mi targeta\nhola\n", "ask")
	if err != nil || !strings.Contains(out, "(tarjeta_perdida)") || !strings.Contains(out, "1. ") || !strings.Contains(out, "(hello)") {
		t.Errorf("%s, %v", out, err)
	}
	file := filepath.Join(k.dir, "eval.tsv")
	if err := os.WriteFile(file, []byte("# a comment\nperdí mi tarjeta\ttarjeta_perdida\n¿quién ganó el mundial?\t-\n¿y para mi hijo?\tcuenta_menor\t¿cómo abro una cuenta?\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = k.run("", "ask", "--eval", file)
	if err != nil || !strings.Contains(out, "2 asked  top-1") || !strings.Contains(out, "1 outside  refused") || !strings.Contains(out, "latency") {
		t.Errorf("%s, %v", out, err)
	}
	if _, err = k.run("", "ask", "--eval", filepath.Join(k.dir, "none.tsv")); !errors.As(err, new(usageError)) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err = k.run("", "ask", "--eval", file, "--json"); err == nil {
		t.Error("both at once")
	}
}

const draftES = `@topic guardarropa
category: sucursal
? ¿Dónde dejo mi abrigo?
? dónde hay un guardarropa
? puedo dejar el paraguas en algún lado

En la entrada hay un perchero.
`

func TestFAQCheck(t *testing.T) {
	k := newConsole(t)
	good, bad := filepath.Join(k.dir, "draft.es.faq"), filepath.Join(k.dir, "bad.es.faq")
	for name, text := range map[string]string{good: draftES, bad: "@topic Malo\n? ¿qué?\n\nRespuesta {nada}.\n2. paso\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := k.run("", "faq", "check", good); err != nil || !strings.Contains(out, good+": 1") {
		t.Errorf("%s, %v", out, err)
	}
	out, err := k.run("", "faq", "check", good, bad, filepath.Join(k.dir, "none.faq"))
	if !errors.Is(err, errFAQ) {
		t.Errorf("mistakes are no error: %v", err)
	}
	for _, want := range []string{"bad.es.faq:1", "bad.es.faq:4", "bad.es.faq:5", "none.faq"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %s", out, want)
		}
	}
	if _, err := k.run("", "faq", "check"); err == nil {
		t.Error("nothing to check")
	}
}

// What was asked in vain is listed by theme, and an entry for it takes it.
func TestFAQGapsAndPreview(t *testing.T) {
	k := newConsole(t)
	if _, err := k.run("", "people", "list"); err != nil { // makes the store
		t.Fatal(err)
	}
	st, err := k.cli.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range []string{"dónde dejo el paraguas", "puedo dejar mi paraguas", "hay un lugar para el paraguas", "a qué hora abren"} {
		e := domain.Exchange{ID: newID(), At: time.Now().Add(time.Duration(i-10) * time.Minute), Lang: domain.Spanish, Question: q, Outcome: domain.ExchangeLost}
		if i == 3 {
			e.Outcome, e.Topic, e.Confidence = domain.ExchangeAnswered, "horario", 0.9
		}
		if err := st.AddExchange(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := k.run("", "faq", "gaps", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var g gap
	if err := json.Unmarshal([]byte(strings.Split(out, "\n")[0]), &g); err != nil || g.Count != 3 || g.Unanswered != 3 || !strings.Contains(g.Label, "paraguas") {
		t.Errorf("first gap %+v, %v in\n%s", g, err, out)
	}
	draft := filepath.Join(k.dir, "draft.es.faq")
	if err := os.WriteFile(draft, []byte(draftES), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = k.run("", "faq", "preview", draft)
	if err != nil || !strings.Contains(out, "guardarropa: takes ") || strings.Contains(out, "takes 0") || !strings.Contains(out, "steals 0, loses 0") {
		t.Errorf("%s, %v", out, err)
	}
	if _, err = k.run("", "faq", "preview", filepath.Join(k.dir, "draft.faq")); !errors.As(err, new(usageError)) {
		t.Errorf("a file of no language: %v", err)
	}
	for _, args := range [][]string{{"faq", "gaps", "--days", "0"}, {"faq", "gaps", "--limit", "0"}} {
		if _, err := k.run("", args...); !errors.As(err, new(usageError)) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// What is in force can be carried to another kiosk, and the doctor says whose
// it is.
func TestFAQExport(t *testing.T) {
	k := newConsole(t)
	if _, err := k.run("", "people", "list"); err != nil { // makes the store
		t.Fatal(err)
	}
	st, err := k.cli.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desk := faqDesk{newFAQBook(k.cli, st, func(*chat.Engine) {}), st, &gapBoard{}}
	if _, err := desk.SaveTopic(t.Context(), kiosk.TopicInfo{
		Lang: domain.Spanish, Category: "sucursal", Title: "¿Dónde dejo el paraguas?", Answer: "En el paragüero.", First: "Séquelo antes.",
	}); err != nil {
		t.Fatal(err)
	}
	list, err := desk.Topics(t.Context(), domain.Spanish)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(x kiosk.TopicInfo) bool { return x.ID == "sucursal_horario" })
	list[i].Category, list[i].Answer = "ayuda", "De 8 a 13."
	if _, err := desk.SaveTopic(t.Context(), list[i]); err != nil {
		t.Fatal(err)
	}
	publish(t, st, domain.English, 7, "broken")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(k.dir, "out")
	if out, err := k.run("", "faq", "export", dir); err != nil {
		t.Fatal(out, err)
	}
	if _, err := k.run("", "faq", "export", dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("over what is there: %v", err)
	}
	if out, err := k.run("", "faq", "check", filepath.Join(dir, "es.faq"), filepath.Join(dir, "en.faq")); err != nil {
		t.Errorf("another kiosk would refuse it: %s, %v", out, err)
	}
	k.cli.cfg.FAQ.Dir = dir
	a, err := k.cli.openAnswers()
	if err != nil || a.from != dir {
		t.Fatal(err)
	}
	if e, _ := a.engine.Entry("sucursal_horario", domain.Spanish); e.Answer[0].Text != "De 8 a 13." {
		t.Errorf("%+v", e)
	}
	if e, ok := a.engine.Entry("branch_donde_dejo_el_paraguas", domain.English); !ok || !e.Urgent || e.First == "" {
		t.Errorf("%+v", e)
	}
	k.cli.cfg.FAQ.Dir = ""
	fs := k.cli.checkAnswers(t.Context())
	if d := fs[0].Detail; fs[0].Verdict != warn || !strings.Contains(d, "62 topics, built in, 2 edited by the branch") || !strings.Contains(d, "not used: en.faq:1") {
		t.Errorf("doctor says %+v", fs)
	}
}
