package client_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"agentid/sync/protocol"
)

// fault is what a scripted centre does to one request.
type fault string

const (
	none         fault = ""
	status500    fault = "500"
	status429    fault = "429 with retry-after"
	status503    fault = "503 with a date"
	proxy502     fault = "502 of a proxy"
	portal       fault = "200 of a portal"
	redirect     fault = "302"
	timeoutAfter fault = "time-out after commit"
	resetBefore  fault = "reset before commit"
	resetAfter   fault = "reset mid-body after commit"
	slow         fault = "one byte a second"
	token401     fault = "401"
	reordered    fault = "answers in another order"
	otherBatch   fault = "answer of another batch"
	tooLarge     fault = "413"
	proxy400     fault = "400 of a proxy"
	malformed    fault = "400 malformed"
	badVersion   fault = "another version"
)

// stored is an item that the scripted centre has.
type stored struct {
	item    protocol.Item
	hash    [sha256.Size]byte
	effects int
}

// centre is a centre that does as its script says: a real HTTP server, a
// memory instead of a database.
type centre struct {
	t      testing.TB
	srv    *httptest.Server
	site   *protocol.SiteKey
	caFile string

	mu      sync.Mutex
	script  map[string][]fault // by path: of the next requests
	devices map[string]*protocol.EnrolRequest
	code    string
	revoked bool
	issued  int // tokens
	valid   map[string]bool
	jtis    map[string]bool
	items   map[string]*stored
	order   []string // of items, as they came
	reject  func(protocol.Item) *protocol.Answer
	refuse  func([]protocol.Item) *protocol.Problem // of a whole batch
	objects map[string][]byte
	puts    int
	rows    map[string]int // commits by event
	s3      fault
	changes []protocol.Change
	reset   bool
	polled  chan struct{} // rung by new changes
	ahead   time.Duration // of its clock
	speaks  int           // the newest version that it has
	seen    func(path string)
	counts  map[string]int
	keys    []*protocol.SiteKey
	bodies  int64                 // bytes received in batches, as gzip
	biggest int                   // items of a batch
	discard func([]protocol.Item) // takes a batch in place of items
}

const site = "norte"

func newCentre(t testing.TB, tls bool) *centre {
	raw := make([]byte, 32)
	rand.Read(raw)
	key, err := protocol.NewSiteKey(site, "k1", raw)
	must(t, err)
	c := &centre{
		t: t, site: key, keys: []*protocol.SiteKey{key}, code: protocol.NewCode(),
		script: map[string][]fault{}, devices: map[string]*protocol.EnrolRequest{}, valid: map[string]bool{}, jtis: map[string]bool{},
		items: map[string]*stored{}, objects: map[string][]byte{}, rows: map[string]int{}, polled: make(chan struct{}, 1), counts: map[string]int{},
		speaks: protocol.MaxVersion,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/enrolments", c.enrol)
	mux.HandleFunc("POST /v1/token", c.token)
	mux.HandleFunc("POST /v1/batches", c.batches)
	mux.HandleFunc("POST /v1/snapshots", c.snapshots)
	mux.HandleFunc("POST /v1/snapshots/commit", c.commit)
	mux.HandleFunc("GET /v1/changes", c.changesSince)
	mux.HandleFunc("PUT /objects/{hash}", c.put)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.counts[r.URL.Path]++
		seen := c.seen
		w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
		c.mu.Unlock()
		if seen != nil {
			seen(r.URL.Path)
		}
		c.mu.Lock()
		speaks := c.speaks
		c.mu.Unlock()
		if !strings.HasPrefix(r.URL.Path, "/objects/") && !c.understands(w, r, speaks) {
			return
		}
		mux.ServeHTTP(w, r)
	})
	if tls {
		c.srv = httptest.NewTLSServer(h)
		c.caFile = filepath.Join(t.TempDir(), "ca.pem")
		b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.srv.Certificate().Raw})
		must(t, os.WriteFile(c.caFile, b, 0o600))
	} else {
		c.srv = httptest.NewServer(h)
	}
	c.srv.Config.ErrorLog = nil
	t.Cleanup(func() {
		c.srv.CloseClientConnections()
		c.srv.Close()
	})
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *centre) faults(path string, fs ...fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script[path] = append(c.script[path], fs...)
}

func (c *centre) next(path string) fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q := c.script[path]; len(q) > 0 {
		c.script[path] = q[1:]
		return q[0]
	}
	return none
}

// understands has the centre answer in the version that it was asked in, and
// refuse whole what is newer than it.
func (c *centre) understands(w http.ResponseWriter, r *http.Request, most int) bool {
	v, err := protocol.ParseVersion(r.Header)
	known := err == nil && v <= most
	if !known {
		v = most
	}
	w.Header().Set(protocol.HeaderVersion, strconv.Itoa(v))
	w.Header().Set(protocol.HeaderMin, "1")
	w.Header().Set(protocol.HeaderMax, strconv.Itoa(most))
	if !known {
		c.problem(w, 400, protocol.CodeVersion)
	}
	return known
}

