package ui

import (
	"fmt"
	"math"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

// options are written "value=es/en".
func (b branch) options(list ...string) (out []kiosk.Option) {
	for _, s := range list {
		var value, es, en string
		for i, r := range s {
			if r == '=' {
				value = s[:i]
				s = s[i+1:]
				break
			}
		}
		for i, r := range s {
			if r == '/' {
				es, en = s[:i], s[i+1:]
			}
		}
		out = append(out, kiosk.Option{Value: value, Label: b.t(es, en)})
	}
	return out
}

func (b branch) cameras() kiosk.Admin {
	a := b.base(kiosk.PageCameras)
	fps := make([]float64, 120)
	for i := range fps {
		fps[i] = 22 + 2.5*math.Sin(float64(i)/7)
		if i > 60 && i < 68 {
			fps[i] = math.NaN()
		}
	}
	a.Plots = []kiosk.Plot{{Kind: kiosk.PlotLine, Title: b.t("Imágenes por segundo", "Frames a second"), Unit: b.t("últimos 2 min", "last 2 min"),
		Labels: seconds(120), Series: []kiosk.Series{{Label: b.t("Entrada", "Lobby"), Values: fps}, {Label: b.t("Caja", "Desk"), Values: scaled(fps, 0.6)}}}}
	a.Table = &kiosk.Table{
		Columns: []kiosk.Column{b.col("Cámara", "Camera", 2), b.col("Estado", "State", 1.6), right(b.col("Img/s", "Fps", 0.8)), minor(b.col("Tamaño", "Size", 1.2))},
		Rows: []kiosk.Row{
			{ID: "cam1", Cells: []kiosk.Cell{b.say("Entrada", "Lobby", ""), b.say("En vivo", "Live", kiosk.ToneOK), num(24.8, 1), text("800×600")}},
			{ID: "cam2", Cells: []kiosk.Cell{b.say("Caja", "Desk", ""), b.say("Lenta", "Slow", kiosk.ToneWarn), num(14.1, 1), text("640×480")}},
			{ID: "cam3", Cells: []kiosk.Cell{b.say("Patio", "Yard", ""), b.say("Sin señal", "No signal", kiosk.ToneStop), num(0, 1), text("—")}},
		}, From: 1, To: 3, Total: 3,
		Do: []kiosk.AdminButton{b.button("find", "Buscar en la red", "Find on the network", "camera"), primary(b.button("add", "Agregar", "Add", "plus"))},
	}
	a.Busy, a.Notice = true, b.t("Buscando cámaras en la red", "Looking for cameras on the network")
	return a
}

func seconds(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("-%d s", n-i))
	}
	return out
}

func scaled(v []float64, by float64) (out []float64) {
	for _, x := range v {
		out = append(out, x*by)
	}
	return out
}

func (b branch) sync() kiosk.Admin {
	a := b.base(kiosk.PageSync)
	a.Figures = []kiosk.Figure{
		b.figure("Sin enviar", "Pending", toned(num(12, 0), kiosk.ToneWarn)), b.figure("El más viejo", "Oldest", ago(47)),
		b.figure("Último envío", "Last success", ago(49)), b.figure("Rechazados", "Rejected", toned(num(3, 0), kiosk.ToneStop)), b.figure("Cola en disco", "Queue on disk", kiosk.Cell{Kind: kiosk.CellBytes, Number: 184320}),
	}
	a.Table = &kiosk.Table{
		Columns: []kiosk.Column{b.col("Rechazado", "Rejected", 1.5), b.col("Qué", "What", 1.5), b.col("Por qué", "Why", 3)},
		Rows: []kiosk.Row{
			{ID: "d1", Cells: []kiosk.Cell{at(130), b.say("Visita 48112", "Visit 48112", ""), b.say("La persona fue borrada en la central", "The person was erased at the centre", kiosk.ToneStop)}},
			{ID: "d2", Cells: []kiosk.Cell{at(1570), b.say("Imagen de la visita 47003", "Picture of visit 47003", ""), b.say("La suma no coincide", "The checksum differs", kiosk.ToneStop)}},
			{ID: "d3", Cells: []kiosk.Cell{at(1571), b.say("Visita 47003", "Visit 47003", ""), b.say("La misma, con otro contenido", "The same id, another body", kiosk.ToneStop)}},
		}, From: 1, To: 3, Total: 3,
		Do: []kiosk.AdminButton{b.button("offline", "Trabajar sin conexión", "Work offline", "cross"), primary(b.button("now", "Enviar ahora", "Send now", "retry"))},
	}
	return a
}

