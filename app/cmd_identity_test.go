package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/store"
)

// console is a kiosk's command line, run in this process.
type console struct {
	t   *testing.T
	dir string
	cli *cli // of the last command
}

func newConsole(t *testing.T) *console {
	t.Helper()
	dir := t.TempDir()
	for _, k := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "AGENTID_CONFIG"} {
		t.Setenv(k, "") // puts it back afterwards
		os.Unsetenv(k)
	}
	for k, v := range map[string]string{
		"HOME": dir, "AGENTID_LANG": "en", "AGENTID_CAMERA_URL": "http://127.0.0.1:1/stream", "AGENTID_TELEMETRY_ADDR": "",
		"AGENTID_DATA_DIR": filepath.Join(dir, "data"), "AGENTID_MASTER_KEY_FILE": filepath.Join(dir, "master.key"),
		"AGENTID_BADGE_KEY_FILE": filepath.Join(dir, "badge.key"), "AGENTID_BADGE_PDF_DIR": filepath.Join(dir, "cards"),
	} {
		t.Setenv(k, v)
	}
	return &console{t: t, dir: dir}
}

// run runs a command with what is typed, and gives what it printed.
func (k *console) run(typed string, args ...string) (string, error) {
	k.t.Helper()
	var out, errOut bytes.Buffer
	c := newCLI(&out, &errOut)
	c.in = strings.NewReader(typed)
	root := rootCommand(c)
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := errors.Join(root.ExecuteContext(k.t.Context()), c.Close())
	k.cli = c
	return out.String(), err
}

func (k *console) must(args ...string) string {
	k.t.Helper()
	out, err := k.run("", args...)
	if err != nil {
		k.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

func parsed[T any](t *testing.T, out string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return v
}

// register stores somebody as the kiosk does, with a badge.
func (k *console) register(name, document string) domain.Enrolment {
	k.t.Helper()
	k.must("people", "list")
	now := time.Now().Truncate(time.Second)
	id := domain.PersonID(newID())
	e := domain.Enrolment{
		Person: domain.Person{ID: id, Name: name, CreatedAt: now}, Document: document, Contact: "someone@example.org", PIN: "493817",
		Consent: domain.Consent{ID: newID(), Person: id, Version: "2026-1", TextSHA256: strings.Repeat("ab", 32), Lang: domain.Spanish,
			Granted: []domain.Purpose{domain.PurposeData}, Refused: []domain.Purpose{domain.PurposeFace}, Method: "kiosk_touch", DeviceID: "x", At: now},
		Badge: k.cli.newBadge(id, 0),
	}
	err := k.cli.withStore(k.t.Context(), func(st *store.Store) error {
		e.Consent.DeviceID = st.DeviceID()
		if _, err := k.cli.openBadges(k.t.Context(), st); err != nil { // the key is made while no badge is issued
			return err
		}
		return st.Enrol(k.t.Context(), e)
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return e
}

func TestBadgesCommands(t *testing.T) {
	k := newConsole(t)
	e := k.register("Lucía Vega", "12345678")
	list := parsed[[]badgeLine](t, k.must("badges", "list", "--json"))
	if len(list) != 1 || list[0].ID != e.Badge.ID || list[0].Person != e.Person.ID || list[0].Status != "valid" {
		t.Fatalf("%+v", list)
	}
	png := filepath.Join(k.dir, "code.png")
	out := k.must("badges", "show", string(e.Badge.ID), "--png", png)
	if !strings.Contains(out, "status   valid") || strings.Contains(out, "Lucía") {
		t.Errorf("%s", out)
	}
	if b, err := os.ReadFile(png); err != nil || !bytes.HasPrefix(b, []byte("\x89PNG")) {
		t.Errorf("code: %d bytes, %v", len(b), err)
	}
	if _, err := k.run("", "badges", "show", string(e.Badge.ID), "--png", png); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}

	fresh := parsed[badgeLine](t, k.must("badges", "renew", string(e.Badge.ID), "--json"))
	card := filepath.Join(k.dir, "cards", "badge-"+string(fresh.ID)+".pdf")
	if b, err := os.ReadFile(card); err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Errorf("card: %d bytes, %v", len(b), err)
	}
	if info, err := os.Stat(card); err == nil && info.Mode().Perm() != 0o600 {
		t.Errorf("card has mode %v", info.Mode())
	}
	if fresh.Status != "valid" || fresh.Expires.Sub(fresh.NotBefore) != 365*24*time.Hour {
		t.Errorf("renewed: %+v", fresh)
	}
	for _, l := range parsed[[]badgeLine](t, k.must("badges", "list", "--all", "--json")) {
		if l.ID == e.Badge.ID && (l.Status != "revoked" || l.Revoked != domain.ReasonBadgeRenewed) {
			t.Errorf("the old one: %+v", l)
		}
	}
	if out := k.must("badges", "revoke", string(fresh.ID)); !strings.Contains(out, "status   revoked") {
		t.Errorf("%s", out)
	}
	if _, err := os.Stat(card); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the card of a revoked badge: %v", err)
	}
	if list := parsed[[]badgeLine](t, k.must("badges", "list", "--json")); len(list) != 0 {
		t.Errorf("%+v hold", list)
	}
	if _, err := k.run("", "badges", "revoke", newID()); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a badge that there is not: %v", err)
	}
}

