package chat

import (
	"strings"
	"testing"
	"time"

	"agentid/app/chat/faq"
	"agentid/app/domain"
)

func past(qs ...Exchange) []Exchange {
	for i := range qs {
		qs[i].At = time.Unix(int64(1000+i), 0)
		if qs[i].Lang == "" {
			qs[i].Lang = domain.Spanish
		}
	}
	return qs
}

func TestGaps(t *testing.T) {
	e := engine(t)
	gs := e.Gaps(past(
		Exchange{Question: "¿cambian monedas antiguas de colección?", Outcome: OutcomeLost},
		Exchange{Question: "perdí mi tarjeta", Topic: "tarjeta_perdida", Outcome: OutcomeAnswered, Feedback: Liked},
		Exchange{Question: "venden monedas de coleccion", Outcome: OutcomeSuggested},
		Exchange{Question: "hola", Outcome: OutcomeTalk},
		Exchange{Question: "quiero comprar monedas de colección", Outcome: OutcomeHandoff},
		Exchange{Question: "la caja de seguridad cuánto mide", Topic: "cuenta_tipos", Outcome: OutcomeAnswered, Feedback: Disliked},
		Exchange{Question: "una persona", Topic: TopicHuman, Outcome: OutcomeHandoff},
	))
	if len(gs) != 2 {
		t.Fatalf("%d gaps: %+v", len(gs), gs)
	}
	if g := gs[0]; g.Count != 3 || g.Unanswered != 3 || g.Disliked != 0 || !strings.Contains(g.Label, "monedas") ||
		len(g.Examples) != 3 || g.Examples[0] != "quiero comprar monedas de colección" || !g.Newest.Equal(time.Unix(1004, 0)) {
		t.Errorf("%+v", g)
	}
	if g := gs[1]; g.Count != 1 || g.Disliked != 1 || g.Topic != "cuenta_tipos" {
		t.Errorf("%+v", g)
	}
	if gs := e.Gaps(nil); len(gs) != 0 {
		t.Errorf("from nothing: %+v", gs)
	}
}

func TestPreview(t *testing.T) {
	e := engine(t)
	history := past(
		Exchange{Question: "venden monedas de colección", Outcome: OutcomeLost},
		Exchange{Question: "venden monedas de coleccion", Outcome: OutcomeLost},
		Exchange{Question: "perdí mi tarjeta", Topic: "tarjeta_perdida", Outcome: OutcomeAnswered},
		Exchange{Question: "a qué hora abren", Topic: "sucursal_horario", Outcome: OutcomeAnswered},
	)
	entry := faq.Entry{
		ID: "monedas_coleccion", Category: "efectivo", Title: "¿Venden monedas de colección?",
		Phrasings: []string{"monedas conmemorativas", "quiero comprar una moneda de colección", "coleccionista de monedas"},
		Answer:    []faq.Block{{Text: "Sí, en la caja."}},
	}
	p, err := e.Preview(Draft{ES: &entry}, history)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Takes) != 1 || p.Takes[0].Count != 2 || p.Takes[0].To != entry.ID || len(p.Steals) != 0 || len(p.Loses) != 0 {
		t.Errorf("%+v", p)
	}
	// A greedy draft takes what another topic answered.
	greedy := entry
	greedy.Title, greedy.Phrasings = "Perdí mi tarjeta", []string{"perdí la tarjeta", "perdí mi tarjeta ayer", "se me perdió mi tarjeta", "mi tarjeta perdida", "perdí mi tarjeta del banco"}
	p, err = e.Preview(Draft{ES: &greedy}, history)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steals) != 1 || p.Steals[0].From != "tarjeta_perdida" {
		t.Errorf("%+v", p)
	}
	if _, err := e.Preview(Draft{}, history); err == nil {
		t.Error("an empty draft passes")
	}
	other := entry
	other.ID = "x"
	if _, err := e.Preview(Draft{ES: &entry, EN: &other}, history); err == nil {
		t.Error("two ids pass")
	}
}
