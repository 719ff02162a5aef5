package ui

import (
	"fmt"
	"image"
	"image/color"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// branch writes the pages of a busy branch in one language, as the use cases
// would; the words are text, as the screen knows no page.
type branch struct{ lang domain.Lang }

func (b branch) t(es, en string) kiosk.Words {
	if b.lang == domain.English {
		return kiosk.Words{Plain: en}
	}
	return kiosk.Words{Plain: es}
}

func plainWords(s string) kiosk.Words { return kiosk.Words{Plain: s} }

func (b branch) say(es, en string, t kiosk.Tone) kiosk.Cell {
	return kiosk.Cell{Kind: kiosk.CellWords, Words: b.t(es, en), Tone: t}
}

func text(s string) kiosk.Cell { return kiosk.Cell{Kind: kiosk.CellWords, Words: plainWords(s)} }

func num(v float64, digits int) kiosk.Cell {
	return kiosk.Cell{Kind: kiosk.CellNumber, Number: v, Digits: digits}
}
func toned(c kiosk.Cell, t kiosk.Tone) kiosk.Cell { c.Tone = t; return c }
func at(minutes int) kiosk.Cell {
	return kiosk.Cell{Kind: kiosk.CellTime, Time: start.Add(-time.Duration(minutes) * time.Minute)}
}
func ago(minutes int) kiosk.Cell { c := at(minutes); c.Kind = kiosk.CellAge; return c }

func (b branch) col(es, en string, share float64) kiosk.Column {
	return kiosk.Column{Label: b.t(es, en), Share: share}
}
func right(c kiosk.Column) kiosk.Column { c.Right = true; return c }
func minor(c kiosk.Column) kiosk.Column { c.Minor = true; return c }

func (b branch) button(id, es, en, icon string) kiosk.AdminButton {
	return kiosk.AdminButton{ID: id, Label: b.t(es, en), Icon: icon}
}
func grave(a kiosk.AdminButton) kiosk.AdminButton   { a.Grave = true; return a }
func primary(a kiosk.AdminButton) kiosk.AdminButton { a.Main = true; return a }

func (b branch) figure(es, en string, c kiosk.Cell) kiosk.Figure {
	return kiosk.Figure{Label: b.t(es, en), Value: c}
}

func (b branch) field(es, en string, c kiosk.Cell) kiosk.DetailField {
	return kiosk.DetailField{Label: b.t(es, en), Value: c}
}

var people = []string{
	"Lucía Fernández", "Íñigo Muñoz-Pérez", "María de los Ángeles Etcheverry", "Jorge Pacheco", "Ana Sosa", "Camila Benítez",
	"Hugo Ledesma", "Rosa Quispe Mamani", "Pedro Alonso", "Valentina Ríos", "Esteban Giménez", "Noelia Cabrera",
	"Tomás Herrera", "Silvia Domínguez", "Raúl Paz", "Florencia Ibáñez", "Mateo Vidal", "Carla Núñez", "Óscar Leiva", "Julia Sandoval",
}

func (b branch) base(p kiosk.AdminPage) kiosk.Admin {
	return kiosk.Admin{
		Step: kiosk.AdminOpen, Who: "Marta López", Role: domain.RoleAdmin, Page: p,
		Pages: []kiosk.AdminPage{
			kiosk.PageToday, kiosk.PagePeople, kiosk.PageEvents, kiosk.PageReview, kiosk.PageCases, kiosk.PageFAQ,
			kiosk.PageCameras, kiosk.PageSync, kiosk.PageRecognition, kiosk.PageStaff, kiosk.PageAudit, kiosk.PageSystem,
		},
	}
}

func hours(from, to int) (out []string) {
	for h := from; h <= to; h++ {
		out = append(out, fmt.Sprintf("%d:00", h))
	}
	return out
}

func (b branch) today() kiosk.Admin {
	a := b.base(kiosk.PageToday)
	a.Figures = []kiosk.Figure{
		b.figure("Dentro ahora", "Inside now", toned(num(14, 0), kiosk.ToneInfo)),
		b.figure("Visitas hoy", "Visits today", num(187, 0)),
		b.figure("Validadas", "Validated", toned(num(163, 0), kiosk.ToneOK)),
		b.figure("No validadas", "Not validated", toned(num(9, 0), kiosk.ToneWarn)),
	}
	a.Plots = []kiosk.Plot{
		{Kind: kiosk.PlotBars, Title: b.t("Visitas por hora", "Visits by the hour"), Unit: b.t("personas", "people"), Labels: hours(8, 17),
			Series: []kiosk.Series{{Label: b.t("Visitas", "Visits"), Values: []float64{12, 31, 42, 38, 27, 14, 9, 8, 6, 0}}}},
		{Kind: kiosk.PlotBars, Title: b.t("Por qué no", "Why not"), Labels: b.list("Rostro|PIN|QR vencido|Otra", "Face|PIN|QR expired|Other"),
			Series: []kiosk.Series{{Label: b.t("Casos", "Cases"), Values: []float64{4, 3, 1, 1}, Tone: kiosk.ToneWarn}}},
	}
	t := &kiosk.Table{
		Columns: []kiosk.Column{b.col("Quién está dentro", "Who is inside", 3), b.col("Entró", "Came in", 1.5), b.col("Cómo", "How", 1.5)},
		From:    1, To: 14, Total: 14,
		Do: []kiosk.AdminButton{b.button("evacuate", "Lista de evacuación", "Evacuation list", "printer"), b.button("export", "Exportar", "Export", "download")},
	}
	for i := range 14 {
		how := b.say("Rostro y QR", "Face and QR", kiosk.ToneOK)
		if i%4 == 3 {
			how = b.say("Por el equipo", "By staff", kiosk.ToneInfo)
		}
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("p", i), Cells: []kiosk.Cell{text(people[i]), ago(3 + 11*i), how}})
	}
	a.Table = t
	return a
}

