package ui

import (
	"agentid/app/kiosk"
)

// key is a cell in the words of the texts, as the tab really has it.

// settingOfCentre is a setting that the branch cannot change.
func (b branch) settingOfCentre() kiosk.Admin {
	a := b.system()
	a.Detail = &kiosk.Detail{ID: "recognition.votes", Title: plainWords("recognition.votes"), Fields: []kiosk.DetailField{
		fieldKey("help", b.say("cuadros que deben coincidir", "frames that must agree", "")), fieldKey("value", text("4")),
		fieldKey("live", said("live.now", "")), fieldKey("fixed", said("setting_fixed.centre", kiosk.ToneInfo)),
	}}
	return a
}

// staffOfCentre is an account that waits for its PIN.
func (b branch) staffOfCentre() kiosk.Admin {
	a := b.staff()
	a.Detail = &kiosk.Detail{ID: "s0", Title: plainWords("Lucía Vega"), Fields: []kiosk.DetailField{
		fieldKey("login", text("lucia")), fieldKey("role", said("role.admin", "")), fieldKey("added", at(30)),
		fieldKey("state", said("account.no_pin", kiosk.ToneWarn)), fieldKey("fixed", said("account.centre", kiosk.ToneInfo)), fieldKey("failures", num(0, 0)),
	}, Do: []kiosk.AdminButton{
		{ID: "staff.pin", Label: kiosk.Words{Key: "do.staff_pin"}, Icon: "edit"},
		{ID: "staff.close", Label: kiosk.Words{Key: "do.staff_close"}, Icon: "trash", Grave: true},
	}}
	return a
}

// caseAnswered is a case that the centre has answered.
func (b branch) caseAnswered() kiosk.Admin {
	a := b.cases()
	a.Notice = kiosk.Words{}
	a.Detail = &kiosk.Detail{ID: "c1", Title: kiosk.Words{Key: "case_of", Values: map[string]string{"ID": "7F3A"}}, Fields: []kiosk.DetailField{
		fieldKey("question", b.say("¿Cuándo llega mi tarjeta nueva?", "When does my new card come?", "")),
		fieldKey("answer", toned(b.say("Su tarjeta nueva está en la sucursal. Puede retirarla desde mañana, con su documento, de 10 a 15.", "Your new card is at the branch. You can fetch it from tomorrow on, with your document, from 10 to 15.", ""), kiosk.ToneOK)),
		fieldKey("answered_by", text("Ana Ruiz, atención al cliente")), fieldKey("answered_at", at(12)),
		fieldKey("at", at(95)),
		fieldKey("why", said("case_reason.asked", "")), fieldKey("state", said("case_state.answered", kiosk.ToneOK)), fieldKey("person", text("Lucía Vega")),
	}, Tables: []kiosk.Table{{
		Columns: []kiosk.Column{{Label: kiosk.Words{Key: "col.who"}, Share: 2}, {Label: kiosk.Words{Key: "col.said"}, Share: 8}}, Total: -1,
		Rows: []kiosk.Row{
			{Cells: []kiosk.Cell{said("said_by.visitor", ""), b.say("¿Cuándo llega mi tarjeta nueva?", "When does my new card come?", "")}},
			{Cells: []kiosk.Cell{said("said_by.kiosk", ""), b.say("Llamo a una persona.", "I am calling a person.", "")}},
		},
	}}, Do: []kiosk.AdminButton{{ID: "cases.close", Label: kiosk.Words{Key: "do.case_close"}, Icon: "check"}}}
	return a
}
