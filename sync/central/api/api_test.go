package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/app/domain/domaintest"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// TestVersionRefusedWhole: a kiosk of another version is told which there are,
// and nothing of its batch has had an effect.
func TestVersionRefusedWhole(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	for _, v := range []string{"", "0", strconv.Itoa(protocol.MaxVersion + 1), "99", "x"} {
		req := d.post(d.event(1, ""))
		req.Header.Set(protocol.HeaderVersion, v)
		status, body, h := c.do(req)
		if status != 400 || code(t, body) != protocol.CodeVersion {
			t.Errorf("version %q: %d %s", v, status, body)
		}
		if lowest, highest, err := protocol.Offered(h); err != nil || lowest != protocol.MinVersion || highest != protocol.MaxVersion {
			t.Errorf("offered %d to %d, %v", lowest, highest, err)
		}
	}
	if got := d.send(d.event(1, "")); got != "stored" {
		t.Errorf("after all that it is %s", got)
	}
	// Old and new are answered in the version that they asked in.
	for v := protocol.MinVersion; v <= protocol.MaxVersion; v++ {
		req := d.post(d.event(1, ""))
		req.Header.Set(protocol.HeaderVersion, strconv.Itoa(v))
		status, body, h := c.do(req)
		if got, err := protocol.ParseVersion(h); status != 200 || got != v || err != nil {
			t.Errorf("asked in %d, answered %d %s in %d, %v", v, status, body, got, err)
		}
	}
}

func TestAssertions(t *testing.T) {
	c := newCentre(t, nil)
	d, stranger := c.enrolled(), newDevice(c)
	with := func(change func(jwt.MapClaims)) string {
		m := d.claims()
		change(m)
		return d.assertion(m)
	}
	forged := jwt.NewWithClaims(jwt.SigningMethodEdDSA, d.claims())
	forged.Header["jwk"] = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.sign.Public().(ed25519.PublicKey))}
	forged.Header["jku"] = "https://evil.test/keys"
	ownKey, err := forged.SignedString(stranger.sign)
	must(t, err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, d.claims()).SignedString(jwt.UnsafeAllowNoneSignatureType)
	must(t, err)
	public := d.sign.Public().(ed25519.PublicKey)
	hmac, err := jwt.NewWithClaims(jwt.SigningMethodHS256, d.claims()).SignedString([]byte(public))
	must(t, err)
	used := d.assertion(d.claims())
	if status, _, _ := c.buy(used); status != 200 {
		t.Fatalf("a good one: %d", status)
	}
	for name, tt := range map[string]struct {
		assertion string
		status    int
		code      protocol.Code
	}{
		"used":            {used, 400, protocol.CodeInvalidGrant},
		"own key in it":   {ownKey, 400, protocol.CodeInvalidGrant},
		"no signature":    {none, 400, protocol.CodeInvalidGrant},
		"hmac of the key": {hmac, 400, protocol.CodeInvalidGrant},
		"other audience":  {with(func(m jwt.MapClaims) { m["aud"] = "https://other.test" }), 400, protocol.CodeInvalidGrant},
		"no audience":     {with(func(m jwt.MapClaims) { delete(m, "aud") }), 400, protocol.CodeInvalidGrant},
		"no end":          {with(func(m jwt.MapClaims) { delete(m, "exp") }), 400, protocol.CodeInvalidGrant},
		"too long":        {with(func(m jwt.MapClaims) { m["exp"] = start.Add(time.Hour).Unix() }), 400, protocol.CodeInvalidGrant},
		"no jti":          {with(func(m jwt.MapClaims) { delete(m, "jti") }), 400, protocol.CodeInvalidGrant},
		"no issue":        {with(func(m jwt.MapClaims) { delete(m, "iat") }), 400, protocol.CodeInvalidGrant},
		"other issuer":    {with(func(m jwt.MapClaims) { m["iss"] = stranger.id }), 400, protocol.CodeInvalidGrant},
		"rubbish":         {"x.y.z", 400, protocol.CodeInvalidGrant},
		"long":            {strings.Repeat("x", maxToken+1), 400, protocol.CodeInvalidGrant},
		"a day behind": {with(func(m jwt.MapClaims) {
			m["iat"], m["exp"] = start.Add(-24*time.Hour).Unix(), start.Add(-24*time.Hour+time.Minute).Unix()
		}), 400, protocol.CodeClock},
		"a day ahead": {with(func(m jwt.MapClaims) {
			m["iat"], m["exp"] = start.Add(24*time.Hour).Unix(), start.Add(24*time.Hour+time.Minute).Unix()
		}), 400, protocol.CodeClock},
		"of nobody":        {stranger.assertion(stranger.claims()), 401, protocol.CodeUnknown},
		"an access token":  {d.token, 400, protocol.CodeInvalidGrant},
		"kept for a while": {with(func(m jwt.MapClaims) { m["nbf"] = start.Add(time.Hour).Unix() }), 400, protocol.CodeClock},
	} {
		status, body, _ := c.buy(tt.assertion)
		if status != tt.status || code(t, body) != tt.code {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if tt.code == protocol.CodeClock && !protocol.DecodeProblem(status, body).ServerTime.Equal(start) {
			t.Errorf("%s: the time is not told: %s", name, body)
		}
	}
	must(t, c.db.RevokeKiosk(t.Context(), d.id, "stolen"))
	if status, body, _ := c.buy(d.assertion(d.claims())); status != 403 || code(t, body) != protocol.CodeRevoked {
		t.Errorf("revoked: %d %s", status, body)
	}
}

