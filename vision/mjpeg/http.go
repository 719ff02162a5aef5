package mjpeg

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxResponseHeader = 16 << 10
	maxRedirects      = 3
	dialTimeout       = 5 * time.Second
)

// address is where a camera is. It keeps the credentials apart from the URL,
// so that no error text and no log can contain them.
type address struct {
	url            *url.URL // without user information
	user, password string
}

func parseAddress(raw string) (address, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		// The parser's error quotes the address, password and all.
		return address{}, errors.New("camera address is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return address{}, fmt.Errorf("camera address: scheme %q is not http or https", clip(u.Scheme, 16))
	case u.Hostname() == "":
		return address{}, errors.New("camera address has no host")
	}
	a := address{url: u}
	if u.User != nil {
		a.user = u.User.Username()
		a.password, _ = u.User.Password()
		u.User = nil
	}
	u.Fragment = ""
	return a, nil
}

// CheckURL tells whether raw can be a camera's address. The error does not
// repeat it.
func CheckURL(raw string) error {
	_, err := parseAddress(raw)
	return err
}

// ControlURL guesses the control address of a camera that streams at
// streamURL: the same host, port 80 where it streams on 81, and otherwise the
// stream's own port. Credentials stay in it.
func ControlURL(streamURL string) (string, error) {
	if err := CheckURL(streamURL); err != nil {
		return "", err
	}
	u, err := url.Parse(streamURL)
	if err != nil {
		return "", errors.New("camera address is not a URL")
	}
	if u.Port() == "81" {
		u.Host = strings.TrimSuffix(u.Host, ":81")
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = "", "", "", ""
	return u.String(), nil
}

// authorise adds the credentials, if there are any.
func (a address) authorise(req *http.Request) {
	if a.user != "" || a.password != "" {
		req.SetBasicAuth(a.user, a.password)
	}
}

// newHTTP makes a client for one camera: no proxy (cameras are in the house),
// no idle connections (an ESP32 has few sockets), no compression, and no
// redirect to another host.
func newHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxResponseHeader,
			ReadBufferSize:         32 << 10, // a picture in one read or two
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			from := via[0].URL
			switch {
			case len(via) > maxRedirects:
				return errors.New("too many redirects")
			case !strings.EqualFold(req.URL.Hostname(), from.Hostname()):
				return errors.New("redirect to another host refused")
			case req.URL.Scheme != from.Scheme && req.URL.Scheme != "https":
				return errors.New("redirect to another scheme refused")
			}
			return nil
		},
	}
}

// plain strips the address off an error of net/http: its query may hold a
// token.
func plain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// Why a camera that answers gives no stream.
var (
	ErrCredentials = errors.New("camera refuses the credentials")
	ErrBusy        = errors.New("camera is busy with another client")
	// ErrStatus is any other status than 200: something else lives there.
	ErrStatus = errors.New("camera answers with an error")
)

// refusal explains a status that is not 200.
func refusal(code int) error {
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w (status %d)", ErrCredentials, code)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return fmt.Errorf("%w (status %d)", ErrBusy, code)
	}
	return fmt.Errorf("%w (status %d)", ErrStatus, code)
}
