package telemetry

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
)

// Redacted stands in the log where a value was kept out of it.
const Redacted = "[redacted]"

// NewLogger logs JSON lines to w. Pass a *slog.LevelVar to change the level
// while the program runs. A guard keeps people's data out, whoever forgets:
// see guard.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: guard}))
}

// private are words that, in a key, mark what must not be in a log.
var private = map[string]bool{
	"template": true, "templates": true, "vector": true, "vectors": true, "embedding": true, "encoding": true,
	"jpeg": true, "image": true, "snapshot": true, "photo": true, "pixels": true,
	"name": true, "names": true, "given": true, "document": true, "dni": true, "email": true, "phone": true, "address": true, "birth": true,
	"token": true, "password": true, "secret": true, "key": true, "pin": true, "qr": true, "authorization": true, "cookie": true,
}

// credentials are those of an address.
var credentials = regexp.MustCompile(`(://)[^/\s"'@]+@`)

// guard is the last line that keeps people's data and secrets out of the log:
//   - a text under a private key, or in a private group, is redacted; numbers,
//     truths and times pass, so that templates=5 may be said;
//   - bytes and structures never pass, whatever their key: only errors and what
//     can write itself as text;
//   - credentials in an address are cut out of every text.
func guard(groups []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if isPrivate(groups, a.Key) {
			a.Value = slog.StringValue(Redacted)
		} else {
			a.Value = slog.StringValue(scrub(a.Value.String()))
		}
	case slog.KindAny:
		if _, isLevel := a.Value.Any().(slog.Level); isLevel && len(groups) == 0 && a.Key == slog.LevelKey {
			return a
		}
		if isPrivate(groups, a.Key) {
			a.Value = slog.StringValue(Redacted)
		} else {
			a.Value = slog.StringValue(describe(a.Value.Any()))
		}
	}
	return a
}

func isPrivate(groups []string, key string) bool {
	for _, g := range groups {
		if hasPrivateWord(g) {
			return true
		}
	}
	return hasPrivateWord(key)
}

func hasPrivateWord(key string) bool {
	for word := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '_' || r == '.' || r == '-' || r == ' ' }) {
		if private[strings.ToLower(word)] {
			return true
		}
	}
	return false
}

func scrub(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	return credentials.ReplaceAllString(s, "${1}***@")
}

// describe gives what can safely be told of a value: its text where it has
// one, else only its type.
func describe(v any) (s string) {
	defer func() {
		if recover() != nil { // a method of a nil pointer
			s = fmt.Sprintf("[%T]", v)
		}
	}()
	switch v := v.(type) {
	case nil:
		return "<nil>"
	case error:
		return scrub(v.Error())
	case fmt.Stringer:
		return scrub(v.String())
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return fmt.Sprintf("[%T]", v)
		}
		return scrub(string(text))
	}
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.String:
		return scrub(x.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("[%T]", v)
}