func TestTokens(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	refused := func(name, token string, status int, want protocol.Code) {
		t.Helper()
		d2 := *d
		d2.token = token
		got, body, h := c.do(d2.post(d.event(1, "")))
		if got != status || code(t, body) != want || got == 401 && h.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, got, body)
		}
	}
	refused("none", "", 401, protocol.CodeUnauthorised)
	refused("an assertion", d.assertion(d.claims()), 401, protocol.CodeUnauthorised)
	refused("an administrator's", c.admin, 401, protocol.CodeUnauthorised)
	// Somebody else's key under the centre's name.
	t2 := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": audience, "sub": d.id, "aud": audience, "exp": start.Add(time.Hour).Unix(), "iat": start.Unix()})
	keys, err := c.db.SigningKeys(t.Context())
	must(t, err)
	t2.Header["kid"], t2.Header["typ"] = keys[0].ID, typAccess
	forged, err := t2.SignedString(d.sign)
	must(t, err)
	refused("forged", forged, 401, protocol.CodeUnauthorised)
	// What the centre signed as something else is no token.
	delete(t2.Header, "typ")
	other, err := t2.SignedString(keys[0].Private)
	must(t, err)
	refused("of another type", other, 401, protocol.CodeUnauthorised)

	old := d.token
	must(t, c.db.RotateSigningKey(t.Context()))
	d.renew()
	if got := d.send(d.event(1, "")); got != "stored" {
		t.Error(got)
	}
	d2 := *d
	if d2.token = old; d2.send(d.event(1, "")) != "duplicate" {
		t.Error("the token of the key before is not taken")
	}
	var jwks protocol.JWKS
	if status := c.ask("GET", "/.well-known/jwks.json", "", nil, &jwks); status != 200 || len(jwks.Keys) != 2 {
		t.Errorf("%d %+v", status, jwks)
	}
	must(t, c.db.RotateSigningKey(t.Context()))
	refused("of a key that is no more live", old, 401, protocol.CodeUnauthorised)
	c.clock.Advance(protocol.TokenLife + time.Second)
	refused("over", d.token, 401, protocol.CodeUnauthorised)
	d.renew()
	must(t, c.db.RevokeKiosk(t.Context(), d.id, "stolen"))
	refused("of a revoked kiosk", d.token, 403, protocol.CodeRevoked)
}

func TestBatches(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	if got := d.send(d.event(1, ""), d.event(2, ""), d.event(1, "")); got != "stored stored duplicate" {
		t.Error(got)
	}
	zip := func(plain string) []byte {
		z, err := protocol.Gzip([]byte(plain))
		must(t, err)
		return z
	}
	bomb := zip(strings.Repeat(" ", protocol.MaxBatchPlain+1))
	for name, tt := range map[string]struct {
		body   []byte
		change func(*http.Request)
		status int
		code   protocol.Code
	}{
		"no gzip":       {[]byte("{}"), nil, 400, protocol.CodeMalformed},
		"gzip cut":      {zip("{}")[:12], nil, 400, protocol.CodeMalformed},
		"no json":       {zip("x"), nil, 400, protocol.CodeMalformed},
		"no batch":      {zip("{}"), nil, 400, protocol.CodeMalformed},
		"a bomb":        {bomb, nil, 413, protocol.CodeTooLarge},
		"too long":      {make([]byte, protocol.MaxBatchGzip+1), func(r *http.Request) {}, 413, protocol.CodeTooLarge},
		"not said gzip": {zip("{}"), func(r *http.Request) { r.Header.Del("Content-Encoding") }, 415, protocol.CodeMediaType},
		"other type":    {zip("{}"), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, protocol.CodeMediaType},
		"two types":     {zip("{}"), func(r *http.Request) { r.Header.Set("Content-Type", "application/json, x") }, 415, protocol.CodeMediaType},
		"another kiosk's": {nil, func(r *http.Request) {
			other := newDevice(c)
			o := other.post(other.event(1, ""))
			r.Body, r.ContentLength = o.Body, o.ContentLength
		}, 403, protocol.CodeForbidden},
	} {
		req := d.post(d.event(9, ""))
		if tt.body != nil {
			req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(tt.body)), int64(len(tt.body))
		}
		if tt.change != nil {
			tt.change(req)
		}
		status, body, h := c.do(req)
		if status != tt.status || code(t, body) != tt.code || h.Get("Content-Type") != protocol.ContentProblem {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if got := d.send(d.event(9, "")); got != "stored" {
		t.Errorf("one of the refused was taken: %s", got)
	}
}

// TestSlowBody: one byte a second is cut off, and takes nothing from others.
func TestSlowBody(t *testing.T) {
	c := newCentre(t, func(o *Options) { o.Limits.BodyTime = 300 * time.Millisecond })
	d := c.enrolled()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.http.URL, "http://"))
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"+
		protocol.HeaderVersion+": 1\r\nAuthorization: Bearer "+d.token+"\r\nContent-Length: 1000\r\n\r\n\x1f")
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte(" 408 ")) || !bytes.Contains(answer, []byte(protocol.CodeTimeout)) {
		t.Errorf("%s, %v", answer, err)
	}
	// Cut off in the middle, nothing of it is there.
	cut, err := net.Dial("tcp", strings.TrimPrefix(c.http.URL, "http://"))
	must(t, err)
	req := d.post(d.event(1, ""))
	raw, err := io.ReadAll(req.Body)
	must(t, err)
	_, err = io.WriteString(cut, "POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"+
		protocol.HeaderVersion+": 1\r\nAuthorization: Bearer "+d.token+"\r\nContent-Length: 100000\r\n\r\n"+string(raw[:len(raw)/2]))
	must(t, err)
	must(t, cut.Close())
	if got := d.send(d.event(1, "")); got != "stored" {
		t.Error(got)
	}
}

