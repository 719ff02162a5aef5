package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/api"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/s3test"
	"agentid/sync/protocol"
)

// TestErasureOutlivesBackup restores a copy of the database that was made before
// somebody was erased: they are erased again by the record in the object store,
// once by the program that starts, once by the command, and kiosks are told, also one
// that had read on after the backup and was away when they were erased.
func TestErasureOutlivesBackup(t *testing.T) {
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	defer server.Close()
	sql := func(q ...string) { t.Helper(); must(t, server.Exec(t.Context(), "postgres", q...)) }
	sql("CREATE ROLE central LOGIN", "CREATE DATABASE central OWNER central")
	w := newWorld(t, server.DSN("central", "central"), s3test.New(t))
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	consent, person := registration(t, k)
	who := person.Subject()
	it, err := protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(who), 1), person)
	must(t, err)
	k.mustSend(t, consent, it, k.event(t, 1, who))
	start, err := k.changes("", 0)
	must(t, err)
	token := w.cli("admin", "create", "ana")
	p.kill()
	sql("CREATE DATABASE first OWNER central TEMPLATE central", "CREATE DATABASE second OWNER central TEMPLATE central")

	p = w.serve("127.0.0.1:0")
	// Others follow, and the kiosk hears of them, but not of the erasure.
	others := func(p *process) {
		t.Helper()
		k.base = p.url()
		must(t, k.renew())
		consent, who := registration(t, k)
		person, err := protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(who.ID), 1), who)
		must(t, err)
		k.mustSend(t, consent, person)
	}
	others(p)
	late, err := k.changes(start.Cursor, 0)
	must(t, err)
	admin := &kiosk{base: p.url(), token: token}
	var report api.SignedReport
	must(t, admin.post("/v1/admin/people/"+string(who)+"/erase", api.Why{Why: "asked by letter"}, &report))
	store := w.store()
	recorded := func() bool {
		_, err := store.Read(t.Context(), "facial-images", "erasures/"+string(who)+".json")
		return err == nil
	}
	until(t, "no record of the erasure", recorded)
	p.kill()

	left := func() (n int) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), w.env["DSN"])
		must(t, err)
		defer c.Close(t.Context())
		must(t, c.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM people WHERE id = $1) + (SELECT count(*) FROM events WHERE person = $1) + (SELECT count(*) FROM consents WHERE person = $1)",
			string(who)).Scan(&n))
		return n
	}
	for name, again := range map[string]func(){
		"first":  func() {},
		"second": func() { w.cli("restored") },
	} {
		w.env["DSN"] = server.DSN("central", name)
		if n := left(); n != 3 {
			t.Fatalf("%s: the backup has %d rows of them", name, n)
		}
		again()
		p := w.serve("127.0.0.1:0")
		until(t, name+": they are not erased again", func() bool { return left() == 0 })
		// By its number the cursor would pass as one of this history.
		for range 3 {
			others(p)
		}
		page, err := k.changes(late.Cursor, 0)
		must(t, err)
		told := false
		for _, c := range page.Changes {
			told = told || c.Kind == protocol.ChangeTombstone && strings.Contains(string(c.Body), string(who))
		}
		if !told || !page.Reset {
			t.Errorf("%s: told %v, to read anew %v", name, told, page.Reset)
		}
		as, err := k.send(it)
		if err != nil || as[0].Reason != protocol.RejectErased && as[0].Status != protocol.StatusDuplicate {
			t.Errorf("%s: sent again: %+v, %v", name, as, err)
		}
		if n := left(); n != 0 {
			t.Errorf("%s: %d rows came back", name, n)
		}
		p.kill()
	}
}

// registration is somebody's consent, and who they are.
func registration(t *testing.T, k *kiosk) (protocol.Item, *protocol.Person) {
	t.Helper()
	id := domain.PersonID(uuid.NewString())
	consent, err := protocol.ConsentItem(domain.Consent{ID: uuid.NewString(), Person: id, Version: "1", TextSHA256: strings.Repeat("0", 64), Lang: "es",
		Granted: []domain.Purpose{domain.PurposeData}, Method: "kiosk_touch", DeviceID: k.id, At: time.Now()})
	must(t, err)
	return consent, &protocol.Person{ID: id, Version: 1, CreatedAt: time.Now(), KeyID: "k",
		Fields: map[string]protocol.Field{protocol.FieldName: {At: time.Now(), Sealed: make([]byte, 50)}}}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}
