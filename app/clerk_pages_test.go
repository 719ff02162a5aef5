package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/kiosk"
	"agentid/assets"
)

// seededDemo fills the demo's data with a busy branch and tells the PINs of
// its accounts.
func seededDemo(t *testing.T, h *host) map[string]string {
	t.Helper()
	pins := map[string]string{}
	for line := range strings.Lines(h.must("demo-seed", "--demo", "--people", "40", "--events", "400")) {
		if f := strings.Fields(line); len(f) == 4 && f[2] == "PIN" {
			pins[f[0]] = f[3]
		}
	}
	return pins
}

// TestAdminPagesByTouch opens every page of the tab on a busy branch, as each
// role sees it: there is something to see, and what is not a role's own is not
// offered.
func TestAdminPagesByTouch(t *testing.T) {
	h := newHost(t, "")
	pins := seededDemo(t, h)
	display := h.display(1280, 800)
	texts, err := assets.LoadTexts()
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, display: display, texts: texts, lang: "es", since: time.Now(), prefix: "pages"}
	v.running = h.start("--demo", "--site-organisation", "Banco Norte", "--site-branch", "Sucursal Centro")
	v.await("an engine", 60*time.Second, func(s screenState) bool { return s.Engine != "" && s.PicturesShown > 5 })

	all := []kiosk.AdminPage{
		kiosk.PageToday, kiosk.PagePeople, kiosk.PageEvents, kiosk.PageReview, kiosk.PageCases, kiosk.PageFAQ, kiosk.PageCameras,
		kiosk.PageSync, kiosk.PageRecognition, kiosk.PageStaff, kiosk.PageAudit, kiosk.PageSystem,
	}
	// Those whose rows open: what they show in full is looked at as well.
	opens := []kiosk.AdminPage{
		kiosk.PagePeople, kiosk.PageEvents, kiosk.PageReview, kiosk.PageCases, kiosk.PageFAQ, kiosk.PageCameras, kiosk.PageSync, kiosk.PageStaff, kiosk.PageAudit,
	}
	sees := map[string][]kiosk.AdminPage{"clara": all, "blas": all, "ana": {
		kiosk.PageToday, kiosk.PagePeople, kiosk.PageEvents, kiosk.PageReview, kiosk.PageCases, kiosk.PageFAQ, kiosk.PageCameras, kiosk.PageSync,
	}}
	for _, login := range []string{"clara", "ana", "blas"} {
		v.signIn(login, pins[login])
		for _, p := range all {
			if there := v.has(v.say("admin.ui.page." + string(p))); there != slices.Contains(sees[login], p) {
				t.Errorf("%s is offered %s: %t", login, p, there)
				continue
			}
			if login != "clara" {
				continue
			}
			v.page(string(p))
			for _, bad := range []string{"said.not_here", "said.failed", "said.not_allowed"} {
				if v.has(v.say("admin." + bad)) {
					t.Errorf("%s says: %s", p, v.say("admin."+bad))
				}
			}
			v.step(string(p))
			if !slices.Contains(opens, p) {
				continue
			}
			rows := v.rows()
			if len(rows) == 0 {
				t.Errorf("%s has no row", p)
				continue
			}
			v.open(rows[0].Words)
			v.find("button", v.say("admin.ui.close"))
			v.step(string(p) + "-row")
		}
		v.signOut()
	}
	v.stop()
}
