package models

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"agentid/app/domain"
)

// Errors of a download.
var (
	ErrTooLarge = errors.New("larger than the manifest allows")
	errRedirect = errors.New("refused to follow a redirection")
	errStalled  = errors.New("nothing arrives any more")
	errRestart  = errors.New("the part does not fit what the server has now")
)

const maxRetryAfter = time.Minute

// newClient is a client for large files: no limit on the whole (a stall is
// watched for), but on each step before it. It uses the environment's proxy.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= 10 {
				return fmt.Errorf("%w: more than 10", errRedirect)
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return fmt.Errorf("%w: from https to %s", errRedirect, req.URL.Scheme)
			}
			return nil
		},
	}
}

// download brings the bytes at url into the file part, however often the
// connection breaks. Beside the part lies a note that says what it is a part
// of, so that it goes on only where the server still has the same.
type download struct {
	client   *http.Client
	clock    domain.Clock
	attempts int
	stall    time.Duration
	create   func(name string, appending bool) (io.WriteCloser, error)
	url      string
	part     string
	limit    int64 // bytes, at most
	exact    bool  // limit bytes, neither more nor less
	report   func(done, total int64)
}

// note is what a part is a part of.
type note struct {
	URL       string `json:"url"`
	Validator string `json:"validator"` // a strong ETag, or a Last-Modified
}

func (d *download) noteFile() string { return d.part + ".json" }

func (d *download) discard() {
	os.Remove(d.part)
	os.Remove(d.noteFile())
}

// run downloads until all is there. resumed tells that bytes of an older run,
// or of a connection before, are among it.
func (d *download) run(ctx context.Context) (resumed bool, err error) {
	wait, most := time.Second, d.have()
	for attempt := 1; ; attempt++ {
		resumed, err = d.attempt(ctx)
		switch {
		case err == nil:
			return resumed, nil
		case ctx.Err() != nil:
			return resumed, context.Cause(ctx)
		case errors.Is(err, errRestart):
			d.discard()
		case !transient(err):
			return resumed, err
		case d.have() > most:
			most, attempt, wait = d.have(), 0, time.Second // it gets on: be patient
		}
		if attempt >= d.attempts {
			return resumed, fmt.Errorf("gave up after %d attempts: %w", attempt, err)
		}
		pause := wait
		if s := (*statusError)(nil); errors.As(err, &s) && s.after > pause {
			pause = min(s.after, maxRetryAfter)
		}
		t := d.clock.NewTimer(pause)
		select {
		case <-t.C():
		case <-ctx.Done():
			t.Stop()
			return resumed, context.Cause(ctx)
		}
		wait = min(wait*2, 30*time.Second)
	}
}

// have is the size of the part that is there.
func (d *download) have() int64 {
	info, err := os.Stat(d.part)
	if err != nil {
		return 0
	}
	return info.Size()
}

// resumable is how much of the part can be gone on from, and its validator.
func (d *download) resumable() (int64, string) {
	n := d.have()
	if n == 0 || n > d.limit {
		return 0, ""
	}
	data, err := os.ReadFile(d.noteFile())
	if err != nil {
		return 0, ""
	}
	var was note
	if json.Unmarshal(data, &was) != nil || was.URL != d.url || was.Validator == "" {
		return 0, ""
	}
	return n, was.Validator
}

// attempt makes one request and takes what it gives.
func (d *download) attempt(ctx context.Context) (resumed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	from, validator := d.resumable()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", "agentid")
	req.Header.Set("Accept-Encoding", "identity")
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		req.Header.Set("If-Range", validator)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return false, withoutQuery(err)
	}
	defer resp.Body.Close()

	var total int64 // 0 where it is not known
	switch resp.StatusCode {
	case http.StatusOK:
		from = 0
		total = max(resp.ContentLength, 0)
	case http.StatusPartialContent:
		start, whole, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != from || from == 0 {
			return false, errRestart
		}
		total = whole
	case http.StatusRequestedRangeNotSatisfiable:
		// All of it is here already, or the file has become shorter.
		if _, whole, ok := contentRange(resp.Header.Get("Content-Range")); ok && whole == from {
			return true, nil
		}
		return false, errRestart
	default:
		return false, &statusError{code: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"))}
	}
	if total > d.limit {
		d.discard()
		return false, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, total, d.limit)
	}
	if from == 0 {
		if err := d.begin(resp); err != nil {
			return false, err
		}
	}
	done := make(chan struct{})
	defer close(done)
	var seen atomic.Int64
	go d.watch(done, &seen, cancel)
	err = d.take(resp.Body, from, total, &seen)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errStalled) {
		err = errStalled
	}
	return from > 0, err
}

