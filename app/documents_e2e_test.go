package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/assets"
	"agentid/sync/central/api"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// publish asks the centre as an administrator does; no content takes the
// document back.
func (c *e2eCentre) publish(d domain.Document) (status int, says string) {
	c.t.Helper()
	method, body := http.MethodDelete, []byte(nil)
	if d.Content != "" {
		var err error
		method = http.MethodPut
		body, err = json.Marshal(api.Publication{ContentType: protocol.ContentJSON, Content: d.Content})
		must(c.t, err)
	}
	path := fmt.Sprintf("%s/v1/admin/sites/%s/documents/%s/%s", c.srv.URL, e2eSite, d.Kind, url.PathEscape(d.Ref))
	req, err := http.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(body))
	must(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.admin)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.srv.Client().Do(req)
	must(c.t, err)
	defer res.Body.Close()
	var out bytes.Buffer
	_, err = out.ReadFrom(res.Body)
	must(c.t, err)
	return res.StatusCode, out.String()
}

// TestDocumentsOfARealCentre: what an administrator publishes over HTTP is how
// the kiosk is set, what it asks by and who its staff are, until it is taken back.
func TestDocumentsOfARealCentre(t *testing.T) {
	centre := newE2ECentre(t)
	k := newAdminKioskWith(t, fmt.Sprintf("[centre]\nurl = %q\nca_file = %q\n[recognition]\nvotes = 5\n", centre.srv.URL, centre.caFile))
	k.consents.closed = nil // the seed has no key of badges
	code, _, err := centre.db.NewCode(t.Context(), e2eSite, "Centro", "test")
	must(t, err)
	_, err = k.c.enrol(t.Context(), k.store.DeviceID(), code, "Centro")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.link.run(ctx) }()
	taking := make(chan struct{})
	go func() { defer close(taking); k.keepTaking(ctx) }()
	t.Cleanup(func() { cancel(); <-done; <-taking })

	await := func(what string, so func() bool) {
		t.Helper()
		begin := time.Now()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for !so() {
			if time.Since(begin) > e2ePatience {
				st, _ := k.link.now()
				t.Fatalf("%s: not within %s: %+v", what, e2ePatience, st)
			}
			<-tick.C
		}
		t.Logf("%s after %s", what, time.Since(begin).Round(time.Millisecond))
	}
	put := func(docs ...domain.Document) {
		t.Helper()
		for _, d := range docs {
			if status, says := centre.publish(d); status != 200 {
				t.Fatalf("%s %s: %d %s", d.Kind, d.Ref, status, says)
			}
		}
	}
	await("online", func() bool { st, _ := k.link.now(); return st.State == outbox.StateOnline })

	if status, says := centre.publish(siteConfig(`{"badge.key_file":"/tmp/k"}`)); status != 422 || !strings.Contains(says, "badge.key_file") {
		t.Errorf("%d %s", status, says)
	}
	past := k.c.clock.Now().Add(-time.Hour)
	staffCode, member := codeOf(centreStaff, k.c.clock.Now().Add(time.Hour))
	put(siteConfig(`{"recognition.votes":2}`), text("2027-1", "es", "Uno", past), text("2027-1", "en", "One", past),
		staffDoc(centreStaff, "lucia", "admin", `,"branches":["Centro"]`+member))
	await("settings", func() bool { return k.config().Recognition.Votes == 2 })
	await("text of consent", func() bool {
		s, _, err := k.consents.ConsentText(domain.Spanish)
		return err == nil && s.Version == "2027-1"
	})
	await("staff", func() bool {
		m, err := k.store.StaffMember(t.Context(), centreStaff)
		return err == nil && m.NoPIN
	})
	if _, err := (staffCodes{k.store}).UseStaffCode(t.Context(), "lucia", staffCode, "802751"); err != nil {
		t.Fatal(err)
	}

	// Enrolled for another branch, it has the accounts of that one.
	elsewhere := domain.StaffID("01890a5d-ac96-774b-bcce-b302099a8058")
	put(staffDoc(string(elsewhere), "pedro", "staff", `,"branches":["Sur"]`))
	must(t, centre.db.RevokeKiosk(t.Context(), k.store.DeviceID(), "moved"))
	code, _, err = centre.db.NewCode(t.Context(), e2eSite, "Sur", "test")
	must(t, err)
	_, err = k.c.enrol(t.Context(), k.store.DeviceID(), code, "Sur")
	must(t, err)
	await("the accounts of the other branch", func() bool {
		here, err := k.store.StaffMember(t.Context(), elsewhere)
		was, werr := k.store.StaffMember(t.Context(), centreStaff)
		return err == nil && here.Disabled.IsZero() && werr == nil && !was.Disabled.IsZero()
	})
	put(staffDoc(centreStaff, "lucia", "admin", ""))
	await("an account of every branch", func() bool {
		m, err := k.store.StaffMember(t.Context(), centreStaff)
		return err == nil && m.Disabled.IsZero()
	})

	put(domain.Document{Kind: domain.DocumentConfig, Ref: protocol.ConfigOfSite}, domain.Document{Kind: domain.DocumentConsentText, Ref: "2027-1/en"},
		domain.Document{Kind: domain.DocumentStaff, Ref: centreStaff})
	await("settings taken back", func() bool { return k.config().Recognition.Votes == 5 })
	await("text taken back", func() bool {
		s, _, err := k.consents.ConsentText(domain.Spanish)
		return err == nil && s.Version == assets.ConsentVersion
	})
	await("account closed", func() bool {
		m, err := k.store.StaffMember(t.Context(), centreStaff)
		return err == nil && !m.Disabled.IsZero()
	})
}
