package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/ui/screens"
	"agentid/ui/widgets"
)

// TestUpdatesDoNotRebuild goes from each view to the next on the same page:
// what is begun there must not be thrown away.
func TestUpdatesDoNotRebuild(t *testing.T) {
	face := func(f kiosk.FaceProgress) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterFace, Face: f})
	}
	look := func(f kiosk.FaceProgress) kiosk.View {
		return validating(kiosk.Validate{Step: kiosk.ValidateLook, Face: f})
	}
	scan := func(v kiosk.Validate) kiosk.View { v.Step = kiosk.ValidateScan; return validating(v) }
	try := func(p kiosk.PINEntry) kiosk.View {
		return validating(kiosk.Validate{Step: kiosk.ValidatePIN, PIN: p})
	}
	own := func(w kiosk.Withdraw) kiosk.View { return withdrawing(w) }
	badge := func(showing kiosk.CodeKind, p kiosk.Printing) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterBadge, Badge: &kiosk.BadgeShown{
			Given: "Lucía", Badge: badgeCode, Receipt: receiptCode, Showing: showing, Printing: p,
		}})
	}
	staff := func(p kiosk.PINEntry) kiosk.View {
		return registering(kiosk.Register{Step: kiosk.RegisterStaff, Staff: &kiosk.StaffCheck{Step: kiosk.StaffSignIn, PIN: p}})
	}
	asked := registering(kiosk.Register{Step: kiosk.RegisterData})
	asked.Asking, asked.Covered, asked.Deadline = true, true, start.Add(10*time.Second)
	for _, c := range []struct {
		name  string
		views []kiosk.View
		says  []string // after each view
	}{
		{"capture", []kiosk.View{
			face(kiosk.FaceProgress{Guide: domain.GuideStart}), face(kiosk.FaceProgress{Guide: domain.GuideCloser, Done: 0.2}),
			face(kiosk.FaceProgress{Guide: domain.GuideTurnLeft, Done: 0.6}), face(kiosk.FaceProgress{Guide: domain.GuideBlink, Done: 0.1, Again: 1}),
			face(kiosk.FaceProgress{Guide: domain.GuideDone, Done: 1, Again: 1}),
		}, []string{"Acérquese y mire", "Acérquese un poco", "hacia su izquierda", "Empezamos otra vez", "¡Listo!"}},
		{"look", []kiosk.View{
			look(kiosk.FaceProgress{Guide: domain.GuideStart}), look(kiosk.FaceProgress{Guide: domain.GuideTurnRight, Done: 0.4}),
		}, []string{"Ahora mire a la cámara", "hacia su derecha"}},
		{"scan", []kiosk.View{scan(kiosk.Validate{}), scan(kiosk.Validate{Unreadable: true}), scan(kiosk.Validate{Found: true})},
			[]string{"dentro del marco", "evite los reflejos", "Código leído"}},
		{"own scan", []kiosk.View{own(kiosk.Withdraw{Step: kiosk.WithdrawScan}), own(kiosk.Withdraw{Step: kiosk.WithdrawScan, Unreadable: true})},
			[]string{"También sirve su comprobante", "evite los reflejos"}},
		{"pin", []kiosk.View{
			try(kiosk.PINEntry{}), try(kiosk.PINEntry{Busy: true}), try(kiosk.PINEntry{Wrong: true, Left: 2}),
			try(kiosk.PINEntry{Wrong: true}), try(kiosk.PINEntry{Until: start.Add(30 * time.Second)}), try(kiosk.PINEntry{}),
		}, []string{"Escriba su PIN", "Un momento", "Le quedan 2 intentos", "Pruebe otra vez", "espere 30 segundos", "Escriba su PIN"}},
		{"own pin", []kiosk.View{
			own(kiosk.Withdraw{Step: kiosk.WithdrawPIN}), own(kiosk.Withdraw{Step: kiosk.WithdrawPIN, PIN: kiosk.PINEntry{Wrong: true, Left: 1}}),
		}, []string{"Escriba su PIN", "Le queda 1 intento"}},
		{"badge", []kiosk.View{
			badge(kiosk.CodeBadge, kiosk.PrintReady), badge(kiosk.CodeBadge, kiosk.PrintBusy), badge(kiosk.CodeBadge, kiosk.PrintFailed),
			badge(kiosk.CodeReceipt, kiosk.PrintFailed), badge(kiosk.CodeBadge, kiosk.PrintDone),
		}, []string{"Esta es su credencial", "Imprimiendo", "no responde", "Este es su comprobante", "Retire su credencial"}},
		{"staff", []kiosk.View{
			staff(kiosk.PINEntry{}), staff(kiosk.PINEntry{Busy: true}), staff(kiosk.PINEntry{Wrong: true}), staff(kiosk.PINEntry{Until: start.Add(9 * time.Minute)}),
		}, []string{"Ingreso del equipo", "Un momento", "Usuario o PIN incorrecto", "hasta las 10:39"}},
		{"asked", []kiosk.View{registering(kiosk.Register{Step: kiosk.RegisterData}), asked, registering(kiosk.Register{Step: kiosk.RegisterData})},
			[]string{"Nombre y apellidos", "¿Sigue ahí?", "Nombre y apellidos"}},
	} {
		u, _ := newUI(t, sizes[0], false)
		for i, v := range c.views {
			v.Lang = domain.Spanish
			before := u.Stats().Swaps
			u.ShowView(v)
			if swaps := u.Stats().Swaps - before; i > 0 && swaps != 0 {
				t.Errorf("%s: view %d swaps the screen", c.name, i)
			}
			if !strings.Contains(words(u), c.says[i]) {
				t.Errorf("%s: view %d does not say %q:\n%s", c.name, i, c.says[i], words(u))
			}
		}
	}
}

