package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// HeaderRequestID names a request, in its answer and in the log.
const HeaderRequestID = "X-Request-Id"

// call is one request on its way.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	id      string
	from    string // the address that asked
	network string // what of it is counted
	kiosk   postgres.Kiosk
	admin   postgres.Admin
}

func (c *call) ctx() context.Context { return c.r.Context() }

// who asked, as far as it is known.
func (c *call) who() string { return cmp.Or(c.kiosk.Device, c.admin.ID, c.network) }

// serve makes a handler of a route: everything that all requests have in common.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		c := &call{w: w, r: r, id: requestID(r), from: s.address(r)}
		c.network = network(c.from)
		h := w.Header()
		h.Set(HeaderRequestID, c.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		protocol.Offer(h, answerVersion(r))
		ctl := http.NewResponseController(w)
		// Not every writer can: a test's recorder cannot.
		// Beyond the read deadline a request is given up, also one that only waits.
		read := s.Limits.BodyTime
		if rt.in == nil && !rt.form {
			read += protocol.MaxWait + 10*time.Second
		}
		_ = ctl.SetReadDeadline(began.Add(read))
		_ = ctl.SetWriteDeadline(began.Add(s.Limits.BodyTime + protocol.MaxWait + 10*time.Second))
		status := http.StatusOK
		answer, err := s.guarded(rt, c)
		switch {
		case errors.Is(err, errAnswered):
		case err != nil:
			status = s.refuse(c, rt, err)
		default:
			if rt.status != 0 {
				status = rt.status
			}
			if hs, ok := answer.(Health); ok && !hs.OK {
				status = http.StatusServiceUnavailable
			}
			write(w, status, "application/json", answer)
		}
		s.metrics.request(rt, status, time.Since(began))
		if status < 400 && !rt.open || status >= 400 && s.lines.take(c.who(), s.Clock.Now()) == 0 {
			s.Log.Info("request", "id", c.id, "method", r.Method, "route", rt.path, "status", status, "device", c.kiosk.Device,
				"admin", c.admin.Name, "from", c.from, "took", time.Since(began))
		}
	})
}

// answerVersion is the version that a request is answered in: its own, if it is one
// of ours.
func answerVersion(r *http.Request) int {
	if v, err := protocol.ParseVersion(r.Header); err == nil && protocol.Speaks(v) {
		return v
	}
	return protocol.MaxVersion
}

// guarded runs a route behind all that may refuse it. A panic is an error.
func (s *Server) guarded(rt route, c *call) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.Log.Error("panic", "id", c.id, "route", rt.path, "cause", p, "stack", string(debug.Stack()))
			answer, err = nil, errPanic
		}
	}()
	if !rt.open {
		v, err := protocol.ParseVersion(c.r.Header)
		if err != nil || !protocol.Speaks(v) {
			return nil, protocol.NewProblem(http.StatusBadRequest, protocol.CodeVersion,
				"this centre speaks versions "+strconv.Itoa(protocol.MinVersion)+" to "+strconv.Itoa(protocol.MaxVersion)+" of the protocol")
		}
	}
	switch rt.who {
	case kiosk:
		if c.kiosk, err = s.authenticate(c); err != nil {
			return nil, err
		}
	case admin, auditor:
		// Who guesses tokens is slowed down; who has one has a limit of their own.
		now, guesses := s.Clock.Now(), "admin "+c.network
		if wait := s.addresses.look(guesses, now); wait > 0 {
			return nil, &limited{wait}
		}
		if c.admin, err = s.administrator(c, rt.who); err != nil {
			if c.admin.ID == "" {
				s.addresses.take(guesses, now)
			}
			return nil, err
		}
		if wait := s.users.take(c.admin.ID, now); wait > 0 {
			return nil, &limited{wait}
		}
	}
	return rt.handle(c)
}

var (
	errPanic = errors.New("panic")
	// errAnswered: the handler has written the answer itself.
	errAnswered = errors.New("answered")
)

// limited is a refusal for asking too often.
type limited struct{ wait time.Duration }

func (l *limited) Error() string { return "asked too often" }

