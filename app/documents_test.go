package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/sync/protocol"
)

// centreSays applies a page of the centre as the sync would; "" takes a document
// back. It gives what was not taken.
func (k *adminKiosk) centreSays(docs ...domain.Document) []string {
	k.t.Helper()
	from, err := k.store.SyncCursor(k.t.Context())
	must(k.t, err)
	page := domain.CentrePage{From: from, Cursor: from + "+"}
	for _, d := range docs {
		d.Version, d.ContentType, d.At = 1, protocol.ContentJSON, k.c.clock.Now()
		if d.Content == "" {
			page.Changes = append(page.Changes, domain.CentreChange{GoneDocument: &domain.Document{Kind: d.Kind, Ref: d.Ref}})
			continue
		}
		must(k.t, protocol.CheckDocument(protocol.ChangeKind(d.Kind), d.Ref, d.ContentType, d.Content))
		page.Changes = append(page.Changes, domain.CentreChange{Document: &d})
	}
	done, err := takeover{k.store, k.program}.ApplyPage(k.t.Context(), page)
	must(k.t, err)
	return done.Skipped
}

func siteConfig(content string) domain.Document {
	return domain.Document{Kind: domain.DocumentConfig, Ref: protocol.ConfigOfSite, Content: content}
}

// setting is a setting as the tab shows it.
func (k *adminKiosk) setting(key string) kiosk.SettingInfo {
	k.t.Helper()
	list, err := configDesk{k.program}.Settings(k.t.Context(), domain.Spanish)
	must(k.t, err)
	i := slices.IndexFunc(list, func(s kiosk.SettingInfo) bool { return s.Key == key })
	return list[i]
}

// restarted is the kiosk after a restart, without a centre in sight.
func (k *adminKiosk) restarted() *program {
	k.t.Helper()
	k.t.Setenv("AGENTID_CENTRE_URL", "https://127.0.0.1:1")
	p, err := newProgram(k.t.Context(), k.secondCLI(k.t))
	must(k.t, err)
	k.t.Cleanup(func() { _ = p.close() })
	return p
}

// secondCLI is the command line once more, with what is configured now.
func (k *adminKiosk) secondCLI(t *testing.T) *cli {
	t.Helper()
	c := newCLI(t.Output(), t.Output())
	c.sources, c.window = k.c.sources, k.c.window
	cfg, err := config.Load(c.sources)
	must(t, err)
	c.cfg = cfg
	return c
}

// What the centre may set is what the kiosk knows, and nothing by which one
// would have the machine.
func TestConfigKeysAreTheKiosks(t *testing.T) {
	src := config.Sources{Environ: []string{"HOME=" + t.TempDir()}}
	list, err := config.Describe(src, domain.English)
	must(t, err)
	known := map[string]config.Setting{}
	for _, s := range list {
		known[s.Key] = s
	}
	load := func(key, value string) error {
		src := src
		src.Centre = map[string]string{key: value}
		_, err := config.Load(src)
		return err
	}
	for key, v := range protocol.ConfigKeys() {
		s, ok := known[key]
		if !ok || s.Path || strings.HasPrefix(key, "centre.") || strings.HasPrefix(key, "camera.") || strings.HasSuffix(key, ".command") {
			t.Errorf("%s: known %v, %+v", key, ok, s)
		}
		if s.Options != nil && !slices.Equal(slices.Sorted(slices.Values(s.Options)), slices.Sorted(slices.Values(v.Options))) {
			t.Errorf("%s: %v at the kiosk, %v at the centre", key, s.Options, v.Options)
		}
		good, bad := v.Options, []string{"never"}
		seconds := func(f float64) string { return time.Duration(f * float64(time.Second)).String() }
		number := func(f float64) string { return strings.TrimRight(strings.TrimRight(strconvF(f), "0"), ".") }
		switch {
		case v.Duration:
			good, bad = []string{seconds(v.Least), seconds(v.Most)}, []string{seconds(v.Least - 0.001), seconds(v.Most + 1)}
		case v.Whole, v.Number:
			good, bad = []string{number(v.Least), number(v.Most)}, []string{number(v.Least - 1), number(v.Most + 1)}
		case v.Text > 0:
			good, bad = []string{strings.Repeat("ñ", v.Text)}, []string{strings.Repeat("ñ", v.Text+1), "a\nb"}
		}
		for _, x := range good {
			if err := load(key, x); err != nil {
				t.Errorf("%s = %q is published and not taken: %v", key, x, err)
			}
		}
		for _, x := range bad {
			if err := load(key, x); err == nil {
				t.Errorf("%s = %q is taken", key, x)
			}
		}
	}
	for _, key := range []string{"data_dir", "faq.dir", "badge.key_file", "no.such"} {
		if err := load(key, "/tmp/x"); err == nil {
			t.Errorf("%s is the centre's to set", key)
		}
	}
}