func (c *centre) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func (c *centre) problem(w http.ResponseWriter, status int, code protocol.Code) {
	w.Header().Set("Content-Type", protocol.ContentProblem)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(protocol.NewProblem(status, code, "scripted"))
}

// before does what a fault does in place of an answer; it tells whether it did.
func (c *centre) before(w http.ResponseWriter, r *http.Request, f fault) bool {
	switch f {
	case proxy502, proxy400, portal, redirect, slow: // not the centre's words
		for _, h := range []string{protocol.HeaderVersion, protocol.HeaderMin, protocol.HeaderMax} {
			w.Header().Del(h)
		}
	}
	switch f {
	case status500:
		c.problem(w, 500, protocol.CodeInternal)
	case status429:
		w.Header().Set("Retry-After", "1")
		c.problem(w, 429, protocol.CodeRateLimited)
	case status503:
		w.Header().Set("Retry-After", time.Now().Add(c.ahead+time.Second).UTC().Format(http.TimeFormat))
		c.problem(w, 503, protocol.CodeUnavailable)
	case proxy502:
		w.WriteHeader(502)
		io.WriteString(w, "<html>bad gateway")
	case proxy400:
		w.WriteHeader(400)
		io.WriteString(w, "<html>bad request")
	case malformed:
		c.problem(w, 400, protocol.CodeMalformed)
	case tooLarge:
		c.problem(w, 413, protocol.CodeTooLarge)
	case portal:
		io.WriteString(w, "<html>please log in")
	case redirect:
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	case resetBefore:
		drop(w)
	case slow:
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(200)
		for i := 0; ; i++ {
			if _, err := w.Write([]byte("{")); err != nil {
				return true
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return true
			case <-time.After(time.Second):
			}
		}
	case token401:
		c.mu.Lock()
		clear(c.valid)
		c.mu.Unlock()
		c.problem(w, 401, protocol.CodeUnauthorised)
	case badVersion:
		w.Header().Set(protocol.HeaderVersion, "7")
		w.Header().Set(protocol.HeaderMin, "7")
		w.Header().Set(protocol.HeaderMax, "9")
		w.WriteHeader(400)
		json.NewEncoder(w).Encode(protocol.NewProblem(400, protocol.CodeVersion, "scripted"))
	default:
		return false
	}
	return true
}