func (b branch) list(es, en string) (out []string) {
	s, from := b.t(es, en).Plain, 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '|' {
			out, from = append(out, s[from:i]), i+1
		}
	}
	return out
}

func (b branch) peopleList() kiosk.Admin {
	a := b.base(kiosk.PagePeople)
	t := &kiosk.Table{
		Columns: []kiosk.Column{b.col("Nombre", "Name", 3), b.col("Documento", "Document", 1.5), minor(b.col("Rostro", "Face", 1.5)), b.col("Última visita", "Last visit", 1.5)},
		Search:  b.t("Nombre o documento", "Name or document"),
		Filters: []kiosk.Choice{{ID: "state", Label: b.t("Estado", "Status"), Value: "all", Options: []kiosk.Option{
			{Value: "all", Label: b.t("Todos", "All")}, {Value: "face", Label: b.t("Con rostro", "With face")}, {Value: "none", Label: b.t("Sin rostro", "Without face")},
		}}},
		From: 1, To: 20, Total: 12345, Next: true,
		Do: []kiosk.AdminButton{b.button("export", "Exportar", "Export", "download")},
	}
	for i, name := range people {
		face := b.say("Listo", "Ready", kiosk.ToneOK)
		if i%5 == 2 {
			face = b.say("Sin rostro", "No face", kiosk.ToneNone)
		}
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("p", i), Cells: []kiosk.Cell{text(name), text(fmt.Sprintf("•••• %03d", 137*i%1000)), face, at(60 + 700*i)}})
	}
	a.Table = t
	return a
}

