package client_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"agentid/app/domain"
	"agentid/app/store/storetest"
	"agentid/sync/central/api"
	"agentid/sync/central/blob"
	"agentid/sync/central/eraser"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/postgres"
	"agentid/sync/central/s3test"
	"agentid/sync/client"
	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// real is the centre itself, on a PostgreSQL and an S3 of its own.
type real struct {
	t      *testing.T
	db     *postgres.DB
	sql    *pgx.Conn
	blob   *blob.S3
	worker *eraser.Eraser
	url    string
	caFile string
}

func newReal(t *testing.T) *real {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	store := s3test.New(t)
	dsn := pgtest.Database(t, "client", postgres.Migrate)
	master := make([]byte, 32)
	rand.Read(master)
	log := slog.New(slog.DiscardHandler)
	db, err := postgres.Open(ctx, postgres.Options{DSN: dsn, Master: master, Clock: domain.SystemClock{}, Log: log})
	must(t, err)
	objects, err := blob.NewS3(ctx, blob.Options{Endpoint: store.URL, Region: s3test.Region, AccessKey: s3test.AccessKey, SecretKey: s3test.SecretKey})
	must(t, err)
	must(t, objects.MakeBuckets(ctx))
	worker := eraser.New(db, objects, domain.SystemClock{}, log)
	server := api.New(api.Options{
		DB: db, Blob: objects, Audience: "https://centre.test", Clock: domain.SystemClock{}, Log: log, Metrics: prometheus.NewRegistry(),
		Limits: api.Limits{KioskPerSecond: 1000, AddressPerSecond: 1000}, Wake: worker.Wake,
	})
	srv := httptest.NewTLSServer(server.Handler())
	ended := make(chan error, 2)
	go func() { ended <- db.Listen(ctx) }()
	go func() { ended <- worker.Run(ctx) }()
	conn, err := pgx.Connect(ctx, dsn)
	must(t, err)
	must(t, db.AddSite(ctx, site, "Norte"))
	t.Cleanup(func() {
		server.Close()
		srv.CloseClientConnections()
		srv.Close()
		cancel()
		<-ended
		<-ended
		conn.Close(context.Background())
		db.Close()
	})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600))
	return &real{t: t, db: db, sql: conn, blob: objects, worker: worker, url: srv.URL, caFile: ca}
}

func (r *real) kiosk(branch string) *kiosk {
	r.t.Helper()
	return r.kioskOf(site, branch)
}

// unenrolled is a kiosk that has no code yet.
func (r *real) unenrolled() *kiosk {
	r.t.Helper()
	dir := r.t.TempDir()
	k := &kiosk{t: r.t, Store: openStore(r.t, filepath.Join(dir, "data"))}
	k.o = client.Options{
		URL: r.url, CAFile: r.caFile, KeyFile: filepath.Join(dir, "keys", "centre.json"), DataDir: filepath.Join(dir, "data"),
		DeviceID: k.DeviceID(), Program: "agentid/test", Timeout: 10 * time.Second,
	}
	k.obo = outbox.Options{
		Queue: k.Store, Applier: k.Store, Poll: 50 * time.Millisecond, BackoffBase: 10 * time.Millisecond, BackoffMost: 200 * time.Millisecond,
		StopEvery: 50 * time.Millisecond, Network: func() string { return "" },
	}
	return k
}

func (r *real) count(query string, args ...any) (n int) {
	r.t.Helper()
	must(r.t, r.sql.QueryRow(r.t.Context(), query, args...).Scan(&n))
	return n
}

func (r *real) objects() (n int) {
	r.t.Helper()
	must(r.t, r.blob.List(r.t.Context(), blob.BucketDetection, "", func(string) error { n++; return nil }))
	return n
}

