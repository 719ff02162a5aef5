package ui

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/screens"
	"agentid/ui/widgets"
)

// onPage shows a page made by mk in a window of size s.
func onPage(t *testing.T, s size, lang domain.Lang, mk func(screens.Env) screens.Body) *UI {
	t.Helper()
	u, _ := newUI(t, s, false)
	u.router.make = func(e screens.Env, _ kiosk.View) screens.Body { return mk(e) }
	u.ShowView(kiosk.View{State: "page", Lang: lang})
	return u
}

// press touches the button with those words, where it is seen.
func press(t *testing.T, u *UI, words string) {
	t.Helper()
	b := button(u, words)
	if b == nil {
		t.Fatalf("there is no %q", words)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(b.Size().Width/2, b.Size().Height/2)
	test.TapCanvas(u.Window().Canvas(), at)
}

func flow(t testing.TB, name string) state {
	t.Helper()
	for _, st := range states() {
		if st.name == name {
			return st
		}
	}
	t.Fatalf("there is no %s", name)
	return state{}
}

func TestPagesShowNoKeys(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	key := regexp.MustCompile(`\b(register(_\w+)?|capture|pin|badge|validate|withdraw|staff(_about)?|result|field|steps|keyboard|still|help_page|ask(_category)?)\.\w+`)
	texts := map[string]string{}
	for _, st := range flows() {
		for _, lang := range languages {
			show(u, st, lang)
			got := words(u)
			if m := key.FindString(got); m != "" {
				t.Errorf("%s in %s shows the key %s", st.name, lang, m)
			}
			before, seen := texts[got]
			if seen && !strings.HasPrefix(st.name, "register-notice") && !strings.Contains(st.name, "staff") && !strings.HasPrefix(st.name, "result-") {
				t.Errorf("%s reads as %s does", st.name, before)
			}
			texts[got] = st.name + " in " + string(lang)
		}
	}
}

// TestEveryButtonSendsItsAction touches each button of each page, where it is
// seen, in every size: all of a flow's buttons are listed, and nothing else is
// on the page.
func TestEveryButtonSendsItsAction(t *testing.T) {
	const (
		back, cancel = "kiosk.StepBack{}", "kiosk.Cancel{}"
		staff        = "kiosk.CallStaff{}"
		finish       = "kiosk.Finish{}"
		again        = "kiosk.Retry{}"
		person       = "kiosk.TalkToPerson{}"
		write        = "kiosk.WriteQuestion{}"
	)
	category := func(id string) string { return "kiosk.AskCategory{ID:" + id + "}" }
	pagesDiffer := map[string]bool{"ask-topics": true, "ask-answer": true, "ask-answer-liked": true, "ask-writing": true} // what stands on another page of theirs is not touched
	pages := map[string]map[string]string{
		"register-data-written": {"Volver": back, "Cancelar": cancel,
			"Continuar": "kiosk.SubmitData{PersonData:{Name:" + longData.Name + " Document:Y1234567X Contact:" + longData.Contact + "}}"},
		"register-consent-data": {"Volver": back, "Cancelar": cancel, "Leer el aviso": "kiosk.ReadNotice{}", "Continuar": "",
			"Acepto": "kiosk.AnswerConsent{Purpose:data Answer:granted}", "No acepto": "kiosk.AnswerConsent{Purpose:data Answer:refused}"},
		"register-consent-face": {"Volver": back, "Cancelar": cancel, "Leer el aviso": "kiosk.ReadNotice{}",
			"Continuar": "kiosk.Next{}",
			"Acepto":    "kiosk.AnswerConsent{Purpose:face Answer:granted}", "No acepto": "kiosk.AnswerConsent{Purpose:face Answer:refused}"},
		"register-consent-refused": {"Volver": back, "Cancelar": cancel, "Leer el aviso": "kiosk.ReadNotice{}",
			"Continuar": "kiosk.Next{}",
			"Acepto":    "kiosk.AnswerConsent{Purpose:face Answer:granted}", "No acepto": "kiosk.AnswerConsent{Purpose:face Answer:refused}"},
		"register-declined":       {"Terminar": finish},
		"register-capture":        {"Volver": back, "Cancelar": cancel, "Seguir sin rostro": "kiosk.SkipFace{}"},
		"register-face-failed":    {"Volver": back, "Cancelar": cancel, "Seguir sin rostro": "kiosk.SkipFace{}", "Probar otra vez": again},
		"register-pin":            {"Volver": back, "Cancelar": cancel},
		"register-saving":         {},
		"register-failed":         {"Cancelar": cancel, "Probar otra vez": again},
		"register-badge":          {"Imprimir": "kiosk.PrintBadge{}", "Ver mi comprobante": "kiosk.ShowCode{Kind:receipt}", "Terminar": finish},
		"register-badge-alone":    {"Ver mi comprobante": "kiosk.ShowCode{Kind:receipt}", "Terminar": finish},
		"register-badge-printing": {"Ver mi comprobante": "kiosk.ShowCode{Kind:receipt}", "Terminar": finish},
		"register-receipt":        {"Imprimir": "kiosk.PrintBadge{}", "Ver mi credencial": "kiosk.ShowCode{Kind:badge}", "Terminar": finish},
		"register-staff-called":   {"Terminar": finish},
		"validate-staff-called":   {"Volver": back, "Terminar": finish},
		"validate-staff-here":     {"Volver": back, "Terminar": finish, "Soy del equipo": "kiosk.StaffHere{}"},
		"staff-sign-in-written":   {"Volver": back, "Ingresar": ""},
		"validate-staff-decide":   {"Aprobar": "kiosk.StaffVerdict{Approve:true}", "No aprobar": "kiosk.StaffVerdict{Approve:false}"},
		"validate-staff-note":     {"Entendido": "kiosk.StaffVerdict{Approve:false}"},
		"validate-scan":           {"Volver": back, "Llamar a una persona": staff, "No tengo mi código": "kiosk.NoBadge{}"},
		"validate-scan-no-camera": {"Volver": back, "Llamar a una persona": staff, "No tengo mi código": "kiosk.NoBadge{}"},
		"validate-look":           {"Volver": back, "Llamar a una persona": staff, "Usar mi PIN": "kiosk.UsePIN{}"},
		"validate-pin":            {"Volver": back, "No recuerdo mi PIN": "kiosk.ForgotPIN{}"},
		"validate-working":        {},
		"result-ok":               {"Terminar": finish},
		"result-no":               {"Llamar a una persona": staff, "Terminar": finish},
		"result-other":            {"Llamar a una persona": staff, "Terminar": finish, "Probar otra vez": again, "Usar mi PIN": "kiosk.UsePIN{}"},
		"result-other-retry":      {"Llamar a una persona": staff, "Terminar": finish, "Probar otra vez": again},
		"result-wait":             {"Llamar a una persona": staff, "Terminar": finish},
		"result-error":            {"Llamar a una persona": staff, "Terminar": finish, "Probar otra vez": again},
		"withdraw-scan":           {"Volver": back},
		"withdraw-pin":            {"Volver": back, "No recuerdo mi PIN": "kiosk.ForgotPIN{}"},
		"withdraw-choose": {"Dejar todo como está": cancel, "Olvidar mi rostro": "kiosk.ChooseWithdraw{Choice:face}",
			"Borrar todo": "kiosk.ChooseWithdraw{Choice:all}"},
		"withdraw-choose-no-face": {"Dejar todo como está": cancel, "Borrar todo": "kiosk.ChooseWithdraw{Choice:all}"},
		"withdraw-confirm-all":    {"No, volver": back, "Sí, borrar todo": "kiosk.ConfirmWithdraw{}"},
		"withdraw-confirm-face":   {"No, volver": back, "Sí, olvidar mi rostro": "kiosk.ConfirmWithdraw{}"},
		"withdraw-working":        {},
		"withdraw-done-face":      {"Terminar": finish},
		"withdraw-done-all":       {"Terminar": finish},
		"withdraw-refused":        {"Terminar": finish, "Probar otra vez": again},
		"withdraw-refused-locked": {"Terminar": finish},
		"withdraw-failed":         {"Terminar": finish, "Probar otra vez": again},
		"ask-topics": {"Volver": back, "Hablar con una persona": person, "Escribir mi pregunta": write, "Más temas": "",
			"Cuentas": category("cuentas"), "Tarjetas": category("tarjetas"), "Créditos": category("creditos"), "Transferencias": category("transferencias"),
			"Pagos": category("pagos"), "Cajeros": category("cajeros"), "Efectivo": category("efectivo"), "App y web": category("digital"),
			"Seguridad": category("seguridad"), "Inversiones": category("inversiones"), "Sucursal": category("sucursal"),
			"Este kiosco": category("kiosco"), "Campus": category("campus"), "Otras dudas": category("ayuda")},
		"ask-category-short": {"Volver": back, "Hablar con una persona": person, "Escribir mi pregunta": write, "¿Cómo empiezo?": "kiosk.AskTopic{ID:campus_1}"},
		"ask-writing":        {"Volver": back, "Preguntar": ""},
		"ask-answer": {"Volver": back, "Hablar con una persona": person, "Otra pregunta": write, "Sí": "kiosk.RateAnswer{Liked:true}",
			"No": "kiosk.RateAnswer{Liked:false}", "Seguir leyendo": "", "Mi tarjeta está bloqueada": "kiosk.AskTopic{ID:tarjeta_bloqueada}",
			askChips[1].Title: "kiosk.AskTopic{ID:fraude_reportar}", askChips[2].Title: "kiosk.AskTopic{ID:tarjeta_reposicion}"},
		"ask-answer-liked": {"Volver": back, "Hablar con una persona": person, "Otra pregunta": write, "Seguir leyendo": "",
			askChips[0].Title: "kiosk.AskTopic{ID:tarjeta_bloqueada}", askChips[1].Title: "kiosk.AskTopic{ID:fraude_reportar}", askChips[2].Title: "kiosk.AskTopic{ID:tarjeta_reposicion}"},
		"ask-suggest": {"Volver": back, "Hablar con una persona": person, "Decirlo de otra forma": write,
			askChips[0].Title: "kiosk.AskTopic{ID:tarjeta_bloqueada}", askChips[1].Title: "kiosk.AskTopic{ID:fraude_reportar}", askChips[2].Title: "kiosk.AskTopic{ID:tarjeta_reposicion}"},
		"ask-lost":         {"Volver": back, "Hablar con una persona": person, "Decirlo de otra forma": write},
		"ask-talk":         {"Volver": back, "Hablar con una persona": person, "Otra pregunta": write},
		"ask-person":       {"Seguir preguntando": back, "Terminar": finish},
		"ask-failed":       {"Volver": back, "Probar otra vez": person},
		"still-there":      {"Sí, sigo aquí": "kiosk.Stay{}", "Salir": "kiosk.Leave{}"},
		"covered":          {"Sí, sigo aquí": "kiosk.Stay{}", "Salir": "kiosk.Leave{}"},
		"leaving":          {"Seguir aquí": "kiosk.Stay{}", "Salir": "kiosk.Leave{}"},
		"help":             {"Volver": "back", "Mis datos": "kiosk.OwnData{}", "Hablar con una persona": "choose staff"},
		"help-registering": {"Volver": "back", "Hablar con una persona": "choose staff"},
	}
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		for name, taps := range pages {
			st := flow(t, name)
			show(u, st, domain.Spanish)
			for _, p := range walk(u) {
				if b, ok := p.obj.(*widgets.Button); ok && p.y > float32(s.h)/7 {
					if _, listed := taps[b.Words()]; !listed {
						t.Errorf("%s in %s has a button %q", name, s.name, b.Words())
					}
				}
			}
			for tap, want := range taps {
				show(u, st, domain.Spanish)
				if name == "register-data-written" {
					u.router.body.(*screens.RegisterData).Form().SetTyping(false)
				}
				c.take()
				if pagesDiffer[name] && button(u, tap) == nil {
					continue
				}
				press(t, u, tap)
				got := slices.DeleteFunc(c.take(), func(s string) bool { return s == "touch" })
				if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
					t.Errorf("%s in %s, %q: told %q, want %q", name, s.name, tap, got, want)
				}
			}
		}
	}
}

