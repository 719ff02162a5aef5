// Package hooks tells addresses outside of events, as Standard Webhooks say it:
// each message is signed with HMAC-SHA256 over id, time and body, tried again
// for days, and then kept for staff to see. It goes to no address within the
// centre's own network, whatever a name resolves to.
package hooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"agentid/app/domain"
	"agentid/sync/central/postgres"
)

const (
	atOnce  = 32
	each    = 4                // of one webhook
	timeout = 15 * time.Second // of one message
	lease   = 2 * time.Minute
	every   = 2 * time.Second // how often it looks for what is due
)

// Waits are how long to wait after each failure; after the last, a message is dead.
var waits = []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 24 * time.Hour}

// DB is what it needs of the database.
type DB interface {
	TakeDeliveries(ctx context.Context, n, each int, busy map[string]int, lease time.Duration) ([]postgres.Delivery, error)
	Delivered(ctx context.Context, id string) error
	Undelivered(ctx context.Context, id, cause string, next time.Time) error
	CloseWebhook(ctx context.Context, id, why string) error
}

// Sender sends messages.
type Sender struct {
	db    DB
	clock domain.Clock
	log   *slog.Logger
	http  *http.Client
}

// New makes a sender. It goes to addresses of the public internet, and to those
// that are allowed besides.
func New(db DB, clock domain.Clock, log *slog.Logger, allowed []netip.Prefix) *Sender {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: guard(allowed)}
	return &Sender{db: db, clock: clock, log: log, http: &http.Client{
		Timeout: timeout,
		// A redirect might lead where the guard does not see who asked for it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialer.DialContext, Proxy: nil, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
	}}
}

var errForbidden = errors.New("the address is not one that may be told")

// guard looks at the address that is really connected to, after every name has
// been resolved.
func guard(allowed []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errForbidden
		}
		ip := at.Addr().Unmap().WithZone("")
		if slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(ip) }) || public(ip) {
			return nil
		}
		return errForbidden
	}
}

// Networks that are not of the public internet, beyond what netip knows.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001:db8::/32"),
}

func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(inner, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// CheckURL tells whether an address may be told: https, of a host, without a
// name and password in it.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > 500 || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return errors.New("want an address that begins with https:// and names a host")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !public(ip.Unmap()) {
		return errForbidden
	}
	return nil
}

// Run sends until ctx ends. Each message has a worker of its own, and whatever is
// done makes room at once: nobody waits for the slowest.
func (s *Sender) Run(ctx context.Context) error {
	done := make(chan string, atOnce) // by webhook
	busy, under := map[string]int{}, 0
	defer func() {
		for ; under > 0; under-- {
			<-done
		}
	}()
	for {
		free := atOnce - under
		var list []postgres.Delivery
		if free > 0 {
			var err error
			list, err = s.db.TakeDeliveries(ctx, free, each, busy, lease)
			if err != nil && ctx.Err() == nil {
				s.log.Warn("messages go on later", "error", err)
			}
		}
		for _, d := range list {
			busy[d.Webhook]++
			under++
			go func() {
				if err := s.deliver(ctx, d); err != nil && ctx.Err() == nil {
					s.log.Warn("messages go on later", "error", err)
				}
				done <- d.Webhook
			}()
		}
		full := len(list) == free // more may be due
		t := s.clock.NewTimer(every)
		for wait := true; wait; {
			select {
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			case <-t.C():
				wait = false
			case w := <-done:
				wait = !full && busy[w] < each
				under--
				if busy[w]--; busy[w] == 0 {
					delete(busy, w)
				}
			}
		}
		t.Stop()
	}
}

// deliver sends one message, and says what became of it.
func (s *Sender) deliver(ctx context.Context, d postgres.Delivery) error {
	status, err := s.send(ctx, d)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // its lease runs out
	case err == nil && status >= 200 && status < 300:
		return s.db.Delivered(ctx, d.ID)
	case status == http.StatusGone:
		return s.db.CloseWebhook(ctx, d.Webhook, "it answered 410")
	}
	cause := fmt.Sprintf("it answered %d", status)
	if err != nil {
		cause = err.Error()
	}
	var next time.Time
	if d.Attempts <= len(waits) && !errors.Is(err, errForbidden) {
		next = s.clock.Now().Add(waits[d.Attempts-1])
	}
	return s.db.Undelivered(ctx, d.ID, cause, next)
}

func (s *Sender) send(ctx context.Context, d postgres.Delivery) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	at := strconv.FormatInt(s.clock.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "agentid-central")
	req.Header.Set("Webhook-Id", d.ID)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+Sign(d.Secret, d.ID, at, d.Body))
	res, err := s.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may hold a token
		}
		return 0, err
	}
	defer res.Body.Close()
	// What it says is of no interest; read a little, so that the connection stays.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
	return res.StatusCode, nil
}

// Sign is the signature of a message.
func Sign(secret []byte, id, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