// drop ends the connection under a request.
func drop(w http.ResponseWriter) {
	if hj, ok := w.(http.Hijacker); ok {
		if conn, _, err := hj.Hijack(); err == nil {
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// after does what a fault does to an answer that was committed already.
func (c *centre) after(w http.ResponseWriter, r *http.Request, f fault, answer any) {
	switch f {
	case timeoutAfter:
		<-r.Context().Done()
	case resetAfter:
		b, _ := json.Marshal(answer)
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		w.Write(b[:len(b)/2])
		w.(http.Flusher).Flush()
		drop(w)
	default:
		c.answer(w, answer)
	}
}

func (c *centre) body(w http.ResponseWriter, r *http.Request, v any) bool {
	b, err := io.ReadAll(r.Body)
	if err == nil {
		err = protocol.DecodeStrict(b, protocol.MaxSmall, v)
	}
	if err != nil {
		c.problem(w, 400, protocol.CodeMalformed)
	}
	return err == nil
}

func (c *centre) enrol(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) {
		return
	}
	var q protocol.EnrolRequest
	if !c.body(w, r, &q) {
		return
	}
	c.mu.Lock()
	clean, _ := protocol.CleanCode(c.code)
	had := c.devices[q.DeviceID]
	ok := q.Check() == nil && q.Code == clean && (had == nil || had.Code != q.Code || bytes.Equal(had.PublicKey, q.PublicKey))
	if ok {
		c.devices[q.DeviceID] = &q
		c.revoked = false
	}
	c.mu.Unlock()
	if !ok {
		c.problem(w, 403, protocol.CodeCode)
		return
	}
	key, err := c.site.SealTo(q.DeviceID, q.ExchangeKey)
	if err != nil {
		c.problem(w, 500, protocol.CodeInternal)
		return
	}
	c.after(w, r, f, protocol.EnrolAnswer{
		DeviceID: q.DeviceID, SiteID: site, SiteName: "Norte", Branch: "Centro", Audience: "https://centre.test", SiteKey: key, ServerTime: time.Now(),
	})
}

func (c *centre) token(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revoked {
		c.problem(w, 403, protocol.CodeRevoked)
		return
	}
	if r.FormValue("grant_type") != protocol.GrantJWTBearer {
		c.problem(w, 400, protocol.CodeBadRequest)
		return
	}
	now := func() time.Time { return time.Now().Add(c.ahead) }
	claims := jwt.RegisteredClaims{}
	var device *protocol.EnrolRequest
	tok, err := jwt.ParseWithClaims(r.FormValue("assertion"), &claims, func(*jwt.Token) (any, error) {
		if device = c.devices[claims.Issuer]; device == nil {
			return nil, errors.New("unknown device")
		}
		return ed25519.PublicKey(device.PublicKey), nil
	}, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience("https://centre.test"), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		c.problem(w, 400, protocol.CodeClock)
		return
	case err != nil || !tok.Valid || claims.Subject != claims.Issuer || claims.ID == "" || c.jtis[claims.ID] ||
		claims.ExpiresAt.Sub(claims.IssuedAt.Time) > protocol.AssertionLife || tok.Header["typ"] != "JWT":
		c.problem(w, 400, protocol.CodeInvalidGrant)
		return
	}
	c.jtis[claims.ID] = true
	c.issued++
	access := "token-" + strconv.Itoa(c.issued)
	c.valid[access] = true
	var sealed []protocol.SealedKey
	for _, k := range c.keys {
		s, err := k.SealTo(device.DeviceID, device.ExchangeKey)
		if err != nil {
			c.problem(w, 500, protocol.CodeInternal)
			return
		}
		sealed = append(sealed, s)
	}
	c.answer(w, protocol.Token{AccessToken: access, TokenType: "Bearer", ExpiresIn: 900, ServerTime: now(), SiteKeys: sealed})
}

// allowed checks the token and the version of a request.
func (c *centre) allowed(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.revoked {
		c.problem(w, 403, protocol.CodeRevoked)
		return false
	}
	if !c.valid[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] {
		c.problem(w, 401, protocol.CodeUnauthorised)
		return false
	}
	return true
}

func (c *centre) batches(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) || !c.allowed(w, r) {
		return
	}
	z, err := io.ReadAll(io.LimitReader(r.Body, protocol.MaxBatchGzip))
	if err != nil {
		return
	}
	plain, err := protocol.Gunzip(bytes.NewReader(z), protocol.MaxBatchPlain)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		c.problem(w, 400, protocol.CodeMalformed)
		return
	}
	b, err := protocol.DecodeBatch(plain)
	if err != nil {
		c.problem(w, 400, protocol.CodeMalformed)
		return
	}
	c.mu.Lock()
	c.bodies += int64(len(z))
	c.biggest = max(c.biggest, len(b.Items))
	if c.refuse != nil {
		if p := c.refuse(b.Items); p != nil {
			c.mu.Unlock()
			c.problem(w, p.Status, p.Code)
			return
		}
	}
	a := protocol.BatchAnswer{BatchID: b.ID, ReceivedAt: time.Now().Add(c.ahead)}
	if c.discard != nil {
		c.discard(b.Items)
	}
	for _, it := range b.Items {
		if c.discard != nil {
			a.Answers = append(a.Answers, protocol.Answer{Kind: it.Kind, ID: it.ID, Status: protocol.StatusStored})
			continue
		}
		a.Answers = append(a.Answers, c.take(it))
	}
	c.mu.Unlock()
	switch f {
	case reordered:
		if len(a.Answers) > 1 {
			slices.Reverse(a.Answers)
		}
	case otherBatch:
		a.BatchID = "01950000-0000-7000-8000-00000000ffff"
	}
	c.after(w, r, f, a)
}

// take keeps one item, once.
func (c *centre) take(it protocol.Item) protocol.Answer {
	out := protocol.Answer{Kind: it.Kind, ID: it.ID, Status: protocol.StatusStored}
	if c.reject != nil {
		if a := c.reject(it); a != nil {
			a.Kind, a.ID = it.Kind, it.ID
			return *a
		}
	}
	if _, err := protocol.DecodeBody(it.Kind, it.Body); err != nil {
		out.Status, out.Reason, out.Detail = protocol.StatusRejected, protocol.RejectBody, err.Error()
		return out
	}
	hash, err := protocol.BodyHash(it.Body)
	if err != nil {
		out.Status, out.Reason = protocol.StatusRejected, protocol.RejectBody
		return out
	}
	key := string(it.Kind) + " " + it.ID
	switch had := c.items[key]; {
	case had == nil:
		c.items[key] = &stored{item: it, hash: hash, effects: 1}
		c.order = append(c.order, key)
	case had.hash == hash:
		out.Status = protocol.StatusDuplicate
	default:
		out.Status, out.Reason = protocol.StatusConflict, protocol.RejectSame
	}
	return out
}

