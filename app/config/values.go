package config

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"agentid/app/domain"
)

// kind is the sort of value that a setting takes.
type kind string

const (
	kindText     kind = "text"
	kindInt      kind = "int"
	kindFloat    kind = "float"
	kindBool     kind = "bool"
	kindDuration kind = "duration"
)

func (k kind) text() text {
	return map[kind]text{
		kindText:     {`un texto entre comillas, como "abc"`, `a text in quotes, like "abc"`},
		kindInt:      {"un número entero, como 3", "a whole number, like 3"},
		kindFloat:    {"un número, como 0.6", "a number, like 0.6"},
		kindBool:     {"true o false", "true or false"},
		kindDuration: {`una duración entre comillas, como "30s" o "2m"`, `a duration in quotes, like "30s" or "2m"`},
	}[k]
}

func wrongKind(k kind) *fault {
	t := k.text()
	return &fault{text{"no es el tipo de valor esperado", "is not the sort of value expected"},
		text{"Escriba " + t.es + ".", "Write " + t.en + "."}}
}

// value is where a setting goes, and how its text is read.
type value interface {
	kind() kind
	set(raw string) *fault
	get() string
}

type textValue struct {
	p     *string
	check func(string) *fault
}

func (textValue) kind() kind    { return kindText }
func (v textValue) get() string { return *v.p }
func (v textValue) set(s string) *fault {
	if f := checkText(s); f != nil {
		return f
	}
	if v.check != nil {
		if f := v.check(s); f != nil {
			return f
		}
	}
	*v.p = s
	return nil
}

type addressValue struct{ p *Address }

func (addressValue) kind() kind    { return kindText }
func (v addressValue) get() string { return v.p.String() }
func (v addressValue) set(s string) *fault {
	f := checkText(s)
	if f == nil {
		f = checkAddress(s)
	}
	if f == nil {
		*v.p = Address(s)
	}
	return f
}

// controlValue is the address of a camera's control port, or nothing.
type controlValue struct{ p *Address }

func (controlValue) kind() kind    { return kindText }
func (v controlValue) get() string { return v.p.String() }
func (v controlValue) set(s string) *fault {
	if f := addressValue(v).set(s); f != nil {
		return f
	}
	if s != "" && v.p.Kind() != CameraMJPEG {
		return &fault{text{"no es una dirección http", "is not an http address"},
			text{`Escriba por ejemplo "http://192.168.4.1".`, `Write for example "http://192.168.4.1".`}}
	}
	return nil
}

type langValue struct{ p *domain.Lang }

func (langValue) kind() kind    { return kindText }
func (v langValue) get() string { return string(*v.p) }
func (v langValue) set(s string) *fault {
	if f := oneOf(string(domain.Spanish), string(domain.English))(s); f != nil {
		return f
	}
	*v.p = domain.Lang(s)
	return nil
}

type levelValue struct{ p *slog.Level }

func (levelValue) kind() kind    { return kindText }
func (v levelValue) get() string { return strings.ToLower(v.p.String()) }
func (v levelValue) set(s string) *fault {
	if f := oneOf("debug", "info", "warn", "error")(s); f != nil {
		return f
	}
	if err := v.p.UnmarshalText([]byte(s)); err != nil {
		return wrongKind(kindText)
	}
	return nil
}

type intValue struct {
	p        *int
	min, max int
	zero     bool // 0 is allowed besides, as "leave it"
}

func (intValue) kind() kind    { return kindInt }
func (v intValue) get() string { return strconv.Itoa(*v.p) }
func (v intValue) set(s string) *fault {
	n, err := strconv.Atoi(s)
	if err != nil {
		return wrongKind(kindInt)
	}
	if (n < v.min || n > v.max) && !(v.zero && n == 0) {
		return outOfRange(strconv.Itoa(v.min), strconv.Itoa(v.max), v.zero)
	}
	*v.p = n
	return nil
}

type floatValue struct {
	p        *float64
	min, max float64
}

func (floatValue) kind() kind    { return kindFloat }
func (v floatValue) get() string { return strconv.FormatFloat(*v.p, 'g', -1, 64) }
func (v floatValue) set(s string) *fault {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) {
		return wrongKind(kindFloat)
	}
	if n < v.min || n > v.max {
		return outOfRange(fmt.Sprint(v.min), fmt.Sprint(v.max), false)
	}
	*v.p = n
	return nil
}

type boolValue struct{ p *bool }

func (boolValue) kind() kind    { return kindBool }
func (v boolValue) get() string { return strconv.FormatBool(*v.p) }
func (v boolValue) set(s string) *fault {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "sí", "si":
		*v.p = true
	case "false", "0", "no", "off":
		*v.p = false
	default:
		return wrongKind(kindBool)
	}
	return nil
}

type durationValue struct {
	p        *time.Duration
	min, max time.Duration
}

