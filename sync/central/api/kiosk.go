package api

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"agentid/sync/central/blob"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// batch takes in what a kiosk tells.
func (s *Server) batch(c *call) (any, error) {
	if err := c.kind("application/json"); err != nil {
		return nil, err
	}
	if c.r.Header.Get("Content-Encoding") != "gzip" {
		return nil, refusedf(http.StatusUnsupportedMediaType, protocol.CodeMediaType, "want Content-Encoding gzip")
	}
	// Who sends slowly holds up themselves: the slot is for what has arrived.
	if !s.sending.enter(c.kiosk.Device) {
		return nil, &limited{time.Second}
	}
	defer s.sending.leave(c.kiosk.Device)
	packed, err := c.body(protocol.MaxBatchGzip)
	if err != nil {
		return nil, err
	}
	// A batch may be 16 MB once it is unpacked: so many at once, and no more.
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	default:
		return nil, refusedf(http.StatusServiceUnavailable, protocol.CodeUnavailable, "too many batches at once")
	}
	plain, err := protocol.Gunzip(bytes.NewReader(packed), protocol.MaxBatchPlain)
	if err != nil {
		return nil, err
	}
	b, err := protocol.DecodeBatch(plain)
	if err != nil {
		return nil, err
	}
	if b.DeviceID != c.kiosk.Device {
		return nil, refusedf(http.StatusForbidden, protocol.CodeForbidden, "the batch is another kiosk's")
	}
	answers, err := s.DB.Ingest(c.ctx(), c.kiosk, b)
	if err != nil {
		return nil, err
	}
	s.metrics.answered(answers)
	for _, a := range answers {
		if a.Status == protocol.StatusConflict {
			s.Log.Warn("an id came again with another body", "id", c.id, "device", c.kiosk.Device, "kind", a.Kind, "item", a.ID)
		}
		if a.Kind == protocol.KindTombstone || a.Kind == protocol.KindConsent {
			s.Wake()
		}
	}
	return protocol.BatchAnswer{BatchID: b.ID, ReceivedAt: s.Clock.Now().UTC(), Answers: answers}, nil
}

// ticket gives a place to put a picture.
func (s *Server) ticket(c *call) (any, error) {
	var r protocol.TicketRequest
	if err := c.decode(protocol.MaxSmall, &r); err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	stored, err := s.DB.Ticket(c.ctx(), c.kiosk, r, s.Clock.Now().Add(blob.TicketLife))
	if err != nil {
		return nil, err
	}
	if stored {
		return protocol.Ticket{Stored: true}, nil
	}
	bucket, key := postgres.Place(c.kiosk, r)
	t, err := s.Blob.Presign(c.ctx(), blob.Put{Bucket: bucket, Key: key, SHA256: sum(r.SHA256), Size: r.Size, Type: r.Type})
	if err != nil {
		return nil, err
	}
	headers := make(map[string]string, len(t.Headers))
	for name, v := range t.Headers {
		headers[strings.ToLower(name)] = v
	}
	return protocol.Ticket{URL: t.URL, Headers: headers, ExpiresAt: t.Expires.UTC()}, nil
}

// commit verifies a picture and refers to it.
func (s *Server) commit(c *call) (any, error) {
	var r protocol.Commit
	if err := c.decode(protocol.MaxSmall, &r); err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	bucket, key := postgres.Place(c.kiosk, r)
	generation, err := s.DB.Generation(c.ctx(), bucket, key)
	if err != nil {
		return nil, err
	}
	o, err := s.Blob.Stat(c.ctx(), bucket, key)
	if errors.Is(err, blob.ErrAbsent) {
		return nil, refusedf(http.StatusConflict, protocol.CodeNoObject, "nothing has been put there")
	}
	if err != nil {
		return nil, err
	}
	if o.SHA256 != sum(r.SHA256) || o.Size != r.Size || o.Type != r.Type {
		if err := s.DB.DoomTicket(c.ctx(), c.kiosk, r); err != nil {
			return nil, err
		}
		s.Wake()
		return nil, refusedf(http.StatusConflict, protocol.CodeWrongObject, "what was put is not what was announced")
	}
	err = s.DB.Commit(c.ctx(), c.kiosk, r, generation)
	if errors.Is(err, postgres.ErrErased) {
		// It was put before they were erased, or beside it: it goes too.
		if err := s.DB.DoomTicket(c.ctx(), c.kiosk, r); err != nil {
			return nil, err
		}
		s.Wake()
	}
	if err != nil {
		return nil, err
	}
	return protocol.CommitAnswer{Bucket: bucket, Key: key}, nil
}

// sum reads a hash that has been checked.
func sum(s string) (out [32]byte) {
	_, _ = hex.Decode(out[:], []byte(s))
	return out
}

// changes tells what changed, or waits until something does.
func (s *Server) changes(c *call) (any, error) {
	q := c.r.URL.Query()
	limit, err := number(q.Get("limit"), protocol.MaxChanges, 1, protocol.MaxChanges)
	if err != nil {
		return nil, err
	}
	wait, err := number(q.Get("wait"), 0, 0, int(protocol.MaxWait/time.Second))
	if err != nil {
		return nil, err
	}
	cursor := q.Get("cursor")
	if len(cursor) > protocol.MaxCursor {
		return nil, refusedf(http.StatusBadRequest, protocol.CodeBadRequest, "no cursor of ours")
	}
	s.metrics.waiting.Inc()
	defer s.metrics.waiting.Dec()
	over := s.Clock.NewTimer(time.Duration(wait) * time.Second)
	defer over.Stop()
	for {
		// Asked for before the database is: what comes between wakes it.
		changed := s.DB.Changed(c.kiosk.Site)
		page, err := s.DB.Changes(c.ctx(), c.kiosk, cursor, limit)
		if err != nil || wait == 0 || len(page.Changes) > 0 || page.Reset {
			return page, err
		}
		select {
		case <-changed:
		case <-over.C():
			return page, nil
		case <-s.closing:
			return page, nil
		case <-c.ctx().Done():
			return nil, c.ctx().Err()
		}
	}
}

// number reads a number of a query.
func number(s string, without, least, most int) (int, error) {
	if s == "" {
		return without, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, refusedf(http.StatusBadRequest, protocol.CodeBadRequest, "want a number from %d to %d", least, most)
	}
	return n, nil
}
