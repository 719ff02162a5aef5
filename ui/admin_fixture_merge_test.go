package ui

import (
	"image"
	"image/color"
	"time"

	"agentid/app/kiosk"
)

// staffBadges is an account with its badges.
func (b branch) staffBadges() kiosk.Admin {
	a := b.staff()
	row := func(id string, from, until int, state kiosk.Cell) kiosk.Row {
		return kiosk.Row{Cells: []kiosk.Cell{text(id), day(from), {Kind: kiosk.CellDay, Time: start.AddDate(0, 0, until)}, state}}
	}
	a.Detail = &kiosk.Detail{
		ID: "s1", Title: plainWords("Raúl Paz"),
		Fields: []kiosk.DetailField{
			{Label: key("col.login"), Value: text("rpaz")}, {Label: key("col.role"), Value: said("role.staff", "")},
			{Label: key("col.added"), Value: day(40)}, {Label: key("col.state"), Value: said("account.open", kiosk.ToneOK)},
			{Label: key("col.failures"), Value: num(0, 0)},
		},
		Tables: []kiosk.Table{{
			Columns: []kiosk.Column{colKey("badge", 3), colKey("from", 2), colKey("until", 2), colKey("state", 3)}, Total: -1,
			Rows: []kiosk.Row{
				row("…5e6f7180", 3, 362, said("badge_state.holds", kiosk.ToneOK)), row("…0a1b2c3d", 40, 325, said("badge_state.revoked", kiosk.ToneStop)),
			},
			Do: []kiosk.AdminButton{
				doKey("staff.badge", "staff_badge_again", "retry"), doKey("staff.badge_print", "print", "printer"),
				doKey("staff.badge_save", "save_card", "download"), grave(doKey("staff.badge_revoke", "revoke", "cross")),
			},
		}},
		Do: []kiosk.AdminButton{
			doKey("staff.pin", "staff_pin", "edit"), doKey("staff.role", "staff_role", "user"), grave(doKey("staff.close", "staff_close", "trash")),
		},
	}
	return a
}

