package api

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/blob"
	"agentid/sync/central/eraser"
	"agentid/sync/central/pgtest"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const audience = "https://central.test"

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// memory is an object store in memory: the tests of blob run against a real one.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	down    bool
	put     blob.Put
}

func (m *memory) get(bucket, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, blob.ErrUnavailable
	}
	b, ok := m.objects[bucket+"/"+key]
	if !ok {
		return nil, blob.ErrAbsent
	}
	return b, nil
}

func (m *memory) Presign(_ context.Context, p blob.Put) (blob.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put = p
	return blob.Ticket{URL: "https://s3.test/" + p.Bucket + "/" + p.Key, Headers: map[string]string{"If-None-Match": "*"}, Expires: start.Add(blob.TicketLife)}, nil
}

func (m *memory) Stat(_ context.Context, bucket, key string) (blob.Object, error) {
	b, err := m.get(bucket, key)
	return blob.Object{Size: int64(len(b)), SHA256: sha256.Sum256(b), Type: "image/jpeg"}, err
}

func (m *memory) Erase(_ context.Context, bucket, key string) (int, error) {
	_, err := m.get(bucket, key)
	if err == blob.ErrAbsent {
		return 0, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, bucket+"/"+key)
	return 1, err
}

func (m *memory) Write(_ context.Context, bucket, key string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return blob.ErrUnavailable
	}
	m.objects[bucket+"/"+key] = content
	return nil
}

func (m *memory) Read(_ context.Context, bucket, key string) ([]byte, error) {
	return m.get(bucket, key)
}

