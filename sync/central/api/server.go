// Package api is the centre's HTTP interface: to kiosks, as package protocol
// says it, and to administrators. It keeps nothing of its own, so that several
// instances can stand behind a balancer.
package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"agentid/app/domain"
	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// Options say what a server is made of.
type Options struct {
	DB   *postgres.DB
	Blob blob.Store
	// Audience is what assertions and tokens are for: the centre's public name.
	Audience string
	Clock    domain.Clock
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	// Trusted are the proxies whose X-Forwarded-For is believed.
	Trusted []netip.Prefix
	Limits  Limits
	// Wake is called when there is something for the eraser to do; may be nil.
	Wake func()
}

// Limits bound what one kiosk, one administrator, one address and the whole may
// ask. Each instance counts for itself.
type Limits struct {
	KioskPerSecond   float64       // requests of one kiosk; 20 where zero
	UserPerSecond    float64       // requests of one administrator; 10 where zero
	AddressPerSecond float64       // enrolments and tokens of one address, and administrators' tokens that are none; 2 where zero
	Batches          int           // taken in at once; 16 where zero
	BodyTime         time.Duration // for a body to arrive; 30 s where zero
}

func (l Limits) whole() Limits {
	if l.KioskPerSecond == 0 {
		l.KioskPerSecond = 20
	}
	if l.UserPerSecond == 0 {
		l.UserPerSecond = 10
	}
	if l.AddressPerSecond == 0 {
		l.AddressPerSecond = 2
	}
	if l.Batches == 0 {
		l.Batches = 16
	}
	if l.BodyTime == 0 {
		l.BodyTime = 30 * time.Second
	}
	return l
}

// Server answers requests.
type Server struct {
	Options
	metrics   *metrics
	kiosks    *limiter
	users     *limiter
	addresses *limiter
	lines     *limiter // of the log, about what was refused
	ready     readiness
	sending   *atOnce       // batches of one kiosk, from the first byte on
	batches   chan struct{} // that have arrived
	streams   chan struct{}
	closing   chan struct{}
	close     sync.Once
}

// New makes a server of its options.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	o.Limits = o.Limits.whole()
	return &Server{
		Options:   o,
		metrics:   newMetrics(o.Metrics),
		kiosks:    newLimiter(o.Limits.KioskPerSecond, 2),
		users:     newLimiter(o.Limits.UserPerSecond, 5),
		addresses: newLimiter(o.Limits.AddressPerSecond, 10),
		lines:     newLimiter(1, 30),
		sending:   newAtOnce(2), // the second is for one that was given up
		batches:   make(chan struct{}, o.Limits.Batches),
		streams:   make(chan struct{}, maxStreams),
		closing:   make(chan struct{}),
	}
}

// Close ends the waiting of whoever waits for changes, so that the program can
// end.
func (s *Server) Close() { s.close.Do(func() { close(s.closing) }) }

// Handler serves the whole API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.serve(r))
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		mux.Handle(path, s.serve(route{path: path, method: "other", open: true, handle: methodRefused(allowed)}))
	}
	mux.Handle("/", s.serve(route{path: "/", method: "other", open: true, handle: func(*call) (any, error) {
		return nil, protocol.NewProblem(http.StatusNotFound, protocol.CodeNotFound, "there is nothing here")
	}}))
	return mux
}

// who may use a route.
type who int

const (
	anyone who = iota
	kiosk
	auditor
	admin
)

// route is one operation. What it says of itself is also what the OpenAPI
// document says.
type route struct {
	method, path string
	summary      string
	who          who
	open         bool // asks for no protocol version
	in, out      any  // of the document: the types of body and answer
	form         bool // the body is a form
	gzip         bool // the body is gzip
	stream       bool // the answer is a stream of events, each of type out
	query        []parameter
	status       int // of success; 200 where zero
	refusals     []protocol.Code
	handle       func(*call) (any, error)
}

// parameter is one of a query.
type parameter struct{ name, kind, says string }

