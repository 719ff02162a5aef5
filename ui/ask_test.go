package ui

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/screens"
	"agentid/ui/theme"
	"agentid/ui/widgets"
)

func asking(a kiosk.Ask) kiosk.View {
	if a.Groups == nil {
		a.Groups = askGroups()
	}
	return kiosk.View{State: kiosk.StateAsk, Ask: &a}
}

// askGroups has every category that there is, one of them full.
func askGroups() *kiosk.AskGroups {
	g := &kiosk.AskGroups{}
	for _, id := range []string{
		"cuentas", "tarjetas", "creditos", "transferencias", "pagos", "cajeros", "efectivo", "digital", "seguridad", "inversiones",
		"sucursal", "kiosco", "campus", "ayuda",
	} {
		g.List = append(g.List, kiosk.AskGroup{ID: id, Topics: []kiosk.AskChip{{ID: id + "_1", Title: "¿Cómo empiezo?"}}})
	}
	topics := []string{
		"¿Cómo abro una cuenta?", "¿Cómo cierro mi cuenta?", "¿Qué tipos de cuenta hay y cuál me conviene?", "¿Puedo abrir una cuenta para mi hijo o mi hija menor de edad?",
		"¿Cuál es mi número de cuenta, CBU, CLABE o IBAN?", "¿Qué saldo tengo?", "¿Cómo cambio mi dirección, mi teléfono o mi correo?",
		"¿Cuánto cuesta la cuenta?", "¿Cómo agrego a otra persona a mi cuenta?", "¿Cómo pido un certificado?", "¿Cómo hago un reclamo?",
	}
	g.List[0].Topics = nil
	for i, title := range topics {
		g.List[0].Topics = append(g.List[0].Topics, kiosk.AskChip{ID: "cuenta_" + string(rune('a'+i)), Title: title})
	}
	return g
}

var askChips = []kiosk.AskChip{
	{ID: "tarjeta_bloqueada", Title: "Mi tarjeta está bloqueada"}, {ID: "fraude_reportar", Title: "Veo un movimiento que no hice. ¿Cómo lo denuncio?"},
	{ID: "tarjeta_reposicion", Title: "¿Cómo pido una tarjeta nueva?"},
}

func askAnswer() *kiosk.AskTurn {
	return &kiosk.AskTurn{
		Step: kiosk.AskAnswer, MayRate: true, Chips: askChips,
		Answer: &kiosk.AskAnswered{Topic: "tarjeta_perdida", Title: "Perdí mi tarjeta o me la robaron", First: "Bloquéela ahora mismo desde la app o llame al 0800 555 0100.",
			Blocks: []kiosk.AskBlock{
				{Steps: []string{"Revise sus últimos movimientos y anote los que no reconoce.", "Si se la robaron, haga la denuncia y guarde el número.", "Pida la tarjeta nueva en el mostrador o en la app; llega en unos días."}},
				{Text: "Con el bloqueo nadie puede usarla, tampoco usted. Si la encuentra después, no la use: ya no sirve."},
			}},
	}
}

// askLong is an answer that is on several pages on every screen but the tallest.
func askLong() *kiosk.AskTurn {
	t := askAnswer()
	t.Say = "Leí solo el comienzo de su mensaje."
	a := *t.Answer
	for range 3 {
		a.Blocks = append(a.Blocks, kiosk.AskBlock{Text: strings.Repeat("Lo que sigue es largo, y se lee por páginas sin arrastrar nada. ", 8)})
	}
	t.Answer = &a
	return t
}

func askSuggest() *kiosk.AskTurn {
	return &kiosk.AskTurn{Step: kiosk.AskSuggest, Say: "¿Se refiere a esto?", Chips: askChips}
}

const askLongest = "hola mire yo quería saber qué tengo que hacer porque ayer a la tarde se me perdió la tarjeta en el mercado y no sé si alguien la está usando o si todavía puedo bloquearla desde acá"

