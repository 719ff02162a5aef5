package protocol

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// How long things hold.
const (
	CodeLife      = 10 * time.Minute // of an enrolment code
	AssertionLife = 5 * time.Minute  // at most, of a kiosk's assertion
	TokenLife     = 15 * time.Minute // of an access token
	ClockLeeway   = 60 * time.Second
)

// GrantJWTBearer is the grant_type of POST /v1/token (RFC 7523). The form has
// one more field, assertion: a JWT of typ "JWT" and alg EdDSA, signed by the
// kiosk's key; iss and sub are the device id, aud is EnrolAnswer.Audience, iat
// and exp are at most AssertionLife apart, jti is used once.
const GrantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const codeBytes = 16

// Crockford's alphabet: no letter that is taken for another.
var codeAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewCode makes an enrolment code of 128 bits, in groups for reading aloud.
func NewCode() string {
	var b [codeBytes]byte
	rand.Read(b[:])
	t := codeAlphabet.EncodeToString(b[:])
	var groups []string
	for ; len(t) > 5; t = t[5:] {
		groups = append(groups, t[:5])
	}
	return strings.Join(append(groups, t), "-")
}

// CleanCode reads a code as people type it.
func CleanCode(s string) (string, error) {
	if len(s) > 100 {
		return "", contentf("enrolment code too long")
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch r {
		case '-', ' ', '\t', '\n', '\r':
		case 'O':
			b.WriteByte('0')
		case 'I', 'L':
			b.WriteByte('1')
		default:
			b.WriteRune(r)
		}
	}
	raw, err := codeAlphabet.DecodeString(b.String())
	if err != nil || len(raw) != codeBytes {
		return "", contentf("no enrolment code: want 26 letters and digits")
	}
	return codeAlphabet.EncodeToString(raw), nil
}

// EnrolRequest joins a kiosk to a site. Asked again with the same code and
// keys while the code holds, it gives the same answer.
type EnrolRequest struct {
	Code     string `json:"code"`
	DeviceID string `json:"device_id"`
	Name     string `json:"name,omitempty"`    // what staff call the kiosk
	Program  string `json:"program,omitempty"` // and its version
	// PublicKey is the kiosk's Ed25519 key, which signs assertions.
	PublicKey []byte `json:"public_key"`
	// ExchangeKey is the kiosk's X25519 key, to which the site key is sealed.
	ExchangeKey []byte `json:"exchange_key"`
	// Proof is PublicKey's signature of ProofText.
	Proof []byte `json:"proof"`
}

// Sign sets PublicKey and Proof.
func (r *EnrolRequest) Sign(key ed25519.PrivateKey) error {
	code, err := CleanCode(r.Code)
	if err != nil {
		return err
	}
	r.Code, r.PublicKey = code, key.Public().(ed25519.PublicKey)
	r.Proof = ed25519.Sign(key, r.proofText())
	return r.Check()
}

func (r *EnrolRequest) proofText() []byte {
	return fmt.Appendf(nil, "agentid enrolment 1\n%s\n%s\n%x\n%x", r.Code, r.DeviceID, r.PublicKey, r.ExchangeKey)
}

// Check holds the request to its form, and its proof to its key. Code is clean
// after it.
func (r *EnrolRequest) Check() error {
	code, err := CleanCode(r.Code)
	if err != nil {
		return err
	}
	r.Code = code
	switch {
	case !ValidID(r.DeviceID):
		return contentf("device id is no canonical uuid")
	case len(r.PublicKey) != ed25519.PublicKeySize || len(r.ExchangeKey) != exchangeKeySize:
		return contentf("keys are not Ed25519 and X25519")
	case !ed25519.Verify(r.PublicKey, r.proofText(), r.Proof):
		return contentf("proof does not fit the key")
	}
	return labels(r.Name, r.Program)
}

// EnrolAnswer tells a kiosk where it belongs.
type EnrolAnswer struct {
	DeviceID string `json:"device_id"`
	SiteID   string `json:"site_id"`
	SiteName string `json:"site_name"`
	Branch   string `json:"branch"`
	Audience string `json:"audience"` // aud of its assertions
	// SiteKey is sealed to ExchangeKey; see OpenSiteKey.
	SiteKey    SealedKey `json:"site_key"`
	Keys       JWKS      `json:"keys"`
	ServerTime time.Time `json:"server_time"`
}

// Token is the answer of POST /v1/token.
type Token struct {
	AccessToken string    `json:"access_token"`
	TokenType   string    `json:"token_type"` // "Bearer"
	ExpiresIn   int       `json:"expires_in"` // seconds
	ServerTime  time.Time `json:"server_time"`
	// SiteKeys are the keys of the site, the newest first, sealed to the
	// kiosk: what was sealed before a change of key stays readable.
	SiteKeys []SealedKey `json:"site_keys"`
}

// JWK is an Ed25519 public key (RFC 8037).
type JWK struct {
	Kty string `json:"kty"` // "OKP"
	Crv string `json:"crv"` // "Ed25519"
	Alg string `json:"alg"` // "EdDSA"
	Use string `json:"use"` // "sig"
	Kid string `json:"kid"`
	X   string `json:"x"` // base64url, no padding
}

// JWKS are the keys that the centre signs with: the present one first.
type JWKS struct {
	Keys []JWK `json:"keys"`
}