// begin sends the head of a batch and no body, and waits until the centre reads
// on; otherwise it gives what was answered.
func (d *device) begin() string {
	d.c.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.c.http.URL, "http://"))
	must(d.c.t, err)
	d.c.t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, "POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"+
		protocol.HeaderVersion+": 1\r\nAuthorization: Bearer "+d.token+"\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
	must(d.c.t, err)
	must(d.c.t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	line, err := bufio.NewReader(conn).ReadString('\n')
	must(d.c.t, err)
	return strings.TrimSpace(line)
}

// TestManySlowBodies: however many send slowly, others are served; one kiosk
// sends two batches at once and no more.
func TestManySlowBodies(t *testing.T) {
	c := newCentre(t, func(o *Options) { o.Limits.Batches = 4 })
	var slow *device
	for range 10 {
		slow = c.enrolled()
		for range 2 {
			if got := slow.begin(); got != "HTTP/1.1 100 Continue" {
				t.Fatalf("a slow one: %s", got)
			}
		}
	}
	d := c.enrolled()
	if got := d.send(d.event(1, "")); got != "stored" {
		t.Error(got)
	}
	status, body, h := slow.c.do(slow.post(slow.event(1, "")))
	if status != 429 || code(t, body) != protocol.CodeRateLimited || h.Get("Retry-After") == "" {
		t.Errorf("a third at once: %d %s", status, body)
	}
}

// TestTooManyErasures: who has too many people erased is told so, and when to come again.
func TestTooManyErasures(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	stones := func(from int) *http.Request {
		var list []protocol.Item
		for n := range protocol.MaxItems {
			it, err := protocol.TombstoneItem(domain.PersonID(testID(from+n)), domain.ErasureReceipt{ID: testID(1_000_000 + from + n), At: start, Why: domain.ReasonErasedByPerson, KeyGone: true})
			must(t, err)
			list = append(list, it)
		}
		return d.post(list...)
	}
	for i, want := range []int{200, 200, 429} {
		status, body, h := c.do(stones(2000 * i))
		if status != want || status == 429 && (code(t, body) != protocol.CodeErasures || h.Get("Retry-After") != "3601") {
			t.Fatalf("batch %d: %d %.200s, %v", i, status, body, h)
		}
	}
	if got := d.send(d.event(1, "")); got != "stored" {
		t.Error(got)
	}
}

// TestWaitBeyondBodyTime: who waits for a change is not cut off by the time that
// a body may take.
func TestWaitBeyondBodyTime(t *testing.T) {
	c := newCentre(t, func(o *Options) { o.Limits.BodyTime = 100 * time.Millisecond })
	d := c.enrolled()
	got := make(chan int, 1)
	go func() { got <- c.ask("GET", "/v1/changes?wait=50", d.token, nil, nil) }()
	select {
	case status := <-got:
		t.Errorf("cut off: %d", status)
	case <-time.After(500 * time.Millisecond):
		c.api.Close()
		if status := <-got; status != 200 {
			t.Errorf("then: %d", status)
		}
	}
}