func (durationValue) kind() kind    { return kindDuration }
func (v durationValue) get() string { return v.p.String() }
func (v durationValue) set(s string) *fault {
	d, err := time.ParseDuration(s)
	if err != nil {
		return wrongKind(kindDuration)
	}
	if d < v.min || d > v.max {
		return outOfRange(v.min.String(), v.max.String(), false)
	}
	*v.p = d
	return nil
}

func outOfRange(low, high string, zero bool) *fault {
	mend := text{"Escriba un valor de " + low + " a " + high + ".", "Write a value from " + low + " to " + high + "."}
	if zero {
		mend = text{
			"Escriba un valor de " + low + " a " + high + ", o 0 para no cambiarlo.",
			"Write a value from " + low + " to " + high + ", or 0 to leave it as it is."}
	}
	return &fault{text{"está fuera de límites", "is out of range"}, mend}
}

// checkText holds for every text: it is one, on one line, of a sane length.
func checkText(s string) *fault {
	mend := text{"Escriba un texto corto de una sola línea.", "Write a short text on a single line."}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return &fault{text{"tiene caracteres que no son texto", "has characters that are not text"}, mend}
	}
	if len(s) > 4096 {
		return &fault{text{"es demasiado largo", "is too long"}, mend}
	}
	return nil
}

func atMost(n int) func(string) *fault {
	return func(s string) *fault {
		if utf8.RuneCountInString(s) > n {
			return &fault{text{"es demasiado largo", "is too long"}, text{
				fmt.Sprintf("Escriba a lo sumo %d caracteres.", n), fmt.Sprintf("Write at most %d characters.", n)}}
		}
		return nil
	}
}

func oneOf(known ...string) func(string) *fault {
	return func(s string) *fault {
		for _, k := range known {
			if s == k {
				return nil
			}
		}
		list := strings.Join(known, ", ")
		return &fault{text{"no es un valor conocido", "is not a known value"},
			text{"Elija uno de: " + list + ".", "Choose one of: " + list + "."}}
	}
}

// checkModel takes auto, an engine's name or a model id of the manifest.
func checkModel(s string) *fault {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.' {
			s = ""
			break
		}
	}
	if s == "" || len(s) > 64 {
		return &fault{text{"no es un codificador", "is not an encoder"}, text{
			"Escriba auto, dlib, onnx o un id de `agentid models list`.",
			"Write auto, dlib, onnx or an id of `agentid models list`."}}
	}
	return nil
}

// checkPrinter takes what CUPS calls a printer or a paper, or nothing.
func checkPrinter(s string) *fault {
	plain := !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-@", r)
	})
	if !plain || len(s) > 120 {
		return &fault{text{"no es un nombre de CUPS", "is not a name that CUPS has"}, text{
			"Escriba un nombre de `lpstat -e`, o un papel como A4.", "Write a name of `lpstat -e`, or a paper like A4."}}
	}
	return nil
}

// checkVoice takes a program that the kiosk knows how to speak with, by its name
// or its whole path, or nothing.
func checkVoice(s string) *fault {
	name := s[strings.LastIndexByte(s, '/')+1:]
	if s == "" || (name == "spd-say" || name == "espeak-ng") && (name == s || s[0] == '/') {
		return nil
	}
	return &fault{text{"no es una voz conocida", "is not a voice that is known"}, text{
		"Escriba spd-say, espeak-ng o la ruta completa de uno de ellos, o nada para que no hable.",
		"Write spd-say, espeak-ng or the whole path of one of them, or nothing for silence."}}
}

// checkCentre takes the address of a centre, or nothing. Credentials are no part
// of it: they would be shown with it.
func checkCentre(s string) *fault {
	if s == "" {
		return nil
	}
	bad := func(es, en string) *fault {
		return &fault{text{es, en}, text{
			`Escriba por ejemplo "https://central.banco.example", o "" para trabajar solo.`,
			`Write for example "https://central.bank.example", or "" to work alone.`}}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > maxAddress || u.Host == "" || u.Hostname() == "":
		return bad("no es una dirección completa", "is not a complete address")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return bad("lleva usuario, consulta o fragmento", "has a user, a query or a fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return bad("no es https", "is not https")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		return bad("http sin cifrar solo se acepta en esta misma máquina", "plain http is spoken to this machine alone")
	}
	return nil
}

// checkLoopback takes HOST:PORT on this machine alone, or nothing.
func checkLoopback(s string) *fault {
	if s == "" {
		return nil
	}
	bad := func(es, en string) *fault {
		return &fault{text{es, en}, text{
			`Escriba por ejemplo "127.0.0.1:9464", o "" para apagarla.`,
			`Write for example "127.0.0.1:9464", or "" to turn it off.`}}
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return bad("no es una dirección con puerto", "is not an address with a port")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return bad("el puerto no está entre 0 y 65535", "the port is not within 0 to 65535")
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return bad("la telemetría solo se ofrece en esta misma máquina", "telemetry is offered on this machine alone")
	}
	return nil
}
