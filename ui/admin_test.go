package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/ui/widgets"
)

// seen gives the first visible object of a kind.
func seen[T any](u *UI) (out T, ok bool) {
	for _, p := range walk(u) {
		if o, is := p.obj.(T); is {
			return o, true
		}
	}
	return out, false
}

// startSearch touches the search of the list at hand.
func startSearch(u *UI) {
	if f, ok := seen[*widgets.Form](u); ok {
		f.Activate(0)
	}
}

// startTyping touches the paragraph of the form at hand.
func startTyping(u *UI) {
	if f, ok := seen[*widgets.FormGrid](u); ok {
		f.Activate(2)
	}
}

// openFilter touches the first filter.
func openFilter(u *UI) {
	for _, p := range walk(u) {
		if b, ok := p.obj.(*widgets.Button); ok && strings.Contains(b.Words(), ": ") {
			b.Tapped(nil)
			return
		}
	}
}

// openMenu touches the way to the other pages, where there is one.
func openMenu(u *UI) {
	if b := button(u, "Hoy"); b != nil {
		b.Tapped(nil)
	}
}

func adminView(lang domain.Lang, a kiosk.Admin) kiosk.View {
	return kiosk.View{State: kiosk.StateAdmin, Admin: &a, Lang: lang, Since: start, Site: kiosk.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"}}
}

// did are the actions that were done, without the touches and what is told of
// the room for rows.
func did(c *calls) []string {
	return slices.DeleteFunc(c.take(), func(s string) bool { return s == "touch" || strings.HasPrefix(s, "kiosk.AdminFit") })
}

// TestAdminFits looks at every page in the sizes and languages of a kiosk.
func TestAdminFits(t *testing.T) {
	for _, s := range append(sizes, size{"1024x600", 1024, 600}) {
		u, _ := newUI(t, s, false)
		for _, lang := range languages {
			if lang == domain.English && s.name != "800x480" {
				continue // the narrowest tells
			}
			for _, st := range adminViews(lang) {
				show(u, st, lang)
				t.Run(s.name+"/"+string(lang)+"/"+st.name, func(t *testing.T) { adminFits(t, u) })
			}
		}
	}
}

func adminFits(t *testing.T, u *UI) {
	t.Helper()
	all := walk(u)
	window := placed{obj: u.Window().Content()}
	inTable := map[fyne.CanvasObject]bool{}
	var words, buttons []placed
	for _, p := range all {
		if p.clip {
			continue
		}
		if !p.within(window) && !focusRing(p.obj) {
			t.Errorf("%v is outside the window", p)
		}
		switch o := p.obj.(type) {
		case *widgets.Table:
			for _, c := range children(o) {
				inTable[c] = true
			}
		case *canvas.Text:
			if o.Text == "" {
				continue
			}
			words = append(words, p)
			if need, has := o.MinSize(), o.Size(); need.Width > has.Width+0.51 || need.Height > has.Height+0.51 {
				t.Errorf("%v needs %v", p, need)
			}
			if strings.HasSuffix(o.Text, "…") && !inTable[o] {
				t.Errorf("%v lost its end", p)
			}
			if o.TextSize < 16 {
				t.Errorf("%v is smaller than small print", p)
			}
		case *widgets.Button:
			buttons = append(buttons, p)
			if o.Size().Width < 44 || o.Size().Height < 44 {
				t.Errorf("%v is smaller than a finger", p)
			}
		}
	}
	if len(words) < 5 {
		t.Fatalf("%d texts: nothing is shown", len(words))
	}
	for i, a := range words {
		for _, b := range words[i+1:] {
			if a.overlaps(b) {
				t.Errorf("%v is over %v", a, b)
			}
		}
	}
	for i, a := range buttons {
		for _, b := range buttons[i+1:] {
			if a.overlaps(b) {
				t.Errorf("%v is over %v", a, b)
			}
		}
	}
}

func TestAdminActions(t *testing.T) {
	b := branch{domain.Spanish}
	views := map[string]kiosk.Admin{}
	for _, st := range adminViews(domain.Spanish) {
		views[strings.TrimPrefix(st.name, "admin-")] = *st.view.Admin
	}
	for _, s := range sizes[:2] {
		u, c := newUI(t, s, false)
		for _, k := range []struct {
			view, tap string
			want      string
		}{
			{"today", "Lista de evacuación", "kiosk.AdminDo{ID:evacuate Row:}"},
			{"today", "Salir", "kiosk.AdminLeave{}"},
			{"today", "EN", "language en"},
			{"event", "No es esta persona", "kiosk.AdminDo{ID:not_him Row:e2}"},
			{"event", "Cerrar", "kiosk.AdminOpenRow{ID:}"},
			{"person", "Borrar persona", "kiosk.AdminDo{ID:erase Row:p2}"},
			{"events", "Siguiente", ""},
			{"audit", "Verificar la cadena", "kiosk.AdminDo{ID:verify Row:}"},
			{"exit", "Sí, cerrar", "kiosk.AdminConfirm{Yes:true PIN:}"},
			{"exit", "No, volver", "kiosk.AdminConfirm{Yes:false PIN:}"},
			{"erase", "No, volver", "kiosk.AdminConfirm{Yes:false PIN:}"},
			{"staff-form", "Cancelar", "kiosk.StepBack{}"},
			{"setup", "Volver", "kiosk.AdminLeave{}"},
			{"sign-in", "Volver", "kiosk.AdminLeave{}"},
		} {
			u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
			u.ShowView(adminView(domain.Spanish, views[k.view]))
			if s.name == "800x480" && strings.HasPrefix(k.view, "s") && k.tap == "Volver" {
				continue // while somebody types, all of a small screen is for that
			}
			did(c)
			touch(t, u, k.tap)
			if got := strings.Join(did(c), " "); got != k.want {
				t.Errorf("%s, %q in %s: %q, want %q", k.view, k.tap, s.name, got, k.want)
			}
		}
		u.ShowView(adminView(domain.Spanish, b.today()))
		did(c)
		if s.name == "800x480" {
			touch(t, u, "Hoy")
		}
		touch(t, u, "Eventos")
		if got := did(c); !slices.Equal(got, []string{"kiosk.AdminGo{Page:events}"}) {
			t.Errorf("to a page in %s: %q", s.name, got)
		}
		u.ShowView(adminView(domain.Spanish, b.events()))
		openFilter(u)
		touch(t, u, "Validaciones")
		if got := did(c); !slices.Equal(got, []string{"kiosk.AdminFilter{ID:kind Value:ok}"}) {
			t.Errorf("a filter in %s: %q", s.name, got)
		}
		table, _ := seen[*widgets.Table](u)
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(table).AddXY(100, 120)
		test.TapCanvas(u.Window().Canvas(), at)
		if got := did(c); len(got) != 1 || !strings.HasPrefix(got[0], "kiosk.AdminOpenRow{ID:e") {
			t.Errorf("a row in %s: %q", s.name, got)
		}
	}
}

// touch taps a button where it is.
func touch(t *testing.T, u *UI, words string) {
	t.Helper()
	b := button(u, words)
	if b == nil {
		t.Fatalf("there is no %q", words)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(b.Size().Width/2, b.Size().Height/2)
	test.TapCanvas(u.Window().Canvas(), at)
}

// TestAdminPagesWithinWhatItHas: a list longer than the screen is turned on the
// screen, and asks for more at its ends; coming back, one is at its end.
func TestAdminPagesWithinWhatItHas(t *testing.T) {
	b := branch{domain.Spanish}
	u, c := newUI(t, sizes[1], false)
	a := b.audit()
	u.ShowView(adminView(domain.Spanish, a))
	table, _ := seen[*widgets.Table](u)
	did(c)
	turns := 0
	for ; turns < 60 && len(c.all) == 0; turns++ {
		first := table.First()
		touch(t, u, "Siguiente")
		if got := did(c); len(got) > 0 {
			if !slices.Equal(got, []string{"kiosk.AdminTurn{Forward:true}"}) {
				t.Fatalf("at the end: %q", got)
			}
			break
		}
		if table.First() <= first {
			t.Fatalf("from %d to %d", first, table.First())
		}
	}
	if turns < 5 || table.First() < 40 {
		t.Fatalf("%d turns to row %d of 50", turns, table.First())
	}
	next := b.audit()
	rows := slices.Clone(next.Table.Rows)
	for i := range rows {
		rows[i].ID = "n" + rows[i].ID
	}
	next.Table.Rows, next.Table.Prev, next.Table.From, next.Table.To = rows, true, 51, 100
	u.ShowView(adminView(domain.Spanish, next))
	if table.First() != 0 || !strings.Contains(words(u), "51 a ") {
		t.Errorf("the next rows begin at %d:\n%s", table.First(), words(u))
	}
	did(c)
	touch(t, u, "Anterior")
	if got := did(c); !slices.Equal(got, []string{"kiosk.AdminTurn{Forward:false}"}) {
		t.Errorf("back: %q", got)
	}
	u.ShowView(adminView(domain.Spanish, a))
	if table.First() < 40 {
		t.Errorf("back, it is at row %d, not at the end", table.First())
	}
}

func TestAdminKeepsWhatIsTyped(t *testing.T) {
	for _, s := range sizes[:2] {
		u, c := newUI(t, s, false)
		b := branch{domain.Spanish}
		a := b.staffForm()
		u.ShowView(adminView(domain.Spanish, a))
		grid, _ := seen[*widgets.FormGrid](u)
		grid.Activate(0)
		typeIn(u, " Ruiz", false)
		grid.Activate(3)
		typeIn(u, "493817", false)
		a.Busy, a.Notice = true, kiosk.Words{Plain: "Guardando"}
		u.ShowView(adminView(domain.Spanish, a))
		f := *a.Form
		f.Fields = slices.Clone(f.Fields)
		f.Fields[0].Problem = kiosk.Words{Plain: "Ya existe."}
		a.Form, a.Busy = &f, false
		u.ShowView(adminView(domain.Spanish, a))
		if got := grid.Values(); got["name"] != "Julia Sandoval Ruiz" || got["pin"] != "493817" || got["role"] != "staff" {
			t.Fatalf("%s: %v", s.name, got)
		}
		u.ShowView(adminView(domain.English, a))
		grid, _ = seen[*widgets.FormGrid](u)
		if got := grid.Values(); got["name"] != "Julia Sandoval Ruiz" || got["pin"] != "" {
			t.Errorf("%s, in another language: %v", s.name, got)
		}
		grid.SetTyping(false)
		did(c)
		touch(t, u, "Agregar")
		if got := did(c); len(got) != 1 || !strings.Contains(got[0], "AdminSubmit{Form:staff") || !strings.Contains(got[0], "name:Julia Sandoval Ruiz") {
			t.Errorf("%s: sent %q", s.name, got)
		}

		list := b.peopleList()
		u.ShowView(adminView(domain.Spanish, list))
		startSearch(u)
		typeIn(u, "Muñoz", false)
		more := b.peopleList()
		more.Table.From, more.Table.Rows = 21, more.Table.Rows[5:]
		more.Notice = kiosk.Words{Plain: "Hecho"}
		u.ShowView(adminView(domain.Spanish, more))
		form, _ := seen[*widgets.Form](u)
		if got := form.Value("search"); got != "Muñoz" || !form.Typing() {
			t.Errorf("%s: search %q, typing %v", s.name, got, form.Typing())
		}
		did(c)
		typeIn(u, "", true)
		if got := did(c); !slices.Equal(got, []string{"kiosk.AdminSearch{Query:Muñoz}"}) {
			t.Errorf("%s: %q", s.name, got)
		}
	}
}

func TestAdminConfirmAsksForThePIN(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	views := adminViews(domain.Spanish)
	v := views[slices.IndexFunc(views, func(s state) bool { return s.name == "admin-erase" })].view
	u.ShowView(v)
	pad, ok := seen[*widgets.PINPad](u)
	if !ok || pad.Digits() != 0 {
		t.Fatal("no pad")
	}
	did(c)
	typeIn(u, "493", false)
	a := *v.Admin
	a.Busy = true
	v.Admin = &a
	u.ShowView(v)
	typeIn(u, "817", true)
	if got := did(c); !slices.Equal(got, []string{"kiosk.AdminConfirm{Yes:true PIN:493817}"}) {
		t.Fatalf("told %q", got)
	}
	wrong, ask := a, *a.Confirm
	ask.PIN = kiosk.PINEntry{Wrong: true, Left: 2}
	wrong.Confirm = &ask
	v.Admin = &wrong
	u.ShowView(v)
	if got := words(u); !strings.Contains(got, "Le quedan 2 intentos") {
		t.Errorf("it says:\n%s", got)
	}
}

// TestAdminLeavesNothing: what staff saw is gone from the screen, and what is
// typed next is not theirs.
func TestAdminLeavesNothing(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	for _, st := range adminViews(domain.Spanish) {
		show(u, st, domain.Spanish)
		u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish, Site: st.view.Site})
		got := words(u)
		for _, w := range []string{"Marta López", "Lucía", "Etcheverry", "PIN de 6", "Sincronización", "Raúl"} {
			if strings.Contains(got, w) {
				t.Errorf("after %s, %q is on the screen", st.name, w)
			}
		}
		did(c)
		typeIn(u, "493817", true)
		if got := did(c); len(got) != 0 {
			t.Errorf("after %s, keys do %q", st.name, got)
		}
		if u.router.kept != nil || u.Window().Canvas().Overlays().Top() != nil {
			t.Errorf("after %s, something is kept", st.name)
		}
	}
}

