package ui

import (
	"strings"

	"agentid/app/kiosk"
)

// The FAQ page has the keys that the office gives it, so that what is drawn is
// as long as it will be.

func (b branch) faqFilter(value string) []kiosk.Choice {
	c := kiosk.Choice{ID: "faq", Label: key("filter.faq"), Value: value}
	for _, v := range []string{"topics", "changed", "gaps"} {
		c.Options = append(c.Options, kiosk.Option{Value: v, Label: key("filter_faq." + v)})
	}
	return []kiosk.Choice{c}
}

func (b branch) faqButtons() []kiosk.AdminButton {
	return []kiosk.AdminButton{
		{ID: "faq.add", Label: key("do.faq_add"), Icon: "plus"}, {ID: "faq.try", Label: key("do.faq_try"), Icon: "retry", Main: true},
	}
}

func (b branch) faq() kiosk.Admin {
	a := b.base(kiosk.PageFAQ)
	t := &kiosk.Table{
		Columns: []kiosk.Column{
			{Label: key("col.question"), Share: 6}, {Label: key("col.category"), Share: 2}, {Label: key("col.faq_origin"), Share: 3},
			minor(kiosk.Column{Label: key("col.changed"), Share: 2}),
		},
		Search: key("hint.faq"), Filters: b.faqFilter("topics"), Do: b.faqButtons(), From: 1, To: 8, Total: 63, Next: true,
	}
	none := kiosk.Cell{Kind: kiosk.CellWords}
	for i, r := range []struct {
		es, en, category, origin string
		tone                     kiosk.Tone
		changed                  kiosk.Cell
	}{
		{"¿Cómo abro una cuenta?", "How do I open an account?", "cuentas", "built_in", "", none},
		{"¿Cómo cierro mi cuenta?", "How do I close my account?", "cuentas", "centre", "", day(12)},
		{"Perdí mi tarjeta o me la robaron", "My card was lost or stolen", "tarjetas", "edited", kiosk.ToneInfo, day(3)},
		{"¿A qué hora abren y cierran, y qué días no atienden?", "When do you open and close, and on which days are you closed?", "sucursal", "overtaken", kiosk.ToneWarn, day(40)},
		{"¿Cuánto puedo retirar por día en el cajero?", "How much can I withdraw a day?", "cajeros", "centre", "", day(12)},
		{"¿Dónde dejo la bicicleta?", "Where can I leave my bicycle?", "sucursal", "branch", kiosk.ToneInfo, day(0)},
		{"¿Cuándo vienen a cobrar los jubilados?", "When do pensioners get paid?", "sucursal", "borrowed", kiosk.ToneWarn, day(1)},
		{"Quiero hablar con una persona", "I want to talk to a person", "ayuda", "built_in", "", none},
	} {
		t.Rows = append(t.Rows, kiosk.Row{ID: "q" + string(rune('0'+i)), Cells: []kiosk.Cell{
			text(b.t(r.es, r.en).Plain), said("faq_category."+r.category, ""), said("faq_origin."+r.origin, r.tone), r.changed,
		}})
	}
	a.Table = t
	return a
}

const faqAnswerES = "Bloquéela ahora: así nadie puede usarla.\n\n1. Llame a {phone}, a cualquier hora. Diga «tarjeta perdida».\n2. Anote el número de bloqueo que le den.\n3. Pida una tarjeta nueva en el mostrador, con su documento. Llega en cinco días.\n\nSi se la robaron, haga la denuncia y traiga una copia."

const faqAnswerEN = "Block it now: then nobody can use it.\n\n1. Call {phone}, at any hour. Say “lost card”.\n2. Write down the number that you are given.\n3. Ask for a new card at the desk, with your document. It comes in five days.\n\nIf it was stolen, tell the police and bring us a copy."

const faqWaysES = "me robaron la tarjeta\nno encuentro mi tarjeta\nquiero bloquear la tarjeta\nse me perdió el plástico"

const faqWaysEN = "somebody stole my card\nI cannot find my card\nI want to block my card\nmy card is missing"

