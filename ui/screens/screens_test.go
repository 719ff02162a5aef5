package screens

import (
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/kiosk"
)

func data(name, document, contact string) kiosk.PersonData {
	return kiosk.PersonData{Name: name, Document: document, Contact: contact}
}

func TestCheckData(t *testing.T) {
	good := data("Íñigo Muñoz-Pérez", "12345678Z", "inigo@correo.es")
	for _, c := range []struct {
		name string
		in   kiosk.PersonData
		want kiosk.PersonData
		key  map[string]string
	}{
		{"as it should be", good, good, nil},
		{"as people write", data("  íñigo   muñoz ", "12.345.678-z", "Inigo@Correo.ES"), data("íñigo muñoz", "12345678Z", "inigo@correo.es"), nil},
		{"a phone", data(good.Name, good.Document, "+54 11 4321-5678"), data(good.Name, good.Document, "+541143215678"), nil},
		{"nothing", data("", "", ""), data("", "", ""), map[string]string{fieldName: "name_empty", fieldDocument: "document_empty", fieldContact: "contact_empty"}},
		{"blanks", data(" ", " ", " "), data("", "", ""), map[string]string{fieldName: "name_empty", fieldDocument: "document_empty", fieldContact: "contact_empty"}},
		{"digits for a name", data("12345678", good.Document, good.Contact), data("", "", ""), map[string]string{fieldName: "name_bad"}},
		{"an address for a name", data("ana@correo.es", good.Document, good.Contact), data("", "", ""), map[string]string{fieldName: "name_bad"}},
		{"marks for a name", data("---", good.Document, good.Contact), data("", "", ""), map[string]string{fieldName: "name_bad"}},
		{"a name too long", data(strings.Repeat("a", 81), good.Document, good.Contact), data("", "", ""), map[string]string{fieldName: "name_bad"}},
		{"a short document", data(good.Name, "12", good.Contact), data("", "", ""), map[string]string{fieldDocument: "document_short"}},
		{"a document without a digit", data(good.Name, "ABCDEF", good.Contact), data("", "", ""), map[string]string{fieldDocument: "document_short"}},
		{"a document with a mark", data(good.Name, "1234567#", good.Contact), data("", "", ""), map[string]string{fieldDocument: "document_bad"}},
		{"half an address", data(good.Name, good.Document, "inigo@"), data("", "", ""), map[string]string{fieldContact: "contact_email"}},
		{"an address without @", data(good.Name, good.Document, "inigo.correo.es"), data("", "", ""), map[string]string{fieldContact: "contact_email"}},
		{"a short phone", data(good.Name, good.Document, "600 12"), data("", "", ""), map[string]string{fieldContact: "contact_phone"}},
		{"two things wrong", data(good.Name, "1", "2"), data("", "", ""), map[string]string{fieldDocument: "document_short", fieldContact: "contact_phone"}},
	} {
		got, problems := checkData(c.in)
		if len(problems) != len(c.key) {
			t.Errorf("%s: %v, want %v", c.name, problems, c.key)
		}
		for f, k := range c.key {
			if problems[f] != "field."+k {
				t.Errorf("%s: %s is %q, want %q", c.name, f, problems[f], k)
			}
		}
		if len(c.key) == 0 && got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// FuzzCheckData: what passes here passes the domain again, unchanged.
func FuzzCheckData(f *testing.F) {
	f.Add("Íñigo Muñoz-Pérez", "12345678Z", "inigo@correo.es")
	f.Add("", "A-1", "+")
	f.Add("a\x00b", "ñ12345", "<a@b.c>")
	f.Fuzz(func(t *testing.T, name, document, contact string) {
		d, problems := checkData(data(name, document, contact))
		if len(problems) > 0 {
			for field, key := range problems {
				if !strings.HasPrefix(key, "field."+field+"_") {
					t.Fatalf("%s has the problem %s", field, key)
				}
			}
			return
		}
		again := func(s string, err error) string {
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if got := (data(again(domain.CleanName(d.Name)), again(domain.CleanDocument(d.Document)), again(domain.CleanContact(d.Contact)))); got != d {
			t.Fatalf("%+v is cleaned again to %+v", d, got)
		}
	})
}

func TestCoachOfEveryHint(t *testing.T) {
	for g, want := range map[domain.Guide]Coach{
		domain.GuideStart: CoachStart, domain.GuideCentre: CoachCentre, domain.GuideFarther: CoachFarther,
		domain.GuideTurn: CoachTurn, domain.GuideTurnLeft: CoachTurnLeft, domain.GuideTurnRight: CoachTurnRight,
		domain.GuideBlink: CoachBlink, domain.GuideDone: CoachDone,
		domain.GuideNone: CoachStart, domain.GuideCloser: CoachCloser, domain.GuideLight: CoachLight,
		domain.GuideHoldStill: CoachHoldStill, domain.GuideOnePerson: CoachOnePerson,
		domain.GuideLookAhead: CoachLookAhead, domain.GuideReading: CoachHoldStill, "new": CoachStart,
	} {
		if got := CoachOf(g); got != want {
			t.Errorf("CoachOf(%q) = %q, want %q", g, got, want)
		}
	}
}