func (b branch) person() kiosk.Admin {
	a := b.peopleList()
	a.Table.Rows[2].Mark = true
	a.Detail = &kiosk.Detail{
		ID: "p2", Title: plainWords(people[2]),
		Fields: []kiosk.DetailField{
			b.field("Documento", "Document", text("•••• 274")), b.field("Contacto", "Contact", text("m•••••@correo.es")),
			b.field("Registrada", "Registered", kiosk.Cell{Kind: kiosk.CellDay, Time: start.AddDate(0, -7, 3)}),
			b.field("Permiso de rostro", "Consent to face", b.say("Sí, versión 2026-1", "Yes, version 2026-1", kiosk.ToneOK)),
			b.field("Segundo factor", "Second factor", b.say("Siempre: se parece a otra persona", "Always: looks like somebody else", kiosk.ToneWarn)),
		},
		Tables: []kiosk.Table{
			{Columns: []kiosk.Column{b.col("Rostro", "Face", 2), right(b.col("Calidad", "Quality", 1)), b.col("Tomado", "Taken", 2)}, Rows: []kiosk.Row{
				{Cells: []kiosk.Cell{text("dlib v1"), kiosk.Cell{Kind: kiosk.CellPercent, Number: 0.93}, at(9000)}},
				{Cells: []kiosk.Cell{text("dlib v1"), kiosk.Cell{Kind: kiosk.CellPercent, Number: 0.87}, at(9000)}},
			}},
			{Columns: []kiosk.Column{b.col("Credencial", "Badge", 2), b.col("Estado", "Status", 2), b.col("Vence", "Expires", 2)}, Rows: []kiosk.Row{
				{ID: "b1", Cells: []kiosk.Cell{text("…7F3A"), b.say("Vigente", "Valid", kiosk.ToneOK), kiosk.Cell{Kind: kiosk.CellDay, Time: start.AddDate(0, 9, 0)}}},
				{ID: "b0", Cells: []kiosk.Cell{text("…02C1"), b.say("Anulada", "Revoked", kiosk.ToneStop), kiosk.Cell{Kind: kiosk.CellDay, Time: start.AddDate(0, -1, 0)}}},
			}, Do: []kiosk.AdminButton{b.button("badge_new", "Nueva credencial", "New badge", "printer")}},
		},
		Do: []kiosk.AdminButton{
			b.button("edit", "Cambiar datos", "Edit", "edit"), b.button("merge", "Unir con otra", "Merge", "user"),
			grave(b.button("badge_revoke", "Anular credencial", "Revoke badge", "cross")), grave(b.button("erase", "Borrar persona", "Erase person", "trash")),
		},
	}
	return a
}

func (b branch) events() kiosk.Admin {
	a := b.base(kiosk.PageEvents)
	t := &kiosk.Table{
		Columns: []kiosk.Column{b.col("Hora", "Time", 1.3), b.col("Qué pasó", "What happened", 2), b.col("Persona", "Person", 2.2), right(minor(b.col("Parecido", "Likeness", 1))), b.col("Resultado", "Result", 1.6)},
		Filters: []kiosk.Choice{
			{ID: "kind", Label: b.t("Qué", "What"), Value: "all", Options: []kiosk.Option{{Value: "all", Label: b.t("Todo", "Everything")}, {Value: "ok", Label: b.t("Validaciones", "Validations")}}},
			{ID: "when", Label: b.t("Cuándo", "When"), Value: "today", Options: []kiosk.Option{{Value: "all", Label: b.t("Siempre", "Ever")}, {Value: "today", Label: b.t("Hoy", "Today")}}},
		},
		From: 1, To: 20, Total: -1, Next: true, Prev: false,
		Do: []kiosk.AdminButton{b.button("export", "Exportar", "Export", "download")},
	}
	for i := range 20 {
		result := b.say("Validada", "Validated", kiosk.ToneOK)
		switch i % 6 {
		case 2:
			result = b.say("En duda", "In doubt", kiosk.ToneWarn)
		case 5:
			result = b.say("No validada", "Refused", kiosk.ToneStop)
		}
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("e", i), Cells: []kiosk.Cell{at(7 * i), b.say("Validación con QR", "QR validation", ""), text(people[(i*7)%len(people)]), num(0.31+0.011*float64(i), 3), result}})
	}
	a.Table = t
	return a
}

