package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"agentid/sync/outbox"
	"agentid/sync/protocol"
)

// tokenMargin is how long before its end a token is renewed.
const tokenMargin = time.Minute

// missingFor is how long a site key that the centre did not give is not asked
// for again.
const missingFor = time.Minute

// access gives a token that holds, buying one where there is none. Those who
// ask at once wait for one purchase.
func (c *Client) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.o.Clock.Now().Before(c.until) {
		return c.token, nil
	}
	return c.token, c.buy(ctx)
}

// drop forgets a token that was refused, unless another has been bought since.
func (c *Client) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// buy buys a token. Where only the clock was wrong, the answer has told the
// right time, and the second assertion goes by it.
func (c *Client) buy(ctx context.Context) error {
	c.token = ""
	t, err := c.purchase(ctx)
	var r *outbox.Refusal
	if errors.As(err, &r) && r.Problem.Code == protocol.CodeClock {
		t, err = c.purchase(ctx)
	}
	if err != nil {
		return err
	}
	c.token = t.AccessToken
	life := time.Duration(t.ExpiresIn) * time.Second
	c.until = c.o.Clock.Now().Add(max(life-tokenMargin, life/2))
	return c.takeKeys(t.SiteKeys)
}

func (c *Client) purchase(ctx context.Context) (t protocol.Token, err error) {
	assertion, err := c.assertion()
	if err != nil {
		return t, err
	}
	form := url.Values{"grant_type": {protocol.GrantJWTBearer}, "assertion": {assertion}}
	body, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/token", body: []byte(form.Encode()),
		contentType: "application/x-www-form-urlencoded", open: true, limit: 16 * protocol.MaxSmall,
	})
	if err != nil {
		return t, err
	}
	if err := protocol.DecodeStrict(body, 16*protocol.MaxSmall, &t); err != nil {
		return t, fmt.Errorf("token: %w", err)
	}
	if t.AccessToken == "" || len(t.AccessToken) > 16<<10 || t.TokenType != "Bearer" || t.ExpiresIn <= 0 || t.ExpiresIn > 24*3600 {
		return protocol.Token{}, fmt.Errorf("token: %w: empty, endless or of another type", protocol.ErrContent)
	}
	return t, nil
}

// assertion says who this kiosk is, for a few minutes, once.
func (c *Client) assertion() (string, error) {
	var jti [16]byte
	rand.Read(jti[:])
	now := c.centreNow()
	// Half its life: the other half is left for clocks that do not agree.
	s, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": c.id.DeviceID, "sub": c.id.DeviceID, "aud": c.id.Membership.Audience,
		"iat": now.Unix(), "exp": now.Add(protocol.AssertionLife / 2).Unix(), "jti": hex.EncodeToString(jti[:]),
	}).SignedString(c.id.signing)
	if err != nil {
		return "", fmt.Errorf("sign assertion: %w", err)
	}
	return s, nil
}

// maxSiteKeys bounds the keys of a site.
const maxSiteKeys = 64

// openKeys opens what was sealed to this kiosk, in its order.
func openKeys(id *identity, sealed []protocol.SealedKey) ([]*protocol.SiteKey, error) {
	if len(sealed) > maxSiteKeys {
		return nil, fmt.Errorf("site keys: %w: %d, at most %d", protocol.ErrTooLarge, len(sealed), maxSiteKeys)
	}
	var keys []*protocol.SiteKey
	for _, s := range sealed {
		k, err := protocol.OpenSiteKey(id.Membership.SiteID, id.DeviceID, s, id.exchange)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// takeKeys takes over the keys that came with a token, and keeps them, sealed,
// for a start without the network.
func (c *Client) takeKeys(sealed []protocol.SealedKey) error {
	keys, err := openKeys(c.id, sealed)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return nil
	}
	same := func(a, b *protocol.SiteKey) bool { return a.ID == b.ID }
	changed := !slices.EqualFunc(c.keys, keys, same)
	c.keys = keys
	if !changed {
		return nil
	}
	clear(c.missing)
	next := *c.id
	m := *next.Membership
	m.SiteKeys = sealed
	next.Membership = &m
	c.id.Membership = &m
	if err := next.write(c.o.KeyFile); err != nil {
		// They are in memory; the next token brings them again.
		c.o.Log.Error("site keys not kept", slog.String("error", err.Error()))
	}
	return nil
}

// SiteKeys implements outbox.Centre.
func (c *Client) SiteKeys() []*protocol.SiteKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.keys)
}

// SiteKey implements outbox.Centre. A key that is not known is asked for, at
// most once a minute.
func (c *Client) SiteKey(ctx context.Context, id string) (*protocol.SiteKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	find := func() *protocol.SiteKey {
		for _, k := range c.keys {
			if id == "" || k.ID == id {
				return k
			}
		}
		return nil
	}
	if k := find(); k != nil {
		return k, nil
	}
	now := c.o.Clock.Now()
	if at, ok := c.missing[id]; !ok || now.Sub(at) >= missingFor {
		if err := c.buy(ctx); err != nil {
			return nil, err
		}
		if k := find(); k != nil {
			return k, nil
		}
		if len(c.missing) >= maxSiteKeys {
			clear(c.missing)
		}
		c.missing[id] = now
	}
	return nil, fmt.Errorf("%w: %.64q", outbox.ErrNoSiteKey, id)
}
