package main

import (
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
)

// ask writes a question with the keyboard on the screen and sends it.
func (v *visitor) ask(question string, key string) screenState {
	v.t.Helper()
	v.tap(key)
	v.at("ask", "writing")
	v.write(question)
	v.step("written")
	v.touch(v.display, v.find("key", "enter"))
	return v.await("an answer to "+question, 15*time.Second, func(s screenState) bool { return s.State == "ask" && s.Step != "writing" })
}

// TestAskingByTouch: a visitor asks with a mistake, reads the answer in both
// languages, says that it helped, asks what nobody here knows, and is handed
// over to staff, who find what was said.
func TestAskingByTouch(t *testing.T) {
	h, stage, display := lobby(t)
	h.env = append(h.env, "AGENTID_FAQ_PHONE=0800 555 0100", "AGENTID_FAQ_HOURS=lunes a viernes, de 10 a 15 h")
	v := visit(h, stage, display)
	v.prefix = "ask"
	v.until("ask", "attract.ask")
	v.step("topics")
	v.tap("ask_category.tarjetas")
	v.step("category")

	if s := v.ask("perdi mi targeta", "ask.write"); s.Step != "answer" {
		t.Fatalf("answered by %s\n%s", s.Step, v.tail())
	}
	v.find("text", "perdi mi targeta")
	v.step("answer")
	v.touch(display, touchEN)
	v.lang = "en"
	v.find("button", v.say("ask.another"))
	v.step("answer")
	v.touch(display, touchES)
	v.lang = "es"
	for !v.has(v.say("ask.yes")) { // it may stand on several pages
		v.tap("ask.read_on")
	}
	v.tap("ask.yes")
	v.find("text", v.say("ask.thanks"))
	v.step("liked")

	s := v.ask("el mundial", "ask.another")
	v.step("not-understood")
	for _, q := range []string{"la luna", "un chiste", "futbol"} {
		if s.Step == "person" {
			break
		}
		if s.Step == "answer" {
			t.Fatalf("it answers what it cannot know\n%s", v.tail())
		}
		s = v.ask(q, "ask.otherwise")
	}
	if s.Step != "person" {
		t.Fatalf("nobody comes: %+v", s)
	}
	v.find("text", v.say("ask.called"))
	v.step("person")
	v.tap("ask.finish")
	v.toRest()

	st := h.openStore()
	defer st.Close()
	list, err := st.Exchanges(t.Context(), time.Time{}, 100)
	if err != nil || len(list) < 3 || list[0].Topic != "tarjeta_perdida" || list[0].Feedback != domain.Liked || list[0].Outcome != domain.ExchangeAnswered {
		t.Errorf("kept %+v, %v", list, err)
	}
	cases, err := st.Cases(t.Context(), domain.CaseFilter{})
	if err != nil || len(cases) != 1 {
		t.Fatalf("cases %+v, %v", cases, err)
	}
	c, err := st.Case(t.Context(), cases[0].ID)
	if err != nil || c.Reason != domain.CaseLost || c.State != domain.CaseOpen || c.Kiosk != st.DeviceID() || c.Identity != domain.IdentityAnonymous {
		t.Errorf("case %+v, %v", c, err)
	}
	said := ""
	for _, l := range c.Transcript {
		said += l.Text + "\n"
	}
	if !strings.Contains(said, "perdi mi targeta") || !strings.Contains(said, "el mundial") {
		t.Errorf("staff read:\n%s", said)
	}
}