func (b branch) recognition() kiosk.Admin {
	a := b.base(kiosk.PageRecognition)
	a.Figures = []kiosk.Figure{
		b.figure("Motor", "Engine", text("dlib v1")), b.figure("Grado", "Grade", b.say("Demostración", "Demonstration", kiosk.ToneWarn)),
		b.figure("Umbral", "Threshold", num(0.36, 2)), b.figure("Margen", "Margin", num(0.04, 2)), b.figure("Personas", "People", num(12345, 0)),
	}
	labels, same, other := []string{}, []float64{}, []float64{}
	for i := range 20 {
		x := float64(i) * 0.05
		labels = append(labels, fmt.Sprintf("%.2f", x))
		same = append(same, math.Round(420*math.Exp(-(x-0.22)*(x-0.22)/0.008)))
		other = append(other, math.Round(510*math.Exp(-(x-0.63)*(x-0.63)/0.014)))
	}
	a.Plots = []kiosk.Plot{
		{Kind: kiosk.PlotBars, Title: b.t("Distancias", "Distances"), Unit: b.t("pares", "pairs"), Labels: labels, Series: []kiosk.Series{{Label: b.t("Misma persona", "Same person"), Values: same, Tone: kiosk.ToneOK}, {Label: b.t("Otra persona", "Other person"), Values: other, Tone: kiosk.ToneStop}}},
		{Kind: kiosk.PlotLine, Title: b.t("Tiempo por rostro", "Time per face"), Labels: hours(8, 17), Series: []kiosk.Series{{Values: []float64{212, 220, 231, 240, 226, 214, 210, 209, 213, 212}}}},
	}
	a.Plots[1].Unit = plainWords("ms")
	a.Table = &kiosk.Table{Columns: []kiosk.Column{b.col("Modelo", "Model", 2), b.col("Estado", "State", 1.5), right(b.col("Tamaño", "Size", 1))}, From: 1, To: 2, Total: 2,
		Rows: []kiosk.Row{
			{ID: "m1", Cells: []kiosk.Cell{text("agentid_resnet_half_v0"), b.say("En uso", "In use", kiosk.ToneOK), {Kind: kiosk.CellBytes, Number: 8135106}}},
			{ID: "m2", Cells: []kiosk.Cell{text("sface_2021dec"), b.say("Sin calibrar", "Not calibrated", kiosk.ToneWarn), {Kind: kiosk.CellBytes, Number: 38696353}}},
		},
		Do: []kiosk.AdminButton{b.button("calibrate", "Calibrar", "Calibrate", "retry"), b.button("edit", "Cambiar umbrales", "Edit thresholds", "edit")}}
	return a
}

func (b branch) staff() kiosk.Admin {
	a := b.base(kiosk.PageStaff)
	t := &kiosk.Table{
		Columns: []kiosk.Column{b.col("Nombre", "Name", 2.4), b.col("Usuario", "Login", 1.2), b.col("Tarea", "Role", 1.5), b.col("Estado", "State", 1.3), minor(b.col("Último ingreso", "Last sign-in", 1.6))},
		From:    1, To: 5, Total: 5, Do: []kiosk.AdminButton{primary(b.button("add", "Agregar persona", "Add somebody", "plus"))},
	}
	for i := range 5 {
		state := b.say("Activa", "Active", kiosk.ToneOK)
		if i == 3 {
			state = b.say("En espera 10:42", "Locked 10:42", kiosk.ToneWarn)
		}
		if i == 4 {
			state = b.say("Cerrada", "Closed", kiosk.ToneStop)
		}
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("s", i), Cells: []kiosk.Cell{text(people[19-i]), text(fmt.Sprintf("persona%d", i)), b.say("Atención", "Service", ""), state, at(30 + 900*i)}})
	}
	a.Table = t
	return a
}

func (b branch) staffForm() kiosk.Admin {
	a := b.staff()
	a.Form = &kiosk.Form{
		ID: "staff", Title: b.t("Agregar a alguien del equipo", "Add a member of staff"), Submit: b.t("Agregar", "Add"),
		Fields: []kiosk.FormField{
			{ID: "name", Label: b.t("Nombre y apellido", "First and last name"), Kind: kiosk.FieldText, Max: 80, Value: "Julia Sandoval"},
			{ID: "login", Label: b.t("Usuario", "Login"), Kind: kiosk.FieldText, Max: 12, Value: "jsan", Problem: b.t("Ese usuario ya existe.", "That login is taken.")},
			{ID: "role", Label: b.t("Tarea", "Role"), Kind: kiosk.FieldChoice, Value: "staff", Options: b.options("auditor=Auditoría/Audit", "staff=Atención/Service", "admin=Administración/Administration")},
			{ID: "pin", Label: b.t("PIN de 6 números", "PIN of 6 digits"), Kind: kiosk.FieldPIN, Max: 6, Hint: b.t("Se lo cambia al entrar.", "They change it when they sign in.")},
			{ID: "pin2", Label: b.t("El mismo PIN", "The same PIN"), Kind: kiosk.FieldPIN, Max: 6},
			{ID: "active", Label: b.t("Puede entrar desde hoy", "May sign in from today"), Kind: kiosk.FieldSwitch, Value: "yes"},
		},
	}
	return a
}