// refuse answers with what an error means. It says nothing of causes that are
// ours alone.
func (s *Server) refuse(c *call, rt route, err error) int {
	p := problemOf(err)
	p.RequestID, p.ServerTime = c.id, s.Clock.Now().UTC()
	h := c.w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="agentid"`)
	case http.StatusTooManyRequests:
		var l *limited
		if errors.As(err, &l) {
			h.Set("Retry-After", strconv.Itoa(max(1, int(l.wait/time.Second)+1)))
		}
		var many *postgres.TooManyErasures
		if errors.As(err, &many) {
			h.Set("Retry-After", strconv.Itoa(max(1, int(many.Wait/time.Second)+1)))
			s.Log.Warn("a kiosk has too many people erased", "id", c.id, "device", c.kiosk.Device)
		}
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "2")
	}
	if p.Status >= 500 {
		s.Log.Error("request failed", "id", c.id, "route", rt.path, "error", err)
	}
	write(c.w, p.Status, protocol.ContentProblem, p)
	return p.Status
}

// problemOf says to the other end what an error means.
func problemOf(err error) *protocol.Problem {
	var p *protocol.Problem
	if errors.As(err, &p) {
		same := *p
		return &same
	}
	var tooLarge *http.MaxBytesError
	var l *limited
	var many *postgres.TooManyErasures
	var timeout interface{ Timeout() bool }
	for _, k := range []struct {
		is     bool
		status int
		code   protocol.Code
		detail string
	}{
		{errors.As(err, &l), 429, protocol.CodeRateLimited, "asked too often"},
		{errors.As(err, &many), 429, protocol.CodeErasures, "too many erasures of one kiosk: send the rest without, and them later"},
		{errors.As(err, &tooLarge) || errors.Is(err, protocol.ErrTooLarge), 413, protocol.CodeTooLarge, "the body is too large"},
		{errors.Is(err, postgres.ErrErased), 410, protocol.CodeErased, "it is about somebody who has been erased"},
		{errors.Is(err, postgres.ErrNoEvent), 409, protocol.CodeConflict, "the event has not arrived yet"},
		{errors.Is(err, postgres.ErrDoomed), 409, protocol.CodeNoObject, "what was put there is being deleted: put it anew, later"},
		{errors.Is(err, postgres.ErrEnrolled), 409, protocol.CodeConflict, "a kiosk of that id is enrolled with another key: revoke it first"},
		{errors.Is(err, postgres.ErrFixedText), 409, protocol.CodeConflict, "that version is out: people consent to it. Publish the text as another version"},
		{errors.Is(err, postgres.ErrCode), 403, protocol.CodeCode, "the enrolment code is wrong, used or over"},
		{errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, blob.ErrUnavailable), 503, protocol.CodeUnavailable, "try again later"},
		{errors.Is(err, domain.ErrNotFound), 404, protocol.CodeNotFound, "there is no such thing"},
		{errors.Is(err, protocol.ErrContent), 400, protocol.CodeMalformed, contentOf(err)},
		{errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded), 408, protocol.CodeTimeout, "the body did not arrive in time"},
		{errors.Is(err, protocol.ErrJSON) || errors.Is(err, protocol.ErrGzip), 400, protocol.CodeMalformed, "the body is malformed"},
		{errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled), 503, protocol.CodeUnavailable, "it took too long"},
	} {
		if k.is {
			return protocol.NewProblem(k.status, k.code, k.detail)
		}
	}
	return protocol.NewProblem(500, protocol.CodeInternal, "something went wrong here; it is in the log")
}

// contentOf is the text of a check of ours, which quotes nothing.
func contentOf(err error) string {
	t := err.Error()
	return t[:min(len(t), protocol.MaxDetail)]
}

func write(w http.ResponseWriter, status int, kind string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// Who does not take the answer asks again.
	_, _ = w.Write(body)
}

// decode reads a JSON body of at most limit bytes into v.
func (c *call) decode(limit int, v any) error {
	if err := c.kind("application/json"); err != nil {
		return err
	}
	body, err := c.body(limit)
	if err != nil {
		return err
	}
	return protocol.DecodeStrict(body, limit, v)
}

// body reads a body of at most limit bytes.
func (c *call) body(limit int) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, int64(limit)))
	if err != nil {
		return nil, reading(err)
	}
	return body, nil
}

// reading is an error of a body that did not arrive whole.
func reading(err error) error {
	if problemOf(err).Code != protocol.CodeInternal {
		return err
	}
	return protocol.NewProblem(http.StatusBadRequest, protocol.CodeTimeout, "the body did not arrive whole")
}

func (c *call) kind(want string) error {
	got, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return protocol.NewProblem(http.StatusUnsupportedMediaType, protocol.CodeMediaType, "want "+want)
	}
	return nil
}

// requestID takes over a name that a proxy gave, or makes one.
func requestID(r *http.Request) string {
	if id := r.Header.Get(HeaderRequestID); protocol.ValidID(id) {
		return id
	}
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// address is who asks: the last that a trusted proxy says, or who connected.
func (s *Server) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(s.Trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

// network is what of an address is counted: of IPv6 the /64, for whoever has one
// address of it has them all.
func network(from string) string {
	addr, err := netip.ParseAddr(from)
	if err != nil || addr.Is4() {
		return from
	}
	p, err := addr.Prefix(64) // without its zone
	if err != nil {
		return from
	}
	return p.String()
}

func methodRefused(allowed []string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		c.w.Header().Set("Allow", strings.Join(allowed, ", "))
		return nil, protocol.NewProblem(http.StatusMethodNotAllowed, protocol.CodeMethod, "want "+strings.Join(allowed, " or "))
	}
}
