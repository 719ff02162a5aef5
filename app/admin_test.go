package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentid/app/badge"
	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/app/kiosk"
	"agentid/app/store"
	"agentid/app/telemetry"
	"agentid/assets"
	"agentid/ui"
	"agentid/ui/widgets"
)

// blankScreen is a window that shows nothing.
type blankScreen struct{}

func (blankScreen) ShowView(kiosk.View)                                 {}
func (blankScreen) ShowScene(domain.Scene)                              {}
func (blankScreen) ShowPicture(domain.Picture)                          {}
func (blankScreen) Run(ctx context.Context)                             { <-ctx.Done() }
func (blankScreen) Stats() ui.Stats                                     { return ui.Stats{} }
func (blankScreen) Controls(context.Context) ([]widgets.Control, error) { return nil, nil }

// adminKiosk is a kiosk program over a seeded store, with its real ports, that
// nobody has started: the tab is worked by its actions.
type adminKiosk struct {
	*program
	t     *testing.T
	texts *assets.Texts
	pins  map[string]string
	bad   map[string]bool
}

func newAdminKiosk(t *testing.T) *adminKiosk {
	t.Helper()
	return newAdminKioskWith(t, "")
}

// newAdminKioskWith is one with a configuration file.
func newAdminKioskWith(t *testing.T, file string) *adminKiosk {
	t.Helper()
	dir := t.TempDir()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "AGENTID_") {
			t.Setenv(k, "")
			os.Unsetenv(k)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	if file != "" {
		must(t, os.MkdirAll(filepath.Join(dir, "config", "agentid"), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "config", "agentid", "config.toml"), []byte(file), 0o600))
	}
	var out strings.Builder
	c := newCLI(&out, t.Output())
	root := rootCommand(c)
	root.SetArgs([]string{"demo-seed", "--people", "12", "--events", "60"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &adminKiosk{t: t, pins: map[string]string{}, bad: map[string]bool{}}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) == 4 && f[2] == "PIN" {
			k.pins[f[0]] = f[3]
		}
	}
	key := badge.KeyFile{File: c.cfg.Badge.KeyFile, DataDir: c.cfg.StateDir(), Create: true} // the seed's badges were signed somewhere
	if _, err := key.Open(); err != nil {
		t.Fatal(err)
	}
	c.window = func(ui.Options) screen { return blankScreen{} }
	p, err := newProgram(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if k.texts, err = assets.LoadTexts(); err != nil {
		t.Fatal(err)
	}
	k.program = p
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.machine.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = p.close() })
	p.machine.SetEngine("demo", kiosk.GradeDemo)
	p.machine.Camera(domain.CameraHealth{State: domain.CameraLive, FPS: 12})
	return k
}