func TestCentreSetsTheKiosk(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	file := filepath.Join(filepath.Dir(k.c.cfg.MasterKeyFile), "config.toml")
	must(t, os.WriteFile(file, []byte("[recognition]\nvotes = 5\n[retention]\nmonths = 6\n"), 0o600))
	t.Setenv("AGENTID_RECOGNITION_MARGIN", "0.07")

	if notes := k.centreSays(siteConfig(`{"recognition.votes":2,"recognition.margin":0.2,"site.branch":"Sucursal Sur","lang":"en","retention.months":9}`)); notes != nil {
		t.Fatal(notes)
	}
	cfg := k.config()
	if cfg.Recognition.Votes != 2 || cfg.Recognition.Margin != 0.07 || cfg.Site.Branch != "Sucursal Sur" || cfg.Lang != domain.English {
		t.Errorf("%+v %+v %s", cfg.Recognition, cfg.Site, cfg.Lang)
	}
	select {
	case <-k.again:
	default:
		t.Error("recognition was not begun anew")
	}
	if got := k.machine.View().Site.Branch; got != "Sucursal Sur" {
		t.Errorf("the screen shows %q", got)
	}
	// The tab says who fixes what, and changes none of it.
	for key, want := range map[string]string{"recognition.votes": "centre", "recognition.margin": "environment", "site.branch": "centre", "recognition.cooldown": ""} {
		if s := k.setting(key); s.Fixed != want {
			t.Errorf("%s is fixed by %q, want %q", key, s.Fixed, want)
		}
	}
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageSystem})
	k.do(kiosk.AdminFilter{ID: "view", Value: "settings"})
	v := k.do(kiosk.AdminOpenRow{ID: "recognition.votes"})
	if v.Detail == nil || len(v.Detail.Do) != 0 {
		t.Errorf("%+v", v.Detail)
	}
	// A change by the branch of what is its own keeps what is the centre's.
	if _, err := (configDesk{k.program}).Set(ctx, domain.Spanish, "recognition.cooldown", "20s"); err != nil {
		t.Fatal(err)
	}
	if cfg := k.config(); cfg.Recognition.Votes != 2 || cfg.Recognition.Cooldown != 20*time.Second {
		t.Errorf("%+v", cfg.Recognition)
	}
	es, err := k.store.Audit(ctx, domain.AuditFilter{Actor: domain.ActorCentre}, 0, 50)
	must(t, err)
	set := map[string]bool{}
	for _, e := range es {
		set[string(e.Action)+" "+e.Target.ID] = true
	}
	for _, want := range []string{"document_taken config/site", "config_changed recognition.votes", "config_changed retention.months"} {
		if !set[want] {
			t.Errorf("the audit lacks %q: %v", want, slices.Sorted(maps.Keys(set)))
		}
	}

	// What is for this kiosk alone goes before what is for the site; what is for
	// another is nothing to it.
	mine := domain.Document{Kind: domain.DocumentConfig, Ref: protocol.ConfigOfKiosk(k.store.DeviceID()), Content: `{"recognition.votes":7}`}
	other := domain.Document{Kind: domain.DocumentConfig, Ref: protocol.ConfigOfKiosk("01890a5d-ac96-774b-bcce-b302099a8057"), Content: `{"lang":"es"}`}
	if notes := k.centreSays(mine, other); notes != nil {
		t.Fatal(notes)
	}
	if cfg := k.config(); cfg.Recognition.Votes != 7 || cfg.Lang != domain.English {
		t.Errorf("%+v %s", cfg.Recognition, cfg.Lang)
	}
	if _, err := k.store.CentreDocument(ctx, other.Kind, other.Ref); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("another kiosk's is kept: %v", err)
	}

	// After a restart, offline, all of it counts: what could not at once too.
	p := k.restarted()
	if c := p.c.cfg; c.Recognition.Votes != 7 || c.Lang != domain.English || c.Retention.Months != 9 || c.Recognition.Cooldown != 20*time.Second {
		t.Errorf("%+v %s %+v", c.Recognition, c.Lang, c.Retention)
	}
	if s := (&adminKiosk{program: p, t: t}).setting("retention.months"); s.Fixed != "centre" || s.Value != "9" {
		t.Errorf("%+v", s)
	}

	// One that has left its centre goes by its own.
	t.Setenv("AGENTID_CENTRE_URL", "")
	if p, err := newProgram(ctx, k.secondCLI(t)); err != nil || p.c.cfg.Recognition.Votes != 5 {
		t.Errorf("%v", err)
	} else {
		must(t, p.close())
	}

	// Taken back, the branch's own values count again.
	mine.Content = ""
	if notes := k.centreSays(mine, siteConfig("")); notes != nil {
		t.Fatal(notes)
	}
	if c := k.config(); c.Recognition.Votes != 5 || c.Site.Branch != "" || c.Lang != domain.Spanish || c.Retention.Months != 6 {
		t.Errorf("%+v %+v %s %+v", c.Recognition, c.Site, c.Lang, c.Retention)
	}
	if p := k.restarted(); p.c.cfg.Recognition.Votes != 5 || len(p.centre) != 0 {
		t.Errorf("%+v %v", p.c.cfg.Recognition, p.centre)
	}
}

