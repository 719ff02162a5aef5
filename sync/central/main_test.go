package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"agentid/app/domain"
	"agentid/sync/central/api"
	"agentid/sync/central/blob"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/postgres"
	"agentid/sync/central/s3test"
	"agentid/sync/protocol"
)

// As AGENTID_CENTRAL_TEST_MAIN=1, the test is the program: so it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("AGENTID_CENTRAL_TEST_MAIN") == "1" {
		main()
		os.Exit(0)
	}
	pgtest.Main(m)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is all that a centre needs.
type world struct {
	t   testing.TB
	env map[string]string
	s3  *s3test.Server
}

func newWorld(t testing.TB, dsn string, s3 *s3test.Server, change ...func(env map[string]string)) *world {
	t.Helper()
	w := &world{t: t, s3: s3, env: map[string]string{"DSN": dsn, "SECRETS": filepath.Join(t.TempDir(), "secrets"), "PLAIN": "true", "AUDIENCE": "https://central.test",
		"S3_ENDPOINT": "http://127.0.0.1:1", "S3_REGION": s3test.Region, "S3_ACCESS_KEY": s3test.AccessKey, "S3_SECRET_KEY": s3test.SecretKey,
		"KIOSK_RATE": "10000", "USER_RATE": "10000", "ADDRESS_RATE": "10000"}}
	if s3 != nil {
		w.env["S3_ENDPOINT"] = s3.URL
	}
	for _, f := range change {
		f(w.env)
	}
	w.cli("migrate")
	w.cli("site", "add", "norte", "Banco Norte")
	return w
}

func nothing(context.Context, string) error { return nil }

func (w *world) get(name string) string {
	return w.env[strings.TrimPrefix(name, envPrefix)]
}

