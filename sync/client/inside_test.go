package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"agentid/app/domain/domaintest"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// carried is a transport that reads a body and answers with as much.
type carried struct{ got int }

func (c *carried) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	c.got += len(b)
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(b))}, err
}

// Both ways count for one cap: 160 kbit/s are 20,000 bytes a second.
func TestThrottle(t *testing.T) {
	clock := domaintest.NewClock(start)
	next := &carried{}
	line := newThrottle(next, 160, clock)
	done := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/", bytes.NewReader(make([]byte, 40_000)))
		if err != nil {
			done <- err
			return
		}
		resp, err := line.RoundTrip(r)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
		}
		done <- err
	}()
	var err error
	for waiting := true; waiting; {
		armed := make(chan struct{})
		go func() { clock.AwaitTimers(1); close(armed) }()
		select {
		case err = <-done:
			waiting = false
			clock.NewTimer(time.Hour) // lets the other goroutine end
		case <-armed:
			clock.Advance(10 * time.Millisecond)
		}
	}
	took := clock.Now().Sub(start)
	if err != nil || next.got != 40_000 || took < 3700*time.Millisecond || took > 4100*time.Millisecond {
		t.Errorf("80,000 bytes at 20,000 a second took %v, %v", took, err)
	}
	if newThrottle(next, 0, clock) != http.RoundTripper(next) {
		t.Error("a cap where none is asked for")
	}
	// A wait ends with its request.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slow := &slowBody{io.NopCloser(strings.NewReader(strings.Repeat("x", 50_000))), line.(*throttle), ctx}
	if _, err := io.Copy(io.Discard, slow); err != context.Canceled {
		t.Errorf("went on: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {"-7", "", 0}, {"x", "", 0}, {"1e3", "", 0}, {strings.Repeat("9", 70), "", 0},
		{"99999999999999999999", "", 0},
		{start.Add(time.Minute).Format(http.TimeFormat), "", time.Minute},
		{start.Add(-time.Minute).Format(http.TimeFormat), "", 0},
		// By the centre's clock, which is a day ahead.
		{start.Add(24*time.Hour + time.Minute).Format(http.TimeFormat), start.Add(24 * time.Hour).Format(http.TimeFormat), time.Minute},
	} {
		h := http.Header{}
		h.Set("Retry-After", tt.value)
		h.Set("Date", tt.date)
		if got := retryAfter(h, start); got != tt.want {
			t.Errorf("%q at %q: %v, want %v", tt.value, tt.date, got, tt.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "")
	f.Add("Sat, 14 Mar 2026 09:01:00 GMT", "Sat, 14 Mar 2026 09:00:00 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		if d := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, start); d < 0 {
			t.Fatalf("%q at %q: %v", value, date, d)
		}
	})
}

func TestIdentity(t *testing.T) {
	id, err := newIdentity("01950000-0000-7000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/keys/centre.json"
	if err := id.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readIdentity(path, "")
	if err != nil || !got.signing.Equal(id.signing) || !got.exchange.Equal(id.exchange) || got.DeviceID != id.DeviceID {
		t.Errorf("%v, %v", got, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, id); s != "keys of kiosk "+id.DeviceID {
			t.Errorf("%s shows %s", verb, s)
		}
	}
}

// FuzzIdentity: whatever is in a key file, it is read whole or refused, and no
// error quotes it.
func FuzzIdentity(f *testing.F) {
	f.Add([]byte(`{"format":1,"device_id":"01950000-0000-7000-8000-000000000001","signing_key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","exchange_key":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"format":1,"membership":{"site_id":"x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := parseIdentity(b)
		if err == nil && (id.signing == nil || id.exchange == nil || id.DeviceID == "") {
			t.Fatalf("%+v", id)
		}
		if err != nil && len(err.Error()) > 100 {
			t.Fatalf("the error is long: %v", err)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("https://centre.example.org/x")
	f.Add("http://127.0.0.1:8080")
	f.Add("http://localhost@evil.example.org")
	f.Fuzz(func(t *testing.T, s string) {
		base, err := baseAddress(s)
		if err != nil {
			return
		}
		u, err := checkAddress(base)
		if err != nil || u.User != nil || u.RawQuery != "" || strings.HasSuffix(base, "/") || u.Scheme != "https" && u.Scheme != "http" {
			t.Fatalf("%q is %q: %v", s, base, err)
		}
	})
}