func TestPictures(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	picture := []byte("\xff\xd8 a picture")
	r := protocol.TicketRequest{SHA256: hexSum(picture), Size: int64(len(picture)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: domain.EventID(testID(1))}
	refused := func(name, path string, r protocol.TicketRequest, status int, want protocol.Code) {
		t.Helper()
		got, body, _ := c.raw("POST", path, d.token, r)
		if got != status || code(t, body) != want {
			t.Errorf("%s: %d %s", name, got, body)
		}
	}
	refused("before its event", "/v1/snapshots", r, 409, protocol.CodeConflict)
	person := domain.PersonID(testID(1000))
	d.send(d.event(1, person))
	var k protocol.Ticket
	if status := c.ask("POST", "/v1/snapshots", d.token, r, &k); status != 200 || k.Stored || k.URL == "" || k.Headers["if-none-match"] != "*" {
		t.Fatalf("%d %+v", status, k)
	}
	if p := c.blob.put; p.Bucket != "detection-snapshots" || p.Key != "norte/"+r.SHA256[:2]+"/"+r.SHA256 || p.Size != r.Size {
		t.Errorf("%+v", p)
	}
	refused("before it is put", "/v1/snapshots/commit", r, 409, protocol.CodeNoObject)
	place := c.blob.put.Bucket + "/" + c.blob.put.Key
	c.blob.objects[place] = []byte("\xff\xd8 b picture")
	refused("another picture", "/v1/snapshots/commit", r, 409, protocol.CodeWrongObject)
	must(t, c.eraser.Once(t.Context()))
	if len(c.blob.objects) != 0 {
		t.Error("the wrong picture stays")
	}
	c.ask("POST", "/v1/snapshots", d.token, r, &k)
	c.blob.objects[place] = picture
	c.blob.down = true
	refused("store down", "/v1/snapshots/commit", r, 503, protocol.CodeUnavailable)
	c.blob.down = false
	for range 2 {
		var done protocol.CommitAnswer
		if status := c.ask("POST", "/v1/snapshots/commit", d.token, r, &done); status != 200 || done.Bucket+"/"+done.Key != place {
			t.Errorf("%d %+v", status, done)
		}
	}
	if status := c.ask("POST", "/v1/snapshots", d.token, r, &k); status != 200 || !k.Stored {
		t.Errorf("%d %+v", status, k)
	}
	bad := r
	bad.Size = protocol.MaxSnapshot + 1
	refused("too large", "/v1/snapshots", bad, 400, protocol.CodeMalformed)
	// Erased, the picture goes, and none comes again.
	var report SignedReport
	if status := c.ask("POST", "/v1/admin/people/"+string(person)+"/erase", c.admin, Why{"asked by letter"}, &report); status != 202 || report.Report.Complete {
		t.Fatalf("%d %+v", status, report)
	}
	must(t, c.eraser.Once(t.Context()))
	if _, there := c.blob.objects[place]; there {
		t.Error("the picture stays")
	}
	refused("again", "/v1/snapshots", r, 410, protocol.CodeErased)
	refused("put all the same", "/v1/snapshots/commit", r, 409, protocol.CodeNoObject)
	c.blob.objects[place] = picture
	refused("put and committed all the same", "/v1/snapshots/commit", r, 410, protocol.CodeErased)
	must(t, c.eraser.Once(t.Context()))
	if _, there := c.blob.objects[place]; there {
		t.Error("the picture came back")
	}
	// The report is signed by a key of the JWKS, and complete once the kiosk has heard.
	page := d.changes("", "")
	d.changes(page.Cursor, "")
	if status := c.ask("GET", "/v1/admin/people/"+string(person)+"/erasure", c.admin, nil, &report); status != 200 || report.Report.Complete {
		t.Errorf("complete while a picture may be put: %d %+v", status, report)
	}
	c.clock.Advance(blob.TicketLife + time.Hour)
	must(t, c.eraser.Once(t.Context()))
	if status := c.ask("GET", "/v1/admin/people/"+string(person)+"/erasure", c.admin, nil, &report); status != 200 || !report.Report.Complete || report.Report.Objects.Versions < 1 {
		t.Errorf("%d %+v", status, report)
	}
	keys, err := c.db.SigningKeys(t.Context())
	must(t, err)
	parts := strings.Split(report.JWS, ".")
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	must(t, err)
	if !ed25519.Verify(keys[0].Public, []byte(parts[0]+"."+parts[1]), sig) {
		t.Error("the signature does not hold")
	}
	signed, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var same postgres.Report
	must(t, json.Unmarshal(signed, &same))
	if same.Person != person || !same.Complete {
		t.Errorf("signed is %s", signed)
	}
	// The record of it brings the erasure back after a restore.
	if n, err := c.eraser.Replay(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := c.blob.get("facial-images", "erasures/"+string(person)+".json"); err != nil {
		t.Error(err)
	}
}

func (d *device) changes(cursor, more string) protocol.Page {
	d.c.t.Helper()
	var p protocol.Page
	if status := d.c.ask("GET", "/v1/changes?cursor="+cursor+more, d.token, nil, &p); status != 200 {
		d.c.t.Fatalf("changes: %d", status)
	}
	return p
}

func TestChanges(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	first := d.changes("", "")
	if len(first.Changes) != 0 || first.Cursor == "" {
		t.Fatalf("%+v", first)
	}
	var doc protocol.Document
	path := "/v1/admin/sites/norte/documents/faq/es"
	if status := c.ask("PUT", path, c.admin, Publication{"text/plain", "@topic horario"}, &doc); status != 200 || doc.Version != 1 {
		t.Fatalf("%d %+v", status, doc)
	}
	page := d.changes(first.Cursor, "&wait=50") // there is something: it does not wait
	if len(page.Changes) != 1 || page.Changes[0].Kind != protocol.ChangeFAQ {
		t.Errorf("%+v", page)
	}
	for _, q := range []string{"&wait=51", "&wait=-1", "&limit=0", "&limit=501", "&limit=x"} {
		if status := c.ask("GET", "/v1/changes?cursor="+q, d.token, nil, nil); status != 400 {
			t.Errorf("%s: %d", q, status)
		}
	}
	// Who waits is answered when something changes, and when the program ends.
	ctx := t.Context()
	go func() { _ = c.db.Listen(ctx) }()
	got := make(chan protocol.Page, 1)
	go func() { got <- d.changes(page.Cursor, "&wait=50") }()
	var waited protocol.Page
	for waited.Cursor == "" {
		if status := c.ask("PUT", path, c.admin, Publication{"text/plain", "@topic caja"}, nil); status != 200 {
			t.Fatal(status)
		}
		select {
		case waited = <-got:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was woken")
		}
	}
	if len(waited.Changes) != 1 {
		t.Errorf("%+v", waited)
	}
	now := d.changes(waited.Cursor, "")
	go func() { got <- d.changes(now.Cursor, "&wait=50") }()
	c.api.Close()
	if p := <-got; len(p.Changes) != 0 || p.Cursor != now.Cursor {
		t.Errorf("%+v", p)
	}
	if status := c.ask("GET", "/readyz", "", nil, nil); status != 503 {
		t.Errorf("closing, it is ready: %d", status)
	}
}

// TestBetweenBranches: enrolled at A, B opens the name and the face.
func TestBetweenBranches(t *testing.T) {
	c := newCentre(t, nil)
	a, b := c.enrolled(), c.enrolled()
	id := domain.PersonID(testID(77))
	enc := domain.EncoderRef{Name: "dlib", Version: "1"}
	face := domain.Template{ID: testID(78), PersonID: id, Encoder: enc, Vector: []float32{0.25, -0.5}}
	sealed, err := a.siteKey.SealVector(face)
	must(t, err)
	p, err := protocol.NewItem(protocol.KindPerson, protocol.DerivedID(protocol.KindPerson, string(id), 1), &protocol.Person{ID: id, Version: 1, CreatedAt: start, KeyID: a.siteKey.ID,
		Fields:    map[string]protocol.Field{protocol.FieldName: {At: start, Sealed: a.siteKey.SealField(string(id), protocol.FieldName, "Lucía Vega")}},
		Templates: []protocol.Template{{ID: face.ID, Encoder: enc, Quality: 1, CreatedAt: start, Sealed: sealed}}})
	must(t, err)
	consent, err := protocol.ConsentItem(domain.Consent{ID: testID(79), Person: id, Version: "1", TextSHA256: hexSum(nil), Lang: "es",
		Granted: []domain.Purpose{domain.PurposeData, domain.PurposeFace}, Method: "kiosk_touch", DeviceID: a.id, At: start})
	must(t, err)
	if got := a.send(consent, p); got != "stored stored" {
		t.Fatal(got)
	}
	v, err := protocol.DecodeChange(b.changes("", "").Changes[1]) // the consent goes before
	must(t, err)
	got := v.(*protocol.Person)
	name, err := b.siteKey.OpenField(string(id), protocol.FieldName, got.Fields[protocol.FieldName].Sealed)
	if err != nil || name != "Lucía Vega" {
		t.Errorf("%q, %v", name, err)
	}
	vector, err := b.siteKey.OpenVector(id, got.Templates[0])
	if err != nil || !slices.Equal(vector, face.Vector) {
		t.Errorf("%v, %v", vector, err)
	}
	stone, err := protocol.TombstoneItem(id, domain.ErasureReceipt{ID: uuid.NewString(), At: start, Why: domain.ReasonErasedByPerson})
	must(t, err)
	if got := b.send(stone); got != "stored" {
		t.Fatal(got)
	}
	page := a.changes("", "")
	if len(page.Changes) != 2 || !page.Changes[0].Gone || page.Changes[1].Kind != protocol.ChangeTombstone {
		t.Errorf("%+v", page)
	}
}

func TestRateLimits(t *testing.T) {
	c := newCentre(t, func(o *Options) { o.Limits.KioskPerSecond, o.Limits.AddressPerSecond = 2, 0.5 })
	d, e := c.enrolled(), newDevice(c)
	limited := 0
	for range 10 {
		status, body, h := c.raw("GET", "/v1/changes", d.token, nil)
		if status == 429 {
			limited++
			if code(t, body) != protocol.CodeRateLimited || h.Get("Retry-After") == "" {
				t.Errorf("%s %v", body, h)
			}
		}
	}
	if limited != 6 {
		t.Errorf("%d of 10 were limited", limited)
	}
	c.clock.Advance(time.Second)
	if status := c.ask("GET", "/v1/changes", d.token, nil, nil); status != 200 {
		t.Errorf("a second later: %d", status)
	}
	// Guessing codes is slow.
	refused := map[int]int{}
	for range 10 {
		r := protocol.EnrolRequest{Code: protocol.NewCode(), DeviceID: e.id, ExchangeKey: e.exchange.PublicKey().Bytes()}
		must(t, r.Sign(e.sign))
		refused[c.ask("POST", "/v1/enrolments", "", r, nil)]++
	}
	if refused[403] != 3 || refused[429] != 7 {
		t.Errorf("%v", refused)
	}
}

// TestAdministratorsLimited: each administrator has a limit of their own, and
// who guesses tokens is soon not listened to.
func TestAdministratorsLimited(t *testing.T) {
	c := newCentre(t, func(o *Options) { o.Limits.UserPerSecond, o.Limits.AddressPerSecond = 2, 0.3 })
	_, eva, err := c.db.CreateAdmin(t.Context(), "eva", postgres.RoleAuditor)
	must(t, err)
	said := func(token string, n int) map[int]int {
		t.Helper()
		out := map[int]int{}
		for range n {
			status, body, h := c.raw("GET", "/v1/admin/kiosks", token, nil)
			if out[status]++; status == 429 && (code(t, body) != protocol.CodeRateLimited || h.Get("Retry-After") == "") {
				t.Errorf("%s %v", body, h)
			}
		}
		return out
	}
	if got := said(c.admin, 15); got[200] != 10 || got[429] != 5 {
		t.Errorf("ana: %v", got)
	}
	if got := said(eva, 10); got[200] != 10 {
		t.Errorf("eva, for what ana did: %v", got)
	}
	c.clock.Advance(time.Second)
	if got := said(c.admin, 3); got[200] != 2 {
		t.Errorf("a second later: %v", got)
	}
	if got := said("agentid_admin_guess", 10); got[401] != 3 || got[429] != 7 {
		t.Errorf("guesses: %v", got)
	}
	if got := said(eva, 1); got[429] != 1 {
		t.Errorf("from the address of who guesses: %v", got)
	}
	c.clock.Advance(4 * time.Second)
	if got := said(eva, 1); got[200] != 1 {
		t.Errorf("later: %v", got)
	}
	// What an account may not do is no guess.
	for range 5 {
		if status := c.ask("POST", "/v1/admin/sites", eva, Site{"sur", "Sur"}, nil); status != 403 {
			t.Errorf("forbidden: %d", status)
		}
	}
}

func TestAdministrators(t *testing.T) {
	c := newCentre(t, nil)
	_, auditor, err := c.db.CreateAdmin(t.Context(), "eva", postgres.RoleAuditor)
	must(t, err)
	d := c.enrolled()
	for _, tt := range []struct {
		method, path, token string
		body                any
		status              int
	}{
		{"POST", "/v1/admin/sites", c.admin, Site{"sur", "Banco Sur"}, 200},
		{"POST", "/v1/admin/sites", c.admin, Site{"Sur!", "x"}, 400},
		{"POST", "/v1/admin/sites", c.admin, Site{"este", "a\nb"}, 400},
		{"POST", "/v1/admin/codes", c.admin, CodeRequest{"sur", "plaza"}, 201},
		{"POST", "/v1/admin/codes", c.admin, CodeRequest{"oeste", "plaza"}, 404},
		{"POST", "/v1/admin/codes", auditor, CodeRequest{"sur", "plaza"}, 403},
		{"POST", "/v1/admin/codes", d.token, CodeRequest{"sur", "plaza"}, 401},
		{"POST", "/v1/admin/codes", "", CodeRequest{"sur", "plaza"}, 401},
		{"POST", "/v1/admin/codes", c.admin, map[string]string{"site": "sur", "branch": "x", "more": "y"}, 400},
		{"POST", "/v1/admin/webhooks", c.admin, WebhookRequest{Site: "norte", URL: "https://example.org/hook"}, 201},
		{"POST", "/v1/admin/webhooks", c.admin, WebhookRequest{Site: "norte", URL: "http://example.org/hook"}, 400},
		{"POST", "/v1/admin/webhooks", c.admin, WebhookRequest{Site: "norte", URL: "https://169.254.169.254/latest"}, 400},
		{"POST", "/v1/admin/webhooks", c.admin, WebhookRequest{Site: "oeste", URL: "https://example.org/hook"}, 404},
		{"POST", "/v1/admin/webhooks", auditor, WebhookRequest{Site: "norte", URL: "https://example.org/hook"}, 403},
		{"GET", "/v1/admin/webhooks", auditor, nil, 200},
		{"POST", "/v1/admin/webhooks/" + uuid.NewString() + "/close", c.admin, Why{"x"}, 404},
		{"POST", "/v1/admin/webhooks/" + uuid.NewString() + "/revive", c.admin, nil, 200},
		{"GET", "/v1/admin/kiosks", auditor, nil, 200},
		{"GET", "/v1/admin/alarms", auditor, nil, 200},
		{"GET", "/v1/admin/summary?days=3", auditor, nil, 200},
		{"GET", "/v1/admin/summary?days=0", auditor, nil, 400},
		{"GET", "/v1/admin/events?site=Norte!", auditor, nil, 400},
		{"GET", "/v1/admin/events", d.token, nil, 401},
		{"PUT", "/v1/admin/sites/norte/documents/person/x", c.admin, Publication{"text/plain", "x"}, 404},
		{"PUT", "/v1/admin/sites/norte/documents/faq/.x", c.admin, Publication{"text/plain", "x"}, 404},
		{"POST", "/v1/admin/people/x/erase", c.admin, Why{"x"}, 404},
		{"GET", "/v1/admin/people/" + uuid.NewString() + "/erasure", auditor, nil, 404},
		{"POST", "/v1/admin/kiosks/" + d.id + "/revoke", auditor, Why{"lost"}, 403},
		{"POST", "/v1/admin/kiosks/" + d.id + "/revoke", c.admin, Why{""}, 400},
		{"POST", "/v1/admin/kiosks/" + d.id + "/revoke", c.admin, Why{"lost"}, 200},
		{"DELETE", "/v1/admin/kiosks", c.admin, nil, 405},
		{"GET", "/nothing", "", nil, 404},
	} {
		if status, body, h := c.raw(tt.method, tt.path, tt.token, tt.body); status != tt.status || h.Get(HeaderRequestID) == "" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, status, body)
		}
	}
}