func (m *memory) List(_ context.Context, bucket, prefix string, with func(string) error) error {
	m.mu.Lock()
	var keys []string
	for k := range m.objects {
		if key, ok := strings.CutPrefix(k, bucket+"/"); ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	m.mu.Unlock()
	for _, k := range keys {
		if err := with(k); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Ready(context.Context) error {
	_, err := m.get("", "")
	return only(err, blob.ErrUnavailable)
}

func only(err, want error) error {
	if err == want {
		return err
	}
	return nil
}

// centre is a server with all around it.
type centre struct {
	t      testing.TB
	db     *postgres.DB
	blob   *memory
	clock  *domaintest.Clock
	eraser *eraser.Eraser
	api    *Server
	http   *httptest.Server
	admin  string
}

func newCentre(t testing.TB, change func(*Options)) *centre {
	t.Helper()
	return centreOn(t, pgtest.Database(t, "central", postgres.Migrate), change)
}

func centreOn(t testing.TB, dsn string, change func(*Options)) *centre {
	t.Helper()
	ctx := context.Background()
	c := &centre{t: t, clock: domaintest.NewClock(start), blob: &memory{objects: map[string][]byte{}}}
	var err error
	c.db, err = postgres.Open(ctx, postgres.Options{DSN: dsn, Master: bytes.Repeat([]byte{7}, 32), Clock: c.clock})
	must(t, err)
	t.Cleanup(c.db.Close)
	must(t, c.db.AddSite(ctx, "norte", "Banco Norte"))
	_, c.admin, err = c.db.CreateAdmin(ctx, "ana", postgres.RoleAdmin)
	must(t, err)
	c.eraser = eraser.New(c.db, c.blob, c.clock, slog.New(slog.DiscardHandler))
	o := Options{DB: c.db, Blob: c.blob, Audience: audience, Clock: c.clock, Metrics: prometheus.NewRegistry(),
		Limits: Limits{KioskPerSecond: 1000, UserPerSecond: 1000, AddressPerSecond: 1000}}
	if change != nil {
		change(&o)
	}
	c.api = New(o)
	c.http = httptest.NewServer(c.api.Handler())
	t.Cleanup(c.http.Close)
	t.Cleanup(c.api.Close)
	return c
}

// device is a kiosk that talks to a centre.
type device struct {
	c        *centre
	id       string
	sign     ed25519.PrivateKey
	exchange *ecdh.PrivateKey
	token    string
	siteKey  *protocol.SiteKey
}

func newDevice(c *centre) *device {
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	must(c.t, err)
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(c.t, err)
	return &device{c: c, id: uuid.NewString(), sign: sign, exchange: exchange}
}

// enrolled is a kiosk with a token.
func (c *centre) enrolled() *device {
	c.t.Helper()
	code, _, err := c.db.NewCode(context.Background(), "norte", "centro", "ana")
	must(c.t, err)
	d := newDevice(c)
	r := protocol.EnrolRequest{Code: code, DeviceID: d.id, Name: "Caja 1", ExchangeKey: d.exchange.PublicKey().Bytes()}
	must(c.t, r.Sign(d.sign))
	var a protocol.EnrolAnswer
	if code := c.ask("POST", "/v1/enrolments", "", r, &a); code != 200 {
		c.t.Fatalf("enrol: %d", code)
	}
	d.siteKey, err = protocol.OpenSiteKey(a.SiteID, d.id, a.SiteKey, d.exchange)
	must(c.t, err)
	if a.Audience != audience || a.SiteName != "Banco Norte" || a.Branch != "centro" || len(a.Keys.Keys) != 1 {
		c.t.Errorf("%+v", a)
	}
	d.renew()
	return d
}

// claims are of an assertion that holds.
func (d *device) claims() jwt.MapClaims {
	now := d.c.clock.Now()
	return jwt.MapClaims{"iss": d.id, "sub": d.id, "aud": audience, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": uuid.NewString()}
}

func (d *device) assertion(claims jwt.MapClaims) string {
	s, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(d.sign)
	must(d.c.t, err)
	return s
}

// buy asks for a token; it gives the status, and what was answered.
func (c *centre) buy(assertion string) (int, []byte, http.Header) {
	c.t.Helper()
	form := url.Values{"grant_type": {protocol.GrantJWTBearer}, "assertion": {assertion}}
	req, err := http.NewRequest("POST", c.http.URL+"/v1/token", strings.NewReader(form.Encode()))
	must(c.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set(protocol.HeaderVersion, "1")
	return c.do(req)
}

func (d *device) renew() {
	d.c.t.Helper()
	status, body, _ := d.c.buy(d.assertion(d.claims()))
	var tok protocol.Token
	must(d.c.t, json.Unmarshal(body, &tok))
	if status != 200 || tok.TokenType != "Bearer" || tok.ExpiresIn != 900 || len(tok.SiteKeys) == 0 {
		d.c.t.Fatalf("token: %d %s", status, body)
	}
	d.token = tok.AccessToken
}

func (c *centre) do(req *http.Request) (int, []byte, http.Header) {
	c.t.Helper()
	res, err := http.DefaultClient.Do(req)
	must(c.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(c.t, err)
	return res.StatusCode, body, res.Header
}

// ask sends JSON and reads what is answered, into answer where it is a success.
func (c *centre) ask(method, path, token string, body, answer any) int {
	c.t.Helper()
	status, raw, _ := c.raw(method, path, token, body)
	if answer != nil && status < 300 {
		if err := protocol.DecodeStrict(raw, protocol.MaxPage, answer); err != nil {
			c.t.Fatalf("%s: %v", raw, err)
		}
	}
	return status
}

func (c *centre) raw(method, path, token string, body any) (int, []byte, http.Header) {
	c.t.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		must(c.t, err)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.http.URL+path, r)
	must(c.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set(protocol.HeaderVersion, "1")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.do(req)
}

// post is a request of a batch.
func (d *device) post(items ...protocol.Item) *http.Request {
	d.c.t.Helper()
	z, err := protocol.EncodeBatch(protocol.Batch{ID: uuid.NewString(), DeviceID: d.id, SentAt: d.c.clock.Now(), Items: items})
	must(d.c.t, err)
	req, err := http.NewRequest("POST", d.c.http.URL+"/v1/batches", bytes.NewReader(z))
	must(d.c.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set(protocol.HeaderVersion, "1")
	req.Header.Set("Authorization", "Bearer "+d.token)
	return req
}

// send sends a batch that is taken; it gives the answers in short.
func (d *device) send(items ...protocol.Item) string {
	d.c.t.Helper()
	status, body, _ := d.c.do(d.post(items...))
	if status != 200 {
		d.c.t.Fatalf("batch: %d %s", status, body)
	}
	var a protocol.BatchAnswer
	must(d.c.t, json.Unmarshal(body, &a))
	var said []string
	for _, x := range a.Answers {
		s := string(x.Status)
		if x.Reason != "" {
			s += ":" + string(x.Reason)
		}
		said = append(said, s)
	}
	return strings.Join(said, " ")
}

func (d *device) event(n int, person domain.PersonID) protocol.Item {
	d.c.t.Helper()
	e := domain.Event{ID: domain.EventID(testID(n)), Seq: uint64(n), DeviceID: d.id, Kind: domain.EventRecognition, Reason: domain.ReasonUnknown, At: start, Person: person}
	it, err := protocol.EventItem(e)
	must(d.c.t, err)
	return it
}

// testID is the nth id of the test's start.
func testID(n int) string {
	ms := uint64(start.UnixMilli())
	b := []byte{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms), 0x70, 0, 0x80, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	u, _ := uuid.FromBytes(b)
	return u.String()
}

func hexSum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

// code is the code of a problem.
func code(t testing.TB, body []byte) protocol.Code {
	t.Helper()
	var p protocol.Problem
	must(t, protocol.DecodeStrict(body, protocol.MaxSmall, &p))
	return p.Code
}

func prefixes(t testing.TB, list ...string) (out []netip.Prefix) {
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		must(t, err)
		out = append(out, p)
	}
	return out
}
