package api

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"agentid/app/domain"
	"agentid/sync/central/postgres"
	"agentid/sync/protocol"
)

// typAccess is what access tokens say they are (RFC 9068): nothing else that
// the centre signs is taken for one.
const typAccess = "at+jwt"

// maxToken bounds a token and an assertion, in bytes.
const maxToken = 4096

func refusedf(status int, code protocol.Code, format string, args ...any) error {
	return protocol.NewProblem(status, code, fmt.Sprintf(format, args...))
}

// enrol joins a kiosk.
func (s *Server) enrol(c *call) (any, error) {
	if wait := s.addresses.take(c.network, s.Clock.Now()); wait > 0 {
		return nil, &limited{wait}
	}
	var r protocol.EnrolRequest
	if err := c.decode(protocol.MaxSmall, &r); err != nil {
		return nil, err
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	k, err := s.DB.Enrol(c.ctx(), r)
	if err != nil {
		return nil, err
	}
	c.kiosk = k
	name, err := s.DB.SiteName(c.ctx(), k.Site)
	if err != nil {
		return nil, err
	}
	sealed, err := s.siteKeys(c, k)
	if err != nil {
		return nil, err
	}
	keys, err := s.DB.SigningKeys(c.ctx())
	if err != nil {
		return nil, err
	}
	return protocol.EnrolAnswer{DeviceID: k.Device, SiteID: k.Site, SiteName: name, Branch: k.Branch, Audience: s.Audience,
		SiteKey: sealed[0], Keys: jwksOf(keys), ServerTime: s.Clock.Now().UTC()}, nil
}

// siteKeys are the keys of a kiosk's site, sealed to it.
func (s *Server) siteKeys(c *call, k postgres.Kiosk) ([]protocol.SealedKey, error) {
	keys, err := s.DB.SiteKeys(c.ctx(), k.Site)
	if err != nil {
		return nil, err
	}
	var out []protocol.SealedKey
	for _, sk := range keys {
		sealed, err := sk.SealTo(k.Device, k.ExchangeKey)
		if err != nil {
			return nil, err
		}
		out = append(out, sealed)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("site %s has no key", k.Site)
	}
	return out, nil
}

// token sells an access token for an assertion.
func (s *Server) token(c *call) (any, error) {
	if wait := s.addresses.take(c.network, s.Clock.Now()); wait > 0 {
		return nil, &limited{wait}
	}
	if err := c.kind("application/x-www-form-urlencoded"); err != nil {
		return nil, err
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, protocol.MaxSmall)
	if err := c.r.ParseForm(); err != nil {
		return nil, reading(err)
	}
	f := c.r.PostForm
	if len(f["grant_type"]) != 1 || f.Get("grant_type") != protocol.GrantJWTBearer {
		p := protocol.NewProblem(http.StatusBadRequest, protocol.CodeBadRequest, "want grant_type "+protocol.GrantJWTBearer)
		p.OAuth = "unsupported_grant_type"
		return nil, p
	}
	if len(f["assertion"]) != 1 || len(f.Get("assertion")) > maxToken {
		return nil, invalidGrant("want one assertion")
	}
	k, err := s.assertion(c, f.Get("assertion"))
	if err != nil {
		return nil, err
	}
	c.kiosk = k
	sealed, err := s.siteKeys(c, k)
	if err != nil {
		return nil, err
	}
	keys, err := s.DB.SigningKeys(c.ctx())
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now().UTC()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: s.Audience, Subject: k.Device, Audience: jwt.ClaimStrings{s.Audience}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(protocol.TokenLife)),
	})
	t.Header["kid"], t.Header["typ"] = keys[0].ID, typAccess
	signed, err := t.SignedString(keys[0].Private)
	if err != nil {
		return nil, fmt.Errorf("sign token: %w", err)
	}
	return protocol.Token{AccessToken: signed, TokenType: "Bearer", ExpiresIn: int(protocol.TokenLife / time.Second), ServerTime: now, SiteKeys: sealed}, nil
}

func invalidGrant(detail string) error {
	p := protocol.NewProblem(http.StatusBadRequest, protocol.CodeInvalidGrant, detail)
	p.OAuth = "invalid_grant"
	return p
}

