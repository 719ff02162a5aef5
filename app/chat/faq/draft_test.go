package faq

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"agentid/app/domain"
)

func TestDraftIsWhatWasRead(t *testing.T) {
	list, err := Parse("es.faq", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range list {
		got, err := DraftOf(want).Entry()
		want.Line, want.lines, want.alsoL = 0, nil, 0
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
		back, err := Parse("x", Format([]Entry{got}))
		if err != nil || len(back) != 1 || !slices.Equal(back[0].Questions(), got.Questions()) || !reflect.DeepEqual(back[0].Answer, got.Answer) {
			t.Errorf("written and read: %+v, %v", back, err)
		}
	}
}

func TestDraftFaults(t *testing.T) {
	sound := Draft{ID: "a", Category: "tarjetas", Title: "¿Qué hago?", Ways: []string{"qué hacer"}, Answer: "Venga.\n\n1. Pase.\n2. Espere."}
	for name, c := range map[string]struct {
		change func(*Draft)
		field  Field
		es     string
	}{
		"sound":        {func(*Draft) {}, "", ""},
		"urgent":       {func(d *Draft) { d.First = "Llame a {phone}." }, "", ""},
		"category":     {func(d *Draft) { d.Category = "perros" }, FieldCategory, `categoría "perros"`},
		"no category":  {func(d *Draft) { d.Category = "" }, FieldCategory, "sin texto"},
		"no title":     {func(d *Draft) { d.Title = " ¿? " }, FieldTitle, `"?" sin texto`},
		"way of signs": {func(d *Draft) { d.Ways = []string{"bien", "¡¡!!"} }, FieldWays, "sin texto"},
		"many ways": {func(d *Draft) {
			d.Ways = make([]string, 0)
			for range MaxPhrasings + 1 {
				d.Ways = append(d.Ways, "otra más")
			}
		}, FieldWays, "más de 100"},
		"brace in way":   {func(d *Draft) { d.Ways = []string{"{phone}"} }, FieldWays, "no van llaves"},
		"no answer":      {func(d *Draft) { d.Answer = " \n\n" }, FieldAnswer, "falta la respuesta"},
		"placeholder":    {func(d *Draft) { d.Answer = "Llame al {telefono}." }, FieldAnswer, "{telefono} no se conoce"},
		"brace":          {func(d *Draft) { d.First = "Llame al {phone." }, FieldFirst, "suelta"},
		"step":           {func(d *Draft) { d.Answer = "1. Uno.\n3. Tres." }, FieldAnswer, "paso 3 donde toca el 2"},
		"directive":      {func(d *Draft) { d.Answer = "Bien.\n@topic otro" }, FieldAnswer, "no puede empezar con @"},
		"comment":        {func(d *Draft) { d.Answer = "Bien.\n# no se ve" }, FieldAnswer, "no puede empezar con #"},
		"key":            {func(d *Draft) { d.Answer = "category: pagos" }, FieldAnswer, "no puede empezar con category:"},
		"long":           {func(d *Draft) { d.Title = strings.Repeat("a", MaxLine) }, FieldTitle, "el máximo es"},
		"lines in title": {func(d *Draft) { d.Title = "¿Qué\n@topic b\n? Otra" }, "", ""},
		"control":        {func(d *Draft) { d.Answer = "a\x00b" }, FieldAnswer, "UTF-8 limpio"},
	} {
		d := sound
		c.change(&d)
		e, err := d.Entry()
		var faults Faults
		if c.field == "" {
			if err != nil || e.ID != "a" || e.Urgent != (d.First != "") {
				t.Errorf("%s: %+v, %v", name, e, err)
			}
			continue
		}
		if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(faults[c.field].Says(domain.Spanish), c.es) {
			t.Errorf("%s: %v", name, faults)
		}
		if p, ok := faults[c.field]; ok && (p.Says(domain.English) == p.Says(domain.Spanish) || strings.Contains(p.Says(domain.English), "%!")) {
			t.Errorf("%s: %q", name, p.Says(domain.English))
		}
	}
}

// FuzzDraft: what is taken is one topic, that a file holds as well.
func FuzzDraft(f *testing.F) {
	f.Add("¿Qué?", "así\nasá", "", "Venga.\n1. Pase.")
	f.Add("@topic x", "? y", "! z", "#\n@")
	f.Fuzz(func(t *testing.T, title, ways, first, answer string) {
		d := Draft{ID: "a", Category: "ayuda", Title: title, Ways: strings.Split(ways, "\n"), First: first, Answer: answer}
		e, err := d.Entry()
		if err != nil {
			return
		}
		back, err := Parse("x", Format([]Entry{e}))
		if err != nil || len(back) != 1 || back[0].ID != "a" || back[0].Title != e.Title || !reflect.DeepEqual(back[0].Answer, e.Answer) {
			t.Fatalf("%+v is read back as %+v, %v", e, back, err)
		}
	})
}