func TestPeopleCommands(t *testing.T) {
	k := newConsole(t)
	e := k.register("Lucía Vega", "12345678")
	id := string(e.Person.ID)
	fresh := parsed[badgeLine](t, k.must("badges", "renew", string(e.Badge.ID), "--json")) // with a card
	if list := parsed[[]personLine](t, k.must("people", "list", "--json")); len(list) != 1 || list[0].Name != "Lucía Vega" {
		t.Errorf("%+v", list)
	}
	r := parsed[personRecord](t, k.must("people", "show", id, "--json"))
	if r.Document != "12345678" || r.HasFace || !r.HasPIN || len(r.Consents) != 1 || len(r.Badges) != 2 {
		t.Errorf("%+v", r)
	}
	if _, err := k.run("", "people", "forget", id); !errors.Is(err, errNotSure) {
		t.Errorf("without --yes: %v", err)
	}
	first := k.must("people", "forget", id, "--yes")
	receipt := parsed[domain.ErasureReceipt](t, first)
	if !receipt.KeyGone || receipt.Badges != 2 || receipt.Why != domain.ReasonErasedByStaff || strings.Contains(first, "Lucía") {
		t.Errorf("%s", first)
	}
	if again := k.must("people", "forget", id, "--yes"); again != first {
		t.Errorf("asked again:\n%s\nbefore:\n%s", again, first)
	}
	if _, err := os.Stat(filepath.Join(k.dir, "cards", "badge-"+string(fresh.ID)+".pdf")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("their card: %v", err)
	}
	if _, err := k.run("", "people", "show", id); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("who was forgotten: %v", err)
	}
}