// What this kiosk could not start with is refused whole: what was published
// before stays, and staff can read why.
func TestKioskRefusesAConfiguration(t *testing.T) {
	k := newAdminKiosk(t)
	if notes := k.centreSays(siteConfig(`{"recognition.votes":2}`)); notes != nil {
		t.Fatal(notes)
	}
	// A control character that the wire takes and a setting does not.
	bad := siteConfig("{\"recognition.votes\":6,\"faq.hours\":\"9 a 15\u0085\"}")
	notes := k.centreSays(bad)
	if len(notes) != 1 || !strings.Contains(notes[0], "config site") || !strings.Contains(notes[0], "faq.hours") {
		t.Fatalf("%q", notes)
	}
	if got := k.config().Recognition.Votes; got != 2 {
		t.Errorf("%d votes", got)
	}
	d, err := k.store.CentreDocument(t.Context(), domain.DocumentConfig, protocol.ConfigOfSite)
	if must(t, err); !strings.Contains(d.Content, `"recognition.votes":2`) {
		t.Errorf("%s", d.Content)
	}
	// A kiosk starts whatever lies in its store: a file that was changed meanwhile.
	file := filepath.Join(filepath.Dir(k.c.cfg.MasterKeyFile), "config.toml")
	must(t, os.WriteFile(file, []byte("[recognition]\nvotes = 3\n"), 0o600))
	if p := k.restarted(); p.c.cfg.Recognition.Votes != 2 {
		t.Errorf("%+v", p.c.cfg.Recognition)
	}
}