// asks are the pages of a conversation.
func asks() []state {
	var list []state
	add := func(name string, a kiosk.Ask) { list = append(list, state{name: name, view: asking(a)}) }
	add("ask-topics", kiosk.Ask{Step: kiosk.AskTopics})
	add("ask-category", kiosk.Ask{Step: kiosk.AskTopics, Open: "cuentas"})
	add("ask-category-short", kiosk.Ask{Step: kiosk.AskTopics, Open: "campus"})
	add("ask-writing", kiosk.Ask{Step: kiosk.AskWriting})
	list = append(list, state{name: "ask-writing-empty", view: asking(kiosk.Ask{Step: kiosk.AskWriting}), blank: true, then: func(u *UI) {
		u.router.body.(*screens.AskWriting).Form().OnSubmit()
	}})
	answer := func(a kiosk.Ask, t *kiosk.AskTurn) kiosk.Ask { a.Step, a.Turn = t.Step, t; return a }
	add("ask-answer", answer(kiosk.Ask{Question: "perdi mi targeta"}, askAnswer()))
	add("ask-answer-liked", answer(kiosk.Ask{Question: "perdi mi targeta", Rating: kiosk.Liked}, askAnswer()))
	add("ask-answer-voice", answer(kiosk.Ask{Question: "perdi mi targeta", Voice: kiosk.VoiceReady}, askAnswer()))
	add("ask-answer-speaking", answer(kiosk.Ask{Question: "perdí mi tarjeta", Voice: kiosk.VoiceSpeaking}, askAnswer()))
	add("ask-answer-long", answer(kiosk.Ask{Question: askLongest}, askLong()))
	list = append(list, state{name: "ask-answer-last", view: asking(answer(kiosk.Ask{Question: "perdí la tarjeta"}, askLong())), blank: true, then: func(u *UI) {
		u.router.body.(*screens.AskAnswer).Restore(100)
	}})
	short := askAnswer()
	short.Chips, short.Answer = nil, &kiosk.AskAnswered{Topic: "kiosco_bano", Title: "¿Dónde está el baño?", Blocks: []kiosk.AskBlock{{Text: "Al fondo, a la derecha."}}}
	add("ask-answer-short", answer(kiosk.Ask{}, short))
	add("ask-suggest", answer(kiosk.Ask{Question: "la tarjeta no me anda"}, askSuggest()))
	add("ask-suggest-long", answer(kiosk.Ask{Question: askLongest, Voice: kiosk.VoiceReady}, askSuggest()))
	add("ask-lost", answer(kiosk.Ask{Question: "¿quién ganó ayer?"}, &kiosk.AskTurn{
		Step: kiosk.AskTalk, Lost: true, Say: "No le entendí bien. Pruebe con otras palabras, o llamo a una persona.",
	}))
	add("ask-talk", answer(kiosk.Ask{Question: "qué sabés hacer"}, &kiosk.AskTurn{
		Step: kiosk.AskTalk, Say: "Respondo preguntas sobre cuentas, tarjetas, transferencias, cajeros, la sucursal, este kiosco y el campus. Escriba la suya con sus palabras, o llamo a una persona.",
	}))
	add("ask-person", answer(kiosk.Ask{}, &kiosk.AskTurn{
		Step: kiosk.AskPerson, Say: "Aviso a una persona del equipo. Le verá aquí y ya sabrá qué preguntó.", Ref: "8F3A",
	}))
	add("ask-failed", kiosk.Ask{Step: kiosk.AskFailed})
	// What the centre answered to who asked: offered first, then shown.
	add("ask-offered", answer(kiosk.Ask{Voice: kiosk.VoiceReady}, &kiosk.AskTurn{
		Step: kiosk.AskTalk, Say: "Tenemos una respuesta a su consulta.", Chips: []kiosk.AskChip{{ID: "case:1", Title: "Ver la respuesta"}}, Private: true,
	}))
	add("ask-told", answer(kiosk.Ask{Question: "¿Cuándo llega mi tarjeta nueva?", Voice: kiosk.VoiceReady}, &kiosk.AskTurn{Step: kiosk.AskAnswer, Private: true, Answer: &kiosk.AskAnswered{
		Title: "¿Cuándo llega mi tarjeta nueva?", Blocks: []kiosk.AskBlock{{Text: strings.Repeat("Su tarjeta nueva está en la sucursal. Puede retirarla desde mañana. ", 9)}, {Text: "— Ana Ruiz, atención al cliente"}},
	}}))
	return list
}