// TestOtherPagesRebuild: what a body was built from for good is another one.
func TestOtherPagesRebuild(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	seen := map[string]string{}
	for _, st := range flows() {
		if st.then != nil || st.view.Asking || st.view.Covered || st.name == "register-data-written" {
			continue // the last is the form's own once it is there
		}
		v := st.view
		v.Lang = domain.Spanish
		u.ShowView(v)
		fresh := func() string {
			u.ShowView(kiosk.View{State: kiosk.StateAttract, Lang: domain.Spanish})
			u.ShowView(v)
			return words(u)
		}
		if got, want := words(u), fresh(); got != want {
			t.Errorf("%s, after another page, shows:\n%q\nwant:\n%q", st.name, got, want)
		}
		seen[words(u)] = st.name
	}
	if len(seen) < 50 {
		t.Errorf("only %d pages seen", len(seen))
	}
}

// TestCoveredShowsNothingPrivate searches the screen for what was on it.
func TestCoveredShowsNothingPrivate(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	n := 0
	for _, st := range flows() {
		if st.view.Asking || st.view.Covered || st.view.State == kiosk.StateHelp {
			continue
		}
		show(u, st, domain.Spanish)
		seen := map[string]bool{}
		for _, w := range strings.Split(words(u), "\n") {
			seen[w] = true
		}
		covered := u.router.view
		for _, asking := range []bool{false, true} {
			covered.Covered, covered.Asking, covered.Deadline = true, asking, start.Add(10*time.Second)
			u.ShowView(covered)
			u.ShowPicture(&picture{img: theLobby()})
			for _, p := range walk(u) {
				switch p.obj.(type) {
				case *widgets.Form, *widgets.PINPad, *widgets.Keyboard, *widgets.Field, *widgets.LiveView:
					t.Errorf("%s, covered, still has %v", st.name, p)
				}
			}
			got := words(u)
			if !strings.Contains(got, "¿Sigue ahí?") {
				t.Fatalf("%s is not covered:\n%s", st.name, got)
			}
			for _, private := range []string{longData.Name, longData.Document, "Maximiliano", "Íñigo", "12345678Z", "567X", "PIN", "credencial", "validada"} {
				if strings.Contains(got, private) {
					t.Errorf("%s, covered, shows %q", st.name, private)
				}
			}
			if u.router.live.HasPicture() {
				t.Errorf("%s, covered, has the picture", st.name)
			}
			n++
		}
		covered.Covered, covered.Asking = false, false
		u.ShowView(covered)
		for _, w := range strings.Split(words(u), "\n") {
			if !seen[w] {
				t.Errorf("%s, uncovered, shows %q, which it did not before", st.name, w)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d covers seen", n)
	}
}

func TestTheQuestionCountsToTheDeadline(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	v := registering(kiosk.Register{Step: kiosk.RegisterPIN})
	v.Lang, v.Asking, v.Deadline = domain.Spanish, true, start.Add(10*time.Second)
	for _, c := range []struct {
		left    time.Duration
		leaving bool
		says    string
	}{{10 * time.Second, false, "\n10\n"}, {7 * time.Second, false, "\n7\n"}, {7 * time.Second, true, "¿Quiere salir?"}} {
		v.Deadline, v.Leaving = start.Add(c.left), c.leaving
		u.ShowView(v)
		if got := "\n" + words(u) + "\n"; !strings.Contains(got, c.says) {
			t.Errorf("%v left does not show %q:\n%s", c.left, c.says, got)
		}
	}
}

// TestAWrongPINLeavesWhatIsTypedNext: the machine tells its state again and
// again; only news clears the digits.
func TestAWrongPINLeavesWhatIsTypedNext(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	wrong := validating(kiosk.Validate{Step: kiosk.ValidatePIN, PIN: kiosk.PINEntry{Wrong: true, Left: 3}})
	wrong.Lang = domain.Spanish
	u.ShowView(wrong)
	pad := u.router.body.(*screens.ValidatePIN).Pad()
	typeIn(u, "493", false)
	wrong.Status.FPS = 12
	u.ShowView(wrong)
	if pad.Digits() != 3 {
		t.Fatalf("%d digits are left of 3", pad.Digits())
	}
	typeIn(u, "817", true)
	if got := c.take(); !slices.Contains(got, "kiosk.EnterPIN{PIN:493817}") {
		t.Fatalf("told %q", got)
	}
	u.ShowView(wrong) // just as wrong as before: said again
	if !strings.Contains(words(u), "Le quedan 3 intentos") || pad.Digits() != 0 {
		t.Errorf("%d digits:\n%s", pad.Digits(), words(u))
	}
	for name, p := range map[string]kiosk.PINEntry{"busy": {Busy: true}, "locked": {Wrong: true, Until: start.Add(time.Minute)}} {
		wrong.Validate = &kiosk.Validate{Step: kiosk.ValidatePIN, PIN: p}
		u.ShowView(wrong)
		typeIn(u, "493817", true)
		if got := c.take(); pad.Digits() != 0 || slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "kiosk.") }) {
			t.Errorf("%s, it takes digits: %q", name, got)
		}
	}
}

