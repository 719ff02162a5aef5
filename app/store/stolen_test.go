package store

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/store/storetest"
)

// forms lists how a text might stand in a file: as it is, in either case, in
// UTF-16, in hex, and hashed without a key.
func forms(name, text string) map[string]string {
	var utf16 []byte
	for _, r := range text {
		utf16 = append(utf16, byte(r), byte(r>>8)) // of the plane that is used here
	}
	sum := sha256.Sum256([]byte(text))
	return map[string]string{
		name: text, name + " upper": strings.ToUpper(text), name + " lower": strings.ToLower(text),
		name + " utf-16": string(utf16), name + " hex": hex.EncodeToString([]byte(text)),
		name + " sha-256": string(sum[:]), name + " sha-256 hex": hex.EncodeToString(sum[:]),
	}
}

// storedOf lists, of each blob kept of a person, a part that lies on one page.
func storedOf(t *testing.T, s *Store, id domain.PersonID) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for what, query := range map[string]string{
		"sealed key":      "SELECT wrapped_key FROM people WHERE id = ?",
		"sealed name":     "SELECT name FROM people WHERE id = ?",
		"sealed document": "SELECT document FROM profiles WHERE person = ?",
		"document hash":   "SELECT document_hash FROM profiles WHERE person = ?",
		"sealed contact":  "SELECT contact FROM profiles WHERE person = ?",
		"sealed pin":      "SELECT secret FROM pins WHERE person = ?",
		"sealed template": "SELECT substr(vector, 1, 64) FROM templates WHERE person = ?",
		"badge":           "SELECT id FROM badges WHERE person = ?",
		"consent":         "SELECT id FROM consents WHERE person = ?",
	} {
		list, err := texts(t.Context(), s.r, query, id)
		must(t, err)
		if len(list) == 0 {
			t.Fatalf("no %s of %s", what, id)
		}
		found[what] = list[0]
	}
	return found
}

