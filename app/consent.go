package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"agentid/app/domain"
	"agentid/app/kiosk"
	"agentid/assets"
	"agentid/sync/protocol"
)

// consentTexts are the texts of consent of this installation: the newest that
// the centre has published in every language and that is in force, or else the
// program's own.
type consentTexts struct {
	organisation func() string
	months       int
	clock        domain.Clock
	// closed is why nobody can be registered; then nobody is asked either.
	closed error

	mu        sync.Mutex
	published map[string]published // by version
}

// published is a version of the centre, in the languages that came.
type published map[domain.Lang]protocol.ConsentText

var _ kiosk.ConsentText = (*consentTexts)(nil)

// errNoText says that there is no text in a language.
var errNoText = errors.New("no consent text")

func newConsentTexts(organisation func() string, months int, clock domain.Clock, closed error) (*consentTexts, error) {
	t := &consentTexts{organisation: organisation, months: months, clock: clock, closed: closed}
	for _, l := range assets.Langs() {
		if _, err := assets.ConsentFor(assets.ConsentVersion, l, organisation(), months); err != nil {
			return nil, fmt.Errorf("consent: %w", err)
		}
	}
	return t, nil
}

// take goes by other documents of the centre. It tells of those that it cannot
// read: an older program may have kept them.
func (t *consentTexts) take(list []domain.Document) (notes []string) {
	all := map[string]published{}
	for _, d := range list {
		c, err := protocol.ParseConsentText(d.Ref, d.Content)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s %s: %v", d.Kind, d.Ref, err))
			continue
		}
		if all[c.Version] == nil {
			all[c.Version] = published{}
		}
		all[c.Version][c.Lang] = c
	}
	t.mu.Lock()
	t.published = all
	t.mu.Unlock()
	return notes
}

// since is from when on a version is in force; false while a language lacks.
func (p published) since() (at time.Time, whole bool) {
	for _, l := range assets.Langs() {
		c, ok := p[domain.Lang(l)]
		if !ok {
			return at, false
		}
		if c.Effective.After(at) {
			at = c.Effective
		}
	}
	return at, true
}

// newest is the version of the centre that is shown at a time; "" for none.
func (t *consentTexts) newest(now time.Time) (version string, texts published) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var from time.Time
	for v, p := range t.published {
		at, whole := p.since()
		if !whole || now.Before(at) {
			continue
		}
		if version == "" || at.After(from) || at.Equal(from) && v > version {
			version, texts, from = v, p, at
		}
	}
	return version, texts
}

// ConsentText implements kiosk.ConsentText. Whoever is being asked goes on with
// the text that they see; the next one sees the newest.
func (t *consentTexts) ConsentText(l domain.Lang) (kiosk.ConsentShown, string, error) {
	if t.closed != nil {
		return kiosk.ConsentShown{}, "", fmt.Errorf("nobody can be registered: %w", t.closed)
	}
	text, err := t.text(l)
	if err != nil {
		return kiosk.ConsentShown{}, "", fmt.Errorf("%w in %q: %w", errNoText, l, err)
	}
	words := text.ConsentWords()
	return kiosk.ConsentShown{Version: text.Version, Months: t.months, Words: &words}, text.SHA256(), nil
}

func (t *consentTexts) text(l domain.Lang) (assets.ConsentText, error) {
	version, texts := t.newest(t.clock.Now())
	if version == "" {
		return assets.ConsentFor(assets.ConsentVersion, string(l), t.organisation(), t.months)
	}
	c, ok := texts[l]
	if !ok {
		return assets.ConsentText{}, assets.ErrNoConsent
	}
	out := assets.ConsentOf(version, string(l), c.ConsentWords)
	out.Organisation, out.PeriodOne, out.PeriodMany = c.Organisation, c.PeriodOne, c.PeriodMany
	return out.For(t.organisation(), t.months)
}
