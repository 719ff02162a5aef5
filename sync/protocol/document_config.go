package protocol

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Refs of configuration documents: that of a site is for all its kiosks, and
// that of a kiosk goes before it, key by key.
const (
	ConfigOfSite  = "site"
	configOfKiosk = "kiosk/"
)

// ConfigOfKiosk is the ref of one kiosk's configuration.
func ConfigOfKiosk(device string) string { return configOfKiosk + device }

// ConfigValue is what a key may be set to.
type ConfigValue struct {
	// One of these is how the value is written: Text up to that many characters,
	// one of Options, a whole number or any from Least to Most, a duration.
	Text          int
	Options       []string
	Whole, Number bool
	Duration      bool
	Least, Most   float64 // of a duration, in seconds
}

// ConfigKeys are the settings that a centre may set. None of them is a path, a
// key, a command, an address or a device: who has the centre does not have the
// machine. A kiosk holds the values to its own rules besides.
func ConfigKeys() map[string]ConfigValue {
	number := func(least, most float64) ConfigValue { return ConfigValue{Number: true, Least: least, Most: most} }
	whole := func(least, most float64) ConfigValue { return ConfigValue{Whole: true, Least: least, Most: most} }
	seconds := func(least, most float64) ConfigValue {
		return ConfigValue{Duration: true, Least: least, Most: most}
	}
	text := func(most int) ConfigValue { return ConfigValue{Text: most} }
	option := func(list ...string) ConfigValue { return ConfigValue{Options: list} }
	return map[string]ConfigValue{
		"lang":                         option("es", "en"),
		"site.organisation":            text(60),
		"site.branch":                  text(60),
		"recognition.threshold":        number(0, 2),
		"recognition.verify_threshold": number(0, 2),
		"recognition.max_spread":       number(0, 2),
		"recognition.margin":           number(0, 1),
		"recognition.votes":            whole(1, 9),
		"recognition.min_face_px":      whole(48, 1000),
		"recognition.recheck":          seconds(0.5, 60),
		"recognition.cooldown":         seconds(1, 24*3600),
		"liveness.mode":                option("off", "either", "both"),
		"liveness.min_score":           number(0.01, 1),
		"liveness.timeout":             seconds(3, 60),
		"liveness.gestures":            option("all", "turn", "blink"),
		"retention.months":             whole(1, 120),
		"retention.snapshot_days":      whole(1, 3650),
		"faq.bank":                     text(120),
		"faq.branch":                   text(120),
		"faq.hours":                    text(120),
		"faq.hours_en":                 text(120),
		"faq.phone":                    text(120),
		"faq.address":                  text(120),
		"faq.website":                  text(120),
		"faq.atm_limit":                text(120),
		"faq.atm_limit_en":             text(120),
		"sync.rate_kbps":               whole(0, 1_000_000),
		"log.level":                    option("debug", "info", "warn", "error"),
	}
}

// ParseConfig reads a configuration: one JSON object of keys and their values,
// which it gives as a configuration file would have them.
func ParseConfig(ref, content string) (map[string]string, error) {
	if device, ok := strings.CutPrefix(ref, configOfKiosk); ref != ConfigOfSite && (!ok || !ValidID(device)) {
		return nil, contentf("ref: want %s, or %s and the kiosk's id", ConfigOfSite, configOfKiosk)
	}
	var doc map[string]json.RawMessage
	if err := DecodeStrict([]byte(content), MaxSmall, &doc); err != nil {
		return nil, inContent(err)
	}
	if len(doc) == 0 {
		return nil, contentf("content: it sets nothing; remove the document instead")
	}
	known := ConfigKeys()
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		v, ok := known[key]
		if !ok {
			return nil, contentf("%s: a centre may not set this", quoteKey(key))
		}
		text, ok := v.read(doc[key])
		if !ok {
			return nil, contentf("%s: want %s", key, v.wants())
		}
		out[key] = text
	}
	return out, nil
}

// quoteKey shows a key from outside.
func quoteKey(key string) string {
	if len(key) > 64 {
		key = strings.ToValidUTF8(key[:64], "") + "…"
	}
	return strconv.Quote(key)
}

// read gives a value as text; false for one that may not be.
func (v ConfigValue) read(raw json.RawMessage) (string, bool) {
	if v.Whole || v.Number {
		var n json.Number
		if len(raw) > 0 && raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
			return "", false
		}
		f, err := n.Float64()
		if err != nil || f < v.Least || f > v.Most {
			return "", false
		}
		if v.Whole {
			i, err := strconv.Atoi(n.String())
			return strconv.Itoa(i), err == nil
		}
		return strconv.FormatFloat(f, 'g', -1, 64), true
	}
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	switch {
	case v.Options != nil:
		return s, slices.Contains(v.Options, s)
	case v.Duration:
		d, err := time.ParseDuration(s)
		return s, err == nil && d.Seconds() >= v.Least && d.Seconds() <= v.Most
	}
	return s, utf8.RuneCountInString(s) <= v.Text && printable(s) && !strings.Contains(s, "\n")
}

func (v ConfigValue) wants() string {
	span := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	switch {
	case v.Options != nil:
		return "one of " + strings.Join(v.Options, ", ")
	case v.Duration:
		return `a duration like "3s", from ` + time.Duration(v.Least*float64(time.Second)).String() + " to " + time.Duration(v.Most*float64(time.Second)).String()
	case v.Whole:
		return "a whole number from " + span(v.Least) + " to " + strconv.FormatFloat(v.Most, 'f', -1, 64)
	case v.Number:
		return "a number from " + span(v.Least) + " to " + span(v.Most)
	}
	return "one line of text, at most " + strconv.Itoa(v.Text) + " characters"
}