func (c *centre) snapshots(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) || !c.allowed(w, r) {
		return
	}
	var q protocol.TicketRequest
	if !c.body(w, r, &q) {
		return
	}
	c.mu.Lock()
	stored := c.rows[string(q.Event)] > 0
	c.mu.Unlock()
	if q.Check() != nil {
		c.problem(w, 400, protocol.CodeBadRequest)
		return
	}
	if stored {
		c.after(w, r, f, protocol.Ticket{Stored: true})
		return
	}
	raw, _ := hex.DecodeString(q.SHA256)
	c.after(w, r, f, protocol.Ticket{
		URL: c.srv.URL + "/objects/" + q.SHA256 + "?signature=secret", ExpiresAt: time.Now().Add(time.Minute),
		Headers: map[string]string{"if-none-match": "*", "x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(raw), "content-type": q.Type},
	})
}

// put is the object store.
func (c *centre) put(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	f := c.s3
	c.mu.Unlock()
	if g := c.next("/objects"); g != none {
		f = g
	}
	if f == status500 {
		w.WriteHeader(503)
		io.WriteString(w, "<Error><Code>SlowDown</Code></Error>")
		return
	}
	if f == resetBefore {
		drop(w)
		return
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	sum := sha256.Sum256(b)
	ok := r.Header.Get("If-None-Match") == "*" && r.Header.Get("Authorization") == "" && r.Header.Get("Content-Type") == "image/jpeg" &&
		r.Header.Get("X-Amz-Checksum-Sha256") == base64.StdEncoding.EncodeToString(sum[:]) && r.PathValue("hash") == hex.EncodeToString(sum[:]) &&
		r.URL.Query().Get("signature") == "secret" && r.ContentLength == int64(len(b))
	if !ok {
		w.WriteHeader(400)
		return
	}
	c.mu.Lock()
	_, had := c.objects[r.PathValue("hash")]
	if !had {
		c.objects[r.PathValue("hash")] = b
		c.puts++
	}
	c.mu.Unlock()
	switch {
	case had:
		w.WriteHeader(http.StatusPreconditionFailed)
	case f == resetAfter:
		drop(w)
	}
}

func (c *centre) commit(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) || !c.allowed(w, r) {
		return
	}
	var q protocol.Commit
	if !c.body(w, r, &q) {
		return
	}
	c.mu.Lock()
	_, there := c.objects[q.SHA256]
	_, event := c.items["event "+string(q.Event)]
	if there && event && c.rows[string(q.Event)] == 0 {
		c.rows[string(q.Event)]++
	}
	c.mu.Unlock()
	switch {
	case !there:
		c.problem(w, 409, protocol.CodeNoObject)
	case !event:
		c.problem(w, 409, protocol.CodeConflict)
	default:
		c.after(w, r, f, protocol.CommitAnswer{Bucket: "detection-snapshots", Key: q.SHA256})
	}
}

// publish has the centre tell its kiosks of something.
func (c *centre) publish(kind protocol.ChangeKind, ref string, body any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := protocol.Change{Seq: uint64(len(c.changes) + 1), Kind: kind, Ref: ref, At: time.Now().UTC(), Gone: body == nil}
	if body != nil {
		b, err := json.Marshal(body)
		must(c.t, err)
		ch.Body = b
	}
	c.changes = append(c.changes, ch)
	select {
	case c.polled <- struct{}{}:
	default:
	}
}

func (c *centre) changesSince(w http.ResponseWriter, r *http.Request) {
	f := c.next(r.URL.Path)
	if c.before(w, r, f) || !c.allowed(w, r) {
		return
	}
	q := r.URL.Query()
	wait, err := strconv.Atoi(q.Get("wait"))
	limit, lerr := strconv.Atoi(q.Get("limit"))
	if err != nil || lerr != nil || limit < 1 || limit > protocol.MaxChanges || wait < 0 || wait > 50 {
		c.problem(w, 400, protocol.CodeBadRequest)
		return
	}
	for {
		c.mu.Lock()
		at, _ := strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "c."))
		p := protocol.Page{Changes: []protocol.Change{}}
		if c.reset {
			at, p.Reset, c.reset = 0, true, false
		}
		list := c.changes[min(at, len(c.changes)):]
		if len(list) > 3 { // several pages
			list, p.More = list[:3], true
		}
		p.Changes = append(p.Changes, list...)
		p.Cursor = "c." + strconv.Itoa(at+len(list))
		c.mu.Unlock()
		if len(p.Changes) > 0 || p.Reset || wait == 0 {
			c.after(w, r, f, p)
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-c.polled:
		case <-time.After(time.Duration(wait) * time.Second):
			wait = 0
		}
	}
}

// has lists the ids of the items of a kind, sorted.
func (c *centre) has(kind protocol.Kind) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for _, k := range slices.Sorted(maps.Keys(c.items)) {
		if id, ok := strings.CutPrefix(k, string(kind)+" "); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *centre) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}