func TestKeysRotate(t *testing.T) {
	k := newConsole(t)
	e := k.register("Lucía Vega", "12345678")
	desk := k.cli
	token := func() string {
		var text string
		err := desk.withStore(t.Context(), func(st *store.Store) error {
			d, err := desk.openBadges(t.Context(), st)
			if err != nil {
				return err
			}
			text, err = d.token(e.Badge)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	old, master := token(), read(t, filepath.Join(k.dir, "master.key"))
	before := k.must("keys", "show")
	r := parsed[rotation](t, k.must("keys", "rotate", "--json"))
	if !r.Master || r.Badge == "" || strings.Contains(before, r.Badge) {
		t.Errorf("%+v, before %s", r, before)
	}
	if read(t, filepath.Join(k.dir, "master.key")) == master {
		t.Error("the master key is the old one")
	}
	// The data opens, the badge that was issued holds, and the next is signed anew.
	if out := k.must("badges", "show", old); !strings.Contains(out, string(e.Badge.ID)) {
		t.Errorf("%s", out)
	}
	if token() == old || !strings.Contains(k.must("keys", "show"), r.Badge) {
		t.Error("badges are signed by the old key")
	}

	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"checks":{}}`) }))
	defer srv.Close()
	if _, err := k.run("", "keys", "rotate", "--telemetry-addr", strings.TrimPrefix(srv.URL, "http://")); !errors.Is(err, errKioskRuns) {
		t.Errorf("while the kiosk runs: %v", err)
	}
	if _, err := k.run("", "keys", "rotate", "--demo"); !errors.Is(err, errSharedKey) {
		t.Errorf("of the demo, beside the kiosk's own: %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStaffCommands(t *testing.T) {
	k := newConsole(t)
	add := func(pin, login string, more ...string) (string, error) {
		return k.run(pin, append([]string{"staff", "add", login, "Marta Ruiz"}, more...)...)
	}
	if out, err := add("493817\n", "Marta", "--role", "admin"); err != nil || !strings.Contains(out, "added marta") {
		t.Fatalf("%s, %v", out, err)
	}
	for name, tt := range map[string]struct {
		pin, login, role string
		want             error
	}{
		"taken":    {"493817\n", "marta", "staff", domain.ErrLoginTaken},
		"weak":     {"123456\n", "pedro", "staff", domain.ErrWeakPIN},
		"short":    {"4938", "pedro", "staff", domain.ErrPIN},
		"no login": {"493817\n", "p", "staff", domain.ErrLogin},
	} {
		if _, err := add(tt.pin, tt.login, "--role", tt.role); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var u usageError
	if _, err := add("493817\n", "pedro", "--role", "owner"); !errors.As(err, &u) {
		t.Errorf("a role that there is not: %v", err)
	}
	if _, err := add("", "pedro"); err == nil {
		t.Error("added without a PIN")
	}
	signIn := func(pin string) error {
		return k.cli.withStore(t.Context(), func(st *store.Store) error {
			_, err := st.SignIn(context.Background(), "marta", pin)
			return err
		})
	}
	for range domain.MaxAttempts {
		_ = signIn("000001")
	}
	if err := signIn("493817"); err == nil {
		t.Error("attempts are open after the last one")
	}
	if _, err := k.run("571934\r\n", "staff", "pin", "marta"); err != nil {
		t.Fatal(err)
	}
	if err := signIn("571934"); err != nil {
		t.Errorf("with the new PIN: %v", err)
	}
	if _, err := k.run("", "staff", "close", "marta"); !errors.Is(err, domain.ErrLastAdmin) {
		t.Errorf("the last administrator: %v", err)
	}
	if _, err := add("826405\n", "pedro"); err != nil {
		t.Fatal(err)
	}
	k.must("staff", "close", "pedro")
	list := parsed[[]staffLine](t, k.must("staff", "list", "--json"))
	if len(list) != 2 || list[0].Login != "marta" || !list[0].ClosedAt.IsZero() || list[1].Role != domain.RoleStaff || list[1].ClosedAt.IsZero() {
		t.Errorf("%+v", list)
	}
	if _, err := k.run("", "staff", "close", "nobody"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an account that there is not: %v", err)
	}
}

// TestDoctorTellsOfTheBadgeKey: made at first, there, and lost.
func TestDoctorTellsOfTheBadgeKey(t *testing.T) {
	k := newConsole(t)
	badges := func() finding {
		k.must("people", "list") // a cli of this configuration
		return k.cli.checkBadges(t.Context())[0]
	}
	if f := badges(); f.Verdict != good || !strings.Contains(f.Detail, "first start") {
		t.Errorf("at first: %+v", f)
	}
	e := k.register("Lucía Vega", "12345678")
	if f := badges(); f.Verdict != good || !strings.Contains(f.Detail, "signed by") {
		t.Errorf("there: %+v", f)
	}
	key := filepath.Join(k.dir, "badge.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if f := badges(); f.Verdict != fail || f.Mend == "" {
		t.Errorf("lost: %+v", f)
	}
	// No other key is made in its place, and no badge can be issued.
	if _, err := k.run("", "badges", "renew", string(e.Badge.ID)); !errors.Is(err, badge.ErrNoKey) {
		t.Errorf("renewed without a key: %v", err)
	}
	if list := parsed[[]badgeLine](t, k.must("badges", "list", "--json")); len(list) != 1 {
		t.Errorf("%d badges hold after a renewal that failed", len(list))
	}
	if _, err := os.Stat(key); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another key was made: %v", err)
	}
}