// do does something in the tab, and waits for what comes of it.
func (k *adminKiosk) do(a kiosk.Action) *kiosk.Admin {
	k.t.Helper()
	before := k.machine.View().Admin
	k.machine.Do(a)
	end := time.Now().Add(30 * time.Second)
	for {
		v := k.machine.View()
		if v.Admin == nil || v.Admin != before && !v.Admin.Busy {
			k.check(v.Admin)
			return v.Admin
		}
		if time.Now().After(end) {
			k.t.Fatalf("no answer to %T: %+v", a, v.Admin)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// enter signs somebody of the seed in.
func (k *adminKiosk) enter(login string) *kiosk.Admin {
	k.t.Helper()
	k.do(kiosk.AdminEnter{})
	v := k.do(kiosk.AdminCredentials{Login: login, PIN: k.pins[login]})
	if v == nil || v.Step != kiosk.AdminOpen {
		k.t.Fatalf("%s did not get in: %+v", login, v)
	}
	return v
}

// check looks whether every text of a view is there, in both languages.
func (k *adminKiosk) check(a *kiosk.Admin) {
	if a == nil {
		return
	}
	say := func(w kiosk.Words) {
		for _, lang := range assets.Langs() {
			if w.Key != "" && !k.texts.Has(lang, "admin."+w.Key) && !k.bad[lang+w.Key] {
				k.bad[lang+w.Key] = true
				k.t.Errorf("no text admin.%s in %s", w.Key, lang)
			}
		}
		if w.Key != "" && strings.Contains(k.texts.SayWith("es", "admin."+w.Key, assets.Values(w.Values)), "<no value>") {
			k.t.Errorf("admin.%s lacks a value: %v", w.Key, w.Values)
		}
	}
	buttons := func(list []kiosk.AdminButton) {
		for _, b := range list {
			say(b.Label)
		}
	}
	table := func(t *kiosk.Table) {
		if t == nil {
			return
		}
		say(t.Search)
		say(t.Empty)
		buttons(t.Do)
		for _, c := range t.Columns {
			say(c.Label)
		}
		for _, r := range t.Rows {
			if len(r.Cells) != len(t.Columns) {
				k.t.Errorf("%s: %d cells in %d columns", a.Page, len(r.Cells), len(t.Columns))
			}
			for _, c := range r.Cells {
				say(c.Words)
			}
		}
		for _, f := range t.Filters {
			say(f.Label)
			for _, o := range f.Options {
				say(o.Label)
			}
		}
	}
	say(a.Problem)
	say(a.Notice)
	for _, f := range a.Figures {
		say(f.Label)
		say(f.Value.Words)
	}
	for _, p := range a.Plots {
		say(p.Title)
		say(p.Unit)
		for _, s := range p.Series {
			say(s.Label)
		}
	}
	table(a.Table)
	if d := a.Detail; d != nil {
		say(d.Title)
		buttons(d.Do)
		for _, f := range d.Fields {
			say(f.Label)
			say(f.Value.Words)
		}
		for i := range d.Tables {
			table(&d.Tables[i])
		}
	}
	if f := a.Form; f != nil {
		say(f.Title)
		say(f.Submit)
		say(f.Try)
		table(f.Result)
		for _, fd := range f.Fields {
			say(fd.Label)
			say(fd.Hint)
			say(fd.Problem)
			for _, o := range fd.Options {
				say(o.Label)
			}
		}
	}
	if c := a.Confirm; c != nil {
		say(c.Title)
		say(c.Text)
		say(c.Yes)
	}
}

// TestEveryPageOverTheRealStore opens every page, filter, row, form and
// question that an administrator is offered, over a store as it is.
func TestEveryPageOverTheRealStore(t *testing.T) {
	k := newAdminKiosk(t)
	v := k.enter("clara")
	for _, p := range v.Pages {
		v := k.do(kiosk.AdminGo{Page: p})
		if v.Page != p || v.Table == nil || v.Tone == kiosk.ToneStop {
			t.Fatalf("%s: %+v %+v", p, v.Notice, v.Table)
		}
		for _, f := range v.Table.Filters {
			for _, o := range f.Options {
				if v := k.do(kiosk.AdminFilter{ID: f.ID, Value: o.Value}); v.Tone == kiosk.ToneStop {
					t.Fatalf("%s, %s=%s: %+v", p, f.ID, o.Value, v.Notice)
				}
			}
		}
		v = k.do(kiosk.AdminGo{Page: p})
		for v.Table.Next {
			before := v.Table.To
			if v = k.do(kiosk.AdminTurn{Forward: true}); v.Table.To <= before {
				t.Fatalf("%s does not go on after %d", p, before)
			}
			if before > 60 {
				break
			}
		}
		v = k.do(kiosk.AdminGo{Page: p})
		if len(v.Table.Rows) == 0 || v.Table.Rows[0].ID == "" {
			continue
		}
		row := v.Table.Rows[0].ID
		if v = k.do(kiosk.AdminOpenRow{ID: row}); v.Detail == nil {
			t.Fatalf("%s: row %s does not open: %+v", p, row, v.Notice)
		}
		for _, b := range v.Detail.Do {
			if b.ID == "system.exit" || b.ID == "events.confirm" || b.ID == "events.correct" {
				continue
			}
			v := k.do(kiosk.AdminDo{ID: b.ID, Row: v.Detail.ID})
			if v.Tone == kiosk.ToneStop {
				t.Errorf("%s: %s: %+v", p, b.ID, v.Notice)
			}
			k.do(kiosk.AdminConfirm{})
			if v.Form != nil {
				k.do(kiosk.StepBack{})
			}
		}
		for _, t := range v.Detail.Tables {
			if len(t.Rows) > 0 && t.Rows[0].ID != "" {
				if v := k.do(kiosk.AdminOpenRow{ID: t.Rows[0].ID}); v.Detail == nil {
					k.t.Errorf("%s: row %s within does not open", p, t.Rows[0].ID)
				}
				k.do(kiosk.AdminGo{Page: p})
				k.do(kiosk.AdminOpenRow{ID: row})
			}
		}
	}
	if r, err := k.store.VerifyAudit(t.Context()); err != nil || !r.Sound() {
		t.Fatalf("the audit of all that: %+v %v", r, err)
	}
}

func TestAdminOverTheRealStore(t *testing.T) {
	k := newAdminKiosk(t)
	ctx := t.Context()

	// Staff correct a wrong match; a second factor is asked from then on.
	v := k.enter("ana")
	for _, p := range v.Pages {
		if p == kiosk.PageStaff || p == kiosk.PageAudit || p == kiosk.PageSystem {
			t.Errorf("staff are shown %s", p)
		}
	}
	if v = k.do(kiosk.AdminGo{Page: kiosk.PageAudit}); v.Page == kiosk.PageAudit || v.Notice.Key != "said.not_allowed" {
		t.Fatalf("staff got to the audit: %+v", v)
	}
	k.do(kiosk.AdminGo{Page: kiosk.PageEvents})
	k.do(kiosk.AdminFilter{ID: "reason", Value: string(domain.ReasonRecognised)})
	v = k.machine.View().Admin
	id := v.Table.Rows[0].ID
	e, err := k.store.EventByID(ctx, domain.EventID(id))
	if err != nil {
		t.Fatal(err)
	}
	k.do(kiosk.AdminOpenRow{ID: id})
	if v = k.do(kiosk.AdminDo{ID: "events.correct", Row: id}); v.Notice.Key != "said.corrected" {
		t.Fatalf("%+v", v.Notice)
	}
	p, err := k.store.Profile(ctx, e.Person)
	if err != nil || !p.SecondFactor {
		t.Fatalf("second factor %v, %v", p.SecondFactor, err)
	}
	if v = k.do(kiosk.AdminDo{ID: "people.erase", Row: string(e.Person)}); v.Notice.Key != "said.not_allowed" || v.Confirm != nil {
		t.Fatalf("staff may erase: %+v", v)
	}
	k.do(kiosk.AdminLeave{})

	// An administrator looks at a picture, exports, retries, changes a setting.
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageEvents})
	seen := false
	list, err := k.store.Recent(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Snapshot != "" && !seen {
			k.do(kiosk.AdminOpenRow{ID: string(e.ID)})
			v = k.do(kiosk.AdminDo{ID: "events.picture", Row: string(e.ID)})
			seen = v.Detail != nil && v.Detail.Picture != nil && v.Detail.Picture.Rect.Dx() == 640
		}
	}
	if !seen {
		t.Errorf("no picture was shown: %+v", v.Notice)
	}
	if v = k.do(kiosk.AdminDo{ID: "events.export"}); v.Notice.Key != "said.exported" {
		t.Fatalf("%+v", v.Notice)
	}
	info, err := os.Stat(v.Notice.Values["File"])
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 1000 {
		t.Fatalf("export: %v, %v", info, err)
	}
	v = k.do(kiosk.AdminGo{Page: kiosk.PageSync})
	if len(v.Table.Rows) != 3 {
		t.Fatalf("%d dead letters, want 3", len(v.Table.Rows))
	}
	k.do(kiosk.AdminOpenRow{ID: v.Table.Rows[0].ID})
	if v = k.do(kiosk.AdminDo{ID: "sync.retry", Row: v.Table.Rows[0].ID}); v.Notice.Key != "said.retried" || len(v.Table.Rows) != 2 {
		t.Fatalf("%+v", v.Notice)
	}
	k.set("site.branch", "Sucursal Sur", "said.set")
	if got := k.machine.View().Site.Branch; got != "Sucursal Sur" {
		t.Errorf("branch on the screen: %q", got)
	}
	k.set("recognition.votes", "99", "")
	k.set("recognition.votes", "4", "said.set")
	k.set("badge.valid_days", "30", "said.set_restart")
	raw, err := os.ReadFile(configDesk{k.program}.File())
	if err != nil || !strings.Contains(string(raw), "votes = 4") || !strings.Contains(string(raw), "valid_days = 30") || strings.Contains(string(raw), "99") {
		t.Fatalf("%s, %v", raw, err)
	}
	if v = k.do(kiosk.AdminGo{Page: kiosk.PageAudit}); len(v.Table.Rows) == 0 {
		t.Fatal("no audit")
	}
	if v = k.do(kiosk.AdminDo{ID: "audit.verify"}); v.Notice.Key != "said.audit_sound" {
		t.Fatalf("%+v", v.Notice)
	}
	for _, a := range []domain.AuditAction{
		domain.AuditNotAllowed, domain.AuditCorrected, domain.AuditViewed, domain.AuditExported, domain.AuditRequeued, domain.AuditConfigChanged, domain.AuditSignedOut,
	} {
		list, err := k.store.Audit(ctx, domain.AuditFilter{Action: a}, 0, 10)
		if err != nil || len(list) == 0 || list[0].Role == "" {
			t.Errorf("%s: %+v, %v", a, list, err)
		}
	}
}

// set changes a setting by its form; want is what is said, "" for a problem
// beside the field.
func (k *adminKiosk) set(key, value, want string) {
	k.t.Helper()
	k.do(kiosk.AdminGo{Page: kiosk.PageSystem})
	k.do(kiosk.AdminFilter{ID: "view", Value: "settings"})
	k.do(kiosk.AdminOpenRow{ID: key})
	if v := k.do(kiosk.AdminDo{ID: "system.set", Row: key}); v.Form == nil {
		k.t.Fatalf("%s: no form: %+v", key, v.Notice)
	}
	v := k.do(kiosk.AdminSubmit{Form: "system.set", Values: map[string]string{"value": value}})
	switch {
	case want == "" && (v.Form == nil || v.Form.Fields[0].Problem.Plain == ""):
		k.t.Fatalf("%s = %s is taken: %+v", key, value, v.Notice)
	case want != "" && v.Notice.Key != want:
		k.t.Fatalf("%s = %s: %+v, %+v", key, value, v.Notice, v.Form)
	}
}

func TestFirstRunCodeIsSaidOnTheConsole(t *testing.T) {
	var out strings.Builder
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), MasterKey: store.GenerateMasterKey(), Clock: domaintest.NewClock(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	c := newCLI(io.Discard, &out)
	p := &program{c: c, store: st}
	p.sayFirstRun(t.Context())
	lines := strings.Fields(out.String())
	code := lines[len(lines)-1]
	who := domain.Staff{ID: domain.StaffID(newID()), Login: "clara", Name: "Clara Paz"}
	if err := st.UseSetupCode(t.Context(), code, who, "493817"); err != nil {
		t.Fatalf("%q: %v", code, err)
	}
	out.Reset()
	p.sayFirstRun(t.Context())
	if out.Len() != 0 {
		t.Fatalf("said with an administrator: %q", out.String())
	}
	if _, err := newSetupCode(t.Context(), st); !errors.Is(err, domain.ErrSetupDone) {
		t.Fatal(err)
	}
}

func TestAuditCommands(t *testing.T) {
	h := newHost(t, "")
	h.must("staff", "setup-code")
	if out := h.must("audit", "list"); !strings.Contains(out, "setup_code_made") {
		t.Fatalf("%q", out)
	}
	if out := h.must("audit", "verify"); !strings.HasPrefix(out, "sound: 1 entries") {
		t.Fatalf("%q", out)
	}
	file := filepath.Join(t.TempDir(), "audit.csv")
	h.must("audit", "export", file)
	raw, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(raw), "exported,list,audit,by=command") || strings.Count(string(raw), "\r\n") != 3 {
		t.Fatalf("%q, %v", raw, err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", info.Mode())
	}
	if _, err := h.run("audit", "export", file); err == nil {
		t.Fatal("a file is overwritten")
	}
}

// TestTheSystemPageOverTheRealStore reads what the kiosk says about itself: its
// log in memory, its log in a file, and what runs here.
func TestTheSystemPageOverTheRealStore(t *testing.T) {
	k := newAdminKiosk(t)
	k.c.level.Set(slog.LevelInfo)
	k.c.log.Warn("printer out of paper", slog.String("printer", "front"), slog.String("name", "Lucía"))
	k.enter("clara")
	k.do(kiosk.AdminGo{Page: kiosk.PageSystem})
	look := func(want string) *kiosk.Admin {
		t.Helper()
		k.do(kiosk.AdminGo{Page: kiosk.PageSystem})
		k.do(kiosk.AdminFilter{ID: "view", Value: "log"})
		v := k.do(kiosk.AdminFilter{ID: "level", Value: "warn"})
		if len(v.Table.Rows) == 0 || v.Table.Rows[0].Cells[2].Words.Plain != want {
			t.Fatalf("the log shows %+v", v.Table.Rows)
		}
		return k.do(kiosk.AdminOpenRow{ID: v.Table.Rows[0].ID})
	}
	v := look("printer out of paper")
	if s := fmt.Sprint(v.Detail); !strings.Contains(s, "front") || strings.Contains(s, "Lucía") {
		t.Errorf("the line says %s", s)
	}
	k.c.cfg.Log.File = filepath.Join(t.TempDir(), "agentid.log")
	f, err := os.OpenFile(k.c.cfg.Log.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	defer f.Close()
	telemetry.NewLogger(f, slog.LevelInfo).Error("disk full")
	look("disk full")

	k.do(kiosk.AdminGo{Page: kiosk.PageSystem})
	k.do(kiosk.AdminFit{Rows: 40})
	v = k.do(kiosk.AdminFilter{ID: "view", Value: "about"})
	said := map[string]kiosk.Cell{}
	for _, r := range v.Table.Rows {
		said[r.Cells[0].Words.Key] = r.Cells[1]
	}
	for _, key := range []string{"version", "device", "go", "opencv", "dlib", "sqlite", "config", "data", "log"} {
		if said["about."+key].Words.Plain == "" {
			t.Errorf("nothing is said of %s: %+v", key, said["about."+key])
		}
	}
	for _, key := range []string{"database", "snapshots", "log_size", "free"} {
		if said["about."+key].Number <= 0 {
			t.Errorf("no size of %s: %+v", key, said["about."+key])
		}
	}
	if said["about.centre"].Words.Plain != "" {
		t.Error("a centre is named where there is none")
	}
}

// Where a kiosk works alone there is no switch; where its centre is configured
// there is, before it is enrolled too.
func TestTheSwitchIsThereWithACentre(t *testing.T) {
	k := newAdminKiosk(t)
	k.enter("clara")
	if v := k.do(kiosk.AdminGo{Page: kiosk.PageSync}); len(v.Table.Do) != 0 {
		t.Fatalf("a switch of nothing: %+v", v.Table.Do)
	}
	if v := k.do(kiosk.AdminDo{ID: "sync.offline"}); v.Notice.Key != "said.not_here" {
		t.Fatalf("%+v", v.Notice)
	}
	k.c.cfg.Centre.URL = "https://127.0.0.1:1"
	k.link = k.openLink()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.link.run(ctx) }()
	defer func() { cancel(); <-done }()
	k.do(kiosk.AdminGo{Page: kiosk.PageSync})
	if v := k.do(kiosk.AdminDo{ID: "sync.offline"}); v.Notice.Key != "said.offline" || v.Table.Do[0].Label.Key != "do.online" {
		t.Fatalf("%+v, %+v", v.Notice, v.Table.Do)
	}
	if v, err := k.store.Setting(t.Context(), settingHeld); err != nil || v == "" {
		t.Fatalf("%q, %v", v, err)
	}
	eventually(t, "shown in the tab", func() bool { return k.machine.View().Status.Held })
	if v := k.do(kiosk.AdminDo{ID: "sync.offline"}); v.Notice.Key != "said.online" {
		t.Fatalf("%+v", v.Notice)
	}
	eventually(t, "shown in the tab", func() bool { return !k.machine.View().Status.Held })
	list, err := k.store.Audit(t.Context(), domain.AuditFilter{Action: domain.AuditOffline}, 0, 10)
	if err != nil || len(list) != 2 { // where there was no switch, nothing was switched
		t.Errorf("%+v, %v", list, err)
	}
}
