package api

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// manual is the example of a kind in docs/CENTRAL.md.
func manual(t *testing.T, kind protocol.ChangeKind) string {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/CENTRAL.md")
	must(t, err)
	_, part, ok := strings.Cut(string(raw), "\n    PUT …/documents/"+string(kind)+"/")
	if !ok {
		t.Fatalf("no example of %s", kind)
	}
	_, body, _ := strings.Cut(part, "\n")
	body, _, _ = strings.Cut(body, "\n\n")
	return body
}

func documentPath(kind protocol.ChangeKind, ref string) string {
	return "/v1/admin/sites/norte/documents/" + string(kind) + "/" + url.PathEscape(ref)
}

// TestDocumentsAreHeldToTheirFormat: an administrator hears what is wrong, and
// no kiosk hears of it.
func TestDocumentsAreHeldToTheirFormat(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	member := uuid.NewString()
	for _, tt := range []struct {
		kind               protocol.ChangeKind
		ref, form, content string
		status             int
		says               string
	}{
		{protocol.ChangeConfig, "site", protocol.ContentJSON, `{"faq.dir":"/etc"}`, 422, "faq.dir"},
		{protocol.ChangeConfig, "site", "text/plain", `{"lang":"en"}`, 422, "content_type"},
		{protocol.ChangeConfig, "norte", protocol.ContentJSON, `{"lang":"en"}`, 422, "ref"},
		{protocol.ChangeConsentText, "2027-1/es", protocol.ContentJSON, `{}`, 422, "effective"},
		{protocol.ChangeConsentText, "2027-1", protocol.ContentJSON, manual(t, protocol.ChangeConsentText), 422, "ref"},
		{protocol.ChangeStaff, member, protocol.ContentJSON, `{"login":"ana","name":"Ana Paz","role":"admin","pin":"135790"}`, 422, "content"},
		{protocol.ChangeCaseAnswer, uuid.NewString(), protocol.ContentJSON, `{"text":""}`, 422, "text"},
		{protocol.ChangeCaseAnswer, uuid.NewString(), protocol.ContentJSON, manual(t, protocol.ChangeCaseAnswer), 404, "no such thing"},
		{protocol.ChangeConfig, "..", protocol.ContentJSON, `{"lang":"en"}`, 404, ""},
	} {
		status, body, h := c.raw("PUT", documentPath(tt.kind, tt.ref), c.admin, Publication{tt.form, tt.content})
		if status != tt.status || !strings.Contains(string(body), tt.says) || h.Get("Content-Type") != protocol.ContentProblem {
			t.Errorf("%s %s: %d %s, want %d with %q", tt.kind, tt.ref, status, body, tt.status, tt.says)
		}
		if tt.status == 422 && code(t, body) != protocol.CodeDocument {
			t.Errorf("%s %s: code of %s", tt.kind, tt.ref, body)
		}
	}
	if p := d.changes("", ""); len(p.Changes) != 0 {
		t.Errorf("kiosks were told %+v", p.Changes)
	}

	put := func(kind protocol.ChangeKind, ref, content string) int {
		t.Helper()
		return c.ask("PUT", documentPath(kind, ref), c.admin, Publication{protocol.ContentJSON, content}, nil)
	}
	text := manual(t, protocol.ChangeConsentText)
	for _, tt := range []struct {
		what string
		got  int
		want int
	}{
		{"config", put(protocol.ChangeConfig, "site", manual(t, protocol.ChangeConfig)), 200},
		{"config of a kiosk", put(protocol.ChangeConfig, protocol.ConfigOfKiosk(d.id), `{"lang":"en"}`), 200},
		{"staff", put(protocol.ChangeStaff, member, manual(t, protocol.ChangeStaff)), 200},
		{"text", put(protocol.ChangeConsentText, "2027-1/es", text), 200},
		{"the same text", put(protocol.ChangeConsentText, "2027-1/es", text), 200},
		{"another text of that version", put(protocol.ChangeConsentText, "2027-1/es", strings.Replace(text, "No acepto", "No", 1)), 409},
		{"taken back", c.ask("DELETE", documentPath(protocol.ChangeConsentText, "2027-1/es"), c.admin, nil, nil), 200},
		{"taken back twice", c.ask("DELETE", documentPath(protocol.ChangeConsentText, "2027-1/es"), c.admin, nil, nil), 404},
		{"again as another", put(protocol.ChangeConsentText, "2027-1/es", text), 409},
		{"config taken back", c.ask("DELETE", documentPath(protocol.ChangeConfig, "site"), c.admin, nil, nil), 200},
		{"what was never there", c.ask("DELETE", documentPath(protocol.ChangeFAQ, "es"), c.admin, nil, nil), 404},
		{"a person", c.ask("DELETE", documentPath(protocol.ChangePerson, member), c.admin, nil, nil), 404},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.what, tt.got, tt.want)
		}
	}
	gone := map[string]bool{}
	for _, ch := range d.changes("", "").Changes {
		gone[string(ch.Kind)+" "+ch.Ref] = ch.Gone
	}
	want := map[string]bool{"config site": true, "config kiosk/" + d.id: false, "staff " + member: false, "consent_text 2027-1/es": true}
	if len(gone) != len(want) {
		t.Errorf("%v", gone)
	}
	for k, v := range want {
		if g, ok := gone[k]; !ok || g != v {
			t.Errorf("%s: told %v, gone %v", k, ok, g)
		}
	}
}

// TestCaseAnswerGoesWithThePerson: what is answered to somebody's case is
// theirs, and is not answered to who has been erased.
func TestCaseAnswerGoesWithThePerson(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	person, id := uuid.NewString(), uuid.NewString()
	k := &protocol.Case{ID: id, Version: 1, OpenedAt: c.clock.Now(), Lang: domain.Spanish, Person: domain.PersonID(person), Question: "¿Y mi tarjeta?", State: "open"}
	if got := d.send(caseItem(t, k)); got != "stored" {
		t.Fatal(got)
	}
	answer := Publication{protocol.ContentJSON, manual(t, protocol.ChangeCaseAnswer)}
	if status := c.ask("PUT", documentPath(protocol.ChangeCaseAnswer, id), c.admin, answer, nil); status != 200 {
		t.Fatal(status)
	}
	if status := c.ask("POST", "/v1/admin/people/"+person+"/erase", c.admin, Why{"erased_by_staff"}, nil); status != 202 {
		t.Fatal(status)
	}
	for _, ch := range d.changes("", "").Changes {
		if ch.Kind == protocol.ChangeCaseAnswer {
			t.Errorf("the answer is told still: %+v", ch)
		}
	}
	if status := c.ask("PUT", documentPath(protocol.ChangeCaseAnswer, id), c.admin, answer, nil); status != 404 {
		t.Errorf("answered to who is erased: %d", status)
	}
}

func caseItem(t *testing.T, k *protocol.Case) protocol.Item {
	t.Helper()
	it, err := protocol.NewItem(protocol.KindCase, protocol.DerivedID(protocol.KindCase, k.ID, k.Version), k)
	must(t, err)
	return it
}