func (b branch) event() kiosk.Admin {
	a := b.events()
	a.Table.Rows[2].Mark = true
	a.Detail = &kiosk.Detail{
		ID: "e2", Title: b.t("Validación de Raúl Paz", "Validation of Raúl Paz"), Picture: theLobby(),
		Fields: []kiosk.DetailField{
			b.field("Hora", "Time", at(14)), b.field("Resultado", "Result", b.say("En duda", "In doubt", kiosk.ToneWarn)),
			b.field("Parecido", "Likeness", num(0.332, 3)), b.field("Segunda persona", "Second person", text("Óscar Leiva, 0.351")),
		},
		Do: []kiosk.AdminButton{
			primary(b.button("not_him", "No es esta persona", "This is not him", "cross")), b.button("confirm", "Sí, es Raúl Paz", "Yes, this is Raúl Paz", "check"),
			b.button("other", "Es otra persona", "Somebody else", "user"),
		},
	}
	return a
}

func smallFace(i int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			c := color.RGBA{uint8(120 + 9*i), 150, uint8(170 - 8*i), 255}
			if dx, dy := x-32, y-24; dx*dx+dy*dy*2/3 < 240 {
				c = color.RGBA{205, uint8(150 + 3*i), 128, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func (b branch) review() kiosk.Admin {
	a := b.base(kiosk.PageReview)
	t := &kiosk.Table{
		Columns: []kiosk.Column{b.col("", "", 0.7), b.col("Visto", "Seen", 1.4), b.col("Motivo", "Reason", 2), b.col("Se parece a", "Looks like", 2)},
		From:    1, To: 8, Total: 8, Empty: b.t("Nada por revisar. Bien hecho.", "Nothing to review."),
	}
	for i := range 8 {
		why, like := b.say("Desconocido", "Unknown", kiosk.ToneNone), text("—")
		if i%3 == 1 {
			why, like = b.say("Parecido a otra persona", "Near-duplicate", kiosk.ToneWarn), text(people[i])
		}
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("r", i), Cells: []kiosk.Cell{{Kind: kiosk.CellPicture, Picture: smallFace(i)}, ago(4 + 13*i), why, like}})
	}
	a.Table = t
	return a
}

func (b branch) cases() kiosk.Admin {
	a := b.base(kiosk.PageCases)
	a.Figures = []kiosk.Figure{b.figure("Abiertos", "Open", toned(num(3, 0), kiosk.ToneWarn)), b.figure("Espera media", "Mean wait", text("4 min")), b.figure("Cerrados hoy", "Closed today", num(11, 0))}
	a.Table = &kiosk.Table{
		Columns: []kiosk.Column{b.col("Desde", "Since", 1.2), b.col("Motivo", "Reason", 3), b.col("Estado", "Status", 1.5)},
		Rows: []kiosk.Row{
			{ID: "c1", Cells: []kiosk.Cell{ago(2), b.say("Pidió hablar con una persona: tarjeta robada", "Asked for a person: stolen card", ""), b.say("Urgente", "Urgent", kiosk.ToneStop)}},
			{ID: "c2", Cells: []kiosk.Cell{ago(9), b.say("El rostro no coincide con la credencial", "The face does not fit the badge", ""), b.say("Abierto", "Open", kiosk.ToneWarn)}},
			{ID: "c3", Cells: []kiosk.Cell{ago(14), b.say("Documento ya registrado", "Document is registered already", ""), b.say("Abierto", "Open", kiosk.ToneWarn)}},
			{ID: "c4", Cells: []kiosk.Cell{ago(95), b.say("PIN olvidado", "Forgotten PIN", ""), b.say("Cerrado", "Closed", kiosk.ToneOK)}},
		}, From: 1, To: 4, Total: 4,
	}
	a.Notice, a.Tone = b.t("Caso cerrado.", "Case closed."), kiosk.ToneOK
	return a
}
