package main

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/protocol"
)

// kiosk is as much of a kiosk as these tests need. It may be used by one
// goroutine at a time.
type kiosk struct {
	base     string
	id       string
	sign     ed25519.PrivateKey
	exchange *ecdh.PrivateKey
	enrolled protocol.EnrolAnswer
	token    string
	http     http.Client
}

func newKiosk(t testing.TB, base string) *kiosk {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(t, err)
	return &kiosk{base: base, id: uuid.NewString(), sign: sign, exchange: exchange, http: http.Client{Timeout: 90 * time.Second}}
}

func joinCentre(t testing.TB, base, code string) *kiosk {
	t.Helper()
	k := newKiosk(t, base)
	must(t, k.enrol(code))
	must(t, k.renew())
	return k
}

func (k *kiosk) enrol(code string) error {
	r := protocol.EnrolRequest{Code: code, DeviceID: k.id, ExchangeKey: k.exchange.PublicKey().Bytes()}
	if err := r.Sign(k.sign); err != nil {
		return err
	}
	return k.post("/v1/enrolments", r, &k.enrolled)
}

func (k *kiosk) renew() error {
	now := time.Now()
	a, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": k.id, "sub": k.id, "aud": k.enrolled.Audience,
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": uuid.NewString()}).SignedString(k.sign)
	if err != nil {
		return err
	}
	var tok protocol.Token
	form := url.Values{"grant_type": {protocol.GrantJWTBearer}, "assertion": {a}}
	if err := k.ask("POST", "/v1/token", "application/x-www-form-urlencoded", []byte(form.Encode()), &tok); err != nil {
		return err
	}
	k.token = tok.AccessToken
	return nil
}

// ask sends a request; what is refused is a *protocol.Problem.
func (k *kiosk) ask(method, path, kind string, body []byte, answer any) error {
	req, err := http.NewRequest(method, k.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set(protocol.HeaderVersion, "1")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if path == "/v1/batches" {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if k.token != "" {
		req.Header.Set("Authorization", "Bearer "+k.token)
	}
	res, err := k.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return protocol.DecodeProblem(res.StatusCode, raw)
	}
	return protocol.DecodeStrict(raw, protocol.MaxPage, answer)
}

func (k *kiosk) send(items ...protocol.Item) ([]protocol.Answer, error) {
	b := protocol.Batch{ID: uuid.NewString(), DeviceID: k.id, SentAt: time.Now(), Items: items}
	z, err := protocol.EncodeBatch(b)
	if err != nil {
		return nil, err
	}
	var a protocol.BatchAnswer
	if err := k.ask("POST", "/v1/batches", "application/json", z, &a); err != nil {
		return nil, err
	}
	if len(a.Answers) != len(items) {
		return nil, fmt.Errorf("%d answers for %d items", len(a.Answers), len(items))
	}
	return a.Answers, nil
}

// mustSend sends what is to be taken whole.
func (k *kiosk) mustSend(t testing.TB, items ...protocol.Item) {
	t.Helper()
	as, err := k.send(items...)
	must(t, err)
	for _, a := range as {
		if !a.Status.Done() {
			t.Fatalf("%+v", a)
		}
	}
}

func (k *kiosk) post(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return k.ask("POST", path, "application/json", body, out)
}

func (k *kiosk) changes(cursor string, wait int) (p protocol.Page, err error) {
	err = k.ask("GET", fmt.Sprintf("/v1/changes?cursor=%s&wait=%d", cursor, wait), "", nil, &p)
	return p, err
}

func (k *kiosk) event(t testing.TB, seq int, person domain.PersonID) protocol.Item {
	t.Helper()
	id, err := uuid.NewV7()
	must(t, err)
	it, err := protocol.EventItem(domain.Event{ID: domain.EventID(id.String()), Seq: uint64(seq), DeviceID: k.id, Kind: domain.EventRecognition,
		Reason: domain.ReasonUnknown, At: time.Now(), Person: person})
	must(t, err)
	return it
}

// picture has a picture of an event kept, through whatever happens.
func (k *kiosk) picture(of domain.EventID, stop <-chan struct{}, failed *atomic.Int64) error {
	body := []byte("\xff\xd8 a picture of " + of)
	sum := sha256.Sum256(body)
	r := protocol.TicketRequest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(body)), Type: "image/jpeg", Purpose: protocol.PurposeDetection, Event: of}
	for {
		err := k.keep(r, body)
		var p *protocol.Problem
		if err == nil || errors.As(err, &p) && p.Advice() != protocol.AdviceRetry && p.Code != protocol.CodeNoObject {
			return err
		}
		failed.Add(1)
		select {
		case <-stop:
			return fmt.Errorf("given up: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// keep is one try: a ticket, the put, the commit.
func (k *kiosk) keep(r protocol.TicketRequest, body []byte) error {
	var tk protocol.Ticket
	if err := k.post("/v1/snapshots", r, &tk); err != nil || tk.Stored {
		return err
	}
	code, err := put(context.Background(), tk, body)
	if err == nil && code != http.StatusOK && code != http.StatusPreconditionFailed {
		err = fmt.Errorf("put: %d", code)
	}
	if err != nil {
		return err
	}
	return k.post("/v1/snapshots/commit", r, &protocol.CommitAnswer{})
}

// put uses a ticket, as a kiosk does.
func put(ctx context.Context, tk protocol.Ticket, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, tk.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, v := range tk.Headers {
		if !strings.EqualFold(name, "content-length") {
			req.Header.Set(name, v)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