// text is a text of consent of the centre.
func text(version, lang, title string, from time.Time) domain.Document {
	return domain.Document{Kind: domain.DocumentConsentText, Ref: version + "/" + lang, Content: `{"effective":"` + from.UTC().Format(time.RFC3339) + `","title":"` + title + `",
		"sections":[{"heading":"Plazo","text":"{period} en {organisation}."}],
		"data":{"question":"¿Datos?","text":"x","refused":"y"},"face":{"question":"¿Rostro?","text":"x","refused":"y"},
		"accept":"Acepto","refuse":"No acepto","organisation":"esta entidad","period_one":"1 mes","period_many":"{n} meses"}`}
}

func TestCentresTextOfConsent(t *testing.T) {
	k := newAdminKiosk(t)
	now := k.c.clock.Now()
	past, future := now.Add(-time.Hour), now.Add(time.Hour)
	shown := func(p *program) (kiosk.ConsentShown, string) {
		t.Helper()
		p.consents.closed = nil // the seed has no key of badges
		s, hash, err := p.consents.ConsentText(domain.Spanish)
		must(t, err)
		if assets.ConsentOf(s.Version, "es", *s.Words).SHA256() != hash {
			t.Error("the hash is not of what is shown")
		}
		return s, hash
	}
	built, builtHash := shown(k.program)
	if built.Version != assets.ConsentVersion {
		t.Fatalf("%+v", built)
	}
	// In one language alone it is shown to nobody, nor before its time.
	if notes := k.centreSays(text("2027-1", "es", "Uno", past), text("2027-2", "es", "Dos", past), text("2027-2", "en", "Two", future)); notes != nil {
		t.Fatal(notes)
	}
	if s, _ := shown(k.program); s.Version != built.Version {
		t.Errorf("%+v", s)
	}
	if notes := k.centreSays(text("2027-1", "en", "One", past)); notes != nil {
		t.Fatal(notes)
	}
	s, hash := shown(k.program)
	if s.Version != "2027-1" || s.Words.Title != "Uno" || s.Words.Sections[0].Text != "12 meses en Banco Norte." || hash == builtHash {
		t.Errorf("%+v", s)
	}
	if english, _, err := k.consents.ConsentText(domain.English); err != nil || english.Words.Title != "One" {
		t.Errorf("%+v, %v", english, err)
	}
	// The words of a version do not change, nor are the program's own taken.
	notes := k.centreSays(text("2027-1", "es", "Otro", past), text(assets.ConsentVersion, "es", "Otro", past))
	if len(notes) != 2 {
		t.Errorf("%q", notes)
	}
	// The organisation's name counts as it is now, in the words and in the hash.
	k.centreSays(siteConfig(`{"site.organisation":"Banco Sur"}`))
	if s, h := shown(k.program); s.Words.Sections[0].Text != "12 meses en Banco Sur." || h == hash {
		t.Errorf("%+v", s.Words)
	}
	// It outlives a restart, and what is newer and in force goes before it.
	p := k.restarted()
	if s, _ := shown(p); s.Version != "2027-1" || s.Words.Title != "Uno" {
		t.Errorf("%+v", s)
	}
	if v, _ := p.consents.newest(future.Add(time.Second)); v != "2027-2" {
		t.Errorf("later it is %q", v)
	}
	// Taken back, the program's own is shown again.
	back := []domain.Document{}
	for _, ref := range []string{"2027-1/es", "2027-1/en"} {
		back = append(back, domain.Document{Kind: domain.DocumentConsentText, Ref: ref})
	}
	k.centreSays(back...)
	if s, _ := shown(k.program); s.Version != built.Version {
		t.Errorf("%+v", s)
	}
}

const centreStaff = "01890a5d-ac96-774b-bcce-b302099a8057"

func staffDoc(id, login, role, more string) domain.Document {
	return domain.Document{Kind: domain.DocumentStaff, Ref: id, Content: `{"login":"` + login + `","name":"Lucía Vega","role":"` + role + `"` + more + `}`}
}

func codeOf(id string, until time.Time) (code, member string) {
	code, hash := protocol.NewStaffCode(domain.StaffID(id))
	return code, `,"code":{"hash":"` + hash + `","expires":"` + until.UTC().Format(time.RFC3339) + `"}`
}