func (b branch) faqDetail() kiosk.Admin {
	a := b.base(kiosk.PageFAQ)
	ways := kiosk.Table{Columns: []kiosk.Column{{Label: key("col.ways"), Share: 1}}, Total: -1}
	for _, w := range b.list("me robaron la tarjeta|no encuentro mi tarjeta|quiero bloquear la tarjeta|se me perdió el plástico", "somebody stole my card|I cannot find my card|I want to block my card|my card is missing") {
		ways.Rows = append(ways.Rows, kiosk.Row{Cells: []kiosk.Cell{text(w)}})
	}
	a.Detail = &kiosk.Detail{ID: "tarjeta_perdida", Title: b.t("Perdí mi tarjeta o me la robaron", "My card was lost or stolen"), Fields: []kiosk.DetailField{
		{Label: key("col.category"), Value: said("faq_category.tarjetas", "")},
		{Label: key("col.faq_origin"), Value: said("faq_origin.overtaken", kiosk.ToneWarn)},
		{Label: key("col.faq_first"), Value: text(b.t("Bloquéela ahora mismo: {phone}.", "Block it right now: {phone}.").Plain)},
	}, Tables: []kiosk.Table{ways}, Do: []kiosk.AdminButton{
		{ID: "faq.edit", Label: key("do.faq_edit"), Icon: "edit", Main: true}, {ID: "faq.undo", Label: key("do.faq_undo"), Icon: "retry", Grave: true},
	}}
	label := key("col.answer")
	for line := range strings.Lines(b.t(faqAnswerES, faqAnswerEN).Plain) {
		if line = strings.TrimSpace(line); line != "" {
			a.Detail.Fields = append(a.Detail.Fields, kiosk.DetailField{Label: label, Value: text(line)})
			label = kiosk.Words{}
		}
	}
	a.Detail.Fields = append(a.Detail.Fields, kiosk.DetailField{Label: key("col.changed"), Value: day(3)})
	return a
}

func (b branch) faqForm() kiosk.Admin {
	a := b.faq()
	var categories []kiosk.Option
	for _, c := range []string{"cuentas", "tarjetas", "creditos", "transferencias", "pagos", "cajeros", "efectivo", "digital", "seguridad", "inversiones", "sucursal", "kiosco", "campus", "ayuda"} {
		categories = append(categories, kiosk.Option{Value: c, Label: key("faq_category." + c)})
	}
	a.Form = &kiosk.Form{
		ID: "faq.edit", Title: key("form.faq_edit"), Submit: key("do.save"), Try: key("do.faq_try"),
		Fields: []kiosk.FormField{
			{ID: "title", Label: key("col.question"), Hint: key("hint.faq_title"), Kind: kiosk.FieldText, Max: 200, Value: b.t("Perdí mi tarjeta o me la robaron", "My card was lost or stolen").Plain},
			{ID: "category", Label: key("col.category"), Kind: kiosk.FieldChoice, Value: "tarjetas", Options: categories},
			{ID: "answer", Label: key("col.answer"), Hint: key("hint.faq_answer"), Kind: kiosk.FieldLong, Max: 8000, Value: b.t(faqAnswerES, faqAnswerEN).Plain},
			{ID: "questions", Label: key("col.ways"), Hint: key("hint.ways"), Kind: kiosk.FieldLong, Max: 12000, Value: b.t(faqWaysES, faqWaysEN).Plain},
			{ID: "first", Label: key("col.faq_first"), Hint: key("hint.faq_first"), Kind: kiosk.FieldText, Max: 500, Value: b.t("Bloquéela ahora mismo: {phone}.", "Block it right now: {phone}.").Plain},
			{ID: "try", Label: key("col.try"), Hint: key("hint.try"), Kind: kiosk.FieldText, Max: 300},
		},
	}
	return a
}

