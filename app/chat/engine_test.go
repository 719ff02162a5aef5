package chat

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"agentid/app/chat/faq"
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

func engine(t testing.TB) *Engine {
	t.Helper()
	c, err := content()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(c[0], c[1], Options{})
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
