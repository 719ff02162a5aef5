package faq

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"agentid/app/domain"
)

const good = `# Tarjetas

@topic tarjeta_perdida
category: tarjetas
urgent: yes
related: tarjeta_nueva
? Perdí mi tarjeta
? me robaron   la tarjeta
! Bloquéela ahora: {phone}.

La primera línea
sigue en la segunda. Horario: {hours}.
1. Llame.
2. Pida otra en {website}.

Y eso es todo.

@topic tarjeta_nueva
category: tarjetas
? Quiero una tarjeta
Pídala aquí.
`

func TestParse(t *testing.T) {
	es, err := Parse("es.faq", []byte("\ufeff"+strings.ReplaceAll(good, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != 2 {
		t.Fatalf("%d entries", len(es))
	}
	e := es[0]
	if e.ID != "tarjeta_perdida" || e.Category != "tarjetas" || !e.Urgent || e.Line != 3 ||
		!slices.Equal(e.Related, []string{"tarjeta_nueva"}) || e.First != "Bloquéela ahora: {phone}." {
		t.Errorf("%+v", e)
	}
	if !slices.Equal(e.Questions(), []string{"Perdí mi tarjeta", "me robaron la tarjeta"}) {
		t.Errorf("questions %q", e.Questions())
	}
	want := []Block{
		{Text: "La primera línea sigue en la segunda. Horario: {hours}."},
		{Steps: []string{"Llame.", "Pida otra en {website}."}},
		{Text: "Y eso es todo."},
	}
	if !reflect.DeepEqual(e.Answer, want) {
		t.Errorf("answer %+v", e.Answer)
	}
}

// Each fault is told with its line, and all of them at once.
func TestParseFaults(t *testing.T) {
	head := "@topic a\ncategory: tarjetas\n? Pregunta\n"
	for name, c := range map[string]struct {
		text string
		want []string // line and a part of the message
	}{
		"empty":            {"", []string{"f: there is no topic"}},
		"only comments":    {"# nothing\n", []string{"f: there is no topic"}},
		"text before":      {"hola\nmás\n" + head + "Sí.", []string{"f:1: there is text before"}},
		"bad id":           {"@topic Ñandú\ncategory: tarjetas\n? P\nSí.", []string{`f:1: id "Ñandú"`}},
		"id twice":         {head + "Sí.\n" + head + "No.", []string{`f:5: topic "a" is already at line 1`}},
		"directive":        {"@tema a\ncategory: tarjetas\n? P\nSí.", []string{`f:1: "@tema" is unknown`}},
		"category":         {"@topic a\ncategory: perros\n? P\nSí.", []string{`f:2: category "perros"`}},
		"key twice":        {"@topic a\ncategory: pagos\ncategory: pagos\n? P\nSí.", []string{`f:3: "category:" is there twice`}},
		"key late":         {head + "Sí.\nurgent: no", []string{`f:5: "urgent:" goes before`}},
		"key empty":        {"@topic a\ncategory: pagos\nrelated:\n? P\nSí.", []string{`f:3: "related:" without text`}},
		"urgent":           {"@topic a\ncategory: pagos\nurgent: si\n? P\nSí.", []string{`f:3: urgent is yes or no`}},
		"related id":       {"@topic a\ncategory: pagos\nrelated: b, C\n? P\nSí.", []string{`f:3: id "C"`}},
		"related many":     {"@topic a\ncategory: pagos\nrelated: a,b,c,d,e,f,g,h,i\n? P\nSí.", []string{`f:3: more than 8 related`}},
		"no question":      {"@topic a\ncategory: pagos\nSí.", []string{`f:1: topic "a" lacks a ? line`}},
		"question empty":   {head + "? ¿?\nSí.", []string{`f:4: "?" without text`}},
		"question late":    {head + "Sí.\n? otra", []string{`f:5: "?" goes before`}},
		"question braces":  {head + "? en {bank}\nSí.", []string{"f:4: there are no placeholders"}},
		"no answer":        {head, []string{`f:1: topic "a" lacks an answer`}},
		"no category":      {"@topic a\n? P\nSí.", []string{`f:1: topic "a" lacks category:`}},
		"urgent without !": {"@topic a\ncategory: pagos\nurgent: yes\n? P\nSí.", []string{`f:1: topic "a" is urgent and has no ! line`}},
		"! not urgent":     {head + "! Ya.\nSí.", []string{`f:1: there is a ! line and topic "a" is not urgent`}},
		"! twice":          {"@topic a\ncategory: pagos\nurgent: yes\n? P\n! Ya.\n! Ya.\nSí.", []string{"f:6: there are two ! lines"}},
		"! empty":          {"@topic a\ncategory: pagos\n? P\n!\nSí.", []string{`f:4: "!" without text`}},
		"step order":       {head + "1. Uno.\n3. Tres.", []string{"f:5: step 3 where step 2 is due"}},
		"step start":       {head + "2. Dos.", []string{"f:4: step 2 where step 1 is due"}},
		"step empty":       {head + "1.\nUno.", []string{`f:4: "1." without text`}},
		"placeholder":      {head + "Llame al {fone}.", []string{"f:4: {fone} is unknown"}},
		"brace":            {head + "Llame al {phone.", []string{"f:4: there is a { or } by itself"}},
		"close brace":      {head + "Llame al phone}.", []string{"f:4: there is a { or } by itself"}},
		"long line":        {head + strings.Repeat("a", MaxLine+1) + "\nSí.", []string{"f:4: the line has 2001 bytes"}},
		"long paragraph":   {head + strings.Repeat("a", 1500) + "\n" + strings.Repeat("b", 600), []string{"f:5: the paragraph is over 1992"}},
		"not text":         {head + "a\xff\nb\x00\nSí.", []string{"f:4: the line is not clean", "f:5: the line is not clean"}},
		"all at once":      {"@topic a\ncategory: x\n? P\n{x}\n@topic a\n", []string{"f:2: category", "f:4: {x}", "f:5: topic", "f:5: topic \"a\" lacks category", "f:5: topic \"a\" lacks a ?", "f:5: topic \"a\" lacks an answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := Parse("f", []byte(c.text))
			var ps Problems
			if !errors.As(err, &ps) || entries != nil {
				t.Fatalf("%d entries, %v", len(entries), err)
			}
			if len(ps) != len(c.want) {
				t.Errorf("%d problems, want %d:\n%v", len(ps), len(c.want), err)
			}
			for i, p := range ps {
				if i < len(c.want) && !strings.HasPrefix(p.In(domain.English), c.want[i]) {
					t.Errorf("%q, want %q", p.In(domain.English), c.want[i])
				}
				if p.In(domain.Spanish) == p.In(domain.English) {
					t.Errorf("%q is the same in Spanish", p.In(domain.Spanish))
				}
			}
		})
	}
}

func TestParseCaps(t *testing.T) {
	if _, err := Parse("f", make([]byte, MaxFile+1)); err == nil {
		t.Error("a file over the cap was read")
	}
	var b strings.Builder
	for range MaxEntries + 10 {
		b.WriteString("@topic a\n")
	}
	_, err := Parse("f", []byte(b.String()))
	var ps Problems
	if !errors.As(err, &ps) || len(ps) > maxProblems {
		t.Errorf("%d problems", len(ps))
	}
	if n := strings.Count(err.Error(), "\n"); n != maxTold {
		t.Errorf("the error has %d lines", n)
	}
}

func TestRead(t *testing.T) {
	if es, err := Read("f", strings.NewReader(good)); err != nil || len(es) != 2 {
		t.Errorf("%d, %v", len(es), err)
	}
	if _, err := Read("f", strings.NewReader(strings.Repeat(" ", MaxFile+1))); err == nil {
		t.Error("a file over the cap was read")
	}
}

func TestCheck(t *testing.T) {
	parse := func(name, text string) []Entry {
		es, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return es
	}
	es := parse("es", good)
	if err := Check(strings.ToLower, Set{domain.Spanish, "es", es}, Set{domain.English, "en", es}); err != nil {
		t.Errorf("good entries: %v", err)
	}
	bad := parse("en", `@topic tarjeta_perdida
category: pagos
related: tarjeta_perdida, nowhere
? Lost card
Block it.

@topic other
category: pagos
? x
? LOST CARD
Yes.
`)
	err := Check(strings.ToLower, Set{domain.Spanish, "es", es}, Set{domain.English, "en", append(bad, Entry{ID: "other", Title: "y"})})
	if err == nil {
		t.Fatal("bad entries pass")
	}
	for _, want := range []string{
		`topic "other" is there twice`,
		`en:3: topic "tarjeta_perdida" relates to itself`, `en:3: topic "tarjeta_perdida" relates to "nowhere"`,
		`en:10: "LOST CARD" is asked already in topic "tarjeta_perdida" (line 4)`,
		`en: topic "tarjeta_nueva" is missing, it is in es`, `es: topic "other" is missing, it is in en`,
		`en:1: topic "tarjeta_perdida" has another category in es`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
}

// The entries that the kiosk comes with are without fault.
func TestShipped(t *testing.T) {
	var sets []Set
	for _, l := range []domain.Lang{domain.Spanish, domain.English} {
		name := string(l) + ".faq"
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "assets", "faq", name))
		if err != nil {
			t.Fatal(err)
		}
		es, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, Set{l, name, es})
	}
	if err := Check(strings.ToLower, sets...); err != nil {
		t.Error(err)
	}
}

func TestRender(t *testing.T) {
	es, err := Parse("es", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		values Values
		want   string
	}{
		"all":    {Values{"phone": "0800 1", "hours": "10 a 15", "website": "x.example"}, "Bloquéela ahora: 0800 1.\nLa primera línea sigue en la segunda. Horario: 10 a 15.\n1. Llame.\n2. Pida otra en x.example.\nY eso es todo."},
		"none":   {nil, "La primera línea sigue en la segunda.\n1. Llame.\nY eso es todo."},
		"hostil": {Values{"hours": "10\n{phone}\x00 a", "phone": "\xff"}, "La primera línea sigue en la segunda. Horario: 10 {phone} a.\n1. Llame.\nY eso es todo."},
	} {
		if got := es[0].Render(c.values).Text(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	for in, want := range map[string]int{
		"Una sola.": 1, "Una. Dos.": 2, "¿Una? Sí.": 2, "Está en Av. Mitre 12. Llame.": 2, "De 10.30 a 15.": 1,
		"Una. {hours}.": 2, "sigue. y sigue.": 1, "": 1, "Call (ask for Ann.) Then wait.": 2,
	} {
		if got := sentences(in); len(got) != want || strings.Join(got, " ") != in {
			t.Errorf("%q: %q, want %d", in, got, want)
		}
	}
}

// FuzzParse: whatever is read is refused with lines, or can be written and
// read back alike.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("@topic a\ncategory: pagos\n? P\n1. x\n\n1. y\n\nz {hours}"))
	f.Add([]byte("@topic a\ncategory: pagos\nurgent: yes\n? P\n! {phone}\n#x\nz:\n? 1\n"))
	f.Add([]byte("\ufeff@\n?\n!\x00\xff{}}{\n99. x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		es, err := Parse("f", data)
		var ps Problems
		if err != nil {
			if !errors.As(err, &ps) || len(ps) == 0 || ps.In(domain.Spanish) == "" {
				t.Errorf("%v", err)
			}
			return
		}
		text := Format(es)
		again, err := Parse("f", text)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		for i := range es {
			a, b := es[i], again[i]
			a.Line, b.Line, a.lines, b.lines, a.alsoL, b.alsoL = 0, 0, nil, nil, 0, 0
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%+v\nread back as\n%+v", a, b)
			}
			a.Render(nil).Text()
			a.Render(Values{"phone": "1", "hours": "{hours}"}).Text()
		}
	})
}