func TestStream(t *testing.T) {
	c := newCentre(t, nil)
	d := c.enrolled()
	d.send(d.event(1, "")) // before anybody watches
	req, err := http.NewRequestWithContext(t.Context(), "GET", c.http.URL+"/v1/admin/events?site=norte", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+c.admin)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != "retry: 2000" {
		t.Fatalf("%q", lines.Text())
	}
	d.send(d.event(2, ""), d.event(3, ""))
	ticking, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // time goes by
		for ticking.Err() == nil {
			c.clock.Advance(streamEvery / 10)
			runtime.Gosched()
		}
	}()
	var got []string
	for len(got) < 2 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var e postgres.Seen
			must(t, json.Unmarshal([]byte(data), &e))
			if e.Device != d.id || e.Site != "norte" || e.Branch != "centro" || e.Person != nil {
				t.Errorf("%+v", e)
			}
			got = append(got, e.ID)
		}
	}
	if !slices.Equal(got, []string{testID(2), testID(3)}) {
		t.Errorf("told of %v", got)
	}
	c.api.Close()
	for lines.Scan() { // to the end, which comes
		if strings.HasPrefix(lines.Text(), "data: ") {
			t.Errorf("told twice: %s", lines.Text())
		}
	}
}

// TestHeaders: every answer says how it is to be treated, and has a name that a
// proxy may have given it.
func TestHeaders(t *testing.T) {
	c := newCentre(t, nil)
	tls := httptest.NewTLSServer(c.api.Handler())
	defer tls.Close()
	given := uuid.NewString()
	for _, tt := range []struct{ base, path, id string }{
		{c.http.URL, "/healthz", given}, {tls.URL, "/healthz", "rubbish\"; x=1"}, {tls.URL, "/v1/admin/kiosks", ""}, {c.http.URL, "/nothing", given},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", tt.base+tt.path, nil)
		must(t, err)
		req.Header.Set(HeaderRequestID, tt.id)
		res, err := tls.Client().Do(req)
		must(t, err)
		res.Body.Close()
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s %q", tt.path, name, got)
			}
		}
		if (res.Header.Get("Strict-Transport-Security") != "") != strings.HasPrefix(tt.base, "https") {
			t.Errorf("%s: HSTS %q", tt.base, res.Header.Get("Strict-Transport-Security"))
		}
		if id := res.Header.Get(HeaderRequestID); id == "" || (id == tt.id) != (tt.id == given) {
			t.Errorf("asked as %q, answered as %q", tt.id, id)
		}
	}
}