func TestStaffSignIn(t *testing.T) {
	u, c := newUI(t, sizes[1], false)
	v := flow(t, "validate-staff-sign-in").view
	v.Lang = domain.Spanish
	u.ShowView(v)
	typeIn(u, "MLopez7", true)
	typeIn(u, "4938", true)
	if got := c.take(); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "kiosk.") }) || !strings.Contains(words(u), "Faltan números") {
		t.Errorf("half a PIN: told %q", got)
	}
	typeIn(u, "17", true)
	if got := c.take(); !slices.Contains(got, "kiosk.StaffPIN{Login:mlopez7 PIN:493817}") {
		t.Fatalf("told %q", got)
	}
	if got := words(u); strings.Contains(got, "4938") || strings.Contains(got, "●") {
		t.Errorf("the PIN stays:\n%s", got)
	}
	wrong := *v.Validate
	wrong.Staff = &kiosk.StaffCheck{Step: kiosk.StaffSignIn, PIN: kiosk.PINEntry{Wrong: true}}
	v.Validate = &wrong
	u.ShowView(v)
	if got := words(u); !strings.Contains(got, "Usuario o PIN incorrecto") {
		t.Errorf("it says:\n%s", got)
	}
	v.Lang = domain.English
	u.ShowView(v)
	form := u.router.body.(*screens.StaffSignIn).Form()
	if form.Value("login") != "MLopez7" || form.Value("pin") != "" {
		t.Errorf("in another language: %q, %q", form.Value("login"), form.Value("pin"))
	}
}

// TestStaffBadge: a scanner's code is told and not written into a field, and
// once a badge was read the PIN is all that is asked.
func TestStaffBadge(t *testing.T) {
	const code = "AGID:Q96BBP*D1YALS7JO OPT8T$NU9UTK404D$RLS7J7"
	told := func(c *calls) []string {
		return slices.DeleteFunc(c.take(), func(s string) bool { return !strings.HasPrefix(s, "kiosk.") })
	}
	for _, size := range sizes {
		clock := domaintest.NewClock(start)
		u, c := newUIAt(t, size, false, clock)
		v := flow(t, "validate-staff-badge").view
		v.Lang = domain.Spanish
		u.ShowView(v)
		typeIn(u, "mlo", false)
		clock.Advance(2 * time.Second) // the hand lets go, and takes the scanner
		c.take()
		typeIn(u, code, true)
		form := u.router.body.(*screens.StaffSignIn).Form()
		if got := told(c); !slices.Equal(got, []string{"kiosk.Scanned{Text:" + code + "}"}) || form.Value("login") != "mlo" || form.Active() != 0 {
			t.Errorf("%s: told %q, login %q, field %d", size.name, got, form.Value("login"), form.Active())
		}
		other := *v.Validate
		other.Staff = &kiosk.StaffCheck{Step: kiosk.StaffSignIn, Badge: kiosk.BadgeOther}
		v.Validate = &other
		u.ShowView(v)
		if got := words(u); !strings.Contains(got, "credencial de personal") || u.router.body.(*screens.StaffSignIn).Form() != form {
			t.Errorf("%s, another code: it says\n%s", size.name, got)
		}
		read := *v.Validate
		read.Staff = &kiosk.StaffCheck{Step: kiosk.StaffSignIn, Badge: kiosk.BadgeRead}
		v.Validate = &read
		u.ShowView(v)
		if got := words(u); !strings.Contains(got, "Credencial leída") || strings.Contains(got, "Usuario\n") {
			t.Errorf("%s, read: it says\n%s", size.name, got)
		}
		typeIn(u, "493817", true)
		if got := told(c); !slices.Equal(got, []string{"kiosk.StaffPIN{Login: PIN:493817}"}) {
			t.Errorf("%s: told %q", size.name, got)
		}
		wrong := *v.Validate
		wrong.Staff = &kiosk.StaffCheck{Step: kiosk.StaffSignIn, Badge: kiosk.BadgeRead, PIN: kiosk.PINEntry{Wrong: true}}
		v.Validate = &wrong
		u.ShowView(v)
		if got := words(u); !strings.Contains(got, "No coincide") {
			t.Errorf("%s, wrong: it says\n%s", size.name, got)
		}
	}
}

