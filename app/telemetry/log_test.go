package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"strings"
	"testing"
	"time"

	"agentid/app/domain"
	"agentid/app/telemetry"
)

// line logs with attrs and gives the line as logged and as read.
func line(t *testing.T, attrs ...any) (string, map[string]any) {
	t.Helper()
	var out bytes.Buffer
	telemetry.NewLogger(&out, slog.LevelInfo).Info("something happened", attrs...)
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if m["msg"] != "something happened" || m["level"] != "INFO" || m["time"] == nil {
		t.Fatalf("the line lost its own parts: %s", out.String())
	}
	return out.String(), m
}

const secret = "Lucia Perez 30111222"

type person struct{ Name string }

type hidden struct{ text string }

func (h hidden) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", h.text), slog.Int("n", 1))
}

func TestLogKeepsPeopleOut(t *testing.T) {
	for name, attr := range map[string]slog.Attr{
		"name":               slog.String("name", secret),
		"capital":            slog.String("Name", secret),
		"part of a key":      slog.String("given_name", secret),
		"dotted key":         slog.String("person.document", secret),
		"token":              slog.String("token", secret),
		"template":           slog.Any("template", []float32{0.25, 0.5}),
		"vector by any key":  slog.Any("v", []float32{0.25, 0.5}),
		"jpeg":               slog.Any("jpeg", []byte(secret)),
		"bytes by any key":   slog.Any("body", []byte(secret)),
		"structure":          slog.Any("who", person{secret}),
		"pointer":            slog.Any("who", &person{secret}),
		"domain person":      slog.Any("p", domain.Person{Name: secret}),
		"domain template":    slog.Any("p", domain.Template{Vector: []float32{0.25, 0.5}, PersonID: secret}),
		"list":               slog.Any("all", []person{{secret}}),
		"map":                slog.Any("m", map[string]string{"x": secret}),
		"error by its key":   slog.Any("document", errors.New(secret)),
		"in a private group": slog.Group("document", slog.String("number", secret)),
		"LogValuer":          slog.Any("who", hidden{secret}),
		"address":            slog.String("url", "http://admin:"+strings.ReplaceAll(secret, " ", "")+"@cam/stream"),
		"address in error":   slog.Any("error", fmt.Errorf("dial: %w", errors.New("rtsp://u:"+strings.ReplaceAll(secret, " ", "")+"@cam: refused"))),
	} {
		text, _ := line(t, attr)
		for _, s := range []string{secret, "LuciaPerez", "0.25", "THVjaWE"} { // the last is base64
			if strings.Contains(text, s) {
				t.Errorf("%s: the log tells %q: %s", name, s, text)
			}
		}
	}
}

func TestLogTellsTheRest(t *testing.T) {
	var nobody *image.Point // its String method panics
	text, m := line(t,
		slog.Int("templates", 5), slog.Bool("token_valid", true), slog.Duration("age", time.Second),
		slog.Any("error", errors.New("camera does not answer")), slog.Any("reason", domain.ReasonUnknown),
		slog.Any("encoder", domain.EncoderRef{Name: "dlib", Version: "1"}), slog.Any("none", nil), slog.Any("nobody", nobody),
		slog.String("url", "http://cam/stream?x=1"), slog.String("mail", "a@b"), slog.String("person", "0198-uuid"))
	for key, want := range map[string]any{
		"templates": 5.0, "token_valid": true, "error": "camera does not answer", "reason": "unknown", "encoder": "dlib@1",
		"url": "http://cam/stream?x=1", "mail": "a@b", "person": "0198-uuid", "nobody": "[*image.Point]", "none": "<nil>",
	} {
		if m[key] != want {
			t.Errorf("%s is %v, expected %v, in %s", key, m[key], want, text)
		}
	}
}

func TestLogLevelChangesWhileItRuns(t *testing.T) {
	var out bytes.Buffer
	var level slog.LevelVar
	log := telemetry.NewLogger(&out, &level)
	log.Debug("unheard")
	level.Set(slog.LevelDebug)
	log.Debug("heard")
	if s := out.String(); strings.Contains(s, "unheard") || !strings.Contains(s, "heard") {
		t.Errorf("%s", s)
	}
}

func FuzzLogKeepsPrivateTexts(f *testing.F) {
	f.Add("name", "x")
	f.Add("user.given-name", "x\"\n}")
	f.Fuzz(func(t *testing.T, key, value string) {
		const marked = "S3CRET"
		var out bytes.Buffer
		telemetry.NewLogger(&out, slog.LevelInfo).Info("m",
			slog.String(key+"_name", marked+value), slog.Group("token", slog.String(key, marked+value)), slog.Any(key, person{marked + value}))
		if strings.Contains(key, marked) {
			return
		}
		if !json.Valid(out.Bytes()) || strings.Contains(out.String(), marked) {
			t.Errorf("%q, %q: %s", key, value, out.String())
		}
	})
}
