package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// ErrAddress says that an address is none of a centre, or that one would be
// spoken to in the clear.
var ErrAddress = errors.New("invalid address of the centre")

// ErrCA says that a file holds no certificates of an authority.
var ErrCA = errors.New("invalid file of authorities")

const maxCAFile = 1 << 20

// checkAddress accepts https, and http to this machine alone.
func checkAddress(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 8<<10 || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, ErrAddress // the cause would quote it
	case u.Scheme == "https":
		return u, nil
	case u.Scheme != "http":
		return nil, fmt.Errorf("%w: want https", ErrAddress)
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%w: plain http leaves this machine", ErrAddress)
	}
	return u, nil
}

// baseAddress is the centre's address without what requests add to it.
func baseAddress(s string) (string, error) {
	u, err := checkAddress(strings.TrimSpace(s))
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" {
		return "", fmt.Errorf("%w: it has a query", ErrAddress)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// authorities reads the certificates of a file; nil for none: the system's.
// With also, the system's count too.
func authorities(file string, also bool) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, maxCAFile+1))
	if err != nil || len(pem) > maxCAFile {
		return nil, fmt.Errorf("%w: not read, or too large", ErrCA)
	}
	pool := x509.NewCertPool()
	if also {
		if system, err := x509.SystemCertPool(); err == nil {
			pool = system
		}
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %s has no certificate", ErrCA, file)
	}
	return pool, nil
}

// newTransport is one that notices a line that has died.
func newTransport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           8,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// newResty is a client that follows nothing and keeps nothing.
func newResty(t http.RoundTripper) *resty.Client {
	r := resty.NewWithClient(&http.Client{Transport: t})
	r.SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }))
	r.SetDisableWarn(true).SetLogger(quiet{}).SetAllowGetMethodPayload(false)
	return r
}

// quiet keeps resty from writing to standard error; errors are returned.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}