// assertion holds an assertion to the key that its kiosk enrolled with. Only
// that key counts: a key that the assertion brings along, or an address of one,
// is not looked at.
func (s *Server) assertion(c *call, raw string) (postgres.Kiosk, error) {
	var k postgres.Kiosk
	var claims jwt.RegisteredClaims
	var cause error // of ours, not of the assertion
	p := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience(s.Audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(protocol.ClockLeeway), jwt.WithTimeFunc(s.Clock.Now), jwt.WithStrictDecoding())
	_, err := p.ParseWithClaims(raw, &claims, func(*jwt.Token) (any, error) {
		if !protocol.ValidID(claims.Subject) || claims.Issuer != claims.Subject {
			return nil, errors.New("iss and sub are no device")
		}
		if k, cause = s.DB.Kiosk(c.ctx(), claims.Subject); cause != nil {
			return nil, cause
		}
		return ed25519.PublicKey(k.PublicKey), nil
	})
	switch {
	case errors.Is(cause, domain.ErrNotFound):
		return k, refusedf(http.StatusUnauthorized, protocol.CodeUnknown, "no kiosk of that id was enrolled here")
	case cause != nil:
		return k, cause
	case errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenUsedBeforeIssued) || errors.Is(err, jwt.ErrTokenNotValidYet):
		// Only who signed it right hears that the clock is all that is wrong.
		return k, refusedf(http.StatusBadRequest, protocol.CodeClock, "the assertion is of another time; server_time tells this one")
	case err != nil:
		return k, invalidGrant("the assertion does not hold")
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > protocol.AssertionLife || claims.ExpiresAt.Before(claims.IssuedAt.Time):
		return k, invalidGrant("the assertion holds too long")
	case len(claims.ID) < 16 || len(claims.ID) > 64:
		return k, invalidGrant("want a jti of 16 to 64 bytes")
	case k.RevokedAt != nil:
		return k, refusedf(http.StatusForbidden, protocol.CodeRevoked, "this kiosk is no more trusted")
	}
	err = s.DB.UseAssertion(c.ctx(), k.Device, claims.ID, claims.ExpiresAt.Add(protocol.ClockLeeway))
	if errors.Is(err, postgres.ErrUsed) {
		return k, invalidGrant("the assertion was used before")
	}
	return k, err
}

// bearer is the token of a request.
func bearer(r *http.Request) (string, bool) {
	vs := r.Header.Values("Authorization")
	if len(vs) != 1 || len(vs[0]) > maxToken {
		return "", false
	}
	scheme, token, ok := strings.Cut(vs[0], " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// authenticate finds the kiosk that an access token was sold to, and bounds how
// often it asks: of a token that holds, revoked or not.
func (s *Server) authenticate(c *call) (postgres.Kiosk, error) {
	unauthorised := protocol.NewProblem(http.StatusUnauthorized, protocol.CodeUnauthorised, "want an access token that holds")
	raw, ok := bearer(c.r)
	if !ok {
		return postgres.Kiosk{}, unauthorised
	}
	keys, err := s.DB.SigningKeys(c.ctx())
	if err != nil {
		return postgres.Kiosk{}, err
	}
	var claims jwt.RegisteredClaims
	p := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience(s.Audience), jwt.WithIssuer(s.Audience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.Clock.Now), jwt.WithStrictDecoding())
	_, err = p.ParseWithClaims(raw, &claims, func(t *jwt.Token) (any, error) {
		for _, k := range keys {
			if t.Header["kid"] == k.ID && t.Header["typ"] == typAccess {
				return k.Public, nil
			}
		}
		return nil, errors.New("no live key")
	})
	if err != nil || !protocol.ValidID(claims.Subject) {
		return postgres.Kiosk{}, unauthorised
	}
	// Asked too often, the database does not hear of it, whatever it would say.
	if wait := s.kiosks.take(claims.Subject, s.Clock.Now()); wait > 0 {
		return postgres.Kiosk{Device: claims.Subject}, &limited{wait}
	}
	k, err := s.DB.Kiosk(c.ctx(), claims.Subject)
	if errors.Is(err, domain.ErrNotFound) {
		return k, unauthorised
	}
	if err == nil && k.RevokedAt != nil {
		err = refusedf(http.StatusForbidden, protocol.CodeRevoked, "this kiosk is no more trusted")
	}
	// A kiosk that was enrolled anew since is not who bought the token.
	if err == nil && claims.IssuedAt != nil && claims.IssuedAt.Before(k.EnrolledAt.Truncate(time.Second)) {
		err = unauthorised
	}
	return k, err
}

// administrator finds who an administrator's token is of.
func (s *Server) administrator(c *call, want who) (postgres.Admin, error) {
	raw, ok := bearer(c.r)
	if !ok {
		return postgres.Admin{}, refusedf(http.StatusUnauthorized, protocol.CodeUnauthorised, "want an administrator's token")
	}
	a, err := s.DB.Admin(c.ctx(), raw)
	if errors.Is(err, domain.ErrNotFound) {
		return a, refusedf(http.StatusUnauthorized, protocol.CodeUnauthorised, "want an administrator's token")
	}
	if err == nil && want == admin && a.Role != postgres.RoleAdmin {
		err = refusedf(http.StatusForbidden, protocol.CodeForbidden, "this account may only read")
	}
	return a, err
}

func jwksOf(keys []postgres.SigningKey) protocol.JWKS {
	var out protocol.JWKS
	for _, k := range keys {
		out.Keys = append(out.Keys, k.JWK())
	}
	return out
}

func (s *Server) jwks(c *call) (any, error) {
	keys, err := s.DB.SigningKeys(c.ctx())
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Cache-Control", "public, max-age=60")
	return jwksOf(keys), nil
}

// sign makes a JWS (RFC 7515, compact) of the canonical form of v.
func (s *Server) sign(c *call, typ string, v any) (string, error) {
	keys, err := s.DB.SigningKeys(c.ctx())
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	body, err := protocol.Canonical(raw)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(map[string]string{"alg": "EdDSA", "kid": keys[0].ID, "typ": typ})
	if err != nil {
		return "", err
	}
	signing := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	return signing + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(keys[0].Private, []byte(signing))), nil
}