func (b branch) audit() kiosk.Admin {
	a := b.base(kiosk.PageAudit)
	t := &kiosk.Table{
		Columns: []kiosk.Column{right(b.col("N.º", "No.", 0.8)), b.col("Cuándo", "When", 1.4), b.col("Quién", "Who", 1.6), b.col("Qué hizo", "What", 2.4), minor(b.col("Sobre", "About", 1.4))},
		Filters: []kiosk.Choice{{ID: "who", Label: b.t("Quién", "Who"), Value: "all", Options: []kiosk.Option{{Value: "all", Label: b.t("Todos", "All")}}}, {ID: "what", Label: b.t("Qué", "What"), Value: "all", Options: []kiosk.Option{{Value: "all", Label: b.t("Todo", "Everything")}}}},
		From:    1, To: 50, Total: 48211, Next: true,
		Do: []kiosk.AdminButton{b.button("verify", "Verificar la cadena", "Verify the chain", "check"), b.button("export", "Exportar", "Export", "download")},
	}
	for i := range 50 {
		t.Rows = append(t.Rows, kiosk.Row{ID: fmt.Sprint("a", i), Cells: []kiosk.Cell{num(float64(48211-i), 0), at(13 * i), text(people[i%7]), b.say("Confirmó una identidad", "Confirmed an identity", ""), text(fmt.Sprintf("…%04X", 40503*i%65536))}})
	}
	a.Table = t
	a.Notice, a.Tone = b.t("La cadena está entera: 48 211 anotaciones.", "The chain is whole: 48,211 entries."), kiosk.ToneOK
	return a
}

func (b branch) system() kiosk.Admin {
	a := b.base(kiosk.PageSystem)
	a.Figures = []kiosk.Figure{
		b.figure("Versión", "Version", text("1.4.0")), b.figure("Encendido", "Up since", kiosk.Cell{Kind: kiosk.CellAge, Time: start.Add(-76 * time.Hour)}),
		b.figure("Disco libre", "Disk free", kiosk.Cell{Kind: kiosk.CellBytes, Number: 41.3e9}), b.figure("Memoria", "Memory", kiosk.Cell{Kind: kiosk.CellPercent, Number: 0.41}),
	}
	a.Table = &kiosk.Table{Columns: []kiosk.Column{b.col("Examen", "Check", 2), b.col("Resultado", "Result", 1.4), b.col("Qué hacer", "What to do", 3)}, From: 1, To: 5, Total: 5,
		Rows: []kiosk.Row{
			{ID: "k1", Cells: []kiosk.Cell{b.say("Base de datos", "Database", ""), b.say("Bien", "Fine", kiosk.ToneOK), text("—")}},
			{ID: "k2", Cells: []kiosk.Cell{b.say("Cámara", "Camera", ""), b.say("Bien", "Fine", kiosk.ToneOK), text("—")}},
			{ID: "k3", Cells: []kiosk.Cell{b.say("Reloj", "Clock", ""), b.say("Desvío", "Skew", kiosk.ToneWarn), b.say("La hora difiere 74 s de la central. Revise la red.", "The time differs by 74 s from the centre.", "")}},
			{ID: "k4", Cells: []kiosk.Cell{b.say("Umbrales", "Thresholds", ""), b.say("Sin calibrar", "Not calibrated", kiosk.ToneWarn), b.say("Calibre en Reconocimiento.", "Calibrate under Recognition.", "")}},
			{ID: "k5", Cells: []kiosk.Cell{b.say("Impresora", "Printer", ""), b.say("No responde", "No answer", kiosk.ToneStop), b.say("Encienda la impresora.", "Switch the printer on.", "")}},
		},
		Do: []kiosk.AdminButton{b.button("logs", "Registro", "Logs", "download"), grave(b.button("exit", "Cerrar el kiosco", "Exit the kiosk", "cross"))}}
	return a
}

