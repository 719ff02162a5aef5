package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"agentid/app/domain"
	"agentid/app/telemetry"
)

func serve(t *testing.T, o telemetry.ServerOptions) *telemetry.Server {
	t.Helper()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	s, err := telemetry.Serve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask makes a request; host, where not empty, is what it calls the server.
func ask(t *testing.T, method, url, host, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestServerServesMetrics(t *testing.T) {
	m := telemetry.NewMetrics()
	m.Decision(domain.Decision{Reason: domain.ReasonUnknown})
	s := serve(t, telemetry.ServerOptions{Metrics: m})
	code, body := ask(t, "GET", "http://"+s.Addr()+"/metrics", "", "")
	if code != 200 || !strings.Contains(body, `agentid_decisions_total{reason="unknown",repeat="false"} 1`) || !strings.Contains(body, "go_goroutines") {
		t.Errorf("%d %s", code, body)
	}
}

func TestHealth(t *testing.T) {
	ill := false
	s := serve(t, telemetry.ServerOptions{Checks: map[string]telemetry.Check{
		"disk": func(context.Context) error { return nil },
		"camera": func(context.Context) error {
			if ill {
				return errors.New("http://admin:hunter2@cam does not answer")
			}
			return nil
		},
	}})
	url := "http://" + s.Addr()
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := ask(t, "GET", url+path, "", ""); code != 200 {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	ill = true
	if code, body := ask(t, "GET", url+"/readyz", "", ""); code != 503 || strings.Contains(body, "answer") {
		t.Errorf("readyz: %d %s", code, body)
	}
	code, body := ask(t, "GET", url+"/healthz", "", "")
	var h telemetry.Health
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		t.Fatal(err)
	}
	if code != 503 || h.Status != "failing" || h.Checks["disk"].Status != "ok" || h.Checks["camera"].Status != "failing" {
		t.Errorf("%d %+v", code, h)
	}
	if e := h.Checks["camera"].Error; !strings.Contains(e, "does not answer") || strings.Contains(e, "hunter2") {
		t.Errorf("error %q", e)
	}
}

// Neither a check that panics nor one that hangs keeps the answer back.
func TestHealthOutlivesItsChecks(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	s := serve(t, telemetry.ServerOptions{Checks: map[string]telemetry.Check{
		"panics": func(context.Context) error { panic("boom") },
		"hangs":  func(context.Context) error { <-hold; return nil },
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the time is up
	h := s.Health(ctx)
	if h.Status != "failing" || h.Checks["hangs"].Error == "" || h.Checks["panics"].Error == "" {
		t.Errorf("%+v", h)
	}
}

func TestServerIsForThisMachineOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		if s, err := telemetry.Serve(t.Context(), telemetry.ServerOptions{Addr: addr}); !errors.Is(err, telemetry.ErrNotLoopback) {
			t.Errorf("%s: %v, %v", addr, s, err)
		}
	}
	if _, err := telemetry.Serve(t.Context(), telemetry.ServerOptions{Addr: "nonsense"}); err == nil {
		t.Error("served on nonsense")
	}
	s := serve(t, telemetry.ServerOptions{})
	url := "http://" + s.Addr() + "/healthz"
	for host, want := range map[string]int{"": 200, "localhost": 200, "localhost:9464": 200, "[::1]:9464": 200, "evil.example": 403, "evil.example:80": 403, "10.0.0.1": 403} {
		if code, _ := ask(t, "GET", url, host, ""); code != want {
			t.Errorf("as %q: %d, expected %d", host, code, want)
		}
	}
}

func TestServerTurnedOff(t *testing.T) {
	s, err := telemetry.Serve(t.Context(), telemetry.ServerOptions{})
	if err != nil || s.Addr() != "" {
		t.Fatalf("%q, %v", s.Addr(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServerCloses(t *testing.T) {
	began, hold := make(chan struct{}), make(chan struct{})
	defer close(hold)
	s, err := telemetry.Serve(t.Context(), telemetry.ServerOptions{Addr: "127.0.0.1:0", Checks: map[string]telemetry.Check{
		"hangs": func(context.Context) error { close(began); <-hold; return nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan int)
	go func() {
		resp, err := http.Get("http://" + s.Addr() + "/healthz")
		if err != nil {
			answer <- 0
			return
		}
		resp.Body.Close()
		answer <- resp.StatusCode
	}()
	<-began
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if code := <-answer; code != 503 {
		t.Errorf("the request under way got %d", code)
	}
	if _, err := http.Get("http://" + s.Addr() + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

func TestExtraAndLevel(t *testing.T) {
	var level slog.LevelVar
	s := serve(t, telemetry.ServerOptions{Extra: map[string]http.Handler{"/log/level": telemetry.LevelHandler(&level)}})
	url := "http://" + s.Addr() + "/log/level"
	for _, tt := range []struct {
		method, body string
		code         int
		want         slog.Level
	}{
		{"GET", "", 200, slog.LevelInfo},
		{"PUT", "debug\n", 200, slog.LevelDebug},
		{"PUT", "loud", 400, slog.LevelDebug},
		{"PUT", "", 400, slog.LevelDebug},
		{"PUT", strings.Repeat("warn", 100), 400, slog.LevelDebug},
		{"POST", "error", 405, slog.LevelDebug},
		{"PUT", "error", 200, slog.LevelError},
	} {
		if code, body := ask(t, tt.method, url, "", tt.body); code != tt.code || level.Level() != tt.want {
			t.Errorf("%s %q: %d %s, level %s", tt.method, tt.body, code, body, level.Level())
		}
	}
}
