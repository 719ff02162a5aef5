package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/kiosk"
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

func TestPagesShowNoKeys(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	key := regexp.MustCompile(`\b(register(_\w+)?|capture|pin|badge|validate|result|field|steps|keyboard|still)\.\w+`)
	texts := map[string]string{}
	for _, p := range pages() {
		for _, lang := range languages {
			show(u, state{name: p.name, view: kiosk.View{State: kiosk.State(p.name)}}, lang)
			got := words(u)
			if m := key.FindString(got); m != "" {
				t.Errorf("%s in %s shows the key %s", p.name, lang, m)
			}
			if before, ok := texts[got]; ok && !strings.HasPrefix(p.name, "register-notice") {
				t.Errorf("%s reads as %s does", p.name, before)
			}
			texts[got] = p.name + " in " + string(lang)
		}
	}
}

func TestEveryButtonOfAPageIsTold(t *testing.T) {
	var told []string
	tell := func(what string) func() { return func() { told = append(told, what) } }
	modules := modules(53)
	for _, c := range []struct {
		name string
		make func(screens.Env) screens.Body
		taps map[string]string // words of a button: what is told
	}{
		{"notice", func(e screens.Env) screens.Body {
			return screens.NewRegisterNotice(e, screens.Notice{Text: consentText(e.Lang)}, screens.NoticeActions{
				Language: func(l domain.Lang) { told = append(told, "language "+string(l)) },
				Continue: tell("continue"), Back: tell("back"),
			})
		}, map[string]string{"English": "language en", "Español": "language es", "Continuar": "continue", "Volver": "back"}},
		{"capture", func(e screens.Env) screens.Body {
			return screens.NewRegisterCapture(e, screens.Capture{}, screens.CaptureActions{Skip: tell("skip"), Back: tell("back"), Cancel: tell("cancel")})
		}, map[string]string{"Seguir sin rostro": "skip", "Volver": "back", "Cancelar": "cancel"}},
		{"badge", func(e screens.Env) screens.Body {
			return screens.NewRegisterBadge(e, screens.BadgeView{Modules: modules, Printing: screens.PrinterReady}, screens.BadgeActions{Print: tell("print"), Finish: tell("finish")})
		}, map[string]string{"Imprimir": "print", "Terminar": "finish"}},
		{"scan", func(e screens.Env) screens.Body {
			return screens.NewValidateScan(e, screens.Scan{}, screens.ScanActions{NoBadge: tell("no badge"), Staff: tell("staff"), Back: tell("back")})
		}, map[string]string{"No tengo mi código": "no badge", "Llamar a una persona": "staff", "Volver": "back"}},
		{"look", func(e screens.Env) screens.Body {
			return screens.NewValidateLook(e, screens.Capture{}, screens.LookActions{UsePIN: tell("pin"), Staff: tell("staff"), Back: tell("back")})
		}, map[string]string{"Usar mi PIN": "pin", "Llamar a una persona": "staff", "Volver": "back"}},
		{"pin", func(e screens.Env) screens.Body {
			return screens.NewValidatePIN(e, screens.PINTry{}, screens.TryActions{Forgot: tell("forgot"), Back: tell("back")})
		}, map[string]string{"No recuerdo mi PIN": "forgot", "Volver": "back"}},
		{"no", func(e screens.Env) screens.Body {
			return screens.NewValidateResult(e, screens.Result{Outcome: screens.OutcomeNo}, screens.ResultActions{Finish: tell("finish"), Staff: tell("staff")})
		}, map[string]string{"Terminar": "finish", "Llamar a una persona": "staff"}},
		{"another way", func(e screens.Env) screens.Body {
			return screens.NewValidateResult(e, screens.Result{Outcome: screens.OutcomeOther}, screens.ResultActions{Retry: tell("retry"), UsePIN: tell("pin"), Staff: tell("staff")})
		}, map[string]string{"Probar otra vez": "retry", "Usar mi PIN": "pin", "Llamar a una persona": "staff"}},
		{"an outcome from the future", func(e screens.Env) screens.Body {
			return screens.NewValidateResult(e, screens.Result{Outcome: "maybe"}, screens.ResultActions{Finish: tell("finish")})
		}, map[string]string{"Terminar": "finish"}},
	} {
		for words, want := range c.taps {
			u := onPage(t, sizes[0], domain.Spanish, c.make)
			told = nil
			press(t, u, words)
			if !slices.Equal(told, []string{want}) {
				t.Errorf("%s, %q: told %v, want %q", c.name, words, told, want)
			}
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
				for _, a := range []widgets.Answer{widgets.Unanswered, widgets.No} {
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
	var told []string
	note := func(what string) func(domain.Purpose, widgets.Answer) {
		return func(p domain.Purpose, a widgets.Answer) { told = append(told, fmt.Sprint(what, " ", p, " ", a)) }
	}
	u := onPage(t, sizes[1], domain.Spanish, func(e screens.Env) screens.Body {
		return screens.NewRegisterConsent(e, screens.Question{Text: consentText(e.Lang), Purpose: domain.PurposeFace, N: 2, Of: 2},
			screens.ConsentActions{Answer: note("answer"), Continue: note("continue")})
	})
	press(t, u, "Continuar")
	if len(told) != 0 || !strings.Contains(words(u), "Elija una de las dos respuestas") {
		t.Errorf("without an answer: told %v", told)
	}
	press(t, u, "No acepto")
	press(t, u, "Continuar")
	press(t, u, "Acepto")
	press(t, u, "Continuar")
	if want := []string{"answer face 2", "continue face 2", "answer face 1", "continue face 1"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
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
			page = screens.NewRegisterData(e, screens.Data{}, screens.DataActions{})
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

func TestStillThereHidesWhatWasWritten(t *testing.T) {
	var told []string
	var over *screens.StillThere
	u := onPage(t, sizes[0], domain.Spanish, func(e screens.Env) screens.Body {
		under := screens.NewRegisterData(e, longData, screens.DataActions{})
		over = screens.NewStillThere(e, under, start.Add(10*time.Second), 10*time.Second, screens.StillActions{
			Stay: func() { told = append(told, "stay") }, Leave: func() { told = append(told, "leave") },
		})
		return over
	})
	if got := words(u); strings.Contains(got, longData.Name) || strings.Contains(got, "Y-123") || !strings.Contains(got, "¿Sigue ahí?") || !strings.Contains(got, "10") {
		t.Errorf("it shows:\n%s", got)
	}
	press(t, u, "Sí, sigo aquí")
	press(t, u, "Salir")
	if !slices.Equal(told, []string{"stay", "leave"}) {
		t.Errorf("told %v", told)
	}
	over.Close()
	if !strings.Contains(words(u), longData.Name) {
		t.Error("what was written does not come back")
	}
}