func TestTheNoticeIsReadThroughAndLeft(t *testing.T) {
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		show(u, flow(t, "register-notice"), domain.Spanish)
		press(t, u, "English")
		if got := c.take(); !slices.Contains(got, "language en") {
			t.Errorf("%s: told %q", s.name, got)
		}
		turns := 0
		for ; button(u, "Seguir leyendo") != nil; turns++ {
			press(t, u, "Seguir leyendo")
		}
		press(t, u, "Continuar")
		for range turns {
			press(t, u, "Volver")
		}
		press(t, u, "Volver")
		if got := c.take(); !slices.Equal(got, []string{"kiosk.Next{}", "kiosk.StepBack{}"}) {
			t.Errorf("%s, %d pages: told %q", s.name, turns+1, got)
		}
	}
}

// TestTheConsentIsShownWordForWord: its hash says what was on the screen, so
// that all of it has to be there, on every screen.
func TestTheConsentIsShownWordForWord(t *testing.T) {
	for _, s := range append(sizes, size{"1024x600", 1024, 600}, size{"720x1280", 720, 1280}) {
		for _, lang := range languages {
			text := consentText(lang)
			seen := map[string]bool{}
			look := func(u *UI) {
				for _, p := range walk(u) {
					switch o := p.obj.(type) {
					case *widgets.Text:
						seen[o.Content()] = true
					case *widgets.Button:
						seen[o.Words()] = true
					}
				}
			}
			done := 0
			u := onPage(t, s, lang, func(e screens.Env) screens.Body {
				return screens.NewRegisterNotice(e, screens.Notice{Text: text}, screens.NoticeActions{Continue: func() { done++ }})
			})
			more := map[domain.Lang]string{domain.Spanish: "Seguir leyendo", domain.English: "Read on"}[lang]
			on := map[domain.Lang]string{domain.Spanish: "Continuar", domain.English: "Continue"}[lang]
			for look(u); button(u, more) != nil; look(u) {
				press(t, u, more)
			}
			if press(t, u, on); done != 1 {
				t.Errorf("%s: the end of the notice goes on %d times", s.name, done)
			}
			for _, p := range []domain.Purpose{domain.PurposeData, domain.PurposeFace} {
				for _, a := range []kiosk.Answer{kiosk.Unanswered, kiosk.Refused} {
					look(onPage(t, s, lang, func(e screens.Env) screens.Body {
						return screens.NewRegisterConsent(e, screens.Question{Text: text, Purpose: p, Answer: a, N: 1, Of: 2}, screens.ConsentActions{})
					}))
				}
			}
			for _, w := range text.Words() {
				if !seen[w] {
					t.Errorf("%s in %s never shows %q", s.name, lang, w)
				}
			}
		}
	}
}