// cli runs a command, and gives what it printed.
func (w *world) cli(args ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := run(context.Background(), args, w.get, &out, &bytes.Buffer{}); err != nil {
		w.t.Fatalf("central %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(out.String())
}

func (w *world) code() string { return w.cli("kiosk", "code", "--site", "norte", "--branch", "centro") }

// process is a running centre.
type process struct {
	w    *world
	cmd  *exec.Cmd
	addr string
	gone chan struct{}
	said bytes.Buffer // its log, to be read once it is gone
}

var listening = regexp.MustCompile(`msg=serving .*listen=(\S+)`)

// serve starts the program as a process, at an address or any.
func (w *world) serve(addr string) *process {
	w.t.Helper()
	p, err := w.tryServe(addr)
	must(w.t, err)
	w.t.Cleanup(p.kill)
	return p
}

func (w *world) tryServe(addr string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve", "--listen", addr)
	cmd.Env = []string{"AGENTID_CENTRAL_TEST_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, envPrefix+k+"="+v)
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "AWS_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{w: w, cmd: cmd, gone: make(chan struct{})}
	at := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(log)
		var last string
		for lines.Scan() {
			last = lines.Text()
			p.said.WriteString(last + "\n")
			if m := listening.FindStringSubmatch(last); m != nil {
				at <- m[1]
			}
		}
		cmd.Wait()
		select {
		case at <- "it ended: " + last:
		default:
		}
		close(p.gone)
	}()
	select {
	case p.addr = <-at:
	case <-time.After(60 * time.Second):
		p.kill()
		return nil, errors.New("the centre does not start")
	}
	if strings.HasPrefix(p.addr, "it ended") {
		return nil, errors.New(p.addr)
	}
	return p, nil
}

func (p *process) url() string { return "http://" + p.addr }

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.gone
}

// TestPersonAcrossBranches is the main job, with everything real: two instances
// on one database, an object store, a kiosk at each.
func TestPersonAcrossBranches(t *testing.T) {
	w := newWorld(t, pgtest.Database(t, "blank", nothing), s3test.New(t))
	one, two := w.serve("127.0.0.1:0"), w.serve("127.0.0.1:0")
	a, b := joinCentre(t, one.url(), w.code()), joinCentre(t, two.url(), w.code())
	start, err := b.changes("", 0)
	must(t, err)

	// Enrolled at A, B knows the face within five seconds.
	person := domain.PersonID(uuid.NewString())
	key, err := protocol.OpenSiteKey("norte", a.id, a.enrolled.SiteKey, a.exchange)
	must(t, err)
	theirs, err := protocol.OpenSiteKey("norte", b.id, b.enrolled.SiteKey, b.exchange)
	must(t, err)
	now := time.Now()
	face := domain.Template{ID: uuid.NewString(), PersonID: person, Encoder: domain.EncoderRef{Name: "dlib", Version: "1"}, Vector: []float32{1, 2, 3}}
	sealed, err := key.SealVector(face)
	must(t, err)
	who, err := protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(person), 1), &protocol.Person{ID: person, Version: 1, CreatedAt: now, KeyID: key.ID,
		Fields:    map[string]protocol.Field{protocol.FieldName: {At: now, Sealed: key.SealField(string(person), protocol.FieldName, "Lucía Vega")}},
		Templates: []protocol.Template{{ID: face.ID, Encoder: face.Encoder, Quality: 1, CreatedAt: now, Sealed: sealed}}})
	must(t, err)
	consent, err := protocol.ConsentItem(domain.Consent{ID: uuid.NewString(), Person: person, Version: "1", TextSHA256: strings.Repeat("0", 64), Lang: "es",
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: a.id, At: now})
	must(t, err)
	heard := make(chan protocol.Page, 1)
	go func() {
		p, err := b.changes(start.Cursor, 30)
		if err != nil {
			t.Error(err)
		}
		heard <- p
	}()
	began := time.Now()
	a.mustSend(t, consent, who)
	page := <-heard
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("B heard after %v", took)
	}
	// The consent goes before who gave it: without one no kiosk keeps a face.
	if len(page.Changes) != 2 || page.Changes[0].Kind != protocol.ChangeConsent || page.Changes[1].Kind != protocol.ChangePerson {
		t.Fatalf("%+v", page)
	}
	v, err := protocol.DecodeChange(page.Changes[1])
	must(t, err)
	if vector, err := theirs.OpenVector(person, v.(*protocol.Person).Templates[0]); err != nil || len(vector) != 3 {
		t.Errorf("%v, %v", vector, err)
	}

	// Recognised at A, with a picture of it.
	seen := a.event(t, 1, person)
	a.mustSend(t, seen)
	picture := []byte("\xff\xd8 a picture of Lucía")
	sum := sha256.Sum256(picture)
	r := protocol.TicketRequest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(picture)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(seen.ID)}
	var tk protocol.Ticket
	must(t, a.post("/v1/snapshots", r, &tk))
	// The store is down when the kiosk wants to put, and up again later.
	w.s3.Down()
	if code, err := put(t.Context(), tk, picture); err == nil {
		t.Fatalf("put into nothing: %d", code)
	}
	var p *protocol.Problem
	if err := a.post("/v1/snapshots/commit", r, &protocol.CommitAnswer{}); !errors.As(err, &p) || p.Advice() != protocol.AdviceRetry {
		t.Errorf("commit without store: %v", err)
	}
	a.mustSend(t, a.event(t, 2, "")) // events go all the same
	must(t, w.s3.Up())
	if err := a.post("/v1/snapshots/commit", r, &protocol.CommitAnswer{}); !errors.As(err, &p) || p.Code != protocol.CodeNoObject {
		t.Errorf("commit of nothing: %v", err)
	}
	if code, err := put(t.Context(), tk, picture); err != nil || code != http.StatusOK {
		t.Fatalf("put: %d, %v", code, err)
	}
	if code, err := put(t.Context(), tk, picture); err != nil || code != http.StatusPreconditionFailed {
		t.Errorf("put again, its answer lost: %d, %v", code, err)
	}
	var done protocol.CommitAnswer
	must(t, a.post("/v1/snapshots/commit", r, &done))
	store := w.store()
	if o, err := store.Stat(t.Context(), done.Bucket, done.Key); err != nil || o.SHA256 != sum {
		t.Errorf("%+v, %v", o, err)
	}

	// Erased at the centre: gone there, and both kiosks hear of it.
	admin := &kiosk{base: two.url(), token: w.cli("admin", "create", "ana")}
	var report api.SignedReport
	must(t, admin.post("/v1/admin/people/"+string(person)+"/erase", api.Why{Why: "asked by letter"}, &report))
	for _, k := range []*kiosk{a, b} {
		page, err := k.changes(start.Cursor, 0)
		must(t, err)
		// The consent is no more, and neither is who gave it.
		if n := len(page.Changes); n != 2 || !page.Changes[0].Gone || page.Changes[1].Kind != protocol.ChangeTombstone {
			t.Fatalf("%+v", page)
		}
		_, err = k.changes(page.Cursor, 0)
		must(t, err)
	}
	for deadline := time.Now().Add(30 * time.Second); report.Report.Objects.Versions == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", report.Report)
		}
		must(t, admin.ask("GET", "/v1/admin/people/"+string(person)+"/erasure", "", nil, &report))
	}
	// Not yet complete: the ticket was given just now.
	if report.Report.Objects.Versions != 1 || report.JWS == "" || report.Report.Complete || report.Report.Objects.DoneAt != nil ||
		slices.ContainsFunc(report.Report.Kiosks, func(k postgres.KioskErasure) bool { return !k.Applied }) {
		t.Errorf("%+v", report.Report)
	}
	if _, err := store.Stat(t.Context(), done.Bucket, done.Key); !errors.Is(err, blob.ErrAbsent) {
		t.Errorf("the object: %v", err)
	}
	if got := w.cli("doctor"); strings.Count(got, "ok ") != 3 {
		t.Errorf("doctor: %s", got)
	}
	// Asked to end, it ends, though somebody waits.
	waiting := make(chan error, 1)
	go func() { _, err := b.changes(page.Cursor, 50); waiting <- err }()
	must(t, two.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-two.gone:
	case <-time.After(30 * time.Second):
		t.Error("it does not end")
	}
	<-waiting
}

