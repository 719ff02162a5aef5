package main

import (
	"encoding/json"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
	"agentid/vision/espcam/cast"
)

// What an administrator publishes at the centre, over HTTP into a real
// PostgreSQL, answers at a kiosk that runs; a broken set does not, and the kiosk
// says which line.
func TestAnswersFromTheCentre(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", sharedCache(t))
	centre := newE2ECentre(t)
	k := newE2EKiosk(t, centre, "A", cast.Cast()[1])
	code, _, err := centre.db.NewCode(t.Context(), e2eSite, k.name, "test")
	must(t, err)
	_, err = k.c.enrol(t.Context(), k.store.DeviceID(), code, k.name)
	must(t, err)
	k.awaitState(outbox.StateOnline)
	k.await("answers", func() bool { return k.assistant.Load() != nil })
	heard := func(l domain.Lang, question string) string {
		turn, err := k.assistant.Load().Begin(l, kiosk.Asker{}).Ask(t.Context(), l, question)
		must(t, err)
		if turn.Answer == nil {
			return ""
		}
		return turn.Spoken()
	}
	publish := func(l domain.Lang, change func(string) string) {
		t.Helper()
		raw, err := assets.FAQ(string(l))
		must(t, err)
		body, err := json.Marshal(map[string]string{"content_type": "text/plain", "content": change(string(raw))})
		must(t, err)
		var d protocol.Document
		centre.ask("PUT", "/v1/admin/sites/"+e2eSite+"/documents/faq/"+string(l), string(body), &d)
	}
	publish(domain.Spanish, func(s string) string {
		return strings.Replace(s, "Puede abrirla en el mostrador.", "La central dice: venga.", 1)
	})
	took := k.await("the centre's answer", func() bool {
		return strings.Contains(heard(domain.Spanish, "¿cómo abro una cuenta?"), "La central dice")
	})
	t.Logf("published and heard in %.1f s", took.Seconds())
	publish(domain.Spanish, func(s string) string { return strings.Replace(s, "category: cuentas", "category: cuenta", 1) })
	k.await("the refusal", func() bool { return len(k.syncReport().NotTaken) == 1 })
	if n := k.syncReport().NotTaken; !strings.Contains(n[0], `category "cuenta"`) {
		t.Errorf("not taken: %q", n)
	}
	if got := heard(domain.Spanish, "¿cómo abro una cuenta?"); !strings.Contains(got, "La central dice") {
		t.Errorf("heard %q", got)
	}
}
