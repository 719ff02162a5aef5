package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

func TestChangePerson(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	p := storetest.Person(1)
	must(t, s.AddPerson(ctx, p, []domain.Template{storetest.Template(1, 0)}))

	must(t, s.RenamePerson(ctx, p.ID, "  Ana  María   Núñez "))
	got, err := s.Person(ctx, p.ID)
	if must(t, err); got.Name != "Ana María Núñez" || got.Version != 2 || got.GivenName() != "Ana" {
		t.Errorf("renamed to %+v", got)
	}
	wantErr(t, s.RenamePerson(ctx, p.ID, strings.Repeat("x", domain.MaxNameRunes+1)), domain.ErrName)
	wantErr(t, s.RenamePerson(ctx, storetest.Person(2).ID, "Nobody"), domain.ErrNotFound)

	more := storetest.Template(1, 1)
	more.ID = "" // one is made
	must(t, s.AddTemplates(ctx, p.ID, []domain.Template{more}))
	must(t, s.AddTemplates(ctx, p.ID, nil))
	ts, err := s.Templates(ctx, storetest.Encoder)
	if must(t, err); len(ts) != 2 || checkUUID("id", ts[1].ID) != nil {
		t.Errorf("templates %+v", ts)
	}
	wantErr(t, s.AddTemplates(ctx, storetest.Person(2).ID, []domain.Template{storetest.Template(2, 0)}), domain.ErrNotFound)
	wantErr(t, s.AddTemplates(ctx, p.ID, []domain.Template{storetest.Template(1, 2), storetest.Template(1, 0)}), ErrExists)
	if got, err := s.Person(ctx, p.ID); got.Version != 3 || err != nil {
		t.Errorf("version %d, %v; want 3: failures and nothing at all do not count", got.Version, err)
	}
}

func TestAddPersonRefuses(t *testing.T) {
	s, _ := newTest(t)
	for name, tt := range map[string]struct {
		person   func(*domain.Person)
		template func(*domain.Template)
		want     error
	}{
		"odd id":           {func(p *domain.Person) { p.ID = "ana" }, nil, ErrInvalid},
		"no id":            {func(p *domain.Person) { p.ID = "" }, nil, ErrInvalid},
		"negative version": {func(p *domain.Person) { p.Version = -1 }, nil, ErrInvalid},
		"no name":          {func(p *domain.Person) { p.Name = " " }, nil, domain.ErrName},
		"another's":        {nil, func(t *domain.Template) { t.PersonID = storetest.Person(2).ID }, ErrInvalid},
		"odd template id":  {nil, func(t *domain.Template) { t.ID = "1" }, ErrInvalid},
		"no encoder":       {nil, func(t *domain.Template) { t.Encoder.Name = "" }, ErrInvalid},
		"no version":       {nil, func(t *domain.Template) { t.Encoder.Version = "" }, ErrInvalid},
		"long encoder":     {nil, func(t *domain.Template) { t.Encoder.Name = strings.Repeat("x", 200) }, ErrInvalid},
		"quality":          {nil, func(t *domain.Template) { t.Quality = 1.5 }, ErrInvalid},
		"empty vector":     {nil, func(t *domain.Template) { t.Vector = nil }, ErrInvalid},
	} {
		p, tpl := storetest.Person(1), storetest.Template(1, 0)
		if tt.person != nil {
			tt.person(&p)
		}
		if tt.template != nil {
			tt.template(&tpl)
		}
		if err := s.AddPerson(t.Context(), p, []domain.Template{tpl}); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	var many []domain.Template
	for k := range MaxTemplates {
		many = append(many, storetest.Template(1, k))
	}
	must(t, s.AddPerson(t.Context(), storetest.Person(1), many))
	wantErr(t, s.AddTemplates(t.Context(), storetest.Person(1).ID, []domain.Template{storetest.Template(1, MaxTemplates)}), ErrInvalid)
}

// What is sealed for one person does not open for another, whoever swaps it.
func TestSwappedRowsDoNotOpen(t *testing.T) {
	for name, swap := range map[string]string{
		"names":     "UPDATE people SET name = (SELECT name FROM people o WHERE o.id <> people.id)",
		"keys":      "UPDATE people SET wrapped_key = (SELECT wrapped_key FROM people o WHERE o.id <> people.id)",
		"both":      `UPDATE people SET (wrapped_key, name) = (SELECT wrapped_key, name FROM people o WHERE o.id <> people.id)`,
		"templates": "UPDATE templates SET vector = (SELECT vector FROM templates o WHERE o.id <> templates.id)",
		"owner":     "UPDATE templates SET person = (SELECT id FROM people p WHERE p.id <> templates.person)",
		"encoder":   "UPDATE templates SET encoder = 'test' WHERE encoder = 'old'",
	} {
		s, _ := newTest(t)
		old := storetest.Template(2, 0)
		if name == "encoder" {
			old.Encoder.Name = "old"
		}
		must(t, s.AddPerson(t.Context(), storetest.Person(1), []domain.Template{storetest.Template(1, 0)}))
		must(t, s.AddPerson(t.Context(), storetest.Person(2), []domain.Template{old}))
		mustExec(t, s, swap)
		_, namesErr := s.People(t.Context())
		_, templatesErr := s.Templates(t.Context(), storetest.Encoder)
		if err := errors.Join(namesErr, templatesErr); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s swapped: got %v, want ErrCorrupt", name, err)
		}
	}
}

func TestPersonTemplatesAreOnesOwn(t *testing.T) {
	s, _ := newTest(t)
	ctx := t.Context()
	for n := 1; n <= 2; n++ {
		must(t, s.AddPerson(ctx, storetest.Person(n), []domain.Template{storetest.Template(n, 1), storetest.Template(n, 2)}))
	}
	for _, tt := range []struct {
		name string
		id   domain.PersonID
		enc  domain.EncoderRef
		want int
	}{
		{"theirs", storetest.Person(2).ID, storetest.Encoder, 2},
		{"of another encoder", storetest.Person(2).ID, domain.EncoderRef{Name: "other", Version: "1"}, 0},
		{"of nobody", storetest.Person(3).ID, storetest.Encoder, 0},
		{"of no id", "", storetest.Encoder, 0},
	} {
		ts, err := s.PersonTemplates(ctx, tt.id, tt.enc)
		if err != nil || len(ts) != tt.want {
			t.Fatalf("%s: %d templates, %v", tt.name, len(ts), err)
		}
		for k, x := range ts {
			if x.PersonID != tt.id || !slices.Equal(x.Vector, storetest.Template(2, k+1).Vector) {
				t.Errorf("%s: template %d is %s of %s", tt.name, k, x.ID, x.PersonID)
			}
		}
	}
}