func TestHealth(t *testing.T) {
	c := newCentre(t, nil)
	var h Health
	if status := c.ask("GET", "/readyz", "", nil, &h); status != 200 || !h.OK || h.Objects != "ok" {
		t.Errorf("%d %+v", status, h)
	}
	c.blob.down = true // events are taken all the same
	if status := c.ask("GET", "/readyz", "", nil, &h); status != 200 || h.Objects != "ok" {
		t.Errorf("asked again at once, the store was asked again: %d %+v", status, h)
	}
	c.clock.Advance(readyFor)
	if status := c.ask("GET", "/readyz", "", nil, &h); status != 200 || h.Objects != "unavailable" {
		t.Errorf("%d %+v", status, h)
	}
	c.db.Close()
	c.clock.Advance(readyFor)
	if status := c.ask("GET", "/readyz", "", nil, nil); status != 503 {
		t.Errorf("without database: %d", status)
	}
	if status := c.ask("GET", "/healthz", "", nil, &h); status != 200 {
		t.Errorf("it runs: %d", status)
	}
}

// TestDocument holds the OpenAPI document of the repository to the routes, and
// the routes to what they answer in the other tests.
// AGENTID_WRITE_FIXTURES=1 writes it anew.
func TestDocument(t *testing.T) {
	s := New(Options{})
	got, err := json.MarshalIndent(s.document(), "", " ")
	must(t, err)
	got = append(got, '\n')
	const path = "../../../docs/central-openapi.json"
	if os.Getenv("AGENTID_WRITE_FIXTURES") == "1" {
		must(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the routes say (%v): AGENTID_WRITE_FIXTURES=1 go test -run TestDocument ./sync/central/api", path, err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	must(t, json.Unmarshal(want, &doc))
	for _, rt := range s.routes() {
		op, ok := doc.Paths[rt.path][strings.ToLower(rt.method)]
		if !ok || len(op.Responses) < 2 {
			t.Errorf("%s %s is not in the document", rt.method, rt.path)
		}
		for _, c := range rt.allRefusals() {
			if statusOf[c] == 0 {
				t.Errorf("%s: no status of %s", rt.path, c)
			}
		}
	}
	// Every reference has its schema.
	for _, ref := range strings.Split(string(want), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
}

// TestRefusedLimited: who is refused is limited too, and does not fill the log.
func TestRefusedLimited(t *testing.T) {
	var log bytes.Buffer
	c := newCentre(t, func(o *Options) { o.Limits.KioskPerSecond, o.Log = 2, slog.New(slog.NewTextHandler(&log, nil)) })
	d := c.enrolled()
	must(t, c.db.RevokeKiosk(t.Context(), d.id, "stolen"))
	h := c.api.Handler() // asked directly: the line is there when it has answered
	ask := func(path, token string) int {
		r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		r.Header.Set(protocol.HeaderVersion, "1")
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(w, r)
		return w.Code
	}
	got := map[int]int{}
	for range 40 {
		got[ask("/v1/changes", d.token)]++
		ask("/v1/changes", "rubbish")
		ask("/nothing", "")
	}
	if got[403] != 4 || got[429] != 36 {
		t.Errorf("revoked: %v", got)
	}
	// 30 lines of the kiosk, 30 of the address, until time goes by.
	refusals := func() int {
		return strings.Count(log.String(), "msg=request ") - strings.Count(log.String(), "status=200")
	}
	if n := refusals(); n != 60 {
		t.Errorf("%d lines", n)
	}
	c.clock.Advance(time.Second)
	ask("/nothing", "")
	ask("/nothing", "")
	if n := refusals(); n != 61 {
		t.Errorf("a second later: %d lines", n)
	}
}

func TestNetworks(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "unknown": "unknown",
	} {
		if got := network(from); got != want {
			t.Errorf("%s counts as %s", from, got)
		}
	}
	// Another address of one network is no new guesser; of another network it is.
	s := New(Options{Limits: Limits{AddressPerSecond: 0.2}, Clock: domaintest.NewClock(start)})
	for i, from := range []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"} {
		r := httptest.NewRequest("POST", "/v1/enrolments", strings.NewReader("{}"))
		r.RemoteAddr = "[" + from + "]:5"
		r.Header.Set(protocol.HeaderVersion, "1")
		r.Header.Set("Content-Type", "application/json")
		for range 2 {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if limited := w.Code == 429; limited != (i == 1) {
				t.Errorf("%s: %d", from, w.Code)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	s := New(Options{Trusted: prefixes(t, "10.0.0.0/8")})
	for _, tt := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:5", "rubbish", "10.0.0.1"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
		{"@", "", "unknown"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := s.address(r); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