// TestAScannerTypesACode: on every page that asks for a code, whatever has the
// focus, and on no other.
func TestAScannerTypesACode(t *testing.T) {
	const code = "AID1.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
	sent := func(c *calls) []string {
		return slices.DeleteFunc(c.take(), func(s string) bool { return s == "touch" })
	}
	for _, name := range []string{"validate-scan", "validate-scan-no-camera", "withdraw-scan", "withdraw-scan-no-camera"} {
		u, c := newUI(t, sizes[0], false)
		show(u, flow(t, name), domain.Spanish)
		c.take()
		typeIn(u, code, true)
		if got := sent(c); !slices.Equal(got, []string{"kiosk.Scanned{Text:" + code + "}"}) {
			t.Errorf("%s: told %q", name, got)
		}
		u.Window().Canvas().Unfocus() // as a touch does
		typeIn(u, code, true)
		if got := sent(c); !slices.Equal(got, []string{"kiosk.Scanned{Text:" + code + "}"}) {
			t.Errorf("%s, after a touch: told %q", name, got)
		}
		v := u.router.view
		v.Covered = true
		u.ShowView(v)
		typeIn(u, code, true)
		if got := sent(c); len(got) != 0 {
			t.Errorf("%s, covered: told %q", name, got)
		}
	}
	u, c := newUI(t, sizes[0], false)
	show(u, flow(t, "result-ok"), domain.Spanish)
	typeIn(u, code, true)
	if got := sent(c); len(got) != 0 {
		t.Errorf("a page that asks for none: told %q", got)
	}
}

// TestALockRunsOut: the pad opens by itself when the time is over.
func TestALockRunsOut(t *testing.T) {
	clock := domaintest.NewClock(start)
	u, _ := newUI(t, sizes[0], false)
	var next func()
	var in time.Duration
	u.router.now = clock.Now
	u.router.later = func(d time.Duration, do func()) func() {
		in, next = d, do
		return func() { next = nil }
	}
	v := validating(kiosk.Validate{Step: kiosk.ValidatePIN, PIN: kiosk.PINEntry{Wrong: true, Until: start.Add(2 * time.Minute)}})
	v.Lang = domain.Spanish
	u.ShowView(v)
	pad := u.router.body.(*screens.ValidatePIN).Pad()
	if !strings.Contains(pad.Problem(), "hasta las 10:32") || in != 30*time.Second {
		t.Fatalf("%q, again in %v", pad.Problem(), in)
	}
	for n := 0; next != nil; n++ {
		if n > 120 {
			t.Fatal("it never opens")
		}
		do := next
		next = nil
		clock.Advance(in)
		do()
		if left := v.Validate.PIN.Until.Sub(clock.Now()); left > 0 != pad.Closed() {
			t.Fatalf("%v left: closed %v", left, pad.Closed())
		}
		if n == 59 && !strings.Contains(pad.Problem(), "espere 31 segundos") {
			t.Errorf("after 89 s: %q", pad.Problem())
		}
	}
	if pad.Problem() != "" {
		t.Errorf("open, it says %q", pad.Problem())
	}
}

func TestTheBadgePageShowsTheOtherCode(t *testing.T) {
	u, _ := newUI(t, sizes[1], false)
	show(u, flow(t, "register-badge"), domain.Spanish)
	card := u.router.body.(*screens.RegisterBadge).Card()
	if card.Scale() < 4 {
		t.Errorf("%d pixels a module", card.Scale())
	}
	v := u.router.view
	b := *v.Register.Badge
	b.Showing = kiosk.CodeReceipt
	r := *v.Register
	r.Badge, v.Register = &b, &r
	small := card.Scale()
	u.ShowView(v)
	if card.Scale() <= small {
		t.Errorf("a code of fewer modules has %d pixels a module, as the other had %d", card.Scale(), small)
	}
}
