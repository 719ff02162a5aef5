package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// ErrNotLoopback says that an address could be reached from other machines.
var ErrNotLoopback = errors.New("telemetry is served on a loopback address only")

// checkTimeout bounds each health check.
const checkTimeout = 3 * time.Second

// Check tells whether a part is well: nil, or what is wrong with it.
type Check = func(context.Context) error

// ServerOptions are what a Server serves.
type ServerOptions struct {
	// Addr is HOST:PORT of a loopback address; port 0 takes a free one. Where it
	// is empty nothing is served.
	Addr    string
	Metrics *Metrics
	Checks  map[string]Check
	// Details are words beside a check, well or not: which engine it is, say.
	Details map[string]func() string
	// Extra handlers by pattern, for example /log/level.
	Extra map[string]http.Handler
	Log   *slog.Logger
}

// Server serves /metrics, /healthz (all checks, as JSON; 503 where one fails)
// and /readyz (the same, without the words) to this machine.
type Server struct {
	checks map[string]Check
	detail map[string]func() string
	addr   string
	http   *http.Server
	log    *slog.Logger
	done   chan struct{}
	cancel context.CancelFunc
}

// Serve listens and serves until Close. Checks under way end with ctx.
func Serve(ctx context.Context, o ServerOptions) (*Server, error) {
	s := &Server{checks: o.Checks, detail: o.Details, log: o.Log, done: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Addr == "" {
		close(s.done)
		return s, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	// Judged by where it listens, not by what was asked for: a name can mean anything.
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%w, not on %s", ErrNotLoopback, l.Addr()), l.Close())
	}
	s.addr = l.Addr().String()
	mux := http.NewServeMux()
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics.Handler())
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	for pattern, h := range o.Extra {
		mux.Handle(pattern, h)
	}
	base, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	s.http = &http.Server{
		Handler:           localOnly(mux),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadTimeout:       5 * time.Second,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("telemetry server ended", slog.Any("error", err))
		}
	}()
	return s, nil
}

// Addr is where it listens, "" where it does not.
func (s *Server) Addr() string { return s.addr }

// Close stops serving: requests under way get a moment to end. It may be
// called more than once.
func (s *Server) Close() error {
	if s == nil || s.http == nil {
		return nil
	}
	s.cancel() // health checks that hang end here
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.done
	return err
}

// localOnly refuses requests that name another host: a page that somebody
// else's name resolves to this machine must not read it.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if host != "localhost" && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "this machine only", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Health is the answer of /healthz.
type Health struct {
	Status string                 `json:"status"` // "ok" or "failing"
	Checks map[string]CheckResult `json:"checks"`
}

// CheckResult is what one check found.
type CheckResult struct {
	Status string `json:"status"` // "ok" or "failing"
	Error  string `json:"error,omitempty"`
	Detail string `json:"detail,omitempty"`
	MS     int64  `json:"ms"`
}

// Health runs all checks at once.
func (s *Server) Health(ctx context.Context) Health {
	h := Health{Status: "ok", Checks: map[string]CheckResult{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, check := range s.checks {
		wg.Go(func() {
			start := time.Now()
			err := runCheck(ctx, check)
			r := CheckResult{Status: "ok", MS: time.Since(start).Milliseconds()}
			if err != nil {
				r.Status, r.Error = "failing", scrub(err.Error())
			}
			if tell := s.detail[name]; tell != nil {
				r.Detail = scrub(tell())
			}
			mu.Lock()
			defer mu.Unlock()
			h.Checks[name] = r
			if err != nil {
				h.Status = "failing"
			}
		})
	}
	wg.Wait()
	return h
}

// runCheck runs a check, but waits for it no longer than its time, even if it
// does not heed its context.
func runCheck(ctx context.Context, check Check) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	out := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				out <- fmt.Errorf("check panicked: %v", p)
			}
		}()
		out <- check(ctx)
	}()
	select {
	case err := <-out:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	h := s.Health(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if h.Status != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	// A client that goes away while reading is its own affair.
	_ = e.Encode(h)
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if h := s.Health(r.Context()); h.Status != "ok" {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// LevelHandler tells (GET) and changes (PUT, body "debug", "info", "warn" or
// "error") the level of the log, for ServerOptions.Extra.
func LevelHandler(level *slog.LevelVar) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
		case http.MethodPut: // a page elsewhere cannot send one unasked
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16))
			var l slog.Level
			if err != nil || l.UnmarshalText(bytes.TrimSpace(body)) != nil {
				http.Error(w, "debug, info, warn or error", http.StatusBadRequest)
				return
			}
			level.Set(l)
		default:
			w.Header().Set("Allow", "GET, PUT")
			http.Error(w, "GET or PUT", http.StatusMethodNotAllowed)
			return
		}
		fmt.Fprintln(w, strings.ToLower(level.Level().String()))
	})
}