// staffCard is a badge of staff just made.
func (b branch) staffCard() kiosk.Admin {
	a := b.staff()
	img := image.NewRGBA(image.Rect(0, 0, 424, 424))
	for y := range 424 {
		for x := range 424 {
			c := color.RGBA{255, 255, 255, 255}
			if m := 32; x >= m && y >= m && x < 424-m && y < 424-m && (x/8*7+y/8*13)%5 < 2 {
				c = color.RGBA{0, 0, 0, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	a.Notice, a.Tone = key("said.staff_badge_made"), kiosk.ToneOK
	a.Detail = &kiosk.Detail{
		ID: "s1", Title: key("badge_of", "Name", "Raúl Paz"), Picture: img,
		Fields: []kiosk.DetailField{
			{Label: key("col.badge"), Value: text("…5e6f7180")},
			{Label: key("col.until"), Value: kiosk.Cell{Kind: kiosk.CellDay, Time: start.Add(365 * 24 * time.Hour)}},
		},
		Do: []kiosk.AdminButton{doKey("staff.badge_print", "print", "printer"), doKey("staff.badge_save", "save_card", "download")},
	}
	return a
}

// mergeChoose proposes who may be the same person.
func (b branch) mergeChoose() kiosk.Admin {
	a := b.base(kiosk.PagePeople)
	t := &kiosk.Table{
		Columns: []kiosk.Column{colKey("name", 4), colKey("document", 2), colKey("alike", 3), minor(colKey("registered", 2))},
		Search:  key("hint.merge"), From: 1, To: 3, Total: -1, Do: []kiosk.AdminButton{doKey("people.merge_cancel", "merge_cancel", "cross")},
	}
	for i, x := range []struct {
		name, doc, why string
		tone           kiosk.Tone
	}{
		{"María de los Angeles Etcheverri", "…881K", "alike.both", kiosk.ToneWarn}, {"Ángeles Etcheverry", "", "alike.face", kiosk.ToneWarn},
		{"María Etcheverry", "…1077", "alike.name", kiosk.ToneInfo},
	} {
		t.Rows = append(t.Rows, kiosk.Row{ID: "p2+q" + x.doc, Cells: []kiosk.Cell{text(x.name), text(x.doc), said(x.why, x.tone), day(20 * (i + 1))}})
	}
	a.Table = t
	a.Notice, a.Tone = key("merge_choose", "Name", people[2]), kiosk.ToneInfo
	return a
}

// merge shows two records beside each other.
func (b branch) merge() kiosk.Admin {
	a := b.base(kiosk.PagePeople)
	yes, no := said("yes", kiosk.ToneOK), said("no", "")
	label := key("col.merge_note")
	note := func(k string, t kiosk.Tone, pairs ...string) kiosk.DetailField {
		defer func() { label = kiosk.Words{} }()
		return kiosk.DetailField{Label: label, Value: kiosk.Cell{Kind: kiosk.CellWords, Words: key("merge_note."+k, pairs...), Tone: t}}
	}
	what := colKey("merge_what", 2)
	what.Whole = true
	t := kiosk.Table{Columns: []kiosk.Column{what, colKey("merge_keep", 3), colKey("merge_gone", 3), colKey("merge_after", 3)}, Total: -1}
	line := func(k string, cells ...kiosk.Cell) {
		t.Rows = append(t.Rows, kiosk.Row{Cells: append([]kiosk.Cell{said("col."+k, "")}, cells...)})
	}
	line("name", text(people[2]), text("María de los Angeles Etcheverri"), text(people[2]))
	line("merge_document", text("…567X"), text("…881K"), text("…567X"))
	line("contact", text(""), text("angeles.etcheverri@correo.example"), toned(text("angeles.etcheverri@correo.example"), kiosk.ToneOK))
	line("registered", day(200), day(20), day(200))
	line("consent_data", yes, yes, yes)
	line("consent_face", yes, yes, yes)
	line("merge_face", num(2, 0), num(5, 0), num(7, 0))
	line("badges", num(1, 0), num(1, 0), num(1, 0))
	line("pin", no, yes, no)
	line("second_factor", no, yes, yes)
	line("attempts", num(0, 0), toned(at(-12), kiosk.ToneStop), toned(at(-12), kiosk.ToneStop))
	line("history", said("merge_stays", ""), said("merge_stays", ""), said("merge_both", ""))
	a.Detail = &kiosk.Detail{
		ID: "p2+q+s", Title: key("merge_title"),
		Fields: []kiosk.DetailField{
			{Label: key("col.merge_keep"), Value: toned(kiosk.Cell{Kind: kiosk.CellWords, Words: key("merge_who", "Name", people[2], "Tail", "567X")}, kiosk.ToneOK)},
			{Label: key("col.merge_gone"), Value: toned(kiosk.Cell{Kind: kiosk.CellWords, Words: key("merge_who", "Name", "María de los Angeles Etcheverri", "Tail", "881K")}, kiosk.ToneStop)},
			note("document", kiosk.ToneWarn, "Tail", "881K"), note("pin", kiosk.ToneWarn), note("badges", kiosk.ToneWarn)},
		Tables: []kiosk.Table{t},
		Do:     []kiosk.AdminButton{grave(doKey("people.merge", "merge", "check")), doKey("people.merge_swap", "merge_swap", "retry")},
	}
	return a
}

// mergeOtherWay is a record that has no consent to take another in.
func (b branch) mergeOtherWay() kiosk.Admin {
	a := b.merge()
	d := a.Detail
	data, face := d.Fields[2], d.Fields[3]
	data.Value.Words, data.Value.Tone, face.Value.Words = key("merge_note.data"), kiosk.ToneStop, key("merge_note.face_taken")
	d.Fields = append(d.Fields[:2:2], append([]kiosk.DetailField{data, face}, d.Fields[3:]...)...)
	d.Do = d.Do[1:]
	a.Notice, a.Tone = key("said.merge_consent"), kiosk.ToneWarn
	return a
}

func (b branch) mergeSure() kiosk.Admin {
	a := b.merge()
	a.Confirm = &kiosk.Confirm{
		Do: "people.merge", Title: key("sure.merge", "Name", people[2]), NeedsPIN: true, Yes: key("do.merge"),
		Text: key("sure.merge_text_document", "Gone", "María de los Angeles Etcheverri", "Tail", "881K"),
	}
	return a
}
