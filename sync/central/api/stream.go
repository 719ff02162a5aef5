package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

const (
	streamEvery = time.Second      // how often a stream looks for what is new
	streamBeat  = 15 * time.Second // how often it says that it lives
	streamLife  = 10 * time.Minute // then the browser asks again
	maxStreams  = 64
)

// stream tells of events as they arrive, as Server-Sent Events: for a panel that
// somebody watches, not for programs, which use webhooks. It begins with what
// arrives from now on, and may leave out some where more arrive than it tells.
func (s *Server) stream(c *call) (any, error) {
	site := c.r.URL.Query().Get("site")
	if site != "" && !siteID.MatchString(site) {
		return nil, refusedf(http.StatusBadRequest, protocol.CodeBadRequest, "site: no such name")
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return nil, refusedf(http.StatusServiceUnavailable, protocol.CodeUnavailable, "too many watch")
	}
	tail, err := s.DB.Tail(c.ctx(), site)
	if err != nil {
		return nil, err
	}
	ctl := http.NewResponseController(c.w)
	_ = ctl.SetReadDeadline(time.Time{})
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("X-Accel-Buffering", "no") // of nginx
	c.w.WriteHeader(http.StatusOK)
	ctx, cancel := context.WithTimeout(c.ctx(), streamLife)
	defer cancel()
	_, err = fmt.Fprintf(c.w, "retry: 2000\n\n")
	for quiet := time.Duration(0); err == nil; quiet += streamEvery {
		_ = ctl.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if quiet >= streamBeat {
			quiet = 0
			_, err = fmt.Fprint(c.w, ": still here\n\n")
		}
		if err == nil {
			err = ctl.Flush()
		}
		t := s.Clock.NewTimer(streamEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, errAnswered
		case <-s.closing:
			t.Stop()
			return nil, errAnswered
		case <-t.C():
		}
		var list []postgres.Seen
		if err == nil {
			if list, err = tail.Next(ctx); err != nil {
				s.Log.Warn("a stream ended", "id", c.id, "error", err)
			}
		}
		for _, e := range list {
			body, jerr := json.Marshal(e)
			if err != nil || jerr != nil {
				break
			}
			quiet = 0
			_, err = fmt.Fprintf(c.w, "id: %s\nevent: event\ndata: %s\n\n", e.ID, body)
		}
	}
	return nil, errAnswered
}
