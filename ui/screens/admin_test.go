package screens

import (
	"math"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
)

func TestAdminValues(t *testing.T) {
	texts, err := assets.LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("here", -3*3600)
	now := time.Date(2026, 3, 4, 10, 30, 0, 0, zone)
	es := Env{Texts: texts, Lang: domain.Spanish, Now: func() time.Time { return now }}
	en := es
	en.Lang = domain.English
	at := func(k kiosk.CellKind, t time.Time) kiosk.Cell { return kiosk.Cell{Kind: k, Time: t} }
	num := func(k kiosk.CellKind, v float64, digits int) kiosk.Cell {
		return kiosk.Cell{Kind: k, Number: v, Digits: digits}
	}
	for _, c := range []struct {
		cell   kiosk.Cell
		es, en string
	}{
		{num(kiosk.CellNumber, 12345.678, 2), "12\u202f345,68", "12,345.68"},
		{num(kiosk.CellNumber, -0.0001, 2), "0,00", "0.00"},
		{num(kiosk.CellNumber, -7, 0), "-7", "-7"},
		{num(kiosk.CellNumber, math.NaN(), 2), "—", "—"},
		{num(kiosk.CellNumber, math.Inf(1), 2), "—", "—"},
		{num(kiosk.CellNumber, 1e300, 0), "1e+300", "1e+300"},
		{num(kiosk.CellNumber, 0.5, 99), "0,500000", "0.500000"},
		{num(kiosk.CellPercent, 0.973, 1), "97,3\u202f%", "97.3%"},
		{num(kiosk.CellPercent, math.NaN(), 1), "—", "—"},
		{num(kiosk.CellBytes, 0, 0), "0\u00a0B", "0\u00a0B"},
		{num(kiosk.CellBytes, 8135106, 0), "8,1\u00a0MB", "8.1\u00a0MB"},
		{num(kiosk.CellBytes, 184320, 0), "184\u00a0kB", "184\u00a0kB"},
		{at(kiosk.CellTime, now.Add(-20*time.Minute).UTC()), "10:10", "10:10 AM"},
		{at(kiosk.CellTime, now.Add(-24*time.Hour)), "Ayer 10:30", "Yesterday 10:30 AM"},
		{at(kiosk.CellTime, now.AddDate(-1, 0, 0)), "4 mar 2025 10:30", "Mar 4 2025 10:30 AM"},
		{at(kiosk.CellTime, time.Time{}), "—", "—"},
		{at(kiosk.CellDay, now.UTC()), "Hoy", "Today"},
		{at(kiosk.CellDay, now.AddDate(0, 0, -3)), "1 mar", "Mar 1"},
		{at(kiosk.CellAge, now), "ahora", "now"},
		{at(kiosk.CellAge, now.Add(time.Hour)), "ahora", "now"},
		{at(kiosk.CellAge, now.Add(-59*time.Minute)), "hace 59 min", "59 min ago"},
		{at(kiosk.CellAge, now.Add(-47*time.Hour)), "hace 47 h", "47 h ago"},
		{at(kiosk.CellAge, now.Add(-49*time.Hour)), "hace 2 días", "2 days ago"},
		{kiosk.Cell{Words: kiosk.Words{Plain: "as it is"}}, "as it is", "as it is"},
		{kiosk.Cell{Words: kiosk.Words{Key: "ui.leave"}}, "Salir", "Sign out"},
		{kiosk.Cell{Words: kiosk.Words{Key: "ui.age_hours", Values: map[string]string{"N": "{{.X}}"}}}, "hace {{.X}} h", "{{.X}} h ago"},
		{kiosk.Cell{Words: kiosk.Words{Key: "no.such.key_at_all"}}, "key at all", "key at all"},
		{kiosk.Cell{Words: kiosk.Words{Key: "missing"}}, "missing", "missing"},
		{kiosk.Cell{Words: kiosk.Words{Key: "missing", Values: map[string]string{"Number": "3"}}}, "missing", "missing"},
		{kiosk.Cell{Words: kiosk.Words{Key: "ends.with."}}, "", ""},
	} {
		if got := es.value(c.cell, false); got != c.es {
			t.Errorf("%+v: %q, want %q", c.cell, got, c.es)
		}
		if got := en.value(c.cell, false); got != c.en {
			t.Errorf("%+v: %q, want %q", c.cell, got, c.en)
		}
	}
	if got := es.value(at(kiosk.CellTime, now), true); got != "4 de marzo de 2026, 10:30:00" {
		t.Errorf("in full: %q", got)
	}
}

func TestEveryPageHasItsNameAndSign(t *testing.T) {
	texts, err := assets.LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []domain.Lang{domain.Spanish, domain.English} {
		e := Env{Texts: texts, Lang: lang}
		for p := range pageIcons {
			if !texts.Has(string(lang), "admin.ui.page."+string(p)) {
				t.Errorf("%s has no name in %s", p, lang)
			}
			if _, err := e.pageIcon(p).SVG(); err != nil {
				t.Error(err)
			}
		}
	}
	if len(pageIcons) != 12 {
		t.Errorf("%d pages", len(pageIcons))
	}
	for name, i := range buttonIcons {
		if _, err := i.SVG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
