package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/ui/screens"
)

func TestWhatIsTypedSurvives(t *testing.T) {
	for _, s := range sizes {
		u, c := newUI(t, s, false)
		view := registering(kiosk.Register{Step: kiosk.RegisterData})
		at := func(l domain.Lang, change func(*kiosk.View)) {
			v := view
			v.Lang = l
			if change != nil {
				change(&v)
			}
			u.ShowView(v)
		}
		at(domain.Spanish, nil)
		typeIn(u, "Íñigo Muñoz", true)
		typeIn(u, "12", false)
		written := func() kiosk.PersonData { return u.router.body.(*screens.RegisterData).Written() }
		want := kiosk.PersonData{Name: "Íñigo Muñoz", Document: "12"}
		for _, step := range []struct {
			what string
			do   func()
		}{
			{"an update", func() { at(domain.Spanish, func(v *kiosk.View) { v.Status.Pending = 3 }) }},
			{"another language", func() { at(domain.English, nil) }},
			{"a question in between", func() {
				at(domain.English, func(v *kiosk.View) { v.Asking, v.Covered, v.Deadline = true, true, start.Add(10*time.Second) })
				typeIn(u, "no", false) // into nothing: it is covered
				at(domain.Spanish, func(v *kiosk.View) { v.Asking, v.Covered, v.Deadline = true, true, start.Add(9*time.Second) })
				at(domain.Spanish, nil)
			}},
			{"help in between", func() {
				at(domain.Spanish, func(v *kiosk.View) { v.State = kiosk.StateHelp })
				at(domain.English, func(v *kiosk.View) { v.State = kiosk.StateHelp })
				at(domain.Spanish, nil)
			}},
			{"help and a notice in between", func() {
				at(domain.Spanish, func(v *kiosk.View) { v.State = kiosk.StateHelp })
				at(domain.Spanish, func(v *kiosk.View) { v.State, v.Notice = kiosk.StateNotice, kiosk.FeatureStaff })
				at(domain.Spanish, nil)
			}},
			{"another size", func() {
				u.Window().Resize(fyne.NewSize(1080, 1920))
				u.Window().Resize(fyne.NewSize(float32(s.w), float32(s.h)))
			}},
		} {
			step.do()
			if got := written(); got != want {
				t.Fatalf("%s: after %s: %+v, want %+v", s.name, step.what, got, want)
			}
		}
		// It goes on where it was, and the errors speak the language at hand.
		typeIn(u, "3", true)
		typeIn(u, "ana@correo.es", true)
		if got := c.take(); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "SubmitData") }) {
			t.Errorf("%s: sent with a document that is too short: %q", s.name, got)
		}
		at(domain.English, nil)
		if got := words(u); !strings.Contains(got, "Some numbers are missing") {
			t.Errorf("%s: the error is gone, or in Spanish:\n%s", s.name, got)
		}
		typeIn(u, "4567", false)
		at(domain.Spanish, nil)
		u.router.body.(*screens.RegisterData).Form().OnSubmit()
		if got := c.take(); !slices.Contains(got, "kiosk.SubmitData{PersonData:{Name:Íñigo Muñoz Document:1234567 Contact:ana@correo.es}}") {
			t.Errorf("%s: told %q", s.name, got)
		}
	}
}

// TestWhatIsTypedIsForgotten: the next registration begins empty.
func TestWhatIsTypedIsForgotten(t *testing.T) {
	u, _ := newUI(t, sizes[0], false)
	data := registering(kiosk.Register{Step: kiosk.RegisterData})
	help := data
	help.State = kiosk.StateHelp
	for name, between := range map[string][]kiosk.View{
		"left":             {{State: kiosk.StateAttract}},
		"another step":     {registering(kiosk.Register{Step: kiosk.RegisterNotice})},
		"left from help":   {help, {State: kiosk.StateAttract}},
		"help of no flow":  {help, {State: kiosk.StateHelp}},
		"straight to help": {{State: kiosk.StateHelp}},
	} {
		u.ShowView(data)
		typeIn(u, "Lucía", false)
		for _, v := range between {
			u.ShowView(v)
		}
		u.ShowView(data)
		if got := u.router.body.(*screens.RegisterData).Written(); got != (kiosk.PersonData{}) {
			t.Errorf("%s: %+v is still there", name, got)
		}
		u.ShowView(kiosk.View{State: kiosk.StateAttract})
		if u.router.kept != nil {
			t.Errorf("%s: something is kept at rest", name)
		}
	}
}

func TestAPINHalfChosenSurvivesTheLanguage(t *testing.T) {
	u, c := newUI(t, sizes[0], false)
	v := registering(kiosk.Register{Step: kiosk.RegisterPIN})
	v.Lang = domain.Spanish
	u.ShowView(v)
	typeIn(u, "493817", true)
	typeIn(u, "493", false)
	v.Lang = domain.English
	u.ShowView(v)
	if got := words(u); !strings.Contains(got, "Write it once more") {
		t.Errorf("it says:\n%s", got)
	}
	typeIn(u, "817", true)
	if got := c.take(); !slices.Contains(got, "kiosk.EnterPIN{PIN:493817}") {
		t.Errorf("told %q", got)
	}
}