// drain sends events in small batches until each is acknowledged, through
// whatever happens to the centre. failed counts what was not answered.
func drain(k *kiosk, items []protocol.Item, stop <-chan struct{}, failed *atomic.Int64) error {
	for len(items) > 0 {
		n := min(7, len(items))
		as, err := k.send(items[:n]...)
		var p *protocol.Problem
		if errors.As(err, &p) && p.Advice() != protocol.AdviceRetry {
			return err
		}
		if err != nil {
			failed.Add(1)
			select {
			case <-stop:
				return fmt.Errorf("given up: %w", err)
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		for _, a := range as {
			if !a.Status.Done() {
				return fmt.Errorf("%+v", a)
			}
		}
		items = items[n:]
	}
	return nil
}

// TestKilled kills the centre twice in each of fifty drains.
func TestKilled(t *testing.T) { killed(t, 50) }

// TestSoakKilled kills it two thousand times.
func TestSoakKilled(t *testing.T) {
	if os.Getenv("AGENTID_SOAK") == "" {
		t.Skip("skipped: AGENTID_SOAK is not set")
	}
	killed(t, 1000)
}

// killed kills the centre at random moments of drains. Nothing that was
// acknowledged is lost, everything is there once, and no row is without its
// object.
func killed(t *testing.T, seeds int) {
	w := newWorld(t, pgtest.Database(t, "blank", nothing), s3test.New(t))
	p, err := w.tryServe("127.0.0.1:0")
	must(t, err)
	defer func() { p.kill() }()
	const kiosks, each = 3, 60
	var ks []*kiosk
	for range kiosks {
		ks = append(ks, joinCentre(t, p.url(), w.code()))
	}
	total := 0
	var failed atomic.Int64
	for seed := range seeds {
		r := mathrand.New(mathrand.NewPCG(uint64(seed), 1))
		stop := make(chan struct{})
		errs := make(chan error, kiosks)
		var wg sync.WaitGroup
		for _, k := range ks {
			var items []protocol.Item
			for range each {
				total++
				items = append(items, k.event(t, total, ""))
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				// A picture between two halves, as events and pictures alternate.
				err := drain(k, items[:each/2], stop, &failed)
				if err == nil {
					err = k.picture(domain.EventID(items[0].ID), stop, &failed)
				}
				if err == nil {
					err = drain(k, items[each/2:], stop, &failed)
				}
				errs <- err
			}()
		}
		for range 2 {
			time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
			p.kill()
			q, err := w.tryServe(p.addr)
			if err != nil {
				close(stop)
				wg.Wait()
				t.Fatal(err)
			}
			p = q
		}
		wg.Wait()
		for range kiosks {
			if err := <-errs; err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
	if n := events(t, w); n != total {
		t.Errorf("%d events of %d", n, total)
	}
	if n := wholeObjects(t, w); n != seeds*kiosks {
		t.Errorf("%d pictures of %d", n, seeds*kiosks)
	}
	t.Logf("%d kills, %d requests that were not answered", 2*seeds, failed.Load())
	if failed.Load() < int64(seeds) {
		t.Errorf("%d kills hit %d requests: they come at no right moment", 2*seeds, failed.Load())
	}
}

// wholeObjects holds every row to its object in the store, and counts them.
func wholeObjects(t testing.TB, w *world) (n int) {
	t.Helper()
	store := w.store()
	c, err := pgx.Connect(t.Context(), w.env["DSN"])
	must(t, err)
	defer c.Close(t.Context())
	rows, err := c.Query(t.Context(), "SELECT bucket, key, sha256, size FROM objects")
	must(t, err)
	var bucket, key string
	var sum []byte
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&bucket, &key, &sum, &size}, func() error {
		n++
		o, err := store.Stat(t.Context(), bucket, key)
		if err == nil && (!bytes.Equal(o.SHA256[:], sum) || o.Size != size) {
			err = fmt.Errorf("%s is another object", key)
		}
		return err
	})
	must(t, err)
	return n
}

// store is the object store, as the centre sees it.
func (w *world) store() *blob.S3 {
	w.t.Helper()
	s, err := blob.NewS3(w.t.Context(), blob.Options{Endpoint: w.s3.URL, Region: s3test.Region, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	must(w.t, err)
	return s
}

func events(t testing.TB, w *world) (n int) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), w.env["DSN"])
	must(t, err)
	defer c.Close(t.Context())
	must(t, c.QueryRow(t.Context(), "SELECT count(*) FROM events").Scan(&n))
	return n
}

// TestDatabaseRestarted takes the database away in the middle of a drain, once
// gently and once as a crash does.
func TestDatabaseRestarted(t *testing.T) {
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skipf("skipped: %v", err)
	}
	must(t, err)
	defer server.Close()
	must(t, server.Exec(t.Context(), "postgres", "CREATE ROLE central LOGIN", "CREATE DATABASE central OWNER central"))
	w := newWorld(t, server.DSN("central", "central"), nil)
	p := w.serve("127.0.0.1:0")
	k := joinCentre(t, p.url(), w.code())
	var items []protocol.Item
	for i := range 2000 {
		items = append(items, k.event(t, i+1, ""))
	}
	stop, done := make(chan struct{}), make(chan error, 1)
	var failed atomic.Int64
	go func() { done <- drain(k, items, stop, &failed) }()
	for _, end := range []func(){server.Down, server.Kill} {
		time.Sleep(100 * time.Millisecond)
		end()
		if err := server.Up(); err != nil {
			close(stop)
			t.Fatal(err)
		}
	}
	must(t, <-done)
	if n := events(t, w); n != len(items) {
		t.Errorf("%d events of %d", n, len(items))
	}
	if failed.Load() == 0 {
		t.Error("it was restarted while nobody sent anything")
	}
}

