package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"agentid/app/config"
	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/sync/protocol"
)

// configDocuments are the configurations that the centre has published for this
// kiosk, by ref.
func (p *program) configDocuments(ctx context.Context) (map[string]string, error) {
	list, err := p.store.CentreDocuments(ctx, domain.DocumentConfig)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, d := range list {
		out[d.Ref] = d.Content
	}
	return out, nil
}

// centreValues are what documents set at a kiosk: what is for the site, and over
// it what is for the kiosk alone.
func centreValues(docs map[string]string, device string) (map[string]string, error) {
	out := map[string]string{}
	for _, ref := range []string{protocol.ConfigOfSite, protocol.ConfigOfKiosk(device)} {
		content, ok := docs[ref]
		if !ok {
			continue
		}
		values, err := protocol.ParseConfig(ref, content)
		if err != nil {
			return nil, fmt.Errorf("config %s: %w", ref, err)
		}
		maps.Copy(out, values)
	}
	return out, nil
}

// mayConfigure tells whether this kiosk could start with what documents set.
func (p *program) mayConfigure(docs map[string]string) error {
	values, err := centreValues(docs, p.store.DeviceID())
	if err != nil {
		return err
	}
	_, err = p.loadWith(values)
	return err
}

// loadWith is the configuration with what the centre sets.
func (p *program) loadWith(values map[string]string) (config.Config, error) {
	src := p.c.sources
	src.Centre = values
	cfg, err := config.Load(src)
	return cfg, firstProblem(err)
}

// startConfig has a kiosk that starts go by what the centre had set. What cannot
// be, with a file that was changed meanwhile or a newer program, is left out: a
// kiosk starts whatever was published. One that has left its centre goes by its
// own.
func (p *program) startConfig(ctx context.Context) {
	if p.c.cfg.Centre.URL == "" {
		return
	}
	docs, err := p.configDocuments(ctx)
	var values map[string]string
	if err == nil {
		values, err = centreValues(docs, p.store.DeviceID())
	}
	var cfg config.Config
	if err == nil && len(values) > 0 {
		cfg, err = p.loadWith(values)
	}
	if err != nil {
		p.c.log.Error("configuration of the centre left out", slog.String("error", err.Error()))
		return
	}
	if len(values) == 0 {
		return
	}
	p.c.cfg, p.cfg, p.centre = cfg, cfg, values
	p.c.level.Set(cfg.Log.Level)
	p.c.log.Info("configuration of the centre", slog.Any("keys", slices.Sorted(maps.Keys(values))))
}

// takeConfig goes by what the centre sets now: at once where that can be, else
// from the next start on. What it sets no more is the branch's again.
func (p *program) takeConfig(ctx context.Context) (notes []string, err error) {
	p.editMu.Lock()
	defer p.editMu.Unlock()
	docs, err := p.configDocuments(ctx)
	if err != nil {
		return nil, err
	}
	values, err := centreValues(docs, p.store.DeviceID())
	var cfg config.Config
	if err == nil {
		cfg, err = p.loadWith(values)
	}
	if err != nil { // by what it says: until the next document, or start
		return failedTo("config", err), nil
	}
	p.cfgMu.Lock()
	was := p.centre
	p.cfg, p.centre = cfg, values
	p.cfgMu.Unlock()
	var changed []string
	for _, key := range slices.Sorted(maps.Keys(protocol.ConfigKeys())) {
		before, had := was[key]
		if now, has := values[key]; had != has || before != now {
			changed = append(changed, key)
		}
	}
	for _, key := range changed {
		if err := p.noteSetting(ctx, key); err != nil {
			notes = append(notes, failedTo("audit of "+key, err)...)
		}
	}
	p.goBy(cfg, changed)
	return notes, nil
}

// noteSetting audits that the centre set a key, or sets it no more.
func (p *program) noteSetting(ctx context.Context, key string) error {
	_, err := p.store.AppendAudit(ctx, domain.AuditEntry{
		Action: domain.AuditConfigChanged, Target: domain.AuditTarget{Kind: domain.TargetSetting, ID: key},
	})
	return err
}

// goBy applies what can be applied of settings that were changed. restart tells
// that some of it counts from the next start on.
func (p *program) goBy(cfg config.Config, keys []string) (restart bool) {
	// From the demo to real people, and back, there is a restart: the data are others.
	again, other := false, cfg.Demo != p.c.cfg.Demo
	for _, key := range keys {
		if key == "demo" {
			restart = restart || other
			continue
		}
		if !live(key) {
			restart = true
			continue
		}
		switch key {
		case "lang":
			p.machine.SetRestLang(cfg.Lang)
		case "site.organisation", "site.branch":
			p.machine.SetSite(siteOf(cfg))
		case "log.level":
			p.c.level.Set(cfg.Log.Level)
		default:
			again = true
		}
	}
	if again && !other {
		p.lookAgain()
	}
	return restart
}

// siteOf is where the kiosk stands, as the screen says it.
func siteOf(cfg config.Config) kiosk.Site {
	site := kiosk.Site{Organisation: cfg.Site.Organisation, Branch: cfg.Site.Branch}
	if cfg.Demo && site == (kiosk.Site{Organisation: config.Default().Site.Organisation}) {
		site = kiosk.Site{Organisation: "Banco Norte", Branch: "Sucursal Centro"} // as drawn as its people
	}
	return site
}