// An account of the centre: its member sets a PIN at the kiosk with the code, is
// signed out as soon as the centre closes it, and cannot get back in.
func TestCentresStaff(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	must(t, k.store.SetSetting(ctx, settingBranch, "Centro"))
	code, member := codeOf(centreStaff, k.c.clock.Now().Add(time.Hour))
	elsewhere := "01890a5d-ac96-774b-bcce-b302099a8058"
	notes := k.centreSays(staffDoc(centreStaff, "lucia", "admin", `,"branches":["Centro"]`+member), staffDoc(elsewhere, "pedro", "staff", `,"branches":["Sur"]`),
		staffDoc("01890a5d-ac96-774b-bcce-b302099a8059", "clara", "admin", ""))
	if len(notes) != 1 || !strings.Contains(notes[0], "8059") || !strings.Contains(notes[0], "login") {
		t.Errorf("%q", notes)
	}
	if _, err := k.store.StaffMember(ctx, domain.StaffID(elsewhere)); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an account of another branch: %v", err)
	}

	v := k.do(kiosk.AdminEnter{})
	if !v.Codes {
		t.Fatalf("nobody is asked for a code: %+v", v)
	}
	if v = k.do(kiosk.AdminHasCode{}); v.Step != kiosk.AdminCode {
		t.Fatalf("%+v", v)
	}
	if v = k.do(kiosk.AdminFirst{Code: "AAAA-BBBB", Login: "lucia", PIN: "802751"}); v.Step != kiosk.AdminCode || v.Problem.Key != "problem.staff_code" {
		t.Fatalf("%+v", v)
	}
	if v = k.do(kiosk.AdminFirst{Code: code, Login: "clara", PIN: "802751"}); v.Problem.Key != "problem.staff_code" {
		t.Fatalf("the code of one opened another's account: %+v", v)
	}
	if v = k.do(kiosk.AdminFirst{Code: strings.ToLower(code), Login: "lucia", PIN: "802751"}); v.Step != kiosk.AdminOpen || v.Who != "Lucía Vega" || v.Role != domain.RoleAdmin {
		t.Fatalf("%+v", v)
	}
	k.do(kiosk.AdminGo{Page: kiosk.PageStaff})
	v = k.do(kiosk.AdminOpenRow{ID: centreStaff})
	if v.Detail == nil || slices.ContainsFunc(v.Detail.Do, func(b kiosk.AdminButton) bool { return b.ID == "staff.role" }) {
		t.Errorf("%+v", v.Detail)
	}

	// Closed at the centre, the session ends without a touch.
	if notes := k.centreSays(staffDoc(centreStaff, "lucia", "admin", `,"closed":true`)); notes != nil {
		t.Errorf("%q", notes)
	}
	end := time.Now().Add(30 * time.Second)
	for k.machine.View().Admin != nil {
		if time.Now().After(end) {
			t.Fatal("the session goes on")
		}
		<-time.After(5 * time.Millisecond)
	}
	if _, err := k.store.SignIn(ctx, "lucia", "802751"); !errors.Is(err, domain.ErrStaffWrongPIN) {
		t.Errorf("%v", err)
	}
	// Nobody else's session ends by it.
	k.enter("clara")
	k.centreSays(staffDoc(elsewhere, "pedro", "auditor", ""))
	if v := k.do(kiosk.AdminGo{Page: kiosk.PageToday}); v == nil || v.Step != kiosk.AdminOpen {
		t.Errorf("%+v", v)
	}
	k.do(kiosk.AdminLeave{})

	// The branch is what counts, also after a restart.
	must(t, k.store.SetSetting(ctx, settingBranch, "Sur"))
	k.centreSays(staffDoc(elsewhere, "pedro", "auditor", `,"branches":["Centro"]`))
	if m, err := k.store.StaffMember(ctx, domain.StaffID(elsewhere)); err != nil || m.Disabled.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
	must(t, k.store.SetSetting(ctx, settingBranch, "Centro"))
	p := k.restarted()
	if m, err := p.store.StaffMember(ctx, domain.StaffID(elsewhere)); err != nil || !m.Disabled.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
}

