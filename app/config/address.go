package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"agentid/app/domain"
)

// CameraKind is what sort of camera an address names.
type CameraKind string

// The kinds of camera.
const (
	CameraDemo   CameraKind = "demo"   // demo: drawn people
	CameraMJPEG  CameraKind = "mjpeg"  // http(s)://HOST[:PORT]/PATH
	CameraRTSP   CameraKind = "rtsp"   // rtsp(s)://HOST[:PORT]/PATH
	CameraDevice CameraKind = "device" // device:N, a webcam
	CameraNone   CameraKind = "none"   // none: QR by scanner, PIN and staff
)

const (
	maxAddress = 2048
	maxDevice  = 63
)

// NoCamera says, in the place of an address, that the kiosk has no camera, and
// that it is no demo either.
const NoCamera Address = "none:"

// Address of a camera. It may hold a password, so printing it, in any form,
// shows it redacted; Reveal gives it whole.
type Address string

// Reveal is the address as it was written.
func (a Address) Reveal() string { return string(a) }

// Kind of the camera; demo where the address is empty.
func (a Address) Kind() CameraKind {
	scheme, _, _ := strings.Cut(string(a), ":")
	switch scheme {
	case "http", "https":
		return CameraMJPEG
	case "rtsp", "rtsps":
		return CameraRTSP
	case "device":
		return CameraDevice
	case "none":
		return CameraNone
	}
	return CameraDemo
}

// Device is the number of a CameraDevice, 0 for other kinds.
func (a Address) Device() int {
	n, err := strconv.Atoi(strings.TrimPrefix(string(a), "device:"))
	if err != nil {
		return 0
	}
	return n
}

// String is the address without credentials and without the values of its query.
func (a Address) String() string { return redactAddress(string(a)) }

// GoString keeps %#v from showing what String hides.
func (a Address) GoString() string { return strconv.Quote(a.String()) }

// MarshalText keeps JSON and logs from showing what String hides.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func redactAddress(s string) string {
	if s == "" || s == string(NoCamera) || strings.HasPrefix(s, "demo:") || strings.HasPrefix(s, "device:") {
		return cutText(s)
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		// Not an address: what of it is secret cannot be told.
		scheme, _, ok := strings.Cut(s, "://")
		if ok && isWord(scheme) {
			return scheme + "://***"
		}
		return "***"
	}
	out := u.Scheme + "://"
	if u.User != nil {
		out += "***@"
	}
	out += u.Host
	if path := u.EscapedPath(); strings.ContainsAny(path, "=@&") || len(path) > 80 {
		out += "/***" // some cameras take their password in the path
	} else {
		out += path
	}
	if u.RawQuery != "" {
		out += "?***"
	}
	return cutText(out)
}

func isWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 16
}

// CheckAddress says, to whoever wrote it, what is wrong with the address of a
// camera; "" where nothing is.
func CheckAddress(s string, l domain.Lang) string {
	if f := checkAddress(s); f != nil {
		return Problem{fault: *f}.Said(l)
	}
	return ""
}

func checkAddress(s string) *fault {
	bad := func(es, en string) *fault {
		return &fault{text{es, en}, text{
			`Escriba por ejemplo "http://192.168.4.1:81/stream", "rtsp://192.168.4.1/1", "device:0", "demo:" o "none:".`,
			`Write for example "http://192.168.4.1:81/stream", "rtsp://192.168.4.1/1", "device:0", "demo:" or "none:".`}}
	}
	if len(s) > maxAddress {
		return bad("es demasiado larga", "is too long")
	}
	scheme, rest, ok := strings.Cut(s, ":")
	switch scheme {
	case "":
		if s == "" {
			return nil
		}
	case "demo":
		if ok && rest == "" {
			return nil
		}
		if n, err := strconv.ParseUint(rest, 10, 32); ok && err == nil && strconv.FormatUint(n, 10) == rest {
			return nil
		}
		return bad(`"demo:" lleva a lo sumo un número (la semilla)`, `"demo:" takes at most a number (the seed)`)
	case "none":
		if ok && rest == "" {
			return nil
		}
		return bad(`"none:" no lleva nada más`, `"none:" takes nothing else`)
	case "device":
		if n, err := strconv.ParseUint(rest, 10, 8); ok && err == nil && n <= maxDevice {
			return nil
		}
		es := fmt.Sprintf(`"device:" lleva un número de 0 a %d`, maxDevice)
		return bad(es, fmt.Sprintf(`"device:" takes a number from 0 to %d`, maxDevice))
	case "http", "https", "rtsp", "rtsps":
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" || u.Opaque != "" {
			return bad("no es una dirección completa", "is not a complete address")
		}
		if p := u.Port(); p != "" {
			if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
				return bad("el puerto no está entre 1 y 65535", "the port is not within 1 to 65535")
			}
		}
		return nil
	}
	return bad("no dice qué clase de cámara es", "does not say what sort of camera it is")
}
