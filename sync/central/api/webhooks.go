package api

import (
	"net/http"
	"slices"

	"agentid/app/domain"
	"agentid/sync/central/hooks"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// WebhookRequest asks for an address to be told.
type WebhookRequest struct {
	Site string `json:"site"`
	URL  string `json:"url"`
	// Kinds of events; those of recognition and validation where empty.
	Kinds []string `json:"kinds,omitempty"`
}

// WebhookAnswer is a webhook with its secret, which is told once.
type WebhookAnswer struct {
	Webhook postgres.Webhook `json:"webhook"`
	Secret  string           `json:"secret"`
}

// Revived tells how many messages are tried again.
type Revived struct {
	Messages int64 `json:"messages"`
}

func (s *Server) addWebhook(c *call) (any, error) {
	var in WebhookRequest
	if err := c.decode(protocol.MaxSmall, &in); err != nil {
		return nil, err
	}
	if err := hooks.CheckURL(in.URL); err != nil {
		return nil, refusedf(http.StatusBadRequest, protocol.CodeMalformed, "url: %v", err)
	}
	if len(in.Kinds) == 0 {
		in.Kinds = []string{string(domain.EventRecognition), string(domain.EventValidation)}
	}
	slices.Sort(in.Kinds)
	if in.Kinds = slices.Compact(in.Kinds); len(in.Kinds) > 32 {
		return nil, refusedf(http.StatusBadRequest, protocol.CodeMalformed, "kinds: at most 32")
	}
	for _, k := range in.Kinds {
		if err := short("kinds", k); err != nil {
			return nil, err
		}
	}
	w, secret, err := s.DB.AddWebhook(c.ctx(), in.Site, in.URL, in.Kinds)
	return WebhookAnswer{w, secret}, err
}

func (s *Server) webhooks(c *call) (any, error) {
	list, err := s.DB.Webhooks(c.ctx())
	return list, err
}

func (s *Server) closeWebhook(c *call) (any, error) {
	in, err := s.why(c)
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("webhook")
	if !protocol.ValidID(id) {
		return nil, domain.ErrNotFound
	}
	return Done{true}, s.DB.CloseWebhook(c.ctx(), id, in.Why)
}

func (s *Server) revive(c *call) (any, error) {
	id := c.r.PathValue("webhook")
	if !protocol.ValidID(id) {
		return nil, domain.ErrNotFound
	}
	n, err := s.DB.Revive(c.ctx(), id)
	return Revived{n}, err
}