// adminViews are all pages, and what stands over them.
func adminViews(lang domain.Lang) []state {
	b := branch{lang}
	erase := b.person()
	erase.Confirm = &kiosk.Confirm{Do: "erase", Title: b.t("¿Borrar a María de los Ángeles Etcheverry?", "Erase María de los Ángeles Etcheverry?"),
		Text: b.t("Se borran su nombre, su documento y su rostro. No se puede deshacer.", "Name, document and face go. It cannot be undone."), Yes: b.t("Sí, borrar", "Yes, erase"), NeedsPIN: true}
	exit := b.system()
	exit.Confirm = &kiosk.Confirm{Do: "exit", Title: b.t("¿Cerrar el kiosco?", "Exit the kiosk?"), Text: b.t("Nadie podrá validarse hasta que se encienda de nuevo.", "Nobody can validate until it is started again."), Yes: b.t("Sí, cerrar", "Yes, exit")}
	empty := b.base(kiosk.PageReview)
	empty.Table = b.review().Table
	empty.Table.Rows, empty.Table.From, empty.Table.To, empty.Table.Total = nil, 0, 0, 0
	wait := kiosk.Admin{Step: kiosk.AdminSignIn, PIN: kiosk.PINEntry{Wrong: true, Until: start.Add(5 * time.Minute)}}
	at := func(s kiosk.SignInBadge, p kiosk.PINEntry) kiosk.Admin {
		return kiosk.Admin{Step: kiosk.AdminSignIn, Badge: s, PIN: p}
	}
	var out []state
	for _, v := range []struct {
		name string
		a    kiosk.Admin
		then func(*UI)
	}{
		{"sign-in", kiosk.Admin{Step: kiosk.AdminSignIn}, nil}, {"sign-in-wait", wait, nil}, {"setup", kiosk.Admin{Step: kiosk.AdminSetup}, nil},
		{"badge", at(kiosk.BadgeAwaited, kiosk.PINEntry{}), nil}, {"badge-scanner", at(kiosk.BadgeScanner, kiosk.PINEntry{}), nil},
		{"badge-unreadable", at(kiosk.BadgeUnreadable, kiosk.PINEntry{}), nil}, {"badge-other", at(kiosk.BadgeOther, kiosk.PINEntry{}), nil},
		{"badge-read", at(kiosk.BadgeRead, kiosk.PINEntry{}), nil}, {"badge-wrong", at(kiosk.BadgeRead, kiosk.PINEntry{Wrong: true}), nil},
		{"today", b.today(), nil}, {"people", b.peopleList(), nil}, {"person", b.person(), nil}, {"events", b.events(), nil}, {"event", b.event(), nil},
		{"review", b.review(), nil}, {"review-empty", empty, nil}, {"cases", b.cases(), nil}, {"faq", b.faq(), nil}, {"faq-detail", b.faqDetail(), nil}, {"faq-edit", b.faqForm(), nil},
		{"faq-form", b.faqTried(), nil}, {"faq-gaps", b.faqGaps(), nil}, {"faq-gap", b.faqGap(), nil},
		{"cameras", b.cameras(), nil}, {"sync", b.sync(), nil}, {"recognition", b.recognition(), nil}, {"staff", b.staff(), nil},
		{"staff-form", b.staffForm(), nil}, {"audit", b.audit(), nil}, {"system", b.system(), nil},
		{"erase", erase, nil}, {"exit", exit, nil}, {"staff-badges", b.staffBadges(), nil}, {"staff-card", b.staffCard(), nil},
		{"merge-choose", b.mergeChoose(), nil}, {"merge", b.merge(), nil}, {"merge-other-way", b.mergeOtherWay(), nil}, {"merge-sure", b.mergeSure(), nil},
		{"people-search", b.peopleList(), startSearch}, {"faq-typing", b.faqForm(), startTyping}, {"people-filter", b.peopleList(), openFilter},
		{"menu", b.today(), openMenu},
		{"sign-in-code", kiosk.Admin{Step: kiosk.AdminSignIn, Codes: true}, nil}, {"code", kiosk.Admin{Step: kiosk.AdminCode}, nil},
		{"code-wrong", kiosk.Admin{Step: kiosk.AdminCode, Problem: kiosk.Words{Key: "problem.staff_code"}}, nil},
		{"setting-centre", b.settingOfCentre(), nil}, {"staff-centre", b.staffOfCentre(), nil}, {"case-answered", b.caseAnswered(), nil},
	} {
		out = append(out, state{"admin-" + v.name, kiosk.View{State: kiosk.StateAdmin, Admin: &v.a, Lang: lang, Since: start,
			Site: kiosk.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"}}, nil, true, v.then})
	}
	return append(out, deskViews(lang)...)
}