// begin notes what the part that follows is a part of.
func (d *download) begin(resp *http.Response) error {
	d.discard()
	n := note{URL: d.url, Validator: resp.Header.Get("ETag")}
	if n.Validator == "" || strings.HasPrefix(n.Validator, "W/") { // If-Range wants a strong one
		n.Validator = resp.Header.Get("Last-Modified")
	}
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return diskError(os.WriteFile(d.noteFile(), data, 0o644))
}

// take appends the body to the part.
func (d *download) take(body io.Reader, from, total int64, seen *atomic.Int64) (err error) {
	w, err := d.create(d.part, from > 0)
	if err != nil {
		return diskError(err)
	}
	defer func() {
		if e := w.Close(); err == nil && e != nil {
			err = diskError(e)
		}
	}()
	src := &countReader{r: io.LimitReader(body, d.limit-from+1), report: func(n int64) {
		seen.Store(n)
		d.report(from+n, total)
	}}
	if _, err := io.Copy(w, src); err != nil {
		return diskError(err)
	}
	got := from + src.n
	switch {
	case got > d.limit:
		d.discard()
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, d.limit)
	case total > 0 && got < total:
		return io.ErrUnexpectedEOF
	case d.exact && got < d.limit:
		d.discard()
		return fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, got, d.limit)
	}
	return nil
}

// watch ends a download in which nothing arrives for the time of a stall.
func (d *download) watch(done <-chan struct{}, seen *atomic.Int64, cancel context.CancelCauseFunc) {
	var last int64
	for {
		t := d.clock.NewTimer(d.stall)
		select {
		case <-done:
			t.Stop()
			return
		case <-t.C():
		}
		now := seen.Load()
		if now == last {
			cancel(errStalled)
			return
		}
		last = now
	}
}

// statusError is an answer that is no file.
type statusError struct {
	code  int
	after time.Duration // what the server asks to wait
}

func (e *statusError) Error() string {
	return fmt.Sprintf("server answered %d %s", e.code, http.StatusText(e.code))
}

// transient tells whether to try again helps.
func transient(err error) bool {
	var s *statusError
	if errors.As(err, &s) {
		return s.code == http.StatusTooManyRequests || s.code == http.StatusRequestTimeout || s.code >= 500
	}
	var file *os.PathError
	var certificate *tls.CertificateVerificationError
	return !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNoSpace) &&
		!errors.Is(err, errRedirect) && !errors.As(err, &file) && !errors.As(err, &certificate)
}

// contentRange reads "bytes 5-9/10" and "bytes */10".
func contentRange(s string) (start, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, whole, ok := strings.Cut(s, "/")
	if !ok {
		return 0, 0, false
	}
	if whole != "*" {
		n, err := strconv.ParseUint(whole, 10, 62)
		if err != nil {
			return 0, 0, false
		}
		total = int64(n)
	}
	if span == "*" {
		return 0, total, whole != "*"
	}
	first, last, ok := strings.Cut(span, "-")
	if !ok {
		return 0, 0, false
	}
	a, err1 := strconv.ParseUint(first, 10, 62)
	b, err2 := strconv.ParseUint(last, 10, 62)
	if err1 != nil || err2 != nil || a > b || total > 0 && int64(b) >= total {
		return 0, 0, false
	}
	return int64(a), total, true
}

// retryAfter reads the seconds of a Retry-After; a date counts as none.
func retryAfter(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// withoutQuery keeps the query of an address, where a mirror's token may be,
// out of the error.
func withoutQuery(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if p, e := url.Parse(u.URL); e == nil {
		p.RawQuery, p.User, p.Fragment = "", nil, ""
		return &url.Error{Op: u.Op, URL: p.String(), Err: u.Err}
	}
	return u.Err
}