func TestCommandLine(t *testing.T) {
	w := newWorld(t, pgtest.Database(t, "blank", nothing), nil)
	w.cli("migrate") // again changes nothing
	token := w.cli("admin", "create", "eva", "--role", "auditor")
	if !strings.HasPrefix(token, "agentid_admin_") || strings.Contains(token, "\n") {
		t.Errorf("token %q", token)
	}
	w.cli("admin", "close", "eva")
	w.cli("keys", "rotate")
	w.cli("keys", "site", "norte")
	if _, err := protocol.CleanCode(w.code()); err != nil {
		t.Error(err)
	}
	if got := w.cli("kiosk", "list"); !strings.HasPrefix(got, "DEVICE") {
		t.Errorf("kiosks: %s", got)
	}
	for name, args := range map[string][]string{
		"unknown":       {"frobnicate"},
		"role":          {"admin", "create", "x", "--role", "god"},
		"site":          {"kiosk", "code", "--site", "sur", "--branch", "x"},
		"no branch":     {"kiosk", "code", "--site", "norte"},
		"no such kiosk": {"kiosk", "revoke", uuid.NewString()},
		"no store":      {"doctor"},
		"two ways":      {"serve", "--tls-cert", "x"},
		"proxy":         {"serve", "--trusted-proxy", "x"},
		"level":         {"serve", "--log-level", "loud"},
	} {
		if err := run(t.Context(), args, w.get, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: central %s did not fail", name, strings.Join(args, " "))
		}
	}
	w.env["CONNS"] = "geheim"
	if err := run(t.Context(), []string{"kiosk", "list"}, w.get, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("a bad variable: %v", err)
	}
	delete(w.env, "CONNS")
	delete(w.env, "DSN")
	if err := run(t.Context(), []string{"migrate"}, w.get, &bytes.Buffer{}, &bytes.Buffer{}); !errors.Is(err, errNoDSN) {
		t.Errorf("no dsn: %v", err)
	}
}

func TestSelfSigned(t *testing.T) {
	s := settings{auto: filepath.Join(t.TempDir(), "tls")}
	for range 2 {
		c, err := s.tls()
		must(t, err)
		if pair, err := c.GetCertificate(nil); err != nil || len(pair.Certificate) != 1 {
			t.Errorf("%v", err)
		}
	}
	info, err := os.Stat(filepath.Join(s.auto, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := (&settings{}).tls(); err == nil {
		t.Error("it would serve without TLS, unasked")
	}
}

// TestStaffCode: what is printed to be published opens to the code that is told.
func TestStaffCode(t *testing.T) {
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	var out, told strings.Builder
	if err := run(t.Context(), []string{"staff", "code", id}, func(string) string { return "" }, &out, &told); err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(strings.TrimSpace(told.String()), ": ")
	var c protocol.StaffCode
	if err := json.Unmarshal([]byte(out.String()), &c); err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(protocol.StaffCodeHash(id, code)) != c.Hash || strings.Contains(out.String(), code) {
		t.Errorf("code %q, published %s", code, out.String())
	}
	doc := `{"login":"lucia","name":"Lucía Vega","role":"staff","code":` + out.String() + `}`
	if _, err := protocol.ParseStaff(id, doc); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"staff", "code", "lucia"}, func(string) string { return "" }, &out, &told); err == nil {
		t.Error("a code for no id")
	}
}