// TestTheWayInForStaff: held, tapped or by keys, on every screen of a visitor.
func TestTheWayInForStaff(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	var next func()
	u.router.later = func(d time.Duration, do func()) func() {
		if d == widgets.SecretHold {
			next = do
		}
		return func() { next = nil }
	}
	u.router.Resize(fyne.NewSize(1279, 800))
	u.router.built = nil
	u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
	spot, ok := seen[*widgets.SecretSpot](u)
	if !ok || spot.Size().Width < 48 || spot.Size().Height < 64 {
		t.Fatalf("no place to touch, or too small: %v", spot)
	}
	enter := []string{"kiosk.AdminEnter{}"}
	did(c)
	spot.MouseDown(&desktop.MouseEvent{})
	if next == nil {
		t.Fatal("nothing waits for the hand")
	}
	next()
	spot.MouseUp(nil)
	spot.Tapped(nil)
	if got := did(c); !slices.Equal(got, enter) {
		t.Errorf("held: %q", got)
	}
	for _, end := range []func(){func() { spot.MouseUp(nil) }, spot.MouseOut} {
		spot.MouseDown(&desktop.MouseEvent{})
		end()
		if next != nil || len(did(c)) != 0 {
			t.Error("let go, it still waits")
		}
	}
	for range 4 {
		spot.Tapped(nil)
	}
	if got := did(c); len(got) != 0 {
		t.Errorf("four taps: %q", got)
	}
	spot.Tapped(nil)
	if got := did(c); !slices.Equal(got, enter) {
		t.Errorf("five taps: %q", got)
	}
	for _, st := range states() {
		show(u, st, domain.Spanish)
		if _, ok := seen[*widgets.SecretSpot](u); !ok {
			t.Errorf("%s has no way in", st.name)
		}
	}
	did(c)
	u.router.enterAdmin() // what the keys do
	if got := did(c); !slices.Equal(got, enter) {
		t.Errorf("by keys: %q", got)
	}
	u.ShowView(adminView(domain.Spanish, branch{domain.Spanish}.today()))
	did(c)
	u.router.enterAdmin()
	if got := did(c); len(got) != 0 {
		t.Errorf("by keys, when in: %q", got)
	}
}