// Everything that is said of every topic has room, in every size: nobody reads
// an ellipsis, and nobody scrolls.
func TestRealAnswersFit(t *testing.T) {
	for _, lang := range languages {
		raw, err := assets.FAQ(string(lang))
		if err != nil {
			t.Fatal(err)
		}
		groups, answers := parseFAQ(t, raw)
		for _, s := range sizes {
			if s.name != "800x480" && lang != domain.Spanish {
				continue // the smallest has the least room, and Spanish the longest words
			}
			u, _ := newUI(t, s, false)
			look := func(name string, v kiosk.View) {
				t.Helper()
				show(u, state{name: name, view: v, blank: true}, lang)
				nothingIsCut(t, u, walk(u))
				if t.Failed() {
					t.Fatalf("in %s, %s, %s", s.name, lang, name)
				}
			}
			for _, g := range groups.List {
				look(g.ID, asking(kiosk.Ask{Step: kiosk.AskTopics, Open: g.ID, Groups: groups}))
			}
			worst := 0
			for _, a := range answers {
				v := asking(kiosk.Ask{Step: kiosk.AskAnswer, Question: a.Answer.Title, Turn: &a, Groups: groups})
				look(a.Answer.Topic, v)
				body := u.router.body.(*screens.AskAnswer)
				worst = max(worst, body.Pages())
				for page := range body.Pages() {
					body.Restore(page)
					nothingIsCut(t, u, walk(u))
				}
			}
			if most := map[string]int{"1280x800": 2, "800x480": 4, "1080x1920": 1}[s.name]; worst > most {
				t.Errorf("%s, %s: an answer on %d pages", s.name, lang, worst)
			}
		}
	}
}

// parseFAQ reads the titles and the answers, no more: the program has a parser
// of its own, which the screen may not use.
func parseFAQ(t *testing.T, raw []byte) (*kiosk.AskGroups, []kiosk.AskTurn) {
	t.Helper()
	groups := &kiosk.AskGroups{}
	var turns []kiosk.AskTurn
	sc := bufio.NewScanner(bytes.NewReader(raw))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		word, rest, _ := strings.Cut(line, " ")
		var a *kiosk.AskAnswered
		if len(turns) > 0 {
			a = turns[len(turns)-1].Answer
		}
		switch {
		case word == "@topic":
			turns = append(turns, kiosk.AskTurn{Step: kiosk.AskAnswer, MayRate: true, Chips: askChips, Answer: &kiosk.AskAnswered{Topic: rest}})
		case line == "" || line[0] == '#' || a == nil || word == "related:" || word == "urgent:":
		case word == "category:":
			i := slices.IndexFunc(groups.List, func(g kiosk.AskGroup) bool { return g.ID == rest })
			if i < 0 {
				groups.List = append(groups.List, kiosk.AskGroup{ID: rest})
				i = len(groups.List) - 1
			}
			groups.List[i].Topics = append(groups.List[i].Topics, kiosk.AskChip{ID: a.Topic})
		case word == "?":
			if a.Title == "" {
				a.Title = rest
				for _, g := range groups.List {
					if n := len(g.Topics) - 1; g.Topics[n].ID == a.Topic {
						g.Topics[n].Title = rest
					}
				}
			}
		case word == "!":
			a.First = rest
		case len(word) == 2 && word[1] == '.':
			if n := len(a.Blocks); n == 0 || a.Blocks[n-1].Steps == nil {
				a.Blocks = append(a.Blocks, kiosk.AskBlock{})
			}
			b := &a.Blocks[len(a.Blocks)-1]
			b.Steps = append(b.Steps, rest)
		default:
			a.Blocks = append(a.Blocks, kiosk.AskBlock{Text: line})
		}
	}
	if len(turns) < 60 || len(groups.List) < 14 {
		t.Fatalf("only %d topics in %d categories", len(turns), len(groups.List))
	}
	return groups, turns
}

// Every topic of a long list is reached by touch, on every screen.
func TestAllTopicsAreReached(t *testing.T) {
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		for name, want := range map[string]int{"ask-topics": 14, "ask-category": 11} {
			show(u, flow(t, name), domain.Spanish)
			c.take()
			told := map[string]bool{}
			for range 6 {
				for _, p := range walk(u) {
					b, ok := p.obj.(*widgets.Button)
					if !ok || b.Words() == "Más temas" {
						continue
					}
					test.Tap(b)
				}
				for _, got := range c.take() {
					if strings.HasPrefix(got, "kiosk.AskCategory") || strings.HasPrefix(got, "kiosk.AskTopic{") {
						told[got] = true
					}
				}
				if b := button(u, "Más temas"); b != nil {
					press(t, u, "Más temas")
				}
			}
			if len(told) != want {
				t.Errorf("%s in %s: %d of %d are reached", name, s.name, len(told), want)
			}
		}
	}
}