// The real kiosk's side and the real centre: what happens at A is in PostgreSQL
// and S3, who is enrolled at A is known at B within five seconds, who is erased
// is gone everywhere, and one who is revoked keeps the data.
func TestRealCentre(t *testing.T) {
	r := newReal(t)
	a, b := r.kiosk("Centro"), r.kiosk("Sur")
	runA, stopA := a.start(nil)
	defer stopA()
	applied := make(chan domain.Applied, 64)
	runB, stopB := b.start(func(o *outbox.Options) { o.OnApplied = func(d domain.Applied) { applied <- d } })
	defer stopB()

	e := enrolment(1)
	begin := time.Now()
	must(t, a.Enrol(t.Context(), e))
	runA.Wake()
	for known := false; !known; {
		select {
		case d := <-applied:
			known = d.People > 0
		case <-time.After(patience):
			dead, _ := a.DeadNotices(t.Context(), 0)
			t.Logf("dead at A: %+v", dead)
			t.Fatalf("not known at B: %+v, at A %+v", runB.Status(), runA.Status())
		}
	}
	took := time.Since(begin)
	t.Logf("enrolled at A, known at B after %v", took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("known at B after %v", took)
	}
	ts, err := b.Templates(t.Context(), storetest.Encoder)
	if must(t, err); len(ts) != 2 || ts[0].Vector[7] != e.Templates[0].Vector[7] {
		t.Errorf("%d templates at B", len(ts))
	}
	for i := range 60 {
		_, err := a.Record(t.Context(), storetest.Recognition(e.Person.ID), map[bool][]byte{true: jpeg(i)}[i%3 == 0])
		must(t, err)
	}
	runA.Wake()
	a.drained(runA)
	if runA.Status().Waiting.Dead != 0 {
		dead, _ := a.DeadNotices(t.Context(), 0)
		t.Fatalf("dead %+v", dead)
	}
	es, err := a.Recent(t.Context(), 0, 1000)
	must(t, err)
	if n := r.count("SELECT count(*) FROM events WHERE device = $1", a.DeviceID()); n != len(es) {
		t.Errorf("%d events in PostgreSQL, want %d", n, len(es))
	}
	if n := r.objects(); n != 20 {
		t.Errorf("%d objects in S3, want 20", n)
	}

	// Field by field, in the centre's order: A's name, B's second factor.
	must(t, a.RenamePerson(t.Context(), e.Person.ID, "Lucía Vega"))
	must(t, b.NeedSecondFactor(t.Context(), e.Person.ID))
	runA.Wake()
	runB.Wake()
	same := func(run *running, k *kiosk) {
		t.Helper()
		run.await(func(outbox.Status) bool {
			p, err := k.Profile(t.Context(), e.Person.ID)
			return err == nil && p.Person.Name == "Lucía Vega" && p.SecondFactor && p.Document == e.Document && p.HasFace
		})
	}
	same(runB, b)
	same(runA, a)

	// The centre's documents.
	doc, err := r.db.Publish(t.Context(), site, protocol.ChangeFAQ, "es", "text/plain", "@topic horarios")
	must(t, err)
	runB.await(func(outbox.Status) bool {
		d, err := b.CentreDocument(t.Context(), "faq", "es")
		return err == nil && d.Content == doc.Content && d.Version == doc.Version
	})

	// Erased at B: gone at A, in PostgreSQL and in S3; each kiosk's receipt.
	_, err = b.EraseIdentity(t.Context(), e.Person.ID, domain.ReasonErasedByPerson, time.Time{})
	must(t, err)
	runB.Wake()
	runA.await(func(outbox.Status) bool {
		_, err := a.Person(t.Context(), e.Person.ID)
		return err != nil
	})
	a.drained(runA)
	b.drained(runB)
	r.worker.Wake()
	runA.await(func(outbox.Status) bool { return r.objects() == 0 })
	if n := r.count("SELECT count(*) FROM people") + r.count("SELECT count(*) FROM templates"); n != 0 {
		t.Errorf("%d rows of people and templates are left", n)
	}
	for name, k := range map[string]*kiosk{"A": a, "B": b} {
		if w, err := k.WaitingNotices(t.Context()); err != nil || w.Dead != 0 {
			dead, _ := k.DeadNotices(t.Context(), 0)
			t.Errorf("%s: dead %+v, %v", name, dead, err)
		}
	}

	// Revoked, B says so and keeps what it has.
	must(t, r.db.RevokeKiosk(t.Context(), b.DeviceID(), "test"))
	_, err = b.Record(t.Context(), storetest.Recognition(""), nil)
	must(t, err)
	runB.Wake()
	if st := runB.await(func(st outbox.Status) bool { return st.State == outbox.StateRevoked }); st.Waiting.Dead != 0 {
		t.Errorf("%+v", st)
	}
	if d, err := b.CentreDocument(t.Context(), "faq", "es"); err != nil || d.Content != doc.Content {
		t.Errorf("%+v, %v", d, err)
	}
}