// The last administrator goes as any other, but not in silence: the kiosk makes
// a set-up code on its console.
func TestCentreClosesTheLastAdministrator(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	var out strings.Builder
	k.c.errOut = &out
	code, member := codeOf(centreStaff, k.c.clock.Now().Add(time.Hour))
	k.centreSays(staffDoc(centreStaff, "lucia", "admin", member))
	if _, err := (staffCodes{k.store}).UseStaffCode(ctx, "lucia", code, "802751"); err != nil {
		t.Fatal(err)
	}
	list, err := k.store.Staff(ctx)
	must(t, err)
	for _, m := range list {
		if m.Role == domain.RoleAdmin && !m.Centre {
			must(t, k.store.CloseStaff(ctx, m.ID, time.Time{}))
		}
	}
	notes := k.centreSays(domain.Document{Kind: domain.DocumentStaff, Ref: centreStaff})
	if len(notes) != 1 || !strings.Contains(notes[0], "setup-code") {
		t.Errorf("%q", notes)
	}
	if !strings.Contains(out.String(), "There is no administrator yet") {
		t.Errorf("the console says %q", out.String())
	}
	if needed, err := k.store.NeedsSetup(ctx); !needed || err != nil {
		t.Errorf("there is no way in: %v", err)
	}
	// On such a kiosk a code of the centre is written where the console's would be.
	code, member = codeOf(centreStaff, k.c.clock.Now().Add(time.Hour))
	k.centreSays(staffDoc(centreStaff, "lucia", "admin", member))
	if v := k.do(kiosk.AdminEnter{}); v.Step != kiosk.AdminSetup {
		t.Fatalf("%+v", v)
	}
	if v := k.do(kiosk.AdminFirst{Code: code, Name: "Lucía Vega", Login: "lucia", PIN: "802751"}); v.Step != kiosk.AdminOpen {
		t.Fatalf("%+v", v)
	}
}

func TestCentresAnswerToACase(t *testing.T) {
	k := newAdminKiosk(t)
	list, err := k.store.Cases(t.Context(), domain.CaseFilter{States: []domain.CaseState{domain.CaseOpen, domain.CaseTaken}})
	if must(t, err); len(list) == 0 {
		t.Fatal("the seed has no case")
	}
	id := list[0].ID
	notes := k.centreSays(domain.Document{Kind: domain.DocumentCaseAnswer, Ref: id,
		Content: `{"text":"Su tarjeta está en la sucursal.","by":"Ana Ruiz","lang":"es","at":"2027-01-04T12:30:00Z"}`})
	if notes != nil {
		t.Fatal(notes)
	}
	k.enter("ana")
	v := k.do(kiosk.AdminGo{Page: kiosk.PageCases})
	row := slices.IndexFunc(v.Table.Rows, func(r kiosk.Row) bool { return r.ID == id })
	if row < 0 || !slices.ContainsFunc(v.Table.Rows[row].Cells, func(c kiosk.Cell) bool { return c.Words.Key == "case_state.answered" }) {
		t.Errorf("%+v", v.Table.Rows)
	}
	v = k.do(kiosk.AdminOpenRow{ID: id})
	said := map[string]string{}
	for _, f := range v.Detail.Fields {
		said[f.Label.Key] = f.Value.Words.Plain
	}
	if said["col.answer"] != "Su tarjeta está en la sucursal." || said["col.answered_by"] != "Ana Ruiz" {
		t.Errorf("%+v", v.Detail.Fields)
	}
}