// Who steals the folder finds nobody in it, neither while the kiosk runs nor
// when it has stopped; and after an erasure not even what was sealed.
func TestStolenFolder(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	for n := range 40 { // a crowd, so that rows share pages and move
		must(t, s.Enrol(ctx, storetest.Enrolment(n)))
	}
	e := storetest.Enrolment(20)
	id := e.Person.ID
	must(t, s.SetPIN(ctx, id, "802751"))
	must(t, s.CheckPIN(ctx, id, "802751"))
	wantErr(t, s.CheckPIN(ctx, id, storetest.PIN), domain.ErrWrongPIN)
	must(t, s.NeedSecondFactor(ctx, id))
	seen, err := s.Record(ctx, storetest.Recognition(id), []byte("their picture"))
	must(t, err)

	secrets := make(map[string]string)
	for what, text := range map[string]string{
		"name": e.Person.Name, "document": e.Document, "contact": e.Contact, "new pin": "802751", "pin": storetest.PIN,
	} {
		for k, v := range forms(what, text) {
			secrets[k] = v
		}
	}
	secrets["picture"] = "their picture" // its hash is its name
	for _, tpl := range e.Templates {
		b, err := encodeVector(tpl.Vector)
		must(t, err)
		secrets["vector "+tpl.ID] = string(b[2:34]) // eight components
	}
	stored := storedOf(t, s, id)
	file := "snapshots/" + seen.Snapshot[:2] + "/" + seen.Snapshot + snapshotExt

	search := func(when string, erased bool) {
		t.Helper()
		files := readAll(t, s.dir)
		if found := inFiles(files, secrets); found != nil {
			t.Errorf("%s, in plain text: %v", when, found)
		}
		found := inFiles(files, stored)
		switch {
		case !erased && len(found) < len(stored):
			t.Fatalf("%s, only %v: the test looks for the wrong bytes", when, found)
		case erased && found != nil:
			t.Errorf("%s, still there: %v", when, found)
		}
		if (files[file] == "") != erased {
			t.Errorf("%s, picture of %d bytes", when, len(files[file]))
		}
	}
	search("running", false)
	must(t, s.Close())
	search("stopped", false)

	s = openTest(t, s.dir, clock)
	_, err = s.EraseIdentity(ctx, id, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	search("erased", true)
	must(t, s.Close())
	search("erased and stopped", true)

	// No table but the tombstone, the receipt, the events, the outbox and the audit knows them.
	s = openTest(t, s.dir, clock)
	tables, err := texts(ctx, s.r, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	must(t, err)
	for _, table := range tables {
		cols, err := texts(ctx, s.r, "SELECT name FROM pragma_table_info(?)", table)
		must(t, err)
		n := 0
		for _, c := range cols {
			var rows int
			must(t, s.r.QueryRow("SELECT count(*) FROM "+table+" WHERE instr("+c+", ?) > 0", string(id)).Scan(&rows))
			n += rows
		}
		if known := slices.Contains([]string{"people", "erasures", "events", "outbox", "audit"}, table); (n > 0) != known {
			t.Errorf("table %s has the id in %d places", table, n)
		}
	}
}

// Nor does it show who works here, but by their logins; nor any PIN, nor the
// code of the first run.
func TestStolenStaff(t *testing.T) {
	s, clock := newTest(t)
	ctx := t.Context()
	code, err := s.NewSetupCode(ctx)
	must(t, err)
	spare, err := setupEncoding.DecodeString(setupReader.Replace(code))
	must(t, err)
	secrets := map[string]string{"set-up code raw": string(spare)}
	add := func(what, text string) {
		for k, v := range forms(what, text) {
			secrets[k] = v
		}
	}
	add("set-up code", code)
	add("set-up code run together", setupReader.Replace(code))
	add("pin", storetest.PIN)
	add("new pin", "802751")
	for n := 1; n <= 40; n++ {
		add("name", storetest.Staff(n).Name)
		if n > 1 {
			must(t, s.AddStaff(ctx, storetest.Staff(n), storetest.PIN))
		}
	}
	search := func(when string) {
		t.Helper()
		files := readAll(t, s.dir)
		if found := inFiles(files, secrets); found != nil {
			t.Errorf("%s: %v", when, found)
		}
		if found := inFiles(files, map[string]string{"login": storetest.Staff(20).Login}); found == nil {
			t.Errorf("%s: no login, which is no secret: the test looks in the wrong place", when)
		}
	}
	search("with a code")
	must(t, s.UseSetupCode(ctx, code, storetest.Staff(1), storetest.PIN))
	must(t, s.SetStaffPIN(ctx, storetest.Staff(20).ID, "802751"))
	must(t, s.SetStaffRole(ctx, storetest.Staff(21).ID, domain.RoleAdmin))
	must(t, s.CloseStaff(ctx, storetest.Staff(22).ID, time.Time{}))
	_, err = s.SignIn(ctx, storetest.Staff(20).Login, "802751")
	must(t, err)
	// What is typed in the wrong field is not kept either.
	add("typed as a login", "k1ttyhawk77")
	_, err = s.SignIn(ctx, "k1ttyhawk77", storetest.PIN)
	wantErr(t, err, domain.ErrStaffWrongPIN)
	search("running")
	must(t, s.Close())
	search("stopped")
	s = openTest(t, s.dir, clock)
	if list, err := s.Staff(ctx); len(list) != 40 || err != nil {
		t.Errorf("%d accounts, %v", len(list), err)
	}
}

// A withdrawn face is gone from the disk, though the person's key is not.
func TestWithdrawnFaceIsGone(t *testing.T) {
	s, _ := newTest(t)
	for n := range 10 {
		must(t, s.Enrol(t.Context(), storetest.Enrolment(n)))
	}
	id := storetest.Person(5).ID
	seen, err := s.Record(t.Context(), storetest.Recognition(id), []byte("their picture"))
	must(t, err)
	sealed, err := texts(t.Context(), s.r, "SELECT substr(vector, 1, 64) FROM templates WHERE person = ?", id)
	must(t, err)
	secrets := map[string]string{"first": sealed[0], "second": sealed[1], "picture": readAll(t, s.dir)["snapshots/"+seen.Snapshot[:2]+"/"+seen.Snapshot+snapshotExt]}
	if found := inFiles(readAll(t, s.dir), secrets); len(found) < 3 {
		t.Fatalf("before: only %v", found)
	}
	must(t, s.Withdraw(t.Context(), id, domain.PurposeFace, time.Time{}))
	if found := inFiles(readAll(t, s.dir), secrets); found != nil {
		t.Errorf("still there: %v", found)
	}
	// Nor does it come back without a new consent; that of staff needs none.
	wantErr(t, s.AddTemplates(t.Context(), id, []domain.Template{storetest.Template(5, 3)}), domain.ErrNoConsent)
	must(t, s.AddTemplates(t.Context(), storetest.Person(6).ID, []domain.Template{storetest.Template(6, 3)}))
	must(t, s.AddPerson(t.Context(), storetest.Person(50), nil))
	must(t, s.AddTemplates(t.Context(), storetest.Person(50).ID, []domain.Template{storetest.Template(50, 0)}))
}

// What is sealed of an identity opens in its own row only.
func TestSwappedIdentities(t *testing.T) {
	for name, swap := range map[string]string{
		"document": "UPDATE profiles SET document = (SELECT document FROM profiles o WHERE o.person <> profiles.person)",
		"contact":  "UPDATE profiles SET contact = (SELECT contact FROM profiles o WHERE o.person <> profiles.person)",
		"columns":  "UPDATE profiles SET contact = document",
		"pin":      "UPDATE pins SET secret = (SELECT secret FROM pins o WHERE o.person <> pins.person)",
	} {
		s, _ := newTest(t)
		must(t, s.Enrol(t.Context(), storetest.Enrolment(1)))
		must(t, s.Enrol(t.Context(), storetest.Enrolment(2)))
		mustExec(t, s, swap)
		var err error
		if name == "pin" {
			err = s.CheckPIN(t.Context(), storetest.Person(1).ID, storetest.PIN)
		} else {
			_, err = s.Profile(t.Context(), storetest.Person(1).ID)
		}
		if wantErr(t, err, ErrCorrupt); t.Failed() {
			t.Errorf("%s was swapped", name)
		}
	}
}
