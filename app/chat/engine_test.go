package chat

import (
	"errors"
	"slices"
	"strings"
	"time"

	"os"
	"path/filepath"
	"sync"
	"testing"

	"agentid/app/chat/faq"
	"agentid/app/domain"
)

// content reads the questions and answers that the kiosk comes with.
var content = sync.OnceValues(func() ([2][]faq.Entry, error) {
	var out [2][]faq.Entry
	for i, name := range []string{"es.faq", "en.faq"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "assets", "faq", name))
		if err != nil {
			return out, err
		}
		if out[i], err = faq.Parse(name, data); err != nil {
			return out, err
		}
	}
	return out, nil
})

// shared is one engine for all tests: it does not change.
var shared = sync.OnceValues(func() (*Engine, error) {
	c, err := content()
	if err != nil {
		return nil, err
	}
	return New(c[0], c[1], Options{})
})

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAsk(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		question, id string
	}{
		{"perdi mi tarjeta", "tarjeta_perdida"},
		{"no me llego la transferensia", "transferencia_demora"},
		{"can i speak to a human", "humano"},
		{"me olvidé la clave de la app", "app_clave"},
		{"a que hora abren", "sucursal_horario"},
		{"quien gano el mundial", ""},
		{"where are the toilets", "sucursal_servicios"},
	} {
		r := e.Ask(Context{}, c.question)
		if r.ID != c.id {
			t.Errorf("%q: %+v, want %q", c.question, r, c.id)
		}
	}
}

func TestAskIsStable(t *testing.T) {
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	a := engine(t)
	b, err := New(c[0], c[1], Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range devCases(t)[:60] {
		x, y := a.Ask(Context{}, c.question), b.Ask(Context{}, c.question)
		if x.ID != y.ID || x.Confidence != y.Confidence || !slices.Equal(x.Suggestions, y.Suggestions) {
			t.Errorf("%q: %+v, then %+v", c.question, x, y)
		}
	}
}

func TestAskAtOnce(t *testing.T) {
	e := engine(t)
	cases := devCases(t)[:40]
	want := make([]Reply, len(cases))
	for i, c := range cases {
		want[i] = e.Ask(Context{}, c.question)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, c := range cases {
				if got := e.Ask(Context{}, c.question); got.ID != want[i].ID || got.Confidence != want[i].Confidence {
					t.Errorf("%q: %+v, want %+v", c.question, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

func TestAskLong(t *testing.T) {
	e := engine(t)
	for _, q := range []string{strings.Repeat("perdí mi tarjeta ", 700), strings.Repeat("x", 10<<10), strings.Repeat("ñ", 10<<10), strings.Repeat("\xff", 10<<10)} {
		begin := time.Now()
		r := e.Ask(Context{}, q)
		if !r.Cut {
			t.Errorf("%.20q…: not cut", q)
		}
		if d := time.Since(begin); d > time.Second {
			t.Errorf("%.20q…: took %v", q, d)
		}
	}
	if r := e.Ask(Context{}, "perdí mi tarjeta"); r.Cut {
		t.Error("a short question is cut")
	}
}

func TestNewRefuses(t *testing.T) {
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(c[0], c[1][1:], Options{}); err == nil {
		t.Error("a topic without English passes")
	}
	if _, err := New(nil, nil, Options{}); err == nil {
		t.Error("no entries pass")
	}
	var ps faq.Problems
	if _, err := New(append(slices.Clone(c[0]), c[0][0]), c[1], Options{}); !errors.As(err, &ps) {
		t.Errorf("a topic twice: %v", err)
	}
}

func TestReply(t *testing.T) {
	e := engine(t)
	r := e.Ask(Context{}, "quiero hablar con una persona")
	if r.ID != TopicHuman || !r.Handoff {
		t.Errorf("%+v", r)
	}
	if r := e.Ask(Context{Lang: domain.English}, "¿a qué hora abren?"); r.Lang != domain.Spanish || r.ID != "sucursal_horario" {
		t.Errorf("%+v", r)
	}
	if r := e.Ask(Context{}, "gracias"); r.ID != "" || r.Talk != TalkThanks {
		t.Errorf("%+v", r)
	}
	r = e.Ask(Context{}, "tarjeta")
	for _, id := range r.Suggestions {
		if _, ok := e.Entry(id, domain.Spanish); !ok || id == r.ID {
			t.Errorf("suggests %q beside %q", id, r.ID)
		}
	}
	if e, ok := e.Entry("cuenta_abrir", domain.English); !ok || e.ID != "cuenta_abrir" {
		t.Errorf("%+v", e)
	}
}

func TestReadEval(t *testing.T) {
	for in, ok := range map[string]bool{
		"q\tid\n# c\n\np\t-\tbefore\r\n": true, "": false, "q\n": false, "q\t\n": false, "\tid\n": false, "q\ta\tb\tc\n": false, "\xff\tid": false,
	} {
		cs, err := readEval(strings.NewReader(in))
		if (err == nil) != ok {
			t.Errorf("%q: %v, %v", in, cs, err)
		}
	}
	cs, err := readEval(strings.NewReader("q\tid\n# c\n\np\t-\tbefore\r\n"))
	if err != nil || len(cs) != 2 || cs[1] != (evalCase{"p", "-", "before", 4}) {
		t.Errorf("%+v, %v", cs, err)
	}
}

func TestEvaluate(t *testing.T) {
	e := engine(t)
	r, err := e.Evaluate(strings.NewReader("perdí mi tarjeta\ttarjeta_perdida\nperdí mi tarjeta\tcuenta_abrir\nzzkwx qqprt\t-\nperdí mi tarjeta\t-\nwhere is the toilet\tnowhere\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Score{Asked: 3, Top1: 1, Top3: 1, Outside: 2, Refused: 1}
	if r.Score != want || len(r.Misses) != 3 || len(r.Unknown) != 1 || r.ByLang[domain.English].Asked != 1 || r.Max < r.P50 {
		t.Errorf("%+v", r)
	}
	if r.Confusions[0] != (Confusion{"-", "tarjeta_perdida", 1}) {
		t.Errorf("%+v", r.Confusions)
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil || !strings.Contains(b.String(), "cuenta_abrir -> tarjeta_perdida") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if one, three, refused := (Score{}).Rates(); one != 1 || three != 1 || refused != 1 {
		t.Error("nothing asked is not whole")
	}
}
