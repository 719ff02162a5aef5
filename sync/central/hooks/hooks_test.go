package hooks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"agentid/app/domain/domaintest"
	"agentid/sync/central/postgres"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// book keeps messages in memory.
type book struct {
	mu     sync.Mutex
	due    []postgres.Delivery
	said   []string
	nextAt time.Time
	noted  chan struct{}
}

func (b *book) TakeDeliveries(_ context.Context, n, each int, busy map[string]int, _ time.Duration) (out []postgres.Delivery, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := maps.Clone(busy)
	var left []postgres.Delivery
	for _, d := range b.due {
		if len(out) < n && count[d.Webhook] < each {
			out = append(out, d)
			count[d.Webhook]++
			continue
		}
		left = append(left, d)
	}
	b.due = left
	return out, nil
}

func (b *book) note(s string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, s)
	b.noted <- struct{}{}
	return nil
}

func (b *book) Delivered(_ context.Context, id string) error { return b.note("delivered " + id) }
func (b *book) CloseWebhook(_ context.Context, id, why string) error {
	return b.note("closed " + id + ": " + why)
}
func (b *book) Undelivered(_ context.Context, id, cause string, next time.Time) error {
	b.nextAt = next
	return b.note("not delivered " + id + ": " + cause)
}

func sender(b *book, allowed ...string) *Sender {
	var ps []netip.Prefix
	for _, a := range allowed {
		ps = append(ps, netip.MustParsePrefix(a))
	}
	return New(b, domaintest.NewClock(start), slog.New(slog.DiscardHandler), ps)
}

// run sends until n messages are settled.
func run(t *testing.T, b *book, s *Sender, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for range n {
		select {
		case <-b.noted:
		case <-time.After(20 * time.Second):
			t.Fatalf("of %d messages only these: %v", n, b.said)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSlowWebhook: one that does not answer holds up its own messages, and nobody
// else's; it has no more than its share under way.
func TestSlowWebhook(t *testing.T) {
	var mu sync.Mutex
	held, most := 0, 0
	gone := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		held++
		most = max(most, held)
		mu.Unlock()
		<-gone
	}))
	defer slow.Close()
	defer close(gone)
	quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer quick.Close()
	b := &book{noted: make(chan struct{}, 200)}
	for i := range 60 {
		b.due = append(b.due, postgres.Delivery{ID: fmt.Sprint("slow", i), Webhook: "w1", URL: slow.URL, Body: []byte("{}"), Attempts: 1})
	}
	for i := range 60 {
		b.due = append(b.due, postgres.Delivery{ID: fmt.Sprint("quick", i), Webhook: "w2", URL: quick.URL, Body: []byte("{}"), Attempts: 1})
	}
	run(t, b, sender(b, "127.0.0.0/8"), 60)
	mu.Lock()
	defer mu.Unlock()
	if most > each {
		t.Errorf("%d at once", most)
	}
	for _, s := range b.said {
		if !strings.HasPrefix(s, "delivered quick") {
			t.Error(s)
		}
	}
}

// TestSignature: the example of the Standard Webhooks' own libraries.
func TestSignature(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestDelivery(t *testing.T) {
	status, redirected := http.StatusOK, false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			redirected = true
			return
		}
		body, _ := io.ReadAll(r.Body)
		h := r.Header
		if h.Get("Webhook-Signature") != "v1,"+Sign([]byte("secret"), "m1", h.Get("Webhook-Timestamp"), body) || h.Get("Webhook-Timestamp") != "1795255200" || h.Get("Webhook-Id") != "m1" {
			t.Errorf("%v %s", h, body)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer srv.Close()
	for _, tt := range []struct {
		status, attempts int
		said             string
		next             time.Duration // -1: never
	}{
		{200, 1, "delivered m1", 0},
		{204, 7, "delivered m1", 0},
		{500, 1, "not delivered m1: it answered 500", 5 * time.Second},
		{429, 3, "not delivered m1: it answered 429", 5 * time.Minute},
		{302, 1, "not delivered m1: it answered 302", 5 * time.Second},
		{500, len(waits), "not delivered m1: it answered 500", 24 * time.Hour},
		{500, len(waits) + 1, "not delivered m1: it answered 500", -1},
		{410, 1, "closed w1: it answered 410", 0},
	} {
		b := &book{noted: make(chan struct{}, 1), due: []postgres.Delivery{{ID: "m1", Webhook: "w1", URL: srv.URL, Secret: []byte("secret"), Body: []byte(`{}`), Attempts: tt.attempts}}}
		status = tt.status
		run(t, b, sender(b, "127.0.0.0/8"), 1)
		want := start.Add(tt.next)
		if tt.next <= 0 {
			want = time.Time{}
		}
		if len(b.said) != 1 || b.said[0] != tt.said || !b.nextAt.Equal(want) {
			t.Errorf("%+v: %v, next %v", tt, b.said, b.nextAt)
		}
	}
	if redirected {
		t.Error("it followed a redirect")
	}
}

// TestGuard: a message never reaches the inside, by whatever name.
func TestGuard(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	for _, u := range []string{srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), strings.Replace(srv.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		b := &book{noted: make(chan struct{}, 1), due: []postgres.Delivery{{ID: "m1", URL: u, Attempts: 1}}}
		run(t, b, sender(b), 1)
		if len(b.said) != 1 || !strings.Contains(b.said[0], errForbidden.Error()) || !b.nextAt.IsZero() || reached {
			t.Errorf("%s: %v, reached %v", u, b.said, reached)
		}
	}
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false,
		"224.0.0.1": false, "255.255.255.255": false, "::1": false, "fe80::1": false, "fd00::1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "::ffff:10.0.0.1": false,
	} {
		if err := guard(nil)("tcp", netip.AddrPortFrom(netip.MustParseAddr(ip), 443).String(), nil); (err == nil) != want {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := guard(nil)("tcp", "rubbish", nil); !errors.Is(err, errForbidden) {
		t.Error(err)
	}
}

func TestCheckURL(t *testing.T) {
	for u, want := range map[string]bool{
		"https://example.org/hook?x=1": true, "https://example.org:8443/": true,
		"http://example.org/": false, "https://": false, "https://u:p@example.org/": false, "https://127.0.0.1/": false, "https://[::1]/": false, "ftp://x": false, "x": false,
		"https://example.org/#f": false, "https://" + strings.Repeat("x", 500): false,
	} {
		if err := CheckURL(u); (err == nil) != want {
			t.Errorf("%s: %v", u, err)
		}
	}
}