// faqTried is the form with a trial's result, and something to mend.
func (b branch) faqTried() kiosk.Admin {
	a := b.faqForm()
	a.Form.Fields[5].Value = b.t("no encuentro mi targeta", "i cant find my card").Plain
	a.Form.Fields[3].Problem = b.t("«Quiero bloquear la tarjeta» ya se pregunta en «Mi tarjeta está bloqueada».", "“I want to block my card” is asked already in “My card is blocked”.")
	share := func(f float64) kiosk.Cell { return kiosk.Cell{Kind: kiosk.CellPercent, Number: f} }
	a.Form.Result = &kiosk.Table{
		Columns: []kiosk.Column{{Label: key("col.question"), Share: 6}, right(kiosk.Column{Label: key("col.sure"), Share: 1.9}), {Label: key("col.kiosk_says"), Share: 2.9}},
		Empty:   key("empty.try"), Total: -1,
		Rows: []kiosk.Row{
			{Mark: true, Cells: []kiosk.Cell{text(b.t("Perdí mi tarjeta o me la robaron", "My card was lost or stolen").Plain), share(0.91), said("try.answer", kiosk.ToneOK)}},
			{Cells: []kiosk.Cell{text(b.t("Mi tarjeta está bloqueada", "My card is blocked").Plain), share(0.06), said("try.suggest", "")}},
			{Cells: []kiosk.Cell{text(b.t("¿Cómo pido una tarjeta nueva?", "How do I get a new card?").Plain), share(0.02), said("try.suggest", "")}},
		},
	}
	return a
}

func (b branch) faqGaps() kiosk.Admin {
	a := b.base(kiosk.PageFAQ)
	a.Figures = []kiosk.Figure{{Label: key("figure.faq_refused"), Value: kiosk.Cell{
		Kind: kiosk.CellWords, Tone: kiosk.ToneWarn,
		Words: b.t("es: 3 errores, el primero en la línea 214", "es: 3 mistakes, the first in line 214"),
	}}}
	t := &kiosk.Table{
		Columns: []kiosk.Column{{Label: key("col.question"), Share: 7}, right(kiosk.Column{Label: key("col.count"), Share: 2}), {Label: key("col.last_asked"), Share: 3}},
		Filters: b.faqFilter("gaps"), Do: b.faqButtons(), From: 1, To: 6, Total: 6, Empty: key("empty.gaps"),
	}
	for i, q := range b.list("¿puedo pagar con criptomonedas?|dónde dejo el paraguas mientras espero|cuánto tarda la transferencia a otro país si la hago hoy desde la app, mi número es [número]|hay cajero que dé dólares|me dan un vaso de agua|atienden en lengua de señas",
		"can I pay with bitcoin?|where do I leave my umbrella while I wait|how long does a transfer abroad take if I make it today in the app, my number is [number]|is there an ATM with dollars|could I have a glass of water|is there sign language") {
		t.Rows = append(t.Rows, kiosk.Row{ID: "gap-" + string(rune('a'+i)), Cells: []kiosk.Cell{text(q), num(float64(23-4*i), 0), at(37 + 700*i)}})
	}
	a.Table = t
	return a
}

func (b branch) faqGap() kiosk.Admin {
	a := b.base(kiosk.PageFAQ)
	asked := kiosk.Table{Columns: []kiosk.Column{{Label: key("col.faq_asked"), Share: 1}}, Total: -1}
	for _, w := range b.list("¿puedo pagar con criptomonedas?|aceptan criptomonedas|puedo pagar la cuota con bitcoin|cripto", "can I pay with bitcoin?|do you take crypto|can I pay my loan in bitcoin|crypto") {
		asked.Rows = append(asked.Rows, kiosk.Row{Cells: []kiosk.Cell{text(w)}})
	}
	a.Detail = &kiosk.Detail{ID: "gap-a", Title: b.t("¿puedo pagar con criptomonedas?", "can I pay with bitcoin?"), Fields: []kiosk.DetailField{
		{Label: key("col.count"), Value: num(23, 0)}, {Label: key("col.last_asked"), Value: at(37)},
		{Label: key("col.faq_disliked"), Value: text(b.t("¿Cómo pago mi préstamo?", "How do I pay my loan?").Plain)},
	}, Tables: []kiosk.Table{asked}, Do: []kiosk.AdminButton{{ID: "faq.add", Label: key("do.faq_answer"), Icon: "plus", Main: true}}}
	return a
}