func TestConsentGoesOnWithAnAnswerOnly(t *testing.T) {
	u, c := newUI(t, sizes[1], false)
	st := flow(t, "register-consent-face")
	st.view.Register = &kiosk.Register{Step: kiosk.RegisterConsent, Consent: theConsent, Question: domain.PurposeFace, N: 2, Of: 2}
	show(u, st, domain.Spanish)
	press(t, u, "Continuar")
	if got := c.take(); len(got) != 0 || !strings.Contains(words(u), "Elija una de las dos respuestas") {
		t.Errorf("without an answer: told %v", got)
	}
	press(t, u, "No acepto")
	press(t, u, "Continuar")
	press(t, u, "Acepto")
	press(t, u, "Continuar")
	want := []string{
		"kiosk.AnswerConsent{Purpose:face Answer:refused}", "kiosk.Next{}", "kiosk.AnswerConsent{Purpose:face Answer:granted}", "kiosk.Next{}",
	}
	if got := c.take(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	// The answer is the machine's: it may be asked for again.
	st.view.Lang = domain.Spanish
	u.ShowView(st.view)
	press(t, u, "Continuar")
	if got := c.take(); len(got) != 0 {
		t.Errorf("an answer that does not count any more goes on: %q", got)
	}
}

func TestAConsentTextThatIsUnknownIsNotAskedFor(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	for _, shown := range []kiosk.ConsentShown{{Version: "1999-1", Months: 12}, {Version: assets.ConsentVersion}} {
		u.ShowView(kiosk.View{State: kiosk.StateRegister, Lang: domain.Spanish, Register: &kiosk.Register{
			Step: kiosk.RegisterConsent, Question: domain.PurposeData, Consent: shown,
		}})
		if button(u, "Acepto") != nil || !strings.Contains(words(u), "Acérquese al mostrador") {
			t.Errorf("%+v shows:\n%s", shown, words(u))
		}
		press(t, u, "Cancelar")
		if got := c.take(); !slices.Equal(got, []string{"kiosk.Cancel{}"}) {
			t.Errorf("told %q", got)
		}
	}
}

func TestAPINIsChosenAndRepeated(t *testing.T) {
	for _, c := range []struct {
		name    string
		entered []string
		done    string
		says    string
	}{
		{"chosen and repeated", []string{"493817", "493817"}, "493817", ""},
		{"easy to guess", []string{"123456"}, "", "fácil de adivinar"},
		{"another one the second time", []string{"493817", "493818"}, "", "no coinciden"},
		{"then right", []string{"493817", "493818", "493818", "493818"}, "493818", ""},
		{"too short", []string{"4938"}, "", "Faltan números"},
		{"chosen only", []string{"493817"}, "", "Escríbalo otra vez"},
	} {
		var page *screens.RegisterPIN
		done := ""
		u := onPage(t, sizes[0], domain.Spanish, func(e screens.Env) screens.Body {
			page = screens.NewRegisterPIN(e, screens.PINActions{Done: func(p string) { done = p }})
			return page
		})
		for _, p := range c.entered {
			for _, d := range p {
				u.Window().Canvas().Focused().TypedRune(d)
			}
			u.Window().Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		}
		if done != c.done || !strings.Contains(words(u), c.says) {
			t.Errorf("%s: done %q, want %q, and %q in:\n%s", c.name, done, c.done, c.says, words(u))
		}
		for _, p := range c.entered {
			if strings.Contains(words(u), p) {
				t.Errorf("%s: the PIN is on the screen", c.name)
			}
		}
	}
}

func TestBackFromTheRepeatedPINChoosesAgain(t *testing.T) {
	back := 0
	u := onPage(t, sizes[0], domain.Spanish, func(e screens.Env) screens.Body {
		return screens.NewRegisterPIN(e, screens.PINActions{Back: func() { back++ }})
	})
	for _, d := range "493817" {
		u.Window().Canvas().Focused().TypedRune(d)
	}
	u.Window().Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	press(t, u, "Volver")
	if back != 0 || !strings.Contains(words(u), "Elija un PIN") {
		t.Errorf("back %d:\n%s", back, words(u))
	}
	if press(t, u, "Volver"); back != 1 {
		t.Errorf("back %d", back)
	}
}

func TestTheStateBarMakesRoomForTheKeysOnASmallScreen(t *testing.T) {
	for _, s := range sizes {
		var page *screens.RegisterData
		u := onPage(t, s, domain.Spanish, func(e screens.Env) screens.Body {
			page = screens.NewRegisterData(e, kiosk.PersonData{}, screens.DataActions{})
			return page
		})
		small := s.name == "800x480"
		if u.router.bar.Visible() == small {
			t.Errorf("%s, typing: the state bar is seen: %v", s.name, u.router.bar.Visible())
		}
		page.Form().SetTyping(false)
		if !u.router.bar.Visible() || button(u, "Continuar") == nil || button(u, "Volver") == nil {
			t.Errorf("%s, not typing: no state bar, or no way on or back", s.name)
		}
	}
}
