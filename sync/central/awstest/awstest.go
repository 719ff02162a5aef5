// Package awstest answers as AWS KMS and AWS Secrets Manager do, as far as the
// centre asks: AWS JSON 1.1 over HTTP, by X-Amz-Target, and only for requests
// whose Signature Version 4 holds. It is written from AWS's documents, not from
// the SDK that it is there to test.
package awstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Who may ask, and where.
const (
	AccessKey = "AKIDEXAMPLE"
	SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	Region    = "eu-west-1"
)

// Server is both services at one address.
type Server struct {
	URL string

	mu      sync.Mutex
	keys    map[string]*key
	secrets map[string]*secret
	calls   map[string]int
	deny    string // the operation that is refused to all
	fail    string // what every request is refused with
}

// New starts a server with the KMS keys of these ids, and has the SDK sign with
// what it knows.
func New(t testing.TB, keys ...string) *Server {
	t.Helper()
	s := &Server{keys: map[string]*key{}, secrets: map[string]*secret{}, calls: map[string]int{}}
	for _, id := range keys {
		s.keys[id] = newKey()
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_REGION": Region,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(k, v)
	}
	return s
}

// Deny has an operation, as "kms:Decrypt", refused from now on; "" none.
func (s *Server) Deny(operation string) { s.with(func() { s.deny = operation }) }

// Fail has every request answered with 500 and this code; "" ends it.
func (s *Server) Fail(code string) { s.with(func() { s.fail = code }) }

// Calls is how often an operation was asked for, by who may.
func (s *Server) Calls(operation string) (n int) {
	s.with(func() { n = s.calls[operation] })
	return n
}

func (s *Server) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// refusal is an error of AWS.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string { return r.code }

func refused(code string) error { return &refusal{http.StatusBadRequest, code} }

// services are the target of X-Amz-Target, and the name in a signature's scope.
var services = map[string]string{"TrentService": "kms", "secretsmanager": "secretsmanager"}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "7a6f1c2e-0000-4000-8000-000000000001")
	if err != nil {
		no := &refusal{http.StatusInternalServerError, "InternalFailure"}
		if r, ok := err.(*refusal); ok {
			no = r
		}
		w.WriteHeader(no.status)
		answer = map[string]string{"__type": no.code, "message": "refused by the test"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) answer(r *http.Request) (any, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	service := services[target]
	if r.Method != http.MethodPost || r.URL.Path != "/" || service == "" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		return nil, &refusal{http.StatusNotFound, "UnknownOperationException"}
	}
	if err := signed(r, body, service, time.Now()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := service + ":" + operation
	s.calls[name]++
	if s.fail != "" {
		return nil, &refusal{http.StatusInternalServerError, s.fail}
	}
	if s.deny == name {
		return nil, refused("AccessDeniedException")
	}
	do := s.operations()[name]
	if do == nil {
		return nil, &refusal{http.StatusNotFound, "UnknownOperationException"}
	}
	return do(body)
}

func (s *Server) operations() map[string]func([]byte) (any, error) {
	return map[string]func([]byte) (any, error){
		"kms:GenerateDataKeyWithoutPlaintext":     s.generate,
		"kms:Decrypt":                             s.decrypt,
		"secretsmanager:CreateSecret":             s.create,
		"secretsmanager:GetSecretValue":           s.get,
		"secretsmanager:PutSecretValue":           s.put,
		"secretsmanager:UpdateSecretVersionStage": s.move,
	}
}

// signed holds a request to its Signature Version 4.
func signed(r *http.Request, body []byte, service string, now time.Time) error {
	const algorithm = "AWS4-HMAC-SHA256"
	said, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return refused("MissingAuthenticationTokenException")
	}
	part := map[string]string{}
	for _, p := range strings.Split(said, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[k] = v
	}
	when := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", when)
	if err != nil || now.Sub(at).Abs() > 5*time.Minute {
		return refused("InvalidSignatureException")
	}
	scope := strings.Join([]string{when[:8], Region, service, "aws4_request"}, "/")
	if part["Credential"] != AccessKey+"/"+scope {
		return refused("UnrecognizedClientException")
	}
	names := strings.Split(part["SignedHeaders"], ";")
	for _, must := range []string{"host", "x-amz-date", "x-amz-target"} {
		if !slices.Contains(names, must) {
			return refused("IncompleteSignature")
		}
	}
	var headers strings.Builder
	for _, n := range names {
		v := strings.Join(r.Header.Values(n), ",")
		if n == "host" {
			v = r.Host
		}
		if n == "content-length" {
			v = r.Header.Get("Content-Length")
			if v == "" {
				v = strconv.FormatInt(r.ContentLength, 10)
			}
		}
		headers.WriteString(n + ":" + strings.Join(strings.Fields(v), " ") + "\n")
	}
	canonical := strings.Join([]string{r.Method, (&url.URL{Path: r.URL.Path}).EscapedPath(), "", headers.String(), part["SignedHeaders"], hexSum(body)}, "\n")
	text := strings.Join([]string{algorithm, when, scope, hexSum([]byte(canonical))}, "\n")
	k := []byte("AWS4" + SecretKey)
	for _, s := range []string{when[:8], Region, service, "aws4_request", text} {
		k = mac(k, s)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(k)), []byte(part["Signature"])) {
		return refused("InvalidSignatureException")
	}
	return nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