func strconvF(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// Who validated when they asked, and has validated now, is offered the answer,
// once; nobody else is.
func TestAnswerOfTheCentreIsOffered(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()
	people, err := k.store.People(ctx)
	must(t, err)
	asker, other := people[0].ID, people[1].ID
	const asked, greeted = "01890a5d-ac96-774b-bcce-b302099a8071", "01890a5d-ac96-774b-bcce-b302099a8072"
	for id, how := range map[string]domain.CaseIdentity{asked: domain.IdentityValidated, greeted: domain.IdentityRecognised} {
		must(t, k.store.AddCase(ctx, domain.Case{ID: id, Lang: domain.Spanish, Identity: how, Person: asker, Reason: domain.CaseAsked,
			Transcript: []domain.CaseLine{{At: k.c.clock.Now(), Visitor: true, Text: "¿Y mi tarjeta?"}}}))
		notes := k.centreSays(domain.Document{Kind: domain.DocumentCaseAnswer, Ref: id,
			Content: `{"text":"Su tarjeta está en la sucursal.","by":"Ana Ruiz","lang":"es","at":"2027-01-04T12:30:00Z"}`})
		if notes != nil {
			t.Fatal(notes)
		}
	}
	e, err := builtInEngine()
	must(t, err)
	a := newAssistant(e, k.store, k.c.clock, k.store.DeviceID(), nil)
	a.answers = k.store
	waits := func(who kiosk.Asker) (kiosk.Conversation, kiosk.AskTurn, bool) {
		t.Helper()
		c := a.Begin(domain.Spanish, who)
		w, ok := c.(kiosk.Answered)
		if !ok {
			return c, kiosk.AskTurn{}, false
		}
		turn, ok, err := w.Waiting(ctx, domain.Spanish)
		must(t, err)
		return c, turn, ok
	}
	for _, who := range []kiosk.Asker{{}, {Person: asker}, {Person: other, Validated: true}} {
		c, turn, ok := waits(who)
		if ok {
			t.Errorf("%+v is offered %+v", who, turn)
		}
		if turn, _ := c.Choose(ctx, domain.Spanish, answerChip+asked); turn.Answer != nil {
			t.Errorf("%+v is shown %+v", who, turn.Answer)
		}
	}
	c, turn, ok := waits(kiosk.Asker{Person: asker, Validated: true})
	if !ok || !turn.Private || turn.Step != kiosk.AskTalk || len(turn.Chips) != 1 || strings.Contains(turn.Spoken(), "tarjeta") {
		t.Fatalf("%+v", turn)
	}
	if en := c.In(turn, domain.English); en.Say == turn.Say || en.Chips[0].Title == turn.Chips[0].Title || en.Chips[0].ID != turn.Chips[0].ID {
		t.Errorf("in English: %+v", en)
	}
	if turn, err := c.Choose(ctx, domain.Spanish, answerChip+greeted); err != nil || turn.Answer != nil {
		t.Errorf("asked by a face alone, it is shown: %+v, %v", turn, err)
	}
	turn, err = c.Choose(ctx, domain.Spanish, turn.Chips[0].ID)
	must(t, err)
	if !turn.Private || turn.MayRate || turn.Answer.Title != "¿Y mi tarjeta?" || turn.Answer.Blocks[0].Text != "Su tarjeta está en la sucursal." {
		t.Errorf("%+v %+v", turn, turn.Answer)
	}
	if _, turn, ok := waits(kiosk.Asker{Person: asker, Validated: true}); ok {
		t.Errorf("offered again: %+v", turn)
	}
	told, err := k.store.Case(ctx, asked)
	if must(t, err); told.Told.IsZero() {
		t.Error("staff do not see that it was told")
	}
	// Another answer is news.
	k.centreSays(domain.Document{Kind: domain.DocumentCaseAnswer, Ref: asked})
	k.centreSays(domain.Document{Kind: domain.DocumentCaseAnswer, Ref: asked,
		Content: `{"text":"Ya puede retirarla.","by":"Ana Ruiz","lang":"es","at":"2027-01-05T12:30:00Z"}`})
	if _, _, ok := waits(kiosk.Asker{Person: asker, Validated: true}); !ok {
		t.Error("the second answer is not offered")
	}
}