// A long answer is read through, page by page, and only then asked about.
func TestALongAnswerIsReadThrough(t *testing.T) {
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		v := flow(t, "ask-answer-long")
		show(u, v, domain.Spanish)
		body := u.router.body.(*screens.AskAnswer)
		seen, pages := words(u), 1
		for button(u, "Seguir leyendo") != nil {
			if button(u, "Sí") != nil {
				t.Errorf("%s: asked whether it helped before it is read", s.name)
			}
			press(t, u, "Seguir leyendo")
			seen += "\n" + words(u)
			if pages++; pages > 20 {
				t.Fatalf("%s: it never ends", s.name)
			}
		}
		if pages != body.Pages() || pages < 2 && theme.MetricsFor(fyne.NewSize(float32(s.w), float32(s.h))).Shape != theme.Tall {
			t.Errorf("%s: read on %d pages of %d", s.name, pages, body.Pages())
		}
		all := strings.Join(strings.Fields(seen), " ")
		for _, b := range v.view.Ask.Turn.Answer.Blocks {
			for _, word := range append(strings.Fields(b.Text), b.Steps...) {
				if !strings.Contains(all, strings.Join(strings.Fields(word), " ")) && len(strings.Fields(word)) == 1 {
					t.Errorf("%s: %q is nowhere", s.name, word)
				}
			}
		}
		c.take()
		press(t, u, "No")
		if got := c.take(); !slices.Contains(got, "kiosk.RateAnswer{Liked:false}") {
			t.Errorf("%s: told %q", s.name, got)
		}
		if pages > 1 {
			press(t, u, "Desde el principio")
			if body.Page() != 0 {
				t.Errorf("%s: at page %d", s.name, body.Page())
			}
		}
	}
}

// What is written survives the language and the help, and is sent as it is.
func TestAQuestionIsWritten(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	at := func(l domain.Lang, change func(*kiosk.View)) {
		v := asking(kiosk.Ask{Step: kiosk.AskWriting})
		v.Lang = l
		if change != nil {
			change(&v)
		}
		u.ShowView(v)
	}
	at(domain.Spanish, nil)
	typeIn(u, "perdí mi", false)
	at(domain.English, nil)
	at(domain.English, func(v *kiosk.View) { v.State = kiosk.StateHelp })
	at(domain.Spanish, nil)
	typeIn(u, " tarjeta", true)
	if got := c.take(); !slices.Contains(got, "kiosk.AskQuestion{Text:perdí mi tarjeta}") {
		t.Errorf("told %q", got)
	}
	u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
	at(domain.Spanish, nil)
	typeIn(u, "", true)
	if got := c.take(); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "AskQuestion") }) {
		t.Errorf("the next visitor sent %q", got)
	}
	if !strings.Contains(words(u), "Escriba su pregunta, por favor.") {
		t.Errorf("nothing asks for a question:\n%s", words(u))
	}
}

// What changes on the page of an answer does not build it anew.
func TestAnswersAreUpdated(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	turn := askAnswer()
	at := func(a kiosk.Ask) {
		a.Step, a.Turn, a.Question = kiosk.AskAnswer, turn, "perdí"
		v := asking(a)
		v.Lang = domain.Spanish
		u.ShowView(v)
	}
	at(kiosk.Ask{Voice: kiosk.VoiceSpeaking})
	swaps := u.Stats().Swaps
	if button(u, "Silenciar") == nil || button(u, "Escuchar") != nil {
		t.Errorf("speaking:\n%s", words(u))
	}
	at(kiosk.Ask{Voice: kiosk.VoiceReady})
	if button(u, "Silenciar") != nil || button(u, "Escuchar") == nil {
		t.Errorf("silent:\n%s", words(u))
	}
	at(kiosk.Ask{Voice: kiosk.VoiceReady, Rating: kiosk.Liked, Busy: true})
	if button(u, "Sí") != nil || !strings.Contains(words(u), "Nos alegra") {
		t.Errorf("liked:\n%s", words(u))
	}
	if got := u.Stats().Swaps; got != swaps {
		t.Errorf("built anew %d times", got-swaps)
	}
}
