package ui

import (
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/ui/screens"
	"agentid/ui/widgets"
)

// page is a page of registration or validation, with values worth looking at.
// The machine does not know these states yet; the router is told of them by
// makePage.
type page struct {
	name string
	make func(screens.Env) screens.Body
}

// longData is as long as people's names and addresses get.
var longData = screens.Data{
	Name:     "María de los Ángeles Fernández-Villaverde y García de la Concha",
	Document: "Y-1234567-X",
	Contact:  "maria.de.los.angeles.fernandez-villaverde@correo.universidad.example",
}

func consentText(lang domain.Lang) assets.ConsentText {
	c, err := assets.ConsentFor(assets.ConsentVersion, string(lang), "Banco Norte", 24)
	if err != nil {
		panic(err) // the text is embedded
	}
	return c
}

func pages() []page {
	nothing := func() {}
	capture := func(c screens.Coach, p float64) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewRegisterCapture(e, screens.Capture{Coach: c, Progress: p},
				screens.CaptureActions{Back: nothing, Cancel: nothing})
		}
	}
	ask := func(p domain.Purpose, a widgets.Answer, n int) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewRegisterConsent(e, screens.Question{Text: consentText(e.Lang), Purpose: p, Answer: a, N: n, Of: 2},
				screens.ConsentActions{Back: nothing, Cancel: nothing, Read: nothing})
		}
	}
	data := func(d screens.Data, then func(*widgets.Form)) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			r := screens.NewRegisterData(e, d, screens.DataActions{Back: nothing, Cancel: nothing})
			if then != nil {
				then(r.Form())
			}
			return r
		}
	}
	notice := func(at int) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewRegisterNotice(e, screens.Notice{Text: consentText(e.Lang), Page: at}, screens.NoticeActions{Back: nothing})
		}
	}
	pin := func(entered ...string) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			r := screens.NewRegisterPIN(e, screens.PINActions{Back: nothing, Cancel: nothing})
			for _, p := range entered {
				for _, d := range p {
					r.Pad().TypedRune(d)
				}
				if len(p) == domain.PINDigits {
					r.Pad().Keyboard().OnEnter()
				}
			}
			return r
		}
	}
	badge := func(given string, p screens.Printing) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewRegisterBadge(e, screens.BadgeView{
				Given: given, Modules: modules(53), Expires: start.AddDate(1, 0, 0), Printing: p,
			}, screens.BadgeActions{})
		}
	}
	result := func(o screens.Outcome, given string) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewValidateResult(e, screens.Result{Outcome: o, Given: given, Until: start.Add(time.Minute)}, screens.ResultActions{})
		}
	}
	scan := func(s screens.Scan) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewValidateScan(e, s, screens.ScanActions{Back: nothing})
		}
	}
	try := func(v screens.PINTry) func(screens.Env) screens.Body {
		return func(e screens.Env) screens.Body {
			return screens.NewValidatePIN(e, v, screens.TryActions{Back: nothing})
		}
	}
	submit := func(f *widgets.Form) { f.OnSubmit() }
	return []page{
		{"register-notice", notice(0)}, {"register-notice-2", notice(1)}, {"register-notice-3", notice(2)},
		{"register-data", data(screens.Data{}, nil)},
		{"register-data-contact", data(longData, func(f *widgets.Form) { f.Activate(2) })},
		{"register-data-wrong", data(screens.Data{Name: "Íñigo Muñoz-Pérez", Document: "12", Contact: "inigo@"}, submit)},
		{"register-data-wrong-contact", data(screens.Data{Name: "Íñigo Muñoz-Pérez", Document: "12345678Z", Contact: "inigo@"}, submit)},
		{"register-data-written", data(longData, nil)},
		{"register-data-checked", data(screens.Data{Contact: "12"}, func(f *widgets.Form) { f.OnSubmit(); f.SetTyping(false) })},
		{"register-consent-data", ask(domain.PurposeData, widgets.Unanswered, 1)},
		{"register-consent-face", ask(domain.PurposeFace, widgets.Yes, 2)},
		{"register-consent-refused", ask(domain.PurposeFace, widgets.No, 2)},
		{"register-consent-data-refused", ask(domain.PurposeData, widgets.No, 1)},
		{"register-capture", capture(screens.CoachStart, 0)},
		{"register-capture-one", capture(screens.CoachOnePerson, 0.4)},
		{"register-capture-turn", capture(screens.CoachTurn, 0.7)},
		{"register-capture-done", capture(screens.CoachDone, 1)},
		{"register-pin", pin("12")},
		{"register-pin-weak", pin("123456")},
		{"register-pin-repeat", pin("493817", "4938")},
		{"register-pin-differ", pin("493817", "493818")},
		{"register-badge", badge("Maximiliano-Bartolomé", screens.PrinterReady)},
		{"register-badge-failed", badge("", screens.PrinterFailed)},
		{"validate-scan", scan(screens.Scan{})},
		{"validate-scan-found", scan(screens.Scan{Found: true})},
		{"validate-scan-unreadable", scan(screens.Scan{Unreadable: true})},
		{"validate-look", func(e screens.Env) screens.Body {
			return screens.NewValidateLook(e, screens.Capture{Coach: screens.CoachLookAhead, Progress: 0.3}, screens.LookActions{Back: nothing})
		}},
		{"validate-pin", try(screens.PINTry{})},
		{"validate-pin-wrong", try(screens.PINTry{Wrong: true, Left: 2})},
		{"validate-pin-locked", try(screens.PINTry{Locked: 30 * time.Second})},
		{"result-ok", result(screens.OutcomeOK, "Maximiliano-Bartolomé")},
		{"result-no", result(screens.OutcomeNo, "")},
		{"result-other", result(screens.OutcomeOther, "")},
		{"result-wait", result(screens.OutcomeWait, "")},
		{"result-registered", result(screens.OutcomeRegistered, "")},
		{"still-there", func(e screens.Env) screens.Body {
			under := screens.NewRegisterData(e, longData, screens.DataActions{})
			return screens.NewStillThere(e, under, start.Add(10*time.Second), 10*time.Second, screens.StillActions{})
		}},
	}
}

func makePage(e screens.Env, v kiosk.View) screens.Body {
	for _, p := range pages() {
		if string(v.State) == p.name {
			return p.make(e)
		}
	}
	return screens.New(e, v)
}

// modules draws what looks like a QR code of that side: three finders, and
// noise between them. Nothing is written in it.
func modules(side int) [][]bool {
	m := make([][]bool, side)
	seed := uint32(7)
	for y := range m {
		m[y] = make([]bool, side)
		for x := range m[y] {
			seed = seed*1664525 + 1013904223
			m[y][x] = seed>>31 == 1
		}
	}
	for _, at := range [][2]int{{0, 0}, {side - 7, 0}, {0, side - 7}} {
		for y := -1; y < 8; y++ {
			for x := -1; x < 8; x++ {
				px, py := at[0]+x, at[1]+y
				if px < 0 || py < 0 || px >= side || py >= side {
					continue
				}
				ring := max(max(x-3, 3-x), max(y-3, 3-y))
				m[py][px] = ring == 3 || ring <= 1
			}
		}
	}
	return m
}