func (s *Server) routes() []route {
	return []route{
		{method: "POST", path: "/v1/enrolments", summary: "Join a kiosk to a site by a one-time code", in: protocol.EnrolRequest{}, out: protocol.EnrolAnswer{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeCode, protocol.CodeConflict, protocol.CodeRateLimited}, handle: s.enrol},
		{method: "POST", path: "/v1/token", summary: "Buy an access token with a signed assertion (RFC 7523)", form: true, out: protocol.Token{},
			refusals: []protocol.Code{protocol.CodeInvalidGrant, protocol.CodeClock, protocol.CodeUnknown, protocol.CodeRevoked, protocol.CodeRateLimited}, handle: s.token},
		{method: "POST", path: "/v1/batches", summary: "Tell the centre what happened", who: kiosk, in: protocol.Batch{}, gzip: true, out: protocol.BatchAnswer{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeTooLarge, protocol.CodeMediaType, protocol.CodeTimeout, protocol.CodeErasures}, handle: s.batch},
		{method: "POST", path: "/v1/snapshots", summary: "Ask for a place to put a picture", who: kiosk, in: protocol.TicketRequest{}, out: protocol.Ticket{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeConflict, protocol.CodeErased}, handle: s.ticket},
		{method: "POST", path: "/v1/snapshots/commit", summary: "Tell that a picture has been put", who: kiosk, in: protocol.TicketRequest{}, out: protocol.CommitAnswer{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNoObject, protocol.CodeWrongObject, protocol.CodeErased}, handle: s.commit},
		{method: "GET", path: "/v1/changes", summary: "Hear what changed in the kiosk's site, at once or when it does", who: kiosk, out: protocol.Page{},
			query:    []parameter{{"cursor", "string", "of the page before; empty: from the beginning"}, {"limit", "integer", "changes at most"}, {"wait", "integer", "seconds to wait for a change"}},
			refusals: []protocol.Code{protocol.CodeBadRequest}, handle: s.changes},
		{method: "GET", path: "/.well-known/jwks.json", summary: "The keys that the centre signs with", open: true, out: protocol.JWKS{}, handle: s.jwks},
		{method: "GET", path: "/openapi.json", summary: "This document", open: true, handle: s.openapi},
		{method: "GET", path: "/healthz", summary: "Whether the program runs", open: true, out: Health{}, handle: s.healthz},
		{method: "GET", path: "/readyz", summary: "Whether it can take requests", open: true, out: Health{}, handle: s.readyz},

		{method: "POST", path: "/v1/admin/sites", summary: "Add a site, or rename it", who: admin, open: true, in: Site{}, out: Site{},
			refusals: []protocol.Code{protocol.CodeMalformed}, handle: s.addSite},
		{method: "POST", path: "/v1/admin/codes", summary: "Make a one-time enrolment code", who: admin, open: true, in: CodeRequest{}, out: CodeAnswer{}, status: http.StatusCreated,
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNotFound}, handle: s.newCode},
		{method: "GET", path: "/v1/admin/kiosks", summary: "List the kiosks", who: auditor, open: true, out: []postgres.Kiosk{}, handle: s.listKiosks},
		{method: "POST", path: "/v1/admin/kiosks/{device}/revoke", summary: "End the trust in a kiosk", who: admin, open: true, in: Why{}, out: Done{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNotFound}, handle: s.revoke},
		{method: "PUT", path: "/v1/admin/sites/{site}/documents/{kind}/{ref}", summary: "Publish a document to the kiosks of a site", who: admin, open: true, in: Publication{}, out: protocol.Document{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNotFound, protocol.CodeConflict, protocol.CodeDocument}, handle: s.publish},
		{method: "DELETE", path: "/v1/admin/sites/{site}/documents/{kind}/{ref}", summary: "Take a document back from the kiosks of a site", who: admin, open: true, out: Done{},
			refusals: []protocol.Code{protocol.CodeNotFound}, handle: s.unpublish},
		{method: "POST", path: "/v1/admin/people/{person}/erase", summary: "Erase somebody everywhere", who: admin, open: true, in: Why{}, out: SignedReport{}, status: http.StatusAccepted,
			refusals: []protocol.Code{protocol.CodeMalformed}, handle: s.erase},
		{method: "GET", path: "/v1/admin/people/{person}/erasure", summary: "What of somebody was erased, where and when; signed", who: auditor, open: true, out: SignedReport{},
			refusals: []protocol.Code{protocol.CodeNotFound}, handle: s.erasure},
		{method: "POST", path: "/v1/admin/webhooks", summary: "Have an address told of a site's events (Standard Webhooks)", who: admin, open: true, in: WebhookRequest{}, out: WebhookAnswer{}, status: http.StatusCreated,
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNotFound}, handle: s.addWebhook},
		{method: "GET", path: "/v1/admin/webhooks", summary: "List the webhooks, with what waits and what is dead", who: auditor, open: true, out: []postgres.Webhook{}, handle: s.webhooks},
		{method: "POST", path: "/v1/admin/webhooks/{webhook}/close", summary: "Tell an address no more", who: admin, open: true, in: Why{}, out: Done{},
			refusals: []protocol.Code{protocol.CodeMalformed, protocol.CodeNotFound}, handle: s.closeWebhook},
		{method: "POST", path: "/v1/admin/webhooks/{webhook}/revive", summary: "Try a webhook's dead messages again", who: admin, open: true, out: Revived{},
			refusals: []protocol.Code{protocol.CodeNotFound}, handle: s.revive},
		{method: "GET", path: "/v1/admin/alarms", summary: "What somebody should look at", who: auditor, open: true, out: []postgres.Alarm{}, handle: s.alarms},
		{method: "GET", path: "/v1/admin/events", summary: "Follow events as they arrive (Server-Sent Events)", who: auditor, open: true, out: postgres.Seen{}, stream: true,
			query: []parameter{{"site", "string", "of which; empty: of all"}}, refusals: []protocol.Code{protocol.CodeBadRequest}, handle: s.stream},
		{method: "GET", path: "/v1/admin/summary", summary: "Events by day, site, kind and reason", who: auditor, open: true, out: []postgres.Count{},
			query: []parameter{{"days", "integer", "how many days back, 1 to 366"}}, refusals: []protocol.Code{protocol.CodeBadRequest}, handle: s.summary},
	}
}
