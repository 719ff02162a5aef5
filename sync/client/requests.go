package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

const contentJSON = "application/json"

// SendBatch implements outbox.Centre.
func (c *Client) SendBatch(ctx context.Context, b protocol.Batch) (protocol.BatchAnswer, error) {
	z, err := protocol.EncodeBatch(b)
	if err != nil {
		return protocol.BatchAnswer{}, err
	}
	least := protocol.MinVersion
	for _, it := range b.Items {
		least = max(least, protocol.SinceVersion(it.Kind))
	}
	body, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/batches", body: z, contentType: contentJSON, gzip: true, limit: protocol.MaxBatchPlain, least: least,
	})
	if err != nil {
		return protocol.BatchAnswer{}, err
	}
	return protocol.DecodeBatchAnswer(body, b)
}

// Changes implements outbox.Centre.
func (c *Client) Changes(ctx context.Context, cursor string, limit int, wait time.Duration) (protocol.Page, error) {
	wait = min(wait, protocol.MaxWait).Truncate(time.Second)
	body, err := c.do(ctx, call{
		method: http.MethodGet, path: "/v1/changes", limit: protocol.MaxPage, wait: wait,
		query: url.Values{
			"cursor": {cursor}, "limit": {strconv.Itoa(min(limit, protocol.MaxChanges))},
			"wait": {strconv.Itoa(int(wait / time.Second))},
		},
	})
	if err != nil {
		return protocol.Page{}, err
	}
	return protocol.DecodePage(body)
}

// PutPicture implements outbox.Centre: a ticket, the bytes, the commit.
func (c *Client) PutPicture(ctx context.Context, r protocol.TicketRequest, picture []byte) error {
	var ticket protocol.Ticket
	if err := c.ask(ctx, "/v1/snapshots", r, &ticket); err != nil {
		return err
	}
	if ticket.Stored {
		return nil
	}
	if err := c.put(ctx, ticket, r.Type, picture); err != nil {
		return fmt.Errorf("put picture: %w", err)
	}
	var done protocol.CommitAnswer
	return c.ask(ctx, "/v1/snapshots/commit", r, &done)
}

// ask posts one small question and reads its small answer.
func (c *Client) ask(ctx context.Context, path string, question, answer any) error {
	b, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	body, err := c.do(ctx, call{method: http.MethodPost, path: path, body: b, contentType: contentJSON, limit: protocol.MaxSmall})
	if err != nil {
		return err
	}
	if err := protocol.DecodeStrict(body, protocol.MaxSmall, answer); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// maxTicketHeaders bounds the headers of a ticket.
const maxTicketHeaders = 32

// put puts a picture to where its ticket says, with the ticket's headers and
// no credentials. An object that is there already is as good.
func (c *Client) put(ctx context.Context, t protocol.Ticket, contentType string, picture []byte) error {
	if _, err := checkAddress(t.URL); err != nil {
		return err
	}
	if len(t.Headers) > maxTicketHeaders {
		return fmt.Errorf("%w: %d headers", protocol.ErrContent, len(t.Headers))
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeFor(len(picture)))
	defer cancel()
	r := c.objects.R().SetContext(ctx).SetDoNotParseResponse(true).SetHeader("Content-Type", contentType).SetBody(picture)
	for name, value := range t.Headers {
		r.SetHeader(name, value)
	}
	resp, err := r.Put(t.URL)
	if err != nil {
		return noQuery(err) // the address is as good as a password
	}
	defer resp.RawBody().Close()
	status := resp.StatusCode()
	if _, err := readAll(resp.RawBody(), protocol.MaxSmall); err != nil && status < 300 {
		return err
	}
	if status == http.StatusPreconditionFailed || status >= 200 && status < 300 {
		return nil
	}
	// What an object store says of a request is no word of the centre's.
	return &outbox.Refusal{Problem: protocol.DecodeProblem(status, nil), RetryAfter: retryAfter(resp.Header(), c.o.Clock.Now())}
}
