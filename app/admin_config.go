package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
)

// configDesk changes the configuration file, and applies what can be applied.
type configDesk struct{ p *program }

var _ kiosk.ConfigDesk = configDesk{}

// sources are what the configuration was read from.
func (d configDesk) sources(lang domain.Lang) config.Sources {
	s := d.p.c.sources
	d.p.cfgMu.Lock()
	defer d.p.cfgMu.Unlock()
	s.Lang, s.Centre = lang, d.p.centre
	return s
}

// File implements kiosk.ConfigDesk.
func (d configDesk) File() string {
	if f := d.p.config().File; f != "" {
		return f
	}
	return config.UserFile(d.p.c.sources)
}

// live tells that a setting takes effect without a restart.
func live(key string) bool {
	switch key {
	case "lang", "site.organisation", "site.branch", "log.level":
		return true
	}
	table, _, _ := strings.Cut(key, ".")
	return table == "recognition" || table == "liveness" || table == "camera"
}

// fixed says why a setting is not changed in the tab; "" where it is.
func fixed(s config.Setting) string {
	switch {
	case s.From.Kind == config.FromFlag:
		return "flag"
	case s.From.Kind == config.FromEnvironment:
		return "environment"
	case s.From.Kind == config.FromCentre:
		return "centre"
	case s.Key == "camera.url" || s.Key == "camera.control_url":
		return "camera"
	case s.Path || s.Key == "demo" || strings.HasPrefix(s.Key, "centre.") || strings.HasPrefix(s.Key, "voice."):
		return "place" // whoever may change these may run what they want: on the console alone
	}
	return ""
}

// Settings implements kiosk.ConfigDesk.
func (d configDesk) Settings(_ context.Context, lang domain.Lang) ([]kiosk.SettingInfo, error) {
	list, err := config.Describe(d.sources(lang), lang)
	if err != nil {
		return nil, err
	}
	var out []kiosk.SettingInfo
	for _, s := range list {
		out = append(out, kiosk.SettingInfo{
			Key: s.Key, Value: s.Value, Help: s.Help, Options: s.Options, Switch: s.Bool, Live: live(s.Key), Fixed: fixed(s),
		})
	}
	return out, nil
}

// Set implements kiosk.ConfigDesk.
func (d configDesk) Set(_ context.Context, lang domain.Lang, key, value string) (restart bool, err error) {
	return d.set(lang, map[string]string{key: value})
}

// set writes settings, and applies those that can be applied.
func (d configDesk) set(lang domain.Lang, values map[string]string) (restart bool, err error) {
	file := d.File()
	if file == "" {
		return false, errors.ErrUnsupported
	}
	d.p.editMu.Lock()
	defer d.p.editMu.Unlock()
	cfg, err := config.SetAll(d.sources(lang), file, values)
	if err != nil {
		return false, settingError(err, lang)
	}
	d.p.cfgMu.Lock()
	d.p.cfg = cfg
	d.p.cfgMu.Unlock()
	return d.p.goBy(cfg, slices.Collect(maps.Keys(values))), nil
}

// settingError says what is wrong in the reader's words.
func settingError(err error, lang domain.Lang) error {
	var e *config.Error
	if !errors.As(err, &e) || len(e.Problems) == 0 {
		return err
	}
	return &kiosk.SettingError{Text: e.Problems[0].Said(lang)}
}
