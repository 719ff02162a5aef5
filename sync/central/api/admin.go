package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"agentid/app/domain"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// Site is a circle of branches that share people.
type Site struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// CodeRequest asks for an enrolment code.
type CodeRequest struct {
	Site   string `json:"site"`
	Branch string `json:"branch"`
}

// CodeAnswer is a code, told once.
type CodeAnswer struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Why is the reason of an administrator's act.
type Why struct {
	Why string `json:"why"`
}

// Done says that something was done.
type Done struct {
	Done bool `json:"done"`
}

// Publication is a document to be published.
type Publication struct {
	ContentType string `json:"content_type"`
	Content     string `json:"content"`
}

// SignedReport is a report of erasure, and the same signed by the centre.
type SignedReport struct {
	Report postgres.Report `json:"report"`
	JWS    string          `json:"jws"` // of the report's canonical form
}

// Health is how the centre is.
type Health struct {
	OK       bool              `json:"ok"`
	Database string            `json:"database,omitempty"`
	Objects  string            `json:"objects,omitempty"` // does not count: events are taken without
	Versions map[string]string `json:"versions,omitempty"`
}

var (
	siteID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// short holds what an administrator writes to a line.
func short(what, s string) error {
	if s == "" || len(s) > protocol.MaxLabel || !utf8.ValidString(s) || regexp.MustCompile(`[\x00-\x1f\x7f]`).MatchString(s) {
		return refusedf(http.StatusBadRequest, protocol.CodeMalformed, "%s: want a line of 1 to %d bytes", what, protocol.MaxLabel)
	}
	return nil
}

func (s *Server) addSite(c *call) (any, error) {
	var in Site
	if err := c.decode(protocol.MaxSmall, &in); err != nil {
		return nil, err
	}
	if !siteID.MatchString(in.ID) {
		return nil, refusedf(http.StatusBadRequest, protocol.CodeMalformed, "id: want a-z, 0-9 and -, at most 63")
	}
	if err := short("name", in.Name); err != nil {
		return nil, err
	}
	return in, s.DB.AddSite(c.ctx(), in.ID, in.Name)
}

func (s *Server) newCode(c *call) (any, error) {
	var in CodeRequest
	if err := c.decode(protocol.MaxSmall, &in); err != nil {
		return nil, err
	}
	if err := short("branch", in.Branch); err != nil {
		return nil, err
	}
	code, expires, err := s.DB.NewCode(c.ctx(), in.Site, in.Branch, c.admin.Name)
	return CodeAnswer{code, expires}, err
}

func (s *Server) listKiosks(c *call) (any, error) {
	list, err := s.DB.Kiosks(c.ctx())
	return list, err
}

func (s *Server) revoke(c *call) (any, error) {
	in, err := s.why(c)
	if err != nil {
		return nil, err
	}
	device := c.r.PathValue("device")
	if !protocol.ValidID(device) {
		return nil, domain.ErrNotFound
	}
	return Done{true}, s.DB.RevokeKiosk(c.ctx(), device, in.Why)
}

func (s *Server) why(c *call) (in Why, err error) {
	if err := c.decode(protocol.MaxSmall, &in); err != nil {
		return in, err
	}
	return in, short("why", in.Why)
}

// published are the kinds of change that administrators make.
var published = []protocol.ChangeKind{protocol.ChangeFAQ, protocol.ChangeConfig, protocol.ChangeConsentText, protocol.ChangeStaff, protocol.ChangeCaseAnswer}

func (s *Server) publish(c *call) (any, error) {
	var in Publication
	// Escapes may make a document six times as long.
	if err := c.decode(6*protocol.MaxDocument, &in); err != nil {
		return nil, err
	}
	kind, ref, err := document(c)
	if err != nil {
		return nil, err
	}
	if err := protocol.CheckDocument(kind, ref, in.ContentType, in.Content); err != nil {
		return nil, refusedf(http.StatusUnprocessableEntity, protocol.CodeDocument, "%s", contentOf(err))
	}
	return s.DB.Publish(c.ctx(), c.r.PathValue("site"), kind, ref, in.ContentType, in.Content)
}

// document is which document a path is about; a slash within its ref is written
// %2F.
func document(c *call) (kind protocol.ChangeKind, ref string, err error) {
	kind, ref = protocol.ChangeKind(c.r.PathValue("kind")), c.r.PathValue("ref")
	if !slices.Contains(published, kind) || !protocol.ValidRef(ref) {
		err = domain.ErrNotFound
	}
	return kind, ref, err
}

func (s *Server) unpublish(c *call) (any, error) {
	kind, ref, err := document(c)
	if err != nil {
		return nil, err
	}
	return Done{true}, s.DB.Unpublish(c.ctx(), c.r.PathValue("site"), kind, ref)
}

func (s *Server) erase(c *call) (any, error) {
	in, err := s.why(c)
	if err != nil {
		return nil, err
	}
	person := domain.PersonID(c.r.PathValue("person"))
	if !protocol.ValidID(string(person)) {
		return nil, domain.ErrNotFound
	}
	if err := s.DB.Erase(c.ctx(), person, domain.Reason(in.Why), "admin "+c.admin.Name); err != nil {
		return nil, err
	}
	s.Wake()
	return s.report(c, person)
}

func (s *Server) erasure(c *call) (any, error) {
	person := domain.PersonID(c.r.PathValue("person"))
	if !protocol.ValidID(string(person)) {
		return nil, domain.ErrNotFound
	}
	return s.report(c, person)
}

func (s *Server) report(c *call, person domain.PersonID) (any, error) {
	r, err := s.DB.ErasureReport(c.ctx(), person)
	if err != nil {
		return nil, err
	}
	jws, err := s.sign(c, "agentid-erasure+json", r)
	return SignedReport{r, jws}, err
}

func (s *Server) alarms(c *call) (any, error) {
	list, err := s.DB.Alarms(c.ctx(), 500)
	return list, err
}

func (s *Server) summary(c *call) (any, error) {
	days, err := number(c.r.URL.Query().Get("days"), 7, 1, 366)
	if err != nil {
		return nil, err
	}
	list, err := s.DB.Summary(c.ctx(), s.Clock.Now().AddDate(0, 0, -days))
	return list, err
}

func (s *Server) healthz(*call) (any, error) { return Health{OK: true}, nil }

// readyFor is how long an answer of readyz stands: it is open to everybody.
const readyFor = time.Second

// readiness is what readyz found last.
type readiness struct {
	mu   sync.Mutex
	at   time.Time
	said Health
}

func (s *Server) readyz(c *call) (any, error) {
	select {
	case <-s.closing:
		return Health{Database: "closing", Objects: "ok"}, nil
	default:
	}
	r := &s.ready
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := s.Clock.Now().Sub(r.at); age < 0 || age >= readyFor {
		r.said = s.look(c.ctx())
		r.at = s.Clock.Now()
	}
	return r.said, nil
}

// look asks database and object store. Others are answered with what it finds:
// it does not end with who asked.
func (s *Server) look(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	h := Health{OK: true, Database: "ok", Objects: "ok"}
	if err := s.DB.Ready(ctx); err != nil {
		s.Log.Warn("not ready", "error", err)
		h.OK, h.Database = false, "unavailable"
	}
	if err := s.Blob.Ready(ctx); err != nil {
		s.Log.Warn("object store is not ready", "error", err)
		h.Objects = "unavailable"
	}
	return h
}
